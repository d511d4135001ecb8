//! What of a question counts: its words without accents and without those that every question has; and how near two questions come.
//! Pure. PostgreSQL brings words to their stems and finds what might be near; the judgement is here, in one score.

use crate::answers::model::one_line;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Words that say nothing of what is asked, folded.
const SMALL_FR: &[&str] = &[
    "a",
    "ai",
    "aimerais",
    "au",
    "aussi",
    "aux",
    "avec",
    "avez",
    "avoir",
    "bien",
    "bonjour",
    "bonsoir",
    "ca",
    "ce",
    "cela",
    "ces",
    "cette",
    "chez",
    "combien",
    "comment",
    "dans",
    "de",
    "des",
    "dire",
    "dites",
    "donc",
    "du",
    "elle",
    "en",
    "est",
    "et",
    "etes",
    "etre",
    "eux",
    "fait",
    "faut",
    "il",
    "ils",
    "je",
    "juste",
    "la",
    "le",
    "les",
    "leur",
    "lui",
    "ma",
    "mais",
    "me",
    "merci",
    "mes",
    "moi",
    "mon",
    "ne",
    "nos",
    "notre",
    "nous",
    "on",
    "ont",
    "ou",
    "par",
    "pas",
    "peut",
    "peux",
    "plait",
    "pour",
    "pourquoi",
    "pouvez",
    "pouvoir",
    "puis",
    "quand",
    "que",
    "quel",
    "quelle",
    "quelles",
    "quels",
    "qui",
    "quoi",
    "sa",
    "sais",
    "savoir",
    "se",
    "ses",
    "si",
    "sil",
    "son",
    "sont",
    "souhaite",
    "souhaiterais",
    "suis",
    "sur",
    "svp",
    "ta",
    "te",
    "tes",
    "toi",
    "ton",
    "tu",
    "un",
    "une",
    "vais",
    "veux",
    "vos",
    "votre",
    "voudrais",
    "vous",
    "y",
];
const SMALL_EN: &[&str] = &[
    "a",
    "about",
    "am",
    "an",
    "and",
    "any",
    "are",
    "as",
    "at",
    "be",
    "by",
    "can",
    "could",
    "did",
    "do",
    "does",
    "for",
    "from",
    "good",
    "has",
    "have",
    "hello",
    "hi",
    "how",
    "i",
    "if",
    "in",
    "is",
    "it",
    "its",
    "just",
    "know",
    "like",
    "may",
    "me",
    "might",
    "morning",
    "much",
    "my",
    "need",
    "of",
    "on",
    "or",
    "our",
    "please",
    "shall",
    "should",
    "so",
    "some",
    "tell",
    "thank",
    "thanks",
    "that",
    "the",
    "their",
    "them",
    "there",
    "they",
    "this",
    "to",
    "us",
    "want",
    "was",
    "we",
    "were",
    "what",
    "when",
    "where",
    "which",
    "who",
    "why",
    "will",
    "with",
    "wondering",
    "would",
    "you",
    "your",
];

/// A text in lower case, without accents, letters and digits only.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for letter in text.nfkd().filter(|letter| !is_combining_mark(*letter)).flat_map(char::to_lowercase) {
        match letter {
            'œ' => folded.push_str("oe"),
            'æ' => folded.push_str("ae"),
            'ß' => folded.push_str("ss"),
            letter if letter.is_alphanumeric() => folded.push(letter),
            _ => folded.push(' '),
        }
    }
    one_line(&folded)
}

/// The words that count, as they are looked up. When none does, all of them: “Où êtes-vous ?” is a question, too.
pub fn essence(text: &str, language: &str) -> String {
    let folded = fold(text);
    let small = if language == "en" { SMALL_EN } else { SMALL_FR };
    let counts = |word: &&str| {
        let is_letter = word.chars().count() == 1 && !word.chars().all(|letter| letter.is_ascii_digit());
        !is_letter && small.binary_search(word).is_err()
    };
    let kept: Vec<&str> = folded.split(' ').filter(counts).collect();
    if kept.is_empty() { folded } else { kept.join(" ") }
}

/// The same for two questions that differ in small words, accents and order only.
pub fn key(text: &str, language: &str) -> String {
    let essence = essence(text, language);
    let mut words: Vec<&str> = essence.split(' ').collect();
    words.sort_unstable();
    words.dedup();
    words.join(" ")
}

/// How near a phrase comes to what was asked, from their stems: 0 to 1. Both have to be in the other: a phrase that holds more than was asked, or
/// less, loses as much.
pub fn score(asked: &[String], phrase: &[String]) -> f32 {
    if asked.is_empty() || phrase.is_empty() {
        return 0.0;
    }
    let part = |of: &[String], among: &[String]| {
        let sum: f32 = of.iter().map(|word| among.iter().map(|other| alike(word, other)).fold(0.0, f32::max)).sum();
        sum / of.len() as f32
    };
    let (asked_of, phrase_of) = (part(asked, phrase), part(phrase, asked));
    if asked_of + phrase_of == 0.0 { 0.0 } else { 2.0 * asked_of * phrase_of / (asked_of + phrase_of) }
}

