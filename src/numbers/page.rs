//! `/numbers`: the lines of the house.

use super::{add_forms::AddNumber, messages_card::Messages, model::*, rpc::*, twilio_card::TwilioCard};
use crate::{
    assistants::{
        SyncRing, look_again_while,
        model::{NumberSource, SyncState},
    },
    i18n::{
        Key,
        format::{self, use_clock},
        t, t_with, use_locale, words as w,
    },
    kit::*,
    shared::permission::Permission,
};
use chrono::{DateTime, Utc};
use leptos::{form::ActionForm, prelude::*};

/// What the page does to numbers: each tells the list to be read again.
#[derive(Clone, Copy)]
pub(super) struct Doing {
    pub edit: ServerAction<EditNumber>,
    pub retry: ServerAction<RetryNumber>,
    pub delete: ServerAction<DeleteNumber>,
    pub import: ServerAction<ImportNumber>,
    pub trunk: ServerAction<AddTrunkNumber>,
    pub connect: ServerAction<ConnectNumber>,
    pub link: ServerAction<ConnectTwilio>,
    pub unlink: ServerAction<DisconnectTwilio>,
}

impl Doing {
    fn new() -> Self {
        Self {
            edit: ServerAction::new(),
            retry: ServerAction::new(),
            delete: ServerAction::new(),
            import: ServerAction::new(),
            trunk: ServerAction::new(),
            connect: ServerAction::new(),
            link: ServerAction::new(),
            unlink: ServerAction::new(),
        }
    }

    fn versions(self) -> [usize; 8] {
        [
            self.edit.version().get(),
            self.retry.version().get(),
            self.delete.version().get(),
            self.import.version().get(),
            self.trunk.version().get(),
            self.connect.version().get(),
            self.link.version().get(),
            self.unlink.version().get(),
        ]
    }
}

/// Every number of the organisation, its account at Twilio, and its text messages.
#[component]
pub fn NumbersPage() -> impl IntoView {
    let doing = Doing::new();
    let sheet = Resource::new(move || doing.versions(), |_| read_numbers());
    look_again_while(sheet, |sheet| sheet.numbers.iter().any(|card| card.line.sync == SyncState::Pending));
    let (may_manage, may_see, may_read) =
        (may(Permission::IntegrationsManage), may(Permission::IntegrationsRead), may(Permission::CallsRead));
    view! {
        <PageFrame title=t(w::NUMBERS_TITLE)>
            <PageHead title=t(w::NUMBERS_LEDE) text=t(w::NUMBERS_LEDE_TEXT)/>
            <Loaded resource=sheet skeleton=rows_skeleton(6) let:sheet>
                <List sheet=sheet.clone() doing/>
                {may_manage.then(|| view! { <AddNumber has_twilio=sheet.twilio.is_some() assistants=choices(&sheet) doing/> })}
                {may_see.then(|| view! { <TwilioCard twilio=sheet.twilio.clone() sandbox=sheet.sandbox.clone() doing may_manage/> })}
            </Loaded>
            {may_read.then(|| view! { <Messages/> })}
        </PageFrame>
    }
    .into_any()
}

/// Who may answer, for a choice: nobody first.
fn choices(sheet: &NumbersSheet) -> Vec<(String, String)> {
    let nobody = (String::new(), t(w::NUMBERS_NOBODY).to_owned());
    std::iter::once(nobody).chain(sheet.assistants.iter().map(|(id, name)| (id.to_string(), name.clone()))).collect()
}

#[component]
fn List(sheet: NumbersSheet, doing: Doing) -> impl IntoView {
    let draws = StoredValue::new(0);
    let options = choices(&sheet);
    let now = sheet.now;
    let rights = Rights { edit: may(Permission::AssistantsEdit), manage: may(Permission::IntegrationsManage) };
    let rows = if sheet.numbers.is_empty() {
        view! { <div class="body"><p class="muted">{t(w::NUMBERS_EMPTY)}</p></div> }.into_any()
    } else {
        let row = move |card: NumberCard| view! { <Line card options=options.clone() doing rights now/> };
        let cards = sheet.numbers;
        let rows = drawn_anew(draws, move || cards.iter().cloned().map(&row).collect_view().into_any());
        view! { <ul class="list">{rows}</ul> }.into_any()
    };
    view! {
        <section class="card" aria-labelledby="h-numbers">
            <header><h2 id="h-numbers">{t(w::NUMBERS_LIST)}</h2></header>
            <FormErrors error=action_error(doing.delete)/>
            <FormErrors error=action_error(doing.retry)/>
            <FormErrors error=action_error(doing.edit)/>
            {rows}
        </section>
    }
    .into_any()
}

/// What the reader may do with a number.
#[derive(Clone, Copy)]
struct Rights {
    edit: bool,
    manage: bool,
}

