//! The immutable segment: what one log held, grouped by document.
//!
//! `magic version | blocks | footer | crc32c | footer length | magic`. The footer is readable by
//! one suffix read and each block by one range read.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;

use crate::{
    codec::{Malformed, Reader, compress, decompress, put_bytes, put_varint},
    frame::{LogEntry, UPDATE_BYTES_MAX},
    names::{DocId, Epoch, EpochKey, NAME_BYTES_MAX, NODE_BYTES_MAX, NodeId, SegmentId},
};

const MAGIC: &[u8; 8] = b"UNISSEG\0";
const END_MAGIC: &[u8; 8] = b"\0GESSINU";
/// As a log is sealed.
const VERSION: u32 = 1;
/// With erased documents taken out: the footer ends with how many entries were theirs.
const VERSION_ERASED: u32 = 2;
/// Magic and version.
pub(crate) const HEAD_BYTES: usize = 12;
/// The fixed end: checksum, footer length, magic.
pub(crate) const TAIL_BYTES: usize = 16;
const FOOTER_BYTES_MAX: usize = 256 << 20;
const BLOCK_BYTES_MAX: usize = 4 * UPDATE_BYTES_MAX;

/// Where one document's entries are in a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
    pub(crate) raw_bytes: u64,
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) count: u64,
}

/// A segment's table of contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Footer {
    pub(crate) id: SegmentId,
    pub(crate) created_ms: u64,
    /// Sorted by document id.
    pub(crate) documents: Vec<(DocId, Arc<str>, Block)>,
    /// Entries of documents that were erased, and are not in here any more.
    pub(crate) erased: u64,
}

/// Encodes entries, which must be in order and without a gap.
pub(crate) fn encode(
    key: &EpochKey,
    entries: &[LogEntry],
    created_ms: u64,
) -> Result<(Vec<u8>, Footer), Malformed> {
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
        return Err(Malformed("an empty segment"));
    };
    let id = SegmentId::sealed(key.clone(), first.seq, last.seq);
    let mut groups: BTreeMap<DocId, Vec<&LogEntry>> = BTreeMap::new();
    let mut ids: BTreeMap<&str, DocId> = BTreeMap::new();
    for entry in entries {
        let document = *ids
            .entry(&entry.name)
            .or_insert_with(|| DocId::of(&entry.name));
        groups.entry(document).or_default().push(entry);
    }
    let mut out = Vec::new();
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    let mut documents = Vec::with_capacity(groups.len());
    for (document, group) in groups {
        let Some((name, block)) = encode_block(&mut out, &group)? else {
            continue;
        };
        documents.push((document, name, block));
    }
    let footer = Footer {
        id,
        created_ms,
        documents,
        erased: 0,
    };
    end(&mut out, &encode_footer(&footer));
    Ok((out, footer))
}

/// Closes a segment that so far is its head and its blocks.
fn end(out: &mut Vec<u8>, footer: &[u8]) {
    let head = crc32c::crc32c(out.get(..HEAD_BYTES).unwrap_or_default());
    let crc = crc32c::crc32c_append(head, footer);
    out.extend_from_slice(footer);
    out.extend_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(&(footer.len() as u32).to_le_bytes());
    out.extend_from_slice(END_MAGIC);
}

/// A segment without some of its documents. The blocks that stay are copied as they are, so
/// that one that is damaged stays visibly so; the same removal always gives the same bytes, and
/// with them the same name.
pub(crate) fn without(
    object: &[u8],
    mut footer: Footer,
    removed: impl Fn(&DocId) -> bool,
) -> Result<(Vec<u8>, Footer), Malformed> {
    let mut out = Vec::with_capacity(object.len());
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&VERSION_ERASED.to_le_bytes());
    let (gone, mut kept): (Vec<_>, Vec<_>) = footer
        .documents
        .into_iter()
        .partition(|(document, ..)| removed(document));
    for (_, _, block) in &mut kept {
        let range = usize::try_from(block.offset)
            .ok()
            .and_then(|start| Some(start..start.checked_add(usize::try_from(block.bytes).ok()?)?));
        let bytes = range.and_then(|range| object.get(range));
        block.offset = out.len() as u64;
        out.extend_from_slice(bytes.ok_or(Malformed("cut short"))?);
    }
    footer.documents = kept;
    footer.erased += gone.iter().map(|(_, _, block)| block.count).sum::<u64>();
    let mut body = encode_footer(&footer);
    put_varint(&mut body, footer.erased);
    end(&mut out, &body);
    footer.id.revision = revision_of(&out);
    Ok((out, footer))
}

