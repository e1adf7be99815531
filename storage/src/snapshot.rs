//! The immutable snapshot: a header that is readable alone, then the compressed body.

use bytes::Bytes;

use crate::{
    codec::{Malformed, compress, put_bytes, put_varint},
    envelope::{BODY_BYTES_MAX, Body, CODEC_ZSTD, Kind},
    interval::Covers,
    names::{NAME_BYTES_MAX, NODE_BYTES_MAX, SnapshotId},
};

/// A snapshot, as objects go.
pub(crate) const KIND: Kind = Kind {
    magic: b"UNISSNAP",
    version: 1,
    header_bytes_max: 64 << 20,
    header_guess_bytes: 4096,
    other: Malformed("not a snapshot"),
    newer: Malformed("the snapshot has a newer version"),
};
const SNAPSHOT_ID_BYTES_MAX: usize = 27 + NODE_BYTES_MAX;

/// All that is known of a snapshot without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) name: String,
    /// Which encoding the body has; the caller's business.
    pub(crate) body_format: u8,
    pub(crate) body: Body,
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
        body: Body::of(body, &packed),
        created_ms: contents.created_ms,
        covers: contents.covers,
        parents: contents.parents,
    };
    Ok((KIND.seal(&encode_header(&header), &packed), header))
}

fn encode_header(header: &Header) -> Vec<u8> {
    let mut out = Vec::new();
    put_bytes(&mut out, header.name.as_bytes());
    out.extend_from_slice(&[header.body_format, CODEC_ZSTD]);
    // The dictionary of the codec; none exists yet.
    out.extend_from_slice(&0_u32.to_le_bytes());
    header.body.encode(&mut out);
    out.extend_from_slice(&header.created_ms.to_le_bytes());
    header.covers.encode(&mut out);
    put_varint(&mut out, header.parents.len() as u64);
    for parent in &header.parents {
        put_bytes(&mut out, parent.to_string().as_bytes());
    }
    out
}

/// Decodes the header from the first bytes of an object.
pub(crate) fn decode_header(start: &[u8]) -> Result<Header, Malformed> {
    let mut reader = KIND.header(start)?;
    let name = reader.text(NAME_BYTES_MAX)?.to_owned();
    let (body_format, codec, dictionary) = (reader.u8()?, reader.u8()?, reader.u32()?);
    if codec != CODEC_ZSTD || dictionary != 0 {
        return Err(Malformed("the codec is not known"));
    }
    let body = Body::decode(&mut reader)?;
    let created_ms = reader.u64()?;
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
        body,
        created_ms,
        covers,
        parents,
    })
}

/// Decodes and verifies a whole snapshot.
pub(crate) fn decode(object: &[u8]) -> Result<(Header, Bytes), Malformed> {
    let header = decode_header(object)?;
    let body = KIND.body(object, &header.body)?;
    Ok((header, body))
}
