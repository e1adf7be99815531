//! The protocol of `@hocuspocus/provider` 2, 3 and 4: each frame is addressed to a document.
//!
//! Bytes after the message of a frame are ignored, as the reference does: a provider that glues
//! two messages into one frame loses the second with every server.

use bytes::Bytes;

use super::y_message::{self, Body};
use crate::{
    Access, DocName, NameError, PeerMessage, ServerMessage,
    encoding::{DecodeError, Reader, Writer},
};

/// The frame that keeps an idle client from reconnecting: an empty address, which no provider has.
pub const KEEPALIVE: &[u8] = &[0x00];

/// The raw address of a frame: a document's name, or name, NUL and session id. It is echoed
/// byte for byte: clients look their provider up by it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(Bytes);

impl Address {
    /// The longest address, in bytes: a name, NUL and a session id.
    pub const BYTES_MAX: usize = DocName::BYTES_MAX + 64;

    /// Checks length and UTF-8. Whether it names a document is for [`Address::doc_name`] to say:
    /// a frame for a bad name is well formed, and gets its refusal at this address.
    pub fn new(raw: Bytes) -> Result<Self, DecodeError> {
        if raw.len() > Self::BYTES_MAX {
            return Err(DecodeError::OverLimit {
                what: "address",
                max: Self::BYTES_MAX as u64,
            });
        }
        if std::str::from_utf8(&raw).is_err() {
            return Err(DecodeError::Utf8);
        }
        Ok(Self(raw))
    }

    /// The address of a provider: the bare name, or name and session id where it is session-aware.
    pub fn of(name: &DocName, session_id: Option<&str>) -> Result<Self, DecodeError> {
        let raw = match session_id {
            None => name.as_str().to_owned(),
            Some(session_id) => format!("{name}\0{session_id}"),
        };
        Self::new(raw.into())
    }

    /// The document that is meant: what stands before the first NUL.
    pub fn doc_name(&self) -> Result<DocName, NameError> {
        let (name, _) = self.parts();
        DocName::new(std::str::from_utf8(name).map_err(|_| NameError::NotUtf8)?)
    }

    /// What stands after the first NUL: the provider's session id.
    pub fn session_id(&self) -> Option<&str> {
        let (_, session_id) = self.parts();
        std::str::from_utf8(session_id?).ok()
    }

    fn parts(&self) -> (&[u8], Option<&[u8]>) {
        let mut parts = self.0.splitn(2, |byte| *byte == 0);
        (parts.next().unwrap_or_default(), parts.next())
    }

    /// The address without the slack of a larger frame, to be kept for long: an address that was
    /// decoded shares its frame's bytes and so keeps all of them alive.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self(Bytes::copy_from_slice(&self.0))
    }

    /// The raw bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// One frame of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientFrame {
    /// About one document.
    Addressed(Address, ClientMessage),
    /// The single byte `09` (provider 4).
    Ping,
    /// The single byte `0a` (provider 4).
    Pong,
}

/// What an addressed frame says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientMessage {
    /// Something for the document.
    Peer(PeerMessage),
    /// A token: authenticate, or authenticate again.
    Token {
        /// The token, possibly empty.
        token: String,
        /// The provider's version; announced from provider 4 on.
        version: Option<String>,
    },
    /// Detach this document from the socket.
    Close,
}

/// What only this dialect's server says about one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// "Send your token again" (understood by provider 3 and later; provider 2 ignores it).
    RequestToken,
    /// The document is refused to this client; the socket stays open.
    PermissionDenied(String),
    /// The document is detached from the socket. Never for provider 2, which throws.
    Close(String),
}

/// One frame of a server, as a client reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerFrame {
    /// About one document.
    Addressed(Address, ServerSaid),
    /// The single byte `00`: nothing but a sign of life.
    Keepalive,
    /// The single byte `09`: answer with [`ClientFrame::Pong`].
    Ping,
    /// The single byte `0a`.
    Pong,
}

/// What an addressed frame of a server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerSaid {
    /// Something about the document. `Refused` and `Access` travel without their reason.
    Message(ServerMessage),
    /// Something about the client's place in it.
    Control(Control),
}

const STATELESS: u64 = 5;
const CLOSE: u64 = 7;
const SYNC_STATUS: u64 = 8;
const PING: &[u8] = &[9];
const PONG: &[u8] = &[10];

