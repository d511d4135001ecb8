//! Accounts over HTTP: every way in, and every way that must stay shut.

use crate::{
    app::until,
    visitor::{Answer, Browser, Doors, link_of},
};
use axum::http::StatusCode;
use chrono::Duration;
use sqlx::PgPool;
use zencall::platform::mail::{Letter, Mail};

const EMAIL: &str = "camille@tilleuls.example";
const PASSWORD: &str = "un cheval de trait bleu";

const SIGN_UP: [(&str, &str); 9] = [
    ("kind", "business"),
    ("company", "Cabinet Renard"),
    ("siren", "552 049 447"),
    ("vat_number", "FR35552049447"),
    ("country", "BE"),
    ("name", "Awa Diallo"),
    ("email", "Camille@Tilleuls.example"),
    ("password", PASSWORD),
    ("terms", "true"),
];

fn sign_up_with<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    SIGN_UP.iter().map(|(name, value)| changes.iter().find(|(changed, _)| changed == name).copied().unwrap_or((*name, *value))).collect()
}

async fn signed_up(doors: &Doors) -> Mail {
    let answer = doors.browser().post("/sign-up", &SIGN_UP).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/sign-up/sent"), "{}", answer.body);
    doors.mail().await
}

async fn sign_in(browser: &mut Browser<'_>, email: &str, password: &str) -> Answer {
    browser.post("/sign-in", &[("email", email), ("password", password)]).await
}

/// A browser that is signed in to a new account.
pub async fn at_home(doors: &Doors) -> Browser<'_> {
    signed_up(doors).await;
    let mut browser = doors.browser();
    let answer = sign_in(&mut browser, EMAIL, PASSWORD).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/home"), "{}", answer.body);
    browser
}

async fn is_signed_in(browser: &mut Browser<'_>) -> bool {
    browser.get("/settings/account").await.status == StatusCode::OK
}

/// A control with this name is marked as wrong, and its words are there.
fn says(answer: &Answer, field: &str, words: &str) -> bool {
    let control = format!("name=\"{field}\"");
    let marked = answer.body.split('<').any(|tag| tag.contains(&control) && tag.contains("aria-invalid=\"true\""));
    marked && answer.body.contains(words)
}

fn code(doors: &Doors, secret: &str, steps_away: i64) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret.replace(' ', "")).unwrap_or_else(|e| panic!("{e}"));
    let totp = totp_rs::Builder::new().with_secret(secret).build().unwrap_or_else(|e| panic!("{e}"));
    totp.generate(u64::try_from(doors.now().timestamp() + 30 * steps_away).unwrap_or(0)).to_string()
}

/// Switches the second factor on; returns the secret and the codes on paper.
pub async fn with_second_factor(doors: &Doors, browser: &mut Browser<'_>) -> (String, Vec<String>) {
    let begun = browser.post("/settings/security", &[("do", "begin"), ("begin[password]", PASSWORD)]).await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.body);
    let page = browser.get("/settings/security").await.body;
    assert!(page.contains("class=\"qr\"") && page.contains("M0 0h1v1h-1z"));
    let secret = between(&page, "<code translate=\"no\">", "</code>");
    let secret = secret.trim_end_matches("<!>").to_owned();
    assert_eq!(secret.len(), 39, "{secret}");
    let confirmed = browser.post("/settings/security", &[("do", "confirm"), ("code", &code(doors, &secret, 0))]).await;
    assert_eq!(confirmed.status, StatusCode::OK, "{}", confirmed.body);
    let list = between(&confirmed.body, "class=\"codes\"", "</ul>");
    let codes: Vec<String> =
        list.split("<code>").skip(1).filter_map(|rest| Some(rest.split("</code>").next()?.trim_end_matches("<!>").to_owned())).collect();
    assert_eq!(codes.len(), 10);
    (secret, codes)
}

fn between(text: &str, before: &str, after: &str) -> String {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("no {before}")).1;
    rest.split_once(after).unwrap_or_else(|| panic!("no {after}")).0.to_owned()
}

/// Counts hashes by the metric the operator sees. Tests run on one thread each, so a thread's recorder hears only its own.
struct Hashes(metrics_exporter_prometheus::PrometheusRecorder);

impl Hashes {
    fn new() -> Self {
        Self(metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder())
    }

    fn count(&self) -> u32 {
        let text = self.0.handle().render();
        let line = text.lines().find_map(|line| line.strip_prefix("zencall_password_hashes_total "));
        line.and_then(|count| count.parse().ok()).unwrap_or(0)
    }
}

