//! J1 and J20: many open one large document at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};
use tokio::{
    pin, select,
    task::JoinSet,
    time::{sleep, sleep_until},
};

use crate::{
    check,
    frame::Event,
    pusher::Pusher,
    recorder::Kind,
    report::Better,
    run::{BUILDER, Run},
    scenario::Scenario,
    socket::Socket,
    stage::{Place, Stage},
    tongue::{EMPTY_STATE, Said},
    typed::{Until, typed},
};

/// Updates of this size are within the limits of every server.
const PIECE_BYTES: usize = 1_000_000;
/// How long building the document may take.
const PUSH_MAX: Duration = Duration::from_secs(240);
/// Between the document's last edit and the first join.
const SETTLE: Duration = Duration::from_secs(3);
/// Runs of text in the larger document: a million structs of one letter are no document of people.
const RUN_LARGE: u32 = 32;

pub(crate) async fn run(run: &mut Run<'_>) -> Result<()> {
    let stage = Arc::clone(&run.stage);
    let plan = &stage.plan;
    let length = match plan.scenario {
        Scenario::J20 => RUN_LARGE,
        _ => 1,
    };
    let until = Until::Bytes(plan.document_bytes);
    let document = typed(plan.client_id(BUILDER), until, length, PIECE_BYTES);
    run.phase("building", 1);
    let mut builder = Pusher::open(&stage, 0).await?;
    let sent = builder
        .push(&document.pieces, 1, Instant::now() + PUSH_MAX)
        .await?;
    ensure!(sent == document.pieces.len(), "building took too long");
    sleep(SETTLE).await;

    // The builder stays: a server without a store forgets a document with its last client.
    let before = run.watch.resident_bytes();
    run.watch.reset_peak();
    let cpu = run.watch.cpu_seconds();
    let received = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for client in 0..plan.clients {
        let (stage, received) = (Arc::clone(&stage), Arc::clone(&received));
        let due = start + plan.duration.mul_f64(client as f64 / plan.clients as f64);
        tasks.spawn(async move { join(&stage, client, due, &received).await });
    }
    run.wait_for_clients(plan.clients, &mut tasks).await?;
    let joined_in = start.elapsed();

    run.figure(
        "all joined after",
        joined_in.as_secs_f64(),
        "s",
        Better::Less,
    );
    if let (Some(before), Some(after)) = (cpu, run.watch.cpu_seconds()) {
        run.figure("server CPU", after - before, "CPU-s", Better::Less);
    }
    let peak = run.watch.peak_bytes();
    let above = peak
        .zip(before)
        .map(|(peak, before)| peak.saturating_sub(before));
    run.megabytes("peak memory above that before", above, Better::Less);
    run.megabytes("server memory, peak", peak, Better::Less);
    run.megabytes("server memory, before the joins", before, Better::Neither);
    run.megabytes("server memory, empty", run.base_bytes, Better::Neither);
    run.megabytes(
        "encoded document",
        Some(document.bytes() as u64),
        Better::Neither,
    );
    // Encodings differ, but none is a fifth smaller.
    let least = document.bytes() as u64 * 4 / 5 * plan.clients as u64;
    let received = received.load(Ordering::Relaxed);
    if received < least {
        let error =
            format!("{received} bytes came to all joiners together, {least} at least are due");
        stage.recorder.error(error);
    }
    run.phase("checking", 1);
    if check::read_text(&stage, 0).await? != document.text {
        stage
            .recorder
            .error("the document is not what was typed".to_owned());
    }
    run.end_clients(tasks).await?;
    builder.close();
    Ok(())
}

/// Joins when it is due, and stays.
async fn join(stage: &Stage, client: usize, due: Instant, received: &AtomicU64) -> Result<()> {
    let plan = &stage.plan;
    let tongue = plan.tongue(0)?;
    sleep_until(due.into()).await;
    let mut place = Place::new(stage);
    let mut socket = Socket::connect(&plan.destination(0)?, client, true).await?;
    for frame in tongue.hello(&plan.token, EMPTY_STATE) {
        socket.send(&frame, &stage.traffic);
    }
    let mut is_synced = false;
    let mut is_closed = false;
    let over = stage.over();
    pin!(over);
    loop {
        let mut answer = 0;
        let mut handle = |event: Event<'_>| match event {
            Event::Passed { head, bytes } if tongue.is_step2(head) => answer = bytes,
            Event::Binary(frame) if matches!(tongue.read(frame), Ok(Said::Step2(_))) => {
                answer = frame.len();
            }
            Event::Closed(_) => is_closed = true,
            _ => {}
        };
        select! {
            () = socket.turn(&stage.traffic, &mut handle) => {}
            () = &mut over => {
                socket.close();
                return Ok(());
            }
        }
        if answer > 0 && !is_synced {
            is_synced = true;
            received.fetch_add(answer as u64, Ordering::Relaxed);
            stage.recorder.add(client, Kind::Joined, due.elapsed());
            place.set_synced(true);
        }
        if is_closed {
            bail!("the server closed a joiner's socket");
        }
    }
}
