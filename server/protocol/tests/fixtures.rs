//! Every frame, update and state vector that the JavaScript originals wrote is read as meant, and
//! written again byte for byte.

mod support;

use bytes::Bytes;
use serde_json::Value;
use support::{fixture, hex, hex_or_empty, list, number, text, text_or_empty};
use unisson_protocol::{
    Access, PeerMessage, ServerMessage,
    awareness::{self, AwarenessEntry},
    dialect::{
        hocuspocus::{self, Address, ClientFrame, ClientMessage, Control, ServerFrame, ServerSaid},
        y_websocket,
    },
    encoding::{Reader, Writer},
    scan::{self, ClockRange},
};

#[test]
fn primitives_are_those_of_lib0() {
    let primitives = fixture("primitives");
    for case in list(&primitives["varUint"]) {
        let bytes = hex(&case["hex"]);
        assert_eq!(
            Reader::new(&bytes).var_uint(),
            Ok(number(&case["value"])),
            "{case}"
        );
        let mut writer = Writer::default();
        writer.var_uint(number(&case["value"]));
        assert_eq!(writer.finish(), bytes, "{case}");
    }
    for case in list(&primitives["varInt"]) {
        let expected = case["value"].as_i64().expect("an integer");
        assert_eq!(
            Reader::new(&hex(&case["hex"])).var_int(),
            Ok(expected),
            "{case}"
        );
    }
    for case in list(&primitives["varString"]) {
        let bytes = hex(&case["hex"]);
        assert_eq!(
            Reader::new(&bytes).var_string(),
            Ok(text(&case["value"])),
            "{case}"
        );
        let mut writer = Writer::default();
        writer.var_string(text(&case["value"]));
        assert_eq!(writer.finish(), bytes, "{case}");
    }
}

#[test]
fn awareness_is_that_of_y_protocols() {
    for case in list(&fixture("awareness")) {
        let expected: Vec<_> = list(&case["entries"])
            .iter()
            .map(|entry| AwarenessEntry {
                client_id: number(&entry["clientId"]),
                clock: number(&entry["clock"]),
                state: entry["state"].as_str().map(Into::into),
            })
            .collect();
        let bytes = hex(&case["hex"]);
        assert_eq!(
            awareness::decode(&bytes, 10).as_ref(),
            Ok(&expected),
            "{case}"
        );
        assert_eq!(awareness::encode(&expected), bytes, "{case}");
    }
}

#[test]
fn y_websocket_frames_are_those_of_the_originals() {
    let cases = fixture("y-websocket");
    for case in list(&cases["client"]) {
        let message = peer_message(case).expect("a message of this dialect");
        assert_eq!(
            y_websocket::decode(&hex(&case["hex"])).as_ref(),
            Ok(&message),
            "{case}"
        );
        assert_eq!(
            y_websocket::encode_client(&message),
            Some(hex(&case["hex"])),
            "{case}"
        );
    }
    for case in list(&cases["server"]) {
        let message = server_message(case).expect("a message of this dialect");
        assert_eq!(
            y_websocket::decode_server(&hex(&case["hex"])).as_ref(),
            Ok(&message)
        );
        assert_eq!(
            y_websocket::encode(&message),
            Some(hex(&case["hex"])),
            "{case}"
        );
    }
}

#[test]
fn a_published_y_websocket_provider_is_understood() {
    for capture in list(&fixture("y-websocket")["captured"]) {
        let mut kinds = Vec::new();
        for frame in list(&capture["frames"]) {
            let message = y_websocket::decode(&hex(frame)).expect("a frame of the provider");
            assert_eq!(y_websocket::encode_client(&message), Some(hex(frame)));
            kinds.push(check_payload(&message));
        }
        for kind in ["step 1", "step 2", "update", "awareness"] {
            assert!(kinds.contains(&kind), "no {kind} in {kinds:?}");
        }
    }
}

