//! The way back: into an empty place, and all of it or nothing.

use super::{MANIFEST, Manifest, Table, tables};
use crate::{
    platform::{Core, SystemTx},
    server::seed::copy,
};
use anyhow::{Context, bail, ensure};
use chrono::Datelike;
use object_store::{ObjectStoreExt, path::Path as ObjectPath};
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, PgConnection};
use std::{
    fs,
    io::{self, Read},
    path::Path,
};

const PIECE: usize = 1 << 20;

/// Reads a backup's manifest and holds every file of it to its checksum.
pub fn check(folder: &Path) -> anyhow::Result<Manifest> {
    let path = folder.join(MANIFEST);
    let text = fs::read(&path).with_context(|| format!("{} cannot be read: this is no finished backup", path.display()))?;
    let manifest: Manifest = serde_json::from_slice(&text).with_context(|| format!("{} is damaged", path.display()))?;
    let tables = manifest.tables.iter().map(|table| (folder.join("tables").join(&table.name), &table.sha256));
    let files = manifest.files.iter().map(|file| (folder.join("files").join(&file.path), &file.sha256));
    for (path, sha256) in tables.chain(files) {
        let found = digest(&path).with_context(|| format!("reading {}", path.display()))?;
        ensure!(found == *sha256, "{} is damaged", path.display());
    }
    Ok(manifest)
}

fn digest(path: &Path) -> io::Result<String> {
    let (mut file, mut digest, mut piece) = (fs::File::open(path)?, Sha256::new(), vec![0; PIECE]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hex::encode(digest.finalize())),
            read => digest.update(&piece[..read]),
        }
    }
}

/// Puts everything back. Errors: the database holds data, the master key is another, the backup is newer than this program; nothing is changed then.
pub async fn restore(core: &Core, folder: &Path) -> anyhow::Result<Manifest> {
    let manifest = check(folder)?;
    ensure!(
        core.vault.opens(&manifest.key),
        "the backup's secrets were sealed under another master key: set ZENCALL_SECRET_KEY to the key of that time"
    );
    let newest = crate::MIGRATOR.iter().map(|migration| migration.version).max().unwrap_or_default();
    ensure!(manifest.schema <= newest, "the backup is of a newer version of the program (schema {})", manifest.schema);
    ensure_empty(core, manifest.schema).await?;
    crate::MIGRATOR.run_to(manifest.schema, &core.pool).await.context("making the schema")?;
    let mut tx = SystemTx::begin(core, "a restore").await?;
    load(tx.conn(), &manifest, folder).await?;
    tx.commit().await?;
    for file in &manifest.files {
        let bytes = fs::read(folder.join("files").join(&file.path))?;
        core.files.put(&ObjectPath::from(file.path.as_str()), bytes.into()).await.with_context(|| format!("storing {}", file.path))?;
    }
    crate::server::boot::migrate(&core.pool).await?;
    Ok(manifest)
}

async fn ensure_empty(core: &Core, schema: i64) -> anyhow::Result<()> {
    let is_made: bool = sqlx::query_scalar("select to_regclass('orgs') is not null").fetch_one(&core.pool).await?;
    if !is_made {
        return Ok(());
    }
    let holds: bool = sqlx::query_scalar("select exists (select from orgs) or exists (select from accounts)").fetch_one(&core.pool).await?;
    ensure!(!holds, "the database holds data already: a backup is restored into an empty one");
    let applied: i64 = sqlx::query_scalar("select max(version) from _sqlx_migrations").fetch_one(&core.pool).await?;
    ensure!(applied <= schema, "the database's schema is newer than the backup's: give an empty database");
    Ok(())
}

async fn load(conn: &mut PgConnection, manifest: &Manifest, folder: &Path) -> anyhow::Result<()> {
    if let Some(since) = manifest.since {
        let now: chrono::DateTime<chrono::Utc> = sqlx::query_scalar("select now()").fetch_one(&mut *conn).await?;
        let months = (now.year() - since.year()) * 12 + now.month() as i32 - since.month() as i32 + 4;
        sqlx::query("select zencall_make_partitions($1::date, $2)").bind(since.date_naive()).bind(months).execute(&mut *conn).await?;
    }
    let names: Vec<&str> = manifest.tables.iter().map(|table| table.name.as_str()).collect();
    let known = tables::in_order(conn).await?;
    if let Some(name) = names.iter().find(|name| !known.iter().any(|known| known == *name)) {
        bail!("the schema has no table {name}");
    }
    sqlx::query(AssertSqlSafe(format!("truncate {}", names.join(", ")))).execute(&mut *conn).await?;
    copy::without_triggers(conn).await?;
    // The words of calls are most of the work: the more of them are sorted at once on their way into the index, the better.
    sqlx::query("select set_config('gin_pending_list_limit', '128MB', true), set_config('work_mem', '128MB', true)")
        .execute(&mut *conn)
        .await?;
    sqlx::query("select set_config('app.actor', '{\"kind\": \"restore\"}', true)").execute(&mut *conn).await?;
    let is_direct = copy::is_direct(conn).await?;
    for table in &manifest.tables {
        fill(conn, table, &folder.join("tables").join(&table.name), is_direct).await.with_context(|| format!("filling {}", table.name))?;
        let found = tables::sum(conn, &table.name, &table.columns).await?;
        ensure!(found == (table.rows, table.sum.clone()), "{} came out different: {} rows, {} expected", table.name, found.0, table.rows);
        tables::count_on(conn, &table.name).await?;
    }
    Ok(())
}

/// Row security stops `COPY` into a table for most logins: their rows pass through a temporary one.
async fn fill(conn: &mut PgConnection, table: &Table, file: &Path, is_direct: bool) -> anyhow::Result<()> {
    let (name, columns) = (&table.name, table.columns.join(", "));
    if !is_direct {
        let stage = format!("create temp table restoring on commit drop as select {columns} from {name} with no data");
        sqlx::query(AssertSqlSafe(stage)).execute(&mut *conn).await?;
    }
    let target = if is_direct { name.as_str() } else { "restoring" };
    let mut copy = conn.copy_in_raw(&format!("copy {target} ({columns}) from stdin")).await?;
    let mut file = fs::File::open(file)?;
    let mut piece = vec![0; PIECE];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            break;
        }
        copy.send(&piece[..read]).await?;
    }
    copy.finish().await?;
    if !is_direct {
        let move_on = format!("insert into {name} ({columns}) overriding system value select {columns} from restoring");
        sqlx::query(AssertSqlSafe(move_on)).execute(&mut *conn).await?;
        sqlx::query("drop table restoring").execute(&mut *conn).await?;
    }
    Ok(())
}
