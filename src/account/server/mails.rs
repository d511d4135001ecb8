//! The letters of this slice. Enqueued in the transaction that causes them.

use super::store::Credentials;
use crate::{
    account::model::device_of,
    platform::{
        Core, SystemTx,
        mail::{Letter, Mail},
        queue,
        request::RequestInfo,
    },
    shared::error::AppError,
};
use chrono::Duration;

/// Confirm the address of a new account.
pub async fn confirm_address(tx: &mut SystemTx, core: &Core, to: Reader<'_>, token: &str, valid: Duration) -> Result<(), AppError> {
    let letter = Letter::ConfirmAddress {
        name: to.name.to_owned(),
        url: address(core, &format!("confirm/{token}"))?,
        valid_hours: count(valid.num_hours()),
    };
    enqueue(tx, to, letter).await
}

/// Confirm the address an account is to move to; goes there.
pub async fn confirm_new_address(tx: &mut SystemTx, core: &Core, to: Reader<'_>, token: &str, valid: Duration) -> Result<(), AppError> {
    let letter = Letter::ConfirmNewAddress {
        name: to.name.to_owned(),
        url: address(core, &format!("confirm/{token}"))?,
        valid_hours: count(valid.num_hours()),
    };
    enqueue(tx, to, letter).await
}

/// The account is to move to another address; goes to the old one.
pub async fn address_changed(tx: &mut SystemTx, core: &Core, to: Reader<'_>, new_address: &str) -> Result<(), AppError> {
    // Whoever did not ask for it has to end the stranger's session, which a new password does.
    let letter = Letter::AddressChanged {
        name: to.name.to_owned(),
        new_address: new_address.to_owned(),
        at: core.clock.now(),
        support_url: address(core, "forgot")?,
    };
    enqueue(tx, to, letter).await
}

/// Choose a new password.
pub async fn reset_password(tx: &mut SystemTx, core: &Core, to: Reader<'_>, token: &str, valid: Duration) -> Result<(), AppError> {
    let letter = Letter::ResetPassword {
        name: to.name.to_owned(),
        url: address(core, &format!("reset/{token}"))?,
        valid_minutes: count(valid.num_minutes()),
    };
    enqueue(tx, to, letter).await
}

/// The password is another one now.
pub async fn password_changed(tx: &mut SystemTx, core: &Core, to: Reader<'_>) -> Result<(), AppError> {
    let letter = Letter::PasswordChanged { name: to.name.to_owned(), at: core.clock.now(), reset_url: address(core, "forgot")? };
    enqueue(tx, to, letter).await
}

/// Somebody signed in from a browser that was not among those signed in.
pub async fn new_sign_in(tx: &mut SystemTx, core: &Core, to: Reader<'_>, request: &RequestInfo) -> Result<(), AppError> {
    let device = match device_of(&request.user_agent) {
        ("", "") => request.user_agent.chars().take(80).collect(),
        (browser, system) => [browser, system].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", "),
    };
    let letter = Letter::NewSignIn {
        name: to.name.to_owned(),
        device,
        ip: request.ip.to_string(),
        at: core.clock.now(),
        sessions_url: address(core, "settings/sessions")?,
    };
    enqueue(tx, to, letter).await
}

/// Somebody may now sign in with this Google account.
pub async fn google_connected(tx: &mut SystemTx, core: &Core, to: Reader<'_>, google: &str) -> Result<(), AppError> {
    let letter = Letter::GoogleConnected {
        name: to.name.to_owned(),
        google: google.to_owned(),
        at: core.clock.now(),
        security_url: address(core, "settings/security")?,
    };
    enqueue(tx, to, letter).await
}

/// Somebody wanted to use an address that has an account.
pub async fn already_registered(tx: &mut SystemTx, core: &Core, to: Reader<'_>) -> Result<(), AppError> {
    let letter =
        Letter::AlreadyRegistered { name: to.name.to_owned(), sign_in_url: address(core, "sign-in")?, reset_url: address(core, "forgot")? };
    enqueue(tx, to, letter).await
}

/// Whom a letter goes to.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    pub email: &'a str,
    pub name: &'a str,
    pub locale: &'a str,
}

impl<'a> From<&'a Credentials> for Reader<'a> {
    fn from(account: &'a Credentials) -> Self {
        Self { email: &account.email, name: &account.name, locale: &account.locale }
    }
}

async fn enqueue(tx: &mut SystemTx, to: Reader<'_>, letter: Letter) -> Result<(), AppError> {
    let mail = Mail { to: to.email.to_owned(), locale: to.locale.to_owned(), letter };
    queue::enqueue(tx.conn(), &mail, queue::Opts::default()).await?;
    Ok(())
}

fn address(core: &Core, path: &str) -> Result<String, AppError> {
    core.config.public_url.join(path).map(String::from).map_err(AppError::internal)
}

fn count(n: i64) -> u32 {
    u32::try_from(n).unwrap_or(0)
}
