//! Phone numbers in E.164.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A dialable number in E.164 (`+33612345678`): 8–15 digits after the plus.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "ssr", derive(sqlx::Type), sqlx(transparent))]
pub struct PhoneNumber(String);

/// Text that is not a dialable number; its message key is `phone.not_e164`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("phone.not_e164")]
pub struct NotE164;

impl PhoneNumber {
    /// `+33612345678`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PhoneNumber {
    type Err = NotE164;

    /// Accepts the spaces, dots, dashes and brackets people type; national forms need a country and are read on the server.
    fn from_str(text: &str) -> Result<Self, NotE164> {
        let bare: String = text.trim().chars().filter(|c| !matches!(c, ' ' | '.' | '-' | '(' | ')' | '\u{a0}' | '\u{202f}')).collect();
        let digits = bare.strip_prefix('+').ok_or(NotE164)?;
        let dialable = (8..=15).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
        if dialable { Ok(Self(bare)) } else { Err(NotE164) }
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = NotE164;
    fn try_from(text: String) -> Result<Self, NotE164> {
        text.parse()
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> Self {
        number.0
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PhoneNumber {
    /// Logs never carry a full number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…{}", &self.0[..3], &self.0[self.0.len() - 2..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn reading_what_was_written_gives_the_same_number(digits in "[1-9][0-9]{7,14}") {
            let number: PhoneNumber = format!("+{digits}").parse().map_err(|e| TestCaseError::fail(format!("{e}")))?;
            prop_assert_eq!(number.to_string().parse::<PhoneNumber>(), Ok(number));
        }
    }

    #[test]
    fn what_people_type_is_understood_and_the_rest_refused() {
        assert_eq!("+33 6 39 98 12 47".parse::<PhoneNumber>().map(|n| n.to_string()), Ok("+33639981247".into()));
        for bad in ["", "0639981247", "+0639981247", "+33 6", "+33639981247000000", "+33six", "33639981247"] {
            assert_eq!(bad.parse::<PhoneNumber>(), Err(NotE164), "{bad}");
        }
    }

    #[test]
    fn logs_show_only_the_ends() {
        assert_eq!(format!("{:?}", "+33639981247".parse::<PhoneNumber>()), "Ok(+33…47)");
    }
}
