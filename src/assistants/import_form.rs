//! An assistant from a file: chosen, or pasted where nothing can read files yet.

use super::rpc::ImportAssistant;
use crate::{
    i18n::{t, words as w},
    kit::*,
    shared::error::AppError,
};
use leptos::{form::ActionForm, prelude::*};

/// The fold at the end of the page of new assistants.
#[component]
pub fn ImportForm() -> impl IntoView {
    let import = ServerAction::<ImportAssistant>::new();
    let text = RwSignal::new(String::new());
    let error = action_error(import);
    let problems = Signal::derive(move || error.with(|error| error.as_ref().map(AppError::fields).unwrap_or_default().0));
    let other = Signal::derive(move || error.get().filter(|error| !matches!(error, AppError::Invalid { .. })));
    let is_open = error.get_untracked().is_some();
    let choose = move |event: leptos::ev::Event| chosen_text(&event, move |read| text.set(read));
    view! {
        <details class="fold card" open=is_open>
            <summary><Icon icon=icondata::LuUpload small=true/>{t(w::ASSISTANTS_IMPORT_TITLE)}</summary>
            <ActionForm action=import>
                <div class="body stack g4">
                    <p class="muted small">{t(w::ASSISTANTS_IMPORT_TEXT)}</p>
                    <FormErrors error=other/>
                    <Show when=move || problems.with(|problems| !problems.is_empty())>
                        <div role="alert">
                            <Callout tone=Tone::Bad title=t(w::ASSISTANTS_IMPORT_PROBLEMS)>
                                <ul class="problems">
                                    {move || {
                                        problems
                                            .get()
                                            .into_iter()
                                            .map(|(place, code)| view! { <li><code class="ltr">{place}</code> " " {field_message(&code)}</li> })
                                            .collect_view()
                                    }}
                                </ul>
                            </Callout>
                        </div>
                    </Show>
                    <Field name="chosen" label=t(w::ASSISTANTS_IMPORT_FILE) let:ids>
                        <input class="input" type="file" id=ids.id accept=".json,application/json" on:change=choose/>
                    </Field>
                    <TextArea name="file" label=t(w::ASSISTANTS_IMPORT_PASTE) value=text rows=6_u32 maxlength=60_000_u32 required=true/>
                    <div class="row"><Button kind=ButtonKind::Dark submit=true pending=import.pending()>{t(w::ASSISTANTS_IMPORT)}</Button></div>
                </div>
            </ActionForm>
        </details>
    }
    .into_any()
}
