//! Every statement on teams, rules, assignments, and what people speak and know.

use crate::{
    platform::OrgTx,
    reception::hours::Week,
    shared::{
        ids::{AccountId, CallId, TeamId},
        permission::{Permission, Permissions, Role},
    },
    work::{
        deal::{Candidate, Need},
        model::*,
    },
};
use chrono::{DateTime, Utc};
use sqlx::{Result, types::Json};
use uuid::Uuid;

/// Whether there is such a call here.
pub async fn call_exists(tx: &mut OrgTx<'_>, call: CallId) -> Result<bool> {
    sqlx::query_scalar!(r#"select exists (select from calls where id = $1 and created_at = uuid_time($1)) as "is!""#, call as CallId)
        .fetch_one(tx.conn())
        .await
}

/// An assignment as it is decided about: locked.
pub struct Held {
    pub team: Option<TeamId>,
    pub account: Option<AccountId>,
    pub status: WorkStatus,
    pub cause: Cause,
    pub way: Way,
    pub need: Need,
    pub due_at: Option<DateTime<Utc>>,
    pub return_at: Option<DateTime<Utc>>,
    pub is_dropped: bool,
}

/// The assignment of a call, locked; also one that was let go.
pub async fn lock(tx: &mut OrgTx<'_>, call: CallId) -> Result<Option<Held>> {
    let row = sqlx::query!(
        r#"select team_id as "team: TeamId", account_id as "account: AccountId", status as "status: WorkStatus", cause as "cause: Cause", way as "way: Way",
             language, skills, tried, due_at, return_at, dropped_at is not null as "is_dropped!" -- an expression that is never null
           from call_assignments where call_id = $1 for update"#,
        call as CallId
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| Held {
        team: row.team,
        account: row.account,
        status: row.status,
        cause: row.cause,
        way: row.way,
        need: Need { language: row.language, skills: row.skills, tried: row.tried.into_iter().map(AccountId).collect() },
        due_at: row.due_at,
        return_at: row.return_at,
        is_dropped: row.is_dropped,
    }))
}

/// Makes the row of a call that has none; false when there is one. Of two who make it one waits for the other.
pub async fn begin(tx: &mut OrgTx<'_>, call: CallId, cause: Cause, now: DateTime<Utc>) -> Result<bool> {
    let made = sqlx::query!(
        "insert into call_assignments (call_id, cause, given_at) values ($1, $2, $3) on conflict do nothing",
        call as CallId,
        cause as Cause,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(made.rows_affected() > 0)
}

/// What is written when a call is given to somebody, or to nobody.
pub struct Written<'a> {
    pub team: Option<TeamId>,
    pub account: Option<AccountId>,
    pub cause: Cause,
    pub way: Way,
    pub need: &'a Need,
    pub due_at: Option<DateTime<Utc>>,
    pub given_by: Option<AccountId>,
    pub taken_at: Option<DateTime<Utc>>,
    pub return_at: Option<DateTime<Utc>>,
    /// Somebody let it lie.
    pub was_returned: bool,
    pub now: DateTime<Utc>,
}

pub async fn write(tx: &mut OrgTx<'_>, call: CallId, new: &Written<'_>) -> Result<()> {
    let tried: Vec<Uuid> = new.need.tried.iter().map(|account| account.0).collect();
    sqlx::query!(
        "update call_assignments set team_id = $2, account_id = $3, status = 'open', cause = $4, way = $5, language = $6, skills = $7, tried = $8,
           due_at = $9, given_by = $10, given_at = $11, taken_at = $12, return_at = $13, returned_at = case when $14 then $11 else returned_at end,
           done_at = null, done_by = null, dropped_at = null, updated_at = now()
         where call_id = $1",
        call as CallId,
        new.team.map(|team| team.0),
        new.account.map(|account| account.0),
        new.cause as Cause,
        new.way as Way,
        new.need.language,
        &new.need.skills,
        &tried,
        new.due_at,
        new.given_by.map(|account| account.0),
        new.now,
        new.taken_at,
        new.return_at,
        new.was_returned,
    )
    .execute(tx.conn())
    .await
    .map(|_| ())
}

