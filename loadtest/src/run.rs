//! One run: connect everybody, write by the schedule, wait for the last edit, check.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::{sleep, sleep_until},
};

use crate::{
    check,
    plan::Plan,
    reader,
    report::{Measured, Report},
    server_process::ServerProcess,
    tally::{Tally, Totals},
    writer,
};

/// Handshakes at the same time: a storm of them is another measurement.
const CONNECTING_MAX: usize = 64;
/// How long all sockets may take to be in sync.
const CONNECT_MAX: Duration = Duration::from_secs(120);
/// How long after the last edit everybody may take to see it and to see it saved.
const GRACE: Duration = Duration::from_secs(15);
/// How often the clients are counted and the server is measured.
const SAMPLE: Duration = Duration::from_millis(100);
/// Between "everybody is there" and the first edit.
const LEAD: Duration = Duration::from_millis(500);

/// What a client is told, and tells.
#[derive(Clone)]
pub(crate) struct Signals {
    start: watch::Receiver<Option<Instant>>,
    over: watch::Receiver<bool>,
    turns: Arc<Semaphore>,
    ready: Arc<AtomicUsize>,
    done: Arc<AtomicUsize>,
}

impl Signals {
    /// A turn to connect.
    pub(crate) async fn turn(&self) -> Result<OwnedSemaphorePermit> {
        Ok(self.turns.clone().acquire_owned().await?)
    }

    /// This client is in sync.
    pub(crate) fn ready(&self) {
        self.ready.fetch_add(1, Ordering::Relaxed);
    }

    /// This client made, saved and saw everything.
    pub(crate) fn done(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// When the schedule starts, once that is known.
    pub(crate) fn start(&self) -> Option<Instant> {
        *self.start.borrow()
    }

    pub(crate) async fn started(&self) {
        if self.start.clone().wait_for(Option::is_some).await.is_err() {
            pending::<()>().await;
        }
    }

    /// The run is over: leave.
    pub(crate) async fn over(&self) {
        // An error means that the run itself is gone.
        let _ = self.over.clone().wait_for(|over| *over).await;
    }
}

/// Carries out a plan. The report tells whether the run was correct.
pub async fn run(plan: Plan) -> Result<Report> {
    plan.validate()?;
    let plan = Arc::new(plan);
    let server = plan.server_pid.map(ServerProcess::new).transpose()?;
    let sockets = plan.documents * plan.clients;
    let (start_sender, start) = watch::channel(None);
    let (over_sender, over) = watch::channel(false);
    let signals = Signals {
        start,
        over,
        turns: Arc::new(Semaphore::new(CONNECTING_MAX)),
        ready: Arc::default(),
        done: Arc::default(),
    };
    let bar = progress_bar(&plan);
    let base_bytes = server
        .as_ref()
        .map(ServerProcess::resident_bytes)
        .transpose()?;

    let connecting = Instant::now();
    let mut tasks = spawn_all(&plan, &signals);
    bar.set_length(sockets as u64);
    bar.set_message("connecting");
    while signals.ready.load(Ordering::Relaxed) < sockets {
        bar.set_position(signals.ready.load(Ordering::Relaxed) as u64);
        if let Some(finished) = tasks.try_join_next() {
            finished??;
        }
        ensure!(
            connecting.elapsed() < CONNECT_MAX,
            "not all sockets came into sync in time"
        );
        sleep(SAMPLE).await;
    }
    let connected_in = connecting.elapsed();

    let start = Instant::now() + LEAD;
    start_sender.send_replace(Some(start));
    sleep_until(start.into()).await;
    let cpu_before = server
        .as_ref()
        .map(ServerProcess::cpu_seconds)
        .transpose()?;
    let peak_bytes = watch_the_clock(&plan, &signals, start, server.as_ref(), &bar).await?;
    let wall = start.elapsed();
    let cpu_after = server
        .as_ref()
        .map(ServerProcess::cpu_seconds)
        .transpose()?;

    // Before anybody leaves: a server without a store forgets a document with its last client.
    let mut totals = Totals::new()?;
    bar.set_message("checking");
    let wrong_documents = check::check_all(&plan, &mut totals, &bar).await?;
    over_sender.send_replace(true);
    while let Some(finished) = tasks.join_next().await {
        match finished? {
            Ok(tally) => totals.add(tally),
            Err(error) => totals.error(format!("{error:#}")),
        }
    }
    bar.finish_and_clear();
    Ok(Report::new(
        &plan,
        &totals,
        &Measured {
            connected_in,
            wall,
            cpu_seconds: cpu_after
                .zip(cpu_before)
                .map(|(after, before)| after - before),
            base_bytes,
            peak_bytes,
            wrong_documents,
        },
    ))
}

fn spawn_all(plan: &Arc<Plan>, signals: &Signals) -> JoinSet<Result<Tally>> {
    let mut tasks = JoinSet::new();
    for document in 0..plan.documents {
        for client in 0..plan.clients {
            let plan = Arc::clone(plan);
            let signals = signals.clone();
            tasks.spawn(async move {
                if client >= plan.writers && plan.counting_readers {
                    reader::read(&plan, document, &signals).await
                } else {
                    writer::take_part(&plan, document, client, &signals).await
                }
            });
        }
    }
    tasks
}

/// Waits for the end of the schedule and for the last edit; the server's highest memory.
async fn watch_the_clock(
    plan: &Plan,
    signals: &Signals,
    start: Instant,
    server: Option<&ServerProcess>,
    bar: &ProgressBar,
) -> Result<Option<u64>> {
    let sockets = plan.documents * plan.clients;
    let mut peak = None;
    bar.set_length(plan.duration.as_millis() as u64);
    bar.set_message("writing");
    while start.elapsed() < plan.duration + GRACE {
        if let Some(server) = server {
            peak = peak.max(Some(server.resident_bytes()?));
        }
        let elapsed = start.elapsed();
        bar.set_position(elapsed.min(plan.duration).as_millis() as u64);
        if elapsed >= plan.duration && signals.done.load(Ordering::Relaxed) >= sockets {
            break;
        }
        sleep(SAMPLE).await;
    }
    Ok(peak)
}

fn progress_bar(plan: &Plan) -> ProgressBar {
    if !plan.progress {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(1);
    if let Ok(style) = ProgressStyle::with_template("{msg:>10} [{bar:40}] {percent:>3} % {elapsed}")
    {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}
