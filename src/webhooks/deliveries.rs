//! What was delivered to one endpoint, and each attempt. The endpoint, the filter and the place in the list stand in the address.

use super::{
    model::*,
    page::Desk,
    rpc::{list_deliveries, read_delivery, resend_delivery},
};
use crate::{
    i18n::{format, t, words as w},
    kit::*,
    shared::ids::{DeliveryId, EndpointId},
};
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Asked {
    endpoint: Option<EndpointId>,
    only: Option<DeliveryState>,
    before: Option<DeliveryId>,
}

/// The deliveries of the endpoint that the address names.
#[component]
pub(super) fn DeliveryCard(desk: Desk) -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        query.with(|query| Asked {
            endpoint: query.get("endpoint").and_then(|id| id.parse().ok()),
            only: query.get("only").and_then(|state| state.parse().ok()),
            before: query.get("before").and_then(|id| id.parse().ok()),
        })
    });
    let deliveries = Resource::new(
        move || (asked.get(), desk.changes.get()),
        |(asked, _)| async move {
            match asked.endpoint {
                Some(endpoint) => list_deliveries(endpoint, asked.only, asked.before).await.map(Some),
                None => Ok(None),
            }
        },
    );
    view! {
        <section class="card" id="deliveries">
            <header class="wrap">
                <h2>{t(w::WEBHOOKS_DELIVERIES)}</h2>
                <span class="end row g1">
                    {move || filter_link(asked.get())}
                    <Button size=ButtonSize::Small icon=icondata::LuRotateCw on:click=move |_| deliveries.refetch()>{t(w::WEBHOOKS_REFRESH)}</Button>
                </span>
            </header>
            <Loaded resource=deliveries skeleton=rows_skeleton(4) let:deliveries>
                <DeliveryRows deliveries asked=asked.get_untracked() desk/>
            </Loaded>
        </section>
    }
    .into_any()
}

fn href(asked: Asked) -> String {
    let mut href = "/settings/webhooks?".to_owned();
    for (name, value) in [
        ("endpoint", asked.endpoint.map(|id| id.to_string())),
        ("only", asked.only.map(|state| state.to_string())),
        ("before", asked.before.map(|id| id.to_string())),
    ] {
        if let Some(value) = value {
            href.push_str(&format!("{name}={value}&"));
        }
    }
    format!("{}#deliveries", href.trim_end_matches(['?', '&']))
}

fn filter_link(asked: Asked) -> Option<AnyView> {
    asked.endpoint?;
    let is_failed = asked.only == Some(DeliveryState::Failed);
    let (only, word) = if is_failed { (None, w::WEBHOOKS_SHOW_ALL) } else { (Some(DeliveryState::Failed), w::WEBHOOKS_SHOW_FAILED) };
    let href = href(Asked { only, before: None, ..asked });
    Some(view! { <LinkButton href size=ButtonSize::Small>{t(word)}</LinkButton> }.into_any())
}

#[component]
fn DeliveryRows(deliveries: Option<Deliveries>, asked: Asked, desk: Desk) -> impl IntoView {
    let Some(deliveries) = deliveries else {
        return view! { <Empty kind=EmptyKind::Unused title=t(w::WEBHOOKS_CHOOSE) text=t(w::WEBHOOKS_CHOOSE_TEXT)/> }.into_any();
    };
    if deliveries.items.is_empty() {
        return view! { <Empty kind=EmptyKind::Unused title=t(w::WEBHOOKS_NONE) text=t(w::WEBHOOKS_NONE_TEXT)/> }.into_any();
    }
    let older_href = deliveries.next.map(|before| href(Asked { before: Some(before), ..asked }));
    let newest_href = asked.before.map(|_| href(Asked { before: None, ..asked }));
    let now = deliveries.now;
    let rows = deliveries.items.into_iter().map(|delivery| view! { <DeliveryRow delivery now desk/> }).collect_view();
    view! {
        <Table label=t(w::WEBHOOKS_DELIVERIES)>
            <thead>
                <tr>
                    <th scope="col">{t(w::WEBHOOKS_STATE)}</th>
                    <th scope="col">{t(w::WEBHOOKS_EVENT)}</th>
                    <th scope="col" class="r">{t(w::WEBHOOKS_ATTEMPTS)}</th>
                    <th scope="col">{t(w::WEBHOOKS_LAST)}</th>
                    <th scope="col">{t(w::WEBHOOKS_NEXT)}</th>
                    <th><span class="sr">{t(w::WEBHOOKS_ACTIONS)}</span></th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </Table>
        <Pager summary=String::new() newest_href older_href/>
    }
    .into_any()
}

