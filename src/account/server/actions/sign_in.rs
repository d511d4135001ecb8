//! Signing in: the password or Google, then the second factor where there is one.

use super::{HOUR_S, MINUTE_S, second_factor::accept_code, throttle_address};
use crate::{
    account::{
        model::Email,
        server::{
            mails,
            password::{self, Password},
            store::{self, Credentials},
        },
    },
    platform::{
        Core, SystemTx, crypto,
        request::RequestInfo,
        session::{self, Proof},
        throttle,
    },
    shared::{
        audit::Act,
        error::{AppError, FieldErrors},
    },
};
use chrono::Duration;
use http::HeaderValue;
use serde_json::json;

/// How long the second step waits, and how many wrong codes end it.
pub const SECOND_STEP_FOR: Duration = Duration::minutes(10);
const SECOND_STEP_TRIES: i32 = 5;

/// What a right password came to.
pub enum SignedIn {
    /// A session began: its cookie, where to go, and the account's language.
    Session { cookie: HeaderValue, next: String, locale: String },
    /// A code is wanted: the token of the second step, for a cookie of its own.
    SecondFactor { token: String },
}

/// Checks address and password. `next` is one of our own paths.
///
/// An address nobody has costs the same hash. Tries are counted by network address, by account from one network address (so that
/// a stranger cannot lock somebody out from elsewhere), and by account from everywhere, loosely. Errors: `Invalid`, `RateLimited`.
pub async fn sign_in(core: &Core, request: &RequestInfo, email: &str, password: &str, next: &str) -> Result<SignedIn, AppError> {
    let mut wrong = FieldErrors::default();
    let email = email.parse::<Email>().map_err(|code| wrong.add("email", code)).ok();
    if password.is_empty() {
        wrong.add("password", "required");
    }
    let password = Password::typed(password).map_err(|code| wrong.add("password", code)).ok();
    let (Some(email), Some(password), true) = (email, password, wrong.is_empty()) else { return Err(wrong.into()) };
    let here = format!("sign-in to {} from {}", email.as_str(), super::network_of(request.ip));
    throttle_address(core, "sign-in", request.ip, 50, 15 * MINUTE_S).await?;
    throttle::take(core, &here, 10, 15 * MINUTE_S).await?;
    throttle::take(core, &format!("sign-in to {}", email.as_str()), 200, HOUR_S).await?;

    let mut tx = SystemTx::begin(core, "a sign-in").await?;
    let known = store::find_by_email(&mut tx, email.as_str()).await?;
    tx.commit().await?;
    let is_right = password::verify(core, password, known.as_ref().map(|account| account.password_hash.clone())).await?;
    let id = known.as_ref().map(|account| account.id);
    let Some(account) = known.filter(|_| is_right) else {
        tracing::info!(ip = %request.ip, "sign-in refused");
        if let Some(id) = id {
            core.refusals.note_sign_in(core, id);
        }
        return Err(AppError::invalid("password", "sign_in.mismatch"));
    };
    throttle::forget(core, &here).await?;

    let mut tx = SystemTx::begin(core, "a sign-in").await?;
    let signed_in = enter(&mut tx, core, request, account, None, next).await?;
    tx.commit().await?;
    Ok(signed_in)
}

/// Lets somebody in whom a password or Google has proven, or on to the second step where there is one.
pub(super) async fn enter(
    tx: &mut SystemTx,
    core: &Core,
    request: &RequestInfo,
    account: Credentials,
    google_domain: Option<String>,
    next: &str,
) -> Result<SignedIn, AppError> {
    if account.totp_confirmed_at.is_some() {
        let (now, token) = (core.clock.now(), crypto::token());
        let until = now + SECOND_STEP_FOR;
        store::insert_pending(tx, &crypto::token_hash(&token), account.id, next, google_domain.as_deref(), now, until).await?;
        return Ok(SignedIn::SecondFactor { token });
    }
    let cookie = start(tx, core, request, &account, &Proof { second_factor: false, google_domain }).await?;
    Ok(SignedIn::Session { cookie, next: next.to_owned(), locale: account.locale })
}

/// Checks the code of the second step. Errors: `Invalid(code)`; `Conflict("second_step_over")` when it took too long or too many tries.
pub async fn prove_second_factor(core: &Core, request: &RequestInfo, token: &str, code: &str) -> Result<SignedIn, AppError> {
    throttle_address(core, "second factor", request.ip, 50, 15 * MINUTE_S).await?;
    let now = core.clock.now();
    let token = crypto::token_hash(token);
    let over = || AppError::conflict("second_step_over");
    let mut tx = SystemTx::begin(core, "a sign-in's second step").await?;
    let pending = store::try_pending(&mut tx, &token, now).await?.ok_or_else(over)?;
    tx.commit().await?; // the try is counted, whatever comes of it
    // Guessing one of a million codes must stay hopeless over many sign-ins too.
    throttle::take(core, &format!("second factor of {}", pending.account), 20, HOUR_S).await?;
    let mut tx = SystemTx::begin(core, "a sign-in's second step").await?;
    let account = store::lock(&mut tx, pending.account).await?.ok_or_else(over)?;
    match accept_code(&mut tx, core, &account, code, now).await {
        Ok(()) => {}
        Err(wrong @ AppError::Invalid { .. }) => {
            // Who is here has passed the first step: a wrong code tells more than a wrong password.
            tracing::info!(account = %account.id, ip = %request.ip, "second factor refused");
            core.refusals.note_sign_in(core, account.id);
            if pending.tries < SECOND_STEP_TRIES {
                return Err(wrong);
            }
            store::delete_pending(&mut tx, &token).await?;
            tx.commit().await?;
            return Err(over());
        }
        Err(error) => return Err(error),
    }
    if !store::delete_pending(&mut tx, &token).await? {
        return Err(over());
    }
    let proof = Proof { second_factor: true, google_domain: pending.google_domain };
    let cookie = start(&mut tx, core, request, &account, &proof).await?;
    tx.commit().await?;
    Ok(SignedIn::Session { cookie, next: pending.next, locale: account.locale })
}

/// Whether this browser is between the two steps.
pub async fn waits_for_second_factor(core: &Core, token: &str) -> Result<bool, AppError> {
    let mut tx = SystemTx::begin(core, "a sign-in's second step").await?;
    let waits = store::has_pending(&mut tx, &crypto::token_hash(token), core.clock.now()).await?;
    tx.commit().await?;
    Ok(waits)
}

async fn start(
    tx: &mut SystemTx,
    core: &Core,
    request: &RequestInfo,
    account: &Credentials,
    proof: &Proof,
) -> Result<HeaderValue, AppError> {
    let org = store::first_membership(tx, account.id).await?;
    if store::is_new_device(tx, account.id, &request.user_agent).await? {
        mails::new_sign_in(tx, core, account.into(), request).await?;
    }
    let (second_factor, google) = (proof.second_factor, proof.google_domain.is_some());
    tracing::info!(account = %account.id, second_factor, google, "signed in");
    let cookie = session::start(tx.conn(), core.clock.now(), request, account.id, org, proof).await?;
    tx.note_account(account.id, Act::SignedIn, Some(json!({ "second_factor": second_factor, "google": google }))).await?;
    Ok(cookie)
}
