//! The description of the API (OpenAPI 3.1): the doors as slices describe them, and on each what all of them share, from the table of doors.

use super::fields;
use crate::server::door_list::{DOORS, Door, Kind, Who};
use serde::Serialize;
use serde_json::Value;
use std::{collections::BTreeMap, sync::LazyLock};
use utoipa::{
    OpenApi, ToSchema,
    openapi::{
        self, Components, Content, Ref, RefOr, Required, Response,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem},
        schema::{ObjectBuilder, Type},
        security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Zencall",
        version = "1",
        license(name = "proprietary", identifier = "LicenseRef-Proprietary"),
        description = "Everything a person can do in the browser, for programs. Authenticate with `Authorization: Bearer zc_…`; a key acts for its organisation with the scopes it was given. Failures are `application/problem+json` with a stable `code`. Lists go on by signed cursors. A POST with an `Idempotency-Key` is done once in 24 hours. `?fields=id,status` reads a part of what is there. Changes take `If-Match`. `RateLimit-*` headers say how much is left of the minute. Every answer has an `X-Request-Id`."
    ),
    components(schemas(Failure)),
    tags(
        (name = "keys", description = "Keys of this API, and what came with them"),
        (name = "calls", description = "Conversations, live and past"),
        (name = "assistants", description = "Who answers, with which words: drafts and versions"),
        (name = "numbers", description = "Phone numbers, and the text messages on them"),
        (name = "answers", description = "The answer book, and questions nobody has answered"),
        (name = "integrations", description = "How providers reach Zencall"),
        (name = "team", description = "Who belongs to the organisation, as what, and who is invited"),
        (name = "work", description = "Working together: teams, and who looks after which call"),
        (name = "audit", description = "Who changed what, and who was refused; the chain that proves it"),
        (name = "webhooks", description = "Telling other systems what happens, signed and until they have heard it; and the journal of what providers told us")
    )
)]
struct Base;

/// A failure (RFC 9457).
#[derive(Serialize, ToSchema)]
#[allow(dead_code)]
struct Failure {
    r#type: String,
    title: String,
    status: u16,
    /// Stable: what programs go by.
    code: String,
    /// With 422: what is wrong with each field, as a stable code.
    #[schema(required = false)]
    errors: Option<BTreeMap<String, String>>,
    /// With 403: the scope the key lacks.
    #[schema(required = false)]
    needs: Option<String>,
    /// With 401: `missing`, `malformed`, `other_world`, `unknown`, `revoked`, `expired`.
    #[schema(required = false)]
    reason: Option<String>,
    #[schema(required = false)]
    detail: Option<String>,
    /// With 500 and 502: the reference in the server's log.
    #[schema(required = false)]
    instance: Option<String>,
}

const SCHEME: &str = "key";

/// The document, as it is served.
pub fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
        let mut document = serde_json::to_value(whole()).unwrap_or_default();
        fields::describe(&mut document);
        document
    });
    &DOCUMENT
}

/// What slices and the table of doors say.
fn whole() -> openapi::OpenApi {
    let mut document = Base::openapi();
    document.merge(crate::api_keys::server::api::Doors::openapi());
    document.merge(crate::calls::server::api::Doors::openapi());
    document.merge(crate::assistants::server::api::Doors::openapi());
    document.merge(crate::numbers::server::api::Doors::openapi());
    document.merge(crate::answers::server::api::Doors::openapi());
    document.merge(crate::integrations::server::api::Doors::openapi());
    document.merge(crate::team::server::api::Doors::openapi());
    document.merge(crate::audit::server::api::Doors::openapi());
    document.merge(crate::work::server::api::Doors::openapi());
    document.merge(crate::webhooks::server::api::Doors::openapi());
    document.merge(crate::calls::server::journal::api::Doors::openapi());
    let mut scheme = Http::new(HttpAuthScheme::Bearer);
    scheme.description = Some("A key of the organisation, made at /settings/api-keys".into());
    let components = document.components.get_or_insert_with(Components::new);
    components.security_schemes.insert(SCHEME.into(), RefOr::T(SecurityScheme::Http(scheme)));
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            complete(operation, method, DOORS.iter().find(|door| door.kind == Kind::Api && door.path == path && door.method == method));
        }
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [
        ("GET", &mut item.get),
        ("PUT", &mut item.put),
        ("POST", &mut item.post),
        ("PATCH", &mut item.patch),
        ("DELETE", &mut item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// What every door shares: the key, its scope, and how it may be refused.
fn complete(operation: &mut Operation, method: &str, door: Option<&Door>) {
    let scope = match door.map(|door| door.who) {
        Some(Who::Needs(permission)) => Some(permission.name()),
        _ => None,
    };
    let needs = scope.map_or_else(|| "Any key.".to_owned(), |scope| format!("Scope: `{scope}`."));
    operation.description = Some(match operation.description.take().filter(|text| !text.is_empty()) {
        Some(text) => format!("{text}\n\n{needs}"),
        None => needs,
    });
    operation.security = Some(vec![SecurityRequirement::new(SCHEME, scope)]);
    let mut refusals = vec![(401, "No key, or one that is not good"), (429, "Too many requests in this minute")];
    if scope.is_some() {
        refusals.push((403, "The key lacks the scope, or is not good from this address"));
    }
    let parameters = operation.parameters.get_or_insert_default();
    let has = |parameters: &[RefOr<Parameter>], which: fn(&Parameter) -> bool| {
        parameters.iter().any(|parameter| matches!(parameter, RefOr::T(parameter) if which(parameter)))
    };
    if has(parameters, |parameter| parameter.parameter_in == ParameterIn::Path) {
        refusals.push((404, "No such thing in this organisation"));
    }
    if has(parameters, |parameter| parameter.name == "If-Match") {
        refusals.push((412, "It was changed since"));
    }
    if has(parameters, |parameter| parameter.parameter_in == ParameterIn::Query) || operation.request_body.is_some() {
        refusals.extend([(400, "It cannot be read"), (422, "Some fields are wrong")]);
    }
    if method != "GET" {
        refusals.push((409, "Its state does not allow it"));
    }
    if method == "POST" {
        parameters.push(RefOr::T(idempotency()));
    }
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            response.description = "Done".into(); // the standard wants words
        }
    }
    for (status, words) in refusals {
        let failure = Content::new(Some(Ref::from_schema_name("Failure")));
        let mut response = Response::new(words);
        response.content.insert("application/problem+json".into(), RefOr::T(failure));
        operation.responses.responses.entry(status.to_string()).or_insert(RefOr::T(response));
    }
}

fn idempotency() -> Parameter {
    let name = ObjectBuilder::new().schema_type(Type::String).max_length(Some(255));
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("A name of yours for this request: it is done once in 24 hours, and the answer given again"))
        .schema(Some(name))
        .build()
}
