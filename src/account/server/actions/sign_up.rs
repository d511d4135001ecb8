//! Signing up.

use super::{HOUR_S, may_write_to, throttle_address};
use crate::{
    account::{
        model::{NewAccount, SignUpForm},
        server::{
            mails::{self, Reader},
            password::{self, Password},
            store,
        },
    },
    i18n::Locale,
    integrations::server::actions as integrations,
    platform::{Core, SystemTx, crypto, request::RequestInfo},
    shared::{
        error::AppError,
        ids::{AccountId, OrgId},
        legal::{PRIVACY_VERSION, TERMS_VERSION},
        permission::Role,
    },
};
use chrono::Duration;

/// How long a link that confirms an address is good.
pub(super) const CONFIRM_FOR: Duration = Duration::hours(24);

/// Makes a person, their organisation and the proof of what they accepted, and writes to the address. When somebody has the
/// address already, nothing is made and the mail says so; the answer and its work are the same.
/// Errors: `Invalid`, each field by its name; `RateLimited`.
pub async fn sign_up(core: &Core, request: &RequestInfo, locale: Locale, form: &SignUpForm) -> Result<(), AppError> {
    let parsed = form.parse();
    let email = form.email.trim().to_lowercase();
    let password = Password::chosen(&form.password, &[email.split('@').next().unwrap_or_default(), &form.company]);
    let (new, password) = match (parsed, password) {
        (Ok(new), Ok(password)) => (new, password),
        (parsed, password) => {
            let mut wrong = parsed.err().unwrap_or_default();
            if let Err(code) = password {
                wrong.add("password", code);
            }
            return Err(wrong.into());
        }
    };
    throttle_address(core, "sign-up", request.ip, 20, HOUR_S).await?;
    let may_write = may_write_to(core, new.email.as_str()).await?;
    let hash = password::hash(core, password).await?;
    let now = core.clock.now();
    let (account, token) = (AccountId::at(now), crypto::token());
    let mut tx = SystemTx::begin(core, "a sign-up").await?;
    if found(&mut tx, core, request, locale, account, &new, &hash).await? {
        store::insert_link(&mut tx, &crypto::token_hash(&token), account, "confirm", None, now + CONFIRM_FOR).await?;
        if may_write {
            let reader = Reader { email: new.email.as_str(), name: &new.name, locale: locale.code() };
            mails::confirm_address(&mut tx, core, reader, &token, CONFIRM_FOR).await?;
        }
    } else if let (Some(known), true) = (store::find_by_email(&mut tx, new.email.as_str()).await?, may_write) {
        mails::already_registered(&mut tx, core, (&known).into()).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// A person, their organisation and the proof of what they accepted; false when somebody has the address.
pub(super) async fn found(
    tx: &mut SystemTx,
    core: &Core,
    request: &RequestInfo,
    locale: Locale,
    account: AccountId,
    new: &NewAccount,
    password_hash: &str,
) -> Result<bool, AppError> {
    let (now, org) = (core.clock.now(), OrgId::at(core.clock.now()));
    if !store::insert_account(tx, account, new, password_hash, locale.code(), now).await? {
        return Ok(false);
    }
    tx.caused_by(account).await?;
    store::insert_org(tx, org, new, locale.code(), now).await?;
    store::insert_member(tx, org, account, Role::Owner).await?;
    integrations::on_org_created(tx.conn(), core, org).await?;
    for (document, version) in [("terms", TERMS_VERSION), ("privacy", PRIVACY_VERSION)] {
        store::insert_acceptance(tx, account, &new.email, document, version, request, now).await?;
    }
    tracing::info!(%account, %org, "signed up");
    Ok(true)
}