#[component]
fn DeliveryRow(delivery: Delivery, now: DateTime<Utc>, desk: Desk) -> impl IntoView {
    let toasts = use_toasts();
    let id = delivery.id;
    let look = move |_| {
        desk.shown.set(Some(id));
        desk.is_shown.set(true);
    };
    let resend = move |_| desk.act(toasts, t(w::WEBHOOKS_RESENT).to_owned(), resend_delivery(id));
    view! {
        <tr>
            <td class="nowrap">{delivery_badge(&delivery)}</td>
            <th scope="row"><code class="ltr">{delivery.kind.clone()}</code> <div class="small muted"><When at=delivery.occurred_at now/></div></th>
            <td class="r num">{format::n(i64::from(delivery.attempts))}</td>
            <td class="nowrap">{delivery.last_at.map(|at| view! { <RelativeTime at now/> })}</td>
            <td class="nowrap">{delivery.next_at.map(|at| view! { <When at now/> })}</td>
            <td class="fit r">
                <span class="row g1">
                    <Button size=ButtonSize::Small kind=ButtonKind::Ghost attr:aria-haspopup="dialog" on:click=look>{t(w::WEBHOOKS_LOOK)}</Button>
                    <Button size=ButtonSize::Small kind=ButtonKind::Ghost on:click=resend>{t(w::WEBHOOKS_RESEND)}</Button>
                </span>
            </td>
        </tr>
    }
    .into_any()
}

fn delivery_badge(delivery: &Delivery) -> AnyView {
    let (tone, word) = match delivery.state {
        DeliveryState::Delivered => (Tone::Ok, w::WEBHOOKS_DELIVERED),
        DeliveryState::Pending if delivery.attempts > 0 => (Tone::Warn, w::WEBHOOKS_RETRYING),
        DeliveryState::Pending => (Tone::Neutral, w::WEBHOOKS_PENDING),
        DeliveryState::Failed => (Tone::Bad, w::WEBHOOKS_FAILED),
        DeliveryState::Cancelled => (Tone::Neutral, w::WEBHOOKS_CANCELLED),
    };
    let status = delivery.last_status.map(|status| view! { <span class="num muted">{status.to_string()}</span> });
    view! { <span class="row g1"><Badge tone>{t(word)}</Badge> {status}</span> }.into_any()
}

/// What was sent, and every attempt.
#[component]
pub(super) fn DeliveryDrawer(desk: Desk) -> impl IntoView {
    let sheet = Resource::new(
        move || (desk.is_shown.get(), desk.shown.get(), desk.changes.get()),
        |(is_shown, id, _)| async move {
            match id.filter(|_| is_shown) {
                Some(id) => read_delivery(id).await.map(Some),
                None => Ok(None),
            }
        },
    );
    view! {
        <Dialog open=desk.is_shown title=t(w::WEBHOOKS_DELIVERY).to_owned() shape=DialogShape::Drawer>
            <div class="body stack g4">
                <Loaded resource=sheet let:sheet>{sheet.map(|sheet| view! { <Sheet sheet/> })}</Loaded>
            </div>
        </Dialog>
    }
    .into_any()
}

#[component]
fn Sheet(sheet: DeliverySheet) -> impl IntoView {
    let now = sheet.now;
    let attempts = sheet.attempts.into_iter().map(|attempt| view! { <AttemptBlock attempt now/> }).collect_view();
    view! {
        <div class="row wrap">{delivery_badge(&sheet.delivery)} <code class="ltr small">{sheet.delivery.event.to_string()}</code></div>
        <Text title=t(w::WEBHOOKS_BODY) text=sheet.body/>
        {attempts}
    }
    .into_any()
}

#[component]
fn AttemptBlock(attempt: Attempt, now: DateTime<Utc>) -> impl IntoView {
    let is_fine = attempt.status.is_some_and(|status| (200..300).contains(&status));
    let tone = if is_fine { Tone::Ok } else { Tone::Bad };
    let status = attempt.status.map_or_else(|| t(w::WEBHOOKS_NO_ANSWER).to_owned(), |status| status.to_string());
    let head = format!("POST {}\n{}", attempt.url, attempt.request_head);
    view! {
        <section class="stack g2 webhook-attempt">
            <h3 class="row wrap">
                <Badge tone>{status}</Badge>
                <When at=attempt.at now/>
                <span class="num muted">{format!("{} ms", format::n(i64::from(attempt.took_ms)))}</span>
                {attempt.is_manual.then(|| view! { <span class="small muted">{t(w::WEBHOOKS_MANUAL)}</span> })}
            </h3>
            {attempt.error.map(|error| view! { <p class="t bad small" dir="ltr">{error}</p> })}
            <Text title=t(w::WEBHOOKS_REQUEST) text=head/>
            {(!attempt.response_head.is_empty()).then(|| view! { <Text title=t(w::WEBHOOKS_ANSWER) text=format!("{}\n{}", attempt.response_head, attempt.response_body)/> })}
        </section>
    }
    .into_any()
}

#[component]
fn Text(#[prop(into)] title: String, text: String) -> impl IntoView {
    let label = title.clone();
    view! {
        <div>
            <p class="small muted">{title}</p>
            <pre class="ltr webhook-text" tabindex="0" role="group" aria-label=label>{text}</pre>
        </div>
    }
    .into_any()
}
