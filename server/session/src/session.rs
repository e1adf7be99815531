//! The session: facts in, orders out.

mod cooling;
mod cost;
mod edits;
mod elsewhere;
mod fanout;
mod present;
mod snapshots;
mod sync;
mod versions;

pub use edits::NOT_SO;
pub use present::Present;

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use unisson_protocol::{Access, CloseReason, DocName, PeerMessage, ServerMessage, scan};

use crate::{
    Effect, Effects, Input, Limits, LoadedDocument, Millis, OpenError, Peer, PeerId,
    document::{Document, WaitingId},
    ledger::{Answer, Ledger},
    presence::Presence,
};

/// How long the store may fail before peers are told that they cannot write.
const FAILING_NOTICE_MS: u64 = 2_000;
/// Told to writers while the store takes nothing.
const STORE_UNAVAILABLE: &str = "edits cannot be saved now: the store is unavailable";

/// One open document. See the crate documentation.
#[derive(Debug)]
pub struct Session {
    name: DocName,
    limits: Limits,
    phase: Phase,
    draining: bool,
    document: Document,
    ledger: Ledger,
    presence: Presence,
    peers: BTreeMap<PeerId, Here>,
    /// Answers to updates that wait for missing ones.
    waiting: BTreeMap<WaitingId, Vec<Answer>>,
    gap: sync::GapTimer,
    fanout: fanout::Fanout,
    /// Writers were told that they cannot write.
    store_notice: bool,
    log_updates: usize,
    log_bytes: usize,
    /// What the last snapshot says, in format v2.
    state_bytes: usize,
    snapshot: Snapshotting,
    versions: versions::VersionClock,
    early_edits: Vec<edits::Edit>,
    filling: Option<edits::Filling>,
    /// Why everybody is to go.
    withdrawn: Option<CloseReason>,
    cooling: cooling::Cooling,
    last_edit: Millis,
    /// Milliseconds since 1970 at the session's zero.
    unix_zero_ms: u64,
    empty_since: Option<Millis>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    New,
    Loading,
    Open,
    Stopped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Snapshotting {
    Ready,
    Ordered {
        updates: usize,
        bytes: usize,
    },
    /// The document is read back for its cold form alone.
    Condensing,
    NotBefore(Millis),
}

/// Why a `SyncStep1` was sent: only the answer to a handshake is acknowledged, because published
/// Hocuspocus clients count that one and no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ask {
    Handshake,
    Gap,
}

/// A peer that is here.
#[derive(Debug)]
struct Here {
    peer: Peer,
    asks: VecDeque<Ask>,
    gap_asked: Option<Millis>,
    /// Version and state vector when the peer began to lag.
    lagging: Option<(u64, Bytes)>,
    early: Vec<PeerMessage>,
    early_bytes: usize,
}

impl Session {
    /// A session that nobody has joined yet. `seed` is reserved for decisions that want a draw;
    /// the session makes no CRDT content of its own.
    pub fn new(now: Millis, name: DocName, limits: Limits, _seed: u64) -> Self {
        Self {
            document: Document::new(&limits),
            name,
            limits,
            phase: Phase::New,
            draining: false,
            ledger: Ledger::default(),
            presence: Presence::default(),
            peers: BTreeMap::new(),
            waiting: BTreeMap::new(),
            gap: sync::GapTimer::default(),
            fanout: fanout::Fanout::default(),
            store_notice: false,
            log_updates: 0,
            log_bytes: 0,
            state_bytes: 0,
            snapshot: Snapshotting::Ready,
            versions: versions::VersionClock::default(),
            early_edits: Vec::new(),
            filling: None,
            withdrawn: None,
            cooling: cooling::Cooling::default(),
            last_edit: now,
            unix_zero_ms: 0,
            empty_since: Some(now),
        }
    }

