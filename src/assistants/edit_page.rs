//! `/assistants/:id`: what an assistant says and how, and how its copy at the provider stands.

use super::{
    model::*,
    parts::{LiveCount, StateBadge, SyncRing, SyncWords, language_name, language_options, look_again_while, template_name, voice_words},
    rpc::{DeleteAssistant, PushAssistant, SaveAssistant, SetAssistantState, read_assistant},
};
use crate::{
    i18n::{format, t, t_count, t_with, words as w},
    kit::*,
    shared::{error::AppError, ids::AssistantId, permission::Permission},
};
use leptos::{form::ActionForm, html, prelude::*, task::spawn_local};
use leptos_router::hooks::use_params_map;
use std::time::Duration;

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
                    Ok(sheet) => frame(sheet.assistant.name.clone(), view! { <Editor sheet/> }.into_any()),
                    Err(error) => frame(t(w::ASSISTANTS_ONE).to_owned(), view! { <ErrorBlock error retry/> }.into_any()),
                }
            })}
        </Transition>
    }
    .into_any()
}

#[component]
fn Editor(sheet: AssistantSheet) -> impl IntoView {
    let id = sheet.assistant.id;
    let save = ServerAction::<SaveAssistant>::new();
    let revision = RwSignal::new(sheet.assistant.revision);
    Effect::new(move || {
        if let Some(Ok(saved)) = save.value().get() {
            revision.set(saved);
        }
    });
    let form = if may(Permission::AssistantsEdit) {
        view! { <EditForm sheet=sheet.clone() save revision/> }.into_any()
    } else {
        view! { <ReadOnly assistant=sheet.assistant.clone()/> }.into_any()
    };
    view! {
        <div class="duo">
            {form}
            <aside class="stack g4 sticky" aria-label=t(w::ASSISTANTS_ASIDE)>
                <Standing id save/>
                <Demonstration assistant=sheet.assistant.clone()/>
            </aside>
        </div>
    }
    .into_any()
}

#[component]
fn EditForm(sheet: AssistantSheet, save: ServerAction<SaveAssistant>, revision: RwSignal<i64>) -> impl IntoView {
    let id = sheet.assistant.id;
    let typed = AssistantForm::of(&sheet.assistant);
    let errors = action_fields(save);
    let node = NodeRef::<html::Form>::new();
    let first_message = RwSignal::new(typed.first_message.clone());
    let prompt_length = RwSignal::new(typed.prompt.chars().count());
    let language = RwSignal::new(typed.language.clone());
    let chosen_voice = RwSignal::new(typed.voice.clone());
    // A voice speaks one language: with another language comes another voice.
    let speak = move |spoken: String| {
        if chosen_voice.with_untracked(|id| voice(id).is_none_or(|voice| voice.language != spoken)) {
            chosen_voice.set(first_voice(&spoken).id.to_owned());
        }
        language.set(spoken);
    };
    // A conflict has its own words and ways out below; other failures are told as everywhere.
    let changed =
        Signal::derive(move || matches!(action_error(save).get(), Some(AppError::Conflict { code }) if code == "assistant_changed"));
    let other_error = Signal::derive(move || action_error(save).get().filter(|_| !changed.get()));
    let saved = move || matches!(save.value().get(), Some(Ok(_))) && !save.pending().get();
    view! {
        <ActionForm action=save node_ref=node attr:class="stack g5">
            <input type="hidden" name="id" value=id.to_string()/>
            <input type="hidden" name="revision" value=revision.get_untracked() prop:value=move || revision.get().to_string()/>
            <FormErrors error=other_error/>
            <Show when=move || changed.get()>
                <Changed id revision node/>
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
                    <p class="small faint num">{move || t_count(w::ASSISTANTS_CHARACTERS, prompt_length.get() as i64)}</p>
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
                <Voices chosen=chosen_voice language errors/>
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
            <div class="savebar">
                <span class="small muted" role="status">
                    {move || if saved() { t(w::ASSISTANTS_SAVED) } else { t(w::ASSISTANTS_SAVE_HINT) }}
                </span>
                <Button kind=ButtonKind::Primary submit=true pending=save.pending()>{t(w::ASSISTANTS_SAVE)}</Button>
            </div>
        </ActionForm>
    }
    .into_any()
}

