//! Words, numbers, dates and telephone numbers in the reader's language.
//! The words stand in `locales/<lang>/<slice>.json`; build.rs makes a constant of each key and fails on a hole. The server has every
//! language; a browser fetches the reader's beside its program: the first ones with it ([`learn`]), the others with the page that says them.
//! A page speaks one language for its whole life: changing it loads the page again, so a text is a plain `&'static str`.

#[cfg(test)]
mod compile;
pub mod format;
#[cfg(feature = "ssr")]
pub mod zone;

use leptos::prelude::*;
use std::sync::OnceLock;

/// The generated constants: `calls.json`, key `title` → [`words::CALLS_TITLE`].
pub mod words {
    use super::{Key, Plural};
    include!(concat!(env!("OUT_DIR"), "/words.rs"));
}

/// A text in every language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(u16);

/// A text with plural forms in every language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Plural(u16);

/// A language the product speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Locale {
    #[default]
    Fr,
    En,
}

impl Locale {
    /// Every language, in the order they are offered.
    pub const ALL: [Self; 2] = [Self::Fr, Self::En];

    /// `fr`: the value of `lang`, of the cookie and of the account.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Fr => "fr",
            Self::En => "en",
        }
    }

    /// The language's name in itself.
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::Fr => "Français",
            Self::En => "English",
        }
    }

    /// Reads `fr`, `FR`, `fr-CA`, `en_GB`.
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next()?;
        Self::ALL.into_iter().find(|l| l.code().eq_ignore_ascii_case(primary))
    }

    /// The first choice that names a language we speak, then what the browser asks for (`Accept-Language`), then French.
    pub fn negotiate<'a>(choices: impl IntoIterator<Item = Option<&'a str>>, accept: Option<&str>) -> Self {
        choices.into_iter().flatten().find_map(Self::parse).or_else(|| Self::from_accept(accept?)).unwrap_or_default()
    }

    fn from_accept(header: &str) -> Option<Self> {
        let mut best: Option<(Self, f32)> = None;
        for range in header.split(',') {
            let mut parts = range.split(';');
            let Some(locale) = parts.next().and_then(Self::parse) else { continue };
            let weight = parts.find_map(|p| p.trim().strip_prefix("q=")?.parse().ok()).unwrap_or(1.0_f32);
            if weight > 0.0 && best.is_none_or(|(_, w)| weight > w) {
                best = Some((locale, weight));
            }
        }
        best.map(|(locale, _)| locale)
    }

    #[cfg(feature = "ssr")]
    fn text(self, at: u16) -> &'static str {
        let table: &[&str] = match self {
            Self::Fr => &words::FR,
            Self::En => &words::EN,
        };
        table[usize::from(at)]
    }

    /// A browser knows the words of its page, whichever language is asked for.
    #[cfg(not(feature = "ssr"))]
    fn text(self, at: u16) -> &'static str {
        let find = |table: &OnceLock<Vec<&'static str>>| table.get().and_then(|table| table.get(usize::from(at)).copied());
        let text = find(&FIRST).filter(|text| !text.is_empty()).or_else(|| find(&MORE)).unwrap_or_default();
        debug_assert!(!text.is_empty(), "word {at} is said before it is there");
        text
    }

    /// Which plural form `n` takes, as an index into the forms of compile.rs. Source: CLDR plural rules.
    fn plural_form(self, n: i64) -> usize {
        let one = match self {
            Self::Fr => n.unsigned_abs() < 2,
            Self::En => n == 1,
        };
        usize::from(!one)
    }
}

#[cfg(not(feature = "ssr"))]
static FIRST: OnceLock<Vec<&'static str>> = OnceLock::new();
#[cfg(not(feature = "ssr"))]
static MORE: OnceLock<Vec<&'static str>> = OnceLock::new();

#[cfg(not(feature = "ssr"))]
fn read(text: String) -> Vec<&'static str> {
    const TEXT_SEPARATOR: char = '\u{1e}';
    String::leak(text).split(TEXT_SEPARATOR).collect()
}

/// Takes in the words every page needs, a file that compile.rs wrote; before anything is drawn.
#[cfg(not(feature = "ssr"))]
pub fn learn(text: String) {
    FIRST.get_or_init(|| read(text));
}

/// Fetches the words of the pages that are not in the main file, once. Says whether they are there.
#[cfg(feature = "hydrate")]
pub async fn learn_more() -> bool {
    if MORE.get().is_some() {
        return true;
    }
    let address = document().document_element().and_then(|html| html.get_attribute("data-more-words")).unwrap_or_default();
    let Ok(answer) = gloo_net::http::Request::get(&address).send().await else { return false };
    match answer.text().await {
        Ok(text) if answer.ok() => {
            MORE.get_or_init(|| read(text));
            true
        }
        _ => false,
    }
}

/// The server has every word.
#[cfg(not(feature = "hydrate"))]
pub async fn learn_more() -> bool {
    true
}

/// The language of this page: on the server the context the app provides, in the browser what `<html lang>` says.
pub fn use_locale() -> Locale {
    static OF_THE_DOCUMENT: OnceLock<Locale> = OnceLock::new();
    if let Some(locale) = use_context::<Locale>() {
        return locale;
    }
    if cfg!(target_arch = "wasm32") {
        return *OF_THE_DOCUMENT.get_or_init(|| {
            let lang = document().document_element().and_then(|html| html.get_attribute("lang"));
            lang.as_deref().and_then(Locale::parse).unwrap_or_default()
        });
    }
    Locale::default()
}