// Signing up

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_business_signs_up_with_an_organisation_and_proof_of_what_it_accepted(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let mail = signed_up(&doors).await;
    assert_eq!((mail.to.as_str(), mail.locale.as_str()), (EMAIL, "fr"));
    assert!(matches!(mail.letter, Letter::ConfirmAddress { ref name, valid_hours: 24, .. } if name == "Awa Diallo"));
    let org: Vec<String> = sqlx::query_scalar(
        "select array[o.name, o.kind, o.siren, o.vat_number, o.country, o.timezone, m.role] from orgs o join members m on m.org_id = o.id join accounts a on a.id = m.account_id where a.email = $1",
    )
    .bind(EMAIL)
    .fetch_one(&doors.pool)
    .await
    .unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(org, ["Cabinet Renard", "business", "552049447", "FR35552049447", "BE", "Europe/Brussels", "owner"]);
    let accepted: Vec<(String, String, String)> = sqlx::query_as("select document, version, host(ip) from acceptances order by document")
        .fetch_all(&doors.pool)
        .await
        .unwrap_or_else(|e| panic!("{e}"));
    let version = zencall::shared::legal::TERMS_VERSION.to_owned();
    assert_eq!(
        accepted,
        [
            ("privacy".into(), zencall::shared::legal::PRIVACY_VERSION.into(), "192.0.2.1".into()),
            ("terms".into(), version, "192.0.2.1".into())
        ]
    );
    assert_eq!(doors.count("select count(*) from acceptances where created_at = '2026-11-22T09:00:00Z'").await, 2);
    assert_eq!(doors.count("select count(*) from accounts where password_hash like '$argon2id$v=19$m=19456,t=2,p=1$%'").await, 1);
    assert_eq!(doors.count("select count(*) from hook_endpoints").await, 1);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn an_individual_needs_no_company_and_the_mail_speaks_their_language(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let mut browser = doors.browser();
    browser.language = "en-GB".into();
    let fields = sign_up_with(&[("kind", "individual"), ("company", ""), ("siren", "nonsense of a hidden field"), ("vat_number", "")]);
    assert_eq!(browser.post("/sign-up", &fields).await.location(), "/sign-up/sent");
    assert_eq!(doors.mail().await.locale, "en");
    assert_eq!(
        doors
            .count("select count(*) from orgs where name = 'Awa Diallo' and kind = 'individual' and siren is null and locale = 'en'")
            .await,
        1
    );
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn every_wrong_field_is_named_and_what_was_typed_is_kept_but_for_the_password(pool: PgPool) {
    let doors = Doors::new(pool).await;
    for (field, value, words) in [
        ("company", " ", "Un nom est nécessaire."),
        ("company", "Gagnez sur https://evil.example", "Un nom, sans adresse web"),
        ("siren", "552049448", "Un SIREN a neuf chiffres"),
        ("vat_number", "FR123", "n’a pas la forme d’un numéro de TVA"),
        ("vat_number", "FR83404833048", "appartient à un autre SIREN"),
        ("country", "XX", "Choisissez un pays"),
        ("name", "", "Un nom est nécessaire."),
        ("email", "camille", "Une adresse complète"),
        ("email", "a@b.fr\r\nBcc: x@y.fr", "Une adresse complète"),
        ("password", "trop court", "Il faut au moins 12 caractères."),
        ("password", "motdepasse123456", "l’un des premiers"),
        ("password", "bonjour Camille 12", "Il contient votre adresse"),
        ("password", "cabinet renard 12", "Il contient votre adresse"),
        ("terms", "", "Sans cet accord"),
    ] {
        let answer = doors.browser().post("/sign-up", &sign_up_with(&[(field, value)])).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}={value}");
        assert!(says(&answer, field, words), "{field}={value}: {}", answer.body);
        assert!(!answer.body.contains(PASSWORD), "{field}");
        assert!(answer.body.contains("value=\"Awa Diallo\"") || field == "name", "{field}: what was typed is kept");
    }
    assert_eq!(doors.count("select count(*) from accounts").await, 0);
    assert!(doors.mails().await.is_empty());
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_a_visitor_typed_never_becomes_markup(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let answer =
        doors.browser().post("/sign-up", &sign_up_with(&[("company", "\"><script>alert(1)</script>"), ("email", "\"><img src=x>")])).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!answer.body.contains("<script") && !answer.body.contains("<img src=x"), "{}", answer.body);
    let page = doors.browser().get("/sign-in?next=/calls%22%3E%3Cscript%3E&said=%3Cscript%3E").await;
    assert!(!page.body.contains("<script"), "{}", page.body);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn an_address_that_has_an_account_gets_the_same_answer_and_a_mail_that_says_so(pool: PgPool) {
    let doors = Doors::new(pool).await;
    signed_up(&doors).await;
    let hashes = Hashes::new();
    let again = {
        let _counting = metrics::set_default_local_recorder(&hashes.0);
        doors
            .browser()
            .post(
                "/sign-up",
                &sign_up_with(&[("email", " CAMILLE@tilleuls.EXAMPLE "), ("password", "un autre mot plus long"), ("name", "Mallory")]),
            )
            .await
    };
    assert_eq!((again.status, again.location()), (StatusCode::SEE_OTHER, "/sign-up/sent"));
    assert_eq!(hashes.count(), 1, "a sign-up costs one hash, whoever has the address");
    let mail = doors.mail().await;
    assert!(matches!(mail.letter, Letter::AlreadyRegistered { ref name, .. } if name == "Awa Diallo"), "{mail:?}");
    assert_eq!(doors.count("select count(*) from accounts").await, 1);
    assert_eq!(doors.count("select count(*) from orgs").await, 1);
    assert_eq!(sign_in(&mut doors.browser(), EMAIL, PASSWORD).await.location(), "/home", "nothing of the account was changed");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn nobody_is_flooded_with_mail_by_somebody_elses_tries(pool: PgPool) {
    let doors = Doors::new(pool).await;
    signed_up(&doors).await;
    for n in 0..9 {
        let mut browser = doors.browser();
        browser.ip = format!("198.51.100.{n}");
        let answer = browser.post("/forgot", &[("email", EMAIL)]).await;
        assert_eq!(answer.location(), "/forgot/sent", "the answer does not tell");
    }
    assert_eq!(doors.mails().await.len(), 4, "five an hour, one of them was the confirmation");
}

// Confirming

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn looking_at_a_link_confirms_nothing_and_pressing_the_button_does_once(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let link = link_of(&signed_up(&doors).await);
    for _ in 0..3 {
        let page = doors.browser().get(&link).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains(EMAIL) && page.body.contains("method=\"post\""));
        assert_eq!(page.headers["referrer-policy"], "no-referrer");
    }
    assert_eq!(doors.count("select count(*) from accounts where email_confirmed_at is not null").await, 0);
    let confirmed = doors.browser().post(&link, &[]).await;
    assert_eq!((confirmed.status, confirmed.location()), (StatusCode::SEE_OTHER, "/sign-in?said=confirmed"));
    assert!(confirmed.cookie("__Host-zc").is_none(), "a link from a mail signs nobody in");
    assert_eq!(doors.count("select count(*) from accounts where email_confirmed_at = '2026-11-22T09:00:00Z'").await, 1);
    assert_eq!(doors.browser().post(&link, &[]).await.status, StatusCode::GONE);
    assert_eq!(doors.browser().get(&link).await.status, StatusCode::GONE);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_link_that_is_too_old_or_made_up_or_of_another_kind_does_nothing(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let confirm = link_of(&signed_up(&doors).await);
    doors.browser().post("/forgot", &[("email", EMAIL)]).await;
    let reset = link_of(&doors.mail().await);
    let crossed = [
        reset.replace("/reset/", "/confirm/"),
        confirm.replace("/confirm/", "/reset/"),
        "/confirm/nonsense".into(),
        "/reset/nonsense".into(),
    ];
    for link in &crossed {
        assert_eq!(doors.browser().get(link).await.status, StatusCode::GONE, "{link}");
        assert_eq!(doors.browser().post(link, &[("password", "un tout nouveau mot")]).await.status, StatusCode::GONE, "{link}");
    }
    doors.advance(Duration::minutes(61));
    assert_eq!(
        doors.browser().post(&reset, &[("password", "un tout nouveau mot")]).await.status,
        StatusCode::GONE,
        "an hour for a password"
    );
    assert_eq!(doors.browser().get(&confirm).await.status, StatusCode::OK, "a day for an address");
    doors.advance(Duration::hours(23));
    assert_eq!(doors.browser().post(&confirm, &[]).await.status, StatusCode::GONE);
    assert_eq!(doors.count("select count(*) from accounts where email_confirmed_at is not null").await, 0);
}

// Signing in and out

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_session_begins_with_a_cookie_that_only_the_browser_can_read(pool: PgPool) {
    let doors = Doors::new(pool).await;
    signed_up(&doors).await;
    let mut browser = doors.browser();
    let answer = sign_in(&mut browser, "CAMILLE@TILLEULS.EXAMPLE", PASSWORD).await;
    let cookie = answer.cookie("__Host-zc").unwrap_or_else(|| panic!("{answer:?}"));
    for attribute in ["; Path=/;", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age="] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains("Domain"));
    assert_eq!(answer.headers["cache-control"], "no-store");
    let token = browser.cookies["__Host-zc"].clone();
    assert!(token.len() >= 43, "256 bits");
    let kept: Vec<u8> =
        sqlx::query_scalar("select token_hash from sessions").fetch_one(&doors.pool).await.unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(kept, zencall::platform::crypto::token_hash(&token), "the table holds a hash only");
    assert_eq!(browser.cookies["zc_lang"], "fr", "the account's language");
    let page = browser.get("/settings/account").await;
    assert!(page.status == StatusCode::OK && page.body.contains("Awa Diallo") && page.body.contains("Cabinet Renard"), "{}", page.body);
    assert!(!page.body.contains(&token));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn an_unknown_address_costs_the_same_hash_and_gets_the_same_answer(pool: PgPool) {
    let doors = Doors::new(pool).await;
    signed_up(&doors).await;
    let mut bodies = vec![];
    for email in [EMAIL, "nobody@tilleuls.example"] {
        let hashes = Hashes::new();
        let _counting = metrics::set_default_local_recorder(&hashes.0);
        let answer = sign_in(&mut doors.browser(), email, "not the password at all").await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(says(&answer, "password", "ne correspondent pas"), "{}", answer.body);
        assert!(answer.cookie("__Host-zc").is_none());
        assert_eq!(hashes.count(), 1, "{email}");
        bodies.push(answer.body.replace(email, "…"));
    }
    assert_eq!(bodies[0], bodies[1]);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_password_of_a_million_characters_is_refused_without_a_hash(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let mut browser = at_home(&doors).await;
    let hashes = Hashes::new();
    let _counting = metrics::set_default_local_recorder(&hashes.0);
    let (long, huge) = ("x".repeat(3_000), "x".repeat(1_000_000));
    for (password, status) in [(&long, StatusCode::UNPROCESSABLE_ENTITY), (&huge, StatusCode::PAYLOAD_TOO_LARGE)] {
        assert_eq!(sign_in(&mut doors.browser(), EMAIL, password).await.status, status);
        assert_eq!(doors.browser().post("/sign-up", &sign_up_with(&[("password", password)])).await.status, status);
        assert_eq!(
            browser.post("/settings/security", &[("do", "password"), ("current", PASSWORD), ("password", password)]).await.status,
            status
        );
        assert_eq!(browser.post("/settings/security", &[("do", "begin"), ("begin[password]", password)]).await.status, status);
    }
    assert_eq!(hashes.count(), 0);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn guessing_is_throttled_per_account_and_per_address(pool: PgPool) {
    let doors = Doors::new(pool).await;
    signed_up(&doors).await;
    for n in 0..10 {
        assert_eq!(
            sign_in(&mut doors.browser(), EMAIL, &format!("guess number {n} of many")).await.status,
            StatusCode::UNPROCESSABLE_ENTITY
        );
    }
    let refused = sign_in(&mut doors.browser(), EMAIL, PASSWORD).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "the right password too: no oracle");
    assert!(refused.headers.contains_key("retry-after") && refused.body.contains("Trop d’essais"));
    assert!(refused.cookie("__Host-zc").is_none());
    let mut elsewhere = doors.browser();
    elsewhere.ip = "203.0.113.7".into();
    assert_eq!(sign_in(&mut elsewhere, EMAIL, PASSWORD).await.location(), "/home", "a stranger's guesses do not lock the owner out");
    for n in 0..39 {
        sign_in(&mut doors.browser(), &format!("someone{n}@tilleuls.example"), "a guess for everybody").await;
    }
    let other = sign_in(&mut doors.browser(), "fresh@tilleuls.example", "a guess for everybody").await;
    assert_eq!(other.status, StatusCode::TOO_MANY_REQUESTS, "fifty tries from one address");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn without_the_counter_nobody_comes_in(pool: PgPool) {
    let doors = Doors::new(pool).await;
    signed_up(&doors).await;
    sqlx::query("drop table throttles").execute(&doors.pool).await.unwrap_or_else(|e| panic!("{e}"));
    let answer = sign_in(&mut doors.browser(), EMAIL, PASSWORD).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.cookie("__Host-zc").is_none() && answer.body.contains("inc_") && !answer.body.contains("throttles"));
    assert_eq!(doors.count("select count(*) from sessions").await, 0);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn at_most_as_many_hashes_at_once_as_there_are_cores(pool: PgPool) {
    let doors = Doors::new(pool).await;
    signed_up(&doors).await;
    let turns = doors.core.hashing.acquire_many(2).await.unwrap_or_else(|e| panic!("{e}"));
    let mut browser = doors.browser();
    {
        let waiting = sign_in(&mut browser, EMAIL, PASSWORD);
        let waited = tokio::time::timeout(std::time::Duration::from_millis(300), waiting).await;
        assert!(waited.is_err(), "no turn is free");
    }
    drop(turns);
    assert_eq!(sign_in(&mut browser, EMAIL, PASSWORD).await.location(), "/home");
    assert_eq!(doors.core.hashing.available_permits(), 2, "every turn comes back, also those of visitors who left");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn after_sign_in_only_our_own_pages_are_next(pool: PgPool) {
    let doors = Doors::new(pool).await;
    signed_up(&doors).await;
    for (wanted, next) in [
        ("/calls?q=33", "/calls?q=33"),
        ("//evil.example", "/home"),
        ("/\\evil.example", "/home"),
        ("https://evil.example/", "/home"),
        ("javascript:alert(1)", "/home"),
        ("/\t/evil.example", "/home"),
        ("", "/home"),
    ] {
        let answer = doors.browser().post("/sign-in", &[("email", EMAIL), ("password", PASSWORD), ("next", wanted)]).await;
        assert_eq!(answer.location(), next, "{wanted:?}");
    }
    let mut browser = doors.browser();
    let sent = browser.get("/settings/sessions?x=1").await;
    let page = browser.get(sent.location()).await;
    assert!(page.body.contains("name=\"next\" value=\"/settings/sessions?x=1\""), "{}: {}", sent.location(), page.body);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn signing_out_ends_the_session_and_clears_the_site(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let mut browser = at_home(&doors).await;
    let mut stolen = browser.clone();
    assert!(is_signed_in(&mut stolen).await);
    let answer = browser.post("/sign-out", &[]).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/sign-in?said=signed_out"));
    assert_eq!(answer.headers["clear-site-data"], "\"cache\", \"storage\"");
    assert!(answer.cookie("__Host-zc").is_some_and(|cookie| cookie.contains("Max-Age=0")));
    assert!(!is_signed_in(&mut stolen).await, "the cookie is worth nothing any more");
    assert_eq!(browser.get("/sign-out").await.status, StatusCode::METHOD_NOT_ALLOWED, "a link cannot sign anybody out");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_session_ends_when_it_is_idle_and_when_it_is_old(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let mut browser = at_home(&doors).await;
    for _ in 0..6 {
        doors.advance(Duration::days(13));
        assert!(is_signed_in(&mut browser).await);
    }
    doors.advance(Duration::days(13));
    assert!(!is_signed_in(&mut browser).await, "ninety days in all");
    let mut idle = doors.browser();
    sign_in(&mut idle, EMAIL, PASSWORD).await;
    doors.advance(Duration::days(14));
    assert!(!is_signed_in(&mut idle).await, "fourteen days without a visit");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_is_over_is_forgotten_at_night_and_nothing_else(pool: PgPool) {
    let doors = Doors::new(pool).await;
    signed_up(&doors).await;
    sign_in(&mut doors.browser(), EMAIL, PASSWORD).await;
    doors.advance(Duration::days(20));
    let mut browser = doors.browser();
    sign_in(&mut browser, EMAIL, PASSWORD).await;
    for _ in 0..2 {
        zencall::account::server::jobs::sweep(&doors.core).await.unwrap_or_else(|e| panic!("{e:?}"));
    }
    assert_eq!(doors.count("select count(*) from sessions").await, 1);
    assert_eq!(doors.count("select count(*) from mail_tokens").await, 0);
    assert_eq!(doors.count("select count(*) from acceptances").await, 2, "proof stays");
    assert!(is_signed_in(&mut browser).await);
    assert!(doors.count("select count(*) from throttles").await > 0, "tries of today still count");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_form_of_a_foreign_page_is_refused(pool: PgPool) {
    use tower::ServiceExt;
    let doors = Doors::new(pool).await;
    let browser = at_home(&doors).await;
    for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
        let request = axum::http::Request::post("/sign-out")
            .header("host", "zencall.test")
            .header("cookie", format!("__Host-zc={}", browser.cookies["__Host-zc"]))
            .header("content-type", "application/x-www-form-urlencoded")
            .header(name, value)
            .body(axum::body::Body::empty())
            .unwrap_or_else(|e| panic!("{e}"));
        let Ok(answer) = doors.router().oneshot(request).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{name}");
    }
    assert_eq!(doors.count("select count(*) from sessions").await, 1);
}

// Forgotten password

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_forgotten_password_is_replaced_once_and_every_session_ends(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let mut browser = at_home(&doors).await;
    let unknown = doors.browser().post("/forgot", &[("email", "nobody@tilleuls.example")]).await;
    assert!(doors.mails().await.is_empty());
    let known = doors.browser().post("/forgot", &[("email", EMAIL)]).await;
    assert_eq!((unknown.status, unknown.location(), &unknown.body), (known.status, known.location(), &known.body));
    let mail = doors.mail().await;
    assert!(matches!(mail.letter, Letter::ResetPassword { valid_minutes: 60, .. }));
    let link = link_of(&mail);

    let weak = doors.browser().post(&link, &[("password", "court")]).await;
    assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(says(&weak, "password", "Il faut au moins 12 caractères."));

    let new = "une toute autre phrase";
    let done = doors.browser().post(&link, &[("password", new)]).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/sign-in?said=reset"));
    assert!(done.cookie("__Host-zc").is_none(), "a reset signs nobody in");
    assert!(matches!(doors.mail().await.letter, Letter::PasswordChanged { .. }));
    assert!(!is_signed_in(&mut browser).await);
    assert_eq!(doors.browser().post(&link, &[("password", "et encore une autre")]).await.status, StatusCode::GONE, "good once");
    assert_eq!(sign_in(&mut doors.browser(), EMAIL, PASSWORD).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(sign_in(&mut doors.browser(), EMAIL, new).await.location(), "/home");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn two_that_use_a_link_at_once_are_one_that_does(pool: PgPool) {
    let doors = Doors::new(pool).await;
    signed_up(&doors).await;
    doors.browser().post("/forgot", &[("email", EMAIL)]).await;
    let link = link_of(&doors.mail().await);
    let (mut one, mut other) = (doors.browser(), doors.browser());
    let (first, second) =
        tokio::join!(one.post(&link, &[("password", "la première phrase")]), other.post(&link, &[("password", "la seconde phrase")]));
    let mut answers = [first.status, second.status];
    answers.sort();
    assert_eq!(answers, [StatusCode::SEE_OTHER, StatusCode::GONE]);
    assert_eq!(doors.mails().await.len(), 1);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn only_the_latest_link_is_good(pool: PgPool) {
    let doors = Doors::new(pool).await;
    signed_up(&doors).await;
    doors.browser().post("/forgot", &[("email", EMAIL)]).await;
    let first = link_of(&doors.mail().await);
    doors.browser().post("/forgot", &[("email", EMAIL)]).await;
    let second = link_of(&doors.mail().await);
    assert_eq!(doors.browser().get(&first).await.status, StatusCode::GONE);
    assert_eq!(doors.browser().get(&second).await.status, StatusCode::OK);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_sign_in_from_another_browser_is_told_by_mail(pool: PgPool) {
    let doors = Doors::new(pool).await;
    at_home(&doors).await;
    sign_in(&mut doors.browser(), EMAIL, PASSWORD).await;
    assert!(doors.mails().await.is_empty(), "the same browser again");
    let mut phone = doors.browser();
    phone.user_agent =
        "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 Version/19.1 Mobile/15E148 Safari/604.1".into();
    sign_in(&mut phone, EMAIL, PASSWORD).await;
    let mail = doors.mail().await;
    assert_eq!(mail.to, EMAIL);
    let Letter::NewSignIn { device, ip, sessions_url, .. } = mail.letter else { panic!("{mail:?}") };
    assert_eq!((device.as_str(), ip.as_str()), ("Safari, iPhone", "192.0.2.1"));
    assert!(sessions_url.ends_with("/settings/sessions"));
}

// The second factor

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_second_factor_is_a_step_of_its_own_and_each_code_is_good_once(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let mut browser = at_home(&doors).await;
    let (secret, _) = with_second_factor(&doors, &mut browser).await;
    let used = code(&doors, &secret, 0);
    assert_eq!(doors.count("select count(*) from accounts where totp_secret is not null and length(totp_secret) > 40").await, 1, "sealed");

    let mut second = doors.browser();
    let step = second.post("/sign-in", &[("email", EMAIL), ("password", PASSWORD), ("next", "/calls")]).await;
    assert_eq!((step.status, step.location()), (StatusCode::SEE_OTHER, "/second-factor"));
    assert!(step.cookie("__Host-zc").is_none(), "no session yet");
    let pending = step.cookie("__Host-zc2").unwrap_or_else(|| panic!("{step:?}"));
    assert!(pending.contains("Secure") && pending.contains("HttpOnly") && pending.contains("Max-Age=600"));
    assert!(!is_signed_in(&mut second).await, "half a sign-in opens nothing");
    assert_eq!(second.get("/second-factor").await.status, StatusCode::OK);

    for wrong in [used.as_str(), "000000", "12345", "abcdefgh"] {
        let refused = second.post("/second-factor", &[("code", wrong)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert!(says(&refused, "code", if wrong.len() == 6 { "Ce code n’est pas le bon" } else { "Six chiffres" }), "{}", refused.body);
        assert!(!refused.body.contains(&format!("value=\"{wrong}\"")));
    }
    doors.advance(Duration::seconds(30));
    let right = code(&doors, &secret, 0);
    let done = second.post("/second-factor", &[("code", &format!("{} {}", &right[..3], &right[3..]))]).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/calls"));
    assert!(is_signed_in(&mut second).await);
    assert_eq!(
        doors.count("select count(*) from sessions where second_factor_at is not null").await,
        2,
        "the one it was switched on in, too"
    );

    let mut third = doors.browser();
    sign_in(&mut third, EMAIL, PASSWORD).await;
    assert_eq!(
        third.post("/second-factor", &[("code", &right)]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "not twice, not in another browser"
    );
    assert_eq!(
        third.post("/second-factor", &[("code", &code(&doors, &secret, -1))]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "nor an older one"
    );
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_wrong_code_and_a_wrong_password_asked_again_are_noted(pool: PgPool) {
    const NOTED: &str = "select coalesce(sum(times), 0)::bigint from audit_refusals where needs = 'sign_in'";
    let doors = Doors::new(pool).await;
    let mut browser = at_home(&doors).await;
    with_second_factor(&doors, &mut browser).await;
    assert_eq!(doors.count(NOTED).await, 0);
    let mut guesser = doors.browser();
    sign_in(&mut guesser, EMAIL, PASSWORD).await;
    assert_eq!(guesser.post("/second-factor", &[("code", "000000")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    until("the wrong code is noted", 10, async || (doors.count(NOTED).await == 1).then_some(())).await;
    let off = [("do", "disable"), ("disable[password]", "quatre chevaux de trait"), ("disable[code]", "000000")];
    browser.post("/settings/security", &off).await;
    until("the wrong password is noted", 10, async || (doors.count(NOTED).await == 2).then_some(())).await;
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_second_step_ends_after_five_tries_or_ten_minutes(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let mut browser = at_home(&doors).await;
    let (secret, codes) = with_second_factor(&doors, &mut browser).await;
    let mut guesser = doors.browser();
    sign_in(&mut guesser, EMAIL, PASSWORD).await;
    for _ in 0..4 {
        assert_eq!(guesser.post("/second-factor", &[("code", "000000")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(guesser.post("/second-factor", &[("code", "000000")]).await.status, StatusCode::CONFLICT);
    assert_eq!(guesser.post("/second-factor", &[("code", &codes[0])]).await.status, StatusCode::CONFLICT, "over is over");
    let mut slow = doors.browser();
    sign_in(&mut slow, EMAIL, PASSWORD).await;
    doors.advance(Duration::minutes(10));
    assert_eq!(slow.get("/second-factor").await.location(), "/sign-in");
    assert_eq!(slow.post("/second-factor", &[("code", &code(&doors, &secret, 0))]).await.status, StatusCode::CONFLICT);
    assert_eq!(doors.browser().post("/second-factor", &[("code", "000000")]).await.location(), "/sign-in");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_recovery_code_is_good_once_and_is_kept_as_a_hash(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let mut browser = at_home(&doors).await;
    let (_, codes) = with_second_factor(&doors, &mut browser).await;
    assert!(!browser.get("/settings/security").await.body.contains(&codes[0]), "shown once");
    let mut lost = doors.browser();
    sign_in(&mut lost, EMAIL, PASSWORD).await;
    assert_eq!(lost.post("/second-factor", &[("code", &codes[3].to_uppercase())]).await.location(), "/home");
    let mut again = doors.browser();
    sign_in(&mut again, EMAIL, PASSWORD).await;
    assert_eq!(again.post("/second-factor", &[("code", &codes[3])]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(lost.get("/settings/security").await.body.contains("Il vous reste 9 codes."));
    assert_eq!(doors.count("select count(*) from recovery_codes where length(code_hash) = 32").await, 10);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_reset_does_not_skip_the_second_factor(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let mut browser = at_home(&doors).await;
    with_second_factor(&doors, &mut browser).await;
    doors.browser().post("/forgot", &[("email", EMAIL)]).await;
    let link = link_of(&doors.mail().await);
    let mut waiting = doors.browser();
    sign_in(&mut waiting, EMAIL, PASSWORD).await;
    let new = "une toute autre phrase";
    doors.browser().post(&link, &[("password", new)]).await;
    assert_eq!(waiting.get("/second-factor").await.location(), "/sign-in", "a second step that waited is over");
    assert_eq!(sign_in(&mut doors.browser(), EMAIL, new).await.location(), "/second-factor");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn switching_it_off_needs_the_password_and_a_code(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let mut browser = at_home(&doors).await;
    let (secret, codes) = with_second_factor(&doors, &mut browser).await;
    doors.advance(Duration::seconds(60));
    let next = code(&doors, &secret, 0);
    let off = |password: &'static str, code: String| {
        let mut browser = browser.clone();
        async move { browser.post("/settings/security", &[("do", "disable"), ("disable[password]", password), ("disable[code]", &code)]).await }
    };
    assert!(says(&off("not the password at all", next.clone()).await, "disable[password]", "Ce mot de passe ne correspond pas."));
    assert!(says(&off(PASSWORD, "000000".into()).await, "disable[code]", "Ce code n’est pas le bon"));
    assert_eq!(sign_in(&mut doors.browser(), EMAIL, PASSWORD).await.location(), "/second-factor");
    assert_eq!(off(PASSWORD, next).await.location(), "/settings/security?said=second_off");
    assert_eq!(sign_in(&mut doors.browser(), EMAIL, PASSWORD).await.location(), "/home");
    assert_eq!(doors.count("select count(*) from recovery_codes").await, 0);
    assert_eq!(off(PASSWORD, codes[0].clone()).await.status, StatusCode::CONFLICT);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_factor_that_was_never_confirmed_asks_nothing(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let mut browser = at_home(&doors).await;
    assert!(says(
        &browser.post("/settings/security", &[("do", "begin"), ("begin[password]", "not the password")]).await,
        "begin[password]",
        "ne correspond pas"
    ));
    browser.post("/settings/security", &[("do", "begin"), ("begin[password]", PASSWORD)]).await;
    let refused = browser.post("/settings/security", &[("do", "confirm"), ("code", "000000")]).await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && says(&refused, "code", "Ce code n’est pas le bon"), "{}", refused.body);
    assert_eq!(sign_in(&mut doors.browser(), EMAIL, PASSWORD).await.location(), "/home");
    browser.post("/settings/security", &[("do", "cancel")]).await;
    assert_eq!(doors.count("select count(*) from accounts where totp_secret is null").await, 1);
    assert_eq!(browser.post("/settings/security", &[("do", "confirm"), ("code", "000000")]).await.status, StatusCode::CONFLICT);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn new_recovery_codes_take_the_place_of_the_old(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let mut browser = at_home(&doors).await;
    let (secret, old) = with_second_factor(&doors, &mut browser).await;
    doors.advance(Duration::seconds(60));
    assert!(says(
        &browser.post("/settings/security", &[("do", "codes"), ("codes[code]", "000000")]).await,
        "codes[code]",
        "Ce code n’est pas le bon"
    ));
    let made = browser.post("/settings/security", &[("do", "codes"), ("codes[code]", &code(&doors, &secret, 0))]).await;
    assert!(made.status == StatusCode::OK && made.body.contains("class=\"codes\""), "{}", made.body);
    let mut lost = doors.browser();
    sign_in(&mut lost, EMAIL, PASSWORD).await;
    assert_eq!(lost.post("/second-factor", &[("code", &old[0])]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn no_two_controls_of_a_page_share_an_id(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let mut browser = at_home(&doors).await;
    let mut pages = vec![
        doors.browser().get("/sign-up").await.body,
        browser.get("/settings/security").await.body,
        browser.get("/settings/account").await.body,
    ];
    with_second_factor(&doors, &mut browser).await;
    pages.push(browser.get("/settings/security").await.body);
    for page in pages {
        let mut ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        ids.sort_unstable();
        assert!(ids.len() > 5 && ids.windows(2).all(|pair| pair[0] != pair[1]), "{ids:?}");
    }
}

// Password, address, sessions, profile, organisation

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_new_password_asks_for_the_old_ends_other_sessions_and_is_told_by_mail(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let mut browser = at_home(&doors).await;
    let mut other = doors.browser();
    sign_in(&mut other, EMAIL, PASSWORD).await;
    let new = "une toute autre phrase";
    for (current, password, field, words) in [
        ("not the password at all", new, "current", "Ce mot de passe ne correspond pas."),
        ("", new, "current", "Ce mot de passe ne correspond pas."),
        (PASSWORD, "court", "password", "Il faut au moins 12 caractères."),
        (PASSWORD, "le cabinet renard 7", "password", "Il contient votre adresse"),
        (PASSWORD, PASSWORD, "password", "C’est déjà votre mot de passe."),
    ] {
        let refused = browser.post("/settings/security", &[("do", "password"), ("current", current), ("password", password)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{current} {password}");
        assert!(says(&refused, field, words), "{current} {password}: {}", refused.body);
        assert!(!refused.body.contains(new));
    }
    assert!(is_signed_in(&mut other).await && doors.mails().await.is_empty());
    let done = browser.post("/settings/security", &[("do", "password"), ("current", PASSWORD), ("password", new)]).await;
    assert_eq!(done.location(), "/settings/security?said=password");
    assert!(browser.get(done.location()).await.body.contains("Mot de passe changé."));
    assert!(!is_signed_in(&mut other).await && is_signed_in(&mut browser).await);
    assert!(matches!(doors.mail().await.letter, Letter::PasswordChanged { .. }));
    assert_eq!(sign_in(&mut doors.browser(), EMAIL, new).await.location(), "/home");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn an_address_changes_only_after_the_new_one_confirmed_and_the_old_one_is_told(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let mut browser = at_home(&doors).await;
    let change = |email: &'static str, password: &'static str| {
        let mut browser = browser.clone();
        async move { browser.post("/settings/account", &[("do", "email"), ("email", email), ("password", password)]).await }
    };
    let wrong = change("neu@tilleuls.example", "not the password at all").await;
    assert!(says(&wrong, "password", "ne correspond pas") && wrong.body.contains("value=\"neu@tilleuls.example\""), "{}", wrong.body);
    assert!(says(&change("neu", PASSWORD).await, "email", "Une adresse complète"));
    assert!(says(&change(EMAIL, PASSWORD).await, "email", "C’est déjà votre adresse."));
    assert!(doors.mails().await.is_empty());

    assert_eq!(change("Neu@tilleuls.example", PASSWORD).await.location(), "/settings/account?said=email");
    let mails = doors.mails().await;
    assert_eq!(mails.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), ["neu@tilleuls.example", EMAIL]);
    assert!(matches!(&mails[1].letter, Letter::AddressChanged { new_address, .. } if new_address == "neu@tilleuls.example"));
    assert_eq!(sign_in(&mut doors.browser(), "neu@tilleuls.example", PASSWORD).await.status, StatusCode::UNPROCESSABLE_ENTITY, "not yet");

    let link = link_of(&mails[0]);
    assert!(doors.browser().get(&link).await.body.contains("neu@tilleuls.example"));
    assert_eq!(browser.post(&link, &[]).await.location(), "/settings/account?said=email_changed");
    assert_eq!(sign_in(&mut doors.browser(), "neu@tilleuls.example", PASSWORD).await.location(), "/home");
    assert_eq!(sign_in(&mut doors.browser(), EMAIL, PASSWORD).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn whether_somebody_has_the_new_address_is_told_to_them_alone(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let mut browser = at_home(&doors).await;
    doors.browser().post("/sign-up", &sign_up_with(&[("email", "hugo@tilleuls.example")])).await;
    doors.mails().await;
    let taken = browser.post("/settings/account", &[("do", "email"), ("email", "hugo@tilleuls.example"), ("password", PASSWORD)]).await;
    assert_eq!(taken.location(), "/settings/account?said=email");
    let mails = doors.mails().await;
    assert!(matches!(mails[0].letter, Letter::AlreadyRegistered { .. }) && mails[0].to == "hugo@tilleuls.example");

    // Taken between the asking and the confirming.
    browser.post("/settings/account", &[("do", "email"), ("email", "neu@tilleuls.example"), ("password", PASSWORD)]).await;
    let link = link_of(&doors.mails().await[0]);
    doors.browser().post("/sign-up", &sign_up_with(&[("email", "neu@tilleuls.example")])).await;
    let late = browser.post(&link, &[]).await;
    assert!(late.status == StatusCode::CONFLICT && late.body.contains("celle d’un autre compte"), "{}", late.body);
    assert_eq!(doors.count("select count(*) from accounts where email = 'camille@tilleuls.example'").await, 1);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn sessions_are_listed_and_ended_by_their_owner_alone(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let mut browser = at_home(&doors).await;
    let mut other = doors.browser();
    other.ip = "203.0.113.9".into();
    sign_in(&mut other, EMAIL, PASSWORD).await;
    let page = browser.get("/settings/sessions").await.body;
    assert!(page.contains("Firefox · Linux") && page.contains("203.0.113.9") && page.contains("192.0.2.1"), "{page}");
    assert_eq!(page.matches("cet appareil").count(), 1, "this one is marked, and has no button");
    let id = between(&page, "name=\"id\" value=\"", "\"");
    let mut news = doors.core.bus.subscribe();
    let stop = tokio_util::sync::CancellationToken::new();
    tokio::spawn(doors.core.bus.clone().run(doors.pool.clone(), stop.clone()));
    assert_eq!(
        tokio::time::timeout(std::time::Duration::from_secs(10), news.recv()).await.ok().and_then(Result::ok),
        Some(zencall::platform::bus::Note::Resync)
    );

    let mut mallory = doors.browser();
    doors.browser().post("/sign-up", &sign_up_with(&[("email", "mallory@evil.example")])).await;
    sign_in(&mut mallory, "mallory@evil.example", PASSWORD).await;
    let foreign = mallory.post("/settings/sessions", &[("do", "end"), ("id", &id)]).await;
    let unknown = mallory.post("/settings/sessions", &[("do", "end"), ("id", "ses_00000000000000000000000000")]).await;
    assert_eq!((foreign.status, unknown.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
    assert!(is_signed_in(&mut other).await);

    assert_eq!(browser.post("/settings/sessions", &[("do", "end"), ("id", &id)]).await.location(), "/settings/sessions?said=ended");
    assert!(!is_signed_in(&mut other).await && is_signed_in(&mut browser).await);
    let told = tokio::time::timeout(std::time::Duration::from_secs(10), news.recv()).await.ok().and_then(Result::ok);
    assert!(matches!(told, Some(zencall::platform::bus::Note::Revoked { .. })), "open streams are told: {told:?}");
    stop.cancel();

    sign_in(&mut other, EMAIL, PASSWORD).await;
    assert_eq!(browser.post("/settings/sessions", &[("do", "end_others")]).await.location(), "/settings/sessions?said=ended");
    assert!(!is_signed_in(&mut other).await && is_signed_in(&mut browser).await && is_signed_in(&mut mallory).await);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_profile_is_kept_and_its_language_is_the_next_pages(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let mut browser = at_home(&doors).await;
    let wrong = browser.post("/settings/account", &[("do", "profile"), ("name", " "), ("locale", "fr")]).await;
    assert!(wrong.status == StatusCode::UNPROCESSABLE_ENTITY && says(&wrong, "name", "Un nom est nécessaire."));
    assert!(says(
        &browser.post("/settings/account", &[("do", "profile"), ("name", "Awa"), ("locale", "xx")]).await,
        "locale",
        "Choisissez une langue"
    ));
    let saved = browser.post("/settings/account", &[("do", "profile"), ("name", "Awa D."), ("locale", "en")]).await;
    assert_eq!(saved.location(), "/settings/account?said=profile");
    assert_eq!(browser.cookies["zc_lang"], "en");
    assert_eq!(doors.count("select count(*) from accounts where name = 'Awa D.' and locale = 'en'").await, 1);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_confirmation_is_sent_again_until_it_is_used(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let mut browser = at_home(&doors).await;
    assert!(browser.get("/settings/account").await.body.contains("à confirmer"));
    assert_eq!(browser.post("/settings/account", &[("do", "resend")]).await.location(), "/settings/account?said=resend");
    let link = link_of(&doors.mail().await);
    assert_eq!(browser.post(&link, &[]).await.location(), "/settings/account?said=confirmed");
    assert_eq!(browser.post("/settings/account", &[("do", "resend")]).await.status, StatusCode::CONFLICT);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_organisation_is_changed_by_those_who_may_and_no_other_is(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let mut browser = at_home(&doors).await;
    doors.browser().post("/sign-up", &sign_up_with(&[("email", "other@example.com"), ("company", "Globex")])).await;
    let page = browser.get("/settings/organisation").await.body;
    assert!(page.contains("value=\"Cabinet Renard\"") && page.contains("552049447"), "{page}");
    let wrong = browser.post("/settings/organisation", &[("name", ""), ("timezone", "Mars/Olympus"), ("locale", "xx")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        says(&wrong, "name", "Un nom est nécessaire.")
            && says(&wrong, "timezone", "Choisissez un fuseau")
            && says(&wrong, "locale", "Choisissez une langue")
    );
    let saved =
        browser.post("/settings/organisation", &[("name", "Renard & Fils"), ("timezone", "Indian/Reunion"), ("locale", "en")]).await;
    assert_eq!(saved.location(), "/settings/organisation?said=organisation");
    assert_eq!(
        doors.count("select count(*) from orgs where name = 'Renard & Fils' and timezone = 'Indian/Reunion' and locale = 'en'").await,
        1
    );
    assert_eq!(doors.count("select count(*) from orgs where name = 'Globex'").await, 1);

    sqlx::query("update members set role = 'agent'").execute(&doors.pool).await.unwrap_or_else(|e| panic!("{e}"));
    let refused = browser.post("/settings/organisation", &[("name", "Mine"), ("timezone", "UTC"), ("locale", "en")]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(doors.count("select count(*) from orgs where name = 'Mine'").await, 0);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn forms_of_the_settings_send_strangers_to_sign_in(pool: PgPool) {
    let doors = Doors::new(pool).await;
    for (page, fields) in [
        ("/settings/account", vec![("do", "profile"), ("name", "x"), ("locale", "fr")]),
        ("/settings/security", vec![("do", "password"), ("current", PASSWORD), ("password", "une toute autre phrase")]),
        ("/settings/sessions", vec![("do", "end_others")]),
        ("/settings/organisation", vec![("name", "x"), ("timezone", "UTC"), ("locale", "fr")]),
    ] {
        let answer = doors.browser().post(page, &fields).await;
        assert_eq!((answer.status, answer.location().split('?').next()), (StatusCode::SEE_OTHER, Some("/sign-in")), "{page}");
    }
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_pages_before_sign_in_ship_no_script_and_a_policy_without_any(pool: PgPool) {
    let doors = Doors::new(pool).await;
    for path in ["/sign-in", "/sign-up", "/sign-up/sent", "/forgot", "/forgot/sent"] {
        for language in ["fr", "en"] {
            let mut browser = doors.browser();
            browser.language = language.into();
            let page = browser.get(path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            assert!(page.body.starts_with("<!doctype html>") && page.body.contains(&format!("<html lang=\"{language}\"")), "{path}");
            assert!(
                !page.body.contains("<script") && !page.body.contains("wasm") && !page.body.contains("onclick"),
                "{path}: {}",
                page.body
            );
            let policy = page.headers["content-security-policy"].to_str().unwrap_or_default();
            assert!(policy.contains("default-src 'none'") && !policy.contains("script-src") && !policy.contains("unsafe"), "{policy}");
            assert_eq!(page.headers["cache-control"], "no-store");
        }
    }
    let mut browser = at_home(&doors).await;
    assert_eq!(browser.get("/sign-in?next=/calls").await.location(), "/calls");
    assert_eq!(browser.get("/sign-up").await.location(), "/home");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn guesses_at_the_same_moment_are_all_counted(pool: PgPool) {
    let doors = Doors::new(pool).await;
    signed_up(&doors).await;
    let doors = &doors;
    let guess = |n: usize| async move { sign_in(&mut doors.browser(), EMAIL, &format!("guess number {n} of many")).await.status };
    let answers = futures::future::join_all((0..30).map(guess)).await;
    let let_through = answers.iter().filter(|status| **status == StatusCode::UNPROCESSABLE_ENTITY).count();
    assert_eq!(let_through, 10, "{answers:?}");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_is_not_there_answers_404_and_what_broke_is_a_page(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let mut browser = at_home(&doors).await;
    for path in ["/calls/nonsense", "/assistants/nonsense", "/calls/call_01m82jw364f37bs44rtcdwr0w5"] {
        let missing = browser.get(path).await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND, "{path}");
        assert!(missing.body.contains("<h1"), "{path} is a page");
    }
    doors.pool.close().await;
    let broken = browser.get("/home").await;
    assert_eq!(broken.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(broken.body.starts_with("<!doctype html>") && broken.body.contains("req_"), "{}", broken.body);
}
