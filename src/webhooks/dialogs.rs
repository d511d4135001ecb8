//! The dialogs about an endpoint: what it is, its secret, what is sent once more, a sample.

use super::{
    model::*,
    page::Desk,
    rpc::{AddEndpoint, DeliverAgain, EditEndpoint, RollWebhookSecret, SendSample},
};
use crate::{
    i18n::{t, t_count, words as w},
    kit::*,
    shared::{
        error::{AppError, FieldErrors},
        event::EventKind,
    },
};
use leptos::{form::ActionForm, prelude::*};

/// The form of a new endpoint, or of one that is there.
#[component]
pub(super) fn EndpointDialog(desk: Desk, adds: bool) -> impl IntoView {
    if adds { view! { <AddDialog desk/> }.into_any() } else { view! { <EditDialog desk/> }.into_any() }
}

#[component]
fn AddDialog(desk: Desk) -> impl IntoView {
    let add = ServerAction::<AddEndpoint>::new();
    Effect::new(move || {
        if add.version().get() > 0
            && let Some(Ok(fresh)) = add.value().get_untracked()
        {
            add.clear();
            desk.show(fresh);
        }
    });
    view! {
        <Dialog open=desk.is_adding title=t(w::WEBHOOKS_NEW).to_owned() shape=DialogShape::Drawer>
            <ActionForm action=add attr:class="answer-form">
                <Fields endpoint=None errors=action_fields(add) error=action_error(add)/>
                <Foot open=desk.is_adding pending=add.pending().into() word=w::WEBHOOKS_ADD/>
            </ActionForm>
        </Dialog>
    }
    .into_any()
}

#[component]
fn EditDialog(desk: Desk) -> impl IntoView {
    let edit = ServerAction::<EditEndpoint>::new();
    let toasts = use_toasts();
    Effect::new(move || {
        if edit.version().get() > 0
            && let Some(Ok(())) = edit.value().get_untracked()
        {
            edit.clear();
            toasts.say(t(w::WEBHOOKS_SAVED));
            desk.changed();
        }
    });
    view! {
        <Dialog open=desk.is_editing title=t(w::WEBHOOKS_EDIT_TITLE).to_owned() shape=DialogShape::Drawer>
            <ActionForm action=edit attr:class="answer-form">
                <AboutId desk/>
                <Fields endpoint=desk.about.get_untracked() errors=action_fields(edit) error=action_error(edit)/>
                <Foot open=desk.is_editing pending=edit.pending().into() word=w::WEBHOOKS_SAVE/>
            </ActionForm>
        </Dialog>
    }
    .into_any()
}

/// Which endpoint the form is about.
#[component]
fn AboutId(desk: Desk) -> impl IntoView {
    let id = desk.about.with_untracked(|about| about.as_ref().map(|endpoint| endpoint.id.to_string()));
    view! { <input type="hidden" name="id" value=id/> }.into_any()
}

#[component]
fn Foot(open: RwSignal<bool>, pending: Signal<bool>, word: crate::i18n::Key) -> impl IntoView {
    view! {
        <footer>
            <Button on:click=move |_| open.set(false)>{t(w::WEBHOOKS_CANCEL)}</Button>
            <Button kind=ButtonKind::Primary submit=true pending>{t(word)}</Button>
        </footer>
    }
    .into_any()
}

#[component]
fn Fields(endpoint: Option<Endpoint>, errors: Signal<FieldErrors>, error: Signal<Option<AppError>>) -> impl IntoView {
    let (url, description, kinds, per_second, names) = endpoint
        .map(|endpoint| {
            let per_second = endpoint.per_second.map(|n| n.to_string()).unwrap_or_default();
            (endpoint.url, endpoint.description, endpoint.kinds, per_second, endpoint.header_names)
        })
        .unwrap_or_default();
    let ticks = EventKind::ALL
        .iter()
        .map(|kind| {
            let is_ticked = kinds.contains(kind);
            view! {
                <label class="check">
                    <input type="checkbox" name="form[kinds][]" value=kind.name() checked=is_ticked/>
                    <span><code class="ltr">{kind.name()}</code></span>
                </label>
            }
        })
        .collect_view();
    let kept = (!names.is_empty())
        .then(|| view! { <p class="small muted">{t(w::WEBHOOKS_HEADERS_KEPT)} " " <span class="ltr">{names.join(", ")}</span></p> });
    view! {
        <div class="body stack g4">
            <FormErrors error/>
            <TextInput name="form[url]" label=t(w::WEBHOOKS_URL) hint=t(w::WEBHOOKS_URL_HINT) kind="url" value=url required=true maxlength=2000_u32 errors/>
            <TextInput name="form[description]" label=t(w::WEBHOOKS_DESCRIPTION) value=description maxlength=200_u32 optional=true errors/>
            <fieldset class="stack g2">
                <legend class="label">{t(w::WEBHOOKS_EVENTS)}</legend>
                <p class="small muted">{t(w::WEBHOOKS_EVENTS_HINT)}</p>
                {ticks}
            </fieldset>
            <TextInput name="form[per_second]" label=t(w::WEBHOOKS_PER_SECOND) hint=t(w::WEBHOOKS_PER_SECOND_HINT) kind="number" value=per_second optional=true errors/>
            <TextArea name="form[headers]" label=t(w::WEBHOOKS_HEADERS) hint=t(w::WEBHOOKS_HEADERS_HINT) value=String::new() rows=3_u32 optional=true errors/>
            {kept}
        </div>
    }
    .into_any()
}