/// How it stands; whoever says so has taken it up.
pub async fn set_status(tx: &mut OrgTx<'_>, call: CallId, status: WorkStatus, by: Option<AccountId>, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update call_assignments set status = $2, done_at = case when $2 = 'done' then $4::timestamptz end, done_by = case when $2 = 'done' then $3::uuid end,
           taken_at = coalesce(taken_at, $4), return_at = null, updated_at = now() where call_id = $1",
        call as CallId,
        status as WorkStatus,
        by.map(|by| by.0),
        now
    )
    .execute(tx.conn())
    .await
    .map(|_| ())
}

pub async fn set_due(tx: &mut OrgTx<'_>, call: CallId, due_at: Option<DateTime<Utc>>) -> Result<()> {
    sqlx::query!("update call_assignments set due_at = $2, updated_at = now() where call_id = $1", call as CallId, due_at)
        .execute(tx.conn())
        .await
        .map(|_| ())
}

pub async fn drop_it(tx: &mut OrgTx<'_>, call: CallId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update call_assignments set dropped_at = $2, return_at = null, account_id = null, team_id = null, updated_at = now() where call_id = $1",
        call as CallId,
        now
    )
    .execute(tx.conn())
    .await
    .map(|_| ())
}

/// Assignments of these calls.
pub async fn of_calls(tx: &mut OrgTx<'_>, calls: &[CallId]) -> Result<Vec<Work>> {
    let ids: Vec<Uuid> = calls.iter().map(|call| call.0).collect();
    read(tx, Some(&ids), None, None, None, i64::MAX).await
}

/// Assignments by mark and status, the newest call first, before a call.
pub async fn page(
    tx: &mut OrgTx<'_>,
    mark: Option<&str>,
    status: Option<WorkStatus>,
    before: Option<CallId>,
    rows: i64,
) -> Result<Vec<Work>> {
    read(tx, None, mark, status, before, rows).await
}

async fn read(
    tx: &mut OrgTx<'_>,
    calls: Option<&[Uuid]>,
    mark: Option<&str>,
    status: Option<WorkStatus>,
    before: Option<CallId>,
    rows: i64,
) -> Result<Vec<Work>> {
    let rows = sqlx::query!(
        r#"select w.call_id as "call: CallId", w.status as "status: WorkStatus", w.account_id as "account: AccountId", a.name as "account_name?",
             w.team_id as "team: TeamId", t.name as "team_name?", w.cause as "cause: Cause", w.due_at, g.name as "given_by?", w.given_at, w.taken_at,
             w.return_at, w.returned_at, w.done_at
           from call_assignments w left join accounts a on a.id = w.account_id left join teams t on t.id = w.team_id
             left join accounts g on g.id = w.given_by
           where w.dropped_at is null and ($1::uuid[] is null or w.call_id = any ($1)) and ($2::text is null or w.status = $2)
             and ($3::text is null or exists (select from call_marks m where m.call_id = w.call_id and m.mark = $3))
             and ($4::uuid is null or w.call_id < $4)
           order by w.call_id desc limit $5"#,
        calls,
        status.map(WorkStatus::name),
        mark,
        before.map(|call| call.0),
        rows
    )
    .fetch_all(tx.conn())
    .await?;
    let named = rows.into_iter().map(|row| Work {
        call: row.call,
        status: row.status,
        person: row.account.map(|account| (account, row.account_name.unwrap_or_default())),
        team: row.team.map(|team| (team, row.team_name.unwrap_or_default())),
        cause: row.cause,
        due_at: row.due_at,
        given_by: row.given_by,
        given_at: row.given_at,
        taken_at: row.taken_at,
        return_at: row.return_at,
        returned_at: row.returned_at,
        done_at: row.done_at,
    });
    Ok(named.collect())
}

/// What is not done of a person's, the most pressing first.
pub async fn mine(tx: &mut OrgTx<'_>, account: AccountId, limit: i64) -> Result<Vec<CallId>> {
    sqlx::query_scalar!(
        r#"select call_id as "call: CallId" from call_assignments where account_id = $1 and status in ('open', 'waiting') and dropped_at is null
           order by status, due_at nulls last, given_at, call_id limit $2"#,
        account as AccountId,
        limit
    )
    .fetch_all(tx.conn())
    .await
}

