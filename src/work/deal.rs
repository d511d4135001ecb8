//! Who of a team gets a call: pure. What is decided here is written under the team's lock.

use super::model::Way;
use crate::shared::ids::AccountId;
use chrono::{DateTime, Utc};

/// Somebody of the team who may see calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub account: AccountId,
    /// None: any.
    pub languages: Vec<String>,
    pub skills: Vec<String>,
    /// Calls they look after that are not done.
    pub open: i64,
    pub last_given_at: Option<DateTime<Utc>>,
}

/// What a call asks of whoever gets it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Need {
    pub language: Option<String>,
    pub skills: Vec<String>,
    /// Who let it lie already.
    pub tried: Vec<AccountId>,
}

/// The one who gets it; nobody: it stays in the team's queue. A language is a must, knowledge a preference. Whatever the way, of equals the one
/// who has waited longest.
pub fn choose(way: Way, candidates: &[Candidate], need: &Need) -> Option<AccountId> {
    let rank = |one: &Candidate| match way {
        Way::Queue | Way::RoundRobin => (0, 0),
        Way::LeastBusy => (0, one.open),
        Way::Skills => (-known(one, need), one.open),
    };
    let fits = |one: &&Candidate| !need.tried.contains(&one.account) && (way != Way::Skills || speaks(one, need));
    let fitting = candidates.iter().filter(fits);
    // `None` is before any moment: who never had one is next.
    let first = fitting.min_by_key(|one| (rank(one), one.last_given_at, one.account))?;
    (way != Way::Queue).then_some(first.account)
}

fn speaks(one: &Candidate, need: &Need) -> bool {
    need.language.as_ref().is_none_or(|language| one.languages.is_empty() || one.languages.contains(language))
}

/// How much of what is asked for they know.
fn known(one: &Candidate, need: &Need) -> i64 {
    let knows = |wanted: &&String| one.skills.iter().any(|skill| skill.to_lowercase() == wanted.to_lowercase());
    i64::try_from(need.skills.iter().filter(knows).count()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn one(n: u128, open: i64, languages: &[&str], skills: &[&str]) -> Candidate {
        let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
        Candidate {
            account: AccountId(uuid::Uuid::from_u128(n)),
            languages: words(languages),
            skills: words(skills),
            open,
            last_given_at: None,
        }
    }

    fn people() -> impl Strategy<Value = Vec<Candidate>> {
        let person = (0_i64..5, 0_usize..4, 0_usize..4, proptest::option::of(0_i64..100));
        proptest::collection::vec(person, 0..8).prop_map(|all| {
            let languages: [&[&str]; 4] = [&[], &["fr"], &["en"], &["fr", "en"]];
            let skills: [&[&str]; 4] = [&[], &["price"], &["Invoice"], &["price", "invoice"]];
            let make = |(n, (open, l, s, at)): (usize, (i64, usize, usize, Option<i64>))| Candidate {
                last_given_at: at.and_then(|at| DateTime::from_timestamp(at, 0)),
                ..one(n as u128 + 1, open, languages[l], skills[s])
            };
            all.into_iter().enumerate().map(make).collect()
        })
    }

    proptest! {
        #[test]
        fn the_order_of_the_list_decides_nothing_and_who_let_it_lie_is_not_asked_again(all in people(), way in 0_usize..4, tried in 0_u128..8) {
            let way = Way::ALL[way];
            let need = Need { language: Some("fr".into()), skills: vec!["price".into()], tried: vec![AccountId(uuid::Uuid::from_u128(tried))] };
            let chosen = choose(way, &all, &need);
            let turned: Vec<_> = all.iter().rev().cloned().collect();
            prop_assert_eq!(chosen, choose(way, &turned, &need));
            prop_assert!(chosen.is_none_or(|chosen| !need.tried.contains(&chosen)));
            let left = all.iter().any(|one| !need.tried.contains(&one.account) && (way != Way::Skills || speaks(one, &need)));
            prop_assert_eq!(chosen.is_some(), left && way != Way::Queue);
        }

        #[test]
        fn in_turn_nobody_is_passed_over(people in 1_usize..7, rounds in 1_usize..5) {
            let mut all: Vec<_> = (0..people).map(|n| one(n as u128 + 1, 0, &[], &[])).collect();
            let mut counts: BTreeMap<AccountId, usize> = BTreeMap::new();
            for turn in 0..people * rounds {
                let chosen = choose(Way::RoundRobin, &all, &Need::default()).expect("somebody");
                *counts.entry(chosen).or_default() += 1;
                let given = all.iter_mut().find(|one| one.account == chosen).expect("of the team");
                given.last_given_at = DateTime::from_timestamp(turn as i64, 0);
            }
            prop_assert!(counts.len() == people && counts.values().all(|count| *count == rounds));
        }

        #[test]
        fn the_least_busy_has_no_more_than_anybody(all in people()) {
            if let Some(chosen) = choose(Way::LeastBusy, &all, &Need::default()) {
                let open = |account| all.iter().find(|one| one.account == account).map(|one| one.open);
                prop_assert_eq!(open(chosen), all.iter().map(|one| one.open).min());
            }
        }
    }

    #[test]
    fn a_language_is_a_must_and_knowledge_a_preference() {
        let all = [one(1, 0, &["en"], &["price"]), one(2, 3, &["fr"], &[]), one(3, 9, &["fr", "en"], &["Price"])];
        let need = |language: &str, skills: &[&str]| Need {
            language: Some(language.into()),
            skills: skills.iter().map(|skill| (*skill).to_owned()).collect(),
            tried: vec![],
        };
        assert_eq!(choose(Way::Skills, &all, &need("fr", &["price"])), Some(all[2].account));
        assert_eq!(choose(Way::Skills, &all, &need("fr", &["repair"])), Some(all[1].account), "the least busy of who speaks it");
        assert_eq!(choose(Way::Skills, &all, &need("de", &[])), None, "the team's queue");
    }
}
