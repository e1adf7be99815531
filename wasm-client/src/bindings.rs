//! The surface for JavaScript: bytes and numbers in, bytes and text out. No callback runs from
//! inside Rust; the caller asks for frames and events after each call.

use std::collections::VecDeque;

use bytes::Bytes;
use unisson_protocol::{DocName, dialect::Dialect};
use wasm_bindgen::{JsError, prelude::wasm_bindgen};
use yrs::{GetString, Text, Transact};

use crate::{Client, Effect, Settings, Status};

/// One document for JavaScript. Times are milliseconds, as `performance.now()` counts them.
#[wasm_bindgen]
pub struct WasmClient {
    client: Client,
    frames: VecDeque<Bytes>,
    connect_after_ms: Option<f64>,
    close: bool,
}

#[wasm_bindgen]
impl WasmClient {
    /// `dialect` is `"y-websocket"` or `"hocuspocus"`; `client_id` an integer below 2^53.
    #[wasm_bindgen(constructor)]
    pub fn new(
        dialect: &str,
        document: &str,
        token: String,
        client_id: f64,
        seed: f64,
    ) -> Result<WasmClient, JsError> {
        let dialect = match dialect {
            "y-websocket" => Dialect::YWebsocket,
            "hocuspocus" => Dialect::Hocuspocus,
            _ => return Err(JsError::new("unknown dialect")),
        };
        if !(0.0..9_007_199_254_740_992.0).contains(&client_id) {
            return Err(JsError::new("client id out of range"));
        }
        let client = Client::new(Settings {
            dialect,
            document: DocName::new(document)?,
            token,
            client_id: client_id as u64,
            seed: seed as u64,
        })?;
        Ok(Self {
            client,
            frames: VecDeque::new(),
            connect_after_ms: None,
            close: false,
        })
    }

    /// Starts, or starts again after a failure.
    pub fn start(&mut self, now: f64) {
        let effects = self.client.start(now as u64);
        self.keep(effects);
    }

    /// The socket is open.
    pub fn opened(&mut self, now: f64) {
        let effects = self.client.opened(now as u64);
        self.keep(effects);
    }

    /// A binary frame came in.
    pub fn handle_frame(&mut self, now: f64, frame: Vec<u8>) {
        let effects = self.client.received(now as u64, &frame.into());
        self.keep(effects);
    }

    /// The socket is closed.
    pub fn closed(&mut self, now: f64, code: u16) {
        self.frames.clear();
        let effects = self.client.closed(now as u64, code);
        self.keep(effects);
    }

    /// Time passed.
    pub fn tick(&mut self, now: f64) {
        let effects = self.client.tick(now as u64);
        self.keep(effects);
    }

    /// When `tick` is due.
    pub fn next_wakeup(&self) -> Option<f64> {
        self.client.next_wakeup().map(|at| at as f64)
    }

    /// The next frame to send.
    pub fn take_frame(&mut self) -> Option<Vec<u8>> {
        self.frames.pop_front().map(|frame| frame.to_vec())
    }

    /// The delay after which a socket is to be opened, once.
    pub fn take_connect_after_ms(&mut self) -> Option<f64> {
        self.connect_after_ms.take()
    }

    /// Whether the socket is to be closed, once.
    pub fn take_close(&mut self) -> bool {
        std::mem::take(&mut self.close)
    }

    /// The status in one word.
    pub fn status(&self) -> String {
        match self.client.status() {
            Status::Offline => "offline",
            Status::Connecting => "connecting",
            Status::Syncing => "syncing",
            Status::Saving => "saving",
            Status::Saved => "saved",
            Status::ReadOnly => "read-only",
            Status::Refused(_) => "refused",
            Status::Failed(_) => "failed",
        }
        .to_owned()
    }

    /// The text under a name.
    pub fn text(&self, name: &str) -> String {
        let text = self.client.doc().get_or_insert_text(name);
        text.get_string(&self.client.doc().transact())
    }

    /// Inserts at an offset in UTF-16 units.
    pub fn insert_text(&mut self, name: &str, index: u32, chunk: &str) -> Result<(), JsError> {
        let text = self.client.doc().get_or_insert_text(name);
        let (inside, effects) = self.client.edit(|transaction| {
            let inside = index <= text.len(transaction);
            if inside {
                text.insert(transaction, index, chunk);
            }
            inside
        })?;
        self.keep(effects);
        in_range(inside)
    }

    /// Deletes a range, in UTF-16 units.
    pub fn delete_text(&mut self, name: &str, index: u32, len: u32) -> Result<(), JsError> {
        let text = self.client.doc().get_or_insert_text(name);
        let (inside, effects) = self.client.edit(|transaction| {
            let end = index.checked_add(len);
            let inside = end.is_some_and(|end| end <= text.len(transaction));
            if inside {
                text.remove_range(transaction, index, len);
            }
            inside
        })?;
        self.keep(effects);
        in_range(inside)
    }

    fn keep(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send(frame) => self.frames.push_back(frame),
                Effect::Connect { after_ms } => self.connect_after_ms = Some(after_ms as f64),
                Effect::Close => self.close = true,
                Effect::StatusChanged(_)
                | Effect::Integrated(_)
                | Effect::Saved(_)
                | Effect::PresenceChanged
                | Effect::Stateless(_) => {}
            }
        }
    }
}

/// yrs panics outside the text, and a panic would end the WASM instance.
fn in_range(inside: bool) -> Result<(), JsError> {
    match inside {
        true => Ok(()),
        false => Err(JsError::new("position outside the text")),
    }
}
