//! Use cases of accounts. A session is made by [`sign_in::enter`] and nowhere else.

mod google;
mod links;
mod profile;
mod rules;
mod second_factor;
mod sessions;
mod sign_in;
mod sign_up;

pub use google::{
    ARRIVAL_FOR, Arrived, TRIP_FOR, Trip, arrival, arrive, connect, disconnect, join_as, leave, offers_google, read_ways,
    send_password_link, sign_up_as, unguessable,
};
pub use links::{Confirmed, confirm, forgot, read_link, reset, send_reset_link};
pub use profile::{
    change_email, change_password, keep_language, read_organisation, read_reader, resend_confirmation, save_organisation, save_profile,
};
pub use rules::{read_rules, save_rules};
pub use second_factor::{
    begin_second_factor, cancel_second_factor, confirm_second_factor, disable_second_factor, new_recovery_codes, read_security,
};
pub use sessions::{end_other_sessions, end_session, my_sessions, sign_out};
pub use sign_in::{SignedIn, prove_second_factor, sign_in, waits_for_second_factor};
pub use sign_up::sign_up;

use super::{
    password::{self, Password},
    store::{self, Credentials},
};
use crate::{
    platform::{
        Core, SystemTx,
        bus::{self, Note},
        request::RequestInfo,
        tenancy::Caller,
        throttle,
    },
    shared::{
        error::AppError,
        ids::{AccountId, OrgId, SessionId},
    },
};
use std::net::IpAddr;

/// A signed-in person, from their session.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    pub account: AccountId,
    pub session: SessionId,
    pub org: Option<OrgId>,
}

impl Person {
    /// Errors: `Unauthenticated`, for keys of the API too: they are nobody.
    pub fn of(request: &RequestInfo) -> Result<Self, AppError> {
        match &request.caller {
            Caller::Person { account, session, org } => {
                Ok(Self { account: *account, session: *session, org: org.as_ref().map(|(org, _)| *org) })
            }
            _ => Err(AppError::Unauthenticated),
        }
    }

    /// The person of the request a server function runs in. Errors: `Unauthenticated`.
    pub fn of_request() -> Result<Self, AppError> {
        Self::of(&RequestInfo::of_leptos().ok_or(AppError::Unauthenticated)?)
    }
}

const MINUTE_S: i32 = 60;
const HOUR_S: i32 = 60 * MINUTE_S;

/// Counts a try from an address. One customer has a whole /64 of IPv6, so that is what counts.
pub(super) async fn throttle_address(core: &Core, door: &str, ip: IpAddr, limit: i32, window_s: i32) -> Result<(), AppError> {
    throttle::take(core, &format!("{door} from {}", network_of(ip)), limit, window_s).await
}

fn network_of(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => ip.to_string(),
            None => format!("{:x?}", &ip.segments()[..4]),
        },
    }
}

/// Whether one more mail may go to an address: nobody is flooded by somebody else's tries, and the answer does not tell.
async fn may_write_to(core: &Core, email: &str) -> Result<bool, AppError> {
    match throttle::take(core, &format!("mail to {email}"), 5, HOUR_S).await {
        Ok(()) => Ok(true),
        Err(AppError::RateLimited { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The person's password, asked again before something that matters. Errors: `Invalid(field)`, `RateLimited`.
async fn ask_password(core: &Core, person: Person, field: &str, typed: &str) -> Result<Credentials, AppError> {
    let typed = Password::typed(typed).map_err(|_| AppError::invalid(field, "password.wrong"))?;
    let key = format!("password of {}", person.account);
    throttle::take(core, &key, 10, 15 * MINUTE_S).await?;
    let mut tx = SystemTx::begin(core, "a person's own account").await?;
    let account = store::lock(&mut tx, person.account).await?.ok_or(AppError::Unauthenticated)?;
    tx.commit().await?; // no lock is held while the hash runs
    if !account.has_password {
        return Err(AppError::invalid(field, "password.none"));
    }
    if !password::verify(core, typed, Some(account.password_hash.clone())).await? {
        core.refusals.note_sign_in(core, account.id); // perhaps somebody else has the session
        return Err(AppError::invalid(field, "password.wrong"));
    }
    throttle::forget(core, &key).await?;
    Ok(account)
}

/// Tells open streams of a person to look again who they are.
pub(super) async fn tell_revoked(tx: &mut SystemTx, account: AccountId) -> Result<(), AppError> {
    Ok(bus::publish(tx.conn(), &[Note::Revoked { account }]).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_with_many_addresses_counts_once() {
        let of = |text: &str| network_of(text.parse().unwrap_or_else(|e| panic!("{e}")));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
