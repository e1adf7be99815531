//! Writes straight to the object store: one segment for all documents, one request for each.
//!
//! At most two requests are under way. Each is made again, with the same bytes under the same
//! name, until it succeeds; answers go out in the order of the numbers, so that nothing is called
//! durable while something before it is not.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream::FuturesOrdered};

use crate::{
    AppendError,
    appender::{self, Pending},
    epochs::{self, Admitted},
    frame::LogEntry,
    names::EpochKey,
    objects::ObjectError,
    retry::backoff,
    sealer, segment,
    segment::{Footer, Making},
    shared::{Mode, Shared, lock},
};

/// While one request is answered another may travel; more would only widen what a crash leaves.
const IN_FLIGHT_MAX: usize = 2;
/// A request that takes longer is made again.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// So many updates make a request worth its price.
const UPDATES_PER_FLUSH: u64 = 50;

/// How long updates gather: short when many come, so that the store sees a steady number of
/// requests and many authors wait little; long when few come.
pub(crate) fn gather_ms(before_ms: u64, updates: u64, min_ms: u64, max_ms: u64) -> u64 {
    let wanted = before_ms.saturating_mul(UPDATES_PER_FLUSH) / updates.max(1);
    // Halfway, so that one burst or one pause does not swing it.
    (before_ms.midpoint(wanted)).clamp(min_ms, max_ms.max(min_ms))
}

/// One request's outcome.
struct Flushed {
    batch: Vec<Pending>,
    entries: Vec<LogEntry>,
    started: Instant,
    result: Result<(Footer, u64), String>,
}

type Flush = Pin<Box<dyn Future<Output = Flushed> + Send>>;

pub(crate) struct Flusher {
    shared: Arc<Shared>,
    /// The epoch of what is under way.
    key: EpochKey,
    next: u64,
    /// All entries up to this one are durable.
    durable: u64,
    in_flight: FuturesOrdered<Flush>,
    in_flight_weight: usize,
    gather: Duration,
    /// The ages of what is under way.
    oldest: VecDeque<Instant>,
    /// When the oldest update in the queue was first seen.
    since: Option<tokio::time::Instant>,
    /// A flush was given up: nothing after it is answered well.
    given_up: Option<String>,
    /// What comes next takes a new epoch, which begins when nothing is under way.
    waits_for_epoch: bool,
}

enum Due {
    Now,
    At(tokio::time::Instant),
    /// When something comes.
    Later,
    End(Mode),
}

