//! `/inbox`: what awaits the reader, one list with tabs, each item with why it is there and its one action. By keyboard: j and k, Enter, e, h.

use super::{
    model::*,
    rpc::{read_inbox, read_item, settle_item, snooze_item},
};
use crate::{
    calls::{
        keys,
        live::use_live,
        model::{INBOX, Tell},
        words::contact,
    },
    i18n::{Key, t, t_count, t_with, words as w},
    kit::*,
    shared::error::AppError,
    work::{rpc::take_call, why},
};
use chrono::{DateTime, Utc};
use leptos::{ev, prelude::*, task::spawn_local};
use leptos_router::hooks::use_query_map;
use std::{sync::Arc, time::Duration};

/// News that come together are answered by one reading.
const CALM: Duration = Duration::from_millis(200);

text_enum! {
    /// A part of the list.
    Tab { All = "all", Mine = "mine", Mentions = "mentions", Team = "team", More = "more" }
}

impl Tab {
    fn holds(self, kind: Kind) -> bool {
        match self {
            Self::All => true,
            Self::Mine => kind == Kind::Call,
            Self::Mentions => kind == Kind::Mention,
            Self::Team => kind == Kind::Team,
            Self::More => matches!(kind, Kind::Callback | Kind::Question | Kind::Drift),
        }
    }

    fn words(self) -> Key {
        match self {
            Self::All => w::INBOX_TAB_ALL,
            Self::Mine => w::INBOX_TAB_MINE,
            Self::Mentions => w::INBOX_TAB_MENTIONS,
            Self::Team => w::INBOX_TAB_TEAM,
            Self::More => w::INBOX_TAB_MORE,
        }
    }
}

/// What rows share.
#[derive(Clone, Copy)]
struct Desk {
    changes: RwSignal<u32>,
    draws: StoredValue<u128>,
    /// The item whose row has the focus.
    seen: StoredValue<Option<(String, bool)>>,
    toasts: Toaster,
}

impl Desk {
    fn run(self, said: Key, what: impl Future<Output = Result<(), AppError>> + 'static) {
        spawn_local(async move {
            match what.await {
                Ok(()) => self.toasts.say(t(said)),
                Err(error) => self.toasts.fail(&error),
            }
            self.changes.update(|changes| *changes += 1);
        });
    }

    fn settle(self, key: String) {
        self.run(w::INBOX_SAID_DONE, settle_item(key, true));
    }

    fn snooze(self, key: String, until: Until) {
        self.run(w::INBOX_SAID_LATER, snooze_item(key, Some(until)));
    }
}

/// The page.
#[component]
pub fn InboxPage() -> impl IntoView {
    let desk = Desk { changes: RwSignal::new(0), draws: StoredValue::new(0), seen: StoredValue::new(None), toasts: use_toasts() };
    let inbox = Resource::new(move || desk.changes.get(), |_| read_inbox());
    let waits = StoredValue::new(false);
    use_live().follow(
        INBOX.to_owned(),
        0,
        Callback::new(move |_: Arc<Tell>| {
            if waits.try_update_value(|waits| std::mem::replace(waits, true)) == Some(false) {
                let again = move || {
                    waits.try_set_value(false);
                    desk.changes.try_update(|changes| *changes += 1);
                };
                set_timeout(again, CALM);
            }
        }),
    );
    let query = use_query_map();
    let tab = Memo::new(move |_| query.with(|query| query.get("tab").and_then(|tab| tab.parse().ok())).unwrap_or(Tab::All));
    listen_to_keys(desk);
    view! {
        <PageFrame title=t(w::INBOX_TITLE)>
            <Loaded resource=inbox skeleton=rows_skeleton(6) let:inbox>
                {move || {
                    let inbox = inbox.clone();
                    let tab = tab.get();
                    drawn_anew(desk.draws, move || view! { <List inbox=inbox.clone() tab desk/> }.into_any())
                }}
            </Loaded>
        </PageFrame>
    }
    .into_any()
}

