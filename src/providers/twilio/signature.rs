//! How Twilio proves that a request is its own: `X-Twilio-Signature`. Source: protocols sheet "voice", 6.3.

use base64::prelude::*;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use subtle::ConstantTimeEq;
use url::Url;

/// The signature of a form that is posted to this address.
pub fn sign(auth_token: &str, url: &str, form: &[(String, String)]) -> String {
    // Names in byte order; of a name that comes several times each value once, in order.
    let mut sorted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, value) in form {
        sorted.entry(name).or_default().insert(value);
    }
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(auth_token.as_bytes()) else { unreachable!("any length is a key") };
    mac.update(url.as_bytes());
    for (name, values) in sorted {
        for value in values {
            mac.update(name.as_bytes());
            mac.update(value.as_bytes());
        }
    }
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

/// Whether `given` signs this form for this address, with its port or without when it is the usual one. Constant time in the signature.
pub fn verify(auth_token: &str, url: &Url, form: &[(String, String)], given: &str) -> bool {
    let given = given.trim();
    spellings(url).iter().fold(false, |is_good, url| is_good | bool::from(sign(auth_token, url, form).as_bytes().ct_eq(given.as_bytes())))
}

/// Whether a request to this address is Twilio's: a form is signed with its fields; any other body by its hash, which the address carries.
pub fn proves(auth_token: &str, url: &Url, content_type: &str, body: &[u8], given: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind == "application/x-www-form-urlencoded" {
        return verify(auth_token, url, &read_form(body), given);
    }
    let told = url.query_pairs().find(|(name, _)| name == "bodySHA256").map(|(_, hash)| hash.into_owned());
    let is_whole = told.is_some_and(|told| told.eq_ignore_ascii_case(&hex::encode(Sha256::digest(body))));
    is_whole & verify(auth_token, url, &[], given)
}

/// The fields of a posted form, decoded.
pub fn read_form(body: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(body).into_owned().collect()
}

/// The address as it may have been signed. `Url` itself leaves the usual port out.
fn spellings(url: &Url) -> Vec<String> {
    let plain = url.as_str().to_owned();
    let (None, Some(port), Some(host)) = (url.port(), url.port_or_known_default(), url.host_str()) else { return vec![plain] };
    let with_port = plain.replacen(host, &format!("{host}:{port}"), 1);
    vec![plain, with_port]
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "tok_test_9f2";
    const URL: &str = "https://app.zencall.test/hooks/twilio/status?org=42";

    fn form(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn worked_example() -> Vec<(String, String)> {
        form(&[
            ("MessageSid", "SM00000000000000000000000000000001"),
            ("MessageStatus", "delivered"),
            ("To", "+33612345678"),
            ("From", "+33757590000"),
            ("ErrorCode", ""),
        ])
    }

    #[test]
    fn the_worked_example_of_the_sheet_is_signed_and_known() {
        let url: Url = URL.parse().expect("an address");
        assert_eq!(sign(TOKEN, URL, &worked_example()), "T+IsL53GdRvkvrZhe5fUEysOc5I=");
        assert!(verify(TOKEN, &url, &worked_example(), "T+IsL53GdRvkvrZhe5fUEysOc5I="));
        assert!(verify(TOKEN, &url, &worked_example(), "rqoyPKfVIKpjDVylvYpT7JPAksE="), "signed with the usual port");
    }

    #[test]
    fn another_token_address_or_value_is_not_believed() {
        let url: Url = URL.parse().expect("an address");
        let good = sign(TOKEN, URL, &worked_example());
        assert!(!verify("tok_other", &url, &worked_example(), &good));
        assert!(!verify(
            TOKEN,
            &"https://app.zencall.test/hooks/twilio/status?org=43".parse().expect("an address"),
            &worked_example(),
            &good
        ));
        let mut changed = worked_example();
        changed[1].1 = "failed".into();
        assert!(!verify(TOKEN, &url, &changed, &good));
        for garbage in ["", "=", &good[1..]] {
            assert!(!verify(TOKEN, &url, &worked_example(), garbage));
        }
    }

    #[test]
    fn a_name_that_comes_twice_is_signed_value_by_value() {
        let twice = form(&[("Media", "b"), ("Media", "a"), ("Media", "b")]);
        assert_eq!(sign(TOKEN, URL, &twice), sign(TOKEN, URL, &form(&[("Media", "a"), ("Media", "b")])));
        let own_port: Url = "http://127.0.0.1:3000/hooks".parse().expect("an address");
        assert_eq!(spellings(&own_port), ["http://127.0.0.1:3000/hooks"]);
    }

    #[test]
    fn a_body_that_is_no_form_is_proven_by_its_hash_in_the_address() {
        let body = br#"{"a":1}"#;
        let hash = hex::encode(Sha256::digest(body));
        let url: Url = format!("https://app.zencall.test/hooks/twilio/status?bodySHA256={hash}").parse().expect("an address");
        let good = sign(TOKEN, url.as_str(), &[]);
        assert!(proves(TOKEN, &url, "application/json; charset=utf-8", body, &good));
        assert!(!proves(TOKEN, &url, "application/json", br#"{"a":2}"#, &good), "another body");
        let bare: Url = "https://app.zencall.test/hooks/twilio/status".parse().expect("an address");
        assert!(!proves(TOKEN, &bare, "application/json", body, &sign(TOKEN, bare.as_str(), &[])), "no hash");
        let form = b"To=%2B33612345678&Body=a+b%26c";
        let fields = [("Body".to_owned(), "a b&c".to_owned()), ("To".into(), "+33612345678".into())];
        assert!(proves(TOKEN, &bare, "application/x-www-form-urlencoded; charset=UTF-8", form, &sign(TOKEN, bare.as_str(), &fields)));
    }
}
