//! Inviting everybody of a list. It is read and judged line by line; those who can be invited are, in one transaction, and the other lines are
//! named with what is wrong with them. A preview is the same without writing. Letters of a long list leave at a pace.

use super::{
    actions::{Locked, MOST_OPEN},
    letters::{Addressed, Sender},
    store,
};
use crate::{
    account::model::Email,
    i18n::{Locale, t_str},
    kit::role_key,
    platform::{OrgScope, OrgTx, spreadsheet, throttle},
    shared::{
        error::AppError,
        ids::InvitationId,
        permission::{Permission, Permissions, Role, RoleChoice},
    },
    team::model::*,
};
use chrono::{DateTime, Duration, Utc};
use std::collections::HashSet;

/// How many letters of a list leave at once.
const AT_ONCE: usize = 50;
/// How far apart the others leave: a hundred in an hour, as those that are written by hand.
const APART: Duration = Duration::seconds(36);
/// Letters of lists in a day.
const LETTERS_A_DAY: i32 = 1000;
const DAY_S: i32 = 24 * 3600;
/// How much of what is no address is shown.
const SHOWN: usize = 80;

/// What inviting everybody of a list would do. Errors: `Invalid`.
pub async fn preview(scope: &OrgScope, form: &ListForm) -> Result<ListReport, AppError> {
    let mut tx = scope.begin(Permission::TeamManage).await?;
    let team = Locked::seen(&mut tx).await?;
    Ok(judged(&mut tx, team, form).await?.report)
}

/// Does it. Errors: `Invalid`; `RateLimited`: then nobody was invited.
pub async fn import(scope: &OrgScope, form: &ListForm) -> Result<ListReport, AppError> {
    let mut tx = scope.begin(Permission::TeamManage).await?;
    let team = Locked::of(&mut tx).await?; // what is said of a line is still so when it is done
    let Judged { report, locales, times } = judged(&mut tx, team, form).await?;
    if times.is_empty() {
        return Ok(report);
    }
    let letters = i32::try_from(times.len()).unwrap_or(i32::MAX);
    throttle::take_many(scope.core(), &format!("lists of {}", scope.org()), letters, LETTERS_A_DAY, DAY_S).await?;
    let sender = Sender::of(&mut tx).await?;
    let mut times = times.into_iter();
    for (line, locale) in report.lines.iter().zip(&locales) {
        let (Outcome::New, Some(role)) = (line.outcome, line.role) else { continue };
        let to = Addressed { email: &line.email, role, locale: locale.map(Locale::code), at: times.next().flatten() };
        sender.write(&mut tx, InvitationId::at(scope.core().clock.now()), &to).await?;
    }
    tx.commit().await?;
    tracing::info!(org = %scope.org(), actor = ?scope.actor(), lines = report.lines.len(), letters, "list invited");
    Ok(report)
}

struct Judged {
    report: ListReport,
    /// The language each line names.
    locales: Vec<Option<Locale>>,
    /// When each letter leaves; absent: at once.
    times: Vec<Option<DateTime<Utc>>>,
}

async fn judged(tx: &mut OrgTx<'_>, team: Locked, form: &ListForm) -> Result<Judged, AppError> {
    let roles = Roles::of(tx, team).await?;
    let role = form.role.trim();
    let defaults = Defaults {
        role: if role.is_empty() { None } else { Some(roles.find(role).map_err(|code| AppError::invalid("role", code))?) },
        locale: language(&form.language).map_err(|code| AppError::invalid("language", code))?,
    };
    let open = store::open_addresses(tx).await?;
    let now = tx.scope().core().clock.now();
    let tail = open.iter().map(|(_, sent_at)| *sent_at).filter(|sent_at| *sent_at > now).max();
    let mut known = Known {
        members: store::member_addresses(tx).await?.into_iter().collect(),
        room: usize::try_from(MOST_OPEN).unwrap_or(0).saturating_sub(open.len()),
        open: open.into_iter().map(|(email, _)| email).collect(),
        seen: HashSet::new(),
    };
    let (lines, locales): (Vec<_>, Vec<_>) = read(&form.text)?.into_iter().map(|typed| judge(typed, &roles, &defaults, &mut known)).unzip();
    let mut report = ListReport { lines, ..ListReport::default() };
    let times = paced(report.count(Outcome::New), tail, now);
    report.later = u32::try_from(times.iter().flatten().count()).unwrap_or(u32::MAX);
    let last = times.iter().flatten().max().map_or(0, |last| ((*last - now).num_seconds() + 59) / 60);
    report.minutes = u32::try_from(last).unwrap_or(0);
    Ok(Judged { report, locales, times })
}

