//! `/assistants/:id`: what an assistant says and how. What is saved here is a draft; publishing it is another step.

use super::{
    diff,
    editor_parts::{Announcement, Changed, PromptSize, Voices, model_options},
    model::*,
    parts::{AssistantTab, AssistantTabs, language_options, model_words, recording_options, recording_words, voice_words},
    publish::PublishForm,
    rpc::{DiscardDraft, PublishAssistant, SaveAssistant, read_assistant},
    standing::{Demonstration, Standing},
    tool_ticks::ToolTicks,
};
use crate::{
    i18n::{t, t_count, t_with, words as w},
    kit::*,
    reception::tool_words,
    shared::{error::AppError, ids::AssistantId, permission::Permission},
};
use leptos::{form::ActionForm, html, prelude::*};
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_params_map},
};

/// The editor.
#[component]
pub fn AssistantPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id").and_then(|id| id.parse::<AssistantId>().ok())));
    let sheet = Resource::new(
        move || id.get(),
        |id| async move {
            match id {
                Some(id) => read_assistant(id).await,
                None => Err(AppError::not_found("assistant")),
            }
        },
    );
    let retry = Callback::new(move |()| sheet.refetch());
    let frame = |title: String, content: AnyView| {
        view! { <PageFrame title=title back=("/assistants".to_owned(), t(w::ASSISTANTS_TITLE).to_owned())>{content}</PageFrame> }.into_any()
    };
    let waiting = move || frame(t(w::ASSISTANTS_ONE).to_owned(), view! { <Skeleton lines=8 rows=true/> }.into_any());
    view! {
        <Transition fallback=waiting>
            {move || Suspend::new(async move {
                match sheet.await {
                    Ok(sheet) => frame(sheet.assistant.settings.name.clone(), view! { <Editor sheet retry/> }.into_any()),
                    Err(error) => frame(t(w::ASSISTANTS_ONE).to_owned(), view! { <ErrorBlock error retry/> }.into_any()),
                }
            })}
        </Transition>
    }
    .into_any()
}

#[component]
fn Editor(sheet: AssistantSheet, retry: Callback<()>) -> impl IntoView {
    let id = sheet.assistant.id;
    let publish = ServerAction::<PublishAssistant>::new();
    let form = if may(Permission::AssistantsEdit) {
        view! { <EditForm sheet=sheet.clone() publish retry/> }.into_any()
    } else {
        view! { <ReadOnly settings=sheet.assistant.settings.clone() catalogue=sheet.catalogue.clone()/> }.into_any()
    };
    view! {
        <AssistantTabs id here=AssistantTab::Editor/>
        <div class="duo">
            {form}
            <aside class="stack g4 sticky" aria-label=t(w::ASSISTANTS_ASIDE)>
                <Standing id publish/>
                <Demonstration assistant=sheet.assistant.clone()/>
            </aside>
        </div>
    }
    .into_any()
}

/// What follows a save: nothing, the dialog that publishes what was saved, or the page that tries it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Stay,
    Publish,
    Try,
}

