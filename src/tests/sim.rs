//! The simulator, from outside: real HTTP, WebSocket and SMTP against a started one, with a small receiver of webhooks.
//! Clocks run 200 times faster; every wait is for a condition, with a deadline.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use base64::Engine as _;
use futures::{SinkExt, StreamExt};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use zencall::providers::sim::{Sim, SimOptions};

const KEY: &str = "0a5c7e1a-private";
const PUBLIC: &str = "7be1a2c4-public";
const PATIENCE: Duration = Duration::from_secs(20);
const EVERYTHING: &[&str] = &[
    "assistant.started",
    "conversation-update",
    "end-of-call-report",
    "speech-update",
    "status-update",
    "tool-calls",
    "transcript",
    "transfer-destination-request",
    "transfer-update",
    "user-interrupted",
    "language-change-detected",
];

/// A webhook as it came in.
#[derive(Clone, Debug)]
struct Hook {
    headers: HeaderMap,
    raw: Bytes,
    message: Value,
}

impl Hook {
    fn kind(&self) -> &str {
        self.message["type"].as_str().unwrap_or_default()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn is(&self, kind: &str, status: &str) -> bool {
        self.kind() == kind && self.message["status"] == status
    }
}

type Answer = dyn Fn(&Hook) -> (u16, Value) + Send + Sync;

/// A server that receives webhooks and answers what it is told to.
#[derive(Clone)]
struct Receiver {
    addr: SocketAddr,
    hooks: Arc<Mutex<Vec<Hook>>>,
    count: watch::Sender<usize>,
}

impl Receiver {
    async fn start(answer: impl Fn(&Hook) -> (u16, Value) + Send + Sync + 'static) -> Receiver {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Receiver { addr: listener.local_addr().unwrap(), hooks: Arc::default(), count: watch::channel(0).0 };
        let (kept, answer): (Receiver, Arc<Answer>) = (receiver.clone(), Arc::new(answer));
        let router = Router::new().fallback(move |request: Request| {
            let (kept, answer) = (kept.clone(), answer.clone());
            async move {
                let (parts, body) = request.into_parts();
                let raw = axum::body::to_bytes(body, 32 << 20).await.unwrap();
                let message = serde_json::from_slice::<Value>(&raw).map(|body| body["message"].clone()).unwrap_or_default();
                let hook = Hook { headers: parts.headers, raw, message };
                let (status, body) = answer(&hook);
                kept.hooks.lock().unwrap().push(hook);
                kept.count.send_modify(|count| *count += 1);
                (StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response()
            }
        });
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        receiver
    }

    fn url(&self) -> String {
        format!("http://{}/hook", self.addr)
    }

    fn all(&self) -> Vec<Hook> {
        self.hooks.lock().unwrap().clone()
    }

    fn of(&self, kind: &str) -> Vec<Hook> {
        self.all().into_iter().filter(|hook| hook.kind() == kind).collect()
    }

    /// What was received once this holds; panics when it does not in time.
    async fn until(&self, what: &str, holds: impl Fn(&[Hook]) -> bool) -> Vec<Hook> {
        let mut count = self.count.subscribe();
        let deadline = tokio::time::sleep(PATIENCE);
        tokio::pin!(deadline);
        loop {
            count.borrow_and_update();
            if holds(&self.hooks.lock().unwrap()) {
                return self.all();
            }
            tokio::select! {
                () = &mut deadline => panic!("waited for {what}; got {:?}", self.all().iter().map(Hook::kind).collect::<Vec<_>>()),
                _ = count.changed() => {}
            }
        }
    }

    async fn report(&self) -> Value {
        let hooks = self.until("the report", |hooks| hooks.iter().any(|hook| hook.kind() == "end-of-call-report")).await;
        hooks.into_iter().find(|hook| hook.kind() == "end-of-call-report").unwrap().message
    }
}

/// A simulator, a receiver and an assistant that tells it everything.
struct Stage {
    sim: Sim,
    receiver: Receiver,
    http: reqwest::Client,
    assistant_id: String,
}

impl Stage {
    async fn with(speed: f64, answer: impl Fn(&Hook) -> (u16, Value) + Send + Sync + 'static, extra: Value) -> Stage {
        let sim = Sim::start(SimOptions {
            bind: "127.0.0.1:0".parse().unwrap(),
            smtp_bind: "127.0.0.1:0".parse().unwrap(),
            seed: 42,
            speed,
            api_key: KEY.into(),
            public_key: PUBLIC.into(),
        })
        .await
        .unwrap();
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let receiver = Receiver::start(answer).await;
        let mut stage = Stage { sim, receiver, http, assistant_id: String::new() };
        let mut assistant = json!({
            "name": "Accueil", "firstMessage": "Bonjour, cabinet Nord, je vous écoute.",
            "transcriber": {"provider": "deepgram", "language": "fr"},
            "model": {"provider": "openai", "model": "gpt-4.1", "messages": [{"role": "system", "content": "Tu es poli."}]},
            "server": {"url": stage.receiver.url()}, "serverMessages": EVERYTHING,
        });
        for (key, value) in extra.as_object().cloned().unwrap_or_default() {
            assistant[key] = value;
        }
        stage.assistant_id = stage.ok("POST", "/assistant", assistant).await["id"].as_str().unwrap().to_owned();
        stage
    }

    async fn start() -> Stage {
        Stage::with(200.0, |_| (200, json!({})), json!({})).await
    }

