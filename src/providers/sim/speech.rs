//! What is said in a call: lines with their webhooks, the moments between them, and the commands that make the assistant speak.

use serde_json::{Value, json};

use super::call::{Kind, Role, Segment};
use super::control::Command;
use super::life::{Driver, Ending, Flow};
use super::script::{Language, Outcome, ToolStep};

/// Words that any conversation may need.
#[derive(Clone, Copy)]
enum Phrase {
    Hello,
    CannotHear,
    StillThere,
    ThanksAnyway,
    Goodbye,
    Instructed,
    Answering,
}

impl Phrase {
    fn text(self, language: Language) -> &'static str {
        match (self, language) {
            (Phrase::Hello, Language::Fr) => "Allô ? Vous êtes toujours là ?",
            (Phrase::Hello, Language::En) => "Hello? Are you still there?",
            (Phrase::CannotHear, Language::Fr) => "Excusez-moi, je ne vous entends plus.",
            (Phrase::CannotHear, Language::En) => "Sorry, I cannot hear you any more.",
            (Phrase::StillThere, Language::Fr) => "Vous êtes toujours en ligne ?",
            (Phrase::StillThere, Language::En) => "Are you still on the line?",
            (Phrase::ThanksAnyway, Language::Fr) => "D'accord, tant pis. Merci quand même, au revoir.",
            (Phrase::ThanksAnyway, Language::En) => "All right, never mind. Thanks anyway, goodbye.",
            (Phrase::Goodbye, Language::Fr) => "Merci de votre appel, bonne journée.",
            (Phrase::Goodbye, Language::En) => "Thank you for calling, have a good day.",
            (Phrase::Instructed, Language::Fr) => "J'ai une précision pour vous : ",
            (Phrase::Instructed, Language::En) => "I have something to add: ",
            (Phrase::Answering, Language::Fr) => "Bien sûr, je vous réponds tout de suite.",
            (Phrase::Answering, Language::En) => "Of course, let me answer that right away.",
        }
    }
}

/// Letters per second of a calm voice.
const PACE: f64 = 15.0;

impl Driver {
    /// The first words, as the assistant is set up to say them.
    pub(super) async fn first_message(&mut self) -> Flow {
        let (mode, words) = {
            let facts = self.call.facts();
            (facts.text("/firstMessageMode").unwrap_or("assistant-speaks-first").to_owned(), facts.text("/firstMessage").map(str::to_owned))
        };
        let greeting = self.call.scenario.script.greeting.clone();
        let words = match (mode.as_str(), words) {
            ("assistant-waits-for-user", _) | ("assistant-speaks-first", None) => return Ok(()),
            ("assistant-speaks-first-with-model-generated-message", None) => greeting,
            // An address of a recording: it is played, and nobody transcribes it.
            (_, Some(words)) if words.starts_with("http://") || words.starts_with("https://") => greeting,
            (_, Some(words)) => words,
            (_, None) => return Ok(()),
        };
        self.gap(0.5).await?;
        let words = self.fill_in(&words);
        self.speak(Role::Assistant, &words).await
    }

    /// The customer's turn.
    pub(super) async fn user_turn(&mut self, text: &str) -> Flow {
        if self.call.kind == Kind::Socket {
            return self.heard_turn(text).await;
        }
        let thinks = self.dice.between(0.5, 1.3);
        self.gap(thinks).await?;
        let text = self.fill_in(text);
        self.speak(Role::User, &text).await?;
        if self.customer_muted {
            self.until_customer_is_heard().await?;
            self.speak(Role::User, &text).await?;
        }
        Ok(())
    }

    /// The customer's turn when a person really speaks: what was heard counts as the line of the script.
    async fn heard_turn(&mut self, text: &str) -> Flow {
        self.wait_unless(12.0, |driver| driver.heard.is_some() || !driver.pending.is_empty()).await?;
        self.serve_pending().await?;
        if self.heard.is_none() {
            self.speak(Role::Assistant, Phrase::StillThere.text(self.language)).await?;
            self.wait_unless(18.0, |driver| driver.heard.is_some()).await?;
        }
        let Some(seconds) = self.heard.take() else { return Err(Ending::Because("silence-timed-out")) };
        let text = self.fill_in(text);
        self.speech_turn += 1;
        let turn = self.speech_turn;
        let start = (self.now - seconds).max(0.0);
        let seed = self.dice.next();
        self.call.facts().segments.push(Segment { role: Role::User, start, end: self.now, seed });
        self.emit("speech-update", json!({"status": "started", "role": "user", "turn": turn}));
        self.emit("speech-update", json!({"status": "stopped", "role": "user", "turn": turn}));
        self.said(Role::User, &text, start);
        Ok(())
    }

