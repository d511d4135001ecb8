//! What the provider is told of an assistant or a number. Source: protocols sheet "voice", 1.3, 1.4, 1.6, 1.7, 3.6.

use super::{catalogue, number_store, tool_texts};
use crate::{
    answers::server::actions as answers,
    assistants::model::{Catalogue, Recording, Settings},
    platform::OrgTx,
    reception::{http_tool::HttpTool, server::actions as reception},
    shared::{
        error::AppError,
        ids::{AssistantId, OrgId},
        phone::PhoneNumber,
    },
};
use serde_json::{Value, json};

/// The tool every assistant has: it takes a message for the team. Its calls come to our webhook door.
pub const TAKE_MESSAGE: &str = "take_message";

/// The tool that looks a caller's question up in the answer book.
pub const SEARCH_ANSWERS: &str = "search_answers";

/// What there is to offer: each assistant gets of it what it was given.
#[derive(Clone, Debug, Default)]
pub struct Offer {
    /// There is something in the organisation's answer book.
    pub has_answers: bool,
    /// One of its numbers sends text messages.
    pub sends_sms: bool,
    pub desk: reception::Offer,
    pub catalogue: Catalogue,
}

/// See [`Offer`].
pub async fn offer(tx: &mut OrgTx<'_>) -> Result<Offer, AppError> {
    Ok(Offer {
        has_answers: answers::has_entries(tx).await?,
        sends_sms: number_store::sms_sender(tx, "").await?.is_some(),
        desk: reception::offer(tx).await?,
        catalogue: catalogue::read(tx).await?,
    })
}

/// The messages we ask for. The list replaces the provider's default, which lacks `transcript` and `transfer-update`.
const SERVER_MESSAGES: [&str; 9] = [
    "status-update",
    "transcript",
    "tool-calls",
    "transfer-destination-request",
    "transfer-update",
    "user-interrupted",
    "hang",
    "end-of-call-report",
    "assistant.started",
];

/// The whole assistant. A PATCH replaces nested objects whole, so an update sends exactly what a creation sends.
/// A tool that leads nowhere now, such as a book without entries, is left out.
pub fn assistant(id: AssistantId, org: OrgId, settings: &Settings, server: &Value, offer: &Offer) -> Value {
    let is_french = settings.language == "fr";
    let chosen = settings.tools();
    let has = |name: &str| chosen.iter().any(|known| known == name);
    let mut tools = Vec::new();
    let mut prompt = settings.prompt.clone();
    if has(TAKE_MESSAGE) {
        tools.push(take_message(is_french));
    }
    if offer.has_answers && has(SEARCH_ANSWERS) {
        tools.push(search_answers(is_french));
        prompt = format!("{prompt}\n\n{}", if is_french { LOOK_IT_UP_FR } else { LOOK_IT_UP_EN });
    }
    if has("request_callback") {
        tools.push(tool_texts::request_callback(is_french));
    }
    if offer.desk.has_people && has("transfer_to") {
        tools.push(tool_texts::transfer_to(is_french));
    }
    if has("look_up_caller") {
        tools.push(tool_texts::look_up_caller(is_french));
    }
    if offer.sends_sms && has("send_sms") {
        tools.push(tool_texts::send_sms(is_french));
    }
    tools.extend(offer.desk.own.iter().filter(|tool| has(&tool.name)).map(HttpTool::function));
    if !settings.transfer_numbers.is_empty() {
        tools.push(transfer_call(settings, is_french));
    }
    let mut first_message = settings.first_message.clone();
    if settings.recording == Recording::Notice {
        first_message = format!("{first_message} {}", notice(is_french));
    }
    // What is not in the catalogue any more was once of the usual makers.
    let model_by = offer.catalogue.model(settings.model()).map_or("openai", |model| &model.provider);
    let voice_by = offer.catalogue.voice(&settings.voice).map_or("azure", |voice| &voice.provider);
    json!({
        "name": settings.name,
        "firstMessage": first_message,
        "firstMessageMode": "assistant-speaks-first",
        "model": {
            "provider": model_by,
            "model": settings.model(),
            "temperature": 0.3,
            "messages": [{ "role": "system", "content": prompt }],
            "tools": tools,
        },
        "voice": { "provider": voice_by, "voiceId": settings.voice },
        "transcriber": { "provider": "deepgram", "model": "nova-3", "language": settings.language },
        "endCallPhrases": settings.end_phrases,
        "artifactPlan": { "recordingEnabled": settings.recording != Recording::Off },
        "maxDurationSeconds": settings.max_duration_s.clamp(10, 43_200),
        "server": server,
        "serverMessages": SERVER_MESSAGES,
        "monitorPlan": { "listenEnabled": true, "listenAuthenticationEnabled": true, "controlEnabled": true, "controlAuthenticationEnabled": true },
        "metadata": { "org": org.to_string(), "assistant": id.to_string() },
    })
}

