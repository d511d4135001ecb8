//! Days that have hours of their own.

use super::{
    hours::{SpecialDay, write_spans},
    model::ReceptionSheet,
    page::Desk,
    rpc::{SaveDay, add_public_holidays, remove_day},
};
use crate::{
    i18n::{format, t, use_locale, words as w},
    kit::*,
    shared::permission::Permission,
};
use leptos::{form::ActionForm, prelude::*};

/// Those to come, and ways to add some.
#[component]
pub fn DayList(sheet: ReceptionSheet, desk: Desk) -> impl IntoView {
    let today = sheet.today;
    let coming: Vec<SpecialDay> = sheet.days.into_iter().filter(|special| special.day >= today).collect();
    let may_edit = may_for_all(Permission::AssistantsEdit);
    let is_empty = coming.is_empty();
    let rows = coming.into_iter().map(|special| view! { <Day special may_edit desk/> }).collect_view();
    view! {
        <section class="card" aria-labelledby="h-days">
            <header><h2 id="h-days">{t(w::RECEPTION_DAYS_TITLE)}</h2></header>
            <p class="small muted open-lede">{t(w::RECEPTION_DAYS_TEXT)}</p>
            {is_empty.then(|| view! { <p class="muted open-lede">{t(w::RECEPTION_DAYS_EMPTY)}</p> })}
            <ul class="list day-list">{rows}</ul>
            {may_edit.then(|| view! {
                <div class="body stack g4">
                    <Button icon=icondata::LuPlus on:click=move |_| desk.run(w::RECEPTION_HOLIDAYS_ADDED, add_public_holidays())>{t(w::RECEPTION_HOLIDAYS_ADD)}</Button>
                    <NewDay desk/>
                </div>
            })}
        </section>
    }
    .into_any()
}

#[component]
fn Day(special: SpecialDay, may_edit: bool, desk: Desk) -> impl IntoView {
    let day = special.day;
    let said = format::weekday_date(use_locale(), day);
    let hours = if special.spans.is_empty() { t(w::RECEPTION_DAY_CLOSED).to_owned() } else { write_spans(&special.spans) };
    let label = format!("{} : {said}", t(w::RECEPTION_REMOVE));
    view! {
        <li class="open-row">
            <div class="grow stack g1">
                <b>{format!("{said} {}", day.format("%Y"))}</b>
                <p class="small muted">{special.label}{" · "}<span class="num">{hours}</span></p>
            </div>
            {may_edit.then(|| view! {
                <IconButton icon=icondata::LuX label kind=ButtonKind::Ghost size=ButtonSize::Small on:click=move |_| desk.run(w::RECEPTION_REMOVED, remove_day(day))/>
            })}
        </li>
    }
    .into_any()
}

#[component]
fn NewDay(desk: Desk) -> impl IntoView {
    let save = ServerAction::<SaveDay>::new();
    desk.when_done(save, RwSignal::new(false));
    let errors = action_fields(save);
    view! {
        <ActionForm action=save attr:class="stack g3">
            <FormErrors error=action_error(save)/>
            <TextInput name="form[day]" kind="date" label=t(w::RECEPTION_DAY) required=true errors/>
            <TextInput name="form[label]" label=t(w::RECEPTION_DAY_LABEL) optional=true maxlength=60_u32 errors/>
            <TextInput name="form[hours]" label=t(w::RECEPTION_DAY_HOURS) hint=t(w::RECEPTION_DAY_HOURS_HINT) optional=true maxlength=120_u32 errors/>
            <div class="row"><Button submit=true pending=save.pending()>{t(w::RECEPTION_DAY_ADD)}</Button></div>
        </ActionForm>
    }
    .into_any()
}
