//! The calls of the live board: in groups, in an order that holds still while somebody points at it.

use super::{
    browser,
    live::{
        Live,
        board::{BoardState, Group, Section, Touched, group_of, held},
    },
    model::{BOARD, CallCard, CallStatus, News, Speaker, Tell},
    parts::{CallRing, CallTimer, ContactAvatar, Wave},
    words,
};
use crate::{
    i18n::{Key, t, t_count, words as w},
    kit::{Each, Icon},
    shared::ids::CallId,
};
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use std::{collections::HashMap, sync::Arc, time::Duration};

/// The board on the page: each call is a signal of its own, so that one line changes one row.
#[derive(Clone, Copy)]
pub struct Board {
    state: StoredValue<BoardState>,
    cards: StoredValue<HashMap<CallId, ArcRwSignal<CallCard>>>,
    fresh: RwSignal<Vec<Section>>,
    shown: RwSignal<Vec<Section>>,
    is_held: RwSignal<bool>,
}

impl Board {
    /// From what the page was rendered with; from then on the live line keeps it.
    pub fn new(calls: Vec<CallCard>, live: Live, now: Signal<DateTime<Utc>>) -> Self {
        let mut state = BoardState::new(calls);
        state.prune(now.get_untracked());
        let cards = state.cards().map(|card| (card.id, ArcRwSignal::new(card.clone()))).collect();
        let sections = state.sections();
        let board = Self {
            state: StoredValue::new(state),
            cards: StoredValue::new(cards),
            fresh: RwSignal::new(sections.clone()),
            shown: RwSignal::new(sections),
            is_held: RwSignal::new(false),
        };
        live.follow(BOARD.to_owned(), 0, Callback::new(move |tell: Arc<Tell>| board.hear(&tell)));
        Effect::new(move || {
            let now = now.get();
            if board.state.try_update_value(|state| state.prune(now)) == Some(true) {
                board.order();
            }
        });
        board
    }

    /// Whether there is no call at all.
    pub fn is_empty(self) -> bool {
        self.shown.with(Vec::is_empty)
    }

    /// While something rests on the board nothing moves.
    pub fn hold(self, wanted: bool) {
        if self.is_held.get_untracked() != wanted {
            self.is_held.set(wanted);
            self.show();
        }
    }

    fn hear(self, tell: &Tell) {
        let before = |id| self.state.with_value(|state| state.get(id).map(group_of));
        let touched_group = match &tell.news {
            News::Card { card } => before(card.id),
            _ => None,
        };
        match self.state.try_update_value(|state| state.apply(&tell.news)) {
            Some(Touched::All) => {
                self.state.with_value(|state| state.cards().for_each(|card| self.put(card)));
                self.order();
            }
            Some(Touched::One(id)) => {
                self.state.with_value(|state| state.get(id).into_iter().for_each(|card| self.put(card)));
                if before(id) != touched_group {
                    self.order();
                }
            }
            _ => {}
        }
    }

    fn put(self, card: &CallCard) {
        let known = self.cards.with_value(|cards| cards.get(&card.id).cloned());
        match known {
            Some(signal) if signal.with_untracked(|known| known == card) => {}
            Some(signal) => signal.set(card.clone()),
            None => self.cards.update_value(|cards| drop(cards.insert(card.id, ArcRwSignal::new(card.clone())))),
        }
    }

    fn order(self) {
        self.fresh.set(self.state.with_value(BoardState::sections));
        self.show();
    }

    fn show(self) {
        let fresh = self.fresh.get_untracked();
        let next = if self.is_held.get_untracked() { self.shown.with_untracked(|shown| held(shown, &fresh)) } else { fresh };
        if self.shown.with_untracked(|shown| *shown != next) {
            self.shown.set(next);
        }
        let shown: Vec<CallId> = self.shown.with_untracked(|shown| shown.iter().flat_map(|section| section.calls.clone()).collect());
        self.cards
            .update_value(|cards| cards.retain(|id, _| shown.contains(id) || self.state.with_value(|state| state.get(*id).is_some())));
    }

    fn card(self, id: CallId) -> Option<ArcRwSignal<CallCard>> {
        self.cards.with_value(|cards| cards.get(&id).cloned())
    }
}