/// The same for a conversation that is no call: nothing of it is told but the tools it uses, and those to a door that keeps nothing.
pub fn for_a_try(mut copy: Value) -> Value {
    if let Some(url) = copy["server"]["url"].as_str() {
        copy["server"]["url"] = json!(format!("{url}/try"));
    }
    copy["serverMessages"] = json!(["tool-calls"]);
    if let Some(fields) = copy.as_object_mut() {
        fields.remove("monitorPlan");
    }
    copy
}

/// Without a line in the prompt a model answers from what it believes to know.
const LOOK_IT_UP_FR: &str = "Carnet de réponses\n- Pour toute question sur l'entreprise (horaires, accès, tarifs, services, conditions), utilise d'abord l'outil search_answers, puis réponds avec ce qu'il donne, dans tes mots et sans rien ajouter.\n- Si la question trouvée n'est pas celle de l'appelant, ou si rien n'est trouvé, dis que tu ne sais pas et propose de prendre un message.";
const LOOK_IT_UP_EN: &str = "Answer book\n- For any question about the business (opening hours, directions, prices, services, terms), use the search_answers tool first, then answer with what it gives, in your own words and adding nothing.\n- If the question it found is not the caller's, or it found nothing, say that you do not know and offer to take a message.";

/// What callers hear before they are recorded: that they are, why, and the way out. The assistant, which has said so itself, takes a message
/// of who objects. Source: sheet "notify", 8.4; the provider's own consent plan is for enterprises, and a running recording cannot be stopped.
fn notice(is_french: bool) -> &'static str {
    if is_french {
        "Cet appel est enregistré pour donner suite à votre demande ; si vous ne le souhaitez pas, dites-le et l'on vous rappellera."
    } else {
        "This call is recorded so that we can act on your request; if you would rather not, say so and we will call you back."
    }
}

/// First words as their author wrote them, and whether the notice stands behind them.
pub fn without_notice(first_message: &str) -> (&str, bool) {
    [true, false]
        .into_iter()
        .find_map(|is_french| first_message.strip_suffix(notice(is_french)))
        .map_or((first_message, false), |own| (own.strip_suffix(' ').unwrap_or(own), true))
}

fn search_answers(is_french: bool) -> Value {
    let words = |fr: &'static str, en: &'static str| if is_french { fr } else { en };
    let languages = if is_french { ["fr", "en"] } else { ["en", "fr"] };
    json!({
        "type": "function",
        "function": {
            "name": SEARCH_ANSWERS,
            "description": words(
                "Cherche la réponse de l'entreprise à une question de l'appelant.",
                "Looks up the business's own answer to a question of the caller.",
            ),
            "parameters": {
                "type": "object",
                "properties": {
                    "question": { "type": "string", "description": words("La question, en quelques mots, sans les politesses", "The question in a few words, without pleasantries") },
                    "language": { "type": "string", "enum": languages, "description": words("La langue de la question", "The language of the question") },
                },
                "required": ["question"],
            },
        },
    })
}

