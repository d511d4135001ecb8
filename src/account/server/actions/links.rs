//! Links from mails: confirm an address, move to another, set a new password. A link is good once; looking at it uses nothing up,
//! since mail scanners look at every link.

use super::{HOUR_S, may_write_to, tell_revoked, throttle_address};
use crate::{
    account::{
        model::{Email, Link},
        server::{
            jobs::Forgotten,
            mails,
            password::{self, Password},
            store,
        },
    },
    platform::{Core, SystemTx, crypto, db::OnConstraint, queue, request::RequestInfo},
    shared::{audit::Act, error::AppError},
};
use chrono::Duration;

const RESET_FOR: Duration = Duration::hours(1);

/// What a link would do. Uses nothing up.
pub async fn read_link(core: &Core, token: &str) -> Result<Link, AppError> {
    let mut tx = SystemTx::begin(core, "a link from a mail").await?;
    let row = store::find_link(&mut tx, &crypto::token_hash(token), core.clock.now()).await?;
    tx.commit().await?;
    Ok(match row {
        Some(row) => match (row.purpose.as_str(), row.new_email) {
            ("confirm", _) => Link::Confirm { email: row.email },
            ("change_email", Some(email)) => Link::ChangeEmail { email },
            ("reset", _) => Link::Reset,
            _ => Link::Dead,
        },
        None => Link::Dead,
    })
}

/// What a confirmation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// The address is this person's.
    Address,
    /// The account has moved to its new address.
    NewAddress,
}

/// Uses a confirmation up. Errors: `Conflict("link_dead")`; `Conflict("email_taken")`; `RateLimited`.
pub async fn confirm(core: &Core, request: &RequestInfo, token: &str) -> Result<Confirmed, AppError> {
    throttle_address(core, "link", request.ip, 60, HOUR_S).await?;
    let (hash, now) = (crypto::token_hash(token), core.clock.now());
    let dead = || AppError::conflict("link_dead");
    let mut tx = SystemTx::begin(core, "a link from a mail").await?;
    let link = store::find_link(&mut tx, &hash, now).await?.filter(|link| link.purpose != "reset").ok_or_else(dead)?;
    if !store::use_link(&mut tx, &hash, now).await? {
        return Err(dead());
    }
    let confirmed = match link.new_email {
        Some(email) => {
            store::set_email(&mut tx, link.account, &email, now)
                .await
                .on_constraint("accounts_email_key", || AppError::conflict("email_taken"))?;
            store::delete_links(&mut tx, link.account).await?; // links that went to the old address
            tx.note_account(link.account, Act::EmailChanged, None).await?;
            Confirmed::NewAddress
        }
        None => {
            store::confirm_email(&mut tx, link.account, now).await?;
            Confirmed::Address
        }
    };
    tracing::info!(account = %link.account, ?confirmed, "address confirmed");
    tx.commit().await?;
    Ok(confirmed)
}

/// Has the address written to if it is anybody's. That is found out by a job, so that answer and time are the same if it is nobody's.
/// Errors: `Invalid(email)`, `RateLimited`.
pub async fn forgot(core: &Core, request: &RequestInfo, email: &str) -> Result<(), AppError> {
    let email = email.parse::<Email>().map_err(|code| AppError::invalid("email", code))?;
    throttle_address(core, "forgotten password", request.ip, 20, HOUR_S).await?;
    if may_write_to(core, email.as_str()).await? {
        let mut tx = SystemTx::begin(core, "a forgotten password").await?;
        queue::enqueue(tx.conn(), &Forgotten { email: email.as_str().to_owned() }, queue::Opts::default()).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// The job of [`forgot`]: a link to the person behind the address, if there is one. The last of several links is the good one.
pub async fn send_reset_link(core: &Core, email: &str) -> Result<(), AppError> {
    let (now, token) = (core.clock.now(), crypto::token());
    let mut tx = SystemTx::begin(core, "a forgotten password").await?;
    if let Some(account) = store::find_by_email(&mut tx, email).await? {
        store::insert_link(&mut tx, &crypto::token_hash(&token), account.id, "reset", None, now + RESET_FOR).await?;
        mails::reset_password(&mut tx, core, (&account).into(), &token, RESET_FOR).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Sets a new password and ends every session and every other link. Signs nobody in: the second factor, where there is one, is still
/// asked for. Errors: `Invalid(password)`; `Conflict("link_dead")`; `RateLimited`.
pub async fn reset(core: &Core, request: &RequestInfo, token: &str, password: &str) -> Result<(), AppError> {
    throttle_address(core, "link", request.ip, 60, HOUR_S).await?;
    let (hash, now) = (crypto::token_hash(token), core.clock.now());
    let dead = || AppError::conflict("link_dead");
    let mut tx = SystemTx::begin(core, "a link from a mail").await?;
    let link = store::find_link(&mut tx, &hash, now).await?.filter(|link| link.purpose == "reset").ok_or_else(dead)?;
    tx.commit().await?;
    let local = link.email.split('@').next().unwrap_or_default().to_owned();
    let password = Password::chosen(password, &[&local]).map_err(|code| AppError::invalid("password", code))?;
    let kept = password::hash(core, password).await?;
    let mut tx = SystemTx::begin(core, "a forgotten password").await?;
    let account = store::lock(&mut tx, link.account).await?.ok_or_else(dead)?;
    if !store::use_link(&mut tx, &hash, now).await? {
        return Err(dead());
    }
    store::set_password(&mut tx, account.id, &kept).await?;
    store::confirm_email(&mut tx, account.id, now).await?; // the link came by mail: the address is theirs
    store::delete_links(&mut tx, account.id).await?;
    store::delete_all_pending(&mut tx, account.id).await?;
    store::delete_sessions(&mut tx, account.id, None).await?;
    tell_revoked(&mut tx, account.id).await?;
    mails::password_changed(&mut tx, core, (&account).into()).await?;
    tx.note_account(account.id, Act::PasswordReset, None).await?;
    tx.commit().await?;
    tracing::info!(account = %account.id, "password reset");
    Ok(())
}
