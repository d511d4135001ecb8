//! The transfer directory.

use super::{
    directory::{Duty, Person},
    hours_page::WeekFields,
    model::{PersonForm, ReceptionSheet, WeekForm},
    page::{Desk, Foot},
    rpc::{SavePerson, remove_person},
    words::{duty_word, language_word},
};
use crate::{
    i18n::{format, t, t_with, words as w},
    kit::*,
    shared::permission::Permission,
};
use leptos::{form::ActionForm, prelude::*};

/// The tab.
#[component]
pub fn PeopleTab(sheet: ReceptionSheet, desk: Desk) -> impl IntoView {
    let may_edit = may_for_all(Permission::AssistantsEdit);
    let open = RwSignal::new(false);
    let edited = RwSignal::new(None::<Person>);
    let add = move |_| {
        edited.set(None);
        open.set(true);
    };
    let is_empty = sheet.people.is_empty();
    let new = move || {
        may_edit.then(|| view! { <Button kind=ButtonKind::Primary icon=icondata::LuPlus attr:aria-haspopup="dialog" on:click=add>{t(w::RECEPTION_PERSON_ADD)}</Button> })
    };
    let rows = sheet.people.into_iter().map(|person| view! { <Row person may_edit edited open desk/> }).collect_view();
    let list = if is_empty {
        view! { <Empty kind=EmptyKind::Unused title=t(w::RECEPTION_PEOPLE_EMPTY_TITLE) text=t(w::RECEPTION_PEOPLE_EMPTY_TEXT)>{new()}</Empty> }.into_any()
    } else {
        view! { <ul class="list">{rows}</ul> }.into_any()
    };
    view! {
        <section class="card reception" aria-labelledby="h-people">
            <header>
                <div class="grow">
                    <h2 id="h-people">{t(w::RECEPTION_PEOPLE_TITLE)}</h2>
                    <p class="small muted">{t(w::RECEPTION_PEOPLE_TEXT)}</p>
                </div>
                {(!is_empty).then(new)}
            </header>
            {list}
        </section>
        {may_edit.then(|| view! { <PersonDrawer edited open desk/> })}
    }
    .into_any()
}

#[component]
fn Row(person: Person, may_edit: bool, edited: RwSignal<Option<Person>>, open: RwSignal<bool>, desk: Desk) -> impl IntoView {
    let id = person.id;
    let mut notes = vec![format::tel(&person.number), t(duty_word(person.duty)).to_owned()];
    notes.extend(
        (!person.languages.is_empty()).then(|| person.languages.iter().map(|tag| language_word(tag)).collect::<Vec<_>>().join(", ")),
    );
    notes.push(t_with(w::RECEPTION_PERSON_ORDER, &[("n", &person.priority.to_string())]));
    let of_person = |key| format!("{} : {}", t(key), person.name);
    let (edit_label, remove_label) = (of_person(w::RECEPTION_EDIT), of_person(w::RECEPTION_REMOVE));
    let (name, skills, urgent_only) = (person.name.clone(), person.skills.clone(), person.urgent_only);
    let kept = StoredValue::new(person);
    let edit = move |_| {
        edited.set(Some(kept.get_value()));
        open.set(true);
    };
    view! {
        <li class="rule-row">
            <div class="grow stack g1">
                <b>{name}</b>
                <p class="small muted">{notes.join(" · ")}</p>
                <div class="row wrap g1">
                    {urgent_only.then(|| view! { <Badge tone=Tone::Warn>{t(w::RECEPTION_PERSON_URGENT_SHORT)}</Badge> })}
                    {skills.into_iter().map(|skill| view! { <Badge tone=Tone::Neutral>{skill}</Badge> }).collect_view()}
                </div>
            </div>
            {may_edit.then(|| view! {
                <div class="row g1 rule-tools">
                    <IconButton icon=icondata::LuPencil label=edit_label kind=ButtonKind::Ghost attr:aria-haspopup="dialog" on:click=edit/>
                    <IconButton icon=icondata::LuTrash2 label=remove_label kind=ButtonKind::Ghost on:click=move |_| desk.run(w::RECEPTION_REMOVED, remove_person(id))/>
                </div>
            })}
        </li>
    }
    .into_any()
}

