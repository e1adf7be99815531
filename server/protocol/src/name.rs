//! Document names.

use std::{fmt, sync::Arc};

/// The name of a document, as portals and editors choose it: any text without control characters,
/// not blank, of at most [`DocName::BYTES_MAX`] bytes. It may contain `/`, spaces and accents.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocName(Arc<str>);

/// Why a text is not a document name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Empty, or white space only.
    #[error("the document name is blank")]
    Blank,
    /// Longer than [`DocName::BYTES_MAX`] bytes.
    #[error("the document name is longer than {max} bytes", max = DocName::BYTES_MAX)]
    TooLong,
    /// Contains a control character.
    #[error("the document name contains a control character")]
    Control,
    /// Is not UTF-8.
    #[error("the document name is not UTF-8")]
    NotUtf8,
}

impl DocName {
    /// The longest name, in bytes of UTF-8. Names travel in each Hocuspocus frame.
    pub const BYTES_MAX: usize = 1024;

    /// Names that begin so belong to the server itself: no client opens them.
    pub const RESERVED: &str = ".unisson/";

    /// Checks a name.
    pub fn new(name: &str) -> Result<Self, NameError> {
        if name.len() > Self::BYTES_MAX {
            return Err(NameError::TooLong);
        }
        if name.trim().is_empty() {
            return Err(NameError::Blank);
        }
        if name.chars().any(char::is_control) {
            return Err(NameError::Control);
        }
        Ok(Self(name.into()))
    }

    /// Whether the document is one that only the server writes.
    pub fn is_reserved(&self) -> bool {
        self.0.starts_with(Self::RESERVED)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DocName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DocName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}
