//! `/integrations`: the address Vapi sends to, how it proves itself, and the journal of what came.

use super::{
    model::*,
    parts::{CopyLine, OutcomeRing, SecretLine, delivery_reason, mode_name, preset_name},
    rpc::{RotateSecret, SaveAuth, read_endpoint, read_journal},
};
use crate::{
    i18n::{
        format::{self, use_clock},
        t, t_with, use_locale, words as w,
    },
    kit::*,
    shared::{error::FieldErrors, ids::HookId},
};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::hooks::use_query_map;

/// How providers reach us.
#[component]
pub fn IntegrationsPage() -> impl IntoView {
    let save = ServerAction::<SaveAuth>::new();
    let rotate = ServerAction::<RotateSecret>::new();
    let endpoint = Resource::new(move || (save.version().get(), rotate.version().get()), |_| read_endpoint());
    view! {
        <PageFrame title=t(w::INTEGRATIONS_TITLE)>
            <Loaded resource=endpoint skeleton=rows_skeleton(6) let:endpoint>
                <Address endpoint=endpoint.clone() rotate/>
                <Setup endpoint=endpoint.clone()/>
                {endpoint.may_manage.then(|| view! { <Settings auth=endpoint.auth.clone() save/> })}
            </Loaded>
            <JournalCard/>
        </PageFrame>
    }
    .into_any()
}

#[component]
fn Address(endpoint: Endpoint, rotate: ServerAction<RotateSecret>) -> impl IntoView {
    let (tone, word) = match (endpoint.simulated, endpoint.incomplete) {
        (true, _) => (Tone::Info, w::INTEGRATIONS_SIMULATED),
        (false, true) => (Tone::Warn, w::INTEGRATIONS_INCOMPLETE),
        (false, false) => (Tone::Ok, w::INTEGRATIONS_READY),
    };
    let (locale, clock) = (use_locale(), use_clock());
    let method = endpoint.auth.preset_name().map_or_else(|| t(mode_name(endpoint.auth.mode)), |preset| t(preset_name(preset)));
    let uses_oauth = endpoint.auth.mode == AuthMode::Oauth2;
    view! {
        <section class="card" aria-labelledby="h-vapi">
            <header class="wrap">
                <span class="avatar ai org-logo" aria-hidden="true">"Va"</span>
                <h2 id="h-vapi">"Vapi"</h2>
                <span class="end"><Badge tone=tone>{t(word)}</Badge></span>
            </header>
            <div class="body stack g4">
                <p class="muted">{t(w::INTEGRATIONS_ADDRESS_TEXT)}</p>
                <CopyLine label=t(w::INTEGRATIONS_ADDRESS) value=endpoint.url/>
                {endpoint.secret.map(|secret| view! { <SecretLine label=t(w::INTEGRATIONS_SECRET) value=secret/> })}
                {uses_oauth
                    .then(|| {
                        view! {
                            <CopyLine label=t(w::INTEGRATIONS_TOKEN_URL) value=endpoint.token_url/>
                            <CopyLine label=t(w::INTEGRATIONS_CLIENT_ID) value=endpoint.client_id/>
                        }
                    })}
                <dl class="kv small">
                    <dt>{t(w::INTEGRATIONS_METHOD)}</dt>
                    <dd>{method}</dd>
                    {endpoint
                        .previous_until
                        .map(|until| {
                            let at = format::date_time(locale, &clock, until);
                            view! {
                                <dt>{t(w::INTEGRATIONS_PREVIOUS)}</dt>
                                <dd>{t_with(w::INTEGRATIONS_PREVIOUS_UNTIL, &[("at", &at)])}</dd>
                            }
                        })}
                </dl>
                {endpoint
                    .may_manage
                    .then(|| {
                        view! {
                            <FormErrors error=action_error(rotate)/>
                            <div class="row wrap">
                                <ConfirmButton
                                    icon=icondata::LuKeyRound
                                    size=ButtonSize::Small
                                    pending=rotate.pending()
                                    on_confirm=Callback::new(move |()| { rotate.dispatch(RotateSecret {}); })
                                >
                                    {t(w::INTEGRATIONS_ROTATE)}
                                </ConfirmButton>
                                <span class="small muted">{t(w::INTEGRATIONS_ROTATE_TEXT)}</span>
                            </div>
                        }
                    })}
            </div>
        </section>
    }
    .into_any()
}

