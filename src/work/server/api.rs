//! Door 3: working together over the public API. Its types are frozen: fields are added, never renamed or taken away.

use super::{actions, teams};
use crate::{
    platform::{
        OrgScope,
        api::{Body, Params, Problem, continued, id, page},
    },
    reception::hours::{Week, read_spans, write_spans},
    server::AppState,
    shared::{
        error::AppError,
        ids::{AccountId, CallId, TeamId},
        permission::Permission,
    },
    work::{
        forms::{RuleForm, TeamForm},
        model::{Assignee, Cause, Team, Way, Work, WorkFilter, WorkRule, WorkStatus},
    },
};
use axum::{
    Json, Router,
    extract::Path,
    response::{IntoResponse, Response},
    routing::{get, put},
};
use chrono::{DateTime, Utc};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

/// What this file adds to the description.
#[derive(OpenApi)]
#[openapi(
    paths(
        list_assignments,
        read_assignment,
        put_assignment,
        delete_assignment,
        list_teams,
        create_team,
        read_team,
        change_team,
        delete_team,
        list_rules,
        put_rules,
        put_skills
    ),
    components(schemas(Assignee, WorkStatus)) // of the query: those are not found by themselves
)]
pub struct Doors;

/// The doors.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/v1/assignments", get(list_assignments))
        .route("/api/v1/calls/{id}/assignment", get(read_assignment).put(put_assignment).delete(delete_assignment))
        .route("/api/v1/teams", get(list_teams).post(create_team))
        .route("/api/v1/teams/{id}", get(read_team).put(change_team).delete(delete_team))
        .route("/api/v1/work-rules", get(list_rules).put(put_rules))
        .route("/api/v1/members/{id}/skills", put(put_skills))
}

const LIST: &str = "assignments";

// Here and not beside the type, which knows no server.
impl utoipa::PartialSchema for Assignee {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new().schema_type(utoipa::openapi::schema::Type::String).into()
    }
}

impl ToSchema for Assignee {}

/// Which assignments, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AssignmentsQuery {
    /// `nobody`, a member, or a team with all of its people.
    assignee: Option<Assignee>,
    status: Option<WorkStatus>,
    /// `next` of the page before.
    after: Option<String>,
    /// 1 to 200; 50 unless set.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
}

/// A page of assignments, the newest call first.
#[derive(Serialize, ToSchema)]
struct AssignmentList {
    items: Vec<Assignment>,
    /// The cursor of the next page; null on the last one.
    next: Option<String>,
}

/// Who looks after a call, and how it stands.
#[derive(Serialize, ToSchema)]
struct Assignment {
    call_id: CallId,
    status: WorkStatus,
    /// Null: nobody has it yet.
    member_id: Option<AccountId>,
    team_id: Option<TeamId>,
    /// `hand`, or the rule's.
    cause: Cause,
    due_at: Option<DateTime<Utc>>,
    given_at: DateTime<Utc>,
    /// The person said yes.
    taken_at: Option<DateTime<Utc>>,
    /// It goes on to the next of the team then, unless it is taken up.
    return_at: Option<DateTime<Utc>>,
    /// Somebody let it lie.
    returned_at: Option<DateTime<Utc>>,
    done_at: Option<DateTime<Utc>>,
}

impl From<Work> for Assignment {
    fn from(work: Work) -> Self {
        Self {
            call_id: work.call,
            status: work.status,
            member_id: work.person.map(|(id, _)| id),
            team_id: work.team.map(|(id, _)| id),
            cause: work.cause,
            due_at: work.due_at,
            given_at: work.given_at,
            taken_at: work.taken_at,
            return_at: work.return_at,
            returned_at: work.returned_at,
            done_at: work.done_at,
        }
    }
}

/// To whom, and how it stands; what is absent stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AssignmentBody {
    /// `acc_…`, `team_…` (its queue), `team_…:round_robin`, `team_…:least_busy`, `team_…:skills`, `nobody` (the queue of all).
    assignee: Option<Assignee>,
    status: Option<WorkStatus>,
    due_at: Option<DateTime<Utc>>,
}

/// List assignments
#[utoipa::path(get, path = "/api/v1/assignments", tag = "work", params(AssignmentsQuery), responses((status = 200, body = AssignmentList)))]
async fn list_assignments(scope: OrgScope, Params(query): Params<AssignmentsQuery>) -> Result<Json<AssignmentList>, Problem> {
    scope.require(Permission::CallsRead)?;
    let wanted = page(&scope, LIST, query.after.as_deref(), query.limit)?;
    let found = actions::list(&scope, &WorkFilter { assignee: query.assignee, status: query.status }, &wanted).await?;
    let items = found.items.into_iter().map(Assignment::from).collect();
    Ok(Json(AssignmentList { items, next: continued(&scope, LIST, found.next)? }))
}