#[component]
fn PersonDrawer(edited: RwSignal<Option<Person>>, open: RwSignal<bool>, desk: Desk) -> impl IntoView {
    let save = ServerAction::<SavePerson>::new();
    desk.when_done(save, open);
    let title = Signal::derive(move || {
        let key = if edited.with(Option::is_none) { w::RECEPTION_PERSON_NEW_TITLE } else { w::RECEPTION_PERSON_EDIT_TITLE };
        t(key).to_owned()
    });
    view! {
        <Dialog open title shape=DialogShape::Drawer>
            {
                let person = edited.get_untracked();
                let new = PersonForm { priority: "1".into(), duty: Duty::Opening.to_string(), ..PersonForm::default() };
                let form = person.as_ref().map_or(new, PersonForm::of);
                view! {
                    <ActionForm action=save attr:class="answer-form">
                        {person.map(|person| view! { <input type="hidden" name="person" value=person.id.to_string()/> })}
                        <div class="body stack g4"><FormErrors error=action_error(save)/><Fields form save/></div>
                        <Foot open pending=save.pending()/>
                    </ActionForm>
                }
            }
        </Dialog>
    }
    .into_any()
}

#[component]
fn Fields(form: PersonForm, save: ServerAction<SavePerson>) -> impl IntoView {
    let errors = action_fields(save);
    let language = |value: &str, words| (value.to_owned(), t(words).to_owned());
    let languages = vec![
        language("", w::RECEPTION_PERSON_ANY_LANGUAGE),
        language("fr", w::RECEPTION_LANGUAGE_FR),
        language("en", w::RECEPTION_LANGUAGE_EN),
        language("fr,en", w::RECEPTION_LANGUAGES_BOTH),
    ];
    let duties: Vec<_> = Duty::ALL.iter().map(|duty| (duty.to_string(), t(duty_word(*duty)).to_owned())).collect();
    let duty = RwSignal::new(form.duty.clone());
    let urgent_only = form.urgent_only.is_some();
    view! {
        <TextInput name="form[name]" label=t(w::RECEPTION_PERSON_NAME) value=form.name required=true maxlength=80_u32 errors/>
        <TextInput name="form[number]" kind="tel" label=t(w::RECEPTION_PERSON_NUMBER) placeholder="+33 1 …" value=form.number required=true errors/>
        <TextInput name="form[skills]" label=t(w::RECEPTION_PERSON_SKILLS) hint=t(w::RECEPTION_PERSON_SKILLS_HINT) value=form.skills optional=true errors/>
        <Select name="form[languages]" label=t(w::RECEPTION_PERSON_LANGUAGES) options=languages value=form.languages errors/>
        <Select name="form[duty]" label=t(w::RECEPTION_PERSON_DUTY) options=duties value=form.duty on_change=Callback::new(move |chosen| duty.set(chosen)) errors/>
        <fieldset hidden=move || duty.get() != Duty::Own.name()>
            <legend class="label">{t(w::RECEPTION_PERSON_WEEK)}</legend>
            <WeekFields form=WeekForm { week: form.week } errors/>
        </fieldset>
        <TextInput name="form[priority]" inputmode="numeric" label=t(w::RECEPTION_PERSON_PRIORITY) hint=t(w::RECEPTION_PERSON_PRIORITY_HINT) value=form.priority required=true errors/>
        <Checkbox name="form[urgent_only]" value="on" checked=Signal::stored(urgent_only)>{t(w::RECEPTION_PERSON_URGENT)}</Checkbox>
    }
    .into_any()
}
