//! Asking addresses that customers typed: never a private network, whatever the address is spelled like or resolves to.
//!
//! The address is judged before each request; names are resolved here, at each connection, and what must not be reached is dropped from the
//! answer that the connection is made with, so that a name cannot point elsewhere a moment later. No redirect is followed, no proxy is
//! asked. `ZENCALL_SSRF_ALLOW` names host:port pairs that are let through, for tests. Source: protocols sheet "notify", 1.7; OWASP SSRF.

use super::{Account, Breaker, CUSTOMER_HTTP};
use crate::platform::{Core, config::HostPort};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method};
use ipnet::IpNet;
use reqwest::{
    Client,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect,
};
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::{Duration, Instant},
};
use url::{Host, Url};

/// What is read of an answer.
const LARGEST_ANSWER: usize = 64 * 1024;
/// Ports of https, as firewalls know them.
const PORTS: [u16; 2] = [443, 8443];
/// Breakers that are held: an organisation and an address each.
const MOST_BREAKERS: usize = 1000;

/// Why an address is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("not an address")]
    Unreadable,
    #[error("only https")]
    NotHttps,
    #[error("a name or password in the address")]
    Credentials,
    #[error("only ports 443 and 8443")]
    Port,
    #[error("a private or reserved network")]
    Private,
}

impl Refused {
    /// The message key of a form's field.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unreadable => "address.unreadable",
            Self::NotHttps => "address.not_https",
            Self::Credentials => "address.credentials",
            Self::Port => "address.port",
            Self::Private => "address.private",
        }
    }
}

/// An address that was judged. What its name resolves to is judged with each connection.
#[derive(Clone, Debug)]
pub struct Address {
    pub url: Url,
    is_let_through: bool,
}

/// What is sent.
pub struct Outgoing {
    pub method: Method,
    pub headers: HeaderMap,
    /// None: no body.
    pub body: Option<Bytes>,
    /// From the first packet to the last byte.
    pub deadline: Duration,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Incoming {
    pub status: u16,
    pub headers: HeaderMap,
    /// The first 64 KiB.
    pub body: Bytes,
    pub took: Duration,
}

/// Why nothing came back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    #[error("{0}")]
    Refused(#[from] Refused),
    #[error("no answer within {} s", .0.as_secs())]
    Late(Duration),
    /// It has stopped answering; nothing was sent.
    #[error("it has stopped answering; next try in {} s", .0.as_secs_f32().ceil())]
    Resting(Duration),
    #[error("{0}")]
    Failed(String),
}

/// The way out to customers' addresses. Cheap to clone.
#[derive(Clone)]
pub struct Guarded(Arc<Parts>);

struct Parts {
    guarded: Client,
    let_through: Client,
    allow: Vec<HostPort>,
    breakers: Mutex<HashMap<Account, Arc<Breaker>>>,
}

impl Guarded {
    /// With the pairs that are let through. Panics only when the system offers no TLS at all.
    pub fn new(allow: &[HostPort]) -> Self {
        let usual = || {
            Client::builder()
                .user_agent(concat!("Zencall/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(CUSTOMER_HTTP.connect)
                .redirect(redirect::Policy::none())
                .no_proxy()
                .pool_max_idle_per_host(0) // each request resolves, and is judged, anew
        };
        let guarded = usual().https_only(true).dns_resolver(Arc::new(PublicOnly)).build().expect("TLS is compiled in");
        let let_through = usual().build().expect("TLS is compiled in");
        Self(Arc::new(Parts { guarded, let_through, allow: allow.to_vec(), breakers: Mutex::default() }))
    }

    /// The one of this process.
    pub fn of(core: &Core) -> Self {
        core.providers.get::<Self>().cloned().unwrap_or_else(|| Self::new(&core.config.ssrf_allow))
    }

    /// Judges an address as typed.
    pub fn check(&self, text: &str) -> Result<Address, Refused> {
        let url = Url::parse(text.trim()).map_err(|_| Refused::Unreadable)?;
        let host = url.host().ok_or(Refused::Unreadable)?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(Refused::NotHttps);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::Credentials);
        }
        let port = url.port_or_known_default().ok_or(Refused::Port)?;
        let name = host.to_string();
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        if self.0.allow.iter().any(|pair| pair.port == port && pair.host.eq_ignore_ascii_case(bare)) {
            return Ok(Address { url, is_let_through: true });
        }
        if url.scheme() != "https" {
            return Err(Refused::NotHttps);
        }
        let is_private = match host {
            Host::Ipv4(ip) => is_forbidden(ip.into()),
            Host::Ipv6(ip) => is_forbidden(ip.into()),
            Host::Domain(domain) => is_local_name(domain),
        };
        if is_private {
            return Err(Refused::Private);
        }
        if !PORTS.contains(&port) {
            return Err(Refused::Port);
        }
        Ok(Address { url, is_let_through: false })
    }

