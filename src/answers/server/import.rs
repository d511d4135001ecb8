//! Reads a text as entries: a table with a header (`question;answer;language;variants;valid_from;valid_until`), or a page of questions and answers.
//! Pure. Each line that is not understood is named, with what is wrong with it.

use super::words::fold;
use crate::{
    answers::model::*,
    platform::spreadsheet,
    shared::error::{AppError, FieldErrors},
};

/// The longest text that is read.
const TEXT_LENGTH: usize = 4 * 1024 * 1024;
/// How much of a bad line is shown.
const SHOWN: usize = 80;

/// What a text says.
#[derive(Debug, Default, PartialEq)]
pub struct Read {
    pub good: Vec<NewAnswer>,
    pub bad: Vec<BadLine>,
}

/// Reads a text. What does not name its language is in `language`. Errors: `Invalid` when there is nothing, or too much, to read.
pub fn read(text: &str, language: &str) -> Result<Read, AppError> {
    let refused = |code| AppError::Invalid { fields: FieldErrors::one("text", code) };
    if text.len() > TEXT_LENGTH {
        return Err(refused("answer.text_too_long"));
    }
    let text = text.trim_start_matches('\u{feff}');
    if text.trim().is_empty() {
        return Err(refused("required"));
    }
    let read = match Table::of(text) {
        Some(table) => table.read(text, language),
        None => read_page(text, language),
    };
    Ok(read)
}

/// Which column is what.
struct Table {
    separator: u8,
    columns: Vec<Option<Column>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Question,
    Answer,
    Language,
    Variants,
    ValidFrom,
    ValidUntil,
}

impl Column {
    fn of(name: &str) -> Option<Self> {
        Some(match fold(name).as_str() {
            "question" => Self::Question,
            "answer" | "reponse" => Self::Answer,
            "language" | "langue" => Self::Language,
            "variants" | "variantes" => Self::Variants,
            "valid from" | "debut" | "valable du" => Self::ValidFrom,
            "valid until" | "fin" | "valable jusqu au" => Self::ValidUntil,
            _ => return None,
        })
    }
}

impl Table {
    /// A text is a table when its first line names a column of questions and one of answers.
    fn of(text: &str) -> Option<Self> {
        let head = text.lines().next()?;
        [b';', b'\t', b','].into_iter().find_map(|separator| {
            let columns: Vec<Option<Column>> =
                head.split(char::from(separator)).map(|name| Column::of(name.trim().trim_matches('"'))).collect();
            let has = |column| columns.contains(&Some(column));
            (has(Column::Question) && has(Column::Answer)).then_some(Self { separator, columns })
        })
    }

    fn read(&self, text: &str, language: &str) -> Read {
        let mut read = Read::default();
        let mut reader = csv::ReaderBuilder::new().delimiter(self.separator).flexible(true).from_reader(text.as_bytes());
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).unwrap_or(false) {
            let line = spreadsheet::line_of(&record, text);
            if record.iter().all(|field| field.trim().is_empty()) {
                continue;
            }
            let shown = record.iter().collect::<Vec<_>>().join(" ");
            // More than the header names: a separator that is part of a text. Less, and the question or the answer is missing.
            if record.len() > self.columns.len() || self.needed().any(|at| at >= record.len()) {
                read.refuse(line, "answer.columns", &shown);
                continue;
            }
            read.take(line, self.form(&record, language), &shown);
        }
        read
    }

    fn needed(&self) -> impl Iterator<Item = usize> {
        let place = |column| self.columns.iter().position(|known| *known == Some(column)).unwrap_or(0);
        [place(Column::Question), place(Column::Answer)].into_iter()
    }

    fn form(&self, record: &csv::StringRecord, language: &str) -> AnswerForm {
        let mut form = AnswerForm { language: language.to_owned(), ..Default::default() };
        for (column, value) in self.columns.iter().zip(record) {
            let value = spreadsheet::typed(value.trim());
            match column {
                Some(Column::Question) => form.question = value.to_owned(),
                Some(Column::Answer) => form.answer = value.to_owned(),
                Some(Column::Language) if !value.is_empty() => form.language = value.to_lowercase(),
                Some(Column::Variants) => form.variants = value.replace('|', "\n"),
                Some(Column::ValidFrom) => form.valid_from = value.to_owned(),
                Some(Column::ValidUntil) => form.valid_until = value.to_owned(),
                Some(Column::Language) | None => {}
            }
        }
        form
    }
}

impl Read {
    fn take(&mut self, line: u32, form: AnswerForm, shown: &str) {
        match form.parse() {
            Ok(new) => self.good.push(new),
            Err(error) => {
                let code = error.fields().0.into_values().next().unwrap_or_else(|| "unknown".into());
                self.refuse(line, &code, shown);
            }
        }
    }

    fn refuse(&mut self, line: u32, code: &str, shown: &str) {
        self.bad.push(BadLine { line, code: code.to_owned(), text: one_line(shown).chars().take(SHOWN).collect() });
    }
}

/// A question and what follows it, while a page is read.
struct Open {
    line: u32,
    question: String,
    answer: Vec<String>,
}

impl Open {
    fn close(self, read: &mut Read, language: &str) {
        let answer = self.answer.join("\n");
        if answer.trim().is_empty() {
            return read.refuse(self.line, "answer.no_answer", &self.question);
        }
        let form = AnswerForm { language: language.to_owned(), question: self.question.clone(), answer, ..Default::default() };
        read.take(self.line, form, &self.question);
    }
}

