//! As much of MIME as letters of a mailer need: unfolded headers, encoded words (RFC 2047), multipart, quoted-printable and
//! base64 (RFC 2045), UTF-8 and Latin-1. Nothing here fails: what cannot be read is shown as it came.

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::PAD;
use base64::{alphabet, engine::DecodePaddingMode};

/// Parts within parts deeper than this are not opened.
const DEPTH: usize = 8;

/// A message in its parts.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) headers: Vec<(String, String)>,
    pub(super) text: Option<String>,
    pub(super) html: Option<String>,
}

impl Parsed {
    /// The first header of this name.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Reads a message.
pub(super) fn parse(raw: &[u8]) -> Parsed {
    let (headers, body) = split(raw);
    let mut parsed = Parsed::default();
    collect(&headers, body, &mut parsed, 0);
    parsed.headers = headers.into_iter().map(|(name, value)| (name, decode_words(&value))).collect();
    parsed
}

fn collect(headers: &[(String, String)], body: &[u8], parsed: &mut Parsed, depth: usize) {
    let field = |name: &str| headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str());
    let kind = field("content-type").unwrap_or("text/plain");
    let media = kind.split(';').next().unwrap_or_default().trim().to_lowercase();
    if media.starts_with("multipart/") {
        if let Some(boundary) = parameter(kind, "boundary").filter(|_| depth < DEPTH) {
            for part in parts(body, &boundary) {
                let (headers, body) = split(part);
                collect(&headers, body, parsed, depth + 1);
            }
        }
        return;
    }
    let attached = field("content-disposition").is_some_and(|value| value.trim().to_lowercase().starts_with("attachment"));
    let place = match media.as_str() {
        "text/plain" => &mut parsed.text,
        "text/html" => &mut parsed.html,
        _ => return,
    };
    if place.is_none() && !attached {
        let bytes = match field("content-transfer-encoding").unwrap_or("7bit").trim().to_lowercase().as_str() {
            "quoted-printable" => quoted_printable(body, false),
            "base64" => base64(body),
            _ => body.to_vec(),
        };
        *place = Some(text(&bytes, &parameter(kind, "charset").unwrap_or_default()).replace("\r\n", "\n"));
    }
}

/// Headers and body; folded lines are joined.
fn split(raw: &[u8]) -> (Vec<(String, String)>, &[u8]) {
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut rest = raw;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
        let (line, after) = rest.split_at(end);
        rest = after;
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            break;
        }
        match (line.starts_with([' ', '\t']), headers.last_mut(), line.split_once(':')) {
            (true, Some((_, value)), _) => {
                value.push(' ');
                value.push_str(line.trim());
            }
            (_, _, Some((name, value))) => headers.push((name.trim().to_owned(), value.trim().to_owned())),
            _ => {}
        }
    }
    (headers, rest)
}

/// The parts between the boundary lines.
fn parts<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let marker = format!("--{boundary}");
    let (mut parts, mut open, mut at) = (Vec::new(), None, 0);
    while at < body.len() {
        let end = body[at..].iter().position(|byte| *byte == b'\n').map_or(body.len(), |offset| at + offset + 1);
        let line = body[at..end].trim_ascii_end();
        if line.starts_with(marker.as_bytes()) && matches!(&line[marker.len()..], b"" | b"--") {
            if let Some(start) = open.take() {
                // The line break before a boundary belongs to the boundary.
                let part: &[u8] = &body[start..at];
                let part = part.strip_suffix(b"\n").unwrap_or(part);
                parts.push(part.strip_suffix(b"\r").unwrap_or(part));
            }
            if line.len() == marker.len() {
                open = Some(end);
            }
        }
        at = end;
    }
    if let Some(start) = open {
        parts.push(&body[start..]);
    }
    parts
}

/// A parameter of a header such as `text/plain; charset=utf-8`.
fn parameter(value: &str, name: &str) -> Option<String> {
    value.split(';').skip(1).find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
    })
}

