//! How much the documents of a place may take in the store together.
//!
//! What is stored is measured now and then, all documents at once; between two measurements what is
//! written is added, so that nobody writes much past a quota. Near it people are told; past it
//! documents are read only, in the words that clients know, until something has been deleted.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use unisson_protocol::{Access, DocName};
use unisson_session::PeerId;
use unisson_storage::{Store, StoreError};

use crate::settings::QuotaRule;

/// Measuring lists every object of the store, and reads the head of one of each document that has
/// nothing in the log: on an object store that is a request each.
const MEASURE_EVERY: Duration = Duration::from_secs(30 * 60);
/// While something is full people who have deleted are waiting.
const MEASURE_FULL_EVERY: Duration = Duration::from_secs(5 * 60);
/// How often it is looked whether to measure. What has just become full by what was counted may
/// not be by what is stored, so it is measured at the next look.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// What the server writes for itself has no quota: a member of a full place can be removed.
const RECORDS: &str = ".unisson/";
/// What an edit of the server's own is refused with.
pub(crate) const FULL: &str = "there is no room left here (quota): nothing can be written";

/// What the documents of one place take.
#[derive(Debug)]
struct Usage {
    place: String,
    rule: QuotaRule,
    measured_bytes: AtomicU64,
    written_bytes: AtomicU64,
}

impl Usage {
    fn bytes(&self) -> u64 {
        let measured = self.measured_bytes.load(Ordering::Relaxed);
        measured.saturating_add(self.written_bytes.load(Ordering::Relaxed))
    }

    /// For editors, as JSON.
    fn notice(&self, state: State) -> String {
        serde_json::json!({
            "type": "quota",
            "state": state.word(),
            "used_bytes": self.bytes(),
            "bytes_max": self.rule.bytes_max,
        })
        .to_string()
    }

    fn state(&self) -> State {
        match self.bytes() {
            bytes if bytes >= self.rule.bytes_max => State::Full,
            bytes if bytes >= self.rule.warn_bytes => State::Near,
            _ => State::Fine,
        }
    }
}

/// How a place stands to its quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// There is room.
    Fine,
    /// There is little.
    Near,
    /// There is none: documents are read only.
    Full,
}

impl State {
    /// Its name in metrics.
    pub(crate) const fn limit(self) -> &'static str {
        match self {
            Self::Fine | Self::Near => "quota_near",
            Self::Full => "quota",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Near => "near",
            Self::Full => "full",
        }
    }
}

/// All quotas of a server.
#[derive(Debug)]
pub(crate) struct Quotas {
    rules: Vec<QuotaRule>,
    /// Places with documents that are stored or were open: as many as there are documents at most.
    usages: Mutex<HashMap<String, Arc<Usage>>>,
}

impl Quotas {
    pub(crate) fn new(rules: Vec<QuotaRule>) -> Self {
        Self {
            rules,
            usages: Mutex::default(),
        }
    }

    /// What one document may take of its place's quota.
    pub(crate) fn allowance(&self, name: &DocName) -> Allowance {
        let usage = self.usage(name.as_str());
        Allowance {
            state: usage.as_ref().map_or(State::Fine, |usage| usage.state()),
            usage,
            peers: BTreeMap::new(),
        }
    }

    /// Measures for ever, if there is anything to hold to.
    pub(crate) async fn keep_measured(&self, store: &Store) {
        let (mut since, mut was_full) = (Duration::MAX, false);
        while !self.rules.is_empty() {
            let is_full = self.is_any_full();
            let is_due = match (is_full, was_full) {
                (true, false) => true,
                (true, true) => since >= MEASURE_FULL_EVERY,
                (false, _) => since >= MEASURE_EVERY,
            };
            if is_due {
                match self.measure(store).await {
                    Ok(()) => since = Duration::ZERO,
                    Err(error) => {
                        tracing::warn!(%error, "what documents take could not be measured");
                    }
                }
            }
            was_full = self.is_any_full();
            tokio::time::sleep(LOOK_EVERY).await;
            since = since.saturating_add(LOOK_EVERY);
        }
    }

