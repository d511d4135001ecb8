//! A limit to some assistants, as a form: the same one for people and for keys.

use crate::{
    i18n::{t, words as w},
    shared::{error::AppError, ids::AssistantId},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// What the form of a limit sends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LimitForm {
    /// `all`, or `some`.
    pub reach: String,
    pub assistants: Vec<String>,
}

impl LimitForm {
    /// Reads the form. Errors: `Invalid`: nothing ticked is never taken for everything.
    pub fn parse(&self) -> Result<Option<Vec<AssistantId>>, AppError> {
        match self.reach.as_str() {
            "all" => Ok(None),
            "some" => {
                let ids: Result<Vec<AssistantId>, _> = self.assistants.iter().map(|id| id.parse()).collect();
                ids.ok().filter(|ids| !ids.is_empty()).map(Some).ok_or_else(|| AppError::invalid("assistants", "team.assistants"))
            }
            _ => Err(AppError::invalid("reach", "team.reach")),
        }
    }
}

/// All assistants, or those that are ticked: the fields of [`LimitForm`], within a form of its reader's.
#[component]
pub fn LimitFields(
    /// Those there are, with their names.
    assistants: Vec<(AssistantId, String)>,
    /// What stands now; nothing: all of them.
    limit: Option<Vec<AssistantId>>,
) -> impl IntoView {
    let was_some = limit.is_some();
    let is_some = RwSignal::new(was_some);
    let ticked = limit.unwrap_or_default();
    let reach = move |value: &'static str, word, is_on: bool| {
        view! {
            <label class="check">
                <input type="radio" name="form[reach]" value=value checked=is_on on:change=move |_| is_some.set(value == "some")/>
                <span>{t(word)}</span>
            </label>
        }
    };
    let none = assistants.is_empty().then(|| view! { <p class="small muted">{t(w::ASSISTANTS_LIMIT_NONE)}</p> });
    view! {
        <fieldset class="stack g2">
            <legend class="label">{t(w::ASSISTANTS_LIMIT_REACH)}</legend>
            {reach("all", w::ASSISTANTS_LIMIT_ALL, !was_some)}
            {reach("some", w::ASSISTANTS_LIMIT_SOME, was_some)}
        </fieldset>
        <fieldset class="stack g2" disabled=move || !is_some.get()>
            <legend class="label">{t(w::ASSISTANTS_LIMIT_ASSISTANTS)}</legend>
            {assistants.into_iter().map(|(id, name)| view! { <Tick id name is_on=ticked.contains(&id)/> }).collect_view()}
            {none}
        </fieldset>
    }
    .into_any()
}

#[component]
fn Tick(id: AssistantId, name: String, is_on: bool) -> impl IntoView {
    view! {
        <label class="check">
            <input type="checkbox" name="form[assistants][]" value=id.to_string() checked=is_on/>
            <span>{name}</span>
        </label>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_chosen_and_nothing_ticked_is_not_everything() {
        let parse = |reach: &str, assistants: &[&str]| {
            LimitForm { reach: reach.into(), assistants: assistants.iter().map(|id| (*id).to_owned()).collect() }.parse()
        };
        let one = AssistantId(uuid::Uuid::from_u128(7));
        assert_eq!(parse("all", &[&one.to_string()]), Ok(None));
        assert_eq!(parse("some", &[&one.to_string()]), Ok(Some(vec![one])));
        assert_eq!(parse("some", &[]), Err(AppError::invalid("assistants", "team.assistants")));
        assert_eq!(parse("some", &["nonsense"]), Err(AppError::invalid("assistants", "team.assistants")));
        assert_eq!(parse("", &[]), Err(AppError::invalid("reach", "team.reach")));
    }
}
