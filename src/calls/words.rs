//! What calls are called: the words for states, outcomes, endings and events, in the reader's language.

use super::{
    model::{CallCard, CallEvent, CallStatus, Direction, LiveAction, Outcome, Speaker},
    reason::EndClass,
};
use crate::{
    i18n::{Key, format, t, t_count, t_with, words as w},
    kit::{RingState, Tone},
    shared::phone::PhoneNumber,
};
use serde_json::Value;

/// The ring and the word of a call.
pub fn standing(card: &CallCard) -> (RingState, Key) {
    match (card.status, card.outcome) {
        (CallStatus::Queued, _) => (RingState::Queued, w::CALLS_STATUS_QUEUED),
        (CallStatus::Ringing, _) => (RingState::Ringing, w::CALLS_STATUS_RINGING),
        (CallStatus::Live, _) if card.assistant_muted => (RingState::Live, w::CALLS_STATUS_MUTED),
        (CallStatus::Live, _) => (RingState::Live, w::CALLS_STATUS_LIVE),
        (CallStatus::Forwarding, _) => (RingState::Moved, w::CALLS_STATUS_FORWARDING),
        (CallStatus::Ended, Some(outcome)) => (ring_of(outcome), outcome_word(outcome)),
        (CallStatus::Ended, None) => (RingState::Done, w::CALLS_STATUS_ENDED),
    }
}

/// The ring of an outcome.
pub fn ring_of(outcome: Outcome) -> RingState {
    match outcome {
        Outcome::Done => RingState::Done,
        Outcome::Moved => RingState::Moved,
        Outcome::Voicemail => RingState::Voicemail,
        Outcome::Missed => RingState::Missed,
        Outcome::Failed => RingState::Failed,
        Outcome::Cancelled => RingState::Queued,
    }
}

/// The word of an outcome.
pub fn outcome_word(outcome: Outcome) -> Key {
    match outcome {
        Outcome::Done => w::CALLS_OUTCOME_DONE,
        Outcome::Moved => w::CALLS_OUTCOME_MOVED,
        Outcome::Voicemail => w::CALLS_OUTCOME_VOICEMAIL,
        Outcome::Missed => w::CALLS_OUTCOME_MISSED,
        Outcome::Failed => w::CALLS_OUTCOME_FAILED,
        Outcome::Cancelled => w::CALLS_OUTCOME_CANCELLED,
    }
}

/// The word of a status.
pub fn status_word(status: CallStatus) -> Key {
    match status {
        CallStatus::Queued => w::CALLS_STATUS_QUEUED,
        CallStatus::Ringing => w::CALLS_STATUS_RINGING,
        CallStatus::Live => w::CALLS_STATUS_LIVE,
        CallStatus::Forwarding => w::CALLS_STATUS_FORWARDING,
        CallStatus::Ended => w::CALLS_STATUS_ENDED,
    }
}

/// The word of a direction.
pub fn direction_word(direction: Direction) -> Key {
    match direction {
        Direction::Inbound => w::CALLS_DIRECTION_INBOUND,
        Direction::Outbound => w::CALLS_DIRECTION_OUTBOUND,
        Direction::Web => w::CALLS_DIRECTION_WEB,
    }
}

