//! C1: a long history is pushed edit by edit, edited further, and opened after a restart.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use tokio::{
    select,
    time::{sleep, sleep_until},
};

use crate::{
    history::{AUTHOR, Author, LongHistory},
    pusher::Pusher,
    recorder::Kind,
    report::Better,
    run::Run,
    scenarios::reopen,
    typed::Piece,
};

/// Updates that may wait for their acknowledgement.
const WINDOW: usize = 512;
/// How long the push of single edits may take; a slower server gets the rest merged.
const PUSH_MAX: Duration = Duration::from_secs(120);
/// How long the merged rest may take.
const REST_MAX: Duration = Duration::from_secs(300);
/// Edits in one merged update.
const MERGED: usize = 2_000;
/// How long edits at a pace may take longer than their schedule.
const GRACE: Duration = Duration::from_secs(20);
/// Until the server has nothing left to do.
const SETTLE: Duration = Duration::from_secs(3);

pub(crate) async fn run(run: &mut Run<'_>) -> Result<()> {
    let stage = Arc::clone(&run.stage);
    let plan = &stage.plan;
    let path = plan
        .history
        .clone()
        .context("C1 needs --history, see loadtest/peers/setup")?;
    run.phase("replaying", 1);
    let count = (plan.rate * plan.duration.as_secs_f64()) as usize;
    let bytes = plan.document_bytes;
    let history = tokio::task::block_in_place(|| LongHistory::replay(&path, bytes, count))?;
    let mut beginner = Author::new(AUTHOR);
    let fresh: Vec<Piece> = (0..count).map(|_| beginner.type_letter()).collect();

    let mut pusher = Pusher::open(&stage, 0).await?;
    push(run, &mut pusher, &history.recorded).await?;
    let mut second = Pusher::open(&stage, 0).await?;
    let added = std::slice::from_ref(&history.added);
    second.push(added, 1, Instant::now() + PUSH_MAX).await?;
    second.close();
    sleep(SETTLE).await;
    let large = pace(run, &mut pusher, &history.letters, true).await?;
    let mut other = Pusher::open(&stage, 1).await?;
    let small = pace(run, &mut other, &fresh, false).await?;
    other.close();
    if let Some((large, small)) = large.zip(small) {
        run.figure(
            "server CPU per edit, large document",
            large * 1e6,
            "us",
            Better::Less,
        );
        run.figure(
            "server CPU per edit, empty document",
            small * 1e6,
            "us",
            Better::Less,
        );
        if small > 0.0 {
            run.figure("large against empty", large / small, "times", Better::Less);
        }
    }
    run.megabytes("server memory", run.watch.resident_bytes(), Better::Less);
    run.megabytes(
        "encoded document",
        Some(history.encoded_bytes as u64),
        Better::Neither,
    );
    let expected = &history.text;
    reopen::expect(run, expected, "before the restart").await?;
    pusher.close();
    if run.keeps() {
        sleep(SETTLE).await;
        reopen::stop(run).await?;
        reopen::start(run, expected).await?;
    }
    Ok(())
}

/// Pushes every edit as an update of its own, for as long as that makes sense.
async fn push(run: &mut Run<'_>, pusher: &mut Pusher<'_>, pieces: &[Piece]) -> Result<()> {
    run.phase("pushing", 1);
    let cpu = run.watch.cpu_seconds();
    let start = Instant::now();
    let sent = pusher.push(pieces, WINDOW, start + PUSH_MAX).await?;
    let wall = start.elapsed().as_secs_f64();
    run.figure("updates pushed", sent as f64, "", Better::More);
    run.figure("pushed in", wall, "s", Better::Less);
    run.push_cost(cpu, sent);
    pusher.take_latencies();
    let rest: Vec<Piece> = pieces[sent..]
        .chunks(MERGED)
        .map(|chunk| {
            let updates = chunk.iter().map(|piece| &piece.update);
            let last = chunk.last().context("chunks are not empty")?;
            Ok(Piece {
                author: last.author,
                update: yrs::merge_updates_v1(updates)?.into(),
                end: last.end,
            })
        })
        .collect::<Result<_>>()?;
    if !rest.is_empty() {
        run.figure(
            "rest, in merged updates",
            rest.len() as f64,
            "",
            Better::Neither,
        );
        let sent = pusher.push(&rest, 1, Instant::now() + REST_MAX).await?;
        ensure!(
            sent == rest.len(),
            "the server takes too long for the history"
        );
    }
    Ok(())
}

/// Sends edits at the plan's rate; the server's CPU-seconds for each.
async fn pace(
    run: &mut Run<'_>,
    pusher: &mut Pusher<'_>,
    pieces: &[Piece],
    is_measured: bool,
) -> Result<Option<f64>> {
    let stage = Arc::clone(&run.stage);
    run.phase("editing", 1);
    let before_count = pusher.acknowledged();
    let cpu = run.watch.cpu_seconds();
    let start = Instant::now();
    let end = start + stage.plan.duration + GRACE;
    let mut sent = 0;
    while sent < pieces.len() || pusher.unacknowledged() > 0 {
        let due = match sent < pieces.len() {
            true => start + Duration::from_secs_f64(sent as f64 / stage.plan.rate),
            false => end,
        };
        select! {
            biased;
            () = sleep_until(due.into()) => {
                if sent == pieces.len() {
                    break;
                }
                pusher.send(&pieces[sent], due);
                sent += 1;
            }
            turn = pusher.turn() => turn?,
        }
        for latency in pusher.take_latencies() {
            if is_measured {
                stage.recorder.add(0, Kind::Saved, latency);
            }
        }
    }
    let acknowledged = pusher.acknowledged() - before_count;
    if acknowledged < pieces.len() {
        // Slow is a finding; what is missing must still come.
        let rest = Instant::now() + REST_MAX;
        while pusher.unacknowledged() > 0 && Instant::now() < rest {
            pusher.turn().await?;
        }
    }
    let cpu = run
        .watch
        .cpu_seconds()
        .zip(cpu)
        .map(|(after, before)| after - before);
    Ok(cpu.map(|cpu| cpu / pieces.len().max(1) as f64))
}
