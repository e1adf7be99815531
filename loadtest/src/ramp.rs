//! The highest load that a server holds.

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
/// A server that does not hold this part of the first load is too slow for a search.
const GIVE_UP: f64 = 16.0;
/// The highest rate of a writer that a plan allows.
const RATE_MAX: f64 = 1_000.0;
/// Clients of one document, and of all, that one generator drives.
const CLIENTS_MAX: usize = 3_900;
const SOCKETS_MAX: usize = 19_000;

/// What is raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Raise {
    /// Edits per second of each writer.
    Rate,
    /// Clients on each document.
    Clients,
}

impl Raise {
    fn first(self, plan: &Plan) -> f64 {
        match self {
            Self::Rate => plan.rate,
            Self::Clients => plan.clients as f64,
        }
    }

    fn highest(self, plan: &Plan) -> f64 {
        match self {
            Self::Rate => RATE_MAX,
            Self::Clients => (SOCKETS_MAX / plan.documents).min(CLIENTS_MAX) as f64,
        }
    }

    fn apply(self, plan: &mut Plan, level: f64) {
        match self {
            Self::Rate => plan.rate = level,
            Self::Clients => plan.clients = (level.round() as usize).max(plan.writers.max(1)),
        }
    }
}

/// Raises the load until the p99 from edit to seen passes `p99_ms_max` or edits are lost, then
/// closes in. Returns all reports, that of the highest load that held last.
pub async fn find_highest(
    plan: &Plan,
    raise: Raise,
    mut target: Target<'_>,
    p99_ms_max: f64,
    mut show: impl FnMut(&Report),
) -> Result<Vec<Report>> {
    ensure!(
        plan.scenario.is_typing(),
        "only the load of typing can be raised"
    );
    ensure!(p99_ms_max > 0.0, "a bound above 0 ms");
    plan.validate()?;
    let (first, highest) = (raise.first(plan), raise.highest(plan));
    let mut reports = Vec::new();
    let mut best: Option<Report> = None;
    let (mut holds, mut breaks) = (0.0, f64::INFINITY);
    let mut level = first.min(highest);
    for step in 0..STEPS_MAX {
        let mut plan = plan.clone();
        raise.apply(&mut plan, level);
        // Each step has documents of its own.
        plan.seed = plan.seed.wrapping_add(step as u64 + 1);
        let report = Box::pin(run(plan, target.again())).await?;
        show(&report);
        let seen = report.latency("edit to seen");
        if report.correct && seen.is_some_and(|seen| seen.p99_ms <= p99_ms_max) {
            holds = level;
            reports.extend(best.replace(report));
        } else {
            breaks = level;
            reports.push(report);
        }
        level = match breaks.is_infinite() {
            true => (holds * 2.0).min(highest),
            false => (holds + breaks) / 2.0,
        };
        if holds >= highest || breaks < holds * NEAR || level < first / GIVE_UP {
            break;
        }
    }
    match best {
        Some(best) => reports.push(best),
        None => bail!("not even a load of {breaks:.2} stays within {p99_ms_max} ms"),
    }
    Ok(reports)
}
