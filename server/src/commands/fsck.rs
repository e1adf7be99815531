//! `unisson fsck`: is everything there, and as it was written?

use std::{collections::BTreeSet, process::ExitCode};

use clap::Args;
use serde::Serialize;
use unisson_history::VersionNote;
use unisson_protocol::DocName;
use unisson_session::{Record, chronicle, version_state};
use unisson_storage::{
    CheckedObjects, Finding, OpenError, Severity, Store, StoreError, StoredDocument, VersionId,
    check_objects,
};

use super::{Place, bytes_text, documents, exit_code, print_json, progress};
use crate::crdt;

/// What `fsck` can be told.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    place: Place,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Report {
    ok: bool,
    objects: u64,
    bytes: u64,
    segments: u64,
    logs: u64,
    snapshots: u64,
    versions: u64,
    ledger_records: u64,
    tombstones: u64,
    journals: u64,
    attachments: u64,
    documents: u64,
    documents_damaged: u64,
    /// False where the store does not even open, so that no document could be read.
    documents_checked: bool,
    findings: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Line {
    severity: &'static str,
    object: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<String>,
    problem: String,
}

impl Line {
    fn of(finding: Finding) -> Self {
        Self {
            severity: match finding.severity {
                Severity::Damage => "damage",
                Severity::Note => "note",
            },
            object: finding.object,
            document: None,
            problem: finding.problem,
        }
    }

    fn damage(object: String, document: Option<&str>, problem: String) -> Self {
        Self {
            severity: "damage",
            object,
            document: document.map(str::to_owned),
            problem,
        }
    }
}

/// Reads all objects, then all documents. Changes nothing; a server may be running.
pub async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let settings = options.place.settings()?;
    let bar = progress("objects", 0, true);
    let checked = check_objects(&settings, |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    let checked = checked.await?;
    bar.finish_and_clear();
    let mut report = report(&checked);
    match Store::open_read_only(settings).await {
        Ok(store) => {
            let references = store.check_references(&checked);
            report.findings.extend(references.into_iter().map(Line::of));
            check_documents(&store, &mut report).await?;
        }
        Err(OpenError::Damaged { object, problem }) => {
            report.documents_checked = false;
            add(&mut report, Line::damage(object, None, problem));
        }
        Err(error) => return Err(error.into()),
    }
    report.ok = !report.findings.iter().any(|line| line.severity == "damage");
    if options.json {
        print_json(&report)?;
    } else {
        print(&report);
    }
    Ok(exit_code(!report.ok))
}

fn report(checked: &CheckedObjects) -> Report {
    Report {
        ok: true,
        objects: checked.objects,
        bytes: checked.bytes,
        segments: checked.segments,
        logs: checked.logs,
        snapshots: checked.snapshots,
        versions: checked.versions,
        ledger_records: checked.records,
        tombstones: checked.tombstones,
        journals: checked.journals,
        attachments: checked.blobs,
        documents: 0,
        documents_damaged: 0,
        documents_checked: true,
        findings: checked.findings.iter().cloned().map(Line::of).collect(),
    }
}

/// One object's damage is reported once, however many documents it hurts.
fn add(report: &mut Report, line: Line) {
    let known: BTreeSet<(&str, Option<&str>)> = report
        .findings
        .iter()
        .map(|known| (known.object.as_str(), known.document.as_deref()))
        .collect();
    if !known.contains(&(line.object.as_str(), line.document.as_deref())) {
        report.findings.push(line);
    }
}

async fn check_documents(store: &Store, report: &mut Report) -> anyhow::Result<()> {
    // One without a name is reported by the object that should have told it.
    let names = documents(store, &[]).await?.named;
    let bar = progress("documents", names.len() as u64, false);
    for (name, _) in names {
        bar.inc(1);
        report.documents += 1;
        let problem = match store.read(&name).await {
            Ok(stored) => check_document(store, &name, stored).await?,
            // Erased while this runs: there is nothing to check any more.
            Err(StoreError::Erased { .. }) => None,
            Err(StoreError::Damaged { object, problem }) => Some((object, problem)),
            Err(error @ StoreError::Unavailable(_)) => return Err(error.into()),
        };
        if let Some((object, problem)) = problem {
            report.documents_damaged += 1;
            add(report, Line::damage(object, Some(&name), problem));
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// What is wrong with a document's content, who wrote it included, or with a version's: the object
/// and the problem.
async fn check_document(
    store: &Store,
    name: &str,
    stored: StoredDocument,
) -> anyhow::Result<Option<(String, String)>> {
    let (parts, _) = crdt::parts(stored);
    let is_record = name.starts_with(DocName::RESERVED);
    let reads = move || {
        chronicle(&parts, None)?;
        if is_record {
            Record::load(&parts).map(drop)
        } else {
            Ok(())
        }
    };
    if let Err(problem) = crdt::run(reads).await {
        return Ok(Some(("the document's content".to_owned(), problem)));
    }
    let versions = match store.versions(name).await {
        Ok(versions) => versions,
        Err(StoreError::Erased { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    for version in versions {
        if let Some(problem) = check_version(store, name, &version.id).await? {
            return Ok(Some((format!("version {}", version.id), problem)));
        }
    }
    Ok(None)
}

async fn check_version(
    store: &Store,
    name: &str,
    id: &VersionId,
) -> anyhow::Result<Option<String>> {
    let (note, body) = match store.version(name, id).await {
        Ok(Some(version)) => version,
        // Thinned out or erased meanwhile; a damaged object is in the findings already.
        Ok(None) | Err(StoreError::Erased { .. } | StoreError::Damaged { .. }) => return Ok(None),
        Err(error @ StoreError::Unavailable(_)) => return Err(error.into()),
    };
    if let Err(error) = VersionNote::decode(&note) {
        return Ok(Some(format!("its note does not read: {error}")));
    }
    Ok(crdt::run(move || version_state(&body).map(drop))
        .await
        .err())
}

fn print(report: &Report) {
    for line in &report.findings {
        let document = line
            .document
            .as_ref()
            .map(|name| format!(" (document {name:?})"));
        let (object, problem) = (&line.object, &line.problem);
        println!(
            "{}: {object}: {problem}{}",
            line.severity,
            document.unwrap_or_default()
        );
    }
    println!(
        "{} objects, {}: {} segments, {} logs, {} snapshots, {} versions, {} ledger records, \
         {} tombstones, {} journal objects",
        report.objects,
        bytes_text(report.bytes),
        report.segments,
        report.logs,
        report.snapshots,
        report.versions,
        report.ledger_records,
        report.tombstones,
        report.journals,
    );
    if report.documents_checked {
        println!(
            "{} documents, {} damaged",
            report.documents, report.documents_damaged
        );
    } else {
        println!("documents: not checked, because the store does not open");
    }
    if report.ok {
        println!("everything is as it was written");
    } else {
        println!("DAMAGED: put the named objects back from a backup; nothing was changed");
    }
}
