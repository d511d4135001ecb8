//! Use cases of reception's pages. Nothing here talks to a provider.

use super::{callbacks, jobs::DeskChanged, local, store};
use crate::{
    i18n::{Locale, t_str},
    platform::{OrgScope, OrgTx, queue::Opts},
    reception::{
        directory::Person,
        holidays::public_holidays,
        hours::{SpecialDay, Week},
        http_tool::HttpTool,
        model::*,
        rules::{Rule, Then, When},
    },
    shared::{
        error::AppError,
        ids::{CallbackId, PersonId, RuleId},
        permission::Permission,
    },
};
use chrono::{Datelike, NaiveDate};

const MOST_RULES: usize = 60;
const MOST_DAYS: usize = 400;
const MOST_PEOPLE: usize = 100;
/// Calls to make that a page shows, and those made.
const SHOWN: i64 = 100;
const SHOWN_DONE: i64 = 20;

/// Writes the week.
pub async fn save_week(scope: &OrgScope, week: Week) -> Result<(), AppError> {
    change(scope, |kept| {
        kept.week = week;
        Ok(())
    })
    .await
}

/// Gives a day hours of its own, or other ones. Errors: `Conflict("day_limit")`.
pub async fn save_day(scope: &OrgScope, day: SpecialDay) -> Result<(), AppError> {
    change(scope, |kept| put_day(&mut kept.days, day, true)).await
}

/// The day is like others of its weekday again. Errors: `NotFound`.
pub async fn remove_day(scope: &OrgScope, day: NaiveDate) -> Result<(), AppError> {
    change(scope, |kept| {
        let before = kept.days.len();
        kept.days.retain(|known| known.day != day);
        if kept.days.len() == before { Err(AppError::not_found("day")) } else { Ok(()) }
    })
    .await
}

/// Closes the public holidays of France that are to come, this year's and the next one's; days that have hours of their own keep them.
/// Errors: `Conflict("day_limit")`.
pub async fn add_public_holidays(scope: &OrgScope) -> Result<(), AppError> {
    let mut tx = scope.begin_for_all(Permission::AssistantsEdit).await?;
    let (timezone, locale) = store::house(&mut tx).await?;
    let today = local::local(local::zone(&timezone), scope.core().clock.now()).date();
    let locale = Locale::parse(&locale).unwrap_or_default();
    let mut kept = store::lock(&mut tx).await?;
    let coming = (today.year()..=today.year() + 1).flat_map(public_holidays).filter(|(day, _)| *day >= today);
    for (day, name) in coming {
        put_day(&mut kept.days, SpecialDay { day, label: t_str(locale, name).to_owned(), spans: vec![] }, false)?;
    }
    // Days gone by are of no use to anybody.
    kept.days.retain(|known| known.day.year() >= today.year() - 1);
    store::write(&mut tx, &kept, scope.core().clock.now()).await?;
    tx.commit().await
}

fn put_day(days: &mut Vec<SpecialDay>, day: SpecialDay, over: bool) -> Result<(), AppError> {
    let is_full = days.len() >= MOST_DAYS;
    match days.iter_mut().find(|known| known.day == day.day) {
        Some(known) if over => *known = day,
        Some(_) => {}
        None if is_full => return Err(AppError::conflict("day_limit")),
        None => days.push(day),
    }
    days.sort_by_key(|known| known.day);
    Ok(())
}

/// Writes a rule: a new one comes last. Errors: `NotFound`; `Invalid`; `Conflict("rule_limit")`.
pub async fn save_rule(scope: &OrgScope, id: Option<RuleId>, (when, then): (When, Then)) -> Result<RuleId, AppError> {
    let mut tx = scope.begin_for_all(Permission::AssistantsEdit).await?;
    leads_somewhere(&mut tx, &then).await?;
    let now = scope.core().clock.now();
    let mut kept = store::lock(&mut tx).await?;
    let id = match id {
        Some(id) => {
            let rule = kept.rules.iter_mut().find(|rule| rule.id == id).ok_or_else(|| AppError::not_found("rule"))?;
            (rule.when, rule.then) = (when, then);
            id
        }
        None if kept.rules.len() >= MOST_RULES => return Err(AppError::conflict("rule_limit")),
        None => {
            let id = RuleId::at(now);
            kept.rules.push(Rule { id, is_on: true, when, then });
            id
        }
    };
    store::write(&mut tx, &kept, now).await?;
    tx.commit().await?;
    Ok(id)
}

/// What a rule names is this organisation's.
async fn leads_somewhere(tx: &mut OrgTx<'_>, then: &Then) -> Result<(), AppError> {
    if let Some(wanted) = then.assistant
        && !store::assistants(tx).await?.iter().any(|known| known.id == wanted)
    {
        return Err(AppError::invalid("assistant", "reception.choose"));
    }
    if let Some(wanted) = then.person
        && !store::people(tx).await?.iter().any(|known| known.id == wanted)
    {
        return Err(AppError::invalid("person", "reception.choose"));
    }
    Ok(())
}

