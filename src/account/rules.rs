//! What the organisation asks of its members' sign-ins: a card of its settings. Works before wasm: a form.

use crate::{
    error_glue::Json,
    i18n::{
        format::{self, use_clock},
        t, t_with, use_locale, words as w,
    },
    kit::*,
    shared::error::AppError,
};
use chrono::{DateTime, Utc};
use leptos::{form::ActionForm, prelude::*};
use serde::{Deserialize, Serialize};

/// The rules as they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInRules {
    /// From when on everybody needs a second factor; absent: nobody has to.
    pub second_factor_from: Option<DateTime<Utc>>,
    /// How long a session lasts; absent: 90 days.
    pub session_hours: Option<i32>,
    /// Addresses and networks people may come from; empty: any.
    pub networks: Vec<String>,
    /// The domain whose Google accounts members come with; empty: as they like.
    pub google_domain: String,
    /// Whether Google may be asked for here.
    pub offers_google: bool,
    /// How many members have no second factor yet.
    pub without_second_factor: i64,
}

/// What is typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RulesForm {
    /// `true`, or empty.
    pub second_factor: String,
    /// How many days people have to set theirs up, when it is asked for anew.
    pub grace_days: String,
    /// Hours, or empty.
    pub session_hours: String,
    /// One a line.
    pub networks: String,
    /// `cabinet.fr`, or empty.
    pub google_domain: String,
}

/// The organisation's rules. Errors: `Forbidden`.
#[server(output = Json)]
pub async fn read_sign_in_rules() -> Result<SignInRules, AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::read_rules(&OrgScope::of_request().await?).await
}

/// Keeps them; they count at once. Errors: `Forbidden`; `Invalid`, each field by its name, also for rules that would shut out who writes them.
#[server(output = Json)]
pub async fn save_sign_in_rules(#[server(default)] form: RulesForm) -> Result<(), AppError> {
    use {super::server::actions, crate::platform::OrgScope};
    actions::save_rules(&OrgScope::of_request().await?, &form).await
}

/// The form of all three.
#[component]
pub fn RulesCard() -> impl IntoView {
    let save = ServerAction::<SaveSignInRules>::new();
    let toasts = use_toasts();
    let rules = Resource::new_blocking(move || save.version().get(), |_| read_sign_in_rules());
    Effect::new(move || {
        if save.version().get() > 0 && save.value().with_untracked(|value| matches!(value, Some(Ok(())))) {
            toasts.say(t(w::ACCOUNT_RULES_SAVED));
        }
    });
    view! {
        <section class="card" aria-labelledby="h-rules">
            <header><h2 id="h-rules">{t(w::ACCOUNT_RULES)}</h2></header>
            <Loaded resource=rules let:rules><RulesFields rules save/></Loaded>
        </section>
    }
    .into_any()
}

#[component]
fn RulesFields(rules: SignInRules, save: ServerAction<SaveSignInRules>) -> impl IntoView {
    let (locale, clock) = (use_locale(), use_clock());
    let since = rules.second_factor_from.map(|at| t_with(w::ACCOUNT_RULES_SINCE, &[("date", &format::date_time(locale, &clock, at))]));
    let without = (rules.without_second_factor > 0).then(|| crate::i18n::t_count(w::ACCOUNT_RULES_WITHOUT, rules.without_second_factor));
    let hours = [
        ("", w::ACCOUNT_RULES_SESSION_LONG),
        ("8", w::ACCOUNT_RULES_SESSION_8),
        ("24", w::ACCOUNT_RULES_SESSION_24),
        ("168", w::ACCOUNT_RULES_SESSION_168),
        ("720", w::ACCOUNT_RULES_SESSION_720),
    ];
    let hours = hours.map(|(hours, words)| (hours.to_owned(), t(words).to_owned()));
    let is_asked = rules.second_factor_from.is_some();
    view! {
        <ActionForm action=save attr:class="body stack g4">
            <p class="muted">{t(w::ACCOUNT_RULES_TEXT)}</p>
            <FormErrors error=action_error(save)/>
            <Checkbox name="form[second_factor]" checked=is_asked errors=action_fields(save)>
                {t(w::ACCOUNT_RULES_SECOND_FACTOR)} <small class="muted">{since} " " {without}</small>
            </Checkbox>
            <div class="cols">
                <TextInput name="form[grace_days]" label=t(w::ACCOUNT_RULES_GRACE) hint=t(w::ACCOUNT_RULES_GRACE_HINT) inputmode="numeric" value="7" errors=action_fields(save)/>
                <Select name="form[session_hours]" label=t(w::ACCOUNT_RULES_SESSION) options=hours.to_vec() value=rules.session_hours.map(|hours| hours.to_string()).unwrap_or_default() errors=action_fields(save)/>
            </div>
            <TextArea name="form[networks]" label=t(w::ACCOUNT_RULES_NETWORKS) hint=t(w::ACCOUNT_RULES_NETWORKS_HINT) value=rules.networks.join("\n") rows=3_u32 optional=true errors=action_fields(save)/>
            {(rules.offers_google || !rules.google_domain.is_empty()).then(|| view! {
                <TextInput name="form[google_domain]" label=t(w::ACCOUNT_RULES_GOOGLE) hint=t(w::ACCOUNT_RULES_GOOGLE_HINT) value=rules.google_domain.clone() maxlength=253u32 optional=true errors=action_fields(save)/>
            })}
            <div class="row"><Button submit=true pending=save.pending()>{t(w::ACCOUNT_SAVE)}</Button></div>
        </ActionForm>
    }
    .into_any()
}
