//! Words as the rules compare them: without case, accents and punctuation, and each knowing where it stands in the line.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The longest quote that is kept, in characters.
const LONGEST_QUOTE: usize = 220;

/// One word of a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// Folded.
    pub text: String,
    /// Bytes of the line.
    pub from: usize,
    pub to: usize,
    /// Words between the same two signs of punctuation share it.
    pub clause: usize,
    /// Ends with `?`, `!`, `.` or the line.
    pub sentence: usize,
}

/// The words of a line.
pub fn words(line: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let (mut clause, mut sentence) = (0, 0);
    let mut open: Option<Word> = None;
    let mut chars = line.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let to = at + c.len_utf8();
        if c.is_alphanumeric() || is_combining_mark(c) {
            let word = open.get_or_insert_with(|| Word { text: String::new(), from: at, to, clause, sentence });
            word.text.extend(fold_char(c));
            word.to = to;
            continue;
        }
        words.extend(open.take());
        // A point between figures, as in a price, ends nothing.
        let ends = matches!(c, '.' | '!' | '?' | '…') && chars.peek().is_none_or(|(_, next)| !next.is_ascii_digit());
        sentence += usize::from(ends);
        clause += usize::from(ends || matches!(c, ',' | ';' | ':'));
    }
    words.extend(open);
    words.retain(|word| !word.text.is_empty());
    words
}

/// The same, as one text: words between single spaces.
pub fn fold(text: &str) -> String {
    words(text).into_iter().map(|word| word.text).collect::<Vec<_>>().join(" ")
}

fn fold_char(c: char) -> impl Iterator<Item = char> {
    let plain: String = match c {
        'œ' | 'Œ' => "oe".into(),
        'æ' | 'Æ' => "ae".into(),
        'ß' => "ss".into(),
        c => c.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect(),
    };
    plain.chars().collect::<Vec<_>>().into_iter()
}

/// The sentence of a line that these words stand in, letter for letter; of a very long one, the part around them.
pub fn quote(line: &str, words: &[Word], first: usize, last: usize) -> String {
    let (Some(from), Some(to)) = (words.get(first), words.get(last)) else { return cut(line.trim()).to_owned() };
    let start = words.iter().filter(|word| word.sentence == from.sentence).map(|word| word.from).min().unwrap_or(from.from);
    let end = words.iter().filter(|word| word.sentence == to.sentence).map(|word| word.to).max().unwrap_or(to.to);
    // The sign that ends it belongs to it.
    let tail: usize =
        line[end..].chars().take_while(|c| matches!(c, '.' | '!' | '?' | '…' | ' ' | '\u{a0}' | '\u{202f}')).map(char::len_utf8).sum();
    let whole = line[start..end + tail].trim();
    if whole.chars().count() <= LONGEST_QUOTE { whole.to_owned() } else { cut(line[from.from..].trim()).to_owned() }
}

/// The beginning of a text, as much as is kept of a quote.
pub fn cut(text: &str) -> &str {
    text.char_indices().nth(LONGEST_QUOTE).map_or(text, |(at, _)| text[..at].trim_end())
}

/// Where a pattern stands, as the first and last of its words: the pattern's words in a row, `*` at the end of one standing for any ending.
pub fn find(words: &[Word], pattern: &str) -> Option<(usize, usize)> {
    let pattern: Vec<&str> = pattern.split(' ').collect();
    let fits = |word: &Word, wanted: &str| wanted.strip_suffix('*').map_or(word.text == wanted, |start| word.text.starts_with(start));
    (0..words.len().checked_sub(pattern.len())? + 1)
        .find(|at| pattern.iter().zip(&words[*at..]).all(|(wanted, word)| fits(word, wanted)))
        .map(|at| (at, at + pattern.len() - 1))
}

/// Words that turn round what follows them.
const NEGATORS: &[&str] = &["pas", "jamais", "aucun", "aucune", "sans", "rien", "not", "never", "t", "without", "none", "nothing"];

/// Whether what stands at `first` is denied: by a word shortly before it, in the same clause; or in French by the `pas` behind its verb.
pub fn is_denied(words: &[Word], first: usize) -> bool {
    let clause = words[first].clause;
    words[..first].iter().rev().take(3).take_while(|word| word.clause == clause).any(|word| NEGATORS.contains(&word.text.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_lose_accents_and_keep_their_place() {
        let line = "Ça m’énerve, l’évier ! 12.50 €";
        let found = words(line);
        assert_eq!(found.iter().map(|word| word.text.as_str()).collect::<Vec<_>>(), ["ca", "m", "enerve", "l", "evier", "12", "50"]);
        assert_eq!(&line[found[4].from..found[4].to], "évier");
        assert_eq!(found.iter().map(|word| word.sentence).collect::<Vec<_>>(), [0, 0, 0, 0, 0, 1, 1]);
        assert_eq!(fold("Cœur d'Été"), "coeur d ete");
    }

    #[test]
    fn patterns_are_whole_words_in_a_row() {
        let words = words("Arrêtez de m'appeler maintenant");
        assert_eq!(find(&words, "arrete* de m appeler"), Some((0, 3)));
        assert_eq!(find(&words, "appel"), None);
        assert_eq!(find(&words, "maintenant plus"), None);
        assert_eq!(find(&[], "a"), None);
    }

    #[test]
    fn a_quote_is_the_sentence_around_the_words() {
        let line = "Bonjour. J'ai une grosse fuite sous l'évier ! Vite.";
        let words = words(line);
        let (first, last) = find(&words, "grosse fuite").expect("there");
        assert_eq!(quote(line, &words, first, last), "J'ai une grosse fuite sous l'évier !");
    }

    #[test]
    fn denial_reaches_over_its_own_clause_only() {
        let at = |line: &str, pattern: &str| {
            let words = words(line);
            let (first, _) = find(&words, pattern).expect("there");
            is_denied(&words, first)
        };
        assert!(at("Ce n'est pas urgent", "urgent"));
        assert!(at("It isn't urgent", "urgent"));
        assert!(!at("Non, je ne peux pas, c'est urgent", "urgent"));
    }

    proptest! {
        #[test]
        fn any_line_is_read_and_any_quote_is_of_it(line in "\\PC{0,400}", first in 0..60_usize, length in 0..9_usize) {
            let words = words(&line);
            let quote = quote(&line, &words, first, first + length);
            prop_assert!(line.contains(&quote), "{quote:?}");
            prop_assert!(quote.chars().count() <= LONGEST_QUOTE);
        }
    }
}
