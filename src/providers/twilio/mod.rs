//! Twilio, which sends and receives text messages: the real client. Its simulator speaks the same wire format.
//!
//! Knows Twilio's addresses, forms and errors; knows nothing of our slices. Each organisation brings its own account.
//! Source: protocols sheet "voice", section 6.

mod signature;

use crate::platform::{
    Core,
    config::Secret,
    outbound::{Account, Outbound, OutboundError, Repeat, TWILIO},
};
use serde::{Deserialize, de::DeserializeOwned};
use url::Url;

pub use signature::{proves, read_form, sign, verify};

/// The most pages of a list that are read.
const MOST_PAGES: usize = 20;
/// A recipient who told this sender to stop: nothing is sent, and nothing helps.
pub const OPTED_OUT: &str = "21610";

/// Who asks: an account and its token. The token is what Twilio signs its requests to us with, which no API key is.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// `AC` and 32 hexadecimal digits.
    pub account_sid: String,
    pub auth_token: Secret,
}

/// The client of every organisation's account. Cheap to clone.
#[derive(Clone)]
pub struct Twilio {
    base: Url,
    http: Outbound,
}

/// An account, as Twilio knows it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct AccountSheet {
    pub sid: String,
    #[serde(default)]
    pub friendly_name: String,
    /// `active`, `suspended`, `closed`.
    #[serde(default)]
    pub status: String,
}

/// A number of the account.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct OwnedNumber {
    /// `PN…`.
    pub sid: String,
    /// E.164.
    pub phone_number: String,
    #[serde(default)]
    pub friendly_name: String,
    /// Where its messages are posted to.
    #[serde(default)]
    pub sms_url: Option<String>,
    #[serde(default)]
    pub capabilities: Capabilities,
}

/// What a number is able to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    pub voice: bool,
    #[serde(alias = "SMS")]
    pub sms: bool,
}

/// A message to send.
#[derive(Clone, Debug, PartialEq)]
pub struct NewMessage<'a> {
    pub from: &'a str,
    pub to: &'a str,
    pub body: &'a str,
    /// Where its fate is told.
    pub status_callback: &'a str,
}

/// A message, as Twilio knows it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Message {
    pub sid: String,
    pub status: String,
    #[serde(default)]
    pub body: String,
    #[serde(default)]
    pub direction: String,
    #[serde(default)]
    pub error_code: Option<i64>,
    /// RFC 2822.
    #[serde(default)]
    pub date_created: Option<String>,
}

impl Twilio {
    /// At this address, with connections of its own.
    pub fn new(base: Url) -> Self {
        Self { base, http: Outbound::new(TWILIO) }
    }

    /// The process' client, put into the core at start.
    pub fn of(core: &Core) -> Self {
        match core.providers.get::<Self>() {
            Some(twilio) => twilio.clone(),
            None => unreachable!("the core is built with a Twilio client"),
        }
    }

    /// The account itself: whether it is one, and may be used. Errors: `Refused` 401, code `20003`.
    pub async fn account(&self, who: &Credentials) -> Result<AccountSheet, OutboundError> {
        let url = self.at(&["Accounts", &format!("{}.json", who.account_sid)]);
        self.get(who, url, &[]).await
    }

    /// Every number of the account, read by pages of so many.
    pub async fn numbers(&self, who: &Credentials, per_page: u16) -> Result<Vec<OwnedNumber>, OutboundError> {
        #[derive(Deserialize)]
        struct Page {
            incoming_phone_numbers: Vec<OwnedNumber>,
            #[serde(default)]
            next_page_uri: Option<String>,
        }
        let size = [("PageSize", per_page.clamp(1, 1000).to_string())];
        let mut page: Page = self.get(who, self.of_account(who, &["IncomingPhoneNumbers.json"]), &size).await?;
        let mut all = std::mem::take(&mut page.incoming_phone_numbers);
        for _ in 1..MOST_PAGES {
            let Some(next) = page.next_page_uri.filter(|next| !next.is_empty()) else { break };
            page = self.get(who, self.beside(&next)?, &[]).await?;
            all.append(&mut page.incoming_phone_numbers);
        }
        Ok(all)
    }

