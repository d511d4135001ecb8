//! What a key costs. The same kind of answer from two doors of one server in one run: one that takes a key (a thing that cannot be there) and one
//! that takes none (a door that is not there); both say 404 in as many words, and neither asks the database for its answer. What differs is the
//! key: its checksum and look-up, its scope, its limit, its line in the log. Beside it bcrypt at cost 10, by the system's own `crypt`. Then the
//! same with more keys stored, and with all of them shown by turns.

use crate::{
    load::Wire,
    place::{Org, Place, middle, report, short},
};
use anyhow::{Context, ensure};
use serde_json::json;
use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{process::Command, task::JoinSet};
use zencall::{
    platform::{config::Config, crypto::Vault, keys},
    shared::ids::ApiKeyId,
};

const CONNECTIONS: usize = 16;
/// Programs that come within the same minute.
const SHOWN: usize = 1_000;
/// Of the open door's requests a second.
const TARGET: f64 = 0.9;
/// Times cheaper than bcrypt.
const CHEAPER: f64 = 500.0;
const OPEN: (&str, &str) = ("/api/v1/keys-of-nobody/nonsense", "no_such_door");
const KEYED: (&str, &str) = ("/api/v1/keys/nonsense", "not_found");

/// Runs it all.
pub async fn run(is_quick: bool) -> anyhow::Result<()> {
    let (lasts, rounds, sizes): (u64, usize, &[usize]) =
        if is_quick { (3, 1, &[1_000, 100_000]) } else { (8, 3, &[1_000, 10_000, 100_000]) };
    let lasts = Duration::from_secs(lasts);
    let mut place = Place::make().await?;
    let org = place.seed(100, 1).await?.pop().context("an organisation")?;
    place.serve().await?;
    let bcrypt_us = bcrypt().await?;
    let open = Arc::new(vec![request(place.address, OPEN.0, None)]);
    let (mut stored, mut first) = (Vec::new(), 0.0);
    for (at, size) in sizes.iter().enumerate() {
        add(&place, &org, &mut stored, *size).await?;
        // Spread over all that are stored.
        let keyed = |shown: usize| {
            let step = stored.len() / shown;
            Arc::new(
                stored.iter().step_by(step).take(shown).map(|key: &String| request(place.address, KEYED.0, Some(key))).collect::<Vec<_>>(),
            )
        };
        let some = keyed(SHOWN);
        send(&place, &some, KEYED.1, Duration::from_secs(1)).await?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            for is_ours in [true, false, false, true] {
                match is_ours {
                    true => ours.push(send(&place, &some, KEYED.1, lasts).await?),
                    false => theirs.push(send(&place, &open, OPEN.1, lasts).await?),
                }
            }
        }
        let all = send(&place, &keyed(stored.len()), KEYED.1, lasts).await?;
        check_log(&place).await?;
        let rate = |runs: &[Sent]| middle(&runs.iter().map(|sent| sent.per_second).collect::<Vec<_>>());
        let cpu = |runs: &[Sent]| middle(&runs.iter().map(|sent| sent.cpu_us).collect::<Vec<_>>()).0;
        let ((figure, spread), (peer, peer_spread)) = (rate(&ours), rate(&theirs));
        let check_us = (cpu(&ours) - cpu(&theirs)).max(0.01);
        first = if at == 0 { figure } else { first };
        report(
            "api_key",
            json!({ "figure": figure.round(), "unit": "requests/s", "stored_keys": stored.len(), "shown_keys": SHOWN, "target": TARGET, "peer": peer.round(), "ratio": short(figure / peer),
                "of_first_size": short(figure / first), "all_shown_per_s": all.per_second.round(), "check_us": short(check_us), "bcrypt_us": bcrypt_us.round(),
                "cheaper": (bcrypt_us / check_us).round(), "cheaper_target": CHEAPER, "spread": short(spread), "peer_spread": short(peer_spread), "samples": ours.len() }),
        );
    }
    place.end().await
}

/// What was answered in a while.
struct Sent {
    per_second: f64,
    /// CPU time of the server for one request.
    cpu_us: f64,
}

/// Sends over several connections by turns, each answer checked.
async fn send(place: &Place, requests: &Arc<Vec<Vec<u8>>>, code: &'static str, lasts: Duration) -> anyhow::Result<Sent> {
    let (began, cpu) = (Instant::now(), place.cpu()?);
    let mut workers = JoinSet::new();
    for connection in 0..CONNECTIONS {
        workers.spawn(one(place.address, requests.clone(), connection, code, began + lasts));
    }
    let mut answered = 0_u64;
    while let Some(done) = workers.join_next().await {
        answered += done??;
    }
    let spent = place.cpu()?.saturating_sub(cpu);
    Ok(Sent { per_second: answered as f64 / began.elapsed().as_secs_f64(), cpu_us: spent.as_secs_f64() * 1e6 / answered as f64 })
}

