//! What differs between two settings, field by field; long texts line by line. Pure, and the same in the browser.

use super::model::{AssistantForm, Settings};

/// A field of the editor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Name,
    FirstMessage,
    Prompt,
    Language,
    Voice,
    Model,
    MaxDuration,
    EndPhrases,
    Transfers,
    Tools,
    Recording,
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub part: Part,
    pub how: How,
}

/// How a field differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// A short value, as the form has it.
    Value { before: String, after: String },
    /// A text of lines.
    Lines(Vec<Line>),
}

/// A line of a text that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    Same(String),
    Removed(String),
    Added(String),
    /// So many lines that are the same.
    Skipped(usize),
}

/// Lines around a change that are shown with it.
const CONTEXT: usize = 2;
/// Above so many pairs of lines the middle is told as replaced whole: nobody reads such a difference line by line.
const MOST_PAIRS: usize = 1_000_000;

/// Every field that differs, in the order of the editor.
pub fn changes(before: &Settings, after: &Settings) -> Vec<Change> {
    let (old, new) = (AssistantForm::of(before), AssistantForm::of(after));
    let mut found = Vec::new();
    let mut value = |part, before: String, after: String| {
        if before != after {
            found.push(Change { part, how: How::Value { before, after } });
        }
    };
    value(Part::Name, old.name, new.name);
    value(Part::FirstMessage, old.first_message, new.first_message);
    value(Part::Language, old.language, new.language);
    value(Part::Voice, old.voice, new.voice);
    value(Part::Model, old.model, new.model);
    value(Part::Recording, old.recording, new.recording);
    value(Part::MaxDuration, old.max_duration_min, new.max_duration_min);
    let mut text = |part, before: &str, after: &str| {
        if before != after {
            found.push(Change { part, how: How::Lines(lines(before, after)) });
        }
    };
    text(Part::Prompt, &old.prompt, &new.prompt);
    text(Part::EndPhrases, &old.end_phrases, &new.end_phrases);
    text(Part::Transfers, &old.transfer_numbers, &new.transfer_numbers);
    text(Part::Tools, &old.tools[1..].join("\n"), &new.tools[1..].join("\n"));
    // A length that the form shows as the same minutes is a change nevertheless.
    if before.max_duration_s != after.max_duration_s && !found.iter().any(|change| change.part == Part::MaxDuration) {
        let minutes = |seconds: i32| format!("{}:{:02}", seconds / 60, seconds % 60);
        let how = How::Value { before: minutes(before.max_duration_s), after: minutes(after.max_duration_s) };
        found.push(Change { part: Part::MaxDuration, how });
    }
    found
}

/// The difference of two texts, with a little of what is the same around each change.
pub fn lines(before: &str, after: &str) -> Vec<Line> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let end = old[start..].iter().rev().zip(new[start..].iter().rev()).take_while(|(a, b)| a == b).count();
    let mut all: Vec<Line> = old[..start].iter().map(|line| Line::Same((*line).to_owned())).collect();
    middle(&old[start..old.len() - end], &new[start..new.len() - end], &mut all);
    all.extend(old[old.len() - end..].iter().map(|line| Line::Same((*line).to_owned())));
    folded(all)
}

/// The longest common part of what is left when both ends are taken off.
fn middle(old: &[&str], new: &[&str], into: &mut Vec<Line>) {
    let (removed, added) = (|line: &str| Line::Removed(line.to_owned()), |line: &str| Line::Added(line.to_owned()));
    if old.len().saturating_mul(new.len()) > MOST_PAIRS {
        into.extend(old.iter().map(|line| removed(line)));
        into.extend(new.iter().map(|line| added(line)));
        return;
    }
    // common[i][j]: lines in common of old[i..] and new[j..].
    let width = new.len() + 1;
    let mut common = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i * width + j] = match old[i] == new[j] {
                true => common[(i + 1) * width + j + 1] + 1,
                false => common[(i + 1) * width + j].max(common[i * width + j + 1]),
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            into.push(Line::Same(old[i].to_owned()));
            (i, j) = (i + 1, j + 1);
        } else if i < old.len() && (j == new.len() || common[(i + 1) * width + j] >= common[i * width + j + 1]) {
            into.push(removed(old[i]));
            i += 1;
        } else {
            into.push(added(new[j]));
            j += 1;
        }
    }
}

