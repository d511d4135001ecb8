//! What the pages of numbers show, and what their forms send.

use crate::{
    assistants::model::NumberLine,
    shared::{
        error::{AppError, FieldErrors},
        ids::{AssistantId, CallId, MessageId},
        phone::PhoneNumber,
    },
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A number, and how it has been doing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NumberCard {
    pub line: NumberLine,
    /// To a quarter of an hour; of the last 90 days.
    pub last_received: Option<DateTime<Utc>>,
    pub last_failed: Option<DateTime<Utc>>,
}

/// The organisation's account at Twilio.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TwilioLink {
    pub account_sid: String,
    pub name: String,
    /// Twilio's words when it took the token no longer.
    pub refused: Option<String>,
}

/// The page of numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NumbersSheet {
    pub numbers: Vec<NumberCard>,
    /// Who may answer one.
    pub assistants: Vec<(AssistantId, String)>,
    pub twilio: Option<TwilioLink>,
    /// In the sandbox: the account that the simulator knows, and its token.
    pub sandbox: Option<(String, String)>,
    pub now: DateTime<Utc>,
}

/// A number of the account at Twilio.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TwilioNumber {
    /// Twilio's id.
    pub sid: String,
    /// E.164.
    pub number: String,
    pub name: String,
    pub takes_calls: bool,
    pub takes_sms: bool,
    /// It is among ours already.
    pub is_here: bool,
}

text_enum! {
    /// Which way a message went.
    Direction { In = "in", Out = "out" }
}

/// A text message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageLine {
    pub id: MessageId,
    pub at: DateTime<Utc>,
    pub direction: Direction,
    /// E.164.
    pub ours: String,
    /// E.164, or what a sender without a number is called.
    pub theirs: String,
    pub body: String,
    /// `waiting`, `refused`, or Twilio's own word.
    pub status: String,
    /// The code and words of whoever refused.
    pub error: Option<String>,
    pub call_id: Option<CallId>,
    /// They want no messages now.
    pub has_stopped: bool,
}

/// Messages, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessagePage {
    pub items: Vec<MessageLine>,
    /// The cursor of the next page.
    pub next: Option<MessageId>,
    pub now: DateTime<Utc>,
}

/// Keys of an account at Twilio, as typed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TwilioForm {
    pub account_sid: String,
    pub auth_token: String,
}

impl TwilioForm {
    /// The id and the token. Errors: `Invalid`.
    pub fn parse(&self) -> Result<(String, String), AppError> {
        let (sid, token) = (self.account_sid.trim(), self.auth_token.trim());
        let mut wrong = FieldErrors::default();
        let is_hex = |text: &str| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !sid.strip_prefix("AC").is_some_and(is_hex) {
            wrong.add("account_sid", "twilio.account_sid_shape");
        }
        if !is_hex(token) {
            wrong.add("auth_token", "twilio.auth_token_shape");
        }
        wrong.into_result()?;
        Ok((sid.to_owned(), token.to_owned()))
    }
}

/// A number on the organisation's own SIP trunk, as typed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrunkForm {
    pub number: String,
    pub label: String,
    /// The id of the trunk's credential at Vapi.
    pub credential_id: String,
    /// Who answers it; empty for nobody yet.
    pub assistant: String,
}

/// A number on a trunk that was understood.
#[derive(Clone, Debug, PartialEq)]
pub struct TrunkNumber {
    pub number: PhoneNumber,
    pub label: String,
    pub credential_id: String,
    pub assistant: Option<AssistantId>,
}

impl TrunkForm {
    /// Reads the form.
    pub fn parse(&self) -> Result<TrunkNumber, AppError> {
        let mut wrong = FieldErrors::default();
        let number = self.number.parse::<PhoneNumber>().map_err(|_| wrong.add("number", "phone.not_e164"));
        let credential_id = self.credential_id.trim();
        if !(8..=80).contains(&credential_id.len())
            || !credential_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        {
            wrong.add("credential_id", "number.provider_id_shape");
        }
        let assistant = assistant_of(&self.assistant).map_err(|code| wrong.add("assistant", code));
        match (number, assistant) {
            (Ok(number), Ok(assistant)) if wrong.is_empty() => {
                Ok(TrunkNumber { number, label: label_of(&self.label), credential_id: credential_id.to_owned(), assistant })
            }
            _ => Err(wrong.into()),
        }
    }
}

/// What may be changed of a number, as typed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EditForm {
    pub label: String,
    /// Who answers it; empty for nobody.
    pub assistant: String,
    /// Where callers go when we do not answer the provider; empty for nowhere.
    pub fallback: String,
}

/// Changes of a number that were understood.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberEdit {
    pub label: String,
    pub assistant: Option<AssistantId>,
    pub fallback: Option<PhoneNumber>,
}

impl EditForm {
    /// Reads the form.
    pub fn parse(&self) -> Result<NumberEdit, AppError> {
        let mut wrong = FieldErrors::default();
        let fallback = fallback_of(&self.fallback).map_err(|_| wrong.add("fallback", "phone.not_e164"));
        let assistant = assistant_of(&self.assistant).map_err(|code| wrong.add("assistant", code));
        match (fallback, assistant) {
            (Ok(fallback), Ok(assistant)) => Ok(NumberEdit { label: label_of(&self.label), assistant, fallback }),
            _ => Err(wrong.into()),
        }
    }
}

/// A number, or none when nothing is written. Errors: `Invalid` (`fallback`).
pub fn fallback_of(text: &str) -> Result<Option<PhoneNumber>, AppError> {
    let number = Some(text.trim()).filter(|text| !text.is_empty()).map(str::parse).transpose();
    number.map_err(|_| AppError::invalid("fallback", "phone.not_e164"))
}

/// A name of a line, as long as it may be.
pub fn label_of(text: &str) -> String {
    text.trim().chars().take(60).collect()
}

fn assistant_of(text: &str) -> Result<Option<AssistantId>, &'static str> {
    Some(text.trim()).filter(|id| !id.is_empty()).map(str::parse).transpose().map_err(|_| "number.assistant_unknown")
}

/// How far a message has come: reports arrive in any order, and one of lower rank changes nothing.
/// Source: protocols sheet "voice", 6.2.
pub fn rank(status: &str) -> i32 {
    match status {
        "waiting" => 0,
        "accepted" => 1,
        "scheduled" => 2,
        "queued" => 3,
        "sending" => 4,
        "sent" => 5,
        "refused" | "delivered" | "undelivered" | "failed" | "canceled" | "read" => 6,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_another_shape_are_refused_by_their_field() {
        let form = |sid: &str, token: &str| TwilioForm { account_sid: sid.into(), auth_token: token.into() }.parse();
        let (sid, token) = ("AC5a6e63616c6c00000000000000000001", "5a6e63616c6c746f6b656e0000000001");
        assert_eq!(form(&format!(" {sid} "), token), Ok((sid.into(), token.into())));
        for (sid, token, field) in
            [("SK5a6e63616c6c00000000000000000001", token, "account_sid"), (sid, "short", "auth_token"), ("", token, "account_sid")]
        {
            assert_eq!(form(sid, token).expect_err("refused").fields().0.into_keys().collect::<Vec<_>>(), [field]);
        }
    }

    #[test]
    fn an_end_outranks_every_step_before_it() {
        let steps = ["waiting", "accepted", "scheduled", "queued", "sending", "sent", "delivered"];
        assert!(steps.windows(2).all(|pair| rank(pair[0]) < rank(pair[1])));
        assert!(["undelivered", "failed"].iter().all(|end| rank(end) > rank("sent")));
    }
}
