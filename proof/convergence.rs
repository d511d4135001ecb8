//! Convergence: calls told in any order, several times, late and cut short become what they would have become in order.
//!
//! Most of it is the fold itself, in this process: a trace in its order against the same one shuffled, repeated, with pieces cut off, and folded in
//! eight parts that are joined at the end; byte for byte, as canonical JSON. Some of it goes over HTTP, from eight connections at once, into the
//! server and out of the public API, against the model. Calls whose end never comes are healed by asking the provider, who is played here.
//!
//! Control: a fold in which the last fragment wins.

use crate::{
    Form,
    api::{Api, Differences},
    dice::Dice,
    findings::Findings,
    hooks,
    load::Wire,
    place::{self, Org, Place},
    storm,
    supervisor::Supervisor,
    trace::{Shape, Trace},
};
use anyhow::{Context, ensure};
use axum::{Json, Router, extract::Path, extract::State, http::StatusCode, routing::get};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use zencall::calls::server::fold::{self, Facts, NewEvent, NewLine, Reading};

/// Connections at once.
const CONNECTIONS: usize = 8;
/// When the traces began, for those that never see a server.
const T0: i64 = 1_790_000_000_000;

/// Runs it all.
pub async fn run(form: Form, findings: &mut Findings) -> anyhow::Result<()> {
    let traces = form.of(100_000, 1_500);
    let half = traces / 2;
    let (first, second) = tokio::try_join!(
        tokio::task::spawn_blocking(move || in_process(0..half)),
        tokio::task::spawn_blocking(move || in_process(half..traces))
    )?;
    let told = json!({ "traces": traces, "messages": first.messages + second.messages, "cut_short": first.cut_short + second.cut_short });
    findings.none("shuffled, repeated, cut short, in eight parts: the same bytes", first.different + second.different, told);
    findings.control("the last fragment wins", first.caught + second.caught, json!({ "traces": traces }));
    over_http(form, findings).await
}

// ---- the fold ------------------------------------------------------------------------------------------------------

#[derive(Default)]
struct Folded {
    messages: usize,
    cut_short: usize,
    different: usize,
    caught: usize,
}

fn in_process(traces: std::ops::Range<usize>) -> Folded {
    let mut sum = Folded::default();
    for seed in traces {
        let mut dice = Dice::new(seed as u64 + 1);
        let shape = Shape { turns: dice.between(1, 12), has_noise: !dice.once_in(3), has_report: !dice.once_in(5) };
        let trace = Trace::new(&format!("c-{seed}"), "+33639980000", T0, shape, &mut dice);
        let mut told = trace.messages.clone();
        told.extend(more(&mut dice));
        let in_order: Vec<Reading> = told.iter().map(|message| fold::read(message, T0)).collect();
        let ordered = Record::of(&in_order).canonical();
        let (disturbed, cut_short) = disturb(&told, &mut dice);
        let mut parts: Vec<Record> = (0..CONNECTIONS).map(|_| Record::default()).collect();
        for reading in &disturbed {
            parts[dice.below(CONNECTIONS)].take(reading);
        }
        let joined = parts.into_iter().fold(Record::default(), Record::join);
        sum.messages += disturbed.len();
        sum.cut_short += cut_short;
        sum.different += usize::from(joined.canonical() != ordered || Record::of(&disturbed).canonical() != ordered);
        sum.caught += usize::from(last_wins(&disturbed) != last_wins(&in_order));
    }
    sum
}

/// Messages that the model does not know, for the fold alone.
fn more(dice: &mut Dice) -> Vec<Value> {
    let at = |dice: &mut Dice| T0 + dice.below(30_000) as i64;
    let mut more = Vec::new();
    for n in 0..dice.below(3) {
        let arguments = json!({ "day": dice.below(7) }).to_string();
        let calls = json!([{ "id": format!("tool-{n}"), "function": { "name": "book", "arguments": arguments } }]);
        more.push(json!({ "type": "tool-calls", "timestamp": at(dice), "toolCallList": calls }));
    }
    if dice.once_in(3) {
        let to = json!({ "number": format!("+3363998{:04}", dice.below(10_000)) });
        more.push(json!({ "type": "transfer-update", "timestamp": at(dice), "destination": to }));
        more.push(json!({ "type": "status-update", "status": "forwarding", "timestamp": at(dice), "destination": to }));
    }
    if dice.once_in(3) {
        more.push(json!({ "type": "weather-update", "timestamp": at(dice) }));
    }
    if dice.once_in(4) {
        more.push(json!({ "type": "status-update", "status": "ended", "endedReason": "assistant-ended-call", "timestamp": at(dice) }));
    }
    more
}

