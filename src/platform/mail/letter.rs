//! Every letter we write, and how its words become a mail.

use askama::Template;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{words_en, words_fr};

/// The longest name a greeting repeats.
const LONGEST_NAME: usize = 60;

/// What a mail says, with the data it needs. `name` is the reader's own, as typed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "template", content = "data", rename_all = "snake_case")]
pub enum Letter {
    /// After signing up: prove that the address is yours.
    ConfirmAddress { name: String, url: String, valid_hours: u32 },
    /// Somebody signed up with an address that has an account.
    AlreadyRegistered { name: String, sign_in_url: String, reset_url: String },
    /// A forgotten password.
    ResetPassword { name: String, url: String, valid_minutes: u32 },
    /// The password was changed, by reset or by the account page.
    PasswordChanged { name: String, at: DateTime<Utc>, reset_url: String },
    /// To the new address: prove that it is yours.
    ConfirmNewAddress { name: String, url: String, valid_hours: u32 },
    /// To the old address, when a change was asked for or made.
    AddressChanged { name: String, new_address: String, at: DateTime<Utc>, support_url: String },
    /// A sign-in from a device not seen before. `device` is what the browser says of itself.
    NewSignIn { name: String, device: String, ip: String, at: DateTime<Utc>, sessions_url: String },
    /// The reader may sign in with this Google account from now on.
    GoogleConnected { name: String, google: String, at: DateTime<Utc>, security_url: String },
    /// An invitation into an organisation.
    Invitation { inviter: String, organisation: String, url: String, valid_days: u32 },
    /// A call was given to the reader, or a note beside one means them. `by` is empty when a rule did it.
    Work { name: String, by: String, is_mention: bool, url: String },
    /// Keys of the public API, by name and last characters, that nobody has used for so many days.
    KeysUnused { name: String, organisation: String, keys: Vec<(String, String)>, days: u32, url: String },
    /// An endpoint of outgoing webhooks fails, for so many days, or is told nothing more; without days: it answered that it is gone.
    WebhookFailing { name: String, host: String, days: u32, is_disabled: bool, url: String },
}

/// A language we write letters in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Fr,
    En,
}

impl Language {
    /// Every one of them.
    pub const ALL: [Language; 2] = [Language::Fr, Language::En];

    /// By locale: `fr`, `fr-CH` and their like are French, all else is English.
    pub fn of(locale: &str) -> Self {
        if locale.to_lowercase().starts_with("fr") { Language::Fr } else { Language::En }
    }

    /// As `lang` and `Content-Language` want it.
    pub fn tag(self) -> &'static str {
        match self {
            Language::Fr => "fr",
            Language::En => "en",
        }
    }
}

/// The words of one letter in one language.
pub(super) struct Words {
    pub subject: String,
    /// What the list of mails shows beside the subject.
    pub preheader: String,
    pub title: String,
    pub greeting: String,
    pub paragraphs: Vec<String>,
    pub action: Option<Action>,
    pub link_hint: &'static str,
    /// In small print: what to do when it was not you.
    pub after: Vec<String>,
    pub footer: &'static str,
}

/// The one thing to do.
pub(super) struct Action {
    pub label: &'static str,
    pub url: String,
}

#[derive(Template)]
#[template(path = "letter.html", config = "src/platform/mail/askama.toml")]
struct Html<'a> {
    lang: &'static str,
    words: &'a Words,
}

#[derive(Template)]
#[template(path = "letter.txt", config = "src/platform/mail/askama.toml")]
struct Text<'a> {
    words: &'a Words,
}

/// A letter ready to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    pub language: Language,
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// The letter in the reader's language. Errors: words for the operator, when a link is not one or a subject has line breaks.
pub fn render(letter: &Letter, language: Language) -> Result<Rendered, String> {
    let words = match language {
        Language::Fr => words_fr::words(letter),
        Language::En => words_en::words(letter),
    };
    if words.subject.chars().any(char::is_control) {
        return Err("the subject has a line break".into());
    }
    if let Some(action) = &words.action
        && !is_web_address(&action.url)
    {
        return Err("the link is not a web address".into());
    }
    let text = Text { words: &words }.render().map_err(|error| error.to_string())?;
    let html = Html { lang: language.tag(), words: &words }.render().map_err(|error| error.to_string())?;
    Ok(Rendered { language, subject: words.subject, text, html })
}

fn is_web_address(url: &str) -> bool {
    let is_web = url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    is_web && !url.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// The name as a greeting may repeat it. Whoever signs somebody else up chooses this name: one that is long or looks like an
/// address would make our mail carry an advertisement, and is left out.
pub(super) fn polite_name(name: &str) -> Option<String> {
    let name = single_line(name);
    let looks_like_an_address = name.contains("://") || name.contains('@') || name.to_lowercase().contains("www.") || has_domain(&name);
    (!name.is_empty() && name.chars().count() <= LONGEST_NAME && !looks_like_an_address).then_some(name)
}

/// The most keys a letter names.
const MOST_KEYS: usize = 20;

/// Keys as a letter names them, the last characters beside each; and how many more there are.
pub(super) fn keys_of(keys: &[(String, String)]) -> (String, usize) {
    let named = keys.iter().take(MOST_KEYS).map(|(name, hint)| match polite_name(name) {
        Some(name) => format!("{name} (…{hint})"),
        None => format!("…{hint}"),
    });
    (named.collect::<Vec<_>>().join(", "), keys.len().saturating_sub(MOST_KEYS))
}

/// `evil.example` but not `J. Dupont` or `St.Pierre`.
fn has_domain(name: &str) -> bool {
    name.split_whitespace().any(|word| {
        word.trim_matches('.').rsplit_once('.').is_some_and(|(host, top)| {
            let top = top.split('/').next().unwrap_or_default();
            !host.is_empty() && top.len() >= 2 && top.chars().all(|c| c.is_ascii_lowercase())
        })
    })
}

/// Text typed by somebody, on one line and without control characters.
pub(super) fn single_line(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_repeats_names_and_not_advertisements() {
        assert_eq!(polite_name(" Awa  Diallo ").as_deref(), Some("Awa Diallo"));
        assert_eq!(polite_name("Dr. J. St.Pierre").as_deref(), Some("Dr. J. St.Pierre"));
        assert_eq!(polite_name("Zoé\r\nBcc: x").as_deref(), Some("Zoé Bcc: x"));
        for advertisement in ["Win at https://evil.example", "visit evil.example/now", "www.evil", "a@b", "", &"x".repeat(61)] {
            assert_eq!(polite_name(advertisement), None, "{advertisement}");
        }
    }

    #[test]
    fn keys_are_named_and_many_are_counted() {
        let key = |name: &str| (name.to_owned(), "1f3k".to_owned());
        assert_eq!(keys_of(&[key("Agenda"), key("https://evil.example")]), ("Agenda (…1f3k), …1f3k".to_owned(), 0));
        assert_eq!(keys_of(&vec![key("A"); 23]).1, 3);
    }

    #[test]
    fn only_web_addresses_become_links() {
        assert!(is_web_address("http://127.0.0.1:3000/confirm/abc"));
        for bad in ["javascript:alert(1)", "//evil", "https://a b", "https://a\nb", ""] {
            assert!(!is_web_address(bad), "{bad}");
        }
    }
}
