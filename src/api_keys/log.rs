//! What came with keys in the last seven days. The key and the place in the list stand in the address.

use super::{model::*, page::took, rpc::list_requests};
use crate::{
    i18n::{t, words as w},
    kit::*,
    shared::ids::ApiKeyId,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// The log, of one key or of all.
#[component]
pub fn RequestCard(changes: RwSignal<u32>) -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        query.with(|query| {
            let key = query.get("key").and_then(|key| key.parse::<ApiKeyId>().ok());
            let before = query.get("before").and_then(|before| before.parse::<uuid::Uuid>().ok());
            (key, before)
        })
    });
    let requests = Resource::new(move || (asked.get(), changes.get()), |((key, before), _)| list_requests(key, before));
    let all = move || {
        let is_one = asked.get().0.is_some();
        is_one
            .then(|| view! { <LinkButton href="/settings/api-keys#requests" size=ButtonSize::Small>{t(w::API_KEYS_ALL_KEYS)}</LinkButton> })
    };
    view! {
        <section class="card" id="requests">
            <header class="wrap">
                <h2>{t(w::API_KEYS_REQUESTS)}</h2>
                <span class="muted small only-wide">{t(w::API_KEYS_REQUESTS_TEXT)}</span>
                <span class="end row g1">
                    {all}
                    <Button size=ButtonSize::Small icon=icondata::LuRotateCw on:click=move |_| requests.refetch()>{t(w::API_KEYS_REFRESH)}</Button>
                </span>
            </header>
            <Loaded resource=requests skeleton=rows_skeleton(5) let:requests>
                <RequestRows requests asked=asked.get_untracked()/>
            </Loaded>
        </section>
    }
    .into_any()
}

#[component]
fn RequestRows(requests: Requests, asked: (Option<ApiKeyId>, Option<uuid::Uuid>)) -> impl IntoView {
    let (key, before) = asked;
    if requests.items.is_empty() {
        return view! { <Empty kind=EmptyKind::Unused title=t(w::API_KEYS_NO_REQUESTS) text=t(w::API_KEYS_NO_REQUESTS_TEXT)/> }.into_any();
    }
    let base = key.map_or_else(|| "/settings/api-keys?".to_owned(), |key| format!("/settings/api-keys?key={key}&"));
    let older_href = requests.next.map(|next| format!("{base}before={next}#requests"));
    let newest_href = before.map(|_| format!("{}#requests", base.trim_end_matches(['?', '&'])));
    let now = requests.now;
    view! {
        <Table label=t(w::API_KEYS_REQUESTS)>
            <thead>
                <tr>
                    <th scope="col">{t(w::API_KEYS_STATUS)}</th>
                    <th scope="col">{t(w::API_KEYS_REQUEST)}</th>
                    <th scope="col">{t(w::API_KEYS_KEY)}</th>
                    <th scope="col" class="r">{t(w::API_KEYS_TOOK)}</th>
                    <th scope="col">{t(w::API_KEYS_AT)}</th>
                </tr>
            </thead>
            <tbody>
                {requests.items.into_iter().map(|line| view! { <RequestRow line now/> }).collect_view()}
            </tbody>
        </Table>
        <Pager summary=String::new() newest_href older_href/>
    }
    .into_any()
}

#[component]
fn RequestRow(line: RequestLine, now: chrono::DateTime<chrono::Utc>) -> impl IntoView {
    let tone = match line.status {
        ..400 => Tone::Ok,
        400..500 => Tone::Warn,
        _ => Tone::Bad,
    };
    view! {
        <tr>
            <td><Badge tone>{line.status.to_string()}</Badge></td>
            <td><code class="ltr" title=line.request_id>{line.method} " " {line.path}</code></td>
            <td class="muted">{line.key_name}</td>
            <td class="r num nowrap">{took(line.ms)}</td>
            <td class="nowrap"><When at=line.at now/></td>
        </tr>
    }
    .into_any()
}
