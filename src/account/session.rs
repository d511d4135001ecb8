//! Who reads, for the pages of the product: asked once on the server, before the first byte, and handed to the browser with the page.

use super::rpc::read_reader;
use crate::{
    i18n::format::OrgClock,
    kit::ErrorBlock,
    shared::{error::AppError, session::Session},
};
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

pub use crate::kit::use_session;

/// The reader, and their organisation's clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reader {
    pub session: Session,
    pub clock: OrgClock,
    /// The server's time when the page was made.
    pub now: DateTime<Utc>,
}

/// Around the pages of the product: finds out who reads, gives them their organisation's clock, and draws `children` with the reader.
/// Once, at the root of those pages: the answer lives as long as the tab's app.
#[component]
pub fn SignedIn<C, V>(children: C) -> impl IntoView
where
    C: Fn(Session) -> V + Clone + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let reader = OnceResource::new_blocking(read_reader());
    view! {
        <Suspense>
            {move || {
                let children = children.clone();
                Suspend::new(async move {
                    match reader.await {
                        Ok(reader) => {
                            provide_context(reader.clock);
                            children(reader.session).into_any()
                        }
                        Err(error) => view! { <NobodyHere error/> }.into_any(),
                    }
                })
            }}
        </Suspense>
    }
    .into_any()
}

/// The session ended while the tab was open, or the last membership did.
#[component]
fn NobodyHere(error: AppError) -> impl IntoView {
    view! { <main class="page slim" id="main"><ErrorBlock error/></main> }.into_any()
}
