//! Client frames out of bytes as they come: the reading half of RFC 6455, without extensions.
//!
//! It keeps only what is not complete yet, so an idle socket costs no buffer, and what a client
//! announces costs nothing before it is sent. Messages come out in memory of their own size.

use bytes::Bytes;

/// Why a client's bytes are not acceptable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Violation {
    #[error("a message is over the size limit")]
    TooLarge,
    #[error("not a frame of a WebSocket client")]
    Protocol,
    #[error("a text message")]
    Text,
}

/// What a client sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Incoming {
    /// A whole binary message.
    Message(Bytes),
    /// To be answered with the same payload.
    Ping(Bytes),
    Pong,
    /// The end, with a code where one was given.
    Close(Option<u16>),
}

/// The longest header: two bytes, eight of length, four of mask.
const HEADER_BYTES_MAX: usize = 14;
/// The longest payload of a control frame.
const CONTROL_BYTES_MAX: usize = 125;
/// A message grows in steps: the first one, and how many times what has come already.
const GROWTH_BYTES_MIN: usize = 16 << 10;
const GROWTH_FACTOR: usize = 4;

const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;

/// The frame whose payload is being read.
#[derive(Debug, Clone, Copy)]
struct Current {
    opcode: u8,
    is_final: bool,
    mask: [u8; 4],
    left: usize,
}

/// Reads the frames of one client.
#[derive(Debug)]
pub(crate) struct FrameReader {
    message_bytes_max: usize,
    header: [u8; HEADER_BYTES_MAX],
    header_len: u8,
    /// A fragmented message has begun.
    is_fragmented: bool,
    current: Option<Current>,
    /// The incomplete message.
    message: Vec<u8>,
    /// The incomplete control frame, which may come between two fragments.
    control: Vec<u8>,
}

impl FrameReader {
    pub(crate) fn new(message_bytes_max: usize) -> Self {
        Self {
            message_bytes_max,
            header: [0; HEADER_BYTES_MAX],
            header_len: 0,
            is_fragmented: false,
            current: None,
            message: Vec::new(),
            control: Vec::new(),
        }
    }

    /// The next whole message or control frame, and `input` behind it; `None` when all of `input`
    /// is taken. The payload is unmasked where it stands. After an error nothing makes sense.
    pub(crate) fn next(&mut self, input: &mut &mut [u8]) -> Result<Option<Incoming>, Violation> {
        loop {
            let current = match self.current {
                Some(current) => current,
                None => match self.header(input)? {
                    Some(current) => current,
                    None => return Ok(None),
                },
            };
            let taken = current.left.min(input.len());
            let (payload, rest) = std::mem::take(input).split_at_mut(taken);
            *input = rest;
            unmask(payload, current.mask);
            let left = current.left - taken;
            if left > 0 {
                let mut mask = current.mask;
                mask.rotate_left(taken % 4);
                self.keep(current, payload, left);
                self.current = Some(Current {
                    left,
                    mask,
                    ..current
                });
                return Ok(None);
            }
            self.current = None;
            if let Some(incoming) = self.complete(current, payload)? {
                return Ok(Some(incoming));
            }
        }
    }

    /// Takes a header, byte by byte where it comes in pieces.
    fn header(&mut self, input: &mut &mut [u8]) -> Result<Option<Current>, Violation> {
        loop {
            let len = usize::from(self.header_len);
            let needed = header_len(&self.header[..len])?;
            let taken = (needed - len).min(input.len());
            if taken == 0 && needed > len {
                return Ok(None);
            }
            if needed == len {
                self.header_len = 0;
                return self.begin(len).map(Some);
            }
            let (bytes, rest) = std::mem::take(input).split_at_mut(taken);
            self.header[len..len + taken].copy_from_slice(bytes);
            self.header_len += taken as u8;
            *input = rest;
        }
    }

