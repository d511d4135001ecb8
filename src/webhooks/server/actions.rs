//! Use cases of outgoing webhooks.

use super::{catalogue, secret, store};
use crate::{
    platform::{OrgScope, OrgTx, events, outbound::guard::Guarded},
    shared::{
        audit::{Act, Object},
        error::AppError,
        event::EventKind,
        ids::{DeliveryId, EndpointId, EventId},
        permission::Permission,
    },
    webhooks::model::*,
};
use chrono::{DateTime, Duration, Utc};
use serde_json::json;

const NEEDS: Permission = Permission::WebhooksManage;
const PAGE: i64 = 50;
/// What one wish sends again at most.
const MOST_AGAIN: i64 = 10_000;

/// Every endpoint, oldest first.
pub async fn list(scope: &OrgScope) -> Result<Endpoints, AppError> {
    let mut tx = scope.begin(NEEDS).await?;
    let now = scope.core().clock.now();
    Ok(Endpoints { items: store::list(&mut tx, None, now).await?, now })
}

/// One. Errors: `NotFound`.
pub async fn read(scope: &OrgScope, id: EndpointId) -> Result<Endpoint, AppError> {
    let mut tx = scope.begin(NEEDS).await?;
    one(&mut tx, id).await
}

async fn one(tx: &mut OrgTx<'_>, id: EndpointId) -> Result<Endpoint, AppError> {
    let now = tx.scope().core().clock.now();
    store::list(tx, Some(id), now).await?.pop().ok_or_else(|| AppError::not_found("endpoint"))
}

/// Adds one; its secret is in this answer alone. Errors: `Invalid`; `Conflict("endpoint_limit")`.
pub async fn create(scope: &OrgScope, new: Wanted) -> Result<FreshSecret, AppError> {
    let mut tx = scope.begin(NEEDS).await?;
    judge(scope, &new)?;
    if store::count_locked(&mut tx).await? >= MOST_ENDPOINTS {
        return Err(AppError::conflict("endpoint_limit"));
    }
    let (core, id, drawn) = (scope.core(), EndpointId::at(scope.core().clock.now()), secret::draw());
    let sealed = secret::seal(core, scope.org(), &drawn)?;
    let headers = seal_headers(scope, new.headers.as_deref().unwrap_or_default())?;
    store::insert(&mut tx, id, &new, &sealed, &headers).await?;
    tx.commit().await?;
    tracing::info!(org = %scope.org(), endpoint = %id, actor = ?scope.actor(), "an endpoint was added");
    Ok(FreshSecret { id, url: new.url, secret: drawn })
}

/// Changes one. Errors: `Invalid`; `NotFound`.
pub async fn edit(scope: &OrgScope, id: EndpointId, new: Wanted) -> Result<Endpoint, AppError> {
    let mut tx = scope.begin(NEEDS).await?;
    judge(scope, &new)?;
    let headers = new.headers.as_deref().map(|headers| seal_headers(scope, headers)).transpose()?;
    if !store::update(&mut tx, id, &new, headers.as_ref()).await? {
        return Err(AppError::not_found("endpoint"));
    }
    let endpoint = one(&mut tx, id).await?;
    tx.commit().await?;
    Ok(endpoint)
}

/// The guard's word on the address; it is asked again before each attempt.
fn judge(scope: &OrgScope, new: &Wanted) -> Result<(), AppError> {
    Guarded::of(scope.core()).check(&new.url).map(drop).map_err(|refused| AppError::invalid("url", refused.code()))
}

fn seal_headers(scope: &OrgScope, headers: &[(String, String)]) -> Result<store::SealedHeaders, AppError> {
    let sealed = if headers.is_empty() { None } else { Some(secret::seal_headers(scope.core(), scope.org(), headers)?) };
    Ok(store::SealedHeaders { sealed, names: headers.iter().map(|(name, _)| name.clone()).collect() })
}

/// Pauses, or goes on: what waited meanwhile is delivered, and a disabled one begins anew. Errors: `NotFound`; `Invalid` for `disabled`.
pub async fn set_state(scope: &OrgScope, id: EndpointId, state: EndpointState) -> Result<(), AppError> {
    let mut tx = scope.begin(NEEDS).await?;
    if state == EndpointState::Disabled {
        return Err(AppError::invalid("state", "webhooks.state"));
    }
    if !store::set_state(&mut tx, id, state).await? {
        return Err(AppError::not_found("endpoint"));
    }
    if state == EndpointState::Active {
        let waiting = store::pending(&mut tx, id).await?;
        store::ring(&mut tx, &waiting).await?;
    }
    tx.commit().await
}

/// Draws a new secret; the one before it signs, too, for so many seconds. Errors: `NotFound`; `Invalid(grace_s)`.
pub async fn roll(scope: &OrgScope, id: EndpointId, grace_s: i64) -> Result<FreshSecret, AppError> {
    let mut tx = scope.begin(NEEDS).await?;
    if !(0..=MOST_GRACE_S).contains(&grace_s) {
        return Err(AppError::invalid("grace_s", "key.grace"));
    }
    let (core, drawn) = (scope.core(), secret::draw());
    let sealed = secret::seal(core, scope.org(), &drawn)?;
    let url = store::roll(&mut tx, id, &sealed, core.clock.now() + Duration::seconds(grace_s)).await?;
    let url = url.ok_or_else(|| AppError::not_found("endpoint"))?;
    tx.commit().await?;
    tracing::info!(org = %scope.org(), endpoint = %id, actor = ?scope.actor(), "a webhook secret was rolled");
    Ok(FreshSecret { id, url, secret: drawn })
}

