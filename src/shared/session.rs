//! What the interface knows of who is signed in.

use super::{
    ids::{AccountId, OrgId},
    permission::{Permission, Role},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

text_enum! {
    /// What of the organisation's sign-in rules somebody does not meet.
    Barred {
        /// They come from an address that is not allowed.
        Address = "address",
        /// They have no second factor, or have not shown it.
        SecondFactor = "second_factor",
        /// They have not come by Google, with an account of the organisation's domain.
        Google = "google",
    }
}

/// The reader: who, where, and what they may do. Given by the server with the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    pub account_id: AccountId,
    pub account_name: String,
    pub email: String,
    pub email_confirmed: bool,
    pub org_id: OrgId,
    pub org_name: String,
    /// Other organisations this person belongs to, by name.
    #[serde(default)]
    pub others: Vec<(OrgId, String)>,
    pub role: Role,
    /// The name of the role, when it is one of the organisation's own.
    #[serde(default)]
    pub own_role: Option<String>,
    pub permissions: Vec<Permission>,
    /// They see some assistants only, and the calls of these.
    #[serde(default)]
    pub is_limited: bool,
    /// The role they see Zencall as for a while: its text (`agent`), or its name when it is one of the organisation's own.
    #[serde(default)]
    pub viewing: Option<String>,
    /// What of the organisation's sign-in rules they do not meet: they may do nothing here.
    #[serde(default)]
    pub barred: Option<Barred>,
    /// Until when they have to set a second factor up.
    #[serde(default)]
    pub second_factor_by: Option<DateTime<Utc>>,
    /// `fr`, `en`.
    pub locale: String,
    /// IANA name, such as `Europe/Paris`.
    pub timezone: String,
    /// The zone's distance from UTC now, in minutes: what browser and server format times with.
    pub utc_offset_minutes: i32,
    /// The providers are simulators.
    pub sandbox: bool,
    pub has_demo_data: bool,
}

impl Session {
    /// Whether the interface shows what needs this permission. The server decides again.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }

    /// The same for what concerns every assistant.
    pub fn may_for_all(&self, permission: Permission) -> bool {
        !self.is_limited && self.may(permission)
    }
}
