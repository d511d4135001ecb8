//! Rehearsals as both targets see them.

use crate::shared::{
    error::{AppError, FieldErrors},
    ids::{AssistantId, RehearsalId, RunId, TalkId},
    money::MicroUsd,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The most a caller says in one rehearsal.
pub const MOST_TURNS: usize = 12;
/// The most expectations of one kind.
const MOST_LINES: usize = 12;
/// The longest thing said at once.
pub const LONGEST_LINE: usize = 600;

/// A tool that has to be used, and what has to stand in its arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolWanted {
    pub tool: String,
    /// Pairs of an argument's name and what it has to contain.
    #[serde(default)]
    pub arguments: Vec<(String, String)>,
}

/// A scripted caller and what is expected. It holds no id and no secret: this is what a file carries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    pub name: String,
    /// What the caller says, one after the other.
    pub turns: Vec<String>,
    /// Each has to be said; `|` parts ways to say it.
    #[serde(default)]
    pub must_say: Vec<String>,
    /// None of these may be said.
    #[serde(default)]
    pub must_not_say: Vec<String>,
    #[serde(default)]
    pub tools: Vec<ToolWanted>,
    /// Labels or numbers of the transfer directory, one of which the caller is put through to each.
    #[serde(default)]
    pub transferred_to: Vec<String>,
    /// No answer may take longer.
    #[serde(default)]
    pub max_seconds: Option<u32>,
    /// What is expected has to have happened by this turn of the caller.
    #[serde(default)]
    pub max_turns: Option<u32>,
}

text_enum! {
    /// Who a line of a report is by.
    Speaker { Caller = "caller", Assistant = "assistant", Tool = "tool" }
}

/// One line of a conversation with a draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub by: Speaker,
    /// Words; for a tool, its name.
    pub text: String,
    /// A tool's arguments, as text.
    #[serde(default)]
    pub arguments: Vec<(String, String)>,
    /// What the tool answered.
    #[serde(default)]
    pub result: String,
    /// The caller's turn it belongs to, from 1; 0 for the greeting.
    pub turn: u32,
    /// How long the answer took, for the assistant's last line of a turn.
    #[serde(default)]
    pub took_ms: Option<u32>,
}

text_enum! {
    /// What kind of expectation a verdict is on.
    Expected {
        MustSay = "must_say",
        MustNotSay = "must_not_say",
        Tool = "tool",
        Transfer = "transfer",
        Seconds = "seconds",
        Turns = "turns",
    }
}

text_enum! {
    /// What came of an expectation.
    Finding {
        Met = "met",
        NeverSaid = "never_said",
        Said = "said",
        NeverUsed = "never_used",
        OtherArguments = "other_arguments",
        NotTransferred = "not_transferred",
        OtherDestination = "other_destination",
        TooSlow = "too_slow",
        TooLate = "too_late",
    }
}

impl Finding {
    /// Whether it is as expected.
    pub fn is_met(self) -> bool {
        self == Self::Met
    }
}

/// What came of one expectation, and the line it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    pub expected: Expected,
    /// What was wanted, as it was written.
    pub wanted: String,
    pub finding: Finding,
    /// Place of the line among those of the report; absent when there is none.
    pub line: Option<u32>,
}

/// A run, told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub lines: Vec<Line>,
    pub verdicts: Vec<Verdict>,
}

text_enum! {
    /// How far a run is.
    RunState {
        Waiting = "waiting",
        Running = "running",
        Passed = "passed",
        Failed = "failed",
        /// It could not be held: the provider refused or was out of reach.
        Broken = "broken",
    }
}

impl RunState {
    /// Whether it is still going on.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Running)
    }
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub id: RunId,
    pub state: RunState,
    pub report: Report,
    /// The provider's words, or a `Trouble` of ours.
    pub trouble: Option<String>,
    pub cost: Option<MicroUsd>,
    pub asked_by: Option<String>,
    pub created_at: DateTime<Utc>,
    /// Whether it is of the rehearsal and the draft as they are now.
    pub is_current: bool,
}

/// One rehearsal with its runs, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rehearsal {
    pub id: RehearsalId,
    pub script: Script,
    pub revision: i64,
    pub runs: Vec<Run>,
}

/// The page of rehearsals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RehearsalSheet {
    pub assistant: AssistantId,
    pub assistant_name: String,
    /// There is a draft: it is what is rehearsed.
    pub has_draft: bool,
    pub rehearsals: Vec<Rehearsal>,
    /// Whether the organisation publishes only what passes.
    pub is_required: bool,
    pub now: DateTime<Utc>,
}

impl RehearsalSheet {
    /// Whether something is still going on.
    pub fn is_busy(&self) -> bool {
        self.rehearsals.iter().filter_map(|rehearsal| rehearsal.runs.first()).any(|run| run.state.is_open())
    }
}

/// What the page for trying shows first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrySheet {
    pub assistant: AssistantId,
    pub assistant_name: String,
    /// What the draft says first.
    pub greeting: String,
    pub has_draft: bool,
}

/// What the draft said to what was typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    pub talk: TalkId,
    pub lines: Vec<Line>,
    /// Of this turn; absent when the provider did not say.
    pub cost: Option<MicroUsd>,
    /// In a call the assistant would be gone.
    pub is_over: bool,
    /// The provider's words, when it refused.
    pub refusal: Option<String>,
}

/// The form of a rehearsal, as typed: one line each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RehearsalForm {
    pub name: String,
    pub turns: String,
    pub must_say: String,
    pub must_not_say: String,
    /// `take_message: urgent=true, caller_name=Martin`.
    pub tools: String,
    pub transferred_to: String,
    pub max_seconds: String,
    pub max_turns: String,
}

