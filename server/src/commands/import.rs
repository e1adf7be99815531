//! `unisson import`: documents of an export, or of another server.
//!
//! Everything is read and merged once before anything is written, so that a file that is no
//! document is found while nothing has happened. Then each document gets what it lacks, as
//! ordinary updates in the log: nothing is overwritten, and a second run finds nothing to do.

mod bucket;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use serde::Serialize;
use tempfile::TempDir;
use unisson_portable::source::{Earlier, Format, Item, Source};
use unisson_protocol::DocName;
use unisson_session::{Merged, StoredParts, chronicle, merge, version_body};
use unisson_storage::{NewVersion, OpenError, Store, StoreSettings};

use super::{Place, bytes_text, exit_code, open_to_write, print_json, progress};
use crate::{attachments::portable::bring, comments::portable as comments, crdt};

/// Who wrote what is imported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Origin {
    /// `unisson export`
    #[default]
    Export,
    /// Hocuspocus' S3 extension: a copy of the bucket
    HocuspocusS3,
    /// Hocuspocus' SQLite extension: the database file
    HocuspocusSqlite,
    /// y-sweet: its store folder, or a copy of the bucket
    YSweet,
    /// La Suite Docs: a copy of the media bucket
    LasuiteDocs,
    /// Files of one Yjs update each (v1 or v2)
    Yjs,
}

impl Origin {
    fn format(self) -> Format {
        match self {
            Self::Export => Format::Export,
            Self::HocuspocusS3 => Format::HocuspocusS3,
            Self::HocuspocusSqlite => Format::HocuspocusSqlite,
            Self::YSweet => Format::YSweet,
            Self::LasuiteDocs => Format::LasuiteDocs,
            Self::Yjs => Format::Yjs,
        }
    }
}

/// What `import` can be told.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    place: Place,
    /// Folder, file or bucket (s3://bucket/prefix) to read
    #[arg(value_name = "PATH")]
    path: PathBuf,
    #[command(flatten)]
    bucket: bucket::BucketOptions,
    /// Who wrote it
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    from: Origin,
    /// Put this before the name of each document
    #[arg(long, default_value = "", value_name = "PREFIX")]
    into: String,
    /// Name of the document, where there is only one
    #[arg(long, value_name = "NAME", conflicts_with = "into")]
    name: Option<String>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Leave out what cannot be read instead of importing nothing
    #[arg(long)]
    keep_going: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Default, Serialize)]
struct Report {
    dry_run: bool,
    documents: Vec<Row>,
    failed: Vec<Failed>,
}

#[derive(Debug, Serialize)]
struct Row {
    name: String,
    origin: String,
    /// Bytes of updates that the document lacked; 0: it had everything.
    new_bytes: usize,
    updates: usize,
    /// Earlier states that became versions; those that the document has already are not counted.
    versions: usize,
    /// Of the updates, how many miss something that the source does not have either.
    waiting: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Failed {
    origin: String,
    problem: String,
}

/// What is to be merged into which document.
struct Planned {
    item: Item,
    name: String,
}

/// Imports. A server on the same folder must be stopped, except for a dry run.
pub async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let settings = options.place.settings()?;
    let format = options.from.format();
    let copy = match bucket::is_address(&options.path) {
        true => Some(bucket::copy(&options.path, format, &options.bucket).await?),
        false => None,
    };
    let path = copy.as_ref().map_or(options.path.as_path(), TempDir::path);
    let source = Source::open(format, path)?;
    if options.name.is_some() && source.items().len() != 1 {
        bail!(
            "--name is for one document; here are {}",
            source.items().len()
        );
    }
    let update_bytes_max = settings.update_bytes_max;
    let store = open(&options, settings).await?;
    let mut report = Report {
        dry_run: options.dry_run,
        ..Report::default()
    };
    let planned = plan(
        &options,
        &source,
        store.as_ref(),
        update_bytes_max,
        &mut report,
    )
    .await?;
    let stopped = !report.failed.is_empty() && !options.keep_going;
    if let Some(store) = store {
        if !options.dry_run && !stopped {
            write(&store, &source, &planned).await?;
        }
        store
            .close()
            .await
            .context("the store was not closed cleanly")?;
    }
    if options.json {
        print_json(&report)?;
    } else {
        print(&report, stopped);
    }
    Ok(if stopped {
        ExitCode::FAILURE
    } else {
        exit_code(!report.failed.is_empty())
    })
}

