//! “Why may Inès do this?”: what somebody may do in the end, with the role and the limit it comes from.

use super::{
    model::{Verdict, Why},
    parts::Desk,
    rpc::read_why,
};
use crate::{
    api_keys::scope_word,
    i18n::{Key, t, t_with, words as w},
    kit::*,
    shared::error::AppError,
};
use leptos::prelude::*;

/// Everything somebody may do and may not, each with its reason.
#[component]
pub fn WhyDialog(desk: Desk) -> impl IntoView {
    let title = Signal::derive(move || {
        let name = desk.asked.with(|asked| asked.as_ref().map(|(_, name)| name.clone())).unwrap_or_default();
        t_with(w::TEAM_WHY_TITLE, &[("name", &name)])
    });
    view! { <Dialog open=desk.is_asking title shape=DialogShape::Drawer><div class="body stack g4"><Reasons desk/></div></Dialog> }
        .into_any()
}

#[component]
fn Reasons(desk: Desk) -> impl IntoView {
    let account = desk.asked.get_untracked().map(|(account, _)| account);
    let why = Resource::new(
        || (),
        move |()| async move {
            match account {
                Some(account) => read_why(account).await,
                None => Err(AppError::not_found("member")),
            }
        },
    );
    view! { <Loaded resource=why skeleton=rows_skeleton(6) let:why><Listed why/></Loaded> }.into_any()
}

#[component]
fn Listed(why: Why) -> impl IntoView {
    let role = why.own_role.unwrap_or_else(|| t(role_key(why.member.role)).to_owned());
    let limit = match &why.assistants {
        Some(names) => t_with(w::TEAM_WHY_LIMITED, &[("names", &names.join(", "))]),
        None => t(w::TEAM_WHY_UNLIMITED).to_owned(),
    };
    let rows = why
        .verdicts
        .into_iter()
        .map(|(permission, verdict)| {
            let (tone, word, reason) = words_of(verdict);
            view! {
                <tr>
                    <th scope="row">{t(scope_word(permission))} <div class="small faint ltr">{permission.name()}</div></th>
                    <td><Badge tone>{t(word)}</Badge> <div class="small muted">{t_with(reason, &[("role", &role)])}</div></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <p>{t_with(w::TEAM_WHY_ROLE, &[("role", &role)])} " " {limit}</p>
        <Table label=t(w::TEAM_MAY)>
            <thead><tr><th scope="col">{t(w::TEAM_MAY)}</th><th scope="col">{t(w::TEAM_WHY)}</th></tr></thead>
            <tbody>{rows}</tbody>
        </Table>
    }
    .into_any()
}

fn words_of(verdict: Verdict) -> (Tone, Key, Key) {
    match verdict {
        Verdict::Yes => (Tone::Ok, w::TEAM_YES, w::TEAM_WHY_YES),
        Verdict::WithinLimit => (Tone::Info, w::TEAM_WHY_PARTLY, w::TEAM_WHY_WITHIN),
        Verdict::LostToLimit => (Tone::Warn, w::TEAM_NO, w::TEAM_WHY_LOST),
        Verdict::NotInRole => (Tone::Neutral, w::TEAM_NO, w::TEAM_WHY_NOT),
    }
}
