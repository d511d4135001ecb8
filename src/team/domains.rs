//! Mail domains of the organisation: whoever has a confirmed address in one may join. Claimed by a record in DNS. What both targets see, the
//! doors and the cards.

use super::parts::role_name;
use crate::{
    error_glue::Json,
    i18n::{t, t_with, words as w},
    kit::*,
    shared::{
        error::{AppError, FieldErrors},
        ids::{MailDomainId, OrgId},
        permission::{Role, RoleChoice},
    },
};
use chrono::{DateTime, Utc};
use leptos::{form::ActionForm, prelude::*, task::spawn_local};
use serde::{Deserialize, Serialize};

/// How many domains an organisation may claim.
pub const MOST_DOMAINS: usize = 20;

/// Why a domain is not ours yet, or soon no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DomainTrouble {
    /// The record is not there.
    Missing,
    /// DNS did not answer.
    Unreachable,
    /// Another organisation has it.
    Held,
}

impl DomainTrouble {
    /// Its name in rows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unreachable => "unreachable",
            Self::Held => "held",
        }
    }

    /// Reads a row.
    pub fn of(name: &str) -> Option<Self> {
        [Self::Missing, Self::Unreachable, Self::Held].into_iter().find(|trouble| trouble.name() == name)
    }
}

/// A domain the organisation has claimed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailDomain {
    pub id: MailDomainId,
    pub domain: String,
    /// The TXT record that proves it.
    pub record: String,
    /// Of who joins by it.
    pub role: Role,
    /// Absent: not proven.
    pub verified_at: Option<DateTime<Utc>>,
    pub checked_at: Option<DateTime<Utc>>,
    pub trouble: Option<DomainTrouble>,
}

/// Those that are claimed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailDomains {
    /// By name.
    pub domains: Vec<MailDomain>,
    /// Roles the reader may promise.
    pub may_give: Vec<Role>,
    pub now: DateTime<Utc>,
}

/// A domain to claim, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DomainForm {
    pub domain: String,
    pub domain_role: String,
}

/// Reads a domain: `tilleuls.fr`, in lower case. Errors: `Invalid(domain)`.
pub fn parse_domain(text: &str) -> Result<String, AppError> {
    let domain = text.trim().trim_start_matches('@').trim_end_matches('.').to_lowercase();
    if is_domain(&domain) { Ok(domain) } else { Err(AppError::invalid("domain", "team.domain")) }
}

impl DomainForm {
    /// Reads the form. Errors: `Invalid`, each field by its name.
    pub fn parse(&self) -> Result<(String, Role), AppError> {
        let mut wrong = FieldErrors::default();
        let domain = parse_domain(&self.domain).map_err(|_| wrong.add("domain", "team.domain")).unwrap_or_default();
        let role = self.domain_role.parse::<Role>().ok().filter(|role| *role != Role::Owner);
        let role = role.ok_or_else(|| wrong.add("domain_role", "team.role"));
        match role {
            Ok(role) if wrong.is_empty() => Ok((domain, role)),
            _ => Err(wrong.into()),
        }
    }
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let end_is_name = text.rsplit('.').next().is_some_and(|end| end.chars().any(|letter| letter.is_ascii_lowercase()));
    text.len() <= 253 && text.contains('.') && end_is_name && text.split('.').all(is_label)
}

/// An organisation the reader may join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    pub org: OrgId,
    pub organisation: String,
    pub domain: String,
    pub role: Role,
}

/// The organisation's domains.
#[server(output = Json)]
pub async fn read_domains() -> Result<MailDomains, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::domains(&OrgScope::of_request().await?).await
}

/// Claims a domain; one that is claimed already gets the role alone. Errors: `Invalid`; `Conflict("domain_limit")`, `Conflict("above_you")`.
#[server(output = Json)]
pub async fn claim_domain(#[server(default)] form: DomainForm) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope, crate::shared::permission::Permission};
    let scope = OrgScope::of_request().await?;
    scope.require(Permission::TeamManage)?; // before a word is said about the form
    let (domain, role) = form.parse()?;
    actions::claim_domain(&scope, &domain, role).await.map(|_| ())
}

