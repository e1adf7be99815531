//! `unisson export`: documents as files that other programs read.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use clap::Args;
use serde::Serialize;
use unisson_history::VersionNote;
use unisson_portable::{
    export::{self, Exported},
    manifest::{self, Manifest},
};
use unisson_session::{version_state, whole};
use unisson_storage::{Store, StoreError, utc};

use super::{Place, documents, exit_code, print_json, progress};
use crate::{attachments::portable::attached, comments::portable::said, crdt};

/// What `export` can be told.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    place: Place,
    /// Folder to write; must be new or empty
    #[arg(value_name = "DIR")]
    to: PathBuf,
    /// Only documents whose name begins so; may be given several times
    #[arg(long, value_name = "PREFIX")]
    prefix: Vec<String>,
    /// Leave the kept versions of documents out
    #[arg(long)]
    no_versions: bool,
    /// Leave damaged documents out instead of stopping at the first
    #[arg(long)]
    keep_going: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Report {
    exported: usize,
    damaged: Vec<Damaged>,
}

#[derive(Debug, Serialize)]
struct Damaged {
    document: String,
    problem: String,
}

/// Writes all chosen documents, and last the manifest: a folder without one is not an export.
/// Changes nothing in the store; a server may be running.
pub async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let settings = options.place.settings()?;
    let now_ms = (settings.environment.now_ms)();
    let store = Store::open_read_only(settings).await?;
    let documents = documents(&store, &options.prefix).await?;
    let mut damaged = lost_names(documents.nameless, options.keep_going)?;
    prepare(&options.to)?;
    let bar = progress("documents", documents.named.len() as u64, false);
    let mut manifest = Manifest::new(utc(now_ms));
    for (name, stored_ms) in documents.named {
        match export_one(&store, &name, stored_ms).await? {
            Ok(Some(mut exported)) => {
                write_all(&options.to, &exported)?;
                match options.no_versions {
                    true => {
                        let versions = store.count_versions(&name).await?;
                        exported.document.versions_left_out = versions;
                    }
                    false => export_versions(&store, &name, &options.to, &mut exported).await?,
                }
                export_attachments(&store, &name, &options.to, &mut exported).await?;
                export_comments(&store, &name, &options.to, &mut exported).await?;
                manifest.documents.push(exported.document);
            }
            Ok(None) => {}
            Err(problem) if options.keep_going => {
                bar.suspend(|| eprintln!("{name:?} is left out: {problem}"));
                damaged.push(Damaged {
                    document: name,
                    problem,
                });
            }
            Err(problem) => bail!("{name:?}: {problem} (--keep-going leaves such documents out)"),
        }
        bar.inc(1);
    }
    write_manifest(&options.to, &manifest)?;
    bar.finish_and_clear();
    let report = Report {
        exported: manifest.documents.len(),
        damaged,
    };
    if options.json {
        print_json(&report)?;
    } else {
        println!(
            "exported {} documents to {}",
            report.exported,
            options.to.display()
        );
    }
    Ok(exit_code(!report.damaged.is_empty()))
}

/// Documents that cannot even be named are not passed over in silence.
fn lost_names(count: usize, keep_going: bool) -> anyhow::Result<Vec<Damaged>> {
    let problem = format!("{count} documents have lost their name to damage; fsck says which");
    match count {
        0 => Ok(Vec::new()),
        _ if !keep_going => bail!("{problem} (--keep-going leaves them out)"),
        _ => Ok(vec![Damaged {
            document: String::new(),
            problem,
        }]),
    }
}

/// A document's files; `None` where it was erased meanwhile, and the inner error where it is
/// damaged.
async fn export_one(
    store: &Store,
    name: &str,
    stored_ms: Option<u64>,
) -> anyhow::Result<Result<Option<Exported>, String>> {
    let stored = match store.read(name).await {
        Ok(stored) => crdt::parts(stored).0,
        Err(StoreError::Erased { .. }) => return Ok(Ok(None)),
        Err(error @ StoreError::Damaged { .. }) => return Ok(Err(error.to_string())),
        Err(error @ StoreError::Unavailable(_)) => return Err(error.into()),
    };
    let name = name.to_owned();
    let exported = crdt::run(move || {
        let stored_at = stored_ms.map(utc);
        whole(&stored).map(|whole| export::export(&name, stored_at, &whole))
    });
    Ok(exported.await.map(Some))
}

