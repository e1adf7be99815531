//! Updates: who sent what, who is told, and who is asked again.

use bytes::Bytes;
use unisson_history::{Author, Written, entry};
use unisson_protocol::{Access, CloseReason, ServerMessage, scan};

use super::{Ask, Session, send};
use crate::{
    Effects, Millis, PeerId,
    answers::Answer as Shared,
    document::{Applied, Refusal, Released, Unanswered, WaitingId},
    ledger::Answer,
};

/// The shortest pause between two questions to one peer about what is missing.
const GAP_ASK_MS: u64 = 2_000;
/// The longest pause between two rounds of questions.
const GAP_ASK_MS_MAX: u64 = 60_000;
/// The update (format v1) that says nothing.
const NOTHING: &[u8] = &[0, 0];
/// How many questions to one peer may be unanswered.
const ASKS_MAX: usize = 64;

/// When to ask again about updates that wait for missing ones.
#[derive(Debug, Default)]
pub(super) struct GapTimer {
    due: Option<Millis>,
    pause_ms: u64,
}

impl GapTimer {
    pub(super) fn next_wakeup(&self) -> Option<Millis> {
        self.due
    }

    pub(super) fn start(&mut self, now: Millis) {
        if self.due.is_none() {
            self.pause_ms = GAP_ASK_MS;
            self.due = Some(now + self.pause_ms);
        }
    }

    /// Whether it is time; if so the next time is twice as far.
    fn rings(&mut self, now: Millis) -> bool {
        let rings = self.due.is_some_and(|due| due <= now);
        if rings {
            self.pause_ms = (self.pause_ms * 2).min(GAP_ASK_MS_MAX);
            self.due = Some(now + self.pause_ms);
        }
        rings
    }

    fn stop(&mut self) {
        self.due = None;
    }
}

impl Session {
    pub(super) fn sync_step1(
        &mut self,
        now: Millis,
        id: PeerId,
        state_vector: &Bytes,
        effects: &mut Effects,
    ) {
        self.cooling.answered(now);
        // What it wrote itself comes back when it is durable, and not in an answer before.
        let question = match self.ledger.unechoed(id).next() {
            None => state_vector.clone(),
            Some(_) => self.with_unechoed(id, state_vector.clone()),
        };
        if self
            .peers
            .get(&id)
            .is_some_and(|here| here.lagging.is_some())
        {
            // It gets no updates now, and so not those behind a full answer either.
            self.document.forget_answers();
        }
        let answer = match self.document.answer(&question) {
            Ok(answer) => answer,
            Err(Unanswered::Malformed) => {
                return self.close(now, id, CloseReason::Malformed, effects);
            }
            // The session ends when it settles.
            Err(Unanswered::Damaged) => return,
        };
        let Some(here) = self.peers.get_mut(&id) else {
            return;
        };
        // A peer that was greeted has been asked already; the others are asked now.
        if !here.peer.greets {
            if here.asks.len() >= ASKS_MAX {
                self.close(now, id, CloseReason::Reset, effects);
                return;
            }
            here.asks.push_back(Ask::Handshake);
            effects.push(send(
                id,
                ServerMessage::SyncStep1(self.document.state_vector()),
            ));
        }
        self.send_answer(id, answer, effects);
    }

    /// One `SyncStep2`, after which the peer has everything: where edits have come since the answer
    /// was encoded, answer and edits go before it as updates.
    pub(super) fn send_answer(&self, id: PeerId, answer: Shared, effects: &mut Effects) {
        let Shared { body, tail } = answer;
        if tail.is_empty() {
            effects.push(send(id, ServerMessage::SyncStep2(body)));
            return;
        }
        let updates = std::iter::once(body).chain(tail);
        effects.extend(updates.map(|update| send(id, ServerMessage::Update(update))));
        effects.push(send(
            id,
            ServerMessage::SyncStep2(Bytes::from_static(NOTHING)),
        ));
    }

    pub(super) fn sync_step2(
        &mut self,
        now: Millis,
        id: PeerId,
        update: Bytes,
        effects: &mut Effects,
    ) {
        let Some(here) = self.peers.get_mut(&id) else {
            return;
        };
        let counted = here.asks.pop_front() != Some(Ask::Gap);
        if here.peer.access == Access::ReadOnly {
            if counted {
                self.answer_reader(id, &update, effects);
            }
            return;
        }
        self.write(
            now,
            Write {
                id,
                update,
                counted,
                answers_sync: true,
            },
            effects,
        );
    }

