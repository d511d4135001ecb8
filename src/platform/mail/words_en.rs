//! Every letter in English.

use chrono::{DateTime, Utc};

use super::letter::{Action, Letter, Words, keys_of, polite_name, single_line};

pub(super) fn words(letter: &Letter) -> Words {
    match letter {
        Letter::ConfirmAddress { name, url, valid_hours } => Words {
            subject: "Confirm your email address".into(),
            preheader: "One click and your Zencall account is ready.".into(),
            title: "Confirm your email address".into(),
            greeting: hello(name),
            paragraphs: vec![
                "Thank you for signing up. Please confirm that this address is yours: it is where we write when something needs you.".into(),
                format!("The link works for {}.", count(*valid_hours, "hour")),
            ],
            action: Some(Action { label: "Confirm my address", url: url.clone() }),
            after: vec!["If you did not sign up for Zencall, ignore this mail. Nothing will happen.".into()],
            ..frame()
        },
        Letter::AlreadyRegistered { name, sign_in_url, reset_url } => Words {
            subject: "You already have a Zencall account".into(),
            preheader: "Somebody, probably you, tried to sign up with this address.".into(),
            title: "You already have an account".into(),
            greeting: hello(name),
            paragraphs: vec![
                "Somebody, probably you, tried to sign up with this address. It already has an account, so nothing was changed. You can simply sign in.".into(),
            ],
            action: Some(Action { label: "Sign in", url: sign_in_url.clone() }),
            after: vec![
                format!("Forgotten your password? Choose a new one here: {reset_url}"),
                "If it was not you, ignore this mail. Nobody has gained access to your account.".into(),
            ],
            ..frame()
        },
        Letter::ResetPassword { name, url, valid_minutes } => Words {
            subject: "Choose a new password".into(),
            preheader: format!("The link works once, for {}.", count(*valid_minutes, "minute")),
            title: "Choose a new password".into(),
            greeting: hello(name),
            paragraphs: vec![
                "You asked for a new password. With this link you choose it.".into(),
                format!("The link works once, for {}.", count(*valid_minutes, "minute")),
            ],
            action: Some(Action { label: "Choose a password", url: url.clone() }),
            after: vec!["If you did not ask for it, ignore this mail. Your password stays as it is.".into()],
            ..frame()
        },
        Letter::PasswordChanged { name, at, reset_url } => Words {
            subject: "Your password was changed".into(),
            preheader: "If it was not you, act now.".into(),
            title: "Your password was changed".into(),
            greeting: hello(name),
            paragraphs: vec![
                format!("The password of your Zencall account was changed on {}.", moment(*at)),
                "If it was you, there is nothing to do. If not, choose a new password at once: it ends every open session.".into(),
            ],
            action: Some(Action { label: "It was not me", url: reset_url.clone() }),
            after: vec![],
            ..frame()
        },
        Letter::ConfirmNewAddress { name, url, valid_hours } => Words {
            subject: "Confirm your new email address".into(),
            preheader: "Until then, the old address stays in use.".into(),
            title: "Confirm your new address".into(),
            greeting: hello(name),
            paragraphs: vec![
                "You asked to use this address for your Zencall account. Until you confirm it, the old one stays in use.".into(),
                format!("The link works for {}.", count(*valid_hours, "hour")),
            ],
            action: Some(Action { label: "Use this address", url: url.clone() }),
            after: vec!["If you do not know Zencall, ignore this mail. Nothing will happen.".into()],
            ..frame()
        },
        Letter::AddressChanged { name, new_address, at, support_url } => Words {
            subject: "The address of your account is changing".into(),
            preheader: "If it was not you, act now.".into(),
            title: "The address of your account is changing".into(),
            greeting: hello(name),
            paragraphs: vec![
                format!("On {}, a new address was given for your Zencall account: {}.", moment(*at), single_line(new_address)),
                "If it was you, there is nothing to do here. If not, tell us at once, so that we can protect your account.".into(),
            ],
            action: Some(Action { label: "It was not me", url: support_url.clone() }),
            after: vec![],
            ..frame()
        },
        Letter::NewSignIn { name, device, ip, at, sessions_url } => Words {
            subject: "New sign-in to your account".into(),
            preheader: "From a device that we have not seen before.".into(),
            title: "New sign-in".into(),
            greeting: hello(name),
            paragraphs: vec![
                "Somebody signed in to your account from a device that we have not seen before.".into(),
                format!("When: {}", moment(*at)),
                format!("Device: {}", single_line(device)),
                format!("Network address: {}", single_line(ip)),
            ],
            action: Some(Action { label: "See my sessions", url: sessions_url.clone() }),
            after: vec!["If it was not you, end that session and change your password.".into()],
            ..frame()
        },
        Letter::GoogleConnected { name, google, at, security_url } => Words {
            subject: "A Google account now opens your account".into(),
            preheader: "If it was not you, act now.".into(),
            title: "Google account connected".into(),
            greeting: hello(name),
            paragraphs: vec![
                format!("Since {}, you can sign in to Zencall with the Google account {}.", moment(*at), single_line(google)),
                "If it was you, there is nothing to do. If not, disconnect that account and change your password.".into(),
            ],
            action: Some(Action { label: "See my security settings", url: security_url.clone() }),
            after: vec![],
            ..frame()
        },
        Letter::Work { name, by, is_mention, url } => {
            let by = polite_name(by);
            let sentence = match (is_mention, &by) {
                (true, Some(by)) => format!("{by} mentioned you in a note beside a call."),
                (true, None) => "You are mentioned in a note beside a call.".into(),
                (false, Some(by)) => format!("{by} gave you a call to look after."),
                (false, None) => "A call was given to you to look after.".into(),
            };
            Words {
                subject: if *is_mention { "You are mentioned beside a call".into() } else { "A call to look after".into() },
                preheader: sentence.clone(),
                title: if *is_mention { "You are mentioned".into() } else { "A call to look after".into() },
                greeting: hello(name),
                paragraphs: vec![sentence],
                action: Some(Action { label: "Open the call", url: url.clone() }),
                after: vec!["These letters can be switched off in your settings, under Teams.".into()],
                ..frame()
            }
        }
        Letter::KeysUnused { name, organisation, keys, days, url } => {
            let (named, more) = keys_of(keys);
            let organisation = polite_name(organisation).unwrap_or_else(|| "your organisation".into());
            let title = match keys.len() {
                1 => format!("An API key has not been used for {}", count(*days, "day")),
                n => format!("{n} API keys have not been used for {}", count(*days, "day")),
            };
            let more = if more == 0 { String::new() } else { format!(", and {more} more") };
            Words {
                subject: title.clone(),
                preheader: format!("At {organisation}: {named}"),
                title,
                greeting: hello(name),
                paragraphs: vec![
                    format!("At {organisation}, no program has shown: {named}{more}."),
                    "A key that nobody uses is one that nobody misses when it is stolen: revoke it, unless a program still needs it.".into(),
                    "You are told of each key once; again only when it was used in between.".into(),
                ],
                action: Some(Action { label: "See the keys", url: url.clone() }),
                ..frame()
            }
        }
        Letter::WebhookFailing { name, host, days, is_disabled, url } => {
            let what = match (*is_disabled, *days) {
                (true, 0) => "It answered that it is gone for good (410), so nothing is sent to it any more.".to_owned(),
                (true, days) => format!("It has failed for {}, so nothing is sent to it any more.", count(days, "day")),
                (false, days) => format!("Every attempt has failed for {}. After five days nothing will be sent to it any more.", count(days, "day")),
            };
            let title = if *is_disabled { "A webhook endpoint was disabled" } else { "A webhook endpoint is failing" };
            Words {
                subject: title.into(),
                preheader: what.clone(),
                title: title.into(),
                greeting: hello(name),
                paragraphs: vec![
                    format!("This is about the endpoint at {host}."),
                    what,
                    "What could not be delivered is kept for 30 days: once the endpoint answers again, you can recover it with one click.".into(),
                ],
                action: Some(Action { label: "See the attempts", url: url.clone() }),
                ..frame()
            }
        }
        Letter::Invitation { inviter, organisation, url, valid_days } => {
            let inviter = polite_name(inviter).unwrap_or_else(|| "A colleague".into());
            let organisation = polite_name(organisation).unwrap_or_else(|| "their organisation".into());
            Words {
                subject: format!("{inviter} invites you to Zencall"),
                preheader: format!("Join {organisation} on Zencall."),
                title: format!("Join {organisation}"),
                greeting: hello(""),
                paragraphs: vec![
                    format!("{inviter} invites you to work with {organisation} on Zencall, where phone assistants answer and the team steps in."),
                    format!("The invitation is valid for {}.", count(*valid_days, "day")),
                ],
                action: Some(Action { label: "Accept the invitation", url: url.clone() }),
                after: vec!["If you did not expect this invitation, ignore this mail.".into()],
                ..frame()
            }
        }
    }
}

fn frame() -> Words {
    Words {
        subject: String::new(),
        preheader: String::new(),
        title: String::new(),
        greeting: String::new(),
        paragraphs: vec![],
        action: None,
        link_hint: "If the button does not work, copy this address into your browser:",
        after: vec![],
        footer: "This mail was sent by Zencall because of something that happened in an account. Replies are not read.",
    }
}

fn hello(name: &str) -> String {
    polite_name(name).map_or_else(|| "Hello,".into(), |name| format!("Hello {name},"))
}

fn count(number: u32, unit: &str) -> String {
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// `22 November 2026 at 14:05 UTC`
fn moment(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y at %H:%M UTC").to_string()
}
