//! The logs of every organisation at once, for whoever runs the server: each holds together, and still has what it had before.

use super::chain;
use crate::{
    platform::{Core, SystemTx},
    shared::ids::OrgId,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The last entry of an organisation's log. Kept somewhere else, it proves later that nothing was cut off or made anew.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Head {
    pub org: OrgId,
    pub entries: i64,
    /// In hexadecimal.
    pub head: String,
}

/// Follows every chain, and looks for the heads that were known. Returns the heads of today, and what is wrong in words.
pub async fn check(core: &Core, known: Vec<Head>) -> anyhow::Result<(Vec<Head>, Vec<String>)> {
    let known: BTreeMap<OrgId, Head> = known.into_iter().map(|head| (head.org, head)).collect();
    let mut tx = SystemTx::begin(core, "audit logs are checked").await?;
    sqlx::query("set transaction isolation level repeatable read, read only").execute(tx.conn()).await?;
    let orgs: Vec<OrgId> = sqlx::query_scalar("select id from orgs order by id").fetch_all(tx.conn()).await?;
    let (mut heads, mut faults) = (Vec::new(), Vec::new());
    for org in &orgs {
        let earlier = known.get(org);
        let mut is_there = earlier.is_none_or(|earlier| earlier.entries == 0);
        let seen = |n, hash: &[u8]| is_there |= earlier.is_some_and(|earlier| earlier.entries == n && earlier.head == hex::encode(hash));
        let checked = chain::follow(tx.conn(), *org, seen).await?;
        if let Some(n) = checked.broken_at {
            faults.push(format!("{org}: entry {n} does not follow from those before it"));
        } else if !is_there {
            faults.push(format!("{org}: the head that was known is not in the chain any more"));
        }
        heads.push(Head { org: *org, entries: checked.entries, head: checked.head });
    }
    faults.extend(known.keys().filter(|org| !orgs.contains(org)).map(|org| format!("{org}: is not there any more")));
    Ok((heads, faults))
}
