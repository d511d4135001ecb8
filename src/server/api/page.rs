//! `/api/docs`: the description as a page to read. Made here from the same document, without script and without anything vendored: it works
//! offline, under the policy of the other pages, and weighs what it says.

use super::describe::document;
use crate::{
    i18n::Locale,
    kit::{
        Prefs,
        document::{Document, Look, escape},
    },
    server::AppState,
};
use axum::{extract::State, response::Response};
use http::{HeaderMap, StatusCode, header};
use leptos::prelude::*;
use serde_json::Value;
use std::fmt::Write;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The page.
pub async fn show(State(state): State<AppState>, headers: HeaderMap) -> Response {
    let look = Look { stylesheet: state.assets.css.as_str().into(), font: state.assets.first_font().map(Into::into) };
    let prefs = Prefs::from_cookies(headers.get(header::COOKIE).and_then(|cookie| cookie.to_str().ok()).unwrap_or_default());
    let head = "<meta name=\"robots\" content=\"noindex\">".to_owned();
    let page = Document { locale: Locale::En, prefs: &prefs, look: &look, title: "API", head };
    page.answer(StatusCode::OK, || view! { <main class="section api-docs" id="main" inner_html=body(document())></main> }.into_any())
}

fn body(document: &Value) -> String {
    let mut page = String::new();
    let about = text(&document["info"]["description"]);
    let _ = write!(
        page,
        "<header class=\"stack g2\"><h1>Zencall API</h1><p>{about}</p>\
         <p><a href=\"/api/openapi.json\">openapi.json</a> · OpenAPI {}</p></header>",
        text(&document["openapi"])
    );
    for tag in list(&document["tags"]) {
        let name = plain(&tag["name"]);
        let _ = write!(page, "<section id=\"{0}\"><h2>{0}</h2><p class=\"muted\">{1}</p>", escape(name), text(&tag["description"]));
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for method in METHODS {
                let operation = &item[method];
                if list(&operation["tags"]).any(|tag| plain(tag) == name) {
                    page.push_str(&door(method, path, operation, document));
                }
            }
        }
        page.push_str("</section>");
    }
    page
}

fn door(method: &str, path: &str, operation: &Value, document: &Value) -> String {
    let id = escape(plain(&operation["operationId"]));
    let mut door = format!(
        "<details id=\"{id}\"><summary><code>{} {}</code> <span>{}</span></summary><div class=\"stack g2\"><p>{}</p>",
        method.to_uppercase(),
        escape(path),
        text(&operation["summary"]),
        text(&operation["description"]),
    );
    let rows: String = list(&operation["parameters"])
        .map(|parameter| {
            let shared = parameter["$ref"].as_str().and_then(|address| document.pointer(address.strip_prefix('#')?));
            let parameter = shared.unwrap_or(parameter);
            let kind = shape(&parameter["schema"]);
            row(&format!("{} ({})", plain(&parameter["name"]), plain(&parameter["in"])), &kind, &text(&parameter["description"]))
        })
        .collect();
    if !rows.is_empty() {
        let _ = write!(door, "<table><caption>Parameters</caption><tbody>{rows}</tbody></table>");
    }
    door.push_str(&fields("Body", &operation["requestBody"]["content"]["application/json"]["schema"], document));
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let schema = &response["content"]["application/json"]["schema"];
        let words = text(&response["description"]);
        let _ = write!(door, "<p><code>{}</code> {words}</p>", escape(status));
        door.push_str(&fields("Answer", schema, document));
    }
    door + "</div></details>"
}

/// The fields of a body, and of what it is made of.
fn fields(title: &str, schema: &Value, document: &Value) -> String {
    let Some(name) = schema["$ref"].as_str().and_then(|address| address.rsplit('/').next()) else { return String::new() };
    let schema = &document["components"]["schemas"][name];
    let required: Vec<&str> = list(&schema["required"]).map(plain).collect();
    let rows: String = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(field, kind)| {
            let name = if required.contains(&field.as_str()) { field.clone() } else { format!("{field}?") };
            row(&name, &shape(kind), &text(&kind["description"]))
        })
        .collect();
    format!("<table><caption>{title}: {}</caption><tbody>{rows}</tbody></table>", escape(name))
}

fn row(name: &str, kind: &str, words: &str) -> String {
    format!("<tr><th scope=\"row\"><code>{}</code></th><td>{}</td><td>{words}</td></tr>", escape(name), escape(kind))
}

/// A schema in a few words.
fn shape(schema: &Value) -> String {
    if let Some(address) = schema["$ref"].as_str() {
        return address.rsplit('/').next().unwrap_or_default().to_owned();
    }
    if let Some(either) = schema["oneOf"].as_array() {
        return either.iter().map(shape).collect::<Vec<_>>().join(" or ");
    }
    let kind = match &schema["type"] {
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => kinds.iter().map(plain).collect::<Vec<_>>().join(" or "),
        _ => "any".to_owned(),
    };
    match schema["items"].is_null() {
        true => kind,
        false => format!("{kind} of {}", shape(&schema["items"])),
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn plain(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Prose, with its `code` marked.
fn text(value: &Value) -> String {
    let parts = plain(value).split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 1 { format!("<code>{}</code>", escape(part)) } else { escape(part) }).collect()
}