impl Flusher {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let gather = Duration::from_millis(shared.settings.flush_ms_min);
        Self {
            key: shared.began.clone(),
            shared,
            next: 1,
            durable: 0,
            in_flight: FuturesOrdered::new(),
            in_flight_weight: 0,
            gather,
            oldest: VecDeque::new(),
            since: None,
            given_up: None,
            waits_for_epoch: false,
        }
    }

    /// Runs until the store is closed or let go.
    pub(crate) async fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let mode = loop {
            let due = self.due();
            if let (Due::End(mode), true) = (&due, self.in_flight.is_empty()) {
                break *mode;
            }
            let under_way = self.in_flight.len();
            let may_start = under_way == 0 || (under_way < IN_FLIGHT_MAX && !self.waits_for_epoch);
            let woken = async {
                match due {
                    Due::Now => {}
                    Due::At(at) => {
                        tokio::select! {
                            () = tokio::time::sleep_until(at) => {}
                            () = shared.queued.notified() => {}
                        }
                    }
                    Due::Later => shared.queued.notified().await,
                    Due::End(_) => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(flushed) = self.in_flight.next() => self.answer(flushed),
                () = woken, if may_start => {
                    if matches!(self.due(), Due::Now) {
                        self.start();
                    }
                }
            }
        };
        self.end(mode).await;
    }

    fn due(&mut self) -> Due {
        let queue = lock(&self.shared.queue);
        if queue.items.is_empty() {
            self.since = None;
            return match queue.mode {
                Mode::Running => Due::Later,
                mode => Due::End(mode),
            };
        }
        let waiting = queue.weight.saturating_sub(self.in_flight_weight);
        let since = *self.since.get_or_insert_with(tokio::time::Instant::now);
        let at = since + self.gather;
        let is_full = waiting >= self.shared.settings.batch_bytes_max;
        if queue.mode != Mode::Running || is_full || at <= tokio::time::Instant::now() {
            Due::Now
        } else {
            Due::At(at)
        }
    }

    /// Takes the next batch on its way.
    fn start(&mut self) {
        let batch = self.take_batch();
        let Some(batch) = self.admit(batch) else {
            return;
        };
        let settings = &self.shared.settings;
        let gathered = self
            .since
            .take()
            .map_or(0, |s| s.elapsed().as_millis() as u64);
        let ms = gather_ms(
            gathered.max(settings.flush_ms_min),
            batch.len() as u64,
            settings.flush_ms_min,
            settings.flush_ms_max,
        );
        self.gather = Duration::from_millis(ms);
        if let Some(refusal) = self.refusal() {
            self.finish(batch, Err(&refusal));
            return;
        }
        let weight: usize = batch.iter().map(Pending::weight).sum();
        self.in_flight_weight += weight;
        self.oldest.extend(batch.first().map(|p| p.queued));
        lock(&self.shared.figures).oldest = self.oldest.front().copied();
        let entries = entries_of(self.next, &batch);
        self.next += entries.len() as u64;
        let (shared, key, durable) = (Arc::clone(&self.shared), self.key.clone(), self.durable);
        self.in_flight.push_back(Box::pin(async move {
            let started = Instant::now();
            let (entries, result) = store(&shared, key, entries, durable).await;
            Flushed {
                batch,
                entries,
                started,
                result,
            }
        }));
    }

    fn take_batch(&self) -> Vec<Pending> {
        let mut queue = lock(&self.shared.queue);
        let (mut batch, mut weight) = (Vec::new(), 0);
        while let Some(pending) = queue.items.front() {
            weight += pending.weight();
            if weight > self.shared.settings.batch_bytes_max && !batch.is_empty() {
                break;
            }
            batch.extend(queue.items.pop_front());
        }
        batch
    }

    /// What of a batch may be written; a name that is free again takes a new epoch.
    fn admit(&mut self, batch: Vec<Pending>) -> Option<Vec<Pending>> {
        let Admitted {
            taken,
            refused,
            needs_epoch,
        } = epochs::admit(&self.shared, batch);
        if !refused.is_empty() {
            let erased = AppendError::Unavailable("the document was erased".to_owned());
            self.finish(refused, Err(&erased));
        }
        self.waits_for_epoch = needs_epoch && !self.in_flight.is_empty();
        if self.waits_for_epoch {
            let mut queue = lock(&self.shared.queue);
            for pending in taken.into_iter().rev() {
                queue.items.push_front(pending);
            }
            return None;
        }
        if needs_epoch {
            self.begin_epoch();
        }
        (!taken.is_empty()).then_some(taken)
    }

    fn begin_epoch(&mut self) {
        let drawn = self.shared.settings.environment.ulid();
        let now_ms = self.shared.now_ms();
        let mut index = lock(&self.shared.index);
        let key = index.draw_epoch(drawn);
        index.begin_epoch(key.clone(), now_ms);
        drop(index);
        (self.key, self.next, self.durable) = (key, 1, 0);
    }

    fn refusal(&self) -> Option<AppendError> {
        if let Some(problem) = &self.given_up {
            return Some(AppendError::Unavailable(problem.clone()));
        }
        let unmerged = lock(&self.shared.recent).bytes;
        let over = unmerged > self.shared.settings.unsealed_bytes_max;
        over.then(|| AppendError::Unavailable("segments cannot be merged".to_owned()))
    }

    fn answer(&mut self, flushed: Flushed) {
        let weight: usize = flushed.batch.iter().map(Pending::weight).sum();
        self.in_flight_weight = self.in_flight_weight.saturating_sub(weight);
        self.oldest.pop_front();
        let result = match (&self.given_up, flushed.result) {
            (None, result) => result,
            // What comes after a loss stays unacknowledged, though the store has it.
            (Some(problem), _) => Err(problem.clone()),
        };
        let (footer, bytes) = match result {
            Ok(stored) => stored,
            Err(problem) => {
                let refusal = AppendError::Unavailable(problem.clone());
                self.given_up = Some(problem);
                return self.finish(flushed.batch, Err(&refusal));
            }
        };
        self.durable = footer.id.last;
        let ids = flushed.batch.iter().map(Pending::id);
        lock(&self.shared.index).commit(&flushed.entries, ids);
        lock(&self.shared.recent).push(footer, flushed.entries, bytes);
        self.shared.update_status(|status| {
            status.sync.record(flushed.started.elapsed());
            status.last_sync_us = flushed.started.elapsed().as_micros() as u64;
            status.is_failing = false;
        });
        self.finish(flushed.batch, Ok(()));
    }

    fn finish(&self, batch: Vec<Pending>, result: Result<(), &AppendError>) {
        let in_flight = self.oldest.front().copied();
        appender::finish(&self.shared, batch, in_flight, 0, result);
    }

    async fn end(self, mode: Mode) {
        let unavailable = |problem: String| Err(AppendError::Unavailable(problem));
        let result = match (mode, self.given_up) {
            (Mode::Closing, None) => sealer::leave(&self.shared).await,
            (_, Some(problem)) => unavailable(problem),
            (_, None) => unavailable("not closed".to_owned()),
        };
        sealer::close(&self.shared, result);
    }
}

