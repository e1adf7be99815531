//! The highest rate that a server holds.

use anyhow::{Result, bail, ensure};

use crate::{
    plan::Plan,
    report::Report,
    run::{Target, run},
};

/// Steps of one search, at most: doubling, then halving the rest.
const STEPS_MAX: usize = 12;
/// The search is over when the bounds are so near.
const NEAR: f64 = 1.1;
/// A server that does not hold this part of the first rate is too slow for a search.
const GIVE_UP: f64 = 16.0;
/// The highest rate of a writer that a plan allows.
const RATE_MAX: f64 = 1_000.0;

/// Raises the rate until the p99 from edit to seen passes `p99_ms_max` or edits are lost, then
/// closes in. Returns all reports, that of the highest rate that held last.
pub async fn find_highest_rate(
    plan: &Plan,
    mut target: Target<'_>,
    p99_ms_max: f64,
    mut show: impl FnMut(&Report),
) -> Result<Vec<Report>> {
    ensure!(plan.scenario.is_typing(), "only typing has a rate to raise");
    ensure!(p99_ms_max > 0.0, "a bound above 0 ms");
    let mut reports = Vec::new();
    let mut best: Option<Report> = None;
    let mut holds = 0.0;
    let mut breaks = RATE_MAX * NEAR;
    let first = plan.rate;
    let mut rate = first;
    for step in 0..STEPS_MAX {
        let plan = Plan {
            rate,
            // Each step has documents of its own.
            seed: plan.seed.wrapping_add(step as u64 + 1),
            ..plan.clone()
        };
        let report = Box::pin(run(plan, target.again())).await?;
        show(&report);
        let seen = report.latency("edit to seen");
        let has_held = report.correct && seen.is_some_and(|seen| seen.p99_ms <= p99_ms_max);
        match has_held {
            true => {
                holds = rate;
                if let Some(earlier) = best.replace(report) {
                    reports.push(earlier);
                }
            }
            false => {
                breaks = rate;
                reports.push(report);
            }
        }
        rate = match breaks > RATE_MAX {
            true => (holds * 2.0).min(RATE_MAX),
            false => (holds + breaks) / 2.0,
        };
        if holds >= RATE_MAX || breaks < holds * NEAR || rate < first / GIVE_UP {
            break;
        }
    }
    match best {
        Some(best) => reports.push(best),
        None => bail!("no rate down to {rate:.2} edits per second holds {p99_ms_max} ms"),
    }
    Ok(reports)
}
