//! Who answers a call: what is known of it is read in one statement, and the table decides.

use super::{
    local::{local, zone},
    store,
};
use crate::{
    platform::{Core, OrgScope, OrgTx},
    reception::{
        directory::{Duty, Person},
        hours::{Calendar, Opening, SpecialDay, Week},
        model::*,
        rules::{self, Facts, Rule, Then, Way},
    },
    shared::{
        error::AppError,
        ids::{AssistantId, OrgId, PersonId},
        permission::Permission,
        phone::PhoneNumber,
    },
};
use chrono::{DateTime, NaiveDateTime, Utc};
use serde::Deserialize;
use sqlx::types::Json;
use uuid::Uuid;

/// What the provider, or the test box, says of a call.
#[derive(Clone, Debug, Default)]
pub struct Asked<'a> {
    /// The number's id at the provider.
    pub number_ref: Option<&'a str>,
    /// The number called.
    pub number: Option<&'a str>,
    /// The caller's number.
    pub caller: Option<&'a str>,
    /// For a trial: calls in progress.
    pub calls: Option<i64>,
}

/// What becomes of the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    /// An assistant, by its id at the provider.
    Assistant { id: AssistantId, provider_id: String, name: String },
    /// Somebody's number, silently.
    Forward { number: PhoneNumber, name: String },
    /// These words, then the end.
    Refusal { words: String },
    /// Nobody is there who could answer.
    Nobody,
}

/// A decision and what it rests on.
#[derive(Clone, Debug)]
pub struct Route {
    pub reached: Reached,
    pub way: Option<Way>,
    /// From 1; absent: the number's own assistant.
    pub rule: Option<u32>,
    pub passed_over: Vec<u32>,
    pub facts: Facts,
    pub caller_name: String,
    /// The organisation's language.
    pub locale: String,
    pub local: NaiveDateTime,
}

/// Decides a call that rings now.
pub async fn of_call(core: &Core, org: OrgId, asked: &Asked<'_>) -> Result<Route, AppError> {
    let scope = OrgScope::of_system(core, org);
    let mut tx = scope.begin(Permission::AssistantsRead).await?;
    let known = read(&mut tx, asked).await?;
    tx.commit().await?;
    let moment = local(zone(&known.timezone), core.clock.now());
    Ok(decide(known, asked, moment))
}

/// What would become of a call. Errors: `Invalid`.
pub async fn trial(scope: &OrgScope, form: &TryForm) -> Result<Trial, AppError> {
    let mut tx = scope.begin(Permission::AssistantsRead).await?;
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let number = |field: &str, text: &str| {
        let read = given(text).map(|text| text.parse::<PhoneNumber>().map(|number| number.to_string())).transpose();
        read.map_err(|_| AppError::invalid(field, "phone.not_e164"))
    };
    let (called, caller) = (number("number", &form.number)?, number("caller", &form.caller)?);
    let at = given(&form.at).map(|text| read_local(&text).ok_or_else(|| AppError::invalid("at", "reception.moment"))).transpose()?;
    let calls = given(&form.calls)
        .map(|text| text.parse::<i64>().ok().filter(|calls| (0..100_000).contains(calls)))
        .map(|calls| calls.ok_or_else(|| AppError::invalid("calls", "reception.calls_from")))
        .transpose()?;
    let asked = Asked { number_ref: None, number: called.as_deref(), caller: caller.as_deref(), calls };
    let known = read(&mut tx, &asked).await?;
    let moment = at.unwrap_or_else(|| local(zone(&known.timezone), scope.core().clock.now()));
    let route = decide(known, &asked, moment);
    let (name, number, words) = match &route.reached {
        Reached::Assistant { name, .. } => (name.clone(), None, String::new()),
        Reached::Forward { number, name } => (name.clone(), Some(number.to_string()), String::new()),
        Reached::Refusal { words } => (String::new(), None, words.clone()),
        Reached::Nobody => (String::new(), None, refusal(&route.locale).to_owned()),
    };
    Ok(Trial {
        rule: route.rule,
        passed_over: route.passed_over,
        way: route.way,
        name,
        number,
        words,
        opening: route.facts.opening,
        caller_name: route.caller_name,
        local: route.local,
        calls: route.facts.calls,
    })
}

