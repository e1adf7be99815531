//! The same loads against several servers in one run, and a table with ratios.

use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Result, ensure};
use serde::Serialize;
use unisson_protocol::dialect::Dialect;

use crate::{
    plan::Plan,
    report::{Better, Report, dialect_name, number},
    run::{Target, run},
    scenario::Scenario,
    servers::{Kind, Programs, Started},
};

/// The latencies that the table shows.
const LATENCIES: [&str; 3] = ["edit to seen", "edit to saved", "join to synced"];

/// One server under one load, in all rounds.
#[derive(Debug, Serialize)]
pub struct Row {
    /// The load.
    pub scenario: &'static str,
    /// The server.
    pub server: &'static str,
    /// The protocol.
    pub dialect: &'static str,
    /// The reports of its rounds.
    pub reports: Vec<Report>,
    /// Why there are none, or fewer than rounds.
    pub failures: Vec<String>,
}

/// All rows.
#[derive(Debug, Default, Serialize)]
pub struct Comparison {
    /// By load, in the order of the servers asked for.
    pub rows: Vec<Row>,
}

/// One line of the table: a value for each row of a load.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) better: Better,
    pub(crate) values: Vec<Option<f64>>,
}

/// Runs every load against every server, each time with a fresh process and a fresh folder.
///
/// A server that is not installed, or does not fit a load, is a row that says so.
pub async fn compare(
    scenarios: &[Scenario],
    servers: &[Kind],
    dialects: Option<Vec<Dialect>>,
    rounds: u32,
    programs: &Programs,
    adapt: impl Fn(&mut Plan) -> Result<()>,
    mut show: impl FnMut(&Report),
) -> Result<Comparison> {
    ensure!(rounds >= 1, "at least one round");
    let mut comparison = Comparison::default();
    for scenario in scenarios {
        let first = comparison.rows.len();
        for server in servers {
            for dialect in dialects_of(*server, dialects.as_deref()) {
                comparison.rows.push(Row {
                    scenario: scenario.id(),
                    server: server.name(),
                    dialect: dialect_name(dialect),
                    reports: Vec::new(),
                    failures: Vec::new(),
                });
            }
        }
        // Interleaved: what the machine does meanwhile hits all servers alike.
        for _ in 0..rounds {
            let mut at = first;
            for server in servers {
                for dialect in dialects_of(*server, dialects.as_deref()) {
                    let row = &mut comparison.rows[at];
                    at += 1;
                    match one(*scenario, *server, dialect, programs, &adapt).await {
                        Ok(report) => {
                            show(&report);
                            row.reports.push(report);
                        }
                        Err(error) => row.failures.push(format!("{error:#}")),
                    }
                }
            }
        }
    }
    Ok(comparison)
}

fn dialects_of(server: Kind, wanted: Option<&[Dialect]>) -> Vec<Dialect> {
    let all = [Dialect::YWebsocket, Dialect::Hocuspocus];
    let spoken = all.into_iter().filter(|dialect| server.speaks(*dialect));
    match wanted {
        Some(wanted) => spoken.filter(|dialect| wanted.contains(dialect)).collect(),
        None => spoken.take(1).collect(),
    }
}

async fn one(
    scenario: Scenario,
    server: Kind,
    dialect: Dialect,
    programs: &Programs,
    adapt: &impl Fn(&mut Plan) -> Result<()>,
) -> Result<Report> {
    ensure!(
        server != Kind::Relay || scenario.fits_a_relay(),
        "a relay keeps no documents"
    );
    let mut started = Started::start(server, programs).await?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let target = started.target(dialect);
    let mut plan = Plan::new(scenario, &target, dialect, now.as_millis() as u64);
    adapt(&mut plan)?;
    plan.relay = server == Kind::Relay;
    Box::pin(run(plan, Target::Started(&mut started))).await
}

impl Row {
    /// Its name in the table.
    pub(crate) fn label(&self) -> String {
        match (self.server, self.dialect) {
            ("unisson", "hocuspocus") => "unisson (hp)".to_owned(),
            (server, _) => server.to_owned(),
        }
    }

    fn is_correct(&self) -> bool {
        self.failures.is_empty() && self.reports.iter().all(|report| report.correct)
    }

    fn verdict(&self) -> &'static str {
        match (self.reports.is_empty(), self.is_correct()) {
            (true, _) => "no result",
            (false, true) => "correct",
            (false, false) => "FAILED",
        }
    }

    /// The median over the rounds.
    fn median(&self, value: impl Fn(&Report) -> Option<f64>) -> Option<f64> {
        let mut values: Vec<f64> = self.reports.iter().filter_map(value).collect();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        match values.len() % 2 {
            1 => values.get(middle).copied(),
            _ => Some((values.get(middle.checked_sub(1)?)? + values.get(middle)?) / 2.0),
        }
    }
}

