//! What the log keeps of one update: the update itself, who brought it and when.
//!
//! An entry begins with `00 00`, as an update does that says nothing at all, and then goes on,
//! which no update does. So logs from before authorship was kept still read, and a program that
//! knows nothing of entries refuses them instead of taking them for something else.

use std::sync::Arc;

use bytes::Bytes;
use unisson_protocol::encoding::{DecodeError, Reader, Writer};

/// The update that says nothing; entries begin with it.
const NOTHING: &[u8] = &[0, 0];
/// The version of entries that [`seal`] writes.
const ENTRY_VERSION: u8 = 1;
const HAS_USER: u8 = 1;
const HAS_NAME: u8 = 2;

/// Somebody who writes, as authentication said.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Author {
    /// The user's id; none: whoever it was, nobody asked for a name.
    pub user: Option<Arc<str>>,
    /// The name to show, as it was when this was written.
    pub name: Option<Arc<str>>,
}

/// Who brought an update, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Who.
    pub author: Author,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
}

/// One entry of a document's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Who brought it and when; unknown of entries from before authorship was kept.
    pub written: Option<Written>,
    /// The update (format v1).
    pub update: Bytes,
}

/// Puts an update and its author together, for the log.
pub fn seal(written: &Written, update: &[u8]) -> Bytes {
    let mut writer = Writer::with_capacity(update.len() + 64);
    writer.bytes(NOTHING);
    writer.bytes(&[ENTRY_VERSION]);
    writer.var_uint(written.at_ms);
    write_author(&mut writer, &written.author);
    writer.bytes(update);
    writer.finish()
}

/// Takes an entry of the log apart. What does not begin as an entry is an update without author.
pub fn open(bytes: &Bytes) -> Result<Entry, DecodeError> {
    let sealed = bytes.len() > NOTHING.len() && bytes.starts_with(NOTHING);
    if !sealed {
        return Ok(Entry {
            written: None,
            update: bytes.clone(),
        });
    }
    let mut reader = Reader::new(bytes.get(NOTHING.len()..).unwrap_or_default());
    let version = reader.byte()?;
    if version != ENTRY_VERSION {
        return Err(DecodeError::Unknown {
            what: "version of a log entry",
            value: u64::from(version),
        });
    }
    let at_ms = reader.var_uint()?;
    let author = read_author(&mut reader)?;
    Ok(Entry {
        written: Some(Written { author, at_ms }),
        update: bytes.slice_ref(reader.rest()),
    })
}

pub(crate) fn write_author(writer: &mut Writer, author: &Author) {
    let flag = |part: &Option<Arc<str>>, flag| part.as_ref().map_or(0, |_| flag);
    writer.bytes(&[flag(&author.user, HAS_USER) | flag(&author.name, HAS_NAME)]);
    for part in [&author.user, &author.name].into_iter().flatten() {
        writer.var_string(part);
    }
}

pub(crate) fn read_author(reader: &mut Reader<'_>) -> Result<Author, DecodeError> {
    let flags = reader.byte()?;
    if flags & !(HAS_USER | HAS_NAME) != 0 {
        return Err(DecodeError::Unknown {
            what: "part of an author",
            value: u64::from(flags),
        });
    }
    let mut part = |flag| {
        let there = flags & flag != 0;
        there
            .then(|| reader.var_string().map(Into::into))
            .transpose()
    };
    Ok(Author {
        user: part(HAS_USER)?,
        name: part(HAS_NAME)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(user: Option<&str>, name: Option<&str>) -> Written {
        Written {
            author: Author {
                user: user.map(Into::into),
                name: name.map(Into::into),
            },
            at_ms: 1_764_000_000_123,
        }
    }

    #[test]
    fn what_is_sealed_opens_as_it_was() {
        let update = Bytes::from_static(b"\x01\x01\x07\x00\x04\x01\x01t\x02hi\x00");
        for author in [
            written(None, None),
            written(Some("ann"), None),
            written(Some("ann"), Some("Ann Élise")),
            written(None, Some("guest")),
        ] {
            let entry = open(&seal(&author, &update)).expect("opens");
            assert_eq!(entry.written, Some(author));
            assert_eq!(entry.update, update);
        }
    }

    #[test]
    fn no_update_is_taken_for_an_entry_and_no_entry_for_an_update() {
        for update in [
            &b"\x00\x00"[..],
            b"\x00\x01\x07\x01\x00\x02",
            b"\x01\x01\x07\x00\x04\x01\x01t\x02hi\x00",
        ] {
            let update = Bytes::copy_from_slice(update);
            assert!(unisson_protocol::scan::update_v1(&update).is_ok());
            let entry = open(&update).expect("opens");
            assert_eq!((entry.written, &entry.update), (None, &update));
            let sealed = seal(&written(Some("ann"), None), &update);
            assert!(unisson_protocol::scan::update_v1(&sealed).is_err());
        }
    }

    #[test]
    fn a_damaged_entry_is_refused() {
        let sealed = seal(&written(Some("ann"), Some("Ann")), b"");
        for len in 3..sealed.len() {
            assert!(open(&sealed.slice(..len)).is_err(), "{len} bytes");
        }
        assert!(open(&Bytes::from_static(b"\x00\x00\x02\x00\x00")).is_err());
        assert!(open(&Bytes::from_static(b"\x00\x00\x01\x00\x04")).is_err());
    }
}