    fn is_any_full(&self) -> bool {
        let usages = self.lock();
        usages.values().any(|usage| usage.state() == State::Full)
    }

    /// Measures once.
    async fn measure(&self, store: &Store) -> Result<(), StoreError> {
        let before: Vec<(Arc<Usage>, u64)> = self
            .lock()
            .values()
            .map(|usage| (usage.clone(), usage.written_bytes.load(Ordering::Relaxed)))
            .collect();
        let statistics = store.statistics().await?;
        let mut sums: HashMap<String, u64> = HashMap::new();
        for document in &statistics {
            let Some(usage) = document.name.as_ref().and_then(|name| self.usage(name)) else {
                continue;
            };
            *sums.entry(usage.place.clone()).or_default() += document.bytes();
        }
        for (usage, written) in before {
            // What was written before is in what was measured; what came since is not, or twice
            // for a while.
            usage.written_bytes.fetch_sub(written, Ordering::Relaxed);
        }
        let mut usages = self.lock();
        usages.retain(|place, usage| sums.contains_key(place) || Arc::strong_count(usage) > 1);
        for usage in usages.values() {
            let bytes = sums.get(&usage.place).copied().unwrap_or_default();
            usage.measured_bytes.store(bytes, Ordering::Relaxed);
            if usage.state() != State::Fine {
                let (used, max) = (usage.bytes(), usage.rule.bytes_max);
                tracing::warn!(
                    place = usage.place,
                    used,
                    max,
                    "the quota is used up, or nearly"
                );
            }
        }
        Ok(())
    }

