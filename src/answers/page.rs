//! `/answers`: the book, a box to try a question, and the questions nothing has answered yet.

use super::{
    edit::EditDialog,
    import_dialog::ImportDialog,
    model::*,
    parts::*,
    rpc::{delete_answer, list_answers, restore_answer, try_question},
    unanswered::OpenList,
};
use crate::{
    i18n::{format, t, t_count, t_with, use_locale, words as w},
    kit::*,
    shared::{ids::AnswerId, page::PageRequest, permission::Permission},
};
use leptos::{prelude::*, task::spawn_local};
use leptos_router::{components::Form, hooks::use_query_map};

/// The answer book.
#[component]
pub fn AnswersPage() -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| query.with(of_address));
    let desk = Desk::new();
    let book = Resource::new(move || (asked.get(), desk.changes.get()), |((filter, page), _)| list_answers(filter, page));
    let assistants = RwSignal::new(Vec::new());
    Effect::new(move || {
        if let Some(Ok(page)) = book.get() {
            assistants.set(page.assistants);
        }
    });
    let may_edit = may(Permission::AssistantsEdit);
    view! {
        <PageFrame title=t(w::ANSWERS_TITLE)>
            <PageHead title=t(w::ANSWERS_LEDE) text=t(w::ANSWERS_LEDE_TEXT)>
                <a class="btn ghost" href="/answers/export.csv" download="" rel="external">
                    <Icon icon=icondata::LuDownload small=true/>
                    {t(w::ANSWERS_EXPORT)}
                </a>
                {may_edit.then(|| view! {
                    <Button icon=icondata::LuUpload attr:aria-haspopup="dialog" on:click=move |_| desk.is_importing.set(true)>{t(w::ANSWERS_IMPORT)}</Button>
                    <NewButton desk/>
                })}
            </PageHead>
            <div class="duo answers">
                <section class="card" aria-label=t(w::ANSWERS_LIST)>
                    {move || view! { <Filter filter=asked.with(|(filter, _)| filter.clone())/> }}
                    <Loaded resource=book skeleton=rows_skeleton(6) let:page>
                        <Book page asked=asked.get_untracked() desk/>
                    </Loaded>
                </section>
                <aside class="stack g4" aria-label=t(w::ANSWERS_TRY_TITLE)>
                    <TryBox desk/>
                    <OpenList desk/>
                </aside>
            </div>
            {may_edit.then(|| view! { <EditDialog desk assistants=assistants.into()/><ImportDialog desk/> })}
        </PageFrame>
    }
    .into_any()
}

#[component]
fn NewButton(desk: Desk) -> impl IntoView {
    let language = own_language();
    let open = move |_| desk.edit(Draft::of_question(None, "", language));
    view! { <Button kind=ButtonKind::Primary icon=icondata::LuPlus attr:aria-haspopup="dialog" on:click=open>{t(w::ANSWERS_NEW)}</Button> }
        .into_any()
}

