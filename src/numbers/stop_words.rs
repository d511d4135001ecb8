//! Which messages are a wish to hear no more, or to hear again. The whole message is the word: "stop please" is a sentence, not an order.
//! Source: protocols sheet "voice", 6.5.

/// What a message orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Stop,
    Start,
}

const STOP: [&str; 17] = [
    "stop",
    "stopall",
    "unsubscribe",
    "cancel",
    "end",
    "quit",
    "revoke",
    "optout",
    "opt out",
    "arret",
    "arrete",
    "arretez",
    "arreter",
    "desabonner",
    "baja",
    "afmelden",
    "abmelden",
];
const START: [&str; 4] = ["start", "unstop", "yes", "reprendre"];

/// The order a message is, if it is one: case, accents, blanks and a full stop do not matter.
pub fn order(body: &str) -> Option<Order> {
    let word: String = body.trim().trim_end_matches(['.', '!', ' ']).chars().flat_map(char::to_lowercase).map(bare).collect();
    if STOP.contains(&word.as_str()) { Some(Order::Stop) } else { START.contains(&word.as_str()).then_some(Order::Start) }
}

fn bare(letter: char) -> char {
    match letter {
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'à' | 'â' => 'a',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_word_is_an_order_and_a_sentence_is_none() {
        for word in ["STOP", " stop ", "Stop.", "STOPALL", "Arrêt", "ARRET", "arrêter !", "désabonner", "opt out", "Unsubscribe", "BAJA"]
        {
            assert_eq!(order(word), Some(Order::Stop), "{word}");
        }
        for word in ["START", "unstop", "Yes", "Reprendre"] {
            assert_eq!(order(word), Some(Order::Start), "{word}");
        }
        for other in ["", "STOP PLEASE", "bonjour", "je stoppe", "non", "help", "."] {
            assert_eq!(order(other), None, "{other}");
        }
    }
}
