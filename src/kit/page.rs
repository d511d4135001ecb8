//! The frame of a page inside the shell: its top bar and its main area, which are the shell's own grid cells.

use super::{
    browser,
    button::{ButtonKind, IconButton},
    icon::Icon,
    palette::PaletteOpen,
    parts::Avatar,
    prefs::Theme,
    shell::{UserMenu, use_session},
};
use crate::i18n::{Locale, t, t_with, use_locale, words as w};
use leptos::prelude::*;
use leptos_meta::Title;

/// How the main area behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PageShape {
    /// Reads and scrolls, up to 80 rem wide.
    #[default]
    Page,
    /// The same, up to 60 rem.
    Slim,
    /// Fills the window; panes inside scroll alone.
    Flush,
}

/// A page: its title is the `h1` in the top bar and the name of the tab.
#[component]
pub fn PageFrame(
    #[prop(into)] title: Signal<String>,
    #[prop(optional)] shape: PageShape,
    /// A way back before the title: address and words.
    #[prop(optional, into)]
    back: Option<(String, String)>,
    /// In the top bar beside the title, such as a connection pill.
    #[prop(optional, into)]
    beside: Option<AnyView>,
    children: Children,
) -> impl IntoView {
    let content = match shape {
        PageShape::Page => view! { <div class="page">{children()}</div> }.into_any(),
        PageShape::Slim => view! { <div class="page slim">{children()}</div> }.into_any(),
        PageShape::Flush => children().into_any(),
    };
    let class = if shape == PageShape::Flush { "main flush" } else { "main" };
    // The head is written last, when a frame that was drawn in vain (see `SignedIn`) is gone with its signals.
    let first = title.get_untracked();
    let words = move || title.try_get().unwrap_or_else(|| first.clone());
    view! {
        <Title text=words/>
        <header class="top">
            {back
                .map(|(href, words)| {
                    view! {
                        <a class="crumb row g1" href=href>
                            <Icon icon=icondata::LuChevronLeft small=true flip=true/>
                            <span>{words}</span>
                        </a>
                    }
                })}
            <h1 class="clip">{move || title.get()}</h1>
            {beside}
            <div class="grow"></div>
            <TopTools/>
        </header>
        <main class=class id="main" tabindex="-1">{content}</main>
    }
    .into_any()
}

/// Search, theme, account.
#[component]
fn TopTools() -> impl IntoView {
    let name = use_session().account_name.clone();
    let label = t_with(w::SHELL_ACCOUNT_OF, &[("name", &name)]);
    let open_palette = |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        if let Some(PaletteOpen(open)) = use_context() {
            open.set(true);
        }
    };
    view! {
        <a class="btn search-btn only-wide" href="/calls" aria-haspopup="dialog" on:click=open_palette>
            <Icon icon=icondata::LuSearch small=true/>
            {t(w::SHELL_SEARCH)}
            <span class="end row g1" aria-hidden="true"><kbd>"Ctrl"</kbd><kbd>"K"</kbd></span>
        </a>
        <a class="btn ghost sq only-narrow" href="/calls" aria-haspopup="dialog" aria-label=t(w::SHELL_SEARCH_SHORT) on:click=open_palette>
            <Icon icon=icondata::LuSearch/>
        </a>
        <ThemeToggle/>
        <button class="btn ghost sq" popovertarget="user-menu" aria-haspopup="menu" aria-label=label>
            <Avatar name/>
        </button>
        <UserMenu/>
    }
    .into_any()
}

/// Light to dark and back: a form before wasm, at once after.
#[component]
pub fn ThemeToggle() -> impl IntoView {
    let toggle = |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if browser::is_dark() { Theme::Light.apply() } else { Theme::Dark.apply() }
    };
    view! {
        <form method="post" action="/prefs" class="bare" on:submit=toggle>
            <input type="hidden" name="theme" value="toggle"/>
            <IconButton icon=icondata::LuSunMoon label=t(w::SHELL_THEME_TOGGLE) kind=ButtonKind::Ghost submit=true/>
        </form>
    }
    .into_any()
}

/// The other languages we speak, for pages outside the shell. Choosing one loads the page again.
#[component]
pub fn LanguageSelect() -> impl IntoView {
    let current = use_locale();
    let buttons = Locale::ALL
        .into_iter()
        .filter(|locale| *locale != current)
        .map(|locale| {
            view! {
                <button class="btn ghost sm" name="lang" value=locale.code() lang=locale.code()>
                    <Icon icon=icondata::LuLanguages small=true/>
                    {locale.own_name()}
                </button>
            }
        })
        .collect_view();
    view! { <form method="post" action="/prefs" class="bare">{buttons}</form> }.into_any()
}

/// The head of a page's content: a sentence, and the actions of the page.
#[component]
pub fn PageHead(
    #[prop(into)] title: Signal<String>,
    #[prop(optional, into)] text: Option<Signal<String>>,
    /// Buttons.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="page-head">
            <div>
                <h2 class="lede">{move || title.get()}</h2>
                {text.map(|text| view! { <p>{move || text.get()}</p> })}
            </div>
            {children.map(|children| view! { <div class="row wrap">{children()}</div> })}
        </div>
    }
    .into_any()
}
