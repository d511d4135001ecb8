//! Tools of the organisation's own: kept with their secret sealed, tried, and asked during a call.

use super::{actions::tell, store};
use crate::{
    platform::{
        Core, OrgScope, SystemTx,
        db::OnConstraint,
        outbound::guard::{Address, Guarded, Incoming, NoAnswer, Outgoing, secret_header},
    },
    reception::http_tool::{DryRun, HttpTool, Method},
    shared::{
        error::AppError,
        ids::{OrgId, ToolId},
        permission::Permission,
    },
};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// What the vault authenticates beside the organisation.
const PURPOSE: &str = "http tool";
const MOST_TOOLS: usize = 30;
/// The longest answer a model is given.
const LONGEST_TOLD: usize = 3000;
/// How much of an answer a person sees.
const LONGEST_SHOWN: usize = 4096;

/// The organisation's own tools, by name.
pub async fn list(scope: &OrgScope) -> Result<Vec<HttpTool>, AppError> {
    let mut tx = scope.begin(Permission::AssistantsRead).await?;
    Ok(store::tools(&mut tx).await?.into_iter().map(|row| row.tool).collect())
}

/// Writes a tool; without a new value its header keeps the one it has, unless the tool now goes to another address: a secret is for whom it was
/// given. Errors: `Invalid`; `NotFound`; `Conflict("tool_taken")`, `Conflict("tool_limit")`.
pub async fn save(scope: &OrgScope, tool: HttpTool, secret: Option<&str>, is_new: bool) -> Result<ToolId, AppError> {
    let address = judge(scope.core(), &tool)?;
    let mut tx = scope.begin(Permission::IntegrationsManage).await?;
    store::lock(&mut tx).await?;
    let known = store::tools(&mut tx).await?;
    if is_new && known.len() >= MOST_TOOLS {
        return Err(AppError::conflict("tool_limit"));
    }
    let before = known.into_iter().find(|row| row.tool.id == tool.id);
    if !is_new && before.is_none() {
        return Err(AppError::not_found("tool"));
    }
    let sealed = match secret {
        Some(secret) => Some(scope.core().vault.seal(scope.org().0, PURPOSE, secret.as_bytes())?),
        None => kept_secret(scope.core(), &tool, &address, before),
    };
    let id = tool.id;
    let row = store::ToolRow { tool, sealed };
    let saved = store::save_tool(&mut tx, &row, scope.core().clock.now()).await;
    saved.on_constraint("http_tools_name_key", || AppError::conflict("tool_taken"))?;
    tell(&mut tx).await?;
    tx.commit().await?;
    Ok(id)
}

/// The secret of before, for the same header of the same origin.
fn kept_secret(core: &Core, tool: &HttpTool, address: &Address, before: Option<store::ToolRow>) -> Option<Vec<u8>> {
    let before = before?;
    let origin = Guarded::of(core).check(&before.tool.url).ok().map(|before| before.url.origin());
    let is_same = before.tool.header_name == tool.header_name && origin == Some(address.url.origin());
    before.sealed.filter(|_| is_same)
}

/// Removes a tool. Assistants that had it lose it. Errors: `NotFound`.
pub async fn remove(scope: &OrgScope, id: ToolId) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::IntegrationsManage).await?;
    if !store::delete_tool(&mut tx, id).await? {
        return Err(AppError::not_found("tool"));
    }
    tell(&mut tx).await?;
    tx.commit().await
}

fn judge(core: &Core, tool: &HttpTool) -> Result<Address, AppError> {
    Guarded::of(core).check(&tool.url).map_err(|why| AppError::invalid("url", why.code()))
}

/// Asks a tool as it stands in the form, and shows both sides. Errors: `Invalid`.
pub async fn dry_run(scope: &OrgScope, tool: HttpTool, secret: Option<String>, arguments: &str) -> Result<DryRun, AppError> {
    scope.require(Permission::IntegrationsManage)?;
    let core = scope.core();
    let address = judge(core, &tool)?;
    let given: Value = serde_json::from_str(if arguments.trim().is_empty() { "{}" } else { arguments })
        .map_err(|_| AppError::invalid("arguments", "reception.not_json"))?;
    let mut tx = scope.begin(Permission::IntegrationsManage).await?;
    let before = store::tools(&mut tx).await?.into_iter().find(|row| row.tool.id == tool.id);
    tx.commit().await?;
    let secret = match secret {
        Some(secret) => Some(secret),
        None => kept_secret(core, &tool, &address, before).map(|sealed| open(core, scope.org(), &sealed)).transpose()?,
    };
    let taken = match tool.take(&given) {
        Ok(taken) => taken,
        Err(why) => return Ok(DryRun { line: line(&tool, &address), answer: why.clone(), told: why, ..DryRun::default() }),
    };
    let request = request(&tool, &address, &taken, secret.as_deref(), "dry-run");
    let shown = |(name, value): (&HeaderName, &HeaderValue)| {
        let value =
            if value.is_sensitive() { "••••••".to_owned() } else { String::from_utf8_lossy(value.as_bytes()).into_owned() };
        (name.to_string(), value)
    };
    let mut run = DryRun {
        line: line(&tool, &request.0),
        headers: request.1.headers.iter().map(shown).collect(),
        body: request.1.body.as_ref().map(|body| String::from_utf8_lossy(body).into_owned()).unwrap_or_default(),
        ..DryRun::default()
    };
    let answer = Guarded::of(core).send(&scope.org().to_string(), &request.0, request.1).await;
    if let Ok(incoming) = &answer {
        run.status = Some(incoming.status);
        run.took_ms = i64::try_from(incoming.took.as_millis()).unwrap_or(i64::MAX);
        run.answer = String::from_utf8_lossy(&incoming.body).chars().filter(|letter| *letter != '\0').take(LONGEST_SHOWN).collect();
    } else if let Err(why) = &answer {
        run.answer = why.to_string();
    }
    let (Ok(told) | Err(told)) = told(&tool, answer);
    run.told = told;
    Ok(run)
}

