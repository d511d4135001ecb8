//! What an assistant of the simulator thinks of a text: a pure function of what it was told to be and of what was said. It understands little,
//! but what it does is believable: it looks questions up, reads facts off its prompt, puts through, takes messages, says what it is.

use serde_json::{Value, json};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// What it does next.
#[derive(Debug, PartialEq)]
pub(super) enum Thought {
    Say(String),
    /// Looks a question up in the customer's answers.
    Look {
        question: String,
    },
    /// Takes a message.
    Note {
        arguments: Value,
    },
    /// Puts the caller through.
    Transfer {
        destination: Value,
        words: String,
    },
}

/// An assistant and what was said to it.
pub(super) struct Mind<'a> {
    assistant: &'a Value,
    is_french: bool,
    /// What the caller said, first to last.
    heard: Vec<&'a str>,
    /// What it said itself last.
    own: &'a str,
}

impl<'a> Mind<'a> {
    /// Reads an assistant as it is configured, and messages of either side.
    pub(super) fn of(assistant: &'a Value, messages: &'a [Value]) -> Mind<'a> {
        let by = |role: &'static str| {
            messages.iter().filter(move |message| message["role"] == role).filter_map(|message| message["content"].as_str())
        };
        let language = assistant.pointer("/transcriber/language").and_then(Value::as_str).unwrap_or("en");
        Mind {
            assistant,
            is_french: language.starts_with("fr"),
            heard: by("user").collect(),
            own: by("assistant").next_back().unwrap_or_default(),
        }
    }

    pub(super) fn language_code(&self) -> &'static str {
        if self.is_french { "fr" } else { "en" }
    }

    /// What it does about what was said last.
    pub(super) fn think(&self) -> Thought {
        let last = self.heard.last().copied().unwrap_or_default();
        let words = plain(last);
        let is = |list: &[&str]| list.iter().any(|part| format!(" {words}").contains(&format!(" {part}")));
        if is(&["robot", "machine", "une ia", "vraie personne", "humain ou", "an ai", "real person", "are you human"]) {
            return self.say(
                "Oui, je suis un assistant virtuel. Que puis-je faire pour vous ?",
                "Yes, I am a virtual assistant. How can I help you?",
            );
        }
        if is(DANGER) && self.prompt().contains("112") {
            return self.say(
                "Mettez-vous en sécurité et appelez tout de suite le 112. L'équipe est prévenue dès que vous l'aurez fait.",
                "Get to safety and call 112 right now. The team comes second.",
            );
        }
        let is_pending = ["votre nom", "your name", "quel nom", "which name"].iter().any(|part| plain(self.own).contains(part));
        let wants_person =
            is(&["quelqu un", "une personne", "un humain", "transfer", "parler a", "someone", "a person", "put me through", "speak to"]);
        if (wants_person || is(URGENT))
            && !is_pending
            && let Some(thought) = self.transfer(is(URGENT))
        {
            return thought;
        }
        if is(&["au revoir", "c est tout", "bonne journee", "goodbye", "bye", "that s all", "that is all"]) {
            return self.say(&self.bye("Merci de votre appel"), &self.bye("Thank you for calling"));
        }
        if (is_pending || digits(last) >= 9) && self.has_tool("take_message") {
            return Thought::Note { arguments: self.message(last) };
        }
        if last.contains('?') || is(QUESTION) {
            if self.has_tool("search_answers") {
                return Thought::Look { question: last.trim().to_owned() };
            }
            return Thought::Say(self.told_nothing());
        }
        if is(BOOKING) {
            return self.say(
                "Je note votre demande, l'équipe vous confirmera. À quel nom, à quel numéro, et quel moment vous conviendrait ?",
                "I take your request down, and the team will confirm. Which name, which number, and when would suit you?",
            );
        }
        if words.split(' ').count() <= 2 && !is(&["rappel", "message", "call"]) {
            return self.say("Je vous écoute, que puis-je faire pour vous ?", "I am listening, how can I help you?");
        }
        self.say(
            "Je comprends. Puis-je avoir votre nom et votre numéro, pour que l'équipe vous rappelle ?",
            "I understand. May I have your name and your number, so that the team can call you back?",
        )
    }

    /// When nothing was found: what the prompt says on it, else that it does not know.
    pub(super) fn told_nothing(&self) -> String {
        if let Some(fact) = self.fact() {
            return fact;
        }
        let (fr, en) = (
            "Je n'ai pas cette information. Puis-je avoir votre nom et votre numéro, pour que l'équipe vous rappelle ?",
            "I do not know that. May I have your name and your number, so that the team can call you back?",
        );
        if self.is_french { fr } else { en }.to_owned()
    }

    /// After a message was taken, or could not be.
    pub(super) fn noted(&self, is_taken: bool) -> String {
        let words = match (is_taken, self.is_french) {
            (true, true) => "C'est noté, je transmets votre message à l'équipe, qui vous rappellera. Puis-je faire autre chose pour vous ?",
            (true, false) => "I have noted that and pass your message on to the team, who will call you back. Is there anything else?",
            (false, true) => "Je n'arrive pas à enregistrer votre message. Pourriez-vous rappeler un peu plus tard ?",
            (false, false) => "I cannot take your message right now. Could you call back a little later?",
        };
        words.to_owned()
    }

    fn say(&self, fr: &str, en: &str) -> Thought {
        Thought::Say(if self.is_french { fr } else { en }.to_owned())
    }

    fn bye(&self, thanks: &str) -> String {
        let phrase = self.assistant["endCallPhrases"].get(0).and_then(Value::as_str);
        let phrase = phrase.unwrap_or(if self.is_french { "au revoir" } else { "goodbye" });
        format!("{thanks}, {phrase}.")
    }

    fn prompt(&self) -> &str {
        self.assistant.pointer("/model/messages/0/content").and_then(Value::as_str).unwrap_or_default()
    }

    fn tools(&self) -> impl Iterator<Item = &Value> {
        self.assistant.pointer("/model/tools").and_then(Value::as_array).into_iter().flatten()
    }

    fn has_tool(&self, name: &str) -> bool {
        self.tools().any(|tool| tool.pointer("/function/name").and_then(Value::as_str) == Some(name))
    }

    /// The destination whose description shares a word with what was said; the one on call when it is urgent, else the first.
    fn transfer(&self, is_urgent: bool) -> Option<Thought> {
        let tool = self.tools().find(|tool| tool["type"] == "transferCall")?;
        let destinations = tool["destinations"].as_array()?;
        let all = plain(&self.heard.join(" "));
        let described = |destination: &&Value| {
            let words = plain(destination["description"].as_str().unwrap_or_default());
            words.split(' ').any(|word| word.len() > 3 && all.contains(word.get(..5).unwrap_or(word)))
        };
        let on_call = |destination: &&Value| {
            let words = plain(destination["description"].as_str().unwrap_or_default());
            ["garde", "urgen", "astreinte", "on call", "duty"].iter().any(|part| words.contains(part))
        };
        let urgent = destinations.iter().find(|destination| is_urgent && on_call(destination));
        let destination = urgent.or_else(|| destinations.iter().find(described)).or_else(|| destinations.first())?;
        let (fr, en) = ("Je vous mets en relation, ne quittez pas.", "I am putting you through, please hold.");
        let own = destination["message"].as_str().filter(|words| !words.is_empty());
        Some(Thought::Transfer { destination: destination.clone(), words: own.unwrap_or(if self.is_french { fr } else { en }).to_owned() })
    }

    /// A line of the prompt such as `- Horaires : du lundi au vendredi`, whose label is asked for.
    fn fact(&self) -> Option<String> {
        let asked = plain(self.heard.last()?);
        let lines = self.prompt().lines().filter_map(|line| line.trim().strip_prefix('-')?.split_once(':'));
        let filled = lines.map(|(label, text)| (label.trim(), text.trim())).filter(|(_, text)| !text.is_empty());
        let stem = |word: &str| word.get(..5).unwrap_or(word).to_owned();
        let mut fits = filled.filter(|(label, _)| {
            let label = plain(label);
            label.split(' ').filter(|word| word.len() > 3).any(|word| asked.split(' ').any(|heard| heard.starts_with(&stem(word))))
        });
        fits.next().map(|(label, text)| format!("{label} : {text}"))
    }

    /// A message from what was said: who, which number, what, how pressing.
    fn message(&self, last: &str) -> Value {
        let all = self.heard.join(". ");
        let mut arguments = json!({ "message": all, "urgent": URGENT.iter().any(|part| plain(&all).contains(part)) });
        let number: String = last.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
        if digits(last) >= 9 {
            arguments["phone"] = json!(number);
        }
        if let Some(name) = name_in(last) {
            arguments["caller_name"] = json!(name);
        }
        arguments
    }
}

