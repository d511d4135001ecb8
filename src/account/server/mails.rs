//! The letters of this slice. Written in the transaction that causes them.

use super::store::Credentials;
use crate::{
    platform::{Core, SystemTx, queue},
    shared::error::AppError,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What is written to a person.
pub enum Letter<'a> {
    /// Confirm this address; the link is good for 24 hours.
    Confirm { token: &'a str },
    /// Set a new password; the link is good for one hour.
    Reset { token: &'a str },
    /// Your password was changed.
    PasswordChanged,
    /// Confirm that the account moves to this address. Goes there.
    ConfirmNewAddress { token: &'a str },
    /// The account is about to move to another address. Goes to the old one.
    AddressChange { new_email: &'a str },
    /// Somebody wanted to sign up with this address, which has an account.
    AlreadyRegistered,
}

#[derive(Serialize, Deserialize)]
struct Send {
    to: String,
    name: String,
    locale: String,
    template: String,
    link: Option<String>,
    detail: Option<String>,
}

impl queue::Job for Send {
    const KIND: &'static str = "mail.send";
    const QUEUE: &'static str = queue::lane::MAIL;
    const TIMEOUT: Duration = Duration::from_secs(30);
}

/// Writes to a person at the address of their account.
pub async fn write(tx: &mut SystemTx, core: &Core, to: &Credentials, letter: Letter<'_>) -> Result<(), AppError> {
    write_to(tx, core, &to.email, &to.name, &to.locale, letter).await
}

/// Writes to any address.
pub async fn write_to(tx: &mut SystemTx, core: &Core, email: &str, name: &str, locale: &str, letter: Letter<'_>) -> Result<(), AppError> {
    let at = |path: &str| core.config.public_url.join(path).map(String::from).map_err(AppError::internal);
    let (template, link, detail) = match letter {
        Letter::Confirm { token } => ("confirm", Some(at(&format!("/confirm/{token}"))?), None),
        Letter::ConfirmNewAddress { token } => ("confirm", Some(at(&format!("/confirm/{token}"))?), None),
        Letter::Reset { token } => ("reset", Some(at(&format!("/reset/{token}"))?), None),
        Letter::PasswordChanged => ("password_changed", None, None),
        Letter::AddressChange { new_email } => ("address_change", None, Some(new_email.to_owned())),
        Letter::AlreadyRegistered => ("already_registered", Some(at("/forgot")?), None),
    };
    let job = Send { to: email.to_owned(), name: name.to_owned(), locale: locale.to_owned(), template: template.to_owned(), link, detail };
    queue::enqueue(tx.conn(), &job, queue::Opts::default()).await?;
    Ok(())
}
