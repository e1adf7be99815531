//! The only place where a session's orders become IO, and the store's answers become facts.

use std::{collections::VecDeque, future::poll_fn, pin::Pin, sync::Arc, task::Poll};

use bytes::Bytes;
use futures_util::{StreamExt, stream::FuturesUnordered};
use unisson_protocol::DocName;
use unisson_session::{
    AppendError, AppendSeq, Condensed, Image, LoadedDocument, OpenError, SnapshotError,
    VersionWanted, condense, load,
};
use unisson_storage::{Appended, Appender, Basis, Seen, StoreError};

use crate::{
    crdt,
    following::{self, Unread},
    registry::Shared,
    trash,
    versions::{self, HistoryError},
};

/// From so many stored bytes on, loading is counted as heavy work.
const LARGE_BYTES: usize = 256 << 10;

/// What became of an order.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Of a load.
    Loaded(Box<Result<(LoadedDocument, Seen), OpenError>>),
    /// Of an append.
    Appended(AppendSeq, Result<(), AppendError>),
    /// Of a snapshot.
    SnapshotStored(Result<Option<Image>, SnapshotError>),
    /// Of a reading back.
    Condensed(Result<Option<Image>, SnapshotError>),
    /// Of a version.
    VersionStored(Result<(), SnapshotError>),
    /// Of a look at what other servers wrote.
    News(Vec<Bytes>, Seen),
    /// Another server has erased the document.
    Erased,
}

type Order = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// The orders of one document that are under way.
pub(crate) struct Io {
    name: DocName,
    shared: Arc<Shared>,
    orders: FuturesUnordered<Order>,
    appender: Appender,
    /// Answers of one commit; the store gives them together.
    appended: VecDeque<Appended>,
    /// What the session knows of what other servers wrote; nothing before it is open.
    seen: Option<Seen>,
    follows: Follows,
}

/// How it stands with what other servers wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Follows {
    Idle,
    Reading,
    /// More has come since the reading began.
    ReadingAgain,
}

impl Io {
    pub(crate) fn new(name: DocName, shared: Arc<Shared>) -> Self {
        Self {
            appender: shared.store.appender(name.as_str()),
            appended: VecDeque::new(),
            seen: None,
            follows: Follows::Idle,
            name,
            shared,
            orders: FuturesUnordered::new(),
        }
    }

    /// The next outcome; pending while nothing is under way. Cancelling loses nothing.
    pub(crate) async fn next(&mut self) -> Outcome {
        if let Some(answer) = self.appended.pop_front() {
            return outcome_of(answer);
        }
        let ready = {
            let mut answers = std::pin::pin!(self.appender.appended());
            let orders = &mut self.orders;
            let ready = poll_fn(|context| {
                if let Poll::Ready(answers) = answers.as_mut().poll(context) {
                    return Poll::Ready(Ok(answers));
                }
                match orders.poll_next_unpin(context) {
                    Poll::Ready(Some(outcome)) => Poll::Ready(Err(outcome)),
                    Poll::Ready(None) | Poll::Pending => Poll::Pending,
                }
            });
            ready.await
        };
        match ready {
            Err(outcome) => self.noted(outcome),
            Ok(answers) => {
                self.appended.extend(answers);
                let first = self.appended.pop_front();
                outcome_of(first.expect("answers come at least one at a time"))
            }
        }
    }

    /// Keeps in mind what the session is about to know.
    fn noted(&mut self, outcome: Outcome) -> Outcome {
        let seen = match &outcome {
            Outcome::Loaded(result) => match result.as_ref() {
                Ok((_, seen)) => seen,
                Err(_) => return outcome,
            },
            Outcome::News(_, seen) => seen,
            _ => return outcome,
        };
        self.seen = Some(seen.clone());
        if std::mem::replace(&mut self.follows, Follows::Idle) == Follows::ReadingAgain {
            self.read_news();
        }
        outcome
    }

    /// Other servers have written to the document. One reading at a time; it goes on until it
    /// succeeds.
    pub(crate) fn read_news(&mut self) {
        let seen = match (&self.seen, self.follows) {
            (Some(seen), Follows::Idle) => seen.clone(),
            _ => {
                self.follows = Follows::ReadingAgain;
                return;
            }
        };
        self.follows = Follows::Reading;
        let (name, shared) = (self.name.clone(), self.shared.clone());
        self.order(async move {
            loop {
                match following::read(&name, &shared, &seen).await {
                    Ok((updates, seen)) => return Outcome::News(updates, seen),
                    Err(Unread::Erased) => return Outcome::Erased,
                    Err(Unread::Failed(problem)) => tracing::warn!(
                        document = %name,
                        problem,
                        "what other servers wrote could not be read; trying again"
                    ),
                }
                tokio::time::sleep(following::RETRY).await;
            }
        });
    }

