//! Who reads, for the pages of the product: found out on the server before the page is drawn, and handed to the browser with it.

use crate::{
    i18n::format::OrgClock,
    kit::{ErrorBlock, open_anew},
    shared::{error::AppError, session::Session},
};
use chrono::{DateTime, Utc};
use leptos::{prelude::*, server::SharedValue};
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

/// The answer to who reads, in the extensions of a request for a page of the product.
#[derive(Clone, Debug)]
pub struct KnownReader(pub Result<Reader, AppError>);

/// Around the pages of the product: gives the reader their organisation's clock, and draws `children` with them.
/// Once, at the root of those pages: the answer lives as long as the tab's app.
///
/// The answer is there when the page is drawn, and not a resource that the whole page waits for: on the server the inside of a
/// `Suspense` is drawn once or twice, as the timing will have it, and each time its resources take new numbers. The browser, which draws
/// it once, would then take one resource's data for another's, and stop.
#[component]
pub fn SignedIn<C, V>(children: C) -> impl IntoView
where
    C: Fn(Session) -> V + Clone + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let known =
        || use_context::<http::request::Parts>().and_then(|parts| parts.extensions.get::<KnownReader>().map(|known| known.0.clone()));
    if let Some(reader) = SharedValue::new(known).into_inner() {
        return drawn_for(reader, children);
    }
    // The tab left these pages and came back without loading: the page that tells who reads is asked for again.
    open_anew();
    ().into_any()
}

fn drawn_for<V: IntoView + 'static>(reader: Result<Reader, AppError>, children: impl Fn(Session) -> V) -> AnyView {
    match reader {
        Ok(reader) => {
            provide_context(reader.clock);
            children(reader.session).into_any()
        }
        Err(error) => view! { <NobodyHere error/> }.into_any(),
    }
}

/// The session ended while the tab was open, or the last membership did.
#[component]
fn NobodyHere(error: AppError) -> impl IntoView {
    view! { <main class="page slim" id="main"><ErrorBlock error/></main> }.into_any()
}
