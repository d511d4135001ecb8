//! Use cases of rehearsals and of trying a draft by text. Runs are held by jobs; a try is answered at once, outside any transaction.

use super::{
    conversation::{self, Saying},
    jobs::Hold,
    store,
};
use crate::{
    assistants::server::actions as assistants,
    platform::{OrgScope, OrgTx, queue::Opts, throttle},
    providers::vapi::{Vapi, words_of},
    rehearsals::model::*,
    shared::{
        error::AppError,
        ids::{AssistantId, RehearsalId, RunId, TalkId},
        permission::Permission,
    },
};
use chrono::Duration;

/// More than anybody reads; a bound on what one click has the provider answer.
pub const MOST_REHEARSALS: i64 = 40;
/// How many runs of a rehearsal the page shows, and how many are kept.
const SHOWN: i64 = 5;
const KEPT: i64 = 30;
/// A run that has not ended after this has been forgotten by everybody.
const FORGOTTEN: Duration = Duration::minutes(15);
/// The longest conversation with a draft.
const MOST_TRIES: i32 = 40;
/// Turns one organisation may try in an hour: each is paid for.
const TRIES_AN_HOUR: i32 = 300;

/// The page of rehearsals. Errors: `NotFound`.
pub async fn sheet(scope: &OrgScope, assistant: AssistantId) -> Result<RehearsalSheet, AppError> {
    let mut tx = scope.begin(Permission::AssistantsRead).await?;
    let found = assistants::rehearsable(&mut tx, assistant).await?;
    Ok(RehearsalSheet {
        assistant,
        rehearsals: store::list(&mut tx, assistant, &found.mark, SHOWN).await?,
        assistant_name: found.settings.name,
        has_draft: found.has_draft,
        is_required: store::is_required(&mut tx).await?,
        now: scope.core().clock.now(),
    })
}

/// Writes a rehearsal, new when `id` is absent. Errors: `NotFound`; `Conflict("rehearsal_limit")`.
pub async fn save(scope: &OrgScope, assistant: AssistantId, id: Option<RehearsalId>, script: &Script) -> Result<RehearsalId, AppError> {
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    assistants::rehearsable(&mut tx, assistant).await?; // it is there, and ours
    let id = match id {
        Some(id) if store::update(&mut tx, id, assistant, script).await? => id,
        Some(_) => return Err(AppError::not_found("rehearsal")),
        None => add(&mut tx, assistant, script).await?,
    };
    tx.commit().await?;
    Ok(id)
}

/// Adds one. Errors: `Conflict("rehearsal_limit")`.
pub async fn add(tx: &mut OrgTx<'_>, assistant: AssistantId, script: &Script) -> Result<RehearsalId, AppError> {
    if store::count(tx, assistant).await? >= MOST_REHEARSALS {
        return Err(AppError::conflict("rehearsal_limit"));
    }
    let id = RehearsalId::at(tx.scope().core().clock.now());
    store::insert(tx, id, assistant, script).await?;
    Ok(id)
}

/// What an assistant's file carries of them.
pub async fn scripts(tx: &mut OrgTx<'_>, assistant: AssistantId) -> Result<Vec<Script>, AppError> {
    Ok(store::scripts(tx, assistant).await?)
}

/// Removes one and its runs. Errors: `NotFound`.
pub async fn delete(scope: &OrgScope, assistant: AssistantId, id: RehearsalId) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    if !store::delete(&mut tx, id, assistant).await? {
        return Err(AppError::not_found("rehearsal"));
    }
    tx.commit().await
}

/// Has one or all held against the draft, as many at a time as the lane has slots; how many are begun. Errors: `NotFound`.
pub async fn start(scope: &OrgScope, assistant: AssistantId, one: Option<RehearsalId>) -> Result<u32, AppError> {
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    assistants::rehearsable(&mut tx, assistant).await?;
    let (org, now) = (scope.org(), scope.core().clock.now());
    let wanted = store::to_run(&mut tx, assistant, one, now - FORGOTTEN).await?;
    for rehearsal in &wanted {
        let run = RunId::at(now);
        store::insert_run(&mut tx, run, *rehearsal, scope.account(), now, KEPT).await?;
        tx.enqueue(&Hold { org, run }, Opts::default().key(format!("rehearsal:{rehearsal}"))).await?;
    }
    tx.commit().await?;
    Ok(u32::try_from(wanted.len()).unwrap_or(u32::MAX))
}

/// Whether the organisation publishes only what passes.
pub async fn set_required(scope: &OrgScope, is_required: bool) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::OrgManage).await?;
    store::set_required(&mut tx, is_required).await?;
    tx.commit().await
}

/// What the page for trying shows first. Errors: `NotFound`.
pub async fn try_sheet(scope: &OrgScope, assistant: AssistantId) -> Result<TrySheet, AppError> {
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    let found = assistants::rehearsable(&mut tx, assistant).await?;
    Ok(TrySheet { assistant, assistant_name: found.settings.name, greeting: found.settings.first_message, has_draft: found.has_draft })
}

/// Says something to the draft as it is now; what was said before is gone on from. What the provider refuses is told in its own words.
/// Errors: `Invalid`; `NotFound`; `Conflict("talk_over")`; `RateLimited`; `Upstream`.
pub async fn say(scope: &OrgScope, assistant: AssistantId, talk: Option<TalkId>, words: &str) -> Result<Said, AppError> {
    let words = words.trim();
    if words.is_empty() || words.chars().count() > LONGEST_LINE {
        return Err(AppError::invalid("words", "rehearsal.words_length"));
    }
    let now = scope.core().clock.now();
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    let found = assistants::rehearsable(&mut tx, assistant).await?;
    let id = talk.unwrap_or_else(|| TalkId::at(now));
    let before = match talk {
        Some(id) => store::talk(&mut tx, id, assistant).await?.ok_or_else(|| AppError::not_found("talk"))?,
        None => store::Talk { chat_ref: None, turns: 0 },
    };
    if before.turns >= MOST_TRIES {
        return Err(AppError::conflict("talk_over"));
    }
    if talk.is_none() {
        store::begin_talk(&mut tx, id, assistant, now).await?;
    }
    tx.commit().await?;
    throttle::take(scope.core(), &format!("tries:{}", scope.org()), TRIES_AN_HOUR, 3600).await?;
    let turn = u32::try_from(before.turns + 1).unwrap_or(1);
    let saying = Saying { copy: &found.copy, previous: before.chat_ref.as_deref(), words, turn };
    let told = match conversation::say(&Vapi::of(scope.core()), &saying).await {
        Ok(told) => told,
        Err(error) if error.status() == Some(400) => {
            return Ok(Said { talk: id, lines: vec![], cost: None, is_over: false, refusal: Some(words_of(&error)) });
        }
        Err(error) => return Err(AppError::upstream("Vapi", error)),
    };
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    store::go_on(&mut tx, id, &told.chat_ref, scope.core().clock.now()).await?;
    tx.commit().await?;
    Ok(Said { talk: id, lines: told.lines, cost: told.cost, is_over: told.is_over || turn >= MOST_TRIES as u32, refusal: None })
}
