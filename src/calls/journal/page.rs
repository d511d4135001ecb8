//! `/settings/webhooks/incoming`: what came to our address, why some of it was turned away, and mending what could not be applied. The filter and
//! the place in the list stand in the address.

use super::{
    dialogs::{ReplayDialog, SheetDrawer},
    model::*,
    rpc::list_hooks,
    words::state_word,
};
use crate::{
    account::{settings_tabs, webhook_tabs},
    i18n::{format, t, t_count, words as w},
    integrations::parts::delivery_reason,
    kit::*,
    shared::ids::HookId,
};
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use leptos_router::{components::Form, hooks::use_query_map};

pub(super) const PATH: &str = "/settings/webhooks/incoming";

/// What is open on the page, and how often something was written.
#[derive(Clone, Copy)]
pub(super) struct Desk {
    /// The delivery that is looked at.
    pub shown: RwSignal<Option<HookId>>,
    pub is_shown: RwSignal<bool>,
    /// What is to be applied once more.
    pub replayed: RwSignal<Option<Which>>,
    pub is_replaying: RwSignal<bool>,
    pub changes: RwSignal<u32>,
    draws: StoredValue<u128>,
}

impl Desk {
    /// Shows what applying these once more would change.
    pub fn try_replay(self, which: Which) {
        self.is_shown.set(false);
        self.replayed.set(Some(which));
        self.is_replaying.set(true);
    }
}

/// The filter and the cursor of an address.
fn of_address(query: &leptos_router::params::ParamsMap) -> (HookForm, Option<HookId>) {
    let given = |name: &str| query.get(name).unwrap_or_default();
    let form = HookForm { state: given("state"), kind: given("kind"), call: given("call"), from: given("from"), until: given("until") };
    (form, query.get("before").and_then(|id| id.parse().ok()))
}

fn href(form: &HookForm, before: Option<HookId>) -> String {
    let before = before.map(|id| id.to_string());
    let pairs = form.pairs().into_iter().chain(before.as_deref().map(|before| ("before", before)));
    let query: Vec<String> = pairs.map(|(name, value)| format!("{name}={}", crate::calls::filter::escape(value))).collect();
    if query.is_empty() { PATH.to_owned() } else { format!("{PATH}?{}", query.join("&")) }
}

/// The journal of incoming webhooks.
#[component]
pub fn JournalPage() -> impl IntoView {
    let closed = || RwSignal::new(false);
    let desk = Desk {
        shown: RwSignal::new(None),
        is_shown: closed(),
        replayed: RwSignal::new(None),
        is_replaying: closed(),
        changes: RwSignal::new(0),
        draws: StoredValue::new(0),
    };
    let query = use_query_map();
    let asked = Memo::new(move |_| query.with(of_address));
    let found = Resource::new(move || (asked.get(), desk.changes.get()), |((form, before), _)| list_hooks(form, before));
    let replay = move |_| desk.try_replay(Which::Range(range_of(asked.get_untracked().0), None));
    view! {
        <PageFrame title=t(w::ACCOUNT_SETTINGS)>
            <LinkTabs label=t(w::ACCOUNT_SETTINGS) tabs=settings_tabs("/settings/webhooks")/>
            <LinkTabs label=t(w::ACCOUNT_TAB_WEBHOOKS) tabs=webhook_tabs(PATH)/>
            <PageHead title=t(w::JOURNAL_TITLE) text=t(w::JOURNAL_TEXT)>
                <Button icon=icondata::LuRotateCcw attr:aria-haspopup="dialog" on:click=replay>{t(w::JOURNAL_REPLAY_MANY)}</Button>
            </PageHead>
            <section class="card">
                <header class="wrap">
                    <h2>{t(w::JOURNAL_CAME)}</h2>
                    <span class="end">
                        <Button size=ButtonSize::Small icon=icondata::LuRotateCw on:click=move |_| found.refetch()>{t(w::JOURNAL_REFRESH)}</Button>
                    </span>
                </header>
                {move || view! { <Filter form=asked.get().0/> }}
                <Loaded resource=found skeleton=rows_skeleton(8) let:page>
                    {
                        let (form, before) = asked.get_untracked();
                        drawn_anew(desk.draws, move || view! { <Rows page=page.clone() form=form.clone() is_first=before.is_none() desk/> }.into_any())
                    }
                </Loaded>
            </section>
            <SheetDrawer desk/>
            <ReplayDialog desk/>
        </PageFrame>
    }
    .into_any()
}

/// What was set aside, in the time and of the kind that is looked at; what was applied where just that is looked at.
fn range_of(form: HookForm) -> HookForm {
    let state = if form.state == HookState::Applied.name() { HookState::Applied } else { HookState::Dead };
    HookForm { state: state.name().to_owned(), ..form }
}

