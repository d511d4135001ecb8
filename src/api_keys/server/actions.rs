//! Use cases of keys. Whoever makes or rolls a key holds all that it may do: a key is no way to more.

use super::store;
use crate::{
    api_keys::model::*,
    assistants::{LimitForm, server::actions as assistants},
    platform::{
        Actor, OrgScope, OrgTx,
        bus::{self, Note},
        events::{self, Happened},
        keys,
    },
    shared::{
        error::{AppError, FieldErrors},
        event::EventKind,
        ids::{ApiKeyId, AssistantId},
        permission::Permission,
    },
};
use chrono::{DateTime, Duration, Utc};
use serde_json::json;
use uuid::Uuid;

/// More than any business has programs; a bound on what one organisation can make every look-up carry.
const MOST_KEYS: i64 = 100;
const PAGE: i64 = 50;
/// The longest life that can be set, in days; never is longer.
const MOST_DAYS: i64 = 3_650;
const MOST_NETWORKS: usize = 50;

/// A key that may be made.
#[derive(Clone, Debug, PartialEq)]
pub struct NewKey {
    pub name: String,
    pub scopes: Vec<Permission>,
    pub expires_at: Option<DateTime<Utc>>,
    pub networks: Vec<String>,
    pub per_minute: i32,
    /// What it is limited to; absent: every assistant.
    pub assistants: Option<Vec<AssistantId>>,
}

/// Reads the form. Errors: `Invalid`.
pub fn of_form(form: &KeyForm, now: DateTime<Utc>) -> Result<NewKey, AppError> {
    let mut wrong = FieldErrors::default();
    let scopes: Vec<Permission> = form.scopes.iter().filter_map(|scope| scope.parse().ok()).collect();
    if scopes.len() != form.scopes.len() {
        wrong.add("scopes", "key.scopes");
    }
    let expires_at = match form.expires_days.trim() {
        "" => None,
        days => match days.parse::<i64>() {
            Ok(days) if (1..=MOST_DAYS).contains(&days) => Some(now + Duration::days(days)),
            _ => {
                wrong.add("expires_days", "key.expiry");
                None
            }
        },
    };
    let limit = match form.reach.as_str() {
        "" => Ok(None),
        reach => LimitForm { reach: reach.to_owned(), assistants: form.assistants.clone() }.parse(),
    };
    let assistants = limit.unwrap_or_else(|error| {
        wrong.0.extend(error.fields().0);
        None
    });
    let networks = form.networks.split(['\n', ',', ' ']).map(str::trim).filter(|net| !net.is_empty()).map(str::to_owned).collect();
    check(NewKey { name: form.name.clone(), scopes, expires_at, networks, per_minute: PER_MINUTE, assistants }, now, wrong)
}

/// Holds what is wanted to the rules of keys. Errors: `Invalid`, with what was wrong already.
pub fn check(mut new: NewKey, now: DateTime<Utc>, mut wrong: FieldErrors) -> Result<NewKey, AppError> {
    new.name = new.name.replace('\0', "").trim().to_owned();
    if !(1..=80).contains(&new.name.chars().count()) {
        wrong.add("name", "key.name_length");
    }
    new.scopes.sort_unstable();
    new.scopes.dedup();
    if new.scopes.is_empty() {
        wrong.add("scopes", "key.scopes");
    }
    if new.expires_at.is_some_and(|at| at <= now || at > now + Duration::days(MOST_DAYS)) {
        wrong.add("expires_at", "key.expiry");
    }
    match new.networks.iter().map(|net| network(net)).collect::<Option<Vec<String>>>() {
        Some(networks) if networks.len() <= MOST_NETWORKS => new.networks = networks,
        _ => wrong.add("networks", "key.networks"),
    }
    if !(1..=MOST_PER_MINUTE).contains(&new.per_minute) {
        wrong.add("per_minute", "key.per_minute");
    }
    wrong.into_result()?;
    Ok(new)
}

/// An address or a network, as it is kept: without the bits that do not count.
fn network(text: &str) -> Option<String> {
    let net = text.parse::<ipnet::IpNet>().ok().or_else(|| text.parse::<std::net::IpAddr>().ok().map(ipnet::IpNet::from))?;
    Some(net.trunc().to_string())
}

/// Every key, newest first.
pub async fn list(scope: &OrgScope) -> Result<Keys, AppError> {
    let mut tx = scope.begin(Permission::KeysManage).await?;
    let now = scope.core().clock.now();
    let keys = store::list(&mut tx, None, now.date_naive()).await?;
    let may_give = Permission::ALL.iter().copied().filter(|permission| scope.may(*permission)).collect();
    let assistants = assistants::names(&mut tx).await?;
    Ok(Keys { keys, is_test: is_test(scope), may_give, assistants, now })
}

