//! K1: many updates at once, `kill -9`, restart, read. Twice: as soon as they are sent, and as soon
//! as all are acknowledged.

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
/// How long the acknowledgements may take.
const ACKNOWLEDGE_MAX: Duration = Duration::from_secs(20);
/// How long what the dead server had said may take to be read.
const DRAIN_MAX: Duration = Duration::from_secs(5);

/// What one kill came to.
struct Outcome {
    acknowledged: usize,
    found: usize,
    restarted: Duration,
}

pub(crate) async fn run(run: &mut Run<'_>) -> Result<()> {
    let sent = one_kill(run, 0, false).await?;
    let said = one_kill(run, 1, true).await?;
    let lost = |kill: &Outcome| kill.acknowledged.saturating_sub(kill.found) as f64;
    run.figure("updates sent, twice", UPDATES as f64, "", Better::Neither);
    run.figure(
        "killed when sent: acknowledged",
        sent.acknowledged as f64,
        "",
        Better::Neither,
    );
    run.figure(
        "killed when sent: found",
        sent.found as f64,
        "",
        Better::More,
    );
    run.figure(
        "killed when acknowledged: acknowledged",
        said.acknowledged as f64,
        "",
        Better::Neither,
    );
    run.figure(
        "killed when acknowledged: found",
        said.found as f64,
        "",
        Better::More,
    );
    let all_lost = lost(&sent) + lost(&said);
    run.figure("lost though acknowledged", all_lost, "", Better::Less);
    let restarted = sent.restarted.max(said.restarted);
    run.figure(
        "ready after the restart",
        restarted.as_secs_f64(),
        "s",
        Better::Less,
    );
    if all_lost > 0.0 {
        let error = format!("{all_lost} acknowledged updates are lost");
        run.stage.recorder.error(error);
    }
    Ok(())
}

/// Sends everything to a document, kills the server then or once all is acknowledged, and counts
/// what a fresh client finds after the restart.
async fn one_kill(run: &mut Run<'_>, document: usize, waits: bool) -> Result<Outcome> {
    let stage = Arc::clone(&run.stage);
    let client_id = stage.plan.client_id(BUILDER);
    let pieces: Vec<Piece> = typed(client_id, Until::Characters(UPDATES), 1, 1).pieces;
    let mut pusher = Pusher::open(&stage, document).await?;
    let due = Instant::now();
    for piece in &pieces {
        pusher.send(piece, due);
    }
    while !pusher.is_sent() {
        pusher.turn().await?;
    }
    if waits {
        // A server that does not acknowledge in time is killed all the same.
        let waiting = async {
            while pusher.unacknowledged() > 0 {
                pusher.turn().await?;
            }
            anyhow::Ok(())
        };
        if let Ok(waited) = timeout(ACKNOWLEDGE_MAX, waiting).await {
            waited?;
        }
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
    let shell = check::read(&stage, document).await?;
    let found = {
        let transaction = shell.client.doc().transact();
        transaction.state_vector().get(&ClientID::new(client_id)) as usize
    };
    shell.close();
    Ok(Outcome {
        acknowledged,
        found,
        restarted,
    })
}