/// Why a call ended, as a sentence. The provider's word for a call that was called off is also its word for one the team hung up.
pub fn ending(class: EndClass, was_answered: bool) -> Key {
    match class {
        EndClass::Cancelled if was_answered => w::CALLS_END_TEAM_ENDED,
        EndClass::Voicemail => w::CALLS_END_VOICEMAIL,
        EndClass::Busy => w::CALLS_END_BUSY,
        EndClass::NoAnswer => w::CALLS_END_NO_ANSWER,
        EndClass::BadNumber => w::CALLS_END_BAD_NUMBER,
        EndClass::Transferred => w::CALLS_END_TRANSFERRED,
        EndClass::OperatorUnavailable => w::CALLS_END_OPERATOR_UNAVAILABLE,
        EndClass::TransferFailed => w::CALLS_END_TRANSFER_FAILED,
        EndClass::CallerEnded => w::CALLS_END_CALLER_ENDED,
        EndClass::AssistantEnded => w::CALLS_END_ASSISTANT_ENDED,
        EndClass::TooLong => w::CALLS_END_TOO_LONG,
        EndClass::Silence => w::CALLS_END_SILENCE,
        EndClass::Finished => w::CALLS_END_FINISHED,
        EndClass::Cancelled => w::CALLS_END_CANCELLED,
        EndClass::NoLineFree => w::CALLS_END_NO_LINE_FREE,
        EndClass::Billing => w::CALLS_END_BILLING,
        EndClass::NumberLimit => w::CALLS_END_NUMBER_LIMIT,
        EndClass::Configuration => w::CALLS_END_CONFIGURATION,
        EndClass::Telephony => w::CALLS_END_TELEPHONY,
        EndClass::ProviderTrouble => w::CALLS_END_PROVIDER_TROUBLE,
        EndClass::VoiceTrouble => w::CALLS_END_VOICE_TROUBLE,
        EndClass::NoAudio => w::CALLS_END_NO_AUDIO,
        EndClass::Lost => w::CALLS_END_LOST,
        EndClass::Refused => w::CALLS_END_REFUSED,
        EndClass::Unconfirmed => w::CALLS_END_UNCONFIRMED,
        EndClass::Unknown => w::CALLS_END_UNKNOWN,
    }
}

/// A number as its reader dials it; as it came when it is not one we know how to write.
pub fn dialled(number: &str) -> String {
    number.parse::<PhoneNumber>().map_or_else(|_| number.to_owned(), |number| format::tel(&number))
}

/// Who is on the other end: the name, else the number, else that it was withheld.
pub fn contact(card: &CallCard) -> String {
    let named = card.customer_name.as_deref().filter(|name| !name.trim().is_empty());
    named
        .map(str::to_owned)
        .or_else(|| card.customer_number.as_deref().map(dialled))
        .unwrap_or_else(|| t(w::CALLS_NUMBER_WITHHELD).to_owned())
}

/// The number, when the name already stands in its place.
pub fn contact_number(card: &CallCard) -> Option<String> {
    card.customer_name.as_deref().filter(|name| !name.trim().is_empty())?;
    card.customer_number.as_deref().map(dialled)
}

/// The assistant's name.
pub fn assistant(card: &CallCard) -> String {
    card.assistant_name.clone().unwrap_or_else(|| t(w::CALLS_ASSISTANT).to_owned())
}

/// Who speaks, by name where there is one; the first name alone, since it stands in a gutter.
pub fn speaker(card: &CallCard, speaker: Speaker) -> String {
    let first = |name: &str| name.split_whitespace().next().unwrap_or(name).trim_end_matches([',', ':', ';', '.']).to_owned();
    match speaker {
        Speaker::Assistant => first(&assistant(card)),
        Speaker::Caller => match card.customer_name.as_deref().filter(|name| !name.trim().is_empty()) {
            Some(name) => first(name),
            None if card.direction == Direction::Outbound => t(w::CALLS_CALLED_PARTY).to_owned(),
            None => t(w::CALLS_CALLER).to_owned(),
        },
        Speaker::Person => t(w::CALLS_TEAM).to_owned(),
        Speaker::Tool => t(w::CALLS_TOOL).to_owned(),
        Speaker::System => t(w::CALLS_SYSTEM).to_owned(),
    }
}

/// `Léa : Bonjour`, as a line of plain text.
pub fn line_of(card: &CallCard, who: Speaker, text: &str) -> String {
    t_with(w::CALLS_LINE_OF, &[("who", &speaker(card, who)), ("line", text)])
}

/// The tone class of a speaker's lane.
pub fn lane(speaker: Speaker) -> &'static str {
    match speaker {
        Speaker::Assistant => "line ai",
        Speaker::Caller => "line",
        Speaker::Person => "line brand",
        Speaker::Tool | Speaker::System => "line quiet",
    }
}

