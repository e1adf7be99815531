//! Finds out what in pages concerns somebody: that they are newly named, and that a task is newly
//! theirs, has another day, or is done. Webhooks hear of it, and so do the people.
//!
//! A page is looked at once nobody has edited it for a while, as it is durable by then, and compared
//! with what is remembered of it ([`record`]). Promises:
//! * what is found is told once, over restarts and by several servers: whoever finds the same again
//!   tells it under the same id;
//! * it is told before it is remembered: whoever is killed in between tells it again. What was being
//!   edited at that moment is looked at again at the next start, by the help of the index;
//! * what stood in pages before this was looked for is nobody's news.
//!
//! Deliberately missing: who may see what. People are told of what they may read when they ask, see
//! [`crate::notices`].

mod comparing;
mod look;
mod record;
mod waiting;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use unisson_protocol::DocName;
use unisson_search::{Entry, Filter, Order, Question};

pub(crate) use self::record::{carry, record_of};
use self::waiting::Waiting;
use crate::{registry::Registry, settings::EventSettings, versions::unix_now_ms};

/// How often it is looked what is due.
const TICK: Duration = Duration::from_millis(250);
/// What other servers edited is theirs to tell; it is looked at here so much later, in case that they
/// are no more.
const OTHERS_MS: u64 = 60_000;
/// A page that was edited longer ago is looked at again only where nothing is remembered of it.
const RECENT_MS: u64 = 7 * 24 * 60 * 60 * 1_000;
/// How long before the last edit that the index knows a server may have left something untold.
const UNTOLD_MS: u64 = 60 * 60 * 1_000;
/// How many pages are looked at again at a start.
const UNTOLD_MAX: usize = 500;
/// After a failure of the store.
const AGAIN: Duration = Duration::from_secs(5);

/// Which pages are to be looked at.
#[derive(Debug, Default)]
pub(crate) struct Noticing {
    waiting: Mutex<Waiting>,
}

impl Noticing {
    /// Something of a document is newly durable, by an edit on this server. Cheap, and never waits.
    pub(crate) fn edited(&self, name: &DocName) {
        if !name.is_reserved() {
            self.lock().edited(name.clone(), unix_now_ms());
        }
    }

    /// A document was read for the index; `is_known` says whether anything is remembered of it.
    pub(crate) fn indexed(&self, entry: &Entry, is_known: bool) {
        let has_any = !entry.tasks.is_empty() || !entry.mentions.is_empty();
        let now_ms = unix_now_ms();
        let is_recent = now_ms.saturating_sub(entry.changed_ms) < RECENT_MS;
        let is_wanted = if is_known { is_recent } else { has_any };
        if let Ok(name) = DocName::new(&entry.document)
            && is_wanted
            && !name.is_reserved()
        {
            let found_ms = now_ms.saturating_add(OTHERS_MS);
            self.lock().found(name, entry.changed_ms, found_ms);
        }
    }

    /// Looks at pages when they are due. Never ends.
    pub(crate) async fn keep_up(&self, registry: &Registry) {
        let since_ms = loop {
            match record::since(registry).await {
                Ok(since_ms) => break since_ms,
                Err(error) => tracing::warn!(%error, "nothing in pages is noticed yet"),
            }
            tokio::time::sleep(AGAIN).await;
        };
        let pace = registry.shared().settings.events;
        let mut is_recovered = !registry.shared().settings.search.enabled;
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            is_recovered = is_recovered || self.recover(registry, pace).await;
            let due = self.lock().due(unix_now_ms(), pace);
            for (name, first_ms) in due {
                let looked = look::look(registry, &name, since_ms, first_ms).await;
                if let Err(problem) = looked {
                    tracing::warn!(document = %name, problem, "cannot be looked at; trying again");
                    let later_ms = unix_now_ms().saturating_add(OTHERS_MS);
                    self.lock().found(name, first_ms, later_ms);
                }
            }
        }
    }

    /// What was edited shortly before the last process ended may not be told; whether the index is
    /// there to ask.
    async fn recover(&self, registry: &Registry, pace: EventSettings) -> bool {
        let Some(index) = registry.shared().indexing.index() else {
            return false;
        };
        let latest = tokio::task::spawn_blocking(move || {
            let search = index.search(&Question::default(), &Filter::default(), Order::Latest);
            let found = search.found(0..UNTOLD_MAX)?;
            let stored = found.iter().map(|found| {
                let changed_ms = search.stored(found)?.changed_ms;
                Ok((found.document.clone(), changed_ms))
            });
            stored.collect::<Result<Vec<_>, unisson_search::IndexError>>()
        });
        let Ok(Ok(latest)) = latest.await else {
            // The index is made anew, and tells of everything once more.
            return true;
        };
        let last_ms = latest.first().map_or(0, |(_, changed_ms)| *changed_ms);
        let from_ms = last_ms.saturating_sub(UNTOLD_MS.saturating_add(pace.every_ms));
        let untold = latest.into_iter().filter(|(_, ms)| *ms >= from_ms);
        for (name, changed_ms) in untold {
            if let Ok(name) = DocName::new(&name) {
                let first_ms = changed_ms.saturating_sub(pace.every_ms);
                self.lock().found(name, first_ms, unix_now_ms());
            }
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
