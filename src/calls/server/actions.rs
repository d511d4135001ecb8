//! Use cases of calls: permission, transaction, rule, write, event. The only file doors call.

pub use super::demo::{count_demo, has_own_calls, remove_demo};

use super::{control::Addresses, fold, jobs, log::store as log, read, store};
use crate::{
    calls::model::*,
    i18n::zone,
    integrations::server::actions as integrations,
    platform::{
        OrgScope, SystemTx,
        bus::{self, Note},
        queue::Opts,
    },
    providers::vapi::{self, Control, Destination, Vapi},
    shared::{
        audit::{Act, Object},
        error::AppError,
        ids::{ActionId, AssistantId, CallId, UseId},
        page::{Page, PageRequest},
        permission::Permission,
        phone::PhoneNumber,
    },
};
use chrono::{DateTime, Days, Duration, NaiveDate, Utc};
use serde_json::json;
use tracing::Instrument;

/// One page of the log, newest first. Errors: `Invalid(after)` for a cursor we did not give.
pub async fn list(scope: &OrgScope, filter: &CallFilter, page: &PageRequest) -> Result<Page<CallCard>, AppError> {
    let after = page.after.as_deref().map(str::parse::<CallId>).transpose().map_err(|_| AppError::invalid("after", "page.bad_cursor"))?;
    let limit = page.limit();
    let mut tx = scope.begin(Permission::CallsRead).await?;
    let zone = sqlx::query_scalar!("select timezone from orgs").fetch_one(tx.conn()).await?;
    let reader = log::reader(&mut tx).await?;
    let asked = read::Asked { filter, days: days(filter, &zone), reader, account: scope.account() };
    let rows = read::page(tx.conn(), &asked, after, limit + 1).await?;
    tx.commit().await?;
    Ok(Page::from_rows(rows, limit, |card| card.id.to_string()))
}

/// The filter's days, in the organisation's zone, as instants: from the first moment of `from` to the first after `to`.
pub fn days(filter: &CallFilter, zone: &str) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
    zone::span(filter.from, filter.to, zone)
}

/// From the first moment of a day to the first after another.
pub fn midnights((from, to): (NaiveDate, NaiveDate), tz: chrono_tz::Tz) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    Some((zone::midnight(from, tz)?, zone::midnight(to.checked_add_days(Days::new(1))?, tz)?))
}

/// Every call that is not over, and those of the last two minutes.
pub async fn board(scope: &OrgScope) -> Result<Vec<CallCard>, AppError> {
    let since = scope.core().clock.now() - Duration::minutes(2);
    let mut tx = scope.begin(Permission::CallsRead).await?;
    let calls = read::board(tx.conn(), since).await?;
    tx.commit().await?;
    Ok(calls)
}

/// Everything about one call. Errors: `NotFound`.
pub async fn detail(scope: &OrgScope, id: CallId) -> Result<CallDetail, AppError> {
    // One moment for all of it: a line that slipped in between two statements would be behind the viewer's cursor, and never told.
    let mut tx = scope.begin_snapshot(Permission::CallsRead).await?;
    let card = read::cards_of(tx.conn(), &[id]).await?.pop().ok_or_else(|| AppError::not_found("call"))?;
    let details = read::details(tx.conn(), id).await?.ok_or_else(|| AppError::not_found("call"))?;
    let lines = read::transcript(tx.conn(), id, card.seq).await?;
    let events = read::events_upto(tx.conn(), id, card.seq).await?;
    let actions = read::actions(tx.conn(), id).await?;
    let trail = read::trail(tx.conn(), id).await?;
    let uses = read::uses(tx.conn(), id).await?;
    let related = match &card.customer_number {
        Some(number) => read::related(tx.conn(), number, id).await?,
        None => vec![],
    };
    tx.commit().await?;
    let addresses = match &details.control_sealed {
        Some(sealed) if card.status.is_live() => Addresses::open(scope.core(), scope.org(), sealed)?,
        _ => Addresses::default(),
    };
    Ok(CallDetail {
        controllable: addresses.control.is_some() && scope.may(Permission::CallsControl),
        listenable: addresses.listen.is_some() && scope.may(Permission::CallsListen),
        ended_reason: details.ended_reason,
        transferred_to: details.transferred_to,
        dial_error: details.dial_error,
        success: details.success,
        costs: details.costs,
        recording_s: details.recording_s,
        recording_peaks: details.recording_peaks,
        has_report: details.has_report,
        transfer_numbers: details.transfer_numbers,
        card,
        lines,
        events,
        actions,
        trail,
        uses,
        recording_erased_at: details.recording_erased_at,
        words_erased_at: details.words_erased_at,
        related,
    })
}

