//! What comes to the browser in a file of its own, the first time it is wanted. Only the release build is cut into files
//! (feature `split`, `bin/build --release`); `not_split.rs` has the same names for every other, where all is there from the start.

pub use leptos::wasm_split::SplitLoaderError as NotLoaded;

/// `lazy! { file, load, draw(argument: Type) => view }` declares `draw`, whose view stands in `file`, and `load`, which fetches that file.
/// Both are async, and ready at once when the file is there.
macro_rules! lazy {
    ($file:ident, $load:ident, $draw:ident($($name:ident: $kind:ty),*) => $view:expr) => {
        #[leptos::wasm_split::wasm_split($file, wasm_split_path = leptos::wasm_split, preload(#[allow(dead_code)] $load), fallible)]
        pub fn $draw($($name: $kind),*) -> Result<leptos::prelude::AnyView, $crate::split::NotLoaded> {
            Ok(leptos::prelude::IntoAny::into_any($view))
        }
    };
}
