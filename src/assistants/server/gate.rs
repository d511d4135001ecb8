//! Whether a draft may be published where an organisation wants its rehearsals to pass first. Reads the views of `rehearsals`, nothing else of them.

use crate::{
    assistants::model::Settings,
    platform::{OrgTx, crypto},
    shared::{error::AppError, ids::AssistantId},
};

/// A mark of what an assistant says and how: a run of a rehearsal bears that of the draft it was held with.
pub fn mark(settings: &Settings) -> String {
    hex::encode(crypto::token_hash(&serde_json::to_string(settings).unwrap_or_default()))
}

/// Errors: `Conflict` with what [`held_back`] names.
pub async fn pass(tx: &mut OrgTx<'_>, id: AssistantId, draft: &Settings) -> Result<(), AppError> {
    match held_back(tx, id, draft).await? {
        Some(code) => Err(AppError::conflict(code)),
        None => Ok(()),
    }
}

/// Why this draft may not be published yet, if so. Where rehearsals are required, an assistant without any has shown nothing.
pub async fn held_back(tx: &mut OrgTx<'_>, id: AssistantId, draft: &Settings) -> Result<Option<&'static str>, AppError> {
    let is_required = sqlx::query_scalar!(r#"select is_required as "is!" from rehearsals_required"#).fetch_optional(tx.conn()).await?;
    if is_required != Some(true) {
        return Ok(None);
    }
    let standing = sqlx::query!(
        r#"
        select state, coalesce(settings_mark = $2 and rehearsal_revision = revision, false) as "is_current!"
        from rehearsals_standing where assistant_id = $1
        "#,
        id.0,
        mark(draft)
    )
    .fetch_all(tx.conn())
    .await?;
    let is = |wanted: &str| standing.iter().any(|line| line.is_current && line.state.as_deref() == Some(wanted));
    Ok(if standing.is_empty() {
        Some("rehearsals_missing")
    } else if is("failed") || is("broken") {
        Some("rehearsals_failed")
    } else if standing.iter().any(|line| !line.is_current || line.state.as_deref() != Some("passed")) {
        Some("rehearsals_not_run")
    } else {
        None
    })
}