/// What is left to do at Vapi, in words; nothing in the sandbox, where it is done by itself.
#[component]
fn Setup(endpoint: Endpoint) -> impl IntoView {
    if endpoint.simulated {
        return view! { <Callout tone=Tone::Info title=t(w::INTEGRATIONS_SANDBOX_TITLE)><p>{t(w::INTEGRATIONS_SANDBOX_TEXT)}</p></Callout> }.into_any();
    }
    if !endpoint.auth.needs_credential() {
        return view! { <Callout tone=Tone::Ok title=t(w::INTEGRATIONS_HEADER_TITLE)><p>{t(w::INTEGRATIONS_HEADER_TEXT)}</p></Callout> }
            .into_any();
    }
    let auth = &endpoint.auth;
    let mut rows: Vec<(&'static str, String)> = match auth.mode {
        AuthMode::Bearer => vec![
            ("Token", t(w::INTEGRATIONS_THE_SECRET).to_owned()),
            ("Header Name", auth.header.clone()),
            ("Include Bearer Prefix", (!auth.prefix.is_empty()).to_string()),
        ],
        AuthMode::Oauth2 => vec![
            ("Token URL", endpoint.token_url.clone()),
            ("Client ID", endpoint.client_id.clone()),
            ("Client Secret", t(w::INTEGRATIONS_THE_SECRET).to_owned()),
        ],
        _ => vec![
            ("Secret Key", t(w::INTEGRATIONS_THE_SECRET).to_owned()),
            ("Algorithm", auth.algorithm.to_string()),
            ("Signature Header", auth.header.clone()),
            ("Timestamp Header", auth.timestamp_header.clone()),
            ("Payload Format", auth.payload_format.clone()),
            ("Signature Prefix", auth.prefix.clone()),
            ("Signature Encoding", auth.encoding.to_string()),
            ("Secret Is Base64", auth.secret_is_base64.to_string()),
            ("Message ID Header", auth.message_id_header.clone()),
        ],
    };
    rows.retain(|(_, value)| !value.is_empty());
    let kind = match auth.mode {
        AuthMode::Bearer => "Bearer Token",
        AuthMode::Oauth2 => "OAuth 2.0",
        _ => "HMAC",
    };
    let (tone, title) =
        if endpoint.incomplete { (Tone::Warn, w::INTEGRATIONS_SETUP_MISSING) } else { (Tone::Ok, w::INTEGRATIONS_SETUP_DONE) };
    view! {
        <Callout tone title=t(title)>
            <ol class="stack g2 steps-list">
                <li>{t(w::INTEGRATIONS_STEP_OPEN)}</li>
                <li>
                    {t_with(w::INTEGRATIONS_STEP_KIND, &[("kind", kind)])}
                    <dl class="kv small">
                        {rows.into_iter().map(|(name, value)| view! { <dt>{name}</dt><dd><code class="ltr">{value}</code></dd> }).collect_view()}
                    </dl>
                </li>
                <li>{t(w::INTEGRATIONS_STEP_ID)}</li>
            </ol>
            <p>{t(w::INTEGRATIONS_STEP_EASIER)}</p>
        </Callout>
    }
    .into_any()
}

