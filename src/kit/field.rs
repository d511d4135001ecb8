//! Fields: a label, a control, a hint, and what is wrong, tied together for readers' software. They are plain form controls,
//! so a form works before wasm has arrived. What is wrong comes as [`FieldErrors`], by the control's name.

use super::{errors::field_message, icon::Icon};
use crate::{
    i18n::{t, words as w},
    shared::error::FieldErrors,
};
use leptos::{html, prelude::*};

/// What ties a control to its label, hint and error.
#[derive(Clone)]
pub struct FieldIds {
    /// For the control's `id`.
    pub id: String,
    /// For `aria-describedby`.
    pub described_by: Signal<Option<String>>,
    /// For `aria-invalid`.
    pub invalid: Signal<Option<&'static str>>,
}

/// The frame of a field around any control: `<Field name="voice" label=t(..) let:ids><input id=ids.id …/></Field>`.
#[component]
pub fn Field<C, V>(
    /// The control's name: also the key in `errors`, and (with dots) its id.
    #[prop(into)]
    name: String,
    #[prop(into)] label: String,
    #[prop(optional_no_strip)] hint: Option<String>,
    /// Says “optional” beside the label.
    #[prop(optional)]
    optional: bool,
    /// At the end of the label's line, such as a link.
    #[prop(optional_no_strip)]
    aside: Option<AnyView>,
    #[prop(optional, into)] errors: Signal<FieldErrors>,
    children: C,
) -> impl IntoView
where
    C: FnOnce(FieldIds) -> V,
    V: IntoView + 'static,
{
    let id = id_of(&name);
    let (hint_id, error_id) = (format!("{id}-hint"), format!("{id}-error"));
    let error = Signal::derive(move || errors.with(|e| told(e, &name)));
    let described_by = {
        let (hint_id, error_id) = (hint.is_some().then(|| hint_id.clone()), error_id.clone());
        Signal::derive(move || match (error.with(Option::is_some), &hint_id) {
            (true, Some(hint)) => Some(format!("{error_id} {hint}")),
            (true, None) => Some(error_id.clone()),
            (false, hint) => hint.clone(),
        })
    };
    let invalid = Signal::derive(move || error.with(Option::is_some).then_some("true"));
    let label_view = view! {
        <label class="label" for=id.clone()>
            {label}
            {optional.then(|| view! { <small class="faint">" "{t(w::KIT_OPTIONAL)}</small> })}
        </label>
    };
    let head = match aside {
        Some(aside) => view! { <span class="row between">{label_view}{aside}</span> }.into_any(),
        None => label_view.into_any(),
    };
    view! {
        <div class="field">
            {head}
            {children(FieldIds { id, described_by, invalid })}
            {hint.map(|hint| view! { <span class="help" id=hint_id>{hint}</span> })}
            <FieldError id=error_id error/>
        </div>
    }
    .into_any()
}

/// The sentence under a field; stands there empty so that its arrival is announced.
#[component]
fn FieldError(id: String, error: Signal<Option<String>>) -> impl IntoView {
    view! {
        <p class="error" id=id aria-live="polite" hidden=move || error.with(Option::is_none)>
            <Icon icon=icondata::LuCircleAlert small=true/>
            <span>{move || error.get()}</span>
        </p>
    }
    .into_any()
}

/// The sentence for a control: by its whole name, or by the last part in brackets (`form[email]` → `email`).
fn told(errors: &FieldErrors, name: &str) -> Option<String> {
    let inner = || name.strip_suffix(']').and_then(|rest| rest.rsplit('[').next());
    errors.get(name).or_else(|| errors.get(inner()?)).map(field_message)
}

fn id_of(name: &str) -> String {
    let bare: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    format!("f-{}", bare.trim_matches('-'))
}

/// Writes a value into its control each time it changes. Not at first: the control stands there with it, and what was typed before the
/// browser took the page over must not be lost.
fn follow(value: Signal<String>, write: impl Fn(&str) + 'static) {
    Effect::new(move |before: Option<()>| {
        value.with(|now| {
            if before.is_some() {
                write(now);
            }
        });
    });
}

