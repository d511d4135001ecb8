//! What the API accepts, in the words of the real one: unknown properties are refused, names have 40 characters, ranges hold.
//! Source: voice.md 1.3 to 1.6. Only shapes are judged here; whether an id exists is asked where it is used.

use serde_json::Value;

use super::refusal::Refusal;
use super::world::Object;

/// The types a server may subscribe to.
const SERVER_MESSAGES: &[&str] = &[
    "assistant.started",
    "assistant.speechStarted",
    "conversation-update",
    "end-of-call-report",
    "function-call",
    "hang",
    "language-changed",
    "language-change-detected",
    "model-output",
    "phone-call-control",
    "speech-update",
    "status-update",
    "transcript",
    "transcript[transcriptType=\"final\"]",
    "transcript[transcriptType='final']",
    "tool-calls",
    "transfer-destination-request",
    "handoff-destination-request",
    "transfer-update",
    "user-interrupted",
    "voice-input",
    "voice-request",
    "knowledge-base-request",
    "call.artifact.upload",
    "call.deleted",
    "call.delete.failed",
    "chat.created",
    "chat.deleted",
    "session.created",
    "session.updated",
    "session.deleted",
    "call.endpointing.request",
];

const ASSISTANT: &[&str] = &[
    "name",
    "model",
    "voice",
    "transcriber",
    "firstMessage",
    "firstMessageMode",
    "firstMessageInterruptionsEnabled",
    "endCallMessage",
    "voicemailMessage",
    "endCallPhrases",
    "maxDurationSeconds",
    "voicemailDetection",
    "backgroundSound",
    "server",
    "serverMessages",
    "clientMessages",
    "analysisPlan",
    "artifactPlan",
    "monitorPlan",
    "startSpeakingPlan",
    "stopSpeakingPlan",
    "compliancePlan",
    "hooks",
    "keypadInputPlan",
    "transportConfigurations",
    "credentialIds",
    "credentials",
    "metadata",
    "modelOutputInMessagesEnabled",
    "observabilityPlan",
    "backgroundSpeechDenoisingPlan",
];

const CALL: &[&str] = &[
    "assistantId",
    "assistant",
    "squadId",
    "squad",
    "workflowId",
    "workflow",
    "assistantVersion",
    "assistantOverrides",
    "squadOverrides",
    "workflowOverrides",
    "name",
    "phoneNumberId",
    "phoneNumber",
    "customer",
    "customerId",
    "customers",
    "schedulePlan",
    "transport",
];

const WEB_CALL: &[&str] = &[
    "assistantId",
    "assistant",
    "squadId",
    "squad",
    "workflowId",
    "workflow",
    "assistantVersion",
    "assistantOverrides",
    "squadOverrides",
    "workflowOverrides",
    "roomDeleteOnUserLeaveEnabled",
];

const CHAT: &[&str] =
    &["assistantId", "assistant", "squadId", "assistantOverrides", "name", "input", "sessionId", "previousChatId", "stream", "transport"];

const CUSTOMER: &[&str] =
    &["number", "numberE164CheckEnabled", "name", "email", "externalId", "extension", "sipUri", "assistantOverrides", "squadOverrides"];

const SERVER: &[&str] =
    &["url", "timeoutSeconds", "credentialId", "headers", "backoffPlan", "staticIpAddressesEnabled", "encryptedPaths", "secret"];

const NUMBER: &[&str] = &[
    "provider",
    "number",
    "name",
    "assistantId",
    "squadId",
    "workflowId",
    "server",
    "fallbackDestination",
    "hooks",
    "twilioAccountSid",
    "twilioAuthToken",
    "twilioApiKey",
    "twilioApiSecret",
    "smsEnabled",
    "numberDesiredAreaCode",
    "sipUri",
    "authentication",
    "credentialId",
    "numberE164CheckEnabled",
];

/// Judges an assistant, saved or given with a call; `partial` when it is an update.
pub(super) fn assistant(body: &Object) -> Result<(), Refusal> {
    let mut problems = Problems::default();
    assistant_fields(&mut problems, body, "", &[]);
    problems.verdict()
}

/// Judges a transient assistant from an `assistant-request` reply.
pub(super) fn is_assistant(body: &Value) -> bool {
    body.as_object().is_some_and(|body| assistant(body).is_ok())
}