/// An event as a line of the conversation: its icon, its tone and its words.
pub struct EventWords {
    pub icon: icondata::Icon,
    pub tone: Tone,
    pub text: String,
    /// What was said, asked or answered.
    pub quote: Option<String>,
}

/// The words for an event.
pub fn event(card: &CallCard, event: &CallEvent) -> EventWords {
    let detail = |name: &str| event.detail.get(name).and_then(Value::as_str).unwrap_or_default();
    let name = assistant(card);
    let plain = |icon, tone, text: String| EventWords { icon, tone, text, quote: None };
    match event.kind.as_str() {
        "status" => match detail("status") {
            "queued" => plain(icondata::LuClock, Tone::Neutral, t(w::CALLS_EVENT_QUEUED).to_owned()),
            "ringing" => plain(icondata::LuPhoneIncoming, Tone::Info, t(w::CALLS_EVENT_RINGING).to_owned()),
            "live" => plain(icondata::LuPhone, Tone::Ok, t(w::CALLS_EVENT_LIVE).to_owned()),
            "forwarding" => plain(icondata::LuPhoneForwarded, Tone::Info, t(w::CALLS_EVENT_FORWARDING).to_owned()),
            _ => plain(icondata::LuPhoneOff, Tone::Neutral, t(w::CALLS_EVENT_ENDED).to_owned()),
        },
        "tool" => {
            let text = t_with(w::CALLS_EVENT_TOOL, &[("name", &name), ("tool", detail("name"))]);
            EventWords { quote: event.detail.get("arguments").and_then(pairs), ..plain(icondata::LuWrench, Tone::Ai, text) }
        }
        "tool_result" => {
            let tool = Some(detail("name")).filter(|name| !name.is_empty()).unwrap_or(t(w::CALLS_TOOL));
            let text = t_with(w::CALLS_EVENT_TOOL_RESULT, &[("tool", tool)]);
            EventWords {
                quote: Some(detail("result").to_owned()).filter(|result| !result.is_empty()),
                ..plain(icondata::LuCornerDownRight, Tone::Ok, text)
            }
        }
        "transfer" => plain(icondata::LuPhoneForwarded, Tone::Info, t_with(w::CALLS_EVENT_TRANSFER, &[("to", &dialled(detail("to")))])),
        "interrupted" => plain(icondata::LuMessageSquareOff, Tone::Neutral, t_with(w::CALLS_EVENT_INTERRUPTED, &[("name", &name)])),
        "slow" => plain(icondata::LuHourglass, Tone::Warn, t_with(w::CALLS_EVENT_SLOW, &[("name", &name)])),
        "recording" if detail("state") == "failed" => {
            plain(icondata::LuFileAudio, Tone::Warn, t(w::CALLS_EVENT_RECORDING_FAILED).to_owned())
        }
        "recording" => plain(icondata::LuFileAudio, Tone::Neutral, t(w::CALLS_EVENT_RECORDING).to_owned()),
        "action" => action_event(event),
        "erased" => erased_event(event),
        "message" => message_event(card, event),
        "sms" => sms_event(event),
        "routed" | "transfer_try" | "callback" => reception_event(event),
        "answer" => {
            let is_found = event.detail.get("entry").is_some_and(|entry| !entry.is_null());
            let (key, tone) = if is_found { (w::CALLS_EVENT_ANSWER, Tone::Ok) } else { (w::CALLS_EVENT_NO_ANSWER, Tone::Warn) };
            let text = t_with(key, &[("matched", detail("matched"))]);
            EventWords { quote: Some(detail("question").to_owned()), ..plain(icondata::LuBookOpen, tone, text) }
        }
        _ => {
            let kind = ["type", "status"].into_iter().map(detail).find(|kind| !kind.is_empty()).unwrap_or(&event.kind);
            plain(icondata::LuInfo, Tone::Neutral, t_with(w::CALLS_EVENT_UNKNOWN, &[("type", kind)]))
        }
    }
}

