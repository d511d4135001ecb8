//! `/settings/api-keys`: the keys, the secret that was just drawn, and what came with them.

use super::{
    dialogs::{LimitDialog, MakeDialog, RollDialog},
    log::RequestCard,
    model::*,
    parts::*,
    rpc::{list_keys, revoke_key},
};
use crate::{
    account::settings_tabs,
    i18n::{format, t, t_count, t_with, words as w},
    kit::*,
    shared::ids::AssistantId,
};
use chrono::{DateTime, Utc};
use leptos::{prelude::*, task::spawn_local};

/// Assistants by name.
type Names = Vec<(AssistantId, String)>;

/// Keys of the public API.
#[component]
pub fn ApiKeysPage() -> impl IntoView {
    let desk = Desk::new();
    let keys = Resource::new(move || desk.changes.get(), |_| list_keys());
    view! {
        <PageFrame title=t(w::ACCOUNT_SETTINGS)>
            <LinkTabs label=t(w::ACCOUNT_SETTINGS) tabs=settings_tabs("/settings/api-keys")/>
            <PageHead title=t(w::API_KEYS_TITLE) text=t(w::API_KEYS_TEXT)>
                <a class="btn ghost" href="/api/docs" rel="external"><Icon icon=icondata::LuBookOpen small=true/>{t(w::API_KEYS_DOCS)}</a>
                <Button kind=ButtonKind::Primary icon=icondata::LuPlus attr:aria-haspopup="dialog" on:click=move |_| desk.is_making.set(true)>
                    {t(w::API_KEYS_NEW)}
                </Button>
            </PageHead>
            <div role="status">{move || desk.fresh.get().map(|fresh| view! { <Fresh fresh desk/> })}</div>
            <section class="card">
                <header><h2>{t(w::API_KEYS_KEYS)}</h2></header>
                <Loaded resource=keys skeleton=rows_skeleton(4) let:keys><KeyTable keys desk/></Loaded>
            </section>
            <RequestCard changes=desk.changes/>
            <MakeDialog desk keys/>
            <LimitDialog desk keys/>
            <RollDialog desk/>
        </PageFrame>
    }
    .into_any()
}

/// The secret, this once.
#[component]
fn Fresh(fresh: FreshKey, desk: Desk) -> impl IntoView {
    view! {
        <Callout tone=Tone::Ok title=t(w::API_KEYS_FRESH) icon=icondata::LuKeyRound>
            <p>{fresh.name}</p>
            <div class="row wrap">
                <code class="ltr fresh-key" tabindex="0">{fresh.secret.clone()}</code>
                <CopyButton text=fresh.secret size=ButtonSize::Small/>
                <Button size=ButtonSize::Small kind=ButtonKind::Ghost on:click=move |_| desk.fresh.set(None)>{t(w::API_KEYS_DONE)}</Button>
            </div>
        </Callout>
    }
    .into_any()
}

#[component]
fn KeyTable(keys: Keys, desk: Desk) -> impl IntoView {
    let world = keys.is_test.then(|| view! { <div class="body"><Callout tone=Tone::Info title=t(w::API_KEYS_TEST_TITLE)><p>{t(w::API_KEYS_TEST_TEXT)}</p></Callout></div> });
    if keys.keys.is_empty() {
        return view! { {world} <Empty kind=EmptyKind::Unused title=t(w::API_KEYS_EMPTY) text=t(w::API_KEYS_EMPTY_TEXT)/> }.into_any();
    }
    let (now, items, names) = (keys.now, keys.keys, keys.assistants);
    let rows = drawn_anew(desk.draws, move || view! { <Rows keys=items.clone() names=names.clone() now desk/> }.into_any());
    view! { {world} {rows} }.into_any()
}

#[component]
fn Rows(keys: Vec<KeyLine>, names: Names, now: DateTime<Utc>, desk: Desk) -> impl IntoView {
    view! {
        <Table label=t(w::API_KEYS_KEYS)>
            <thead>
                <tr>
                    <th scope="col">{t(w::API_KEYS_NAME)}</th>
                    <th scope="col">{t(w::API_KEYS_SCOPES)}</th>
                    <th scope="col">{t(w::API_KEYS_LAST_USED)}</th>
                    <th scope="col">{t(w::API_KEYS_USAGE)}</th>
                    <th scope="col">{t(w::API_KEYS_ENDS)}</th>
                    <th><span class="sr">{t(w::API_KEYS_ACTIONS)}</span></th>
                </tr>
            </thead>
            <tbody>{keys.into_iter().map(|key| view! { <KeyRow reach=reach(&key, &names) key_line=key now desk/> }).collect_view()}</tbody>
        </Table>
    }
    .into_any()
}