    fn usage(&self, name: &str) -> Option<Arc<Usage>> {
        if name.starts_with(RECORDS) {
            return None;
        }
        let (rule, place) = self
            .rules
            .iter()
            .find_map(|rule| Some((rule, rule.place(name)?)))?;
        let mut usages = self.lock();
        if let Some(usage) = usages.get(place) {
            return Some(usage.clone());
        }
        let usage = Arc::new(Usage {
            place: place.to_owned(),
            rule: rule.clone(),
            measured_bytes: AtomicU64::new(0),
            written_bytes: AtomicU64::new(0),
        });
        usages.insert(place.to_owned(), usage.clone());
        Some(usage)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Usage>>> {
        self.usages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One open document's part of a quota, and what its peers were granted.
#[derive(Debug)]
pub(crate) struct Allowance {
    usage: Option<Arc<Usage>>,
    state: State,
    /// Empty where there is no quota.
    peers: BTreeMap<PeerId, Access>,
}

/// What a change of state means for a document.
#[derive(Debug)]
pub(crate) struct Turned {
    pub(crate) state: State,
    /// Who is told.
    pub(crate) everybody: Vec<PeerId>,
    /// What they are told, as JSON.
    pub(crate) notice: String,
    /// Whose access changes.
    pub(crate) changes: Vec<(PeerId, Access)>,
}

impl Allowance {
    /// A peer may do so much; what it may do now.
    pub(crate) fn granted(&mut self, id: PeerId, access: Access) -> Access {
        if self.usage.is_none() {
            return access;
        }
        self.peers.insert(id, access);
        self.now(access)
    }

    pub(crate) fn left(&mut self, id: PeerId) {
        self.peers.remove(&id);
    }

    /// So much goes to the store.
    pub(crate) fn written(&self, bytes: usize) {
        if let Some(usage) = &self.usage {
            usage
                .written_bytes
                .fetch_add(bytes as u64, Ordering::Relaxed);
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.state == State::Full
    }

    /// What somebody who comes in is told, if anything.
    pub(crate) fn notice(&self) -> Option<String> {
        let usage = self.usage.as_ref()?;
        (self.state != State::Fine).then(|| usage.notice(self.state))
    }

    /// Looks whether the place stands otherwise to its quota than before.
    pub(crate) fn look(&mut self) -> Option<Turned> {
        let usage = self.usage.clone()?;
        let state = usage.state();
        let before = std::mem::replace(&mut self.state, state);
        if before == state {
            return None;
        }
        let turns_full = before == State::Full || state == State::Full;
        let peers = self.peers.iter().filter(|_| turns_full);
        Some(Turned {
            state,
            everybody: self.peers.keys().copied().collect(),
            notice: usage.notice(state),
            changes: peers.map(|(id, access)| (*id, self.now(*access))).collect(),
        })
    }

    fn now(&self, access: Access) -> Access {
        match self.is_full() {
            true => Access::ReadOnly,
            false => access,
        }
    }
}

#[cfg(test)]
mod tests {
    use unisson_storage::StoreSettings;

    use super::*;

    fn quotas(bytes_max: u64) -> Quotas {
        Quotas::new(vec![QuotaRule {
            prefix: "spaces/*/".into(),
            bytes_max,
            warn_bytes: bytes_max / 2,
        }])
    }

    fn name(text: &str) -> DocName {
        DocName::new(text).expect("a name")
    }

    #[test]
    fn near_the_quota_people_are_told_and_past_it_they_read() {
        let quotas = quotas(1_000);
        let mut menu = quotas.allowance(&name("spaces/canteen/menu"));
        let other = quotas.allowance(&name("spaces/canteen/other"));
        let (writer, reader) = (PeerId(1), PeerId(2));
        assert_eq!(menu.granted(writer, Access::ReadWrite), Access::ReadWrite);
        assert_eq!(menu.granted(reader, Access::ReadOnly), Access::ReadOnly);
        other.written(600);
        let turned = menu.look().expect("a change");
        assert_eq!(turned.state, State::Near);
        assert!(turned.changes.is_empty());
        assert!(turned.notice.contains("\"near\""), "{}", turned.notice);
        menu.written(600);
        let turned = menu.look().expect("a change");
        assert_eq!(turned.everybody, [writer, reader]);
        assert!(turned.changes.contains(&(writer, Access::ReadOnly)));
        assert!(menu.look().is_none());
        // Who comes now, and whose token is renewed, reads as well.
        assert_eq!(menu.granted(PeerId(3), Access::ReadWrite), Access::ReadOnly);
    }

    #[test]
    fn other_places_go_on() {
        let quotas = quotas(1_000);
        let full = quotas.allowance(&name("spaces/full/a"));
        let mut other = quotas.allowance(&name("spaces/other/a"));
        let mut outside = quotas.allowance(&name("loose"));
        full.written(5_000);
        assert!(other.look().is_none());
        assert!(outside.look().is_none());
        outside.written(5_000);
        assert!(!outside.is_full());
    }

    #[test]
    fn a_full_server_still_writes_who_may_do_what() {
        let quotas = Quotas::new(vec![QuotaRule {
            prefix: String::new(),
            bytes_max: 10,
            warn_bytes: 5,
        }]);
        let mut page = quotas.allowance(&name("page"));
        let mut record = quotas.allowance(&name(".unisson/spaces/a"));
        page.written(100);
        record.written(100);
        assert!(
            page.look()
                .is_some_and(|turned| turned.state == State::Full)
        );
        assert!(record.look().is_none());
        assert!(!record.is_full());
    }

    #[tokio::test]
    async fn what_is_measured_replaces_what_was_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(StoreSettings::new(folder.path()))
            .await
            .expect("a store");
        let quotas = quotas(1_000);
        let mut menu = quotas.allowance(&name("spaces/canteen/menu"));
        menu.granted(PeerId(1), Access::ReadWrite);
        menu.written(5_000);
        assert!(
            menu.look()
                .is_some_and(|turned| turned.state == State::Full)
        );
        // Nothing of it is in the store (any more).
        quotas.measure(&store).await.expect("measured");
        assert!(!quotas.is_any_full());
        let turned = menu.look().expect("a change");
        assert_eq!(turned.state, State::Fine);
        assert_eq!(turned.changes, [(PeerId(1), Access::ReadWrite)]);
        store.close().await.expect("closed");
    }
}
