//! Background work: which handlers run which jobs, and the duties of the clock.

use crate::{
    calls::server::Calls,
    platform::{
        Core,
        mail::Mailer,
        queue::{Worker, WorkerOptions},
    },
    providers::vapi::Vapi,
};

/// A worker that knows every kind of job. `server` wires; slices write the handlers.
pub fn worker(core: &Core, calls: &Calls) -> Worker {
    let worker = Worker::new(core.pool.clone(), WorkerOptions::default()).all_queues();
    let worker = crate::calls::server::jobs(worker, core, calls);
    let worker = crate::assistants::server::jobs(worker, core, &Vapi::of(core));
    let worker = crate::rehearsals::server::jobs(worker, core, &Vapi::of(core));
    let worker = crate::integrations::server::jobs(worker, core);
    let worker = crate::numbers::server::jobs(worker, core);
    let worker = crate::reception::server::jobs::jobs(worker, core);
    let worker = crate::account::server::jobs::jobs(worker, core);
    let worker = crate::team::server::jobs::jobs(worker, core);
    let worker = crate::api_keys::server::jobs(worker, core);
    let worker = crate::work::server::jobs::jobs(worker, core);
    let worker = crate::webhooks::server::jobs(worker, core);
    match core.providers.get::<Mailer>().cloned() {
        Some(mailer) => worker.on(move |mail, cx| {
            let mailer = mailer.clone();
            async move { mailer.deliver(mail, cx).await }
        }),
        None => worker, // mails wait as unknown jobs until SMTP_URL is set; `check` says so
    }
}
