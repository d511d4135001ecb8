//! The team as both targets see it.

use crate::shared::{
    error::{AppError, FieldErrors},
    ids::{AccountId, AssistantId, InvitationId, RoleId},
    permission::{Permission, Permissions, Role, RoleChoice},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

pub use crate::assistants::LimitForm;

/// How many may be invited at once.
const MOST_AT_ONCE: usize = 50;

/// How many roles of its own an organisation may have.
pub const MOST_ROLES: usize = 30;

/// Somebody of the organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub account: AccountId,
    pub name: String,
    pub email: String,
    /// Read-only for who has one of the organisation's own.
    pub role: Role,
    pub own_role: Option<RoleId>,
    /// The assistants they are limited to, and the calls of these; absent: all.
    pub assistants: Option<Vec<AssistantId>>,
    pub joined_at: DateTime<Utc>,
}

impl Member {
    /// Their role, whichever kind it is.
    pub fn choice(&self) -> RoleChoice {
        self.own_role.map_or(RoleChoice::Given(self.role), RoleChoice::Own)
    }
}

/// A role of the organisation's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnRole {
    pub id: RoleId,
    pub name: String,
    pub permissions: Vec<Permission>,
    /// How many have it.
    pub members: i64,
}

/// Why somebody may do a thing, or may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Their role has it.
    Yes,
    /// Their role has it, and it counts for the assistants they are limited to.
    WithinLimit,
    /// Their role has it, but it concerns everything, and they are limited.
    LostToLimit,
    /// Their role does not have it.
    NotInRole,
}

/// What somebody may do, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    pub member: Member,
    /// The name of their role, when it is one of the organisation's own.
    pub own_role: Option<String>,
    /// The names of the assistants they are limited to.
    pub assistants: Option<Vec<String>>,
    /// Every permission there is.
    pub verdicts: Vec<(Permission, Verdict)>,
}

/// Judges a permission: what the role has, under a limit or not.
pub fn verdict(permission: Permission, role: Permissions, is_limited: bool) -> Verdict {
    match (role.has(permission), is_limited, permission.suits_a_limit()) {
        (false, ..) => Verdict::NotInRole,
        (true, false, _) => Verdict::Yes,
        (true, true, true) => Verdict::WithinLimit,
        (true, true, false) => Verdict::LostToLimit,
    }
}

/// What the form of a role sends, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoleForm {
    pub name: String,
    pub permissions: Vec<String>,
}

/// A role to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRole {
    pub name: String,
    pub permissions: Permissions,
}

impl RoleForm {
    /// Reads the form. Errors: `Invalid`, each field by its name.
    pub fn parse(&self) -> Result<NewRole, AppError> {
        let mut wrong = FieldErrors::default();
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > 40 || name.chars().any(char::is_control) {
            wrong.add("name", "team.role_name");
        }
        let permissions = Permissions::of_names(&self.permissions);
        let is_known = self.permissions.iter().all(|name| name.parse::<Permission>().is_ok());
        if !is_known || permissions == Permissions::default() {
            wrong.add("permissions", "team.role_permissions");
        }
        wrong.into_result()?;
        Ok(NewRole { name: name.to_owned(), permissions })
    }
}

/// Somebody who has not answered yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    pub id: InvitationId,
    pub email: String,
    pub role: RoleChoice,
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
    /// The organisation's own roles, by name.
    pub own_roles: Vec<OwnRole>,
    /// Roles the reader may give.
    pub may_give: Vec<RoleChoice>,
    /// What the reader may put into a role.
    pub may_grant: Vec<Permission>,
    /// Those that somebody may be limited to, by name.
    pub assistants: Vec<(AssistantId, String)>,
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
    pub fn parse(&self) -> Result<(Vec<String>, RoleChoice), AppError> {
        let mut wrong = FieldErrors::default();
        let typed = self.emails.split([',', ';', '\n', '\r', ' ', '\t']).map(str::trim).filter(|email| !email.is_empty());
        let emails: BTreeSet<String> = typed.map(str::to_lowercase).collect();
        if emails.is_empty() || emails.iter().any(|email| email.parse::<crate::account::model::Email>().is_err()) {
            wrong.add("emails", "team.emails");
        } else if emails.len() > MOST_AT_ONCE {
            wrong.add("emails", "team.too_many");
        }
        let role = self.role.parse::<RoleChoice>();
        if role.is_err() {
            wrong.add("role", "team.role");
        }
        match role {
            Ok(role) if wrong.is_empty() => Ok((emails.into_iter().collect(), role)),
            _ => Err(wrong.into()),
        }
    }
}

/// How many lines a list of people to invite may have.
pub const MOST_LINES: usize = 500;
/// How long it may be, in bytes.
pub const LONGEST_LIST: usize = 256 * 1024;

