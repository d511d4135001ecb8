//! The form of one rehearsal, new or known: what the caller says and what is expected, a line each. Works before wasm.

use super::{model::*, rpc::SaveRehearsal};
use crate::{
    i18n::{t, words as w},
    kit::*,
    shared::ids::{AssistantId, RehearsalId},
};
use leptos::{form::ActionForm, prelude::*};

/// Writes a rehearsal.
#[component]
pub fn ScriptForm(
    assistant: AssistantId,
    save: ServerAction<SaveRehearsal>,
    /// Absent for a new one.
    rehearsal: Option<RehearsalId>,
    form: RehearsalForm,
) -> impl IntoView {
    let errors = action_fields(save);
    let area = move |name: &'static str, label: &'static str, hint: &'static str, value: String, rows: u32| {
        view! { <TextArea name=format!("form[{name}]") label=label hint=hint value=value rows=rows maxlength=8_000_u32 optional=name != "turns" errors/> }
    };
    view! {
        <ActionForm action=save attr:class="stack g4">
            <input type="hidden" name="assistant" value=assistant.to_string()/>
            {rehearsal.map(|id| view! { <input type="hidden" name="rehearsal" value=id.to_string()/> })}
            <FormErrors error=action_error(save)/>
            <TextInput name="form[name]" label=t(w::REHEARSALS_NAME) placeholder=t(w::REHEARSALS_NAME_PLACEHOLDER) value=form.name required=true maxlength=80_u32 errors/>
            {area("turns", t(w::REHEARSALS_TURNS), t(w::REHEARSALS_TURNS_HINT), form.turns, 4)}
            <div class="cols">
                {area("must_say", t(w::REHEARSALS_MUST_SAY), t(w::REHEARSALS_MUST_SAY_HINT), form.must_say, 3)}
                {area("must_not_say", t(w::REHEARSALS_MUST_NOT_SAY), t(w::REHEARSALS_MUST_NOT_SAY_HINT), form.must_not_say, 3)}
                {area("tools", t(w::REHEARSALS_TOOLS), t(w::REHEARSALS_TOOLS_HINT), form.tools, 3)}
                {area("transferred_to", t(w::REHEARSALS_TRANSFERRED), t(w::REHEARSALS_TRANSFERRED_HINT), form.transferred_to, 3)}
            </div>
            <div class="cols">
                <TextInput name="form[max_seconds]" label=t(w::REHEARSALS_MAX_SECONDS) kind="number" inputmode="numeric" value=form.max_seconds optional=true errors/>
                <TextInput
                    name="form[max_turns]"
                    label=t(w::REHEARSALS_MAX_TURNS)
                    hint=t(w::REHEARSALS_MAX_TURNS_HINT)
                    kind="number"
                    inputmode="numeric"
                    value=form.max_turns
                    optional=true
                    errors
                />
            </div>
            <div class="row"><Button kind=ButtonKind::Dark submit=true pending=save.pending()>{t(w::REHEARSALS_SAVE)}</Button></div>
        </ActionForm>
    }
    .into_any()
}
