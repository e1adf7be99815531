//! `unisson`: the command line.

use std::{io::IsTerminal as _, process::ExitCode};

use anyhow::Context as _;
use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use unisson::{
    Server, Settings,
    settings::{Command, CommandLine, LogForm},
};

/// Gives back what quiet documents no longer need; see docs/decisions/0010-allocator.md.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// yrs deletes nested shared types recursively. Only what is used is ever taken of this.
const STACK_BYTES: usize = 256 << 20;

fn main() -> ExitCode {
    let outcome = match CommandLine::parse().command {
        Command::Serve(options) => Settings::gather(*options)
            .map_err(Into::into)
            .and_then(serve),
        Command::CheckConfig(options) => Settings::gather(*options)
            .map(|settings| println!("{settings:#?}"))
            .map_err(Into::into),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("unisson: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(settings: Settings) -> anyhow::Result<()> {
    start_log(settings.log);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .worker_threads(settings.worker_threads)
        .thread_stack_size(STACK_BYTES)
        .build()
        .context("cannot start threads")?;
    runtime.block_on(run(settings))
}

async fn run(settings: Settings) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let data = settings.data.display().to_string();
    if settings.is_open() {
        tracing::warn!("no token is configured: whoever reaches this address may read and write");
    }
    let server = Server::start(settings).await?;
    let address = server.address();
    tracing::info!(%address, data, "unisson is ready");
    println!("Unisson is ready: http://{address} (documents in {data})");
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping: making everything durable");
    server.stop().await?;
    tracing::info!("stopped");
    Ok(())
}

fn start_log(form: LogForm) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match form {
        LogForm::Text => log.init(),
        LogForm::Json => log.json().init(),
    }
}
