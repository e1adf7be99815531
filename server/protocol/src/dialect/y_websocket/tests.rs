//! Frames of this dialect: what is written is read again.

use super::*;

#[test]
fn a_denial_is_the_only_word_for_access() {
    let read_only = ServerMessage::Access(Access::ReadOnly, String::new());
    assert_eq!(encode(&read_only).as_deref(), Some(&[2, 0, 0][..]));
    let read_write = ServerMessage::Access(Access::ReadWrite, String::new());
    assert_eq!(encode(&read_write), None);
    assert_eq!(encode(&ServerMessage::Accepted), None);
    assert_eq!(encode(&ServerMessage::Stateless("note".into())), None);
    let refused = encode(&ServerMessage::Refused("full".into()));
    assert_eq!(
        refused.as_deref(),
        Some(&[2, 0, 4, b'f', b'u', b'l', b'l'][..])
    );
}

#[test]
fn bytes_after_the_first_message_are_ignored() {
    let frame = Bytes::from_static(&[0, 0, 1, 0, 3, 3]);
    assert_eq!(
        decode(&frame),
        Ok(PeerMessage::SyncStep1(Bytes::from_static(&[0])))
    );
}
