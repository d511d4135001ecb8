//! Reads one setting after the other, collecting what is wrong instead of stopping at the first. Values are never repeated in
//! a finding: any of them may hold a password.
use std::str::FromStr;

use url::Url;

use super::check::Finding;
use super::secret::SecretKey;
use super::settings;

pub(super) struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    pub findings: Vec<Finding>,
}

impl<'a> Reader<'a> {
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup, findings: Vec::new() }
    }

    /// The trimmed text; an empty one counts as absent.
    pub fn text(&self, name: &str) -> Option<String> {
        (self.lookup)(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    pub fn text_or_default(&self, name: &str) -> String {
        self.text(name).unwrap_or_else(|| settings::default_of(name).to_owned())
    }

    /// A value of type `T`, or the table's default.
    pub fn parse<T: FromStr>(&mut self, name: &str, expected: &str) -> T {
        let given = self.text(name).map(|text| text.parse().ok());
        if given.as_ref().is_some_and(Option::is_none) {
            self.refuse(name, expected);
        }
        given
            .flatten()
            .unwrap_or_else(|| settings::default_of(name).parse().ok().expect("the table's defaults parse: a test reads them all"))
    }

    pub fn between(&mut self, name: &str, least: u64, most: u64) -> u64 {
        let value: u64 = self.parse(name, &format!("a number from {least} to {most}"));
        if !(least..=most).contains(&value) {
            self.refuse(name, &format!("a number from {least} to {most}"));
        }
        value
    }

    pub fn one_of<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> T {
        let text = self.text_or_default(name);
        if let Some((_, choice)) = choices.iter().find(|(word, _)| *word == text) {
            return *choice;
        }
        let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
        self.refuse(name, &words.join(" or "));
        choices[0].1
    }

    pub fn url(&mut self, name: &str, schemes: &[&str]) -> Option<Url> {
        let url = self.text(name).map(|text| Url::parse(&text).ok().filter(|url| schemes.contains(&url.scheme())))?;
        if url.is_none() {
            self.refuse(name, &format!("an address that begins with {}://", schemes.join(":// or ")));
        }
        url
    }

    pub fn key(&mut self, name: &str) -> Option<SecretKey> {
        let key = self.text(name)?.parse().ok();
        if key.is_none() {
            self.refuse(name, "32 bytes as base64 or hex: `openssl rand -base64 32` draws them");
        }
        key
    }

    pub fn list<T>(&mut self, name: &str, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let text = self.text(name).unwrap_or_default();
        let items: Option<Vec<T>> = text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(parse).collect();
        if items.is_none() {
            self.refuse(name, expected);
        }
        items.unwrap_or_default()
    }

    fn refuse(&mut self, name: &str, expected: &str) {
        self.findings.push(Finding::refusal(
            name,
            "cannot be read",
            format!("give {expected}, for example {name}={}", settings::example_of(name)),
        ));
    }
}
