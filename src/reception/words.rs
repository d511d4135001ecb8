//! What rules, people and tools are called, in the reader's language.

use super::{
    directory::Duty,
    hours::Opening,
    http_tool::Kind,
    model::ReceptionSheet,
    rules::{CallerIs, OpeningIs, Rule, Then, Way, When},
};
use crate::{
    i18n::{Key, format, t, t_count, t_with, words as w},
    shared::phone::PhoneNumber,
};

/// Days of the week, Monday first.
pub const DAYS: [Key; 7] = [
    w::RECEPTION_DAY_MON,
    w::RECEPTION_DAY_TUE,
    w::RECEPTION_DAY_WED,
    w::RECEPTION_DAY_THU,
    w::RECEPTION_DAY_FRI,
    w::RECEPTION_DAY_SAT,
    w::RECEPTION_DAY_SUN,
];

/// Whether it is open, of a rule's condition.
pub fn opening_is_word(is: OpeningIs) -> Key {
    match is {
        OpeningIs::Open => w::RECEPTION_OPENING_OPEN,
        OpeningIs::Closed => w::RECEPTION_OPENING_CLOSED,
        OpeningIs::Holiday => w::RECEPTION_OPENING_HOLIDAY,
    }
}

/// Whether it is open, of a moment.
pub fn opening_word(is: Opening) -> Key {
    match is {
        Opening::Open => w::RECEPTION_OPENING_OPEN,
        Opening::Closed => w::RECEPTION_OPENING_CLOSED,
        Opening::Holiday => w::RECEPTION_OPENING_HOLIDAY,
    }
}

/// What the caller is.
pub fn caller_word(is: CallerIs) -> Key {
    match is {
        CallerIs::Blocked => w::RECEPTION_CALLER_BLOCKED,
        CallerIs::Vip => w::RECEPTION_CALLER_VIP,
        CallerIs::Known => w::RECEPTION_CALLER_KNOWN,
        CallerIs::Unknown => w::RECEPTION_CALLER_UNKNOWN,
        CallerIs::Withheld => w::RECEPTION_CALLER_WITHHELD,
    }
}

/// What becomes of a call.
pub fn way_word(way: Way) -> Key {
    match way {
        Way::Assistant => w::RECEPTION_WAY_ASSISTANT,
        Way::Person => w::RECEPTION_WAY_PERSON,
        Way::Number => w::RECEPTION_WAY_NUMBER,
        Way::Refuse => w::RECEPTION_WAY_REFUSE,
    }
}

/// When somebody can be reached.
pub fn duty_word(duty: Duty) -> Key {
    match duty {
        Duty::Opening => w::RECEPTION_DUTY_OPENING,
        Duty::Always => w::RECEPTION_DUTY_ALWAYS,
        Duty::Own => w::RECEPTION_DUTY_OWN,
    }
}

/// What an argument is.
pub fn kind_word(kind: Kind) -> Key {
    match kind {
        Kind::Text => w::RECEPTION_KIND_TEXT,
        Kind::Whole => w::RECEPTION_KIND_WHOLE,
        Kind::Number => w::RECEPTION_KIND_NUMBER,
        Kind::YesNo => w::RECEPTION_KIND_YES_NO,
    }
}

/// A language's name.
pub fn language_word(language: &str) -> &'static str {
    t(if language == "en" { w::RECEPTION_LANGUAGE_EN } else { w::RECEPTION_LANGUAGE_FR })
}

/// Nothing, then the languages.
pub fn language_options(nothing: Key) -> Vec<(String, String)> {
    std::iter::once((String::new(), t(nothing).to_owned()))
        .chain(super::model::LANGUAGES.iter().map(|tag| ((*tag).to_owned(), language_word(tag).to_owned())))
        .collect()
}

/// A number as people read it.
pub fn shown(number: &str) -> String {
    number.parse::<PhoneNumber>().map_or_else(|_| number.to_owned(), |number| format::tel(&number))
}

/// The conditions of a rule, in one line.
pub fn when_words(when: &When) -> String {
    let mut said: Vec<String> = Vec::new();
    said.extend(when.opening.map(|is| t(opening_is_word(is)).to_owned()));
    said.extend(when.caller.map(|is| t(caller_word(is)).to_owned()));
    said.extend(when.number.as_ref().map(|number| t_with(w::RECEPTION_SAID_NUMBER, &[("number", &shown(number))])));
    said.extend(when.prefix.as_ref().map(|prefix| t_with(w::RECEPTION_SAID_PREFIX, &[("prefix", prefix)])));
    said.extend(when.language.as_ref().map(|tag| t_with(w::RECEPTION_SAID_LANGUAGE, &[("language", &language_word(tag).to_lowercase())])));
    said.extend(when.calls_from.map(|least| t_count(w::RECEPTION_SAID_CALLS, least)));
    if said.is_empty() { t(w::RECEPTION_WHEN_ALWAYS).to_owned() } else { said.join(" · ") }
}

/// What a rule does; nothing when what it names is gone.
pub fn then_words(then: &Then, sheet: &ReceptionSheet) -> Option<String> {
    match then.way {
        Way::Assistant => {
            let found = sheet.assistants.iter().find(|known| Some(known.id) == then.assistant)?;
            found.is_ready.then(|| t_with(w::RECEPTION_SAYS_ASSISTANT, &[("name", &found.name)]))
        }
        Way::Person => {
            let found = sheet.people.iter().find(|known| Some(known.id) == then.person)?;
            Some(t_with(w::RECEPTION_SAYS_FORWARD, &[("name", &found.name)]))
        }
        Way::Number => Some(t_with(w::RECEPTION_SAYS_FORWARD, &[("name", &format::tel(then.number.as_ref()?))])),
        Way::Refuse => Some(t_with(w::RECEPTION_SAYS_REFUSE, &[("words", &then.words)])),
    }
}

/// A rule in one line, for readers' software.
pub fn rule_words(rule: &Rule, sheet: &ReceptionSheet) -> String {
    let then = then_words(&rule.then, sheet).unwrap_or_else(|| t(w::RECEPTION_RULE_GONE).to_owned());
    format!("{} : {then}", when_words(&rule.when))
}

/// What a tool is called, and what it is for; the model's own name for one of the organisation's.
pub fn tool_words(name: &str) -> (String, Option<&'static str>) {
    let (name, text) = match name {
        "search_answers" => (w::RECEPTION_BUILT_IN_SEARCH_ANSWERS, w::RECEPTION_BUILT_IN_SEARCH_ANSWERS_TEXT),
        "take_message" => (w::RECEPTION_BUILT_IN_TAKE_MESSAGE, w::RECEPTION_BUILT_IN_TAKE_MESSAGE_TEXT),
        "request_callback" => (w::RECEPTION_BUILT_IN_REQUEST_CALLBACK, w::RECEPTION_BUILT_IN_REQUEST_CALLBACK_TEXT),
        "transfer_to" => (w::RECEPTION_BUILT_IN_TRANSFER_TO, w::RECEPTION_BUILT_IN_TRANSFER_TO_TEXT),
        "look_up_caller" => (w::RECEPTION_BUILT_IN_LOOK_UP_CALLER, w::RECEPTION_BUILT_IN_LOOK_UP_CALLER_TEXT),
        "send_sms" => (w::NUMBERS_TOOL, w::NUMBERS_TOOL_TEXT),
        other => return (other.to_owned(), None),
    };
    (t(name).to_owned(), Some(t(text)))
}
