//! The sequences of published providers, byte for byte where it matters.

use unisson_protocol::Access;

use super::*;

const GRANT: Grant = Grant::of(Access::ReadWrite);

fn frame(bytes: &[u8]) -> Bytes {
    Bytes::copy_from_slice(bytes)
}

/// `d`: the address, then a message.
fn about_d(message: &[u8]) -> Bytes {
    [b"\x01d", message].concat().into()
}

fn address() -> Address {
    Address::new(Bytes::from_static(b"d")).expect("an address")
}

fn name() -> DocName {
    DocName::new("d").expect("a name")
}

fn opened() -> Connection {
    let mut connection = Connection::default();
    connection
        .received(&about_d(b"\x02\x00\x02rw\x054.8.0"))
        .expect("taken");
    connection.authenticated(&address(), name(), Ok(GRANT));
    connection
}

#[test]
fn a_token_is_checked_then_the_client_is_told_and_let_in() {
    let mut connection = Connection::default();
    let actions = connection.received(&about_d(b"\x02\x00\x02rw\x054.8.0"));
    assert_eq!(
        actions,
        Ok(vec![Action::Authenticate(
            address(),
            name(),
            Credential::of_token("rw")
        )])
    );
    let actions = connection.authenticated(&address(), name(), Ok(GRANT));
    assert_eq!(
        actions,
        [
            Action::Send(about_d(b"\x02\x02\x0aread-write")),
            Action::Join(address(), name(), GRANT),
        ]
    );
}

#[test]
fn frames_before_the_token_wait_in_order() {
    let mut connection = Connection::default();
    let awareness = about_d(b"\x01\x01\x00");
    assert_eq!(connection.received(&awareness), Ok(vec![]));
    assert_eq!(
        connection.received(&about_d(b"\x00\x02\x02\x00\x00")),
        Ok(vec![])
    );
    connection
        .received(&about_d(b"\x02\x00\x00"))
        .expect("taken");
    let actions = connection.authenticated(&address(), name(), Ok(GRANT));
    assert!(matches!(
        actions.as_slice(),
        [
            Action::Send(_),
            Action::Join(..),
            Action::Forward(_, PeerMessage::Awareness(_)),
            Action::Forward(_, PeerMessage::Update(_)),
        ]
    ));
    assert_eq!((connection.early_bytes, connection.early_messages), (0, 0));
}

#[test]
fn a_handshake_without_a_token_is_an_anonymous_provider_of_version_2() {
    let mut connection = Connection::default();
    let actions = connection.received(&about_d(b"\x00\x00\x01\x00"));
    assert_eq!(
        actions,
        Ok(vec![Action::Authenticate(
            address(),
            name(),
            Credential::default()
        )])
    );
    let actions = connection.authenticated(&address(), name(), Ok(GRANT));
    assert!(matches!(
        actions.last(),
        Some(Action::Forward(_, PeerMessage::SyncStep1(_)))
    ));
}

#[test]
fn a_refusal_keeps_the_socket_and_the_next_token_is_a_fresh_attempt() {
    let mut connection = Connection::default();
    connection
        .received(&about_d(b"\x02\x00\x03bad"))
        .expect("taken");
    let denied = connection.authenticated(&address(), name(), Err(CloseReason::Unauthorized));
    assert_eq!(denied, [Action::Send(about_d(b"\x02\x01\x0cunauthorized"))]);
    let late = connection.received(&about_d(b"\x00\x02\x02\x00\x00"));
    assert_eq!(late, Ok(vec![]), "what comes after a refusal is dropped");
    let handshake = connection.received(&about_d(b"\x00\x00\x01\x00"));
    assert_eq!(
        handshake,
        Ok(vec![]),
        "so is the handshake sent behind the token"
    );
    let again = connection
        .received(&about_d(b"\x02\x00\x02rw"))
        .expect("taken");
    assert!(matches!(again.as_slice(), [Action::Authenticate(..)]));
}

#[test]
fn another_token_on_an_open_document_is_checked_without_a_reply() {
    let mut connection = opened();
    connection
        .received(&about_d(b"\x02\x00\x01x"))
        .expect("taken");
    let read_only = Grant::of(Access::ReadOnly);
    let actions = connection.authenticated(&address(), name(), Ok(read_only.clone()));
    assert_eq!(actions, [Action::Change(address(), read_only)]);
    let actions = connection.authenticated(&address(), name(), Err(CloseReason::Unauthorized));
    assert!(matches!(
        actions.as_slice(),
        [Action::Send(_), Action::Leave(_)]
    ));
}