/// A text message to the caller, and what became of it.
fn sms_event(event: &CallEvent) -> EventWords {
    let detail = |name: &str| event.detail.get(name).and_then(Value::as_str).unwrap_or_default();
    let (tone, key) = match detail("outcome") {
        "waiting" => (Tone::Info, w::CALLS_EVENT_SMS_WAITING),
        "delivered" | "read" => (Tone::Ok, w::CALLS_EVENT_SMS_DELIVERED),
        "refused" if detail("error") == "stopped" => (Tone::Warn, w::CALLS_EVENT_SMS_STOPPED),
        _ => (Tone::Bad, w::CALLS_EVENT_SMS_FAILED),
    };
    let quote = ["text", "error"].into_iter().map(detail).find(|text| !text.is_empty() && *text != "stopped").map(str::to_owned);
    EventWords { icon: icondata::LuMessageSquare, tone, text: t_with(key, &[("number", &dialled(detail("number")))]), quote }
}

/// What reception did: who was to answer and why, whom a caller was put through to, who wants to be called.
fn reception_event(event: &CallEvent) -> EventWords {
    let detail = |name: &str| event.detail.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = || dialled(detail("number"));
    let named = |name: &str| Some(detail(name)).filter(|name| !name.is_empty()).map_or_else(number, str::to_owned);
    let quote = |name: &str| Some(detail(name).to_owned()).filter(|text| !text.is_empty());
    let (tone, text, quote) = match (event.kind.as_str(), detail("outcome")) {
        ("callback", _) => (Tone::Info, t_with(w::CALLS_EVENT_CALLBACK, &[("number", &number())]), quote("why")),
        ("transfer_try", "nobody") => (Tone::Warn, t(w::CALLS_EVENT_TRY_NOBODY).to_owned(), None),
        ("transfer_try", "refused") => (Tone::Warn, t_with(w::CALLS_EVENT_TRY_FAILED, &[("to", &named("to"))]), quote("error")),
        ("transfer_try", _) => (Tone::Info, t_with(w::CALLS_EVENT_TRYING, &[("to", &named("to"))]), None),
        _ => {
            let to = match detail("way") {
                "assistant" => t_with(w::CALLS_EVENT_ROUTED_ANSWERS, &[("name", detail("name"))]),
                "person" | "number" => t_with(w::CALLS_EVENT_ROUTED_FORWARD, &[("name", &named("name"))]),
                _ => t(w::CALLS_EVENT_ROUTED_REFUSE).to_owned(),
            };
            let text = match event.detail.get("rule").and_then(Value::as_i64) {
                Some(n) => t_with(w::CALLS_EVENT_ROUTED, &[("n", &n.to_string()), ("to", &to)]),
                None => t_with(w::CALLS_EVENT_ROUTED_DEFAULT, &[("to", &to)]),
            };
            (Tone::Neutral, text, quote("words"))
        }
    };
    EventWords { icon: icondata::LuPhoneForwarded, tone, text, quote }
}

/// What was erased, and by whom or by which rule.
fn erased_event(event: &CallEvent) -> EventWords {
    let detail = |name: &str| event.detail.get(name).and_then(Value::as_str);
    let what = if detail("what") == Some("words") { w::CALLS_EVENT_WORDS_ERASED } else { w::CALLS_EVENT_RECORDING_ERASED };
    let why = detail("by")
        .map(|who| t_with(w::CALLS_EVENT_ERASED_BY, &[("who", who)]))
        .or_else(|| Some(t_count(w::CALLS_EVENT_ERASED_RULE, event.detail.get("days")?.as_i64()?)));
    let text = why.map_or_else(|| t(what).to_owned(), |why| format!("{}, {why}", t(what)));
    EventWords { icon: icondata::LuTrash2, tone: Tone::Neutral, text, quote: None }
}