/// Judges the body of `POST /call`.
pub(super) fn call(body: &Object) -> Result<(), Refusal> {
    let mut problems = Problems::default();
    problems.unknown(body, "", CALL, &[]);
    problems.text(body, "", "name", 0, 40);
    call_target(&mut problems, body);
    if let Some(customer) = problems.object(body, "", "customer") {
        customer_fields(&mut problems, customer, "customer.");
    }
    match body.get("customers") {
        Some(Value::Array(customers)) if customers.is_empty() => problems.add("customers should not be empty"),
        Some(Value::Array(customers)) => {
            for (place, customer) in customers.iter().enumerate() {
                match customer.as_object() {
                    Some(customer) => customer_fields(&mut problems, customer, &format!("customers.{place}.")),
                    None => problems.add(format!("customers.{place} must be an object")),
                }
            }
        }
        Some(Value::Null) | None => {}
        Some(_) => problems.add("customers must be an array"),
    }
    if let Some(plan) = problems.object(body, "", "schedulePlan") {
        problems.unknown(plan, "schedulePlan.", &["earliestAt", "latestAt"], &[]);
        for key in ["earliestAt", "latestAt"] {
            let valid = plan.get(key).is_none_or(|value| value.as_str().is_some_and(|text| moment(text).is_some()));
            if !valid || (key == "earliestAt" && !plan.contains_key(key)) {
                problems.add(format!("schedulePlan.{key} must be a valid ISO 8601 date string"));
            }
        }
    }
    let websocket = problems
        .object(body, "", "transport")
        .is_some_and(|transport| transport.get("provider").and_then(Value::as_str) == Some("vapi.websocket"));
    if websocket {
        for key in ["phoneNumberId", "phoneNumber"] {
            if body.contains_key(key) {
                problems.add(format!("{key} should not exist when transport.provider is vapi.websocket"));
            }
        }
    }
    problems.verdict()?;
    let customers = ["customer", "customerId", "customers"].iter().filter(|key| body.contains_key(**key)).count();
    if customers > 1 {
        return Err(Refusal::bad_request("Only one of `customer`, `customerId` or `customers` may be provided."));
    }
    let numbers = ["phoneNumberId", "phoneNumber"].iter().filter(|key| body.contains_key(**key)).count();
    if numbers > 1 {
        return Err(Refusal::bad_request("Only one of `phoneNumberId` or `phoneNumber` may be provided."));
    }
    if customers == 1 && numbers == 0 && !websocket {
        return Err(Refusal::bad_request("Need either `phoneNumberId` or `phoneNumber` to call a customer."));
    }
    if customers == 0 && numbers == 1 {
        return Err(Refusal::bad_request("Need either `customer`, `customerId` or `customers` to call."));
    }
    Ok(())
}

/// Judges the body of `POST /chat`. Source: voice.md 1.11.
pub(super) fn chat(body: &Object) -> Result<(), Refusal> {
    let mut problems = Problems::default();
    problems.unknown(body, "", CHAT, &[]);
    problems.text(body, "", "name", 0, 40);
    if let Some(assistant) = problems.object(body, "", "assistant") {
        assistant_fields(&mut problems, assistant, "assistant.", &[]);
    }
    if let Some(overrides) = problems.object(body, "", "assistantOverrides") {
        assistant_fields(&mut problems, overrides, "assistantOverrides.", &["variableValues", "tools:append"]);
    }
    let is_message = |message: &Value| {
        let role = message.get("role").and_then(Value::as_str).unwrap_or_default();
        matches!(role, "system" | "user" | "assistant" | "tool" | "developer")
    };
    match body.get("input") {
        Some(Value::String(words)) if !words.trim().is_empty() => {}
        Some(Value::Array(messages)) if !messages.is_empty() && messages.iter().all(is_message) => {}
        _ => problems.add("input must be a string or an array of messages"),
    }
    for key in ["stream", "transport", "squadId", "sessionId"] {
        if !matches!(body.get(key), None | Some(Value::Null | Value::Bool(false))) {
            problems.add(format!("{key} is not simulated"));
        }
    }
    problems.verdict()?;
    match ["assistantId", "assistant"].iter().filter(|key| body.contains_key(**key)).count() {
        1 => Ok(()),
        0 => Err(Refusal::bad_request("Need one of `assistantId`, `assistant`, `squadId`, `sessionId` or `previousChatId`.")),
        _ => Err(Refusal::bad_request("Only one of `assistantId`, `assistant` or `squadId` may be provided.")),
    }
}

