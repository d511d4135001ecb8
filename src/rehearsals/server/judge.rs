//! Whether a conversation was as expected. A pure function of a script and the lines that were said: the same lines give the same verdicts.
//! Words are compared without case, accents and punctuation; each verdict names the line it rests on.

use crate::rehearsals::model::*;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Every expectation of the script, in its order.
pub fn judge(script: &Script, lines: &[Line]) -> Vec<Verdict> {
    let mut verdicts: Vec<Verdict> = Vec::new();
    verdicts.extend(script.must_say.iter().map(|wanted| must_say(wanted, lines)));
    verdicts.extend(script.must_not_say.iter().map(|wanted| must_not_say(wanted, lines)));
    verdicts.extend(script.tools.iter().map(|wanted| used(wanted, lines)));
    verdicts.extend(script.transferred_to.iter().map(|wanted| transferred(wanted, lines)));
    verdicts.extend(script.max_seconds.and_then(|most| in_time(most, lines)));
    if let Some(most) = script.max_turns {
        verdicts.push(by_turn(most, &verdicts, lines));
    }
    verdicts
}

/// The name under which a transfer stands among the lines.
pub const TRANSFER: &str = "transferCall";

fn must_say(wanted: &str, lines: &[Line]) -> Verdict {
    let found = said(lines).find(|(_, line)| alternatives(wanted).any(|words| holds(&line.text, &words)));
    verdict(Expected::MustSay, wanted, if found.is_some() { Finding::Met } else { Finding::NeverSaid }, found)
}

fn must_not_say(wanted: &str, lines: &[Line]) -> Verdict {
    let found = said(lines).find(|(_, line)| alternatives(wanted).any(|words| holds(&line.text, &words)));
    verdict(Expected::MustNotSay, wanted, if found.is_some() { Finding::Said } else { Finding::Met }, found)
}

fn used(wanted: &ToolWanted, lines: &[Line]) -> Verdict {
    let uses = || numbered(lines).filter(|(_, line)| line.by == Speaker::Tool && line.text == wanted.tool);
    let fits = |line: &Line| wanted.arguments.iter().all(|(name, value)| argument(line, name).is_some_and(|given| holds(given, value)));
    let exact = uses().find(|(_, line)| fits(line));
    let finding = match (&exact, uses().next()) {
        (Some(_), _) => Finding::Met,
        (None, Some(_)) => Finding::OtherArguments,
        (None, None) => Finding::NeverUsed,
    };
    verdict(Expected::Tool, &wanted.line(), finding, exact.or_else(|| uses().next()))
}

fn transferred(wanted: &str, lines: &[Line]) -> Verdict {
    let transfers = || numbered(lines).filter(|(_, line)| line.by == Speaker::Tool && line.text == TRANSFER);
    let to = transfers().find(|(_, line)| line.arguments.iter().any(|(_, value)| is_destination(value, wanted)));
    let finding = match (&to, transfers().next()) {
        (Some(_), _) => Finding::Met,
        (None, Some(_)) => Finding::OtherDestination,
        (None, None) => Finding::NotTransferred,
    };
    verdict(Expected::Transfer, wanted, finding, to.or_else(|| transfers().next()))
}

/// A label, or a number however its digits are set apart.
fn is_destination(given: &str, wanted: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let is_number = wanted.starts_with('+') && digits(wanted).len() >= 8;
    if is_number { digits(given) == digits(wanted) } else { holds(given, wanted) }
}

/// The slowest answer decides. None when nothing was timed.
fn in_time(most: u32, lines: &[Line]) -> Option<Verdict> {
    let (at, slowest) = numbered(lines).filter(|(_, line)| line.took_ms.is_some()).max_by_key(|(_, line)| line.took_ms)?;
    let is_slow = slowest.took_ms.is_some_and(|took| u64::from(took) > u64::from(most) * 1000);
    Some(verdict(Expected::Seconds, &most.to_string(), if is_slow { Finding::TooSlow } else { Finding::Met }, Some((at, slowest))))
}

/// What was expected to happen has happened, the last of it by this turn of the caller.
fn by_turn(most: u32, verdicts: &[Verdict], lines: &[Line]) -> Verdict {
    let wanted = |verdict: &&Verdict| matches!(verdict.expected, Expected::MustSay | Expected::Tool | Expected::Transfer);
    let is_open = verdicts.iter().filter(wanted).any(|verdict| !verdict.finding.is_met());
    let places = verdicts.iter().filter(wanted).filter_map(|verdict| verdict.line);
    let last = places.filter_map(|at| Some((at, lines.get(at as usize)?))).max_by_key(|(at, _)| *at);
    let is_late = is_open || last.is_some_and(|(_, line)| line.turn > most);
    verdict(Expected::Turns, &most.to_string(), if is_late { Finding::TooLate } else { Finding::Met }, last)
}

fn verdict(expected: Expected, wanted: &str, finding: Finding, line: Option<(u32, &Line)>) -> Verdict {
    Verdict { expected, wanted: wanted.to_owned(), finding, line: line.map(|(at, _)| at) }
}

fn numbered(lines: &[Line]) -> impl Iterator<Item = (u32, &Line)> {
    (0u32..).zip(lines)
}

fn said(lines: &[Line]) -> impl Iterator<Item = (u32, &Line)> {
    numbered(lines).filter(|(_, line)| line.by == Speaker::Assistant)
}

fn argument<'a>(line: &'a Line, name: &str) -> Option<&'a str> {
    line.arguments.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn alternatives(wanted: &str) -> impl Iterator<Item = String> + '_ {
    wanted.split('|').map(str::trim).filter(|words| !words.is_empty()).map(str::to_owned)
}