/// A message the caller left: from whom, whom to call back, and its text.
fn message_event(card: &CallCard, event: &CallEvent) -> EventWords {
    let detail = |name: &str| event.detail.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let is_urgent = event.detail.get("urgent").and_then(Value::as_bool).unwrap_or(false);
    let (key, tone) = if is_urgent { (w::CALLS_EVENT_MESSAGE_URGENT, Tone::Warn) } else { (w::CALLS_EVENT_MESSAGE, Tone::Info) };
    let who = detail("caller_name").map_or_else(|| contact(card), str::to_owned);
    let mut text = t_with(key, &[("who", &who)]);
    if let Some(phone) = detail("phone") {
        text = format!("{text} · {}", t_with(w::CALLS_EVENT_CALL_BACK, &[("number", &dialled(phone))]));
    }
    EventWords { icon: icondata::LuMail, tone, text, quote: detail("message").map(str::to_owned) }
}

/// What one of the team did, told by the stream: the action's own fields, who did it and what came of it.
fn action_event(event: &CallEvent) -> EventWords {
    let detail = |name: &str| event.detail.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let action = event.detail.get("action").filter(|action| action.is_object()).unwrap_or(&event.detail);
    let who = detail("by_name").or(detail("by")).unwrap_or(t(w::CALLS_TEAM));
    let failed = detail("outcome") == Some("failed");
    match serde_json::from_value::<LiveAction>(action.clone()) {
        Ok(action) => {
            let mut words = action_words(&action, who);
            if failed {
                words.tone = Tone::Bad;
                words.text = format!("{} {}", words.text, t(w::CALLS_ACTION_FAILED));
            }
            words
        }
        Err(_) => {
            EventWords { icon: icondata::LuUserRound, tone: Tone::Brand, text: t_with(w::CALLS_ACTION_OTHER, &[("who", who)]), quote: None }
        }
    }
}

/// What one of the team did.
pub fn action_words(action: &LiveAction, who: &str) -> EventWords {
    let who = [("who", who)];
    let (icon, text, quote) = match action {
        LiveAction::Say { text } => (icondata::LuVolume2, t_with(w::CALLS_ACTION_SAY, &who), Some(text.clone())),
        LiveAction::Instruct { text } => (icondata::LuMessageSquareLock, t_with(w::CALLS_ACTION_INSTRUCT, &who), Some(text.clone())),
        LiveAction::Mute => (icondata::LuMicOff, t_with(w::CALLS_ACTION_MUTE, &who), None),
        LiveAction::Unmute => (icondata::LuMic, t_with(w::CALLS_ACTION_UNMUTE, &who), None),
        LiveAction::Transfer { to } => {
            (icondata::LuPhoneForwarded, t_with(w::CALLS_ACTION_TRANSFER, &[who[0], ("to", &format::tel(to))]), None)
        }
        LiveAction::End => (icondata::LuPhoneOff, t_with(w::CALLS_ACTION_END, &who), None),
    };
    EventWords { icon, tone: Tone::Brand, text, quote }
}

/// `jour : mardi, heure : 10 h` of a tool's arguments; nothing of an empty object.
fn pairs(arguments: &Value) -> Option<String> {
    let said = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let object = arguments.as_object().filter(|object| !object.is_empty())?;
    Some(object.iter().map(|(name, value)| format!("{name} = {}", said(value))).collect::<Vec<_>>().join(", "))
}