/// The same messages as a bad line delivers them, read as they arrive. What is cut short is no JSON, proves nothing and is sent again.
fn disturb(told: &[Value], dice: &mut Dice) -> (Vec<Reading>, usize) {
    let mut wire: Vec<String> = Vec::new();
    for message in told {
        let text = message.to_string();
        for _ in 0..=dice.below(3) {
            wire.push(text.clone());
        }
        if dice.once_in(5) {
            let end = dice.below(text.len());
            wire.push(String::from_utf8_lossy(&text.as_bytes()[..end]).into_owned());
        }
    }
    dice.shuffle(&mut wire);
    let whole: Vec<Reading> = wire.iter().filter_map(|text| Some(fold::read(&serde_json::from_str(text).ok()?, T0))).collect();
    let cut_short = wire.len() - whole.len();
    (whole, cut_short)
}

/// What the tables hold of a call: its facts, its lines and its happenings by key.
#[derive(Default)]
struct Record {
    facts: Facts,
    lines: BTreeMap<String, NewLine>,
    events: BTreeMap<String, NewEvent>,
}

impl Record {
    fn of(readings: &[Reading]) -> Self {
        let mut record = Self::default();
        readings.iter().for_each(|reading| record.take(reading));
        record
    }

    fn take(&mut self, reading: &Reading) {
        self.facts.join(reading.facts.clone());
        for line in &reading.lines {
            self.lines.entry(line.key.clone()).or_insert_with(|| line.clone());
        }
        for event in &reading.events {
            self.take_event(event.clone());
        }
    }

    /// Of two under one key the earlier stays.
    fn take_event(&mut self, event: NewEvent) {
        let order = |event: &NewEvent| (event.at_ms, event.detail.to_string());
        match self.events.get(&event.key) {
            Some(known) if order(known) <= order(&event) => {}
            _ => drop(self.events.insert(event.key.clone(), event)),
        }
    }

    fn join(mut self, other: Self) -> Self {
        self.facts.join(other.facts);
        for (key, line) in other.lines {
            self.lines.entry(key).or_insert(line);
        }
        other.events.into_values().for_each(|event| self.take_event(event));
        self
    }

    fn canonical(&self) -> String {
        json!({ "facts": self.facts, "lines": self.lines, "events": self.events }).to_string()
    }
}

/// How a fold looks that believes the last it heard.
fn last_wins(readings: &[Reading]) -> String {
    let (mut facts, mut lines) = (json!({}), Vec::new());
    for reading in readings {
        for (name, value) in serde_json::to_value(&reading.facts).unwrap_or_default().as_object().into_iter().flatten() {
            facts[name] = value.clone();
        }
        lines.extend(reading.lines.iter().map(|line| line.text.clone()));
    }
    json!({ "facts": facts, "lines": lines }).to_string()
}

// ---- over HTTP -----------------------------------------------------------------------------------------------------

const TOGETHER: &str = "+33634";
const SILENT: &str = "+33635";

async fn over_http(form: Form, findings: &mut Findings) -> anyhow::Result<()> {
    let place = Place::make().await?;
    let provider = Provider::start().await?;
    let environment = [("VAPI_BASE_URL", format!("http://{}", provider.address)), ("VAPI_API_KEY", "proof".to_owned())];
    let mut server = Supervisor::of(place::server()?, "serve", &environment)?;
    let org = place.seed(20, 1).await?.pop().context("an organisation")?;
    sqlx::query("update api_keys set per_minute = 1000000").execute(&place.pool).await?;
    server.start(&place)?;
    server.ready(&place).await?;
    let api = Api::new(server.address, &org.api_key)?;
    let told_at = silent(form, &place, &org, server.address, &provider).await?;
    together(form, findings, &place, &org, &server, &api).await?;
    stored_bytes(findings, &place, &org, server.address, form).await?;
    healed(findings, &place, &org, &api, &provider, told_at).await?;
    server.end().await;
    place.end().await
}

