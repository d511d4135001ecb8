//! `ETag` and `If-Match`: a change names the state it was made from.

use super::Problem;
use crate::shared::error::AppError;
use axum::{
    Json,
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header, request::Parts};
use serde::Serialize;

/// What the client says it has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// No header, or `*`: whatever stands is written over.
    Any,
    Revision(i64),
    /// A tag that is none of ours: nothing has it.
    Other,
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(tag) = parts.headers.get(header::IF_MATCH) else { return Ok(Self::Any) };
        Ok(of_text(tag.to_str().unwrap_or_default()))
    }
}

fn of_text(tag: &str) -> IfMatch {
    let tag = tag.trim();
    if tag == "*" {
        return IfMatch::Any;
    }
    let revision = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).and_then(|tag| tag.parse().ok());
    revision.map_or(IfMatch::Other, IfMatch::Revision)
}

impl IfMatch {
    /// The revision the client names; nothing when any will do. Errors: 412 for a tag that is none of ours.
    pub fn revision(self) -> Result<Option<i64>, Problem> {
        match self {
            Self::Any => Ok(None),
            Self::Revision(seen) => Ok(Some(seen)),
            Self::Other => Err(changed()),
        }
    }

    /// What is told when it was changed since: 412 when the client had named a state.
    pub fn lost(self, error: AppError) -> Problem {
        match &error {
            AppError::Conflict { code } if code.ends_with("_changed") && self != Self::Any => changed(),
            _ => error.into(),
        }
    }
}

fn changed() -> Problem {
    Problem::new(412, "precondition_failed", "it was changed since; read it again")
}

/// A body with its state's tag.
pub fn tagged<T: Serialize>(revision: i64, body: T) -> Response {
    let mut response = Json(body).into_response();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{revision}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_needs_the_state_it_was_made_from() {
        assert_eq!(of_text("\"7\""), IfMatch::Revision(7));
        assert_eq!(of_text("*"), IfMatch::Any);
        assert_eq!(of_text("7"), IfMatch::Other);
        assert_eq!(of_text("W/\"7\""), IfMatch::Other, "a weak tag proves nothing");
        assert_eq!(of_text("\"7\"").revision().ok(), Some(Some(7)));
        assert_eq!(IfMatch::Any.revision().ok(), Some(None));
        assert_eq!(of_text("\"x\"").revision().err().map(|problem| problem.status()), Some(412));
        let changed = || AppError::conflict("answer_changed");
        assert_eq!([of_text("\"7\"").lost(changed()).status(), IfMatch::Any.lost(changed()).status()], [412, 409]);
        assert_eq!(of_text("\"7\"").lost(AppError::not_found("answer")).status(), 404);
    }
}
