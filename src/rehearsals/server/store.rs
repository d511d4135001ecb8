//! Every statement on `rehearsals`, `rehearsal_runs`, `rehearsal_talks` and `rehearsal_rules`.

use crate::{
    platform::OrgTx,
    rehearsals::model::*,
    shared::{
        ids::{AccountId, AssistantId, RehearsalId, RunId, TalkId},
        money::MicroUsd,
    },
};
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use std::collections::HashMap;

/// Rehearsals of an assistant, oldest first, with their newest runs. `mark`: of the draft as it is now.
pub async fn list(tx: &mut OrgTx<'_>, assistant: AssistantId, mark: &str, runs_each: i64) -> sqlx::Result<Vec<Rehearsal>> {
    let rows = sqlx::query!(
        r#"select id as "id: RehearsalId", script as "script: Json<Script>", revision from rehearsals where assistant_id = $1 order by id"#,
        assistant.0
    )
    .fetch_all(tx.conn())
    .await?;
    let mut runs = runs(tx, assistant, mark, runs_each).await?;
    let whole = rows.into_iter().map(|row| Rehearsal {
        id: row.id,
        script: row.script.0,
        revision: row.revision,
        runs: runs.remove(&row.id).unwrap_or_default(),
    });
    Ok(whole.collect())
}

async fn runs(tx: &mut OrgTx<'_>, assistant: AssistantId, mark: &str, each: i64) -> sqlx::Result<HashMap<RehearsalId, Vec<Run>>> {
    let rows = sqlx::query!(
        r#"
        select r.id as "rehearsal: RehearsalId", run.id as "id: RunId", run.state as "state: RunState", run.report as "report: Json<Report>",
          run.trouble, run.cost_micro_usd, who.name as "asked_by?", run.created_at,
          coalesce(run.settings_mark = $2 and run.rehearsal_revision = r.revision, false) as "is_current!"
        from rehearsals r
        join lateral (select * from rehearsal_runs x where x.rehearsal_id = r.id order by x.id desc limit $3) run on true
        left join accounts who on who.id = run.asked_by
        where r.assistant_id = $1 order by run.id desc
        "#,
        assistant.0,
        mark,
        each
    )
    .fetch_all(tx.conn())
    .await?;
    let mut found: HashMap<RehearsalId, Vec<Run>> = HashMap::new();
    for row in rows {
        found.entry(row.rehearsal).or_default().push(Run {
            id: row.id,
            state: row.state,
            report: row.report.map(|report| report.0).unwrap_or_default(),
            trouble: row.trouble,
            cost: row.cost_micro_usd.map(MicroUsd),
            asked_by: row.asked_by,
            created_at: row.created_at,
            is_current: row.is_current,
        });
    }
    Ok(found)
}

/// How many rehearsals an assistant has.
pub async fn count(tx: &mut OrgTx<'_>, assistant: AssistantId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "n!" from rehearsals where assistant_id = $1"#, assistant.0).fetch_one(tx.conn()).await
}

/// Their scripts, oldest first.
pub async fn scripts(tx: &mut OrgTx<'_>, assistant: AssistantId) -> sqlx::Result<Vec<Script>> {
    let found =
        sqlx::query_scalar!(r#"select script as "script: Json<Script>" from rehearsals where assistant_id = $1 order by id"#, assistant.0);
    Ok(found.fetch_all(tx.conn()).await?.into_iter().map(|script| script.0).collect())
}

/// A new one.
pub async fn insert(tx: &mut OrgTx<'_>, id: RehearsalId, assistant: AssistantId, script: &Script) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into rehearsals (id, assistant_id, name, script) values ($1, $2, $3, $4)",
        id.0,
        assistant.0,
        script.name,
        Json(script) as _
    )
    .execute(tx.conn())
    .await
    .map(drop)
}

/// Writes over it; whether it is there. Runs of what it said before no longer count.
pub async fn update(tx: &mut OrgTx<'_>, id: RehearsalId, assistant: AssistantId, script: &Script) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "
        update rehearsals set name = $3, script = $4, updated_at = now(), revision = revision + (script is distinct from $4)::int
        where id = $1 and assistant_id = $2
        ",
        id.0,
        assistant.0,
        script.name,
        Json(script) as _
    );
    Ok(done.execute(tx.conn()).await?.rows_affected() == 1)
}

/// Removes it and its runs; whether it was there.
pub async fn delete(tx: &mut OrgTx<'_>, id: RehearsalId, assistant: AssistantId) -> sqlx::Result<bool> {
    let done = sqlx::query!("delete from rehearsals where id = $1 and assistant_id = $2", id.0, assistant.0);
    Ok(done.execute(tx.conn()).await?.rows_affected() == 1)
}

/// Rehearsals to be run: all of the assistant's or one, without those whose run began a short while ago and goes on.
pub async fn to_run(
    tx: &mut OrgTx<'_>,
    assistant: AssistantId,
    one: Option<RehearsalId>,
    since: DateTime<Utc>,
) -> sqlx::Result<Vec<RehearsalId>> {
    sqlx::query_scalar!(
        r#"
        select r.id as "id: RehearsalId" from rehearsals r
        where r.assistant_id = $1 and ($2::uuid is null or r.id = $2)
          and not exists (select 1 from rehearsal_runs run where run.rehearsal_id = r.id and run.state in ('waiting', 'running') and run.created_at > $3)
        order by r.id
        "#,
        assistant.0,
        one.map(|id| id.0),
        since
    )
    .fetch_all(tx.conn())
    .await
}

