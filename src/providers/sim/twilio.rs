//! The twin of Twilio: one account with three numbers, messages with signed reports of their fate, messages that come in.
//! Refuses wrong credentials, properties it does not know, and recipients by their last digits:
//! `…9211` no such number, `…9214` not a mobile, `…9229` too many at once, `…9203` sent but never delivered.
//! Source: protocols sheet "voice", 6.1 to 6.5.

use super::refusal::Refusal;
use super::world::World;
use crate::providers::twilio::sign;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use url::form_urlencoded;

/// The account that the twin knows.
pub const ACCOUNT: &str = "AC5a6e63616c6c00000000000000000001";
/// Its token.
pub const TOKEN: &str = "5a6e63616c6c746f6b656e0000000001";

/// Id, number, name, and whether it takes messages.
const NUMBERS: [(&str, &str, &str, bool); 3] = [
    ("PN00000000000000000000000000000001", "+33639980101", "Mobile", true),
    ("PN00000000000000000000000000000002", "+33199009002", "Standard", false),
    ("PN00000000000000000000000000000003", "+33639980103", "Rappels", true),
];

/// What the twin remembers.
#[derive(Default)]
pub(super) struct Exchange {
    sms_urls: HashMap<String, String>,
    messages: Vec<Value>,
    /// Sender of ours and recipient who told it to stop.
    stopped: HashSet<(String, String)>,
}

/// A refusal in Twilio's shape.
pub(super) struct No(StatusCode, u32, String);

impl IntoResponse for No {
    fn into_response(self) -> Response {
        let Self(status, code, message) = self;
        let more = format!("https://www.twilio.com/docs/errors/{code}");
        (status, Json(json!({ "code": code, "message": message, "more_info": more, "status": status.as_u16() }))).into_response()
    }
}

fn bad(code: u32, message: impl Into<String>) -> No {
    No(StatusCode::BAD_REQUEST, code, message.into())
}

/// HTTP Basic with the account's id and token, on the addresses of that account.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Basic "));
    let is_known = given.is_some_and(|given| given == BASE64_STANDARD.encode(format!("{ACCOUNT}:{TOKEN}")));
    let of_account = request.uri().path().split('/').nth(3).is_some_and(|part| part.trim_end_matches(".json") == ACCOUNT);
    if is_known && of_account {
        next.run(request).await
    } else {
        No(StatusCode::UNAUTHORIZED, 20003, "Authenticate".into()).into_response()
    }
}

/// `GET /2010-04-01/Accounts/{sid}.json`.
pub(super) async fn account() -> Json<Value> {
    Json(json!({ "sid": ACCOUNT, "friendly_name": "Zencall sandbox", "status": "active", "type": "Full" }))
}

/// `GET …/IncomingPhoneNumbers.json`, by pages.
pub(super) async fn numbers(State(world): State<World>, Query(query): Query<HashMap<String, String>>) -> Response {
    let number = |name: &str, usual: usize| query.get(name).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (size, page) = (number("PageSize", 50).clamp(1, 1000), number("Page", 0));
    let exchange = world.exchange();
    let rows: Vec<Value> = NUMBERS.iter().skip(size * page).take(size).map(|number| sheet(&exchange, *number)).collect();
    let next = (size * (page + 1) < NUMBERS.len())
        .then(|| format!("/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers.json?PageSize={size}&Page={}", page + 1));
    Json(json!({ "incoming_phone_numbers": rows, "page": page, "page_size": size, "next_page_uri": next })).into_response()
}

fn sheet(exchange: &Exchange, (sid, number, name, sms): (&str, &str, &str, bool)) -> Value {
    json!({ "sid": sid, "account_sid": ACCOUNT, "phone_number": number, "friendly_name": name, "sms_method": "POST",
        "sms_url": exchange.sms_urls.get(number), "capabilities": { "voice": true, "sms": sms, "mms": false, "fax": false } })
}

