//! `/settings/team`: who belongs to the organisation, who is invited, and what each role may do.

use super::{
    invitations::{Invitations, InviteCard},
    matrix::Matrix,
    model::*,
    rpc::{hand_over, leave_team, read_team, remove_member, set_role},
};
use crate::{
    account::settings_tabs,
    i18n::{t, t_with, words as w},
    kit::*,
    shared::{
        error::AppError,
        permission::{Permission, Role},
    },
};
use leptos::{prelude::*, task::spawn_local};

/// The team.
#[component]
pub fn TeamPage() -> impl IntoView {
    let changes = RwSignal::new(0_u32);
    let team = Resource::new(move || changes.get(), |_| read_team());
    let manages = may(Permission::TeamManage);
    view! {
        <PageFrame title=t(w::ACCOUNT_SETTINGS)>
            <LinkTabs label=t(w::ACCOUNT_SETTINGS) tabs=settings_tabs("/settings/team")/>
            <PageHead title=t(w::TEAM_TITLE) text=t(w::TEAM_TEXT)/>
            {manages.then(|| view! { <InviteCard team changes/> })}
            <section class="card">
                <header><h2>{t(w::TEAM_MEMBERS)}</h2></header>
                <Loaded resource=team skeleton=rows_skeleton(4) let:team><Members team changes/></Loaded>
            </section>
            {manages.then(|| view! { <Invitations team changes/> })}
            <Matrix/>
        </PageFrame>
    }
    .into_any()
}

/// Does something to the team, says so or why not, and reads it anew.
pub(super) fn act<F>(changes: RwSignal<u32>, toasts: Toaster, said: String, done: F)
where
    F: Future<Output = Result<(), AppError>> + 'static,
{
    spawn_local(async move {
        match done.await {
            Ok(()) => toasts.say(said),
            Err(error) => toasts.fail(&error),
        }
        changes.update(|n| *n += 1);
    });
}

#[component]
fn Members(team: Team, changes: RwSignal<u32>) -> impl IntoView {
    let owners = team.members.iter().filter(|member| member.role == Role::Owner).count();
    let (me, may_give, now) = (team.me, team.may_give, team.now);
    let rows = team
        .members
        .into_iter()
        .map(|member| {
            let is_me = me == Some(member.account);
            let is_last = member.role == Role::Owner && owners == 1;
            view! {
                <tr>
                    <th scope="row">
                        <span class="row g2">
                            <Avatar name=member.name.clone()/>
                            <span class="stack g1 team-who">
                                <span>{member.name.clone()} {is_me.then(|| view! { " " <Badge>{t(w::TEAM_YOU)}</Badge> })}</span>
                                <span class="small muted ltr">{member.email.clone()}</span>
                            </span>
                        </span>
                    </th>
                    <td><RoleOf member=member.clone() may_give=may_give.clone() is_last changes/></td>
                    <td class="nowrap muted"><When at=member.joined_at now/></td>
                    <td class="fit r"><Ways member is_me is_last may_give=may_give.clone() changes/></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Table label=t(w::TEAM_MEMBERS)>
            <thead>
                <tr>
                    <th scope="col">{t(w::TEAM_NAME)}</th>
                    <th scope="col">{t(w::TEAM_ROLE)}</th>
                    <th scope="col">{t(w::TEAM_JOINED)}</th>
                    <th><span class="sr">{t(w::TEAM_ACTIONS)}</span></th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </Table>
    }
    .into_any()
}

/// The role, to be chosen by who may; it counts from the moment it is chosen.
#[component]
fn RoleOf(member: Member, may_give: Vec<Role>, is_last: bool, changes: RwSignal<u32>) -> impl IntoView {
    let toasts = use_toasts();
    if is_last || !may_give.contains(&member.role) {
        return view! { <span>{t(role_key(member.role))}</span> }.into_any();
    }
    let account = member.account;
    let label = t_with(w::TEAM_ROLE_OF, &[("name", &member.name)]);
    let options = may_give
        .into_iter()
        .map(|role| view! { <option value=role.name() selected=role == member.role>{t(role_key(role))}</option> })
        .collect_view();
    let choose = move |event| {
        let Ok(role) = event_target_value(&event).parse::<Role>() else { return };
        let said = t_with(w::TEAM_ROLE_SAID, &[("name", &member.name), ("role", t(role_key(role)))]);
        act(changes, toasts, said, set_role(account, role));
    };
    view! { <select class="input team-role" aria-label=label on:change=choose>{options}</select> }.into_any()
}

/// What can be done about somebody: hand over, remove, or leave when it is oneself.
#[component]
fn Ways(member: Member, is_me: bool, is_last: bool, may_give: Vec<Role>, changes: RwSignal<u32>) -> impl IntoView {
    let toasts = use_toasts();
    let account = member.account;
    let said = |key| t_with(key, &[("name", &member.name)]);
    if is_me {
        let leave = move |()| {
            spawn_local(async move {
                match leave_team().await {
                    Ok(()) => open_anew(),
                    Err(error) => toasts.fail(&error),
                }
            });
        };
        return (!is_last)
            .then(|| view! { <ConfirmButton size=ButtonSize::Small on_confirm=Callback::new(leave)>{t(w::TEAM_LEAVE)}</ConfirmButton> })
            .into_any();
    }
    if !may_give.contains(&member.role) {
        return ().into_any();
    }
    let (over, removed) = (said(w::TEAM_HANDED_OVER), said(w::TEAM_REMOVED));
    let hand = (may_give.contains(&Role::Owner) && member.role != Role::Owner).then(|| {
        view! {
            <ConfirmButton size=ButtonSize::Small on_confirm=Callback::new(move |()| act(changes, toasts, over.clone(), hand_over(account)))>
                {t(w::TEAM_HAND_OVER)}
            </ConfirmButton>
        }
    });
    view! {
        <span class="row g1">
            {hand}
            <ConfirmButton size=ButtonSize::Small on_confirm=Callback::new(move |()| act(changes, toasts, removed.clone(), remove_member(account)))>
                {t(w::TEAM_REMOVE)}
            </ConfirmButton>
        </span>
    }
    .into_any()
}