/// Asks how long the former secret signs, too, and rolls.
#[component]
pub(super) fn RollDialog(desk: Desk) -> impl IntoView {
    let roll = ServerAction::<RollWebhookSecret>::new();
    Effect::new(move || {
        if roll.version().get() > 0
            && let Some(Ok(fresh)) = roll.value().get_untracked()
        {
            roll.clear();
            desk.show(fresh);
        }
    });
    let graces = || {
        let graces = [
            ("0", w::WEBHOOKS_GRACE_NONE),
            ("3600", w::WEBHOOKS_GRACE_HOUR),
            ("86400", w::WEBHOOKS_GRACE_DAY),
            ("604800", w::WEBHOOKS_GRACE_WEEK),
        ];
        graces.map(|(seconds, words)| (seconds.to_owned(), t(words).to_owned())).to_vec()
    };
    view! {
        <Dialog open=desk.is_rolling title=t(w::WEBHOOKS_ROLL_TITLE).to_owned()>
            <ActionForm action=roll>
                <div class="body stack g4">
                    <FormErrors error=action_error(roll)/>
                    <p>{t(w::WEBHOOKS_ROLL_TEXT)}</p>
                    <AboutId desk/>
                    <Select name="grace_s" label=t(w::WEBHOOKS_GRACE) options=graces() value="86400".to_owned()/>
                </div>
                <Foot open=desk.is_rolling pending=roll.pending().into() word=w::WEBHOOKS_ROLL/>
            </ActionForm>
        </Dialog>
    }
    .into_any()
}

/// Delivers the last hours once more.
#[component]
pub(super) fn AgainDialog(desk: Desk) -> impl IntoView {
    let again = ServerAction::<DeliverAgain>::new();
    let toasts = use_toasts();
    Effect::new(move || {
        if again.version().get() > 0
            && let Some(Ok(n)) = again.value().get_untracked()
        {
            again.clear();
            toasts.say(t_count(w::WEBHOOKS_AGAIN_SAID, n));
            desk.changed();
        }
    });
    let hours = || {
        let hours =
            [("1", w::WEBHOOKS_LAST_HOUR), ("24", w::WEBHOOKS_LAST_DAY), ("168", w::WEBHOOKS_LAST_WEEK), ("720", w::WEBHOOKS_LAST_MONTH)];
        hours.map(|(hours, words)| (hours.to_owned(), t(words).to_owned())).to_vec()
    };
    view! {
        <Dialog open=desk.is_again title=t(w::WEBHOOKS_AGAIN_TITLE).to_owned()>
            <ActionForm action=again>
                <div class="body stack g4">
                    <FormErrors error=action_error(again)/>
                    <p>{t(w::WEBHOOKS_AGAIN_TEXT)}</p>
                    <AboutId desk/>
                    <Select name="hours" label=t(w::WEBHOOKS_SINCE) options=hours() value="24".to_owned()/>
                    <Checkbox name="all">{t(w::WEBHOOKS_AGAIN_ALL)}</Checkbox>
                </div>
                <Foot open=desk.is_again pending=again.pending().into() word=w::WEBHOOKS_AGAIN/>
            </ActionForm>
        </Dialog>
    }
    .into_any()
}

/// Sends a sample.
#[component]
pub(super) fn SampleDialog(desk: Desk) -> impl IntoView {
    let send = ServerAction::<SendSample>::new();
    let toasts = use_toasts();
    Effect::new(move || {
        if send.version().get() > 0
            && let Some(Ok(())) = send.value().get_untracked()
        {
            send.clear();
            toasts.say(t(w::WEBHOOKS_SAMPLE_SAID));
            desk.changed();
        }
    });
    let kinds = || EventKind::ALL.iter().map(|kind| (kind.name().to_owned(), kind.name().to_owned())).collect::<Vec<_>>();
    view! {
        <Dialog open=desk.is_sample title=t(w::WEBHOOKS_SAMPLE_TITLE).to_owned()>
            <ActionForm action=send>
                <div class="body stack g4">
                    <FormErrors error=action_error(send)/>
                    <p>{t(w::WEBHOOKS_SAMPLE_TEXT)}</p>
                    <AboutId desk/>
                    <Select name="kind" label=t(w::WEBHOOKS_EVENT) options=kinds() value=EventKind::CallEnded.name().to_owned()/>
                </div>
                <Foot open=desk.is_sample pending=send.pending().into() word=w::WEBHOOKS_SAMPLE/>
            </ActionForm>
        </Dialog>
    }
    .into_any()
}
