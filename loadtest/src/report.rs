//! What a run found, as a table and as JSON.

use std::fmt;

use serde::Serialize;
use unisson_protocol::dialect::Dialect;

use crate::{plan::Plan, recorder::Latency, watch::Sample};

/// Whether more of a figure is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// More is better.
    More,
    /// Less is better.
    Less,
    /// It only describes the run.
    Neither,
}

/// One figure of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// What it is.
    pub name: &'static str,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: &'static str,
    /// How to compare it.
    pub better: Better,
}

/// The result of one run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The scenario's id.
    pub scenario: &'static str,
    /// The server: its name, or its address.
    pub server: String,
    /// The protocol.
    pub dialect: &'static str,
    /// Documents.
    pub documents: usize,
    /// Sockets.
    pub sockets: usize,
    /// Writers in all.
    pub writers: usize,
    /// Edits per second and writer.
    pub rate: f64,
    /// How long the load was planned to last.
    pub seconds: f64,
    /// Edits that were planned.
    pub edits_planned: u64,
    /// Edits that were made.
    pub edits_made: u64,
    /// Latencies, each from the moment it counts from.
    pub latencies: Vec<Latency>,
    /// Everything else that was measured.
    pub figures: Vec<Figure>,
    /// Sockets that broke.
    pub reconnects: u64,
    /// Edits that came before one that should have come first.
    pub holes: u64,
    /// Whether nothing was lost and nothing diverged.
    pub correct: bool,
    /// The first errors.
    pub errors: Vec<String>,
    /// The run, second by second.
    pub samples: Vec<Sample>,
}

/// The name of a dialect on the command line and in reports.
pub const fn dialect_name(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::YWebsocket => "y-websocket",
        Dialect::Hocuspocus => "hocuspocus",
    }
}

impl Report {
    pub(crate) fn new(plan: &Plan, server: String) -> Self {
        Self {
            scenario: plan.scenario.id(),
            server,
            dialect: dialect_name(plan.dialect),
            documents: plan.documents,
            sockets: plan.sockets(),
            writers: plan.documents * plan.writers,
            rate: plan.rate,
            seconds: plan.duration.as_secs_f64(),
            edits_planned: 0,
            edits_made: 0,
            latencies: Vec::new(),
            figures: Vec::new(),
            reconnects: 0,
            holes: 0,
            correct: false,
            errors: Vec::new(),
            samples: Vec::new(),
        }
    }

    /// A figure by its name.
    pub fn figure(&self, name: &str) -> Option<f64> {
        let found = self.figures.iter().find(|figure| figure.name == name);
        found.map(|figure| figure.value)
    }

    /// A latency by its name.
    pub fn latency(&self, name: &str) -> Option<&Latency> {
        self.latencies.iter().find(|latency| latency.name == name)
    }

    /// One line that says what ran.
    pub fn title(&self) -> String {
        format!(
            "{} on {} ({}): {} sockets, {} documents",
            self.scenario, self.server, self.dialect, self.sockets, self.documents
        )
    }
}

/// A figure with as many digits as it is worth.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 1_000.0 => {
            let digits = format!("{:.0}", value.abs());
            let mut grouped = String::new();
            for (position, digit) in digits.chars().enumerate() {
                if position > 0 && (digits.len() - position).is_multiple_of(3) {
                    grouped.push(',');
                }
                grouped.push(digit);
            }
            if value < 0.0 {
                format!("-{grouped}")
            } else {
                grouped
            }
        }
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title())?;
        if self.edits_planned > 0 {
            writeln!(
                f,
                "  {} writers at {}/s for {} s: {} of {} edits made",
                self.writers, self.rate, self.seconds, self.edits_made, self.edits_planned
            )?;
        }
        if !self.latencies.is_empty() {
            writeln!(
                f,
                "  {:<18} {:>10} {:>9} {:>9} {:>9} {:>9}",
                "latency, ms", "count", "p50", "p99", "p99.9", "max"
            )?;
        }
        for latency in &self.latencies {
            writeln!(
                f,
                "  {:<18} {:>10} {:>9.2} {:>9.2} {:>9.2} {:>9.2}",
                latency.name,
                latency.count,
                latency.p50_ms,
                latency.p99_ms,
                latency.p999_ms,
                latency.max_ms
            )?;
        }
        for figure in &self.figures {
            writeln!(
                f,
                "  {:<40} {:>12} {}",
                figure.name,
                number(figure.value),
                figure.unit
            )?;
        }
        for error in &self.errors {
            writeln!(f, "  ! {error}")?;
        }
        let verdict = match self.correct {
            true => "correct: nothing lost, nothing diverged",
            false => "FAILED",
        };
        write!(
            f,
            "  {} reconnects, {} out of order; {verdict}",
            self.reconnects, self.holes
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_keep_the_digits_they_are_worth() {
        assert_eq!(number(1_234_567.8), "1,234,568");
        assert_eq!(number(-1_000.0), "-1,000");
        assert_eq!(number(99.96), "100.0");
        assert_eq!(number(0.126), "0.13");
    }
}
