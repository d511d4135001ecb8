//! How answers of server functions travel: as JSON; an [`AppError`] with the right status, or on a plain form as a redirect.

use crate::shared::error::AppError;
use leptos::server_fn::{
    Bytes, ContentType, Decodes, Encodes, Format, FormatType,
    codec::Post,
    error::{FromServerFnError, ServerFnErrorErr},
};
use serde::{Serialize, de::DeserializeOwned};

/// The answer of a server function: `#[server(output = Json)]`.
pub type Json = Post<JsonText>;

/// JSON that is read as text, as resources and the live socket read it. Server functions' own codec reads bytes, which to serde is another
/// kind of reader: the browser would carry each model's reader twice.
pub struct JsonText;

impl ContentType for JsonText {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for JsonText {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for JsonText {
    type Error = serde_json::Error;

    fn encode(output: &T) -> Result<Bytes, Self::Error> {
        serde_json::to_vec(output).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for JsonText {
    type Error = serde_json::Error;

    fn decode(bytes: Bytes) -> Result<T, Self::Error> {
        serde_json::from_str(&String::from_utf8_lossy(&bytes))
    }
}

impl FromServerFnError for AppError {
    type Encoder = JsonText;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => Self::Offline,
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) | ServerFnErrorErr::Deserialization(_) => {
                Self::Invalid { fields: Default::default() }
            }
            other => unexpected(&other),
        }
    }

    fn ser(&self) -> Bytes {
        #[cfg(feature = "ssr")]
        answer_with_status(self.status());
        serde_json::to_vec(self).unwrap_or_default().into()
    }
}

#[cfg(feature = "ssr")]
fn unexpected(error: &ServerFnErrorErr) -> AppError {
    AppError::internal(error)
}

#[cfg(not(feature = "ssr"))]
fn unexpected(_: &ServerFnErrorErr) -> AppError {
    AppError::Offline
}

/// server_fn 0.8 answers every error with 500. On a plain form the answer is a 302, which a status set here would replace.
#[cfg(feature = "ssr")]
fn answer_with_status(status: u16) {
    use leptos::prelude::use_context;
    let is_plain_form = use_context::<http::request::Parts>().is_some_and(|parts| {
        parts.headers.get(http::header::ACCEPT).is_some_and(|accept| accept.to_str().unwrap_or("").contains("text/html"))
    });
    if let (false, Some(response), Ok(status)) =
        (is_plain_form, use_context::<leptos_axum::ResponseOptions>(), http::StatusCode::from_u16(status))
    {
        response.set_status(status);
    }
}

/// The page that is being drawn says 404: what it is about is not there.
#[cfg(feature = "ssr")]
pub fn answer_not_found() {
    if let Some(response) = leptos::prelude::use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(http::StatusCode::NOT_FOUND);
    }
}

/// In the browser there is no answer to give.
#[cfg(not(feature = "ssr"))]
pub fn answer_not_found() {}
