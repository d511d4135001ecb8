//! Door 2: the live socket. One per tab, all topics on it, each with a cursor; nothing is missed or told twice.
//!
//! A [`Feed`] per process turns notes of the bus into updates, reading each changed call once however many watch it. A socket that
//! notices a hole (a lost note, a lagging channel) reads from its cursor. Permission is checked at the handshake, at each
//! subscription and again when rights change.

use super::{Calls, read};
use crate::{
    calls::model::{Ask, BOARD, CallCard, CallEvent, INBOX, Line, News, Speaker, Tell, beside_topic, call_topic},
    platform::{
        Actor, Core, OrgScope,
        bus::{self, Note},
        crypto, failpoint, session,
    },
    server::AppState,
    shared::{
        error::AppError,
        ids::{AccountId, CallId, OrgId},
        permission::Permission,
    },
    work::server::store as work,
};
use axum::{
    Extension,
    extract::{
        State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    },
    response::Response,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::{
    sync::broadcast::{self, error::RecvError},
    time::{MissedTickBehavior, interval, timeout},
};

const CHUNK: i64 = 500;
const PING: Duration = Duration::from_secs(25);
pub(super) const STUCK: Duration = Duration::from_secs(5);
pub(super) const RECHECK: Duration = Duration::from_secs(60);
/// How often a socket says again which calls it looks at; who is silent for three times as long is gone.
const STILL_HERE: Duration = Duration::from_secs(10);
const BESIDE: &str = "beside:";
/// Close codes: resume elsewhere; signed out.
pub(super) const RESTART: u16 = 1012;
const SIGNED_OUT: u16 = 4401;

/// One changed call, read once for all who watch.
pub struct Changed {
    card: CallCard,
    board_text: String,
    from: i64,
    to: i64,
    lines: Vec<Line>,
    events: Vec<CallEvent>,
}

/// What sockets of an organisation hear.
#[derive(Clone)]
enum Update {
    Call(Arc<Changed>),
    Partial(CallId, Arc<str>),
    Revoked(AccountId),
    /// What stands beside a call changed.
    Work(CallId),
    /// Others look at a call now.
    Here(CallId, Arc<[AccountId]>),
    /// Read anew from the cursor.
    Resync,
}

/// Who looks at which calls, as far as this process has heard: by viewer, with when they were last heard of.
type Looking = HashMap<(OrgId, CallId), HashMap<u64, (AccountId, Instant)>>;

/// The process' fan-out.
#[derive(Clone)]
pub struct Feed {
    orgs: Arc<Mutex<HashMap<OrgId, broadcast::Sender<Update>>>>,
    looking: Arc<Mutex<Looking>>,
}

impl Feed {
    /// Starts it; ends when the process drains.
    pub fn start(core: &Core) -> Self {
        let feed = Self { orgs: Arc::default(), looking: Arc::default() };
        tokio::spawn(feed.clone().run(core.clone()));
        feed
    }

    fn watch(&self, org: OrgId) -> broadcast::Receiver<Update> {
        let mut orgs = self.orgs.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        orgs.entry(org).or_insert_with(|| broadcast::channel(1024).0).subscribe()
    }

    fn of(&self, org: OrgId) -> Option<broadcast::Sender<Update>> {
        let mut orgs = self.orgs.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if orgs.get(&org).is_some_and(|watched| watched.receiver_count() == 0) {
            orgs.remove(&org);
        }
        orgs.get(&org).cloned()
    }

    fn tell_all(&self, update: &Update) {
        let orgs = self.orgs.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for watched in orgs.values() {
            let _ = watched.send(update.clone());
        }
    }

    async fn run(self, core: Core) {
        let mut notes = core.bus.subscribe();
        let mut prune = interval(STILL_HERE);
        loop {
            let first = tokio::select! {
                () = core.draining.cancelled() => return,
                _ = prune.tick() => {
                    self.prune();
                    continue;
                }
                note = notes.recv() => note,
            };
            let mut changed: BTreeMap<OrgId, BTreeMap<CallId, (i64, i64)>> = BTreeMap::new();
            let mut next = Some(first);
            // Whatever is waiting is told together: a call that changed ten times is read once.
            while let Some(note) = next {
                match note {
                    Ok(Note::Call { org, call, from, to }) => {
                        let range = changed.entry(org).or_default().entry(call).or_insert((from, to));
                        *range = (range.0.min(from), range.1.max(to));
                    }
                    Ok(Note::Partial { org, call, speaker, text }) => self.partial(org, call, &speaker, text),
                    Ok(Note::Revoked { account }) => self.tell_all(&Update::Revoked(account)),
                    Ok(Note::Work { org, call }) => {
                        if let Some(watched) = self.of(org) {
                            let _ = watched.send(Update::Work(call));
                        }
                    }
                    Ok(Note::Here { org, call, account, viewer, is_here }) => self.looks((org, call), viewer, is_here.then_some(account)),
                    Ok(Note::Assistant { .. } | Note::Key { .. }) => {}
                    Ok(Note::Resync) | Err(RecvError::Lagged(_)) => self.tell_all(&Update::Resync),
                    Err(RecvError::Closed) => return,
                }
                next = notes.try_recv().ok().map(Ok);
            }
            failpoint::reach("calls::broadcast");
            for (org, calls) in changed {
                let Some(watched) = self.of(org) else { continue };
                match read_changed(&core, org, &calls).await {
                    Ok(updates) => updates.into_iter().for_each(|update| {
                        let _ = watched.send(Update::Call(Arc::new(update)));
                    }),
                    Err(error) => {
                        tracing::warn!(%error, "changed calls could not be read");
                        let _ = watched.send(Update::Resync);
                    }
                }
            }
        }
    }

    /// Somebody looks at a call, still, or no longer; told when that is news.
    fn looks(&self, of: (OrgId, CallId), viewer: u64, account: Option<AccountId>) {
        let mut looking = self.looking.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let viewers = looking.entry(of).or_default();
        let is_news = match account {
            Some(account) => viewers.insert(viewer, (account, Instant::now())).is_none(),
            None => viewers.remove(&viewer).is_some(),
        };
        if viewers.is_empty() {
            looking.remove(&of);
        }
        drop(looking);
        if is_news {
            self.tell_here(of);
        }
    }

    /// Who was not heard of for a while is gone: their process died.
    fn prune(&self) {
        let mut gone = Vec::new();
        let mut looking = self.looking.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        looking.retain(|of, viewers| {
            let before = viewers.len();
            viewers.retain(|_, (_, heard)| heard.elapsed() < 3 * STILL_HERE);
            if viewers.len() != before {
                gone.push(*of);
            }
            !viewers.is_empty()
        });
        drop(looking);
        gone.into_iter().for_each(|of| self.tell_here(of));
    }

    fn tell_here(&self, of: (OrgId, CallId)) {
        if let Some(watched) = self.of(of.0) {
            let _ = watched.send(Update::Here(of.1, self.here(of)));
        }
    }

    /// Who looks at a call, each once.
    fn here(&self, of: (OrgId, CallId)) -> Arc<[AccountId]> {
        let looking = self.looking.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let accounts: BTreeSet<AccountId> = looking.get(&of).into_iter().flatten().map(|(_, (account, _))| *account).collect();
        accounts.into_iter().collect()
    }

    fn partial(&self, org: OrgId, call: CallId, speaker: &str, text: String) {
        let Some(watched) = self.of(org) else { return };
        let news = News::Partial { speaker: speaker.parse().unwrap_or(Speaker::Caller), text };
        let _ = watched.send(Update::Partial(call, encode(call_topic(call), 0, news).into()));
    }
}

async fn read_changed(core: &Core, org: OrgId, calls: &BTreeMap<CallId, (i64, i64)>) -> Result<Vec<Changed>, AppError> {
    let scope = OrgScope::of_system(core, org);
    let mut tx = scope.begin(Permission::CallsRead).await?;
    let ids: Vec<CallId> = calls.keys().copied().collect();
    let cards = read::cards_of(tx.conn(), &ids).await?;
    let (mut lines, mut events) = read::more_of(tx.conn(), calls).await?;
    tx.commit().await?;
    let changed = cards.into_iter().filter_map(|card| {
        let (from, to) = *calls.get(&card.id)?;
        let board_text = encode(BOARD.into(), 0, News::Card { card: Box::new(card.clone()) });
        let (lines, events) = (lines.remove(&card.id).unwrap_or_default(), events.remove(&card.id).unwrap_or_default());
        Some(Changed { board_text, from, to: to.max(card.seq.min(to)), lines, events, card })
    });
    Ok(changed.collect())
}

fn encode(topic: String, seq: i64, news: News) -> String {
    serde_json::to_string(&Tell { topic, seq, news }).unwrap_or_default()
}

/// `GET /live/ws`. Errors: `Unauthenticated`, `Forbidden`.
pub async fn socket(
    State(state): State<AppState>,
    Extension(calls): Extension<Calls>,
    scope: OrgScope,
    upgrade: WebSocketUpgrade,
) -> Result<Response, AppError> {
    scope.require(Permission::CallsRead)?;
    if state.core.draining.is_cancelled() {
        return Err(AppError::conflict("draining"));
    }
    // Measured: 134 KiB an idle connection with the defaults, 3 with these (STACK 7).
    let upgrade = upgrade.read_buffer_size(1024).write_buffer_size(0).max_message_size(16 * 1024).max_frame_size(16 * 1024);
    Ok(upgrade.on_upgrade(move |socket| async move {
        metrics::gauge!("zencall_live_sockets").increment(1.0);
        let updates = calls.feed.watch(scope.org());
        let id = u64::from_le_bytes(crypto::random::<8>());
        let (feed, besides) = (calls.feed, BTreeSet::new());
        Viewer { scope, socket, updates, is_on_board: false, hears_inbox: false, cursors: HashMap::new(), id, feed, besides }.run().await;
        metrics::gauge!("zencall_live_sockets").decrement(1.0);
    }))
}

struct Viewer {
    scope: OrgScope,
    socket: WebSocket,
    updates: broadcast::Receiver<Update>,
    is_on_board: bool,
    hears_inbox: bool,
    /// The last sequence number told, of each call that is followed.
    cursors: HashMap<CallId, i64>,
    /// Distinguishes two tabs of one person.
    id: u64,
    feed: Feed,
    /// The calls this one looks at, and hears what changes beside them.
    besides: BTreeSet<CallId>,
}

/// Why a socket ends; `None` when the other side is gone.
pub(super) type End = Option<(u16, &'static str)>;

impl Viewer {
    async fn run(mut self) {
        let end = self.watch().await;
        self.say_here(false).await;
        if let Err(Some((code, reason))) = end {
            let frame = CloseFrame { code, reason: reason.into() };
            let _ = timeout(STUCK, self.socket.send(Message::Close(Some(frame)))).await;
        }
    }

    async fn watch(&mut self) -> Result<(), End> {
        let core = self.scope.core().clone();
        let mut ping = interval(PING);
        let mut recheck = interval(RECHECK);
        let mut still = interval(STILL_HERE);
        for ticks in [&mut ping, &mut recheck, &mut still] {
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks.reset();
        }
        loop {
            tokio::select! {
                () = core.draining.cancelled() => return Err(Some((RESTART, "restarting"))),
                _ = ping.tick() => self.send(Message::Ping(Default::default())).await?,
                _ = recheck.tick() => self.check_rights().await?,
                _ = still.tick() => self.say_here(true).await,
                asked = self.socket.recv() => match asked {
                    Some(Ok(Message::Text(text))) => self.asked(&text).await?,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(None),
                    Some(Ok(_)) => {}
                },
                update = self.updates.recv() => match update {
                    Ok(Update::Call(changed)) => self.changed(&changed).await?,
                    Ok(Update::Partial(call, text)) if self.cursors.contains_key(&call) => self.send(Message::Text(text.as_ref().into())).await?,
                    Ok(Update::Partial(..)) => {}
                    Ok(Update::Work(call)) => self.work(call).await?,
                    Ok(Update::Here(call, accounts)) => if self.besides.contains(&call) { self.tell_here(call, &accounts).await? },
                    Ok(Update::Revoked(account)) => if self.scope.account() == Some(account) { self.check_rights().await? },
                    Ok(Update::Resync) | Err(RecvError::Lagged(_)) => self.resync().await?,
                    Err(RecvError::Closed) => return Err(Some((RESTART, "restarting"))),
                },
            }
        }
    }

    async fn asked(&mut self, text: &str) -> Result<(), End> {
        match serde_json::from_str(text) {
            Ok(Ask::Sub { sub, after }) if sub == BOARD => {
                let _ = after; // the board begins with the whole of it
                self.is_on_board = true;
                self.tell_board().await
            }
            Ok(Ask::Sub { sub, .. }) if sub == INBOX => {
                self.hears_inbox = true;
                Ok(())
            }
            Ok(Ask::Sub { sub, .. }) if sub.starts_with(BESIDE) => match sub[BESIDE.len()..].parse() {
                Ok(call) => self.look_at(call).await,
                Err(_) => self.tell(sub, 0, News::Closed { reason: "not_found".into() }).await,
            },
            Ok(Ask::Sub { sub, after }) => match sub.strip_prefix("call:").and_then(|id| id.parse().ok()) {
                Some(call) => self.follow(call, after.max(0)).await,
                None => self.tell(sub, 0, News::Closed { reason: "not_found".into() }).await,
            },
            Ok(Ask::Unsub { unsub }) => {
                match (unsub.strip_prefix("call:").map(str::parse::<CallId>), unsub.strip_prefix(BESIDE).map(str::parse::<CallId>)) {
                    (Some(Ok(call)), _) => drop(self.cursors.remove(&call)),
                    (_, Some(Ok(call))) => self.look_away(call).await,
                    _ if unsub == INBOX => self.hears_inbox = false,
                    _ if unsub == BOARD => self.is_on_board = false,
                    _ => {}
                }
                Ok(())
            }
            Err(_) => Err(Some((1008, "not understood"))),
        }
    }

    async fn follow(&mut self, call: CallId, after: i64) -> Result<(), End> {
        // A tab follows a handful; a hundred is somebody's mistake.
        if self.cursors.len() >= 100 && !self.cursors.contains_key(&call) {
            return self.tell(call_topic(call), 0, News::Closed { reason: "too_many".into() }).await;
        }
        self.cursors.insert(call, after);
        self.catch_up(call).await
    }

    /// Looks at a call from now on: others see it, and what changes beside it is told.
    async fn look_at(&mut self, call: CallId) -> Result<(), End> {
        if self.besides.len() >= 20 && !self.besides.contains(&call) {
            return self.tell(beside_topic(call), 0, News::Closed { reason: "too_many".into() }).await;
        }
        match exists(&self.scope, call).await {
            Ok(()) => {
                self.besides.insert(call);
                self.say(&[(call, true)]).await;
                let here = self.feed.here((self.scope.org(), call));
                self.tell_here(call, &here).await
            }
            Err(error) => self.refuse(beside_topic(call), &error).await,
        }
    }

    async fn look_away(&mut self, call: CallId) {
        if self.besides.remove(&call) {
            self.say(&[(call, false)]).await;
        }
    }

    /// Every process hears which calls this one looks at, or no longer does.
    async fn say_here(&mut self, is_here: bool) {
        let all: Vec<(CallId, bool)> = self.besides.iter().map(|call| (*call, is_here)).collect();
        self.say(&all).await;
    }

    async fn say(&mut self, calls: &[(CallId, bool)]) {
        let (Some(account), false) = (self.scope.account(), calls.is_empty()) else { return };
        let note = |(call, is_here): &(CallId, bool)| Note::Here {
            org: self.scope.org(),
            call: *call,
            account,
            viewer: self.id,
            is_here: *is_here,
        };
        let notes: Vec<Note> = calls.iter().map(note).collect();
        let pool = self.scope.core().pool.clone();
        let told = async { bus::publish(&mut *pool.acquire().await?, &notes).await };
        if let Ok(Err(error)) = timeout(STUCK, told).await {
            tracing::debug!(%error, "who looks at a call was not told");
        }
    }

    async fn tell_here(&mut self, call: CallId, accounts: &[AccountId]) -> Result<(), End> {
        self.tell(beside_topic(call), 0, News::Here { accounts: accounts.to_vec() }).await
    }

    /// Something beside a call changed, so perhaps what awaits the reader, too.
    async fn work(&mut self, call: CallId) -> Result<(), End> {
        if self.besides.contains(&call) {
            self.tell(beside_topic(call), 0, News::Work).await?;
        }
        if self.hears_inbox {
            self.tell(INBOX.into(), 0, News::Work).await?;
        }
        Ok(())
    }

    async fn changed(&mut self, changed: &Changed) -> Result<(), End> {
        if self.is_on_board {
            self.send(Message::Text(changed.board_text.as_str().into())).await?;
        }
        let call = changed.card.id;
        let Some(cursor) = self.cursors.get(&call).copied() else { return Ok(()) };
        if changed.from > cursor {
            return self.catch_up(call).await; // something between was never told to us
        }
        let lines: Vec<Line> = changed.lines.iter().filter(|line| line.seq > cursor && line.seq <= changed.to).cloned().collect();
        let events: Vec<CallEvent> = changed.events.iter().filter(|event| event.seq > cursor && event.seq <= changed.to).cloned().collect();
        if !lines.is_empty() || !events.is_empty() {
            self.tell(call_topic(call), changed.to, News::More { lines, events }).await?;
        }
        self.cursors.insert(call, cursor.max(changed.to));
        self.tell(call_topic(call), changed.to.max(cursor), News::Card { card: Box::new(changed.card.clone()) }).await
    }

    async fn resync(&mut self) -> Result<(), End> {
        if self.is_on_board {
            self.tell_board().await?;
        }
        for call in self.cursors.keys().copied().collect::<Vec<_>>() {
            self.catch_up(call).await?;
        }
        if self.hears_inbox {
            self.tell(INBOX.into(), 0, News::Work).await?;
        }
        for call in self.besides.iter().copied().collect::<Vec<_>>() {
            self.tell(beside_topic(call), 0, News::Work).await?;
        }
        Ok(())
    }

    async fn tell_board(&mut self) -> Result<(), End> {
        let calls = match super::actions::board(&self.scope).await {
            Ok(calls) => calls,
            Err(error) => return self.refuse(BOARD.into(), &error).await,
        };
        self.tell(BOARD.into(), 0, News::Board { calls, server_now: self.scope.core().clock.now() }).await
    }

    /// Tells a call from its cursor to now, in chunks.
    async fn catch_up(&mut self, call: CallId) -> Result<(), End> {
        loop {
            let after = self.cursors.get(&call).copied().unwrap_or(0);
            let (card, lines, events) = match more(&self.scope, call, after).await {
                Ok(more) => more,
                Err(error) => {
                    self.cursors.remove(&call);
                    return self.refuse(call_topic(call), &error).await;
                }
            };
            let is_all = (lines.len() as i64) < CHUNK && (events.len() as i64) < CHUNK;
            let upto = if is_all { card.seq.max(after) } else { last_told(&lines, &events) };
            let lines: Vec<Line> = lines.into_iter().filter(|line| line.seq <= upto).collect();
            let events: Vec<CallEvent> = events.into_iter().filter(|event| event.seq <= upto).collect();
            if !lines.is_empty() || !events.is_empty() {
                self.tell(call_topic(call), upto, News::More { lines, events }).await?;
            }
            self.cursors.insert(call, upto);
            if is_all {
                return self.tell(call_topic(call), upto, News::Card { card: Box::new(card) }).await;
            }
        }
    }

    async fn refuse(&mut self, topic: String, error: &AppError) -> Result<(), End> {
        if matches!(error, AppError::Internal { .. }) {
            return Err(Some((RESTART, "try again")));
        }
        self.tell(topic, 0, News::Closed { reason: error.code().to_owned() }).await
    }

    /// Rights may have changed since the handshake: look, and end or go on.
    async fn check_rights(&mut self) -> Result<(), End> {
        self.scope = still_may(&self.scope, Permission::CallsRead).await?;
        Ok(())
    }

    async fn tell(&mut self, topic: String, seq: i64, news: News) -> Result<(), End> {
        self.send(Message::Text(encode(topic, seq, news).into())).await
    }

    /// A reader that takes nothing for five seconds is gone.
    async fn send(&mut self, message: Message) -> Result<(), End> {
        match timeout(STUCK, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(None),
        }
    }
}

/// The scope with the rights of this moment, if they still allow it; else how the stream ends.
pub(super) async fn still_may(scope: &OrgScope, needs: Permission) -> Result<OrgScope, End> {
    let Actor::Person { session, .. } = scope.actor() else { return Ok(scope.clone()) };
    match session::rights_now(scope.core(), session, scope.ip()).await {
        Ok(Some((org, rights))) if org == scope.org() => {
            let scope = scope.with_rights(&rights);
            if scope.may(needs) { Ok(scope) } else { Err(Some((SIGNED_OUT, "no longer allowed"))) }
        }
        Ok(_) => Err(Some((SIGNED_OUT, "signed out"))),
        Err(_) => Err(Some((RESTART, "try again"))),
    }
}

/// Errors: `NotFound`, `Forbidden`.
async fn exists(scope: &OrgScope, call: CallId) -> Result<(), AppError> {
    let mut tx = scope.begin(Permission::CallsRead).await?;
    if work::call_exists(&mut tx, call).await? { Ok(()) } else { Err(AppError::not_found("call")) }
}

async fn more(scope: &OrgScope, call: CallId, after: i64) -> Result<(CallCard, Vec<Line>, Vec<CallEvent>), AppError> {
    let mut tx = scope.begin(Permission::CallsRead).await?;
    // The card first: its `seq` is then never ahead of the lines that are read after it.
    let card = read::cards_of(tx.conn(), &[call]).await?.pop().ok_or_else(|| AppError::not_found("call"))?;
    let lines = read::lines_after(tx.conn(), call, after, CHUNK).await?;
    let events = read::events_after(tx.conn(), call, after, CHUNK).await?;
    tx.commit().await?;
    Ok((card, lines, events))
}

/// How far a cut-off reading is complete: up to the lower of the two last numbers that were cut.
fn last_told(lines: &[Line], events: &[CallEvent]) -> i64 {
    let cut = |len: usize, last: Option<i64>| if len as i64 >= CHUNK { last.unwrap_or(i64::MAX) } else { i64::MAX };
    let lines_to = cut(lines.len(), lines.last().map(|line| line.seq));
    let events_to = cut(events.len(), events.last().map(|event| event.seq));
    lines_to.min(events_to)
}
