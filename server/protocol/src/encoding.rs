//! lib0 primitives: variable-length integers, strings and byte arrays, read with every length
//! checked against the bytes that are there.

/// Why bytes are not what they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end inside a value, or a length points past them.
    #[error("unexpected end of data")]
    Truncated,
    /// An integer of more than 53 bits, or with needless continuation bytes past that.
    #[error("integer out of range")]
    IntegerRange,
    /// A string that is not UTF-8.
    #[error("invalid UTF-8")]
    Utf8,
    /// A message type or tag that does not exist in this place.
    #[error("unknown {what} {value}")]
    Unknown {
        /// What kind of tag.
        what: &'static str,
        /// Its value.
        value: u64,
    },
    /// Well formed, but over a limit.
    #[error("{what} is over its limit of {max}")]
    OverLimit {
        /// What is too large, too many or too deep.
        what: &'static str,
        /// The limit.
        max: u64,
    },
    /// Well formed, but meaningless.
    #[error("{0}")]
    Invalid(&'static str),
}
