//! Short runs against Unisson itself, in both dialects.

use std::{net::SocketAddr, time::Duration};

use unisson::{Server, Settings};
use unisson_loadtest::{Plan, run};
use unisson_protocol::dialect::Dialect;

async fn check(dialect: Dialect, path: &str) {
    let data = tempfile::tempdir().expect("a folder");
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let settings = Settings::new(listen, data.path().to_owned());
    let server = Server::start(settings).await.expect("the server starts");
    let plan = Plan {
        target: format!("ws://{}{path}", server.address()),
        dialect,
        documents: 3,
        clients: 4,
        writers: 2,
        rate: 20.0,
        duration: Duration::from_secs(2),
        token: String::new(),
        counting_readers: true,
        server_pid: None,
        progress: false,
        seed: 42,
    };
    let report = run(plan).await.expect("a run");
    assert!(report.correct, "{report}");
    assert_eq!(report.edit_to_saved.count, 240, "{report}");
    assert_eq!(report.edit_to_seen.count, 240 * 3, "{report}");
    assert_eq!(report.reconnects, 0, "{report}");
    server.stop().await.expect("a clean stop");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn y_websocket_clients_lose_nothing() {
    check(Dialect::YWebsocket, "/ws/").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hocuspocus_clients_lose_nothing() {
    check(Dialect::Hocuspocus, "/hocuspocus").await;
}
