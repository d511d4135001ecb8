//! The decision table: which call is answered by whom. Pure, and the same for a call that rings and for one that is tried in the page.

use super::hours::Opening;
use crate::shared::{
    ids::{AssistantId, PersonId, RuleId},
    phone::PhoneNumber,
};
use serde::{Deserialize, Serialize};

text_enum! {
    /// What a rule asks of the caller.
    CallerIs {
        Blocked = "blocked",
        Vip = "vip",
        Known = "known",
        Unknown = "unknown",
        /// The number is withheld.
        Withheld = "withheld",
    }
}

text_enum! {
    /// When a rule applies, as to opening hours.
    OpeningIs {
        Open = "open",
        /// Closed for whatever reason.
        Closed = "closed",
        /// Closed on a day that has hours of its own.
        Holiday = "holiday",
    }
}

text_enum! {
    /// What a rule does with a call.
    Way { Assistant = "assistant", Person = "person", Number = "number", Refuse = "refuse" }
}

/// What must be so; what is absent does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct When {
    /// The number called, in E.164.
    pub number: Option<String>,
    pub opening: Option<OpeningIs>,
    pub caller: Option<CallerIs>,
    /// The caller's known language.
    pub language: Option<String>,
    /// How the caller's number begins: `+33`.
    pub prefix: Option<String>,
    /// So many calls, or more, are in progress.
    pub calls_from: Option<i64>,
}

/// What then happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Then {
    pub way: Way,
    #[serde(default)]
    pub assistant: Option<AssistantId>,
    #[serde(default)]
    pub person: Option<PersonId>,
    #[serde(default)]
    pub number: Option<PhoneNumber>,
    /// What is said before the line is closed, and in which language.
    #[serde(default)]
    pub words: String,
    #[serde(default)]
    pub language: String,
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    pub id: RuleId,
    pub is_on: bool,
    pub when: When,
    pub then: Then,
}

/// What is known of a call when it is to be decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The number called, in E.164.
    pub number: Option<String>,
    pub opening: Opening,
    /// The caller's number; absent when it is withheld.
    pub caller: Option<String>,
    pub is_known: bool,
    pub is_vip: bool,
    pub is_blocked: bool,
    pub language: Option<String>,
    /// Calls in progress besides this one.
    pub calls: i64,
}

/// The first rule that applies and can be carried out; absent: the number's own assistant answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision<'a> {
    /// From 1, as the page counts.
    pub rule: Option<(usize, &'a Rule)>,
    /// Rules before it that applied and could not be carried out: their assistant, or person, is not there now.
    pub passed_over: Vec<usize>,
}

/// Decides. `can` says whether a way leads anywhere at this moment.
pub fn decide<'a>(rules: &'a [Rule], facts: &Facts, can: impl Fn(&Then) -> bool) -> Decision<'a> {
    let mut decision = Decision::default();
    for (at, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.is_on && rule.when.holds(facts)) {
        if can(&rule.then) {
            decision.rule = Some((at + 1, rule));
            break;
        }
        decision.passed_over.push(at + 1);
    }
    decision
}

