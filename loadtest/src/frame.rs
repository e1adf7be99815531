//! WebSocket frames as a client reads and writes them, without a buffer for an idle socket.
//!
//! The generator shares its processors with the server it measures: frames are handed out where
//! they lie in the read buffer, and only what is cut off by the end of a read is kept.

use std::mem;

use anyhow::{Result, ensure};

/// A larger frame is taken for garbage: no scenario has a document of this size.
const FRAME_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// From this size on, a frame passes by instead of being kept, where the reader wants it so.
const PASSING_BYTES_MIN: usize = 32 * 1024;
/// What is kept of a frame that passes by.
const HEAD_BYTES: usize = 64;
/// The close code of a socket that closed without one.
pub(crate) const NO_CODE: u16 = 1005;

pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
const CONTINUATION: u8 = 0;
const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// What came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event<'a> {
    Binary(&'a [u8]),
    /// A large binary frame passed by: its beginning and its length.
    Passed {
        head: &'a [u8],
        bytes: usize,
    },
    Ping(&'a [u8]),
    Closed(u16),
}

#[derive(Debug)]
struct Passing {
    head: [u8; HEAD_BYTES],
    bytes: usize,
    left: usize,
}

/// Cuts a byte stream into messages.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    /// The beginning of a frame whose end was not read yet.
    cut: Vec<u8>,
    /// The beginning of a message in several frames.
    message: Option<Vec<u8>>,
    passing: Option<Box<Passing>>,
    lets_pass: bool,
}

struct Header {
    is_final: bool,
    opcode: u8,
    bytes: usize,
    payload: usize,
}

impl Decoder {
    /// A decoder that does not keep large frames, but only says that they passed.
    pub(crate) fn passing() -> Self {
        Self {
            lets_pass: true,
            ..Self::default()
        }
    }

