//! Working together, as both targets see it.

use crate::{
    reception::hours::Week,
    shared::ids::{AccountId, CallId, TeamId},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

text_enum! {
    /// How a call that somebody looks after stands.
    WorkStatus {
        Open = "open",
        /// For somebody else: the caller, a supplier.
        Waiting = "waiting",
        Done = "done",
    }
}

text_enum! {
    /// How a person of a team is found.
    Way {
        /// Nobody is: whoever takes it.
        Queue = "queue",
        /// Who has waited longest for a call.
        RoundRobin = "round_robin",
        /// Who has the fewest open.
        LeastBusy = "least_busy",
        /// Who speaks the caller's language and knows most of what it is about.
        Skills = "skills",
    }
}

text_enum! {
    /// Why a call was given to somebody.
    Cause {
        /// Somebody did it.
        Hand = "hand",
        Urgent = "urgent",
        Complaint = "complaint",
        /// The caller asked for a person.
        Human = "human",
        /// A message was taken, or a call back is wanted.
        Message = "message",
    }
}

impl Cause {
    /// What rules know, the most pressing first: of several that hold the first decides.
    pub const RULES: [Self; 4] = [Self::Urgent, Self::Complaint, Self::Human, Self::Message];

    /// What a finding of an analysis asks for.
    pub fn of_finding(part: &str, code: &str) -> Option<Self> {
        match (part, code) {
            ("flag", "urgent") | ("intent", "emergency") => Some(Self::Urgent),
            ("flag" | "intent", "complaint") => Some(Self::Complaint),
            ("flag", "human_asked") | ("intent", "human") => Some(Self::Human),
            ("outcome", "message_taken") | ("intent", "message") | ("flag", "callback_wanted") => Some(Self::Message),
            _ => None,
        }
    }
}

/// To whom a call is given. As text: `nobody`, `me`, `acc_…`, `team_…`, `team_…:round_robin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Assignee {
    /// The queue of all.
    Nobody,
    /// Whoever asks.
    Me,
    Person(AccountId),
    /// Somebody of a team, or its queue.
    Team(TeamId, Way),
}

impl FromStr for Assignee {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "nobody we know";
        match text {
            "nobody" => Ok(Self::Nobody),
            "me" => Ok(Self::Me),
            text if text.starts_with("acc_") => text.parse().map(Self::Person).map_err(|_| wrong),
            text => {
                let (team, way) = text.split_once(':').unwrap_or((text, "queue"));
                Ok(Self::Team(team.parse().map_err(|_| wrong)?, way.parse().map_err(|_| wrong)?))
            }
        }
    }
}

impl std::fmt::Display for Assignee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nobody => f.write_str("nobody"),
            Self::Me => f.write_str("me"),
            Self::Person(account) => write!(f, "{account}"),
            Self::Team(team, Way::Queue) => write!(f, "{team}"),
            Self::Team(team, way) => write!(f, "{team}:{way}"),
        }
    }
}

impl Serialize for Assignee {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Assignee {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <std::borrow::Cow<'de, str>>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Who looks after a call, and how it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Work {
    pub call: CallId,
    pub status: WorkStatus,
    pub person: Option<(AccountId, String)>,
    pub team: Option<(TeamId, String)>,
    pub cause: Cause,
    pub due_at: Option<DateTime<Utc>>,
    /// Who gave it; absent for a rule, a program, and who has left.
    pub given_by: Option<String>,
    pub given_at: DateTime<Utc>,
    /// The person said yes.
    pub taken_at: Option<DateTime<Utc>>,
    /// It goes on then, unless it is taken up.
    pub return_at: Option<DateTime<Utc>>,
    /// Somebody let it lie.
    pub returned_at: Option<DateTime<Utc>>,
    pub done_at: Option<DateTime<Utc>>,
}

/// Whom a call can be given to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Hands {
    /// Members who may see calls, by name.
    pub people: Vec<(AccountId, String)>,
    pub teams: Vec<(TeamId, String)>,
    pub me: Option<AccountId>,
}

/// A call's place on its page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    pub work: Option<Work>,
    pub hands: Hands,
    pub now: DateTime<Utc>,
}