/// A header value with its encoded words read; blanks between two of them vanish.
fn decode_words(value: &str) -> String {
    let mut decoded = String::with_capacity(value.len());
    let (mut rest, mut after_word) = (value, false);
    while let Some(start) = rest.find("=?") {
        let (before, word) = rest.split_at(start);
        match encoded_word(word) {
            Some((text, length)) => {
                if !(after_word && before.trim().is_empty()) {
                    decoded.push_str(before);
                }
                decoded.push_str(&text);
                rest = &word[length..];
                after_word = true;
            }
            None => {
                decoded.push_str(before);
                decoded.push_str("=?");
                rest = &word[2..];
                after_word = false;
            }
        }
    }
    decoded.push_str(rest);
    decoded
}

/// `=?utf-8?b?…?=` at the beginning, and its length.
fn encoded_word(word: &str) -> Option<(String, usize)> {
    let mut fields = word[2..].splitn(3, '?');
    let (charset, encoding, rest) = (fields.next()?, fields.next()?, fields.next()?);
    let end = rest.find("?=")?;
    let bytes = match encoding {
        "B" | "b" => base64(&rest.as_bytes()[..end]),
        "Q" | "q" => quoted_printable(&rest.as_bytes()[..end], true),
        _ => return None,
    };
    let length = 2 + charset.len() + 1 + encoding.len() + 1 + end + 2;
    Some((text(&bytes, charset), length))
}

fn quoted_printable(body: &[u8], in_header: bool) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut decoded = Vec::with_capacity(body.len());
    let mut at = 0;
    while at < body.len() {
        match body[at] {
            b'=' if body[at..].starts_with(b"=\r\n") => at += 3,
            b'=' if body[at..].starts_with(b"=\n") => at += 2,
            b'=' => match (digit(body.get(at + 1)), digit(body.get(at + 2))) {
                (Some(high), Some(low)) => {
                    decoded.push((high * 16 + low) as u8);
                    at += 3;
                }
                _ => {
                    decoded.push(b'=');
                    at += 1;
                }
            },
            b'_' if in_header => {
                decoded.push(b' ');
                at += 1;
            }
            byte => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    decoded
}

fn base64(body: &[u8]) -> Vec<u8> {
    let lenient = GeneralPurpose::new(
        &alphabet::STANDARD,
        PAD.with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true),
    );
    let kept: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    lenient.decode(&kept).unwrap_or_else(|_| body.to_vec())
}

fn text(bytes: &[u8], charset: &str) -> String {
    let latin = ["iso-8859-1", "iso-8859-15", "windows-1252", "latin1"].contains(&charset.to_lowercase().as_str());
    if latin { bytes.iter().map(|byte| char::from(*byte)).collect() } else { String::from_utf8_lossy(bytes).into_owned() }
}

#[cfg(test)]
mod tests {
    use super::{decode_words, parse};

    #[test]
    fn both_parts_of_an_alternative_are_read() {
        let raw = "Subject: =?utf-8?b?Q29uZmlybWV6?= =?utf-8?Q?_votre_=C3=A9mail?=\r\n\
            Content-Type: multipart/alternative;\r\n boundary=\"b 1\"\r\n\r\npreamble\r\n\
            --b 1\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
            D=C3=A9j=C3=A0 vu : une ligne=\r\n longue\r\n\
            --b 1\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+w6k8\r\nL2I+\r\n\
            --b 1--\r\nepilogue";
        let parsed = parse(raw.as_bytes());
        assert_eq!(parsed.header("subject"), Some("Confirmez votre émail"));
        assert_eq!(parsed.text.as_deref(), Some("Déjà vu : une ligne longue"));
        assert_eq!(parsed.html.as_deref(), Some("<b>é</b>"));
    }

    #[test]
    fn a_plain_letter_needs_no_headers_of_mime() {
        let parsed = parse(b"From: a@b.c\nX: 1\n\nHello\nthere");
        assert_eq!(parsed.text.as_deref(), Some("Hello\nthere"));
        assert_eq!(parsed.html, None);
    }

    #[test]
    fn what_is_no_encoded_word_stays() {
        assert_eq!(decode_words("a =?b c =?utf-8?x?y?= d"), "a =?b c =?utf-8?x?y?= d");
        assert_eq!(decode_words("=?ISO-8859-1?Q?caf=E9?="), "café");
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_fail(raw in proptest::collection::vec(proptest::num::u8::ANY, 0..300), text in ".{0,200}") {
            parse(&raw);
            parse(format!("Content-Type: multipart/mixed; boundary=b\n\n--b\n{text}\n--b--").as_bytes());
            decode_words(&text);
        }
    }
}
