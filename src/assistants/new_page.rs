//! `/assistants/new`: a gallery of trades, and the form that makes an assistant of one. Works before wasm; the filter and the preview come with it.

use super::{
    import_form::ImportForm,
    model::{LANGUAGES, NewAssistantForm, Template},
    parts::{language_options, template_icon, template_name, template_text},
    rpc::{CreateAssistant, preview_trade},
};
use crate::{
    i18n::{t, use_locale, words as w},
    kit::*,
    shared::permission::Permission,
};
use leptos::{form::ActionForm, prelude::*};

/// The form that makes an assistant.
#[component]
pub fn NewAssistantPage() -> impl IntoView {
    view! {
        <PageFrame title=t(w::ASSISTANTS_NEW_TITLE) back=("/assistants".to_owned(), t(w::ASSISTANTS_TITLE).to_owned())>
            {if may_for_all(Permission::AssistantsEdit) {
                view! { <NewForm/><ImportForm/> }.into_any()
            } else {
                view! { <Empty kind=EmptyKind::NotAllowed title=t(w::ASSISTANTS_NOT_ALLOWED_TITLE) text=t(w::ASSISTANTS_NOT_ALLOWED_TEXT)/> }.into_any()
            }}
        </PageFrame>
    }
    .into_any()
}

#[component]
fn NewForm() -> impl IntoView {
    let create = ServerAction::<CreateAssistant>::new();
    let errors = action_fields(create);
    let business = use_session().org_name.clone();
    let language = use_locale().code();
    let language = if LANGUAGES.contains(&language) { language } else { "fr" };
    let chosen = RwSignal::new(Template::Reception);
    let typical = business.clone();
    view! {
        <PageHead title=t(w::ASSISTANTS_NEW_LEDE) text=t(w::ASSISTANTS_NEW_TEXT)/>
        <div class="duo">
            <ActionForm action=create attr:class="stack g5">
                <FormErrors error=action_error(create)/>
                <Trades chosen/>
                <div class="cols">
                    <TextInput
                        name="form[name]"
                        label=t(w::ASSISTANTS_NAME)
                        hint=t(w::ASSISTANTS_NAME_HINT)
                        placeholder=t(w::ASSISTANTS_NAME_PLACEHOLDER)
                        autocomplete="off"
                        required=true
                        maxlength=80_u32
                        errors
                    />
                    <TextInput
                        name="form[business]"
                        label=t(w::ASSISTANTS_BUSINESS)
                        hint=t(w::ASSISTANTS_BUSINESS_HINT)
                        value=business
                        autocomplete="organization"
                        required=true
                        maxlength=80_u32
                        errors
                    />
                </div>
                <TextInput name="form[hours]" label=t(w::TRADES_HOURS) hint=t(w::TRADES_HOURS_HINT) autocomplete="off" optional=true maxlength=300_u32 errors/>
                <div class="field">
                    <span class="label" aria-hidden="true">{t(w::ASSISTANTS_LANGUAGE)}</span>
                    <Segmented name="form[language]" label=t(w::ASSISTANTS_LANGUAGE) options=language_options() value=language.to_owned()/>
                </div>
                <Checkbox name="form[with_answers]" value="on">{t(w::TRADES_WITH_ANSWERS)}</Checkbox>
                <div class="row">
                    <Button kind=ButtonKind::Primary submit=true pending=create.pending()>{t(w::ASSISTANTS_CREATE)}</Button>
                    <LinkButton href="/assistants" kind=ButtonKind::Ghost>{t(w::KIT_CANCEL)}</LinkButton>
                </div>
            </ActionForm>
            <Preview chosen business=typical language/>
        </div>
    }
    .into_any()
}

/// Every trade as a card, and a field that leaves those which are looked for.
#[component]
fn Trades(chosen: RwSignal<Template>) -> impl IntoView {
    let wanted = RwSignal::new(String::new());
    let fits = move |template: Template| {
        let text = format!("{} {}", t(template_name(template)), t(template_text(template))).to_lowercase();
        wanted.with(|wanted| text.contains(wanted.trim().to_lowercase().as_str()))
    };
    let cards = Template::ALL
        .iter()
        .map(|template| {
            let template = *template;
            let first = template == Template::Reception;
            view! {
                <label class="choice" hidden=move || !fits(template)>
                    <span class="row">
                        <input type="radio" name="form[template]" value=template.name() checked=first required on:change=move |_| chosen.set(template)/>
                        <Icon icon=template_icon(template) small=true/>
                        <b>{t(template_name(template))}</b>
                    </span>
                    <span class="small muted">{t(template_text(template))}</span>
                </label>
            }
        })
        .collect_view();
    let none = move || !Template::ALL.iter().any(|template| fits(*template));
    view! {
        <fieldset class="stack g3">
            <legend class="label">{t(w::ASSISTANTS_NEW_TRADE)}</legend>
            <input
                class="input"
                type="search"
                aria-label=t(w::TRADES_FILTER)
                placeholder=t(w::TRADES_FILTER)
                on:input=move |event| wanted.set(event_target_value(&event))
                // Enter looks, it does not make an assistant.
                on:keydown=move |event| {
                    if event.key() == "Enter" {
                        event.prevent_default();
                    }
                }
            />
            <div class="cols stretch trades">{cards}</div>
            <p class="muted" role="status">{move || none().then(|| t(w::TRADES_NONE))}</p>
        </fieldset>
    }
    .into_any()
}

/// What the chosen trade would say, in either language.
#[component]
fn Preview(chosen: RwSignal<Template>, business: String, language: &'static str) -> impl IntoView {
    let shown = RwSignal::new(language.to_owned());
    let business = StoredValue::new(if business.chars().count() < 2 { "—".repeat(2) } else { business.chars().take(80).collect() });
    let form = move || NewAssistantForm {
        template: chosen.get().name().to_owned(),
        name: t(template_name(chosen.get())).to_owned(),
        language: shown.get(),
        business: business.get_value(),
        ..NewAssistantForm::default()
    };
    let preview = Resource::new(form, preview_trade);
    view! {
        <aside class="stack g3 sticky" aria-labelledby="h-preview">
            <h2 id="h-preview" class="lede">{t(w::TRADES_PREVIEW)}</h2>
            <Segmented name="preview_in" label=t(w::TRADES_PREVIEW_IN) options=language_options() value=shown on_change=Callback::new(move |language| shown.set(language))/>
            <Loaded resource=preview let:trade>
                <section class="card trade-preview">
                    <div class="body stack g3">
                        <p class="voice">{trade.first_message.clone()}</p>
                        <details class="fold bare">
                            <summary>{t(w::TRADES_PREVIEW_PROMPT)}</summary>
                            <p class="prose small">{trade.prompt.clone()}</p>
                        </details>
                        {(!trade.answers.is_empty())
                            .then(|| {
                                view! {
                                    <h3 class="label">{t(w::TRADES_PREVIEW_ANSWERS)}</h3>
                                    <dl class="small answers-preview">
                                        {trade.answers.into_iter().map(|(question, answer)| view! { <dt>{question}</dt><dd class="muted">{answer}</dd> }).collect_view()}
                                    </dl>
                                }
                            })}
                        <h3 class="label">{t(w::TRADES_PREVIEW_REHEARSALS)}</h3>
                        <ul class="small">{trade.rehearsals.into_iter().map(|name| view! { <li>{name}</li> }).collect_view()}</ul>
                    </div>
                </section>
            </Loaded>
        </aside>
    }
    .into_any()
}
