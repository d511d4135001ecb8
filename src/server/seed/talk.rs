//! One conversation: who says what when, how it ends, and what the summary says of it. All of it fits together.

use super::{
    dice::Dice,
    trades::{DAYS, HOURS, Trade},
};
use crate::calls::model::{Direction, Outcome, Speaker};

/// A line, with the second it begins and ends, counted from the answer.
pub struct Said {
    pub speaker: Speaker,
    pub text: String,
    pub from_s: f64,
    pub to_s: f64,
}

/// A use of the message tool.
pub struct Tool {
    pub at_s: f64,
    pub message: String,
    pub urgent: bool,
}

/// What a call was.
pub struct Talk {
    pub direction: Direction,
    pub lines: Vec<Said>,
    pub tool: Option<Tool>,
    /// Handed to this number.
    pub transferred_to: Option<String>,
    /// Seconds from answer to end; absent when nobody answered.
    pub answered_s: Option<f64>,
    /// Seconds it rang.
    pub rang_s: f64,
    /// The provider's word.
    pub ended_reason: &'static str,
    pub outcome: Outcome,
    pub summary: Option<String>,
    pub success: Option<&'static str>,
}

/// Who the other party is.
pub struct Person {
    pub first: &'static str,
    pub last: &'static str,
    pub title: &'static str,
}

/// What happens, with how many of a hundred calls.
const MIX: &[(Kind, u32)] = &[
    (Kind::Appointment, 25),
    (Kind::Question, 21),
    (Kind::Message, 16),
    (Kind::Emergency, 9),
    (Kind::Asked, 4),
    (Kind::HungUp, 5),
    (Kind::Complaint, 3),
    (Kind::Confirmed, 6),
    (Kind::NoAnswer, 4),
    (Kind::Busy, 1),
    (Kind::Voicemail, 3),
    (Kind::Stop, 1),
    (Kind::Failed, 2),
];

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Appointment,
    Question,
    Message,
    Emergency,
    Asked,
    HungUp,
    Complaint,
    Confirmed,
    NoAnswer,
    Busy,
    Voicemail,
    Stop,
    Failed,
}

