//! The protocol of `y-websocket`: one document per socket, one message per frame, no address.
//!
//! Bytes after the first message of a frame are ignored, as the reference server does.

use bytes::Bytes;

use super::y_message::{self, Body};
use crate::{
    Access, PeerMessage, ServerMessage,
    encoding::{DecodeError, Reader},
};

/// The frame that keeps an idle client from reconnecting: an empty awareness update.
pub const KEEPALIVE: &[u8] = &[0x01, 0x01, 0x00];

/// Type and sub-type of "permission denied", the only message of type Auth (y-protocols/auth).
const DENIED: &[u8] = &[2, 0];

/// Decodes one binary frame of a client. The messages in the result share `frame`'s bytes.
pub fn decode(frame: &Bytes) -> Result<PeerMessage, DecodeError> {
    let mut reader = Reader::new(frame);
    let message_type = reader.var_uint()?;
    match Body::read(message_type, frame, &mut reader)? {
        Some(body) => Ok(body.into()),
        None if message_type == y_message::QUERY_AWARENESS => Ok(PeerMessage::QueryAwareness),
        None => Err(unknown(message_type)),
    }
}

/// Encodes one message for a client, or `None` where this dialect has no way to say it
/// (`Accepted`: the echo of the own update says it).
///
/// The result does not depend on the receiver: encode once and share it.
pub fn encode(message: &ServerMessage) -> Option<Bytes> {
    if let Some((prefix, payload)) = y_message::server_parts(message) {
        return Some(y_message::joined(prefix, payload));
    }
    match message {
        ServerMessage::Refused(reason) => Some(denied(reason)),
        ServerMessage::Access(access, reason) => {
            (*access == Access::ReadOnly || !reason.is_empty()).then(|| denied(reason))
        }
        // Accepted, stateless messages: no words for them. The rest is encoded above.
        _ => None,
    }
}

/// The same in two parts, to be sent one behind the other: what stands before the payload, and the
/// payload, which is shared and not copied (empty where the message has none).
pub fn encode_split(message: &ServerMessage) -> Option<(Vec<u8>, Bytes)> {
    match y_message::server_parts(message) {
        Some((prefix, payload)) => Some((y_message::head(prefix, payload), payload.clone())),
        None => Some((encode(message)?.into(), Bytes::new())),
    }
}

/// "You may not, because": published clients log the reason and do nothing else.
pub fn denied(reason: &str) -> Bytes {
    y_message::joined(DENIED, reason.as_bytes())
}

/// Encodes one message of a client, or `None` where this dialect has no way to say it.
pub fn encode_client(message: &PeerMessage) -> Option<Bytes> {
    if let Some((prefix, payload)) = y_message::peer_parts(message) {
        return Some(y_message::joined(prefix, payload));
    }
    match message {
        PeerMessage::QueryAwareness => Some(Bytes::from_static(&[3])),
        _ => None,
    }
}

/// Decodes one binary frame of a server, for clients. A denial, whatever it was about, is
/// [`ServerMessage::Refused`]: this dialect does not tell more.
pub fn decode_server(frame: &Bytes) -> Result<ServerMessage, DecodeError> {
    let mut reader = Reader::new(frame);
    let message_type = reader.var_uint()?;
    if let Some(body) = Body::read(message_type, frame, &mut reader)? {
        return Ok(body.into());
    }
    if message_type != y_message::AUTH {
        return Err(unknown(message_type));
    }
    match reader.var_uint()? {
        0 => Ok(ServerMessage::Refused(reader.var_string()?.to_owned())),
        value => Err(DecodeError::Unknown {
            what: "auth message",
            value,
        }),
    }
}

fn unknown(value: u64) -> DecodeError {
    DecodeError::Unknown {
        what: "message type",
        value,
    }
}

#[cfg(test)]
mod tests;
