//! `/settings/team`: who belongs to the organisation, who is invited, and what each role may do.

use super::{
    domains::DomainsCard,
    import_dialog::ImportDialog,
    invitations::{Invitations, InviteCard},
    limits::LimitDialog,
    model::*,
    parts::{Desk, role_name},
    roles::RolesCard,
    rpc::{hand_over, leave_team, read_team, remove_member, set_role},
    why::WhyDialog,
};
use crate::{
    account::settings_tabs,
    i18n::{t, t_count, t_with, words as w},
    kit::*,
    shared::{
        error::AppError,
        permission::{Permission, Role, RoleChoice},
    },
};
use leptos::{prelude::*, task::spawn_local};

pub(super) type TeamRead = Resource<Result<Team, AppError>>;

/// The team.
#[component]
pub fn TeamPage() -> impl IntoView {
    let desk = Desk::new();
    let team = Resource::new(move || desk.changes.get(), |_| read_team());
    let manages = may(Permission::TeamManage);
    view! {
        <PageFrame title=t(w::ACCOUNT_SETTINGS)>
            <LinkTabs label=t(w::ACCOUNT_SETTINGS) tabs=settings_tabs("/settings/team")/>
            <PageHead title=t(w::TEAM_TITLE) text=t(w::TEAM_TEXT)/>
            {manages.then(|| view! { <InviteCard team desk/> })}
            <section class="card">
                <header><h2>{t(w::TEAM_MEMBERS)}</h2></header>
                <Loaded resource=team skeleton=rows_skeleton(4) let:team><Members team desk/></Loaded>
            </section>
            {manages.then(|| view! { <Invitations team desk/> })}
            {manages.then(|| view! { <DomainsCard/> })}
            <RolesCard team desk/>
            {manages.then(|| view! { <LimitDialog team desk/> <ImportDialog team desk/> })}
            <WhyDialog desk/>
        </PageFrame>
    }
    .into_any()
}

/// Does something to the team, says so or why not, and reads it anew.
pub(super) fn act<F>(desk: Desk, toasts: Toaster, said: String, done: F)
where
    F: Future<Output = Result<(), AppError>> + 'static,
{
    spawn_local(async move {
        match done.await {
            Ok(()) => toasts.say(said),
            Err(error) => toasts.fail(&error),
        }
        desk.changed();
    });
}

#[component]
fn Members(team: Team, desk: Desk) -> impl IntoView {
    let owners = team.members.iter().filter(|member| member.role == Role::Owner).count();
    let (me, may_give, now, own_roles) = (team.me, team.may_give, team.now, team.own_roles);
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
                    <td>
                        <RoleOf member=member.clone() may_give=may_give.clone() own_roles=own_roles.clone() is_last desk/>
                        {member.assistants.as_ref().map(|ids| view! {
                            <div class="small muted">{t_count(w::TEAM_LIMITED, i64::try_from(ids.len()).unwrap_or(i64::MAX))}</div>
                        })}
                    </td>
                    <td class="nowrap muted"><When at=member.joined_at now/></td>
                    <td class="fit r"><Ways member is_me is_last may_give=may_give.clone() desk/></td>
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
fn RoleOf(member: Member, may_give: Vec<RoleChoice>, own_roles: Vec<OwnRole>, is_last: bool, desk: Desk) -> impl IntoView {
    let toasts = use_toasts();
    let current = member.choice();
    if is_last || !may_give.contains(&current) {
        return view! { <span>{role_name(current, &own_roles)}</span> }.into_any();
    }
    let account = member.account;
    let label = t_with(w::TEAM_ROLE_OF, &[("name", &member.name)]);
    let options = may_give
        .into_iter()
        .map(|role| view! { <option value=role.to_string() selected=role == current>{role_name(role, &own_roles)}</option> })
        .collect_view();
    let choose = move |event| {
        let Ok(role) = event_target_value(&event).parse::<RoleChoice>() else { return };
        let said = t_with(w::TEAM_ROLE_SAID, &[("name", &member.name), ("role", &role_name(role, &own_roles))]);
        act(desk, toasts, said, set_role(account, role));
    };
    view! { <select class="input team-role" aria-label=label on:change=choose>{options}</select> }.into_any()
}

/// What can be done about somebody: hand over, remove, or leave when it is oneself.
#[component]
fn Ways(member: Member, is_me: bool, is_last: bool, may_give: Vec<RoleChoice>, desk: Desk) -> impl IntoView {
    let toasts = use_toasts();
    let account = member.account;
    let said = |key| t_with(key, &[("name", &member.name)]);
    let why = view! { <WhyButton member=member.clone() desk/> };
    if is_me {
        let leave = move |()| {
            spawn_local(async move {
                match leave_team().await {
                    Ok(()) => open_anew(),
                    Err(error) => toasts.fail(&error),
                }
            });
        };
        let leave = (!is_last)
            .then(|| view! { <ConfirmButton size=ButtonSize::Small on_confirm=Callback::new(leave)>{t(w::TEAM_LEAVE)}</ConfirmButton> });
        return view! { <span class="row g1 end">{why}{leave}</span> }.into_any();
    }
    if !may_give.contains(&member.choice()) {
        return why.into_any();
    }
    let (over, removed) = (said(w::TEAM_HANDED_OVER), said(w::TEAM_REMOVED));
    let is_owner = member.role == Role::Owner;
    let hand = (may_give.contains(&RoleChoice::Given(Role::Owner)) && !is_owner).then(|| {
        view! {
            <ConfirmButton size=ButtonSize::Small on_confirm=Callback::new(move |()| act(desk, toasts, over.clone(), hand_over(account)))>
                {t(w::TEAM_HAND_OVER)}
            </ConfirmButton>
        }
    });
    let limited = member.clone();
    let limit = move |_| {
        desk.limited.set(Some(limited.clone()));
        desk.is_limiting.set(true);
    };
    let limit = (!is_owner).then(|| {
        view! { <Button size=ButtonSize::Small kind=ButtonKind::Ghost attr:aria-haspopup="dialog" on:click=limit>{t(w::TEAM_LIMIT)}</Button> }
    });
    view! {
        <span class="row g1 end">
            {why}
            {limit}
            {hand}
            <ConfirmButton size=ButtonSize::Small on_confirm=Callback::new(move |()| act(desk, toasts, removed.clone(), remove_member(account)))>
                {t(w::TEAM_REMOVE)}
            </ConfirmButton>
        </span>
    }
    .into_any()
}

#[component]
fn WhyButton(member: Member, desk: Desk) -> impl IntoView {
    let label = t_with(w::TEAM_WHY_TITLE, &[("name", &member.name)]);
    let ask = move |_| {
        desk.asked.set(Some((member.account, member.name.clone())));
        desk.is_asking.set(true);
    };
    view! { <IconButton icon=icondata::LuCircleHelp label kind=ButtonKind::Ghost attr:aria-haspopup="dialog" on:click=ask/> }.into_any()
}
