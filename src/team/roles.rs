//! What each role may do, straight from the rules the server goes by; and the organisation's own roles, made by ticking.

use super::{
    model::*,
    page::{TeamRead, act},
    parts::Desk,
    rpc::{SaveRole, delete_role},
};
use crate::{
    api_keys::scope_word,
    i18n::{t, t_count, t_with, words as w},
    kit::*,
    shared::permission::{Permission, Permissions, Role, RoleChoice},
};
use leptos::{form::ActionForm, prelude::*};

/// The organisation's own roles, and the table of all.
#[component]
pub fn RolesCard(team: TeamRead, desk: Desk) -> impl IntoView {
    let manages = may(Permission::TeamManage);
    let make = move |_| {
        desk.edited.set(None);
        desk.is_editing.set(true);
    };
    view! {
        <section class="card" aria-labelledby="h-roles">
            <header class="row">
                <h2 id="h-roles" class="grow">{t(w::TEAM_ROLES)}</h2>
                {manages.then(|| view! {
                    <Button size=ButtonSize::Small icon=icondata::LuPlus attr:aria-haspopup="dialog" on:click=make>{t(w::TEAM_ROLE_NEW)}</Button>
                })}
            </header>
            <Loaded resource=team skeleton=rows_skeleton(2) let:team>
                <OwnRoles roles=team.own_roles.clone() desk manages/>
                <Matrix own=team.own_roles may_view=manages/>
            </Loaded>
        </section>
        {manages.then(|| view! { <RoleDialog team desk/> })}
    }
    .into_any()
}

#[component]
fn OwnRoles(roles: Vec<OwnRole>, desk: Desk, manages: bool) -> impl IntoView {
    if roles.is_empty() {
        return view! { <p class="body muted">{t(w::TEAM_ROLES_EMPTY)}</p> }.into_any();
    }
    let rows = roles.into_iter().map(|role| view! { <OwnRoleRow role desk manages/> }).collect_view();
    view! {
        <Table label=t(w::TEAM_ROLES)>
            <thead>
                <tr>
                    <th scope="col">{t(w::TEAM_ROLE)}</th>
                    <th scope="col">{t(w::TEAM_MAY)}</th>
                    <th scope="col">{t(w::TEAM_MEMBERS)}</th>
                    <th><span class="sr">{t(w::TEAM_ACTIONS)}</span></th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </Table>
    }
    .into_any()
}

#[component]
fn OwnRoleRow(role: OwnRole, desk: Desk, manages: bool) -> impl IntoView {
    let toasts = use_toasts();
    let (id, edited) = (role.id, role.clone());
    let edit = move |_| {
        desk.edited.set(Some(edited.clone()));
        desk.is_editing.set(true);
    };
    let gone = t_with(w::TEAM_ROLE_GONE, &[("name", &role.name)]);
    let ways = manages.then(|| {
        view! {
            <span class="row g1 end">
                <Button size=ButtonSize::Small kind=ButtonKind::Ghost attr:aria-haspopup="dialog" on:click=edit>{t(w::TEAM_ROLE_EDIT)}</Button>
                <ConfirmButton size=ButtonSize::Small on_confirm=Callback::new(move |()| act(desk, toasts, gone.clone(), delete_role(id)))>
                    {t(w::TEAM_ROLE_DELETE)}
                </ConfirmButton>
            </span>
        }
    });
    view! {
        <tr>
            <th scope="row">{role.name}</th>
            <td class="muted">{t_count(w::TEAM_PERMISSIONS, i64::try_from(role.permissions.len()).unwrap_or(i64::MAX))}</td>
            <td class="muted">{t_count(w::TEAM_HOLDERS, role.members)}</td>
            <td class="fit r">{ways}</td>
        </tr>
    }
    .into_any()
}

/// Permissions down, roles across. Who manages the team may see Zencall as any of them.
#[component]
fn Matrix(own: Vec<OwnRole>, may_view: bool) -> impl IntoView {
    let given = Role::ALL.iter().map(|role| (RoleChoice::Given(*role), t(role_key(*role)).to_owned(), Permissions::from(*role)));
    let ours = own.into_iter().map(|role| (RoleChoice::Own(role.id), role.name, role.permissions.into_iter().collect()));
    let roles: Vec<(RoleChoice, String, Permissions)> = given.chain(ours).collect();
    let heads = roles.iter().map(|(_, name, _)| view! { <th scope="col">{name.clone()}</th> }).collect_view();
    let rows = Permission::ALL
        .iter()
        .map(|permission| {
            let cells = roles.iter().map(|(_, _, permissions)| cell(permissions.has(*permission))).collect_view();
            view! { <tr><th scope="row">{t(scope_word(*permission))} <div class="small faint ltr">{permission.name()}</div></th>{cells}</tr> }
        })
        .collect_view();
    let views = may_view.then(|| {
        let cells = roles.iter().map(|(role, name, _)| view! { <td><ViewAs role=*role name=name.clone()/></td> }).collect_view();
        view! { <tr><th scope="row">{t(w::TEAM_VIEW_AS)} <div class="small faint">{t(w::TEAM_VIEW_AS_TEXT)}</div></th>{cells}</tr> }
    });
    view! {
        <details class="fold team-matrix">
            <summary>{t(w::TEAM_MATRIX)}</summary>
            <p class="body muted">{t(w::TEAM_MATRIX_TEXT)}</p>
            <Table label=t(w::TEAM_MATRIX)>
                <thead><tr><th scope="col">{t(w::TEAM_MAY)}</th>{heads}</tr></thead>
                <tbody>{rows}{views}</tbody>
            </Table>
        </details>
    }
    .into_any()
}

