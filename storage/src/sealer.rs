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

/// Runs until the committer ended and its logs are sealed.
pub(crate) fn run(shared: &Shared) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return shared.stop(&format!("the sealer did not start: {error}")),
    };
    let mut last_garbage = Instant::now();
    let mut delay = Duration::ZERO;
    loop {
        match next_step(shared, last_garbage, delay) {
            Step::Seal(job) => match runtime.block_on(seal_job(shared, &job)) {
                Ok(()) => delay = Duration::ZERO,
                Err(error) => {
                    tracing::error!(%error, "a log could not be sealed; it is kept");
                    shared.note_error(&error.to_string(), matches!(error, ObjectError::Full));
                    delay = (delay * 2).clamp(RETRY_FIRST, RETRY_LAST);
                    if let Some(Mode::Closing) = closing(shared) {
                        return close(shared, Err(refusal(&error)));
                    }
                }
            },
            Step::CollectGarbage => {
                if let Err(error) = runtime.block_on(garbage::collect(shared)) {
                    tracing::error!(%error, "garbage collection stopped");
                    shared.note_error(&error.to_string(), false);
                }
                remove_sealed_logs(shared, shared.settings.log_keep_ms);
                last_garbage = Instant::now();
            }
            Step::End(Mode::Closing) => {
                remove_sealed_logs(shared, 0);
                let heads = runtime.block_on(write_heads(shared));
                return close(shared, heads.map_err(|error| refusal(&error)));
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

fn refusal(error: &ObjectError) -> AppendError {
    match error {
        ObjectError::Full => AppendError::Full,
        other => AppendError::Unavailable(other.to_string()),
    }
}

/// Lets another process have the data folder, then answers those who wait for the end.
fn close(shared: &Shared, result: Result<(), AppendError>) {
    lock(&shared.lock_file).take();
    shared.closed.send_if_modified(|closed| {
        let first = closed.is_none();
        closed.get_or_insert(result);
        first
    });
}

fn next_step(shared: &Shared, last_garbage: Instant, mut delay: Duration) -> Step {
    let interval = Duration::from_millis(shared.settings.garbage_interval_ms);
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

async fn seal_job(shared: &Shared, job: &SealJob) -> Result<(), ObjectError> {
    let sealed = seal(
        &shared.objects,
        &shared.epoch,
        &job.entries,
        shared.now_ms(),
    )
    .await;
    lock(&shared.seal).full = matches!(sealed, Err(ObjectError::Full));
    let footer = sealed?;
    lock(&shared.index).add_segment(&footer);
    lock(&shared.sealed_logs).push_back(SealedLog {
        path: job.path.clone(),
        bytes: job.bytes,
        sealed: Instant::now(),
    });
    remove_sealed_logs(shared, shared.settings.log_keep_ms);
    shared.update_status(|status| {
        status.unsealed_bytes = status.unsealed_bytes.saturating_sub(job.bytes);
        status.segments_sealed += 1;
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
    if files.live.len() >= ledger::RECORDS_MAX {
        record.merge(&lock(&shared.index).ledger);
        record.replaces = files.live.clone();
    } else {
        record.requires = files.live.clone();
    }
    let bytes = record
        .encode()
        .map_err(|problem| ObjectError::Other(problem.to_string()))?;
    let node = shared.epoch.node.clone();
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
    files.live.insert(id);
    Ok(())
}
