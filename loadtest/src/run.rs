//! One run of one scenario against one server.

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::{task::JoinSet, time::sleep};

use crate::{
    plan::Plan,
    report::{Better, Figure, Report},
    scenario::Scenario,
    scenarios,
    scrape::Counters,
    servers::Started,
    stage::Stage,
    watch::Watch,
};

/// The number of the clients that check: no client of a run has it.
pub(crate) const CHECKER: usize = 4_094;
/// And of the client that builds documents before the load begins.
pub(crate) const BUILDER: usize = 4_093;
/// How long all sockets may take to be in sync.
const CONNECT_MAX: Duration = Duration::from_secs(240);
/// How often the clients are counted.
const COUNTING: Duration = Duration::from_millis(20);

/// The server of a run.
pub enum Target<'a> {
    /// Somewhere else: nothing is known of its process.
    Address,
    /// A process on this machine.
    Process(u32),
    /// A process that this tool started, and may stop and start again.
    Started(&'a mut Started),
}

impl Target<'_> {
    /// The same server, for one more run.
    pub(crate) fn again(&mut self) -> Target<'_> {
        match self {
            Self::Address => Target::Address,
            Self::Process(pid) => Target::Process(*pid),
            Self::Started(started) => Target::Started(started),
        }
    }
}

/// A run under way.
pub(crate) struct Run<'a> {
    pub(crate) stage: Arc<Stage>,
    pub(crate) watch: Arc<Watch>,
    pub(crate) bar: ProgressBar,
    pub(crate) base_bytes: Option<u64>,
    target: Target<'a>,
    figures: Vec<Figure>,
}

/// Carries out a plan. The report tells whether the run was correct.
pub async fn run(plan: Plan, target: Target<'_>) -> Result<Report> {
    plan.validate()?;
    if plan.scenario.restarts() || plan.kill_at.is_some() {
        ensure!(
            matches!(target, Target::Started(_)),
            "{} stops and starts the server: let this tool start it (--server)",
            plan.scenario.id()
        );
    }
    let (name, pid) = match &target {
        Target::Address => (plan.target.clone(), None),
        Target::Process(pid) => (plan.target.clone(), Some(*pid)),
        Target::Started(started) => (started.kind().name().to_owned(), started.pid()),
    };
    let address: SocketAddr = plan.destination(0)?.address;
    let watch = Watch::new(pid, address).await?;
    let mut run = Run {
        bar: progress_bar(&plan),
        base_bytes: watch.resident_bytes(),
        stage: Arc::new(Stage::new(plan)?),
        watch,
        target,
        figures: Vec::new(),
    };
    let own_cpu = run.watch.own_cpu_seconds()?;
    let sampling = run.watch.begin(&run.stage);
    carry_out(&mut run).await?;
    drop(sampling);
    run.stage.end();
    run.bar.finish_and_clear();
    let own_cpu = run.watch.own_cpu_seconds()? - own_cpu;
    run.figure(
        "generator CPU, whole run",
        own_cpu,
        "CPU-s",
        Better::Neither,
    );
    run.report(name)
}

async fn carry_out(run: &mut Run<'_>) -> Result<()> {
    match run.stage.plan.scenario {
        Scenario::F1 | Scenario::F2 | Scenario::F3 | Scenario::PD => {
            scenarios::typing::run(run).await
        }
        Scenario::I1 => scenarios::idle::run(run).await,
        Scenario::D20 => scenarios::quiet::run(run).await,
        Scenario::J1 | Scenario::J20 => scenarios::join::run(run).await,
        Scenario::C1 => scenarios::history::run(run).await,
        Scenario::W1 => scenarios::rest::run(run).await,
        Scenario::K1 => scenarios::kill::run(run).await,
        Scenario::P1 => scenarios::presence::run(run).await,
        Scenario::R1 => scenarios::storm::run(run).await,
        Scenario::A1 => scenarios::agents::run(run).await,
    }
}

impl<'a> Run<'a> {
    pub(crate) fn figure(
        &mut self,
        name: &'static str,
        value: f64,
        unit: &'static str,
        better: Better,
    ) {
        self.figures.push(Figure {
            name,
            value,
            unit,
            better,
        });
    }