/// One line of text.
#[component]
pub fn TextInput(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    /// `email`, `tel`, `url`, `number`, `search`; `text` when absent.
    #[prop(optional, into)]
    kind: Option<&'static str>,
    /// What stands there at first.
    #[prop(optional, into)]
    value: Signal<String>,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] placeholder: Option<String>,
    /// `email`, `name`, `organization`, `one-time-code` …
    #[prop(optional, into)]
    autocomplete: Option<&'static str>,
    #[prop(optional, into)] inputmode: Option<&'static str>,
    #[prop(optional)] required: bool,
    #[prop(optional)] optional: bool,
    #[prop(optional)] readonly: bool,
    #[prop(optional)] autofocus: bool,
    #[prop(optional, into)] maxlength: Option<u32>,
    #[prop(optional, into)] errors: Signal<FieldErrors>,
    /// Each change, as typed.
    #[prop(optional, into)]
    on_input: Option<Callback<String>>,
    /// When the field is left, with what stands there.
    #[prop(optional, into)]
    on_blur: Option<Callback<String>>,
) -> impl IntoView {
    let form_name = name.clone();
    let input = NodeRef::<html::Input>::new();
    follow(value, move |now| {
        if let Some(input) = input.get_untracked() {
            input.set_value(now)
        }
    });
    view! {
        <Field name label hint=hint optional errors let:ids>
            <input
                node_ref=input
                class="input"
                id=ids.id
                name=form_name
                type=kind.unwrap_or("text")
                value=value.get_untracked()
                placeholder=placeholder
                autocomplete=autocomplete
                inputmode=inputmode
                maxlength=maxlength
                required=required
                readonly=readonly
                autofocus=autofocus
                aria-invalid=move || ids.invalid.get()
                aria-describedby=move || ids.described_by.get()
                on:input=move |event| if let Some(told) = on_input { told.run(event_target_value(&event)) }
                on:blur=move |event| if let Some(told) = on_blur { told.run(event_target_value(&event)) }
            />
        </Field>
    }
    .into_any()
}

/// A password, with a button that shows it.
#[component]
pub fn PasswordInput(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    /// `current-password` or `new-password`.
    #[prop(into)]
    autocomplete: &'static str,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] aside: Option<AnyView>,
    #[prop(optional, into)] errors: Signal<FieldErrors>,
) -> impl IntoView {
    let form_name = name.clone();
    let shown = RwSignal::new(false);
    let alive = use_alive();
    let label_key = move || t(if shown.get() { w::KIT_HIDE_PASSWORD } else { w::KIT_SHOW_PASSWORD });
    view! {
        <Field name label hint=hint aside=aside errors let:ids>
            <div class="group">
                <input
                    class="input"
                    id=ids.id
                    name=form_name
                    type=move || if shown.get() { "text" } else { "password" }
                    autocomplete=autocomplete
                    spellcheck="false"
                    autocapitalize="none"
                    required
                    maxlength="256"
                    aria-invalid=move || ids.invalid.get()
                    aria-describedby=move || ids.described_by.get()
                />
                <button
                    type="button"
                    class="btn ghost sq sm tail"
                    hidden=move || !alive.get()
                    aria-label=label_key
                    title=label_key
                    aria-pressed=move || if shown.get() { "true" } else { "false" }
                    on:click=move |_| shown.update(|s| *s = !*s)
                >
                    <span class="on-off" data-on=move || shown.get().then_some("")>
                        <Icon icon=icondata::LuEye small=true/>
                        <Icon icon=icondata::LuEyeOff small=true/>
                    </span>
                </button>
            </div>
        </Field>
    }
    .into_any()
}

/// True once the browser has taken over: for controls that do nothing without it.
pub fn use_alive() -> Signal<bool> {
    let alive = RwSignal::new(false);
    Effect::new(move || alive.set(true));
    alive.into()
}

/// Several lines of text; grows with its content.
#[component]
pub fn TextArea(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(optional, into)] value: Signal<String>,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] placeholder: Option<String>,
    #[prop(optional, into)] rows: Option<u32>,
    #[prop(optional, into)] maxlength: Option<u32>,
    #[prop(optional)] required: bool,
    #[prop(optional)] optional: bool,
    #[prop(optional, into)] errors: Signal<FieldErrors>,
    #[prop(optional, into)] on_input: Option<Callback<String>>,
) -> impl IntoView {
    let form_name = name.clone();
    let area = NodeRef::<html::Textarea>::new();
    follow(value, move |now| {
        if let Some(area) = area.get_untracked() {
            area.set_value(now)
        }
    });
    view! {
        <Field name label hint=hint optional errors let:ids>
            <textarea
                node_ref=area
                class="input"
                id=ids.id
                name=form_name
                rows=rows.unwrap_or(3)
                maxlength=maxlength
                placeholder=placeholder
                required=required
                aria-invalid=move || ids.invalid.get()
                aria-describedby=move || ids.described_by.get()
                on:input=move |event| if let Some(told) = on_input { told.run(event_target_value(&event)) }
            >
                {value.get_untracked()}
            </textarea>
        </Field>
    }
    .into_any()
}

