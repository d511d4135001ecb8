//! The shell around every signed-in page: rail, bottom bar, menus, palette, shortcuts, toasts. It knows no slice:
//! what can be reached is a list the app hands in, and what the role may not use is not there.

use super::{
    browser,
    button::{ButtonKind, IconButton},
    field::use_alive,
    icon::{Icon, Mark},
    keys::{KeyHelp, listen_to_keys},
    menu::Menu,
    palette::{Palette, PaletteOpen},
    parts::{Avatar, Banner, Tone},
    prefs::{RAIL_COOKIE, Theme},
    time::provide_ticker,
    toast::{Toasts, provide_toasts},
};
use crate::{
    i18n::{
        Key, Locale, Plural,
        format::{self, use_clock},
        t, t_count, t_with, use_locale, words as w,
    },
    shared::{
        permission::{Permission, Role},
        session::{Barred, Session},
    },
};
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use std::sync::Arc;

/// A place in the rail, the bottom bar and the palette.
#[derive(Clone, Copy)]
pub struct NavEntry {
    pub href: &'static str,
    pub label: Key,
    pub icon: icondata::Icon,
    /// Without it the entry is absent.
    pub needs: Option<Permission>,
    pub group: NavGroup,
    /// `g` then this letter goes there.
    pub letter: char,
    /// One of the (at most four) in the bottom bar of a phone.
    pub in_bar: bool,
    /// Carries the number of live calls.
    pub counts_live: bool,
}

/// Which part of the rail an entry stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum NavGroup {
    Work,
    SetUp,
}

/// An action of the palette: an address that does or begins something.
#[derive(Clone, Copy)]
pub struct PaletteAction {
    pub href: &'static str,
    pub label: Key,
    pub icon: icondata::Icon,
    pub needs: Option<Permission>,
}

/// What can be reached, in order.
#[derive(Clone, Copy)]
pub struct Nav {
    pub entries: &'static [NavEntry],
    pub actions: &'static [PaletteAction],
}

/// Who is signed in. Panics outside the shell.
pub fn use_session() -> Arc<Session> {
    expect_context()
}

/// Who is signed in, if anybody.
pub fn try_session() -> Option<Arc<Session>> {
    use_context()
}

/// Whether the interface shows what needs this permission. The server decides again.
pub fn may(permission: Permission) -> bool {
    try_session().is_some_and(|session| session.may(permission))
}

/// The same for what concerns every assistant.
pub fn may_for_all(permission: Permission) -> bool {
    try_session().is_some_and(|session| session.may_for_all(permission))
}