/// One key. Errors: `NotFound`.
pub async fn read(scope: &OrgScope, id: ApiKeyId) -> Result<KeyLine, AppError> {
    let mut tx = scope.begin(Permission::KeysManage).await?;
    one(&mut tx, id).await
}

/// The key that asks, and its organisation's name and zone; any key may know itself. Errors: `Unauthenticated` for who is no key.
pub async fn me(scope: &OrgScope) -> Result<(KeyLine, store::Organisation), AppError> {
    let Actor::Key(id) = scope.actor() else { return Err(AppError::Unauthenticated) };
    let mut tx = scope.begin_own().await?;
    let key = one(&mut tx, id).await?;
    Ok((key, store::organisation(&mut tx).await?))
}

async fn one(tx: &mut OrgTx<'_>, id: ApiKeyId) -> Result<KeyLine, AppError> {
    let today = tx.scope().core().clock.now().date_naive();
    store::list(tx, Some(id), today).await?.pop().ok_or_else(|| AppError::not_found("key"))
}

/// Makes a key. Errors: `Forbidden` with what the maker lacks; `Invalid(assistants)`; `Conflict("key_limit")`.
pub async fn create(scope: &OrgScope, new: NewKey) -> Result<FreshKey, AppError> {
    let mut tx = scope.begin(Permission::KeysManage).await?;
    new.scopes.iter().try_for_each(|permission| scope.require(*permission))?;
    are_there(&mut tx, new.assistants.as_deref()).await?;
    store::lock(&mut tx).await?;
    if store::count_good(&mut tx, scope.core().clock.now()).await? >= MOST_KEYS {
        return Err(AppError::conflict("key_limit"));
    }
    let (core, secret) = (scope.core(), keys::draw(is_test(scope)));
    let id = ApiKeyId::at(core.clock.now());
    let hash = keys::hash(core, &secret)?;
    store::insert(&mut tx, id, &new, &hash, &keys::hint(&secret), core.clock.now()).await?;
    announce(&mut tx, EventKind::KeyCreated, id).await?;
    tx.commit().await?;
    tracing::info!(org = %scope.org(), key = %id, "a key was made");
    Ok(FreshKey { id, name: new.name, secret })
}

/// Errors: `Invalid(assistants)` when there is none, or one of them is not the organisation's.
async fn are_there(tx: &mut OrgTx<'_>, wanted: Option<&[AssistantId]>) -> Result<(), AppError> {
    let Some(wanted) = wanted else { return Ok(()) };
    let known = assistants::names(tx).await?;
    if wanted.is_empty() || !wanted.iter().all(|id| known.iter().any(|(known, _)| known == id)) {
        return Err(AppError::invalid("assistants", "team.assistants"));
    }
    Ok(())
}

/// Limits a key to some assistants and the calls of these, or no more, from this moment on. Errors: `NotFound`; `Conflict("key_ended")`;
/// `Forbidden` when the key may more than who changes it; `Invalid(assistants)`.
pub async fn set_limit(scope: &OrgScope, id: ApiKeyId, assistants: Option<Vec<AssistantId>>) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::KeysManage).await?;
    let now = scope.core().clock.now();
    let key = one(&mut tx, id).await?;
    if key.state(now) != KeyState::Active {
        return Err(AppError::conflict("key_ended"));
    }
    key.scopes.iter().try_for_each(|permission| scope.require(*permission))?;
    are_there(&mut tx, assistants.as_deref()).await?;
    store::set_limit(&mut tx, id, assistants.as_deref(), now).await?;
    tell(&mut tx, id).await?;
    tx.commit().await?;
    tracing::info!(org = %scope.org(), actor = ?scope.actor(), key = %id, ?assistants, "the limit of a key was changed");
    Ok(())
}

