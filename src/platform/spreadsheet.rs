//! Tables that people take away and open in a spreadsheet.

use crate::shared::{error::AppError, phone::PhoneNumber};
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use http::{HeaderValue, header};

/// Spreadsheets run cells that begin like a formula. A plain E.164 number stays as it is.
pub fn harmless(text: &str) -> String {
    let is_number = text.parse::<PhoneNumber>().is_ok_and(|number| number.as_str() == text);
    if !is_number && text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

/// Takes off the mark that keeps spreadsheets from reading a text as a formula, as [`harmless`] sets it.
pub fn typed(value: &str) -> &str {
    value.strip_prefix('\'').filter(|rest| rest.starts_with(['=', '+', '-', '@'])).unwrap_or(value)
}

/// The line of a text that a record of it begins on. The reader counts from before the empty lines that it skips.
pub fn line_of(record: &csv::StringRecord, text: &str) -> u32 {
    let Some(position) = record.position() else { return 0 };
    let from = text.as_bytes().get(usize::try_from(position.byte()).unwrap_or(0)..).unwrap_or_default();
    let skipped = from.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).filter(|byte| **byte == b'\n').count();
    u32::try_from(position.line()).unwrap_or(u32::MAX) + u32::try_from(skipped).unwrap_or(0)
}

/// A CSV file to save, named after what it holds and today.
pub fn file(what: &str, now: DateTime<Utc>, body: Body) -> Result<Response, AppError> {
    let name = format!("attachment; filename=\"{what}-{}.csv\"", now.format("%Y-%m-%d"));
    let disposition = HeaderValue::from_str(&name).map_err(AppError::internal)?;
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)], body).into_response())
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn a_cell_is_never_a_formula() {
        for (typed, cell) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-2", "'-2"),
            ("\tx", "'\tx"),
            ("+1+cmd", "'+1+cmd"),
            ("+33612345678", "+33612345678"),
        ] {
            assert_eq!(harmless(typed), cell);
        }
        assert_eq!(harmless("Bonjour"), "Bonjour");
    }
}
