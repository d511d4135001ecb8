//! How long a caller waits for us: `assistant-request` and `tool-calls`, with 200 calls in progress at once, 10 000 entries in the answer book,
//! a table of rules and a thousand known callers. From the first byte sent to the last one read, each answer checked. The aim is 50 ms at p99.

use crate::{
    hooks,
    load::Wire,
    place::{Org, Place, percentile, report, short},
};
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use zencall::shared::ids::{PersonId, RuleId};

/// Milliseconds.
const AIM: f64 = 50.0;
const CALLS: usize = 200;
const ANSWERS: i32 = 10_000;
/// Between two questions of one call: a caller and an assistant talk meanwhile.
const PAUSE: Duration = Duration::from_millis(1500);

/// Runs it all.
pub async fn run(is_quick: bool) -> anyhow::Result<()> {
    let rounds: usize = if is_quick { 6 } else { 40 };
    let mut place = Place::make().await?;
    let org = Arc::new(place.seed(1_000, 1).await?.pop().context("an organisation")?);
    fill(&place, &org).await?;
    place.serve().await?;
    let mut callers = Vec::new();
    for at in 0..CALLS {
        let caller = Caller { address: place.address, org: org.clone(), at };
        callers.push(tokio::spawn(caller.talk(rounds)));
    }
    let (mut rings, mut uses) = (Vec::new(), Vec::new());
    for caller in callers {
        let (ring, used) = caller.await??;
        rings.extend(ring);
        uses.extend(used);
    }
    let kept: i64 = sqlx::query_scalar("select count(*) from call_events e join call_refs r on r.call_id = e.call_id where r.provider_call_id like 'tools-%' and e.kind in ('routed', 'answer', 'callback')")
        .fetch_one(&place.pool)
        .await?;
    let expected = i64::try_from(CALLS * (1 + rounds))?;
    ensure!(kept == expected, "{expected} decisions and answers were given, {kept} stand in the calls");
    let (ring, used) = (percentile(&mut rings, 0.99), percentile(&mut uses, 0.99));
    let worst = ring.max(used);
    report(
        "tools",
        json!({ "figure": short(worst), "unit": "ms p99", "target": AIM, "ratio": short(worst / AIM), "assistant_request_p99_ms": short(ring),
            "assistant_request_p50_ms": short(percentile(&mut rings, 0.5)), "tool_calls_p99_ms": short(used), "tool_calls_p50_ms": short(percentile(&mut uses, 0.5)),
            "answers": ANSWERS, "calls_at_once": CALLS, "samples": rings.len() + uses.len() }),
    );
    place.end().await
}

/// The book, the table of rules, the directory and the callers, as rows.
async fn fill(place: &Place, org: &Org) -> anyhow::Result<()> {
    let id = org.uuid()?;
    let pool = &place.pool;
    sqlx::query(
        "with made as (
           insert into answers (id, org_id, language, question, answer, question_key, search_text)
           select gen_random_uuid(), $1, 'fr', 'Avez-vous le produit numéro ' || n || ' ?', 'Oui, le produit ' || n || '.', 'produit numero ' || n, 'produit ' || n
           from generate_series(1, $2) n returning id, question_key)
         insert into answer_phrases (org_id, answer_id, position, language, essence) select $1, id, 0, 'fr', question_key from made",
    )
    .bind(id)
    .bind(ANSWERS)
    .execute(pool)
    .await?;
    sqlx::query("insert into known_callers (org_id, number, name, is_blocked) select $1, '+3363998' || lpad(n::text, 4, '0'), 'Client ' || n, n % 100 = 0 from generate_series(0, 999) n")
        .bind(id)
        .execute(pool)
        .await?;
    let person = PersonId::generate();
    sqlx::query("insert into reception_people (id, org_id, name, number) values ($1, $2, 'Nadia', '+33199002410')")
        .bind(person)
        .bind(id)
        .execute(pool)
        .await?;
    let refuse = json!({ "way": "refuse", "words": "Ce numéro n'est pas accepté.", "language": "fr" });
    let mut rules = vec![json!({ "id": RuleId::generate(), "is_on": true, "when": { "caller": "blocked" }, "then": refuse })];
    // As many as a table may have; none of them applies, so all are looked at.
    rules.extend((0..50).map(|n| json!({ "id": RuleId::generate(), "is_on": true, "when": { "prefix": format!("+44{n}"), "opening": "open" }, "then": { "way": "person", "person": person } })));
    sqlx::query("insert into receptions (org_id, rules) values ($1, $2)").bind(id).bind(Value::Array(rules)).execute(pool).await?;
    sqlx::query("update assistants set provider_id = coalesce(provider_id, 'bench-' || id), state = 'active' where org_id = $1")
        .bind(id)
        .execute(pool)
        .await?;
    sqlx::query("analyze").execute(pool).await?;
    Ok(())
}

