//! The process: feeds the session, carries out its orders, and watches them.

use std::collections::VecDeque;

use bytes::Bytes;
use unisson_session::{
    AppendError, AppendSeq, Condensed, DocName, Effect, Input, OpenError, PeerId, ServerMessage,
    Session, SnapshotError, VersionWanted, chronicle, condense, load,
};

use super::{Event, World};
use crate::sim::Sabotage;
use crate::sim::client::Kind;
use crate::sim::clocks::Content;
use crate::sim::link::{Frame, Pushed};
use crate::sim::store::Basis;

/// More wakeups than this in one millisecond are a livelock.
const WAKES_AT_ONCE_MAX: u64 = 50;

fn away() -> String {
    "the disk is full".to_owned()
}

impl World {
    /// Tells the session a fact and carries out what it orders.
    pub(super) fn feed(&mut self, input: Input) {
        let mut inbox = VecDeque::from([input]);
        while let Some(input) = inbox.pop_front() {
            if self.failure.is_some() {
                return;
            }
            if let Input::Lagging(peer) = input {
                let Some(link) = self.link(peer).filter(|link| self.links[*link].joined) else {
                    continue;
                };
                self.links[link].told_lagging = true;
            }
            let mut session = match (self.session.take(), &input) {
                (Some(session), _) => session,
                (None, Input::Joined(..)) => self.new_session(),
                (None, _) => continue,
            };
            self.note_input(&input);
            let was_cold = session.is_cold() && !matches!(input, Input::Loaded(_));
            let effects = session.handle(self.millis(), input);
            match (was_cold, session.is_cold()) {
                (false, true) => self.summary.coolings += 1,
                (true, false) => self.summary.wakings += 1,
                _ => {}
            }
            if let Some(fault) = session.fault() {
                self.broken(format!("a cold document does not wake: {fault}"));
            }
            self.session = Some(session);
            for effect in effects {
                self.trace.note(self.now, format_args!("  -> {effect:?}"));
                self.carry_out(effect, &mut inbox);
            }
        }
        self.check_session();
        self.schedule_wakeup();
    }

    fn new_session(&mut self) -> Session {
        let name = DocName::new("simulated").expect("the name is valid");
        let seed = self.rng.next() >> 11;
        Session::new(self.millis(), name, self.scenario.limits.clone(), seed)
    }

    fn note_input(&mut self, input: &Input) {
        match input {
            // A loaded document has no text of its own.
            Input::Loaded(result) => {
                let ok = result.is_ok();
                self.trace.note(self.now, format_args!("Loaded({ok})"));
            }
            input => self.trace.note(self.now, format_args!("{input:?}")),
        }
    }

    fn carry_out(&mut self, effect: Effect, inbox: &mut VecDeque<Input>) {
        match effect {
            Effect::Send { to, message } => {
                if to.is_empty() {
                    self.broken("a message to nobody".into());
                }
                let content = match &message {
                    ServerMessage::Update(update) | ServerMessage::SyncStep2(update) => {
                        Content::of_update(update)
                    }
                    _ => None,
                };
                for peer in to {
                    self.send_one(peer, &message, content.as_ref(), inbox);
                }
            }
            Effect::Close(peer, _) => self.close(peer),
            Effect::Load => {
                if self.loading {
                    self.broken("two loads at once".into());
                }
                self.loading = true;
                let delay = self.store_delay();
                self.after(delay, Event::LoadDone(self.incarnation));
            }
            Effect::Append(seq, update) => self.append(seq, update, inbox),
            Effect::StoreSnapshot => {
                let delay = self.store_delay();
                self.after(delay, Event::SnapshotRead(self.incarnation));
            }
            Effect::Condense => {
                let delay = self.store_delay();
                self.after(delay, Event::Condensed(self.incarnation));
            }
            Effect::StoreVersion(wanted) => {
                let delay = self.store_delay();
                self.after(delay, Event::VersionRead(self.incarnation, wanted));
            }
            Effect::Edited(id, _) => self.broken(format!("{id:?} was never asked for")),
            Effect::Stop => self.stop(),
        }
    }

