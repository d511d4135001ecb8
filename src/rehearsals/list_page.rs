//! `/assistants/:id/rehearsals`: scripted callers, what came of their runs, and whether publishing waits for them.

use super::{
    form::ScriptForm,
    model::*,
    report::{RunReport, RunRing},
    rpc::{DeleteRehearsal, RequireRehearsals, RunRehearsals, SaveRehearsal, read_rehearsals},
};
use crate::{
    assistants::{AssistantTab, AssistantTabs, look_again_while},
    i18n::{t, t_count, words as w},
    kit::*,
    shared::{
        error::AppError,
        ids::{AssistantId, RehearsalId},
        permission::Permission,
    },
};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::hooks::use_params_map;

/// The rehearsals of an assistant.
#[component]
pub fn RehearsalsPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id").and_then(|id| id.parse::<AssistantId>().ok())));
    let actions =
        Actions { save: ServerAction::new(), delete: ServerAction::new(), run: ServerAction::new(), require: ServerAction::new() };
    let sheet = Resource::new(
        move || (id.get(), actions.versions()),
        |(id, _)| async move {
            match id {
                Some(id) => read_rehearsals(id).await,
                None => Err(AppError::not_found("assistant")),
            }
        },
    );
    look_again_while(sheet, RehearsalSheet::is_busy);
    let back = move || id.get_untracked().map_or_else(|| "/assistants".to_owned(), |id| format!("/assistants/{id}"));
    let desk = Desk { open: RwSignal::new(None), is_open: RwSignal::new(false), draws: StoredValue::new(0) };
    let toasts = use_toasts();
    Effect::new(move || {
        if let Some(Ok(_)) = actions.save.value().get() {
            desk.is_open.set(false);
            toasts.say(t(w::REHEARSALS_SAVED));
        }
    });
    view! {
        <PageFrame title=t(w::REHEARSALS_TITLE) back=(back(), t(w::ASSISTANTS_ONE).to_owned())>
            {move || id.get().map(|id| view! { <AssistantTabs id here=AssistantTab::Rehearsals/> })}
            <Loaded resource=sheet let:sheet>
                <Sheet sheet actions desk/>
            </Loaded>
            {move || id.get().filter(|_| may(Permission::AssistantsEdit)).map(|id| view! { <NewRehearsal assistant=id save=actions.save/> })}
            <Dialog open=desk.is_open title=t(w::REHEARSALS_EDIT) shape=DialogShape::Drawer>
                <div class="body">
                    {move || {
                        let (assistant, opened) = (id.get()?, desk.open.get()?);
                        Some(view! { <ScriptForm assistant save=actions.save rehearsal=Some(opened.0) form=opened.1/> })
                    }}
                </div>
            </Dialog>
        </PageFrame>
    }
    .into_any()
}

/// What is edited, beside the list: the list is drawn anew while runs go on, and what is typed stays.
#[derive(Clone, Copy)]
struct Desk {
    open: RwSignal<Option<(RehearsalId, RehearsalForm)>>,
    is_open: RwSignal<bool>,
    draws: StoredValue<u128>,
}

/// What can be done on the page; the list is read again after each.
#[derive(Clone, Copy)]
struct Actions {
    save: ServerAction<SaveRehearsal>,
    delete: ServerAction<DeleteRehearsal>,
    run: ServerAction<RunRehearsals>,
    require: ServerAction<RequireRehearsals>,
}

impl Actions {
    fn versions(self) -> usize {
        self.save.version().get() + self.delete.version().get() + self.run.version().get() + self.require.version().get()
    }
}

#[component]
fn Sheet(sheet: RehearsalSheet, actions: Actions, desk: Desk) -> impl IntoView {
    let assistant = sheet.assistant;
    let may_edit = may(Permission::AssistantsEdit);
    let (is_busy, is_empty) = (sheet.is_busy(), sheet.rehearsals.is_empty());
    let passed = sheet.rehearsals.iter().filter_map(|rehearsal| rehearsal.runs.first());
    let passed = passed.filter(|run| run.is_current && run.state == RunState::Passed).count() as i64;
    let standing = crate::i18n::t_count_with(w::REHEARSALS_STANDING, sheet.rehearsals.len() as i64, &[("passed", &passed.to_string())]);
    let now = sheet.now;
    let rehearsals = sheet.rehearsals;
    let cards = move || {
        let cards = rehearsals.iter().cloned().map(|rehearsal| view! { <li><Card assistant rehearsal actions desk now/></li> });
        cards.collect_view().into_any()
    };
    view! {
        <PageHead title=t(w::REHEARSALS_LEDE) text=t(if sheet.has_draft { w::REHEARSALS_TEXT_DRAFT } else { w::REHEARSALS_TEXT })>
            {(may_edit && !is_empty).then(|| view! { <RunForm assistant one=None actions is_busy/> })}
        </PageHead>
        <div class="stack g4">
            <FormErrors error=action_error(actions.run)/>
            <FormErrors error=action_error(actions.delete)/>
            {if is_empty {
                view! {
                    <section class="card">
                        <Empty kind=EmptyKind::Unused title=t(w::REHEARSALS_EMPTY_TITLE) text=t(w::REHEARSALS_EMPTY_TEXT)/>
                    </section>
                }
                    .into_any()
            } else {
                view! {
                    <p class="muted" role="status" id="standing">{standing}</p>
                    <ul class="stack g3 rehearsals">{drawn_anew(desk.draws, cards)}</ul>
                }
                    .into_any()
            }}
            <Requirement is_required=sheet.is_required actions/>
        </div>
    }
    .into_any()
}