    /// Where a number's messages are posted to; an empty address takes it off.
    pub async fn set_sms_url(&self, who: &Credentials, number_sid: &str, sms_url: &str) -> Result<OwnedNumber, OutboundError> {
        let form = [("SmsUrl", sms_url), ("SmsMethod", "POST")];
        let url = self.of_account(who, &["IncomingPhoneNumbers", &format!("{number_sid}.json")]);
        self.post(who, Repeat::Safe, url, &form).await
    }

    /// Sends a message. Sent again only after 429 or when no connection was made: there is no idempotency key. When the error
    /// [`OutboundError::may_have_happened`], look for it with [`Twilio::find_message`] before sending another.
    pub async fn send(&self, who: &Credentials, new: &NewMessage<'_>) -> Result<Message, OutboundError> {
        let form = [("From", new.from), ("To", new.to), ("Body", new.body), ("StatusCallback", new.status_callback)];
        self.post(who, Repeat::OnlyUnsent, self.of_account(who, &["Messages.json"]), &form).await
    }

    /// A message of ours to this recipient with these words, created since then, if Twilio took it.
    pub async fn find_message(
        &self,
        who: &Credentials,
        new: &NewMessage<'_>,
        since: chrono::DateTime<chrono::Utc>,
    ) -> Result<Option<Message>, OutboundError> {
        #[derive(Deserialize)]
        struct Page {
            messages: Vec<Message>,
        }
        let day = since.format("%Y-%m-%d").to_string();
        let query = [("To", new.to.to_owned()), ("From", new.from.to_owned()), ("DateSent>", day), ("PageSize", "100".to_owned())];
        let page: Page = self.get(who, self.of_account(who, &["Messages.json"]), &query).await?;
        // Twilio tells whole seconds.
        let since = since - chrono::TimeDelta::seconds(1);
        let is_since = |message: &Message| {
            let at = message.date_created.as_deref().and_then(|text| chrono::DateTime::parse_from_rfc2822(text).ok());
            at.is_none_or(|at| at >= since)
        };
        Ok(page.messages.into_iter().find(|held| held.body == new.body && held.direction.starts_with("outbound") && is_since(held)))
    }

    async fn get<T: DeserializeOwned>(&self, who: &Credentials, url: Url, query: &[(&str, String)]) -> Result<T, OutboundError> {
        let build = |http: &reqwest::Client| {
            let request = http.get(url.clone()).basic_auth(&who.account_sid, Some(who.auth_token.expose()));
            if query.is_empty() { request } else { request.query(query) }
        };
        self.http.send(&self.breaker_of(who), Repeat::Safe, build).await?.json()
    }

    async fn post<T: DeserializeOwned>(
        &self,
        who: &Credentials,
        repeat: Repeat,
        url: Url,
        form: &[(&str, &str)],
    ) -> Result<T, OutboundError> {
        let build = |http: &reqwest::Client| http.post(url.clone()).form(form).basic_auth(&who.account_sid, Some(who.auth_token.expose()));
        self.http.send(&self.breaker_of(who), repeat, build).await?.json()
    }

    fn breaker_of(&self, who: &Credentials) -> Account {
        Account::of(&[self.base.as_str(), &who.account_sid, who.auth_token.expose()])
    }

    fn of_account(&self, who: &Credentials, path: &[&str]) -> Url {
        let whole: Vec<&str> = ["Accounts", who.account_sid.as_str()].into_iter().chain(path.iter().copied()).collect();
        self.at(&whole)
    }

    /// Ids come from outside: each is one segment of the path, whatever is in it.
    fn at(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments
                .pop_if_empty()
                .push("2010-04-01")
                .extend(path.iter().map(|part| if matches!(*part, "." | ".." | "") { "-" } else { part }));
        }
        url
    }

    /// The next page: a path of the same host, or it is not followed, since the token would travel there.
    fn beside(&self, path: &str) -> Result<Url, OutboundError> {
        let elsewhere = || OutboundError::Garbled { provider: TWILIO.name, cause: "the next page is elsewhere".into() };
        let url = self.base.join(path).map_err(|_| elsewhere())?;
        if url.origin() == self.base.origin() { Ok(url) } else { Err(elsewhere()) }
    }
}