#[component]
fn EditForm(sheet: AssistantSheet, publish: ServerAction<PublishAssistant>, retry: Callback<()>) -> impl IntoView {
    let id = sheet.assistant.id;
    let save = ServerAction::<SaveAssistant>::new();
    let discard = ServerAction::<DiscardDraft>::new();
    let shown = sheet.draft.as_ref().map_or(&sheet.assistant.settings, |draft| &draft.settings);
    let typed = AssistantForm::of(shown);
    let first_changes = i64::try_from(diff::changes(&sheet.assistant.settings, shown).len()).unwrap_or(i64::MAX);
    let revision = RwSignal::new(sheet.assistant.revision);
    let changes = RwSignal::new(first_changes);
    let sent = RwSignal::new(None::<AssistantForm>);
    let (then, is_publishing) = (RwSignal::new(Then::Stay), RwSignal::new(false));
    let navigate = use_navigate();
    Effect::new(move || {
        if let Some(input) = save.input().get() {
            sent.set(Some(input.form));
        }
    });
    Effect::new(move || match save.value().get() {
        Some(Ok(saved)) => {
            revision.set(saved.revision);
            changes.set(saved.changes);
            match then.get_untracked() {
                Then::Stay => {}
                Then::Publish => is_publishing.set(true),
                Then::Try => navigate(&format!("/assistants/{id}/try"), NavigateOptions::default()),
            }
            then.set(Then::Stay);
        }
        Some(Err(_)) => then.set(Then::Stay),
        None => {}
    });
    let toasts = use_toasts();
    Effect::new(move || {
        if let Some(Ok(published)) = publish.value().get() {
            revision.set(published.revision);
            changes.set(0);
            is_publishing.set(false);
            toasts.say(t_with(w::ASSISTANTS_PUBLISHED, &[("n", &published.n.to_string())]));
        }
    });
    // Put away: the form shows what is published again.
    Effect::new(move || {
        if let Some(Ok(_)) = discard.value().get() {
            is_publishing.set(false);
            retry.run(());
        }
    });
    let errors = action_fields(save);
    let node = NodeRef::<html::Form>::new();
    let first_message = RwSignal::new(typed.first_message.clone());
    let prompt_length = RwSignal::new(typed.prompt.chars().count());
    let language = RwSignal::new(typed.language.clone());
    let chosen_voice = RwSignal::new(typed.voice.clone());
    let chosen_model = RwSignal::new(typed.model.clone());
    // A voice speaks one language: with another language comes another voice.
    let catalogue = StoredValue::new(sheet.catalogue.clone());
    let speak = move |spoken: String| {
        let (first, fits) = catalogue.with_value(|catalogue| {
            let fits = chosen_voice.with_untracked(|id| catalogue.voice(id).is_some_and(|voice| voice.language == spoken));
            (catalogue.first_voice(&spoken).map(|voice| voice.id.clone()), fits)
        });
        if let Some(first) = first.filter(|_| !fits) {
            chosen_voice.set(first);
        }
        language.set(spoken);
    };
    // A conflict has its own words and ways out below; other failures are told as everywhere.
    let changed =
        Signal::derive(move || matches!(action_error(save).get(), Some(AppError::Conflict { code }) if code == "assistant_changed"));
    let other_error = Signal::derive(move || action_error(save).get().filter(|_| !changed.get()));
    // Before wasm the link leads to the history, where the draft that was saved last can be published.
    let save_and = move |event: leptos::ev::MouseEvent, next: Then| {
        event.prevent_default();
        then.set(next);
        match node.get_untracked() {
            Some(form) if form.check_validity() => drop(form.request_submit()),
            Some(form) => {
                then.set(Then::Stay);
                form.report_validity();
            }
            None => {}
        }
    };
    let standing = move || match (changes.get(), matches!(save.value().get(), Some(Ok(_))) && !save.pending().get()) {
        (0, _) => t(w::ASSISTANTS_DRAFT_NONE).to_owned(),
        (n, false) => t_count(w::ASSISTANTS_DRAFT_CHANGES, n),
        (n, true) => t_count(w::ASSISTANTS_DRAFT_SAVED, n),
    };
    view! {
        <ActionForm action=save node_ref=node attr:class="stack g5">
            <input type="hidden" name="id" value=id.to_string()/>
            <input type="hidden" name="revision" value=revision.get_untracked() prop:value=move || revision.get().to_string()/>
            <FormErrors error=other_error/>
            <Show when=move || changed.get()>
                <Changed id revision typed=sent node/>
            </Show>
            <section class="stack g4" aria-labelledby="h-words">
                <div>
                    <h2 id="h-words" class="lede">{t(w::ASSISTANTS_WORDS_TITLE)}</h2>
                    <p class="muted">{t(w::ASSISTANTS_WORDS_TEXT)}</p>
                </div>
                <TextInput name="form[name]" label=t(w::ASSISTANTS_NAME) value=typed.name.clone() hint=t(w::ASSISTANTS_NAME_HINT) required=true maxlength=80_u32 errors/>
                <div class="stack g2">
                    <TextArea
                        name="form[first_message]"
                        label=t(w::ASSISTANTS_FIRST_MESSAGE)
                        value=typed.first_message.clone()
                        rows=2_u32
                        maxlength=1000_u32
                        required=true
                        errors
                        on_input=Callback::new(move |text| first_message.set(text))
                    />
                    <Announcement first_message/>
                </div>
                <div class="stack g2">
                    <TextArea
                        name="form[prompt]"
                        label=t(w::ASSISTANTS_PROMPT)
                        value=typed.prompt.clone()
                        hint=t(w::ASSISTANTS_PROMPT_HINT)
                        rows=14_u32
                        maxlength=20_000_u32
                        required=true
                        errors
                        on_input=Callback::new(move |text: String| prompt_length.set(text.chars().count()))
                    />
                    <PromptSize length=prompt_length model=chosen_model catalogue=sheet.catalogue.clone()/>
                </div>
            </section>
            <section class="stack g4" aria-labelledby="h-voice">
                <h2 id="h-voice" class="lede">{t(w::ASSISTANTS_VOICE_TITLE)}</h2>
                <div class="field">
                    <span class="label" aria-hidden="true">{t(w::ASSISTANTS_LANGUAGE)}</span>
                    <Segmented
                        name="form[language]"
                        label=t(w::ASSISTANTS_LANGUAGE)
                        options=language_options()
                        value=language
                        on_change=Callback::new(speak)
                    />
                </div>
                <Voices catalogue=sheet.catalogue.clone() chosen=chosen_voice language errors/>
                <Select
                    name="form[model]"
                    label=t(w::CATALOGUE_MODEL)
                    hint=t(w::CATALOGUE_MODEL_HINT)
                    options=model_options(&sheet.catalogue, &typed.model)
                    value=typed.model.clone()
                    errors
                    on_change=Callback::new(move |id| chosen_model.set(id))
                />
            </section>
            <section class="stack g4" aria-labelledby="h-limits">
                <h2 id="h-limits" class="lede">{t(w::ASSISTANTS_LIMITS_TITLE)}</h2>
                <div class="cols">
                    <TextInput
                        name="form[max_duration_min]"
                        label=t(w::ASSISTANTS_MAX_DURATION)
                        hint=t(w::ASSISTANTS_MAX_DURATION_HINT)
                        kind="number"
                        inputmode="numeric"
                        value=typed.max_duration_min.clone()
                        required=true
                        errors
                    />
                    <TextArea
                        name="form[end_phrases]"
                        label=t(w::ASSISTANTS_END_PHRASES)
                        hint=t(w::ASSISTANTS_END_PHRASES_HINT)
                        value=typed.end_phrases.clone()
                        optional=true
                        errors
                    />
                </div>
                <TextArea
                    name="form[transfer_numbers]"
                    label=t(w::ASSISTANTS_TRANSFERS)
                    hint=t(w::ASSISTANTS_TRANSFERS_HINT)
                    placeholder=t(w::ASSISTANTS_TRANSFERS_PLACEHOLDER)
                    value=typed.transfer_numbers.clone()
                    optional=true
                    errors
                />
            </section>
            <ToolTicks chosen=typed.tools.clone() errors/>
            <section class="stack g4" aria-labelledby="h-privacy">
                <h2 id="h-privacy" class="lede">{t(w::RECORDING_PRIVACY)}</h2>
                <Select name="form[recording]" label=t(w::RECORDING_TITLE) hint=t(w::RECORDING_HINT) options=recording_options() value=typed.recording.clone() errors/>
            </section>
            <div class="savebar">
                <span class="small muted" role="status">{standing}</span>
                <span class="row g2">
                    <a class="btn" role="button" id="try" href=format!("/assistants/{id}/try") on:click=move |event| save_and(event, Then::Try)>{t(w::REHEARSALS_TRY)}</a>
                    <Button submit=true pending=save.pending()>{t(w::ASSISTANTS_SAVE)}</Button>
                    <a class="btn primary" role="button" id="publish" href=format!("/assistants/{id}/versions") on:click=move |event| save_and(event, Then::Publish)>{t(w::ASSISTANTS_PUBLISH)}</a>
                </span>
            </div>
        </ActionForm>
        <Dialog open=is_publishing title=t(w::ASSISTANTS_PUBLISH_TITLE)>
            <div class="body stack g4 publish"><PublishForm id publish discard/></div>
        </Dialog>
    }
    .into_any()
}