    fn send_one(
        &mut self,
        peer: PeerId,
        message: &ServerMessage,
        content: Option<&Content>,
        inbox: &mut VecDeque<Input>,
    ) {
        let Some(index) = self.link(peer).filter(|link| self.links[*link].joined) else {
            self.broken(format!("a message to {peer:?}, who is not here"));
            return;
        };
        match message {
            ServerMessage::Accepted => self.check_accepted(index),
            ServerMessage::Refused(why) => self.check_refused(index, why),
            // What a lagging peer said itself may come back: it is its acknowledgement.
            ServerMessage::Update(_)
                if self.links[index].told_lagging
                    && content.is_none_or(|content| !self.links[index].said.covers(content)) =>
            {
                self.broken(format!("an update to {peer:?}, who lags"));
            }
            _ => {}
        }
        if let Some(content) = content {
            self.check_echo(index, content);
        }
        let copies = match (message, self.scenario.sabotage) {
            (ServerMessage::Update(_), Some(Sabotage::LostUpdate)) if self.rng.chance(10) => 0,
            (ServerMessage::Awareness(_), Some(Sabotage::SilentPresence)) => 0,
            (ServerMessage::Accepted, Some(Sabotage::DoubledAcknowledgement))
                if self.rng.chance(10) =>
            {
                2
            }
            _ => 1,
        };
        for _ in 0..copies {
            self.put(index, message.clone(), inbox);
        }
    }

    fn put(&mut self, index: usize, message: ServerMessage, inbox: &mut VecDeque<Input>) {
        match self.links[index].push(message) {
            Pushed::Kept => {}
            Pushed::StartsLagging => inbox.push_back(Input::Lagging(PeerId(index as u64))),
            Pushed::Overflow => self.after(0, Event::ServerNotices(index)),
        }
        let delay = self.delay();
        let link = &mut self.links[index];
        if !link.delivering && !link.severed && !link.outbox.is_empty() {
            link.delivering = true;
            let delay = delay.max(link.reading_ms);
            self.after(delay, Event::Deliver(index));
        }
    }

    fn close(&mut self, peer: PeerId) {
        let Some(index) = self.link(peer).filter(|link| self.links[*link].joined) else {
            self.broken(format!("{peer:?} is closed but not here"));
            return;
        };
        self.links[index].joined = false;
        self.links[index].severed = true;
        let delay = self.delay();
        self.after(delay, Event::ClientNotices(index));
    }

    fn append(&mut self, seq: AppendSeq, update: Bytes, inbox: &mut VecDeque<Input>) {
        if !self.store.begin(seq, update) {
            self.broken(format!("{seq:?} is ordered while it is on its way"));
        }
        let limits = &self.scenario.limits;
        if self.store.bytes_under_way() > limits.undurable_bytes_max + limits.update_bytes_max {
            self.broken("more bytes undurable than the limit".into());
        }
        if self.scenario.sabotage == Some(Sabotage::EarlyAppended) {
            inbox.push_back(Input::Appended(seq, Ok(())));
        }
        // One log, in order; waiting appends are committed together.
        self.store_free_at = self.store_free_at.max(self.now + self.store_delay());
        self.at(self.store_free_at, Event::AppendDone(self.incarnation));
    }

    pub(super) fn append_done(&mut self, incarnation: u64) {
        if incarnation != self.incarnation {
            return;
        }
        let sabotage = self.scenario.sabotage;
        let fails = self.store_fails();
        // What failed may be on the disk all the same.
        let forgets = sabotage == Some(Sabotage::ForgottenAppend) && self.rng.chance(10);
        let durable = (!fails || self.rng.chance(20)) && !forgets;
        let Some(seq) = self.store.end(durable) else {
            return;
        };
        if sabotage == Some(Sabotage::EarlyAppended) {
            return;
        }
        let result = if fails {
            Err(AppendError::Unavailable(away()))
        } else {
            Ok(())
        };
        self.tell(Input::Appended(seq, result));
    }