/// Somebody saved meanwhile. What was typed stays in the form; both ways on are offered.
#[component]
fn Changed(id: AssistantId, revision: RwSignal<i64>, node: NodeRef<html::Form>) -> impl IntoView {
    let toasts = use_toasts();
    let keep_mine = move |_| {
        spawn_local(async move {
            match read_assistant(id).await {
                Ok(sheet) => {
                    revision.set(sheet.assistant.revision);
                    // The hidden field follows the signal in the next turn of the browser's loop.
                    set_timeout(
                        move || {
                            if let Some(form) = node.get_untracked() {
                                let _ = form.request_submit(); // refused only by the browser's own field checks, which speak for themselves
                            }
                        },
                        Duration::from_millis(50),
                    );
                }
                Err(error) => toasts.fail(&error),
            }
        });
    };
    view! {
        <div role="alert">
            <Callout tone=Tone::Warn title=t(w::ASSISTANTS_CONFLICT_ASSISTANT_CHANGED)>
                <p>{t(w::ASSISTANTS_CHANGED_TEXT)}</p>
                <div class="row wrap">
                    <Button size=ButtonSize::Small kind=ButtonKind::Dark on:click=keep_mine>{t(w::ASSISTANTS_KEEP_MINE)}</Button>
                    <a class="btn sm" href=format!("/assistants/{id}") target="_blank" rel="noopener">
                        <Icon icon=icondata::LuExternalLink small=true/>
                        {t(w::ASSISTANTS_SEE_THEIRS)}
                    </a>
                </div>
            </Callout>
        </div>
    }
    .into_any()
}

/// Whether the first words say that a machine speaks, and how long they take.
#[component]
fn Announcement(first_message: RwSignal<String>) -> impl IntoView {
    let seconds = move || i64::from(first_message.with(|text| spoken_s(text)));
    let announced = Memo::new(move |_| first_message.with(|text| announces_itself(text)));
    view! {
        <p class="small row g2 wrap" role="status">
            <span class=move || if announced.get() { "t ok row g1" } else { "t warn row g1" }>
                <Show
                    when=move || announced.get()
                    fallback=|| view! { <Icon icon=icondata::LuTriangleAlert small=true/>{t(w::ASSISTANTS_NOT_ANNOUNCED)} }
                >
                    <Icon icon=icondata::LuCircleCheck small=true/>
                    {t(w::ASSISTANTS_ANNOUNCED)}
                </Show>
            </span>
            <span class="faint num">{move || t_count(w::ASSISTANTS_SPOKEN, seconds())}</span>
        </p>
    }
    .into_any()
}

/// Voices as cards; those of another language step back.
#[component]
fn Voices(
    chosen: RwSignal<String>,
    language: RwSignal<String>,
    #[prop(into)] errors: Signal<crate::shared::error::FieldErrors>,
) -> impl IntoView {
    let cards = VOICES
        .iter()
        .map(|voice| {
            let is_chosen = move || chosen.with(|id| id == voice.id);
            view! {
                <label class="choice" hidden=move || language.with(|language| language != voice.language)>
                    <span class="row">
                        <input
                            type="radio"
                            name="form[voice]"
                            value=voice.id
                            checked=chosen.with_untracked(|id| id == voice.id)
                            prop:checked=is_chosen
                            on:change=move |_| chosen.set(voice.id.to_owned())
                        />
                        <b>{voice.name}</b>
                    </span>
                    <span class="small muted">{language_name(voice.language)}</span>
                </label>
            }
        })
        .collect_view();
    view! {
        <Field name="form[voice]" label=t(w::ASSISTANTS_VOICE) errors let:ids>
            <div class="cols stretch voices" id=ids.id role="radiogroup" aria-label=t(w::ASSISTANTS_VOICE) aria-describedby=move || ids.described_by.get()>
                {cards}
            </div>
        </Field>
    }
    .into_any()
}

/// How it stands: answering or not, in step or not, on which numbers; and what can be done about it.
#[component]
fn Standing(id: AssistantId, save: ServerAction<SaveAssistant>) -> impl IntoView {
    let set_state = ServerAction::<SetAssistantState>::new();
    let push = ServerAction::<PushAssistant>::new();
    let delete = ServerAction::<DeleteAssistant>::new();
    let versions = move || (save.version().get(), set_state.version().get(), push.version().get());
    let sheet = Resource::new(versions, move |_| read_assistant(id));
    look_again_while(sheet, |sheet| sheet.assistant.sync == SyncState::Pending);
    let toasts = use_toasts();
    Effect::new(move || {
        if let Some(Err(error)) = delete.value().get() {
            toasts.fail(&error);
        }
    });
    view! {
        <section class="card" aria-labelledby="h-standing">
            <header><h2 id="h-standing">{t(w::ASSISTANTS_STANDING)}</h2></header>
            <Loaded resource=sheet let:sheet>
                <StandingBody sheet set_state push delete/>
            </Loaded>
        </section>
    }
    .into_any()
}

