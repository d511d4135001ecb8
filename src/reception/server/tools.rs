//! What an assistant does for a caller, answered from the database: a call back, whom to put through to, who calls; and the organisation's own
//! tools, which are asked within their deadline. Each is done once for a tool call, however often it is told.

pub use super::http::{dry_run, list, remove, save};

use super::{
    callbacks::{self, NewCallback},
    callers, http,
    local::{local, zone},
    store,
};
use crate::{
    platform::{Core, OrgScope, OrgTx},
    reception::{
        directory::{Person, Wanted, choose},
        hours::Calendar,
        model::KnownCaller,
    },
    shared::{
        error::AppError,
        ids::{CallId, CallbackId, OrgId, PersonId},
        permission::Permission,
        phone::PhoneNumber,
    },
};
use serde_json::{Value, json};
use std::time::Duration;

/// How long a tool call that is told twice at once waits for the first to be answered: as long as the slowest tool may take.
const ANSWERED_WITHIN: Duration = Duration::from_secs(11);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// One tool call.
pub struct Use<'a> {
    pub call: Option<CallId>,
    pub id: &'a str,
    pub name: &'a str,
    pub arguments: &'a Value,
    /// The caller's number, when it is shown.
    pub caller: Option<&'a str>,
}

impl Use<'_> {
    /// A text among the arguments, when there is one.
    pub fn text(&self, name: &str, longest: usize) -> Option<String> {
        let text = self.arguments.get(name)?.as_str()?.trim();
        Some(text.chars().filter(|letter| *letter != '\0').take(longest).collect()).filter(|text: &String| !text.is_empty())
    }

    fn says_yes(&self, name: &str) -> bool {
        self.arguments.get(name).is_some_and(|value| value == &json!(true) || value == "true")
    }
}

/// What the model is told: a result, or an error that it can say in its own words.
pub type Told = Result<String, String>;

/// Who is on the line, and who was not reached yet: for whoever puts a call through.
#[derive(Clone, Debug)]
pub struct Chosen {
    pub told: Told,
    /// Whom to try, in this order; nobody when this was told before.
    pub people: Vec<PersonId>,
    /// Nobody takes the call, and that was told now.
    pub is_nobody: bool,
}

/// Notes that somebody wants to be called. `kept` says that it was noted now, and not before.
pub async fn request_callback(core: &Core, org: OrgId, asked: &Use<'_>) -> Result<(Told, Option<Value>), AppError> {
    let scope = OrgScope::of_system(core, org);
    let mut tx = scope.begin(Permission::CallsStart).await?;
    if !store::begin_run(&mut tx, asked.call, asked.id).await? {
        return Ok((told_before(&mut tx, asked).await?, None));
    }
    let typed = asked.text("number", 40);
    let number = typed.as_deref().and_then(readable).or_else(|| asked.caller.and_then(|caller| caller.parse().ok()));
    let (told, noted) = match number {
        None => (Err("no number to call back: ask the caller for it, with the country code if it is not French".to_owned()), None),
        Some(number) => {
            let known = callers::find(&mut tx, number.as_str()).await?;
            let name = asked.text("caller_name", 80).or_else(|| known.map(|known| known.name)).unwrap_or_default();
            let (wanted, why) = (asked.text("when", 120).unwrap_or_default(), asked.text("why", 500).unwrap_or_default());
            let new = NewCallback { call: asked.call, number: number.as_str(), caller_name: &name, wanted: &wanted, why: &why };
            let now = core.clock.now();
            callbacks::insert(&mut tx, CallbackId::at(now), &new, now).await?;
            let noted = json!({ "number": number, "caller_name": name, "wanted": wanted, "why": why });
            (Ok(json!({ "noted": true, "number": number, "when": wanted }).to_string()), Some(noted))
        }
    };
    store::end_run(&mut tx, asked.call, asked.id, &told).await?;
    tx.commit().await?;
    Ok((told, noted))
}

/// A number as callers say it: with its country, or the French way.
fn readable(text: &str) -> Option<PhoneNumber> {
    let digits: String = text.chars().filter(|letter| letter.is_ascii_digit() || *letter == '+').collect();
    match digits.strip_prefix('0') {
        Some(rest) if rest.len() == 9 && !rest.starts_with('0') => format!("+33{rest}").parse().ok(),
        Some(rest) => format!("+{}", rest.strip_prefix('0')?).parse().ok(),
        None => digits.parse().ok(),
    }
}

