//! `/settings/teams`: who works in which team, what becomes of calls by themselves, and what people speak and know.

use super::{
    card::cause_key,
    forms::TeamForm,
    model::*,
    rpc::{SaveColleague, SaveTeam, SaveWorkRule, delete_team, read_teams, set_work_mail},
};
use crate::{
    account::settings_tabs,
    i18n::{Key, t, t_count, t_with, words as w},
    kit::*,
    reception::{WeekFields, model::WeekForm},
    shared::{error::AppError, permission::Permission},
};
use leptos::{form::ActionForm, prelude::*, server_fn::ServerFn, task::spawn_local};

#[derive(Clone, Copy)]
struct Desk {
    changes: RwSignal<u32>,
    toasts: Toaster,
    manages: bool,
}

impl Desk {
    /// A form's action: done, lists read again, and its drawer closes.
    fn when_done<S>(self, action: ServerAction<S>, open: Option<RwSignal<bool>>)
    where
        S: ServerFn<Error = AppError> + Clone + Send + Sync + 'static,
        S::Output: Clone + Send + Sync + 'static,
    {
        Effect::new(move || {
            if action.version().get() > 0 && action.value().with_untracked(|value| matches!(value, Some(Ok(_)))) {
                if let Some(open) = open {
                    open.set(false);
                }
                self.changes.update(|changes| *changes += 1);
                self.toasts.say(t(w::WORK_SAVED));
            }
        });
    }
}

/// The page.
#[component]
pub fn TeamsPage() -> impl IntoView {
    let desk = Desk { changes: RwSignal::new(0), toasts: use_toasts(), manages: may(Permission::TeamManage) };
    let sheet = Resource::new(move || desk.changes.get(), |_| read_teams());
    let draws = StoredValue::new(0);
    view! {
        <PageFrame title=t(w::ACCOUNT_SETTINGS)>
            <LinkTabs label=t(w::ACCOUNT_SETTINGS) tabs=settings_tabs("/settings/teams")/>
            <PageHead title=t(w::WORK_TEAMS) text=t(w::WORK_TEAMS_TEXT)/>
            <Loaded resource=sheet skeleton=rows_skeleton(6) let:sheet>
                {drawn_anew(draws, move || view! { <Sheet sheet=sheet.clone() desk/> }.into_any())}
            </Loaded>
        </PageFrame>
    }
    .into_any()
}

#[component]
fn Sheet(sheet: TeamSheet, desk: Desk) -> impl IntoView {
    let (edited, open) = (RwSignal::new(None::<Team>), RwSignal::new(false));
    let add = move |_| {
        edited.set(None);
        open.set(true);
    };
    let is_empty = sheet.teams.is_empty();
    let new = move || {
        desk.manages.then(|| view! { <Button kind=ButtonKind::Primary icon=icondata::LuPlus attr:aria-haspopup="dialog" on:click=add>{t(w::WORK_TEAM_ADD)}</Button> })
    };
    let rows =
        sheet.teams.iter().cloned().map(|team| view! { <TeamRow team people=sheet.people.clone() desk edited open/> }).collect_view();
    let list = if is_empty {
        view! { <Empty kind=EmptyKind::Unused title=t(w::WORK_TEAMS_EMPTY) text=t(w::WORK_TEAMS_EMPTY_TEXT)>{new()}</Empty> }.into_any()
    } else {
        view! { <ul class="list">{rows}</ul> }.into_any()
    };
    let people = sheet.people.clone();
    view! {
        <section class="card" aria-labelledby="h-teams">
            <header><h2 id="h-teams" class="grow">{t(w::WORK_TEAMS)}</h2>{(!is_empty).then(new)}</header>
            {list}
        </section>
        {(!is_empty).then(|| view! { <Rules teams=sheet.teams.clone() rules=sheet.rules.clone() desk/> })}
        <People people=sheet.people.clone() desk/>
        {sheet.me.map(|_| view! { <Mail wants=sheet.wants_mail desk/> })}
        {desk.manages.then(move || view! { <TeamDrawer edited open people desk/> })}
    }
    .into_any()
}