/// The part of a rewritten segment's name that its content decides; never 0.
pub(crate) fn revision_of(object: &[u8]) -> u64 {
    let hash = blake3::hash(object);
    let first = hash
        .as_bytes()
        .first_chunk()
        .map_or(0, |b| u64::from_be_bytes(*b));
    first.max(1)
}

fn encode_block(
    out: &mut Vec<u8>,
    group: &[&LogEntry],
) -> Result<Option<(Arc<str>, Block)>, Malformed> {
    let (Some(first), Some(last)) = (group.first(), group.last()) else {
        return Ok(None);
    };
    let mut raw = Vec::new();
    put_bytes(&mut raw, first.name.as_bytes());
    put_varint(&mut raw, group.len() as u64);
    let mut previous = 0;
    for entry in group {
        put_varint(&mut raw, entry.seq - previous);
        put_bytes(&mut raw, &entry.update);
        previous = entry.seq;
    }
    let packed = compress(&raw).map_err(|_| Malformed("a block does not compress"))?;
    let block = Block {
        offset: out.len() as u64,
        bytes: packed.len() as u64 + 4,
        raw_bytes: raw.len() as u64,
        first: first.seq,
        last: last.seq,
        count: group.len() as u64,
    };
    out.extend_from_slice(&packed);
    out.extend_from_slice(&crc32c::crc32c(&packed).to_le_bytes());
    Ok(Some((Arc::clone(&first.name), block)))
}

fn encode_footer(footer: &Footer) -> Vec<u8> {
    let mut out = Vec::new();
    put_bytes(&mut out, footer.id.key.node.as_str().as_bytes());
    out.extend_from_slice(&footer.id.key.epoch.to_bytes());
    out.extend_from_slice(&footer.id.first.to_le_bytes());
    out.extend_from_slice(&footer.id.last.to_le_bytes());
    out.extend_from_slice(&footer.created_ms.to_le_bytes());
    put_varint(&mut out, footer.documents.len() as u64);
    for (document, name, block) in &footer.documents {
        out.extend_from_slice(document.as_bytes());
        put_bytes(&mut out, name.as_bytes());
        for value in [
            block.offset,
            block.bytes,
            block.raw_bytes,
            block.first,
            block.last,
            block.count,
        ] {
            put_varint(&mut out, value);
        }
    }
    out
}

/// From the last [`TAIL_BYTES`] of an object: how many bytes footer and tail take together.
pub(crate) fn footer_and_tail_bytes(tail: &[u8]) -> Result<usize, Malformed> {
    let start = tail
        .len()
        .checked_sub(TAIL_BYTES)
        .ok_or(Malformed("cut short"))?;
    let mut reader = Reader::new(tail.get(start..).unwrap_or_default());
    reader.u32()?;
    let footer_bytes = reader.u32()? as usize;
    if reader.array::<8>()? != *END_MAGIC {
        return Err(Malformed("not the end of a segment"));
    }
    if footer_bytes > FOOTER_BYTES_MAX {
        return Err(Malformed("the footer's length is over its limit"));
    }
    Ok(footer_bytes + TAIL_BYTES)
}

/// Decodes the footer from the end of an object of `object_bytes`; `head` is its beginning.
pub(crate) fn decode_footer(
    head: &[u8],
    end: &[u8],
    object_bytes: u64,
) -> Result<Footer, Malformed> {
    let both = footer_and_tail_bytes(end)?;
    let start = end
        .len()
        .checked_sub(both)
        .ok_or(Malformed("the footer is cut short"))?;
    let mut reader = Reader::new(end.get(start..).unwrap_or_default());
    let body = reader.take(both - TAIL_BYTES)?;
    let crc = reader.u32()?;
    let head = head.get(..HEAD_BYTES).ok_or(Malformed("cut short"))?;
    let mut head_reader = Reader::new(head);
    if head_reader.array::<8>()? != *MAGIC {
        return Err(Malformed("not a segment"));
    }
    let version = head_reader.u32()?;
    if version > VERSION_ERASED {
        return Err(Malformed("the segment has a newer version"));
    }
    if crc32c::crc32c_append(crc32c::crc32c(head), body) != crc {
        return Err(Malformed("the footer's checksum does not match"));
    }
    let blocks_end = object_bytes
        .checked_sub(both as u64)
        .ok_or(Malformed("cut short"))?;
    decode_footer_body(body, blocks_end, version == VERSION_ERASED)
}

