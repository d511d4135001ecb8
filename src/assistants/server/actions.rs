//! Use cases of assistants and numbers. Nothing here talks to the provider: jobs do, after commit.

use super::{
    catalogue, copy_store, draft_store, gate,
    jobs::{Push, PushNumber, ReleaseNumber},
    number_store, provider_copy, store, templates, version_store,
};
use crate::{
    assistants::model::*,
    integrations::server::actions as integrations,
    platform::{
        Core, OrgScope, OrgTx, SystemTx,
        bus::{self, Note},
        db::OnConstraint,
        events::{self, Happened},
        queue::Opts,
    },
    shared::{
        error::AppError,
        event::EventKind,
        ids::{AssistantId, NumberId, OrgId},
        permission::Permission,
        phone::PhoneNumber,
    },
};
use serde_json::{Value, json};

pub use number_store::{BroughtNumber, NumberRow};

/// More than any business needs; a bound on what one organisation can make the provider hold.
const MOST_ASSISTANTS: i64 = 200;
const MOST_NUMBERS: i64 = 200;

/// Every assistant, by name.
pub async fn list(scope: &OrgScope) -> Result<Vec<AssistantCard>, AppError> {
    let mut tx = scope.begin(Permission::AssistantsRead).await?;
    Ok(store::list(&mut tx).await?)
}

/// One assistant for the editor. Errors: `NotFound`.
pub async fn read(scope: &OrgScope, id: AssistantId) -> Result<AssistantSheet, AppError> {
    let mut tx = scope.begin(Permission::AssistantsRead).await?;
    let assistant = existing(&mut tx, id).await?.assistant;
    let version = version_store::latest(&mut tx, id).await?.ok_or_else(|| AppError::internal("an assistant without a version"))?;
    let copy = copy_store::standing(&mut tx, id).await?;
    let draft = draft_store::find(&mut tx, id).await?;
    let held_back = match &draft {
        Some(draft) => gate::held_back(&mut tx, id, &draft.settings).await?.map(str::to_owned),
        None => None,
    };
    Ok(AssistantSheet {
        assistant,
        version,
        draft,
        held_back,
        drift: copy.drift,
        checked_at: copy.checked_at,
        is_checking: copy.is_checking,
        numbers: number_store::numbers_of(&mut tx, id).await?,
        live_calls: store::live_calls(&mut tx, id).await?,
        catalogue: catalogue::read(&mut tx).await?,
        now: scope.core().clock.now(),
    })
}

/// The names of all assistants, in order of them.
pub async fn names(tx: &mut OrgTx<'_>) -> Result<Vec<(AssistantId, String)>, AppError> {
    Ok(store::names(tx).await?)
}

/// The state a change is made from: see [`Assistant::revision`]. Errors: `NotFound`.
pub async fn revision(scope: &OrgScope, id: AssistantId) -> Result<i64, AppError> {
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    Ok(existing(&mut tx, id).await?.assistant.revision)
}

/// Makes an assistant from the texts of its trade. In the sandbox the first one gets a number, so that it can be called.
/// Errors: `Conflict("assistant_limit")`.
pub async fn create(scope: &OrgScope, new: NewAssistant) -> Result<AssistantId, AppError> {
    let settings = templates::draft(&new).map_err(AppError::internal)?;
    create_with(scope, new.template, &settings).await
}

/// Makes an assistant that says this. It is published at once, as version 1: whoever makes one wants to hear it.
/// Errors: `Conflict("assistant_limit")`.
pub async fn create_with(scope: &OrgScope, template: Template, settings: &Settings) -> Result<AssistantId, AppError> {
    let mut tx = scope.begin_for_all(Permission::AssistantsEdit).await?;
    let id = create_in(&mut tx, template, settings).await?;
    tx.commit().await?;
    Ok(id)
}

