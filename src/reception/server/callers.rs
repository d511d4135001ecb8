//! Callers who are known: kept, and looked up.

use crate::{
    platform::{OrgScope, OrgTx},
    reception::model::*,
    shared::{error::AppError, permission::Permission, phone::PhoneNumber},
};

/// More than a page shows.
const SHOWN: i64 = 100;
const MOST_CALLERS: i64 = 20_000;

/// Known callers whose name or number has these words, by name.
pub async fn list(scope: &OrgScope, words: &str) -> Result<CallerList, AppError> {
    let mut tx = scope.begin(Permission::AssistantsRead).await?;
    let words: String = words.trim().chars().take(60).collect();
    let pattern = format!("%{}%", words.replace(['\\', '%', '_'], ""));
    let digits: String = words.chars().filter(char::is_ascii_digit).collect();
    let number = if digits.is_empty() { "-".to_owned() } else { format!("%{}%", digits.trim_start_matches('0')) };
    let items = sqlx::query_as!(
        KnownCaller,
        r#"
        select number as "number: PhoneNumber", name, language, is_vip, is_blocked from known_callers
        where $1 = '%%' or name ilike $1 or number like $2
        order by lower(name), number limit $3
        "#,
        pattern,
        number,
        SHOWN
    )
    .fetch_all(tx.conn())
    .await?;
    let counts = sqlx::query!(
        r#"select count(*) as "all!", count(*) filter (where $1 = '%%' or name ilike $1 or number like $2) as "found!" from known_callers"#, // counts are never null
        pattern,
        number
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(CallerList { items, found: counts.found, all: counts.all })
}

/// Writes what is known of a number. Errors: `Conflict("caller_limit")`.
pub async fn save(scope: &OrgScope, caller: &KnownCaller) -> Result<(), AppError> {
    let mut tx = scope.begin_for_all(Permission::AssistantsEdit).await?;
    let all = sqlx::query_scalar!(r#"select count(*) as "n!" from known_callers"#).fetch_one(tx.conn()).await?;
    if all >= MOST_CALLERS {
        return Err(AppError::conflict("caller_limit"));
    }
    sqlx::query!(
        "
        insert into known_callers (number, name, language, is_vip, is_blocked) values ($1, $2, $3, $4, $5)
        on conflict (org_id, number) do update set name = $2, language = $3, is_vip = $4, is_blocked = $5, updated_at = now()
        ",
        caller.number.as_str(),
        caller.name,
        caller.language,
        caller.is_vip,
        caller.is_blocked
    )
    .execute(tx.conn())
    .await?;
    tx.commit().await
}

/// Forgets a number. Errors: `NotFound`.
pub async fn remove(scope: &OrgScope, number: &str) -> Result<(), AppError> {
    let mut tx = scope.begin_for_all(Permission::AssistantsEdit).await?;
    let done = sqlx::query!("delete from known_callers where number = $1", number).execute(tx.conn()).await?;
    if done.rows_affected() == 0 {
        return Err(AppError::not_found("caller"));
    }
    tx.commit().await
}

/// What is known of a number.
pub async fn find(tx: &mut OrgTx<'_>, number: &str) -> sqlx::Result<Option<KnownCaller>> {
    sqlx::query_as!(
        KnownCaller,
        r#"select number as "number: PhoneNumber", name, language, is_vip, is_blocked from known_callers where number = $1"#,
        number
    )
    .fetch_optional(tx.conn())
    .await
}