/// Writes a document's versions, one at a time. One that cannot be read is left out and counted:
/// the document is whole without it.
async fn export_versions(
    store: &Store,
    name: &str,
    to: &Path,
    exported: &mut Exported,
) -> anyhow::Result<()> {
    for listed in store.versions(name).await? {
        let id = listed.id;
        let read = match store.version(name, &id).await {
            Ok(Some((note, body))) => version(&note, body).await,
            // Thinned out meanwhile.
            Ok(None) => continue,
            Err(error @ StoreError::Unavailable(_)) => return Err(error.into()),
            Err(error) => Err(error.to_string()),
        };
        match read {
            Ok((note, state)) => {
                let (version, content) = exported.version(id.created_ms(), &note, state);
                // Two nodes may have kept the same moment.
                if exported.document.versions.contains(&version) {
                    continue;
                }
                write(&to.join(&version.yjs.path), &content)?;
                exported.document.versions.push(version);
            }
            Err(problem) => {
                eprintln!("{name:?}: version {id} is left out: {problem}");
                exported.document.versions_left_out += 1;
            }
        }
    }
    Ok(())
}

/// Writes the files that are attached to a document, one at a time. One that is lost is said: the text
/// is whole without it.
async fn export_attachments(
    store: &Store,
    name: &str,
    to: &Path,
    exported: &mut Exported,
) -> anyhow::Result<()> {
    for (id, file) in attached(store, name).await.map_err(anyhow::Error::msg)? {
        let blob = match file.blob() {
            Some(blob) => store.blob(name, &blob).await,
            None => Ok(None),
        };
        match blob {
            Ok(Some(body)) => {
                let attachment = exported.attachment(&id, serde_json::to_value(&file)?, &body);
                write(&to.join(&attachment.file.path), &body)?;
                exported.document.attachments.push(attachment);
            }
            Err(error @ StoreError::Unavailable(_)) => return Err(error.into()),
            Ok(None) => eprintln!("{name:?}: the file {:?} is left out: it is lost", file.name),
            Err(problem) => {
                eprintln!("{name:?}: the file {:?} is left out: {problem}", file.name);
            }
        }
    }
    Ok(())
}

/// Writes what people say about a document.
async fn export_comments(
    store: &Store,
    name: &str,
    to: &Path,
    exported: &mut Exported,
) -> anyhow::Result<()> {
    if let Some(said) = said(store, name).await.map_err(anyhow::Error::msg)? {
        let file = exported.comments(&said);
        write(&to.join(&file.path), &said)?;
        exported.document.comments = Some(file);
    }
    Ok(())
}

/// What a version says, as an update in format v1.
async fn version(note: &[u8], body: Bytes) -> Result<(VersionNote, Bytes), String> {
    let note = VersionNote::decode(note).map_err(|error| error.to_string())?;
    let state = crdt::run(move || version_state(&body)).await?.0;
    Ok((note, state))
}

fn prepare(folder: &Path) -> anyhow::Result<()> {
    let context = || folder.display().to_string();
    fs::create_dir_all(folder).with_context(context)?;
    if fs::read_dir(folder).with_context(context)?.next().is_some() {
        bail!("{}: the folder is not empty", folder.display());
    }
    fs::create_dir(folder.join(export::FOLDER)).with_context(context)
}

fn write_all(folder: &Path, exported: &Exported) -> anyhow::Result<()> {
    for (path, content) in &exported.files {
        write(&folder.join(path), content)?;
    }
    Ok(())
}

/// Never over a file that is there.
fn write(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let mut file = fs::File::create_new(path).with_context(|| path.display().to_string())?;
    file.write_all(content)
        .and_then(|()| file.sync_all())
        .with_context(|| path.display().to_string())
}

fn write_manifest(folder: &Path, manifest: &Manifest) -> anyhow::Result<()> {
    let unfinished = folder.join("manifest.unfinished");
    write(&unfinished, &serde_json::to_vec_pretty(manifest)?)?;
    fs::rename(&unfinished, folder.join(manifest::FILE))?;
    // The names are durable once their folders are.
    for folder in [folder.join(export::FOLDER), folder.to_owned()] {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}
