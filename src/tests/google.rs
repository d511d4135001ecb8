//! Signing in with Google, over HTTP and against what stands in for it.

use crate::{
    account::with_second_factor,
    team::{invited, owner},
    visitor::{Answer, Browser, Doors},
};
use sqlx::PgPool;
use zencall::{
    account::{rules::RulesForm, server::actions},
    platform::mail::Letter,
    shared::error::AppError,
};

const PASSWORD: &str = "quatre tilleuls et un banc";

/// Follows a browser out to Google: it chooses an account there and brings back the path it is sent home with.
async fn chosen(way: &str, email: &str) -> String {
    let page = url::Url::parse(way).expect("an address of Google's");
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let shown = http.get(page.clone()).send().await.expect("a page");
    assert_eq!(shown.status(), 200, "{}", shown.text().await.unwrap_or_default());
    let mut next = page.join("/o/oauth2/v2/chosen").expect("an address");
    next.set_query(page.query());
    next.query_pairs_mut().append_pair("as", email);
    let sent = http.get(next).send().await.expect("an answer");
    let home = sent.headers()["location"].to_str().expect("text").to_owned();
    home.strip_prefix("http://localhost").unwrap_or_else(|| panic!("{home}")).to_owned()
}

/// Out and back.
async fn by_google(browser: &mut Browser<'_>, email: &str) -> Answer {
    let way = browser.get("/sign-in/google?next=%2Fcalls").await;
    assert_eq!(way.status, 303, "{}", way.body);
    let back = chosen(way.location(), email).await;
    browser.get(&back).await
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn somebody_new_signs_up_with_what_google_vouches_for_and_comes_back_with_a_click(pool: PgPool) {
    let (doors, _sim) = Doors::with_google(pool).await;
    let mut browser = doors.browser();
    assert!(browser.get("/sign-in").await.body.contains("href=\"/sign-in/google\""));
    let back = by_google(&mut browser, "ines@durand.example").await;
    assert_eq!((back.status.as_u16(), back.location()), (303, "/sign-up/google"));
    let page = browser.get("/sign-up/google").await;
    assert!(page.body.contains("ines@durand.example") && !page.body.contains("type=\"password\""));
    let wrong = browser.post("/sign-up/google", &[("kind", "business"), ("country", "FR"), ("name", "Inès")]).await;
    assert_eq!(wrong.status, 422, "a company and the terms are still wanted");
    let form = [("kind", "business"), ("company", "Durand"), ("country", "FR"), ("name", "Inès"), ("terms", "on")];
    // Another address in the form changes nothing: Google's counts.
    let done = browser.post("/sign-up/google", &[&form[..], &[("email", "else@durand.example")]].concat()).await;
    assert_eq!((done.status.as_u16(), done.location()), (303, "/home"), "{}", done.body);
    assert_eq!(browser.get("/home").await.status, 200);
    let sql = "select count(*) from accounts where email = 'ines@durand.example' and email_confirmed_at is not null and not has_password";
    assert_eq!(doors.count(sql).await, 1);
    assert_eq!(doors.count("select count(*) from acceptances").await, 2);
    assert_eq!(doors.count("select count(*) from sign_in_trips").await, 0);
    assert_eq!(browser.post("/sign-up/google", &form).await.status, 409, "once");

    let mut again = doors.browser();
    let back = by_google(&mut again, "ines@durand.example").await;
    assert_eq!((back.status.as_u16(), back.location()), (303, "/calls"), "where they wanted to go");
    assert_eq!(doors.count("select count(*) from accounts").await, 1);
    let guessed = doors.browser().post("/sign-in", &[("email", "ines@durand.example"), ("password", "")]).await;
    assert_eq!(guessed.status, 422, "no password opens it");

    // Without a password there is nothing to ask for before something that matters; a link makes one.
    doors.mails().await;
    let begun = again.post("/settings/security", &[("do", "begin"), ("begin[password]", "x")]).await;
    assert!(begun.status == 422 && begun.body.contains("pas de mot de passe"), "{}", begun.status);
    assert_eq!(again.post("/settings/security", &[("do", "disconnect"), ("disconnect[password]", "x")]).await.status, 422);
    assert_eq!(again.post("/settings/security", &[("do", "new_password")]).await.status, 303);
    let link = crate::visitor::link_of(&doors.mail().await);
    assert_eq!(doors.browser().post(&link, &[("password", PASSWORD)]).await.status, 303);
    let mut by_password = doors.browser();
    by_password.post("/sign-in", &[("email", "ines@durand.example"), ("password", PASSWORD)]).await;
    let gone = by_password.post("/settings/security", &[("do", "disconnect"), ("disconnect[password]", PASSWORD)]).await;
    assert_eq!(gone.status, 303, "{}", gone.body);
    assert_eq!(doors.count("select count(*) from account_identities").await, 0);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn an_account_is_found_by_its_address_only_where_google_and_we_both_know_it(pool: PgPool) {
    let (doors, _sim) = Doors::with_google(pool).await;
    owner(&doors, "Durand", "ines@durand.example").await;
    owner(&doors, "Port", "private.paul@port.example").await;
    owner(&doors, "Quai", "unverified.lea@quai.example").await;
    doors.mails().await;
    for stranger in ["private.paul@port.example", "unverified.lea@quai.example", "unverified.new@quai.example"] {
        let back = by_google(&mut doors.browser(), stranger).await;
        assert!(back.status == 409 && back.body.contains("ne répond pas de cette adresse"), "{stranger}: {}", back.status);
    }
    // Somebody made an account in another's name and never confirmed it: the owner of the address does not walk into it.
    let squat =
        [("kind", "individual"), ("country", "FR"), ("name", "X"), ("email", "zoe@gmail.com"), ("password", PASSWORD), ("terms", "on")];
    doors.browser().post("/sign-up", &squat).await;
    doors.mails().await;
    let back = by_google(&mut doors.browser(), "zoe@gmail.com").await;
    assert!(back.status == 409 && back.body.contains("Mot de passe oublié"), "{}", back.status);

    let mut ines = doors.browser();
    let back = by_google(&mut ines, "ines@durand.example").await;
    assert_eq!((back.status.as_u16(), back.location()), (303, "/calls"), "{}", back.body);
    let letters = doors.mails().await;
    let connected =
        letters.iter().find(|mail| matches!(&mail.letter, Letter::GoogleConnected { google, .. } if google == "ines@durand.example"));
    assert!(connected.is_some(), "she is told: {letters:?}");
    // From now on it is Google's id that counts, whatever becomes of the address.
    sqlx::query("update accounts set email = 'moved@durand.example' where email = 'ines@durand.example'")
        .execute(&doors.pool)
        .await
        .expect("moved");
    assert_eq!(by_google(&mut doors.browser(), "ines@durand.example").await.location(), "/calls");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_second_factor_is_still_asked_for(pool: PgPool) {
    let (doors, _sim) = Doors::with_google(pool).await;
    let mut camille = crate::account::at_home(&doors).await;
    let (_, codes) = with_second_factor(&doors, &mut camille).await;
    sqlx::query("update accounts set email_confirmed_at = now()").execute(&doors.pool).await.expect("confirmed");
    let mut browser = doors.browser();
    let back = by_google(&mut browser, "camille@tilleuls.example").await;
    assert_eq!((back.status.as_u16(), back.location()), (303, "/second-factor"), "{}", back.body);
    assert_eq!(browser.get("/home").await.status, 303, "not in yet");
    let done = browser.post("/second-factor", &[("code", &codes[0])]).await;
    assert_eq!(done.location(), "/calls");
    let sql = "select count(*) from sessions where google_domain = 'tilleuls.example' and second_factor_at is not null";
    assert_eq!(doors.count(sql).await, 1);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn coming_back_works_once_in_the_browser_that_left_and_in_time(pool: PgPool) {
    let (doors, sim) = Doors::with_google(pool).await;
    owner(&doors, "Durand", "ines@durand.example").await;
    let mut browser = doors.browser();
    let leave = async |browser: &mut Browser<'_>| {
        let way = browser.get("/sign-in/google?next=https%3A%2F%2Fevil.example").await;
        chosen(way.location(), "ines@durand.example").await
    };
    let back = leave(&mut browser).await;
    assert_eq!(doors.browser().get(&back).await.status, 409, "a link for somebody else's browser");
    let mut other = doors.browser();
    leave(&mut other).await;
    assert_eq!(other.get(&back).await.status, 409, "not even for one that left, too");
    let came = browser.get(&back).await;
    assert_eq!((came.status.as_u16(), came.location()), (303, "/home"), "and never to another site");
    assert_eq!(browser.get(&back).await.status, 409, "once");

    let back = leave(&mut browser).await;
    let forged = back.replace("state=", "state=x");
    assert_eq!(browser.get(&forged).await.status, 409);
    let other_code = back.replace("code=", "code=x");
    assert_eq!(browser.get(&other_code).await.status, 409);
    assert_eq!(browser.get(&back).await.status, 409, "the wrong code used the trip up");
    let back = leave(&mut browser).await;
    doors.advance(chrono::Duration::minutes(11));
    assert_eq!(browser.get(&back).await.status, 409, "too late");

    let given_up = browser.get("/sign-in/google/return?error=access_denied&state=x").await;
    assert_eq!(given_up.status, 303);
    let back = leave(&mut browser).await;
    sim.stop();
    let silent = browser.get(&back).await;
    assert!(silent.status == 502 && silent.body.contains("Google"), "{}", silent.status);
    let without = Doors::new(doors.pool.clone()).await;
    assert!(!without.browser().get("/sign-in").await.body.contains("/sign-in/google"), "not offered where it is not set up");
    assert_eq!(without.browser().get("/sign-in/google").await.status, 404);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_google_account_is_connected_with_the_password_and_opens_one_account_only(pool: PgPool) {
    let (doors, _sim) = Doors::with_google(pool).await;
    let (mut ines, _) = owner(&doors, "Durand", "ines@durand.example").await;
    let (mut paul, _) = owner(&doors, "Port", "paul@port.example").await;
    let connect = async |browser: &mut Browser<'_>, email: &str| {
        let page = browser.post("/settings/security", &[("do", "connect"), ("connect[password]", PASSWORD)]).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let way =
            page.body.split("href=\"").find(|rest| rest.contains("/o/oauth2/v2/auth")).expect("a way").split('"').next().expect("its end");
        let back = chosen(&way.replace("&amp;", "&"), email).await;
        browser.get(&back).await
    };
    let refused = ines.post("/settings/security", &[("do", "connect"), ("connect[password]", "a guess of mine")]).await;
    assert_eq!(refused.status, 422);
    // Any account of hers, also one whose address is another's mailbox: she proved the password.
    let done = connect(&mut ines, "private.ines@elsewhere.example").await;
    assert_eq!((done.status.as_u16(), done.location()), (303, "/settings/security?said=google_connected"), "{}", done.body);
    assert!(ines.get("/settings/security").await.body.contains("private.ines@elsewhere.example"));
    assert_eq!(connect(&mut paul, "private.ines@elsewhere.example").await.status, 409, "it opens hers");
    assert_eq!(connect(&mut ines, "leo@gmail.com").await.status, 409, "one each");
    assert_eq!(by_google(&mut doors.browser(), "private.ines@elsewhere.example").await.location(), "/calls");
    let acts = "select count(*) from audit_entries where action = 'google_connected'";
    assert_eq!(doors.count(acts).await, 1);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn an_invited_person_joins_with_google_and_without_a_password(pool: PgPool) {
    let (doors, _sim) = Doors::with_google(pool).await;
    let (_, scope) = owner(&doors, "Les Tilleuls", "awa@tilleuls.example").await;
    let (_, link) = invited(&doors, &scope, "ines@tilleuls.example").await;
    let mut ines = doors.browser();
    let way = ines.get(&format!("/sign-in/google?next={}", link.replace('/', "%2F"))).await;
    let back = chosen(way.location(), "someone@gmail.com").await;
    assert_eq!(ines.get(&back).await.location(), link);
    assert!(ines.get(&link).await.body.contains("type=\"password\""), "Google named somebody else");
    let way = ines.get(&format!("/sign-in/google?next={}", link.replace('/', "%2F"))).await;
    let back = chosen(way.location(), "ines@tilleuls.example").await;
    assert_eq!(ines.get(&back).await.location(), link);
    let page = ines.get(&link).await.body;
    assert!(page.contains("Google répond de votre adresse") && !page.contains("type=\"password\""));
    let joined = ines.post(&link, &[("name", "Inès"), ("terms", "on")]).await;
    assert_eq!((joined.status.as_u16(), joined.location()), (303, "/home"), "{}", joined.body);
    assert_eq!(ines.get("/calls").await.status, 200);
    assert_eq!(doors.count("select count(*) from orgs").await, 1);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn an_organisation_may_ask_for_google_accounts_of_its_domain(pool: PgPool) {
    let (doors, _sim) = Doors::with_google(pool).await;
    let (mut browser, scope) = owner(&doors, "Durand", "ines@durand.example").await;
    let asking = |domain: &str| RulesForm { google_domain: domain.into(), ..RulesForm::default() };
    let wrong = |code: &str| Err(AppError::invalid("google_domain", code));
    assert_eq!(actions::save_rules(&scope, &asking("gmail.com")).await, wrong("rules.google_domain"));
    assert_eq!(actions::save_rules(&scope, &asking("durand.example")).await, wrong("rules.google_yourself_first"));

    // Her own session came by password; one by Google may make the rule.
    let mut google = doors.browser();
    assert_eq!(by_google(&mut google, "ines@durand.example").await.location(), "/calls");
    let saved = google.post("/rpc/zencall/account/rules/save_sign_in_rules", &[("form[google_domain]", "Durand.example")]).await;
    assert!(saved.status.is_success() || saved.status.is_redirection(), "{} {}", saved.status, saved.body);
    assert_eq!(google.get("/calls/export.csv").await.status, 200);
    assert_eq!(browser.get("/calls/export.csv").await.status, 403, "the one by password sees nothing any more");
    let home = browser.get("/home").await.body;
    assert!(home.contains("compte Google qu’elle gère") && home.contains("/sign-in/google"), "and is told the way");
    // An owner with a second factor has a way back in without Google.
    sqlx::query("update sessions set second_factor_at = now() where google_domain is null").execute(&doors.pool).await.expect("shown");
    assert_eq!(browser.get("/calls/export.csv").await.status, 200);
    sqlx::query("update members set role = 'admin'").execute(&doors.pool).await.expect("an admin");
    assert_eq!(browser.get("/calls/export.csv").await.status, 403, "nobody else");
    assert_eq!(google.get("/calls/export.csv").await.status, 200);
}
