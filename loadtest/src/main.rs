//! Arguments -> plan -> run -> exit code.

mod arguments;

use std::{fs, path::Path, process::ExitCode};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use serde::Serialize;
use tokio::net::TcpListener;
use unisson_loadtest::{
    Comparison, Report, Started, Target, compare, comparison_html, find_highest, relay,
    report_html, run,
};

use arguments::{CompareArguments, RelayArguments, RunArguments};

/// Many clients on many documents, measured, and checked at the end.
#[derive(Parser)]
#[command(name = "unisson-loadtest", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run one load against a server; exits with 1 if an edit was lost or a document diverged.
    Run(Box<RunArguments>),
    /// Run the same loads against several servers, each started fresh for each load.
    Compare(Box<CompareArguments>),
    /// Serve rooms that only forward frames: the practical limit to compare with.
    Relay(RelayArguments),
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let is_good = match Arguments::parse().command {
        Command::Run(arguments) => Box::pin(run_one(&arguments)).await?,
        Command::Compare(arguments) => Box::pin(compare_all(&arguments)).await?,
        Command::Relay(arguments) => {
            relay(TcpListener::bind(arguments.listen).await?).await?;
            true
        }
    };
    Ok(match is_good {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Whether the run was correct.
async fn run_one(arguments: &RunArguments) -> Result<bool> {
    let programs = arguments.programs.find()?;
    let mut started = match arguments.server {
        Some(kind) => Some(Started::start(kind, &programs).await?),
        None => None,
    };
    let plan = arguments.plan(&programs, started.as_ref())?;
    let target = target(started.as_mut(), arguments.server_pid);
    let reports = match arguments.ramp {
        Some(raise) => {
            let show = |report: &Report| println!("{report}\n");
            find_highest(&plan, raise, target, arguments.p99_ms, show).await?
        }
        None => vec![run(plan, target).await?],
    };
    if let Some(report) = reports.last() {
        println!("{report}");
    }
    write_json(arguments.json.as_deref(), &reports)?;
    write_html(arguments.html.as_deref(), || report_html(&reports))?;
    // The last report of a ramp is that of the load that held.
    Ok(reports.last().is_some_and(|report| report.correct))
}

fn target(started: Option<&mut Started>, pid: Option<u32>) -> Target<'_> {
    match (started, pid) {
        (Some(started), _) => Target::Started(started),
        (None, Some(pid)) => Target::Process(pid),
        (None, None) => Target::Address,
    }
}

/// Whether Unisson, where it is among the servers, was correct. Others may fail: that is a finding.
async fn compare_all(arguments: &CompareArguments) -> Result<bool> {
    let programs = arguments.programs.find()?;
    let comparison: Comparison = compare(
        &arguments.scenarios,
        &arguments.servers,
        arguments.dialects(),
        arguments.rounds,
        &programs,
        |plan| arguments.shape.apply(plan, &programs),
        |row: &Report| eprintln!("{row}\n"),
    )
    .await?;
    println!("{comparison}");
    write_json(arguments.json.as_deref(), &comparison)?;
    write_html(arguments.html.as_deref(), || comparison_html(&comparison))?;
    Ok(comparison.unisson_is_correct())
}

fn write_json(path: Option<&Path>, value: &impl Serialize) -> Result<()> {
    let Some(path) = path else { return Ok(()) };
    let text = serde_json::to_string_pretty(value)?;
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn write_html(path: Option<&Path>, html: impl FnOnce() -> String) -> Result<()> {
    let Some(path) = path else { return Ok(()) };
    fs::write(path, html()).with_context(|| format!("cannot write {}", path.display()))
}