    /// What a push of so many updates has cost the server since it had used `before`.
    pub(crate) fn push_cost(&mut self, before: Option<f64>, updates: usize) {
        if let Some((after, before)) = self.watch.cpu_seconds().zip(before) {
            let each = (after - before) / updates as f64 * 1_000.0;
            self.figure(
                "push, server CPU per 1,000 updates",
                each,
                "CPU-s",
                Better::Less,
            );
        }
    }

    /// A figure in megabytes, where it is known.
    pub(crate) fn megabytes(&mut self, name: &'static str, bytes: Option<u64>, better: Better) {
        if let Some(bytes) = bytes {
            self.figure(name, bytes as f64 / 1e6, "MB", better);
        }
    }

    /// How far counters of the server moved, under our names.
    pub(crate) fn counters(&mut self, before: &Counters, after: &Counters) {
        let moved = [
            ("unisson_store_sync_seconds_count", "syncs of the log", ""),
            (
                "unisson_store_requests_total",
                "requests to the object store",
                "",
            ),
            (
                "unisson_received_bytes_total",
                "server: bytes received",
                "B",
            ),
            ("unisson_sent_bytes_total", "server: bytes sent", "B"),
            ("unisson_frames_sent_total", "server: frames sent", ""),
        ];
        for (counter, name, unit) in moved {
            if let (Some(after), Some(before)) = (after.get(counter), before.get(counter)) {
                self.figure(name, after - before, unit, Better::Neither);
            }
        }
    }

    /// The server, where this tool started it.
    pub(crate) fn started(&mut self) -> Result<&mut Started> {
        match &mut self.target {
            Target::Started(started) => Ok(started),
            _ => anyhow::bail!("this tool did not start the server"),
        }
    }

    /// Whether the server keeps documents over a restart.
    pub(crate) fn keeps(&self) -> bool {
        match &self.target {
            Target::Started(started) => started.kind().keeps(),
            _ => true,
        }
    }

    pub(crate) fn phase(&self, message: &'static str, length: u64) {
        self.bar.set_message(message);
        self.bar.set_length(length);
        self.bar.set_position(0);
    }

    /// Waits until so many clients are in sync (or away by plan); how long it took.
    pub(crate) async fn wait_for_clients(
        &self,
        clients: usize,
        tasks: &mut JoinSet<Result<()>>,
    ) -> Result<Duration> {
        let since = Instant::now();
        self.phase("connecting", clients as u64);
        loop {
            let there = self.stage.synced() + self.stage.away();
            self.bar.set_position(there as u64);
            if there >= clients {
                return Ok(since.elapsed());
            }
            while let Some(finished) = tasks.try_join_next() {
                finished?.context("a client ended before the load began")?;
            }
            ensure!(
                since.elapsed() < CONNECT_MAX,
                "only {there} of {clients} clients came into sync in time"
            );
            sleep(COUNTING).await;
        }
    }

    /// Ends all clients, and keeps their errors.
    pub(crate) async fn end_clients(&self, mut tasks: JoinSet<Result<()>>) -> Result<()> {
        self.stage.end();
        while let Some(finished) = tasks.join_next().await {
            if let Err(error) = finished? {
                self.stage.recorder.error(format!("{error:#}"));
            }
        }
        Ok(())
    }

    fn report(self, server: String) -> Result<Report> {
        let plan = &self.stage.plan;
        let recorder = &self.stage.recorder;
        let mut report = Report::new(plan, server);
        report.latencies = recorder.total()?;
        report.edits_planned = if plan.scenario.is_typing() {
            plan.edits()
        } else {
            0
        };
        report.edits_made = recorder.made.load(Ordering::Relaxed);
        report.reconnects = recorder.reconnects.load(Ordering::Relaxed);
        report.holes = recorder.holes.load(Ordering::Relaxed);
        report.correct = !recorder.has_failed();
        report.errors = recorder.errors();
        report.samples = self.watch.samples();
        report.figures = self.figures;
        Ok(report)
    }
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
