//! Sync and presence messages, whose bytes are the same in both dialects (y-protocols).

use bytes::Bytes;

use crate::{
    PeerMessage, ServerMessage,
    encoding::{DecodeError, Reader, Writer},
};

pub(super) const SYNC: u64 = 0;
pub(super) const AWARENESS: u64 = 1;
pub(super) const AUTH: u64 = 2;
pub(super) const QUERY_AWARENESS: u64 = 3;

/// A message that both dialects and both directions have.
pub(super) enum Body {
    SyncStep1(Bytes),
    SyncStep2(Bytes),
    Update(Bytes),
    Awareness(Bytes),
}

impl Body {
    /// Reads what follows a message type; `None` where the type is not one of these. The payload
    /// shares the bytes of `frame`, which `reader` must be reading.
    pub(super) fn read(
        message_type: u64,
        frame: &Bytes,
        reader: &mut Reader<'_>,
    ) -> Result<Option<Self>, DecodeError> {
        let wrap = match message_type {
            AWARENESS => Self::Awareness,
            SYNC => match reader.var_uint()? {
                0 => Self::SyncStep1,
                1 => Self::SyncStep2,
                2 => Self::Update,
                value => {
                    return Err(DecodeError::Unknown {
                        what: "sync message",
                        value,
                    });
                }
            },
            _ => return Ok(None),
        };
        Ok(Some(wrap(frame.slice_ref(reader.var_bytes()?))))
    }
}

impl From<Body> for PeerMessage {
    fn from(body: Body) -> Self {
        match body {
            Body::SyncStep1(vector) => Self::SyncStep1(vector),
            Body::SyncStep2(update) => Self::SyncStep2(update),
            Body::Update(update) => Self::Update(update),
            Body::Awareness(update) => Self::Awareness(update),
        }
    }
}

impl From<Body> for ServerMessage {
    fn from(body: Body) -> Self {
        match body {
            Body::SyncStep1(vector) => Self::SyncStep1(vector),
            Body::SyncStep2(update) => Self::SyncStep2(update),
            Body::Update(update) => Self::Update(update),
            Body::Awareness(update) => Self::Awareness(update),
        }
    }
}

/// Type bytes and payload of a message of the server, where both dialects have it.
pub(super) fn server_parts(message: &ServerMessage) -> Option<(&'static [u8], &Bytes)> {
    match message {
        ServerMessage::SyncStep1(vector) => Some((&[0, 0], vector)),
        ServerMessage::SyncStep2(update) => Some((&[0, 1], update)),
        ServerMessage::Update(update) => Some((&[0, 2], update)),
        ServerMessage::Awareness(update) => Some((&[1], update)),
        _ => None,
    }
}

/// Type bytes and payload of a message of a client, where both dialects have it.
pub(super) fn peer_parts(message: &PeerMessage) -> Option<(&'static [u8], &Bytes)> {
    match message {
        PeerMessage::SyncStep1(vector) => Some((&[0, 0], vector)),
        PeerMessage::SyncStep2(update) => Some((&[0, 1], update)),
        PeerMessage::Update(update) => Some((&[0, 2], update)),
        PeerMessage::Awareness(update) => Some((&[1], update)),
        PeerMessage::QueryAwareness | PeerMessage::Stateless(_) => None,
    }
}

/// `prefix`, then the payload with its length.
pub(super) fn joined(prefix: &[u8], payload: &[u8]) -> Bytes {
    let mut writer =
        Writer::with_capacity(prefix.len() + Writer::INTEGER_BYTES_MAX + payload.len());
    writer.bytes(prefix);
    writer.var_bytes(payload);
    writer.finish()
}

/// Type bytes and the length of the payload, for a frame whose payload follows as it is.
pub(super) fn head(prefix: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut writer = Writer::with_capacity(prefix.len() + Writer::INTEGER_BYTES_MAX);
    writer.bytes(prefix);
    writer.var_uint(payload.len() as u64);
    writer.into_vec()
}
