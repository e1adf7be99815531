//! F1, F2, F3 and the portal's day: edits by a schedule, seen and saved.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use tokio::{
    task::JoinSet,
    time::{sleep, sleep_until},
};

use crate::{
    check,
    metronome::{Beat, Metronome, beats},
    reader,
    report::Better,
    run::Run,
    stage::Stage,
    writer,
};

/// How often the clients are counted.
const COUNTING: Duration = Duration::from_millis(20);
/// Between "everybody is there" and the first edit.
const LEAD: Duration = Duration::from_millis(500);

pub(crate) async fn run(run: &mut Run<'_>) -> Result<()> {
    let stage = Arc::clone(&run.stage);
    let plan = &stage.plan;
    let beats = beats(plan.documents * plan.writers);
    // A document's first client first: y-sweet makes two documents where two clients come at once.
    let mut tasks = JoinSet::new();
    spawn(&stage, &beats, &mut tasks, |client| client == 0);
    run.wait_for_clients(plan.documents, &mut tasks).await?;
    spawn(&stage, &beats, &mut tasks, |client| client > 0);
    let connected_in = run.wait_for_clients(plan.sockets(), &mut tasks).await?;

    run.watch.reset_peak();
    let counters = run.watch.counters().await;
    let start = Instant::now() + LEAD;
    stage.begin(start);
    let metronome = Metronome::start(&beats, start, plan.rate, plan.edits_each())?;
    sleep_until(start.into()).await;
    let cpu = run.watch.cpu_seconds();
    let own_cpu = run.watch.own_cpu_seconds()?;
    follow(run, start, &mut tasks).await?;
    let wall = start.elapsed();
    let cpu = run
        .watch
        .cpu_seconds()
        .zip(cpu)
        .map(|(after, before)| after - before);
    let own_cpu = run.watch.own_cpu_seconds()? - own_cpu;
    drop(metronome);
    let counters_after = run.watch.counters().await;

    figures(run, wall, cpu, own_cpu)?;
    run.figure(
        "connected in",
        connected_in.as_secs_f64(),
        "s",
        Better::Neither,
    );
    run.megabytes("server memory, peak", run.watch.peak_bytes(), Better::Less);
    run.megabytes("server memory, empty", run.base_bytes, Better::Neither);
    run.counters(&counters, &counters_after);
    // Before anybody leaves: a server without a store forgets a document with its last client.
    match plan.relay {
        true => check_deliveries(&stage)?,
        false => check::all(run, plan.documents, check::typed).await?,
    }
    let made = stage.recorder.made.load(Ordering::Relaxed);
    if made != plan.edits() {
        let error = format!("{made} of {} edits were made", plan.edits());
        stage.recorder.error(error);
    }
    run.end_clients(tasks).await
}

fn figures(run: &mut Run<'_>, wall: Duration, cpu: Option<f64>, own_cpu: f64) -> Result<()> {
    let seen = run.stage.recorder.seen_count()? as f64;
    if let Some(cpu) = cpu.filter(|cpu| *cpu > 0.0) {
        run.figure(
            "edits seen per server CPU-second",
            seen / cpu,
            "",
            Better::More,
        );
        run.figure("server CPU", cpu, "CPU-s", Better::Less);
    }
    run.figure("generator CPU", own_cpu, "CPU-s", Better::Neither);
    run.figure("wall time", wall.as_secs_f64(), "s", Better::Neither);
    Ok(())
}

fn spawn(
    stage: &Arc<Stage>,
    beats: &Arc<[Beat]>,
    tasks: &mut JoinSet<Result<()>>,
    are: impl Fn(usize) -> bool,
) {
    let plan = &stage.plan;
    for document in 0..plan.documents {
        for client in (0..plan.clients_of(document)).filter(|client| are(*client)) {
            let stage = Arc::clone(stage);
            let is_writer = client < plan.writers;
            if !is_writer && plan.counting_readers {
                tasks.spawn(async move { reader::read(&stage, document, client).await });
                continue;
            }
            let beats = Arc::clone(beats);
            tasks.spawn(async move {
                let index = client * stage.plan.documents + document;
                let beat = is_writer.then(|| &beats[index]);
                // The core of a full client is large; a task's future is better small.
                Box::pin(writer::take_part(&stage, document, client, beat)).await
            });
        }
    }
}

/// Waits for the end of the schedule and for the last edit; kills the server where that is planned.
async fn follow(run: &mut Run<'_>, start: Instant, tasks: &mut JoinSet<Result<()>>) -> Result<()> {
    let stage = Arc::clone(&run.stage);
    let plan = &stage.plan;
    let grace = match plan.kill_at.is_some() || plan.phones_per_mille > 0 {
        true => plan.grace * 4,
        false => plan.grace,
    };
    run.phase("writing", plan.duration.as_millis() as u64);
    let mut kill_at = plan.kill_at;
    let mut killed: Option<Instant> = None;
    while start.elapsed() < plan.duration + grace {
        let elapsed = start.elapsed();
        run.bar
            .set_position(elapsed.min(plan.duration).as_millis() as u64);
        if kill_at.is_some_and(|kill_at| elapsed >= kill_at) {
            kill_at = None;
            killed = Some(Instant::now());
            kill_and_restart(run).await?;
        }
        if let Some(since) = killed
            && stage.synced() + stage.away() >= plan.sockets()
        {
            stage.all_back();
            killed = None;
            let seconds = since.elapsed().as_secs_f64();
            run.figure("everybody back after kill -9", seconds, "s", Better::Less);
        }
        if elapsed >= plan.duration && stage.done() >= plan.sockets() {
            return Ok(());
        }
        while let Some(finished) = tasks.try_join_next() {
            finished?.context("a client gave up")?;
        }
        sleep(COUNTING).await;
    }
    if killed.is_some() {
        stage.recorder.error("not everybody came back".to_owned());
    }
    Ok(())
}

async fn kill_and_restart(run: &mut Run<'_>) -> Result<()> {
    // The CPU time of the process is gone with it.
    run.watch.cpu_seconds();
    run.stage.killed();
    run.started()?.kill()?;
    run.watch.replace(None)?;
    let took = run.started()?.spawn().await?;
    let pid = run.started()?.pid();
    run.watch.replace(pid)?;
    run.figure(
        "server ready after kill -9",
        took.as_secs_f64(),
        "s",
        Better::Less,
    );
    Ok(())
}

/// A relay keeps nothing that could be read again: every edit must have come to every other client.
fn check_deliveries(stage: &Stage) -> Result<()> {
    let plan = &stage.plan;
    let each = u64::from(plan.edits_each()) * plan.writers as u64;
    let expected: u64 = (0..plan.documents)
        .map(|document| each * (plan.clients_of(document) as u64 - 1))
        .sum();
    let seen = stage.recorder.seen_count()?;
    if seen != expected {
        stage
            .recorder
            .error(format!("{seen} of {expected} deliveries"));
    }
    Ok(())
}
