//! `unisson fsck`: is everything there, and as it was written?

use std::{collections::BTreeSet, process::ExitCode};

use clap::Args;
use serde::Serialize;
use unisson_session::whole;
use unisson_storage::{
    CheckedObjects, Finding, OpenError, Severity, Store, StoreError, check_objects,
};

use super::{Place, bytes_text, crdt, documents, exit_code, parts, print_json, progress};

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
    ledger_records: u64,
    tombstones: u64,
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
        ledger_records: checked.records,
        tombstones: checked.tombstones,
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
            Ok(stored) => {
                let parts = parts(stored);
                let loaded = crdt(move || whole(&parts).map(drop)).await;
                loaded
                    .err()
                    .map(|problem| ("the document's content".to_owned(), problem))
            }
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
        "{} objects, {}: {} segments, {} logs, {} snapshots, {} ledger records, {} tombstones",
        report.objects,
        bytes_text(report.bytes),
        report.segments,
        report.logs,
        report.snapshots,
        report.ledger_records,
        report.tombstones,
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