impl When {
    /// Whether all of it is so.
    pub fn holds(&self, facts: &Facts) -> bool {
        let caller = match self.caller {
            None => true,
            Some(CallerIs::Blocked) => facts.is_blocked,
            Some(CallerIs::Vip) => facts.is_vip,
            Some(CallerIs::Known) => facts.is_known,
            Some(CallerIs::Unknown) => facts.caller.is_some() && !facts.is_known,
            Some(CallerIs::Withheld) => facts.caller.is_none(),
        };
        let opening = match self.opening {
            None => true,
            Some(OpeningIs::Open) => facts.opening == Opening::Open,
            Some(OpeningIs::Closed) => facts.opening != Opening::Open,
            Some(OpeningIs::Holiday) => facts.opening == Opening::Holiday,
        };
        caller
            && opening
            && self.number.as_ref().is_none_or(|number| facts.number.as_ref() == Some(number))
            && self.language.as_ref().is_none_or(|language| facts.language.as_ref() == Some(language))
            && self.prefix.as_ref().is_none_or(|prefix| facts.caller.as_ref().is_some_and(|caller| caller.starts_with(prefix.as_str())))
            && self.calls_from.is_none_or(|least| facts.calls >= least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn rule(when: When) -> Rule {
        let then = Then { way: Way::Refuse, assistant: None, person: None, number: None, words: "Non".into(), language: "fr".into() };
        Rule { id: RuleId(Uuid::nil()), is_on: true, when, then }
    }

    fn facts() -> Facts {
        Facts {
            number: Some("+33199000001".into()),
            opening: Opening::Open,
            caller: Some("+33612345678".into()),
            is_known: false,
            is_vip: false,
            is_blocked: false,
            language: None,
            calls: 2,
        }
    }

    #[test]
    fn each_condition_is_asked_for_itself() {
        let yes = [
            When::default(),
            When { number: Some("+33199000001".into()), ..When::default() },
            When { opening: Some(OpeningIs::Open), ..When::default() },
            When { caller: Some(CallerIs::Unknown), ..When::default() },
            When { prefix: Some("+336".into()), ..When::default() },
            When { calls_from: Some(2), ..When::default() },
        ];
        let no = [
            When { number: Some("+33199000002".into()), ..When::default() },
            When { opening: Some(OpeningIs::Closed), ..When::default() },
            When { caller: Some(CallerIs::Vip), ..When::default() },
            When { caller: Some(CallerIs::Withheld), ..When::default() },
            When { language: Some("en".into()), ..When::default() },
            When { prefix: Some("+44".into()), ..When::default() },
            When { calls_from: Some(3), ..When::default() },
        ];
        assert!(yes.iter().all(|when| when.holds(&facts())) && !no.iter().any(|when| when.holds(&facts())));
        let holiday = Facts { opening: Opening::Holiday, ..facts() };
        assert!(When { opening: Some(OpeningIs::Closed), ..When::default() }.holds(&holiday), "a holiday is closed, too");
        let withheld = Facts { caller: None, ..facts() };
        assert!(!When { caller: Some(CallerIs::Unknown), ..When::default() }.holds(&withheld));
        assert!(When { caller: Some(CallerIs::Withheld), ..When::default() }.holds(&withheld));
    }

    #[test]
    fn what_cannot_be_carried_out_is_passed_over_and_told() {
        let rules = [rule(When::default()), rule(When { caller: Some(CallerIs::Vip), ..When::default() }), rule(When::default())];
        let found = decide(&rules, &facts(), |then| !std::ptr::eq(then, &rules[0].then));
        assert_eq!((found.rule.map(|(n, _)| n), found.passed_over), (Some(3), vec![1]));
    }

    fn any_when() -> impl Strategy<Value = When> {
        let opening = prop::option::of(prop::sample::select(OpeningIs::ALL));
        let caller = prop::option::of(prop::sample::select(CallerIs::ALL));
        (opening, caller, prop::option::of(0..5_i64), prop::option::of("\\+33[16]?"))
            .prop_map(|(opening, caller, calls_from, prefix)| When { opening, caller, calls_from, prefix, ..When::default() })
    }

    fn any_facts() -> impl Strategy<Value = Facts> {
        (prop::sample::select(Opening::ALL), any::<[bool; 4]>(), 0..5_i64).prop_map(
            |(opening, [shown, is_known, is_vip, is_blocked], calls)| Facts {
                opening,
                caller: shown.then(|| "+33612345678".into()),
                is_known,
                is_vip,
                is_blocked,
                calls,
                ..facts()
            },
        )
    }

    proptest! {
        #[test]
        fn the_first_that_applies_decides(whens in prop::collection::vec((any_when(), any::<bool>(), any::<bool>()), 0..8), facts in any_facts()) {
            let rules: Vec<Rule> = whens.iter().map(|(when, is_on, can)| {
                let mut rule = Rule { is_on: *is_on, ..rule(when.clone()) };
                rule.then.words = if *can { "yes".into() } else { "no".into() };
                rule
            }).collect();
            let applies = |rule: &&Rule| rule.is_on && rule.when.holds(&facts);
            let found = decide(&rules, &facts, |then| then.words == "yes");
            let expected = rules.iter().position(|rule| applies(&rule) && rule.then.words == "yes");
            prop_assert_eq!(found.rule.map(|(n, _)| n - 1), expected);
            let before = expected.unwrap_or(rules.len());
            prop_assert_eq!(found.passed_over.len(), rules[..before].iter().filter(applies).count());
        }

        #[test]
        fn a_rule_that_is_off_or_further_down_changes_nothing(whens in prop::collection::vec(any_when(), 1..6), facts in any_facts(), extra in any_when()) {
            let rules: Vec<Rule> = whens.into_iter().map(rule).collect();
            let decided = decide(&rules, &facts, |_| true).rule.map(|(n, _)| n);
            let mut more = rules.clone();
            more.insert(0, Rule { is_on: false, ..rule(extra.clone()) });
            prop_assert_eq!(decide(&more, &facts, |_| true).rule.map(|(n, _)| n - 1), decided);
            let mut longer = rules.clone();
            longer.push(rule(extra));
            if decided.is_some() {
                prop_assert_eq!(decide(&longer, &facts, |_| true).rule.map(|(n, _)| n), decided);
            }
        }

        #[test]
        fn a_rule_is_read_as_it_was_written(when in any_when()) {
            let rule = rule(when);
            let text = serde_json::to_string(&rule).map_err(|e| TestCaseError::fail(e.to_string()))?;
            prop_assert_eq!(serde_json::from_str::<Rule>(&text).map_err(|e| TestCaseError::fail(e.to_string()))?, rule);
        }
    }
}
