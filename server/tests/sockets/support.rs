//! A server in this process, and bare clients that speak raw frames.

use std::{net::SocketAddr, time::Duration};

use futures_util::{SinkExt, StreamExt};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        Message,
        client::IntoClientRequest,
        handshake::client::Request,
        http::{HeaderName, HeaderValue},
    },
};
use unisson::{RunningServer, Server, Settings, settings::Token};
use unisson_protocol::{
    Access, ServerMessage,
    dialect::y_websocket,
    scan::{self, UpdateScan},
};

/// Longer than anything takes that is going to happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// An update of client 7: "hi" at the beginning of the text `t`.
pub(crate) const HI: &[u8] = b"\x01\x01\x07\x00\x04\x01\x01t\x02hi\x00";
/// An update that says nothing.
pub(crate) const NOTHING: &[u8] = b"\x00\x00";

/// A server with a folder of its own.
pub(crate) struct World {
    pub(crate) server: RunningServer,
    pub(crate) folder: TempDir,
}

pub(crate) fn token(value: &str, access: Access, prefix: &str) -> Token {
    Token {
        value: value.into(),
        access,
        prefix: prefix.into(),
        user: None,
        display_name: None,
        is_admin: false,
    }
}

pub(crate) async fn start() -> World {
    start_with(|_| {}).await
}

pub(crate) async fn start_with(change: impl FnOnce(&mut Settings)) -> World {
    start_in(tempfile::tempdir().expect("a folder"), change).await
}

pub(crate) async fn start_in(folder: TempDir, change: impl FnOnce(&mut Settings)) -> World {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut settings = Settings::new(listen, folder.path().join("data"));
    change(&mut settings);
    let server = Server::start(settings).await.expect("the server starts");
    World { server, folder }
}

impl World {
    /// A socket on a path, with the headers of a `tokio-tungstenite` client.
    pub(crate) async fn connect(&self, path: &str) -> Client {
        self.connect_with(path, &[]).await
    }

    pub(crate) async fn connect_with(&self, path: &str, headers: &[(&str, &str)]) -> Client {
        let address = self.server.address();
        let mut request: Request = format!("ws://{address}{path}")
            .into_client_request()
            .expect("a request");
        for (name, value) in headers {
            request.headers_mut().insert(
                HeaderName::from_bytes(name.as_bytes()).expect("a name"),
                HeaderValue::from_str(value).expect("a value"),
            );
        }
        let stream = TcpStream::connect(address).await.expect("connected");
        let (socket, _) = client_async(request, stream).await.expect("upgraded");
        Client { socket }
    }

    /// The stream of a WebSocket, its handshake done, for bytes of all kinds.
    pub(crate) async fn upgraded(&self, path: &str) -> TcpStream {
        let address = self.server.address();
        let mut stream = TcpStream::connect(address).await.expect("connected");
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.expect("asked");
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await.expect("answered"));
        }
        assert!(answer.starts_with(b"HTTP/1.1 101"), "{answer:?}");
        stream
    }

    /// The whole answer to a GET request.
    pub(crate) async fn get(&self, path: &str, headers: &str) -> String {
        let mut stream = TcpStream::connect(self.server.address())
            .await
            .expect("connected");
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close, upgrade\r\n{headers}\r\n"
        );
        stream.write_all(request.as_bytes()).await.expect("asked");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("answered");
        answer
    }

    /// The whole answer to a POST request with a JSON body.
    pub(crate) async fn post(&self, path: &str, headers: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.server.address())
            .await
            .expect("connected");
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n{headers}\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.expect("asked");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("answered");
        answer
    }

    /// Stops the server and starts another one on the same folder.
    pub(crate) async fn restart(self) -> World {
        self.server.stop().await.expect("a clean stop");
        start_in(self.folder, |_| {}).await
    }
}

/// What a client hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Heard {
    Frame(Vec<u8>),
    Closed(u16),
}

/// One bare socket.
pub(crate) struct Client {
    socket: WebSocketStream<TcpStream>,
}

impl Client {
    pub(crate) async fn send(&mut self, frame: impl AsRef<[u8]>) {
        let frame = Message::Binary(frame.as_ref().to_vec().into());
        self.socket.send(frame).await.expect("sent");
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        let frame = Message::Text(text.into());
        self.socket.send(frame).await.expect("sent");
    }

    /// The next frame or the close code.
    pub(crate) async fn hear(&mut self) -> Heard {
        loop {
            let next = timeout(PATIENCE, self.socket.next()).await;
            match next.expect("the server says something in time") {
                Some(Ok(Message::Binary(frame))) => return Heard::Frame(frame.to_vec()),
                Some(Ok(Message::Close(Some(frame)))) => return Heard::Closed(frame.code.into()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("heard {other:?}"),
            }
        }
    }

    /// The next frames are exactly these.
    pub(crate) async fn expect(&mut self, frames: &[&[u8]]) {
        for frame in frames {
            assert_eq!(self.hear().await, Heard::Frame(frame.to_vec()));
        }
    }

    /// The next frame is an update: what it says.
    pub(crate) async fn hear_update(&mut self) -> UpdateScan {
        let Heard::Frame(frame) = self.hear().await else {
            panic!("the socket was closed")
        };
        let message = y_websocket::decode_server(&frame.into()).expect("a message");
        let ServerMessage::Update(update) = message else {
            panic!("not an update: {message:?}")
        };
        scan::update_v1(&update).expect("an update")
    }

    /// The close code, whatever comes before it.
    pub(crate) async fn close_code(&mut self) -> u16 {
        loop {
            if let Heard::Closed(code) = self.hear().await {
                return code;
            }
        }
    }
}

/// Type bytes and a payload with its length, which is below 128.
pub(crate) fn framed(head: &[u8], payload: &[u8]) -> Vec<u8> {
    [head, &[payload.len() as u8], payload].concat()
}
