//! What deliveries and changes are called.

use super::model::{FieldChange, HookRow, HookState, Particulars};
use crate::{
    calls::words::{direction_word, outcome_word, status_word},
    i18n::{
        Key,
        format::{self, OrgClock},
        t, t_with, words as w,
    },
    kit::Tone,
    shared::money::MicroUsd,
};
use chrono::{DateTime, Utc};

/// The badge of a delivery.
pub fn state_word(state: HookState) -> (Tone, Key) {
    match state {
        HookState::Applied => (Tone::Ok, w::JOURNAL_APPLIED),
        HookState::Waiting => (Tone::Info, w::JOURNAL_WAITING),
        HookState::Rejected => (Tone::Warn, w::JOURNAL_REJECTED),
        HookState::Dead => (Tone::Bad, w::JOURNAL_DEAD),
    }
}

/// Why a delivery stands as it does, in a sentence or two that say what to do about it.
pub fn explanation(row: &HookRow, particulars: &Particulars, locale: crate::i18n::Locale, clock: &OrgClock) -> String {
    let header = particulars.header.as_deref().unwrap_or("—");
    match row.reason.as_deref() {
        Some("missing_header") => t_with(w::JOURNAL_WHY_MISSING_HEADER, &[("header", header)]),
        Some("bad_signature") => t_with(w::JOURNAL_WHY_BAD_SIGNATURE, &[("header", header)]),
        Some("stale_timestamp") => match particulars.signed_at {
            Some(signed_at) => {
                let off = (row.at - signed_at).num_seconds().abs();
                let tolerance = format::duration(locale, i64::from(particulars.tolerance_s.unwrap_or_default()));
                let at = format::date_time(locale, clock, signed_at);
                t_with(w::JOURNAL_WHY_STALE, &[("at", &at), ("off", &format::duration(locale, off)), ("tolerance", &tolerance)])
            }
            None => t(w::JOURNAL_WHY_NO_TIME).to_owned(),
        },
        Some("secret_not_set") => t(w::JOURNAL_WHY_SECRET_NOT_SET).to_owned(),
        Some("too_large") => t(w::JOURNAL_WHY_TOO_LARGE).to_owned(),
        Some("too_slow") => t(w::JOURNAL_WHY_TOO_SLOW).to_owned(),
        Some("not_understood") => t(w::JOURNAL_WHY_NOT_UNDERSTOOD).to_owned(),
        Some("not_applied") => t(w::JOURNAL_WHY_NOT_APPLIED).to_owned(),
        Some("unknown_type") => t(w::JOURNAL_WHY_UNKNOWN_TYPE).to_owned(),
        Some("reapplied") => t(w::JOURNAL_WHY_REAPPLIED).to_owned(),
        Some("erased") => t(w::JOURNAL_WHY_ERASED).to_owned(),
        Some("asked") => t(w::JOURNAL_WHY_ASKED).to_owned(),
        _ if row.state == HookState::Waiting => t(w::JOURNAL_WHY_WAITING).to_owned(),
        _ if row.is_repeat => t(w::JOURNAL_WHY_REPEAT).to_owned(),
        _ => t(w::JOURNAL_WHY_APPLIED).to_owned(),
    }
}

/// The name of a field of a call.
pub fn field_name(field: &str) -> String {
    let key = match field {
        "status" => w::JOURNAL_PART_STATUS,
        "direction" => w::JOURNAL_PART_DIRECTION,
        "customer_number" => w::JOURNAL_PART_CUSTOMER_NUMBER,
        "customer_name" => w::JOURNAL_PART_CUSTOMER_NAME,
        "our_number" => w::JOURNAL_PART_OUR_NUMBER,
        "assistant" => w::JOURNAL_PART_ASSISTANT,
        "rang_at" => w::JOURNAL_PART_RANG_AT,
        "answered_at" => w::JOURNAL_PART_ANSWERED_AT,
        "ended_at" => w::JOURNAL_PART_ENDED_AT,
        "ended_reason" => w::JOURNAL_PART_ENDED_REASON,
        "outcome" => w::JOURNAL_PART_OUTCOME,
        "duration_s" => w::JOURNAL_PART_DURATION,
        "handed_to" => w::JOURNAL_PART_HANDED_TO,
        "last_words" => w::JOURNAL_PART_LAST_WORDS,
        "summary" => w::JOURNAL_PART_SUMMARY,
        "success" => w::JOURNAL_PART_SUCCESS,
        "cost_micro_usd" => w::JOURNAL_PART_COST,
        "report_at" => w::JOURNAL_PART_REPORT_AT,
        other => return other.to_owned(),
    };
    t(key).to_owned()
}

/// What a field holds before and after, as people read it.
pub fn values(change: &FieldChange, locale: crate::i18n::Locale, clock: &OrgClock) -> (String, String) {
    let shown =
        |value: &Option<String>| value.as_deref().map_or_else(|| "—".to_owned(), |value| value_of(&change.field, value, locale, clock));
    (shown(&change.before), shown(&change.after))
}

fn value_of(field: &str, value: &str, locale: crate::i18n::Locale, clock: &OrgClock) -> String {
    let word = match field {
        "status" => value.parse().ok().map(status_word),
        "outcome" => value.parse().ok().map(outcome_word),
        "direction" => value.parse().ok().map(direction_word),
        _ => None,
    };
    if let Some(word) = word {
        return t(word).to_owned();
    }
    match field {
        "duration_s" => value.parse().map_or_else(|_| value.to_owned(), |seconds| format::duration(locale, seconds)),
        "cost_micro_usd" => value.parse().map_or_else(|_| value.to_owned(), |cost| format::cost(locale, MicroUsd(cost))),
        _ if field.ends_with("_at") => match value.parse::<DateTime<Utc>>() {
            Ok(at) => format::date_time(locale, clock, at),
            Err(_) => value.to_owned(),
        },
        _ => value.to_owned(),
    }
}
