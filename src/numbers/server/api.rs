//! Door 3: numbers and their messages over the public API. Its types are frozen: fields are added, never renamed or taken away.

use super::actions;
use crate::{
    assistants::{
        model::{NumberForm, NumberSource, SyncState},
        server::actions as assistants,
    },
    numbers::model::*,
    platform::{
        OrgScope,
        api::{Body, Params, Problem, continued, id, page},
    },
    server::AppState,
    shared::{
        error::AppError,
        ids::{AssistantId, CallId, MessageId, NumberId},
    },
};
use axum::{
    Json, Router,
    extract::Path,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

/// What this file adds to the description.
#[derive(OpenApi)]
#[openapi(paths(list_numbers, connect_number, import_number, read_number, assign_number, edit_number, delete_number, list_messages))]
pub struct Doors;

/// The doors.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/v1/numbers", get(list_numbers).post(connect_number))
        .route("/api/v1/numbers/import", post(import_number))
        .route("/api/v1/numbers/{id}", get(read_number).put(assign_number).patch(edit_number).delete(delete_number))
        .route("/api/v1/messages", get(list_messages))
}

/// Every number.
#[derive(Serialize, ToSchema)]
struct NumberList {
    items: Vec<NumberBody>,
}

/// A phone number.
#[derive(Serialize, ToSchema)]
struct NumberBody {
    id: NumberId,
    /// E.164.
    number: String,
    label: String,
    /// Who answers it.
    assistant: Option<AssistantId>,
    assistant_name: Option<String>,
    sync: SyncState,
    sync_error: Option<String>,
    is_demo: bool,
    source: NumberSource,
    /// It sends and receives text messages.
    sends_sms: bool,
    /// Where the provider puts callers through when Zencall does not answer it. E.164.
    fallback: Option<String>,
    /// When it was last called, to a quarter of an hour; of the last 90 days.
    last_received: Option<DateTime<Utc>>,
    /// When a call on it last failed, likewise.
    last_failed: Option<DateTime<Utc>>,
}

impl From<NumberCard> for NumberBody {
    fn from(card: NumberCard) -> Self {
        let line = card.line;
        Self {
            id: line.id,
            number: line.number,
            label: line.label,
            assistant: line.assistant_id,
            assistant_name: line.assistant_name,
            sync: line.sync,
            sync_error: line.sync_error,
            is_demo: line.is_demo,
            source: line.source,
            sends_sms: line.sends_sms,
            fallback: line.fallback,
            last_received: card.last_received,
            last_failed: card.last_failed,
        }
    }
}

/// A number to connect.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewNumberBody {
    /// E.164.
    number: String,
    label: Option<String>,
    /// The number's id at the provider.
    provider_id: String,
    assistant: Option<AssistantId>,
}

/// A number of the account at Twilio to bring.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ImportBody {
    /// Twilio's id of it (`PN…`).
    sid: String,
    assistant: Option<AssistantId>,
}

/// A number that was connected.
#[derive(Serialize, ToSchema)]
struct MadeNumber {
    id: NumberId,
}

/// Who answers a number.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AssignBody {
    /// Null: nobody.
    assistant: Option<AssistantId>,
}

/// What to change of a number: all of it as it shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NumberChanges {
    label: Option<String>,
    /// E.164; an empty text for nowhere.
    fallback: Option<String>,
}

fn made(id: NumberId) -> Response {
    (StatusCode::CREATED, [(header::LOCATION, format!("/api/v1/numbers/{id}"))], Json(MadeNumber { id })).into_response()
}

/// The organisation's phone numbers
#[utoipa::path(get, path = "/api/v1/numbers", tag = "numbers", responses((status = 200, body = NumberList)))]
async fn list_numbers(scope: OrgScope) -> Result<Json<NumberList>, AppError> {
    Ok(Json(NumberList { items: actions::sheet(&scope).await?.numbers.into_iter().map(NumberBody::from).collect() }))
}

/// Connect a number that the provider already has
#[utoipa::path(post, path = "/api/v1/numbers", tag = "numbers", request_body = NewNumberBody, responses((status = 201, body = MadeNumber)))]
async fn connect_number(scope: OrgScope, Body(body): Body<NewNumberBody>) -> Result<Response, Problem> {
    let form = NumberForm {
        number: body.number,
        label: body.label.unwrap_or_default(),
        provider_id: body.provider_id,
        assistant: body.assistant.map(|id| id.to_string()).unwrap_or_default(),
    };
    Ok(made(assistants::connect_number(&scope, form.parse()?).await?))
}

