//! What every page does with data that may be late, wrong or empty, written once.

use super::{browser, errors::ErrorBlock, parts::Skeleton};
use crate::shared::error::AppError;
use futures::FutureExt;
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use serde::{Serialize, de::DeserializeOwned};

/// The content of a resource. While it loads for the first time: the placeholder; when it loads again: what was there before; when it
/// fails: what happened and a retry, in the place of the content.
#[component]
pub fn Loaded<T, C, V>(
    resource: Resource<Result<T, AppError>>,
    /// The placeholder, of the size of the content; three lines when absent.
    #[prop(optional, into)]
    skeleton: Option<ViewFn>,
    children: C,
) -> impl IntoView
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    C: Fn(T) -> V + Clone + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let retry = Callback::new(move |()| resource.refetch());
    let here = StoredValue::new(()); // gone with the page around it
    let fallback = move || match &skeleton {
        Some(skeleton) => skeleton.run(),
        None => view! { <Skeleton/> }.into_any(),
    };
    view! {
        <Transition fallback=fallback>
            {move || {
                let children = children.clone();
                Suspend::new(async move {
                    match resource.await {
                        // The answer came when the page was left: what the content would be made of is gone.
                        _ if here.is_disposed() => ().into_any(),
                        Ok(value) => children(value).into_any(),
                        Err(error) => view! { <ErrorBlock error retry/> }.into_any(),
                    }
                })
            }}
        </Transition>
    }
    .into_any()
}

/// A view whose code may be late (`lazy!` of split.rs). Where it is there already, as on the server and while the page is taken over:
/// at once. Else the placeholder first; and when it does not come, that there is no connection.
pub fn late<E: 'static>(view: impl Future<Output = Result<AnyView, E>> + Send + 'static, placeholder: ViewFn) -> AnyView {
    let drawn = |view: Result<AnyView, E>| view.unwrap_or_else(|_| view! { <ErrorBlock error=AppError::Offline/> }.into_any());
    let mut view = Box::pin(view);
    match (&mut view).now_or_never() {
        Some(view) => drawn(view),
        None => view! {
            <Suspense fallback=move || placeholder.run()>{Suspend::new(async move { drawn(view.await) })}</Suspense>
        }
        .into_any(),
    }
}

/// Where the page cannot be made from what the tab has, the browser asks the server for it.
pub fn open_anew() {
    let address = use_location();
    let (path, query) = (address.pathname.get_untracked(), address.search.get_untracked());
    browser::open_page(&if query.is_empty() { path } else { format!("{path}?{query}") });
}

/// The placeholder most lists want: rows of 44 px.
pub fn rows_skeleton(rows: usize) -> ViewFn {
    (move || view! { <Skeleton lines=rows rows=true/> }).into()
}