const DANGER: &[&str] = &[
    "odeur de gaz",
    "fuite de gaz",
    "incendie",
    "le feu",
    "inconscient",
    "ne respire",
    "smell gas",
    "gas leak",
    "fire",
    "unconscious",
    "not breathing",
];
const URGENT: &[&str] = &["urgen", "emergency", "tout de suite", "right now"];
const QUESTION: &[&str] = &[
    "quand",
    "combien",
    "comment",
    "ou ",
    "est ce que",
    "quel",
    "horaire",
    "ouvert",
    "tarif",
    "prix",
    "adresse",
    "acces",
    "when",
    "how",
    "where",
    "what",
    "which",
    "do you",
    "are you",
    "is it",
    "hours",
    "price",
    "address",
];
const BOOKING: &[&str] = &["rendez", "rdv", "reserv", "table", "visite", "appointment", "book", "viewing", "devis", "quote"];

/// `je suis Paul Martin`, `my name is …`; else the words in front of the number that begin with a capital.
fn name_in(text: &str) -> Option<String> {
    let capitals = |part: &str| {
        let words = part.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric() && c != '-' && c != '.'));
        let named: Vec<&str> = words.skip_while(|word| !starts_high(word)).take_while(|word| starts_high(word)).take(4).collect();
        (!named.is_empty()).then(|| named.join(" "))
    };
    let lower = text.to_lowercase();
    let marks = ["je suis ", "c'est ", "m'appelle ", "au nom de ", "my name is ", "this is ", "i am ", "i'm "];
    let after = marks.iter().filter_map(|mark| Some(lower.find(mark)? + mark.len())).min();
    after.and_then(|at| text.get(at..)).and_then(capitals).or_else(|| capitals(text))
}

