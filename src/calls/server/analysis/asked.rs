//! Asking a model: within the month's cap, paid for before it is asked, and never believed further than its quotes reach.

use super::{
    job::Analyse,
    prompt::{self, Sent, VERSION},
    store,
};
use crate::{
    calls::analysis::model::Claim,
    platform::{Core, OrgScope, queue::Fail},
    providers::model::{Model, Question, Reply},
    shared::permission::Permission,
};

/// Tokens an answer may have.
const MOST_TOKENS: u32 = 1_500;

/// What asking came to.
pub struct Asked {
    /// Absent when rules have to do it.
    pub claims: Option<(Option<&'static str>, Vec<Claim>)>,
    /// Why they have to.
    pub reason: Option<&'static str>,
    /// Micro-dollars.
    pub cost: i64,
    /// Asking again later may help.
    pub again: Option<Fail>,
}

impl Asked {
    fn without(reason: &'static str, cost: i64, again: Option<Fail>) -> Self {
        Self { claims: None, reason: Some(reason), cost, again }
    }
}

/// What a question about so many characters costs at most, in micro-dollars.
pub fn estimate(model: &Model, characters: usize) -> i64 {
    let ours = prompt::SYSTEM.len() + prompt::schema().to_string().len();
    // Three characters a token errs on the dear side in both languages.
    let tokens_in = u64::try_from((characters + ours) / 3).unwrap_or(u64::MAX);
    model.price(tokens_in, u64::from(MOST_TOKENS))
}

/// Asks, once. Errors: the database's.
pub async fn ask(core: &Core, job: &Analyse, model: &Model, sent: &Sent<'_>) -> Result<Asked, Fail> {
    let user = sent.as_json();
    let estimate = estimate(model, user.len());
    let cap = core.config.model.as_ref().map_or(0, |model| model.monthly_cap);
    let scope = OrgScope::of_system(core, job.org);
    if !paid(&scope, estimate, cap).await? {
        return Ok(Asked::without("cap_reached", 0, None));
    }
    let schema = prompt::schema();
    let question =
        Question { system: prompt::SYSTEM, user: &user, schema_name: "call_analysis", schema: &schema, most_tokens: MOST_TOKENS };
    match model.ask(&question).await {
        Ok(reply) => {
            let cost = reply.usage.map_or(estimate, |(tokens_in, tokens_out)| model.price(tokens_in, tokens_out));
            correct(&scope, cost - estimate).await?;
            Ok(judge(job, sent, &reply, cost))
        }
        Err(error) => {
            // An answer that never came may be billed all the same.
            let cost = if error.may_have_happened() { estimate } else { 0 };
            correct(&scope, cost - estimate).await?;
            tracing::warn!(call = %job.call, %error, "the model could not be asked");
            let reason = if error.status().is_some_and(|status| status < 500) { "refused" } else { "no_answer" };
            Ok(Asked::without(reason, cost, (!error.is_final()).then(|| error.again())))
        }
    }
}

fn judge(job: &Analyse, sent: &Sent<'_>, reply: &Reply, cost: i64) -> Asked {
    let Some(content) = &reply.content else { return Asked::without("refused", cost, None) };
    if reply.is_cut {
        return Asked::without("not_understood", cost, None);
    }
    match sent.read(content) {
        Ok(read) => {
            tracing::info!(call = %job.call, prompt = VERSION, kept = read.claims.len(), dropped = read.dropped, "a model analysed a call");
            match read.claims.is_empty() {
                true => Asked::without("unfounded", cost, None),
                false => Asked { claims: Some((read.language, read.claims)), reason: None, cost, again: None },
            }
        }
        Err(error) => {
            tracing::warn!(call = %job.call, prompt = VERSION, error, "the model's answer is not of the schema");
            Asked::without("not_understood", cost, None)
        }
    }
}

/// Whether the month has room for it; if so, it is taken.
async fn paid(scope: &OrgScope, estimate: i64, cap: i64) -> Result<bool, Fail> {
    let mut tx = scope.begin(Permission::CallsAnalyse).await.map_err(failed)?;
    let is_paid = store::spend(tx.conn(), scope.core().clock.now(), estimate, cap).await?;
    tx.commit().await.map_err(failed)?;
    Ok(is_paid)
}

async fn correct(scope: &OrgScope, difference: i64) -> Result<(), Fail> {
    if difference == 0 {
        return Ok(());
    }
    let mut tx = scope.begin(Permission::CallsAnalyse).await.map_err(failed)?;
    store::correct_spend(tx.conn(), scope.core().clock.now(), difference).await?;
    tx.commit().await.map_err(failed)
}

/// A fault of ours, as a job tells it.
pub fn failed(error: crate::shared::error::AppError) -> Fail {
    Fail::Retry(error.to_string())
}
