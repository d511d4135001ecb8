//! STYLE §1.1: which room may know which.

use std::{collections::BTreeMap, fs, path::Path};

/// Rooms and what they may name of ours.
fn allowed(room: &str) -> Option<&'static [&'static str]> {
    Some(match room {
        "shared" => &["shared"],
        "i18n" => &["shared", "i18n"],
        "kit" => &["shared", "i18n", "kit"],
        "platform" => &["shared", "platform", "i18n"],
        "providers" => &["shared", "platform", "providers"],
        _ => return None,
    })
}

/// Breaches that are known, each with its reason.
const KNOWN: &[(&str, &str)] = &[];

fn sources(folder: &Path, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path.display().to_string());
        }
    }
}

/// Rooms named after `crate::` in a file, tests of the file included.
fn named(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut word = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
                if depth == 1 && (c.is_alphanumeric() || c == '_') {
                    word.push(c);
                } else if depth == 1 && !word.is_empty() {
                    // Only the first word of each path names a room.
                    if c == ':' || c == ',' || c.is_whitespace() {
                        found.push(std::mem::take(&mut word));
                    }
                    word.clear();
                }
            }
        } else {
            found.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    found
}

#[test]
fn no_room_knows_more_than_it_may() {
    const ROOMS: &[&str] = &[
        "account",
        "answers",
        "api_keys",
        "app",
        "assistants",
        "calls",
        "dashboard",
        "i18n",
        "inbox",
        "integrations",
        "kit",
        "nav",
        "numbers",
        "platform",
        "providers",
        "reception",
        "server",
        "shared",
        "site",
        "team",
        "work",
        "webhooks",
    ];
    let mut files = Vec::new();
    sources(Path::new("src"), &mut files);
    let mut breaches: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files.iter().filter(|file| !file.starts_with("src/tests")) {
        let room = file.trim_start_matches("src/").split('/').next().unwrap_or_default();
        let Some(allowed) = allowed(room) else { continue };
        let text = fs::read_to_string(file).expect("a source file");
        for name in named(&text) {
            if ROOMS.contains(&name.as_str()) && !allowed.contains(&name.as_str()) && !KNOWN.contains(&(file.as_str(), name.as_str())) {
                breaches.entry(file.clone()).or_default().push(name);
            }
        }
    }
    assert!(breaches.is_empty(), "{breaches:#?}");
}

#[test]
fn features_are_switched_in_few_places() {
    const PLACES: &[&str] = &[
        "src/lib.rs",
        "src/app.rs",
        "src/error_glue.rs",
        "src/shared/",
        "src/platform/failpoint.rs",
        "src/i18n/",
        "src/kit/mod.rs",
        "/mod.rs",
    ];
    let mut files = Vec::new();
    sources(Path::new("src"), &mut files);
    for file in files.iter().filter(|file| !file.starts_with("src/tests")) {
        let text = fs::read_to_string(file).expect("a source file");
        let switches = text.contains("cfg(feature") || text.contains("cfg(not(feature") || text.contains("cfg_attr(feature");
        assert!(!switches || PLACES.iter().any(|place| file.contains(place)), "{file} switches a feature");
    }
}
