//! Starting a call: one that the simulator rings, or one that goes out. Home, Live and the log offer both.

use super::{
    live::use_live,
    model::AssistantChoice,
    rpc::{SimulateCall, StartCall, list_assistant_choices},
};
use crate::{
    i18n::{Key, t, words as w},
    kit::{
        Button, ButtonKind, ButtonSize, Dialog, FormErrors, Loaded, Select, TextInput, action_error, action_fields, late, rows_skeleton,
        use_session,
    },
    shared::{error::FieldErrors, permission::Permission},
};
use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_navigate;

/// The callers a simulated call may have: the last digits of their number (CONTRACT section 5) and what they do. Only what an incoming call can show.
const CALLERS: &[(&str, Key)] = &[
    ("", w::CALLS_CALLER_ANY),
    ("00", w::CALLS_CALLER_00),
    ("05", w::CALLS_CALLER_05),
    ("07", w::CALLS_CALLER_07),
    ("06", w::CALLS_CALLER_06),
    ("08", w::CALLS_CALLER_08),
    ("04", w::CALLS_CALLER_04),
    ("09", w::CALLS_CALLER_09),
];

/// The same for what goes wrong between the provider and us.
const FAULTS: &[(&str, Key)] = &[
    ("10", w::CALLS_CALLER_10),
    ("11", w::CALLS_CALLER_11),
    ("12", w::CALLS_CALLER_12),
    ("13", w::CALLS_CALLER_13),
    ("14", w::CALLS_CALLER_14),
    ("15", w::CALLS_CALLER_15),
    ("19", w::CALLS_CALLER_19),
    ("22", w::CALLS_CALLER_22),
];

/// “Simulate a call”: before wasm a form that rings at once, after it a dialog. Absent outside the sandbox and without the right.
#[component]
pub fn SimulateButton(
    /// The one coral button of the view.
    #[prop(optional)]
    primary: bool,
    #[prop(optional)] small: bool,
) -> impl IntoView {
    let session = use_session();
    if !session.sandbox || !session.may(Permission::CallsStart) {
        return ().into_any();
    }
    let open = RwSignal::new(false);
    let kind = if primary { ButtonKind::Primary } else { ButtonKind::Plain };
    let size = if small { ButtonSize::Small } else { ButtonSize::Normal };
    view! {
        <form method="post" action=SimulateCall::url() class="bare">
            <Button
                kind
                size
                icon=icondata::LuFlaskConical
                submit=true
                attr:aria-haspopup="dialog"
                on:click=move |event| {
                    event.prevent_default();
                    open.set(true);
                }
            >
                {t(w::CALLS_SIMULATE)}
            </Button>
        </form>
        <Dialog open title=t(w::CALLS_SIMULATE)>{late(draw_simulate_form(open), rows_skeleton(6))}</Dialog>
    }
    .into_any()
}

lazy! { opened, load_simulate_form, draw_simulate_form(open: RwSignal<bool>) => view! { <SimulateForm open/> } }

#[component]
fn SimulateForm(open: RwSignal<bool>) -> impl IntoView {
    let assistants = Resource::new(|| (), |()| list_assistant_choices());
    view! { <Loaded resource=assistants let:choices><SimulateFields choices open/></Loaded> }.into_any()
}

#[component]
fn SimulateFields(choices: Vec<AssistantChoice>, open: RwSignal<bool>) -> impl IntoView {
    let ring = ServerAction::<SimulateCall>::new();
    let live = use_live();
    let navigate = use_navigate();
    Effect::new(move || {
        if ring.version().get() > 0 && ring.value().with(|value| matches!(value, Some(Ok(())))) {
            live.expect_call();
            open.set(false);
            navigate("/live", Default::default());
        }
    });
    let ready: Vec<AssistantChoice> = choices.into_iter().filter(|choice| choice.is_ready).collect();
    if ready.is_empty() {
        return view! { <NoAssistant/> }.into_any();
    }
    let first = ready.first().map(|choice| choice.id.to_string()).unwrap_or_default();
    let options = ready.into_iter().map(|choice| (choice.id.to_string(), choice.name)).collect::<Vec<_>>();
    let callers = |list: &'static [(&'static str, Key)]| {
        list.iter()
            .map(|(digits, words)| {
                view! {
                    <label class="choice caller">
                        <span class="check"><input type="radio" name="ending" value=*digits checked=digits.is_empty()/><span>{t(*words)}</span></span>
                    </label>
                }
            })
            .collect_view()
    };
    view! {
        <ActionForm action=ring attr:class="contents">
            <div class="body stack">
                <FormErrors error=action_error(ring)/>
                <p class="muted">{t(w::CALLS_SIMULATE_TEXT)}</p>
                <Select name="assistant" label=t(w::CALLS_ASSISTANT) options value=first/>
                <fieldset class="stack g2"><legend class="strong">{t(w::CALLS_SIMULATE_CALLER)}</legend><div class="callers">{callers(CALLERS)}</div></fieldset>
                <details class="faults"><summary class="small muted">{t(w::CALLS_SIMULATE_FAULTS)}</summary><div class="callers">{callers(FAULTS)}</div></details>
            </div>
            <footer>
                <Button on:click=move |_| open.set(false)>{t(w::KIT_CANCEL)}</Button>
                <Button kind=ButtonKind::Primary submit=true pending=ring.pending()>{t(w::CALLS_SIMULATE_START)}</Button>
            </footer>
        </ActionForm>
    }
    .into_any()
}