impl Comparison {
    /// Whether Unisson, where it took part, neither lost anything nor failed to run.
    pub fn unisson_is_correct(&self) -> bool {
        let mut own = self.rows.iter().filter(|row| row.server == "unisson");
        own.all(Row::is_correct)
    }

    /// The loads, with their rows.
    pub(crate) fn loads(&self) -> Vec<(&'static str, Vec<&Row>)> {
        let mut loads: Vec<(&'static str, Vec<&Row>)> = Vec::new();
        for row in &self.rows {
            match loads.last_mut() {
                Some((scenario, rows)) if *scenario == row.scenario => rows.push(row),
                _ => loads.push((row.scenario, vec![row])),
            }
        }
        loads
    }
}

/// Every figure that any of the rows has.
pub(crate) fn lines(rows: &[&Row]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut names: Vec<(&str, &str, Better)> = Vec::new();
    for figure in rows
        .iter()
        .flat_map(|row| &row.reports)
        .flat_map(|report| &report.figures)
    {
        if !names.iter().any(|(name, ..)| *name == figure.name) {
            names.push((figure.name, figure.unit, figure.better));
        }
    }
    for latency in LATENCIES {
        for (quantile, at) in [("p50", 0), ("p99", 1)] {
            let values: Vec<Option<f64>> = rows
                .iter()
                .map(|row| {
                    row.median(|report| {
                        let found = report.latency(latency)?;
                        Some([found.p50_ms, found.p99_ms][at])
                    })
                })
                .collect();
            if values.iter().any(Option::is_some) {
                lines.push(Line {
                    name: format!("{latency}, {quantile}, ms"),
                    better: Better::Less,
                    values,
                });
            }
        }
    }
    for (name, unit, better) in names {
        let values = rows
            .iter()
            .map(|row| row.median(|report| report.figure(name)));
        lines.push(Line {
            name: match unit {
                "" => name.to_owned(),
                unit => format!("{name}, {unit}"),
            },
            better,
            values: values.collect(),
        });
    }
    lines
}

/// By how much each row is better (above 1) or worse than another value.
fn ratios(line: &Line, base: f64) -> Vec<Option<f64>> {
    let ratio = |value: f64| match line.better {
        Better::More => value / base,
        _ => base / value,
    };
    let finite = |value: &f64| value.is_finite();
    line.values
        .iter()
        .map(|value| value.map(ratio).filter(finite))
        .collect()
}

/// The relay's value of a line, and the best of the peers' (neither Unisson nor the relay).
pub(crate) fn bases(line: &Line, rows: &[&Row]) -> [(&'static str, Option<f64>); 2] {
    let of = |server: &str| rows.iter().position(|row| row.server == server);
    let relay = of("relay").and_then(|at| line.values[at]);
    let peers = rows
        .iter()
        .zip(&line.values)
        .filter(|(row, _)| row.server != "relay" && row.server != "unisson")
        .filter_map(|(_, value)| *value);
    let best = match line.better {
        Better::More => peers.max_by(f64::total_cmp),
        _ => peers.min_by(f64::total_cmp),
    };
    [("relay", relay), ("best peer", best)]
}

fn table_line(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    values: &[Option<f64>],
    unit: &str,
) -> fmt::Result {
    write!(f, "  {name:<40}")?;
    for value in values {
        let text = value.map_or("-".to_owned(), |value| format!("{}{unit}", number(value)));
        write!(f, " {text:>13}")?;
    }
    writeln!(f)
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (scenario, rows) in self.loads() {
            let rounds = rows.iter().map(|row| row.reports.len()).max().unwrap_or(0);
            write!(f, "{:<42}", format!("{scenario} (median of {rounds})"))?;
            for row in &rows {
                write!(f, " {:>13}", row.label())?;
            }
            writeln!(f)?;
            for line in lines(&rows) {
                table_line(f, &line.name, &line.values, "")?;
                if line.better == Better::Neither {
                    continue;
                }
                for (base, value) in bases(&line, &rows) {
                    if let Some(value) = value {
                        let name = format!("    times as good as {base}");
                        table_line(f, &name, &ratios(&line, value), "x")?;
                    }
                }
            }
            write!(f, "  {:<40}", "verdict")?;
            for row in &rows {
                write!(f, " {:>13}", row.verdict())?;
            }
            writeln!(f)?;
            for row in &rows {
                let errors = row.reports.iter().flat_map(|report| &report.errors);
                for text in row.failures.iter().chain(errors).take(3) {
                    writeln!(f, "  ! {}: {text}", row.label())?;
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_above_one_for_the_better() {
        let line = |better| Line {
            name: String::new(),
            better,
            values: vec![Some(10.0), Some(5.0), None],
        };
        let more = ratios(&line(Better::More), 5.0);
        assert_eq!(more, [Some(2.0), Some(1.0), None]);
        let less = ratios(&line(Better::Less), 5.0);
        assert_eq!(less, [Some(0.5), Some(1.0), None]);
    }
}