/// One of a list: pairs of value and words.
#[component]
pub fn Select(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(into)] options: Vec<(String, String)>,
    /// The value chosen at first.
    #[prop(optional, into)]
    value: Signal<String>,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional)] required: bool,
    #[prop(optional)] optional: bool,
    #[prop(optional, into)] errors: Signal<FieldErrors>,
    #[prop(optional, into)] on_change: Option<Callback<String>>,
) -> impl IntoView {
    let form_name = name.clone();
    let items = options
        .into_iter()
        .map(|(key, words)| {
            let chosen = value.with_untracked(|v| *v == key);
            view! { <option value=key selected=chosen>{words}</option> }
        })
        .collect_view();
    view! {
        <Field name label hint=hint optional errors let:ids>
            <select
                class="input"
                id=ids.id
                name=form_name
                required=required
                aria-invalid=move || ids.invalid.get()
                aria-describedby=move || ids.described_by.get()
                on:change=move |event| if let Some(told) = on_change { told.run(event_target_value(&event)) }
            >
                {items}
            </select>
        </Field>
    }
    .into_any()
}

/// A box to tick. Unticked, a form sends nothing under its name.
#[component]
pub fn Checkbox(
    #[prop(into)] name: String,
    /// What is sent when ticked; `true` when absent.
    #[prop(optional, into)]
    value: Option<String>,
    #[prop(optional, into)] checked: Signal<bool>,
    #[prop(optional)] required: bool,
    #[prop(optional, into)] errors: Signal<FieldErrors>,
    #[prop(optional, into)] on_change: Option<Callback<bool>>,
    /// The words beside the box; may hold links and a `<small>`.
    children: Children,
) -> impl IntoView {
    let id = id_of(&name);
    let error_id = format!("{id}-error");
    let described = error_id.clone();
    let key = name.clone();
    let error = Signal::derive(move || errors.with(|e| told(e, &key)));
    view! {
        <div class="field">
            <label class="check">
                <input
                    type="checkbox"
                    id=id
                    name=name
                    value=value.unwrap_or_else(|| "true".to_owned())
                    checked=checked.get_untracked()
                    prop:checked=move || checked.get()
                    required=required
                    aria-invalid=move || error.with(Option::is_some).then_some("true")
                    aria-describedby=move || error.with(Option::is_some).then(|| described.clone())
                    on:change=move |event| if let Some(told) = on_change { told.run(event_target_checked(&event)) }
                />
                <span>{children()}</span>
            </label>
            <FieldError id=error_id error/>
        </div>
    }
    .into_any()
}

/// Something that is on or off, with its words at the start of the line.
#[component]
pub fn Switch(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] checked: Signal<bool>,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(optional, into)] on_change: Option<Callback<bool>>,
) -> impl IntoView {
    let id = id_of(&name);
    let hint_id = hint.as_ref().map(|_| format!("{id}-hint"));
    let described = hint_id.clone();
    view! {
        <div class="setting">
            <span>
                <label class="strong" for=id.clone()>{label}</label>
                {hint.map(|hint| view! { <p id=hint_id>{hint}</p> })}
            </span>
            <input
                type="checkbox"
                role="switch"
                class="switch"
                id=id
                name=name
                value="true"
                checked=checked.get_untracked()
                prop:checked=move || checked.get()
                disabled=move || disabled.get()
                aria-describedby=described
                on:change=move |event| if let Some(told) = on_change { told.run(event_target_checked(&event)) }
            />
        </div>
    }
    .into_any()
}

/// One of a few, side by side: radio buttons in a plain form.
#[component]
pub fn Segmented(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    /// Pairs of value and words.
    #[prop(into)]
    options: Vec<(String, String)>,
    #[prop(optional, into)] value: Signal<String>,
    #[prop(optional, into)] on_change: Option<Callback<String>>,
) -> impl IntoView {
    let items = options
        .into_iter()
        .map(|(key, words)| {
            let (name, mine) = (name.clone(), key.clone());
            let first = value.with_untracked(|v| *v == key);
            view! {
                <label>
                    <input
                        type="radio"
                        name=name
                        value=key
                        checked=first
                        prop:checked=move || value.with(|v| *v == mine)
                        on:change=move |event| if let Some(told) = on_change { told.run(event_target_value(&event)) }
                    />
                    {words}
                </label>
            }
        })
        .collect_view();
    view! { <div class="seg" role="radiogroup" aria-label=label>{items}</div> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_finds_its_error_by_its_name_or_the_part_in_brackets() {
        let errors = FieldErrors::one("phone", "phone.not_e164");
        assert!(told(&errors, "phone").is_some() && told(&errors, "form[phone]").is_some());
        assert!(told(&errors, "form[email]").is_none() && told(&errors, "telephone").is_none());
    }

    #[test]
    fn ids_are_plain() {
        assert_eq!(id_of("form[e.mail]"), "f-form-e-mail");
    }
}
