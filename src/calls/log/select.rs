//! Choosing calls, and what is done with those that are chosen.

use super::{
    model::{Desk, Tag},
    rpc::{analyse_calls, delete_calls, price_analyses, tag_calls, untag_calls},
};
use crate::{
    i18n::{format, t, t_count, t_with, use_locale, words as w},
    kit::*,
    shared::{error::AppError, ids::CallId, permission::Permission},
    work::AssignDialog,
};
use leptos::{ev, prelude::*, task::spawn_local};
use std::collections::BTreeSet;

/// Which calls are chosen, among those that are shown.
#[derive(Clone, Copy)]
pub struct Chosen {
    ids: RwSignal<BTreeSet<CallId>>,
    shown: RwSignal<Vec<CallId>>,
    /// Where a range begins.
    last: StoredValue<Option<CallId>>,
    /// The row that has the focus.
    seen: StoredValue<Option<CallId>>,
    /// The dialog that gives calls to somebody.
    giving: RwSignal<bool>,
    may_give: StoredValue<bool>,
    /// Grows when something of the log has changed.
    pub changes: RwSignal<u32>,
    /// See `drawn_anew`.
    pub draws: StoredValue<u128>,
    /// Whether the reader may do anything with what they choose.
    pub is_of_use: bool,
}

impl Chosen {
    /// None yet.
    #[expect(clippy::new_without_default, reason = "it makes signals of the page it is called on")]
    pub fn new() -> Self {
        Self {
            ids: RwSignal::default(),
            shown: RwSignal::default(),
            last: StoredValue::new(None),
            seen: StoredValue::new(None),
            giving: RwSignal::new(false),
            may_give: StoredValue::new(may(Permission::CallsAssign)),
            changes: RwSignal::new(0),
            draws: StoredValue::new(0),
            is_of_use: [
                Permission::CallsNote,
                Permission::CallsAnalyse,
                Permission::CallsExport,
                Permission::CallsDelete,
                Permission::CallsAssign,
            ]
            .into_iter()
            .any(may),
        }
    }

    /// These rows are shown now, in this order.
    pub fn shown(self, ids: Vec<CallId>) {
        self.ids.update(|chosen| chosen.retain(|id| ids.contains(id)));
        self.shown.set(ids);
    }

    /// Whether a call is chosen.
    pub fn has(self, id: CallId) -> bool {
        self.ids.with(|ids| ids.contains(&id))
    }

    /// Asks to whom what is chosen is given; without a choice, the row that has the focus.
    pub fn give(self) {
        if self.ids.with_untracked(BTreeSet::is_empty) {
            self.pick_seen(false);
        }
        if self.may_give.get_value() && !self.ids.with_untracked(BTreeSet::is_empty) {
            self.giving.set(true);
        }
    }

    /// Nothing is chosen any more.
    pub fn clear(self) {
        if self.ids.with_untracked(|ids| !ids.is_empty()) {
            self.ids.update(BTreeSet::clear);
        }
        self.last.set_value(None);
    }

    /// A row got the focus.
    pub fn look_at(self, id: CallId) {
        self.seen.set_value(Some(id));
    }

    /// Chooses the row that has the focus, or lets it go.
    pub fn pick_seen(self, is_range: bool) {
        if let (Some(id), true) = (self.seen.get_value(), self.is_of_use) {
            self.pick(id, is_range);
        }
    }

    /// Chooses a row, or lets it go; a range becomes what its last row becomes.
    fn pick(self, id: CallId, is_range: bool) {
        let is_on = !self.ids.with_untracked(|ids| ids.contains(&id));
        let range = self.shown.with_untracked(|shown| match self.last.get_value().filter(|_| is_range) {
            Some(last) => between(shown, last, id),
            None => vec![id],
        });
        self.ids.update(|ids| {
            for id in range {
                if is_on {
                    ids.insert(id)
                } else {
                    ids.remove(&id)
                };
            }
        });
        self.last.set_value(Some(id));
    }

    fn changed(self) {
        self.changes.update(|changes| *changes += 1);
    }

    fn list(self) -> Vec<CallId> {
        self.ids.with_untracked(|ids| ids.iter().copied().collect())
    }
}

/// The rows from one to another, both included, whichever stands first.
fn between(shown: &[CallId], a: CallId, b: CallId) -> Vec<CallId> {
    let place = |id| shown.iter().position(|known| *known == id);
    match (place(a), place(b)) {
        (Some(a), Some(b)) => shown[a.min(b)..=a.max(b)].to_vec(),
        _ => vec![b],
    }
}

/// The box of one call.
#[component]
pub fn Pick(id: CallId, label: String, chosen: Chosen) -> impl IntoView {
    let pick = move |event: ev::MouseEvent| chosen.pick(id, event.shift_key());
    view! {
        <label class="pick-box">
            <input type="checkbox" aria-label=label prop:checked=move || chosen.has(id) on:click=pick on:focus=move |_| chosen.look_at(id)/>
        </label>
    }
    .into_any()
}

