//! Files with one Yjs update each: `*.yjs`, `*.bin` or `*.update`, or one file of any name.

use std::path::{Path, PathBuf};

use super::{At, Item, ReadItem, SourceError, Updates, folder, to_v1};

const EXTENSIONS: [&str; 3] = [".yjs", ".bin", ".update"];

struct Files(PathBuf);

pub(super) fn open(path: &Path) -> Result<(Vec<Item>, Box<dyn ReadItem>), SourceError> {
    if path.is_file() {
        let file = PathBuf::from(path.file_name().unwrap_or_default());
        let name = document_name(&folder::name(&file)?).to_owned();
        let item = Item {
            name,
            origin: path.display().to_string(),
            at: At::File(file),
        };
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        return Ok((vec![item], Box::new(Files(folder))));
    }
    let mut items = Vec::new();
    for file in folder::files(path)? {
        let name = folder::name(&file)?;
        let stem = document_name(&name);
        if stem.len() < name.len() && !stem.is_empty() {
            items.push(Item {
                name: stem.to_owned(),
                origin: path.join(&file).display().to_string(),
                at: At::File(file),
            });
        }
    }
    items.sort();
    if let Some([_, second]) = items.array_windows().find(|[a, b]| a.name == b.name) {
        return Err(SourceError::new(
            &second.origin,
            "two files would be one document",
        ));
    }
    Ok((items, Box::new(Files(path.to_owned()))))
}

/// A file's name without the extensions that say what it is.
fn document_name(name: &str) -> &str {
    let known = EXTENSIONS
        .iter()
        .find_map(|extension| name.strip_suffix(extension));
    known.unwrap_or(name)
}

impl ReadItem for Files {
    fn read(&self, item: &Item) -> Result<Updates, SourceError> {
        let At::File(file) = &item.at else {
            return Err(SourceError::new(&item.origin, "not of this folder"));
        };
        let update = to_v1(folder::read(&self.0.join(file))?, &item.origin)?;
        Ok(Updates {
            updates: vec![update],
            notes: Vec::new(),
        })
    }
}
