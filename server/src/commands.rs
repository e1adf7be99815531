//! What the binary does beside serving: checking, exporting, importing, erasing, counting.
//!
//! Exit codes: 0 done; 1 it could not be done; 2 wrong usage; 3 done, and something is damaged.
//! Results go to standard output, for people or as one JSON value; all else to standard error.

pub mod export;
pub mod fsck;
pub mod import;
pub mod rm;
pub mod stat;
pub mod token;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use unisson_session::StoredParts;
use unisson_storage::{Store, StoreError, StoreSettings, StoredDocument};

use crate::settings::{Options as ServerOptions, Settings};

/// Which store a command works on.
#[derive(Debug, Args, Default)]
pub struct Place {
    /// Settings file (TOML) that says where the documents are
    #[arg(long, env = "UNISSON_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder of the documents [default: ./data]
    #[arg(long, env = "UNISSON_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
}

impl Place {
    /// Where the documents are, by the same rules as for the server.
    fn settings(&self) -> anyhow::Result<StoreSettings> {
        let options = ServerOptions {
            config: self.config.clone(),
            data: self.data.clone(),
            // Nothing will listen.
            insecure: Some(true),
            ..ServerOptions::default()
        };
        Ok(StoreSettings::new(Settings::gather(options)?.data))
    }
}

/// Something is damaged: the command did what it could.
pub(crate) const DAMAGED: u8 = 3;

fn exit_code(damaged: bool) -> ExitCode {
    if damaged {
        ExitCode::from(DAMAGED)
    } else {
        ExitCode::SUCCESS
    }
}

/// A store that nobody else has open.
async fn open_alone(settings: StoreSettings) -> anyhow::Result<Store> {
    Store::open(settings)
        .await
        .context("the server must be stopped for this")
}

/// A bar on standard error, where that is a terminal.
fn progress(what: &'static str, total: u64, in_bytes: bool) -> ProgressBar {
    let counts = if in_bytes {
        "{bytes}/{total_bytes}"
    } else {
        "{pos}/{len}"
    };
    let template = format!("{{prefix}} [{{bar:30}}] {counts}, {{eta}} left");
    let bar = ProgressBar::new(total).with_prefix(what);
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn parts(stored: StoredDocument) -> StoredParts {
    StoredParts {
        snapshots: stored.snapshots,
        updates: stored.updates,
    }
}

/// Runs work of the CRDT library on a thread with room for it. A panic in there means the same as
/// bytes that it refuses.
async fn crdt<T: Send + 'static, E: ToString + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, String> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(error.to_string()),
        Err(error) => Err(format!("the CRDT library failed: {error}")),
    }
}

/// The documents of a store.
struct Documents {
    /// Their names, also of those that only snapshots have, with when they were stored.
    named: Vec<(String, Option<u64>)>,
    /// Documents whose snapshots are so damaged that not even their name is known.
    nameless: usize,
}

/// The documents whose name begins with any of these; all, where there is none.
async fn documents(store: &Store, prefixes: &[String]) -> Result<Documents, StoreError> {
    let mut documents = Documents {
        named: Vec::new(),
        nameless: 0,
    };
    for document in store.statistics().await? {
        match document.name {
            None => documents.nameless += 1,
            Some(name) if prefixes.is_empty() || prefixes.iter().any(|p| name.starts_with(p)) => {
                documents.named.push((name.to_string(), document.stored_ms));
            }
            Some(_) => {}
        }
    }
    Ok(documents)
}

fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Bytes as people read them.
fn bytes_text(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}
