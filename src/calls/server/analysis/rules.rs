//! The deterministic analyser: words and rules, French and English. A pure function of the transcript, and whoever reads its result is told
//! that it is one. It only ever says words of closed lists, so nothing a caller says can be more to it than a quotation.

use super::{
    feelings::*,
    lexicon::*,
    text::{Word, cut, find, is_denied, quote, words},
};
use crate::calls::{
    analysis::model::{Claim, Part},
    model::{Line, Outcome, Speaker},
};

/// What the rules found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// `fr` or `en`.
    pub language: Option<&'static str>,
    pub claims: Vec<Claim>,
}

/// At most so many topics.
const MOST_TOPICS: usize = 4;
/// A feeling is not told from fewer words that have one.
const LEAST_FEELINGS: usize = 3;
/// By how much the first lines of a caller count for more.
const FIRST_COUNTS: [f32; 2] = [2.0, 1.2];
/// The mean from which a conversation is more than neutral.
const FEELS: f32 = 0.6;

/// A line with its words.
struct Heard<'a> {
    line: &'a Line,
    words: Vec<Word>,
    second: f64,
}

/// Everything the rules can tell of a finished call. `start_ms` is when the conversation began; `outcome` is how the call ended.
pub fn analyse(lines: &[Line], start_ms: i64, outcome: Option<Outcome>) -> Findings {
    let heard: Vec<Heard> = lines
        .iter()
        .filter(|line| matches!(line.speaker, Speaker::Caller | Speaker::Assistant))
        .map(|line| Heard { line, words: words(&line.text), second: second_of(line, start_ms) })
        .filter(|heard| !heard.words.is_empty())
        .collect();
    let caller: Vec<&Heard> = heard.iter().filter(|heard| heard.line.speaker == Speaker::Caller).collect();
    let mut claims = Vec::new();
    if outcome == Some(Outcome::Voicemail) || caller.iter().any(|line| first_of(line, VOICEMAIL).is_some()) {
        claims.extend(heard.first().map(|line| whole(Part::Outcome, "voicemail", line)));
        return Findings { language: language(&heard), claims };
    }
    let intent = intent(&caller);
    claims.extend(intent.clone());
    claims.extend(settlement(&heard, intent.as_ref(), outcome));
    claims.extend(sentiment(&caller));
    claims.extend(flags(&caller));
    claims.extend(topics(&caller));
    let actions = actions(&heard, &claims);
    claims.extend(actions);
    Findings { language: language(&heard), claims }
}

/// When a line is said, in seconds from the beginning of the conversation.
pub fn second_of(line: &Line, start_ms: i64) -> f64 {
    (line.at_ms - start_ms).max(0) as f64 / 1000.0
}

/// The first pattern of a list that stands in a line and is not denied; a pattern that denies something itself stands as it is.
fn first_of(heard: &Heard, patterns: &[&str]) -> Option<(usize, usize)> {
    patterns.iter().find_map(|pattern| {
        let (first, last) = find(&heard.words, pattern)?;
        let is_one_word = first == last;
        (!is_one_word || !is_denied(&heard.words, first)).then_some((first, last))
    })
}

fn claim(part: Part, code: &str, heard: &Heard, (first, last): (usize, usize)) -> Claim {
    let quote = quote(&heard.line.text, &heard.words, first, last);
    Claim { part, code: code.to_owned(), text: None, quote, seq: heard.line.seq, second: heard.second }
}

fn whole(part: Part, code: &str, heard: &Heard) -> Claim {
    let quote = cut(heard.line.text.trim()).to_owned();
    Claim { part, code: code.to_owned(), text: None, quote, seq: heard.line.seq, second: heard.second }
}

/// What the caller wants: the heaviest rule that speaks, what is said first heavier than the rest.
fn intent(caller: &[&Heard]) -> Option<Claim> {
    let mut best: Option<(f32, Claim)> = None;
    for (code, weight, patterns) in INTENTS {
        for (at, heard) in caller.iter().enumerate() {
            let Some(place) = first_of(heard, patterns) else { continue };
            let weight = weight * FIRST_COUNTS.get(at).unwrap_or(&1.0);
            if best.as_ref().is_none_or(|(known, _)| weight > *known) {
                best = Some((weight, claim(Part::Intent, code, heard, place)));
            }
            break;
        }
    }
    let longest = || caller.iter().max_by_key(|heard| heard.words.len()).filter(|heard| heard.words.len() > 3);
    best.map(|(_, claim)| claim).or_else(|| longest().map(|heard| whole(Part::Intent, "other", heard)))
}

