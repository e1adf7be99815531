//! Whole runs against small servers in this process: an honest one, and some that lose edits.

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
use unisson_loadtest::{Plan, Scenario, Target, relay, run};
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
    small(Scenario::F1, &format!("ws://{address}/"))
}

fn small(scenario: Scenario, target: &str) -> Plan {
    Plan {
        documents: 2,
        clients: 4,
        writers: if scenario == Scenario::I1 { 0 } else { 2 },
        rate: 20.0,
        duration: Duration::from_secs(1),
        grace: Duration::from_secs(2),
        ..Plan::new(scenario, target, Dialect::YWebsocket, 42)
    }
}

#[tokio::test]
async fn an_honest_server_passes_with_every_edit_measured() {
    for counting_readers in [true, false] {
        let plan = Plan {
            counting_readers,
            ..plan(false).await
        };
        let report = run(plan, Target::Process(std::process::id()))
            .await
            .expect("a run");
        assert!(report.correct, "{report}");
        assert_eq!(report.edits_made, 80);
        let seen = report.latency("edit to seen").expect("edits were seen");
        assert_eq!(seen.count, 80 * 3, "each edit at three others");
        let saved = report.latency("edit to saved").expect("edits were saved");
        assert_eq!(saved.count, 80);
        assert!(report.figure("server CPU").is_some(), "{report}");
        let samples = serde_json::to_string(&report).expect("JSON");
        assert!(samples.contains("\"server_cores\""));
    }
}

#[tokio::test]
async fn a_server_that_forgets_what_it_called_saved_fails_the_run() {
    let report = run(plan(true).await, Target::Address).await.expect("a run");
    assert!(!report.correct, "{report}");
    assert_eq!(report.errors.len(), 2, "{report}");
}

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    (listener, format!("ws://{address}/"))
}

#[tokio::test]
async fn the_relay_delivers_every_edit_to_every_other_client() {
    let (listener, target) = listener().await;
    let serving = tokio::spawn(relay(listener));
    for scenario in [Scenario::F1, Scenario::I1, Scenario::P1] {
        let mut plan = small(scenario, &target);
        plan.relay = true;
        if scenario == Scenario::P1 {
            (plan.documents, plan.writers) = (1, 4);
        }
        let report = run(plan, Target::Address).await.expect("a run");
        assert!(report.correct, "{report}");
        let seen = report.latency("edit to seen").map_or(0, |seen| seen.count);
        let expected = match scenario {
            Scenario::F1 => 80 * 3,
            Scenario::P1 => 20 * 4 * 3,
            _ => 0,
        };
        assert_eq!(seen, expected, "{report}");
        assert!(report.latency("edit to saved").is_none(), "{report}");
    }
    let refused = Plan {
        relay: true,
        writers: 0,
        ..small(Scenario::J1, &target)
    };
    assert!(run(refused, Target::Address).await.is_err());
    serving.abort();
}

/// Forwards what a client sends to a relay, but for every tenth frame.
#[allow(clippy::result_large_err, reason = "the handshake's own types")]
async fn lossy(listener: TcpListener, relay: String) {
    while let Ok((stream, _)) = listener.accept().await {
        let relay = relay.clone();
        tokio::spawn(async move {
            let mut path = String::new();
            let callback = |request: &Request, response: Response| {
                request
                    .uri()
                    .path()
                    .trim_start_matches('/')
                    .clone_into(&mut path);
                Ok(response)
            };
            let client = accept_hdr_async(stream, callback)
                .await
                .expect("a handshake");
            let url = format!("{relay}{path}");
            let (server, _) = tokio_tungstenite::connect_async(url)
                .await
                .expect("a relay");
            let (to_client, mut from_client) = client.split();
            let (mut to_server, from_server) = server.split();
            tokio::spawn(from_server.forward(to_client));
            let mut frames = 0;
            while let Some(Ok(frame)) = from_client.next().await {
                frames += 1;
                if frames % 10 != 0 && to_server.send(frame).await.is_err() {
                    return;
                }
            }
        });
    }
}

#[tokio::test]
async fn a_relay_that_loses_frames_fails_the_run() {
    let (listener, target) = listener_of_lossy_relay().await;
    let proxying = tokio::spawn(lossy(listener.0, listener.1));
    let plan = Plan {
        relay: true,
        ..small(Scenario::F1, &target)
    };
    let report = run(plan, Target::Address).await.expect("a run");
    assert!(!report.correct, "{report}");
    assert!(
        report
            .errors
            .iter()
            .any(|error| error.contains("deliveries")),
        "{report}"
    );
    proxying.abort();
}

async fn listener_of_lossy_relay() -> ((TcpListener, String), String) {
    let (inner, inner_target) = listener().await;
    tokio::spawn(relay(inner));
    let (outer, outer_target) = listener().await;
    ((outer, inner_target), outer_target)
}