/// What nobody has, of a person's teams and of no team, the most pressing first.
pub async fn nobodys(tx: &mut OrgTx<'_>, account: AccountId, limit: i64) -> Result<Vec<CallId>> {
    sqlx::query_scalar!(
        r#"select call_id as "call: CallId" from call_assignments w
           where account_id is null and status <> 'done' and dropped_at is null
             and (team_id is null or exists (select from team_members m where m.team_id = w.team_id and m.account_id = $1))
           order by due_at nulls last, given_at, call_id limit $2"#,
        account as AccountId,
        limit
    )
    .fetch_all(tx.conn())
    .await
}

/// A team as calls are dealt out in it: locked, so that of two who deal one waits.
pub struct Locked {
    pub week: Week,
    pub return_after_min: Option<i32>,
    pub zone: String,
    /// Of those of the team who have said nothing of their own.
    pub languages: Vec<String>,
    /// Of everybody in the team.
    pub skills: Vec<String>,
}

pub async fn lock_team(tx: &mut OrgTx<'_>, team: TeamId) -> Result<Option<Locked>> {
    let row = sqlx::query!(
        r#"select week as "week: Json<Week>", return_after_min, languages, skills, (select timezone from orgs) as "zone!" -- the organisation of the transaction
           from teams where id = $1 for update"#,
        team as TeamId
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| Locked {
        week: row.week.0,
        return_after_min: row.return_after_min,
        zone: row.zone,
        languages: row.languages,
        skills: row.skills,
    }))
}

/// Those of a team to whom a call can be given.
pub async fn candidates(tx: &mut OrgTx<'_>, team: TeamId, of: &Locked) -> Result<Vec<Candidate>> {
    let rows = sqlx::query!(
        r#"select t.account_id as "account: AccountId", m.role as "role: Role", m.languages, m.skills, t.last_given_at,
          (select r.permissions from roles r where r.id = m.own_role) as own_permissions,
             (select count(*) from call_assignments w where w.account_id = t.account_id and w.status = 'open' and w.dropped_at is null) as "open!" -- a count
           from team_members t join members m on m.account_id = t.account_id where t.team_id = $1"#,
        team as TeamId
    )
    .fetch_all(tx.conn())
    .await?;
    let able = rows.into_iter().filter(|row| {
        may(row.role, row.own_permissions.as_deref(), Permission::CallsRead)
            && may(row.role, row.own_permissions.as_deref(), Permission::CallsAssign)
    });
    Ok(able
        .map(|row| Candidate {
            account: row.account,
            languages: if row.languages.is_empty() { of.languages.clone() } else { row.languages },
            skills: row.skills.into_iter().chain(of.skills.iter().cloned()).collect(),
            open: row.open,
            last_given_at: row.last_given_at,
        })
        .collect())
}

/// It was this one's turn.
pub async fn had_a_turn(tx: &mut OrgTx<'_>, team: TeamId, account: AccountId, now: DateTime<Utc>) -> Result<()> {
    // Never before the turn of another: within one millisecond several calls may be dealt.
    sqlx::query!(
        "update team_members set updated_at = now(), last_given_at = greatest($3,
           (select max(last_given_at) + interval '1 microsecond' from team_members where team_id = $1))
         where team_id = $1 and account_id = $2",
        team as TeamId,
        account as AccountId,
        now
    )
    .execute(tx.conn())
    .await
    .map(|_| ())
}

/// Everybody, by name, as work is shared out.
pub async fn people(tx: &mut OrgTx<'_>) -> Result<Vec<Colleague>> {
    let rows = sqlx::query!(
        r#"select m.account_id as "account: AccountId", a.name, m.role as "role: Role", m.languages, m.skills,
          (select r.permissions from roles r where r.id = m.own_role) as own_permissions
           from members m join accounts a on a.id = m.account_id order by lower(a.name), m.account_id"#
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Colleague {
            account: row.account,
            name: row.name,
            languages: row.languages,
            skills: row.skills,
            may_see_calls: may(row.role, row.own_permissions.as_deref(), Permission::CallsRead),
        })
        .collect())
}

