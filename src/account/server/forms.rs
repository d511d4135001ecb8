//! The handlers of every form of the slice: read, act, answer. Success is a 303; a refusal is the same page with its reasons.

use super::{
    actions::{self, SignedIn},
    google, pages,
    visit::{Visit, see_other, with_cookie},
};
use crate::{
    account::{
        form::FormState,
        model::{Link, SignUpForm, local_path},
    },
    i18n::words as w,
    kit::LANG_COOKIE,
    platform::{OrgScope, session, tenancy::Caller},
    shared::{error::AppError, ids::SessionId},
};
use axum::{
    Form,
    extract::{Path, Query},
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Between the two steps of a sign-in. Lax: the browser comes from a link of its own page only.
const SECOND_STEP_COOKIE: &str = "__Host-zc2";
pub(super) const AFTER_SIGN_IN: &str = "/home";
static CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// What a page before sign-in is asked to say, and where to go afterwards.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    pub(super) next: String,
    said: String,
}

pub(super) fn next_of(wanted: &str) -> &str {
    local_path(wanted).unwrap_or(AFTER_SIGN_IN)
}

pub async fn show_sign_up(visit: Visit) -> Response {
    if matches!(visit.request.caller, Caller::Person { .. }) {
        return see_other(AFTER_SIGN_IN);
    }
    let form = SignUpForm { kind: "business".into(), country: "FR".into(), ..Default::default() };
    let google = visit.google_way("");
    visit.page(StatusCode::OK, w::ACCOUNT_SIGN_UP_TITLE, || pages::sign_up(form, None, google))
}

pub async fn sign_up(visit: Visit, Form(form): Form<SignUpForm>) -> Response {
    match actions::sign_up(&visit.core, &visit.request, visit.locale, &form).await {
        Ok(()) => see_other("/sign-up/sent"),
        Err(error) => {
            let google = visit.google_way("");
            visit.refusal(&error, w::ACCOUNT_SIGN_UP_TITLE, || pages::sign_up(form, Some(&error), google))
        }
    }
}

pub async fn show_sign_up_sent(visit: Visit) -> Response {
    visit.page(StatusCode::OK, w::ACCOUNT_SENT_TITLE, || pages::sent(w::ACCOUNT_SENT_SIGN_UP, visit.has_mailbox()))
}

/// As typed. Not `Debug`: it holds a password.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct SignInForm {
    email: String,
    password: String,
    next: String,
}

pub async fn show_sign_in(visit: Visit, Query(asked): Query<Asked>) -> Response {
    if matches!(visit.request.caller, Caller::Person { .. }) {
        return see_other(next_of(&asked.next));
    }
    let google = visit.google_way(&asked.next);
    visit.page(StatusCode::OK, w::ACCOUNT_SIGN_IN_TITLE, || pages::sign_in("", next_of(&asked.next), None, &asked.said, google))
}

pub async fn sign_in(visit: Visit, Form(form): Form<SignInForm>) -> Response {
    let next = next_of(&form.next);
    match actions::sign_in(&visit.core, &visit.request, &form.email, &form.password, next).await {
        Ok(signed_in) => enter(&visit, signed_in),
        Err(error) => {
            let google = visit.google_way(&form.next);
            visit.refusal(&error, w::ACCOUNT_SIGN_IN_TITLE, || pages::sign_in(&form.email, next, Some(&error), "", google))
        }
    }
}

/// On into the product, or to the second step.
pub(super) fn enter(visit: &Visit, signed_in: SignedIn) -> Response {
    let (path, cookies) = match signed_in {
        SignedIn::Session { cookie, next, locale } => {
            // This browser has not chosen a language: the account's it is.
            let language = (!visit.has_chosen_language())
                .then(|| session::set_cookie(&format!("{LANG_COOKIE}={locale}; Path=/; Max-Age=31536000; SameSite=Lax")));
            (next, vec![Ok(cookie), second_step_cookie("", 0)].into_iter().chain(language).collect::<Vec<_>>())
        }
        SignedIn::SecondFactor { token } => ("/second-factor".to_owned(), vec![second_step_cookie(&token, 600)]),
    };
    cookies
        .into_iter()
        .try_fold(see_other(&path), |response, cookie| Ok::<_, AppError>(with_cookie(response, cookie?)))
        .unwrap_or_else(IntoResponse::into_response)
}

