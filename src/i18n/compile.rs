//! Turns `locales/<lang>/<slice>.json` into Rust: a constant per key, and a table per language; for the browser the tables are files,
//! since a reader needs one of them. Used by build.rs, tested in the library.
//! Refuses a key that one language lacks, other placeholders, a plural without its forms, a key told twice.

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Write},
};

/// A language the product speaks, and the plural forms its grammar needs (CLDR names, in the order of the tables).
pub struct LocaleRule {
    pub name: &'static str,
    pub forms: &'static [&'static str],
}

/// Every language. The first one is where people look first when a key is missing.
pub const LOCALES: &[LocaleRule] =
    &[LocaleRule { name: "fr", forms: &["one", "other"] }, LocaleRule { name: "en", forms: &["one", "other"] }];

/// Slices only the server writes. The browser keeps their names and not their texts.
const SERVER_SLICES: &[&str] = &["site", "legal", "mail"];

/// Slices whose words the main file of the client, and what opens above a page, may say. The browser fetches the others with the first page
/// of another file. What answers to a code of the server is always there.
pub const FIRST_SLICES: &[&str] = &["kit", "shell", "nav", "live", "calls", "errors", "format", "pages"];

/// Whose tables are made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Server,
    Browser,
}

/// Stands between the texts in a file for the browser.
pub const TEXT_SEPARATOR: char = '\u{1e}';

/// Stands between the forms of a plural in a table.
pub const FORM_SEPARATOR: char = '\u{1f}';

/// One JSON file as it was read.
pub struct File {
    pub locale: &'static str,
    pub slice: String,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq)]
enum Entry {
    Text(String),
    Plural(Vec<(String, String)>),
}

type Words = BTreeMap<String, Entry>;

/// What is made of the words.
pub struct Compiled {
    /// The module; with the tables, if it is for the server.
    pub code: String,
    /// The tables for the browser, each with the name of its file: texts in the order of the keys, [`TEXT_SEPARATOR`] between them. `fr` has the
    /// words of [`FIRST_SLICES`], `fr.more` the others; where one has nothing, the other has the text.
    pub files: Vec<(String, String)>,
}

/// The generated module, or everything that is wrong, one line each.
pub fn compile(files: &[File], target: Target) -> Result<Compiled, Vec<String>> {
    let mut faults = Vec::new();
    let mut by_locale: BTreeMap<&str, Words> = LOCALES.iter().map(|l| (l.name, Words::new())).collect();
    for file in files {
        let place = format!("{}/{}.json", file.locale, file.slice);
        let pairs = match read(&file.text) {
            Ok(pairs) => pairs,
            Err(error) => {
                faults.push(format!("{place}: {error}"));
                continue;
            }
        };
        let Some(words) = by_locale.get_mut(file.locale) else { continue };
        for (key, entry) in pairs {
            if words.insert(format!("{}.{key}", file.slice), entry).is_some() {
                faults.push(format!("{place}: `{key}` stands there twice"));
            }
        }
    }
    let keys: BTreeSet<String> = by_locale.values().flat_map(|words| words.keys().cloned()).collect();
    for key in &keys {
        check(key, &by_locale, &mut faults);
    }
    let names = const_names(&keys, &mut faults);
    let lookups = lookups(&keys, &mut faults);
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut code = constants(&keys, &names, &by_locale);
    let mut files = Vec::new();
    for rule in LOCALES {
        let words = &by_locale[rule.name];
        match target {
            Target::Server => code.push_str(&table(rule, &texts(rule, &keys, words, |_| true))),
            Target::Browser => {
                let file = |has: &dyn Fn(&str) -> bool| texts(rule, &keys, words, has).join(&TEXT_SEPARATOR.to_string());
                files.push((rule.name.to_owned(), file(&|key| !is_for_the_server(key) && comes_first(key))));
                files.push((format!("{}.more", rule.name), file(&|key| !is_for_the_server(key) && !comes_first(key))));
            }
        }
    }
    code.push_str(&lookup_table(&keys, &lookups));
    Ok(Compiled { code, files })
}