    /// Asks once for `whose` account. An answer that says no is an answer; who fails again and again is left alone for a while.
    pub async fn send(&self, whose: &str, address: &Address, outgoing: Outgoing) -> Result<Incoming, NoAnswer> {
        let pass = self.breaker(whose, &address.url);
        let pass = pass.enter().map_err(NoAnswer::Resting)?;
        let answer = self.ask(address, outgoing).await;
        match &answer {
            Ok(incoming) if incoming.status < 500 => pass.succeeded(),
            Err(NoAnswer::Refused(_)) => pass.succeeded(),
            _ => pass.failed(),
        }
        answer
    }

    fn breaker(&self, whose: &str, url: &Url) -> Arc<Breaker> {
        let account = Account::of(&[whose, &url.origin().ascii_serialization()]);
        let mut breakers = self.0.breakers.lock().unwrap_or_else(PoisonError::into_inner);
        if breakers.len() > MOST_BREAKERS {
            breakers.clear();
        }
        let new = || Arc::new(Breaker::new(CUSTOMER_HTTP.name, &account, CUSTOMER_HTTP.breaker));
        Arc::clone(breakers.entry(account.clone()).or_insert_with(new))
    }

    /// Asks once, however often it failed before: for who keeps count of that in rows of their own.
    pub async fn ask(&self, address: &Address, outgoing: Outgoing) -> Result<Incoming, NoAnswer> {
        let Outgoing { method, headers, body, deadline } = outgoing;
        let client = if address.is_let_through { &self.0.let_through } else { &self.0.guarded };
        let mut request = client.request(method, address.url.clone()).headers(headers);
        if let Some(body) = body {
            request = request.body(body);
        }
        let began = Instant::now();
        let exchange = async {
            let mut response = request.send().await.map_err(told)?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let mut body = BytesMut::new();
            while let Some(piece) = response.chunk().await.map_err(told)? {
                body.extend_from_slice(&piece[..piece.len().min(LARGEST_ANSWER - body.len())]);
                if body.len() >= LARGEST_ANSWER {
                    break;
                }
            }
            Ok(Incoming { status, headers, body: body.freeze(), took: began.elapsed() })
        };
        tokio::time::timeout(deadline, exchange).await.unwrap_or(Err(NoAnswer::Late(deadline)))
    }
}

/// The value of a header that holds a secret.
pub fn secret_header(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The innermost cause: the outer ones repeat the address, which may hold a secret of the customer's.
fn told(error: reqwest::Error) -> NoAnswer {
    let mut cause: &dyn std::error::Error = &error;
    loop {
        if cause.downcast_ref::<Refused>().is_some() {
            return NoAnswer::Refused(Refused::Private);
        }
        match cause.source() {
            Some(inner) => cause = inner,
            None => return NoAnswer::Failed(cause.to_string()),
        }
    }
}

/// Resolves names and drops what must not be reached.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let public: Vec<SocketAddr> = found.into_iter().filter(|address| !is_forbidden(address.ip())).collect();
            if public.is_empty() {
                return Err(Refused::Private.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Names that never lead to the public network: those without a dot, and those kept for it.
fn is_local_name(domain: &str) -> bool {
    let name = domain.trim_end_matches('.').to_ascii_lowercase();
    let last = name.rsplit('.').next().unwrap_or_default();
    !name.contains('.')
        || matches!(last, "localhost" | "local" | "internal" | "lan" | "home" | "corp" | "intranet" | "test" | "invalid" | "onion")
}

static FORBIDDEN: LazyLock<Vec<IpNet>> = LazyLock::new(|| {
    const NETWORKS: &str = "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 \
        192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 168.63.129.16/32 \
        ::/128 ::1/128 fc00::/7 fe80::/10 fec0::/10 ff00::/8 2001:db8::/32 100::/64 2001::/23 64:ff9b:1::/48 3fff::/20 5f00::/16";
    NETWORKS.split_whitespace().filter_map(|network| network.parse().ok()).collect()
});

/// Whether an address is private, reserved or a cloud's own; one inside another is looked at, too.
pub fn is_forbidden(ip: IpAddr) -> bool {
    FORBIDDEN.iter().any(|network| network.contains(&ip))
        || matches!(ip, IpAddr::V6(ip) if within(ip).is_some_and(|inner| is_forbidden(inner.into())))
}

/// The IPv4 address that an IPv6 one stands for: mapped, compatible, NAT64, 6to4.
fn within(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let parts = ip.segments();
    let of = |high: u16, low: u16| Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match parts {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => of(high, low),
        [0, 0, 0, 0, 0xffff, 0, high, low] => of(high, low), // translated, RFC 2765
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => of(high, low),
        [0x2002, high, low, ..] => of(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn guard(allow: &[(&str, u16)]) -> Guarded {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let allow: Vec<HostPort> = allow.iter().map(|(host, port)| HostPort { host: (*host).to_owned(), port: *port }).collect();
        Guarded::new(&allow)
    }

    #[test]
    fn every_odd_spelling_of_a_private_address_is_refused() {
        let guard = guard(&[]);
        for host in [
            "127.0.0.1",
            "127.1",
            "127.0.1",
            "0",
            "0.0.0.0",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0177.0.0.1",
            "017700000001",
            "127.0.0.1.",
            "１２７.0.0.1",
            "127。0。0。1",
            "%31%32%37.0.0.1",
            "10.0.0.1",
            "0x0a.0.0.1",
            "100.64.0.1",
            "169.254.169.254",
            "2852039166",
            "0xa9fea9fe",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
            "[::]",
            "[::1]",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "[::ffff:0:127.0.0.1]",
            "[64:ff9b::127.0.0.1]",
            "[64:ff9b::a00:1]",
            "[64:ff9b:1::1]",
            "[2002:7f00:1::]",
            "[2002:a9fe:a9fe::1]",
            "[fc00::1]",
            "[fd12:3456::1]",
            "[fe80::1]",
            "[fec0::1]",
            "[ff02::1]",
            "[2001:db8::1]",
            "[100::1]",
            "[2001::1]",
            "localhost",
            "LOCALHOST",
            "localhost.",
            "api.localhost",
            "printer.local",
            "metadata.google.internal",
            "intranet",
            "db",
        ] {
            assert_eq!(guard.check(&format!("https://{host}/x")).err(), Some(Refused::Private), "{host}");
        }
    }

    #[test]
    fn what_is_public_goes_through_and_only_by_https() {
        let guard = guard(&[]);
        for good in [
            "https://example.com/a?b=c",
            "https://example.com:8443",
            "https://93.184.216.34/",
            "https://[2606:2800:220:1::1]/",
            "https://münchen.example.org",
            " https://example.com ",
        ] {
            assert!(guard.check(good).is_ok(), "{good}");
        }
        let cases = [
            ("http://example.com", Refused::NotHttps),
            ("ftp://example.com", Refused::NotHttps),
            ("file:///etc/passwd", Refused::Unreadable),
            ("gopher://example.com", Refused::NotHttps),
            ("https://user@example.com", Refused::Credentials),
            ("https://user:pw@example.com", Refused::Credentials),
            ("https://example.com@127.0.0.1", Refused::Credentials),
            ("https://example.com:22", Refused::Port),
            ("https://example.com:80", Refused::Port),
            ("https://", Refused::Unreadable),
            ("example.com", Refused::Unreadable),
            ("https://[fe80::1%25eth0]/", Refused::Unreadable),
            ("https://256.1.1.1/", Refused::Unreadable),
            ("https://1.2.3.4.5/", Refused::Unreadable),
        ];
        for (text, why) in cases {
            assert_eq!(guard.check(text).err(), Some(why), "{text}");
        }
    }

    #[test]
    fn a_pair_that_is_let_through_is_that_pair_alone() {
        let guard = guard(&[("127.0.0.1", 9000), ("::1", 9000)]);
        assert!(guard.check("http://127.0.0.1:9000/x").is_ok() && guard.check("http://[::1]:9000").is_ok());
        assert!(guard.check("http://127.1:9000/").is_ok(), "another spelling of it");
        assert!(guard.check("http://127.0.0.1:9001/").is_err() && guard.check("http://127.0.0.2:9000/").is_err());
        assert_eq!(guard.check("http://x@127.0.0.1:9000/").err(), Some(Refused::Credentials));
    }

    proptest! {
        #[test]
        fn a_private_address_stays_private_in_every_wrapping(host in 0_u32..=u32::MAX, private in prop::sample::select(vec![0x0a00_0000_u32, 0x7f00_0000, 0xc0a8_0000, 0xa9fe_0000])) {
            let mask = if private & 0x00ff_0000 == 0 { 0x00ff_ffff } else { 0x0000_ffff };
            let ip = Ipv4Addr::from(private | host & mask);
            let [high, low] = [(u32::from(ip) >> 16) as u16, u32::from(ip) as u16];
            prop_assert!(is_forbidden(ip.into()));
            for wrapped in [[0, 0, 0, 0, 0, 0xffff, high, low], [0x64, 0xff9b, 0, 0, 0, 0, high, low], [0x2002, high, low, 0, 0, 0, 0, 1]] {
                prop_assert!(is_forbidden(Ipv6Addr::from(wrapped).into()));
            }
        }

        #[test]
        fn any_text_is_judged_without_panic(text in "\\PC{0,60}") {
            let _ = guard(&[]).check(&text);
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_home_is_refused_at_the_connection() {
        let resolved = PublicOnly.resolve("localhost".parse().expect("a name")).await;
        assert!(resolved.err().is_some_and(|error| error.downcast_ref::<Refused>() == Some(&Refused::Private)));
    }
}