/// “Call”: an assistant calls somebody. Absent without the right.
#[component]
pub fn CallButton(#[prop(optional)] small: bool) -> impl IntoView {
    if !use_session().may(Permission::CallsStart) {
        return ().into_any();
    }
    let open = RwSignal::new(false);
    let size = if small { ButtonSize::Small } else { ButtonSize::Normal };
    let alive = crate::kit::use_alive();
    view! {
        <Button size icon=icondata::LuPhoneOutgoing disabled=Signal::derive(move || !alive.get()) attr:aria-haspopup="dialog" on:click=move |_| open.set(true)>
            {t(w::CALLS_CALL)}
        </Button>
        <Dialog open title=t(w::CALLS_CALL_TITLE)>{late(draw_call_form(open), rows_skeleton(4))}</Dialog>
    }
    .into_any()
}

lazy! { opened, load_call_form, draw_call_form(open: RwSignal<bool>) => view! { <CallForm open/> } }

#[component]
fn CallForm(open: RwSignal<bool>) -> impl IntoView {
    let assistants = Resource::new(|| (), |()| list_assistant_choices());
    view! { <Loaded resource=assistants let:choices><CallFields choices open/></Loaded> }.into_any()
}

#[component]
fn CallFields(choices: Vec<AssistantChoice>, open: RwSignal<bool>) -> impl IntoView {
    let start = ServerAction::<StartCall>::new();
    let navigate = use_navigate();
    Effect::new(move || {
        if let Some(Ok(id)) = start.value().get() {
            open.set(false);
            navigate(&format!("/live/{id}"), Default::default());
        }
    });
    let ready: Vec<AssistantChoice> = choices.into_iter().filter(|choice| choice.is_ready).collect();
    if ready.is_empty() {
        return view! { <NoAssistant/> }.into_any();
    }
    let first = ready.first().map(|choice| choice.id.to_string()).unwrap_or_default();
    let options = ready.into_iter().map(|choice| (choice.id.to_string(), choice.name)).collect::<Vec<_>>();
    let checked = RwSignal::new(FieldErrors::default());
    let told = action_fields(start);
    let errors = Signal::derive(move || Some(checked.get()).filter(|errors| !errors.is_empty()).unwrap_or_else(|| told.get()));
    let check = move |typed: String| {
        checked.set(if typed.trim().is_empty() || could_be_dialled(&typed) {
            FieldErrors::default()
        } else {
            FieldErrors::one("number", "phone.not_dialable")
        });
    };
    let is_sandbox = use_session().sandbox;
    view! {
        <ActionForm action=start attr:class="contents">
            <div class="body stack">
                <FormErrors error=action_error(start)/>
                <Select name="assistant" label=t(w::CALLS_ASSISTANT) options value=first/>
                <TextInput
                    name="number"
                    label=t(w::CALLS_NUMBER)
                    kind="tel"
                    autocomplete="off"
                    required=true
                    placeholder="06 39 98 12 00"
                    hint=t(if is_sandbox { w::CALLS_CALL_HINT_SANDBOX } else { w::CALLS_CALL_HINT })
                    errors
                    on_input=Callback::new(move |_| if !checked.with_untracked(FieldErrors::is_empty) { checked.set(FieldErrors::default()) })
                    on_blur=Callback::new(check)
                />
                <TextInput name="name" label=t(w::CALLS_CALL_NAME) autocomplete="off" optional=true maxlength=80_u32/>
            </div>
            <footer>
                <Button on:click=move |_| open.set(false)>{t(w::KIT_CANCEL)}</Button>
                <Button kind=ButtonKind::Primary submit=true pending=start.pending()>{t(w::CALLS_CALL)}</Button>
            </footer>
        </ActionForm>
    }
    .into_any()
}

/// Whether what was typed has the shape of a number; the server knows the countries.
fn could_be_dialled(typed: &str) -> bool {
    let digits = typed.bytes().filter(u8::is_ascii_digit).count();
    let shape = typed.trim().char_indices().all(|(at, c)| c.is_ascii_digit() || " .-()\u{a0}\u{202f}".contains(c) || (c == '+' && at == 0));
    shape && (8..=15).contains(&digits)
}

#[component]
fn NoAssistant() -> impl IntoView {
    let may_edit = crate::kit::may(Permission::AssistantsEdit);
    view! {
        <div class="body stack">
            <p>{t(w::CALLS_NO_ASSISTANT)}</p>
            {may_edit.then(|| view! { <crate::kit::LinkButton href="/assistants" kind=ButtonKind::Primary>{t(w::CALLS_NO_ASSISTANT_GO)}</crate::kit::LinkButton> })}
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_of_a_number_is_checked_without_knowing_countries() {
        assert!(["06 39 98 12 00", "+33 6 39 98 12 00", "(020) 7946-0958"].into_iter().all(could_be_dialled));
        assert!(["", "12", "06 39 98", "six", "06+39981200", "0639981200064758392"].into_iter().all(|typed| !could_be_dialled(typed)));
    }

    #[test]
    fn every_caller_on_offer_is_two_digits_or_any() {
        assert!(
            CALLERS
                .iter()
                .chain(FAULTS)
                .all(|(digits, _)| digits.is_empty() || (digits.len() == 2 && digits.bytes().all(|d| d.is_ascii_digit())))
        );
    }
}