fn starts_high(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_uppercase)
}

fn digits(text: &str) -> usize {
    text.chars().filter(char::is_ascii_digit).count()
}

/// Lower case, no accents, one space between words.
fn plain(text: &str) -> String {
    let letters = text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
    let spaced: String = letters.map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assistant(tools: &[&str]) -> Value {
        let functions = tools.iter().map(|name| json!({ "type": "function", "function": { "name": name } }));
        let transfer = json!({ "type": "transferCall", "destinations": [
            { "number": "+33199000001", "description": "Accueil" }, { "number": "+33199000002", "description": "Vétérinaire de garde" }] });
        json!({
            "transcriber": { "language": "fr" }, "endCallPhrases": ["au revoir"],
            "model": { "messages": [{ "role": "system", "content": "Tu réponds.\n- Horaires : du lundi au vendredi, de 9 h à 18 h.\n- En danger : 112." }],
                "tools": functions.chain([transfer]).collect::<Vec<_>>() },
        })
    }

    fn after(own: &str, words: &str, tools: &[&str]) -> Thought {
        let assistant = assistant(tools);
        let messages = [json!({ "role": "assistant", "content": own }), json!({ "role": "user", "content": words })];
        Mind::of(&assistant, &messages).think()
    }

    #[test]
    fn questions_are_looked_up_and_without_a_book_read_off_the_prompt() {
        let thought = after("", "Quels sont vos horaires ?", &["search_answers"]);
        assert_eq!(thought, Thought::Look { question: "Quels sont vos horaires ?".into() });
        assert_eq!(after("", "Quels sont vos horaires ?", &[]), Thought::Say("Horaires : du lundi au vendredi, de 9 h à 18 h.".into()));
        let Thought::Say(words) = after("", "Combien coûte une vidange ?", &[]) else { panic!("words") };
        assert!(words.contains("votre nom"), "{words}");
    }

    #[test]
    fn a_message_is_taken_with_what_was_said() {
        let Thought::Note { arguments } = after("Puis-je avoir votre nom ?", "Je suis Paul Martin, 06 39 98 12 47", &["take_message"])
        else {
            panic!("a message")
        };
        assert_eq!((arguments["caller_name"].as_str(), arguments["phone"].as_str()), (Some("Paul Martin"), Some("0639981247")));
        assert_eq!(arguments["urgent"], false);
    }

    #[test]
    fn who_is_in_a_hurry_is_put_through_to_who_is_on_call() {
        let to = |words: &str| match after("", words, &[]) {
            Thought::Transfer { destination, .. } => destination["number"].as_str().unwrap_or_default().to_owned(),
            other => format!("{other:?}"),
        };
        assert_eq!(to("C'est une urgence"), "+33199000002");
        assert_eq!(to("Je veux parler à l'accueil"), "+33199000001");
        assert!(matches!(after("", "Il y a une odeur de gaz, c'est urgent", &[]), Thought::Say(words) if words.contains("112")));
    }

    #[test]
    fn it_says_what_it_is_and_goodbye() {
        assert!(matches!(after("", "Vous êtes un robot ?", &[]), Thought::Say(words) if words.contains("assistant virtuel")));
        assert_eq!(after("", "Merci, au revoir", &[]), Thought::Say("Merci de votre appel, au revoir.".into()));
    }
}
