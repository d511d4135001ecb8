//! What a form's last try came to, carried from the server's answer into the page that shows it again.

use crate::shared::error::{AppError, FieldErrors};
use leptos::{prelude::*, server::SharedValue};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A refused form, or what may be shown once after an accepted one. Passwords and codes that were typed are never in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FormState {
    /// The `do` of the form on its page.
    pub form: String,
    /// What was typed, by field.
    pub values: BTreeMap<String, String>,
    /// Why it was refused.
    pub error: Option<AppError>,
    /// Recovery codes, shown this one time.
    pub codes: Vec<String>,
}

impl FormState {
    /// The state that came with this page; empty when no form was posted. In the browser it is read from the page.
    pub fn of_page() -> Self {
        SharedValue::new(|| {
            use_context::<http::request::Parts>().and_then(|parts| parts.extensions.get::<Self>().cloned()).unwrap_or_default()
        })
        .into_inner()
    }

    /// What was typed in a field of a form.
    pub fn value(&self, form: &str, field: &str) -> Option<String> {
        (self.form == form).then(|| self.values.get(field).cloned()).flatten()
    }

    /// Why a form was refused, unless it is a matter of fields only.
    pub fn error(&self, form: &str) -> Option<AppError> {
        self.error.clone().filter(|error| self.form == form && error.fields().is_empty())
    }

    /// The wrong fields of a form.
    pub fn fields(&self, form: &str) -> Signal<FieldErrors> {
        let fields = if self.form == form { self.error.as_ref().map(AppError::fields).unwrap_or_default() } else { FieldErrors::default() };
        Signal::stored(fields)
    }
}
