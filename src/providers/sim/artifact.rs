//! Recordings: a private bucket. The raw address is refused, a presigned one serves until it expires and refuses an
//! `Authorization` header, and the API redirects to a fresh one. Source: voice.md 2.4. Files are made when they are fetched.

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Duration, NaiveDateTime, Utc};
use hmac::Hmac;
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::HashMap;

use super::audio::{self, Lanes};
use super::auth;
use super::call::{Call, Role};
use super::refusal::Refusal;
use super::world::{Object, World, iso};

/// How long a presigned address serves. Source: voice.md 2.4.
const TTL_S: i64 = 1800;
const DATE: &str = "%Y%m%dT%H%M%SZ";

/// The address under which a recording is kept and cannot be fetched.
pub(super) fn raw_url(world: &World, call_id: &str, variant: &str) -> String {
    format!("{}/storage/{call_id}-{variant}.wav", world.base_url())
}

/// The presigned addresses of a call's recordings; none when nothing was recorded.
pub(super) fn presigned(world: &World, call: &Call) -> Object {
    let mut urls = Object::new();
    if !is_recorded(call) {
        return urls;
    }
    for (key, variant) in [
        ("presignedMonoUrl", "mono"),
        ("presignedStereoUrl", "stereo"),
        ("presignedAssistantUrl", "assistant"),
        ("presignedCustomerUrl", "customer"),
    ] {
        urls.insert(key.into(), json!(sign(world, &call.id, variant)));
    }
    urls.insert("presignedUrlsExpiresAt".into(), json!(iso(Utc::now() + Duration::seconds(ttl(world)))));
    urls
}

/// `GET /call/{id}/mono-recording` and its sisters: 302 to a presigned address.
pub(super) async fn redirect(State(world): State<World>, Path((id, artifact)): Path<(String, String)>) -> Result<Response, Refusal> {
    let variant = artifact.strip_suffix("-recording").filter(|variant| lanes(variant).is_some());
    let variant = variant.ok_or_else(|| Refusal::not_found(format!("Cannot GET /call/{id}/{artifact}")))?;
    let call = world.calls().get(&id).filter(|call| is_recorded(call) && !is_late(&world));
    let call = call.ok_or_else(|| Refusal::not_found(format!("No recording for call {id}.")))?;
    let location = HeaderValue::from_str(&sign(&world, &call.id, variant)).map_err(|_| Refusal::internal())?;
    Ok((StatusCode::FOUND, [(header::LOCATION, location)]).into_response())
}

/// `GET /storage/{name}`: the bucket.
pub(super) async fn fetch(
    State(world): State<World>,
    Path(name): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    if headers.contains_key(header::AUTHORIZATION) {
        return refused(StatusCode::BAD_REQUEST, "InvalidArgument", "Only one auth mechanism allowed");
    }
    let field = |key: &str| query.get(key).map(String::as_str);
    let (Some(date), Some(lasts), Some(signature)) = (field("X-Amz-Date"), field("X-Amz-Expires"), field("X-Amz-Signature")) else {
        return refused(StatusCode::FORBIDDEN, "AccessDenied", "Access Denied");
    };
    if signature != signature_of(&world, &name, date, lasts) {
        return refused(StatusCode::FORBIDDEN, "SignatureDoesNotMatch", "The request signature does not match.");
    }
    let expires = NaiveDateTime::parse_from_str(date, DATE).ok().map(|date| date.and_utc() + Duration::seconds(lasts.parse().unwrap_or(0)));
    if expires.is_none_or(|expires| expires <= Utc::now()) {
        return refused(StatusCode::FORBIDDEN, "AccessDenied", "Request has expired");
    }
    let parts = name.strip_suffix(".wav").and_then(|stem| stem.rsplit_once('-'));
    let found = parts.and_then(|(id, variant)| Some((world.calls().get(id).filter(|call| is_recorded(call))?, lanes(variant)?)));
    let Some((call, lanes)) = found else {
        return refused(StatusCode::NOT_FOUND, "NoSuchKey", "The specified key does not exist.");
    };
    let (segments, seconds) = {
        let facts = call.facts();
        (facts.segments.clone(), facts.duration_s())
    };
    let made = tokio::task::spawn_blocking(move || audio::wav(&segments, seconds, lanes)).await;
    match made {
        Ok(file) => served(file, &headers),
        Err(_) => refused(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "We encountered an internal error."),
    }
}

/// The file, or the part of it that `Range` asks for.
fn served(file: Vec<u8>, headers: &HeaderMap) -> Response {
    let total = file.len();
    let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok()).and_then(|text| text.strip_prefix("bytes="));
    let bounds = range.and_then(|range| {
        let (first, last) = range.split_once('-')?;
        match (first.parse::<usize>().ok(), last.parse::<usize>().ok()) {
            (Some(first), last) => Some((first, last.unwrap_or(total - 1).min(total - 1))),
            (None, Some(tail)) => Some((total.saturating_sub(tail), total - 1)),
            (None, None) => None,
        }
    });
    let kind = (header::CONTENT_TYPE, "audio/wav".to_owned());
    let accepts = (header::ACCEPT_RANGES, "bytes".to_owned());
    match bounds {
        Some((first, last)) if first <= last => {
            let part = (header::CONTENT_RANGE, format!("bytes {first}-{last}/{total}"));
            (StatusCode::PARTIAL_CONTENT, [kind, accepts, part], file[first..=last].to_vec()).into_response()
        }
        Some(_) => (StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, format!("bytes */{total}"))]).into_response(),
        None => ([kind, accepts], file).into_response(),
    }
}

/// Recordings are written after the report has left; whoever is quick finds nothing yet.
fn is_late(world: &World) -> bool {
    let mut faults = world.faults();
    let is_late = faults.late_recordings > 0;
    faults.late_recordings = faults.late_recordings.saturating_sub(1);
    is_late
}

fn is_recorded(call: &Call) -> bool {
    call.facts().outcome.get("artifact").and_then(|artifact| artifact.get("recordingUrl")).is_some_and(Value::is_string)
}

fn lanes(variant: &str) -> Option<Lanes> {
    match variant {
        "mono" => Some(Lanes::Mono),
        "stereo" => Some(Lanes::Stereo),
        "customer" => Some(Lanes::Only(Role::User)),
        "assistant" => Some(Lanes::Only(Role::Assistant)),
        _ => None,
    }
}

fn sign(world: &World, call_id: &str, variant: &str) -> String {
    let date: DateTime<Utc> = Utc::now();
    let (date, lasts) = (date.format(DATE).to_string(), ttl(world).to_string());
    let signature = signature_of(world, &format!("{call_id}-{variant}.wav"), &date, &lasts);
    format!(
        "{}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={date}&X-Amz-Expires={lasts}&X-Amz-SignedHeaders=host&X-Amz-Signature={signature}",
        raw_url(world, call_id, variant)
    )
}

fn signature_of(world: &World, name: &str, date: &str, lasts: &str) -> String {
    let signed = format!("{name}\n{date}\n{lasts}");
    auth::digest::<Hmac<Sha256>>(world.signing_key(), signed.as_bytes()).map(hex::encode).unwrap_or_default()
}

fn ttl(world: &World) -> i64 {
    world.faults().presigned_ttl_s.unwrap_or(TTL_S)
}

fn refused(status: StatusCode, code: &str, message: &str) -> Response {
    let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    (status, [(header::CONTENT_TYPE, "application/xml")], body).into_response()
}