/// Who looks after a call
///
/// 404 while nobody does.
#[utoipa::path(get, path = "/api/v1/calls/{id}/assignment", tag = "work", params(("id" = CallId, Path)), responses((status = 200, body = Assignment)))]
async fn read_assignment(scope: OrgScope, Path(text): Path<String>) -> Result<Json<Assignment>, Problem> {
    scope.require(Permission::CallsRead)?;
    Ok(Json(actions::read(&scope, id(&text, "assignment")?).await?.into()))
}

/// Give a call to somebody, or say how it stands
#[utoipa::path(put, path = "/api/v1/calls/{id}/assignment", tag = "work", params(("id" = CallId, Path)), request_body = AssignmentBody, responses((status = 200, body = Assignment)))]
async fn put_assignment(scope: OrgScope, Path(text): Path<String>, Body(body): Body<AssignmentBody>) -> Result<Json<Assignment>, Problem> {
    scope.require(Permission::CallsAssign)?;
    let call = id(&text, "call")?;
    Ok(Json(actions::put(&scope, call, body.assignee, body.status, body.due_at).await?.into()))
}

/// Nobody needs to look after a call
///
/// No rule gives it out again.
#[utoipa::path(delete, path = "/api/v1/calls/{id}/assignment", tag = "work", params(("id" = CallId, Path)), responses((status = 204)))]
async fn delete_assignment(scope: OrgScope, Path(text): Path<String>) -> Result<StatusCode, Problem> {
    scope.require(Permission::CallsAssign)?;
    actions::let_go(&scope, id(&text, "assignment")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// All teams, by name.
#[derive(Serialize, ToSchema)]
struct TeamList {
    items: Vec<TeamBody>,
}

/// Some people who share work.
#[derive(Serialize, ToSchema)]
struct TeamBody {
    id: TeamId,
    name: String,
    languages: Vec<String>,
    skills: Vec<String>,
    /// Monday first, as `9:00-12:00, 14:00-18:00`; without any hour: always.
    week: Vec<String>,
    /// What nobody takes up goes on after so long; null: never.
    return_after_min: Option<i32>,
    members: Vec<AccountId>,
}

impl From<Team> for TeamBody {
    fn from(team: Team) -> Self {
        Self {
            id: team.id,
            name: team.name,
            languages: team.languages,
            skills: team.skills,
            week: team.week.0.iter().map(|spans| write_spans(spans)).collect(),
            return_after_min: team.return_after_min,
            members: team.members,
        }
    }
}

/// A team as it is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTeam {
    name: String,
    #[serde(default)]
    languages: Vec<String>,
    #[serde(default)]
    skills: Vec<String>,
    /// Up to seven days, Monday first, as `9:00-12:00, 14:00-18:00`.
    #[serde(default)]
    week: Vec<String>,
    return_after_min: Option<i32>,
    #[serde(default)]
    members: Vec<AccountId>,
}

impl NewTeam {
    fn parse(self) -> Result<Team, AppError> {
        let mut week = Week::default();
        for (at, text) in self.week.iter().take(7).enumerate() {
            week.0[at] = read_spans(text).ok_or_else(|| AppError::invalid("week", "reception.hours"))?;
        }
        let form = TeamForm {
            name: self.name,
            languages: self.languages.join(","),
            skills: self.skills.join(","),
            week: vec![],
            return_after_min: self.return_after_min.map(|minutes| minutes.to_string()).unwrap_or_default(),
            members: self.members.iter().map(ToString::to_string).collect(),
        };
        Ok(Team { week, ..form.parse()? })
    }
}

/// List teams
#[utoipa::path(get, path = "/api/v1/teams", tag = "work", responses((status = 200, body = TeamList)))]
async fn list_teams(scope: OrgScope) -> Result<Json<TeamList>, Problem> {
    let items = teams::sheet(&scope).await?.teams.into_iter().map(TeamBody::from).collect();
    Ok(Json(TeamList { items }))
}

/// Make a team
#[utoipa::path(post, path = "/api/v1/teams", tag = "work", request_body = NewTeam, responses((status = 201, body = TeamBody)))]
async fn create_team(scope: OrgScope, Body(body): Body<NewTeam>) -> Result<Response, Problem> {
    scope.require(Permission::TeamManage)?;
    let team = body.parse()?;
    let id = teams::save(&scope, None, team.clone()).await?;
    let location = format!("/api/v1/teams/{id}");
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(TeamBody::from(Team { id, ..team }))).into_response())
}

