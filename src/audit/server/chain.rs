//! Following the chain of an organisation's log: each hash is made anew from the entry and the hash before it. Reckoned here and not in the
//! database, so that whoever changes what the database reckons is found out, too.

use crate::{audit::model::Checked, shared::ids::OrgId};
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use uuid::Uuid;

const AT_ONCE: i64 = 2000;

struct Link {
    n: i64,
    at: DateTime<Utc>,
    actor_kind: String,
    actor_id: Option<Uuid>,
    actor_name: Option<String>,
    ip: Option<String>,
    user_agent: Option<String>,
    request_id: Option<String>,
    action: String,
    kind: String,
    subject: Option<String>,
    label: Option<String>,
    before: Option<String>,
    after: Option<String>,
    hash: Vec<u8>,
}

/// Follows it from the first entry to the last, a few thousand at a time. `seen` is told the number and hash of each that holds.
pub async fn follow(conn: &mut PgConnection, org: OrgId, mut seen: impl FnMut(i64, &[u8])) -> sqlx::Result<Checked> {
    let (mut entries, mut head) = (0, Vec::new());
    loop {
        let links = sqlx::query_as!(
            Link,
            "select n, at, actor_kind, actor_id, actor_name, ip, user_agent, request_id, action, kind, subject, label,
               before::text, after::text, hash
             from audit_entries where org_id = $1 and n > $2 order by n limit $3",
            org.0,
            entries,
            AT_ONCE
        )
        .fetch_all(&mut *conn)
        .await?;
        for link in &links {
            if link.n != entries + 1 || link.hash != link.made_from(org, &head) {
                return Ok(Checked { entries, head: hex::encode(head), broken_at: Some(entries + 1) });
            }
            (entries, head) = (link.n, link.hash.clone());
            seen(entries, &head);
        }
        if (links.len() as i64) < AT_ONCE {
            return Ok(Checked { entries, head: hex::encode(head), broken_at: None });
        }
    }
}

impl Link {
    /// The hash that belongs to this entry: SHA-256 over the hash before and each field with its length (`zencall_audit_add` does the same).
    fn made_from(&self, org: OrgId, before: &[u8]) -> Vec<u8> {
        let fields: [Option<String>; 15] = [
            Some(org.0.to_string()),
            Some(self.n.to_string()),
            Some(self.at.timestamp_micros().to_string()),
            Some(self.actor_kind.clone()),
            self.actor_id.map(|id| id.to_string()),
            self.actor_name.clone(),
            self.ip.clone(),
            self.user_agent.clone(),
            self.request_id.clone(),
            Some(self.action.clone()),
            Some(self.kind.clone()),
            self.subject.clone(),
            self.label.clone(),
            self.before.clone(),
            self.after.clone(),
        ];
        let field = |field: &Option<String>| field.as_ref().map_or_else(|| "-".into(), |text| format!("{}:{text}", text.len()));
        let text = fields.iter().map(field).collect::<Vec<_>>().join(",");
        Sha256::new().chain_update(before).chain_update(text).finalize().to_vec()
    }
}