/// For who may look but not change.
#[component]
fn ReadOnly(settings: Settings, catalogue: Catalogue) -> impl IntoView {
    let form = AssistantForm::of(&settings);
    view! {
        <section class="card">
            <div class="body stack g4">
                <p class="muted">{t(w::ASSISTANTS_READ_ONLY)}</p>
                <dl class="kv">
                    <dt>{t(w::ASSISTANTS_FIRST_MESSAGE)}</dt>
                    <dd class="voice">{form.first_message}</dd>
                    <dt>{t(w::ASSISTANTS_PROMPT)}</dt>
                    <dd class="prose">{form.prompt}</dd>
                    <dt>{t(w::ASSISTANTS_VOICE)}</dt>
                    <dd>{voice_words(&catalogue, &settings.voice)}</dd>
                    <dt>{t(w::CATALOGUE_MODEL)}</dt>
                    <dd>{model_words(&catalogue, settings.model())}</dd>
                    <dt>{t(w::ASSISTANTS_END_PHRASES)}</dt>
                    <dd class="prose">{form.end_phrases}</dd>
                    <dt>{t(w::ASSISTANTS_TRANSFERS)}</dt>
                    <dd class="prose num">{form.transfer_numbers}</dd>
                    <dt>{t(w::ASSISTANTS_TOOLS)}</dt>
                    <dd>{settings.tools().iter().map(|name| tool_words(name).0).collect::<Vec<_>>().join(", ")}</dd>
                    <dt>{t(w::ASSISTANTS_MAX_DURATION)}</dt>
                    <dd class="num">{form.max_duration_min}</dd>
                    <dt>{t(w::RECORDING_TITLE)}</dt>
                    <dd>{recording_words(&form.recording)}</dd>
                </dl>
            </div>
        </section>
    }
    .into_any()
}
