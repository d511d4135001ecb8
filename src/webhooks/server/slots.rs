//! How many deliveries of one endpoint, of one organisation and of ailing endpoints a process has under way: who answers slowly or never
//! takes no more than its share of the lane, and half of it is always there for those that answer.

use crate::shared::ids::{EndpointId, OrgId};
use chrono::{DateTime, Duration, Utc};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

const OF_ENDPOINT: usize = 4;
/// Of an endpoint that failed last: it is asked whether it is back, no more.
const OF_AILING: usize = 1;
const OF_ORG: usize = 8;
const OF_ALL_AILING: usize = 8;
/// Those that found no slot come back one after the other, this far apart: a long queue must not wake all at once.
const APART: Duration = Duration::milliseconds(5);
const SOONEST: Duration = Duration::milliseconds(300);

#[derive(Default)]
struct Taken {
    endpoints: HashMap<EndpointId, usize>,
    orgs: HashMap<OrgId, usize>,
    ailing: usize,
    /// When the last one that found no slot comes back.
    back: HashMap<EndpointId, DateTime<Utc>>,
}

/// The slots of this process. Cheap to clone.
#[derive(Clone, Default)]
pub struct Slots(Arc<Mutex<Taken>>);

/// One that is taken, until it is dropped.
pub struct Slot {
    slots: Slots,
    org: OrgId,
    endpoint: EndpointId,
    is_ailing: bool,
}

impl Slots {
    /// Takes one, if there is one.
    pub fn take(&self, org: OrgId, endpoint: EndpointId, is_ailing: bool) -> Option<Slot> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = |n: Option<&usize>| n.copied().unwrap_or(0);
        let most = if is_ailing { OF_AILING } else { OF_ENDPOINT };
        if at(taken.endpoints.get(&endpoint)) >= most || at(taken.orgs.get(&org)) >= OF_ORG || is_ailing && taken.ailing >= OF_ALL_AILING {
            return None;
        }
        *taken.endpoints.entry(endpoint).or_default() += 1;
        *taken.orgs.entry(org).or_default() += 1;
        taken.ailing += usize::from(is_ailing);
        Some(Slot { slots: self.clone(), org, endpoint, is_ailing })
    }

    /// When who found no slot comes back.
    pub fn turned_away(&self, endpoint: EndpointId, now: DateTime<Utc>) -> DateTime<Utc> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.back.len() > 10_000 {
            taken.back.retain(|_, at| *at > now);
        }
        let back = taken.back.entry(endpoint).or_insert(now);
        *back = (*back + APART).max(now + SOONEST);
        *back
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.0.lock().unwrap_or_else(PoisonError::into_inner);
        give_back(&mut taken.endpoints, self.endpoint);
        give_back(&mut taken.orgs, self.org);
        taken.ailing -= usize::from(self.is_ailing);
    }
}

fn give_back<K: std::hash::Hash + Eq>(taken: &mut HashMap<K, usize>, key: K) {
    if let Some(n) = taken.get_mut(&key) {
        *n -= 1;
        if *n == 0 {
            taken.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn nobody_takes_more_than_their_share_and_what_ends_is_given_back() {
        let slots = Slots::default();
        let (org, other) = (OrgId(Uuid::from_u128(1)), OrgId(Uuid::from_u128(2)));
        let endpoint = |n| EndpointId(Uuid::from_u128(n));
        let held: Vec<Slot> = (0..20).filter_map(|_| slots.take(org, endpoint(1), false)).collect();
        assert_eq!(held.len(), OF_ENDPOINT);
        let more: Vec<Slot> = (2..20).filter_map(|n| slots.take(org, endpoint(n), false)).collect();
        assert_eq!(held.len() + more.len(), OF_ORG);
        assert!(slots.take(other, endpoint(30), true).is_some());
        drop((held, more));
        let taken = slots.0.lock().expect("whole");
        assert!(taken.endpoints.is_empty() && taken.orgs.is_empty() && taken.ailing == 0);
    }

    #[test]
    fn the_ailing_leave_half_of_the_lane_to_the_others() {
        let slots = Slots::default();
        let id = |n| (OrgId(Uuid::from_u128(n)), EndpointId(Uuid::from_u128(n)));
        let ailing: Vec<Slot> = (0..100).flat_map(|n| [n, n]).filter_map(|n| slots.take(id(n).0, id(n).1, true)).collect();
        assert_eq!(ailing.len(), OF_ALL_AILING);
        assert!(slots.take(id(200).0, id(200).1, false).is_some());
    }
}
