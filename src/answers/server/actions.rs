//! Use cases of the answer book. Doors call these; nothing here talks to a provider.

use super::{
    import,
    jobs::BookChanged,
    store,
    words::{self, essence},
};
use crate::{
    answers::model::*,
    platform::{Core, OrgScope, OrgTx, queue::Opts},
    shared::{
        error::{AppError, FieldErrors},
        ids::{AnswerId, AssistantId, CallId, OrgId, QuestionId},
        page::PageRequest,
        permission::Permission,
    },
};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use sqlx::PgConnection;
use std::collections::{HashMap, HashSet};

/// More than any business writes; a bound on what one organisation can make us search.
const MOST_ENTRIES: i64 = 20_000;
/// How many entries are shown for a trial, and told to an assistant.
const MOST_MATCHES: usize = 3;
/// How many open questions the page shows.
const MOST_QUESTIONS: i64 = 50;
/// How long a deleted entry can be put back.
const KEPT: Duration = Duration::hours(24);

/// A page of the book.
pub async fn list(scope: &OrgScope, filter: &AnswerFilter, page: &PageRequest) -> Result<AnswerPage, AppError> {
    let mut tx = scope.begin(Permission::AssistantsRead).await?;
    let today = store::today(&mut tx, scope.core().clock.now()).await?;
    let before = page.after.as_deref().and_then(|cursor| cursor.parse().ok());
    let limit = page.limit().min(30);
    let (mut items, found) = store::page(&mut tx, filter, before, limit + 1, today).await?;
    let is_more = items.len() as i64 > limit;
    items.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = items.last().filter(|_| is_more).map(|last| last.id.to_string());
    let (all, assistants) = (store::count(&mut tx).await?, store::assistants(&mut tx).await?);
    Ok(AnswerPage { items, next, found, all, today, assistants })
}

/// One entry, and the organisation's day. Errors: `NotFound`.
pub async fn read(scope: &OrgScope, id: AnswerId) -> Result<(Answer, NaiveDate), AppError> {
    let mut tx = scope.begin(Permission::AssistantsRead).await?;
    let today = store::today(&mut tx, scope.core().clock.now()).await?;
    let found = store::find(&mut tx, id).await?.ok_or_else(|| AppError::not_found("answer"))?;
    Ok((found, today))
}

/// The state a change of an entry is made from. Errors: `NotFound`.
pub async fn revision(scope: &OrgScope, id: AnswerId) -> Result<i64, AppError> {
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    let found = store::find(&mut tx, id).await?.ok_or_else(|| AppError::not_found("answer"))?;
    Ok(found.revision)
}

/// Writes a new entry. The question it answers leaves the list of open ones. Errors: `Conflict("answer_limit")`; `Invalid`.
pub async fn create(scope: &OrgScope, new: NewAnswer, from: Option<QuestionId>) -> Result<AnswerId, AppError> {
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    let id = add(&mut tx, &[&new]).await?.into_iter().next().ok_or_else(|| AppError::internal("no entry was made"))?;
    if let Some(question) = from {
        store::forget_question(&mut tx, question).await?;
    }
    tx.commit().await?;
    Ok(id)
}

/// Entries for a seed.
pub async fn seed(tx: &mut OrgTx<'_>, new: &[NewAnswer]) -> Result<(), AppError> {
    add(tx, &new.iter().collect::<Vec<_>>()).await.map(drop)
}

/// Adds those entries that are not in the book yet, in the caller's transaction. Errors: `Conflict("answer_limit")`; `Invalid`.
pub async fn add_new(tx: &mut OrgTx<'_>, entries: &[NewAnswer]) -> Result<(), AppError> {
    let (new, _) = only_new(tx, entries).await?;
    if new.is_empty() { Ok(()) } else { add(tx, &new).await.map(drop) }
}

/// Writes over revision `revision`. Errors: `NotFound`; `Conflict("answer_changed")`; `Invalid`.
pub async fn update(scope: &OrgScope, id: AnswerId, revision: i64, new: NewAnswer) -> Result<AnswerId, AppError> {
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    let had_any = look(&mut tx).await?;
    known_assistants(&mut tx, &[&new]).await?;
    if !store::update(&mut tx, id, revision, &new, scope.core().clock.now()).await? {
        let is_there = store::exists(&mut tx, id).await?;
        return Err(if is_there { AppError::conflict("answer_changed") } else { AppError::not_found("answer") });
    }
    tell(&mut tx, had_any).await?;
    tx.commit().await?;
    Ok(id)
}

/// Takes an entry out of the book; for a day it can be put back. Errors: `NotFound`.
pub async fn delete(scope: &OrgScope, id: AnswerId) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    let had_any = look(&mut tx).await?;
    let now = scope.core().clock.now();
    if !store::delete(&mut tx, id, now, now - KEPT).await? {
        return Err(AppError::not_found("answer"));
    }
    tell(&mut tx, had_any).await?;
    tx.commit().await
}