/// What a key is limited to, in words; nothing when it is not.
fn reach(key: &KeyLine, names: &Names) -> Option<String> {
    let limit = key.assistants.as_ref()?;
    let known: Vec<&str> = names.iter().filter(|(id, _)| limit.contains(id)).map(|(_, name)| name.as_str()).collect();
    Some(match known.as_slice() {
        [] => t(w::API_KEYS_LIMITED_GONE).to_owned(),
        known => t_with(w::API_KEYS_LIMITED, &[("names", &known.join(", "))]),
    })
}

#[component]
fn KeyRow(key_line: KeyLine, reach: Option<String>, now: DateTime<Utc>, desk: Desk) -> impl IntoView {
    let key = key_line;
    let (id, state) = (key.id, key.state(now));
    let requests: i64 = key.usage.iter().sum();
    let values: Vec<f64> = key.usage.iter().map(|day| *day as f64).collect();
    let scopes = key.scopes.iter().map(|scope| view! { <span class="badge ltr">{scope.name()}</span> }).collect_view();
    let buttons = (state == KeyState::Active).then(|| view! { <KeyButtons key_line=key.clone() desk/> });
    view! {
        <tr>
            <th scope="row">
                <a href=format!("/settings/api-keys?key={id}#requests")>{key.name.clone()}</a>
                <br/>
                <code class="small muted ltr nowrap">"…" {key.hint.clone()}</code>
                {reach.map(|reach| view! { <div class="small muted">{reach}</div> })}
                {(!key.networks.is_empty()).then(|| view! { <div class="small muted ltr">{key.networks.join(", ")}</div> })}
            </th>
            <td><span class="row g1 wrap">{scopes}</span></td>
            <td class="nowrap muted">
                {match key.last_used_at {
                    Some(at) => view! { <RelativeTime at now/> }.into_any(),
                    None => t(w::API_KEYS_NEVER_USED).into_any(),
                }}
            </td>
            <td class="key-usage">
                <span class="num">{t_count(w::API_KEYS_REQUEST_COUNT, requests)}</span>
                {(key.refused > 0).then(|| view! { <span class="small t warn">{t_count(w::API_KEYS_REFUSED_COUNT, key.refused)}</span> })}
                {(requests > 0).then(|| view! { <Sparkline values=values.clone()/> })}
            </td>
            <td class="nowrap">
                <StateBadge state/>
                <div class="small muted">{ends(&key, now)}</div>
            </td>
            <td class="fit r">{buttons}</td>
        </tr>
    }
    .into_any()
}

/// When it ends, or ended, and until when its former secret is good.
fn ends(key: &KeyLine, now: DateTime<Utc>) -> AnyView {
    let previous = key.previous_until.map(|at| view! { <div>{t(w::API_KEYS_PREVIOUS)} " " <When at now/></div> });
    let end = match key.revoked_at.or(key.expires_at) {
        Some(at) => view! { <When at now/> }.into_any(),
        None => t(w::API_KEYS_LIFE_NEVER).into_any(),
    };
    view! { {end} {previous} }.into_any()
}

#[component]
fn KeyButtons(key_line: KeyLine, desk: Desk) -> impl IntoView {
    let id = key_line.id;
    let toasts = use_toasts();
    let pending = RwSignal::new(false);
    let revoke = move || {
        pending.set(true);
        spawn_local(async move {
            match revoke_key(id).await {
                Ok(()) => {
                    toasts.say(t(w::API_KEYS_REVOKED_SAID));
                    desk.changed();
                }
                Err(error) => toasts.fail(&error),
            }
            pending.try_set(false);
        });
    };
    let limited = key_line.clone();
    let limit = move |_| {
        desk.limited.set(Some(limited.clone()));
        desk.is_limiting.set(true);
    };
    let roll = move |_| {
        desk.rolled.set(Some(key_line.clone()));
        desk.is_rolling.set(true);
    };
    view! {
        <span class="row g1">
            <Button size=ButtonSize::Small kind=ButtonKind::Ghost attr:aria-haspopup="dialog" on:click=limit>{t(w::API_KEYS_LIMIT)}</Button>
            <Button size=ButtonSize::Small kind=ButtonKind::Ghost attr:aria-haspopup="dialog" on:click=roll>{t(w::API_KEYS_ROLL)}</Button>
            <ConfirmButton size=ButtonSize::Small on_confirm=move |()| revoke() pending>{t(w::API_KEYS_REVOKE)}</ConfirmButton>
        </span>
    }
    .into_any()
}

/// Figures of the log: `12 ms`.
pub fn took(ms: i32) -> String {
    format!("{} ms", format::n(i64::from(ms)))
}