/// The text of a key in the reader's language; a child of a view or the value of an attribute.
pub fn t(key: Key) -> &'static str {
    t_str(use_locale(), key)
}

/// The text of a key in a language that is known, as in mails.
pub fn t_str(locale: Locale, key: Key) -> &'static str {
    locale.text(key.0)
}

/// A text with its `{{name}}` filled in.
pub fn t_with(key: Key, args: &[(&str, &str)]) -> String {
    fill(t(key), args)
}

/// The same in a language that is known.
pub fn t_str_with(locale: Locale, key: Key, args: &[(&str, &str)]) -> String {
    fill(t_str(locale, key), args)
}

/// The plural form that `n` takes, with `{{n}}` filled in.
pub fn t_count(key: Plural, n: i64) -> String {
    t_count_with(key, n, &[])
}

/// The same with further names.
pub fn t_count_with(key: Plural, n: i64, args: &[(&str, &str)]) -> String {
    t_str_count(use_locale(), key, n, args)
}

/// The same in a language that is known.
pub fn t_str_count(locale: Locale, key: Plural, n: i64, args: &[(&str, &str)]) -> String {
    let forms = locale.text(key.0);
    let form = forms.split(FORM_SEPARATOR).nth(locale.plural_form(n)).unwrap_or(forms);
    let number = format::number(locale, n);
    let mut all = vec![("n", number.as_str())];
    all.extend_from_slice(args);
    fill(form, &all)
}

/// The text for a code from the server: `field.<code>` or `conflict.<code>` of any slice.
pub fn key_by_name(code: &str) -> Option<Key> {
    words::LOOKUP.binary_search_by(|(name, _)| (*name).cmp(code)).ok().map(|i| words::LOOKUP[i].1)
}

/// Between the forms of a plural; compile.rs writes it.
const FORM_SEPARATOR: char = '\u{1f}';

fn fill(text: &str, args: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let Some((name, tail)) = after.split_once("}}") else { break };
        let value = args.iter().find(|(n, _)| *n == name.trim());
        debug_assert!(value.is_some(), "no value for {name} in {text}");
        filled.push_str(value.map_or("", |(_, v)| v));
        rest = tail;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_separator_is_the_one_the_compiler_writes() {
        assert_eq!(FORM_SEPARATOR, compile::FORM_SEPARATOR);
        assert!(Locale::ALL.iter().map(|l| l.code()).eq(compile::LOCALES.iter().map(|l| l.name)));
    }

    #[test]
    fn french_counts_nought_and_one_as_one() {
        let form = |locale: Locale, n| locale.plural_form(n);
        assert_eq!([form(Locale::Fr, 0), form(Locale::Fr, 1), form(Locale::Fr, 2), form(Locale::Fr, -1)], [0, 0, 1, 0]);
        assert_eq!([form(Locale::En, 0), form(Locale::En, 1), form(Locale::En, 2)], [1, 0, 1]);
    }

    #[test]
    fn names_are_filled_in_and_nothing_else_is_touched() {
        assert_eq!(fill("Bonjour {{name}}, {{ n }} appels", &[("name", "Léa {{x}}"), ("n", "3")]), "Bonjour Léa {{x}}, 3 appels");
        assert_eq!(fill("rien", &[]), "rien");
    }

    #[test]
    fn the_language_is_the_first_choice_that_we_speak() {
        assert_eq!(Locale::negotiate([None, Some("en-GB")], Some("fr")), Locale::En);
        assert_eq!(Locale::negotiate([Some("xx"), None], Some("de, en;q=0.7, fr;q=0.9")), Locale::Fr);
        assert_eq!(Locale::negotiate([None], Some("en;q=0, de")), Locale::Fr);
        assert_eq!(Locale::negotiate([None], None), Locale::Fr);
    }

    #[test]
    fn codes_of_the_server_find_their_text() {
        assert_eq!(key_by_name("phone.not_e164"), Some(words::ERRORS_FIELD_PHONE_NOT_E164));
        assert_eq!(key_by_name("no.such_code"), None);
        assert!(words::LOOKUP.is_sorted_by(|a, b| a.0 < b.0));
    }

    /// What the main file of the client and the layers above a page are made of; the rest of `calls` are pages of another file.
    const FIRST_FILES: &[&str] =
        &["kit/", "nav.rs", "calls/live", "calls/dialogs.rs", "calls/parts.rs", "calls/reason.rs", "calls/words.rs"];

    fn first_files(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            let name = path.strip_prefix("src").expect("a path below src").to_string_lossy().into_owned();
            if path.is_dir() {
                first_files(&path, found);
            } else if FIRST_FILES.iter().any(|start| name.starts_with(start)) {
                found.push(path);
            }
        }
    }

    #[test]
    fn what_every_page_needs_says_only_words_that_come_with_it() {
        let mut files = Vec::new();
        first_files("src".as_ref(), &mut files);
        let mut said = 0;
        for file in files {
            let text = std::fs::read_to_string(&file).expect("a source file");
            for (at, _) in text.match_indices(" w::").chain(text.match_indices("(w::")) {
                let word: String = text[at + 4..].chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').collect();
                let is_first = compile::FIRST_SLICES.iter().any(|slice| word.starts_with(&format!("{}_", slice.to_uppercase())));
                assert!(
                    is_first || word.is_empty(),
                    "{} says {word}, which comes with another file (compile.rs, FIRST_SLICES)",
                    file.display()
                );
                said += usize::from(is_first);
            }
        }
        assert!(said > 100, "only {said} words were looked at");
    }
}
