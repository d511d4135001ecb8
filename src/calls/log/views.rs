//! The views of the log as tabs that are addresses: the ready-made ones, what is unread, and those that people saved.

use super::{
    Chosen,
    model::{Desk, View},
    rpc::{delete_view, mark_all_read, save_view},
};
use crate::{
    calls::{
        filter,
        model::{CallFilter, Seen},
        words,
    },
    i18n::{t, t_with, words as w},
    kit::*,
    shared::error::AppError,
};
use leptos::{ev, prelude::*, task::spawn_local};

/// The tabs, and beside them what can be done with the view one is in.
#[component]
pub fn SavedViews(filter: Memo<CallFilter>, desk: Resource<Result<Desk, AppError>>, chosen: Chosen) -> impl IntoView {
    let saving = RwSignal::new(false);
    view! {
        <div class="log-views">
            <Transition>
                {move || Suspend::new(async move {
                    let views = desk.await.map(|desk| desk.views).unwrap_or_default();
                    move || view! { <Tabs filter=filter.get() views=views.clone() saving chosen/> }
                })}
            </Transition>
        </div>
        <Dialog open=saving title=t(w::LOG_VIEW_SAVE)><SaveDialog open=saving filter chosen/></Dialog>
    }
    .into_any()
}

#[component]
fn Tabs(filter: CallFilter, views: Vec<View>, saving: RwSignal<bool>, chosen: Chosen) -> impl IntoView {
    let ready = filter::views(&filter).into_iter().map(|(outcome, is_live, view)| {
        let words = match (outcome, is_live) {
            (Some(outcome), _) => words::outcome_word(outcome),
            (None, true) => w::CALLS_STATUS_LIVE,
            (None, false) => w::CALLS_VIEW_ALL,
        };
        (filter::address("/calls", &view, None), t(words).to_owned(), view == filter)
    });
    let unread = CallFilter { seen: Some(Seen::No), ..CallFilter::default() };
    let is_unread = unread == filter;
    let unread = std::iter::once((filter::address("/calls", &unread, None), t(w::LOG_UNREAD).to_owned(), is_unread));
    let saved = views.iter().map(|view| (filter::address("/calls", &view.filter, None), view.name.clone(), view.filter == filter));
    let tabs = ready.chain(unread).chain(saved).collect::<Vec<_>>();
    let is_known = tabs.iter().any(|(_, _, is_here)| *is_here);
    let here = views.iter().find(|view| view.filter == filter && view.is_removable).cloned();
    let may_save = filter::is_set(&filter) && !is_known;
    view! {
        <LinkTabs label=t(w::CALLS_VIEWS) tabs/>
        <span class="row g1 log-view-tools">
            {may_save.then(|| view! { <Button size=ButtonSize::Small kind=ButtonKind::Ghost icon=icondata::LuBookmarkPlus on:click=move |_| saving.set(true)>{t(w::LOG_VIEW_SAVE)}</Button> })}
            {here.map(|view| view! { <Remove view chosen/> })}
            {is_unread.then(|| view! { <AllRead chosen/> })}
        </span>
    }
    .into_any()
}

#[component]
fn Remove(view: View, chosen: Chosen) -> impl IntoView {
    let toasts = use_toasts();
    let remove = move |_| {
        spawn_local(async move {
            match delete_view(view.id).await {
                Ok(()) => {
                    chosen.changes.update(|changes| *changes += 1);
                    toasts.say(t(w::LOG_VIEW_REMOVED));
                }
                Err(error) => toasts.fail(&error),
            }
        });
    };
    view! { <Button size=ButtonSize::Small kind=ButtonKind::Ghost icon=icondata::LuBookmarkMinus on:click=remove>{t(w::LOG_VIEW_REMOVE)}</Button> }.into_any()
}

#[component]
fn AllRead(chosen: Chosen) -> impl IntoView {
    let toasts = use_toasts();
    let mark = move |_| {
        spawn_local(async move {
            match mark_all_read().await {
                Ok(()) => chosen.changes.update(|changes| *changes += 1),
                Err(error) => toasts.fail(&error),
            }
        });
    };
    view! { <Button size=ButtonSize::Small kind=ButtonKind::Ghost icon=icondata::LuCheckCheck on:click=mark>{t(w::LOG_ALL_READ)}</Button> }
        .into_any()
}

/// A name, and whether everybody gets it.
#[component]
fn SaveDialog(open: RwSignal<bool>, filter: Memo<CallFilter>, chosen: Chosen) -> impl IntoView {
    let toasts = use_toasts();
    let (name, is_shared) = (RwSignal::new(String::new()), RwSignal::new(false));
    let wrong = RwSignal::new(None::<AppError>);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let (name, shared, filter) = (name.get_untracked(), is_shared.get_untracked(), filter.get_untracked());
        spawn_local(async move {
            match save_view(name.clone(), if shared { "on".into() } else { String::new() }, filter).await {
                Ok(_) => {
                    open.set(false);
                    chosen.changes.update(|changes| *changes += 1);
                    toasts.say(t_with(w::LOG_VIEW_SAVED, &[("name", &name)]));
                }
                Err(error) => wrong.set(Some(error)),
            }
        });
    };
    view! {
        <form on:submit=submit>
            <div class="body stack g4">
                <FormErrors error=wrong/>
                <label class="field">
                    <span class="label">{t(w::LOG_VIEW_NAME)}</span>
                    <input class="input" name="name" maxlength="40" required on:input=move |event| name.set(event_target_value(&event))/>
                </label>
                <label class="check">
                    <input type="checkbox" name="is_shared" on:change=move |event| is_shared.set(event_target_checked(&event))/>
                    <span>{t(w::LOG_VIEW_SHARED)}</span>
                </label>
            </div>
            <footer><Button kind=ButtonKind::Primary submit=true>{t(w::LOG_VIEW_SAVE)}</Button></footer>
        </form>
    }
    .into_any()
}
