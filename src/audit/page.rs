//! `/settings/audit`: the log with its filter, an entry whole, who was refused, and the check of the chain. What is looked for stands in the address.

use super::{model::*, rpc::*, words::*};
use crate::{
    account::settings_tabs,
    api_keys::scope_word,
    i18n::{
        format::{self, use_clock},
        t, t_count, t_with, use_locale, words as w,
    },
    kit::*,
    shared::{
        audit::{Act, Object},
        permission::Permission,
    },
};
use chrono::{DateTime, Utc};
use leptos::{prelude::*, task::spawn_local};
use leptos_router::{components::Form, hooks::use_query_map, params::ParamsMap};

/// Who changed what.
#[component]
pub fn AuditPage() -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| query.with(|query| (filter_of(query), query.get("before").and_then(|n| n.parse::<i64>().ok()))));
    let entries = Resource::new(move || asked.get(), |(filter, before)| read_audit(filter, before));
    let refusals = Resource::new(|| (), |()| read_refusals());
    let shown = RwSignal::new(None::<Entry>);
    let is_shown = RwSignal::new(false);
    view! {
        <PageFrame title=t(w::ACCOUNT_SETTINGS)>
            <LinkTabs label=t(w::ACCOUNT_SETTINGS) tabs=settings_tabs("/settings/audit")/>
            <PageHead title=t(w::AUDIT_TITLE) text=t(w::AUDIT_TEXT)>
                <a class="btn ghost" href=move || address("/settings/audit/export.csv", &asked.get().0, None) download="" rel="external">
                    <Icon icon=icondata::LuDownload small=true/>{t(w::AUDIT_EXPORT)}
                </a>
            </PageHead>
            <ChainCheck/>
            <section class="card">
                <Loaded resource=entries skeleton=rows_skeleton(6) let:entries>
                    <Log entries asked=asked.get_untracked() shown is_shown/>
                </Loaded>
            </section>
            <section class="card">
                <header class="wrap">
                    <h2>{t(w::AUDIT_REFUSALS)}</h2>
                    <span class="muted small only-wide">{t(w::AUDIT_REFUSALS_TEXT)}</span>
                </header>
                <Loaded resource=refusals skeleton=rows_skeleton(3) let:refusals><RefusalTable refusals/></Loaded>
            </section>
            <Dialog open=is_shown title=t(w::AUDIT_ENTRY).to_owned() shape=DialogShape::Drawer>
                <div class="body stack g4">{move || shown.get().map(|entry| view! { <EntrySheet entry/> })}</div>
            </Dialog>
        </PageFrame>
    }
    .into_any()
}

fn filter_of(query: &ParamsMap) -> AuditFilter {
    let text = |name: &str| query.get(name).filter(|value| !value.is_empty());
    AuditFilter {
        actor: text("actor"),
        act: text("act").and_then(|act| act.parse().ok()),
        object: text("object").and_then(|object| object.parse().ok()),
        subject: text("subject"),
        from: text("from").and_then(|day| day.parse().ok()),
        to: text("to").and_then(|day| day.parse().ok()),
    }
}

fn address(path: &str, filter: &AuditFilter, before: Option<i64>) -> String {
    let parts = [
        ("actor", filter.actor.clone()),
        ("act", filter.act.map(|act| act.to_string())),
        ("object", filter.object.map(|object| object.to_string())),
        ("subject", filter.subject.clone()),
        ("from", filter.from.map(|day| day.to_string())),
        ("to", filter.to.map(|day| day.to_string())),
        ("before", before.map(|n| n.to_string())),
    ];
    let query: ParamsMap = parts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    format!("{path}{}", query.to_query_string())
}

/// Follows the chain when asked, and says what came of it.
#[component]
fn ChainCheck() -> impl IntoView {
    let checked = RwSignal::new(None::<Result<Checked, crate::shared::error::AppError>>);
    let is_busy = RwSignal::new(false);
    let check = move |_| {
        is_busy.set(true);
        spawn_local(async move {
            checked.set(Some(check_audit().await));
            is_busy.set(false);
        });
    };
    let told = move || {
        checked.get().map(|checked| match checked {
            Ok(Checked { broken_at: Some(n), .. }) => {
                let title = t_with(w::AUDIT_BROKEN, &[("n", &format::n(n))]);
                view! { <Callout tone=Tone::Bad title><p>{t(w::AUDIT_BROKEN_TEXT)}</p></Callout> }.into_any()
            }
            Ok(Checked { entries, head, .. }) => {
                let title = t_count(w::AUDIT_WHOLE, entries);
                view! { <Callout tone=Tone::Ok title><p class="small">{t(w::AUDIT_HEAD)} " " <code class="ltr audit-hash">{head}</code></p></Callout> }
                    .into_any()
            }
            Err(error) => view! { <ErrorBlock error/> }.into_any(),
        })
    };
    view! {
        <div class="row wrap g3">
            <p class="muted small grow audit-chain">{t(w::AUDIT_CHAIN)}</p>
            <Button size=ButtonSize::Small icon=icondata::LuShieldCheck pending=is_busy on:click=check>{t(w::AUDIT_CHECK)}</Button>
        </div>
        <div role="status">{told}</div>
    }
    .into_any()
}

