//! What outgoing webhooks tell: one name is one shape for ever. Fields are added, their meaning never changes.

text_enum! {
    /// Something that happened, as other systems hear of it.
    EventKind {
        CallStarted = "call.started",
        CallEnded = "call.ended",
        CallAnalysed = "call.analysed",
        CallAssigned = "call.assigned",
        MessageTaken = "message.taken",
        AssistantPublished = "assistant.published",
        MemberJoined = "member.joined",
        MemberRemoved = "member.removed",
        KeyCreated = "key.created",
        KeyRevoked = "key.revoked",
        NumberConnected = "number.connected",
    }
}

/// A field of an event's `data`: its name, the prefix of its id (none: plain text or a whole number), and whether it may be null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: &'static str,
    pub kind: FieldKind,
    pub is_nullable: bool,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// An id with this prefix.
    Id(&'static str),
    /// One of these words.
    Word(&'static [&'static str]),
    /// A whole number.
    Whole,
}

const fn id(name: &'static str, prefix: &'static str) -> Field {
    Field { name, kind: FieldKind::Id(prefix), is_nullable: false }
}

const CALL: Field = id("call", "call");
const DIRECTION: Field = Field { name: "direction", kind: FieldKind::Word(&["inbound", "outbound", "web"]), is_nullable: false };

impl EventKind {
    /// The fields of `data`: ids, so that whoever wants more asks for it, with a key that may.
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::CallStarted | Self::CallEnded => &[CALL, DIRECTION],
            Self::CallAnalysed => &[CALL],
            Self::CallAssigned => &[CALL, Field { name: "member", kind: FieldKind::Id("acc"), is_nullable: true }],
            Self::MessageTaken => &[CALL],
            Self::AssistantPublished => {
                const { &[id("assistant", "ast"), Field { name: "version", kind: FieldKind::Whole, is_nullable: false }] }
            }
            Self::MemberJoined | Self::MemberRemoved => const { &[id("member", "acc")] },
            Self::KeyCreated | Self::KeyRevoked => const { &[id("key", "key")] },
            Self::NumberConnected => const { &[id("number", "num")] },
        }
    }
}
