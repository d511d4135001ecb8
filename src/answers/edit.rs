//! The form of one entry, beside the page.

use super::{
    model::*,
    parts::{Desk, language_options},
    rpc::{CreateAnswer, UpdateAnswer},
};
use crate::{
    i18n::{t, words as w},
    kit::*,
    shared::{error::FieldErrors, ids::AssistantId},
};
use leptos::{form::ActionForm, prelude::*};

/// The drawer with the form of the entry that is edited.
#[component]
pub fn EditDialog(desk: Desk, assistants: Signal<Vec<(AssistantId, String)>>) -> impl IntoView {
    let create = ServerAction::<CreateAnswer>::new();
    let update = ServerAction::<UpdateAnswer>::new();
    let toasts = use_toasts();
    let is_new = Memo::new(move |_| desk.draft.with(|draft| draft.answer.is_none()));
    let done = move || {
        desk.is_editing.set(false);
        desk.changed();
        toasts.say(t(w::ANSWERS_SAVED));
    };
    Effect::new(move || {
        if create.version().get() > 0 && create.value().with_untracked(|value| matches!(value, Some(Ok(_)))) {
            done();
        }
    });
    Effect::new(move || {
        if update.version().get() > 0 && update.value().with_untracked(|value| matches!(value, Some(Ok(_)))) {
            done();
        }
    });
    // What was wrong with the last entry is not wrong with this one.
    Effect::new(move || {
        if desk.is_editing.get() {
            create.clear();
            update.clear();
        }
    });
    let title = Signal::derive(move || t(if is_new.get() { w::ANSWERS_NEW_TITLE } else { w::ANSWERS_EDIT_TITLE }).to_owned());
    view! {
        <Dialog open=desk.is_editing title shape=DialogShape::Drawer>
            {move || {
                let draft = desk.draft.get_untracked();
                let form = draft.form;
                match draft.answer {
                    None => view! {
                        <ActionForm action=create attr:class="answer-form">
                            {draft.question.map(|id| view! { <input type="hidden" name="from" value=id.to_string()/> })}
                            <FormErrors error=action_error(create)/>
                            <Fields form assistants errors=action_fields(create)/>
                            <Foot desk pending=create.pending()/>
                        </ActionForm>
                    }.into_any(),
                    Some(answer) => view! {
                        <ActionForm action=update attr:class="answer-form">
                            <input type="hidden" name="answer" value=answer.id.to_string()/>
                            <input type="hidden" name="revision" value=answer.revision.to_string()/>
                            <FormErrors error=action_error(update)/>
                            <Fields form assistants errors=action_fields(update)/>
                            <Foot desk pending=update.pending()/>
                        </ActionForm>
                    }.into_any(),
                }
            }}
        </Dialog>
    }
    .into_any()
}

#[component]
fn Fields(form: AnswerForm, assistants: Signal<Vec<(AssistantId, String)>>, errors: Signal<FieldErrors>) -> impl IntoView {
    let every = (String::new(), t(w::ANSWERS_EVERY_ASSISTANT).to_owned());
    let known = assistants.get_untracked().into_iter().map(|(id, name)| (id.to_string(), name));
    let assistants: Vec<_> = std::iter::once(every).chain(known).collect();
    let is_paused = form.paused.is_some();
    view! {
        <div class="body stack g4">
            <TextInput name="form[question]" label=t(w::ANSWERS_QUESTION) hint=t(w::ANSWERS_QUESTION_HINT) value=form.question required=true maxlength=300_u32 errors/>
            <TextArea name="form[answer]" label=t(w::ANSWERS_ANSWER) hint=t(w::ANSWERS_ANSWER_HINT) value=form.answer rows=4_u32 required=true maxlength=1500_u32 errors/>
            <TextArea name="form[variants]" label=t(w::ANSWERS_VARIANTS) hint=t(w::ANSWERS_VARIANTS_HINT) value=form.variants rows=3_u32 optional=true errors/>
            <Select name="form[language]" label=t(w::ANSWERS_LANGUAGE) options=language_options() value=form.language errors/>
            <Select name="form[assistant]" label=t(w::ANSWERS_ASSISTANT) options=assistants value=form.assistant errors/>
            <div class="cols">
                <TextInput name="form[valid_from]" kind="date" label=t(w::ANSWERS_VALID_FROM) value=form.valid_from optional=true errors/>
                <TextInput name="form[valid_until]" kind="date" label=t(w::ANSWERS_VALID_UNTIL) value=form.valid_until optional=true errors/>
            </div>
            <Checkbox name="form[paused]" value="on" checked=Signal::stored(is_paused)>{t(w::ANSWERS_PAUSED)}</Checkbox>
        </div>
    }
    .into_any()
}

#[component]
fn Foot(desk: Desk, pending: Memo<bool>) -> impl IntoView {
    view! {
        <footer>
            <Button on:click=move |_| desk.is_editing.set(false)>{t(w::ANSWERS_CANCEL)}</Button>
            <Button kind=ButtonKind::Primary submit=true pending=pending>{t(w::ANSWERS_SAVE)}</Button>
        </footer>
    }
    .into_any()
}
