//! One task for each open document: facts in, orders out, IO awaited.

mod alarm;
mod fanout;
mod newsroom;

use std::{
    any::Any,
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::FutureExt as _;
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};
use unisson_history::Author;
use unisson_protocol::{CloseReason, DocName, PeerMessage, ServerMessage};
use unisson_session::{
    Access, Condition, EditId, Effect, Effects, Input, Millis, Peer, PeerId, Present, Session,
};

use self::{alarm::Alarm, fanout::Fanout, newsroom::Newsroom};
use crate::{
    crowd::Member,
    effects::{Io, Outcome},
    memory::Weight,
    outbox::Outbox,
    quota::{self, Allowance},
    registry::{Registry, Shared},
    versions::unix_now_ms,
};

pub(crate) use fanout::Sink;

/// How many messages may wait for one document; then its sockets are not read.
const INBOX_MAX: usize = 256;
/// How many things a document sees to before it writes to its readers.
const ROUND_MAX: usize = 64;
/// How much it queues for one reader before it writes: well below what an outbox holds, so that
/// nobody lags only because nobody has written.
const ROUND_BYTES_MAX: usize = 128 << 10;

/// How soon the people of a full place notice that there is room again.
const QUOTA_LOOK: Duration = Duration::from_secs(10);

/// Where to send a document's messages.
pub(crate) type DocInbox = mpsc::Sender<DocMessage>;

/// What sockets tell a document.
#[derive(Debug)]
pub(crate) enum DocMessage {
    /// A peer comes in. Boxed: it comes once, and the room in an inbox is for edits.
    Join(Box<Joining>),
    /// A peer said something.
    Message(PeerId, PeerMessage),
    /// What a peer may do has changed.
    Access(PeerId, Access),
    /// Somebody wants the server to edit.
    Edit(Author, Bytes, oneshot::Sender<Result<(), String>>),
    /// The same, only if the document is as expected. Boxed, as they are rare.
    EditIf(Box<ConditionalEdit>),
    /// The document is taken away, for this reason.
    Withdraw(CloseReason),
    /// Everybody here is told something that changes nothing, as JSON.
    Tell(String),
    /// Who is here?
    Who(oneshot::Sender<Vec<Present>>),
    /// Who is here, on which socket?
    Attendance(oneshot::Sender<Vec<Attending>>),
    /// This person is to go.
    Dismiss(Arc<str>),
    /// Other servers of the store have written to the document.
    Elsewhere,
    /// A lagging peer's outbox is empty.
    Drained(PeerId),
    /// A peer has gone.
    Leave(PeerId),
    /// The process holds more memory than it should.
    MemoryShort,
    /// The server stops.
    Drain,
}

/// An edit of the server's own that is made only if the document is as expected.
#[derive(Debug)]
pub(crate) struct ConditionalEdit {
    pub(crate) author: Author,
    pub(crate) update: Bytes,
    pub(crate) condition: Condition,
    pub(crate) done: oneshot::Sender<Result<(), String>>,
}

/// A peer, as operators see it.
#[derive(Debug)]
pub(crate) struct Attending {
    pub(crate) id: PeerId,
    pub(crate) user: Option<Arc<str>>,
    pub(crate) display_name: Option<Arc<str>>,
    pub(crate) access: Access,
    pub(crate) outbox: Arc<Outbox>,
}

/// A peer that comes in.
#[derive(Debug)]
pub(crate) struct Joining {
    pub(crate) id: PeerId,
    pub(crate) peer: Peer,
    pub(crate) sink: Sink,
    /// Counts for the person, where there is one, for as long as the peer is here.
    pub(crate) place: Option<Member<Arc<str>>>,
}

/// Opens a document: its task runs until the session stops.
pub(crate) fn open(
    name: &DocName,
    shared: &Arc<Shared>,
    weight: Arc<Weight>,
) -> (DocInbox, DocTask) {
    let (inbox, messages) = mpsc::channel(INBOX_MAX);
    let start = Instant::now();
    let session = Session::new(
        Millis(0),
        name.clone(),
        shared.settings.limits.clone(),
        shared.draw_seed(),
    )
    // Read once: from here on the monotonic clock counts, so that no time goes back.
    .with_unix_zero_ms(unix_now_ms());
    let task = DocTask {
        name: name.clone(),
        shared: shared.clone(),
        session,
        messages,
        inbox: inbox.clone().downgrade(),
        fanout: Fanout::new(shared.clone()),
        edits: BTreeMap::new(),
        last_edit: EditId(0),
        alarm: Alarm::default(),
        start,
        io: Io::new(name.clone(), shared.clone()),
        weight,
        allowance: shared.quotas.allowance(name),
        news: Newsroom::new(name.clone(), shared),
        stopped: false,
    };
    (inbox, task)
}

