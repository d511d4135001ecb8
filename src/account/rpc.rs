//! What the pages of the product read. Everything that is written goes through plain forms (`server::forms`).

use super::model::{MySessions, Organisation, SecondFactor, Ways};
use crate::{error_glue::Json, shared::error::AppError};
use leptos::prelude::*;

/// The reader's second factor. Errors: `Unauthenticated`.
#[server(output = Json)]
pub async fn read_security() -> Result<SecondFactor, AppError> {
    use super::server::actions;
    actions::read_security(&expect_context::<crate::platform::Core>(), actions::Person::of_request()?).await
}

/// How the reader signs in. Errors: `Unauthenticated`.
#[server(output = Json)]
pub async fn read_ways() -> Result<Ways, AppError> {
    use super::server::actions;
    actions::read_ways(&expect_context::<crate::platform::Core>(), actions::Person::of_request()?).await
}

/// Where the reader is signed in. Errors: `Unauthenticated`.
#[server(output = Json)]
pub async fn read_sessions() -> Result<MySessions, AppError> {
    use super::server::actions;
    actions::my_sessions(&expect_context::<crate::platform::Core>(), actions::Person::of_request()?).await
}

/// The organisation's settings. Errors: `Unauthenticated`, `Forbidden`.
#[server(output = Json)]
pub async fn read_organisation() -> Result<Organisation, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::read_organisation(&OrgScope::of_request().await?).await
}
