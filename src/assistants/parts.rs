//! What the pages of assistants share: words for states, and reading again while something is on its way.

use super::model::*;
use crate::{
    i18n::{Key, t, t_with, words as w},
    kit::*,
    shared::{error::AppError, ids::AssistantId, permission::Permission},
};
use leptos::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;

/// How often a page looks whether the provider has answered.
const LOOK_AGAIN: Duration = Duration::from_millis(1500);

/// The trade's name.
pub fn template_name(template: Template) -> Key {
    match template {
        Template::Reception => w::ASSISTANTS_TEMPLATE_RECEPTION,
        Template::Appointments => w::ASSISTANTS_TEMPLATE_APPOINTMENTS,
        Template::OnCall => w::ASSISTANTS_TEMPLATE_ON_CALL,
        Template::Information => w::ASSISTANTS_TEMPLATE_INFORMATION,
        Template::Outbound => w::ASSISTANTS_TEMPLATE_OUTBOUND,
        Template::Dentist => w::TRADES_DENTIST,
        Template::Vet => w::TRADES_VET,
        Template::Garage => w::TRADES_GARAGE,
        Template::EstateAgent => w::TRADES_ESTATE_AGENT,
        Template::LawFirm => w::TRADES_LAW_FIRM,
        Template::Restaurant => w::TRADES_RESTAURANT,
        Template::Plumber => w::TRADES_PLUMBER,
        Template::ItSupport => w::TRADES_IT_SUPPORT,
        Template::Agency => w::TRADES_AGENCY,
        Template::Blank => w::TRADES_BLANK,
    }
}

/// What an assistant of this trade does, in a sentence.
pub fn template_text(template: Template) -> Key {
    match template {
        Template::Reception => w::ASSISTANTS_TEMPLATE_RECEPTION_TEXT,
        Template::Appointments => w::ASSISTANTS_TEMPLATE_APPOINTMENTS_TEXT,
        Template::OnCall => w::ASSISTANTS_TEMPLATE_ON_CALL_TEXT,
        Template::Information => w::ASSISTANTS_TEMPLATE_INFORMATION_TEXT,
        Template::Outbound => w::ASSISTANTS_TEMPLATE_OUTBOUND_TEXT,
        Template::Dentist => w::TRADES_DENTIST_TEXT,
        Template::Vet => w::TRADES_VET_TEXT,
        Template::Garage => w::TRADES_GARAGE_TEXT,
        Template::EstateAgent => w::TRADES_ESTATE_AGENT_TEXT,
        Template::LawFirm => w::TRADES_LAW_FIRM_TEXT,
        Template::Restaurant => w::TRADES_RESTAURANT_TEXT,
        Template::Plumber => w::TRADES_PLUMBER_TEXT,
        Template::ItSupport => w::TRADES_IT_SUPPORT_TEXT,
        Template::Agency => w::TRADES_AGENCY_TEXT,
        Template::Blank => w::TRADES_BLANK_TEXT,
    }
}

/// The trade's sign.
pub fn template_icon(template: Template) -> icondata::Icon {
    match template {
        Template::Reception => icondata::LuConciergeBell,
        Template::Appointments => icondata::LuCalendarCheck,
        Template::OnCall => icondata::LuSiren,
        Template::Information => icondata::LuInfo,
        Template::Outbound => icondata::LuPhoneOutgoing,
        Template::Dentist => icondata::LuSmile,
        Template::Vet => icondata::LuPawPrint,
        Template::Garage => icondata::LuCar,
        Template::EstateAgent => icondata::LuHouse,
        Template::LawFirm => icondata::LuScale,
        Template::Restaurant => icondata::LuUtensils,
        Template::Plumber => icondata::LuWrench,
        Template::ItSupport => icondata::LuHeadset,
        Template::Agency => icondata::LuMegaphone,
        Template::Blank => icondata::LuFileText,
    }
}

/// The language's name in the reader's language.
pub fn language_name(language: &str) -> &'static str {
    t(if language == "en" { w::ASSISTANTS_LANGUAGE_EN } else { w::ASSISTANTS_LANGUAGE_FR })
}

/// Pairs of value and words for a choice of language.
pub fn language_options() -> Vec<(String, String)> {
    LANGUAGES.iter().map(|language| ((*language).to_owned(), language_name(language).to_owned())).collect()
}

/// Whether it answers.
#[component]
pub fn StateBadge(state: AssistantState) -> impl IntoView {
    let (tone, word) = match state {
        AssistantState::Active => (Tone::Ok, w::ASSISTANTS_STATE_ACTIVE),
        AssistantState::Draft => (Tone::Neutral, w::ASSISTANTS_STATE_DRAFT),
    };
    view! { <Badge tone=tone>{t(word)}</Badge> }.into_any()
}

