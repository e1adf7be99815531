//! lib0 primitives: variable-length integers, strings and byte arrays, read with every length
//! checked against the bytes that are there.

use bytes::Bytes;

/// The largest integer on the wire: 2^53 - 1, the largest that JavaScript counts exactly.
pub const INTEGER_MAX: u64 = (1 << 53) - 1;

/// Why bytes are not what they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end inside a value, or a length points past them.
    #[error("unexpected end of data")]
    Truncated,
    /// An integer of more than 53 bits, or with needless continuation bytes past that.
    #[error("integer out of range")]
    IntegerRange,
    /// A string that is not UTF-8.
    #[error("invalid UTF-8")]
    Utf8,
    /// A message type or tag that does not exist in this place.
    #[error("unknown {what} {value}")]
    Unknown {
        /// What kind of tag.
        what: &'static str,
        /// Its value.
        value: u64,
    },
    /// Well formed, but over a limit.
    #[error("{what} is over its limit of {max}")]
    OverLimit {
        /// What is too large, too many or too deep.
        what: &'static str,
        /// The limit.
        max: u64,
    },
    /// Well formed, but meaningless.
    #[error("{0}")]
    Invalid(&'static str),
}

/// Reads values from the front of a byte slice. Nothing is copied or allocated.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the front of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What is not read yet.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether everything is read.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// One byte.
    pub fn byte(&mut self) -> Result<u8, DecodeError> {
        let (first, rest) = self.rest.split_first().ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(*first)
    }

    /// Exactly `len` bytes.
    pub fn bytes(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(len)
            .ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    /// An unsigned integer of at most [`INTEGER_MAX`].
    pub fn var_uint(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0;
        for shift in (0..56).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return in_range(value);
            }
        }
        Err(DecodeError::IntegerRange)
    }

    /// A signed integer (lib0 `varInt`: the first byte carries the sign in bit 6) whose magnitude
    /// is at most [`INTEGER_MAX`]. Minus zero reads as zero.
    pub fn var_int(&mut self) -> Result<i64, DecodeError> {
        let first = self.byte()?;
        let mut value = u64::from(first & 0x3f);
        let mut last = first;
        let mut shift = 6;
        while last >= 0x80 {
            if shift > 48 {
                return Err(DecodeError::IntegerRange);
            }
            last = self.byte()?;
            value |= u64::from(last & 0x7f) << shift;
            shift += 7;
        }
        let magnitude = in_range(value)?.cast_signed();
        Ok(if first & 0x40 == 0 {
            magnitude
        } else {
            -magnitude
        })
    }

    /// A length, then as many bytes.
    pub fn var_bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = self.var_uint()?;
        self.bytes(usize::try_from(len).map_err(|_| DecodeError::Truncated)?)
    }

    /// A length in bytes, then as much UTF-8.
    pub fn var_string(&mut self) -> Result<&'a str, DecodeError> {
        std::str::from_utf8(self.var_bytes()?).map_err(|_| DecodeError::Utf8)
    }

    /// How many things follow, where each takes `item_bytes_min` (not zero) bytes or more: a count
    /// that the remaining bytes cannot hold is refused before anybody believes it.
    pub fn count(&mut self, item_bytes_min: usize) -> Result<usize, DecodeError> {
        let count = usize::try_from(self.var_uint()?).map_err(|_| DecodeError::Truncated)?;
        if count > self.rest.len() / item_bytes_min.max(1) {
            return Err(DecodeError::Truncated);
        }
        Ok(count)
    }
}

fn in_range(value: u64) -> Result<u64, DecodeError> {
    if value > INTEGER_MAX {
        return Err(DecodeError::IntegerRange);
    }
    Ok(value)
}

/// Appends values to a growing buffer.
#[derive(Debug, Default)]
pub struct Writer {
    buffer: Vec<u8>,
}

impl Writer {
    /// Room for one length or tag, at most.
    pub(crate) const INTEGER_BYTES_MAX: usize = 10;

    /// Starts with room for `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            buffer: Vec::with_capacity(capacity),
        }
    }

    /// Bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// An unsigned integer. Ours are at most [`INTEGER_MAX`]; a larger one is written whole and
    /// refused by every reader.
    pub fn var_uint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.buffer.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.buffer.push(value as u8);
    }

    /// A length, then the bytes.
    pub fn var_bytes(&mut self, bytes: &[u8]) {
        self.var_uint(bytes.len() as u64);
        self.bytes(bytes);
    }

    /// A length in bytes, then the text.
    pub fn var_string(&mut self, text: &str) {
        self.var_bytes(text.as_bytes());
    }

    /// Everything written.
    pub fn finish(self) -> Bytes {
        Bytes::from(self.buffer)
    }

    /// Everything written, to be written on.
    pub fn into_vec(self) -> Vec<u8> {
        self.buffer
    }
}