/// How webhooks prove themselves: a known name, or every option.
#[component]
fn Settings(auth: WebhookAuth, save: ServerAction<SaveAuth>) -> impl IntoView {
    let errors = action_fields(save);
    let simulated_too = try_session().is_some_and(|session| session.sandbox);
    let form = RwSignal::new(AuthForm::of(&auth));
    let is_mode = move |mode: AuthMode| form.with(|form| form.mode == mode.name());
    let presets = Preset::ALL
        .iter()
        .copied()
        .map(|preset| {
            let choose = move |_| {
                form.update(|form| {
                    let credential_id = std::mem::take(&mut form.credential_id);
                    *form = AuthForm { credential_id, ..AuthForm::of(&WebhookAuth::preset(preset)) };
                });
            };
            let is_this = move || {
                let typed = form.with(|form| form.parse().ok().and_then(|auth| auth.preset_name()));
                if typed == Some(preset) { "true" } else { "false" }
            };
            view! { <button type="button" aria-pressed=is_this on:click=choose>{t(preset_name(preset))}</button> }
        })
        .collect_view();
    let modes: Vec<(String, String)> = AuthMode::ALL
        .iter()
        .filter(|mode| **mode != AuthMode::None || simulated_too)
        .map(|mode| (mode.name().to_owned(), t(mode_name(*mode)).to_owned()))
        .collect();
    let algorithms = Algorithm::ALL.iter().map(|algorithm| (algorithm.name().to_owned(), algorithm.name().to_uppercase())).collect();
    let encodings = Encoding::ALL.iter().map(|encoding| (encoding.name().to_owned(), encoding.name().to_owned())).collect();
    let saved = move || matches!(save.value().get(), Some(Ok(()))) && !save.pending().get();
    view! {
        <section class="card" aria-labelledby="h-auth">
            <header><h2 id="h-auth">{t(w::INTEGRATIONS_AUTH_TITLE)}</h2></header>
            <div class="body">
            <ActionForm action=save>
                <div class="stack g4">
                    <FormErrors error=action_error(save)/>
                    <div class="field needs-wasm">
                        <span class="label" id="l-presets">{t(w::INTEGRATIONS_PRESETS)}</span>
                        <div class="seg wrap" role="group" aria-labelledby="l-presets">{presets}</div>
                    </div>
                    <div class="cols">
                        <Choice name="form[mode]" label=t(w::INTEGRATIONS_MODE) options=modes value=Signal::derive(move || form.with(|f| f.mode.clone())) on_change=Callback::new(move |v| form.update(|f| f.mode = v)) errors/>
                        <div hidden=move || is_mode(AuthMode::Oauth2) || is_mode(AuthMode::None)>
                            <Typed name="form[header]" label=t(w::INTEGRATIONS_HEADER) form get=|f| f.header.clone() set=|f, v| f.header = v errors/>
                        </div>
                        <div hidden=move || !(is_mode(AuthMode::Hmac) || is_mode(AuthMode::Bearer))>
                            <Typed name="form[prefix]" label=t(w::INTEGRATIONS_PREFIX) form get=|f| f.prefix.clone() set=|f, v| f.prefix = v errors/>
                        </div>
                    </div>
                    <div class="cols" hidden=move || !is_mode(AuthMode::Hmac)>
                        <Typed name="form[payload_format]" label=t(w::INTEGRATIONS_FORMAT) hint=t(w::INTEGRATIONS_FORMAT_HINT) form get=|f| f.payload_format.clone() set=|f, v| f.payload_format = v errors/>
                        <Typed name="form[timestamp_header]" label=t(w::INTEGRATIONS_TIMESTAMP_HEADER) form get=|f| f.timestamp_header.clone() set=|f, v| f.timestamp_header = v errors/>
                        <Typed name="form[message_id_header]" label=t(w::INTEGRATIONS_MESSAGE_ID_HEADER) form get=|f| f.message_id_header.clone() set=|f, v| f.message_id_header = v errors/>
                        <Choice name="form[algorithm]" label=t(w::INTEGRATIONS_ALGORITHM) options=algorithms value=Signal::derive(move || form.with(|f| f.algorithm.clone())) on_change=Callback::new(move |v| form.update(|f| f.algorithm = v)) errors/>
                        <Choice name="form[encoding]" label=t(w::INTEGRATIONS_ENCODING) options=encodings value=Signal::derive(move || form.with(|f| f.encoding.clone())) on_change=Callback::new(move |v| form.update(|f| f.encoding = v)) errors/>
                        <Typed name="form[tolerance_s]" label=t(w::INTEGRATIONS_TOLERANCE) hint=t(w::INTEGRATIONS_TOLERANCE_HINT) form get=|f| f.tolerance_s.clone() set=|f, v| f.tolerance_s = v errors/>
                        <Checkbox
                            name="form[secret_is_base64]"
                            checked=Signal::derive(move || form.with(|f| f.secret_is_base64.is_some()))
                            on_change=Callback::new(move |on: bool| form.update(|f| f.secret_is_base64 = on.then(|| "true".to_owned())))
                        >
                            {t(w::INTEGRATIONS_SECRET_IS_BASE64)}
                        </Checkbox>
                    </div>
                    <div hidden=move || is_mode(AuthMode::Header) || is_mode(AuthMode::None)>
                        <Typed name="form[credential_id]" label=t(w::INTEGRATIONS_CREDENTIAL_ID) hint=t(w::INTEGRATIONS_CREDENTIAL_HINT) form get=|f| f.credential_id.clone() set=|f, v| f.credential_id = v errors/>
                    </div>
                    <Show when=move || is_mode(AuthMode::None)>
                        <Callout tone=Tone::Warn title=t(w::INTEGRATIONS_NONE_TITLE)><p>{t(w::INTEGRATIONS_NONE_TEXT)}</p></Callout>
                    </Show>
                    <div class="row wrap">
                        <Button kind=ButtonKind::Primary submit=true pending=save.pending()>{t(w::INTEGRATIONS_SAVE)}</Button>
                        <span class="small muted" role="status">{move || saved().then(|| t(w::INTEGRATIONS_SAVED))}</span>
                    </div>
                </div>
            </ActionForm>
            </div>
        </section>
    }
    .into_any()
}