    /// Checks a whole header.
    fn begin(&mut self, len: usize) -> Result<Current, Violation> {
        let [first, second, ..] = self.header;
        let opcode = first & 0x0f;
        let is_final = first & 0x80 != 0;
        let length = match second & 0x7f {
            126 => u64::from(u16::from_be_bytes([self.header[2], self.header[3]])),
            127 => self.header[2..10]
                .iter()
                .fold(0, |length, byte| length << 8 | u64::from(*byte)),
            short => u64::from(short),
        };
        let left = usize::try_from(length).map_err(|_| Violation::TooLarge)?;
        match opcode {
            CLOSE | PING | PONG if is_final && left <= CONTROL_BYTES_MAX => {}
            CONTINUATION if self.is_fragmented => {}
            BINARY if !self.is_fragmented => self.is_fragmented = !is_final,
            TEXT if !self.is_fragmented => return Err(Violation::Text),
            _ => return Err(Violation::Protocol),
        }
        if left > self.message_bytes_max.saturating_sub(self.message.len()) {
            return Err(Violation::TooLarge);
        }
        let mut mask = [0; 4];
        mask.copy_from_slice(&self.header[len - 4..len]);
        Ok(Current {
            opcode,
            is_final,
            mask,
            left,
        })
    }

    /// Keeps a part of a payload, of which `left` bytes are still to come.
    fn keep(&mut self, current: Current, payload: &[u8], left: usize) {
        if is_control(current.opcode) {
            self.control.extend_from_slice(payload);
            return;
        }
        let free = self.message.capacity() - self.message.len();
        if free < payload.len() {
            let step = (self.message.len() * GROWTH_FACTOR).max(GROWTH_BYTES_MIN);
            self.message.reserve_exact(payload.len() + left.min(step));
        }
        self.message.extend_from_slice(payload);
    }

    /// Takes the end of a payload.
    fn complete(
        &mut self,
        current: Current,
        payload: &[u8],
    ) -> Result<Option<Incoming>, Violation> {
        if is_control(current.opcode) {
            let mut whole = std::mem::take(&mut self.control);
            whole.extend_from_slice(payload);
            return control(current.opcode, &whole).map(Some);
        }
        if !current.is_final {
            self.keep(current, payload, 0);
            return Ok(None);
        }
        self.is_fragmented = false;
        if self.message.is_empty() {
            return Ok(Some(Incoming::Message(Bytes::copy_from_slice(payload))));
        }
        let mut message = std::mem::take(&mut self.message);
        message.reserve_exact(payload.len());
        message.extend_from_slice(payload);
        message.shrink_to_fit();
        Ok(Some(Incoming::Message(message.into())))
    }
}

/// How long the header is that begins so, as far as can be told.
fn header_len(begin: &[u8]) -> Result<usize, Violation> {
    let [first, second, ..] = begin else {
        return Ok(2);
    };
    // No extension was agreed on, and a client masks what it sends.
    if first & 0x70 != 0 || second & 0x80 == 0 {
        return Err(Violation::Protocol);
    }
    Ok(match second & 0x7f {
        126 => 8,
        127 => 14,
        _ => 6,
    })
}

fn is_control(opcode: u8) -> bool {
    opcode >= CLOSE
}

fn control(opcode: u8, payload: &[u8]) -> Result<Incoming, Violation> {
    match (opcode, payload) {
        (PING, payload) => Ok(Incoming::Ping(Bytes::copy_from_slice(payload))),
        (PONG, _) => Ok(Incoming::Pong),
        (_, []) => Ok(Incoming::Close(None)),
        (_, [high, low, reason @ ..]) if std::str::from_utf8(reason).is_ok() => {
            Ok(Incoming::Close(Some(u16::from_be_bytes([*high, *low]))))
        }
        _ => Err(Violation::Protocol),
    }
}

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let wide = u64::from(u32::from_ne_bytes(mask));
    let wide = wide | wide << 32;
    let mut words = payload.chunks_exact_mut(8);
    for word in &mut words {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(word);
        word.copy_from_slice(&(u64::from_ne_bytes(bytes) ^ wide).to_ne_bytes());
    }
    for (byte, mask) in words.into_remainder().iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests;
