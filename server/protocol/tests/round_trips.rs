//! What is written is read again, and no bytes whatever make a decoder panic.

use bytes::Bytes;
use proptest::prelude::*;
use unisson_protocol::{
    Access, PeerMessage, ServerMessage,
    awareness::{self, AwarenessEntry},
    dialect::{
        hocuspocus::{self, Address, ClientFrame, ClientMessage, Control, ServerFrame, ServerSaid},
        y_websocket,
    },
    encoding::{DecodeError, INTEGER_MAX, Reader, Writer},
    scan,
};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn integers(value in 0..=INTEGER_MAX) {
        let mut writer = Writer::default();
        writer.var_uint(value);
        let bytes = writer.finish();
        let mut reader = Reader::new(&bytes);
        prop_assert_eq!(reader.var_uint(), Ok(value));
        prop_assert!(reader.is_empty());
        let cut = &bytes[..bytes.len() - 1];
        prop_assert_eq!(Reader::new(cut).var_uint(), Err(DecodeError::Truncated));
    }

    #[test]
    fn strings(text in ".*") {
        let mut writer = Writer::default();
        writer.var_string(&text);
        let bytes = writer.finish();
        prop_assert_eq!(Reader::new(&bytes).var_string(), Ok(text.as_str()));
    }

    #[test]
    fn presence(entries in prop::collection::vec(entry(), 0..8)) {
        let bytes = awareness::encode(&entries);
        prop_assert_eq!(awareness::decode(&bytes, 8), Ok(entries.clone()));
        if !entries.is_empty() {
            prop_assert!(awareness::decode(&bytes, entries.len() - 1).is_err());
        }
    }

    #[test]
    fn state_vectors(entries in prop::collection::btree_map(0..=INTEGER_MAX, 0..=i32::MAX as u32, 0..20)) {
        let entries: Vec<_> = entries.into_iter().collect();
        let bytes = scan::encode_state_vector_v1(&entries);
        prop_assert_eq!(scan::state_vector_v1(&bytes), Ok(entries));
    }

    #[test]
    fn y_websocket_clients(message in peer_message()) {
        match y_websocket::encode_client(&message) {
            Some(frame) => prop_assert_eq!(y_websocket::decode(&frame), Ok(message)),
            None => prop_assert!(matches!(message, PeerMessage::Stateless(_))),
        }
    }

    #[test]
    fn y_websocket_servers(message in server_message()) {
        let expected = match &message {
            ServerMessage::Access(_, reason) => ServerMessage::Refused(reason.clone()),
            other => other.clone(),
        };
        let split = y_websocket::encode_split(&message);
        let joined = split.map(|(head, payload)| Bytes::from([&head[..], &payload].concat()));
        prop_assert_eq!(joined, y_websocket::encode(&message));
        match y_websocket::encode(&message) {
            Some(frame) => prop_assert_eq!(y_websocket::decode_server(&frame), Ok(expected)),
            None => prop_assert!(matches!(
                message,
                ServerMessage::Accepted
                    | ServerMessage::Stateless(_)
                    | ServerMessage::Access(Access::ReadWrite, _)
            )),
        }
    }

    #[test]
    fn hocuspocus_clients(frame in client_frame()) {
        prop_assert_eq!(hocuspocus::decode(&hocuspocus::encode_client(&frame)), Ok(frame));
    }

    #[test]
    fn hocuspocus_servers(address in address(), message in server_message()) {
        let expected = match message.clone() {
            ServerMessage::Refused(_) => ServerMessage::Refused(String::new()),
            ServerMessage::Access(access, _) => ServerMessage::Access(access, String::new()),
            other => other,
        };
        let frame = hocuspocus::encode(&address, &message);
        let body = hocuspocus::encode_body(&message);
        prop_assert_eq!(&hocuspocus::address_frame(&address, &body), &frame);
        let (head, payload) = hocuspocus::encode_body_split(&message);
        let joined = [&hocuspocus::address_head(&address)[..], &head, &payload].concat();
        prop_assert_eq!(&joined, &frame);
        if matches!(message, ServerMessage::Update(_) | ServerMessage::Awareness(_)) {
            prop_assert_eq!(y_websocket::encode(&message), Some(body));
        }
        let said = ServerFrame::Addressed(address, ServerSaid::Message(expected));
        prop_assert_eq!(hocuspocus::decode_server(&frame), Ok(said));
    }

    #[test]
    fn hocuspocus_controls(address in address(), control in control()) {
        let frame = hocuspocus::encode_control(&address, &control);
        let said = ServerFrame::Addressed(address, ServerSaid::Control(control));
        prop_assert_eq!(hocuspocus::decode_server(&frame), Ok(said));
    }

    #[test]
    fn a_cut_frame_is_an_error_or_an_earlier_end(frame in client_frame(), at in any::<prop::sample::Index>()) {
        let whole = hocuspocus::encode_client(&frame);
        let cut = whole.slice(..at.index(whole.len()));
        // The version of a token may be missing: then the frame ends before it.
        if let Ok(ClientFrame::Addressed(_, message)) = hocuspocus::decode(&cut) {
            prop_assert!(matches!(message, ClientMessage::Token { version: None, .. }), "{:?}", message);
        }
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let frame = Bytes::from(bytes);
        let _ = y_websocket::decode(&frame);
        let _ = y_websocket::decode_server(&frame);
        let _ = hocuspocus::decode(&frame);
        let _ = hocuspocus::decode_server(&frame);
        let _ = awareness::decode(&frame, 100);
        let _ = scan::update_v1(&frame);
        let _ = scan::state_vector_v1(&frame);
        let _ = Reader::new(&frame).var_int();
        if let Ok(address) = Address::new(frame) {
            let _ = address.doc_name();
            let _ = address.session_id();
        }
    }
}

