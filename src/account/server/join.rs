//! `/join/{token}`: an invitation is accepted, by who has an account or with a new one; and the way from one organisation to another.

use super::{
    actions::{self, SignedIn, throttle_address},
    google, pages,
    password::{self, Password},
    store,
    trips::Arrival,
    visit::{Visit, see_other},
};
use crate::{
    account::model::{Email, parse_name},
    i18n::words as w,
    platform::{SystemTx, tenancy::Caller},
    shared::{
        error::{AppError, FieldErrors},
        ids::{AccountId, OrgId},
        legal::{PRIVACY_VERSION, TERMS_VERSION},
    },
    team::server::actions::{self as team, Link},
};
use axum::{
    Form,
    extract::Path,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::Deserialize;

const HOUR_S: i32 = 3600;

/// Who looks at an invitation, as the page tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guest {
    /// The invited person, signed in.
    Known,
    /// Somebody else, signed in.
    Another,
    /// The address has an account, nobody is signed in.
    SignedOut,
    /// The address has no account.
    New,
    /// Nor has it, and Google has just answered for it.
    Named,
}

/// What the form of a new account sends, as typed. Not `Debug`: it holds a password.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct JoinForm {
    pub name: String,
    pub password: String,
    pub terms: String,
}

fn guest(visit: &Visit, link: &Link, arrival: Option<&(String, Arrival)>) -> Guest {
    match (&visit.request.caller, link.account) {
        (Caller::Person { account, .. }, known) if known == Some(*account) => Guest::Known,
        (Caller::Person { .. }, _) => Guest::Another,
        (_, Some(_)) => Guest::SignedOut,
        (_, None) if arrival.is_some_and(|(_, arrival)| arrival.email == link.email.to_lowercase()) => Guest::Named,
        (_, None) => Guest::New,
    }
}

pub async fn show_join(visit: Visit, Path(token): Path<String>) -> Response {
    match asked(&visit, &token).await {
        Ok(Some((link, arrival))) => {
            let guest = guest(&visit, &link, arrival.as_ref());
            let name = arrival.filter(|_| guest == Guest::Named).map(|(_, arrival)| arrival.name).unwrap_or_default();
            let (form, google) = (JoinForm { name, ..JoinForm::default() }, visit.google_way(&format!("/join/{token}")));
            visit.page(StatusCode::OK, w::TEAM_JOIN_HEAD, || pages::join(&link, guest, &token, form, None, google))
        }
        Ok(None) => dead(&visit),
        Err(error) => visit.refusal(&error, w::TEAM_JOIN_HEAD, || pages::failed(&error)),
    }
}

/// The invitation, and who Google has named in this browser.
async fn asked(visit: &Visit, token: &str) -> Result<Option<(Link, Option<(String, Arrival)>)>, AppError> {
    let Some(link) = team::read_link(&visit.core, token).await? else { return Ok(None) };
    Ok(Some((link, google::arrival(visit).await?)))
}

pub async fn join(visit: Visit, Path(token): Path<String>, Form(form): Form<JoinForm>) -> Response {
    let (link, arrival) = match asked(&visit, &token).await {
        Ok(Some(found)) => found,
        Ok(None) => return dead(&visit),
        Err(error) => return visit.refusal(&error, w::TEAM_JOIN_HEAD, || pages::failed(&error)),
    };
    let guest = guest(&visit, &link, arrival.as_ref());
    let named = arrival.filter(|_| guest == Guest::Named);
    let done = match guest {
        Guest::Known => join_known(&visit, &token).await.map(|()| see_other("/home")),
        Guest::New | Guest::Named => join_new(&visit, &token, &link, &form, named).await.map(|signed_in| match signed_in {
            Some(signed_in) => google::enter(&visit, signed_in),
            None => see_other("/sign-in?said=joined"),
        }),
        Guest::Another | Guest::SignedOut => Err(AppError::conflict("other_address")),
    };
    match done {
        Ok(response) => response,
        Err(AppError::Conflict { code }) if code == "link_dead" => dead(&visit),
        Err(error) => {
            let form = JoinForm { password: String::new(), ..form };
            let google = visit.google_way(&format!("/join/{token}"));
            visit.refusal(&error, w::TEAM_JOIN_HEAD, || pages::join(&link, guest, &token, form, Some(&error), google))
        }
    }
}

fn dead(visit: &Visit) -> Response {
    visit.page(StatusCode::GONE, w::ACCOUNT_DEAD_TITLE, pages::dead_link)
}

