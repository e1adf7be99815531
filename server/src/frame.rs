//! Complete WebSocket frames of a server: made once, shared by all sockets that get them.
//!
//! A server's frames are not masked, so header and payload are the same bytes for every receiver.

use std::io::IoSlice;

use bytes::Bytes;

/// The longest header of a frame that is not masked.
const HEADER_BYTES_MAX: usize = 10;
/// A payload from this size on is sent from where it is; below, copying it behind its head is
/// cheaper than a second piece for each socket.
const SHARED_BYTES_MIN: usize = 4 << 10;

/// FIN, and the kind of frame.
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

/// A frame in at most two pieces; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    head: Bytes,
    body: Bytes,
}

impl Frame {
    /// A binary message: `heads`, then `payload`, which is shared where it is large.
    pub(crate) fn binary(heads: &[&[u8]], payload: &Bytes) -> Self {
        if payload.len() < SHARED_BYTES_MIN {
            let pieces: Vec<&[u8]> = heads.iter().copied().chain([&payload[..]]).collect();
            return Self::of(BINARY, &pieces, Bytes::new());
        }
        Self::of(BINARY, heads, payload.clone())
    }

    /// A binary message that is one piece already.
    pub(crate) fn message(message: &Bytes) -> Self {
        Self::binary(&[], message)
    }

    pub(crate) fn ping() -> Self {
        Self::of(PING, &[], Bytes::new())
    }

    pub(crate) fn pong(payload: &[u8]) -> Self {
        Self::of(PONG, &[payload], Bytes::new())
    }

    /// A close frame; its reason must be short enough for a control frame (123 bytes).
    pub(crate) fn close(code: u16, reason: &str) -> Self {
        Self::of(
            CLOSE,
            &[&code.to_be_bytes(), reason.as_bytes()],
            Bytes::new(),
        )
    }

    /// A close frame without a code, the answer to one that has none.
    pub(crate) fn close_without_code() -> Self {
        Self::of(CLOSE, &[], Bytes::new())
    }

    fn of(kind: u8, heads: &[&[u8]], body: Bytes) -> Self {
        let head_bytes: usize = heads.iter().map(|piece| piece.len()).sum();
        let (header, header_bytes) = header(kind, head_bytes + body.len());
        let mut head = Vec::with_capacity(header_bytes + head_bytes);
        head.extend_from_slice(&header[..header_bytes]);
        for piece in heads {
            head.extend_from_slice(piece);
        }
        Self {
            head: head.into(),
            body,
        }
    }

    /// Whether a client's code hears of it; control frames are between the two ends only.
    pub(crate) fn is_message(&self) -> bool {
        self.head.first() == Some(&BINARY)
    }

    /// All bytes, the header included.
    pub(crate) fn len(&self) -> usize {
        self.head.len() + self.body.len()
    }

    /// What is left behind the first `skipped` bytes, as pieces for one write. The second is empty
    /// where one piece is all.
    pub(crate) fn pieces(&self, skipped: usize) -> [IoSlice<'_>; 2] {
        let of_body = skipped.saturating_sub(self.head.len());
        [
            IoSlice::new(self.head.get(skipped..).unwrap_or_default()),
            IoSlice::new(self.body.get(of_body..).unwrap_or_default()),
        ]
    }
}

fn header(kind: u8, payload_bytes: usize) -> ([u8; HEADER_BYTES_MAX], usize) {
    let mut header = [0; HEADER_BYTES_MAX];
    header[0] = kind;
    let len = match payload_bytes {
        0..=125 => {
            header[1] = payload_bytes as u8;
            2
        }
        126..=0xffff => {
            header[1] = 126;
            header[2..4].copy_from_slice(&(payload_bytes as u16).to_be_bytes());
            4
        }
        _ => {
            header[1] = 127;
            header[2..].copy_from_slice(&(payload_bytes as u64).to_be_bytes());
            HEADER_BYTES_MAX
        }
    };
    (header, len)
}

#[cfg(test)]
mod tests {
    use tungstenite::{Message, WebSocket, protocol::Role};

    use super::*;

    /// What a client makes of these bytes.
    fn read(frame: &Frame) -> Message {
        let mut bytes = std::io::Cursor::new(
            frame
                .pieces(0)
                .iter()
                .flat_map(|piece| piece.to_vec())
                .collect::<Vec<u8>>(),
        );
        WebSocket::from_raw_socket(&mut bytes, Role::Client, None)
            .read()
            .expect("a frame")
    }

    #[test]
    fn clients_read_messages_of_every_length_form_shared_or_not() {
        for len in [0, 1, 121, 122, 4_095, 4_096, 65_531, 65_532, 200_000] {
            let payload: Bytes = (0..len).map(|byte| byte as u8).collect();
            let frame = Frame::binary(&[&[1, 2], &[3, 4]], &payload);
            let expected = [&[1, 2, 3, 4], &payload[..]].concat();
            assert!(frame.pieces(0)[0].len() < 4_200);
            assert_eq!(read(&frame), Message::Binary(expected.into()), "{len}");
        }
    }

    #[test]
    fn clients_read_control_frames() {
        assert_eq!(read(&Frame::ping()), Message::Ping(Bytes::new()));
        assert_eq!(read(&Frame::pong(b"here")), Message::Pong("here".into()));
        assert_eq!(read(&Frame::close_without_code()), Message::Close(None));
        let Message::Close(Some(close)) = read(&Frame::close(1012, "soon")) else {
            panic!("no close frame")
        };
        assert_eq!(
            (u16::from(close.code), close.reason.as_str()),
            (1012, "soon")
        );
    }

    #[test]
    fn what_is_left_of_a_frame_continues_where_the_last_write_ended() {
        let payload = Bytes::from(vec![7; 5_000]);
        let frame = Frame::binary(&[&[1, 2, 3]], &payload);
        let all: Vec<u8> = frame.pieces(0).iter().flat_map(|p| p.to_vec()).collect();
        for skipped in 0..=all.len() {
            let rest = frame.pieces(skipped);
            let rest: Vec<u8> = rest.iter().flat_map(|piece| piece.to_vec()).collect();
            assert_eq!(rest, all[skipped..]);
        }
    }
}