/// Each call's messages, shuffled, some twice and some cut short, over eight connections at once.
async fn together(form: Form, findings: &mut Findings, place: &Place, org: &Org, server: &Supervisor, api: &Api) -> anyhow::Result<()> {
    let calls = form.of(3_000, 80);
    let t0_ms = now_s() * 1000 - 600_000;
    let (mut wire, mut model, mut dice) = (Vec::new(), BTreeMap::new(), Dice::new(3));
    for call in 0..calls {
        let shape = Shape { turns: dice.between(2, 9), has_noise: dice.once_in(2), has_report: !dice.once_in(4) };
        let number = format!("{TOGETHER}{call:06}");
        let trace = Trace::new(&format!("together-{call}"), &number, t0_ms, shape, &mut dice);
        let mut of_call: Vec<(u64, String)> = Vec::new();
        for step in 0..trace.messages.len() {
            let body = trace.body(step);
            // Late by up to a few hundred messages of other calls.
            let mut late = || call as u64 * 20 + dice.below(400) as u64;
            of_call.push((late(), body.clone()));
            if step % 3 == 0 {
                of_call.push((late(), body.clone()));
            }
            if step % 7 == 0 {
                of_call.push((late(), body[..body.len() / 2].to_owned()));
            }
        }
        wire.extend(of_call);
        model.insert(number, trace.whole());
    }
    wire.sort_by_key(|(late, _)| *late);
    let bodies: Arc<Vec<String>> = Arc::new(wire.into_iter().map(|(_, body)| body).collect());
    let began = Instant::now();
    post_all(server.address, org, &bodies).await?;
    storm::folded(place).await?;
    let per_s = bodies.len() as f64 / began.elapsed().as_secs_f64();
    let found = Differences::between(&model, &api.records(TOGETHER).await?);
    let more =
        json!({ "calls": calls, "messages": bodies.len(), "connections": CONNECTIONS, "per_s": per_s.round(), "examples": found.examples });
    findings.none("eight connections at once, through the public API: as the model says", found.count(), more);
    Ok(())
}

