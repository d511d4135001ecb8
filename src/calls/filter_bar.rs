//! The filter of the log: a search that answers while one types, chips for what is set, and a form for the rest.

use super::{
    analysis::{model::Part, words::claimed},
    filter,
    log::model::Desk,
    model::{Answered, AssistantChoice, CallFilter, CallStatus, OPEN_QUESTION, Outcome, Seen},
    rpc::list_assistant_choices,
    words,
};
use crate::{
    i18n::{Key, format, t, t_with, use_locale, words as w},
    kit::{Button, ButtonKind, ButtonSize, FilterChip, Icon, may},
    shared::{
        error::AppError,
        ids::{AssistantId, NumberId},
        page::PageRequest,
        permission::Permission,
    },
    work::{assignee_words, filter_options, model::WorkStatus, status_key},
};
use leptos::{ev, html, prelude::*};
use leptos_router::{NavigateOptions, components::Form, hooks::use_navigate};
use std::time::Duration;

/// How long a pause in typing is before the search goes out.
const PAUSE: Duration = Duration::from_millis(300);

/// The search, the chips and the form.
#[component]
pub fn FilterBar(asked: Memo<(CallFilter, PageRequest)>, desk: Resource<Result<Desk, AppError>>) -> impl IntoView {
    let filter = Memo::new(move |_| asked.with(|(filter, _)| filter.clone()));
    let assistants = Resource::new(|| (), |()| async { list_assistant_choices().await.unwrap_or_default() });
    let may_export = may(Permission::CallsExport);
    view! {
        <div class="filters log-filters">
            <Search filter/>
            <Suspense>
                {move || Suspend::new(async move {
                    let (choices, desk) = (assistants.await, desk.await.unwrap_or_default());
                    view! {
                        {
                            let (choices, desk) = (choices.clone(), desk.clone());
                            move || view! { <More filter=filter.get() choices=choices.clone() desk=desk.clone()/> }
                        }
                        {move || view! { <Chips filter=filter.get() choices=choices.clone() desk=desk.clone()/> }}
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
fn Chips(filter: CallFilter, choices: Vec<AssistantChoice>, desk: Desk) -> impl IntoView {
    let locale = use_locale();
    let chip = |name: &'static str, value: String, without: CallFilter| {
        view! { <FilterChip name value remove_href=filter::address("/calls", &without, None)/> }
    };
    let day = |day| format::date(locale, day);
    let number_of = |id: NumberId| match desk.numbers.iter().find(|(known, _)| *known == id) {
        Some((_, name)) => name.clone(),
        None => t(if id.0.is_nil() { w::FIGURES_NOBODY } else { w::FIGURES_NUMBER_GONE }).to_owned(),
    };
    let tag_of = |id| desk.tags.iter().find(|tag| tag.id == id).map_or_else(|| t(w::LOG_TAG_GONE).to_owned(), |tag| tag.name.clone());
    let name_of = |id: AssistantId| {
        if id.0.is_nil() {
            return t(w::FIGURES_NOBODY).to_owned();
        }
        choices.iter().find(|choice| choice.id == id).map_or_else(|| t(w::CALLS_ASSISTANT_GONE).to_owned(), |choice| choice.name.clone())
    };
    view! {
        {filter.status.map(|status| chip(t(w::CALLS_STATUS), t(words::status_word(status)).to_owned(), CallFilter { status: None, ..filter.clone() }))}
        {filter.outcome.map(|outcome| chip(t(w::CALLS_OUTCOME), t(words::outcome_word(outcome)).to_owned(), CallFilter { outcome: None, ..filter.clone() }))}
        {filter.direction.map(|direction| chip(t(w::CALLS_DIRECTION), t(words::direction_word(direction)).to_owned(), CallFilter { direction: None, ..filter.clone() }))}
        {filter.assistant.map(|id| chip(t(w::CALLS_ASSISTANT), name_of(id), CallFilter { assistant: None, ..filter.clone() }))}
        {filter.number.map(|id| chip(t(w::LOG_NUMBER), number_of(id), CallFilter { number: None, ..filter.clone() }))}
        {filter.answered.map(|answered| chip(t(w::LOG_ANSWERED), t(answered_word(answered)).to_owned(), CallFilter { answered: None, ..filter.clone() }))}
        {filter.tag.map(|id| chip(t(w::LOG_TAG), tag_of(id), CallFilter { tag: None, ..filter.clone() }))}
        {filter.found.as_deref().map(|mark| chip(t(w::LOG_FOUND), found_words(mark), CallFilter { found: None, ..filter.clone() }))}
        {filter.seen.map(|_| chip(t(w::LOG_READING), t(w::LOG_UNREAD).to_owned(), CallFilter { seen: None, ..filter.clone() }))}
        {filter.assignee.map(|who| chip(t(w::WORK_FOR), assignee_words(who, &desk.hands), CallFilter { assignee: None, ..filter.clone() }))}
        {filter.work.map(|status| chip(t(w::WORK_STANDS), t(status_key(status)).to_owned(), CallFilter { work: None, ..filter.clone() }))}
        {filter.from.map(|from| chip(t(w::CALLS_FROM), day(from), CallFilter { from: None, ..filter.clone() }))}
        {filter.to.map(|to| chip(t(w::CALLS_TO), day(to), CallFilter { to: None, ..filter.clone() }))}
        {filter::is_set(&filter).then(|| view! { <a class="small muted" href="/calls">{t(w::CALLS_CLEAR)}</a> })}
    }
    .into_any()
}

/// The rest of the filter, behind a chip.
#[component]
fn More(filter: CallFilter, choices: Vec<AssistantChoice>, desk: Desk) -> impl IntoView {
    let any = || (String::new(), t(w::CALLS_ANY).to_owned());
    let with_any = |rest: Vec<(String, String)>| std::iter::once(any()).chain(rest).collect::<Vec<_>>();
    let statuses = with_any(CallStatus::ALL.iter().map(|status| (status.to_string(), t(words::status_word(*status)).to_owned())).collect());
    let outcomes =
        with_any(Outcome::ALL.iter().map(|outcome| (outcome.to_string(), t(words::outcome_word(*outcome)).to_owned())).collect());
    let directions = with_any(
        filter::DIRECTIONS.iter().map(|direction| (direction.to_string(), t(words::direction_word(*direction)).to_owned())).collect(),
    );
    let numbers = with_any(desk.numbers.into_iter().map(|(id, name)| (id.to_string(), name)).collect());
    let answers = with_any(Answered::ALL.iter().map(|answered| (answered.to_string(), t(answered_word(*answered)).to_owned())).collect());
    let tags = with_any(desk.tags.into_iter().map(|tag| (tag.id.to_string(), tag.name)).collect());
    let marks = filter::FOUND_PARTS
        .iter()
        .flat_map(|part| part.codes().iter().map(move |code| format!("{}:{code}", part.name())))
        .chain([OPEN_QUESTION.to_owned()])
        .map(|mark| (mark.clone(), found_words(&mark)))
        .collect();
    let (marks, seen) = (with_any(marks), with_any(vec![(Seen::No.to_string(), t(w::LOG_UNREAD).to_owned())]));
    let assistants = with_any(choices.into_iter().map(|choice| (choice.id.to_string(), choice.name)).collect());
    let hands = with_any(filter_options(&desk.hands));
    let stands = with_any(WorkStatus::ALL.iter().map(|status| (status.to_string(), t(status_key(*status)).to_owned())).collect());
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
                <Choice name="number" label=t(w::LOG_NUMBER) options=numbers value=given(filter.number.map(|id| id.to_string()))/>
                <Choice name="answered" label=t(w::LOG_ANSWERED) options=answers value=given(filter.answered.map(|answered| answered.to_string()))/>
                <Choice name="tag" label=t(w::LOG_TAG) options=tags value=given(filter.tag.map(|id| id.to_string()))/>
                <Choice name="found" label=t(w::LOG_FOUND) options=marks value=given(filter.found.clone())/>
                <Choice name="seen" label=t(w::LOG_READING) options=seen value=given(filter.seen.map(|seen| seen.to_string()))/>
                <Choice name="assignee" label=t(w::WORK_FOR) options=hands value=given(filter.assignee.map(|who| who.to_string()))/>
                <Choice name="work" label=t(w::WORK_STANDS) options=stands value=given(filter.work.map(|status| status.to_string()))/>
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

fn answered_word(answered: Answered) -> Key {
    match answered {
        Answered::Yes => w::LOG_ANSWERED_YES,
        Answered::No => w::LOG_ANSWERED_NO,
        Answered::Quick => w::LOG_ANSWERED_QUICK,
    }
}

/// `Motif : prix`, of a part and a code of the analysis.
fn found_words(mark: &str) -> String {
    let Some((part, code)) = mark.split_once(':') else { return mark.to_owned() };
    let Ok(part) = part.parse::<Part>() else { return t(w::LOG_OPEN_QUESTION).to_owned() };
    let name = match part {
        Part::Outcome => t(w::ANALYSIS_OUTCOME),
        Part::Intent => t(w::ANALYSIS_INTENT),
        Part::Sentiment => t(w::ANALYSIS_SENTIMENT),
        Part::Flag => t(w::ANALYSIS_FLAGS),
        _ => t(w::ANALYSIS_TOPICS),
    };
    t_with(w::LOG_FINDING, &[("part", name), ("finding", &claimed(part, code))])
}
