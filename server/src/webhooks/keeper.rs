//! Keeps the queue in the store's journal `webhooks`: facts as they come, and now and then the whole
//! state, which makes the facts before it superfluous.
//!
//! Objects: `{node}/{epoch}/{number}-{facts|state}-{ms}.json`, facts as JSON lines. Each process
//! writes below its own epoch. What a dead process left is taken over: at once where nobody else can
//! be running, else after it has written nothing for a while (a live one with anything to lose
//! writes at least every three minutes). Two who take over the same send twice, with the same ids.

use std::collections::BTreeMap;

use bytes::Bytes;
use unisson_storage::{Journal, StoreError};

use super::queue::{Fact, Queue};

/// After so many objects of facts the state is written whole.
const FACTS_MAX: usize = 200;
/// Facts that are not kept yet, in bytes; beyond, the state is written in their place.
const FACTS_BYTES_MAX: usize = 1 << 20;
/// A process that has written nothing for so long is dead, or has nothing to lose.
pub(super) const DEAD_AFTER_MS: u64 = 10 * 60 * 1_000;
/// What such a process remembers of attempts is kept for so long.
const GARBAGE_AFTER_MS: u64 = 7 * 24 * 60 * 60 * 1_000;
/// So often a live one writes while anything would be lost with it.
const ALIVE_EVERY_MS: u64 = 3 * 60 * 1_000;

/// What is to be written.
#[derive(Debug, Clone)]
pub(super) struct Write {
    name: String,
    body: Bytes,
    /// What it makes superfluous, once it is durable.
    replaces: Vec<String>,
}

/// The journal's writer.
#[derive(Debug)]
pub(super) struct Keeper {
    journal: Journal,
    facts: Vec<u8>,
    wants_state: bool,
    number: u64,
    /// Own objects, and those of whom was taken over, since the last whole state.
    written: Vec<String>,
    written_ms: u64,
}

/// What one process left.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) queue: Queue,
    objects: Vec<String>,
}

impl Keeper {
    pub(super) fn new(journal: Journal) -> Self {
        Self {
            journal,
            facts: Vec::new(),
            wants_state: true,
            number: 0,
            written: Vec::new(),
            written_ms: 0,
        }
    }

    pub(super) fn journal(&self) -> &Journal {
        &self.journal
    }

    /// A fact that has been applied.
    pub(super) fn note(&mut self, fact: &Fact) {
        if self.wants_state {
            return;
        }
        match serde_json::to_vec(fact) {
            Ok(line) if self.facts.len() + line.len() < FACTS_BYTES_MAX => {
                self.facts.extend_from_slice(&line);
                self.facts.push(b'\n');
            }
            _ => self.wants_state = true,
        }
    }

    /// There are other webhooks than before: facts about them need a whole state that knows them.
    pub(super) fn reshaped(&mut self) {
        self.wants_state = true;
    }

    /// What was taken over is written with the next whole state, and removed after it.
    pub(super) fn took_over(&mut self, left: &Left) {
        self.written.extend(left.objects.iter().cloned());
        self.wants_state = true;
    }

    /// Whether all facts are handed over to be written.
    pub(super) fn has_no_facts(&self) -> bool {
        self.facts.is_empty() && !self.wants_state
    }

    /// Whether nothing waits to be written, and nothing written could be removed.
    pub(super) fn has_nothing(&self) -> bool {
        self.facts.is_empty() && self.written.is_empty()
    }

    /// What is to be written now, if anything.
    pub(super) fn next(&mut self, queue: &Queue, now_ms: u64) -> Option<Write> {
        let is_due = now_ms.saturating_sub(self.written_ms) >= ALIVE_EVERY_MS;
        let says_alive = is_due && !queue.is_idle();
        if self.written.len() >= FACTS_MAX {
            self.wants_state = true;
        }
        if !self.wants_state && self.facts.is_empty() && !says_alive {
            return None;
        }
        if queue.is_empty() && self.written.is_empty() {
            // Where there are no webhooks, nothing is kept of them.
            return None;
        }
        let (kind, body, replaces) = if self.wants_state {
            let state = serde_json::to_vec(queue).ok()?;
            self.facts.clear();
            ("state", state, std::mem::take(&mut self.written))
        } else {
            ("facts", std::mem::take(&mut self.facts), Vec::new())
        };
        self.wants_state = false;
        self.number += 1;
        self.written_ms = now_ms;
        let (node, epoch) = (self.journal.node(), self.journal.epoch());
        let name = format!(
            "{node}/{epoch}/{:08x}-{kind}-{now_ms:012x}.json",
            self.number
        );
        self.written.push(name.clone());
        Some(Write {
            name,
            body: body.into(),
            replaces,
        })
    }
}

