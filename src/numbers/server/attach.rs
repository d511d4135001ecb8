//! Brings a number to the provider, and tells Twilio where its messages go; takes that back when the number is removed.

use super::{
    account::{self, Account},
    jobs::{Attach, Detach, begin, patient, retry},
};
use crate::{
    assistants::{
        model::{NumberSource, SyncState},
        server::actions::{self as assistants, NumberRow},
    },
    platform::{
        Core, OrgScope,
        outbound::OutboundError,
        queue::{Fail, JobCx},
    },
    providers::{
        twilio::{Credentials, Twilio},
        vapi::{self, Vapi},
    },
    shared::ids::NumberId,
};
use serde_json::{Value, json};

/// The handler of [`Attach`]. A number that is there already is only told to Twilio again.
pub async fn attach(core: Core, job: Attach, cx: JobCx) -> Result<(), Fail> {
    let scope = OrgScope::of_system(&core, job.org);
    let mut tx = begin(&scope).await?;
    let Some(row) = assistants::number(&mut tx, job.number).await.map_err(retry)? else { return Ok(()) };
    let account = account::open(&mut tx).await.map_err(retry)?;
    let mut body = assistants::new_number_body(&mut tx, &row).await.map_err(retry)?;
    drop(tx);
    match (row.source, &account) {
        (NumberSource::Vapi, _) | (NumberSource::Twilio, None) => return Ok(()),
        (NumberSource::Twilio, Some(account)) => of_twilio(&mut body, &account.who),
        (NumberSource::Sip, _) => of_trunk(&mut body, row.carrier_id.as_deref().unwrap_or_default()),
    }
    let provider_id = match &row.provider_id {
        Some(id) => {
            // The token may be another than the one it was brought with. One that is gone there is told so by the number's own push.
            if row.source == NumberSource::Twilio
                && let Err(error) = Vapi::of(&core).update_phone_number(id, &keys_of(&body)).await
                && error.status() != Some(404)
            {
                return fell_short(&scope, job.number, None, &vapi::words_of(&error), error).await;
            }
            id.clone()
        }
        None => match create(&Vapi::of(&core), &row, &body, cx.attempt > 1).await {
            Ok(id) => id,
            Err(error) => return fell_short(&scope, job.number, None, &vapi::words_of(&error), error).await,
        },
    };
    // Known from here on: whatever goes wrong after, it is not made again.
    let told = match (&account, row.carrier_id.as_deref()) {
        (Some(account), Some(sid)) if row.source == NumberSource::Twilio && row.sends_sms => tell_twilio(&core, account, sid).await,
        _ => Ok(()),
    };
    if let Err(error) = told {
        let words = format!("Twilio: {}", vapi::words_of(&error));
        return fell_short(&scope, job.number, Some(&provider_id), &words, error).await;
    }
    let mut tx = begin(&scope).await?;
    assistants::note_number(&mut tx, job.number, Some(&provider_id), SyncState::InStep, None).await.map_err(retry)?;
    tx.commit().await.map_err(retry)
}

/// Our address answers the messages of this number. `smsEnabled` keeps Vapi from putting its own there.
fn of_twilio(body: &mut Value, who: &Credentials) {
    body["provider"] = json!("twilio");
    body["twilioAccountSid"] = json!(who.account_sid);
    body["twilioAuthToken"] = json!(who.auth_token.expose());
    body["smsEnabled"] = json!(false);
}

/// What of it says whose number it is.
fn keys_of(body: &Value) -> Value {
    let named = ["provider", "twilioAccountSid", "twilioAuthToken", "smsEnabled"];
    named.into_iter().map(|name| (name.to_owned(), body[name].clone())).collect()
}

fn of_trunk(body: &mut Value, credential_id: &str) {
    body["provider"] = json!("byo-phone-number");
    body["credentialId"] = json!(credential_id);
}

/// Makes it at Vapi. An earlier attempt may have got through without our hearing of it: then that one, which names our address, is taken.
async fn create(vapi: &Vapi, row: &NumberRow, body: &Value, is_again: bool) -> Result<String, OutboundError> {
    if is_again {
        let ours = body.pointer("/server/url");
        let held = vapi.phone_numbers(1000).await?;
        let is_it = |held: &vapi::PhoneNumber| {
            held.number.as_deref() == Some(row.number.as_str()) && held.rest.get("server").and_then(|server| server.get("url")) == ours
        };
        if let Some(found) = held.into_iter().find(is_it) {
            return Ok(found.id);
        }
    }
    Ok(vapi.create_phone_number(body).await?.id)
}

async fn tell_twilio(core: &Core, account: &Account, sid: &str) -> Result<(), OutboundError> {
    Twilio::of(core).set_sms_url(&account.who, sid, &account.address(core, "sms")).await.map(drop)
}

/// A refusal is an answer, for the person who brought the number; everything else is tried again.
async fn fell_short(scope: &OrgScope, number: NumberId, provider_id: Option<&str>, words: &str, error: OutboundError) -> Result<(), Fail> {
    let is_refused = error.is_final() && (provider_id.is_some() || !matches!(error.status(), Some(401 | 403)));
    let sync = if is_refused { SyncState::Refused } else { SyncState::Pending };
    let mut tx = begin(scope).await?;
    if provider_id.is_some() && error.status() == Some(401) {
        account::mark_refused(&mut tx, &error.words()).await?;
    }
    assistants::note_number(&mut tx, number, provider_id, sync, Some(words)).await.map_err(retry)?;
    tx.commit().await.map_err(retry)?;
    if is_refused { Ok(()) } else { Err(patient(error)) }
}

/// The handler of [`Detach`]: messages of a number that was removed come here no longer.
pub async fn detach(core: Core, job: Detach) -> Result<(), Fail> {
    let scope = OrgScope::of_system(&core, job.org);
    let mut tx = begin(&scope).await?;
    let account = account::open(&mut tx).await.map_err(retry)?;
    drop(tx);
    let Some(account) = account else { return Ok(()) };
    match Twilio::of(&core).set_sms_url(&account.who, &job.number_sid, "").await {
        Ok(_) => Ok(()),
        // Given up there, or the account is no longer ours to change: nothing comes from it then.
        Err(error) if matches!(error.status(), Some(401 | 403 | 404)) => Ok(()),
        Err(error) => Err(patient(error)),
    }
}
