//! Beside a call: notes at a second of it, who heard the recording, what can be erased, and its deliveries folded again.

use super::{
    model::{Note, Replay, Step},
    rpc::{AddNote, delete_calls, delete_note, erase_recording, list_notes, replay_call},
};
use crate::{
    calls::{
        beside::Beside,
        browser,
        model::{RecordingUse, UseKind},
        player::Playing,
        words,
    },
    i18n::{
        format::{self, use_clock},
        t, t_count, t_with, use_locale, words as w,
    },
    kit::*,
    shared::{error::AppError, ids::CallId, permission::Permission},
    work::rpc::list_hands,
};
use leptos::{ev, form::ActionForm, prelude::*, task::spawn_local};
use leptos_router::hooks::use_navigate;

const FIELD: &str = "note-text";

/// Notes, and the form of a new one; `n` begins one at the second that is heard.
#[component]
pub fn Notes(id: CallId, playing: Playing, plays: bool, beside: Beside) -> impl IntoView {
    let changes = beside.changes; // whoever wrote
    let add = ServerAction::<AddNote>::new();
    let notes = Resource::new(move || (changes.get(), add.version().get()), move |_| list_notes(id));
    let second = RwSignal::new(None::<f64>);
    let text = RwSignal::new(String::new());
    let may_write = may(Permission::CallsNote);
    if plays && may_write {
        listen_to_n(playing, second);
    }
    Effect::new(move || {
        if add.version().get() > 0 && add.value().with_untracked(|value| matches!(value, Some(Ok(_)))) {
            text.set(String::new());
            second.set(None);
        }
    });
    let into_names = move |event: ev::KeyboardEvent| {
        if event.key() == "ArrowDown" && browser::exists(".mention-names button") {
            event.prevent_default();
            browser::focus_step(".mention-names button", true);
        }
    };
    let stamp = move || second.get().map(|second| t_with(w::LOG_NOTE_AT, &[("time", &format::timer(second as i64))]));
    view! {
        <section class="card" aria-labelledby="notes-title">
            <header><h2 id="notes-title">{t(w::LOG_NOTES)}</h2></header>
            <div class="body stack g3">
                <Loaded resource=notes let:notes><NoteList notes changes playing plays/></Loaded>
                {may_write
                    .then(|| view! {
                        <ActionForm action=add attr:class="stack g2">
                            <input type="hidden" name="id" value=id.to_string()/>
                            <input type="hidden" name="second" prop:value=move || second.get().map(|second| format!("{second:.1}")).unwrap_or_default()/>
                            <label class="field">
                                <span class="label">{t(w::LOG_NOTE_NEW)}" "<span class="muted num">{stamp}</span></span>
                                <textarea class="input" id=FIELD name="text" rows="2" maxlength="2000" required prop:value=move || text.get() on:input=move |event| text.set(event_target_value(&event)) on:keydown=into_names></textarea>
                            </label>
                            <Names text/>
                            <FormErrors error=action_error(add)/>
                            <div class="row"><Button size=ButtonSize::Small submit=true pending=add.pending()>{t(w::LOG_NOTE_ADD)}</Button></div>
                        </ActionForm>
                    })}
            </div>
        </section>
    }
    .into_any()
}

