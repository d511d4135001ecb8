//! The one way a call comes to somebody, whoever gives it: a person, a program, a rule, or the duty that takes it from who let it lie.
//! What else is to follow an assignment (an event for others, a line in a log) belongs into [`give`].

use super::{
    jobs::{About, TellPerson},
    store::{self, Written},
};
use crate::{
    platform::{
        OrgTx,
        bus::{self, Note},
        events::{self, Happened},
    },
    reception::{
        hours::{Calendar, Opening},
        server::local,
    },
    shared::{
        error::AppError,
        event::EventKind,
        ids::{AccountId, CallId, TeamId},
    },
    work::{
        deal::{self, Need},
        model::{Cause, Way},
    },
};
use chrono::{DateTime, Duration, Utc};
use serde_json::json;

/// Where a call goes.
#[derive(Clone, Copy)]
pub enum To {
    Nobody,
    Person(AccountId),
    Team(TeamId, Way),
}

/// What is given.
pub struct Gift {
    pub to: To,
    pub cause: Cause,
    pub need: Need,
    pub due_at: Option<DateTime<Utc>>,
    /// The one who gets it said yes already.
    pub is_taken: bool,
    /// It comes from who let it lie.
    pub was_returned: bool,
}

/// Gives a call whose row is locked. Errors: `NotFound(team)`.
pub async fn give(tx: &mut OrgTx<'_>, call: CallId, gift: &Gift) -> Result<Option<AccountId>, AppError> {
    let now = tx.scope().core().clock.now();
    let by = tx.scope().account();
    let (team, way, account, patience) = match gift.to {
        To::Nobody => (None, Way::Queue, None, None),
        To::Person(account) => (None, Way::Queue, Some(account), None),
        To::Team(team, way) => {
            let (account, patience) = of_team(tx, team, way, &gift.need, now).await?;
            (Some(team), way, account, patience)
        }
    };
    let return_at = account.and(patience).map(|minutes| now + Duration::minutes(minutes.into()));
    let written = Written {
        team,
        account,
        cause: gift.cause,
        way,
        need: &gift.need,
        due_at: gift.due_at,
        given_by: by,
        taken_at: gift.is_taken.then_some(now),
        return_at: return_at.filter(|_| !gift.is_taken),
        was_returned: gift.was_returned,
        now,
    };
    store::write(tx, call, &written).await?;
    if let Some(account) = account.filter(|account| Some(*account) != by) {
        let job = TellPerson { org: tx.scope().org(), account, call, about: About::Assigned, by };
        job.enqueue(tx).await?;
    }
    let key = format!("{call}:{}", now.timestamp_millis());
    let given = Happened::new(tx.scope().org(), EventKind::CallAssigned, key, now, json!({ "call": call, "member": account }));
    events::emit(tx.conn(), &[given]).await?;
    tell(tx, call).await?;
    Ok(account)
}

/// Who of a team gets it, and how many minutes they have.
async fn of_team(
    tx: &mut OrgTx<'_>,
    team: TeamId,
    way: Way,
    need: &Need,
    now: DateTime<Utc>,
) -> Result<(Option<AccountId>, Option<i32>), AppError> {
    let locked = store::lock_team(tx, team).await?.ok_or_else(|| AppError::not_found("team"))?;
    let calendar = Calendar { week: locked.week.clone(), days: vec![] };
    if way == Way::Queue || calendar.opening(local::local(local::zone(&locked.zone), now)) != Opening::Open {
        return Ok((None, None));
    }
    let candidates = store::candidates(tx, team, &locked).await?;
    let chosen = deal::choose(way, &candidates, need);
    if let Some(chosen) = chosen {
        store::had_a_turn(tx, team, chosen, now).await?;
    }
    Ok((chosen, locked.return_after_min))
}

/// Inboxes, and whoever looks at the call, hear that something beside it changed.
pub async fn tell(tx: &mut OrgTx<'_>, call: CallId) -> Result<(), AppError> {
    let note = Note::Work { org: tx.scope().org(), call };
    Ok(bus::publish(tx.conn(), &[note]).await?)
}
