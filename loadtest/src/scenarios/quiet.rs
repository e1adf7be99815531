//! D20: what a document costs that is open and quiet.

use std::{sync::Arc, time::Instant};

use anyhow::{Result, ensure};
use tokio::{pin, select, task::JoinSet, time::sleep};

use crate::{
    check,
    pusher::Pusher,
    report::Better,
    run::{BUILDER, Run},
    stage::{Place, Stage},
    typed::{Typed, Until, typed},
};

/// Words: what is typed without moving the cursor becomes one struct.
const RUN: u32 = 5;
/// One update: y-sweet encodes the whole document again for each.
const PIECE_BYTES: usize = 1 << 30;
/// How long typing all documents may take.
const PUSH_MAX: std::time::Duration = std::time::Duration::from_secs(300);

pub(crate) async fn run(run: &mut Run<'_>) -> Result<()> {
    let stage = Arc::clone(&run.stage);
    let plan = &stage.plan;
    let until = Until::Characters(plan.document_bytes);
    let document = Arc::new(typed(plan.client_id(BUILDER), until, RUN, PIECE_BYTES));
    let cpu = run.watch.cpu_seconds();
    let mut tasks = JoinSet::new();
    for number in 0..plan.documents {
        let (stage, document) = (Arc::clone(&stage), Arc::clone(&document));
        tasks.spawn(async move { type_and_stay(&stage, number, &document).await });
    }
    let typed_in = run.wait_for_clients(plan.documents, &mut tasks).await?;
    let typed_cpu = run.watch.cpu_seconds();
    run.phase("quiet", 1);
    sleep(plan.duration).await;

    let documents = plan.documents as f64;
    let quiet_bytes = run.watch.resident_bytes();
    if let (Some(base), Some(quiet)) = (run.base_bytes, quiet_bytes) {
        let each = quiet.saturating_sub(base) as f64 / documents / 1e3;
        run.figure("server memory per document", each, "KB", Better::Less);
    }
    run.megabytes("server memory", quiet_bytes, Better::Less);
    run.megabytes("server memory, peak", run.watch.peak_bytes(), Better::Less);
    run.megabytes("server memory, empty", run.base_bytes, Better::Neither);
    run.figure(
        "encoded document",
        document.bytes() as f64 / 1e3,
        "KB",
        Better::Neither,
    );
    run.figure("typed in", typed_in.as_secs_f64(), "s", Better::Neither);
    if let (Some(before), Some(after)) = (cpu, typed_cpu) {
        run.figure("server CPU, typing", after - before, "CPU-s", Better::Less);
        if let Some(end) = run.watch.cpu_seconds() {
            run.figure("server CPU, quiet", end - after, "CPU-s", Better::Less);
        }
    }
    check::all(run, plan.documents, |stage, number| {
        let document = Arc::clone(&document);
        async move {
            let found = check::read_text(&stage, number).await?;
            ensure!(
                found == document.text,
                "document {number}: {} characters instead of {}, or others",
                found.len(),
                document.text.len()
            );
            Ok(())
        }
    })
    .await?;
    run.end_clients(tasks).await
}

async fn type_and_stay(stage: &Stage, number: usize, document: &Typed) -> Result<()> {
    let mut place = Place::new(stage);
    let mut pusher = {
        let _turn = stage.turn().await?;
        let mut pusher = Pusher::open(stage, number).await?;
        let until = Instant::now() + PUSH_MAX;
        let sent = pusher.push(&document.pieces, 1, until).await?;
        ensure!(sent == document.pieces.len(), "typing took too long");
        pusher
    };
    place.set_synced(true);
    let over = stage.over();
    pin!(over);
    loop {
        select! {
            turn = pusher.turn() => turn?,
            () = &mut over => break,
        }
    }
    pusher.close();
    Ok(())
}
