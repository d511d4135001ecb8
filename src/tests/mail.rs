//! Mail: complete in both languages, harmless whatever was typed, and delivered once the server takes it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlx::PgPool;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use zencall::platform::mail::{Language, Letter, Mail, Mailer, Rendered, render};
use zencall::platform::queue::{Fail, JobFilter, JobState, Opts, Worker, WorkerOptions, drain, enqueue, lane, list};

const URL: &str = "https://zencall.example/confirm/t0k3n?a=1&b=2";

fn every_letter(name: &str) -> Vec<Letter> {
    let (name, url, at) = (name.to_owned(), URL.to_owned(), "2026-11-01T14:05:00Z".parse().unwrap());
    vec![
        Letter::ConfirmAddress { name: name.clone(), url: url.clone(), valid_hours: 48 },
        Letter::AlreadyRegistered { name: name.clone(), sign_in_url: url.clone(), reset_url: url.clone() },
        Letter::ResetPassword { name: name.clone(), url: url.clone(), valid_minutes: 1 },
        Letter::PasswordChanged { name: name.clone(), at, reset_url: url.clone() },
        Letter::ConfirmNewAddress { name: name.clone(), url: url.clone(), valid_hours: 1 },
        Letter::AddressChanged { name: name.clone(), new_address: "a…@b.example".into(), at, support_url: url.clone() },
        Letter::GoogleConnected { name: name.clone(), google: name.clone(), at, security_url: url.clone() },
        Letter::NewSignIn { name: name.clone(), device: name.clone(), ip: "203.0.113.9".into(), at, sessions_url: url.clone() },
        Letter::Invitation { inviter: name.clone(), organisation: name.clone(), url: url.clone(), valid_days: 7 },
        Letter::WebhookFailing { name: name.clone(), host: "hooks.example".into(), days: 3, is_disabled: false, url: url.clone() },
        Letter::KeysUnused {
            name: name.clone(),
            organisation: name.clone(),
            keys: vec![(name.clone(), "1f3k".into()); 30],
            days: 90,
            url: url.clone(),
        },
        Letter::Work { name: name.clone(), by: name.clone(), is_mention: true, url: url.clone() },
        Letter::Work { name: name.clone(), by: name, is_mention: false, url },
    ]
}

fn in_both(letter: &Letter) -> [Rendered; 2] {
    Language::ALL.map(|language| render(letter, language).unwrap())
}

#[test]
fn every_letter_is_whole_in_both_languages_and_in_text() {
    for letter in every_letter("Awa") {
        let both = in_both(&letter);
        assert_ne!(both[0].subject, both[1].subject);
        for mail in both {
            let what = format!("{letter:?} {:?}", mail.language);
            assert!(
                mail.html.starts_with("<!doctype html>") && mail.html.contains(&format!("<html lang=\"{}\">", mail.language.tag())),
                "{what}"
            );
            assert!(mail.html.contains("https://zencall.example/confirm/t0k3n?a=1&#38;b=2"), "{what}");
            assert!(mail.text.contains(URL), "{what}");
            assert!(!mail.text.contains('<') && !mail.text.contains("&#"), "{what}: {}", mail.text);
            assert!(mail.html.len() < 100_000 && mail.subject.chars().count() <= 60, "{what}");
            for remote in ["<img", "<script", "<link", "url(", "@import", "src="] {
                assert!(!mail.html.contains(remote), "{what}: {remote}");
            }
            if mail.language == Language::Fr {
                for sign in [" :", " ;", " ?", " !"] {
                    assert!(!mail.text.contains(sign), "{what}: a breaking space before {sign}");
                }
            }
        }
    }
    assert_eq!(Language::of("fr-CH"), Language::Fr);
    assert_eq!(Language::of("de"), Language::En);
    let moment = &in_both(&every_letter("Awa")[3])[0].text;
    assert!(moment.contains("1er\u{a0}novembre 2026 à 14\u{a0}h\u{a0}05 (UTC)"), "{moment}");
}

#[test]
fn what_a_stranger_typed_stays_words() {
    for letter in every_letter("<script>alert(1)</script> & \"Cie\"") {
        for mail in in_both(&letter) {
            assert!(!mail.html.contains("<script"), "{letter:?}");
        }
    }
    let greeted = &in_both(&every_letter("<b>Zoé</b>")[0])[0];
    assert!(greeted.html.contains("&#60;b&#62;Zoé"), "{}", greeted.html);
    for letter in every_letter("Win now https://evil.example") {
        let [mail, _] = in_both(&letter);
        // A device as it calls itself, an address as Google told it: neither is a name.
        let is_quoted = matches!(letter, Letter::NewSignIn { .. } | Letter::GoogleConnected { .. });
        assert!(is_quoted || !mail.html.contains("evil.example"), "{letter:?}");
    }
    for letter in every_letter("Bob\r\nBcc: all@b.example\r\n\r\nHello") {
        for mail in in_both(&letter) {
            assert!(!mail.subject.contains(['\r', '\n']), "{letter:?}");
            assert!(!mail.text.contains("\nBcc:"), "{letter:?}");
        }
    }
    let script = Letter::ResetPassword { name: "Awa".into(), url: "javascript:alert(1)".into(), valid_minutes: 30 };
    assert!(render(&script, Language::En).is_err());
}

