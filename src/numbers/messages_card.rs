//! Text messages, newest first: what was sent and what became of it, and what came in.

use super::{model::*, rpc::list_messages};
use crate::{
    i18n::{format, t, t_with, words as w},
    kit::*,
};
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

#[component]
pub(super) fn Messages() -> impl IntoView {
    let query = use_query_map();
    let before = Memo::new(move |_| query.with(|query| query.get_str("before").and_then(|id| id.parse().ok())));
    let page = Resource::new(move || before.get(), list_messages);
    let draws = StoredValue::new(0);
    view! {
        <section class="card" aria-labelledby="h-messages">
            <header>
                <h2 id="h-messages">{t(w::NUMBERS_MESSAGES)}</h2>
                <span class="muted small only-wide">{t(w::NUMBERS_MESSAGES_TEXT)}</span>
            </header>
            <Loaded resource=page skeleton=rows_skeleton(3) let:page>
                {if page.items.is_empty() {
                    view! { <div class="body"><p class="muted">{t(w::NUMBERS_MESSAGES_EMPTY)}</p></div> }.into_any()
                } else {
                    let (items, now) = (page.items.clone(), page.now);
                    let rows = drawn_anew(draws, move || {
                        items.iter().cloned().map(|line| view! { <Message line now/> }).collect_view().into_any()
                    });
                    view! { <ul class="list">{rows}</ul> }.into_any()
                }}
                <div class="body row">
                    {before.get_untracked().is_some().then(|| view! {
                        <LinkButton href="/numbers" size=ButtonSize::Small>{t(w::NUMBERS_MESSAGES_NEWEST)}</LinkButton>
                    })}
                    {page.next.map(|next| view! {
                        <LinkButton href=format!("/numbers?before={next}") size=ButtonSize::Small>{t(w::NUMBERS_MESSAGES_OLDER)}</LinkButton>
                    })}
                </div>
            </Loaded>
        </section>
    }
    .into_any()
}

#[component]
fn Message(line: MessageLine, now: DateTime<Utc>) -> impl IntoView {
    let theirs = line.theirs.parse().map_or(line.theirs.clone(), |number| format::tel(&number));
    let (icon, heading) = match line.direction {
        Direction::In => (icondata::LuCornerDownRight, w::NUMBERS_FROM),
        Direction::Out => (icondata::LuSend, w::NUMBERS_TO),
    };
    let (tone, status) = standing(&line.status);
    let error = line.error.clone().map(|words| match words.as_str() {
        "stopped" => t(w::NUMBERS_ERROR_STOPPED).into_any(),
        "no_account" => t(w::NUMBERS_ERROR_NO_ACCOUNT).into_any(),
        _ => view! { <Told words/> }.into_any(),
    });
    view! {
        <li class="sms-row">
            <div class="row g3">
                <Icon icon=icon small=true/>
                <b class="num">{t_with(heading, &[("number", &theirs)])}</b>
                <Badge tone=tone>{status}</Badge>
                {line.has_stopped.then(|| view! { <Badge tone=Tone::Warn>{t(w::NUMBERS_HAS_STOPPED)}</Badge> })}
                <span class="small muted end"><When at=line.at now/></span>
            </div>
            <p>{line.body.clone()}</p>
            {error.map(|words| view! { <p class="small t bad">{words}</p> })}
            {line.call_id.map(|call| view! { <p class="small"><a href=format!("/calls/{call}")>{t(w::NUMBERS_OPEN_CALL)}</a></p> })}
        </li>
    }
    .into_any()
}

/// How far a message is, in words; Twilio's own where we have none.
fn standing(status: &str) -> (Tone, String) {
    let (tone, key) = match status {
        "waiting" => (Tone::Neutral, w::NUMBERS_STATUS_WAITING),
        "accepted" | "scheduled" | "queued" | "sending" => (Tone::Neutral, w::NUMBERS_STATUS_SENDING),
        "sent" => (Tone::Info, w::NUMBERS_STATUS_SENT),
        "delivered" | "read" => (Tone::Ok, w::NUMBERS_STATUS_DELIVERED),
        "undelivered" => (Tone::Bad, w::NUMBERS_STATUS_UNDELIVERED),
        "failed" | "canceled" => (Tone::Bad, w::NUMBERS_STATUS_FAILED),
        "refused" => (Tone::Warn, w::NUMBERS_STATUS_REFUSED),
        "received" => (Tone::Info, w::NUMBERS_STATUS_RECEIVED),
        other => return (Tone::Neutral, other.to_owned()),
    };
    (tone, t(key).to_owned())
}
