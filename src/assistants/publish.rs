//! Publishing: what will change, why, and the button that does it. A dialog of the editor, and a card of the history that works without wasm.

use super::{
    changes::Changes,
    model::*,
    rpc::{DiscardDraft, PublishAssistant, read_assistant},
};
use crate::{
    i18n::{t, t_with, words as w},
    kit::*,
    shared::{error::AppError, ids::AssistantId},
};
use leptos::{form::ActionForm, prelude::*};

/// What the draft changes, read anew: what is published is what was shown.
#[component]
pub fn PublishForm(id: AssistantId, publish: ServerAction<PublishAssistant>, discard: ServerAction<DiscardDraft>) -> impl IntoView {
    // A conflict means that what is shown here is no longer the draft: it is read again, and the words above say so.
    let conflict =
        Memo::new(move |_| matches!(action_error(publish).get(), Some(AppError::Conflict { .. })).then(|| publish.version().get()));
    let sheet = Resource::new(move || (conflict.get(), discard.version().get()), move |_| read_assistant(id));
    view! {
        <FormErrors error=action_error(publish)/>
        <FormErrors error=action_error(discard)/>
        <Loaded resource=sheet let:sheet>
            <PublishBody sheet publish discard/>
        </Loaded>
    }
    .into_any()
}

#[component]
fn PublishBody(sheet: AssistantSheet, publish: ServerAction<PublishAssistant>, discard: ServerAction<DiscardDraft>) -> impl IntoView {
    let Some(draft) = sheet.draft else { return view! { <p class="muted">{t(w::ASSISTANTS_CHANGES_NONE)}</p> }.into_any() };
    let (id, revision) = (sheet.assistant.id, sheet.assistant.revision);
    let who = draft.saved_by.clone().unwrap_or_else(|| t(w::ASSISTANTS_SOMEBODY).to_owned());
    let newer = (draft.based_on < sheet.version.n).then(|| {
        let text = t_with(w::ASSISTANTS_DRAFT_OLDER, &[("n", &sheet.version.n.to_string()), ("based", &draft.based_on.to_string())]);
        view! { <Callout tone=Tone::Warn title=t(w::ASSISTANTS_DRAFT_OLDER_TITLE)><p>{text}</p></Callout> }
    });
    let drifted = sheet.drift.is_some().then(
        || view! { <Callout tone=Tone::Warn title=t(w::ASSISTANTS_DRIFT_TITLE)><p>{t(w::ASSISTANTS_PUBLISH_OVER_DRIFT)}</p></Callout> },
    );
    // The server refuses all the same: here it is said before.
    let held_back = sheet.held_back.clone().map(|code| {
        let words = error_title(&AppError::conflict(&code));
        view! {
            <Callout tone=Tone::Warn title=words>
                <p><a href=format!("/assistants/{id}/rehearsals")>{t(w::REHEARSALS_SEE)}</a></p>
            </Callout>
        }
    });
    view! {
        <div class="stack g4">
            <p class="small muted">
                {t_with(w::ASSISTANTS_DRAFT_BY, &[("who", &who)])} " " <RelativeTime at=draft.saved_at now=sheet.now/>
            </p>
            {newer}
            {drifted}
            {held_back}
            <Changes before=sheet.assistant.settings.clone() after=draft.settings.clone() catalogue=sheet.catalogue.clone()/>
            <ActionForm action=publish attr:class="stack g3">
                <input type="hidden" name="id" value=id.to_string()/>
                <input type="hidden" name="revision" value=revision.to_string()/>
                <TextInput
                    name="why"
                    label=t(w::ASSISTANTS_WHY)
                    placeholder=t(w::ASSISTANTS_WHY_PLACEHOLDER)
                    autocomplete="off"
                    optional=true
                    maxlength=500_u32
                    errors=action_fields(publish)
                />
                <p class="small muted">{t(w::ASSISTANTS_PUBLISH_TEXT)}</p>
                <div class="row wrap">
                    <Button kind=ButtonKind::Primary submit=true pending=publish.pending()>
                        {t_with(w::ASSISTANTS_PUBLISH_AS, &[("n", &(sheet.version.n + 1).to_string())])}
                    </Button>
                    <span class="end"><ConfirmButton
                        size=ButtonSize::Small
                        pending=discard.pending()
                        on_confirm=Callback::new(move |()| { discard.dispatch(DiscardDraft { id, revision }); })
                    >
                        {t(w::ASSISTANTS_DISCARD)}
                    </ConfirmButton></span>
                </div>
            </ActionForm>
        </div>
    }
    .into_any()
}
