//! Finds out what the index misses, and puts it in, a little at a time.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet, VecDeque},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use unisson_protocol::DocName;
use unisson_rights::Space;
use unisson_search::{Entry, Index, IndexError};
use unisson_storage::Store;

use super::{
    Figures, blocking,
    reading::{self, Reading},
};
use crate::{
    noticing::{self, Noticing},
    spaces::{RECORDS, Spaces, document_of, parts, prefix_of},
    versions::unix_now_ms,
};

/// So long is waited for more of what is new.
pub(super) const GATHER: Duration = Duration::from_millis(300);
/// How long work goes on before what is in is made to be found.
const WORK: Duration = Duration::from_millis(600);
/// Pauses are so many times as long as the work before: the index takes its part of a processor and
/// no more.
const REST: u32 = 3;
const REST_MIN: Duration = Duration::from_millis(700);
const REST_MAX: Duration = Duration::from_secs(20);
/// How often it is looked what other servers of the store wrote.
const LOOK: Duration = Duration::from_secs(5);
/// A document that cannot be read now is tried again after so long.
const TRY_AGAIN: Duration = Duration::from_secs(60);

/// How far a rebuilding is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Progress {
    pub(crate) done: u64,
    pub(crate) total: u64,
}

pub(super) struct Feeder<'a> {
    store: &'a Store,
    spaces: &'a Spaces,
    figures: &'a Figures,
    noticing: Option<&'a Noticing>,
    index: Arc<Index>,
    /// What is in the index, and as of when.
    known: BTreeMap<Arc<str>, u64>,
    /// What people work on now.
    urgent: VecDeque<Arc<str>>,
    /// What else is not in, or older.
    backlog: VecDeque<Arc<str>>,
    /// Documents that could not be read, and when.
    failed: BTreeMap<Arc<str>, Instant>,
    looked: Instant,
    rest: Duration,
    purges: bool,
    changed: bool,
}

impl<'a> Feeder<'a> {
    pub(super) async fn new(
        store: &'a Store,
        spaces: &'a Spaces,
        figures: &'a Figures,
        index: Arc<Index>,
    ) -> Result<Self, IndexError> {
        let own = index.clone();
        let known = blocking(move || own.known()).await?;
        let known = known.into_iter();
        Ok(Self {
            store,
            spaces,
            figures,
            noticing: None,
            index,
            known: known
                .map(|known| (known.document.into(), known.fingerprint))
                .collect(),
            urgent: VecDeque::new(),
            backlog: VecDeque::new(),
            failed: BTreeMap::new(),
            looked: Instant::now(),
            rest: REST_MIN,
            purges: false,
            changed: false,
        })
    }

    /// Tells of each document that is put in.
    pub(super) fn tells(&mut self, noticing: &'a Noticing) {
        self.noticing = Some(noticing);
    }

    /// How long nothing has to be done.
    pub(super) fn pause(&self) -> Duration {
        if self.is_behind() {
            return self.rest;
        }
        match (self.store.is_shared(), self.failed.is_empty()) {
            (true, _) => LOOK,
            (false, false) => TRY_AGAIN,
            (false, true) => Duration::from_secs(3_600),
        }
    }

    pub(super) fn is_behind(&self) -> bool {
        !self.urgent.is_empty() || !self.backlog.is_empty() || self.purges
    }

    pub(super) fn progress(&self) -> Progress {
        let done = self.figures.indexed.load(Ordering::Relaxed);
        Progress {
            done,
            total: done + self.backlog.len() as u64,
        }
    }

    /// The folder is to be tidied once the next work is done.
    pub(super) fn purge_next(&mut self) {
        self.purges = true;
    }

    /// Documents with something new.
    pub(super) fn urge(&mut self, touched: &BTreeSet<DocName>) {
        let touched = touched.iter().map(|name| Arc::from(name.as_str()));
        self.urgent.extend(touched);
    }

    /// Compares all documents with what is in the index.
    pub(super) async fn sweep(&mut self) {
        self.looked = Instant::now();
        let mut all: HashSet<Arc<str>> = HashSet::new();
        for id in self.spaces.ids() {
            let Some(space) = self.space(&id).await else {
                continue;
            };
            for page in space.pages.keys() {
                all.insert(document_of(&id, page).into());
            }
            self.compare_space(&id, &space);
            tokio::task::yield_now().await;
        }
        for name in self.store.documents() {
            if name.starts_with(DocName::RESERVED) {
                continue;
            }
            if !all.contains(&name) {
                self.compare(&name, None);
                all.insert(name);
            }
        }
        let gone = self.known.keys().filter(|name| !all.contains(*name));
        let gone: Vec<Arc<str>> = gone.cloned().collect();
        self.purges |= !gone.is_empty();
        self.backlog.extend(gone);
        self.tell_waiting();
    }

    async fn space(&self, id: &str) -> Option<Arc<Space>> {
        let found = self.spaces.find(id).await.ok()??;
        found.space().ok()?
    }

    fn compare_space(&mut self, id: &str, space: &Space) {
        for (page, facts) in &space.pages {
            let name: Arc<str> = document_of(id, page).into();
            self.compare(&name, Some(&facts.title));
        }
    }

    fn compare(&mut self, name: &Arc<str>, title: Option<&str>) {
        let fingerprint = self.fingerprint(name, title);
        let failed_lately = self
            .failed
            .get(name)
            .is_some_and(|at| at.elapsed() < TRY_AGAIN);
        if self.known.get(name) != Some(&fingerprint) && !failed_lately {
            self.backlog.push_back(name.clone());
        }
    }