/// One team
#[utoipa::path(get, path = "/api/v1/teams/{id}", tag = "work", params(("id" = TeamId, Path)), responses((status = 200, body = TeamBody)))]
async fn read_team(scope: OrgScope, Path(text): Path<String>) -> Result<Json<TeamBody>, Problem> {
    scope.require(Permission::TeamRead)?;
    Ok(Json(teams::read(&scope, id(&text, "team")?).await?.into()))
}

/// Change a team
#[utoipa::path(put, path = "/api/v1/teams/{id}", tag = "work", params(("id" = TeamId, Path)), request_body = NewTeam, responses((status = 200, body = TeamBody)))]
async fn change_team(scope: OrgScope, Path(text): Path<String>, Body(body): Body<NewTeam>) -> Result<Json<TeamBody>, Problem> {
    scope.require(Permission::TeamManage)?;
    let team = id(&text, "team")?;
    let wanted = body.parse()?;
    teams::save(&scope, Some(team), wanted.clone()).await?;
    Ok(Json(Team { id: team, ..wanted }.into()))
}

/// Dissolve a team
///
/// Its calls wait in the queue of all; its rules are gone.
#[utoipa::path(delete, path = "/api/v1/teams/{id}", tag = "work", params(("id" = TeamId, Path)), responses((status = 204)))]
async fn delete_team(scope: OrgScope, Path(text): Path<String>) -> Result<StatusCode, Problem> {
    scope.require(Permission::TeamManage)?;
    teams::delete(&scope, id(&text, "team")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What becomes of calls that are over.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RuleList {
    items: Vec<RuleBody>,
}

/// Calls of one kind go to a team.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RuleBody {
    /// `urgent`, `complaint`, `human`, `message`.
    cause: Cause,
    team_id: TeamId,
    way: Way,
    /// Minutes from the giving.
    due_min: Option<i32>,
}

/// List the rules that give calls to teams
#[utoipa::path(get, path = "/api/v1/work-rules", tag = "work", responses((status = 200, body = RuleList)))]
async fn list_rules(scope: OrgScope) -> Result<Json<RuleList>, Problem> {
    let body = |rule: WorkRule| RuleBody { cause: rule.cause, team_id: rule.team, way: rule.way, due_min: rule.due_min };
    Ok(Json(RuleList { items: teams::sheet(&scope).await?.rules.into_iter().map(body).collect() }))
}

/// Set the rules that give calls to teams
///
/// All of them: a kind that is absent goes to nobody.
#[utoipa::path(put, path = "/api/v1/work-rules", tag = "work", request_body = RuleList, responses((status = 200, body = RuleList)))]
async fn put_rules(scope: OrgScope, Body(body): Body<RuleList>) -> Result<Json<RuleList>, Problem> {
    scope.require(Permission::TeamManage)?;
    let mut wanted = Vec::new();
    for rule in &body.items {
        let form = RuleForm {
            cause: rule.cause.to_string(),
            team: rule.team_id.to_string(),
            way: rule.way.to_string(),
            due_min: rule.due_min.map(|minutes| minutes.to_string()).unwrap_or_default(),
        };
        wanted.push(form.parse()?);
    }
    for cause in Cause::RULES {
        let rule = wanted.iter().find(|(known, _)| *known == cause).and_then(|(_, rule)| rule.clone());
        teams::set_rule(&scope, cause, rule).await?;
    }
    list_rules(scope).await
}

/// What somebody speaks and knows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SkillsBody {
    /// None: any.
    #[serde(default)]
    languages: Vec<String>,
    #[serde(default)]
    skills: Vec<String>,
}

/// Say what somebody speaks and knows
#[utoipa::path(put, path = "/api/v1/members/{id}/skills", tag = "work", params(("id" = AccountId, Path)), request_body = SkillsBody, responses((status = 204)))]
async fn put_skills(scope: OrgScope, Path(text): Path<String>, Body(body): Body<SkillsBody>) -> Result<StatusCode, Problem> {
    scope.require(Permission::TeamManage)?;
    let account = id(&text, "member")?;
    let form = TeamForm { name: "any".into(), languages: body.languages.join(","), skills: body.skills.join(","), ..TeamForm::default() };
    let read = form.parse()?;
    teams::set_person(&scope, account, &read.languages, &read.skills).await?;
    Ok(StatusCode::NO_CONTENT)
}