/// Steps into a live call: journalled before it is done, and what came of it after.
/// Errors: `NotFound`; `Conflict("call_not_live")`; `Invalid(text)`. A provider's refusal is an outcome, not an error.
pub async fn act(scope: &OrgScope, id: CallId, action: LiveAction) -> Result<ActionTaken, AppError> {
    check(&action)?;
    // In a task of its own: the browser may be gone before the provider has answered, and what came of it is written all the same.
    let step = step_in(scope.clone(), id, action).in_current_span();
    tokio::spawn(step).await.map_err(AppError::internal)?
}

async fn step_in(scope: OrgScope, id: CallId, action: LiveAction) -> Result<ActionTaken, AppError> {
    let core = scope.core();
    let now = core.clock.now();
    let action_id = ActionId::at(now);
    let mut tx = scope.begin(Permission::CallsControl).await?;
    let card = read::cards_of(tx.conn(), &[id]).await?.pop().ok_or_else(|| AppError::not_found("call"))?;
    let details = read::details(tx.conn(), id).await?.ok_or_else(|| AppError::not_found("call"))?;
    let (false, Some(sealed)) = (card.status.is_over(), details.control_sealed) else { return Err(AppError::conflict("call_not_live")) };
    store::insert_action(&mut tx, action_id, id, scope.account(), &action).await?;
    let kind = serde_json::to_value(&action).map_err(AppError::internal)?["kind"].take(); // not what was said: that can be erased
    tx.note(Act::Controlled, Object::Call, Some(id.0.to_string()), Some(json!({ "action": kind }))).await?;
    tx.commit().await?;

    let addresses = Addresses::open(core, scope.org(), &sealed)?;
    let done = Vapi::of(core).control(addresses.control.as_deref().unwrap_or_default(), &control(&action)).await;
    let error = done.err().map(|error| vapi::words_of(&error));
    let outcome = if error.is_none() { "done" } else { "failed" };
    record(&scope, id, action_id, &action, outcome, error.as_deref()).await
}

fn check(action: &LiveAction) -> Result<(), AppError> {
    match action {
        LiveAction::Say { text } | LiveAction::Instruct { text } if !(1..=1000).contains(&text.trim().chars().count()) => {
            Err(AppError::invalid("text", "call.text_length"))
        }
        _ => Ok(()),
    }
}

fn control(action: &LiveAction) -> Control {
    match action {
        LiveAction::Say { text } => Control::Say { content: text.trim().to_owned(), then_hang_up: false },
        LiveAction::Instruct { text } => Control::Instruct { content: text.trim().to_owned(), respond_now: true },
        LiveAction::Mute => Control::MuteAssistant,
        LiveAction::Unmute => Control::UnmuteAssistant,
        LiveAction::Transfer { to } => Control::Transfer { to: Destination::Number { number: to.to_string() }, announcement: None },
        LiveAction::End => Control::EndCall,
    }
}

/// Writes what came of an action, in the call's own timeline too, so that everybody watching sees who did it.
async fn record(
    scope: &OrgScope,
    id: CallId,
    action_id: ActionId,
    action: &LiveAction,
    outcome: &str,
    error: Option<&str>,
) -> Result<ActionTaken, AppError> {
    let core = scope.core();
    let now = core.clock.now();
    let mut tx = SystemTx::begin(core, "what came of an action").await?;
    store::settle_action(tx.conn(), action_id, outcome, error).await?;
    let by_name: Option<String> = match scope.account() {
        Some(account) => sqlx::query_scalar("select name from accounts where id = $1").bind(account).fetch_optional(tx.conn()).await?,
        None => None,
    };
    let mut detail = serde_json::to_value(action).map_err(AppError::internal)?;
    detail["by"] = json!(by_name);
    detail["outcome"] = outcome.into();
    let event = fold::NewEvent { key: format!("action:{action_id}"), kind: "action".into(), detail, at_ms: now.timestamp_millis() };
    if let (LiveAction::Mute | LiveAction::Unmute, "done") = (action, outcome) {
        store::set_muted(tx.conn(), id, matches!(action, LiveAction::Mute)).await?;
    }
    if let Some((from, to)) = store::append_event(tx.conn(), id, &event).await? {
        bus::publish(tx.conn(), &[Note::Call { org: scope.org(), call: id, from, to }]).await?;
    }
    tx.commit().await?;
    Ok(ActionTaken {
        by: scope.account(),
        by_name,
        action: action.clone(),
        at: now,
        outcome: outcome.into(),
        error: error.map(str::to_owned),
    })
}