#[component]
fn List(inbox: Inbox, tab: Tab, desk: Desk) -> impl IntoView {
    let Inbox { items, snoozed, now } = inbox;
    let tabs = Tab::ALL.iter().map(|one| {
        let count = items.iter().filter(|item| one.holds(item.kind)).count();
        let words = if count > 0 { format!("{} ({count})", t(one.words())) } else { t(one.words()).to_owned() };
        let href = if *one == Tab::All { "/inbox".to_owned() } else { format!("/inbox?tab={one}") };
        (href, words, *one == tab)
    });
    let tabs: Vec<_> = tabs.collect();
    let shown: Vec<Item> = items.into_iter().filter(|item| tab.holds(item.kind)).collect();
    let later = (snoozed > 0).then(|| t_count(w::INBOX_SNOOZED, snoozed));
    let list = if shown.is_empty() {
        let (title, text) = if tab == Tab::All { (w::INBOX_ZERO, w::INBOX_ZERO_TEXT) } else { (w::INBOX_NONE, w::INBOX_NONE_TEXT) };
        view! { <div class="inbox-zero"><Empty kind=EmptyKind::Unused title=t(title) text=t(text)/></div> }.into_any()
    } else {
        let rows = shown.into_iter().map(|item| view! { <Row item now desk/> }).collect_view();
        view! { <ul class="list inbox-list">{rows}</ul> }.into_any()
    };
    view! {
        <LinkTabs label=t(w::INBOX_TABS) tabs/>
        <section class="card" aria-label=t(w::INBOX_TITLE)>{list}</section>
        {later.map(|words| view! { <p class="small muted">{words}</p> })}
        <p class="small muted only-wide">{t(w::INBOX_KEYS)}</p>
    }
    .into_any()
}

#[component]
fn Row(item: Item, now: DateTime<Utc>, desk: Desk) -> impl IntoView {
    let title = item.card.as_ref().map_or_else(|| item.title.clone(), |card| contact(card));
    let reason = reason(&item);
    let is_late = item.due_at.is_some_and(|due| due < now);
    let text = if item.kind == Kind::Question { String::new() } else { item.text.clone() };
    let (key, kind, is_settleable) = (item.key.clone(), item.kind, item.is_settleable);
    let call = item.card.as_ref().map(|card| card.id);
    let (focused, seen) = ((key.clone(), is_settleable), key.clone());
    let see = move |_| {
        let key = seen.clone();
        spawn_local(async move {
            let _ = read_item(key).await; // not worth a word
        });
    };
    let of_item = format!(" : {title}");
    let label = format!("{}{of_item}", t(w::INBOX_LATER));
    let action = match (kind, call) {
        (Kind::Team, Some(call)) if is_settleable => {
            let take = move |_| desk.run(w::INBOX_SAID_TAKEN, async move { take_call(call).await.map(drop) });
            view! { <Button size=ButtonSize::Small icon=icondata::LuHand on:click=take>{t(w::INBOX_TAKE)}<span class="sr">{of_item}</span></Button> }.into_any()
        }
        _ if is_settleable => {
            let key = key.clone();
            let done = move |_| desk.settle(key.clone());
            view! { <Button size=ButtonSize::Small icon=icondata::LuCheck on:click=done>{t(w::INBOX_DONE)}<span class="sr">{of_item}</span></Button> }.into_any()
        }
        _ => view! { <LinkButton href=item.href.clone() size=ButtonSize::Small>{t(w::INBOX_OPEN)}<span class="sr">{of_item}</span></LinkButton> }.into_any(),
    };
    let later = move |event: ev::Event| {
        if let Ok(until) = event_target_value(&event).parse::<Until>() {
            desk.snooze(key.clone(), until);
        }
    };
    view! {
        <li class="inbox-row" data-unread=item.is_unread.then_some("")>
            <div class="grow stack g1">
                <a class="inbox-link" href=item.href.clone() on:focus=move |_| desk.seen.set_value(Some(focused.clone())) on:click=see>
                    <b>{title}</b>
                    {item.is_unread.then(|| view! { <span class="unread-dot"><span class="sr">{t(w::INBOX_UNREAD)}</span></span> })}
                </a>
                {(!text.is_empty()).then(|| view! { <p class="inbox-text" dir="auto">{text}</p> })}
                <p class="small muted row wrap g2">
                    <Badge>{t(kind_key(kind))}</Badge>
                    <span>{reason}</span>
                    {(kind != Kind::Drift).then(|| view! { <RelativeTime at=item.at now/> })}
                    {item.due_at.map(|due| view! { <Badge tone=if is_late { Tone::Bad } else { Tone::Neutral } icon=icondata::LuClock>{t(if is_late { w::WORK_LATE } else { w::WORK_DUE_AT })}" "<When at=due now/></Badge> })}
                </p>
            </div>
            <div class="row g1 inbox-tools">
                {action}
                <select class="input" aria-label=label on:change=later>
                    <option value="">{t(w::INBOX_LATER)}</option>
                    {Until::ALL.iter().map(|until| view! { <option value=until.name()>{t(until_key(*until))}</option> }).collect_view()}
                </select>
            </div>
        </li>
    }
    .into_any()
}

