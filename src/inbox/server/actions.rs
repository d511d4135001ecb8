//! Use cases of the inbox. Each list is read by the slice that owns it, and only when the reader may see it.

use super::store;
use crate::{
    answers::server::actions as answers,
    assistants::server::actions as assistants,
    calls::{model::CallCard, server::read},
    inbox::model::*,
    platform::{
        OrgScope, OrgTx,
        bus::{self, Note},
    },
    reception::server::{actions as reception, local},
    shared::{
        error::AppError,
        ids::{AccountId, CallId, NoteId},
        permission::Permission,
    },
    work::{
        model::{Work, WorkStatus},
        server::{actions as work, mentions},
    },
};
use chrono::{DateTime, Datelike, Days, Duration, Utc};

/// Of each kind, at most.
const MOST: i64 = 100;

/// Everything that awaits the reader. A program has no inbox: nothing.
pub async fn read(scope: &OrgScope) -> Result<Inbox, AppError> {
    scope.require(Permission::CallsRead)?;
    let now = scope.core().clock.now();
    let Some(account) = scope.account() else { return Ok(Inbox { items: vec![], snoozed: 0, now }) };
    let mut items = calls(scope, account).await?;
    let open = |permission| scope.may(permission);
    if open(Permission::CallsStart) {
        items.extend(callbacks(scope).await?);
    }
    if open(Permission::AssistantsEdit) {
        items.extend(questions(scope).await?);
        items.extend(drifted(scope, now).await?);
    }
    let mut tx = scope.begin(Permission::CallsRead).await?;
    let marks = store::marks(&mut tx, account).await?;
    tx.commit().await?;
    let all = items.len();
    items.retain(|item| marks.get(&item.key).and_then(|mark| mark.snoozed_until).is_none_or(|until| until <= now));
    for item in &mut items {
        item.is_unread = !marks.get(&item.key).is_some_and(|mark| mark.is_read);
    }
    Ok(Inbox { snoozed: i64::try_from(all - items.len()).unwrap_or(0), items, now })
}

/// How much awaits the reader: as much as is listed.
pub async fn count(scope: &OrgScope) -> Result<u32, AppError> {
    Ok(u32::try_from(read(scope).await?.items.len()).unwrap_or(u32::MAX))
}

fn item(kind: Kind, id: &str, href: String, at: DateTime<Utc>) -> Item {
    Item {
        key: format!("{kind}:{id}"),
        kind,
        card: None,
        title: String::new(),
        text: String::new(),
        href,
        at,
        due_at: None,
        status: None,
        cause: None,
        by: None,
        team: None,
        was_returned: false,
        is_unread: false,
        is_settleable: kind.is_settled_here(),
    }
}

/// Calls of the reader's, notes that mean them, and what nobody of their teams has.
async fn calls(scope: &OrgScope, account: AccountId) -> Result<Vec<Item>, AppError> {
    let mut tx = scope.begin(Permission::CallsRead).await?;
    let (mine, nobodys) = work::queues(&mut tx, account, MOST).await?;
    let nobodys = if scope.may(Permission::CallsAssign) { nobodys } else { vec![] };
    let meant = mentions::open(&mut tx, account, MOST).await?;
    let ids: Vec<CallId> = mine.iter().chain(&nobodys).map(|work| work.call).chain(meant.iter().map(|one| one.call)).collect();
    let cards = read::cards_of(tx.conn(), &ids).await?;
    tx.commit().await?;
    let card_of = |call: CallId| cards.iter().find(|card| card.id == call).cloned();
    let may_settle = scope.may(Permission::CallsAssign);
    let given = |kind: Kind, work: Work| -> Option<Item> {
        let card = card_of(work.call)?;
        Some(Item {
            due_at: work.due_at,
            status: Some(work.status),
            cause: Some(work.cause),
            by: work.given_by,
            team: work.team.map(|(_, name)| name),
            was_returned: work.returned_at.is_some(),
            text: said(&card),
            is_settleable: may_settle,
            card: Some(Box::new(card)),
            ..item(kind, &work.call.to_string(), format!("/calls/{}", work.call), work.given_at)
        })
    };
    let mut items: Vec<Item> = mine.into_iter().filter_map(|work| given(Kind::Call, work)).collect();
    items.extend(meant.into_iter().filter_map(|one| {
        let card = card_of(one.call)?;
        let made = item(Kind::Mention, &one.note.to_string(), format!("/calls/{}#notes-title", one.call), one.at);
        Some(Item { text: one.text, by: one.by, card: Some(Box::new(card)), ..made })
    }));
    items.extend(nobodys.into_iter().filter_map(|work| given(Kind::Team, work)));
    Ok(items)
}

fn said(card: &CallCard) -> String {
    card.summary.clone().or_else(|| card.last_line.clone()).unwrap_or_default()
}

async fn callbacks(scope: &OrgScope) -> Result<Vec<Item>, AppError> {
    let list = reception::list_callbacks(scope).await?;
    let made = list.open.into_iter().take(MOST as usize).map(|one| {
        let text = [one.wanted, one.why].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
        let href = one.call.map_or_else(|| "/reception/callbacks".to_owned(), |call| format!("/calls/{call}"));
        let title = if one.caller_name.is_empty() { one.number } else { format!("{} · {}", one.caller_name, one.number) };
        Item { title, text, ..item(Kind::Callback, &one.id.to_string(), href, one.asked_at) }
    });
    Ok(made.collect())
}

