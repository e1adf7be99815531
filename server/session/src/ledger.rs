//! What is accepted but not durable yet, and the answers that wait for it.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use crate::{AppendError, AppendSeq, EditId, Effect, Millis, PeerId};

/// First and longest pause before failed appends are ordered again.
const RETRY_MS: u64 = 250;
const RETRY_MS_MAX: u64 = 5_000;

/// What a peer is told once everything up to now is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// One frame of the peer is durable.
    Accepted(PeerId),
    /// The peer's own update comes back.
    Echo(PeerId, Bytes),
    /// An edit of the server's own is durable.
    Edited(EditId),
}

impl Answer {
    pub(crate) fn peer(&self) -> Option<PeerId> {
        match self {
            Self::Accepted(peer) | Self::Echo(peer, _) => Some(*peer),
            Self::Edited(_) => None,
        }
    }
}

#[derive(Debug)]
struct InFlight {
    update: Bytes,
    since: Millis,
    failed: bool,
}

/// Appends in flight, in order, and the answers behind them.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    last: AppendSeq,
    in_flight: BTreeMap<AppendSeq, InFlight>,
    answers: VecDeque<(AppendSeq, Answer)>,
    bytes: usize,
    failures: u32,
    retry_at: Option<Millis>,
    failing_since: Option<Millis>,
}

impl Ledger {
    pub(crate) fn is_empty(&self) -> bool {
        self.in_flight.is_empty()
    }

    /// Bytes that are accepted and not durable.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn oldest(&self) -> Option<Millis> {
        self.in_flight.values().map(|append| append.since).min()
    }

    /// Since when the store has not taken anything.
    pub(crate) fn failing_since(&self) -> Option<Millis> {
        self.failing_since
    }

    pub(crate) fn retry_at(&self) -> Option<Millis> {
        self.retry_at
    }

    /// Orders an append.
    pub(crate) fn append(&mut self, now: Millis, update: Bytes) -> Effect {
        self.last = AppendSeq(self.last.0 + 1);
        self.bytes += update.len();
        let append = InFlight {
            update: update.clone(),
            since: now,
            failed: false,
        };
        self.in_flight.insert(self.last, append);
        Effect::Append(self.last, update)
    }

    /// Promises an answer for when all that is in flight now is durable; gives it back where
    /// nothing is in flight.
    pub(crate) fn promise(&mut self, answer: Answer) -> Option<Answer> {
        if self.in_flight.is_empty() {
            return Some(answer);
        }
        self.answers.push_back((self.last, answer));
        None
    }

    /// Takes the outcome of an append; gives the answers that are due.
    pub(crate) fn appended(
        &mut self,
        now: Millis,
        seq: AppendSeq,
        result: &Result<(), AppendError>,
    ) -> Vec<Answer> {
        match result {
            Ok(()) => {
                if let Some(append) = self.in_flight.remove(&seq) {
                    self.bytes -= append.update.len();
                }
                self.failures = 0;
                self.failing_since = None;
                let failed = self.in_flight.values().any(|append| append.failed);
                self.retry_at = failed.then_some(now);
            }
            Err(AppendError::Unavailable(_)) => {
                if let Some(append) = self.in_flight.get_mut(&seq) {
                    append.failed = true;
                    self.failing_since.get_or_insert(now);
                    if self.retry_at.is_none() {
                        let pause = RETRY_MS.saturating_mul(1 << self.failures.min(10));
                        self.retry_at = Some(now + pause.min(RETRY_MS_MAX));
                        self.failures = self.failures.saturating_add(1);
                    }
                }
            }
        }
        self.due()
    }

    /// Orders failed appends again, if it is time.
    pub(crate) fn retry(&mut self, now: Millis) -> Vec<Effect> {
        if self.retry_at.is_none_or(|at| at > now) {
            return Vec::new();
        }
        self.retry_at = None;
        let failed = self
            .in_flight
            .iter_mut()
            .filter(|(_, append)| append.failed);
        failed
            .map(|(seq, append)| {
                append.failed = false;
                Effect::Append(*seq, append.update.clone())
            })
            .collect()
    }

    /// The updates that a peer is to get back once they are durable.
    pub(crate) fn unechoed(&self, peer: PeerId) -> impl Iterator<Item = &Bytes> {
        self.answers
            .iter()
            .filter_map(move |(_, answer)| match answer {
                Answer::Echo(author, update) if *author == peer => Some(update),
                _ => None,
            })
    }

    /// Drops what was promised to a peer that has gone.
    pub(crate) fn forget(&mut self, peer: PeerId) {
        self.answers
            .retain(|(_, answer)| answer.peer() != Some(peer));
    }

    fn due(&mut self) -> Vec<Answer> {
        let first = self.in_flight.keys().next().copied();
        let mut due = Vec::new();
        while let Some((seq, answer)) = self.answers.pop_front() {
            if first.is_some_and(|first| first <= seq) {
                self.answers.push_front((seq, answer));
                break;
            }
            due.push(answer);
        }
        due
    }
}