/// What a task sees to next.
enum Turn {
    /// A socket's word.
    Message(DocMessage),
    /// A fact of the store or of the clock.
    Fact(Input),
}

/// The task of one open document.
pub(crate) struct DocTask {
    name: DocName,
    shared: Arc<Shared>,
    session: Session,
    messages: mpsc::Receiver<DocMessage>,
    inbox: mpsc::WeakSender<DocMessage>,
    fanout: Fanout,
    /// Who waits for an edit of the server's own.
    edits: BTreeMap<EditId, oneshot::Sender<Result<(), String>>>,
    last_edit: EditId,
    alarm: Alarm,
    start: Instant,
    io: Io,
    weight: Arc<Weight>,
    allowance: Allowance,
    /// Who edits, for whoever wants to hear of it.
    news: Newsroom,
    stopped: bool,
}

impl DocTask {
    /// Runs until the session stops; the registry has forgotten the document by then.
    pub(crate) async fn run(mut self, registry: Registry) {
        while !self.stopped {
            let turn = self.next().await;
            self.see_to(turn, &registry).await;
            // What is ready already is seen to first, so that under load frames leave together.
            for _ in 1..ROUND_MAX {
                if self.stopped || self.fanout.round_bytes() > ROUND_BYTES_MAX {
                    break;
                }
                let Some(turn) = self.ready() else { break };
                self.see_to(turn, &registry).await;
            }
            self.weight
                .set(self.session.memory_bytes(), self.session.is_cold());
            self.fanout.flush().await;
        }
        self.turn_away_late_comers();
    }

    /// Large documents wait for a processor, so that they take no more memory at a time than there
    /// are processors, and never all threads.
    async fn see_to(&mut self, turn: Turn, registry: &Registry) {
        self.look_at_quota();
        let shared = self.shared.clone();
        let _permit = match self.is_heavy(&turn) {
            true => Some(shared.heavy.acquire().await),
            false => None,
        };
        self.take(turn, registry);
    }

    /// Waits for the next thing to see to.
    async fn next(&mut self) -> Turn {
        let wakeup = self
            .session
            .next_wakeup()
            .map(|at| self.start + Duration::from_millis(at.0));
        let look = self
            .allowance
            .is_full()
            .then(|| Instant::now() + QUOTA_LOOK);
        let wakeup = wakeup.into_iter().chain(look).min();
        // Not biased: a flood of messages must not hold up what became durable.
        tokio::select! {
            message = self.messages.recv() => match message {
                Some(message) => Turn::Message(message),
                None => Turn::Fact(Input::Woke),
            },
            outcome = self.io.next() => Turn::Fact(outcome.into()),
            () = self.alarm.until(wakeup) => Turn::Fact(Input::Woke),
        }
    }

    /// The next thing to see to, if it is there already: what became durable first.
    fn ready(&mut self) -> Option<Turn> {
        if let Some(outcome) = self.io.next().now_or_never() {
            return Some(Turn::Fact(outcome.into()));
        }
        self.messages.try_recv().ok().map(Turn::Message)
    }

    /// Sees to one thing. Where nobody is here the session may stop, so the registry is held
    /// meanwhile: whoever comes then finds either this task running, or none.
    fn take(&mut self, turn: Turn, registry: &Registry) {
        if self.session.peers() > 0 {
            match turn {
                Turn::Message(message) => self.message(message),
                Turn::Fact(input) => self.handle(input),
            }
            if self.stopped {
                registry.forget(&self.name);
            }
            return;
        }
        let name = self.name.clone();
        registry.while_held(&name, |forget| {
            let fact = match turn {
                Turn::Message(message) => {
                    self.message(message);
                    None
                }
                Turn::Fact(input) => Some(input),
            };
            // Whoever has come meanwhile is let in before a fact that may stop the session.
            while !self.stopped
                && let Ok(message) = self.messages.try_recv()
            {
                self.message(message);
            }
            if let Some(input) = fact.filter(|_| !self.stopped) {
                self.handle(input);
            }
            if self.stopped {
                forget();
            }
        });
    }

    fn is_heavy(&self, turn: &Turn) -> bool {
        match turn {
            Turn::Message(DocMessage::Message(_, message)) => {
                self.session.is_heavy_message(message)
            }
            Turn::Message(DocMessage::Edit(_, update, _)) => {
                self.session.is_heavy_edit(update.len())
            }
            Turn::Message(DocMessage::EditIf(edit)) => {
                self.session.is_heavy_edit(edit.update.len())
            }
            Turn::Message(DocMessage::Drained(_)) => self.session.is_heavy_to_catch_up(),
            Turn::Message(_) => false,
            Turn::Fact(input) => self.session.is_heavy(input),
        }
    }

