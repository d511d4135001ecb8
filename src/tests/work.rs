//! Working together on calls: who gets which, whatever happens at once, and what awaits whom.

use crate::{
    app::{TestApp, TestOrg},
    calls::Tab,
    team::{as_role, member, scope_of},
    visitor::Doors,
};
use chrono::Duration;
use sqlx::PgPool;
use std::collections::BTreeMap;
use zencall::{
    calls::{
        model::{CallFilter, INBOX, News, beside_topic},
        server::log::actions as log,
    },
    inbox::{
        model::{Kind, Until},
        server::actions as inbox,
    },
    platform::{Core, OrgScope, SystemTx},
    shared::{
        error::AppError,
        ids::{AccountId, CallId, OrgId, SessionId, TeamId},
        page::PageRequest,
        permission::Role,
    },
    team::server::actions as people,
    work::{
        forms::TeamForm,
        model::*,
        server::{actions, jobs, teams},
    },
};

/// A call that is over.
async fn call(core: &Core, org: OrgId) -> CallId {
    let id = CallId::at(core.clock.now());
    sqlx::query("insert into calls (id, org_id, direction, status, outcome, settled, customer_number, created_at) values ($1, $2, 'inbound', 'ended', 'done', true, '+33639981247', uuid_time($1))")
        .bind(id)
        .bind(org)
        .execute(&core.pool)
        .await
        .expect("a call");
    id
}

async fn team(scope: &OrgScope, name: &str, members: &[AccountId], patience: &str) -> TeamId {
    let form = TeamForm {
        name: name.into(),
        members: members.iter().map(ToString::to_string).collect(),
        return_after_min: patience.into(),
        ..TeamForm::default()
    };
    teams::save(scope, None, form.parse().expect("a form")).await.expect("a team")
}

async fn rule(scope: &OrgScope, cause: Cause, team: TeamId, way: Way) {
    teams::set_rule(scope, cause, Some(WorkRule { cause, team, way, due_min: Some(60) })).await.expect("a rule");
}

async fn who(scope: &OrgScope, call: CallId) -> Option<AccountId> {
    actions::read(scope, call).await.expect("an assignment").person.map(|(account, _)| account)
}

