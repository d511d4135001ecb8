//! What PostgreSQL knows of our tables. Names come from its own catalogue, quoted by it.

use anyhow::ensure;
use sqlx::{AssertSqlSafe, PgConnection};
use std::collections::BTreeSet;

/// Every table that holds data, each after those that it points at.
pub async fn in_order(conn: &mut PgConnection) -> anyhow::Result<Vec<String>> {
    let mut left: BTreeSet<String> = sqlx::query_scalar(
        "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('r', 'p') and not c.relispartition and n.nspname in ('public', 'jobs') and c.relname <> '_sqlx_migrations'",
    )
    .fetch_all(&mut *conn)
    .await?
    .into_iter()
    .collect();
    let arrows: Vec<(String, String)> = sqlx::query_as(
        "select distinct conrelid::regclass::text, confrelid::regclass::text from pg_constraint where contype = 'f' and conrelid <> confrelid",
    )
    .fetch_all(conn)
    .await?;
    let mut order = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let is_free = |table: &&String| !arrows.iter().any(|(from, to)| from == *table && left.contains(to));
        let free: Vec<String> = left.iter().filter(is_free).cloned().collect();
        ensure!(!free.is_empty(), "tables point at each other in a circle: {left:?}");
        left.retain(|table| !free.contains(table));
        order.extend(free);
    }
    Ok(order)
}

/// The columns whose values are ours to keep, quoted.
pub async fn columns(conn: &mut PgConnection, table: &str) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar(
        "select quote_ident(attname) from pg_attribute
         where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum",
    )
    .bind(table)
    .fetch_all(conn)
    .await
}

/// How many rows there are, and a sum over them.
pub async fn sum(conn: &mut PgConnection, table: &str, columns: &[String]) -> sqlx::Result<(i64, String)> {
    let columns = columns.join(", ");
    let query = format!("select count(*), coalesce(sum(hashtextextended(row({columns})::text, 0)::numeric), 0)::text from {table}");
    sqlx::query_as(AssertSqlSafe(query)).fetch_one(conn).await
}

/// Lets numbers that count themselves go on behind the highest there is.
pub async fn count_on(conn: &mut PgConnection, table: &str) -> sqlx::Result<()> {
    let counted: Vec<String> = sqlx::query_scalar(
        "select quote_ident(attname) from pg_attribute where attrelid = $1::regclass and attnum > 0 and attidentity <> ''",
    )
    .bind(table)
    .fetch_all(&mut *conn)
    .await?;
    for column in counted {
        let next = format!("select setval(pg_get_serial_sequence($1, $2), greatest((select max({column}) from {table}), 1))");
        sqlx::query(AssertSqlSafe(next)).bind(table).bind(&column).execute(&mut *conn).await?;
    }
    Ok(())
}
