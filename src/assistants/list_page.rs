//! `/assistants`: who answers.

use super::{
    model::*,
    parts::{LiveCount, StateBadge, SyncRing, SyncWords, language_name, look_again_while, template_icon, template_name},
    rpc::list_assistants,
};
use crate::{
    i18n::{format, t, words as w},
    kit::*,
    shared::permission::Permission,
};
use leptos::prelude::*;

/// Every assistant of the organisation.
#[component]
pub fn AssistantsPage() -> impl IntoView {
    let assistants = Resource::new(|| (), |()| list_assistants());
    look_again_while(assistants, |cards| cards.iter().any(|card| card.sync == SyncState::Pending));
    view! {
        <PageFrame title=t(w::ASSISTANTS_TITLE)>
            <PageHead title=t(w::ASSISTANTS_LEDE) text=t(w::ASSISTANTS_LEDE_TEXT)>
                {may_for_all(Permission::AssistantsEdit).then(|| view! { <NewButton/> })}
            </PageHead>
            <Loaded resource=assistants let:cards>
                {if cards.is_empty() {
                    view! {
                        <section class="card">
                            <Empty kind=EmptyKind::Unused title=t(w::ASSISTANTS_EMPTY_TITLE) text=t(w::ASSISTANTS_EMPTY_TEXT)>
                                {may_for_all(Permission::AssistantsEdit).then(|| view! { <NewButton/> })}
                            </Empty>
                        </section>
                    }
                        .into_any()
                } else {
                    view! {
                        <ul class="cols stretch assistants">
                            {cards.into_iter().map(|card| view! { <li><Card card/></li> }).collect_view()}
                        </ul>
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
