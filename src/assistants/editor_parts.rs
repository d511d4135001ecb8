//! Parts of the editor: what happens when two people save, the announcement, the voices.

use super::{changes::Changes, model::*, parts::language_name, rpc::read_assistant};
use crate::{
    i18n::{t, t_count, words as w},
    kit::*,
    shared::ids::AssistantId,
};
use leptos::{html, prelude::*, task::spawn_local};
use std::time::Duration;

/// Somebody saved or published meanwhile. What was typed stays in the form; theirs is shown beside it, and both ways on are offered.
#[component]
pub fn Changed(
    id: AssistantId,
    revision: RwSignal<i64>,
    typed: RwSignal<Option<AssistantForm>>,
    node: NodeRef<html::Form>,
) -> impl IntoView {
    let toasts = use_toasts();
    let theirs = Resource::new(move || typed.get(), move |_| read_assistant(id));
    let keep_mine = move |_| {
        spawn_local(async move {
            match read_assistant(id).await {
                Ok(sheet) => {
                    revision.set(sheet.assistant.revision);
                    // The hidden field follows the signal in the next turn of the browser's loop.
                    set_timeout(
                        move || {
                            if let Some(form) = node.get_untracked() {
                                let _ = form.request_submit(); // refused only by the browser's own field checks, which speak for themselves
                            }
                        },
                        Duration::from_millis(50),
                    );
                }
                Err(error) => toasts.fail(&error),
            }
        });
    };
    view! {
        <div role="alert">
            <Callout tone=Tone::Warn title=t(w::ASSISTANTS_CONFLICT_ASSISTANT_CHANGED)>
                <p>{t(w::ASSISTANTS_CHANGED_TEXT)}</p>
                <Loaded resource=theirs let:sheet>
                    {
                        let theirs = sheet.draft.map_or(sheet.assistant.settings, |draft| draft.settings);
                        move || {
                            let mine = typed.get().and_then(|form| form.parse().ok());
                            mine.map(|mine| view! { <Changes before=theirs.clone() after=mine/> })
                        }
                    }
                </Loaded>
                <div class="row wrap">
                    <Button size=ButtonSize::Small kind=ButtonKind::Dark on:click=keep_mine>{t(w::ASSISTANTS_KEEP_MINE)}</Button>
                    <a class="btn sm" href=format!("/assistants/{id}") target="_blank" rel="noopener">
                        <Icon icon=icondata::LuExternalLink small=true/>
                        {t(w::ASSISTANTS_SEE_THEIRS)}
                    </a>
                </div>
            </Callout>
        </div>
    }
    .into_any()
}

/// Whether the first words say that a machine speaks, and how long they take.
#[component]
pub fn Announcement(first_message: RwSignal<String>) -> impl IntoView {
    let seconds = move || i64::from(first_message.with(|text| spoken_s(text)));
    let announced = Memo::new(move |_| first_message.with(|text| announces_itself(text)));
    view! {
        <p class="small row g2 wrap" role="status">
            <span class=move || if announced.get() { "t ok row g1" } else { "t warn row g1" }>
                <Show
                    when=move || announced.get()
                    fallback=|| view! { <Icon icon=icondata::LuTriangleAlert small=true/>{t(w::ASSISTANTS_NOT_ANNOUNCED)} }
                >
                    <Icon icon=icondata::LuCircleCheck small=true/>
                    {t(w::ASSISTANTS_ANNOUNCED)}
                </Show>
            </span>
            <span class="faint num">{move || t_count(w::ASSISTANTS_SPOKEN, seconds())}</span>
        </p>
    }
    .into_any()
}

/// Voices as cards; those of another language step back.
#[component]
pub fn Voices(
    chosen: RwSignal<String>,
    language: RwSignal<String>,
    #[prop(into)] errors: Signal<crate::shared::error::FieldErrors>,
) -> impl IntoView {
    let cards = VOICES
        .iter()
        .map(|voice| {
            let is_chosen = move || chosen.with(|id| id == voice.id);
            view! {
                <label class="choice" hidden=move || language.with(|language| language != voice.language)>
                    <span class="row">
                        <input
                            type="radio"
                            name="form[voice]"
                            value=voice.id
                            checked=chosen.with_untracked(|id| id == voice.id)
                            prop:checked=is_chosen
                            on:change=move |_| chosen.set(voice.id.to_owned())
                        />
                        <b>{voice.name}</b>
                    </span>
                    <span class="small muted">{language_name(voice.language)}</span>
                </label>
            }
        })
        .collect_view();
    view! {
        <Field name="form[voice]" label=t(w::ASSISTANTS_VOICE) errors let:ids>
            <div class="cols stretch voices" id=ids.id role="radiogroup" aria-label=t(w::ASSISTANTS_VOICE) aria-describedby=move || ids.described_by.get()>
                {cards}
            </div>
        </Field>
    }
    .into_any()
}
