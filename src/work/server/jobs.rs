//! What workers do about work: deal out what is over, take on what nobody takes up, and write to who is meant.

use super::{actions, store};
use crate::{
    platform::{
        Core, OrgScope, OrgTx, SystemTx,
        mail::{Letter, Mail},
        queue::{Fail, Job, Opts, Worker, lane},
    },
    shared::{
        error::AppError,
        ids::{AccountId, CallId, OrgId},
        permission::Permission,
    },
    work::model::Cause,
};
use anyhow::Context;
use chrono::Duration as Span;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A letter waits so long: who sees it in the product meanwhile needs none.
const LETTER_AFTER: Span = Span::seconds(60);
/// Who was seen within so long is looking; sessions note it every five minutes.
const LOOKING: Span = Span::minutes(6);
/// Calls taken on in one run.
const AT_ONCE: i64 = 200;

/// Deals out a call that is over, if a rule says so. What the call asks for comes with it: this slice knows no analyses.
#[derive(Debug, Serialize, Deserialize)]
pub struct Deal {
    pub org: OrgId,
    pub call: CallId,
    pub causes: Vec<Cause>,
    pub language: Option<String>,
    pub skills: Vec<String>,
}

impl Job for Deal {
    const KIND: &'static str = "work.deal";
    const QUEUE: &'static str = lane::SYNC;
    const TIMEOUT: Duration = Duration::from_secs(30);
}

/// Takes what nobody took up from who has it.
#[derive(Debug, Serialize, Deserialize)]
pub struct GoOn;

impl Job for GoOn {
    const KIND: &'static str = "work.go_on";
    const QUEUE: &'static str = lane::CRON;
    const TIMEOUT: Duration = Duration::from_secs(60);
}

/// Why somebody is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    Assigned,
    Mentioned,
}

/// Writes to a person about a call, unless they are looking or want no letters.
#[derive(Debug, Serialize, Deserialize)]
pub struct TellPerson {
    pub org: OrgId,
    pub account: AccountId,
    pub call: CallId,
    pub about: About,
    pub by: Option<AccountId>,
}

impl Job for TellPerson {
    const KIND: &'static str = "work.tell_person";
    const QUEUE: &'static str = lane::SYNC;
    const TIMEOUT: Duration = Duration::from_secs(30);
}

impl TellPerson {
    /// In a minute.
    pub async fn enqueue(&self, tx: &mut OrgTx<'_>) -> Result<(), AppError> {
        let key = format!("work:{:?}:{}:{}", self.about, self.account, self.call);
        let at = tx.scope().core().clock.now() + LETTER_AFTER;
        tx.enqueue(self, Opts::default().key(key).at(at)).await.map(drop)
    }
}

/// The handlers of this slice.
pub fn jobs(worker: Worker, core: &Core) -> Worker {
    let (dealing, going, telling) = (core.clone(), core.clone(), core.clone());
    worker
        .on(move |job, _| deal(dealing.clone(), job))
        .on(move |_: GoOn, _| go_on(going.clone()))
        .on(move |job, _| tell_person(telling.clone(), job))
        .cron("work.go_on", "*/10 * * * * *", &GoOn)
}

async fn deal(core: Core, job: Deal) -> Result<(), Fail> {
    let scope = OrgScope::of_system(&core, job.org);
    actions::deal_by_rule(&scope, job.call, &job.causes, job.language, job.skills).await.map_err(failed)
}

/// Takes on what is due, each call in a transaction of its own.
pub async fn go_on(core: Core) -> Result<(), Fail> {
    let mut tx = SystemTx::begin(&core, "calls that nobody took up").await.context("opening a transaction")?;
    let due = sqlx::query!(
        r#"select org_id as "org: OrgId", call_id as "call: CallId" from call_assignments
           where return_at <= $1 and status = 'open' and account_id is not null and dropped_at is null order by return_at limit $2"#,
        core.clock.now(),
        AT_ONCE
    )
    .fetch_all(tx.conn())
    .await
    .context("looking for what is due")?;
    tx.commit().await.context("committing")?;
    for one in due {
        actions::go_on(&OrgScope::of_system(&core, one.org), one.call).await.map_err(failed)?;
    }
    Ok(())
}

/// Writes, if there is still something to write about.
pub async fn tell_person(core: Core, job: TellPerson) -> Result<(), Fail> {
    let scope = OrgScope::of_system(&core, job.org);
    if is_looking(&core, &job).await? {
        return Ok(());
    }
    let mut tx = scope.begin(Permission::CallsRead).await.map_err(failed)?;
    let is_still_so = match job.about {
        About::Assigned => {
            let held = store::of_calls(&mut tx, &[job.call]).await.context("reading the assignment")?.pop();
            held.is_some_and(|work| {
                work.person.is_some_and(|(account, _)| account == job.account) && work.taken_at.is_none() && work.done_at.is_none()
            })
        }
        About::Mentioned => super::mentions::is_open(&mut tx, job.account, job.call).await.context("reading the mention")?,
    };
    if !is_still_so || !store::wants_mail(&mut tx, job.account).await.context("reading the wish")? {
        return Ok(());
    }
    let reader = sqlx::query!("select email, name, locale from accounts where id = $1", job.account.0)
        .fetch_optional(tx.conn())
        .await
        .context("reading the account")?;
    let Some(reader) = reader else { return Ok(()) };
    let by = match job.by {
        Some(by) => {
            sqlx::query_scalar!("select name from accounts where id = $1", by.0).fetch_optional(tx.conn()).await.context("a name")?
        }
        None => None,
    };
    let url = core.config.public_url.join(&format!("calls/{}", job.call)).context("an address")?.to_string();
    let letter = Letter::Work { name: reader.name, by: by.unwrap_or_default(), is_mention: job.about == About::Mentioned, url };
    tx.enqueue(&Mail { to: reader.email, locale: reader.locale, letter }, Opts::default()).await.map_err(failed)?;
    tx.commit().await.map_err(failed)
}

/// Whether they have this organisation open in a browser.
async fn is_looking(core: &Core, job: &TellPerson) -> Result<bool, Fail> {
    let mut tx = SystemTx::begin(core, "whether somebody is looking").await.context("opening a transaction")?;
    let looks = sqlx::query_scalar!(
        r#"select exists (select from sessions where account_id = $1 and active_org = $2 and last_seen_at > $3 and expires_at > $4) as "is!""#,
        job.account.0,
        job.org.0,
        core.clock.now() - LOOKING,
        core.clock.now()
    )
    .fetch_one(tx.conn())
    .await
    .context("reading sessions")?;
    Ok(looks)
}

fn failed(error: AppError) -> Fail {
    Fail::Retry(error.to_string())
}
