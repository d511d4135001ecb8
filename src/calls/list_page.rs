//! The log: every call, under a filter that lives in the address. Works before wasm: the filter is a form, the pages are links.

use super::{
    browser,
    dialogs::{CallButton, SimulateButton},
    filter,
    filter_bar::FilterBar,
    model::{CallCard, CallFilter},
    parts::{CallRing, ContactAvatar, length_s},
    rpc::list_calls,
    words,
};
use crate::{
    i18n::{format, t, t_count, words as w},
    kit::{Empty, EmptyKind, LinkButton, LinkTabs, Loaded, PageFrame, PageShape, Pager, When, may, rows_skeleton, single_keys_on},
    shared::{
        page::{Page, PageRequest},
        permission::Permission,
    },
};
use chrono::{DateTime, Utc};
use leptos::{ev, prelude::*};
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate, use_query_map},
};

/// `/calls`.
#[component]
pub fn CallsPage() -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| query.with(filter::of_address));
    let calls =
        Resource::new(move || asked.get(), |(filter, page)| async move { list_calls(filter, page).await.map(|page| (page, Utc::now())) });
    listen_to_keys();
    tidy_address(asked);
    view! {
        <PageFrame title=t(w::CALLS_TITLE) shape=PageShape::Flush>
            <div class="panes log">
                <section class="pane show">
                    {move || view! { <Views filter=asked.with(|(filter, _)| filter.clone())/> }}
                    <FilterBar asked/>
                    <Loaded resource=calls skeleton=rows_skeleton(10) let((page, now))>
                        <Log page now asked=asked.get_untracked()/>
                    </Loaded>
                </section>
            </div>
        </PageFrame>
    }
    .into_any()
}

/// The form of the filter sends every field, asked for or not: the address keeps only what is, so that it can be read and shared.
fn tidy_address(asked: Memo<(CallFilter, PageRequest)>) {
    let search = use_location().search;
    let navigate = use_navigate();
    Effect::new(move || {
        if search.with(|search| search.split('&').any(|pair| pair.ends_with('='))) {
            let tidy = asked.with_untracked(|(filter, page)| filter::address("/calls", filter, page.after.as_deref()));
            navigate(&tidy, NavigateOptions { replace: true, scroll: false, ..Default::default() });
        }
    });
}

/// The ready-made views, as tabs that are addresses.
#[component]
fn Views(filter: CallFilter) -> impl IntoView {
    let tabs = filter::views(&filter)
        .into_iter()
        .map(|(outcome, is_live, view)| {
            let words = match (outcome, is_live) {
                (Some(outcome), _) => words::outcome_word(outcome),
                (None, true) => w::CALLS_STATUS_LIVE,
                (None, false) => w::CALLS_VIEW_ALL,
            };
            (filter::address("/calls", &view, None), t(words).to_owned(), view == filter)
        })
        .collect::<Vec<_>>();
    view! { <LinkTabs label=t(w::CALLS_VIEWS) tabs/> }.into_any()
}

#[component]
fn Log(page: Page<CallCard>, now: DateTime<Utc>, asked: (CallFilter, PageRequest)) -> impl IntoView {
    let (filter, request) = asked;
    if page.items.is_empty() {
        return view! { <div class="scroll"><Nothing filter is_first_page=request.after.is_none()/></div> }.into_any();
    }
    let count = page.items.len() as i64;
    let newest_href = request.after.is_some().then(|| filter::address("/calls", &filter, None));
    let older_href = page.next.as_deref().map(|next| filter::address("/calls", &filter, Some(next)));
    let rows = page.items.into_iter().map(|card| view! { <Row card now/> }).collect_view();
    view! {
        <div class="scroll table-wrap log-table" tabindex="0" role="region" aria-label=t(w::CALLS_LOG)>
            <table class="table" aria-label=t(w::CALLS_LOG)>
                <thead>
                    <tr>
                        <th scope="col">{t(w::CALLS_CONTACT)}</th>
                        <th scope="col" class="opt">{t(w::CALLS_SAID)}</th>
                        <th scope="col">{t(w::CALLS_OUTCOME)}</th>
                        <th scope="col" class="opt2">{t(w::CALLS_ASSISTANT)}</th>
                        <th scope="col" class="r opt3">{t(w::CALLS_LENGTH)}</th>
                        <th scope="col" class="r" aria-sort="descending">{t(w::CALLS_TIME)}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <Pager summary=t_count(w::CALLS_ON_PAGE, count) newest_href older_href/>
    }
    .into_any()
}

/// One call. The contact is the link; the whole row is its target.
#[component]
fn Row(card: CallCard, now: DateTime<Utc>) -> impl IntoView {
    let (name, number) = (words::contact(&card), words::contact_number(&card));
    let under = number.unwrap_or_else(|| t(words::direction_word(card.direction)).to_owned());
    let said = card.summary.clone().filter(|text| !text.is_empty()).or_else(|| card.last_line.clone());
    let href = if card.status.is_over() { format!("/calls/{}", card.id) } else { format!("/live/{}", card.id) };
    let length = length_s(&card).filter(|seconds| *seconds > 0).map(format::timer);
    let (assistant, at) = (card.assistant_name.clone(), card.created_at);
    let card = Signal::stored(card);
    view! {
        <tr class="log-row">
            <td class="fill">
                <a href=href class="row log-link">
                    <ContactAvatar card/>
                    <span class="clip">
                        <b class="clip">{name}</b>
                        <span class="small muted">{under}</span>
                    </span>
                </a>
            </td>
            <td class="opt"><span class="log-said" dir="auto">{said}</span></td>
            <td class="fit"><CallRing card/></td>
            <td class="fit opt2 muted">{assistant}</td>
            <td class="r fit num opt3">{length}</td>
            <td class="r fit muted"><When at now/></td>
        </tr>
    }
    .into_any()
}

/// No calls yet, none under this filter, or none further back.
#[component]
fn Nothing(filter: CallFilter, is_first_page: bool) -> impl IntoView {
    if filter::is_set(&filter) || !is_first_page {
        return view! {
            <Empty kind=EmptyKind::NoMatch title=t(w::CALLS_NO_MATCH_TITLE) text=t(w::CALLS_NO_MATCH_TEXT)>
                <LinkButton href="/calls">{t(w::CALLS_CLEAR)}</LinkButton>
            </Empty>
        }
        .into_any();
    }
    let may_start = may(Permission::CallsStart);
    view! {
        <Empty kind=EmptyKind::Unused title=t(w::CALLS_UNUSED_TITLE) text=t(w::CALLS_UNUSED_TEXT)>
            {may_start.then(|| view! { <SimulateButton primary=true/><CallButton/> })}
        </Empty>
    }
    .into_any()
}

/// `j` and `k` go through the rows; Enter opens, since a row is a link.
fn listen_to_keys() {
    Effect::new(move || {
        let keys = window_event_listener(ev::keydown, move |event| {
            let plain = !event.ctrl_key() && !event.meta_key() && !event.alt_key() && !event.default_prevented();
            if !plain || browser::keys_are_taken() || !single_keys_on() {
                return;
            }
            match event.key().as_str() {
                "j" => browser::focus_step(".log-link", true),
                "k" => browser::focus_step(".log-link", false),
                _ => {}
            }
        });
        on_cleanup(move || keys.remove());
    });
}