fn colleague(app: &TestApp, org: &TestOrg, account: AccountId, role: Role) -> OrgScope {
    scope_of(&app.core, org.id, account, SessionId::generate(), role)
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn calls_dealt_at_once_go_to_each_in_turn_and_none_twice(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let system = OrgScope::of_system(&app.core, org.id);
    let mut crew = vec![];
    for _ in 0..3 {
        crew.push(member(&app, &org, Role::Agent).await);
    }
    crew.push(member(&app, &org, Role::Billing).await); // may not see calls, so gets none
    let team = team(&system, "Accueil", &crew, "").await;
    rule(&system, Cause::Human, team, Way::RoundRobin).await;
    let mut calls = vec![];
    for _ in 0..12 {
        calls.push(call(&app.core, org.id).await);
    }
    // Each call is dealt by two processes at once.
    let both: Vec<_> = calls.iter().chain(&calls).copied().collect();
    let dealt = both.into_iter().map(|call| {
        let system = system.clone();
        tokio::spawn(async move { actions::deal_by_rule(&system, call, &[Cause::Message, Cause::Human], None, vec![]).await })
    });
    for one in dealt.collect::<Vec<_>>() {
        one.await.expect("no panic").expect("dealt");
    }
    let mut counts: BTreeMap<AccountId, usize> = BTreeMap::new();
    for call in &calls {
        *counts.entry(who(&system, *call).await.expect("somebody")).or_default() += 1;
    }
    assert_eq!(counts, crew[..3].iter().map(|one| (*one, 4)).collect(), "twelve calls, three people");
    assert_eq!(app.number("select count(*) from jobs.job where kind = 'work.tell_person'").await, 12);
    // Dealt again, later, nothing changes; let go, no rule takes it up.
    let before = who(&system, calls[0]).await;
    actions::deal_by_rule(&system, calls[0], &[Cause::Human], None, vec![]).await.expect("nothing to do");
    assert_eq!(who(&system, calls[0]).await, before);
    actions::let_go(&system, calls[0]).await.expect("let go");
    actions::deal_by_rule(&system, calls[0], &[Cause::Human], None, vec![]).await.expect("nothing to do");
    assert_eq!(actions::read(&system, calls[0]).await, Err(AppError::not_found("assignment")));
    app.sql("delete from jobs.job").await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_call_goes_to_who_speaks_its_language_or_waits_in_the_team(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let system = OrgScope::of_system(&app.core, org.id);
    let (ines, paul) = (member(&app, &org, Role::Agent).await, member(&app, &org, Role::Agent).await);
    teams::set_person(&system, ines, &["fr".into()], &["price".into()]).await.expect("kept");
    teams::set_person(&system, paul, &["en".into()], &[]).await.expect("kept");
    let team = team(&system, "Accueil", &[ines, paul], "").await;
    rule(&system, Cause::Complaint, team, Way::Skills).await;
    let deal = async |language: &str| {
        let call = call(&app.core, org.id).await;
        actions::deal_by_rule(&system, call, &[Cause::Complaint], Some(language.into()), vec!["price".into()]).await.expect("dealt");
        call
    };
    let (french, english, german) = (deal("fr").await, deal("en").await, deal("de").await);
    assert_eq!((who(&system, french).await, who(&system, english).await), (Some(ines), Some(paul)));
    let waiting = actions::read(&system, german).await.expect("an assignment");
    assert_eq!((waiting.person, waiting.team.map(|(id, _)| id), waiting.cause), (None, Some(team), Cause::Complaint));
    assert!(waiting.due_at.is_some());
    app.sql("delete from jobs.job").await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_finished_call_is_dealt_out_by_what_its_analysis_found(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let system = OrgScope::of_system(&app.core, org.id);
    let team = team(&system, "Accueil", &[org.account], "").await;
    rule(&system, Cause::Human, team, Way::LeastBusy).await;
    let t0 = chrono::Utc::now().timestamp_millis() - 60_000;
    let at = |ms: i64| chrono::DateTime::from_timestamp_millis(t0 + ms).expect("a time").to_rfc3339();
    let said =
        |n: i64, role: &str, words: &str| serde_json::json!({ "role": role, "message": words, "time": t0 + n, "endTime": t0 + n + 900 });
    let report = serde_json::json!({
        "type": "end-of-call-report", "timestamp": t0 + 30_000, "call": { "id": "c1", "type": "inboundPhoneCall" }, "customer": { "number": "+33639981247" },
        "endedReason": "customer-ended-call", "startedAt": at(0), "endedAt": at(28_000), "cost": 0.1,
        "artifact": { "messages": [said(1000, "bot", "Bonjour, cabinet Nord."), said(3000, "user", "Je veux parler à un humain, s'il vous plaît, passez-moi quelqu'un.")] },
    });
    assert_eq!(app.hook(&org, &report).await.status(), 200);
    app.applied().await;
    app.run_jobs().await;
    let call: CallId = sqlx::query_scalar("select id from calls").fetch_one(&app.core.pool).await.expect("a call");
    let work = actions::read(&system, call).await.expect("given by the rule");
    assert_eq!((work.person.map(|(id, _)| id), work.cause, work.given_by), (Some(org.account), Cause::Human, None));
    app.sql("delete from jobs.job").await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_nobody_takes_up_goes_on_and_what_is_taken_stays(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let core = doors.core.clone();
    let org = OrgId::at(core.clock.now());
    sqlx::query("insert into orgs (id, name, kind) values ($1, 'Acme', 'business')").bind(org).execute(&core.pool).await.expect("an org");
    let mut crew = vec![];
    for n in 0..2_u8 {
        let account = AccountId::generate();
        sqlx::query("with a as (insert into accounts (id, email, name, password_hash) values ($1, $2, $3, 'x')) insert into members (org_id, account_id, role) values ($4, $1, 'agent')")
            .bind(account)
            .bind(format!("{n}@example.test"))
            .bind(format!("Personne {n}"))
            .bind(org)
            .execute(&core.pool)
            .await
            .expect("a member");
        crew.push(account);
    }
    let system = OrgScope::of_system(&core, org);
    let team = team(&system, "Accueil", &crew, "10").await;
    let (lies, taken) = (call(&core, org).await, call(&core, org).await);
    let next = Assignee::Team(team, Way::RoundRobin);
    actions::assign(&system, &[lies], next, None).await.expect("given");
    actions::assign(&system, &[taken], next, None).await.expect("given");
    let (first, second) = (who(&system, lies).await.expect("somebody"), who(&system, taken).await.expect("somebody"));
    assert_ne!(first, second);
    let person = |account| scope_of(&core, org, account, SessionId::generate(), Role::Agent);
    assert_eq!(actions::take(&person(first), taken).await, Err(AppError::conflict("taken")));
    actions::take(&person(second), taken).await.expect("taken up");
    let on = async |minutes: i64| {
        doors.advance(Duration::minutes(minutes));
        jobs::go_on(core.clone()).await.expect("looked");
    };
    on(9).await;
    assert_eq!(who(&system, lies).await, Some(first), "not yet");
    on(1).await;
    assert_eq!((who(&system, lies).await, who(&system, taken).await), (Some(second), Some(second)));
    assert!(actions::read(&system, lies).await.expect("an assignment").returned_at.is_some());
    on(10).await;
    assert_eq!(who(&system, lies).await, None, "everybody has had it: the team's queue");
    on(60).await;
    assert_eq!(who(&system, lies).await, None);
    // It is in the inbox of everybody in the team, and says why.
    let seen = inbox::read(&person(first)).await.expect("an inbox");
    assert!(seen.items.iter().any(|item| item.kind == Kind::Team && item.was_returned && item.key == format!("team:{lies}")));
    // Outside the team's hours nobody is given anything.
    sqlx::query("update teams set week = '[[],[],[],[],[],[{\"from\":540,\"to\":720}],[]]'").execute(&core.pool).await.expect("hours");
    let late = call(&core, org).await;
    actions::assign(&system, &[late], next, None).await.expect("given");
    assert_eq!(who(&system, late).await, None, "it is Sunday");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn of_many_who_take_a_call_at_once_one_has_it(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Agent).await;
    let call = call(&app.core, org.id).await;
    let mut tries = vec![];
    for _ in 0..6 {
        let scope = colleague(&app, &org, member(&app, &org, Role::Agent).await, Role::Agent);
        tries.push(tokio::spawn(async move { actions::take(&scope, call).await }));
    }
    let mut won = 0;
    for one in tries {
        match one.await.expect("no panic") {
            Ok(_) => won += 1,
            Err(error) => assert_eq!(error, AppError::conflict("taken")),
        }
    }
    assert_eq!(won, 1);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn nothing_of_another_organisation_is_given_or_seen(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (acme, globex) = (app.org("Acme", Role::Owner).await, app.org("Globex", Role::Owner).await);
    let (here, there) = (as_role(&app, &acme, Role::Owner), as_role(&app, &globex, Role::Owner));
    let theirs = team(&there, "La canarie", &[globex.account], "").await;
    let (own, foreign) = (call(&app.core, acme.id).await, call(&app.core, globex.id).await);
    let missing = CallId::generate();
    let me = Assignee::Me;
    for call in [foreign, missing] {
        assert_eq!(actions::assign(&here, &[call], me, None).await, Ok(0));
        assert_eq!(actions::take(&here, call).await.err(), Some(AppError::not_found("call")));
        assert_eq!(actions::place(&here, call).await.err(), Some(AppError::not_found("call")));
        assert_eq!(actions::set_status(&here, call, WorkStatus::Done).await, Err(AppError::not_found("assignment")));
        assert_eq!(actions::put(&here, call, Some(me), None, None).await.err(), Some(AppError::not_found("call")));
    }
    for (foreign, missing) in [
        (Assignee::Person(globex.account), Assignee::Person(AccountId::generate())),
        (Assignee::Team(theirs, Way::Queue), Assignee::Team(TeamId::generate(), Way::Queue)),
    ] {
        let refused = actions::assign(&here, &[own], foreign, None).await;
        assert!(matches!(refused, Err(AppError::NotFound { .. })));
        assert_eq!(refused, actions::assign(&here, &[own], missing, None).await);
    }
    let in_team = TeamForm { name: "Accueil".into(), members: vec![globex.account.to_string()], ..TeamForm::default() };
    assert_eq!(teams::save(&here, None, in_team.parse().expect("a form")).await, Err(AppError::invalid("members", "work.members")));
    assert_eq!(teams::delete(&here, theirs).await, Err(AppError::not_found("team")));
    actions::assign(&there, &[foreign], Assignee::Me, None).await.expect("given");
    log::add_note(&there, foreign, "Vu par @Acme owner ?", None).await.expect("a note");
    let seen = format!(
        "{:?} {:?} {:?}",
        teams::sheet(&here).await.expect("a sheet"),
        actions::list(&here, &WorkFilter::default(), &PageRequest::first()).await.expect("a list"),
        inbox::read(&here).await.expect("an inbox")
    );
    assert!(!seen.contains("canarie") && !seen.contains(&foreign.to_string()) && !seen.contains(&globex.account.to_string()), "{seen}");
    app.sql("delete from jobs.job").await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_somebody_had_waits_for_the_others_when_they_go(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let owner = as_role(&app, &org, Role::Owner);
    let ines = member(&app, &org, Role::Agent).await;
    let team = team(&owner, "Accueil", &[ines, org.account], "").await;
    let (of_team, own) = (call(&app.core, org.id).await, call(&app.core, org.id).await);
    teams::save(
        &owner,
        Some(team),
        TeamForm { name: "Accueil".into(), members: vec![ines.to_string()], ..TeamForm::default() }.parse().expect("a form"),
    )
    .await
    .expect("changed");
    actions::assign(&owner, &[of_team], Assignee::Team(team, Way::LeastBusy), None).await.expect("given");
    actions::assign(&owner, &[own], Assignee::Person(ines), None).await.expect("given");
    log::add_note(&owner, own, "Merci @Inès Moreau", None).await.expect("a note");
    assert_eq!((who(&owner, of_team).await, who(&owner, own).await), (Some(ines), Some(ines)));
    let found = async |assignee| {
        let filter = CallFilter { assignee: Some(assignee), ..CallFilter::default() };
        log::read(&owner, &filter, &PageRequest::first()).await.expect("a log").items.len()
    };
    assert_eq!((found(Assignee::Person(ines)).await, found(Assignee::Nobody).await), (2, 0));
    people::remove(&owner, ines).await.expect("removed");
    let (of_team, own) = (actions::read(&owner, of_team).await.expect("kept"), actions::read(&owner, own).await.expect("kept"));
    assert_eq!((of_team.person, of_team.team.map(|(id, _)| id)), (None, Some(team)), "back in the team");
    assert_eq!((own.person, own.team), (None, None), "in the queue of all");
    assert_eq!((found(Assignee::Person(ines)).await, found(Assignee::Nobody).await), (0, 2));
    assert_eq!(app.number("select count(*) from note_mentions").await, 0);
    teams::delete(&owner, team).await.expect("dissolved");
    assert_eq!(actions::read(&owner, of_team.call).await.expect("kept").team, None);
    app.sql("delete from jobs.job").await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn who_may_not_see_calls_is_given_none_and_meant_by_no_note(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let owner = as_role(&app, &org, Role::Owner);
    let billing = member(&app, &org, Role::Billing).await;
    let call = call(&app.core, org.id).await;
    assert_eq!(
        actions::assign(&owner, &[call], Assignee::Person(billing), None).await,
        Err(AppError::invalid("assignee", "work.may_not_see"))
    );
    assert_eq!(log::add_note(&owner, call, "Vois @Inès Moreau", None).await, Err(AppError::invalid("text", "work.may_not_see")));
    assert_eq!(app.number("select count(*) from call_notes").await, 0, "nothing half done");
    // A reader without the permission changes nothing.
    let reader = as_role(&app, &org, Role::ReadOnly);
    assert!(matches!(actions::take(&reader, call).await, Err(AppError::Forbidden { .. })));
    assert!(matches!(actions::assign(&reader, &[call], Assignee::Me, None).await, Err(AppError::Forbidden { .. })));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_is_counted_is_what_is_listed_until_nothing_is(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let owner = as_role(&app, &org, Role::Owner);
    let ines = colleague(&app, &org, member(&app, &org, Role::Agent).await, Role::Agent);
    let account = ines.account().expect("a person");
    let (given, noted, free) = (call(&app.core, org.id).await, call(&app.core, org.id).await, call(&app.core, org.id).await);
    actions::assign(&owner, &[given], Assignee::Person(account), None).await.expect("given");
    log::add_note(&owner, noted, "Qu'en dis-tu @Inès Moreau ?", Some(12.5)).await.expect("a note");
    actions::assign(&owner, &[free], Assignee::Nobody, None).await.expect("in the queue");
    app.sql("insert into callbacks (id, org_id, number, caller_name) select gen_random_uuid(), id, '+33639981200', 'Mme Petit' from orgs")
        .await;
    app.sql("insert into unanswered_questions (id, org_id, language, question_key, question, last_asked_at) select gen_random_uuid(), id, 'fr', 'k', 'Garé où ?', now() from orgs").await;
    let kinds = async |scope: &OrgScope| {
        let inbox = inbox::read(scope).await.expect("an inbox");
        assert_eq!(inbox::count(scope).await, Ok(inbox.items.len() as u32));
        inbox.items.into_iter().map(|item| (item.kind, item.key)).collect::<Vec<_>>()
    };
    let listed = kinds(&ines).await;
    assert_eq!(
        listed.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(),
        [Kind::Call, Kind::Mention, Kind::Team, Kind::Callback],
        "no questions: an agent edits no answers"
    );
    assert_eq!(kinds(&owner).await.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [Kind::Team, Kind::Callback, Kind::Question]);
    // Nobody settles what is meant for another.
    assert_eq!(inbox::settle(&owner, &listed[1].1, true).await, Err(AppError::not_found("mention")));
    inbox::snooze(&ines, &listed[3].1, Some(Until::Hour)).await.expect("put off");
    assert_eq!(inbox::read(&ines).await.expect("an inbox").snoozed, 1);
    assert_eq!(kinds(&ines).await.len(), 3);
    assert_eq!(kinds(&owner).await.len(), 3, "for oneself only");
    inbox::snooze(&ines, &listed[3].1, None).await.expect("no longer");
    actions::take(&ines, free).await.expect("taken");
    for (_, key) in kinds(&ines).await {
        inbox::settle(&ines, &key, true).await.expect("done");
    }
    assert_eq!(kinds(&ines).await, [], "inbox zero");
    let done = actions::read(&owner, given).await.expect("an assignment");
    assert_eq!((done.status, done.done_at.is_some()), (WorkStatus::Done, true));
    for role in [Role::ReadOnly, Role::Developer, Role::Analyst] {
        let listed = kinds(&as_role(&app, &org, role)).await;
        assert!(listed.iter().all(|(kind, _)| role == Role::Developer && *kind == Kind::Question), "{role}: {listed:?}");
    }
    assert!(matches!(inbox::read(&as_role(&app, &org, Role::Billing)).await, Err(AppError::Forbidden { .. })));
    app.sql("delete from jobs.job").await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn letters_go_to_who_is_away_and_wants_them_in_their_language(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let org = app.org("Acme", Role::Owner).await;
    let owner = as_role(&app, &org, Role::Owner);
    let (away, silent) = (member(&app, &org, Role::Agent).await, member(&app, &org, Role::Agent).await);
    let call = call(&app.core, org.id).await;
    let other = self::call(&app.core, org.id).await;
    sqlx::query("update accounts set locale = 'en' where id = $1").bind(away).execute(&app.core.pool).await.expect("a locale");
    teams::set_wants_mail(&colleague(&app, &org, silent, Role::Agent), false).await.expect("no letters");
    actions::assign(&owner, &[call], Assignee::Person(away), None).await.expect("given");
    actions::assign(&owner, &[other], Assignee::Person(silent), None).await.expect("given");
    let system = OrgScope::of_system(&app.core, org.id);
    let third = self::call(&app.core, org.id).await;
    actions::assign(&system, &[third], Assignee::Person(org.account), None).await.expect("given to who is looking");
    let waiting: Vec<serde_json::Value> =
        sqlx::query_scalar("select payload from jobs.job where kind = 'work.tell_person' and run_at > now()")
            .fetch_all(&app.core.pool)
            .await
            .expect("jobs");
    assert_eq!(waiting.len(), 3);
    for job in waiting {
        jobs::tell_person(app.core.clone(), serde_json::from_value(job).expect("a job")).await.expect("done");
    }
    let letters: Vec<serde_json::Value> =
        sqlx::query_scalar("select payload from jobs.job where kind = 'mail.send'").fetch_all(&app.core.pool).await.expect("letters");
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!((letters[0]["to"].as_str(), letters[0]["locale"].as_str()), (Some(format!("{away}@example.test").as_str()), Some("en")));
    app.sql("delete from jobs.job").await;
}

/// The next news of a topic.
async fn heard(tab: &mut Tab, topic: &str) -> News {
    loop {
        let tell = tab.next().await.expect("news");
        if tell.topic == topic {
            return tell.news;
        }
    }
}

/// Waits until a topic says it. Who is there may be told more than once before it.
async fn until(tab: &mut Tab, topic: &str, wanted: News) {
    while heard(tab, topic).await != wanted {}
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn who_looks_at_a_call_is_seen_by_others_there_until_they_go(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (org, other) = (app.org("Acme", Role::Owner).await, app.org("Globex", Role::Owner).await);
    let call = call(&app.core, org.id).await;
    let topic = beside_topic(call);
    let ines = member(&app, &org, Role::Agent).await;
    let colleague = signed_in(&app, &org, ines).await;
    let mut first = Tab::open(&app, &org).await;
    first.follow(&topic, 0).await;
    first.follow(INBOX, 0).await;
    let here = async |tab: &mut Tab, wanted: &[AccountId]| {
        let mut wanted = wanted.to_vec();
        wanted.sort_unstable();
        until(tab, &topic, News::Here { accounts: wanted }).await;
    };
    here(&mut first, &[org.account]).await;
    let mut second = Tab::open(&app, &colleague).await;
    second.follow(&topic, 0).await;
    here(&mut first, &[org.account, ines]).await;
    here(&mut second, &[org.account, ines]).await;
    // What somebody writes beside the call is heard at once, by who looks at it and by inboxes.
    log::add_note(&as_role(&app, &org, Role::Owner), call, "Noté.", None).await.expect("a note");
    until(&mut second, &topic, News::Work).await;
    until(&mut first, INBOX, News::Work).await;
    drop(second);
    here(&mut first, &[org.account]).await;
    // Another organisation's call is not there.
    let mut stranger = Tab::open(&app, &other).await;
    stranger.follow(&topic, 0).await;
    assert_eq!(heard(&mut stranger, &topic).await, News::Closed { reason: "not_found".into() });
}

/// A browser of somebody else's.
async fn signed_in(app: &TestApp, org: &TestOrg, account: AccountId) -> TestOrg {
    let (session, token) = (SessionId::generate(), zencall::platform::crypto::token());
    let mut tx = SystemTx::begin(&app.core, "a test's session").await.expect("a transaction");
    sqlx::query("insert into sessions (id, token_hash, account_id, active_org, last_seen_at, expires_at) values ($1, $2, $3, $4, now(), now() + interval '1 day')")
        .bind(session)
        .bind(zencall::platform::crypto::token_hash(&token))
        .bind(account)
        .bind(org.id)
        .execute(tx.conn())
        .await
        .expect("a session");
    tx.commit().await.expect("committed");
    TestOrg {
        id: org.id,
        account,
        session,
        cookie: format!("__Host-zc={token}"),
        hook_path: org.hook_path.clone(),
        hook_secret: org.hook_secret.clone(),
    }
}
