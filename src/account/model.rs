//! What people tell of themselves and their organisation, as data with rules. Passwords have theirs in `server::password`.

use crate::shared::{error::FieldErrors, ids::SessionId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

text_enum! {
    /// Who signs up.
    OrgKind { Business = "business", Individual = "individual" }
}

text_enum! {
    /// Where an organisation is at home.
    Country {
        At = "AT", Be = "BE", Ca = "CA", Ch = "CH", De = "DE", Es = "ES", Fr = "FR", Gb = "GB", Ie = "IE", It = "IT", Lu = "LU", Ma = "MA",
        Nl = "NL", Pt = "PT", Us = "US",
    }
}

impl Country {
    /// The zone an organisation begins with; it can be changed in its settings.
    pub const fn timezone(self) -> &'static str {
        match self {
            Self::At => "Europe/Vienna",
            Self::Be => "Europe/Brussels",
            Self::Ca => "America/Toronto",
            Self::Ch => "Europe/Zurich",
            Self::De => "Europe/Berlin",
            Self::Es => "Europe/Madrid",
            Self::Fr => "Europe/Paris",
            Self::Gb => "Europe/London",
            Self::Ie => "Europe/Dublin",
            Self::It => "Europe/Rome",
            Self::Lu => "Europe/Luxembourg",
            Self::Ma => "Africa/Casablanca",
            Self::Nl => "Europe/Amsterdam",
            Self::Pt => "Europe/Lisbon",
            Self::Us => "America/New_York",
        }
    }
}

/// The zones the settings offer. The server accepts any name of the zone database.
pub const TIMEZONES: &[&str] = &[
    "Africa/Abidjan",
    "Africa/Algiers",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Africa/Dakar",
    "Africa/Johannesburg",
    "Africa/Lagos",
    "Africa/Nairobi",
    "Africa/Tunis",
    "America/Bogota",
    "America/Cayenne",
    "America/Chicago",
    "America/Denver",
    "America/Guadeloupe",
    "America/Halifax",
    "America/Los_Angeles",
    "America/Martinique",
    "America/Mexico_City",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Toronto",
    "America/Vancouver",
    "Asia/Beirut",
    "Asia/Dubai",
    "Asia/Hong_Kong",
    "Asia/Jerusalem",
    "Asia/Kolkata",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Atlantic/Canary",
    "Atlantic/Reykjavik",
    "Australia/Sydney",
    "Europe/Amsterdam",
    "Europe/Athens",
    "Europe/Berlin",
    "Europe/Brussels",
    "Europe/Bucharest",
    "Europe/Budapest",
    "Europe/Copenhagen",
    "Europe/Dublin",
    "Europe/Helsinki",
    "Europe/Istanbul",
    "Europe/Kyiv",
    "Europe/Lisbon",
    "Europe/London",
    "Europe/Luxembourg",
    "Europe/Madrid",
    "Europe/Malta",
    "Europe/Monaco",
    "Europe/Oslo",
    "Europe/Paris",
    "Europe/Prague",
    "Europe/Rome",
    "Europe/Sofia",
    "Europe/Stockholm",
    "Europe/Vienna",
    "Europe/Warsaw",
    "Europe/Zurich",
    "Indian/Mauritius",
    "Indian/Mayotte",
    "Indian/Reunion",
    "Pacific/Auckland",
    "Pacific/Noumea",
    "Pacific/Tahiti",
    "UTC",
];

/// A mail address we can write to, in lower case. Its message key is `email.shape`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// `camille@tilleuls.example`
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the `@`.
    pub fn local(&self) -> &str {
        self.0.split('@').next().unwrap_or_default()
    }
}

impl FromStr for Email {
    type Err = &'static str;