#[component]
fn StandingBody(
    sheet: AssistantSheet,
    set_state: ServerAction<SetAssistantState>,
    push: ServerAction<PushAssistant>,
    delete: ServerAction<DeleteAssistant>,
) -> impl IntoView {
    let assistant = sheet.assistant;
    let id = assistant.id;
    let is_active = assistant.state == AssistantState::Active;
    let next = if is_active { AssistantState::Draft } else { AssistantState::Active };
    let numbers: Vec<String> = sheet.numbers.iter().filter_map(|number| number.parse().ok()).map(|number| format::tel(&number)).collect();
    let can_push_again = assistant.sync == SyncState::Refused || assistant.sync_error.is_some();
    let in_use = sheet.live_calls > 0;
    let may_edit = may(Permission::AssistantsEdit);
    view! {
        <div class="body stack g4">
            <dl class="kv">
                <dt>{t(w::ASSISTANTS_STATE)}</dt>
                <dd><StateBadge state=assistant.state/></dd>
                <dt>{t(w::ASSISTANTS_SYNC)}</dt>
                <dd><SyncRing sync=assistant.sync/></dd>
                <dt>{t(w::ASSISTANTS_TRADE)}</dt>
                <dd>{t(template_name(assistant.template))}</dd>
                <dt>{t(w::ASSISTANTS_NUMBERS)}</dt>
                <dd class="num">{if numbers.is_empty() { t(w::ASSISTANTS_NO_NUMBER).to_owned() } else { numbers.join(", ") }}</dd>
                <dt>{t(w::ASSISTANTS_SAVED_AT)}</dt>
                <dd><RelativeTime at=assistant.updated_at now=sheet.now/></dd>
            </dl>
            <LiveCount calls=sheet.live_calls/>
            <SyncWords sync=assistant.sync error=assistant.sync_error.clone()/>
            {may_edit
                .then(|| {
                    view! {
                        <div class="row wrap">
                            <ActionForm action=set_state>
                                <input type="hidden" name="id" value=id.to_string()/>
                                <input type="hidden" name="state" value=next.name()/>
                                <Button submit=true kind=if is_active { ButtonKind::Plain } else { ButtonKind::Dark } pending=set_state.pending()>
                                    {t(if is_active { w::ASSISTANTS_DEACTIVATE } else { w::ASSISTANTS_ACTIVATE })}
                                </Button>
                            </ActionForm>
                            {can_push_again
                                .then(|| {
                                    view! {
                                        <ActionForm action=push>
                                            <input type="hidden" name="id" value=id.to_string()/>
                                            <Button submit=true icon=icondata::LuRotateCw pending=push.pending()>{t(w::ASSISTANTS_PUSH_AGAIN)}</Button>
                                        </ActionForm>
                                    }
                                })}
                        </div>
                        <hr/>
                        <div class="stack g2">
                            <p class="small muted">
                                {if in_use { t(w::ASSISTANTS_DELETE_IN_USE).to_owned() } else { t_with(w::ASSISTANTS_DELETE_TEXT, &[("name", &assistant.name)]) }}
                            </p>
                            <div class="row"><ConfirmButton
                                icon=icondata::LuTrash2
                                size=ButtonSize::Small
                                pending=delete.pending()
                                disabled=in_use
                                on_confirm=Callback::new(move |()| { delete.dispatch(DeleteAssistant { id }); })
                            >
                                {t(w::ASSISTANTS_DELETE)}
                            </ConfirmButton></div>
                        </div>
                    }
                })}
        </div>
    }
    .into_any()
}

/// What a caller hears first.
#[component]
fn Demonstration(assistant: Assistant) -> impl IntoView {
    view! {
        <section class="card" aria-labelledby="h-hears">
            <header><h2 id="h-hears">{t(w::ASSISTANTS_HEARS)}</h2></header>
            <div class="body">
                <ol class="script">
                    <li class="line ai">
                        <span class="who">{assistant.name}</span>
                        <p class="say voice">{assistant.first_message}</p>
                    </li>
                </ol>
            </div>
        </section>
    }
    .into_any()
}

/// For who may look but not change.
#[component]
fn ReadOnly(assistant: Assistant) -> impl IntoView {
    let form = AssistantForm::of(&assistant);
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
                    <dd>{voice_words(&assistant.voice)}</dd>
                    <dt>{t(w::ASSISTANTS_END_PHRASES)}</dt>
                    <dd class="prose">{form.end_phrases}</dd>
                    <dt>{t(w::ASSISTANTS_TRANSFERS)}</dt>
                    <dd class="prose num">{form.transfer_numbers}</dd>
                    <dt>{t(w::ASSISTANTS_MAX_DURATION)}</dt>
                    <dd class="num">{form.max_duration_min}</dd>
                </dl>
            </div>
        </section>
    }
    .into_any()
}
