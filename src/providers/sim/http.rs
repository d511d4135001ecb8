//! The doors of the simulator: the API behind its keys and faults, the addresses that calls hand out, the control door.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{Method, Uri, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};

use super::refusal::Refusal;
use super::world::World;
use super::{artifact, chat, control, dns, door, google, rest, socket, talk, twilio};

/// Everything that is served.
pub(super) fn router(world: World) -> Router {
    let api = Router::new()
        .route("/assistant", post(rest::create_assistant).get(rest::list_assistants))
        .route("/assistant/{id}", get(rest::read_assistant).patch(rest::change_assistant).delete(rest::delete_assistant))
        .route("/phone-number", post(rest::create_number).get(rest::list_numbers))
        .route("/phone-number/{id}", get(rest::read_number).patch(rest::change_number).delete(rest::delete_number))
        .route("/v2/phone-number", get(rest::page_numbers))
        .route("/call", post(rest::create_call).get(rest::list_calls))
        .route("/chat", post(talk::create))
        .route("/call/web", post(rest::create_web_call))
        .route("/call/{id}", get(rest::read_call).patch(rest::change_call).delete(rest::delete_call))
        .route("/call/{id}/{artifact}", get(artifact::redirect))
        .fallback(no_such_door)
        .method_not_allowed_fallback(no_such_door)
        .layer(from_fn_with_state(world.clone(), guard));
    let handed_out = Router::new()
        .route("/live/{id}/control", post(control::control))
        .route("/live/{id}/listen", get(socket::listen))
        .route("/live/{id}/transport", get(socket::transport))
        .route("/storage/{name}", get(artifact::fetch))
        .route("/v1/chat/completions", post(chat::complete));
    let ours = Router::new()
        .route("/_sim/inbound", post(door::inbound))
        .route("/_sim/credentials/{id}", put(door::put_credential).delete(door::delete_credential))
        .route("/_sim/speed", post(door::set_speed))
        .route("/_sim/faults", get(door::faults).post(door::set_faults).delete(door::clear_faults))
        .route("/_sim/model", get(chat::last).post(chat::set_manners))
        .route("/_sim/state", get(door::state))
        .route("/_sim/twilio/inbound", post(twilio::inbound))
        .route("/_sim/twilio/messages", get(twilio::all))
        .route("/_sim/webhooks", get(door::webhooks))
        .route("/_sim/dns", post(dns::set))
        .route("/_sim/mail", get(door::mail).delete(door::clear_mail))
        .route("/_sim/mail/{id}", get(door::letter))
        .route("/_sim/mail/{id}/html", get(door::letter_html));
    let twilio = Router::new()
        .route("/2010-04-01/Accounts/{file}", get(twilio::account))
        .route("/2010-04-01/Accounts/{sid}/IncomingPhoneNumbers.json", get(twilio::numbers))
        .route("/2010-04-01/Accounts/{sid}/IncomingPhoneNumbers/{file}", post(twilio::change_number))
        .route("/2010-04-01/Accounts/{sid}/Messages.json", get(twilio::messages).post(twilio::send))
        .route("/2010-04-01/Accounts/{sid}/Messages/{file}", get(twilio::message))
        .layer(from_fn(twilio::guard))
        .layer(from_fn_with_state(world.clone(), faults_first));
    let google = Router::new()
        .route("/token", post(google::token))
        .route("/oauth2/v3/certs", get(google::keys))
        .layer(from_fn_with_state(world.clone(), faults_first))
        .route("/o/oauth2/v2/auth", get(google::choose))
        .route("/o/oauth2/v2/chosen", get(google::chosen));
    handed_out.merge(ours).merge(twilio).merge(google).merge(api).layer(DefaultBodyLimit::max(16 * 1024 * 1024)).with_state(world)
}

/// Faults first, then the key: the private one everywhere, the public one for web calls only.
async fn guard(State(world): State<World>, request: Request, next: Next) -> Response {
    if let Err(refusal) = meet_faults(&world).await {
        return refusal.into_response();
    }
    let options = world.options();
    let web = request.uri().path() == "/call/web" && request.method() == Method::POST;
    let expected = if web { &options.public_key } else { &options.api_key };
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer ")).map(str::trim).filter(|key| !key.is_empty());
    if given != Some(expected.as_str()) {
        return Refusal::unauthorized().into_response();
    }
    next.run(request).await
}

async fn faults_first(State(world): State<World>, request: Request, next: Next) -> Response {
    match meet_faults(&world).await {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

async fn meet_faults(world: &World) -> Result<(), Refusal> {
    let faults = {
        let mut faults = world.faults();
        match &mut faults.times {
            Some(0) => return Ok(()),
            Some(times) => *times -= 1,
            None => {}
        }
        faults.clone()
    };
    if faults.slow_ms > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(faults.slow_ms)).await;
    }
    if faults.api_down {
        return Err(Refusal::unavailable());
    }
    faults.rate_limited_s.map_or(Ok(()), |seconds| Err(Refusal::too_many(seconds)))
}

async fn no_such_door(method: Method, uri: Uri) -> Refusal {
    Refusal::not_found(format!("Cannot {method} {}", uri.path()))
}
