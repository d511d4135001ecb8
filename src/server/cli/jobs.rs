//! `zencall jobs list|show|redrive|discard`.

use super::say;
use crate::{
    platform::{
        config::Config,
        queue::{self, JobFilter, JobLine, JobState},
    },
    server::boot,
};
use anyhow::Context;
use clap::Subcommand;
use sqlx::PgConnection;

/// What to do with background jobs.
#[derive(Subcommand)]
pub enum Jobs {
    /// List jobs, newest first
    List {
        /// ready, running or dead; dead by default
        #[arg(long, default_value = "dead")]
        state: String,
        /// Only this lane: urgent, mail, webhook, sync, ai, pdf, cron
        #[arg(long)]
        queue: Option<String>,
        /// Only this kind, such as assistants.push
        #[arg(long)]
        kind: Option<String>,
        /// Only jobs older than this id: the next page
        #[arg(long)]
        before: Option<i64>,
        /// How many, at most 1000
        #[arg(long, default_value_t = 50)]
        limit: i64,
        /// One JSON array
        #[arg(long)]
        json: bool,
    },
    /// Show one job in full, secrets masked
    Show { id: i64 },
    /// Run dead jobs again with fresh attempts
    Redrive {
        /// Their ids; or --all
        #[arg(required_unless_present = "all")]
        ids: Vec<i64>,
        /// Every dead job, of one lane with --queue
        #[arg(long)]
        all: bool,
        #[arg(long, requires = "all")]
        queue: Option<String>,
    },
    /// Throw dead jobs away
    Discard {
        #[arg(required = true)]
        ids: Vec<i64>,
    },
}

/// Opens the database, does it, prints what came of it. Errors: nothing of these ids is dead.
pub async fn run(config: Config, wanted: Jobs) -> anyhow::Result<()> {
    let (pool, private) = boot::database(&config).await?;
    let mut conn = pool.acquire().await?;
    let done = act(&mut conn, wanted).await;
    drop(conn);
    pool.close().await;
    if let Some(private) = private {
        private.stop().await?;
    }
    done
}

async fn act(conn: &mut PgConnection, wanted: Jobs) -> anyhow::Result<()> {
    match wanted {
        Jobs::List { state, queue, kind, before, limit, json } => {
            let state: JobState = state.parse().map_err(anyhow::Error::msg)?;
            let lines = queue::list(conn, &JobFilter { state: Some(state), queue, kind, before }, limit).await?;
            if json {
                say(serde_json::to_string_pretty(&lines)?);
            } else {
                print(&lines);
            }
        }
        Jobs::Show { id } => {
            let job = queue::show(conn, id).await?.with_context(|| format!("no job {id}: done jobs leave no row"))?;
            say(serde_json::to_string_pretty(&job)?);
        }
        Jobs::Redrive { ids, all, queue } => {
            let count = if all { queue::redrive_all(conn, queue.as_deref()).await? } else { queue::redrive(conn, &ids).await? };
            anyhow::ensure!(count > 0 || all, "none of these jobs is dead");
            say(format!("{count} jobs run again"));
        }
        Jobs::Discard { ids } => {
            let count = queue::discard(conn, &ids).await?;
            anyhow::ensure!(count > 0, "none of these jobs is dead");
            say(format!("{count} jobs thrown away"));
        }
    }
    Ok(())
}

fn print(lines: &[JobLine]) {
    if lines.is_empty() {
        say("no such jobs");
        return;
    }
    say(format!("{:>10}  {:<8} {:<32} {:>8}  {:<20}  error", "id", "lane", "kind", "attempts", "written"));
    for line in lines {
        let error: String = line.last_error.as_deref().unwrap_or("").lines().next().unwrap_or("").chars().take(100).collect();
        let attempts = format!("{}/{}", line.attempts, line.max_attempts);
        say(format!(
            "{:>10}  {:<8} {:<32} {attempts:>8}  {:<20}  {error}",
            line.id,
            line.queue,
            line.kind,
            line.created_at.format("%Y-%m-%d %H:%M:%S")
        ));
    }
}
