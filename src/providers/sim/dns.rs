//! The twin of the domain name system: over UDP, TXT records and nothing else. What a domain has is told it at `/_sim/dns`.
//! Source: RFC 1035, 4.1.

use super::refusal::Refusal;
use super::world::World;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

const HEAD: usize = 12;
const TXT: u16 = 16;
const NO_ERROR: u8 = 0;
const SERVER_FAILED: u8 = 2;
const NO_SUCH_NAME: u8 = 3;

/// The records of every domain. Clones are the same.
#[derive(Clone, Default)]
pub struct Zone(Arc<Mutex<HashMap<String, Vec<String>>>>);

impl Zone {
    /// A record that lets the server fail.
    pub const FAILS: &'static str = "SERVFAIL";

    /// What a domain has from now on; nothing: there is no such domain.
    pub fn set(&self, domain: &str, records: Vec<String>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let domain = domain.trim_end_matches('.').to_lowercase();
        if records.is_empty() {
            known.remove(&domain)
        } else {
            known.insert(domain, records)
        };
    }

    /// Answers there until it is told to stop. Errors: an address that cannot be bound.
    pub async fn serve(&self, bind: SocketAddr, stopped: CancellationToken) -> std::io::Result<SocketAddr> {
        let socket = UdpSocket::bind(bind).await?;
        let (at, zone) = (socket.local_addr()?, self.clone());
        tokio::spawn(stopped.run_until_cancelled_owned(async move {
            let mut question = [0; 1500];
            loop {
                let Ok((length, from)) = socket.recv_from(&mut question).await else { continue };
                if let Some(answer) = question.get(..length).and_then(|question| zone.answer(question)) {
                    let _ = socket.send_to(&answer, from).await; // who asked may be gone
                }
            }
        }));
        Ok(at)
    }

    /// Nothing for what is no question.
    fn answer(&self, message: &[u8]) -> Option<Vec<u8>> {
        let (name, end) = name_of(message)?;
        let kind = u16::from_be_bytes(message.get(end..end + 2)?.try_into().ok()?);
        let asked = message.get(HEAD..end + 4)?;
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let records = known.get(&name);
        let code = match records {
            None => NO_SUCH_NAME,
            Some(records) if records.iter().any(|record| record == Self::FAILS) => SERVER_FAILED,
            Some(_) => NO_ERROR,
        };
        let told: Vec<&String> = records.into_iter().flatten().filter(|_| code == NO_ERROR && kind == TXT).collect();
        let mut answer = message.get(..2)?.to_vec();
        answer.extend([0x81, 0x80 | code, 0, 1]); // an answer, recursion asked for and had; one question
        answer.extend(u16::try_from(told.len()).ok()?.to_be_bytes());
        answer.extend([0; 4]);
        answer.extend(asked);
        for record in told {
            let pieces: Vec<u8> = record.as_bytes().chunks(255).flat_map(|piece| [&[piece.len() as u8], piece].concat()).collect();
            answer.extend([0xc0, HEAD as u8, 0, TXT as u8, 0, 1, 0, 0, 0, 1]); // the name asked for, good for a second
            answer.extend(u16::try_from(pieces.len()).ok()?.to_be_bytes());
            answer.extend(pieces);
        }
        Some(answer)
    }
}

/// The name that is asked for, and where it ends.
fn name_of(message: &[u8]) -> Option<(String, usize)> {
    let (mut labels, mut at) = (Vec::new(), HEAD);
    loop {
        let length = usize::from(*message.get(at)?);
        at += 1;
        if length == 0 {
            return Some((labels.join("."), at));
        }
        labels.push(String::from_utf8_lossy(message.get(at..at + length)?).to_lowercase());
        at += length;
    }
}

/// What `POST /_sim/dns` is told.
#[derive(Deserialize)]
pub(super) struct Told {
    domain: String,
    #[serde(default)]
    txt: Vec<String>,
}

/// `POST /_sim/dns`: the TXT records of a domain.
pub(super) async fn set(State(world): State<World>, Json(told): Json<Told>) -> Result<StatusCode, Refusal> {
    world.zone().set(&told.domain, told.txt);
    Ok(StatusCode::NO_CONTENT)
}
