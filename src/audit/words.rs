//! Words of the log in the reader's language. A word of a later version is shown as it stands.

use crate::{
    i18n::{Key, t, words as w},
    shared::audit::{Act, Object},
};

/// What was done.
pub fn act_words(act: &str) -> String {
    act.parse().map_or_else(|_| act.to_owned(), |act| t(act_key(act)).to_owned())
}

/// What it was done to.
pub fn object_words(object: &str) -> String {
    object.parse().map_or_else(|_| object.to_owned(), |object| t(object_key(object)).to_owned())
}

pub fn act_key(act: Act) -> Key {
    match act {
        Act::Created => w::AUDIT_ACT_CREATED,
        Act::Changed => w::AUDIT_ACT_CHANGED,
        Act::Deleted => w::AUDIT_ACT_DELETED,
        Act::Restored => w::AUDIT_ACT_RESTORED,
        Act::Revoked => w::AUDIT_ACT_REVOKED,
        Act::Accepted => w::AUDIT_ACT_ACCEPTED,
        Act::SignedIn => w::AUDIT_ACT_SIGNED_IN,
        Act::SignedOut => w::AUDIT_ACT_SIGNED_OUT,
        Act::SessionsEnded => w::AUDIT_ACT_SESSIONS_ENDED,
        Act::PasswordChanged => w::AUDIT_ACT_PASSWORD_CHANGED,
        Act::PasswordReset => w::AUDIT_ACT_PASSWORD_RESET,
        Act::EmailChanged => w::AUDIT_ACT_EMAIL_CHANGED,
        Act::SecondFactorOn => w::AUDIT_ACT_SECOND_FACTOR_ON,
        Act::SecondFactorOff => w::AUDIT_ACT_SECOND_FACTOR_OFF,
        Act::CodesDrawn => w::AUDIT_ACT_CODES_DRAWN,
        Act::ViewedAs => w::AUDIT_ACT_VIEWED_AS,
        Act::ViewEnded => w::AUDIT_ACT_VIEW_ENDED,
        Act::Exported => w::AUDIT_ACT_EXPORTED,
        Act::Heard => w::AUDIT_ACT_HEARD,
        Act::Controlled => w::AUDIT_ACT_CONTROLLED,
        Act::Started => w::AUDIT_ACT_STARTED,
        Act::Replayed => w::AUDIT_ACT_REPLAYED,
        Act::GoogleConnected => w::AUDIT_ACT_GOOGLE_CONNECTED,
        Act::GoogleDisconnected => w::AUDIT_ACT_GOOGLE_DISCONNECTED,
    }
}

pub fn object_key(object: Object) -> Key {
    match object {
        Object::Organisation => w::AUDIT_OF_ORGANISATION,
        Object::Member => w::AUDIT_OF_MEMBER,
        Object::Role => w::AUDIT_OF_ROLE,
        Object::Invitation => w::AUDIT_OF_INVITATION,
        Object::MailDomain => w::AUDIT_OF_MAIL_DOMAIN,
        Object::Key => w::AUDIT_OF_KEY,
        Object::Team => w::AUDIT_OF_TEAM,
        Object::TeamMember => w::AUDIT_OF_TEAM_MEMBER,
        Object::WorkRule => w::AUDIT_OF_WORK_RULE,
        Object::Webhook => w::AUDIT_OF_WEBHOOK,
        Object::Assistant => w::AUDIT_OF_ASSISTANT,
        Object::Version => w::AUDIT_OF_VERSION,
        Object::Number => w::AUDIT_OF_NUMBER,
        Object::Provider => w::AUDIT_OF_PROVIDER,
        Object::Carrier => w::AUDIT_OF_CARRIER,
        Object::Answer => w::AUDIT_OF_ANSWER,
        Object::Reception => w::AUDIT_OF_RECEPTION,
        Object::Person => w::AUDIT_OF_PERSON,
        Object::Tool => w::AUDIT_OF_TOOL,
        Object::Caller => w::AUDIT_OF_CALLER,
        Object::Rehearsal => w::AUDIT_OF_REHEARSAL,
        Object::RehearsalRule => w::AUDIT_OF_REHEARSAL_RULE,
        Object::Retention => w::AUDIT_OF_RETENTION,
        Object::SignInRules => w::AUDIT_OF_SIGN_IN_RULES,
        Object::Account => w::AUDIT_OF_ACCOUNT,
        Object::Calls => w::AUDIT_OF_CALLS,
        Object::Call => w::AUDIT_OF_CALL,
        Object::Recording => w::AUDIT_OF_RECORDING,
        Object::Audit => w::AUDIT_OF_AUDIT,
        Object::Delivery => w::AUDIT_OF_DELIVERY,
    }
}
