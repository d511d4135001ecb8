//! Dialogs: the native element, which keeps the focus inside, closes on Escape and gives the focus back.

use super::button::{ButtonKind, IconButton};
use crate::i18n::{t, words as w};
use leptos::{ev, html, prelude::*, web_sys::EventTarget};

/// How a dialog stands on the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DialogShape {
    #[default]
    Modal,
    /// At the end of the line, full height.
    Drawer,
    /// Without head: the command palette.
    Palette,
}

/// A layer above the page. Its content is built when it opens and gone when it closes.
#[component]
pub fn Dialog(
    /// Open or not; the dialog sets it to false when it is closed.
    open: RwSignal<bool>,
    #[prop(into)] title: Signal<String>,
    #[prop(optional)] shape: DialogShape,
    /// The body; a `<footer>` in it is set as the dialog's own.
    children: ChildrenFn,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        let wanted = open.get();
        let Some(dialog) = node.get() else { return };
        if wanted && !dialog.open() {
            request_animation_frame(move || {
                // Gone or open by now: nothing to show.
                let _ = dialog.show_modal();
            });
        } else if !wanted && dialog.open() {
            dialog.close();
        }
    });
    let backdrop = move |event: ev::MouseEvent| {
        let Some(dialog) = node.get_untracked() else { return };
        let own: &EventTarget = dialog.as_ref();
        if event.target().as_ref() == Some(own) {
            open.set(false);
        }
    };
    let class = match shape {
        DialogShape::Modal => "modal",
        DialogShape::Drawer => "drawer",
        DialogShape::Palette => "palette",
    };
    let head = shape != DialogShape::Palette;
    view! {
        <dialog node_ref=node class=class aria-label=move || title.get() on:close=move |_| open.set(false) on:mousedown=backdrop>
            {move || {
                let children = children.clone();
                open.get()
                    .then(move || {
                        view! {
                            {head
                                .then(|| {
                                    view! {
                                        <header class="row">
                                            <h2 class="grow">{move || title.get()}</h2>
                                            <IconButton icon=icondata::LuX label=t(w::KIT_CLOSE) kind=ButtonKind::Ghost on:click=move |_| open.set(false)/>
                                        </header>
                                    }
                                })}
                            {children()}
                        }
                    })
            }}
        </dialog>
    }
    .into_any()
}