/// The word for a part of the cost; the provider's own where we know none.
pub fn cost_part(part: &str) -> String {
    let key = match part {
        "transport" => w::CALLS_COST_TRANSPORT,
        "stt" | "transcriber" => w::CALLS_COST_STT,
        "llm" | "model" => w::CALLS_COST_LLM,
        "tts" | "voice" => w::CALLS_COST_TTS,
        "vapi" => w::CALLS_COST_VAPI,
        "analysis" => w::CALLS_COST_ANALYSIS,
        other => return other.to_owned(),
    };
    t(key).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::live::samples;
    use serde_json::json;

    #[test]
    fn every_outcome_has_its_own_word() {
        let mut words: Vec<&str> = Outcome::ALL.iter().map(|outcome| t(outcome_word(*outcome))).collect();
        words.dedup();
        assert_eq!(words.len(), Outcome::ALL.len());
    }

    #[test]
    fn every_ending_is_a_sentence_of_its_own() {
        let mut sentences: Vec<&str> = EndClass::ALL.iter().map(|class| t(ending(*class, false))).collect();
        assert!(sentences.iter().all(|sentence| sentence.ends_with('.')));
        sentences.sort_unstable();
        sentences.dedup();
        assert_eq!(sentences.len(), EndClass::ALL.len());
        assert_ne!(ending(EndClass::Cancelled, true), ending(EndClass::Cancelled, false));
    }

    #[test]
    fn a_name_comes_before_a_number_and_a_number_before_nothing() {
        let mut card = samples::card(1);
        assert_eq!((contact(&card), contact_number(&card)), (dialled("+33639981247"), None));
        card.customer_name = Some("Nadia Garnier".into());
        assert_eq!((contact(&card).as_str(), speaker(&card, Speaker::Caller).as_str()), ("Nadia Garnier", "Nadia"));
        (card.customer_name, card.customer_number) = (None, None);
        assert_eq!(contact(&card), t(w::CALLS_NUMBER_WITHHELD));
    }

    #[test]
    fn an_action_is_told_with_its_author_and_its_failure() {
        let card = samples::card(1);
        let told = |detail| event(&card, &samples::event(1, "action", detail));
        let said = told(json!({ "kind": "say", "text": "Un instant", "by_name": "Inès" }));
        assert!(said.text.contains("Inès") && said.quote.as_deref() == Some("Un instant"));
        let failed = told(json!({ "action": { "kind": "end" }, "by_name": "Inès", "outcome": "failed" }));
        assert_eq!(failed.tone, Tone::Bad);
        assert!(told(json!({ "kind": "dance" })).text.contains(t(w::CALLS_TEAM)));
    }

    #[test]
    fn a_message_says_who_whom_to_call_back_and_what() {
        let card = samples::card(1);
        let told = |detail| event(&card, &samples::event(1, "message", detail));
        let plain = told(json!({ "message": "Rappeler demain" }));
        assert!(plain.text.contains(&contact(&card)) && plain.quote.as_deref() == Some("Rappeler demain") && plain.tone == Tone::Info);
        let urgent = told(json!({ "message": "Fuite d'eau", "caller_name": "Awa Diop", "phone": "+33639981200", "urgent": true }));
        assert!(urgent.text.contains("Awa Diop") && urgent.text.contains(&dialled("+33639981200")) && urgent.tone == Tone::Warn);
    }

    #[test]
    fn what_reception_did_is_told_with_its_rule_and_whom_it_led_to() {
        let card = samples::card(1);
        let told = |kind: &str, detail| event(&card, &samples::event(1, kind, detail));
        let ruled = told("routed", json!({ "rule": 2, "way": "person", "name": "Nadia", "number": "+33199002410" }));
        assert!(ruled.text.contains('2') && ruled.text.contains("Nadia"), "{}", ruled.text);
        assert_eq!(told("routed", json!({ "rule": null, "way": "refuse", "words": "Fermé" })).quote.as_deref(), Some("Fermé"));
        assert!(
            told("routed", json!({ "rule": 1, "way": "number", "name": "", "number": "+33199002410" }))
                .text
                .contains(&dialled("+33199002410"))
        );
        let tries: Vec<String> = ["asked", "refused", "nobody"]
            .iter()
            .map(|outcome| told("transfer_try", json!({ "to": "Nadia", "outcome": outcome })).text)
            .collect();
        assert!(tries[0] != tries[1] && tries[1].contains("Nadia") && !tries[2].contains("Nadia"), "{tries:?}");
        assert!(told("callback", json!({ "number": "+33639981200", "why": "devis" })).text.contains(&dialled("+33639981200")));
    }

    #[test]
    fn unknown_events_still_say_what_they_are() {
        let told = event(&samples::card(1), &samples::event(1, "unknown", json!({ "type": "brand-new" })));
        assert!(told.text.contains("brand-new"));
        assert_eq!(pairs(&json!({})), None);
        assert_eq!(pairs(&json!({ "n": 2, "jour": "mardi" })).as_deref(), Some("jour = mardi, n = 2"));
    }
}
