//! The recording and the words as one: the line that is heard is marked, a line that is clicked is heard.
//! Before wasm the browser's own controls play; the lanes show who spoke when, from the transcript.

use super::{
    browser,
    live::call::Entry,
    model::{CallCard, Line, Speaker},
    parts::start_ms,
    waveform::{bars, heights},
    words,
};
use crate::{
    i18n::{format, t, t_with, use_locale, words as w},
    kit::{Icon, single_keys_on, use_alive},
};
use leptos::{ev, html, prelude::*};

/// The speeds on offer.
const SPEEDS: [f64; 5] = [0.75, 1.0, 1.25, 1.5, 2.0];
/// Silence shorter than this is part of the talk.
const SILENCE_S: f64 = 1.2;
/// How far an arrow key goes.
const STEP_S: f64 = 5.0;

/// One stretch of talk in the recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    pub seq: i64,
    pub speaker: Speaker,
    /// Seconds from the start of the recording.
    pub from_s: f64,
    pub to_s: f64,
}

/// When each line is heard. Where the provider did not say when a line ends, it lasts as long as its words take, at most until the next.
pub fn stretches(lines: &[Line], start_ms: i64) -> Vec<Stretch> {
    let at = |ms: i64| (ms - start_ms).max(0) as f64 / 1000.0;
    let spoken: Vec<&Line> =
        lines.iter().filter(|line| matches!(line.speaker, Speaker::Assistant | Speaker::Caller | Speaker::Person)).collect();
    let stretch = |(index, line): (usize, &&Line)| {
        let from_s = at(line.at_ms);
        let guess = from_s + (line.text.chars().count() as f64 / 15.0).max(0.6);
        let next = spoken.get(index + 1).map(|next| at(next.at_ms)).filter(|next| *next > from_s);
        let to_s = line.end_ms.map(at).filter(|end| *end > from_s).unwrap_or_else(|| next.map_or(guess, |next| guess.min(next)));
        Stretch { seq: line.seq, speaker: line.speaker, from_s, to_s }
    };
    spoken.iter().enumerate().map(stretch).collect()
}

/// The line that is heard at a second: the last one that has begun.
pub fn heard_at(stretches: &[Stretch], second: f64) -> Option<i64> {
    stretches.iter().take_while(|stretch| stretch.from_s <= second + 0.05).last().map(|stretch| stretch.seq)
}

/// Where to go on from a second of silence; nothing while somebody speaks or the silence is short.
pub fn after_silence(stretches: &[Stretch], second: f64) -> Option<f64> {
    if stretches.iter().any(|stretch| stretch.from_s <= second && second < stretch.to_s + 0.3) {
        return None;
    }
    let next = stretches.iter().map(|stretch| stretch.from_s).find(|from| *from > second)?;
    (next - second > SILENCE_S).then_some(next - 0.2)
}

/// The recording's place on the page: shared by the player and the transcript.
#[derive(Clone, Copy)]
pub struct Playing {
    audio: NodeRef<html::Audio>,
    second: RwSignal<f64>,
    is_playing: RwSignal<bool>,
    length: RwSignal<Option<f64>>,
    stretches: StoredValue<Vec<Stretch>>,
    /// The line somebody was led to, while nothing is heard.
    pointed: RwSignal<Option<i64>>,
    /// The heights of each lane, as they were measured; none for a recording of before that.
    peaks: StoredValue<Vec<Vec<u32>>>,
    start_ms: i64,
}

impl Playing {
    /// For the conversation of a call.
    pub fn new(card: &CallCard, entries: &[Entry], length_s: Option<f32>, peaks: Option<&str>) -> Self {
        let lines: Vec<Line> =
            entries.iter().filter_map(|entry| if let Entry::Said(line) = entry { Some(line.clone()) } else { None }).collect();
        let start_ms = start_ms(card);
        Self {
            audio: NodeRef::new(),
            second: RwSignal::new(0.0),
            is_playing: RwSignal::new(false),
            length: RwSignal::new(length_s.map(f64::from)),
            stretches: StoredValue::new(stretches(&lines, start_ms)),
            pointed: RwSignal::new(None),
            peaks: StoredValue::new(peaks.map(heights).unwrap_or_default()),
            start_ms,
        }
    }