async fn one(address: SocketAddr, requests: Arc<Vec<Vec<u8>>>, start: usize, code: &str, until: Instant) -> anyhow::Result<u64> {
    let mut wire = Wire::open(address).await?;
    let expected = format!("\"code\":\"{code}\"");
    let mut answered = 0;
    for request in requests.iter().cycle().skip(start * requests.len() / CONNECTIONS) {
        if Instant::now() >= until {
            break;
        }
        let body = wire.ask_for(404, request).await?;
        ensure!(body.windows(expected.len()).any(|part| part == expected.as_bytes()), "answered: {}", String::from_utf8_lossy(body));
        answered += 1;
    }
    Ok(answered)
}

fn request(address: SocketAddr, path: &str, key: Option<&str>) -> Vec<u8> {
    // Both are of one length, for the reader of the heads.
    let key = key.map_or_else(|| format!("x-authorized: Bearer {}", "0".repeat(66)), |key| format!("authorization: Bearer {key}"));
    format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n{key}\r\n\r\n").into_bytes()
}

/// Keys as `POST /api/v1/keys` stores them, until there are so many. Their limit is not what is measured.
async fn add(place: &Place, org: &Org, stored: &mut Vec<String>, size: usize) -> anyhow::Result<()> {
    let data = place.file("data").display().to_string();
    let config =
        Config::read(&|name| (name == "ZENCALL_DATA_DIR").then(|| data.clone())).map_err(|refused| anyhow::anyhow!("{refused:?}"))?;
    let vault = Vault::new(&config.secret_keys()?);
    let fresh: Vec<String> = (stored.len()..size).map(|_| keys::draw(true)).collect();
    let ids: Vec<uuid::Uuid> = fresh.iter().map(|_| ApiKeyId::generate().0).collect();
    let hashes = fresh.iter().map(|key| keys::hash_under(&vault, key)).collect::<anyhow::Result<Vec<_>>>()?;
    sqlx::query(
        "insert into api_keys (id, org_id, name, key_hash, role, scopes, per_minute)
         select id, $1, 'Bench', hash, 'billing', '{keys.manage,calls.read}', 2000000000 from unnest($2::uuid[], $3::bytea[]) as k (id, hash)",
    )
    .bind(org.uuid()?)
    .bind(&ids)
    .bind(&hashes)
    .execute(&place.pool)
    .await?;
    sqlx::query("vacuum analyze api_keys").execute(&place.pool).await?;
    stored.extend(fresh);
    Ok(())
}

/// The requests are noted, all of them as what they were, and the keys as used.
async fn check_log(place: &Place) -> anyhow::Result<()> {
    let (noted, wrong): (i64, i64) =
        sqlx::query_as("select count(*), count(*) filter (where status <> 404 or path <> $1) from api_requests")
            .bind(KEYED.0)
            .fetch_one(&place.pool)
            .await?;
    ensure!(noted > 1_000 && wrong == 0, "{noted} requests are noted, {wrong} of them wrongly");
    let used: i64 = sqlx::query_scalar("select count(*) from api_keys where last_used_at is not null").fetch_one(&place.pool).await?;
    ensure!(used > 0, "no key is used");
    Ok(())
}

/// CPU microseconds of one bcrypt hash at cost 10, by `crypt` of the C library. Errors: it is not bcrypt.
async fn bcrypt() -> anyhow::Result<f64> {
    const PROGRAM: &str = r#"
        my ($n, $salt, $hash) = (20, '$2b$10$' . 'abcdefghijklmnopqrstuu');
        my ($before) = times;
        $hash = crypt("zc_test_$_", $salt) for 1 .. $n;
        my ($after) = times;
        printf "%s %s %f\n", crypt('U*U', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.'), $hash, ($after - $before) / $n * 1e6;
    "#;
    let ran = Command::new("perl").args(["-e", PROGRAM]).output().await.context("perl")?;
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    let words: Vec<&str> = text.split_whitespace().collect();
    // The first vector of bcrypt's own tests.
    ensure!(words.first() == Some(&"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"), "crypt is no bcrypt here: {text}");
    ensure!(words.get(1).is_some_and(|hash| hash.starts_with("$2b$10$") && hash.len() == 60), "crypt is no bcrypt here: {text}");
    Ok(words.get(2).context("a time")?.parse()?)
}
