//! Calls that callers asked for.

use super::{
    model::{Callback as Wanted, CallbackList},
    page::Desk,
    rpc::{list_callbacks, set_callback_done},
    words::shown,
};
use crate::{
    i18n::{t, t_count, t_with, words as w},
    kit::*,
    shared::permission::Permission,
};
use chrono::{DateTime, Utc};
use leptos::prelude::*;

/// The tab.
#[component]
pub fn CallbacksTab(desk: Desk) -> impl IntoView {
    let list = Resource::new(move || desk.changes.get(), |_| list_callbacks());
    view! {
        <Loaded resource=list skeleton=rows_skeleton(4) let:list>
            {drawn_anew(desk.draws, move || view! { <Lists list=list.clone() desk/> }.into_any())}
        </Loaded>
    }
    .into_any()
}

#[component]
fn Lists(list: CallbackList, desk: Desk) -> impl IntoView {
    let now = list.now;
    let rest = list.all_open - list.open.len() as i64;
    let is_empty = list.open.is_empty();
    let open = list.open.into_iter().map(|wanted| view! { <Row wanted now desk/> }).collect_view();
    let has_done = !list.done.is_empty();
    let done = list.done.into_iter().map(|wanted| view! { <Row wanted now desk/> }).collect_view();
    view! {
        <section class="card reception" aria-labelledby="h-open">
            <header>
                <div class="grow">
                    <h2 id="h-open">{t(w::RECEPTION_CALLBACKS_TITLE)}</h2>
                    <p class="small muted">{t(w::RECEPTION_CALLBACKS_TEXT)}</p>
                </div>
            </header>
            {if is_empty {
                view! { <Empty kind=EmptyKind::Unused title=t(w::RECEPTION_CALLBACKS_EMPTY_TITLE) text=t(w::RECEPTION_CALLBACKS_EMPTY_TEXT)/> }.into_any()
            } else {
                view! { <ul class="list callbacks-open">{open}</ul> }.into_any()
            }}
            {(rest > 0).then(|| view! { <p class="small muted open-lede">{t_count(w::RECEPTION_CALLBACK_MORE, rest)}</p> })}
        </section>
        {has_done.then(|| view! {
            <section class="card reception" aria-labelledby="h-done">
                <header><h2 id="h-done">{t(w::RECEPTION_CALLBACKS_DONE_TITLE)}</h2></header>
                <ul class="list callbacks-done">{done}</ul>
            </section>
        })}
    }
    .into_any()
}

#[component]
fn Row(wanted: Wanted, now: DateTime<Utc>, desk: Desk) -> impl IntoView {
    let (id, is_done) = (wanted.id, wanted.done_at.is_some());
    let number = shown(&wanted.number);
    let who = if wanted.caller_name.is_empty() { number.clone() } else { format!("{} · {number}", wanted.caller_name) };
    let by = wanted.done_by.map(|name| t_with(w::RECEPTION_CALLBACK_BY, &[("name", &name)]));
    let at = wanted.done_at.unwrap_or(wanted.asked_at);
    let said = [wanted.wanted, wanted.why].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · ");
    let key = if is_done { w::RECEPTION_CALLBACK_UNDO } else { w::RECEPTION_CALLBACK_DONE };
    let of_who = format!(" : {who}");
    view! {
        <li class="rule-row">
            <div class="grow stack g1">
                <b>{who}</b>
                {(!said.is_empty()).then(|| view! { <p dir="auto">{said}</p> })}
                <p class="small muted"><RelativeTime at now/>{by.map(|by| format!(" {by}"))}</p>
            </div>
            <div class="row g1 rule-tools">
                {wanted.call.map(|call| view! { <LinkButton href=format!("/calls/{call}") size=ButtonSize::Small>{t(w::RECEPTION_CALLBACK_OPEN_CALL)}</LinkButton> })}
                {may(Permission::CallsStart).then(|| view! {
                    <Button size=ButtonSize::Small on:click=move |_| desk.run(w::RECEPTION_SAVED, set_callback_done(id, !is_done))>{t(key)}<span class="sr">{of_who}</span></Button>
                })}
            </div>
        </li>
    }
    .into_any()
}