/// A form, as switching the organisation is: everything on the page changes with it.
#[component]
fn ViewAs(role: RoleChoice, name: String) -> impl IntoView {
    view! {
        <form method="post" action="/view-as">
            <input type="hidden" name="role" value=role.to_string()/>
            <button class="btn ghost sm icon" aria-label=t_with(w::TEAM_VIEW_AS_ROLE, &[("name", &name)])>
                <Icon icon=icondata::LuEye small=true/>
            </button>
        </form>
    }
    .into_any()
}

fn cell(may: bool) -> AnyView {
    if may {
        view! { <td><span class="t ok"><Icon icon=icondata::LuCheck small=true/></span><span class="sr">{t(w::TEAM_YES)}</span></td> }
            .into_any()
    } else {
        view! { <td><span class="faint" aria-hidden="true">"–"</span><span class="sr">{t(w::TEAM_NO)}</span></td> }.into_any()
    }
}

/// The form of a role, new or known.
#[component]
fn RoleDialog(team: TeamRead, desk: Desk) -> impl IntoView {
    let toasts = use_toasts();
    let save = ServerAction::<SaveRole>::new();
    Effect::new(move || {
        if save.version().get() > 0
            && let Some(Ok(())) = save.value().get_untracked()
        {
            save.clear();
            desk.is_editing.set(false);
            desk.changed();
            toasts.say(t(w::TEAM_ROLE_SAVED).to_owned());
        }
    });
    Effect::new(move || {
        if desk.is_editing.get() {
            save.clear();
        }
    });
    let errors = action_fields(save);
    let wrong = move || errors.with(|errors| errors.get("permissions").map(field_message));
    let title = Signal::derive(move || match desk.edited.get() {
        Some(role) => t_with(w::TEAM_ROLE_EDIT_TITLE, &[("name", &role.name)]),
        None => t(w::TEAM_ROLE_NEW).to_owned(),
    });
    view! {
        <Dialog open=desk.is_editing title shape=DialogShape::Drawer>
            <ActionForm action=save attr:class="answer-form">
                <div class="body stack g4">
                    <FormErrors error=action_error(save)/>
                    <RoleFields team desk errors wrong=Signal::derive(wrong)/>
                </div>
                <footer>
                    <Button on:click=move |_| desk.is_editing.set(false)>{t(w::TEAM_CANCEL)}</Button>
                    <Button kind=ButtonKind::Primary submit=true pending=save.pending()>{t(w::TEAM_ROLE_SAVE)}</Button>
                </footer>
            </ActionForm>
        </Dialog>
    }
    .into_any()
}

#[component]
fn RoleFields(
    team: TeamRead,
    desk: Desk,
    errors: Signal<crate::shared::error::FieldErrors>,
    wrong: Signal<Option<String>>,
) -> impl IntoView {
    let edited = desk.edited.get_untracked();
    let (name, ticked) = edited.as_ref().map(|role| (role.name.clone(), role.permissions.clone())).unwrap_or_default();
    let holders = edited.as_ref().filter(|role| role.members > 0).map(|role| t_count(w::TEAM_ROLE_COUNTS_AT_ONCE, role.members));
    view! {
        {edited.map(|role| view! { <input type="hidden" name="id" value=role.id.to_string()/> })}
        <TextInput name="form[name]" label=t(w::TEAM_ROLE_NAME) value=name required=true maxlength=40_u32 errors/>
        {holders.map(|text| view! { <p class="small muted">{text}</p> })}
        <fieldset class="stack g2">
            <legend class="label">{t(w::TEAM_MAY)}</legend>
            <p class="small t bad" role="alert">{move || wrong.get()}</p>
            <Loaded resource=team let:team>
                {team.may_grant.iter().map(|permission| view! { <Tick permission=*permission is_on=ticked.contains(permission)/> }).collect_view()}
            </Loaded>
        </fieldset>
    }
    .into_any()
}

#[component]
fn Tick(permission: Permission, is_on: bool) -> impl IntoView {
    view! {
        <label class="check">
            <input type="checkbox" name="form[permissions][]" value=permission.name() checked=is_on/>
            <span>{t(scope_word(permission))} " " <code class="small muted ltr">{permission.name()}</code></span>
        </label>
    }
    .into_any()
}
