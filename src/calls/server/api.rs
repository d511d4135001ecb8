//! Door 3: calls over the public API. Its types are frozen: fields are added, never renamed or taken away.

pub mod after_types;
pub mod types;

use self::{after_types::*, types::*};
use super::{actions, analysis, log, media};
use crate::{
    calls::model::{Answered, CallFilter, LiveAction},
    platform::{
        OrgScope,
        api::{Body, Params, Problem, continued, id, page},
    },
    server::AppState,
    shared::{
        error::AppError,
        ids::{CallId, TagId},
        permission::Permission,
    },
    work::model::{Assignee, WorkStatus},
};
use axum::{
    Json, Router,
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{HeaderMap, StatusCode, header};
use utoipa::OpenApi;

/// What this file adds to the description.
#[derive(OpenApi)]
#[openapi(
    paths(
        list_calls,
        start_call,
        export_calls,
        read_call,
        read_transcript,
        read_events,
        read_recording,
        read_analysis,
        list_notes,
        add_note,
        analyse_call,
        act_on_call,
        simulate_call,
        read_figures
    ),
    components(schemas(Answered, TagId, Assignee, WorkStatus)) // of the query: those are not found by themselves
)]
pub struct Doors;

/// The doors.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/v1/calls", get(list_calls).post(start_call))
        .route("/api/v1/calls/export.csv", get(export_calls))
        .route("/api/v1/calls/{id}", get(read_call))
        .route("/api/v1/calls/{id}/transcript", get(read_transcript))
        .route("/api/v1/calls/{id}/events", get(read_events))
        .route("/api/v1/calls/{id}/recording", get(read_recording))
        .route("/api/v1/calls/{id}/analysis", get(read_analysis).post(analyse_call))
        .route("/api/v1/calls/{id}/notes", get(list_notes).post(add_note))
        .route("/api/v1/calls/{id}/actions", post(act_on_call))
        .route("/api/v1/simulated-calls", post(simulate_call))
        .route("/api/v1/figures", get(read_figures))
}

const LIST: &str = "calls";

/// Calls, newest first
#[utoipa::path(get, path = "/api/v1/calls", tag = "calls", params(CallsQuery), responses((status = 200, body = CallList)))]
async fn list_calls(scope: OrgScope, Params(query): Params<CallsQuery>) -> Result<Json<CallList>, Problem> {
    let wanted = page(&scope, LIST, query.after.as_deref(), query.limit)?;
    let found = actions::list(&scope, &query.filter(), &wanted).await?;
    Ok(Json(CallList { next: continued(&scope, LIST, found.next)?, items: found.items.into_iter().map(Call::from).collect() }))
}

/// Place a call
///
/// The answer comes before the number is dialled; read the call to see what came of it. Nobody is dialled twice under one `Idempotency-Key`.
#[utoipa::path(post, path = "/api/v1/calls", tag = "calls", request_body = StartCall, responses((status = 201, body = StartedCall)))]
async fn start_call(scope: OrgScope, Body(body): Body<StartCall>) -> Result<Response, Problem> {
    let id = actions::start(&scope, body.assistant, &body.number, body.name.as_deref().unwrap_or_default()).await?;
    let location = format!("/api/v1/calls/{id}");
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(StartedCall { id })).into_response())
}

/// The log as CSV
///
/// Under the filter of the list, streamed, newest first.
#[utoipa::path(get, path = "/api/v1/calls/export.csv", tag = "calls", params(ExportQuery), responses((status = 200, content_type = "text/csv", body = String)))]
async fn export_calls(state: State<AppState>, scope: OrgScope, Params(query): Params<ExportQuery>) -> Result<Response, Problem> {
    let filter = CallFilter::from(query);
    Ok(media::export(state, scope, Query(filter), Query::default()).await?)
}

/// One call
#[utoipa::path(get, path = "/api/v1/calls/{id}", tag = "calls", params(("id" = CallId, Path)), responses((status = 200, body = CallDetail)))]
async fn read_call(scope: OrgScope, Path(text): Path<String>) -> Result<Json<CallDetail>, Problem> {
    Ok(Json(actions::detail(&scope, id(&text, "call")?).await?.into()))
}

/// What was said
///
/// While the call lasts, the lines so far; the report at its end replaces them (`settled`), as it knows better.
#[utoipa::path(get, path = "/api/v1/calls/{id}/transcript", tag = "calls", params(("id" = CallId, Path), AfterQuery), responses((status = 200, body = Transcript)))]
async fn read_transcript(
    scope: OrgScope,
    Path(text): Path<String>,
    Params(query): Params<AfterQuery>,
) -> Result<Json<Transcript>, Problem> {
    let call = actions::detail(&scope, id(&text, "call")?).await?;
    let is_new = |seq: i64| query.after.is_none_or(|after| seq > after);
    let lines = call.lines.into_iter().filter(|line| is_new(line.seq)).map(Line::from).collect();
    Ok(Json(Transcript { seq: call.card.seq, lines }))
}