/// The same in a transaction that makes what comes with it, too. Without a voice it gets the first of its language.
/// Errors: `Conflict("assistant_limit")`; `Invalid` when its voice or model is not on offer.
pub async fn create_in(tx: &mut OrgTx<'_>, template: Template, settings: &Settings) -> Result<AssistantId, AppError> {
    if store::count(tx).await? >= MOST_ASSISTANTS {
        return Err(AppError::conflict("assistant_limit"));
    }
    let settings = voiced(tx, settings).await?;
    let now = tx.scope().core().clock.now();
    let id = AssistantId::at(now);
    store::insert(tx, id, template, &settings, false, now).await?;
    if let Some(account) = tx.scope().account() {
        version_store::sign_first(tx, id, account).await?;
    }
    enqueue_push(tx, id).await?;
    if !tx.scope().core().config.is_production() && number_store::count_numbers(tx).await? == 0 {
        sandbox_number(tx, id).await?;
    }
    tell(tx).await?;
    Ok(id)
}

/// With a voice, and made of what is on offer.
async fn voiced(tx: &mut OrgTx<'_>, settings: &Settings) -> Result<Settings, AppError> {
    let catalogue = catalogue::read(tx).await?;
    let mut settings = settings.clone();
    if settings.voice.is_empty() {
        settings.voice = catalogue.first_voice(&settings.language).map(|voice| voice.id.clone()).unwrap_or_default();
    }
    catalogue.check(&settings)?;
    Ok(settings)
}

/// What is being prepared of an assistant, else what is published: as the provider would be told of it, for a conversation that is no call.
pub struct Rehearsable {
    pub settings: Settings,
    pub has_draft: bool,
    /// Of these settings, whoever saved them and when.
    pub mark: String,
    /// An assistant that the provider does not store; its tool calls go to the door for tries.
    pub copy: Value,
}

/// See [`Rehearsable`]. Errors: `NotFound`.
pub async fn rehearsable(tx: &mut OrgTx<'_>, id: AssistantId) -> Result<Rehearsable, AppError> {
    let row = existing(tx, id).await?;
    let draft = draft_store::find(tx, id).await?;
    let has_draft = draft.is_some();
    let settings = draft.map_or(row.assistant.settings, |draft| draft.settings);
    let server = integrations::server_object(tx).await?;
    let offer = provider_copy::offer(tx).await?;
    let mut copy = provider_copy::for_a_try(provider_copy::assistant(id, tx.scope().org(), &settings, &server, &offer));
    // The book has entries for one assistant only: the door for tries learns from this whose they are.
    copy["metadata"]["provider_id"] = row.provider_id.into();
    Ok(Rehearsable { mark: gate::mark(&settings), copy, settings, has_draft })
}

/// Lets it answer, or no longer. Errors: `NotFound`.
pub async fn set_state(scope: &OrgScope, id: AssistantId, state: AssistantState) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    if !store::set_state(&mut tx, id, state, scope.core().clock.now()).await? {
        return Err(AppError::not_found("assistant"));
    }
    tell(&mut tx).await?;
    tx.commit().await
}

/// Takes it out of sight, off its numbers, and its copy away from the provider.
/// Errors: `NotFound`; `Conflict("assistant_in_use")` while a call uses it.
pub async fn delete(scope: &OrgScope, id: AssistantId) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    if store::lock_use(&mut tx, id).await?.ok_or_else(|| AppError::not_found("assistant"))? {
        return Err(AppError::conflict("assistant_in_use"));
    }
    store::mark_deleted(&mut tx, id, scope.core().clock.now()).await?;
    enqueue_push(&mut tx, id).await?;
    tell(&mut tx).await?;
    tx.commit().await
}

/// An assistant for a seed: answering, with transfer numbers, pushed as any other.
pub async fn seed(tx: &mut OrgTx<'_>, new: &NewAssistant, transfers: &[TransferEntry], is_demo: bool) -> Result<AssistantId, AppError> {
    let settings = Settings { transfer_numbers: transfers.to_vec(), ..templates::draft(new).map_err(AppError::internal)? };
    let settings = voiced(tx, &settings).await?;
    let now = tx.scope().core().clock.now();
    let id = AssistantId::at(now);
    store::insert(tx, id, new.template, &settings, is_demo, now).await?;
    enqueue_push(tx, id).await?;
    Ok(id)
}

