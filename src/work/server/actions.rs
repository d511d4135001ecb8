//! Use cases of who looks after which call.

use super::{
    give::{Gift, To, give, tell},
    store::{self, Held},
};
use crate::{
    platform::{OrgScope, OrgTx},
    shared::{
        error::AppError,
        ids::{AccountId, CallId},
        page::{Page, PageRequest},
        permission::Permission,
    },
    work::{deal::Need, model::*},
};
use chrono::{DateTime, Utc};

/// Calls that are given at once, at most.
const MOST_AT_ONCE: usize = 200;

/// Who looks after a call, and who could. Errors: `NotFound`.
pub async fn place(scope: &OrgScope, call: CallId) -> Result<Place, AppError> {
    let mut tx = scope.begin(Permission::CallsRead).await?;
    if !store::call_exists(&mut tx, call).await? {
        return Err(AppError::not_found("call"));
    }
    let work = store::of_calls(&mut tx, &[call]).await?.pop();
    let hands = hands_in(&mut tx).await?;
    Ok(Place { work, hands, now: scope.core().clock.now() })
}

/// Whom calls can be given to.
pub async fn hands(scope: &OrgScope) -> Result<Hands, AppError> {
    let mut tx = scope.begin(Permission::CallsRead).await?;
    hands_in(&mut tx).await
}

/// The same, in a transaction of the caller's.
pub async fn hands_in(tx: &mut OrgTx<'_>) -> Result<Hands, AppError> {
    let people = store::people(tx).await?.into_iter().filter(|one| one.may_see_calls).map(|one| (one.account, one.name)).collect();
    let teams = store::teams(tx).await?.into_iter().map(|team| (team.id, team.name)).collect();
    Ok(Hands { people, teams, me: tx.scope().account() })
}

/// Who looks after a call. Errors: `NotFound`, also when nobody does.
pub async fn read(scope: &OrgScope, call: CallId) -> Result<Work, AppError> {
    let mut tx = scope.begin(Permission::CallsRead).await?;
    one(&mut tx, call).await
}

async fn one(tx: &mut OrgTx<'_>, call: CallId) -> Result<Work, AppError> {
    store::of_calls(tx, &[call]).await?.pop().ok_or_else(|| AppError::not_found("assignment"))
}

/// Assignments, the newest call first. Errors: `Invalid(after)`; `Invalid(assignee)` when a program asks for its own.
pub async fn list(scope: &OrgScope, filter: &WorkFilter, page: &PageRequest) -> Result<Page<Work>, AppError> {
    let mut tx = scope.begin(Permission::CallsRead).await?;
    let after = page.after.as_deref().map(str::parse::<CallId>).transpose().map_err(|_| AppError::invalid("after", "page.bad_cursor"))?;
    let mark = filter.assignee.map(|who| mark_of(who, scope.account()).ok_or_else(|| AppError::invalid("assignee", "work.no_person")));
    let mark = mark.transpose()?;
    let limit = page.limit();
    let rows = store::page(&mut tx, mark.as_deref(), filter.status, after, limit + 1).await?;
    Ok(Page::from_rows(rows, limit, |work| work.call.to_string()))
}

/// Gives calls to somebody; says how many there were. Errors: `Invalid(calls)`, `Invalid(assignee)`; `NotFound` of the member or team.
pub async fn assign(scope: &OrgScope, calls: &[CallId], to: Assignee, due_at: Option<DateTime<Utc>>) -> Result<i64, AppError> {
    let mut tx = scope.begin(Permission::CallsAssign).await?;
    if !(1..=MOST_AT_ONCE).contains(&calls.len()) {
        return Err(AppError::invalid("calls", "calls.bad_selection"));
    }
    let to = who(&mut tx, to).await?;
    // In one order, so that two who give the same calls wait for each other and nobody for both.
    let mut calls = calls.to_vec();
    calls.sort_unstable();
    calls.dedup();
    let mut given = 0;
    for call in calls {
        if !store::call_exists(&mut tx, call).await? {
            continue;
        }
        let held = held(&mut tx, call).await?;
        let need = Need { tried: vec![], ..held.need };
        let is_taken = matches!(to, To::Person(account) if Some(account) == scope.account());
        let due_at = due_at.or(held.due_at);
        give(&mut tx, call, &Gift { to, cause: Cause::Hand, need, due_at, is_taken, was_returned: false }).await?;
        given += 1;
    }
    tx.commit().await?;
    Ok(given)
}

