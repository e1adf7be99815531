//! Uploads in pieces, for bad lines: what has come is durable, piece by piece, and goes on after a
//! pause, after a restart, on another server of the same store.
//!
//! An upload is a folder of the journal `uploads`: what it is to become, and its pieces, each named by
//! where it begins. A client that tries again while its first try still runs writes the same bytes
//! twice: what is covered from the beginning on without a gap counts, whichever pieces it is made of.

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use unisson_protocol::DocName;
use unisson_storage::{Journal, JournalObject, Store, StoreError};

use super::{FileError, Room};
use crate::{registry::Shared, versions::unix_now_ms};

/// The name of the journal.
const JOURNAL: &str = "uploads";
/// What an upload is to become.
const ABOUT: &str = "about.json";
/// As much as is made durable at a time: what a broken line costs at most.
pub(crate) const PIECE_BYTES: usize = 4 << 20;
/// The most pieces of one upload: whoever sends a few bytes at a time has another use for the store.
pub(crate) const PIECES_MAX: usize = 1_000;

/// What an upload is to become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    document: String,
    /// Whose it is: nobody else goes on with it.
    user: Option<String>,
    pub(crate) name: String,
    pub(crate) bytes: u64,
}

/// An upload under way.
#[derive(Debug)]
pub(crate) struct Upload {
    journal: Journal,
    id: String,
    pub(crate) about: About,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    name: String,
    start: u64,
    bytes: u64,
}

impl About {
    pub(crate) fn new(document: &DocName, user: Option<&str>, name: String, bytes: u64) -> Self {
        Self {
            document: document.as_str().to_owned(),
            user: user.map(str::to_owned),
            name,
            bytes,
        }
    }
}

impl Upload {
    /// Begins an upload; it can be gone on with once this returns.
    pub(crate) async fn begin(store: &Store, about: About) -> Result<Self, FileError> {
        let journal = store.journal(JOURNAL);
        // The time stands first, so that the age of an upload is known without reading it.
        let id = format!("{:012x}-{}", unix_now_ms(), draw()?);
        let text = serde_json::to_vec(&about);
        let text = text.map_err(|error| FileError::Damaged(error.to_string()))?;
        journal.put(&format!("{id}/{ABOUT}"), text.into()).await?;
        Ok(Self {
            journal,
            id,
            about,
            pieces: Vec::new(),
        })
    }

