//! `security/asvs.csv` claims nothing that is not there: every requirement once, and every proof it names exists.

use crate::visitor::Doors;
use serde::Deserialize;
use sqlx::PgPool;
use std::{collections::BTreeMap, fs, path::Path};

/// Requirements of levels 1 and 2 by chapter, OWASP ASVS 5.0.0.
const CHAPTERS: [usize; 17] = [27, 11, 19, 10, 9, 35, 18, 7, 7, 29, 14, 9, 13, 9, 13, 16, 7];

#[derive(Clone, Debug, Deserialize)]
struct Row {
    id: String,
    level: u8,
    topic: String,
    status: String,
    proof: String,
    note: String,
}

fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_default()
}

fn rows() -> Vec<Row> {
    csv::Reader::from_reader(text("security/asvs.csv").as_bytes()).deserialize().collect::<Result<_, _>>().expect("rows")
}

/// `V6.2.1` is of chapter 6.
fn chapter(id: &str) -> Option<usize> {
    let mut parts = id.strip_prefix('V')?.split('.').map(str::parse::<usize>);
    let (chapter, section, number) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    (section > 0 && number > 0 && parts.next().is_none() && (1..=CHAPTERS.len()).contains(&chapter)).then_some(chapter)
}

/// The proofs of a row: each begins with its kind, and headings may have spaces.
fn proofs(row: &Row) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in row.proof.split_whitespace() {
        let begins = ["test:", "unit:", "code:", "doc:", "journey:"].iter().any(|kind| word.starts_with(kind));
        match found.last_mut() {
            Some(last) if !begins => *last = format!("{last} {word}"),
            _ => found.push(word.to_owned()),
        }
    }
    found
}

/// All sources but the integration tests, in one text.
fn sources(folder: &Path, into: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("tests") {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push_str(&fs::read_to_string(&path).expect("a source"));
        }
    }
}

fn exists(proof: &str, sources: &str) -> bool {
    let is_in = |text: &str, name: &str| text.contains(&format!("fn {name}("));
    match proof.split_once(':') {
        Some(("test", name)) => name.split_once("::").is_some_and(|(module, test)| is_in(&text(&format!("src/tests/{module}.rs")), test)),
        Some(("unit", name)) => is_in(sources, name),
        Some(("code", path)) => !path.is_empty() && Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists(),
        Some(("journey", name)) => !text(&format!("end2end/journeys/{name}.mjs")).is_empty(),
        Some(("doc", place)) => place.split_once('#').is_some_and(|(path, heading)| {
            text(path).lines().any(|line| line.starts_with('#') && line.trim_start_matches('#').trim() == heading)
        }),
        _ => false,
    }
}

/// What is wrong with the table.
fn faults(rows: &[Row], sources: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut counts = [0; CHAPTERS.len()];
    for row in rows {
        *seen.entry(&row.id).or_default() += 1;
        match chapter(&row.id) {
            Some(chapter) => counts[chapter - 1] += 1,
            None => faults.push(format!("{} is no requirement", row.id)),
        }
        if !(1..=2).contains(&row.level) || row.topic.is_empty() {
            faults.push(format!("{} has no level or topic", row.id));
        }
        let proofs = proofs(row);
        match row.status.as_str() {
            "met" if proofs.is_empty() => faults.push(format!("{} is met without a proof", row.id)),
            "partly" if proofs.is_empty() || row.note.is_empty() => {
                faults.push(format!("{} does not say what is there and what is not", row.id))
            }
            "open" | "not applicable" if row.note.is_empty() => faults.push(format!("{} does not say why", row.id)),
            "met" | "partly" | "open" | "not applicable" => {}
            other => faults.push(format!("{}: {other} is no status", row.id)),
        }
        faults.extend(proofs.iter().filter(|proof| !exists(proof, sources)).map(|proof| format!("{}: {proof} does not exist", row.id)));
    }
    faults.extend(seen.iter().filter(|(_, times)| **times > 1).map(|(id, _)| format!("{id} stands there twice")));
    for (at, (found, wanted)) in counts.iter().zip(CHAPTERS).enumerate() {
        if *found != wanted {
            faults.push(format!("chapter {} has {found} requirements of {wanted}", at + 1));
        }
    }
    faults
}

#[test]
fn every_requirement_is_answered_and_every_proof_exists() {
    let mut all = String::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    assert_eq!(faults(&rows(), &all), Vec::<String>::new());
}

#[test]
fn a_claim_that_does_not_hold_is_found() {
    let mut all = String::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    let good = rows();
    let with = |change: &dyn Fn(&mut Row)| {
        let mut rows = good.clone();
        change(rows.iter_mut().find(|row| row.id == "V6.2.1").expect("a row"));
        faults(&rows, &all)
    };
    for proof in [
        "",
        "test:account::nobody_wrote_this",
        "unit:nobody_wrote_this",
        "doc:docs/security.md#No such heading",
        "code:src/nowhere.rs",
        "journey:nowhere",
        "trust me",
    ] {
        assert_eq!(with(&|row| row.proof = proof.into()).len(), 1, "{proof}");
    }
    assert_eq!(with(&|row| row.status = "fine".into()).len(), 1);
    assert_eq!(
        with(&|row| row.status = "open".into()).len(),
        usize::from(good.iter().any(|row| row.id == "V6.2.1" && row.note.is_empty()))
    );
    assert_eq!(with(&|row| row.id = "V6.2.2".into()).len(), 1, "twice");
    assert_eq!(with(&|row| row.id = "V18.1.1".into()).len(), 2, "of no chapter, and missing from its own");
    assert_eq!(faults(&good[1..], &all).len(), 1, "one is missing");
}

/// What the security document names as a proof exists, too.
#[test]
fn the_document_names_tests_that_exist() {
    let mut all = String::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    let document = text("docs/security.md");
    let named: Vec<&str> =
        document.split('`').skip(1).step_by(2).filter(|name| name.matches('_').count() > 3 && !name.contains('/')).collect();
    assert!(named.len() > 15, "{named:?}");
    for name in named {
        let kind = if name.contains("::") { "test" } else { "unit" };
        assert!(exists(&format!("{kind}:{name}"), &all), "{name}");
    }
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn where_to_report_a_weakness_is_told(pool: PgPool) {
    let doors = Doors::new(pool).await;
    let told = doors.browser().get("/.well-known/security.txt").await;
    assert_eq!(told.status, 200);
    let lines: Vec<&str> = told.body.lines().collect();
    assert_eq!(lines[0], "Contact: mailto:security@zencall.test");
    assert_eq!(lines[1], "Expires: 2027-02-20T09:00:00Z");
    assert!(told.headers["content-type"].to_str().is_ok_and(|kind| kind.starts_with("text/plain")));
}