fn decode_footer_body(
    body: &[u8],
    blocks_end: u64,
    was_erased_from: bool,
) -> Result<Footer, Malformed> {
    let mut reader = Reader::new(body);
    let node =
        NodeId::parse(reader.text(NODE_BYTES_MAX)?).ok_or(Malformed("a node name is not valid"))?;
    let key = EpochKey {
        node,
        epoch: Epoch::from_bytes(reader.array()?),
    };
    let (first, last, created_ms) = (reader.u64()?, reader.u64()?, reader.u64()?);
    let id = SegmentId::sealed(key, first, last);
    let count = reader.count(33)?;
    let mut documents = Vec::with_capacity(count);
    let (mut previous, mut offset) = (None, HEAD_BYTES as u64);
    for _ in 0..count {
        let document = DocId::from_bytes(reader.array()?);
        let name: Arc<str> = reader.text(NAME_BYTES_MAX)?.into();
        let block = Block {
            offset: reader.varint()?,
            bytes: reader.varint()?,
            raw_bytes: reader.varint()?,
            first: reader.varint()?,
            last: reader.varint()?,
            count: reader.varint()?,
        };
        let follows = previous.is_none_or(|previous| previous < document) && block.offset == offset;
        let in_range = first <= block.first && block.first <= block.last && block.last <= last;
        if !follows || !in_range {
            return Err(Malformed("the footer contradicts itself"));
        }
        offset = offset
            .checked_add(block.bytes)
            .ok_or(Malformed("a block is too long"))?;
        previous = Some(document);
        documents.push((document, name, block));
    }
    let erased = if was_erased_from { reader.varint()? } else { 0 };
    reader.finish()?;
    if offset != blocks_end || first == 0 || (documents.is_empty() && erased == 0) {
        return Err(Malformed("the footer does not match the blocks"));
    }
    Ok(Footer {
        id,
        created_ms,
        documents,
        erased,
    })
}

/// Decodes one document's block.
pub(crate) fn decode_block(
    packed: &[u8],
    block: &Block,
    name: &str,
) -> Result<Vec<(u64, Bytes)>, Malformed> {
    let at = packed
        .len()
        .checked_sub(4)
        .ok_or(Malformed("a block is cut short"))?;
    let (packed, crc) = packed.split_at(at);
    if crc != crc32c::crc32c(packed).to_le_bytes() {
        return Err(Malformed("a block's checksum does not match"));
    }
    let raw_bytes = usize::try_from(block.raw_bytes).unwrap_or(usize::MAX);
    if raw_bytes > BLOCK_BYTES_MAX {
        return Err(Malformed("a block is over its limit"));
    }
    let raw = Bytes::from(decompress(packed, raw_bytes)?);
    let mut reader = Reader::new(&raw);
    if reader.text(NAME_BYTES_MAX)? != name {
        return Err(Malformed("a block is of another document"));
    }
    let count = reader.count(2)?;
    let mut entries = Vec::with_capacity(count);
    let mut seq = 0_u64;
    for _ in 0..count {
        seq = seq
            .checked_add(reader.varint()?)
            .ok_or(Malformed("a number is too large"))?;
        entries.push((seq, raw.slice_ref(reader.bytes(UPDATE_BYTES_MAX)?)));
    }
    reader.finish()?;
    let ends = (entries.first().map(|e| e.0), entries.last().map(|e| e.0));
    if ends != (Some(block.first), Some(block.last)) || count as u64 != block.count {
        return Err(Malformed("a block does not match the footer"));
    }
    Ok(entries)
}
