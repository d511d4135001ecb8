//! Making an assistant with what comes with it: rehearsals, from a trade or from a file, and the answers of a trade.

use super::actions::add;
use crate::{
    answers::{model::NewAnswer, server::actions as answers},
    assistants::{
        model::{NewAssistantForm, Settings, Template},
        server::{actions as assistants, portable, templates},
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

/// Makes an assistant as its trade has it. Errors: `Invalid`, and the conflicts of what is made.
pub async fn from_trade(scope: &OrgScope, form: &NewAssistantForm) -> Result<AssistantId, AppError> {
    scope.require_for_all(Permission::AssistantsEdit)?; // before a word is said about the form
    let (new, hours) = (form.parse()?, form.hours()?);
    let trade = templates::trade(&new, hours.as_deref()).map_err(AppError::internal)?;
    let answers = if form.with_answers.is_some() { trade.answers } else { vec![] };
    create(scope, new.template, &trade.settings, &Baggage { rehearsals: trade.rehearsals, answers }).await
}

/// Makes the assistant of a file. Errors: `Invalid`, each problem by its place in the file, and the conflicts of what is made.
pub async fn from_file(scope: &OrgScope, file: &str) -> Result<AssistantId, AppError> {
    scope.require_for_all(Permission::AssistantsEdit)?;
    let file = portable::read(file)?;
    let made = create(scope, file.template, &file.settings, &Baggage { rehearsals: file.rehearsals, ..Baggage::default() }).await;
    made.map_err(|error| error.under("settings"))
}

/// All of it, or nothing. Errors: `Conflict("assistant_limit")`, `Conflict("rehearsal_limit")`, `Conflict("answer_limit")`.
pub async fn create(scope: &OrgScope, template: Template, settings: &Settings, baggage: &Baggage) -> Result<AssistantId, AppError> {
    let mut tx = scope.begin_for_all(Permission::AssistantsEdit).await?;
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
