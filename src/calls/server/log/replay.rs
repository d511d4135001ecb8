//! The deliveries of a call folded again, one by one, by the same pure fold: why a call says what it says.

use crate::{
    calls::{
        log::model::{Replay, Step},
        server::fold::{self, Facts, Reading},
    },
    platform::OrgScope,
    shared::{error::AppError, ids::CallId, money::MicroUsd, permission::Permission},
};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use std::collections::HashSet;

/// One delivery, as the journal keeps it.
struct Delivered {
    at: DateTime<Utc>,
    kind: Option<String>,
    /// Absent when it was erased, or when nothing was delivered: we asked.
    body: Option<String>,
    reason: Option<String>,
}

/// Folds what was delivered. Errors: `NotFound`.
pub async fn replay(scope: &OrgScope, call: CallId) -> Result<Replay, AppError> {
    let mut tx = scope.begin_snapshot(Permission::CallsRead).await?;
    let stored = sqlx::query_scalar!(
        r#"select facts as "facts: Json<Facts>" from calls where id = $1 and created_at = uuid_time($1)"#,
        call as CallId
    )
    .fetch_optional(tx.conn())
    .await?
    .ok_or_else(|| AppError::not_found("call"))?;
    let delivered = sqlx::query_as!(
        Delivered,
        "select created_at as at, kind, body, reason from hook_journal
         where (call_id = $1 or provider_call_id in (select provider_call_id from call_refs where call_id = $1))
           and created_at >= uuid_time($1) - interval '1 day' and outcome in ('accepted', 'duplicate')
           and (body is not null or reason in ('asked', 'erased')) order by created_at, id limit 1000",
        call as CallId
    )
    .fetch_all(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(folded(&delivered, &stored.0))
}

fn folded(delivered: &[Delivered], stored: &Facts) -> Replay {
    let (mut facts, mut lines, mut events) = (Facts::default(), HashSet::new(), HashSet::new());
    let (mut steps, mut erased, mut asked) = (Vec::new(), 0, 0);
    for one in delivered {
        let Some(message) = one.body.as_deref().and_then(|body| serde_json::from_str::<Value>(body).ok()).filter(Value::is_object) else {
            let count = if one.reason.as_deref() == Some("asked") { &mut asked } else { &mut erased };
            *count += 1;
            continue;
        };
        let reading = fold::read(&message, one.at.timestamp_millis());
        let before = (facts.clone(), lines.len(), events.len());
        let settled = reading.lines.iter().any(|line| line.settled);
        if settled {
            lines.clear(); // the report's lines replace the live ones
        }
        let Reading { facts: proven, lines: said, events: happened, kind, .. } = reading;
        lines.extend(said.into_iter().map(|line| line.key));
        events.extend(happened.into_iter().map(|event| event.key));
        facts.join(proven);
        steps.push(step(one, kind, &facts, (lines.len(), events.len()), before != (facts.clone(), lines.len(), events.len())));
    }
    let amounts_to =
        |facts: &Facts| (facts.status(), facts.outcome(), facts.answered(), facts.ended(), facts.ended_reason().map(str::to_owned));
    Replay { is_same: amounts_to(&facts) == amounts_to(stored), steps, erased, asked }
}

fn step(one: &Delivered, kind: String, facts: &Facts, (lines, events): (usize, usize), is_new: bool) -> Step {
    Step {
        at: one.at,
        kind: one.kind.clone().unwrap_or(kind),
        is_new,
        status: facts.status(),
        outcome: facts.outcome(),
        duration_s: facts.duration_s(),
        cost: facts.report.as_ref().and_then(|report| report.cost_micro_usd).map(MicroUsd),
        lines: i64::try_from(lines).unwrap_or_default(),
        events: i64::try_from(events).unwrap_or_default(),
        last_line: facts.last_words.as_ref().map(|(.., words)| words.clone()),
        has_report: facts.report.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn delivered(messages: &[Value]) -> Vec<Delivered> {
        let at = |n: usize| DateTime::from_timestamp(1_790_000_000 + n as i64, 0).unwrap_or_default();
        messages
            .iter()
            .enumerate()
            .map(|(n, message)| Delivered { at: at(n), kind: None, body: Some(message.to_string()), reason: None })
            .collect()
    }

    #[test]
    fn each_step_shows_the_call_as_it_stood_and_a_repeat_shows_nothing_new() {
        let status =
            |status: &str| json!({ "type": "status-update", "status": status, "timestamp": 1_790_000_000_000_i64, "call": { "id": "c" } });
        let said = json!({ "type": "transcript", "transcriptType": "final", "role": "user", "transcript": "Allô", "timestamp": 1_790_000_001_000_i64, "call": { "id": "c" } });
        let mut list = delivered(&[status("in-progress"), said.clone(), said, status("ended")]);
        list.push(Delivered { at: list[3].at, kind: None, body: None, reason: Some("asked".into()) });
        let stored =
            list.iter().filter_map(|one| serde_json::from_str(one.body.as_deref()?).ok()).fold(Facts::default(), |mut facts, message| {
                facts.join(fold::read(&message, 0).facts);
                facts
            });
        let replay = folded(&list, &stored);
        assert_eq!(replay.steps.iter().map(|step| step.is_new).collect::<Vec<_>>(), [true, true, false, true]);
        assert_eq!(replay.steps.iter().map(|step| step.lines).collect::<Vec<_>>(), [0, 1, 1, 1]);
        assert_eq!(replay.steps[0].status.name(), "live");
        assert_eq!(replay.steps[3].status.name(), "ended");
        assert!(replay.is_same && (replay.erased, replay.asked) == (0, 1));
        assert!(!folded(&list[..2], &stored).is_same);
    }
}