    /// The line that is heard; before anything was, the one somebody was led to.
    pub fn current(self) -> Signal<Option<i64>> {
        let line = Memo::new(move |_| {
            let second = self.second.get();
            let started = second > 0.0 || self.is_playing.get();
            if started { self.stretches.with_value(|all| heard_at(all, second)) } else { self.pointed.get() }
        });
        line.into()
    }

    /// Plays from an instant of the call.
    pub fn play_from(self, at_ms: i64) {
        self.play_at((at_ms - self.start_ms) as f64 / 1000.0);
    }

    /// Plays from a second of the conversation.
    pub fn play_at(self, second: f64) {
        self.seek(second);
        self.play(true);
    }

    /// The second that is heard, or would be.
    pub fn second_now(self) -> f64 {
        self.second.get_untracked()
    }

    /// Leads the eye to a line.
    pub fn point_at(self, seq: i64) {
        self.pointed.set(Some(seq));
    }

    fn seek(self, second: f64) {
        let most = self.length.get_untracked().unwrap_or(f64::MAX);
        let second = second.clamp(0.0, most);
        if let Some(audio) = self.audio.get_untracked() {
            browser::media_seek(&audio, second);
        }
        self.second.set(second);
    }

    fn play(self, wanted: bool) {
        if let Some(audio) = self.audio.get_untracked() {
            browser::media_play(&audio, wanted);
        }
    }

    fn toggle(self) {
        self.play(!self.is_playing.get_untracked());
    }

    fn step(self, seconds: f64) {
        self.seek(self.second.get_untracked() + seconds);
    }
}

