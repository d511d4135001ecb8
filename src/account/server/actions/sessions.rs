//! The reader's own sessions.

use super::{Person, tell_revoked};
use crate::{
    account::{
        model::{MySessions, SessionRow, device_of},
        server::store,
    },
    platform::{Core, SystemTx, session},
    shared::{audit::Act, error::AppError, ids::SessionId},
};
use http::HeaderValue;
use serde_json::json;

/// Every browser the reader is signed in with.
pub async fn my_sessions(core: &Core, person: Person) -> Result<MySessions, AppError> {
    let now = core.clock.now();
    let mut tx = SystemTx::begin(core, "a person's own sessions").await?;
    let seen = store::sessions(&mut tx, person.account, now, now - session::IDLE).await?;
    tx.commit().await?;
    let row = |seen: store::SeenSession| {
        let (browser, system) = device_of(seen.user_agent.as_deref().unwrap_or_default());
        SessionRow {
            id: seen.id,
            browser: browser.to_owned(),
            system: system.to_owned(),
            address: seen.address.unwrap_or_default(),
            created_at: seen.created_at,
            last_seen_at: seen.last_seen_at,
            is_this: seen.id == person.session,
        }
    };
    let mut sessions: Vec<SessionRow> = seen.into_iter().map(row).collect();
    sessions.sort_by_key(|session| !session.is_this);
    Ok(MySessions { sessions, now })
}

/// Ends one of the reader's sessions. Errors: `NotFound`, for another person's too.
pub async fn end_session(core: &Core, person: Person, session: SessionId) -> Result<(), AppError> {
    let mut tx = SystemTx::begin(core, "a person's own sessions").await?;
    if !store::delete_session(&mut tx, person.account, session).await? {
        return Err(AppError::not_found("session"));
    }
    tell_revoked(&mut tx, person.account).await?;
    tx.note_account(person.account, Act::SessionsEnded, Some(json!({ "session": session }))).await?;
    tx.commit().await?;
    Ok(())
}

/// Ends every session of the reader but this one.
pub async fn end_other_sessions(core: &Core, person: Person) -> Result<(), AppError> {
    let mut tx = SystemTx::begin(core, "a person's own sessions").await?;
    store::delete_sessions(&mut tx, person.account, Some(person.session)).await?;
    tell_revoked(&mut tx, person.account).await?;
    tx.note_account(person.account, Act::SessionsEnded, None).await?;
    tx.commit().await?;
    Ok(())
}

/// Ends this session; returns the header that removes its cookie.
pub async fn sign_out(core: &Core, person: Person) -> Result<HeaderValue, AppError> {
    let mut tx = SystemTx::begin(core, "a sign-out").await?;
    let cookie = session::end(tx.conn(), person.session).await?;
    tell_revoked(&mut tx, person.account).await?;
    tx.note_account(person.account, Act::SignedOut, None).await?;
    tx.commit().await?;
    Ok(cookie)
}
