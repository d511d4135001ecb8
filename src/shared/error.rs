//! The one error of the product.

use super::{ids::IncidentId, permission::Permission};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is wrong with each field: its name and a message key (`email.shape`), never prose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FieldErrors(pub BTreeMap<String, String>);

impl FieldErrors {
    /// One field, one reason.
    pub fn one(field: &str, code: &str) -> Self {
        let mut errors = Self::default();
        errors.add(field, code);
        errors
    }

    /// Adds a reason; the first one told of a field stays.
    pub fn add(&mut self, field: &str, code: &str) {
        self.0.entry(field.to_owned()).or_insert_with(|| code.to_owned());
    }

    /// The message key of a field, if something is wrong with it.
    pub fn get(&self, field: &str) -> Option<&str> {
        self.0.get(field).map(String::as_str)
    }

    /// Nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `Ok` when nothing is wrong.
    pub fn into_result(self) -> Result<(), AppError> {
        if self.is_empty() { Ok(()) } else { Err(AppError::Invalid { fields: self }) }
    }
}

impl From<validator::ValidationErrors> for FieldErrors {
    fn from(errors: validator::ValidationErrors) -> Self {
        let mut fields = Self::default();
        for (field, reasons) in errors.field_errors() {
            if let Some(reason) = reasons.first() {
                fields.add(&field, &reason.code);
            }
        }
        fields
    }
}

/// What a caller may learn about a failure. Crosses to the browser, so it never carries a cause, SQL or a provider's text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case", try_from = "Flat")]
pub enum AppError {
    /// 422: some fields are wrong.
    #[error("invalid input")]
    Invalid { fields: FieldErrors },
    /// 401: no session, or no longer.
    #[error("sign in first")]
    Unauthenticated,
    /// 403: the role lacks this permission.
    #[error("not allowed")]
    Forbidden { needs: Permission },
    /// 404: no such thing here; also another organisation's row.
    #[error("{what} not found")]
    NotFound { what: String },
    /// 409: the thing is not in a state that allows it. The code is stable and documented.
    #[error("conflict: {code}")]
    Conflict { code: String },
    /// 429: too many tries.
    #[error("too many requests")]
    RateLimited { retry_after_s: u32 },
    /// 502: a provider did not do its part.
    #[error("{provider} unavailable")]
    Upstream { provider: String, incident: IncidentId },
    /// 500: the cause is in the log under this id.
    #[error("internal error")]
    Internal { incident: IncidentId },
    /// Made in the browser only: the server was not reached.
    #[error("no connection")]
    Offline,
}

/// How an [`AppError`] is read. Serde's own reader of a tagged enum holds every value twice, and weighs too much in the browser.
#[derive(Deserialize)]
struct Flat {
    kind: String,
    #[serde(default)]
    fields: FieldErrors,
    needs: Option<Permission>,
    what: Option<String>,
    code: Option<String>,
    retry_after_s: Option<u32>,
    provider: Option<String>,
    incident: Option<IncidentId>,
}

impl TryFrom<Flat> for AppError {
    type Error = &'static str;

    fn try_from(flat: Flat) -> Result<Self, Self::Error> {
        let error = match flat.kind.as_str() {
            "invalid" => Some(Self::Invalid { fields: flat.fields }),
            "unauthenticated" => Some(Self::Unauthenticated),
            "forbidden" => flat.needs.map(|needs| Self::Forbidden { needs }),
            "not_found" => flat.what.map(|what| Self::NotFound { what }),
            "conflict" => flat.code.map(|code| Self::Conflict { code }),
            "rate_limited" => flat.retry_after_s.map(|retry_after_s| Self::RateLimited { retry_after_s }),
            "upstream" => flat.provider.zip(flat.incident).map(|(provider, incident)| Self::Upstream { provider, incident }),
            "internal" => flat.incident.map(|incident| Self::Internal { incident }),
            "offline" => Some(Self::Offline),
            _ => None,
        };
        error.ok_or("not an error of ours")
    }
}

impl AppError {
    /// One wrong field.
    pub fn invalid(field: &str, code: &str) -> Self {
        Self::Invalid { fields: FieldErrors::one(field, code) }
    }

    /// Nothing of that name here.
    pub fn not_found(what: &str) -> Self {
        Self::NotFound { what: what.to_owned() }
    }

    /// The state forbids it.
    pub fn conflict(code: &str) -> Self {
        Self::Conflict { code: code.to_owned() }
    }

    /// The HTTP status of every door.
    pub fn status(&self) -> u16 {
        match self {
            Self::Invalid { .. } => 422,
            Self::Unauthenticated => 401,
            Self::Forbidden { .. } => 403,
            Self::NotFound { .. } => 404,
            Self::Conflict { .. } => 409,
            Self::RateLimited { .. } => 429,
            Self::Upstream { .. } => 502,
            Self::Internal { .. } => 500,
            Self::Offline => 503,
        }
    }

    /// The stable code of the public API.
    pub fn code(&self) -> &str {
        match self {
            Self::Invalid { .. } => "invalid_input",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden { .. } => "forbidden",
            Self::NotFound { .. } => "not_found",
            Self::Conflict { code } => code,
            Self::RateLimited { .. } => "rate_limited",
            Self::Upstream { .. } => "provider_unavailable",
            Self::Internal { .. } => "internal_error",
            Self::Offline => "offline",
        }
    }

    /// The fields that are wrong, if that is the failure.
    pub fn fields(&self) -> FieldErrors {
        match self {
            Self::Invalid { fields } => fields.clone(),
            _ => FieldErrors::default(),
        }
    }
}

impl AppError {
    /// The same, its fields told as parts of a larger whole.
    pub fn under(self, whole: &str) -> Self {
        match self {
            Self::Invalid { fields: FieldErrors(fields) } => {
                let inside = fields.into_iter().map(|(field, code)| (format!("{whole}.{field}"), code));
                Self::Invalid { fields: FieldErrors(inside.collect()) }
            }
            other => other,
        }
    }
}

impl From<FieldErrors> for AppError {
    fn from(fields: FieldErrors) -> Self {
        Self::Invalid { fields }
    }
}

impl From<validator::ValidationErrors> for AppError {
    fn from(errors: validator::ValidationErrors) -> Self {
        Self::Invalid { fields: errors.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_is_read_as_it_was_written() {
        let incident: IncidentId = "inc_00000000000000000000000001".parse().unwrap_or_else(|_| panic!("an id"));
        let errors = [
            AppError::invalid("email", "email.shape"),
            AppError::Unauthenticated,
            AppError::Forbidden { needs: Permission::CallsRead },
            AppError::not_found("call"),
            AppError::conflict("call_not_live"),
            AppError::RateLimited { retry_after_s: 7 },
            AppError::Upstream { provider: "Vapi".into(), incident },
            AppError::Internal { incident },
            AppError::Offline,
        ];
        for error in errors {
            let text = serde_json::to_string(&error).unwrap_or_default();
            assert_eq!(serde_json::from_str::<AppError>(&text).ok(), Some(error), "{text}");
        }
        assert!(serde_json::from_str::<AppError>(r#"{"kind":"conflict"}"#).is_err(), "without its code");
    }
}
