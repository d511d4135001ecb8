//! `/settings/webhooks`: where other systems want to hear what happens, how that goes, and what was sent.

use super::{
    deliveries::{DeliveryCard, DeliveryDrawer},
    dialogs::{AgainDialog, EndpointDialog, RollDialog, SampleDialog},
    model::*,
    rpc::{list_endpoints, remove_endpoint, set_endpoint_state},
};
use crate::{
    account::{settings_tabs, webhook_tabs},
    i18n::{t, t_count, words as w},
    kit::*,
    shared::{error::AppError, ids::DeliveryId},
};
use chrono::{DateTime, Utc};
use leptos::{prelude::*, task::spawn_local};

/// Which dialog is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opened {
    Edit,
    Roll,
    Again,
    Sample,
}

/// What is open on the page, and how often something was written.
#[derive(Clone, Copy)]
pub(super) struct Desk {
    pub is_adding: RwSignal<bool>,
    pub is_editing: RwSignal<bool>,
    pub is_rolling: RwSignal<bool>,
    pub is_again: RwSignal<bool>,
    pub is_sample: RwSignal<bool>,
    /// The endpoint that a dialog is about.
    pub about: RwSignal<Option<Endpoint>>,
    /// The secret to be copied now.
    pub fresh: RwSignal<Option<FreshSecret>>,
    /// The delivery that is looked at.
    pub shown: RwSignal<Option<DeliveryId>>,
    pub is_shown: RwSignal<bool>,
    pub changes: RwSignal<u32>,
    draws: StoredValue<u128>,
}

impl Desk {
    fn new() -> Self {
        let closed = || RwSignal::new(false);
        Self {
            is_adding: closed(),
            is_editing: closed(),
            is_rolling: closed(),
            is_again: closed(),
            is_sample: closed(),
            about: RwSignal::new(None),
            fresh: RwSignal::new(None),
            shown: RwSignal::new(None),
            is_shown: closed(),
            changes: RwSignal::new(0),
            draws: StoredValue::new(0),
        }
    }

    /// Opens a dialog about an endpoint.
    pub fn open(self, what: Opened, endpoint: Endpoint) {
        self.about.set(Some(endpoint));
        match what {
            Opened::Edit => self.is_editing.set(true),
            Opened::Roll => self.is_rolling.set(true),
            Opened::Again => self.is_again.set(true),
            Opened::Sample => self.is_sample.set(true),
        }
    }

    /// Something was written: whatever was open closes.
    pub fn changed(self) {
        for open in [self.is_adding, self.is_editing, self.is_rolling, self.is_again, self.is_sample] {
            open.set(false);
        }
        self.changes.update(|changes| *changes += 1);
    }

    /// A secret came: it is shown.
    pub fn show(self, fresh: FreshSecret) {
        self.fresh.set(Some(fresh));
        self.changed();
    }

    /// Does something, says so or why not, and reads everything anew.
    pub fn act(self, toasts: Toaster, said: String, done: impl Future<Output = Result<(), AppError>> + 'static) {
        spawn_local(async move {
            match done.await {
                Ok(()) => toasts.say(said),
                Err(error) => toasts.fail(&error),
            }
            self.changed();
        });
    }
}

/// Outgoing webhooks.
#[component]
pub fn WebhooksPage() -> impl IntoView {
    let desk = Desk::new();
    let endpoints = Resource::new(move || desk.changes.get(), |_| list_endpoints());
    view! {
        <PageFrame title=t(w::ACCOUNT_SETTINGS)>
            <LinkTabs label=t(w::ACCOUNT_SETTINGS) tabs=settings_tabs("/settings/webhooks")/>
            <LinkTabs label=t(w::ACCOUNT_TAB_WEBHOOKS) tabs=webhook_tabs("/settings/webhooks")/>
            <PageHead title=t(w::WEBHOOKS_TITLE) text=t(w::WEBHOOKS_TEXT)>
                <Button kind=ButtonKind::Primary icon=icondata::LuPlus attr:aria-haspopup="dialog" on:click=move |_| desk.is_adding.set(true)>
                    {t(w::WEBHOOKS_NEW)}
                </Button>
            </PageHead>
            <div role="status">{move || desk.fresh.get().map(|fresh| view! { <Fresh fresh desk/> })}</div>
            <section class="card">
                <header><h2>{t(w::WEBHOOKS_ENDPOINTS)}</h2></header>
                <Loaded resource=endpoints skeleton=rows_skeleton(3) let:endpoints><EndpointTable endpoints desk/></Loaded>
            </section>
            <DeliveryCard desk/>
            <EndpointDialog desk adds=true/>
            <EndpointDialog desk adds=false/>
            <RollDialog desk/>
            <AgainDialog desk/>
            <SampleDialog desk/>
            <DeliveryDrawer desk/>
        </PageFrame>
    }
    .into_any()
}

