//! Use cases of integrations.

use super::{
    jobs::{EndpointChanged, SyncCredential},
    secret, store,
};
use crate::{
    integrations::model::*,
    platform::{
        Core, OrgScope, OrgTx, SystemTx, crypto,
        queue::{self, Opts},
    },
    shared::{
        error::AppError,
        ids::{HookId, OrgId},
        permission::Permission,
    },
};
use chrono::Duration;
use serde_json::{Value, json};
use sqlx::PgConnection;

/// How long the secret before the current one is still accepted.
const OVERLAP: Duration = Duration::hours(24);
const PAGE: i64 = 50;

/// Gives a new organisation its webhook address, in the transaction that makes the organisation.
pub async fn on_org_created(conn: &mut PgConnection, core: &Core, org: OrgId) -> Result<(), AppError> {
    let (token, drawn) = (crypto::token(), secret::draw());
    give_address(conn, core, org, &token, &drawn).await
}

/// The same with a token and a secret that are known: for seeds.
pub async fn give_address(conn: &mut PgConnection, core: &Core, org: OrgId, token: &str, drawn: &str) -> Result<(), AppError> {
    let (sealed_token, sealed) = (secret::seal(core, org, secret::TOKEN, token)?, secret::seal(core, org, secret::SECRET, drawn)?);
    store::insert(conn, org, &crypto::token_hash(token), &sealed_token, &WebhookAuth::default(), &sealed).await?;
    if is_simulated(core) {
        queue::enqueue(conn, &SyncCredential { org }, Opts::default().tenant(org.0).key(credential_key(org))).await?;
    }
    Ok(())
}

/// The address and its settings; the secret only for who may manage integrations. Errors: `Forbidden`.
pub async fn endpoint(scope: &OrgScope) -> Result<Endpoint, AppError> {
    let mut tx = scope.begin(Permission::IntegrationsRead).await?;
    let row = existing(&mut tx).await?;
    let (core, org) = (scope.core(), scope.org());
    let may_manage = scope.may(Permission::IntegrationsManage);
    // The address is a secret of its own: who may only look sees where it leads, not the token.
    let url =
        if may_manage { hook_url(core, &secret::open(core, org, secret::TOKEN, &row.token_sealed)?)? } else { hook_url(core, "…")? };
    let now = core.clock.now();
    let simulated = is_simulated(core);
    Ok(Endpoint {
        url,
        secret: if may_manage && row.auth.mode != AuthMode::None {
            Some(secret::open(core, org, secret::SECRET, &row.secret_sealed)?)
        } else {
            None
        },
        previous_until: row.previous_until.filter(|until| *until > now),
        token_url: public(core, "/hooks/oauth/token")?,
        client_id: org.to_string(),
        simulated,
        incomplete: !simulated && row.auth.needs_credential() && row.auth.credential_id.is_none(),
        may_manage,
        updated_at: row.updated_at,
        auth: row.auth,
        now,
    })
}

/// Whether the provider can reach and authenticate to us, for Home's checklist.
pub async fn is_connected(tx: &mut OrgTx<'_>) -> Result<bool, AppError> {
    let simulated = is_simulated(tx.scope().core());
    let auth = store::find(tx).await?.map(|row| row.auth);
    Ok(auth.is_some_and(|auth| simulated || !auth.needs_credential() || auth.credential_id.is_some()))
}

/// Changes how webhooks are authenticated; every assistant is sent again, since each names it.
/// Errors: `Invalid` (`mode`: nothing at all is refused in production).
pub async fn save_auth(scope: &OrgScope, auth: WebhookAuth) -> Result<(), AppError> {
    if auth.mode == AuthMode::None && scope.core().config.is_production() {
        return Err(AppError::invalid("mode", "webhook.none_in_production"));
    }
    let mut tx = scope.begin(Permission::IntegrationsManage).await?;
    existing(&mut tx).await?;
    store::update_auth(&mut tx, &auth, scope.core().clock.now()).await?;
    announce(&mut tx).await?;
    tx.commit().await
}

/// Draws a new secret; the one before it stays good for a day.
pub async fn rotate_secret(scope: &OrgScope) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::IntegrationsManage).await?;
    existing(&mut tx).await?;
    let (core, now) = (scope.core(), scope.core().clock.now());
    let sealed = secret::seal(core, scope.org(), secret::SECRET, &secret::draw())?;
    store::rotate(&mut tx, &sealed, now + OVERLAP, now).await?;
    announce(&mut tx).await?;
    tx.commit().await
}

/// A page of deliveries, newest first, and what came of those of the last day.
pub async fn journal(scope: &OrgScope, outcome: Option<DeliveryOutcome>, before: Option<HookId>) -> Result<Journal, AppError> {
    let mut tx = scope.begin(Permission::IntegrationsRead).await?;
    let now = scope.core().clock.now();
    let mut deliveries = store::journal(&mut tx, outcome, before, PAGE + 1).await?;
    let has_more = deliveries.len() as i64 > PAGE;
    deliveries.truncate(PAGE as usize);
    let next = has_more.then(|| deliveries.last().map(|last| last.id)).flatten();
    Ok(Journal { deliveries, next, last_day: store::figures(&mut tx, now - Duration::days(1)).await?, now })
}

