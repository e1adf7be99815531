//! The one thread that writes the open log: group commit.
//!
//! After a pause a batch is written at once. While commits follow one another, each waits until
//! `commit_interval_ms` after the one before has begun, and takes what has gathered by then: a
//! sync costs the same for one update and for a hundred.

use std::{
    path::PathBuf,
    sync::{Arc, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    AppendError,
    appender::{self, Pending},
    epochs, frame,
    frame::LogEntry,
    log_file::{LogError, LogWriter, is_full},
    names::{EpochKey, log_object},
    shared::{Mode, Queue, SealJob, SealedLog, Shared, Sleep, lock},
};

pub(crate) struct Committer {
    shared: Arc<Shared>,
    /// The epoch of the open log.
    key: EpochKey,
    log: LogWriter,
    next: u64,
    /// What the open log holds.
    entries: Vec<LogEntry>,
    /// When the first of them came.
    started: Option<Instant>,
    /// When the last batch was begun.
    committed: Option<Instant>,
}

enum Step {
    Write(Vec<Pending>),
    Seal,
    End(Mode),
}

/// The store may not be trusted any more; the reason.
struct Fatal(String);

impl Committer {
    /// Creates the first log of the epoch.
    pub(crate) fn new(shared: Arc<Shared>) -> Result<Self, LogError> {
        let key = shared.began.clone();
        let log = create_log(&shared, &key, 1)?;
        Ok(Self {
            shared,
            key,
            log,
            next: 1,
            entries: Vec::new(),
            started: None,
            committed: None,
        })
    }

    /// Runs until the store is closed or cannot go on.
    pub(crate) fn run(mut self) {
        let ended = loop {
            let outcome = match self.next_step() {
                Step::Write(batch) => self.write(batch),
                Step::Seal => self
                    .rotate()
                    .map_err(|Fatal(problem)| self.fail(Vec::new(), problem)),
                Step::End(mode) => break self.end(mode),
            };
            if outcome.is_err() {
                break Mode::Abandoned;
            }
        };
        lock(&self.shared.seal).ended = Some(ended);
        self.shared.seal_ready.notify_all();
    }

    fn next_step(&self) -> Step {
        let settings = &self.shared.settings;
        let mut queue = lock(&self.shared.queue);
        loop {
            if !queue.items.is_empty() {
                let wait = self.not_before(&queue);
                if wait.is_zero() {
                    return Step::Write(take_batch(&mut queue, settings.batch_bytes_max));
                }
                queue = self.sleep(queue, Sleep::FullBatch, wait);
                continue;
            }
            if queue.mode != Mode::Running {
                return Step::End(queue.mode);
            }
            let age = Duration::from_millis(settings.seal_age_ms.max(1));
            let wait = match self
                .started
                .map(|started| age.saturating_sub(started.elapsed()))
            {
                None => Duration::from_secs(3600),
                // While an older log waits for its segment this one goes on.
                Some(Duration::ZERO) if !lock(&self.shared.seal).jobs.is_empty() => age,
                Some(Duration::ZERO) => return Step::Seal,
                Some(left) => left,
            };
            queue = self.sleep(queue, Sleep::Update, wait);
        }
    }

    /// How long the next commit has to wait. A full batch and a store that closes do not wait.
    fn not_before(&self, queue: &Queue) -> Duration {
        let settings = &self.shared.settings;
        if queue.mode != Mode::Running || queue.weight >= settings.batch_bytes_max {
            return Duration::ZERO;
        }
        let interval = Duration::from_millis(settings.commit_interval_ms);
        self.committed.map_or(Duration::ZERO, |committed| {
            interval.saturating_sub(committed.elapsed())
        })
    }

    fn sleep<'a>(
        &self,
        mut queue: MutexGuard<'a, Queue>,
        sleep: Sleep,
        wait: Duration,
    ) -> MutexGuard<'a, Queue> {
        queue.sleep = sleep;
        let waited = self.shared.queue_ready.wait_timeout(queue, wait);
        let mut queue = waited.unwrap_or_else(PoisonError::into_inner).0;
        queue.sleep = Sleep::No;
        queue
    }

    fn write(&mut self, batch: Vec<Pending>) -> Result<(), Fatal> {
        if self.log.good_bytes >= self.shared.settings.seal_bytes
            && let Err(Fatal(problem)) = self.rotate()
        {
            return Err(self.fail(batch, problem));
        }
        let batch = match self.admit(batch)? {
            batch if batch.is_empty() => return Ok(()),
            batch => batch,
        };
        if let Some(error) = self.backlog_refusal() {
            self.finish(batch, 0, Err(&error));
            return Ok(());
        }
        let started = Instant::now();
        self.committed = Some(started);
        lock(&self.shared.figures).oldest = batch.first().map(|pending| pending.queued);
        let pairs: Vec<_> = batch
            .iter()
            .map(|p| (Arc::clone(p.name()), p.update.clone()))
            .collect();
        let (frame, entries) = frame::encode(&self.log.header, self.next, &pairs);
        drop(pairs);
        match self.log.append(&frame) {
            Ok(()) => {
                self.next += entries.len() as u64;
                let ids = batch.iter().map(Pending::id);
                lock(&self.shared.index).commit(&entries, ids);
                self.started.get_or_insert(started);
                self.entries.extend(entries);
                let mut figures = lock(&self.shared.figures);
                figures.status.sync.record(started.elapsed());
                figures.status.last_sync_us = started.elapsed().as_micros() as u64;
                drop(figures);
                self.finish(batch, frame.len() as u64, Ok(()));
                Ok(())
            }
            Err(LogError::Write(error)) => {
                let problem = format!("the log could not be written: {error}");
                let refusal = self.refusal(&error, problem);
                self.finish(batch, 0, Err(&refusal));
                Ok(())
            }
            Err(LogError::Sync(error)) => {
                let problem = sync_problem(&self.log.path, &error);
                Err(self.fail(batch, problem))
            }
        }
    }

    /// Stops first and answers after, so that nobody acts on an answer before the process ends.
    fn fail(&self, batch: Vec<Pending>, problem: String) -> Fatal {
        self.shared.stop(&problem);
        self.finish(batch, 0, Err(&AppendError::Unavailable(problem.clone())));
        Fatal(problem)
    }

    /// What of a batch may be written. A name that is free again takes a new epoch; where that
    /// cannot begin, only what needs it is refused.
    fn admit(&mut self, batch: Vec<Pending>) -> Result<Vec<Pending>, Fatal> {
        let admitted = epochs::admit(&self.shared, batch);
        if !admitted.refused.is_empty() {
            let erased = AppendError::Unavailable("the document was erased".to_owned());
            self.finish(admitted.refused, 0, Err(&erased));
        }
        if !admitted.needs_epoch {
            return Ok(admitted.taken);
        }
        match self.begin_epoch() {
            Ok(()) => Ok(admitted.taken),
            Err(LogError::Write(error)) => {
                let problem = format!("no log of a new epoch: {error}");
                let refusal = self.refusal(&error, problem);
                let (others, too_late) = epochs::without_too_late(&self.shared, admitted.taken);
                self.finish(too_late, 0, Err(&refusal));
                Ok(others)
            }
            Err(LogError::Sync(error)) => {
                let problem = sync_problem(&self.log.path, &error);
                Err(self.fail(admitted.taken, problem))
            }
        }
    }

    /// Notes that nothing was written, and says why.
    fn refusal(&self, error: &std::io::Error, problem: String) -> AppendError {
        let full = is_full(error);
        self.shared.note_error(&problem, full);
        match full {
            true => AppendError::Full,
            false => AppendError::Unavailable(problem),
        }
    }

    fn begin_epoch(&mut self) -> Result<(), LogError> {
        self.log.finish()?;
        let drawn = self.shared.settings.environment.ulid();
        let key = lock(&self.shared.index).draw_epoch(drawn);
        let log = create_log(&self.shared, &key, 1)?;
        let old = std::mem::replace(&mut self.log, log);
        if self.entries.is_empty() {
            lock(&self.shared.sealed_logs).push_back(SealedLog {
                path: old.path,
                bytes: 0,
                sealed: Instant::now(),
            });
        } else {
            self.hand_over(old);
        }
        self.next = 1;
        self.key = key.clone();
        let now_ms = self.shared.now_ms();
        lock(&self.shared.index).begin_epoch(key, now_ms);
        Ok(())
    }

    fn backlog_refusal(&self) -> Option<AppendError> {
        let unsealed = lock(&self.shared.figures).status.unsealed_bytes;
        if unsealed <= self.shared.settings.unsealed_bytes_max {
            return None;
        }
        Some(if lock(&self.shared.seal).full {
            AppendError::Full
        } else {
            AppendError::Unavailable("segments cannot be written".to_owned())
        })
    }

    fn finish(&self, batch: Vec<Pending>, frame_bytes: u64, result: Result<(), &AppendError>) {
        appender::finish(&self.shared, batch, None, frame_bytes, result);
    }

    /// Hands the open log to the sealer and begins another. Without space for a new file the
    /// old one stays in use.
    fn rotate(&mut self) -> Result<(), Fatal> {
        if self.entries.is_empty() {
            return Ok(());
        }
        let next = self
            .log
            .finish()
            .and_then(|()| create_log(&self.shared, &self.key, self.next));
        match next {
            Ok(log) => {
                let old = std::mem::replace(&mut self.log, log);
                self.hand_over(old);
                Ok(())
            }
            Err(LogError::Write(error)) => {
                self.shared
                    .note_error(&format!("no new log: {error}"), is_full(&error));
                // The next attempt is one seal age away.
                self.started = Some(Instant::now());
                Ok(())
            }
            Err(LogError::Sync(error)) => Err(Fatal(sync_problem(&self.log.path, &error))),
        }
    }

    fn hand_over(&mut self, old: LogWriter) {
        let entries = std::mem::take(&mut self.entries);
        let bytes = old.good_bytes - frame::HEADER_BYTES as u64;
        self.started = None;
        lock(&self.shared.seal).jobs.push_back(Arc::new(SealJob {
            key: self.key.clone(),
            path: old.path,
            entries,
            bytes,
        }));
        self.shared.seal_ready.notify_all();
    }

    fn end(&mut self, mode: Mode) -> Mode {
        if mode == Mode::Abandoned {
            return mode;
        }
        if self.entries.is_empty() {
            let _ = std::fs::remove_file(&self.log.path);
            return mode;
        }
        let bytes = self.log.good_bytes - frame::HEADER_BYTES as u64;
        let entries = std::mem::take(&mut self.entries);
        let job = SealJob {
            key: self.key.clone(),
            path: self.log.path.clone(),
            entries,
            bytes,
        };
        lock(&self.shared.seal).jobs.push_back(Arc::new(job));
        mode
    }
}

fn take_batch(queue: &mut Queue, bytes_max: usize) -> Vec<Pending> {
    let (mut batch, mut bytes) = (Vec::new(), 0);
    while let Some(next) = queue.items.front() {
        bytes += next.weight();
        if !batch.is_empty() && bytes > bytes_max {
            break;
        }
        batch.extend(queue.items.pop_front());
    }
    batch
}

fn create_log(shared: &Shared, key: &EpochKey, first: u64) -> Result<LogWriter, LogError> {
    let path: PathBuf = shared.settings.dir.join(log_object(key, first));
    let files = shared.settings.environment.log_files.as_ref();
    let created = LogWriter::create(files, path.clone(), key.epoch, first);
    if created.is_err() {
        // An unfinished file is harmless to recovery; this only tidies up.
        let _ = std::fs::remove_file(path);
    }
    created
}

fn sync_problem(path: &std::path::Path, error: &std::io::Error) -> String {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    format!("fsync of the log {file} failed ({error}): what is durable is unknown")
}
