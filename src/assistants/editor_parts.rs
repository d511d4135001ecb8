//! Parts of the editor: what happens when two people save, the announcement, the voices.

use super::{
    changes::Changes,
    model::*,
    parts::{language_name, price_class_words},
    rpc::read_assistant,
};
use crate::{
    i18n::{format, t, t_count, t_with, use_locale, words as w},
    kit::*,
    shared::ids::AssistantId,
};
use chrono::NaiveDate;
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
                        let (theirs, catalogue) = (sheet.draft.map_or(sheet.assistant.settings, |draft| draft.settings), sheet.catalogue);
                        move || {
                            let mine = typed.get().and_then(|form| form.parse().ok());
                            mine.map(|mine| view! { <Changes before=theirs.clone() after=mine catalogue=catalogue.clone()/> })
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

/// Voices as cards; those of another language step back, and those that are gone are offered to nobody who has not got them.
#[component]
pub fn Voices(
    catalogue: Catalogue,
    chosen: RwSignal<String>,
    language: RwSignal<String>,
    #[prop(into)] errors: Signal<crate::shared::error::FieldErrors>,
) -> impl IntoView {
    let offered = catalogue.voices.iter().filter(|voice| !catalogue.is_gone(voice.ends_on) || chosen.with_untracked(|id| *id == voice.id));
    let cards = offered
        .cloned()
        .map(|voice| {
            let Voice { id, name, language: spoken, price_class, ends_on, .. } = voice;
            let ends = catalogue.ends_soon(ends_on).map(|day| view! { <span class="small t warn">{ends_words(&catalogue, day)}</span> });
            let price = t_with(w::CATALOGUE_PRICE, &[("class", price_class_words(price_class))]);
            let words = format!("{} · {price}", language_name(&spoken));
            let (is_chosen, choose) = (id.clone(), id.clone());
            view! {
                <label class="choice" hidden=move || language.with(|language| *language != spoken)>
                    <span class="row">
                        <input
                            type="radio"
                            name="form[voice]"
                            value=id.clone()
                            checked=chosen.with_untracked(|chosen| *chosen == id)
                            prop:checked=move || chosen.with(|chosen| *chosen == is_chosen)
                            on:change=move |_| chosen.set(choose.clone())
                        />
                        <b>{name}</b>
                    </span>
                    <span class="small muted">{words}</span>
                    {ends}
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

/// The day on which a voice or a model is gone, in words.
pub fn ends_words(catalogue: &Catalogue, day: NaiveDate) -> String {
    // The last day, not the first without it.
    let last = day.pred_opt().unwrap_or(day);
    t_with(w::CATALOGUE_ENDS, &[("day", &format::short_date(use_locale(), last, catalogue.today))])
}

/// Pairs of id and words for a choice of model: its price beside the others, and when it ends.
pub fn model_options(catalogue: &Catalogue, chosen: &str) -> Vec<(String, String)> {
    let offered = catalogue.models.iter().filter(|model| !catalogue.is_gone(model.ends_on) || model.id == chosen);
    offered
        .map(|model| {
            let price = t_with(w::CATALOGUE_PRICE, &[("class", price_class_words(model.price_class))]);
            let ends = catalogue.ends_soon(model.ends_on).map(|day| format!(" · {}", ends_words(catalogue, day))).unwrap_or_default();
            (model.id.clone(), format!("{} · {price}{ends}", model.name))
        })
        .collect()
}

/// How long a prompt is, and what reading it costs.
#[component]
pub fn PromptSize(length: RwSignal<usize>, model: RwSignal<String>, catalogue: Catalogue) -> impl IntoView {
    let locale = use_locale();
    let tokens = move || estimated_tokens(length.get());
    let cost = move || {
        let found = model.with(|id| catalogue.model(id).map(|model| model.reads(tokens())));
        found.map(|cost| format!(" · {}", t_with(w::CATALOGUE_PROMPT_COST, &[("cost", &format::cost(locale, cost))])))
    };
    view! {
        <p class="small faint num">
            {move || t_count(w::ASSISTANTS_CHARACTERS, length.get() as i64)} " · " {move || t_count(w::REHEARSALS_TOKENS, tokens())} {cost}
        </p>
    }
    .into_any()
}