/// Whoever could be meant by what is being typed after an `@`: pressed, the name is written out.
#[component]
fn Names(text: RwSignal<String>) -> impl IntoView {
    let hands = Resource::new(|| (), |()| async { list_hands().await.unwrap_or_default() });
    let choose = move |name: &str| {
        text.update(|text| {
            if let Some(at) = text.rfind('@') {
                text.truncate(at);
                text.push_str(&format!("@{name} "));
            }
        });
        browser::focus(FIELD);
    };
    let keys = move |event: ev::KeyboardEvent| match event.key().as_str() {
        "ArrowDown" => browser::focus_step(".mention-names button", true),
        "ArrowUp" => browser::focus_step(".mention-names button", false),
        "Escape" => browser::focus(FIELD),
        _ => {}
    };
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                let people = hands.await.people;
                move || {
                    let begun = text.with(|text| begun_name(text).map(str::to_lowercase));
                    let fitting: Vec<String> = match begun {
                        Some(begun) => people.iter().map(|(_, name)| name.clone()).filter(|name| name.to_lowercase().starts_with(&begun)).take(6).collect(),
                        None => vec![],
                    };
                    (!fitting.is_empty()).then(|| {
                        let names = fitting.into_iter().map(|name| {
                            let word = name.clone();
                            view! { <button type="button" class="chip" on:click=move |_| choose(&word)>"@"{name}</button> }
                        });
                        view! { <div class="mention-names row wrap g1" role="group" aria-label=t(w::WORK_MENTION) on:keydown=keys>{names.collect_view()}</div> }
                    })
                }
            })}
        </Suspense>
    }
    .into_any()
}

/// The beginning of a name that the text ends with, after its sign.
fn begun_name(text: &str) -> Option<&str> {
    let (before, begun) = text.rsplit_once('@')?;
    let begins_word = before.chars().next_back().is_none_or(char::is_whitespace);
    (begins_word && begun.chars().count() <= 30 && !begun.contains(['\n', ',', '.']) && !begun.ends_with(' ')).then_some(begun)
}

#[component]
fn NoteList(notes: Vec<Note>, changes: RwSignal<u32>, playing: Playing, plays: bool) -> impl IntoView {
    let (locale, clock, toasts) = (use_locale(), use_clock(), use_toasts());
    if notes.is_empty() {
        return view! { <p class="small muted">{t(w::LOG_NOTE_NONE)}</p> }.into_any();
    }
    let row = move |note: Note| {
        let who = note.by_name.clone().unwrap_or_else(|| t(w::LOG_NOTE_GONE).to_owned());
        let when = format::date_time(locale, &clock, note.at);
        let (id, second) = (note.id, note.second.map(f64::from));
        let remove = move |_| {
            spawn_local(async move {
                match delete_note(id).await {
                    Ok(()) => changes.update(|changes| *changes += 1),
                    Err(error) => toasts.fail(&error),
                }
            });
        };
        let stamp = second.map(|second| {
            let time = format::timer(second as i64);
            if plays {
                let label = t_with(w::CALLS_PLAY_FROM, &[("time", &time)]);
                view! { <button type="button" class="stamp num" aria-label=label on:click=move |_| playing.play_at(second)>{time}</button>" " }.into_any()
            } else {
                view! { <span class="num muted">{time}</span>" " }.into_any()
            }
        });
        view! {
            <li>
                <p dir="auto">{stamp}{note.text}</p>
                {note.is_mine.then(|| view! { <IconButton icon=icondata::LuTrash2 label=t(w::LOG_NOTE_REMOVE) kind=ButtonKind::Ghost size=ButtonSize::Small on:click=remove/> })}
                <span class="small muted">{who}" · "{when}</span>
            </li>
        }
    };
    let rows = move || notes.iter().cloned().map(&row).collect_view().into_any();
    view! { <ul class="note-list">{drawn_anew(StoredValue::new(u128::from(changes.get_untracked())), rows)}</ul> }.into_any()
}

fn listen_to_n(playing: Playing, second: RwSignal<Option<f64>>) {
    Effect::new(move || {
        let keys = window_event_listener(ev::keydown, move |event| {
            let is_plain = !event.ctrl_key() && !event.meta_key() && !event.alt_key() && !event.default_prevented();
            if is_plain && event.key() == "n" && single_keys_on() && !browser::keys_are_taken() {
                event.prevent_default();
                second.set(Some(playing.second_now()));
                browser::focus(FIELD);
            }
        });
        on_cleanup(move || keys.remove());
    });
}

