//! What the provider is told of the tools of reception, in the assistant's language.

use serde_json::{Value, json};

/// Notes that a caller wants to be called.
pub fn request_callback(is_french: bool) -> Value {
    let words = |fr: &'static str, en: &'static str| if is_french { fr } else { en };
    json!({
        "type": "function",
        "function": {
            "name": "request_callback",
            "description": words("Note que l'appelant veut être rappelé.", "Notes that the caller wants to be called back."),
            "parameters": {
                "type": "object",
                "properties": {
                    "caller_name": { "type": "string", "description": words("Nom de l'appelant", "Name of the caller") },
                    "number": { "type": "string", "description": words("Numéro à rappeler, s'il diffère de celui qui appelle", "Number to call back, if another than the one that calls") },
                    "when": { "type": "string", "description": words("Quand rappeler, dans ses mots", "When to call back, in their words") },
                    "why": { "type": "string", "description": words("À quel sujet, en une phrase", "What about, in a sentence") },
                },
                "required": ["why"],
            },
        },
    })
}

/// Puts the caller through to somebody of the directory.
pub fn transfer_to(is_french: bool) -> Value {
    let words = |fr: &'static str, en: &'static str| if is_french { fr } else { en };
    json!({
        "type": "function",
        "function": {
            "name": "transfer_to",
            "description": words(
                "Transfère l'appelant à une personne de l'équipe, quand il le demande ou quand vous ne pouvez pas l'aider.",
                "Puts the caller through to one of the team, when they ask for a person or you cannot help.",
            ),
            "parameters": {
                "type": "object",
                "properties": {
                    "skill": { "type": "string", "description": words("Le service, le sujet ou le nom demandé", "The department, subject or name asked for") },
                    "language": { "type": "string", "enum": ["fr", "en"], "description": words("La langue de l'appelant", "The caller's language") },
                    "urgent": { "type": "boolean", "description": words("L'appelant dit que c'est urgent", "The caller says it is urgent") },
                },
                "required": [],
            },
        },
    })
}

/// Says who calls.
pub fn look_up_caller(is_french: bool) -> Value {
    let description = if is_french {
        "Dit si l'appelant est connu, son nom et sa langue. À utiliser au début de l'appel."
    } else {
        "Says whether the caller is known, their name and language. Use it when the call begins."
    };
    json!({ "type": "function", "function": { "name": "look_up_caller", "description": description, "parameters": { "type": "object", "properties": {} } } })
}

/// Sends the caller a text message.
pub fn send_sms(is_french: bool) -> Value {
    let words = |fr: &'static str, en: &'static str| if is_french { fr } else { en };
    json!({
        "type": "function",
        "function": {
            "name": "send_sms",
            "description": words(
                "Envoie un SMS à l'appelant, au numéro d'où il appelle : une adresse, un horaire, un lien. Demandez-lui d'abord s'il le veut.",
                "Sends the caller a text message, to the number they call from: an address, a time, a link. Ask them first whether they want it.",
            ),
            "parameters": {
                "type": "object",
                "properties": { "text": { "type": "string", "description": words("Le texte du SMS, en 300 caractères au plus", "The message, in 300 characters at most") } },
                "required": ["text"],
            },
        },
    })
}