/// The invited person is signed in: they go on in the organisation they joined.
async fn join_known(visit: &Visit, token: &str) -> Result<(), AppError> {
    let person = visit.person()?;
    let mut tx = SystemTx::begin(&visit.core, "an invitation is accepted").await?;
    tx.caused_by(person.account).await?;
    let joined = team::join(&mut tx, &visit.core, token, person.account).await?;
    store::go_on_in(&mut tx, person.session, joined.org).await?;
    tx.commit().await?;
    Ok(())
}

/// A new account, its address proven by the link. Whom Google named needs no password and is signed in at once.
/// Errors: `Invalid`, each field by its name; `Conflict("link_dead")`; `RateLimited`.
async fn join_new(
    visit: &Visit,
    token: &str,
    link: &Link,
    form: &JoinForm,
    named: Option<(String, Arrival)>,
) -> Result<Option<SignedIn>, AppError> {
    let (core, request) = (&visit.core, &visit.request);
    let email: Email = link.email.parse().map_err(|_| AppError::conflict("link_dead"))?;
    let mut wrong = FieldErrors::default();
    let name = parse_name(&form.name, 80).map_err(|code| wrong.add("name", code)).unwrap_or_default();
    if form.terms.is_empty() {
        wrong.add("terms", "terms.needed");
    }
    let local = email.as_str().split('@').next().unwrap_or_default().to_owned();
    let password = match &named {
        Some(_) => None,
        None => Password::chosen(&form.password, &[&local]).map_err(|code| wrong.add("password", code)).ok(),
    };
    wrong.into_result()?;
    throttle_address(core, "sign-up", request.ip, 20, HOUR_S).await?;
    let hash = match password {
        Some(password) => password::hash(core, password).await?,
        None => actions::unguessable(core).await?,
    };
    let (now, account) = (core.clock.now(), AccountId::at(core.clock.now()));
    let mut tx = SystemTx::begin(core, "an invitation is accepted").await?;
    if !store::insert_person(&mut tx, account, &email, &name, &hash, visit.locale.code(), now).await? {
        return Err(AppError::conflict("link_dead")); // made meanwhile: the page, loaded again, asks to sign in
    }
    for (document, version) in [("terms", TERMS_VERSION), ("privacy", PRIVACY_VERSION)] {
        store::insert_acceptance(&mut tx, account, &email, document, version, request, now).await?;
    }
    tx.caused_by(account).await?;
    team::join(&mut tx, core, token, account).await?;
    let signed_in = match named {
        Some((trip, arrival)) => Some(actions::join_as(&mut tx, core, request, &trip, account, &arrival).await?),
        None => None,
    };
    tx.commit().await?;
    tracing::info!(%account, "signed up by invitation");
    Ok(signed_in)
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct SwitchForm {
    org: String,
}

/// On in another organisation of the reader's. One that is not theirs is as good as none.
pub async fn switch(visit: Visit, Form(form): Form<SwitchForm>) -> Response {
    match switch_to(&visit, &form.org).await {
        Ok(()) => see_other("/home"),
        Err(AppError::Unauthenticated) => see_other("/sign-in"),
        Err(error) => error.into_response(),
    }
}

async fn switch_to(visit: &Visit, org: &str) -> Result<(), AppError> {
    let person = visit.person()?;
    let org: OrgId = org.parse().map_err(|_| AppError::not_found("organisation"))?;
    let mut tx = SystemTx::begin(&visit.core, "a person's own account").await?;
    if !store::go_on_in(&mut tx, person.session, org).await? {
        return Err(AppError::not_found("organisation"));
    }
    actions::tell_revoked(&mut tx, person.account).await?; // streams of this browser's other tabs end
    tx.commit().await?;
    Ok(())
}

/// Joins an organisation whose domain the reader's confirmed address is in, and goes on there. One that is not offered is as good as none.
pub async fn join_offered(visit: Visit, Form(form): Form<SwitchForm>) -> Response {
    match join_by_domain(&visit, &form.org).await {
        Ok(()) => see_other("/home"),
        Err(AppError::Unauthenticated) => see_other("/sign-in"),
        Err(error) => error.into_response(),
    }
}

async fn join_by_domain(visit: &Visit, org: &str) -> Result<(), AppError> {
    let person = visit.person()?;
    let org: OrgId = org.parse().map_err(|_| AppError::not_found("organisation"))?;
    let mut tx = SystemTx::begin(&visit.core, "an organisation is joined by its domain").await?;
    tx.caused_by(person.account).await?;
    team::join_by_domain(&mut tx, &visit.core, person.account, org).await?;
    store::go_on_in(&mut tx, person.session, org).await?;
    tx.commit().await?;
    Ok(())
}