/// Starts an outbound call. Errors: `Invalid(number)`, `NotFound(assistant)`, `Conflict("assistant_not_ready")`.
pub async fn start(scope: &OrgScope, assistant: AssistantId, number: &str, name: &str) -> Result<CallId, AppError> {
    scope.require(Permission::CallsStart)?;
    let core = scope.core();
    let mut tx = scope.begin(Permission::CallsStart).await?;
    let country = sqlx::query_scalar!("select country from orgs").fetch_one(tx.conn()).await?;
    let customer = dialable(number, &country).ok_or_else(|| AppError::invalid("number", "phone.not_dialable"))?;
    let assistant = read::ready_assistant(tx.conn(), Some(assistant)).await?.ok_or_else(|| AppError::not_found("assistant"))?;
    if !assistant.is_active || assistant.provider_id.is_none() {
        return Err(AppError::conflict("assistant_not_ready"));
    }
    let from = sqlx::query_scalar!(
        r#"select id as "id: crate::shared::ids::NumberId" from phone_numbers
           where provider_id is not null and sync_state = 'in_step' order by (assistant_id = $1) desc nulls last limit 1"#,
        assistant.id as AssistantId
    )
    .fetch_optional(tx.conn())
    .await?;
    let from = from.ok_or_else(|| AppError::conflict("no_number"))?;
    let id = CallId::at(core.clock.now());
    let name = Some(name.trim()).filter(|name| !name.is_empty()).map(|name| name.chars().take(80).collect::<String>());
    store::insert_outbound(&mut tx, id, assistant.id, Some(from), customer.as_str(), name.as_deref(), scope.account()).await?;
    tx.enqueue(&jobs::Dial { org: scope.org(), call: id }, Opts::default().key(format!("dial:{id}"))).await?;
    bus::publish(tx.conn(), &[Note::Call { org: scope.org(), call: id, from: 0, to: 0 }]).await?;
    tx.note(Act::Started, Object::Call, Some(id.0.to_string()), None).await?;
    tx.commit().await?;
    Ok(id)
}

/// A number as people type it, in the organisation's country, as E.164 if it can be dialled.
pub fn dialable(typed: &str, country: &str) -> Option<PhoneNumber> {
    if typed.len() > 40 {
        return None;
    }
    let country = country.parse::<phonenumber::country::Id>().ok();
    let number = phonenumber::parse(country, typed).ok()?;
    let dialled: PhoneNumber = number.format().mode(phonenumber::Mode::E164).to_string().parse().ok()?;
    (phonenumber::is_valid(&number) || is_fictional(&dialled)).then_some(dialled)
}

/// French numbers reserved for fiction are not in the tables; the simulator lives on them.
fn is_fictional(number: &PhoneNumber) -> bool {
    let number = number.as_str();
    number.len() == "+33639981200".len() && (number.starts_with("+336399") || number.starts_with("+33199"))
}

/// Has the simulator ring one of our assistants. Errors: `Conflict("no_assistant")`, `Upstream`; `Conflict("not_sandbox")` also in a sandbox
/// that talks to the real provider.
pub async fn simulate(scope: &OrgScope, assistant: Option<AssistantId>, ending: &str) -> Result<(), AppError> {
    scope.require(Permission::CallsStart)?;
    let core = scope.core();
    let simulator = integrations::simulator(core).ok_or_else(|| AppError::conflict("not_sandbox"))?;
    if !(ending.is_empty() || ending.len() == 2 && ending.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err(AppError::invalid("ending", "call.unknown_ending"));
    }
    let mut tx = scope.begin(Permission::CallsStart).await?;
    let ready = read::ready_assistant(tx.conn(), assistant).await?.and_then(|assistant| assistant.provider_id);
    tx.commit().await?;
    let provider_id = ready.ok_or_else(|| AppError::conflict("no_assistant"))?;
    // The range reserved for fiction: 06 39 98 00 00 to 99 99.
    let draw = u16::from_le_bytes(crate::platform::crypto::random());
    let from = if ending.is_empty() {
        format!("+336399{:02}{:02}{:02}", 80 + draw % 20, draw % 89 + 10, 30 + draw % 60)
    } else {
        format!("+33639981{:01}{}", draw % 10, ending)
    };
    let from = if from.len() > 12 { from[..10].to_owned() + &from[from.len() - 2..] } else { from };
    let body = json!({ "assistantId": provider_id, "from": from });
    Vapi::of(core).simulate_inbound(simulator, &body).await.map_err(|error| AppError::upstream("simulator", error))
}

