//! Who sends to webhook addresses that nobody has. Each source has a few tries a minute; after that it is answered 429 before its body is read,
//! and its guesses are held against a list of all addresses in memory, so that they cost next to nothing. An address that somebody has is
//! never refused, whoever sends to it: it is known before anything is counted.

use crate::platform::Core;
use std::{
    collections::{HashMap, HashSet},
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Tries of one source in a [`WINDOW`].
const TRIES: u32 = 30;
const WINDOW: Duration = Duration::from_secs(60);
/// Sources remembered. Above that who is new is refused: there is an attack, and nobody with a good address is asked.
const SOURCES: usize = 20_000;
/// How old the list of addresses may be: as old as any other knowledge of an address.
const LIST_TTL: Duration = Duration::from_secs(1);

/// Sources and their tries. Cheap to clone.
#[derive(Clone, Default)]
pub struct Strangers {
    sources: Arc<Mutex<HashMap<IpAddr, Tries>>>,
    /// Hashes of every address there is; read while a refused source goes on.
    addresses: Arc<tokio::sync::Mutex<Option<Addresses>>>,
}

/// When they were read, and which there were.
type Addresses = (Instant, HashSet<Vec<u8>>);

struct Tries {
    since: Instant,
    n: u32,
}

impl Strangers {
    /// Counts a try at an address that is nobody's. False: enough.
    pub fn may_try(&self, ip: IpAddr) -> bool {
        self.may_try_at(ip, Instant::now())
    }

    fn may_try_at(&self, ip: IpAddr, now: Instant) -> bool {
        let mut sources = self.lock();
        let is_over = |tries: &Tries| now.saturating_duration_since(tries.since) >= WINDOW;
        if sources.len() >= SOURCES && !sources.contains_key(&source(ip)) {
            sources.retain(|_, tries| !is_over(tries));
            if sources.len() >= SOURCES {
                return false;
            }
        }
        let tries = sources.entry(source(ip)).or_insert(Tries { since: now, n: 0 });
        if is_over(tries) {
            *tries = Tries { since: now, n: 0 };
        }
        tries.n = tries.n.saturating_add(1);
        tries.n <= TRIES
    }

    /// This source has had its tries: nothing is looked up for it.
    pub fn is_refused(&self, ip: IpAddr) -> bool {
        self.lock().get(&source(ip)).is_some_and(|tries| tries.n > TRIES && tries.since.elapsed() < WINDOW)
    }

    /// Whether somebody has the address with this hash, from the list. Errors: the database's.
    pub async fn is_an_address(&self, core: &Core, hash: &[u8]) -> sqlx::Result<bool> {
        let mut list = self.addresses.lock().await;
        match list.as_ref().filter(|(read, _)| read.elapsed() < LIST_TTL) {
            Some((_, known)) => Ok(known.contains(hash)),
            None => {
                let known: HashSet<Vec<u8>> =
                    sqlx::query_scalar!("select token_hash from hook_endpoints").fetch_all(&core.pool).await?.into_iter().collect();
                let is_known = known.contains(hash);
                *list = Some((Instant::now(), known));
                Ok(is_known)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Tries>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of IPv6 the network, which is what one subscriber has.
fn source(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_has_its_own_tries_and_gets_them_again() {
        let (strangers, now) = (Strangers::default(), Instant::now());
        let (one, other): (IpAddr, IpAddr) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        let tried = |ip, at| (0..100).filter(|_| strangers.may_try_at(ip, at)).count();
        assert_eq!((tried(one, now), tried(other, now)), (TRIES as usize, TRIES as usize));
        assert_eq!(tried(one, now + WINDOW / 2), 0);
        assert_eq!(tried(one, now + WINDOW), TRIES as usize);
    }

    #[test]
    fn a_network_of_ipv6_is_one_source_and_too_many_sources_are_refused() {
        let (strangers, now) = (Strangers::default(), Instant::now());
        let of = |n: u128| IpAddr::V6(Ipv6Addr::from(n));
        let base = 0x2001_0db8 << 96;
        assert_eq!((0..100).filter(|n| strangers.may_try_at(of(base + n), now)).count(), TRIES as usize);
        let others = (1..=SOURCES as u128).filter(|n| strangers.may_try_at(of(base + (n << 64)), now)).count();
        assert_eq!(others, SOURCES - 1, "no room, no try");
        assert!(strangers.may_try_at(of(0), now + WINDOW), "until the others are forgotten");
    }
}
