//! Sends letters over SMTP, over kept connections, behind the same kind of breaker as every outgoing call.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{TimeDelta, Utc};
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::response::Severity;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use url::Url;

use super::{Language, Mail, render};
use crate::platform::outbound::{Account, Breaker, SMTP};
use crate::platform::queue::{Fail, JobCx};

/// Kept connections per process; the mail lane has eight slots.
const CONNECTIONS: u32 = 8;

/// The way to one mail server. Cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    breaker: Arc<Breaker>,
}

impl Mailer {
    /// To `smtp://` or `smtps://`, as `from`. Errors: an address that is none.
    pub fn new(smtp_url: &str, from: &str) -> anyhow::Result<Self> {
        let from: Mailbox = from.parse().context("MAIL_FROM")?;
        let url = safe_url(smtp_url.parse().map_err(|_| anyhow::anyhow!("SMTP_URL is not an address"))?);
        let pool = PoolConfig::new().max_size(CONNECTIONS).idle_timeout(Duration::from_secs(30));
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.as_str())
            .map_err(|_| anyhow::anyhow!("SMTP_URL is not the address of a mail server"))?
            .timeout(Some(SMTP.read))
            .pool_config(pool)
            .build();
        let breaker = Arc::new(Breaker::new(SMTP.name, &Account::of(&[smtp_url]), SMTP.breaker));
        Ok(Self { transport, from, breaker })
    }

    /// The handler of [`Mail`] jobs. Twice the same job is the same mail to the receiver: its Message-ID is the job's.
    pub async fn deliver(&self, mail: Mail, cx: JobCx) -> Result<(), Fail> {
        let id = format!("<{}.{}@{}>", cx.id, cx.enqueued_at.timestamp_millis(), self.from.email.domain());
        self.send(&mail, id).await
    }

    /// Sends now. Errors: `Dead` when the server or we refuse it for good, `Retry` or `RetryAt` otherwise.
    pub async fn send(&self, mail: &Mail, message_id: String) -> Result<(), Fail> {
        let message = self.message(mail, message_id).map_err(Fail::Dead)?;
        let pass = self.breaker.enter().map_err(|wait| {
            let wait = TimeDelta::from_std(wait).unwrap_or(TimeDelta::minutes(1));
            Fail::RetryAt(Utc::now() + wait, "the mail server has stopped answering".into())
        })?;
        // In a task of its own: a conversation that is cut in the middle would leave a spoiled connection in the pool.
        let transport = self.transport.clone();
        let sending = tokio::spawn(async move { transport.send(message).await });
        let sent = match tokio::time::timeout(SMTP.total, sending).await {
            Ok(Ok(sent)) => sent,
            Ok(Err(died)) => return Err(Fail::Retry(format!("sending stopped: {died}"))),
            Err(_) => {
                pass.failed();
                return Err(Fail::Retry(format!("the mail server took longer than {} s", SMTP.total.as_secs())));
            }
        };
        metrics::counter!("zencall_mails_total", "outcome" => if sent.is_ok() { "sent" } else { "failed" }).increment(1);
        let Err(error) = sent else {
            pass.succeeded();
            return Ok(());
        };
        match error.status() {
            Some(_) => pass.succeeded(),
            None => pass.failed(),
        }
        Err(meaning_of(&error))
    }

    fn message(&self, mail: &Mail, message_id: String) -> Result<Message, String> {
        // lettre's own parser refuses line breaks too; said here, so that it stays true.
        if mail.to.chars().any(char::is_control) {
            return Err("the address has a line break".into());
        }
        let to: Address = mail.to.parse().map_err(|error| format!("the address is none: {error}"))?;
        let letter = render(&mail.letter, Language::of(&mail.locale))?;
        let header = |name, value: &str| HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned());
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.subject)
            .message_id(Some(message_id))
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .raw_header(header("X-Auto-Response-Suppress", "All"))
            .raw_header(header("Content-Language", letter.language.tag()))
            .multipart(MultiPart::alternative_plain_html(letter.text, letter.html))
            .map_err(|error| error.to_string())
    }
}

/// 5xx is for good, unless it is about our own password, which a person will mend.
fn meaning_of(error: &lettre::transport::smtp::Error) -> Fail {
    let mut words = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        words = format!("{words}: {inner}");
        source = inner.source();
    }
    let code = error.status().map(|code| (code.severity, code.to_string()));
    match code {
        Some((Severity::PermanentNegativeCompletion, code)) if !matches!(code.as_str(), "530" | "534" | "535" | "538") => Fail::Dead(words),
        _ => Fail::Retry(words),
    }
}

/// A password is never sent in the clear: `smtp://user:password@host` without `?tls=` means STARTTLS, unless it is this host.
fn safe_url(mut url: Url) -> Url {
    // `smtp` is no special scheme to the URL standard, so an address of digits reads as a name.
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_this_host = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if url.scheme() == "smtp" && !is_this_host && url.query_pairs().all(|(name, _)| name != "tls") {
        let tls = if url.username().is_empty() { "opportunistic" } else { "required" };
        url.query_pairs_mut().append_pair("tls", tls);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_sent_in_the_clear() {
        let safe = |url: &str| safe_url(url.parse().unwrap()).to_string();
        assert_eq!(safe("smtp://u:p@mail.example:587"), "smtp://u:p@mail.example:587?tls=required");
        assert_eq!(safe("smtp://mail.example"), "smtp://mail.example?tls=opportunistic");
        assert_eq!(safe("smtp://127.0.0.1:2525"), "smtp://127.0.0.1:2525");
        assert_eq!(safe("smtps://u:p@mail.example"), "smtps://u:p@mail.example");
        assert_eq!(safe("smtp://u:p@mail.example?tls=opportunistic"), "smtp://u:p@mail.example?tls=opportunistic");
    }
}
