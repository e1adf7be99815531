//! The protocol of `@hocuspocus/provider` 2, 3 and 4: each frame is addressed to a document.

use bytes::Bytes;

use crate::{DocName, NameError, PeerMessage, ServerMessage, encoding::DecodeError};

/// The frame that keeps an idle client from reconnecting: an empty address, which no provider has.
pub const KEEPALIVE: &[u8] = &[0x00];

/// The raw address of a frame: a document's name, or name, NUL and session id. It is echoed
/// byte for byte: clients look their provider up by it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(Bytes);

impl Address {
    /// The document that is meant: what stands before the first NUL.
    pub fn doc_name(&self) -> Result<DocName, NameError> {
        unimplemented!()
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

/// Decodes one binary frame of a client. The messages in the result share `frame`'s bytes.
pub fn decode(_frame: &Bytes) -> Result<ClientFrame, DecodeError> {
    unimplemented!()
}

/// Encodes one message for the client's provider of `address`.
pub fn encode(_address: &Address, _message: &ServerMessage) -> Bytes {
    unimplemented!()
}

/// Encodes a message that only this dialect has.
pub fn encode_control(_address: &Address, _control: &Control) -> Bytes {
    unimplemented!()
}
