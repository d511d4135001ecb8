//! `?fields=id,status` on whatever is read: the answer has these fields of the thing, or of each thing in a list, and no others. Which names
//! there are is read from the description, so that a door offers this by being described; doors themselves know nothing of it.

use super::describe::document;
use crate::{platform::api::Problem, shared::error::AppError};
use axum::{
    body::{Body, to_bytes},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Method, Uri, header, request::Parts};
use serde_json::{Map, Value, json};
use std::{
    collections::{BTreeSet, HashMap},
    sync::LazyLock,
};

const NAME: &str = "fields";
const ADDRESS: &str = "#/components/parameters/fields";

/// What a door's answer may be cut to.
#[derive(Debug, PartialEq, Eq)]
struct Offer {
    names: BTreeSet<String>,
    /// The names are those of each of its `items`.
    is_list: bool,
}

/// What one answer is cut to.
#[derive(Debug, PartialEq, Eq)]
pub struct Wanted {
    names: BTreeSet<String>,
    is_list: bool,
}

/// Takes the parameter out of the query before the door reads it. Errors: 400 `bad_fields` for a name the answer does not have.
pub fn take(parts: &mut Parts, door: &str) -> Result<Option<Wanted>, Problem> {
    if parts.method != Method::GET && parts.method != Method::HEAD {
        return Ok(None);
    }
    let (ours, rest): (Vec<&str>, Vec<&str>) =
        parts.uri.query().unwrap_or_default().split('&').partition(|pair| pair.split('=').next() == Some(NAME));
    let text = match ours.as_slice() {
        [] => return Ok(None),
        [pair] => url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, text)| text.into_owned()).unwrap_or_default(),
        _ => return Err(refused("twice", "it is given twice")),
    };
    let wanted = choose(offers().get(door), &text)?;
    let target = match rest.join("&") {
        rest if rest.is_empty() => parts.uri.path().to_owned(),
        rest => format!("{}?{rest}", parts.uri.path()),
    };
    let mut uri = std::mem::take(&mut parts.uri).into_parts();
    uri.path_and_query = Some(target.parse().map_err(|_| refused("invalid_value", "the address cannot be read"))?);
    parts.uri = Uri::from_parts(uri).map_err(|_| refused("invalid_value", "the address cannot be read"))?;
    Ok(Some(wanted))
}

fn choose(offer: Option<&Offer>, text: &str) -> Result<Wanted, Problem> {
    let Some(offer) = offer else { return Err(refused("unknown_field", "this answer is given whole")) };
    let names: BTreeSet<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
    if let Some(unknown) = names.iter().find(|name| !offer.names.contains(*name)) {
        let known: Vec<&str> = offer.names.iter().map(String::as_str).collect();
        let unknown: String = unknown.chars().take(80).collect();
        return Err(refused("unknown_field", &format!("no field `{unknown}`; there are {}", known.join(", "))));
    }
    Ok(Wanted { names, is_list: offer.is_list })
}

fn refused(code: &str, detail: &str) -> Problem {
    Problem::new(400, "bad_fields", "fields names what the answer does not have")
        .with("errors", json!({ NAME: code }))
        .with("detail", detail)
}

/// Cuts an answer. Failures and files stay as they are.
pub async fn cut(wanted: &Wanted, response: Response) -> Response {
    let is_json = response.headers().get(header::CONTENT_TYPE) == Some(&HeaderValue::from_static("application/json"));
    if !response.status().is_success() || !is_json {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let bytes = match to_bytes(body, usize::MAX).await {
        Ok(bytes) => bytes,
        Err(error) => return AppError::internal(error).into_response(),
    };
    let Ok(mut answer) = serde_json::from_slice::<Value>(&bytes) else { return Response::from_parts(parts, Body::from(bytes)) };
    wanted.cut(&mut answer);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(answer.to_string()))
}

impl Wanted {
    fn cut(&self, answer: &mut Value) {
        let keep = |thing: &mut Map<String, Value>| thing.retain(|name, _| self.names.contains(name));
        match answer {
            Value::Object(answer) if self.is_list => {
                let items = answer.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten();
                items.filter_map(Value::as_object_mut).for_each(keep);
            }
            Value::Object(answer) => keep(answer),
            _ => {}
        }
    }
}

/// By the path of the door.
fn offers() -> &'static HashMap<String, Offer> {
    static OFFERS: LazyLock<HashMap<String, Offer>> = LazyLock::new(|| {
        let paths = document()["paths"].as_object().into_iter().flatten();
        paths.filter_map(|(path, item)| Some((path.clone(), offer(document(), &item["get"])?))).collect()
    });
    &OFFERS
}