/// Some people who share work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Team {
    pub id: TeamId,
    pub name: String,
    pub languages: Vec<String>,
    pub skills: Vec<String>,
    pub week: Week,
    pub return_after_min: Option<i32>,
    pub members: Vec<AccountId>,
}

/// A member, as work is shared out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Colleague {
    pub account: AccountId,
    pub name: String,
    pub languages: Vec<String>,
    pub skills: Vec<String>,
    /// Their role lets them see calls.
    pub may_see_calls: bool,
}

/// What happens with calls of one kind once they are over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkRule {
    pub cause: Cause,
    pub team: TeamId,
    pub way: Way,
    /// Minutes from the giving.
    pub due_min: Option<i32>,
}

/// Teams, people and rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TeamSheet {
    pub teams: Vec<Team>,
    pub people: Vec<Colleague>,
    pub rules: Vec<WorkRule>,
    pub me: Option<AccountId>,
    /// The reader wants letters about work.
    pub wants_mail: bool,
}

/// Which assignments are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorkFilter {
    /// A team: its queue and its people's.
    pub assignee: Option<Assignee>,
    pub status: Option<WorkStatus>,
}

/// The mark calls are found by that somebody looks after; `me` must be known.
pub fn mark_of(assignee: Assignee, me: Option<AccountId>) -> Option<String> {
    Some(match assignee {
        Assignee::Nobody => "tag_for:nobody".to_owned(),
        Assignee::Me => format!("tag_for:{}", me?.0),
        Assignee::Person(account) => format!("tag_for:{}", account.0),
        Assignee::Team(team, _) => format!("tag_for:{}", team.0),
    })
}

/// Those of these people who are meant by `@Name` in a text. Of names that begin alike the longest counts.
pub fn mentioned(text: &str, people: &[(AccountId, String)]) -> Vec<AccountId> {
    let small = text.to_lowercase();
    let mut found = Vec::new();
    for (at, _) in small.match_indices('@') {
        let rest = &small[at + 1..];
        let fits = |name: &str| {
            let name = name.to_lowercase();
            !name.is_empty() && rest.strip_prefix(&name).is_some_and(|after| !after.chars().next().is_some_and(char::is_alphanumeric))
        };
        let longest = people.iter().filter(|(_, name)| fits(name)).map(|(_, name)| name.chars().count()).max();
        found.extend(people.iter().filter(|(_, name)| fits(name) && Some(name.chars().count()) == longest).map(|(id, _)| *id));
    }
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acc(n: u128) -> AccountId {
        AccountId(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn an_assignee_is_read_as_it_was_written() {
        let team = TeamId(uuid::Uuid::from_u128(4));
        for one in
            [Assignee::Nobody, Assignee::Me, Assignee::Person(acc(3)), Assignee::Team(team, Way::Queue), Assignee::Team(team, Way::Skills)]
        {
            assert_eq!(one.to_string().parse(), Ok(one));
        }
        for wrong in ["", "you", "acc_1", "team_00000000000000000000000004:soon", "call_00000000000000000000000004"] {
            assert!(wrong.parse::<Assignee>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_longest_name_after_the_sign_is_meant() {
        let people =
            [(acc(1), "Inès".to_owned()), (acc(2), "Inès Moreau".to_owned()), (acc(3), "Zoé".to_owned()), (acc(4), "zoé".to_owned())];
        assert_eq!(mentioned("Merci @inès moreau, et @Inès.", &people), [acc(1), acc(2)]);
        assert_eq!(mentioned("@Inès Moreau", &people), [acc(2)]);
        assert_eq!(mentioned("@Inèsa zoe@zoé.example", &people), [acc(3), acc(4)], "two of one name are both meant");
        assert!(mentioned("Inès, @ Inès, @", &people).is_empty());
    }

    #[test]
    fn the_most_pressing_cause_is_the_first() {
        assert_eq!(Cause::of_finding("flag", "complaint"), Some(Cause::Complaint));
        assert_eq!(Cause::of_finding("intent", "price"), None);
        assert!(
            Cause::RULES.iter().position(|cause| *cause == Cause::Urgent) < Cause::RULES.iter().position(|cause| *cause == Cause::Message)
        );
    }
}
