//! The provider's side of a benchmark: calls of sixteen messages, 2 KB each, signed its default way. No two messages are equal.

use hmac::{Hmac, KeyInit, Mac};
use std::sync::LazyLock;

/// Bytes of each body.
pub const BODY: usize = 2048;
/// Messages of a call: two status moves, twelve final lines, its end, its report.
pub const STEPS: u64 = 16;
/// Lines of a call.
pub const LINES: u64 = 12;
/// Seconds a call lasts.
pub const LASTS_S: i64 = 58;
/// The text that all words are taken from, in bytes.
const TEXT_BYTES: usize = 4 << 20;
/// Calls a line of messages has open at a time.
const OPEN: u64 = 4;

const WORDS: [&str; 16] = [
    "rendez-vous",
    "matin",
    "bonjour",
    "merci",
    "ordonnance",
    "mardi",
    "docteur",
    "patient",
    "horaires",
    "adresse",
    "rappel",
    "urgence",
    "dossier",
    "semaine",
    "confirmer",
    "disponible",
];

/// The messages of one connection: a few calls at a time, each in its order.
pub struct Caller {
    name: String,
    t0_ms: i64,
    next: u64,
}

/// One message and what it says.
pub struct Told {
    pub body: String,
    pub step: u64,
}

impl Caller {
    pub fn new(name: String) -> Self {
        Self { name, t0_ms: chrono::Utc::now().timestamp_millis() - 60_000, next: 0 }
    }

    /// The next message.
    pub fn tell(&mut self) -> Told {
        let (block, place) = (self.next / (OPEN * STEPS), self.next % (OPEN * STEPS));
        let (step, call) = (place / OPEN, block * OPEN + place % OPEN);
        self.next += 1;
        Told { body: message(&format!("{}-{call}", self.name), step, self.t0_ms, self.next), step }
    }
}

/// Message number `step` of a call that began at `t0_ms`. Written by hand: the sender shares the machine with what it measures.
pub fn message(call: &str, step: u64, t0_ms: i64, dice: u64) -> String {
    let at = |after: i64| t0_ms + after;
    let (ends, last) = (2000 + LASTS_S * 1000, STEPS - 1);
    let said = match step {
        0 => format!(r#""type":"status-update","status":"ringing","timestamp":{}"#, at(0)),
        1 => format!(r#""type":"status-update","status":"in-progress","timestamp":{}"#, at(2000)),
        step if step == last - 1 => {
            format!(r#""type":"status-update","status":"ended","endedReason":"customer-ended-call","timestamp":{}"#, at(ends))
        }
        step if step == last => format!(
            r#""type":"end-of-call-report","endedReason":"customer-ended-call","timestamp":{},"cost":0.12,"analysis":{{"summary":"{}","successEvaluation":"true"}}"#,
            at(ends + 1500),
            words(dice, 90)
        ),
        step => {
            let role = if step % 2 == 0 { "assistant" } else { "user" };
            let spoken = at(2000 + i64::try_from(step).unwrap_or_default() * 1000);
            format!(
                r#""type":"transcript","role":"{role}","transcriptType":"final","timestamp":{spoken},"transcript":"{}""#,
                words(dice, 90)
            )
        }
    };
    let mut body = format!(
        r#"{{"message":{{{said},"customer":{{"number":"+33639981247"}},"call":{{"id":"{call}","orgId":"bench","type":"inboundPhoneCall","phoneCallProvider":"vapi","phoneCallTransport":"pstn","monitor":{{"listenUrl":"wss://provider.example/{call}/listen","controlUrl":"https://provider.example/{call}/control"}},"notes":""#
    );
    // A body of the right size: what is missing is what an analysis plan would say.
    const END: &str = r#""}}}"#;
    body.push_str(words(dice.wrapping_mul(31), BODY.saturating_sub(body.len() + END.len())));
    body.push_str(END);
    body
}

/// So many bytes of words, another place of one long text for each throw of the dice.
fn words(dice: u64, bytes: usize) -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut text = String::with_capacity(TEXT_BYTES + 24);
        while text.len() < TEXT_BYTES {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            text.push_str(WORDS[(state >> 60) as usize]);
            text.push_str(&format!(" {:x} ", (state >> 20) & 0xfff));
        }
        text
    });
    let at = usize::try_from(dice.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40).unwrap_or_default() % (TEXT_BYTES - BODY);
    &TEXT[at..at + bytes]
}

/// The whole request, ready to be written.
pub fn request(host: &str, path: &str, secret: &str, body: &str) -> Vec<u8> {
    let timestamp = chrono::Utc::now().timestamp().to_string();
    let signature = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes())
        .map(|mac| hex::encode(mac.chain_update(&timestamp).chain_update(".").chain_update(body).finalize().into_bytes()))
        .unwrap_or_default();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\nx-timestamp: {timestamp}\r\nx-signature: {signature}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut request = head.into_bytes();
    request.extend_from_slice(body.as_bytes());
    request
}
