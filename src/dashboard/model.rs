//! What Home shows.

use crate::calls::model::{CallCard, HomeFigures};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

text_enum! {
    /// One step from nothing to a first call.
    Step {
        /// An assistant exists.
        Assistant = "assistant",
        /// A call was had, simulated or real.
        FirstCall = "first_call",
        /// A live call was watched.
        Watch = "watch",
        /// Vapi can reach us, and a number rings here.
        Connect = "connect",
    }
}

/// The steps and how far they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checklist {
    /// Every step with whether it is done, in order.
    pub steps: Vec<(Step, bool)>,
    /// Somebody put the list away.
    pub hidden: bool,
}

impl Checklist {
    /// How many steps are done.
    pub fn done(&self) -> usize {
        self.steps.iter().filter(|(_, done)| *done).count()
    }

    /// Whether the list is shown: not when all is done, nor when it was put away.
    pub fn is_shown(&self) -> bool {
        !self.hidden && self.done() < self.steps.len()
    }

    /// The first step that is not done.
    pub fn next(&self) -> Option<Step> {
        self.steps.iter().find(|(_, done)| !done).map(|(step, _)| *step)
    }
}

/// Everything Home needs, in one answer. Parts the role may not see are absent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Home {
    pub figures: Option<HomeFigures>,
    /// Calls that are not over.
    pub board: Vec<CallCard>,
    pub checklist: Option<Checklist>,
    pub now: DateTime<Utc>,
}

/// How much came with the demonstration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoData {
    pub calls: i64,
    pub assistants: i64,
}

impl DemoData {
    /// Nothing is left of it.
    pub fn is_empty(self) -> bool {
        self.calls == 0 && self.assistants == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_goes_when_all_is_done_or_when_it_was_put_away() {
        let list = |done: [bool; 4], hidden| Checklist { steps: Step::ALL.iter().copied().zip(done).collect(), hidden };
        let half = list([true, true, false, false], false);
        assert!(half.is_shown());
        assert_eq!((half.done(), half.next()), (2, Some(Step::Watch)));
        assert!(!list([true; 4], false).is_shown());
        assert!(!list([false; 4], true).is_shown());
    }
}