/// `POST …/IncomingPhoneNumbers/{sid}.json`.
pub(super) async fn change_number(
    State(world): State<World>,
    Path((_, file)): Path<(String, String)>,
    body: Bytes,
) -> Result<Json<Value>, No> {
    let form = form(&body, &["SmsUrl", "SmsMethod", "FriendlyName"])?;
    let sid = file.trim_end_matches(".json");
    let known = NUMBERS.into_iter().find(|known| known.0 == sid);
    let number = known.ok_or_else(|| No(StatusCode::NOT_FOUND, 20404, format!("The requested resource {sid} was not found")))?;
    let mut exchange = world.exchange();
    match form.get("SmsUrl").map(String::as_str) {
        Some("") => drop(exchange.sms_urls.remove(number.1)),
        Some(url) if url::Url::parse(url).is_err() => return Err(bad(21609, "Invalid 'SmsUrl'")),
        Some(url) => drop(exchange.sms_urls.insert(number.1.to_owned(), url.to_owned())),
        None => {}
    }
    Ok(Json(sheet(&exchange, number)))
}

/// `POST …/Messages.json`.
pub(super) async fn send(State(world): State<World>, body: Bytes) -> Result<(StatusCode, Json<Value>), No> {
    let form = form(&body, &["To", "From", "Body", "StatusCallback", "ValidityPeriod"])?;
    let field = |name: &str, code: u32| {
        form.get(name).filter(|text| !text.is_empty()).cloned().ok_or_else(|| bad(code, format!("A '{name}' is required.")))
    };
    let (to, from, text) = (field("To", 21604)?, field("From", 21603)?, field("Body", 21602)?);
    if text.chars().count() > 1600 {
        return Err(bad(21617, "The concatenated message body exceeds the 1600 character limit"));
    }
    if !NUMBERS.iter().any(|known| known.1 == from && known.3) {
        return Err(bad(
            21606,
            format!("The 'From' phone number provided ({from}) is not a valid message-capable Twilio phone number for this destination."),
        ));
    }
    if !super::validate::is_e164(&to) || to == from || to.ends_with("9211") {
        return Err(bad(21211, format!("Invalid 'To' Phone Number: {to}")));
    }
    if to.ends_with("9214") {
        return Err(bad(21614, "'To' number is not a valid mobile number"));
    }
    if to.ends_with("9229") {
        return Err(No(StatusCode::TOO_MANY_REQUESTS, 20429, "Too many requests".into()));
    }
    if world.exchange().stopped.contains(&(from.clone(), to.clone())) {
        return Err(bad(21610, "Attempt to send to unsubscribed recipient"));
    }
    let message = kept(&world, "SM", &from, &to, &text, "outbound-api", "queued");
    if let Some(callback) = form.get("StatusCallback").cloned() {
        tokio::spawn(report(world, message.clone(), callback));
    }
    Ok((StatusCode::CREATED, Json(message)))
}

fn kept(world: &World, prefix: &str, from: &str, to: &str, text: &str, direction: &str, status: &str) -> Value {
    let message = json!({
        "sid": format!("{prefix}{}", uuid::Uuid::new_v4().simple()), "account_sid": ACCOUNT, "from": from, "to": to, "body": text,
        "status": status, "direction": direction, "num_segments": "1", "num_media": "0", "price": null, "price_unit": "USD",
        "error_code": null, "error_message": null, "api_version": "2010-04-01", "date_created": chrono::Utc::now().to_rfc2822(),
    });
    world.exchange().messages.push(message.clone());
    message
}

/// What becomes of a message, told one after the other.
async fn report(world: World, message: Value, callback: String) {
    let text = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
    let last = if text("to").ends_with("9203") { ("undelivered", Some("30003")) } else { ("delivered", None) };
    for (status, error) in [("sent", None), last] {
        tokio::time::sleep(Duration::from_secs_f64(0.5 / world.speed())).await;
        let sid = text("sid");
        let mut form =
            vec![("MessageSid", sid.clone()), ("SmsSid", sid.clone()), ("MessageStatus", status.into()), ("SmsStatus", status.into())];
        form.extend([("To", text("to")), ("From", text("from")), ("AccountSid", ACCOUNT.into()), ("ApiVersion", "2010-04-01".into())]);
        form.extend(error.map(|code| ("ErrorCode", code.to_owned())));
        for row in world.exchange().messages.iter_mut().filter(|row| row["sid"] == sid.as_str()) {
            row["status"] = status.into();
            row["error_code"] = error.and_then(|code: &str| code.parse::<i64>().ok()).into();
        }
        post(&world, &callback, form).await;
    }
}

