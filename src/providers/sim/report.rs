//! What is left of a call: transcript, artifact, analysis, costs, and the end-of-call report that carries them.
//! Rates are believable, not Vapi's price list; the parts always add up to the total.

use serde_json::{Map, Value, json};

use super::artifact;
use super::call::{Call, Facts, Kind};
use super::script::{Language, Outcome};
use super::tools::{Known, conform};
use super::world::{Object, World, iso};

/// `artifact`, `analysis`, `costs`, `costBreakdown` and `cost` of a call that ended.
pub(super) fn outcome(world: &World, call: &Call, language: Language, completed: bool) -> Object {
    let facts = call.facts().clone();
    let mut outcome = costs(&facts, call.kind);
    outcome.insert("analysis".into(), analysis(&facts, call, language, completed));
    let mut artifact = json!({
        "messages": facts.messages,
        "messagesOpenAIFormatted": openai_messages(&facts),
        "transcript": transcript(&facts),
        "variableValues": facts.setting("/variableValues").cloned().unwrap_or_else(|| json!({})),
        "transfers": facts.transfers,
        "performanceMetrics": performance(&facts),
    });
    if facts.started_at.is_some() && facts.switch("/artifactPlan/recordingEnabled", true) {
        let (mono, stereo) = (artifact::raw_url(world, &call.id, "mono"), artifact::raw_url(world, &call.id, "stereo"));
        artifact["recordingUrl"] = json!(mono);
        artifact["stereoRecordingUrl"] = json!(stereo);
        artifact["recording"] = json!({
            "mono": {
                "combinedUrl": mono,
                "assistantUrl": artifact::raw_url(world, &call.id, "assistant"),
                "customerUrl": artifact::raw_url(world, &call.id, "customer"),
            },
            "stereoUrl": stereo,
        });
    }
    outcome.insert("artifact".into(), artifact);
    outcome
}

/// The report itself, with the legacy copies beside the artifact.
pub(super) fn message(world: &World, call: &Call) -> Object {
    let facts = call.facts().clone();
    let mut report = facts.outcome.clone();
    if let Some(artifact) = report.get_mut("artifact").and_then(Value::as_object_mut) {
        artifact.extend(artifact::presigned(world, call));
    }
    let copied = ["transcript", "recordingUrl", "stereoRecordingUrl", "messages"];
    let copies: Object = copied.into_iter().filter_map(|key| Some((key.to_owned(), report.get("artifact")?.get(key)?.clone()))).collect();
    report.extend(copies);
    if let Some(summary) = report.get("analysis").and_then(|analysis| analysis.get("summary")).cloned() {
        report.insert("summary".into(), summary);
    }
    let seconds = facts.duration_s();
    report.insert("endedReason".into(), json!(facts.ended_reason));
    report.insert("durationMs".into(), json!((seconds * 1000.0).round() as i64));
    report.insert("durationSeconds".into(), json!(seconds));
    report.insert("durationMinutes".into(), json!(micro(seconds / 60.0)));
    for (key, time) in [("startedAt", facts.started_at), ("endedAt", facts.ended_at)] {
        if let Some(time) = time {
            report.insert(key.into(), json!(iso(time)));
        }
    }
    if let Some(destination) = facts.destination {
        report.insert("destination".into(), destination);
    }
    report
}

/// The conversation as text, a line per speaker.
pub(super) fn transcript(facts: &Facts) -> String {
    let assistant = facts.text("/artifactPlan/transcriptPlan/assistantName").unwrap_or("AI");
    let user = facts.text("/artifactPlan/transcriptPlan/userName").unwrap_or("User");
    let mut text = String::new();
    for message in &facts.messages {
        let speaker = match message["role"].as_str() {
            Some("bot") => assistant,
            Some("user") => user,
            _ => continue,
        };
        text.push_str(&format!("{speaker}: {}\n", message["message"].as_str().unwrap_or_default()));
    }
    text
}

/// The conversation as chat models write it.
pub(super) fn openai_messages(facts: &Facts) -> Vec<Value> {
    facts
        .messages
        .iter()
        .filter_map(|message| match message["role"].as_str()? {
            "bot" => Some(json!({"role": "assistant", "content": message["message"]})),
            role @ ("user" | "system") => Some(json!({"role": role, "content": message["message"]})),
            "tool_calls" => Some(json!({"role": "assistant", "tool_calls": message["toolCalls"]})),
            "tool_call_result" => Some(json!({"role": "tool", "tool_call_id": message["toolCallId"], "content": message["result"]})),
            _ => None,
        })
        .collect()
}

