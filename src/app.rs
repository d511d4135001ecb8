//! The HTML shell, the route table and what every page finds in its context.

use crate::{
    account::{AccountPage, OrganisationPage, SecurityPage, SessionsPage, session::SignedIn},
    kit::Shell,
    nav::NAV,
};
use leptos::prelude::*;
use leptos_meta::{MetaTags, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{Outlet, ParentRoute, Route, Router, Routes},
    path,
};

/// Where the built files are: named by their content, so that browsers keep them for ever.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Assets {
    pub js: String,
    pub wasm: String,
    pub css: String,
}

/// Whether a path is a page of the product: it wants a signed-in reader and ships the client.
pub fn is_product_page(path: &str) -> bool {
    ["home", "live", "calls", "assistants", "settings", "integrations"].iter().any(|page| {
        path.strip_prefix('/').and_then(|rest| rest.strip_prefix(page)).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// The document around every page.
pub fn shell(_options: LeptosOptions, assets: Assets) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="fr">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <link rel="stylesheet" href=assets.css.clone()/>
                <MetaTags/>
            </head>
            <body><App/></body>
        </html>
    }
}

/// The route table.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <Routes fallback=|| "404">
                <ParentRoute path=path!("") view=Product>
                    <Route path=path!("/settings/account") view=AccountPage ssr=SsrMode::Async/>
                    <Route path=path!("/settings/security") view=SecurityPage ssr=SsrMode::Async/>
                    <Route path=path!("/settings/sessions") view=SessionsPage ssr=SsrMode::Async/>
                    <Route path=path!("/settings/organisation") view=OrganisationPage ssr=SsrMode::Async/>
                </ParentRoute>
            </Routes>
        </Router>
    }
    .into_any()
}

/// The pages of the product, inside the shell.
#[component]
fn Product() -> impl IntoView {
    view! { <SignedIn let:session><Shell session nav=NAV><Outlet/></Shell></SignedIn> }.into_any()
}

#[cfg(feature = "ssr")]
impl Assets {
    /// Reads the list the build left beside the files.
    pub fn read(site_root: &std::path::Path) -> Self {
        let read = || -> Option<Self> { serde_json::from_slice(&std::fs::read(site_root.join("pkg/manifest.json")).ok()?).ok() };
        read().unwrap_or_default()
    }
}

/// Leptos' own options; nothing in them is ours to configure.
#[cfg(feature = "ssr")]
pub fn leptos_options(site_root: &std::path::Path) -> LeptosOptions {
    LeptosOptions::builder().output_name("zencall").site_root(site_root.to_string_lossy().into_owned()).build()
}