/// The groups and their calls. Links, so that the board works before wasm.
#[component]
pub fn BoardList(board: Board, now: Signal<DateTime<Utc>>, #[prop(into)] selected: Signal<Option<CallId>>) -> impl IntoView {
    let groups = Memo::new(move |_| board.shown.with(|shown| shown.iter().map(|section| section.group as u128).collect::<Vec<_>>()));
    let draw = move |key: u128| {
        let group = Group::ALL.iter().copied().find(|group| *group as u128 == key);
        group.map(|group| view! { <GroupOfCalls group board now selected/> }).into_any()
    };
    let (points, has_focus) = (RwSignal::new(false), RwSignal::new(false));
    // Only a focus that keys put there: a click leaves one behind for good. Asked a moment later, when the focus has arrived.
    let look_at_focus = move || {
        set_timeout(
            move || {
                has_focus.try_set(browser::has_key_focus(".board-list"));
            },
            Duration::from_millis(20),
        );
    };
    Effect::new(move || board.hold(points.get() || has_focus.get()));
    view! {
        <div
            class="board-list"
            on:pointerenter=move |_| points.set(true)
            on:pointerleave=move |_| points.set(false)
            on:focusin=move |_| look_at_focus()
            on:focusout=move |_| look_at_focus()
        >
            <Each keys=groups row=Callback::new(draw)/>
        </div>
    }
    .into_any()
}

#[component]
fn GroupOfCalls(group: Group, board: Board, now: Signal<DateTime<Utc>>, selected: Signal<Option<CallId>>) -> impl IntoView {
    let calls = Memo::new(move |_| {
        board
            .shown
            .with(|shown| {
                shown
                    .iter()
                    .find(|section| section.group == group)
                    .map(|section| section.calls.iter().map(|id| id.0.as_u128()).collect::<Vec<_>>())
            })
            .unwrap_or_default()
    });
    let draw = move |key: u128| {
        let card = board.card(CallId(uuid::Uuid::from_u128(key)));
        card.map(|card| view! { <li><CallItem card=card.into() now selected/></li> }).into_any()
    };
    let heading = format!("group-{group}");
    view! {
        <section class="board-group" data-group=group.name() aria-labelledby=heading.clone()>
            <h2 class="eyebrow" id=heading.clone()>{t(group_word(group))}" "<span class="faint num">{move || calls.with(Vec::len)}</span></h2>
            <ul class="board-calls">
                <Each keys=calls row=Callback::new(draw)/>
            </ul>
        </section>
    }
    .into_any()
}

fn group_word(group: Group) -> Key {
    match group {
        Group::Attention => w::LIVE_GROUP_ATTENTION,
        Group::Live => w::LIVE_GROUP_LIVE,
        Group::Ringing => w::LIVE_GROUP_RINGING,
        Group::Ended => w::LIVE_GROUP_ENDED,
        Group::New => w::LIVE_GROUP_NEW,
    }
}

/// One call: a row of the list, or a tile; the style decides.
#[component]
fn CallItem(card: Signal<CallCard>, now: Signal<DateTime<Utc>>, selected: Signal<Option<CallId>>) -> impl IntoView {
    let id = card.with_untracked(|card| card.id);
    let name = Memo::new(move |_| card.with(words::contact));
    let with = Memo::new(move |_| card.with(|card| words::speaker(card, Speaker::Assistant)));
    let direction = Memo::new(move |_| card.with(|card| card.direction));
    let speaks = Memo::new(move |_| card.with(|card| card.status.is_live()));
    let line = Memo::new(move |_| card.with(last_said));
    view! {
        <a class="item call-item" href=format!("/live/{id}") aria-current=move || (selected.get() == Some(id)).then_some("true") data-call=id.to_string()>
            <ContactAvatar card/>
            <span class="clip"><b>{move || name.get()}</b></span>
            <CallTimer card now/>
            <span class="call-state"><CallRing card/></span>
            <span class="call-line small muted" dir="auto">
                {move || line.get()}
            </span>
            <span class="call-with row g1 small faint">
                <Icon icon=icondata::LuAudioLines small=true/>
                <span class="clip">{move || with.get()}</span>
                <span class="sr">{move || t(words::direction_word(direction.get()))}</span>
                <Show when=move || speaks.get()><Wave tone="ok"/></Show>
            </span>
        </a>
    }
    .into_any()
}

/// The last line with its speaker; once it is over, what came of it.
fn last_said(card: &CallCard) -> String {
    if card.status == CallStatus::Ended
        && let Some(summary) = card.summary.clone().filter(|summary| !summary.is_empty())
    {
        return summary;
    }
    match (&card.last_line, card.last_speaker) {
        (Some(line), Some(speaker)) => words::line_of(card, speaker, line),
        (Some(line), None) => line.clone(),
        (None, _) => t(words::direction_word(card.direction)).to_owned(),
    }
}

/// How many speak and how many ring, beside the title.
#[component]
pub fn LiveCounts(live: Live) -> impl IntoView {
    let counts = live.counts();
    view! {
        <Show when=move || { counts.get().0 > 0 }>
            <span class="status live small only-wide"><i class="ring" aria-hidden="true"></i>{move || t_count(w::LIVE_COUNT_LIVE, i64::from(counts.get().0))}</span>
        </Show>
        <Show when=move || { counts.get().1 > 0 }>
            <span class="status ringing small only-wide"><i class="ring" aria-hidden="true"></i>{move || t_count(w::LIVE_COUNT_RINGING, i64::from(counts.get().1))}</span>
        </Show>
    }
    .into_any()
}
