//! `/assistants/:id/versions`: the draft and what it changes, and every version with who, when, why and what the provider said.

use super::{
    model::*,
    parts::{AssistantTab, AssistantTabs, SyncRing, look_again_while, version_name},
    publish::PublishForm,
    rpc::{DiscardDraft, PublishAssistant, list_versions},
};
use crate::{
    i18n::{t, t_with, words as w},
    kit::*,
    shared::{error::AppError, ids::AssistantId, permission::Permission},
};
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

/// The history of one assistant.
#[component]
pub fn AssistantHistoryPage() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query_map());
    let id = Memo::new(move |_| params.with(|params| params.get("id").and_then(|id| id.parse::<AssistantId>().ok())));
    let before = Memo::new(move |_| query.with(|query| query.get("before").and_then(|n| n.parse::<i32>().ok())));
    let publish = ServerAction::<PublishAssistant>::new();
    let discard = ServerAction::<DiscardDraft>::new();
    let done = move || (id.get(), before.get(), publish.version().get(), discard.version().get());
    let history = Resource::new(done, |(id, before, ..)| async move {
        match id {
            Some(id) => list_versions(id, before).await,
            None => Err(AppError::not_found("assistant")),
        }
    });
    // Not while a draft is there: whoever writes why would lose the words.
    look_again_while(history, |history| {
        !history.has_draft && history.versions.first().is_some_and(|version| version.answer == SyncState::Pending)
    });
    let retry = Callback::new(move |()| history.refetch());
    let frame = |title: String, content: AnyView| {
        view! { <PageFrame title=title back=("/assistants".to_owned(), t(w::ASSISTANTS_TITLE).to_owned())>{content}</PageFrame> }.into_any()
    };
    let waiting = move || frame(t(w::ASSISTANTS_VERSIONS).to_owned(), view! { <Skeleton lines=6 rows=true/> }.into_any());
    view! {
        <Transition fallback=waiting>
            {move || Suspend::new(async move {
                match (history.await, id.get_untracked()) {
                    (Ok(history), Some(id)) => frame(history.name.clone(), view! { <Body id history publish discard/> }.into_any()),
                    (Err(error), _) => frame(t(w::ASSISTANTS_VERSIONS).to_owned(), view! { <ErrorBlock error retry/> }.into_any()),
                    (Ok(_), None) => ().into_any(),
                }
            })}
        </Transition>
    }
    .into_any()
}

#[component]
fn Body(id: AssistantId, history: History, publish: ServerAction<PublishAssistant>, discard: ServerAction<DiscardDraft>) -> impl IntoView {
    let draft = (history.has_draft && may(Permission::AssistantsEdit)).then(|| {
        view! {
            <section class="card" aria-labelledby="h-draft">
                <header><h2 id="h-draft">{t(w::ASSISTANTS_DRAFT)}</h2></header>
                <div class="body publish"><PublishForm id publish discard/></div>
            </section>
        }
    });
    let now = history.now;
    let current = history.versions.first().map(|version| version.n);
    let rows =
        history.versions.into_iter().map(|version| view! { <Row id is_current=Some(version.n) == current version now/> }).collect_view();
    let older = history.next.map(|next| format!("/assistants/{id}/versions?before={next}"));
    view! {
        <AssistantTabs id here=AssistantTab::Versions/>
        {draft}
        <section class="card" aria-labelledby="h-versions">
            <header>
                <h2 id="h-versions" class="grow">{t(w::ASSISTANTS_VERSIONS)}</h2>
                <a class="btn ghost sm" href=format!("/assistants/{id}/export.json") download="" rel="external">
                    <Icon icon=icondata::LuDownload small=true/>
                    {t(w::ASSISTANTS_EXPORT)}
                </a>
            </header>
            <ol class="list versions">{rows}</ol>
            {older.map(|href| view! { <div class="body"><LinkButton href size=ButtonSize::Small>{t(w::ASSISTANTS_VERSIONS_OLDER)}</LinkButton></div> })}
        </section>
    }
    .into_any()
}

#[component]
fn Row(id: AssistantId, is_current: bool, version: VersionLine, now: chrono::DateTime<chrono::Utc>) -> impl IntoView {
    view! {
        <li class="version-row">
            <span class="grow stack g1">
                <b><a href=format!("/assistants/{id}/versions/{}", version.n)>{version_name(version.n)}</a></b>
                <VersionFacts version=version.clone() now/>
                {version.answer_words.clone().map(|words| view! { <small class="t bad"><Told words/></small> })}
            </span>
            {is_current.then(|| view! { <Badge tone=Tone::Ok>{t(w::ASSISTANTS_VERSION_CURRENT)}</Badge> })}
            <span class="small"><SyncRing sync=version.answer/></span>
        </li>
    }
    .into_any()
}

/// Who, when, why.
#[component]
pub fn VersionFacts(version: VersionLine, now: chrono::DateTime<chrono::Utc>) -> impl IntoView {
    let who = version.published_by.clone().unwrap_or_else(|| t(w::ASSISTANTS_BY_PROGRAM).to_owned());
    view! {
        <span class="small muted">{who} " · " <When at=version.published_at now/></span>
        {version.restored_from.map(|n| view! { <span class="small muted">{t_with(w::ASSISTANTS_RESTORED_FROM, &[("n", &n.to_string())])}</span> })}
        {(!version.why.is_empty()).then(|| view! { <q class="small">{version.why}</q> })}
    }
    .into_any()
}
