//! A1: agents send large updates into one document at once, while people type in it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use tokio::{
    pin, select,
    sync::watch,
    task::JoinSet,
    time::{sleep, sleep_until},
};
use yrs::{ReadTxn, Text, Transact, block::ClientID};

use crate::{
    check,
    metronome::{Beat, Metronome, beats},
    pusher::Pusher,
    reader,
    recorder::Kind,
    report::Better,
    run::Run,
    stage::{Place, Stage},
    typed::{Typed, Until, typed},
    writer::TEXT,
};

/// An agent writes paragraphs, not letters.
const RUN: u32 = 64;
/// One update per agent.
const PIECE_BYTES: usize = 1 << 30;
/// How long all updates may take to be saved, and the last edit to be seen.
const GRACE: Duration = Duration::from_secs(180);
const COUNTING: Duration = Duration::from_millis(20);
const LEAD: Duration = Duration::from_millis(500);

pub(crate) async fn run(run: &mut Run<'_>) -> Result<()> {
    let stage = Arc::clone(&run.stage);
    let plan = &stage.plan;
    let (agents, typists) = (plan.clients, plan.writers);
    let until = Until::Bytes(plan.document_bytes);
    let texts: Arc<[Typed]> = (0..agents)
        .map(|agent| typed(plan.client_id(typists + agent), until, RUN, PIECE_BYTES))
        .collect();
    let (flush, flush_at) = watch::channel(None);
    let (saved, _) = watch::channel(Vec::<Duration>::new());
    let saved = Arc::new(saved);
    let beats = beats(typists);
    let mut tasks = JoinSet::new();
    spawn_agent(&stage, 0, &texts, &flush_at, &saved, &mut tasks);
    // The first one first: y-sweet makes two documents where two clients come at once.
    run.wait_for_clients(1, &mut tasks).await?;
    for agent in 1..agents {
        spawn_agent(&stage, agent, &texts, &flush_at, &saved, &mut tasks);
    }
    for number in 0..typists {
        let (typing, beats) = (Arc::clone(&stage), Arc::clone(&beats));
        tasks.spawn(async move { type_text(&typing, number, &beats[number]).await });
        let reading = Arc::clone(&stage);
        tasks.spawn(async move { reader::read(&reading, 0, number).await });
    }
    run.wait_for_clients(agents + 2 * typists, &mut tasks)
        .await?;

    let before = run.watch.resident_bytes();
    run.watch.reset_peak();
    let start = Instant::now() + LEAD;
    stage.begin(start);
    let metronome = Metronome::start(&beats, start, plan.rate, plan.edits_each())?;
    let flush_due = start + plan.duration / 3;
    sleep_until(flush_due.into()).await;
    let cpu = run.watch.cpu_seconds();
    flush.send_replace(Some(flush_due));
    run.phase("flushing", agents as u64);
    let mut all_saved = None;
    while start.elapsed() < plan.duration + GRACE
        && (all_saved.is_none() || stage.done() < 2 * typists)
    {
        let count = saved.borrow().len();
        run.bar.set_position(count as u64);
        if count == agents && all_saved.is_none() {
            all_saved = Some((flush_due.elapsed(), run.watch.cpu_seconds()));
        }
        while let Some(finished) = tasks.try_join_next() {
            finished?.context("a client gave up")?;
        }
        sleep(COUNTING).await;
    }
    drop(metronome);
    if let Some((after, cpu_after)) = all_saved {
        run.figure(
            "all updates saved after",
            after.as_secs_f64(),
            "s",
            Better::Less,
        );
        if let Some((after, before)) = cpu_after.zip(cpu) {
            run.figure(
                "server CPU until then",
                after - before,
                "CPU-s",
                Better::Less,
            );
        }
    }
    let peak = run.watch.peak_bytes();
    let above = peak
        .zip(before)
        .map(|(peak, before)| peak.saturating_sub(before));
    run.megabytes("peak memory above that before", above, Better::Less);
    run.megabytes("server memory, peak", peak, Better::Less);
    let sent: usize = texts.iter().map(Typed::bytes).sum();
    run.megabytes("updates together", Some(sent as u64), Better::Neither);
    let check_texts = Arc::clone(&texts);
    check::all(run, 1, |stage, _| written(stage, Arc::clone(&check_texts))).await?;
    run.end_clients(tasks).await
}

