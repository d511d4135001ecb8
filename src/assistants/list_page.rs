//! `/assistants`: who answers, and on which numbers.

use super::{
    model::*,
    parts::{LiveCount, StateBadge, SyncRing, SyncWords, language_name, look_again_while, template_icon, template_name},
    rpc::{AssignNumber, ConnectNumber, DeleteNumber, list_assistants, list_numbers},
};
use crate::{
    i18n::{format, t, t_with, words as w},
    kit::*,
    shared::permission::Permission,
};
use leptos::{form::ActionForm, prelude::*};

/// Every assistant of the organisation, and its numbers.
#[component]
pub fn AssistantsPage() -> impl IntoView {
    let assistants = Resource::new(|| (), |()| list_assistants());
    look_again_while(assistants, |cards| cards.iter().any(|card| card.sync == SyncState::Pending));
    view! {
        <PageFrame title=t(w::ASSISTANTS_TITLE)>
            <PageHead title=t(w::ASSISTANTS_LEDE) text=t(w::ASSISTANTS_LEDE_TEXT)>
                {may(Permission::AssistantsEdit).then(|| view! { <NewButton/> })}
            </PageHead>
            <Loaded resource=assistants let:cards>
                {if cards.is_empty() {
                    view! {
                        <section class="card">
                            <Empty kind=EmptyKind::Unused title=t(w::ASSISTANTS_EMPTY_TITLE) text=t(w::ASSISTANTS_EMPTY_TEXT)>
                                {may(Permission::AssistantsEdit).then(|| view! { <NewButton/> })}
                            </Empty>
                        </section>
                    }
                        .into_any()
                } else {
                    view! {
                        <ul class="cols stretch assistants">
                            {cards.clone().into_iter().map(|card| view! { <li><Card card/></li> }).collect_view()}
                        </ul>
                        <Numbers assistants=cards/>
                    }
                        .into_any()
                }}
            </Loaded>
        </PageFrame>
    }
    .into_any()
}

#[component]
fn NewButton() -> impl IntoView {
    view! { <LinkButton href="/assistants/new" kind=ButtonKind::Primary icon=icondata::LuPlus>{t(w::ASSISTANTS_CREATE)}</LinkButton> }
        .into_any()
}

#[component]
fn Card(card: AssistantCard) -> impl IntoView {
    let href = format!("/assistants/{}", card.id);
    let numbers = card.numbers.iter().filter_map(|number| number.parse().ok()).map(|number| format::tel(&number)).collect::<Vec<_>>();
    let trade = format!("{} · {}", t(template_name(card.template)), language_name(&card.language));
    view! {
        <article class="card assistant-card" data-sync=card.sync.name()>
            <div class="body stack g3">
                <div class="row g3">
                    <AssistantAvatar large=true/>
                    <h3 class="grow clip"><a href=href.clone()>{card.name.clone()}</a></h3>
                    <StateBadge state=card.state/>
                </div>
                <p class="small muted row g1"><Icon icon=template_icon(card.template) small=true/>{trade}</p>
                <p class="small num">
                    {if numbers.is_empty() { t(w::ASSISTANTS_NO_NUMBER).to_owned() } else { numbers.join(", ") }}
                </p>
                {(card.has_draft || card.has_drifted)
                    .then(|| {
                        view! {
                            <p class="row g2 wrap">
                                {card.has_draft.then(|| view! { <Badge tone=Tone::Info>{t(w::ASSISTANTS_HAS_DRAFT)}</Badge> })}
                                {card.has_drifted.then(|| view! { <Badge tone=Tone::Warn>{t(w::ASSISTANTS_HAS_DRIFTED)}</Badge> })}
                            </p>
                        }
                    })}
                <SyncWords sync=card.sync error=card.sync_error.clone()/>
                <div class="row between small">
                    <SyncRing sync=card.sync/>
                    <LiveCount calls=card.live_calls/>
                </div>
            </div>
        </article>
    }
    .into_any()
}

/// The organisation's numbers and who answers each.
#[component]
fn Numbers(assistants: Vec<AssistantCard>) -> impl IntoView {
    let assign = ServerAction::<AssignNumber>::new();
    let connect = ServerAction::<ConnectNumber>::new();
    let delete = ServerAction::<DeleteNumber>::new();
    let versions = move || (assign.version().get(), connect.version().get(), delete.version().get());
    let numbers = Resource::new(versions, |_| list_numbers());
    look_again_while(numbers, |lines| lines.iter().any(|line| line.sync == SyncState::Pending));
    let names = StoredValue::new(assistants.into_iter().map(|card| (card.id.to_string(), card.name)).collect::<Vec<_>>());
    let may_edit = may(Permission::AssistantsEdit);
    let draws = StoredValue::new(0);
    view! {
        <section class="card" aria-labelledby="h-numbers">
            <header>
                <h2 id="h-numbers">{t(w::ASSISTANTS_NUMBERS_TITLE)}</h2>
                <span class="muted small only-wide">{t(w::ASSISTANTS_NUMBERS_TEXT)}</span>
            </header>
            <FormErrors error=action_error(delete)/>
            <Loaded resource=numbers skeleton=rows_skeleton(2) let:lines>
                {if lines.is_empty() {
                    view! { <div class="body"><p class="muted">{t(w::ASSISTANTS_NUMBERS_EMPTY)}</p></div> }.into_any()
                } else {
                    let row = move |line| view! { <NumberRow line assign delete options=names.get_value() may_edit/> };
                    let rows = drawn_anew(draws, move || lines.iter().cloned().map(row).collect_view().into_any());
                    view! { <ul class="list">{rows}</ul> }.into_any()
                }}
            </Loaded>
            {may(Permission::IntegrationsManage).then(|| view! { <ConnectForm connect options=names.get_value()/> })}
        </section>
    }
    .into_any()
}