/// Looks for the record now. Errors: `NotFound`; `RateLimited`.
#[server(output = Json)]
pub async fn check_domain(id: MailDomainId) -> Result<MailDomain, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::check_domain(&OrgScope::of_request().await?, id).await
}

/// Gives a domain up; who has joined by it stays. Errors: `NotFound`.
#[server(output = Json)]
pub async fn release_domain(id: MailDomainId) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::release_domain(&OrgScope::of_request().await?, id).await
}

/// Organisations the reader may join by their address. Errors: `Unauthenticated`.
#[server(output = Json)]
pub async fn read_offers() -> Result<Vec<Offer>, AppError> {
    use super::server::actions;
    let person = crate::account::server::actions::Person::of_request()?;
    actions::offers(&expect_context::<crate::platform::Core>(), person.account).await
}

/// Claiming a domain, and those that are claimed.
#[component]
pub fn DomainsCard() -> impl IntoView {
    let claim = ServerAction::<ClaimDomain>::new();
    let changes = RwSignal::new(0_u32);
    let domains = Resource::new(move || (claim.version().get(), changes.get()), |_| read_domains());
    let errors = action_fields(claim);
    view! {
        <section class="card team-domains" aria-labelledby="h-domains">
            <header><h2 id="h-domains">{t(w::TEAM_DOMAINS)}</h2></header>
            <div class="body stack g4">
                <p class="muted">{t(w::TEAM_DOMAINS_TEXT)}</p>
                <ActionForm action=claim attr:class="stack g4">
                    <FormErrors error=action_error(claim)/>
                    <div class="cols">
                        <TextInput name="form[domain]" label=t(w::TEAM_DOMAIN) placeholder="tilleuls.fr" maxlength=253u32 required=true errors/>
                        <Loaded resource=domains let:domains>
                            <Select name="form[domain_role]" label=t(w::TEAM_DOMAIN_ROLE) options=role_options(&domains.may_give) value=Role::ReadOnly.name().to_owned() errors/>
                        </Loaded>
                    </div>
                    <div class="row"><Button submit=true pending=claim.pending()>{t(w::TEAM_DOMAIN_CLAIM)}</Button></div>
                </ActionForm>
            </div>
            <Loaded resource=domains skeleton=rows_skeleton(1) let:domains><DomainList domains changes/></Loaded>
        </section>
    }
    .into_any()
}

fn role_options(roles: &[Role]) -> Vec<(String, String)> {
    roles.iter().map(|role| (role.name().to_owned(), t(role_key(*role)).to_owned())).collect()
}

#[component]
fn DomainList(domains: MailDomains, changes: RwSignal<u32>) -> impl IntoView {
    let now = domains.now;
    (!domains.domains.is_empty()).then(|| {
        let rows = domains.domains.into_iter().map(|domain| view! { <DomainRow domain now changes/> }).collect_view();
        view! {
            <Table label=t(w::TEAM_DOMAIN)>
                <thead>
                    <tr>
                        <th scope="col">{t(w::TEAM_DOMAIN)}</th>
                        <th scope="col" class="opt">{t(w::TEAM_ROLE)}</th>
                        <th scope="col">{t(w::TEAM_DOMAIN_STATE)}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </Table>
        }
    })
}

