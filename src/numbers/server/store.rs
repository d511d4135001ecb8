//! Every statement on `sms_messages`, `sms_reports` and `sms_opt_outs`; reads of `number_health`.

use crate::{
    numbers::{model::*, stop_words::Order},
    platform::OrgTx,
    shared::ids::{CallId, MessageId, NumberId},
};
use chrono::{DateTime, Utc};

/// How a number has been doing.
pub struct Health {
    pub number: NumberId,
    pub last_received: Option<DateTime<Utc>>,
    pub last_failed: Option<DateTime<Utc>>,
}

/// A message that waits to be sent.
pub struct Waiting {
    pub ours: String,
    pub theirs: String,
    pub body: String,
    pub status: String,
    /// When Twilio was asked first, if it was.
    pub asked_at: Option<DateTime<Utc>>,
    pub call: Option<CallId>,
}

/// A message that is new to us.
pub struct NewMessage<'a> {
    pub direction: Direction,
    pub ours: &'a str,
    pub theirs: &'a str,
    pub body: &'a str,
    pub status: &'a str,
    pub sid: Option<&'a str>,
    pub call: Option<CallId>,
}

/// A message whose standing has changed, and the call it was sent in.
pub struct Moved {
    pub message: MessageId,
    pub call: Option<CallId>,
    pub theirs: String,
}

pub async fn health(tx: &mut OrgTx<'_>) -> sqlx::Result<Vec<Health>> {
    sqlx::query_as!(Health, r#"select number_id as "number!: NumberId", last_received, last_failed from number_health"#)
        .fetch_all(tx.conn())
        .await
}

/// Messages, newest first.
pub async fn page(tx: &mut OrgTx<'_>, before: Option<MessageId>, limit: i64) -> sqlx::Result<Vec<MessageLine>> {
    sqlx::query_as!(
        MessageLine,
        r#"
        select m.id as "id: MessageId", m.created_at as at, m.direction as "direction: Direction", m.our_number as ours, m.their_number as theirs,
          m.body, m.status, m.error, m.call_id as "call_id: CallId", o.stopped_at is not null and o.resumed_at is null as "has_stopped!"
        from sms_messages m left join sms_opt_outs o on o.number = m.their_number and o.org_id = m.org_id
        where ($1::uuid is null or m.id < $1)
        order by m.id desc
        limit $2
        "#,
        before.map(|id| id.0),
        limit
    )
    .fetch_all(tx.conn())
    .await
}

/// Keeps a message; false when Twilio has told us of it before.
pub async fn insert(tx: &mut OrgTx<'_>, id: MessageId, new: &NewMessage<'_>, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into sms_messages (id, direction, our_number, their_number, body, status, status_rank, sid, call_id, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (org_id, sid) where sid is not null do nothing",
        id.0,
        new.direction.name(),
        new.ours,
        new.theirs,
        new.body,
        new.status,
        rank(new.status),
        new.sid,
        new.call.map(|id| id.0),
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// A message of ours, for whoever sends it; nobody else sends it meanwhile.
pub async fn lock(tx: &mut OrgTx<'_>, id: MessageId) -> sqlx::Result<Option<Waiting>> {
    sqlx::query_as!(
        Waiting,
        r#"select our_number as ours, their_number as theirs, body, status, asked_at, call_id as "call: CallId"
           from sms_messages where id = $1 and direction = 'out' for update"#,
        id.0
    )
    .fetch_optional(tx.conn())
    .await
}

/// Twilio is about to be asked: until its answer is known, it may have been.
pub async fn mark_asked(tx: &mut OrgTx<'_>, id: MessageId, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update sms_messages set asked_at = coalesce(asked_at, $2), updated_at = $2 where id = $1", id.0, now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// One at a time for an id at Twilio: a report that comes while its message is being given that id waits, and then finds it.
pub async fn take_turn(tx: &mut OrgTx<'_>, sid: &str) -> sqlx::Result<()> {
    sqlx::query!(r#"select pg_advisory_xact_lock(hashtextextended($1, 0))::text as "done""#, sid).fetch_one(tx.conn()).await?;
    Ok(())
}

/// Twilio has it under this id.
pub async fn mark_taken(tx: &mut OrgTx<'_>, id: MessageId, sid: &str) -> sqlx::Result<()> {
    sqlx::query!("update sms_messages set sid = $2, updated_at = now() where id = $1", id.0, sid).execute(tx.conn()).await?;
    Ok(())
}

/// Whether a message of ours has this id at Twilio.
pub async fn is_known(tx: &mut OrgTx<'_>, sid: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select exists (select from sms_messages where sid = $1) as "is!""#, sid).fetch_one(tx.conn()).await
}

/// It will not be sent: `refused` by us, or `failed` at Twilio.
pub async fn mark_failed(tx: &mut OrgTx<'_>, id: MessageId, status: &str, error: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "update sms_messages set status = $2, status_rank = $3, error = $4, updated_at = now() where id = $1",
        id.0,
        status,
        rank(status),
        error
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Notes what Twilio told of a message; false when it had told that before.
pub async fn note_report(tx: &mut OrgTx<'_>, sid: &str, status: &str, error: Option<&str>) -> sqlx::Result<bool> {
    let done = sqlx::query!("insert into sms_reports (sid, status, error) values ($1, $2, $3) on conflict do nothing", sid, status, error)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() > 0)
}

/// What was told of a message before it was known whose it is.
pub async fn reports(tx: &mut OrgTx<'_>, sid: &str) -> sqlx::Result<Vec<(String, Option<String>)>> {
    let rows = sqlx::query!("select status, error from sms_reports where sid = $1", sid).fetch_all(tx.conn()).await?;
    Ok(rows.into_iter().map(|row| (row.status, row.error)).collect())
}

/// Moves a message of ours on; nothing when it is further already, or not known yet.
pub async fn advance(tx: &mut OrgTx<'_>, sid: &str, status: &str, error: Option<&str>) -> sqlx::Result<Option<Moved>> {
    sqlx::query_as!(
        Moved,
        r#"update sms_messages set status = $2, status_rank = $3, error = coalesce($4, error), updated_at = now()
           where sid = $1 and direction = 'out' and status_rank < $3
           returning id as "message: MessageId", call_id as "call: CallId", their_number as theirs"#,
        sid,
        status,
        rank(status),
        error
    )
    .fetch_optional(tx.conn())
    .await
}

/// Whether a number wants no messages now.
pub async fn has_stopped(tx: &mut OrgTx<'_>, number: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select exists (select from sms_opt_outs where number = $1 and resumed_at is null) as "is!""#, number)
        .fetch_one(tx.conn())
        .await
}

/// Somebody wants no messages, or wants them again. `word`: how that was said.
pub async fn obey(tx: &mut OrgTx<'_>, number: &str, order: Order, word: &str, now: DateTime<Utc>) -> sqlx::Result<()> {
    match order {
        Order::Stop => sqlx::query!(
            "insert into sms_opt_outs (number, word, stopped_at) values ($1, $2, $3)
             on conflict (org_id, number) do update set word = $2, resumed_at = null, updated_at = $3,
               stopped_at = case when sms_opt_outs.resumed_at is null then sms_opt_outs.stopped_at else $3 end",
            number,
            word,
            now
        )
        .execute(tx.conn())
        .await
        .map(drop),
        Order::Start => {
            sqlx::query!("update sms_opt_outs set resumed_at = $2, updated_at = $2 where number = $1 and resumed_at is null", number, now)
                .execute(tx.conn())
                .await
                .map(drop)
        }
    }
}