fn take_message(is_french: bool) -> Value {
    let words = |fr: &'static str, en: &'static str| if is_french { fr } else { en };
    json!({
        "type": "function",
        "function": {
            "name": TAKE_MESSAGE,
            "description": words(
                "Enregistre un message pour l'équipe, quand personne ne peut répondre ou qu'il faut rappeler l'appelant.",
                "Keeps a message for the team, when nobody can answer or the caller wants to be called back.",
            ),
            "parameters": {
                "type": "object",
                "properties": {
                    "caller_name": { "type": "string", "description": words("Nom de l'appelant", "Name of the caller") },
                    "phone": { "type": "string", "description": words("Numéro à rappeler, s'il diffère de celui qui appelle", "Number to call back, if another than the one that calls") },
                    "message": { "type": "string", "description": words("Le message, en une ou deux phrases", "The message, in a sentence or two") },
                    "urgent": { "type": "boolean", "description": words("L'appelant dit que c'est urgent", "The caller says it is urgent") },
                },
                "required": ["message"],
            },
        },
    })
}

/// A prompt as its author wrote it.
pub fn without_book(prompt: &str) -> &str {
    [LOOK_IT_UP_FR, LOOK_IT_UP_EN]
        .iter()
        .find_map(|lines| prompt.strip_suffix(lines))
        .map_or(prompt, |own| own.strip_suffix("\n\n").unwrap_or(own))
}

fn transfer_call(settings: &Settings, is_french: bool) -> Value {
    let said = if is_french { "Je vous transfère, ne quittez pas." } else { "I am putting you through, please hold." };
    let destinations: Vec<Value> = settings
        .transfer_numbers
        .iter()
        .map(|entry| json!({ "type": "number", "number": entry.number.as_str(), "description": entry.label, "message": said }))
        .collect();
    json!({ "type": "transferCall", "destinations": destinations })
}

/// A number that asks us, at each call, who shall answer: the choice stays in our rows and needs no push.
pub fn number(number: &PhoneNumber, label: &str, server: &Value) -> Value {
    json!({ "provider": "twilio", "number": number.as_str(), "name": number_name(number, label), "server": server })
}

/// What a number is called at the provider, which takes 40 characters.
pub fn number_name(number: &PhoneNumber, label: &str) -> String {
    if label.is_empty() { number.to_string() } else { label.chars().take(40).collect() }
}

