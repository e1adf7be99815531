//! Properties of the formats: they give back what they got and survive any bytes.

use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;

use crate::{
    frame::{self, LogEntry, Scan},
    interval::{Covers, IntervalSet},
    ledger::Record,
    names::{DocId, Epoch, EpochKey, NodeId, SegmentId, SnapshotId, WalObject},
    segment,
    snapshot::{self, Contents},
};

fn key() -> EpochKey {
    let ulid = ulid::Ulid::from_parts(1_700_000_000_000, 42);
    EpochKey {
        epoch: Epoch::new(ulid),
        node: NodeId::parse("node1").unwrap(),
    }
}

fn entries(batch: &[(String, Vec<u8>)], first: u64) -> Vec<LogEntry> {
    let numbered = batch.iter().zip(first..);
    numbered
        .map(|((name, update), seq)| LogEntry {
            seq,
            name: Arc::from(name.as_str()),
            update: Bytes::from(update.clone()),
        })
        .collect()
}

fn batch() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let entry = ("[a-c]{0,2}", prop::collection::vec(any::<u8>(), 0..40));
    prop::collection::vec(entry, 1..12)
}

fn encode_frame(header: &[u8; 40], first: u64, batch: &[(String, Vec<u8>)]) -> Bytes {
    let pairs: Vec<_> = batch
        .iter()
        .map(|(name, update)| (Arc::from(name.as_str()), Bytes::from(update.clone())))
        .collect();
    frame::encode(header, first, &pairs).0
}

proptest! {
    #[test]
    fn a_log_gives_back_its_batches_and_a_cut_one_its_whole_batches(
        batches in prop::collection::vec(batch(), 0..4), cut in any::<prop::sample::Index>(),
    ) {
        let header = frame::header(key().epoch, 7);
        let (mut bytes, mut all, mut ends) = (header.to_vec(), Vec::new(), vec![(40, 0)]);
        for batch in &batches {
            bytes.extend_from_slice(&encode_frame(&header, 7 + all.len() as u64, batch));
            let next = 7 + all.len() as u64;
            all.extend(entries(batch, next));
            ends.push((bytes.len(), all.len()));
        }
        let length = cut.index(bytes.len() + 1);
        let scan = frame::scan(&Bytes::from(bytes[..length].to_vec()), key().epoch, 7);
        match ends.iter().rev().find(|(end, _)| *end <= length) {
            None => prop_assert_eq!(scan, Ok(Scan::Unborn)),
            Some((end, count)) => prop_assert_eq!(scan, Ok(Scan::Entries {
                entries: all[..*count].to_vec(), torn: (*end < length).then_some(*end),
            })),
        }
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let bytes = Bytes::from(bytes);
        let _ = frame::scan(&bytes, key().epoch, 1);
        let after_header: Vec<u8> = frame::header(key().epoch, 1).into_iter().chain(bytes.clone()).collect();
        let _ = frame::scan(&after_header.into(), key().epoch, 1);
        let _ = segment::decode_footer(&bytes, &bytes, bytes.len() as u64);
        let _ = snapshot::decode(&bytes);
        let _ = Record::decode(&bytes);
        let _ = Covers::decode(&mut crate::codec::Reader::new(&bytes));
        let block = segment::Block { offset: 0, bytes: 0, raw_bytes: 1 << 40, first: 1, last: 1, count: 1 };
        let _ = segment::decode_block(&bytes, &block, "x");
    }

    #[test]
    fn a_changed_object_is_refused_or_says_the_same(
        batch in batch(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let (object, footer) = segment::encode(&key(), &entries(&batch, 1), 5).unwrap();
        let mut changed = object.clone();
        let at_object = at.index(changed.len());
        changed[at_object] = byte;
        if let Ok(read) = segment::decode_footer(&changed, &changed, changed.len() as u64) {
            prop_assert_eq!(&read, &footer);
            for (_, name, block) in &footer.documents {
                let range = block.offset as usize..(block.offset + block.bytes) as usize;
                let whole = segment::decode_block(&object[range.clone()], block, name);
                let read = segment::decode_block(&changed[range], block, name);
                prop_assert!(read.is_err() || read == whole);
            }
        }
        let (object, header) = snapshot::encode(contents(), b"the body").unwrap();
        let mut changed = object.clone();
        let at_object = at.index(changed.len());
        changed[at_object] = byte;
        if let Ok(read) = snapshot::decode(&changed) {
            prop_assert_eq!(read, (header, Bytes::from("the body")));
        }
    }

    #[test]
    fn a_segment_gives_back_each_documents_entries(batch in batch()) {
        let all = entries(&batch, 3);
        let (object, footer) = segment::encode(&key(), &all, 5).unwrap();
        let read = segment::decode_footer(&object, &object, object.len() as u64).unwrap();
        prop_assert_eq!(&read, &footer);
        let mut found = Vec::new();
        for (document, name, block) in &read.documents {
            prop_assert_eq!(*document, DocId::of(name));
            let range = block.offset as usize..(block.offset + block.bytes) as usize;
            for (seq, update) in segment::decode_block(&object[range], block, name).unwrap() {
                found.push(LogEntry { seq, name: Arc::clone(name), update });
            }
        }
        found.sort_by_key(|entry| entry.seq);
        prop_assert_eq!(found, all);
    }

    #[test]
    fn intervals_are_what_a_plain_set_says(
        inserted in prop::collection::vec((1_u64..40, 0_u64..6), 0..12), probe in (1_u64..45, 0_u64..4),
    ) {
        let (mut set, mut plain) = (IntervalSet::default(), std::collections::BTreeSet::new());
        for (first, more) in inserted {
            set.insert(first, first + more);
            plain.extend(first..=first + more);
        }
        let (first, last) = (probe.0, probe.0 + probe.1);
        prop_assert_eq!(set.contains(first, last), (first..=last).all(|n| plain.contains(&n)));
        let gap = (1..=last).find(|n| !plain.contains(n));
        prop_assert_eq!(set.first_gap(last).map(|gap| gap.0).filter(|n| *n <= last), gap);
        prop_assert!(set.intervals().windows(2).all(|pair| pair[0].1 + 1 < pair[1].0));
        let mut covers = Covers::default();
        set.intervals().iter().for_each(|&(first, last)| covers.insert(&key(), first, last));
        let mut bytes = Vec::new();
        covers.encode(&mut bytes);
        prop_assert_eq!(Covers::decode(&mut crate::codec::Reader::new(&bytes)), Ok(covers));
    }
}

fn contents() -> Contents<'static> {
    let mut covers = Covers::default();
    covers.insert(&key(), 1, 9);
    covers.insert(&key(), 12, 12);
    let parent = SnapshotId {
        ulid: ulid::Ulid::from_parts(1, 2),
        node: key().node,
    };
    Contents {
        name: "a/é",
        body_format: 2,
        created_ms: 5,
        covers,
        parents: vec![parent],
    }
}

