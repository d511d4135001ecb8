//! A call to try the rules on. What is asked stands in the address: it works before wasm, and can be sent to a colleague.

use super::{
    hours::Opening,
    model::{ReceptionSheet, Trial, TryForm},
    page::Desk,
    rpc::try_route,
    rules::Way,
    words::{opening_word, shown},
};
use crate::{
    i18n::{format, t, t_count, t_with, use_locale, words as w},
    kit::*,
};
use leptos::prelude::*;
use leptos_router::{components::Form, hooks::use_query_map};

/// The box. Until something is asked it says how the house stands now.
#[component]
pub fn TryBox(sheet: ReceptionSheet, desk: Desk) -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        query.with(|query| {
            let given = |name: &str| query.get(name).map(|value| value.trim().to_owned()).unwrap_or_default();
            let form = TryForm { number: given("number"), caller: given("caller"), at: given("at"), calls: given("calls") };
            (query.get("try").is_some(), form)
        })
    });
    let trial = Resource::new(
        move || (asked.get(), desk.changes.get()),
        |((is_asked, form), _)| async move { if is_asked { try_route(form).await.map(Some) } else { Ok(None) } },
    );
    let form = asked.get_untracked().1;
    let any = (String::new(), t(w::RECEPTION_CHOOSE).to_owned());
    let first = sheet.numbers.first().map(|(number, _)| number.clone()).unwrap_or_default();
    let chosen = if form.number.is_empty() { first } else { form.number.clone() };
    let numbers: Vec<_> = std::iter::once(any).chain(sheet.numbers.iter().map(|(number, _)| (number.clone(), shown(number)))).collect();
    view! {
        <section class="card" aria-labelledby="h-try">
            <header><h2 id="h-try">{t(w::RECEPTION_TRY_TITLE)}</h2><Standing sheet=sheet.clone()/></header>
            <div class="body stack g4">
                <p class="muted small">{t(w::RECEPTION_TRY_TEXT)}</p>
                <Form method="get" action="/reception" attr:class="stack g3 try-form">
                    <input type="hidden" name="try" value="1"/>
                    <Select name="number" label=t(w::RECEPTION_TRY_NUMBER) options=numbers value=chosen/>
                    <TextInput name="caller" kind="tel" label=t(w::RECEPTION_TRY_CALLER) hint=t(w::RECEPTION_TRY_CALLER_HINT) placeholder="+33 6 …" value=form.caller/>
                    <TextInput name="at" kind="datetime-local" label=t(w::RECEPTION_TRY_AT) hint=t(w::RECEPTION_TRY_AT_HINT) value=form.at/>
                    <TextInput name="calls" inputmode="numeric" label=t(w::RECEPTION_TRY_CALLS) hint=t(w::RECEPTION_TRY_CALLS_HINT) value=form.calls/>
                    <Button kind=ButtonKind::Dark submit=true>{t(w::RECEPTION_TRY)}</Button>
                </Form>
                <div role="status" class="try-result">
                    <Loaded resource=trial let:trial>{trial.map(|trial| view! { <Tried trial/> })}</Loaded>
                </div>
            </div>
        </section>
    }
    .into_any()
}

/// Whether the house is open now.
#[component]
pub fn Standing(sheet: ReceptionSheet) -> impl IntoView {
    let (tone, words) = match sheet.opening {
        Opening::Open => (Tone::Ok, w::RECEPTION_OPEN_NOW),
        Opening::Closed => (Tone::Neutral, w::RECEPTION_CLOSED_NOW),
        Opening::Holiday => (Tone::Info, w::RECEPTION_HOLIDAY_NOW),
    };
    view! { <Badge tone>{t(words)}</Badge> }.into_any()
}

#[component]
fn Tried(trial: Trial) -> impl IntoView {
    let locale = use_locale();
    let to = match (&trial.number, trial.name.is_empty()) {
        (Some(number), true) => shown(number),
        (Some(number), false) => format!("{} ({})", trial.name, shown(number)),
        (None, _) => trial.name.clone(),
    };
    let (tone, title) = match trial.way {
        Some(Way::Assistant) => (Tone::Ai, t_with(w::RECEPTION_TRY_REACHES_ASSISTANT, &[("name", &to)])),
        Some(Way::Person | Way::Number) => (Tone::Info, t_with(w::RECEPTION_TRY_REACHES_FORWARD, &[("name", &to)])),
        Some(Way::Refuse) => (Tone::Warn, t(w::RECEPTION_TRY_REACHES_REFUSAL).to_owned()),
        None => (Tone::Bad, t(w::RECEPTION_TRY_REACHES_NOBODY).to_owned()),
    };
    let because = match trial.rule {
        Some(n) => t_with(w::RECEPTION_TRY_BECAUSE_RULE, &[("n", &n.to_string())]),
        None => t(w::RECEPTION_TRY_BECAUSE_DEFAULT).to_owned(),
    };
    let rules = trial.passed_over.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    let when = format!("{}, {}", format::weekday_date(locale, trial.local.date()), trial.local.format("%H:%M"));
    let calls = t_count(w::RECEPTION_TRY_CALLS_NOW, trial.calls);
    let facts = t_with(w::RECEPTION_TRY_FACTS, &[("when", &when), ("opening", t(opening_word(trial.opening))), ("calls", &calls)]);
    let words = trial.words;
    view! {
        <Callout tone title>
            {(!words.is_empty()).then(|| view! { <p class="voice" dir="auto">{words}</p> })}
            <p>{because}</p>
            {(!rules.is_empty()).then(|| view! { <p>{t_with(w::RECEPTION_TRY_PASSED_OVER, &[("rules", &rules)])}</p> })}
            <p class="small muted">{facts}</p>
            {(!trial.caller_name.is_empty()).then(|| view! { <p class="small muted">{trial.caller_name}</p> })}
        </Callout>
    }
    .into_any()
}
