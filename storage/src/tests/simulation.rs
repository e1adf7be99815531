//! Several processes, a bad network, deaths between any two steps: whatever was acknowledged is
//! read at every later opening. In virtual time; a failing seed is repeated by
//! `SEED=… cargo test -p unisson-storage simulation`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::{Instant, sleep};

use super::{
    said,
    world::{Process, Weather, World},
};
use crate::{OpenError, Store, StoreError, StoreSettings, StoredDocument, merge, shared::lock};

const DOCUMENTS: u64 = 3;
const LAG_MS: u64 = 1_500;

/// What clients know.
#[derive(Default)]
struct Clients {
    sent: BTreeMap<u64, BTreeSet<String>>,
    acknowledged: BTreeMap<u64, Vec<(Instant, String)>>,
    count: u64,
}

struct Node {
    store: Store,
    process: Process,
}

struct Simulation {
    world: Arc<World>,
    nodes: [Option<Node>; 2],
    clients: Arc<Mutex<Clients>>,
    seed: u64,
    stale: bool,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let world = World::new(seed);
        let simulation = Self {
            world,
            nodes: [None, None],
            clients: Arc::default(),
            seed,
            stale: seed % 3 == 2,
        };
        simulation.fair();
        simulation
    }

    fn fair(&self) {
        *lock(&self.world.weather) = Weather {
            fails: 30,
            loses_answers: 30,
            lands_late: 20,
            delay_ms_max: 200,
            lists_lag_ms: if self.stale { LAG_MS } else { 0 },
            is_down: false,
        };
    }

    fn settings(&self) -> (StoreSettings, Process) {
        let (mut settings, process) = self.world.process();
        // Longer than lists lag and requests travel.
        settings.grace_ms = 15_000;
        settings.adopt_after_ms = 20_000;
        settings.merge_interval_ms = 5_000;
        settings.poll_interval_ms = 2_000;
        (settings, process)
    }

    /// Opens a node, as its supervisor would: again after each failure of the store.
    async fn open(&self) -> Node {
        for _ in 0..60 {
            let (settings, process) = self.settings();
            match Store::open(settings).await {
                Ok(store) => return Node { store, process },
                Err(OpenError::Unavailable(_)) => sleep(Duration::from_secs(1)).await,
                Err(error) => panic!("seed {}: {error}", self.seed),
            }
        }
        panic!("seed {}: the store never opened", self.seed);
    }

    async fn step(&mut self) {
        let at = self.world.below(2) as usize;
        if self.nodes[at]
            .as_ref()
            .is_none_or(|node| node.process.is_cut())
        {
            self.nodes[at] = None;
            self.nodes[at] = Some(self.open().await);
            return;
        }
        let document = self.world.below(DOCUMENTS);
        let Some(node) = &self.nodes[at] else { return };
        match self.world.below(100) {
            0..40 => self.append(node, document),
            40..55 => sleep(Duration::from_millis(self.world.below(3_000))).await,
            55..70 => self.read(node, document).await,
            70..80 => self.compact(node, document).await,
            80..87 => {
                sleep(Duration::from_millis(self.world.below(16_000))).await;
                // The store may fail it at any step.
                let _ = node.store.collect_garbage().await;
            }
            87..90 => {
                let _ = merge::merge(&node.store.inner.shared).await;
            }
            90..94 => node.process.cut_after(self.world.below(40)),
            94..96 => {
                let _ = node.store.close().await;
                self.nodes[at] = None;
            }
            96..98 => {
                lock(&self.world.weather).is_down = true;
                sleep(Duration::from_millis(self.world.below(20_000))).await;
                self.fair();
            }
            _ => node.process.cut(),
        }
    }

    fn append(&self, node: &Node, document: u64) {
        for _ in 0..=self.world.below(4) {
            let mut clients = lock(&self.clients);
            clients.count += 1;
            let update = format!("{:05}", clients.count);
            let sent = clients.sent.entry(document).or_default();
            sent.insert(update.clone());
            drop(clients);
            let append = node
                .store
                .append(&document.to_string(), Bytes::from(update.clone()));
            let clients = Arc::clone(&self.clients);
            tokio::spawn(async move {
                if append.await.is_ok() {
                    let mut clients = lock(&clients);
                    let acknowledged = clients.acknowledged.entry(document).or_default();
                    acknowledged.push((Instant::now(), update));
                }
            });
        }
    }

    /// What must be read from now on; a list that lags shows it a little later.
    fn must_have(&self, document: u64) -> BTreeSet<String> {
        let lag = Duration::from_millis(if self.stale { LAG_MS } else { 0 });
        let clients = lock(&self.clients);
        let of_document = clients.acknowledged.get(&document).into_iter().flatten();
        let old = of_document.filter(|(at, _)| at.elapsed() >= lag);
        old.map(|(_, update)| update.clone()).collect()
    }

    fn check(&self, document: u64, must: &BTreeSet<String>, read: &StoredDocument) {
        let found: BTreeSet<String> = said(read).into_iter().filter(|s| !s.is_empty()).collect();
        let clients = lock(&self.clients);
        let none = BTreeSet::new();
        let sent = clients.sent.get(&document).unwrap_or(&none);
        let lost: Vec<_> = must.difference(&found).collect();
        let invented: Vec<_> = found.difference(sent).collect();
        let seed = self.seed;
        assert!(
            lost.is_empty(),
            "seed {seed}: document {document} lost {lost:?}"
        );
        assert!(invented.is_empty(), "seed {seed}: {invented:?}");
    }

    async fn read(&self, node: &Node, document: u64) {
        let must = self.must_have(document);
        match node.store.read(&document.to_string()).await {
            Ok(read) => self.check(document, &must, &read),
            Err(StoreError::Unavailable(_)) => {}
            Err(error) => panic!("seed {}: {error}", self.seed),
        }
    }

    async fn compact(&self, node: &Node, document: u64) {
        let name = document.to_string();
        let read = match node.store.read(&name).await {
            Ok(read) => read,
            Err(StoreError::Unavailable(_)) => return,
            Err(error) => panic!("seed {}: {error}", self.seed),
        };
        let all: BTreeSet<String> = said(&read).into_iter().filter(|s| !s.is_empty()).collect();
        let body = all.into_iter().collect::<Vec<_>>().join(",");
        // The store may fail it at any step.
        let _ = node
            .store
            .put_snapshot(&name, body.into(), read.basis)
            .await;
    }

    /// The weather clears, what was on its way arrives, and a new node reads everything.
    async fn finish(&mut self) {
        *lock(&self.world.weather) = Weather::default();
        self.stale = false;
        sleep(Duration::from_secs(30)).await;
        for round in 0..2 {
            let node = self.open().await;
            for document in 0..DOCUMENTS {
                self.read(&node, document).await;
                if round == 0 {
                    self.compact(&node, document).await;
                }
            }
            sleep(Duration::from_secs(30)).await;
            node.store.collect_garbage().await.unwrap();
            sleep(Duration::from_secs(30)).await;
            node.store.collect_garbage().await.unwrap();
            for document in 0..DOCUMENTS {
                self.read(&node, document).await;
            }
        }
    }
}

fn run(seed: u64) -> (usize, usize) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut simulation = Simulation::new(seed);
        for _ in 0..120 {
            simulation.step().await;
        }
        simulation.finish().await;
        let clients = lock(&simulation.clients);
        let acknowledged = clients.acknowledged.values().map(Vec::len).sum();
        (clients.count as usize, acknowledged)
    })
}

#[test]
fn whatever_was_acknowledged_is_read_at_every_later_opening() {
    let number = |name| std::env::var(name).ok()?.parse::<u64>().ok();
    let seeds = match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SEEDS").unwrap_or(60),
    };
    let (mut sent, mut acknowledged) = (0, 0);
    for seed in seeds {
        let counts = run(seed);
        sent += counts.0;
        acknowledged += counts.1;
    }
    // A world in which nothing is ever acknowledged would prove nothing.
    assert!(acknowledged * 2 > sent, "{acknowledged} of {sent}");
}
