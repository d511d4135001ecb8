//! Calls for tests of the reducers.

use crate::{calls::model::*, shared::ids::CallId};
use chrono::DateTime;

/// A live call; the same for the same number.
pub fn card(n: u128) -> CallCard {
    let at = DateTime::from_timestamp(1_790_000_000, 0).unwrap_or_default();
    CallCard {
        id: CallId(uuid::Uuid::from_u128(n)),
        direction: Direction::Inbound,
        status: CallStatus::Live,
        outcome: None,
        customer_number: Some("+33639981247".into()),
        customer_name: None,
        our_number: None,
        assistant_id: None,
        assistant_name: Some("Léa".into()),
        created_at: at,
        answered_at: Some(at),
        ended_at: None,
        duration_s: None,
        last_line: None,
        last_speaker: None,
        summary: None,
        cost: None,
        recording: RecordingState::None,
        assistant_muted: false,
        seq: 1,
        is_demo: false,
    }
}

/// A live line, said at second `seq` of the call.
pub fn line(seq: i64, speaker: Speaker, text: &str) -> Line {
    Line { seq, speaker, text: text.to_owned(), at_ms: seq * 1000, end_ms: None, settled: false }
}

/// An event at second `seq` of the call.
pub fn event(seq: i64, kind: &str, detail: serde_json::Value) -> CallEvent {
    CallEvent { seq, kind: kind.to_owned(), detail, at_ms: seq * 1000 }
}

/// A call page with these lines.
pub fn detail(card: CallCard, lines: Vec<Line>) -> CallDetail {
    CallDetail {
        card,
        ended_reason: None,
        transferred_to: None,
        dial_error: None,
        success: None,
        costs: vec![],
        recording_s: None,
        recording_peaks: None,
        has_report: false,
        lines,
        events: vec![],
        actions: vec![],
        uses: vec![],
        recording_erased_at: None,
        words_erased_at: None,
        trail: vec![],
        related: vec![],
        controllable: true,
        listenable: true,
        transfer_numbers: vec![],
    }
}