/// Who heard the recording or took it away.
#[component]
pub fn Uses(uses: Vec<RecordingUse>) -> impl IntoView {
    let (locale, clock) = (use_locale(), use_clock());
    if uses.is_empty() {
        return view! { <p class="small muted">{t(w::LOG_USES_NONE)}</p> }.into_any();
    }
    let count = format::n(uses.len() as i64);
    let rows = uses
        .into_iter()
        .map(|used| {
            let who = used.by_name.unwrap_or_else(|| t(w::LOG_NOTE_GONE).to_owned());
            let key = if used.kind == UseKind::Download { w::LOG_USE_DOWNLOAD } else { w::LOG_USE_PLAY };
            view! { <li><span>{t_with(key, &[("who", &who)])}</span><time class="faint">{format::date_time(locale, &clock, used.at)}</time></li> }
        })
        .collect_view();
    view! {
        <details class="small">
            <summary class="muted">{t(w::LOG_USES)}" "<span class="count">{count}</span></summary>
            <ul class="uses">{rows}</ul>
        </details>
    }
    .into_any()
}

/// Erases the recording, for who may.
#[component]
pub fn EraseRecording(id: CallId, again: Callback<()>) -> impl IntoView {
    let toasts = use_toasts();
    let erase = move || {
        spawn_local(async move {
            match erase_recording(id).await {
                Ok(()) => {
                    toasts.say(t(w::LOG_RECORDING_ERASE_DONE));
                    again.run(());
                }
                Err(error) => toasts.fail(&error),
            }
        });
    };
    view! { <ConfirmButton size=ButtonSize::Small icon=icondata::LuTrash2 on_confirm=erase>{t(w::LOG_RECORDING_ERASE)}</ConfirmButton> }
        .into_any()
}

/// Deletes the call, for who may, and goes back to the log.
#[component]
pub fn DeleteCall(id: CallId) -> impl IntoView {
    let toasts = use_toasts();
    let navigate = use_navigate();
    let delete = move || {
        let navigate = navigate.clone();
        spawn_local(async move {
            match delete_calls(vec![id]).await {
                Ok(n) => {
                    toasts.say(t_count(w::LOG_DELETED, n));
                    navigate("/calls", Default::default());
                }
                Err(error) => toasts.fail(&error),
            }
        });
    };
    view! {
        <section class="card">
            <div class="body stack g2">
                <p class="small muted">{t(w::LOG_DELETE_TEXT)}</p>
                <div class="row"><ConfirmButton size=ButtonSize::Small icon=icondata::LuTrash2 on_confirm=delete>{t(w::LOG_CALL_DELETE)}</ConfirmButton></div>
            </div>
        </section>
    }
    .into_any()
}

/// The deliveries of the call folded again, one by one: asked for when it is wanted.
#[component]
pub fn ReplayPanel(id: CallId) -> impl IntoView {
    let replay = RwSignal::new(None::<Result<Replay, AppError>>);
    let is_asked = RwSignal::new(false);
    let ask = move |_| {
        is_asked.set(true);
        spawn_local(async move {
            let found = replay_call(id).await;
            let _ = replay.try_set(Some(found)); // the page may be gone
            let _ = is_asked.try_set(false);
        });
    };
    view! {
        <div class="replay">
            {move || match replay.get() {
                None => view! {
                    <div class="row between wrap g2">
                        <p class="small muted">{t(w::LOG_REPLAY_TEXT)}</p>
                        <Button size=ButtonSize::Small icon=icondata::LuHistory pending=is_asked on:click=ask>{t(w::LOG_REPLAY)}</Button>
                    </div>
                }
                    .into_any(),
                Some(Err(error)) => view! { <ErrorBlock error retry=Callback::new(move |()| replay.set(None))/> }.into_any(),
                Some(Ok(replay)) => view! { <Steps replay/> }.into_any(),
            }}
        </div>
    }
    .into_any()
}

