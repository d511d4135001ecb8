//! Inviting everybody of a list: what each line does, and that nothing is half done.

use crate::{
    app::TestApp,
    team::{as_role, invited, member, owner, scope_of},
    visitor::Doors,
};
use chrono::Duration;
use sqlx::PgPool;
use zencall::{
    platform::mail::Letter,
    shared::{
        error::AppError,
        ids::SessionId,
        permission::{Permission, Role, RoleChoice},
    },
    team::{
        model::{ListForm, ListReport, Outcome, RoleForm},
        server::actions,
    },
};

fn list(text: impl Into<String>) -> ListForm {
    ListForm { text: text.into(), ..ListForm::default() }
}

fn outcomes(report: &ListReport) -> Vec<(u32, Outcome, Option<&str>, Option<&str>)> {
    report.lines.iter().map(|line| (line.line, line.outcome, line.field.as_deref(), line.code.as_deref())).collect()
}

fn many(n: usize) -> ListForm {
    list((0..n).map(|n| format!("p{n}@tilleuls.example,agent\n")).collect::<String>())
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn each_line_of_a_list_is_told_and_the_good_ones_are_invited(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let (_, scope) = owner(&doors, "Les Tilleuls", "awa@tilleuls.example").await;
    invited(&doors, &scope, "expected@tilleuls.example").await;
    let soir = RoleForm { name: "Équipe du soir".into(), permissions: vec![Permission::CallsRead.name().into()] };
    let soir = actions::create_role(&scope, &soir.parse().expect("a role")).await.expect("made");
    let text = "mail;rôle;langue\nInes@Tilleuls.example;Agent;en\nAWA@tilleuls.example;agent;\nexpected@tilleuls.example;admin;\n\
                ines@tilleuls.example;admin;\n\npaul;agent;\nlea@tilleuls.example;roi;\nzoe@tilleuls.example;;xx\n\
                max@tilleuls.example;equipe du soir;;trop\nnoa@tilleuls.example;équipe du soir;fr\n";
    let form = ListForm { role: "read_only".into(), ..list(text) };
    let preview = actions::preview(&scope, &form).await.expect("read");
    let expected = [
        (2, Outcome::New, None, None),
        (3, Outcome::Member, None, None),
        (4, Outcome::Invited, None, None),
        (5, Outcome::Twice, None, None),
        (7, Outcome::Wrong, Some("email"), Some("team.email")),
        (8, Outcome::Wrong, Some("role"), Some("team.role_unknown")),
        (9, Outcome::Wrong, Some("language"), Some("team.language")),
        (10, Outcome::Wrong, Some("line"), Some("team.columns")),
        (11, Outcome::New, None, None),
    ];
    assert_eq!(outcomes(&preview), expected);
    assert_eq!((doors.mails().await, actions::read(&scope).await.expect("a team").invitations.len()), (vec![], 1), "nothing is done yet");
    assert_eq!(actions::import(&scope, &form).await.as_ref(), Ok(&preview), "as it was said");
    let mails = doors.mails().await;
    assert_eq!(
        mails.iter().map(|mail| (mail.to.as_str(), mail.locale.as_str())).collect::<Vec<_>>(),
        [("ines@tilleuls.example", "en"), ("noa@tilleuls.example", "fr")]
    );
    let open = actions::read(&scope).await.expect("a team").invitations;
    let role_of = |email: &str| open.iter().find(|one| one.email == email).map(|one| one.role);
    assert_eq!(role_of("ines@tilleuls.example"), Some(Role::Agent.into()));
    assert_eq!(role_of("noa@tilleuls.example"), Some(RoleChoice::Own(soir)));
    assert_eq!(role_of("expected@tilleuls.example"), Some(Role::Agent.into()), "as it was");
    let again = actions::import(&scope, &form).await.expect("read");
    assert_eq!((again.count(Outcome::New), again.count(Outcome::Invited)), (0, 3));
    assert_eq!(doors.mails().await, vec![]);
    // The links of a list lead where others do.
    let Letter::Invitation { url, .. } = &mails[0].letter else { panic!("another letter") };
    assert_eq!(doors.browser().get(url.strip_prefix("http://zencall.test").expect("ours")).await.status, 200);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn nobody_invites_above_themselves_by_a_list(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let admin = member(&app, &org, Role::Admin).await;
    let admin = scope_of(&app.core, org.id, admin, SessionId::generate(), Role::Admin);
    let form = list("ines@acme.example,owner\npaul@acme.example,admin\n");
    let said = actions::import(&admin, &form).await.expect("read");
    assert_eq!(outcomes(&said), [(1, Outcome::Wrong, Some("role"), Some("team.role_above")), (2, Outcome::New, None, None)]);
    let refused = actions::import(&admin, &ListForm { role: "owner".into(), ..list("a@acme.example") }).await;
    assert_eq!(refused, Err(AppError::invalid("role", "team.role_above")));
    let agent = as_role(&app, &org, Role::Agent);
    assert!(matches!(actions::preview(&agent, &form).await, Err(AppError::Forbidden { .. })));
    app.sql("delete from jobs.job").await;
}

/// The letters that wait for their time, first to last.
async fn waiting(doors: &Doors) -> i64 {
    doors.count("select count(*) from jobs.job where kind = 'team.send_letter'").await
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn letters_of_a_long_list_leave_one_after_the_other(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let (_, scope) = owner(&doors, "Les Tilleuls", "awa@tilleuls.example").await;
    let report = actions::import(&scope, &many(120)).await.expect("read");
    assert_eq!((report.count(Outcome::New), report.later, report.minutes), (120, 70, 42));
    assert_eq!((doors.mails().await.len(), waiting(&doors).await), (50, 70));
    let last = "select count(*) from invitations where sent_at = (select min(sent_at) from invitations) + interval '42 minutes'
                and expires_at = sent_at + interval '7 days'";
    assert_eq!(doors.count(last).await, 1, "good for a week from when the letter leaves");
    // Those of the next list line up behind.
    let next = actions::import(&scope, &list("late@tilleuls.example,agent")).await.expect("read");
    assert_eq!((next.later, next.minutes), (1, 43));
    let room = actions::preview(&scope, &many(500)).await.expect("read");
    assert_eq!((room.count(Outcome::Invited), room.count(Outcome::New), room.count(Outcome::TooMany)), (120, 379, 1));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_letter_that_waited_is_not_sent_for_an_invitation_that_was_taken_back(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let scope = as_role(&app, &org, Role::Owner);
    actions::import(&scope, &many(53)).await.expect("read");
    let id = |n: usize| format!("p{n}@tilleuls.example");
    let open = actions::read(&scope).await.expect("a team").invitations;
    let find = |n: usize| open.iter().find(|one| one.email == id(n)).expect("open").id;
    actions::revoke(&scope, find(50)).await.expect("taken back");
    let again = actions::resend(&scope, find(51)).await.expect("sent by hand");
    app.sql("delete from jobs.job where kind = 'mail.send'").await;
    app.sql("update jobs.job set run_at = now() where kind = 'team.send_letter'").await;
    app.run_jobs().await;
    let to: Vec<Vec<String>> = app.sim.mailbox().list().into_iter().map(|letter| letter.to).collect();
    assert_eq!(to, [[id(52)]], "not again {}", again.email);
    app.sql("delete from jobs.job").await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_lists_send_in_a_day_has_an_end_and_then_nobody_is_invited(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let (_, scope) = owner(&doors, "Les Tilleuls", "awa@tilleuls.example").await;
    for _ in 0..2 {
        actions::import(&scope, &many(500)).await.expect("read");
        for one in actions::open_invitations(&scope).await.expect("open") {
            actions::revoke(&scope, one.id).await.expect("taken back");
        }
        doors.mails().await;
    }
    let refused = actions::import(&scope, &many(1)).await;
    assert!(matches!(refused, Err(AppError::RateLimited { .. })), "{refused:?}");
    assert_eq!((actions::open_invitations(&scope).await, doors.mails().await), (Ok(vec![]), vec![]));
    doors.advance(Duration::hours(1));
}
