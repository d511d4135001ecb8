//! Errors of `/api` and `/hooks` on the wire: `application/problem+json` (RFC 9457).

use crate::shared::error::AppError;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut body = serde_json::json!({
            "type": format!("https://zencall.example/problems/{}", self.code()),
            "title": self.to_string(),
            "status": status.as_u16(),
            "code": self.code(),
        });
        match &self {
            Self::Invalid { fields } => body["errors"] = serde_json::json!(fields),
            Self::Forbidden { needs } => body["needs"] = needs.name().into(),
            Self::Internal { incident } | Self::Upstream { incident, .. } => body["instance"] = incident.to_string().into(),
            _ => {}
        }
        let mut response = (status, body.to_string()).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Self::RateLimited { retry_after_s } = self {
            response.headers_mut().insert(header::RETRY_AFTER, retry_after_s.into());
        }
        response
    }
}