/// One text of the settings, kept in step with the presets.
#[component]
fn Typed(
    name: &'static str,
    label: &'static str,
    #[prop(optional, into)] hint: Option<String>,
    form: RwSignal<AuthForm>,
    get: fn(&AuthForm) -> String,
    set: fn(&mut AuthForm, String),
    #[prop(into)] errors: Signal<FieldErrors>,
) -> impl IntoView {
    view! {
        <Field name=name label=label hint=hint errors let:ids>
            <input
                class="input ltr"
                id=ids.id
                name=name
                type="text"
                autocomplete="off"
                spellcheck="false"
                value=form.with_untracked(get)
                prop:value=move || form.with(get)
                aria-invalid=move || ids.invalid.get()
                aria-describedby=move || ids.described_by.get()
                on:input=move |event| form.update(|form| set(form, event_target_value(&event)))
            />
        </Field>
    }
    .into_any()
}

/// One of a list, kept in step with the presets.
#[component]
fn Choice(
    name: &'static str,
    label: &'static str,
    options: Vec<(String, String)>,
    #[prop(into)] value: Signal<String>,
    on_change: Callback<String>,
    #[prop(into)] errors: Signal<FieldErrors>,
) -> impl IntoView {
    let items = options
        .into_iter()
        .map(|(key, words)| {
            let mine = key.clone();
            view! { <option value=key selected=move || value.with(|value| *value == mine)>{words}</option> }
        })
        .collect_view();
    view! {
        <Field name=name label=label errors let:ids>
            <select
                class="input"
                id=ids.id
                name=name
                prop:value=move || value.get()
                aria-invalid=move || ids.invalid.get()
                aria-describedby=move || ids.described_by.get()
                on:change=move |event| on_change.run(event_target_value(&event))
            >
                {items}
            </select>
        </Field>
    }
    .into_any()
}

/// What came to our address, accepted or not. The filter stands in the address of the page.
#[component]
fn JournalCard() -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        query.with(|query| {
            let outcome = query.get("outcome").and_then(|outcome| outcome.parse::<DeliveryOutcome>().ok());
            let before = query.get("before").and_then(|before| before.parse::<HookId>().ok());
            (outcome, before)
        })
    });
    let journal = Resource::new(move || asked.get(), |(outcome, before)| read_journal(outcome, before));
    let tabs = move || {
        let outcome = asked.get().0;
        let mut tabs = vec![("/integrations#journal".to_owned(), t(w::INTEGRATIONS_ALL).to_owned(), outcome.is_none())];
        for (kind, word) in [
            (DeliveryOutcome::Accepted, w::INTEGRATIONS_OUTCOME_ACCEPTED),
            (DeliveryOutcome::Rejected, w::INTEGRATIONS_OUTCOME_REJECTED),
            (DeliveryOutcome::Duplicate, w::INTEGRATIONS_OUTCOME_DUPLICATE),
            (DeliveryOutcome::Dead, w::INTEGRATIONS_OUTCOME_DEAD),
        ] {
            tabs.push((format!("/integrations?outcome={kind}#journal"), t(word).to_owned(), outcome == Some(kind)));
        }
        view! { <LinkTabs label=t(w::INTEGRATIONS_JOURNAL_FILTER) tabs/> }
    };
    view! {
        <section class="card" id="journal" aria-labelledby="h-journal">
            <header class="wrap">
                <h2 id="h-journal">{t(w::INTEGRATIONS_JOURNAL)}</h2>
                <span class="muted small only-wide">{t(w::INTEGRATIONS_JOURNAL_TEXT)}</span>
                <span class="end">
                    <Button size=ButtonSize::Small icon=icondata::LuRotateCw on:click=move |_| journal.refetch()>{t(w::INTEGRATIONS_REFRESH)}</Button>
                </span>
            </header>
            {tabs}
            <Loaded resource=journal skeleton=rows_skeleton(8) let:journal>
                <JournalBody journal filtered=asked.get_untracked().0 is_first=asked.get_untracked().1.is_none()/>
            </Loaded>
        </section>
    }
    .into_any()
}

