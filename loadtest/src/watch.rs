//! Looks at the server while the load runs: CPU, memory, bytes, syncs; once a second a sample.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Result;
use serde::Serialize;
use tokio::{task::JoinHandle, time::sleep};

use crate::{
    recorder::Latency,
    scrape::{self, Counters},
    server_process::ServerProcess,
    stage::Stage,
};

/// How often memory is read, and how many readings make a sample.
const READING: Duration = Duration::from_millis(50);
const READINGS_PER_SAMPLE: u32 = 20;
/// Samples of one run, at most: an hour and a half.
const SAMPLES_MAX: usize = 6_000;

/// One second of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Sample {
    /// Since the watch began.
    pub at_seconds: f64,
    /// The server's CPU-seconds per second.
    pub server_cores: Option<f64>,
    /// The generator's.
    pub own_cores: f64,
    /// The server's resident memory.
    pub server_bytes: Option<u64>,
    /// Bytes per second from and to the server, as the clients count them.
    pub received_bytes: u64,
    /// Bytes per second to the server.
    pub sent_bytes: u64,
    /// Clients in sync.
    pub synced: usize,
    /// Latencies of this second.
    pub latencies: Vec<Latency>,
}

#[derive(Default)]
struct Process {
    current: Option<ServerProcess>,
    /// CPU-seconds of those that ended.
    spent: f64,
    last_seen: f64,
}

/// The server under test, seen from outside. Survives restarts of the process.
pub(crate) struct Watch {
    process: Mutex<Process>,
    own: ServerProcess,
    metrics: Option<SocketAddr>,
    peak: AtomicU64,
    /// Whether the kernel keeps the peak: one that cannot reset it tells that of an earlier phase.
    has_kernel_peak: AtomicBool,
    samples: Mutex<Vec<Sample>>,
}

impl Watch {
    /// Watches a process, and its own figures where it publishes them.
    pub(crate) async fn new(pid: Option<u32>, address: SocketAddr) -> Result<Arc<Self>> {
        let metrics = scrape::scrape(address).await.ok().map(|_| address);
        let process = Process {
            current: pid.map(ServerProcess::new).transpose()?,
            ..Process::default()
        };
        Ok(Arc::new(Self {
            process: Mutex::new(process),
            own: ServerProcess::new(std::process::id())?,
            metrics,
            peak: AtomicU64::new(0),
            has_kernel_peak: AtomicBool::new(false),
            samples: Mutex::new(Vec::new()),
        }))
    }

    /// The process has ended, or another one took its place.
    pub(crate) fn replace(&self, pid: Option<u32>) -> Result<()> {
        let mut process = lock(&self.process);
        process.spent += process.last_seen;
        process.last_seen = 0.0;
        process.current = pid.map(ServerProcess::new).transpose()?;
        Ok(())
    }

    /// CPU-seconds of the server so far, all its processes together.
    pub(crate) fn cpu_seconds(&self) -> Option<f64> {
        let mut process = lock(&self.process);
        let seconds = process.current.as_ref()?.cpu_seconds().ok()?;
        process.last_seen = seconds;
        Some(process.spent + seconds)
    }

    /// The generator's own CPU-seconds.
    pub(crate) fn own_cpu_seconds(&self) -> Result<f64> {
        self.own.cpu_seconds()
    }

    pub(crate) fn resident_bytes(&self) -> Option<u64> {
        lock(&self.process).current.as_ref()?.resident_bytes().ok()
    }

    /// The highest resident memory since [`Self::reset_peak`].
    pub(crate) fn peak_bytes(&self) -> Option<u64> {
        self.resident_bytes()?;
        self.read_peak();
        Some(self.peak.load(Ordering::Relaxed))
    }

    /// Starts a new peak. Where the kernel keeps one, short peaks are seen too.
    pub(crate) fn reset_peak(&self) {
        let process = lock(&self.process);
        let Some(current) = &process.current else {
            return;
        };
        let is_reset = current.reset_peak();
        self.has_kernel_peak.store(is_reset, Ordering::Relaxed);
        let now = current.resident_bytes().unwrap_or_default();
        self.peak.store(now, Ordering::Relaxed);
    }

    fn read_peak(&self) {
        let process = lock(&self.process);
        let Some(current) = &process.current else {
            return;
        };
        let read = match self.has_kernel_peak.load(Ordering::Relaxed) {
            true => current.peak_bytes(),
            false => current.resident_bytes(),
        };
        if let Ok(bytes) = read {
            self.peak.fetch_max(bytes, Ordering::Relaxed);
        }
    }

    /// The server's own counters, where it has any.
    pub(crate) async fn counters(&self) -> Counters {
        match self.metrics {
            // A server that is busy or dead has none now: the figure is then left out.
            Some(address) => scrape::scrape(address).await.unwrap_or_default(),
            None => Counters::new(),
        }
    }

    pub(crate) fn samples(&self) -> Vec<Sample> {
        lock(&self.samples).clone()
    }

    /// Samples until the handle is aborted.
    pub(crate) fn begin(self: &Arc<Self>, stage: &Arc<Stage>) -> Sampling {
        let (watch, stage) = (Arc::clone(self), Arc::clone(stage));
        Sampling(tokio::spawn(async move {
            let start = Instant::now();
            watch.reset_peak();
            let mut before = Totals::read(&watch, &stage);
            loop {
                for _ in 0..READINGS_PER_SAMPLE {
                    sleep(READING).await;
                    watch.read_peak();
                }
                let after = Totals::read(&watch, &stage);
                let sample = after.since(&before, start, &watch, &stage);
                let mut samples = lock(&watch.samples);
                if samples.len() < SAMPLES_MAX {
                    samples.push(sample);
                }
                before = after;
            }
        }))
    }
}

/// The sampling task; it ends with this.
pub(crate) struct Sampling(JoinHandle<()>);

impl Drop for Sampling {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Totals {
    at: Instant,
    server_cpu: Option<f64>,
    own_cpu: f64,
    received: u64,
    sent: u64,
}

impl Totals {
    fn read(watch: &Watch, stage: &Stage) -> Self {
        Self {
            at: Instant::now(),
            server_cpu: watch.cpu_seconds(),
            own_cpu: watch.own_cpu_seconds().unwrap_or(f64::NAN),
            received: stage.traffic.received.load(Ordering::Relaxed),
            sent: stage.traffic.sent.load(Ordering::Relaxed),
        }
    }

    fn since(&self, before: &Self, start: Instant, watch: &Watch, stage: &Stage) -> Sample {
        let seconds = (self.at - before.at).as_secs_f64().max(1e-3);
        let per_second = |after: u64, before: u64| ((after - before) as f64 / seconds) as u64;
        let cores = self
            .server_cpu
            .zip(before.server_cpu)
            .map(|(after, before)| (after - before) / seconds);
        Sample {
            at_seconds: (self.at - start).as_secs_f64(),
            server_cores: cores,
            own_cores: (self.own_cpu - before.own_cpu) / seconds,
            server_bytes: watch.resident_bytes(),
            received_bytes: per_second(self.received, before.received),
            sent_bytes: per_second(self.sent, before.sent),
            synced: stage.synced(),
            latencies: stage.recorder.interval().unwrap_or_default(),
        }
    }
}

/// Figures are replaced in one step: a panic leaves none half written.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
