//! Domains that are nobody's alone: mail for everybody, and ends under which everybody may have a name.

/// Providers of mail for everybody. Those with an end for each country are named without it in [`FAMILIES`].
const PROVIDERS: &[&str] = &[
    "126.com",
    "163.com",
    "aliceadsl.fr",
    "aol.com",
    "aol.fr",
    "att.net",
    "bbox.fr",
    "bluewin.ch",
    "btinternet.com",
    "cegetel.net",
    "club-internet.fr",
    "comcast.net",
    "duck.com",
    "fastmail.com",
    "fastmail.fm",
    "free.fr",
    "freenet.de",
    "gmail.com",
    "googlemail.com",
    "hey.com",
    "hushmail.com",
    "icloud.com",
    "inbox.com",
    "laposte.net",
    "libero.it",
    "mac.com",
    "mail.com",
    "mail.ru",
    "mailbox.org",
    "me.com",
    "msn.com",
    "naver.com",
    "neuf.fr",
    "noos.fr",
    "numericable.fr",
    "orange.fr",
    "outlook.com",
    "pm.me",
    "posteo.de",
    "posteo.net",
    "privaterelay.appleid.com",
    "proton.me",
    "protonmail.ch",
    "protonmail.com",
    "qq.com",
    "rocketmail.com",
    "sfr.fr",
    "skynet.be",
    "sbcglobal.net",
    "t-online.de",
    "telenet.be",
    "tuta.com",
    "tuta.io",
    "tutamail.com",
    "tutanota.com",
    "tutanota.de",
    "verizon.net",
    "videotron.ca",
    "virgilio.it",
    "voila.fr",
    "wanadoo.fr",
    "web.de",
    "yandex.com",
    "yandex.ru",
    "ymail.com",
    "zoho.com",
    "zohomail.com",
    "zohomail.eu",
];
const FAMILIES: &[&str] = &["gmx", "hotmail", "live", "outlook", "yahoo"];
/// Addresses for a few minutes.
const PASSING: &[&str] =
    &["10minutemail.com", "guerrillamail.com", "mailinator.com", "tempmail.com", "trashmail.com", "yopmail.com", "yopmail.fr"];
/// Ends of two parts.
const ENDS: &[&str] = &[
    "ac.uk", "asso.fr", "co.jp", "co.nz", "co.uk", "co.za", "com.au", "com.br", "com.fr", "com.mx", "com.tr", "gouv.fr", "gov.uk", "me.uk",
    "net.au", "nom.fr", "org.au", "org.uk", "prd.fr", "tm.fr",
];

/// Whether a domain, in lower case, is nobody's alone.
pub(super) fn is_public(domain: &str) -> bool {
    let of_family = domain.split_once('.').is_some_and(|(name, end)| FAMILIES.contains(&name) && end.len() <= 6);
    of_family || [PROVIDERS, PASSING, ENDS].iter().any(|list| list.contains(&domain))
}

#[cfg(test)]
mod tests {
    use super::is_public;

    #[test]
    fn mail_for_everybody_is_nobodys() {
        for domain in ["gmail.com", "orange.fr", "hotmail.co.uk", "yahoo.fr", "outlook.com", "yopmail.com", "asso.fr"] {
            assert!(is_public(domain), "{domain}");
        }
        for domain in ["tilleuls.example", "live-nation.fr", "mail.tilleuls.fr", "yahoo-fan.fr"] {
            assert!(!is_public(domain), "{domain}");
        }
    }
}
