//! Forgetting people while servers run: on every server of the store, also in lines that are still
//! in the memory of one.
//!
//! A demand stands in a record of the server's own, so each server hears of it within seconds. It
//! begins a new object first, so that it writes no earlier line again, and then takes the people
//! out of all objects ([`pass`]). Two servers may do the same work at the same time: both write the
//! same lines, and what one of them did not know yet it learns and does again.
//!
//! A demand holds a salted hash: who reads it learns nobody's name. It stands for a week, for a
//! server that does not hear for a while, and concerns lines from before it alone.

use std::{
    collections::BTreeSet,
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use unisson_history::Author;
use unisson_session::{Change, Entries};
use unisson_storage::{Journal, Store, StoreError};

use super::{
    archive::{self, Segment},
    line::{Broken, Line},
    random_hex,
};
use crate::{
    records::{self, ChangeError, RecordError, RecordHandle, Records},
    registry::{Registry, Shared},
    versions::unix_now_ms,
};

const RECORD: &str = ".unisson/forgetting";
const KEY: &str = "forget:";
const HOUR_MS: u64 = 60 * 60 * 1_000;
/// So long a server may not hear and does it all the same.
const KEPT_MS: u64 = 7 * 24 * HOUR_MS;
/// How many demands may stand at a time.
const DEMANDS_MAX: usize = 1_000;
/// Objects whose time is over within so long are left to go.
const GOING_MS: u64 = 2 * HOUR_MS;
const AGAIN: Duration = Duration::from_secs(60 * 60);
const AGAIN_FAILED: Duration = Duration::from_secs(60);

/// Somebody to be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Demand {
    salt: String,
    kept: Kept,
}

/// What the record keeps of a demand, under its salt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    hash: String,
    /// Lines from after this moment stay.
    at_ms: u64,
}

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) lines: usize,
    pub(crate) objects: usize,
}

/// Why somebody is not forgotten, or not everywhere.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ForgetError {
    #[error("{DEMANDS_MAX} people are being forgotten already: try again in some days")]
    Full,
    #[error("the system has no randomness")]
    Randomness,
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error("the store does not answer; the server goes on by itself: {0}")]
    Store(#[from] StoreError),
    /// All other objects are done.
    #[error("{0} is damaged and stays as it is ({1}): verify the log")]
    Broken(String, Broken),
}

impl Demand {
    /// Of lines up to a moment.
    pub(crate) fn new(person: &str, at_ms: u64) -> Option<Self> {
        let salt = random_hex()?;
        let hash = hash(&salt, person);
        let kept = Kept { hash, at_ms };
        Some(Self { salt, kept })
    }

    fn takes(&self, line: &mut Line) -> bool {
        let is_before = line.at_ms <= self.kept.at_ms;
        is_before && line.forget(|id| hash(&self.salt, id) == self.kept.hash)
    }

    fn stands(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.kept.at_ms) < KEPT_MS
    }
}

