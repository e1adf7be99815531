//! Versions: states of a document that are kept for people, apart from the log and its snapshots.
//!
//! Immutable like everything else, and made without asking anybody: two nodes may both keep one of
//! the same moment. No garbage collection touches them; whoever made them says which may go.

use std::fmt;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use ulid::Ulid;

use crate::{
    Basis, NAME_BYTES_MAX, StoreError,
    codec::{Malformed, compress_well, put_bytes},
    documents::refuse_erased,
    envelope::{BODY_BYTES_MAX, Body, CODEC_ZSTD, Kind},
    names::{DocId, Epoch, SnapshotId},
    objects::ObjectError,
    shared::{Shared, lock},
};

/// The longest note; a version has a label and the names of its authors.
pub const NOTE_BYTES_MAX: usize = 64 << 10;
/// A version, as objects go.
const KIND: Kind = Kind {
    magic: b"UNISSVER",
    version: 1,
    header_bytes_max: NAME_BYTES_MAX + NOTE_BYTES_MAX + 160,
    header_guess_bytes: 1024,
    other: Malformed("not a version"),
    newer: Malformed("the version has a newer format"),
};
/// Headers read at a time.
const READS_MAX: usize = 8;

/// A version's name inside its document; sorts by time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionId(SnapshotId);

impl VersionId {
    /// Reads what its `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        SnapshotId::parse(text).map(Self)
    }

    /// When the version was made, in milliseconds since 1970.
    pub fn created_ms(&self) -> u64 {
        self.0.created_ms()
    }

    /// From the last part of an object's name.
    pub(crate) fn from_file(file: &str) -> Option<Self> {
        Self::parse(file.strip_suffix(".ver")?)
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A version to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVersion {
    /// What its maker notes; at most [`NOTE_BYTES_MAX`].
    pub note: Bytes,
    /// The state; opaque here.
    pub body: Bytes,
    /// When the state was current, in milliseconds since 1970, where that is not now: versions
    /// that come from elsewhere keep their place in time.
    pub at_ms: Option<u64>,
}

/// A version without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredVersion {
    /// Its name.
    pub id: VersionId,
    /// What its maker noted; what is wrong with it, where it is damaged.
    pub note: Result<Bytes, String>,
    /// How many bytes it takes.
    pub bytes: u64,
}

/// All that is known of a version without its body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) name: String,
    note: Bytes,
    /// The oldest epoch of which it has edits: tombstones erase by it.
    pub(crate) oldest: Option<Epoch>,
    body: Body,
}

pub(crate) async fn put(
    shared: &Shared,
    name: &str,
    version: NewVersion,
    basis: &Basis,
) -> Result<VersionId, StoreError> {
    let drawn = shared.settings.environment.ulid();
    let drawn = version
        .at_ms
        .map_or(drawn, |ms| Ulid::from_parts(ms, drawn.random()));
    put_as(shared, name, (version.note, version.body), basis, drawn).await
}

/// Keeps a version of one document as one of another, of the same time. `None` where there is no
/// such version.
pub(crate) async fn copy(
    shared: &Shared,
    from: &str,
    id: &VersionId,
    to: &str,
    basis: &Basis,
) -> Result<Option<VersionId>, StoreError> {
    let Some(contents) = get(shared, from, id).await? else {
        return Ok(None);
    };
    let random = shared.settings.environment.ulid().random();
    let drawn = Ulid::from_parts(id.created_ms(), random);
    put_as(shared, to, contents, basis, drawn).await.map(Some)
}

async fn put_as(
    shared: &Shared,
    name: &str,
    (note, body): (Bytes, Bytes),
    basis: &Basis,
    drawn: Ulid,
) -> Result<VersionId, StoreError> {
    let document = DocId::of(name);
    if basis.document.is_some_and(|other| other != document) {
        let problem = "the basis is of another document".to_owned();
        return Err(StoreError::Unavailable(problem));
    }
    refuse_erased(shared, document)?;
    let id = VersionId(SnapshotId {
        // Not like one that was erased before it was made.
        ulid: lock(&shared.index).tombstones.newer(drawn),
        node: shared.began.node.clone(),
    });
    let contents = Contents {
        name: name.to_owned(),
        note,
        oldest: basis.covers.iter().map(|(key, _)| key.epoch).min(),
        created_ms: id.created_ms(),
    };
    let encoded = tokio::task::spawn_blocking(move || encode(&contents, &body));
    let bytes = encoded
        .await
        .map_err(|error| StoreError::Unavailable(error.to_string()))?
        .map_err(|problem| StoreError::Unavailable(problem.to_string()))?;
    let object = document.version_object(&id);
    let put = shared.objects.put_verified(&object, bytes.into()).await;
    put.map_err(unavailable)?;
    Ok(id)
}