/// Bring a number of the organisation's account at Twilio
///
/// A job tells Vapi of it, and Twilio where its messages go: `sync` says how far that is.
#[utoipa::path(post, path = "/api/v1/numbers/import", tag = "numbers", request_body = ImportBody, responses((status = 201, body = MadeNumber)))]
async fn import_number(scope: OrgScope, Body(body): Body<ImportBody>) -> Result<Response, Problem> {
    Ok(made(actions::import_number(&scope, &body.sid, body.assistant).await?))
}

/// One phone number
#[utoipa::path(get, path = "/api/v1/numbers/{id}", tag = "numbers", params(("id" = NumberId, Path)), responses((status = 200, body = NumberBody)))]
async fn read_number(scope: OrgScope, Path(text): Path<String>) -> Result<Json<NumberBody>, Problem> {
    Ok(Json(actions::read(&scope, id(&text, "number")?).await?.into()))
}

/// Say who answers a number
#[utoipa::path(put, path = "/api/v1/numbers/{id}", tag = "numbers", params(("id" = NumberId, Path)), request_body = AssignBody, responses((status = 204)))]
async fn assign_number(scope: OrgScope, Path(text): Path<String>, Body(body): Body<AssignBody>) -> Result<StatusCode, Problem> {
    assistants::assign_number(&scope, id(&text, "number")?, body.assistant).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Change a number's name and way out
///
/// What is left out stays as it is.
#[utoipa::path(patch, path = "/api/v1/numbers/{id}", tag = "numbers", params(("id" = NumberId, Path)), request_body = NumberChanges, responses((status = 204)))]
async fn edit_number(scope: OrgScope, Path(text): Path<String>, Body(body): Body<NumberChanges>) -> Result<StatusCode, Problem> {
    let number = id(&text, "number")?;
    let fallback = body.fallback.as_deref().map(fallback_of).transpose()?;
    actions::change_number(&scope, number, body.label.as_deref().map(label_of), fallback).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove a number from here
///
/// One that was brought from Twilio or a SIP trunk is removed at Vapi, too; another stays there.
#[utoipa::path(delete, path = "/api/v1/numbers/{id}", tag = "numbers", params(("id" = NumberId, Path)), responses((status = 204)))]
async fn delete_number(scope: OrgScope, Path(text): Path<String>) -> Result<StatusCode, Problem> {
    actions::remove_number(&scope, id(&text, "number")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which page of messages.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct MessagesQuery {
    /// `next` of the page before.
    after: Option<String>,
}

/// A page of messages.
#[derive(Serialize, ToSchema)]
struct MessageList {
    items: Vec<MessageBody>,
    /// The cursor of the next page; null on the last one.
    next: Option<String>,
}

/// A text message.
#[derive(Serialize, ToSchema)]
struct MessageBody {
    id: MessageId,
    at: DateTime<Utc>,
    direction: Direction,
    /// The organisation's number. E.164.
    our_number: String,
    their_number: String,
    text: String,
    /// `waiting`, `refused` by Zencall, `received`; else Twilio's own word.
    status: String,
    error: Option<String>,
    /// The call it was sent in.
    call: Option<CallId>,
    /// They have asked for no more messages.
    has_stopped: bool,
}

const LIST: &str = "messages";

/// Text messages, newest first
#[utoipa::path(get, path = "/api/v1/messages", tag = "numbers", params(MessagesQuery), responses((status = 200, body = MessageList)))]
async fn list_messages(scope: OrgScope, Params(query): Params<MessagesQuery>) -> Result<Json<MessageList>, Problem> {
    let before = page(&scope, LIST, query.after.as_deref(), None)?.after.and_then(|id| id.parse().ok());
    let found = actions::messages(&scope, before).await?;
    let body = |line: MessageLine| MessageBody {
        id: line.id,
        at: line.at,
        direction: line.direction,
        our_number: line.ours,
        their_number: line.theirs,
        text: line.body,
        status: line.status,
        error: line.error,
        call: line.call_id,
        has_stopped: line.has_stopped,
    };
    Ok(Json(MessageList { items: found.items.into_iter().map(body).collect(), next: continued(&scope, LIST, found.next)? }))
}
