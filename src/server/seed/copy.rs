//! Rows as text for `COPY`, and the way into a table that row security guards.

use anyhow::Context;
use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, PgConnection, Row};
use std::fmt::Write;
use uuid::Uuid;

/// Rows of one table, in PostgreSQL's text format.
pub struct Rows {
    table: &'static str,
    columns: &'static str,
    text: String,
    is_first: bool,
}

impl Rows {
    /// No rows yet.
    pub fn new(table: &'static str, columns: &'static str) -> Self {
        Self { table, columns, text: String::new(), is_first: true }
    }

    fn next(&mut self) {
        if !self.is_first {
            self.text.push('\t');
        }
        self.is_first = false;
    }

    pub fn text(&mut self, value: &str) -> &mut Self {
        self.next();
        for c in value.chars() {
            match c {
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\t' => self.text.push_str("\\t"),
                '\r' => self.text.push_str("\\r"),
                c => self.text.push(c),
            }
        }
        self
    }

    pub fn maybe(&mut self, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.text(value),
            None => self.null(),
        }
    }

    pub fn null(&mut self) -> &mut Self {
        self.next();
        self.text.push_str("\\N");
        self
    }

    pub fn uuid(&mut self, value: Uuid) -> &mut Self {
        self.next();
        let _ = write!(self.text, "{}", value.as_hyphenated());
        self
    }

    pub fn number(&mut self, value: i64) -> &mut Self {
        self.next();
        let _ = write!(self.text, "{value}");
        self
    }

    pub fn flag(&mut self, value: bool) -> &mut Self {
        self.next();
        self.text.push(if value { 't' } else { 'f' });
        self
    }

    pub fn time(&mut self, value: DateTime<Utc>) -> &mut Self {
        self.next();
        let _ = write!(self.text, "{}", value.format("%Y-%m-%d %H:%M:%S%.3f+00"));
        self
    }

    /// Ends the row.
    pub fn end(&mut self) {
        self.text.push('\n');
        self.is_first = true;
    }

    /// Writes the rows. `direct` says that row security does not stop `COPY` for this login; otherwise they pass through a
    /// temporary table.
    pub async fn write(self, conn: &mut PgConnection, direct: bool) -> anyhow::Result<()> {
        let Self { table, columns, text, .. } = self;
        if text.is_empty() {
            return Ok(());
        }
        let target = if direct { table.to_owned() } else { format!("seed_{table}") };
        // Names are our own constants.
        if !direct {
            let stage = format!("create temp table if not exists {target} as select {columns} from {table} with no data");
            sqlx::query(AssertSqlSafe(stage)).execute(&mut *conn).await?;
        }
        let mut copy = conn.copy_in_raw(&format!("copy {target} ({columns}) from stdin")).await?;
        copy.send(text.as_bytes()).await.with_context(|| format!("copying into {table}"))?;
        copy.finish().await.with_context(|| format!("copying into {table}"))?;
        if !direct {
            let move_on =
                format!("with moved as (delete from {target} returning *) insert into {table} ({columns}) select {columns} from moved");
            sqlx::query(AssertSqlSafe(move_on)).execute(&mut *conn).await.with_context(|| format!("moving into {table}"))?;
        }
        Ok(())
    }
}

/// Whether row security lets this login copy straight into a table.
pub async fn is_direct(conn: &mut PgConnection) -> sqlx::Result<bool> {
    let row = sqlx::query("select rolsuper or rolbypassrls from pg_roles where rolname = current_user").fetch_one(conn).await?;
    row.try_get(0)
}

/// Spares the check of every foreign key, where the login may: our rows point at rows we have just written.
pub async fn without_triggers(conn: &mut PgConnection) -> sqlx::Result<()> {
    let row = sqlx::query("select rolsuper from pg_roles where rolname = current_user").fetch_one(&mut *conn).await?;
    if row.try_get(0)? {
        sqlx::query("set local session_replication_role = replica").execute(conn).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_copy_would_read_otherwise_is_escaped() {
        let mut rows = Rows::new("t", "a, b");
        rows.text("a\\b\tc\nd").null().number(-3).flag(true).end();
        assert_eq!(rows.text, "a\\\\b\\tc\\nd\t\\N\t-3\tt\n");
    }
}
