//! The REST resources: assistants, phone numbers, calls. Bodies are judged by `validate`, calls are placed by `place`.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::collections::HashMap;

use super::control::Command;
use super::place;
use super::refusal::Refusal;
use super::validate;
use super::world::{Object, Shelf, World, iso, new_id};

type Parameters = Query<HashMap<String, String>>;
type Answer = Result<Json<Value>, Refusal>;
type Created = Result<(StatusCode, Json<Value>), Refusal>;

/// A JSON object from a body; an empty one is `{}`.
pub(super) fn parsed(body: &Bytes) -> Result<Object, Refusal> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Object::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Refusal::bad_request("The body must be a JSON object.")),
        Err(error) => Err(Refusal::bad_request(format!("{error} in JSON"))),
    }
}

// Changes are announced with the shelf still locked, so that whoever hears of one sees it.

/// `POST /assistant`.
pub(super) async fn create_assistant(State(world): State<World>, body: Bytes) -> Created {
    let body = parsed(&body)?;
    validate::assistant(&body)?;
    let row = stamped(&world, body);
    let mut assistants = world.assistants();
    world.changed();
    Ok(shelve(&mut assistants, with(row, "latestVersion", json!("v1"))))
}

/// `GET /assistant`.
pub(super) async fn list_assistants(State(world): State<World>, Query(query): Parameters) -> Answer {
    Window::of(&query, &[])?.of_shelf(&world.assistants())
}

/// `GET /assistant/{id}`.
pub(super) async fn read_assistant(State(world): State<World>, Path(id): Path<String>) -> Answer {
    read(&world.assistants(), "Assistant", &id)
}

/// `PATCH /assistant/{id}`: whole properties are replaced, `null` takes one away.
pub(super) async fn change_assistant(State(world): State<World>, Path(id): Path<String>, body: Bytes) -> Answer {
    let body = parsed(&body)?;
    validate::assistant(&body)?;
    let mut assistants = world.assistants();
    let row = assistants.get_mut(&id).ok_or_else(|| unknown("Assistant", &id))?;
    let version = row.get("latestVersion").and_then(Value::as_str).and_then(|version| version[1..].parse::<u64>().ok()).unwrap_or(1);
    merge(row, body);
    world.changed();
    row.insert("latestVersion".into(), json!(format!("v{}", version + 1)));
    Ok(Json(Value::Object(row.clone())))
}

/// `DELETE /assistant/{id}`.
pub(super) async fn delete_assistant(State(world): State<World>, Path(id): Path<String>) -> Answer {
    let mut assistants = world.assistants();
    world.changed();
    remove(&mut assistants, "Assistant", &id)
}

/// `POST /phone-number`.
pub(super) async fn create_number(State(world): State<World>, body: Bytes) -> Created {
    let mut body = parsed(&body)?;
    validate::phone_number(&body, None)?;
    check_routing(&world, &body)?;
    if body.get("provider").and_then(Value::as_str) == Some("vapi") && !body.contains_key("sipUri") {
        let area = body.get("numberDesiredAreaCode").and_then(Value::as_str).unwrap_or("415").to_owned();
        body.entry("number").or_insert_with(|| json!(format!("+1{area}555{:04}", rand::random_range(0..10_000))));
    }
    let row = stamped(&world, body);
    let mut numbers = world.numbers();
    world.changed();
    Ok(shelve(&mut numbers, with(row, "status", json!("active"))))
}

/// `GET /phone-number`.
pub(super) async fn list_numbers(State(world): State<World>, Query(query): Parameters) -> Answer {
    Window::of(&query, &[])?.of_shelf(&world.numbers())
}

/// `GET /v2/phone-number`, by pages.
pub(super) async fn page_numbers(State(world): State<World>, Query(query): Parameters) -> Answer {
    let number = |key: &str, default: usize| query.get(key).and_then(|text| text.parse().ok()).unwrap_or(default).max(1);
    let (page, limit) = (number("page", 1), number("limit", 100).min(1000));
    let ascending = query.get("sortOrder").is_some_and(|order| order.eq_ignore_ascii_case("asc"));
    let numbers = world.numbers();
    let mut all: Vec<Value> = numbers.newest_first().cloned().map(Value::Object).collect();
    if ascending {
        all.reverse();
    }
    let total = all.len();
    let pages = total.div_ceil(limit);
    let results: Vec<Value> = all.into_iter().skip((page - 1) * limit).take(limit).collect();
    Ok(Json(json!({"results": results, "metadata": {
        "itemsPerPage": limit, "totalItems": total, "currentPage": page, "totalPages": pages, "hasNextPage": page < pages,
        "sortOrder": if ascending { "ASC" } else { "DESC" },
    }})))
}

