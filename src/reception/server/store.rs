//! Every statement on `receptions`, `reception_people`, `http_tools` and `tool_runs`, and what is read for them of assistants and numbers.

use crate::{
    platform::OrgTx,
    reception::{
        directory::{Duty, Person},
        hours::{SpecialDay, Week},
        http_tool::{Argument, HttpTool, Method},
        model::*,
        rules::Rule,
    },
    shared::{
        ids::{AssistantId, CallId, PersonId, ToolId},
        phone::PhoneNumber,
    },
};
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use uuid::Uuid;

/// What is kept of an organisation in one row.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    pub week: Week,
    pub days: Vec<SpecialDay>,
    pub rules: Vec<Rule>,
}

/// The row, locked; made when there is none.
pub async fn lock(tx: &mut OrgTx<'_>) -> sqlx::Result<Kept> {
    let row = sqlx::query!(
        r#"
        insert into receptions default values on conflict (org_id) do update set updated_at = receptions.updated_at
        returning week as "week: Json<Week>", days as "days: Json<Vec<SpecialDay>>", rules as "rules: Json<Vec<Rule>>"
        "#
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(Kept { week: row.week.0, days: row.days.0, rules: row.rules.0 })
}

/// The row; an organisation that has set nothing has none.
pub async fn read(tx: &mut OrgTx<'_>) -> sqlx::Result<Kept> {
    let row = sqlx::query!(
        r#"select week as "week: Json<Week>", days as "days: Json<Vec<SpecialDay>>", rules as "rules: Json<Vec<Rule>>" from receptions"#
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| Kept { week: row.week.0, days: row.days.0, rules: row.rules.0 }).unwrap_or_default())
}

