//! Vanishing clients: requests at every writing door, cut at a random byte or hung up on at a random moment, while a proxy delays every answer of
//! the database, so that there is always something to be cut in. Nothing may be left behind: no transaction, no poisoned connection, nothing of
//! another organisation's, and no slowness.
//!
//! Control: a handler with a bare `begin`, on a pool of its own behind the same proxy, before the same judge.

use crate::{
    Form,
    api::Api,
    dice::Dice,
    findings::Findings,
    hooks,
    load::Wire,
    place::{self, Org, Place, percentile, short},
    supervisor::Supervisor,
    trace::{Shape, Trace},
};
use anyhow::{Context, ensure};
use axum::{Router, extract::State, http::StatusCode, routing::post};
use serde_json::{Value, json};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixStream},
    task::JoinSet,
    time::sleep,
};
use zencall::server::{
    api::document,
    door_list::{DOORS, Door, Kind},
};

/// What the proxy adds to each answer of the database.
const DELAY: Duration = Duration::from_millis(20);
/// A transaction that nobody has moved for so long belongs to nobody.
const FORGOTTEN_S: f64 = 1.0;
/// Programs of each organisation that read meanwhile.
const READERS: usize = 6;
/// Doors that end the visit itself.
const NOT_THESE: [&str; 8] = ["sign-out", "sign_out", "sessions", "switch", "view-as", "view_as", "leave", "account"];

/// Runs it all.
pub async fn run(form: Form, findings: &mut Findings) -> anyhow::Result<()> {
    let place = Place::make().await?;
    let ours = place.seed(300, 1).await?.pop().context("an organisation")?;
    let theirs = place.seed(300, 2).await?.pop().context("an organisation")?;
    for (org, canary) in [(&ours, "canary-of-ours"), (&theirs, "canary-of-theirs")] {
        sqlx::query("update orgs set name = $2 where id = $1").bind(org.uuid()?).bind(canary).execute(&place.pool).await?;
        sqlx::query("update assistants set name = $2, revision = revision + 1 where org_id = $1")
            .bind(org.uuid()?)
            .bind(canary)
            .execute(&place.pool)
            .await?;
    }
    sqlx::query("update api_keys set per_minute = 100000000").execute(&place.pool).await?;
    let proxy = slow_proxy(place.socket_folder()).await?;
    control(form, findings, &place, proxy).await?;

    let through = format!("postgres://zencall@127.0.0.1:{}/postgres?sslmode=disable", proxy.port());
    let mut server = Supervisor::of(place::server()?, "serve", &[("DATABASE_URL", through)])?;
    server.start(&place)?;
    server.ready(&place).await?;
    let address = server.address;
    asked(address, &ours, form.of(1_000, 100)).await?; // warm
    let mut before = asked(address, &ours, form.of(10_000, 300)).await?;
    let (requests, nonsense) = requests(&place, &ours, address).await?;
    let requests = Arc::new(requests);
    let (whole, mut broken) = answered(address, &requests).await?;
    let unread: usize = whole.iter().filter(|(status, _)| matches!(status, 400 | 401 | 403 | 415 | 429)).map(|(_, many)| many).sum();
    ensure!(unread * 2 < requests.len(), "most requests do not come as far as the database: {whole:?}");
    let (of_nonsense, broken_by_nonsense) = answered(address, &Arc::new(nonsense)).await?;
    broken.extend(broken_by_nonsense);
    findings.none("doors that answer 5xx when nobody vanishes", broken.len(), json!({ "doors": broken, "why": spoken(&place, &["internal error"])?.iter().take(3).collect::<Vec<_>>(), "whole": whole, "nonsense": of_nonsense }));
    let (is_over, watched) = (Arc::new(AtomicBool::new(false)), Watch::begin(&place.pool, "zencall"));
    let mut readers = JoinSet::new();
    for _ in 0..READERS {
        readers.spawn(read(address, &ours, "canary-of-theirs", &is_over));
        readers.spawn(read(address, &theirs, "canary-of-ours", &is_over));
    }
    let transactions = transactions(&place.pool).await?;
    let began = Instant::now();
    let cuts = storm(address, &requests, form.of(100_000, 2_500), form.of(128, 32)).await?;
    let storm_s = began.elapsed().as_secs_f64();
    is_over.store(true, Ordering::Relaxed);
    let (mut answers, mut foreign) = (0, 0);
    while let Some(reader) = readers.join_next().await {
        let (read, seen) = reader??;
        answers += read;
        foreign += seen;
    }
    sleep(Duration::from_secs(2)).await; // what was being answered has been answered
    let transactions = self::transactions(&place.pool).await? - transactions;
    let mut after = asked(address, &ours, form.of(10_000, 300)).await?;
    let idle = watched.end();

    let more = json!({ "requests": cuts.sent, "doors": requests.len(), "cut_in_the_request": cuts.in_request, "hung_up_on": cuts.hung_up, "transactions": transactions, "longest_s": short(idle.longest_s), "storm_s": storm_s.round() });
    findings.none("transactions left idle for more than a second", idle.forgotten, more);
    let poisoned = spoken(&place, &["25P02", "current transaction is aborted", "panicked"])?;
    findings.none("poisoned connections", poisoned.len(), json!({ "examples": poisoned.iter().take(2).collect::<Vec<_>>() }));
    let strangers: i64 = sqlx::query_scalar("select (select count(*) from teams where org_id <> $1 and name like 'vanish%') + (select count(*) from answers where org_id <> $1 and question like 'vanish%')")
        .bind(ours.uuid()?)
        .fetch_one(&place.pool)
        .await?;
    findings.none("foreign canaries, read or written", foreign + usize::try_from(strangers)?, json!({ "answers_read": answers }));
    let ratio = percentile(&mut after, 0.99) / percentile(&mut before, 0.99);
    let more = json!({ "unit": "of the p99 before", "before_p99_ms": short(percentile(&mut before, 0.99)), "after_p99_ms": short(percentile(&mut after, 0.99)), "samples": after.len() });
    findings.time("p99 of the next requests", ratio, 1.1, false, more);
    server.end().await;
    place.end().await
}

