//! `/assistants/:id/versions/:n`: what one version changed, how calls went before and after it, and the way back to it.

use super::{
    changes::Changes,
    history_page::VersionFacts,
    model::*,
    parts::{AssistantTab, AssistantTabs, SyncRing, version_name},
    rpc::{RestoreVersion, read_version},
};
use crate::{
    i18n::{format, t, t_with, use_locale, words as w},
    kit::*,
    shared::{error::AppError, ids::AssistantId, permission::Permission},
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

/// One version.
#[component]
pub fn AssistantVersionPage() -> impl IntoView {
    let params = use_params_map();
    let at = Memo::new(move |_| {
        params.with(|params| Some((params.get("id")?.parse::<AssistantId>().ok()?, params.get("n")?.parse::<i32>().ok()?)))
    });
    let sheet = Resource::new(
        move || at.get(),
        |at| async move {
            match at {
                Some((id, n)) => read_version(id, n).await,
                None => Err(AppError::not_found("version")),
            }
        },
    );
    let retry = Callback::new(move |()| sheet.refetch());
    let back = move || {
        let href = at.get_untracked().map_or("/assistants".to_owned(), |(id, _)| format!("/assistants/{id}/versions"));
        (href, t(w::ASSISTANTS_VERSIONS).to_owned())
    };
    let frame = move |title: String, content: AnyView| view! { <PageFrame title=title back=back()>{content}</PageFrame> }.into_any();
    let waiting = move || frame(t(w::ASSISTANTS_VERSION).to_owned(), view! { <Skeleton lines=8 rows=true/> }.into_any());
    view! {
        <Transition fallback=waiting>
            {move || Suspend::new(async move {
                match (sheet.await, at.get_untracked()) {
                    (Ok(sheet), Some((id, _))) => {
                        let title = format!("{} · {}", sheet.name, version_name(sheet.version.n));
                        frame(title, view! { <Body id sheet/> }.into_any())
                    }
                    (Err(error), _) => frame(t(w::ASSISTANTS_VERSION).to_owned(), view! { <ErrorBlock error retry/> }.into_any()),
                    (Ok(_), None) => ().into_any(),
                }
            })}
        </Transition>
    }
    .into_any()
}

#[component]
fn Body(id: AssistantId, sheet: VersionSheet) -> impl IntoView {
    let version = sheet.version.clone();
    let n = version.n;
    let changed = match sheet.before.clone() {
        Some(before) => view! { <Changes before after=sheet.settings.clone() catalogue=sheet.catalogue.clone()/> }.into_any(),
        None => view! { <p class="muted">{t(w::ASSISTANTS_VERSION_FIRST)}</p> }.into_any(),
    };
    view! {
        <AssistantTabs id here=AssistantTab::Versions/>
        <section class="card" aria-labelledby="h-version">
            <header>
                <h2 id="h-version" class="grow">{version_name(n)}</h2>
                {sheet.is_current.then(|| view! { <Badge tone=Tone::Ok>{t(w::ASSISTANTS_VERSION_CURRENT)}</Badge> })}
            </header>
            <div class="body stack g3">
                <p class="stack g1"><VersionFacts version=version.clone() now=sheet.now/></p>
                <p class="small"><SyncRing sync=version.answer/></p>
                {version.answer_words.clone().map(|words| view! { <p class="small t bad"><Told words/></p> })}
                <Restore id n sheet=sheet.clone()/>
            </div>
        </section>
        <section class="card" aria-labelledby="h-changed">
            <header><h2 id="h-changed">{t(w::ASSISTANTS_VERSION_CHANGED)}</h2></header>
            <div class="body">{changed}</div>
        </section>
        <Figures after=sheet.after earlier=sheet.earlier now=sheet.now/>
    }
    .into_any()
}

/// Brings it back as the draft; a draft that is there would be replaced, so that is asked twice.
#[component]
fn Restore(id: AssistantId, n: i32, sheet: VersionSheet) -> impl IntoView {
    let restore = ServerAction::<RestoreVersion>::new();
    if sheet.is_current || !may(Permission::AssistantsEdit) {
        return ().into_any();
    }
    let revision = sheet.revision;
    let button = if sheet.has_draft {
        view! {
            <p class="small">{t(w::ASSISTANTS_RESTORE_REPLACES)}</p>
            <div class="row"><ConfirmButton
                pending=restore.pending()
                on_confirm=Callback::new(move |()| { restore.dispatch(RestoreVersion { id, n, revision }); })
            >
                {t(w::ASSISTANTS_RESTORE)}
            </ConfirmButton></div>
        }
        .into_any()
    } else {
        view! {
            <leptos::form::ActionForm action=restore>
                <input type="hidden" name="id" value=id.to_string()/>
                <input type="hidden" name="n" value=n.to_string()/>
                <input type="hidden" name="revision" value=revision.to_string()/>
                <Button submit=true icon=icondata::LuUndo2 pending=restore.pending()>{t(w::ASSISTANTS_RESTORE)}</Button>
            </leptos::form::ActionForm>
        }
        .into_any()
    };
    view! {
        <FormErrors error=action_error(restore)/>
        <p class="small muted">{t(w::ASSISTANTS_RESTORE_TEXT)}</p>
        {button}
    }
    .into_any()
}

/// Calls of this version beside those of the one that was live before.
#[component]
fn Figures(after: Option<CallFigures>, earlier: Option<CallFigures>, now: chrono::DateTime<chrono::Utc>) -> impl IntoView {
    let Some(after) = after else {
        return view! {
            <section class="card" aria-labelledby="h-figures">
                <header><h2 id="h-figures">{t(w::ASSISTANTS_FIGURES)}</h2></header>
                <div class="body"><p class="muted">{t(w::ASSISTANTS_FIGURES_NEVER)}</p></div>
            </section>
        }
        .into_any();
    };
    let columns: Vec<CallFigures> = earlier.into_iter().chain([after]).collect();
    let (locale, clock) = (use_locale(), format::use_clock());
    let head = columns
        .iter()
        .map(|column| {
            let from = format::date_time_short(locale, &clock, column.from, now);
            let to = format::date_time_short(locale, &clock, column.to, now);
            let span = t_with(w::ASSISTANTS_FIGURES_SPAN, &[("from", &from), ("to", &to)]);
            view! { <th scope="col" class="end">{version_name(column.n)} <small class="faint">{span}</small></th> }
        })
        .collect_view();
    let share = |part: i64, whole: i64| match whole {
        0 => "–".to_owned(),
        whole => format::percent(locale, part as f64 / whole as f64, 0),
    };
    let row = |label: &'static str, value: &dyn Fn(&CallFigures) -> String| {
        let cells = columns.iter().map(|column| view! { <td class="num end">{value(column)}</td> }).collect_view();
        view! { <tr><th scope="row">{label}</th>{cells}</tr> }
    };
    let rows = (
        row(t(w::ASSISTANTS_FIGURES_CALLS), &|figures| format::n(figures.calls)),
        row(t(w::ASSISTANTS_FIGURES_ANSWERED), &|figures| {
            format!("{} ({})", format::n(figures.answered), share(figures.answered, figures.calls))
        }),
        row(t(w::ASSISTANTS_FIGURES_AVERAGE), &|figures| {
            figures.average_s.map_or("–".to_owned(), |seconds| format::timer(i64::from(seconds)))
        }),
        row(t(w::ASSISTANTS_FIGURES_TRANSFERRED), &|figures| {
            format!("{} ({})", format::n(figures.transferred), share(figures.transferred, figures.calls))
        }),
    );
    view! {
        <section class="card" aria-labelledby="h-figures">
            <header><h2 id="h-figures">{t(w::ASSISTANTS_FIGURES)}</h2></header>
            <Table label=t(w::ASSISTANTS_FIGURES_TABLE)>
                <thead><tr><th scope="col"><span class="sr">{t(w::ASSISTANTS_FIGURES_WHAT)}</span></th>{head}</tr></thead>
                <tbody>{rows}</tbody>
            </Table>
            <p class="body small muted">{t(w::ASSISTANTS_FIGURES_TEXT)}</p>
        </section>
    }
    .into_any()
}
