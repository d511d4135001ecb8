//! Who may do what. Roles are sets of permissions; the check stands in `platform::tenancy` alone.

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
        /// Say where outgoing webhooks go, and see what became of them.
        WebhooksManage = "webhooks.manage",
    }
}

/// Some permissions: what a key may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permissions(u64);

impl Permissions {
    /// Whether this one is among them.
    pub fn has(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u32) != 0
    }

    /// All of them, in declaration order.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.has(*permission))
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
            ],
            Self::Agent => &[CallsRead, CallsStart, CallsControl, CallsListen, CallsAnalyse, CallsNote, AssistantsRead, TeamRead],
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
