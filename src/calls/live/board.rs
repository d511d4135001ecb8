//! The board as its viewer knows it: a pure reducer, and the order in which calls stand.

use crate::{
    calls::model::{CallCard, CallStatus, News},
    shared::ids::CallId,
};
use chrono::{DateTime, Duration, Utc};

/// How long a call stays on the board after its end.
pub const LINGER: Duration = Duration::minutes(2);

/// Every call of the board, in the order of their ids.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BoardState(Vec<CallCard>);

/// What a piece of news changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    All,
    One(CallId),
    Nothing,
}

text_enum! {
    /// Where on the board a call stands, from the top.
    Group {
        /// A person should look: the assistant is silent, or a transfer is under way.
        Attention = "attention",
        Live = "live",
        Ringing = "ringing",
        Ended = "ended",
        /// Came in while the order was held.
        New = "new",
    }
}

/// A group and its calls, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    pub group: Group,
    pub calls: Vec<CallId>,
}

/// The group a call belongs to.
pub fn group_of(card: &CallCard) -> Group {
    match card.status {
        CallStatus::Ended => Group::Ended,
        CallStatus::Queued | CallStatus::Ringing => Group::Ringing,
        CallStatus::Forwarding => Group::Attention,
        CallStatus::Live if card.assistant_muted => Group::Attention,
        CallStatus::Live => Group::Live,
    }
}

impl BoardState {
    /// What the page was rendered from.
    pub fn new(calls: Vec<CallCard>) -> Self {
        let mut board = Self::default();
        calls.into_iter().for_each(|card| board.put(card));
        board
    }

    fn place(&self, id: CallId) -> Result<usize, usize> {
        self.0.binary_search_by(|card| card.id.cmp(&id))
    }

    fn put(&mut self, card: CallCard) {
        match self.place(card.id) {
            Ok(at) => self.0[at] = card,
            Err(at) => self.0.insert(at, card),
        }
    }

    /// Takes in one piece of news of the board.
    pub fn apply(&mut self, news: &News) -> Touched {
        match news {
            News::Board { calls, .. } => {
                *self = Self::new(calls.clone());
                Touched::All
            }
            News::Card { card } => {
                if self.get(card.id).is_some_and(|known| known.seq > card.seq || known == &**card) {
                    return Touched::Nothing;
                }
                self.put((**card).clone());
                Touched::One(card.id)
            }
            _ => Touched::Nothing,
        }
    }

    /// Lets go of calls that ended a while ago; whether there were any.
    pub fn prune(&mut self, now: DateTime<Utc>) -> bool {
        let before = self.0.len();
        self.0.retain(|card| !card.status.is_over() || card.ended_at.is_none_or(|ended| now - ended < LINGER));
        self.0.len() != before
    }

    /// A call of the board.
    pub fn get(&self, id: CallId) -> Option<&CallCard> {
        self.place(id).ok().map(|at| &self.0[at])
    }

    /// Every call.
    pub fn cards(&self) -> impl Iterator<Item = &CallCard> {
        self.0.iter()
    }

    /// How many speak, and how many ring.
    pub fn counts(&self) -> (u32, u32) {
        let count = |wanted: fn(CallStatus) -> bool| self.0.iter().filter(|card| wanted(card.status)).count() as u32;
        (count(CallStatus::is_live), count(|status| matches!(status, CallStatus::Queued | CallStatus::Ringing)))
    }

    /// The groups that have calls: the longest-running first, so that a newcomer stands last; of the ended ones the latest first.
    pub fn sections(&self) -> Vec<Section> {
        let groups = Group::ALL.iter().map(|group| {
            let mut cards: Vec<&CallCard> = self.0.iter().filter(|card| group_of(card) == *group).collect();
            let place = |card: &CallCard| match group {
                Group::Ended => card.ended_at.map_or(i64::MAX, |ended| -ended.timestamp_micros()),
                _ => card.created_at.timestamp_micros(),
            };
            cards.sort_unstable_by_key(|card| (place(card), card.id));
            Section { group: *group, calls: cards.into_iter().map(|card| card.id).collect() }
        });
        groups.filter(|section| !section.calls.is_empty()).collect()
    }
}