fn second_step_cookie(token: &str, max_age_s: u32) -> Result<HeaderValue, AppError> {
    session::set_cookie(&format!("{SECOND_STEP_COOKIE}={token}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={max_age_s}"))
}

pub async fn show_second_factor(visit: Visit) -> Response {
    let waits = match visit.cookie(SECOND_STEP_COOKIE) {
        Some(token) => actions::waits_for_second_factor(&visit.core, token).await,
        None => Ok(false),
    };
    match waits {
        Ok(true) => visit.page(StatusCode::OK, w::ACCOUNT_SECOND_TITLE, || pages::second_factor(None)),
        Ok(false) => see_other("/sign-in"),
        Err(error) => visit.refusal(&error, w::ACCOUNT_SECOND_TITLE, || pages::second_factor(Some(&error))),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct CodeForm {
    code: String,
}

pub async fn second_factor(visit: Visit, Form(form): Form<CodeForm>) -> Response {
    let Some(token) = visit.cookie(SECOND_STEP_COOKIE) else { return see_other("/sign-in") };
    match actions::prove_second_factor(&visit.core, &visit.request, token, &form.code).await {
        Ok(signed_in) => enter(&visit, signed_in),
        Err(error @ AppError::Conflict { .. }) => {
            let google = visit.google_way("");
            visit.refusal(&error, w::ACCOUNT_SIGN_IN_TITLE, || pages::sign_in("", AFTER_SIGN_IN, Some(&error), "", google))
        }
        Err(error) => visit.refusal(&error, w::ACCOUNT_SECOND_TITLE, || pages::second_factor(Some(&error))),
    }
}

pub async fn sign_out(visit: Visit) -> Response {
    let Ok(person) = visit.person() else { return see_other("/sign-in") };
    match actions::sign_out(&visit.core, person).await {
        Ok(cookie) => {
            let mut response = with_cookie(see_other("/sign-in?said=signed_out"), cookie);
            response.headers_mut().insert(CLEAR_SITE_DATA.clone(), HeaderValue::from_static("\"cache\", \"storage\""));
            response
        }
        Err(error) => error.into_response(),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ForgotForm {
    email: String,
}

pub async fn show_forgot(visit: Visit) -> Response {
    visit.page(StatusCode::OK, w::ACCOUNT_FORGOT_TITLE, || pages::forgot("", None))
}

pub async fn forgot(visit: Visit, Form(form): Form<ForgotForm>) -> Response {
    match actions::forgot(&visit.core, &visit.request, &form.email).await {
        Ok(()) => see_other("/forgot/sent"),
        Err(error) => visit.refusal(&error, w::ACCOUNT_FORGOT_TITLE, || pages::forgot(&form.email, Some(&error))),
    }
}

pub async fn show_forgot_sent(visit: Visit) -> Response {
    visit.page(StatusCode::OK, w::ACCOUNT_SENT_TITLE, || pages::sent(w::ACCOUNT_SENT_FORGOT, visit.has_mailbox()))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ResetForm {
    password: String,
}

pub async fn show_reset(visit: Visit, Path(token): Path<String>) -> Response {
    match actions::read_link(&visit.core, &token).await {
        Ok(Link::Reset) => visit.page(StatusCode::OK, w::ACCOUNT_RESET_TITLE, || pages::reset(None)),
        Ok(_) => dead_link(&visit),
        Err(error) => visit.refusal(&error, w::ACCOUNT_RESET_TITLE, || pages::failed(&error)),
    }
}

pub async fn reset(visit: Visit, Path(token): Path<String>, Form(form): Form<ResetForm>) -> Response {
    match actions::reset(&visit.core, &visit.request, &token, &form.password).await {
        Ok(()) => see_other("/sign-in?said=reset"),
        Err(AppError::Conflict { code }) if code == "link_dead" => dead_link(&visit),
        Err(error) => visit.refusal(&error, w::ACCOUNT_RESET_TITLE, || pages::reset(Some(&error))),
    }
}

pub async fn show_confirm(visit: Visit, Path(token): Path<String>) -> Response {
    match actions::read_link(&visit.core, &token).await {
        Ok(Link::Confirm { email } | Link::ChangeEmail { email }) => {
            visit.page(StatusCode::OK, w::ACCOUNT_CONFIRM_TITLE, || pages::confirm(&email))
        }
        Ok(_) => dead_link(&visit),
        Err(error) => visit.refusal(&error, w::ACCOUNT_CONFIRM_TITLE, || pages::failed(&error)),
    }
}

pub async fn confirm(visit: Visit, Path(token): Path<String>) -> Response {
    let confirmed = actions::confirm(&visit.core, &visit.request, &token).await;
    match confirmed {
        // Signed in already: the settings say it. Otherwise sign-in does.
        Ok(confirmed) => {
            let said = match confirmed {
                actions::Confirmed::Address => "confirmed",
                actions::Confirmed::NewAddress => "email_changed",
            };
            let page = if visit.person().is_ok() { "/settings/account" } else { "/sign-in" };
            see_other(&format!("{page}?said={said}"))
        }
        Err(AppError::Conflict { code }) if code == "link_dead" => dead_link(&visit),
        Err(error) => visit.refusal(&error, w::ACCOUNT_CONFIRM_TITLE, || pages::failed(&error)),
    }
}

fn dead_link(visit: &Visit) -> Response {
    visit.page(StatusCode::GONE, w::ACCOUNT_DEAD_TITLE, pages::dead_link)
}

/// A form of `/settings/account`.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum AccountForm {
    Profile {
        #[serde(default)]
        name: String,
        #[serde(default)]
        locale: String,
    },
    Email {
        #[serde(default)]
        email: String,
        #[serde(default)]
        password: String,
    },
    Resend {},
}

pub async fn settings_account(visit: Visit, Form(form): Form<AccountForm>) -> Response {
    let person = match visit.person() {
        Ok(person) => person,
        Err(error) => return refused(&visit, "", &[], error).await,
    };
    match form {
        AccountForm::Profile { name, locale } => match actions::save_profile(&visit.core, person, &name, &locale).await {
            Ok(locale) => {
                let cookie = session::set_cookie(&format!("{LANG_COOKIE}={}; Path=/; Max-Age=31536000; SameSite=Lax", locale.code()));
                let done = see_other("/settings/account?said=profile");
                cookie.map_or_else(IntoResponse::into_response, |cookie| with_cookie(done, cookie))
            }
            Err(error) => refused(&visit, "profile", &[("name", &name), ("locale", &locale)], error).await,
        },
        AccountForm::Email { email, password } => match actions::change_email(&visit.core, person, &password, &email).await {
            Ok(()) => see_other("/settings/account?said=email"),
            Err(error) => refused(&visit, "email", &[("email", &email)], error).await,
        },
        AccountForm::Resend {} => match actions::resend_confirmation(&visit.core, person).await {
            Ok(()) => see_other("/settings/account?said=resend"),
            Err(error) => refused(&visit, "resend", &[], error).await,
        },
    }
}

/// A form of `/settings/security`.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum SecurityForm {
    Password {
        #[serde(default)]
        current: String,
        #[serde(default)]
        password: String,
    },
    // Names of their own: ids come from names, and these stand on one page.
    Begin {
        #[serde(default, rename = "begin[password]")]
        password: String,
    },
    /// For who came by Google and has none.
    NewPassword {},
    Connect {
        #[serde(default, rename = "connect[password]")]
        password: String,
    },
    Disconnect {
        #[serde(default, rename = "disconnect[password]")]
        password: String,
    },
    Cancel {},
    Confirm {
        #[serde(default)]
        code: String,
    },
    Codes {
        #[serde(default, rename = "codes[code]")]
        code: String,
    },
    Disable {
        #[serde(default, rename = "disable[password]")]
        password: String,
        #[serde(default, rename = "disable[code]")]
        code: String,
    },
}

pub async fn settings_security(visit: Visit, Form(form): Form<SecurityForm>) -> Response {
    let person = match visit.person() {
        Ok(person) => person,
        Err(error) => return refused(&visit, "", &[], error).await,
    };
    let core = &visit.core;
    let said = |word: &str| see_other(&format!("/settings/security?said={word}"));
    let (name, done) = match form {
        SecurityForm::Password { current, password } => {
            ("password", actions::change_password(core, person, &current, &password).await.map(|()| said("password")))
        }
        SecurityForm::Begin { password } => {
            ("begin", actions::begin_second_factor(core, person, &password).await.map(|()| see_other("/settings/security#second-factor")))
        }
        SecurityForm::NewPassword {} => ("new_password", actions::send_password_link(core, person).await.map(|()| said("password_link"))),
        SecurityForm::Connect { password } => {
            ("connect", actions::connect(core, &visit.request, person, &password).await.map(|trip| google::point_out(&visit, &trip)))
        }
        SecurityForm::Disconnect { password } => {
            ("disconnect", actions::disconnect(core, person, &password).await.map(|()| said("google_disconnected")))
        }
        SecurityForm::Cancel {} => ("cancel", actions::cancel_second_factor(core, person).await.map(|()| see_other("/settings/security"))),
        SecurityForm::Confirm { code } => match actions::confirm_second_factor(core, person, &code).await {
            Ok(codes) => return visit.same_page(FormState { form: "confirm".into(), codes, ..Default::default() }).await,
            Err(error) => ("confirm", Err(error)),
        },
        SecurityForm::Codes { code } => match actions::new_recovery_codes(core, person, &code).await {
            Ok(codes) => return visit.same_page(FormState { form: "codes".into(), codes, ..Default::default() }).await,
            Err(error) => ("codes", Err(error)),
        },
        SecurityForm::Disable { password, code } => {
            ("disable", actions::disable_second_factor(core, person, &password, &code).await.map(|()| said("second_off")))
        }
    };
    match done {
        Ok(response) => response,
        Err(error) => refused(&visit, name, &[], error).await,
    }
}

/// A form of `/settings/sessions`.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum SessionsForm {
    End {
        #[serde(default)]
        id: String,
    },
    EndOthers {},
}

pub async fn settings_sessions(visit: Visit, Form(form): Form<SessionsForm>) -> Response {
    let done = async {
        let person = visit.person()?;
        match form {
            SessionsForm::End { id } => {
                let id: SessionId = id.parse().map_err(|_| AppError::not_found("session"))?;
                actions::end_session(&visit.core, person, id).await
            }
            SessionsForm::EndOthers {} => actions::end_other_sessions(&visit.core, person).await,
        }
    };
    match done.await {
        Ok(()) => see_other("/settings/sessions?said=ended"),
        Err(error) => refused(&visit, "end", &[], error).await,
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct OrganisationForm {
    name: String,
    timezone: String,
    locale: String,
}

pub async fn settings_organisation(visit: Visit, scope: Result<OrgScope, AppError>, Form(form): Form<OrganisationForm>) -> Response {
    let saved = async { actions::save_organisation(&scope?, &form.name, &form.timezone, &form.locale).await };
    match saved.await {
        Ok(()) => see_other("/settings/organisation?said=organisation"),
        Err(error) => {
            refused(&visit, "organisation", &[("name", &form.name), ("timezone", &form.timezone), ("locale", &form.locale)], error).await
        }
    }
}

/// The page of the app again, with what was typed (never a password) and why it was refused.
async fn refused(visit: &Visit, form: &str, typed: &[(&str, &str)], error: AppError) -> Response {
    let values: BTreeMap<String, String> = typed.iter().map(|(field, text)| ((*field).to_owned(), (*text).to_owned())).collect();
    visit.same_page(FormState { form: form.to_owned(), values, error: Some(error), codes: Vec::new() }).await
}
