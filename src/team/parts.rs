//! What the parts of the page share: what is open, and the names of roles.

use super::model::*;
use crate::{
    i18n::t,
    kit::role_key,
    shared::{ids::AccountId, permission::RoleChoice},
};
use leptos::prelude::*;

/// What is open on the page, and how often something was written.
#[derive(Clone, Copy)]
pub struct Desk {
    pub changes: RwSignal<u32>,
    /// A list of people to invite.
    pub is_importing: RwSignal<bool>,
    pub is_limiting: RwSignal<bool>,
    /// Whom the dialog limits.
    pub limited: RwSignal<Option<Member>>,
    pub is_asking: RwSignal<bool>,
    /// Whose permissions are explained.
    pub asked: RwSignal<Option<(AccountId, String)>>,
    pub is_editing: RwSignal<bool>,
    /// The role that is changed; a new one when there is none.
    pub edited: RwSignal<Option<OwnRole>>,
}

impl Desk {
    /// Nothing is open.
    pub fn new() -> Self {
        Self {
            changes: RwSignal::new(0),
            is_importing: RwSignal::new(false),
            is_limiting: RwSignal::new(false),
            limited: RwSignal::new(None),
            is_asking: RwSignal::new(false),
            asked: RwSignal::new(None),
            is_editing: RwSignal::new(false),
            edited: RwSignal::new(None),
        }
    }

    /// Something was written: the team is read anew.
    pub fn changed(self) {
        self.changes.update(|changes| *changes += 1);
    }
}

/// The name of a role.
pub fn role_name(role: RoleChoice, own: &[OwnRole]) -> String {
    match role {
        RoleChoice::Given(role) => t(role_key(role)).to_owned(),
        RoleChoice::Own(id) => own.iter().find(|role| role.id == id).map(|role| role.name.clone()).unwrap_or_default(),
    }
}
