//! The post room of a call: one task sends its webhooks one after the other, each with its deadline and its backoff plan,
//! unless the number of the call or a fault asks for trouble (twice, out of order, late, wrongly signed first, never).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use chrono::Utc;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::auth;
use super::dice::Dice;
use super::world::{Object, Sent, World, iso};

/// How many messages are shuffled at a time: two lines of speech with all that surrounds them.
const DECK: usize = 18;

/// Where a webhook goes and how, read from a `server` object.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) url: String,
    pub(super) headers: Object,
    pub(super) secret: Option<String>,
    pub(super) credential_id: Option<String>,
    timeout: Duration,
    backoff: Option<Backoff>,
}

#[derive(Clone, Debug)]
struct Backoff {
    exponential: bool,
    max_retries: u32,
    base_delay_s: f64,
    excluded: Vec<u16>,
}

impl Target {
    /// Reads a `server` object; none without a url.
    pub(super) fn of(server: Option<&Value>) -> Option<Target> {
        let server = server?;
        let text = |key: &str| server.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
        let number = |key: &str| server.get(key).and_then(Value::as_f64);
        let backoff = server.get("backoffPlan").filter(|plan| plan.is_object()).map(|plan| Backoff {
            exponential: plan.get("type").and_then(Value::as_str) == Some("exponential"),
            max_retries: plan.get("maxRetries").and_then(Value::as_u64).unwrap_or(0).min(10) as u32,
            base_delay_s: plan.get("baseDelaySeconds").and_then(Value::as_f64).unwrap_or(1.0).clamp(0.0, 10.0),
            excluded: plan
                .get("excludedStatusCodes")
                .and_then(Value::as_array)
                .map(|codes| codes.iter().filter_map(Value::as_u64).map(|code| code as u16).collect())
                .unwrap_or_default(),
        });
        Some(Target {
            url: text("url")?,
            headers: server.get("headers").and_then(Value::as_object).cloned().unwrap_or_default(),
            secret: text("secret"),
            credential_id: text("credentialId"),
            timeout: Duration::from_secs_f64(number("timeoutSeconds").unwrap_or(20.0).clamp(1.0, 300.0)),
            backoff,
        })
    }

    /// The same receiver with a deadline of its own, and one attempt only.
    pub(super) fn once_within(mut self, timeout: Duration) -> Target {
        self.timeout = timeout;
        self.backoff = None;
        self
    }
}

/// How the webhooks of a call come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// One after the other.
    Ordered,
    /// Each twice, the second time sometimes after the next one.
    Duplicated,
    /// Shuffled; the report before `ended`, `ended` before the last lines.
    Shuffled,
    /// 30 call seconds after they happened.
    Late,
    /// With a wrong signature, then with the right one.
    BadSignatureFirst,
    /// Without the end-of-call report.
    NoReport,
}

/// What a receiver answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Reply {
    /// Absent when nobody answered in time.
    pub(super) status: Option<u16>,
    /// Absent when it was not JSON.
    pub(super) body: Option<Value>,
    /// How long it took, without the wait for earlier messages.
    pub(super) took: Duration,
}

impl Reply {
    /// The body, if the status is exactly 200: the only one whose body counts.
    pub(super) fn accepted(&self) -> Option<&Value> {
        if self.status == Some(200) { self.body.as_ref() } else { None }
    }
}

/// The sender's end of the post room; dropping it closes the room once all is delivered.
#[derive(Clone)]
pub(super) struct PostRoom(mpsc::UnboundedSender<Post>);

struct Post {
    target: Target,
    message: Value,
    reply: Option<oneshot::Sender<Reply>>,
}

impl Post {
    fn kind(&self) -> &str {
        self.message["type"].as_str().unwrap_or_default()
    }

    fn is_ended(&self) -> bool {
        self.kind() == "status-update" && self.message["status"] == "ended"
    }
}

impl PostRoom {
    /// Opens the room of a call.
    pub(super) fn open(world: World, call_id: String, delivery: Delivery, dice: Dice) -> PostRoom {
        let (sender, posts) = mpsc::unbounded_channel();
        let clerk = Clerk { world, call_id, delivery, dice, deck: Vec::new(), held: VecDeque::new(), echo: None };
        tokio::spawn(clerk.work(posts));
        PostRoom(sender)
    }

    /// Sends a message when its turn comes.
    pub(super) fn send(&self, target: Target, message: Value) {
        // A closed room means the simulator stopped; then nobody waits for the message either.
        let _ = self.0.send(Post { target, message, reply: None });
    }

    /// Sends a message and waits for the answer.
    pub(super) async fn ask(&self, target: Target, message: Value) -> Reply {
        let (reply, answer) = oneshot::channel();
        let _ = self.0.send(Post { target, message, reply: Some(reply) });
        answer.await.unwrap_or_default()
    }
}

struct Clerk {
    world: World,
    call_id: String,
    delivery: Delivery,
    dice: Dice,
    /// Messages waiting to be shuffled.
    deck: Vec<Post>,
    /// Messages waiting for their moment, in order.
    held: VecDeque<(Instant, Post)>,
    /// A copy to be delivered after the next message.
    echo: Option<Post>,
}

impl Clerk {
    async fn work(mut self, mut posts: mpsc::UnboundedReceiver<Post>) {
        let stopped = self.world.stopped();
        let mut open = true;
        while open || !self.held.is_empty() {
            let due = self.held.front().map_or_else(Instant::now, |(due, _)| *due);
            tokio::select! {
                () = stopped.cancelled() => return,
                () = tokio::time::sleep_until(due.into()), if !self.held.is_empty() => {
                    if let Some((_, post)) = self.held.pop_front() {
                        self.deliver(post).await;
                    }
                }
                post = posts.recv(), if open => match post {
                    Some(post) => self.take(post).await,
                    None => open = false,
                },
            }
        }
        self.deal().await;
        if let Some(echo) = self.echo.take() {
            self.attempts(&echo, false).await;
        }
    }

