//! The thread behind the committer: it makes segments out of full logs and collects garbage.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;

use crate::{
    AppendError,
    frame::LogEntry,
    garbage,
    ledger::{self, Record},
    merge,
    names::EpochKey,
    objects::{ObjectError, Objects},
    segment::{self, Footer},
    shared::{Mode, SealJob, SealedLog, Shared, lock},
};

const RETRY_FIRST: Duration = Duration::from_millis(500);
const RETRY_LAST: Duration = Duration::from_secs(15);

enum Step {
    Seal(Arc<SealJob>),
    CollectGarbage,
    End(Mode),
}

/// What runs the sealer's requests.
pub(crate) enum Driver {
    /// A runtime of its own.
    Own(tokio::runtime::Runtime),
    /// The caller's: connections to an object store live there.
    Callers(tokio::runtime::Handle),
}

impl Driver {
    pub(crate) fn own() -> std::io::Result<Self> {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().map(Self::Own)
    }

    fn run<F: Future>(&self, work: F) -> F::Output {
        match self {
            Self::Own(runtime) => runtime.block_on(work),
            Self::Callers(handle) => handle.block_on(work),
        }
    }
}

/// Runs until the committer ended and its logs are sealed.
pub(crate) fn run(shared: &Shared, driver: &Driver) {
    let mut last_garbage = Instant::now();
    let mut delay = Duration::ZERO;
    loop {
        match next_step(shared, last_garbage, delay) {
            Step::Seal(job) => match driver.run(seal_unless_abandoned(shared, &job)) {
                Ok(()) => delay = Duration::ZERO,
                Err(error) => {
                    tracing::error!(%error, "a log could not be sealed; it is kept");
                    shared.note_error(&error.to_string(), matches!(error, ObjectError::Full));
                    shared.update_status(|status| status.is_failing = true);
                    delay = (delay * 2).clamp(RETRY_FIRST, RETRY_LAST);
                    if let Some(Mode::Closing) = closing(shared) {
                        return close(shared, Err(refusal(&error)));
                    }
                }
            },
            Step::CollectGarbage => {
                if let Err(error) = driver.run(garbage::collect(shared)) {
                    tracing::error!(%error, "garbage collection stopped");
                    shared.note_error(&error.to_string(), false);
                }
                remove_sealed_logs(shared, shared.settings.log_keep_ms);
                last_garbage = Instant::now();
            }
            Step::End(Mode::Closing) => {
                remove_sealed_logs(shared, 0);
                return close(shared, driver.run(leave(shared)));
            }
            Step::End(_) => {
                return close(
                    shared,
                    Err(AppendError::Unavailable("not closed".to_owned())),
                );
            }
        }
    }
}

fn closing(shared: &Shared) -> Option<Mode> {
    lock(&shared.seal).ended
}

/// The last thing that a process says to its store.
pub(crate) async fn leave(shared: &Shared) -> Result<(), AppendError> {
    let left = async {
        if shared.settings.is_shared() {
            merge::merge(shared).await?;
        }
        write_heads(shared).await
    };
    left.await.map_err(|error: ObjectError| refusal(&error))
}

fn refusal(error: &ObjectError) -> AppendError {
    match error {
        ObjectError::Full => AppendError::Full,
        other => AppendError::Unavailable(other.to_string()),
    }
}

/// Lets another process have the data folder, then answers those who wait for the end.
pub(crate) fn close(shared: &Shared, result: Result<(), AppendError>) {
    lock(&shared.lock_file).take();
    shared.closed.send_if_modified(|closed| {
        let first = closed.is_none();
        closed.get_or_insert(result);
        first
    });
}

fn next_step(shared: &Shared, last_garbage: Instant, mut delay: Duration) -> Step {
    let interval = match shared.settings.is_shared() {
        // The keeper does it.
        true => Duration::ZERO,
        false => Duration::from_millis(shared.settings.garbage_interval_ms),
    };
    let mut queue = lock(&shared.seal);
    loop {
        match (queue.ended, queue.jobs.front()) {
            (Some(Mode::Abandoned), _) => return Step::End(Mode::Abandoned),
            (Some(_), Some(job)) => return Step::Seal(Arc::clone(job)),
            (Some(mode), None) => return Step::End(mode),
            (None, Some(job)) if delay.is_zero() => return Step::Seal(Arc::clone(job)),
            (None, _) => {}
        }
        let garbage_in = interval.saturating_sub(last_garbage.elapsed());
        if !interval.is_zero() && garbage_in.is_zero() {
            return Step::CollectGarbage;
        }
        let waiting = if queue.jobs.is_empty() {
            Duration::from_secs(3600)
        } else {
            delay
        };
        let wait = if interval.is_zero() {
            waiting
        } else {
            waiting.min(garbage_in)
        };
        let before = Instant::now();
        let waited = shared.seal_ready.wait_timeout(queue, wait);
        queue = waited.unwrap_or_else(std::sync::PoisonError::into_inner).0;
        delay = delay.saturating_sub(before.elapsed());
    }
}

