//! Importing: a file or a pasted page is read first and shown for what it is; nothing is written until that is confirmed.

use super::{
    browser,
    model::*,
    parts::{Desk, first_words, language_options, own_language},
    rpc::{import_answers, preview_import},
};
use crate::{
    i18n::{format, t, t_count, t_with, words as w},
    kit::*,
};
use leptos::{prelude::*, task::spawn_local};

/// How far an import has come.
#[derive(Clone, Copy)]
struct Import {
    text: RwSignal<String>,
    language: RwSignal<String>,
    /// What the text would do; absent until it is checked, and again once it is changed.
    preview: RwSignal<Option<ImportPreview>>,
    trouble: RwSignal<Option<String>>,
    busy: RwSignal<bool>,
    desk: Desk,
    toasts: Toaster,
}

/// The dialog.
#[component]
pub fn ImportDialog(desk: Desk) -> impl IntoView {
    let import = Import {
        text: RwSignal::new(String::new()),
        language: RwSignal::new(own_language().to_owned()),
        preview: RwSignal::new(None),
        trouble: RwSignal::new(None),
        busy: RwSignal::new(false),
        desk,
        toasts: use_toasts(),
    };
    view! {
        <Dialog open=desk.is_importing title=t(w::ANSWERS_IMPORT_TITLE) shape=DialogShape::Drawer>
            <form class="answer-form" on:submit=move |event| { event.prevent_default(); import.check() }>
                <div class="body stack g4">
                    <p class="muted small">{t(w::ANSWERS_IMPORT_TEXT)}</p>
                    <label class="field">
                        <span class="label">{t(w::ANSWERS_IMPORT_FILE)}</span>
                        <input class="input" type="file" name="file" accept=".csv,.txt,.tsv,.md,text/csv,text/plain" on:change=move |event| import.open(&event)/>
                    </label>
                    <TextArea name="text" label=t(w::ANSWERS_IMPORT_PASTE) rows=6_u32 value=import.text on_input=Callback::new(move |text| import.typed(text))/>
                    <Select
                        name="import_language"
                        label=t(w::ANSWERS_IMPORT_LANGUAGE)
                        options=language_options()
                        value=import.language
                        on_change=Callback::new(move |language| { import.language.set(language); import.preview.set(None); })
                    />
                    <div role="status" class="stack g4">
                        {move || import.trouble.get().map(|words| view! { <Callout tone=Tone::Bad title=words/> })}
                        {move || import.preview.get().map(|preview| view! { <Preview preview/> })}
                    </div>
                </div>
                <footer>
                    <Button on:click=move |_| desk.is_importing.set(false)>{t(w::ANSWERS_CANCEL)}</Button>
                    {move || match import.preview.with(|preview| preview.as_ref().map(|preview| preview.good)) {
                        Some(good) if good > 0 => view! {
                            <Button kind=ButtonKind::Primary pending=import.busy on:click=move |_| import.confirm()>
                                {t_count(w::ANSWERS_IMPORT_CONFIRM, i64::from(good))}
                            </Button>
                        }.into_any(),
                        _ => view! { <Button kind=ButtonKind::Dark submit=true pending=import.busy>{t(w::ANSWERS_IMPORT_CHECK)}</Button> }.into_any(),
                    }}
                </footer>
            </form>
        </Dialog>
    }
    .into_any()
}

impl Import {
    fn typed(self, text: String) {
        self.text.set(text);
        self.preview.set(None);
        self.trouble.set(None);
    }

    /// Reads the chosen file into the text, and checks it.
    fn open(self, event: &leptos::ev::Event) {
        browser::read_file(event, move |read| match read.and_then(|bytes| decoded(&bytes)) {
            Ok(text) => {
                self.typed(text);
                self.check();
            }
            Err(code) => {
                self.typed(String::new());
                self.trouble.set(Some(field_message(code)));
            }
        });
    }

    fn check(self) {
        let (text, language) = (self.text.get_untracked(), self.language.get_untracked());
        self.run(async move { preview_import(text, language).await }, move |preview| self.preview.set(Some(preview)));
    }

    fn confirm(self) {
        let (text, language) = (self.text.get_untracked(), self.language.get_untracked());
        self.run(async move { import_answers(text, language).await }, move |added| {
            self.desk.is_importing.set(false);
            self.desk.changed();
            self.typed(String::new());
            self.toasts.say(t_count(w::ANSWERS_IMPORT_DONE, i64::from(added)));
        });
    }

    fn run<T: 'static>(
        self,
        asked: impl Future<Output = Result<T, crate::shared::error::AppError>> + 'static,
        done: impl FnOnce(T) + 'static,
    ) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.trouble.set(None);
        spawn_local(async move {
            let answer = asked.await;
            self.busy.set(false);
            match answer {
                Ok(value) => done(value),
                Err(error) => self.trouble.set(Some(first_words(&error))),
            }
        });
    }
}

/// What would be added, and what not and why.
#[component]
fn Preview(preview: ImportPreview) -> impl IntoView {
    let (tone, title) = match preview.good {
        0 => (Tone::Warn, t(w::ANSWERS_IMPORT_NONE).to_owned()),
        good => (Tone::Ok, t_count(w::ANSWERS_IMPORT_GOOD, i64::from(good))),
    };
    let sample = preview
        .sample
        .into_iter()
        .map(|(question, answer)| view! { <li><b>{question}</b>" "<span class="muted clip-2">{answer}</span></li> })
        .collect_view();
    let bad = preview
        .bad_lines
        .into_iter()
        .map(|line| {
            let at = t_with(w::ANSWERS_IMPORT_LINE, &[("line", &format::n(i64::from(line.line)))]);
            view! { <li><b>{at}</b>" "{field_message(&line.code)}" "<q class="muted" dir="auto">{line.text}</q></li> }
        })
        .collect_view();
    view! {
        <Callout tone title>
            {(preview.known > 0).then(|| view! { <p>{t_count(w::ANSWERS_IMPORT_KNOWN, i64::from(preview.known))}</p> })}
            {(preview.good > 0).then(|| view! { <ul class="small import-sample" aria-label=t(w::ANSWERS_IMPORT_FIRST)>{sample}</ul> })}
        </Callout>
        {(preview.bad > 0).then(|| view! {
            <Callout tone=Tone::Warn title=t_count(w::ANSWERS_IMPORT_BAD, i64::from(preview.bad))>
                <ul class="small import-bad">{bad}</ul>
            </Callout>
        })}
    }
    .into_any()
}

/// The text of a file: UTF-8, or what spreadsheets write on Windows. Errors: the message key.
fn decoded(bytes: &[u8]) -> Result<String, &'static str> {
    if bytes.contains(&0) {
        return Err("answer.not_text"); // a spreadsheet's own format, a picture
    }
    Ok(match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| windows_letter(*byte)).collect(),
    })
}

/// Windows-1252, as far as texts use it.
fn windows_letter(byte: u8) -> char {
    match byte {
        0x80 => '€',
        0x85 => '…',
        0x8c => 'Œ',
        0x91 | 0x92 => '’',
        0x93 => '“',
        0x94 => '”',
        0x96 => '–',
        0x97 => '—',
        0x9c => 'œ',
        byte => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_spreadsheets_are_read_whatever_they_are_written_in() {
        assert_eq!(decoded("réponse".as_bytes()).as_deref(), Ok("réponse"));
        assert_eq!(decoded(b"r\xe9ponse : l\x92\x9cuvre, 5 \x80").as_deref(), Ok("réponse : l’œuvre, 5 €"));
        assert_eq!(decoded(b"PK\x03\x04\x00\x00"), Err("answer.not_text"));
    }
}
