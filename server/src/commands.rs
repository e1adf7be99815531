//! What the binary does beside serving: checking, exporting, importing, erasing, counting, and
//! trying out an object store.
//!
//! Exit codes: 0 done; 1 it could not be done; 2 wrong usage; 3 done, and something is damaged.
//! Results go to standard output, for people or as one JSON value; all else to standard error.

pub mod audit;
pub mod doctor;
pub mod export;
pub mod fsck;
pub mod import;
pub mod reindex;
pub mod rm;
pub mod stat;
pub mod token;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use unisson_storage::{OpenError, RemoteStore, Store, StoreError, StoreSettings};

use crate::settings::{Options as ServerOptions, Settings, SettingsError, StoreOptions};

/// Which store a command works on.
#[derive(Debug, Args, Default)]
pub struct Place {
    /// Settings file (TOML) that says where the documents are
    #[arg(long, env = "UNISSON_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder of the documents [default: ./data]
    #[arg(long, env = "UNISSON_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where documents are, if not in a folder.
    #[command(flatten)]
    pub store: StoreOptions,
}

impl Place {
    /// Where the documents are, by the same rules as for the server. A spool stays the server's:
    /// in an object store a command is one more node.
    fn settings(&self) -> anyhow::Result<StoreSettings> {
        let settings = self.gather()?;
        let Some(store) = &settings.store else {
            return Ok(StoreSettings::new(settings.data));
        };
        let mut settings = StoreSettings::direct(RemoteStore::connect(&store.remote)?);
        // It waits for each of its writes, and nobody else's come together with them.
        (settings.flush_ms_min, settings.flush_ms_max) = (1, 1);
        Ok(settings)
    }

    fn gather(&self) -> Result<Settings, SettingsError> {
        let options = ServerOptions {
            config: self.config.clone(),
            data: self.data.clone(),
            store: self.store.clone(),
            // Nothing will listen.
            insecure: Some(true),
            ..ServerOptions::default()
        };
        Settings::gather(options)
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

/// A store to write to: a folder that nobody else has open, or an object store, which any number
/// of nodes may share.
async fn open_to_write(settings: StoreSettings) -> anyhow::Result<Store> {
    match Store::open(settings).await {
        Err(error @ OpenError::Locked { .. }) => {
            Err(error).context("the server must be stopped for this")
        }
        opened => Ok(opened?),
    }
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
