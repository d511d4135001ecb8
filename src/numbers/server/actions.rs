//! Use cases of numbers and their messages. Twilio is asked here only what a person waits for; the rest is done by jobs, after commit.

use super::{
    account::{self, Account},
    jobs::{Attach, Detach},
    store,
};
use crate::{
    assistants::{
        model::NumberSource,
        server::actions::{self as assistants, BroughtNumber},
    },
    numbers::model::*,
    platform::{Core, OrgScope, OrgTx, SystemTx, config::Secret, outbound::OutboundError, queue::Opts},
    providers::{
        sim,
        twilio::{Credentials, OwnedNumber, Twilio},
    },
    shared::{
        error::AppError,
        ids::{AssistantId, MessageId, NumberId, OrgId},
        permission::Permission,
        phone::PhoneNumber,
    },
};
use std::collections::HashMap;

/// Messages of a page.
const PAGE: i64 = 30;
/// Numbers of a page at Twilio.
const PER_PAGE: u16 = 200;

/// Numbers, who may answer them, and the account at Twilio.
pub async fn sheet(scope: &OrgScope) -> Result<NumbersSheet, AppError> {
    let assistants = assistants::list(scope).await?.into_iter().map(|card| (card.id, card.name)).collect();
    let lines = assistants::numbers(scope).await?;
    let mut tx = scope.begin(Permission::AssistantsRead).await?;
    let mut health: HashMap<NumberId, store::Health> = store::health(&mut tx).await?.into_iter().map(|row| (row.number, row)).collect();
    let numbers = lines
        .into_iter()
        .map(|line| {
            let known = health.remove(&line.id);
            let (last_received, last_failed) = known.map_or((None, None), |known| (known.last_received, known.last_failed));
            NumberCard { line, last_received, last_failed }
        })
        .collect();
    let (core, may_manage) = (scope.core(), scope.may(Permission::IntegrationsManage));
    let sandbox =
        (may_manage && core.simulated_provider().is_some()).then(|| (sim::TWILIO_ACCOUNT.to_owned(), sim::TWILIO_TOKEN.to_owned()));
    let twilio = account::link(&mut tx).await?.filter(|_| scope.may(Permission::IntegrationsRead));
    Ok(NumbersSheet { numbers, assistants, twilio, sandbox, now: core.clock.now() })
}

/// One number. Errors: `NotFound`.
pub async fn read(scope: &OrgScope, id: NumberId) -> Result<NumberCard, AppError> {
    let found = sheet(scope).await?.numbers.into_iter().find(|card| card.line.id == id);
    found.ok_or_else(|| AppError::not_found("number"))
}

/// A page of text messages, newest first.
pub async fn messages(scope: &OrgScope, before: Option<MessageId>) -> Result<MessagePage, AppError> {
    let mut tx = scope.begin(Permission::CallsRead).await?;
    let mut items = store::page(&mut tx, before, PAGE + 1).await?;
    let has_more = items.len() as i64 > PAGE;
    items.truncate(PAGE as usize);
    let next = has_more.then(|| items.last().map(|last| last.id)).flatten();
    Ok(MessagePage { items, next, now: scope.core().clock.now() })
}

/// Keeps the keys of an account at Twilio, once Twilio has said that they are good.
/// Errors: `Invalid` (`auth_token`: refused; `account_sid`: not active); `Upstream`.
pub async fn connect_twilio(scope: &OrgScope, (account_sid, token): (String, String)) -> Result<(), AppError> {
    scope.require(Permission::IntegrationsManage)?;
    let who = Credentials { account_sid, auth_token: Secret::from(token) };
    let known = match Twilio::of(scope.core()).account(&who).await {
        Ok(known) => known,
        Err(error) if matches!(error.status(), Some(401 | 403 | 404)) => return Err(AppError::invalid("auth_token", "twilio.refused")),
        Err(error) => return Err(AppError::upstream("Twilio", error)),
    };
    if known.status != "active" {
        return Err(AppError::invalid("account_sid", "twilio.not_active"));
    }
    let mut tx = scope.begin(Permission::IntegrationsManage).await?;
    account::save(&mut tx, &who, &known.friendly_name, scope.core().clock.now()).await?;
    // Vapi answers the account's numbers with the token it was given: those that wait for a good one are brought again.
    for line in assistants::numbers_in(&mut tx).await?.into_iter().filter(|line| line.source == NumberSource::Twilio) {
        enqueue_attach(&mut tx, line.id).await?;
    }
    tx.commit().await
}

