//! What stands beside a call, as it changes: this page looks at the call, and hears what others do beside it.

use super::{
    live::use_live,
    model::{News, Tell, beside_topic},
};
use crate::{
    i18n::{t_with, words as w},
    kit::{Avatar, try_session},
    shared::ids::{AccountId, CallId},
    work::rpc::list_hands,
};
use leptos::prelude::*;
use std::sync::Arc;

/// News of one call's side.
#[derive(Clone, Copy)]
pub struct Beside {
    /// Grows with each change.
    pub changes: RwSignal<u32>,
    /// Who looks at the call now, the reader among them.
    pub here: RwSignal<Vec<AccountId>>,
}

impl Beside {
    /// Looks at a call for as long as the caller's owner lives.
    pub fn new(call: CallId) -> Self {
        let beside = Self { changes: RwSignal::new(0), here: RwSignal::default() };
        let hear = move |tell: Arc<Tell>| match &tell.news {
            News::Work => drop(beside.changes.try_update(|changes| *changes += 1)),
            News::Here { accounts } => drop(beside.here.try_set(accounts.clone())),
            _ => {}
        };
        use_live().follow(beside_topic(call), 0, Callback::new(hear));
        beside
    }
}

/// Who else looks at the call now, by face and name.
#[component]
pub fn Onlookers(beside: Beside) -> impl IntoView {
    let hands = Resource::new(|| (), |()| async { list_hands().await.unwrap_or_default() });
    let me = try_session().map(|session| session.account_id);
    view! {
        <span class="onlookers" role="status">
            <Suspense>
                {move || Suspend::new(async move {
                    let people = hands.await.people;
                    move || {
                        let is_here = |id: &AccountId| Some(*id) != me && beside.here.with(|here| here.contains(id));
                        let others: Vec<String> = people.iter().filter(|(id, _)| is_here(id)).map(|(_, name)| name.clone()).collect();
                        (!others.is_empty()).then(|| {
                            let words = t_with(w::LIVE_HERE, &[("names", &others.join(", "))]);
                            let faces = others.into_iter().map(|name| view! { <Avatar name/> }).collect_view();
                            view! { <span class="row g1 small">{faces}<span>{words}</span></span> }
                        })
                    }
                })}
            </Suspense>
        </span>
    }
    .into_any()
}