#[component]
fn DomainRow(domain: MailDomain, now: DateTime<Utc>, changes: RwSignal<u32>) -> impl IntoView {
    let toasts = use_toasts();
    let (id, name) = (domain.id, domain.domain.clone());
    let (tone, state) =
        if domain.verified_at.is_some() { (Tone::Ok, w::TEAM_DOMAIN_VERIFIED) } else { (Tone::Warn, w::TEAM_DOMAIN_PENDING) };
    let trouble = domain.trouble.map(|trouble| {
        let words = match trouble {
            DomainTrouble::Missing => w::TEAM_DOMAIN_MISSING,
            DomainTrouble::Unreachable => w::TEAM_DOMAIN_UNREACHABLE,
            DomainTrouble::Held => w::TEAM_DOMAIN_HELD,
        };
        view! { <div class="small">{t(words)}</div> }
    });
    let checked =
        domain.checked_at.map(|at| view! { <div class="small muted">{t(w::TEAM_DOMAIN_CHECKED)} " " <RelativeTime at now/></div> });
    let is_proven = domain.verified_at.is_some() && domain.trouble.is_none();
    let record = (!is_proven).then(|| {
        view! {
            <div class="stack g1 small">
                <span class="muted">{t(w::TEAM_DOMAIN_RECORD)}</span>
                <span class="row wrap g1"><code class="team-record">{domain.record.clone()}</code> <CopyButton text=domain.record.clone() size=ButtonSize::Small/></span>
            </div>
        }
    });
    let found = t_with(w::TEAM_DOMAIN_FOUND, &[("domain", &name)]);
    let not_found = t_with(w::TEAM_DOMAIN_NOT_FOUND, &[("domain", &name)]);
    let check = move |_| {
        let (found, not_found) = (found.clone(), not_found.clone());
        spawn_local(async move {
            match check_domain(id).await {
                Ok(told) if told.verified_at.is_some() && told.trouble.is_none() => toasts.say(found),
                Ok(_) => toasts.say(not_found),
                Err(error) => toasts.fail(&error),
            }
            changes.update(|changes| *changes += 1);
        });
    };
    let released = t_with(w::TEAM_DOMAIN_RELEASED, &[("domain", &name)]);
    let release = Callback::new(move |()| {
        let released = released.clone();
        spawn_local(async move {
            match release_domain(id).await {
                Ok(()) => toasts.say(released),
                Err(error) => toasts.fail(&error),
            }
            changes.update(|changes| *changes += 1);
        });
    });
    view! {
        <tr>
            <th scope="row"><span class="ltr">{name}</span>{record}</th>
            <td class="opt">{role_name(RoleChoice::Given(domain.role), &[])}</td>
            <td>
                <div class="stack g2">
                    <div><Badge tone>{t(state)}</Badge>{trouble}{checked}</div>
                    <div class="row wrap g1">
                        <Button size=ButtonSize::Small on:click=check>{t(w::TEAM_DOMAIN_CHECK)}</Button>
                        <ConfirmButton size=ButtonSize::Small on_confirm=release>{t(w::TEAM_DOMAIN_RELEASE)}</ConfirmButton>
                    </div>
                </div>
            </td>
        </tr>
    }
    .into_any()
}

/// Organisations that the reader's address lets them join: one press each, and nothing without it. Works before wasm: a form.
#[component]
pub fn OffersCard() -> impl IntoView {
    let offers = Resource::new_blocking(|| (), |()| read_offers());
    view! { <Loaded resource=offers skeleton=no_skeleton() let:offers>{offers.into_iter().map(offered).collect_view()}</Loaded> }.into_any()
}

fn no_skeleton() -> ViewFn {
    (|| ()).into()
}

fn offered(offer: Offer) -> AnyView {
    let role = t(role_key(offer.role));
    view! {
        <Callout tone=Tone::Info title=t_with(w::TEAM_OFFER, &[("organisation", &offer.organisation)])>
            <p>{t_with(w::TEAM_OFFER_TEXT, &[("domain", &offer.domain), ("role", role)])}</p>
            <form method="post" action="/join">
                <button class="btn sm" type="submit" name="org" value=offer.org.to_string()>{t(w::TEAM_JOIN_DO)}</button>
            </form>
        </Callout>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_read_however_it_is_typed() {
        let parse = |domain: &str| DomainForm { domain: domain.into(), domain_role: "read_only".into() }.parse();
        assert_eq!(parse(" @Tilleuls.FR. "), Ok(("tilleuls.fr".into(), Role::ReadOnly)));
        for bad in ["", "fr", "tilleuls", "tille uls.fr", "-a.fr", "a..fr", "192.0.2.1", "https://tilleuls.fr", "ines@tilleuls.fr"] {
            assert_eq!(parse(bad), Err(AppError::invalid("domain", "team.domain")), "{bad}");
        }
        let owner = DomainForm { domain: "tilleuls.fr".into(), domain_role: "owner".into() }.parse();
        assert_eq!(owner, Err(AppError::invalid("domain_role", "team.role")), "nobody becomes an owner by their address");
    }
}