#[component]
fn JournalBody(journal: Journal, filtered: Option<DeliveryOutcome>, is_first: bool) -> impl IntoView {
    if journal.deliveries.is_empty() {
        return if filtered.is_some() || !is_first {
            view! {
                <Empty kind=EmptyKind::NoMatch title=t(w::INTEGRATIONS_NO_MATCH)>
                    <LinkButton href="/integrations#journal">{t(w::INTEGRATIONS_CLEAR)}</LinkButton>
                </Empty>
            }
            .into_any()
        } else {
            view! { <Empty kind=EmptyKind::Unused title=t(w::INTEGRATIONS_EMPTY_TITLE) text=t(w::INTEGRATIONS_EMPTY_TEXT)/> }.into_any()
        };
    }
    let now = journal.now;
    let day = journal.last_day;
    let summary = t_with(
        w::INTEGRATIONS_LAST_DAY,
        &[
            ("accepted", &format::n(day.accepted)),
            ("rejected", &format::n(day.rejected)),
            ("duplicate", &format::n(day.duplicate)),
            ("dead", &format::n(day.dead)),
        ],
    );
    let base = filtered.map_or_else(|| "/integrations?".to_owned(), |outcome| format!("/integrations?outcome={outcome}&"));
    let older_href = journal.next.map(|next| format!("{base}before={next}#journal"));
    let newest_href = (!is_first).then(|| format!("{}#journal", base.trim_end_matches(['?', '&'])));
    view! {
        <Table label=t(w::INTEGRATIONS_JOURNAL)>
            <thead>
                <tr>
                    <th scope="col">{t(w::INTEGRATIONS_COL_OUTCOME)}</th>
                    <th scope="col">{t(w::INTEGRATIONS_COL_KIND)}</th>
                    <th scope="col">{t(w::INTEGRATIONS_COL_REASON)}</th>
                    <th scope="col">{t(w::INTEGRATIONS_COL_FROM)}</th>
                    <th scope="col" class="r">{t(w::INTEGRATIONS_COL_SIZE)}</th>
                    <th scope="col">{t(w::INTEGRATIONS_COL_AT)}</th>
                </tr>
            </thead>
            <tbody>
                {journal.deliveries.into_iter().map(|delivery| view! { <DeliveryRow delivery now/> }).collect_view()}
            </tbody>
        </Table>
        <Pager summary newest_href older_href/>
    }
    .into_any()
}

#[component]
fn DeliveryRow(delivery: Delivery, now: chrono::DateTime<chrono::Utc>) -> impl IntoView {
    let kind = delivery.kind.unwrap_or_else(|| "—".to_owned());
    view! {
        <tr>
            <td><OutcomeRing outcome=delivery.outcome/></td>
            <td>
                {match delivery.call_id {
                    Some(call) => view! { <a href=format!("/calls/{call}")><code class="ltr">{kind}</code></a> }.into_any(),
                    None => view! { <code class="ltr">{kind}</code> }.into_any(),
                }}
            </td>
            <td class="muted">{delivery.reason.as_deref().map(delivery_reason)}</td>
            <td class="num muted nowrap">{delivery.ip.unwrap_or_default()}</td>
            <td class="r num nowrap">{t_with(w::INTEGRATIONS_BYTES, &[("n", &format::n(i64::from(delivery.bytes)))])}</td>
            <td class="nowrap"><When at=delivery.at now/></td>
        </tr>
    }
    .into_any()
}
