//! Opening hours of the week, and the days that differ.

use super::{
    day_list::DayList,
    model::{ReceptionSheet, WeekForm},
    page::Desk,
    rpc::SaveWeek,
    try_box::Standing,
    words::DAYS,
};
use crate::{
    i18n::{
        format::{self, use_clock},
        t, t_with, use_locale, words as w,
    },
    kit::*,
    shared::{error::FieldErrors, permission::Permission},
};
use leptos::{form::ActionForm, prelude::*};

/// The tab.
#[component]
pub fn HoursTab(sheet: ReceptionSheet, desk: Desk) -> impl IntoView {
    let (locale, clock) = (use_locale(), use_clock());
    let opens = sheet.opens_at.map(|at| t_with(w::RECEPTION_OPENS_AT, &[("when", &format::date_time(locale, &clock, at))]));
    let text = t_with(w::RECEPTION_HOURS_TEXT, &[("zone", &sheet.timezone)]);
    let is_unset = sheet.week.is_unset();
    let form = WeekForm::of(&sheet.week);
    view! {
        <div class="duo reception">
            <section class="card" aria-labelledby="h-hours">
                <header><h2 id="h-hours" class="grow">{t(w::RECEPTION_HOURS_TITLE)}</h2><Standing sheet=sheet.clone()/></header>
                <div class="body stack g4">
                    <p class="muted small">{text}</p>
                    {is_unset.then(|| view! { <p class="small">{t(w::RECEPTION_HOURS_UNSET)}</p> })}
                    {opens.map(|opens| view! { <p class="small">{opens}</p> })}
                    {if may_for_all(Permission::AssistantsEdit) {
                        view! { <WeekEditor form desk/> }.into_any()
                    } else {
                        view! { <WeekShown form/> }.into_any()
                    }}
                </div>
            </section>
            <aside class="stack g4" aria-label=t(w::RECEPTION_DAYS_TITLE)><DayList sheet=sheet.clone() desk/></aside>
        </div>
    }
    .into_any()
}

#[component]
fn WeekEditor(form: WeekForm, desk: Desk) -> impl IntoView {
    let save = ServerAction::<SaveWeek>::new();
    desk.when_done(save, RwSignal::new(false));
    view! {
        <ActionForm action=save attr:class="stack g4">
            <FormErrors error=action_error(save)/>
            <WeekFields form errors=action_fields(save)/>
            <div class="row"><Button kind=ButtonKind::Primary submit=true pending=save.pending()>{t(w::RECEPTION_SAVE)}</Button></div>
        </ActionForm>
    }
    .into_any()
}

/// A line for each day.
#[component]
pub fn WeekFields(form: WeekForm, errors: Signal<FieldErrors>) -> impl IntoView {
    let fields = DAYS
        .iter()
        .enumerate()
        .map(|(at, day)| {
            let value = form.week.get(at).cloned().unwrap_or_default();
            view! { <TextInput name=format!("form[week][{at}]") label=t(*day) placeholder="9:00-12:00, 14:00-18:00" value maxlength=120_u32 errors/> }
        })
        .collect_view();
    view! { <div class="week-fields">{fields}</div> }.into_any()
}

#[component]
fn WeekShown(form: WeekForm) -> impl IntoView {
    let lines = DAYS
        .iter()
        .zip(form.week)
        .map(|(day, hours)| {
            let hours = if hours.is_empty() { t(w::RECEPTION_DAY_CLOSED).to_owned() } else { hours };
            view! { <dt>{t(*day)}</dt><dd class="num">{hours}</dd> }
        })
        .collect_view();
    view! { <dl class="kv">{lines}</dl> }.into_any()
}