/// When each letter leaves: some at once, unless letters of another list still wait; the others behind the last, one after the other.
fn paced(letters: u32, tail: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Vec<Option<DateTime<Utc>>> {
    let at_once = if tail.is_some() { 0 } else { AT_ONCE };
    let mut last = tail.unwrap_or(now);
    let at = |n: usize| {
        (n >= at_once).then(|| {
            last += APART;
            last
        })
    };
    (0..usize::try_from(letters).unwrap_or(0)).map(at).collect()
}

/// The roles there are, and which of them may be given.
struct Roles {
    team: Locked,
    own: Vec<OwnRole>,
}

impl Roles {
    async fn of(tx: &mut OrgTx<'_>, team: Locked) -> Result<Self, AppError> {
        Ok(Self { team, own: store::roles(tx).await? })
    }

    /// A role by its name, ours or the organisation's, or by its id. Errors: the key of what is wrong.
    fn find(&self, text: &str) -> Result<RoleChoice, &'static str> {
        let (choice, permissions) = self.named(text).ok_or("team.role_unknown")?;
        self.team.may_give(choice, permissions).map_err(|_| "team.role_above")?;
        Ok(choice)
    }

    fn named(&self, text: &str) -> Option<(RoleChoice, Permissions)> {
        let wanted = fold(text);
        let own = |role: &OwnRole| (RoleChoice::Own(role.id), role.permissions.iter().copied().collect());
        if let Some(role) = self.own.iter().find(|role| fold(&role.name) == wanted || role.id.to_string() == text.trim()) {
            return Some(own(role));
        }
        let is_meant = |role: &Role| {
            fold(role.name()) == wanted || Locale::ALL.into_iter().any(|locale| fold(t_str(locale, role_key(*role))) == wanted)
        };
        Role::ALL.iter().copied().find(is_meant).map(|role| (RoleChoice::Given(role), role.into()))
    }
}

/// Lower case, without the accents people leave out.
fn fold(text: &str) -> String {
    let plain = |letter: char| match letter {
        'à' | 'â' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'î' | 'ï' => 'i',
        'ô' => 'o',
        'ù' | 'û' => 'u',
        'ç' => 'c',
        '_' | '-' => ' ',
        other => other,
    };
    text.trim().to_lowercase().chars().map(plain).collect()
}

/// A language by its code or its name. Errors: the key of what is wrong.
fn language(text: &str) -> Result<Option<Locale>, &'static str> {
    let wanted = fold(text);
    let named = |locale: &Locale| fold(locale.own_name()) == wanted;
    match wanted.as_str() {
        "" => Ok(None),
        "anglais" => Ok(Some(Locale::En)),
        "french" => Ok(Some(Locale::Fr)),
        _ => Locale::parse(text).or_else(|| Locale::ALL.into_iter().find(named)).map(Some).ok_or("team.language"),
    }
}

struct Defaults {
    role: Option<RoleChoice>,
    locale: Option<Locale>,
}

/// Who is here, who is expected, and how many more may be.
struct Known {
    members: HashSet<String>,
    open: HashSet<String>,
    seen: HashSet<String>,
    room: usize,
}

