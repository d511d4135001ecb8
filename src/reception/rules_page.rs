//! Rules: the list, in the order in which they are read, and beside it a call to try them on.

use super::{
    model::ReceptionSheet,
    page::Desk,
    rpc::{move_rule, remove_rule, switch_rule},
    rule_form::RuleDrawer,
    rules::Rule,
    try_box::TryBox,
    words::{rule_words, then_words, when_words},
};
use crate::{
    i18n::{t, t_with, words as w},
    kit::*,
    shared::{ids::RuleId, permission::Permission},
};
use leptos::{html, prelude::*, task::spawn_local};

/// The button that was pressed last: rows are drawn anew when they have moved, and the focus stays on it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Pressed {
    rule: RuleId,
    up: bool,
}

thread_local! {
    /// Of this page of this browser; a server presses nothing.
    static PRESSED: std::cell::Cell<Option<Pressed>> = const { std::cell::Cell::new(None) };
}

/// The tab.
#[component]
pub fn RulesTab(sheet: ReceptionSheet, desk: Desk) -> impl IntoView {
    let may_edit = may_for_all(Permission::AssistantsEdit);
    let open = RwSignal::new(false);
    let edited = RwSignal::new(None::<Rule>);
    let add = move || {
        edited.set(None);
        open.set(true);
    };
    let count = sheet.rules.len();
    let rows = sheet
        .rules
        .iter()
        .enumerate()
        .map(|(at, rule)| view! { <Row rule=rule.clone() n=at + 1 count sheet=sheet.clone() desk edited open/> })
        .collect_view();
    let list = if count == 0 {
        view! {
            <Empty kind=EmptyKind::Unused title=t(w::RECEPTION_RULES_EMPTY_TITLE) text=t(w::RECEPTION_RULES_EMPTY_TEXT)>
                {may_edit.then(|| view! { <Button kind=ButtonKind::Primary icon=icondata::LuPlus attr:aria-haspopup="dialog" on:click=move |_| add()>{t(w::RECEPTION_RULE_ADD)}</Button> })}
            </Empty>
        }
        .into_any()
    } else {
        view! {
            <ol class="list rule-list">
                {rows}
                <li class="rule-row rule-last">
                    <div class="grow stack g1">
                        <b>{t(w::RECEPTION_RULE_OTHERWISE)}</b>
                        <p class="muted">{t(w::RECEPTION_RULE_OTHERWISE_TEXT)}</p>
                    </div>
                </li>
            </ol>
        }
        .into_any()
    };
    let trial = sheet.clone();
    view! {
        <div class="duo reception">
            <section class="card" aria-labelledby="h-rules">
                <header>
                    <div class="grow">
                        <h2 id="h-rules">{t(w::RECEPTION_RULES_TITLE)}</h2>
                        <p class="small muted">{t(w::RECEPTION_RULES_TEXT)}</p>
                    </div>
                    {(may_edit && count > 0).then(|| view! { <Button icon=icondata::LuPlus attr:aria-haspopup="dialog" on:click=move |_| add()>{t(w::RECEPTION_RULE_ADD)}</Button> })}
                </header>
                {list}
            </section>
            <aside class="stack g4" aria-label=t(w::RECEPTION_TRY_TITLE)><TryBox sheet=trial desk/></aside>
        </div>
        {may_edit.then(|| view! { <RuleDrawer sheet=sheet.clone() edited open desk/> })}
    }
    .into_any()
}

#[component]
fn Row(
    rule: Rule,
    n: usize,
    count: usize,
    sheet: ReceptionSheet,
    desk: Desk,
    edited: RwSignal<Option<Rule>>,
    open: RwSignal<bool>,
) -> impl IntoView {
    let (id, is_on) = (rule.id, rule.is_on);
    let place = n.to_string();
    let then = then_words(&rule.then, &sheet);
    let is_gone = then.is_none();
    let whole = rule_words(&rule, &sheet);
    let label = |key| t_with(key, &[("n", &place)]);
    let of_rule = |key| format!("{} : {whole}", t(key));
    let when = when_words(&rule.when);
    let kept = StoredValue::new(rule);
    let edit = move |_| {
        edited.set(Some(kept.get_value()));
        open.set(true);
    };
    view! {
        <li class="rule-row" data-off=(!is_on).then_some("")>
            <span class="rule-n num" aria-hidden="true">{n}</span>
            <div class="grow stack g1">
                <p><span class="sr">{label(w::RECEPTION_RULE_N)}" "</span><b>{when}</b></p>
                <p class="muted">{then.unwrap_or_else(|| t(w::RECEPTION_RULE_GONE).to_owned())}</p>
                <div class="row g2">
                    {is_gone.then(|| view! { <Badge tone=Tone::Warn>{t(w::RECEPTION_RULE_GONE)}</Badge> })}
                    {(!is_on).then(|| view! { <Badge tone=Tone::Neutral>{t(w::RECEPTION_RULE_OFF)}</Badge> })}
                </div>
            </div>
            {may_for_all(Permission::AssistantsEdit).then(|| view! {
                <div class="row g1 rule-tools">
                    <input type="checkbox" role="switch" class="switch" aria-label=label(w::RECEPTION_RULE_ON) checked=is_on
                        on:change=move |event| desk.run(w::RECEPTION_SAVED, switch_rule(id, event_target_checked(&event)))/>
                    <Mover rule=id up=true label=label(w::RECEPTION_RULE_UP) is_end={n == 1} is_other_end={n == count} desk/>
                    <Mover rule=id up=false label=label(w::RECEPTION_RULE_DOWN) is_end={n == count} is_other_end={n == 1} desk/>
                    <IconButton icon=icondata::LuPencil label=of_rule(w::RECEPTION_EDIT) kind=ButtonKind::Ghost attr:aria-haspopup="dialog" on:click=edit/>
                    <IconButton icon=icondata::LuTrash2 label=of_rule(w::RECEPTION_REMOVE) kind=ButtonKind::Ghost on:click=move |_| desk.run(w::RECEPTION_REMOVED, remove_rule(id))/>
                </div>
            })}
        </li>
    }
    .into_any()
}

#[component]
fn Mover(rule: RuleId, up: bool, label: String, is_end: bool, is_other_end: bool, desk: Desk) -> impl IntoView {
    let node = NodeRef::<html::Button>::new();
    let me = Pressed { rule, up };
    Effect::new(move || {
        let Some(button) = node.get() else { return };
        // At an end the button that was pressed rests: its neighbour takes the focus.
        let is_mine = PRESSED.get().is_some_and(|pressed| if is_other_end { pressed.rule == rule } else { pressed == me && !is_end });
        if is_mine {
            PRESSED.set(None);
            let _ = button.focus();
        }
    });
    let press = move |_| {
        PRESSED.set(Some(me));
        spawn_local(async move {
            match move_rule(rule, up).await {
                Ok(()) => desk.changed(),
                Err(error) => desk.toasts.fail(&error),
            }
        });
    };
    view! {
        <button type="button" class="btn ghost sq" node_ref=node aria-label=label.clone() title=label disabled=is_end on:click=press>
            <Icon icon=if up { icondata::LuArrowUp } else { icondata::LuArrowDown }/>
        </button>
    }
    .into_any()
}