/// Writes the row that [`lock`] locked.
pub async fn write(tx: &mut OrgTx<'_>, kept: &Kept, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update receptions set week = $1, days = $2, rules = $3, updated_at = $4",
        Json(&kept.week) as _,
        Json(&kept.days) as _,
        Json(&kept.rules) as _,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The organisation's zone and language.
pub async fn house(tx: &mut OrgTx<'_>) -> sqlx::Result<(String, String)> {
    let row = sqlx::query!("select timezone, locale from orgs").fetch_one(tx.conn()).await?;
    Ok((row.timezone, row.locale))
}

/// Assistants that rules can name, by name.
pub async fn assistants(tx: &mut OrgTx<'_>) -> sqlx::Result<Vec<Choice>> {
    sqlx::query_as!(
        Choice,
        r#"select id as "id: AssistantId", name, state = 'active' and provider_id is not null as "is_ready!" -- state is not null
           from assistants where deleted_at is null order by lower(name), id limit 500"#
    )
    .fetch_all(tx.conn())
    .await
}

/// Numbers that can be called, with their label.
pub async fn numbers(tx: &mut OrgTx<'_>) -> sqlx::Result<Vec<(String, String)>> {
    let rows = sqlx::query!("select number, label from phone_numbers order by number").fetch_all(tx.conn()).await?;
    Ok(rows.into_iter().map(|row| (row.number, row.label)).collect())
}

/// The directory, as it is tried.
pub async fn people(tx: &mut OrgTx<'_>) -> sqlx::Result<Vec<Person>> {
    sqlx::query!(
        r#"select id as "id: PersonId", name, number as "number: PhoneNumber", languages, skills, duty as "duty: Duty", week as "week: Json<Week>",
             urgent_only, priority
           from reception_people order by priority, lower(name), id"#
    )
    .map(|row| Person {
        id: row.id,
        name: row.name,
        number: row.number,
        languages: row.languages,
        skills: row.skills,
        duty: row.duty,
        week: row.week.0,
        urgent_only: row.urgent_only,
        priority: row.priority,
    })
    .fetch_all(tx.conn())
    .await
}

/// Writes somebody, new or known.
pub async fn save_person(tx: &mut OrgTx<'_>, person: &Person, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "
        insert into reception_people (id, name, number, languages, skills, duty, week, urgent_only, priority, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
        on conflict (id) do update set name = $2, number = $3, languages = $4, skills = $5, duty = $6, week = $7, urgent_only = $8,
          priority = $9, updated_at = $10
        ",
        person.id.0,
        person.name,
        person.number.as_str(),
        &person.languages,
        &person.skills,
        person.duty.name(),
        Json(&person.week) as _,
        person.urgent_only,
        person.priority,
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// False when there is nobody of this id.
pub async fn delete_person(tx: &mut OrgTx<'_>, id: PersonId) -> sqlx::Result<bool> {
    Ok(sqlx::query!("delete from reception_people where id = $1", id.0).execute(tx.conn()).await?.rows_affected() > 0)
}

/// A tool with its sealed secret.
pub struct ToolRow {
    pub tool: HttpTool,
    pub sealed: Option<Vec<u8>>,
}

/// The organisation's own tools, by name.
pub async fn tools(tx: &mut OrgTx<'_>) -> sqlx::Result<Vec<ToolRow>> {
    sqlx::query!(
        r#"select id as "id: ToolId", name, description, fields as "fields: Json<Vec<Argument>>", url, method as "method: Method", header_name,
             header_sealed, deadline_s
           from http_tools order by name"#
    )
    .map(|row| ToolRow {
        tool: HttpTool {
            id: row.id,
            name: row.name,
            description: row.description,
            arguments: row.fields.0,
            url: row.url,
            method: row.method,
            header_name: row.header_name,
            has_secret: row.header_sealed.is_some(),
            deadline_s: row.deadline_s,
        },
        sealed: row.header_sealed,
    })
    .fetch_all(tx.conn())
    .await
}

/// Writes a tool, new or known.
pub async fn save_tool(tx: &mut OrgTx<'_>, row: &ToolRow, now: DateTime<Utc>) -> sqlx::Result<()> {
    let tool = &row.tool;
    sqlx::query!(
        "
        insert into http_tools (id, name, description, fields, url, method, header_name, header_sealed, deadline_s, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
        on conflict (id) do update set name = $2, description = $3, fields = $4, url = $5, method = $6, header_name = $7, header_sealed = $8,
          deadline_s = $9, updated_at = $10
        ",
        tool.id.0,
        tool.name,
        tool.description,
        Json(&tool.arguments) as _,
        tool.url,
        tool.method.name(),
        tool.header_name,
        row.sealed.as_deref(),
        tool.deadline_s,
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// False when there is no such tool.
pub async fn delete_tool(tx: &mut OrgTx<'_>, id: ToolId) -> sqlx::Result<bool> {
    Ok(sqlx::query!("delete from http_tools where id = $1", id.0).execute(tx.conn()).await?.rows_affected() > 0)
}

/// Takes a tool call to be answered; false when somebody has.
pub async fn begin_run(tx: &mut OrgTx<'_>, call: Option<CallId>, tool_call: &str) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into tool_runs (call_id, tool_call_id) values ($1, $2) on conflict do nothing",
        call.map_or(Uuid::nil(), |call| call.0),
        tool_call
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// What a tool call was answered; nothing inside while it is being answered.
pub async fn run(tx: &mut OrgTx<'_>, call: Option<CallId>, tool_call: &str) -> sqlx::Result<Option<Option<Result<String, String>>>> {
    let row = sqlx::query!(
        "select told, is_error from tool_runs where call_id = $1 and tool_call_id = $2",
        call.map_or(Uuid::nil(), |call| call.0),
        tool_call
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| row.told.map(|told| if row.is_error { Err(told) } else { Ok(told) })))
}

/// Keeps the answer.
pub async fn end_run(tx: &mut OrgTx<'_>, call: Option<CallId>, tool_call: &str, told: &Result<String, String>) -> sqlx::Result<()> {
    let (Ok(text) | Err(text)) = told;
    sqlx::query!(
        "update tool_runs set told = $3, is_error = $4, updated_at = now() where call_id = $1 and tool_call_id = $2",
        call.map_or(Uuid::nil(), |call| call.0),
        tool_call,
        text,
        told.is_err()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Forgets answers that nobody asks for again.
pub async fn forget_runs(conn: &mut sqlx::PgConnection, before: DateTime<Utc>) -> sqlx::Result<u64> {
    Ok(sqlx::query!("delete from tool_runs where created_at < $1", before).execute(conn).await?.rows_affected())
}
