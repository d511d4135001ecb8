//! The pages before sign-in. They are drawn on the server and have no script, so a browser never downloads them as code.

use super::join::{Guest, JoinForm};
use crate::{
    account::model::{Country, SignUpForm},
    i18n::{Key, t, t_with, words as w},
    kit::{
        Button, ButtonKind, ButtonSize, Callout, Checkbox, ErrorBlock, LinkButton, PasswordInput, Segmented, Select, TextInput, Tone,
        role_key,
    },
    shared::error::{AppError, FieldErrors},
    team::server::actions::Link,
};
use leptos::prelude::*;

/// `/sign-in`. `said` is what happened just before.
pub fn sign_in(email: &str, next: &str, error: Option<&AppError>, said: &str, google: Option<String>) -> AnyView {
    let (errors, whole) = (fields(error), whole(error));
    let forgot = view! { <a class="small muted" href="/forgot">{t(w::ACCOUNT_SIGN_IN_FORGOT)}</a> }.into_any();
    let (said, email, next) = (said_key(said), email.to_owned(), next.to_owned());
    let is_empty = email.is_empty();
    view! {
        <div class="stack g5">
            <Head title=w::ACCOUNT_SIGN_IN_TITLE text=w::ACCOUNT_SIGN_IN_TEXT/>
            {said.map(|key| view! { <Callout tone=Tone::Ok title=t(key)/> })}
            <Plain error=whole>
                <input type="hidden" name="next" value=next/>
                <TextInput name="email" label=t(w::ACCOUNT_EMAIL) kind="email" autocomplete="username" value=email required=true autofocus=is_empty errors/>
                <PasswordInput name="password" label=t(w::ACCOUNT_PASSWORD) autocomplete="current-password" aside=forgot errors/>
                <Send words=w::ACCOUNT_SIGN_IN_DO/>
            </Plain>
            {google.map(with_google)}
            <p class="small muted">{t(w::ACCOUNT_SIGN_IN_NEW)}" "<a href="/sign-up">{t(w::ACCOUNT_SIGN_IN_CREATE)}</a></p>
        </div>
    }
    .into_any()
}

/// The other way in.
fn with_google(href: String) -> AnyView {
    view! {
        <p class="or small muted"><span>{t(w::ACCOUNT_OR)}</span></p>
        <a class="btn lg wide" href=href><GoogleMark/>{t(w::ACCOUNT_GOOGLE_DO)}</a>
    }
    .into_any()
}

/// Google's sign, in its own colours as its rules for such buttons ask.
#[component]
fn GoogleMark() -> impl IntoView {
    view! {
        <svg viewBox="0 0 48 48" width="18" height="18" aria-hidden="true">
            <path fill="#EA4335" d="M24 9.5c3.54 0 6.71 1.22 9.21 3.6l6.85-6.85C35.9 2.38 30.47 0 24 0 14.62 0 6.51 5.38 2.56 13.22l7.98 6.19C12.43 13.72 17.74 9.5 24 9.5z"></path>
            <path fill="#4285F4" d="M46.98 24.55c0-1.57-.15-3.09-.38-4.55H24v9.02h12.94c-.58 2.96-2.26 5.48-4.78 7.18l7.73 6c4.51-4.18 7.09-10.36 7.09-17.65z"></path>
            <path fill="#FBBC05" d="M10.53 28.59c-.48-1.45-.76-2.99-.76-4.59s.27-3.14.76-4.59l-7.98-6.19C.92 16.46 0 20.12 0 24c0 3.88.92 7.54 2.56 10.78l7.97-6.19z"></path>
            <path fill="#34A853" d="M24 48c6.48 0 11.93-2.13 15.89-5.81l-7.73-6c-2.15 1.45-4.92 2.3-8.16 2.3-6.26 0-11.57-4.22-13.47-9.91l-7.98 6.19C6.51 42.62 14.62 48 24 48z"></path>
        </svg>
    }
    .into_any()
}

fn said_key(said: &str) -> Option<Key> {
    match said {
        "confirmed" => Some(w::ACCOUNT_SAID_CONFIRMED),
        "email_changed" => Some(w::ACCOUNT_SAID_EMAIL_CHANGED),
        "joined" => Some(w::ACCOUNT_SAID_JOINED),
        "reset" => Some(w::ACCOUNT_SAID_RESET),
        "signed_out" => Some(w::ACCOUNT_SAID_SIGNED_OUT),
        _ => None,
    }
}

