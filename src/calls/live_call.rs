//! One live call on the page: its state, kept by the live line, and the steps the team can take. The panel and its parts share it.

use super::{
    browser::{self, EarEvent},
    live::{Live, call::CallState},
    model::{ActionTaken, CallCard, CallDetail, CallStatus, LiveAction, Tell, call_topic},
    rpc::act_on_call,
};
use crate::{
    i18n::{Key, words as w},
    kit::{Toaster, use_toasts},
    shared::{error::AppError, ids::CallId},
};
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use std::sync::Arc;

/// A call that is being watched.
#[derive(Clone, Copy)]
pub struct Watched {
    pub id: CallId,
    pub state: RwSignal<CallState>,
    pub card: Memo<CallCard>,
    pub now: Signal<DateTime<Utc>>,
    pub detail: StoredValue<CallDetail>,
    /// What the team did, newest last.
    pub actions: RwSignal<Vec<ActionTaken>>,
    /// Kinds of action that are under way.
    pub busy: RwSignal<Vec<&'static str>>,
    /// What the last action came to.
    pub last: RwSignal<Option<Result<ActionTaken, AppError>>>,
    pub ear: RwSignal<Ear>,
    toasts: Toaster,
}

/// Whether this browser listens in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ear {
    Off,
    Opening,
    On,
    Refused,
}

impl Watched {
    /// From what the page was rendered with; from then on the live line keeps it.
    pub fn new(detail: CallDetail, live: Live, now: Signal<DateTime<Utc>>) -> Self {
        let state = RwSignal::new(CallState::from_detail(&detail));
        let id = detail.card.id;
        let after = state.with_untracked(CallState::cursor);
        live.follow(
            call_topic(id),
            after,
            Callback::new(move |tell: Arc<Tell>| {
                state.try_update(|state| state.apply(&tell.news));
            }),
        );
        let watched = Self {
            id,
            state,
            card: Memo::new(move |_| state.with(|state| state.card.clone())),
            now,
            actions: RwSignal::new(detail.actions.clone()),
            detail: StoredValue::new(detail),
            busy: RwSignal::new(Vec::new()),
            last: RwSignal::new(None),
            ear: RwSignal::new(Ear::Off),
            toasts: use_toasts(),
        };
        on_cleanup(browser::close_ear);
        Effect::new(move || {
            if watched.is_over() && watched.ear.get_untracked() != Ear::Off {
                watched.stop_listening();
            }
        });
        watched
    }

    /// Nothing more will be said.
    pub fn is_over(self) -> bool {
        self.card.with(|card| card.status.is_over())
    }

    /// Why no step can be taken now; nothing when it can.
    pub fn hindrance(self) -> Option<Key> {
        self.hindrance_to(self.detail.with_value(|detail| detail.controllable), w::LIVE_HINDRANCE_NO_CONTROL)
    }

    /// Why the call cannot be heard now: who may not step in may still listen.
    pub fn hindrance_to_listen(self) -> Option<Key> {
        self.hindrance_to(self.detail.with_value(|detail| detail.listenable), w::LIVE_HINDRANCE_NO_SOUND)
    }

    fn hindrance_to(self, was_possible: bool, refused: Key) -> Option<Key> {
        // What the page read while it rang says nothing about now.
        let was_live = self.detail.with_value(|detail| detail.card.status.is_live());
        self.card.with(|card| hindrance(card.status, !was_live || was_possible, refused))
    }

    /// The same, without following it.
    pub fn hindrance_untracked(self) -> Option<Key> {
        untrack(|| self.hindrance())
    }

    /// Whether an action of this kind is under way.
    pub fn is_busy(self, kind: &'static str) -> bool {
        self.busy.with(|busy| busy.contains(&kind))
    }

    /// Takes a step; `done` hears whether it went out.
    pub fn act(self, action: LiveAction, done: impl FnOnce(bool) + 'static) {
        let kind = action.name();
        if self.busy.with_untracked(|busy| busy.contains(&kind)) {
            return;
        }
        self.busy.update(|busy| busy.push(kind));
        leptos::task::spawn_local(async move {
            let answer = act_on_call(self.id, action).await;
            self.busy.try_update(|busy| busy.retain(|known| *known != kind));
            match &answer {
                Ok(taken) => {
                    self.actions.try_update(|actions| actions.push(taken.clone()));
                }
                Err(error) => self.toasts.fail(error),
            }
            done(answer.as_ref().is_ok_and(|taken| taken.outcome != "failed"));
            self.last.try_set(Some(answer));
        });
    }

    /// Begins or stops to listen; from a click or a key, or the browser stays silent.
    pub fn toggle_listening(self) {
        match self.ear.get_untracked() {
            Ear::Off | Ear::Refused => {
                self.ear.set(Ear::Opening);
                browser::open_ear(&format!("/live/listen/{}", self.id), move |event| {
                    self.ear.try_set(match event {
                        EarEvent::Heard => Ear::On,
                        EarEvent::Ended => Ear::Off,
                        EarEvent::Refused => Ear::Refused,
                    });
                });
            }
            Ear::Opening | Ear::On => self.stop_listening(),
        }
    }

    fn stop_listening(self) {
        browser::close_ear();
        self.ear.set(Ear::Off);
    }
}

fn hindrance(status: CallStatus, is_possible: bool, refused: Key) -> Option<Key> {
    match status {
        status if status.is_over() => Some(w::LIVE_HINDRANCE_OVER),
        status if !status.is_live() => Some(w::LIVE_HINDRANCE_NOT_ANSWERED),
        _ if !is_possible => Some(refused),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_steered_may_still_be_heard() {
        let of = |status, is_possible| hindrance(status, is_possible, w::LIVE_HINDRANCE_NO_SOUND);
        assert_eq!(of(CallStatus::Live, true), None);
        assert_eq!(of(CallStatus::Live, false), Some(w::LIVE_HINDRANCE_NO_SOUND));
        assert_eq!(of(CallStatus::Ringing, true), Some(w::LIVE_HINDRANCE_NOT_ANSWERED));
        assert_eq!(of(CallStatus::Ended, true), Some(w::LIVE_HINDRANCE_OVER));
    }
}