// ---- the storm -----------------------------------------------------------------------------------------------------

/// One request to every writing door, as whole bytes; and some that nobody could mean.
async fn requests(place: &Place, org: &Org, address: SocketAddr) -> anyhow::Result<(Vec<Vec<u8>>, Vec<Vec<u8>>)> {
    let cookie = place.sign_in(org).await?;
    let mut things = things(&Api::new(address, &org.api_key)?).await?;
    things.insert("token", org.path().rsplit('/').next().unwrap_or_default().to_owned());
    let (mut all, mut nonsense) = (Vec::new(), Vec::new());
    for door in DOORS.iter().filter(|door| door.method != "GET" && !NOT_THESE.iter().any(|word| door.path.contains(word))) {
        let path = filled(door, &things);
        let (headers, body) = match door.kind {
            Kind::Hook if door.path.ends_with("vapi/{token}") => {
                let shape = Shape { turns: 3, has_noise: false, has_report: true };
                for n in 0..8 {
                    let trace =
                        Trace::new(&format!("vanish-{n}"), "+33639981200", chrono::Utc::now().timestamp() * 1000, shape, &mut Dice::new(n));
                    all.extend(
                        (0..trace.messages.len())
                            .map(|step| hooks::request(&address.to_string(), org.path(), &org.vapi_hook_secret, &trace.body(step))),
                    );
                }
                continue;
            }
            Kind::Api => {
                (format!("authorization: Bearer {}\r\ncontent-type: application/json\r\n", org.api_key), body_of(door).to_string())
            }
            Kind::Hook => ("content-type: application/x-www-form-urlencoded\r\n".to_owned(), ARGUMENTS.to_owned()),
            _ => {
                let headers = format!(
                    "cookie: __Host-zc={cookie}; zc={cookie}\r\norigin: http://{address}\r\nsec-fetch-site: same-origin\r\naccept: application/json\r\ncontent-type: application/x-www-form-urlencoded\r\n"
                );
                (headers, arguments(door, &things))
            }
        };
        let request = |body: &str| {
            let head = format!("{} {path} HTTP/1.1\r\nhost: {address}\r\n{headers}content-length: {}\r\n\r\n", door.method, body.len());
            [head.as_bytes(), body.as_bytes()].concat()
        };
        all.push(request(&body));
        nonsense.extend([request(""), request(&body[..body.len() / 2]), request("{\"id\":7,\"name\":[]}")]);
    }
    ensure!(all.len() > 100, "only {} writing doors", all.len());
    Ok((all, nonsense))
}

