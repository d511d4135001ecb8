//! The live board: every call that is not over, and one of them from close by. The list is links and reads without wasm.

use super::{
    browser,
    dialogs::{CallButton, SimulateButton},
    live::{Live, use_live},
    live_list::{Board, BoardList, LiveCounts},
    live_panel::LivePanel,
    live_pill::{ConnectionPill, StaleBanner},
    model::CallCard,
    rpc::{read_board, read_call},
};
use crate::{
    i18n::{t, words as w},
    kit::{Empty, EmptyKind, Icon, Loaded, PageFrame, PageShape, Skeleton, late, rows_skeleton, single_keys_on},
    shared::ids::CallId,
};
use chrono::{DateTime, Utc};
use leptos::{ev, prelude::*};
use leptos_router::hooks::{use_navigate, use_params_map};

/// Where a browser remembers how dense the board is.
const STORE: &str = "zc_board";

/// Lines, or tiles for a wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Density {
    List,
    Tiles,
}

impl Density {
    fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Tiles => "tiles",
        }
    }
}

/// `/live` and `/live/:id`.
#[component]
pub fn LivePage() -> impl IntoView {
    let params = use_params_map();
    let selected = Memo::new(move |_| params.with(|params| params.get("id").and_then(|id| id.parse::<CallId>().ok())));
    let live = use_live();
    let board = Resource::new(|| (), |()| async { read_board().await.map(|calls| (calls, Utc::now())) });
    let density = RwSignal::new(Density::List);
    Effect::new(move || {
        if browser::stored(STORE).as_deref() == Some(Density::Tiles.name()) {
            density.set(Density::Tiles);
        }
    });
    go_to_awaited_call(live);
    listen_to_keys();
    view! {
        <PageFrame title=t(w::LIVE_TITLE) shape=PageShape::Flush beside=view! { <ConnectionPill live/><LiveCounts live/> }.into_any()>
            <div class="live-frame">
                <StaleBanner live/>
                <div class="panes live" data-density=move || density.get().name() data-open=move || selected.get().map(|_| "")>
                    <section class="pane plain board" class:show=move || selected.get().is_none() aria-label=t(w::LIVE_BOARD)>
                        <BoardHead density/>
                        <Loaded resource=board skeleton=rows_skeleton(6) let((calls, now))>
                            <BoardPane calls now live selected/>
                        </Loaded>
                    </section>
                    {move || match selected.get() {
                        Some(id) => late(draw_call_pane(id, live), call_skeleton()),
                        None => view! { <NothingChosen/> }.into_any(),
                    }}
                </div>
            </div>
        </PageFrame>
    }
    .into_any()
}

/// How dense, and what can be started.
#[component]
fn BoardHead(density: RwSignal<Density>) -> impl IntoView {
    let choose = move |wanted: Density| {
        density.set(wanted);
        browser::store(STORE, wanted.name());
    };
    let choice = move |mine: Density, icon, words: &'static str| {
        view! {
            <button
                type="button"
                title=words
                aria-label=words
                aria-pressed=move || if density.get() == mine { "true" } else { "false" }
                on:click=move |_| choose(mine)
            >
                <Icon icon small=true/>
            </button>
        }
    };
    view! {
        <div class="pane-head board-head">
            <div class="seg sm" role="group" aria-label=t(w::LIVE_DENSITY)>
                {choice(Density::List, icondata::LuRows3, t(w::LIVE_DENSITY_LIST))}
                {choice(Density::Tiles, icondata::LuLayoutGrid, t(w::LIVE_DENSITY_TILES))}
            </div>
            <span class="end row g1"><SimulateButton small=true/><CallButton small=true/></span>
        </div>
    }
    .into_any()
}

#[component]
fn BoardPane(calls: Vec<CallCard>, now: DateTime<Utc>, live: Live, selected: Memo<Option<CallId>>) -> impl IntoView {
    let now = live.server_now(now);
    let board = Board::new(calls, live, now);
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label=t(w::LIVE_LIST)>
            <BoardList board now selected/>
            <Show when=move || board.is_empty()>
                <Empty kind=EmptyKind::Unused title=t(w::LIVE_EMPTY_TITLE) text=t(w::LIVE_EMPTY_TEXT)>
                    <SimulateButton primary=true/>
                </Empty>
            </Show>
        </div>
    }
    .into_any()
}

lazy! { opened, load_call_pane, draw_call_pane(id: CallId, live: Live) => view! { <CallPane id live/> } }

#[component]
fn CallPane(id: CallId, live: Live) -> impl IntoView {
    let detail = Resource::new(move || id, |id| async move { read_call(id).await.map(|detail| (detail, Utc::now())) });
    view! {
        <Loaded resource=detail skeleton=call_skeleton() let((detail, now))>
            <LivePanel detail live now back="/live"/>
        </Loaded>
    }
    .into_any()
}

fn call_skeleton() -> ViewFn {
    (|| view! { <section class="pane show" aria-busy="true"><Skeleton lines=9/></section> }).into()
}

/// Beside the list, while no call is chosen.
#[component]
fn NothingChosen() -> impl IntoView {
    view! {
        <section class="pane choose" aria-label=t(w::LIVE_CHOOSE_TITLE)>
            <div class="empty">
                <Icon icon=icondata::LuHeadphones/>
                <h2>{t(w::LIVE_CHOOSE_TITLE)}</h2>
                <p>{t(w::LIVE_CHOOSE_TEXT)}</p>
            </div>
        </section>
    }
    .into_any()
}

/// A call that was just asked for is opened as soon as it rings.
fn go_to_awaited_call(live: Live) {
    let navigate = use_navigate();
    Effect::new(move || {
        if let Some(id) = live.arrived.get() {
            live.arrived.set(None);
            navigate(&format!("/live/{id}"), Default::default());
        }
    });
}

/// `j` and `k` go through the calls; Enter opens, since a call is a link.
fn listen_to_keys() {
    Effect::new(move || {
        let keys = window_event_listener(ev::keydown, move |event| {
            let plain = !event.ctrl_key() && !event.meta_key() && !event.alt_key() && !event.default_prevented();
            if !plain || browser::keys_are_taken() || !single_keys_on() {
                return;
            }
            match event.key().as_str() {
                "j" => browser::focus_step(".call-item", true),
                "k" => browser::focus_step(".call-item", false),
                _ => {}
            }
        });
        on_cleanup(move || keys.remove());
    });
}
