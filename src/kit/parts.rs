//! Small parts: tones, badges, avatars, the ring, chips, messages, empty states, placeholders.

use super::{
    button::{ButtonSize, LinkButton},
    icon::{Enso, Icon},
};
use crate::i18n::{t, t_with, words as w};
use leptos::prelude::*;

/// A meaning, in colour. Each is fixed: mint is done, amber attention, ruby destructive, blue people, lavender the assistant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Neutral,
    Ok,
    Warn,
    Bad,
    Info,
    Ai,
    Brand,
}

impl Tone {
    /// The class that sets `--t --ti --ts`.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Neutral => "",
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Info => "info",
            Self::Ai => "ai",
            Self::Brand => "brand",
        }
    }
}

/// A word about something.
#[component]
pub fn Badge(
    #[prop(optional, into)] tone: Signal<Tone>,
    #[prop(optional, into)] icon: Option<icondata::Icon>,
    children: Children,
) -> impl IntoView {
    view! {
        <span class=move || format!("badge {}", tone.get().class())>
            {icon.map(|icon| view! { <Icon icon small=true/> })}
            {children()}
        </span>
    }
    .into_any()
}

/// How far a call has come: the shape of the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RingState {
    Queued,
    Ringing,
    Live,
    Moved,
    Voicemail,
    Done,
    Missed,
    Failed,
}

impl RingState {
    /// The class of the status.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Ringing => "ringing",
            Self::Live => "live",
            Self::Moved => "moved",
            Self::Voicemail => "voicemail",
            Self::Done => "done",
            Self::Missed => "missed",
            Self::Failed => "failed",
        }
    }
}

/// The ring, and always the word with it.
#[component]
pub fn Ring(#[prop(into)] state: Signal<RingState>, #[prop(into)] word: Signal<String>) -> impl IntoView {
    view! {
        <span class=move || format!("status {}", state.get().class())>
            <i class="ring" aria-hidden="true"></i>
            {move || word.get()}
        </span>
    }
    .into_any()
}

/// The first letters of a name on a quiet colour; beside the name, never in its place.
#[component]
pub fn Avatar(
    #[prop(into)] name: String,
    /// An organisation: rounded square in the accent.
    #[prop(optional)]
    org: bool,
    /// 32 px instead of 28.
    #[prop(optional)]
    large: bool,
) -> impl IntoView {
    let tone = if org { "brand org-logo" } else { person_tone(&name) };
    let class = format!("avatar {tone}{}", if large { " lg" } else { "" });
    // Drawn by the stylesheet: a picture, not a word that the name of a button around it would have to repeat.
    view! { <span class=class aria-hidden="true" data-initials=initials(&name)></span> }.into_any()
}

/// An assistant: the voice on lavender.
#[component]
pub fn AssistantAvatar(#[prop(optional)] large: bool) -> impl IntoView {
    let class = if large { "avatar ai lg" } else { "avatar ai" };
    view! { <span class=class aria-hidden="true"><Icon icon=icondata::LuAudioLines small=true/></span> }.into_any()
}

/// As they are written; the stylesheet makes them capitals, which saves the browser the tables of Unicode.
fn initials(name: &str) -> String {
    let mut letters = name.split_whitespace().filter_map(|part| part.chars().find(|c| c.is_alphanumeric()));
    let first = letters.next();
    let last = letters.next_back();
    first.into_iter().chain(last).collect()
}

/// The same colour for the same name, everywhere.
fn person_tone(name: &str) -> &'static str {
    const TONES: [&str; 4] = ["info", "ok", "warn", ""];
    let sum = name.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    TONES[(sum % 4) as usize]
}

/// A filter that is set, with the way to take it off (an address, so that it works before wasm).
#[component]
pub fn FilterChip(
    #[prop(into)] name: String,
    #[prop(into)] value: String,
    /// The address without this filter.
    #[prop(into)]
    remove_href: String,
) -> impl IntoView {
    let label = t_with(w::KIT_REMOVE_FILTER, &[("name", &name)]);
    view! {
        <span class="chip">
            {name}" "<b>{value}</b>
            <a href=remove_href aria-label=label><Icon icon=icondata::LuX small=true/></a>
        </span>
    }
    .into_any()
}

/// A message inside the page.
#[component]
pub fn Callout(
    #[prop(optional)] tone: Tone,
    #[prop(optional, into)] icon: Option<icondata::Icon>,
    #[prop(into)] title: String,
    /// Paragraphs, then a `.row` of actions.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let icon = icon.unwrap_or(match tone {
        Tone::Ok => icondata::LuCheck,
        Tone::Warn => icondata::LuTriangleAlert,
        Tone::Bad => icondata::LuCircleAlert,
        _ => icondata::LuInfo,
    });
    view! {
        <div class=format!("callout {}", tone.class())>
            <Icon icon/>
            <b>{title}</b>
            {children.map(|children| children())}
        </div>
    }
    .into_any()
}