    /// Narrower than RFC 5321 on purpose: no quotes, comments or literals, nothing that could become a second header or address.
    fn from_str(text: &str) -> Result<Self, &'static str> {
        let text = text.trim().to_lowercase();
        let is_good = text.len() <= 254
            && text.split_once('@').is_some_and(|(local, domain)| {
                let local_is_good = (1..=64).contains(&local.len())
                    && local.split('.').all(|part| {
                        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c))
                    });
                let mut labels = domain.split('.').rev();
                let top_is_good = labels.clone().next().is_some_and(|top| top.len() >= 2 && !top.bytes().all(|b| b.is_ascii_digit()));
                let label_is_good = |label: &str| {
                    (1..=63).contains(&label.len())
                        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                        && !label.starts_with('-')
                        && !label.ends_with('-')
                };
                local_is_good && top_is_good && domain.contains('.') && labels.all(label_is_good)
            });
        if is_good { Ok(Self(text)) } else { Err("email.shape") }
    }
}

/// A French company's number: nine digits, checked by Luhn. Its message key is `siren.wrong`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Siren(String);

impl Siren {
    /// Nine digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Siren {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, &'static str> {
        let digits = bare(text);
        let is_good = digits.len() == 9 && digits.bytes().all(|b| b.is_ascii_digit()) && digits != "000000000" && luhn(&digits);
        if is_good { Ok(Self(digits)) } else { Err("siren.wrong") }
    }
}

/// From the right, every second digit counts double, its own digits summed; the whole is a multiple of ten.
fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, byte)| {
            let digit = u32::from(byte - b'0');
            if at % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { digit }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// A VAT number as its country writes it. Its message key is `vat.shape`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VatNumber(String);

/// Prefix and shapes after it: `9` a digit, `A` a letter, `X` either, other characters themselves. Source: VIES, "VAT number structure"; gov.uk; ESTV.
const VAT_SHAPES: &[(&str, &[&str])] = &[
    ("AT", &["U99999999"]),
    ("BE", &["0999999999", "1999999999"]),
    ("BG", &["999999999", "9999999999"]),
    ("CHE", &["999999999", "999999999TVA", "999999999MWST", "999999999IVA"]),
    ("CY", &["99999999A"]),
    ("CZ", &["99999999", "999999999", "9999999999"]),
    ("DE", &["999999999"]),
    ("DK", &["99999999"]),
    ("EE", &["999999999"]),
    ("EL", &["999999999"]),
    ("ES", &["A9999999X", "99999999A", "X9999999A"]),
    ("FI", &["99999999"]),
    ("FR", &["XX999999999"]),
    ("GB", &["999999999", "999999999999", "GD999", "HA999"]),
    ("HR", &["99999999999"]),
    ("HU", &["99999999"]),
    ("IE", &["9999999A", "9999999AA", "9X99999A"]),
    ("IT", &["99999999999"]),
    ("LT", &["999999999", "999999999999"]),
    ("LU", &["99999999"]),
    ("LV", &["99999999999"]),
    ("MT", &["99999999"]),
    ("NL", &["999999999B99"]),
    ("PL", &["9999999999"]),
    ("PT", &["999999999"]),
    ("RO", &["99", "999", "9999", "99999", "999999", "9999999", "99999999", "999999999", "9999999999"]),
    ("SE", &["999999999999"]),
    ("SI", &["99999999"]),
    ("SK", &["9999999999"]),
    ("XI", &["999999999", "999999999999", "GD999", "HA999"]),
];

impl VatNumber {
    /// Prefix and number, no spaces.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The SIREN inside a French number.
    pub fn siren(&self) -> Option<&str> {
        self.0.starts_with("FR").then(|| &self.0[4..])
    }
}

impl FromStr for VatNumber {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, &'static str> {
        let text = bare(text).to_uppercase();
        let fits = VAT_SHAPES
            .iter()
            .filter_map(|(prefix, shapes)| Some((text.strip_prefix(prefix)?, shapes)))
            .any(|(rest, shapes)| shapes.iter().any(|shape| fits_shape(rest, shape)));
        if fits && french_key_is_right(&text) { Ok(Self(text)) } else { Err("vat.shape") }
    }
}