/// The order while the pointer or the focus rests on the board: nothing moves or leaves, and newcomers wait at the end.
pub fn held(shown: &[Section], fresh: &[Section]) -> Vec<Section> {
    let mut held = shown.to_vec();
    let newcomers: Vec<CallId> = fresh
        .iter()
        .flat_map(|section| &section.calls)
        .filter(|id| !shown.iter().any(|section| section.calls.contains(id)))
        .copied()
        .collect();
    if newcomers.is_empty() {
        return held;
    }
    match held.last_mut() {
        Some(last) if last.group == Group::New => last.calls.extend(newcomers),
        _ => held.push(Section { group: Group::New, calls: newcomers }),
    }
    held
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::live::samples::card;

    fn ended(n: u128, seconds_ago: i64, now: DateTime<Utc>) -> CallCard {
        let mut card = card(n);
        (card.status, card.ended_at) = (CallStatus::Ended, Some(now - Duration::seconds(seconds_ago)));
        card
    }

    fn news(card: CallCard) -> News {
        News::Card { card: Box::new(card) }
    }

    #[test]
    fn a_snapshot_replaces_everything_and_cards_change_one_call() {
        let mut board = BoardState::new(vec![card(1), card(2)]);
        let now = card(1).created_at;
        assert_eq!(board.apply(&News::Board { calls: vec![card(3)], server_now: now }), Touched::All);
        assert_eq!(board.cards().map(|c| c.id).collect::<Vec<_>>(), [card(3).id]);
        let mut changed = card(3);
        (changed.seq, changed.last_line) = (5, Some("Bonjour".into()));
        assert_eq!(board.apply(&news(changed.clone())), Touched::One(changed.id));
        assert_eq!(board.apply(&news(changed)), Touched::Nothing, "told twice");
        assert_eq!(board.apply(&news(card(3))), Touched::Nothing, "older than what is known");
        assert_eq!(board.get(card(3).id).and_then(|c| c.last_line.as_deref()), Some("Bonjour"));
    }

    #[test]
    fn ended_calls_leave_after_two_minutes() {
        let now = card(1).created_at;
        let mut board = BoardState::new(vec![card(1), ended(2, 119, now), ended(3, 121, now)]);
        assert!(board.prune(now));
        assert_eq!(board.cards().map(|c| c.id).collect::<Vec<_>>(), [card(1).id, card(2).id]);
        assert!(!board.prune(now));
    }

    #[test]
    fn calls_that_need_a_person_stand_first_and_newcomers_last_in_their_group() {
        let (mut muted, mut ringing, mut older) = (card(4), card(2), card(9));
        muted.assistant_muted = true;
        ringing.status = CallStatus::Ringing;
        older.created_at -= Duration::minutes(3);
        let board = BoardState::new(vec![card(1), ringing, card(3), muted, older]);
        let order: Vec<(Group, Vec<CallId>)> = board.sections().into_iter().map(|s| (s.group, s.calls)).collect();
        assert_eq!(
            order,
            [
                (Group::Attention, vec![card(4).id]),
                (Group::Live, vec![card(9).id, card(1).id, card(3).id]),
                (Group::Ringing, vec![card(2).id])
            ]
        );
        assert_eq!(board.counts(), (4, 1));
    }

    #[test]
    fn nothing_moves_under_the_pointer() {
        let board = |calls: Vec<CallCard>| BoardState::new(calls).sections();
        let now = card(1).created_at;
        let shown = board(vec![card(1), card(2)]);
        let first = held(&shown, &board(vec![ended(1, 1, now), card(2), card(3)]));
        assert_eq!(first[0], shown[0], "the ended call keeps its place");
        assert_eq!(first[1], Section { group: Group::New, calls: vec![card(3).id] });
        let second = held(&first, &board(vec![card(2), card(3), card(4)]));
        assert_eq!(second[1].calls, [card(3).id, card(4).id]);
    }
}
