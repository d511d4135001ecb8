//! Door 1: server functions of the page of outgoing webhooks.

use super::model::*;
use crate::{
    error_glue::Json,
    shared::{
        error::AppError,
        event::EventKind,
        ids::{DeliveryId, EndpointId},
    },
};
use leptos::prelude::*;

/// Every endpoint, oldest first.
#[server(output = Json)]
pub async fn list_endpoints() -> Result<Endpoints, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::list(&OrgScope::of_request().await?).await
}

/// Adds an endpoint; this answer alone has its secret. Errors: `Invalid`; `Conflict("endpoint_limit")`.
#[server(output = Json)]
pub async fn add_endpoint(#[server(default)] form: EndpointForm) -> Result<FreshSecret, AppError> {
    use {super::server::actions, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require(Permission::WebhooksManage)?; // before a word is said about the form
    actions::create(&scope, form.parse()?).await
}

/// Changes an endpoint. Errors: `Invalid`; `NotFound`.
#[server(output = Json)]
pub async fn edit_endpoint(id: EndpointId, #[server(default)] form: EndpointForm) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require(Permission::WebhooksManage)?;
    actions::edit(&scope, id, form.parse()?).await.map(drop)
}

/// Pauses an endpoint, or lets it go on. Errors: `NotFound`.
#[server(output = Json)]
pub async fn set_endpoint_state(id: EndpointId, state: EndpointState) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::set_state(&OrgScope::of_request().await?, id, state).await
}

/// Draws a new secret; the one before it signs, too, for `grace_s` seconds. Errors: `NotFound`.
#[server(output = Json)]
pub async fn roll_webhook_secret(id: EndpointId, grace_s: i64) -> Result<FreshSecret, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::roll(&OrgScope::of_request().await?, id, grace_s).await
}

/// Removes an endpoint with all that was delivered to it. Errors: `NotFound`.
#[server(output = Json)]
pub async fn remove_endpoint(id: EndpointId) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::remove(&OrgScope::of_request().await?, id).await
}

/// A page of an endpoint's deliveries, newest first. Errors: `NotFound`.
#[server(output = Json)]
pub async fn list_deliveries(
    id: EndpointId,
    #[server(default)] only: Option<DeliveryState>,
    #[server(default)] before: Option<DeliveryId>,
) -> Result<Deliveries, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::deliveries(&OrgScope::of_request().await?, id, only, before).await
}

/// A delivery with its attempts. Errors: `NotFound`.
#[server(output = Json)]
pub async fn read_delivery(delivery: DeliveryId) -> Result<DeliverySheet, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::delivery(&OrgScope::of_request().await?, delivery).await
}

/// Delivers once more, under the same id. Errors: `NotFound`; `Conflict("endpoint_off")`.
#[server(output = Json)]
pub async fn resend_delivery(delivery: DeliveryId) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::resend(&OrgScope::of_request().await?, delivery).await.map(drop)
}

/// Delivers the last hours once more: everything, or what failed. Says how many. Errors: `NotFound`; `Conflict("endpoint_off")`.
#[server(output = Json)]
pub async fn deliver_again(id: EndpointId, hours: i64, #[server(default)] all: Option<String>) -> Result<i64, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    let scope = OrgScope::of_request().await?;
    let now = scope.core().clock.now();
    let since = now - chrono::Duration::hours(hours.clamp(1, 720));
    match all {
        Some(_) => actions::replay(&scope, id, since, now).await,
        None => actions::recover(&scope, id, since).await,
    }
}

/// Sends a sample. Errors: `NotFound`; `Conflict("endpoint_off")`.
#[server(output = Json)]
pub async fn send_sample(id: EndpointId, kind: EventKind) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::send_sample(&OrgScope::of_request().await?, id, kind).await.map(drop)
}
