//! The names of `split.rs` for the server, and for a client in one file.

/// Cannot happen here.
pub type NotLoaded = std::convert::Infallible;

/// See `split.rs`.
macro_rules! lazy {
    ($file:ident, $load:ident, $draw:ident($($name:ident: $kind:ty),*) => $view:expr) => {
        #[allow(dead_code)]
        pub async fn $load() -> Result<(), $crate::split::NotLoaded> {
            Ok(())
        }

        pub async fn $draw($($name: $kind),*) -> Result<leptos::prelude::AnyView, $crate::split::NotLoaded> {
            Ok(leptos::prelude::IntoAny::into_any($view))
        }
    };
}