/// The assistants a call may be made with or filtered by, by name.
pub async fn assistant_choices(scope: &OrgScope) -> Result<Vec<AssistantChoice>, AppError> {
    let mut tx = scope.begin(Permission::CallsRead).await?;
    let choices = read::assistant_choices(tx.conn()).await?;
    tx.commit().await?;
    Ok(choices)
}

/// Figures for Home.
pub async fn home_figures(scope: &OrgScope) -> Result<HomeFigures, AppError> {
    let mut tx = scope.begin(Permission::CallsRead).await?;
    let figures = read::home(&mut tx, scope.core().clock.now()).await?;
    tx.commit().await?;
    Ok(figures)
}

/// Where the recording of a call lies, for somebody who is about to hear it or take it away: who does is written down first.
/// Errors: `NotFound`, also while there is none.
pub async fn recording_key(scope: &OrgScope, id: CallId, kind: UseKind) -> Result<String, AppError> {
    let now = scope.core().clock.now();
    let mut tx = scope.begin(Permission::CallsListen).await?;
    let details = read::details(tx.conn(), id).await?;
    let key = details.and_then(|details| details.recording_key).ok_or_else(|| AppError::not_found("recording"))?;
    // A player asks for one hearing piece by piece.
    if store::note_use(tx.conn(), UseId::at(now), id, scope.account(), kind, now, now - ONE_HEARING).await? {
        tx.note(Act::Heard, Object::Recording, Some(id.0.to_string()), Some(json!({ "as": kind }))).await?;
    }
    tx.commit().await?;
    Ok(key)
}

/// What is asked for within this time is one hearing.
const ONE_HEARING: Duration = Duration::minutes(15);

/// Where a live call can be heard. Errors: `NotFound`, `Conflict("call_not_live")`.
pub async fn listen_url(scope: &OrgScope, id: CallId) -> Result<String, AppError> {
    let mut tx = scope.begin(Permission::CallsListen).await?;
    let card = read::cards_of(tx.conn(), &[id]).await?.pop().ok_or_else(|| AppError::not_found("call"))?;
    let details = read::details(tx.conn(), id).await?.ok_or_else(|| AppError::not_found("call"))?;
    let (false, Some(sealed)) = (card.status.is_over(), details.control_sealed) else { return Err(AppError::conflict("call_not_live")) };
    tx.note(Act::Heard, Object::Call, Some(id.0.to_string()), None).await?;
    tx.commit().await?;
    Addresses::open(scope.core(), scope.org(), &sealed)?.listen.ok_or_else(|| AppError::conflict("call_not_live"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_of_the_country_type_them() {
        let read = |typed: &str, country: &str| dialable(typed, country).map(|number| number.to_string());
        assert_eq!(read("06 12 34 56 78", "FR").as_deref(), Some("+33612345678"));
        assert_eq!(read("+33 6 39 98 12 47", "FR").as_deref(), Some("+33639981247"));
        assert_eq!(read("06 39 98 12 00", "FR").as_deref(), Some("+33639981200"));
        assert_eq!(read("01 99 00 47 18", "FR").as_deref(), Some("+33199004718"));
        assert_eq!(read("020 7946 0958", "GB").as_deref(), Some("+442079460958"));
        assert_eq!(read("06 39 98 12 00", "GB"), None);
        for wrong in ["", "12", "06 12", "hello", "+33 9999999999999", "06 39 98 12", "06 39 98 12 000", "08 99 99 99 99 99"] {
            assert_eq!(read(wrong, "FR"), None, "{wrong}");
        }
    }

    #[test]
    fn days_begin_at_midnight_of_the_organisation() {
        let day = |text: &str| text.parse::<NaiveDate>().ok();
        let filter = CallFilter { from: day("2026-03-29"), to: day("2026-03-29"), ..CallFilter::default() };
        let (from, to) = days(&filter, "Europe/Paris");
        // The day clocks go forward has 23 hours.
        assert_eq!((to.expect("to") - from.expect("from")).num_hours(), 23);
    }
}
