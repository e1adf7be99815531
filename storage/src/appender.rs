//! One document's way to the log, and the way of the answers back.
//!
//! Answers are put down for a whole batch before anybody is woken, and a document that has
//! answers waiting is not woken again: one wake for each document and batch.

use std::{
    fmt,
    future::poll_fn,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Instant,
};

use bytes::Bytes;
use futures_util::task::AtomicWaker;

use crate::{
    AppendError,
    names::DocId,
    shared::{Shared, lock},
    tombstone::TombstoneId,
};

/// What became of one append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The number that [`Appender::append`] was given.
    pub ticket: u64,
    /// `Ok`: it is on stable storage.
    pub result: Result<(), AppendError>,
}

/// Appends updates to one document, as it is when this is made: after an erasure it takes another
/// appender to write to a new document of the same name. What is queued goes its way when the appender is dropped;
/// only the answers are gone.
pub struct Appender {
    shared: Arc<Shared>,
    line: Arc<Line>,
}

/// What an appender and its queued updates share: name and id are worked out once.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) name: Arc<str>,
    pub(crate) id: DocId,
    /// The document's newest tombstone when it was opened for this.
    opened_after: Option<TombstoneId>,
    /// As many as updates were queued; the queue's limit bounds them.
    answers: Mutex<Vec<Appended>>,
    reader: AtomicWaker,
}

impl Line {
    /// Puts an answer down; says whether its reader must be woken for it.
    fn put(&self, answer: Appended) -> bool {
        let mut answers = lock(&self.answers);
        answers.push(answer);
        answers.len() == 1
    }
}

/// An update that waits for the disk. Whatever happens to it, it is answered exactly once.
#[derive(Debug)]
pub(crate) struct Pending {
    line: Arc<Line>,
    ticket: u64,
    pub(crate) update: Bytes,
    pub(crate) queued: Instant,
    answered: bool,
}

impl Pending {
    pub(crate) fn name(&self) -> &Arc<str> {
        &self.line.name
    }

    pub(crate) fn id(&self) -> DocId {
        self.line.id
    }

    pub(crate) fn opened_after(&self) -> Option<&TombstoneId> {
        self.line.opened_after.as_ref()
    }

    /// What it counts for in the queue's limit; an empty update is not free.
    pub(crate) fn weight(&self) -> usize {
        self.update.len() + self.line.name.len() + size_of::<Self>()
    }

    pub(crate) fn answer(mut self, result: Result<(), AppendError>) {
        if self.put(result) {
            self.line.reader.wake();
        }
    }

    fn put(&mut self, result: Result<(), AppendError>) -> bool {
        self.answered = true;
        let ticket = self.ticket;
        self.line.put(Appended { ticket, result })
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.answered {
            let ended = AppendError::Unavailable("the store ended".to_owned());
            if self.put(Err(ended)) {
                self.line.reader.wake();
            }
        }
    }
}

/// Takes a batch off the queue's count, notes what became of it, and answers it. `in_flight` is the
/// oldest update that is neither queued nor answered then, `unsealed_bytes` what the log has grown by.
pub(crate) fn finish(
    shared: &Shared,
    batch: Vec<Pending>,
    in_flight: Option<Instant>,
    unsealed_bytes: u64,
    result: Result<(), &AppendError>,
) {
    let weight: usize = batch.iter().map(Pending::weight).sum();
    let mut queue = lock(&shared.queue);
    queue.weight = queue.weight.saturating_sub(weight);
    queue.count = queue.count.saturating_sub(batch.len());
    let waiting = queue.items.front().map(|pending| pending.queued);
    drop(queue);
    let mut figures = lock(&shared.figures);
    figures.oldest = in_flight.or(waiting);
    let status = &mut figures.status;
    if result.is_ok() {
        status.is_full = false;
        status.appended_count += batch.len() as u64;
        status.appended_bytes += batch.iter().map(|p| p.update.len() as u64).sum::<u64>();
        status.unsealed_bytes += unsealed_bytes;
        batch
            .iter()
            .for_each(|pending| status.append.record(pending.queued.elapsed()));
    } else {
        status.refused_count += batch.len() as u64;
    }
    drop(figures);
    answer(batch, result);
}

/// Answers a whole batch, then wakes those who have not been woken for an earlier answer.
pub(crate) fn answer(batch: Vec<Pending>, result: Result<(), &AppendError>) {
    let mut readers = Vec::new();
    for mut pending in batch {
        if pending.put(result.map_err(Clone::clone)) {
            readers.push(Arc::clone(&pending.line));
        }
    }
    for line in readers {
        line.reader.wake();
    }
}

impl Appender {
    pub(crate) fn new(shared: Arc<Shared>, name: &str) -> Self {
        let id = DocId::of(name);
        let line = Line {
            name: Arc::from(name),
            id,
            opened_after: shared.newest_tombstone(id),
            answers: Mutex::default(),
            reader: AtomicWaker::new(),
        };
        Self {
            shared,
            line: Arc::new(line),
        }
    }

    /// Queues one update. It is in the log's order as soon as this returns; its answer, in
    /// [`Appender::appended`], carries the ticket.
    pub fn append(&self, ticket: u64, update: Bytes) {
        self.shared.enqueue(Pending {
            line: Arc::clone(&self.line),
            ticket,
            update,
            queued: Instant::now(),
            answered: false,
        });
    }

    /// The answers that came since the last call, at least one. Cancelling loses none. One task
    /// at a time may wait.
    pub async fn appended(&self) -> Vec<Appended> {
        poll_fn(|context| self.poll_appended(context)).await
    }

    fn poll_appended(&self, context: &mut Context<'_>) -> Poll<Vec<Appended>> {
        // First the waker, then the look: an answer in between is seen now or wakes.
        self.line.reader.register(context.waker());
        let answers = std::mem::take(&mut *lock(&self.line.answers));
        if answers.is_empty() {
            Poll::Pending
        } else {
            Poll::Ready(answers)
        }
    }
}

impl fmt::Debug for Appender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Appender")
            .field("name", &self.line.name)
            .finish_non_exhaustive()
    }
}
