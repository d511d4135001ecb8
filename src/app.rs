//! The HTML shell, the route table and what every page finds in its context.

use crate::{
    account::{AccountPage, OrganisationPage, SecurityPage, SessionsPage, session::SignedIn},
    answers::AnswersPage,
    api_keys::ApiKeysPage,
    assistants::{AssistantHistoryPage, AssistantPage, AssistantVersionPage, AssistantsPage, NewAssistantPage},
    audit::AuditPage,
    calls::{CallPage, CallsPage, LivePage, figures::FiguresPage, journal::JournalPage, live::provide_live},
    dashboard::HomePage,
    i18n::{learn_more, use_locale},
    inbox::{InboxPage, use_inbox_count},
    integrations::IntegrationsPage,
    kit::{Prefs, Shell, open_anew},
    nav::NAV,
    numbers::NumbersPage,
    reception::ReceptionPage,
    rehearsals::{RehearsalsPage, TryPage},
    shared::{permission::Permission, session::Session},
    site::NotFoundPage,
    split::NotLoaded,
    team::TeamPage,
    webhooks::WebhooksPage,
    work::TeamsPage,
};
use leptos::prelude::*;
use leptos_meta::{MetaTags, provide_meta_context};
use leptos_router::{
    ChooseView, SsrMode,
    components::{Outlet, ParentRoute, Route, Router, Routes},
    location::RequestUrl,
    path,
};
use std::pin::Pin;

/// Where the built files are: named by their content, so that browsers keep them for ever.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Assets {
    pub js: String,
    pub wasm: String,
    pub css: String,
    /// The slices that Live does not show first.
    #[serde(default)]
    pub more_css: String,
    /// The words of each language: by its code those of every page, by `fr.more` the others.
    #[serde(default)]
    pub words: std::collections::BTreeMap<String, String>,
    /// Font files by their plain name.
    #[serde(default)]
    pub fonts: std::collections::BTreeMap<String, String>,
}

impl Assets {
    /// The face of everything above the fold.
    pub fn first_font(&self) -> Option<&str> {
        self.fonts.get("instrument-sans-latin-wght-normal").map(String::as_str)
    }
}

/// Whether a path is a page of the product: it wants a signed-in reader and ships the client.
pub fn is_product_page(path: &str) -> bool {
    ["home", "live", "inbox", "calls", "figures", "assistants", "answers", "reception", "numbers", "settings", "integrations"].iter().any(
        |page| path.strip_prefix('/').and_then(|rest| rest.strip_prefix(page)).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
    )
}

/// The path of the address that is asked for, whether or not a host stands before it.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("", |at| &rest[at..])
}

