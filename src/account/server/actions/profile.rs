//! The reader's own account, and the settings of their organisation.

use super::{Person, ask_password, may_write_to, sign_up::CONFIRM_FOR, tell_revoked};
use crate::{
    account::{
        model::{Email, Organisation, parse_name},
        server::{
            mails,
            password::{self, Password},
            store,
        },
        session::Reader,
    },
    i18n::{Locale, zone::org_clock},
    platform::{Core, OrgScope, SystemTx, config::Environment, crypto, request::RequestInfo, tenancy::Caller},
    shared::{
        audit::Act,
        error::{AppError, FieldErrors},
        ids::{AccountId, OrgId, RoleId},
        permission::{Permission, RoleChoice},
        session::Session,
    },
};
use chrono::Duration;

/// Who reads, as the interface knows them. Errors: `Unauthenticated`; `Conflict("no_organisation")` when their last membership ended.
pub async fn read_reader(core: &Core, request: &RequestInfo) -> Result<Reader, AppError> {
    let Caller::Person { account, org, session } = request.caller.clone() else { return Err(AppError::Unauthenticated) };
    let (org, rights) = org.ok_or_else(|| AppError::conflict("no_organisation"))?;
    let mut tx = SystemTx::begin(core, "a person's own account").await?;
    let who = store::who(&mut tx, account, org).await?.ok_or(AppError::Unauthenticated)?;
    let others = store::others(&mut tx, account, org).await?;
    let by = store::second_factor_by(&mut tx, session, org).await?;
    let own_role = own_name(&mut tx, org, rights.own_role).await?;
    let viewing = match rights.viewing {
        Some(RoleChoice::Own(id)) => Some(own_name(&mut tx, org, Some(id)).await?.unwrap_or_default()),
        Some(RoleChoice::Given(role)) => Some(role.name().to_owned()),
        None => None,
    };
    tx.commit().await?;
    let now = core.clock.now();
    let clock = org_clock(&who.timezone, now);
    let session = Session {
        account_id: account,
        account_name: who.name,
        email: who.email,
        email_confirmed: who.email_confirmed,
        org_id: org,
        org_name: who.org_name,
        others,
        role: rights.role,
        own_role,
        permissions: rights.permissions.iter().collect(),
        is_limited: rights.limit.is_some(),
        viewing,
        barred: rights.barred,
        second_factor_by: by.filter(|_| rights.barred.is_none()),
        locale: who.locale,
        timezone: who.timezone,
        utc_offset_minutes: clock.utc_offset_minutes,
        sandbox: core.config.environment == Environment::Sandbox,
        has_demo_data: who.has_demo_data,
    };
    Ok(Reader { session, clock, now })
}

async fn own_name(tx: &mut SystemTx, org: OrgId, role: Option<RoleId>) -> Result<Option<String>, AppError> {
    match role {
        Some(role) => Ok(store::role_name(tx, org, role).await?),
        None => Ok(None),
    }
}

/// Keeps name and language. Errors: `Invalid(name)`, `Invalid(locale)`.
pub async fn save_profile(core: &Core, person: Person, name: &str, locale: &str) -> Result<Locale, AppError> {
    let mut wrong = FieldErrors::default();
    let name = parse_name(name, 80).map_err(|code| wrong.add("name", code)).unwrap_or_default();
    let Some(locale) = known_locale(locale, &mut wrong) else { return Err(wrong.into()) };
    wrong.into_result()?;
    let mut tx = SystemTx::begin(core, "a person's own account").await?;
    store::set_profile(&mut tx, person.account, &name, locale.code()).await?;
    tx.commit().await?;
    Ok(locale)
}

fn known_locale(code: &str, wrong: &mut FieldErrors) -> Option<Locale> {
    let known = Locale::ALL.into_iter().find(|locale| locale.code() == code);
    if known.is_none() {
        wrong.add("locale", "locale.unknown");
    }
    known
}

/// Keeps a new password, ends the other sessions and says so by mail. Errors: `Invalid(current)`, `Invalid(password)`, `RateLimited`.
pub async fn change_password(core: &Core, person: Person, current: &str, new: &str) -> Result<(), AppError> {
    let mut tx = SystemTx::begin(core, "a person's own account").await?;
    let account = store::lock(&mut tx, person.account).await?.ok_or(AppError::Unauthenticated)?;
    tx.commit().await?;
    let local = account.email.split('@').next().unwrap_or_default();
    let org = match person.org {
        Some(org) => store_org_name(core, person, org).await?,
        None => String::new(),
    };
    let chosen = Password::chosen(new, &[local, &org]).map_err(|code| AppError::invalid("password", code))?;
    if new == current {
        return Err(AppError::invalid("password", "password.same"));
    }
    let account = ask_password(core, person, "current", current).await?;
    let kept = password::hash(core, chosen).await?;
    let mut tx = SystemTx::begin(core, "a person's own account").await?;
    store::set_password(&mut tx, account.id, &kept).await?;
    store::delete_links(&mut tx, account.id).await?;
    store::delete_all_pending(&mut tx, account.id).await?;
    store::delete_sessions(&mut tx, account.id, Some(person.session)).await?;
    tell_revoked(&mut tx, account.id).await?;
    mails::password_changed(&mut tx, core, (&account).into()).await?;
    tx.note_account(account.id, Act::PasswordChanged, None).await?;
    tx.commit().await?;
    tracing::info!(account = %account.id, "password changed");
    Ok(())
}

