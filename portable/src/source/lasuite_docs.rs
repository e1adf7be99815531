//! A copy of the media bucket of La Suite Docs: `{uuid}/file`, the base64 text of a whole document
//! in format v1. Earlier versions of an object may lie beside it as `file@{anything}`, named so
//! that they sort by time.
//!
//! The newest version is the document. An earlier one is merged before it only where it holds
//! nothing that the newest does not: Docs restores a version by putting its old bytes back, and
//! merging what came in between would bring back what was undone. Each one whose `{anything}` begins
//! with a moment in UTC (`20260102T100000Z`, with or without fractions) is a version of its own.

use std::path::{Path, PathBuf};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use chrono::NaiveDateTime;
use unisson_history::VersionNote;
use unisson_session::{StoredParts, merge};

use super::{At, Earlier, Item, ReadItem, SourceError, Updates, folder, to_v1};

const FILE: &str = "file";
const UUID_CHARS: usize = 36;

struct Bucket(PathBuf);

pub(super) fn open(path: &Path) -> Result<(Vec<Item>, Box<dyn ReadItem>), SourceError> {
    let mut items = Vec::new();
    for file in folder::files(path)? {
        // Attachments lie in `{uuid}/attachments/…` and are no documents.
        let folder = file
            .parent()
            .filter(|_| file.file_name().is_some_and(|name| name == FILE));
        let Some(folder) = folder else { continue };
        let name = folder::name(folder)?;
        // A copy may have kept the bucket's own prefix.
        let name = name.rsplit('/').next().unwrap_or_default().to_owned();
        if is_uuid(&name) {
            items.push(Item {
                name,
                origin: path.join(&file).display().to_string(),
                at: At::File(file),
            });
        }
    }
    Ok((items, Box::new(Bucket(path.to_owned()))))
}

fn is_uuid(name: &str) -> bool {
    let dash = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    let fits = |(at, letter): (usize, u8)| match letter {
        b'-' => dash(at),
        letter => !dash(at) && letter.is_ascii_hexdigit(),
    };
    name.len() == UUID_CHARS && name.bytes().enumerate().all(fits)
}

impl ReadItem for Bucket {
    fn read(&self, item: &Item) -> Result<Updates, SourceError> {
        let path = self.path(item)?;
        let newest = decode(&path)?;
        let mut found = Updates::default();
        for version in versions(&path)? {
            let earlier = decode(&version)?;
            if is_part_of(&earlier, &newest, &item.origin)? {
                found.updates.push(earlier);
            } else {
                let version = version.display();
                found
                    .notes
                    .push(format!("{version}: left out, it has what was undone later"));
            }
        }
        found.updates.push(newest);
        Ok(found)
    }

    fn earlier(&self, item: &Item) -> Result<Vec<Earlier>, SourceError> {
        let files = versions(&self.path(item)?)?;
        let earlier = files.into_iter().filter_map(|file| {
            let at_ms = kept_at_ms(file.file_name()?.to_str()?)?;
            let note = VersionNote {
                last_edit_ms: at_ms,
                ..VersionNote::default()
            };
            Some(Earlier {
                at_ms,
                note,
                file,
                listed: None,
            })
        });
        Ok(earlier.collect())
    }

    fn read_earlier(&self, earlier: &Earlier) -> Result<Bytes, SourceError> {
        decode(&earlier.file)
    }
}

impl Bucket {
    fn path(&self, item: &Item) -> Result<PathBuf, SourceError> {
        match &item.at {
            At::File(file) => Ok(self.0.join(file)),
            At::Row(_) | At::Entry(_) => Err(SourceError::new(&item.origin, "not of this bucket")),
        }
    }
}

/// When a version was kept, by its name: `file@20260102T100000.123Z`.
fn kept_at_ms(name: &str) -> Option<u64> {
    let (moment, _) = name.strip_prefix("file@")?.split_once('Z')?;
    let moment = NaiveDateTime::parse_from_str(moment, "%Y%m%dT%H%M%S%.f").ok()?;
    u64::try_from(moment.and_utc().timestamp_millis()).ok()
}

/// Earlier versions beside a document, oldest first.
fn versions(file: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let Some(folder) = file.parent() else {
        return Ok(Vec::new());
    };
    let is_version = |path: &PathBuf| {
        let name = path.to_str().unwrap_or_default();
        name.starts_with("file@") && name.len() > "file@".len()
    };
    let files = folder::files(folder)?;
    Ok(files
        .into_iter()
        .filter(is_version)
        .map(|path| folder.join(path))
        .collect())
}

fn decode(path: &Path) -> Result<Bytes, SourceError> {
    let text = folder::read(path)?;
    let origin = path.display().to_string();
    let text: Vec<u8> = text
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    if text.is_empty() {
        // A document that nobody has written in.
        return Ok(Bytes::from_static(&[0, 0]));
    }
    let decoded = BASE64_STANDARD.decode(&text);
    let bytes =
        decoded.map_err(|error| SourceError::new(&origin, format!("not base64: {error}")))?;
    to_v1(bytes.into(), &origin)
}

fn is_part_of(earlier: &Bytes, newest: &Bytes, origin: &str) -> Result<bool, SourceError> {
    let parts = StoredParts {
        snapshots: Vec::new(),
        updates: vec![newest.clone()],
    };
    let merged = merge(&parts, std::slice::from_ref(earlier));
    let merged = merged.map_err(|error| SourceError::new(origin, error))?;
    Ok(merged.updates.is_empty())
}