    /// The assistant's turn in the script. `interruptible`: the customer speaks next and may be impatient.
    pub(super) async fn assistant_turn(&mut self, text: &str, interruptible: bool) -> Flow {
        self.until_assistant_may_speak().await?;
        self.think().await?;
        let text = self.fill_in(text);
        let impatient = interruptible && text.chars().count() > 70 && self.dice.chance(0.12);
        if !impatient || self.call.kind == Kind::Socket {
            return self.speak(Role::Assistant, &text).await;
        }
        let share = self.dice.between(0.5, 0.75);
        let seconds = duration(&text) * share;
        self.utter(Role::Assistant, &text, seconds).await?;
        self.call.facts().interruptions += 1;
        let turn = self.speech_turn;
        self.emit("user-interrupted", json!({"turnId": format!("turn_{turn}")}));
        Ok(())
    }

    /// The pause in which model and voice work; it is what `turnLatencies` tells.
    async fn think(&mut self) -> Flow {
        let (endpointing, transcriber) = (self.dice.between(0.15, 0.4), self.dice.between(0.08, 0.2));
        let (model, voice) = (self.dice.between(0.35, 0.9), self.dice.between(0.12, 0.3));
        let turn = endpointing + transcriber + model + voice;
        let ms = |seconds: f64| json!((seconds * 1000.0).round());
        self.call.facts().latencies.push(json!({
            "modelLatency": ms(model), "voiceLatency": ms(voice), "transcriberLatency": ms(transcriber),
            "endpointingLatency": ms(endpointing), "turnLatency": ms(turn),
        }));
        self.gap(turn).await
    }

    /// The assistant hangs up, with its last words.
    pub(super) async fn assistant_ends(&mut self) -> Flow {
        let words = self.call.facts().text("/endCallMessage").map(str::to_owned);
        if let Some(words) = words {
            let words = self.fill_in(&words);
            self.speak(Role::Assistant, &words).await?;
        }
        Err(Ending::Because("assistant-ended-call"))
    }

    /// The end of a conversation whose tool did not work.
    pub(super) async fn close_after_failure(&mut self, step: &ToolStep) -> Flow {
        self.assistant_turn(&step.failed, true).await?;
        self.user_turn(Phrase::ThanksAnyway.text(self.language)).await?;
        self.assistant_turn(Phrase::Goodbye.text(self.language), false).await?;
        self.gap(0.6).await?;
        Err(Ending::Because("customer-ended-call"))
    }

    /// Says a whole line.
    pub(super) async fn speak(&mut self, role: Role, text: &str) -> Flow {
        self.utter(role, text, duration(text)).await
    }

    /// Says a line, or the part of it that fits into so many seconds.
    async fn utter(&mut self, role: Role, text: &str, seconds: f64) -> Flow {
        let text = text.trim();
        if text.is_empty() {
            return Ok(());
        }
        let (start, turn, seed) = (self.now, self.speech_turn, self.dice.next());
        self.speech_turn += 1;
        self.cut = false;
        let place = {
            let mut facts = self.call.facts();
            facts.segments.push(Segment { role, start, end: start + seconds, seed });
            facts.segments.len() - 1
        };
        let unheard = role == Role::User && self.customer_muted;
        if !unheard {
            self.emit("speech-update", json!({"status": "started", "role": role.name(), "turn": turn}));
            if role == Role::Assistant {
                self.emit("assistant.speechStarted", json!({"text": text, "turn": turn, "source": "model"}));
            }
        }
        let flow = if role == Role::User && !unheard {
            self.partials(text, seconds).await
        } else {
            self.wait_unless(seconds, |driver| driver.cut).await
        };
        let spoken = self.now - start;
        if let Some(segment) = self.call.facts().segments.get_mut(place) {
            segment.end = segment.end.min(self.now);
        }
        if unheard || matches!(flow, Err(Ending::Stopped | Ending::Unheard)) {
            return flow;
        }
        let words = first_words(text, spoken / duration(text));
        self.emit("speech-update", json!({"status": "stopped", "role": role.name(), "turn": turn}));
        if !words.is_empty() {
            self.said(role, &words, start);
        }
        flow?;
        if role == Role::Assistant && self.is_end_phrase(&words) {
            self.completed = true;
            return Err(Ending::Because("assistant-said-end-call-phrase"));
        }
        Ok(())
    }

    /// Two to four growing guesses at what the customer is saying.
    async fn partials(&mut self, text: &str, seconds: f64) -> Flow {
        let start = self.now;
        let guesses = 2 + self.dice.below(3);
        for guess in 1..=guesses {
            let share = guess as f64 / (guesses + 1) as f64;
            self.wait(start + seconds * share - self.now).await?;
            let words = first_words(text, share);
            if !words.is_empty() {
                self.emit("transcript", json!({"role": "user", "transcriptType": "partial", "transcript": words}));
            }
        }
        self.wait(start + seconds - self.now).await
    }

