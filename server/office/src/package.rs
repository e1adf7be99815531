//! The archive around a document: its parts by their names, bounded.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read as _, Write as _},
};

use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use crate::{
    OfficeError,
    xml::{self, Tag},
};

/// The most entries: a long report has some dozens.
const ENTRIES_MAX: usize = 4_096;
/// The longest part of text, unpacked: a book of a thousand pages has some megabytes.
const PART_BYTES_MAX: u64 = 32 << 20;
/// The largest picture.
pub const PICTURE_BYTES_MAX: u64 = 20 << 20;
/// All that is unpacked of one archive.
const UNPACKED_BYTES_MAX: u64 = 128 << 20;

/// An archive to read from.
pub(crate) struct Package<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    left_bytes: u64,
}

impl<'a> Package<'a> {
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self, OfficeError> {
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(OfficeError::malformed)?;
        if archive.len() > ENTRIES_MAX {
            return Err(OfficeError::TooLarge("it has too many parts"));
        }
        Ok(Self {
            archive,
            left_bytes: UNPACKED_BYTES_MAX,
        })
    }

    /// A part of XML; `None` where there is no such part.
    pub(crate) fn xml(&mut self, name: &str) -> Result<Option<Tag>, OfficeError> {
        let Some(bytes) = self.part(name, PART_BYTES_MAX)? else {
            return Ok(None);
        };
        let text = String::from_utf8(bytes);
        let text = text.map_err(|_| OfficeError::Malformed(format!("{name} is not UTF-8")))?;
        xml::parse(&text).map(Some)
    }

    /// A picture; `None` where there is none, or it is too large to be worth its text.
    pub(crate) fn picture(&mut self, name: &str) -> Result<Option<Vec<u8>>, OfficeError> {
        match self.part(name, PICTURE_BYTES_MAX) {
            Err(OfficeError::TooLarge(_)) if self.left_bytes > 0 => Ok(None),
            picture => picture,
        }
    }

    /// What an entry says of its size is not believed.
    fn part(&mut self, name: &str, bytes_max: u64) -> Result<Option<Vec<u8>>, OfficeError> {
        let Some(at) = self.archive.index_for_name(name) else {
            return Ok(None);
        };
        let bytes_max = bytes_max.min(self.left_bytes);
        let entry = self.archive.by_index(at).map_err(OfficeError::malformed)?;
        let mut bytes = Vec::new();
        let read = entry.take(bytes_max + 1).read_to_end(&mut bytes);
        let read = read.map_err(OfficeError::malformed)? as u64;
        self.left_bytes = self.left_bytes.saturating_sub(read);
        if read > bytes_max {
            return Err(OfficeError::TooLarge("a part of it is too long"));
        }
        Ok(Some(bytes))
    }
}

/// Puts an archive together, in this order; the first `stored` parts are not compressed.
pub(crate) fn pack(
    parts: &[(String, Vec<u8>)],
    stored: usize,
    pictures: &BTreeMap<String, Vec<u8>>,
) -> Result<Vec<u8>, OfficeError> {
    let failed = |error: zip::result::ZipError| OfficeError::Failed(error.to_string());
    let written = |error: std::io::Error| OfficeError::Failed(error.to_string());
    // The same document is the same file: no time stands in it.
    let options = SimpleFileOptions::default().last_modified_time(zip::DateTime::default());
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let parts_count = parts.len();
    let parts = parts.iter().map(|(name, bytes)| (name, bytes));
    for (at, (name, bytes)) in parts.chain(pictures).enumerate() {
        let is_stored = at < stored || at >= parts_count;
        let method = match is_stored {
            true => CompressionMethod::Stored,
            false => CompressionMethod::Deflated,
        };
        let entry = writer.start_file(name.as_str(), options.compression_method(method));
        entry.map_err(failed)?;
        writer.write_all(bytes).map_err(written)?;
    }
    Ok(writer.finish().map_err(failed)?.into_inner())
}
