//! y-sweet: `{document id}/data.ysweet`, a map of keys to values as `bincode` 1 writes it, with the
//! keys of `yrs-kvstore`: the state of the document `doc`, and updates that came after it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use bytes::Bytes;

use super::{At, Item, ReadItem, SourceError, Updates, folder, to_v1};

const FILE: &str = "data.ysweet";
/// Version 0, key space of names, the one name that y-sweet uses, the end.
const NAME_KEY: &[u8] = b"\x00\x00doc\x00";
/// Version 0, key space of documents.
const DOCUMENT_KEYS: [u8; 2] = [0, 1];
const STATE: u8 = 0;
const UPDATE: u8 = 2;

struct Store(PathBuf);

pub(super) fn open(path: &Path) -> Result<(Vec<Item>, Box<dyn ReadItem>), SourceError> {
    let mut items = Vec::new();
    for file in folder::files(path)? {
        let folder = file
            .parent()
            .filter(|_| file.file_name().is_some_and(|name| name == FILE));
        let Some(folder) = folder else { continue };
        let name = folder::name(folder)?;
        if name.is_empty() {
            let problem = "name the folder above: the name of a document is that of its folder";
            return Err(SourceError::new(path.join(&file).display(), problem));
        }
        items.push(Item {
            name,
            origin: path.join(&file).display().to_string(),
            at: At::File(file),
        });
    }
    Ok((items, Box::new(Store(path.to_owned()))))
}

impl ReadItem for Store {
    fn read(&self, item: &Item) -> Result<Updates, SourceError> {
        let At::File(file) = &item.at else {
            return Err(SourceError::new(&item.origin, "not of this store"));
        };
        let bytes = folder::read(&self.0.join(file))?;
        let failed = |problem: &str| SourceError::new(&item.origin, problem);
        let entries = decode_map(&bytes).map_err(failed)?;
        let mut updates = Vec::new();
        for update in document(&entries).map_err(failed)? {
            updates.push(to_v1(update, &item.origin)?);
        }
        Ok(Updates {
            updates,
            notes: Vec::new(),
        })
    }
}

/// State and later updates of the one document, in the order of their numbers.
fn document(entries: &BTreeMap<Bytes, Bytes>) -> Result<Vec<Bytes>, &'static str> {
    // A document that was opened and never edited has no entry at all.
    let Some(id) = entries.get(NAME_KEY) else {
        return if entries.is_empty() {
            Ok(Vec::new())
        } else {
            Err("it has no document \"doc\"")
        };
    };
    let mut prefix = DOCUMENT_KEYS.to_vec();
    prefix.extend_from_slice(id);
    if prefix.len() != DOCUMENT_KEYS.len() + 4 {
        return Err("the document's number is not one");
    }
    let mut updates = Vec::new();
    for (key, value) in entries {
        let Some(rest) = key.strip_prefix(prefix.as_slice()) else {
            continue;
        };
        // Keys sort by their kind, then by number: the state comes first.
        if matches!(rest, [STATE] | [UPDATE, _, _, _, _, 0]) {
            updates.push(value.clone());
        }
    }
    Ok(updates)
}

/// A count, then for each entry key and value, each with its length; all numbers u64.
fn decode_map(bytes: &Bytes) -> Result<BTreeMap<Bytes, Bytes>, &'static str> {
    const CUT: &str = "not data of y-sweet: cut short";
    let mut at = 0;
    let number = |at: &mut usize| -> Result<usize, &'static str> {
        let field = bytes
            .get(*at..)
            .and_then(|rest| rest.first_chunk::<8>())
            .ok_or(CUT)?;
        *at += 8;
        usize::try_from(u64::from_le_bytes(*field)).map_err(|_| CUT)
    };
    let count = number(&mut at)?;
    let mut entries = BTreeMap::new();
    for _ in 0..count {
        let mut field = || {
            let length = number(&mut at)?;
            let end = at
                .checked_add(length)
                .filter(|end| *end <= bytes.len())
                .ok_or(CUT)?;
            let field = bytes.slice(at..end);
            at = end;
            Ok::<_, &'static str>(field)
        };
        let (key, value) = (field()?, field()?);
        entries.insert(key, value);
    }
    if at == bytes.len() {
        Ok(entries)
    } else {
        Err("not data of y-sweet: bytes after the end")
    }
}
