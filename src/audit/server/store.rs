//! Statements on `audit_entries` and `audit_refusals`. Nothing here writes: triggers and `platform::audit` do.

use crate::{
    audit::model::{ActorKind, AuditFilter, Change, Entry, Refusal},
    platform::OrgTx,
    shared::{
        audit::Object,
        ids::{
            AccountId, AnswerId, ApiKeyId, AssistantId, CallId, DeliveryId, EndpointId, InvitationId, MailDomainId, NumberId, OrgId,
            PersonId, RehearsalId, RoleId, TeamId, ToolId, decode, encode,
        },
    },
};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

/// What is looked for, in the database's terms.
pub struct Asked<'a> {
    pub filter: &'a AuditFilter,
    pub actor: Option<Uuid>,
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
}

/// An entry as it is kept.
pub struct Row {
    pub n: i64,
    pub at: DateTime<Utc>,
    pub actor_kind: String,
    pub actor_id: Option<Uuid>,
    pub actor_name: Option<String>,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
    pub action: String,
    pub kind: String,
    pub subject: Option<String>,
    pub label: Option<String>,
    pub before: Option<Value>,
    pub after: Option<Value>,
    pub hash: Vec<u8>,
}

/// Entries below a number, newest first.
pub async fn page(tx: &mut OrgTx<'_>, asked: &Asked<'_>, below: Option<i64>, limit: i64) -> sqlx::Result<Vec<Row>> {
    let filter = asked.filter;
    sqlx::query_as!(
        Row,
        "select n, at, actor_kind, actor_id, actor_name, ip, user_agent, request_id, action, kind, subject, label, before, after, hash
         from audit_entries
         where ($1::bigint is null or n < $1) and ($2::uuid is null or actor_id = $2) and ($3::text is null or action = $3)
           and ($4::text is null or kind = $4) and ($5::text is null or subject = $5)
           and ($6::timestamptz is null or at >= $6) and ($7::timestamptz is null or at < $7)
         order by n desc limit $8",
        below,
        asked.actor,
        filter.act.map(|act| act.name()),
        filter.object.map(|object| object.name()),
        filter.subject.as_deref().map(kept),
        asked.from,
        asked.to,
        limit
    )
    .fetch_all(tx.conn())
    .await
}

/// Members and keys: who may be looked for.
pub async fn actors(tx: &mut OrgTx<'_>) -> sqlx::Result<Vec<(String, String)>> {
    let people = sqlx::query!("select a.id, a.name from members m join accounts a on a.id = m.account_id order by lower(a.name)")
        .fetch_all(tx.conn())
        .await?;
    let keys = sqlx::query!("select id, name from api_keys order by lower(name)").fetch_all(tx.conn()).await?;
    let people = people.into_iter().map(|row| (AccountId(row.id).to_string(), row.name));
    Ok(people.chain(keys.into_iter().map(|row| (ApiKeyId(row.id).to_string(), row.name))).collect())
}

/// The newest refusals.
pub async fn refusals(tx: &mut OrgTx<'_>, limit: i64) -> sqlx::Result<Vec<Refusal>> {
    let rows = sqlx::query!(
        r#"select r.actor_kind, r.actor_id, coalesce(a.name, k.name) as name, r.needs, r.times, r.ip, r.first_at, r.last_at
           from audit_refusals r left join accounts a on r.actor_kind = 'person' and a.id = r.actor_id
           left join api_keys k on r.actor_kind = 'key' and k.id = r.actor_id
           order by r.last_at desc limit $1"#,
        limit
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let actor = actor_kind(&row.actor_kind);
            Refusal {
                actor,
                actor_id: actor_text(actor, row.actor_id),
                actor_name: row.name,
                needs: row.needs,
                times: row.times,
                ip: row.ip,
                first_at: row.first_at,
                last_at: row.last_at,
            }
        })
        .collect())
}

fn actor_kind(word: &str) -> ActorKind {
    word.parse().unwrap_or(ActorKind::System)
}

fn actor_text(kind: ActorKind, id: Uuid) -> String {
    match kind {
        ActorKind::Key => ApiKeyId(id).to_string(),
        _ => AccountId(id).to_string(),
    }
}

