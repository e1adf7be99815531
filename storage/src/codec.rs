//! Reading and writing the primitive values of the storage format.
//!
//! Every length read is compared with a limit and with what is left before anything is allocated.

/// Why bytes are not what the format says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Malformed(pub(crate) &'static str);

impl From<Malformed> for String {
    fn from(Malformed(problem): Malformed) -> Self {
        problem.to_owned()
    }
}

/// A cursor over bytes that nobody vouches for.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (head, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or(Malformed("cut short"))?;
        self.rest = rest;
        Ok(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (head, rest) = self
            .rest
            .split_first_chunk()
            .ok_or(Malformed("cut short"))?;
        self.rest = rest;
        Ok(*head)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Malformed> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Malformed> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// LEB128, at most ten bytes.
    pub(crate) fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            if shift == 63 && byte > 1 {
                return Err(Malformed("a number is too large"));
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Malformed("a number is too large"))
    }

    /// A count of items of at least `item_bytes` bytes each: never more than what is left can hold.
    pub(crate) fn count(&mut self, item_bytes: usize) -> Result<usize, Malformed> {
        let count =
            usize::try_from(self.varint()?).map_err(|_| Malformed("a count is too large"))?;
        if count > self.remaining() / item_bytes.max(1) {
            return Err(Malformed("a count is larger than the data"));
        }
        Ok(count)
    }

    pub(crate) fn bytes(&mut self, bytes_max: usize) -> Result<&'a [u8], Malformed> {
        let length =
            usize::try_from(self.varint()?).map_err(|_| Malformed("a length is too large"))?;
        if length > bytes_max {
            return Err(Malformed("a length is over its limit"));
        }
        self.take(length)
    }

    pub(crate) fn text(&mut self, bytes_max: usize) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes(bytes_max)?).map_err(|_| Malformed("text is not UTF-8"))
    }

    pub(crate) fn finish(self) -> Result<(), Malformed> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(Malformed("bytes after the end"))
        }
    }
}

pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// zstd at the level every object uses.
pub(crate) fn compress(raw: &[u8]) -> std::io::Result<Vec<u8>> {
    zstd::bulk::compress(raw, 3)
}

/// zstd at the level of what is kept for long and seldom read.
pub(crate) fn compress_well(raw: &[u8]) -> std::io::Result<Vec<u8>> {
    zstd::bulk::compress(raw, 9)
}

/// Decompresses exactly `raw_len` bytes; memory grows with the output, not with the claim.
pub(crate) fn decompress(packed: &[u8], raw_len: usize) -> Result<Vec<u8>, Malformed> {
    use std::io::Read as _;
    let decoder = zstd::stream::read::Decoder::new(packed)
        .map_err(|_| Malformed("the compressed data does not open"))?;
    let mut raw = Vec::with_capacity(raw_len.min(1 << 20));
    decoder
        .take(raw_len as u64 + 1)
        .read_to_end(&mut raw)
        .map_err(|_| Malformed("the compressed data is damaged"))?;
    if raw.len() != raw_len {
        return Err(Malformed("the decompressed length is not the one written"));
    }
    Ok(raw)
}