/// A number for a seed.
pub async fn seed_number(
    tx: &mut OrgTx<'_>,
    number: &PhoneNumber,
    label: &str,
    assistant: AssistantId,
    is_demo: bool,
) -> Result<NumberId, AppError> {
    let id = NumberId::at(tx.scope().core().clock.now());
    number_store::insert_number(tx, id, number, label, None, Some(assistant), is_demo).await?;
    enqueue_number(tx, id).await?;
    Ok(id)
}

/// Sends it to the provider once more. Errors: `NotFound`.
pub async fn push_again(scope: &OrgScope, id: AssistantId) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    if !store::mark_pending(&mut tx, id).await? {
        return Err(AppError::not_found("assistant"));
    }
    enqueue_push(&mut tx, id).await?;
    tx.commit().await
}

/// Sends every assistant and number again: what the provider is told of our webhook address has changed.
pub async fn push_all(tx: &mut OrgTx<'_>) -> Result<(), AppError> {
    push_assistants(tx).await?;
    for line in number_store::numbers(tx).await? {
        enqueue_number(tx, line.id).await?;
    }
    Ok(())
}

/// Sends every assistant again.
pub async fn push_assistants(tx: &mut OrgTx<'_>) -> Result<(), AppError> {
    for id in store::mark_all_pending(tx).await? {
        enqueue_push(tx, id).await?;
    }
    tell(tx).await
}

