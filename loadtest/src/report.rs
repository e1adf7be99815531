//! What a run found, as a table and as JSON.

use std::{fmt, time::Duration};

use hdrhistogram::Histogram;
use serde::Serialize;
use unisson_protocol::dialect::Dialect;

use crate::{plan::Plan, tally::Totals};

/// The figures of a run that no client sees.
pub(crate) struct Measured {
    pub(crate) connected_in: Duration,
    pub(crate) wall: Duration,
    pub(crate) cpu_seconds: Option<f64>,
    pub(crate) base_bytes: Option<u64>,
    pub(crate) peak_bytes: Option<u64>,
    pub(crate) wrong_documents: u64,
}

/// Latencies in milliseconds since the edit was due.
#[derive(Debug, Clone, Serialize)]
pub struct Latency {
    /// How many were measured.
    pub count: u64,
    /// Half of them are below.
    pub p50_ms: f64,
    /// 99 of 100 are below.
    pub p99_ms: f64,
    /// 999 of 1,000 are below.
    pub p999_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

/// The result of one run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The server.
    pub target: String,
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
    /// Edits that were planned.
    pub edits_planned: u64,
    /// Edits that were made.
    pub edits_made: u64,
    /// From an edit to its sight at another client.
    pub edit_to_seen: Latency,
    /// From an edit to its acknowledgement at its author.
    pub edit_to_saved: Latency,
    /// From the due time of an edit until the generator made it: part of both figures above.
    pub generator_late: Latency,
    /// Until all sockets were in sync, in seconds.
    pub connected_in_seconds: f64,
    /// From the first edit until everybody had seen and saved everything, in seconds.
    pub wall_seconds: f64,
    /// The server's CPU time meanwhile.
    pub server_cpu_seconds: Option<f64>,
    /// Edits seen per CPU-second of the server.
    pub delivered_per_cpu_second: Option<f64>,
    /// The server's resident memory before the first socket.
    pub server_base_bytes: Option<u64>,
    /// The server's highest resident memory while writing.
    pub server_peak_bytes: Option<u64>,
    /// Sockets that broke.
    pub reconnects: u64,
    /// Edits that came before one that should have come first.
    pub holes: u64,
    /// Documents that a fresh client did not find complete.
    pub wrong_documents: u64,
    /// Whether nothing was lost and nothing diverged.
    pub correct: bool,
    /// The first errors.
    pub errors: Vec<String>,
}

impl Report {
    pub(crate) fn new(plan: &Plan, totals: &Totals, measured: &Measured) -> Self {
        let edits_planned = plan.edits();
        Self {
            target: plan.target.clone(),
            dialect: match plan.dialect {
                Dialect::YWebsocket => "y-websocket",
                Dialect::Hocuspocus => "hocuspocus",
            },
            documents: plan.documents,
            sockets: plan.documents * plan.clients,
            writers: plan.documents * plan.writers,
            rate: plan.rate,
            edits_planned,
            edits_made: totals.made,
            edit_to_seen: latency(&totals.seen),
            edit_to_saved: latency(&totals.saved),
            generator_late: latency(&totals.late),
            connected_in_seconds: measured.connected_in.as_secs_f64(),
            wall_seconds: measured.wall.as_secs_f64(),
            server_cpu_seconds: measured.cpu_seconds,
            delivered_per_cpu_second: measured
                .cpu_seconds
                .filter(|seconds| *seconds > 0.0)
                .map(|seconds| totals.seen.len() as f64 / seconds),
            server_base_bytes: measured.base_bytes,
            server_peak_bytes: measured.peak_bytes,
            reconnects: totals.reconnects,
            holes: totals.holes,
            wrong_documents: measured.wrong_documents,
            correct: totals.errors.is_empty()
                && measured.wrong_documents == 0
                && totals.made == edits_planned,
            errors: totals.errors.clone(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({})", self.target, self.dialect)?;
        writeln!(
            f,
            "  {} sockets on {} documents, {} writers at {}/s: {} of {} edits made",
            self.sockets,
            self.documents,
            self.writers,
            self.rate,
            self.edits_made,
            self.edits_planned
        )?;
        writeln!(
            f,
            "                   count    p50 ms    p99 ms  p99.9 ms    max ms"
        )?;
        for (name, latency) in [
            ("edit to seen", &self.edit_to_seen),
            ("edit to saved", &self.edit_to_saved),
            ("own lateness", &self.generator_late),
        ] {
            writeln!(
                f,
                "  {name:<13} {:>8} {:>9.1} {:>9.1} {:>9.1} {:>9.1}",
                latency.count, latency.p50_ms, latency.p99_ms, latency.p999_ms, latency.max_ms
            )?;
        }
        if let Some(cpu) = self.server_cpu_seconds {
            writeln!(
                f,
                "  server: {cpu:.2} CPU-seconds in {:.1} s, {:.0} edits seen per CPU-second",
                self.wall_seconds,
                self.delivered_per_cpu_second.unwrap_or_default()
            )?;
        }
        if let (Some(base), Some(peak)) = (self.server_base_bytes, self.server_peak_bytes) {
            writeln!(
                f,
                "  server memory: {:.1} MB before, {:.1} MB at most",
                base as f64 / 1e6,
                peak as f64 / 1e6
            )?;
        }
        for error in &self.errors {
            writeln!(f, "  ! {error}")?;
        }
        let verdict = match self.correct {
            true => "correct: every document holds exactly all edits",
            false => "FAILED",
        };
        write!(
            f,
            "  connected in {:.1} s, {} reconnects, {} out of order; {verdict}",
            self.connected_in_seconds, self.reconnects, self.holes
        )
    }
}

fn latency(histogram: &Histogram<u64>) -> Latency {
    let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1_000.0;
    Latency {
        count: histogram.len(),
        p50_ms: at(0.5),
        p99_ms: at(0.99),
        p999_ms: at(0.999),
        max_ms: histogram.max() as f64 / 1_000.0,
    }
}
