//! How an assistant stands: answering or not, its copy at the provider, its version, and what can be done about each.

use super::{
    drift_card::{DriftActions, DriftCard, LastLook},
    editor_parts::ends_words,
    model::*,
    parts::{LiveCount, StateBadge, SyncRing, SyncWords, look_again_while, template_name, version_name},
    rpc::{DeleteAssistant, IgnoreCopy, LookAtCopy, PublishAssistant, PullCopy, PushAssistant, SetAssistantState, read_assistant},
};
use crate::{
    i18n::{format, t, t_with, words as w},
    kit::*,
    shared::{ids::AssistantId, permission::Permission},
};
use leptos::{form::ActionForm, prelude::*};

/// The card beside the editor.
#[component]
pub fn Standing(id: AssistantId, publish: ServerAction<PublishAssistant>) -> impl IntoView {
    let set_state = ServerAction::<SetAssistantState>::new();
    let push = ServerAction::<PushAssistant>::new();
    let delete = ServerAction::<DeleteAssistant>::new();
    let drift = DriftActions {
        push,
        pull: ServerAction::new(),
        ignore: ServerAction::<IgnoreCopy>::new(),
        look: ServerAction::<LookAtCopy>::new(),
    };
    let pull: ServerAction<PullCopy> = drift.pull;
    let done = move || {
        let drift = (pull.version().get(), drift.ignore.version().get(), drift.look.version().get());
        (publish.version().get(), set_state.version().get(), push.version().get(), drift)
    };
    let sheet = Resource::new(done, move |_| read_assistant(id));
    look_again_while(sheet, |sheet| sheet.assistant.sync == SyncState::Pending || sheet.is_checking);
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
                <StandingBody sheet set_state push delete drift/>
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
    drift: DriftActions,
) -> impl IntoView {
    let whole = sheet.clone();
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
                <dt>{t(w::ASSISTANTS_VERSION)}</dt>
                <dd>
                    <a href=format!("/assistants/{id}/versions/{}", sheet.version.n)>{version_name(sheet.version.n)}</a>
                    " · "
                    <RelativeTime at=sheet.version.published_at now=sheet.now/>
                </dd>
            </dl>
            <LiveCount calls=sheet.live_calls/>
            <SyncWords sync=assistant.sync error=assistant.sync_error.clone()/>
            <Ending settings=assistant.settings.clone() catalogue=sheet.catalogue/>
            <DriftCard sheet=whole.clone() actions=drift/>
            <LastLook sheet=whole actions=drift/>
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
                                {if in_use { t(w::ASSISTANTS_DELETE_IN_USE).to_owned() } else { t_with(w::ASSISTANTS_DELETE_TEXT, &[("name", &assistant.settings.name)]) }}
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

/// The voice or the model that calls go by is about to end, or has ended.
#[component]
fn Ending(settings: Settings, catalogue: Catalogue) -> impl IntoView {
    let voice = catalogue.voice(&settings.voice).map(|voice| (&voice.name, voice.ends_on));
    let model = catalogue.model(settings.model()).map(|model| (&model.name, model.ends_on));
    let ending = [voice, model].into_iter().flatten().filter_map(|(name, ends_on)| Some((name, catalogue.ends_soon(ends_on)?)));
    let lines = ending.map(|(name, day)| view! { <p>{format!("{name} · {}", ends_words(&catalogue, day))}</p> }).collect::<Vec<_>>();
    (!lines.is_empty()).then(|| view! { <Callout tone=Tone::Warn title=t(w::CATALOGUE_ENDING)>{lines}</Callout> }).into_any()
}

/// What a caller hears first.
#[component]
pub fn Demonstration(assistant: Assistant) -> impl IntoView {
    view! {
        <section class="card" aria-labelledby="h-hears">
            <header><h2 id="h-hears">{t(w::ASSISTANTS_HEARS)}</h2></header>
            <div class="body">
                <ol class="script">
                    <li class="line ai">
                        <span class="who">{assistant.settings.name}</span>
                        <p class="say voice">{assistant.settings.first_message}</p>
                    </li>
                </ol>
            </div>
        </section>
    }
    .into_any()
}
