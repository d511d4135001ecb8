//! What callers asked and nothing answered: one click makes an entry of it, another puts it aside.

use super::{
    model::*,
    parts::{Desk, Draft, language_name},
    rpc::{dismiss_question, list_open_questions},
};
use crate::{
    i18n::{t, t_count, words as w},
    kit::*,
    shared::{ids::QuestionId, permission::Permission},
};
use chrono::{DateTime, Utc};
use leptos::{prelude::*, task::spawn_local};

/// The list of open questions, most asked first.
#[component]
pub fn OpenList(desk: Desk) -> impl IntoView {
    let open = Resource::new(move || desk.changes.get(), |_| list_open_questions());
    view! {
        <section class="card" aria-labelledby="h-open">
            <header><h2 id="h-open">{t(w::ANSWERS_OPEN_TITLE)}</h2></header>
            <Loaded resource=open skeleton=rows_skeleton(3) let:open>
                {if open.items.is_empty() {
                    view! { <div class="body"><p class="muted small">{t(w::ANSWERS_OPEN_EMPTY)}</p></div> }.into_any()
                } else {
                    let (now, more) = (open.now, open.all - open.items.len() as i64);
                    let items = open.items;
                    let rows = move || items.iter().cloned().map(|question| view! { <Row question now desk/> }).collect_view();
                    let rows = drawn_anew(desk.draws, move || rows().into_any());
                    view! {
                        <p class="muted small open-lede">{t(w::ANSWERS_OPEN_TEXT)}</p>
                        <ul class="list open-questions">{rows}</ul>
                        {(more > 0).then(|| view! { <div class="body"><p class="muted small">{t_count(w::ANSWERS_OPEN_MORE, more)}</p></div> })}
                    }
                        .into_any()
                }}
            </Loaded>
        </section>
    }
    .into_any()
}

#[component]
fn Row(question: OpenQuestion, now: DateTime<Utc>, desk: Desk) -> impl IntoView {
    let toasts = use_toasts();
    let (id, at) = (question.id, question.last_asked_at);
    let make = {
        let question = question.clone();
        move |_| desk.edit(Draft::of_question(Some(question.id), &question.question, &question.language))
    };
    let asked = format!("{} · {} · ", t_count(w::ANSWERS_OPEN_ASKED, question.asked), language_name(&question.language));
    let call = question.call.filter(|_| may(Permission::CallsRead)).map(|call| format!("/calls/{call}"));
    let of_question = format!(" : {}", question.question);
    let dismiss_label = format!("{}{of_question}", t(w::ANSWERS_DISMISS));
    view! {
        <li class="open-row">
            <div class="grow stack g1">
                <p class="strong" dir="auto">{question.question}</p>
                <p class="small muted">
                    {asked}<When at now/>
                    {call.map(|href| view! { " · "<a href=href>{t(w::ANSWERS_OPEN_CALL)}</a> })}
                </p>
            </div>
            {may(Permission::AssistantsEdit).then(|| view! {
                <div class="row g1">
                    <Button size=ButtonSize::Small icon=icondata::LuPlus attr:aria-haspopup="dialog" on:click=make>
                        {t(w::ANSWERS_MAKE_ENTRY)}<span class="sr">{of_question}</span>
                    </Button>
                    <IconButton icon=icondata::LuX label=dismiss_label kind=ButtonKind::Ghost size=ButtonSize::Small on:click=move |_| put_aside(id, desk, toasts)/>
                </div>
            })}
        </li>
    }
    .into_any()
}

/// Takes it off the list, and offers the way back.
fn put_aside(id: QuestionId, desk: Desk, toasts: Toaster) {
    let set = move |dismissed: bool, then: Option<Callback<()>>| {
        spawn_local(async move {
            match dismiss_question(id, dismissed).await {
                Ok(()) => {
                    desk.changed();
                    if let Some(undo) = then {
                        toasts.say_with_undo(t(w::ANSWERS_DISMISSED), undo);
                    }
                }
                Err(error) => toasts.fail(&error),
            }
        });
    };
    set(true, Some(Callback::new(move |()| set(false, None))));
}