#[test]
fn hocuspocus_frames_are_those_of_the_originals() {
    let cases = fixture("hocuspocus");
    for case in list(&cases["client"]) {
        let frame = ClientFrame::Addressed(address(case), client_message(case));
        assert_eq!(
            hocuspocus::decode(&hex(&case["hex"])).as_ref(),
            Ok(&frame),
            "{case}"
        );
        assert_eq!(
            hocuspocus::encode_client(&frame),
            hex(&case["hex"]),
            "{case}"
        );
    }
    for case in list(&cases["server"]) {
        let said = server_said(case);
        let encoded = match &said {
            ServerSaid::Message(message) => hocuspocus::encode(&address(case), message),
            ServerSaid::Control(control) => hocuspocus::encode_control(&address(case), control),
        };
        assert_eq!(encoded, hex(&case["hex"]), "{case}");
        let frame = ServerFrame::Addressed(address(case), said);
        assert_eq!(
            hocuspocus::decode_server(&hex(&case["hex"])),
            Ok(frame),
            "{case}"
        );
    }
}

#[test]
fn published_hocuspocus_providers_are_understood() {
    for capture in list(&fixture("hocuspocus")["captured"]) {
        let provider = text(&capture["provider"]);
        let mut versions = Vec::new();
        let mut kinds = Vec::new();
        for frame in list(&capture["frames"]) {
            let decoded = hocuspocus::decode(&hex(frame)).expect("a frame of the provider");
            assert_eq!(
                hocuspocus::encode_client(&decoded),
                hex(frame),
                "{provider}"
            );
            let ClientFrame::Addressed(address, message) = decoded else {
                kinds.push("pong");
                continue;
            };
            assert!(address.doc_name().is_ok(), "{provider}");
            assert_eq!(
                address.session_id().is_some(),
                provider.contains("session-aware")
            );
            kinds.push(match message {
                ClientMessage::Peer(message) => check_payload(&message),
                ClientMessage::Token { version, .. } => {
                    versions.push(version);
                    "token"
                }
                ClientMessage::Close => "close",
            });
        }
        let announced = provider.starts_with('4').then(|| "4.8.0".to_owned());
        assert!(
            versions.iter().all(|version| *version == announced),
            "{provider}: {versions:?}"
        );
        for kind in [
            "token",
            "step 1",
            "step 2",
            "update",
            "awareness",
            "stateless",
            "close",
        ] {
            assert!(kinds.contains(&kind), "{provider}: no {kind} in {kinds:?}");
        }
        assert_eq!(
            kinds.contains(&"pong"),
            provider.starts_with('4'),
            "{provider}"
        );
    }
}

#[test]
fn an_address_is_split_at_the_first_nul_and_echoed_whole() {
    let raw = Bytes::from_static("été/x\0one\0two".as_bytes());
    let address = Address::new(raw.clone()).expect("an address");
    assert_eq!(address.doc_name().expect("a name").as_str(), "été/x");
    assert_eq!(address.session_id(), Some("one\0two"));
    assert_eq!(address.as_bytes(), &raw);
}

#[test]
fn updates_are_walked_as_yjs_reads_them() {
    for case in list(&fixture("updates")) {
        let scanned = scan::update_v1(&hex(&case["hex"]));
        let scanned = scanned.unwrap_or_else(|error| panic!("{}: {error}", case["meaning"]));
        assert_eq!(scanned.inserts, ranges(&case["inserts"]), "{case}");
        assert_eq!(scanned.deletes, ranges(&case["deletes"]), "{case}");
        assert_eq!(scanned.structs as u64, number(&case["structs"]), "{case}");
        assert_eq!(scanned.is_empty(), case["meaning"] == "nothing");
    }
}

#[test]
fn what_yrs_reads_wrongly_is_refused() {
    for case in list(&fixture("refused")) {
        assert!(scan::update_v1(&hex(&case["hex"])).is_err(), "{case}");
    }
}

