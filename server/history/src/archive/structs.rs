//! The structs of an update (format v1) with their content.
//!
//! Updates are scanned before they come here, so that every length is known to hold; what the scan
//! refuses is an error here too.

use std::sync::Arc;

use bytes::Bytes;
use unisson_protocol::{
    encoding::{DecodeError, Reader},
    scan::{self, ClockRange},
};

/// A struct's name: a client and its clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Id {
    pub(crate) client_id: u64,
    pub(crate) clock: u32,
}

impl Id {
    pub(crate) fn plus(self, clocks: u32) -> Self {
        Self {
            clock: self.clock.saturating_add(clocks),
            ..self
        }
    }
}

/// Where an item belongs that has no neighbour to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Parent {
    Root(Arc<str>),
    Item(Id),
}

/// What an item carries. Values stay as they came, so that what this program does not understand
/// is copied as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// Nothing any more; so many clocks.
    Deleted(u32),
    /// UTF-16 units, in which clocks count.
    Text(Arc<[u16]>, u32, u32),
    /// Values of lib0's `any` encoding.
    Values(Vec<Bytes>),
    /// A beginning or end of formatting: key, and value as JSON.
    Format(Arc<str>, Arc<str>),
    /// A shared type: its kind, and its name if it is an XML element.
    Type(u8, Option<Arc<str>>),
    /// Binary, embed or subdocument: the kind and the encoded content.
    Opaque(u8, Bytes),
}

pub(crate) const DELETED: u8 = 1;
pub(crate) const BINARY: u8 = 3;
pub(crate) const STRING: u8 = 4;
pub(crate) const EMBED: u8 = 5;
pub(crate) const FORMAT: u8 = 6;
pub(crate) const TYPE: u8 = 7;
pub(crate) const ANY: u8 = 8;
pub(crate) const DOC: u8 = 9;
const GC: u8 = 0;
const SKIP: u8 = 10;
const KIND_MASK: u8 = 0b0001_1111;
pub(crate) const HAS_KEY: u8 = 0b0010_0000;
pub(crate) const HAS_RIGHT_ORIGIN: u8 = 0b0100_0000;
pub(crate) const HAS_ORIGIN: u8 = 0b1000_0000;
/// The kind of a shared type that carries a name.
pub(crate) const XML_ELEMENT: u8 = 3;

impl Content {
    /// How many clocks.
    pub(crate) fn len(&self) -> u32 {
        match self {
            Self::Deleted(len) => *len,
            Self::Text(_, start, end) => end - start,
            Self::Values(values) => values.len() as u32,
            Self::Format(..) | Self::Type(..) | Self::Opaque(..) => 1,
        }
    }

    /// The UTF-16 units of text.
    pub(crate) fn units(&self) -> &[u16] {
        match self {
            Self::Text(units, start, end) => units
                .get(*start as usize..*end as usize)
                .unwrap_or_default(),
            _ => &[],
        }
    }

    /// Cuts off and returns what comes after the first `clocks` clocks.
    pub(crate) fn split_off(&mut self, clocks: u32) -> Self {
        match self {
            Self::Deleted(len) => {
                let rest = len.saturating_sub(clocks);
                *len -= rest;
                Self::Deleted(rest)
            }
            Self::Text(units, start, end) => {
                let middle = start.saturating_add(clocks).min(*end);
                let rest = Self::Text(units.clone(), middle, *end);
                *end = middle;
                rest
            }
            Self::Values(values) => Self::Values(values.split_off(clocks as usize)),
            // One clock cannot be cut.
            Self::Format(..) | Self::Type(..) | Self::Opaque(..) => Self::Deleted(0),
        }
    }

    /// Whether there is something to show or to copy.
    pub(crate) fn is_there(&self) -> bool {
        !matches!(self, Self::Deleted(_))
    }
}

/// An item before it has its place.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) origin: Option<Id>,
    pub(crate) right_origin: Option<Id>,
    pub(crate) parent: Option<Parent>,
    pub(crate) key: Option<Arc<str>>,
    pub(crate) content: Content,
}

/// A struct: an item, or clocks of which nothing is known any more.
#[derive(Debug, Clone)]
pub(crate) struct Struct {
    pub(crate) id: Id,
    pub(crate) len: u32,
    pub(crate) item: Option<Item>,
}

impl Struct {
    /// How much is known: nothing, the place, or the content too.
    pub(crate) fn worth(&self) -> u8 {
        match &self.item {
            None => 0,
            Some(item) if !item.content.is_there() => 1,
            Some(_) => 2,
        }
    }

    /// Cuts off and returns what comes after the first `clocks` clocks.
    pub(crate) fn split_off(&mut self, clocks: u32) -> Self {
        let rest_len = self.len.saturating_sub(clocks);
        self.len -= rest_len;
        let (id, before) = (self.id.plus(clocks), self.id.plus(clocks.saturating_sub(1)));
        let item = self.item.as_mut().map(|item| Item {
            origin: Some(before),
            right_origin: item.right_origin,
            parent: None,
            key: item.key.clone(),
            content: item.content.split_off(clocks),
        });
        Self {
            id,
            len: rest_len,
            item,
        }
    }
}

/// An update, taken apart.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    pub(crate) structs: Vec<Struct>,
    pub(crate) deletes: Vec<ClockRange>,
}

