//! The doors of signing in with Google: out, back, and the sign-up of who is new.

use super::{
    actions::{self, Arrived, Trip},
    forms::{self, AFTER_SIGN_IN, Asked, next_of},
    pages,
    trips::Arrival,
    visit::{Visit, see_other, with_cookie},
};
use crate::{account::model::SignUpForm, i18n::words as w, platform::session, shared::error::AppError};
use axum::{
    Form,
    extract::Query,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode};
use serde::Deserialize;

/// Of a browser that left for Google, until it is known here. Lax: it comes back by a link of Google's.
const COOKIE: &str = "__Host-zcg";

fn cookie(token: &str, max_age_s: i64) -> Result<HeaderValue, AppError> {
    session::set_cookie(&format!("{COOKIE}={token}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={max_age_s}"))
}

fn remembering(trip: &Trip, response: Response) -> Response {
    match cookie(&trip.token, (actions::TRIP_FOR + actions::ARRIVAL_FOR).num_seconds()) {
        Ok(cookie) => with_cookie(response, cookie),
        Err(error) => error.into_response(),
    }
}

/// The way out after a form: a link, because our pages let forms lead nowhere but here.
pub(super) fn point_out(visit: &Visit, trip: &Trip) -> Response {
    remembering(trip, visit.page(StatusCode::OK, w::ACCOUNT_GOOGLE, || pages::to_google(trip.address.as_str())))
}

fn forgetting(response: Response) -> Response {
    match cookie("", 0) {
        Ok(cookie) => with_cookie(response, cookie),
        Err(error) => error.into_response(),
    }
}

fn refused(visit: &Visit, error: &AppError) -> Response {
    let google = visit.google_way("");
    visit.refusal(error, w::ACCOUNT_SIGN_IN_TITLE, || pages::sign_in("", AFTER_SIGN_IN, Some(error), "", google))
}

pub async fn leave(visit: Visit, Query(asked): Query<Asked>) -> Response {
    match actions::leave(&visit.core, &visit.request, next_of(&asked.next)).await {
        Ok(trip) => remembering(&trip, see_other(trip.address.as_str())),
        Err(error) => refused(&visit, &error),
    }
}

/// What Google brings back: a code, or why there is none.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Brought {
    state: String,
    code: String,
    error: String,
}

pub async fn arrive(visit: Visit, Query(brought): Query<Brought>) -> Response {
    if !brought.error.is_empty() {
        // Given up at Google's: back to where they were.
        let page = if visit.person().is_ok() { "/settings/security" } else { "/sign-in" };
        return forgetting(see_other(page));
    }
    let Some(token) = visit.cookie(COOKIE) else { return refused(&visit, &AppError::conflict("google_over")) };
    match actions::arrive(&visit.core, &visit.request, token, &brought.state, &brought.code).await {
        Ok(Arrived::SignedIn(signed_in)) => forgetting(forms::enter(&visit, signed_in)),
        Ok(Arrived::Connected) => forgetting(see_other("/settings/security?said=google_connected")),
        Ok(Arrived::Stranger { next }) if next.starts_with("/join/") => see_other(&next),
        Ok(Arrived::Stranger { .. }) => see_other("/sign-up/google"),
        Err(error) => refused(&visit, &error),
    }
}

/// Who came back with this browser's cookie and has no account yet, with the token that proves it.
pub(super) async fn arrival(visit: &Visit) -> Result<Option<(String, Arrival)>, AppError> {
    let Some(token) = visit.cookie(COOKIE) else { return Ok(None) };
    let arrival = actions::arrival(&visit.core, token).await?;
    Ok(arrival.map(|arrival| (token.to_owned(), arrival)))
}

/// In, and the trip forgotten.
pub(super) fn enter(visit: &Visit, signed_in: actions::SignedIn) -> Response {
    forgetting(forms::enter(visit, signed_in))
}

pub async fn show_sign_up(visit: Visit) -> Response {
    match arrival(&visit).await {
        Ok(Some((_, arrival))) => {
            let form = SignUpForm { kind: "business".into(), country: "FR".into(), name: arrival.name, ..Default::default() };
            visit.page(StatusCode::OK, w::ACCOUNT_SIGN_UP_TITLE, || pages::sign_up_as(&arrival.email, form, None))
        }
        Ok(None) => see_other("/sign-up"),
        Err(error) => refused(&visit, &error),
    }
}

pub async fn sign_up(visit: Visit, Form(form): Form<SignUpForm>) -> Response {
    let (token, arrival) = match arrival(&visit).await {
        Ok(Some(found)) => found,
        Ok(None) => return refused(&visit, &AppError::conflict("google_over")),
        Err(error) => return refused(&visit, &error),
    };
    match actions::sign_up_as(&visit.core, &visit.request, visit.locale, &token, &form).await {
        Ok(signed_in) => enter(&visit, signed_in),
        Err(error @ AppError::Conflict { .. }) => refused(&visit, &error),
        Err(error) => visit.refusal(&error, w::ACCOUNT_SIGN_UP_TITLE, || pages::sign_up_as(&arrival.email, form, Some(&error))),
    }
}