#[component]
fn NumberRow(
    line: NumberLine,
    assign: ServerAction<AssignNumber>,
    delete: ServerAction<DeleteNumber>,
    options: Vec<(String, String)>,
    may_edit: bool,
) -> impl IntoView {
    let id = line.id;
    let shown = line.number.parse().map_or(line.number.clone(), |number| format::tel(&number));
    let chosen = line.assistant_id.map(|id| id.to_string()).unwrap_or_default();
    let label = t_with(w::ASSISTANTS_ANSWERED_BY, &[("number", &shown)]);
    let named = shown.clone();
    let items = std::iter::once((String::new(), t(w::ASSISTANTS_NOBODY).to_owned()))
        .chain(options)
        .map(|(value, words)| {
            let selected = value == chosen;
            view! { <option value=value selected=selected>{words}</option> }
        })
        .collect_view();
    view! {
        <li class="number-row">
            <span class="grow">
                <b class="num ltr">{shown}</b>
                {(!line.label.is_empty()).then(|| view! { <small class="muted">{line.label.clone()}</small> })}
                {line.sync_error.clone().map(|words| view! { <small class="t bad"><Told words/></small> })}
            </span>
            <span class="small"><SyncRing sync=line.sync/></span>
            {if may_edit {
                view! {
                    <ActionForm action=assign attr:class="row g2">
                        <input type="hidden" name="id" value=line.id.to_string()/>
                        <select class="input" name="assistant" aria-label=label>{items}</select>
                        <Button submit=true size=ButtonSize::Small pending=assign.pending()>{t(w::ASSISTANTS_ASSIGN)}</Button>
                    </ActionForm>
                }
                    .into_any()
            } else {
                view! { <span>{line.assistant_name.clone().unwrap_or_else(|| t(w::ASSISTANTS_NOBODY).to_owned())}</span> }.into_any()
            }}
            {may(Permission::IntegrationsManage).then(|| view! {
                <ConfirmButton
                    icon=icondata::LuTrash2
                    size=ButtonSize::Small
                    pending=delete.pending()
                    on_confirm=Callback::new(move |()| { delete.dispatch(DeleteNumber { id }); })
                >
                    {t(w::ASSISTANTS_REMOVE_NUMBER)}<span class="sr">{format!(" {named}")}</span>
                </ConfirmButton>
            })}
        </li>
    }
    .into_any()
}

/// Connects a number the provider already has.
#[component]
fn ConnectForm(connect: ServerAction<ConnectNumber>, options: Vec<(String, String)>) -> impl IntoView {
    let errors = action_fields(connect);
    let options: Vec<_> = std::iter::once((String::new(), t(w::ASSISTANTS_NOBODY).to_owned())).chain(options).collect();
    view! {
        <details class="fold">
            <summary><Icon icon=icondata::LuPlus small=true/>{t(w::ASSISTANTS_CONNECT_NUMBER)}</summary>
            <ActionForm action=connect>
                <div class="body stack g4">
                    <FormErrors error=action_error(connect)/>
                    <p class="muted small">{t(w::ASSISTANTS_CONNECT_TEXT)}</p>
                    <div class="cols">
                        <TextInput name="form[number]" label=t(w::ASSISTANTS_NUMBER) kind="tel" placeholder="+33 1 99 00 24 10" required=true errors/>
                        <TextInput name="form[provider_id]" label=t(w::ASSISTANTS_NUMBER_ID) hint=t(w::ASSISTANTS_NUMBER_ID_HINT) required=true errors/>
                        <TextInput name="form[label]" label=t(w::ASSISTANTS_NUMBER_LABEL) optional=true maxlength=60_u32 errors/>
                        <Select name="form[assistant]" label=t(w::ASSISTANTS_NUMBER_ASSISTANT) options errors/>
                    </div>
                    <div class="row"><Button kind=ButtonKind::Dark submit=true pending=connect.pending()>{t(w::ASSISTANTS_CONNECT)}</Button></div>
                </div>
            </ActionForm>
        </details>
    }
    .into_any()
}