/// Makes up a call to or from `business`.
pub fn talk(dice: &mut Dice, trade: &Trade, business: &str, person: &Person, transfer_to: &str) -> Talk {
    let kind = MIX[dice.weighted(&MIX.map_weights())].0;
    let mut telling = Telling::new(dice, business);
    let name = format!("{} {}", person.first, person.last);
    let polite = format!("{} {}", person.title, person.last);
    match kind {
        Kind::Appointment => {
            let (subject, short) = *telling.dice.pick(trade.subjects);
            let (part, hour) = *telling.dice.pick(HOURS);
            let day = *telling.dice.pick(DAYS);
            telling.hello();
            telling.caller(format!("Bonjour, je voudrais un rendez-vous pour {subject}."));
            telling.assistant("Bien sûr. À quel nom, s'il vous plaît ?".into());
            telling.caller(format!("{}, {name}.", person.last));
            telling.assistant(format!("Merci {polite}. Quel moment vous conviendrait ?"));
            telling.caller(format!("Plutôt {day}, {part} si c'est possible."));
            telling.tool(format!("Rendez-vous {day} vers {hour}, {short}"), false);
            telling.assistant(format!(
                "Je note {day} vers {hour}. L'équipe vous confirme par téléphone. Le numéro qui s'affiche est-il le bon ?"
            ));
            telling.caller("Oui, c'est le bon.".into());
            telling.assistant(format!("C'est noté : {day} vers {hour}, {short}. Bonne journée, au revoir."));
            telling.caller("Merci beaucoup, au revoir.".into());
            telling.done(
                "assistant-said-end-call-phrase",
                format!("{name} demande un rendez-vous {day} vers {hour} : {short}. L'équipe doit confirmer."),
                "true",
            )
        }
        Kind::Question => {
            let (question, answer, gist) = *telling.dice.pick(trade.questions);
            telling.hello();
            telling.caller(format!("Bonjour, {question}"));
            telling.assistant(format!("{answer} Puis-je faire autre chose pour vous ?"));
            telling.caller("Non, c'est parfait, merci.".into());
            telling.assistant("Avec plaisir. Bonne journée, au revoir.".into());
            telling.done("assistant-said-end-call-phrase", format!("Question sur {gist}, répondue."), "true")
        }
        Kind::Message => {
            let (matter, gist) = *telling.dice.pick(trade.messages);
            let who = *telling.dice.pick(trade.people);
            let when = *telling.dice.pick(&["demain matin", "cet après-midi", "à partir de dix-huit heures"]);
            telling.hello();
            telling.caller(format!("Bonjour, je voudrais parler à {who}, s'il vous plaît."));
            telling.assistant("Cette personne n'est pas disponible en ce moment. Puis-je prendre un message ?".into());
            telling.caller(format!("Oui, dites que {matter}."));
            telling.assistant("Je le note. Quel est votre nom ?".into());
            telling.caller(format!("{name}."));
            telling.tool(format!("{gist}. Rappeler {when}."), false);
            telling.assistant(format!("Merci {polite}. On vous rappelle {when} au numéro qui s'affiche. Au revoir."));
            telling.caller("Très bien, merci, au revoir.".into());
            telling.done("customer-ended-call", format!("Message de {name} : {gist}. À rappeler {when}."), "true")
        }
        Kind::Emergency => {
            let (cry, gist) = *telling.dice.pick(trade.emergencies);
            telling.hello();
            telling.caller(format!("Bonjour, c'est {name}. {cry}"));
            telling.assistant("Je comprends, restez en ligne. Je vous transfère tout de suite à la personne d'astreinte.".into());
            telling.caller("D'accord, merci.".into());
            telling.moved(transfer_to, format!("Urgence signalée par {name} : {gist}. Transférée à l'astreinte."))
        }
        Kind::Asked => {
            let who = *telling.dice.pick(trade.people);
            telling.hello();
            telling.caller("Bonjour, je préfère parler à quelqu'un, s'il vous plaît.".into());
            telling.assistant(format!("Bien sûr, je vous passe {who}. Ne quittez pas."));
            telling.moved(transfer_to, format!("{name} a demandé un humain et a été transféré."))
        }
        Kind::HungUp => {
            telling.hello();
            if telling.dice.chance(50) {
                telling.caller("Ah, pardon, je me suis trompé de numéro.".into());
            }
            telling.done("customer-ended-call", "L'appelant a raccroché sans demande.".into(), "false")
        }
        Kind::Complaint => {
            let (wrong, gist) = *telling.dice.pick(trade.complaints);
            telling.hello();
            telling.caller(format!("Bonjour. Je ne suis pas content du tout : {wrong}."));
            telling.assistant("Je suis désolé pour ce désagrément. Je transmets votre demande à un responsable. À quel nom ?".into());
            telling.caller(format!("{name}. Et je veux être rappelé aujourd'hui."));
            telling.tool(format!("Réclamation : {gist}. Rappel demandé aujourd'hui."), true);
            telling.assistant(format!("C'est noté comme urgent, {polite}. Un responsable vous rappelle aujourd'hui. Au revoir."));
            telling.caller("J'y compte bien.".into());
            telling.done("customer-ended-call", format!("Réclamation de {name} : {gist}. Rappel demandé aujourd'hui."), "true")
        }
        Kind::Confirmed => {
            let (day, hour) = (*telling.dice.pick(DAYS), telling.dice.pick(HOURS).1);
            telling.outbound(format!("je vous appelle pour confirmer votre rendez-vous de {day} à {hour}."));
            telling.caller("Oui, bonjour. C'est bien ça, je viendrai.".into());
            telling.tool(format!("Rendez-vous de {day} à {hour} confirmé"), false);
            telling.assistant("Parfait, c'est confirmé. Souhaitez-vous autre chose ?".into());
            telling.caller("Non, merci, bonne journée.".into());
            telling.assistant("Merci de votre temps, au revoir.".into());
            Talk {
                direction: Direction::Outbound,
                ..telling.done("assistant-said-end-call-phrase", format!("{name} confirme le rendez-vous de {day} à {hour}."), "true")
            }
        }
        Kind::Stop => {
            telling.outbound("avez-vous deux minutes pour donner votre avis sur notre service ?".into());
            telling.caller("Non, et je ne souhaite plus être appelé.".into());
            telling.tool(format!("{name} ne souhaite plus être appelé"), true);
            telling.assistant("C'est noté, vous ne serez plus appelé. Excusez-moi pour le dérangement, au revoir.".into());
            Talk {
                direction: Direction::Outbound,
                ..telling.done("assistant-said-end-call-phrase", format!("{name} ne souhaite plus être appelé. À respecter."), "false")
            }
        }
        Kind::Voicemail => {
            telling.outbound("je rappellerai pour confirmer votre rendez-vous.".into());
            Talk {
                direction: Direction::Outbound,
                outcome: Outcome::Voicemail,
                ..telling.done("voicemail", "Répondeur : aucune information personnelle laissée.".into(), "false")
            }
        }
        Kind::NoAnswer => unanswered(dice, "customer-did-not-answer", Outcome::Missed, 28.0),
        Kind::Busy => unanswered(dice, "customer-busy", Outcome::Missed, 3.0),
        Kind::Failed => unanswered(dice, "twilio-failed-to-connect-call", Outcome::Failed, 2.0),
    }
}