/// What happened besides words
#[utoipa::path(get, path = "/api/v1/calls/{id}/events", tag = "calls", params(("id" = CallId, Path), AfterQuery), responses((status = 200, body = Timeline)))]
async fn read_events(scope: OrgScope, Path(text): Path<String>, Params(query): Params<AfterQuery>) -> Result<Json<Timeline>, Problem> {
    let call = actions::detail(&scope, id(&text, "call")?).await?;
    let is_new = |seq: i64| query.after.is_none_or(|after| seq > after);
    let events = call.events.into_iter().filter(|event| is_new(event.seq)).map(Event::from).collect();
    Ok(Json(Timeline { seq: call.card.seq, events }))
}

/// The recording
///
/// `audio/wav`; one `Range` is answered with 206, one that cannot be met with 416. 404 while there is none.
#[utoipa::path(get, path = "/api/v1/calls/{id}/recording", tag = "calls", params(("id" = CallId, Path), ("Range" = Option<String>, Header, description = "One range of bytes")),
    responses((status = 200, content_type = "audio/wav", body = Vec<u8>), (status = 206, description = "The range", content_type = "audio/wav", body = Vec<u8>), (status = 416, description = "No such range")))]
async fn read_recording(
    state: State<AppState>,
    scope: OrgScope,
    Path(text): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let call: CallId = id(&text, "recording")?;
    Ok(media::recording(state, scope, Path(call), Query(media::Download::default()), headers).await?)
}

/// What the call amounts to
#[utoipa::path(get, path = "/api/v1/calls/{id}/analysis", tag = "calls", params(("id" = CallId, Path)), responses((status = 200, body = AnalysisState)))]
async fn read_analysis(scope: OrgScope, Path(text): Path<String>) -> Result<Json<AnalysisState>, Problem> {
    Ok(Json(analysis::actions::read(&scope, id(&text, "call")?).await?.into()))
}

/// What people wrote beside the call
#[utoipa::path(get, path = "/api/v1/calls/{id}/notes", tag = "calls", params(("id" = CallId, Path)), responses((status = 200, body = NoteList)))]
async fn list_notes(scope: OrgScope, Path(text): Path<String>) -> Result<Json<NoteList>, Problem> {
    let call = id(&text, "call")?;
    actions::detail(&scope, call).await?; // there is such a call
    let items = log::actions::notes(&scope, call).await?.into_iter().map(NoteBody::from).collect();
    Ok(Json(NoteList { items }))
}

/// Write beside the call
///
/// `@` and a member's name means that member: it comes to their inbox.
#[utoipa::path(post, path = "/api/v1/calls/{id}/notes", tag = "calls", params(("id" = CallId, Path)), request_body = NewNote, responses((status = 201, body = NoteRef)))]
async fn add_note(scope: OrgScope, Path(text): Path<String>, Body(body): Body<NewNote>) -> Result<Response, Problem> {
    scope.require(Permission::CallsNote)?;
    let id = log::actions::add_note(&scope, id(&text, "call")?, &body.text, body.second).await?;
    Ok((StatusCode::CREATED, Json(NoteRef { id })).into_response())
}

/// Have it analysed again
///
/// Only once the call is over. Where a model is set it may cost.
#[utoipa::path(post, path = "/api/v1/calls/{id}/analysis", tag = "calls", params(("id" = CallId, Path)), responses((status = 202, description = "A job looks again")))]
async fn analyse_call(scope: OrgScope, Path(text): Path<String>) -> Result<StatusCode, Problem> {
    analysis::actions::ask(&scope, id(&text, "call")?).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Step into a live call
///
/// Say words, instruct the assistant, mute it, hand the caller over, or end the call. A refusal of the provider is an outcome, not an error.
#[utoipa::path(post, path = "/api/v1/calls/{id}/actions", tag = "calls", params(("id" = CallId, Path)), request_body = NewAction, responses((status = 200, body = ActionDone)))]
async fn act_on_call(scope: OrgScope, Path(text): Path<String>, Body(body): Body<NewAction>) -> Result<Json<ActionDone>, Problem> {
    let call = id(&text, "call")?;
    let action = LiveAction::try_from(body)?;
    Ok(Json(actions::act(&scope, call, action).await?.into()))
}

/// Have the simulator ring an assistant
///
/// Sandbox only. `ending`: the two digits that decide how the call goes.
#[utoipa::path(post, path = "/api/v1/simulated-calls", tag = "calls", request_body = SimulateCall, responses((status = 202, description = "The simulator dials")))]
async fn simulate_call(scope: OrgScope, Body(body): Body<SimulateCall>) -> Result<StatusCode, Problem> {
    actions::simulate(&scope, body.assistant, body.ending.as_deref().unwrap_or_default()).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Figures of today and the last two weeks
#[utoipa::path(get, path = "/api/v1/figures", tag = "calls", responses((status = 200, body = Figures)))]
async fn read_figures(scope: OrgScope) -> Result<Json<Figures>, AppError> {
    Ok(Json(actions::home_figures(&scope).await?.into()))
}