    fn message(&mut self, message: DocMessage) {
        let joins = match &message {
            DocMessage::Join(joining) => Some((joining.id, joining.peer.access)),
            _ => None,
        };
        if let Some(input) = self.input(message) {
            self.handle(input);
        }
        if let Some((id, access)) = joins.filter(|(id, _)| self.fanout.has(*id)) {
            self.tell_of_quota(id, access);
        }
    }

    /// Somebody has come in with an access that may be more than there is room for.
    fn tell_of_quota(&mut self, id: PeerId, access: Access) {
        let now = self.allowance.granted(id, access);
        if let Some(notice) = self.allowance.notice() {
            let message = ServerMessage::Stateless(notice);
            self.fanout.send(&[id], &message, &mut Vec::new());
        }
        if now != access {
            self.handle(Input::AccessChanged(id, now));
        }
    }

    fn input(&mut self, message: DocMessage) -> Option<Input> {
        Some(match message {
            DocMessage::Join(joining) => {
                let Joining {
                    id,
                    peer,
                    sink,
                    place,
                } = *joining;
                self.fanout.seat(id, sink, place);
                Input::Joined(id, peer)
            }
            DocMessage::Message(id, message) => {
                if let PeerMessage::Update(update) | PeerMessage::SyncStep2(update) = &message {
                    self.shared.metrics.updates.inc();
                    if self.shared.poisons.contains(update) {
                        self.allowance.left(id);
                        self.fanout.remove(id)?.close(CloseReason::Forbidden);
                        return Some(Input::Left(id));
                    }
                }
                Input::Received(id, message)
            }
            DocMessage::Edit(_, _, done) if self.allowance.is_full() => {
                // Whoever asked may have gone.
                let _ = done.send(Err(quota::FULL.into()));
                return None;
            }
            DocMessage::Edit(author, update, done) => {
                self.last_edit = EditId(self.last_edit.0 + 1);
                self.edits.insert(self.last_edit, done);
                Input::Edit(self.last_edit, author, update)
            }
            DocMessage::EditIf(edit) if self.allowance.is_full() => {
                // Whoever asked may have gone.
                let _ = edit.done.send(Err(quota::FULL.into()));
                return None;
            }
            DocMessage::EditIf(edit) => {
                let ConditionalEdit {
                    author,
                    update,
                    condition,
                    done,
                } = *edit;
                self.last_edit = EditId(self.last_edit.0 + 1);
                self.edits.insert(self.last_edit, done);
                Input::EditIf(self.last_edit, author, update, condition)
            }
            DocMessage::Withdraw(reason) => Input::Withdrawn(reason),
            DocMessage::Elsewhere => {
                self.io.read_news();
                return None;
            }
            DocMessage::Tell(news) => {
                self.tell_everybody(news);
                return None;
            }
            DocMessage::Who(answer) => {
                // Whoever asked may have gone.
                let _ = answer.send(self.session.present());
                return None;
            }
            DocMessage::Attendance(answer) => {
                // Whoever asked may have gone.
                let _ = answer.send(self.attendance());
                return None;
            }
            DocMessage::Dismiss(user) => {
                self.dismiss(&user);
                return None;
            }
            DocMessage::Access(id, access) => {
                Input::AccessChanged(id, self.allowance.granted(id, access))
            }
            DocMessage::Drained(id) => Input::Drained(id),
            DocMessage::Leave(id) => {
                self.allowance.left(id);
                self.fanout.remove(id)?;
                Input::Left(id)
            }
            DocMessage::MemoryShort => Input::MemoryShort,
            DocMessage::Drain => Input::Draining,
        })
    }

    fn attendance(&self) -> Vec<Attending> {
        let here = self.session.here().filter_map(|(id, peer)| {
            Some(Attending {
                id,
                user: peer.user.clone(),
                display_name: peer.display_name.clone(),
                access: peer.access,
                outbox: self.fanout.outbox(id)?,
            })
        });
        here.collect()
    }

    fn dismiss(&mut self, user: &Arc<str>) {
        let here = self.session.here();
        let theirs = here.filter(|(_, peer)| peer.user.as_ref() == Some(user));
        let theirs: Vec<PeerId> = theirs.map(|(id, _)| id).collect();
        for id in theirs {
            self.allowance.left(id);
            if let Some(sink) = self.fanout.remove(id) {
                sink.close(CloseReason::Forbidden);
            }
            self.handle(Input::Left(id));
        }
    }