/// Forgets the account. Errors: `Conflict("twilio_in_use")` while a number comes from it.
pub async fn disconnect_twilio(scope: &OrgScope) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::IntegrationsManage).await?;
    if assistants::numbers_in(&mut tx).await?.iter().any(|line| line.source == NumberSource::Twilio) {
        return Err(AppError::conflict("twilio_in_use"));
    }
    account::delete(&mut tx).await?;
    tx.commit().await
}

/// The numbers of the account at Twilio. Errors: `NotFound` (no account); `Conflict("twilio_refused")`; `Upstream`.
pub async fn twilio_numbers(scope: &OrgScope) -> Result<Vec<TwilioNumber>, AppError> {
    let mut tx = scope.begin(Permission::IntegrationsManage).await?;
    let account = existing(&mut tx).await?;
    let ours: Vec<String> = assistants::numbers_in(&mut tx).await?.into_iter().map(|line| line.number).collect();
    drop(tx);
    let found = owned(scope.core(), &account).await?;
    let line = |held: OwnedNumber| TwilioNumber {
        is_here: ours.contains(&held.phone_number),
        sid: held.sid,
        number: held.phone_number,
        name: held.friendly_name,
        takes_calls: held.capabilities.voice,
        takes_sms: held.capabilities.sms,
    };
    Ok(found.into_iter().map(line).collect())
}

/// Brings a number of the account at Twilio: a job tells Vapi of it, and Twilio where its messages go.
/// Errors: `NotFound`; `Conflict("number_taken")`, `Conflict("number_limit")`, `Conflict("twilio_refused")`; `Upstream`.
pub async fn import_number(scope: &OrgScope, sid: &str, assistant: Option<AssistantId>) -> Result<NumberId, AppError> {
    let mut tx = scope.begin(Permission::IntegrationsManage).await?;
    let account = existing(&mut tx).await?;
    drop(tx);
    let held = owned(scope.core(), &account).await?.into_iter().find(|held| held.sid == sid);
    let held = held.ok_or_else(|| AppError::not_found("number"))?;
    let number: PhoneNumber = held.phone_number.parse().map_err(|_| AppError::not_found("number"))?;
    // Many accounts name a number by its digits: that is no name.
    let has_name = held.friendly_name.chars().any(char::is_alphabetic);
    let label: String = if has_name { held.friendly_name.chars().take(60).collect() } else { String::new() };
    let new = BroughtNumber {
        number: &number,
        label: &label,
        source: NumberSource::Twilio,
        carrier_id: &held.sid,
        sends_sms: held.capabilities.sms,
        assistant,
    };
    bring(scope, &new).await
}

/// Brings a number of the organisation's own SIP trunk. Errors: `Conflict("number_taken")`, `Conflict("number_limit")`; `NotFound`.
pub async fn add_trunk_number(scope: &OrgScope, new: TrunkNumber) -> Result<NumberId, AppError> {
    let brought = BroughtNumber {
        number: &new.number,
        label: &new.label,
        source: NumberSource::Sip,
        carrier_id: &new.credential_id,
        sends_sms: false,
        assistant: new.assistant,
    };
    bring(scope, &brought).await
}

async fn bring(scope: &OrgScope, new: &BroughtNumber<'_>) -> Result<NumberId, AppError> {
    let mut tx = scope.begin(Permission::IntegrationsManage).await?;
    let was_silent = assistants::sms_sender(&mut tx, "").await?.is_none();
    let id = assistants::bring_number(&mut tx, new).await?;
    enqueue_attach(&mut tx, id).await?;
    if was_silent && new.sends_sms {
        assistants::push_assistants(&mut tx).await?; // there is a tool more to offer
    }
    tx.commit().await?;
    Ok(id)
}

