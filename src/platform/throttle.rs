//! How often a door may be tried. Counted in the database: several processes share the count, and no answer means no entry.

use super::core::Core;
use crate::shared::error::AppError;

/// Counts one try of `key` (door, account or address) and refuses more than `limit` in `window_s` seconds.
/// Errors: `RateLimited`; the database's failure refuses too.
pub async fn take(core: &Core, key: &str, limit: i32, window_s: i32) -> Result<(), AppError> {
    // Keys hold mail addresses and network addresses: the table keeps their hash only.
    let hashed = hex::encode(super::crypto::token_hash(key));
    let (count, age_s): (i32, i32) = sqlx::query_as(
        "insert into throttles as t (key, window_start, count) values ($1, now(), 1)
         on conflict (key) do update set
           count = case when t.window_start < now() - make_interval(secs => $2) then 1 else t.count + 1 end,
           window_start = case when t.window_start < now() - make_interval(secs => $2) then now() else t.window_start end,
           updated_at = now()
         returning count, extract(epoch from now() - window_start)::int",
    )
    .bind(hashed)
    .bind(f64::from(window_s))
    .fetch_one(&core.pool)
    .await?;
    if count > limit {
        return Err(AppError::RateLimited { retry_after_s: u32::try_from((window_s - age_s).max(1)).unwrap_or(1) });
    }
    Ok(())
}

/// Counts `n` tries at once, all or none of them: what is refused is not counted. Errors: as [`take`].
pub async fn take_many(core: &Core, key: &str, n: i32, limit: i32, window_s: i32) -> Result<(), AppError> {
    let refused = |age_s: i32| AppError::RateLimited { retry_after_s: u32::try_from((window_s - age_s).max(1)).unwrap_or(1) };
    if n > limit {
        return Err(refused(0));
    }
    let hashed = hex::encode(super::crypto::token_hash(key));
    let taken = sqlx::query(
        "insert into throttles as t (key, window_start, count) values ($1, now(), $3)
         on conflict (key) do update set
           count = case when t.window_start < now() - make_interval(secs => $2) then $3 else t.count + $3 end,
           window_start = case when t.window_start < now() - make_interval(secs => $2) then now() else t.window_start end,
           updated_at = now()
         where t.window_start < now() - make_interval(secs => $2) or t.count + $3 <= $4",
    )
    .bind(&hashed)
    .bind(f64::from(window_s))
    .bind(n)
    .bind(limit)
    .execute(&core.pool)
    .await?;
    if taken.rows_affected() > 0 {
        return Ok(());
    }
    let age_s: Option<i32> = sqlx::query_scalar("select extract(epoch from now() - window_start)::int from throttles where key = $1")
        .bind(hashed)
        .fetch_optional(&core.pool)
        .await?;
    Err(refused(age_s.unwrap_or(0)))
}

/// Forgets the tries of a key: after a success.
pub async fn forget(core: &Core, key: &str) -> Result<(), AppError> {
    sqlx::query("delete from throttles where key = $1").bind(hex::encode(super::crypto::token_hash(key))).execute(&core.pool).await?;
    Ok(())
}

/// Removes counts whose window is long over; no window is longer than a day.
pub async fn forget_old(core: &Core) -> sqlx::Result<u64> {
    let gone = sqlx::query("delete from throttles where window_start < now() - interval '1 day'").execute(&core.pool).await?;
    Ok(gone.rows_affected())
}
