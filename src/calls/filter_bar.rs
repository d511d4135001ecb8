//! The filter of the log: a search that answers while one types, chips for what is set, and a form for the rest.

use super::{
    filter,
    model::{AssistantChoice, CallFilter, CallStatus, Outcome},
    rpc::list_assistant_choices,
    words,
};
use crate::{
    i18n::{format, t, use_locale, words as w},
    kit::{Button, ButtonKind, ButtonSize, FilterChip, Icon, may},
    shared::{page::PageRequest, permission::Permission},
};
use leptos::{ev, html, prelude::*};
use leptos_router::{NavigateOptions, components::Form, hooks::use_navigate};
use std::time::Duration;

/// How long a pause in typing is before the search goes out.
const PAUSE: Duration = Duration::from_millis(300);

/// The search, the chips and the form.
#[component]
pub fn FilterBar(asked: Memo<(CallFilter, PageRequest)>) -> impl IntoView {
    let filter = Memo::new(move |_| asked.with(|(filter, _)| filter.clone()));
    let assistants = Resource::new(|| (), |()| async { list_assistant_choices().await.unwrap_or_default() });
    let may_export = may(Permission::CallsExport);
    view! {
        <div class="filters log-filters">
            <Search filter/>
            <Suspense>
                {move || Suspend::new(async move {
                    let choices = assistants.await;
                    view! {
                        {
                            let choices = choices.clone();
                            move || view! { <More filter=filter.get() choices=choices.clone()/> }
                        }
                        {move || view! { <Chips filter=filter.get() choices=choices.clone()/> }}
                    }
                })}
            </Suspense>
            {may_export
                .then(|| {
                    let href = move || filter.with(|filter| filter::address("/calls/export.csv", filter, None));
                    view! {
                        <a class="btn ghost sm end" href=href download="" rel="external">
                            <Icon icon=icondata::LuDownload small=true/>
                            {t(w::CALLS_EXPORT)}
                        </a>
                    }
                })}
        </div>
    }
    .into_any()
}

/// Words of the transcript, a name or a number. A form that keeps the rest of the filter; with wasm it does not wait to be sent.
#[component]
fn Search(filter: Memo<CallFilter>) -> impl IntoView {
    let typed = RwSignal::new(filter.with_untracked(|filter| filter.q.clone().unwrap_or_default()));
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    let navigate = use_navigate();
    let stop = move || {
        if let Some(timer) = waiting.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    };
    // The address changed by other means: back, a chip, a view.
    Effect::new(move || {
        let asked = filter.with(|filter| filter.q.clone().unwrap_or_default());
        if typed.get_untracked().trim() != asked {
            typed.set(asked);
        }
    });
    let go = StoredValue::new(move || {
        let q = Some(typed.get_untracked().trim().to_owned()).filter(|q| !q.is_empty());
        let wanted = CallFilter { q, ..filter.get_untracked() };
        if wanted != filter.get_untracked() {
            // One step back leads before the search, not through each letter.
            let options =
                NavigateOptions { replace: filter.with_untracked(|filter| filter.q.is_some()), scroll: false, ..Default::default() };
            navigate(&filter::address("/calls", &wanted, None), options);
        }
    });
    let input = move |event: ev::Event| {
        typed.set(event_target_value(&event));
        stop();
        waiting.set_value(set_timeout_with_handle(move || go.with_value(|go| go()), PAUSE).ok());
    };
    on_cleanup(stop);
    let rest = move || {
        let rest = CallFilter { q: None, ..filter.get() };
        filter::pairs(&rest).into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value/> }).collect_view()
    };
    view! {
        <Form method="get" action="/calls" attr:class="log-search" attr:role="search">
            {rest}
            <div class="group">
                <Icon icon=icondata::LuSearch small=true/>
                <input
                    class="input"
                    type="search"
                    name="q"
                    aria-label=t(w::CALLS_SEARCH)
                    placeholder=t(w::CALLS_SEARCH_PLACEHOLDER)
                    value=typed.get_untracked()
                    prop:value=move || typed.get()
                    on:input=input
                />
            </div>
        </Form>
    }
    .into_any()
}