/// Puts a deleted entry back. Errors: `NotFound`.
pub async fn restore(scope: &OrgScope, id: AnswerId) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    let had_any = look(&mut tx).await?;
    if !store::restore(&mut tx, id, scope.core().clock.now()).await? {
        return Err(AppError::not_found("answer"));
    }
    tell(&mut tx, had_any).await?;
    tx.commit().await
}

/// What an assistant would say, whichever it is. Errors: `Invalid`.
pub async fn try_question(scope: &OrgScope, question: &str, language: &str) -> Result<Trial, AppError> {
    let mut tx = scope.begin(Permission::AssistantsRead).await?;
    let question = one_line(question);
    if question.is_empty() || question.chars().count() > QUESTION_LENGTH {
        return Err(AppError::Invalid { fields: FieldErrors::one("question", "answer.question_length") });
    }
    let language = known_language(language)?;
    let today = store::today(&mut tx, scope.core().clock.now()).await?;
    let matches = nearest(&mut tx, &question, language, None, today).await?;
    Ok(Trial { question, matches })
}

/// What callers asked and nothing answered.
pub async fn open_questions(scope: &OrgScope) -> Result<OpenQuestions, AppError> {
    let mut tx = scope.begin(Permission::AssistantsRead).await?;
    let (items, all) = store::open_questions(&mut tx, MOST_QUESTIONS).await?;
    Ok(OpenQuestions { items, all, now: scope.core().clock.now() })
}

/// Takes a question off the list, or puts it back. Errors: `NotFound`.
pub async fn dismiss(scope: &OrgScope, id: QuestionId, dismissed: bool) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    let at = dismissed.then(|| scope.core().clock.now());
    if !store::dismiss_question(&mut tx, id, at).await? {
        return Err(AppError::not_found("question"));
    }
    tx.commit().await
}

/// What an import of this text would do. Errors: `Invalid`.
pub async fn preview_import(scope: &OrgScope, text: &str, language: &str) -> Result<ImportPreview, AppError> {
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    let read = import::read(text, known_language(language)?)?;
    let (new, known) = only_new(&mut tx, &read.good).await?;
    Ok(ImportPreview {
        good: new.len() as u32,
        known,
        bad: read.bad.len() as u32,
        sample: new.iter().take(3).map(|entry| (entry.question.clone(), entry.answer.clone())).collect(),
        bad_lines: read.bad.into_iter().take(50).collect(),
    })
}

/// Writes the good entries of a text, all or none; returns how many. Errors: `Invalid`; `Conflict("answer_limit")`.
pub async fn import(scope: &OrgScope, text: &str, language: &str) -> Result<u32, AppError> {
    let mut tx = scope.begin(Permission::AssistantsEdit).await?;
    let read = import::read(text, known_language(language)?)?;
    store::lock_book(&mut tx).await?; // before it is asked what is there already: of two imports of a text one adds
    let (new, _) = only_new(&mut tx, &read.good).await?;
    let added = add(&mut tx, &new).await?.len();
    tx.commit().await?;
    Ok(u32::try_from(added).unwrap_or(u32::MAX))
}

/// Whether assistants are to be given the book.
pub async fn has_entries(tx: &mut OrgTx<'_>) -> Result<bool, AppError> {
    Ok(store::has_active(tx).await?)
}

/// What a caller asks, as the provider tells it.
pub struct Asked<'a> {
    pub question: &'a str,
    /// The language the assistant says it is in.
    pub language: Option<&'a str>,
    /// The assistant's id at the provider.
    pub assistant: Option<&'a str>,
}

/// What the book says to a caller's question, in which language it was looked for. The entries that answer, best first: none when none does.
pub async fn for_caller(core: &Core, org: OrgId, asked: &Asked<'_>) -> Result<(String, Vec<Match>), AppError> {
    let scope = OrgScope::of_system(core, org);
    let mut tx = scope.begin(Permission::AssistantsRead).await?;
    let (assistant, spoken, today) = store::speaker(&mut tx, asked.assistant, core.clock.now()).await?;
    let wanted = asked.language.map(|tag| tag.get(..2).unwrap_or(tag).to_lowercase());
    let language = [wanted, Some(spoken)].into_iter().flatten().find(|language| LANGUAGES.contains(&language.as_str()));
    let language = language.unwrap_or_else(|| "fr".into());
    let mut matches = nearest(&mut tx, asked.question, &language, assistant, today).await?;
    tx.commit().await?;
    matches.retain(|found| found.score >= ANSWERS_FROM);
    // What is clearly further off than the best would only tempt.
    let best = matches.first().map_or(0.0, |best| best.score);
    matches.retain(|found| found.score >= best - 0.15);
    Ok((language, matches))
}

