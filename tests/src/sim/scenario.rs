//! Mixes of misfortune.

use unisson_session::Limits;

use crate::rng::Rng;

/// A deliberate fault of the server, to prove that the oracle would see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// The store says "durable" before it is.
    EarlyAppended,
    /// The store says "durable" and forgets one append in ten.
    ForgottenAppend,
    /// One relayed update in ten is not sent to one of its receivers.
    LostUpdate,
    /// One acknowledgement in ten is given twice.
    DoubledAcknowledgement,
    /// Presence is never sent.
    SilentPresence,
}

/// What a world is like. Times in milliseconds, chances in percent.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// For messages.
    pub name: &'static str,
    /// Honest clients that write.
    pub writers: usize,
    /// Honest clients that only read.
    pub readers: usize,
    /// Clients that break the rules.
    pub hostile: usize,
    /// How long the clients are active.
    pub active_ms: u64,
    /// The shortest and longest way over a socket.
    pub delay_ms: (u64, u64),
    /// Chance that an action of a client is the loss of its socket.
    pub loss: u64,
    /// Chance that a lost socket looks alive to both ends.
    pub half_open: u64,
    /// The shortest and longest work of the store.
    pub store_ms: (u64, u64),
    /// Chance that an order to the store fails.
    pub store_failure: u64,
    /// Chance, at each action, that the process is killed.
    pub crash: u64,
    /// How often the process is short of memory.
    pub memory_short: u64,
    /// Chance that a client reads slowly.
    pub slow: u64,
    /// Where a socket's outbox lags.
    pub outbox_bytes_max: usize,
    /// The session's limits.
    pub limits: Limits,
    /// A fault to find.
    pub sabotage: Option<Sabotage>,
}

impl Scenario {
    /// A quiet day.
    pub fn calm() -> Self {
        Self {
            name: "calm",
            writers: 3,
            readers: 1,
            hostile: 0,
            active_ms: 20_000,
            delay_ms: (1, 40),
            loss: 0,
            half_open: 0,
            store_ms: (1, 20),
            store_failure: 0,
            crash: 0,
            memory_short: 2,
            slow: 0,
            outbox_bytes_max: 64 * 1024,
            limits: limits(),
            sabotage: None,
        }
    }

    /// Sockets that die, hang and dawdle.
    pub fn stormy() -> Self {
        let (delay_ms, loss, half_open) = ((1, 900), 8, 20);
        Self {
            name: "stormy",
            delay_ms,
            loss,
            half_open,
            ..Self::calm()
        }
    }

    /// A store that is slow and often away.
    pub fn failing_store() -> Self {
        let (store_ms, store_failure, loss) = ((1, 2_500), 30, 3);
        Self {
            name: "failing store",
            store_ms,
            store_failure,
            loss,
            ..Self::calm()
        }
    }

    /// A process that is killed again and again.
    pub fn crashing() -> Self {
        let (store_ms, crash, delay_ms) = ((1, 400), 3, (1, 200));
        Self {
            name: "crashing",
            store_ms,
            crash,
            delay_ms,
            loss: 2,
            ..Self::calm()
        }
    }

    /// Clients that break the rules.
    pub fn hostile() -> Self {
        Self {
            name: "hostile",
            hostile: 2,
            loss: 3,
            store_ms: (1, 200),
            ..Self::calm()
        }
    }

    /// Readers that do not keep up.
    pub fn slow_readers() -> Self {
        let (slow, outbox_bytes_max) = (50, 700);
        Self {
            name: "slow readers",
            slow,
            outbox_bytes_max,
            loss: 2,
            ..Self::calm()
        }
    }

    /// Everything at once.
    pub fn everything() -> Self {
        Self {
            name: "everything",
            writers: 4,
            hostile: 1,
            delay_ms: (1, 400),
            loss: 4,
            half_open: 15,
            store_ms: (1, 800),
            store_failure: 10,
            crash: 1,
            slow: 25,
            outbox_bytes_max: 2_000,
            ..Self::calm()
        }
    }

    /// The scenario that a seed chooses, with its own variations.
    pub fn of_seed(seed: u64) -> Self {
        let all = [
            Self::calm,
            Self::stormy,
            Self::failing_store,
            Self::crashing,
            Self::hostile,
            Self::slow_readers,
            Self::everything,
        ];
        let index = usize::try_from(seed % all.len() as u64).unwrap_or(0);
        let mut scenario = all[index]();
        let mut rng = Rng::new(seed ^ 0xa5a5);
        scenario.writers = scenario.writers - 1 + rng.index(3);
        scenario.readers = rng.index(3);
        scenario.active_ms = rng.between(3_000, 25_000);
        scenario
    }

    /// The same with a fault.
    pub fn with(mut self, sabotage: Sabotage) -> Self {
        self.sabotage = Some(sabotage);
        self
    }
}

/// Small limits, so that a short run meets them.
fn limits() -> Limits {
    Limits {
        update_bytes_max: 64 * 1024,
        document_bytes_max: 4 * 1024 * 1024,
        waiting_bytes_max: 64 * 1024,
        waiting_updates_max: 32,
        undurable_bytes_max: 1024 * 1024,
        snapshot_log_bytes: 2 * 1024,
        snapshot_log_updates: 25,
        snapshot_idle_ms: 4_000,
        cool_idle_ms: 600,
        cool_bytes_min: 0,
        answers_idle_ms: 2_000,
        unload_idle_ms: 3_000,
        edit_deliveries_per_s: 3,
        edit_wait_ms_max: 600,
        presence_deliveries_per_s: 1,
        presence_wait_ms_max: 2_000,
        ..Limits::default()
    }
}
