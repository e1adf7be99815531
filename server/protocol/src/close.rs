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
    /// The credentials were good and are not any more: come back with fresh ones.
    Expired,
    /// Who you are cannot be checked now (the portal does not answer): come back later.
    Undecided,
    /// You may not.
    Forbidden,
    /// The document cannot be opened now (its store is away): come back later.
    Unavailable,
    /// The document cannot be opened at all until an operator looks at it (a damaged object).
    Damaged,
    /// The document was erased for good: there is nothing to come back to.
    Erased,
    /// The document was deleted and is in the trash. It may come back; who has it open must not.
    Trashed,
}

impl CloseReason {
    /// The WebSocket close code. No code of this table stops a client that should come back, and
    /// 4408 and 1009 are never used: they are permanent for some published clients.
    pub const fn code(self) -> u16 {
        match self {
            Self::Restart => 1012,
            Self::Overloaded => 1013,
            Self::Reset | Self::TimedOut | Self::Malformed | Self::Expired => 4205,
            Self::Unauthorized => 4401,
            Self::Forbidden => 4403,
            Self::Erased | Self::Trashed => 4404,
            Self::Unavailable | Self::Damaged | Self::Undecided => 4503,
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
            Self::Expired => "token expired",
            Self::Undecided => "sign-in is unavailable, try again later",
            Self::Forbidden => "permission-denied",
            Self::Unavailable => "document store is unavailable, try again later",
            Self::Damaged => "document is damaged and stays closed until an operator repairs it",
            Self::Erased => "document was erased",
            Self::Trashed => "document was deleted",
        }
    }

    /// Whether a client should try again with the same credentials.
    pub const fn is_transient(self) -> bool {
        !matches!(
            self,
            Self::Unauthorized | Self::Forbidden | Self::Erased | Self::Trashed
        )
    }
}

#[cfg(test)]
mod tests {
    use super::CloseReason::{self, *};

    const ALL: [CloseReason; 13] = [
        Restart,
        Overloaded,
        Reset,
        TimedOut,
        Malformed,
        Unauthorized,
        Expired,
        Undecided,
        Forbidden,
        Unavailable,
        Damaged,
        Erased,
        Trashed,
    ];

    /// Codes after which at least one published client stays away for ever, as seen by running
    /// `@hocuspocus/provider` 2, 3 and 4 and `y-websocket` 1.5, 2.1 and 3.1.
    const SOMEBODY_STOPS: [u16; 5] = [1009, 4401, 4403, 4404, 4408];
    /// Codes after which all of them come back.
    const ALL_RETURN: [u16; 6] = [1000, 1001, 1012, 1013, 4205, 4503];

    #[test]
    fn every_client_returns_after_a_transient_reason() {
        for reason in ALL.into_iter().filter(|reason| reason.is_transient()) {
            assert!(ALL_RETURN.contains(&reason.code()), "{reason:?}");
            // y-websocket 3.1 takes all of 4400-4499 for final.
            assert!(!(4400..4500).contains(&reason.code()), "{reason:?}");
        }
    }

    #[test]
    fn only_credentials_and_erasure_are_final() {
        for reason in ALL.into_iter().filter(|reason| !reason.is_transient()) {
            assert!([4401, 4403, 4404].contains(&reason.code()), "{reason:?}");
        }
    }

    #[test]
    fn codes_that_some_clients_take_for_final_are_never_used_for_anything_else() {
        for reason in ALL {
            assert_eq!(
                SOMEBODY_STOPS.contains(&reason.code()),
                !reason.is_transient()
            );
            assert!(![1009, 4408].contains(&reason.code()), "{reason:?}");
        }
    }

    #[test]
    fn the_text_fits_into_a_close_frame() {
        for reason in ALL {
            assert!(!reason.text().is_empty());
            assert!(reason.text().len() <= 123, "{reason:?}");
        }
    }
}
