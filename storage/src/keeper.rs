//! The task beside the writer of an object store: merges, looks what others wrote, and collects
//! garbage, each at its interval, until the store ends.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::{
    garbage, merge, refresh,
    shared::{Shared, lock},
};

/// How often the size of what waits for a merge is looked at.
const LOOK_MS: u64 = 1_000;

pub(crate) async fn run(shared: Arc<Shared>) {
    let mut closed = shared.closed.subscribe();
    tokio::select! {
        // The sender is in `shared`, so waiting cannot fail.
        _ = closed.wait_for(Option::is_some) => {}
        () = shared.until_abandoned() => {}
        () = keep(&shared) => {}
    }
}

async fn keep(shared: &Shared) {
    let settings = &shared.settings;
    let mut merging = every(settings.merge_interval_ms);
    let mut polling = every(settings.poll_interval_ms);
    let mut collecting = every(settings.garbage_interval_ms);
    let mut looking = every(LOOK_MS);
    loop {
        tokio::select! {
            _ = merging.tick() => merge_now(shared).await,
            _ = polling.tick(), if settings.poll_interval_ms > 0 => {
                if let Err(error) = refresh::refresh(shared).await {
                    report(shared, "the store could not be looked at", &error.to_string());
                }
            }
            _ = collecting.tick(), if settings.garbage_interval_ms > 0 => {
                if let Err(error) = garbage::collect(shared).await {
                    report(shared, "garbage collection stopped", &error.to_string());
                }
            }
            _ = looking.tick() => {
                if lock(&shared.recent).bytes >= settings.seal_bytes {
                    merge_now(shared).await;
                }
            }
        }
    }
}

async fn merge_now(shared: &Shared) {
    if let Err(error) = merge::merge(shared).await {
        report(
            shared,
            "small segments could not be merged",
            &error.to_string(),
        );
    }
}

fn report(shared: &Shared, what: &str, error: &str) {
    tracing::warn!(error, "{what}");
    shared.note_error(error, false);
}

fn every(ms: u64) -> tokio::time::Interval {
    let period = Duration::from_millis(ms.max(1));
    let mut interval = interval_at(Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