/// Whether the words stand in the text, one after the other and whole at their beginning: `rappel` is in `rappellerons`, not in `prappel`.
fn holds(text: &str, words: &str) -> bool {
    let (text, words) = (format!(" {}", plain(text)), plain(words));
    !words.is_empty() && text.contains(&format!(" {words}"))
}

/// Lower case, no accents, one space between words, nothing else.
pub fn plain(text: &str) -> String {
    let letters = text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
    let spaced: String = letters.map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(by: Speaker, turn: u32, text: &str) -> Line {
        Line { by, text: text.into(), arguments: vec![], result: String::new(), turn, took_ms: None }
    }

    fn tool(turn: u32, name: &str, arguments: &[(&str, &str)]) -> Line {
        let arguments = arguments.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Line { arguments, ..line(Speaker::Tool, turn, name) }
    }

    fn talk() -> Vec<Line> {
        vec![
            line(Speaker::Assistant, 0, "Bonjour, je suis l’assistante virtuelle."),
            line(Speaker::Caller, 1, "Vous faites un diagnostic ?"),
            Line { took_ms: Some(900), ..line(Speaker::Assistant, 1, "Je prends un message, à quel nom ?") },
            line(Speaker::Caller, 2, "Martin, c'est urgent"),
            tool(2, "take_message", &[("caller_name", "Mme Martin"), ("urgent", "true")]),
            tool(2, TRANSFER, &[("destination", "+33639981247"), ("label", "Garde")]),
            Line { took_ms: Some(2400), ..line(Speaker::Assistant, 2, "C'est noté : l'équipe vous rappellera très vite.") },
        ]
    }

    fn of(change: impl FnOnce(&mut Script)) -> Vec<(Finding, Option<u32>)> {
        let mut script = Script::default();
        change(&mut script);
        judge(&script, &talk()).into_iter().map(|verdict| (verdict.finding, verdict.line)).collect()
    }

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn words_count_only_when_the_assistant_says_them_and_however_they_are_written() {
        let found = of(|script| script.must_say = texts(&["ASSISTANTE virtuelle", "tres vite", "diagnostic", "prix | rappel", "ellera"]));
        let expected = [
            (Finding::Met, Some(0)),
            (Finding::Met, Some(6)),
            (Finding::NeverSaid, None),
            (Finding::Met, Some(6)),
            (Finding::NeverSaid, None),
        ];
        assert_eq!(found, expected);
        let found = of(|script| script.must_not_say = texts(&["diagnostic", "à quel nom"]));
        assert_eq!(found, [(Finding::Met, None), (Finding::Said, Some(2))], "the caller may say what the assistant may not");
    }

    #[test]
    fn a_tool_is_judged_with_its_arguments() {
        let wanted = |tool: &str, arguments: &[(&str, &str)]| ToolWanted {
            tool: tool.into(),
            arguments: arguments.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        };
        let found = of(|script| {
            script.tools = vec![
                wanted("take_message", &[("caller_name", "martin"), ("urgent", "true")]),
                wanted("take_message", &[("urgent", "false")]),
                wanted("take_message", &[("phone", "06")]),
                wanted("search_answers", &[]),
            ];
        });
        let expected =
            [(Finding::Met, Some(4)), (Finding::OtherArguments, Some(4)), (Finding::OtherArguments, Some(4)), (Finding::NeverUsed, None)];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_destination_is_a_label_or_a_number() {
        let found = of(|script| script.transferred_to = texts(&["garde", "+33 6 39 98 12 47", "Accueil", "+33639981240"]));
        let (met, other) = ((Finding::Met, Some(5)), (Finding::OtherDestination, Some(5)));
        assert_eq!(found, [met, met, other, other]);
        let silent = Script { transferred_to: texts(&["garde"]), ..Script::default() };
        assert_eq!(judge(&silent, &talk()[..4])[0].finding, Finding::NotTransferred);
    }

    #[test]
    fn the_slowest_answer_and_the_last_turn_decide() {
        assert_eq!(of(|script| script.max_seconds = Some(3)), [(Finding::Met, Some(6))]);
        assert_eq!(of(|script| script.max_seconds = Some(2)), [(Finding::TooSlow, Some(6))]);
        let late = of(|script| (script.must_say, script.max_turns) = (texts(&["rappel"]), Some(1)));
        assert_eq!(late, [(Finding::Met, Some(6)), (Finding::TooLate, Some(6))]);
        let in_time = of(|script| (script.must_say, script.max_turns) = (texts(&["rappel"]), Some(2)));
        assert_eq!(in_time[1], (Finding::Met, Some(6)));
        let never = of(|script| (script.must_say, script.max_turns) = (texts(&["jamais"]), Some(2)));
        assert_eq!(never[1].0, Finding::TooLate, "what never happens happens at no turn");
    }

    proptest! {
        #[test]
        fn whatever_is_said_and_wanted_every_expectation_gets_one_verdict_on_a_line_there_is(said in ".{0,60}", wanted in ".{1,30}") {
            let script = Script { must_say: vec![wanted.clone()], must_not_say: vec![wanted], ..Script::default() };
            let lines = [line(Speaker::Assistant, 0, &said)];
            let verdicts = judge(&script, &lines);
            prop_assert_eq!(verdicts.len(), 2);
            prop_assert!(verdicts[0].finding.is_met() || verdicts[1].finding.is_met());
            prop_assert!(verdicts.iter().filter_map(|verdict| verdict.line).all(|at| at == 0));
        }
    }
}
