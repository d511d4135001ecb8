//! Every statement on tags, views, what was read, and notes.

use crate::{
    calls::{
        log::model::{Note, Tag, View},
        model::CallFilter,
    },
    platform::OrgTx,
    shared::ids::{AccountId, CallId, NoteId, NumberId, TagId, ViewId},
};
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, types::Json};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

fn ids(calls: &[CallId]) -> Vec<Uuid> {
    calls.iter().map(|id| id.0).collect()
}

/// Who reads, and since when calls count as unread for them: since they first saw the log. Nothing for a program.
pub async fn reader(tx: &mut OrgTx<'_>) -> sqlx::Result<Option<(AccountId, DateTime<Utc>)>> {
    let Some(account) = tx.scope().account() else { return Ok(None) };
    let since =
        sqlx::query_scalar!("select since from call_readers where account_id = $1", account as AccountId).fetch_optional(tx.conn()).await?;
    Ok(since.map(|since| (account, since)))
}

/// The same, and from now on for somebody who sees the log for the first time.
pub async fn begin_reading(tx: &mut OrgTx<'_>, now: DateTime<Utc>) -> sqlx::Result<Option<(AccountId, DateTime<Utc>)>> {
    if let Some(known) = reader(tx).await? {
        return Ok(Some(known));
    }
    let Some(account) = tx.scope().account().filter(|_| !tx.scope().is_viewing()) else { return Ok(None) };
    read_until(tx, account, now).await?;
    Ok(Some((account, now)))
}

/// Everything before counts as read.
pub async fn read_until(tx: &mut OrgTx<'_>, account: AccountId, until: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into call_readers (account_id, since) values ($1, $2) on conflict (org_id, account_id) do update set since = $2, updated_at = now()",
        account as AccountId,
        until
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Somebody opened a call.
pub async fn opened(conn: &mut PgConnection, account: AccountId, call: CallId) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into call_reads (account_id, call_id) values ($1, $2) on conflict do nothing",
        account as AccountId,
        call as CallId
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Those of the calls that somebody has opened.
pub async fn opened_of(conn: &mut PgConnection, account: AccountId, calls: &[CallId]) -> sqlx::Result<HashSet<CallId>> {
    let opened = sqlx::query_scalar!(
        r#"select call_id as "id: CallId" from call_reads where account_id = $1 and call_id = any($2)"#,
        account as AccountId,
        &ids(calls)
    )
    .fetch_all(conn)
    .await?;
    Ok(opened.into_iter().collect())
}

/// The line of each call that holds one of the patterns: the first of the settled transcript.
pub async fn lines_with(conn: &mut PgConnection, calls: &[CallId], patterns: &[String]) -> sqlx::Result<HashMap<CallId, (i64, String)>> {
    let rows = sqlx::query!(
        r#"select k.id as "call!: CallId", l.seq, l.text
           from unnest($1::uuid[], $2::timestamptz[]) as k (id, at) cross join lateral (
             select seq, text from call_lines l where l.call_id = k.id and l.created_at = k.at and lower(l.text) like any ($3)
             order by l.source = 'report' desc, l.seq limit 1) l"#,
        &ids(calls),
        &calls.iter().map(|id| id.time()).collect::<Vec<_>>(),
        patterns
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.call, (row.seq, row.text))).collect())
}

/// All tags, by name.
pub async fn tags(conn: &mut PgConnection) -> sqlx::Result<Vec<Tag>> {
    sqlx::query_as!(Tag, r#"select id as "id: TagId", name from tags order by lower(name), id limit 500"#).fetch_all(conn).await
}

/// The tags of calls.
pub async fn tags_of(conn: &mut PgConnection, calls: &[CallId]) -> sqlx::Result<HashMap<CallId, Vec<TagId>>> {
    let rows = sqlx::query!(
        r#"select call_id as "call: CallId", mark from call_marks where call_id = any($1) and mark like 'tag\_%'"#,
        &ids(calls)
    )
    .fetch_all(conn)
    .await?;
    let mut of: HashMap<CallId, Vec<TagId>> = HashMap::new();
    for row in rows {
        if let Ok(tag) = row.mark.parse() {
            of.entry(row.call).or_default().push(tag);
        }
    }
    Ok(of)
}

/// The tag of this name, made when there is none. Waits for nobody who makes the same one for longer than their transaction lasts.
pub async fn tag_named(conn: &mut PgConnection, new: TagId, name: &str, by: Option<AccountId>) -> sqlx::Result<TagId> {
    sqlx::query_scalar!(
        r#"insert into tags (id, name, created_by) values ($1, $2, $3)
           on conflict (org_id, lower(name)) do update set updated_at = now() returning id as "id: TagId""#,
        new as TagId,
        name,
        by.map(|by| by.0)
    )
    .fetch_one(conn)
    .await
}

/// Puts a tag on those of the calls that there are; says on how many it is new.
pub async fn put_tag(conn: &mut PgConnection, tag: TagId, calls: &[CallId]) -> sqlx::Result<u64> {
    let put = sqlx::query!(
        "insert into call_marks (call_id, mark, created_at)
         select c.id, $1, c.created_at from unnest($2::uuid[]) as k (id) join calls c on c.id = k.id and c.created_at = uuid_time(k.id)
         on conflict do nothing",
        tag.to_string(),
        &ids(calls)
    )
    .execute(conn)
    .await?;
    Ok(put.rows_affected())
}

/// Takes it off; a tag that no call has any more goes.
pub async fn take_tag(conn: &mut PgConnection, tag: TagId, calls: &[CallId]) -> sqlx::Result<u64> {
    let mark = tag.to_string();
    let taken = sqlx::query!("delete from call_marks where mark = $1 and call_id = any($2)", mark, &ids(calls)).execute(&mut *conn).await?;
    sqlx::query!("delete from tags where id = $1 and not exists (select from call_marks where mark = $2)", tag as TagId, mark)
        .execute(conn)
        .await?;
    Ok(taken.rows_affected())
}

/// The reader's views and the shared ones; `removes_all` says that the reader may remove any.
pub async fn views(conn: &mut PgConnection, account: Option<AccountId>, removes_all: bool) -> sqlx::Result<Vec<View>> {
    let rows = sqlx::query!(
        r#"select id as "id: ViewId", name, filter as "filter: Json<CallFilter>", is_shared, account_id = $1 as "is_mine?" from call_views
           where is_shared or account_id = $1 order by created_at, id limit 100"#,
        account.map(|id| id.0)
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| View {
            id: row.id,
            name: row.name,
            filter: row.filter.0,
            is_shared: row.is_shared,
            is_removable: removes_all || row.is_mine == Some(true),
        })
        .collect())
}