const READ_WRITE: &str = "read-write";
const READ_ONLY: &str = "readonly";

/// Decodes one binary frame of a client. The messages in the result share `frame`'s bytes.
///
/// `SyncReply` (4) and `BroadcastStateless` (6) are for servers among themselves, `SyncStatus` (8)
/// for clients: all are errors here.
pub fn decode(frame: &Bytes) -> Result<ClientFrame, DecodeError> {
    match frame.as_ref() {
        PING => return Ok(ClientFrame::Ping),
        PONG => return Ok(ClientFrame::Pong),
        _ => {}
    }
    let mut reader = Reader::new(frame);
    let address = read_address(frame, &mut reader)?;
    let message_type = reader.var_uint()?;
    if let Some(body) = Body::read(message_type, frame, &mut reader)? {
        return Ok(ClientFrame::Addressed(
            address,
            ClientMessage::Peer(body.into()),
        ));
    }
    let message = match message_type {
        y_message::AUTH => read_token(&mut reader)?,
        y_message::QUERY_AWARENESS => ClientMessage::Peer(PeerMessage::QueryAwareness),
        STATELESS => ClientMessage::Peer(PeerMessage::Stateless(reader.var_string()?.to_owned())),
        CLOSE => ClientMessage::Close,
        value => {
            return Err(DecodeError::Unknown {
                what: "message type",
                value,
            });
        }
    };
    Ok(ClientFrame::Addressed(address, message))
}

/// Encodes one message for the client's provider of `address`.
pub fn encode(address: &Address, message: &ServerMessage) -> Bytes {
    address_frame(address, &encode_body(message))
}

/// Encodes one message without its address, for [`address_frame`]: encode a message once, then
/// address it to each receiver. Sync and presence are the very bytes that
/// [`y_websocket::encode`](super::y_websocket::encode) makes, so both dialects can share them.
pub fn encode_body(message: &ServerMessage) -> Bytes {
    if let Some((prefix, payload)) = y_message::server_parts(message) {
        return y_message::joined(prefix, payload);
    }
    match message {
        ServerMessage::Accepted => Bytes::from_static(&[8, 1]),
        ServerMessage::Refused(_) => Bytes::from_static(&[8, 0]),
        ServerMessage::Access(Access::ReadWrite, _) => joined_text(&[2, 2], READ_WRITE),
        ServerMessage::Access(Access::ReadOnly, _) => joined_text(&[2, 2], READ_ONLY),
        ServerMessage::Stateless(payload) => joined_text(&[5], payload),
        ServerMessage::SyncStep1(_)
        | ServerMessage::SyncStep2(_)
        | ServerMessage::Update(_)
        | ServerMessage::Awareness(_) => unreachable!("encoded above"),
    }
}

/// The same in two parts, to be sent one behind the other, behind [`address_head`]: what stands
/// before the payload, and the payload, which is shared and not copied (empty where there is none).
pub fn encode_body_split(message: &ServerMessage) -> (Vec<u8>, Bytes) {
    match y_message::server_parts(message) {
        Some((prefix, payload)) => (y_message::head(prefix, payload), payload.clone()),
        None => (encode_body(message).into(), Bytes::new()),
    }
}

/// What stands before the body of a frame for this address.
pub fn address_head(address: &Address) -> Vec<u8> {
    y_message::joined(&[], address.as_bytes()).into()
}

/// Puts `address` before a message that [`encode_body`] encoded.
pub fn address_frame(address: &Address, body: &[u8]) -> Bytes {
    let raw = address.as_bytes();
    let mut writer = Writer::with_capacity(raw.len() + Writer::INTEGER_BYTES_MAX + body.len());
    writer.var_bytes(raw);
    writer.bytes(body);
    writer.finish()
}

/// Encodes a message that only this dialect has.
pub fn encode_control(address: &Address, control: &Control) -> Bytes {
    let body = match control {
        Control::RequestToken => Bytes::from_static(&[2, 0]),
        Control::PermissionDenied(reason) => joined_text(&[2, 1], reason),
        Control::Close(reason) => joined_text(&[7], reason),
    };
    address_frame(address, &body)
}

