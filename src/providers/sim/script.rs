//! What happens in a call: the outcome that the number asks for, and the conversation that is held.
//! The table of numbers is CONTRACT section 5; every other number gets a believable mix from the seed.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::call::Kind;
use super::dice::Dice;
use super::webhook::Delivery;

macro_rules! scripts {
    ($($name:literal),* $(,)?) => { &[$(include_str!(concat!("scripts/", $name, ".json"))),*] };
}

const SOURCES: &[&str] = scripts![
    "fr_appointment",
    "fr_vet",
    "fr_garage",
    "fr_estate",
    "fr_plumber",
    "fr_hours",
    "fr_angry",
    "fr_language",
    "fr_human",
    "fr_stop",
    "fr_wrong_number",
    "fr_invoice",
    "fr_reminder",
    "fr_long",
    "fr_voicemail",
    "en_appointment",
    "en_plumber",
    "en_garage",
    "en_hours",
    "en_angry",
    "en_language",
    "en_human",
    "en_stop",
    "en_wrong_number",
    "en_invoice",
    "en_reminder",
    "en_long",
    "en_voicemail",
];

/// The conversations, read once. A broken file is a mistake of ours that the first test meets.
static SCRIPTS: LazyLock<Vec<Script>> = LazyLock::new(|| {
    SOURCES.iter().map(|source| serde_json::from_str(source).unwrap_or_else(|error| panic!("{error} in {source}"))).collect()
});

/// A conversation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Script {
    /// `fr_appointment`: the name under which it can be asked for, with or without the language.
    pub(super) id: String,
    pub(super) language: Language,
    /// Taken for calls this way round unless it is asked for by name.
    pub(super) direction: Direction,
    /// How often it comes up among others; 0 only when asked for.
    pub(super) weight: u32,
    /// Who calls, when the call does not say.
    pub(super) caller: String,
    /// What it is about, for arguments of tools.
    pub(super) topic: String,
    /// The assistant's first line, when it has to make one up.
    pub(super) greeting: String,
    pub(super) turns: Vec<Turn>,
    /// Exchanges for the place of a `filler` turn, said one after the other until the time is up.
    #[serde(default)]
    pub(super) filler: Vec<Turn>,
    pub(super) ends: Ends,
    pub(super) summary: String,
    pub(super) success: bool,
    /// What an analysis finds, by name of the field.
    #[serde(default)]
    pub(super) data: Map<String, Value>,
}

/// A language that conversations exist in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Language {
    Fr,
    En,
}

impl Language {
    /// The language of a tag such as `fr-FR`; English when it is neither.
    pub(super) fn of_tag(tag: &str) -> Language {
        if tag.to_lowercase().starts_with("fr") { Language::Fr } else { Language::En }
    }
}

/// Which way round a conversation makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Direction {
    In,
    Out,
    Both,
}

/// Who ends a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Ends {
    Customer,
    Assistant,
}

/// One step of a conversation.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Turn {
    User(String),
    Assistant(String),
    Tool(ToolStep),
    /// The assistant tries to pass the call on; the lines after it are for when it cannot.
    Transfer(String),
    /// The speakers go on in another language, as a tag.
    Language(String),
    /// The exchanges of `filler`, until this call second.
    Filler(f64),
}

/// A moment at which the assistant would use one of its tools, if it has one that fits.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToolStep {
    /// Parts of names of tools that fit.
    pub(super) like: Vec<String>,
    /// Values for its arguments, by name.
    pub(super) arguments: Map<String, Value>,
    /// Said before, unless the tool brings words of its own.
    pub(super) wait: String,
    /// Said when the tool fails; the conversation then closes politely.
    pub(super) failed: String,
}

/// How a call goes.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    pub(super) outcome: Outcome,
    pub(super) delivery: Delivery,
    pub(super) script: &'static Script,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Outcome {
    /// It is answered and the conversation held.
    Talk,
    Busy,
    NoAnswer,
    Voicemail,
    /// The customer hangs up at this call second.
    HangsUp(f64),
    /// The provider fails at this call second.
    ProviderError(f64),
    /// Nothing more is heard after this call second; only `GET /call` knows that it ended.
    GoesSilent(f64),
    /// There is no free slot.
    Blocked,
    /// Every shape of tool call, unknown messages and reasons.
    Everything,
}

/// What creating a call for this number answers instead of 201.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Creation {
    Accepted,
    /// 500 although the call runs.
    FailsAfterAccepting,
    /// The answer comes after 30 seconds; the call runs meanwhile.
    AnswersLate,
    /// 429 with Retry-After.
    Throttled,
    /// 400.
    Invalid,
}

