//! Inviting people, and those who have not answered.

use super::{
    model::*,
    page::{TeamRead, act},
    parts::{Desk, role_name},
    rpc::{Invite, resend_invitation, revoke_invitation},
};
use crate::{
    i18n::{t, t_count, t_with, words as w},
    kit::*,
    shared::permission::{Role, RoleChoice},
};
use chrono::{DateTime, Utc};
use leptos::{form::ActionForm, prelude::*, task::spawn_local};

/// Addresses and a role. The links are shown once, for who would rather send them by other means.
#[component]
pub fn InviteCard(team: TeamRead, desk: Desk) -> impl IntoView {
    let invite = ServerAction::<Invite>::new();
    Effect::new(move || {
        if let Some(Ok(_)) = invite.value().get() {
            desk.changed();
        }
    });
    let errors = action_fields(invite);
    let fresh = move || {
        let made = invite.value().get().and_then(Result::ok);
        made.map(|made| {
            let links = made.iter().map(|one| view! { <FreshLink email=one.email.clone() url=one.url.clone()/> }).collect_view();
            view! {
                <Callout tone=Tone::Ok title=t_count(w::TEAM_INVITED, i64::try_from(made.len()).unwrap_or(i64::MAX))>
                    <p>{t(w::TEAM_LINKS)}</p>
                    <ul class="stack g2">{links}</ul>
                </Callout>
            }
        })
    };
    view! {
        <section class="card" aria-labelledby="h-invite">
            <header>
                <h2 id="h-invite">{t(w::TEAM_INVITE)}</h2>
                <Button size=ButtonSize::Small icon=icondata::LuUpload attr:aria-haspopup="dialog" on:click=move |_| desk.is_importing.set(true)>{t(w::TEAM_LIST)}</Button>
            </header>
            <div class="body">
                <div role="status">{fresh}</div>
                <ActionForm action=invite attr:class="stack g4">
                    <FormErrors error=action_error(invite)/>
                    <div class="cols">
                        <TextArea name="form[emails]" label=t(w::TEAM_EMAILS) hint=t(w::TEAM_EMAILS_HINT) value=String::new() rows=2_u32 errors/>
                        <Loaded resource=team let:team>
                            <Select name="form[role]" label=t(w::TEAM_ROLE) options=role_options(&team.may_give, &team.own_roles) value=Role::Agent.name().to_owned() errors/>
                        </Loaded>
                    </div>
                    <div class="row"><Button kind=ButtonKind::Primary submit=true pending=invite.pending() icon=icondata::LuSend>{t(w::TEAM_INVITE_DO)}</Button></div>
                </ActionForm>
            </div>
        </section>
    }
    .into_any()
}

fn role_options(roles: &[RoleChoice], own: &[OwnRole]) -> Vec<(String, String)> {
    roles.iter().map(|role| (role.to_string(), role_name(*role, own))).collect()
}

#[component]
fn FreshLink(email: String, url: String) -> impl IntoView {
    view! { <li class="row wrap"><span class="ltr">{email}</span> <CopyButton text=url size=ButtonSize::Small/></li> }.into_any()
}

/// Those who have not answered.
#[component]
pub fn Invitations(team: TeamRead, desk: Desk) -> impl IntoView {
    let fresh = RwSignal::new(None::<FreshInvitation>);
    let shown = move || fresh.get().map(|one| view! { <ul class="body"><FreshLink email=one.email url=one.url/></ul> });
    view! {
        <section class="card">
            <header><h2>{t(w::TEAM_OPEN)}</h2></header>
            <div role="status">{shown}</div>
            <Loaded resource=team skeleton=rows_skeleton(2) let:team><OpenList team desk fresh/></Loaded>
        </section>
    }
    .into_any()
}

#[component]
fn OpenList(team: Team, desk: Desk, fresh: RwSignal<Option<FreshInvitation>>) -> impl IntoView {
    if team.invitations.is_empty() {
        return view! { <Empty kind=EmptyKind::Unused title=t(w::TEAM_OPEN_EMPTY) text=t(w::TEAM_OPEN_EMPTY_TEXT)/> }.into_any();
    }
    let (now, own_roles) = (team.now, team.own_roles);
    let rows = team
        .invitations
        .into_iter()
        .map(|invitation| view! { <OpenRow invitation now own_roles=own_roles.clone() desk fresh/> })
        .collect_view();
    view! {
        <Table label=t(w::TEAM_OPEN)>
            <thead>
                <tr>
                    <th scope="col">{t(w::TEAM_EMAIL)}</th>
                    <th scope="col">{t(w::TEAM_ROLE)}</th>
                    <th scope="col">{t(w::TEAM_SENT)}</th>
                    <th scope="col">{t(w::TEAM_GOOD_UNTIL)}</th>
                    <th><span class="sr">{t(w::TEAM_ACTIONS)}</span></th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </Table>
    }
    .into_any()
}

#[component]
fn OpenRow(
    invitation: Invitation,
    now: DateTime<Utc>,
    own_roles: Vec<OwnRole>,
    desk: Desk,
    fresh: RwSignal<Option<FreshInvitation>>,
) -> impl IntoView {
    let toasts = use_toasts();
    let id = invitation.id;
    let by = invitation.invited_by.map(|name| t_with(w::TEAM_INVITED_BY, &[("name", &name)]));
    let until = if invitation.expires_at <= now {
        view! { <Badge tone=Tone::Warn>{t(w::TEAM_EXPIRED)}</Badge> }.into_any()
    } else {
        view! { <When at=invitation.expires_at now/> }.into_any()
    };
    let taken_back = t_with(w::TEAM_TAKEN_BACK, &[("email", &invitation.email)]);
    let resend = move |_| {
        spawn_local(async move {
            match resend_invitation(id).await {
                Ok(again) => {
                    toasts.say(t_with(w::TEAM_RESENT, &[("email", &again.email)]));
                    fresh.set(Some(again));
                }
                Err(error) => toasts.fail(&error),
            }
            desk.changed();
        });
    };
    view! {
        <tr>
            <th scope="row"><span class="ltr">{invitation.email}</span> <div class="small muted">{by}</div></th>
            <td>{role_name(invitation.role, &own_roles)}</td>
            <td class="nowrap muted"><RelativeTime at=invitation.sent_at now/></td>
            <td class="nowrap">{until}</td>
            <td class="fit r">
                <span class="row g1">
                    <Button size=ButtonSize::Small kind=ButtonKind::Ghost on:click=resend>{t(w::TEAM_RESEND)}</Button>
                    <ConfirmButton size=ButtonSize::Small on_confirm=Callback::new(move |()| act(desk, toasts, taken_back.clone(), revoke_invitation(id)))>
                        {t(w::TEAM_REVOKE)}
                    </ConfirmButton>
                </span>
            </td>
        </tr>
    }
    .into_any()
}
