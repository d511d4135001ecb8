//! An analysis as both targets see it. Every word of it is from a closed list, except the sentences of a model's summary.

use crate::shared::money::MicroUsd;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

text_enum! {
    /// What a claim is about.
    Part {
        Summary = "summary",
        Outcome = "outcome",
        Intent = "intent",
        Sentiment = "sentiment",
        Topic = "topic",
        Flag = "flag",
        Action = "action",
    }
}

impl Part {
    /// The words a claim of this part may use. A summary has none: it has a sentence.
    pub const fn codes(self) -> &'static [&'static str] {
        match self {
            Self::Summary => &["sentence"],
            Self::Outcome => &[
                "booked",
                "rescheduled",
                "cancelled",
                "answered",
                "message_taken",
                "passed_on",
                "help_sent",
                "handed_over",
                "removed",
                "wrong_number",
                "voicemail",
                "unresolved",
            ],
            Self::Intent => &[
                "appointment",
                "reschedule",
                "cancel",
                "information",
                "price",
                "emergency",
                "complaint",
                "invoice",
                "human",
                "message",
                "stop",
                "wrong_number",
                "other",
            ],
            Self::Sentiment => &["positive", "neutral", "negative"],
            Self::Topic => &[
                "appointment",
                "opening_hours",
                "price",
                "invoice",
                "delivery",
                "repair",
                "vehicle",
                "health",
                "animal",
                "property",
                "renovation",
                "contract",
                "travel",
                "documents",
                "parking",
                "guarantee",
            ],
            Self::Flag => &["complaint", "human_asked", "callback_wanted", "urgent", "do_not_call", "reputation"],
            Self::Action => &[
                "call_back",
                "review_complaint",
                "confirm_appointment",
                "send_quote",
                "check_invoice",
                "remove_number",
                "follow_emergency",
                "answer_question",
            ],
        }
    }
}

/// One thing that is said about a call, with what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    pub part: Part,
    /// One of [`Part::codes`].
    pub code: String,
    /// The sentence of a summary; nothing else carries one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// As it stands in the transcript, letter for letter.
    pub quote: String,
    /// The transcript's line.
    pub seq: i64,
    /// When the line is said, in seconds from the beginning of the conversation.
    pub second: f64,
}

text_enum! {
    /// Who made an analysis.
    Source { Model = "model", Rules = "rules" }
}

/// What a finished call amounts to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    pub source: Source,
    /// The model's name.
    pub model: Option<String>,
    /// Why rules although a model is set: `cap_reached`, `no_answer`, `refused`, `not_understood`, `unfounded`.
    pub reason: Option<String>,
    /// `fr` or `en`, when it could be told.
    pub language: Option<String>,
    pub claims: Vec<Claim>,
    /// Of this run.
    pub cost: MicroUsd,
    pub made_at: DateTime<Utc>,
}

impl Analysis {
    /// The claims of a part, in order.
    pub fn of(&self, part: Part) -> impl Iterator<Item = &Claim> {
        self.claims.iter().filter(move |claim| claim.part == part)
    }
}

/// What the page of a call shows of its analysis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AfterCall {
    /// Absent before the first run, and when nothing was said.
    pub analysis: Option<Analysis>,
    /// One is on its way.
    pub is_pending: bool,
    /// What another run would cost: nothing by rules; by a model, at most so much.
    pub estimate: Estimate,
}

/// What another run would be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The model that would be asked; rules do it otherwise.
    pub model: Option<String>,
    /// At most.
    pub cost: MicroUsd,
    /// What this month's analyses have cost the organisation.
    pub spent: MicroUsd,
    /// What they may cost.
    pub cap: MicroUsd,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_read_as_it_was_written_and_every_part_has_words() {
        let claim = Claim { part: Part::Flag, code: "urgent".into(), text: None, quote: "vite".into(), seq: 4, second: 7.25 };
        let text = serde_json::to_string(&claim).unwrap_or_default();
        assert_eq!(serde_json::from_str::<Claim>(&text).ok(), Some(claim));
        for part in Part::ALL {
            let codes = part.codes();
            assert!(codes.iter().enumerate().all(|(at, code)| !codes[..at].contains(code)), "{part}");
        }
    }
}
