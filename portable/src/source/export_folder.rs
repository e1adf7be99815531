//! What `unisson export` wrote.

use std::path::{Path, PathBuf};

use super::{At, Item, ReadItem, SourceError, Updates, folder, to_v1};
use crate::manifest::{self, File, Manifest};

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
        let At::Entry(at) = item.at else {
            return Err(SourceError::new(&item.origin, "not of this export"));
        };
        let document = self.manifest.documents.get(at);
        let document = document.ok_or_else(|| SourceError::new(&item.origin, "not listed"))?;
        let read = |file: &File| {
            let content = folder::read(&self.folder.join(&file.path))?;
            let failed = |error| SourceError::new(&file.path, error);
            file.verify(&content).map_err(failed)?;
            to_v1(content, &file.path)
        };
        let files = std::iter::once(&document.yjs).chain(&document.waiting);
        Ok(Updates {
            updates: files.map(read).collect::<Result<_, _>>()?,
            notes: Vec::new(),
        })
    }
}
