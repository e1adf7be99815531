//! Pictures: what kind one is, how large it is drawn, and what is said of it.

use serde_json::Value;
use unisson_content::{Node, first_text};

use crate::{Pictures, inline::Link};

/// The widest picture on a page, in pixels of 1/96 inch: 16 cm.
pub(crate) const WIDTH_MAX: u64 = 604;
/// The highest: 22 cm.
const HEIGHT_MAX: u64 = 830;
/// The largest side that is believed.
const SIDE_MAX: u64 = 100_000;

/// A kind of picture that office suites show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) extension: &'static str,
    pub(crate) media_type: &'static str,
}

/// The kind of a picture by its first bytes.
pub(crate) fn kind_of(bytes: &[u8]) -> Option<Kind> {
    let kind = |extension, media_type| {
        Some(Kind {
            extension,
            media_type,
        })
    };
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => kind("png", "image/png"),
        [0xff, 0xd8, 0xff, ..] => kind("jpg", "image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => kind("gif", "image/gif"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => kind("webp", "image/webp"),
        _ => None,
    }
}

/// What a file gets of a picture of a document.
pub(crate) enum Picture<'a> {
    Drawn(Drawing<'a>),
    /// It is somewhere else: what it is, and where.
    Elsewhere(String, Link),
    /// Nobody knows what it is.
    Nothing,
}

/// A picture that goes into the file.
pub(crate) struct Drawing<'a> {
    pub(crate) bytes: &'a Vec<u8>,
    pub(crate) kind: Kind,
    pub(crate) width: u64,
    pub(crate) height: u64,
    pub(crate) alternative: String,
    pub(crate) title: String,
}

impl<'a> Drawing<'a> {
    /// Of an image, where its bytes are among the pictures that go along.
    pub(crate) fn of(node: &Node, pictures: Option<&'a Pictures>) -> Picture<'a> {
        let Node::Element(image) = node else {
            return Picture::Nothing;
        };
        let target = first_text(&image.attributes, &["src", "url"]);
        let alternative = first_text(&image.attributes, &["alt", "caption", "name"]);
        let title = first_text(&image.attributes, &["title"]);
        let bytes = pictures.and_then(|pictures| pictures.get(&target));
        if let Some((bytes, kind)) = bytes.and_then(|bytes| Some((bytes, kind_of(bytes)?))) {
            let side = |key| image.attributes.get(key).and_then(Value::as_u64);
            let (width, height) = drawn_size(bytes, side("width"), side("height"));
            return Picture::Drawn(Self {
                bytes,
                kind,
                width,
                height,
                alternative,
                title,
            });
        }
        let said = match alternative.is_empty() {
            true => target.clone(),
            false => alternative,
        };
        match said.is_empty() {
            true => Picture::Nothing,
            false => Picture::Elsewhere(said, Link { target, title }),
        }
    }
}

/// Width and height in pixels, as the picture itself says.
fn own_size(bytes: &[u8]) -> Option<(u64, u64)> {
    let wide = |at: usize| -> Option<u64> {
        let four = bytes.get(at..at + 4)?;
        Some(u64::from(u32::from_be_bytes(four.try_into().ok()?)))
    };
    let two = |at: usize| -> Option<[u8; 2]> { bytes.get(at..at + 2)?.try_into().ok() };
    let little = |at: usize| Some(u64::from(u16::from_le_bytes(two(at)?)));
    let big = |at: usize| Some(u64::from(u16::from_be_bytes(two(at)?)));
    match kind_of(bytes)?.extension {
        "png" => Some((wide(16)?, wide(20)?)),
        "gif" => Some((little(6)?, little(8)?)),
        "jpg" => {
            let mut at = 2;
            // Segments until the one that says how large the frame is.
            loop {
                let [0xff, marker] = two(at)? else {
                    return None;
                };
                match marker {
                    0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                        return Some((big(at + 7)?, big(at + 5)?));
                    }
                    0xff => at += 1,
                    0x01 | 0xd0..=0xd9 => at += 2,
                    _ => at += 2 + usize::try_from(big(at + 2)?).ok()?.max(2),
                }
            }
        }
        "webp" => match bytes.get(12..16)? {
            b"VP8 " => Some((little(26)? & 0x3fff, little(28)? & 0x3fff)),
            b"VP8L" => {
                let bits = u32::from_le_bytes(bytes.get(21..25)?.try_into().ok()?);
                Some((
                    u64::from(bits & 0x3fff) + 1,
                    u64::from((bits >> 14) & 0x3fff) + 1,
                ))
            }
            b"VP8X" => {
                let three = |at: usize| {
                    let part = bytes.get(at..at + 3)?;
                    Some(
                        u64::from(part[0]) | (u64::from(part[1]) << 8) | (u64::from(part[2]) << 16),
                    )
                };
                Some((three(24)? + 1, three(27)? + 1))
            }
            _ => None,
        },
        _ => None,
    }
}

/// How large a picture is drawn where nobody says otherwise: as it is, or to fit the page.
pub(crate) fn natural_size(bytes: &[u8]) -> (u64, u64) {
    let size = own_size(bytes).filter(|(width, height)| {
        (1..=SIDE_MAX).contains(width) && (1..=SIDE_MAX).contains(height)
    });
    let (mut width, mut height) = size.unwrap_or((320, 240));
    if width > WIDTH_MAX {
        height = (height * WIDTH_MAX / width).max(1);
        width = WIDTH_MAX;
    }
    if height > HEIGHT_MAX {
        width = (width * HEIGHT_MAX / height).max(1);
        height = HEIGHT_MAX;
    }
    (width, height)
}

/// How large a picture is drawn with these attributes.
fn drawn_size(bytes: &[u8], width: Option<u64>, height: Option<u64>) -> (u64, u64) {
    let (own_width, own_height) = natural_size(bytes);
    let sane = |side: Option<u64>| side.filter(|side| (1..=SIDE_MAX).contains(side));
    match (sane(width), sane(height)) {
        (None, None) => (own_width, own_height),
        (Some(width), Some(height)) => (width, height),
        (Some(width), None) => (width, (own_height * width / own_width).max(1)),
        (None, Some(height)) => ((own_width * height / own_height).max(1), height),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_says_how_large_it_is() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x20\x08";
        assert_eq!(natural_size(png), (16, 32));
        assert_eq!(drawn_size(png, Some(8), None), (8, 16));
        let gif = b"GIF89a\x10\x00\x05\x00";
        assert_eq!(natural_size(gif), (16, 5));
        let jpeg = b"\xff\xd8\xff\xe0\0\x04JF\xff\xc0\0\x11\x08\x02\0\x04\0\x03";
        assert_eq!(natural_size(jpeg), (604, 302));
        assert_eq!(kind_of(b"<svg"), None);
        assert_eq!(natural_size(b"\xff\xd8\xff"), (320, 240));
    }
}