/// What most server functions can read; what a form leaves out is its own affair: it is the cut that matters.
const ARGUMENTS: &str = "hook=hook_00000000000000000000000000&form[reach]=all&form[permissions][]=calls.read&delivery=whd_00000000000000000000000000&kind=call.ended&hours=24&assignee=nobody&status=done&team=team_00000000000000000000000000&languages=fr&skills=x&item=call:call_00000000000000000000000000&until=hour&answer=ans_00000000000000000000000000&question=qst_00000000000000000000000000&rehearsal=reh_00000000000000000000000000&words=x&required=false&grace_s=0&dismissed=true&rule=rul_00000000000000000000000000&person=per_00000000000000000000000000&callback=cbk_00000000000000000000000000&tool=tool_00000000000000000000000000&up=true&on=true&done=true&day=2026-01-01&q=&assistant=ast_00000000000000000000000000&number=%2B33639981247&action[kind]=mute&revision=1&n=1&why=&file=x&state=active&hidden=true&view=view_00000000000000000000000000&tag=tag_00000000000000000000000000&note=note_00000000000000000000000000&name=vanish&text=vanish&account=acc_00000000000000000000000000&role=agent&form[emails]=nobody%40vanish.example&form[role]=agent&form[template]=reception&form[language]=fr&form[name]=vanish&form[voice]=x&form[first_message]=x&form[prompt]=x&form[max_duration_min]=5&form[number]=x&form[label]=x&form[mode]=hmac&form[provider_id]=x&form[business]=x&form[assistant]=&form[question]=vanish&form[answer]=vanish&sid=PN1&email=nobody%40vanish.example&password=correct-horse-battery";

/// The id that a server function's arguments name, by the slice it belongs to.
fn arguments(door: &Door, things: &BTreeMap<&'static str, String>) -> String {
    let zero = "00000000000000000000000000";
    let id = match door.path {
        path if path.contains("assistants") => things.get("assistants").cloned().unwrap_or_else(|| format!("ast_{zero}")),
        path if path.contains("api_keys") => format!("key_{zero}"),
        path if path.contains("webhooks") => format!("whe_{zero}"),
        path if path.contains("numbers") => format!("num_{zero}"),
        path if path.ends_with("_role") => format!("role_{zero}"),
        path if path.contains("team") => format!("inv_{zero}"),
        _ => things.get("calls").cloned().unwrap_or_else(|| format!("call_{zero}")),
    };
    format!("{ARGUMENTS}&id={id}")
}

/// A thing of the organisation for each door that wants one.
async fn things(api: &Api) -> anyhow::Result<BTreeMap<&'static str, String>> {
    let mut things = BTreeMap::new();
    for (name, path) in
        [("calls", "/api/v1/calls"), ("assistants", "/api/v1/assistants"), ("numbers", "/api/v1/numbers"), ("answers", "/api/v1/answers")]
    {
        if let Some(id) = api.get(path).await?["items"][0]["id"].as_str() {
            things.insert(name, id.to_owned());
        }
    }
    Ok(things)
}

fn filled(door: &Door, things: &BTreeMap<&'static str, String>) -> String {
    let kind = door.path.split('/').nth(3).unwrap_or_default();
    let id = things.get(kind).cloned().unwrap_or_else(|| "call_00000000000000000000000000".to_owned());
    let token = things.get("token").cloned().unwrap_or_default();
    door.path.replace("{id}", &id).replace("{n}", "1").replace("{token}", &token)
}

