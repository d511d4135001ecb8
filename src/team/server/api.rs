//! Door 3: the team over the public API. Its types are frozen: fields are added, never renamed or taken away.

use super::actions;
use crate::{
    platform::{
        OrgScope,
        api::{Body, Problem, id},
    },
    server::AppState,
    shared::{
        ids::{AccountId, InvitationId},
        permission::{Permission, Role},
    },
    team::model::{FreshInvitation, Invitation, InviteForm, Member},
};
use axum::{
    Json, Router,
    extract::Path,
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use chrono::{DateTime, Utc};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

/// What this file adds to the description.
#[derive(OpenApi)]
#[openapi(paths(list_members, remove_member, set_role, list_invitations, invite, revoke_invitation, resend_invitation))]
pub struct Doors;

/// The doors.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/v1/members", get(list_members))
        .route("/api/v1/members/{id}", axum::routing::delete(remove_member))
        .route("/api/v1/members/{id}/role", put(set_role))
        .route("/api/v1/invitations", get(list_invitations).post(invite))
        .route("/api/v1/invitations/{id}", axum::routing::delete(revoke_invitation))
        .route("/api/v1/invitations/{id}/resend", post(resend_invitation))
}

/// Everybody.
#[derive(Serialize, ToSchema)]
struct MemberList {
    items: Vec<MemberBody>,
}

/// Somebody of the organisation.
#[derive(Serialize, ToSchema)]
struct MemberBody {
    id: AccountId,
    name: String,
    email: String,
    role: Role,
    joined_at: DateTime<Utc>,
}

impl From<Member> for MemberBody {
    fn from(member: Member) -> Self {
        Self { id: member.account, name: member.name, email: member.email, role: member.role, joined_at: member.joined_at }
    }
}

/// What somebody is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleBody {
    role: Role,
}

/// Those who have not answered.
#[derive(Serialize, ToSchema)]
struct InvitationList {
    items: Vec<InvitationBody>,
}

/// Somebody who has not answered.
#[derive(Serialize, ToSchema)]
struct InvitationBody {
    id: InvitationId,
    email: String,
    role: Role,
    /// Null when they have left, or a program did it.
    invited_by: Option<String>,
    sent_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl From<Invitation> for InvitationBody {
    fn from(invitation: Invitation) -> Self {
        Self {
            id: invitation.id,
            email: invitation.email,
            role: invitation.role,
            invited_by: invitation.invited_by,
            sent_at: invitation.sent_at,
            expires_at: invitation.expires_at,
        }
    }
}

/// People to invite.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct InviteBody {
    /// 1 to 50 addresses.
    emails: Vec<String>,
    role: Role,
}

/// Invitations that were sent; who belongs to the organisation already is left out.
#[derive(Serialize, ToSchema)]
struct FreshList {
    items: Vec<FreshBody>,
}

/// An invitation that was sent.
#[derive(Serialize, ToSchema)]
struct FreshBody {
    id: InvitationId,
    email: String,
    /// Good once, for seven days; in this answer and never again.
    url: String,
}

impl From<FreshInvitation> for FreshBody {
    fn from(fresh: FreshInvitation) -> Self {
        Self { id: fresh.id, email: fresh.email, url: fresh.url }
    }
}

/// List the members
#[utoipa::path(get, path = "/api/v1/members", tag = "team", responses((status = 200, body = MemberList)))]
async fn list_members(scope: OrgScope) -> Result<Json<MemberList>, Problem> {
    let team = actions::read(&scope).await?;
    Ok(Json(MemberList { items: team.members.into_iter().map(MemberBody::from).collect() }))
}

/// Take somebody out of the organisation
///
/// From this moment on. A key takes no owner out.
#[utoipa::path(delete, path = "/api/v1/members/{id}", tag = "team", params(("id" = AccountId, Path)), responses((status = 204)))]
async fn remove_member(scope: OrgScope, Path(text): Path<String>) -> Result<StatusCode, Problem> {
    scope.require(Permission::TeamManage)?;
    actions::remove(&scope, id(&text, "member")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give somebody another role
///
/// From this moment on. A key neither makes nor unmakes an owner.
#[utoipa::path(put, path = "/api/v1/members/{id}/role", tag = "team", params(("id" = AccountId, Path)), request_body = RoleBody, responses((status = 204)))]
async fn set_role(scope: OrgScope, Path(text): Path<String>, Body(body): Body<RoleBody>) -> Result<StatusCode, Problem> {
    scope.require(Permission::TeamManage)?;
    actions::set_role(&scope, id(&text, "member")?, body.role).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List open invitations
#[utoipa::path(get, path = "/api/v1/invitations", tag = "team", responses((status = 200, body = InvitationList)))]
async fn list_invitations(scope: OrgScope) -> Result<Json<InvitationList>, Problem> {
    let open = actions::open_invitations(&scope).await?;
    Ok(Json(InvitationList { items: open.into_iter().map(InvitationBody::from).collect() }))
}

/// Invite people by mail
#[utoipa::path(post, path = "/api/v1/invitations", tag = "team", request_body = InviteBody, responses((status = 201, body = FreshList)))]
async fn invite(scope: OrgScope, Body(body): Body<InviteBody>) -> Result<Response, Problem> {
    scope.require(Permission::TeamManage)?;
    let form = InviteForm { emails: body.emails.join("\n"), role: body.role.name().to_owned() };
    let (emails, role) = form.parse()?;
    let items = actions::invite(&scope, &emails, role).await?.into_iter().map(FreshBody::from).collect();
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(FreshList { items })).into_response())
}

/// Take an invitation back
#[utoipa::path(delete, path = "/api/v1/invitations/{id}", tag = "team", params(("id" = InvitationId, Path)), responses((status = 204)))]
async fn revoke_invitation(scope: OrgScope, Path(text): Path<String>) -> Result<StatusCode, Problem> {
    scope.require(Permission::TeamManage)?;
    actions::revoke(&scope, id(&text, "invitation")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send an invitation again
///
/// With another link; the one before it is good no more.
#[utoipa::path(post, path = "/api/v1/invitations/{id}/resend", tag = "team", params(("id" = InvitationId, Path)), responses((status = 200, body = FreshBody)))]
async fn resend_invitation(scope: OrgScope, Path(text): Path<String>) -> Result<Response, Problem> {
    scope.require(Permission::TeamManage)?;
    let fresh = actions::resend(&scope, id(&text, "invitation")?).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(FreshBody::from(fresh))).into_response())
}