/// Where the provider sends the events of this organisation, and how: the `server` object of its assistants and numbers.
/// Source: protocols sheet "voice", 1.4 and 3.6. Errors: the organisation has no address.
pub async fn server_object(tx: &mut OrgTx<'_>) -> Result<Value, AppError> {
    let row = existing(tx).await?;
    let (core, org) = (tx.scope().core(), tx.scope().org());
    let token = secret::open(core, org, secret::TOKEN, &row.token_sealed)?;
    let mut server = json!({
        "url": hook_url(core, &token)?,
        "timeoutSeconds": 20,
        "backoffPlan": { "type": "exponential", "maxRetries": 5, "baseDelaySeconds": 2, "excludedStatusCodes": [400, 401, 403, 404, 410] },
    });
    if row.auth.mode == AuthMode::Header {
        let drawn = secret::open(core, org, secret::SECRET, &row.secret_sealed)?;
        server["headers"] = json!({ row.auth.header: format!("{}{drawn}", row.auth.prefix) });
    } else if row.auth.needs_credential() {
        let id = row.auth.credential_id.or_else(|| is_simulated(core).then(|| simulated_credential(org)));
        if let Some(id) = id {
            server["credentialId"] = json!(id);
        }
    }
    Ok(server)
}

/// Tells a simulator that knows nothing every credential anew. Called at the start of a sandbox.
pub async fn refill_simulator(core: &Core) -> Result<(), AppError> {
    if !is_simulated(core) {
        return Ok(());
    }
    let mut tx = SystemTx::begin(core, "which organisations have an address, to fill the simulator").await?;
    for org in store::orgs(tx.conn()).await? {
        queue::enqueue(tx.conn(), &SyncCredential { org }, Opts::default().tenant(org.0).key(credential_key(org))).await?;
    }
    Ok(tx.commit().await?)
}

/// Whether the provider is our simulator: never in production, and not when the sandbox talks to the real one.
pub fn is_simulated(core: &Core) -> bool {
    simulator(core).is_some()
}

/// Where the simulator answers; nothing when the provider is the real one.
pub fn simulator(core: &Core) -> Option<&url::Url> {
    core.simulated_provider()
}

/// The credential's id at the simulator: the organisation's own.
pub(super) fn simulated_credential(org: OrgId) -> String {
    org.0.to_string()
}

/// The plan a credential at the provider has under these settings; nothing for modes that need none.
pub(super) async fn credential_plan(tx: &mut OrgTx<'_>) -> Result<Option<(String, Value)>, AppError> {
    let row = existing(tx).await?;
    let (core, org) = (tx.scope().core(), tx.scope().org());
    let auth = row.auth;
    let drawn = secret::open(core, org, secret::SECRET, &row.secret_sealed)?;
    let id = auth.credential_id.clone().unwrap_or_else(|| simulated_credential(org));
    let plan = match auth.mode {
        AuthMode::Header | AuthMode::None => return Ok(None),
        AuthMode::Bearer => {
            json!({ "type": "bearer", "token": drawn, "headerName": auth.header, "bearerPrefixEnabled": !auth.prefix.is_empty() })
        }
        AuthMode::Oauth2 => {
            json!({ "type": "oauth2", "url": public(core, "/hooks/oauth/token")?, "clientId": org.to_string(), "clientSecret": drawn })
        }
        AuthMode::Hmac => {
            let mut plan = json!({
                "type": "hmac",
                "secretKey": drawn,
                "algorithm": auth.algorithm.name(),
                "signatureHeader": auth.header,
                "includeTimestamp": auth.signs_time(),
                "payloadFormat": auth.payload_format,
                "signatureEncoding": auth.encoding.name(),
                "secretIsBase64": auth.secret_is_base64,
            });
            for (key, value) in
                [("timestampHeader", auth.timestamp_header), ("signaturePrefix", auth.prefix), ("messageIdHeader", auth.message_id_header)]
            {
                if !value.is_empty() {
                    plan[key] = json!(value);
                }
            }
            plan
        }
    };
    Ok(Some((id, plan)))
}

/// Tells the simulator, and whoever holds copies of the address.
async fn announce(tx: &mut OrgTx<'_>) -> Result<(), AppError> {
    let org = tx.scope().org();
    if is_simulated(tx.scope().core()) {
        tx.enqueue(&SyncCredential { org }, Opts::default().key(credential_key(org))).await?;
    }
    tx.enqueue(&EndpointChanged { org }, Opts::default().key(format!("endpoint:{org}"))).await?;
    Ok(())
}

async fn existing(tx: &mut OrgTx<'_>) -> Result<store::Row, AppError> {
    store::find(tx).await?.ok_or_else(|| AppError::not_found("webhook address"))
}

fn credential_key(org: OrgId) -> String {
    format!("credential:{org}")
}

fn hook_url(core: &Core, token: &str) -> Result<String, AppError> {
    public(core, &format!("/hooks/vapi/{token}"))
}

fn public(core: &Core, path: &str) -> Result<String, AppError> {
    Ok(format!("{}{path}", core.config.public_url.as_str().trim_end_matches('/')))
}