#[test]
fn a_close_is_answered_only_where_a_version_was_announced_and_late_frames_are_swallowed() {
    let mut connection = opened();
    let actions = connection.received(&about_d(b"\x07")).expect("taken");
    assert_eq!(
        actions,
        [
            Action::Send(about_d(b"\x07\x12provider_initiated")),
            Action::Leave(address()),
        ]
    );
    assert_eq!(connection.received(&about_d(b"\x01\x01\x00")), Ok(vec![]));
    let mut old = Connection::default();
    old.received(&about_d(b"\x02\x00\x02rw")).expect("taken");
    old.authenticated(&address(), name(), Ok(GRANT));
    assert_eq!(
        old.received(&about_d(b"\x07")),
        Ok(vec![Action::Leave(address())])
    );
}

#[test]
fn a_session_aware_address_comes_back_byte_for_byte() {
    let mut connection = Connection::default();
    let raw: &[u8] = b"\x0cd\0rip1o1abzi";
    let token = frame(&[raw, b"\x02\x00\x00"].concat());
    let actions = connection.received(&token).expect("taken");
    let [Action::Authenticate(address, name, _)] = actions.as_slice() else {
        panic!()
    };
    assert_eq!(name.as_str(), "d");
    let actions = connection.authenticated(address, name.clone(), Ok(GRANT));
    let Some(Action::Send(hello)) = actions.first() else {
        panic!()
    };
    assert!(hello.starts_with(raw));
}

#[test]
fn a_blank_name_is_denied_at_its_own_address() {
    let mut connection = Connection::default();
    let actions = connection
        .received(&frame(b"\x01 \x02\x00\x00"))
        .expect("taken");
    assert_eq!(
        actions,
        [Action::Send(frame(b"\x01 \x02\x01\x11permission-denied"))]
    );
}

#[test]
fn ping_is_answered_with_pong() {
    let mut connection = Connection::default();
    let pong = Ok(vec![Action::Send(frame(b"\x0a"))]);
    assert_eq!(connection.received(&frame(b"\x09")), pong);
}

#[test]
fn what_may_wait_for_a_token_is_bounded_in_messages_bytes_and_addresses() {
    let update = about_d(b"\x00\x02\x02\x00\x00");
    let mut connection = Connection::default();
    let refused = (0..2_000).find(|_| connection.received(&update).is_err());
    assert_eq!(refused, Some(EARLY_MESSAGES_MAX));

    let mut connection = Connection::default();
    let large = [b"\x01d\x00\x02\x80\x80\x40".as_slice(), &vec![0; 1 << 20]].concat();
    let refused = (0..20).find(|_| connection.received(&frame(&large)).is_err());
    assert_eq!(refused, Some(5));

    let mut connection = Connection::default();
    let refused = (100..999).find(|number| {
        let frame = frame(&[format!("\x03{number}").as_bytes(), b"\x01\x01\x00"].concat());
        connection.received(&frame).is_err()
    });
    assert_eq!(refused, Some(100 + EARLY_ADDRESSES_MAX));
}

#[test]
fn while_nobody_knows_who_it_is_a_client_is_sent_away_and_not_denied() {
    let mut connection = Connection::default();
    connection
        .received(&about_d(b"\x02\x00\x02rw"))
        .expect("taken");
    let undecided = Err(CloseReason::Undecided);
    let actions = connection.authenticated(&address(), name(), undecided.clone());
    assert_eq!(actions, [Action::Close(CloseReason::Undecided)]);

    let mut connection = opened();
    connection
        .received(&about_d(b"\x02\x00\x03new"))
        .expect("taken");
    assert_eq!(connection.authenticated(&address(), name(), undecided), []);
    let edit = connection.received(&about_d(b"\x00\x02\x02\x00\x00"));
    assert!(
        matches!(edit.as_deref(), Ok([Action::Forward(..)])),
        "{edit:?}"
    );
}

#[test]
fn an_answer_that_comes_after_the_client_has_left_lets_nobody_in() {
    let mut connection = Connection::default();
    connection
        .received(&about_d(b"\x02\x00\x02rw"))
        .expect("taken");
    connection.received(&about_d(b"\x07")).expect("taken");
    assert_eq!(connection.authenticated(&address(), name(), Ok(GRANT)), []);
}