/// A form whose fields stand in the address.
#[component]
fn Filter(filter: AnswerFilter) -> impl IntoView {
    let any = |words| (String::new(), t(words).to_owned());
    let languages: Vec<_> = std::iter::once(any(w::ANSWERS_ANY_LANGUAGE)).chain(language_options()).collect();
    let states = AnswerState::ALL.iter().map(|state| (state.to_string(), t(state_word(*state)).to_owned()));
    let states: Vec<_> = std::iter::once(any(w::ANSWERS_ANY_STATE)).chain(states).collect();
    let is_set = filter != AnswerFilter::default();
    view! {
        <Form method="get" action="/answers" attr:class="filters answer-filters" attr:role="search">
            <input class="input grow" type="search" name="q" aria-label=t(w::ANSWERS_SEARCH) placeholder=t(w::ANSWERS_SEARCH_PLACEHOLDER) value=filter.q.clone()/>
            <Choice name="language" label=t(w::ANSWERS_LANGUAGE) options=languages value=filter.language.clone().unwrap_or_default()/>
            <Choice name="state" label=t(w::ANSWERS_STATE) options=states value=filter.state.map(|state| state.to_string()).unwrap_or_default()/>
            <Button submit=true icon=icondata::LuListFilter>{t(w::ANSWERS_FILTER)}</Button>
            {is_set.then(|| view! { <a class="small muted" href="/answers">{t(w::ANSWERS_CLEAR)}</a> })}
        </Form>
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
    view! { <select class="input" name=name aria-label=label>{items}</select> }.into_any()
}

#[component]
fn Book(page: AnswerPage, asked: (AnswerFilter, PageRequest), desk: Desk) -> impl IntoView {
    let (filter, request) = asked;
    if page.items.is_empty() {
        let is_used = page.all > 0;
        return view! { <Nothing is_used desk/> }.into_any();
    }
    let summary = if page.found == page.all {
        t_count(w::ANSWERS_COUNT, page.all)
    } else {
        t_with(w::ANSWERS_FOUND, &[("found", &t_count(w::ANSWERS_COUNT, page.found)), ("all", &format::n(page.all))])
    };
    let newest_href = request.after.is_some().then(|| address(&filter, None));
    let older_href = page.next.as_deref().map(|next| address(&filter, Some(next)));
    let today = page.today;
    let items = page.items;
    let rows = move || items.iter().cloned().map(|answer| view! { <Entry answer today desk/> }).collect_view();
    let rows = drawn_anew(desk.draws, move || rows().into_any());
    view! {
        <ul class="list answer-list">{rows}</ul>
        <Pager summary newest_href older_href/>
    }
    .into_any()
}

#[component]
fn Nothing(is_used: bool, desk: Desk) -> impl IntoView {
    if is_used {
        return view! {
            <Empty kind=EmptyKind::NoMatch title=t(w::ANSWERS_NO_MATCH_TITLE) text=t(w::ANSWERS_NO_MATCH_TEXT)>
                <LinkButton href="/answers">{t(w::ANSWERS_CLEAR)}</LinkButton>
            </Empty>
        }
        .into_any();
    }
    let may_edit = may(Permission::AssistantsEdit);
    view! {
        <Empty kind=EmptyKind::Unused title=t(w::ANSWERS_EMPTY_TITLE) text=t(w::ANSWERS_EMPTY_TEXT)>
            {may_edit.then(|| view! { <NewButton desk/> })}
        </Empty>
    }
    .into_any()
}

#[component]
fn Entry(answer: Answer, today: chrono::NaiveDate, desk: Desk) -> impl IntoView {
    let locale = use_locale();
    let toasts = use_toasts();
    let (id, may_edit) = (answer.id, may(Permission::AssistantsEdit));
    let state = answer.state(today);
    let mut notes: Vec<String> = vec![language_name(&answer.language).to_owned()];
    notes.extend(
        answer
            .valid_from
            .filter(|_| state == AnswerState::Upcoming)
            .map(|day| t_with(w::ANSWERS_FROM, &[("day", &format::date(locale, day))])),
    );
    notes.extend(answer.valid_until.map(|day| t_with(w::ANSWERS_UNTIL, &[("day", &format::date(locale, day))])));
    notes.extend(answer.assistant_name.as_deref().map(|name| t_with(w::ANSWERS_ONLY, &[("name", name)])));
    notes.extend((!answer.variants.is_empty()).then(|| t_count(w::ANSWERS_VARIANTS_COUNT, answer.variants.len() as i64)));
    let question = answer.question.clone();
    let edit_label = format!("{} : {question}", t(w::ANSWERS_EDIT));
    let delete_label = format!("{} : {question}", t(w::ANSWERS_DELETE));
    let text = answer.answer.clone();
    let draft = StoredValue::new(Draft::of_answer(answer));
    view! {
        <li class="answer-row">
            <div class="grow stack g1">
                <div class="row wrap g2">
                    <h3 class="answer-question">{question}</h3>
                    {(state != AnswerState::Current).then(|| view! { <StateBadge state/> })}
                </div>
                <p class="answer-text" dir="auto">{text}</p>
                <p class="small muted">{notes.join(" · ")}</p>
            </div>
            {may_edit.then(|| view! {
                <div class="row g1 answer-tools">
                    <IconButton icon=icondata::LuPencil label=edit_label kind=ButtonKind::Ghost attr:aria-haspopup="dialog" on:click=move |_| desk.edit(draft.get_value())/>
                    <IconButton icon=icondata::LuTrash2 label=delete_label kind=ButtonKind::Ghost on:click=move |_| remove(id, desk, toasts)/>
                </div>
            })}
        </li>
    }
    .into_any()
}

/// Deletes at once, and offers the way back.
fn remove(id: AnswerId, desk: Desk, toasts: Toaster) {
    spawn_local(async move {
        match delete_answer(id).await {
            Ok(()) => {
                desk.changed();
                toasts.say_with_undo(t(w::ANSWERS_DELETED), Callback::new(move |()| put_back(id, desk, toasts)));
            }
            Err(error) => toasts.fail(&error),
        }
    });
}

fn put_back(id: AnswerId, desk: Desk, toasts: Toaster) {
    spawn_local(async move {
        match restore_answer(id).await {
            Ok(()) => {
                desk.changed();
                toasts.say(t(w::ANSWERS_RESTORED));
            }
            Err(error) => toasts.fail(&error),
        }
    });
}

/// Asks the book as an assistant would. The question stands in the address: it works before wasm, and can be sent to a colleague.
#[component]
fn TryBox(desk: Desk) -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        query.with(|query| {
            let given = |name: &str| query.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
            (given("try"), given("in").unwrap_or_else(|| own_language().to_owned()))
        })
    });
    let trial = Resource::new(
        move || (asked.get(), desk.changes.get()),
        |((question, language), _)| async move {
            match question {
                Some(question) => try_question(question, language).await.map(Some),
                None => Ok(None),
            }
        },
    );
    view! {
        <section class="card" aria-labelledby="h-try">
            <header><h2 id="h-try">{t(w::ANSWERS_TRY_TITLE)}</h2></header>
            <div class="body stack g4">
                <p class="muted small">{t(w::ANSWERS_TRY_TEXT)}</p>
                {move || {
                    let (question, language) = asked.get();
                    view! {
                        <Form method="get" action="/answers" attr:class="stack g2 try-form">
                            <input class="input" name="try" maxlength="300" required aria-label=t(w::ANSWERS_TRY_LABEL) placeholder=t(w::ANSWERS_TRY_PLACEHOLDER) value=question/>
                            <div class="row g2">
                                <Choice name="in" label=t(w::ANSWERS_LANGUAGE) options=language_options() value=language/>
                                <Button kind=ButtonKind::Dark submit=true>{t(w::ANSWERS_TRY)}</Button>
                            </div>
                        </Form>
                    }
                }}
                <div role="status" class="try-result">
                    <Loaded resource=trial let:trial>
                        {trial.map(|trial| {
                            let language = asked.with_untracked(|(_, language)| language.clone());
                            drawn_anew(desk.draws, move || view! { <Tried trial=trial.clone() language=language.clone() desk/> }.into_any())
                        })}
                    </Loaded>
                </div>
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn Tried(trial: Trial, language: String, desk: Desk) -> impl IntoView {
    let mut matches = trial.matches.into_iter();
    let best = matches.next().filter(|best| Strength::of(best.score) != Strength::Weak);
    let Some(best) = best else {
        let add = move |_| desk.edit(Draft::of_question(None, &trial.question, &language));
        return view! {
            <Callout tone=Tone::Warn title=t(w::ANSWERS_TRY_NOTHING_TITLE)>
                <p>{t(w::ANSWERS_TRY_NOTHING_TEXT)}</p>
                {may(Permission::AssistantsEdit).then(|| view! {
                    <div class="row"><Button size=ButtonSize::Small icon=icondata::LuPlus attr:aria-haspopup="dialog" on:click=add>{t(w::ANSWERS_TRY_ADD)}</Button></div>
                })}
            </Callout>
        }
        .into_any();
    };
    let others: Vec<Match> = matches.filter(|other| Strength::of(other.score) != Strength::Weak).collect();
    view! {
        <div class="stack g3">
            <p class="label">{t(w::ANSWERS_TRY_SAYS)}</p>
            <Found entry=best/>
            {(!others.is_empty()).then(|| view! {
                <p class="label">{t(w::ANSWERS_TRY_OTHERS)}</p>
                {others.into_iter().map(|entry| view! { <Found entry/> }).collect_view()}
            })}
        </div>
    }
    .into_any()
}

#[component]
fn Found(entry: Match) -> impl IntoView {
    let (tone, words) = strength_words(Strength::of(entry.score));
    view! {
        <div class=format!("callout {}", tone.class())>
            <Icon icon=icondata::LuBookOpen/>
            <b>{entry.question}</b>
            <p class="answer-text" dir="auto">{entry.answer}</p>
            <p class="small muted">{words}</p>
        </div>
    }
    .into_any()
}