/// Whoever lets the store go does not wait for an object store that does not answer.
async fn seal_unless_abandoned(shared: &Shared, job: &SealJob) -> Result<(), ObjectError> {
    tokio::select! {
        sealed = seal_job(shared, job) => sealed,
        () = shared.until_abandoned() => Err(ObjectError::Other("not closed".to_owned())),
    }
}

async fn seal_job(shared: &Shared, job: &SealJob) -> Result<(), ObjectError> {
    let sealed = seal(&shared.objects, &job.key, &job.entries, shared.now_ms()).await;
    lock(&shared.seal).full = matches!(sealed, Err(ObjectError::Full));
    let footer = sealed?;
    lock(&shared.index).add_segment(&footer);
    if shared.settings.is_shared() {
        lock(&shared.recent).push(footer, job.entries.clone(), job.bytes);
    }
    lock(&shared.sealed_logs).push_back(SealedLog {
        path: job.path.clone(),
        bytes: job.bytes,
        sealed: Instant::now(),
    });
    remove_sealed_logs(shared, shared.settings.log_keep_ms);
    shared.update_status(|status| {
        status.unsealed_bytes = status.unsealed_bytes.saturating_sub(job.bytes);
        status.segments_sealed += 1;
        status.is_failing = false;
    });
    lock(&shared.seal).jobs.pop_front();
    Ok(())
}

/// Makes a durable segment, read back and compared.
pub(crate) async fn seal(
    objects: &Objects,
    key: &EpochKey,
    entries: &[LogEntry],
    created_ms: u64,
) -> Result<Footer, ObjectError> {
    let (bytes, footer) = segment::encode(key, entries, created_ms)
        .map_err(|problem| ObjectError::Other(problem.to_string()))?;
    objects
        .put_verified(&footer.id.object(), Bytes::from(bytes))
        .await?;
    Ok(footer)
}

/// Removes sealed logs that were kept for long enough, or that take too much space.
fn remove_sealed_logs(shared: &Shared, keep_ms: u64) {
    let keep = Duration::from_millis(keep_ms);
    let mut logs = lock(&shared.sealed_logs);
    let mut bytes: u64 = logs.iter().map(|log| log.bytes).sum();
    while let Some(log) = logs.pop_front_if(|log| {
        log.sealed.elapsed() >= keep || bytes > shared.settings.log_keep_bytes_max
    }) {
        bytes -= log.bytes;
        remove_log(&log.path);
    }
}

/// A log that stays by mistake is only sealed again, so failing is no error.
pub(crate) fn remove_log(path: &Path) {
    if let Err(error) = std::fs::remove_file(path) {
        tracing::warn!(%error, "a sealed log was not removed");
    }
}

/// Notes in the ledger how far each epoch went.
pub(crate) async fn write_heads(shared: &Shared) -> Result<(), ObjectError> {
    let heads = {
        let index = lock(&shared.index);
        let heads = index.heads();
        index.ledger.heads.missing_from(&heads).map(|_| heads)
    };
    match heads {
        Some(heads) => {
            write_record(
                shared,
                Record {
                    heads,
                    ..Record::default()
                },
            )
            .await
        }
        None => Ok(()),
    }
}

async fn write_record(shared: &Shared, record: Record) -> Result<(), ObjectError> {
    let mut files = shared.records.lock().await;
    write_record_locked(shared, &mut files, record).await
}

/// Makes a ledger record durable and known; merges the records when they have become many.
pub(crate) async fn write_record_locked(
    shared: &Shared,
    files: &mut ledger::Files,
    mut record: Record,
) -> Result<(), ObjectError> {
    if shared.settings.is_shared() {
        // Other nodes may have replaced some, or added theirs.
        *files = ledger::Files::of(&shared.looks.seen.lock().await.records);
    }
    if files.live.len() >= ledger::RECORDS_MAX {
        record.merge(&lock(&shared.index).ledger);
        // Those that were replaced and are still there too: a node that has not seen by what may
        // name them just now.
        record.replaces = files.live.clone();
        record.replaces.extend(files.replaced.keys().cloned());
    } else {
        record.requires = files.live.clone();
    }
    let bytes = record
        .encode()
        .map_err(|problem| ObjectError::Other(problem.to_string()))?;
    let node = shared.began.node.clone();
    let id = ledger::RecordId {
        ulid: shared.settings.environment.ulid(),
        node,
    };
    shared
        .objects
        .put_verified(&ledger::record_object(&id), bytes.into())
        .await?;
    lock(&shared.index).add_record(&record);
    if !record.replaces.is_empty() {
        let replaced = std::mem::take(&mut files.live).into_iter();
        files
            .replaced
            .extend(replaced.map(|replaced| (replaced, id.created_ms())));
    }
    files.live.insert(id.clone());
    if shared.settings.is_shared() {
        shared.looks.seen.lock().await.note(id, record);
    }
    Ok(())
}