impl From<Row> for Entry {
    fn from(row: Row) -> Self {
        let actor = actor_kind(&row.actor_kind);
        let (before, after) = (fields(row.before), fields(row.after));
        let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
        names.sort_unstable();
        names.dedup();
        let of = |fields: &Map<String, Value>, name: &str| fields.get(name).map(said);
        let changes =
            names.iter().map(|name| Change { field: (*name).clone(), before: of(&before, name), after: of(&after, name) }).collect();
        Self {
            n: row.n,
            at: row.at,
            actor,
            actor_id: row.actor_id.map(|id| actor_text(actor, id)),
            actor_name: row.actor_name,
            ip: row.ip,
            user_agent: row.user_agent,
            request_id: row.request_id,
            act: row.action,
            subject: row.subject.map(|subject| shown(&row.kind, subject)),
            object: row.kind,
            label: row.label,
            changes,
            hash: hex::encode(row.hash),
        }
    }
}

/// The fields of an object with the ids in them as they are everywhere else.
pub fn fields(kept: Option<Value>) -> Map<String, Value> {
    let Some(Value::Object(fields)) = kept else { return Map::new() };
    let typed = |(name, value): (String, Value)| {
        let prefix = match name.as_str() {
            "account_id" | "invited_by" | "created_by" | "published_by" | "set_by" => AccountId::PREFIX,
            "assistant_id" | "assistants" => AssistantId::PREFIX,
            "team_id" => TeamId::PREFIX,
            "own_role" => RoleId::PREFIX,
            _ => return (name, value),
        };
        let value = match value {
            Value::Array(items) => items.into_iter().map(|item| with_prefix(prefix, item)).collect(),
            one => with_prefix(prefix, one),
        };
        (name, value)
    };
    fields.into_iter().filter(|(name, _)| name != "id").map(typed).collect()
}

fn with_prefix(prefix: &str, value: Value) -> Value {
    match value.as_str().and_then(|text| text.parse::<Uuid>().ok()) {
        Some(id) => Value::String(format!("{prefix}_{}", encode(id))),
        None => value,
    }
}

fn said(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// An object's id as it is everywhere else.
fn shown(kind: &str, subject: String) -> String {
    let (Ok(kind), Ok(id)) = (kind.parse::<Object>(), subject.parse::<Uuid>()) else { return subject };
    let prefix = match kind {
        Object::Organisation | Object::Provider | Object::Reception | Object::RehearsalRule | Object::Retention | Object::SignInRules => {
            OrgId::PREFIX
        }
        Object::Member | Object::Account => AccountId::PREFIX,
        Object::Role => RoleId::PREFIX,
        Object::Invitation => InvitationId::PREFIX,
        Object::MailDomain => MailDomainId::PREFIX,
        Object::Key => ApiKeyId::PREFIX,
        Object::Team | Object::TeamMember => TeamId::PREFIX,
        Object::Webhook => EndpointId::PREFIX,
        Object::Assistant | Object::Version => AssistantId::PREFIX,
        Object::Number => NumberId::PREFIX,
        Object::Answer => AnswerId::PREFIX,
        Object::Person => PersonId::PREFIX,
        Object::Tool => ToolId::PREFIX,
        Object::Rehearsal => RehearsalId::PREFIX,
        Object::Call | Object::Recording => CallId::PREFIX,
        Object::Delivery => DeliveryId::PREFIX,
        Object::WorkRule | Object::Carrier | Object::Caller | Object::Calls | Object::Audit => return subject,
    };
    format!("{prefix}_{}", encode(id))
}

/// The way back: an id as the log keeps it.
fn kept(shown: &str) -> String {
    let id = shown.rsplit_once('_').and_then(|(prefix, _)| decode(shown, prefix).ok());
    id.map_or_else(|| shown.to_owned(), |id| id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_in_the_log_are_those_of_everywhere_else() {
        let id = Uuid::from_u128(7);
        assert_eq!(kept(&shown("assistant", id.to_string())), id.to_string());
        assert_eq!(shown("caller", "•••1234".into()), "•••1234");
        assert_eq!(kept("incoming"), "incoming");
        let fields = fields(Some(serde_json::json!({ "id": id, "assistants": [id], "name": "Accueil" })));
        assert_eq!(Value::Object(fields), serde_json::json!({ "assistants": [AssistantId(id)], "name": "Accueil" }));
    }
}
