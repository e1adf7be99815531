//! What snapshots and versions have in common: a head, a header with its checksum that is readable
//! alone, and a compressed body of which the header says what it must be.

use bytes::Bytes;

use crate::{
    codec::{Malformed, Reader, decompress},
    objects::ObjectError,
    shared::Shared,
};

/// Which codec a body has, as headers say it.
pub(crate) const CODEC_ZSTD: u8 = 1;
/// The largest body, so that a hostile header cannot ask for all memory.
pub(crate) const BODY_BYTES_MAX: usize = 1 << 30;
/// What comes before the header: magic, version, header length.
const HEAD_BYTES: usize = 16;

/// One kind of object.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) magic: &'static [u8; 8],
    pub(crate) version: u32,
    pub(crate) header_bytes_max: usize,
    /// Most headers are shorter; a longer one costs a second read.
    pub(crate) header_guess_bytes: u64,
    /// What is said of an object of another kind, and of a newer one.
    pub(crate) other: Malformed,
    pub(crate) newer: Malformed,
}

/// What a header says of the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Body {
    raw_bytes: u64,
    packed_bytes: u64,
    packed_crc: u32,
    raw_hash: [u8; 32],
}

impl Kind {
    /// The whole object.
    pub(crate) fn seal(&self, header: &[u8], packed: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEAD_BYTES + header.len() + 4 + packed.len());
        out.extend_from_slice(self.magic);
        out.extend_from_slice(&self.version.to_le_bytes());
        out.extend_from_slice(&(header.len() as u32).to_le_bytes());
        out.extend_from_slice(header);
        out.extend_from_slice(&crc32c::crc32c(&out).to_le_bytes());
        out.extend_from_slice(packed);
        out
    }

    /// From the beginning of an object: how many bytes the whole header takes.
    fn header_bytes(&self, start: &[u8]) -> Result<usize, Malformed> {
        let mut reader = Reader::new(start);
        if reader.array::<8>()? != *self.magic {
            return Err(self.other);
        }
        if reader.u32()? > self.version {
            return Err(self.newer);
        }
        let length = reader.u32()? as usize;
        if length > self.header_bytes_max {
            return Err(Malformed("the header's length is over its limit"));
        }
        Ok(HEAD_BYTES + length + 4)
    }

    /// The header, whose checksum is right, from the first bytes of an object.
    pub(crate) fn header<'a>(&self, start: &'a [u8]) -> Result<Reader<'a>, Malformed> {
        let whole = self.header_bytes(start)?;
        let cut = Malformed("the header is cut short");
        let checked = start.get(..whole - 4).ok_or(cut)?;
        let crc = start.get(whole - 4..whole).ok_or(cut)?;
        if crc32c::crc32c(checked).to_le_bytes() != crc {
            return Err(Malformed("the header's checksum does not match"));
        }
        Ok(Reader::new(checked.get(HEAD_BYTES..).unwrap_or_default()))
    }

    /// Reads so much of a stored object that its header is whole; or says what is wrong with it.
    pub(crate) async fn read_start(
        &self,
        shared: &Shared,
        object: &str,
    ) -> Result<Result<Bytes, String>, ObjectError> {
        let guess = self.header_guess_bytes;
        let mut start = match shared.objects.get_range(object, 0, guess).await {
            Err(ObjectError::Cut(_)) => return Ok(Err("cut short".to_owned())),
            start => start?,
        };
        let bytes = match self.header_bytes(&start) {
            Ok(bytes) => bytes as u64,
            Err(problem) => return Ok(Err(problem.to_string())),
        };
        if bytes > start.len() as u64 {
            start = shared.objects.get_range(object, 0, bytes).await?;
        }
        Ok(Ok(start))
    }

    /// The body of a whole object, verified and decompressed.
    pub(crate) fn body(&self, object: &[u8], said: &Body) -> Result<Bytes, Malformed> {
        let packed = object
            .get(self.header_bytes(object)?..)
            .ok_or(Malformed("cut short"))?;
        if packed.len() as u64 != said.packed_bytes || crc32c::crc32c(packed) != said.packed_crc {
            return Err(Malformed("the body's checksum does not match"));
        }
        let raw_bytes = usize::try_from(said.raw_bytes).unwrap_or(usize::MAX);
        if raw_bytes > BODY_BYTES_MAX {
            return Err(Malformed("the body is over its limit"));
        }
        let raw = decompress(packed, raw_bytes)?;
        if blake3::hash(&raw).as_bytes() != &said.raw_hash {
            return Err(Malformed("the body's hash does not match"));
        }
        Ok(raw.into())
    }
}

impl Body {
    pub(crate) fn of(raw: &[u8], packed: &[u8]) -> Self {
        Self {
            raw_bytes: raw.len() as u64,
            packed_bytes: packed.len() as u64,
            packed_crc: crc32c::crc32c(packed),
            raw_hash: *blake3::hash(raw).as_bytes(),
        }
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.raw_bytes.to_le_bytes());
        out.extend_from_slice(&self.packed_bytes.to_le_bytes());
        out.extend_from_slice(&self.packed_crc.to_le_bytes());
        out.extend_from_slice(&self.raw_hash);
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            raw_bytes: reader.u64()?,
            packed_bytes: reader.u64()?,
            packed_crc: reader.u32()?,
            raw_hash: reader.array()?,
        })
    }
}
