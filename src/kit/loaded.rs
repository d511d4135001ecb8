//! What every page does with data that may be late, wrong or empty, written once.

use super::{errors::ErrorBlock, parts::Skeleton};
use crate::shared::error::AppError;
use leptos::prelude::*;
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
                        Ok(value) => children(value).into_any(),
                        Err(error) => view! { <ErrorBlock error retry/> }.into_any(),
                    }
                })
            }}
        </Transition>
    }
    .into_any()
}

/// The placeholder most lists want: rows of 44 px.
pub fn rows_skeleton(rows: usize) -> ViewFn {
    (move || view! { <Skeleton lines=rows rows=true/> }).into()
}
