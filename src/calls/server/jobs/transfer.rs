//! Putting a live call through to somebody of the directory: the first who can be, the next when the provider refuses, and a word to the
//! assistant when nobody is left.

use super::Fail;
use crate::{
    calls::server::{control::Addresses, tools},
    platform::{
        Core, OrgScope, SystemTx,
        queue::{Job, lane},
    },
    providers::vapi::{self, Control, Destination, Vapi},
    reception::{directory::Person, server::tools as reception},
    shared::{
        error::AppError,
        ids::{CallId, OrgId, PersonId},
        permission::Permission,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;

/// Puts a call through. The order was chosen when the assistant asked; who has left the directory since is passed over.
#[derive(Debug, Serialize, Deserialize)]
pub struct Transfer {
    pub org: OrgId,
    pub call: CallId,
    pub tool_call: String,
    pub people: Vec<PersonId>,
}

impl Job for Transfer {
    const KIND: &'static str = "calls.transfer";
    const QUEUE: &'static str = lane::URGENT;
    const TIMEOUT: Duration = Duration::from_secs(60);
    const MAX_ATTEMPTS: i32 = 3;
    const BACKOFF_S: &'static [i32] = &[1, 2];
}

/// What the assistant is told when nobody could be reached.
const NOBODY: &str = "Nobody could be reached. Tell the caller, and offer to take a message or to have them called back.";

/// Running twice equals running once: whom an earlier run tried is passed over, and a call that is over is left alone.
pub async fn transfer(core: Core, job: Transfer) -> Result<(), Fail> {
    let Some(control) = control_of(&core, &job).await? else { return Ok(()) };
    let vapi = Vapi::of(&core);
    for person in still_to_try(&core, &job).await? {
        let to = Destination::Number { number: person.number.to_string() };
        let asked = vapi.control(&control, &Control::Transfer { to, announcement: None }).await;
        let outcome = match &asked {
            Ok(()) => "asked",
            Err(error) if error.status() == Some(404) => return Ok(()), // hung up meanwhile
            Err(error) if error.may_have_happened() => "unknown",       // a second one would be rung beside the first
            Err(_) => "refused",
        };
        let words = asked.err().map(|error| vapi::words_of(&error));
        let detail = json!({ "person": person.id, "to": person.name, "number": person.number, "outcome": outcome, "error": words });
        note(&core, &job, format!("{}:{}:{}", tools::TRY, job.tool_call, person.id), detail).await?;
        if outcome != "refused" {
            return Ok(());
        }
    }
    let told = vapi.control(&control, &Control::Instruct { content: NOBODY.to_owned(), respond_now: true }).await;
    if let Some(error) = told.err().filter(|error| error.status() != Some(404)) {
        tracing::warn!(%error, "the assistant could not be told that nobody is there");
    }
    note(&core, &job, format!("{}:{}", tools::TRY, job.tool_call), json!({ "outcome": "nobody" })).await
}

/// The address that steers the call, while it lives.
async fn control_of(core: &Core, job: &Transfer) -> Result<Option<String>, Fail> {
    let mut tx = SystemTx::begin(core, "a call that is to be put through").await?;
    let sealed: Option<Vec<u8>> = sqlx::query_scalar!(
        "select control_sealed from calls where id = $1 and created_at = uuid_time($1) and org_id = $2 and status <> 'ended'",
        job.call as CallId,
        job.org.0
    )
    .fetch_optional(tx.conn())
    .await?
    .flatten();
    tx.commit().await?;
    Ok(sealed.map(|sealed| Addresses::open(core, job.org, &sealed)).transpose()?.and_then(|addresses| addresses.control))
}

/// Those chosen who are still in the directory, and were not tried by an earlier run.
async fn still_to_try(core: &Core, job: &Transfer) -> Result<Vec<Person>, Fail> {
    let scope = OrgScope::of_system(core, job.org);
    let found: Result<_, AppError> = async {
        let mut tx = scope.begin(Permission::AssistantsRead).await?;
        let tried = tools::tried(&mut tx, job.call).await?;
        let everybody = reception::everybody(&mut tx).await?;
        tx.commit().await?;
        let wanted = job.people.iter().filter(|id| !tried.contains(id));
        Ok(wanted.filter_map(|id| everybody.iter().find(|person| person.id == *id).cloned()).collect())
    }
    .await;
    found.map_err(|error| Fail::Retry(error.to_string()))
}

async fn note(core: &Core, job: &Transfer, key: String, detail: serde_json::Value) -> Result<(), Fail> {
    tools::keep(core, job.org, job.call, key, tools::TRY, detail).await.map_err(|error| Fail::Retry(error.to_string()))
}