/// The player: play, lanes, speed, silence, download.
#[component]
pub fn Player(playing: Playing, card: CallCard) -> impl IntoView {
    let alive = use_alive();
    let locale = use_locale();
    let speed = RwSignal::new(1.0_f64);
    let skips = RwSignal::new(false);
    let src = format!("/calls/{}/recording", card.id);
    let download = format!("{src}?download=1");
    let length = move || playing.length.get().unwrap_or(0.0);
    let moved = move |_| {
        let Some(audio) = playing.audio.get_untracked() else { return };
        let second = browser::media_time(&audio);
        playing.second.set(second);
        if skips.get_untracked()
            && playing.is_playing.get_untracked()
            && let Some(next) = playing.stretches.with_value(|all| after_silence(all, second))
        {
            playing.seek(next);
        }
    };
    let look = move |_: ev::Event| {
        let Some(audio) = playing.audio.get_untracked() else { return };
        playing.is_playing.set(browser::media_is_playing(&audio));
        if let Some(length) = browser::media_length(&audio) {
            playing.length.set(Some(length));
        }
    };
    Effect::new(move || {
        let speed = speed.get();
        if let Some(audio) = playing.audio.get() {
            browser::media_speed(&audio, speed);
        }
    });
    // Metadata may have come before wasm did.
    Effect::new(move || {
        if let Some(length) = playing.audio.get().and_then(|audio| browser::media_length(&audio)) {
            playing.length.set(Some(length));
        }
    });
    listen_to_keys(playing, speed);
    let faster = move |_| speed.update(|speed| *speed = next_speed(*speed, 1, true));
    let position =
        move || t_with(w::CALLS_POSITION, &[("at", &format::timer(playing.second.get() as i64)), ("of", &format::timer(length() as i64))]);
    let (caller, assistant) = (words::speaker(&card, Speaker::Caller), words::speaker(&card, Speaker::Assistant));
    view! {
        <audio
            node_ref=playing.audio
            src=src
            preload="metadata"
            class="bare-audio"
            controls=move || !alive.get()
            hidden=move || alive.get()
            aria-label=t(w::CALLS_RECORDING)
            on:timeupdate=moved
            on:play=look
            on:pause=look
            on:ended=look
            on:loadedmetadata=look
            on:durationchange=look
        ></audio>
        <div class="player" hidden=move || !alive.get() role="group" aria-label=t(w::CALLS_RECORDING)>
            <button type="button" class="play" aria-label=move || t(if playing.is_playing.get() { w::CALLS_PAUSE } else { w::CALLS_PLAY }) on:click=move |_| playing.toggle()>
                {move || view! { <Icon icon=if playing.is_playing.get() { icondata::LuPause } else { icondata::LuPlay } small=true fill=true/> }}
            </button>
            <div class="waveform">
                <Lanes playing/>
                <i style:--v=move || format!("{:.2}%", (playing.second.get() / length().max(0.1) * 100.0).clamp(0.0, 100.0))></i>
                <input
                    type="range"
                    min="0"
                    step="0.1"
                    max=move || format!("{:.1}", length())
                    prop:value=move || format!("{:.1}", playing.second.get())
                    aria-label=t(w::CALLS_POSITION_LABEL)
                    aria-valuetext=position
                    on:input=move |event| playing.seek(event_target_value(&event).parse().unwrap_or(0.0))
                />
            </div>
            <div class="foot">
                <span class="timer">
                    {move || format::timer(playing.second.get() as i64)}
                    <span class="faint">" / "{move || format::timer(length() as i64)}</span>
                </span>
                <span class="end"></span>
                <span class="status info lane-key"><i class="ring" aria-hidden="true"></i>{caller}</span>
                <span class="status ai lane-key"><i class="ring" aria-hidden="true"></i>{assistant}</span>
                <button
                    type="button"
                    class="btn ghost sm"
                    aria-pressed=move || if skips.get() { "true" } else { "false" }
                    on:click=move |_| skips.update(|skips| *skips = !*skips)
                >
                    <Icon icon=icondata::LuSkipForward small=true/>
                    <span class="only-wide">{t(w::CALLS_SKIP_SILENCE)}</span>
                    <span class="sr only-narrow">{t(w::CALLS_SKIP_SILENCE)}</span>
                </button>
                <button type="button" class="btn ghost sm num" title=t(w::CALLS_SPEED) on:click=faster>
                    <span class="sr">{t(w::CALLS_SPEED)}" "</span>
                    {move || format!("{}\u{a0}×", trimmed(&format::decimal(locale, speed.get(), 2)))}
                </button>
                <a class="btn ghost sq sm" href=download download="" rel="external" aria-label=t(w::CALLS_DOWNLOAD) title=t(w::CALLS_DOWNLOAD)>
                    <Icon icon=icondata::LuDownload small=true/>
                </a>
            </div>
        </div>
    }
    .into_any()
}

/// Who speaks when: the caller above, the assistant below; what is still to come is paler.
#[component]
fn Lanes(playing: Playing) -> impl IntoView {
    let whole =
        move || playing.length.get().unwrap_or(0.0).max(playing.stretches.with_value(|all| all.last().map_or(1.0, |last| last.to_s)));
    let peaks = playing.peaks.get_value();
    if peaks.iter().any(|lane| !lane.is_empty()) {
        let paths = Memo::new(move |_| playing.stretches.with_value(|stretches| bars(&peaks, stretches, whole())));
        let lane = move |class: &'static str, is_lower: bool| {
            let path = move || paths.with(|(upper, lower)| if is_lower { lower.clone() } else { upper.clone() });
            view! { <path class=class d=path></path> }
        };
        // What was heard is drawn over what is still to come, as far as it goes.
        return view! {
            <svg viewBox=move || format!("0 0 {:.2} 57", whole()) preserveAspectRatio="none" aria-hidden="true">
                <clipPath id="heard"><rect x="0" y="0" height="57" width=move || format!("{:.2}", playing.second.get())></rect></clipPath>
                {lane("rest", false)}
                {lane("lo rest", true)}
                <g clip-path="url(#heard)">{lane("", false)}{lane("lo", true)}</g>
            </svg>
        }
        .into_any();
    }
    let bars = playing
        .stretches
        .get_value()
        .into_iter()
        .map(|stretch| {
            let is_caller = stretch.speaker == Speaker::Caller;
            let from = stretch.from_s;
            let is_ahead = Memo::new(move |_| playing.second.get() < from);
            let class = move || format!("{}{}", if is_caller { "" } else { "lo" }, if is_ahead.get() { " rest" } else { "" });
            view! {
                <rect
                    class=class
                    x=format!("{:.2}", stretch.from_s)
                    y=if is_caller { "6" } else { "31" }
                    width=format!("{:.2}", (stretch.to_s - stretch.from_s).max(0.3))
                    height="20"
                ></rect>
            }
        })
        .collect_view();
    view! { <svg viewBox=move || format!("0 0 {:.2} 57", whole()) preserveAspectRatio="none" aria-hidden="true">{bars}</svg> }.into_any()
}

