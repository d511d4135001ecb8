//! `zencall backup DIR` and `zencall restore DIR`: every row and every file as of one moment, and the way back.
//!
//! Rows leave by `COPY` from one snapshot while everybody goes on writing. Files are copied after it, so each one that a row names is there.
//! `manifest.json` is written last: a folder without it is no backup. It holds a checksum of each file of the folder and, of each table, how
//! many rows it had and a sum over them that does not depend on their order; restoring computes all of them again.
//! The master key is not in it: it is named by a fingerprint, and has to be set before restoring. A sandbox's own key comes along.

mod restore;
mod tables;

pub use restore::{check, restore};

use crate::platform::{Core, SystemTx};
use anyhow::{Context, ensure};
use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt};
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{fs, io::Write, os::unix::fs::DirBuilderExt, path::Path};

const MANIFEST: &str = "manifest.json";
/// The key of a sandbox, beside the manifest.
pub const KEY: &str = "secret-key";

/// What a backup is.
#[derive(Debug, Serialize, Deserialize)]
pub struct Manifest {
    pub made_at: DateTime<Utc>,
    /// The newest migration that had been applied.
    pub schema: i64,
    /// The creation of the oldest row kept by month.
    pub since: Option<DateTime<Utc>>,
    /// Which master key sealed the secrets.
    pub key: String,
    /// In an order in which no row points at one that is not there yet.
    pub tables: Vec<Table>,
    pub files: Vec<File>,
}

/// A table, in `tables/<name>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    pub name: String,
    pub columns: Vec<String>,
    pub rows: i64,
    /// Over the rows, in any order.
    pub sum: String,
    /// Of the file.
    pub sha256: String,
}

/// A stored file, in `files/<path>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    pub path: String,
    pub bytes: u64,
    pub sha256: String,
}

impl Manifest {
    /// Rows of all tables.
    pub fn rows(&self) -> i64 {
        self.tables.iter().map(|table| table.rows).sum()
    }
}

/// Writes everything into a folder that does not exist yet or is empty.
pub async fn backup(core: &Core, folder: &Path) -> anyhow::Result<Manifest> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(folder).with_context(|| format!("creating {}", folder.display()))?;
    ensure!(fs::read_dir(folder)?.next().is_none(), "{} is not empty", folder.display());
    for inside in ["tables", "files"] {
        builder.create(folder.join(inside))?;
    }
    let mut tx = SystemTx::begin(core, "a backup").await?;
    let conn = tx.conn();
    sqlx::query("set transaction isolation level repeatable read, read only").execute(&mut *conn).await?;
    let made_at = sqlx::query_scalar("select now()").fetch_one(&mut *conn).await?;
    let schema = sqlx::query_scalar("select max(version) from _sqlx_migrations").fetch_one(&mut *conn).await?;
    let since = sqlx::query_scalar("select least((select min(created_at) from calls), (select min(created_at) from hook_journal))")
        .fetch_one(&mut *conn)
        .await?;
    let mut saved = Vec::new();
    for name in tables::in_order(conn).await? {
        saved.push(save(conn, folder, &name).await.with_context(|| format!("saving {name}"))?);
    }
    tx.commit().await?;
    let files = save_files(&*core.files, &folder.join("files")).await?;
    let manifest = Manifest { made_at, schema, since, key: core.vault.fingerprint(), tables: saved, files };
    let mut file = fs::File::create(folder.join(MANIFEST))?;
    file.write_all(&serde_json::to_vec_pretty(&manifest)?)?;
    file.sync_all()?;
    Ok(manifest)
}

async fn save(conn: &mut sqlx::PgConnection, folder: &Path, name: &str) -> anyhow::Result<Table> {
    let columns = tables::columns(conn, name).await?;
    let (rows, sum) = tables::sum(conn, name, &columns).await?;
    let mut file = fs::File::create(folder.join("tables").join(name))?;
    let mut digest = Sha256::new();
    let mut stream = conn.copy_out_raw(&format!("copy (select {} from {name}) to stdout", columns.join(", "))).await?;
    while let Some(bytes) = stream.next().await {
        let bytes = bytes?;
        digest.update(&bytes);
        file.write_all(&bytes)?;
    }
    file.sync_all()?;
    Ok(Table { name: name.to_owned(), columns, rows, sum, sha256: hex::encode(digest.finalize()) })
}

async fn save_files(store: &dyn ObjectStore, folder: &Path) -> anyhow::Result<Vec<File>> {
    let mut saved = Vec::new();
    let mut listed = store.list(None);
    while let Some(found) = listed.try_next().await? {
        let path = found.location.to_string();
        let bytes = store.get(&found.location).await?.bytes().await.with_context(|| format!("reading {path}"))?;
        let target = folder.join(&path);
        fs::create_dir_all(target.parent().unwrap_or(folder))?;
        let mut file = fs::File::create(&target)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        saved.push(File { path, bytes: bytes.len() as u64, sha256: hex::encode(Sha256::digest(&bytes)) });
    }
    saved.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(saved)
}