    /// Tells the session what its zero is in milliseconds since 1970: who wrote when is kept in
    /// that time.
    #[must_use]
    pub fn with_unix_zero_ms(mut self, unix_zero_ms: u64) -> Self {
        self.unix_zero_ms = unix_zero_ms;
        self
    }

    /// Takes a fact, gives orders.
    pub fn handle(&mut self, now: Millis, input: Input) -> Effects {
        let mut effects = Effects::new();
        if self.phase == Phase::Stopped {
            return effects;
        }
        match input {
            Input::Joined(id, peer) => self.joined(id, peer, &mut effects),
            Input::Received(id, message) => self.received(now, id, message, &mut effects),
            Input::Edit(id, author, update) => {
                let edit = edits::Edit::new(id, author, update, None);
                self.edit(now, edit, &mut effects);
            }
            Input::EditIf(id, author, update, condition) => {
                let edit = edits::Edit::new(id, author, update, Some(condition));
                self.edit(now, edit, &mut effects);
            }
            Input::Elsewhere(updates) => self.elsewhere(now, updates, &mut effects),
            Input::AccessChanged(id, access) => self.access_changed(now, id, access, &mut effects),
            Input::Lagging(id) => self.lagging(id),
            Input::Drained(id) => self.drained(id, &mut effects),
            Input::Left(id) => self.left(now, id),
            Input::Loaded(result) => self.loaded(now, result, &mut effects),
            Input::Appended(seq, result) => {
                let due = self.ledger.appended(now, seq, &result);
                self.answer(due, &mut effects);
            }
            Input::SnapshotStored(result) => {
                self.snapshot_stored(now, result.is_ok());
                self.condensed(now, result);
            }
            Input::Condensed(result) => {
                if self.snapshot == Snapshotting::Condensing {
                    self.snapshot = Snapshotting::Ready;
                }
                self.condensed(now, result);
            }
            Input::VersionStored(result) => self.versions.stored(now, result.is_ok()),
            Input::MemoryShort => self.memory_short(),
            Input::Woke => {}
            Input::Withdrawn(reason) => {
                self.withdrawn = Some(reason);
                self.draining = true;
            }
            Input::Draining => self.draining = true,
        }
        self.settle(now, &mut effects);
        effects
    }