    async fn take(&mut self, post: Post) {
        let faults = self.world.faults().webhooks.clone();
        let kind = post.kind();
        if faults.drop.iter().any(|dropped| dropped == kind) || (self.delivery == Delivery::NoReport && kind == "end-of-call-report") {
            return;
        }
        let delay = match self.delivery {
            Delivery::Late => 30.0 / self.world.speed(),
            _ => faults.delay_ms as f64 / 1000.0,
        };
        if post.reply.is_some() {
            self.deliver(post).await;
        } else if delay > 0.0 {
            self.held.push_back((Instant::now() + Duration::from_secs_f64(delay), post));
        } else if self.delivery == Delivery::Shuffled || faults.reorder {
            self.shuffle(post).await;
        } else {
            self.deliver(post).await;
        }
    }

    async fn shuffle(&mut self, post: Post) {
        if post.kind() == "end-of-call-report" {
            self.deliver(post).await;
            return self.deal().await;
        }
        let ending = self.deck.iter().any(Post::is_ended);
        if post.is_ended() {
            self.deck.insert(0, post);
        } else {
            self.deck.push(post);
            if !ending && self.deck.len() >= DECK {
                // Some stay, so that there are lines left to come after `ended`.
                let mut dealt: Vec<Post> = self.deck.drain(..DECK - 4).collect();
                self.dice.shuffle(&mut dealt);
                for post in dealt {
                    self.deliver(post).await;
                }
            }
        }
    }

    /// Delivers what is still to be shuffled; `ended` first.
    async fn deal(&mut self) {
        let mut deck = std::mem::take(&mut self.deck);
        let first = usize::from(deck.first().is_some_and(Post::is_ended));
        self.dice.shuffle(&mut deck[first..]);
        for post in deck {
            self.deliver(post).await;
        }
    }

    async fn deliver(&mut self, mut post: Post) {
        let faults = self.world.faults().webhooks.clone();
        if self.delivery == Delivery::BadSignatureFirst || faults.bad_signature_first {
            self.attempts(&post, true).await;
        }
        let reply = self.attempts(&post, false).await;
        if let Some(asked) = post.reply.take() {
            let _ = asked.send(reply);
        }
        if let Some(echo) = self.echo.take() {
            self.attempts(&echo, false).await;
        }
        if self.delivery == Delivery::Duplicated || faults.duplicate {
            if self.dice.chance(0.5) {
                self.attempts(&post, false).await;
            } else {
                self.echo = Some(post);
            }
        }
    }

    /// One delivery with its retries. Never fails: what went wrong is in the log.
    async fn attempts(&self, post: &Post, wrong: bool) -> Reply {
        let body = Bytes::from(json!({"message": post.message}).to_string());
        for attempt in 1.. {
            let reply = self.attempt(post, body.clone(), attempt, wrong).await;
            let failed = reply.status.is_none_or(|status| !(200..300).contains(&status));
            let again = post.target.backoff.as_ref().filter(|plan| {
                failed && !wrong && attempt <= plan.max_retries && !reply.status.is_some_and(|status| plan.excluded.contains(&status))
            });
            let Some(plan) = again else { return reply };
            let factor = if plan.exponential { f64::from(1_u32 << (attempt - 1).min(16)) } else { 1.0 };
            tokio::select! {
                () = self.world.pause(plan.base_delay_s * factor) => {}
                () = self.world.stopped().cancelled_owned() => return reply,
            }
        }
        Reply::default()
    }

    async fn attempt(&self, post: &Post, body: Bytes, attempt: u32, wrong: bool) -> Reply {
        let started = Instant::now();
        let sent_at = iso(Utc::now());
        let bytes = body.len();
        let outcome = tokio::time::timeout(post.target.timeout, self.exchange(&post.target, body, wrong)).await;
        let (reply, error) = match outcome {
            Ok(Ok(reply)) => (reply, None),
            Ok(Err(error)) => (Reply::default(), Some(format!("{error:#}"))),
            Err(_) => (Reply::default(), Some(format!("no answer within {:?}", post.target.timeout))),
        };
        let took = started.elapsed();
        let label = ["status", "role", "transcriptType", "endedReason", "transcript"]
            .into_iter()
            .filter_map(|key| Some((key.to_owned(), post.message.get(key).filter(|value| value.is_string())?.clone())))
            .collect();
        self.world.note(Sent {
            call_id: self.call_id.clone(),
            kind: post.kind().to_owned(),
            label,
            url: post.target.url.clone(),
            attempt,
            bad_signature: wrong,
            status_code: reply.status,
            error,
            bytes,
            sent_at,
            took_ms: took.as_millis() as u64,
        });
        Reply { took, ..reply }
    }

    async fn exchange(&self, target: &Target, body: Bytes, wrong: bool) -> anyhow::Result<Reply> {
        let headers = auth::headers(&self.world, target, &body, wrong).await?;
        let answer =
            self.world.client().post(&target.url).header("content-type", "application/json").headers(headers).body(body).send().await?;
        let status = answer.status().as_u16();
        let body = answer.bytes().await?;
        Ok(Reply { status: Some(status), body: serde_json::from_slice(&body).ok(), took: Duration::ZERO })
    }
}
