//! The targets: what must hold for any bytes.

pub mod history;

use std::{collections::BTreeMap, sync::OnceLock};

use crate::corpus;
use bytes::Bytes;
use unisson_protocol::{
    ServerMessage,
    awareness::{decode as decode_awareness, encode as encode_awareness},
    dialect::{
        hocuspocus::{self, ServerFrame, ServerSaid},
        y_websocket as y,
    },
    scan::{self, ClockRange},
};
use yrs::{Doc, IdSet, ReadTxn, StateVector, Transact, Update, updates::decoder::Decode};

const AWARENESS_ENTRIES_MAX: usize = 1_000;

/// A frame of `y-websocket`, from either end: what is read is written and read again alike.
pub fn y_websocket(data: &[u8]) -> bool {
    let frame = Bytes::copy_from_slice(data);
    let client = y::decode(&frame);
    if let Ok(message) = &client {
        let written = y::encode_client(message).expect("this dialect has the message");
        assert_eq!(y::decode(&written).as_ref(), Ok(message));
    }
    let server = y::decode_server(&frame);
    if let Ok(message) = &server {
        let written = y::encode(message).expect("this dialect has the message");
        assert_eq!(y::decode_server(&written).as_ref(), Ok(message));
    }
    client.is_ok() || server.is_ok()
}

/// A frame of Hocuspocus, from either end: what is read is written and read again alike.
pub fn hocuspocus(data: &[u8]) -> bool {
    let frame = Bytes::copy_from_slice(data);
    let client = hocuspocus::decode(&frame);
    if let Ok(message) = &client {
        assert_eq!(
            hocuspocus::decode(&hocuspocus::encode_client(message)).as_ref(),
            Ok(message)
        );
        if let hocuspocus::ClientFrame::Addressed(address, _) = message {
            let _ = address.doc_name();
            let _ = address.session_id();
        }
    }
    let server = hocuspocus::decode_server(&frame);
    if let Ok(ServerFrame::Addressed(address, said)) = &server {
        let written = match said {
            ServerSaid::Message(message) => hocuspocus::encode(address, message),
            ServerSaid::Control(control) => hocuspocus::encode_control(address, control),
        };
        assert_eq!(hocuspocus::decode_server(&written), server);
        if let ServerSaid::Message(ServerMessage::Update(update)) = said {
            assert!(update.len() < data.len());
        }
    }
    client.is_ok() || server.is_ok()
}

/// An awareness update: bounded in entries, and the same after writing.
pub fn awareness(data: &[u8]) -> bool {
    let Ok(entries) = decode_awareness(data, AWARENESS_ENTRIES_MAX) else {
        return false;
    };
    assert!(entries.len() <= AWARENESS_ENTRIES_MAX);
    let written = encode_awareness(&entries);
    assert_eq!(
        decode_awareness(&written, AWARENESS_ENTRIES_MAX),
        Ok(entries)
    );
    true
}

/// An update: if the scan accepts it, yrs decodes it or says no, and finds the same ranges.
pub fn update(data: &[u8]) -> bool {
    let Ok(scanned) = scan::update_v1(data) else {
        return false;
    };
    assert!(scanned.inserts.is_sorted());
    assert!(scanned.structs <= data.len());
    if let Ok(decoded) = Update::decode_v1(data) {
        assert_eq!(
            joined(&scanned.inserts),
            from_yrs(&decoded.insertions(true))
        );
        assert_eq!(joined(&scanned.deletes), from_yrs(decoded.delete_set()));
    }
    true
}

/// A state vector: the same after writing, and the same to yrs.
pub fn state_vector(data: &[u8]) -> bool {
    let Ok(entries) = scan::state_vector_v1(data) else {
        return false;
    };
    let written = scan::encode_state_vector_v1(&entries);
    assert_eq!(scan::state_vector_v1(&written).as_ref(), Ok(&entries));
    let vector = StateVector::decode_v1(data).expect("yrs reads what the scan accepts");
    let of_yrs: BTreeMap<u64, u32> = vector
        .iter()
        .map(|(id, clock)| (id.get(), *clock))
        .collect();
    assert_eq!(of_yrs, entries.into_iter().collect());
    true
}

/// An update that the scan accepts, applied before or after a sound one: a panic is caught by the
/// document's task, but each is a finding, since everybody must load the document again.
pub fn apply(data: &[u8]) -> bool {
    if scan::update_v1(data).is_err() || Update::decode_v1(data).is_err() {
        return false;
    }
    static SOUND: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    let sound = SOUND.get_or_init(corpus::accepted_updates);
    let choice = data.iter().fold(data.len(), |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(usize::from(*byte))
    });
    let other = &sound[choice / 2 % sound.len()];
    let order = if choice.is_multiple_of(2) {
        [data, other]
    } else {
        [other, data]
    };
    let doc = Doc::new();
    for bytes in order {
        let vector = doc.transact().state_vector();
        let scanned = scan::update_v1(bytes).expect("scanned before");
        if leaves_hole(&scanned.inserts, &vector) {
            continue;
        }
        let update = Update::decode_v1(bytes).expect("decoded before");
        let _ = doc.transact_mut().apply_update(update);
    }
    let state = doc
        .transact()
        .encode_state_as_update_v1(&StateVector::default());
    scan::update_v1(&state).expect("what yrs writes is accepted");
    true
}

/// Whether a range starts behind what is known: a session lets such an update wait.
fn leaves_hole(inserts: &[ClockRange], vector: &StateVector) -> bool {
    let mut known: Option<(u64, u32)> = None;
    inserts.iter().any(|range| {
        let end = match known {
            Some((client_id, end)) if client_id == range.client_id => end,
            _ => vector.get(&yrs::block::ClientID::new(range.client_id)),
        };
        known = Some((range.client_id, end.max(range.clock + range.len)));
        range.clock > end
    })
}

/// Clock ranges `[from, to)` by client, in order and joined.
type Ranges = BTreeMap<u64, Vec<(u32, u32)>>;

fn joined(ranges: &[ClockRange]) -> Ranges {
    normal(
        ranges
            .iter()
            .map(|range| (range.client_id, range.clock, range.clock + range.len)),
    )
}

fn from_yrs(set: &IdSet) -> Ranges {
    normal(set.iter().flat_map(|(client, ranges)| {
        ranges
            .iter()
            .map(move |range| (client.get(), range.start, range.end))
    }))
}

fn normal(ranges: impl Iterator<Item = (u64, u32, u32)>) -> Ranges {
    let mut all: Vec<_> = ranges.collect();
    all.sort_unstable();
    let mut by_client = Ranges::new();
    for (client, from, to) in all {
        let ranges = by_client.entry(client).or_default();
        match ranges.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => ranges.push((from, to)),
        }
    }
    by_client
}