fn next_speed(speed: f64, step: isize, wraps: bool) -> f64 {
    let at = SPEEDS.iter().position(|known| (known - speed).abs() < 0.01).unwrap_or(1) as isize;
    let last = SPEEDS.len() as isize - 1;
    let next = at + step;
    SPEEDS[if wraps && next > last { 0 } else { next.clamp(0, last) } as usize]
}

/// `1,25` stays, `1,50` is `1,5` and `2,00` is `2`.
fn trimmed(number: &str) -> &str {
    number.trim_end_matches('0').trim_end_matches(['.', ','])
}

/// Space plays and pauses, arrows go 5 s, `<` and `>` change the speed.
fn listen_to_keys(playing: Playing, speed: RwSignal<f64>) {
    Effect::new(move || {
        let keys = window_event_listener(ev::keydown, move |event| {
            let plain = !event.ctrl_key() && !event.meta_key() && !event.alt_key() && !event.default_prevented();
            if !plain || browser::keys_are_taken() {
                return;
            }
            match event.key().as_str() {
                " " if !browser::focus_is_on_control() => {
                    event.prevent_default();
                    playing.toggle();
                }
                "ArrowLeft" => playing.step(-STEP_S),
                "ArrowRight" => playing.step(STEP_S),
                "<" if single_keys_on() => speed.update(|speed| *speed = next_speed(*speed, -1, false)),
                ">" if single_keys_on() => speed.update(|speed| *speed = next_speed(*speed, 1, false)),
                _ => {}
            }
        });
        on_cleanup(move || keys.remove());
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::live::samples::line;

    fn talk() -> Vec<Stretch> {
        let mut first = line(2, Speaker::Assistant, "Bonjour");
        first.end_ms = Some(3500);
        stretches(&[line(1, Speaker::System, "x"), first, line(4, Speaker::Caller, "Oui"), line(12, Speaker::Assistant, "Bien")], 1000)
    }

    #[test]
    fn each_line_is_heard_from_its_start_and_none_overlaps_without_being_told_to() {
        let talk = talk();
        assert_eq!(talk.iter().map(|s| (s.seq, s.from_s)).collect::<Vec<_>>(), [(2, 1.0), (4, 3.0), (12, 11.0)]);
        assert_eq!(talk[0].to_s, 2.5);
        assert!(talk[1].to_s < talk[2].from_s);
    }

    #[test]
    fn the_line_that_is_heard_is_the_last_one_begun() {
        let talk = talk();
        assert_eq!(
            [heard_at(&talk, 0.2), heard_at(&talk, 1.0), heard_at(&talk, 9.0), heard_at(&talk, 99.0)],
            [None, Some(2), Some(4), Some(12)]
        );
    }

    #[test]
    fn long_silence_is_skipped_and_talk_is_not() {
        let talk = talk();
        assert_eq!(after_silence(&talk, 1.5), None);
        assert_eq!(after_silence(&talk, 6.0), Some(10.8));
        assert_eq!(after_silence(&talk, 10.5), None, "too short to jump");
        assert_eq!(after_silence(&talk, 50.0), None, "nothing follows");
    }

    #[test]
    fn speeds_go_round_by_button_and_stop_at_the_ends_by_key() {
        assert_eq!(
            [next_speed(1.0, 1, true), next_speed(2.0, 1, true), next_speed(2.0, 1, false), next_speed(0.75, -1, false)],
            [1.25, 0.75, 2.0, 0.75]
        );
        assert_eq!([trimmed("1,25"), trimmed("1.50"), trimmed("2,00")], ["1,25", "1.5", "2"]);
    }
}