/// Long runs of what is the same become a number.
fn folded(all: Vec<Line>) -> Vec<Line> {
    let is_change = |line: &Line| !matches!(line, Line::Same(_));
    let near: Vec<bool> =
        (0..all.len()).map(|at| all[at.saturating_sub(CONTEXT)..(at + CONTEXT + 1).min(all.len())].iter().any(is_change)).collect();
    let mut shown = Vec::new();
    let mut skipped = 0;
    for (line, near) in all.into_iter().zip(near) {
        if near {
            if skipped > 0 {
                shown.push(Line::Skipped(skipped));
                skipped = 0;
            }
            shown.push(line);
        } else {
            skipped += 1;
        }
    }
    if skipped > 0 {
        shown.push(Line::Skipped(skipped));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assistants::model::{Recording, TransferEntry};

    fn settings() -> Settings {
        Settings {
            name: "Léa".into(),
            language: "fr".into(),
            voice: "fr-FR-DeniseNeural".into(),
            model: None,
            first_message: "Bonjour".into(),
            prompt: "un\ndeux\ntrois\nquatre\ncinq\nsix\nsept\nhuit".into(),
            end_phrases: vec!["Au revoir".into()],
            max_duration_s: 600,
            transfer_numbers: vec![],
            tools: None,
            recording: Recording::Off,
        }
    }

    fn same(text: &str) -> Line {
        Line::Same(text.into())
    }

    #[test]
    fn what_is_the_same_is_not_told() {
        assert_eq!(changes(&settings(), &settings()), []);
    }

    #[test]
    fn each_field_that_differs_is_told_once_in_the_order_of_the_editor() {
        let after = Settings {
            name: "Léo".into(),
            voice: "fr-FR-HenriNeural".into(),
            prompt: "un".into(),
            max_duration_s: 300,
            transfer_numbers: vec![TransferEntry { label: "Garde".into(), number: "+33639981247".parse().expect("a number") }],
            ..settings()
        };
        let found = changes(&settings(), &after);
        let parts: Vec<Part> = found.iter().map(|change| change.part).collect();
        assert_eq!(parts, [Part::Name, Part::Voice, Part::MaxDuration, Part::Prompt, Part::Transfers]);
        assert_eq!(found[0].how, How::Value { before: "Léa".into(), after: "Léo".into() });
        assert_eq!(found[2].how, How::Value { before: "10".into(), after: "5".into() });
        assert_eq!(found[4].how, How::Lines(vec![Line::Added("Garde: +33639981247".into())]));
    }

    #[test]
    fn seconds_that_the_form_does_not_show_are_a_change_too() {
        let found = changes(&settings(), &Settings { max_duration_s: 630, ..settings() });
        assert_eq!(found, [Change { part: Part::MaxDuration, how: How::Value { before: "10:00".into(), after: "10:30".into() } }]);
    }

    #[test]
    fn a_changed_line_stands_between_its_neighbours_and_the_rest_is_counted() {
        let found = lines("un\ndeux\ntrois\nquatre\ncinq\nsix\nsept\nhuit", "un\ndeux\ntrois\nquatre\ncinq\n6\nsept\nhuit");
        let expected = [
            Line::Skipped(3),
            same("quatre"),
            same("cinq"),
            Line::Removed("six".into()),
            Line::Added("6".into()),
            same("sept"),
            same("huit"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn put_together_again_a_difference_gives_both_texts() {
        let texts = ["", "a", "a\nb\nc", "c\nb\na", "a\nc", "b\nb\nb", "a\nb\nc\nd\ne\nf\ng", "x\na\nb\ny\nd\ng"];
        for before in texts {
            for after in texts {
                let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
                let mut all = Vec::new();
                middle(&old, &new, &mut all);
                let side = |wanted: fn(&Line) -> Option<&str>| all.iter().filter_map(wanted).collect::<Vec<_>>();
                assert_eq!(side(|line| if let Line::Same(text) | Line::Removed(text) = line { Some(text) } else { None }), old);
                assert_eq!(side(|line| if let Line::Same(text) | Line::Added(text) = line { Some(text) } else { None }), new);
            }
        }
    }

    #[test]
    fn a_text_of_many_lines_is_compared_in_no_time() {
        let (before, after) = ("a\n".repeat(10_000), "b\n".repeat(10_000));
        assert_eq!(lines(&before, &after).len(), 20_000);
    }
}