fn fits_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, wanted)| match wanted {
            b'9' => byte.is_ascii_digit(),
            b'A' => byte.is_ascii_uppercase(),
            b'X' => byte.is_ascii_digit() || byte.is_ascii_uppercase(),
            other => byte == other,
        })
}

/// A French number is its key and a SIREN. Old keys are `(12 + 3 × SIREN mod 97) mod 97`; keys with letters have no public rule.
fn french_key_is_right(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("FR") else { return true };
    let (key, siren) = rest.split_at(2);
    let Ok(number) = siren.parse::<u64>() else { return false };
    siren.parse::<Siren>().is_ok() && key.parse::<u64>().map_or(true, |key| key == (12 + 3 * (number % 97)) % 97)
}

/// Without the spaces, dots and dashes people type.
fn bare(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '.' | '-')).collect()
}

/// A name that may stand in a mail to somebody: one line, no address in it.
/// Errors: `name.required`, `name.length`, `name.link`.
pub fn parse_name(text: &str, most: usize) -> Result<String, &'static str> {
    let name = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let lower = name.to_lowercase();
    match name.chars().count() {
        0 => Err("name.required"),
        n if n > most => Err("name.length"),
        _ if lower.contains("://") || lower.contains("www.") || name.contains(['<', '>']) || name.chars().any(char::is_control) => {
            Err("name.link")
        }
        _ => Ok(name),
    }
}

/// The form at `/sign-up`, as typed. Not `Debug`: it holds a password.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct SignUpForm {
    pub kind: String,
    pub company: String,
    pub siren: String,
    pub vat_number: String,
    pub country: String,
    pub name: String,
    pub email: String,
    pub password: String,
    pub terms: String,
}

/// A sign-up whose fields are right, but for the password.
pub struct NewAccount {
    pub kind: OrgKind,
    pub org_name: String,
    pub siren: Option<Siren>,
    pub vat_number: Option<VatNumber>,
    pub country: Country,
    pub name: String,
    pub email: Email,
}

impl SignUpForm {
    /// Errors: one per wrong field, in the names of the form.
    pub fn parse(&self) -> Result<NewAccount, FieldErrors> {
        let mut wrong = FieldErrors::default();
        let kind = take(&mut wrong, "kind", self.kind.parse::<OrgKind>().map_err(|_| "kind.unknown"));
        let country = take(&mut wrong, "country", self.country.parse::<Country>().map_err(|_| "country.unknown"));
        let name = take(&mut wrong, "name", parse_name(&self.name, 80));
        let email = take(&mut wrong, "email", self.email.parse::<Email>());
        let is_business = kind != Some(OrgKind::Individual);
        let company = is_business.then(|| take(&mut wrong, "company", parse_name(&self.company, 120))).flatten();
        let given = |text: &str| is_business && !text.trim().is_empty();
        // A company number exists in France only; the field is not shown elsewhere.
        let siren = given(&self.siren).then(|| take(&mut wrong, "siren", self.siren.parse::<Siren>())).flatten();
        let vat_number = given(&self.vat_number).then(|| take(&mut wrong, "vat_number", self.vat_number.parse::<VatNumber>())).flatten();
        if let (Some(siren), Some(inside)) = (&siren, vat_number.as_ref().and_then(VatNumber::siren))
            && siren.as_str() != inside
        {
            wrong.add("vat_number", "vat.other_siren");
        }
        if self.terms.is_empty() {
            wrong.add("terms", "terms.needed");
        }
        match (kind, country, name, email) {
            (Some(kind), Some(country), Some(name), Some(email)) if wrong.is_empty() => {
                Ok(NewAccount { kind, org_name: company.unwrap_or_else(|| name.clone()), siren, vat_number, country, name, email })
            }
            _ => Err(wrong),
        }
    }
}