/// Encodes one frame of a client.
pub fn encode_client(frame: &ClientFrame) -> Bytes {
    let (address, message) = match frame {
        ClientFrame::Ping => return Bytes::from_static(PING),
        ClientFrame::Pong => return Bytes::from_static(PONG),
        ClientFrame::Addressed(address, message) => (address, message),
    };
    let body = match message {
        ClientMessage::Close => Bytes::from_static(&[7]),
        ClientMessage::Token { token, version } => write_token(token, version.as_deref()),
        ClientMessage::Peer(PeerMessage::QueryAwareness) => Bytes::from_static(&[3]),
        ClientMessage::Peer(PeerMessage::Stateless(payload)) => joined_text(&[5], payload),
        ClientMessage::Peer(peer) => match y_message::peer_parts(peer) {
            Some((prefix, payload)) => y_message::joined(prefix, payload),
            None => unreachable!("encoded above"),
        },
    };
    address_frame(address, &body)
}

/// Decodes one binary frame of a server, for clients.
pub fn decode_server(frame: &Bytes) -> Result<ServerFrame, DecodeError> {
    match frame.as_ref() {
        KEEPALIVE => return Ok(ServerFrame::Keepalive),
        PING => return Ok(ServerFrame::Ping),
        PONG => return Ok(ServerFrame::Pong),
        _ => {}
    }
    let mut reader = Reader::new(frame);
    let address = read_address(frame, &mut reader)?;
    let message_type = reader.var_uint()?;
    let said = match Body::read(message_type, frame, &mut reader)? {
        Some(body) => ServerSaid::Message(body.into()),
        None => read_said(message_type, &mut reader)?,
    };
    Ok(ServerFrame::Addressed(address, said))
}

fn read_address(frame: &Bytes, reader: &mut Reader<'_>) -> Result<Address, DecodeError> {
    Address::new(frame.slice_ref(reader.var_bytes()?))
}

fn read_token(reader: &mut Reader<'_>) -> Result<ClientMessage, DecodeError> {
    match reader.var_uint()? {
        0 => {}
        value => {
            return Err(DecodeError::Unknown {
                what: "auth message",
                value,
            });
        }
    }
    let token = reader.var_string()?.to_owned();
    let version = match reader.is_empty() {
        true => None,
        false => Some(reader.var_string()?.to_owned()),
    };
    Ok(ClientMessage::Token { token, version })
}

fn write_token(token: &str, version: Option<&str>) -> Bytes {
    let text_bytes = token.len() + version.map_or(0, str::len);
    let mut writer = Writer::with_capacity(2 + 2 * Writer::INTEGER_BYTES_MAX + text_bytes);
    writer.bytes(&[2, 0]);
    writer.var_string(token);
    if let Some(version) = version {
        writer.var_string(version);
    }
    writer.finish()
}

fn read_said(message_type: u64, reader: &mut Reader<'_>) -> Result<ServerSaid, DecodeError> {
    match message_type {
        y_message::AUTH => read_auth(reader),
        STATELESS => {
            let payload = reader.var_string()?.to_owned();
            Ok(ServerSaid::Message(ServerMessage::Stateless(payload)))
        }
        CLOSE => Ok(ServerSaid::Control(Control::Close(
            reader.var_string()?.to_owned(),
        ))),
        SYNC_STATUS => match reader.var_uint()? {
            0 => Ok(ServerSaid::Message(ServerMessage::Refused(String::new()))),
            1 => Ok(ServerSaid::Message(ServerMessage::Accepted)),
            value => Err(DecodeError::Unknown {
                what: "sync status",
                value,
            }),
        },
        value => Err(DecodeError::Unknown {
            what: "message type",
            value,
        }),
    }
}

fn read_auth(reader: &mut Reader<'_>) -> Result<ServerSaid, DecodeError> {
    match reader.var_uint()? {
        0 => Ok(ServerSaid::Control(Control::RequestToken)),
        1 => {
            let reason = reader.var_string()?.to_owned();
            Ok(ServerSaid::Control(Control::PermissionDenied(reason)))
        }
        2 => {
            let access = match reader.var_string()? {
                READ_WRITE => Access::ReadWrite,
                READ_ONLY => Access::ReadOnly,
                _ => return Err(DecodeError::Invalid("unknown scope")),
            };
            Ok(ServerSaid::Message(ServerMessage::Access(
                access,
                String::new(),
            )))
        }
        value => Err(DecodeError::Unknown {
            what: "auth message",
            value,
        }),
    }
}

fn joined_text(prefix: &[u8], text: &str) -> Bytes {
    y_message::joined(prefix, text.as_bytes())
}