#[component]
fn Steps(replay: Replay) -> impl IntoView {
    let count = replay.steps.len();
    let at = RwSignal::new(count.max(1));
    let verdict = t(if replay.is_same { w::LOG_REPLAY_SAME } else { w::LOG_REPLAY_DIFFERS });
    let tone = if replay.is_same { Tone::Ok } else { Tone::Warn };
    let asked = (replay.asked > 0).then(|| view! { <p>{t_count(w::LOG_REPLAY_ASKED, replay.asked)}</p> });
    let erased = (replay.erased > 0).then(|| view! { <p>{t_count(w::LOG_REPLAY_ERASED, replay.erased)}</p> });
    let steps = StoredValue::new(replay.steps);
    let words = move || t_with(w::LOG_REPLAY_STEP, &[("n", &format::n(at.get() as i64)), ("all", &format::n(count as i64))]);
    let go = move |event: ev::Event| {
        if let Ok(wanted) = event_target_value(&event).parse::<usize>() {
            at.set(wanted.clamp(1, count.max(1)));
        }
    };
    view! {
        {(count > 0)
            .then(|| view! {
                <p class="strong num" aria-live="polite">{words}</p>
                <input type="range" min="1" max=count.to_string() aria-label=t(w::LOG_REPLAY_SLIDER) aria-valuetext=words prop:value=move || at.get().to_string() on:input=go/>
                {move || steps.with_value(|steps| steps.get(at.get() - 1).cloned()).map(|step| view! { <StepView step/> })}
            })}
        <Callout tone title=verdict>{asked}{erased}</Callout>
    }
    .into_any()
}

#[component]
fn StepView(step: Step) -> impl IntoView {
    let (locale, clock) = (use_locale(), use_clock());
    let standing = match (step.status.is_over(), step.outcome) {
        (true, Some(outcome)) => words::outcome_word(outcome),
        _ => words::status_word(step.status),
    };
    let (tone, news) = if step.is_new { (Tone::Ok, w::LOG_REPLAY_NEW) } else { (Tone::Neutral, w::LOG_REPLAY_REPEAT) };
    let fact = |name: &'static str, value: String| view! { <dt>{name}</dt><dd class="num">{value}</dd> };
    let length = step.duration_s.map(|seconds| fact(t(w::CALLS_LENGTH), format::timer(i64::from(seconds))));
    let cost = step.cost.map(|cost| fact(t(w::CALLS_COST), format::cost(locale, cost)));
    view! {
        <p class="row wrap g2">
            <span class="num muted">{clock.local(step.at).format("%H:%M:%S").to_string()}</span>
            <code>{step.kind}</code>
            <Badge tone>{t(news)}</Badge>
        </p>
        <dl class="kv small">
            <dt>{t(w::CALLS_STATUS)}</dt><dd>{t(standing)}</dd>
            {fact(t(w::LOG_REPLAY_LINES), format::n(step.lines))}
            {fact(t(w::LOG_REPLAY_EVENTS), format::n(step.events))}
            {length}
            <dt>{t(w::LOG_REPLAY_REPORT)}</dt><dd>{t(if step.has_report { w::LOG_REPLAY_REPORT_YES } else { w::LOG_REPLAY_REPORT_NO })}</dd>
            {cost}
            {step.last_line.map(|line| view! { <dt>{t(w::LOG_REPLAY_LAST)}</dt><dd dir="auto">{line}</dd> })}
        </dl>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::begun_name;

    #[test]
    fn a_name_is_begun_by_a_sign_at_the_beginning_of_a_word() {
        assert_eq!(begun_name("Vois avec @In"), Some("In"));
        assert_eq!(begun_name("@"), Some(""));
        assert_eq!(begun_name("@Inès Mor"), Some("Inès Mor"));
        for none in ["", "ines@tilleuls", "@Inès ", "@Inès.", "@Inès\nVu"] {
            assert_eq!(begun_name(none), None, "{none}");
        }
    }
}