async fn questions(scope: &OrgScope) -> Result<Vec<Item>, AppError> {
    let open = answers::open_questions(scope).await?;
    let made = open.items.into_iter().take(MOST as usize).map(|one| {
        let of = item(Kind::Question, &one.id.to_string(), "/answers".to_owned(), one.last_asked_at);
        Item { title: one.question, text: one.asked.to_string(), ..of }
    });
    Ok(made.collect())
}

async fn drifted(scope: &OrgScope, now: DateTime<Utc>) -> Result<Vec<Item>, AppError> {
    let all = assistants::list(scope).await?.into_iter().filter(|one| one.has_drifted);
    Ok(all.map(|one| Item { title: one.name, ..item(Kind::Drift, &one.id.to_string(), format!("/assistants/{}", one.id), now) }).collect())
}

/// Kind and id of a key. Errors: `NotFound`.
fn parts(key: &str) -> Result<(Kind, &str), AppError> {
    let missing = || AppError::not_found("item");
    let (kind, id) = key.split_once(':').filter(|(_, id)| (8..=40).contains(&id.len())).ok_or_else(missing)?;
    Ok((kind.parse().map_err(|_| missing())?, id))
}

fn id<T: std::str::FromStr>(text: &str) -> Result<T, AppError> {
    text.parse().map_err(|_| AppError::not_found("item"))
}

/// Says that something is done, or is not after all: what that means is its slice's, and so is who may.
pub async fn settle(scope: &OrgScope, key: &str, is_done: bool) -> Result<(), AppError> {
    scope.require(Permission::CallsRead)?;
    let (kind, text) = parts(key)?;
    match kind {
        Kind::Call | Kind::Team => {
            let status = if is_done { WorkStatus::Done } else { WorkStatus::Open };
            return work::set_status(scope, id(text)?, status).await;
        }
        Kind::Mention => return mentions::done(scope, id::<NoteId>(text)?, is_done).await,
        Kind::Callback => reception::set_callback_done(scope, id(text)?, is_done).await?,
        Kind::Question => answers::dismiss(scope, id(text)?, is_done).await?,
        Kind::Drift => return Err(AppError::not_found("item")),
    }
    let mut tx = scope.begin(Permission::CallsRead).await?;
    tell(&mut tx).await?;
    tx.commit().await
}

/// Puts something off; without a time, no longer.
pub async fn snooze(scope: &OrgScope, key: &str, until: Option<Until>) -> Result<(), AppError> {
    let now = scope.core().clock.now();
    let mut tx = scope.begin(Permission::CallsRead).await?;
    parts(key)?;
    let account = scope.account().ok_or_else(|| AppError::not_found("item"))?;
    let zone = sqlx::query_scalar!("select timezone from orgs").fetch_one(tx.conn()).await?;
    let until = until.map(|until| moment(until, now, local::zone(&zone)));
    store::mark(&mut tx, account, key, now, Some(until)).await?;
    tell(&mut tx).await?;
    tx.commit().await
}

/// The reader has seen something.
pub async fn seen(scope: &OrgScope, key: &str) -> Result<(), AppError> {
    let now = scope.core().clock.now();
    let mut tx = scope.begin(Permission::CallsRead).await?;
    parts(key)?;
    if let Some(account) = scope.account() {
        store::mark(&mut tx, account, key, now, None).await?;
    }
    tx.commit().await
}

/// When something comes back.
fn moment(until: Until, now: DateTime<Utc>, zone: chrono_tz::Tz) -> DateTime<Utc> {
    let today = local::local(zone, now).date();
    let days = match until {
        Until::Hour => return now + Duration::hours(1),
        Until::Tomorrow => 1,
        Until::Monday => 7 - u64::from(today.weekday().num_days_from_monday()),
    };
    let nine = today.checked_add_days(Days::new(days)).and_then(|day| day.and_hms_opt(9, 0, 0));
    nine.and_then(|nine| local::instant(zone, nine)).unwrap_or(now + Duration::days(1))
}

/// Other tabs of the reader read again.
async fn tell(tx: &mut OrgTx<'_>) -> Result<(), AppError> {
    let note = Note::Work { org: tx.scope().org(), call: CallId(uuid::Uuid::nil()) };
    Ok(bus::publish(tx.conn(), &[note]).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_off_comes_back_at_nine_by_the_wall_clock() {
        let paris = local::zone("Europe/Paris");
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
        // A Saturday, the night before clocks go forward.
        let now = at("2026-03-28T21:30:00Z");
        assert_eq!(moment(Until::Hour, now, paris), at("2026-03-28T22:30:00Z"));
        assert_eq!(moment(Until::Tomorrow, now, paris), at("2026-03-29T07:00:00Z"));
        assert_eq!(moment(Until::Monday, now, paris), at("2026-03-30T07:00:00Z"));
        assert_eq!(moment(Until::Monday, at("2026-03-30T05:00:00Z"), paris), at("2026-04-06T07:00:00Z"), "the next one");
    }

    #[test]
    fn only_keys_of_ours_are_read() {
        assert!(parts("call:call_00000000000000000000000000").is_ok());
        for wrong in ["", "call:", "world:call_00000000000000000000000000", "call", &format!("call:{}", "x".repeat(60))] {
            assert!(parts(wrong).is_err(), "{wrong}");
        }
    }
}