    fn handle(&mut self, input: Input) {
        let suspect = match &input {
            Input::Received(_, PeerMessage::Update(update) | PeerMessage::SyncStep2(update)) => {
                Some(update.clone())
            }
            _ => None,
        };
        let now = Millis(self.start.elapsed().as_millis() as u64);
        self.news.notice(&input);
        let session = &mut self.session;
        let heavy = session.is_heavy(&input);
        if !matches!(input, Input::Woke | Input::MemoryShort) {
            self.weight.touch();
        }
        let work = || catch_unwind(AssertUnwindSafe(|| session.handle(now, input)));
        let outcome = if heavy {
            tokio::task::block_in_place(work)
        } else {
            work()
        };
        match outcome {
            Ok(effects) => {
                if let Some(fault) = self.session.fault() {
                    tracing::error!(document = %self.name, %fault, "document cannot go on");
                }
                self.news.carried(&effects);
                self.carry_out(effects);
            }
            Err(panic) => self.end_by_panic(panic.as_ref(), suspect),
        }
    }

    /// The document's state in memory cannot be trusted any more. What is durable can: peers are
    /// sent away for a moment, and whoever comes back finds the document loaded afresh.
    fn end_by_panic(&mut self, panic: &(dyn Any + Send), suspect: Option<Bytes>) {
        let text = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        tracing::error!(document = %self.name, panic = text, "document task ended; it will reload");
        self.shared.metrics.panics.inc();
        if let Some(update) = suspect {
            self.shared.poisons.insert(&update);
        }
        self.fanout.close_all(CloseReason::Reset);
        self.stopped = true;
    }

    fn carry_out(&mut self, effects: Effects) {
        let mut lagging = Vec::new();
        for effect in effects {
            match effect {
                Effect::Send { to, message } => self.fanout.send(&to, &message, &mut lagging),
                Effect::Close(id, reason) => {
                    self.allowance.left(id);
                    if let Some(sink) = self.fanout.remove(id) {
                        sink.close(reason);
                    }
                }
                Effect::Load => self.io.load(),
                Effect::Append(seq, update) => {
                    self.allowance.written(update.len());
                    self.io.append(seq, update);
                }
                Effect::StoreSnapshot => self.io.store_snapshot(),
                Effect::Condense => self.io.condense(),
                Effect::StoreVersion(wanted) => self.io.store_version(wanted),
                Effect::Edited(id, result) => {
                    if let Some(done) = self.edits.remove(&id) {
                        // Whoever asked may have gone.
                        let _ = done.send(result);
                    }
                }
                Effect::Stop => self.stopped = true,
            }
        }
        for id in lagging {
            self.lags(id);
        }
    }

    /// What the documents of this place take together may have reached a limit, or be below it
    /// again.
    fn look_at_quota(&mut self) {
        let Some(turned) = self.allowance.look() else {
            return;
        };
        if turned.state != quota::State::Fine {
            self.shared.metrics.limit(turned.state.limit());
        }
        let mut lagging = Vec::new();
        let message = ServerMessage::Stateless(turned.notice);
        self.fanout.send(&turned.everybody, &message, &mut lagging);
        for (id, access) in turned.changes {
            self.handle(Input::AccessChanged(id, access));
        }
        for id in lagging {
            self.lags(id);
        }
    }

    fn tell_everybody(&mut self, news: String) {
        let mut lagging = Vec::new();
        let everybody = self.fanout.everybody();
        let message = ServerMessage::Stateless(news);
        self.fanout.send(&everybody, &message, &mut lagging);
        for id in lagging {
            self.lags(id);
        }
    }

    fn lags(&mut self, id: PeerId) {
        if let Some(inbox) = self.inbox.upgrade() {
            self.fanout.lags(id, inbox);
            self.handle(Input::Lagging(id));
        }
    }

    /// After a failure somebody may have come in while the document was going.
    fn turn_away_late_comers(&mut self) {
        self.messages.close();
        while let Ok(message) = self.messages.try_recv() {
            if let DocMessage::Join(joining) = message {
                joining.sink.close(CloseReason::Reset);
            }
        }
    }
}

impl From<Outcome> for Input {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Loaded(result) => Self::Loaded((*result).map(|(loaded, _)| loaded)),
            Outcome::Appended(seq, result) => Self::Appended(seq, result),
            Outcome::SnapshotStored(result) => Self::SnapshotStored(result),
            Outcome::Condensed(result) => Self::Condensed(result),
            Outcome::VersionStored(result) => Self::VersionStored(result),
            Outcome::News(updates, _) => Self::Elsewhere(updates),
            Outcome::Erased => Self::Withdrawn(CloseReason::Erased),
        }
    }
}
