//! What a restart costs, and whether the document is still there after it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use tokio::time::sleep;

use crate::{check, pusher::Pusher, report::Better, run::Run};

/// Until the server has nothing left to do.
const SETTLE: Duration = Duration::from_secs(3);

/// Reads the first document with a fresh client; another text is an error of the run.
pub(crate) async fn expect(run: &Run<'_>, expected: &str, when: &str) -> Result<()> {
    let found = check::read_text(&run.stage, 0).await?;
    if found != expected {
        run.stage.recorder.error(format!(
            "{when}: {} characters instead of {}, or others",
            found.len(),
            expected.len()
        ));
    }
    Ok(())
}

/// Stops the server in good order.
pub(crate) async fn stop(run: &mut Run<'_>) -> Result<()> {
    run.phase("restarting", 1);
    run.watch.cpu_seconds();
    run.started()?.stop().await?;
    run.watch.replace(None)
}

/// Starts it again and opens the first document.
pub(crate) async fn start(run: &mut Run<'_>, expected: &str) -> Result<()> {
    let stage = Arc::clone(&run.stage);
    let restarted = run.started()?.spawn().await?;
    let pid = run.started()?.pid();
    run.watch.replace(pid)?;
    sleep(SETTLE).await;
    let cpu = run.watch.cpu_seconds();
    let start = Instant::now();
    let opener = Pusher::open(&stage, 0).await?;
    let wall = start.elapsed();
    sleep(SETTLE / 3).await;
    if let Some((after, before)) = run.watch.cpu_seconds().zip(cpu) {
        run.figure(
            "open after restart, server CPU",
            (after - before) * 1e3,
            "ms",
            Better::Less,
        );
    }
    opener.close();
    run.figure(
        "open after restart",
        wall.as_secs_f64() * 1e3,
        "ms",
        Better::Less,
    );
    run.figure(
        "ready after restart",
        restarted.as_secs_f64(),
        "s",
        Better::Less,
    );
    expect(run, expected, "after the restart").await
}
