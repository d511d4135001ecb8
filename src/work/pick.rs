//! Choosing who gets calls, and the sign of who has one.

use super::{
    model::*,
    rpc::{assign_calls, list_hands},
};
use crate::{
    i18n::{Key, t, t_count, t_with, words as w},
    kit::*,
    shared::ids::CallId,
};
use leptos::{ev, prelude::*, task::spawn_local};

/// What can be chosen, as value and words: oneself, people, teams each way, the queue of all.
pub(super) fn options(hands: &Hands) -> Vec<(String, String)> {
    let mut options = Vec::new();
    options.extend(hands.me.map(|_| (Assignee::Me.to_string(), t(w::WORK_ME).to_owned())));
    options.extend(hands.people.iter().filter(|(id, _)| Some(*id) != hands.me).map(|(id, name)| (id.to_string(), name.clone())));
    for (id, name) in &hands.teams {
        let team = |key: Key| t_with(key, &[("team", name)]);
        options.push((Assignee::Team(*id, Way::Queue).to_string(), team(w::WORK_TEAM_QUEUE)));
        options.push((Assignee::Team(*id, Way::RoundRobin).to_string(), team(w::WORK_TEAM_TURN)));
        options.push((Assignee::Team(*id, Way::LeastBusy).to_string(), team(w::WORK_TEAM_BUSY)));
    }
    options.push((Assignee::Nobody.to_string(), t(w::WORK_NOBODY).to_owned()));
    options
}

/// The words of a status.
pub fn status_key(status: WorkStatus) -> Key {
    match status {
        WorkStatus::Open => w::WORK_STATUS_OPEN,
        WorkStatus::Waiting => w::WORK_STATUS_WAITING,
        WorkStatus::Done => w::WORK_STATUS_DONE,
    }
}

pub(super) fn status_tone(status: WorkStatus) -> Tone {
    match status {
        WorkStatus::Open => Tone::Info,
        WorkStatus::Waiting => Tone::Warn,
        WorkStatus::Done => Tone::Ok,
    }
}

/// Who has a call and how it stands, in the log.
#[component]
pub fn WorkBadge(work: Work) -> impl IntoView {
    let who = work.person.map(|(_, name)| name).or_else(|| work.team.map(|(_, name)| name));
    let who = who.unwrap_or_else(|| t(w::WORK_NOBODY_SHORT).to_owned());
    let words = format!("{who} · {}", t(status_key(work.status)));
    view! { <Badge tone=status_tone(work.status) icon=icondata::LuUserRound>{words}</Badge> }.into_any()
}

/// The dialog that gives several calls to somebody.
#[component]
pub fn AssignDialog(
    open: RwSignal<bool>,
    /// Which calls, at this moment.
    calls: Callback<(), Vec<CallId>>,
    /// They were given.
    on_done: Callback<()>,
) -> impl IntoView {
    let hands = Resource::new(|| (), |()| list_hands());
    let (toasts, chosen) = (use_toasts(), RwSignal::new(String::new()));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let (Ok(assignee), calls) = (chosen.get_untracked().parse::<Assignee>(), calls.run(())) else { return };
        spawn_local(async move {
            match assign_calls(calls, assignee).await {
                Ok(given) => {
                    open.set(false);
                    on_done.run(());
                    toasts.say(t_count(w::WORK_GIVEN, given));
                }
                Err(error) => toasts.fail(&error),
            }
        });
    };
    view! {
        <form on:submit=submit>
            <div class="body stack g4">
                <Loaded resource=hands let:hands>
                    <label class="field">
                        <span class="label">{t(w::WORK_TO)}</span>
                        <select class="input" name="assignee" required on:change=move |event| chosen.set(event_target_value(&event))>
                            <option value="">{t(w::WORK_CHOOSE)}</option>
                            {options(&hands).into_iter().map(|(value, words)| view! { <option value=value>{words}</option> }).collect_view()}
                        </select>
                    </label>
                </Loaded>
            </div>
            <footer><Button kind=ButtonKind::Primary submit=true>{t(w::WORK_ASSIGN)}</Button></footer>
        </form>
    }
    .into_any()
}

/// The words of somebody a filter asks for.
pub fn assignee_words(assignee: Assignee, hands: &Hands) -> String {
    let known = match assignee {
        Assignee::Nobody => Some(t(w::WORK_NOBODY_SHORT).to_owned()),
        Assignee::Me => Some(t(w::WORK_ME).to_owned()),
        Assignee::Person(id) => hands.people.iter().find(|(known, _)| *known == id).map(|(_, name)| name.clone()),
        Assignee::Team(id, _) => hands.teams.iter().find(|(known, _)| *known == id).map(|(_, name)| name.clone()),
    };
    known.unwrap_or_else(|| t(w::WORK_GONE).to_owned())
}

/// Whom a filter can ask for.
pub fn filter_options(hands: &Hands) -> Vec<(String, String)> {
    let people = hands.people.iter().filter(|(id, _)| Some(*id) != hands.me).map(|(id, _)| Assignee::Person(*id));
    let teams = hands.teams.iter().map(|(id, _)| Assignee::Team(*id, Way::Queue));
    let all = hands.me.map(|_| Assignee::Me).into_iter().chain([Assignee::Nobody]).chain(people).chain(teams);
    all.map(|who| (who.to_string(), assignee_words(who, hands))).collect()
}
