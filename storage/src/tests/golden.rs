//! Files of every format as version 1 writes them. They are never changed: a new version adds
//! its own beside them and goes on reading these.

use std::{path::PathBuf, sync::Arc};

use bytes::Bytes;

use crate::{
    frame::{self, LogEntry, Scan},
    interval::Covers,
    ledger::{Record, RecordId},
    names::{DocId, Epoch, EpochKey, NodeId},
    segment,
    snapshot::{self, Contents},
};

fn key() -> EpochKey {
    let epoch = Epoch::new(ulid::Ulid::from_parts(
        1_700_000_000_000,
        0x0123_4567_89ab_cdef,
    ));
    EpochKey {
        epoch,
        node: NodeId::parse("golden").unwrap(),
    }
}

fn batch() -> Vec<(Arc<str>, Bytes)> {
    let entry = |name: &str, update: &'static str| (Arc::from(name), Bytes::from(update));
    vec![
        entry("wiki/été", "first"),
        entry("b", ""),
        entry("wiki/été", "second second second"),
    ]
}

fn entries() -> Vec<LogEntry> {
    frame::encode(&frame::header(key().epoch, 1), 1, &batch()).1
}

fn covers() -> Covers {
    let mut covers = Covers::default();
    covers.insert(&key(), 1, 3);
    covers.insert(&key(), 200, 70_000);
    covers
}

fn parent() -> RecordId {
    RecordId {
        ulid: ulid::Ulid::from_parts(1_600_000_000_000, 7),
        node: key().node,
    }
}

fn record() -> Record {
    let mut record = Record {
        heads: covers(),
        retired: covers(),
        ..Record::default()
    };
    record.replaces.insert(parent());
    let name: Arc<str> = "wiki/été".into();
    record.documents.insert(DocId::of(&name), (name, covers()));
    record
}

/// A flush of which only the first entry before it was durable.
fn flushed() -> Vec<u8> {
    let making = segment::Making {
        key: &key(),
        entries: &entries()[1..],
        created_ms: 1_700_000_000_123,
        merged: false,
        durable: Some(1),
    };
    segment::make(&making).unwrap().0
}

/// What this version writes, by file name.
fn written() -> Vec<(&'static str, Vec<u8>)> {
    let header = frame::header(key().epoch, 1);
    let log = [&header[..], &frame::encode(&header, 1, &batch()).0].concat();
    let contents = Contents {
        name: "wiki/été",
        body_format: 2,
        created_ms: 1_700_000_000_123,
        covers: covers(),
        parents: vec![parent()],
    };
    vec![
        ("v1.log", log),
        (
            "v1.seg",
            segment::encode(&key(), &entries(), 1_700_000_000_123)
                .unwrap()
                .0,
        ),
        ("v3.seg", flushed()),
        (
            "v1.snap",
            snapshot::encode(contents, b"body body body body")
                .unwrap()
                .0,
        ),
        ("v1.led", record().encode().unwrap()),
    ]
}

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("golden")
        .join(name)
}

#[test]
fn the_writer_writes_what_version_1_wrote() {
    for (name, bytes) in written() {
        if std::env::var_os("UNISSON_WRITE_GOLDEN").is_some() && !golden(name).exists() {
            std::fs::write(golden(name), &bytes).unwrap();
        }
        let stored = std::fs::read(golden(name)).unwrap();
        assert!(
            stored == bytes,
            "{name}: the bytes changed. A changed format needs a new version and new golden \
             files; if only the compressor changed, say so in docs/storage-format.md"
        );
    }
}

#[test]
fn files_of_version_1_are_read() {
    let read = |name| Bytes::from(std::fs::read(golden(name)).unwrap());
    let log = frame::scan(&read("v1.log"), key().epoch, 1);
    assert_eq!(
        log,
        Ok(Scan::Entries {
            entries: entries(),
            torn: None
        })
    );
    let object = read("v1.seg");
    let footer = segment::decode_footer(&object, &object, object.len() as u64).unwrap();
    assert_eq!(
        (footer.id.first, footer.id.last, footer.documents.len()),
        (1, 3, 2)
    );
    let found: usize = footer
        .documents
        .iter()
        .map(|(_, name, block)| {
            let range = block.offset as usize..(block.offset + block.bytes) as usize;
            segment::decode_block(&object.slice(range), block, name)
                .unwrap()
                .len()
        })
        .sum();
    assert_eq!(found, 3);
    let object = read("v3.seg");
    let footer = segment::decode_footer(&object, &object, object.len() as u64).unwrap();
    assert_eq!((footer.id.first, footer.id.last, footer.durable), (2, 3, 1));
    let (header, body) = snapshot::decode(&read("v1.snap")).unwrap();
    assert_eq!(
        (header.name.as_str(), &body[..]),
        ("wiki/été", &b"body body body body"[..])
    );
    assert_eq!((header.covers, header.parents), (covers(), vec![parent()]));
    assert_eq!(Record::decode(&read("v1.led")), Ok(record()));
}