/// One call: it rings, then its assistant asks now and then.
struct Caller {
    address: SocketAddr,
    org: Arc<Org>,
    at: usize,
}

impl Caller {
    async fn talk(self, rounds: usize) -> anyhow::Result<(Vec<f64>, Vec<f64>)> {
        // Calls do not begin in one instant.
        tokio::time::sleep(PAUSE.mul_f64(self.at as f64 / CALLS as f64)).await;
        let mut wire = Wire::open(self.address).await?;
        let (took, answer) = self.ask(&mut wire, "\"type\":\"assistant-request\"").await?;
        if self.at.is_multiple_of(100) {
            ensure!(answer["error"] == "Ce numéro n'est pas accepté.", "a blocked caller: {answer}");
        } else {
            ensure!(answer["assistantId"].is_string(), "somebody answers: {answer}");
        }
        let rings = vec![took];
        let mut uses = Vec::with_capacity(rounds);
        for round in 0..rounds {
            tokio::time::sleep(PAUSE).await;
            let product = (self.at * 37 + round * 101) % 9_999 + 1;
            let id = format!("t-{}-{round}", self.at);
            let (name, arguments) = match round % 4 {
                3 => ("request_callback", json!({ "why": "devis", "when": "demain" })),
                _ => ("search_answers", json!({ "question": format!("vous avez le produit numéro {product}"), "language": "fr" })),
            };
            let call = json!({ "id": id, "type": "function", "function": { "name": name, "arguments": arguments } });
            let (took, answer) = self.ask(&mut wire, &format!("\"type\":\"tool-calls\",\"toolCallList\":[{call}]")).await?;
            let told = answer["results"][0]["result"].as_str().with_context(|| format!("{answer}"))?;
            let right = if round % 4 == 3 { "\"noted\":true".to_owned() } else { format!("Oui, le produit {product}.") };
            ensure!(answer["results"][0]["toolCallId"] == json!(id) && told.contains(&right), "{name}: {told} is not {right}");
            uses.push(took);
        }
        Ok((rings, uses))
    }

    /// Milliseconds, and the answer.
    async fn ask(&self, wire: &mut Wire, said: &str) -> anyhow::Result<(f64, Value)> {
        let at = self.at;
        let now = chrono::Utc::now().timestamp_millis();
        let body = format!(
            "{{\"message\":{{{said},\"timestamp\":{now},\"phoneNumber\":{{\"number\":\"+33199000001\"}},\"call\":{{\"id\":\"tools-{at}\",\"type\":\"inboundPhoneCall\",\"customer\":{{\"number\":\"+3363998{at:04}\"}}}}}}}}"
        );
        let request = hooks::request(&self.address.to_string(), self.org.path(), &self.org.vapi_hook_secret, &body);
        let began = Instant::now();
        let answer = wire.ask(&request).await?;
        Ok((began.elapsed().as_secs_f64() * 1000.0, serde_json::from_slice(answer)?))
    }
}