/// One or two sentences on the call.
pub(super) fn summary(call: &Call, language: Language, completed: bool) -> String {
    let script = call.scenario.script;
    let caller = caller(call);
    if completed {
        return script.summary.replace("{caller}", &caller);
    }
    match (language, call.scenario.outcome) {
        (Language::Fr, Outcome::ProviderError(_)) => format!("L'échange avec {caller} a été coupé par un incident technique."),
        (Language::En, Outcome::ProviderError(_)) => format!("The conversation with {caller} was cut off by a technical fault."),
        (Language::Fr, _) => format!("{caller} a appelé au sujet de : {}. L'échange s'est arrêté avant la fin.", script.topic),
        (Language::En, _) => format!("{caller} called about: {}. The conversation stopped before its end.", script.topic),
    }
}

fn caller(call: &Call) -> String {
    let facts = call.facts();
    let name = facts.customer.as_ref().and_then(|customer| customer.get("name")).and_then(Value::as_str);
    name.unwrap_or(&call.scenario.script.caller).to_owned()
}

fn analysis(facts: &Facts, call: &Call, language: Language, completed: bool) -> Value {
    let spoken = facts.messages.iter().filter(|message| matches!(message["role"].as_str(), Some("user" | "bot"))).count();
    let least = facts.setting("/analysisPlan/minMessagesThreshold").and_then(Value::as_u64).unwrap_or(2);
    let mut analysis = Object::new();
    if (spoken as u64) < least {
        return Value::Object(analysis);
    }
    if facts.switch("/analysisPlan/summaryPlan/enabled", true) {
        analysis.insert("summary".into(), json!(summary(call, language, completed)));
    }
    let success = completed && call.scenario.script.success;
    if facts.switch("/analysisPlan/successEvaluationPlan/enabled", true) {
        let verdict = match (facts.text("/analysisPlan/successEvaluationPlan/rubric"), success) {
            (Some("NumericScale"), true) => "9",
            (Some("NumericScale"), false) => "4",
            (Some("PercentageScale"), true) => "90",
            (Some("PercentageScale"), false) => "40",
            (Some("DescriptiveScale"), true) => "Excellent",
            (Some("DescriptiveScale"), false) => "Fair",
            (Some("LikertScale"), true) => "Strongly Agree",
            (Some("LikertScale"), false) => "Disagree",
            (_, true) => "true",
            (_, false) => "false",
        };
        analysis.insert("successEvaluation".into(), json!(verdict));
    }
    let known = Known {
        given: filled(&call.scenario.script.data, &caller(call)),
        caller: caller(call),
        number: call.customer_number(),
        topic: call.scenario.script.topic.clone(),
    };
    let conformed = |plan: &Value| match plan.get("schema") {
        Some(schema) => conform(schema, &known),
        None => Value::Object(known.given.clone()),
    };
    if facts.switch("/analysisPlan/structuredDataPlan/enabled", false)
        && let Some(plan) = facts.setting("/analysisPlan/structuredDataPlan")
    {
        analysis.insert("structuredData".into(), conformed(plan));
    }
    if let Some(plans) = facts.setting("/analysisPlan/structuredDataMultiPlan").and_then(Value::as_array) {
        let results = plans.iter().map(|entry| {
            let key = entry["key"].as_str().unwrap_or("data").to_owned();
            let result: Map<String, Value> = [(key, conformed(&entry["plan"]))].into_iter().collect();
            Value::Object(result)
        });
        analysis.insert("structuredDataMulti".into(), results.collect());
    }
    Value::Object(analysis)
}

fn filled(data: &Map<String, Value>, caller: &str) -> Map<String, Value> {
    let fill = |value: &Value| match value.as_str() {
        Some(text) => json!(text.replace("{caller}", caller)),
        None => value.clone(),
    };
    data.iter().map(|(key, value)| (key.clone(), fill(value))).collect()
}