/// Somebody of the organisation who may see calls, or one of its teams. Errors: `NotFound`; `Invalid(assignee)`.
async fn who(tx: &mut OrgTx<'_>, to: Assignee) -> Result<To, AppError> {
    let account = match to {
        Assignee::Nobody => return Ok(To::Nobody),
        Assignee::Team(team, way) => {
            let known = store::teams(tx).await?.iter().any(|one| one.id == team);
            return if known { Ok(To::Team(team, way)) } else { Err(AppError::not_found("team")) };
        }
        Assignee::Me => tx.scope().account().ok_or_else(|| AppError::invalid("assignee", "work.no_person"))?,
        Assignee::Person(account) => account,
    };
    match store::people(tx).await?.iter().find(|one| one.account == account) {
        Some(one) if one.may_see_calls => Ok(To::Person(account)),
        Some(_) => Err(AppError::invalid("assignee", "work.may_not_see")),
        None => Err(AppError::not_found("member")),
    }
}

/// The row of a call, made when it has none, and locked.
async fn held(tx: &mut OrgTx<'_>, call: CallId) -> Result<Held, AppError> {
    let now = tx.scope().core().clock.now();
    store::begin(tx, call, Cause::Hand, now).await?;
    store::lock(tx, call).await?.ok_or_else(|| AppError::not_found("call"))
}

/// The same, when somebody looks after the call. Errors: `NotFound`.
async fn known(tx: &mut OrgTx<'_>, call: CallId) -> Result<Held, AppError> {
    let held = store::lock(tx, call).await?.filter(|held| !held.is_dropped);
    held.ok_or_else(|| AppError::not_found("assignment"))
}

/// Takes a call for oneself: one that nobody has, or one's own, which is then taken up. Errors: `NotFound`; `Conflict("taken")`.
pub async fn take(scope: &OrgScope, call: CallId) -> Result<Work, AppError> {
    let mut tx = scope.begin(Permission::CallsAssign).await?;
    let me = scope.account().ok_or_else(|| AppError::invalid("assignee", "work.no_person"))?;
    if !store::call_exists(&mut tx, call).await? {
        return Err(AppError::not_found("call"));
    }
    let to = who(&mut tx, Assignee::Person(me)).await?;
    let held = held(&mut tx, call).await?;
    if held.account.is_some_and(|account| account != me) && !held.is_dropped && held.status != WorkStatus::Done {
        return Err(AppError::conflict("taken"));
    }
    let gift = Gift { to, cause: held.cause, need: held.need, due_at: held.due_at, is_taken: true, was_returned: false };
    give(&mut tx, call, &gift).await?;
    let work = one(&mut tx, call).await?;
    tx.commit().await?;
    Ok(work)
}

/// Says how a call stands. Errors: `NotFound`.
pub async fn set_status(scope: &OrgScope, call: CallId, status: WorkStatus) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::CallsAssign).await?;
    known(&mut tx, call).await?;
    let now = scope.core().clock.now();
    store::set_status(&mut tx, call, status, scope.account(), now).await?;
    tell(&mut tx, call).await?;
    tx.commit().await
}

/// Says until when. Errors: `NotFound`.
pub async fn set_due(scope: &OrgScope, call: CallId, due_at: Option<DateTime<Utc>>) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::CallsAssign).await?;
    known(&mut tx, call).await?;
    store::set_due(&mut tx, call, due_at).await?;
    tell(&mut tx, call).await?;
    tx.commit().await
}

