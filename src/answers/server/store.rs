//! Every statement on the tables of the answer book.

use super::words;
use crate::{
    answers::model::*,
    platform::OrgTx,
    shared::ids::{AnswerId, AssistantId, CallId, OrgId, QuestionId},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

/// One writer of a book at a time: entries are counted before they are added, and the first and the last one are noticed.
pub async fn lock_book(tx: &mut OrgTx<'_>) -> sqlx::Result<()> {
    let org = tx.scope().org();
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('answers', 0) # hashtextextended($1, 0))")
        .bind(org.to_string())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// How many entries there are.
pub async fn count(tx: &mut OrgTx<'_>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "n!" from answers where deleted_at is null"#).fetch_one(tx.conn()).await
}

/// Whether any entry may be said, today or another day.
pub async fn has_active(tx: &mut OrgTx<'_>) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select exists (select from answers where deleted_at is null and is_active) as "any!""#)
        .fetch_one(tx.conn())
        .await
}

/// The organisation's day.
pub async fn today(tx: &mut OrgTx<'_>, now: DateTime<Utc>) -> sqlx::Result<NaiveDate> {
    sqlx::query_scalar!(r#"select ($1::timestamptz at time zone timezone)::date as "day!" from orgs"#, now).fetch_one(tx.conn()).await
}

/// Who an entry may be limited to.
pub async fn assistants(tx: &mut OrgTx<'_>) -> sqlx::Result<Vec<(AssistantId, String)>> {
    let rows = sqlx::query!(r#"select id as "id: AssistantId", name from assistants where deleted_at is null order by name, id"#);
    Ok(rows.fetch_all(tx.conn()).await?.into_iter().map(|row| (row.id, row.name)).collect())
}

/// Entries under a filter, newest first, from behind `before`; and how many it lets through.
pub async fn page(
    tx: &mut OrgTx<'_>,
    filter: &AnswerFilter,
    before: Option<AnswerId>,
    limit: i64,
    today: NaiveDate,
) -> sqlx::Result<(Vec<Answer>, i64)> {
    let patterns: Vec<String> =
        words::fold(filter.q.as_deref().unwrap_or_default()).split_whitespace().take(8).map(|word| format!("%{word}%")).collect();
    let language = filter.language.as_deref().filter(|language| LANGUAGES.contains(language));
    let state = filter.state.map(AnswerState::name);
    let items = sqlx::query!(
        r#"
        select a.id as "id: AnswerId", a.language, a.question, a.variants, a.answer, a.valid_from, a.valid_until, a.is_active,
          a.assistant_id as "assistant: AssistantId", s.name as "assistant_name?", a.revision, a.updated_at
        from answers a left join assistants s on s.id = a.assistant_id
        where a.deleted_at is null and ($1::uuid is null or a.id < $1) and ($2::text is null or a.language = $2) and a.search_text like all ($3::text[])
          and ($4::text is null or $4 = case
            when not a.is_active then 'paused' when a.valid_until < $5 then 'expired' when a.valid_from > $5 then 'upcoming' else 'current' end)
        order by a.id desc
        limit $6
        "#,
        before.map(|id| id.0),
        language,
        &patterns,
        state,
        today,
        limit
    )
    .fetch_all(tx.conn())
    .await?
    .into_iter()
    .map(|row| Answer {
        id: row.id,
        language: row.language,
        question: row.question,
        variants: row.variants,
        answer: row.answer,
        valid_from: row.valid_from,
        valid_until: row.valid_until,
        is_active: row.is_active,
        assistant: row.assistant,
        assistant_name: row.assistant_name,
        revision: row.revision,
        updated_at: row.updated_at,
    })
    .collect();
    let found = sqlx::query_scalar!(
        r#"
        select count(*) as "n!" from answers a
        where a.deleted_at is null and ($1::text is null or a.language = $1) and a.search_text like all ($2::text[])
          and ($3::text is null or $3 = case
            when not a.is_active then 'paused' when a.valid_until < $4 then 'expired' when a.valid_from > $4 then 'upcoming' else 'current' end)
        "#,
        language,
        &patterns,
        state,
        today
    )
    .fetch_one(tx.conn())
    .await?;
    Ok((items, found))
}

/// One entry that is in the book.
pub async fn find(tx: &mut OrgTx<'_>, id: AnswerId) -> sqlx::Result<Option<Answer>> {
    sqlx::query_as!(
        Answer,
        r#"
        select a.id as "id: AnswerId", a.language, a.question, a.variants, a.answer, a.valid_from, a.valid_until, a.is_active,
          a.assistant_id as "assistant: AssistantId", s.name as "assistant_name?", a.revision, a.updated_at
        from answers a left join assistants s on s.id = a.assistant_id
        where a.deleted_at is null and a.id = $1
        "#,
        id.0
    )
    .fetch_optional(tx.conn())
    .await
}

/// Which of these questions are in the book: as language and key.
pub async fn known_keys(tx: &mut OrgTx<'_>, keys: &[(String, String)]) -> sqlx::Result<Vec<(String, String)>> {
    let (languages, keys): (Vec<String>, Vec<String>) = keys.iter().cloned().unzip();
    let rows = sqlx::query!(
        r#"
        select distinct a.language, a.question_key
        from answers a join unnest($1::text[], $2::text[]) as k (language, key) on a.language = k.language and a.question_key = k.key
        where a.deleted_at is null
        "#,
        &languages,
        &keys
    );
    Ok(rows.fetch_all(tx.conn()).await?.into_iter().map(|row| (row.language, row.question_key)).collect())
}

/// Writes new entries and their phrases.
pub async fn insert(tx: &mut OrgTx<'_>, entries: &[(AnswerId, &NewAnswer)], now: DateTime<Utc>) -> sqlx::Result<()> {
    let rows: Vec<Value> = entries
        .iter()
        .map(|(id, new)| {
            json!({
                "id": id.0, "language": new.language, "question": new.question, "variants": new.variants, "answer": new.answer,
                "valid_from": new.valid_from, "valid_until": new.valid_until, "is_active": new.is_active,
                "assistant_id": new.assistant.map(|assistant| assistant.0),
                "key": words::key(&new.question, &new.language), "search_text": search_text(new),
            })
        })
        .collect();
    sqlx::query!(
        r#"
        insert into answers (id, language, question, variants, answer, valid_from, valid_until, is_active, assistant_id, question_key, search_text,
          created_at, updated_at)
        select r.id, r.language, r.question, array(select jsonb_array_elements_text(r.variants)), r.answer, r.valid_from, r.valid_until, r.is_active,
          r.assistant_id, r.key, r.search_text, $2, $2
        from jsonb_to_recordset($1) as r (id uuid, language text, question text, variants jsonb, answer text, valid_from date, valid_until date,
          is_active bool, assistant_id uuid, key text, search_text text)
        "#,
        json!(rows),
        now
    )
    .execute(tx.conn())
    .await?;
    insert_phrases(tx, entries).await
}

/// Writes over this revision; false when it is another one by now, or gone.
pub async fn update(tx: &mut OrgTx<'_>, id: AnswerId, revision: i64, new: &NewAnswer, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "
        update answers
        set language = $3, question = $4, variants = $5, answer = $6, valid_from = $7, valid_until = $8, is_active = $9, assistant_id = $10,
          question_key = $11, search_text = $12, revision = revision + 1, updated_at = $13
        where id = $1 and revision = $2 and deleted_at is null
        ",
        id.0,
        revision,
        new.language,
        new.question,
        &new.variants,
        new.answer,
        new.valid_from,
        new.valid_until,
        new.is_active,
        new.assistant.map(|assistant| assistant.0),
        words::key(&new.question, &new.language),
        search_text(new),
        now
    )
    .execute(tx.conn())
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    delete_phrases(tx, id).await?;
    insert_phrases(tx, &[(id, new)]).await?;
    Ok(true)
}

/// Takes an entry out of the book; false when it is not there. What was taken out before `forget` is forgotten.
pub async fn delete(tx: &mut OrgTx<'_>, id: AnswerId, now: DateTime<Utc>, forget: DateTime<Utc>) -> sqlx::Result<bool> {
    sqlx::query!("delete from answers where deleted_at < $1", forget).execute(tx.conn()).await?;
    let done = sqlx::query!("update answers set deleted_at = $2, updated_at = $2 where id = $1 and deleted_at is null", id.0, now);
    let is_done = done.execute(tx.conn()).await?.rows_affected() > 0;
    if is_done {
        delete_phrases(tx, id).await?;
    }
    Ok(is_done)
}

/// Puts an entry back that was taken out; false when it is not to be had any more.
pub async fn restore(tx: &mut OrgTx<'_>, id: AnswerId, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let row = sqlx::query!(
        r#"
        update answers set deleted_at = null, updated_at = $2, revision = revision + 1 where id = $1 and deleted_at is not null
        returning language, question, variants, answer, valid_from, valid_until, assistant_id as "assistant: AssistantId", is_active
        "#,
        id.0,
        now
    )
    .fetch_optional(tx.conn())
    .await?;
    let Some(row) = row else { return Ok(false) };
    let entry = NewAnswer {
        language: row.language,
        question: row.question,
        variants: row.variants,
        answer: row.answer,
        valid_from: row.valid_from,
        valid_until: row.valid_until,
        assistant: row.assistant,
        is_active: row.is_active,
    };
    insert_phrases(tx, &[(id, &entry)]).await?;
    Ok(true)
}

/// Whether an entry is in the book.
pub async fn exists(tx: &mut OrgTx<'_>, id: AnswerId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select exists (select from answers where id = $1 and deleted_at is null) as "any!""#, id.0)
        .fetch_one(tx.conn())
        .await
}

async fn delete_phrases(tx: &mut OrgTx<'_>, id: AnswerId) -> sqlx::Result<()> {
    sqlx::query!("delete from answer_phrases where answer_id = $1", id.0).execute(tx.conn()).await?;
    Ok(())
}

/// A paused entry has none: it is never found.
async fn insert_phrases(tx: &mut OrgTx<'_>, entries: &[(AnswerId, &NewAnswer)]) -> sqlx::Result<()> {
    let rows: Vec<Value> = entries
        .iter()
        .filter(|(_, new)| new.is_active)
        .flat_map(|(id, new)| {
            std::iter::once(&new.question).chain(&new.variants).enumerate().map(move |(position, phrase)| {
                json!({
                    "id": id.0, "position": position, "language": new.language, "essence": words::essence(phrase, &new.language),
                    "valid_from": new.valid_from, "valid_until": new.valid_until, "assistant_id": new.assistant.map(|assistant| assistant.0),
                })
            })
        })
        .collect();
    sqlx::query!(
        r#"
        insert into answer_phrases (answer_id, position, language, essence, valid_from, valid_until, assistant_id)
        select r.id, r.position, r.language, r.essence, r.valid_from, r.valid_until, r.assistant_id
        from jsonb_to_recordset($1) as r (id uuid, position int, language text, essence text, valid_from date, valid_until date, assistant_id uuid)
        where r.essence <> ''
        "#,
        json!(rows)
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

fn search_text(new: &NewAnswer) -> String {
    words::fold(&format!("{} {} {}", new.question, new.variants.join(" "), new.answer))
}

/// A phrase that may be near: whose it is, its stems, and those of what was asked.
pub struct Near {
    pub answer: AnswerId,
    pub stems: Vec<String>,
    pub asked: Vec<String>,
}

/// Phrases that may be near what is asked, through the indexes.
pub async fn near(
    tx: &mut OrgTx<'_>,
    essence: &str,
    language: &str,
    assistant: Option<AssistantId>,
    today: NaiveDate,
) -> sqlx::Result<Vec<Near>> {
    sqlx::query_as!(
        Near,
        r#"select answer_id as "answer!: AnswerId", stems as "stems!", asked_stems as "asked!" from answers_near($1, $2, $3, $4)"#,
        essence,
        language,
        assistant.map(|id| id.0),
        today
    )
    .fetch_all(tx.conn())
    .await
}

/// The question and the answer of entries.
pub async fn texts(tx: &mut OrgTx<'_>, ids: &[AnswerId]) -> sqlx::Result<Vec<(AnswerId, String, String)>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows =
        sqlx::query!(r#"select id as "id: AnswerId", question, answer from answers where id = any($1) and deleted_at is null"#, &ids);
    Ok(rows.fetch_all(tx.conn()).await?.into_iter().map(|row| (row.id, row.question, row.answer)).collect())
}

/// Who speaks with the caller, by its id at the provider: which assistant of ours, in which language; and the organisation's day.
pub async fn speaker(
    tx: &mut OrgTx<'_>,
    provider_id: Option<&str>,
    now: DateTime<Utc>,
) -> sqlx::Result<(Option<AssistantId>, String, NaiveDate)> {
    let row = sqlx::query!(
        r#"
        select a.id as "id?: AssistantId", coalesce(a.language, o.locale) as "language!", ($2::timestamptz at time zone o.timezone)::date as "today!"
        from orgs o left join assistants a on a.provider_id = $1
        "#,
        provider_id,
        now
    )
    .fetch_one(tx.conn())
    .await?;
    Ok((row.id, row.language, row.today))
}

/// Counts a question that nothing answered. Whoever calls has seen to it that each time it is asked counts once.
pub async fn note_question(
    conn: &mut PgConnection,
    org: OrgId,
    language: &str,
    question: &str,
    call: Option<CallId>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "
        insert into unanswered_questions (id, org_id, language, question_key, question, last_asked_at, call_id, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $6, $6)
        on conflict (org_id, language, question_key) do update
        set question = excluded.question, asked = unanswered_questions.asked + 1, call_id = coalesce(excluded.call_id, unanswered_questions.call_id),
          last_asked_at = greatest(unanswered_questions.last_asked_at, excluded.last_asked_at), updated_at = excluded.updated_at
        ",
        QuestionId::at(now).0,
        org.0,
        language,
        words::key(question, language),
        question,
        now,
        call.map(|call| call.0)
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The open questions, most asked first, and how many there are.
pub async fn open_questions(tx: &mut OrgTx<'_>, limit: i64) -> sqlx::Result<(Vec<OpenQuestion>, i64)> {
    let items = sqlx::query_as!(
        OpenQuestion,
        r#"
        select id as "id: QuestionId", language, question, asked, last_asked_at, call_id as "call: CallId"
        from unanswered_questions
        where dismissed_at is null
        order by asked desc, id desc
        limit $1
        "#,
        limit
    )
    .fetch_all(tx.conn())
    .await?;
    let all =
        sqlx::query_scalar!(r#"select count(*) as "n!" from unanswered_questions where dismissed_at is null"#).fetch_one(tx.conn()).await?;
    Ok((items, all))
}

/// Takes a question off the list for good: it has its answer.
pub async fn forget_question(tx: &mut OrgTx<'_>, id: QuestionId) -> sqlx::Result<()> {
    sqlx::query!("delete from unanswered_questions where id = $1", id.0).execute(tx.conn()).await?;
    Ok(())
}

/// Takes a question off the list, or puts it back; false when there is none.
pub async fn dismiss_question(tx: &mut OrgTx<'_>, id: QuestionId, at: Option<DateTime<Utc>>) -> sqlx::Result<bool> {
    let done = sqlx::query!("update unanswered_questions set dismissed_at = $2, updated_at = now() where id = $1", id.0, at);
    Ok(done.execute(tx.conn()).await?.rows_affected() > 0)
}
