//! The words that were searched for, in what was said: pieces of text, never markup.

use crate::calls::log::model::Piece;

/// Characters before the first hit, and in all.
const BEFORE: usize = 40;
const LONGEST: usize = 160;

/// The part of a text around the first hit, and which pieces of it are hits; nothing when none is. `words` are small letters.
pub fn snippet(text: &str, words: &[String]) -> Option<Vec<Piece>> {
    let letters: Vec<char> = text.chars().collect();
    // A letter may become several when it is made small: each knows where it came from.
    let small: Vec<(char, usize)> = letters.iter().enumerate().flat_map(|(at, c)| c.to_lowercase().map(move |c| (c, at))).collect();
    let mut is_hit = vec![false; letters.len()];
    for word in words {
        let word: Vec<char> = word.chars().collect();
        if word.is_empty() {
            continue;
        }
        for window in small.windows(word.len()) {
            if window.iter().map(|(c, _)| *c).eq(word.iter().copied()) {
                window.iter().for_each(|(_, at)| is_hit[*at] = true);
            }
        }
    }
    let first = is_hit.iter().position(|hit| *hit)?;
    let start = word_start(&letters, first.saturating_sub(BEFORE), first);
    let end = (start + LONGEST).min(letters.len());
    let mut pieces: Vec<Piece> = Vec::new();
    if start > 0 {
        pieces.push(Piece { text: "…".into(), is_hit: false });
    }
    for at in start..end {
        match pieces.last_mut().filter(|piece| piece.is_hit == is_hit[at]) {
            Some(piece) => piece.text.push(letters[at]),
            None => pieces.push(Piece { text: letters[at].into(), is_hit: is_hit[at] }),
        }
    }
    if end < letters.len() {
        pieces.push(Piece { text: "…".into(), is_hit: false });
    }
    Some(pieces)
}

/// The beginning of the first word at or after a place, but not behind `limit`.
fn word_start(letters: &[char], at: usize, limit: usize) -> usize {
    if at == 0 {
        return 0;
    }
    (at..limit).find(|at| letters[at - 1].is_whitespace()).unwrap_or(limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(text: &str, words: &[&str]) -> Option<String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let mark = |piece: &Piece| if piece.is_hit { format!("[{}]", piece.text) } else { piece.text.clone() };
        snippet(text, &words).map(|pieces| pieces.iter().map(mark).collect())
    }

    #[test]
    fn every_word_is_marked_whatever_its_capitals() {
        assert_eq!(found("Un Rendez-vous MARDI.", &["mardi", "rendez-vous"]).as_deref(), Some("Un [Rendez-vous] [MARDI]."));
        assert_eq!(found("Été, ÉTÉ", &["été"]).as_deref(), Some("[Été], [ÉTÉ]"));
        assert_eq!(found("<b>mardi</b>", &["mardi"]).as_deref(), Some("<b>[mardi]</b>"));
        assert_eq!(found("rien", &["mardi"]), None);
        assert_eq!(found("rien", &[""]), None);
    }

    #[test]
    fn a_long_line_is_cut_around_the_first_hit() {
        let long = format!("{} mardi {}", "avant ".repeat(40), "après ".repeat(60));
        let cut = found(&long, &["mardi"]).unwrap_or_default();
        assert!(cut.starts_with("…avant") && cut.ends_with('…') && cut.contains("[mardi]"), "{cut}");
        assert!(cut.chars().count() <= LONGEST + 4);
    }

    proptest! {
        #[test]
        fn pieces_are_a_part_of_the_text(text in "\\PC{0,300}", word in "\\PC{1,3}") {
            if let Some(pieces) = snippet(&text, &[word.to_lowercase()]) {
                let whole: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
                prop_assert!(text.contains(whole.trim_start_matches('…').trim_end_matches('…')));
                prop_assert!(pieces.iter().any(|piece| piece.is_hit));
            }
        }
    }
}
