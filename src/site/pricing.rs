//! Plans and prices by country: the one table.

use crate::{
    i18n::{Key, words as w},
    shared::money::{Currency, Money},
};

/// A country with prices of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Country {
    Fr,
    Es,
    Nl,
    De,
    Gb,
    Us,
    Ma,
}

impl Country {
    /// Every country, in the order they are offered.
    pub const ALL: [Self; 7] = [Self::Fr, Self::Es, Self::Nl, Self::De, Self::Gb, Self::Us, Self::Ma];

    /// ISO 3166 in small letters: the value of `?country=`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Fr => "fr",
            Self::Es => "es",
            Self::Nl => "nl",
            Self::De => "de",
            Self::Gb => "gb",
            Self::Us => "us",
            Self::Ma => "ma",
        }
    }

    /// Reads `fr`, `FR`, and `uk` for `gb`.
    pub fn parse(code: &str) -> Option<Self> {
        let code = if code.eq_ignore_ascii_case("uk") { "gb" } else { code };
        Self::ALL.into_iter().find(|country| country.code().eq_ignore_ascii_case(code))
    }

    /// From what the browser asks for: a region we sell in (`en-US`), else the country of the first language, else France.
    pub fn guess(accept_language: &str) -> Self {
        let tags = || accept_language.split(',').filter_map(|range| range.split(';').next()).map(str::trim);
        let by_region = tags().find_map(|tag| Self::parse(tag.split('-').nth(1)?));
        let by_language = || {
            tags().find_map(|tag| match tag.split('-').next()? {
                "en" => Some(Self::Gb),
                "ar" => Some(Self::Ma),
                language => Self::parse(language),
            })
        };
        by_region.or_else(by_language).unwrap_or(Self::Fr)
    }

    /// Its name.
    pub const fn name(self) -> Key {
        match self {
            Self::Fr => w::SITE_COUNTRY_FR,
            Self::Es => w::SITE_COUNTRY_ES,
            Self::Nl => w::SITE_COUNTRY_NL,
            Self::De => w::SITE_COUNTRY_DE,
            Self::Gb => w::SITE_COUNTRY_GB,
            Self::Us => w::SITE_COUNTRY_US,
            Self::Ma => w::SITE_COUNTRY_MA,
        }
    }

    const fn currency(self) -> Currency {
        match self {
            Self::Fr | Self::Es | Self::Nl | Self::De => Currency::Eur,
            Self::Gb => Currency::Gbp,
            Self::Us => Currency::Usd,
            Self::Ma => Currency::Mad,
        }
    }

    /// A minute beyond the plan's, without tax.
    pub const fn extra_minute(self) -> Money {
        let minor = match self {
            Self::Fr | Self::Es => 11,
            Self::Nl | Self::De => 12,
            Self::Gb | Self::Us => 10,
            Self::Ma => 160,
        };
        Money { minor, currency: self.currency() }
    }
}

/// What one pays for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    Solo,
    Pro,
    Agency,
}

impl Plan {
    /// Every plan, from small to large.
    pub const ALL: [Self; 3] = [Self::Solo, Self::Pro, Self::Agency];

    /// A month of it, without tax.
    pub const fn monthly(self, country: Country) -> Money {
        let units = match (country.currency(), self) {
            (Currency::Eur | Currency::Usd, Self::Solo) => 49,
            (Currency::Eur | Currency::Usd, Self::Pro) => 149,
            (Currency::Eur | Currency::Usd, Self::Agency) => 399,
            (Currency::Gbp, Self::Solo) => 42,
            (Currency::Gbp, Self::Pro) => 129,
            (Currency::Gbp, Self::Agency) => 345,
            (Currency::Mad, Self::Solo) => 490,
            (Currency::Mad, Self::Pro) => 1490,
            (Currency::Mad, Self::Agency) => 3990,
        };
        Money { minor: units * 100, currency: country.currency() }
    }

    /// Minutes in the price.
    pub const fn minutes(self) -> i64 {
        match self {
            Self::Solo => 400,
            Self::Pro => 2000,
            Self::Agency => 6000,
        }
    }

    /// How many assistants it allows.
    pub const fn assistants(self) -> i64 {
        match self {
            Self::Solo => 1,
            Self::Pro => 10,
            Self::Agency => 50,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_has_a_price_for_every_plan_that_rises_with_it() {
        for country in Country::ALL {
            let prices = Plan::ALL.map(|plan| plan.monthly(country).minor);
            assert!(prices.is_sorted_by(|a, b| a < b), "{country:?}: {prices:?}");
            assert!(country.extra_minute().minor > 0 && country.extra_minute().currency == Plan::Solo.monthly(country).currency);
            assert_eq!(Country::parse(country.code()), Some(country));
        }
    }

    #[test]
    fn the_country_is_guessed_from_what_the_browser_asks_for() {
        assert_eq!(Country::guess("en-US,en;q=0.9"), Country::Us);
        assert_eq!(Country::guess("fr;q=0.9, en-GB;q=0.8"), Country::Gb);
        assert_eq!(Country::guess("de, en;q=0.5"), Country::De);
        assert_eq!(Country::guess("ar"), Country::Ma);
        assert_eq!(Country::guess(""), Country::Fr);
        assert_eq!(Country::parse("uk"), Some(Country::Gb));
    }
}