fn hash(salt: &str, person: &str) -> String {
    let text = format!("unisson forgets {salt} {person}");
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

/// A damaged entry is said in the log and stands in nobody's way.
fn read(entries: &Entries) -> Vec<Demand> {
    let salted = entries
        .iter()
        .filter_map(|(key, text)| Some((key.strip_prefix(KEY)?, text)));
    let demands = salted.filter_map(|(salt, text)| match serde_json::from_str(text) {
        Ok(kept) => Some(Demand {
            salt: salt.to_owned(),
            kept,
        }),
        Err(error) => {
            tracing::error!(%error, "whom the audit log is to forget does not read");
            None
        }
    });
    demands.collect()
}

/// What the last pass was about, and the objects that name nobody of them any more.
#[derive(Debug, Default)]
pub(crate) struct Passed {
    demands: Vec<Demand>,
    clean: BTreeSet<String>,
}

/// Whom this server forgets.
#[derive(Debug, Default)]
pub(crate) struct Forgetting {
    record: OnceLock<RecordHandle>,
    /// One pass at a time.
    passed: tokio::sync::Mutex<Passed>,
}

impl Forgetting {
    pub(crate) async fn open(&self, records: &Records, store: &Store) -> Result<(), RecordError> {
        let name = records::name_of(RECORD)?;
        let record = records.open(store, &name).await?;
        // Opened once.
        let _ = self.record.set(record);
        Ok(())
    }

    /// Forgets a person: from here on every server of the store does, and this one has done so when
    /// this returns.
    pub(crate) async fn forget(
        &self,
        registry: &Registry,
        author: Author,
        person: &str,
    ) -> Result<Counted, ForgetError> {
        let closed = || RecordError::Unavailable("the server is still starting".into());
        let record = self.record.get().ok_or_else(closed)?;
        // Whoever waits for the record's news must not be faster: the count is this call's answer.
        let mut passed = self.passed.lock().await;
        let now_ms = unix_now_ms();
        let demand = Demand::new(person, now_ms).ok_or(ForgetError::Randomness)?;
        let decide = |entries: &Entries| {
            let changes = added(entries, &demand, now_ms)?;
            Ok::<_, ForgetError>((changes, ()))
        };
        let added = record.change(registry, author, decide).await;
        added.map_err(|error| match error {
            ChangeError::Declined(full) => full,
            ChangeError::Failed(error) => error.into(),
        })?;
        self.carry_out(registry.shared(), &mut passed).await
    }

    /// Does what other servers were asked, and what an earlier process left. Never ends.
    pub(crate) async fn follow(&self, shared: &Arc<Shared>) {
        let Some(record) = self.record.get() else {
            return;
        };
        let mut news = record.subscribe();
        loop {
            let done = {
                let mut passed = self.passed.lock().await;
                self.carry_out(shared, &mut passed).await
            };
            let again = match done {
                Ok(_) => AGAIN,
                Err(error) => {
                    tracing::warn!(%error, "the audit log does not forget everybody yet");
                    match error {
                        // It mends nothing to try that often.
                        ForgetError::Broken(..) => AGAIN,
                        _ => AGAIN_FAILED,
                    }
                }
            };
            if let Ok(Err(_)) = tokio::time::timeout(again, news.changed()).await {
                return;
            }
        }
    }

    async fn carry_out(
        &self,
        shared: &Arc<Shared>,
        passed: &mut Passed,
    ) -> Result<Counted, ForgetError> {
        let now_ms = unix_now_ms();
        let record = self.record.get().map(RecordHandle::read);
        let mut demands = record.map_or_else(Vec::new, |record| read(record.entries()));
        demands.retain(|demand| demand.stands(now_ms));
        let Some(journal) = shared.audit.journal().filter(|_| !demands.is_empty()) else {
            return Ok(Counted::default());
        };
        if passed.demands != demands {
            *passed = Passed {
                demands,
                clean: BTreeSet::new(),
            };
        }
        shared.audit.settle().await;
        let stays_from_ms = match shared.settings.audit.retention_days {
            0 => 0,
            days => now_ms.saturating_sub(days.saturating_mul(24 * HOUR_MS)) + GOING_MS,
        };
        pass(journal, passed, stays_from_ms).await
    }
}

/// The demand, in place of those whose time is over.
fn added(entries: &Entries, demand: &Demand, now_ms: u64) -> Result<Vec<Change>, ForgetError> {
    let (standing, over): (Vec<_>, Vec<_>) = read(entries)
        .into_iter()
        .partition(|demand| demand.stands(now_ms));
    if standing.len() >= DEMANDS_MAX {
        return Err(ForgetError::Full);
    }
    let text = serde_json::to_string(&demand.kept).ok();
    let new = (format!("{KEY}{}", demand.salt), text);
    let over = over
        .into_iter()
        .map(|over| (format!("{KEY}{}", over.salt), None));
    Ok(over.chain([new]).collect())
}

/// Forgets people where no server runs.
pub(crate) async fn forget_now(journal: &Journal, person: &str) -> Result<Counted, ForgetError> {
    let demand = Demand::new(person, u64::MAX).ok_or(ForgetError::Randomness)?;
    let mut passed = Passed {
        demands: vec![demand],
        clean: BTreeSet::new(),
    };
    pass(journal, &mut passed, 0).await
}

/// Takes people out of all objects that have lines of their time. An object's successor has the
/// same lines under a higher revision, and is there before it goes; so two who do this at once lose
/// nothing. What other objects hold whole goes too: it names whom they no longer name.
async fn pass(
    journal: &Journal,
    passed: &mut Passed,
    stays_from_ms: u64,
) -> Result<Counted, ForgetError> {
    let Passed { demands, clean } = passed;
    let latest_ms = demands.iter().map(|demand| demand.kept.at_ms).max();
    let latest_ms = latest_ms.unwrap_or_default();
    let mut all = archive::all(journal).await?;
    all.retain(|segment| segment.from_ms <= latest_ms && segment.until_ms >= stays_from_ms);
    let names: BTreeSet<String> = all.iter().map(Segment::name).collect();
    clean.retain(|name| names.contains(name));
    let (mut counted, mut broken) = (Counted::default(), None);
    let mut covered = names;
    for segment in archive::sort(all).into_values().flatten() {
        let name = segment.name();
        covered.remove(&name);
        if clean.contains(&name) {
            continue;
        }
        let Some(lines) = archive::read(journal, &segment).await? else {
            continue;
        };
        let mut lines = match lines.into_iter().collect::<Result<Vec<Line>, Broken>>() {
            Ok(lines) => lines,
            Err(problem) => {
                broken.get_or_insert((name, problem));
                continue;
            }
        };
        // Each demand looks: a line may name two people.
        let take = |line: &mut Line| demands.iter().filter(|demand| demand.takes(line)).count();
        let changed = lines
            .iter_mut()
            .filter_map(|line| (take(line) > 0).then_some(()));
        let changed = changed.count();
        if changed == 0 {
            clean.insert(name);
            continue;
        }
        let mut body = Vec::new();
        for line in &lines {
            body.extend_from_slice(&line.text());
            body.push(b'\n');
        }
        let next = Segment {
            revision: segment.revision + 1,
            ..segment
        };
        journal.put(&next.name(), Bytes::from(body)).await?;
        journal.remove(&name).await?;
        clean.insert(next.name());
        counted.lines += changed;
        counted.objects += 1;
    }
    if let Some((object, problem)) = broken {
        return Err(ForgetError::Broken(object, problem));
    }
    for name in covered {
        journal.remove(&name).await?;
    }
    Ok(counted)
}

#[cfg(test)]
mod tests;
