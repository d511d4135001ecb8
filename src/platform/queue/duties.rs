//! What a worker does beside running jobs: hears the bell, looks for due jobs, renews its leases, frees orphans, measures.
//! Every statement has a time limit, so a connection that went silent costs one round, not the duty.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::postgres::PgListener;
use tokio::time::{sleep, timeout};

use super::worker::Worker;
use super::{figures, lane, store};

impl Worker {
    /// Notifications make pickup quick; they may be lost, the poll finds what they missed.
    pub(super) async fn listen(self: Arc<Self>) {
        loop {
            if let Ok(mut listener) = PgListener::connect_with(&self.pool).await
                && listener.listen("jobs").await.is_ok()
            {
                self.bells.values().for_each(|bell| bell.notify_one());
                while let Ok(note) = listener.recv().await {
                    self.ring(note.payload());
                }
            }
            sleep(self.options.poll).await;
        }
    }

    /// One statement for all lanes, so that an idle process costs two commits a second.
    pub(super) async fn poll(self: Arc<Self>) {
        let lanes: Vec<String> = self.lanes.iter().map(|(lane, _)| (*lane).to_owned()).collect();
        loop {
            sleep(self.options.poll).await;
            if let Ok(due) = within(self.options.lease, store::lanes_due(&self.pool, &lanes)).await {
                due.iter().for_each(|lane| self.ring(lane));
            }
        }
    }

    pub(super) async fn renew(self: Arc<Self>) {
        loop {
            sleep(self.options.lease / 4).await;
            let leases = self.leases();
            if leases.is_empty() {
                continue;
            }
            // Trouble is answered by trying again at once: the lease is running.
            loop {
                match within(self.options.lease / 2, store::renew(&self.pool, &leases, self.options.lease)).await {
                    Ok(kept) => break self.drop_lost(&leases, &kept),
                    Err(error) => tracing::warn!(%error, jobs = leases.len(), "leases not renewed"),
                }
                sleep(Duration::from_millis(100)).await;
            }
        }
    }

    /// After an outage, a pause of this process or its start, the living renew first: one lease without sweeping.
    pub(super) async fn sweep(self: Arc<Self>) {
        let mut quiet_since = Instant::now();
        let mut looked = Instant::now();
        loop {
            sleep(self.options.sweep).await;
            let paused = looked.elapsed() > self.options.sweep + self.options.lease / 2;
            looked = Instant::now();
            if paused {
                quiet_since = looked;
            }
            if quiet_since.elapsed() < self.options.lease {
                let reachable = sqlx::query("select 1").execute(&self.pool);
                if within(self.options.lease / 2, reachable).await.is_err() {
                    quiet_since = Instant::now();
                }
                looked = Instant::now();
                continue;
            }
            match within(self.options.lease / 2, store::sweep(&self.pool)).await {
                Ok(orphans) => {
                    for job in orphans {
                        metrics::counter!("zencall_jobs_swept_total", "queue" => job.queue.clone()).increment(1);
                        if job.dead {
                            tracing::error!(
                                id = job.id,
                                lane = job.queue,
                                kind = job.kind,
                                attempts = job.attempts,
                                "orphaned job set aside"
                            );
                        } else {
                            tracing::warn!(id = job.id, lane = job.queue, kind = job.kind, attempts = job.attempts, "orphaned job freed");
                        }
                        self.ring(&job.queue);
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "orphans not looked for");
                    quiet_since = Instant::now();
                }
            }
            looked = Instant::now();
        }
    }

    pub(super) async fn measure(self: Arc<Self>) {
        let mut lanes: Vec<&str> = lane::ALL.iter().map(|(lane, _)| *lane).collect();
        lanes.extend(self.lanes.iter().map(|(lane, _)| *lane).filter(|lane| lane::ALL.iter().all(|(known, _)| known != lane)));
        loop {
            if let Ok(Ok(mut conn)) = timeout(self.options.lease, self.pool.acquire()).await
                && let Ok(figures) = within(self.options.lease, figures::figures(&mut conn, &lanes)).await
            {
                figures::publish(&figures);
            }
            sleep(self.options.measure).await;
        }
    }
}

/// The answer within the limit; being late counts as trouble with the connection.
pub(super) async fn within<T>(limit: Duration, answer: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    timeout(limit, answer).await.unwrap_or_else(|late| Err(sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, late))))
}