/// One rehearsal: how it stands, what came of it, what it is.
#[component]
fn Card(assistant: AssistantId, rehearsal: Rehearsal, actions: Actions, desk: Desk, now: chrono::DateTime<chrono::Utc>) -> impl IntoView {
    let id = rehearsal.id;
    let may_edit = may(Permission::AssistantsEdit);
    let mut runs = rehearsal.runs.into_iter();
    let newest = runs.next();
    let is_busy = newest.as_ref().is_some_and(|run| run.state.is_open());
    let older: Vec<Run> = runs.collect();
    let earlier = (!older.is_empty()).then(|| {
        let count = t_count(w::REHEARSALS_EARLIER, older.len() as i64);
        let older =
            older.into_iter().map(|run| view! { <li class="stack g2"><RunRing run=run.clone()/><RunReport run now/></li> }).collect_view();
        view! { <details class="fold bare"><summary>{count}</summary><ol class="stack g4 earlier">{older}</ol></details> }
    });
    let heading = format!("h-{id}");
    view! {
        <article class="card rehearsal" aria-labelledby=heading.clone()>
            <div class="body stack g3">
                <div class="row between wrap">
                    <div class="row g3 wrap">
                        <h3 id=heading.clone()>{rehearsal.script.name.clone()}</h3>
                        {match &newest {
                            Some(run) => view! { <RunRing run=run.clone()/> }.into_any(),
                            None => view! { <span class="muted small">{t(w::REHEARSALS_NOT_RUN)}</span> }.into_any(),
                        }}
                    </div>
                    {may_edit.then(|| view! { <RunForm assistant one=Some(id) actions is_busy/> })}
                </div>
                {newest.map(|run| view! { <RunReport run now/> })}
                {earlier}
                {may_edit.then(|| view! { <Edit assistant id script=rehearsal.script actions desk/> })}
            </div>
        </article>
    }
    .into_any()
}

/// Begins runs: of all, or of one.
#[component]
fn RunForm(assistant: AssistantId, one: Option<RehearsalId>, actions: Actions, is_busy: bool) -> impl IntoView {
    let (kind, words) = match one {
        Some(_) => (ButtonKind::Plain, w::REHEARSALS_RUN),
        None => (ButtonKind::Primary, w::REHEARSALS_RUN_ALL),
    };
    let size = if one.is_some() { ButtonSize::Small } else { ButtonSize::Normal };
    view! {
        <ActionForm action=actions.run>
            <input type="hidden" name="assistant" value=assistant.to_string()/>
            {one.map(|id| view! { <input type="hidden" name="rehearsal" value=id.to_string()/> })}
            <Button submit=true kind size icon=icondata::LuPlay pending=actions.run.pending() disabled=is_busy>{t(words)}</Button>
        </ActionForm>
    }
    .into_any()
}

#[component]
fn Edit(assistant: AssistantId, id: RehearsalId, script: Script, actions: Actions, desk: Desk) -> impl IntoView {
    let edit = move |_| {
        desk.open.set(Some((id, RehearsalForm::of(&script))));
        desk.is_open.set(true);
    };
    view! {
        <div class="row g2">
            <Button size=ButtonSize::Small icon=icondata::LuPencil on:click=edit>{t(w::REHEARSALS_EDIT)}</Button>
            <ConfirmButton
                size=ButtonSize::Small
                icon=icondata::LuTrash
                pending=actions.delete.pending()
                on_confirm=Callback::new(move |()| { actions.delete.dispatch(DeleteRehearsal { assistant, rehearsal: id }); })
            >
                {t(w::REHEARSALS_DELETE)}
            </ConfirmButton>
        </div>
    }
    .into_any()
}

/// The fold for another one: a form that works before wasm.
#[component]
fn NewRehearsal(assistant: AssistantId, save: ServerAction<SaveRehearsal>) -> impl IntoView {
    let is_open = action_error(save).get_untracked().is_some();
    view! {
        <details class="fold card" open=is_open>
            <summary><Icon icon=icondata::LuPlus small=true/>{t(w::REHEARSALS_NEW)}</summary>
            <div class="body"><ScriptForm assistant save rehearsal=None form=RehearsalForm::default()/></div>
        </details>
    }
    .into_any()
}

/// Whether publishing waits for rehearsals: said to everybody, changed by who manages the organisation.
#[component]
fn Requirement(is_required: bool, actions: Actions) -> impl IntoView {
    let words = t(if is_required { w::REHEARSALS_REQUIRED } else { w::REHEARSALS_NOT_REQUIRED });
    let change = t(if is_required { w::REHEARSALS_REQUIRE_NO_LONGER } else { w::REHEARSALS_REQUIRE });
    view! {
        <section class="card" aria-labelledby="h-required">
            <div class="body stack g3">
                <h2 id="h-required">{t(w::REHEARSALS_REQUIRED_TITLE)}</h2>
                <p class="muted" id="required" data-required=is_required.to_string()>{words}</p>
                <FormErrors error=action_error(actions.require)/>
                {may(Permission::OrgManage)
                    .then(|| {
                        view! {
                            <ActionForm action=actions.require>
                                <input type="hidden" name="required" value=(!is_required).to_string()/>
                                <Button submit=true pending=actions.require.pending()>{change}</Button>
                            </ActionForm>
                        }
                    })}
            </div>
        </section>
    }
    .into_any()
}
