//! The words of an analysis, in the reader's language.

use super::model::Part;
use crate::i18n::{Key, t, words as w};

/// What a claim says; its own code where a newer version made it.
pub fn claimed(part: Part, code: &str) -> String {
    key(part, code).map_or_else(|| code.replace('_', " "), |key| t(key).to_owned())
}

/// Why rules did what a model was to do.
pub fn reason(code: &str) -> Option<&'static str> {
    let key = match code {
        "cap_reached" => w::ANALYSIS_REASON_CAP_REACHED,
        "no_answer" => w::ANALYSIS_REASON_NO_ANSWER,
        "refused" => w::ANALYSIS_REASON_REFUSED,
        "not_understood" => w::ANALYSIS_REASON_NOT_UNDERSTOOD,
        "unfounded" => w::ANALYSIS_REASON_UNFOUNDED,
        _ => return None,
    };
    Some(t(key))
}

fn key(part: Part, code: &str) -> Option<Key> {
    Some(match (part, code) {
        (Part::Outcome, "booked") => w::ANALYSIS_IS_OUTCOME_BOOKED,
        (Part::Outcome, "rescheduled") => w::ANALYSIS_IS_OUTCOME_RESCHEDULED,
        (Part::Outcome, "cancelled") => w::ANALYSIS_IS_OUTCOME_CANCELLED,
        (Part::Outcome, "answered") => w::ANALYSIS_IS_OUTCOME_ANSWERED,
        (Part::Outcome, "message_taken") => w::ANALYSIS_IS_OUTCOME_MESSAGE_TAKEN,
        (Part::Outcome, "passed_on") => w::ANALYSIS_IS_OUTCOME_PASSED_ON,
        (Part::Outcome, "help_sent") => w::ANALYSIS_IS_OUTCOME_HELP_SENT,
        (Part::Outcome, "handed_over") => w::ANALYSIS_IS_OUTCOME_HANDED_OVER,
        (Part::Outcome, "removed") => w::ANALYSIS_IS_OUTCOME_REMOVED,
        (Part::Outcome, "wrong_number") => w::ANALYSIS_IS_OUTCOME_WRONG_NUMBER,
        (Part::Outcome, "voicemail") => w::ANALYSIS_IS_OUTCOME_VOICEMAIL,
        (Part::Outcome, "unresolved") => w::ANALYSIS_IS_OUTCOME_UNRESOLVED,
        (Part::Intent, "appointment") => w::ANALYSIS_IS_INTENT_APPOINTMENT,
        (Part::Intent, "reschedule") => w::ANALYSIS_IS_INTENT_RESCHEDULE,
        (Part::Intent, "cancel") => w::ANALYSIS_IS_INTENT_CANCEL,
        (Part::Intent, "information") => w::ANALYSIS_IS_INTENT_INFORMATION,
        (Part::Intent, "price") => w::ANALYSIS_IS_INTENT_PRICE,
        (Part::Intent, "emergency") => w::ANALYSIS_IS_INTENT_EMERGENCY,
        (Part::Intent, "complaint") => w::ANALYSIS_IS_INTENT_COMPLAINT,
        (Part::Intent, "invoice") => w::ANALYSIS_IS_INTENT_INVOICE,
        (Part::Intent, "human") => w::ANALYSIS_IS_INTENT_HUMAN,
        (Part::Intent, "message") => w::ANALYSIS_IS_INTENT_MESSAGE,
        (Part::Intent, "stop") => w::ANALYSIS_IS_INTENT_STOP,
        (Part::Intent, "wrong_number") => w::ANALYSIS_IS_INTENT_WRONG_NUMBER,
        (Part::Intent, "other") => w::ANALYSIS_IS_INTENT_OTHER,
        (Part::Sentiment, "positive") => w::ANALYSIS_IS_SENTIMENT_POSITIVE,
        (Part::Sentiment, "neutral") => w::ANALYSIS_IS_SENTIMENT_NEUTRAL,
        (Part::Sentiment, "negative") => w::ANALYSIS_IS_SENTIMENT_NEGATIVE,
        (Part::Topic, "appointment") => w::ANALYSIS_IS_TOPIC_APPOINTMENT,
        (Part::Topic, "opening_hours") => w::ANALYSIS_IS_TOPIC_OPENING_HOURS,
        (Part::Topic, "price") => w::ANALYSIS_IS_TOPIC_PRICE,
        (Part::Topic, "invoice") => w::ANALYSIS_IS_TOPIC_INVOICE,
        (Part::Topic, "delivery") => w::ANALYSIS_IS_TOPIC_DELIVERY,
        (Part::Topic, "repair") => w::ANALYSIS_IS_TOPIC_REPAIR,
        (Part::Topic, "vehicle") => w::ANALYSIS_IS_TOPIC_VEHICLE,
        (Part::Topic, "health") => w::ANALYSIS_IS_TOPIC_HEALTH,
        (Part::Topic, "animal") => w::ANALYSIS_IS_TOPIC_ANIMAL,
        (Part::Topic, "property") => w::ANALYSIS_IS_TOPIC_PROPERTY,
        (Part::Topic, "renovation") => w::ANALYSIS_IS_TOPIC_RENOVATION,
        (Part::Topic, "contract") => w::ANALYSIS_IS_TOPIC_CONTRACT,
        (Part::Topic, "travel") => w::ANALYSIS_IS_TOPIC_TRAVEL,
        (Part::Topic, "documents") => w::ANALYSIS_IS_TOPIC_DOCUMENTS,
        (Part::Topic, "parking") => w::ANALYSIS_IS_TOPIC_PARKING,
        (Part::Topic, "guarantee") => w::ANALYSIS_IS_TOPIC_GUARANTEE,
        (Part::Flag, "complaint") => w::ANALYSIS_IS_FLAG_COMPLAINT,
        (Part::Flag, "human_asked") => w::ANALYSIS_IS_FLAG_HUMAN_ASKED,
        (Part::Flag, "callback_wanted") => w::ANALYSIS_IS_FLAG_CALLBACK_WANTED,
        (Part::Flag, "urgent") => w::ANALYSIS_IS_FLAG_URGENT,
        (Part::Flag, "do_not_call") => w::ANALYSIS_IS_FLAG_DO_NOT_CALL,
        (Part::Flag, "reputation") => w::ANALYSIS_IS_FLAG_REPUTATION,
        (Part::Action, "call_back") => w::ANALYSIS_IS_ACTION_CALL_BACK,
        (Part::Action, "review_complaint") => w::ANALYSIS_IS_ACTION_REVIEW_COMPLAINT,
        (Part::Action, "confirm_appointment") => w::ANALYSIS_IS_ACTION_CONFIRM_APPOINTMENT,
        (Part::Action, "send_quote") => w::ANALYSIS_IS_ACTION_SEND_QUOTE,
        (Part::Action, "check_invoice") => w::ANALYSIS_IS_ACTION_CHECK_INVOICE,
        (Part::Action, "remove_number") => w::ANALYSIS_IS_ACTION_REMOVE_NUMBER,
        (Part::Action, "follow_emergency") => w::ANALYSIS_IS_ACTION_FOLLOW_EMERGENCY,
        (Part::Action, "answer_question") => w::ANALYSIS_IS_ACTION_ANSWER_QUESTION,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_word() {
        for part in Part::ALL.iter().filter(|part| **part != Part::Summary) {
            for code in part.codes() {
                assert!(key(*part, code).is_some(), "{part} {code}");
            }
        }
    }
}
