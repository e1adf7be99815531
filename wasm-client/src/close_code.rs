//! What a WebSocket close code asks of a client.

use unisson_protocol::dialect::Dialect;

/// Whether to come back after a close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reconnect {
    /// With the ordinary backoff.
    Soon,
    /// The server is restarting or overloaded: with a longer backoff.
    Later,
    /// The server will not take these credentials: not until a person does something.
    Never,
}

/// The band a close code belongs to. 4400-4499 are permanent as in `y-websocket` 3.1, except
/// 4408 of a Hocuspocus server, which says "timed out" there.
pub fn after_close(dialect: Dialect, code: u16) -> Reconnect {
    match code {
        4408 if dialect == Dialect::Hocuspocus => Reconnect::Soon,
        4400..=4499 => Reconnect::Never,
        1012 | 1013 | 4500..=4599 => Reconnect::Later,
        _ => Reconnect::Soon,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unisson_protocol::CloseReason;

    #[test]
    fn only_permanent_codes_stop_the_client() {
        for (code, expected) in [
            (1000, Reconnect::Soon),
            (1006, Reconnect::Soon),
            (1012, Reconnect::Later),
            (1013, Reconnect::Later),
            (4205, Reconnect::Soon),
            (4401, Reconnect::Never),
            (4403, Reconnect::Never),
            (4503, Reconnect::Later),
        ] {
            for dialect in [Dialect::YWebsocket, Dialect::Hocuspocus] {
                assert_eq!(after_close(dialect, code), expected, "{code}");
            }
        }
        assert_eq!(after_close(Dialect::YWebsocket, 4408), Reconnect::Never);
        assert_eq!(after_close(Dialect::Hocuspocus, 4408), Reconnect::Soon);
    }

    #[test]
    fn the_servers_own_reasons_are_understood() {
        for reason in [
            CloseReason::Restart,
            CloseReason::Overloaded,
            CloseReason::Reset,
            CloseReason::Unauthorized,
            CloseReason::Expired,
            CloseReason::Undecided,
            CloseReason::Forbidden,
            CloseReason::Unavailable,
            CloseReason::Erased,
        ] {
            let stops = after_close(Dialect::YWebsocket, reason.code()) == Reconnect::Never;
            assert_eq!(stops, !reason.is_transient(), "{reason:?}");
        }
    }
}