/// What came of it, by the assistant's own words: the last that settles or fails decides.
fn settlement(heard: &[Heard], intent: Option<&Claim>, outcome: Option<Outcome>) -> Option<Claim> {
    let wanted = intent.map(|intent| intent.code.as_str());
    let assistant = || heard.iter().filter(|heard| heard.line.speaker == Speaker::Assistant);
    let last = |patterns: &[&str]| assistant().rev().find_map(|heard| Some((heard, first_of(heard, patterns)?)));
    if outcome == Some(Outcome::Moved) {
        let (heard, place) = last(HANDED_OVER).or_else(|| assistant().next_back().map(|heard| (heard, (0, heard.words.len() - 1))))?;
        return Some(claim(Part::Outcome, "handed_over", heard, place));
    }
    if wanted == Some("wrong_number") {
        return intent.map(|intent| Claim { part: Part::Outcome, ..intent.clone() });
    }
    let visit = || assistant().rev().filter(|heard| mentions_visit(heard)).find_map(|heard| Some((heard, first_of(heard, SETTLED)?)));
    let asks_only = matches!(wanted, Some("information" | "other"));
    let (settled, failed) = (if asks_only { visit() } else { None }.or_else(|| last(SETTLED)), last(FAILED));
    let is_failed = |at: i64| failed.as_ref().is_some_and(|(heard, _)| heard.line.seq > at);
    if let Some((heard, place)) = settled
        && !is_failed(heard.line.seq)
    {
        let code = match wanted {
            Some("appointment" | "price") => "booked",
            Some("reschedule") => "rescheduled",
            Some("cancel") => "cancelled",
            Some("stop") => "removed",
            Some("emergency") => "help_sent",
            Some("complaint" | "invoice") => "passed_on",
            _ if asks_only && mentions_visit(heard) => "booked",
            _ => "message_taken",
        };
        return Some(claim(Part::Outcome, code, heard, place));
    }
    if let Some((heard, place)) = failed {
        return Some(claim(Part::Outcome, "unresolved", heard, place));
    }
    let asked = intent?;
    let answer = assistant().find(|heard| heard.line.seq > asked.seq);
    match answer {
        Some(heard) if asks_only || wanted == Some("price") => Some(whole(Part::Outcome, "answered", heard)),
        _ => heard.last().map(|heard| whole(Part::Outcome, "unresolved", heard)),
    }
}

/// A day in what was settled: a visit or an appointment.
fn mentions_visit(heard: &Heard) -> bool {
    const DAYS: &[&str] = &[
        "lundi",
        "mardi",
        "mercredi",
        "jeudi",
        "vendredi",
        "samedi",
        "dimanche",
        "demain",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "tomorrow",
    ];
    heard.words.iter().any(|word| DAYS.contains(&word.text.as_str()))
}

/// The caller's mood by their words, the last third of the call counting half as much again. Not told from too few words.
fn sentiment(caller: &[&Heard]) -> Option<Claim> {
    let mut felt: Vec<(f32, &Heard, (usize, usize))> = Vec::new();
    let mut weights = 0.0;
    for (at, heard) in caller.iter().enumerate() {
        let weight = if at * 3 >= caller.len() * 2 { 1.5 } else { 1.0 };
        for (score, place) in feelings(heard) {
            felt.push((score * weight, heard, place));
            weights += weight;
        }
    }
    let words: usize = felt.iter().map(|(_, _, (first, last))| last - first + 1).sum();
    if words < LEAST_FEELINGS {
        return None;
    }
    let mean = felt.iter().map(|(score, ..)| score).sum::<f32>() / weights;
    let (code, sign) = if mean >= FEELS {
        ("positive", 1.0)
    } else if mean <= -FEELS {
        ("negative", -1.0)
    } else {
        ("neutral", if mean < 0.0 { -1.0 } else { 1.0 })
    };
    let strongest = felt.iter().max_by(|a, b| (a.0 * sign).total_cmp(&(b.0 * sign)))?;
    Some(claim(Part::Sentiment, code, strongest.1, strongest.2))
}

