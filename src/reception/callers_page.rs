//! Callers who are known.

use super::{
    model::{CallerForm, CallerList, KnownCaller},
    page::{Desk, Foot},
    rpc::{SaveCaller, list_callers, remove_caller},
    words::{language_options, language_word},
};
use crate::{
    i18n::{format, t, t_count, words as w},
    kit::*,
    shared::permission::Permission,
};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::{components::Form, hooks::use_query_map};

/// The tab.
#[component]
pub fn CallersTab(desk: Desk) -> impl IntoView {
    let query = use_query_map();
    let q = Memo::new(move |_| query.with(|query| query.get("q")).unwrap_or_default());
    let list = Resource::new(move || (q.get(), desk.changes.get()), |(q, _)| list_callers(q));
    let may_edit = may_for_all(Permission::AssistantsEdit);
    let open = RwSignal::new(false);
    let edited = RwSignal::new(None::<KnownCaller>);
    let add = move |_| {
        edited.set(None);
        open.set(true);
    };
    view! {
        <section class="card reception" aria-labelledby="h-callers">
            <header>
                <div class="grow">
                    <h2 id="h-callers">{t(w::RECEPTION_CALLERS_TITLE)}</h2>
                    <p class="small muted">{t(w::RECEPTION_CALLERS_TEXT)}</p>
                </div>
                {may_edit.then(|| view! { <Button kind=ButtonKind::Primary icon=icondata::LuPlus attr:aria-haspopup="dialog" on:click=add>{t(w::RECEPTION_CALLER_ADD)}</Button> })}
            </header>
            <Form method="get" action="/reception/callers" attr:class="filters answer-filters" attr:role="search">
                <input class="input grow" type="search" name="q" aria-label=t(w::RECEPTION_CALLERS_SEARCH) placeholder=t(w::RECEPTION_CALLERS_SEARCH) value=q.get_untracked()/>
                <Button submit=true>{t(w::RECEPTION_CALLERS_FIND)}</Button>
            </Form>
            <Loaded resource=list skeleton=rows_skeleton(4) let:list>
                {drawn_anew(desk.draws, move || view! { <Rows list=list.clone() may_edit edited open desk/> }.into_any())}
            </Loaded>
        </section>
        {may_edit.then(|| view! { <CallerDrawer edited open desk/> })}
    }
    .into_any()
}

#[component]
fn Rows(list: CallerList, may_edit: bool, edited: RwSignal<Option<KnownCaller>>, open: RwSignal<bool>, desk: Desk) -> impl IntoView {
    if list.items.is_empty() {
        let kind = if list.all == 0 { EmptyKind::Unused } else { EmptyKind::NoMatch };
        return view! { <Empty kind title=t(w::RECEPTION_CALLERS_EMPTY_TITLE) text=t(w::RECEPTION_CALLERS_EMPTY_TEXT)/> }.into_any();
    }
    let rows = list.items.into_iter().map(|caller| view! { <Row caller may_edit edited open desk/> }).collect_view();
    view! {
        <ul class="list">{rows}</ul>
        <p class="small muted open-lede">{t_count(w::RECEPTION_CALLERS_COUNT, list.found)}</p>
    }
    .into_any()
}

#[component]
fn Row(caller: KnownCaller, may_edit: bool, edited: RwSignal<Option<KnownCaller>>, open: RwSignal<bool>, desk: Desk) -> impl IntoView {
    let number = format::tel(&caller.number);
    let title = if caller.name.is_empty() { number.clone() } else { caller.name.clone() };
    let of_caller = |key| format!("{} : {title}", t(key));
    let (edit_label, remove_label) = (of_caller(w::RECEPTION_EDIT), of_caller(w::RECEPTION_REMOVE));
    let (is_vip, is_blocked, language) = (caller.is_vip, caller.is_blocked, caller.language.clone());
    let kept = StoredValue::new(caller);
    let edit = move |_| {
        edited.set(Some(kept.get_value()));
        open.set(true);
    };
    let remove = move |_| desk.run(w::RECEPTION_REMOVED, remove_caller(kept.with_value(|caller| caller.number.to_string())));
    view! {
        <li class="rule-row">
            <div class="grow stack g1">
                <b>{title}</b>
                <p class="small muted"><span class="num">{number}</span>{language.map(|tag| format!(" · {}", language_word(&tag)))}</p>
            </div>
            {is_vip.then(|| view! { <Badge tone=Tone::Brand>{t(w::RECEPTION_CALLER_VIP)}</Badge> })}
            {is_blocked.then(|| view! { <Badge tone=Tone::Bad>{t(w::RECEPTION_CALLER_BLOCKED)}</Badge> })}
            {may_edit.then(|| view! {
                <div class="row g1 rule-tools">
                    <IconButton icon=icondata::LuPencil label=edit_label kind=ButtonKind::Ghost attr:aria-haspopup="dialog" on:click=edit/>
                    <IconButton icon=icondata::LuTrash2 label=remove_label kind=ButtonKind::Ghost on:click=remove/>
                </div>
            })}
        </li>
    }
    .into_any()
}

#[component]
fn CallerDrawer(edited: RwSignal<Option<KnownCaller>>, open: RwSignal<bool>, desk: Desk) -> impl IntoView {
    let save = ServerAction::<SaveCaller>::new();
    desk.when_done(save, open);
    let errors = action_fields(save);
    view! {
        <Dialog open title=t(w::RECEPTION_CALLER_TITLE) shape=DialogShape::Drawer>
            {
                let caller = edited.get_untracked();
                let is_known = caller.is_some();
                let form = caller.as_ref().map(CallerForm::of).unwrap_or_default();
                let (is_vip, is_blocked) = (form.is_vip.is_some(), form.is_blocked.is_some());
                view! {
                    <ActionForm action=save attr:class="answer-form">
                        <div class="body stack g4">
                            <FormErrors error=action_error(save)/>
                            <TextInput name="form[number]" kind="tel" label=t(w::RECEPTION_CALLER_NUMBER) placeholder="+33 6 …" value=form.number readonly=is_known required=true errors/>
                            <TextInput name="form[name]" label=t(w::RECEPTION_CALLER_NAME) value=form.name optional=true maxlength=80_u32 errors/>
                            <Select name="form[language]" label=t(w::RECEPTION_CALLER_LANGUAGE) options=language_options(w::RECEPTION_ANY) value=form.language errors/>
                            <Checkbox name="form[is_vip]" value="on" checked=Signal::stored(is_vip)>{t(w::RECEPTION_CALLER_IS_VIP)}</Checkbox>
                            <Checkbox name="form[is_blocked]" value="on" checked=Signal::stored(is_blocked)>
                                {t(w::RECEPTION_CALLER_IS_BLOCKED)}<small class="muted">{t(w::RECEPTION_CALLER_IS_BLOCKED_HINT)}</small>
                            </Checkbox>
                        </div>
                        <Foot open pending=save.pending()/>
                    </ActionForm>
                }
            }
        </Dialog>
    }
    .into_any()
}