    pub(super) fn load_done(&mut self, incarnation: u64) {
        if incarnation != self.incarnation {
            return;
        }
        self.loading = false;
        if self.store_fails() {
            self.tell(Input::Loaded(Err(OpenError::Unavailable(away()))));
            return;
        }
        match load(&self.store.read().0, &self.scenario.limits) {
            Ok(document) => self.tell(Input::Loaded(Ok(document))),
            Err(error) => self.broken(format!("what was stored does not load: {error}")),
        }
    }

    pub(super) fn snapshot_read(&mut self, incarnation: u64) {
        if incarnation != self.incarnation {
            return;
        }
        let (parts, basis) = self.store.read();
        match condense(&parts) {
            Ok(condensed) => {
                let delay = self.store_delay();
                self.after(delay, Event::SnapshotPut(incarnation, condensed, basis));
            }
            Err(error) => self.broken(format!("what was stored does not compact: {error}")),
        }
    }

    pub(super) fn snapshot_put(&mut self, incarnation: u64, condensed: Condensed, basis: &Basis) {
        if incarnation != self.incarnation {
            return;
        }
        if self.store_fails() {
            self.tell(Input::SnapshotStored(Err(SnapshotError::Unavailable(
                away(),
            ))));
            return;
        }
        let Condensed { body, image } = condensed;
        self.store.put_snapshot(body, basis, &mut self.rng);
        self.check_store("after a snapshot", false);
        self.tell(Input::SnapshotStored(Ok(image)));
    }

    pub(super) fn condensed(&mut self, incarnation: u64) {
        if incarnation != self.incarnation {
            return;
        }
        if self.store_fails() {
            self.tell(Input::Condensed(Err(SnapshotError::Unavailable(away()))));
            return;
        }
        match condense(&self.store.read().0) {
            Ok(condensed) => self.tell(Input::Condensed(Ok(condensed.image))),
            Err(error) => self.broken(format!("what was stored does not condense: {error}")),
        }
    }

    pub(super) fn memory_short(&mut self) {
        if self.session.is_some() {
            self.tell(Input::MemoryShort);
        }
    }

    pub(super) fn version_read(&mut self, incarnation: u64, wanted: VersionWanted) {
        if incarnation != self.incarnation {
            return;
        }
        if self.store_fails() {
            self.tell(Input::VersionStored(Err(
                SnapshotError::Unavailable(away()),
            )));
            return;
        }
        match chronicle(&self.store.read().0, wanted.before_ms) {
            Ok(_) => self.tell(Input::VersionStored(Ok(()))),
            Err(error) => self.broken(format!("what was stored has no history: {error}")),
        }
    }

    pub(super) fn woke(&mut self, at: u64) {
        if self.wakeup != Some(at) {
            return;
        }
        self.wakeup = None;
        if self.wakes_at_once.0 != self.now {
            self.wakes_at_once = (self.now, 0);
        }
        self.wakes_at_once.1 += 1;
        if self.wakes_at_once.1 > WAKES_AT_ONCE_MAX {
            self.broken("the session wants to be woken again and again".into());
            return;
        }
        self.tell(Input::Woke);
    }

    fn schedule_wakeup(&mut self) {
        let wanted = self.session.as_ref().and_then(Session::next_wakeup);
        let wanted = wanted.map(|at| at.0.max(self.now));
        if wanted != self.wakeup {
            self.wakeup = wanted;
            if let Some(at) = wanted {
                self.at(at, Event::Woke(at));
            }
        }
    }

