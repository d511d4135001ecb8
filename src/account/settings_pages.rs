//! The settings of the product: account, security, sessions, organisation. Forms are plain and post to the page's own address; what
//! the last try came to arrives with the page ([`FormState`]).

use super::{
    form::FormState,
    model::{GoogleAccount, MySessions, Organisation, QrCode, SecondFactor, SessionRow, TIMEZONES, Ways},
    rpc,
    rules::RulesCard,
    session::use_session,
};
use crate::{
    calls::retention::RetentionCard,
    i18n::{Key, Locale, t, t_count, t_with, words as w},
    kit::{
        Badge, Button, ButtonKind, ButtonSize, Callout, CopyButton, Empty, EmptyKind, ErrorBlock, LinkTabs, Loaded, PageFrame, PageShape,
        PasswordInput, RelativeTime, Select, Table, TextInput, Tone, When, may,
    },
    shared::permission::Permission,
    team::OffersCard,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// The pages of the settings that the reader may see, for [`LinkTabs`].
pub fn settings_tabs(here: &str) -> Vec<(String, String, bool)> {
    let mut tabs = vec![
        ("/settings/account", w::ACCOUNT_TAB_ACCOUNT),
        ("/settings/security", w::ACCOUNT_TAB_SECURITY),
        ("/settings/sessions", w::ACCOUNT_TAB_SESSIONS),
    ];
    if may(Permission::OrgManage) {
        tabs.push(("/settings/organisation", w::ACCOUNT_TAB_ORGANISATION));
    }
    if may(Permission::TeamRead) {
        tabs.push(("/settings/team", w::ACCOUNT_TAB_TEAM));
        tabs.push(("/settings/teams", w::ACCOUNT_TAB_TEAMS));
    }
    if may(Permission::KeysManage) {
        tabs.push(("/settings/api-keys", w::ACCOUNT_TAB_API_KEYS));
    }
    if may(Permission::WebhooksManage) {
        tabs.push(("/settings/webhooks", w::ACCOUNT_TAB_WEBHOOKS));
    }
    if may(Permission::AuditRead) {
        tabs.push(("/settings/audit", w::ACCOUNT_TAB_AUDIT));
    }
    tabs.into_iter().map(|(href, words)| (href.to_owned(), t(words).to_owned(), href == here)).collect()
}

/// The two sides of webhooks: what we tell others, and what others told us.
pub fn webhook_tabs(here: &str) -> Vec<(String, String, bool)> {
    [("/settings/webhooks", w::ACCOUNT_TAB_WEBHOOKS_OUT), ("/settings/webhooks/incoming", w::ACCOUNT_TAB_WEBHOOKS_IN)]
        .map(|(href, words)| (href.to_owned(), t(words).to_owned(), href == here))
        .to_vec()
}

/// The frame of the four pages: tabs, and what was just done.
#[component]
fn SettingsFrame(here: &'static str, children: Children) -> impl IntoView {
    let tabs = settings_tabs(here);
    let query = use_query_map();
    let said = move || query.with(|query| query.get("said").and_then(|word| said_key(&word)));
    view! {
        <PageFrame title=t(w::ACCOUNT_SETTINGS) shape=PageShape::Slim>
            <LinkTabs label=t(w::ACCOUNT_SETTINGS) tabs/>
            <div role="status">{move || said().map(|key| view! { <Callout tone=Tone::Ok title=t(key)/> })}</div>
            {children()}
        </PageFrame>
    }
    .into_any()
}

fn said_key(word: &str) -> Option<Key> {
    Some(match word {
        "profile" => w::ACCOUNT_SAID_PROFILE,
        "email" => w::ACCOUNT_SAID_EMAIL,
        "email_changed" => w::ACCOUNT_SAID_EMAIL_CHANGED,
        "confirmed" => w::ACCOUNT_SAID_CONFIRMED,
        "resend" => w::ACCOUNT_SAID_RESEND,
        "password" => w::ACCOUNT_SAID_PASSWORD,
        "google_connected" => w::ACCOUNT_SAID_GOOGLE_CONNECTED,
        "google_disconnected" => w::ACCOUNT_SAID_GOOGLE_DISCONNECTED,
        "password_link" => w::ACCOUNT_SAID_PASSWORD_LINK,
        "second_off" => w::ACCOUNT_SAID_SECOND_OFF,
        "ended" => w::ACCOUNT_SAID_ENDED,
        "organisation" => w::ACCOUNT_SAID_ORGANISATION,
        _ => return None,
    })
}

/// One form of a page: `name` is its `do`. What is wrong is said by us, so the browser is asked not to.
#[component]
fn PostForm(name: &'static str, state: FormState, #[prop(default = "stack g4")] class: &'static str, children: Children) -> impl IntoView {
    view! {
        <form method="post" class=class novalidate>
            <input type="hidden" name="do" value=name/>
            {state.error(name).map(|error| view! { <ErrorBlock error/> })}
            {children()}
        </form>
    }
    .into_any()
}

#[component]
fn Card(
    title: Key,
    #[prop(optional)] id: &'static str,
    #[prop(optional, into)] beside: Option<AnyView>,
    children: Children,
) -> impl IntoView {
    view! {
        <section class="card" id=(!id.is_empty()).then_some(id)>
            <header><h2>{t(title)}</h2>{beside.map(|beside| view! { <span class="end">{beside}</span> })}</header>
            <div class="body stack g4">{children()}</div>
        </section>
    }
    .into_any()
}

#[component]
fn Submit(words: Key, #[prop(optional)] kind: ButtonKind) -> impl IntoView {
    view! { <div class="row"><Button kind submit=true>{t(words)}</Button></div> }.into_any()
}

fn locales() -> Vec<(String, String)> {
    Locale::ALL.iter().map(|locale| (locale.code().to_owned(), locale.own_name().to_owned())).collect()
}

/// `/settings/account`: name, language, address.
#[component]
pub fn AccountPage() -> impl IntoView {
    let state = FormState::of_page();
    let session = use_session();
    let value = |form: &str, field: &str, now: &str| state.value(form, field).unwrap_or_else(|| now.to_owned());
    let name = value("profile", "name", &session.account_name);
    let locale = value("profile", "locale", &session.locale);
    let email = value("email", "email", "");
    let (profile, address) = (state.fields("profile"), state.fields("email"));
    let (tone, word) =
        if session.email_confirmed { (Tone::Ok, w::ACCOUNT_ADDRESS_CONFIRMED) } else { (Tone::Warn, w::ACCOUNT_ADDRESS_UNCONFIRMED) };
    let (of_profile, of_email, of_resend) = (state.clone(), state.clone(), state);
    let resend = (!session.email_confirmed).then(|| {
        view! {
            <PostForm name="resend" state=of_resend class="stack g2">
                <Button size=ButtonSize::Small submit=true>{t(w::ACCOUNT_ADDRESS_RESEND)}</Button>
            </PostForm>
        }
    });
    view! {
        <SettingsFrame here="/settings/account">
            <OffersCard/>
            <Card title=w::ACCOUNT_PROFILE>
                <PostForm name="profile" state=of_profile>
                    <TextInput name="name" label=t(w::ACCOUNT_NAME) autocomplete="name" value=name maxlength=80u32 required=true errors=profile/>
                    <Select name="locale" label=t(w::ACCOUNT_LANGUAGE) options=locales() value=locale errors=profile/>
                    <Submit words=w::ACCOUNT_SAVE kind=ButtonKind::Primary/>
                </PostForm>
            </Card>
            <Card title=w::ACCOUNT_ADDRESS>
                <div class="row wrap">
                    <span class="muted">{t(w::ACCOUNT_ADDRESS_NOW)}</span>
                    <b>{session.email.clone()}</b>
                    <Badge tone>{t(word)}</Badge>
                    {resend}
                </div>
                <PostForm name="email" state=of_email>
                    <TextInput name="email" label=t(w::ACCOUNT_ADDRESS_NEW) kind="email" autocomplete="email" value=email hint=t(w::ACCOUNT_ADDRESS_HINT) maxlength=254u32 required=true errors=address/>
                    <PasswordInput name="password" label=t(w::ACCOUNT_PASSWORD_CURRENT) autocomplete="current-password" errors=address/>
                    <Submit words=w::ACCOUNT_ADDRESS_DO/>
                </PostForm>
            </Card>
        </SettingsFrame>
    }
    .into_any()
}

/// `/settings/security`: password, Google and second factor.
#[component]
pub fn SecurityPage() -> impl IntoView {
    let state = FormState::of_page();
    let ways = Resource::new_blocking(|| (), |()| rpc::read_ways());
    let factor = Resource::new_blocking(|| (), |()| rpc::read_security());
    let codes = (!state.codes.is_empty()).then(|| view! { <RecoveryCodes codes=state.codes.clone()/> });
    let of_ways = state.clone();
    view! {
        <SettingsFrame here="/settings/security">
            {codes}
            <Loaded resource=ways let:ways>
                <PasswordCard has_password=ways.has_password state=of_ways.clone()/>
                {(ways.offers_google || ways.google.is_some()).then(|| view! { <GoogleCard ways state=of_ways.clone()/> })}
            </Loaded>
            <Loaded resource=factor let:factor>
                <Factor factor state=state.clone()/>
            </Loaded>
        </SettingsFrame>
    }
    .into_any()
}

#[component]
fn PasswordCard(has_password: bool, state: FormState) -> impl IntoView {
    let wrong = state.fields("password");
    let body = if has_password {
        view! {
            <PostForm name="password" state>
                <PasswordInput name="current" label=t(w::ACCOUNT_PASSWORD_CURRENT) autocomplete="current-password" errors=wrong/>
                <PasswordInput name="password" label=t(w::ACCOUNT_PASSWORD_NEW) autocomplete="new-password" hint=t(w::ACCOUNT_PASSWORD_HINT) errors=wrong/>
                <p class="small muted">{t(w::ACCOUNT_CHANGE_PASSWORD_HINT)}</p>
                <Submit words=w::ACCOUNT_CHANGE_PASSWORD_DO/>
            </PostForm>
        }
        .into_any()
    } else {
        view! {
            <p class="muted">{t(w::ACCOUNT_PASSWORD_NONE)}</p>
            <PostForm name="new_password" state><Submit words=w::ACCOUNT_PASSWORD_NONE_DO/></PostForm>
        }
        .into_any()
    };
    view! { <Card title=w::ACCOUNT_CHANGE_PASSWORD>{body}</Card> }.into_any()
}

/// The Google account the reader signs in with, or the way to connect one.
#[component]
fn GoogleCard(ways: Ways, state: FormState) -> impl IntoView {
    let Ways { has_password, google, now, .. } = ways;
    let (tone, word) = if google.is_some() { (Tone::Ok, w::ACCOUNT_GOOGLE_ON) } else { (Tone::Neutral, w::ACCOUNT_GOOGLE_OFF) };
    let beside = view! { <Badge tone>{t(word)}</Badge> }.into_any();
    let is_off = google.is_none();
    let account = google.map(|GoogleAccount { email, since, .. }| {
        view! { <p class="row wrap"><b>{email}</b> <span class="muted small">{t(w::ACCOUNT_GOOGLE_SINCE)} " " <When at=since now/></span></p> }
    });
    let (form, field, words) = if is_off {
        ("connect", "connect[password]", w::ACCOUNT_GOOGLE_CONNECT)
    } else {
        ("disconnect", "disconnect[password]", w::ACCOUNT_GOOGLE_DISCONNECT)
    };
    let wrong = state.fields(form);
    let way = if has_password {
        view! {
            <PostForm name=form state>
                <PasswordInput name=field label=t(w::ACCOUNT_PASSWORD_CURRENT) autocomplete="current-password" errors=wrong/>
                <Submit words/>
            </PostForm>
        }
        .into_any()
    } else {
        view! { <p class="small muted">{t(w::ACCOUNT_GOOGLE_ONLY)}</p> }.into_any()
    };
    view! {
        <Card title=w::ACCOUNT_GOOGLE id="google" beside>
            <p class="muted">{t(w::ACCOUNT_GOOGLE_WHY)}</p>
            {account}
            {way}
        </Card>
    }
    .into_any()
}

/// Shown once, after they were made.
#[component]
fn RecoveryCodes(codes: Vec<String>) -> impl IntoView {
    let text = codes.join("\n");
    view! {
        <section class="card" id="codes">
            <header><h2>{t(w::ACCOUNT_FACTOR_CODES_TITLE)}</h2><span class="end"><CopyButton text size=ButtonSize::Small/></span></header>
            <div class="body stack g4">
                <p>{t(w::ACCOUNT_FACTOR_CODES_ONCE)}</p>
                <ul class="codes" translate="no">{codes.into_iter().map(|code| view! { <li><code>{code}</code></li> }).collect_view()}</ul>
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn Factor(factor: SecondFactor, state: FormState) -> impl IntoView {
    let (tone, word) = match factor {
        SecondFactor::On { .. } => (Tone::Ok, w::ACCOUNT_FACTOR_ON),
        _ => (Tone::Neutral, w::ACCOUNT_FACTOR_OFF),
    };
    let beside = view! { <Badge tone>{t(word)}</Badge> }.into_any();
    let body = match factor {
        SecondFactor::Off => {
            let wrong = state.fields("begin");
            view! {
                <PostForm name="begin" state>
                    <PasswordInput name="begin[password]" label=t(w::ACCOUNT_PASSWORD_CURRENT) autocomplete="current-password" errors=wrong/>
                    <Submit words=w::ACCOUNT_FACTOR_BEGIN/>
                </PostForm>
            }
            .into_any()
        }
        SecondFactor::SettingUp { secret, qr } => view! { <SettingUp secret qr state/> }.into_any(),
        SecondFactor::On { recovery_codes_left } => view! { <FactorOn recovery_codes_left state/> }.into_any(),
    };
    view! {
        <Card title=w::ACCOUNT_FACTOR id="second-factor" beside>
            <p class="muted">{t(w::ACCOUNT_FACTOR_WHY)}</p>
            {body}
        </Card>
    }
    .into_any()
}

#[component]
fn SettingUp(secret: String, qr: QrCode, state: FormState) -> impl IntoView {
    let wrong = state.fields("confirm");
    let edge = qr.size + 8; // the quiet zone of the standard: four squares a side
    view! {
        <p>{t(w::ACCOUNT_FACTOR_SCAN)}</p>
        <div class="row wrap g5">
            <svg class="qr" viewBox=format!("-4 -4 {edge} {edge}") role="img" aria-label=t(w::ACCOUNT_FACTOR_QR) shape-rendering="crispEdges">
                <path d=qr.path></path>
            </svg>
            <p class="stack g1"><span class="muted small">{t(w::ACCOUNT_FACTOR_KEY)}</span><code translate="no">{secret}</code></p>
        </div>
        <PostForm name="confirm" state=state.clone()>
            <TextInput name="code" label=t(w::ACCOUNT_CODE) inputmode="numeric" autocomplete="one-time-code" hint=t(w::ACCOUNT_FACTOR_CONFIRM_HINT) maxlength=16u32 required=true errors=wrong/>
            <Submit words=w::ACCOUNT_FACTOR_CONFIRM kind=ButtonKind::Primary/>
        </PostForm>
        <PostForm name="cancel" state class="row">
            <Button kind=ButtonKind::Ghost submit=true>{t(w::ACCOUNT_FACTOR_CANCEL)}</Button>
        </PostForm>
    }
    .into_any()
}

#[component]
fn FactorOn(recovery_codes_left: u32, state: FormState) -> impl IntoView {
    let (codes, disable) = (state.fields("codes"), state.fields("disable"));
    view! {
        <h3>{t(w::ACCOUNT_FACTOR_CODES)}</h3>
        <p>{t_count(w::ACCOUNT_FACTOR_CODES_LEFT, i64::from(recovery_codes_left))}</p>
        <PostForm name="codes" state=state.clone()>
            <TextInput name="codes[code]" label=t(w::ACCOUNT_CODE) inputmode="numeric" autocomplete="one-time-code" hint=t(w::ACCOUNT_FACTOR_CODES_NEW_HINT) maxlength=16u32 required=true errors=codes/>
            <Submit words=w::ACCOUNT_FACTOR_CODES_NEW/>
        </PostForm>
        <hr/>
        <h3>{t(w::ACCOUNT_FACTOR_DISABLE_TITLE)}</h3>
        <PostForm name="disable" state>
            <PasswordInput name="disable[password]" label=t(w::ACCOUNT_PASSWORD_CURRENT) autocomplete="current-password" errors=disable/>
            <TextInput name="disable[code]" label=t(w::ACCOUNT_CODE) autocomplete="one-time-code" hint=t(w::ACCOUNT_FACTOR_DISABLE_HINT) maxlength=40u32 required=true errors=disable/>
            <Submit words=w::ACCOUNT_FACTOR_DISABLE kind=ButtonKind::Danger/>
        </PostForm>
    }
    .into_any()
}

/// `/settings/sessions`: where the reader is signed in.
#[component]
pub fn SessionsPage() -> impl IntoView {
    let state = FormState::of_page();
    let mine = Resource::new_blocking(|| (), |()| rpc::read_sessions());
    let error = state.error("end").map(|error| view! { <ErrorBlock error/> });
    view! {
        <SettingsFrame here="/settings/sessions">
            <p class="muted">{t(w::ACCOUNT_SESSIONS_TEXT)}</p>
            {error}
            <Loaded resource=mine let:mine><Mine mine/></Loaded>
        </SettingsFrame>
    }
    .into_any()
}

#[component]
fn Mine(mine: MySessions) -> impl IntoView {
    let MySessions { sessions, now } = mine;
    let is_alone = sessions.len() < 2;
    let rows = sessions.into_iter().map(|session| session_row(session, now)).collect_view();
    let others = if is_alone {
        view! { <p class="muted">{t(w::ACCOUNT_SESSIONS_ALONE)}</p> }.into_any()
    } else {
        view! {
            <PostForm name="end_others" state=FormState::default() class="row">
                <Button kind=ButtonKind::Danger submit=true>{t(w::ACCOUNT_SESSIONS_END_OTHERS)}</Button>
            </PostForm>
        }
        .into_any()
    };
    view! {
        <div class="card">
            <Table label=t(w::ACCOUNT_TAB_SESSIONS)>
                <thead>
                    <tr>
                        <th scope="col">{t(w::ACCOUNT_SESSIONS_DEVICE)}</th>
                        <th scope="col" class="opt">{t(w::ACCOUNT_SESSIONS_ADDRESS)}</th>
                        <th scope="col">{t(w::ACCOUNT_SESSIONS_SEEN)}</th>
                        <th scope="col" class="opt">{t(w::ACCOUNT_SESSIONS_SINCE)}</th>
                        <th scope="col" class="fit"><span class="sr">{t(w::ACCOUNT_SESSIONS_ACTION)}</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </Table>
        </div>
        {others}
    }
    .into_any()
}

fn session_row(session: SessionRow, now: chrono::DateTime<chrono::Utc>) -> AnyView {
    let named: Vec<&str> = [session.browser.as_str(), session.system.as_str()].into_iter().filter(|name| !name.is_empty()).collect();
    let device = if named.is_empty() { t(w::ACCOUNT_SESSIONS_UNKNOWN).to_owned() } else { named.join(" · ") };
    let label = t_with(w::ACCOUNT_SESSIONS_END_LABEL, &[("device", &device)]);
    let action = if session.is_this {
        view! { <Badge tone=Tone::Ok>{t(w::ACCOUNT_SESSIONS_THIS)}</Badge> }.into_any()
    } else {
        view! {
            <form method="post" class="bare">
                <input type="hidden" name="do" value="end"/>
                <input type="hidden" name="id" value=session.id.to_string()/>
                <Button size=ButtonSize::Small submit=true attr:aria-label=label>{t(w::ACCOUNT_SESSIONS_END)}</Button>
            </form>
        }
        .into_any()
    };
    view! {
        <tr>
            <th scope="row">{device}</th>
            <td class="opt num">{session.address}</td>
            <td><RelativeTime at=session.last_seen_at now/></td>
            <td class="opt"><When at=session.created_at now/></td>
            <td class="fit">{action}</td>
        </tr>
    }
    .into_any()
}

/// `/settings/organisation`: name, zone, language.
#[component]
pub fn OrganisationPage() -> impl IntoView {
    if !may(Permission::OrgManage) {
        return view! {
            <SettingsFrame here="/settings/organisation">
                <Empty kind=EmptyKind::NotAllowed title=t(w::ACCOUNT_ORGANISATION_NOT_ALLOWED) text=t(w::ACCOUNT_ORGANISATION_NOT_ALLOWED_TEXT)/>
            </SettingsFrame>
        }
        .into_any();
    }
    let state = FormState::of_page();
    let organisation = Resource::new_blocking(|| (), |()| rpc::read_organisation());
    view! {
        <SettingsFrame here="/settings/organisation">
            <Loaded resource=organisation let:organisation><OrganisationForm organisation state=state.clone()/></Loaded>
            <RulesCard/>
            <RetentionCard/>
        </SettingsFrame>
    }
    .into_any()
}

#[component]
fn OrganisationForm(organisation: Organisation, state: FormState) -> impl IntoView {
    const FORM: &str = "organisation";
    let value = |field: &str, now: String| state.value(FORM, field).unwrap_or(now);
    let (name, timezone, locale) =
        (value("name", organisation.name), value("timezone", organisation.timezone), value("locale", organisation.locale));
    let mut zones: Vec<(String, String)> = TIMEZONES.iter().map(|zone| ((*zone).to_owned(), zone.replace('_', " "))).collect();
    if !TIMEZONES.contains(&timezone.as_str()) {
        zones.push((timezone.clone(), timezone.clone()));
    }
    let wrong = state.fields(FORM);
    let fact = |words: &'static str, value: Option<String>| value.map(|value| view! { <dt>{words}</dt><dd class="num">{value}</dd> });
    let facts = view! { <dl class="kv">{fact(t(w::ACCOUNT_COUNTRY), Some(organisation.country))}{fact(t(w::ACCOUNT_SIREN), organisation.siren)}{fact(t(w::ACCOUNT_VAT), organisation.vat_number)}</dl> };
    view! {
        <Card title=w::ACCOUNT_TAB_ORGANISATION>
            {facts}
            <PostForm name=FORM state=state.clone()>
                <TextInput name="name" label=t(w::ACCOUNT_ORGANISATION_NAME) autocomplete="organization" value=name maxlength=120u32 required=true errors=wrong/>
                <Select name="timezone" label=t(w::ACCOUNT_ORGANISATION_TIMEZONE) options=zones value=timezone hint=t(w::ACCOUNT_ORGANISATION_TIMEZONE_HINT) errors=wrong/>
                <Select name="locale" label=t(w::ACCOUNT_ORGANISATION_LOCALE) options=locales() value=locale errors=wrong/>
                <Submit words=w::ACCOUNT_SAVE kind=ButtonKind::Primary/>
            </PostForm>
        </Card>
    }
    .into_any()
}
