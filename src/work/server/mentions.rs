//! Who is meant by a note.

use super::{
    give::tell,
    jobs::{About, TellPerson},
    store,
};
use crate::{
    platform::{OrgScope, OrgTx},
    shared::{
        error::AppError,
        ids::{AccountId, CallId, NoteId},
        permission::Permission,
    },
    work::model::mentioned,
};
use chrono::{DateTime, Utc};

/// Keeps who is meant by a note that was just written, and says that there is one. Errors: `Invalid(text)` when somebody is meant who may not
/// see calls: they would never know.
pub async fn keep(tx: &mut OrgTx<'_>, note: NoteId, call: CallId, text: &str) -> Result<(), AppError> {
    let people = store::people(tx).await?;
    let names: Vec<_> = people.iter().map(|one| (one.account, one.name.clone())).collect();
    let (org, by) = (tx.scope().org(), tx.scope().account());
    for account in mentioned(text, &names) {
        if !people.iter().any(|one| one.account == account && one.may_see_calls) {
            return Err(AppError::invalid("text", "work.may_not_see"));
        }
        if Some(account) == by {
            continue; // a note to oneself
        }
        insert(tx, note, account, call, by).await?;
        TellPerson { org, account, call, about: About::Mentioned, by }.enqueue(tx).await?;
    }
    tell(tx, call).await
}

async fn insert(tx: &mut OrgTx<'_>, note: NoteId, account: AccountId, call: CallId, by: Option<AccountId>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into note_mentions (note_id, account_id, call_id, by_id) values ($1, $2, $3, $4)",
        note as NoteId,
        account as AccountId,
        call as CallId,
        by.map(|by| by.0)
    )
    .execute(tx.conn())
    .await
    .map(|_| ())
}

/// Whether somebody is meant in a note of a call, and has not said that they know.
pub async fn is_open(tx: &mut OrgTx<'_>, account: AccountId, call: CallId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from note_mentions where account_id = $1 and call_id = $2 and done_at is null) as "is!""#,
        account as AccountId,
        call as CallId
    )
    .fetch_one(tx.conn())
    .await
}

/// A note in which somebody is meant.
pub struct Mention {
    pub note: NoteId,
    pub call: CallId,
    pub by: Option<String>,
    pub text: String,
    pub second: Option<f32>,
    pub at: DateTime<Utc>,
}

/// What a person has not answered, the oldest first.
pub async fn open(tx: &mut OrgTx<'_>, account: AccountId, limit: i64) -> sqlx::Result<Vec<Mention>> {
    sqlx::query_as!(
        Mention,
        r#"select n.id as "note: NoteId", m.call_id as "call: CallId", b.name as "by?", n.text, n.second, m.created_at as at
           from note_mentions m join call_notes n on n.id = m.note_id left join accounts b on b.id = m.by_id
           where m.account_id = $1 and m.done_at is null order by m.created_at, n.id limit $2"#,
        account as AccountId,
        limit
    )
    .fetch_all(tx.conn())
    .await
}

/// The reader knows. Errors: `NotFound`.
pub async fn done(scope: &OrgScope, note: NoteId, is_done: bool) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::CallsRead).await?;
    let account = scope.account().ok_or_else(|| AppError::not_found("mention"))?;
    let at = is_done.then(|| scope.core().clock.now());
    let call = sqlx::query_scalar!(
        r#"update note_mentions set done_at = $3, updated_at = now() where note_id = $1 and account_id = $2 returning call_id as "call: CallId""#,
        note as NoteId,
        account as AccountId,
        at
    )
    .fetch_optional(tx.conn())
    .await?;
    let call = call.ok_or_else(|| AppError::not_found("mention"))?;
    tell(&mut tx, call).await?;
    tx.commit().await
}
