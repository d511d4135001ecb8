//! Tools of the organisation's own, and a dry run of each.

use super::{
    http_tool::{ArgumentForm, DryRun, HttpTool, HttpToolForm, Kind, MOST_ARGUMENTS, Method},
    page::{Desk, Foot},
    rpc::{SaveHttpTool, TryHttpTool, list_http_tools, remove_http_tool},
    words::kind_word,
};
use crate::{
    i18n::{t, t_with, words as w},
    kit::*,
    shared::{error::FieldErrors, permission::Permission},
};
use leptos::{form::ActionForm, html, prelude::*};

/// The tab.
#[component]
pub fn ToolsTab(desk: Desk) -> impl IntoView {
    let list = Resource::new(move || desk.changes.get(), |_| list_http_tools());
    let may_edit = may(Permission::IntegrationsManage);
    let open = RwSignal::new(false);
    let edited = RwSignal::new(None::<HttpTool>);
    let add = move |_| {
        edited.set(None);
        open.set(true);
    };
    view! {
        <section class="card reception" aria-labelledby="h-tools">
            <header>
                <div class="grow">
                    <h2 id="h-tools">{t(w::RECEPTION_TOOLS_TITLE)}</h2>
                    <p class="small muted">{t(w::RECEPTION_TOOLS_TEXT)}</p>
                    {(!may_edit).then(|| view! { <p class="small muted">{t(w::RECEPTION_TOOLS_NOT_ALLOWED)}</p> })}
                </div>
                {may_edit.then(|| view! { <Button kind=ButtonKind::Primary icon=icondata::LuPlus attr:aria-haspopup="dialog" on:click=add>{t(w::RECEPTION_TOOL_ADD)}</Button> })}
            </header>
            <Loaded resource=list skeleton=rows_skeleton(3) let:list>
                {drawn_anew(desk.draws, move || {
                    if list.is_empty() {
                        return view! { <Empty kind=EmptyKind::Unused title=t(w::RECEPTION_TOOLS_EMPTY_TITLE) text=t(w::RECEPTION_TOOLS_EMPTY_TEXT)/> }.into_any();
                    }
                    let rows = list.iter().cloned().map(|tool| view! { <Row tool may_edit edited open desk/> }).collect_view();
                    view! { <ul class="list">{rows}</ul> }.into_any()
                })}
            </Loaded>
        </section>
        {may_edit.then(|| view! { <ToolDrawer edited open desk/> })}
    }
    .into_any()
}

#[component]
fn Row(tool: HttpTool, may_edit: bool, edited: RwSignal<Option<HttpTool>>, open: RwSignal<bool>, desk: Desk) -> impl IntoView {
    let id = tool.id;
    let of_tool = |key| format!("{} : {}", t(key), tool.name);
    let (edit_label, remove_label) = (of_tool(w::RECEPTION_EDIT), of_tool(w::RECEPTION_REMOVE));
    let (name, description, line) = (tool.name.clone(), tool.description.clone(), format!("{} {}", tool.method, tool.url));
    let kept = StoredValue::new(tool);
    let edit = move |_| {
        edited.set(Some(kept.get_value()));
        open.set(true);
    };
    view! {
        <li class="rule-row">
            <div class="grow stack g1">
                <b class="code-name">{name}</b>
                <p dir="auto">{description}</p>
                <p class="small muted tool-line">{line}</p>
            </div>
            {may_edit.then(|| view! {
                <div class="row g1 rule-tools">
                    <IconButton icon=icondata::LuPencil label=edit_label kind=ButtonKind::Ghost attr:aria-haspopup="dialog" on:click=edit/>
                    <IconButton icon=icondata::LuTrash2 label=remove_label kind=ButtonKind::Ghost on:click=move |_| desk.run(w::RECEPTION_REMOVED, remove_http_tool(id))/>
                </div>
            })}
        </li>
    }
    .into_any()
}

