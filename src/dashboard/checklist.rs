//! The way to the first call: four steps, each proven by what is there.

use super::{
    home_page::start_buttons,
    model::{Checklist, Step},
    rpc::{hide_checklist, mark_watched},
};
use crate::{
    i18n::{Key, t, t_count, t_with, words as w},
    kit::*,
};
use leptos::{prelude::*, task::spawn_local};

fn words(step: Step) -> (Key, Key) {
    match step {
        Step::Assistant => (w::HOME_STEP_ASSISTANT, w::HOME_STEP_ASSISTANT_TEXT),
        Step::FirstCall => (w::HOME_STEP_FIRST_CALL, w::HOME_STEP_FIRST_CALL_TEXT),
        Step::Watch => (w::HOME_STEP_WATCH, w::HOME_STEP_WATCH_TEXT),
        Step::Connect => (w::HOME_STEP_CONNECT, w::HOME_STEP_CONNECT_TEXT),
    }
}

fn place(step: Step) -> &'static str {
    match step {
        Step::Assistant => "/assistants",
        Step::FirstCall => "/calls",
        Step::Watch => "/live",
        Step::Connect => "/integrations",
    }
}

/// The list; it goes by itself when all is done.
#[component]
pub fn ChecklistCard(
    list: Checklist,
    /// Reads the page again.
    again: Callback<()>,
) -> impl IntoView {
    let (done, all) = (list.done(), list.steps.len());
    let left = i64::try_from(all - done).unwrap_or(0);
    let next = list.next();
    let share = format!("{}%", done * 100 / all.max(1));
    let label = t_with(w::HOME_STEPS_DONE, &[("done", &done.to_string()), ("all", &all.to_string())]);
    let toasts = use_toasts();
    let set_hidden = move |hidden: bool| {
        spawn_local(async move {
            match hide_checklist(hidden).await {
                Ok(()) => {
                    if hidden {
                        toasts.say_with_undo(t(w::HOME_LIST_HIDDEN), move || {
                            spawn_local(async move {
                                if let Err(error) = hide_checklist(false).await {
                                    toasts.fail(&error);
                                }
                                again.run(());
                            });
                        });
                    }
                    again.run(());
                }
                Err(error) => toasts.fail(&error),
            }
        });
    };
    let items = list.steps.into_iter().map(|(step, is_done)| view! { <StepItem step is_done is_next=next == Some(step)/> }).collect_view();
    view! {
        <section class="card checklist" aria-labelledby="h-steps">
            <div class="body stack g4">
                <div class="row g5 wrap">
                    <span class="gauge brand">
                        <i class="ring" style:--v=share role="img" aria-label=label></i>
                        <b class="num" aria-hidden="true">{done.to_string()}<span class="faint">" / "{all.to_string()}</span></b>
                    </span>
                    <div class="grow">
                        <h2 class="lede" id="h-steps">{t_count(w::HOME_STEPS_LEFT, left)}</h2>
                        <p class="muted">{t(w::HOME_STEPS_TEXT)}</p>
                    </div>
                    <Button kind=ButtonKind::Ghost size=ButtonSize::Small on:click=move |_| set_hidden(true)>{t(w::HOME_LIST_HIDE)}</Button>
                </div>
                <ol class="list todo">{items}</ol>
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn StepItem(step: Step, is_done: bool, is_next: bool) -> impl IntoView {
    let (title, text) = words(step);
    let sign = if is_done {
        view! { <span class="avatar ok" aria-hidden="true"><Icon icon=icondata::LuCheck small=true/></span><span class="sr">{t(w::HOME_STEP_DONE)}</span> }.into_any()
    } else {
        view! { <span class="status queued"><i class="ring" aria-hidden="true"></i></span><span class="sr">{t(w::HOME_STEP_OPEN)}</span> }
            .into_any()
    };
    view! {
        <li data-done=is_done.then_some("") aria-current=is_next.then_some("step")>
            {sign}
            <span class="grow"><b>{t(title)}</b><span class="small muted">{t(text)}</span></span>
            {if is_done {
                view! { <a class="small muted" href=place(step)>{t(w::HOME_STEP_REVIEW)}</a> }.into_any()
            } else {
                action(step, is_next)
            }}
        </li>
    }
    .into_any()
}

/// What does the step.
fn action(step: Step, is_next: bool) -> AnyView {
    let kind = if is_next { ButtonKind::Dark } else { ButtonKind::Plain };
    match step {
        Step::Assistant => {
            view! { <LinkButton href="/assistants/new" kind size=ButtonSize::Small>{t(w::ASSISTANTS_CREATE)}</LinkButton> }.into_any()
        }
        Step::FirstCall => view! { <span class="row g2">{start_buttons(false)}</span> }.into_any(),
        Step::Watch => {
            // Going there is the step; the live page needs no knowledge of this list.
            let watched = move |_| {
                spawn_local(async {
                    let _ = mark_watched().await;
                })
            }; // not counted: the step simply stays open
            view! { <LinkButton href="/live" kind size=ButtonSize::Small on:click=watched>{t(w::HOME_STEP_WATCH_GO)}</LinkButton> }
                .into_any()
        }
        Step::Connect => view! {
            <span class="row g2">
                <LinkButton href="/assistants" size=ButtonSize::Small>{t(w::HOME_STEP_NUMBER_GO)}</LinkButton>
                <LinkButton href="/integrations" kind size=ButtonSize::Small>{t(w::HOME_STEP_CONNECT_GO)}</LinkButton>
            </span>
        }
        .into_any(),
    }
}