/// Nobody needs to look after the call, and no rule gives it out again. Errors: `NotFound`.
pub async fn let_go(scope: &OrgScope, call: CallId) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::CallsAssign).await?;
    known(&mut tx, call).await?;
    let now = scope.core().clock.now();
    store::drop_it(&mut tx, call, now).await?;
    tell(&mut tx, call).await?;
    tx.commit().await
}

/// Gives, sets the status and the due time in one: what the API's PUT means. Errors: as [`assign`]; `NotFound` of the call.
pub async fn put(
    scope: &OrgScope,
    call: CallId,
    to: Option<Assignee>,
    status: Option<WorkStatus>,
    due_at: Option<DateTime<Utc>>,
) -> Result<Work, AppError> {
    if let Some(to) = to
        && assign(scope, &[call], to, due_at).await? == 0
    {
        return Err(AppError::not_found("call"));
    }
    if to.is_none() && due_at.is_some() {
        set_due(scope, call, due_at).await?;
    }
    if let Some(status) = status {
        set_status(scope, call, status).await?;
    }
    read(scope, call).await
}

/// Gives a call that is over to whom the rules say, once: a call that was ever given, by hand or by rule, is left as it is.
pub async fn deal_by_rule(
    scope: &OrgScope,
    call: CallId,
    causes: &[Cause],
    language: Option<String>,
    skills: Vec<String>,
) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::CallsAssign).await?;
    let rules = store::rules(&mut tx).await?;
    let first = Cause::RULES.iter().filter(|cause| causes.contains(cause)).find_map(|cause| rules.iter().find(|rule| rule.cause == *cause));
    let Some(rule) = first else { return Ok(()) };
    let now = scope.core().clock.now();
    if !store::call_exists(&mut tx, call).await? || !store::begin(&mut tx, call, rule.cause, now).await? {
        return Ok(());
    }
    let due_at = rule.due_min.map(|minutes| now + chrono::Duration::minutes(minutes.into()));
    let need = Need { language, skills, tried: vec![] };
    give(&mut tx, call, &Gift { to: To::Team(rule.team, rule.way), cause: rule.cause, need, due_at, is_taken: false, was_returned: false })
        .await?;
    tx.commit().await
}

/// Takes a call from who let it lie, and gives it to the next of the team; to its queue, when all have had it.
pub async fn go_on(scope: &OrgScope, call: CallId) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::CallsAssign).await?;
    let now = scope.core().clock.now();
    let Some(held) = store::lock(&mut tx, call).await? else { return Ok(()) };
    let is_due = held.return_at.is_some_and(|at| at <= now) && held.status == WorkStatus::Open && !held.is_dropped;
    let (true, Some(account)) = (is_due, held.account) else { return Ok(()) };
    let mut need = held.need;
    if !need.tried.contains(&account) {
        need.tried.push(account);
    }
    let to = held.team.map_or(To::Nobody, |team| To::Team(team, held.way));
    give(&mut tx, call, &Gift { to, cause: held.cause, need, due_at: held.due_at, is_taken: false, was_returned: true }).await?;
    tx.commit().await
}

/// What a person looks after and what nobody of theirs does, as calls, each list the most pressing first.
pub async fn queues(tx: &mut OrgTx<'_>, account: AccountId, limit: i64) -> Result<(Vec<Work>, Vec<Work>), AppError> {
    let (mine, nobodys) = (store::mine(tx, account, limit).await?, store::nobodys(tx, account, limit).await?);
    let all: Vec<CallId> = mine.iter().chain(&nobodys).copied().collect();
    let works = store::of_calls(tx, &all).await?;
    let pick = |ids: Vec<CallId>| ids.into_iter().filter_map(|id| works.iter().find(|work| work.call == id).cloned()).collect();
    Ok((pick(mine), pick(nobodys)))
}
