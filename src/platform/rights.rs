//! What somebody may do in an organisation, from the rows that say so: a role, given or the organisation's own; the assistants they are limited
//! to; and the role they see Zencall as, for a while, without a hand on anything.

use crate::shared::{
    ids::{AssistantId, OrgId, RoleId},
    permission::{Permission, Permissions, Role, RoleChoice},
    session::Barred,
};
use sqlx::PgConnection;
use std::sync::Arc;
use uuid::Uuid;

/// The assistants that somebody is limited to; absent: all of them.
pub type Limit = Option<Arc<[AssistantId]>>;

/// What a person may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    /// Read-only for who has one of the organisation's own.
    pub role: Role,
    pub own_role: Option<RoleId>,
    /// What is left after limit and view.
    pub permissions: Permissions,
    pub limit: Limit,
    /// The role they see Zencall as. Nothing is written meanwhile.
    pub viewing: Option<RoleChoice>,
    /// What of the organisation's sign-in rules they do not meet. Nothing is permitted meanwhile.
    pub barred: Option<Barred>,
}

/// The columns that say it.
pub(super) struct Row {
    pub role: Role,
    pub own_role: Option<RoleId>,
    pub own_permissions: Option<Vec<String>>,
    pub assistants: Option<Vec<Uuid>>,
    /// A role's name, or the id of one of the organisation's own.
    pub view_as: Option<String>,
    pub view_permissions: Option<Vec<String>>,
    /// `second_factor`, `address`.
    pub barred: Option<String>,
}

impl From<Role> for Rights {
    fn from(role: Role) -> Self {
        Self { role, own_role: None, permissions: role.into(), limit: None, viewing: None, barred: None }
    }
}

impl From<Row> for Rights {
    fn from(row: Row) -> Self {
        // A reason that this version does not know is one all the same.
        let barred = row.barred.map(|why| why.parse().unwrap_or(Barred::Address));
        let mut permissions = match &row.own_permissions {
            _ if barred.is_some() => Permissions::default(),
            Some(names) => Permissions::of_names(names),
            None => row.role.into(),
        };
        if row.assistants.is_some() {
            permissions = permissions.under_a_limit();
        }
        let viewing = row.view_as.as_deref().and_then(viewed);
        match (viewing, &row.view_permissions) {
            (Some(RoleChoice::Given(role)), _) => permissions = permissions.and(role.into()),
            (Some(RoleChoice::Own(_)), names) => permissions = permissions.and(Permissions::of_names(names.iter().flatten())),
            (None, _) => {}
        }
        let limit = row.assistants.map(|ids| ids.into_iter().map(AssistantId).collect());
        Self { role: row.role, own_role: row.own_role, permissions, limit, viewing, barred }
    }
}

/// Somebody to write to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    pub email: String,
    pub name: String,
    pub locale: String,
}

/// The members of an organisation who may do this, roles of its own and limits counted.
pub async fn who_may(conn: &mut PgConnection, org: OrgId, permission: Permission) -> sqlx::Result<Vec<Reader>> {
    let rows = sqlx::query!(
        r#"
        select a.email, a.name, a.locale, m.role as "role: Role", m.own_role as "own_role: RoleId", own.permissions as "own_permissions?", m.assistants
        from members m
        join accounts a on a.id = m.account_id
        left join roles own on own.org_id = m.org_id and own.id = m.own_role
        where m.org_id = $1
        order by a.id
        "#,
        org.0
    )
    .fetch_all(conn)
    .await?;
    let readers = rows.into_iter().filter_map(|row| {
        let (role, own_role, own_permissions, assistants) = (row.role, row.own_role, row.own_permissions, row.assistants);
        let rights = Rights::from(Row { role, own_role, own_permissions, assistants, view_as: None, view_permissions: None, barred: None });
        rights.permissions.has(permission).then_some(Reader { email: row.email, name: row.name, locale: row.locale })
    });
    Ok(readers.collect())
}

fn viewed(text: &str) -> Option<RoleChoice> {
    match text.parse::<Uuid>() {
        Ok(id) => Some(RoleChoice::Own(RoleId(id))),
        Err(_) => text.parse().ok().map(RoleChoice::Given),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::permission::Permission;

    fn row(role: Role) -> Row {
        Row { role, own_role: None, own_permissions: None, assistants: None, view_as: None, view_permissions: None, barred: None }
    }

    #[test]
    fn a_role_of_ones_own_stands_in_for_the_given_one() {
        let own = Rights::from(Row { own_permissions: Some(vec!["calls.start".into(), "unknown".into()]), ..row(Role::ReadOnly) });
        assert_eq!(own.permissions.iter().collect::<Vec<_>>(), [Permission::CallsStart]);
        assert_eq!(Rights::from(row(Role::Agent)), Rights::from(Role::Agent));
    }

    #[test]
    fn a_limit_and_a_view_only_take_away() {
        let limited = Rights::from(Row { assistants: Some(vec![]), ..row(Role::Owner) });
        assert!(!limited.permissions.has(Permission::TeamManage) && limited.limit.is_some_and(|limit| limit.is_empty()));
        let viewing = Rights::from(Row { view_as: Some("owner".into()), ..row(Role::Agent) });
        assert_eq!(viewing.permissions, Role::Agent.into());
        let removed = Rights::from(Row { view_as: Some(Uuid::nil().to_string()), ..row(Role::Owner) });
        assert_eq!(removed.permissions, Permissions::default());
    }
}