/// A strip under the top bar: the state of the whole page.
#[component]
pub fn Banner(#[prop(optional)] tone: Tone, #[prop(optional, into)] icon: Option<icondata::Icon>, children: Children) -> impl IntoView {
    view! {
        <div class=format!("banner {}", tone.class()) role="status">
            {icon.map(|icon| view! { <Icon icon small=true/> })}
            <span class="grow">{children()}</span>
        </div>
    }
    .into_any()
}

/// Why nothing is here, and what to do about it. `Unused` and `NoMatch` differ: the one invites, the other offers to clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptyKind {
    /// Never used.
    Unused,
    /// A filter hides everything.
    NoMatch,
    /// The role may not see it; the text says who can grant it.
    NotAllowed,
}

/// An empty state: one sentence why, one main action.
#[component]
pub fn Empty(
    kind: EmptyKind,
    #[prop(into)] title: String,
    #[prop(optional, into)] text: Option<String>,
    /// Buttons.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let sign = match kind {
        EmptyKind::Unused => view! { <Enso/> }.into_any(),
        EmptyKind::NoMatch => view! { <span class="empty-sign"><Icon icon=icondata::LuSearchX/></span> }.into_any(),
        EmptyKind::NotAllowed => view! { <span class="empty-sign"><Icon icon=icondata::LuLock/></span> }.into_any(),
    };
    view! {
        <div class="empty">
            {sign}
            <h2>{title}</h2>
            {text.map(|text| view! { <p>{text}</p> })}
            {children.map(|children| view! { <div class="row wrap">{children()}</div> })}
        </div>
    }
    .into_any()
}

/// Bars in place of content, as many lines as it will have.
#[component]
pub fn Skeleton(
    #[prop(default = 3)] lines: usize,
    /// 44 px apart, as rows of a table are.
    #[prop(optional)]
    rows: bool,
) -> impl IntoView {
    let class = if rows { "skel-lines rows" } else { "skel-lines" };
    view! {
        <div class=class aria-busy="true">
            <span class="sr">{t(w::KIT_LOADING)}</span>
            {(0..lines).map(|_| view! { <span class="skel"></span> }).collect_view()}
        </div>
    }
    .into_any()
}

/// The way through a long list: older by cursor, and back to the newest.
#[component]
pub fn Pager(
    /// What is shown: `1 à 50 sur environ 3 400`.
    #[prop(into)]
    summary: String,
    /// The address of the first page, unless this is it.
    newest_href: Option<String>,
    /// The address of the next page, if there is one.
    older_href: Option<String>,
) -> impl IntoView {
    view! {
        <nav class="pager" aria-label=t(w::KIT_PAGES)>
            <span>{summary}</span>
            <span class="end row g1">
                {newest_href
                    .map(|href| view! { <LinkButton href size=ButtonSize::Small icon=icondata::LuChevronLeft>{t(w::KIT_NEWEST)}</LinkButton> })}
                {older_href
                    .map(|href| {
                        view! {
                            <LinkButton href size=ButtonSize::Small>
                                {t(w::KIT_OLDER)}
                                <Icon icon=icondata::LuChevronRight small=true flip=true/>
                            </LinkButton>
                        }
                    })}
            </span>
        </nav>
    }
    .into_any()
}

/// A share of a whole, as a bar with its words.
#[component]
pub fn Meter(
    #[prop(into)] label: String,
    /// 0 to 1.
    #[prop(into)]
    ratio: Signal<f64>,
    /// `1 284 sur 2 000`.
    #[prop(into)]
    words: Signal<String>,
    #[prop(optional)] tone: Tone,
) -> impl IntoView {
    let share = move || format!("{:.1}%", ratio.get().clamp(0.0, 1.0) * 100.0);
    view! {
        <div
            class=format!("bar {}", tone.class())
            role="meter"
            aria-label=label
            aria-valuemin="0"
            aria-valuemax="1"
            aria-valuenow=move || format!("{:.3}", ratio.get().clamp(0.0, 1.0))
            aria-valuetext=move || words.get()
        >
            <i style:--v=share></i>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_the_first_and_the_last_name() {
        assert_eq!(
            [initials("Camille Renard"), initials("  jean de la Tour "), initials("Léa"), initials("(Élan) vert"), initials("")],
            ["CR", "jT", "L", "Év", ""]
        );
    }

    #[test]
    fn a_name_keeps_its_colour() {
        assert_eq!(person_tone("Nadia Garnier"), person_tone("Nadia Garnier"));
    }
}