/// Numbers the updates. They are copied together: a slice of a socket's buffer would hold all of
/// it until the segment is merged.
fn entries_of(first: u64, batch: &[Pending]) -> Vec<LogEntry> {
    let bytes = batch.iter().map(|pending| pending.update.len()).sum();
    let mut all = BytesMut::with_capacity(bytes);
    batch
        .iter()
        .for_each(|pending| all.extend_from_slice(&pending.update));
    let mut all: Bytes = all.freeze();
    let numbered = batch.iter().zip(first..);
    let entries = numbered.map(|(pending, seq)| LogEntry {
        seq,
        name: Arc::clone(pending.name()),
        update: all.split_to(pending.update.len()),
    });
    entries.collect()
}

type Stored = (Vec<LogEntry>, Result<(Footer, u64), String>);

/// Stores one segment, however often it takes.
async fn store(shared: &Shared, key: EpochKey, entries: Vec<LogEntry>, durable: u64) -> Stored {
    let created_ms = shared.now_ms();
    let for_segment = entries.clone();
    let made = tokio::task::spawn_blocking(move || {
        segment::make(&Making {
            key: &key,
            entries: &for_segment,
            created_ms,
            merged: false,
            durable: Some(durable),
        })
    });
    let (bytes, footer) = match made.await {
        Ok(Ok((bytes, footer))) => (Bytes::from(bytes), footer),
        Ok(Err(problem)) => return (entries, Err(problem.to_string())),
        Err(error) => return (entries, Err(error.to_string())),
    };
    let stored = put_until_stored(shared, &footer.id.object(), bytes.clone()).await;
    (entries, stored.map(|()| (footer, bytes.len() as u64)))
}

/// While the store is open this ends only with success.
async fn put_until_stored(shared: &Shared, object: &str, bytes: Bytes) -> Result<(), String> {
    let mut failures = 0;
    loop {
        let put = shared.objects.put(object, bytes.clone());
        let error = match tokio::time::timeout(ATTEMPT_TIMEOUT, put).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error,
            Err(_) => ObjectError::Other(format!("{object}: no answer in time")),
        };
        failures += 1;
        tracing::warn!(%error, failures, "edits could not be stored; trying again");
        shared.note_error(&error.to_string(), matches!(error, ObjectError::Full));
        shared.update_status(|status| status.is_failing = true);
        if lock(&shared.queue).mode != Mode::Running {
            return Err(error.to_string());
        }
        shared.objects.retried();
        tokio::select! {
            () = tokio::time::sleep(backoff(failures, (shared.settings.environment.random)())) => {}
            () = shared.until_abandoned() => return Err(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(updates_per_second: u64) -> u64 {
        (0..20).fold(250, |ms, _| {
            gather_ms(ms, (ms * updates_per_second / 1000).max(1), 250, 2_000)
        })
    }

    #[test]
    fn few_updates_gather_for_long_and_many_for_a_short_time() {
        assert_eq!(settled(4), 2_000, "one person typing");
        assert_eq!(settled(2_000), 250, "five hundred people typing");
        assert!((1_000..2_000).contains(&settled(35)), "{}", settled(35));
    }
}
