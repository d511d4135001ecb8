//! How what a client sends is read: strictly, and what is wrong is named by its field.

use super::Problem;
use crate::shared::error::{AppError, FieldErrors};
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use bytes::Bytes;
use http::{header, request::Parts};
use serde::de::DeserializeOwned;

/// A JSON body. An empty one is an empty object, so that a POST whose fields are all optional needs none.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_json = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).is_some_and(|kind| {
            let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            kind == "application/json" || kind.starts_with("application/") && kind.ends_with("+json")
        });
        let bytes = Bytes::from_request(request, state).await.map_err(|rejected| match rejected.status().as_u16() {
            413 => Problem::new(413, "body_too_large", "the body is larger than 1 MiB"),
            _ => Problem::new(400, "body_unreadable", "the body broke off"),
        })?;
        if bytes.is_empty() {
            return of_json(b"{}").map(Self);
        }
        if !is_json {
            return Err(Problem::new(415, "unsupported_media_type", "send application/json"));
        }
        of_json(&bytes).map(Self)
    }
}

fn of_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // serde would take an array for a struct, field after field in the order of the source: no contract to make.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(Problem::of_fields(FieldErrors::one("body", "wrong_type")));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let (path, cause) = (error.path().to_string(), error.inner());
        if cause.is_data() { wrong(&path, &cause.to_string()) } else { not_json(cause) }
    })?;
    reader.end().map_err(|error| not_json(&error))?;
    Ok(read)
}

fn not_json(error: &serde_json::Error) -> Problem {
    let place = format!("line {}, column {}", error.line(), error.column());
    Problem::new(400, "malformed_json", "the body is not JSON").with("detail", place)
}

/// The query.
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Query::<T>::try_from_uri(&parts.uri).map(|query| Self(query.0)).map_err(|rejected| {
            let text = rejected.body_text();
            let text = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text);
            match text.split_once(": ") {
                Some((field, reason)) if !field.contains(' ') => wrong(field, reason),
                _ => wrong("", text),
            }
        })
    }
}

/// What serde says of a value, as a field and a code.
fn wrong(path: &str, reason: &str) -> Problem {
    let named = |before: &str| reason.strip_prefix(before).and_then(|rest| rest.split('`').next());
    let beside = |field: &str| match path.rsplit_once('.') {
        _ if path == field || path.ends_with(&format!(".{field}")) => path.to_owned(),
        _ if path.is_empty() || path == "." || path == "?" => field.to_owned(),
        Some(_) | None => format!("{path}.{field}"),
    };
    let (field, code) = if let Some(field) = named("unknown field `") {
        (beside(field), "unknown_field")
    } else if let Some(field) = named("missing field `") {
        (beside(field), "required")
    } else if let Some(field) = named("duplicate field `") {
        (beside(field), "twice")
    } else if reason.starts_with("invalid type") {
        (path.to_owned(), "wrong_type")
    } else {
        (path.to_owned(), "invalid_value")
    };
    let field = if field.is_empty() || field == "." { "body".to_owned() } else { field };
    Problem::of_fields(FieldErrors::one(&field, code))
}

/// An id of the address. What is no id at all is told like one that does not exist.
pub fn id<T: std::str::FromStr>(text: &str, what: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| AppError::not_found(what).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::permission::Permission;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Sent {
        name: String,
        scopes: Vec<Permission>,
        #[serde(default)]
        inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Inner {
        size: u32,
    }

    fn field(text: &str) -> (String, String) {
        let problem = of_json::<Sent>(text.as_bytes()).expect_err("a problem");
        let errors: FieldErrors = serde_json::from_value(problem.body_of("errors")).expect("fields");
        errors.0.into_iter().next().expect("one")
    }

    #[test]
    fn what_is_wrong_is_named_by_its_field() {
        let one = |field: &str, code: &str| (field.to_owned(), code.to_owned());
        assert_eq!(field(r#"{"name":"a","scopes":[],"nam":1}"#), one("nam", "unknown_field"));
        assert_eq!(field(r#"{"scopes":[]}"#), one("name", "required"));
        assert_eq!(field(r#"{"name":7,"scopes":[]}"#), one("name", "wrong_type"));
        assert_eq!(field(r#"{"name":"a","scopes":["calls.read","calls.all"]}"#), one("scopes[1]", "invalid_value"));
        assert_eq!(field(r#"{"name":"a","scopes":[],"inner":{"size":1,"sice":2}}"#), one("inner.sice", "unknown_field"));
        assert_eq!(field(r#"{"name":"a","scopes":[],"inner":{}}"#), one("inner.size", "required"));
        assert_eq!(field(r#"{"name":"a","name":"b","scopes":[]}"#), one("name", "twice"));
        assert_eq!(field("[]"), one("body", "wrong_type"));
        assert_eq!(field(r#"["a",[]]"#), one("body", "wrong_type"));
        assert_eq!(field("7"), one("body", "wrong_type"));
    }

    #[test]
    fn what_is_no_json_says_where() {
        for text in ["{", "{} {}", "nope"] {
            assert_eq!(
                of_json::<Sent>(text.as_bytes()).expect_err("a problem").status(),
                if text == "{} {}" { 422 } else { 400 },
                "{text}"
            );
        }
    }
}