impl Known {
    fn outcome(&mut self, email: &str) -> Outcome {
        if !self.seen.insert(email.to_owned()) {
            return Outcome::Twice;
        }
        if self.members.contains(email) {
            return Outcome::Member;
        }
        if self.open.contains(email) {
            return Outcome::Invited;
        }
        match self.room.checked_sub(1) {
            Some(left) => {
                self.room = left;
                Outcome::New
            }
            None => Outcome::TooMany,
        }
    }
}

fn judge(typed: Typed, roles: &Roles, defaults: &Defaults, known: &mut Known) -> (ListLine, Option<Locale>) {
    let line = typed.line;
    match understood(&typed, roles, defaults) {
        Ok((email, role, locale)) => {
            let outcome = known.outcome(&email);
            (ListLine { line, email, role: Some(role), outcome, field: None, code: None }, locale)
        }
        Err((field, code)) => {
            let email = typed.email.chars().filter(|letter| !letter.is_control()).take(SHOWN).collect();
            (ListLine { line, email, role: None, outcome: Outcome::Wrong, field: Some(field.into()), code: Some(code.into()) }, None)
        }
    }
}

/// Errors: the field, and the key of what is wrong with it.
fn understood(
    typed: &Typed,
    roles: &Roles,
    defaults: &Defaults,
) -> Result<(String, RoleChoice, Option<Locale>), (&'static str, &'static str)> {
    if typed.has_more {
        return Err(("line", "team.columns"));
    }
    let email: Email = typed.email.parse().map_err(|_| ("email", "team.email"))?;
    let role = match (typed.role.is_empty(), defaults.role) {
        (false, _) => roles.find(&typed.role).map_err(|code| ("role", code))?,
        (true, Some(role)) => role,
        (true, None) => return Err(("role", "team.role")),
    };
    let locale = language(&typed.language).map_err(|code| ("language", code))?.or(defaults.locale);
    Ok((email.as_str().to_owned(), role, locale))
}

