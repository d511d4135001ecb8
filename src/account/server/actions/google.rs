//! Signing in with Google. A browser leaves with a cookie and a state; it comes back with both and a code, once. Who is named then is
//! signed in, connected to their account, or asked to sign up.
//!
//! An account is found by Google's own id, which nobody else ever gets. By its address only where Google runs the mailbox behind it and
//! we confirmed the address, too: so nobody gets an account by making one at Google, or by having made one here in another's name.

use super::{
    HOUR_S, MINUTE_S, Person, ask_password, links::send_reset_link, may_write_to, sign_in::enter, sign_up::found, tell_revoked,
    throttle_address,
};
use crate::{
    account::{
        model::{SignUpForm, Ways},
        server::{
            actions::SignedIn,
            mails,
            password::{self, Password},
            store::{self, Credentials},
            trips::{self, Arrival},
        },
    },
    i18n::Locale,
    platform::{Core, SystemTx, crypto, request::RequestInfo},
    providers::google::{Google, GoogleError, Person as Named},
    shared::{
        audit::Act,
        error::AppError,
        ids::{AccountId, IncidentId},
    },
};
use base64::prelude::*;
use chrono::Duration;
use sha2::{Digest, Sha256};
use url::Url;

/// How long choosing an account at Google may take.
pub const TRIP_FOR: Duration = Duration::minutes(10);
/// How long somebody may take to sign up after it.
pub const ARRIVAL_FOR: Duration = Duration::minutes(30);

/// A browser that leaves.
pub struct Trip {
    /// For its cookie.
    pub token: String,
    pub address: Url,
}

/// What coming back came to.
pub enum Arrived {
    SignedIn(SignedIn),
    /// The account that left has a Google account now.
    Connected,
    /// Nobody here: they may sign up, and where they wanted to go.
    Stranger {
        next: String,
    },
}

/// Whether people may sign in with Google here.
pub fn offers_google(core: &Core) -> bool {
    Google::of(core).is_some()
}

fn google(core: &Core) -> Result<Google, AppError> {
    Google::of(core).ok_or_else(|| AppError::not_found("google"))
}

/// What only the browser that left can tell: of the token in its cookie, and good for one purpose.
fn derived(token: &str, purpose: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{purpose} of {token}")))
}

/// Sends a browser to Google, to sign in. Errors: `NotFound` where nobody does so; `RateLimited`.
pub async fn leave(core: &Core, request: &RequestInfo, next: &str) -> Result<Trip, AppError> {
    set_out(core, request, next, None).await
}

/// Sends a signed-in person to Google, to connect their account; the password is asked first. Errors: `Invalid(connect[password])`; as [`leave`].
pub async fn connect(core: &Core, request: &RequestInfo, person: Person, password: &str) -> Result<Trip, AppError> {
    google(core)?;
    ask_password(core, person, "connect[password]", password).await?;
    set_out(core, request, "/settings/security", Some(person.account)).await
}

async fn set_out(core: &Core, request: &RequestInfo, next: &str, account: Option<AccountId>) -> Result<Trip, AppError> {
    let google = google(core)?;
    throttle_address(core, "google", request.ip, 50, 15 * MINUTE_S).await?;
    let (token, state) = (crypto::token(), crypto::token());
    let until = core.clock.now() + TRIP_FOR;
    let mut tx = SystemTx::begin(core, "a sign-in with Google").await?;
    trips::insert_trip(&mut tx, &crypto::token_hash(&token), &crypto::token_hash(&state), next, account, until).await?;
    tx.commit().await?;
    let address = google.address(&state, &derived(&token, "verifier"), &derived(&token, "nonce"));
    Ok(Trip { token, address })
}