#[test]
fn state_vectors_are_those_of_yjs() {
    for case in list(&fixture("state-vectors")) {
        let expected: Vec<(u64, u32)> = list(&case["entries"])
            .iter()
            .map(|entry| (number(&entry[0]), number(&entry[1]) as u32))
            .collect();
        let bytes = hex(&case["hex"]);
        assert_eq!(
            scan::state_vector_v1(&bytes).as_ref(),
            Ok(&expected),
            "{case}"
        );
        let encoded = scan::encode_state_vector_v1(&expected);
        assert_eq!(
            scan::state_vector_v1(&encoded).as_ref(),
            Ok(&expected),
            "{case}"
        );
        assert_eq!(encoded.len(), bytes.len());
    }
}

fn ranges(value: &Value) -> Vec<ClockRange> {
    list(value)
        .iter()
        .map(|range| ClockRange {
            client_id: number(&range[0]),
            clock: number(&range[1]) as u32,
            len: number(&range[2]) as u32,
        })
        .collect()
}

/// Names a message, after walking the update or vector in it.
fn check_payload(message: &PeerMessage) -> &'static str {
    match message {
        PeerMessage::SyncStep1(vector) => {
            scan::state_vector_v1(vector).expect("a state vector of the provider");
            "step 1"
        }
        PeerMessage::SyncStep2(update) => {
            scan::update_v1(update).expect("an update of the provider");
            "step 2"
        }
        PeerMessage::Update(update) => {
            scan::update_v1(update).expect("an update of the provider");
            "update"
        }
        PeerMessage::Awareness(update) => {
            awareness::decode(update, 10).expect("presence of the provider");
            "awareness"
        }
        PeerMessage::QueryAwareness => "query",
        PeerMessage::Stateless(_) => "stateless",
    }
}

fn address(case: &Value) -> Address {
    Address::new(Bytes::copy_from_slice(text(&case["address"]).as_bytes())).expect("an address")
}

fn peer_message(case: &Value) -> Option<PeerMessage> {
    let payload = hex_or_empty(&case["payload"]);
    Some(match text(&case["kind"]) {
        "syncStep1" => PeerMessage::SyncStep1(payload),
        "syncStep2" => PeerMessage::SyncStep2(payload),
        "update" => PeerMessage::Update(payload),
        "awareness" => PeerMessage::Awareness(payload),
        "queryAwareness" => PeerMessage::QueryAwareness,
        "stateless" => PeerMessage::Stateless(text_or_empty(&case["text"])),
        _ => return None,
    })
}

fn client_message(case: &Value) -> ClientMessage {
    if let Some(message) = peer_message(case) {
        return ClientMessage::Peer(message);
    }
    match text(&case["kind"]) {
        "token" => ClientMessage::Token {
            token: text_or_empty(&case["text"]),
            version: case["version"].as_str().map(Into::into),
        },
        "close" => ClientMessage::Close,
        other => panic!("{other}"),
    }
}

fn server_message(case: &Value) -> Option<ServerMessage> {
    let payload = hex_or_empty(&case["payload"]);
    Some(match text(&case["kind"]) {
        "syncStep1" => ServerMessage::SyncStep1(payload),
        "syncStep2" => ServerMessage::SyncStep2(payload),
        "update" => ServerMessage::Update(payload),
        "awareness" => ServerMessage::Awareness(payload),
        "accepted" => ServerMessage::Accepted,
        "refused" => ServerMessage::Refused(text_or_empty(&case["text"])),
        "stateless" => ServerMessage::Stateless(text_or_empty(&case["text"])),
        "access" => match text(&case["text"]) {
            "readonly" => ServerMessage::Access(Access::ReadOnly, String::new()),
            _ => ServerMessage::Access(Access::ReadWrite, String::new()),
        },
        _ => return None,
    })
}

fn server_said(case: &Value) -> ServerSaid {
    if let Some(message) = server_message(case) {
        return ServerSaid::Message(message);
    }
    let reason = text_or_empty(&case["text"]);
    ServerSaid::Control(match text(&case["kind"]) {
        "requestToken" => Control::RequestToken,
        "permissionDenied" => Control::PermissionDenied(reason),
        "close" => Control::Close(reason),
        other => panic!("{other}"),
    })
}
