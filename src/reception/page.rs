//! `/reception` and its parts: one page, a tab each.

use super::{
    callbacks_page::CallbacksTab, callers_page::CallersTab, hours_page::HoursTab, model::ReceptionSheet, people_page::PeopleTab,
    rpc::read_reception, rules_page::RulesTab, tools_page::ToolsTab,
};
use crate::{
    i18n::{Key, t, words as w},
    kit::*,
    shared::error::AppError,
};
use leptos::{prelude::*, server_fn::ServerFn, task::spawn_local};
use leptos_router::hooks::use_params_map;

/// What the tabs share: how often something was written, so that lists read again.
#[derive(Clone, Copy)]
pub struct Desk {
    pub changes: RwSignal<u32>,
    /// See [`crate::kit::drawn_anew`].
    pub draws: StoredValue<u128>,
    pub toasts: Toaster,
}

impl Desk {
    /// Something was written.
    pub fn changed(self) {
        self.changes.update(|changes| *changes += 1);
    }

    /// Does something at once, and says what came of it.
    pub fn run(self, done: Key, what: impl Future<Output = Result<(), AppError>> + 'static) {
        spawn_local(async move {
            match what.await {
                Ok(()) => {
                    self.changed();
                    self.toasts.say(t(done));
                }
                Err(error) => self.toasts.fail(&error),
            }
        });
    }

    /// A form's action: done, its drawer closes and lists read again; a drawer that opens begins without the last one's errors.
    pub fn when_done<S>(self, action: ServerAction<S>, open: RwSignal<bool>)
    where
        S: ServerFn<Error = AppError> + Clone + Send + Sync + 'static,
        S::Output: Clone + Send + Sync + 'static,
    {
        Effect::new(move || {
            if action.version().get() > 0 && action.value().with_untracked(|value| matches!(value, Some(Ok(_)))) {
                open.set(false);
                self.changed();
                self.toasts.say(t(w::RECEPTION_SAVED));
            }
        });
        Effect::new(move || {
            if open.get() {
                action.clear();
            }
        });
    }
}

/// The tabs: the end of the address, and the words.
const TABS: [(&str, Key); 6] = [
    ("", w::RECEPTION_TAB_RULES),
    ("hours", w::RECEPTION_TAB_HOURS),
    ("people", w::RECEPTION_TAB_PEOPLE),
    ("callers", w::RECEPTION_TAB_CALLERS),
    ("callbacks", w::RECEPTION_TAB_CALLBACKS),
    ("tools", w::RECEPTION_TAB_TOOLS),
];

/// The page.
#[component]
pub fn ReceptionPage() -> impl IntoView {
    let params = use_params_map();
    let tab = Memo::new(move |_| {
        let asked = params.with(|params| params.get("tab")).unwrap_or_default();
        TABS.iter().map(|(name, _)| *name).find(|name| *name == asked).unwrap_or_default()
    });
    let desk = Desk { changes: RwSignal::new(0), draws: StoredValue::new(0), toasts: use_toasts() };
    // Hours, rules and people in one reading: each names the others.
    let sheet = Resource::new(
        move || (matches!(tab.get(), "" | "hours" | "people"), desk.changes.get()),
        |(is_wanted, _)| async move { if is_wanted { read_reception().await.map(Some) } else { Ok(None) } },
    );
    let tabs = move || {
        let here = tab.get();
        let tabs = TABS
            .iter()
            .map(|(name, words)| {
                let href = if name.is_empty() { "/reception".to_owned() } else { format!("/reception/{name}") };
                (href, t(*words).to_owned(), *name == here)
            })
            .collect();
        view! { <LinkTabs label=t(w::RECEPTION_TABS) tabs/> }
    };
    let of_sheet = move |draw: fn(ReceptionSheet, Desk) -> AnyView| {
        view! {
            <Loaded resource=sheet skeleton=rows_skeleton(6) let:sheet>
                {sheet.map(|sheet| drawn_anew(desk.draws, move || draw(sheet.clone(), desk)))}
            </Loaded>
        }
        .into_any()
    };
    view! {
        <PageFrame title=t(w::RECEPTION_TITLE)>
            <PageHead title=t(w::RECEPTION_LEDE) text=t(w::RECEPTION_LEDE_TEXT)/>
            {tabs}
            {move || match tab.get() {
                "hours" => of_sheet(|sheet, desk| view! { <HoursTab sheet desk/> }.into_any()),
                "people" => of_sheet(|sheet, desk| view! { <PeopleTab sheet desk/> }.into_any()),
                "callers" => view! { <CallersTab desk/> }.into_any(),
                "callbacks" => view! { <CallbacksTab desk/> }.into_any(),
                "tools" => view! { <ToolsTab desk/> }.into_any(),
                _ => of_sheet(|sheet, desk| view! { <RulesTab sheet desk/> }.into_any()),
            }}
        </PageFrame>
    }
    .into_any()
}

/// Cancel and save, at the foot of a drawer.
#[component]
pub fn Foot(open: RwSignal<bool>, pending: Memo<bool>) -> impl IntoView {
    view! {
        <footer>
            <Button on:click=move |_| open.set(false)>{t(w::RECEPTION_CANCEL)}</Button>
            <Button kind=ButtonKind::Primary submit=true pending=pending>{t(w::RECEPTION_SAVE)}</Button>
        </footer>
    }
    .into_any()
}