/// Judges the body of `POST /call/web`.
pub(super) fn web_call(body: &Object) -> Result<(), Refusal> {
    let mut problems = Problems::default();
    problems.unknown(body, "", WEB_CALL, &[]);
    call_target(&mut problems, body);
    problems.verdict()
}

/// Judges a phone number; `update_of` is the provider of the one that is changed.
pub(super) fn phone_number(body: &Object, update_of: Option<&str>) -> Result<(), Refusal> {
    let mut problems = Problems::default();
    problems.unknown(body, "", NUMBER, &[]);
    problems.text(body, "", "name", 0, 40);
    let required: &[&str] = match body.get("provider").and_then(Value::as_str) {
        Some("twilio") => &["number", "twilioAccountSid"],
        Some("vapi") => &[],
        Some("byo-phone-number") => &["credentialId"],
        Some("vonage" | "telnyx") => &["number", "credentialId"],
        _ => {
            problems.add("provider must be one of the following values: twilio, vapi, byo-phone-number, vonage, telnyx");
            &[]
        }
    };
    match update_of {
        Some(provider) if body.get("provider").and_then(Value::as_str) != Some(provider) => {
            problems.add(format!("provider must be {provider}"));
        }
        Some(_) => {}
        None => {
            for key in required {
                if body.get(*key).and_then(Value::as_str).is_none_or(str::is_empty) {
                    problems.add(format!("{key} must be a string"));
                }
            }
            let twilio = body.get("provider").and_then(Value::as_str) == Some("twilio");
            let secret = ["twilioAuthToken", "twilioApiKey"].iter().any(|key| body.contains_key(*key));
            if twilio && !secret {
                problems.add("twilioAuthToken must be a string");
            }
        }
    }
    if body.get("numberE164CheckEnabled") != Some(&Value::Bool(false)) {
        problems.e164(body, "", "number");
    }
    if let Some(code) = body.get("numberDesiredAreaCode").and_then(Value::as_str)
        && !(code.len() == 3 && code.bytes().all(|digit| digit.is_ascii_digit()))
    {
        problems.add("numberDesiredAreaCode must be a 3 digit area code");
    }
    if let Some(server) = problems.object(body, "", "server") {
        server_fields(&mut problems, server, "server.");
    }
    problems.verdict()
}

/// Judges the body of `PATCH /call/{id}`.
pub(super) fn call_update(body: &Object) -> Result<(), Refusal> {
    let mut problems = Problems::default();
    problems.unknown(body, "", &["name"], &[]);
    problems.text(body, "", "name", 0, 40);
    problems.verdict()
}

/// A time as clients write it; a `+` that a query string turned into a blank is forgiven.
pub(super) fn moment(text: &str) -> Option<chrono::DateTime<chrono::Utc>> {
    chrono::DateTime::parse_from_rfc3339(&text.trim().replace(' ', "+")).ok().map(|time| time.to_utc())
}

/// True for `+` and 8 to 15 digits that do not begin with 0.
pub(super) fn is_e164(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        (8..=15).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|digit| digit.is_ascii_digit())
    })
}

fn call_target(problems: &mut Problems, body: &Object) {
    let targets = ["assistantId", "assistant", "squadId", "squad", "workflowId", "workflow"];
    match targets.iter().filter(|key| body.contains_key(**key)).count() {
        1 => {}
        0 => problems.add("Need one of `assistantId`, `assistant`, `squadId`, `squad`, `workflowId` or `workflow`."),
        _ => problems.add("Only one of `assistantId`, `assistant`, `squadId`, `squad`, `workflowId` or `workflow` may be provided."),
    }
    if body.contains_key("assistantVersion") && body.contains_key("assistant") {
        problems.add("assistantVersion should not exist with an inline assistant");
    }
    if let Some(assistant) = problems.object(body, "", "assistant") {
        assistant_fields(problems, assistant, "assistant.", &[]);
    }
    if let Some(overrides) = problems.object(body, "", "assistantOverrides") {
        assistant_fields(problems, overrides, "assistantOverrides.", &["variableValues", "tools:append"]);
    }
}