/// A body that fits the description of the door.
fn body_of(door: &Door) -> Value {
    let schema = &document()["paths"][door.path][door.method.to_lowercase()]["requestBody"]["content"]["application/json"]["schema"];
    let mut body = sample(schema, 0);
    for name in ["name", "question", "text"] {
        if body.get(name).is_some() {
            body[name] = json!("vanish");
        }
    }
    body
}

fn sample(schema: &Value, depth: usize) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let found = document().pointer(reference.trim_start_matches('#')).cloned().unwrap_or_default();
        return if depth > 6 { Value::Null } else { sample(&found, depth + 1) };
    }
    if let Some(first) =
        ["oneOf", "anyOf", "allOf"].iter().find_map(|several| schema[several].as_array()?.iter().find(|one| one["type"] != "null"))
    {
        return sample(first, depth + 1);
    }
    if let Some(word) = schema["enum"].get(0) {
        return word.clone();
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"].get(0)?.as_str()).unwrap_or_default();
    match kind {
        "object" => {
            let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let fields = schema["properties"].as_object().into_iter().flatten().filter(|(name, _)| required.contains(&name.as_str()));
            fields.map(|(name, field)| (name.clone(), sample(field, depth + 1))).collect::<serde_json::Map<_, _>>().into()
        }
        "array" => json!([]),
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or(json!(1)),
        "boolean" => json!(true),
        _ => match schema["format"].as_str() {
            Some("date-time") => json!("2026-01-01T00:00:00Z"),
            Some("date") => json!("2026-01-01"),
            _ => schema["example"].as_str().map_or(json!("vanish"), |example| json!(example)),
        },
    }
}

/// Each request once, uncut; answers by their status, and the doors that answered 5xx.
async fn answered(address: SocketAddr, requests: &Arc<Vec<Vec<u8>>>) -> anyhow::Result<(BTreeMap<u16, usize>, Vec<String>)> {
    const AT_ONCE: usize = 24;
    let mut clients = JoinSet::new();
    for client in 0..AT_ONCE {
        let requests = requests.clone();
        clients.spawn(async move {
            let mut answers = Vec::new();
            for request in requests.iter().skip(client).step_by(AT_ONCE) {
                let mut stream = TcpStream::connect(address).await?;
                stream.write_all(request).await?;
                let mut head = [0; 12]; // HTTP/1.1 200
                stream.read_exact(&mut head).await?;
                let status = std::str::from_utf8(&head[9..])?.parse::<u16>()?;
                let door = String::from_utf8_lossy(request).lines().next().unwrap_or_default().to_owned();
                answers.push((status, door));
            }
            anyhow::Ok(answers)
        });
    }
    let (mut by_status, mut broken) = (BTreeMap::new(), Vec::new());
    while let Some(client) = clients.join_next().await {
        for (status, door) in client?? {
            *by_status.entry(status).or_default() += 1;
            if status >= 500 {
                broken.push(format!("{status} {door}"));
            }
        }
    }
    Ok((by_status, broken))
}

#[derive(Default)]
struct Cuts {
    sent: usize,
    in_request: usize,
    hung_up: usize,
}

/// So many requests, so many at a time.
async fn storm(address: SocketAddr, requests: &Arc<Vec<Vec<u8>>>, many: usize, at_once: usize) -> anyhow::Result<Cuts> {
    let (next, mut clients) = (Arc::new(AtomicUsize::new(0)), JoinSet::new());
    for client in 0..at_once {
        let (next, requests) = (next.clone(), requests.clone());
        clients.spawn(async move {
            let (mut dice, mut cuts) = (Dice::new(client as u64 + 1), Cuts::default());
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= many {
                    return cuts;
                }
                cuts.sent += 1;
                let is_in_request = dice.once_in(3);
                cuts.in_request += usize::from(is_in_request);
                cuts.hung_up += usize::from(!is_in_request);
                vanish(address, &requests[n % requests.len()], is_in_request, &mut dice).await;
            }
        });
    }
    let mut sum = Cuts::default();
    while let Some(client) = clients.join_next().await {
        let cuts = client?;
        sum.sent += cuts.sent;
        sum.in_request += cuts.in_request;
        sum.hung_up += cuts.hung_up;
    }
    Ok(sum)
}