    /// Keeps a line that was said and tells it.
    fn said(&mut self, role: Role, text: &str, start: f64) {
        let message = {
            let mut facts = self.call.facts();
            let (time, end) = (facts.moment(start).timestamp_millis(), facts.moment(self.now).timestamp_millis());
            let wire_role = if role == Role::Assistant { "bot" } else { "user" };
            let mut message = json!({
                "role": wire_role, "message": text, "time": time, "endTime": end,
                "secondsFromStart": rounded(start), "duration": end - time,
            });
            if role == Role::Assistant {
                message["source"] = json!("");
            }
            facts.messages.push(message);
            json!({"role": role.name(), "transcriptType": "final", "transcript": text})
        };
        self.emit("transcript", message);
        self.tell_history();
    }

    /// The whole conversation so far, for those who subscribed to it.
    pub(super) fn tell_history(&mut self) {
        if self.wants("conversation-update", &Value::Null) {
            let history = {
                let facts = self.call.facts();
                json!({"messages": facts.messages, "messagesOpenAIFormatted": super::report::openai_messages(&facts)})
            };
            self.emit("conversation-update", history);
        }
    }

    /// Carries out the commands that waited for a moment of quiet.
    pub(super) async fn serve_pending(&mut self) -> Flow {
        while let Some(command) = self.pending.pop_front() {
            match command {
                Command::Say { content, end_call_after, .. } => {
                    self.speak(Role::Assistant, &content).await?;
                    if end_call_after {
                        return Err(Ending::Because("assistant-ended-call-after-message-spoken"));
                    }
                }
                Command::AddMessage { role, content, respond } => self.take_message(&role, &content, respond).await?,
                Command::SayFirstMessage => self.first_words_again().await?,
                Command::Transfer { destination, content } => {
                    if let Some(content) = content {
                        self.speak(Role::Assistant, &content).await?;
                    }
                    return Err(Ending::Transfer(destination));
                }
                Command::Handoff { assistant_id, assistant, destination, content } => {
                    if let Some(content) = content {
                        self.speak(Role::Assistant, &content).await?;
                    }
                    self.hand_over(assistant_id, assistant, &destination).await?;
                }
                // The others were obeyed at once.
                _ => {}
            }
        }
        Ok(())
    }

    /// A message put into the conversation from outside: remembered, and acted upon when that is asked for.
    async fn take_message(&mut self, role: &str, content: &str, respond: bool) -> Flow {
        {
            let mut facts = self.call.facts();
            let time = facts.moment(self.now).timestamp_millis();
            let seconds = rounded(self.now);
            let wire_role = if role == "assistant" { "bot" } else { role };
            facts.messages.push(json!({
                "role": wire_role, "message": content, "time": time, "endTime": time, "secondsFromStart": seconds,
            }));
        }
        self.tell_history();
        if !respond {
            return Ok(());
        }
        let words = match role {
            "system" => format!("{}{}", Phrase::Instructed.text(self.language), spoken_instruction(content)),
            _ => Phrase::Answering.text(self.language).to_owned(),
        };
        let seconds = self.dice.between(0.6, 1.1);
        self.wait(seconds).await?;
        self.speak(Role::Assistant, &words).await
    }

    async fn first_words_again(&mut self) -> Flow {
        let words = self.call.facts().text("/firstMessage").map(str::to_owned);
        let words = words.unwrap_or_else(|| self.call.scenario.script.greeting.clone());
        let words = self.fill_in(&words);
        self.speak(Role::Assistant, &words).await
    }

    /// Another assistant goes on with the call.
    async fn hand_over(&mut self, id: Option<String>, assistant: super::world::Object, destination: &Value) -> Flow {
        let (from, words) = {
            let mut facts = self.call.facts();
            let from = Value::Object(std::mem::replace(&mut facts.assistant, assistant));
            facts.assistant_id = id;
            (from, facts.text("/firstMessage").map(str::to_owned))
        };
        let to = Value::Object(self.call.facts().assistant.clone());
        self.emit("transfer-update", json!({"destination": destination, "toAssistant": to, "fromAssistant": from}));
        self.emit("assistant.started", json!({"newAssistant": to}));
        match words {
            Some(words) => {
                let words = self.fill_in(&words);
                self.wait(0.6).await?;
                self.speak(Role::Assistant, &words).await
            }
            None => Ok(()),
        }
    }

