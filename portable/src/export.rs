//! The files of one document.

use bytes::Bytes;
use serde_json::{Map, Value};
use unisson_content::{Content, Root, markdown};
use unisson_history::VersionNote;
use unisson_session::WholeDocument;

use crate::{
    file_name,
    manifest::{Attachment, Document, File, Version},
};

/// The folder of the documents' files.
pub const FOLDER: &str = "documents";

/// One document's entry of the manifest, and its files by their paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// What the manifest says.
    pub document: Document,
    /// What to write.
    pub files: Vec<(String, Bytes)>,
}

/// Makes the files of a document. What cannot be told in words is exported all the same: the
/// update is the document, the rest is for people.
pub fn export(name: &str, stored: Option<String>, whole: &WholeDocument) -> Exported {
    let stem = format!("{FOLDER}/{}", file_name::stem(name));
    let mut files = Vec::new();
    let mut add = |extension: String, content: Bytes| {
        let file = File::of(format!("{stem}.{extension}"), &content);
        files.push((file.path.clone(), content));
        file
    };
    let yjs = add("yjs".to_owned(), whole.state.clone());
    let waiting = whole.waiting.iter().enumerate();
    let waiting = waiting
        .map(|(at, update)| add(format!("waiting-{}.yjs", at + 1), update.clone()))
        .collect();
    let content = Content::of(&whole.state);
    let unreadable = content.as_ref().err().map(ToString::to_string);
    let content = content.unwrap_or_default();
    let markdown = markdown::render(&content).map(|text| add("md".to_owned(), text.into()));
    let json = json(&content).map(|text| add("json".to_owned(), text.into()));
    let document = Document {
        name: name.to_owned(),
        stored,
        yjs,
        waiting,
        markdown,
        json,
        versions: Vec::new(),
        versions_left_out: 0,
        attachments: Vec::new(),
        comments: None,
        unreadable,
    };
    Exported { document, files }
}

impl Exported {
    /// A version's entry of the manifest and its file. Versions go one at a time: together they
    /// may be many times the document.
    pub fn version(&self, created_ms: u64, note: &VersionNote, state: Bytes) -> (Version, Bytes) {
        let stem = self.document.yjs.path.trim_end_matches(".yjs");
        // Two of the same moment are told apart by what they say.
        let hash = blake3::hash(&state).to_hex();
        let path = format!("{stem}.version-{created_ms}-{}.yjs", &hash[..8]);
        let file = File::of(path, &state);
        (Version::of(created_ms, note, file), state)
    }
}

impl Exported {
    /// An attached file's entry of the manifest; its file has this path.
    pub fn attachment(&self, id: &str, about: Value, body: &[u8]) -> Attachment {
        let stem = self.document.yjs.path.trim_end_matches(".yjs");
        Attachment {
            id: id.to_owned(),
            about,
            file: File::of(format!("{stem}.attachment-{id}"), body),
        }
    }
}

impl Exported {
    /// The manifest's entry of what people say about the document; its file has this path.
    pub fn comments(&self, said: &[u8]) -> File {
        let stem = self.document.yjs.path.trim_end_matches(".yjs");
        File::of(format!("{stem}.comments.json"), said)
    }
}

/// The lists and maps of a document, as one JSON object; `None` where it has none.
fn json(content: &Content) -> Option<String> {
    let roots = content.roots.iter().filter_map(|(name, root)| match root {
        Root::Json(value) => Some((name.clone(), value.clone())),
        Root::Tree(_) | Root::Text(_) => None,
    });
    let roots: Map<String, Value> = roots.collect();
    (!roots.is_empty()).then(|| format!("{:#}\n", Value::Object(roots)))
}