/// A list of people to invite, as it was typed or uploaded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListForm {
    /// A table: address, role, language; with or without a line of headings.
    pub text: String,
    /// The role of those whose line names none; empty: each line has to.
    pub role: String,
    /// The language of the letters whose line names none; empty: the organisation's.
    pub language: String,
}

/// What becomes of a line of such a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Is written to.
    New,
    /// Belongs to the organisation already: left out.
    Member,
    /// Has an open invitation already: left out, and that one stays as it is.
    Invited,
    /// Stands in a line above.
    Twice,
    /// More than may be open at once.
    TooMany,
    /// Not understood, or not allowed.
    Wrong,
}

impl Outcome {
    /// All of them, in the order they are told.
    pub const ALL: [Self; 6] = [Self::New, Self::Member, Self::Invited, Self::Twice, Self::TooMany, Self::Wrong];
}

/// A line of such a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListLine {
    pub line: u32,
    /// As typed, when it is none.
    pub email: String,
    /// Absent for a line that is wrong.
    pub role: Option<RoleChoice>,
    pub outcome: Outcome,
    /// Which field is wrong: `email`, `role`, `language`, `line`.
    pub field: Option<String>,
    /// The key of what is wrong with it.
    pub code: Option<String>,
}

/// What a list does, or did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListReport {
    /// All of them, in their order.
    pub lines: Vec<ListLine>,
    /// How many letters do not leave at once.
    pub later: u32,
    /// In how many minutes the last letter leaves; 0: all at once.
    pub minutes: u32,
}

impl ListReport {
    /// How many lines have this outcome.
    pub fn count(&self, outcome: Outcome) -> u32 {
        u32::try_from(self.lines.iter().filter(|line| line.outcome == outcome).count()).unwrap_or(u32::MAX)
    }
}

/// Whether somebody who may do `own` and is an owner, or not, may give a role, and take it from others. Nobody gives more than they have; an
/// owner is made by owners. A program (no `own`) stands for the organisation, and makes no owner.
pub fn may_give(role: RoleChoice, permissions: Permissions, is_owner: bool, own: Option<Permissions>) -> bool {
    if role == RoleChoice::Given(Role::Owner) {
        return is_owner;
    }
    own.is_none_or(|own| permissions.are_within(own))
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
        assert_eq!(read, Ok((vec!["ines@tilleuls.example".into(), "paul@tilleuls.example".into()], RoleChoice::Given(Role::Agent))));
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
    fn only_owners_make_owners_and_nobody_gives_more_than_they_have() {
        let gives = |role: Role, is_owner, own: Option<Permissions>| may_give(RoleChoice::Given(role), role.into(), is_owner, own);
        let (all, few) = (Permissions::from(Role::Admin), [Permission::CallsRead, Permission::AssistantsRead].into_iter().collect());
        assert!(gives(Role::Owner, true, Some(all)) && gives(Role::Admin, true, Some(all)));
        assert!(!gives(Role::Owner, false, Some(all)) && gives(Role::Admin, false, Some(all)));
        assert!(!gives(Role::Owner, false, None) && gives(Role::Admin, false, None));
        assert!(gives(Role::ReadOnly, false, Some(few)) && !gives(Role::Agent, false, Some(few)));
    }

    #[test]
    fn a_role_has_a_name_and_permissions_we_know() {
        let form = |name: &str, permissions: &[&str]| RoleForm {
            name: name.into(),
            permissions: permissions.iter().map(|name| (*name).to_owned()).collect(),
        };
        let read = form(" Évening ", &["calls.read", "calls.start"]).parse().expect("a role");
        assert_eq!((read.name.as_str(), read.permissions.iter().count()), ("Évening", 2));
        let fields = |form: RoleForm| form.parse().expect_err("refused").fields().0.into_keys().collect::<Vec<_>>();
        assert_eq!(fields(form("", &[])), ["name", "permissions"]);
        assert_eq!(fields(form(&"x".repeat(41), &["calls.read"])), ["name"]);
        assert_eq!(fields(form("Soir", &["calls.read", "calls.everything"])), ["permissions"]);
    }

    #[test]
    fn a_verdict_names_its_reason() {
        let admin = Permissions::from(Role::Admin);
        assert_eq!(verdict(Permission::CallsRead, admin, false), Verdict::Yes);
        assert_eq!(verdict(Permission::CallsRead, admin, true), Verdict::WithinLimit);
        assert_eq!(verdict(Permission::TeamManage, admin, true), Verdict::LostToLimit);
        assert_eq!(verdict(Permission::TeamManage, Role::Agent.into(), true), Verdict::NotInRole);
    }
}