fn read_local(text: &str) -> Option<NaiveDateTime> {
    ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"].iter().find_map(|shape| NaiveDateTime::parse_from_str(text, shape).ok())
}

/// What is said when nobody is there who could answer.
pub fn refusal(locale: &str) -> &'static str {
    match locale {
        "en" => "Nobody can take your call right now. Please try again later.",
        _ => "Personne ne peut prendre votre appel pour le moment. Merci de rappeler plus tard.",
    }
}

/// What is known of a call before it is decided.
struct Known {
    timezone: String,
    locale: String,
    calendar: Calendar,
    rules: Vec<Rule>,
    people: Vec<Person>,
    /// Those that can answer, the one saved last first.
    assistants: Vec<Ready>,
    /// The number called, and its own assistant.
    number: Option<String>,
    own: Option<Uuid>,
    caller: Option<KnownCaller>,
    calls: i64,
}

#[derive(Debug, Deserialize)]
struct Ready {
    id: Uuid,
    provider_id: String,
    name: String,
}

/// Somebody as a rule needs to know them.
#[derive(Debug, Deserialize)]
struct Reachable {
    id: Uuid,
    name: String,
    number: PhoneNumber,
    duty: Duty,
    week: Week,
}

/// One statement: a caller hears it ring meanwhile.
async fn read(tx: &mut OrgTx<'_>, asked: &Asked<'_>) -> Result<Known, AppError> {
    let row = sqlx::query!(
        r#"
        select o.timezone as "timezone!", o.locale as "locale!", r.week as "week?: Json<Week>", r.days as "days?: Json<Vec<SpecialDay>>", r.rules as "rules?: Json<Vec<Rule>>",
          n.number as "called?", n.assistant_id as "own?",
          k.number as "caller?: PhoneNumber", k.name as "caller_name?", k.language as "caller_language?", k.is_vip as "is_vip?", k.is_blocked as "is_blocked?",
          (select count(*) from calls_in_progress) as "calls!",
          coalesce((select jsonb_agg(jsonb_build_object('id', a.id, 'provider_id', a.provider_id, 'name', a.name) order by a.updated_at desc)
            from assistants a where a.deleted_at is null and a.state = 'active' and a.provider_id is not null), '[]') as "assistants!: Json<Vec<Ready>>",
          coalesce((select jsonb_agg(jsonb_build_object('id', p.id, 'name', p.name, 'number', p.number, 'duty', p.duty, 'week', p.week))
            from reception_people p where r.rules <> '[]'), '[]') as "people!: Json<Vec<Reachable>>"
        from orgs o
        left join receptions r on r.org_id = o.id
        left join lateral (select number, assistant_id from phone_numbers where provider_id = $1 or number = $2 limit 1) n on true
        left join known_callers k on k.org_id = o.id and k.number = $3
        "#, // the organisation is there; counts and coalesced values are never null
        asked.number_ref,
        asked.number,
        asked.caller,
    )
    .fetch_one(tx.conn())
    .await?;
    let caller = row.caller.map(|number| KnownCaller {
        number,
        name: row.caller_name.unwrap_or_default(),
        language: row.caller_language,
        is_vip: row.is_vip.unwrap_or_default(),
        is_blocked: row.is_blocked.unwrap_or_default(),
    });
    let person = |found: Reachable| Person {
        id: PersonId(found.id),
        name: found.name,
        number: found.number,
        languages: vec![],
        skills: vec![],
        duty: found.duty,
        week: found.week,
        urgent_only: false,
        priority: 1,
    };
    Ok(Known {
        timezone: row.timezone,
        locale: row.locale,
        calendar: Calendar { week: row.week.map(|week| week.0).unwrap_or_default(), days: row.days.map(|days| days.0).unwrap_or_default() },
        rules: row.rules.map(|rules| rules.0).unwrap_or_default(),
        people: row.people.0.into_iter().map(person).collect(),
        assistants: row.assistants.0,
        number: row.called.or_else(|| asked.number.map(str::to_owned)),
        own: row.own,
        caller,
        calls: asked.calls.unwrap_or(row.calls),
    })
}

