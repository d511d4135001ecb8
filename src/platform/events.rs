//! What other systems are told: whoever changes a row says so here, in the same transaction, and knows nothing of who listens.
//! An organisation without endpoints keeps nothing. Delivering is the slice `webhooks`.

use crate::shared::{
    event::EventKind,
    ids::{EventId, OrgId},
};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Happened {
    org: OrgId,
    kind: EventKind,
    /// With the kind: what it is known by, so that it is told once however often it is found out.
    subject: String,
    at: DateTime<Utc>,
    data: Value,
}

impl Happened {
    /// `subject` names what happens once; `data` has the fields of the kind.
    pub fn new(org: OrgId, kind: EventKind, subject: impl ToString, at: DateTime<Utc>, data: Value) -> Self {
        Self { org, kind, subject: subject.to_string(), at, data }
    }

    fn key(&self) -> String {
        format!("{}:{}", self.kind, self.subject)
    }
}

/// The bytes that are signed and sent, the same at each attempt.
pub fn body(kind: EventKind, at: DateTime<Utc>, data: &Value) -> String {
    json!({ "type": kind, "timestamp": at.to_rfc3339_opts(SecondsFormat::Millis, true), "data": data }).to_string()
}

/// Keeps what happened and what is owed to whom: one statement, and none for nothing.
pub async fn emit(conn: &mut PgConnection, happened: &[Happened]) -> sqlx::Result<()> {
    if happened.is_empty() {
        return Ok(());
    }
    let ids: Vec<uuid::Uuid> = happened.iter().map(|one| EventId::at(one.at).0).collect();
    let orgs: Vec<uuid::Uuid> = happened.iter().map(|one| one.org.0).collect();
    let kinds: Vec<&str> = happened.iter().map(|one| one.kind.name()).collect();
    let keys: Vec<String> = happened.iter().map(Happened::key).collect();
    let times: Vec<DateTime<Utc>> = happened.iter().map(|one| one.at).collect();
    let bodies: Vec<String> = happened.iter().map(|one| body(one.kind, one.at, &one.data)).collect();
    sqlx::query("select zencall_emit($1, $2, $3, $4, $5, $6)")
        .bind(ids)
        .bind(orgs)
        .bind(kinds)
        .bind(keys)
        .bind(times)
        .bind(bodies)
        .execute(conn)
        .await?;
    Ok(())
}
