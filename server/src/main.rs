//! `unisson`: the command line.

mod descriptors;

use std::{io::IsTerminal as _, process::ExitCode};

use anyhow::Context as _;
use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use unisson::{
    Server, Settings, commands,
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
            .map(|()| ExitCode::SUCCESS)
            .map_err(Into::into),
        Command::Doctor(options) => work(|| commands::doctor::run(options)),
        Command::Fsck(options) => work(|| commands::fsck::run(options)),
        Command::Export(options) => work(|| commands::export::run(options)),
        Command::Import(options) => work(|| commands::import::run(options)),
        Command::Rm(options) => work(|| commands::rm::run(options)),
        Command::Reindex(options) => work(|| commands::reindex::run(options)),
        Command::Stat(options) => work(|| commands::stat::run(options)),
        Command::Audit(options) => work(|| commands::audit::run(*options)),
        Command::Token(options) => work(|| commands::token::run(*options)),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("unisson: {}", on_one_line(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error and its causes. Many say their cause themselves: once is enough.
fn on_one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if line.is_empty() {
            line = cause;
        } else if !line.contains(&cause) {
            line = format!("{line}: {cause}");
        }
    }
    line
}

fn serve(settings: Settings) -> anyhow::Result<ExitCode> {
    start_log(settings.log, "info");
    runtime(Some(settings.worker_threads))?.block_on(run(settings))?;
    Ok(ExitCode::SUCCESS)
}

/// Runs a command that ends by itself. It says what it finds; its log is for what goes wrong. It
/// reads what others wrote, so it too gets the large stack.
fn work<F: Future<Output = anyhow::Result<ExitCode>>>(
    command: impl FnOnce() -> F + Send + 'static,
) -> anyhow::Result<ExitCode> {
    start_log(LogForm::Text, "off");
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
    let running = thread.spawn(move || runtime(None)?.block_on(command()))?;
    let ended = running.join();
    ended.unwrap_or_else(|_| Err(anyhow::anyhow!("this is a bug: the command panicked")))
}

/// `None`: as many threads as processors.
fn runtime(worker_threads: Option<usize>) -> anyhow::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().thread_stack_size(STACK_BYTES);
    if let Some(worker_threads) = worker_threads {
        builder.worker_threads(worker_threads);
    }
    builder.build().context("cannot start threads")
}

async fn run(settings: Settings) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    descriptors::make_room(&settings);
    let data = settings.place();
    if settings.is_open() {
        tracing::warn!(
            "nobody is asked who they are: whoever reaches this address may read and write"
        );
    }
    let scheme = match &settings.http.tls {
        Some(_) => "https",
        None => "http",
    };
    let base_path = settings.http.base_path.clone();
    let server = Server::start(settings).await?;
    let address = server.address();
    tracing::info!(%address, data, "unisson is ready");
    println!("Unisson is ready: {scheme}://{address}{base_path} (documents in {data})");
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping: making everything durable");
    server.stop().await?;
    tracing::info!("stopped");
    Ok(())
}

fn start_log(form: LogForm, default: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match form {
        LogForm::Text => log.init(),
        LogForm::Json => log.json().init(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_each_cause_once() {
        let full = || std::io::Error::other("the disk is full");
        let told = anyhow::Error::new(full()).context("the log: the disk is full");
        assert_eq!(on_one_line(&told), "the log: the disk is full");
        let untold = anyhow::Error::new(full()).context("the log");
        assert_eq!(on_one_line(&untold), "the log: the disk is full");
    }
}
