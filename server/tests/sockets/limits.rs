//! Limits by address, and where the server is mounted.

use crate::support::start_with;

const UPGRADE: &str = "upgrade: websocket\r\nsec-websocket-version: 13\r\n\
                       sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

fn from(address: &str) -> String {
    format!("{UPGRADE}x-forwarded-for: {address}\r\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_proxy_sockets_count_by_the_client_that_they_are_for() {
    let world = start_with(|settings| {
        settings.traffic.sockets_per_address_max = Some(1);
        settings.insecure = true;
    })
    .await;
    let ann = [("x-forwarded-for", "192.0.2.1")];
    let ben = [("x-forwarded-for", "192.0.2.2")];
    let mut ann = world.connect_with("/ws/page", &ann).await;
    let mut ben = world.connect_with("/ws/page", &ben).await;
    ann.expect(&[&[0, 0, 1, 0]]).await;
    ben.expect(&[&[0, 0, 1, 0]]).await;
    let answer = world.get("/ws/page", &from("192.0.2.1")).await;
    assert!(answer.starts_with("HTTP/1.1 429"), "{answer}");
    let metrics = world.get("/metrics", "").await;
    let counted = "unisson_limited_total{limit=\"sockets_per_address_max\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_proxy_a_client_cannot_say_that_it_is_another_one() {
    let world = start_with(|settings| {
        settings.http.trusted_proxies = Vec::new();
        settings.traffic.sockets_per_address_max = Some(1);
    })
    .await;
    let mut first = world.connect("/ws/page").await;
    first.expect(&[&[0, 0, 1, 0]]).await;
    let answer = world.get("/ws/page", &from("192.0.2.1")).await;
    assert!(answer.starts_with("HTTP/1.1 429"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn below_a_path_everything_answers_with_it_and_without() {
    let world = start_with(|settings| settings.http.base_path = "/unisson".into()).await;
    for path in [
        "/unisson/healthz",
        "/healthz",
        "/unisson/d/a/b",
        "/unisson/",
    ] {
        let answer = world.get(path, "").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }
    let answer = world.get("/unisson", "").await;
    assert!(answer.contains("location: /unisson/\r\n"), "{answer}");
    let mut client = world.connect("/unisson/ws/page").await;
    client.expect(&[&[0, 0, 1, 0]]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_over_its_rate_is_read_later_and_not_closed() {
    let world = start_with(|settings| {
        settings.traffic.frames_burst = 10;
        settings.traffic.frames_per_s = 100;
    })
    .await;
    let mut client = world.connect("/ws/page").await;
    client.expect(&[&[0, 0, 1, 0]]).await;
    // Questions, and what each is answered with; the later ones wait for a pause to end.
    for _ in 0..3 {
        for _ in 0..30 {
            client.send(&[0, 0, 1, 0]).await;
        }
        for _ in 0..30 {
            client.expect(&[&[0, 1, 2, 0, 0]]).await;
        }
    }
    let metrics = world.get("/metrics", "").await;
    assert!(
        metrics.contains("unisson_limited_total{limit=\"frames_per_s\"}"),
        "{metrics}"
    );
}
