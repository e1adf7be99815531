//! A copy of a Hocuspocus bucket: `{prefix}{document name}.bin`, each a whole document in format
//! v1. The prefix is `hocuspocus-documents/` unless configured otherwise.

use std::path::{Path, PathBuf};

use super::{At, Item, ReadItem, SourceError, Updates, folder, to_v1};

const PREFIX: &str = "hocuspocus-documents";

struct Bucket(PathBuf);

pub(super) fn open(path: &Path) -> Result<(Vec<Item>, Box<dyn ReadItem>), SourceError> {
    let inside = path.join(PREFIX);
    let root = if inside.is_dir() {
        inside
    } else {
        path.to_owned()
    };
    let mut items = Vec::new();
    for file in folder::files(&root)? {
        let name = folder::name(&file)?;
        if let Some(name) = name.strip_suffix(".bin").filter(|name| !name.is_empty()) {
            items.push(Item {
                name: name.to_owned(),
                origin: root.join(&file).display().to_string(),
                at: At::File(file),
            });
        }
    }
    Ok((items, Box::new(Bucket(root))))
}

impl ReadItem for Bucket {
    fn read(&self, item: &Item) -> Result<Updates, SourceError> {
        let At::File(file) = &item.at else {
            return Err(SourceError::new(&item.origin, "not of this bucket"));
        };
        let update = to_v1(folder::read(&self.0.join(file))?, &item.origin)?;
        Ok(Updates {
            updates: vec![update],
            notes: Vec::new(),
        })
    }
}