/// The secret, this once.
#[component]
fn Fresh(fresh: FreshSecret, desk: Desk) -> impl IntoView {
    view! {
        <Callout tone=Tone::Ok title=t(w::WEBHOOKS_FRESH) icon=icondata::LuKeyRound>
            <p class="ltr webhook-url">{fresh.url}</p>
            <div class="row wrap">
                <code class="ltr fresh-key" tabindex="0">{fresh.secret.clone()}</code>
                <CopyButton text=fresh.secret size=ButtonSize::Small/>
                <Button size=ButtonSize::Small kind=ButtonKind::Ghost on:click=move |_| desk.fresh.set(None)>{t(w::WEBHOOKS_DONE)}</Button>
            </div>
        </Callout>
    }
    .into_any()
}

#[component]
fn EndpointTable(endpoints: Endpoints, desk: Desk) -> impl IntoView {
    if endpoints.items.is_empty() {
        return view! { <Empty kind=EmptyKind::Unused title=t(w::WEBHOOKS_EMPTY) text=t(w::WEBHOOKS_EMPTY_TEXT)/> }.into_any();
    }
    let (now, items) = (endpoints.now, endpoints.items);
    drawn_anew(desk.draws, move || view! { <Rows endpoints=items.clone() now desk/> }.into_any())
}

#[component]
fn Rows(endpoints: Vec<Endpoint>, now: DateTime<Utc>, desk: Desk) -> impl IntoView {
    view! {
        <Table label=t(w::WEBHOOKS_ENDPOINTS)>
            <thead>
                <tr>
                    <th scope="col">{t(w::WEBHOOKS_ENDPOINT)}</th>
                    <th scope="col">{t(w::WEBHOOKS_EVENTS)}</th>
                    <th scope="col">{t(w::WEBHOOKS_HEALTH)}</th>
                    <th scope="col">{t(w::WEBHOOKS_STATE)}</th>
                    <th><span class="sr">{t(w::WEBHOOKS_ACTIONS)}</span></th>
                </tr>
            </thead>
            <tbody>{endpoints.into_iter().map(|endpoint| view! { <EndpointRow endpoint now desk/> }).collect_view()}</tbody>
        </Table>
    }
    .into_any()
}

#[component]
fn EndpointRow(endpoint: Endpoint, now: DateTime<Utc>, desk: Desk) -> impl IntoView {
    let kinds = if endpoint.kinds.is_empty() {
        view! { <span class="muted">{t(w::WEBHOOKS_EVERY)}</span> }.into_any()
    } else {
        endpoint.kinds.iter().map(|kind| view! { <span class="badge ltr">{kind.name()}</span> }).collect_view().into_any()
    };
    view! {
        <tr>
            <th scope="row">
                <a class="ltr webhook-url" href=format!("/settings/webhooks?endpoint={}#deliveries", endpoint.id)>{endpoint.url.clone()}</a>
                <div class="small muted">{endpoint.description.clone()}</div>
            </th>
            <td><span class="row g1 wrap">{kinds}</span></td>
            <td class="key-usage">{health(&endpoint, now)}</td>
            <td>{state_badge(&endpoint)} <div class="small muted">{previous(&endpoint, now)}</div></td>
            <td class="fit r"><EndpointButtons endpoint desk/></td>
        </tr>
    }
    .into_any()
}

