//! One delivery with why it stands as it does; and what applying some once more would change, before it is done.

use super::{
    model::*,
    page::{Desk, bytes},
    rpc::{read_hook, replay_hooks},
    words::{explanation, field_name, state_word, values},
};
use crate::{
    i18n::{format::use_clock, t, t_count, use_locale, words as w},
    integrations::parts::delivery_reason,
    kit::*,
    shared::error::AppError,
};
use leptos::{prelude::*, task::spawn_local};

/// What is kept of a delivery, and why it stands as it does.
#[component]
pub(super) fn SheetDrawer(desk: Desk) -> impl IntoView {
    let sheet = Resource::new(
        move || (desk.is_shown.get(), desk.shown.get(), desk.changes.get()),
        |(is_shown, id, _)| async move {
            match id.filter(|_| is_shown) {
                Some(id) => read_hook(id).await.map(Some),
                None => Ok(None),
            }
        },
    );
    view! {
        <Dialog open=desk.is_shown title=t(w::JOURNAL_DELIVERY).to_owned() shape=DialogShape::Drawer>
            <div class="body stack g4">
                <Loaded resource=sheet let:sheet>{sheet.map(|sheet| view! { <Sheet sheet desk/> })}</Loaded>
            </div>
        </Dialog>
    }
    .into_any()
}

#[component]
fn Sheet(sheet: HookSheet, desk: Desk) -> impl IntoView {
    let (locale, clock) = (use_locale(), use_clock());
    let HookSheet { row, particulars, body, is_replayable, now } = sheet;
    let particulars = particulars.unwrap_or_default();
    let (tone, word) = state_word(row.state);
    let title = row.reason.as_deref().map_or_else(|| t(word).to_owned(), |reason| delivery_reason(reason).to_owned());
    let why = explanation(&row, &particulars, locale, &clock);
    let given = particulars.given.join(", ");
    let id = row.id;
    let replay = move |_| desk.try_replay(Which::One(id));
    let times = row.times > 1;
    view! {
        <div class="row wrap">
            <Badge tone>{t(word)}</Badge>
            <code class="ltr small">{id.to_string()}</code>
        </div>
        <Callout tone title><p>{why}</p></Callout>
        <dl class="kv small">
            <dt>{t(w::JOURNAL_AT)}</dt>
            <dd><When at=row.at now/></dd>
            {times.then(|| view! { <dt>{t(w::JOURNAL_HOW_OFTEN)}</dt><dd>{t_count(w::JOURNAL_TIMES, i64::from(row.times))}</dd> })}
            {row.last_at.map(|at| view! { <dt>{t(w::JOURNAL_LAST)}</dt><dd><When at now/></dd> })}
            {row.kind.clone().map(|kind| view! { <dt>{t(w::JOURNAL_KIND)}</dt><dd><code class="ltr">{kind}</code></dd> })}
            {row.call_ref.clone().map(|call_ref| view! { <dt>{t(w::JOURNAL_CALL)}</dt><dd><code class="ltr">{call_ref}</code></dd> })}
            {row.ip.clone().map(|ip| view! { <dt>{t(w::JOURNAL_SENDER)}</dt><dd class="num">{ip}</dd> })}
            <dt>{t(w::JOURNAL_SIZE)}</dt>
            <dd class="num">{bytes(row.bytes)}</dd>
            {(!given.is_empty()).then(|| view! { <dt>{t(w::JOURNAL_HEADERS)}</dt><dd><code class="ltr">{given}</code></dd> })}
            {row.replayed_at.map(|at| view! { <dt>{t(w::JOURNAL_REPLAYED_AT)}</dt><dd><When at now/></dd> })}
        </dl>
        <div class="row wrap">
            {row.call.map(|call| view! { <LinkButton size=ButtonSize::Small href=format!("/calls/{call}")>{t(w::JOURNAL_TO_CALL)}</LinkButton> })}
            {is_replayable
                .then(|| view! { <Button size=ButtonSize::Small icon=icondata::LuRotateCcw on:click=replay>{t(w::JOURNAL_REPLAY)}</Button> })}
        </div>
        {body
            .map(|body| {
                view! {
                    <div>
                        <p class="small muted">{t(w::JOURNAL_BODY)}</p>
                        <pre class="ltr webhook-text" tabindex="0" role="group" aria-label=t(w::JOURNAL_BODY)>{laid_out(&body)}</pre>
                    </div>
                }
            })}
    }
    .into_any()
}

/// JSON on many lines; the beginning of some as it is.
fn laid_out(body: &str) -> String {
    let read = serde_json::from_str::<serde_json::Value>(body).ok();
    read.and_then(|value| serde_json::to_string_pretty(&value).ok()).unwrap_or_else(|| body.to_owned())
}

/// What would change; and the button that does it.
#[component]
pub(super) fn ReplayDialog(desk: Desk) -> impl IntoView {
    let trial = Resource::new(
        move || desk.replayed.get().filter(|_| desk.is_replaying.get()),
        |which| async move {
            match which {
                Some(which) => ask(which, None).await.map(Some),
                None => Ok(None),
            }
        },
    );
    view! {
        <Dialog open=desk.is_replaying title=t(w::JOURNAL_REPLAY_TITLE).to_owned() shape=DialogShape::Drawer>
            <Loaded resource=trial let:trial>{trial.map(|trial| view! { <Trial trial desk/> })}</Loaded>
        </Dialog>
    }
    .into_any()
}