/// Draws a new secret; the one before it stays good for so many seconds. Errors: `NotFound`; `Conflict("key_ended")`; `Forbidden` when the
/// key may more than who rolls it; `Invalid(grace_s)`.
pub async fn roll(scope: &OrgScope, id: ApiKeyId, grace_s: i64) -> Result<FreshKey, AppError> {
    let mut tx = scope.begin(Permission::KeysManage).await?;
    if !(0..=MOST_GRACE_S).contains(&grace_s) {
        return Err(AppError::invalid("grace_s", "key.grace"));
    }
    let (core, now) = (scope.core(), scope.core().clock.now());
    let key = one(&mut tx, id).await?;
    if key.state(now) != KeyState::Active {
        return Err(AppError::conflict("key_ended"));
    }
    key.scopes.iter().try_for_each(|permission| scope.require(*permission))?;
    let secret = keys::draw(is_test(scope));
    store::roll(&mut tx, id, &keys::hash(core, &secret)?, &keys::hint(&secret), now + Duration::seconds(grace_s), now).await?;
    tell(&mut tx, id).await?;
    tx.commit().await?;
    tracing::info!(org = %scope.org(), key = %id, grace_s, "a key was rolled");
    Ok(FreshKey { id, name: key.name, secret })
}

/// Ends a key at once, in every process. Errors: `NotFound`.
pub async fn revoke(scope: &OrgScope, id: ApiKeyId) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::KeysManage).await?;
    if !store::revoke(&mut tx, id, scope.core().clock.now()).await? {
        return Err(AppError::not_found("key"));
    }
    tell(&mut tx, id).await?;
    announce(&mut tx, EventKind::KeyRevoked, id).await?;
    tx.commit().await?;
    tracing::info!(org = %scope.org(), key = %id, "a key was revoked");
    Ok(())
}

/// What came with a key, or with any, newest first. Errors: `NotFound`.
pub async fn requests(scope: &OrgScope, key: Option<ApiKeyId>, before: Option<Uuid>) -> Result<Requests, AppError> {
    let mut tx = scope.begin(Permission::KeysManage).await?;
    if let Some(key) = key {
        one(&mut tx, key).await?;
    }
    let mut items = store::requests(&mut tx, key, before, PAGE + 1).await?;
    let is_more = items.len() as i64 > PAGE;
    items.truncate(PAGE as usize);
    let next = items.last().filter(|_| is_more).map(|last| last.id);
    Ok(Requests { items, next, now: scope.core().clock.now() })
}

fn is_test(scope: &OrgScope) -> bool {
    scope.core().simulated_provider().is_some()
}

/// Other systems hear of it, once.
async fn announce(tx: &mut OrgTx<'_>, kind: EventKind, key: ApiKeyId) -> Result<(), AppError> {
    let (org, now) = (tx.scope().org(), tx.scope().core().clock.now());
    Ok(events::emit(tx.conn(), &[Happened::new(org, kind, key, now, json!({ "key": key }))]).await?)
}

async fn tell(tx: &mut OrgTx<'_>, key: ApiKeyId) -> Result<(), AppError> {
    Ok(bus::publish(tx.conn(), &[Note::Key { key }]).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> KeyForm {
        KeyForm { name: " Agenda ".into(), scopes: vec!["calls.read".into()], ..KeyForm::default() }
    }

    fn wrong(change: impl FnOnce(&mut KeyForm)) -> Vec<(String, String)> {
        let mut form = form();
        change(&mut form);
        of_form(&form, DateTime::UNIX_EPOCH).expect_err("refused").fields().0.into_iter().collect()
    }

    #[test]
    fn a_form_becomes_a_key() {
        let now = DateTime::UNIX_EPOCH;
        let networks = "203.0.113.9\n2001:db8::/32, 10.1.2.3/8".to_owned();
        let new = of_form(&KeyForm { expires_days: "30".into(), networks, ..form() }, now).expect("good");
        assert_eq!((new.name.as_str(), new.scopes), ("Agenda", vec![Permission::CallsRead]));
        assert_eq!(new.expires_at, Some(now + Duration::days(30)));
        assert_eq!(new.networks, ["203.0.113.9/32", "2001:db8::/32", "10.0.0.0/8"]);
    }

    #[test]
    fn each_wrong_field_is_named() {
        let one = |field: &str, code: &str| vec![(field.to_owned(), code.to_owned())];
        assert_eq!(wrong(|form| form.name = " ".into()), one("name", "key.name_length"));
        assert_eq!(wrong(|form| form.scopes.clear()), one("scopes", "key.scopes"));
        assert_eq!(wrong(|form| form.scopes.push("calls.all".into())), one("scopes", "key.scopes"));
        assert_eq!(wrong(|form| form.expires_days = "0".into()), one("expires_days", "key.expiry"));
        assert_eq!(wrong(|form| form.networks = "here".into()), one("networks", "key.networks"));
        assert_eq!(wrong(|form| form.reach = "some".into()), one("assistants", "team.assistants"));
        assert_eq!(wrong(|form| form.reach = "many".into()), one("reach", "team.reach"));
    }
}
