//! What `unisson export` wrote.

use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::{At, Earlier, Item, ReadItem, SourceError, Updates, folder, to_v1};
use crate::manifest::{self, Attachment, Document, File, Manifest};

struct Export {
    folder: PathBuf,
    manifest: Manifest,
}

pub(super) fn open(path: &Path) -> Result<(Vec<Item>, Box<dyn ReadItem>), SourceError> {
    let file = path.join(manifest::FILE);
    if !file.exists() {
        let problem = "no manifest.json is in it: not an export, or one that did not end";
        return Err(SourceError::new(path.display(), problem));
    }
    let text = folder::read(&file)?;
    let manifest =
        Manifest::parse(&text).map_err(|error| SourceError::new(file.display(), error))?;
    let documents = manifest.documents.iter().enumerate();
    let items = documents.map(|(at, document)| Item {
        name: document.name.clone(),
        origin: document.yjs.path.clone(),
        at: At::Entry(at),
    });
    let items = items.collect();
    let folder = path.to_owned();
    Ok((items, Box::new(Export { folder, manifest })))
}

impl ReadItem for Export {
    fn read(&self, item: &Item) -> Result<Updates, SourceError> {
        let document = self.document(item)?;
        let read = |file: &File| self.open(file);
        let files = std::iter::once(&document.yjs).chain(&document.waiting);
        Ok(Updates {
            updates: files.map(read).collect::<Result<_, _>>()?,
            notes: Vec::new(),
        })
    }
    fn earlier(&self, item: &Item) -> Result<Vec<Earlier>, SourceError> {
        let versions = self.document(item)?.versions.iter();
        let earlier = versions.map(|version| Earlier {
            at_ms: version.created_ms,
            note: version.note(),
            file: PathBuf::from(&version.yjs.path),
            listed: Some(version.yjs.clone()),
        });
        Ok(earlier.collect())
    }

    fn attachments(&self, item: &Item) -> Result<Vec<Attachment>, SourceError> {
        Ok(self.document(item)?.attachments.clone())
    }

    fn read_attachment(&self, attachment: &Attachment) -> Result<Bytes, SourceError> {
        self.read_listed(&attachment.file)
    }

    fn comments(&self, item: &Item) -> Result<Option<Bytes>, SourceError> {
        let listed = self.document(item)?.comments.as_ref();
        listed.map(|file| self.read_listed(file)).transpose()
    }

    fn read_earlier(&self, earlier: &Earlier) -> Result<Bytes, SourceError> {
        match &earlier.listed {
            Some(file) => self.open(file),
            None => Err(SourceError::new(earlier.file.display(), "not listed")),
        }
    }
}

impl Export {
    fn document(&self, item: &Item) -> Result<&Document, SourceError> {
        let listed = match item.at {
            At::Entry(at) => self.manifest.documents.get(at),
            At::File(_) | At::Row(_) => None,
        };
        listed.ok_or_else(|| SourceError::new(&item.origin, "not of this export"))
    }

    /// A file that is what the manifest says, as an update in format v1.
    fn open(&self, file: &File) -> Result<Bytes, SourceError> {
        to_v1(self.read_listed(file)?, &file.path)
    }

    /// A file that is what the manifest says.
    fn read_listed(&self, file: &File) -> Result<Bytes, SourceError> {
        let content = folder::read(&self.folder.join(&file.path))?;
        let failed = |error| SourceError::new(&file.path, error);
        file.verify(&content).map_err(failed)?;
        Ok(content)
    }
}
