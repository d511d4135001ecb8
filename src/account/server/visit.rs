//! One visitor at one of our doors: who, in which language, and how they are answered.

use super::{
    actions::{self, Person},
    document::{self, Reader},
};
use crate::{
    account::{form::FormState, model::local_path},
    i18n::{Key, Locale, t_str},
    kit::{Prefs, document::Look},
    platform::{
        Core,
        request::{RequestInfo, is_mailed_link},
        session,
    },
    providers::sim::Mailbox,
    shared::error::AppError,
};
use axum::{
    Router,
    body::Body,
    extract::{FromRef, FromRequestParts},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header, request::Parts};
use leptos::prelude::*;
use tower::ServiceExt;

/// The app's own router.
#[derive(Clone)]
pub struct Pages(pub Router);

/// The visitor.
pub struct Visit {
    pub core: Core,
    pub request: RequestInfo,
    pub locale: Locale,
    reader: Reader,
    headers: HeaderMap,
    uri: Uri,
    pages: Pages,
}

impl<S: Send + Sync> FromRequestParts<S> for Visit
where
    Core: FromRef<S>,
{
    type Rejection = AppError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AppError> {
        let text = |name: header::HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let prefs = Prefs::from_cookies(text(header::COOKIE));
        let locale = Locale::negotiate([prefs.lang.as_deref()], Some(text(header::ACCEPT_LANGUAGE)));
        let of = |what: &str| AppError::internal(format!("no {what} in the request"));
        let look = parts.extensions.get::<Look>().cloned().ok_or_else(|| of("stylesheet"))?;
        let path = parts.uri.path();
        let offers_languages = !is_mailed_link(path);
        Ok(Self {
            core: Core::from_ref(state),
            request: parts.extensions.get::<RequestInfo>().cloned().ok_or_else(|| of("caller"))?,
            locale,
            reader: Reader { locale, prefs, look, offers_languages },
            pages: parts.extensions.get::<Pages>().cloned().ok_or_else(|| of("router"))?,
            headers: parts.headers.clone(),
            uri: parts.uri.clone(),
        })
    }
}

impl Visit {
    /// Errors: `Unauthenticated`.
    pub fn person(&self) -> Result<Person, AppError> {
        Person::of(&self.request)
    }

    /// A cookie of this request.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        session::cookie(&self.headers, name)
    }

    /// Whether the reader has chosen a language in this browser.
    pub fn has_chosen_language(&self) -> bool {
        self.reader.prefs.lang.is_some()
    }

    /// Whether letters land in the mailbox of the sandbox, which has a page.
    pub fn has_mailbox(&self) -> bool {
        self.core.providers.get::<Mailbox>().is_some()
    }

    /// The way to Google and then on to `next`, where people may sign in with it.
    pub fn google_way(&self, next: &str) -> Option<String> {
        let next = local_path(next).map(|next| {
            let next: String = percent_encoding::utf8_percent_encode(next, percent_encoding::NON_ALPHANUMERIC).collect();
            format!("?next={next}")
        });
        actions::offers_google(&self.core).then(|| format!("/sign-in/google{}", next.unwrap_or_default()))
    }

    /// A page before sign-in, drawn here: no router, no script.
    pub fn page(&self, status: StatusCode, title: Key, body: impl FnOnce() -> AnyView) -> Response {
        document::answer(status, &self.reader, t_str(self.locale, title), body)
    }

    /// The same after an action: the status of what went wrong, and when to come back.
    pub fn refusal(&self, error: &AppError, title: Key, body: impl FnOnce() -> AnyView) -> Response {
        with_status(self.page(StatusCode::OK, title, body), error)
    }

    /// The page of the app this form stands on, drawn again with its state.
    pub async fn same_page(&self, state: FormState) -> Response {
        let error = state.error.clone();
        if error == Some(AppError::Unauthenticated) {
            let next: String = percent_encoding::utf8_percent_encode(self.uri.path(), percent_encoding::NON_ALPHANUMERIC).collect();
            return see_other(&format!("/sign-in?next={next}"));
        }
        let mut again = Request::builder().method(Method::GET).uri(self.uri.clone());
        if let Some(headers) = again.headers_mut() {
            *headers = self.headers.clone();
            for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::TRANSFER_ENCODING] {
                headers.remove(name);
            }
        }
        let again = again.extension(self.request.clone()).extension(state).body(Body::empty());
        let drawn = match again {
            Ok(again) => self.pages.0.clone().oneshot(again).await,
            Err(error) => return AppError::internal(error).into_response(),
        };
        let Ok(response) = drawn;
        match error {
            Some(error) => with_status(response, &error),
            None => response,
        }
    }
}

fn with_status(mut response: Response, error: &AppError) -> Response {
    *response.status_mut() = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let AppError::RateLimited { retry_after_s } = error {
        response.headers_mut().insert(header::RETRY_AFTER, (*retry_after_s).into());
    }
    response
}

/// On to another page of ours.
pub fn see_other(path: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let location = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/home"));
    response.headers_mut().insert(header::LOCATION, location);
    response
}

/// Adds a `Set-Cookie`.
pub fn with_cookie(mut response: Response, cookie: HeaderValue) -> Response {
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}
