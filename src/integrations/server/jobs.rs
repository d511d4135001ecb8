//! Tells the simulator of credentials, which at the real provider are made by hand in its dashboard.

use super::actions;
use crate::{
    platform::{
        Core, OrgScope,
        queue::{Fail, Job, Worker, lane},
    },
    shared::{ids::OrgId, permission::Permission},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The simulator's copy of an organisation's credential is to be made or replaced.
#[derive(Debug, Serialize, Deserialize)]
pub struct SyncCredential {
    pub org: OrgId,
}

impl Job for SyncCredential {
    const KIND: &'static str = "integrations.sync_credential";
    const QUEUE: &'static str = lane::SYNC;
    const TIMEOUT: Duration = Duration::from_secs(30);
    const BACKOFF_S: &'static [i32] = &[1, 1, 2, 5, 10, 30];
}

/// An organisation's address or its settings changed. Who holds copies of it (assistants) subscribes.
#[derive(Debug, Serialize, Deserialize)]
pub struct EndpointChanged {
    pub org: OrgId,
}

impl Job for EndpointChanged {
    const KIND: &'static str = "integrations.endpoint_changed";
    const QUEUE: &'static str = lane::SYNC;
    const TIMEOUT: Duration = Duration::from_secs(60);
}

/// The handlers of this slice.
pub fn jobs(worker: Worker, core: &Core) -> Worker {
    let core = core.clone();
    let http = reqwest::Client::builder().connect_timeout(Duration::from_secs(2)).timeout(Duration::from_secs(10)).build();
    let http = http.expect("TLS is compiled in");
    worker.on(move |job: SyncCredential, _| {
        let (core, http) = (core.clone(), http.clone());
        async move { sync_credential(&core, &http, job.org).await }
    })
}

async fn sync_credential(core: &Core, http: &reqwest::Client, org: OrgId) -> Result<(), Fail> {
    let Some(simulator) = actions::simulator(core) else { return Ok(()) };
    let scope = OrgScope::of_system(core, org);
    let told = async {
        let mut tx = scope.begin(Permission::IntegrationsManage).await?;
        actions::credential_plan(&mut tx).await
    };
    let Some((id, plan)) = told.await.map_err(|error| Fail::Retry(error.to_string()))? else { return Ok(()) };
    let url = format!("{}/_sim/credentials/{id}", simulator.as_str().trim_end_matches('/'));
    let answer = http.put(url).json(&serde_json::json!({ "authenticationPlan": plan })).send().await;
    match answer.map_err(reqwest::Error::without_url) {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err(Fail::Retry(format!("the simulator answered {}", answer.status()))),
        Err(error) => Err(Fail::Retry(format!("the simulator did not answer: {error}"))),
    }
}
