//! Forms of teams, rules and people.

use super::model::*;
use crate::{
    reception::model::{LANGUAGES, WeekForm},
    shared::{
        error::{AppError, FieldErrors},
        ids::TeamId,
    },
};
use serde::{Deserialize, Serialize};

/// What somebody may be let wait for, in minutes: a month.
const MOST_MIN: i32 = 43_200;

/// What the form of a team sends.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TeamForm {
    pub name: String,
    /// Comma-separated.
    pub languages: String,
    /// Comma-separated.
    pub skills: String,
    pub week: Vec<String>,
    pub return_after_min: String,
    pub members: Vec<String>,
}

impl TeamForm {
    /// The form that says this.
    pub fn of(team: &Team) -> Self {
        Self {
            name: team.name.clone(),
            languages: team.languages.join(","),
            skills: team.skills.join(", "),
            week: WeekForm::of(&team.week).week,
            return_after_min: team.return_after_min.map(|minutes| minutes.to_string()).unwrap_or_default(),
            members: team.members.iter().map(ToString::to_string).collect(),
        }
    }

    /// Reads the form; the id is the caller's. Errors: `Invalid`.
    pub fn parse(&self) -> Result<Team, AppError> {
        let mut wrong = FieldErrors::default();
        let name = self.name.split_whitespace().collect::<Vec<_>>().join(" ");
        if !(2..=60).contains(&name.chars().count()) || name.contains('\0') {
            wrong.add("name", "work.team_name");
        }
        let languages = languages(&self.languages, &mut wrong);
        let week = WeekForm { week: self.week.clone() }.parse().unwrap_or_else(|found| {
            found.0.into_iter().for_each(|(field, code)| wrong.add(&field, &code));
            Default::default()
        });
        let return_after_min = minutes(&self.return_after_min, "return_after_min", &mut wrong);
        let members: Option<Vec<_>> = self.members.iter().filter(|id| !id.is_empty()).map(|id| id.parse().ok()).collect();
        if members.is_none() {
            wrong.add("members", "work.members");
        }
        if !wrong.is_empty() {
            return Err(wrong.into());
        }
        let members = members.unwrap_or_default();
        Ok(Team { id: TeamId(uuid::Uuid::nil()), name, languages, skills: skills(&self.skills), week, return_after_min, members })
    }
}

/// What the form of a rule sends.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RuleForm {
    pub cause: String,
    /// Empty: no rule.
    pub team: String,
    pub way: String,
    pub due_min: String,
}

impl RuleForm {
    /// Reads the form. Errors: `Invalid`.
    pub fn parse(&self) -> Result<(Cause, Option<WorkRule>), AppError> {
        let mut wrong = FieldErrors::default();
        let cause = self.cause.parse().ok().filter(|cause| Cause::RULES.contains(cause));
        let Some(cause) = cause else { return Err(AppError::invalid("cause", "work.choose")) };
        if self.team.is_empty() {
            return Ok((cause, None));
        }
        let due_min = minutes(&self.due_min, "due_min", &mut wrong);
        match (self.team.parse(), self.way.parse()) {
            (Ok(team), Ok(way)) if wrong.is_empty() => Ok((cause, Some(WorkRule { cause, team, way, due_min }))),
            (team, way) => {
                if team.is_err() {
                    wrong.add("team", "work.choose");
                }
                if way.is_err() {
                    wrong.add("way", "work.choose");
                }
                Err(wrong.into())
            }
        }
    }
}

/// Languages between commas that we know. Errors are added.
pub fn languages(text: &str, wrong: &mut FieldErrors) -> Vec<String> {
    let languages = list(text);
    if languages.iter().any(|tag| !LANGUAGES.contains(&tag.as_str())) {
        wrong.add("languages", "work.choose");
    }
    languages
}

/// What somebody knows, between commas.
pub fn skills(text: &str) -> Vec<String> {
    list(text).into_iter().take(12).map(|skill| skill.chars().filter(|c| *c != '\0').take(40).collect()).collect()
}

fn list(text: &str) -> Vec<String> {
    let mut list: Vec<String> = text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect();
    list.dedup();
    list
}

fn minutes(text: &str, field: &str, wrong: &mut FieldErrors) -> Option<i32> {
    let text = text.trim();
    let minutes = text.parse().ok().filter(|minutes| (1..=MOST_MIN).contains(minutes));
    if minutes.is_none() && !text.is_empty() {
        wrong.add(field, "work.minutes");
    }
    minutes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_team_is_read_as_it_was_written_and_each_wrong_field_is_named() {
        let form = TeamForm {
            name: " Accueil  du matin ".into(),
            languages: "fr,en".into(),
            skills: "devis, vaccins".into(),
            return_after_min: "15".into(),
            week: vec!["9-12".into()],
            ..TeamForm::default()
        };
        let team = form.parse().expect("a team");
        assert_eq!((team.name.as_str(), team.skills.len(), team.return_after_min), ("Accueil du matin", 2, Some(15)));
        assert_eq!(TeamForm::of(&team).parse(), Ok(team));
        let bad = TeamForm { name: "x".into(), languages: "tlh".into(), return_after_min: "0".into(), members: vec!["me".into()], ..form };
        let fields: Vec<String> = bad.parse().expect_err("refused").fields().0.into_keys().collect();
        assert_eq!(fields, ["languages", "members", "name", "return_after_min"]);
    }

    #[test]
    fn a_rule_without_a_team_is_none() {
        let form = RuleForm { cause: "human".into(), ..RuleForm::default() };
        assert_eq!(form.parse(), Ok((Cause::Human, None)));
        assert!(RuleForm { cause: "hand".into(), ..form.clone() }.parse().is_err(), "not a rule's");
        assert!(RuleForm { team: "team_1".into(), ..form }.parse().is_err());
    }
}