/// How the provider's copy stands, as ring and word.
#[component]
pub fn SyncRing(sync: SyncState) -> impl IntoView {
    let (state, word) = match sync {
        SyncState::InStep => (RingState::Done, w::ASSISTANTS_SYNC_IN_STEP),
        SyncState::Pending => (RingState::Ringing, w::ASSISTANTS_SYNC_PENDING),
        SyncState::Refused => (RingState::Failed, w::ASSISTANTS_SYNC_REFUSED),
    };
    view! { <Ring state=state word=t(word)/> }.into_any()
}

/// What stands in the way of the provider's copy, when something does.
#[component]
pub fn SyncWords(sync: SyncState, error: Option<String>) -> impl IntoView {
    error
        .map(|words| {
            let (tone, title) = match sync {
                SyncState::Refused => (Tone::Bad, w::ASSISTANTS_REFUSED_TITLE),
                _ => (Tone::Warn, w::ASSISTANTS_WAITING_TITLE),
            };
            view! { <Callout tone title=t(title)><p><Told words/></p></Callout> }
        })
        .into_any()
}

/// Reads again and again while `waiting` says that something is on its way.
pub fn look_again_while<T>(resource: Resource<Result<T, AppError>>, waiting: fn(&T) -> bool)
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    Effect::new(move || {
        let is_waiting = resource.with(|read| matches!(read, Some(Ok(value)) if waiting(value)));
        if is_waiting && let Ok(timer) = set_timeout_with_handle(move || resource.refetch(), LOOK_AGAIN) {
            on_cleanup(move || timer.clear());
        }
    });
}

/// `Conversation en cours` and how many.
#[component]
pub fn LiveCount(calls: i64) -> impl IntoView {
    (calls > 0).then(|| view! { <Ring state=RingState::Live word=crate::i18n::t_count(w::ASSISTANTS_LIVE, calls)/> }).into_any()
}

/// The voice's name and language.
pub fn voice_words(catalogue: &Catalogue, id: &str) -> String {
    match catalogue.voice(id) {
        Some(voice) => t_with(w::ASSISTANTS_VOICE_IS, &[("name", &voice.name), ("language", language_name(&voice.language))]),
        None => id.to_owned(),
    }
}

/// The model's name.
pub fn model_words(catalogue: &Catalogue, id: &str) -> String {
    catalogue.model(id).map_or(id, |model| &model.name).to_owned()
}

/// What it costs beside the others, in words.
pub fn price_class_words(class: PriceClass) -> &'static str {
    t(match class {
        PriceClass::Low => w::CATALOGUE_LOW,
        PriceClass::Standard => w::CATALOGUE_STANDARD,
        PriceClass::High => w::CATALOGUE_HIGH,
    })
}

/// The pages of one assistant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum AssistantTab {
    Editor,
    Try,
    Rehearsals,
    Versions,
}

/// Links between the pages of one assistant. Those who may not change it cannot try it, either: each try is paid for.
#[component]
pub fn AssistantTabs(id: AssistantId, here: AssistantTab) -> impl IntoView {
    let tab = |at: &str, words: Key, tab: AssistantTab| (format!("/assistants/{id}{at}"), t(words).to_owned(), tab == here);
    let mut tabs = vec![tab("", w::ASSISTANTS_TAB_EDITOR, AssistantTab::Editor)];
    if may(Permission::AssistantsEdit) {
        tabs.push(tab("/try", w::REHEARSALS_TRY, AssistantTab::Try));
    }
    tabs.push(tab("/rehearsals", w::REHEARSALS_TITLE, AssistantTab::Rehearsals));
    tabs.push(tab("/versions", w::ASSISTANTS_TAB_VERSIONS, AssistantTab::Versions));
    view! { <LinkTabs label=t(w::ASSISTANTS_TABS) tabs/> }.into_any()
}

/// `Version 4`.
pub fn version_name(n: i32) -> String {
    t_with(w::ASSISTANTS_VERSION_N, &[("n", &n.to_string())])
}

/// Whether calls are recorded, in words.
pub fn recording_words(name: &str) -> String {
    recording_options().into_iter().find(|(known, _)| known == name).map_or_else(|| name.to_owned(), |(_, words)| words)
}

/// The ways to record, for a choice.
pub fn recording_options() -> Vec<(String, String)> {
    let words = |recording| match recording {
        Recording::Off => t(w::RECORDING_OFF),
        Recording::On => t(w::RECORDING_ON),
        Recording::Notice => t(w::RECORDING_NOTICE),
    };
    Recording::ALL.iter().map(|recording| (recording.to_string(), words(*recording).to_owned())).collect()
}
