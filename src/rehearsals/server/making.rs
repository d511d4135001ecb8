//! Making an assistant with what comes with it: rehearsals, from a trade or from a file, and the answers of a trade.

use super::actions::add;
use crate::{
    answers::{model::NewAnswer, server::actions as answers},
    assistants::{
        model::{Settings, Template},
        server::actions as assistants,
    },
    platform::OrgScope,
    rehearsals::model::Script,
    shared::{error::AppError, ids::AssistantId, permission::Permission},
};

/// What comes with an assistant.
#[derive(Default)]
pub struct Baggage {
    pub rehearsals: Vec<Script>,
    /// Those the book has already are left out.
    pub answers: Vec<NewAnswer>,
}

/// All of it, or nothing. Errors: `Conflict("assistant_limit")`, `Conflict("rehearsal_limit")`, `Conflict("answer_limit")`.
pub async fn create(scope: &OrgScope, template: Template, settings: &Settings, baggage: &Baggage) -> Result<AssistantId, AppError> {
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    let id = assistants::create_in(&mut tx, template, settings).await?;
    for script in &baggage.rehearsals {
        add(&mut tx, id, script).await?;
    }
    if !baggage.answers.is_empty() {
        answers::add_new(&mut tx, &baggage.answers).await?;
    }
    tx.commit().await?;
    Ok(id)
}
