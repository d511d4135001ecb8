//! Organisations of a seed: owner, assistants, number, webhook address, key.

use super::trades::TRADES;
use crate::{
    account::server::{Password, hash_password},
    assistants::{
        model::{NewAssistant, Template, TransferEntry},
        server::actions as assistants,
    },
    integrations::server::actions as integrations,
    platform::{Core, OrgScope, SystemTx, keys},
    shared::{
        ids::{AccountId, ApiKeyId, AssistantId, NumberId, OrgId},
        permission::{Permission, Role},
    },
};
use anyhow::{Context, anyhow};
use base64::prelude::*;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;

/// What calls need to know of an organisation.
#[derive(Clone)]
pub struct SeededOrg {
    pub id: OrgId,
    pub name: String,
    /// Place in [`TRADES`].
    pub trade: usize,
    /// How many calls it gets.
    pub calls: u32,
    pub reception: AssistantId,
    pub outbound: AssistantId,
    pub number_id: NumberId,
    /// E.164.
    pub number: String,
    pub transfer_to: String,
    pub is_demo: bool,
}

/// What a person needs to use an organisation: printed, never logged.
#[derive(Clone, Serialize)]
pub struct Access {
    pub org_id: OrgId,
    pub owner_email: String,
    pub password: String,
    pub api_key: String,
    pub vapi_hook_url: String,
    pub vapi_hook_secret: String,
}

/// Who an organisation is to be.
pub struct Plan {
    pub index: u32,
    pub seed: u64,
    pub name: String,
    pub owner: String,
    pub email: String,
    pub trade: usize,
    pub calls: u32,
    /// A fixed password; otherwise one is derived that only this installation can know.
    pub password: Option<&'static str>,
    pub is_demo: bool,
}

impl Plan {
    /// The plan of the organisation at this place of a seed.
    pub fn of(seed: u64, index: u32, calls: u32) -> Self {
        let trade = index as usize % TRADES.len();
        let names = TRADES[trade].names;
        let round = index as usize / TRADES.len();
        let name = match round / names.len() {
            0 => names[round].to_owned(),
            again => format!("{} {}", names[round % names.len()], again + 1),
        };
        Self {
            index,
            seed,
            owner: owner(index),
            email: format!("owner-{index}@s{seed}.zencall.example"),
            name,
            trade,
            calls,
            password: None,
            is_demo: false,
        }
    }
}

fn owner(index: u32) -> String {
    use super::trades::{FIRST_NAMES, LAST_NAMES};
    let place = index as usize;
    format!("{} {}", FIRST_NAMES[place * 7 % FIRST_NAMES.len()].0, LAST_NAMES[place * 11 % LAST_NAMES.len()])
}

/// Makes an organisation with everything but its calls. Errors: this seed is in the database already.
pub async fn make(core: &Core, plan: &Plan, now: DateTime<Utc>) -> anyhow::Result<(SeededOrg, Access)> {
    let secret = |what: &str| derive(core, plan, what);
    let (org, account) = (OrgId::at(now), AccountId::at(now));
    let password = plan.password.map_or_else(|| Ok(format!("Zc-{}", &secret("password")?[..18])), |fixed| anyhow::Ok(fixed.to_owned()))?;
    let typed = Password::typed(&password).map_err(|reason| anyhow!(reason))?;
    let hash = hash_password(core, typed).await?;
    let drawn = mac_of(core, plan, "api key")?.try_into().map_err(|_| anyhow!("not 32 bytes"))?;
    let api_key = keys::of_bytes(core.simulated_provider().is_some(), drawn);
    let (token, hook_secret) = (secret("hook token")?, BASE64_STANDARD.encode(mac_of(core, plan, "hook secret")?));
    let mut tx = SystemTx::begin(core, "a seed makes an organisation").await?;
    let made = sqlx::query!(
        "insert into accounts (id, email, name, password_hash, email_confirmed_at) values ($1, $2, $3, $4, $5) on conflict do nothing",
        account.0,
        plan.email,
        plan.owner,
        hash,
        now
    )
    .execute(tx.conn())
    .await?;
    anyhow::ensure!(made.rows_affected() == 1, "{} exists already: this seed was used before, name another with --seed", plan.email);
    sqlx::query!("insert into orgs (id, name, kind, is_demo) values ($1, $2, 'business', $3)", org.0, plan.name, plan.is_demo)
        .execute(tx.conn())
        .await?;
    sqlx::query!("insert into members (org_id, account_id, role) values ($1, $2, $3)", org.0, account.0, Role::Owner.name())
        .execute(tx.conn())
        .await?;
    let (key_hash, hint) = (keys::hash(core, &api_key)?, keys::hint(&api_key));
    let insert = "insert into api_keys (id, org_id, name, key_hash, hint) values ($1, $2, 'Seed', $3, $4)";
    sqlx::query(insert).bind(ApiKeyId::at(now)).bind(org).bind(key_hash).bind(hint).execute(tx.conn()).await?;
    integrations::give_address(tx.conn(), core, org, &token, &hook_secret).await?;
    tx.commit().await?;

    let number = format!("+3319900{:04}", (2410 + plan.index) % 10_000);
    let transfer_to = format!("+3319900{:04}", (2411 + plan.index) % 10_000);
    let scope = OrgScope::of_system(core, org);
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    let transfer = TransferEntry { label: "Astreinte".into(), number: transfer_to.parse().context("a number of the range for fiction")? };
    let mut made = Vec::new();
    for (name, template) in
        [("Léa, accueil", Template::Reception), ("Astreinte du soir", Template::OnCall), ("Rappels de rendez-vous", Template::Outbound)]
    {
        let new = NewAssistant { template, name: name.into(), language: "fr".into(), business: plan.name.clone() };
        made.push(assistants::seed(&mut tx, &new, std::slice::from_ref(&transfer), plan.is_demo).await?);
    }
    let number_id = assistants::seed_number(
        &mut tx,
        &number.parse().context("a number of the range for fiction")?,
        "Ligne principale",
        made[0],
        plan.is_demo,
    )
    .await?;
    tx.commit().await?;
    let seeded = SeededOrg {
        id: org,
        name: plan.name.clone(),
        trade: plan.trade,
        calls: plan.calls,
        reception: made[0],
        outbound: made[2],
        number_id,
        number,
        transfer_to,
        is_demo: plan.is_demo,
    };
    let vapi_hook_url = format!("{}/hooks/vapi/{token}", core.config.public_url.as_str().trim_end_matches('/'));
    Ok((seeded, Access { org_id: org, owner_email: plan.email.clone(), password, api_key, vapi_hook_url, vapi_hook_secret: hook_secret }))
}

/// A text of this installation, seed and organisation: the same each time here, unknown elsewhere.
fn derive(core: &Core, plan: &Plan, what: &str) -> anyhow::Result<String> {
    Ok(hex::encode(mac_of(core, plan, what)?))
}

fn mac_of(core: &Core, plan: &Plan, what: &str) -> anyhow::Result<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&core.vault.derive("seed")?)?;
    mac.update(format!("{what}:{}:{}:{}", plan.seed, plan.index, plan.email).as_bytes());
    Ok(mac.finalize().into_bytes().to_vec())
}