#[tokio::test]
async fn a_mail_arrives_with_both_parts_and_the_id_of_its_job() {
    let server = Smtp::start(vec![]).await;
    let mailer = Mailer::new(&server.url, "Zencall <hello@zencall.example>").unwrap();
    let mail = Mail { to: "awa@customer.example".into(), locale: "fr".into(), letter: every_letter("Awa").remove(0) };
    mailer.send(&mail, "<7.1@zencall.example>".into()).await.unwrap();
    let arrived = server.mails().remove(0);
    for line in [
        "RCPT TO:<awa@customer.example>",
        "From: Zencall <hello@zencall.example>",
        "To: awa@customer.example",
        "Subject: Confirmez votre adresse e-mail",
        "Message-ID: <7.1@zencall.example>",
        "Auto-Submitted: auto-generated",
        "Content-Language: fr",
        "Content-Type: multipart/alternative;",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Type: text/html; charset=utf-8",
    ] {
        assert!(arrived.contains(line), "{line} not in\n{arrived}");
    }
    for bad in ["a@b.example\r\nBcc: all@b.example", "a@b.example\n", "nobody", "a@b.example, c@d.example", ""] {
        let refused = mailer.send(&Mail { to: bad.into(), ..mail.clone() }, "<8.1@z>".into()).await.unwrap_err();
        assert!(matches!(refused, Fail::Dead(_)), "{bad:?}: {refused:?}");
    }
    assert_eq!(server.mails().len(), 1);
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_temporary_refusal_is_tried_again_with_the_same_id_and_a_final_one_is_set_aside(pool: PgPool) {
    let server = Smtp::start(vec!["451 4.7.1 greylisted, come back", "550 5.1.1 no such user"]).await;
    let mailer = Mailer::new(&server.url, "Zencall <hello@zencall.example>").unwrap();
    let worker = Worker::new(pool.clone(), WorkerOptions::default()).queue(lane::MAIL, 1);
    let worker = worker.on::<Mail, _, _>(move |mail, cx| {
        let mailer = mailer.clone();
        async move { mailer.deliver(mail, cx).await }
    });
    let mail = Mail { to: "awa@customer.example".into(), locale: "en".into(), letter: every_letter("Awa").remove(2) };
    let mut conn = pool.acquire().await.unwrap();
    enqueue(&mut conn, &mail, Opts::default()).await.unwrap();

    let greylisted = drain(&worker).await.unwrap_err().to_string();
    assert!(greylisted.contains("greylisted"), "{greylisted}");
    let waiting = list(&mut conn, &JobFilter { state: Some(JobState::Ready), ..JobFilter::default() }, 9).await.unwrap();
    assert_eq!((waiting.len(), waiting[0].attempts), (1, 1));

    enqueue(&mut conn, &mail, Opts::default()).await.unwrap();
    drain(&worker).await.unwrap_err();
    let dead = list(&mut conn, &JobFilter { state: Some(JobState::Dead), ..JobFilter::default() }, 9).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert!(dead[0].last_error.as_deref().unwrap().contains("no such user"));

    sqlx::query("update jobs.job set run_at = now() where state = 0").execute(&pool).await.unwrap();
    assert_eq!(drain(&worker).await.unwrap(), 1);
    let first_try_and_second = format!("Message-ID: <{}.", waiting[0].id);
    assert!(server.mails()[0].contains(&first_try_and_second), "{}", server.mails()[0]);
}

#[tokio::test]
async fn a_dead_mail_server_is_left_alone_after_a_while() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    drop(listener);
    let mailer = Mailer::new(&url, "Zencall <hello@zencall.example>").unwrap();
    let mail = Mail { to: "awa@customer.example".into(), locale: "en".into(), letter: every_letter("Awa").remove(2) };
    for _ in 0..5 {
        let refused = mailer.send(&mail, "<1.1@z>".into()).await.unwrap_err();
        assert!(matches!(refused, Fail::Retry(_)), "{refused:?}");
    }
    assert!(matches!(mailer.send(&mail, "<1.1@z>".into()).await.unwrap_err(), Fail::RetryAt(..)));
}

/// A mail server for one recipient at a time; its first answers to RCPT are given, then it takes everything.
struct Smtp {
    url: String,
    taken: Arc<Mutex<Vec<String>>>,
}

impl Smtp {
    async fn start(answers: Vec<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let (taken, answers) = (Arc::new(Mutex::new(vec![])), Arc::new(Mutex::new(answers)));
        tokio::spawn({
            let taken = Arc::clone(&taken);
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let (taken, answers) = (Arc::clone(&taken), Arc::clone(&answers));
                    tokio::spawn(async move {
                        let _ = tokio::time::timeout(Duration::from_secs(20), converse(stream, taken, answers)).await;
                    });
                }
            }
        });
        Self { url, taken }
    }

    fn mails(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }
}

async fn converse(stream: TcpStream, taken: Arc<Mutex<Vec<String>>>, answers: Arc<Mutex<Vec<&'static str>>>) -> std::io::Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut lines = BufReader::new(reading).lines();
    writing.write_all(b"220 test ESMTP\r\n").await?;
    let (mut mail, mut is_data) = (String::new(), false);
    while let Some(line) = lines.next_line().await? {
        let answer = match line.as_str() {
            "." if is_data => {
                is_data = false;
                taken.lock().unwrap().push(std::mem::take(&mut mail));
                "250 taken"
            }
            text if is_data => {
                mail.push_str(text);
                mail.push('\n');
                continue;
            }
            "DATA" => {
                is_data = true;
                "354 go on"
            }
            "QUIT" => "221 bye",
            rcpt if rcpt.starts_with("RCPT") => {
                mail = format!("{rcpt}\n");
                let mut answers = answers.lock().unwrap();
                if answers.is_empty() { "250 ok" } else { answers.remove(0) }
            }
            _ => "250 ok",
        };
        writing.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}