#[test]
fn messages_of_servers_among_themselves_are_errors_from_a_client() {
    for message_type in [4, 6, 8, 9, 10, 11, 127] {
        let frame = Bytes::from(vec![1, b'd', message_type, 0]);
        let value = u64::from(message_type);
        let expected = DecodeError::Unknown {
            what: "message type",
            value,
        };
        assert_eq!(hocuspocus::decode(&frame), Err(expected));
    }
}

#[test]
fn the_longest_address_is_bounded() {
    let longest = Bytes::from(vec![b'a'; Address::BYTES_MAX]);
    assert!(Address::new(longest).is_ok());
    let longer = Bytes::from(vec![b'a'; Address::BYTES_MAX + 1]);
    assert!(matches!(
        Address::new(longer),
        Err(DecodeError::OverLimit { .. })
    ));
    assert_eq!(
        Address::new(Bytes::from_static(&[0xff])),
        Err(DecodeError::Utf8)
    );
}

#[test]
fn payloads_share_the_bytes_of_the_frame() {
    let frame = Bytes::from(vec![1, b'd', 0, 2, 3, 7, 8, 9]);
    let Ok(ClientFrame::Addressed(_, ClientMessage::Peer(PeerMessage::Update(update)))) =
        hocuspocus::decode(&frame)
    else {
        panic!("not an update");
    };
    assert_eq!(update.as_ptr(), frame[5..].as_ptr());
}

fn entry() -> impl Strategy<Value = AwarenessEntry> {
    let state = prop::option::of("\\{\"[a-zé🙂]*\":[0-9]{1,5}\\}");
    (0..=INTEGER_MAX, 0..=INTEGER_MAX, state).prop_map(|(client_id, clock, state)| AwarenessEntry {
        client_id,
        clock,
        state: state.map(Into::into),
    })
}

fn payload() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), 0..300).prop_map(Bytes::from)
}

fn peer_message() -> impl Strategy<Value = PeerMessage> {
    prop_oneof![
        payload().prop_map(PeerMessage::SyncStep1),
        payload().prop_map(PeerMessage::SyncStep2),
        payload().prop_map(PeerMessage::Update),
        payload().prop_map(PeerMessage::Awareness),
        Just(PeerMessage::QueryAwareness),
        ".*".prop_map(PeerMessage::Stateless),
    ]
}

fn server_message() -> impl Strategy<Value = ServerMessage> {
    let access = prop_oneof![Just(Access::ReadOnly), Just(Access::ReadWrite)];
    prop_oneof![
        payload().prop_map(ServerMessage::SyncStep1),
        payload().prop_map(ServerMessage::SyncStep2),
        payload().prop_map(ServerMessage::Update),
        payload().prop_map(ServerMessage::Awareness),
        Just(ServerMessage::Accepted),
        ".*".prop_map(ServerMessage::Refused),
        (access, ".{0,9}").prop_map(|(access, reason)| ServerMessage::Access(access, reason)),
        ".*".prop_map(ServerMessage::Stateless),
    ]
}

fn address() -> impl Strategy<Value = Address> {
    ("[a-zé/ 🙂]{1,200}", prop::option::of("[0-9a-z]{10,12}")).prop_map(|(name, session_id)| {
        let raw = match session_id {
            Some(session_id) => format!("{name}\0{session_id}"),
            None => name,
        };
        Address::new(Bytes::from(raw)).expect("a valid address")
    })
}

fn client_frame() -> impl Strategy<Value = ClientFrame> {
    let token = (".*", prop::option::of("[0-9.]{1,9}"));
    let message = prop_oneof![
        peer_message().prop_map(ClientMessage::Peer),
        token.prop_map(|(token, version)| ClientMessage::Token { token, version }),
        Just(ClientMessage::Close),
    ];
    prop_oneof![
        20 => (address(), message)
            .prop_map(|(address, message)| ClientFrame::Addressed(address, message)),
        1 => Just(ClientFrame::Ping),
        1 => Just(ClientFrame::Pong),
    ]
}

fn control() -> impl Strategy<Value = Control> {
    prop_oneof![
        Just(Control::RequestToken),
        ".*".prop_map(Control::PermissionDenied),
        ".*".prop_map(Control::Close),
    ]
}