/// The table's word, and where it leads at this moment.
fn decide(known: Known, asked: &Asked<'_>, moment: NaiveDateTime) -> Route {
    let caller = known.caller.as_ref();
    let facts = Facts {
        number: known.number.clone(),
        opening: known.calendar.opening(moment),
        caller: asked.caller.map(str::to_owned).filter(|number| !number.is_empty()),
        is_known: caller.is_some(),
        is_vip: caller.is_some_and(|caller| caller.is_vip),
        is_blocked: caller.is_some_and(|caller| caller.is_blocked),
        language: caller.and_then(|caller| caller.language.clone()),
        calls: known.calls,
    };
    let decision = rules::decide(&known.rules, &facts, |then| lead(then, &known, moment).is_some());
    let ready = |assistant: &Ready| Reached::Assistant {
        id: AssistantId(assistant.id),
        provider_id: assistant.provider_id.clone(),
        name: assistant.name.clone(),
    };
    let own = known.assistants.iter().find(|assistant| Some(assistant.id) == known.own).or_else(|| known.assistants.first());
    let by_default = || own.map_or(Reached::Nobody, ready);
    let (reached, way) = match decision.rule {
        Some((_, rule)) => (lead(&rule.then, &known, moment).unwrap_or(Reached::Nobody), Some(rule.then.way)),
        None => (by_default(), own.map(|_| Way::Assistant)),
    };
    let place = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Route {
        reached,
        way,
        rule: decision.rule.map(|(n, _)| place(n)),
        passed_over: decision.passed_over.into_iter().map(place).collect(),
        caller_name: caller.map(|caller| caller.name.clone()).unwrap_or_default(),
        locale: known.locale,
        local: moment,
        facts,
    }
}

/// Where a rule leads now; nowhere when its assistant is not ready, or its person gone or off duty.
fn lead(then: &Then, known: &Known, moment: NaiveDateTime) -> Option<Reached> {
    match then.way {
        Way::Assistant => {
            let found = known.assistants.iter().find(|assistant| then.assistant == Some(AssistantId(assistant.id)))?;
            Some(Reached::Assistant { id: AssistantId(found.id), provider_id: found.provider_id.clone(), name: found.name.clone() })
        }
        Way::Person => {
            let person = known.people.iter().find(|person| then.person == Some(person.id))?;
            let forward = || Reached::Forward { number: person.number.clone(), name: person.name.clone() };
            person.is_on_duty(&known.calendar, moment).then(forward)
        }
        Way::Number => then.number.clone().map(|number| Reached::Forward { number, name: String::new() }),
        Way::Refuse => Some(Reached::Refusal { words: then.words.clone() }),
    }
}

/// What the pages show of hours, rules and people.
pub async fn sheet(scope: &OrgScope) -> Result<ReceptionSheet, AppError> {
    let mut tx = scope.begin(Permission::AssistantsRead).await?;
    let now: DateTime<Utc> = scope.core().clock.now();
    let kept = store::read(&mut tx).await?;
    let (timezone, _) = store::house(&mut tx).await?;
    let here = zone(&timezone);
    let calendar = Calendar { week: kept.week, days: kept.days };
    let moment = local(here, now);
    Ok(ReceptionSheet {
        opening: calendar.opening(moment),
        opens_at: super::local::opens_at(&calendar, here, now).filter(|_| calendar.opening(moment) != Opening::Open),
        today: moment.date(),
        week: calendar.week,
        days: calendar.days,
        rules: kept.rules,
        people: store::people(&mut tx).await?,
        assistants: store::assistants(&mut tx).await?,
        numbers: store::numbers(&mut tx).await?,
        timezone,
        now,
    })
}
