//! What the API says when it refuses, in the shape of the real one: `message` (a string, or a list for validation),
//! `error` and `statusCode`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// A refused request.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    message: Value,
    retry_after_s: Option<u64>,
}

impl Refusal {
    fn new(status: StatusCode, message: Value) -> Refusal {
        Refusal { status, message, retry_after_s: None }
    }

    /// 400 with the list of what is wrong.
    pub(super) fn invalid(problems: Vec<String>) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, json!(problems))
    }

    /// 400 for a reason of business, one sentence.
    pub(super) fn bad_request(message: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, Value::String(message.into()))
    }

    /// 401; the words are those of the real service.
    pub(super) fn unauthorized() -> Refusal {
        Refusal::new(
            StatusCode::UNAUTHORIZED,
            json!("Invalid Key. Hot tip, you may be using the private key instead of the public key, or vice versa."),
        )
    }

    /// 404.
    pub(super) fn not_found(message: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::NOT_FOUND, Value::String(message.into()))
    }

    /// 429 with `Retry-After`.
    pub(super) fn too_many(retry_after_s: u64) -> Refusal {
        Refusal {
            retry_after_s: Some(retry_after_s),
            ..Refusal::new(StatusCode::TOO_MANY_REQUESTS, json!("Rate limit exceeded. Please try again later."))
        }
    }

    /// 500.
    pub(super) fn internal() -> Refusal {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, json!("Internal server error"))
    }

    /// 503.
    pub(super) fn unavailable() -> Refusal {
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, json!("Service Unavailable"))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({
            "message": self.message,
            "error": self.status.canonical_reason().unwrap_or("Error"),
            "statusCode": self.status.as_u16(),
        });
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