/// `/sign-up`. What a person of a business is asked more is hidden by the stylesheet for others, so it needs no script.
pub fn sign_up(form: SignUpForm, error: Option<&AppError>, google: Option<String>) -> AnyView {
    let errors = fields(error);
    let own = view! {
        <TextInput name="email" label=t(w::ACCOUNT_EMAIL) kind="email" autocomplete="username" value=form.email.clone() maxlength=254u32 required=true errors/>
        <PasswordInput name="password" label=t(w::ACCOUNT_PASSWORD) autocomplete="new-password" hint=t(w::ACCOUNT_PASSWORD_HINT) errors/>
    };
    let known = view! {
        {google.map(with_google)}
        <p class="small muted">{t(w::ACCOUNT_SIGN_UP_KNOWN)}" "<a href="/sign-in">{t(w::ACCOUNT_SIGN_IN_DO)}</a></p>
    };
    signing_up(t(w::ACCOUNT_SIGN_UP_TEXT).to_owned(), form, error, own.into_any(), known.into_any())
}

/// `/sign-up/google`: Google has proven the address, so neither it nor a password is asked.
pub fn sign_up_as(email: &str, form: SignUpForm, error: Option<&AppError>) -> AnyView {
    let another = view! { <p class="small muted"><a href="/sign-in">{t(w::ACCOUNT_SECOND_BACK)}</a></p> };
    signing_up(t_with(w::ACCOUNT_GOOGLE_SIGN_UP, &[("email", email)]), form, error, ().into_any(), another.into_any())
}

/// On to Google, to choose the account that is to be connected.
pub fn to_google(address: &str) -> AnyView {
    let address = address.to_owned();
    view! {
        <div class="stack g5">
            <Head title=w::ACCOUNT_GOOGLE text=w::ACCOUNT_GOOGLE_CHOOSE/>
            <a class="btn lg wide" href=address><GoogleMark/>{t(w::ACCOUNT_GOOGLE_DO)}</a>
            <p class="small muted"><a href="/settings/security">{t(w::ACCOUNT_GOOGLE_BACK)}</a></p>
        </div>
    }
    .into_any()
}

/// The form both share: `own` stands before the terms, `after` below the form.
fn signing_up(text: String, form: SignUpForm, error: Option<&AppError>, own: AnyView, after: AnyView) -> AnyView {
    let (errors, whole) = (fields(error), whole(error));
    let kinds = vec![
        ("business".to_owned(), t(w::ACCOUNT_KIND_BUSINESS).to_owned()),
        ("individual".to_owned(), t(w::ACCOUNT_KIND_INDIVIDUAL).to_owned()),
    ];
    let mut countries: Vec<(String, String)> =
        Country::ALL.iter().map(|country| (country.name().to_owned(), t(country_key(*country)).to_owned())).collect();
    countries.sort_by(|a, b| a.1.cmp(&b.1));
    let accepted = !form.terms.is_empty();
    view! {
        <div class="stack g5">
            <div class="stack g1"><h1>{t(w::ACCOUNT_SIGN_UP_TITLE)}</h1><p class="muted">{text}</p></div>
            <Plain error=whole class="sign-up">
                <Segmented name="kind" label=t(w::ACCOUNT_KIND) options=kinds value=form.kind/>
                <div class="stack g4 of-business">
                    <TextInput name="company" label=t(w::ACCOUNT_COMPANY) autocomplete="organization" value=form.company maxlength=120u32 errors/>
                </div>
                <Select name="country" label=t(w::ACCOUNT_COUNTRY) options=countries value=form.country errors/>
                <div class="pair of-business">
                    <div class="of-france">
                        <TextInput name="siren" label=t(w::ACCOUNT_SIREN) inputmode="numeric" value=form.siren maxlength=20u32 optional=true errors/>
                    </div>
                    <TextInput name="vat_number" label=t(w::ACCOUNT_VAT) value=form.vat_number maxlength=30u32 optional=true errors/>
                </div>
                <TextInput name="name" label=t(w::ACCOUNT_NAME) autocomplete="name" value=form.name maxlength=80u32 required=true errors/>
                {own}
                <Terms accepted errors/>
                <Send words=w::ACCOUNT_SIGN_UP_DO/>
            </Plain>
            {after}
        </div>
    }
    .into_any()
}

/// What has to be accepted to have an account.
#[component]
fn Terms(accepted: bool, errors: Signal<FieldErrors>) -> impl IntoView {
    view! {
        <Checkbox name="terms" checked=accepted required=true errors>
            {t(w::ACCOUNT_TERMS_BEFORE)}" "
            <a href="/terms" target="_blank">{t(w::ACCOUNT_TERMS_TERMS)}</a>
            " "{t(w::ACCOUNT_TERMS_AND)}" "
            <a href="/privacy" target="_blank">{t(w::ACCOUNT_TERMS_PRIVACY)}</a>"."
        </Checkbox>
    }
    .into_any()
}