#[component]
fn Filter(form: HookForm) -> impl IntoView {
    let is_set = form != HookForm::default();
    let mut states = vec![(String::new(), t(w::JOURNAL_ALL).to_owned())];
    states.extend(HookState::ALL.iter().map(|state| (state.name().to_owned(), t(state_word(*state).1).to_owned())));
    view! {
        <details class="journal-search" open=is_set>
            <summary class="small">{t(w::JOURNAL_SEARCH)}</summary>
            <Form method="get" action=PATH attr:class="journal-filter" attr:role="search" attr:aria-label=t(w::JOURNAL_SEARCH)>
                <Select name="state" label=t(w::JOURNAL_STATE) options=states value=form.state/>
                <TextInput name="kind" label=t(w::JOURNAL_KIND) placeholder="status-update" value=form.kind maxlength=60_u32/>
                <TextInput name="call" label=t(w::JOURNAL_CALL) value=form.call maxlength=100_u32/>
                <TextInput name="from" kind="datetime-local" label=t(w::JOURNAL_FROM) value=form.from/>
                <TextInput name="until" kind="datetime-local" label=t(w::JOURNAL_UNTIL) value=form.until/>
                <div class="row wrap">
                    <Button submit=true icon=icondata::LuListFilter>{t(w::JOURNAL_FILTER)}</Button>
                    {is_set.then(|| view! { <a class="small muted" href=PATH>{t(w::JOURNAL_CLEAR)}</a> })}
                </div>
            </Form>
        </details>
    }
    .into_any()
}

#[component]
fn Rows(page: HookPage, form: HookForm, is_first: bool, desk: Desk) -> impl IntoView {
    if page.items.is_empty() {
        return if form != HookForm::default() || !is_first {
            view! {
                <Empty kind=EmptyKind::NoMatch title=t(w::JOURNAL_NO_MATCH)>
                    <LinkButton href=PATH>{t(w::JOURNAL_CLEAR)}</LinkButton>
                </Empty>
            }
            .into_any()
        } else {
            view! { <Empty kind=EmptyKind::Unused title=t(w::JOURNAL_EMPTY) text=t(w::JOURNAL_EMPTY_TEXT)/> }.into_any()
        };
    }
    let now = page.now;
    let older_href = page.next.map(|before| href(&form, Some(before)));
    let newest_href = (!is_first).then(|| href(&form, None));
    view! {
        <Table label=t(w::JOURNAL_CAME)>
            <thead>
                <tr>
                    <th scope="col">{t(w::JOURNAL_STATE)}</th>
                    <th scope="col">{t(w::JOURNAL_KIND)}</th>
                    <th scope="col">{t(w::JOURNAL_WHY)}</th>
                    <th scope="col">{t(w::JOURNAL_CALL)}</th>
                    <th scope="col">{t(w::JOURNAL_AT)}</th>
                    <th><span class="sr">{t(w::JOURNAL_ACTIONS)}</span></th>
                </tr>
            </thead>
            <tbody>{page.items.into_iter().map(|row| view! { <Row row now desk/> }).collect_view()}</tbody>
        </Table>
        <Pager summary=String::new() newest_href older_href/>
    }
    .into_any()
}

#[component]
fn Row(row: HookRow, now: DateTime<Utc>, desk: Desk) -> impl IntoView {
    let id = row.id;
    let look = move |_| {
        desk.shown.set(Some(id));
        desk.is_shown.set(true);
    };
    let (tone, word) = state_word(row.state);
    let times =
        (row.times > 1).then(|| view! { <span class="small muted nowrap">{t_count(w::JOURNAL_TIMES, i64::from(row.times))}</span> });
    let call = match (row.call, row.call_ref.clone()) {
        (Some(call), _) => view! { <a href=format!("/calls/{call}")>{t(w::JOURNAL_TO_CALL)}</a> }.into_any(),
        (None, Some(call_ref)) => view! { <code class="ltr small clip">{call_ref}</code> }.into_any(),
        (None, None) => "—".into_any(),
    };
    let when = row.last_at.unwrap_or(row.at);
    view! {
        <tr>
            <td class="nowrap"><Badge tone>{t(word)}</Badge></td>
            <th scope="row"><code class="ltr">{row.kind.clone().unwrap_or_else(|| "—".to_owned())}</code></th>
            <td><span class="row g1 wrap">{row.reason.as_deref().map(delivery_reason)} {times}</span></td>
            <td>{call}</td>
            <td class="nowrap"><When at=when now/></td>
            <td class="fit r">
                <Button size=ButtonSize::Small kind=ButtonKind::Ghost attr:aria-haspopup="dialog" on:click=look>{t(w::JOURNAL_LOOK)}</Button>
            </td>
        </tr>
    }
    .into_any()
}

/// How large a body is.
pub(super) fn bytes(n: i32) -> String {
    crate::i18n::t_with(w::JOURNAL_BYTES, &[("n", &format::n(i64::from(n)))])
}
