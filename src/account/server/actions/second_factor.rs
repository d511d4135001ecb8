//! The second factor: setting it up, taking it away, accepting a code.

use super::{HOUR_S, MINUTE_S, Person, ask_password, tell_revoked};
use crate::{
    account::{
        model::SecondFactor,
        server::{
            store::{self, Credentials},
            totp::{self, Code},
        },
    },
    platform::{Core, SystemTx, throttle},
    shared::{audit::Act, error::AppError},
};
use chrono::{DateTime, Utc};

/// Where the reader's second factor stands; while it is being set up, what their app has to read.
pub async fn read_security(core: &Core, person: Person) -> Result<SecondFactor, AppError> {
    let mut tx = SystemTx::begin(core, "a person's own account").await?;
    let account = store::lock(&mut tx, person.account).await?.ok_or(AppError::Unauthenticated)?;
    let left = store::recovery_codes_left(&mut tx, person.account).await?;
    tx.commit().await?;
    Ok(match (&account.totp_secret, account.totp_confirmed_at) {
        (Some(_), Some(_)) => SecondFactor::On { recovery_codes_left: u32::try_from(left).unwrap_or(0) },
        (Some(sealed), None) => {
            let (secret, qr) = totp::enrolment(&totp::open(core, account.id, sealed)?, &account.email)?;
            SecondFactor::SettingUp { secret, qr }
        }
        (None, _) => SecondFactor::Off,
    })
}

/// Draws a secret that waits for its first code. Errors: `Invalid(password)`; `Conflict("second_factor_is_on")`.
pub async fn begin_second_factor(core: &Core, person: Person, password: &str) -> Result<(), AppError> {
    ask_password(core, person, "password", password).await?;
    let mut tx = SystemTx::begin(core, "a person's own account").await?;
    let account = store::lock(&mut tx, person.account).await?.ok_or(AppError::Unauthenticated)?;
    if account.totp_confirmed_at.is_some() {
        return Err(AppError::conflict("second_factor_is_on"));
    }
    let sealed = totp::seal(core, account.id, &totp::new_secret())?;
    store::set_totp(&mut tx, account.id, Some(&sealed), None).await?;
    tx.commit().await?;
    Ok(())
}