/// Attempts of a day as a line, and in words.
fn health(endpoint: &Endpoint, now: DateTime<Utc>) -> AnyView {
    let attempts: i64 = endpoint.hours.iter().sum();
    let values: Vec<f64> = endpoint.hours.iter().map(|hour| *hour as f64).collect();
    let failed =
        (endpoint.failed > 0).then(|| view! { <span class="small t bad">{t_count(w::WEBHOOKS_FAILED_COUNT, endpoint.failed)}</span> });
    let since = endpoint
        .failing_since
        .map(|at| view! { <span class="small t bad">{t(w::WEBHOOKS_FAILING_SINCE)} " " <RelativeTime at now/></span> });
    view! {
        <span class="num">{t_count(w::WEBHOOKS_ATTEMPT_COUNT, attempts)}</span>
        {failed}
        {since}
        {(attempts > 0).then(|| view! { <Sparkline values=values.clone()/> })}
    }
    .into_any()
}

fn state_badge(endpoint: &Endpoint) -> AnyView {
    let (tone, word) = match (endpoint.state, endpoint.disabled_why) {
        (EndpointState::Active, _) if endpoint.failures > 0 => (Tone::Warn, w::WEBHOOKS_STATE_FAILING),
        (EndpointState::Active, _) => (Tone::Ok, w::WEBHOOKS_STATE_ACTIVE),
        (EndpointState::Paused, _) => (Tone::Neutral, w::WEBHOOKS_STATE_PAUSED),
        (EndpointState::Disabled, Some(DisabledWhy::Gone)) => (Tone::Bad, w::WEBHOOKS_STATE_GONE),
        (EndpointState::Disabled, _) => (Tone::Bad, w::WEBHOOKS_STATE_DISABLED),
    };
    view! { <Badge tone>{t(word)}</Badge> }.into_any()
}

fn previous(endpoint: &Endpoint, now: DateTime<Utc>) -> Option<AnyView> {
    endpoint.previous_until.map(|at| view! { {t(w::WEBHOOKS_PREVIOUS)} " " <When at now/> }.into_any())
}

#[component]
fn EndpointButtons(endpoint: Endpoint, desk: Desk) -> impl IntoView {
    let toasts = use_toasts();
    let id = endpoint.id;
    let is_active = endpoint.state == EndpointState::Active;
    let opens = |what, word| {
        let endpoint = endpoint.clone();
        view! {
            <Button size=ButtonSize::Small kind=ButtonKind::Ghost attr:aria-haspopup="dialog" on:click=move |_| desk.open(what, endpoint.clone())>
                {t(word)}
            </Button>
        }
    };
    let (state, word, said) = if is_active {
        (EndpointState::Paused, w::WEBHOOKS_PAUSE, w::WEBHOOKS_PAUSED_SAID)
    } else {
        (EndpointState::Active, w::WEBHOOKS_RESUME, w::WEBHOOKS_RESUMED_SAID)
    };
    let switch = move |_| desk.act(toasts, t(said).to_owned(), set_endpoint_state(id, state));
    let active_ones = is_active.then(|| view! { {opens(Opened::Sample, w::WEBHOOKS_SAMPLE)} {opens(Opened::Again, w::WEBHOOKS_AGAIN)} });
    view! {
        <span class="row g1 wrap">
            {active_ones}
            {opens(Opened::Edit, w::WEBHOOKS_EDIT)}
            {opens(Opened::Roll, w::WEBHOOKS_ROLL)}
            <Button size=ButtonSize::Small kind=ButtonKind::Ghost on:click=switch>{t(word)}</Button>
            <ConfirmButton
                size=ButtonSize::Small
                on_confirm=Callback::new(move |()| desk.act(toasts, t(w::WEBHOOKS_REMOVED_SAID).to_owned(), remove_endpoint(id)))
            >
                {t(w::WEBHOOKS_REMOVE)}
            </ConfirmButton>
        </span>
    }
    .into_any()
}