    /// The upload of this id, where it is this person's and for this document.
    pub(crate) async fn find(
        store: &Store,
        document: &DocName,
        user: Option<&str>,
        id: &str,
    ) -> Result<Self, FileError> {
        if !is_id(id) {
            return Err(FileError::Missing);
        }
        let journal = store.journal(JOURNAL);
        let about = journal.get(&format!("{id}/{ABOUT}")).await?;
        let about: About = serde_json::from_slice(&about.ok_or(FileError::Missing)?)
            .map_err(|error| FileError::Damaged(error.to_string()))?;
        if about.document != document.as_str() || about.user.as_deref() != user {
            return Err(FileError::Missing);
        }
        let listed = journal.list_in(id).await?;
        let pieces = listed.iter().filter_map(|object| Piece::of(object, id));
        let pieces = pieces.collect();
        Ok(Self {
            journal,
            id: id.to_owned(),
            about,
            pieces,
        })
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// How much has come, from the beginning on and durably.
    pub(crate) fn offset(&self) -> u64 {
        covered(&self.pieces).1
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.offset() == self.about.bytes
    }

    pub(crate) fn is_in_crumbs(&self) -> bool {
        self.pieces.len() >= PIECES_MAX
    }

    /// Adds a piece behind what has come; it is durable when this returns.
    pub(crate) async fn push(&mut self, body: Bytes) -> Result<(), FileError> {
        let piece = Piece {
            name: format!("{}/{:016x}-{}", self.id, self.offset(), draw()?),
            start: self.offset(),
            bytes: body.len() as u64,
        };
        self.journal.put(&piece.name, body).await?;
        self.pieces.push(piece);
        Ok(())
    }

    /// The whole file, once it is complete.
    pub(crate) async fn whole(&self, shared: &Shared) -> Result<(Bytes, Room), FileError> {
        let mut room = Room::default();
        let bytes = usize::try_from(self.about.bytes).unwrap_or(usize::MAX);
        if !shared.attachments.make_room(&mut room, bytes) {
            let busy = "too many files come in now: try again".to_owned();
            return Err(StoreError::Unavailable(busy).into());
        }
        let mut body = BytesMut::with_capacity(bytes);
        for (piece, skip) in covered(&self.pieces).0 {
            let part = self.journal.get(&piece.name).await?;
            let part = part.filter(|part| part.len() as u64 == piece.bytes);
            let part = part.ok_or_else(|| FileError::Damaged(format!("{}: lost", piece.name)))?;
            body.extend_from_slice(part.get(skip as usize..).unwrap_or_default());
        }
        Ok((body.freeze(), room))
    }

    /// Forgets the upload. What it is to become goes last: until then it can be tried again.
    pub(crate) async fn forget(&self) -> Result<(), FileError> {
        for piece in &self.pieces {
            self.journal.remove(&piece.name).await?;
        }
        let about = format!("{}/{ABOUT}", self.id);
        Ok(self.journal.remove(&about).await?)
    }
}

impl Piece {
    fn of(object: &JournalObject, id: &str) -> Option<Self> {
        let file = object.name.strip_prefix(id)?.strip_prefix('/')?;
        let (start, _) = file.split_once('-')?;
        Some(Self {
            name: object.name.clone(),
            start: u64::from_str_radix(start, 16).ok()?,
            bytes: object.bytes,
        })
    }
}

/// The pieces that cover the file from its beginning, each with how much of it has been covered
/// before, and where that ends.
fn covered(pieces: &[Piece]) -> (Vec<(&Piece, u64)>, u64) {
    let mut sorted: Vec<&Piece> = pieces.iter().collect();
    sorted.sort_by(|a, b| (a.start, b.bytes, &a.name).cmp(&(b.start, a.bytes, &b.name)));
    let (mut used, mut end) = (Vec::new(), 0);
    for piece in sorted {
        let piece_end = piece.start.saturating_add(piece.bytes);
        if piece.start <= end && piece_end > end {
            used.push((piece, end - piece.start));
            end = piece_end;
        }
    }
    (used, end)
}

/// Forgets uploads that were begun before this time; how many objects went.
pub(super) async fn forget_before(store: &Store, before_ms: u64) -> Result<usize, FileError> {
    let journal = store.journal(JOURNAL);
    let mut forgotten = 0;
    for object in journal.list().await? {
        let id = object.name.split('/').next().unwrap_or_default();
        let begun_ms = id.split('-').next().unwrap_or_default();
        let begun_ms = u64::from_str_radix(begun_ms, 16);
        if is_id(id) && begun_ms.is_ok_and(|begun_ms| begun_ms <= before_ms) {
            journal.remove(&object.name).await?;
            forgotten += 1;
        }
    }
    Ok(forgotten)
}

fn is_id(text: &str) -> bool {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let parts = text.split_once('-');
    parts.is_some_and(|(time, drawn)| {
        time.len() == 12 && drawn.len() == 32 && time.bytes().chain(drawn.bytes()).all(hex)
    })
}

/// Sixteen random bytes, as text.
fn draw() -> Result<String, FileError> {
    let mut bytes = [0_u8; 16];
    let drawn = aws_lc_rs::rand::fill(&mut bytes);
    drawn.map_err(|_| FileError::Damaged("the system has no randomness".into()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(start: u64, bytes: u64) -> Piece {
        Piece {
            name: format!("{start}+{bytes}"),
            start,
            bytes,
        }
    }

    #[test]
    fn what_two_tries_wrote_counts_once_and_a_gap_ends_it() {
        let pieces = [
            piece(4, 4),
            piece(0, 4),
            piece(0, 6),
            piece(6, 4),
            piece(12, 1),
        ];
        let (used, end) = covered(&pieces);
        let used: Vec<_> = used
            .iter()
            .map(|(piece, skip)| (piece.name.as_str(), *skip))
            .collect();
        assert_eq!(used, [("0+6", 0), ("4+4", 2), ("6+4", 2)]);
        assert_eq!(end, 10);
        assert_eq!(covered(&[piece(1, 5)]).1, 0);
    }

    #[tokio::test]
    async fn an_upload_goes_on_after_a_restart_for_whom_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = || Store::open(unisson_storage::StoreSettings::new(folder.path()));
        let name = DocName::new("page").expect("a name");
        let store = open().await.expect("a store");
        let about = About::new(&name, Some("alice"), "a.txt".into(), 6);
        let mut upload = Upload::begin(&store, about).await.expect("begun");
        upload
            .push(Bytes::from_static(b"abc"))
            .await
            .expect("stored");
        store.close().await.expect("closed");
        drop(store);

        let store = open().await.expect("a store");
        let find = |user| Upload::find(&store, &name, user, upload.id());
        assert!(matches!(find(Some("bob")).await, Err(FileError::Missing)));
        let mut upload = find(Some("alice")).await.expect("found");
        assert_eq!(upload.offset(), 3);
        upload
            .push(Bytes::from_static(b"def"))
            .await
            .expect("stored");
        assert!(upload.is_complete());
        assert_eq!(forget_before(&store, 1_000).await.expect("looked"), 0);
        upload.forget().await.expect("forgotten");
        assert!(find(Some("alice")).await.is_err());
        store.close().await.expect("closed");
    }
}
