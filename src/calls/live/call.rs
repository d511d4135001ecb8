//! One call as its viewer knows it: a pure reducer over what the socket tells. Nothing is shown twice, nothing is left out.

use crate::calls::model::{CallCard, CallDetail, CallEvent, Line, News, Speaker};

/// What a viewer knows of one call.
#[derive(Clone, Debug, PartialEq)]
pub struct CallState {
    pub card: CallCard,
    lines: Vec<Line>,
    events: Vec<CallEvent>,
    partials: Vec<(Speaker, String)>,
    cursor: i64,
    /// Why the topic ended for us, if it did: gone, or no longer allowed.
    pub closed: Option<String>,
}

/// One entry of the conversation.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    Said(Line),
    Happened(CallEvent),
}

impl Entry {
    /// Its place in the call's stream: never used twice.
    pub fn seq(&self) -> i64 {
        match self {
            Self::Said(line) => line.seq,
            Self::Happened(event) => event.seq,
        }
    }

    /// Epoch milliseconds.
    pub fn at_ms(&self) -> i64 {
        match self {
            Self::Said(line) => line.at_ms,
            Self::Happened(event) => event.at_ms,
        }
    }
}

impl CallState {
    /// What the page was rendered from.
    pub fn from_detail(detail: &CallDetail) -> Self {
        let (lines, events) = (detail.lines.clone(), detail.events.clone());
        let cursor = newest(&lines, &events);
        Self { card: detail.card.clone(), lines, events, partials: Vec::new(), cursor, closed: None }
    }

    /// The highest sequence number seen: resume after it.
    pub fn cursor(&self) -> i64 {
        self.cursor
    }

    /// Takes in one piece of news. What was seen before is ignored.
    pub fn apply(&mut self, news: &News) {
        match news {
            News::More { lines, events } => self.take(lines, events),
            News::Card { card } => self.take_card(card),
            News::Partial { speaker, text } => self.take_partial(*speaker, text),
            News::Closed { reason } => self.closed = Some(reason.clone()),
            News::Board { .. } | News::Work | News::Here { .. } => {}
        }
    }

    fn take(&mut self, lines: &[Line], events: &[CallEvent]) {
        let seen = self.cursor;
        for line in lines.iter().filter(|line| line.seq > seen) {
            self.partials.retain(|(speaker, _)| *speaker != line.speaker);
            self.lines.push(line.clone());
        }
        self.events.extend(events.iter().filter(|event| event.seq > seen).cloned());
        self.cursor = seen.max(newest(lines, events));
    }

    fn take_card(&mut self, card: &CallCard) {
        if card.seq < self.card.seq {
            return;
        }
        self.card = card.clone();
        if card.status.is_over() {
            self.partials.clear();
        }
    }

    fn take_partial(&mut self, speaker: Speaker, text: &str) {
        // Words on their way may be overtaken by the line they became.
        let is_old = self.lines.iter().rev().find(|line| line.speaker == speaker).is_some_and(|line| line.text.starts_with(text.trim()));
        if self.card.status.is_over() || text.trim().is_empty() || is_old {
            return;
        }
        self.partials.retain(|(known, _)| *known != speaker);
        self.partials.push((speaker, text.to_owned()));
    }

    /// Words that are being spoken now.
    pub fn partials(&self) -> &[(Speaker, String)] {
        &self.partials
    }

    /// The lines to show: the settled transcript of the final report takes the place of what was heard live.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        let has = |settled| self.lines.iter().any(|line| line.settled == settled);
        let wants_settled = has(true) && (self.card.status.is_over() || !has(false));
        self.lines.iter().filter(move |line| line.settled == wants_settled)
    }

    /// Lines and events as they happened.
    pub fn entries(&self) -> Vec<Entry> {
        let mut entries: Vec<Entry> =
            self.lines().cloned().map(Entry::Said).chain(self.events.iter().cloned().map(Entry::Happened)).collect();
        entries.sort_by_key(|entry| (entry.at_ms(), entry.seq()));
        entries
    }

    /// Everything that happened besides words, in order.
    pub fn events(&self) -> &[CallEvent] {
        &self.events
    }
}