    fn fingerprint(&self, name: &str, title: Option<&str>) -> u64 {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.store.mark(name).number().to_le_bytes());
        hasher.update(title.unwrap_or_default().as_bytes());
        let hash = *hasher.finalize().as_bytes();
        let (first, _) = hash.split_at(8);
        u64::from_le_bytes(first.try_into().unwrap_or_default())
    }

    /// Puts in what is waiting, for a while, and makes it to be found.
    pub(super) async fn work(&mut self) -> Result<(), IndexError> {
        let started = Instant::now();
        self.look().await;
        let mut seen = BTreeSet::new();
        while started.elapsed() < WORK {
            let next = self.urgent.pop_front();
            let Some(name) = next.or_else(|| self.backlog.pop_front()) else {
                break;
            };
            // One of many edits of the same document.
            if seen.insert(name.clone()) {
                self.see_to(&name).await?;
            }
        }
        if std::mem::take(&mut self.changed) {
            let index = self.index.clone();
            blocking(move || index.commit()).await?;
        }
        if self.purges && self.urgent.is_empty() && self.backlog.is_empty() {
            self.purges = false;
            let index = self.index.clone();
            blocking(move || index.purge()).await?;
        }
        self.tell_waiting();
        self.rest = (started.elapsed() * REST).clamp(REST_MIN, REST_MAX);
        Ok(())
    }

    /// Looks what other servers wrote, and tries again what could not be read.
    async fn look(&mut self) {
        let again = !self.failed.is_empty() && self.looked.elapsed() >= TRY_AGAIN;
        let others = self.store.is_shared() && self.looked.elapsed() >= LOOK;
        if !(again || others) || !self.backlog.is_empty() {
            return;
        }
        if let Err(error) = self.store.look().await {
            tracing::debug!(%error, "cannot look what other servers wrote");
        }
        self.sweep().await;
    }

    async fn see_to(&mut self, name: &Arc<str>) -> Result<(), IndexError> {
        if let Some(space) = name.strip_prefix(RECORDS) {
            self.see_to_space(space).await;
            return Ok(());
        }
        if name.starts_with(DocName::RESERVED) {
            return Ok(());
        }
        let place = parts(name).filter(|(space, page)| **name == *document_of(space, page));
        let title = match place {
            Some((space, page)) => {
                let space = self.space(space).await;
                space.and_then(|space| Some(space.pages.get(page)?.title.clone()))
            }
            None => None,
        };
        // Before it is read: what comes meanwhile makes another one.
        let fingerprint = self.fingerprint(name, title.as_deref());
        let is_there = self.store.has(name);
        if !is_there && title.is_none() {
            if self.known.remove(name).is_some() {
                self.index.remove(name);
                self.changed = true;
            }
            return Ok(());
        }
        let reading = match is_there {
            true => reading::read(self.store, name, title).await,
            false => Ok(reading::empty(name, title)),
        };
        match reading {
            Ok(Reading::Entry(mut entry)) => {
                entry.fingerprint = fingerprint;
                entry.space = parts(name).map(|(space, _)| space.to_owned());
                if entry.changed_ms == 0 && is_there {
                    entry.changed_ms = unix_now_ms();
                }
                self.tell_of(&entry);
                let index = self.index.clone();
                blocking(move || index.put(*entry)).await?;
                self.known.insert(name.clone(), fingerprint);
                self.failed.remove(name);
                Figures::add(&self.figures.indexed);
            }
            Ok(Reading::Gone) => {
                self.known.remove(name);
                self.index.remove(name);
            }
            Err(problem) => {
                tracing::warn!(document = &**name, problem, "cannot be searched");
                self.failed.insert(name.clone(), Instant::now());
                Figures::add(&self.figures.failed);
            }
        }
        self.changed = true;
        Ok(())
    }

    /// A space's record has changed: pages may be new, or have other titles.
    async fn see_to_space(&mut self, id: &str) {
        let space = self.space(id).await;
        if let Some(space) = &space {
            self.compare_space(id, space);
        }
        let prefix: Arc<str> = prefix_of(id).into();
        let own = self.known.range(prefix.clone()..);
        let own = own.take_while(|(name, _)| name.starts_with(&*prefix));
        let is_gone = |name: &str| {
            let page = parts(name).map(|(_, page)| page);
            let pages = space.as_ref().map(|space| &space.pages);
            let is_page = page
                .zip(pages)
                .is_some_and(|(page, pages)| pages.contains_key(page));
            !is_page && !self.store.has(name)
        };
        let gone = own.filter(|(name, _)| is_gone(name));
        let gone: Vec<Arc<str>> = gone.map(|(name, _)| name.clone()).collect();
        self.backlog.extend(gone);
    }

    fn tell_of(&self, entry: &Entry) {
        let record = DocName::new(&entry.document).ok();
        let record = record.and_then(|name| noticing::record_of(&name).ok());
        if let (Some(noticing), Some(record)) = (self.noticing, record) {
            noticing.indexed(entry, self.store.knows(record.as_str()));
        }
    }

    fn tell_waiting(&self) {
        let waiting = self.urgent.len() + self.backlog.len();
        self.figures
            .waiting
            .store(waiting as u64, Ordering::Relaxed);
    }
}