#[component]
fn TeamRow(team: Team, people: Vec<Colleague>, desk: Desk, edited: RwSignal<Option<Team>>, open: RwSignal<bool>) -> impl IntoView {
    let names: Vec<String> = people.iter().filter(|one| team.members.contains(&one.account)).map(|one| one.name.clone()).collect();
    let who = if names.is_empty() { t(w::WORK_TEAM_NOBODY).to_owned() } else { names.join(", ") };
    let patience = team.return_after_min.map(|minutes| t_count(w::WORK_TEAM_PATIENCE, i64::from(minutes)));
    let of_team = |key: Key| format!("{} : {}", t(key), team.name);
    let (edit_label, id) = (of_team(w::WORK_TEAM_EDIT), team.id);
    let gone = t_with(w::WORK_TEAM_GONE, &[("team", &team.name)]);
    let remove = move |()| {
        let gone = gone.clone();
        spawn_local(async move {
            match delete_team(id).await {
                Ok(()) => desk.toasts.say(gone),
                Err(error) => desk.toasts.fail(&error),
            }
            desk.changes.update(|changes| *changes += 1);
        });
    };
    let (name, skills) = (team.name.clone(), team.skills.clone());
    let kept = StoredValue::new(team);
    let edit = move |_| {
        edited.set(Some(kept.get_value()));
        open.set(true);
    };
    view! {
        <li class="rule-row">
            <div class="grow stack g1">
                <b>{name}</b>
                <p class="small muted">{who}{patience.map(|words| format!(" · {words}"))}</p>
                <div class="row wrap g1">{skills.into_iter().map(|skill| view! { <Badge>{skill}</Badge> }).collect_view()}</div>
            </div>
            {desk.manages.then(|| view! {
                <div class="row g1 rule-tools">
                    <IconButton icon=icondata::LuPencil label=edit_label kind=ButtonKind::Ghost attr:aria-haspopup="dialog" on:click=edit/>
                    <ConfirmButton size=ButtonSize::Small on_confirm=Callback::new(remove)>{t(w::WORK_TEAM_DISSOLVE)}</ConfirmButton>
                </div>
            })}
        </li>
    }
    .into_any()
}

#[component]
fn TeamDrawer(edited: RwSignal<Option<Team>>, open: RwSignal<bool>, people: Vec<Colleague>, desk: Desk) -> impl IntoView {
    let save = ServerAction::<SaveTeam>::new();
    let people = StoredValue::new(people);
    desk.when_done(save, Some(open));
    let title = Signal::derive(move || t(if edited.with(Option::is_none) { w::WORK_TEAM_ADD } else { w::WORK_TEAM_EDIT }).to_owned());
    view! {
        <Dialog open title shape=DialogShape::Drawer>
            {
                let team = edited.get_untracked();
                let form = team.as_ref().map(TeamForm::of).unwrap_or_default();
                view! {
                    <ActionForm action=save attr:class="answer-form">
                        {team.map(|team| view! { <input type="hidden" name="team" value=team.id.to_string()/> })}
                        <div class="body stack g4"><FormErrors error=action_error(save)/><TeamFields form people=people.get_value() save/></div>
                        <footer><Button kind=ButtonKind::Primary submit=true pending=save.pending()>{t(w::WORK_SAVE)}</Button></footer>
                    </ActionForm>
                }
            }
        </Dialog>
    }
    .into_any()
}

fn languages() -> Vec<(String, String)> {
    let language = |value: &str, words: Key| (value.to_owned(), t(words).to_owned());
    vec![
        language("", w::RECEPTION_PERSON_ANY_LANGUAGE),
        language("fr", w::RECEPTION_LANGUAGE_FR),
        language("en", w::RECEPTION_LANGUAGE_EN),
        language("fr,en", w::RECEPTION_LANGUAGES_BOTH),
    ]
}