fn spawn_agent(
    stage: &Arc<Stage>,
    agent: usize,
    texts: &Arc<[Typed]>,
    flush_at: &watch::Receiver<Option<Instant>>,
    saved: &Arc<watch::Sender<Vec<Duration>>>,
    tasks: &mut JoinSet<Result<()>>,
) {
    let (stage, texts, saved) = (Arc::clone(stage), Arc::clone(texts), Arc::clone(saved));
    let flush_at = flush_at.clone();
    tasks.spawn(async move { write(&stage, &texts[agent], flush_at, &saved).await });
}

/// One typist, who sends ready-made edits: building the agents' texts in every client would be
/// measured instead of the server.
async fn type_text(stage: &Stage, number: usize, beat: &Beat) -> Result<()> {
    let plan = &stage.plan;
    let edits = plan.edits_each() as usize;
    let pieces = typed(plan.client_id(number), Until::Characters(edits), 1, 1).pieces;
    let mut place = Place::new(stage);
    let mut pusher = {
        let _turn = stage.turn().await?;
        Pusher::open(stage, 0).await?
    };
    place.set_synced(true);
    let over = stage.over();
    pin!(over);
    let mut made = 0;
    let mut is_done = false;
    loop {
        select! {
            biased;
            () = beat.next() => {}
            turn = pusher.turn() => turn?,
            () = &mut over => break,
        }
        while made < beat.due() {
            let Some(start) = stage.start() else { break };
            let due = start + plan.due(0, number, made);
            let late = Instant::now().saturating_duration_since(due);
            stage.recorder.add(number, Kind::Late, late);
            pusher.send(&pieces[made as usize], due);
            made += 1;
        }
        for latency in pusher.take_latencies() {
            stage.recorder.add(number, Kind::Saved, latency);
        }
        if !is_done && made as usize == edits && pusher.unacknowledged() == 0 {
            is_done = true;
            stage.is_done();
        }
    }
    ensure!(is_done, "a typist's edits were never acknowledged");
    pusher.close();
    Ok(())
}

/// One agent: waits, sends its update, waits until it is saved, stays.
async fn write(
    stage: &Stage,
    text: &Typed,
    mut flush_at: watch::Receiver<Option<Instant>>,
    saved: &watch::Sender<Vec<Duration>>,
) -> Result<()> {
    let mut place = Place::new(stage);
    let mut pusher = {
        let _turn = stage.turn().await?;
        Pusher::open(stage, 0).await?
    };
    place.set_synced(true);
    let over = stage.over();
    pin!(over);
    let mut is_sent = false;
    loop {
        select! {
            at = flush_at.wait_for(Option::is_some), if !is_sent => {
                is_sent = true;
                let due = at?.unwrap_or_else(Instant::now);
                for piece in &text.pieces {
                    pusher.send(piece, due);
                }
            }
            turn = pusher.turn() => turn?,
            () = &mut over => break,
        }
        let latencies = pusher.take_latencies();
        if !latencies.is_empty() {
            saved.send_modify(|all| all.extend(latencies));
        }
    }
    ensure!(
        is_sent && pusher.unacknowledged() == 0,
        "an agent's update was never acknowledged"
    );
    pusher.close();
    Ok(())
}

/// Whether the document holds what all agents and all typists wrote.
async fn written(stage: Arc<Stage>, texts: Arc<[Typed]>) -> Result<()> {
    let plan = &stage.plan;
    let shell = check::read(&stage, 0).await?;
    {
        let doc = shell.client.doc();
        let text = doc.get_or_insert_text(TEXT);
        let transaction = doc.transact();
        let state = transaction.state_vector();
        let typed = (0..plan.writers).map(|_| plan.edits_each() as usize);
        let lengths: Vec<usize> = typed
            .chain(texts.iter().map(|text| text.text.len()))
            .collect();
        for (client, length) in lengths.iter().enumerate() {
            let found = state.get(&ClientID::new(plan.client_id(client))) as usize;
            ensure!(
                found == *length,
                "client {client}: {found} of {length} characters"
            );
        }
        let (found, all) = (
            text.len(&transaction) as usize,
            lengths.iter().sum::<usize>(),
        );
        ensure!(found == all, "{found} of {all} characters");
    }
    shell.close();
    Ok(())
}
