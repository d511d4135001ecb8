//! `/assistants/:id/try`: a conversation with the draft by text. It is no call: nothing of it is counted or kept.

use super::{
    model::*,
    parts::Lines,
    rpc::{read_try, say_to_draft},
};
use crate::{
    assistants::{AssistantTab, AssistantTabs},
    i18n::{format, t, t_with, use_locale, words as w},
    kit::*,
    shared::{error::AppError, ids::AssistantId, ids::TalkId, money::MicroUsd, permission::Permission},
};
use leptos::{html, prelude::*, task::spawn_local};
use leptos_router::hooks::use_params_map;

/// Tries an assistant's draft.
#[component]
pub fn TryPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id").and_then(|id| id.parse::<AssistantId>().ok())));
    let sheet = Resource::new(
        move || id.get(),
        |id| async move {
            match id {
                Some(id) => read_try(id).await,
                None => Err(AppError::not_found("assistant")),
            }
        },
    );
    let back = move || id.get_untracked().map_or_else(|| "/assistants".to_owned(), |id| format!("/assistants/{id}"));
    view! {
        <PageFrame title=t(w::REHEARSALS_TRY) back=(back(), t(w::ASSISTANTS_ONE).to_owned())>
            {move || id.get().map(|id| view! { <AssistantTabs id here=AssistantTab::Try/> })}
            {if may(Permission::AssistantsEdit) {
                view! { <Loaded resource=sheet let:sheet><Conversation sheet/></Loaded> }.into_any()
            } else {
                view! { <Empty kind=EmptyKind::NotAllowed title=t(w::REHEARSALS_TRY_NOT_ALLOWED) text=t(w::ASSISTANTS_NOT_ALLOWED_TEXT)/> }
                    .into_any()
            }}
        </PageFrame>
    }
    .into_any()
}

/// What a conversation has come to.
#[derive(Clone, Default)]
struct Talk {
    id: Option<TalkId>,
    lines: Vec<Line>,
    cost: i64,
    is_over: bool,
    error: Option<AppError>,
    refusal: Option<String>,
}

#[component]
fn Conversation(sheet: TrySheet) -> impl IntoView {
    let assistant = sheet.assistant;
    let greeting = StoredValue::new(sheet.greeting);
    let (talk, is_waiting, words) = (RwSignal::new(Talk::default()), RwSignal::new(false), RwSignal::new(String::new()));
    // Before wasm nobody listens to the form.
    let is_ready = RwSignal::new(false);
    Effect::new(move || is_ready.set(true));
    let input = NodeRef::<html::Input>::new();
    let end = NodeRef::<html::Div>::new();
    Effect::new(move || {
        talk.track();
        if let Some(end) = end.get() {
            end.scroll_into_view_with_bool(false);
        }
    });
    let say = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let said = words.get_untracked().trim().to_owned();
        if said.is_empty() || is_waiting.get_untracked() {
            return;
        }
        words.set(String::new());
        is_waiting.set(true);
        let turn = talk.with_untracked(|talk| talk.lines.iter().filter(|line| line.by == Speaker::Caller).count() as u32) + 1;
        talk.update(|talk| {
            (talk.error, talk.refusal) = (None, None);
            talk.lines.push(Line {
                by: Speaker::Caller,
                text: said.clone(),
                arguments: vec![],
                result: String::new(),
                turn,
                took_ms: None,
            });
        });
        let id = talk.with_untracked(|talk| talk.id);
        spawn_local(async move {
            let answer = say_to_draft(assistant, id, said.clone()).await;
            talk.update(|talk| match answer {
                Ok(told) => talk.hear(told, said, words),
                Err(error) => {
                    talk.lines.pop();
                    words.set(said);
                    talk.error = Some(error);
                }
            });
            is_waiting.set(false);
            if let Some(input) = input.get_untracked() {
                let _ = input.focus(); // a field that is gone needs none
            }
        });
    };
    let cost = move || {
        let cost = talk.with(|talk| talk.cost);
        (cost > 0).then(|| t_with(w::REHEARSALS_COST, &[("cost", &format::cost(use_locale(), MicroUsd(cost)))]))
    };
    let is_over = Memo::new(move |_| talk.with(|talk| talk.is_over));
    view! {
        <PageHead title=t(w::REHEARSALS_TRY_LEDE) text=t(if sheet.has_draft { w::REHEARSALS_TRY_TEXT_DRAFT } else { w::REHEARSALS_TRY_TEXT })/>
        <section class="card trying" aria-label=t(w::REHEARSALS_TRY_LEDE)>
            <div role="log" aria-live="polite">
            <ol class="try-talk">
                <li class="said" data-by="assistant">
                    <span class="small faint">{t(w::REHEARSALS_ASSISTANT)}</span>
                    <p class="words">{greeting.get_value()}</p>
                </li>
                {move || view! { <Lines lines=talk.with(|talk| talk.lines.clone())/> }}
                <Show when=move || is_waiting.get()>
                    <li class="said" data-by="assistant"><p class="words faint">{t(w::REHEARSALS_THINKING)}</p></li>
                </Show>
            </ol>
            </div>
            <div node_ref=end></div>
            <div class="body stack g3">
                {move || talk.with(|talk| talk.error.clone()).map(|error| view! { <ErrorBlock error/> })}
                {move || {
                    talk.with(|talk| talk.refusal.clone())
                        .map(|words| view! { <Callout tone=Tone::Bad title=t(w::REHEARSALS_REFUSED)><p><Told words/></p></Callout> })
                }}
                <Show when=move || is_over.get()>
                    <p class="muted small" role="status">{t(w::REHEARSALS_OVER)}</p>
                </Show>
                <form class="row" on:submit=say>
                    <label class="sr" for="words">{t(w::REHEARSALS_WORDS)}</label>
                    <input
                        class="input grow"
                        id="words"
                        node_ref=input
                        autocomplete="off"
                        maxlength=LONGEST_LINE.to_string()
                        placeholder=t(w::REHEARSALS_WORDS)
                        prop:value=move || words.get()
                        on:input=move |event| words.set(event_target_value(&event))
                    />
                    <Button kind=ButtonKind::Primary submit=true pending=is_waiting disabled=Signal::derive(move || !is_ready.get())>
                        {t(w::REHEARSALS_SAY)}
                    </Button>
                </form>
                <div class="row between wrap small muted">
                    <span>{t(w::REHEARSALS_NOT_COUNTED)} " " <span class="num">{cost}</span></span>
                    <Button size=ButtonSize::Small icon=icondata::LuRotateCw on:click=move |_| talk.set(Talk::default())>
                        {t(w::REHEARSALS_AGAIN)}
                    </Button>
                </div>
            </div>
        </section>
    }
    .into_any()
}

impl Talk {
    fn hear(&mut self, told: Said, said: String, words: RwSignal<String>) {
        if let Some(refusal) = told.refusal {
            self.lines.pop();
            words.set(said);
            self.refusal = Some(refusal);
            return;
        }
        self.id = Some(told.talk);
        self.lines.extend(told.lines);
        self.cost += told.cost.map_or(0, |cost| cost.0);
        self.is_over = told.is_over;
    }
}