impl RehearsalForm {
    /// The form that says this.
    pub fn of(script: &Script) -> Self {
        let number = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
        Self {
            name: script.name.clone(),
            turns: script.turns.join("\n"),
            must_say: script.must_say.join("\n"),
            must_not_say: script.must_not_say.join("\n"),
            tools: script.tools.iter().map(ToolWanted::line).collect::<Vec<_>>().join("\n"),
            transferred_to: script.transferred_to.join("\n"),
            max_seconds: number(script.max_seconds),
            max_turns: number(script.max_turns),
        }
    }

    /// Reads the form; files are read by it, too.
    pub fn parse(&self) -> Result<Script, AppError> {
        let mut wrong = FieldErrors::default();
        let name = self.name.trim();
        if !(2..=80).contains(&name.chars().count()) {
            wrong.add("name", "rehearsal.name_length");
        }
        let turns = lines(&self.turns, "turns", &mut wrong);
        if turns.is_empty() || turns.len() > MOST_TURNS {
            wrong.add("turns", "rehearsal.turns");
        }
        let must_say = lines(&self.must_say, "must_say", &mut wrong);
        let must_not_say = lines(&self.must_not_say, "must_not_say", &mut wrong);
        let transferred_to = lines(&self.transferred_to, "transferred_to", &mut wrong);
        let tools = lines(&self.tools, "tools", &mut wrong);
        let tools: Vec<ToolWanted> = tools.iter().filter_map(|line| ToolWanted::read(line)).collect();
        if tools.len() != self.tools.lines().filter(|line| !line.trim().is_empty()).count() {
            wrong.add("tools", "rehearsal.tool_shape");
        }
        let max_seconds = within(&self.max_seconds, "max_seconds", 60, "rehearsal.seconds_range", &mut wrong);
        let max_turns = within(&self.max_turns, "max_turns", MOST_TURNS as u32, "rehearsal.turns_range", &mut wrong);
        let expects_something = !must_say.is_empty() || !must_not_say.is_empty() || !tools.is_empty() || !transferred_to.is_empty();
        if !expects_something && max_seconds.is_none() {
            wrong.add("must_say", "rehearsal.expects_nothing");
        }
        wrong.into_result()?;
        Ok(Script { name: name.to_owned(), turns, must_say, must_not_say, tools, transferred_to, max_seconds, max_turns })
    }
}

impl ToolWanted {
    /// `take_message: urgent=true, caller_name=Martin`.
    pub fn line(&self) -> String {
        let arguments: Vec<String> = self.arguments.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if arguments.is_empty() { self.tool.clone() } else { format!("{}: {}", self.tool, arguments.join(", ")) }
    }

    fn read(line: &str) -> Option<Self> {
        let (tool, arguments) = line.split_once(':').unwrap_or((line, ""));
        let tool = tool.trim();
        let is_name = (1..=64).contains(&tool.len()) && tool.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        let parts = arguments.split(',').map(str::trim).filter(|part| !part.is_empty());
        let pairs: Option<Vec<(String, String)>> =
            parts.map(|part| part.split_once('=').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))).collect();
        pairs.filter(|_| is_name).map(|arguments| Self { tool: tool.to_owned(), arguments })
    }
}

fn lines(text: &str, field: &str, wrong: &mut FieldErrors) -> Vec<String> {
    let found: Vec<String> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    if found.len() > MOST_LINES || found.iter().any(|line| line.chars().count() > LONGEST_LINE) {
        wrong.add(field, "rehearsal.lines_limit");
    }
    found
}

/// Nothing, or a number from 1 to `most`.
fn within(text: &str, field: &str, most: u32, code: &str, wrong: &mut FieldErrors) -> Option<u32> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let number = text.parse().ok().filter(|number| (1..=most).contains(number));
    if number.is_none() {
        wrong.add(field, code);
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script() -> Script {
        Script {
            name: "Une urgence".into(),
            turns: vec!["Bonjour".into(), "C'est urgent".into()],
            must_say: vec!["urgence | prioritaire".into()],
            must_not_say: vec!["diagnostic".into()],
            tools: vec![
                ToolWanted { tool: "take_message".into(), arguments: vec![("urgent".into(), "true".into())] },
                ToolWanted { tool: "search_answers".into(), arguments: vec![] },
            ],
            transferred_to: vec!["Garde".into()],
            max_seconds: Some(8),
            max_turns: Some(2),
        }
    }

    #[test]
    fn the_form_of_a_script_is_read_as_that_script() {
        assert_eq!(RehearsalForm::of(&script()).parse(), Ok(script()));
    }

    #[test]
    fn every_field_says_what_is_wrong_with_it() {
        let form = RehearsalForm {
            name: "x".into(),
            turns: "\n \n".into(),
            tools: "take message\nsearch_answers: question".into(),
            max_seconds: "0".into(),
            max_turns: "many".into(),
            ..RehearsalForm::default()
        };
        let fields = form.parse().expect_err("wrong").fields().0;
        let found: Vec<(&str, &str)> = fields.iter().map(|(field, code)| (field.as_str(), code.as_str())).collect();
        let expected = [
            ("max_seconds", "rehearsal.seconds_range"),
            ("max_turns", "rehearsal.turns_range"),
            ("must_say", "rehearsal.expects_nothing"),
            ("name", "rehearsal.name_length"),
            ("tools", "rehearsal.tool_shape"),
            ("turns", "rehearsal.turns"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_caller_says_no_more_than_twelve_things() {
        let form = RehearsalForm { turns: "Allô\n".repeat(MOST_TURNS + 1), ..RehearsalForm::of(&script()) };
        assert_eq!(form.parse().expect_err("too many").fields().get("turns"), Some("rehearsal.lines_limit"));
    }
}
