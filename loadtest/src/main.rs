//! Arguments -> plan -> run -> exit code.

use std::{
    fs,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand, ValueEnum};
use unisson_loadtest::{Plan, Scenario};
use unisson_protocol::dialect::Dialect;

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
    Run(RunArguments),
}

#[derive(clap::Args)]
struct RunArguments {
    /// The server; for y-websocket, the document's name is appended.
    #[arg(long, default_value = "ws://127.0.0.1:4444/ws/")]
    target: String,
    /// The protocol to speak.
    #[arg(long, value_enum, default_value = "y-websocket")]
    dialect: DialectName,
    /// A preset shape; the flags for single figures take precedence over it.
    #[arg(long, value_enum, default_value = "F1")]
    scenario: Scenario,
    /// Documents.
    #[arg(long)]
    documents: Option<usize>,
    /// Clients on each document.
    #[arg(long)]
    clients: Option<usize>,
    /// Clients of each document that write.
    #[arg(long)]
    writers: Option<usize>,
    /// Edits per second and writer.
    #[arg(long)]
    rate: Option<f64>,
    /// How long to write.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// The token to present.
    #[arg(long, default_value = "", hide_default_value = true)]
    token: String,
    /// Let readers build their documents too, instead of counting updates (more client CPU).
    #[arg(long)]
    full_readers: bool,
    /// The server's process on this machine, to measure CPU and memory.
    #[arg(long)]
    server_pid: Option<u32>,
    /// Where to write the report as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// No progress bar.
    #[arg(long)]
    quiet: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum DialectName {
    YWebsocket,
    Hocuspocus,
}

impl RunArguments {
    fn into_plan(self) -> Result<Plan> {
        let (documents, clients, writers, rate) = self.scenario.shape();
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        Ok(Plan {
            target: self.target,
            dialect: match self.dialect {
                DialectName::YWebsocket => Dialect::YWebsocket,
                DialectName::Hocuspocus => Dialect::Hocuspocus,
            },
            documents: self.documents.unwrap_or(documents),
            clients: self.clients.unwrap_or(clients),
            writers: self.writers.unwrap_or(writers),
            rate: self.rate.unwrap_or(rate),
            duration: Duration::from_secs(self.seconds),
            token: self.token,
            counting_readers: !self.full_readers,
            server_pid: self.server_pid,
            progress: !self.quiet,
            seed: now.as_millis() as u64,
        })
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let Command::Run(arguments) = Arguments::parse().command;
    let json = arguments.json.clone();
    let report = unisson_loadtest::run(arguments.into_plan()?).await?;
    println!("{report}");
    if let Some(path) = json {
        let text = serde_json::to_string_pretty(&report)?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(match report.correct {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