fn country_key(country: Country) -> Key {
    match country {
        Country::At => w::ACCOUNT_COUNTRY_AT,
        Country::Be => w::ACCOUNT_COUNTRY_BE,
        Country::Ca => w::ACCOUNT_COUNTRY_CA,
        Country::Ch => w::ACCOUNT_COUNTRY_CH,
        Country::De => w::ACCOUNT_COUNTRY_DE,
        Country::Es => w::ACCOUNT_COUNTRY_ES,
        Country::Fr => w::ACCOUNT_COUNTRY_FR,
        Country::Gb => w::ACCOUNT_COUNTRY_GB,
        Country::Ie => w::ACCOUNT_COUNTRY_IE,
        Country::It => w::ACCOUNT_COUNTRY_IT,
        Country::Lu => w::ACCOUNT_COUNTRY_LU,
        Country::Ma => w::ACCOUNT_COUNTRY_MA,
        Country::Nl => w::ACCOUNT_COUNTRY_NL,
        Country::Pt => w::ACCOUNT_COUNTRY_PT,
        Country::Us => w::ACCOUNT_COUNTRY_US,
    }
}

/// `/sign-up/sent` and `/forgot/sent`: the same for everybody.
pub fn sent(text: Key, has_mailbox: bool) -> AnyView {
    let mailbox =
        has_mailbox.then(|| view! { <LinkButton href="/sandbox/mail" kind=ButtonKind::Primary>{t(w::ACCOUNT_SENT_MAILBOX)}</LinkButton> });
    view! {
        <div class="stack g5">
            <div class="stack g2"><h1>{t(w::ACCOUNT_SENT_TITLE)}</h1><p class="muted">{t(text)}</p></div>
            <p class="small muted">{t(w::ACCOUNT_SENT_NOTHING)}</p>
            <div class="row wrap">{mailbox}<LinkButton href="/sign-in">{t(w::ACCOUNT_SIGN_IN_DO)}</LinkButton></div>
        </div>
    }
    .into_any()
}

/// `/second-factor`.
pub fn second_factor(error: Option<&AppError>) -> AnyView {
    let (errors, whole) = (fields(error), whole(error));
    view! {
        <div class="stack g5">
            <Head title=w::ACCOUNT_SECOND_TITLE text=w::ACCOUNT_SECOND_TEXT/>
            <Plain error=whole>
                <TextInput name="code" label=t(w::ACCOUNT_CODE) autocomplete="one-time-code" hint=t(w::ACCOUNT_SECOND_HINT) maxlength=40u32 required=true autofocus=true errors/>
                <Send words=w::ACCOUNT_SIGN_IN_DO/>
            </Plain>
            <p class="small muted"><a href="/sign-in">{t(w::ACCOUNT_SECOND_BACK)}</a></p>
        </div>
    }
    .into_any()
}

/// `/forgot`.
pub fn forgot(email: &str, error: Option<&AppError>) -> AnyView {
    let email = email.to_owned();
    let (errors, whole) = (fields(error), whole(error));
    view! {
        <div class="stack g5">
            <Head title=w::ACCOUNT_FORGOT_TITLE text=w::ACCOUNT_FORGOT_TEXT/>
            <Plain error=whole>
                <TextInput name="email" label=t(w::ACCOUNT_EMAIL) kind="email" autocomplete="username" value=email required=true autofocus=true errors/>
                <Send words=w::ACCOUNT_FORGOT_DO/>
            </Plain>
            <p class="small muted"><a href="/sign-in">{t(w::ACCOUNT_SECOND_BACK)}</a></p>
        </div>
    }
    .into_any()
}

/// `/reset/:token`.
pub fn reset(error: Option<&AppError>) -> AnyView {
    let (errors, whole) = (fields(error), whole(error));
    view! {
        <div class="stack g5">
            <Head title=w::ACCOUNT_RESET_TITLE text=w::ACCOUNT_RESET_TEXT/>
            <Plain error=whole>
                <PasswordInput name="password" label=t(w::ACCOUNT_PASSWORD_NEW) autocomplete="new-password" hint=t(w::ACCOUNT_PASSWORD_HINT) errors/>
                <Send words=w::ACCOUNT_RESET_DO/>
            </Plain>
        </div>
    }
    .into_any()
}

/// `/confirm/:token`.
pub fn confirm(email: &str) -> AnyView {
    view! {
        <div class="stack g5">
            <div class="stack g2"><h1>{t(w::ACCOUNT_CONFIRM_TITLE)}</h1><p class="muted">{t_with(w::ACCOUNT_CONFIRM_TEXT, &[("email", email)])}</p></div>
            <Plain error=None><Send words=w::ACCOUNT_CONFIRM_DO/></Plain>
        </div>
    }
    .into_any()
}

