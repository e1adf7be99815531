//! Unisson as a process of its own, for the tests that kill it: `serve serve --listen ... --data ...`.

use anyhow::{Result, bail};
use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};
use unisson::{
    Server, Settings,
    settings::{Command, CommandLine},
};

#[tokio::main]
async fn main() -> Result<()> {
    let Command::Serve(options) = CommandLine::parse().command else {
        bail!("`serve` is all that this does");
    };
    let mut terminate = signal(SignalKind::terminate())?;
    let server = Server::start(Settings::gather(*options)?).await?;
    terminate.recv().await;
    server.stop().await?;
    Ok(())
}
