//! The list of what an export holds: which file is which document, and what it must contain.

use serde::{Deserialize, Serialize};
use unisson_history::{Author, VersionNote};

use crate::file_name::is_safe;

/// The manifest's place in the export.
pub const FILE: &str = "manifest.json";
const FORMAT: &str = "unisson-export";
const VERSION: u32 = 1;

/// The whole list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Always `unisson-export`.
    pub format: String,
    /// Of the manifest and of what it lists.
    pub version: u32,
    /// When the export was made, as people write it in UTC.
    pub created: String,
    /// The program that made it.
    pub generator: String,
    /// Every document.
    pub documents: Vec<Document>,
}

/// One document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Its name in the server.
    pub name: String,
    /// When the store last made something of it durable for good, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<String>,
    /// The whole document, as one Yjs update in format v1.
    pub yjs: File,
    /// Updates that wait for something that has not come; apply them after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<File>,
    /// What people can read of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub markdown: Option<File>,
    /// Its lists and maps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<File>,
    /// Its versions, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<Version>,
    /// How many versions the server keeps of it that are not in the export.
    #[serde(default, skip_serializing_if = "is_none")]
    pub versions_left_out: usize,
    /// Files that are attached to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// What people say about it: the entries of its threads and comments, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comments: Option<File>,
    /// Why there is nothing readable, where that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_none(count: &usize) -> bool {
    *count == 0
}

/// A version of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// When it was made, in milliseconds since 1970.
    pub created_ms: u64,
    /// The last edit in it; 0: unknown.
    #[serde(default)]
    pub last_edit_ms: u64,
    /// The name that somebody gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Who asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maker: Option<Person>,
    /// Who wrote since the version before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<Person>,
    /// The document as it was, as one Yjs update in format v1.
    pub yjs: File,
}

/// A file that is attached to a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its id in the document.
    pub id: String,
    /// What the server knows of it: name, type, who added it.
    pub about: serde_json::Value,
    /// Its bytes.
    pub file: File,
}

/// Somebody who wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The id that authentication gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The name that was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Version {
    /// What the list says of a version.
    pub fn of(created_ms: u64, note: &VersionNote, yjs: File) -> Self {
        Self {
            created_ms,
            last_edit_ms: note.last_edit_ms,
            label: note.label.as_deref().map(str::to_owned),
            maker: note.maker.as_ref().map(Person::of),
            authors: note.authors.iter().map(Person::of).collect(),
            yjs,
        }
    }

    /// What the server notes of it.
    pub fn note(&self) -> VersionNote {
        VersionNote {
            label: self.label.as_deref().map(Into::into),
            maker: self.maker.as_ref().map(Person::author),
            last_edit_ms: self.last_edit_ms,
            authors: self.authors.iter().map(Person::author).collect(),
        }
    }
}

impl Person {
    fn of(author: &Author) -> Self {
        Self {
            user: author.user.as_deref().map(str::to_owned),
            name: author.name.as_deref().map(str::to_owned),
        }
    }

    fn author(&self) -> Author {
        Author {
            user: self.user.as_deref().map(Into::into),
            name: self.name.as_deref().map(Into::into),
        }
    }
}

/// A file of the export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Where it is, below the manifest's folder.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// BLAKE3 of its content, in hexadecimal.
    pub blake3: String,
}

/// Why a manifest, or a file that it lists, cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// It is not JSON, or lacks something.
    #[error("not a manifest: {0}")]
    Malformed(String),
    /// Another program's, or a newer one.
    #[error("format {format} {version} is not known; this version reads {FORMAT} {VERSION}")]
    Unknown {
        /// The format that it names.
        format: String,
        /// Its version.
        version: u32,
    },
    /// A path that leads elsewhere.
    #[error("{0}: a path that no export has")]
    Path(String),
    /// A file that is not what was exported.
    #[error("{path}: {problem}")]
    File {
        /// Which one.
        path: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// Two documents of one name.
    #[error("{0:?} is listed twice")]
    Twice(String),
}

impl Manifest {
    /// An empty list.
    pub fn new(created: String) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            created,
            generator: format!("unisson {}", env!("CARGO_PKG_VERSION")),
            documents: Vec::new(),
        }
    }

    /// Reads and checks a list; no file of it is opened.
    pub fn parse(text: &[u8]) -> Result<Self, ManifestError> {
        let malformed = |error: serde_json::Error| ManifestError::Malformed(error.to_string());
        let head: Head = serde_json::from_slice(text).map_err(malformed)?;
        if head.format != FORMAT || head.version != VERSION {
            let Head { format, version } = head;
            return Err(ManifestError::Unknown { format, version });
        }
        let manifest: Self = serde_json::from_slice(text).map_err(malformed)?;
        let mut names = std::collections::BTreeSet::new();
        for document in &manifest.documents {
            if !names.insert(&document.name) {
                return Err(ManifestError::Twice(document.name.clone()));
            }
            let versions = document.versions.iter().map(|version| &version.yjs);
            let attached = document.attachments.iter().map(|attached| &attached.file);
            let files = std::iter::once(&document.yjs).chain(&document.waiting);
            let files = files
                .chain(versions)
                .chain(attached)
                .chain(&document.comments);
            if let Some(file) = files.into_iter().find(|file| !is_safe(&file.path)) {
                return Err(ManifestError::Path(file.path.clone()));
            }
        }
        Ok(manifest)
    }
}

#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

impl File {
    /// What the list says of a file.
    pub fn of(path: String, content: &[u8]) -> Self {
        Self {
            path,
            bytes: content.len() as u64,
            blake3: blake3::hash(content).to_hex().to_string(),
        }
    }

    /// Compares a file's content with the list.
    pub fn verify(&self, content: &[u8]) -> Result<(), ManifestError> {
        let file = |problem| ManifestError::File {
            path: self.path.clone(),
            problem,
        };
        if content.len() as u64 != self.bytes {
            return Err(file("it has another length than the manifest says"));
        }
        if blake3::hash(content).to_hex().as_str() != self.blake3 {
            return Err(file("its content is not what was exported"));
        }
        Ok(())
    }
}
