//! The addresses that steer and hear a live call. Whoever knows them is obeyed, so they are sealed; a call that is over needs them no more.

use super::{fold::Reading, store};
use crate::{
    platform::{Core, SystemTx},
    shared::ids::OrgId,
};
use serde::{Deserialize, Serialize};

/// What the vault authenticates beside the organisation.
const PURPOSE: &str = "call control";

/// Both addresses, as the provider told them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    pub control: Option<String>,
    pub listen: Option<String>,
}

impl Addresses {
    /// What a message tells of them, if it does.
    pub fn of(reading: &Reading) -> Option<Self> {
        reading.control_url.as_ref()?;
        Some(Self { control: reading.control_url.clone(), listen: reading.listen_url.clone() })
    }

    /// As they lie in the table.
    pub fn seal(&self, core: &Core, org: OrgId) -> anyhow::Result<Vec<u8>> {
        core.vault.seal(org.0, PURPOSE, &serde_json::to_vec(self)?)
    }

    /// What [`Self::seal`] made.
    pub fn open(core: &Core, org: OrgId, sealed: &[u8]) -> anyhow::Result<Self> {
        Ok(serde_json::from_slice(&core.vault.open(org.0, PURPOSE, sealed)?)?)
    }
}

/// Seals under the master key in front what an older one sealed. Returns how many live calls that was.
pub async fn reseal(core: &Core) -> anyhow::Result<usize> {
    let mut tx = SystemTx::begin(core, "a rotation of the master key").await?;
    let mut count = 0;
    for (call, org, sealed) in store::lock_controls(tx.conn()).await? {
        if let Some(again) = core.vault.reseal(org.0, PURPOSE, &sealed)? {
            store::reseal_control(tx.conn(), call, &again).await?;
            count += 1;
        }
    }
    tx.commit().await?;
    Ok(count)
}