/// `GET /phone-number/{id}`.
pub(super) async fn read_number(State(world): State<World>, Path(id): Path<String>) -> Answer {
    read(&world.numbers(), "Phone Number", &id)
}

/// `PATCH /phone-number/{id}`: carries the provider it has.
pub(super) async fn change_number(State(world): State<World>, Path(id): Path<String>, body: Bytes) -> Answer {
    let body = parsed(&body)?;
    let provider = {
        let numbers = world.numbers();
        let row = numbers.get(&id).ok_or_else(|| unknown("Phone Number", &id))?;
        row.get("provider").and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    validate::phone_number(&body, Some(&provider))?;
    check_routing(&world, &body)?;
    let mut numbers = world.numbers();
    let row = numbers.get_mut(&id).ok_or_else(|| unknown("Phone Number", &id))?;
    merge(row, body);
    world.changed();
    Ok(Json(Value::Object(row.clone())))
}

/// `DELETE /phone-number/{id}`.
pub(super) async fn delete_number(State(world): State<World>, Path(id): Path<String>) -> Answer {
    let mut numbers = world.numbers();
    world.changed();
    remove(&mut numbers, "Phone Number", &id)
}

/// `POST /call`.
pub(super) async fn create_call(State(world): State<World>, body: Bytes) -> Created {
    let body = parsed(&body)?;
    validate::call(&body)?;
    let created = match body.get("customers").and_then(Value::as_array) {
        Some(customers) => place::batch(&world, &body, customers),
        None => place::outbound(&world, &body).await?,
    };
    Ok((StatusCode::CREATED, Json(created)))
}

/// `POST /call/web`.
pub(super) async fn create_web_call(State(world): State<World>, body: Bytes) -> Created {
    let body = parsed(&body)?;
    validate::web_call(&body)?;
    Ok((StatusCode::CREATED, Json(place::web(&world, &body)?)))
}

/// `GET /call`.
pub(super) async fn list_calls(State(world): State<World>, Query(query): Parameters) -> Answer {
    let window = Window::of(&query, &["id", "assistantId", "phoneNumberId"])?;
    let calls: Vec<_> = world.calls().newest_first().cloned().collect();
    let wanted = |value: &Option<String>, key: &str| query.get(key).is_none_or(|wanted| value.as_ref() == Some(wanted));
    let rows = calls.iter().filter(|call| {
        let facts = call.facts();
        query.get("id").is_none_or(|id| *id == call.id)
            && wanted(&facts.assistant_id, "assistantId")
            && wanted(&facts.phone_number_id, "phoneNumberId")
            && window.holds(call.created_at, facts.updated_at)
    });
    Ok(Json(rows.take(window.limit).map(|call| call.to_json(&world)).collect()))
}

/// `GET /call/{id}`.
pub(super) async fn read_call(State(world): State<World>, Path(id): Path<String>) -> Answer {
    let call = world.calls().get(&id).ok_or_else(|| unknown("Call", &id))?;
    Ok(Json(call.to_json(&world)))
}

/// `PATCH /call/{id}`: the name, and nothing else.
pub(super) async fn change_call(State(world): State<World>, Path(id): Path<String>, body: Bytes) -> Answer {
    let body = parsed(&body)?;
    let call = world.calls().get(&id).ok_or_else(|| unknown("Call", &id))?;
    validate::call_update(&body)?;
    {
        let mut facts = call.facts();
        if let Some(name) = body.get("name") {
            facts.name = name.as_str().map(str::to_owned);
        }
        facts.updated_at = Utc::now();
    }
    Ok(Json(call.to_json(&world)))
}

/// `DELETE /call/{id}`, or those of `ids`. A scheduled call is cancelled and kept; what was said in others is erased.
pub(super) async fn delete_call(State(world): State<World>, Path(id): Path<String>, body: Bytes) -> Answer {
    let body = parsed(&body)?;
    let call = world.calls().get(&id).ok_or_else(|| unknown("Call", &id))?;
    let others = body.get("ids").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    for id in others.chain([id.as_str()]) {
        let Some(call) = world.calls().get(id) else { continue };
        let scheduled = call.status() == super::call::Status::Scheduled;
        // A driver that is gone has nothing left to stop.
        let _ = call.commands.send(Command::Deleted);
        if !scheduled {
            world.calls().remove(id);
        }
    }
    Ok(Json(call.to_json(&world)))
}

fn check_routing(world: &World, body: &Object) -> Result<(), Refusal> {
    match body.get("assistantId").and_then(Value::as_str) {
        Some(id) if world.assistants().get(id).is_none() => {
            Err(Refusal::bad_request(format!("Couldn't Find Assistant. `{id}` Does Not Exist.")))
        }
        _ => Ok(()),
    }
}

fn stamped(world: &World, mut row: Object) -> Object {
    let now = iso(Utc::now());
    row.retain(|_, value| !value.is_null());
    row.insert("id".into(), json!(new_id()));
    row.insert("orgId".into(), json!(world.org_id()));
    row.insert("createdAt".into(), json!(now));
    row.insert("updatedAt".into(), json!(now));
    row
}

fn with(mut row: Object, key: &str, value: Value) -> Object {
    row.insert(key.to_owned(), value);
    row
}

fn shelve(shelf: &mut Shelf, row: Object) -> (StatusCode, Json<Value>) {
    let id = row.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    shelf.put(&id, row.clone());
    (StatusCode::CREATED, Json(Value::Object(row)))
}

fn merge(row: &mut Object, changes: Object) {
    for (key, value) in changes {
        if value.is_null() {
            row.remove(&key);
        } else {
            row.insert(key, value);
        }
    }
    row.insert("updatedAt".into(), json!(iso(Utc::now())));
}

fn read(shelf: &Shelf, what: &str, id: &str) -> Answer {
    shelf.get(id).cloned().map(|row| Json(Value::Object(row))).ok_or_else(|| unknown(what, id))
}

fn remove(shelf: &mut Shelf, what: &str, id: &str) -> Answer {
    shelf.remove(id).map(|row| Json(Value::Object(row))).ok_or_else(|| unknown(what, id))
}

fn unknown(what: &str, id: &str) -> Refusal {
    Refusal::not_found(format!("{what} with id {id} not found."))
}

/// The part of a list that a query asks for.
struct Window {
    limit: usize,
    bounds: Vec<(Field, Bound, DateTime<Utc>)>,
}

#[derive(Clone, Copy)]
enum Field {
    Created,
    Updated,
}

#[derive(Clone, Copy)]
enum Bound {
    Gt,
    Lt,
    Ge,
    Le,
}

impl Window {
    fn of(query: &HashMap<String, String>, filters: &[&str]) -> Result<Window, Refusal> {
        let mut window = Window { limit: 100, bounds: Vec::new() };
        let mut problems = Vec::new();
        for (key, text) in query {
            let field =
                if key.starts_with("createdAt") { Some(Field::Created) } else { key.starts_with("updatedAt").then_some(Field::Updated) };
            let bound = match key.get(9..) {
                Some("Gt") => Some(Bound::Gt),
                Some("Lt") => Some(Bound::Lt),
                Some("Ge") => Some(Bound::Ge),
                Some("Le") => Some(Bound::Le),
                _ => None,
            };
            match (key.as_str(), field, bound) {
                ("limit", _, _) => match text.parse::<i64>() {
                    Ok(limit @ 0..=1000) => window.limit = limit as usize,
                    Ok(limit) if limit > 1000 => problems.push("limit must not be greater than 1000".to_owned()),
                    Ok(_) => problems.push("limit must not be less than 0".to_owned()),
                    Err(_) => problems.push("limit must be a number conforming to the specified constraints".to_owned()),
                },
                (_, Some(field), Some(bound)) => match validate::moment(text) {
                    Some(time) => window.bounds.push((field, bound, time)),
                    None => problems.push(format!("{key} must be a valid ISO 8601 date string")),
                },
                (key, _, _) if filters.contains(&key) => {}
                (key, _, _) => problems.push(format!("property {key} should not exist")),
            }
        }
        if problems.is_empty() { Ok(window) } else { Err(Refusal::invalid(problems)) }
    }

    /// True if a row with these times is within. Times are compared as they are shown, by the millisecond.
    fn holds(&self, created: DateTime<Utc>, updated: DateTime<Utc>) -> bool {
        self.bounds.iter().all(|(field, bound, limit)| {
            let time = match field {
                Field::Created => created,
                Field::Updated => updated,
            };
            let (time, limit) = (time.timestamp_millis(), limit.timestamp_millis());
            match bound {
                Bound::Gt => time > limit,
                Bound::Lt => time < limit,
                Bound::Ge => time >= limit,
                Bound::Le => time <= limit,
            }
        })
    }

    fn of_shelf(&self, shelf: &Shelf) -> Answer {
        let time = |row: &Object, key: &str| row.get(key).and_then(Value::as_str).and_then(validate::moment).unwrap_or_default();
        let rows = shelf.newest_first().filter(|row| self.holds(time(row, "createdAt"), time(row, "updatedAt")));
        Ok(Json(rows.take(self.limit).cloned().map(Value::Object).collect()))
    }
}
