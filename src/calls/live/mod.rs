//! Door 2: the live socket of this tab. One websocket carries every topic; it comes back by itself and resumes where it was cut.
//! What was heard is folded by the pure reducers [`board`] and [`call`]; this file only keeps the line open.

pub mod board;
pub mod call;
#[cfg(test)]
pub mod samples;
pub mod topics;

use super::{
    browser::{self, SocketEvent},
    model::{Ask, BOARD, CallCard, News, Tell},
};
use crate::{kit::ticking, shared::ids::CallId};
use board::{BoardState, Touched};
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use std::{sync::Arc, time::Duration};
use topics::{Topics, retry_delay_ms};

/// Where the socket is opened.
const PATH: &str = "/live/ws";
/// A visible page that hears nothing for so long asks again.
const SILENCE_MS: f64 = 40_000.0;
/// How long an answer, or an open connection, is waited for.
const PATIENCE_MS: f64 = 5_000.0;
/// A clock that jumps by more has slept.
const SLEPT_MS: f64 = 5_000.0;
/// A call that was asked for is on the board within this time, or it is not it.
const EXPECTED_WITHIN_MS: f64 = 20_000.0;
/// The server's word for a session that ended.
const SIGNED_OUT: u16 = 4401;

/// How the line to the server stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// Before the first word of the server.
    #[default]
    Connecting,
    Live,
    /// Connected again; so many lines and events are on their way.
    CatchingUp(u32),
    Reconnecting,
    /// The session ended: coming back is of no use.
    SignedOut,
}

/// The live line of this tab. Taken with [`use_live`].
#[derive(Clone, Copy)]
pub struct Live {
    /// How the line stands.
    pub link: RwSignal<Link>,
    /// When what is shown was last known to be true, if it may no longer be: milliseconds of the browser's clock.
    pub stale_since: RwSignal<Option<f64>>,
    /// Until when the next new call on the board is the one just asked for (milliseconds of the browser's clock).
    pub awaited: RwSignal<Option<f64>>,
    /// The call that was asked for, once it is there.
    pub arrived: RwSignal<Option<CallId>>,
    /// How far the server's clock is ahead of this browser's, in milliseconds; known from the first snapshot on.
    skew_ms: RwSignal<Option<i64>>,
    /// Changes with each piece of news of the board.
    pub heard: Trigger,
    board: StoredValue<BoardState>,
    counts: RwSignal<(u32, u32)>,
    topics: StoredValue<Topics>,
    followers: StoredValue<Vec<Follower>>,
    last_follower: StoredValue<u32>,
    line: StoredValue<Line>,
}

#[derive(Clone)]
struct Follower {
    id: u32,
    topic: String,
    hear: Callback<Arc<Tell>>,
}

/// The driver's own notes; nothing on the page depends on them.
#[derive(Default)]
struct Line {
    is_open: bool,
    /// The session ended.
    is_over: bool,
    tries: u32,
    /// Changes with each connection, so that an old timer does nothing.
    round: u32,
    opened_ms: f64,
    heard_ms: f64,
    ticked_ms: f64,
    probed_ms: Option<f64>,
}

/// Opens the live line for as long as the caller's owner lives; once, around the shell. Without the right to see calls: nothing.
pub fn provide_live(may_see_calls: bool) -> Signal<u32> {
    let live = Live {
        link: RwSignal::new(Link::Connecting),
        stale_since: RwSignal::new(None),
        awaited: RwSignal::new(None),
        arrived: RwSignal::new(None),
        skew_ms: RwSignal::new(None),
        heard: Trigger::new(),
        board: StoredValue::new(BoardState::default()),
        counts: RwSignal::new((0, 0)),
        topics: StoredValue::new(Topics::default()),
        followers: StoredValue::new(Vec::new()),
        last_follower: StoredValue::new(0),
        line: StoredValue::new(Line::default()),
    };
    provide_context(live);
    if may_see_calls {
        live.follow(BOARD.to_owned(), 0, Callback::new(move |tell: Arc<Tell>| live.hear_board(&tell.news)));
        Effect::new(move || live.start());
    }
    let counts = live.counts;
    Signal::derive(move || counts.get().0)
}

/// The live line of this tab.
pub fn use_live() -> Live {
    expect_context()
}

