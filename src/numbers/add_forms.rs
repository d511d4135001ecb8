//! The ways a number comes here: chosen from Twilio, known by its id at Vapi, or on a SIP trunk.

use super::{model::*, page::Doing, rpc::list_twilio_numbers};
use crate::{
    i18n::{format, t, t_with, words as w},
    kit::*,
};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::hooks::use_query_map;

#[component]
pub(super) fn AddNumber(has_twilio: bool, assistants: Vec<(String, String)>, doing: Doing) -> impl IntoView {
    let query = use_query_map();
    let is_choosing = Memo::new(move |_| query.with(|query| query.get_str("add").is_some_and(|add| add == "twilio")));
    let (for_list, for_vapi) = (assistants.clone(), assistants.clone());
    view! {
        <section class="card" aria-labelledby="h-add">
            <header><h2 id="h-add">{t(w::NUMBERS_ADD)}</h2></header>
            {has_twilio.then(|| view! {
                {move || {
                    if is_choosing.get() {
                        view! { <Choose assistants=for_list.clone() doing/> }.into_any()
                    } else {
                        view! {
                            <div class="body row">
                                <LinkButton href="/numbers?add=twilio" kind=ButtonKind::Dark icon=icondata::LuPlus>{t(w::NUMBERS_IMPORT)}</LinkButton>
                            </div>
                        }
                            .into_any()
                    }
                }}
            })}
            <ByVapi assistants=for_vapi doing/>
            <ByTrunk assistants doing/>
        </section>
    }
    .into_any()
}

/// The numbers of the account at Twilio, each with who shall answer it.
#[component]
fn Choose(assistants: Vec<(String, String)>, doing: Doing) -> impl IntoView {
    let held = Resource::new(move || doing.import.version().get(), |_| list_twilio_numbers());
    let assistants = StoredValue::new(assistants);
    let draws = StoredValue::new(0);
    view! {
        <div class="body stack g2">
            <h3>{t(w::NUMBERS_IMPORT_TITLE)}</h3>
            <p class="small muted">{t(w::NUMBERS_IMPORT_TEXT)}</p>
            <FormErrors error=action_error(doing.import)/>
        </div>
        <Loaded resource=held skeleton=rows_skeleton(3) let:held>
            {if held.is_empty() {
                view! { <div class="body"><p class="muted">{t(w::NUMBERS_IMPORT_NONE)}</p></div> }.into_any()
            } else {
                let row = move |number| view! { <Held number assistants=assistants.get_value() doing/> };
                let rows = drawn_anew(draws, move || held.iter().cloned().map(row).collect_view().into_any());
                view! { <ul class="list">{rows}</ul> }.into_any()
            }}
        </Loaded>
        <div class="body row"><LinkButton href="/numbers" size=ButtonSize::Small>{t(w::NUMBERS_IMPORT_CLOSE)}</LinkButton></div>
    }
    .into_any()
}

#[component]
fn Held(number: TwilioNumber, assistants: Vec<(String, String)>, doing: Doing) -> impl IntoView {
    let shown = number.number.parse().map_or(number.number.clone(), |number| format::tel(&number));
    let label = t_with(w::NUMBERS_IMPORT_NAMED, &[("number", &shown)]);
    let items = assistants.into_iter().map(|(value, words)| view! { <option value=value>{words}</option> }).collect_view();
    view! {
        <li class="bring-row">
            <b class="num ltr">{shown.clone()}</b>
            <span class="muted grow">{number.name}</span>
            {number.takes_sms.then(|| view! { <Badge tone=Tone::Info>{t(w::NUMBERS_SMS)}</Badge> })}
            {match (number.is_here, number.takes_calls) {
                (true, _) => view! { <Badge tone=Tone::Ok>{t(w::NUMBERS_IMPORT_HERE)}</Badge> }.into_any(),
                (false, false) => view! { <span class="small muted">{t(w::NUMBERS_IMPORT_NO_CALLS)}</span> }.into_any(),
                (false, true) => {
                    view! {
                        <ActionForm action=doing.import attr:class="row g2">
                            <input type="hidden" name="sid" value=number.sid/>
                            <select class="input" name="assistant" aria-label=label>{items}</select>
                            <Button submit=true size=ButtonSize::Small pending=doing.import.pending()>
                                {t(w::NUMBERS_IMPORT_ONE)}<span class="sr">{format!(" {shown}")}</span>
                            </Button>
                        </ActionForm>
                    }
                        .into_any()
                }
            }}
        </li>
    }
    .into_any()
}

#[component]
fn ByVapi(assistants: Vec<(String, String)>, doing: Doing) -> impl IntoView {
    let errors = action_fields(doing.connect);
    view! {
        <details class="fold">
            <summary><Icon icon=icondata::LuPlus small=true/>{t(w::NUMBERS_CONNECT_VAPI)}</summary>
            <ActionForm action=doing.connect>
                <div class="body stack g4">
                    <FormErrors error=action_error(doing.connect)/>
                    <p class="muted small">{t(w::NUMBERS_CONNECT_TEXT)}</p>
                    <div class="cols">
                        <TextInput name="form[number]" label=t(w::NUMBERS_NUMBER) kind="tel" placeholder="+33 1 99 00 24 10" required=true errors/>
                        <TextInput name="form[provider_id]" label=t(w::NUMBERS_NUMBER_ID) hint=t(w::NUMBERS_NUMBER_ID_HINT) required=true errors/>
                        <TextInput name="form[label]" label=t(w::NUMBERS_LABEL) optional=true maxlength=60_u32 errors/>
                        <Select name="form[assistant]" label=t(w::NUMBERS_ASSISTANT) options=assistants errors/>
                    </div>
                    <div class="row"><Button kind=ButtonKind::Dark submit=true pending=doing.connect.pending()>{t(w::NUMBERS_CONNECT)}</Button></div>
                </div>
            </ActionForm>
        </details>
    }
    .into_any()
}

#[component]
fn ByTrunk(assistants: Vec<(String, String)>, doing: Doing) -> impl IntoView {
    let errors = action_fields(doing.trunk);
    view! {
        <details class="fold">
            <summary><Icon icon=icondata::LuPlus small=true/>{t(w::NUMBERS_TRUNK)}</summary>
            <ActionForm action=doing.trunk>
                <div class="body stack g4">
                    <FormErrors error=action_error(doing.trunk)/>
                    <p class="muted small">{t(w::NUMBERS_TRUNK_TEXT)}</p>
                    <div class="cols">
                        <TextInput name="form[number]" label=t(w::NUMBERS_NUMBER) kind="tel" placeholder="+33 1 99 00 24 10" required=true errors/>
                        <TextInput name="form[credential_id]" label=t(w::NUMBERS_TRUNK_ID) hint=t(w::NUMBERS_NUMBER_ID_HINT) required=true errors/>
                        <TextInput name="form[label]" label=t(w::NUMBERS_LABEL) optional=true maxlength=60_u32 errors/>
                        <Select name="form[assistant]" label=t(w::NUMBERS_ASSISTANT) options=assistants errors/>
                    </div>
                    <div class="row"><Button kind=ButtonKind::Dark submit=true pending=doing.trunk.pending()>{t(w::NUMBERS_CONNECT)}</Button></div>
                </div>
            </ActionForm>
        </details>
    }
    .into_any()
}