/// Carries out what is to be written.
pub(super) async fn write(journal: &Journal, write: &Write) -> Result<(), StoreError> {
    journal.put(&write.name, write.body.clone()).await?;
    for name in &write.replaces {
        // What stays is read once more and says nothing new.
        journal.remove(name).await?;
    }
    Ok(())
}

/// A name's parts.
struct Name<'a> {
    process: &'a str,
    number: &'a str,
    is_state: bool,
    ms: u64,
}

fn parse(name: &str) -> Option<Name<'_>> {
    let (process, file) = name.rsplit_once('/')?;
    let mut parts = file.strip_suffix(".json")?.split('-');
    Some(Name {
        process,
        number: parts.next()?,
        is_state: parts.next()? == "state",
        ms: u64::from_str_radix(parts.next()?, 16).ok()?,
    })
}

/// What processes left that are dead: all others but this one where nobody else can be running.
pub(super) async fn left(
    journal: &Journal,
    targets: &[(String, String)],
    now_ms: u64,
) -> Result<Vec<Left>, StoreError> {
    let own = format!("{}/{}", journal.node(), journal.epoch());
    let listed = journal.list().await?;
    let mut processes: BTreeMap<&str, Vec<Name<'_>>> = BTreeMap::new();
    for name in listed.iter().filter_map(|object| parse(&object.name)) {
        if name.process != own {
            processes.entry(name.process).or_default().push(name);
        }
    }
    let mut all = Vec::new();
    for (process, names) in processes {
        let is_own_node = process.split('/').next() == Some(journal.node());
        let last_ms = names.iter().map(|name| name.ms).max().unwrap_or(0);
        let silent_ms = now_ms.saturating_sub(last_ms);
        let is_dead = journal.is_alone() || is_own_node;
        if !is_dead && silent_ms < DEAD_AFTER_MS {
            continue;
        }
        let left = read(journal, targets, process, &names).await?;
        // One that is silent because it has nothing to lose may be alive, and keeps its own.
        if is_dead || !left.queue.is_idle() || silent_ms >= GARBAGE_AFTER_MS {
            all.push(left);
        }
    }
    Ok(all)
}

/// Reads the last whole state and the facts after it. Names are sorted.
async fn read(
    journal: &Journal,
    targets: &[(String, String)],
    process: &str,
    names: &[Name<'_>],
) -> Result<Left, StoreError> {
    let file = |name: &Name<'_>| {
        let kind = if name.is_state { "state" } else { "facts" };
        format!("{process}/{}-{kind}-{:012x}.json", name.number, name.ms)
    };
    let from = names.iter().rposition(|name| name.is_state).unwrap_or(0);
    // Without a state: one that was taken over with nothing to lose, and went on.
    let mut queue = Queue::default().with_targets(targets);
    for name in &names[from..] {
        let object = file(name);
        let Some(body) = journal.get(&object).await? else {
            continue;
        };
        if name.is_state {
            match serde_json::from_slice(&body) {
                Ok(state) => queue = state,
                Err(error) => tracing::error!(object, %error, "a queue of webhooks is damaged"),
            }
            continue;
        }
        for line in body
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            match serde_json::from_slice::<Fact>(line) {
                Ok(fact) => queue.apply(&fact),
                Err(error) => tracing::error!(object, %error, "a fact about webhooks is damaged"),
            }
        }
    }
    Ok(Left {
        queue,
        objects: names.iter().map(file).collect(),
    })
}

#[cfg(test)]
mod tests {
    use unisson_storage::{RemoteOptions, RemoteStore, Store, StoreSettings};

    use super::{super::queue::Message, *};