/// What the answer of an operation may be cut to, from its description.
fn offer(document: &Value, operation: &Value) -> Option<Offer> {
    let answer = resolved(document, &operation["responses"]["200"]["content"]["application/json"]["schema"]);
    let properties = answer["properties"].as_object()?;
    let items = properties.get("items").map(|items| resolved(document, &resolved(document, items)["items"]));
    let (things, is_list) = match items.and_then(|item| item["properties"].as_object()) {
        Some(things) => (things, true),
        None => (properties, false),
    };
    Some(Offer { names: things.keys().cloned().collect(), is_list })
}

fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let address = schema["$ref"].as_str().and_then(|address| address.strip_prefix('#'));
    address.and_then(|address| document.pointer(address)).unwrap_or(schema)
}

/// Describes the parameter, once, on every door that offers it.
pub fn describe(document: &mut Value) {
    let doors: Vec<String> = document["paths"].as_object().into_iter().flatten().map(|(path, _)| path.clone()).collect();
    for path in doors {
        if offer(document, &document["paths"][&path]["get"]).is_none() {
            continue;
        }
        let operation = &mut document["paths"][&path]["get"];
        match operation["parameters"].as_array_mut() {
            Some(parameters) => parameters.push(json!({ "$ref": ADDRESS })),
            None => operation["parameters"] = json!([{ "$ref": ADDRESS }]),
        }
        if operation["responses"]["400"].is_null() {
            let content = json!({ "application/problem+json": { "schema": { "$ref": "#/components/schemas/Failure" } } });
            operation["responses"]["400"] = json!({ "description": "It cannot be read", "content": content });
        }
    }
    document["components"]["parameters"][NAME] = json!({
        "name": NAME,
        "in": "query",
        "required": false,
        "description": "Fields of the thing, or of each thing in a list, with commas between: the answer has these and no others, required or not. Absent: all of them",
        "schema": { "type": "array", "items": { "type": "string" } },
        "style": "form",
        "explode": false,
        "example": ["id"],
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(method: &str, target: &str) -> Parts {
        http::Request::builder().method(method).uri(target).body(()).expect("a request").into_parts().0
    }

    fn taken(target: &str, door: &str) -> Result<(Option<Wanted>, String), u16> {
        let mut parts = parts("GET", target);
        let wanted = take(&mut parts, door).map_err(|problem| problem.status())?;
        Ok((wanted, parts.uri.to_string()))
    }

    fn wanted(names: &[&str], is_list: bool) -> Option<Wanted> {
        Some(Wanted { names: names.iter().map(|name| (*name).to_owned()).collect(), is_list })
    }

    #[test]
    fn the_parameter_is_taken_out_and_the_others_stay() {
        let calls = |query: &str| taken(&format!("/api/v1/calls{query}"), "/api/v1/calls");
        assert_eq!(calls("?status=live"), Ok((None, "/api/v1/calls?status=live".into())));
        assert_eq!(calls("?fields=id"), Ok((wanted(&["id"], true), "/api/v1/calls".into())));
        let kept = "/api/v1/calls?q=a%26fields%3Dx+y&limit=2".to_owned();
        assert_eq!(calls("?q=a%26fields%3Dx+y&fields=status%2Cid,id&limit=2"), Ok((wanted(&["id", "status"], true), kept)));
        for bad in ["?fields=", "?fields", "?fields=id,nope", "?fields=items", "?fields=id&fields=id", "?fields=%ff"] {
            assert_eq!(calls(bad), Err(400), "{bad}");
        }
        assert_eq!(taken("/api/v1/calls/x?fields=call", "/api/v1/calls/{id}"), Ok((wanted(&["call"], false), "/api/v1/calls/x".into())));
        assert_eq!(taken("/api/v1/calls/export.csv?fields=id", "/api/v1/calls/export.csv"), Err(400), "a file is given whole");
        let mut post = parts("POST", "/api/v1/calls?fields=id");
        assert_eq!((take(&mut post, "/api/v1/calls").ok(), post.uri.query()), (Some(None), Some("fields=id")), "only what is read is cut");
    }

    #[test]
    fn of_a_list_the_things_are_cut_and_of_a_thing_itself() {
        let cut = |names: &[&str], is_list, mut answer: Value| {
            wanted(names, is_list).expect("some").cut(&mut answer);
            answer
        };
        let list = json!({ "items": [{ "id": 1, "name": "a" }, { "name": "b" }], "next": "n" });
        assert_eq!(cut(&["id"], true, list), json!({ "items": [{ "id": 1 }, {}], "next": "n" }));
        assert_eq!(cut(&["id"], false, json!({ "id": 1, "inner": { "id": 2 } })), json!({ "id": 1 }));
    }
}