impl Live {
    /// Hears a topic for as long as the caller's owner lives. `after` is the last sequence number the caller has.
    pub fn follow(self, topic: String, after: i64, hear: Callback<Arc<Tell>>) {
        let id = self.last_follower.with_value(|last| last + 1);
        self.last_follower.set_value(id);
        let name = topic.clone();
        Effect::new(move || {
            self.followers.update_value(|followers| followers.push(Follower { id, topic: topic.clone(), hear }));
            if let Some(ask) = self.topics.try_update_value(|topics| topics.add(&topic, after)) {
                self.send(&ask);
            }
        });
        on_cleanup(move || {
            let was_there = self.followers.try_update_value(|followers| {
                let before = followers.len();
                followers.retain(|follower| follower.id != id);
                followers.len() != before
            });
            if was_there != Some(true) {
                return;
            }
            if let Some(Some(ask)) = self.topics.try_update_value(|topics| topics.remove(&name)) {
                self.send(&ask);
            }
        });
    }

    /// How many calls speak, and how many ring.
    pub fn counts(self) -> Signal<(u32, u32)> {
        self.counts.into()
    }

    /// A call as the board last told of it.
    pub fn card(self, id: CallId) -> Option<CallCard> {
        self.board.with_value(|board| board.get(id).cloned())
    }

    /// Expects a call that somebody just asked for.
    pub fn expect_call(self) {
        self.arrived.set(None);
        self.awaited.set(Some(browser::now_ms() + EXPECTED_WITHIN_MS));
    }

    /// The server's time, moving on by itself: exact from the first snapshot on, before that `rendered` with the page.
    pub fn server_now(self, rendered: DateTime<Utc>) -> Signal<DateTime<Utc>> {
        let rendered = ticking(rendered);
        Signal::derive(move || {
            let rendered = rendered.get(); // also what makes this move on
            match self.skew_ms.get() {
                Some(skew) => DateTime::from_timestamp_millis(browser::now_ms() as i64 + skew).unwrap_or(rendered),
                None => rendered,
            }
        })
    }

    fn hear_board(self, news: &News) {
        if let News::Board { server_now, .. } = news {
            self.skew_ms.set(Some(server_now.timestamp_millis() - browser::now_ms() as i64));
        }
        if let (News::Card { card }, Some(until)) = (news, self.awaited.get_untracked()) {
            let is_new = !card.status.is_over() && self.card(card.id).is_none();
            if is_new && browser::now_ms() < until {
                self.awaited.set(None);
                self.arrived.set(Some(card.id));
            }
        }
        if self.board.try_update_value(|board| board.apply(news)).is_some_and(|touched| touched != Touched::Nothing) {
            self.heard.notify();
            let counts = self.board.with_value(BoardState::counts);
            if self.counts.get_untracked() != counts {
                self.counts.set(counts);
            }
        }
    }

    fn start(self) {
        self.connect();
        let tick = set_interval_with_handle(move || self.tick(), Duration::from_secs(1));
        let online = window_event_listener_untyped("online", move |_| self.wake());
        // Bubbles from the document to the window; `pageshow` comes after the back-forward cache.
        let visible = window_event_listener_untyped("visibilitychange", move |_| self.wake());
        let shown = window_event_listener_untyped("pageshow", move |_| self.wake());
        on_cleanup(move || {
            if let Ok(tick) = tick {
                tick.clear();
            }
            online.remove();
            visible.remove();
            shown.remove();
            browser::close_socket();
        });
    }

    fn connect(self) {
        if self.line.with_value(|line| line.is_over) {
            return;
        }
        let now = browser::now_ms();
        let round = self.line.try_update_value(|line| {
            line.round += 1;
            (line.is_open, line.opened_ms, line.probed_ms) = (false, now, None);
            line.round
        });
        let Some(round) = round else { return };
        browser::open_socket(PATH, move |event| {
            if self.line.try_with_value(|line| line.round == round) == Some(true) {
                self.on_event(event);
            }
        });
    }

    fn on_event(self, event: SocketEvent) {
        match event {
            SocketEvent::Opened => {
                self.line.update_value(|line| line.is_open = true);
                self.topics.with_value(|topics| topics.asks().iter().for_each(|ask| self.send(ask)));
            }
            SocketEvent::Text(text) => self.hear(&text),
            SocketEvent::Closed(SIGNED_OUT) => {
                self.line.update_value(|line| (line.is_open, line.is_over) = (false, true));
                self.link.set(Link::SignedOut);
            }
            SocketEvent::Closed(_) => self.retry_later(),
        }
    }

