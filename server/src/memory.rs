//! What open documents take, and which of them give something back when it is too much.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::sync::Notify;

/// How long documents have to give something back before more of them are asked.
pub(crate) const PAUSE: Duration = Duration::from_secs(1);
/// A document that takes less has nothing to give.
const WORTHWHILE_BYTES: u64 = 16 << 10;
/// A document that was asked is asked again after this.
const ASK_AGAIN_MS: u64 = 30_000;

/// The sum of all documents and its limit.
#[derive(Debug)]
pub(crate) struct Memory {
    /// 0: no limit.
    bytes_max: u64,
    bytes: AtomicU64,
    cold: AtomicU64,
    asked: AtomicU64,
    short: Notify,
    started: Instant,
}

/// One document's part.
#[derive(Debug)]
pub(crate) struct Weight {
    memory: Arc<Memory>,
    bytes: AtomicU64,
    is_cold: AtomicBool,
    used_ms: AtomicU64,
    asked_ms: AtomicU64,
}

impl Memory {
    pub(crate) fn new(bytes_max: u64) -> Arc<Self> {
        Arc::new(Self {
            bytes_max,
            bytes: AtomicU64::new(0),
            cold: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            short: Notify::new(),
            started: Instant::now(),
        })
    }

    /// A place for one more document.
    pub(crate) fn weigh(self: &Arc<Self>) -> Arc<Weight> {
        Arc::new(Weight {
            memory: self.clone(),
            bytes: AtomicU64::new(0),
            is_cold: AtomicBool::new(false),
            used_ms: AtomicU64::new(self.now_ms()),
            asked_ms: AtomicU64::new(0),
        })
    }

    /// About how many bytes documents take.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// How many documents are held without a CRDT.
    pub(crate) fn cold(&self) -> u64 {
        self.cold.load(Relaxed)
    }

    /// How often a document was asked to give memory back.
    pub(crate) fn asked(&self) -> u64 {
        self.asked.load(Relaxed)
    }

    /// Resolves when more is held than should be.
    pub(crate) async fn short(&self) {
        while !self.is_short() {
            self.short.notified().await;
        }
    }

    fn is_short(&self) -> bool {
        self.bytes_max > 0 && self.bytes() > self.bytes_max
    }

    /// Those that together hold what is too much, the least recently used first.
    pub(crate) fn choose<T>(&self, open: Vec<(Arc<Weight>, T)>) -> Vec<T> {
        let now_ms = self.now_ms();
        // A tenth below the limit, so that the next edit does not start it all again.
        let mut excess = self.bytes().saturating_sub(self.bytes_max / 10 * 9);
        let mut candidates: Vec<_> = open
            .into_iter()
            .filter(|(weight, _)| weight.may_be_asked(now_ms))
            .collect();
        candidates.sort_by_key(|(weight, _)| weight.used_ms.load(Relaxed));
        let mut chosen = Vec::new();
        for (weight, document) in candidates {
            if excess == 0 {
                break;
            }
            excess = excess.saturating_sub(weight.bytes.load(Relaxed));
            weight.asked_ms.store(now_ms, Relaxed);
            self.asked.fetch_add(1, Relaxed);
            chosen.push(document);
        }
        chosen
    }

    fn now_ms(&self) -> u64 {
        // Not zero, which means never.
        self.started.elapsed().as_millis() as u64 + 1
    }
}

impl Weight {
    /// The document takes so much now.
    pub(crate) fn set(&self, bytes: usize, is_cold: bool) {
        let bytes = bytes as u64;
        let before = self.bytes.swap(bytes, Relaxed);
        if bytes > before {
            self.memory.bytes.fetch_add(bytes - before, Relaxed);
            if self.memory.is_short() {
                self.memory.short.notify_one();
            }
        } else {
            self.memory.bytes.fetch_sub(before - bytes, Relaxed);
        }
        match (self.is_cold.swap(is_cold, Relaxed), is_cold) {
            (false, true) => self.memory.cold.fetch_add(1, Relaxed),
            (true, false) => self.memory.cold.fetch_sub(1, Relaxed),
            _ => 0,
        };
    }

    /// Somebody uses the document.
    pub(crate) fn touch(&self) {
        self.used_ms.store(self.memory.now_ms(), Relaxed);
    }

    fn may_be_asked(&self, now_ms: u64) -> bool {
        let asked_ms = self.asked_ms.load(Relaxed);
        self.bytes.load(Relaxed) >= WORTHWHILE_BYTES
            && (asked_ms == 0 || now_ms >= asked_ms + ASK_AGAIN_MS)
    }
}

impl Drop for Weight {
    fn drop(&mut self) {
        self.set(0, false);
    }
}

/// Half of what this process may use, by the machine's memory or by the limit of its control
/// group. 0 where neither can be told.
pub(crate) fn default_bytes_max() -> u64 {
    let of_machine = machine_bytes("/proc/meminfo".as_ref());
    let of_groups = [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ]
    .map(|file| group_bytes(file.as_ref()));
    let least = of_groups.into_iter().chain([of_machine]).flatten().min();
    least.map_or(0, |bytes| bytes / 2)
}

fn machine_bytes(file: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let total = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = total.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}

/// The word `max` is no number: no limit.
fn group_bytes(file: &Path) -> Option<u64> {
    std::fs::read_to_string(file).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_give_first_and_only_what_is_needed() {
        let memory = Memory::new(1 << 20);
        let weights: Vec<_> = (0..10_u64)
            .map(|at| {
                let weight = memory.weigh();
                weight.set(200 << 10, false);
                weight.used_ms.store(1_000 - at, Relaxed);
                weight
            })
            .collect();
        let small = memory.weigh();
        small.set(1_000, false);
        small.used_ms.store(0, Relaxed);
        assert!(memory.is_short());
        let open = || {
            let open = weights.iter().chain([&small]).cloned();
            open.zip(0..).collect::<Vec<(Arc<Weight>, usize)>>()
        };
        // 2,000 KiB are held and 921 KiB should be: six of them are too many.
        assert_eq!(memory.choose(open()), [9, 8, 7, 6, 5, 4]);
        assert_eq!(memory.choose(open()), [3, 2, 1, 0], "nobody is asked twice");
        assert_eq!(memory.choose(open()), Vec::<usize>::new());
    }

    #[test]
    fn the_sum_follows_the_documents_and_forgets_those_that_go() {
        let memory = Memory::new(0);
        let (one, other) = (memory.weigh(), memory.weigh());
        one.set(10, true);
        other.set(5, false);
        one.set(7, true);
        assert_eq!((memory.bytes(), memory.cold()), (12, 1));
        drop(one);
        assert_eq!((memory.bytes(), memory.cold()), (5, 0));
        assert!(!memory.is_short(), "0 is no limit");
    }

    #[test]
    fn the_limit_of_the_machine_and_of_the_group_are_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |text: &str| {
            let path = folder.path().join("limit");
            std::fs::write(&path, text).expect("written");
            path
        };
        let machine = machine_bytes(&file("MemTotal:       2048 kB\nMemFree:  1 kB\n"));
        assert_eq!(machine, Some(2 << 20));
        assert_eq!(group_bytes(&file("1048576\n")), Some(1 << 20));
        assert_eq!(group_bytes(&file("max\n")), None);
        assert_eq!(machine_bytes(&folder.path().join("none")), None);
    }
}
