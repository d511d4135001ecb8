//! Use cases of figures.

use super::store::{self, Part};
use crate::{
    calls::{
        figures::model::{Asked, Figures, Line, Slot, Sums, before},
        server::actions::midnights,
    },
    platform::OrgScope,
    shared::{
        error::AppError,
        ids::{AssistantId, NumberId},
        permission::Permission,
    },
};
use chrono::{Months, NaiveDate};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// More days than this are shown by month.
const MOST_DAYS: i64 = 92;

/// The figures of a period and of the one before, in the organisation's days.
pub async fn read(scope: &OrgScope, asked: Asked) -> Result<Figures, AppError> {
    let mut tx = scope.begin_snapshot(Permission::CallsRead).await?;
    let zone = sqlx::query_scalar!("select timezone from orgs").fetch_one(tx.conn()).await?;
    let tz: chrono_tz::Tz = zone.parse().unwrap_or(chrono_tz::UTC);
    let days = asked.days(scope.core().clock.now().with_timezone(&tz).date_naive());
    let days_before = before(days);
    let out_of_time = || AppError::invalid("from", "figures.bad_period");
    let (from, until) = midnights(days, tz).ok_or_else(out_of_time)?;
    let (earlier, _) = midnights(days_before, tz).ok_or_else(out_of_time)?;
    let parts = store::parts(tx.conn(), earlier, from, until).await?;
    let hours = store::hours(tx.conn(), tz.name(), from, until).await?;
    let mut ids: Vec<Uuid> = parts.iter().flat_map(|part| [part.assistant, part.number]).collect();
    ids.sort_unstable();
    ids.dedup();
    let names = store::names(tx.conn(), &ids).await?;
    tx.commit().await?;
    let mut by_hour = vec![0; 24];
    hours.iter().filter(|(_, hour, _)| *hour < 24).for_each(|(_, hour, calls)| by_hour[*hour] += calls);
    Ok(Figures {
        days,
        days_before,
        now: total(&parts, true),
        before: total(&parts, false),
        assistants: lines(&parts, &names, |part| part.assistant, AssistantId),
        numbers: lines(&parts, &names, |part| part.number, NumberId),
        slots: slots(days, &hours),
        hours: by_hour,
    })
}

fn total(parts: &[Part], is_now: bool) -> Sums {
    parts.iter().filter(|part| part.is_now == is_now).fold(Sums::default(), |mut all, part| {
        all.add(&part.sums);
        all
    })
}

/// One line for each assistant or number that had calls in either period, most calls first.
fn lines<T>(parts: &[Part], names: &HashMap<Uuid, String>, key: fn(&Part) -> Uuid, id: fn(Uuid) -> T) -> Vec<Line<T>> {
    let mut of: BTreeMap<Uuid, (Sums, Sums)> = BTreeMap::new();
    for part in parts {
        let (now, before) = of.entry(key(part)).or_default();
        if part.is_now { now.add(&part.sums) } else { before.add(&part.sums) }
    }
    let mut lines: Vec<_> = of.into_iter().filter(|(_, (now, before))| now.calls + before.calls > 0).collect();
    lines.sort_by_key(|(key, (now, before))| (-now.calls, -before.calls, *key));
    lines.into_iter().map(|(key, (now, before))| Line { id: id(key), name: names.get(&key).cloned(), now, before }).collect()
}

/// By hour of one day, by day, or by month.
fn slots(days: (NaiveDate, NaiveDate), hours: &[(NaiveDate, usize, i64)]) -> Vec<Slot> {
    let sum =
        |keep: &dyn Fn(NaiveDate, usize) -> bool| hours.iter().filter(|(day, hour, _)| keep(*day, *hour)).map(|(.., calls)| calls).sum();
    let (from, to) = days;
    if from == to {
        return (0..24_u8).map(|hour| Slot { from, to, hour: Some(hour), calls: sum(&|_, at| at == usize::from(hour)) }).collect();
    }
    let mut slots = Vec::new();
    let mut at = from;
    let is_by_day = (to - from).num_days() < MOST_DAYS;
    while at <= to {
        let next = if is_by_day { at.succ_opt() } else { at.checked_add_months(Months::new(1)).and_then(first_of_month) };
        let Some(next) = next else { break };
        let last = next.pred_opt().unwrap_or(at).min(to);
        slots.push(Slot { from: at, to: last, hour: None, calls: sum(&|day, _| (at..=last).contains(&day)) });
        at = next;
    }
    slots
}

fn first_of_month(day: NaiveDate) -> Option<NaiveDate> {
    use chrono::Datelike;
    day.with_day(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap_or_default()
    }

    #[test]
    fn slots_cover_the_period_and_hold_every_call() {
        let hours = [(day("2026-01-31"), 8, 2), (day("2026-02-01"), 9, 3), (day("2026-06-30"), 23, 1)];
        let of = |from: &str, to: &str| slots((day(from), day(to)), &hours);
        let one = of("2026-02-01", "2026-02-01");
        assert_eq!((one.len(), one[9].calls), (24, 3));
        let days = of("2026-01-30", "2026-02-02");
        assert_eq!(days.iter().map(|slot| slot.calls).collect::<Vec<_>>(), [0, 2, 3, 0]);
        let months = of("2026-01-15", "2026-06-30");
        assert_eq!(months.iter().map(|slot| slot.calls).collect::<Vec<_>>(), [2, 3, 0, 0, 0, 1]);
        assert_eq!((months[0].from, months[0].to, months[5].to), (day("2026-01-15"), day("2026-01-31"), day("2026-06-30")));
    }
}
