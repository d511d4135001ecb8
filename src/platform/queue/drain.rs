//! Running jobs without a worker loop: tests move the clock of the work by hand.

use std::time::Duration;

use super::Fail;
use super::claim::{Claim, Cursor};
use super::worker::Worker;

/// Runs every due job of the worker's lanes, one after another, until nothing is due; returns how many ran.
/// Errors: the words of every job that failed; the others have run all the same.
pub async fn drain(worker: &Worker) -> anyhow::Result<u64> {
    let mut ran = 0;
    let mut failures = vec![];
    loop {
        let before = ran;
        for &(lane, _) in &worker.lanes {
            let mut cursor = Cursor::default();
            let claim = Claim { pool: &worker.pool, queue: lane, worker: &worker.name, lease: Duration::from_secs(600) };
            while let Some(job) = claim.take(&mut cursor, 1).await?.pop() {
                let name = format!("{} #{}", job.kind, job.id);
                let ack = worker.execute(job).await;
                ran += 1;
                if let Err(Fail::Retry(words) | Fail::RetryAt(_, words) | Fail::Dead(words)) = &ack.result {
                    failures.push(format!("{name}: {words}"));
                }
                worker.settle(std::slice::from_ref(&ack)).await?;
                worker.release(ack.lease);
            }
        }
        if ran == before {
            break;
        }
    }
    anyhow::ensure!(failures.is_empty(), "jobs failed: {}", failures.join("; "));
    Ok(ran)
}