async fn ask(which: Which, confirmed: Option<String>) -> Result<Replayed, AppError> {
    match which {
        Which::One(hook) => replay_hooks(Some(hook), HookForm::default(), None, confirmed).await,
        Which::Range(form, after) => replay_hooks(None, form, after, confirmed).await,
    }
}

#[component]
fn Trial(trial: Replayed, desk: Desk) -> impl IntoView {
    let toasts = use_toasts();
    let is_pending = RwSignal::new(false);
    let applicable = trial.deliveries - trial.skipped - trial.refused.len() as i64;
    let confirm = move |_| {
        let Some(which) = desk.replayed.get_untracked() else { return };
        is_pending.set(true);
        spawn_local(async move {
            let more = match ask(which.clone(), Some("on".to_owned())).await {
                Ok(done) => {
                    toasts.say(t_count(w::JOURNAL_REPLAYED_SAID, done.deliveries - done.skipped - done.refused.len() as i64));
                    done.next
                }
                Err(error) => {
                    toasts.fail(&error);
                    None
                }
            };
            match (which, more) {
                (Which::Range(form, _), Some(last)) => desk.replayed.set(Some(Which::Range(form, Some(last)))), // tried first, too
                _ => desk.is_replaying.set(false),
            }
            desk.changes.update(|changes| *changes += 1);
        });
    };
    let calls = trial.calls.clone().into_iter().map(|change| view! { <CallBlock change/> }).collect_view();
    view! {
        <div class="journal-trial">
            <div class="body stack g4">
                <p>{t(w::JOURNAL_REPLAY_TEXT)}</p>
                <Summary trial=trial.clone()/>
                {calls}
            </div>
            <footer>
                <Button on:click=move |_| desk.is_replaying.set(false)>{t(w::JOURNAL_CANCEL)}</Button>
                <Button kind=ButtonKind::Primary pending=is_pending disabled=Signal::stored(applicable <= 0) on:click=confirm>
                    {t_count(w::JOURNAL_REPLAY_DO, applicable.max(0))}
                </Button>
            </footer>
        </div>
    }
    .into_any()
}

/// How many deliveries, and what becomes of those that change nothing.
#[component]
fn Summary(trial: Replayed) -> impl IntoView {
    let said = |key, n: i64| (n > 0).then(|| view! { <li>{t_count(key, n)}</li> });
    if trial.deliveries == 0 {
        return view! { <Empty kind=EmptyKind::NoMatch title=t(w::JOURNAL_NOTHING) text=t(w::JOURNAL_NOTHING_TEXT)/> }.into_any();
    }
    view! {
        <ul class="stack g1 journal-summary">
            {said(w::JOURNAL_LOOKED_AT, trial.deliveries)}
            {said(w::JOURNAL_CHANGES, trial.calls.len() as i64)}
            {said(w::JOURNAL_UNCHANGED, trial.unchanged)}
            {said(w::JOURNAL_SKIPPED, trial.skipped)}
            {said(w::JOURNAL_REFUSED, trial.refused.len() as i64)}
            {said(w::JOURNAL_GONE, trial.gone)}
            {trial.next.map(|_| view! { <li>{t(w::JOURNAL_MORE)}</li> })}
        </ul>
    }
    .into_any()
}

#[component]
fn CallBlock(change: CallChange) -> impl IntoView {
    let (locale, clock) = (use_locale(), use_clock());
    let heading = match change.call {
        Some(call) => view! { <a href=format!("/calls/{call}")><code class="ltr">{change.call_ref.clone()}</code></a> }.into_any(),
        None => {
            view! { <code class="ltr">{change.call_ref.clone()}</code> <Badge tone=Tone::Info>{t(w::JOURNAL_NEW_CALL)}</Badge> }.into_any()
        }
    };
    let fields = change
        .fields
        .iter()
        .map(|field| {
            let (before, after) = values(field, locale, &clock);
            view! { <tr><th scope="row">{field_name(&field.field)}</th><td class="muted">{before}</td><td>{after}</td></tr> }
        })
        .collect_view();
    let label = format!("{} {}", t(w::JOURNAL_CHANGED_FIELDS), change.call_ref);
    let table = (!change.fields.is_empty()).then(|| {
        view! {
            <Table label>
                <thead>
                    <tr>
                        <th scope="col">{t(w::JOURNAL_FIELD)}</th>
                        <th scope="col">{t(w::JOURNAL_BEFORE)}</th>
                        <th scope="col">{t(w::JOURNAL_AFTER)}</th>
                    </tr>
                </thead>
                <tbody>{fields}</tbody>
            </Table>
        }
    });
    let lines = change.lines.iter().cloned().map(|line| view! { <li>{line}</li> }).collect_view();
    view! {
        <section class="stack g2 webhook-attempt">
            <h3 class="row wrap">{heading}</h3>
            {table}
            {(change.lines_added > 0)
                .then(|| view! { <p class="small muted">{t_count(w::JOURNAL_LINES_ADDED, change.lines_added)}</p> <ul class="small journal-lines">{lines}</ul> })}
            {(change.events_added > 0)
                .then(|| view! { <p class="small muted">{t_count(w::JOURNAL_EVENTS_ADDED, change.events_added)} " " <span class="ltr">{change.events.join(", ")}</span></p> })}
        </section>
    }
    .into_any()
}
