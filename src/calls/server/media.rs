//! Doors that stream: recordings with ranges, the live audio of a call, the log as CSV.

use super::{actions, live, log::store as log, read};
use crate::{
    calls::model::{CallFilter, UseKind},
    platform::{
        OrgScope,
        bus::Note,
        spreadsheet::{self, harmless},
    },
    providers::vapi::{Sound, Vapi},
    server::AppState,
    shared::{
        audit::{Act, Object},
        error::AppError,
        ids::CallId,
        permission::Permission,
    },
};
use axum::{
    body::Body,
    extract::{
        Path, Query, State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    },
    response::{IntoResponse, Response},
};
use futures::{StreamExt, TryStreamExt};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use object_store::{GetOptions, GetRange, ObjectStore, path::Path as ObjectPath};
use serde::Deserialize;
use tokio::{sync::broadcast::error::RecvError, time::MissedTickBehavior};
use tokio_tungstenite::tungstenite;

/// Whether the recording is to be kept as a file.
#[derive(Default, Deserialize)]
pub struct Download {
    #[serde(default)]
    download: Option<String>,
}

/// `GET /calls/{id}/recording`: our own copy, with ranges so that players can seek. Errors: `NotFound`, `Forbidden`.
pub async fn recording(
    State(state): State<AppState>,
    scope: OrgScope,
    Path(id): Path<CallId>,
    Query(query): Query<Download>,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let kind = if query.download.is_some() { UseKind::Download } else { UseKind::Play };
    let key = ObjectPath::from(actions::recording_key(&scope, id, kind).await?);
    let wanted = headers.get(header::RANGE).and_then(|value| value.to_str().ok()).and_then(range);
    let options = GetOptions { range: wanted.clone(), ..GetOptions::default() };
    let found = match state.core.files.get_opts(&key, options).await {
        Ok(found) => found,
        Err(object_store::Error::NotFound { .. }) => return Err(AppError::not_found("recording")),
        Err(_) if wanted.is_some() => return Ok(StatusCode::RANGE_NOT_SATISFIABLE.into_response()),
        Err(error) => return Err(AppError::internal(error)),
    };
    let (size, part) = (found.meta.size, found.range.clone());
    let mut response = Response::new(Body::from_stream(found.into_stream().map_err(std::io::Error::other)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("audio/wav"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(header::CONTENT_LENGTH, (part.end - part.start).into());
    let disposition = if query.download.is_some() { format!("attachment; filename=\"{id}.wav\"") } else { "inline".into() };
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_str(&disposition).map_err(AppError::internal)?);
    if wanted.is_some() {
        let range = format!("bytes {}-{}/{size}", part.start, part.end.saturating_sub(1));
        headers.insert(header::CONTENT_RANGE, HeaderValue::from_str(&range).map_err(AppError::internal)?);
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// One range of bytes; several at once are answered whole, as the standard allows.
fn range(text: &str) -> Option<GetRange> {
    let (from, to) = text.strip_prefix("bytes=")?.split_once('-')?;
    match (from.trim().parse::<u64>(), to.trim().parse::<u64>()) {
        (Ok(from), Ok(to)) if from <= to => Some(GetRange::Bounded(from..to.saturating_add(1))),
        (Ok(from), Err(_)) if to.trim().is_empty() => Some(GetRange::Offset(from)),
        (Err(_), Ok(last)) if from.trim().is_empty() => Some(GetRange::Suffix(last)),
        _ => None,
    }
}

/// `GET /live/listen/{id}`: the provider's audio, relayed; the browser never holds the provider's address.
pub async fn listen(
    State(state): State<AppState>,
    scope: OrgScope,
    Path(id): Path<CallId>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, AppError> {
    let address = actions::listen_url(&scope, id).await?;
    let sound = Vapi::of(&state.core).listen(&address).await.map_err(|error| AppError::upstream("vapi", error))?;
    // The browser has nothing to say but goodbye.
    let upgrade = upgrade.read_buffer_size(1024).max_message_size(1024).max_frame_size(1024);
    Ok(upgrade.on_upgrade(move |mut browser| async move {
        let draining = scope.core().draining.clone();
        let end = tokio::select! {
            () = relay(&mut browser, sound) => None,
            end = rights_end(&scope) => end,
            () = draining.cancelled() => Some((live::RESTART, "restarting")),
        };
        let frame = end.map(|(code, reason)| CloseFrame { code, reason: reason.into() });
        let _ = tokio::time::timeout(live::STUCK, browser.send(Message::Close(frame))).await;
    }))
}

/// Waits until the listener may no longer listen: looks when rights change, and now and then in case that went unheard.
async fn rights_end(scope: &OrgScope) -> live::End {
    let mut notes = scope.core().bus.subscribe();
    let mut recheck = tokio::time::interval(live::RECHECK);
    recheck.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = recheck.tick() => {}
            note = notes.recv() => match note {
                Ok(Note::Revoked { account }) if scope.account() == Some(account) => {}
                Ok(Note::Resync) | Err(RecvError::Lagged(_)) => {}
                Ok(_) => continue,
                Err(RecvError::Closed) => return Some((live::RESTART, "restarting")),
            },
        }
        if let Err(end) = live::still_may(scope, Permission::CallsListen).await {
            return end;
        }
    }
}

/// 16 kHz and two channels in every implementation seen; the provider documents neither.
const FORMAT: &str = r#"{"rate":16000,"channels":2}"#;

async fn relay(browser: &mut WebSocket, mut sound: Sound) {
    if browser.send(Message::Text(FORMAT.into())).await.is_err() {
        return;
    }
    loop {
        tokio::select! {
            heard = sound.next() => match heard {
                Some(Ok(tungstenite::Message::Binary(audio))) => {
                    // A browser that cannot keep up loses this listening, not the call.
                    match tokio::time::timeout(live::STUCK, browser.send(Message::Binary(audio))).await {
                        Ok(Ok(())) => {}
                        _ => break,
                    }
                }
                Some(Ok(tungstenite::Message::Ping(_) | tungstenite::Message::Text(_) | tungstenite::Message::Pong(_) | tungstenite::Message::Frame(_))) => {}
                Some(Ok(tungstenite::Message::Close(_)) | Err(_)) | None => break,
            },
            said = browser.recv() => match said {
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => {}
            },
        }
    }
    let _ = sound.close(None).await;
}

/// `GET /calls/export.csv`: the log under the current filter, as it is read: a page at a time, never whole in memory.
/// With `ids`: those calls and no others.
pub async fn export(
    State(state): State<AppState>,
    scope: OrgScope,
    Query(filter): Query<CallFilter>,
    Query(chosen): Query<Chosen>,
) -> Result<Response, AppError> {
    scope.require(Permission::CallsExport)?;
    if let Some(ids) = &chosen.ids {
        return export_chosen(&state, &scope, ids).await;
    }
    let mut tx = scope.begin(Permission::CallsExport).await?;
    let zone: String = sqlx::query_scalar("select timezone from orgs").fetch_one(tx.conn()).await?;
    let reader = log::reader(&mut tx).await?;
    tx.note(Act::Exported, Object::Calls, None, Some(serde_json::json!({ "from": filter.from, "to": filter.to }))).await?;
    tx.commit().await?;
    let days = actions::days(&filter, &zone);
    let pages = futures::stream::try_unfold((scope, None, true, false), move |(scope, after, is_first, is_done)| {
        let filter = filter.clone();
        async move {
            if is_done {
                return Ok::<_, std::io::Error>(None);
            }
            let mut tx = scope.begin(Permission::CallsExport).await.map_err(std::io::Error::other)?;
            let asked = read::Asked { filter: &filter, days, reader, account: scope.account() };
            let rows = read::page(tx.conn(), &asked, after, 1000).await.map_err(std::io::Error::other)?;
            tx.commit().await.map_err(std::io::Error::other)?;
            let text = csv_page(&rows, is_first).map_err(std::io::Error::other)?;
            let is_done = rows.len() < 1000;
            let after = rows.last().map(|card| card.id);
            Ok(Some((text, (scope, after, false, is_done))))
        }
    });
    spreadsheet::file("zencall", state.core.clock.now(), Body::from_stream(pages))
}

/// Calls chosen by hand, their ids between commas.
#[derive(Default, Deserialize)]
pub struct Chosen {
    ids: Option<String>,
}

/// Errors: `Invalid(calls)`.
async fn export_chosen(state: &AppState, scope: &OrgScope, ids: &str) -> Result<Response, AppError> {
    let ids: Vec<CallId> =
        ids.split(',').map(str::parse).collect::<Result<_, _>>().map_err(|_| AppError::invalid("calls", "calls.bad_selection"))?;
    super::log::actions::some(&ids)?;
    let mut tx = scope.begin(Permission::CallsExport).await?;
    let mut rows = read::cards_of(tx.conn(), &ids).await?;
    tx.note(Act::Exported, Object::Calls, None, Some(serde_json::json!({ "calls": rows.len() }))).await?;
    tx.commit().await?;
    rows.sort_by_key(|card| std::cmp::Reverse((card.created_at, card.id)));
    spreadsheet::file("zencall", state.core.clock.now(), Body::from(csv_page(&rows, true).map_err(AppError::internal)?))
}

fn csv_page(rows: &[crate::calls::model::CallCard], with_head: bool) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if with_head {
        writer.write_record([
            "id",
            "started_at",
            "direction",
            "status",
            "outcome",
            "number",
            "name",
            "assistant",
            "duration_s",
            "cost_usd",
            "summary",
        ])?;
    }
    for card in rows {
        writer.write_record([
            card.id.to_string(),
            card.created_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            card.direction.to_string(),
            card.status.to_string(),
            card.outcome.map(|outcome| outcome.to_string()).unwrap_or_default(),
            harmless(card.customer_number.as_deref().unwrap_or_default()),
            harmless(card.customer_name.as_deref().unwrap_or_default()),
            harmless(card.assistant_name.as_deref().unwrap_or_default()),
            card.duration_s.map(|seconds| seconds.to_string()).unwrap_or_default(),
            card.cost.map(|cost| format!("{}.{:06}", cost.0 / 1_000_000, cost.0 % 1_000_000)).unwrap_or_default(),
            harmless(card.summary.as_deref().unwrap_or_default()),
        ])?;
    }
    Ok(writer.into_inner()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_players_send_them() {
        assert!(matches!(range("bytes=0-"), Some(GetRange::Offset(0))));
        assert!(matches!(range("bytes=5-9"), Some(GetRange::Bounded(found)) if found == (5..10)));
        assert!(matches!(range("bytes=-500"), Some(GetRange::Suffix(500))));
        assert!(range("bytes=9-5").is_none() && range("lines=1-2").is_none());
    }
}