    async fn send(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.sim.base_url()) };
        let mut request = self.http.request(method.parse().unwrap(), url).bearer_auth(KEY);
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or_default())
    }

    async fn ok(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.send(method, path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    async fn get(&self, path: &str) -> Value {
        self.ok("GET", path, Value::Null).await
    }

    async fn number(&self) -> String {
        let number = json!({
            "provider": "twilio", "number": "+33145000000", "twilioAccountSid": "AC1", "twilioAuthToken": "secret",
            "server": {"url": self.receiver.url()},
        });
        self.ok("POST", "/phone-number", number).await["id"].as_str().unwrap().to_owned()
    }

    async fn inbound(&self, from: &str) -> Value {
        self.ok("POST", "/_sim/inbound", json!({"assistantId": self.assistant_id, "from": from, "name": "Awa Diallo"})).await
    }

    async fn call(&self, to: &str) -> Value {
        let body = json!({
            "assistantId": self.assistant_id, "phoneNumberId": self.number().await, "customer": {"number": to, "name": "Awa Diallo"},
            "assistantOverrides": {"metadata": {"attempt": "att_9"}},
        });
        self.ok("POST", "/call", body).await
    }

    /// The call once `GET` shows it like this.
    async fn until_call(&self, id: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let started = Instant::now();
        loop {
            let call = self.get(&format!("/call/{id}")).await;
            if holds(&call) {
                return call;
            }
            assert!(started.elapsed() < PATIENCE, "waited for {what}: {call}");
            tokio::task::yield_now().await;
        }
    }

    async fn control(&self, call: &Value, body: Value) -> u16 {
        self.send("POST", call["monitor"]["controlUrl"].as_str().unwrap(), body).await.0
    }
}

fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().map(|items| items.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

#[tokio::test]
async fn keys_are_asked_for_and_the_public_one_opens_web_calls_only() {
    let stage = Stage::start().await;
    let url = |path: &str| format!("{}{path}", stage.sim.base_url());
    let none = stage.http.get(url("/assistant")).send().await.unwrap();
    assert_eq!(none.status(), 401);
    let body: Value = none.json().await.unwrap();
    assert_eq!((body["statusCode"].as_u64(), body["error"].as_str()), (Some(401), Some("Unauthorized")));
    for key in ["", "wrong", PUBLIC] {
        assert_eq!(stage.http.get(url("/call")).bearer_auth(key).send().await.unwrap().status(), 401, "{key}");
    }
    let web = json!({"assistantId": stage.assistant_id});
    assert_eq!(stage.send("POST", "/call/web", web.clone()).await.0, 401);
    let answer = stage.http.post(url("/call/web")).bearer_auth(PUBLIC).json(&web).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let call: Value = answer.json().await.unwrap();
    assert_eq!(call["type"], "webCall");
    assert!(call["webCallUrl"].as_str().unwrap().starts_with("https://vapi.daily.co/"));
    let (status, body) = stage.send("GET", "/nothing", Value::Null).await;
    assert_eq!((status, body["message"].as_str()), (404, Some("Cannot GET /nothing")));
}

#[tokio::test]
async fn bodies_are_judged_as_the_real_service_judges_them() {
    let stage = Stage::start().await;
    let number = stage.number().await;
    let assistant = &stage.assistant_id;
    let to = |number: &str| json!({"number": number});
    let cases = [
        ("/assistant", json!({"name": "x".repeat(41)}), "name must be shorter than or equal to 40 characters"),
        ("/assistant", json!({"silenceTimeoutSeconds": 30}), "property silenceTimeoutSeconds should not exist"),
        ("/assistant", json!({"maxDurationSeconds": 9}), "maxDurationSeconds must not be less than 10"),
        ("/assistant", json!({"maxDurationSeconds": 43_201}), "maxDurationSeconds must not be greater than 43200"),
        ("/assistant", json!({"model": {"provider": "openai"}}), "model.model must be a string"),
        ("/assistant", json!({"model": {"provider": "a", "model": "b", "temperature": 3}}), "model.temperature must not be greater than 2"),
        ("/assistant", json!({"server": {"url": "nope"}}), "server.url must be a URL address"),
        ("/assistant", json!({"server": {"uri": "x"}}), "server.property uri should not exist"),
        ("/assistant", json!({"firstMessage": 5}), "firstMessage must be a string"),
        ("/call", json!({"assistantId": assistant, "metadata": {}}), "property metadata should not exist"),
        ("/call", json!({"assistantId": assistant, "assistant": {}}), "Only one of"),
        ("/call", json!({"phoneNumberId": number, "customer": to("+33612345644")}), "Need one of"),
        (
            "/call",
            json!({"assistantId": assistant, "phoneNumberId": number, "customer": to("0612345678")}),
            "customer.number must be a valid phone number in the E.164 format",
        ),
        (
            "/call",
            json!({"assistantId": assistant, "phoneNumberId": number, "customer": {"number": "+33612345644", "externalId": "x".repeat(41)}}),
            "customer.externalId must be shorter",
        ),
        ("/phone-number", json!({"provider": "carrier"}), "provider must be one of"),
        ("/phone-number", json!({"provider": "twilio", "number": "+33145000000"}), "twilioAccountSid must be a string"),
    ];
    for (path, body, expected) in cases {
        let (status, answer) = stage.send("POST", path, body.clone()).await;
        assert_eq!((status, answer["statusCode"].as_u64(), answer["error"].as_str()), (400, Some(400), Some("Bad Request")), "{body}");
        assert!(texts(&answer["message"]).iter().any(|problem| problem.contains(expected)), "{body} gave {answer}");
    }
    let ghost = "11111111-1111-4111-8111-111111111111";
    let refused = json!({"assistantId": ghost, "phoneNumberId": number, "customer": to("+33612345644")});
    let (status, answer) = stage.send("POST", "/call", refused).await;
    assert_eq!(status, 400);
    assert!(answer["message"].as_str().unwrap().contains("Does Not Exist"), "one sentence, not a list");
    assert_eq!(stage.send("GET", &format!("/assistant/{ghost}"), Value::Null).await.0, 404);
    assert_eq!(stage.send("POST", "/call", json!("text")).await.0, 400);
}

#[tokio::test]
async fn resources_are_made_listed_changed_and_deleted() {
    let stage = Stage::start().await;
    let first = stage.get(&format!("/assistant/{}", stage.assistant_id)).await;
    let second = stage.ok("POST", "/assistant", json!({"name": "B", "metadata": {"a": 1, "b": 2}, "endCallMessage": "Au revoir"})).await;
    assert_eq!(first["orgId"], second["orgId"]);

    let listed = stage.get("/assistant").await;
    let ids: Vec<&str> = listed.as_array().unwrap().iter().map(id).collect();
    assert_eq!(ids, [id(&second), id(&first)], "newest first");
    assert_eq!(stage.get("/assistant?limit=1").await.as_array().unwrap().len(), 1);
    let none = stage.get(&format!("/assistant?createdAtLt={}", first["createdAt"].as_str().unwrap())).await;
    assert_eq!(none, json!([]));
    let (status, refused) = stage.send("GET", "/assistant?limit=1001&since=1", Value::Null).await;
    assert_eq!((status, texts(&refused["message"]).len()), (400, 2));

    let path = format!("/assistant/{}", id(&second));
    let changed = stage.ok("PATCH", &path, json!({"metadata": {"c": 3}, "endCallMessage": null})).await;
    assert_eq!(changed["metadata"], json!({"c": 3}), "nested objects are replaced whole");
    assert_eq!((changed["name"].as_str(), changed.get("endCallMessage")), (Some("B"), None));
    assert!(changed["updatedAt"].as_str() >= changed["createdAt"].as_str());
    assert_eq!(id(&stage.ok("DELETE", &path, Value::Null).await), id(&second));
    assert_eq!(stage.send("GET", &path, Value::Null).await.0, 404);

    let number = stage.number().await;
    let path = format!("/phone-number/{number}");
    assert_eq!(stage.send("PATCH", &path, json!({"provider": "vapi", "name": "N"})).await.0, 400, "the provider stays");
    let routed = stage.ok("PATCH", &path, json!({"provider": "twilio", "assistantId": stage.assistant_id})).await;
    assert_eq!((routed["status"].as_str(), routed["assistantId"].as_str()), (Some("active"), Some(stage.assistant_id.as_str())));
    let paged = stage.get("/v2/phone-number?limit=1").await;
    assert_eq!(paged["metadata"]["totalItems"], 1);
    stage.ok("DELETE", &path, Value::Null).await;
    assert_eq!(stage.get("/phone-number").await, json!([]));
}

#[tokio::test]
async fn an_outbound_call_lives_through_its_states_and_is_reported() {
    let stage = Stage::start().await;
    let call = stage.call("+33612345600").await;
    assert_eq!((call["status"].as_str(), call["type"].as_str()), (Some("queued"), Some("outboundPhoneCall")));
    assert_eq!(call["subscriptionLimits"]["concurrencyBlocked"], false);
    let report = stage.receiver.report().await;
    let hooks = stage.receiver.all();

    let statuses: Vec<&str> =
        hooks.iter().filter(|hook| hook.kind() == "status-update").filter_map(|hook| hook.message["status"].as_str()).collect();
    assert_eq!(statuses, ["queued", "ringing", "in-progress", "ended"]);
    let place =
        |kind: &str, status: &str| hooks.iter().position(|hook| hook.is(kind, status)).unwrap_or_else(|| panic!("no {kind} {status}"));
    let started = hooks.iter().position(|hook| hook.kind() == "assistant.started").unwrap();
    assert!(place("status-update", "in-progress") < started && started < place("speech-update", "started"));
    assert_eq!(hooks.last().unwrap().kind(), "end-of-call-report");

    for hook in &hooks {
        let message = &hook.message;
        assert_eq!(id(&message["call"]), id(&call));
        assert!(message["timestamp"].is_u64() && message["assistant"]["name"] == "Accueil", "{message}");
        assert_eq!(message["customer"]["number"], "+33612345600");
        assert_eq!(message["phoneNumber"]["number"], "+33145000000");
        assert_eq!(message["call"]["assistantOverrides"]["metadata"]["attempt"], "att_9");
        assert!(message["call"]["monitor"]["controlUrl"].as_str().unwrap().starts_with("http://127.0.0.1:"));
        assert!(message["call"]["monitor"]["listenUrl"].as_str().unwrap().starts_with("ws://127.0.0.1:"));
    }

    let transcripts = stage.receiver.of("transcript");
    let finals: Vec<(&str, &str)> = transcripts
        .iter()
        .filter(|hook| hook.message["transcriptType"] == "final")
        .map(|hook| (hook.message["role"].as_str().unwrap(), hook.message["transcript"].as_str().unwrap()))
        .collect();
    assert_eq!(finals[0], ("assistant", "Bonjour, cabinet Nord, je vous écoute."));
    assert!(finals.len() >= 8, "{finals:?}");
    let mut partials = Vec::new();
    for hook in transcripts.iter().filter(|hook| hook.message["role"] == "user") {
        let text = hook.message["transcript"].as_str().unwrap().to_owned();
        if hook.message["transcriptType"] == "partial" {
            partials.push(text);
        } else {
            assert!(text.len() < 20 || (1..=4).contains(&partials.len()), "{text}: {partials:?}");
            assert!(partials.iter().all(|partial| text.starts_with(partial.as_str())), "{text}: {partials:?}");
            partials.clear();
        }
    }
    let speech = stage.receiver.of("speech-update");
    assert!(speech.chunks(2).all(|pair| {
        let (first, second) = (&pair[0].message, &pair[1].message);
        first["status"] == "started" && second["status"] == "stopped" && first["turn"] == second["turn"] && first["role"] == second["role"]
    }));

    // The report holds what was said, and its times agree with each other.
    let messages = report["artifact"]["messages"].as_array().unwrap();
    let said: Vec<(&str, &str)> = messages
        .iter()
        .filter_map(|message| {
            Some((if message["role"] == "bot" { "assistant" } else { message["role"].as_str()? }, message["message"].as_str()?))
        })
        .filter(|(role, _)| *role != "system")
        .collect();
    assert_eq!(said, finals);
    assert_eq!(messages[0]["role"], "system");
    assert!(messages.windows(2).all(|pair| pair[0]["secondsFromStart"].as_f64() <= pair[1]["secondsFromStart"].as_f64()));
    assert!(report["artifact"]["transcript"].as_str().unwrap().starts_with("AI: Bonjour, cabinet Nord"));
    let time = |key: &str| chrono::DateTime::parse_from_rfc3339(report[key].as_str().unwrap()).unwrap();
    let lasted = (time("endedAt") - time("startedAt")).num_milliseconds();
    assert_eq!(report["durationMs"].as_i64(), Some(lasted));
    assert!(messages.last().unwrap()["endTime"].as_i64().unwrap() <= time("endedAt").timestamp_millis());
    assert!(lasted > 20_000, "call time, not wall time: {lasted}");
    assert_eq!(report["endedReason"], "customer-ended-call");
    assert!(report["analysis"]["summary"].as_str().unwrap().contains("Awa Diallo"));
    assert_eq!(report["analysis"]["successEvaluation"], "true");
    let parts: f64 = report["costs"].as_array().unwrap().iter().filter_map(|cost| cost["cost"].as_f64()).sum();
    assert!((parts - report["cost"].as_f64().unwrap()).abs() < 1e-5 && parts > 0.0);
    assert!(!report["artifact"]["performanceMetrics"]["turnLatencies"].as_array().unwrap().is_empty());

    let kept = stage.get(&format!("/call/{}", id(&call))).await;
    assert_eq!((kept["status"].as_str(), kept["endedReason"].as_str()), (Some("ended"), Some("customer-ended-call")));
    assert_eq!(kept["artifact"]["messages"], report["artifact"]["messages"]);
    let named = stage.ok("PATCH", &format!("/call/{}", id(&call)), json!({"name": "x"})).await;
    assert_eq!(named["name"], "x");
    assert_eq!(stage.send("PATCH", &format!("/call/{}", id(&call)), json!({"status": "ended"})).await.0, 400);
    let listed = stage.get(&format!("/call?assistantId={}", stage.assistant_id)).await;
    assert_eq!(listed.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_server_gets_only_what_it_subscribed_to() {
    let default = Stage::with(200.0, |_| (200, json!({})), json!({"serverMessages": null})).await;
    default.inbound("+33612345600").await;
    default.receiver.report().await;
    assert!(default.receiver.of("transcript").is_empty(), "transcripts are not in the default");
    assert!(!default.receiver.of("conversation-update").is_empty());

    let finals = json!({"serverMessages": ["transcript[transcriptType=\"final\"]", "end-of-call-report"]});
    let finals = Stage::with(200.0, |_| (200, json!({})), finals).await;
    finals.inbound("+33612345600").await;
    finals.receiver.report().await;
    let kinds: Vec<Hook> = finals.receiver.all();
    assert!(kinds.iter().all(|hook| hook.kind() == "end-of-call-report" || hook.message["transcriptType"] == "final"));
    assert!(kinds.len() > 5);
}

#[tokio::test]
async fn the_numbers_that_end_a_call_before_or_soon_after_it_is_answered() {
    let stage = Stage::start().await;
    for (suffix, reason, talks) in [
        ("01", "customer-busy", false),
        ("02", "customer-did-not-answer", false),
        ("03", "voicemail", true),
        ("04", "customer-ended-call", true),
        ("10", "call.in-progress.error-providerfault-openai-500-server-error", true),
        ("20", "call.start.error-subscription-concurrency-limit-reached", false),
    ] {
        let call = stage.call(&format!("+336123456{suffix}")).await;
        assert_eq!(call["subscriptionLimits"]["concurrencyBlocked"], suffix == "20");
        let ended = stage.until_call(id(&call), "the end", |call| call["cost"].is_f64() || call.get("costs").is_some()).await;
        assert_eq!(ended["endedReason"], reason, "{suffix}");
        assert_eq!(ended.get("startedAt").is_some(), talks, "{suffix}");
        let inbound = stage.inbound(&format!("+337123456{suffix}")).await;
        let ended = stage.until_call(id(&inbound), "the end", |call| call["status"] == "ended").await;
        assert_eq!(ended["endedReason"], reason, "inbound {suffix}");
    }
    let hangs_up = stage.get("/call").await;
    let eight = hangs_up.as_array().unwrap().iter().find(|call| call["customer"]["number"] == "+33612345604").unwrap();
    let time = |key: &str| chrono::DateTime::parse_from_rfc3339(eight[key].as_str().unwrap()).unwrap();
    assert_eq!((time("endedAt") - time("startedAt")).num_milliseconds(), 8000);
}

#[tokio::test]
async fn the_numbers_that_lead_a_conversation_somewhere() {
    let destination = json!({"type": "number", "number": "+33145670000", "message": "Je vous passe un collègue."});
    let answer = move |hook: &Hook| match hook.kind() {
        "transfer-destination-request" => (200, json!({"destination": destination})),
        _ => (200, json!({})),
    };
    for (suffix, said) in [("00", "rendez-vous"), ("06", "Arrêtez de m'appeler"), ("07", "Trois fois"), ("08", "Do you speak English")] {
        let stage = Stage::start().await;
        stage.inbound(&format!("+336123456{suffix}")).await;
        let report = stage.receiver.report().await;
        assert!(report["artifact"]["transcript"].as_str().unwrap().contains(said), "{suffix}: {report}");
        assert_eq!(!stage.receiver.of("language-change-detected").is_empty(), suffix == "08");
    }
    let stage = Stage::with(200.0, answer, json!({})).await;
    stage.inbound("+33612345605").await;
    let report = stage.receiver.report().await;
    assert_eq!(report["endedReason"], "assistant-forwarded-call");
    assert_eq!(report["artifact"]["transfers"][0]["status"], "connected");
    assert_eq!(report["destination"]["number"], "+33145670000");
    let hooks = stage.receiver.all();
    let place = |kind: &str, status: Value| hooks.iter().position(|hook| hook.kind() == kind && hook.message["status"] == status).unwrap();
    assert!(place("transfer-update", Value::Null) < place("status-update", json!("forwarding")));
    assert!(place("status-update", json!("forwarding")) < place("status-update", json!("ended")));

    let stage = Stage::with(400.0, |_| (200, json!({})), json!({"maxDurationSeconds": 700})).await;
    stage.inbound("+33612345609").await;
    let seconds = stage.receiver.report().await["durationSeconds"].as_f64().unwrap();
    assert!((550.0..650.0).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn the_numbers_that_trouble_the_webhooks() {
    let run = |suffix: &'static str| async move {
        let stage = Stage::start().await;
        let call = stage.inbound(&format!("+336123456{suffix}")).await;
        (stage, call)
    };
    let finals = |hooks: &[Hook]| -> Vec<String> {
        hooks.iter().filter(|hook| hook.message["transcriptType"] == "final").map(|hook| hook.message["transcript"].to_string()).collect()
    };

    let (stage, _) = run("11").await;
    let hooks = stage
        .receiver
        .until("every report twice", |hooks| hooks.iter().filter(|hook| hook.kind() == "end-of-call-report").count() == 2)
        .await;
    assert_eq!(hooks.iter().filter(|hook| hook.is("status-update", "ended")).count(), 2);
    assert_eq!(finals(&hooks).len() % 2, 0);

    let (stage, call) = run("12").await;
    let ended = stage.until_call(id(&call), "the report", |call| call.get("artifact").is_some()).await;
    let expected = ended["artifact"]["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|message| message["role"] == "user" || message["role"] == "bot")
        .count();
    let hooks = stage
        .receiver
        .until("all lines", |hooks| finals(hooks).len() == expected && hooks.iter().any(|hook| hook.is("status-update", "ended")))
        .await;
    let report = hooks.iter().position(|hook| hook.kind() == "end-of-call-report").unwrap();
    let over = hooks.iter().position(|hook| hook.is("status-update", "ended")).unwrap();
    let last = hooks.iter().rposition(|hook| hook.kind() == "transcript" || hook.kind() == "speech-update").unwrap();
    assert!(report < over && over < last, "report {report}, ended {over}, last line {last}");
    let said: Vec<String> = ended["artifact"]["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|message| message["role"] != "system" && message["message"].is_string())
        .map(|message| message["message"].to_string())
        .collect();
    assert_ne!(finals(&hooks), said, "the lines came in another order");

    let (stage, call) = run("13").await;
    stage.until_call(id(&call), "the report", |call| call.get("artifact").is_some()).await;
    stage.receiver.until("the end", |hooks| hooks.iter().any(|hook| hook.is("status-update", "ended"))).await;
    assert!(stage.receiver.of("end-of-call-report").is_empty());

    let (stage, call) = run("14").await;
    stage.until_call(id(&call), "the answer", |call| call["status"] == "in-progress").await;
    stage.receiver.until("the late ringing", |hooks| hooks.iter().any(|hook| hook.is("status-update", "ringing"))).await;
    let sent = stage.get(&format!("/_sim/webhooks?callId={}", id(&call))).await;
    let ringing = chrono::DateTime::parse_from_rfc3339(sent[0]["sentAt"].as_str().unwrap()).unwrap().timestamp_millis();
    let happened = stage.receiver.all()[0].message["timestamp"].as_i64().unwrap();
    assert!(ringing - happened >= 149, "30 call seconds are 150 ms at speed 200, was {}", ringing - happened);
    stage.receiver.report().await;

    let (stage, call) = run("19").await;
    let ended = stage.until_call(id(&call), "the silent end", |call| call.get("artifact").is_some()).await;
    assert_eq!(ended["status"], "ended");
    assert!(!stage.receiver.of("transcript").is_empty());
    assert!(stage.receiver.all().iter().all(|hook| !hook.is("status-update", "ended") && hook.kind() != "end-of-call-report"));
}

#[tokio::test]
async fn the_number_whose_signature_is_wrong_first() {
    let secret = "a-legacy-secret";
    let answer = move |hook: &Hook| if hook.header("x-vapi-secret") == secret { (200, json!({})) } else { (401, json!({})) };
    let stage = Stage::with(200.0, answer, json!({})).await;
    let server = json!({"server": {"url": stage.receiver.url(), "secret": secret}});
    stage.ok("PATCH", &format!("/assistant/{}", stage.assistant_id), server).await;
    let call = stage.inbound("+33612345615").await;
    let right = |hooks: &[Hook]| hooks.iter().any(|hook| hook.kind() == "end-of-call-report" && hook.header("x-vapi-secret") == secret);
    let hooks = stage.receiver.until("the report, rightly signed", right).await;
    for pair in hooks.chunks(2) {
        assert_ne!(pair[0].header("x-vapi-secret"), secret);
        assert_eq!(pair[1].header("x-vapi-secret"), secret);
        assert_eq!(pair[0].raw, pair[1].raw);
    }
    let sent = stage.get(&format!("/_sim/webhooks?callId={}&type=end-of-call-report", id(&call))).await;
    let codes: Vec<u64> = sent.as_array().unwrap().iter().filter_map(|sent| sent["statusCode"].as_u64()).collect();
    assert_eq!(codes, [401, 200]);
}

#[tokio::test]
async fn the_numbers_that_trouble_the_creation_of_a_call() {
    let stage = Stage::start().await;
    let number = stage.number().await;
    let body = |to: &str| json!({"assistantId": stage.assistant_id, "phoneNumberId": number, "customer": {"number": to}});
    let calls_to = async |to: &str| {
        let calls = stage.get("/call").await;
        calls.as_array().unwrap().iter().filter(|call| call["customer"]["number"] == to).count()
    };
    assert_eq!(stage.send("POST", "/call", body("+33612345616")).await.0, 500);
    assert_eq!(calls_to("+33612345616").await, 1, "accepted although it said 500");

    let silent = stage.http.post(format!("{}/call", stage.sim.base_url())).bearer_auth(KEY).json(&body("+33612345617"));
    assert!(silent.timeout(Duration::from_millis(400)).send().await.unwrap_err().is_timeout());
    assert_eq!(calls_to("+33612345617").await, 1);

    let throttled = || stage.http.post(format!("{}/call", stage.sim.base_url())).bearer_auth(KEY).json(&body("+33612345618")).send();
    for _ in 0..2 {
        let answer = throttled().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (429, "2"));
    }
    let started = Instant::now();
    while throttled().await.unwrap().status() != 201 {
        assert!(started.elapsed() < PATIENCE, "who waits is served");
        tokio::task::yield_now().await;
    }

    let (status, answer) = stage.send("POST", "/call", body("+33612345621")).await;
    assert_eq!(status, 400);
    assert!(texts(&answer["message"])[0].contains("E.164"));
    let inbound = json!({"assistantId": stage.assistant_id, "from": "+33612345616"});
    assert_eq!(stage.send("POST", "/_sim/inbound", inbound).await.0, 500);
}

#[tokio::test]
async fn the_number_that_shows_every_shape() {
    let answer = |hook: &Hook| match hook.kind() {
        "tool-calls" => (200, json!({"results": []})),
        _ => (200, json!({})),
    };
    let stage = Stage::with(200.0, answer, json!({})).await;
    stage.inbound("+33612345622").await;
    let report = stage.receiver.report().await;
    assert_eq!(report["endedReason"], "call.in-progress.assistant-reached-goal");
    let tools = stage.receiver.of("tool-calls");
    let shape = |message: &Value| {
        let item = [&message["toolCallList"][0], &message["toolCalls"][0], &message["toolWithToolCallList"][0]["toolCall"]]
            .into_iter()
            .find(|item| item.is_object())
            .unwrap()
            .clone();
        let function = &item["function"];
        (
            message["toolCallList"].is_array(),
            function["arguments"].is_string(),
            function["arguments"].is_object(),
            item["arguments"].is_object(),
            item["parameters"].is_object(),
            function["parameters"].is_object(),
        )
    };
    let mut shapes: Vec<_> = tools.iter().map(|hook| shape(&hook.message)).collect();
    shapes.sort_unstable();
    shapes.dedup();
    assert_eq!(shapes.len(), 6, "{shapes:?}");
    let hooks = stage.receiver.all();
    for kind in ["assistant.mood-changed", "debug.dump", "function-call"] {
        assert!(hooks.iter().any(|hook| hook.kind() == kind), "{kind}");
    }
    assert!(hooks.iter().any(|hook| hook.raw.len() > 1_000_000), "a large body");
    assert!(hooks.iter().any(|hook| hook.message.get("call").is_none()), "one without its call");
    assert!(hooks.iter().any(|hook| hook.message["timestamp"].is_string()), "ISO timestamps");
    let ended = hooks.iter().find(|hook| hook.is("status-update", "ended")).unwrap();
    assert_eq!(ended.message["call"]["status"], "queued", "a snapshot that lags");
}

#[tokio::test]
async fn tools_are_called_and_only_good_replies_count() {
    let tool = json!({"type": "function", "function": {"name": "check_availability", "parameters": {"type": "object", "properties": {
        "date": {"type": "string"}, "service": {"type": "string"}, "patient_name": {"type": "string"}}}}});
    let model = json!({"model": {"provider": "openai", "model": "gpt-4.1", "tools": [tool]}});
    let result = |text: &'static str| {
        move |hook: &Hook| {
            let id = hook.message["toolCallList"][0]["id"].clone();
            let reply = json!({"results": [{"toolCallId": id, "name": "check_availability", "result": text}]});
            (200, if hook.kind() == "tool-calls" { reply } else { json!({}) })
        }
    };
    let stage = Stage::with(200.0, result("jeudi 10:30"), model.clone()).await;
    stage.inbound("+33612345600").await;
    let report = stage.receiver.report().await;
    let messages = report["artifact"]["messages"].as_array().unwrap();
    let called = messages.iter().find(|message| message["role"] == "tool_calls").unwrap();
    let arguments: Value = serde_json::from_str(called["toolCalls"][0]["function"]["arguments"].as_str().unwrap()).unwrap();
    assert_eq!((arguments["service"].as_str(), arguments["patient_name"].as_str()), (Some("détartrage"), Some("Awa Diallo")));
    let answered = messages.iter().find(|message| message["role"] == "tool_call_result").unwrap();
    assert_eq!((answered["result"].as_str(), &answered["toolCallId"]), (Some("jeudi 10:30"), &called["toolCalls"][0]["id"]));
    assert!(report["artifact"]["transcript"].as_str().unwrap().contains("C'est réservé"));

    let stage = Stage::with(200.0, result("two\nlines"), model.clone()).await;
    stage.inbound("+33612345600").await;
    let transcript = stage.receiver.report().await["artifact"]["transcript"].to_string();
    assert!(transcript.contains("Je n'arrive pas à consulter l'agenda") && !transcript.contains("C'est réservé"), "{transcript}");

    let stage = Stage::with(200.0, |hook| (if hook.kind() == "tool-calls" { 500 } else { 200 }, json!({})), model).await;
    stage.inbound("+33612345600").await;
    let report = stage.receiver.report().await;
    let results = report["artifact"]["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|message| message["role"] == "tool_call_result")
        .map(|message| message["result"].as_str().unwrap())
        .collect::<Vec<_>>();
    assert_eq!(results, ["No result returned."]);
}

#[tokio::test]
async fn every_mode_of_authentication_verifies() {
    fn mac<M: Mac + KeyInit>(key: &[u8], text: &str) -> Vec<u8> {
        let mut mac = <M as KeyInit>::new_from_slice(key).unwrap();
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    }
    let stage = Stage::start().await;
    let tokens = Receiver::start(|_| (200, json!({"access_token": "tok_1", "token_type": "Bearer", "expires_in": 3600}))).await;
    let modes = [
        ("bearer", json!({"type": "bearer", "token": "t0ken"})),
        ("secret", json!({"type": "bearer", "token": "t0ken", "headerName": "X-Vapi-Secret", "bearerPrefixEnabled": false})),
        ("hmac", json!({"type": "hmac", "secretKey": "whsec", "algorithm": "sha256"})),
        (
            "svix",
            json!({"type": "hmac", "secretKey": base64::engine::general_purpose::STANDARD.encode("raw"), "secretIsBase64": true,
            "algorithm": "sha512", "payloadFormat": "{svix-id}.{timestamp}.{body}", "signatureEncoding": "base64", "signaturePrefix": "v1,",
            "signatureHeader": "svix-signature", "timestampHeader": "svix-timestamp", "messageIdHeader": "svix-id"}),
        ),
        (
            "body",
            json!({"type": "hmac", "secretKey": "whsec", "algorithm": "sha1", "includeTimestamp": false, "payloadFormat": "{body}", "signatureHeader": "X-Vapi-Signature"}),
        ),
        ("oauth", json!({"type": "oauth2", "url": tokens.url(), "clientId": "c", "clientSecret": "s", "scope": "hooks"})),
    ];
    for (name, plan) in modes {
        stage.ok("PUT", &format!("/_sim/credentials/{name}"), json!({"provider": "custom-credential", "authenticationPlan": plan})).await;
        let receiver = Receiver::start(|_| (200, json!({}))).await;
        let assistant = json!({"firstMessage": "Allô", "server": {"url": receiver.url(), "credentialId": name}});
        let assistant = stage.ok("POST", "/assistant", assistant).await;
        stage.ok("POST", "/_sim/inbound", json!({"assistantId": id(&assistant), "from": "+33612345604"})).await;
        receiver.report().await;
        for hook in receiver.all() {
            let body = std::str::from_utf8(&hook.raw).unwrap();
            match name {
                "bearer" => assert_eq!(hook.header("authorization"), "Bearer t0ken"),
                "secret" => assert_eq!((hook.header("x-vapi-secret"), hook.header("authorization")), ("t0ken", "")),
                "hmac" => {
                    let signed = format!("{}.{body}", hook.header("x-timestamp"));
                    assert_eq!(hook.header("x-signature"), hex::encode(mac::<Hmac<sha2::Sha256>>(b"whsec", &signed)));
                }
                "svix" => {
                    let signed = format!("{}.{}.{body}", hook.header("svix-id"), hook.header("svix-timestamp"));
                    let expected = base64::engine::general_purpose::STANDARD.encode(mac::<Hmac<sha2::Sha512>>(b"raw", &signed));
                    assert_eq!(hook.header("svix-signature"), format!("v1,{expected}"));
                }
                "body" => {
                    assert_eq!(hook.header("x-vapi-signature"), hex::encode(mac::<Hmac<sha1::Sha1>>(b"whsec", body)));
                    assert_eq!(hook.header("x-timestamp"), "");
                }
                _ => assert_eq!(hook.header("authorization"), "Bearer tok_1"),
            }
        }
    }
    assert_eq!(tokens.all().len(), 1, "one token serves until it expires");
    assert_eq!(std::str::from_utf8(&tokens.all()[0].raw).unwrap(), "grant_type=client_credentials&client_id=c&client_secret=s&scope=hooks");

    let receiver = Receiver::start(|_| (200, json!({}))).await;
    let server = json!({"url": receiver.url(), "credentialId": "bearer", "headers": {"Authorization": "Basic eA==", "X-Team": "nord"}});
    let assistant = stage.ok("POST", "/assistant", json!({"server": server})).await;
    stage.ok("POST", "/_sim/inbound", json!({"assistantId": id(&assistant), "from": "+33612345604"})).await;
    receiver.report().await;
    let hook = &receiver.all()[0];
    assert_eq!((hook.header("authorization"), hook.header("x-team")), ("Basic eA==", "nord"), "headers of the server beat the credential");
    assert_eq!(stage.send("PUT", "/_sim/credentials/x", json!({"type": "hmac"})).await.0, 400);
}

#[tokio::test]
async fn a_failing_receiver_is_tried_again_only_with_a_plan_for_it() {
    let failures = Arc::new(Mutex::new(0));
    let seen = failures.clone();
    let answer = move |hook: &Hook| {
        let mut seen = seen.lock().unwrap();
        if hook.kind() == "end-of-call-report" && *seen < 2 {
            *seen += 1;
            return (503, json!({}));
        }
        (if hook.is("status-update", "ringing") { 410 } else { 200 }, json!({}))
    };
    let stage = Stage::with(200.0, answer, json!({})).await;
    let plan = json!({"type": "exponential", "maxRetries": 5, "baseDelaySeconds": 2, "excludedStatusCodes": [410]});
    let server = json!({"server": {"url": stage.receiver.url(), "backoffPlan": plan}});
    stage.ok("PATCH", &format!("/assistant/{}", stage.assistant_id), server).await;
    stage.inbound("+33612345604").await;
    stage.receiver.until("three reports", |hooks| hooks.iter().filter(|hook| hook.kind() == "end-of-call-report").count() == 3).await;
    assert_eq!(stage.receiver.all().iter().filter(|hook| hook.is("status-update", "ringing")).count(), 1, "excluded");

    let deaf = Stage::with(200.0, |_| (500, json!({})), json!({})).await;
    deaf.inbound("+33612345604").await;
    deaf.receiver.report().await;
    assert_eq!(deaf.receiver.of("end-of-call-report").len(), 1, "no plan, no retry");
}

#[tokio::test]
async fn a_number_without_an_assistant_asks_who_shall_answer() {
    let known = Stage::start().await;
    let inline = json!({"firstMessage": "Ici le standard.", "maxDurationSeconds": 60});
    let cases = [
        (
            json!({"assistantId": "$SAVED", "assistantOverrides": {"firstMessage": "Bonjour Awa", "metadata": {"t": 1}}}),
            "customer-ended-call",
            Some("Bonjour Awa"),
        ),
        (json!({"assistant": inline}), "customer-ended-call", Some("Ici le standard.")),
        (
            json!({"error": "Ce numéro n'est pas attribué.", "assistant": {}}),
            "assistant-request-returned-error",
            Some("Ce numéro n'est pas attribué."),
        ),
        (json!({"error": 7}), "assistant-request-returned-unspeakable-error", None),
        (json!({"destination": {"type": "number", "number": "+33145000001"}}), "assistant-request-returned-forwarding-phone-number", None),
        (json!({"assistantId": "ghost"}), "assistant-request-returned-invalid-assistant", None),
        (json!({"assistant": {"bogus": 1}}), "assistant-request-returned-invalid-assistant", None),
        (json!({}), "assistant-request-returned-no-assistant", None),
        (json!("FAIL"), "assistant-request-failed", None),
    ];
    for (reply, reason, said) in cases {
        let saved = known.assistant_id.clone();
        let text = reply.to_string();
        let answer: Value = serde_json::from_str(&text.replace("$SAVED", &saved)).unwrap();
        let failing = answer == "FAIL";
        let receiver = Receiver::start(move |hook| match hook.kind() {
            "assistant-request" if failing => (500, json!({})),
            "assistant-request" => (200, answer.clone()),
            _ => (200, json!({})),
        })
        .await;
        let number = json!({"provider": "vapi", "server": {"url": receiver.url()}});
        let number = known.ok("POST", "/phone-number", number).await;
        let call = known.ok("POST", "/_sim/inbound", json!({"phoneNumberId": id(&number), "from": "+33612345604"})).await;
        assert!(call.get("assistantId").is_none());
        let ended = known.until_call(id(&call), "the report", |call| call.get("artifact").is_some()).await;
        assert_eq!(ended["endedReason"], reason, "{text}");
        let request = receiver.of("assistant-request");
        assert_eq!(request.len(), 1, "{text}");
        assert_eq!(request[0].message["call"]["customer"]["number"], "+33612345604");
        if let Some(said) = said {
            assert!(ended["artifact"]["transcript"].as_str().unwrap().starts_with(&format!("AI: {said}")), "{ended}");
        }
    }
}

#[tokio::test]
async fn the_control_address_speaks_instructs_mutes_and_ends() {
    let stage = Stage::with(50.0, |_| (200, json!({})), json!({})).await;
    let call = stage.inbound("+33612345609").await;
    let said = |text: &'static str| {
        move |hooks: &[Hook]| {
            hooks.iter().any(|hook| {
                hook.message["transcriptType"] == "final" && hook.message["transcript"].as_str().is_some_and(|line| line.contains(text))
            })
        }
    };
    stage.receiver.until("the first line", said("cabinet Nord")).await;

    assert_eq!(stage.control(&call, json!({"type": "say", "content": "Le docteur arrive."})).await, 200);
    stage.receiver.until("what was to be said", said("Le docteur arrive.")).await;
    assert_eq!(stage.control(&call, json!({"type": "say", "message": "Ancien champ."})).await, 200);
    stage.receiver.until("the older field too", said("Ancien champ.")).await;
    let instruction = json!({"type": "add-message", "message": {"role": "system", "content": "Dites-lui que le cabinet ferme à midi."}, "triggerResponseEnabled": true});
    assert_eq!(stage.control(&call, instruction).await, 200);
    stage.receiver.until("the instruction put into words", said("le cabinet ferme à midi")).await;
    assert_eq!(stage.control(&call, json!({"type": "control", "control": "say-first-message"})).await, 200);
    let twice = |hooks: &[Hook]| {
        hooks
            .iter()
            .filter(|hook| {
                hook.message["transcriptType"] == "final" && hook.message["transcript"] == "Bonjour, cabinet Nord, je vous écoute."
            })
            .count()
            == 2
    };
    stage.receiver.until("the first message again", twice).await;

    assert_eq!(stage.control(&call, json!({"type": "control", "control": "mute-assistant"})).await, 200);
    stage.receiver.until("a caller who wonders", said("Vous êtes toujours là")).await;
    assert_eq!(stage.control(&call, json!({"type": "control", "control": "unmute-assistant"})).await, 200);
    assert_eq!(stage.control(&call, json!({"type": "control", "control": "mute-customer"})).await, 200);
    stage.receiver.until("an assistant that hears nothing", said("je ne vous entends plus")).await;
    assert_eq!(stage.control(&call, json!({"type": "control", "control": "unmute-customer"})).await, 200);
    let twilio = json!({"type": "send-transport-message", "message": {"transport": "twilio", "twiml": "<Response/>"}});
    assert_eq!(stage.control(&call, twilio).await, 200);

    let other = stage.ok("POST", "/assistant", json!({"name": "Devis", "firstMessage": "Service devis, bonjour.", "server": {"url": stage.receiver.url()}, "serverMessages": EVERYTHING})).await;
    let handoff =
        json!({"type": "handoff", "destination": {"type": "assistant", "assistantId": id(&other)}, "content": "Je vous passe les devis."});
    assert_eq!(stage.control(&call, handoff).await, 200);
    stage.receiver.until("the other assistant", said("Service devis, bonjour.")).await;

    for wrong in [json!({}), json!({"type": "say"}), json!({"type": "control", "control": "dance"}), json!({"type": "transfer"})] {
        assert_eq!(stage.control(&call, wrong.clone()).await, 400, "{wrong}");
    }
    assert_eq!(stage.control(&call, json!({"type": "end-call"})).await, 200);
    let report = stage.receiver.report().await;
    assert_eq!(report["endedReason"], "manually-canceled");
    assert_eq!(stage.control(&call, json!({"type": "end-call"})).await, 404);
    let kept = report["artifact"]["messages"].to_string();
    for line in ["Le docteur arrive.", "Dites-lui que le cabinet ferme à midi.", "<Response/>"] {
        assert!(kept.contains(&line.replace('"', "\\\"")), "{line} is in the report");
    }
}

#[tokio::test]
async fn the_control_address_transfers_and_asks_for_the_public_key_when_told_to() {
    let locked = json!({"monitorPlan": {"controlAuthenticationEnabled": true, "listenAuthenticationEnabled": true}});
    let stage = Stage::with(50.0, |_| (200, json!({})), locked).await;
    let call = stage.inbound("+33612345609").await;
    stage.until_call(id(&call), "the answer", |call| call["status"] == "in-progress").await;
    let transfer =
        json!({"type": "transfer", "destination": {"type": "number", "number": "+33145000002"}, "content": "Je vous transfère."});
    assert_eq!(stage.control(&call, transfer.clone()).await, 401, "the private key is not the public one");
    let url = call["monitor"]["controlUrl"].as_str().unwrap();
    assert_eq!(stage.http.post(url).bearer_auth(PUBLIC).json(&transfer).send().await.unwrap().status(), 200);
    let report = stage.receiver.report().await;
    assert_eq!(
        (report["endedReason"].as_str(), report["destination"]["number"].as_str()),
        (Some("assistant-forwarded-call"), Some("+33145000002"))
    );
    assert!(report["artifact"]["transcript"].as_str().unwrap().contains("Je vous transfère."));

    let say = json!({"type": "say", "content": "Au revoir.", "endCallAfterSpoken": true, "interruptAssistantEnabled": true});
    let open = Stage::with(50.0, |_| (200, json!({})), json!({})).await;
    let call = open.inbound("+33612345609").await;
    open.until_call(id(&call), "the answer", |call| call["status"] == "in-progress").await;
    assert_eq!(open.control(&call, say).await, 200);
    assert_eq!(open.receiver.report().await["endedReason"], "assistant-ended-call-after-message-spoken");
}

#[tokio::test]
async fn limits_of_the_assistant_end_a_call() {
    let stage = Stage::with(200.0, |_| (200, json!({})), json!({"maxDurationSeconds": 20})).await;
    stage.inbound("+33612345600").await;
    let report = stage.receiver.report().await;
    assert_eq!((report["endedReason"].as_str(), report["durationSeconds"].as_f64()), (Some("exceeded-max-duration"), Some(20.0)));

    let stage = Stage::with(200.0, |_| (200, json!({})), json!({"endCallPhrases": ["DÉJÀ SUIVIE au cabinet"]})).await;
    stage.inbound("+33612345600").await;
    assert_eq!(stage.receiver.report().await["endedReason"], "assistant-said-end-call-phrase");

    let stage = Stage::start().await;
    stage.ok("POST", "/_sim/faults", json!({"concurrencyLimit": 1})).await;
    stage.ok("POST", "/_sim/speed", json!({"speed": 1.0})).await;
    stage.call("+33612345609").await;
    let blocked = stage.call("+33612345600").await;
    assert_eq!(blocked["subscriptionLimits"]["concurrencyBlocked"], true);
    assert_eq!(stage.get("/_sim/state").await["speed"], 1.0);
    stage.until_call(id(&blocked), "the end", |call| call["status"] == "ended").await;
}

#[tokio::test]
async fn a_recording_is_reached_by_a_presigned_address_and_nothing_else() {
    let stage = Stage::start().await;
    let call = stage.inbound("+33612345600").await;
    let report = stage.receiver.report().await;
    let artifact = &report["artifact"];
    let fetch = |url: &str| stage.http.get(url.to_owned()).send();
    assert_eq!(fetch(artifact["recordingUrl"].as_str().unwrap()).await.unwrap().status(), 403, "the raw address");
    let presigned = artifact["presignedStereoUrl"].as_str().unwrap();
    assert_eq!(stage.http.get(presigned).bearer_auth(KEY).send().await.unwrap().status(), 400, "with our key");
    assert_eq!(fetch(&presigned.replace("Signature=", "Signature=0")).await.unwrap().status(), 403, "forged");

    let file = fetch(presigned).await.unwrap();
    assert_eq!((file.status().as_u16(), file.headers()["content-type"].to_str().unwrap()), (200, "audio/wav"));
    let file = file.bytes().await.unwrap();
    let number = |at: usize, length: usize| file[at..at + length].iter().rev().fold(0_usize, |value, byte| value << 8 | usize::from(*byte));
    assert_eq!((&file[..4], &file[8..12]), (&b"RIFF"[..], &b"WAVE"[..]));
    assert_eq!((number(22, 2), number(24, 4), number(34, 2)), (2, 16_000, 16), "stereo, 16 kHz, 16 bits");
    let seconds = report["durationSeconds"].as_f64().unwrap();
    assert_eq!(number(40, 4), (seconds * 16_000.0).round() as usize * 4);
    assert_eq!(file.len(), 44 + number(40, 4));

    // Each line sounds on its own side at its time.
    let loud = |from: f64, seconds: f64, lane: usize| {
        let first = 44 + (from * 16_000.0) as usize * 4;
        file[first..]
            .chunks_exact(4)
            .take((seconds * 16_000.0) as usize)
            .any(|bytes| i16::from_le_bytes([bytes[lane * 2], bytes[lane * 2 + 1]]).abs() > 2000)
    };
    for message in artifact["messages"].as_array().unwrap() {
        let lane = match message["role"].as_str().unwrap() {
            "user" => 0,
            "bot" => 1,
            _ => continue,
        };
        let (from, length) = (message["secondsFromStart"].as_f64().unwrap(), message["duration"].as_f64().unwrap() / 1000.0);
        assert!(loud(from, length.min(0.5), lane), "{message}");
        assert!(!loud(from + 0.01, length - 0.02, 1 - lane), "{message}");
    }

    let redirect =
        stage.http.get(format!("{}/call/{}/mono-recording", stage.sim.base_url(), id(&call))).bearer_auth(KEY).send().await.unwrap();
    assert_eq!(redirect.status(), 302);
    let mono = fetch(redirect.headers()["location"].to_str().unwrap()).await.unwrap().bytes().await.unwrap();
    assert_eq!((mono.len() - 44) * 2, file.len() - 44);
    let part = stage.http.get(presigned).header("range", "bytes=0-3").send().await.unwrap();
    assert_eq!((part.status().as_u16(), part.bytes().await.unwrap().as_ref()), (206, &b"RIFF"[..]));

    stage.ok("POST", "/_sim/faults", json!({"presignedTtlS": -1})).await;
    let expired = stage.get(&format!("/call/{}", id(&call))).await["artifact"]["presignedMonoUrl"].as_str().unwrap().to_owned();
    assert_eq!(fetch(&expired).await.unwrap().status(), 403, "expired");
    let busy = stage.inbound("+33612345601").await;
    stage.until_call(id(&busy), "the end", |call| call["status"] == "ended").await;
    let none = format!("/call/{}/mono-recording", id(&busy));
    assert_eq!(stage.send("GET", &none, Value::Null).await.0, 404, "nothing was recorded");
}

#[tokio::test]
async fn several_listeners_hear_a_live_call_until_it_ends() {
    let stage = Stage::with(20.0, |_| (200, json!({})), json!({})).await;
    let call = stage.inbound("+33612345600").await;
    let url = call["monitor"]["listenUrl"].as_str().unwrap().to_owned();
    let listen = |url: String| async move {
        let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let Message::Text(first) = socket.next().await.unwrap().unwrap() else { panic!("the first frame is JSON") };
        let (mut frames, mut sizes, mut loud) = (0, Vec::new(), [false; 2]);
        while let Some(Ok(message)) = socket.next().await {
            match message {
                Message::Binary(pcm) => {
                    frames += 1;
                    sizes.push(pcm.len());
                    for moment in pcm.chunks_exact(4) {
                        for (lane, loud) in loud.iter_mut().enumerate() {
                            *loud |= i16::from_le_bytes([moment[lane * 2], moment[lane * 2 + 1]]).abs() > 2000;
                        }
                    }
                }
                Message::Close(_) => break,
                _ => {}
            }
        }
        (serde_json::from_str::<Value>(&first).unwrap(), frames, sizes, loud)
    };
    let (stereo, mono) = tokio::join!(listen(url.clone()), listen(format!("{url}?channels=1&rate=8000")));
    assert_eq!((stereo.0["sampleRate"].as_u64(), stereo.0["channels"].as_u64()), (Some(16_000), Some(2)));
    assert!(stereo.2.iter().all(|size| *size == 1280), "20 ms of two lanes");
    assert_eq!(stereo.3, [true, true], "both speakers are heard");
    assert!(mono.2.iter().all(|size| *size == 320));
    let report = stage.receiver.report().await;
    let expected = report["durationSeconds"].as_f64().unwrap() * 50.0;
    assert!((stereo.1 as f64) > expected * 0.9 && (stereo.1 as f64) <= expected + 1.0, "{} frames of {expected}", stereo.1);

    assert!(tokio_tungstenite::connect_async(url.as_str()).await.is_err(), "404 after the end");
    let locked = Stage::with(20.0, |_| (200, json!({})), json!({"monitorPlan": {"listenAuthenticationEnabled": true}})).await;
    let call = locked.inbound("+33612345609").await;
    let mut request = call["monitor"]["listenUrl"].as_str().unwrap().into_client_request().unwrap();
    assert!(tokio_tungstenite::connect_async(request.clone()).await.is_err());
    request.headers_mut().insert("authorization", format!("Bearer {PUBLIC}").parse().unwrap());
    assert!(tokio_tungstenite::connect_async(request).await.is_ok());
}

#[tokio::test]
async fn the_websocket_transport_speaks_hears_and_hangs_up() {
    let stage = Stage::with(20.0, |_| (200, json!({})), json!({})).await;
    let body = json!({"assistantId": stage.assistant_id, "transport": {"provider": "vapi.websocket", "audioFormat": {"format": "pcm_s16le", "container": "raw", "sampleRate": 16000}}});
    let call = stage.ok("POST", "/call", body).await;
    assert_eq!(call["type"], "vapi.websocketCall");
    let (mut socket, _) = tokio_tungstenite::connect_async(call["transport"]["websocketCallUrl"].as_str().unwrap()).await.unwrap();
    let deadline = Instant::now() + PATIENCE;
    let (mut heard, mut spoke, mut understood) = (false, false, false);
    let wave: Vec<u8> = (0..16_000).flat_map(|at: i32| (((f64::from(at) * 0.08).sin() * 8000.0) as i16).to_le_bytes()).collect();
    while !understood {
        assert!(Instant::now() < deadline, "heard {heard}, spoke {spoke}");
        match socket.next().await.unwrap().unwrap() {
            Message::Binary(pcm) => heard |= pcm.chunks_exact(2).any(|pair| i16::from_le_bytes([pair[0], pair[1]]).abs() > 2000),
            Message::Text(text) => {
                let message: Value = serde_json::from_str(&text).unwrap();
                if message["type"] == "transcript" && message["role"] == "assistant" && !spoke {
                    spoke = true;
                    socket.send(Message::binary(wave.clone())).await.unwrap();
                    socket.send(Message::binary(vec![0_u8; 32_000])).await.unwrap();
                }
                understood |= message["type"] == "transcript" && message["role"] == "user" && message["transcriptType"] == "final";
            }
            _ => {}
        }
    }
    assert!(heard, "the assistant was heard");
    socket.send(Message::text(json!({"type": "end-call"}).to_string())).await.unwrap();
    let report = stage.receiver.report().await;
    assert_eq!(report["endedReason"], "customer-ended-call");
    assert_eq!(report["call"]["type"], "vapi.websocketCall");
}

#[tokio::test]
async fn faults_are_switched_on_and_off() {
    let stage = Stage::start().await;
    stage.ok("POST", "/_sim/faults", json!({"apiDown": true, "times": 1})).await;
    assert_eq!(stage.send("GET", "/assistant", Value::Null).await.0, 503);
    assert_eq!(stage.send("GET", "/assistant", Value::Null).await.0, 200, "only once");
    stage.ok("POST", "/_sim/faults", json!({"rateLimitedS": 7})).await;
    let limited = stage.http.get(format!("{}/call", stage.sim.base_url())).bearer_auth(KEY).send().await.unwrap();
    assert_eq!((limited.status().as_u16(), limited.headers()["retry-after"].to_str().unwrap()), (429, "7"));
    stage.ok("POST", "/_sim/faults", json!({"slowMs": 60})).await;
    let started = Instant::now();
    stage.get("/assistant").await;
    assert!(started.elapsed() >= Duration::from_millis(60));
    assert_eq!(stage.send("DELETE", "/_sim/faults", Value::Null).await.0, 204);
    stage.get("/assistant").await;
    assert_eq!(stage.send("POST", "/_sim/faults", json!({"apiDwon": true})).await.0, 400, "a misspelt fault is told");

    stage.ok("POST", "/_sim/faults", json!({"webhooks": {"duplicate": true, "drop": ["speech-update"]}})).await;
    stage.inbound("+33612345604").await;
    stage.receiver.until("the report twice", |hooks| hooks.iter().filter(|hook| hook.kind() == "end-of-call-report").count() == 2).await;
    assert!(stage.receiver.of("speech-update").is_empty());
    let state = stage.get("/_sim/state").await;
    assert_eq!((state["calls"]["live"].as_u64(), state["assistants"].as_u64()), (Some(0), Some(1)));
}

#[tokio::test]
async fn calls_are_scheduled_cancelled_placed_in_batches_and_deleted() {
    let stage = Stage::start().await;
    let number = stage.number().await;
    let later = (chrono::Utc::now() + chrono::Duration::hours(10)).to_rfc3339();
    let body = |plan: Value| json!({"assistantId": stage.assistant_id, "phoneNumberId": number, "customer": {"number": "+33612345600"}, "schedulePlan": plan});
    let scheduled = stage.ok("POST", "/call", body(json!({"earliestAt": later}))).await;
    assert_eq!(scheduled["status"], "scheduled");
    stage.ok("DELETE", &format!("/call/{}", id(&scheduled)), json!({})).await;
    stage.until_call(id(&scheduled), "its cancellation", |call| call["endedReason"] == "scheduled-call-deleted").await;
    assert_eq!(stage.send("POST", "/call", body(json!({"earliestAt": "2020-01-01T00:00:00Z"}))).await.0, 400, "the past");

    let customers = json!([{"number": "+33612345601"}, {"number": "+33612345602"}]);
    let batch =
        stage.ok("POST", "/call", json!({"assistantId": stage.assistant_id, "phoneNumberId": number, "customers": customers})).await;
    assert_eq!((batch["results"].as_array().unwrap().len(), batch["errors"].as_array().unwrap().len()), (2, 0));
    let first = id(&batch["results"][0]).to_owned();
    assert_eq!(stage.send("GET", "/call?status=ended", Value::Null).await.0, 400, "calls are not listed by status");
    stage.ok("DELETE", &format!("/call/{first}"), Value::Null).await;
    assert_eq!(stage.send("GET", &format!("/call/{first}"), Value::Null).await.0, 404);
}

#[tokio::test]
async fn the_same_seed_tells_the_same_story() {
    let story = |number: &'static str| async move {
        let stage = Stage::start().await;
        let call = stage.call(number).await;
        let ended = stage.until_call(id(&call), "the report", |call| call.get("artifact").is_some()).await;
        let lines: Vec<Value> = ended["artifact"]["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|message| json!([message["role"], message["message"], message["secondsFromStart"]]))
            .collect();
        (ended["endedReason"].clone(), lines)
    };
    for number in ["+33612345671", "+33612345684", "+44712345690"] {
        let (first, second) = tokio::join!(story(number), story(number));
        assert_eq!(first.0, second.0, "{number}");
        assert_eq!(first.1, second.1, "{number}");
    }
}

#[tokio::test]
async fn a_letter_sent_by_smtp_is_in_the_mailbox() {
    let stage = Stage::start().await;
    let stream = TcpStream::connect(stage.sim.smtp_addr).await.unwrap();
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let mut dialogue = async |command: &str, expected: &str| {
        if !command.is_empty() {
            writer.write_all(format!("{command}\r\n").as_bytes()).await.unwrap();
        }
        loop {
            let line = lines.next_line().await.unwrap().unwrap();
            assert!(line.starts_with(expected), "{command}: {line}");
            if line.as_bytes().get(3) != Some(&b'-') {
                return;
            }
        }
    };
    dialogue("", "220").await;
    dialogue("EHLO test", "250").await;
    dialogue("RCPT TO:<awa@example.com>", "503").await;
    dialogue("MAIL FROM:<zencall@example.com> SIZE=99999999", "552").await;
    dialogue("MAIL FROM:<zencall@example.com> BODY=8BITMIME", "250").await;
    dialogue("DATA", "503").await;
    dialogue("RCPT TO:<awa@example.com>", "250").await;
    dialogue("RCPT TO:<nobody>", "501").await;
    dialogue("NOOP", "250").await;
    dialogue("FLY", "502").await;
    dialogue("DATA", "354").await;
    let letter = "From: Zencall <zencall@example.com>\r\nTo: awa@example.com\r\nSubject: =?utf-8?b?Q29uZmlybWV6?=\r\n =?utf-8?q?_votre_adresse?=\r\n\
        MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"x\"\r\n\r\n--x\r\nContent-Type: text/plain; charset=utf-8\r\n\
        Content-Transfer-Encoding: 8bit\r\n\r\n..un point, déjà\r\n--x\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
        <p>D=C3=A9j=C3=A0</p>=\r\n\r\n--x--\r\n.";
    dialogue(letter, "250").await;
    dialogue("RSET", "250").await;
    dialogue("QUIT", "221").await;

    let letter = stage.sim.mailbox().wait_for("AWA@example.com", PATIENCE).await.unwrap();
    assert_eq!((letter.subject.as_str(), letter.from.as_str()), ("Confirmez votre adresse", "zencall@example.com"));
    assert_eq!(letter.text.as_deref(), Some(".un point, déjà"));
    assert_eq!(letter.header("to"), Some("awa@example.com"));
    let listed = stage.get("/_sim/mail?to=awa@example.com").await;
    assert_eq!(id(&listed[0]), letter.id);
    assert_eq!(stage.get(&format!("/_sim/mail/{}", letter.id)).await["html"], "<p>Déjà</p>");
    let page = stage.http.get(format!("{}/_sim/mail/{}/html", stage.sim.base_url(), letter.id)).send().await.unwrap();
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("sandbox"));
    assert_eq!(page.text().await.unwrap(), "<p>Déjà</p>");
    assert_eq!(stage.send("DELETE", "/_sim/mail", Value::Null).await.0, 204);
    assert!(stage.sim.mailbox().list().is_empty());
}

#[tokio::test]
async fn what_was_set_up_outlives_a_restart_when_it_is_kept() {
    let folder = std::env::temp_dir().join(format!("zencall-sim-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("sim.json");
    let first = Stage::start().await;
    first.sim.keep_in(file.clone()).await.unwrap();
    let number = first.number().await;
    first.ok("PUT", "/_sim/credentials/the-one", json!({"type": "bearer", "token": "t"})).await;
    let started = Instant::now();
    while !std::fs::read_to_string(&file).is_ok_and(|text| text.contains("the-one")) {
        assert!(started.elapsed() < PATIENCE);
        tokio::task::yield_now().await;
    }
    first.sim.stop();

    let second = Stage::start().await;
    second.sim.keep_in(file.clone()).await.unwrap();
    assert_eq!(id(&second.get(&format!("/phone-number/{number}")).await), number);
    let listed = second.get("/assistant").await;
    assert!(listed.as_array().unwrap().iter().any(|assistant| assistant["id"] == first.assistant_id.as_str()));
    assert_eq!(second.get("/_sim/state").await["credentials"], 1);
    std::fs::write(&file, "not json").unwrap();
    assert!(Stage::start().await.sim.keep_in(file).await.is_err(), "a broken file is told, not overwritten");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_stopped_simulator_serves_nobody() {
    let stage = Stage::start().await;
    stage.sim.stop();
    stage.sim.stopped().await;
    assert!(stage.sim.is_stopped());
    let started = Instant::now();
    while TcpStream::connect(stage.sim.smtp_addr).await.is_ok() {
        assert!(started.elapsed() < PATIENCE);
        tokio::task::yield_now().await;
    }
}