/// Sends bodies over eight connections that take turns. Errors: one is not acknowledged.
async fn post_all(address: SocketAddr, org: &Org, bodies: &Arc<Vec<String>>) -> anyhow::Result<()> {
    let mut connections = JoinSet::new();
    for connection in 0..CONNECTIONS {
        let (org, bodies) = (org.clone(), bodies.clone());
        connections.spawn(async move {
            let (host, mut wire) = (address.to_string(), Wire::open(address).await?);
            for body in bodies.iter().skip(connection).step_by(CONNECTIONS) {
                wire.ask(&hooks::request(&host, org.path(), &org.vapi_hook_secret, body)).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = connections.join_next().await {
        done??;
    }
    Ok(())
}

/// What is stored of calls of different lengths: the exponent by which it grows with the turns, beside that of what was sent.
async fn stored_bytes(findings: &mut Findings, place: &Place, org: &Org, address: SocketAddr, form: Form) -> anyhow::Result<()> {
    let lengths: &[usize] = form.of(&[25, 50, 100, 200], &[20, 80]);
    let (mut sent, mut stored) = (Vec::new(), Vec::new());
    for turns in lengths {
        let mut dice = Dice::new(5);
        let shape = Shape { turns: *turns, has_noise: true, has_report: true };
        let id = format!("long-{turns}");
        let trace = Trace::new(&id, &format!("+33636{turns:06}"), now_s() * 1000 - 900_000, shape, &mut dice);
        let bodies: Vec<String> = (0..trace.messages.len()).map(|step| trace.body(step)).collect();
        sent.push((*turns as f64, bodies.iter().map(String::len).sum::<usize>() as f64));
        let mut wire = Wire::open(address).await?;
        for body in &bodies {
            wire.ask(&hooks::request(&address.to_string(), org.path(), &org.vapi_hook_secret, body)).await?;
        }
        storm::folded(place).await?;
        let bytes: i64 = sqlx::query_scalar(
            "select (select coalesce(sum(pg_column_size(j.*)), 0) from hook_journal j where j.org_id = $1 and j.provider_call_id = $2)::bigint
                  + (select coalesce(sum(pg_column_size(l.*)), 0) from call_lines l join call_refs r on r.call_id = l.call_id where r.org_id = $1 and r.provider_call_id = $2)::bigint
                  + (select coalesce(sum(pg_column_size(e.*)), 0) from call_events e join call_refs r on r.call_id = e.call_id where r.org_id = $1 and r.provider_call_id = $2)::bigint
                  + (select sum(pg_column_size(c.*)) from calls c join call_refs r on r.call_id = c.id where r.org_id = $1 and r.provider_call_id = $2)::bigint",
        )
        .bind(org.uuid()?)
        .bind(&id)
        .fetch_one(&place.pool)
        .await?;
        stored.push((*turns as f64, bytes as f64));
    }
    let more = json!({ "unit": "exponent", "turns": lengths, "stored_bytes": stored.iter().map(|(_, bytes)| bytes).collect::<Vec<_>>(),
        "sent_bytes": sent.iter().map(|(_, bytes)| bytes).collect::<Vec<_>>() });
    findings.at_most("stored bytes grow with the turns", exponent(&stored), 1.15, more);
    let sent = exponent(&sent);
    findings.control("what was sent grows with their square", usize::from(sent > 1.15), json!({ "exponent": sent }));
    Ok(())
}

/// The b of bytes ~ turns^b, from the first to the last.
fn exponent(points: &[(f64, f64)]) -> f64 {
    let (first, last) = (points[0], points[points.len() - 1]);
    (last.1 / first.1).ln() / (last.0 / first.0).ln()
}

// ---- what never comes ----------------------------------------------------------------------------------------------

/// The provider's side: it knows how its calls went.
struct Provider {
    address: SocketAddr,
    calls: Calls,
}

type Calls = Arc<std::sync::Mutex<HashMap<String, Trace>>>;

impl Provider {
    async fn start() -> anyhow::Result<Self> {
        let calls = Calls::default();
        let routes = Router::new().route("/call/{id}", get(call)).with_state(calls.clone());
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(Self { address, calls })
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, Trace>> {
        self.calls.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

async fn call(State(calls): State<Calls>, Path(id): Path<String>) -> Result<Json<Value>, StatusCode> {
    let calls = calls.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    calls.get(&id).map(|trace| Json(trace.polled.clone())).ok_or(StatusCode::NOT_FOUND)
}

/// Calls of which only some beginning is told. Returns when the last word was said.
async fn silent(form: Form, place: &Place, org: &Org, address: SocketAddr, provider: &Provider) -> anyhow::Result<DateTime<Utc>> {
    let (mut bodies, mut dice) = (Vec::new(), Dice::new(9));
    for call in 0..form.of(300, 15) {
        let shape = Shape { turns: dice.between(3, 8), has_noise: dice.once_in(2), has_report: true };
        let trace = Trace::new(&format!("silent-{call}"), &format!("{SILENT}{call:06}"), now_s() * 1000 - 120_000, shape, &mut dice);
        let told = dice.between(1, trace.messages.len());
        let mut steps: Vec<usize> = (0..trace.messages.len() - 1).collect(); // anything but the report
        dice.shuffle(&mut steps);
        bodies.extend(steps.into_iter().take(told).map(|step| trace.body(step)));
        provider.known().insert(trace.id.clone(), trace);
    }
    post_all(address, org, &Arc::new(bodies)).await?;
    storm::folded(place).await?;
    Ok(Utc::now())
}

/// Waits until every silent call says what the provider knows.
async fn healed(
    findings: &mut Findings,
    place: &Place,
    org: &Org,
    api: &Api,
    provider: &Provider,
    told_at: DateTime<Utc>,
) -> anyhow::Result<()> {
    let began = Instant::now();
    let whole: BTreeMap<String, Value> = provider.known().values().map(|trace| (trace.number.clone(), essence(trace.whole()))).collect();
    let mut found;
    loop {
        let is =
            api.records(SILENT).await?.into_iter().map(|(number, records)| (number, records.into_iter().map(essence).collect())).collect();
        found = Differences::between(&whole, &is);
        if found.count() == 0 || began.elapsed() > Duration::from_secs(90) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    // The journal says when each was asked for; other proofs ran meanwhile.
    let took: Option<f64> = sqlx::query_scalar(
        "select extract(epoch from max(at) - $2)::float8 from (select min(created_at) as at from hook_journal
           where org_id = $1 and kind = 'polled' and provider_call_id like 'silent-%' group by provider_call_id) first",
    )
    .bind(org.uuid()?)
    .bind(told_at)
    .fetch_one(&place.pool)
    .await?;
    let took = took.context("nobody was asked")?;
    ensure!(!whole.is_empty(), "nothing was silent");
    findings.none("what never came is asked for", found.count(), json!({ "calls": whole.len(), "examples": found.examples }));
    findings.time("from the last word to the last call healed", took, 30.0, false, json!({ "unit": "s" }));
    Ok(())
}

/// What the provider can still tell: not the moments of what happened on the way.
fn essence(mut record: Value) -> Value {
    if let Some(fields) = record.as_object_mut() {
        fields.remove("events");
    }
    record
}

fn now_s() -> i64 {
    chrono::Utc::now().timestamp()
}