/// Moves a rule one place; at the end it stays. Errors: `NotFound`.
pub async fn move_rule(scope: &OrgScope, id: RuleId, up: bool) -> Result<(), AppError> {
    change(scope, |kept| {
        let at = place(&kept.rules, id)?;
        let other = if up { at.checked_sub(1) } else { Some(at + 1).filter(|other| *other < kept.rules.len()) };
        if let Some(other) = other {
            kept.rules.swap(at, other);
        }
        Ok(())
    })
    .await
}

/// Lets a rule count, or no longer. Errors: `NotFound`.
pub async fn switch_rule(scope: &OrgScope, id: RuleId, on: bool) -> Result<(), AppError> {
    change(scope, |kept| {
        let at = place(&kept.rules, id)?;
        kept.rules[at].is_on = on;
        Ok(())
    })
    .await
}

/// Takes a rule out. Errors: `NotFound`.
pub async fn remove_rule(scope: &OrgScope, id: RuleId) -> Result<(), AppError> {
    change(scope, |kept| {
        let at = place(&kept.rules, id)?;
        kept.rules.remove(at);
        Ok(())
    })
    .await
}

fn place(rules: &[Rule], id: RuleId) -> Result<usize, AppError> {
    rules.iter().position(|rule| rule.id == id).ok_or_else(|| AppError::not_found("rule"))
}

/// Changes what is kept in one row, locked meanwhile: of two people who change it, neither loses anything.
async fn change(scope: &OrgScope, by: impl FnOnce(&mut store::Kept) -> Result<(), AppError>) -> Result<(), AppError> {
    let mut tx = scope.begin_for_all(Permission::AssistantsEdit).await?;
    let mut kept = store::lock(&mut tx).await?;
    by(&mut kept)?;
    store::write(&mut tx, &kept, scope.core().clock.now()).await?;
    tx.commit().await
}

/// Writes somebody into the directory. Errors: `NotFound`; `Conflict("person_limit")`.
pub async fn save_person(scope: &OrgScope, person: &Person, is_new: bool) -> Result<(), AppError> {
    let mut tx = scope.begin_for_all(Permission::AssistantsEdit).await?;
    store::lock(&mut tx).await?;
    let known = store::people(&mut tx).await?;
    if !is_new && !known.iter().any(|known| known.id == person.id) {
        return Err(AppError::not_found("person"));
    }
    if is_new && known.len() >= MOST_PEOPLE {
        return Err(AppError::conflict("person_limit"));
    }
    store::save_person(&mut tx, person, scope.core().clock.now()).await?;
    if known.is_empty() {
        tell(&mut tx).await?;
    }
    tx.commit().await
}

/// Takes somebody out. Rules that lead to them are passed over from then on. Errors: `NotFound`.
pub async fn remove_person(scope: &OrgScope, id: PersonId) -> Result<(), AppError> {
    let mut tx = scope.begin_for_all(Permission::AssistantsEdit).await?;
    store::lock(&mut tx).await?;
    if !store::delete_person(&mut tx, id).await? {
        return Err(AppError::not_found("person"));
    }
    if store::people(&mut tx).await?.is_empty() {
        tell(&mut tx).await?;
    }
    tx.commit().await
}

/// Calls to make, and those made last.
pub async fn list_callbacks(scope: &OrgScope) -> Result<CallbackList, AppError> {
    let mut tx = scope.begin(Permission::CallsRead).await?;
    Ok(CallbackList {
        open: callbacks::list(&mut tx, false, SHOWN).await?,
        all_open: callbacks::count_open(&mut tx).await?,
        done: callbacks::list(&mut tx, true, SHOWN_DONE).await?,
        now: scope.core().clock.now(),
    })
}

/// Made, or to be made after all. Errors: `NotFound`.
pub async fn set_callback_done(scope: &OrgScope, id: CallbackId, done: bool) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::CallsStart).await?;
    let at = done.then(|| scope.core().clock.now());
    if !callbacks::set_done(&mut tx, id, at, scope.account()).await? {
        return Err(AppError::not_found("callback"));
    }
    tx.commit().await
}

/// What assistants can be offered.
#[derive(Clone, Debug, Default)]
pub struct Offer {
    /// There is somebody to put callers through to.
    pub has_people: bool,
    /// The organisation's own tools.
    pub own: Vec<HttpTool>,
}

/// See [`Offer`].
pub async fn offer(tx: &mut OrgTx<'_>) -> Result<Offer, AppError> {
    let own = store::tools(tx).await?.into_iter().map(|row| row.tool).collect();
    Ok(Offer { has_people: !store::people(tx).await?.is_empty(), own })
}

/// Assistants are told that there are other tools.
pub(super) async fn tell(tx: &mut OrgTx<'_>) -> Result<(), AppError> {
    let org = tx.scope().org();
    tx.enqueue(&DeskChanged { org }, Opts::default().key(format!("desk:{org}"))).await?;
    Ok(())
}