#[component]
fn TeamFields(form: TeamForm, people: Vec<Colleague>, save: ServerAction<SaveTeam>) -> impl IntoView {
    let errors = action_fields(save);
    let boxes = people
        .into_iter()
        .map(|one| {
            let id = one.account.to_string();
            let is_in = form.members.contains(&id);
            view! { <label class="check"><input type="checkbox" name="form[members][]" value=id checked=is_in/><span>{one.name}</span></label> }
        })
        .collect_view();
    view! {
        <TextInput name="form[name]" label=t(w::WORK_TEAM_NAME) value=form.name required=true maxlength=60_u32 errors/>
        <fieldset class="stack g1"><legend class="label">{t(w::WORK_TEAM_MEMBERS)}</legend>{boxes}</fieldset>
        <Select name="form[languages]" label=t(w::WORK_LANGUAGES) options=languages() value=form.languages errors/>
        <TextInput name="form[skills]" label=t(w::WORK_SKILLS) hint=t(w::WORK_SKILLS_HINT) value=form.skills optional=true errors/>
        <TextInput name="form[return_after_min]" inputmode="numeric" label=t(w::WORK_PATIENCE) hint=t(w::WORK_PATIENCE_HINT) value=form.return_after_min optional=true errors/>
        <fieldset>
            <legend class="label">{t(w::WORK_HOURS)}</legend>
            <p class="small muted">{t(w::WORK_HOURS_HINT)}</p>
            <WeekFields form=WeekForm { week: form.week } errors/>
        </fieldset>
    }
    .into_any()
}

/// What becomes of calls of each kind once they are over.
#[component]
fn Rules(teams: Vec<Team>, rules: Vec<WorkRule>, desk: Desk) -> impl IntoView {
    let rows = Cause::RULES.map(|cause| {
        let rule = rules.iter().find(|rule| rule.cause == cause).cloned();
        view! { <RuleRow cause rule teams=teams.clone() desk/> }
    });
    view! {
        <section class="card" aria-labelledby="h-rules">
            <header>
                <div class="grow"><h2 id="h-rules">{t(w::WORK_RULES)}</h2><p class="small muted">{t(w::WORK_RULES_TEXT)}</p></div>
            </header>
            <ul class="list work-rules">{rows.collect_view()}</ul>
        </section>
    }
    .into_any()
}

#[component]
fn RuleRow(cause: Cause, rule: Option<WorkRule>, teams: Vec<Team>, desk: Desk) -> impl IntoView {
    let save = ServerAction::<SaveWorkRule>::new();
    desk.when_done(save, None);
    let errors = action_fields(save);
    let nobody = (String::new(), t(w::WORK_RULE_NOBODY).to_owned());
    let options: Vec<_> = std::iter::once(nobody).chain(teams.into_iter().map(|team| (team.id.to_string(), team.name))).collect();
    let ways: Vec<_> = Way::ALL.iter().map(|way| (way.to_string(), t(way_key(*way)).to_owned())).collect();
    let team = rule.as_ref().map(|rule| rule.team.to_string()).unwrap_or_default();
    let way = rule.as_ref().map_or(Way::RoundRobin, |rule| rule.way).to_string();
    let due = rule.and_then(|rule| rule.due_min).map(|minutes| minutes.to_string()).unwrap_or_default();
    view! {
        <li>
            <ActionForm action=save attr:class="work-rule" attr:aria-label=t(cause_key(cause))>
                <input type="hidden" name="form[cause]" value=cause.name()/>
                <b>{t(cause_key(cause))}</b>
                <fieldset class="bare work-rule-fields" disabled=!desk.manages>
                    <Pick name="form[team]" label=t(w::WORK_RULE_TEAM) options value=team/>
                    <Pick name="form[way]" label=t(w::WORK_RULE_WAY) options=ways value=way/>
                    <Line name="form[due_min]" label=t(w::WORK_RULE_DUE) value=due inputmode="numeric"/>
                    {desk.manages.then(|| view! { <Button submit=true pending=save.pending()>{t(w::WORK_SAVE)}</Button> })}
                </fieldset>
                <FormErrors error=action_error(save)/>
                <p class="error" role="status">{move || errors.with(|errors| errors.0.values().next().map(|code| field_message(code)))}</p>
            </ActionForm>
        </li>
    }
    .into_any()
}