#[component]
fn ToolDrawer(edited: RwSignal<Option<HttpTool>>, open: RwSignal<bool>, desk: Desk) -> impl IntoView {
    let save = ServerAction::<SaveHttpTool>::new();
    let trial = ServerAction::<TryHttpTool>::new();
    desk.when_done(save, open);
    Effect::new(move || {
        if open.get() {
            trial.clear();
        }
    });
    // What either form found wrong stands beside the fields, which both send.
    let errors = Signal::derive(move || {
        let found = action_fields(save).get();
        if found.is_empty() { action_fields(trial).get() } else { found }
    });
    let title = Signal::derive(move || {
        let key = if edited.with(Option::is_none) { w::RECEPTION_TOOL_NEW_TITLE } else { w::RECEPTION_TOOL_EDIT_TITLE };
        t(key).to_owned()
    });
    view! {
        <Dialog open title shape=DialogShape::Drawer>
            {
                let tool = edited.get_untracked();
                let has_secret = tool.as_ref().is_some_and(|tool| tool.has_secret);
                let new = HttpToolForm { method: Method::Post.to_string(), deadline_s: "5".into(), ..HttpToolForm::default() };
                let form = tool.as_ref().map_or(new, HttpToolForm::of);
                let id = tool.map(|tool| tool.id.to_string());
                let node = NodeRef::<html::Form>::new();
                view! {
                    <ActionForm action=save node_ref=node attr:class="answer-form">
                        {id.clone().map(|id| view! { <input type="hidden" name="tool" value=id/> })}
                        <div class="body stack g4">
                            <FormErrors error=action_error(save)/>
                            <Fields form has_secret errors/>
                            <DryRunBox trial node errors/>
                        </div>
                        <Foot open pending=save.pending()/>
                    </ActionForm>
                }
            }
        </Dialog>
    }
    .into_any()
}

#[component]
fn Fields(form: HttpToolForm, has_secret: bool, errors: Signal<FieldErrors>) -> impl IntoView {
    let methods: Vec<_> = Method::ALL.iter().map(|method| (method.to_string(), method.to_string())).collect();
    let secret_hint = if has_secret {
        format!("{} {}", t(w::RECEPTION_TOOL_SECRET_KEPT), t(w::RECEPTION_TOOL_SECRET_HINT))
    } else {
        t(w::RECEPTION_TOOL_SECRET_HINT).to_owned()
    };
    let rows =
        (0..MOST_ARGUMENTS).map(|at| view! { <ArgumentRow at form=form.arguments.get(at).cloned().unwrap_or_default()/> }).collect_view();
    let wrong = Signal::derive(move || errors.with(|errors| errors.get("arguments").map(field_message)));
    view! {
        <TextInput name="form[name]" label=t(w::RECEPTION_TOOL_NAME) hint=t(w::RECEPTION_TOOL_NAME_HINT) value=form.name required=true maxlength=48_u32 errors/>
        <TextArea name="form[description]" label=t(w::RECEPTION_TOOL_DESCRIPTION) hint=t(w::RECEPTION_TOOL_DESCRIPTION_HINT) value=form.description rows=2_u32 required=true maxlength=600_u32 errors/>
        <TextInput name="form[url]" kind="url" label=t(w::RECEPTION_TOOL_URL) hint=t(w::RECEPTION_TOOL_URL_HINT) placeholder="https://" value=form.url required=true maxlength=500_u32 errors/>
        <div class="cols">
            <Select name="form[method]" label=t(w::RECEPTION_TOOL_METHOD) options=methods value=form.method errors/>
            <TextInput name="form[deadline_s]" inputmode="numeric" label=t(w::RECEPTION_TOOL_DEADLINE) value=form.deadline_s required=true errors/>
        </div>
        <div class="cols">
            <TextInput name="form[header_name]" label=t(w::RECEPTION_TOOL_HEADER) hint=t(w::RECEPTION_TOOL_HEADER_HINT) value=form.header_name optional=true maxlength=60_u32 errors/>
            <TextInput name="form[header_value]" autocomplete="off" label=t(w::RECEPTION_TOOL_SECRET) hint=secret_hint optional=true maxlength=2000_u32 errors/>
        </div>
        <fieldset class="stack g3">
            <legend class="label">{t(w::RECEPTION_TOOL_ARGUMENTS)}</legend>
            {rows}
            <p class="error" role="status">{move || wrong.get()}</p>
        </fieldset>
    }
    .into_any()
}