#[test]
fn names_on_disk_are_read_back_and_others_are_not() {
    let id = SegmentId::sealed(key(), 1, 0xabc);
    assert_eq!(
        WalObject::parse(&id.object()),
        Some(WalObject::Segment(id.clone()))
    );
    assert!(
        id.object()
            .ends_with("0000000000000abc-0000000000000001.seg")
    );
    let rewritten = SegmentId {
        revision: 0xdef,
        ..id.clone()
    };
    assert_eq!(
        WalObject::parse(&rewritten.object()),
        Some(WalObject::Segment(rewritten.clone()))
    );
    for bad in ["-0000000000000000", "-def", "-0000000000000def-1"] {
        let object = id.object().replace(".seg", &format!("{bad}.seg"));
        assert_eq!(WalObject::parse(&object), None, "{object}");
    }
    let log = crate::names::log_object(&key(), 5);
    assert_eq!(WalObject::parse(&log), Some(WalObject::Log(key(), 5)));
    for bad in [
        "v1/wal/n/x",
        "v1/wal/../y/0000000000000001.log",
        "",
        "v1/wal/N/x/y.seg",
    ] {
        assert_eq!(WalObject::parse(bad), None);
    }
    let document = DocId::of("a/é");
    assert_eq!(
        DocId::of_object(&format!("{}/x", document.snapshot_folder())),
        Some(document)
    );
    let folder = document.snapshot_folder();
    assert!(
        folder
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'/')
    );
}

#[test]
fn an_update_that_looks_like_a_frame_does_not_pass_for_one() {
    let header = frame::header(key().epoch, 1);
    let other = frame::header(Epoch::new(ulid::Ulid::from_parts(9, 9)), 1);
    let fake = encode_frame(&other, 1, &[("d".to_owned(), vec![1])]);
    let mut log = header.to_vec();
    let real = encode_frame(&header, 1, &[("d".to_owned(), fake.to_vec())]);
    log.extend_from_slice(&real[..real.len() - 1]);
    let scan = frame::scan(&Bytes::from(log), key().epoch, 1);
    assert_eq!(
        scan,
        Ok(Scan::Entries {
            entries: Vec::new(),
            torn: Some(40)
        })
    );
}