fn place(locale: &str, key: &str) -> String {
    let (slice, rest) = key.split_once('.').unwrap_or((key, ""));
    format!("{locale}/{slice}.json: `{rest}`")
}

fn check(key: &str, by_locale: &BTreeMap<&str, Words>, faults: &mut Vec<String>) {
    let mut first: Option<(&str, BTreeSet<String>, bool)> = None;
    for rule in LOCALES {
        let Some(entry) = by_locale.get(rule.name).and_then(|words| words.get(key)) else {
            faults.push(format!("{} is missing", place(rule.name, key)));
            continue;
        };
        let (texts, plural): (Vec<&str>, bool) = match entry {
            Entry::Text(text) => (vec![text], false),
            Entry::Plural(forms) => {
                for form in rule.forms {
                    if !forms.iter().any(|(name, _)| name == form) {
                        faults.push(format!("{} lacks the plural form `{form}`", place(rule.name, key)));
                    }
                }
                for (name, _) in forms {
                    if !rule.forms.contains(&name.as_str()) {
                        faults.push(format!("{} has a plural form `{name}` the language does not know", place(rule.name, key)));
                    }
                }
                (forms.iter().map(|(_, text)| text.as_str()).collect(), true)
            }
        };
        if texts.iter().any(|text| text.trim().is_empty()) {
            faults.push(format!("{} is empty", place(rule.name, key)));
        }
        let mut wanted = BTreeSet::new();
        for text in texts {
            match placeholders(text) {
                Ok(found) => wanted.extend(found),
                Err(fault) => faults.push(format!("{} {fault}", place(rule.name, key))),
            }
        }
        if plural {
            wanted.remove("n"); // a form may say "one call" in words
        }
        match &first {
            None => first = Some((rule.name, wanted, plural)),
            Some((locale, expected, was_plural)) => {
                if *was_plural != plural {
                    faults.push(format!("{} is a plural in one language only (see {locale})", place(rule.name, key)));
                } else if *expected != wanted {
                    faults.push(format!("{} has the placeholders {wanted:?}, {locale} has {expected:?}", place(rule.name, key)));
                }
            }
        }
    }
}

/// The names in `{{…}}`.
fn placeholders(text: &str) -> Result<BTreeSet<String>, String> {
    let mut found = BTreeSet::new();
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let Some(len) = rest[start..].find("}}") else { return Err("has `{{` without `}}`".into()) };
        let name = rest[start + 2..start + len].trim();
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit()) {
            return Err(format!("has the placeholder `{name}`; use small letters and _"));
        }
        found.insert(name.to_owned());
        rest = &rest[start + len + 2..];
    }
    Ok(found)
}

fn const_names(keys: &BTreeSet<String>, faults: &mut Vec<String>) -> BTreeMap<String, String> {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    for key in keys {
        let name: String = key.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
        if let Some(other) = taken.insert(name.clone(), key.clone()) {
            faults.push(format!("{} and `{other}` would both be words::{name}", place(LOCALES[0].name, key)));
        }
        names.insert(key.clone(), name);
    }
    names
}

/// Keys that are also found by a code from the server: `field.<code>` and `conflict.<code>` of any slice.
fn lookups(keys: &BTreeSet<String>, faults: &mut Vec<String>) -> BTreeMap<String, String> {
    let mut codes: BTreeMap<String, String> = BTreeMap::new();
    for key in keys {
        let Some(code) = code_of(key) else { continue };
        if let Some(other) = codes.insert(code.to_owned(), key.clone()) {
            faults.push(format!("{} and `{other}` both answer to the code `{code}`", place(LOCALES[0].name, key)));
        }
    }
    codes
}

