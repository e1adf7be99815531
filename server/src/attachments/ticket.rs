//! Tickets: addresses of files for `<img>` and links of pages that hold a token.
//!
//! A browser sends no `Authorization` for an image, and a token in an address ends up in histories
//! and logs. A ticket stands there instead: it lets whoever has it read the files of one document,
//! nothing else, for some minutes. It is a time and its authentication code, so no server has to
//! remember it; the key is drawn once for a store and lies in a record.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use subtle::ConstantTimeEq as _;
use unisson_history::Author;
use unisson_protocol::DocName;
use unisson_session::Entries;

use super::{FOLDER, FileError};
use crate::{registry::Registry, versions::unix_now_ms};

/// The record of the key; no document's key has this name.
const RECORD: &str = "key";
/// Its only entry.
const KEY: &str = "key";
/// A ticket ends with a window, and is good for one to two of them: all that are given within a
/// window are the same, so a browser need not load a picture again.
const WINDOW_S: u64 = 300;
/// How a ticket stands in an address.
pub(crate) const PARAMETER: &str = "ticket=";

/// A right to read the files of one document for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) ends_s: u64,
    code: String,
}

impl Ticket {
    /// A new ticket, which ends no later than `left` from now.
    pub(crate) async fn draw(
        registry: &Registry,
        name: &DocName,
        left: Option<Duration>,
    ) -> Result<Self, FileError> {
        let now_s = unix_now_ms() / 1_000;
        let ends_s = (now_s / WINDOW_S + 2) * WINDOW_S;
        let ends_s = left.map_or(ends_s, |left| ends_s.min(now_s + left.as_secs()));
        let key = key(registry).await?;
        let code = code(&key, name, ends_s);
        Ok(Self { ends_s, code })
    }

    /// For a query.
    pub(crate) fn text(&self) -> String {
        format!("{}.{}", self.ends_s, self.code)
    }

    /// The ticket in an address, as it is.
    pub(crate) fn shown(query: Option<&str>) -> Option<String> {
        let mut pairs = query?.split('&');
        let text = pairs.find_map(|pair| pair.strip_prefix(PARAMETER))?;
        Some(percent_decode_str(text).decode_utf8_lossy().into_owned())
    }

    /// Whether a ticket is good now for this document.
    pub(crate) async fn is_good(
        registry: &Registry,
        name: &DocName,
        text: &str,
    ) -> Result<bool, FileError> {
        let Some((ends_s, code)) = text.split_once('.') else {
            return Ok(false);
        };
        let Ok(ends_s) = ends_s.parse::<u64>() else {
            return Ok(false);
        };
        if ends_s <= unix_now_ms() / 1_000 {
            return Ok(false);
        }
        let own = self::code(&key(registry).await?, name, ends_s);
        Ok(bool::from(own.as_bytes().ct_eq(code.as_bytes())))
    }
}

fn code(key: &[u8; 32], name: &DocName, ends_s: u64) -> String {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(&ends_s.to_le_bytes());
    hasher.update(name.as_str().as_bytes());
    let code = hasher.finalize().to_hex();
    code.get(..32).unwrap_or_default().to_owned()
}

/// The store's key, drawn where there is none yet. Two servers that draw at the same time agree on
/// one as soon as they have seen each other.
async fn key(registry: &Registry) -> Result<[u8; 32], FileError> {
    let shared = registry.shared();
    let name = super::record_of_key(RECORD)?;
    debug_assert!(name.as_str().starts_with(FOLDER));
    let record = shared.records.open(&shared.store, &name).await?;
    if let Some(key) = parse(record.read().entries())? {
        return Ok(key);
    }
    let drawn = record.change(registry, Author::default(), |entries| {
        if let Some(key) = parse(entries)? {
            return Ok((Vec::new(), key));
        }
        let mut key = [0; 32];
        let filled = aws_lc_rs::rand::fill(&mut key);
        filled.map_err(|_| FileError::Damaged("the system has no randomness".into()))?;
        let text = blake3::Hash::from_bytes(key).to_hex().to_string();
        Ok((vec![(KEY.to_owned(), Some(text))], key))
    });
    Ok(drawn.await?)
}

fn parse(entries: &Entries) -> Result<Option<[u8; 32]>, FileError> {
    let key = entries.get(KEY).map(blake3::Hash::from_hex).transpose();
    let key = key.map_err(|error| FileError::Damaged(error.to_string()))?;
    Ok(key.map(|key| *key.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_for_one_document_and_one_time() {
        let name = |text| DocName::new(text).expect("a name");
        let one = code(&[7; 32], &name("a"), 300);
        assert_eq!(one.len(), 32);
        assert_eq!(one, code(&[7; 32], &name("a"), 300));
        assert_ne!(one, code(&[7; 32], &name("b"), 300));
        assert_ne!(one, code(&[7; 32], &name("a"), 600));
        assert_ne!(one, code(&[8; 32], &name("a"), 300));
    }

    #[test]
    fn it_is_found_in_an_address() {
        let shown = |query| Ticket::shown(Some(query));
        assert_eq!(shown("a=b&ticket=1.x").as_deref(), Some("1.x"));
        assert_eq!(shown("ticket=1%2Ex").as_deref(), Some("1.x"));
        assert_eq!(shown("token=1"), None);
    }
}