/// Removes one with all that was delivered to it. Errors: `NotFound`.
pub async fn remove(scope: &OrgScope, id: EndpointId) -> Result<(), AppError> {
    let mut tx = scope.begin(NEEDS).await?;
    if !store::delete(&mut tx, id).await? {
        return Err(AppError::not_found("endpoint"));
    }
    tx.commit().await
}

/// Sends a sample of a kind. Errors: `NotFound`; `Conflict("endpoint_off")`.
pub async fn send_sample(scope: &OrgScope, id: EndpointId, kind: EventKind) -> Result<Delivery, AppError> {
    let mut tx = scope.begin(NEEDS).await?;
    listening(&mut tx, id).await?;
    let now = scope.core().clock.now();
    let body = events::body(kind, now, &catalogue::sample_data(kind));
    let delivery = store::insert_sample(&mut tx, id, EventId::at(now), kind.name(), &body, now).await?;
    store::ring(&mut tx, &[delivery.0]).await?;
    let sent = one_delivery(&mut tx, delivery).await?;
    tx.commit().await?;
    Ok(sent)
}

async fn listening(tx: &mut OrgTx<'_>, id: EndpointId) -> Result<(), AppError> {
    let endpoint = one(tx, id).await?;
    if endpoint.state == EndpointState::Active { Ok(()) } else { Err(AppError::conflict("endpoint_off")) }
}

/// A page of an endpoint's deliveries, newest first. Errors: `NotFound`.
pub async fn deliveries(
    scope: &OrgScope,
    id: EndpointId,
    state: Option<DeliveryState>,
    before: Option<DeliveryId>,
) -> Result<Deliveries, AppError> {
    let mut tx = scope.begin(NEEDS).await?;
    one(&mut tx, id).await?;
    let mut items = store::deliveries(&mut tx, Some(id), None, state, before, PAGE + 1).await?;
    let is_more = items.len() as i64 > PAGE;
    items.truncate(PAGE as usize);
    let next = items.last().filter(|_| is_more).map(|last| last.id);
    Ok(Deliveries { items, next, now: scope.core().clock.now() })
}

/// A delivery with its attempts. Errors: `NotFound`.
pub async fn delivery(scope: &OrgScope, id: DeliveryId) -> Result<DeliverySheet, AppError> {
    let mut tx = scope.begin(NEEDS).await?;
    let delivery = one_delivery(&mut tx, id).await?;
    let (body, attempts) = (store::body(&mut tx, delivery.event).await?, store::attempts(&mut tx, id).await?);
    Ok(DeliverySheet { delivery, body, attempts, now: scope.core().clock.now() })
}

async fn one_delivery(tx: &mut OrgTx<'_>, id: DeliveryId) -> Result<Delivery, AppError> {
    store::deliveries(tx, None, Some(id), None, None, 1).await?.pop().ok_or_else(|| AppError::not_found("delivery"))
}

/// Delivers once more, under the same id. Errors: `NotFound`; `Conflict("endpoint_off")`.
pub async fn resend(scope: &OrgScope, id: DeliveryId) -> Result<Delivery, AppError> {
    let mut tx = scope.begin(NEEDS).await?;
    let delivery = one_delivery(&mut tx, id).await?;
    listening(&mut tx, delivery.endpoint).await?;
    store::again(&mut tx, id, scope.core().clock.now()).await?;
    store::ring(&mut tx, &[id.0]).await?;
    let delivery = one_delivery(&mut tx, id).await?;
    tx.note(Act::Replayed, Object::Delivery, Some(id.0.to_string()), None).await?;
    tx.commit().await?;
    Ok(delivery)
}

/// Delivers once more what failed or was given up since then; says how many. Errors: `NotFound`; `Conflict("endpoint_off")`.
pub async fn recover(scope: &OrgScope, id: EndpointId, since: DateTime<Utc>) -> Result<i64, AppError> {
    let mut tx = scope.begin(NEEDS).await?;
    listening(&mut tx, id).await?;
    let found = store::recover(&mut tx, id, since, scope.core().clock.now(), MOST_AGAIN).await?;
    store::ring(&mut tx, &found).await?;
    tx.note(Act::Replayed, Object::Webhook, Some(id.0.to_string()), Some(json!({ "since": since, "deliveries": found.len() }))).await?;
    tx.commit().await?;
    Ok(i64::try_from(found.len()).unwrap_or(i64::MAX))
}

/// Delivers everything of a time once more, with what was never told; says how many. Errors: `NotFound`; `Conflict("endpoint_off")`;
/// `Invalid(until)`.
pub async fn replay(scope: &OrgScope, id: EndpointId, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<i64, AppError> {
    let mut tx = scope.begin(NEEDS).await?;
    listening(&mut tx, id).await?;
    if until <= from {
        return Err(AppError::invalid("until", "webhooks.until"));
    }
    let found = store::replay(&mut tx, id, (from, until), scope.core().clock.now(), MOST_AGAIN).await?;
    store::ring(&mut tx, &found).await?;
    let of = json!({ "from": from, "until": until, "deliveries": found.len() });
    tx.note(Act::Replayed, Object::Webhook, Some(id.0.to_string()), Some(of)).await?;
    tx.commit().await?;
    Ok(i64::try_from(found.len()).unwrap_or(i64::MAX))
}