fn constants(keys: &BTreeSet<String>, names: &BTreeMap<String, String>, by_locale: &BTreeMap<&str, Words>) -> String {
    let mut code = String::new();
    for (i, key) in keys.iter().enumerate() {
        let (kind, sample) = match &by_locale[LOCALES[0].name][key] {
            Entry::Text(text) => ("Key", text.clone()),
            Entry::Plural(forms) => ("Plural", forms.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(" / ")),
        };
        let sample = sample.replace('\n', " ");
        let _ = writeln!(code, "/// {sample}\npub const {}: {kind} = {kind}({i});", names[key]);
    }
    code
}

fn slice_of(key: &str) -> &str {
    key.split_once('.').map_or(key, |(slice, _)| slice)
}

fn is_for_the_server(key: &str) -> bool {
    SERVER_SLICES.contains(&slice_of(key))
}

fn comes_first(key: &str) -> bool {
    FIRST_SLICES.contains(&slice_of(key)) || code_of(key).is_some()
}

/// The code from the server that a key answers to.
fn code_of(key: &str) -> Option<&str> {
    let (_, rest) = key.split_once('.')?;
    rest.strip_prefix("field.").or_else(|| rest.strip_prefix("conflict."))
}

/// The texts of a language in the order of the keys, with nothing in the place of those a table has not.
fn texts(rule: &LocaleRule, keys: &BTreeSet<String>, words: &Words, has: impl Fn(&str) -> bool) -> Vec<String> {
    let text = |key: &String| match &words[key] {
        _ if !has(key) => String::new(),
        Entry::Text(text) => typeset(rule.name, text),
        Entry::Plural(forms) => {
            let form = |name: &&str| forms.iter().find(|(n, _)| n == name).map_or("", |(_, text)| text).to_owned();
            rule.forms.iter().map(|name| typeset(rule.name, &form(name))).collect::<Vec<_>>().join(&FORM_SEPARATOR.to_string())
        }
    };
    keys.iter().map(text).collect()
}

fn table(rule: &LocaleRule, texts: &[String]) -> String {
    let rows: String = texts.iter().map(|text| format!("    {text:?},\n")).collect();
    format!("pub(super) static {}: [&str; {}] = [\n{rows}];\n", rule.name.to_ascii_uppercase(), texts.len())
}

fn lookup_table(keys: &BTreeSet<String>, lookups: &BTreeMap<String, String>) -> String {
    let index: BTreeMap<&str, usize> = keys.iter().enumerate().map(|(i, key)| (key.as_str(), i)).collect();
    let rows: String = lookups.iter().map(|(name, key)| format!("    ({name:?}, Key({})),\n", index[key.as_str()])).collect();
    format!("pub(super) static LOOKUP: [(&str, Key); {}] = [\n{rows}];\n", lookups.len())
}

/// French as it is set: no-break spaces where the grammar wants a space before a mark, and the curved apostrophe.
/// Authors type plain spaces. U+00A0 everywhere, as the design sets it: the narrow U+202F is not in its font.
pub fn typeset(locale: &str, text: &str) -> String {
    if locale != "fr" {
        return text.to_owned();
    }
    const FIXED: char = '\u{a0}';
    let chars: Vec<char> = text.chars().collect();
    let mut set = String::with_capacity(text.len() + 8);
    for (i, &c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).map(|i| chars[i]);
        let after = chars.get(i + 1).copied();
        let kept = match c {
            ' ' => match (before, after) {
                (_, Some(';' | '?' | '!' | ':' | '»' | '%' | '€')) | (Some('«'), _) => FIXED,
                (Some(b), Some(a)) if b.is_ascii_digit() && (a.is_ascii_digit() || is_unit(&chars[i + 1..])) => FIXED,
                (Some('h'), Some(a)) if a.is_ascii_digit() && i >= 2 && chars[i - 2] == ' ' => FIXED,
                _ => ' ',
            },
            '\'' if before.is_some_and(char::is_alphabetic) && after.is_some_and(|a| a.is_alphanumeric() || a == '{' || a == '«') => '’',
            _ => c,
        };
        set.push(kept);
    }
    set
}

