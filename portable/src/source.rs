//! What other programs stored, as documents and their updates.
//!
//! A source is opened, which only lists it; each document is then read on its own, so that the
//! largest document decides how much memory an import takes, not the largest source.

mod export_folder;
mod folder;
mod hocuspocus_s3;
mod hocuspocus_sqlite;
mod lasuite_docs;
mod y_sweet;
mod yjs;

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use unisson_history::VersionNote;
use unisson_protocol::scan;
use unisson_session::update_v1_of_v2;

use crate::manifest::{Attachment, File};

/// The largest file that is read whole. The store takes updates of at most 64 MiB.
pub const FILE_BYTES_MAX: u64 = 1 << 30;

/// Who wrote a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `unisson export`.
    Export,
    /// Hocuspocus with its S3 extension: a copy of the bucket.
    HocuspocusS3,
    /// Hocuspocus with its SQLite extension.
    HocuspocusSqlite,
    /// y-sweet: its store folder, or a copy of its bucket.
    YSweet,
    /// La Suite Docs: a copy of its media bucket.
    LasuiteDocs,
    /// Files with one Yjs update each, in format v1 or v2.
    Yjs,
}

/// A document that a source has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Item {
    /// The name that the document had there.
    pub name: String,
    /// Where it is, for messages.
    pub origin: String,
    /// How to find it again.
    at: At,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum At {
    File(PathBuf),
    Row(String),
    Entry(usize),
}

/// A document's updates (format v1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Updates {
    /// To be merged in this order: earlier states first where the source kept some.
    pub updates: Vec<Bytes>,
    /// What was left out, and why.
    pub notes: Vec<String>,
}

/// An earlier state of a document, which the source has kept as such.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// When it was kept, in milliseconds since 1970.
    pub at_ms: u64,
    /// What is known of it.
    pub note: VersionNote,
    /// Where it is.
    file: PathBuf,
    /// What the file must contain, where that is known.
    listed: Option<File>,
}

/// Why a source, or a document of it, cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{origin}: {problem}")]
pub struct SourceError {
    /// Which file, folder or row.
    pub origin: String,
    /// What is wrong.
    pub problem: String,
}

impl SourceError {
    fn new(origin: impl fmt::Display, problem: impl fmt::Display) -> Self {
        Self {
            origin: origin.to_string(),
            problem: problem.to_string(),
        }
    }
}

/// An opened source.
pub struct Source {
    items: Vec<Item>,
    reader: Box<dyn ReadItem>,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("items", &self.items)
            .finish_non_exhaustive()
    }
}

/// Reads one document of a source.
trait ReadItem {
    fn read(&self, item: &Item) -> Result<Updates, SourceError>;

    /// The earlier states of a document that the source has kept, oldest first.
    fn earlier(&self, _item: &Item) -> Result<Vec<Earlier>, SourceError> {
        Ok(Vec::new())
    }

    /// The files that are attached to a document.
    fn attachments(&self, _item: &Item) -> Result<Vec<Attachment>, SourceError> {
        Ok(Vec::new())
    }

    /// Reads one of them.
    fn read_attachment(&self, attachment: &Attachment) -> Result<Bytes, SourceError> {
        Err(SourceError::new(
            &attachment.file.path,
            "not of this source",
        ))
    }

    /// What people say about a document, as it was exported.
    fn comments(&self, _item: &Item) -> Result<Option<Bytes>, SourceError> {
        Ok(None)
    }

    /// Reads an earlier state.
    fn read_earlier(&self, earlier: &Earlier) -> Result<Bytes, SourceError> {
        let file = &earlier.file;
        Err(SourceError::new(file.display(), "not of this source"))
    }
}

impl Source {
    /// Lists what a source has. Finding nothing is an error: the path is then most likely wrong.
    pub fn open(format: Format, path: &Path) -> Result<Self, SourceError> {
        if !path.exists() {
            return Err(SourceError::new(path.display(), "no such file or folder"));
        }
        let (mut items, reader): (Vec<Item>, Box<dyn ReadItem>) = match format {
            Format::Export => export_folder::open(path)?,
            Format::HocuspocusS3 => hocuspocus_s3::open(path)?,
            Format::HocuspocusSqlite => hocuspocus_sqlite::open(path)?,
            Format::YSweet => y_sweet::open(path)?,
            Format::LasuiteDocs => lasuite_docs::open(path)?,
            Format::Yjs => yjs::open(path)?,
        };
        items.sort();
        if items.is_empty() && format != Format::Export {
            return Err(SourceError::new(path.display(), "no document is in it"));
        }
        Ok(Self { items, reader })
    }

    /// All documents, by name.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Reads one of them.
    pub fn read(&self, item: &Item) -> Result<Updates, SourceError> {
        self.reader.read(item)
    }

    /// The earlier states of a document that the source has kept, oldest first.
    pub fn earlier(&self, item: &Item) -> Result<Vec<Earlier>, SourceError> {
        self.reader.earlier(item)
    }

    /// Reads one of them, as an update in format v1 that is the whole state.
    pub fn read_earlier(&self, earlier: &Earlier) -> Result<Bytes, SourceError> {
        self.reader.read_earlier(earlier)
    }

    /// The files that are attached to a document.
    pub fn attachments(&self, item: &Item) -> Result<Vec<Attachment>, SourceError> {
        self.reader.attachments(item)
    }

    /// What people say about a document, as it was exported.
    pub fn comments(&self, item: &Item) -> Result<Option<Bytes>, SourceError> {
        self.reader.comments(item)
    }

    /// Reads one of them.
    pub fn read_attachment(&self, attachment: &Attachment) -> Result<Bytes, SourceError> {
        self.reader.read_attachment(attachment)
    }
}

/// An update of either format, in format v1. Bytes of one are not taken for the other: both are
/// walked to their very end.
fn to_v1(bytes: Bytes, origin: &str) -> Result<Bytes, SourceError> {
    let as_v1 = match scan::update_v1(&bytes) {
        Ok(_) => return Ok(bytes),
        Err(error) => error,
    };
    // The library's decoder of format v2 was not made for hostile bytes.
    match catch_unwind(AssertUnwindSafe(|| update_v1_of_v2(&bytes))) {
        Ok(Ok(update)) => Ok(update),
        _ => Err(SourceError::new(
            origin,
            format!("not a Yjs update: {as_v1}"),
        )),
    }
}
