//! The log: every call, under a filter that lives in the address. Works before wasm: the filter is a form, the pages are links.

use super::{
    browser,
    dialogs::{CallButton, SimulateButton},
    filter,
    filter_bar::FilterBar,
    log::{
        Chosen, Pick, PickAll, SavedViews, SelectBar,
        model::LogRow,
        rpc::{read_desk, read_log},
    },
    model::CallFilter,
    parts::{CallRing, ContactAvatar, length_s},
    words,
};
use crate::{
    i18n::{format, t, t_count, t_with, words as w},
    kit::{Badge, Empty, EmptyKind, LinkButton, Loaded, PageFrame, PageShape, Pager, When, drawn_anew, may, rows_skeleton, single_keys_on},
    shared::{
        page::{Page, PageRequest},
        permission::Permission,
    },
    work::WorkBadge,
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
    let chosen = Chosen::new();
    let calls = Resource::new(
        move || (asked.get(), chosen.changes.get()),
        |((filter, page), _)| async move { read_log(filter, page).await.map(|page| (page, Utc::now())) },
    );
    let desk = Resource::new(move || chosen.changes.get(), |_| read_desk());
    // What was chosen is of the rows that were there.
    Effect::new(move || {
        asked.track();
        chosen.clear();
    });
    listen_to_keys(chosen);
    tidy_address(asked);
    view! {
        <PageFrame title=t(w::CALLS_TITLE) shape=PageShape::Flush>
            <div class="panes log">
                <section class="pane show">
                    <SavedViews filter=Memo::new(move |_| asked.with(|(filter, _)| filter.clone())) desk chosen/>
                    <FilterBar asked desk/>
                    <Loaded resource=calls skeleton=rows_skeleton(10) let((page, now))>
                        <Log page now asked=asked.get_untracked() chosen/>
                    </Loaded>
                    <SelectBar chosen desk/>
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

#[component]
fn Log(page: Page<LogRow>, now: DateTime<Utc>, asked: (CallFilter, PageRequest), chosen: Chosen) -> impl IntoView {
    let (filter, request) = asked;
    let shown: Vec<_> = page.items.iter().map(|row| row.card.id).collect();
    Effect::new(move || chosen.shown(shown.clone()));
    if page.items.is_empty() {
        return view! { <div class="scroll"><Nothing filter is_first_page=request.after.is_none()/></div> }.into_any();
    }
    let count = page.items.len() as i64;
    let newest_href = request.after.is_some().then(|| filter::address("/calls", &filter, None));
    let older_href = page.next.as_deref().map(|next| filter::address("/calls", &filter, Some(next)));
    let picks = chosen.is_of_use;
    let items = page.items;
    let rows = move || items.iter().cloned().map(|row| view! { <Row row now chosen picks/> }).collect_view().into_any();
    let rows = drawn_anew(chosen.draws, rows);
    view! {
        <div class="scroll table-wrap log-table" tabindex="0" role="region" aria-label=t(w::CALLS_LOG)>
            <table class="table" aria-label=t(w::CALLS_LOG)>
                <thead>
                    <tr>
                        {picks.then(|| view! { <th scope="col" class="fit pick"><PickAll chosen/></th> })}
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

/// One call. The contact is the link; the whole row is its target, but for the box that chooses it.
#[component]
fn Row(row: LogRow, now: DateTime<Utc>, chosen: Chosen, picks: bool) -> impl IntoView {
    let LogRow { card, tags, is_unread, work, found } = row;
    let id = card.id;
    let (name, number) = (words::contact(&card), words::contact_number(&card));
    let under = number.unwrap_or_else(|| t(words::direction_word(card.direction)).to_owned());
    let said = card.summary.clone().filter(|text| !text.is_empty()).or_else(|| card.last_line.clone());
    let line = found.as_ref().and_then(|found| found.seq).map(|seq| format!("#line-{seq}")).unwrap_or_default();
    let href = if card.status.is_over() { format!("/calls/{id}{line}") } else { format!("/live/{id}") };
    let length = length_s(&card).filter(|seconds| *seconds > 0).map(format::timer);
    let (assistant, at) = (card.assistant_name.clone(), card.created_at);
    let said = match found {
        Some(found) => found
            .pieces
            .into_iter()
            .map(|piece| if piece.is_hit { view! { <mark>{piece.text}</mark> }.into_any() } else { piece.text.into_any() })
            .collect_view()
            .into_any(),
        None => said.into_any(),
    };
    let pick_label = t_with(w::LOG_PICK, &[("name", &name)]);
    let card = Signal::stored(card);
    view! {
        <tr class="log-row" data-unread=is_unread.then_some("") data-picked=move || chosen.has(id).then_some("")>
            {picks.then(|| view! { <td class="fit pick"><Pick id label=pick_label chosen/></td> })}
            <td class="fill">
                <a href=href class="row log-link" on:focus=move |_| chosen.look_at(id)>
                    <ContactAvatar card/>
                    <span class="clip">
                        <b class="clip">{name}</b>
                        <span class="small muted">{under}</span>
                    </span>
                    {is_unread.then(|| view! { <span class="unread-dot"><span class="sr">{t(w::LOG_UNREAD)}</span></span> })}
                </a>
            </td>
            <td class="opt">
                <span class="log-said" dir="auto">{said}</span>
                {(!tags.is_empty() || work.is_some()).then(|| view! { <span class="log-tags">{work.map(|work| view! { <WorkBadge work/> })}{tags.into_iter().map(|tag| view! { <Badge>{tag.name}</Badge> }).collect_view()}</span> })}
            </td>
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

/// `j` and `k` go through the rows, Enter opens, since a row is a link; `x` chooses, with shift all rows since the last; `a` gives them to somebody; Escape lets go.
fn listen_to_keys(chosen: Chosen) {
    Effect::new(move || {
        let keys = window_event_listener(ev::keydown, move |event| {
            let plain = !event.ctrl_key() && !event.meta_key() && !event.alt_key() && !event.default_prevented();
            if !plain || browser::keys_are_taken() && !browser::has_key_focus(".pick") {
                return;
            }
            match event.key().as_str() {
                "Escape" => chosen.clear(),
                _ if !single_keys_on() => {}
                "j" => browser::focus_step(".log-link", true),
                "k" => browser::focus_step(".log-link", false),
                "x" => chosen.pick_seen(false),
                "X" => chosen.pick_seen(true),
                "a" => chosen.give(),
                _ => {}
            }
        });
        on_cleanup(move || keys.remove());
    });
}