/// Sends a request, or the beginning of one, and is gone: mostly with a reset, sometimes with a good-bye.
async fn vanish(address: SocketAddr, request: &[u8], is_in_request: bool, dice: &mut Dice) {
    let Ok(mut stream) = TcpStream::connect(address).await else { return };
    let end = if is_in_request { dice.below(request.len()) } else { request.len() };
    if stream.write_all(&request[..end]).await.is_err() {
        return;
    }
    let most = if is_in_request { 20_000 } else { 160_000 };
    sleep(Duration::from_micros(dice.below(most) as u64)).await;
    if !dice.once_in(10) {
        let _ = stream.set_zero_linger();
    }
}

/// Whole requests that read and write, sixteen at a time; milliseconds of each.
async fn asked(address: SocketAddr, org: &Org, many: usize) -> anyhow::Result<Vec<f64>> {
    const AT_ONCE: usize = 16;
    let mut clients = JoinSet::new();
    for _ in 0..AT_ONCE {
        let request = format!("GET /api/v1/assistants HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n\r\n", org.api_key);
        clients.spawn(async move {
            let (mut wire, mut took_ms) = (Wire::open(address).await?, Vec::new());
            for _ in 0..many / AT_ONCE {
                let began = Instant::now();
                let body = wire.ask(request.as_bytes()).await?;
                ensure!(!body.is_empty(), "an empty answer");
                took_ms.push(began.elapsed().as_secs_f64() * 1000.0);
            }
            anyhow::Ok(took_ms)
        });
    }
    let mut took_ms = Vec::new();
    while let Some(client) = clients.join_next().await {
        took_ms.extend(client??);
    }
    Ok(took_ms)
}

/// Reads what belongs to one organisation until it is over; how often, and how often something of the other was in it.
fn read(
    address: SocketAddr,
    org: &Org,
    canary: &'static str,
    is_over: &Arc<AtomicBool>,
) -> impl Future<Output = anyhow::Result<(usize, usize)>> + use<> {
    let (org, is_over) = (org.clone(), is_over.clone());
    async move {
        let api = Api::new(address, &org.api_key)?;
        let (mut read, mut seen) = (0, 0);
        while !is_over.load(Ordering::Relaxed) {
            for path in ["/api/v1/assistants", "/api/v1/calls?limit=10", "/api/v1/me"] {
                let text = api.get(path).await?.to_string();
                read += 1;
                seen += usize::from(text.contains(canary) || (path.ends_with("assistants") && !text.contains("canary-of-")));
            }
        }
        Ok((read, seen))
    }
}

/// Lines of the server's and of PostgreSQL's log with one of these words.
fn spoken(place: &Place, words: &[&str]) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for log in [place.file("server.log"), place.cluster().data().join("server.log")] {
        let text = String::from_utf8_lossy(&std::fs::read(&log).with_context(|| log.display().to_string())?).into_owned();
        found.extend(text.lines().filter(|line| words.iter().any(|word| line.contains(word))).map(|line| line.chars().take(300).collect()));
    }
    Ok(found)
}

// ---- the judge -----------------------------------------------------------------------------------------------------

/// Looks at the database's connections ten times a second.
struct Watch {
    is_over: Arc<AtomicBool>,
    seen: Arc<Mutex<Idle>>,
}

#[derive(Clone, Default)]
struct Idle {
    /// Connections that sat in a transaction for more than a second, each counted once for each transaction.
    forgotten: usize,
    longest_s: f64,
    known: Vec<(i32, String)>,
}