    /// When [`Input::Woke`] is due, if ever.
    pub fn next_wakeup(&self) -> Option<Millis> {
        if self.phase == Phase::Stopped {
            return None;
        }
        let notice = self.ledger.failing_since().filter(|_| !self.store_notice);
        [
            self.ledger.retry_at(),
            notice.map(|since| since + FAILING_NOTICE_MS),
            self.gap.next_wakeup(),
            self.edits_due(),
            self.presence.next_wakeup(&self.limits),
            self.snapshot_due(),
            self.version_due(),
            self.cool_due(),
            self.answers_due(),
            self.unload_due(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// The document's name.
    pub fn name(&self) -> &DocName {
        &self.name
    }

    /// How many peers are here.
    pub fn peers(&self) -> usize {
        self.peers.len()
    }

    /// How many bytes are accepted and not durable.
    pub fn undurable_bytes(&self) -> usize {
        self.ledger.bytes()
    }

    /// Since when the oldest update that is accepted but not durable has been waiting.
    pub fn oldest_undurable(&self) -> Option<Millis> {
        self.ledger.oldest()
    }

    fn joined(&mut self, id: PeerId, peer: Peer, effects: &mut Effects) {
        if self.draining || self.peers.len() >= self.limits.peers_max {
            let reason = if self.draining {
                self.withdrawn.unwrap_or(CloseReason::Restart)
            } else {
                CloseReason::Overloaded
            };
            effects.push(Effect::Close(id, reason));
            return;
        }
        self.empty_since = None;
        self.peers.insert(id, Here::new(peer));
        match self.phase {
            Phase::New => {
                self.phase = Phase::Loading;
                effects.push(Effect::Load);
            }
            Phase::Open => self.greet(id, effects),
            Phase::Loading | Phase::Stopped => {}
        }
    }

    fn greet(&mut self, id: PeerId, effects: &mut Effects) {
        let Some(here) = self.peers.get_mut(&id) else {
            return;
        };
        if here.peer.greets {
            here.asks.push_back(Ask::Handshake);
            effects.push(send(
                id,
                ServerMessage::SyncStep1(self.document.state_vector()),
            ));
        }
        if let Some(presence) = self.presence.all() {
            effects.push(send(id, ServerMessage::Awareness(presence)));
        }
        if self.store_notice && here.peer.access == Access::ReadWrite {
            effects.push(send(
                id,
                ServerMessage::Access(Access::ReadOnly, STORE_UNAVAILABLE.into()),
            ));
        }
    }

    fn access_changed(&mut self, now: Millis, id: PeerId, access: Access, effects: &mut Effects) {
        if let Some(here) = self.peers.get_mut(&id)
            && here.peer.access != access
        {
            here.peer.access = access;
            if !self.shows(access) {
                self.presence.leave(now, id);
            }
            effects.push(send(id, ServerMessage::Access(access, String::new())));
        }
    }

    fn lagging(&mut self, id: PeerId) {
        let unsent = self.has_unsent(id);
        let state_vector = self.without_unsent(id, self.document.state_vector());
        // Version 0 has everything behind it, what was not sent to this peer yet as well.
        let version = if unsent { 0 } else { self.document.version() };
        if let Some(here) = self.peers.get_mut(&id) {
            here.lagging.get_or_insert((version, state_vector));
        }
    }

    fn drained(&mut self, id: PeerId, effects: &mut Effects) {
        let lagging = self.peers.get_mut(&id).and_then(|here| here.lagging.take());
        let Some((version, state_vector)) = lagging else {
            return;
        };
        let unechoed = self.ledger.unechoed(id).next().is_some();
        if let Some(updates) = self.document.since(version).filter(|_| !unechoed) {
            effects.extend(
                updates
                    .into_iter()
                    .map(|update| send(id, ServerMessage::Update(update))),
            );
            return;
        }
        // The state vector is our own, so it decodes; a document that does not wake ends.
        // It may have missed nothing: then there is nothing to say.
        if let Ok(answer) = self.document.answer(&self.with_unechoed(id, state_vector))
            && !answer.is_nothing()
        {
            self.send_answer(id, answer, effects);
        }
    }

    /// A state vector raised by what the peer wrote itself and is to get back once it is durable:
    /// a catch-up must not bring it back earlier.
    fn with_unechoed(&self, id: PeerId, state_vector: Bytes) -> Bytes {
        let Ok(entries) = scan::state_vector_v1(&state_vector) else {
            return state_vector;
        };
        let mut clocks: BTreeMap<u64, u32> = entries.into_iter().collect();
        for update in self.ledger.unechoed(id) {
            for range in scan::update_v1(update).unwrap_or_default().inserts {
                let clock = clocks.entry(range.client_id).or_default();
                *clock = (*clock).max(range.clock + range.len);
            }
        }
        let entries: Vec<(u64, u32)> = clocks.into_iter().collect();
        scan::encode_state_vector_v1(&entries)
    }

    fn left(&mut self, now: Millis, id: PeerId) {
        if self.peers.remove(&id).is_none() {
            return;
        }
        self.ledger.forget(id);
        for answers in self.waiting.values_mut() {
            answers.retain(|answer| answer.peer() != Some(id));
        }
        self.presence.leave(now, id);
        if self.peers.is_empty() {
            self.empty_since = Some(now);
        }
    }

    fn close(&mut self, now: Millis, id: PeerId, reason: CloseReason, effects: &mut Effects) {
        effects.push(Effect::Close(id, reason));
        self.left(now, id);
    }

    fn loaded(
        &mut self,
        now: Millis,
        result: Result<LoadedDocument, OpenError>,
        effects: &mut Effects,
    ) {
        if self.phase != Phase::Loading {
            return;
        }
        match result {
            Ok(loaded) => {
                self.log_updates = loaded.log_updates;
                self.log_bytes = loaded.log_bytes;
                self.versions.loaded(loaded.last_edit_ms);
                self.state_bytes = loaded.state_bytes;
                self.cooling.answered(now);
                self.document = *loaded.document;
                self.document.limit(&self.limits);
                self.phase = Phase::Open;
                self.last_edit = now;
                for id in self.peers.keys().copied().collect::<Vec<_>>() {
                    self.greet(id, effects);
                }
                for id in self.peers.keys().copied().collect::<Vec<_>>() {
                    self.replay_early(now, id, effects);
                }
                for edit in std::mem::take(&mut self.early_edits) {
                    self.edit(now, edit, effects);
                }
            }
            Err(error) => {
                let reason = match error {
                    OpenError::Unavailable(_) => CloseReason::Unavailable,
                    OpenError::Damaged(_) => CloseReason::Damaged,
                    OpenError::Erased(_) => CloseReason::Erased,
                    OpenError::Trashed => CloseReason::Trashed,
                };
                self.stop(now, reason, effects);
            }
        }
    }

    fn replay_early(&mut self, now: Millis, id: PeerId, effects: &mut Effects) {
        let early = self.peers.get_mut(&id).map(|here| {
            here.early_bytes = 0;
            std::mem::take(&mut here.early)
        });
        for message in early.into_iter().flatten() {
            self.received(now, id, message, effects);
        }
    }

    fn received(&mut self, now: Millis, id: PeerId, message: PeerMessage, effects: &mut Effects) {
        let Some(here) = self.peers.get_mut(&id) else {
            return;
        };
        if self.phase != Phase::Open {
            here.early_bytes += message.payload_bytes();
            here.early.push(message);
            let full = here.early.len() > self.limits.early_messages_max
                || here.early_bytes > self.limits.early_bytes_max;
            if full {
                self.close(now, id, CloseReason::Overloaded, effects);
            }
            return;
        }
        match message {
            PeerMessage::SyncStep1(state_vector) => {
                self.sync_step1(now, id, &state_vector, effects);
            }
            PeerMessage::SyncStep2(update) => self.sync_step2(now, id, update, effects),
            PeerMessage::Update(update) => self.update(now, id, update, effects),
            PeerMessage::Awareness(update) => self.awareness(now, id, &update),
            PeerMessage::QueryAwareness => {
                if let Some(all) = self.presence.all() {
                    effects.push(send(id, ServerMessage::Awareness(all)));
                }
            }
            PeerMessage::Stateless(text) => self.stateless(id, text, effects),
        }
    }

    /// Relays to everybody else. Readers are not relayed: what an application tells its editors
    /// should come from somebody who may write.
    fn stateless(&mut self, id: PeerId, text: String, effects: &mut Effects) {
        let may = self
            .peers
            .get(&id)
            .is_some_and(|here| here.peer.access == Access::ReadWrite);
        let to: Vec<PeerId> = self
            .peers
            .keys()
            .copied()
            .filter(|other| *other != id)
            .collect();
        if may && text.len() <= self.limits.stateless_bytes_max && !to.is_empty() {
            effects.push(Effect::Send {
                to,
                message: ServerMessage::Stateless(text),
            });
        }
    }

    fn tell_all(&self, message: ServerMessage, effects: &mut Effects) {
        if !self.peers.is_empty() {
            effects.push(Effect::Send {
                to: self.peers.keys().copied().collect(),
                message,
            });
        }
    }

    fn answer(&self, answers: impl IntoIterator<Item = Answer>, effects: &mut Effects) {
        effects.extend(answers.into_iter().map(|answer| match answer {
            Answer::Accepted(peer) => send(peer, ServerMessage::Accepted),
            Answer::Echo(peer, update) => send(peer, ServerMessage::Update(update)),
            Answer::Edited(id) => Effect::Edited(id, Ok(())),
        }));
    }

    /// Does what is due after any fact.
    fn settle(&mut self, now: Millis, effects: &mut Effects) {
        effects.extend(self.ledger.retry(now));
        self.settle_store_notice(now, effects);
        if self.edits_due().is_some_and(|due| due <= now) {
            self.send_edits(now, effects);
        }
        let receivers = self.peers.len();
        if let Some(presence) = self.presence.wake(now, receivers, &self.limits) {
            self.tell_all(ServerMessage::Awareness(presence), effects);
        }
        self.ask_about_gaps(now, effects);
        if self.snapshot_due().is_some_and(|due| due <= now) {
            self.order_snapshot(effects);
        }
        self.settle_temperature(now, effects);
        if self.document.fault().is_some() {
            return self.stop(now, CloseReason::Damaged, effects);
        }
        if self.version_due().is_some_and(|due| due <= now) {
            effects.push(self.versions.order(now, &self.limits));
        }
        let drained = self.draining && self.ledger.is_empty();
        if drained || self.unload_due().is_some_and(|due| due <= now) {
            let reason = self.withdrawn.unwrap_or(CloseReason::Restart);
            self.stop(now, reason, effects);
        }
    }

    /// Tells writers that they cannot write while the store fails, and when they can again.
    fn settle_store_notice(&mut self, now: Millis, effects: &mut Effects) {
        let failing = self.ledger.failing_since();
        let notice = match failing {
            Some(since) if since + FAILING_NOTICE_MS <= now => true,
            Some(_) => self.store_notice,
            None => false,
        };
        if notice == self.store_notice {
            return;
        }
        self.store_notice = notice;
        let message = if notice {
            ServerMessage::Access(Access::ReadOnly, STORE_UNAVAILABLE.into())
        } else {
            ServerMessage::Access(Access::ReadWrite, String::new())
        };
        let writers = self
            .peers
            .iter()
            .filter(|(_, here)| here.peer.access == Access::ReadWrite);
        let to: Vec<PeerId> = writers.map(|(id, _)| *id).collect();
        if !to.is_empty() {
            effects.push(Effect::Send { to, message });
        }
    }

    /// When the session has nothing left to do, if nobody comes.
    fn unload_due(&self) -> Option<Millis> {
        let since = self.empty_since?;
        let busy = self.phase == Phase::Loading
            || !self.ledger.is_empty()
            || matches!(self.snapshot, Snapshotting::Ordered { .. } | Snapshotting::Condensing)
            || self.versions.holds_up_unloading(self.draining)
            // A snapshot comes first, unless it failed a moment ago: the log has everything.
            || (self.log_updates > 0 && self.snapshot == Snapshotting::Ready && !self.draining);
        (!busy).then(|| since + self.unload_patience_ms())
    }

    fn unload_patience_ms(&self) -> u64 {
        match self.cooling.is_short() {
            true => 0,
            false => self.limits.unload_idle_ms,
        }
    }

    fn stop(&mut self, now: Millis, reason: CloseReason, effects: &mut Effects) {
        if self.edits_due().is_some() {
            self.send_edits(now, effects);
        }
        for edit in std::mem::take(&mut self.early_edits) {
            effects.push(Effect::Edited(edit.id, Err(reason.text().into())));
        }
        for id in self.peers.keys().copied().collect::<Vec<_>>() {
            effects.push(Effect::Close(id, reason));
        }
        self.peers.clear();
        self.empty_since = Some(now);
        self.phase = Phase::Stopped;
        effects.push(Effect::Stop);
    }
}

impl Here {
    fn new(peer: Peer) -> Self {
        Self {
            peer,
            asks: VecDeque::new(),
            gap_asked: None,
            lagging: None,
            early: Vec::new(),
            early_bytes: 0,
        }
    }
}

fn send(to: PeerId, message: ServerMessage) -> Effect {
    Effect::Send {
        to: vec![to],
        message,
    }
}
