//! Who may do what. Roles are sets of permissions; the check stands in `platform::tenancy` alone.

use super::ids::RoleId;

text_enum! {
    /// One thing a person or a key may be allowed to do.
    Permission {
        /// See calls, live and past, and their transcripts.
        CallsRead = "calls.read",
        /// Start a call.
        CallsStart = "calls.start",
        /// Speak, instruct, mute, transfer or end a live call.
        CallsControl = "calls.control",
        /// Hear a live call or a recording.
        CallsListen = "calls.listen",
        /// Take the call log away as a file.
        CallsExport = "calls.export",
        /// Have a finished call analysed again, which may cost.
        CallsAnalyse = "calls.analyse",
        /// Tag calls, and write beside them.
        CallsNote = "calls.note",
        /// Delete calls and recordings for good.
        CallsDelete = "calls.delete",
        /// See assistants.
        AssistantsRead = "assistants.read",
        /// Make, change, activate and delete assistants.
        AssistantsEdit = "assistants.edit",
        /// See how providers are connected, and the webhook journal.
        IntegrationsRead = "integrations.read",
        /// Change how providers are connected, and their secrets.
        IntegrationsManage = "integrations.manage",
        /// Make, roll and revoke keys of the public API, and read what came with them.
        KeysManage = "keys.manage",
        /// Rename the organisation, remove demo data.
        OrgManage = "org.manage",
        /// See who belongs to the organisation.
        TeamRead = "team.read",
        /// Invite people, change their roles, take them out.
        TeamManage = "team.manage",
        /// Give calls to people and teams, take them, and say how they stand.
        CallsAssign = "calls.assign",
        /// Say where outgoing webhooks go, and see what became of them.
        WebhooksManage = "webhooks.manage",
        /// Read the audit log: who changed what, and what was refused.
        AuditRead = "audit.read",
    }
}

impl Permission {
    /// Whether somebody who is limited to some assistants may have it: for those, and the calls they answer. The others concern everything.
    pub fn suits_a_limit(self) -> bool {
        use Permission::*;
        match self {
            CallsRead | CallsStart | CallsControl | CallsListen | CallsExport | CallsAnalyse | CallsNote | CallsDelete | AssistantsRead
            | AssistantsEdit | TeamRead | CallsAssign => true,
            IntegrationsRead | IntegrationsManage | KeysManage | OrgManage | TeamManage | WebhooksManage | AuditRead => false,
        }
    }
}

/// Some permissions: what a person or a key may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permissions(u64);

impl Permissions {
    /// Whether this one is among them.
    pub fn has(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u32) != 0
    }

    /// Whether all of these are among those.
    pub fn are_within(self, those: Self) -> bool {
        self.0 & !those.0 == 0
    }

    /// What is among both.
    pub fn and(self, those: Self) -> Self {
        Self(self.0 & those.0)
    }

    /// What of them is left to whoever is limited to some assistants.
    pub fn under_a_limit(self) -> Self {
        self.iter().filter(|permission| permission.suits_a_limit()).collect()
    }

    /// Of names as they are stored: a word this version does not know permits nothing.
    pub fn of_names<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Self {
        names.into_iter().filter_map(|name| name.as_ref().parse().ok()).collect()
    }

    /// All of them, in declaration order.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.has(*permission))
    }
}

impl From<Role> for Permissions {
    fn from(role: Role) -> Self {
        role.permissions().iter().copied().collect()
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().fold(0, |set, permission| set | 1 << permission as u32))
    }
}

text_enum! {
    /// What somebody is in an organisation.
    Role {
        Owner = "owner",
        Admin = "admin",
        Supervisor = "supervisor",
        Agent = "agent",
        Analyst = "analyst",
        Billing = "billing",
        Developer = "developer",
        ReadOnly = "read_only",
    }
}

impl Role {
    /// What this role may do.
    pub fn permissions(self) -> &'static [Permission] {
        use Permission::*;
        match self {
            Self::Owner | Self::Admin => Permission::ALL,
            Self::Supervisor => &[
                CallsRead,
                CallsStart,
                CallsControl,
                CallsListen,
                CallsExport,
                CallsAnalyse,
                CallsNote,
                AssistantsRead,
                AssistantsEdit,
                TeamRead,
                CallsAssign,
            ],
            Self::Agent => {
                &[CallsRead, CallsStart, CallsControl, CallsListen, CallsAnalyse, CallsNote, AssistantsRead, TeamRead, CallsAssign]
            }
            Self::Analyst => &[CallsRead, CallsListen, CallsExport, CallsAnalyse, CallsNote, AssistantsRead],
            Self::Billing => &[],
            Self::Developer => {
                &[CallsRead, AssistantsRead, AssistantsEdit, IntegrationsRead, IntegrationsManage, KeysManage, WebhooksManage]
            }
            Self::ReadOnly => &[CallsRead, AssistantsRead],
        }
    }

    /// Whether the role holds a permission.
    pub fn may(self, permission: Permission) -> bool {
        self.permissions().contains(&permission)
    }
}

/// A role somebody is given: one that every organisation has, or one of its own. As text `agent` or `role_01…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleChoice {
    Given(Role),
    Own(RoleId),
}

impl From<Role> for RoleChoice {
    fn from(role: Role) -> Self {
        Self::Given(role)
    }
}

impl std::fmt::Display for RoleChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Given(role) => role.fmt(f),
            Self::Own(id) => id.fmt(f),
        }
    }
}

impl std::str::FromStr for RoleChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(id) = text.parse() {
            return Ok(Self::Own(id));
        }
        text.parse().map(Self::Given)
    }
}

impl serde::Serialize for RoleChoice {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for RoleChoice {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "ssr")]
impl utoipa::PartialSchema for RoleChoice {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("A role that every organisation has, by its name, or one of its own, by its id."))
            .into()
    }
}

#[cfg(feature = "ssr")]
impl utoipa::ToSchema for RoleChoice {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_named_or_has_an_id() {
        let own = RoleId(uuid::Uuid::from_u128(7));
        assert_eq!(own.to_string().parse(), Ok(RoleChoice::Own(own)));
        assert_eq!("agent".parse(), Ok(RoleChoice::Given(Role::Agent)));
        assert!("king".parse::<RoleChoice>().is_err() && "role_x".parse::<RoleChoice>().is_err());
    }

    #[test]
    fn what_concerns_everything_is_lost_under_a_limit() {
        let left = Permissions::from(Role::Owner).under_a_limit();
        assert!(left.has(Permission::CallsDelete) && left.has(Permission::AssistantsEdit));
        assert!(!left.has(Permission::TeamManage) && !left.has(Permission::KeysManage));
        assert!(left.are_within(Permissions::from(Role::Owner)) && !Permissions::from(Role::Owner).are_within(left));
        assert_eq!(Permissions::of_names(["calls.read", "calls.of_tomorrow"]).iter().collect::<Vec<_>>(), [Permission::CallsRead]);
    }
}
