//! K1: many updates at once, `kill -9` as soon as they are sent, restart, read.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use tokio::time::timeout;
use yrs::{ReadTxn, Transact, block::ClientID};

use crate::{
    check,
    pusher::Pusher,
    report::Better,
    run::{BUILDER, Run},
    typed::{Piece, Until, typed},
};

/// Updates that are sent at once.
const UPDATES: usize = 2_000;
/// How long what the dead server had said may take to be read.
const DRAIN_MAX: Duration = Duration::from_secs(5);

pub(crate) async fn run(run: &mut Run<'_>) -> Result<()> {
    let stage = Arc::clone(&run.stage);
    let client_id = stage.plan.client_id(BUILDER);
    let pieces: Vec<Piece> = typed(client_id, Until::Characters(UPDATES), 1, 1).pieces;
    let mut pusher = Pusher::open(&stage, 0, client_id).await?;
    let due = Instant::now();
    for piece in &pieces {
        pusher.send(piece, due);
    }
    while !pusher.is_sent() {
        pusher.turn().await?;
    }
    run.watch.cpu_seconds();
    run.started()?.kill()?;
    run.watch.replace(None)?;
    // What it acknowledged before it died may still be on the way. The end is an error here.
    let _ = timeout(DRAIN_MAX, async { while pusher.turn().await.is_ok() {} }).await;
    let acknowledged = pusher.acknowledged();
    drop(pusher);

    let restarted = run.started()?.spawn().await?;
    let pid = run.started()?.pid();
    run.watch.replace(pid)?;
    let shell = check::read(&stage, 0).await?;
    let found = {
        let transaction = shell.client.doc().transact();
        transaction.state_vector().get(&ClientID::new(client_id)) as usize
    };
    shell.close();
    let lost = acknowledged.saturating_sub(found);
    run.figure("updates sent", pieces.len() as f64, "", Better::Neither);
    run.figure(
        "acknowledged before the kill",
        acknowledged as f64,
        "",
        Better::Neither,
    );
    run.figure("found after the restart", found as f64, "", Better::More);
    run.figure("lost though acknowledged", lost as f64, "", Better::Less);
    run.figure(
        "ready after the restart",
        restarted.as_secs_f64(),
        "s",
        Better::Less,
    );
    if lost > 0 {
        let error = format!("{lost} of {acknowledged} acknowledged updates are lost");
        stage.recorder.error(error);
    }
    Ok(())
}