/// Reads all structs and deletions of an update.
pub(crate) fn parse(update: &Bytes) -> Result<Parsed, DecodeError> {
    let deletes = scan::update_v1(update)?.deletes;
    let mut reader = Reader::new(update);
    let mut structs = Vec::new();
    for _ in 0..reader.count(1)? {
        let count = reader.count(1)?;
        let client_id = reader.var_uint()?;
        let mut clock = narrow(reader.var_uint()?)?;
        for _ in 0..count {
            let id = Id { client_id, clock };
            let (len, item) = one(&mut reader, update)?;
            clock = clock.checked_add(len).ok_or(DecodeError::IntegerRange)?;
            match item {
                Walked::Skip => {}
                Walked::Garbage => structs.push(Struct {
                    id,
                    len,
                    item: None,
                }),
                Walked::Item(item) => structs.push(Struct {
                    id,
                    len,
                    item: Some(item),
                }),
            }
        }
    }
    Ok(Parsed { structs, deletes })
}

enum Walked {
    Skip,
    Garbage,
    Item(Item),
}

fn one(reader: &mut Reader<'_>, update: &Bytes) -> Result<(u32, Walked), DecodeError> {
    let info = reader.byte()?;
    match info {
        GC => return Ok((narrow(reader.var_uint()?)?, Walked::Garbage)),
        SKIP => return Ok((narrow(reader.var_uint()?)?, Walked::Skip)),
        _ => {}
    }
    let mut reference = |flag| (info & flag != 0).then(|| id(reader)).transpose();
    let origin = reference(HAS_ORIGIN)?;
    let right_origin = reference(HAS_RIGHT_ORIGIN)?;
    let (mut parent, mut key) = (None, None);
    if origin.is_none() && right_origin.is_none() {
        parent = Some(match reader.var_uint()? {
            0 => Parent::Item(id(reader)?),
            _ => Parent::Root(reader.var_string()?.into()),
        });
        if info & HAS_KEY != 0 {
            key = Some(reader.var_string()?.into());
        }
    }
    let content = content(reader, update, info & KIND_MASK)?;
    let item = Item {
        origin,
        right_origin,
        parent,
        key,
        content,
    };
    Ok((item.content.len(), Walked::Item(item)))
}

fn id(reader: &mut Reader<'_>) -> Result<Id, DecodeError> {
    Ok(Id {
        client_id: reader.var_uint()?,
        clock: narrow(reader.var_uint()?)?,
    })
}

fn narrow(value: u64) -> Result<u32, DecodeError> {
    u32::try_from(value).map_err(|_| DecodeError::IntegerRange)
}

fn content(reader: &mut Reader<'_>, update: &Bytes, kind: u8) -> Result<Content, DecodeError> {
    Ok(match kind {
        DELETED => Content::Deleted(narrow(reader.var_uint()?)?),
        STRING => {
            let units: Arc<[u16]> = reader.var_string()?.encode_utf16().collect();
            let len = units.len() as u32;
            Content::Text(units, 0, len)
        }
        FORMAT => Content::Format(reader.var_string()?.into(), reader.var_string()?.into()),
        TYPE => match reader.byte()? {
            XML_ELEMENT => Content::Type(XML_ELEMENT, Some(reader.var_string()?.into())),
            kind => Content::Type(kind, None),
        },
        ANY => {
            let count = reader.count(1)?;
            let values = (0..count).map(|_| raw(reader, update, |reader| any(reader, 0)));
            Content::Values(values.collect::<Result<_, _>>()?)
        }
        BINARY => Content::Opaque(kind, raw(reader, update, |r| r.var_bytes().map(drop))?),
        EMBED => Content::Opaque(kind, raw(reader, update, |r| r.var_string().map(drop))?),
        DOC => {
            let read = |reader: &mut Reader<'_>| {
                reader.var_string()?;
                any(reader, 0)
            };
            Content::Opaque(kind, raw(reader, update, read)?)
        }
        value => {
            return Err(DecodeError::Unknown {
                what: "content kind",
                value: u64::from(value),
            });
        }
    })
}

/// The bytes that something takes.
fn raw(
    reader: &mut Reader<'_>,
    update: &Bytes,
    walk: impl FnOnce(&mut Reader<'_>) -> Result<(), DecodeError>,
) -> Result<Bytes, DecodeError> {
    let before = reader.rest();
    walk(reader)?;
    let taken = before.len() - reader.rest().len();
    Ok(update.slice_ref(before.get(..taken).unwrap_or_default()))
}

/// Walks over one value of lib0's `any` encoding; the scan has bounded its depth.
fn any(reader: &mut Reader<'_>, depth: usize) -> Result<(), DecodeError> {
    if depth > scan::NESTING_MAX {
        return Err(DecodeError::Invalid("a value is nested too deeply"));
    }
    match reader.byte()? {
        127 | 126 | 121 | 120 => {}
        125 => drop(reader.var_int()?),
        124 => drop(reader.bytes(4)?),
        123 | 122 => drop(reader.bytes(8)?),
        119 => drop(reader.var_string()?),
        118 => {
            for _ in 0..reader.count(2)? {
                reader.var_string()?;
                any(reader, depth + 1)?;
            }
        }
        117 => {
            for _ in 0..reader.count(1)? {
                any(reader, depth + 1)?;
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
