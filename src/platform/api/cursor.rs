//! Where a list goes on: signed, and good for its organisation and list only. A cursor is for giving back, not for making.

use super::Problem;
use crate::{platform::OrgScope, shared::page::PageRequest};
use base64::prelude::*;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const SIGNATURE: usize = 16;

/// The page a client asks for: its cursor as the list understands it. Errors: 400 `bad_cursor`.
pub fn page(scope: &OrgScope, list: &str, after: Option<&str>, limit: Option<u16>) -> Result<PageRequest, Problem> {
    let after = match after {
        Some(cursor) => Some(read(scope, list, cursor)?.ok_or_else(|| Problem::new(400, "bad_cursor", "the cursor is not one of ours"))?),
        None => None,
    };
    Ok(PageRequest { after, limit: Some(limit.unwrap_or(50)) })
}

/// The cursor of the next page, from what the list goes by.
pub fn continued(scope: &OrgScope, list: &str, next: Option<impl ToString>) -> Result<Option<String>, Problem> {
    let Some(next) = next.map(|next| next.to_string()) else { return Ok(None) };
    let master = scope.core().vault.derive("api cursors").map_err(crate::shared::error::AppError::internal)?;
    Ok(Some(write(&master, &context(scope, list), &next)))
}

fn read(scope: &OrgScope, list: &str, cursor: &str) -> Result<Option<String>, Problem> {
    let masters = scope.core().vault.derive_each("api cursors").map_err(crate::shared::error::AppError::internal)?;
    Ok(masters.iter().find_map(|master| open(master, &context(scope, list), cursor)))
}

fn context(scope: &OrgScope, list: &str) -> String {
    format!("{} {list}", scope.org())
}

fn write(master: &[u8; 32], context: &str, after: &str) -> String {
    let mut bytes = sign(master, context, after).to_vec();
    bytes.extend_from_slice(after.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn open(master: &[u8; 32], context: &str, cursor: &str) -> Option<String> {
    use subtle::ConstantTimeEq;
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok().filter(|bytes| bytes.len() <= 500)?;
    let (signature, after) = bytes.split_at_checked(SIGNATURE)?;
    let after = std::str::from_utf8(after).ok()?;
    bool::from(sign(master, context, after).ct_eq(signature)).then(|| after.to_owned())
}

fn sign(master: &[u8; 32], context: &str, after: &str) -> [u8; SIGNATURE] {
    let mac = Hmac::<Sha256>::new_from_slice(master).map(|mac| mac.chain_update(context).chain_update([0]).chain_update(after));
    let mut signature = [0; SIGNATURE];
    if let Ok(mac) = mac {
        signature.copy_from_slice(&mac.finalize().into_bytes()[..SIGNATURE]);
    }
    signature
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_for_its_own_list_and_key_and_any_change_spoils_it() {
        let (master, other) = ([1; 32], [2; 32]);
        let cursor = write(&master, "org calls", "call_1");
        assert_eq!(open(&master, "org calls", &cursor).as_deref(), Some("call_1"));
        assert_eq!(open(&other, "org calls", &cursor), None);
        assert_eq!(open(&master, "org answers", &cursor), None);
        assert_eq!(open(&master, "other calls", &cursor), None);
        for at in 0..cursor.len() {
            let mut changed = cursor.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(open(&master, "org calls", &String::from_utf8(changed).expect("text")), None, "{at}");
            assert_eq!(open(&master, "org calls", &cursor[..at]), None);
        }
        assert_eq!(open(&master, "org calls", "call_1"), None);
    }
}