#[component]
fn Log(entries: Entries, asked: (AuditFilter, Option<i64>), shown: RwSignal<Option<Entry>>, is_shown: RwSignal<bool>) -> impl IntoView {
    let (filter, before) = asked;
    let is_set = filter != AuditFilter::default();
    let older_href = entries.next.map(|n| address("/settings/audit", &filter, Some(n)));
    let newest_href = before.map(|_| address("/settings/audit", &filter, None));
    let now = entries.now;
    let is_empty = entries.items.is_empty();
    let rows = entries.items.into_iter().map(|entry| view! { <EntryRow entry now shown is_shown/> }).collect_view();
    view! {
        <header><h2>{t(w::AUDIT_ENTRIES)}</h2></header>
        <Filter filter actors=entries.actors is_set/>
        {if is_empty {
            let (kind, title) = if is_set { (EmptyKind::NoMatch, w::AUDIT_NO_MATCH) } else { (EmptyKind::Unused, w::AUDIT_NONE) };
            view! { <Empty kind title=t(title) text=t(w::AUDIT_NONE_TEXT)/> }.into_any()
        } else {
            view! {
                <Table label=t(w::AUDIT_ENTRIES)>
                    <thead>
                        <tr>
                            <th scope="col">{t(w::AUDIT_AT)}</th>
                            <th scope="col">{t(w::AUDIT_WHO)}</th>
                            <th scope="col">{t(w::AUDIT_WHAT)}</th>
                            <th scope="col">{t(w::AUDIT_FIELDS)}</th>
                            <th><span class="sr">{t(w::AUDIT_ACTIONS)}</span></th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </Table>
                <Pager summary=String::new() newest_href older_href/>
            }
            .into_any()
        }}
    }
    .into_any()
}

#[component]
fn Filter(filter: AuditFilter, actors: Vec<(String, String)>, is_set: bool) -> impl IntoView {
    let any = |words| std::iter::once((String::new(), t(words).to_owned()));
    let actors = any(w::AUDIT_ANYBODY).chain(actors).collect();
    let objects =
        any(w::AUDIT_ANYTHING).chain(Object::ALL.iter().map(|object| (object.to_string(), t(object_key(*object)).to_owned()))).collect();
    let acts = any(w::AUDIT_ANY_ACT).chain(Act::ALL.iter().map(|act| (act.to_string(), t(act_key(*act)).to_owned()))).collect();
    let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    view! {
        <Form method="get" action="/settings/audit" attr:class="filters audit-filters" attr:role="search">
            <Choice name="actor" label=t(w::AUDIT_WHO) options=actors value=filter.actor.clone().unwrap_or_default()/>
            <Choice name="object" label=t(w::AUDIT_OBJECT) options=objects value=filter.object.map(|object| object.to_string()).unwrap_or_default()/>
            <Choice name="act" label=t(w::AUDIT_ACT) options=acts value=filter.act.map(|act| act.to_string()).unwrap_or_default()/>
            <input class="input" type="date" name="from" aria-label=t(w::AUDIT_FROM) value=day(filter.from)/>
            <input class="input" type="date" name="to" aria-label=t(w::AUDIT_TO) value=day(filter.to)/>
            {filter.subject.clone().map(|subject| view! { <input type="hidden" name="subject" value=subject/> })}
            <Button submit=true icon=icondata::LuListFilter>{t(w::AUDIT_FILTER)}</Button>
            {is_set.then(|| view! { <a class="small muted" href="/settings/audit">{t(w::AUDIT_CLEAR)}</a> })}
        </Form>
    }
    .into_any()
}

#[component]
fn Choice(name: &'static str, label: &'static str, options: Vec<(String, String)>, value: String) -> impl IntoView {
    let items = options
        .into_iter()
        .map(|(key, words)| {
            let chosen = key == value;
            view! { <option value=key selected=chosen>{words}</option> }
        })
        .collect_view();
    view! { <select class="input" name=name aria-label=label>{items}</select> }.into_any()
}

fn who(entry: &Entry) -> String {
    match (entry.actor, &entry.actor_name) {
        (ActorKind::System, _) => t(w::AUDIT_SYSTEM).to_owned(),
        (_, Some(name)) => name.clone(),
        (_, None) => entry.actor_id.clone().unwrap_or_default(),
    }
}

fn act_badge(act: &str) -> AnyView {
    let words = act_words(act);
    let tone = match act.parse() {
        Ok(Act::Created | Act::Restored | Act::Accepted) => Tone::Ok,
        Ok(Act::Deleted | Act::Revoked | Act::SecondFactorOff) => Tone::Bad,
        Ok(Act::Changed | Act::Exported | Act::Heard | Act::ViewedAs) => Tone::Info,
        _ => Tone::Neutral,
    };
    view! { <Badge tone>{words}</Badge> }.into_any()
}