    pub(super) fn update(&mut self, now: Millis, id: PeerId, update: Bytes, effects: &mut Effects) {
        let readonly = self
            .peers
            .get(&id)
            .is_none_or(|here| here.peer.access == Access::ReadOnly);
        if readonly {
            self.refuse(id, true, "read-only".into(), effects);
            return;
        }
        self.write(
            now,
            Write {
                id,
                update,
                counted: true,
                answers_sync: false,
            },
            effects,
        );
    }

    /// A reader that has nothing new to say is in order; anything new is refused.
    fn answer_reader(&mut self, id: PeerId, update: &Bytes, effects: &mut Effects) {
        let scan = scan::update_v1(update).ok();
        // Where a cold document cannot tell, what is repeated is not known to be new.
        let known = scan.filter(|scan| self.document.contains(scan).unwrap_or(false));
        let counts = self
            .peers
            .get(&id)
            .is_some_and(|here| !here.peer.wants_echo);
        match known {
            None => self.refuse(id, true, "read-only".into(), effects),
            Some(_) if !counts => {}
            Some(scan) if scan.is_empty() => effects.push(send(id, ServerMessage::Accepted)),
            // What it repeats may be somebody's edit that is not durable yet.
            Some(_) => self.promise(Some(Answer::Accepted(id)), effects),
        }
    }

    fn refuse(&self, id: PeerId, counted: bool, reason: String, effects: &mut Effects) {
        if counted {
            effects.push(send(id, ServerMessage::Refused(reason)));
        }
    }

    fn write(&mut self, now: Millis, write: Write, effects: &mut Effects) {
        let Write {
            id,
            update,
            counted,
            answers_sync,
        } = write;
        let outcome = match self.admit(&update) {
            Ok(scan) => {
                let inserts = !scan.inserts.is_empty();
                self.document
                    .apply(update.clone(), scan)
                    .map(|applied| (applied, inserts))
                    .map_err(|refusal| match refusal {
                        // The session ends when it settles: nobody is told that it was the edit.
                        Refusal::Damaged(_) => None,
                        refusal => Some(refusal.to_string()),
                    })
            }
            Err(reason) => Err(Some(reason)),
        };
        let (applied, inserts) = match outcome {
            Ok(outcome) => outcome,
            Err(Some(reason)) => return self.refuse(id, counted, reason, effects),
            Err(None) => return,
        };
        // An answer to SyncStep1 repeats all deletions ever: it is echoed only if it says more.
        let news = !matches!(applied, Applied::Integrated(None));
        let echo = !answers_sync || inserts || news;
        let answer = self.answer_for(id, &update, counted, echo);
        match applied {
            Applied::Integrated(new) => {
                if let Some(new) = new {
                    self.keep(now, id, &new, effects);
                    self.broadcast(now, &[id], new.clone(), effects);
                    self.release_waiting(now, effects);
                    self.met_filling(now, &new, effects);
                }
                self.promise(answer, effects);
            }
            Applied::Waiting(waiting, part) => {
                self.hold(now, id, waiting, &update, answer, effects);
                if let Some(part) = part {
                    self.broadcast(now, &[id], part, effects);
                    self.release_waiting(now, effects);
                }
                self.ask_about_gap(now, id, effects);
            }
            Applied::NoRoom(part) => {
                if let Some(part) = part {
                    self.keep(now, id, &part, effects);
                    self.broadcast(now, &[id], part, effects);
                }
                let reason = "too many updates wait for missing ones";
                self.refuse(id, counted, reason.into(), effects);
                self.ask_about_gap(now, id, effects);
            }
        }
    }

    /// Checks an update against the limits before the CRDT sees it.
    pub(super) fn admit(&mut self, update: &Bytes) -> Result<scan::UpdateScan, String> {
        let limits = &self.limits;
        if update.len() > limits.update_bytes_max {
            return Err(format!(
                "the update has {} bytes; the limit is {}",
                update.len(),
                limits.update_bytes_max
            ));
        }
        let scan = scan::update_v1(update).map_err(|error| format!("malformed update: {error}"))?;
        let grows = !scan.inserts.is_empty();
        if self.document.bytes() + update.len() > limits.document_bytes_max
            || self.document.nested_types() + scan.nested > limits.nested_types_max
        {
            self.document.measure();
        }
        if grows && self.document.bytes() + update.len() > limits.document_bytes_max {
            return Err(format!(
                "the document would exceed its limit of {} bytes",
                limits.document_bytes_max
            ));
        }
        if self.document.nested_types() + scan.nested > limits.nested_types_max {
            return Err(format!(
                "the document would exceed its limit of {} nested types",
                limits.nested_types_max
            ));
        }
        if self.ledger.bytes() + update.len() > limits.undurable_bytes_max.max(update.len())
            && self.ledger.failing_since().is_some()
        {
            return Err(super::STORE_UNAVAILABLE.into());
        }
        Ok(scan)
    }