/// A line as it was typed.
#[derive(Debug, Default, PartialEq)]
struct Typed {
    line: u32,
    email: String,
    role: String,
    language: String,
    /// More than there are columns: a separator somebody did not mean.
    has_more: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Column {
    Email,
    Role,
    Language,
}

impl Column {
    fn of(name: &str) -> Option<Self> {
        Some(match fold(name.trim().trim_matches('"')).as_str() {
            "email" | "e mail" | "mail" | "address" | "adresse" | "adresse e mail" | "adresse mail" | "courriel" => Self::Email,
            "role" => Self::Role,
            "language" | "langue" | "locale" => Self::Language,
            _ => return None,
        })
    }
}

/// Reads a list. Errors: `Invalid` when there is nothing, or too much, to read.
fn read(text: &str) -> Result<Vec<Typed>, AppError> {
    let refused = |code| Err(AppError::invalid("text", code));
    if text.len() > LONGEST_LIST {
        return refused("team.list_too_long");
    }
    let text = text.trim_start_matches('\u{feff}');
    let Some(head) = text.lines().find(|line| !line.trim().is_empty()) else { return refused("required") };
    let separator = [';', '\t', ','].into_iter().find(|separator| head.contains(*separator)).unwrap_or(',');
    let named: Vec<Option<Column>> = head.split(separator).map(Column::of).collect();
    let has_head = named.contains(&Some(Column::Email));
    let columns = if has_head { named } else { [Column::Email, Column::Role, Column::Language].map(Some).to_vec() };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(u8::try_from(separator).unwrap_or(b','))
        .flexible(true)
        .has_headers(false)
        .from_reader(text.as_bytes());
    let (mut record, mut lines, mut is_head) = (csv::StringRecord::new(), Vec::new(), has_head);
    while reader.read_record(&mut record).unwrap_or(false) {
        if record.iter().all(|field| field.trim().is_empty()) || std::mem::take(&mut is_head) {
            continue;
        }
        if lines.len() == MOST_LINES {
            return refused("team.too_many_lines");
        }
        lines.push(typed(&record, &columns, spreadsheet::line_of(&record, text)));
    }
    if lines.is_empty() { refused("required") } else { Ok(lines) }
}

fn typed(record: &csv::StringRecord, columns: &[Option<Column>], line: u32) -> Typed {
    let has_more = record.iter().skip(columns.len()).any(|field| !field.trim().is_empty());
    let mut typed = Typed { line, has_more, ..Typed::default() };
    for (column, value) in columns.iter().zip(record) {
        let value = spreadsheet::typed(value.trim()).to_owned();
        match column {
            Some(Column::Email) => typed.email = value,
            Some(Column::Role) => typed.role = value,
            Some(Column::Language) => typed.language = value,
            None => {}
        }
    }
    typed
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seen(text: &str) -> Vec<(u32, String, String, String)> {
        read(text).expect("read").into_iter().map(|one| (one.line, one.email, one.role, one.language)).collect()
    }

    fn line(line: u32, email: &str, role: &str, language: &str) -> (u32, String, String, String) {
        (line, email.into(), role.into(), language.into())
    }

    #[test]
    fn a_list_is_read_with_headings_or_without() {
        let expected = [line(2, "ines@tilleuls.example", "agent", "fr"), line(4, "paul@tilleuls.example", "", "")];
        assert_eq!(
            seen("\u{feff}Langue;Adresse e-mail;Service;Rôle\nfr;ines@tilleuls.example;Soins;agent\n\n;paul@tilleuls.example;;\n"),
            expected
        );
        let bare = [line(1, "ines@tilleuls.example", "agent", "fr"), line(2, "paul@tilleuls.example", "", "")];
        assert_eq!(seen("ines@tilleuls.example, agent, fr\npaul@tilleuls.example"), bare);
        assert_eq!(seen("ines@tilleuls.example\tagent\tfr\r\npaul@tilleuls.example\r\n"), bare);
    }

    #[test]
    fn nothing_and_too_much_are_refused() {
        let code = |text: &str| read(text).expect_err("refused").fields().get("text").map(str::to_owned);
        let lines = |n: usize| "ines@tilleuls.example\n".repeat(n);
        assert_eq!(code(" \n"), Some("required".into()));
        assert_eq!(code("email;role\n"), Some("required".into()));
        assert_eq!(code(&lines(MOST_LINES + 1)), Some("team.too_many_lines".into()));
        assert_eq!(read(&lines(MOST_LINES)).expect("read").len(), MOST_LINES);
        assert_eq!(code(&"x".repeat(LONGEST_LIST + 1)), Some("team.list_too_long".into()));
    }

    #[test]
    fn what_is_more_than_the_columns_is_not_swallowed() {
        assert!(read("ines@tilleuls.example,agent,fr,x").expect("read")[0].has_more);
        assert!(!read("ines@tilleuls.example,agent,fr,,").expect("read")[0].has_more, "as spreadsheets fill up");
    }

    #[test]
    fn letters_of_a_long_list_leave_at_a_pace() {
        let now = DateTime::UNIX_EPOCH;
        let times = paced(52, None, now);
        assert!(times[..50].iter().all(Option::is_none));
        assert_eq!(times[50..], [Some(now + APART), Some(now + APART * 2)]);
        let tail = now + Duration::hours(1);
        assert_eq!(paced(1, Some(tail), now), [Some(tail + APART)], "behind those that wait");
    }

    #[test]
    fn languages_are_named_as_people_do() {
        for (typed, meant) in [("", None), ("FR", Some(Locale::Fr)), ("Anglais", Some(Locale::En)), ("Français", Some(Locale::Fr))] {
            assert_eq!(language(typed), Ok(meant), "{typed}");
        }
        assert_eq!(language("klingon"), Err("team.language"));
    }

    proptest! {
        #[test]
        fn no_list_is_too_strange(text in "(?s).{0,200}") {
            let _ = read(&text);
            let _ = read(&format!("email;role\n{text}"));
        }
    }
}
