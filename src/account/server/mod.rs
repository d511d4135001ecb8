//! Accounts on the server: the forms, the pages before sign-in, and the actions behind them.

pub mod actions;
mod document;
mod forms;
mod google;
pub mod jobs;
mod join;
mod mails;
mod pages;
pub mod password;
mod store;
mod totp;
mod trips;
mod view;
mod visit;

pub use password::{Password, hash as hash_password};
pub use totp::reseal as reseal_second_factors;

use crate::{kit::document::Look, platform::Core};
use axum::{
    Extension, Router,
    extract::{DefaultBodyLimit, FromRef},
    routing::{get, post},
};
use visit::Pages;

/// A form of ours never needs more; what is longer is refused before it is read.
const BODY_LIMIT: usize = 16 * 1024;

/// The pages before sign-in, and every form of the slice. `pages` is the app's own router: it draws the settings again when their form
/// was refused. `look` says where the built files lie.
pub fn routes<S>(pages: Router, look: Look) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Core: FromRef<S>,
{
    Router::new()
        .route("/sign-up", get(forms::show_sign_up).post(forms::sign_up))
        .route("/sign-up/sent", get(forms::show_sign_up_sent))
        .route("/sign-in", get(forms::show_sign_in).post(forms::sign_in))
        .route("/sign-in/google", get(google::leave))
        .route("/sign-in/google/return", get(google::arrive))
        .route("/sign-up/google", get(google::show_sign_up).post(google::sign_up))
        .route("/second-factor", get(forms::show_second_factor).post(forms::second_factor))
        .route("/sign-out", post(forms::sign_out))
        .route("/forgot", get(forms::show_forgot).post(forms::forgot))
        .route("/forgot/sent", get(forms::show_forgot_sent))
        .route("/reset/{token}", get(forms::show_reset).post(forms::reset))
        .route("/confirm/{token}", get(forms::show_confirm).post(forms::confirm))
        .route("/join/{token}", get(join::show_join).post(join::join))
        .route("/join", post(join::join_offered))
        .route("/switch", post(join::switch))
        .route("/view-as", post(view::view_as))
        .route("/settings/account", post(forms::settings_account))
        .route("/settings/security", post(forms::settings_security))
        .route("/settings/sessions", post(forms::settings_sessions))
        .route("/settings/organisation", post(forms::settings_organisation))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(Extension(Pages(pages)))
        .layer(Extension(look))
}
