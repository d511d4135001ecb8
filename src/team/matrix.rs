//! What each role may do, straight from the rules the server goes by.

use crate::{
    api_keys::scope_word,
    i18n::{t, words as w},
    kit::*,
    shared::permission::{Permission, Role},
};
use leptos::prelude::*;

/// Permissions down, roles across.
#[component]
pub fn Matrix() -> impl IntoView {
    let heads = Role::ALL.iter().map(|role| view! { <th scope="col">{t(role_key(*role))}</th> }).collect_view();
    let rows = Permission::ALL
        .iter()
        .map(|permission| {
            let cells = Role::ALL.iter().map(|role| cell(role.may(*permission))).collect_view();
            view! { <tr><th scope="row">{t(scope_word(*permission))} <div class="small faint ltr">{permission.name()}</div></th>{cells}</tr> }
        })
        .collect_view();
    view! {
        <details class="card fold team-matrix">
            <summary>{t(w::TEAM_MATRIX)}</summary>
            <p class="body muted">{t(w::TEAM_MATRIX_TEXT)}</p>
            <Table label=t(w::TEAM_MATRIX)>
                <thead><tr><th scope="col">{t(w::TEAM_MAY)}</th>{heads}</tr></thead>
                <tbody>{rows}</tbody>
            </Table>
        </details>
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