    fn stop(&mut self) {
        if self.links.iter().any(|link| link.joined) {
            self.broken("the session stops while somebody is here".into());
        }
        if self.store.bytes_under_way() > 0 {
            self.broken("the session stops before everything is durable".into());
        }
        self.forget_session();
    }

    pub(super) fn forget_session(&mut self) {
        self.session = None;
        self.incarnation += 1;
        self.loading = false;
        self.wakeup = None;
        self.store_free_at = 0;
    }

    fn check_session(&mut self) {
        let here = self.links.iter().filter(|link| link.joined).count();
        let known = self.session.as_ref().map_or(here, Session::peers);
        if known != here {
            self.broken(format!("{here} peers are here, the session knows {known}"));
        }
    }

    /// A frame of a socket is said to be durable: is it? Published clients count answers and do not
    /// care for their order, so any unanswered frame that is durable will do.
    fn check_accepted(&mut self, index: usize) {
        if self.links[index].unanswered.is_empty() {
            self.broken(format!("link {index}: an acknowledgement of nothing"));
            return;
        }
        let frames = &self.links[index].unanswered;
        let durable = frames
            .iter()
            .position(|frame| frame.content.as_ref().is_some_and(|it| self.is_durable(it)));
        let Some(at) = durable else {
            let stored = self.restored().map(|replica| Content::of_doc(&replica.doc));
            self.broken(format!(
                "link {index}: acknowledged but not durable: one of {frames:?} in {stored:?}"
            ));
            return;
        };
        self.summary.acknowledged += 1;
        let frame = self.links[index].unanswered.remove(at);
        if let Some(content) = frame.and_then(|frame| frame.content) {
            self.acknowledged.merge(&content);
        }
        if self.rng.chance(4) {
            self.check_store("at an acknowledgement", false);
        }
    }

    /// Deletions may follow from merging alone (a value that lost against a concurrent one, a child
    /// of a deleted parent) and then stand in no update: the store itself is asked in case of doubt.
    fn is_durable(&self, content: &Content) -> bool {
        let durable = self.store.durable();
        let known = durable.inserts.reaches(&content.inserts)
            && durable.inserts.reaches(&content.deletes)
            && durable.deletes.covers(&content.deletes);
        known
            || self
                .restored()
                .is_ok_and(|replica| Content::of_doc(&replica.doc).covers(content))
    }

    fn check_refused(&mut self, index: usize, why: &str) {
        let client = &self.clients[self.links[index].client];
        let writer = client.access == unisson_session::Access::ReadWrite && !client.hostile;
        let frames = &self.links[index].unanswered;
        // Whichever the store does not have is the one that was refused.
        let durable = self.store.durable();
        let missing = |frame: &Frame| frame.content.as_ref().is_none_or(|it| !durable.covers(it));
        let unreadable = frames.iter().position(|frame| frame.content.is_none());
        let at = unreadable
            .or_else(|| frames.iter().rposition(missing))
            .unwrap_or(0);
        if self.links[index].unanswered.remove(at).is_none() {
            self.broken(format!("link {index}: a refusal of nothing"));
        } else if writer && self.scenario.hostile == 0 {
            self.broken(format!("link {index}: an honest edit was refused: {why}"));
        }
    }

    /// For a y-websocket client, its own edit coming back means "saved".
    fn check_echo(&mut self, index: usize, content: &Content) {
        let client = &self.clients[self.links[index].client];
        if client.kind != Kind::YWebsocket || client.hostile {
            return;
        }
        // Others may bring what it wrote in an earlier life: only this connection's edits count.
        let own = content.inserts.common(&self.links[index].sent);
        if !self.store.durable().inserts.covers(&own) {
            self.broken(format!("link {index}: echoed but not durable: {own:?}"));
        }
    }

    fn link(&self, peer: PeerId) -> Option<usize> {
        usize::try_from(peer.0)
            .ok()
            .filter(|index| *index < self.links.len())
    }
}