/// 1 for the same stem; less for one that is misspelled or misheard; 0 for another word.
fn alike(one: &str, other: &str) -> f32 {
    if one == other {
        return 1.0;
    }
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let (shorter, longer) = (one.len().min(other.len()), one.len().max(other.len()));
    // Short words and figures mean something else when one letter changes; what is misspelled seldom begins otherwise.
    if shorter < 4 || one[0] != other[0] || one.iter().chain(&other).any(|letter| letter.is_numeric()) {
        return 0.0;
    }
    let same = 1.0 - distance(&one, &other) as f32 / longer as f32;
    if same >= 0.75 { same } else { 0.0 }
}

/// Letters to change, add or drop.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut before: Vec<usize> = (0..=other.len()).collect();
    for (row, a) in one.iter().enumerate() {
        let mut now = vec![row + 1];
        for (column, b) in other.iter().enumerate() {
            let changed = before[column] + usize::from(a != b);
            now.push(changed.min(before[column + 1] + 1).min(now[column] + 1));
        }
        before = now;
    }
    before[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::model::{ANSWERS_FROM, Strength};
    use proptest::prelude::*;

    fn near(asked: &str, phrase: &str) -> f32 {
        let words = |text: &str| essence(text, "fr").split(' ').map(str::to_owned).collect::<Vec<_>>();
        score(&words(asked), &words(phrase))
    }

    #[test]
    fn the_small_words_are_in_order() {
        for list in [SMALL_FR, SMALL_EN] {
            assert!(list.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", list.windows(2).find(|pair| pair[0] >= pair[1]));
        }
    }

    #[test]
    fn a_question_is_its_words_that_count() {
        assert_eq!(essence("Bonjour, quels sont vos HORAIRES le samedi, s'il vous plaît ?", "fr"), "horaires samedi");
        assert_eq!(essence("L'œuvre d'été n°2", "fr"), "oeuvre ete 2");
        assert_eq!(essence("Where can I park my car?", "en"), "park car");
        assert_eq!(essence("Où êtes-vous ?", "fr"), "ou etes vous");
        assert_eq!(essence("???", "fr"), "");
    }

    #[test]
    fn order_accents_and_small_words_make_no_other_question() {
        assert_eq!(key("Êtes-vous ouverts le samedi ?", "fr"), key("le samedi vous etes ouverts", "fr"));
        assert_ne!(key("Êtes-vous ouverts le samedi ?", "fr"), key("Êtes-vous ouverts le dimanche ?", "fr"));
    }

    #[test]
    fn the_score_tells_the_same_question_from_another_about_the_same_thing() {
        assert_eq!(Strength::of(near("samedi vous êtes ouverts", "Êtes-vous ouverts le samedi ?")), Strength::Sure);
        assert_eq!(Strength::of(near("quels sont les horaires samdi", "Vos horaires du samedi ?")), Strength::Sure);
        assert_eq!(Strength::of(near("horaires du samedi matin", "Horaires du samedi")), Strength::Likely);
        for (asked, phrase) in [("ouverts le dimanche", "ouverts le samedi"), ("prix vidange", "prix consultation"), ("parking", "samedi")]
        {
            assert!(near(asked, phrase) < ANSWERS_FROM, "{asked} / {phrase}");
        }
    }

    #[test]
    fn figures_and_short_words_are_not_misspelled() {
        assert_eq!(alike("2026", "2025"), 0.0);
        assert_eq!(alike("chat", "char"), 0.75);
        assert_eq!(alike("cle", "cles"), 0.0);
        assert_eq!(alike("maison", "saison"), 0.0);
    }

    proptest! {
        #[test]
        fn a_score_is_a_share_and_the_same_both_ways(one in "[a-z]{1,8}( [a-z]{1,8}){0,4}", other in "[a-z]{1,8}( [a-z]{1,8}){0,4}") {
            let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
            let there = score(&words(&one), &words(&other));
            prop_assert!((0.0..=1.0 + f32::EPSILON).contains(&there));
            prop_assert!((there - score(&words(&other), &words(&one))).abs() < 1e-5);
            prop_assert!((score(&words(&one), &words(&one)) - 1.0).abs() < 1e-5);
        }

        #[test]
        fn whatever_is_said_becomes_plain_words(text in ".{0,80}") {
            let essence = essence(&text, "fr");
            prop_assert!(essence.chars().all(|letter| letter == ' ' || letter.is_alphanumeric()), "{essence}");
        }
    }
}