fn unanswered(dice: &mut Dice, ended_reason: &'static str, outcome: Outcome, rang_s: f64) -> Talk {
    let rang_s = rang_s + dice.below(1000) as f64 / 500.0;
    Talk {
        direction: Direction::Outbound,
        lines: vec![],
        tool: None,
        transferred_to: None,
        answered_s: None,
        rang_s,
        ended_reason,
        outcome,
        summary: None,
        success: None,
    }
}

trait Weights {
    fn map_weights(&self) -> Vec<u32>;
}

impl Weights for [(Kind, u32)] {
    fn map_weights(&self) -> Vec<u32> {
        self.iter().map(|(_, weight)| *weight).collect()
    }
}

/// A conversation while it is told.
struct Telling<'a> {
    dice: &'a mut Dice,
    business: &'a str,
    at_s: f64,
    lines: Vec<Said>,
    tool: Option<Tool>,
}

impl<'a> Telling<'a> {
    fn new(dice: &'a mut Dice, business: &'a str) -> Self {
        Self { dice, business, at_s: 0.4, lines: Vec::with_capacity(12), tool: None }
    }

    fn hello(&mut self) {
        self.assistant(format!("{}, bonjour, vous parlez à notre assistant virtuel. Que puis-je faire pour vous ?", self.business));
    }

    fn outbound(&mut self, matter: String) {
        self.assistant(format!("Bonjour, ici l'assistant virtuel de {}, {matter}", self.business));
    }

    fn assistant(&mut self, text: String) {
        self.say(Speaker::Assistant, text);
    }

    fn caller(&mut self, text: String) {
        self.say(Speaker::Caller, text);
    }

    /// Spoken at about 15 characters a second, after a pause of half a second to a second and a half.
    fn say(&mut self, speaker: Speaker, text: String) {
        let from_s = self.at_s;
        let to_s = from_s + (text.chars().count() as f64 / 15.0).max(0.7);
        self.at_s = to_s + 0.5 + self.dice.below(1000) as f64 / 1000.0;
        self.lines.push(Said { speaker, text, from_s, to_s });
    }

    fn tool(&mut self, message: String, urgent: bool) {
        self.tool = Some(Tool { at_s: self.at_s, message, urgent });
        self.at_s += 0.6;
    }

    fn done(self, ended_reason: &'static str, summary: String, success: &'static str) -> Talk {
        let rang_s = 0.8 + self.dice.below(1500) as f64 / 1000.0;
        Talk {
            direction: Direction::Inbound,
            answered_s: Some(self.at_s),
            lines: self.lines,
            tool: self.tool,
            transferred_to: None,
            rang_s,
            ended_reason,
            outcome: Outcome::Done,
            summary: Some(summary),
            success: Some(success),
        }
    }

    fn moved(self, to: &str, summary: String) -> Talk {
        Talk { outcome: Outcome::Moved, transferred_to: Some(to.to_owned()), ..self.done("assistant-forwarded-call", summary, "true") }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::trades::TRADES, *};
    use crate::calls::reason::classify;

    #[test]
    fn every_call_fits_together() {
        let person = Person { first: "Nadia", last: "Garnier", title: "madame" };
        for seed in 0..2_000 {
            let trade = &TRADES[seed as usize % TRADES.len()];
            let talk = talk(&mut Dice::of(&[seed]), trade, "Garage Morel", &person, "+33199002411");
            let ended = talk.answered_s.unwrap_or(0.0);
            assert!(talk.lines.windows(2).all(|pair| pair[0].to_s < pair[1].from_s), "lines do not overlap");
            assert!(talk.lines.last().is_none_or(|last| last.to_s <= ended), "nothing is said after the end");
            assert_eq!(talk.lines.is_empty(), talk.answered_s.is_none());
            assert_eq!(talk.outcome, classify(talk.ended_reason).outcome(), "{}", talk.ended_reason);
            assert_eq!(talk.transferred_to.is_some(), talk.outcome == Outcome::Moved);
            assert_eq!(talk.summary.is_some(), talk.answered_s.is_some());
            if talk.direction == Direction::Inbound {
                assert!(crate::assistants::model::announces_itself(&talk.lines[0].text));
            }
        }
    }
}
