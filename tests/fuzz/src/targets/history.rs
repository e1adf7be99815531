//! What the log, snapshots and versions keep about authors: damaged on a disk, or by a bug.

use bytes::Bytes;
use unisson_history::{Attribution, VersionNote, entry};

/// An entry of the log: what opens with an author is the same after sealing.
pub fn entry(data: &[u8]) -> bool {
    let Ok(opened) = entry::open(&Bytes::copy_from_slice(data)) else {
        return false;
    };
    assert!(opened.update.len() <= data.len());
    match &opened.written {
        Some(written) => {
            let sealed = entry::seal(written, &opened.update);
            assert_eq!(entry::open(&sealed), Ok(opened));
        }
        None => assert_eq!(opened.update, data),
    }
    true
}

/// An attribution: what is read is written and read again alike, and merging it with itself
/// changes nothing.
pub fn attribution(data: &[u8]) -> bool {
    let Ok(mut known) = Attribution::decode(data) else {
        return false;
    };
    let written = known.encode();
    let again = Attribution::decode(&written).expect("what was written is read");
    assert_eq!(again.encode(), written);
    known.merge(&again);
    assert_eq!(known.encode(), written);
    true
}

/// What is noted of a version: the same after writing.
pub fn version_note(data: &[u8]) -> bool {
    let Ok(note) = VersionNote::decode(data) else {
        return false;
    };
    // Lists that are too long are cut where they are written.
    let written = note.encode();
    let again = VersionNote::decode(&written).expect("what was written is read");
    assert_eq!(again.encode(), written);
    true
}
