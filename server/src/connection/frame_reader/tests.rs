//! The reader held against what a tungstenite client writes.

use tungstenite::{
    Message, WebSocket,
    protocol::{
        Role,
        frame::Frame as Whole,
        frame::coding::{Control, Data, OpCode},
    },
};

use super::*;

/// A little deterministic noise, for sizes and places to cut at.
struct Noise(u64);

impl Noise {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// What a tungstenite client writes for these messages.
fn client_bytes(messages: impl IntoIterator<Item = Message>) -> Vec<u8> {
    let mut socket =
        WebSocket::from_raw_socket(std::io::Cursor::new(Vec::new()), Role::Client, None);
    for message in messages {
        socket.send(message).expect("memory takes all");
    }
    socket.into_inner().into_inner()
}

fn fragment(opcode: Data, payload: &[u8], is_final: bool) -> Message {
    let frame = Whole::message(payload.to_vec(), OpCode::Data(opcode), is_final);
    Message::Frame(frame)
}

/// Everything that comes out of `bytes` when they come in pieces of `piece` bytes.
fn read_in_pieces(
    reader: &mut FrameReader,
    bytes: &[u8],
    mut piece: impl FnMut() -> usize,
) -> Result<Vec<Incoming>, Violation> {
    let mut heard = Vec::new();
    let mut bytes = bytes.to_vec();
    let mut rest = &mut bytes[..];
    while !rest.is_empty() {
        let (mut now, later) = rest.split_at_mut(piece().clamp(1, rest.len()));
        while let Some(incoming) = reader.next(&mut now)? {
            heard.push(incoming);
        }
        assert!(now.is_empty(), "all that came is taken");
        rest = later;
    }
    Ok(heard)
}

fn read(bytes: &[u8]) -> Result<Vec<Incoming>, Violation> {
    read_in_pieces(&mut FrameReader::new(1_000), bytes, || usize::MAX)
}

#[test]
fn messages_of_a_client_come_out_whole_wherever_the_bytes_are_cut() {
    for seed in 1..300 {
        let mut noise = Noise(seed);
        let sizes = [0, 1, 7, 125, 126, 300, 70_000];
        let payloads: Vec<Vec<u8>> = (0..5)
            .map(|_| {
                let size = sizes[noise.below(sizes.len())];
                (0..size).map(|_| noise.below(256) as u8).collect()
            })
            .collect();
        let sent = client_bytes(payloads.iter().map(|p| Message::Binary(p.clone().into())));
        let cut = [1, 5, 50, 5_000][noise.below(4)];
        let mut reader = FrameReader::new(1 << 20);
        let heard = read_in_pieces(&mut reader, &sent, || 1 + noise.below(cut));
        let expected = payloads.into_iter().map(|p| Incoming::Message(p.into()));
        assert_eq!(heard, Ok(expected.collect()), "seed {seed}");
        assert_eq!(reader.message.capacity() + reader.control.capacity(), 0);
    }
}

#[test]
fn fragments_are_joined_and_a_ping_between_them_is_answered_first() {
    let ping = Whole::ping(vec![9; 125]);
    assert_eq!(ping.header().opcode, OpCode::Control(Control::Ping));
    let sent = client_bytes([
        fragment(Data::Binary, b"one ", false),
        Message::Ping(vec![9; 125].into()),
        fragment(Data::Continue, b"", false),
        fragment(Data::Continue, b"two", true),
        Message::Binary("three".into()),
    ]);
    for piece in [1, 3, 1_000] {
        let heard = read_in_pieces(&mut FrameReader::new(1_000), &sent, || piece);
        let expected = [
            Incoming::Ping(vec![9; 125].into()),
            Incoming::Message("one two".into()),
            Incoming::Message("three".into()),
        ];
        assert_eq!(heard, Ok(expected.into()), "pieces of {piece}");
    }
}

#[test]
fn a_message_over_the_limit_is_refused_by_its_header_and_costs_nothing() {
    let mut reader = FrameReader::new(1_000);
    let header = [0x82, 0xff, 0, 0, 0, 0, 0, 0, 0x03, 0xe9, 1, 2, 3, 4];
    let refused = read_in_pieces(&mut reader, &header, || 1);
    assert_eq!(refused, Err(Violation::TooLarge));
    assert_eq!(reader.message.capacity(), 0);
    let longest = [[0x82, 0xff].as_slice(), &[0xff; 12]].concat();
    assert_eq!(read(&longest), Err(Violation::TooLarge));
    let in_fragments = client_bytes([
        fragment(Data::Binary, &[0; 900], false),
        fragment(Data::Continue, &[0; 101], true),
    ]);
    assert_eq!(read(&in_fragments), Err(Violation::TooLarge));
}

#[test]
fn what_is_only_announced_takes_no_room() {
    let mut reader = FrameReader::new(1 << 30);
    let mut begin = [0x82, 0xff, 0, 0, 0, 0, 0x30, 0, 0, 0, 1, 2, 3, 4, 7, 7, 7];
    assert_eq!(reader.next(&mut &mut begin[..]), Ok(None));
    assert!(reader.message.capacity() <= GROWTH_BYTES_MIN + 3);
}

#[test]
fn bytes_that_no_client_sends_are_refused() {
    for (what, bytes) in [
        ("no mask", &[0x82, 0x01, 7][..]),
        ("a reserved bit", &[0xc2, 0x80, 0, 0, 0, 0]),
        ("an unknown kind", &[0x83, 0x80, 0, 0, 0, 0]),
        ("an unknown control frame", &[0x8b, 0x80, 0, 0, 0, 0]),
        ("a continuation of nothing", &[0x80, 0x80, 0, 0, 0, 0]),
        ("a ping in fragments", &[0x09, 0x80, 0, 0, 0, 0]),
        ("a long ping", &[0x89, 0xfe, 0, 126, 0, 0, 0, 0]),
        ("half a close code", &[0x88, 0x81, 0, 0, 0, 0, 3]),
        (
            "a message inside a message",
            &[0x02, 0x80, 0, 0, 0, 0, 0x82, 0x80, 0, 0, 0, 0],
        ),
    ] {
        assert_eq!(read(bytes), Err(Violation::Protocol), "{what}");
    }
    let text = client_bytes([Message::Text("hello".into())]);
    assert_eq!(read(&text), Err(Violation::Text));
}

#[test]
fn a_close_is_heard_with_its_code_or_without() {
    assert_eq!(
        read(&[0x88, 0x80, 0, 0, 0, 0]),
        Ok(vec![Incoming::Close(None)])
    );
    assert_eq!(
        read(&[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]),
        Ok(vec![Incoming::Close(Some(1000))])
    );
}

#[test]
fn noise_never_panics() {
    for seed in 1..20_000 {
        let mut noise = Noise(seed);
        let mut bytes: Vec<u8> = (0..64).map(|_| noise.below(256) as u8).collect();
        bytes[0] = [0x82, 0x02, 0x00, 0x80, 0x89, 0x88][noise.below(6)];
        bytes[1] |= 0x80;
        let _ = read_in_pieces(&mut FrameReader::new(500), &bytes, || 1 + noise.below(20));
    }
}