impl Watch {
    fn begin(pool: &PgPool, application: &'static str) -> Self {
        let (is_over, seen) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Idle::default())));
        let (pool, over, to) = (pool.clone(), is_over.clone(), seen.clone());
        tokio::spawn(async move {
            while !over.load(Ordering::Relaxed) {
                if let Ok(rows) = idle(&pool, application).await {
                    let mut to = to.lock().unwrap_or_else(PoisonError::into_inner);
                    for (pid, since, seconds) in rows {
                        to.longest_s = to.longest_s.max(seconds);
                        if seconds > FORGOTTEN_S && !to.known.contains(&(pid, since.clone())) {
                            to.forgotten += 1;
                            to.known.push((pid, since));
                        }
                    }
                }
                sleep(Duration::from_millis(100)).await;
            }
        });
        Self { is_over, seen }
    }

    fn has_found(&self) -> bool {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).forgotten > 0
    }

    fn end(self) -> Idle {
        self.is_over.store(true, Ordering::Relaxed);
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Transactions so far, whatever became of them.
async fn transactions(pool: &PgPool) -> sqlx::Result<i64> {
    sqlx::query_scalar("select xact_commit + xact_rollback from pg_stat_database where datname = current_database()").fetch_one(pool).await
}

async fn idle(pool: &PgPool, application: &str) -> sqlx::Result<Vec<(i32, String, f64)>> {
    sqlx::query_as(
        "select pid, xact_start::text, extract(epoch from clock_timestamp() - state_change)::float8 from pg_stat_activity
         where application_name = $1 and state like 'idle in transaction%'",
    )
    .bind(application)
    .fetch_all(pool)
    .await
}

/// A proxy in front of the database that answers late.
async fn slow_proxy(socket_folder: &Path) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let (address, socket): (SocketAddr, PathBuf) = (listener.local_addr()?, socket_folder.join(".s.PGSQL.5432"));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let Ok(database) = UnixStream::connect(&socket).await else { continue };
            let _ = client.set_nodelay(true);
            let ((from_client, to_client), (from_database, to_database)) = (client.into_split(), database.into_split());
            tokio::spawn(pass(from_client, to_database, Duration::ZERO));
            tokio::spawn(pass(from_database, to_client, DELAY));
        }
    });
    Ok(address)
}

async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, delay: Duration) {
    let mut piece = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        if !delay.is_zero() {
            sleep(delay).await;
        }
        if to.write_all(&piece[..read]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}

// ---- the control ---------------------------------------------------------------------------------------------------

async fn control(form: Form, findings: &mut Findings, place: &Place, proxy: SocketAddr) -> anyhow::Result<()> {
    sqlx::query("create table proof_bare (n int)").execute(&place.pool).await?;
    let options = PgConnectOptions::new_without_pgpass().username("zencall").database("postgres").host("127.0.0.1").port(proxy.port());
    let options = options.ssl_mode(sqlx::postgres::PgSslMode::Disable).application_name("control");
    let pool = PgPoolOptions::new().max_connections(8).connect_with(options).await?;
    let routes = Router::new().route("/", post(bare)).with_state(pool.clone());
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let served = tokio::spawn(async move { axum::serve(listener, routes).await });
    let watched = Watch::begin(&place.pool, "control");
    let request = format!("POST / HTTP/1.1\r\nhost: {address}\r\ncontent-length: 0\r\n\r\n").into_bytes();
    let (request, mut cuts) = (Arc::new(vec![request]), Cuts::default());
    for _ in 0..5 {
        cuts = storm(address, &request, form.of(2_000, 500), 24).await?;
        sleep(Duration::from_millis(1_500)).await;
        if watched.has_found() {
            break;
        }
    }
    let idle = watched.end();
    served.abort();
    findings.control("a handler with a bare begin", idle.forgotten, json!({ "requests": cuts.sent, "longest_s": short(idle.longest_s) }));
    Ok(())
}

async fn bare(State(pool): State<PgPool>) -> StatusCode {
    let written = async {
        let mut tx = pool.begin().await?;
        sqlx::query("insert into proof_bare values (1)").execute(&mut *tx).await?;
        tx.commit().await
    };
    if written.await.is_ok() { StatusCode::NO_CONTENT } else { StatusCode::SERVICE_UNAVAILABLE }
}
