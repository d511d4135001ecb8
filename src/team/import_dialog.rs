//! Inviting everybody of a list: it is checked and shown line by line; nobody is written to until that is confirmed.

use super::{
    model::*,
    page::TeamRead,
    parts::{Desk, role_name},
    rpc::{import_list, preview_list},
};
use crate::{
    i18n::{Key, Locale, format, t, t_count, t_with, words as w},
    kit::*,
    shared::error::AppError,
};
use leptos::{prelude::*, task::spawn_local};

/// How far a list has come.
#[derive(Clone, Copy)]
struct List {
    form: RwSignal<ListForm>,
    /// What it would do; absent until it is checked, and again once it is changed.
    preview: RwSignal<Option<ListReport>>,
    /// What it did.
    done: RwSignal<Option<ListReport>>,
    trouble: RwSignal<Option<String>>,
    busy: RwSignal<bool>,
    desk: Desk,
}

/// The dialog.
#[component]
pub fn ImportDialog(team: TeamRead, desk: Desk) -> impl IntoView {
    let list = List {
        form: RwSignal::new(ListForm::default()),
        preview: RwSignal::new(None),
        done: RwSignal::new(None),
        trouble: RwSignal::new(None),
        busy: RwSignal::new(false),
        desk,
    };
    view! {
        <Dialog open=desk.is_importing title=t(w::TEAM_LIST_TITLE) shape=DialogShape::Drawer>
            <form class="team-list" on:submit=move |event| { event.prevent_default(); list.check() }>
                <div class="body stack g4">
                    <p class="muted small">{t(w::TEAM_LIST_TEXT)}</p>
                    <label class="field">
                        <span class="label">{t(w::TEAM_LIST_FILE)}</span>
                        <input class="input" type="file" name="file" accept=".csv,.txt,.tsv,text/csv,text/plain" on:change=move |event| list.open(&event)/>
                    </label>
                    <TextArea
                        name="text"
                        label=t(w::TEAM_LIST_PASTE)
                        placeholder=t(w::TEAM_LIST_EXAMPLE)
                        rows=6_u32
                        value=Signal::derive(move || list.form.with(|form| form.text.clone()))
                        on_input=Callback::new(move |text| list.change(|form| form.text = text))
                    />
                    <Loaded resource=team let:team><Defaults team list/></Loaded>
                    <div role="status" class="stack g4">
                        {move || list.trouble.get().map(|words| view! { <Callout tone=Tone::Bad title=words/> })}
                    </div>
                    <Loaded resource=team let:team><Reports own=team.own_roles list/></Loaded>
                </div>
                <footer>
                    <Button on:click=move |_| desk.is_importing.set(false)>{t(w::TEAM_CLOSE)}</Button>
                    {move || match list.preview.with(|preview| preview.as_ref().map(|preview| preview.count(Outcome::New))) {
                        Some(new) if new > 0 => view! {
                            <Button kind=ButtonKind::Primary pending=list.busy on:click=move |_| list.confirm()>
                                {t_count(w::TEAM_LIST_CONFIRM, i64::from(new))}
                            </Button>
                        }.into_any(),
                        _ => view! { <Button kind=ButtonKind::Dark submit=true pending=list.busy>{t(w::TEAM_LIST_CHECK)}</Button> }.into_any(),
                    }}
                </footer>
            </form>
        </Dialog>
    }
    .into_any()
}

/// The role and the language of lines that name none.
#[component]
fn Defaults(team: Team, list: List) -> impl IntoView {
    let nothing = |words: Key| (String::new(), t(words).to_owned());
    let own = &team.own_roles;
    let given = team.may_give.iter().map(|role| (role.to_string(), role_name(*role, own)));
    let roles: Vec<_> = std::iter::once(nothing(w::TEAM_LIST_ROLE_NONE)).chain(given).collect();
    let ours = Locale::ALL.iter().map(|locale| (locale.code().to_owned(), locale.own_name().to_owned()));
    let languages: Vec<_> = std::iter::once(nothing(w::TEAM_LIST_LANGUAGE_NONE)).chain(ours).collect();
    view! {
        <div class="cols">
            <Select
                name="list_role"
                label=t(w::TEAM_LIST_ROLE)
                options=roles
                value=Signal::derive(move || list.form.with(|form| form.role.clone()))
                on_change=Callback::new(move |role| list.change(|form| form.role = role))
            />
            <Select
                name="list_language"
                label=t(w::TEAM_LIST_LANGUAGE)
                options=languages
                value=Signal::derive(move || list.form.with(|form| form.language.clone()))
                on_change=Callback::new(move |language| list.change(|form| form.language = language))
            />
        </div>
    }
    .into_any()
}

impl List {
    fn change(self, how: impl FnOnce(&mut ListForm)) {
        self.form.update(how);
        self.preview.set(None);
        self.done.set(None);
        self.trouble.set(None);
    }

    /// Reads the chosen file into the text, and checks it.
    fn open(self, event: &leptos::ev::Event) {
        chosen_text(event, move |text| {
            let is_long = text.len() > LONGEST_LIST;
            let text = if is_long { String::new() } else { text };
            self.change(|form| form.text = text);
            if is_long { self.trouble.set(Some(field_message("team.list_too_long"))) } else { self.check() }
        });
    }

