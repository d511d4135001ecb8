//! Door 3: the team over the public API. Its types are frozen: fields are added, never renamed or taken away.

use super::actions;
use crate::{
    platform::{
        OrgScope,
        api::{Body, Problem, id},
    },
    server::AppState,
    shared::{
        ids::{AccountId, AssistantId, InvitationId, MailDomainId, RoleId},
        permission::{Permission, Role, RoleChoice},
    },
    team::domains::{DomainTrouble, MailDomain, parse_domain},
    team::model::{FreshInvitation, Invitation, InviteForm, ListForm, ListLine, ListReport, Member, Outcome, OwnRole, RoleForm, Verdict},
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
#[openapi(paths(
    list_members,
    remove_member,
    set_role,
    set_limit,
    why,
    list_roles,
    create_role,
    update_role,
    delete_role,
    list_invitations,
    invite,
    import_invitations,
    list_domains,
    claim_domain,
    release_domain,
    check_domain,
    revoke_invitation,
    resend_invitation
))]
pub struct Doors;

/// The doors.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/v1/members", get(list_members))
        .route("/api/v1/members/{id}", axum::routing::delete(remove_member))
        .route("/api/v1/members/{id}/role", put(set_role))
        .route("/api/v1/members/{id}/limit", put(set_limit))
        .route("/api/v1/members/{id}/permissions", get(why))
        .route("/api/v1/roles", get(list_roles).post(create_role))
        .route("/api/v1/roles/{id}", put(update_role).delete(delete_role))
        .route("/api/v1/invitations", get(list_invitations).post(invite))
        .route("/api/v1/mail-domains", get(list_domains).post(claim_domain))
        .route("/api/v1/mail-domains/{id}", axum::routing::delete(release_domain))
        .route("/api/v1/mail-domains/{id}/check", post(check_domain))
        .route("/api/v1/invitations/import", post(import_invitations))
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
    role: RoleChoice,
    /// The assistants they are limited to, and the calls of these; null: all.
    assistants: Option<Vec<AssistantId>>,
    joined_at: DateTime<Utc>,
}

impl From<Member> for MemberBody {
    fn from(member: Member) -> Self {
        let role = member.choice();
        let Member { account, name, email, assistants, joined_at, .. } = member;
        Self { id: account, name, email, role, assistants, joined_at }
    }
}

/// What somebody is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleBody {
    role: RoleChoice,
}

/// What somebody is limited to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LimitBody {
    /// At least one; null: no limit.
    assistants: Option<Vec<AssistantId>>,
}

/// What somebody may do.
#[derive(Serialize, ToSchema)]
struct WhyBody {
    role: RoleChoice,
    /// The assistants they are limited to; null: all.
    assistants: Option<Vec<AssistantId>>,
    /// Every permission there is.
    permissions: Vec<VerdictBody>,
}

/// Whether somebody may do a thing, and why.
#[derive(Serialize, ToSchema)]
struct VerdictBody {
    permission: Permission,
    may: bool,
    /// `yes`; `within_limit`: for the assistants they are limited to; `lost_to_limit`: their role has it, but it concerns everything; `not_in_role`.
    #[schema(value_type = String)]
    why: Verdict,
}

/// The organisation's own roles.
#[derive(Serialize, ToSchema)]
struct OwnRoleList {
    items: Vec<OwnRoleBody>,
}

/// A role of the organisation's own.
#[derive(Serialize, ToSchema)]
struct OwnRoleBody {
    id: RoleId,
    name: String,
    permissions: Vec<Permission>,
    /// How many have it.
    members: i64,
}

impl From<OwnRole> for OwnRoleBody {
    fn from(role: OwnRole) -> Self {
        Self { id: role.id, name: role.name, permissions: role.permissions, members: role.members }
    }
}

/// A role to write.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRoleBody {
    /// 1 to 40 characters.
    name: String,
    /// At least one.
    permissions: Vec<Permission>,
}

impl From<NewRoleBody> for RoleForm {
    fn from(body: NewRoleBody) -> Self {
        Self { name: body.name, permissions: body.permissions.iter().map(ToString::to_string).collect() }
    }
}

/// A role that was made.
#[derive(Serialize, ToSchema)]
struct MadeRole {
    id: RoleId,
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
    role: RoleChoice,
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
    role: RoleChoice,
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

/// A list of people to invite.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ListBody {
    /// A table of at most 500 lines and 256 KiB: address, role, language (`fr`, `en`), between commas, semicolons or tabs. A first line may name
    /// the columns (`email`, `role`, `language`) in any order.
    text: String,
    /// The role of those whose line names none.
    #[serde(default)]
    role: Option<RoleChoice>,
    /// `fr` or `en`: the language of the letters whose line names none; else the organisation's.
    #[serde(default)]
    language: Option<String>,
    /// True: says what would be done, and does nothing.
    #[serde(default)]
    dry_run: bool,
}

