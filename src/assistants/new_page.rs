//! `/assistants/new`: from a trade to an assistant that can be called, in one form.

use super::{
    import_form::ImportForm,
    model::{LANGUAGES, Template},
    parts::{language_options, template_icon, template_name, template_text},
    rpc::CreateAssistant,
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
        <PageFrame title=t(w::ASSISTANTS_NEW_TITLE) shape=PageShape::Slim back=("/assistants".to_owned(), t(w::ASSISTANTS_TITLE).to_owned())>
            {if may(Permission::AssistantsEdit) {
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
    let trades = Template::ALL
        .iter()
        .map(|template| {
            let first = *template == Template::Reception;
            view! {
                <label class="choice">
                    <span class="row">
                        <input type="radio" name="form[template]" value=template.name() checked=first required/>
                        <Icon icon=template_icon(*template) small=true/>
                        <b>{t(template_name(*template))}</b>
                    </span>
                    <span class="small muted">{t(template_text(*template))}</span>
                </label>
            }
        })
        .collect_view();
    view! {
        <PageHead title=t(w::ASSISTANTS_NEW_LEDE) text=t(w::ASSISTANTS_NEW_TEXT)/>
        <ActionForm action=create>
            <div class="stack g5">
                <FormErrors error=action_error(create)/>
                <fieldset class="stack g3">
                    <legend class="label">{t(w::ASSISTANTS_NEW_TRADE)}</legend>
                    <div class="cols stretch trades">{trades}</div>
                </fieldset>
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
                <div class="field">
                    <span class="label" aria-hidden="true">{t(w::ASSISTANTS_LANGUAGE)}</span>
                    <Segmented name="form[language]" label=t(w::ASSISTANTS_LANGUAGE) options=language_options() value=language.to_owned()/>
                </div>
                <div class="row">
                    <Button kind=ButtonKind::Primary submit=true pending=create.pending()>{t(w::ASSISTANTS_CREATE)}</Button>
                    <LinkButton href="/assistants" kind=ButtonKind::Ghost>{t(w::KIT_CANCEL)}</LinkButton>
                </div>
            </div>
        </ActionForm>
    }
    .into_any()
}
