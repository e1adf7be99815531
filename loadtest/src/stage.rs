//! What all clients of a run share: the plan, the clock, the counts, and the signals.

use std::{
    future::pending,
    sync::{
        OnceLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Result;
use tokio::sync::{Semaphore, SemaphorePermit, watch};

use crate::{
    plan::Plan,
    recorder::{Kind, Recorder},
    socket::Traffic,
};

/// Handshakes at the same time: a storm of them is another measurement.
const CONNECTING_MAX: usize = 64;
/// No moment.
const NEVER: u64 = u64::MAX;

pub(crate) struct Stage {
    pub(crate) plan: Plan,
    pub(crate) recorder: Recorder,
    pub(crate) traffic: Traffic,
    start: OnceLock<Instant>,
    over: watch::Sender<bool>,
    turns: Semaphore,
    /// Clients in sync with the server now.
    synced: AtomicUsize,
    /// Clients that are away because their plan says so.
    away: AtomicUsize,
    /// Clients that made, saved and saw everything.
    done: AtomicUsize,
    /// Microseconds from the start to the moment the server was killed, and to everybody's return.
    killed_us: AtomicU64,
    back_us: AtomicU64,
}

impl Stage {
    pub(crate) fn new(plan: Plan) -> Result<Self> {
        Ok(Self {
            plan,
            recorder: Recorder::new()?,
            traffic: Traffic::default(),
            start: OnceLock::new(),
            over: watch::Sender::new(false),
            turns: Semaphore::new(CONNECTING_MAX),
            synced: AtomicUsize::new(0),
            away: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            killed_us: AtomicU64::new(NEVER),
            back_us: AtomicU64::new(NEVER),
        })
    }

    /// A turn to connect, where connecting is not what is measured.
    pub(crate) async fn turn(&self) -> Result<SemaphorePermit<'_>> {
        Ok(self.turns.acquire().await?)
    }

    pub(crate) fn begin(&self, start: Instant) {
        // A stage has one schedule; a second start would be a mistake of ours.
        let first = self.start.set(start);
        debug_assert!(first.is_ok(), "the schedule starts once");
    }

    /// When the schedule starts, once that is known.
    pub(crate) fn start(&self) -> Option<Instant> {
        self.start.get().copied()
    }

    pub(crate) fn end(&self) {
        self.over.send_replace(true);
    }

    /// The run is over: leave.
    pub(crate) async fn over(&self) {
        if self.over.subscribe().wait_for(|over| *over).await.is_err() {
            pending::<()>().await;
        }
    }

    pub(crate) fn synced(&self) -> usize {
        self.synced.load(Ordering::Relaxed)
    }

    pub(crate) fn away(&self) -> usize {
        self.away.load(Ordering::Relaxed)
    }

    pub(crate) fn done(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    pub(crate) fn is_done(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Everything that arrives from now on crossed the server's absence, until [`Self::all_back`].
    pub(crate) fn killed(&self) {
        self.killed_us.store(self.elapsed_us(), Ordering::Relaxed);
    }

    pub(crate) fn all_back(&self) {
        self.back_us.store(self.elapsed_us(), Ordering::Relaxed);
    }

    /// The histogram for an edit that arrives now.
    pub(crate) fn kind_of(&self, kind: Kind, due: Duration) -> Kind {
        let killed = self.killed_us.load(Ordering::Relaxed);
        let back = self.back_us.load(Ordering::Relaxed);
        match killed != NEVER && due.as_micros() < u128::from(back) {
            true if self.elapsed_us() >= killed => Kind::Outage,
            _ => kind,
        }
    }

    /// Whether the schedule has ended: who is there stays.
    pub(crate) fn is_past_end(&self) -> bool {
        let elapsed = self.start().map(|start| start.elapsed());
        elapsed.is_some_and(|elapsed| elapsed >= self.plan.duration)
    }

    fn elapsed_us(&self) -> u64 {
        let elapsed = self.start().map(|start| start.elapsed());
        elapsed.map_or(0, |elapsed| {
            u64::try_from(elapsed.as_micros()).unwrap_or(NEVER - 1)
        })
    }
}

/// One client's presence in the stage's counts; it is taken back when the client ends.
pub(crate) struct Place<'a> {
    stage: &'a Stage,
    is_synced: bool,
    is_away: bool,
}

impl<'a> Place<'a> {
    pub(crate) fn new(stage: &'a Stage) -> Self {
        Self {
            stage,
            is_synced: false,
            is_away: false,
        }
    }

    pub(crate) fn set_synced(&mut self, is_synced: bool) {
        set(&self.stage.synced, &mut self.is_synced, is_synced);
    }

    pub(crate) fn set_away(&mut self, is_away: bool) {
        set(&self.stage.away, &mut self.is_away, is_away);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.set_synced(false);
        self.set_away(false);
    }
}

fn set(count: &AtomicUsize, own: &mut bool, value: bool) {
    match (*own, value) {
        (false, true) => {
            count.fetch_add(1, Ordering::Relaxed);
        }
        (true, false) => {
            count.fetch_sub(1, Ordering::Relaxed);
        }
        _ => {}
    }
    *own = value;
}