    pub(crate) fn load(&self) {
        let (name, shared) = (self.name.clone(), self.shared.clone());
        self.order(async move {
            let result = read_and_load(&name, &shared).await;
            match &result {
                Err(OpenError::Trashed) => tracing::debug!(document = %name, "it is in the trash"),
                Err(error) => tracing::error!(document = %name, %error, "document does not open"),
                Ok(_) => {}
            }
            Outcome::Loaded(Box::new(result))
        });
    }

    pub(crate) fn append(&self, seq: AppendSeq, update: Bytes) {
        // In the log's order here and now; only the answer is left for later.
        self.appender.append(seq.0, update);
    }

    pub(crate) fn store_snapshot(&self) {
        let (name, shared) = (self.name.clone(), self.shared.clone());
        self.order(async move {
            let result = read_and_store(&name, &shared).await;
            if let Err(error) = &result {
                shared.metrics.snapshots_failed.inc();
                tracing::warn!(document = %name, %error, "snapshot was not stored");
            }
            Outcome::SnapshotStored(result)
        });
    }

    pub(crate) fn condense(&self) {
        let (name, shared) = (self.name.clone(), self.shared.clone());
        self.order(async move {
            let _permit = shared.compactions.acquire().await;
            let result = read_and_condense(&name, &shared).await;
            if let Err(error) = &result {
                tracing::warn!(document = %name, %error, "document was not read back");
            }
            Outcome::Condensed(result.map(|(condensed, _)| condensed.image))
        });
    }

    pub(crate) fn store_version(&self, wanted: VersionWanted) {
        let (name, shared) = (self.name.clone(), self.shared.clone());
        self.order(async move {
            let result = versions::keep_wanted(&name, &shared, wanted).await;
            if let Err(error) = &result {
                shared.metrics.versions_failed.inc();
                tracing::warn!(document = %name, %error, "version was not kept");
            }
            Outcome::VersionStored(result.map_err(|error| match error {
                HistoryError::Unavailable(problem) => SnapshotError::Unavailable(problem),
                error => SnapshotError::Damaged(error.to_string()),
            }))
        });
    }

    fn order(&self, order: impl Future<Output = Outcome> + Send + 'static) {
        self.orders.push(Box::pin(order));
    }
}

async fn read_and_load(
    name: &DocName,
    shared: &Shared,
) -> Result<(LoadedDocument, Seen), OpenError> {
    let _permit = shared.loads.acquire().await;
    match trash::entry(shared, name).await {
        Ok(None) => {}
        Ok(Some(_)) => return Err(OpenError::Trashed),
        Err(HistoryError::Unavailable(problem)) => return Err(OpenError::Unavailable(problem)),
        Err(error) => return Err(OpenError::Damaged(error.to_string())),
    }
    let stored = shared
        .store
        .read(name.as_str())
        .await
        .map_err(|error| match error {
            StoreError::Unavailable(problem) => OpenError::Unavailable(problem),
            error @ StoreError::Damaged { .. } => OpenError::Damaged(error.to_string()),
            error @ StoreError::Erased { .. } => OpenError::Erased(error.to_string()),
        })?;
    let (parts, basis) = crdt::parts(stored);
    let limits = shared.settings.limits.clone();
    // Small documents do not wait behind large ones for a processor.
    let _heavy = match parts
        .snapshots
        .iter()
        .chain(&parts.updates)
        .map(Bytes::len)
        .sum()
    {
        LARGE_BYTES.. => Some(shared.heavy.acquire().await),
        0..LARGE_BYTES => None,
    };
    let loaded = crdt::run(move || load(&parts, &limits)).await;
    let seen = Seen::from(&basis);
    loaded
        .map(|loaded| (loaded, seen))
        .map_err(OpenError::Damaged)
}

async fn read_and_condense(
    name: &DocName,
    shared: &Shared,
) -> Result<(Condensed, Basis), SnapshotError> {
    let stored = shared.store.read(name.as_str()).await.map_err(failed)?;
    let (parts, basis) = crdt::parts(stored);
    let condensed = crdt::run(move || condense(&parts)).await;
    Ok((condensed.map_err(SnapshotError::Damaged)?, basis))
}

async fn read_and_store(name: &DocName, shared: &Shared) -> Result<Option<Image>, SnapshotError> {
    let _permit = shared.compactions.acquire().await;
    let (condensed, basis) = read_and_condense(name, shared).await?;
    let stored = shared
        .store
        .put_snapshot(name.as_str(), condensed.body, basis);
    stored.await.map_err(failed)?;
    Ok(condensed.image)
}

fn failed(error: StoreError) -> SnapshotError {
    match error {
        StoreError::Unavailable(problem) => SnapshotError::Unavailable(problem),
        error @ (StoreError::Damaged { .. } | StoreError::Erased { .. }) => {
            SnapshotError::Damaged(error.to_string())
        }
    }
}

fn outcome_of(answer: Appended) -> Outcome {
    let unavailable =
        |error: unisson_storage::AppendError| AppendError::Unavailable(error.to_string());
    Outcome::Appended(AppendSeq(answer.ticket), answer.result.map_err(unavailable))
}