/// The words of a line that have a feeling, each counted once.
fn feelings(heard: &Heard) -> Vec<(f32, (usize, usize))> {
    let mut found: Vec<(f32, (usize, usize))> = Vec::new();
    for (pattern, score) in FEELINGS {
        let mut from = 0;
        while let Some((first, last)) = find(&heard.words[from..], pattern) {
            let (first, last) = (first + from, last + from);
            from = last + 1;
            if found.iter().any(|(_, known)| first <= known.1 && known.0 <= last) {
                continue;
            }
            let stronger = first > 0 && STRONGER.contains(&heard.words[first - 1].text.as_str());
            let turned = first == last && is_denied(&heard.words, first);
            found.push((score * if stronger { 1.5 } else { 1.0 } * if turned { -0.7 } else { 1.0 }, (first, last)));
        }
    }
    found
}

fn flags(caller: &[&Heard]) -> Vec<Claim> {
    let flag = |(code, patterns): &(&str, &[&str])| {
        caller.iter().find_map(|heard| Some(claim(Part::Flag, code, heard, first_of(heard, patterns)?)))
    };
    FLAGS.iter().filter_map(flag).collect()
}

/// What is spoken of, most often first.
fn topics(caller: &[&Heard]) -> Vec<Claim> {
    let mut found: Vec<(usize, Claim)> = TOPICS
        .iter()
        .filter_map(|(code, patterns)| {
            let mut places = caller.iter().filter_map(|heard| Some((*heard, first_of(heard, patterns)?)));
            let (heard, place) = places.next()?;
            Some((1 + places.count(), claim(Part::Topic, code, heard, place)))
        })
        .collect();
    found.sort_by_key(|(times, claim)| (std::cmp::Reverse(*times), claim.seq));
    found.into_iter().map(|(_, claim)| claim).take(MOST_TOPICS).collect()
}

/// What the team should do now, each with the words that ask for it.
fn actions(heard: &[Heard], claims: &[Claim]) -> Vec<Claim> {
    let of = |part: Part, code: &str| claims.iter().find(|claim| claim.part == part && claim.code == code);
    let said = |patterns: &[&str]| {
        heard.iter().filter(|heard| heard.line.speaker == Speaker::Assistant).find_map(|heard| Some((heard, first_of(heard, patterns)?)))
    };
    let from = |code: &str, claim: &Claim| Claim { part: Part::Action, code: code.to_owned(), ..claim.clone() };
    let spoken = |code: &str, patterns: &[&str]| said(patterns).map(|(heard, place)| claim(Part::Action, code, heard, place));
    let is_over = of(Part::Outcome, "handed_over").is_some() || of(Part::Outcome, "removed").is_some();
    let call_back = || of(Part::Flag, "callback_wanted").map(|flag| from("call_back", flag)).or_else(|| spoken("call_back", PROMISED));
    [
        of(Part::Flag, "do_not_call").map(|flag| from("remove_number", flag)),
        of(Part::Intent, "emergency").map(|intent| from("follow_emergency", intent)),
        of(Part::Flag, "complaint").map(|flag| from("review_complaint", flag)),
        call_back(),
        of(Part::Intent, "invoice").map(|intent| from("check_invoice", intent)),
        spoken("confirm_appointment", TO_CONFIRM),
        spoken("send_quote", QUOTE_FOLLOWS),
        of(Part::Outcome, "unresolved")
            .filter(|_| !is_over && of(Part::Intent, "stop").is_none())
            .map(|outcome| from("answer_question", outcome)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// By the short words that only one of the languages has; the one that clearly prevails.
fn language(heard: &[Heard]) -> Option<&'static str> {
    let count = |known: &[&str]| heard.iter().flat_map(|heard| &heard.words).filter(|word| known.contains(&word.text.as_str())).count();
    let (french, english) = (count(FRENCH), count(ENGLISH));
    match (french, english) {
        _ if french + english < 3 => None,
        _ if french > english => Some("fr"),
        _ if english > french => Some("en"),
        _ => None,
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
