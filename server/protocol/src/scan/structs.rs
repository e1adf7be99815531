//! One struct of an update: a run of garbage, a gap, or an item with its content.

use super::{NESTING_MAX, SUBDOCUMENTS_MAX};
use crate::encoding::{DecodeError, Reader};

/// Who wrote a struct, and when by their count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Id {
    pub(super) client_id: u64,
    pub(super) clock: u32,
}

/// What is counted over all structs of an update.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Subdocuments.
    pub(super) subdocuments: usize,
    /// Structs whose parent is another struct, named by its id.
    pub(super) nested: usize,
    /// Who wrote the first of a root, as far as they knew, and the root's name.
    pub(super) begun: Vec<(u64, String)>,
}

/// What was walked over, by its number of clocks.
pub(super) enum Struct {
    /// An item, or what garbage collection left of it.
    Content(u64),
    /// A gap.
    Skip(u64),
}

impl Struct {
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Content(len) | Self::Skip(len) => *len,
        }
    }
}

const REF_MASK: u8 = 0b0001_1111;
const HAS_PARENT_SUB: u8 = 0b0010_0000;
const HAS_RIGHT_ORIGIN: u8 = 0b0100_0000;
const HAS_ORIGIN: u8 = 0b1000_0000;

const GC: u8 = 0;
const DELETED: u8 = 1;
const JSON: u8 = 2;
const BINARY: u8 = 3;
const STRING: u8 = 4;
const EMBED: u8 = 5;
const FORMAT: u8 = 6;
const TYPE: u8 = 7;
const ANY: u8 = 8;
const DOC: u8 = 9;
const SKIP: u8 = 10;

/// Walks the struct `id`.
pub(super) fn walk(
    reader: &mut Reader<'_>,
    id: Id,
    counts: &mut Counts,
) -> Result<Struct, DecodeError> {
    let info = reader.byte()?;
    match info {
        GC => return Ok(Struct::Content(reader.var_uint()?)),
        SKIP => return Ok(Struct::Skip(reader.var_uint()?)),
        _ => {}
    }
    if info & HAS_ORIGIN != 0 {
        reference(reader, id)?;
    }
    if info & HAS_RIGHT_ORIGIN != 0 {
        reference(reader, id)?;
    }
    // Without a neighbour the parent must be told; with one it is the neighbour's.
    if info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN) == 0 {
        match reader.var_uint()? {
            0 => {
                counts.nested += 1;
                reference(reader, id)?;
            }
            1 => {
                let root = reader.var_string()?;
                if info & HAS_PARENT_SUB == 0 {
                    counts.begun.push((id.client_id, root.to_owned()));
                }
            }
            value => {
                return Err(DecodeError::Unknown {
                    what: "parent kind",
                    value,
                });
            }
        }
        if info & HAS_PARENT_SUB != 0 {
            reader.var_string()?;
        }
    }
    content(reader, info & REF_MASK, counts).map(Struct::Content)
}

/// Walks over the id of another struct, which must be older if it is of the same client: yrs
/// looks it up without asking whether it exists.
fn reference(reader: &mut Reader<'_>, from: Id) -> Result<(), DecodeError> {
    let client_id = reader.var_uint()?;
    let clock = super::clock(reader)?;
    if client_id == from.client_id && clock >= from.clock {
        return Err(DecodeError::Invalid(
            "a struct refers to a later one of the same client",
        ));
    }
    Ok(())
}

/// Walks over the content of an item and returns its number of clocks.
fn content(reader: &mut Reader<'_>, kind: u8, counts: &mut Counts) -> Result<u64, DecodeError> {
    match kind {
        DELETED => return reader.var_uint(),
        JSON => {
            return Err(DecodeError::Invalid(
                "JSON content of old Yjs is not supported",
            ));
        }
        BINARY => drop(reader.var_bytes()?),
        STRING => return Ok(utf16_len(reader.var_string()?)),
        EMBED => json(reader.var_string()?)?,
        FORMAT => {
            reader.var_string()?;
            json(reader.var_string()?)?;
        }
        TYPE => shared_type(reader)?,
        ANY => {
            let count = reader.count(1)?;
            for _ in 0..count {
                any(reader, 0)?;
            }
            return Ok(count as u64);
        }
        DOC => {
            counts.subdocuments += 1;
            if counts.subdocuments > SUBDOCUMENTS_MAX {
                let max = SUBDOCUMENTS_MAX as u64;
                return Err(DecodeError::OverLimit {
                    what: "subdocuments",
                    max,
                });
            }
            reader.var_string()?;
            any(reader, 0)?;
        }
        value => {
            return Err(DecodeError::Unknown {
                what: "content kind",
                value: u64::from(value),
            });
        }
    }
    Ok(1)
}

/// Array, map, text, XML element, XML fragment and XML text. Others (the weak links of yrs) would
/// make Yjs clients throw at each sync.
fn shared_type(reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    match reader.byte()? {
        0 | 1 | 2 | 4 | 6 => Ok(()),
        3 => reader.var_string().map(drop),
        5 => Err(DecodeError::Invalid("XmlHook is not supported")),
        value => Err(DecodeError::Unknown {
            what: "shared type",
            value: u64::from(value),
        }),
    }
}

/// Walks over one value of lib0's `any` encoding.
fn any(reader: &mut Reader<'_>, depth: usize) -> Result<(), DecodeError> {
    match reader.byte()? {
        // undefined, null, false, true
        127 | 126 | 121 | 120 => {}
        125 => drop(reader.var_int()?),
        124 => drop(reader.bytes(4)?),
        123 | 122 => drop(reader.bytes(8)?),
        119 => drop(reader.var_string()?),
        118 => {
            let depth = deeper(depth)?;
            for _ in 0..reader.count(2)? {
                reader.var_string()?;
                any(reader, depth)?;
            }
        }
        117 => {
            let depth = deeper(depth)?;
            for _ in 0..reader.count(1)? {
                any(reader, depth)?;
            }
        }
        116 => drop(reader.var_bytes()?),
        value => {
            return Err(DecodeError::Unknown {
                what: "value kind",
                value: u64::from(value),
            });
        }
    }
    Ok(())
}

/// Bounds the nesting of a JSON text. Whether it is JSON at all is for its reader to say.
fn json(text: &str) -> Result<(), DecodeError> {
    let mut depth = 0;
    let mut quoted = false;
    let mut escaped = false;
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => depth = deeper(depth)?,
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

fn deeper(depth: usize) -> Result<usize, DecodeError> {
    if depth >= NESTING_MAX {
        return Err(DecodeError::OverLimit {
            what: "nesting of a value",
            max: NESTING_MAX as u64,
        });
    }
    Ok(depth + 1)
}

/// Clocks count UTF-16 code units: one for each character, and one more for those of four bytes.
fn utf16_len(text: &str) -> u64 {
    text.bytes()
        .map(|byte| u64::from(byte & 0xc0 != 0x80) + u64::from(byte >= 0xf0))
        .sum()
}
