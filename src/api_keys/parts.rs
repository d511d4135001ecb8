//! What the parts of the page share: words for scopes and states, and what is open.

use super::model::*;
use crate::{
    i18n::{Key, t, words as w},
    kit::{Badge, Tone},
    shared::permission::Permission,
};
use leptos::prelude::*;

/// What is open on the page, and how often something was written.
#[derive(Clone, Copy)]
pub struct Desk {
    pub is_making: RwSignal<bool>,
    pub is_rolling: RwSignal<bool>,
    /// The key that is to be rolled.
    pub rolled: RwSignal<Option<KeyLine>>,
    pub is_limiting: RwSignal<bool>,
    /// The key whose limit is changed.
    pub limited: RwSignal<Option<KeyLine>>,
    /// The secret to be copied now.
    pub fresh: RwSignal<Option<FreshKey>>,
    pub changes: RwSignal<u32>,
    /// See [`crate::kit::drawn_anew`].
    pub draws: StoredValue<u128>,
}

impl Desk {
    /// Nothing is open.
    pub fn new() -> Self {
        Self {
            is_making: RwSignal::new(false),
            is_rolling: RwSignal::new(false),
            rolled: RwSignal::new(None),
            is_limiting: RwSignal::new(false),
            limited: RwSignal::new(None),
            fresh: RwSignal::new(None),
            changes: RwSignal::new(0),
            draws: StoredValue::new(0),
        }
    }

    /// A secret came: it is shown, and whatever was open closes.
    pub fn show(self, fresh: FreshKey) {
        self.fresh.set(Some(fresh));
        self.is_making.set(false);
        self.is_rolling.set(false);
        self.changed();
    }

    /// Something was written.
    pub fn changed(self) {
        self.changes.update(|changes| *changes += 1);
    }
}

/// What a scope lets a key do.
pub fn scope_word(permission: Permission) -> Key {
    match permission {
        Permission::CallsRead => w::API_KEYS_SCOPE_CALLS_READ,
        Permission::CallsStart => w::API_KEYS_SCOPE_CALLS_START,
        Permission::CallsControl => w::API_KEYS_SCOPE_CALLS_CONTROL,
        Permission::CallsListen => w::API_KEYS_SCOPE_CALLS_LISTEN,
        Permission::CallsExport => w::API_KEYS_SCOPE_CALLS_EXPORT,
        Permission::CallsAnalyse => w::API_KEYS_SCOPE_CALLS_ANALYSE,
        Permission::CallsNote => w::API_KEYS_SCOPE_CALLS_NOTE,
        Permission::CallsDelete => w::API_KEYS_SCOPE_CALLS_DELETE,
        Permission::AssistantsRead => w::API_KEYS_SCOPE_ASSISTANTS_READ,
        Permission::AssistantsEdit => w::API_KEYS_SCOPE_ASSISTANTS_EDIT,
        Permission::IntegrationsRead => w::API_KEYS_SCOPE_INTEGRATIONS_READ,
        Permission::IntegrationsManage => w::API_KEYS_SCOPE_INTEGRATIONS_MANAGE,
        Permission::KeysManage => w::API_KEYS_SCOPE_KEYS_MANAGE,
        Permission::OrgManage => w::API_KEYS_SCOPE_ORG_MANAGE,
        Permission::TeamRead => w::API_KEYS_SCOPE_TEAM_READ,
        Permission::TeamManage => w::API_KEYS_SCOPE_TEAM_MANAGE,
        Permission::CallsAssign => w::API_KEYS_SCOPE_CALLS_ASSIGN,
        Permission::WebhooksManage => w::API_KEYS_SCOPE_WEBHOOKS_MANAGE,
        Permission::AuditRead => w::API_KEYS_SCOPE_AUDIT_READ,
    }
}

/// Whether a key is good, as a badge.
#[component]
pub fn StateBadge(state: KeyState) -> impl IntoView {
    let (tone, word) = match state {
        KeyState::Active => (Tone::Ok, w::API_KEYS_STATE_ACTIVE),
        KeyState::Expired => (Tone::Warn, w::API_KEYS_STATE_EXPIRED),
        KeyState::Revoked => (Tone::Neutral, w::API_KEYS_STATE_REVOKED),
    };
    view! { <Badge tone>{t(word)}</Badge> }.into_any()
}
