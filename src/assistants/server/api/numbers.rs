//! Phone numbers.

use super::types::*;
use crate::{
    assistants::{model::NumberForm, server::actions},
    platform::{
        OrgScope,
        api::{Body, Problem, id},
    },
    shared::{error::AppError, ids::NumberId},
};
use axum::{
    Json,
    extract::Path,
    response::{IntoResponse, Response},
};
use http::StatusCode;

/// The organisation's phone numbers
#[utoipa::path(get, path = "/api/v1/numbers", tag = "numbers", responses((status = 200, body = NumberList)))]
pub async fn list_numbers(scope: OrgScope) -> Result<Json<NumberList>, AppError> {
    Ok(Json(NumberList { items: actions::numbers(&scope).await?.into_iter().map(NumberBody::from).collect() }))
}

/// Connect a number that the provider already has
#[utoipa::path(post, path = "/api/v1/numbers", tag = "numbers", request_body = NewNumberBody, responses((status = 201, body = MadeNumber)))]
pub async fn connect_number(scope: OrgScope, Body(body): Body<NewNumberBody>) -> Result<Response, Problem> {
    let form = NumberForm {
        number: body.number,
        label: body.label.unwrap_or_default(),
        provider_id: body.provider_id,
        assistant: body.assistant.map(|id| id.to_string()).unwrap_or_default(),
    };
    let id = actions::connect_number(&scope, form.parse()?).await?;
    Ok((StatusCode::CREATED, Json(MadeNumber { id })).into_response())
}

/// Say who answers a number
#[utoipa::path(put, path = "/api/v1/numbers/{id}", tag = "numbers", params(("id" = NumberId, Path)), request_body = AssignBody, responses((status = 204)))]
pub async fn assign_number(scope: OrgScope, Path(text): Path<String>, Body(body): Body<AssignBody>) -> Result<StatusCode, Problem> {
    actions::assign_number(&scope, id(&text, "number")?, body.assistant).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove a number from here
///
/// At the provider it stays.
#[utoipa::path(delete, path = "/api/v1/numbers/{id}", tag = "numbers", params(("id" = NumberId, Path)), responses((status = 204)))]
pub async fn delete_number(scope: OrgScope, Path(text): Path<String>) -> Result<StatusCode, Problem> {
    actions::delete_number(&scope, id(&text, "number")?).await?;
    Ok(StatusCode::NO_CONTENT)
}
