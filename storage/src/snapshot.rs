//! The immutable snapshot: a header that is readable alone, then the compressed body.

use bytes::Bytes;

use crate::{
    codec::{Malformed, Reader, compress, decompress, put_bytes, put_varint},
    interval::Covers,
    names::{NAME_BYTES_MAX, NODE_BYTES_MAX, SnapshotId},
};

const MAGIC: &[u8; 8] = b"UNISSNAP";
const VERSION: u32 = 1;
const CODEC_ZSTD: u8 = 1;
/// What comes before the header: magic, version, header length.
const HEAD_BYTES: usize = 16;
const HEADER_BYTES_MAX: usize = 64 << 20;
/// The largest body, so that a hostile header cannot ask for all memory.
pub(crate) const BODY_BYTES_MAX: usize = 1 << 30;
const SNAPSHOT_ID_BYTES_MAX: usize = 27 + NODE_BYTES_MAX;

/// All that is known of a snapshot without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) name: String,
    /// Which encoding the body has; the caller's business.
    pub(crate) body_format: u8,
    pub(crate) raw_bytes: u64,
    pub(crate) packed_bytes: u64,
    pub(crate) packed_crc: u32,
    pub(crate) raw_hash: [u8; 32],
    pub(crate) created_ms: u64,
    pub(crate) covers: Covers,
    pub(crate) parents: Vec<SnapshotId>,
}

/// What the caller decides about a snapshot.
#[derive(Debug)]
pub(crate) struct Contents<'a> {
    pub(crate) name: &'a str,
    pub(crate) body_format: u8,
    pub(crate) created_ms: u64,
    pub(crate) covers: Covers,
    pub(crate) parents: Vec<SnapshotId>,
}

pub(crate) fn encode(contents: Contents<'_>, body: &[u8]) -> Result<(Vec<u8>, Header), Malformed> {
    if body.len() > BODY_BYTES_MAX {
        return Err(Malformed("the body is over its limit"));
    }
    let packed = compress(body).map_err(|_| Malformed("the body does not compress"))?;
    let header = Header {
        name: contents.name.to_owned(),
        body_format: contents.body_format,
        raw_bytes: body.len() as u64,
        packed_bytes: packed.len() as u64,
        packed_crc: crc32c::crc32c(&packed),
        raw_hash: *blake3::hash(body).as_bytes(),
        created_ms: contents.created_ms,
        covers: contents.covers,
        parents: contents.parents,
    };
    let encoded = encode_header(&header);
    let mut out = Vec::with_capacity(HEAD_BYTES + encoded.len() + 4 + packed.len());
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&(encoded.len() as u32).to_le_bytes());
    out.extend_from_slice(&encoded);
    out.extend_from_slice(&crc32c::crc32c(&out).to_le_bytes());
    out.extend_from_slice(&packed);
    Ok((out, header))
}

fn encode_header(header: &Header) -> Vec<u8> {
    let mut out = Vec::new();
    put_bytes(&mut out, header.name.as_bytes());
    out.extend_from_slice(&[header.body_format, CODEC_ZSTD]);
    // The dictionary of the codec; none exists yet.
    out.extend_from_slice(&0_u32.to_le_bytes());
    out.extend_from_slice(&header.raw_bytes.to_le_bytes());
    out.extend_from_slice(&header.packed_bytes.to_le_bytes());
    out.extend_from_slice(&header.packed_crc.to_le_bytes());
    out.extend_from_slice(&header.raw_hash);
    out.extend_from_slice(&header.created_ms.to_le_bytes());
    header.covers.encode(&mut out);
    put_varint(&mut out, header.parents.len() as u64);
    for parent in &header.parents {
        put_bytes(&mut out, parent.to_string().as_bytes());
    }
    out
}

/// From the beginning of an object: how many bytes the whole header takes.
pub(crate) fn header_bytes(start: &[u8]) -> Result<usize, Malformed> {
    let mut reader = Reader::new(start);
    if reader.array::<8>()? != *MAGIC {
        return Err(Malformed("not a snapshot"));
    }
    if reader.u32()? > VERSION {
        return Err(Malformed("the snapshot has a newer version"));
    }
    let length = reader.u32()? as usize;
    if length > HEADER_BYTES_MAX {
        return Err(Malformed("the header's length is over its limit"));
    }
    Ok(HEAD_BYTES + length + 4)
}

/// Decodes the header from the first bytes of an object.
pub(crate) fn decode_header(start: &[u8]) -> Result<Header, Malformed> {
    let whole = header_bytes(start)?;
    let checked = start
        .get(..whole - 4)
        .ok_or(Malformed("the header is cut short"))?;
    let crc = start
        .get(whole - 4..whole)
        .ok_or(Malformed("the header is cut short"))?;
    if crc32c::crc32c(checked).to_le_bytes() != crc {
        return Err(Malformed("the header's checksum does not match"));
    }
    let mut reader = Reader::new(checked.get(HEAD_BYTES..).unwrap_or_default());
    let name = reader.text(NAME_BYTES_MAX)?.to_owned();
    let (body_format, codec, dictionary) = (reader.u8()?, reader.u8()?, reader.u32()?);
    if codec != CODEC_ZSTD || dictionary != 0 {
        return Err(Malformed("the codec is not known"));
    }
    let (raw_bytes, packed_bytes, packed_crc) = (reader.u64()?, reader.u64()?, reader.u32()?);
    let (raw_hash, created_ms) = (reader.array()?, reader.u64()?);
    let covers = Covers::decode(&mut reader)?;
    let mut parents = Vec::new();
    for _ in 0..reader.count(2)? {
        let parent = SnapshotId::parse(reader.text(SNAPSHOT_ID_BYTES_MAX)?);
        parents.push(parent.ok_or(Malformed("a parent's name is not valid"))?);
    }
    reader.finish()?;
    Ok(Header {
        name,
        body_format,
        raw_bytes,
        packed_bytes,
        packed_crc,
        raw_hash,
        created_ms,
        covers,
        parents,
    })
}

/// Decodes and verifies a whole snapshot.
pub(crate) fn decode(object: &[u8]) -> Result<(Header, Bytes), Malformed> {
    let header = decode_header(object)?;
    let packed = object
        .get(header_bytes(object)?..)
        .ok_or(Malformed("cut short"))?;
    if packed.len() as u64 != header.packed_bytes || crc32c::crc32c(packed) != header.packed_crc {
        return Err(Malformed("the body's checksum does not match"));
    }
    let raw_bytes = usize::try_from(header.raw_bytes).unwrap_or(usize::MAX);
    if raw_bytes > BODY_BYTES_MAX {
        return Err(Malformed("the body is over its limit"));
    }
    let raw = decompress(packed, raw_bytes)?;
    if blake3::hash(&raw).as_bytes() != &header.raw_hash {
        return Err(Malformed("the body's hash does not match"));
    }
    Ok((header, raw.into()))
}