/// Counts a question that nothing answered. Whoever calls sees to it that each time it is asked counts once.
pub async fn note_question(
    conn: &mut PgConnection,
    org: OrgId,
    language: &str,
    question: &str,
    call: Option<CallId>,
    now: DateTime<Utc>,
) -> Result<(), AppError> {
    let question: String = one_line(question).chars().take(QUESTION_LENGTH).collect();
    if words::key(&question, language).is_empty() {
        return Ok(()); // signs, no words: nothing could ever answer it
    }
    Ok(store::note_question(conn, org, language, &question, call, now).await?)
}

/// The entries that come nearest, best first, weak ones, too.
async fn nearest(
    tx: &mut OrgTx<'_>,
    question: &str,
    language: &str,
    assistant: Option<AssistantId>,
    today: NaiveDate,
) -> Result<Vec<Match>, AppError> {
    let asked = essence(question, language);
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let mut scores: HashMap<AnswerId, f32> = HashMap::new();
    for near in store::near(tx, &asked, language, assistant, today).await? {
        let score = words::score(&near.asked, &near.stems);
        let best = scores.entry(near.answer).or_default();
        *best = best.max(score);
    }
    let mut ranked: Vec<(AnswerId, f32)> = scores.into_iter().filter(|(_, score)| *score > 0.2).collect();
    ranked.sort_by(|one, other| other.1.total_cmp(&one.1).then(other.0.cmp(&one.0)));
    ranked.truncate(MOST_MATCHES);
    let texts = store::texts(tx, &ranked.iter().map(|(id, _)| *id).collect::<Vec<_>>()).await?;
    let text_of = |id| texts.iter().find(|(known, ..)| *known == id);
    let found = ranked.into_iter().filter_map(|(id, score)| {
        let (_, question, answer) = text_of(id)?;
        Some(Match { id, question: question.clone(), answer: answer.clone(), score })
    });
    Ok(found.collect())
}

/// Adds entries. Errors: `Conflict("answer_limit")`; `Invalid` when an assistant is not of this organisation.
async fn add(tx: &mut OrgTx<'_>, new: &[&NewAnswer]) -> Result<Vec<AnswerId>, AppError> {
    let had_any = look(tx).await?;
    if store::count(tx).await? + new.len() as i64 > MOST_ENTRIES {
        return Err(AppError::conflict("answer_limit"));
    }
    known_assistants(tx, new).await?;
    let now = tx.scope().core().clock.now();
    // Ids of one moment go up with the list, and the newest stand first: the last of a text would be on top.
    let mut ids: Vec<AnswerId> = new.iter().map(|_| AnswerId::at(now)).collect();
    ids.sort_unstable_by(|one, other| other.cmp(one));
    let entries: Vec<(AnswerId, &NewAnswer)> = ids.iter().copied().zip(new.iter().copied()).collect();
    store::insert(tx, &entries, now).await?;
    tell(tx, had_any).await?;
    Ok(ids)
}

/// Entries that are not in the book, each once; and how many were left out.
async fn only_new<'a>(tx: &mut OrgTx<'_>, read: &'a [NewAnswer]) -> Result<(Vec<&'a NewAnswer>, u32), AppError> {
    let keys: Vec<(String, String)> = read.iter().map(|new| (new.language.clone(), words::key(&new.question, &new.language))).collect();
    let mut known: HashSet<(String, String)> = store::known_keys(tx, &keys).await?.into_iter().collect();
    let new: Vec<&NewAnswer> = read.iter().zip(keys).filter(|(_, key)| known.insert(key.clone())).map(|(new, _)| new).collect();
    let left_out = read.len() - new.len();
    Ok((new, u32::try_from(left_out).unwrap_or(u32::MAX)))
}

async fn known_assistants(tx: &mut OrgTx<'_>, new: &[&NewAnswer]) -> Result<(), AppError> {
    let wanted: HashSet<AssistantId> = new.iter().filter_map(|new| new.assistant).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let known: HashSet<AssistantId> = store::assistants(tx).await?.into_iter().map(|(id, _)| id).collect();
    if wanted.is_subset(&known) { Ok(()) } else { Err(AppError::Invalid { fields: FieldErrors::one("assistant", "unknown") }) }
}

fn known_language(language: &str) -> Result<&str, AppError> {
    let is_known = LANGUAGES.contains(&language);
    if is_known { Ok(language) } else { Err(AppError::Invalid { fields: FieldErrors::one("language", "unknown") }) }
}

/// Locks the book, and says whether there is anything in it to be said.
async fn look(tx: &mut OrgTx<'_>) -> Result<bool, AppError> {
    store::lock_book(tx).await?;
    Ok(store::has_active(tx).await?)
}

/// Assistants that can look into the book are told when there begins or ceases to be something in it.
async fn tell(tx: &mut OrgTx<'_>, had_any: bool) -> Result<(), AppError> {
    if store::has_active(tx).await? != had_any {
        let org = tx.scope().org();
        tx.enqueue(&BookChanged { org }, Opts::default().key(format!("answers:{org}"))).await?;
    }
    Ok(())
}
