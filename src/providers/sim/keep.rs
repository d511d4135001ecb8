//! What was set up at a simulator kept in a file across restarts: assistants, phone numbers, credentials. A sandbox needs it,
//! or every restart would lose what the product pushed. Calls are not kept: a simulator that stops lets go of them.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::AsyncWriteExt;

use super::world::{Object, World};

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    assistants: Vec<Object>,
    numbers: Vec<Object>,
    credentials: Object,
}

/// Reads the file if there is one, and writes it after every change from now on.
/// Errors: a file that exists and cannot be read, or a folder that cannot be written.
pub(super) async fn keep(world: World, path: PathBuf) -> anyhow::Result<()> {
    let mut changes = world.changes();
    match tokio::fs::read(&path).await {
        Ok(text) => restore(&world, serde_json::from_slice(&text).with_context(|| format!("reading {}", path.display()))?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
    }
    write(&world, &path).await?;
    tokio::spawn(async move {
        let stopped = world.stopped();
        loop {
            tokio::select! {
                () = stopped.cancelled() => return,
                _ = changes.changed() => {}
            }
            if let Err(error) = write(&world, &path).await {
                tracing::warn!(error = format!("{error:#}"), "the simulator could not keep its state");
            }
        }
    });
    Ok(())
}

fn restore(world: &World, kept: Kept) {
    let id = |row: &Object| row.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    for (mut shelf, rows) in [(world.assistants(), kept.assistants), (world.numbers(), kept.numbers)] {
        for row in rows {
            shelf.put(&id(&row), row);
        }
    }
    world.credentials().extend(kept.credentials);
}

async fn write(world: &World, path: &Path) -> anyhow::Result<()> {
    let kept = Kept {
        assistants: oldest_first(world.assistants().newest_first()),
        numbers: oldest_first(world.numbers().newest_first()),
        credentials: world.credentials().clone().into_iter().collect(),
    };
    let text = serde_json::to_vec(&kept)?;
    // Written beside and moved over, so that a crash leaves the old one whole. It holds secrets of the sandbox.
    let beside = path.with_extension("new");
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&beside).await.with_context(|| format!("writing {}", beside.display()))?;
    file.write_all(&text).await?;
    file.sync_all().await?;
    tokio::fs::rename(&beside, path).await.with_context(|| format!("writing {}", path.display()))
}

fn oldest_first<'a>(rows: impl Iterator<Item = &'a Object>) -> Vec<Object> {
    let mut rows: Vec<Object> = rows.cloned().collect();
    rows.reverse();
    rows
}