#[component]
fn EntryRow(entry: Entry, now: DateTime<Utc>, shown: RwSignal<Option<Entry>>, is_shown: RwSignal<bool>) -> impl IntoView {
    let fields = entry.changes.iter().map(|change| change.field.as_str()).collect::<Vec<_>>().join(", ");
    let whole = entry.clone();
    let look = move |_| {
        shown.set(Some(whole.clone()));
        is_shown.set(true);
    };
    view! {
        <tr>
            <td class="nowrap"><When at=entry.at now/></td>
            <td>{who(&entry)} <div class="small muted ltr">{entry.ip.clone()}</div></td>
            <th scope="row">
                <span class="row wrap g1">{act_badge(&entry.act)} <span>{object_words(&entry.object)}</span></span>
                <div class="small muted audit-label">{entry.label.clone()}</div>
            </th>
            <td class="small muted audit-fields">{fields}</td>
            <td class="fit r">
                <Button size=ButtonSize::Small kind=ButtonKind::Ghost attr:aria-haspopup="dialog" on:click=look>{t(w::AUDIT_LOOK)}</Button>
            </td>
        </tr>
    }
    .into_any()
}

/// Everything an entry has.
#[component]
fn EntrySheet(entry: Entry) -> impl IntoView {
    let who = who(&entry);
    let facts = [
        (w::AUDIT_WHO, Some(who)),
        (w::AUDIT_IP, entry.ip),
        (w::AUDIT_PROGRAM, entry.user_agent),
        (w::AUDIT_REQUEST, entry.request_id),
        (w::AUDIT_SUBJECT, entry.subject.clone()),
        (w::AUDIT_HASH, Some(entry.hash)),
    ];
    let facts =
        facts.into_iter().filter_map(|(word, value)| Some(view! { <dt>{t(word)}</dt><dd class="audit-hash">{value?}</dd> })).collect_view();
    let history = entry.subject.map(|subject| {
        let filter = AuditFilter { subject: Some(subject), object: entry.object.parse().ok(), ..AuditFilter::default() };
        view! { <LinkButton href=address("/settings/audit", &filter, None) size=ButtonSize::Small>{t(w::AUDIT_HISTORY)}</LinkButton> }
    });
    let changes = (!entry.changes.is_empty()).then(|| {
        let rows = entry.changes.into_iter().map(|change| view! { <ChangeRow change/> }).collect_view();
        view! {
            <Table label=t(w::AUDIT_FIELDS)>
                <thead><tr><th scope="col">{t(w::AUDIT_FIELD)}</th><th scope="col">{t(w::AUDIT_BEFORE)}</th><th scope="col">{t(w::AUDIT_AFTER)}</th></tr></thead>
                <tbody>{rows}</tbody>
            </Table>
        }
    });
    view! {
        <div class="row wrap g2">
            {act_badge(&entry.act)} <strong>{object_words(&entry.object)}</strong> <span class="audit-label">{entry.label}</span>
        </div>
        <p class="muted small">{format::date_time(use_locale(), &use_clock(), entry.at)}</p>
        {changes}
        <dl class="kv">{facts}</dl>
        <div>{history}</div>
    }
    .into_any()
}

#[component]
fn ChangeRow(change: Change) -> impl IntoView {
    view! {
        <tr>
            <th scope="row"><code class="ltr">{change.field}</code></th>
            <td class="audit-value">{change.before}</td>
            <td class="audit-value">{change.after}</td>
        </tr>
    }
    .into_any()
}

#[component]
fn RefusalTable(refusals: Refusals) -> impl IntoView {
    if refusals.items.is_empty() {
        return view! { <Empty kind=EmptyKind::Unused title=t(w::AUDIT_NO_REFUSALS) text=t(w::AUDIT_NO_REFUSALS_TEXT)/> }.into_any();
    }
    let now = refusals.now;
    let rows = refusals.items.into_iter().map(|refusal| view! { <RefusalRow refusal now/> }).collect_view();
    view! {
        <Table label=t(w::AUDIT_REFUSALS)>
            <thead>
                <tr>
                    <th scope="col">{t(w::AUDIT_AT)}</th>
                    <th scope="col">{t(w::AUDIT_WHO)}</th>
                    <th scope="col">{t(w::AUDIT_NEEDS)}</th>
                    <th scope="col" class="r">{t(w::AUDIT_TIMES)}</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </Table>
    }
    .into_any()
}

#[component]
fn RefusalRow(refusal: Refusal, now: DateTime<Utc>) -> impl IntoView {
    let needs = match refusal.needs.parse::<Permission>() {
        Ok(permission) => t(scope_word(permission)).to_owned(),
        Err(_) if refusal.needs == "sign_in" => t(w::AUDIT_WRONG_PASSWORD).to_owned(),
        Err(_) => refusal.needs.clone(),
    };
    view! {
        <tr>
            <td class="nowrap"><When at=refusal.last_at now/></td>
            <td>{refusal.actor_name.unwrap_or(refusal.actor_id)} <div class="small muted ltr">{refusal.ip}</div></td>
            <th scope="row">{needs} <div class="small muted"><code class="ltr">{refusal.needs}</code></div></th>
            <td class="r num">{format::n(refusal.times)}</td>
        </tr>
    }
    .into_any()
}