/// A page: lines that begin with “Q:” or end with a question mark are questions, and what follows each is its answer.
fn read_page(text: &str, language: &str) -> Read {
    let mut read = Read::default();
    let mut open: Option<Open> = None;
    for (at, line) in text.lines().enumerate() {
        let (number, line) = (u32::try_from(at + 1).unwrap_or(u32::MAX), line.trim());
        let answer = after(line, &["a", "r", "answer", "réponse", "reponse"]);
        let marked = after(line, &["q", "question"]);
        // Within an answer marked as one, a question mark may stand.
        let question = marked.or_else(|| (answer.is_none() && line.ends_with('?')).then(|| bare(line)));
        match (question, open.as_mut()) {
            (Some(question), _) => {
                if let Some(done) = open.take() {
                    done.close(&mut read, language);
                }
                open = Some(Open { line: number, question: question.to_owned(), answer: Vec::new() });
            }
            (None, Some(open)) => open.answer.push(answer.unwrap_or(line).to_owned()),
            (None, None) if !line.is_empty() => read.refuse(number, "answer.no_question", line),
            (None, None) => {}
        }
    }
    if let Some(done) = open {
        done.close(&mut read, language);
    }
    read
}

/// What stands behind one of these marks and a colon.
fn after<'a>(line: &'a str, marks: &[&str]) -> Option<&'a str> {
    let (mark, rest) = line.split_once(':')?;
    let mark = mark.trim().trim_start_matches(['*', '#', '-']).trim().to_lowercase();
    marks.contains(&mark.as_str()).then(|| rest.trim().trim_matches('*').trim())
}

/// A heading or a numbered question of a page, without its marks.
fn bare(line: &str) -> &str {
    line.trim_start_matches(|c: char| c.is_ascii_digit() || "#*-•.) \u{a0}".contains(c)).trim_end_matches('*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn questions(read: &Read) -> Vec<(&str, &str)> {
        read.good.iter().map(|new| (new.question.as_str(), new.answer.as_str())).collect()
    }

    fn bad(read: &Read) -> Vec<(u32, &str)> {
        read.bad.iter().map(|line| (line.line, line.code.as_str())).collect()
    }

    #[test]
    fn a_table_is_read_by_the_names_of_its_columns() {
        let text = "\u{feff}Réponse;Question;Langue;Variantes\nOui;Ouvert ?;;Ouvert samedi|Le samedi\n\"Derrière;\nà gauche\";Un parking ?;FR;\nYes;Open?;en;\n";
        let read = read(text, "fr").expect("read");
        assert_eq!(questions(&read), [("Ouvert ?", "Oui"), ("Un parking ?", "Derrière;\nà gauche"), ("Open?", "Yes")]);
        assert_eq!(read.good[0].variants, ["Ouvert samedi", "Le samedi"]);
        assert_eq!((read.good[1].language.as_str(), read.good[2].language.as_str()), ("fr", "en"));
        assert_eq!(bad(&read), []);
    }

    #[test]
    fn commas_and_tabs_separate_as_well() {
        for separator in [",", "\t"] {
            let text = format!("question{separator}answer\nOpen?{separator}Yes");
            assert_eq!(questions(&read(&text, "en").expect("read")), [("Open?", "Yes")]);
        }
    }

    #[test]
    fn each_bad_line_of_a_table_is_named() {
        let text = "question;answer;language;valid_from;valid_until\nOuvert ?;Oui;fr;;\nSans réponse ?;;fr;;\ntrop court\nAllemand ?;Ja;de;;\n\nDatée ?;Oui;fr;hier;\nÀ l'envers ?;Oui;fr;2026-02-02;2026-02-01\n";
        let read = read(text, "fr").expect("read");
        assert_eq!(questions(&read), [("Ouvert ?", "Oui")]);
        let expected = [(3, "answer.answer_length"), (4, "answer.columns"), (5, "unknown"), (7, "answer.day"), (8, "answer.days_in_order")];
        assert_eq!(bad(&read), expected);
        assert_eq!(read.bad[1].text, "trop court");
    }

    #[test]
    fn a_page_of_marked_questions_and_answers() {
        let text = "Q: Êtes-vous ouverts le samedi ?\nR : Oui, le matin.\nEt vous ?\n\nQ : Parking\nA: Derrière.\nTrois places.\n";
        let read = read(text, "fr").expect("read");
        assert_eq!(questions(&read), [("Êtes-vous ouverts le samedi ?", "Oui, le matin."), ("Parking", "Derrière.\nTrois places.")]);
        assert_eq!(bad(&read), [(3, "answer.no_answer")]);
    }

    #[test]
    fn a_page_of_headings_and_paragraphs() {
        let text = "Questions fréquentes\n\n## 1. Où vous garer ?\nDerrière le bâtiment.\n\nGratuit.\n\nPrenez-vous la carte ?\n\nLe chèque ?\nNon.";
        let read = read(text, "fr").expect("read");
        assert_eq!(questions(&read), [("Où vous garer ?", "Derrière le bâtiment.\n\nGratuit."), ("Le chèque ?", "Non.")]);
        assert_eq!(bad(&read), [(1, "answer.no_question"), (8, "answer.no_answer")]);
    }

    #[test]
    fn nothing_and_too_much_are_refused() {
        let code = |text: &str| read(text, "fr").expect_err("refused").fields().get("text").map(str::to_owned);
        assert_eq!(code(" \n"), Some("required".into()));
        assert_eq!(code(&"x".repeat(TEXT_LENGTH + 1)), Some("answer.text_too_long".into()));
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "(?s).{0,200}") {
            let _ = read(&text, "fr");
            let _ = read(&format!("question;answer\n{text}"), "en");
        }
    }
}
