//! The team as both targets see it.

use crate::shared::{
    error::{AppError, FieldErrors},
    ids::{AccountId, InvitationId},
    permission::Role,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How many may be invited at once.
const MOST_AT_ONCE: usize = 50;

/// Somebody of the organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub account: AccountId,
    pub name: String,
    pub email: String,
    pub role: Role,
    pub joined_at: DateTime<Utc>,
}

/// Somebody who has not answered yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    pub id: InvitationId,
    pub email: String,
    pub role: Role,
    /// Absent when they have left, or a program did it.
    pub invited_by: Option<String>,
    pub sent_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// Everybody, and those who are invited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// By name.
    pub members: Vec<Member>,
    /// Newest first.
    pub invitations: Vec<Invitation>,
    /// The reader; absent for a program.
    pub me: Option<AccountId>,
    /// Roles the reader may give.
    pub may_give: Vec<Role>,
    pub now: DateTime<Utc>,
}

/// An invitation with its link, which is shown this once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreshInvitation {
    pub id: InvitationId,
    pub email: String,
    pub url: String,
}

/// What the form of an invitation sends, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InviteForm {
    /// One a line, or between commas.
    pub emails: String,
    pub role: String,
}

impl InviteForm {
    /// Reads the form: addresses in lower case, each once, and the role. Errors: `Invalid`.
    pub fn parse(&self) -> Result<(Vec<String>, Role), AppError> {
        let mut wrong = FieldErrors::default();
        let typed = self.emails.split([',', ';', '\n', '\r', ' ', '\t']).map(str::trim).filter(|email| !email.is_empty());
        let emails: BTreeSet<String> = typed.map(str::to_lowercase).collect();
        if emails.is_empty() || emails.iter().any(|email| email.parse::<crate::account::model::Email>().is_err()) {
            wrong.add("emails", "team.emails");
        } else if emails.len() > MOST_AT_ONCE {
            wrong.add("emails", "team.too_many");
        }
        let role = self.role.parse::<Role>();
        if role.is_err() {
            wrong.add("role", "team.role");
        }
        match role {
            Ok(role) if wrong.is_empty() => Ok((emails.into_iter().collect(), role)),
            _ => Err(wrong.into()),
        }
    }
}

/// The roles somebody of this role may give, and take from others: their own and those below. Absent: a program with the permission.
pub fn may_give(own: Option<Role>) -> Vec<Role> {
    Role::ALL.iter().copied().filter(|role| *role != Role::Owner || own == Some(Role::Owner)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(emails: &str, role: &str) -> InviteForm {
        InviteForm { emails: emails.into(), role: role.into() }
    }

    #[test]
    fn addresses_are_read_however_they_are_listed() {
        let read = form("Ines@tilleuls.example, paul@tilleuls.example\n\n ines@tilleuls.example;", "agent").parse();
        assert_eq!(read, Ok((vec!["ines@tilleuls.example".into(), "paul@tilleuls.example".into()], Role::Agent)));
    }

    #[test]
    fn each_wrong_field_is_named() {
        let refused = |emails: &str, role: &str| -> Vec<(String, String)> {
            form(emails, role).parse().expect_err("refused").fields().0.into_iter().collect()
        };
        let one = |field: &str, code: &str| (field.to_owned(), code.to_owned());
        assert_eq!(refused(" ,\n", "king"), [one("emails", "team.emails"), one("role", "team.role")]);
        assert_eq!(refused("ines@tilleuls.example, paul", "agent"), [one("emails", "team.emails")]);
        let many: Vec<String> = (0..51).map(|n| format!("p{n}@tilleuls.example")).collect();
        assert_eq!(refused(&many.join(","), "agent"), [one("emails", "team.too_many")]);
    }

    #[test]
    fn only_owners_make_owners() {
        assert!(may_give(Some(Role::Owner)).contains(&Role::Owner));
        assert!(!may_give(Some(Role::Admin)).contains(&Role::Owner) && !may_give(None).contains(&Role::Owner));
        assert_eq!(may_give(Some(Role::Admin)).len(), Role::ALL.len() - 1);
    }
}
