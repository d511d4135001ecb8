//! Money: whole minor units and a currency; metered costs in millionths.

use serde::{Deserialize, Serialize};

text_enum! {
    /// The currencies prices exist in.
    Currency { Eur = "EUR", Gbp = "GBP", Usd = "USD", Mad = "MAD" }
}

/// An amount in minor units (cents). Formatting belongs to `i18n::format`, with the locale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    pub minor: i64,
    pub currency: Currency,
}

impl Money {
    /// The sum, or nothing when the currencies differ or the sum overflows.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        if self.currency != other.currency {
            return None;
        }
        Some(Self { minor: self.minor.checked_add(other.minor)?, ..self })
    }
}

/// A metered cost in millionths of a US dollar, as providers report it. Rounded once, where it is invoiced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MicroUsd(pub i64);