    fn check(self) {
        let form = self.form.get_untracked();
        self.run(async move { preview_list(form).await }, move |preview| self.preview.set(Some(preview)));
    }

    fn confirm(self) {
        let form = self.form.get_untracked();
        self.run(async move { import_list(form).await }, move |report| {
            self.change(|form| form.text = String::new());
            self.done.set(Some(report));
            self.desk.changed();
        });
    }

    fn run(self, asked: impl Future<Output = Result<ListReport, AppError>> + 'static, then: impl FnOnce(ListReport) + 'static) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.trouble.set(None);
        spawn_local(async move {
            let answer = asked.await;
            self.busy.set(false);
            match answer {
                Ok(report) => then(report),
                Err(error) => self.trouble.set(Some(first_words(&error))),
            }
        });
    }
}

fn first_words(error: &AppError) -> String {
    error.fields().0.values().next().map_or_else(|| error_title(error), |code| field_message(code))
}

/// What the list would do, or did.
#[component]
fn Reports(own: Vec<OwnRole>, list: List) -> impl IntoView {
    let of_done = own.clone();
    view! {
        {move || list.preview.get().map(|report| view! { <Report report is_done=false own=own.clone()/> })}
        {move || list.done.get().map(|report| view! { <Report report is_done=true own=of_done.clone()/> })}
    }
    .into_any()
}

#[component]
fn Report(report: ListReport, is_done: bool, own: Vec<OwnRole>) -> impl IntoView {
    let new = report.count(Outcome::New);
    let key = if is_done { w::TEAM_INVITED } else { w::TEAM_LIST_NEW };
    let (tone, title) = if new == 0 { (Tone::Warn, t(w::TEAM_LIST_NOBODY).to_owned()) } else { (Tone::Ok, t_count(key, i64::from(new))) };
    let others = Outcome::ALL.into_iter().filter(|outcome| *outcome != Outcome::New).filter_map(|outcome| {
        let n = report.count(outcome);
        (n > 0).then(|| view! { <li>{format::n(i64::from(n))} " " {t(outcome_key(outcome))}</li> })
    });
    let later = (report.later > 0).then(|| {
        let minutes = format::n(i64::from(report.minutes));
        view! { <p>{t_count(w::TEAM_LIST_LATER, i64::from(report.later))} " " {t_with(w::TEAM_LIST_LAST, &[("minutes", &minutes)])}</p> }
    });
    let others = others.collect_view();
    // What needs a hand stands first.
    let (bad, good): (Vec<_>, Vec<_>) =
        report.lines.into_iter().partition(|line| matches!(line.outcome, Outcome::Wrong | Outcome::TooMany));
    let rows = bad.into_iter().chain(good).map(|line| row(line, &own)).collect_view();
    view! {
        <div role="status"><Callout tone title>{later}<ul class="small">{others}</ul></Callout></div>
        <div class="team-lines">
            <Table label=t(w::TEAM_LIST_LINES)>
                <thead>
                    <tr>
                        <th scope="col" class="r">{t(w::TEAM_LIST_LINE)}</th>
                        <th scope="col">{t(w::TEAM_EMAIL)}</th>
                        <th scope="col">{t(w::TEAM_LIST_OUTCOME)}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </Table>
        </div>
    }
    .into_any()
}

fn row(line: ListLine, own: &[OwnRole]) -> AnyView {
    let tone = match line.outcome {
        Outcome::New => Tone::Ok,
        Outcome::Wrong | Outcome::TooMany => Tone::Bad,
        Outcome::Member | Outcome::Invited | Outcome::Twice => Tone::Neutral,
    };
    let field = line.field.as_deref().and_then(field_key).map(|key| view! { <b>{t(key)}</b>" " });
    let why = line.code.as_deref().map(|code| view! { <div class="small">{field}{field_message(code)}</div> });
    let role = line.role.map(|role| view! { <div class="small muted">{role_name(role, own)}</div> });
    view! {
        <tr>
            <td class="r num">{format::n(i64::from(line.line))}</td>
            <th scope="row"><span class="ltr">{line.email}</span>{role}</th>
            <td><Badge tone>{t(outcome_key(line.outcome))}</Badge>{why}</td>
        </tr>
    }
    .into_any()
}

fn outcome_key(outcome: Outcome) -> Key {
    match outcome {
        Outcome::New => w::TEAM_LIST_IS_NEW,
        Outcome::Member => w::TEAM_LIST_IS_MEMBER,
        Outcome::Invited => w::TEAM_LIST_IS_INVITED,
        Outcome::Twice => w::TEAM_LIST_IS_TWICE,
        Outcome::TooMany => w::TEAM_LIST_IS_TOO_MANY,
        Outcome::Wrong => w::TEAM_LIST_IS_WRONG,
    }
}

fn field_key(field: &str) -> Option<Key> {
    Some(match field {
        "email" => w::TEAM_EMAIL,
        "role" => w::TEAM_ROLE,
        "language" => w::TEAM_LIST_LANGUAGE_FIELD,
        _ => return None,
    })
}