/// Where the provider puts callers through when we do not answer it.
pub fn fallback(number: Option<&PhoneNumber>) -> Value {
    number.map_or(Value::Null, |number| json!({ "type": "number", "number": number.as_str() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assistants::model::TransferEntry;

    fn copy(transfer_numbers: Vec<TransferEntry>, server: &Value, has_answers: bool) -> Value {
        with_tools(transfer_numbers, server, has_answers, None, reception::Offer::default())
    }

    fn with_tools(
        transfer_numbers: Vec<TransferEntry>,
        server: &Value,
        has_answers: bool,
        tools: Option<Vec<String>>,
        desk: reception::Offer,
    ) -> Value {
        made(transfer_numbers, server, &Offer { has_answers, desk, ..Offer::default() }, tools, Recording::On)
    }

    fn recorded(recording: Recording) -> Value {
        made(vec![], &json!({}), &Offer { has_answers: true, ..Offer::default() }, None, recording)
    }

    fn made(
        transfer_numbers: Vec<TransferEntry>,
        server: &Value,
        offer: &Offer,
        tools: Option<Vec<String>>,
        recording: Recording,
    ) -> Value {
        let settings = Settings {
            name: "Léa".into(),
            language: "fr".into(),
            voice: "fr-FR-DeniseNeural".into(),
            model: None,
            first_message: "Bonjour".into(),
            prompt: "Tu réponds.".into(),
            end_phrases: vec!["Au revoir".into()],
            max_duration_s: 600,
            transfer_numbers,
            tools,
            recording,
        };
        assistant(AssistantId(uuid::Uuid::from_u128(7)), OrgId(uuid::Uuid::from_u128(1)), &settings, server, offer)
    }

    #[test]
    fn the_copy_says_all_the_provider_needs_and_no_tool_leads_nowhere() {
        let server = json!({ "url": "https://zencall.example/hooks/vapi/t" });
        let plain = copy(vec![], &server, false);
        assert_eq!(plain["model"]["messages"][0]["content"], "Tu réponds.");
        assert_eq!(plain["model"]["tools"].as_array().map(Vec::len), Some(1));
        assert_eq!(plain["server"], server);
        assert_eq!(plain["transcriber"]["language"], "fr");
        let entry = TransferEntry { label: "Garde".into(), number: "+33639981247".parse().expect("a number") };
        let reachable = copy(vec![entry], &server, false);
        assert_eq!(reachable["model"]["tools"][1]["destinations"][0]["number"], "+33639981247");
    }

    #[test]
    fn an_assistant_has_the_tools_it_was_given_as_far_as_they_lead_anywhere() {
        let names = |tools: &[&str], has_people: bool| -> Vec<String> {
            let tools = Some(tools.iter().map(|name| (*name).to_owned()).collect());
            let copy = with_tools(vec![], &json!({}), false, tools, reception::Offer { has_people, own: vec![] });
            let listed = copy["model"]["tools"].as_array().expect("tools").iter();
            listed.map(|tool| tool["function"]["name"].as_str().expect("a name").to_owned()).collect()
        };
        let all = ["take_message", "search_answers", "request_callback", "transfer_to", "look_up_caller", "gone"];
        assert_eq!(names(&all, true), ["take_message", "request_callback", "transfer_to", "look_up_caller"]);
        assert_eq!(names(&all, false), ["take_message", "request_callback", "look_up_caller"], "nobody to put callers through to");
        assert!(names(&[], true).is_empty());
    }

    #[test]
    fn a_book_with_entries_comes_as_a_tool_and_a_line_that_says_to_use_it() {
        let copy = copy(vec![], &json!({}), true);
        assert_eq!(copy["model"]["tools"][1]["function"]["name"], SEARCH_ANSWERS);
        let prompt = copy["model"]["messages"][0]["content"].as_str().expect("a prompt");
        assert!(prompt.starts_with("Tu réponds.") && prompt.contains("search_answers"), "{prompt}");
        assert_eq!(without_book(prompt), "Tu réponds.");
    }

    #[test]
    fn callers_are_told_before_they_are_recorded_and_nobody_is_who_should_not_be() {
        let of = |recording| recorded(recording);
        let enabled = |copy: &Value| copy["artifactPlan"]["recordingEnabled"].clone();
        assert_eq!((enabled(&of(Recording::Off)), enabled(&of(Recording::On))), (json!(false), json!(true)));
        assert_eq!(of(Recording::On)["firstMessage"], "Bonjour");
        let told = of(Recording::Notice);
        let first = told["firstMessage"].as_str().expect("words");
        assert!(first.starts_with("Bonjour Cet appel est enregistré") && enabled(&told) == json!(true), "{first}");
        assert_eq!((without_notice(first), without_notice("Bonjour")), (("Bonjour", true), ("Bonjour", false)));
    }

    #[test]
    fn messages_are_offered_once_a_number_sends_them() {
        let has_tool = |sends_sms| {
            let offer = Offer { sends_sms, ..Offer::default() };
            let copy = made(vec![], &json!({}), &offer, Some(vec!["send_sms".into()]), Recording::On);
            copy["model"]["tools"].to_string().contains("send_sms")
        };
        assert_eq!([true, false].map(has_tool), [true, false]);
    }
}