/// The store; none for a dry run where there is none yet.
async fn open(options: &Options, settings: StoreSettings) -> anyhow::Result<Option<Store>> {
    if !options.dry_run {
        return open_to_write(settings).await.map(Some);
    }
    match Store::open_read_only(settings).await {
        Ok(store) => Ok(Some(store)),
        Err(OpenError::NoStore { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Reads and merges everything, and writes nothing.
async fn plan(
    options: &Options,
    source: &Source,
    store: Option<&Store>,
    update_bytes_max: usize,
    report: &mut Report,
) -> anyhow::Result<Vec<Planned>> {
    let bar = progress("reading", source.items().len() as u64, false);
    let mut planned = Vec::new();
    for item in source.items() {
        bar.inc(1);
        let name = match &options.name {
            Some(name) => name.clone(),
            None => format!("{}{}", options.into, item.name),
        };
        let merged = match merge_one(source, store, item, &name).await {
            Ok((merged, notes)) => versions_to_make(source, store, item, &name)
                .await
                .map(|versions| (merged, versions.len(), notes)),
            Err(problem) => Err(problem),
        };
        match merged {
            Ok((merged, versions, notes))
                if merged.updates.iter().all(|u| u.len() <= update_bytes_max) =>
            {
                report
                    .documents
                    .push(row(item, &name, (&merged, versions), notes));
                planned.push(Planned {
                    item: item.clone(),
                    name,
                });
            }
            Ok(_) => report.failed.push(Failed {
                origin: item.origin.clone(),
                problem: format!(
                    "larger than {}, the most the store takes",
                    bytes_text(update_bytes_max as u64)
                ),
            }),
            Err(problem) => report.failed.push(Failed {
                origin: item.origin.clone(),
                problem,
            }),
        }
    }
    bar.finish_and_clear();
    Ok(planned)
}

fn row(item: &Item, name: &str, (merged, versions): (&Merged, usize), notes: Vec<String>) -> Row {
    Row {
        name: name.to_owned(),
        origin: item.origin.clone(),
        new_bytes: merged.updates.iter().map(bytes::Bytes::len).sum(),
        updates: merged.updates.len(),
        versions,
        waiting: merged.waiting,
        notes,
    }
}

/// What a document lacks of what the source has.
async fn merge_one(
    source: &Source,
    store: Option<&Store>,
    item: &Item,
    name: &str,
) -> Result<(Merged, Vec<String>), String> {
    DocName::new(name).map_err(|error| format!("{name:?}: {error}"))?;
    let found = source.read(item).map_err(|error| error.problem)?;
    said_about(source, item)?;
    let stored = match store {
        None => StoredParts::default(),
        Some(store) => {
            let stored = store.read(name).await;
            crdt::parts(stored.map_err(|error| format!("document {name:?}: {error}"))?).0
        }
    };
    let merged = crdt::run(move || merge(&stored, &found.updates)).await?;
    Ok((merged, found.notes))
}

/// What people say about a document.
fn said_about(source: &Source, item: &Item) -> Result<BTreeMap<String, String>, String> {
    let said = source.comments(item).map_err(|error| error.to_string())?;
    said.map_or(Ok(BTreeMap::new()), |said| comments::parse(&said))
}

/// The earlier states that the source has of a document and the store has not; each was read.
async fn versions_to_make(
    source: &Source,
    store: Option<&Store>,
    item: &Item,
    name: &str,
) -> Result<Vec<Earlier>, String> {
    let mut earlier = source.earlier(item).map_err(|error| error.to_string())?;
    if earlier.is_empty() {
        return Ok(earlier);
    }
    let known = match store {
        None => BTreeSet::new(),
        Some(store) => {
            let versions = store.versions(name).await;
            let versions = versions.map_err(|error| format!("document {name:?}: {error}"))?;
            versions.iter().map(|v| v.id.created_ms()).collect()
        }
    };
    earlier.retain(|earlier| !known.contains(&earlier.at_ms));
    for earlier in &earlier {
        version_of(source, earlier).await?;
    }
    Ok(earlier)
}

/// An earlier state as a version of the store.
async fn version_of(source: &Source, earlier: &Earlier) -> Result<NewVersion, String> {
    let state = source.read_earlier(earlier);
    let parts = StoredParts {
        snapshots: Vec::new(),
        updates: vec![state.map_err(|error| error.to_string())?],
    };
    let body = crdt::run(move || chronicle(&parts, None).map(|read| version_body(&read)));
    Ok(NewVersion {
        note: earlier.note.encode(),
        body: body.await?,
        at_ms: Some(earlier.at_ms),
    })
}

/// Appends what each document lacks. What an earlier, interrupted run did is found done.
async fn write(store: &Store, source: &Source, planned: &[Planned]) -> anyhow::Result<()> {
    let bar = progress("importing", planned.len() as u64, false);
    for (done, Planned { item, name }) in planned.iter().enumerate() {
        let again = || {
            let all = planned.len();
            format!("{name:?}: {done} of {all} documents are imported; run the command again")
        };
        let merged = merge_one(source, Some(store), item, name).await;
        let (merged, _) = merged.map_err(anyhow::Error::msg).with_context(again)?;
        for update in merged.updates {
            store.append(name, update).await.with_context(again)?;
        }
        let versions = versions_to_make(source, Some(store), item, name).await;
        let versions = versions.map_err(anyhow::Error::msg).with_context(again)?;
        for earlier in versions {
            let version = version_of(source, &earlier).await;
            let version = version.map_err(anyhow::Error::msg).with_context(again)?;
            let basis = store.read(name).await.with_context(again)?.basis;
            let made = store.put_version(name, version, &basis).await;
            made.with_context(again)?;
        }
        for attachment in source.attachments(item).with_context(again)? {
            let body = source.read_attachment(&attachment).with_context(again)?;
            let brought = bring(store, name, &attachment.id, (&attachment.about, body));
            let brought = brought.await.map_err(anyhow::Error::msg);
            brought.with_context(again)?;
        }
        let said = said_about(source, item).map_err(anyhow::Error::msg);
        let brought = comments::bring(store, name, said.with_context(again)?).await;
        brought.map_err(anyhow::Error::msg).with_context(again)?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

fn print(report: &Report, stopped: bool) {
    for failed in &report.failed {
        eprintln!("{}: {}", failed.origin, failed.problem);
    }
    for row in &report.documents {
        row.notes.iter().for_each(|note| eprintln!("{note}"));
        if row.waiting > 0 {
            eprintln!(
                "{:?}: {} updates wait for what the source lacks",
                row.name, row.waiting
            );
        }
    }
    let changed = report.documents.iter().filter(|row| row.new_bytes > 0);
    let bytes: usize = changed.clone().map(|row| row.new_bytes).sum();
    let (changed, all) = (changed.count(), report.documents.len());
    let new = bytes_text(bytes as u64);
    if stopped {
        println!(
            "nothing was imported: {} documents cannot be read",
            report.failed.len()
        );
        return;
    }
    let versions: usize = report.documents.iter().map(|row| row.versions).sum();
    let done = match report.dry_run {
        true => "would import",
        false => "imported",
    };
    println!("{done} {new} into {changed} of {all} documents, and {versions} versions");
}