/// Whom a caller who wants a person is put through to, best first, but for those who were tried. Written down in the transaction that `then`
/// finishes: whoever puts the call through writes its job there.
pub async fn choose_person(tx: &mut OrgTx<'_>, asked: &Use<'_>, tried: &[PersonId]) -> Result<Chosen, AppError> {
    if !store::begin_run(tx, asked.call, asked.id).await? {
        return Ok(Chosen { told: told_before(tx, asked).await?, people: vec![], is_nobody: false });
    }
    let skill = asked.text("skill", 80);
    let language = asked.text("language", 10).map(|tag| tag.chars().take(2).collect::<String>().to_lowercase());
    let wanted = Wanted { skill: skill.as_deref(), language: language.as_deref(), is_urgent: asked.says_yes("urgent") };
    let found = on_duty(tx, &wanted, tried).await?;
    let told = match found.first() {
        Some(first) => json!({ "transferring": true, "to": first.name, "advice": "Say that you are putting them through, then wait." }),
        None => {
            json!({ "transferring": false, "advice": "Nobody can take the call now. Say so, and offer to take a message or a call back." })
        }
    };
    let told = Ok(told.to_string());
    store::end_run(tx, asked.call, asked.id, &told).await?;
    Ok(Chosen { told, is_nobody: found.is_empty(), people: found.into_iter().map(|person| person.id).collect() })
}

/// Who takes a call now, best first.
pub async fn on_duty(tx: &mut OrgTx<'_>, wanted: &Wanted<'_>, tried: &[PersonId]) -> Result<Vec<Person>, AppError> {
    let people = store::people(tx).await?;
    if people.is_empty() {
        return Ok(vec![]);
    }
    let kept = store::read(tx).await?;
    let (timezone, _) = store::house(tx).await?;
    let house = Calendar { week: kept.week, days: kept.days };
    let moment = local(zone(&timezone), tx.scope().core().clock.now());
    let found = choose(&people, wanted, &house, moment);
    Ok(found.into_iter().filter(|person| !tried.contains(&person.id)).cloned().collect())
}

/// Everybody of the directory.
pub async fn everybody(tx: &mut OrgTx<'_>) -> Result<Vec<Person>, AppError> {
    Ok(store::people(tx).await?)
}

/// What is known of whoever calls.
pub async fn caller(tx: &mut OrgTx<'_>, number: &str) -> Result<Option<KnownCaller>, AppError> {
    Ok(callers::find(tx, number).await?)
}

/// A tool of the organisation's own; nothing when it has none of this name.
pub async fn own(core: &Core, org: OrgId, asked: &Use<'_>) -> Result<Option<Told>, AppError> {
    let scope = OrgScope::of_system(core, org);
    let mut tx = scope.begin(Permission::AssistantsRead).await?;
    let Some(row) = http::find(&mut tx, asked.name).await? else { return Ok(None) };
    let is_ours = store::begin_run(&mut tx, asked.call, asked.id).await?;
    tx.commit().await?; // the address is asked outside of any transaction
    if !is_ours {
        return wait_for(&scope, asked).await.map(Some);
    }
    let told = http::ask(core, org, &row, asked.arguments, asked.id).await;
    let told = told.unwrap_or_else(|error| {
        tracing::error!(%error, "a tool could not be asked");
        Err("the tool cannot be used now".into())
    });
    let mut tx = scope.begin(Permission::AssistantsRead).await?;
    store::end_run(&mut tx, asked.call, asked.id, &told).await?;
    tx.commit().await?;
    Ok(Some(told))
}

async fn wait_for(scope: &OrgScope, asked: &Use<'_>) -> Result<Told, AppError> {
    let late = tokio::time::Instant::now() + ANSWERED_WITHIN;
    loop {
        let mut tx = scope.begin(Permission::AssistantsRead).await?;
        let found = store::run(&mut tx, asked.call, asked.id).await?.flatten();
        drop(tx);
        match found {
            Some(told) => return Ok(told),
            None if tokio::time::Instant::now() > late => return Ok(Err("the tool did not answer in time".into())),
            None => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}

/// Writes down that a tool call is being done, in the transaction that does it; what it was told, if it was done before.
pub async fn begin(tx: &mut OrgTx<'_>, asked: &Use<'_>) -> Result<Option<Told>, AppError> {
    if store::begin_run(tx, asked.call, asked.id).await? { Ok(None) } else { told_before(tx, asked).await.map(Some) }
}

/// What [`begin`] began is done, and was answered so.
pub async fn end(tx: &mut OrgTx<'_>, asked: &Use<'_>, told: &Told) -> Result<(), AppError> {
    Ok(store::end_run(tx, asked.call, asked.id, told).await?)
}

async fn told_before(tx: &mut OrgTx<'_>, asked: &Use<'_>) -> Result<Told, AppError> {
    let found = store::run(tx, asked.call, asked.id).await?.flatten();
    Ok(found.unwrap_or_else(|| Err("this is being done already".into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_callers_say_them() {
        let read = |text: &str| readable(text).map(|number| number.to_string());
        assert_eq!(read("06 39 98 12 47").as_deref(), Some("+33639981247"));
        assert_eq!(read("+44 20 7946 0958").as_deref(), Some("+442079460958"));
        assert_eq!(read("0044 20 7946 0958").as_deref(), Some("+442079460958"));
        for wrong in ["", "demain", "06 12", "0012", "06 39 98 12 47 00"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