/// The last two digits of a number.
pub(super) fn suffix(number: &str) -> Option<u8> {
    let digits = number.get(number.len().checked_sub(2)?..)?;
    if digits.bytes().all(|digit| digit.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// What creating a call to or from this number does.
pub(super) fn creation(number: Option<&str>) -> Creation {
    match number.and_then(suffix) {
        Some(16) => Creation::FailsAfterAccepting,
        Some(17) => Creation::AnswersLate,
        Some(18) => Creation::Throttled,
        Some(21) => Creation::Invalid,
        _ => Creation::Accepted,
    }
}

/// Decides how a call goes. `asked` is the name of a script; unknown names are as good as none.
pub(super) fn decide(dice: &mut Dice, kind: Kind, number: Option<&str>, language: Language, asked: Option<&str>) -> Scenario {
    let talk = |topic: &str| (Outcome::Talk, Delivery::Ordered, Some(topic.to_owned()));
    let deliver = |delivery: Delivery| (Outcome::Talk, delivery, None);
    let (outcome, delivery, topic) = match number.and_then(suffix) {
        Some(0) if kind == Kind::Outbound => talk("reminder"),
        Some(0) => talk("appointment"),
        Some(1) => (Outcome::Busy, Delivery::Ordered, None),
        Some(2) => (Outcome::NoAnswer, Delivery::Ordered, None),
        Some(3) => (Outcome::Voicemail, Delivery::Ordered, Some("voicemail".to_owned())),
        Some(4) => (Outcome::HangsUp(8.0), Delivery::Ordered, None),
        Some(5) => talk("human"),
        Some(6) => talk("stop"),
        Some(7) => talk("angry"),
        Some(8) => talk("language"),
        Some(9) => talk("long"),
        Some(10) => (Outcome::ProviderError(dice.between(14.0, 20.0)), Delivery::Ordered, None),
        Some(11) => deliver(Delivery::Duplicated),
        Some(12) => deliver(Delivery::Shuffled),
        Some(13) => deliver(Delivery::NoReport),
        Some(14) => deliver(Delivery::Late),
        Some(15) => deliver(Delivery::BadSignatureFirst),
        Some(19) => (Outcome::GoesSilent(dice.between(12.0, 18.0)), Delivery::Ordered, None),
        Some(20) => (Outcome::Blocked, Delivery::Ordered, None),
        Some(22) => (Outcome::Everything, Delivery::Ordered, Some("appointment".to_owned())),
        _ => (mixed(dice, kind), Delivery::Ordered, None),
    };
    let wanted = asked.map(str::to_owned).or(topic);
    let script = wanted.and_then(|name| named(&name, language)).unwrap_or_else(|| any(dice, kind, language));
    Scenario { outcome, delivery, script }
}

/// The mix of numbers that the table does not name.
fn mixed(dice: &mut Dice, kind: Kind) -> Outcome {
    let roll = dice.between(0.0, 1.0);
    match kind {
        Kind::Outbound if roll < 0.12 => Outcome::NoAnswer,
        Kind::Outbound if roll < 0.18 => Outcome::Busy,
        Kind::Outbound if roll < 0.26 => Outcome::Voicemail,
        Kind::Outbound if roll < 0.31 => Outcome::HangsUp(dice.between(4.0, 11.0)),
        Kind::Inbound if roll < 0.05 => Outcome::HangsUp(dice.between(4.0, 11.0)),
        _ => Outcome::Talk,
    }
}

/// A conversation by its name (`vet`, `fr_vet`), in this language when it exists in it.
pub(super) fn named(name: &str, language: Language) -> Option<&'static Script> {
    let matches = |script: &&Script| script.id == name || script.id.split_once('_').is_some_and(|(_, rest)| rest == name);
    SCRIPTS.iter().filter(matches).max_by_key(|script| script.language == language)
}

/// The names of all conversations.
pub(super) fn names() -> Vec<&'static str> {
    SCRIPTS.iter().map(|script| script.id.as_str()).collect()
}

fn any(dice: &mut Dice, kind: Kind, language: Language) -> &'static Script {
    let fits = |script: &&Script| {
        let way = match kind {
            Kind::Outbound => Direction::Out,
            _ => Direction::In,
        };
        script.language == language && (script.direction == way || script.direction == Direction::Both) && script.weight > 0
    };
    let total: u32 = SCRIPTS.iter().filter(fits).map(|script| script.weight).sum();
    let mut place = dice.below(total as usize) as u32;
    for script in SCRIPTS.iter().filter(fits) {
        if place < script.weight {
            return script;
        }
        place -= script.weight;
    }
    &SCRIPTS[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_every_script_that_a_number_asks_for() {
        for language in [Language::Fr, Language::En] {
            for name in ["appointment", "reminder", "human", "stop", "angry", "language", "long", "voicemail"] {
                let script = named(name, language).unwrap_or_else(|| panic!("no {name}"));
                assert_eq!(script.language, language, "{name}");
            }
        }
    }

    #[test]
    fn ids_name_the_language_and_are_unique() {
        let mut ids = names();
        for script in SCRIPTS.iter() {
            let tag = if script.language == Language::Fr { "fr_" } else { "en_" };
            assert!(script.id.starts_with(tag), "{}", script.id);
        }
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), SOURCES.len());
    }

    #[test]
    fn the_same_seed_and_number_decide_the_same() {
        for number in ["+33612345643", "+33612345644", "+33612345699"] {
            let decided = || {
                let mut dice = Dice::of(42, &[number]);
                let scenario = decide(&mut dice, Kind::Outbound, Some(number), Language::Fr, None);
                (scenario.outcome, scenario.script.id.clone())
            };
            assert_eq!(decided(), decided());
        }
    }

    #[test]
    fn both_languages_and_several_topics_come_up_without_being_asked_for() {
        for language in [Language::Fr, Language::En] {
            let mut seen: Vec<&str> = (0..200).map(|turn| any(&mut Dice::of(turn, &["x"]), Kind::Inbound, language).id.as_str()).collect();
            seen.sort_unstable();
            seen.dedup();
            assert!(seen.len() >= 5, "{seen:?}");
        }
    }
}
