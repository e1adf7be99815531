//! One task for each open document: facts in, orders out, IO awaited.

use std::{
    any::Any,
    collections::{BTreeMap, HashMap},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};
use unisson_history::Author;
use unisson_protocol::{
    CloseReason, DocName, PeerMessage, ServerMessage,
    dialect::{hocuspocus, y_websocket},
};
use unisson_session::{Access, EditId, Effect, Effects, Input, Millis, Peer, PeerId, Session};

use crate::{
    effects::{Io, Outcome},
    outbox::{Kind, Outbox, Pushed},
    registry::{Registry, Shared},
    versions::unix_now_ms,
};

/// How many messages may wait for one document; then its sockets are not read.
const INBOX_MAX: usize = 256;
/// Documents at least so large are handled on a thread that may block.
const HEAVY_BYTES: usize = 256 << 10;

/// Where to send a document's messages.
pub(crate) type DocInbox = mpsc::Sender<DocMessage>;

/// What sockets tell a document.
#[derive(Debug)]
pub(crate) enum DocMessage {
    /// A peer comes in.
    Join(PeerId, Peer, Sink),
    /// A peer said something.
    Message(PeerId, PeerMessage),
    /// What a peer may do has changed.
    Access(PeerId, Access),
    /// Somebody wants the server to edit.
    Edit(Author, Bytes, oneshot::Sender<Result<(), String>>),
    /// A lagging peer's outbox is empty.
    Drained(PeerId),
    /// A peer has gone.
    Leave(PeerId),
    /// The server stops.
    Drain,
}

/// Where a peer's frames go.
#[derive(Debug, Clone)]
pub(crate) struct Sink {
    pub(crate) outbox: Arc<Outbox>,
    /// The address of a Hocuspocus provider; none for y-websocket.
    pub(crate) address: Option<hocuspocus::Address>,
}

impl Sink {
    /// Ends the peer's part in the document, in the way that its clients understand.
    fn close(&self, reason: CloseReason) {
        match &self.address {
            // A socket shared by several documents stays open where coming back would not help;
            // it is closed where it would, because published clients never sync again otherwise.
            Some(address) if !reason.is_transient() || reason == CloseReason::Damaged => {
                let denied = hocuspocus::Control::PermissionDenied(reason.text().into());
                self.outbox
                    .push(hocuspocus::encode_control(address, &denied), Kind::Answer);
                self.outbox.detach(address.clone());
            }
            _ => self.outbox.close(reason),
        }
    }
}

/// Opens a document: its task runs until the session stops.
pub(crate) fn open(name: &DocName, shared: &Arc<Shared>) -> (DocInbox, DocTask) {
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
        sinks: BTreeMap::new(),
        edits: BTreeMap::new(),
        last_edit: EditId(0),
        start,
        io: Io::new(name.clone(), shared.clone()),
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
    sinks: BTreeMap<PeerId, Sink>,
    /// Who waits for an edit of the server's own.
    edits: BTreeMap<EditId, oneshot::Sender<Result<(), String>>>,
    last_edit: EditId,
    start: Instant,
    io: Io,
    stopped: bool,
}