/// All teams, by name.
pub async fn teams(tx: &mut OrgTx<'_>) -> Result<Vec<Team>> {
    let rows = sqlx::query!(
        r#"select t.id as "id: TeamId", t.name, t.languages, t.skills, t.week as "week: Json<Week>", t.return_after_min,
             array(select m.account_id from team_members m where m.team_id = t.id order by m.created_at, m.account_id) as "members!: Vec<Uuid>" -- an array
           from teams t order by lower(t.name), t.id"#
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Team {
            id: row.id,
            name: row.name,
            languages: row.languages,
            skills: row.skills,
            week: row.week.0,
            return_after_min: row.return_after_min,
            members: row.members.into_iter().map(AccountId).collect(),
        })
        .collect())
}

/// Writes a team, new or known. Errors: a name that another has.
pub async fn save_team(tx: &mut OrgTx<'_>, team: &Team) -> Result<()> {
    sqlx::query!(
        "insert into teams (id, name, languages, skills, week, return_after_min) values ($1, $2, $3, $4, $5, $6)
         on conflict (id) do update set name = $2, languages = $3, skills = $4, week = $5, return_after_min = $6, updated_at = now()",
        team.id as TeamId,
        team.name,
        &team.languages,
        &team.skills,
        Json(&team.week) as _,
        team.return_after_min
    )
    .execute(tx.conn())
    .await?;
    let members: Vec<Uuid> = team.members.iter().map(|member| member.0).collect();
    sqlx::query!("delete from team_members where team_id = $1 and account_id <> all ($2)", team.id as TeamId, &members)
        .execute(tx.conn())
        .await?;
    sqlx::query!(
        "insert into team_members (team_id, account_id) select $1, m.account_id from members m where m.account_id = any ($2) on conflict do nothing",
        team.id as TeamId,
        &members
    )
    .execute(tx.conn())
    .await
    .map(|_| ())
}

/// Dissolves a team; its calls wait in the queue of all. False when there is none.
pub async fn delete_team(tx: &mut OrgTx<'_>, team: TeamId) -> Result<bool> {
    Ok(sqlx::query!("delete from teams where id = $1", team as TeamId).execute(tx.conn()).await?.rows_affected() > 0)
}

/// What somebody speaks and knows; false when they are not here.
pub async fn save_person(tx: &mut OrgTx<'_>, account: AccountId, languages: &[String], skills: &[String]) -> Result<bool> {
    let done = sqlx::query!(
        "update members set languages = $2, skills = $3, updated_at = now() where account_id = $1",
        account as AccountId,
        languages,
        skills
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Whether somebody wants letters about work.
pub async fn wants_mail(tx: &mut OrgTx<'_>, account: AccountId) -> Result<bool> {
    let wants = sqlx::query_scalar!("select work_mail from members where account_id = $1", account as AccountId);
    Ok(wants.fetch_optional(tx.conn()).await?.unwrap_or(false))
}

pub async fn set_wants_mail(tx: &mut OrgTx<'_>, account: AccountId, wants: bool) -> Result<()> {
    sqlx::query!("update members set work_mail = $2, updated_at = now() where account_id = $1", account as AccountId, wants)
        .execute(tx.conn())
        .await
        .map(|_| ())
}

pub async fn rules(tx: &mut OrgTx<'_>) -> Result<Vec<WorkRule>> {
    sqlx::query_as!(
        WorkRule,
        r#"select cause as "cause: Cause", team_id as "team: TeamId", way as "way: Way", due_min from work_rules order by cause"#
    )
    .fetch_all(tx.conn())
    .await
}

pub async fn save_rule(tx: &mut OrgTx<'_>, rule: &WorkRule) -> Result<()> {
    sqlx::query!(
        "insert into work_rules (cause, team_id, way, due_min) values ($1, $2, $3, $4)
         on conflict (org_id, cause) do update set team_id = $2, way = $3, due_min = $4, updated_at = now()",
        rule.cause as Cause,
        rule.team as TeamId,
        rule.way as Way,
        rule.due_min
    )
    .execute(tx.conn())
    .await
    .map(|_| ())
}

pub async fn delete_rule(tx: &mut OrgTx<'_>, cause: Cause) -> Result<()> {
    sqlx::query!("delete from work_rules where cause = $1", cause as Cause).execute(tx.conn()).await.map(|_| ())
}

/// Whether somebody may do a thing by their role: the organisation's own if they have one.
fn may(role: Role, own: Option<&[String]>, permission: Permission) -> bool {
    own.map_or_else(|| role.may(permission), |names| Permissions::of_names(names).has(permission))
}
