//! A call to a number without an assistant: the number's server is asked which one shall answer, within 7.5 seconds.

use std::time::Duration;

use serde_json::{Value, json};

use super::call::Role;
use super::life::{Driver, Ending, Flow};
use super::place;
use super::validate;

/// The budget of `assistant-request`, fixed by the telephone network. Source: voice.md 3.3.
const BUDGET: Duration = Duration::from_millis(7500);

impl Driver {
    /// Asks who shall answer. Ends the call in every way the reply can ask for, or fail to.
    pub(super) async fn request_assistant(&mut self) -> Flow {
        let Some(target) = self.target() else {
            return Err(Ending::Because("call-start-error-neither-assistant-nor-server-set"));
        };
        let message = self.envelope("assistant-request", json!({}));
        let reply = self.ask(target.once_within(BUDGET), message).await?;
        let answer = reply.status.filter(|status| (200..300).contains(status)).and(reply.body);
        let Some(answer) = answer else { return self.fall_back("assistant-request-failed") };

        // Priority: error, then destination, then assistant. Source: voice.md 3.3.
        if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
            return match error.as_str().map(str::trim) {
                Some(words) if !words.is_empty() => {
                    let words = words.to_owned();
                    self.speak(Role::Assistant, &words).await?;
                    self.fall_back("assistant-request-returned-error")
                }
                _ => self.fall_back("assistant-request-returned-unspeakable-error"),
            };
        }
        if let Some(destination) = answer.get("destination").filter(|destination| destination.is_object()) {
            return Err(Ending::Transfer(destination.clone()));
        }
        self.take_assistant(&answer)
    }

    fn take_assistant(&mut self, answer: &Value) -> Flow {
        let overrides = answer.get("assistantOverrides").filter(|overrides| overrides.is_object());
        let (id, saved) = match (answer.get("assistantId").and_then(Value::as_str), answer.get("assistant")) {
            (Some(id), _) => (Some(id.to_owned()), self.world.assistants().get(id).cloned()),
            (None, Some(inline)) if validate::is_assistant(inline) => (None, inline.as_object().cloned()),
            (None, Some(_)) => (None, None),
            (None, None) if answer.get("squadId").or(answer.get("squad")).is_some() => (None, None),
            (None, None) => return self.fall_back("assistant-request-returned-no-assistant"),
        };
        let Some(assistant) = saved else { return self.fall_back("assistant-request-returned-invalid-assistant") };
        let mut facts = self.call.facts();
        facts.transient = id.is_none();
        facts.assistant_id = id;
        facts.assistant = place::with_overrides(assistant, overrides);
        facts.overrides = overrides.cloned();
        facts.has_assistant = true;
        Ok(())
    }

    /// The number's own way out, or the end.
    fn fall_back(&self, reason: &'static str) -> Flow {
        let destination = self.call.facts().phone_number.as_ref().and_then(|number| number.get("fallbackDestination")).cloned();
        match destination.filter(Value::is_object) {
            Some(destination) => Err(Ending::Transfer(destination)),
            None => Err(Ending::Because(reason)),
        }
    }
}
