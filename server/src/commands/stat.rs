//! `unisson stat`: what takes how much.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use unisson_storage::{DocumentStatistics, Store, utc};

use super::{Place, bytes_text, print_json};

/// What `stat` can be told.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    place: Place,
    /// Only documents whose name begins so
    #[arg(long, value_name = "PREFIX")]
    prefix: Option<String>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Default, Serialize)]
struct Row {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    bytes: u64,
    snapshots: u64,
    snapshot_bytes: u64,
    versions: u64,
    version_bytes: u64,
    attachments: u64,
    attachment_bytes: u64,
    log_updates: u64,
    log_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    stored: Option<String>,
}

#[derive(Debug, Serialize)]
struct Report {
    documents: Vec<Row>,
    total_documents: u64,
    total: Row,
}

impl Row {
    fn of(document: &DocumentStatistics) -> Self {
        Self {
            name: document.name.as_ref().map(ToString::to_string),
            bytes: document.bytes(),
            snapshots: document.snapshots,
            snapshot_bytes: document.snapshot_bytes,
            versions: document.versions,
            version_bytes: document.version_bytes,
            attachments: document.blobs,
            attachment_bytes: document.blob_bytes,
            log_updates: document.log_updates,
            log_bytes: document.log_bytes,
            stored: document.stored_ms.map(utc),
        }
    }

    fn add(&mut self, other: &Self) {
        self.bytes += other.bytes;
        self.snapshots += other.snapshots;
        self.snapshot_bytes += other.snapshot_bytes;
        self.versions += other.versions;
        self.version_bytes += other.version_bytes;
        self.attachments += other.attachments;
        self.attachment_bytes += other.attachment_bytes;
        self.log_updates += other.log_updates;
        self.log_bytes += other.log_bytes;
    }
}

/// Counts what each document takes. Changes nothing; a server may be running.
pub async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let store = Store::open_read_only(options.place.settings()?).await?;
    let prefix = options.prefix.unwrap_or_default();
    let statistics = store.statistics().await?;
    let chosen = statistics
        .iter()
        .filter(|document| document.name.as_deref().unwrap_or("").starts_with(&prefix));
    let documents: Vec<Row> = chosen.map(Row::of).collect();
    let mut total = Row::default();
    documents.iter().for_each(|row| total.add(row));
    let report = Report {
        total_documents: documents.len() as u64,
        documents,
        total,
    };
    if options.json {
        print_json(&report)?;
    } else {
        print(&report);
    }
    Ok(ExitCode::SUCCESS)
}

fn print(report: &Report) {
    println!(
        "{:>12} {:>12} {:>12} {:>12} {:>8} {:>8}  {:20}  document",
        "bytes", "snapshots", "log", "attachments", "updates", "versions", "stored"
    );
    let line = |row: &Row, name: &str| {
        println!(
            "{:>12} {:>12} {:>12} {:>12} {:>8} {:>8}  {:20}  {name}",
            bytes_text(row.bytes),
            bytes_text(row.snapshot_bytes),
            bytes_text(row.log_bytes),
            bytes_text(row.attachment_bytes),
            row.log_updates,
            row.versions,
            row.stored.as_deref().unwrap_or(""),
        );
    };
    for row in &report.documents {
        // A name may hold anything; a terminal must not act on it.
        let name = row
            .name
            .as_ref()
            .map(|name| name.escape_debug().to_string());
        line(
            row,
            name.as_deref()
                .unwrap_or("(name unknown: damaged snapshot)"),
        );
    }
    line(
        &report.total,
        &format!("{} documents", report.total_documents),
    );
}