fn kind_key(kind: Kind) -> Key {
    match kind {
        Kind::Call => w::INBOX_KIND_CALL,
        Kind::Mention => w::INBOX_KIND_MENTION,
        Kind::Team => w::INBOX_KIND_TEAM,
        Kind::Callback => w::INBOX_KIND_CALLBACK,
        Kind::Question => w::INBOX_KIND_QUESTION,
        Kind::Drift => w::INBOX_KIND_DRIFT,
    }
}

fn until_key(until: Until) -> Key {
    match until {
        Until::Hour => w::INBOX_UNTIL_HOUR,
        Until::Tomorrow => w::INBOX_UNTIL_TOMORROW,
        Until::Monday => w::INBOX_UNTIL_MONDAY,
    }
}

/// Why an item is there.
fn reason(item: &Item) -> String {
    let given = item.cause.map(|cause| why(cause, item.by.as_deref())).unwrap_or_default();
    match item.kind {
        Kind::Call => given,
        Kind::Mention => {
            item.by.as_ref().map_or_else(|| t(w::INBOX_WHY_MENTION).to_owned(), |by| t_with(w::INBOX_WHY_MENTION_BY, &[("name", by)]))
        }
        Kind::Team if item.was_returned => t(w::INBOX_WHY_RETURNED).to_owned(),
        Kind::Team => match &item.team {
            Some(team) => format!("{} · {given}", t_with(w::INBOX_WHY_TEAM, &[("team", team)])),
            None => format!("{} · {given}", t(w::INBOX_WHY_NOBODY)),
        },
        Kind::Callback => t(w::INBOX_WHY_CALLBACK).to_owned(),
        Kind::Question => t_count(w::INBOX_WHY_QUESTION, item.text.parse().unwrap_or(1)),
        Kind::Drift => t(w::INBOX_WHY_DRIFT).to_owned(),
    }
}

/// `j` and `k` go through the rows, Enter opens, since a row is a link; `e` or Alt+E says done, `h` or Alt+M puts off until tomorrow.
fn listen_to_keys(desk: Desk) {
    Effect::new(move || {
        let listener = window_event_listener(ev::keydown, move |event| {
            if event.ctrl_key() || event.meta_key() || event.default_prevented() || keys::are_taken() {
                return;
            }
            let seen = desk.seen.get_value();
            // On a Mac, Alt and a letter make another character: then the place of the key counts.
            let letter = if event.alt_key() { event.code().trim_start_matches("Key").to_lowercase() } else { event.key() };
            match (event.alt_key(), letter.as_str(), seen) {
                (false, _, _) if !single_keys_on() => {}
                (_, "j", _) => keys::step(".inbox-link", true),
                (_, "k", _) => keys::step(".inbox-link", false),
                (_, "e", Some((key, true))) => {
                    event.prevent_default();
                    desk.seen.set_value(None);
                    desk.settle(key);
                }
                (false, "h", Some((key, _))) | (true, "m", Some((key, _))) => {
                    event.prevent_default();
                    desk.seen.set_value(None);
                    desk.snooze(key, Until::Tomorrow);
                }
                _ => {}
            }
        });
        on_cleanup(move || listener.remove());
    });
}

/// How much awaits the reader, kept while the shell is there.
pub fn use_inbox_count(is_wanted: bool) -> Signal<u32> {
    let count = RwSignal::new(0_u32);
    if is_wanted {
        let look = move || {
            spawn_local(async move {
                if let Ok(now) = super::rpc::count_inbox().await {
                    count.try_set(now);
                }
            });
        };
        let waits = StoredValue::new(false);
        use_live().follow(
            INBOX.to_owned(),
            0,
            Callback::new(move |_: Arc<Tell>| {
                if waits.try_update_value(|waits| std::mem::replace(waits, true)) == Some(false) {
                    set_timeout(
                        move || {
                            waits.try_set_value(false);
                            look();
                        },
                        CALM,
                    );
                }
            }),
        );
        Effect::new(look);
    }
    count.into()
}