/// What was done with a list, or would be.
#[derive(Serialize, ToSchema)]
struct ListAnswer {
    dry_run: bool,
    /// How many are invited.
    invited: u32,
    /// How many of their letters do not leave at once.
    later: u32,
    /// In how many minutes the last letter leaves.
    minutes: u32,
    /// Every line, in its order.
    lines: Vec<LineBody>,
}

/// What became of a line.
#[derive(Serialize, ToSchema)]
struct LineBody {
    /// From 1.
    line: u32,
    email: String,
    /// Null for a line that is wrong.
    role: Option<RoleChoice>,
    /// `new`: is invited; `member`, `invited`: is one already, left out; `twice`: stands above; `too_many`: more than may be open at once;
    /// `wrong`: see `field` and `code`.
    #[schema(value_type = String)]
    outcome: Outcome,
    /// `email`, `role`, `language`, or `line`.
    field: Option<String>,
    code: Option<String>,
}

impl From<ListLine> for LineBody {
    fn from(line: ListLine) -> Self {
        let ListLine { line, email, role, outcome, field, code } = line;
        Self { line, email, role, outcome, field, code }
    }
}

impl ListAnswer {
    fn of(report: ListReport, dry_run: bool) -> Self {
        let (invited, later, minutes) = (report.count(Outcome::New), report.later, report.minutes);
        Self { dry_run, invited, later, minutes, lines: report.lines.into_iter().map(LineBody::from).collect() }
    }
}

/// Mail domains that are claimed.
#[derive(Serialize, ToSchema)]
struct DomainList {
    items: Vec<DomainBody>,
}

/// A mail domain that is claimed.
#[derive(Serialize, ToSchema)]
struct DomainBody {
    id: MailDomainId,
    domain: String,
    /// The TXT record of the domain that proves the claim.
    record: String,
    /// Of who joins by it.
    #[schema(value_type = String)]
    role: Role,
    /// Null: not proven; nobody joins by it.
    verified_at: Option<DateTime<Utc>>,
    checked_at: Option<DateTime<Utc>>,
    /// `missing`: the record is not there; `unreachable`: DNS did not answer; `held`: another organisation has the domain.
    #[schema(value_type = Option<String>)]
    trouble: Option<DomainTrouble>,
}

impl From<MailDomain> for DomainBody {
    fn from(domain: MailDomain) -> Self {
        let MailDomain { id, domain, record, role, verified_at, checked_at, trouble } = domain;
        Self { id, domain, record, role, verified_at, checked_at, trouble }
    }
}

/// A mail domain to claim.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ClaimBody {
    domain: String,
    /// Of who joins by it; never `owner`.
    #[serde(default = "least")]
    #[schema(value_type = String)]
    role: Role,
}

fn least() -> Role {
    Role::ReadOnly
}

