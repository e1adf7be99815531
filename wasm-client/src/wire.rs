//! One document's messages on a socket, in either dialect.

use bytes::Bytes;
use unisson_protocol::{
    DocName, PeerMessage, ServerMessage,
    dialect::{
        Dialect,
        hocuspocus::{self, Address, ClientFrame, ClientMessage, Control, ServerFrame, ServerSaid},
        y_websocket,
    },
    encoding::DecodeError,
};

/// The provider version that is announced to a Hocuspocus server. From 4 on, the server may
/// detach a document by message.
const PROVIDER_VERSION: &str = "4.8.0";

/// Encodes and decodes the frames of one document.
#[derive(Debug, Clone)]
pub enum Wire {
    /// The socket belongs to the document.
    YWebsocket,
    /// Each frame carries the document's address.
    Hocuspocus(Address),
}

/// What a frame of the server means for the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A message about the document.
    Message(ServerMessage),
    /// "Send your token again."
    TokenRequested,
    /// The document is refused to this client.
    Denied(String),
    /// The document is detached from the socket.
    Detached(String),
    /// To be answered with [`Wire::pong`].
    Ping,
    /// Only a sign of life, or about another document.
    Nothing,
}

impl Wire {
    /// The wire of one document.
    pub fn new(dialect: Dialect, name: &DocName) -> Result<Self, DecodeError> {
        Ok(match dialect {
            Dialect::YWebsocket => Self::YWebsocket,
            Dialect::Hocuspocus => Self::Hocuspocus(Address::of(name, None)?),
        })
    }

    /// The dialect spoken.
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::YWebsocket => Dialect::YWebsocket,
            Self::Hocuspocus(_) => Dialect::Hocuspocus,
        }
    }

    /// The frame for a message, or `None` where the dialect cannot say it.
    pub fn encode(&self, message: PeerMessage) -> Option<Bytes> {
        match self {
            Self::YWebsocket => y_websocket::encode_client(&message),
            Self::Hocuspocus(address) => Some(hocuspocus::encode_client(&ClientFrame::Addressed(
                address.clone(),
                ClientMessage::Peer(message),
            ))),
        }
    }

    /// The frame that presents a token; `y-websocket` carries it in the URL instead.
    pub fn token(&self, token: &str) -> Option<Bytes> {
        let Self::Hocuspocus(address) = self else {
            return None;
        };
        Some(hocuspocus::encode_client(&ClientFrame::Addressed(
            address.clone(),
            ClientMessage::Token {
                token: token.to_owned(),
                version: Some(PROVIDER_VERSION.to_owned()),
            },
        )))
    }

    /// The answer to [`Incoming::Ping`].
    pub fn pong() -> Bytes {
        hocuspocus::encode_client(&ClientFrame::Pong)
    }

    /// Reads one frame of the server.
    pub fn decode(&self, frame: &Bytes) -> Result<Incoming, DecodeError> {
        let Self::Hocuspocus(own) = self else {
            return Ok(Incoming::Message(y_websocket::decode_server(frame)?));
        };
        Ok(match hocuspocus::decode_server(frame)? {
            ServerFrame::Keepalive | ServerFrame::Pong => Incoming::Nothing,
            ServerFrame::Ping => Incoming::Ping,
            ServerFrame::Addressed(address, _) if address != *own => Incoming::Nothing,
            ServerFrame::Addressed(_, ServerSaid::Message(message)) => Incoming::Message(message),
            ServerFrame::Addressed(_, ServerSaid::Control(control)) => match control {
                Control::RequestToken => Incoming::TokenRequested,
                Control::PermissionDenied(reason) => Incoming::Denied(reason),
                Control::Close(reason) => Incoming::Detached(reason),
            },
        })
    }
}
