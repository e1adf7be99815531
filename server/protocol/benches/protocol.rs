//! Hot paths of the protocol, for `scripts/instructions.mjs`: `protocol CASE COUNT`, or `--list`.
#![allow(missing_docs)]

use std::hint::black_box;

use bytes::Bytes;
use unisson_protocol::{
    PeerMessage, ServerMessage,
    dialect::y_websocket,
    scan::{self, Parts, join},
};
use yrs::{Doc, Text, Transact};

const CASES: [&str; 5] = [
    "scan a keystroke",
    "scan 20 KiB of typing",
    "join 4 keystrokes",
    "encode an update",
    "decode an update",
];

fn keystrokes(count: usize) -> Vec<Bytes> {
    let doc = Doc::with_client_id(1 << 31);
    let text = doc.get_or_insert_text("t");
    (0..count)
        .map(|_| {
            let mut txn = doc.transact_mut();
            text.push(&mut txn, "x");
            Bytes::from(txn.encode_update_v1())
        })
        .collect()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [case, count] = arguments.as_slice() else {
        CASES.iter().for_each(|case| println!("{case}"));
        return;
    };
    let count: usize = count.parse().expect("a number");
    let keys = keystrokes(4);
    let pieces: Vec<Parts> = keystrokes(2_000)
        .into_iter()
        .map(|update| Parts::of(update).expect("an update"))
        .collect();
    let long = join(&pieces).expect("they follow on one another");
    let message = ServerMessage::Update(keys[0].clone());
    let frame = y_websocket::encode_client(&PeerMessage::Update(keys[0].clone()));
    let frame = frame.expect("this dialect has updates");
    for _ in 0..count {
        match case.as_str() {
            "scan a keystroke" => drop(black_box(scan::update_v1(black_box(&keys[0])))),
            "scan 20 KiB of typing" => drop(black_box(scan::update_v1(black_box(&long)))),
            "join 4 keystrokes" => {
                let parts: Vec<Parts> = keys
                    .iter()
                    .map(|key| Parts::of(key.clone()).expect("an update"))
                    .collect();
                drop(black_box(join(&parts)));
            }
            "encode an update" => drop(black_box(y_websocket::encode(black_box(&message)))),
            "decode an update" => drop(black_box(y_websocket::decode(black_box(&frame)))),
            other => panic!("no case {other}"),
        }
    }
}