/// A browser is back, with the token of its cookie. Errors: `Conflict("google_over")` for a trip or code that is not good any more;
/// `google_untrusted` for a token that proves nothing; `google_not_vouched`, `google_unconfirmed`, `google_taken`, `google_is_connected`;
/// `Upstream`; `RateLimited`.
pub async fn arrive(core: &Core, request: &RequestInfo, token: &str, state: &str, code: &str) -> Result<Arrived, AppError> {
    let google = google(core)?;
    throttle_address(core, "google back", request.ip, 50, 15 * MINUTE_S).await?;
    let (hash, now) = (crypto::token_hash(token), core.clock.now());
    let mut tx = SystemTx::begin(core, "a sign-in with Google").await?;
    let trip = trips::end_trip(&mut tx, &hash, &crypto::token_hash(state), now).await?;
    tx.commit().await?; // a state is good once, whatever comes of it; and Google is asked outside of any transaction
    let (next, wants) = trip.ok_or_else(|| AppError::conflict("google_over"))?;
    let named = google.person(code, &derived(token, "verifier"), &derived(token, "nonce"), now).await.map_err(refusal)?;
    let mut tx = SystemTx::begin(core, "a sign-in with Google").await?;
    let known = trips::use_identity(&mut tx, &named, now).await?;
    let arrived = match (wants, known) {
        (Some(account), known) => {
            connect_to(&mut tx, core, account, known, &named).await?;
            Arrived::Connected
        }
        (None, Some(account)) => signed_in(&mut tx, core, request, account, &named, &next).await?,
        (None, None) => meet(&mut tx, core, request, &hash, named, &next).await?,
    };
    if !matches!(arrived, Arrived::Stranger { .. }) {
        trips::delete_trip(&mut tx, &hash).await?;
    }
    tx.commit().await?;
    Ok(arrived)
}

fn refusal(error: GoogleError) -> AppError {
    let incident = IncidentId::generate();
    tracing::warn!(%error, %incident, "nobody is named");
    match error {
        GoogleError::Asking(_) => AppError::Upstream { provider: "Google".into(), incident },
        GoogleError::Code(_) => AppError::conflict("google_over"),
        GoogleError::Token(_) => AppError::conflict("google_untrusted"),
    }
}

async fn connect_to(tx: &mut SystemTx, core: &Core, account: AccountId, known: Option<AccountId>, named: &Named) -> Result<(), AppError> {
    match known {
        Some(known) if known == account => return Ok(()),
        Some(_) => return Err(AppError::conflict("google_taken")),
        None => {}
    }
    let account = store::lock(tx, account).await?.ok_or(AppError::Unauthenticated)?;
    attach(tx, core, &account, named).await
}

async fn attach(tx: &mut SystemTx, core: &Core, account: &Credentials, named: &Named) -> Result<(), AppError> {
    if !trips::insert_identity(tx, account.id, &named.subject, &named.email, core.clock.now()).await? {
        return Err(AppError::conflict("google_is_connected"));
    }
    tx.note_account(account.id, Act::GoogleConnected, None).await?;
    tracing::info!(account = %account.id, "Google account connected");
    mails::google_connected(tx, core, account.into(), &named.email).await
}

async fn signed_in(
    tx: &mut SystemTx,
    core: &Core,
    request: &RequestInfo,
    account: AccountId,
    named: &Named,
    next: &str,
) -> Result<Arrived, AppError> {
    let account = store::lock(tx, account).await?.ok_or_else(|| AppError::conflict("google_over"))?;
    Ok(Arrived::SignedIn(enter(tx, core, request, account, Some(named.hosted_domain.clone()), next).await?))
}

/// Somebody who never came by Google: known by their address, or a stranger.
async fn meet(tx: &mut SystemTx, core: &Core, request: &RequestInfo, trip: &[u8], named: Named, next: &str) -> Result<Arrived, AppError> {
    if !named.is_vouched_for {
        return Err(AppError::conflict("google_not_vouched"));
    }
    match store::find_by_email(tx, &named.email).await? {
        Some(account) if account.email_confirmed_at.is_none() => Err(AppError::conflict("google_unconfirmed")),
        Some(account) => {
            attach(tx, core, &account, &named).await?;
            signed_in(tx, core, request, account.id, &named, next).await
        }
        None => {
            trips::keep_arrival(tx, trip, &named, core.clock.now() + ARRIVAL_FOR).await?;
            Ok(Arrived::Stranger { next: next.to_owned() })
        }
    }
}

/// Who came back with this cookie and may sign up.
pub async fn arrival(core: &Core, token: &str) -> Result<Option<Arrival>, AppError> {
    let mut tx = SystemTx::begin(core, "a sign-up with Google").await?;
    let arrival = trips::find_arrival(&mut tx, &crypto::token_hash(token), core.clock.now()).await?;
    tx.commit().await?;
    Ok(arrival)
}