/// The box of all that are shown.
#[component]
pub fn PickAll(chosen: Chosen) -> impl IntoView {
    let is_all = move || chosen.shown.with(|shown| !shown.is_empty() && chosen.ids.with(|ids| shown.iter().all(|id| ids.contains(id))));
    let pick = move |_| {
        let is_on = !is_all();
        let shown = chosen.shown.get_untracked();
        chosen.ids.update(|ids| {
            ids.clear();
            if is_on {
                ids.extend(shown);
            }
        });
    };
    view! { <label class="pick-box"><input type="checkbox" aria-label=t(w::LOG_PICK_ALL) prop:checked=is_all on:change=pick/></label> }
        .into_any()
}

/// What can be done with the chosen calls; there while some are.
#[component]
pub fn SelectBar(chosen: Chosen, desk: Resource<Result<Desk, AppError>>) -> impl IntoView {
    let (tagging, analysing, deleting) = (RwSignal::new(false), RwSignal::new(false), RwSignal::new(false));
    let count = Memo::new(move |_| chosen.ids.with(BTreeSet::len) as i64);
    let export = move || {
        let ids: Vec<String> = chosen.ids.with(|ids| ids.iter().map(ToString::to_string).collect());
        format!("/calls/export.csv?ids={}", ids.join(","))
    };
    let open = |dialog: RwSignal<bool>| move |_| dialog.set(true);
    view! {
        <Show when=move || { count.get() > 0 }>
            <div class="select-bar" role="region" aria-label=t(w::LOG_SELECTION)>
                <b aria-live="polite">{move || t_count(w::LOG_CHOSEN, count.get())}</b>
                <span class="row wrap g1">
                    {may(Permission::CallsNote).then(|| view! { <Button size=ButtonSize::Small icon=icondata::LuTag on:click=open(tagging)>{t(w::LOG_TAGS)}</Button> })}
                    {may(Permission::CallsAssign).then(|| view! { <Button size=ButtonSize::Small icon=icondata::LuUserRoundPlus on:click=open(chosen.giving)>{t(w::WORK_ASSIGN)}</Button> })}
                    {may(Permission::CallsAnalyse).then(|| view! { <Button size=ButtonSize::Small icon=icondata::LuRefreshCw on:click=open(analysing)>{t(w::LOG_ANALYSE)}</Button> })}
                    {may(Permission::CallsExport)
                        .then(|| view! {
                            <a class="btn sm" href=export download="" rel="external"><Icon icon=icondata::LuDownload small=true/>{t(w::CALLS_EXPORT)}</a>
                        })}
                    {may(Permission::CallsDelete)
                        .then(|| view! { <Button size=ButtonSize::Small kind=ButtonKind::Danger icon=icondata::LuTrash2 on:click=open(deleting)>{t(w::LOG_DELETE)}</Button> })}
                    <Button size=ButtonSize::Small kind=ButtonKind::Ghost on:click=move |_| chosen.clear()>{t(w::LOG_LET_GO)}</Button>
                </span>
            </div>
        </Show>
        <Dialog open=tagging title=Signal::derive(move || t_count(w::LOG_TAGS_OF, count.get()))><TagDialog open=tagging chosen desk/></Dialog>
        <Dialog open=chosen.giving title=t(w::WORK_ASSIGN)>
            <AssignDialog open=chosen.giving calls=Callback::new(move |()| chosen.list()) on_done=Callback::new(move |()| chosen.changed())/>
        </Dialog>
        <Dialog open=analysing title=Signal::derive(move || t_count(w::LOG_ANALYSE_TITLE, count.get()))><AnalyseDialog open=analysing chosen/></Dialog>
        <Dialog open=deleting title=Signal::derive(move || t_count(w::LOG_DELETE_TITLE, count.get()))><DeleteDialog open=deleting chosen/></Dialog>
    }
    .into_any()
}

