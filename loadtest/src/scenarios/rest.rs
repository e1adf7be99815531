//! W1: prose is typed key by key, and then rests on the disk.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use tokio::time::sleep;
use yrs::{Doc, ReadTxn, StateVector, Transact, Update, updates::decoder::Decode};

use crate::{
    history::recorded_text,
    prose::{Prose, typed_prose},
    pusher::Pusher,
    report::Better,
    run::Run,
    scenarios::reopen,
};

/// Updates that may wait for their acknowledgement.
const WINDOW: usize = 512;
/// How long typing may take.
const PUSH_MAX: Duration = Duration::from_secs(600);
/// Until the server has stored what it stores later: y-sweet and Hocuspocus wait 10 seconds.
const SETTLE: Duration = Duration::from_secs(12);

pub(crate) async fn run(run: &mut Run<'_>) -> Result<()> {
    let stage = Arc::clone(&run.stage);
    let path = stage.plan.history.clone();
    let path = path.context("W1 learns its words from --history, see loadtest/peers/setup")?;
    run.phase("writing", 1);
    let characters = stage.plan.document_bytes;
    let prose: Prose =
        tokio::task::block_in_place(|| typed_prose(&recorded_text(&path)?, characters))?;
    let raw_state = tokio::task::block_in_place(|| state_bytes(&prose))?;

    run.phase("pushing", 1);
    let cpu = run.watch.cpu_seconds();
    let start = Instant::now();
    let mut pusher = Pusher::open(&stage, 0).await?;
    let sent = pusher.push(&prose.pieces, WINDOW, start + PUSH_MAX).await?;
    ensure!(sent == prose.pieces.len(), "typing took too long");
    let pushed = start.elapsed().as_secs_f64();
    run.push_cost(cpu, sent);
    pusher.close();
    run.figure("pushed in", pushed, "s", Better::Less);
    run.figure("updates pushed", sent as f64, "", Better::Neither);
    let log: usize = prose.pieces.iter().map(|piece| piece.update.len()).sum();
    kilobytes(run, "text", prose.text.len() as u64, Better::Neither);
    kilobytes(run, "all updates", log as u64, Better::Neither);
    kilobytes(run, "state, format v1", raw_state, Better::Neither);

    reopen::expect(run, &prose.text, "before the restart").await?;
    sleep(SETTLE).await;
    reopen::stop(run).await?;
    let stored = run.started()?.stored()?;
    kilobytes(run, "document at rest", stored.document, Better::Less);
    kilobytes(run, "whole folder", stored.folder, Better::Less);
    run.figure(
        "document at rest / state v1",
        stored.document as f64 / raw_state as f64,
        "times",
        Better::Less,
    );
    reopen::start(run, &prose.text).await
}

fn kilobytes(run: &mut Run<'_>, name: &'static str, bytes: u64, better: Better) {
    run.figure(name, bytes as f64 / 1e3, "KB", better);
}

/// What most servers store: the whole state in format v1.
fn state_bytes(prose: &Prose) -> Result<u64> {
    let doc = Doc::new();
    for piece in &prose.pieces {
        let update = Update::decode_v1(&piece.update)?;
        doc.transact_mut().apply_update(update)?;
    }
    let state = doc
        .transact()
        .encode_state_as_update_v1(&StateVector::default());
    Ok(state.len() as u64)
}