#[component]
fn Line(card: NumberCard, options: Vec<(String, String)>, doing: Doing, rights: Rights, now: DateTime<Utc>) -> impl IntoView {
    let line = card.line.clone();
    let id = line.id;
    let shown = line.number.parse().map_or(line.number.clone(), |number| format::tel(&number));
    let is_refused = line.sync == SyncState::Refused;
    let named = shown.clone();
    view! {
        <li class="line-row">
            <div class="row g3">
                <b class="num ltr">{shown.clone()}</b>
                {(!line.label.is_empty()).then(|| view! { <span class="muted">{line.label.clone()}</span> })}
                <Badge tone=Tone::Neutral>{t(source_name(line.source))}</Badge>
                {line.sends_sms.then(|| view! { <Badge tone=Tone::Info>{t(w::NUMBERS_SMS)}</Badge> })}
                <span class="small end"><SyncRing sync=line.sync/></span>
            </div>
            <Facts card now/>
            {line.sync_error.clone().map(|words| view! { <p class="small t bad"><Told words/></p> })}
            {(is_refused && rights.manage).then(|| {
                view! {
                    <div class="row">
                        <Button size=ButtonSize::Small icon=icondata::LuRotateCw pending=doing.retry.pending() on:click=move |_| { doing.retry.dispatch(RetryNumber { id }); }>
                            {t(w::NUMBERS_RETRY)}
                        </Button>
                    </div>
                }
            })}
            {rights.edit.then(|| view! {
                <details class="fold">
                    <summary><Icon icon=icondata::LuPencil small=true/>{t(w::NUMBERS_EDIT)}<span class="sr">{format!(" {named}")}</span></summary>
                    <ActionForm action=doing.edit>
                        <EditFields line options doing/>
                    </ActionForm>
                    {rights.manage.then(|| view! {
                        <div class="body row">
                            <ConfirmButton
                                icon=icondata::LuTrash2
                                size=ButtonSize::Small
                                pending=doing.delete.pending()
                                on_confirm=Callback::new(move |()| { doing.delete.dispatch(DeleteNumber { id }); })
                            >
                                {t(w::NUMBERS_REMOVE)}<span class="sr">{format!(" {shown}")}</span>
                            </ConfirmButton>
                        </div>
                    })}
                </details>
            })}
        </li>
    }
    .into_any()
}

/// Who answers, where callers go otherwise, and how the line has been doing.
#[component]
fn Facts(card: NumberCard, now: DateTime<Utc>) -> impl IntoView {
    let (locale, clock) = (use_locale(), use_clock());
    let at = |moment| format::date_time_short(locale, &clock, moment, now);
    let name = card.line.assistant_name.clone().unwrap_or_else(|| t(w::NUMBERS_NOBODY).to_owned());
    let received = match card.last_received {
        Some(moment) => t_with(w::NUMBERS_LAST_RECEIVED, &[("at", &at(moment))]),
        None => t(w::NUMBERS_NEVER_RECEIVED).to_owned(),
    };
    let failed = card.last_failed.map(|moment| t_with(w::NUMBERS_LAST_FAILED, &[("at", &at(moment))]));
    let fallback = card.line.fallback.as_deref().map(|number| {
        let shown = number.parse().map_or(number.to_owned(), |number| format::tel(&number));
        t_with(w::NUMBERS_FALLS_BACK, &[("number", &shown)])
    });
    view! {
        <p class="line-facts small muted">
            <span>{t_with(w::NUMBERS_ANSWERS, &[("name", &name)])}</span>
            {fallback.map(|words| view! { <span>{words}</span> })}
            <span>{received}</span>
            {failed.map(|words| view! { <span class="t bad">{words}</span> })}
        </p>
    }
    .into_any()
}

#[component]
fn EditFields(line: crate::assistants::model::NumberLine, options: Vec<(String, String)>, doing: Doing) -> impl IntoView {
    let errors = action_fields(doing.edit);
    let chosen = line.assistant_id.map(|id| id.to_string()).unwrap_or_default();
    view! {
        <div class="body stack g4">
            <input type="hidden" name="id" value=line.id.to_string()/>
            <div class="cols">
                <TextInput name="form[label]" label=t(w::NUMBERS_LABEL) value=line.label optional=true maxlength=60_u32 errors/>
                <Select name="form[assistant]" label=t(w::NUMBERS_ASSISTANT) options value=chosen errors/>
                <TextInput name="form[fallback]" label=t(w::NUMBERS_FALLBACK) kind="tel" value=line.fallback.unwrap_or_default() hint=t(w::NUMBERS_FALLBACK_HINT) optional=true errors/>
            </div>
            <div class="row"><Button kind=ButtonKind::Dark submit=true pending=doing.edit.pending()>{t(w::NUMBERS_SAVE)}</Button></div>
        </div>
    }
    .into_any()
}

fn source_name(source: NumberSource) -> Key {
    match source {
        NumberSource::Vapi => w::NUMBERS_SOURCE_VAPI,
        NumberSource::Twilio => w::NUMBERS_SOURCE_TWILIO,
        NumberSource::Sip => w::NUMBERS_SOURCE_SIP,
    }
}