/// A choice within its label: many of one name stand on the page, so nothing goes by an id.
#[component]
fn Pick(name: &'static str, label: &'static str, options: Vec<(String, String)>, value: String) -> impl IntoView {
    let items = options.into_iter().map(|(key, words)| {
        let is_chosen = key == value;
        view! { <option value=key selected=is_chosen>{words}</option> }
    });
    view! { <label class="field"><span class="label">{label}</span><select class="input" name=name>{items.collect_view()}</select></label> }
        .into_any()
}

/// A line of text within its label.
#[component]
fn Line(name: &'static str, label: &'static str, value: String, inputmode: &'static str) -> impl IntoView {
    view! { <label class="field"><span class="label">{label}</span><input class="input" name=name value=value inputmode=inputmode maxlength="200"/></label> }
        .into_any()
}

fn way_key(way: Way) -> Key {
    match way {
        Way::Queue => w::WORK_WAY_QUEUE,
        Way::RoundRobin => w::WORK_WAY_TURN,
        Way::LeastBusy => w::WORK_WAY_BUSY,
        Way::Skills => w::WORK_WAY_SKILLS,
    }
}

/// What people speak and know.
#[component]
fn People(people: Vec<Colleague>, desk: Desk) -> impl IntoView {
    let rows = people.into_iter().map(|one| view! { <PersonRow one desk/> }).collect_view();
    view! {
        <section class="card" aria-labelledby="h-people">
            <header>
                <div class="grow"><h2 id="h-people">{t(w::WORK_PEOPLE)}</h2><p class="small muted">{t(w::WORK_PEOPLE_TEXT)}</p></div>
            </header>
            <ul class="list work-rules">{rows}</ul>
        </section>
    }
    .into_any()
}

#[component]
fn PersonRow(one: Colleague, desk: Desk) -> impl IntoView {
    let save = ServerAction::<SaveColleague>::new();
    desk.when_done(save, None);
    let errors = action_fields(save);
    let (name, label) = (one.name.clone(), one.name.clone());
    view! {
        <li>
            <ActionForm action=save attr:class="work-rule" attr:aria-label=label>
                <input type="hidden" name="account" value=one.account.to_string()/>
                <span class="row g2"><Avatar name=name.clone()/><b>{name}</b></span>
                <fieldset class="bare work-rule-fields" disabled=!desk.manages>
                    <Pick name="languages" label=t(w::WORK_LANGUAGES) options=languages() value=one.languages.join(",")/>
                    <Line name="skills" label=t(w::WORK_SKILLS) value=one.skills.join(", ") inputmode="text"/>
                    {desk.manages.then(|| view! { <Button submit=true pending=save.pending()>{t(w::WORK_SAVE)}</Button> })}
                </fieldset>
                <FormErrors error=action_error(save)/>
                <p class="error" role="status">{move || errors.with(|errors| errors.0.values().next().map(|code| field_message(code)))}</p>
            </ActionForm>
        </li>
    }
    .into_any()
}

/// Letters about work, for the reader.
#[component]
fn Mail(wants: bool, desk: Desk) -> impl IntoView {
    let on = RwSignal::new(wants);
    let change = move |wanted: bool| {
        on.set(wanted);
        spawn_local(async move {
            match set_work_mail(wanted).await {
                Ok(()) => desk.toasts.say(t(w::WORK_SAVED)),
                Err(error) => desk.toasts.fail(&error),
            }
        });
    };
    view! {
        <section class="card" aria-labelledby="h-mail">
            <header><h2 id="h-mail">{t(w::WORK_MAIL)}</h2></header>
            <div class="body"><Switch name="work-mail" label=t(w::WORK_MAIL_LABEL) hint=t(w::WORK_MAIL_HINT) checked=on on_change=change/></div>
        </section>
    }
    .into_any()
}
