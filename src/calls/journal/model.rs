//! The journal of incoming webhooks as both targets see it.

use crate::shared::{
    error::{AppError, FieldErrors},
    ids::{CallId, HookId},
};
use chrono::{DateTime, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};

/// Deliveries that are applied once more at a time.
pub const MOST_AGAIN: usize = 200;
/// How a moment is typed, in the organisation's zone.
const MOMENT: &str = "%Y-%m-%dT%H:%M";

text_enum! {
    /// How a delivery stands.
    HookState {
        /// It is in its call.
        Applied = "applied",
        /// Acknowledged; it will be in its call in a moment.
        Waiting = "waiting",
        /// Turned away, or nothing that could be read.
        Rejected = "rejected",
        /// Set aside: it could not be applied.
        Dead = "dead",
    }
}

/// Which deliveries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HookFilter {
    pub state: Option<HookState>,
    /// The provider's message type, whole.
    pub kind: Option<String>,
    /// A call: the provider's id or ours.
    pub call: Option<String>,
    pub from: Option<Moment>,
    /// Not included.
    pub until: Option<Moment>,
}

/// A point in time, or what a clock on the organisation's wall says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    At(DateTime<Utc>),
    Local(NaiveDateTime),
}

/// The filter as it stands in the address of the page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HookForm {
    pub state: String,
    pub kind: String,
    pub call: String,
    pub from: String,
    pub until: String,
}

impl HookForm {
    /// Errors: `Invalid`.
    pub fn parse(&self) -> Result<HookFilter, AppError> {
        let mut wrong = FieldErrors::default();
        let text = |text: &str, most| Some(text.trim().chars().take(most).collect::<String>()).filter(|text| !text.is_empty());
        let state = match self.state.trim() {
            "" => None,
            state => state.parse().ok().or_else(|| {
                wrong.add("state", "journal.filter");
                None
            }),
        };
        let (from, until) = (moment(&self.from, "from", &mut wrong), moment(&self.until, "until", &mut wrong));
        wrong.into_result()?;
        Ok(HookFilter { state, kind: text(&self.kind, 60), call: text(&self.call, 100), from, until })
    }

    /// The pairs of the address, without what is empty.
    pub fn pairs(&self) -> Vec<(&'static str, &str)> {
        let pairs = [("state", &self.state), ("kind", &self.kind), ("call", &self.call), ("from", &self.from), ("until", &self.until)];
        pairs.into_iter().map(|(name, value)| (name, value.trim())).filter(|(_, value)| !value.is_empty()).collect()
    }
}

fn moment(text: &str, field: &str, wrong: &mut FieldErrors) -> Option<Moment> {
    match text.trim() {
        "" => None,
        text => match NaiveDateTime::parse_from_str(text.get(..16).unwrap_or(text), MOMENT) {
            Ok(at) => Some(Moment::Local(at)),
            Err(_) => {
                wrong.add(field, "journal.filter");
                None
            }
        },
    }
}

/// A delivery, as the list has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookRow {
    pub id: HookId,
    pub at: DateTime<Utc>,
    pub state: HookState,
    /// Everything it says was known.
    pub is_repeat: bool,
    /// Why it was turned away or set aside, or what is particular about it: a stable word.
    pub reason: Option<String>,
    pub kind: Option<String>,
    pub call_ref: Option<String>,
    pub call: Option<CallId>,
    /// Of the whole body.
    pub bytes: i32,
    pub ip: Option<String>,
    /// How many deliveries the row stands for: of a flood of refusals only a few have rows.
    pub times: i32,
    pub last_at: Option<DateTime<Utc>>,
    pub replayed_at: Option<DateTime<Utc>>,
}

/// A page of deliveries, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookPage {
    pub items: Vec<HookRow>,
    pub next: Option<HookId>,
    pub now: DateTime<Utc>,
}

/// What says why a request was turned away: names and times.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Particulars {
    /// How deliveries had to prove themselves then.
    pub mode: Option<String>,
    /// The header that carries the proof; with `missing_header` the one that was not there.
    pub header: Option<String>,
    /// Names of the headers that came.
    pub given: Vec<String>,
    /// With `stale_timestamp`: when it says that it was signed, and by how much that may differ.
    pub signed_at: Option<DateTime<Utc>>,
    pub tolerance_s: Option<u32>,
}

/// A delivery with all that is kept of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookSheet {
    pub row: HookRow,
    pub particulars: Option<Particulars>,
    /// Without secrets; of what was turned away the beginning. Absent where nothing was kept, or it was erased.
    pub body: Option<String>,
    /// It can be applied once more.
    pub is_replayable: bool,
    pub now: DateTime<Utc>,
}

/// Which deliveries are applied once more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Which {
    One(HookId),
    /// Those of a filter, oldest first, after one. Without a state: what was set aside.
    Range(HookForm, Option<HookId>),
}

/// What applying deliveries once more has changed, or would.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replayed {
    /// How many were looked at.
    pub deliveries: i64,
    /// Of them, those without anything to apply: nothing is kept of them, or they name no call.
    pub skipped: i64,
    /// Those that the database refuses still.
    pub refused: Vec<HookId>,
    /// Calls that deliveries speak of and that are as they would be; and removed ones.
    pub unchanged: i64,
    pub gone: i64,
    pub calls: Vec<CallChange>,
    /// The last one, when there are more than are applied at a time.
    pub next: Option<HookId>,
}

/// A call that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallChange {
    /// Absent for one that is yet to be made.
    pub call: Option<CallId>,
    pub call_ref: String,
    pub deliveries: i64,
    pub fields: Vec<FieldChange>,
    /// The first of the lines that are added, with who says them.
    pub lines: Vec<String>,
    pub lines_added: i64,
    /// Kinds of the first happenings that are added.
    pub events: Vec<String>,
    pub events_added: i64,
}

/// A field of a call, before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    pub field: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_becomes_a_filter_and_wrong_fields_are_named() {
        let form = HookForm { state: "dead".into(), call: " c1 ".into(), from: "2026-11-23T10:00".into(), ..HookForm::default() };
        let filter = form.parse().expect("good");
        assert_eq!((filter.state, filter.call.as_deref(), filter.kind), (Some(HookState::Dead), Some("c1"), None));
        assert!(matches!(filter.from, Some(Moment::Local(_))) && filter.until.is_none());
        assert_eq!(form.pairs(), [("state", "dead"), ("call", "c1"), ("from", "2026-11-23T10:00")]);
        let wrong = HookForm { state: "odd".into(), until: "soon".into(), ..HookForm::default() };
        assert_eq!(wrong.parse().expect_err("refused").fields().0.into_keys().collect::<Vec<_>>(), ["state", "until"]);
    }
}