/// Sends a simulator that knows nothing everything we hold. Called at the start of a sandbox.
pub async fn refill_simulator(core: &Core) -> Result<(), AppError> {
    let mut tx = SystemTx::begin(core, "which organisations have assistants, to fill the simulator").await?;
    let orgs = store::orgs_with_copies(tx.conn()).await?;
    drop(tx);
    for org in orgs {
        let scope = OrgScope::of_system(core, org);
        let mut tx = scope.begin(Permission::AssistantsEdit).await?;
        push_all(&mut tx).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Removes the assistants of the demonstration that no call uses; returns how many. Their numbers go with them.
pub async fn remove_demo(tx: &mut OrgTx<'_>) -> Result<i64, AppError> {
    let now = tx.scope().core().clock.now();
    let mut removed = 0;
    for id in store::demo_ids(tx).await? {
        if store::lock_use(tx, id).await? == Some(false) {
            store::mark_deleted(tx, id, now).await?;
            enqueue_push(tx, id).await?;
            removed += 1;
        }
    }
    number_store::delete_demo_numbers(tx).await?;
    tell(tx).await?;
    Ok(removed)
}

/// How many assistants came with the demonstration.
pub async fn count_demo(tx: &mut OrgTx<'_>) -> Result<i64, AppError> {
    Ok(i64::try_from(store::demo_ids(tx).await?.len()).unwrap_or(i64::MAX))
}

/// How far an organisation is from its first call.
pub struct Setup {
    pub has_assistant: bool,
    /// The provider knows one of its numbers.
    pub number_in_step: bool,
}

/// See [`Setup`].
pub async fn setup(tx: &mut OrgTx<'_>) -> Result<Setup, AppError> {
    let number_in_step = number_store::numbers(tx).await?.iter().any(|line| line.sync == SyncState::InStep);
    Ok(Setup { has_assistant: store::count(tx).await? > 0, number_in_step })
}

/// Every number of the organisation.
pub async fn numbers(scope: &OrgScope) -> Result<Vec<NumberLine>, AppError> {
    let mut tx = scope.begin(Permission::AssistantsRead).await?;
    Ok(number_store::numbers(&mut tx).await?)
}

/// The same in a transaction that goes on.
pub async fn numbers_in(tx: &mut OrgTx<'_>) -> Result<Vec<NumberLine>, AppError> {
    Ok(number_store::numbers(tx).await?)
}

/// Connects a number that the provider already has, by its id there. A job asks whether it is that number.
/// Errors: `Conflict("number_taken")`; `Conflict("number_limit")`.
pub async fn connect_number(scope: &OrgScope, new: NewNumber) -> Result<NumberId, AppError> {
    let mut tx = scope.begin(Permission::IntegrationsManage).await?;
    if number_store::count_numbers(&mut tx).await? >= MOST_NUMBERS {
        return Err(AppError::conflict("number_limit"));
    }
    if let Some(assistant) = new.assistant {
        existing(&mut tx, assistant).await?;
    }
    let id = NumberId::at(scope.core().clock.now());
    let taken = || AppError::conflict("number_taken");
    let inserted = number_store::insert_number(&mut tx, id, &new.number, &new.label, Some(&new.provider_id), new.assistant, false).await;
    match inserted {
        Err(error) if is_constraint(&error, "phone_numbers_provider_key") => return Err(taken()),
        other => other.on_constraint("phone_numbers_org_number_key", taken)?,
    }
    announce_number(&mut tx, id).await?;
    enqueue_number(&mut tx, id).await?;
    tx.commit().await?;
    Ok(id)
}

/// Who answers a number. Errors: `NotFound`.
pub async fn assign_number(scope: &OrgScope, number: NumberId, assistant: Option<AssistantId>) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    assign_number_in(&mut tx, number, assistant).await?;
    tx.commit().await
}

/// The same in a transaction that changes more. Errors: `NotFound`.
pub async fn assign_number_in(tx: &mut OrgTx<'_>, number: NumberId, assistant: Option<AssistantId>) -> Result<(), AppError> {
    if let Some(assistant) = assistant {
        existing(tx, assistant).await?;
    }
    if number_store::assign_number(tx, number, assistant).await? { Ok(()) } else { Err(AppError::not_found("number")) }
}

/// A number that `numbers` brings to the provider by a job of its own. `assistant` answers it.
/// Errors: `Conflict("number_taken")`; `Conflict("number_limit")`; `NotFound`.
pub async fn bring_number(tx: &mut OrgTx<'_>, new: &BroughtNumber<'_>) -> Result<NumberId, AppError> {
    if number_store::count_numbers(tx).await? >= MOST_NUMBERS {
        return Err(AppError::conflict("number_limit"));
    }
    if let Some(assistant) = new.assistant {
        existing(tx, assistant).await?;
    }
    let id = NumberId::at(tx.scope().core().clock.now());
    let inserted = number_store::insert_brought(tx, id, new).await;
    inserted.on_constraint("phone_numbers_org_number_key", || AppError::conflict("number_taken"))?;
    announce_number(tx, id).await?;
    Ok(id)
}

/// Other systems hear of a number that was connected.
async fn announce_number(tx: &mut OrgTx<'_>, id: NumberId) -> Result<(), AppError> {
    let (org, now) = (tx.scope().org(), tx.scope().core().clock.now());
    Ok(events::emit(tx.conn(), &[Happened::new(org, EventKind::NumberConnected, id, now, json!({ "number": id }))]).await?)
}

/// A number, with what the provider is told of it; nothing when there is none of this id.
pub async fn number(tx: &mut OrgTx<'_>, id: NumberId) -> Result<Option<NumberRow>, AppError> {
    Ok(number_store::number(tx, id).await?)
}

/// What came of bringing a number to the provider; once it is there, it is told the rest.
pub async fn note_number(
    tx: &mut OrgTx<'_>,
    id: NumberId,
    provider_id: Option<&str>,
    sync: SyncState,
    words: Option<&str>,
) -> Result<(), AppError> {
    number_store::mark_number(tx, id, provider_id, sync, words).await?;
    tell(tx).await
}

/// Name and way out of a number; the provider is told. Errors: `NotFound`.
pub async fn edit_number(tx: &mut OrgTx<'_>, id: NumberId, label: &str, fallback: Option<&PhoneNumber>) -> Result<(), AppError> {
    if !number_store::edit_number(tx, id, label, fallback).await? {
        return Err(AppError::not_found("number"));
    }
    enqueue_number(tx, id).await
}

/// The body that makes a number at the provider, but for what its kind needs.
pub async fn new_number_body(tx: &mut OrgTx<'_>, row: &NumberRow) -> Result<Value, AppError> {
    let mut body = provider_copy::number(&row.number, &row.label, &integrations::server_object(tx).await?);
    if row.fallback.is_some() {
        body["fallbackDestination"] = provider_copy::fallback(row.fallback.as_ref());
    }
    Ok(body)
}

/// A number that sends text messages: this one if it does, else the first that does.
pub async fn sms_sender(tx: &mut OrgTx<'_>, wanted: &str) -> Result<Option<String>, AppError> {
    Ok(number_store::sms_sender(tx, wanted).await?)
}

/// Removes a number from here, and from the provider if we brought it there; else it stays there without our address. Calls keep what
/// they show of it. Errors: `NotFound`.
pub async fn delete_number(scope: &OrgScope, number: NumberId) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::IntegrationsManage).await?;
    delete_number_in(&mut tx, number).await?;
    tx.commit().await
}

