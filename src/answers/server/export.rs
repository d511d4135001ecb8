//! `GET /answers/export.csv`: the whole book as a table that an import reads again.

use super::store;
use crate::{
    answers::model::{Answer, AnswerFilter},
    platform::{
        OrgScope,
        spreadsheet::{self, harmless},
    },
    shared::{error::AppError, permission::Permission},
};
use axum::{body::Body, response::Response};

/// How many entries are read at a time.
const AT_ONCE: i64 = 1000;

/// The book, a page at a time, never whole in memory.
pub async fn export(scope: OrgScope) -> Result<Response, AppError> {
    scope.require(Permission::AssistantsRead)?;
    let now = scope.core().clock.now();
    let pages = futures::stream::try_unfold((scope, None, true, false), move |(scope, before, is_first, is_done)| async move {
        if is_done {
            return Ok::<_, std::io::Error>(None);
        }
        let mut tx = scope.begin(Permission::AssistantsRead).await.map_err(std::io::Error::other)?;
        let today = scope.core().clock.now().date_naive();
        let (rows, _) = store::page(&mut tx, &AnswerFilter::default(), before, AT_ONCE, today).await.map_err(std::io::Error::other)?;
        tx.commit().await.map_err(std::io::Error::other)?;
        let text = table(&rows, is_first).map_err(std::io::Error::other)?;
        let (is_done, before) = ((rows.len() as i64) < AT_ONCE, rows.last().map(|row| row.id));
        Ok(Some((text, (scope, before, false, is_done))))
    });
    spreadsheet::file("zencall-answers", now, Body::from_stream(pages))
}

fn table(rows: &[Answer], with_head: bool) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().delimiter(b';').from_writer(Vec::new());
    if with_head {
        writer.write_record(["question", "answer", "language", "variants", "valid_from", "valid_until"])?;
    }
    for row in rows {
        let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
        let variants = row.variants.join("|");
        writer.write_record([
            harmless(&row.question),
            harmless(&row.answer),
            row.language.clone(),
            harmless(&variants),
            day(row.valid_from),
            day(row.valid_until),
        ])?;
    }
    Ok(writer.into_inner()?)
}