/// The document around every page of the product. Theme and rail come from cookies, so the first paint is right.
pub fn shell(assets: Assets) -> impl IntoView {
    let prefs = use_context::<Prefs>().unwrap_or_default();
    let locale = use_locale();
    let nonce = leptos::nonce::use_nonce();
    let words = assets.words.get(locale.code()).cloned().unwrap_or_default();
    let more_words = assets.words.get(&format!("{}.more", locale.code())).cloned();
    let start = format!(
        "import init, {{ hydrate }} from '{}'; const words = fetch('{words}'); await init({{ module_or_path: '{}' }}); hydrate(await (await words).text());\
         const more = document.documentElement.dataset.moreStyle;\
         if (more) document.head.append(Object.assign(document.createElement('link'), {{ rel: 'stylesheet', href: more }}));",
        assets.js, assets.wasm
    );
    let is_live = use_context::<RequestUrl>().is_some_and(|url| path_of(url.as_ref()).starts_with("/live"));
    let more_css = Some(assets.more_css.clone()).filter(|css| !css.is_empty());
    let (style_now, style_later) = if is_live { (None, more_css) } else { (more_css, None) };
    view! {
        <!DOCTYPE html>
        <html lang=locale.code() data-theme=prefs.theme.attribute() data-rail=prefs.rail_attribute() data-more-words=more_words data-more-style=style_later>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"/>
                <meta name="color-scheme" content="light dark"/>
                {assets.first_font().map(|font| view! { <link rel="preload" href=font.to_owned() r#as="font" r#type="font/woff2" crossorigin="anonymous"/> })}
                <link rel="stylesheet" href=assets.css.clone()/>
                {style_now.map(|href| view! { <link rel="stylesheet" href=href/> })}
                <link rel="icon" href="/mark.svg" r#type="image/svg+xml"/>
                <link rel="modulepreload" href=assets.js.clone()/>
                <link rel="preload" href=assets.wasm.clone() r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
                <link rel="preload" href=words r#as="fetch" r#type="text/plain" crossorigin="anonymous"/>
                <script r#type="module" nonce=nonce inner_html=start></script>
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
            <Routes fallback=NotFoundPage>
                <ParentRoute path=path!("") view=Product>
                    <Route path=path!("/home") view=HOME ssr=SsrMode::Async/>
                    <Route path=path!("/live/:id?") view=LivePage ssr=SsrMode::Async/>
                    <Route path=path!("/inbox") view=INBOX ssr=SsrMode::Async/>
                    <Route path=path!("/calls") view=CALLS ssr=SsrMode::Async/>
                    <Route path=path!("/calls/:id") view=CALL ssr=SsrMode::Async/>
                    <Route path=path!("/figures") view=FIGURES ssr=SsrMode::Async/>
                    <Route path=path!("/assistants") view=ASSISTANTS ssr=SsrMode::Async/>
                    <Route path=path!("/assistants/new") view=NEW_ASSISTANT ssr=SsrMode::Async/>
                    <Route path=path!("/assistants/:id") view=ASSISTANT ssr=SsrMode::Async/>
                    <Route path=path!("/answers") view=ANSWERS ssr=SsrMode::Async/>
                    <Route path=path!("/reception/:tab?") view=RECEPTION ssr=SsrMode::Async/>
                    <Route path=path!("/assistants/:id/try") view=TRY ssr=SsrMode::Async/>
                    <Route path=path!("/assistants/:id/rehearsals") view=REHEARSALS ssr=SsrMode::Async/>
                    <Route path=path!("/assistants/:id/versions") view=ASSISTANT_HISTORY ssr=SsrMode::Async/>
                    <Route path=path!("/assistants/:id/versions/:n") view=ASSISTANT_VERSION ssr=SsrMode::Async/>
                    <Route path=path!("/numbers") view=NUMBERS ssr=SsrMode::Async/>
                    <Route path=path!("/integrations") view=INTEGRATIONS ssr=SsrMode::Async/>
                    <Route path=path!("/settings/account") view=ACCOUNT ssr=SsrMode::Async/>
                    <Route path=path!("/settings/security") view=SECURITY ssr=SsrMode::Async/>
                    <Route path=path!("/settings/sessions") view=SESSIONS ssr=SsrMode::Async/>
                    <Route path=path!("/settings/api-keys") view=API_KEYS ssr=SsrMode::Async/>
                    <Route path=path!("/settings/webhooks") view=WEBHOOKS ssr=SsrMode::Async/>
                    <Route path=path!("/settings/audit") view=AUDIT ssr=SsrMode::Async/>
                    <Route path=path!("/settings/webhooks/incoming") view=JOURNAL ssr=SsrMode::Async/>
                    <Route path=path!("/settings/team") view=TEAM ssr=SsrMode::Async/>
                    <Route path=path!("/settings/teams") view=TEAMS ssr=SsrMode::Async/>
                    <Route path=path!("/settings/organisation") view=ORGANISATION ssr=SsrMode::Async/>
                </ParentRoute>
            </Routes>
        </Router>
    }
    .into_any()
}

/// A page that comes to the browser in a file of its own. Live is none of them: it is in the main file, with the shell.
#[derive(Clone, Copy)]
struct LazyPage {
    load: fn() -> Pending<()>,
    draw: fn() -> Pending<AnyView>,
}

type Pending<T> = Pin<Box<dyn Future<Output = Result<T, NotLoaded>>>>;

impl ChooseView for LazyPage {
    async fn choose(self) -> AnyView {
        (self.draw)().await.unwrap_or_else(|_| ().into_any())
    }

    async fn preload(&self) {
        let (words, file) = futures::join!(learn_more(), (self.load)());
        if !words || file.is_err() {
            // The server that had the files is gone, or the network is.
            open_anew();
            std::future::pending().await
        }
    }
}

/// Declares the pages of one file, and the list of them.
macro_rules! lazy_pages {
    ($file:ident, $all:ident: $($name:ident = $page:ident, $load:ident, $draw:ident;)+) => {
        $(
            lazy! { $file, $load, $draw() => $page() }
            const $name: LazyPage = LazyPage { load: || Box::pin($load()), draw: || Box::pin($draw()) };
        )+
        #[cfg(feature = "hydrate")]
        const $all: &[LazyPage] = &[$($name),+];
    };
}

lazy_pages! { calls, FILE_OF_CALLS:
    HOME = HomePage, load_home, draw_home;
    INBOX = InboxPage, load_inbox, draw_inbox;
    CALLS = CallsPage, load_calls, draw_calls;
    CALL = CallPage, load_call, draw_call;
}

lazy_pages! { figures, FILE_OF_FIGURES:
    FIGURES = FiguresPage, load_figures, draw_figures;
}

lazy_pages! { set_up, FILE_OF_SET_UP:
    ASSISTANTS = AssistantsPage, load_assistants, draw_assistants;
    NEW_ASSISTANT = NewAssistantPage, load_new_assistant, draw_new_assistant;
    ASSISTANT = AssistantPage, load_assistant, draw_assistant;
    ANSWERS = AnswersPage, load_answers, draw_answers;
    RECEPTION = ReceptionPage, load_reception, draw_reception;
    TRY = TryPage, load_try, draw_try;
    REHEARSALS = RehearsalsPage, load_rehearsals, draw_rehearsals;
    ASSISTANT_HISTORY = AssistantHistoryPage, load_assistant_history, draw_assistant_history;
    ASSISTANT_VERSION = AssistantVersionPage, load_assistant_version, draw_assistant_version;
    NUMBERS = NumbersPage, load_numbers, draw_numbers;
    INTEGRATIONS = IntegrationsPage, load_integrations, draw_integrations;
    ACCOUNT = AccountPage, load_account, draw_account;
    SECURITY = SecurityPage, load_security, draw_security;
    SESSIONS = SessionsPage, load_sessions, draw_sessions;
    API_KEYS = ApiKeysPage, load_api_keys, draw_api_keys;
    WEBHOOKS = WebhooksPage, load_webhooks, draw_webhooks;
    AUDIT = AuditPage, load_audit, draw_audit;
    JOURNAL = JournalPage, load_journal, draw_journal;
    TEAM = TeamPage, load_team, draw_team;
    TEAMS = TeamsPage, load_teams, draw_teams;
    ORGANISATION = OrganisationPage, load_organisation, draw_organisation;
}

/// Fetches what the page at this path is made of besides the main file and its words. Says whether all of it is there.
#[cfg(feature = "hydrate")]
pub async fn load_page(path: &str) -> bool {
    let mut parts = path.split('/').skip(1);
    let pages = match (parts.next(), parts.next()) {
        (Some("live"), Some(_)) => return crate::calls::load_call_pane().await.is_ok(),
        (Some("home" | "inbox" | "calls"), _) => FILE_OF_CALLS,
        (Some("figures"), _) => FILE_OF_FIGURES,
        (Some("assistants" | "answers" | "reception" | "numbers" | "integrations" | "settings"), _) => FILE_OF_SET_UP,
        _ => return true,
    };
    let (words, file) = futures::join!(learn_more(), load_file(pages));
    words && file.is_ok()
}

/// One file, but each page has a lock of its own on it.
#[cfg(feature = "hydrate")]
async fn load_file(pages: &[LazyPage]) -> Result<(), NotLoaded> {
    for page in pages {
        (page.load)().await?;
    }
    Ok(())
}

/// The pages of the product, inside the shell.
#[component]
fn Product() -> impl IntoView {
    view! { <SignedIn let:session><Workspace session/></SignedIn> }.into_any()
}

/// What every page of a signed-in reader shares: the live line of the tab and the shell.
#[component]
fn Workspace(session: Session) -> impl IntoView {
    let sees_calls = session.may(Permission::CallsRead);
    let live_count = provide_live(sees_calls);
    let counts = vec![("/inbox", use_inbox_count(sees_calls))];
    view! { <Shell session nav=NAV live_count counts><Outlet/></Shell> }.into_any()
}

#[cfg(feature = "ssr")]
impl Assets {
    /// Reads the list the build left beside the files.
    pub fn read(site_root: &std::path::Path) -> Self {
        let read = || -> Option<Self> { serde_json::from_slice(&std::fs::read(site_root.join("pkg/manifest.json")).ok()?).ok() };
        read().unwrap_or_default()
    }
}

/// Leptos' own options: `Leptos.toml` of the working folder when it is there, and the folder of the built files from our settings.
#[cfg(feature = "ssr")]
pub fn leptos_options(site_root: &std::path::Path) -> LeptosOptions {
    let read = leptos::config::get_configuration(Some("Leptos.toml")).map(|found| found.leptos_options);
    let mut options = read.unwrap_or_else(|_| LeptosOptions::builder().output_name("zencall").build());
    options.site_root = site_root.to_string_lossy().into_owned().into();
    options
}