    async fn node(folder: &std::path::Path, name: &str) -> Journal {
        let url = format!("file://{}", folder.display());
        let options = RemoteOptions {
            url,
            ..RemoteOptions::default()
        };
        let remote = RemoteStore::connect(&options).expect("a store");
        let mut settings = StoreSettings::direct(remote);
        settings.node = Some(name.to_owned());
        let store = Store::open(settings).await.expect("opened");
        store.journal("webhooks")
    }

    fn targets() -> Vec<(String, String)> {
        vec![("a".into(), "x".into())]
    }

    fn queued(id: &str) -> Fact {
        let message = Message {
            id: id.into(),
            kind: "webhook.test".into(),
            at_ms: 1,
            body: "{}".into(),
        };
        Fact::Queued {
            message,
            to: vec!["a".into()],
        }
    }

    /// Applies a fact and makes it durable.
    async fn keep(keeper: &mut Keeper, queue: &mut Queue, fact: &Fact, now_ms: u64) {
        queue.apply(fact);
        keeper.note(fact);
        let next = keeper.next(queue, now_ms).expect("news");
        write(keeper.journal(), &next).await.expect("written");
    }

    #[tokio::test]
    async fn what_a_dead_node_left_is_taken_over_once_it_is_silent() {
        let dir = tempfile::tempdir().expect("a folder");
        let (one, two) = (node(dir.path(), "one").await, node(dir.path(), "two").await);
        let (mut keeper, mut queue) = (Keeper::new(one), Queue::default().with_targets(&targets()));
        keep(&mut keeper, &mut queue, &queued("m"), 1_000).await;
        keep(&mut keeper, &mut queue, &queued("n"), 2_000).await;

        let early = left(&two, &targets(), 3_000).await.expect("read");
        assert!(early.is_empty(), "it may be alive");
        let now_ms = 2_000 + DEAD_AFTER_MS;
        let mut late = left(&two, &targets(), now_ms).await.expect("read");
        assert_eq!(late.len(), 1);
        let taken = late.pop().expect("there");
        assert_eq!(taken.queue.endpoint("a").map(|a| a.waiting()), Some(2));

        // Once the new owner has written its state, the dead one's objects are gone.
        let (mut keeper, mut queue) = (Keeper::new(two), Queue::default().with_targets(&targets()));
        keeper.took_over(&taken);
        queue.adopt(taken.queue);
        let next = keeper.next(&queue, now_ms).expect("a state");
        write(keeper.journal(), &next).await.expect("written");
        let listed = keeper.journal().list().await.expect("listed");
        assert!(
            listed.iter().all(|object| object.name.starts_with("two/")),
            "{listed:?}"
        );
    }

    #[tokio::test]
    async fn the_same_node_takes_over_at_once_and_facts_alone_are_enough() {
        let dir = tempfile::tempdir().expect("a folder");
        let before = node(dir.path(), "one").await;
        let (mut keeper, mut queue) = (
            Keeper::new(before),
            Queue::default().with_targets(&targets()),
        );
        keep(&mut keeper, &mut queue, &queued("m"), 1_000).await;
        keep(&mut keeper, &mut queue, &queued("n"), 2_000).await;
        let state = keeper.written[0].clone();
        keeper.journal().remove(&state).await.expect("removed");

        let after = node(dir.path(), "one").await;
        let taken = left(&after, &targets(), 2_001).await.expect("read");
        assert_eq!(taken.len(), 1);
        assert_eq!(taken[0].queue.endpoint("a").map(|a| a.waiting()), Some(1));
    }

    #[tokio::test]
    async fn a_node_with_nothing_to_lose_keeps_its_own() {
        let dir = tempfile::tempdir().expect("a folder");
        let (one, two) = (node(dir.path(), "one").await, node(dir.path(), "two").await);
        let (mut keeper, queue) = (Keeper::new(one), Queue::default().with_targets(&targets()));
        let next = keeper.next(&queue, 1_000).expect("a state");
        write(keeper.journal(), &next).await.expect("written");
        let later = left(&two, &targets(), 1_000 + 10 * DEAD_AFTER_MS)
            .await
            .expect("read");
        assert!(later.is_empty());
        let garbage = left(&two, &targets(), 2_000 + GARBAGE_AFTER_MS)
            .await
            .expect("read");
        assert_eq!(garbage.len(), 1);
    }
}
