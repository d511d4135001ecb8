//! The domain name system, as far as we ask it: the TXT records of a domain. Answers are never kept: who asks has just changed them.

use crate::platform::Core;
use anyhow::Context;
use hickory_resolver::{
    Resolver, TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig},
    net::runtime::TokioRuntimeProvider,
    proto::rr::RData,
};
use std::{net::SocketAddr, time::Duration};

/// The longest a question may take, with every repetition.
const DEADLINE: Duration = Duration::from_secs(6);
/// The longest one try may take.
const TRY: Duration = Duration::from_secs(2);
/// Records of a domain that are looked at; nobody has more.
const MOST_RECORDS: usize = 200;

/// The client. Cheap to clone.
#[derive(Clone)]
pub struct Dns(TokioResolver);

/// There was no answer, in time or at all. That a domain has no record is an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no answer: {0}")]
pub struct NoAnswer(String);

impl Dns {
    /// Asks this server, else those that the system asks. Errors: a system that names none.
    pub fn new(server: Option<SocketAddr>) -> anyhow::Result<Self> {
        let mut builder = match server {
            Some(server) => {
                let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                    connection.port = server.port();
                    connection
                });
                let mut at = NameServerConfig::udp(server.ip());
                at.connections = connections.to_vec();
                Resolver::builder_with_config(ResolverConfig::from_parts(None, vec![], vec![at]), TokioRuntimeProvider::default())
            }
            None => Resolver::builder_tokio().context("reading the system's DNS servers")?,
        };
        let options = builder.options_mut();
        options.timeout = TRY;
        options.attempts = 1;
        options.cache_size = 0;
        Ok(Self(builder.build().context("setting up DNS")?))
    }

    /// The process' client; nothing where the system names no server.
    pub fn of(core: &Core) -> Option<Self> {
        core.providers.get::<Self>().cloned()
    }

    /// The TXT records of a domain, each in one piece. A domain that has none, or is none, has an empty list.
    pub async fn txt(&self, domain: &str) -> Result<Vec<String>, NoAnswer> {
        let name = format!("{domain}."); // as it stands: no search list is tried behind it
        let asked = tokio::time::timeout(DEADLINE, self.0.txt_lookup(name)).await;
        match asked {
            Err(_) => Err(NoAnswer("in time".into())),
            Ok(Err(error)) if error.is_no_records_found() => Ok(vec![]),
            Ok(Err(error)) => Err(NoAnswer(error.to_string())),
            Ok(Ok(lookup)) => Ok(lookup.answers().iter().filter_map(|record| text_of(&record.data)).take(MOST_RECORDS).collect()),
        }
    }
}

/// A record comes in pieces of 255 bytes at most.
fn text_of(data: &RData) -> Option<String> {
    match data {
        RData::TXT(text) => Some(text.txt_data.iter().map(|piece| String::from_utf8_lossy(piece)).collect()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::sim::Zone;
    use tokio::net::UdpSocket;

    async fn asked(zone: &Zone) -> Dns {
        let at = zone.serve(SocketAddr::from(([127, 0, 0, 1], 0)), Default::default()).await.expect("served");
        Dns::new(Some(at)).expect("a client")
    }

    #[tokio::test]
    async fn records_are_read_in_one_piece_and_anew_each_time() {
        let zone = Zone::default();
        let dns = asked(&zone).await;
        assert_eq!(dns.txt("tilleuls.example").await, Ok(vec![]), "no such domain is an answer");
        let long = "x".repeat(300);
        zone.set("Tilleuls.example", vec!["v=spf1 -all".into(), long.clone()]);
        let mut told = dns.txt("tilleuls.example").await.expect("an answer");
        told.sort();
        assert_eq!(told, ["v=spf1 -all".to_owned(), long]);
        zone.set("tilleuls.example", vec![]);
        assert_eq!(dns.txt("tilleuls.example").await, Ok(vec![]));
    }

    #[tokio::test]
    async fn no_answer_is_not_no_record() {
        let silent = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        let dns = Dns::new(silent.local_addr().ok()).expect("a client");
        assert!(dns.txt("tilleuls.example").await.is_err());
        let zone = Zone::default();
        zone.set("broken.example", vec![Zone::FAILS.into()]);
        assert!(asked(&zone).await.txt("broken.example").await.is_err());
    }
}
