//! Every statement on `assistant_versions`, and how calls went between two of them.

use crate::{
    assistants::model::*,
    platform::OrgTx,
    shared::ids::{AccountId, AssistantId},
};
use chrono::{DateTime, Utc};
use sqlx::types::Json;

/// A version with what it says.
pub struct Row {
    pub line: VersionLine,
    pub settings: Settings,
}

/// The one that is published.
pub async fn latest(tx: &mut OrgTx<'_>, id: AssistantId) -> sqlx::Result<Option<VersionLine>> {
    Ok(page(tx, id, None, 1).await?.pop())
}

/// Versions below `before`, newest first. Of the one that is published, the provider's answer is that of the assistant: it may be asked again.
pub async fn page(tx: &mut OrgTx<'_>, id: AssistantId, before: Option<i32>, limit: i64) -> sqlx::Result<Vec<VersionLine>> {
    sqlx::query_as!(
        VersionLine,
        r#"
        select v.n, v.published_at, who.name as "published_by?", v.why, v.restored_from, v.live_from,
          case when v.revision = a.revision then a.sync_state else v.provider_state end as "answer!: SyncState", -- both are not null
          case when v.revision = a.revision then a.sync_error else v.provider_words end as "answer_words"
        from assistant_versions v join assistants a on a.id = v.assistant_id left join accounts who on who.id = v.published_by
        where v.assistant_id = $1 and ($2::int is null or v.n < $2)
        order by v.n desc
        limit $3
        "#,
        id.0,
        before,
        limit,
    )
    .fetch_all(tx.conn())
    .await
}

/// One version.
pub async fn find(tx: &mut OrgTx<'_>, id: AssistantId, n: i32) -> sqlx::Result<Option<Row>> {
    let Some(line) = page(tx, id, n.checked_add(1), 1).await?.pop().filter(|line| line.n == n) else { return Ok(None) };
    let settings = sqlx::query_scalar!(
        r#"select settings as "settings: Json<Settings>" from assistant_versions where assistant_id = $1 and n = $2"#,
        id.0,
        n
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(Some(Row { line, settings: settings.0 }))
}

/// A new version; the row of the assistant is written with the same settings and revision in the same transaction.
pub async fn insert(tx: &mut OrgTx<'_>, id: AssistantId, revision: i64, new: NewVersion<'_>, now: DateTime<Utc>) -> sqlx::Result<i32> {
    sqlx::query_scalar!(
        "
        insert into assistant_versions (assistant_id, n, revision, settings, published_by, published_at, why, restored_from)
        select $1, coalesce(max(n), 0) + 1, $2, $3, $4, $5, $6, $7 from assistant_versions where assistant_id = $1
        returning n
        ",
        id.0,
        revision,
        Json(new.settings) as _,
        new.by.map(|account| account.0),
        now,
        new.why,
        new.restored_from,
    )
    .fetch_one(tx.conn())
    .await
}

/// What is published, by whom and why.
pub struct NewVersion<'a> {
    pub settings: &'a Settings,
    pub by: Option<AccountId>,
    pub why: &'a str,
    pub restored_from: Option<i32>,
}

/// Writes down who made the assistant: its first version came with it.
pub async fn sign_first(tx: &mut OrgTx<'_>, id: AssistantId, account: AccountId) -> sqlx::Result<()> {
    sqlx::query!("update assistant_versions set published_by = $2 where assistant_id = $1 and n = 1", id.0, account.0)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// When a version was live, as far as the provider told: until the next one that it took.
pub struct Stretch {
    pub n: i32,
    pub from: DateTime<Utc>,
    /// Absent: it still is.
    pub to: Option<DateTime<Utc>>,
}

/// The stretch of version `n`, and of the last one that was live before it. Newest first.
pub async fn stretches(tx: &mut OrgTx<'_>, id: AssistantId, n: i32) -> sqlx::Result<Vec<Stretch>> {
    sqlx::query_as!(
        Stretch,
        r#"
        select v.n, v.live_from as "from!", -- filtered
          (select min(next.live_from) from assistant_versions next where next.assistant_id = v.assistant_id and next.n > v.n) as "to"
        from assistant_versions v
        where v.assistant_id = $1 and v.n <= $2 and v.live_from is not null
        order by v.n desc
        limit 2
        "#,
        id.0,
        n,
    )
    .fetch_all(tx.conn())
    .await
}

/// How the calls of an assistant went that came within this time. The definitions are those of Home.
pub async fn figures(tx: &mut OrgTx<'_>, id: AssistantId, n: i32, from: DateTime<Utc>, to: DateTime<Utc>) -> sqlx::Result<CallFigures> {
    let row = sqlx::query!(
        r#"
        select count(*) as "calls!", count(*) filter (where answered_at is not null) as "answered!",
          count(*) filter (where outcome = 'moved') as "transferred!", avg(duration_s) filter (where answered_at is not null)::int as "average_s"
        from calls_by_assistant
        where assistant_id = $1 and created_at >= $2 and created_at < $3
        "#, // counts are never null
        id.0,
        from,
        to,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(CallFigures { n, from, to, calls: row.calls, answered: row.answered, average_s: row.average_s, transferred: row.transferred })
}
