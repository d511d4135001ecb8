//! Errors of `/api` and `/hooks` on the wire: `application/problem+json` (RFC 9457).

use crate::shared::error::{AppError, FieldErrors};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

/// What is told of a failure: its status, its stable code, a sentence, and what else a program may want.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    status: u16,
    body: Map<String, Value>,
    retry_after_s: Option<u32>,
}

impl Problem {
    /// A failure that only the public API has; the others are [`AppError`]s.
    pub fn new(status: u16, code: &str, title: &str) -> Self {
        let body = [
            ("type", json!(format!("https://zencall.example/problems/{code}"))),
            ("title", json!(title)),
            ("status", json!(status)),
            ("code", json!(code)),
        ];
        let body = body.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { status, body, retry_after_s: None }
    }

    /// With one thing more.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.body.insert(name.to_owned(), value.into());
        self
    }

    /// Some fields are wrong: which, and why each.
    pub fn of_fields(fields: FieldErrors) -> Self {
        AppError::Invalid { fields }.into()
    }

    /// One member of the body.
    #[cfg(test)]
    pub fn body_of(&self, name: &str) -> Value {
        self.body.get(name).cloned().unwrap_or_default()
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        let problem = Self::new(error.status(), error.code(), &error.to_string());
        match error {
            AppError::Invalid { fields } => problem.with("errors", json!(fields)),
            AppError::Forbidden { needs } => problem.with("needs", needs.name()),
            AppError::Internal { incident } | AppError::Upstream { incident, .. } => problem.with("instance", incident.to_string()),
            AppError::RateLimited { retry_after_s } => Self { retry_after_s: Some(retry_after_s), ..problem },
            _ => problem,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Value::Object(self.body).to_string()).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}