/// A unit that must not part from its number.
fn is_unit(rest: &[char]) -> bool {
    let word: String = rest.iter().take_while(|c| c.is_alphabetic()).collect();
    matches!(word.as_str(), "h" | "min" | "s" | "j" | "ms" | "Ko" | "Mo" | "Go")
}

impl<'de> serde::Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        match value {
            serde_json::Value::String(text) => Ok(Self::Text(text)),
            serde_json::Value::Object(forms) => forms
                .into_iter()
                .map(|(name, text)| match text {
                    serde_json::Value::String(text) => Ok((name, text)),
                    other => Err(D::Error::custom(format!("plural form `{name}` is {other}, not a text"))),
                })
                .collect::<Result<_, _>>()
                .map(Self::Plural),
            other => Err(D::Error::custom(format!("{other} is neither a text nor plural forms"))),
        }
    }
}

/// The pairs of a flat object, in order and with repetitions (a map would swallow them).
fn read(text: &str) -> Result<Vec<(String, Entry)>, serde_json::Error> {
    struct Pairs<V>(std::marker::PhantomData<V>);
    impl<'de, V: serde::Deserialize<'de>> Visitor<'de> for Pairs<V> {
        type Value = Vec<(String, V)>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = map.next_entry()? {
                pairs.push(pair);
            }
            Ok(pairs)
        }
    }
    serde_json::Deserializer::from_str(text).deserialize_map(Pairs(std::marker::PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(fr: &str, en: &str) -> Result<String, Vec<String>> {
        let file = |locale, text: &str| File { locale, slice: "calls".into(), text: text.into() };
        compile(&[file("fr", fr), file("en", en)], Target::Server).map(|compiled| compiled.code)
    }

    fn faults(fr: &str, en: &str) -> String {
        of(fr, en).map(|_| "nothing wrong".to_owned()).unwrap_or_else(|faults| faults.join("\n"))
    }

    #[test]
    fn a_complete_pair_becomes_constants_and_tables() {
        let code = of(
            r#"{"title": "Appels", "n": {"one": "un appel", "other": "{{n}} appels"}}"#,
            r#"{"title": "Calls", "n": {"one": "one call", "other": "{{n}} calls"}}"#,
        )
        .unwrap_or_else(|faults| panic!("{faults:?}"));
        assert!(code.contains("pub const CALLS_TITLE: Key"), "{code}");
        assert!(code.contains("pub const CALLS_N: Plural"), "{code}");
        assert!(code.contains("\"Calls\""), "{code}");
    }

    #[test]
    fn a_key_missing_in_one_language_names_file_and_key() {
        assert_eq!(faults(r#"{"title": "Appels", "more": "Plus"}"#, r#"{"title": "Calls"}"#), "en/calls.json: `more` is missing");
        assert_eq!(faults(r#"{"title": "Appels"}"#, r#"{"title": "Calls", "more": "More"}"#), "fr/calls.json: `more` is missing");
    }

    #[test]
    fn placeholders_must_be_the_same_in_every_language() {
        assert_eq!(
            faults(r#"{"hello": "Bonjour {{name}}"}"#, r#"{"hello": "Hello {{nome}}"}"#),
            r#"en/calls.json: `hello` has the placeholders {"nome"}, fr has {"name"}"#
        );
        assert!(faults(r#"{"hello": "Bonjour {{name"}"#, r#"{"hello": "Hello {{name}}"}"#).contains("`{{` without `}}`"));
    }

    #[test]
    fn plurals_need_all_forms_and_no_other() {
        assert!(
            faults(r#"{"n": {"one": "un"}}"#, r#"{"n": {"one": "one", "other": "many"}}"#)
                .contains("fr/calls.json: `n` lacks the plural form `other`")
        );
        assert!(
            faults(r#"{"n": {"one": "un", "other": "n", "few": "x"}}"#, r#"{"n": {"one": "1", "other": "n"}}"#)
                .contains("`few` the language does not know")
        );
        assert!(faults(r#"{"n": "texte"}"#, r#"{"n": {"one": "1", "other": "n"}}"#).contains("a plural in one language only"));
    }

    #[test]
    fn a_key_told_twice_and_two_keys_of_one_name_are_refused() {
        assert!(faults(r#"{"a": "x", "a": "y"}"#, r#"{"a": "x"}"#).contains("fr/calls.json: `a` stands there twice"));
        assert!(faults(r#"{"a.b": "x", "a_b": "y"}"#, r#"{"a.b": "x", "a_b": "y"}"#).contains("would both be words::CALLS_A_B"));
        assert!(faults(r#"{"a": ""}"#, r#"{"a": "x"}"#).contains("`a` is empty"));
        assert!(faults(r#"{"a": 3}"#, r#"{"a": "x"}"#).contains("neither a text nor plural forms"));
    }

    #[test]
    fn the_browser_does_not_carry_what_only_the_server_writes() {
        let file = |locale, text: &str| File { locale, slice: "legal".into(), text: text.into() };
        let files = [file("fr", r#"{"terms": "Conditions"}"#), file("en", r#"{"terms": "Terms"}"#)];
        let made = |target| compile(&files, target).unwrap_or_else(|faults| panic!("{faults:?}"));
        let (server, browser) = (made(Target::Server), made(Target::Browser));
        assert!(server.code.contains("\"Terms\",") && server.files.is_empty());
        assert!(browser.code.contains("LEGAL_TERMS: Key") && !browser.code.contains("\"Terms\","));
        assert!(browser.files.iter().all(|(_, text)| text.is_empty()), "{:?}", browser.files);
    }

    #[test]
    fn the_browser_gets_two_files_for_each_language() {
        let file = |locale, slice: &str, text: &str| File { locale, slice: slice.into(), text: text.into() };
        let files = [
            file("fr", "calls", r#"{"a": "Appels", "n": {"one": "un", "other": "{{n}}"}}"#),
            file("en", "calls", r#"{"a": "Calls", "n": {"one": "one", "other": "{{n}}"}}"#),
            file("fr", "home", r#"{"b": "Accueil", "conflict.x": "Non"}"#),
            file("en", "home", r#"{"b": "Home", "conflict.x": "No"}"#),
        ];
        let browser = compile(&files, Target::Browser).unwrap_or_else(|faults| panic!("{faults:?}"));
        let made: Vec<(&str, String)> = browser.files.iter().map(|(name, text)| (name.as_str(), text.replace('\u{1e}', "|"))).collect();
        let expected =
            [("fr", "Appels|un\u{1f}{{n}}||Non"), ("fr.more", "||Accueil|"), ("en", "Calls|one\u{1f}{{n}}||No"), ("en.more", "||Home|")];
        assert_eq!(made, expected.map(|(name, text)| (name, text.to_owned())));
    }

    #[test]
    fn codes_from_the_server_are_found_once() {
        let code = of(r#"{"field.phone.not_e164": "Numéro"}"#, r#"{"field.phone.not_e164": "Number"}"#).unwrap_or_else(|f| panic!("{f:?}"));
        assert!(code.contains("(\"phone.not_e164\", Key(0))"), "{code}");
        assert!(
            faults(r#"{"field.x": "a", "conflict.x": "b"}"#, r#"{"field.x": "a", "conflict.x": "b"}"#)
                .contains("both answer to the code `x`")
        );
    }

    #[test]
    fn french_gets_its_no_break_spaces_and_apostrophes() {
        assert_eq!(
            typeset("fr", "Prêt ? Oui : 64 % de « l'appel » à 9 h 30, 1 284 fois !"),
            "Prêt\u{a0}? Oui\u{a0}: 64\u{a0}% de «\u{a0}l’appel\u{a0}» à 9\u{a0}h\u{a0}30, 1\u{a0}284 fois\u{a0}!"
        );
        assert_eq!(typeset("en", "Ready ? it's"), "Ready ? it's");
        assert_eq!(typeset("fr", "6 minutes, 6 min"), "6 minutes, 6\u{a0}min");
    }
}
