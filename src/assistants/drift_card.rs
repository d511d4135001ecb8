//! The provider's copy was changed over there: what differs, and the three ways on.

use super::{
    changes::Changes,
    model::*,
    rpc::{IgnoreCopy, LookAtCopy, PullCopy, PushAssistant},
};
use crate::{
    i18n::{t, t_with, words as w},
    kit::*,
    shared::permission::Permission,
};
use leptos::{form::ActionForm, prelude::*};

/// What people may do about a drift.
#[derive(Clone, Copy)]
pub struct DriftActions {
    pub push: ServerAction<PushAssistant>,
    pub pull: ServerAction<PullCopy>,
    pub ignore: ServerAction<IgnoreCopy>,
    pub look: ServerAction<LookAtCopy>,
}

/// The drift, when there is one; a line when it is accepted.
#[component]
pub fn DriftCard(sheet: AssistantSheet, actions: DriftActions) -> impl IntoView {
    let Some(drift) = sheet.drift.clone() else { return ().into_any() };
    let (published, catalogue) = (sheet.assistant.settings.clone(), sheet.catalogue.clone());
    if drift.is_ignored {
        return view! {
            <details class="fold bare">
                <summary>{t(w::ASSISTANTS_DRIFT_IGNORED)}</summary>
                <div class="stack g3">
                    <Differences drift published catalogue/>
                    <Ways sheet actions/>
                </div>
            </details>
        }
        .into_any();
    }
    let title = t(if drift.is_gone { w::ASSISTANTS_DRIFT_GONE_TITLE } else { w::ASSISTANTS_DRIFT_TITLE });
    let found = drift.found_at;
    let now = sheet.now;
    view! {
        <Callout tone=Tone::Warn title>
            <p class="small">{t(w::ASSISTANTS_DRIFT_FOUND)} " " <RelativeTime at=found now/></p>
            <Differences drift published catalogue/>
            <Ways sheet actions/>
        </Callout>
    }
    .into_any()
}

#[component]
fn Differences(drift: Drift, published: Settings, catalogue: Catalogue) -> impl IntoView {
    if drift.is_gone {
        return view! { <p>{t(w::ASSISTANTS_DRIFT_GONE_TEXT)}</p> }.into_any();
    }
    let others = drift
        .others
        .into_iter()
        .map(|other| {
            let values = (other.ours.is_some() || other.theirs.is_some()).then(|| {
                let said = |value: Option<String>| value.unwrap_or_else(|| t(w::ASSISTANTS_DRIFT_NOTHING).to_owned());
                t_with(w::ASSISTANTS_DRIFT_VALUES, &[("ours", &said(other.ours)), ("theirs", &said(other.theirs))])
            });
            view! { <li><code class="ltr">{other.field}</code> " " {values}</li> }
        })
        .collect_view();
    view! {
        {drift.theirs.map(|theirs| view! { <Changes before=published after=theirs catalogue/> })}
        <ul class="small differences">{others}</ul>
    }
    .into_any()
}

/// Ours again, theirs as a draft, or neither.
#[component]
fn Ways(sheet: AssistantSheet, actions: DriftActions) -> impl IntoView {
    let Some(drift) = sheet.drift.filter(|_| may(Permission::AssistantsEdit)) else { return ().into_any() };
    let (id, revision) = (sheet.assistant.id, sheet.assistant.revision);
    let can_pull = drift.theirs.is_some();
    let replaces = can_pull && sheet.draft.is_some();
    view! {
        <FormErrors error=action_error(actions.pull)/>
        {(!drift.others.is_empty() && can_pull).then(|| view! { <p class="small">{t(w::ASSISTANTS_PULL_PART)}</p> })}
        {replaces.then(|| view! { <p class="small">{t(w::ASSISTANTS_PULL_REPLACES)}</p> })}
        <div class="row wrap">
            <ActionForm action=actions.push>
                <input type="hidden" name="id" value=id.to_string()/>
                <Button submit=true size=ButtonSize::Small kind=ButtonKind::Dark pending=actions.push.pending()>{t(w::ASSISTANTS_DRIFT_PUSH)}</Button>
            </ActionForm>
            {can_pull
                .then(|| {
                    view! {
                        <ActionForm action=actions.pull>
                            <input type="hidden" name="id" value=id.to_string()/>
                            <input type="hidden" name="revision" value=revision.to_string()/>
                            <Button submit=true size=ButtonSize::Small pending=actions.pull.pending()>{t(w::ASSISTANTS_DRIFT_PULL)}</Button>
                        </ActionForm>
                    }
                })}
            {(!drift.is_ignored)
                .then(|| {
                    view! {
                        <ActionForm action=actions.ignore>
                            <input type="hidden" name="id" value=id.to_string()/>
                            <Button submit=true size=ButtonSize::Small kind=ButtonKind::Ghost pending=actions.ignore.pending()>{t(w::ASSISTANTS_DRIFT_IGNORE)}</Button>
                        </ActionForm>
                    }
                })}
        </div>
    }
    .into_any()
}

/// When the copy was last looked at, and a button to look now.
#[component]
pub fn LastLook(sheet: AssistantSheet, actions: DriftActions) -> impl IntoView {
    let id = sheet.assistant.id;
    let can_look = may(Permission::AssistantsEdit) && sheet.assistant.sync == SyncState::InStep;
    let now = sheet.now;
    view! {
        <div class="row wrap small muted">
            {match (sheet.is_checking, sheet.checked_at) {
                (true, _) => view! { <span role="status">{t(w::ASSISTANTS_LOOKING)}</span> }.into_any(),
                (false, Some(at)) => view! { <span>{t(w::ASSISTANTS_LOOKED)} " " <RelativeTime at now/></span> }.into_any(),
                (false, None) => view! { <span>{t(w::ASSISTANTS_LOOKED_NEVER)}</span> }.into_any(),
            }}
            {(can_look && !sheet.is_checking)
                .then(|| {
                    view! {
                        <ActionForm action=actions.look>
                            <input type="hidden" name="id" value=id.to_string()/>
                            <Button submit=true size=ButtonSize::Small kind=ButtonKind::Ghost pending=actions.look.pending()>{t(w::ASSISTANTS_LOOK_NOW)}</Button>
                        </ActionForm>
                    }
                })}
        </div>
    }
    .into_any()
}