/// What is set, each with the way to take it off.
#[component]
fn Chips(filter: CallFilter, choices: Vec<AssistantChoice>) -> impl IntoView {
    let locale = use_locale();
    let chip = |name: &'static str, value: String, without: CallFilter| {
        view! { <FilterChip name value remove_href=filter::address("/calls", &without, None)/> }
    };
    let day = |day| format::date(locale, day);
    let name_of = |id| {
        choices.iter().find(|choice| choice.id == id).map_or_else(|| t(w::CALLS_ASSISTANT_GONE).to_owned(), |choice| choice.name.clone())
    };
    view! {
        {filter.status.map(|status| chip(t(w::CALLS_STATUS), t(words::status_word(status)).to_owned(), CallFilter { status: None, ..filter.clone() }))}
        {filter.outcome.map(|outcome| chip(t(w::CALLS_OUTCOME), t(words::outcome_word(outcome)).to_owned(), CallFilter { outcome: None, ..filter.clone() }))}
        {filter.direction.map(|direction| chip(t(w::CALLS_DIRECTION), t(words::direction_word(direction)).to_owned(), CallFilter { direction: None, ..filter.clone() }))}
        {filter.assistant.map(|id| chip(t(w::CALLS_ASSISTANT), name_of(id), CallFilter { assistant: None, ..filter.clone() }))}
        {filter.from.map(|from| chip(t(w::CALLS_FROM), day(from), CallFilter { from: None, ..filter.clone() }))}
        {filter.to.map(|to| chip(t(w::CALLS_TO), day(to), CallFilter { to: None, ..filter.clone() }))}
        {filter::is_set(&filter).then(|| view! { <a class="small muted" href="/calls">{t(w::CALLS_CLEAR)}</a> })}
    }
    .into_any()
}

/// The rest of the filter, behind a chip.
#[component]
fn More(filter: CallFilter, choices: Vec<AssistantChoice>) -> impl IntoView {
    let any = || (String::new(), t(w::CALLS_ANY).to_owned());
    let with_any = |rest: Vec<(String, String)>| std::iter::once(any()).chain(rest).collect::<Vec<_>>();
    let statuses = with_any(CallStatus::ALL.iter().map(|status| (status.to_string(), t(words::status_word(*status)).to_owned())).collect());
    let outcomes =
        with_any(Outcome::ALL.iter().map(|outcome| (outcome.to_string(), t(words::outcome_word(*outcome)).to_owned())).collect());
    let directions = with_any(
        filter::DIRECTIONS.iter().map(|direction| (direction.to_string(), t(words::direction_word(*direction)).to_owned())).collect(),
    );
    let assistants = with_any(choices.into_iter().map(|choice| (choice.id.to_string(), choice.name)).collect());
    let given = |value: Option<String>| value.unwrap_or_default();
    // Drawn again for each filter, but in the same element: what was asked for is answered beside it.
    let node = NodeRef::<html::Details>::new();
    Effect::new(move || {
        if let Some(details) = node.get() {
            let _ = details.remove_attribute("open"); // a name that exists
        }
    });
    view! {
        <details class="more-filters" node_ref=node>
            <summary class="chip add"><Icon icon=icondata::LuListFilter small=true/>{t(w::CALLS_FILTER)}</summary>
            <Form method="get" action="/calls" attr:class="filter-panel stack">
                {filter.q.clone().map(|q| view! { <input type="hidden" name="q" value=q/> })}
                <Choice name="status" label=t(w::CALLS_STATUS) options=statuses value=given(filter.status.map(|status| status.to_string()))/>
                <Choice name="outcome" label=t(w::CALLS_OUTCOME) options=outcomes value=given(filter.outcome.map(|outcome| outcome.to_string()))/>
                <Choice name="direction" label=t(w::CALLS_DIRECTION) options=directions value=given(filter.direction.map(|direction| direction.to_string()))/>
                <Choice name="assistant" label=t(w::CALLS_ASSISTANT) options=assistants value=given(filter.assistant.map(|id| id.to_string()))/>
                <div class="row g2 days">
                    <label class="field"><span class="label">{t(w::CALLS_FROM)}</span><input class="input" type="date" name="from" value=given(filter.from.map(|day| day.to_string()))/></label>
                    <label class="field"><span class="label">{t(w::CALLS_TO)}</span><input class="input" type="date" name="to" value=given(filter.to.map(|day| day.to_string()))/></label>
                </div>
                <Button kind=ButtonKind::Dark size=ButtonSize::Small submit=true wide=true>{t(w::CALLS_APPLY)}</Button>
            </Form>
        </details>
    }
    .into_any()
}

#[component]
fn Choice(name: &'static str, label: &'static str, options: Vec<(String, String)>, value: String) -> impl IntoView {
    let items = options
        .into_iter()
        .map(|(key, words)| {
            let chosen = key == value;
            view! { <option value=key selected=chosen>{words}</option> }
        })
        .collect_view();
    view! { <label class="field"><span class="label">{label}</span><select class="input" name=name>{items}</select></label> }.into_any()
}
