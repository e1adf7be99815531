//! Walking folders and reading files, with limits.

use std::{
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;

use super::{FILE_BYTES_MAX, SourceError};

/// Document names have slashes, so folders are nested; nobody nests them deeper than names are long.
const DEPTH_MAX: usize = 64;

/// All files below a folder, as paths relative to it, in order. Links are not followed: a copy of
/// a bucket has none, and one could lead anywhere.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let mut found = Vec::new();
    walk(folder, Path::new(""), 0, &mut found)?;
    found.sort();
    Ok(found)
}

fn walk(
    folder: &Path,
    below: &Path,
    depth: usize,
    found: &mut Vec<PathBuf>,
) -> Result<(), SourceError> {
    let here = folder.join(below);
    let failed = |error: std::io::Error| SourceError::new(here.display(), error);
    if depth > DEPTH_MAX {
        return Err(SourceError::new(
            here.display(),
            "folders are nested too deep",
        ));
    }
    for entry in fs::read_dir(&here).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        let path = below.join(entry.file_name());
        if kind.is_dir() {
            walk(folder, &path, depth + 1, found)?;
        } else if kind.is_file() {
            found.push(path);
        }
    }
    Ok(())
}

/// Reads a file whole.
pub(super) fn read(path: &Path) -> Result<Bytes, SourceError> {
    let failed = |error: std::io::Error| SourceError::new(path.display(), error);
    let bytes = fs::metadata(path).map_err(failed)?.len();
    if bytes > FILE_BYTES_MAX {
        let problem = format!("{bytes} bytes are more than a document has");
        return Err(SourceError::new(path.display(), problem));
    }
    fs::read(path).map(Bytes::from).map_err(failed)
}

/// A relative path as a document's name: its parts, with slashes.
pub(super) fn name(path: &Path) -> Result<String, SourceError> {
    let parts: Option<Vec<&str>> = path.iter().map(|part| part.to_str()).collect();
    let not_text = || SourceError::new(path.display(), "its name is not UTF-8");
    parts.map(|parts| parts.join("/")).ok_or_else(not_text)
}
