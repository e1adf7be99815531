//! Why the server ends a connection, and the close code that each dialect's clients understand.

/// Why the server ends a peer's part in a document, or its whole socket.
///
/// The reason decides whether published clients come back: see the close-code table in
/// `docs/protocol/close-codes.md`. Codes are born here only, in [`CloseReason::code`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// The server stops or restarts: come back soon.
    Restart,
    /// Too much work now (a queue, a limit on peers or memory): come back later.
    Overloaded,
    /// Start again from a fresh sync: the connection's state cannot be trusted any more.
    Reset,
    /// The peer did not answer in time.
    TimedOut,
    /// The peer sent bytes that are not its protocol.
    Malformed,
    /// Who are you? The credentials are missing, wrong or expired.
    Unauthorized,
    /// You may not.
    Forbidden,
    /// The document cannot be opened now (its store is away): come back later.
    Unavailable,
    /// The document cannot be opened at all until an operator looks at it (a damaged object).
    Damaged,
}

impl CloseReason {
    /// The WebSocket close code. No code of this table stops a client that should come back, and
    /// 4408 and 1009 are never used: they are permanent for some published clients.
    pub const fn code(self) -> u16 {
        match self {
            Self::Restart => 1012,
            Self::Overloaded => 1013,
            Self::Reset | Self::TimedOut | Self::Malformed => 4205,
            Self::Unauthorized => 4401,
            Self::Forbidden => 4403,
            Self::Unavailable | Self::Damaged => 4503,
        }
    }

    /// A few words for the close frame and for `PermissionDenied`.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Restart => "server is restarting",
            Self::Overloaded => "server is overloaded, try again later",
            Self::Reset => "connection reset, sync again",
            Self::TimedOut => "no answer in time",
            Self::Malformed => "malformed message",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "permission-denied",
            Self::Unavailable => "document store is unavailable, try again later",
            Self::Damaged => "document is damaged and stays closed until an operator repairs it",
        }
    }

    /// Whether a client should try again with the same credentials.
    pub const fn is_transient(self) -> bool {
        !matches!(self, Self::Unauthorized | Self::Forbidden)
    }
}
