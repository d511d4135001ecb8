//! The form of a rule.

use super::{
    model::{ReceptionSheet, RuleForm},
    page::{Desk, Foot},
    rpc::SaveRule,
    rules::{CallerIs, OpeningIs, Rule, Way},
    words::{caller_word, language_options, opening_is_word, shown, way_word},
};
use crate::{
    i18n::{t, t_with, words as w},
    kit::*,
};
use leptos::{form::ActionForm, prelude::*};

/// The drawer with the form of the rule that is edited, or of a new one.
#[component]
pub fn RuleDrawer(sheet: ReceptionSheet, edited: RwSignal<Option<Rule>>, open: RwSignal<bool>, desk: Desk) -> impl IntoView {
    let save = ServerAction::<SaveRule>::new();
    desk.when_done(save, open);
    let sheet = StoredValue::new(sheet);
    let title = Signal::derive(move || {
        let key = if edited.with(Option::is_none) { w::RECEPTION_RULE_NEW_TITLE } else { w::RECEPTION_RULE_EDIT_TITLE };
        t(key).to_owned()
    });
    view! {
        <Dialog open title shape=DialogShape::Drawer>
            {
                let rule = edited.get_untracked();
                let new = RuleForm { way: Way::Assistant.to_string(), ..RuleForm::default() };
                let form = rule.as_ref().map_or(new, RuleForm::of);
                view! {
                    <ActionForm action=save attr:class="answer-form">
                        {rule.map(|rule| view! { <input type="hidden" name="rule" value=rule.id.to_string()/> })}
                        <div class="body stack g4">
                            <FormErrors error=action_error(save)/>
                            <Conditions sheet=sheet.get_value() form=form.clone() save/>
                            <Outcome sheet=sheet.get_value() form save/>
                        </div>
                        <Foot open pending=save.pending()/>
                    </ActionForm>
                }
            }
        </Dialog>
    }
    .into_any()
}

/// Nothing, then every value with its word.
fn choices<T: Copy + ToString>(values: &[T], word: impl Fn(T) -> crate::i18n::Key) -> Vec<(String, String)> {
    let any = (String::new(), t(w::RECEPTION_ANY).to_owned());
    std::iter::once(any).chain(values.iter().map(|value| (value.to_string(), t(word(*value)).to_owned()))).collect()
}

#[component]
fn Conditions(sheet: ReceptionSheet, form: RuleForm, save: ServerAction<SaveRule>) -> impl IntoView {
    let errors = action_fields(save);
    let named = |(number, label): &(String, String)| {
        (number.clone(), if label.is_empty() { shown(number) } else { format!("{} · {label}", shown(number)) })
    };
    let numbers: Vec<_> = std::iter::once((String::new(), t(w::RECEPTION_ANY).to_owned())).chain(sheet.numbers.iter().map(named)).collect();
    view! {
        <fieldset class="stack g4">
            <legend class="label">{t(w::RECEPTION_RULE_WHEN)}</legend>
            <div class="cols">
                <Select name="form[opening]" label=t(w::RECEPTION_WHEN_OPENING) options=choices(OpeningIs::ALL, opening_is_word) value=form.opening errors/>
                <Select name="form[caller]" label=t(w::RECEPTION_WHEN_CALLER) options=choices(CallerIs::ALL, caller_word) value=form.caller errors/>
            </div>
            <Select name="form[number]" label=t(w::RECEPTION_WHEN_NUMBER) options=numbers value=form.number errors/>
            <div class="cols">
                <TextInput name="form[prefix]" label=t(w::RECEPTION_WHEN_PREFIX) hint=t(w::RECEPTION_WHEN_PREFIX_HINT) value=form.prefix optional=true errors/>
                <Select name="form[language]" label=t(w::RECEPTION_WHEN_LANGUAGE) options=language_options(w::RECEPTION_ANY) value=form.language errors/>
            </div>
            <TextInput name="form[calls_from]" label=t(w::RECEPTION_WHEN_CALLS) inputmode="numeric" value=form.calls_from optional=true errors/>
        </fieldset>
    }
    .into_any()
}

#[component]
fn Outcome(sheet: ReceptionSheet, form: RuleForm, save: ServerAction<SaveRule>) -> impl IntoView {
    let errors = action_fields(save);
    let way = RwSignal::new(form.way.clone());
    let is = move |one: Way| move || way.get() != one.name();
    let first = || std::iter::once((String::new(), t(w::RECEPTION_CHOOSE).to_owned()));
    let assistants: Vec<_> = first()
        .chain(sheet.assistants.iter().map(|known| {
            let name = if known.is_ready { known.name.clone() } else { t_with(w::RECEPTION_NOT_READY, &[("name", &known.name)]) };
            (known.id.to_string(), name)
        }))
        .collect();
    let people: Vec<_> = first().chain(sheet.people.iter().map(|person| (person.id.to_string(), person.name.clone()))).collect();
    let ways: Vec<_> = Way::ALL.iter().map(|way| (way.to_string(), t(way_word(*way)).to_owned())).collect();
    view! {
        <fieldset class="stack g4">
            <legend class="label">{t(w::RECEPTION_RULE_THEN)}</legend>
            <Select name="form[way]" label=t(w::RECEPTION_WAY) options=ways value=form.way on_change=Callback::new(move |chosen| way.set(chosen)) errors/>
            <div hidden=is(Way::Assistant)><Select name="form[assistant]" label=t(w::RECEPTION_THEN_ASSISTANT) options=assistants value=form.assistant errors/></div>
            <div hidden=is(Way::Person)>
                <Select name="form[person]" label=t(w::RECEPTION_THEN_PERSON) hint=t(w::RECEPTION_THEN_PERSON_HINT) options=people value=form.person errors/>
            </div>
            <div hidden=is(Way::Number)><TextInput name="form[to_number]" kind="tel" label=t(w::RECEPTION_THEN_NUMBER) placeholder="+33 1 …" value=form.to_number errors/></div>
            <div hidden=is(Way::Refuse) class="stack g4">
                <TextArea name="form[words]" label=t(w::RECEPTION_THEN_WORDS) hint=t(w::RECEPTION_THEN_WORDS_HINT) value=form.words maxlength=500_u32 errors/>
                <Select name="form[words_language]" label=t(w::RECEPTION_THEN_LANGUAGE) options=language_options(w::RECEPTION_CHOOSE).split_off(1) value=form.words_language errors/>
            </div>
        </fieldset>
    }
    .into_any()
}
