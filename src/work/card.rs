//! Beside a call: who looks after it, until when, and how it stands.

use super::{
    model::*,
    pick::{options, status_key, status_tone},
    rpc::{assign_calls, let_call_go, read_work, set_work_due, set_work_status, take_call},
};
use crate::{
    i18n::{Key, t, t_with, words as w},
    kit::*,
    shared::{error::AppError, ids::CallId, permission::Permission},
};
use chrono::Duration;
use leptos::{prelude::*, task::spawn_local};

/// Minutes on offer for a due time, from now on.
const DUE: [(i64, Key); 4] = [(60, w::WORK_DUE_1H), (240, w::WORK_DUE_4H), (1440, w::WORK_DUE_1D), (4320, w::WORK_DUE_3D)];

/// What the parts of the card share.
#[derive(Clone, Copy)]
struct Desk {
    call: CallId,
    changes: RwSignal<u32>,
    toasts: Toaster,
}

impl Desk {
    /// Does something, says why not, and reads anew.
    fn run(self, what: impl Future<Output = Result<(), AppError>> + 'static) {
        spawn_local(async move {
            if let Err(error) = what.await {
                self.toasts.fail(&error);
            }
            self.changes.update(|changes| *changes += 1);
        });
    }
}

/// The card. `changes` grows when something beside the call has changed, whoever did it.
#[component]
pub fn WorkCard(id: CallId, changes: RwSignal<u32>) -> impl IntoView {
    let place = Resource::new(move || changes.get(), move |_| read_work(id));
    let desk = Desk { call: id, changes, toasts: use_toasts() };
    let draws = StoredValue::new(0);
    view! {
        <section class="card work-card" aria-labelledby="work-title">
            <header><h2 id="work-title">{t(w::WORK_TITLE)}</h2></header>
            <div class="body stack g3">
                <Loaded resource=place let:place>
                    {drawn_anew(draws, move || view! { <Shown place=place.clone() desk/> }.into_any())}
                </Loaded>
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn Shown(place: Place, desk: Desk) -> impl IntoView {
    let may_assign = may(Permission::CallsAssign);
    let now = place.now;
    let me = place.hands.me;
    let work = place.work.clone();
    let head = match &work {
        None => view! { <p class="muted">{t(w::WORK_NONE)}</p> }.into_any(),
        Some(work) => view! { <Who work=work.clone() now/> }.into_any(),
    };
    if !may_assign {
        return head;
    }
    let id = desk.call;
    let is_mine = work.as_ref().is_some_and(|work| work.person.as_ref().is_some_and(|(account, _)| Some(*account) == me));
    let is_free = work.as_ref().is_none_or(|work| work.person.is_none() || work.status == WorkStatus::Done);
    let is_new = work.as_ref().is_some_and(|work| work.taken_at.is_none() && work.status == WorkStatus::Open);
    let takes = me.is_some() && (is_free || is_mine && is_new);
    let status = work.as_ref().map(|work| work.status);
    let set = move |status| move |_| desk.run(set_work_status(id, status));
    let button = move |wanted: WorkStatus, key| {
        status.filter(|status| *status != wanted).map(|_| view! { <Button size=ButtonSize::Small on:click=set(wanted)>{t(key)}</Button> })
    };
    let chosen = work.as_ref().map(|work| match (&work.person, &work.team) {
        (Some((account, _)), _) if Some(*account) == me => Assignee::Me.to_string(),
        (Some((account, _)), _) => account.to_string(),
        (None, Some((team, _))) => team.to_string(),
        (None, None) => Assignee::Nobody.to_string(),
    });
    let give = move |event| {
        if let Ok(assignee) = event_target_value(&event).parse::<Assignee>() {
            desk.run(async move { assign_calls(vec![id], assignee).await.map(drop) });
        }
    };
    let due = move |event| {
        let minutes = event_target_value(&event).parse::<i64>().ok();
        let at = minutes.map(|minutes| (now + Duration::minutes(minutes)).to_rfc3339()).unwrap_or_default();
        desk.run(set_work_due(id, at));
    };
    let is_known = work.is_some();
    view! {
        {head}
        <div class="row wrap g2">
            {takes.then(|| view! {
                <Button size=ButtonSize::Small kind=ButtonKind::Primary icon=icondata::LuHand on:click=move |_| desk.run(async move { take_call(id).await.map(drop) })>{t(w::WORK_TAKE)}</Button>
            })}
            {button(WorkStatus::Done, w::WORK_DO_DONE)}
            {button(WorkStatus::Waiting, w::WORK_DO_WAIT)}
            {(status != Some(WorkStatus::Open)).then(|| button(WorkStatus::Open, w::WORK_DO_OPEN))}
            {is_known.then(|| view! { <Button size=ButtonSize::Small kind=ButtonKind::Ghost on:click=move |_| desk.run(let_call_go(id))>{t(w::WORK_LET_GO)}</Button> })}
        </div>
        <div class="cols">
            <label class="field">
                <span class="label">{t(w::WORK_TO)}</span>
                <select class="input" name="assignee" on:change=give>
                    <option value="" selected=chosen.is_none()>{t(w::WORK_CHOOSE)}</option>
                    {options(&place.hands)
                        .into_iter()
                        .map(|(value, words)| {
                            let is_chosen = chosen.as_ref() == Some(&value);
                            view! { <option value=value selected=is_chosen>{words}</option> }
                        })
                        .collect_view()}
                </select>
            </label>
            {is_known.then(|| view! {
                <label class="field">
                    <span class="label">{t(w::WORK_DUE)}</span>
                    <select class="input" name="due" on:change=due>
                        <option value="-">{t(w::WORK_DUE_CHOOSE)}</option>
                        {DUE.map(|(minutes, words)| view! { <option value=minutes.to_string()>{t(words)}</option> }).collect_view()}
                        <option value="">{t(w::WORK_DUE_NONE)}</option>
                    </select>
                </label>
            })}
        </div>
    }
    .into_any()
}

/// Who has it, why, and until when.
#[component]
fn Who(work: Work, now: chrono::DateTime<chrono::Utc>) -> impl IntoView {
    let who = match (&work.person, &work.team) {
        (Some((_, name)), Some((_, team))) => format!("{name} · {team}"),
        (Some((_, name)), None) => name.clone(),
        (None, Some((_, team))) => t_with(w::WORK_TEAM_QUEUE, &[("team", team)]),
        (None, None) => t(w::WORK_NOBODY).to_owned(),
    };
    let is_late = work.status != WorkStatus::Done && work.due_at.is_some_and(|due| due < now);
    view! {
        <p class="row wrap g2">
            <b>{who}</b>
            <Badge tone=status_tone(work.status)>{t(status_key(work.status))}</Badge>
            {is_late.then(|| view! { <Badge tone=Tone::Bad>{t(w::WORK_LATE)}</Badge> })}
        </p>
        <p class="small muted">
            {why(work.cause, work.given_by.as_deref())}" · "<RelativeTime at=work.given_at now/>
            {work.due_at.map(|due| view! { " · "{t(w::WORK_DUE_AT)}" "<When at=due now/> })}
            {work.return_at.map(|at| view! { " · "{t(w::WORK_RETURNS)}" "<When at now/> })}
            {work.returned_at.map(|_| view! { " · "{t(w::WORK_RETURNED)} })}
        </p>
    }
    .into_any()
}

/// Why somebody has a call, in words.
pub fn why(cause: Cause, by: Option<&str>) -> String {
    match (cause, by) {
        (Cause::Hand, Some(by)) => t_with(w::WORK_WHY_BY, &[("name", by)]),
        (Cause::Hand, None) => t(w::WORK_WHY_HAND).to_owned(),
        (cause, _) => t(cause_key(cause)).to_owned(),
    }
}

/// The words of a rule's cause.
pub fn cause_key(cause: Cause) -> Key {
    match cause {
        Cause::Hand => w::WORK_WHY_HAND,
        Cause::Urgent => w::WORK_WHY_URGENT,
        Cause::Complaint => w::WORK_WHY_COMPLAINT,
        Cause::Human => w::WORK_WHY_HUMAN,
        Cause::Message => w::WORK_WHY_MESSAGE,
    }
}