#[component]
fn ArgumentRow(at: usize, form: ArgumentForm) -> impl IntoView {
    let n = (at + 1).to_string();
    let label = |key| t_with(key, &[("n", &n)]);
    let field = |name: &str| format!("form[arguments][{at}][{name}]");
    let kinds = Kind::ALL
        .iter()
        .map(|kind| {
            let chosen = form.kind == kind.name();
            view! { <option value=kind.name() selected=chosen>{t(kind_word(*kind))}</option> }
        })
        .collect_view();
    view! {
        <div class="argument-row">
            <input class="input" name=field("name") maxlength="48" aria-label=label(w::RECEPTION_TOOL_ARGUMENT) placeholder=label(w::RECEPTION_TOOL_ARGUMENT) value=form.name/>
            <select class="input" name=field("kind") aria-label=label(w::RECEPTION_TOOL_ARGUMENT_KIND)>{kinds}</select>
            <input class="input" name=field("description") maxlength="300" aria-label=label(w::RECEPTION_TOOL_ARGUMENT_ABOUT) value=form.description/>
            <label class="check">
                <input type="checkbox" name=field("required") value="on" aria-label=label(w::RECEPTION_TOOL_ARGUMENT_REQUIRED) checked=form.required.is_some()/>
                <span class="small">{t(w::RECEPTION_TOOL_REQUIRED)}</span>
            </label>
        </div>
    }
    .into_any()
}

/// Sends what stands in the form, unsaved, and shows both sides.
#[component]
fn DryRunBox(trial: ServerAction<TryHttpTool>, node: NodeRef<html::Form>, errors: Signal<FieldErrors>) -> impl IntoView {
    let arguments = RwSignal::new("{}".to_owned());
    let run = move |_| {
        let Some(form) = node.get_untracked() else { return };
        if !form.check_validity() {
            form.report_validity();
            return;
        }
        if let Ok(mut asked) = read_form(&form) {
            asked.arguments = arguments.get_untracked();
            trial.dispatch(asked);
        }
    };
    view! {
        <section class="stack g3" aria-labelledby="h-dry">
            <h3 id="h-dry" class="label">{t(w::RECEPTION_TOOL_TRY_TITLE)}</h3>
            <p class="small muted">{t(w::RECEPTION_TOOL_TRY_TEXT)}</p>
            <TextArea name="trial" label=t(w::RECEPTION_TOOL_TRY_ARGUMENTS) value=arguments rows=2_u32 on_input=Callback::new(move |text| arguments.set(text)) errors/>
            <div class="row"><Button pending=trial.pending() on:click=run>{t(w::RECEPTION_TOOL_TRY)}</Button></div>
            <div role="status" class="dry-run">
                {move || match trial.value().get() {
                    Some(Ok(run)) => view! { <Ran run/> }.into_any(),
                    Some(Err(error)) => view! { <ErrorBlock error/> }.into_any(),
                    None => ().into_any(),
                }}
            </div>
        </section>
    }
    .into_any()
}

/// What the form holds, as the dry run sends it.
fn read_form(form: &leptos::web_sys::HtmlFormElement) -> Result<TryHttpTool, ()> {
    use leptos::{form::FromFormData, web_sys::FormData};
    let data = FormData::new_with_form(form).map_err(|_| ())?;
    TryHttpTool::from_form_data(&data).map_err(|_| ())
}

#[component]
fn Ran(run: DryRun) -> impl IntoView {
    let headers = run.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("\n");
    let request = [run.line, headers, run.body].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n");
    let status =
        run.status.map(|status| t_with(w::RECEPTION_TOOL_TRY_STATUS, &[("status", &status.to_string()), ("ms", &run.took_ms.to_string())]));
    view! {
        <p class="label">{t(w::RECEPTION_TOOL_TRY_REQUEST)}</p>
        <pre class="code">{request}</pre>
        <p class="label">{t(w::RECEPTION_TOOL_TRY_ANSWER)}{status.map(|status| format!(" · {status}"))}</p>
        <pre class="code">{run.answer}</pre>
        <p class="label">{t(w::RECEPTION_TOOL_TRY_TOLD)}</p>
        <pre class="code">{run.told}</pre>
    }
    .into_any()
}