/// All versions of a document, oldest first. A damaged one is listed with what is wrong.
pub(crate) async fn list(shared: &Shared, name: &str) -> Result<Vec<StoredVersion>, StoreError> {
    let document = DocId::of(name);
    refuse_erased(shared, document)?;
    let folder = document.version_folder();
    let listed = shared.objects.list(&folder).await.map_err(unavailable)?;
    let known = listed.into_iter().filter_map(|listed| {
        let file = listed.object.rsplit('/').next().unwrap_or_default();
        let id = VersionId::from_file(file);
        if id.is_none() {
            tracing::warn!(object = listed.object, "not a version's name; ignored");
        }
        Some((id?, listed))
    });
    let read = known.map(|(id, listed)| async move {
        let note = match read_header(shared, &listed.object).await {
            Ok(Ok(header)) if header.name != name => Err("it is of another document".to_owned()),
            Ok(Ok(header)) if is_erased(shared, document, &id, header.oldest) => return Ok(None),
            Ok(header) => header.map(|header| header.note),
            // Thinned out meanwhile.
            Err(ObjectError::Missing(_)) => return Ok(None),
            Err(error) => return Err(unavailable(error)),
        };
        let bytes = listed.bytes;
        Ok(Some(StoredVersion { id, note, bytes }))
    });
    let read = stream::iter(read).buffered(READS_MAX);
    let read: Vec<Option<StoredVersion>> = read.try_collect().await?;
    let mut versions: Vec<StoredVersion> = read.into_iter().flatten().collect();
    versions.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(versions)
}

/// A version's note and body, if there is such a version.
pub(crate) async fn get(
    shared: &Shared,
    name: &str,
    id: &VersionId,
) -> Result<Option<(Bytes, Bytes)>, StoreError> {
    let document = DocId::of(name);
    refuse_erased(shared, document)?;
    let object = document.version_object(id);
    let bytes = match shared.objects.get(&object).await {
        Ok(bytes) => bytes,
        Err(ObjectError::Missing(_)) => return Ok(None),
        Err(error) => return Err(unavailable(error)),
    };
    let decoded = tokio::task::spawn_blocking(move || decode(&bytes)).await;
    let decoded = decoded.map_err(|error| StoreError::Unavailable(error.to_string()))?;
    let damaged = |problem: String| StoreError::Damaged { object, problem };
    match decoded {
        Ok((header, _)) if header.name != name => {
            Err(damaged("it is of another document".to_owned()))
        }
        Ok((header, _)) if is_erased(shared, document, id, header.oldest) => Ok(None),
        Ok((header, body)) => Ok(Some((header.note, body))),
        Err(problem) => Err(damaged(problem.to_string())),
    }
}

/// Whether a tombstone has erased what a version says.
fn is_erased(shared: &Shared, document: DocId, id: &VersionId, oldest: Option<Epoch>) -> bool {
    let index = lock(&shared.index);
    let oldest = oldest.map_or(id.0.ulid, |oldest| oldest.ulid().min(id.0.ulid));
    index.tombstones.erases(document, oldest)
}

/// Deletes a version; one that is gone already is no error.
pub(crate) async fn remove(shared: &Shared, name: &str, id: &VersionId) -> Result<(), StoreError> {
    let object = DocId::of(name).version_object(id);
    shared.objects.delete(&object).await.map_err(unavailable)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn unavailable(error: ObjectError) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

pub(crate) async fn read_header(
    shared: &Shared,
    object: &str,
) -> Result<Result<Header, String>, ObjectError> {
    let start = KIND.read_start(shared, object).await?;
    Ok(start.and_then(|start| decode_header(&start).map_err(|problem| problem.to_string())))
}

/// What the header has beside what it says of the body.
struct Contents {
    name: String,
    note: Bytes,
    oldest: Option<Epoch>,
    created_ms: u64,
}

fn encode(contents: &Contents, body: &[u8]) -> Result<Vec<u8>, Malformed> {
    let Contents { name, note, .. } = contents;
    if name.len() > NAME_BYTES_MAX || note.len() > NOTE_BYTES_MAX || body.len() > BODY_BYTES_MAX {
        return Err(Malformed(
            "the name, the note or the body is over its limit",
        ));
    }
    let packed = compress_well(body).map_err(|_| Malformed("the body does not compress"))?;
    let mut header = Vec::new();
    put_bytes(&mut header, name.as_bytes());
    put_bytes(&mut header, note);
    header.push(CODEC_ZSTD);
    // Nil stands for none: no epoch began in 1970.
    let oldest = contents.oldest.map_or([0; 16], Epoch::to_bytes);
    header.extend_from_slice(&oldest);
    header.extend_from_slice(&contents.created_ms.to_le_bytes());
    Body::of(body, &packed).encode(&mut header);
    Ok(KIND.seal(&header, &packed))
}

fn decode_header(start: &[u8]) -> Result<Header, Malformed> {
    let mut reader = KIND.header(start)?;
    let name = reader.text(NAME_BYTES_MAX)?.to_owned();
    let note = Bytes::copy_from_slice(reader.bytes(NOTE_BYTES_MAX)?);
    if reader.u8()? != CODEC_ZSTD {
        return Err(Malformed("the codec is not known"));
    }
    let oldest = Epoch::from_bytes(reader.array()?);
    // The time stands in the name too, by which versions sort.
    reader.u64()?;
    let body = Body::decode(&mut reader)?;
    reader.finish()?;
    Ok(Header {
        name,
        note,
        oldest: (oldest.ulid() != Ulid::nil()).then_some(oldest),
        body,
    })
}

pub(crate) fn decode(object: &[u8]) -> Result<(Header, Bytes), Malformed> {
    let header = decode_header(object)?;
    let body = KIND.body(object, &header.body)?;
    Ok((header, body))
}