fn line(tool: &HttpTool, address: &Address) -> String {
    format!("{} {}", tool.method, address.url)
}

/// A tool of this name, if the organisation has one.
pub(super) async fn find(tx: &mut crate::platform::OrgTx<'_>, name: &str) -> Result<Option<store::ToolRow>, AppError> {
    Ok(store::tools(tx).await?.into_iter().find(|row| row.tool.name == name))
}

/// Asks it for a caller. The tool call's id goes with it, so that the other side can tell a repetition.
pub(super) async fn ask(
    core: &Core,
    org: OrgId,
    row: &store::ToolRow,
    given: &Value,
    tool_call: &str,
) -> Result<Result<String, String>, AppError> {
    let taken = match row.tool.take(given) {
        Ok(taken) => taken,
        Err(why) => return Ok(Err(why)),
    };
    let guard = Guarded::of(core);
    let Ok(address) = guard.check(&row.tool.url) else { return Ok(Err("the tool's address is refused".into())) };
    let secret = row.sealed.as_deref().map(|sealed| open(core, org, sealed)).transpose()?;
    let (address, outgoing) = request(&row.tool, &address, &taken, secret.as_deref(), tool_call);
    Ok(told(&row.tool, guard.send(&org.to_string(), &address, outgoing).await))
}

fn request(tool: &HttpTool, address: &Address, taken: &Map<String, Value>, secret: Option<&str>, tool_call: &str) -> (Address, Outgoing) {
    let mut address = address.clone();
    let mut headers = HeaderMap::new();
    let body = match tool.method {
        Method::Get => {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            address.url.query_pairs_mut().extend_pairs(taken.iter().map(|(name, value)| (name, text(value))));
            None
        }
        Method::Post => {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            Some(json!(taken).to_string().into())
        }
    };
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json, text/plain"));
    if let Ok(id) = HeaderValue::from_str(tool_call) {
        headers.insert(HeaderName::from_static("idempotency-key"), id);
    }
    if let (Some(value), Ok(name)) = (secret.and_then(secret_header), tool.header_name.parse::<HeaderName>()) {
        headers.insert(name, value);
    }
    let method = match tool.method {
        Method::Get => http::Method::GET,
        Method::Post => http::Method::POST,
    };
    let deadline = Duration::from_secs(u64::try_from(tool.deadline_s).unwrap_or(5));
    (address, Outgoing { method, headers, body, deadline })
}

/// What the model reads of an answer.
fn told(tool: &HttpTool, answer: Result<Incoming, NoAnswer>) -> Result<String, String> {
    match answer {
        Ok(incoming) if (200..300).contains(&incoming.status) => {
            let text = String::from_utf8_lossy(&incoming.body);
            let compact = serde_json::from_str::<Value>(&text).map_or_else(|_| text.into_owned(), |value| value.to_string());
            Ok(compact.chars().filter(|letter| *letter != '\0').take(LONGEST_TOLD).collect())
        }
        Ok(incoming) => Err(format!("{} answered {}", tool.name, incoming.status)),
        Err(NoAnswer::Late(_)) => Err(format!("{} did not answer in time", tool.name)),
        Err(_) => Err(format!("{} cannot be reached", tool.name)),
    }
}

fn open(core: &Core, org: OrgId, sealed: &[u8]) -> Result<String, AppError> {
    let plain = core.vault.open(org.0, PURPOSE, sealed)?;
    String::from_utf8(plain).map_err(AppError::internal)
}

/// Seals under the master key in front what an older one sealed. Returns how many tools that was.
pub async fn reseal(core: &Core) -> anyhow::Result<usize> {
    let mut tx = SystemTx::begin(core, "a rotation of the master key").await?;
    let rows = sqlx::query!(
        r#"select id, org_id as "org: OrgId", header_sealed as "sealed!" from http_tools where header_sealed is not null order by id for update"# // filtered
    )
    .fetch_all(tx.conn())
    .await?;
    let mut count = 0;
    for row in rows {
        if let Some(again) = core.vault.reseal(row.org.0, PURPOSE, &row.sealed)? {
            sqlx::query!("update http_tools set header_sealed = $2, updated_at = now() where id = $1", row.id, again)
                .execute(tx.conn())
                .await?;
            count += 1;
        }
    }
    tx.commit().await?;
    Ok(count)
}