    fn answer_for(&self, id: PeerId, update: &Bytes, counted: bool, echo: bool) -> Option<Answer> {
        let here = self.peers.get(&id)?;
        if here.peer.wants_echo {
            echo.then(|| Answer::Echo(id, update.clone()))
        } else {
            counted.then_some(Answer::Accepted(id))
        }
    }

    /// Logs an update that does not change the document yet.
    fn hold(
        &mut self,
        now: Millis,
        id: PeerId,
        waiting: WaitingId,
        update: &Bytes,
        answer: Option<Answer>,
        effects: &mut Effects,
    ) {
        if !self.waiting.contains_key(&waiting) {
            self.keep(now, id, update, effects);
        }
        self.waiting.entry(waiting).or_default().extend(answer);
        self.gap.start(now);
    }

    fn keep(&mut self, now: Millis, id: PeerId, update: &Bytes, effects: &mut Effects) {
        let here = self.peers.get(&id);
        let author = here.map(|here| here.peer.author()).unwrap_or_default();
        self.keep_as(now, author, update, effects);
    }

    /// Logs an update together with who brought it and when.
    pub(super) fn keep_as(
        &mut self,
        now: Millis,
        author: Author,
        update: &Bytes,
        effects: &mut Effects,
    ) {
        let at_ms = self.unix_zero_ms.saturating_add(now.0);
        effects.extend(self.versions.edited(now, at_ms, &self.limits));
        let entry = entry::seal(&Written { author, at_ms }, update);
        self.last_edit = now;
        self.cooling.edited();
        self.log_updates += 1;
        self.log_bytes += entry.len();
        effects.push(self.ledger.append(now, entry));
    }

    pub(super) fn promise(&mut self, answer: Option<Answer>, effects: &mut Effects) {
        let due = answer.and_then(|answer| self.ledger.promise(answer));
        self.answer(due, effects);
    }

    /// Something has come: perhaps what others waited for.
    pub(super) fn release_waiting(&mut self, now: Millis, effects: &mut Effects) {
        if !self.document.has_waiting() {
            return;
        }
        for Released { id, complete, new } in self.document.release() {
            // What waited is in the log already. It is news to all but those who sent it: they
            // have it, and for some of them its return would say "durable".
            if let Some(new) = new {
                let answers = self.waiting.get(&id).into_iter().flatten();
                let authors: Vec<PeerId> = answers.filter_map(Answer::peer).collect();
                self.broadcast(now, &authors, new, effects);
            }
            if complete {
                for answer in self.waiting.remove(&id).into_iter().flatten() {
                    self.promise(Some(answer), effects);
                }
            }
        }
        if !self.document.has_waiting() {
            self.gap.stop();
        }
    }

    fn ask_about_gap(&mut self, now: Millis, id: PeerId, effects: &mut Effects) {
        let Some(here) = self.peers.get_mut(&id) else {
            return;
        };
        let recently = here.gap_asked.is_some_and(|asked| asked + GAP_ASK_MS > now);
        if recently || here.asks.len() >= ASKS_MAX {
            return;
        }
        here.gap_asked = Some(now);
        here.asks.push_back(Ask::Gap);
        effects.push(send(
            id,
            ServerMessage::SyncStep1(self.document.state_vector()),
        ));
    }

    /// Asks those whose updates wait, again and again, ever more slowly.
    pub(super) fn ask_about_gaps(&mut self, now: Millis, effects: &mut Effects) {
        if !self.gap.rings(now) {
            return;
        }
        let mut authors: Vec<PeerId> = self
            .waiting
            .values()
            .flatten()
            .filter_map(Answer::peer)
            .collect();
        authors.sort_unstable();
        authors.dedup();
        for author in authors {
            self.ask_about_gap(now, author, effects);
        }
    }
}

/// An update of a peer that may write.
struct Write {
    id: PeerId,
    update: Bytes,
    /// The peer counts on an answer.
    counted: bool,
    /// It came as `SyncStep2`.
    answers_sync: bool,
}
