//! The transfer directory: people and desks, and who of them takes a call. Pure.

use super::hours::{Calendar, Opening, Week};
use crate::shared::{ids::PersonId, phone::PhoneNumber};
use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};

text_enum! {
    /// When somebody can be reached.
    Duty {
        /// In the organisation's opening hours.
        Opening = "opening",
        Always = "always",
        /// In hours of their own, whatever the house's days off say.
        Own = "own",
    }
}

/// Somebody, or a desk, that callers are put through to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub id: PersonId,
    pub name: String,
    pub number: PhoneNumber,
    /// None: any.
    pub languages: Vec<String>,
    pub skills: Vec<String>,
    pub duty: Duty,
    pub week: Week,
    pub urgent_only: bool,
    /// 1 is tried first.
    pub priority: i32,
}

impl Person {
    /// Whether they can be reached at a local moment.
    pub fn is_on_duty(&self, house: &Calendar, local: NaiveDateTime) -> bool {
        match self.duty {
            Duty::Always => true,
            Duty::Opening => house.opening(local) == Opening::Open,
            Duty::Own => Calendar { week: self.week.clone(), days: vec![] }.opening(local) == Opening::Open,
        }
    }
}

/// Whom a caller wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// A skill, or a name.
    pub skill: Option<&'a str>,
    pub language: Option<&'a str>,
    pub is_urgent: bool,
}

/// Who takes the call, best first. Nobody who is off duty; nobody for urgent matters only, unless it is one; nobody of another language while
/// somebody speaks it. Who has the skill comes before who has none in particular; somebody of another skill comes last.
pub fn choose<'a>(people: &'a [Person], wanted: &Wanted<'_>, house: &Calendar, local: NaiveDateTime) -> Vec<&'a Person> {
    let on_duty = people.iter().filter(|person| person.is_on_duty(house, local) && (wanted.is_urgent || !person.urgent_only));
    let mut found: Vec<&Person> = on_duty.collect();
    let speaks = |person: &Person| {
        wanted.language.is_none_or(|tag| person.languages.is_empty() || person.languages.iter().any(|known| known == tag))
    };
    if found.iter().any(|person| speaks(person)) {
        found.retain(|person| speaks(person));
    }
    let fit = |person: &Person| match wanted.skill {
        None => u8::from(!person.skills.is_empty()), // a desk for everything before a specialist
        Some(skill) if has(person, skill) => 0,
        Some(_) if person.skills.is_empty() => 1,
        Some(_) => 2,
    };
    found.sort_by_cached_key(|person| {
        (fit(person), wanted.is_urgent && !person.urgent_only, person.priority, person.name.clone(), person.id)
    });
    found
}

fn has(person: &Person, skill: &str) -> bool {
    let wanted = plain(skill);
    !wanted.is_empty()
        && person
            .skills
            .iter()
            .chain([&person.name])
            .map(|known| plain(known))
            .any(|known| !known.is_empty() && (known.contains(&wanted) || wanted.contains(&known)))
}

/// Without the accents of French, in lower case: what a model writes down of what it heard.
fn plain(text: &str) -> String {
    let bare = |letter: char| match letter {
        'à' | 'â' | 'ä' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'î' | 'ï' => 'i',
        'ô' | 'ö' => 'o',
        'ù' | 'û' | 'ü' => 'u',
        'ç' => 'c',
        other => other,
    };
    text.to_lowercase().chars().map(bare).filter(|letter| letter.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reception::hours::read_spans;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn person(name: &str, priority: i32) -> Person {
        Person {
            id: PersonId(Uuid::from_u128(priority as u128)),
            name: name.into(),
            number: "+33199002410".parse().expect("a number"),
            languages: vec![],
            skills: vec![],
            duty: Duty::Always,
            week: Week::default(),
            urgent_only: false,
            priority,
        }
    }

    fn noon() -> NaiveDateTime {
        "2026-11-23T12:30:00".parse().expect("a moment")
    }

    fn names<'a>(people: &'a [Person], wanted: &Wanted<'_>) -> Vec<&'a str> {
        choose(people, wanted, &Calendar::default(), noon()).iter().map(|person| person.name.as_str()).collect()
    }

    #[test]
    fn skill_comes_first_then_priority_and_other_skills_last() {
        let people = [
            person("Accueil", 2),
            Person { skills: vec!["Comptabilité".into(), "factures".into()], ..person("Nadia", 1) },
            Person { skills: vec!["atelier".into()], ..person("Marc", 1) },
            person("Garde", 3),
        ];
        let ask = |skill| Wanted { skill: Some(skill), ..Wanted::default() };
        assert_eq!(names(&people, &ask("comptabilite")), ["Nadia", "Accueil", "Garde", "Marc"]);
        assert_eq!(names(&people, &ask("service factures")), ["Nadia", "Accueil", "Garde", "Marc"]);
        assert_eq!(names(&people, &ask("marc"))[0], "Marc", "by name, too");
        assert_eq!(names(&people, &Wanted::default()), ["Accueil", "Garde", "Marc", "Nadia"]);
    }

    #[test]
    fn urgency_language_and_hours_decide_who_is_there() {
        let mut week = Week::default();
        week.0[0] = read_spans("14:00-18:00").expect("hours");
        let people = [
            Person { urgent_only: true, ..person("Astreinte", 9) },
            Person { languages: vec!["en".into()], ..person("Jane", 1) },
            Person { duty: Duty::Own, week, ..person("Soir", 1) },
            person("Accueil", 2),
        ];
        assert_eq!(names(&people, &Wanted::default()), ["Jane", "Accueil"]);
        assert_eq!(names(&people, &Wanted { language: Some("fr"), ..Wanted::default() }), ["Accueil"]);
        assert_eq!(names(&people, &Wanted { is_urgent: true, ..Wanted::default() })[0], "Astreinte");
        assert_eq!(names(&people[1..2], &Wanted { language: Some("fr"), ..Wanted::default() }), ["Jane"], "better than nobody");
    }

    proptest! {
        #[test]
        fn nobody_off_duty_and_nobody_twice(flags in prop::collection::vec(any::<[bool; 3]>(), 0..12), is_urgent: bool, skill in prop::option::of("[a-c]{0,2}")) {
            let people: Vec<Person> = flags.iter().enumerate().map(|(at, [off, urgent_only, skilled])| {
                let mut week = Week::default();
                week.0[6] = read_spans("9-10").expect("hours");
                Person {
                    duty: if *off { Duty::Own } else { Duty::Always },
                    week,
                    urgent_only: *urgent_only,
                    skills: if *skilled { vec!["ab".into()] } else { vec![] },
                    id: PersonId(Uuid::from_u128(at as u128)),
                    ..person("x", at as i32)
                }
            }).collect();
            let wanted = Wanted { skill: skill.as_deref(), language: None, is_urgent };
            let found = choose(&people, &wanted, &Calendar::default(), noon());
            let expected = flags.iter().filter(|[off, urgent_only, _]| !off && (is_urgent || !urgent_only)).count();
            prop_assert_eq!(found.len(), expected);
            let mut ids: Vec<_> = found.iter().map(|person| person.id).collect();
            ids.sort_unstable();
            ids.dedup();
            prop_assert_eq!(ids.len(), expected);
        }
    }
}