    async fn until_assistant_may_speak(&mut self) -> Flow {
        if !self.assistant_muted {
            return Ok(());
        }
        self.wait_unless(6.0, |driver| !driver.assistant_muted).await?;
        if self.assistant_muted {
            self.speak(Role::User, Phrase::Hello.text(self.language)).await?;
            self.wait_unless(24.0, |driver| !driver.assistant_muted).await?;
        }
        if self.assistant_muted { Err(Ending::Because("silence-timed-out")) } else { Ok(()) }
    }

    async fn until_customer_is_heard(&mut self) -> Flow {
        self.wait_unless(4.0, |driver| !driver.customer_muted).await?;
        if self.customer_muted && !self.assistant_muted {
            self.speak(Role::Assistant, Phrase::CannotHear.text(self.language)).await?;
        }
        self.wait_unless(26.0, |driver| !driver.customer_muted).await?;
        if self.customer_muted { Err(Ending::Because("silence-timed-out")) } else { Ok(()) }
    }

    fn is_end_phrase(&self, words: &str) -> bool {
        if self.outcome() == Outcome::Everything {
            return false;
        }
        let words = words.to_lowercase();
        let facts = self.call.facts();
        let phrases = facts.setting("/endCallPhrases").and_then(Value::as_array);
        phrases.into_iter().flatten().filter_map(Value::as_str).any(|phrase| {
            let phrase = phrase.trim().to_lowercase();
            !phrase.is_empty() && words.contains(&phrase)
        })
    }

    /// A line with its `{{variables}}` and the caller's name filled in.
    pub(super) fn fill_in(&self, text: &str) -> String {
        let caller = self.caller();
        let facts = self.call.facts();
        let number = facts.customer.as_ref().and_then(|customer| customer.get("number")).and_then(Value::as_str).unwrap_or_default();
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(open) = rest.find("{{") {
            let Some(close) = rest[open..].find("}}") else { break };
            filled.push_str(&rest[..open]);
            let name = rest[open + 2..open + close].trim();
            match facts.setting(&format!("/variableValues/{}", name.replace('.', "/"))) {
                Some(Value::String(value)) => filled.push_str(value),
                Some(value) => filled.push_str(&value.to_string()),
                None => match name {
                    "customer.name" => filled.push_str(&caller),
                    "customer.number" => filled.push_str(number),
                    _ => {}
                },
            }
            rest = &rest[open + close + 2..];
        }
        filled.push_str(rest);
        filled.replace("{caller}", &caller)
    }

    /// Who the customer is: as the call says, or as the script does.
    pub(super) fn caller(&self) -> String {
        let facts = self.call.facts();
        let name = facts.customer.as_ref().and_then(|customer| customer.get("name")).and_then(Value::as_str);
        name.filter(|name| !name.trim().is_empty()).unwrap_or(&self.call.scenario.script.caller).to_owned()
    }
}

/// How long it takes to say this, in seconds.
pub(super) fn duration(text: &str) -> f64 {
    0.35 + text.chars().count() as f64 / PACE
}

/// The beginning of a line, in whole words.
pub(super) fn first_words(text: &str, share: f64) -> String {
    if share >= 0.999 {
        return text.to_owned();
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let count = (words.len() as f64 * share.max(0.0)).round() as usize;
    words[..count.min(words.len())].join(" ")
}

/// An instruction of the team, as the assistant would pass it on: without `Dites-lui que …` and the like.
fn spoken_instruction(content: &str) -> String {
    let content = content.split_whitespace().collect::<Vec<_>>().join(" ");
    let lower = content.to_lowercase();
    let openings = [
        "dis-lui que ",
        "dites-lui que ",
        "dis lui que ",
        "dites lui que ",
        "précise que ",
        "précisez que ",
        "indique que ",
        "indiquez que ",
        "tell them that ",
        "tell him that ",
        "tell her that ",
        "tell the caller that ",
        "tell them ",
        "say that ",
    ];
    let rest = openings.iter().find(|opening| lower.starts_with(**opening)).and_then(|opening| content.get(opening.len()..));
    rest.unwrap_or(&content).to_owned()
}

/// Seconds with milliseconds and no more.
pub(super) fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::{first_words, spoken_instruction};

    #[test]
    fn a_line_is_cut_between_words() {
        assert_eq!(first_words("un deux trois quatre", 0.5), "un deux");
        assert_eq!(first_words("un deux", 1.0), "un deux");
        assert_eq!(first_words("un deux", 0.1), "");
    }

    #[test]
    fn an_instruction_loses_its_opening() {
        assert_eq!(spoken_instruction("Dites-lui que  nous ouvrons à 8 h."), "nous ouvrons à 8 h.");
        assert_eq!(spoken_instruction("Propose demain"), "Propose demain");
    }
}
