//! What a person or a monitor gets over plain HTTP.

use crate::support::start;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_and_metrics_answer_and_unknown_paths_explain_themselves() {
    let world = start().await;
    let mut client = world.connect("/ws/page").await;
    client.expect(&[&[0, 0, 1, 0]]).await;
    assert!(world.get("/healthz", "").await.starts_with("HTTP/1.1 200"));
    assert!(world.get("/readyz", "").await.starts_with("HTTP/1.1 200"));
    let metrics = world.get("/metrics", "").await;
    assert!(
        metrics.contains("unisson_sockets{dialect=\"y-websocket\"} 1"),
        "{metrics}"
    );
    // The page, and perhaps a record of the server's own.
    let open = metrics
        .lines()
        .find_map(|line| line.strip_prefix("unisson_documents "));
    assert!(matches!(open, Some("1" | "2")), "{metrics}");
    let missing = world.get("/nothing", "").await;
    assert!(missing.starts_with("HTTP/1.1 404"), "{missing}");
    assert!(missing.contains("\"code\":\"not-found\""), "{missing}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_speaks_french_and_english() {
    let world = start().await;
    let french = world.get("/", "accept-language: fr-FR,fr;q=0.9\r\n").await;
    assert!(french.contains("lang=\"fr\""), "{french}");
    let english = world.get("/", "accept-language: de,en;q=0.5\r\n").await;
    assert!(english.contains("lang=\"en\""), "{english}");
    assert!(world.get("/?lang=fr", "").await.contains("lang=\"fr\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_strange_web_origin_may_not_write_where_everybody_may() {
    let world = start().await;
    let upgrade = "upgrade: websocket\r\nsec-websocket-version: 13\r\n\
                   sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\norigin: https://evil.example\r\n";
    for path in ["/ws/page", "/hocuspocus"] {
        let answer = world.get(path, upgrade).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    }
}