/// Changes name, assistant and way out. Errors: `NotFound`.
pub async fn edit_number(scope: &OrgScope, id: NumberId, edit: &NumberEdit) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    assistants::assign_number_in(&mut tx, id, edit.assistant).await?;
    assistants::edit_number(&mut tx, id, &edit.label, edit.fallback.as_ref()).await?;
    enqueue_attach_if_waiting(&mut tx, id).await?;
    tx.commit().await
}

/// Changes what is given of its name and way out. Errors: `NotFound`.
pub async fn change_number(
    scope: &OrgScope,
    id: NumberId,
    label: Option<String>,
    fallback: Option<Option<PhoneNumber>>,
) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    let row = assistants::number(&mut tx, id).await?.ok_or_else(|| AppError::not_found("number"))?;
    let (label, fallback) = (label.unwrap_or(row.label), fallback.unwrap_or(row.fallback));
    assistants::edit_number(&mut tx, id, &label, fallback.as_ref()).await?;
    enqueue_attach_if_waiting(&mut tx, id).await?;
    tx.commit().await
}

/// Takes a number to the provider once more. Errors: `NotFound`.
pub async fn retry_number(scope: &OrgScope, id: NumberId) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::IntegrationsManage).await?;
    let row = assistants::number(&mut tx, id).await?.ok_or_else(|| AppError::not_found("number"))?;
    assistants::edit_number(&mut tx, id, &row.label, row.fallback.as_ref()).await?;
    if row.source != NumberSource::Vapi {
        enqueue_attach(&mut tx, id).await?;
    }
    tx.commit().await
}

/// Removes a number from here and, if we brought it there, from the provider; Twilio posts its messages here no longer. Errors: `NotFound`.
pub async fn remove_number(scope: &OrgScope, id: NumberId) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::IntegrationsManage).await?;
    let row = assistants::number(&mut tx, id).await?.ok_or_else(|| AppError::not_found("number"))?;
    assistants::delete_number_in(&mut tx, id).await?;
    if let (NumberSource::Twilio, Some(number_sid)) = (row.source, row.carrier_id) {
        let org = scope.org();
        tx.enqueue(&Detach { org, number_sid }, Opts::default().key(format!("attach:{id}"))).await?;
    }
    if row.sends_sms && assistants::sms_sender(&mut tx, "").await?.is_none() {
        assistants::push_assistants(&mut tx).await?;
    }
    tx.commit().await
}

/// Tells a simulator that knows nothing where messages go. Called at the start of a sandbox.
pub async fn refill_simulator(core: &Core) -> Result<(), AppError> {
    let mut tx = SystemTx::begin(core, "which organisations have an account at Twilio, to fill the simulator").await?;
    let orgs = sqlx::query_scalar!(r#"select org_id as "org: OrgId" from twilio_accounts"#).fetch_all(tx.conn()).await?;
    drop(tx);
    for org in orgs {
        let scope = OrgScope::of_system(core, org);
        let mut tx = scope.begin(Permission::IntegrationsManage).await?;
        for line in assistants::numbers_in(&mut tx).await?.into_iter().filter(|line| line.source == NumberSource::Twilio) {
            enqueue_attach(&mut tx, line.id).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

async fn existing(tx: &mut OrgTx<'_>) -> Result<Account, AppError> {
    account::open(tx).await?.ok_or_else(|| AppError::not_found("Twilio account"))
}

async fn owned(core: &Core, account: &Account) -> Result<Vec<OwnedNumber>, AppError> {
    Twilio::of(core).numbers(&account.who, PER_PAGE).await.map_err(|error: OutboundError| match error.status() {
        Some(401 | 403) => AppError::conflict("twilio_refused"),
        _ => AppError::upstream("Twilio", error),
    })
}

async fn enqueue_attach(tx: &mut OrgTx<'_>, number: NumberId) -> Result<(), AppError> {
    let org = tx.scope().org();
    tx.enqueue(&Attach { org, number }, Opts::default().key(format!("attach:{number}"))).await?;
    Ok(())
}

/// One that was refused is tried again when it is changed.
async fn enqueue_attach_if_waiting(tx: &mut OrgTx<'_>, id: NumberId) -> Result<(), AppError> {
    let row = assistants::number(tx, id).await?;
    if row.is_some_and(|row| row.source != NumberSource::Vapi && row.provider_id.is_none()) {
        enqueue_attach(tx, id).await?;
    }
    Ok(())
}
