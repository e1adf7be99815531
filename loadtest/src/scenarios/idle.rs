//! I1: what a socket costs that nobody uses.

use std::sync::Arc;

use anyhow::Result;
use tokio::{task::JoinSet, time::sleep};

use crate::{reader, report::Better, run::Run};

pub(crate) async fn run(run: &mut Run<'_>) -> Result<()> {
    let stage = Arc::clone(&run.stage);
    let plan = &stage.plan;
    let cpu = run.watch.cpu_seconds();
    let mut tasks = JoinSet::new();
    for document in 0..plan.documents {
        for client in 0..plan.clients_of(document) {
            let stage = Arc::clone(&stage);
            tasks.spawn(async move { reader::read(&stage, document, client).await });
        }
    }
    let connected_in = run.wait_for_clients(plan.sockets(), &mut tasks).await?;
    let connected_cpu = run.watch.cpu_seconds();
    run.phase("idle", 1);
    sleep(plan.duration).await;

    let sockets = plan.sockets() as f64;
    let idle_bytes = run.watch.resident_bytes();
    if let (Some(base), Some(idle)) = (run.base_bytes, idle_bytes) {
        let each = idle.saturating_sub(base) as f64 / sockets / 1e3;
        run.figure("server memory per socket", each, "KB", Better::Less);
    }
    run.megabytes("server memory", idle_bytes, Better::Less);
    run.megabytes("server memory, empty", run.base_bytes, Better::Neither);
    let per_second = sockets / connected_in.as_secs_f64();
    run.figure("connections per second", per_second, "", Better::More);
    if let (Some(before), Some(after)) = (cpu, connected_cpu) {
        let each = (after - before) * 1e6 / sockets;
        run.figure("server CPU per connection", each, "us", Better::Less);
        if let Some(end) = run.watch.cpu_seconds() {
            let share = (end - after) / plan.duration.as_secs_f64() * 100.0;
            run.figure("server CPU while idle", share, "% of a core", Better::Less);
        }
    }
    if stage.synced() != plan.sockets() {
        let error = format!("{} of {sockets} sockets stayed", stage.synced());
        stage.recorder.error(error);
    }
    run.end_clients(tasks).await
}