    fn hear(self, text: &str) {
        self.line.update_value(|line| (line.heard_ms, line.probed_ms, line.tries) = (browser::now_ms(), None, 0));
        let tell: Tell = match serde_json::from_str(text) {
            Ok(tell) => tell,
            Err(error) => return leptos::logging::warn!("the live line said something new: {error}"),
        };
        self.topics.update_value(|topics| topics.hear(&tell));
        let behind = self.topics.with_value(Topics::behind);
        let link = if behind > 0 { Link::CatchingUp(u32::try_from(behind).unwrap_or(u32::MAX)) } else { Link::Live };
        if self.link.get_untracked() != link {
            self.link.set(link);
        }
        if self.stale_since.with_untracked(Option::is_some) {
            self.stale_since.set(None);
        }
        let tell = Arc::new(tell);
        let followers = self.followers.with_value(|all| all.iter().filter(|f| f.topic == tell.topic).map(|f| f.hear).collect::<Vec<_>>());
        followers.into_iter().for_each(|hear| hear.run(tell.clone()));
    }

    fn retry_later(self) {
        let tries = self.line.try_update_value(|line| {
            line.is_open = false;
            line.tries += 1;
            (line.tries - 1, line.round, line.heard_ms)
        });
        let Some((tries, round, heard_ms)) = tries else { return };
        if self.link.get_untracked() != Link::Connecting {
            self.link.set(Link::Reconnecting);
        }
        self.mark_stale(heard_ms);
        let wait = Duration::from_millis(retry_delay_ms(tries, browser::random()).into());
        set_timeout(
            move || {
                if self.line.try_with_value(|line| line.round == round) == Some(true) {
                    self.connect();
                }
            },
            wait,
        );
    }

    /// The network or the person came back: no waiting.
    fn wake(self) {
        if !browser::is_visible() {
            return;
        }
        let Some((is_open, heard_ms)) = self.line.try_with_value(|line| (line.is_open, line.heard_ms)) else { return };
        if is_open {
            if browser::now_ms() - heard_ms > PATIENCE_MS {
                self.probe();
            }
        } else if browser::now_ms() - self.line.with_value(|line| line.opened_ms) > 1000.0 {
            self.connect();
        }
    }

    /// Asks for everything anew: an answer proves that the line still stands.
    fn probe(self) {
        self.line.update_value(|line| line.probed_ms = Some(browser::now_ms()));
        self.topics.with_value(|topics| topics.asks().iter().for_each(|ask| self.send(ask)));
    }

    fn tick(self) {
        let now = browser::now_ms();
        let Some((slept, line)) = self.line.try_update_value(|line| {
            let slept = line.ticked_ms > 0.0 && now - line.ticked_ms > SLEPT_MS;
            line.ticked_ms = now;
            (slept, (line.is_open, line.heard_ms, line.probed_ms, line.opened_ms))
        }) else {
            return;
        };
        let (is_open, heard_ms, probed_ms, opened_ms) = line;
        if slept && browser::is_visible() {
            self.mark_stale(heard_ms);
            return if is_open { self.probe() } else { self.connect() };
        }
        match probed_ms {
            Some(probed) if now - probed > PATIENCE_MS => {
                browser::close_socket();
                self.link.set(Link::Reconnecting);
                self.mark_stale(heard_ms);
                self.connect();
            }
            None if is_open && browser::is_visible() && now - heard_ms.max(opened_ms) > SILENCE_MS => self.probe(),
            None if !is_open && now - opened_ms > 3.0 * PATIENCE_MS => self.connect(),
            _ => {}
        }
        if now - opened_ms > PATIENCE_MS && matches!(self.link.get_untracked(), Link::CatchingUp(_)) {
            self.topics.update_value(Topics::give_up_waiting);
            self.link.set(Link::Live);
        }
    }

    fn mark_stale(self, since_ms: f64) {
        if since_ms > 0.0 && self.stale_since.with_untracked(Option::is_none) {
            self.stale_since.set(Some(since_ms));
        }
    }

    fn send(self, ask: &Ask) {
        if self.line.with_value(|line| line.is_open) {
            browser::send_to_socket(&serde_json::to_string(ask).unwrap_or_default());
        }
    }
}