async fn store_org_name(core: &Core, person: Person, org: crate::shared::ids::OrgId) -> Result<String, AppError> {
    let mut tx = SystemTx::begin(core, "a person's own account").await?;
    let who = store::who(&mut tx, person.account, org).await?;
    tx.commit().await?;
    Ok(who.map(|who| who.org_name).unwrap_or_default())
}

/// Writes to the new address, which takes over once its link is confirmed, and to the old one. Whether somebody has the new address
/// is told there, not here. Errors: `Invalid(email)`, `Invalid(password)`, `RateLimited`.
pub async fn change_email(core: &Core, person: Person, password: &str, email: &str) -> Result<(), AppError> {
    let email = email.parse::<Email>().map_err(|code| AppError::invalid("email", code))?;
    let account = ask_password(core, person, "password", password).await?;
    if account.email == email.as_str() {
        return Err(AppError::invalid("email", "email.same"));
    }
    if !may_write_to(core, email.as_str()).await? {
        return Err(AppError::RateLimited { retry_after_s: 3600 });
    }
    let (now, token) = (core.clock.now(), crypto::token());
    let mut tx = SystemTx::begin(core, "a person's own account").await?;
    match store::find_by_email(&mut tx, email.as_str()).await? {
        Some(known) => mails::already_registered(&mut tx, core, (&known).into()).await?,
        None => {
            store::insert_link(&mut tx, &crypto::token_hash(&token), account.id, "change_email", Some(email.as_str()), now + CONFIRM_FOR)
                .await?;
            mails::confirm_new_address(&mut tx, core, mails::Reader { email: email.as_str(), ..(&account).into() }, &token, CONFIRM_FOR)
                .await?;
        }
    }
    mails::address_changed(&mut tx, core, (&account).into(), email.as_str()).await?;
    tx.commit().await?;
    Ok(())
}

/// Writes the confirmation once more. Errors: `Conflict("email_is_confirmed")`, `RateLimited`.
pub async fn resend_confirmation(core: &Core, person: Person) -> Result<(), AppError> {
    let mut tx = SystemTx::begin(core, "a person's own account").await?;
    let account = store::lock(&mut tx, person.account).await?.ok_or(AppError::Unauthenticated)?;
    if account.email_confirmed_at.is_some() {
        return Err(AppError::conflict("email_is_confirmed"));
    }
    if !may_write_to(core, &account.email).await? {
        return Err(AppError::RateLimited { retry_after_s: u32::try_from(Duration::hours(1).num_seconds()).unwrap_or(3600) });
    }
    let token = crypto::token();
    store::insert_link(&mut tx, &crypto::token_hash(&token), account.id, "confirm", None, core.clock.now() + CONFIRM_FOR).await?;
    mails::confirm_address(&mut tx, core, (&account).into(), &token, CONFIRM_FOR).await?;
    tx.commit().await?;
    Ok(())
}

/// What the organisation's settings show. Errors: `Forbidden`.
pub async fn read_organisation(scope: &OrgScope) -> Result<Organisation, AppError> {
    let mut tx = scope.begin(Permission::OrgManage).await?;
    let organisation = store::read_org(&mut tx).await?;
    tx.commit().await?;
    Ok(organisation)
}

/// Keeps the language a person chose in the menu.
pub async fn keep_language(core: &Core, account: AccountId, language: &str) -> Result<(), AppError> {
    let mut tx = SystemTx::begin(core, "a chosen language").await?;
    store::set_language(&mut tx, account, language).await?;
    Ok(tx.commit().await?)
}

/// Keeps them. Errors: `Forbidden`; `Invalid(name)`, `Invalid(timezone)`, `Invalid(locale)`.
pub async fn save_organisation(scope: &OrgScope, name: &str, timezone: &str, locale: &str) -> Result<(), AppError> {
    scope.require(Permission::OrgManage)?;
    let mut wrong = FieldErrors::default();
    let name = parse_name(name, 120).map_err(|code| wrong.add("name", code)).unwrap_or_default();
    if timezone.parse::<chrono_tz::Tz>().is_err() {
        wrong.add("timezone", "timezone.unknown");
    }
    let Some(locale) = known_locale(locale, &mut wrong) else { return Err(wrong.into()) };
    wrong.into_result()?;
    let mut tx = scope.begin(Permission::OrgManage).await?;
    store::save_org(&mut tx, &name, timezone, locale.code()).await?;
    tx.commit().await
}