/// A claim that was made.
#[derive(Serialize, ToSchema)]
struct MadeDomain {
    id: MailDomainId,
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

/// Limit somebody to some assistants
///
/// They see these and the calls of these, from this moment on; what concerns everything they may not do.
#[utoipa::path(put, path = "/api/v1/members/{id}/limit", tag = "team", params(("id" = AccountId, Path)), request_body = LimitBody, responses((status = 204)))]
async fn set_limit(scope: OrgScope, Path(text): Path<String>, Body(body): Body<LimitBody>) -> Result<StatusCode, Problem> {
    scope.require(Permission::TeamManage)?;
    actions::set_limit(&scope, id(&text, "member")?, body.assistants).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Get what somebody may do, and why
#[utoipa::path(get, path = "/api/v1/members/{id}/permissions", tag = "team", params(("id" = AccountId, Path)), responses((status = 200, body = WhyBody)))]
async fn why(scope: OrgScope, Path(text): Path<String>) -> Result<Json<WhyBody>, Problem> {
    scope.require(Permission::TeamRead)?;
    let why = actions::why(&scope, id(&text, "member")?).await?;
    let may = |verdict| matches!(verdict, Verdict::Yes | Verdict::WithinLimit);
    let permissions = why.verdicts.into_iter().map(|(permission, why)| VerdictBody { permission, may: may(why), why }).collect();
    Ok(Json(WhyBody { role: why.member.choice(), assistants: why.member.assistants, permissions }))
}

/// List the organisation's own roles
#[utoipa::path(get, path = "/api/v1/roles", tag = "team", responses((status = 200, body = OwnRoleList)))]
async fn list_roles(scope: OrgScope) -> Result<Json<OwnRoleList>, Problem> {
    let roles = actions::own_roles(&scope).await?;
    Ok(Json(OwnRoleList { items: roles.into_iter().map(OwnRoleBody::from).collect() }))
}

/// Make a role
#[utoipa::path(post, path = "/api/v1/roles", tag = "team", request_body = NewRoleBody, responses((status = 201, body = MadeRole)))]
async fn create_role(scope: OrgScope, Body(body): Body<NewRoleBody>) -> Result<(StatusCode, Json<MadeRole>), Problem> {
    scope.require(Permission::TeamManage)?;
    let id = actions::create_role(&scope, &RoleForm::from(body).parse()?).await?;
    Ok((StatusCode::CREATED, Json(MadeRole { id })))
}

/// Change a role
///
/// For everybody who has it, from this moment on.
#[utoipa::path(put, path = "/api/v1/roles/{id}", tag = "team", params(("id" = RoleId, Path)), request_body = NewRoleBody, responses((status = 204)))]
async fn update_role(scope: OrgScope, Path(text): Path<String>, Body(body): Body<NewRoleBody>) -> Result<StatusCode, Problem> {
    scope.require(Permission::TeamManage)?;
    actions::update_role(&scope, id(&text, "role")?, &RoleForm::from(body).parse()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Delete a role that nobody has
#[utoipa::path(delete, path = "/api/v1/roles/{id}", tag = "team", params(("id" = RoleId, Path)), responses((status = 204)))]
async fn delete_role(scope: OrgScope, Path(text): Path<String>) -> Result<StatusCode, Problem> {
    scope.require(Permission::TeamManage)?;
    actions::delete_role(&scope, id(&text, "role")?).await?;
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
    let form = InviteForm { emails: body.emails.join("\n"), role: body.role.to_string() };
    let (emails, role) = form.parse()?;
    let items = actions::invite(&scope, &emails, role).await?.into_iter().map(FreshBody::from).collect();
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(FreshList { items })).into_response())
}

/// Invite everybody of a list
///
/// Those who can be are invited, all in one step; the others are told by their lines. Letters of a long list leave one after the other.
#[utoipa::path(post, path = "/api/v1/invitations/import", tag = "team", request_body = ListBody, responses((status = 200, body = ListAnswer)))]
async fn import_invitations(scope: OrgScope, Body(body): Body<ListBody>) -> Result<Json<ListAnswer>, Problem> {
    let role = body.role.map(|role| role.to_string()).unwrap_or_default();
    let form = ListForm { text: body.text, role, language: body.language.unwrap_or_default() };
    let report = if body.dry_run { actions::preview(&scope, &form).await? } else { actions::import(&scope, &form).await? };
    Ok(Json(ListAnswer::of(report, body.dry_run)))
}

/// List mail domains
#[utoipa::path(get, path = "/api/v1/mail-domains", tag = "team", responses((status = 200, body = DomainList)))]
async fn list_domains(scope: OrgScope) -> Result<Json<DomainList>, Problem> {
    let domains = actions::domains(&scope).await?.domains;
    Ok(Json(DomainList { items: domains.into_iter().map(DomainBody::from).collect() }))
}

/// Claim a mail domain
///
/// Proven by its `record`. A domain that is claimed already gets the role alone.
#[utoipa::path(post, path = "/api/v1/mail-domains", tag = "team", request_body = ClaimBody, responses((status = 201, body = MadeDomain)))]
async fn claim_domain(scope: OrgScope, Body(body): Body<ClaimBody>) -> Result<(StatusCode, Json<MadeDomain>), Problem> {
    scope.require(Permission::TeamManage)?;
    let id = actions::claim_domain(&scope, &parse_domain(&body.domain)?, body.role).await?;
    Ok((StatusCode::CREATED, Json(MadeDomain { id })))
}

/// Give a mail domain up
///
/// Who has joined by it stays.
#[utoipa::path(delete, path = "/api/v1/mail-domains/{id}", tag = "team", params(("id" = MailDomainId, Path)), responses((status = 204)))]
async fn release_domain(scope: OrgScope, Path(text): Path<String>) -> Result<StatusCode, Problem> {
    scope.require(Permission::TeamManage)?;
    actions::release_domain(&scope, id(&text, "mail_domain")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Look for the record of a mail domain now
#[utoipa::path(post, path = "/api/v1/mail-domains/{id}/check", tag = "team", params(("id" = MailDomainId, Path)), responses((status = 200, body = DomainBody)))]
async fn check_domain(scope: OrgScope, Path(text): Path<String>) -> Result<Json<DomainBody>, Problem> {
    scope.require(Permission::TeamManage)?;
    Ok(Json(actions::check_domain(&scope, id(&text, "mail_domain")?).await?.into()))
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