fn assistant_fields(problems: &mut Problems, body: &Object, path: &str, also: &[&str]) {
    problems.unknown(body, path, ASSISTANT, also);
    problems.text(body, path, "name", 0, 40);
    problems.text(body, path, "firstMessage", 0, 100_000);
    problems.text(body, path, "endCallMessage", 0, 1000);
    problems.text(body, path, "voicemailMessage", 0, 1000);
    problems.one_of(
        body,
        path,
        "firstMessageMode",
        &["assistant-speaks-first", "assistant-waits-for-user", "assistant-speaks-first-with-model-generated-message"],
    );
    problems.range(body, path, "maxDurationSeconds", 10.0, 43_200.0);
    problems.texts(body, path, "endCallPhrases", None);
    problems.texts(body, path, "serverMessages", Some(SERVER_MESSAGES));
    problems.texts(body, path, "clientMessages", None);
    for key in ["voice", "transcriber"] {
        if let Some(part) = problems.object(body, path, key)
            && !part.get("provider").is_some_and(Value::is_string)
        {
            problems.add(format!("{path}{key}.provider must be a string"));
        }
    }
    for key in ["analysisPlan", "artifactPlan", "monitorPlan", "compliancePlan", "metadata", "variableValues"] {
        problems.object(body, path, key);
    }
    if let Some(model) = problems.object(body, path, "model") {
        let path = format!("{path}model.");
        for key in ["provider", "model"] {
            if !model.get(key).is_some_and(Value::is_string) {
                problems.add(format!("{path}{key} must be a string"));
            }
        }
        problems.range(model, &path, "temperature", 0.0, 2.0);
        problems.range(model, &path, "maxTokens", 50.0, 10_000.0);
        if model.get("messages").is_some_and(|messages| !messages.is_array()) {
            problems.add(format!("{path}messages must be an array"));
        }
        tools(problems, model, &path);
    }
    if let Some(server) = problems.object(body, path, "server") {
        server_fields(problems, server, &format!("{path}server."));
    }
}

