//! The families of clients, one module each.

pub mod hocuspocus;
mod y_message;
pub mod y_websocket;

/// Which protocol a socket speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// `y-websocket` 1.5, 2 and 3: one document per socket.
    YWebsocket,
    /// `@hocuspocus/provider` 2, 3 and 4: any number of documents per socket.
    Hocuspocus,
}