    /// Takes what was read.
    pub(crate) fn push(
        &mut self,
        mut bytes: &[u8],
        handle: &mut dyn FnMut(Event<'_>),
    ) -> Result<()> {
        if let Some(passing) = &mut self.passing {
            let taken = passing.left.min(bytes.len());
            passing.left -= taken;
            bytes = &bytes[taken..];
            if passing.left > 0 {
                return Ok(());
            }
            handle(Event::Passed {
                head: &passing.head,
                bytes: passing.bytes,
            });
            self.passing = None;
        }
        if self.cut.is_empty() {
            let used = self.frames(bytes, handle)?;
            self.cut = bytes[used..].to_vec();
            return Ok(());
        }
        let mut whole = mem::take(&mut self.cut);
        whole.extend_from_slice(bytes);
        let used = self.frames(&whole, handle)?;
        if used < whole.len() {
            whole.drain(..used);
            self.cut = whole;
        }
        Ok(())
    }

    /// Handles the whole frames at the beginning of `bytes`; how long they are together.
    fn frames(&mut self, bytes: &[u8], handle: &mut dyn FnMut(Event<'_>)) -> Result<usize> {
        let mut used = 0;
        while let Some(header) = header(&bytes[used..])? {
            let rest = &bytes[used + header.payload..];
            let Some(payload) = rest.get(..header.bytes) else {
                if self.lets_pass && header.bytes >= PASSING_BYTES_MIN && rest.len() >= HEAD_BYTES {
                    self.pass(&header, rest);
                    used = bytes.len();
                }
                break;
            };
            self.frame(&header, payload, handle);
            used += header.payload + header.bytes;
        }
        Ok(used)
    }

    fn pass(&mut self, header: &Header, rest: &[u8]) {
        let mut head = [0; HEAD_BYTES];
        head.copy_from_slice(&rest[..HEAD_BYTES]);
        self.passing = Some(Box::new(Passing {
            head,
            bytes: header.bytes,
            left: header.bytes - rest.len(),
        }));
    }

    fn frame(&mut self, header: &Header, payload: &[u8], handle: &mut dyn FnMut(Event<'_>)) {
        match (header.opcode, header.is_final) {
            (BINARY, true) => handle(Event::Binary(payload)),
            (BINARY, false) => self.message = Some(payload.to_vec()),
            (CONTINUATION, is_final) => {
                let Some(mut message) = self.message.take() else {
                    return;
                };
                message.extend_from_slice(payload);
                match is_final {
                    true => handle(Event::Binary(&message)),
                    false => self.message = Some(message),
                }
            }
            (PING, _) => handle(Event::Ping(payload)),
            (CLOSE, _) => handle(Event::Closed(match payload {
                [high, low, ..] => u16::from_be_bytes([*high, *low]),
                _ => NO_CODE,
            })),
            _ => {}
        }
    }
}

/// The header at the beginning of `bytes`, if all of it is there.
fn header(bytes: &[u8]) -> Result<Option<Header>> {
    let [first, second, rest @ ..] = bytes else {
        return Ok(None);
    };
    ensure!(second & 0x80 == 0, "the server masks its frames");
    let (bytes, payload) = match (second & 0x7f, rest) {
        (126, [a, b, ..]) => (u64::from(u16::from_be_bytes([*a, *b])), 4),
        (127, [a, b, c, d, e, f, g, h, ..]) => {
            (u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]), 10)
        }
        (126 | 127, _) => return Ok(None),
        (short, _) => (u64::from(short), 2),
    };
    ensure!(bytes <= FRAME_BYTES_MAX, "a frame of {bytes} bytes");
    Ok(Some(Header {
        is_final: first & 0x80 != 0,
        opcode: first & 0x0f,
        bytes: bytes as usize,
        payload,
    }))
}

/// Appends one whole frame of a client.
pub(crate) fn encode(out: &mut Vec<u8>, opcode: u8, payload: &[u8], mask: u32) {
    out.push(0x80 | opcode);
    match payload.len() {
        len @ 0..=125 => out.push(0x80 | len as u8),
        len @ 126..=0xffff => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    let mask = mask.to_be_bytes();
    out.extend_from_slice(&mask);
    let start = out.len();
    out.extend_from_slice(payload);
    for chunk in out[start..].chunks_mut(4) {
        for (byte, key) in chunk.iter_mut().zip(mask) {
            *byte ^= key;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server's frame: encoded as a client's with the mask zero, then the mask taken out.
    fn server_frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        encode(&mut frame, opcode, payload, 0);
        frame[1] &= 0x7f;
        let mask_at = frame.len() - payload.len() - 4;
        frame.drain(mask_at..mask_at + 4);
        frame
    }

    fn events(decoder: &mut Decoder, pieces: &[&[u8]]) -> Vec<String> {
        let mut events = Vec::new();
        for piece in pieces {
            decoder
                .push(piece, &mut |event| events.push(format!("{event:?}")))
                .expect("valid frames");
        }
        events
    }

    #[test]
    fn frames_are_found_wherever_the_stream_is_cut() {
        let mut stream = server_frame(BINARY, b"one");
        stream.extend(server_frame(PING, b"?"));
        stream.extend(server_frame(BINARY, &[7; 300]));
        stream.extend(server_frame(CLOSE, &[0x03, 0xe8]));
        let whole = events(&mut Decoder::default(), &[&stream]);
        assert_eq!(whole.len(), 4);
        assert_eq!(whole[3], "Closed(1000)");
        for cut in 0..stream.len() {
            let (left, right) = stream.split_at(cut);
            assert_eq!(events(&mut Decoder::default(), &[left, right]), whole);
        }
    }

    #[test]
    fn a_message_in_several_frames_is_joined() {
        let mut first = server_frame(BINARY, b"on");
        first[0] &= 0x7f;
        let rest = server_frame(CONTINUATION, b"e");
        let found = events(&mut Decoder::default(), &[&first, &rest]);
        assert_eq!(found, [format!("{:?}", Event::Binary(b"one"))]);
    }

    #[test]
    fn large_frames_pass_without_being_kept() {
        let payload = vec![9; PASSING_BYTES_MIN * 3];
        let mut stream = server_frame(BINARY, &payload);
        stream.extend(server_frame(BINARY, b"next"));
        let mut decoder = Decoder::passing();
        let pieces: Vec<&[u8]> = stream.chunks(1_000).collect();
        let mut passed = 0;
        let mut kept = 0;
        for piece in pieces {
            decoder
                .push(piece, &mut |event| match event {
                    Event::Passed { bytes, .. } => passed += bytes,
                    Event::Binary(b"next") => kept += 1,
                    other => panic!("{other:?}"),
                })
                .expect("valid frames");
            assert!(decoder.cut.len() < 2_000);
        }
        assert_eq!((passed, kept), (payload.len(), 1));
    }

    #[test]
    fn absurd_lengths_are_refused() {
        let frame = [0x82, 127, 0xff, 0, 0, 0, 0, 0, 0, 0];
        assert!(Decoder::default().push(&frame, &mut |_| {}).is_err());
    }

    #[test]
    fn the_mask_covers_every_byte() {
        let mut out = Vec::new();
        encode(&mut out, BINARY, b"abcde", 0x0102_0304);
        assert_eq!(out[..2], [0x82, 0x85]);
        let unmasked: Vec<u8> = out[6..]
            .iter()
            .zip([1, 2, 3, 4].iter().cycle())
            .map(|(byte, key)| byte ^ key)
            .collect();
        assert_eq!(unmasked, b"abcde");
    }
}
