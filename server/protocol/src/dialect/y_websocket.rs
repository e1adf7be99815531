//! The protocol of `y-websocket`: one document per socket, one message per frame, no address.

use bytes::Bytes;

use crate::{PeerMessage, ServerMessage, encoding::DecodeError};

/// The frame that keeps an idle client from reconnecting: an empty awareness update.
pub const KEEPALIVE: &[u8] = &[0x01, 0x01, 0x00];

/// Decodes one binary frame of a client. The messages in the result share `frame`'s bytes.
pub fn decode(_frame: &Bytes) -> Result<PeerMessage, DecodeError> {
    unimplemented!()
}

/// Encodes one message for a client, or `None` where this dialect has no way to say it
/// (`Accepted`: the echo of the own update says it).
pub fn encode(_message: &ServerMessage) -> Option<Bytes> {
    unimplemented!()
}
