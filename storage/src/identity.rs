//! The data folder's lock, its format version and its node name.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::Path,
};

use bytes::Bytes;

use crate::{
    OpenError,
    names::{NodeId, parse_ulid, ulid_text},
    objects::{ObjectError, Objects},
    settings::Environment,
};

/// The layout this code reads and writes.
pub(crate) const FORMAT: u32 = 1;
const FORMAT_OBJECT: &str = "v1/meta/format";
const NODE_OBJECT: &str = "v1/meta/node";

/// One process per data folder.
pub(crate) fn lock_folder(dir: &Path) -> Result<File, OpenError> {
    let path = dir.join("lock");
    let failed = |source| OpenError::Io {
        what: path.display().to_string(),
        source,
    };
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path);
    let file = file.map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked {
            dir: dir.to_path_buf(),
        }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Reads or, in an empty folder, writes format and node name.
pub(crate) async fn establish(
    objects: &Objects,
    environment: &Environment,
) -> Result<NodeId, OpenError> {
    let (format, node) = (
        read(objects, FORMAT_OBJECT).await?,
        read(objects, NODE_OBJECT).await?,
    );
    if let Some(format) = &format {
        check_format(format)?;
    }
    if let Some(node) = node {
        if format.is_none() {
            return Err(OpenError::damaged(FORMAT_OBJECT, "missing"));
        }
        return node_of(&node).ok_or_else(|| OpenError::damaged(NODE_OBJECT, "not a node's name"));
    }
    for folder in ["v1/wal", "v1/doc", "v1/ledger"] {
        if !objects
            .list(folder)
            .await
            .map_err(OpenError::from)?
            .is_empty()
        {
            let missing = if format.is_none() {
                FORMAT_OBJECT
            } else {
                NODE_OBJECT
            };
            return Err(OpenError::damaged(missing, "missing"));
        }
    }
    let store = ulid_text(environment.ulid());
    if format.is_none() {
        write(
            objects,
            FORMAT_OBJECT,
            &format!("format {FORMAT}\nstore {store}"),
        )
        .await?;
    }
    let node = NodeId::from_random((environment.random)());
    write(objects, NODE_OBJECT, &format!("node {}", node.as_str())).await?;
    Ok(node)
}

/// Whether there is a store: a note about it, or data.
pub(crate) async fn exists(objects: &Objects) -> Result<bool, OpenError> {
    Ok(!objects.list("v1").await?.is_empty())
}

/// Verifies one of the two notes.
pub(crate) fn check_note(object: &str, text: &[u8]) -> Result<(), String> {
    let good = match object {
        FORMAT_OBJECT => return check_format(text).map_err(|error| error.to_string()),
        NODE_OBJECT => node_of(text).is_some(),
        _ => return Err("nothing that Unisson writes".to_owned()),
    };
    if good {
        Ok(())
    } else {
        Err("not a node's name".to_owned())
    }
}

fn node_of(text: &[u8]) -> Option<NodeId> {
    fields(text).and_then(|lines| NodeId::parse(lines.strip_prefix("node ")?))
}

fn check_format(text: &[u8]) -> Result<(), OpenError> {
    let damaged = || OpenError::damaged(FORMAT_OBJECT, "not a format note");
    // A newer format may end its note differently, but not begin it differently.
    let number = text
        .strip_prefix(b"format ")
        .and_then(|rest| rest.split(|b| *b == b'\n').next());
    let number = number.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    let found: u32 = number.ok_or_else(damaged)?;
    let lines = fields(text);
    if found > FORMAT && (lines.is_some() || !text.windows(7).any(|w| w == b"crc32c ")) {
        return Err(OpenError::NewerFormat {
            found,
            supported: FORMAT,
        });
    }
    let store = lines
        .and_then(|lines| lines.split_once("\nstore "))
        .map(|(_, store)| store);
    store.and_then(parse_ulid).map(|_| ()).ok_or_else(damaged)
}

/// The lines before the checksum, if it is right.
fn fields(text: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(text).ok()?;
    let (lines, checksum) = text.strip_suffix('\n')?.rsplit_once("\ncrc32c ")?;
    (checksum == format!("{:08x}", crc32c::crc32c(lines.as_bytes()))).then_some(lines)
}

async fn read(objects: &Objects, object: &str) -> Result<Option<Bytes>, OpenError> {
    match objects.get(object).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(ObjectError::Missing(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn write(objects: &Objects, object: &str, lines: &str) -> Result<(), OpenError> {
    let text = format!("{lines}\ncrc32c {:08x}\n", crc32c::crc32c(lines.as_bytes()));
    Ok(objects.put_verified(object, text.into()).await?)
}