/// Makes the account and organisation of somebody Google named, and signs them in. Errors: `Invalid`, each field by its name;
/// `Conflict("google_over")`; `RateLimited`.
pub async fn sign_up_as(core: &Core, request: &RequestInfo, locale: Locale, token: &str, form: &SignUpForm) -> Result<SignedIn, AppError> {
    let over = || AppError::conflict("google_over");
    let arrival = arrival(core, token).await?.ok_or_else(over)?;
    let new = SignUpForm { email: arrival.email.clone(), ..form.clone() }.parse()?;
    throttle_address(core, "sign-up", request.ip, 20, HOUR_S).await?;
    let (hash, account) = (unguessable(core).await?, AccountId::at(core.clock.now()));
    let mut tx = SystemTx::begin(core, "a sign-up with Google").await?;
    if !trips::delete_trip(&mut tx, &crypto::token_hash(token)).await?
        || !found(&mut tx, core, request, locale, account, &new, &hash).await?
    {
        return Err(over()); // somebody signed up meanwhile
    }
    let signed_in = first_sign_in(&mut tx, core, request, account, &arrival).await?;
    tx.commit().await?;
    Ok(signed_in)
}

/// The Google account of who just got an account here, and their first session.
async fn first_sign_in(
    tx: &mut SystemTx,
    core: &Core,
    request: &RequestInfo,
    account: AccountId,
    arrival: &Arrival,
) -> Result<SignedIn, AppError> {
    let (now, over) = (core.clock.now(), || AppError::conflict("google_over"));
    trips::set_from_google(tx, account, now).await?;
    if !trips::insert_identity(tx, account, &arrival.subject, &arrival.email, now).await? {
        return Err(over());
    }
    let account = store::lock(tx, account).await?.ok_or_else(over)?;
    enter(tx, core, request, account, Some(arrival.hosted_domain.clone()), "/home").await
}

/// The first sign-in of an invited person whom Google named; the account was just made in this transaction.
pub async fn join_as(
    tx: &mut SystemTx,
    core: &Core,
    request: &RequestInfo,
    token: &str,
    account: AccountId,
    arrival: &Arrival,
) -> Result<SignedIn, AppError> {
    if !trips::delete_trip(tx, &crypto::token_hash(token)).await? {
        return Err(AppError::conflict("google_over"));
    }
    first_sign_in(tx, core, request, account, arrival).await
}

/// What stands in the place of a password: the hash of one that nobody knows.
pub async fn unguessable(core: &Core) -> Result<String, AppError> {
    let password = Password::typed(&crypto::token()).map_err(AppError::internal)?;
    password::hash(core, password).await
}

/// How a person signs in.
pub async fn read_ways(core: &Core, person: Person) -> Result<Ways, AppError> {
    let mut tx = SystemTx::begin(core, "a person's own account").await?;
    let account = store::lock(&mut tx, person.account).await?.ok_or(AppError::Unauthenticated)?;
    let google = trips::read_identity(&mut tx, person.account).await?;
    tx.commit().await?;
    Ok(Ways { has_password: account.has_password, google, offers_google: offers_google(core), now: core.clock.now() })
}

/// Takes the Google account away; who has no password cannot. Errors: `Invalid(disconnect[password])`.
pub async fn disconnect(core: &Core, person: Person, password: &str) -> Result<(), AppError> {
    ask_password(core, person, "disconnect[password]", password).await?;
    let mut tx = SystemTx::begin(core, "a person's own account").await?;
    if trips::delete_identity(&mut tx, person.account).await? {
        tell_revoked(&mut tx, person.account).await?;
        tx.note_account(person.account, Act::GoogleDisconnected, None).await?;
        tracing::info!(account = %person.account, "Google account disconnected");
    }
    tx.commit().await?;
    Ok(())
}

/// Writes a link to who has no password yet, to choose one. Errors: `RateLimited`.
pub async fn send_password_link(core: &Core, person: Person) -> Result<(), AppError> {
    let mut tx = SystemTx::begin(core, "a person's own account").await?;
    let account = store::lock(&mut tx, person.account).await?.ok_or(AppError::Unauthenticated)?;
    tx.commit().await?;
    if !may_write_to(core, &account.email).await? {
        return Err(AppError::RateLimited { retry_after_s: 3600 });
    }
    send_reset_link(core, &account.email).await
}
