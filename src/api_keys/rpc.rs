//! Door 1: server functions of the page of keys.

use super::model::*;
use crate::{
    assistants::LimitForm,
    error_glue::Json,
    shared::{error::AppError, ids::ApiKeyId},
};
use leptos::prelude::*;

/// Every key, newest first.
#[server(output = Json)]
pub async fn list_keys() -> Result<Keys, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::list(&OrgScope::of_request().await?).await
}

/// Makes a key; this answer alone has its secret. Errors: `Invalid`; `Forbidden` for more than the maker may; `Conflict("key_limit")`.
#[server(output = Json)]
pub async fn create_key(#[server(default)] form: KeyForm) -> Result<FreshKey, AppError> {
    use {super::server::actions, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require(Permission::KeysManage)?; // before a word is said about the form
    let new = actions::of_form(&form, scope.core().clock.now())?;
    actions::create(&scope, new).await
}

/// Draws a new secret; the one before it stays good for `grace_s` seconds. Errors: `NotFound`; `Conflict("key_ended")`; `Forbidden`.
#[server(output = Json)]
pub async fn roll_key(id: ApiKeyId, grace_s: i64) -> Result<FreshKey, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::roll(&OrgScope::of_request().await?, id, grace_s).await
}

/// Limits a key to some assistants, or no more. Errors: `NotFound`; `Conflict("key_ended")`; `Forbidden`; `Invalid`.
#[server(output = Json)]
pub async fn limit_key(id: ApiKeyId, #[server(default)] form: LimitForm) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require(Permission::KeysManage)?; // before a word is said about the form
    actions::set_limit(&scope, id, form.parse()?).await
}

/// Ends a key at once. Errors: `NotFound`.
#[server(output = Json)]
pub async fn revoke_key(id: ApiKeyId) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::revoke(&OrgScope::of_request().await?, id).await
}

/// What came with a key, or with any, newest first.
#[server(output = Json)]
pub async fn list_requests(
    #[server(default)] key: Option<ApiKeyId>,
    #[server(default)] before: Option<uuid::Uuid>,
) -> Result<Requests, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::requests(&OrgScope::of_request().await?, key, before).await
}