/// `/join/:token`.
pub fn join(link: &Link, guest: Guest, token: &str, form: JoinForm, error: Option<&AppError>, google: Option<String>) -> AnyView {
    let title = t_with(w::TEAM_JOIN_TITLE, &[("organisation", &link.organisation)]);
    let role = link.own_role.as_deref().unwrap_or_else(|| t(role_key(link.role)));
    let text = t_with(w::TEAM_JOIN_TEXT, &[("role", role), ("email", &link.email)]);
    let (errors, failure) = (fields(error), whole(error));
    let way = match guest {
        Guest::Known => view! { <Plain error=failure><Send words=w::TEAM_JOIN_DO/></Plain> }.into_any(),
        Guest::Another => view! {
            <Callout tone=Tone::Warn title=t(w::TEAM_JOIN_OTHER)/>
            <form method="post" action="/sign-out"><Button submit=true>{t(w::SHELL_SIGN_OUT)}</Button></form>
        }
        .into_any(),
        Guest::SignedOut => view! {
            <p>{t(w::TEAM_JOIN_SIGN_IN)}</p>
            <LinkButton href=format!("/sign-in?next=%2Fjoin%2F{token}") kind=ButtonKind::Primary size=ButtonSize::Large>{t(w::ACCOUNT_SIGN_IN_DO)}</LinkButton>
        }
        .into_any(),
        Guest::New | Guest::Named => {
            let accepted = !form.terms.is_empty();
            let is_named = guest == Guest::Named;
            let password = (!is_named).then(|| {
                view! { <PasswordInput name="password" label=t(w::ACCOUNT_PASSWORD) autocomplete="new-password" hint=t(w::ACCOUNT_PASSWORD_HINT) errors/> }
            });
            let google = google.filter(|_| !is_named).map(with_google);
            view! {
                <p>{t(if is_named { w::TEAM_JOIN_NAMED } else { w::TEAM_JOIN_NEW })}</p>
                <Plain error=failure>
                    <TextInput name="name" label=t(w::ACCOUNT_NAME) autocomplete="name" value=form.name maxlength=80u32 required=true autofocus=true errors/>
                    {password}
                    <Terms accepted errors/>
                    <Send words=w::TEAM_JOIN_DO/>
                </Plain>
                {google}
            }
            .into_any()
        }
    };
    view! {
        <div class="stack g5">
            <div class="stack g2"><h1>{title}</h1><p class="muted">{text}</p></div>
            {way}
        </div>
    }
    .into_any()
}

/// A link that is good no more.
pub fn dead_link() -> AnyView {
    view! {
        <div class="stack g5">
            <Head title=w::ACCOUNT_DEAD_TITLE text=w::ACCOUNT_DEAD_TEXT/>
            <div class="row wrap">
                <LinkButton href="/sign-in" kind=ButtonKind::Primary>{t(w::ACCOUNT_SIGN_IN_DO)}</LinkButton>
                <LinkButton href="/forgot">{t(w::ACCOUNT_DEAD_FORGOT)}</LinkButton>
            </div>
        </div>
    }
    .into_any()
}

/// Something else went wrong.
pub fn failed(error: &AppError) -> AnyView {
    view! { <div class="stack g5"><ErrorBlock error=error.clone()/></div> }.into_any()
}

/// What is wrong with the form as a whole, or with a field that has no place for words.
fn whole(error: Option<&AppError>) -> Option<AppError> {
    error.filter(|error| error.fields().is_empty() || error.fields().get("kind").is_some()).cloned()
}

fn fields(error: Option<&AppError>) -> Signal<FieldErrors> {
    Signal::stored(error.map(AppError::fields).unwrap_or_default())
}

#[component]
fn Head(title: Key, text: Key) -> impl IntoView {
    view! { <div class="stack g1"><h1>{t(title)}</h1><p class="muted">{t(text)}</p></div> }.into_any()
}

/// A form posted to the page's own address. What is wrong is said by us, in the page's language, so the browser is asked not to.
#[component]
fn Plain(error: Option<AppError>, #[prop(optional)] class: &'static str, children: Children) -> impl IntoView {
    view! {
        <form method="post" class=format!("stack g4 {class}") data-density="comfortable" novalidate>
            {error.map(|error| view! { <ErrorBlock error/> })}
            {children()}
        </form>
    }
    .into_any()
}

#[component]
fn Send(words: Key) -> impl IntoView {
    view! { <Button kind=ButtonKind::Primary size=ButtonSize::Large submit=true wide=true>{t(words)}</Button> }.into_any()
}