/// A new tag, or one there is; and those that can be taken off.
#[component]
fn TagDialog(open: RwSignal<bool>, chosen: Chosen, desk: Resource<Result<Desk, AppError>>) -> impl IntoView {
    let toasts = use_toasts();
    let name = RwSignal::new(String::new());
    let put = move |tag: String| {
        let calls = chosen.list();
        spawn_local(async move {
            match tag_calls(calls, tag.clone()).await {
                Ok(n) => {
                    open.set(false);
                    chosen.changed();
                    toasts.say(t_with(w::LOG_TAGGED, &[("tag", &tag), ("n", &n.to_string())]));
                }
                Err(error) => toasts.fail(&error),
            }
        });
    };
    let take = move |tag: Tag| {
        let calls = chosen.list();
        spawn_local(async move {
            match untag_calls(calls, tag.id).await {
                Ok(n) => {
                    open.set(false);
                    chosen.changed();
                    toasts.say(t_with(w::LOG_UNTAGGED, &[("tag", &tag.name), ("n", &n.to_string())]));
                }
                Err(error) => toasts.fail(&error),
            }
        });
    };
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let tag = name.get_untracked().trim().to_owned();
        if !tag.is_empty() {
            put(tag);
        }
    };
    let row = move |tag: Tag| {
        let (text, word, gone) = (tag.name.clone(), tag.name.clone(), tag.clone());
        let off_label = t_with(w::LOG_TAG_OFF_LABEL, &[("tag", &tag.name)]);
        view! {
            <li class="row between">
                <Badge>{text}</Badge>
                <span class="row g1">
                    <Button size=ButtonSize::Small icon=icondata::LuPlus on:click=move |_| put(word.clone())>{t(w::LOG_TAG_ON)}</Button>
                    <IconButton icon=icondata::LuX label=off_label kind=ButtonKind::Ghost size=ButtonSize::Small on:click=move |_| take(gone.clone())/>
                </span>
            </li>
        }
    };
    let rows = move |tags: Vec<Tag>| {
        (!tags.is_empty()).then(|| view! { <ul class="list tag-list">{tags.into_iter().map(row).collect_view()}</ul> })
    };
    view! {
        <div class="body stack g4">
            <form class="row g2 wrap" on:submit=submit>
                <input class="input grow" name="tag" maxlength="40" aria-label=t(w::LOG_TAG_NEW) placeholder=t(w::LOG_TAG_NEW) on:input=move |event| name.set(event_target_value(&event))/>
                <Button kind=ButtonKind::Primary submit=true>{t(w::LOG_TAG_PUT)}</Button>
            </form>
            <Loaded resource=desk let:desk>{rows(desk.tags)}</Loaded>
        </div>
    }
    .into_any()
}

/// The cost first, then the deed.
#[component]
fn AnalyseDialog(open: RwSignal<bool>, chosen: Chosen) -> impl IntoView {
    let (locale, toasts) = (use_locale(), use_toasts());
    let price = LocalResource::new(move || price_analyses(chosen.list()));
    let cost = move |amount| format::cost(locale, amount);
    let words = move || match price.get() {
        None => t(w::LOG_PRICE_AWAITED).to_owned(),
        Some(Err(error)) => error_text(&error).unwrap_or_default(),
        Some(Ok(price)) => match &price.model {
            None => t_count(w::LOG_PRICE_RULES, price.calls),
            Some(model) => t_with(
                w::LOG_PRICE_MODEL,
                &[
                    ("n", &format::n(price.calls)),
                    ("model", model),
                    ("cost", &cost(price.cost)),
                    ("spent", &cost(price.spent)),
                    ("cap", &cost(price.cap)),
                ],
            ),
        },
    };
    let is_known = move || matches!(price.get(), Some(Ok(price)) if price.calls > 0);
    let go = move |_| {
        let calls = chosen.list();
        spawn_local(async move {
            match analyse_calls(calls).await {
                Ok(n) => {
                    open.set(false);
                    chosen.clear();
                    toasts.say(t_count(w::LOG_ANALYSE_ASKED, n));
                }
                Err(error) => toasts.fail(&error),
            }
        });
    };
    view! {
        <div class="body"><p aria-live="polite">{words}</p></div>
        <footer>
            <Button on:click=move |_| open.set(false)>{t(w::KIT_CLOSE)}</Button>
            <Button kind=ButtonKind::Primary disabled=Signal::derive(move || !is_known()) on:click=go>{t(w::LOG_ANALYSE)}</Button>
        </footer>
    }
    .into_any()
}

/// How many, and what cannot be undone.
#[component]
fn DeleteDialog(open: RwSignal<bool>, chosen: Chosen) -> impl IntoView {
    let toasts = use_toasts();
    let go = move || {
        let calls = chosen.list();
        spawn_local(async move {
            match delete_calls(calls).await {
                Ok(n) => {
                    open.set(false);
                    chosen.clear();
                    chosen.changed();
                    toasts.say(t_count(w::LOG_DELETED, n));
                }
                Err(error) => toasts.fail(&error),
            }
        });
    };
    view! {
        <div class="body"><p>{t(w::LOG_DELETE_TEXT)}</p></div>
        <footer>
            <Button on:click=move |_| open.set(false)>{t(w::KIT_CLOSE)}</Button>
            <ConfirmButton icon=icondata::LuTrash2 on_confirm=go>{t(w::LOG_DELETE)}</ConfirmButton>
        </footer>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_the_same_from_either_end() {
        let ids: Vec<CallId> = (1..=5).map(|n| CallId(uuid::Uuid::from_u128(n))).collect();
        assert_eq!(between(&ids, ids[1], ids[3]), ids[1..=3]);
        assert_eq!(between(&ids, ids[3], ids[1]), ids[1..=3]);
        assert_eq!(between(&ids[..2], ids[4], ids[0]), [ids[0]]);
    }
}