fn take<T>(wrong: &mut FieldErrors, field: &str, read: Result<T, &'static str>) -> Option<T> {
    read.map_err(|code| wrong.add(field, code)).ok()
}

/// What a link from a mail would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// Confirm this address.
    Confirm { email: String },
    /// Move the account to this address.
    ChangeEmail { email: String },
    /// Set a new password.
    Reset,
    /// Unknown, used or too old.
    Dead,
}

/// One signed-in browser of the reader's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionRow {
    pub id: SessionId,
    /// `Firefox`, `Chrome`; empty when unknown.
    pub browser: String,
    /// `Windows`, `Android`; empty when unknown.
    pub system: String,
    pub address: String,
    pub created_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    /// The browser that asks.
    pub is_this: bool,
}

/// The reader's sessions, and the server's time to tell "ago" from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MySessions {
    pub sessions: Vec<SessionRow>,
    pub now: DateTime<Utc>,
}

/// Browser and system from a `User-Agent`, for people to recognise their own devices; order matters, since all claim to be all.
pub fn device_of(user_agent: &str) -> (&'static str, &'static str) {
    let first = |known: &[(&str, &'static str)]| known.iter().find(|(sign, _)| user_agent.contains(sign)).map_or("", |(_, name)| *name);
    let browser = first(&[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser", "Samsung Internet"),
        ("FxiOS", "Firefox"),
        ("Firefox", "Firefox"),
        ("CriOS", "Chrome"),
        ("Chrome", "Chrome"),
        ("Safari", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("CrOS", "ChromeOS"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    (browser, system)
}

/// The Google account somebody signs in with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoogleAccount {
    /// The address Google last told.
    pub email: String,
    pub since: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
}

/// How a person proves who they are, beside the second factor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ways {
    /// Who came by Google may have none.
    pub has_password: bool,
    pub google: Option<GoogleAccount>,
    /// Whether one may be connected here.
    pub offers_google: bool,
    pub now: DateTime<Utc>,
}

/// Where the second factor stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SecondFactor {
    Off,
    /// The secret waits for its first code.
    SettingUp {
        secret: String,
        qr: QrCode,
    },
    On {
        recovery_codes_left: u32,
    },
}

/// A picture of squares: an SVG path on a square of `size` units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QrCode {
    pub size: u32,
    pub path: String,
}

/// What the organisation's settings show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    pub name: String,
    pub kind: OrgKind,
    pub country: String,
    pub siren: Option<String>,
    pub vat_number: Option<String>,
    pub timezone: String,
    pub locale: String,
}

/// A path of our own to go to after sign-in; anything else is refused.
pub fn local_path(wanted: &str) -> Option<&str> {
    let is_local = wanted.starts_with('/')
        && !wanted.starts_with("//")
        && wanted.len() <= 512
        && !wanted.chars().any(|c| c == '\\' || c.is_control() || c.is_whitespace() || !c.is_ascii());
    is_local.then_some(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_that_could_do_harm_are_refused() {
        for good in ["a@b.fr", "Camille.Renard+zen@Tilleuls.Example", "o'neil@sub.domain.co.uk", " x@xn--caf-dma.fr "] {
            assert!(good.parse::<Email>().is_ok(), "{good}");
        }
        let long = format!("{}@b.fr", "a".repeat(65));
        for bad in [
            "",
            "a",
            "@b.fr",
            "a@",
            "a@b",
            "a@@b.fr",
            "a b@c.fr",
            "a@b..fr",
            ".a@b.fr",
            "a.@b.fr",
            "a@-b.fr",
            "a@b.fr\r\nBcc: x@y.fr",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "\"a\"@b.fr",
            "a,b@c.fr",
            "<a@b.fr>",
            "é@b.fr",
            &long,
        ] {
            assert_eq!(bad.parse::<Email>(), Err("email.shape"), "{bad}");
        }
        assert_eq!("Camille@Tilleuls.Example".parse::<Email>().map(|e| e.as_str().to_owned()), Ok("camille@tilleuls.example".into()));
    }

    #[test]
    fn a_siren_is_nine_digits_that_add_up() {
        // SNCF, Renault, La Poste: public registers.
        for good in ["552 049 447", "780129987", "356000000"] {
            assert!(good.parse::<Siren>().is_ok(), "{good}");
        }
        for bad in ["", "552049448", "55204944", "5520494470", "000000000", "55204944a"] {
            assert!(bad.parse::<Siren>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn one_wrong_digit_is_always_noticed(base in 0u32..10_000_000, at in 0usize..9, by in 1u32..10) {
            let first = format!("{base:08}");
            let Some(right) = (0..10).map(|last| format!("{first}{last}")).find(|n| n.parse::<Siren>().is_ok()) else { return Ok(()) };
            let digits: Vec<u32> = right.bytes().map(|b| u32::from(b - b'0')).collect();
            let wrong: String = digits.iter().enumerate().map(|(i, d)| (if i == at { (d + by) % 10 } else { *d }).to_string()).collect();
            prop_assert!(wrong.parse::<Siren>().is_err());
        }

        #[test]
        fn no_text_makes_a_parser_panic(text in ".{0,80}") {
            let _ = (text.parse::<Email>(), text.parse::<Siren>(), text.parse::<VatNumber>(), parse_name(&text, 80), local_path(&text), device_of(&text));
        }

        #[test]
        fn where_we_send_people_is_always_here(text in "[/\\\\a-z:.@?# \t]{0,20}") {
            if let Some(path) = local_path(&text) {
                let at = url::Url::parse("https://zencall.example").and_then(|base| base.join(path));
                prop_assert_eq!(at.map(|at| at.origin().ascii_serialization()), Ok("https://zencall.example".to_owned()));
            }
        }
    }

    #[test]
    fn vat_numbers_have_the_shape_of_their_country() {
        for good in [
            "FR83 404 833 048",
            "fr35552049447",
            "DE123456789",
            "BE0123456789",
            "NL123456789B01",
            "ATU12345678",
            "ESX1234567L",
            "IE1234567FA",
            "CHE-123.456.789 TVA",
            "GB123456789",
        ] {
            assert!(good.parse::<VatNumber>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "FR",
            "FR84404833048",
            "FR83404833049",
            "DE12345678",
            "US123456789",
            "BE2123456789",
            "NL123456789C01",
            "123456789",
            "FRé3404833048",
        ] {
            assert!(bad.parse::<VatNumber>().is_err(), "{bad}");
        }
        assert_eq!("FR83404833048".parse::<VatNumber>().map(|v| v.siren().map(str::to_owned)), Ok(Some("404833048".into())));
    }

    #[test]
    fn only_our_own_paths_are_followed() {
        for good in ["/", "/home", "/calls?q=33&after=x", "/calls/call_01#x"] {
            assert_eq!(local_path(good), Some(good));
        }
        for bad in
            ["", "home", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nb", "/\t/evil.example", "javascript:alert(1)"]
        {
            assert_eq!(local_path(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_wrong_field_is_told_at_once() {
        let form = SignUpForm {
            kind: "business".into(),
            country: "FR".into(),
            email: "x".into(),
            siren: "1".into(),
            vat_number: "FR1".into(),
            ..Default::default()
        };
        let wrong: Vec<String> = form.parse().map(|_| ()).expect_err("wrong").0.into_keys().collect();
        assert_eq!(wrong, ["company", "email", "name", "siren", "terms", "vat_number"]);
    }

    #[test]
    fn devices_are_recognised() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
        assert_eq!(device_of(chrome), ("Chrome", "Linux"));
        assert_eq!(device_of(&format!("{chrome} Edg/156.0")), ("Edge", "Linux"));
        assert_eq!(
            device_of(
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile/15E148 Safari/604.1"
            ),
            ("Safari", "iPhone")
        );
        assert_eq!(device_of(""), ("", ""));
    }
}
