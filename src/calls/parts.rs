//! Small parts that every page of calls uses: the ring with its word, the running time, the other party, the conversation.

use super::{
    live::call::Entry,
    model::{CallCard, CallStatus, Speaker},
    words,
};
use crate::{
    i18n::{format, t, t_with, words as w},
    kit::{Avatar, Icon, Ring},
};
use chrono::{DateTime, Utc};
use leptos::prelude::*;

/// The state of a call: ring and word.
#[component]
pub fn CallRing(#[prop(into)] card: Signal<CallCard>) -> impl IntoView {
    let standing = Memo::new(move |_| card.with(|card| (words::standing(card).0, t(words::standing(card).1).to_owned())));
    view! { <Ring state=Signal::derive(move || standing.get().0) word=Signal::derive(move || standing.get().1)/> }.into_any()
}

/// How long a call lasts, running while it does: from the answer, or from the first ring while nobody has answered.
#[component]
pub fn CallTimer(
    #[prop(into)] card: Signal<CallCard>,
    #[prop(into)] now: Signal<DateTime<Utc>>,
    /// Spoken to readers' software once, not every second.
    #[prop(optional)]
    label: bool,
) -> impl IntoView {
    let seconds = Memo::new(move |_| card.with(|card| length_s(card).unwrap_or_else(|| (now.get() - since(card)).num_seconds())));
    view! {
        <span class="timer" role=label.then_some("timer") aria-label=label.then(|| t(w::CALLS_LENGTH))>
            {move || format::timer(seconds.get())}
        </span>
    }
    .into_any()
}

fn since(card: &CallCard) -> DateTime<Utc> {
    card.answered_at.unwrap_or(card.created_at)
}

/// The length of a call that has ended, in seconds.
pub fn length_s(card: &CallCard) -> Option<i64> {
    if card.status != CallStatus::Ended {
        return None;
    }
    let measured = card.ended_at.map(|ended| (ended - since(card)).num_seconds());
    let answered = card.answered_at.is_some();
    Some(card.duration_s.map(i64::from).or(measured.filter(|_| answered)).unwrap_or(0).max(0))
}

/// The moment a call's times are counted from, in epoch milliseconds.
pub fn start_ms(card: &CallCard) -> i64 {
    since(card).timestamp_millis()
}

/// The other party's sign: initials of a name, a figure for a mere number.
#[component]
pub fn ContactAvatar(#[prop(into)] card: Signal<CallCard>) -> impl IntoView {
    let name = Memo::new(move |_| card.with(|card| card.customer_name.clone().filter(|name| !name.trim().is_empty())));
    move || match name.get() {
        Some(name) => view! { <Avatar name/> }.into_any(),
        None => view! { <span class="avatar" aria-hidden="true"><Icon icon=icondata::LuUserRound small=true/></span> }.into_any(),
    }
}

/// A conversation as a screenplay: lines and events as they happened, then the words on their way.
#[component]
pub fn Script(
    #[prop(into)] entries: Signal<Vec<Entry>>,
    #[prop(into)] card: Signal<CallCard>,
    #[prop(optional, into)] partials: Signal<Vec<(Speaker, String)>>,
    /// The line that is being played.
    #[prop(optional, into)]
    current: Signal<Option<i64>>,
    /// Plays from a line, by its epoch milliseconds.
    #[prop(optional_no_strip)]
    on_play: Option<Callback<i64>>,
) -> impl IntoView {
    let start = Memo::new(move |_| card.with(start_ms));
    view! {
        <ol class="script" data-playable=on_play.map(|_| "")>
            <For each=move || entries.get() key=Entry::seq let:entry>
                <ScriptEntry entry card start current on_play=on_play/>
            </For>
            <For each=move || partials.get() key=|(speaker, _)| *speaker let((speaker, _))>
                <Partial speaker card partials/>
            </For>
        </ol>
    }
    .into_any()
}

#[component]
fn ScriptEntry(
    entry: Entry,
    card: Signal<CallCard>,
    start: Memo<i64>,
    current: Signal<Option<i64>>,
    #[prop(optional_no_strip)] on_play: Option<Callback<i64>>,
) -> impl IntoView {
    let (seq, at_ms) = (entry.seq(), entry.at_ms());
    let clock = move || format::timer((at_ms - start.get()).max(0) / 1000);
    let stamp = move || match on_play {
        Some(play) => {
            let label = move || t_with(w::CALLS_PLAY_FROM, &[("time", &clock())]);
            view! { <button type="button" class="stamp" aria-label=label on:click=move |_| play.run(at_ms)>{clock}</button> }.into_any()
        }
        None => view! { <time>{clock}</time> }.into_any(),
    };
    match entry {
        Entry::Said(line) => {
            let who = Memo::new(move |_| card.with(|card| words::speaker(card, line.speaker)));
            view! {
                <li class=words::lane(line.speaker) id=format!("line-{seq}") aria-current=move || (current.get() == Some(seq)).then_some("true")>
                    <span class="who">{move || who.get()}{stamp()}</span>
                    <p class="say voice" dir="auto">{line.text}</p>
                </li>
            }
            .into_any()
        }
        Entry::Happened(event) => {
            let told = card.with_untracked(|card| words::event(card, &event));
            view! {
                <li class=format!("line event {}", told.tone.class())>
                    <span class="who">{stamp()}</span>
                    <p class="say">
                        <Icon icon=told.icon small=true/>
                        <span>{told.text}{told.quote.map(|quote| view! { <q dir="auto">{quote}</q> })}</span>
                    </p>
                </li>
            }
            .into_any()
        }
    }
}

/// Words that are being spoken. Hidden from readers' software, which hear the line once it is said.
#[component]
fn Partial(speaker: Speaker, card: Signal<CallCard>, partials: Signal<Vec<(Speaker, String)>>) -> impl IntoView {
    let text = Memo::new(move |_| {
        partials.with(|all| all.iter().find(|(known, _)| *known == speaker).map(|(_, text)| text.clone()).unwrap_or_default())
    });
    let who = Memo::new(move |_| card.with(|card| words::speaker(card, speaker)));
    view! {
        <li class=format!("{} partial", words::lane(speaker)) aria-hidden="true">
            <span class="who">{move || who.get()}</span>
            <p class="say voice" dir="auto">{move || text.get()}" "<Wave tone="info"/></p>
        </li>
    }
    .into_any()
}

/// The moving bars of a voice.
#[component]
pub fn Wave(tone: &'static str) -> impl IntoView {
    view! { <span class=format!("wave {tone}") aria-hidden="true"><i></i><i></i><i></i><i></i></span> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::live::samples::card;
    use chrono::Duration;

    #[test]
    fn a_call_has_no_length_before_its_end_and_none_without_an_answer() {
        let mut call = card(1);
        assert_eq!(length_s(&call), None);
        (call.status, call.ended_at) = (CallStatus::Ended, call.answered_at.map(|at| at + Duration::seconds(90)));
        assert_eq!(length_s(&call), Some(90));
        call.duration_s = Some(88);
        assert_eq!(length_s(&call), Some(88));
        (call.duration_s, call.answered_at) = (None, None);
        assert_eq!(length_s(&call), Some(0));
    }
}