impl DocTask {
    /// Runs until the session stops; the registry has forgotten the document by then.
    pub(crate) async fn run(mut self, registry: Registry) {
        while !self.stopped {
            let wakeup = self
                .session
                .next_wakeup()
                .map(|at| self.start + Duration::from_millis(at.0));
            // Not biased: a flood of messages must not hold up what became durable.
            let turn = tokio::select! {
                message = self.messages.recv() => match message {
                    Some(message) => Turn::Message(message),
                    None => Turn::Fact(Input::Woke),
                },
                Some(outcome) = self.io.next() => Turn::Fact(match outcome {
                    Outcome::Loaded(result) => Input::Loaded(*result),
                    Outcome::Appended(seq, result) => Input::Appended(seq, result),
                    Outcome::SnapshotStored(result) => Input::SnapshotStored(result),
                    Outcome::VersionStored(result) => Input::VersionStored(result),
                }),
                () = sleep_until(wakeup) => Turn::Fact(Input::Woke),
            };
            self.take(turn, &registry);
        }
        self.turn_away_late_comers();
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

    fn message(&mut self, message: DocMessage) {
        if let Some(input) = self.input(message) {
            self.handle(input);
        }
    }

    fn input(&mut self, message: DocMessage) -> Option<Input> {
        Some(match message {
            DocMessage::Join(id, peer, sink) => {
                self.sinks.insert(id, sink);
                Input::Joined(id, peer)
            }
            DocMessage::Message(id, message) => {
                if let PeerMessage::Update(update) | PeerMessage::SyncStep2(update) = &message {
                    self.shared.metrics.updates.inc();
                    if self.shared.poisons.contains(update) {
                        self.sinks.remove(&id)?.close(CloseReason::Forbidden);
                        return Some(Input::Left(id));
                    }
                }
                Input::Received(id, message)
            }
            DocMessage::Edit(author, update, done) => {
                self.last_edit = EditId(self.last_edit.0 + 1);
                self.edits.insert(self.last_edit, done);
                Input::Edit(self.last_edit, author, update)
            }
            DocMessage::Access(id, access) => Input::AccessChanged(id, access),
            DocMessage::Drained(id) => Input::Drained(id),
            DocMessage::Leave(id) => {
                self.sinks.remove(&id)?;
                Input::Left(id)
            }
            DocMessage::Drain => Input::Draining,
        })
    }

    fn handle(&mut self, input: Input) {
        let suspect = match &input {
            Input::Received(_, PeerMessage::Update(update) | PeerMessage::SyncStep2(update)) => {
                Some(update.clone())
            }
            _ => None,
        };
        let now = Millis(self.start.elapsed().as_millis() as u64);
        let session = &mut self.session;
        let whole = matches!(
            &input,
            Input::Received(_, PeerMessage::SyncStep1(_) | PeerMessage::SyncStep2(_))
                | Input::Drained(_)
                | Input::Loaded(_)
        );
        let heavy = (whole && session.document_bytes() >= HEAVY_BYTES)
            || suspect
                .as_ref()
                .is_some_and(|update| update.len() >= HEAVY_BYTES);
        let work = || catch_unwind(AssertUnwindSafe(|| session.handle(now, input)));
        let outcome = if heavy {
            tokio::task::block_in_place(work)
        } else {
            work()
        };
        match outcome {
            Ok(effects) => self.carry_out(effects),
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
        for sink in std::mem::take(&mut self.sinks).into_values() {
            sink.close(CloseReason::Reset);
        }
        self.stopped = true;
    }

    fn carry_out(&mut self, effects: Effects) {
        let mut lagging = Vec::new();
        for effect in effects {
            match effect {
                Effect::Send { to, message } => self.send(&to, &message, &mut lagging),
                Effect::Close(id, reason) => {
                    if let Some(sink) = self.sinks.remove(&id) {
                        sink.close(reason);
                    }
                }
                Effect::Load => self.io.load(),
                Effect::Append(seq, update) => self.io.append(seq, update),
                Effect::StoreSnapshot => self.io.store_snapshot(),
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

    /// Encodes once for all receivers of a dialect and address.
    fn send(&mut self, to: &[PeerId], message: &ServerMessage, lagging: &mut Vec<PeerId>) {
        let kind = match message {
            ServerMessage::Awareness(_) => Kind::Presence,
            ServerMessage::Update(_) | ServerMessage::Stateless(_) => Kind::Update,
            ServerMessage::SyncStep1(_)
            | ServerMessage::SyncStep2(_)
            | ServerMessage::Accepted
            | ServerMessage::Refused(_)
            | ServerMessage::Access(..) => Kind::Answer,
        };
        if matches!(message, ServerMessage::Refused(_)) {
            self.shared.metrics.refuse("edit");
        }
        let mut body: Option<Bytes> = None;
        let mut addressed: HashMap<hocuspocus::Address, Bytes> = HashMap::new();
        let mut plain: Option<Option<Bytes>> = None;
        for id in to {
            let Some(sink) = self.sinks.get(id) else {
                continue;
            };
            let frame = match &sink.address {
                None => match plain.get_or_insert_with(|| y_websocket::encode(message)) {
                    Some(frame) => frame.clone(),
                    None => continue,
                },
                Some(address) => {
                    let body = body.get_or_insert_with(|| hocuspocus::encode_body(message));
                    match addressed.get(address) {
                        Some(frame) => frame.clone(),
                        None => {
                            let frame = hocuspocus::address_frame(address, body);
                            addressed.insert(address.clone(), frame.clone());
                            frame
                        }
                    }
                }
            };
            if sink.outbox.push(frame, kind) == Pushed::Full {
                lagging.push(*id);
            }
        }
    }

    fn lags(&mut self, id: PeerId) {
        if let (Some(sink), Some(inbox)) = (self.sinks.get(&id), self.inbox.upgrade()) {
            self.shared.metrics.lagging.inc();
            sink.outbox.lags(inbox, id);
            self.handle(Input::Lagging(id));
        }
    }

    /// After a failure somebody may have come in while the document was going.
    fn turn_away_late_comers(&mut self) {
        self.messages.close();
        while let Ok(message) = self.messages.try_recv() {
            if let DocMessage::Join(_, _, sink) = message {
                sink.close(CloseReason::Reset);
            }
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
