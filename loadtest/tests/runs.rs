//! Whole runs against a small y-websocket server in this process: an honest one, and one that
//! forgets them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::{net::TcpListener, sync::broadcast};
use tokio_tungstenite::{
    accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{ErrorResponse, Request, Response},
    },
};
use unisson_loadtest::{Plan, run};
use unisson_protocol::{
    PeerMessage, ServerMessage,
    dialect::{Dialect, y_websocket},
};
use yrs::{
    Doc, ReadTxn, StateVector, Transact, Update,
    updates::{decoder::Decode, encoder::Encode},
};

struct Room {
    doc: Mutex<Doc>,
    updates: broadcast::Sender<Bytes>,
}

#[derive(Default)]
struct Relay {
    rooms: Mutex<HashMap<String, Arc<Room>>>,
    /// Passes updates on and says "saved", but keeps nothing.
    forgetful: bool,
}

impl Relay {
    fn room(&self, path: &str) -> Arc<Room> {
        let mut rooms = self.rooms.lock().expect("not poisoned");
        let room = rooms.entry(path.to_owned()).or_insert_with(|| {
            Arc::new(Room {
                doc: Mutex::new(Doc::with_client_id(1)),
                updates: broadcast::channel(4_096).0,
            })
        });
        Arc::clone(room)
    }

    fn handle(&self, room: &Room, frame: &Bytes) -> Vec<ServerMessage> {
        let doc = room.doc.lock().expect("not poisoned");
        match y_websocket::decode(frame).expect("a frame") {
            PeerMessage::SyncStep1(state_vector) => {
                let theirs = StateVector::decode_v1(&state_vector).expect("a state vector");
                let transaction = doc.transact();
                let own = transaction.state_vector().encode_v1();
                let missing = transaction.encode_diff_v1(&theirs);
                vec![
                    ServerMessage::SyncStep1(own.into()),
                    ServerMessage::SyncStep2(missing.into()),
                ]
            }
            PeerMessage::SyncStep2(update) | PeerMessage::Update(update) => {
                if update.len() > 2 {
                    if !self.forgetful {
                        let decoded = Update::decode_v1(&update).expect("an update");
                        doc.transact_mut().apply_update(decoded).expect("applies");
                    }
                    // Nobody listening is no error.
                    let _ = room.updates.send(update);
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    #[allow(clippy::result_large_err, reason = "the handshake's own types")]
    async fn serve(self: Arc<Self>, stream: tokio::net::TcpStream) {
        let mut path = String::new();
        let callback = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
            path = request.uri().path().to_owned();
            Ok(response)
        };
        let socket = accept_hdr_async(stream, callback)
            .await
            .expect("a handshake");
        let room = self.room(&path);
        let mut updates = room.updates.subscribe();
        let (mut sink, mut source) = socket.split();
        loop {
            let out = tokio::select! {
                message = source.next() => match message {
                    Some(Ok(Message::Binary(frame))) => self.handle(&room, &frame),
                    Some(Ok(_)) => Vec::new(),
                    _ => return,
                },
                update = updates.recv() => {
                    vec![ServerMessage::Update(update.expect("a reader that keeps up"))]
                }
            };
            for message in out {
                let frame = y_websocket::encode(&message).expect("known to the dialect");
                if sink.send(Message::Binary(frame)).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn plan(forgetful: bool) -> Plan {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let relay = Arc::new(Relay {
        forgetful,
        ..Relay::default()
    });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(Arc::clone(&relay).serve(stream));
        }
    });
    Plan {
        target: format!("ws://{address}/"),
        dialect: Dialect::YWebsocket,
        documents: 2,
        clients: 4,
        writers: 2,
        rate: 20.0,
        duration: Duration::from_secs(1),
        token: String::new(),
        counting_readers: true,
        server_pid: Some(std::process::id()),
        progress: false,
        seed: 42,
    }
}

#[tokio::test]
async fn an_honest_server_passes_with_every_edit_measured() {
    for counting_readers in [true, false] {
        let plan = Plan {
            counting_readers,
            ..plan(false).await
        };
        let report = run(plan).await.expect("a run");
        assert!(report.correct, "{report}");
        assert_eq!(report.edits_made, 80);
        assert_eq!(
            report.edit_to_seen.count,
            80 * 3,
            "each edit at three others"
        );
        assert_eq!(report.edit_to_saved.count, 80);
        assert!(report.server_cpu_seconds.is_some());
    }
}

#[tokio::test]
async fn a_server_that_forgets_what_it_called_saved_fails_the_run() {
    let report = run(plan(true).await).await.expect("a run");
    assert!(!report.correct, "{report}");
    assert_eq!(report.wrong_documents, 2, "{report}");
}