/// Forgets a secret that was never confirmed.
pub async fn cancel_second_factor(core: &Core, person: Person) -> Result<(), AppError> {
    let mut tx = SystemTx::begin(core, "a person's own account").await?;
    let account = store::lock(&mut tx, person.account).await?.ok_or(AppError::Unauthenticated)?;
    if account.totp_confirmed_at.is_none() {
        store::set_totp(&mut tx, account.id, None, None).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Switches it on with a first code, and returns the codes on paper: this once. Errors: `Invalid(code)`; `Conflict("second_factor_not_begun")`.
pub async fn confirm_second_factor(core: &Core, person: Person, code: &str) -> Result<Vec<String>, AppError> {
    throttle::take(core, &format!("second factor of {}", person.account), 20, HOUR_S).await?;
    let now = core.clock.now();
    let mut tx = SystemTx::begin(core, "a person's own account").await?;
    let account = store::lock(&mut tx, person.account).await?.ok_or(AppError::Unauthenticated)?;
    if account.totp_secret.is_none() || account.totp_confirmed_at.is_some() {
        return Err(AppError::conflict("second_factor_not_begun"));
    }
    accept_app_code(&mut tx, core, &account, code, now).await?;
    store::set_totp(&mut tx, account.id, account.totp_secret.as_deref(), Some(now)).await?;
    let codes = replace_codes(&mut tx, &account).await?;
    store::set_proven(&mut tx, person.session, now).await?;
    tx.note_account(account.id, Act::SecondFactorOn, None).await?;
    tx.commit().await?;
    tracing::info!(account = %person.account, "second factor on");
    Ok(codes)
}

/// New codes on paper in the place of the old ones. Errors: `Invalid(code)`; `Conflict("second_factor_is_off")`.
pub async fn new_recovery_codes(core: &Core, person: Person, code: &str) -> Result<Vec<String>, AppError> {
    throttle::take(core, &format!("second factor of {}", person.account), 20, HOUR_S).await?;
    let mut tx = SystemTx::begin(core, "a person's own account").await?;
    let account = store::lock(&mut tx, person.account).await?.ok_or(AppError::Unauthenticated)?;
    if account.totp_confirmed_at.is_none() {
        return Err(AppError::conflict("second_factor_is_off"));
    }
    accept_app_code(&mut tx, core, &account, code, core.clock.now()).await?;
    let codes = replace_codes(&mut tx, &account).await?;
    tx.note_account(account.id, Act::CodesDrawn, None).await?;
    tx.commit().await?;
    Ok(codes)
}

/// Switches it off, with the password and a code of either kind. Errors: `Invalid(password)`, `Invalid(code)`; `Conflict("second_factor_is_off")`.
pub async fn disable_second_factor(core: &Core, person: Person, password: &str, code: &str) -> Result<(), AppError> {
    ask_password(core, person, "password", password).await?;
    throttle::take(core, &format!("second factor off for {}", person.account), 10, 15 * MINUTE_S).await?;
    let mut tx = SystemTx::begin(core, "a person's own account").await?;
    let account = store::lock(&mut tx, person.account).await?.ok_or(AppError::Unauthenticated)?;
    if account.totp_confirmed_at.is_none() {
        return Err(AppError::conflict("second_factor_is_off"));
    }
    accept_code(&mut tx, core, &account, code, core.clock.now()).await?;
    store::set_totp(&mut tx, account.id, None, None).await?;
    store::replace_recovery_codes(&mut tx, account.id, &[]).await?;
    store::set_unproven(&mut tx, account.id).await?;
    tell_revoked(&mut tx, account.id).await?; // organisations may ask for one
    tx.note_account(account.id, Act::SecondFactorOff, None).await?;
    tx.commit().await?;
    tracing::info!(account = %person.account, "second factor off");
    Ok(())
}

async fn replace_codes(tx: &mut SystemTx, account: &Credentials) -> Result<Vec<String>, AppError> {
    let codes = totp::recovery_codes();
    let hashes: Vec<Vec<u8>> = codes.iter().map(|code| totp::recovery_hash(account.id, code)).collect();
    store::replace_recovery_codes(tx, account.id, &hashes).await?;
    Ok(codes)
}

/// Uses a code of either kind up. Errors: `Invalid(code)`.
pub(super) async fn accept_code(
    tx: &mut SystemTx,
    core: &Core,
    account: &Credentials,
    code: &str,
    now: DateTime<Utc>,
) -> Result<(), AppError> {
    match Code::typed(account.id, code).map_err(|code| AppError::invalid("code", code))? {
        Code::App(_) => accept_app_code(tx, core, account, code, now).await,
        Code::Recovery(hash) if store::use_recovery_code(tx, account.id, &hash, now).await? => Ok(()),
        Code::Recovery(_) => Err(AppError::invalid("code", "code.wrong")),
    }
}

/// Uses a code of the app up: its step and every earlier one are good no more. Errors: `Invalid(code)`.
async fn accept_app_code(tx: &mut SystemTx, core: &Core, account: &Credentials, code: &str, now: DateTime<Utc>) -> Result<(), AppError> {
    let wrong = || AppError::invalid("code", "code.wrong");
    let Code::App(code) = Code::typed(account.id, code).map_err(|code| AppError::invalid("code", code))? else { return Err(wrong()) };
    let sealed = account.totp_secret.as_ref().ok_or_else(wrong)?;
    let step = totp::step_of(&totp::open(core, account.id, sealed)?, &code, now)?.ok_or_else(wrong)?;
    if store::use_totp_step(tx, account.id, step).await? { Ok(()) } else { Err(wrong()) }
}