fn newest(lines: &[Line], events: &[CallEvent]) -> i64 {
    lines.iter().map(|line| line.seq).chain(events.iter().map(|event| event.seq)).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::{
        live::samples::{card, detail, event, line},
        model::CallStatus,
    };

    fn more(lines: Vec<Line>) -> News {
        News::More { lines, events: vec![] }
    }

    fn texts(state: &CallState) -> Vec<&str> {
        state.lines().map(|line| line.text.as_str()).collect()
    }

    fn said(state: &mut CallState, seq: i64, speaker: Speaker, text: &str) {
        state.apply(&more(vec![line(seq, speaker, text)]));
    }

    #[test]
    fn lines_are_taken_once_in_whatever_pieces_they_come() {
        let mut state = CallState::from_detail(&detail(card(1), vec![line(1, Speaker::Assistant, "Bonjour")]));
        state.apply(&more(vec![line(1, Speaker::Assistant, "Bonjour"), line(2, Speaker::Caller, "Oui")]));
        state.apply(&more(vec![line(2, Speaker::Caller, "Oui"), line(3, Speaker::Assistant, "Bien")]));
        assert_eq!((texts(&state), state.cursor()), (vec!["Bonjour", "Oui", "Bien"], 3));
    }

    #[test]
    fn events_stand_where_they_happened() {
        let mut state = CallState::from_detail(&detail(card(1), vec![]));
        let (mut tool, first, second) =
            (event(3, "tool", serde_json::json!({})), line(1, Speaker::Caller, "a"), line(2, Speaker::Caller, "b"));
        tool.at_ms = first.at_ms + 1;
        state.apply(&News::More { lines: vec![first, second], events: vec![tool] });
        assert_eq!(state.entries().iter().map(Entry::seq).collect::<Vec<_>>(), [1, 3, 2]);
    }

    #[test]
    fn words_on_their_way_are_shown_until_the_same_speaker_has_said_them() {
        let mut state = CallState::from_detail(&detail(card(1), vec![]));
        let partial = |speaker, text: &str| News::Partial { speaker, text: text.to_owned() };
        state.apply(&partial(Speaker::Caller, "Je vou"));
        state.apply(&partial(Speaker::Caller, "Je voudrais"));
        assert_eq!(state.partials(), [(Speaker::Caller, "Je voudrais".to_owned())]);
        said(&mut state, 1, Speaker::Assistant, "Oui ?");
        assert_eq!(state.partials().len(), 1);
        said(&mut state, 2, Speaker::Caller, "Je voudrais un rendez-vous.");
        assert!(state.partials().is_empty());
        state.apply(&partial(Speaker::Caller, "Je voudrais un"));
        assert!(state.partials().is_empty(), "overtaken by its own line");
        state.apply(&partial(Speaker::Caller, "Demain"));
        let mut over = card(1);
        over.status = CallStatus::Ended;
        state.apply(&News::Card { card: Box::new(over) });
        assert!(state.partials().is_empty());
    }

    #[test]
    fn the_settled_transcript_takes_over_when_the_call_has_ended() {
        let mut state = CallState::from_detail(&detail(card(1), vec![]));
        said(&mut state, 1, Speaker::Caller, "alo");
        let mut settled = line(2, Speaker::Caller, "Allô ?");
        settled.settled = true;
        state.apply(&more(vec![settled]));
        assert_eq!(texts(&state), ["alo"]);
        let mut over = card(1);
        (over.status, over.seq) = (CallStatus::Ended, 9);
        state.apply(&News::Card { card: Box::new(over) });
        assert_eq!(texts(&state), ["Allô ?"]);
    }

    #[test]
    fn a_settled_transcript_is_shown_when_nothing_was_heard_live() {
        let mut state = CallState::from_detail(&detail(card(1), vec![]));
        let mut settled = line(1, Speaker::Caller, "Allô ?");
        settled.settled = true;
        state.apply(&more(vec![settled]));
        assert_eq!(texts(&state), ["Allô ?"]);
    }

    #[test]
    fn an_older_card_changes_nothing() {
        let (mut new, old) = (card(1), card(1));
        (new.seq, new.status) = (8, CallStatus::Ended);
        let mut state = CallState::from_detail(&detail(new, vec![]));
        state.apply(&News::Card { card: Box::new(old) });
        assert_eq!(state.card.status, CallStatus::Ended);
    }
}
