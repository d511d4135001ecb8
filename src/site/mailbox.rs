//! The sandbox's mailbox: what the product would have sent, readable by whoever runs the sandbox. Exists in no production.

use crate::{
    i18n::{t, words as w},
    kit::{Empty, EmptyKind},
    providers::sim::Letter,
    site::document::{SiteFoot, SiteHead},
};
use leptos::prelude::*;

/// All mails, newest first.
pub fn list(letters: Vec<Letter>) -> AnyView {
    let is_empty = letters.is_empty();
    let rows = letters
        .into_iter()
        .map(|letter| {
            view! {
                <li class="mail">
                    <a href=format!("/sandbox/mail/{}", letter.id)>{letter.subject.clone()}</a>
                    <span class="small muted">{letter.to.join(", ")}" · "<time datetime=letter.received_at.to_rfc3339()>{letter.received_at.format("%H:%M:%S UTC").to_string()}</time></span>
                </li>
            }
        })
        .collect_view();
    view! {
        <SiteHead/>
        <main id="main" class="page slim">
            <h1>{t(w::SITE_MAILBOX_TITLE)}</h1>
            <p class="muted">{t(w::SITE_MAILBOX_TEXT)}</p>
            {if is_empty {
                view! { <Empty kind=EmptyKind::Unused title=t(w::SITE_MAILBOX_EMPTY) text=t(w::SITE_MAILBOX_EMPTY_TEXT)><span></span></Empty> }.into_any()
            } else {
                view! { <ul class="mails">{rows}</ul> }.into_any()
            }}
        </main>
        <SiteFoot/>
    }
    .into_any()
}

/// One mail, as its plain text; its addresses can be followed.
pub fn letter(letter: Letter) -> AnyView {
    let text = letter.text.clone().unwrap_or_default();
    let lines = text.lines().map(|line| view! { <p>{linked(line)}</p> }).collect_view();
    view! {
        <SiteHead/>
        <main id="main" class="page slim">
            <p><a href="/sandbox/mail">{t(w::SITE_MAILBOX_BACK)}</a></p>
            <h1>{letter.subject.clone()}</h1>
            <p class="small muted">{letter.from.clone()}" → "{letter.to.join(", ")}</p>
            <div class="card"><div class="body stack">{lines}</div></div>
        </main>
        <SiteFoot/>
    }
    .into_any()
}

fn linked(line: &str) -> AnyView {
    line.split(' ')
        .map(|word| {
            let word = word.to_owned();
            if word.starts_with("http://") || word.starts_with("https://") {
                view! { <a href=word.clone()>{word.clone()}</a>" " }.into_any()
            } else {
                format!("{word} ").into_any()
            }
        })
        .collect_view()
        .into_any()
}
