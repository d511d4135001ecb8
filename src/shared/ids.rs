//! Ids of everything that has an address. The text form is TypeID's: prefix, underscore, 26 characters of Crockford base 32.

use chrono::{DateTime, Utc};
use uuid::Uuid;

ids! {
    /// An organisation: the tenant.
    OrgId("org");
    /// A person who signs in.
    AccountId("acc");
    /// One signed-in browser.
    SessionId("ses");
    /// An assistant.
    AssistantId("ast");
    /// An entry of the answer book.
    AnswerId("ans");
    /// A question that nothing answered.
    QuestionId("qst");
    /// Somebody callers are put through to.
    PersonId("per");
    /// A line of the table that decides who answers.
    RuleId("rul");
    /// A call somebody asked for.
    CallbackId("cbk");
    /// A tool of an organisation's own.
    ToolId("tool");
    /// A call, from first ring to summary.
    CallId("call");
    /// A phone number an organisation owns.
    NumberId("num");
    /// A text message.
    MessageId("msg");
    /// One attempt to deliver a webhook to us.
    HookId("hook");
    /// A tag that calls carry.
    TagId("tag");
    /// A saved view of the call log.
    ViewId("view");
    /// A note beside a call.
    NoteId("note");
    /// One hearing of a recording.
    UseId("use");
    /// A key of the public API.
    ApiKeyId("key");
    /// A role of an organisation's own.
    RoleId("role");
    /// An address that outgoing webhooks are sent to.
    EndpointId("whe");
    /// Something that happened, as outgoing webhooks tell it.
    EventId("evt");
    /// What is owed to one endpoint for one event.
    DeliveryId("whd");
    /// An invitation into an organisation.
    InvitationId("inv");
    /// A mail domain that an organisation claims.
    MailDomainId("dom");
    /// Some people of an organisation who share work.
    TeamId("team");
    /// An action somebody took on a live call.
    ActionId("act");
    /// A scripted caller with expectations.
    RehearsalId("reh");
    /// One run of a rehearsal.
    RunId("run");
    /// A conversation with a draft by text.
    TalkId("talk");
    /// A request, or a failure as told to its reader.
    IncidentId("inc");
}

/// Text that is not an id of the wanted kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this kind")]
pub struct BadId;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// 26 lowercase characters for 128 bits.
pub(crate) fn encode(id: Uuid) -> String {
    let value = id.as_u128();
    (0..26).map(|at| char::from(ALPHABET[((value >> (5 * (25 - at))) & 31) as usize])).collect()
}

pub(crate) fn decode(text: &str, prefix: &str) -> Result<Uuid, BadId> {
    let digits = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).ok_or(BadId)?;
    // The first character carries three bits only.
    if digits.len() != 26 || digits.as_bytes()[0] > b'7' {
        return Err(BadId);
    }
    digits
        .bytes()
        .try_fold(0u128, |value, byte| {
            let digit = ALPHABET.iter().position(|known| *known == byte).ok_or(BadId)?;
            Ok(value << 5 | digit as u128)
        })
        .map(Uuid::from_u128)
}

/// The 48-bit millisecond time at the front of a UUIDv7.
pub fn uuid_time(id: Uuid) -> DateTime<Utc> {
    DateTime::from_timestamp_millis((id.as_u128() >> 80) as i64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn reading_what_was_written_gives_the_same_id(bits: u128) {
            let id = CallId(Uuid::from_u128(bits));
            prop_assert_eq!(id.to_string().parse::<CallId>(), Ok(id));
        }

        #[test]
        fn garbage_never_panics(text in ".{0,40}") {
            let _ = text.parse::<CallId>();
        }
    }

    #[test]
    fn another_kind_is_refused() {
        let id = CallId(Uuid::from_u128(7));
        assert_eq!(id.to_string().replace("call_", "org_").parse::<CallId>(), Err(BadId));
    }

    #[test]
    fn an_id_knows_its_time() {
        let at = DateTime::from_timestamp_millis(1_790_000_000_123).unwrap_or_default();
        assert_eq!(CallId::at(at).time(), at);
    }
}