/// The same in a transaction that undoes more. Errors: `NotFound`.
pub async fn delete_number_in(tx: &mut OrgTx<'_>, number: NumberId) -> Result<(), AppError> {
    let (provider_id, source) = number_store::delete_number(tx, number).await?.ok_or_else(|| AppError::not_found("number"))?;
    if let Some(provider_id) = provider_id {
        // Under the number's own key: a push that waits is replaced, one that runs is followed.
        let job = ReleaseNumber { org: tx.scope().org(), provider_id, is_ours: source != NumberSource::Vapi };
        tx.enqueue(&job, Opts::default().key(format!("number:{number}"))).await?;
    }
    Ok(())
}

fn is_constraint(error: &sqlx::Error, name: &str) -> bool {
    error.as_database_error().and_then(sqlx::error::DatabaseError::constraint) == Some(name)
}

pub(super) async fn existing(tx: &mut OrgTx<'_>, id: AssistantId) -> Result<store::Row, AppError> {
    let row = store::find(tx, id).await?.filter(|row| !row.is_deleted);
    row.ok_or_else(|| AppError::not_found("assistant"))
}

/// Writes the job that brings the provider's copy in step; one per assistant waits at a time.
pub(super) async fn enqueue_push(tx: &mut OrgTx<'_>, id: AssistantId) -> Result<(), AppError> {
    let org = tx.scope().org();
    tx.enqueue(&Push { org, assistant: id }, Opts::default().key(format!("assistant:{id}"))).await?;
    Ok(())
}

async fn enqueue_number(tx: &mut OrgTx<'_>, id: NumberId) -> Result<(), AppError> {
    let org = tx.scope().org();
    tx.enqueue(&PushNumber { org, number: id }, Opts::default().key(format!("number:{id}"))).await?;
    Ok(())
}

/// A number of the range kept for fiction (+33 1 99 00), different for each organisation as far as 10 000 go.
async fn sandbox_number(tx: &mut OrgTx<'_>, assistant: AssistantId) -> Result<(), AppError> {
    let org: OrgId = tx.scope().org();
    let number = format!("+3319900{:04}", org.0.as_u128() % 10_000);
    let Ok(number) = number.parse::<PhoneNumber>() else { return Ok(()) };
    let id = NumberId::at(tx.scope().core().clock.now());
    number_store::insert_number(tx, id, &number, "", None, Some(assistant), false).await?;
    enqueue_number(tx, id).await
}

pub(super) async fn tell(tx: &mut OrgTx<'_>) -> Result<(), AppError> {
    let org = tx.scope().org();
    Ok(bus::publish(tx.conn(), &[Note::Assistant { org }]).await?)
}