/// Posts a form, signed; what was answered, if anything.
async fn post(world: &World, url: &str, form: Vec<(&str, String)>) -> Option<u16> {
    let form: Vec<(String, String)> = form.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let request = world.client().post(url).header("x-twilio-signature", sign(TOKEN, url, &form)).form(&form);
    request.timeout(Duration::from_secs(15)).send().await.ok().map(|answer| answer.status().as_u16())
}

/// `GET …/Messages.json`: newest first, by recipient and sender.
pub(super) async fn messages(State(world): State<World>, Query(query): Query<HashMap<String, String>>) -> Json<Value> {
    let wanted = |name: &str, value: &Value| query.get(name).is_none_or(|wanted| value == wanted.as_str());
    let rows: Vec<Value> =
        world.exchange().messages.iter().rev().filter(|row| wanted("To", &row["to"]) && wanted("From", &row["from"])).cloned().collect();
    Json(json!({ "messages": rows, "next_page_uri": null }))
}

/// `GET …/Messages/{sid}.json`.
pub(super) async fn message(State(world): State<World>, Path((_, file)): Path<(String, String)>) -> Result<Json<Value>, No> {
    let sid = file.trim_end_matches(".json");
    let found = world.exchange().messages.iter().find(|row| row["sid"] == sid).cloned();
    found.map(Json).ok_or_else(|| No(StatusCode::NOT_FOUND, 20404, format!("The requested resource {sid} was not found")))
}

/// The body of `POST /_sim/twilio/inbound`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Inbound {
    from: String,
    to: String,
    body: String,
}

/// `POST /_sim/twilio/inbound`: somebody writes. Says what the number's address answered.
pub(super) async fn inbound(State(world): State<World>, Json(asked): Json<Inbound>) -> Result<Json<Value>, Refusal> {
    let url = world.exchange().sms_urls.get(&asked.to).cloned();
    let url = url.ok_or_else(|| Refusal::bad_request("that number posts its messages nowhere"))?;
    let message = kept(&world, "SM", &asked.from, &asked.to, &asked.body, "inbound", "received");
    let sid = message["sid"].as_str().unwrap_or_default().to_owned();
    let pair = (asked.to.clone(), asked.from.clone());
    match asked.body.trim().to_ascii_uppercase().as_str() {
        "STOP" | "STOPALL" | "UNSUBSCRIBE" | "CANCEL" | "END" | "QUIT" => drop(world.exchange().stopped.insert(pair)),
        "START" | "YES" | "UNSTOP" => drop(world.exchange().stopped.remove(&pair)),
        _ => {}
    }
    let form = vec![
        ("MessageSid", sid.clone()),
        ("SmsSid", sid.clone()),
        ("AccountSid", ACCOUNT.into()),
        ("From", asked.from),
        ("To", asked.to),
        ("Body", asked.body),
        ("NumMedia", "0".into()),
        ("NumSegments", "1".into()),
        ("FromCountry", "FR".into()),
        ("ApiVersion", "2010-04-01".into()),
    ];
    let answered = post(&world, &url, form).await;
    Ok(Json(json!({ "sid": sid, "answered": answered })))
}

/// `GET /_sim/twilio/messages`: all of them, oldest first.
pub(super) async fn all(State(world): State<World>) -> Json<Value> {
    Json(world.exchange().messages.clone().into())
}

/// A form whose names are all known. The real one forgives some; what it would ignore is a mistake of ours.
fn form(body: &[u8], known: &[&str]) -> Result<HashMap<String, String>, No> {
    let form: HashMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
    match form.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(bad(20001, format!("Unknown parameter {name}"))),
        None => Ok(form),
    }
}
