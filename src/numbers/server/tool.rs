//! The tool `send_sms`: a message to the caller, written down with the job that sends it.

use super::{
    send,
    store::{self, NewMessage},
};
use crate::{
    assistants::server::actions as assistants,
    numbers::model::Direction,
    platform::{Core, OrgScope},
    reception::server::tools::{self, Told, Use},
    shared::{
        error::AppError,
        ids::{MessageId, OrgId},
        permission::Permission,
        phone::PhoneNumber,
    },
};
use serde_json::{Value, json};

/// The longest message: three parts of an accented text.
const LONGEST: usize = 320;

/// Queues a message to the caller. What was noted is for the call's timeline; nothing when this was told before.
/// `our_number`: the one that was called.
pub async fn send_sms(core: &Core, org: OrgId, asked: &Use<'_>, our_number: &str) -> Result<(Told, Option<Value>), AppError> {
    let scope = OrgScope::of_system(core, org);
    let mut tx = scope.begin(Permission::CallsStart).await?;
    if let Some(told) = tools::begin(&mut tx, asked).await? {
        return Ok((told, None));
    }
    let text = asked.text("text", LONGEST + 1);
    let caller = asked.caller.and_then(|caller| caller.parse::<PhoneNumber>().ok());
    let sender = assistants::sms_sender(&mut tx, our_number).await?;
    let has_stopped = match &caller {
        Some(caller) => store::has_stopped(&mut tx, caller.as_str()).await?,
        None => false,
    };
    let (told, noted) = match (text, caller, sender) {
        (None, ..) => (Err("the message is empty".to_owned()), None),
        (Some(text), ..) if text.chars().count() > LONGEST => {
            (Err(format!("the message is too long: write {LONGEST} characters at most")), None)
        }
        (_, None, _) => (Err("the caller's number is withheld: say it aloud instead".into()), None),
        (_, _, None) => (Err("no number of the house sends messages: say it aloud instead".into()), None),
        (_, Some(caller), _) if has_stopped => {
            let noted = json!({ "number": caller, "outcome": "refused", "error": send::STOPPED });
            (Err("the caller has asked to get no messages (STOP): say it aloud instead".into()), Some(noted))
        }
        (Some(text), Some(caller), Some(sender)) => {
            let now = core.clock.now();
            let id = MessageId::at(now);
            let new = NewMessage {
                direction: Direction::Out,
                ours: &sender,
                theirs: caller.as_str(),
                body: &text,
                status: "waiting",
                sid: None,
                call: asked.call,
            };
            store::insert(&mut tx, id, &new, now).await?;
            send::enqueue(&mut tx, id).await?;
            (Ok(json!({ "queued": true, "to": caller }).to_string()), Some(json!({ "number": caller, "text": text, "outcome": "waiting" })))
        }
    };
    tools::end(&mut tx, asked, &told).await?;
    tx.commit().await?;
    Ok((told, noted))
}