fn tools(problems: &mut Problems, model: &Object, path: &str) {
    let tools = match model.get("tools") {
        Some(Value::Array(tools)) => tools,
        Some(Value::Null) | None => return,
        Some(_) => return problems.add(format!("{path}tools must be an array")),
    };
    for (place, tool) in tools.iter().enumerate() {
        let Some(kind) = tool.get("type").and_then(Value::as_str) else {
            problems.add(format!("{path}tools.{place}.type must be a string"));
            continue;
        };
        if kind == "function" {
            let name = tool.pointer("/function/name").and_then(Value::as_str).unwrap_or_default();
            let valid =
                (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
            if !valid {
                problems.add(format!("{path}tools.{place}.function.name must match /^[a-zA-Z0-9_-]{{1,64}}$/ regular expression"));
            }
        }
        if let Some(server) = tool.get("server").and_then(Value::as_object) {
            server_fields(problems, server, &format!("{path}tools.{place}.server."));
        }
    }
}

fn server_fields(problems: &mut Problems, server: &Object, path: &str) {
    problems.unknown(server, path, SERVER, &[]);
    let is_url = |url: &str| url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if server.get("url").is_some_and(|url| !url.as_str().is_some_and(is_url)) {
        problems.add(format!("{path}url must be a URL address"));
    }
    problems.range(server, path, "timeoutSeconds", 1.0, 300.0);
    problems.object(server, path, "headers");
    if let Some(plan) = problems.object(server, path, "backoffPlan") {
        let path = format!("{path}backoffPlan.");
        problems.one_of(plan, &path, "type", &["fixed", "exponential"]);
        problems.range(plan, &path, "maxRetries", 0.0, 10.0);
        problems.range(plan, &path, "baseDelaySeconds", 0.0, 10.0);
    }
}

fn customer_fields(problems: &mut Problems, customer: &Object, path: &str) {
    problems.unknown(customer, path, CUSTOMER, &[]);
    for key in ["name", "email", "externalId"] {
        problems.text(customer, path, key, 0, 40);
    }
    problems.text(customer, path, "extension", 0, 10);
    if customer.get("numberE164CheckEnabled") == Some(&Value::Bool(false)) {
        problems.text(customer, path, "number", 3, 40);
    } else {
        problems.e164(customer, path, "number");
    }
    if !customer.contains_key("number") && !customer.contains_key("sipUri") {
        problems.add(format!("{path}number must be a string"));
    }
    if let Some(overrides) = problems.object(customer, path, "assistantOverrides") {
        assistant_fields(problems, overrides, &format!("{path}assistantOverrides."), &["variableValues", "tools:append"]);
    }
}

/// What is wrong with a body, in the words of class-validator.
#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn add(&mut self, problem: impl Into<String>) {
        self.0.push(problem.into());
    }

    fn verdict(self) -> Result<(), Refusal> {
        if self.0.is_empty() { Ok(()) } else { Err(Refusal::invalid(self.0)) }
    }

    fn unknown(&mut self, body: &Object, path: &str, known: &[&str], also: &[&str]) {
        for key in body.keys().filter(|key| !known.contains(&key.as_str()) && !also.contains(&key.as_str())) {
            self.add(format!("{path}property {key} should not exist"));
        }
    }

    fn text(&mut self, body: &Object, path: &str, key: &str, least: usize, most: usize) {
        match body.get(key) {
            Some(Value::String(text)) if text.chars().count() > most => {
                self.add(format!("{path}{key} must be shorter than or equal to {most} characters"));
            }
            Some(Value::String(text)) if text.chars().count() < least => {
                self.add(format!("{path}{key} must be longer than or equal to {least} characters"));
            }
            Some(Value::String(_) | Value::Null) | None => {}
            Some(_) => self.add(format!("{path}{key} must be a string")),
        }
    }

    fn e164(&mut self, body: &Object, path: &str, key: &str) {
        let valid = body.get(key).is_none_or(|number| number.as_str().is_some_and(is_e164));
        if !valid {
            self.add(format!("{path}{key} must be a valid phone number in the E.164 format"));
        }
    }

    fn range(&mut self, body: &Object, path: &str, key: &str, least: f64, most: f64) {
        match body.get(key) {
            Some(Value::Null) | None => {}
            Some(value) => match value.as_f64() {
                Some(number) if number > most => self.add(format!("{path}{key} must not be greater than {most}")),
                Some(number) if number < least => self.add(format!("{path}{key} must not be less than {least}")),
                Some(_) => {}
                None => self.add(format!("{path}{key} must be a number conforming to the specified constraints")),
            },
        }
    }

    fn one_of(&mut self, body: &Object, path: &str, key: &str, values: &[&str]) {
        let valid = body.get(key).is_none_or(|value| value.as_str().is_some_and(|text| values.contains(&text)));
        if !valid {
            self.add(format!("{path}{key} must be one of the following values: {}", values.join(", ")));
        }
    }

    fn texts(&mut self, body: &Object, path: &str, key: &str, values: Option<&[&str]>) {
        let items = match body.get(key) {
            Some(Value::Array(items)) => items,
            Some(Value::Null) | None => return,
            Some(_) => return self.add(format!("{path}{key} must be an array")),
        };
        if items.iter().any(|item| !item.is_string()) {
            return self.add(format!("each value in {path}{key} must be a string"));
        }
        if let Some(values) = values
            && items.iter().filter_map(Value::as_str).any(|item| !values.contains(&item))
        {
            self.add(format!("each value in {path}{key} must be one of the following values: {}", values.join(", ")));
        }
    }

    fn object<'a>(&mut self, body: &'a Object, path: &str, key: &str) -> Option<&'a Object> {
        match body.get(key) {
            Some(Value::Object(object)) => Some(object),
            Some(Value::Null) | None => None,
            Some(_) => {
                self.add(format!("{path}{key} must be an object"));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_e164;

    #[test]
    fn e164_is_a_plus_and_8_to_15_digits() {
        assert!(is_e164("+33612345678"));
        for wrong in ["0612345678", "+0612345678", "+33 6 12 34 56 78", "+1234567", "+1234567890123456", ""] {
            assert!(!is_e164(wrong), "{wrong}");
        }
    }
}