/// How many views somebody has made.
pub async fn count_views(conn: &mut PgConnection, account: AccountId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "n!" from call_views where account_id = $1"#, account as AccountId).fetch_one(conn).await
}

pub async fn insert_view(
    conn: &mut PgConnection,
    id: ViewId,
    account: AccountId,
    name: &str,
    is_shared: bool,
    filter: &CallFilter,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into call_views (id, account_id, name, filter, is_shared) values ($1, $2, $3, $4, $5)",
        id as ViewId,
        account as AccountId,
        name,
        Json(filter) as _,
        is_shared
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes a view that is somebody's own, or a shared one for who may remove all.
pub async fn delete_view(conn: &mut PgConnection, id: ViewId, account: Option<AccountId>, removes_all: bool) -> sqlx::Result<bool> {
    let gone = sqlx::query!(
        "delete from call_views where id = $1 and (account_id = $2 or (is_shared and $3))",
        id as ViewId,
        account.map(|id| id.0),
        removes_all
    )
    .execute(conn)
    .await?;
    Ok(gone.rows_affected() > 0)
}

/// Our numbers, as they are called.
pub async fn numbers(conn: &mut PgConnection) -> sqlx::Result<Vec<(NumberId, String)>> {
    let rows = sqlx::query!(
        r#"select id as "id: NumberId", case label when '' then number else number || ' ' || label end as "name!" from phone_numbers order by number limit 200"#
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// Characters of each call's transcript, of those that are over.
pub async fn sizes(conn: &mut PgConnection, calls: &[CallId]) -> sqlx::Result<Vec<(CallId, i64)>> {
    let rows = sqlx::query!(
        r#"select c.id as "id: CallId", (select coalesce(sum(length(l.text)), 0) from call_lines l
             where l.call_id = c.id and l.created_at = c.created_at and (l.source = 'report' or not c.has_report)) as "characters!" -- coalesced
           from unnest($1::uuid[]) as k (id) join calls c on c.id = k.id and c.created_at = uuid_time(k.id) where c.status = 'ended'"#,
        &ids(calls)
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.characters)).collect())
}

/// What was written beside a call, by second, then by time.
pub async fn notes(conn: &mut PgConnection, call: CallId, reader: Option<AccountId>) -> sqlx::Result<Vec<Note>> {
    let rows = sqlx::query!(
        r#"select n.id as "id: NoteId", n.account_id as "by: AccountId", a.name as "by_name?", n.second, n.text, n.created_at
           from call_notes n left join accounts a on a.id = n.account_id where n.call_id = $1 order by n.second nulls first, n.created_at, n.id limit 500"#,
        call as CallId
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Note {
            id: row.id,
            call,
            is_mine: row.by.is_some() && row.by == reader,
            by: row.by,
            by_name: row.by_name,
            second: row.second,
            text: row.text,
            at: row.created_at,
        })
        .collect())
}

/// Writes a note beside a call that there is.
pub async fn insert_note(
    conn: &mut PgConnection,
    id: NoteId,
    call: CallId,
    by: Option<AccountId>,
    second: Option<f32>,
    text: &str,
) -> sqlx::Result<bool> {
    let made = sqlx::query!(
        "insert into call_notes (id, call_id, account_id, second, text)
         select $1, c.id, $3, $4, $5 from calls c where c.id = $2 and c.created_at = uuid_time($2)",
        id as NoteId,
        call as CallId,
        by.map(|by| by.0),
        second,
        text
    )
    .execute(conn)
    .await?;
    Ok(made.rows_affected() > 0)
}

/// Removes a note of somebody's own; says of which call it was.
pub async fn delete_note(conn: &mut PgConnection, id: NoteId, by: AccountId) -> sqlx::Result<Option<CallId>> {
    sqlx::query_scalar!(
        r#"delete from call_notes where id = $1 and account_id = $2 returning call_id as "call: CallId""#,
        id as NoteId,
        by as AccountId
    )
    .fetch_optional(conn)
    .await
}