/// A run that waits. Older ones of the rehearsal beyond `kept` go.
pub async fn insert_run(
    tx: &mut OrgTx<'_>,
    id: RunId,
    rehearsal: RehearsalId,
    by: Option<AccountId>,
    now: DateTime<Utc>,
    kept: i64,
) -> sqlx::Result<()> {
    sqlx::query!(
        "
        insert into rehearsal_runs (id, rehearsal_id, assistant_id, rehearsal_revision, asked_by, created_at, updated_at)
        select $1, r.id, r.assistant_id, r.revision, $3, $4, $4 from rehearsals r where r.id = $2
        ",
        id.0,
        rehearsal.0,
        by.map(|account| account.0),
        now
    )
    .execute(tx.conn())
    .await?;
    sqlx::query!(
        "
        delete from rehearsal_runs where rehearsal_id = $1 and id not in
          (select id from rehearsal_runs where rehearsal_id = $1 order by id desc limit $2)
        ",
        rehearsal.0,
        kept
    )
    .execute(tx.conn())
    .await
    .map(drop)
}

/// What a job needs of a run.
pub struct ToHold {
    pub assistant: AssistantId,
    pub script: Script,
    pub revision: i64,
    pub state: RunState,
}

/// A run with the script as it is now.
pub async fn run_to_hold(tx: &mut OrgTx<'_>, id: RunId) -> sqlx::Result<Option<ToHold>> {
    let row = sqlx::query!(
        r#"
        select r.assistant_id as "assistant: AssistantId", r.script as "script: Json<Script>", r.revision, run.state as "state: RunState"
        from rehearsal_runs run join rehearsals r on r.id = run.rehearsal_id where run.id = $1
        "#,
        id.0
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| ToHold { assistant: row.assistant, script: row.script.0, revision: row.revision, state: row.state }))
}

/// It begins, with this draft and this script.
pub async fn mark_running(tx: &mut OrgTx<'_>, id: RunId, revision: i64, mark: &str, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "
        update rehearsal_runs set state = 'running', rehearsal_revision = $2, settings_mark = $3, started_at = $4, updated_at = $4, report = null
        where id = $1
        ",
        id.0,
        revision,
        mark,
        now
    )
    .execute(tx.conn())
    .await
    .map(drop)
}

/// How far it has come.
pub async fn keep_lines(tx: &mut OrgTx<'_>, id: RunId, report: &Report) -> sqlx::Result<()> {
    sqlx::query!("update rehearsal_runs set report = $2, updated_at = now() where id = $1", id.0, Json(report) as _)
        .execute(tx.conn())
        .await
        .map(drop)
}

/// What came of a run.
pub struct Ended<'a> {
    pub state: RunState,
    pub report: &'a Report,
    pub trouble: Option<&'a str>,
    pub cost: Option<MicroUsd>,
}

/// It has ended.
pub async fn mark_ended(tx: &mut OrgTx<'_>, id: RunId, ended: Ended<'_>, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update rehearsal_runs set state = $2, report = $3, trouble = $4, cost_micro_usd = $5, ended_at = $6, updated_at = $6 where id = $1",
        id.0,
        ended.state.name(),
        Json(ended.report) as _,
        ended.trouble,
        ended.cost.map(|cost| cost.0),
        now
    )
    .execute(tx.conn())
    .await
    .map(drop)
}

/// Whether the organisation publishes only what passes.
pub async fn is_required(tx: &mut OrgTx<'_>) -> sqlx::Result<bool> {
    Ok(sqlx::query_scalar!("select is_required from rehearsal_rules").fetch_optional(tx.conn()).await?.unwrap_or(false))
}

/// See [`is_required`].
pub async fn set_required(tx: &mut OrgTx<'_>, is_required: bool) -> sqlx::Result<()> {
    sqlx::query!(
        "
        insert into rehearsal_rules (is_required) values ($1)
        on conflict (org_id) do update set is_required = excluded.is_required, updated_at = now()
        ",
        is_required
    )
    .execute(tx.conn())
    .await
    .map(drop)
}

/// A conversation with a draft.
pub struct Talk {
    pub chat_ref: Option<String>,
    pub turns: i32,
}

/// One of this assistant's.
pub async fn talk(tx: &mut OrgTx<'_>, id: TalkId, assistant: AssistantId) -> sqlx::Result<Option<Talk>> {
    sqlx::query_as!(Talk, "select chat_ref, turns from rehearsal_talks where id = $1 and assistant_id = $2", id.0, assistant.0)
        .fetch_optional(tx.conn())
        .await
}

/// A new one; those that nobody goes on with are forgotten.
pub async fn begin_talk(tx: &mut OrgTx<'_>, id: TalkId, assistant: AssistantId, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("delete from rehearsal_talks where updated_at < $1::timestamptz - interval '1 day'", now).execute(tx.conn()).await?;
    sqlx::query!("insert into rehearsal_talks (id, assistant_id, created_at, updated_at) values ($1, $2, $3, $3)", id.0, assistant.0, now)
        .execute(tx.conn())
        .await
        .map(drop)
}

/// Another turn was answered.
pub async fn go_on(tx: &mut OrgTx<'_>, id: TalkId, chat_ref: &str, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update rehearsal_talks set chat_ref = $2, turns = turns + 1, updated_at = $3 where id = $1", id.0, chat_ref, now)
        .execute(tx.conn())
        .await
        .map(drop)
}