fn performance(facts: &Facts) -> Value {
    let average = |key: &str| {
        let values: Vec<f64> = facts.latencies.iter().filter_map(|latency| latency[key].as_f64()).collect();
        if values.is_empty() { 0.0 } else { (values.iter().sum::<f64>() / values.len() as f64).round() }
    };
    json!({
        "turnLatencies": facts.latencies,
        "modelLatencyAverage": average("modelLatency"),
        "voiceLatencyAverage": average("voiceLatency"),
        "transcriberLatencyAverage": average("transcriberLatency"),
        "endpointingLatencyAverage": average("endpointingLatency"),
        "turnLatencyAverage": average("turnLatency"),
        "numUserInterrupted": facts.interruptions,
        "numAssistantInterrupted": 0,
    })
}

fn costs(facts: &Facts, kind: Kind) -> Object {
    let minutes = facts.duration_s() / 60.0;
    let letters = |role: &str| -> usize {
        let said = facts.messages.iter().filter(|message| message["role"] == role);
        said.filter_map(|message| message["message"].as_str()).map(|text| text.chars().count()).sum()
    };
    let (spoken, heard, prompt) = (letters("bot"), letters("user"), letters("system"));
    let turns = facts.messages.iter().filter(|message| message["role"] == "bot").count();
    // Each turn sends the prompt and what was said so far again.
    let prompt_tokens = turns * (prompt / 4 + 120) + turns * (spoken + heard) / 8;
    let completion_tokens = spoken / 4;
    let talked = facts.started_at.is_some();
    let transport = micro(if kind.is_phone() { minutes * 0.0085 } else { 0.0 });
    let stt = micro(minutes * 0.0098);
    let llm = micro(prompt_tokens as f64 * 2e-6 + completion_tokens as f64 * 8e-6);
    let tts = micro(spoken as f64 * 3e-5);
    let vapi = micro(minutes * 0.05);
    let (summary, success) = if talked && turns > 0 { (0.0021, 0.0009) } else { (0.0, 0.0) };
    let total = micro(transport + stt + llm + tts + vapi + summary + success);
    let named = |pointer: &str, default: &str| json!(facts.text(pointer).unwrap_or(default));
    let provider = if kind.is_phone() {
        "twilio"
    } else if kind == Kind::Socket {
        "vapi.websocket"
    } else {
        "daily"
    };
    let costs = json!([
        {"type": "transport", "provider": provider, "minutes": micro(minutes), "cost": transport},
        {"type": "transcriber", "transcriber": {"provider": named("/transcriber/provider", "deepgram"), "model": named("/transcriber/model", "nova-3")}, "minutes": micro(minutes), "cost": stt},
        {"type": "model", "model": {"provider": named("/model/provider", "openai"), "model": named("/model/model", "gpt-4.1")}, "promptTokens": prompt_tokens, "completionTokens": completion_tokens, "cost": llm},
        {"type": "voice", "voice": {"provider": named("/voice/provider", "azure"), "voiceId": named("/voice/voiceId", "fr-FR-DeniseNeural")}, "characters": spoken, "cost": tts},
        {"type": "vapi", "subType": "normal", "minutes": micro(minutes), "cost": vapi},
        {"type": "analysis", "analysisType": "summary", "model": {"provider": "google", "model": "gemini-2.5-flash-lite"}, "promptTokens": 900, "completionTokens": 60, "cost": summary},
        {"type": "analysis", "analysisType": "successEvaluation", "model": {"provider": "google", "model": "gemini-2.5-flash-lite"}, "promptTokens": 900, "completionTokens": 1, "cost": success},
    ]);
    let breakdown = json!({
        "transport": transport, "stt": stt, "llm": llm, "tts": tts, "vapi": vapi, "chat": 0, "total": total,
        "llmPromptTokens": prompt_tokens, "llmCompletionTokens": completion_tokens, "llmCachedPromptTokens": 0, "ttsCharacters": spoken,
        "analysisCostBreakdown": {
            "summary": summary, "summaryPromptTokens": 900, "summaryCompletionTokens": 60,
            "structuredData": 0, "successEvaluation": success, "successEvaluationPromptTokens": 900, "successEvaluationCompletionTokens": 1,
        },
    });
    let mut object = Object::new();
    object.insert("cost".into(), json!(total));
    object.insert("costBreakdown".into(), breakdown);
    object.insert("costs".into(), if talked { costs } else { json!([]) });
    object
}

/// Six decimals, as money is kept.
fn micro(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