/// What entries count, by address; a context of the shell.
#[derive(Clone)]
struct EntryCounts(Vec<(&'static str, Signal<u32>)>);

/// Whether the list of shortcuts is open; a context of the shell.
#[derive(Clone, Copy)]
struct HelpOpen(RwSignal<bool>);

/// The shell. Its children are pages in a [`super::PageFrame`], whose top bar and main area are cells of this grid.
#[component]
pub fn Shell(
    session: Session,
    nav: Nav,
    /// How many calls are live; nought shows nothing.
    #[prop(optional, into)]
    live_count: Signal<u32>,
    /// What other entries count, by address; nought shows nothing.
    #[prop(optional)]
    counts: Vec<(&'static str, Signal<u32>)>,
    children: Children,
) -> impl IntoView {
    provide_context(EntryCounts(counts));
    let session = Arc::new(session);
    provide_context(session.clone());
    provide_toasts();
    provide_ticker();
    let palette = PaletteOpen(RwSignal::new(false));
    provide_context(palette);
    let help = RwSignal::new(false);
    provide_context(HelpOpen(help));
    let entries: Arc<[NavEntry]> = nav.entries.iter().copied().filter(|e| e.needs.is_none_or(|needs| session.may(needs))).collect();
    let actions: Arc<[PaletteAction]> = nav.actions.iter().copied().filter(|a| a.needs.is_none_or(|needs| session.may(needs))).collect();
    listen_to_keys(entries.clone(), palette.0, help);
    let offline = RwSignal::new(false);
    Effect::new(move || {
        let lost = window_event_listener_untyped("offline", move |_| offline.set(true));
        let back = window_event_listener_untyped("online", move |_| offline.set(false));
        on_cleanup(move || {
            lost.remove();
            back.remove();
        });
    });
    let sandbox = session.sandbox;
    view! {
        <a class="skip" href="#main">{t(w::SHELL_SKIP)}</a>
        <div class="app">
            <Rail session=session.clone() entries=entries.clone() live_count/>
            <div class="notes">
                {sandbox
                    .then(|| view! { <Banner tone=Tone::Info icon=icondata::LuFlaskConical>{t(w::SHELL_SANDBOX)}</Banner> })}
                {session.viewing.clone().map(|role| view! { <Viewing role/> })}
                {asked_of(&session)}
                <Show when=move || offline.get()>
                    <Banner tone=Tone::Warn icon=icondata::LuCloudOff>{t(w::SHELL_OFFLINE)}</Banner>
                </Show>
            </div>
            {children()}
            <BottomBar entries=entries.clone() live_count/>
        </div>
        <Palette entries=entries.clone() actions/>
        <KeyHelp open=help entries/>
        <Toasts/>
    }
    .into_any()
}

/// Says as whom the reader sees Zencall, and the way back: a form, since everything on the page changes with it.
#[component]
fn Viewing(role: String) -> impl IntoView {
    let name = role.parse().map_or(role, |given| t(role_key(given)).to_owned());
    view! {
        <Banner tone=Tone::Warn>
            <form method="post" action="/view-as" class="row wrap">
                <span class="grow">{t_with(w::SHELL_VIEWING, &[("name", &name)])}</span>
                <button class="btn sm">{t(w::SHELL_VIEWING_END)}</button>
            </form>
        </Banner>
    }
    .into_any()
}

/// What the organisation's sign-in rules ask of the reader: now, so that they may do nothing, or soon.
fn asked_of(session: &Session) -> Option<AnyView> {
    let soon = |by| t_with(w::SHELL_SECOND_FACTOR_BY, &[("date", &format::date(use_locale(), use_clock().local(by).date()))]);
    const SET_UP: Option<(&str, Key)> = Some(("/settings/security", w::SHELL_SET_FACTOR_UP));
    let (words, way) = match (session.barred, session.second_factor_by) {
        (Some(Barred::Address), _) => (t(w::SHELL_BARRED_ADDRESS).to_owned(), None),
        (Some(Barred::SecondFactor), _) => (t(w::SHELL_BARRED_SECOND_FACTOR).to_owned(), SET_UP),
        (Some(Barred::Google), _) => (t(w::SHELL_BARRED_GOOGLE).to_owned(), Some(("/sign-in/google", w::SHELL_BARRED_GOOGLE_DO))),
        (None, by) => (soon(by?), SET_UP),
    };
    // The way to Google leaves the app.
    let way = way.map(|(href, words)| view! { <a href=href rel="external">{t(words)}</a> });
    Some(view! { <Banner tone=Tone::Warn><span class="row wrap"><span class="grow">{words}</span> {way}</span></Banner> }.into_any())
}

/// Whether a path lies in the section of an entry: `/calls/call_01` in that of `/calls`.
fn is_here(path: &str, href: &str) -> bool {
    let section = |address: &str| address.split(['/', '?']).nth(1).unwrap_or_default().to_owned();
    section(path) == section(href)
}

#[component]
fn Rail(session: Arc<Session>, entries: Arc<[NavEntry]>, live_count: Signal<u32>) -> impl IntoView {
    let of_group = |group| {
        entries.iter().filter(|e| e.group == group).map(|e| view! { <NavLink entry=*e live_count class="nav-item"/> }).collect_view()
    };
    let has_set_up = entries.iter().any(|e| e.group == NavGroup::SetUp);
    let role = session.own_role.clone().unwrap_or_else(|| t(role_key(session.role)).to_owned());
    view! {
        <aside class="side" aria-label=t(w::SHELL_WORKSPACE)>
            <div class="org">
                <Avatar name=session.org_name.clone() org=true large=true/>
                <span class="grow">
                    <b class="clip">{session.org_name.clone()}</b>
                    <small>{role}</small>
                </span>
            </div>
            <nav aria-label=t(w::SHELL_NAV)>
                {of_group(NavGroup::Work)}
                {has_set_up.then(|| view! { <p class="eyebrow">{t(w::SHELL_SET_UP)}</p> })}
                {of_group(NavGroup::SetUp)}
            </nav>
            <div class="side-foot">
                <span class="side-mark faint small"><Mark/>"Zencall"</span>
                <RailToggle/>
            </div>
        </aside>
    }
    .into_any()
}

/// Narrow to wide and back: a form before wasm, at once after.
#[component]
fn RailToggle() -> impl IntoView {
    let toggle = |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let narrow = browser::root_attribute("data-rail").is_none();
        browser::set_root_attribute("data-rail", narrow.then_some("narrow"));
        browser::set_cookie(RAIL_COOKIE, if narrow { "narrow" } else { "wide" });
    };
    view! {
        <form method="post" action="/prefs" class="bare rail-toggle" on:submit=toggle>
            <input type="hidden" name="rail" value="toggle"/>
            <span class="when-wide">
                <IconButton icon=icondata::LuPanelLeftClose label=t(w::SHELL_RAIL_NARROW) kind=ButtonKind::Ghost submit=true/>
            </span>
            <span class="when-narrow">
                <IconButton icon=icondata::LuPanelLeftOpen label=t(w::SHELL_RAIL_WIDE) kind=ButtonKind::Ghost submit=true/>
            </span>
        </form>
    }
    .into_any()
}

#[component]
fn NavLink(entry: NavEntry, live_count: Signal<u32>, class: &'static str) -> impl IntoView {
    let path = use_location().pathname;
    let here = move || path.with(|path| is_here(path, entry.href)).then_some("page");
    let counts = use_context::<EntryCounts>();
    let waiting = counts.and_then(|counts| counts.0.into_iter().find(|(href, _)| *href == entry.href)).map(|(_, count)| count);
    view! {
        <a class=class href=entry.href aria-current=here title=t(entry.label)>
            <Icon icon=entry.icon/>
            <span>{t(entry.label)}</span>
            {entry.counts_live.then(|| view! { <LiveCount count=live_count words=w::SHELL_LIVE_COUNT/> })}
            {waiting.map(|count| view! { <LiveCount count words=w::SHELL_WAITING/> })}
        </a>
    }
    .into_any()
}

#[component]
fn LiveCount(count: Signal<u32>, words: Plural) -> impl IntoView {
    view! {
        <Show when=move || count.get() != 0>
            <span class="count hot">
                <span aria-hidden="true">{move || count.get()}</span>
                <span class="sr">{move || t_count(words, i64::from(count.get()))}</span>
            </span>
        </Show>
    }
    .into_any()
}

#[component]
fn BottomBar(entries: Arc<[NavEntry]>, live_count: Signal<u32>) -> impl IntoView {
    let bar = entries.iter().filter(|e| e.in_bar).map(|e| view! { <NavLink entry=*e live_count class="tab-item"/> }).collect_view();
    let rest = entries
        .iter()
        .filter(|e| !e.in_bar)
        .map(|e| view! { <a role="menuitem" href=e.href><Icon icon=e.icon/>{t(e.label)}</a> })
        .collect_view();
    view! {
        <nav class="tabbar" aria-label=t(w::SHELL_NAV_MOBILE)>
            {bar}
            <button popovertarget="more-menu" aria-haspopup="menu">
                <Icon icon=icondata::LuMenu/>
                {t(w::SHELL_MORE)}
            </button>
            <Menu id="more-menu" label=t(w::SHELL_MORE_PAGES)>
                {rest}
                <SignOut/>
            </Menu>
        </nav>
    }
    .into_any()
}

#[component]
fn SignOut() -> impl IntoView {
    view! {
        <form method="post" action="/sign-out" role="none">
            <button role="menuitem"><Icon icon=icondata::LuLogOut flip=true/>{t(w::SHELL_SIGN_OUT)}</button>
        </form>
    }
    .into_any()
}

/// The reader's other organisations, to go on in.
#[component]
fn Others() -> impl IntoView {
    let others = use_session().others.clone();
    let has_any = !others.is_empty();
    let buttons = others
        .into_iter()
        .map(|(org, name)| {
            view! {
                <button role="menuitem" name="org" value=org.to_string()>
                    <Icon icon=icondata::LuArrowRightLeft/>
                    <span class="clip">{t_with(w::SHELL_SWITCH_TO, &[("name", &name)])}</span>
                </button>
            }
        })
        .collect_view();
    has_any.then(|| view! { <form method="post" action="/switch" role="none">{buttons}</form> <hr/> }).into_any()
}

/// The menu of the account; stands in the top bar, since what is outside every landmark is easily missed.
#[component]
pub(super) fn UserMenu() -> impl IntoView {
    let (alive, session) = (use_alive(), use_session());
    let HelpOpen(help) = expect_context();
    let label = t_with(w::SHELL_ACCOUNT_OF, &[("name", &session.account_name)]);
    view! {
        <Menu id="user-menu" label>
            <p class="menu-who" role="presentation">
                <b class="clip">{session.account_name.clone()}</b>
                <small class="clip faint">{session.email.clone()}</small>
            </p>
            <hr/>
            <Others/>
            <a role="menuitem" href="/settings/account"><Icon icon=icondata::LuUserRound/>{t(w::SHELL_ACCOUNT)}</a>
            <a role="menuitem" href="/settings/security"><Icon icon=icondata::LuShieldCheck/>{t(w::SHELL_SECURITY)}</a>
            <button type="button" role="menuitem" hidden=move || !alive.get() on:click=move |_| help.set(true)>
                <Icon icon=icondata::LuKeyboard/>
                {t(w::SHELL_KEYS)}
                <kbd>"?"</kbd>
            </button>
            <hr/>
            <ThemeChoice/>
            <hr/>
            <LanguageChoice/>
            <hr/>
            <SignOut/>
        </Menu>
    }
    .into_any()
}

#[component]
fn ThemeChoice() -> impl IntoView {
    let buttons = Theme::ALL
        .into_iter()
        .map(|theme| {
            let (key, icon) = match theme {
                Theme::Light => (w::SHELL_THEME_LIGHT, icondata::LuSun),
                Theme::Dark => (w::SHELL_THEME_DARK, icondata::LuMoon),
                Theme::System => (w::SHELL_THEME_SYSTEM, icondata::LuMonitor),
            };
            let choose = move |event: leptos::ev::MouseEvent| {
                event.prevent_default();
                theme.apply();
            };
            view! {
                <button role="menuitem" name="theme" value=theme.name() on:click=choose>
                    <Icon icon/>
                    {t(key)}
                </button>
            }
        })
        .collect_view();
    view! {
        <form method="post" action="/prefs" role="none">
            <div role="group" aria-label=t(w::SHELL_THEME)>
                <p class="eyebrow" role="presentation">{t(w::SHELL_THEME)}</p>
                {buttons}
            </div>
        </form>
    }
    .into_any()
}

/// The languages we speak, each in its own words. Choosing one loads the page again.
#[component]
pub fn LanguageChoice() -> impl IntoView {
    let current = use_locale();
    let buttons = Locale::ALL
        .into_iter()
        .map(|locale| {
            view! {
                <button role="menuitemradio" name="lang" value=locale.code() lang=locale.code() aria-checked=if locale == current { "true" } else { "false" }>
                    <Icon icon=icondata::LuLanguages/>
                    {locale.own_name()}
                    {(locale == current).then(|| view! { <span class="hint"><Icon icon=icondata::LuCheck small=true/></span> })}
                </button>
            }
        })
        .collect_view();
    view! { <form method="post" action="/prefs" role="none"><div role="group" aria-label=t(w::SHELL_LANGUAGE)>{buttons}</div></form> }
        .into_any()
}

/// The word for a role.
pub fn role_key(role: Role) -> Key {
    match role {
        Role::Owner => w::SHELL_ROLE_OWNER,
        Role::Admin => w::SHELL_ROLE_ADMIN,
        Role::Supervisor => w::SHELL_ROLE_SUPERVISOR,
        Role::Agent => w::SHELL_ROLE_AGENT,
        Role::Analyst => w::SHELL_ROLE_ANALYST,
        Role::Billing => w::SHELL_ROLE_BILLING,
        Role::Developer => w::SHELL_ROLE_DEVELOPER,
        Role::ReadOnly => w::SHELL_ROLE_READ_ONLY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_lights_up_its_own_entry_only() {
        assert!(is_here("/calls", "/calls") && is_here("/calls/call_01", "/calls") && is_here("/settings/security", "/settings/account"));
        assert!(!is_here("/callsign", "/calls") && !is_here("/", "/calls"));
    }
}
