//! History over HTTP, without any editor's library: raw frames in, JSON out.

use unisson_protocol::Access;

use crate::support::{HI, World, framed, start_with, token};

/// Asks, and gives the status and the body.
async fn ask(world: &World, path: &str, token: &str) -> (u16, serde_json::Value) {
    let answer = world
        .get(path, &format!("authorization: Bearer {token}\r\n"))
        .await;
    parts(&answer)
}

async fn tell(world: &World, path: &str, token: &str, body: &str) -> (u16, serde_json::Value) {
    let answer = world
        .post(path, &format!("authorization: Bearer {token}\r\n"), body)
        .await;
    parts(&answer)
}

fn parts(answer: &str) -> (u16, serde_json::Value) {
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    let json = serde_json::from_str(body).unwrap_or(serde_json::Value::Null);
    (status.expect("a status"), json)
}

async fn world() -> World {
    start_with(|settings| {
        let mut ann = token("ann-token", Access::ReadWrite, "");
        ann.user = Some("ann".into());
        ann.display_name = Some("Ann".into());
        settings.tokens = vec![ann, token("look", Access::ReadOnly, "")];
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_over_a_socket_has_an_author_and_a_way_back() {
    let world = world().await;
    let mut ann = world.connect("/ws/a%2Fb?token=ann-token").await;
    // The server's question, then the edit and its echo: it is durable.
    ann.hear().await;
    ann.send(framed(&[0, 2], HI)).await;
    ann.expect(&[&framed(&[0, 2], HI)]).await;
    let base = "/api/v1/documents/a%2Fb";
    let (status, blame) = ask(&world, &format!("{base}/blame"), "look").await;
    assert_eq!(status, 200, "{blame}");
    let run = &blame["roots"]["t"]["delta"][0];
    assert_eq!(run["insert"], "hi");
    assert_eq!(run["by"], serde_json::json!({"user": "ann", "name": "Ann"}));

    let path = format!("{base}/versions");
    let (status, made) = tell(&world, &path, "ann-token", r#"{"label": "one"}"#).await;
    assert_eq!(status, 201, "{made}");
    let id = made["id"].as_str().expect("an id").to_owned();

    // Ann deletes it all; the version brings it back, to her socket too.
    let deletion = b"\x00\x01\x07\x01\x00\x02";
    ann.send(framed(&[0, 2], deletion)).await;
    ann.expect(&[&framed(&[0, 2], deletion)]).await;
    let body = format!(r#"{{"version": "{id}"}}"#);
    let (status, done) = tell(&world, &format!("{base}/restore"), "ann-token", &body).await;
    assert_eq!((status, &done["changed"]), (200, &true.into()), "{done}");
    let heard = format!("{:?}", ann.hear().await);
    assert!(heard.contains("104, 105"), "the text: {heard}");
    let (_, now) = ask(&world, &format!("{base}/versions/now"), "look").await;
    assert_eq!(now["roots"]["t"]["delta"][0]["insert"], "hi");

    let (status, list) = ask(&world, &path, "look").await;
    assert_eq!(status, 200);
    assert_eq!(list["versions"].as_array().map(Vec::len), Some(2));
    assert_eq!(list["versions"][1]["label"], "one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_nobody_has_open_is_restored_too() {
    let world = world().await;
    let base = "/api/v1/documents/quiet";
    let mut ann = world.connect("/ws/quiet?token=ann-token").await;
    ann.hear().await;
    ann.send(framed(&[0, 2], HI)).await;
    ann.expect(&[&framed(&[0, 2], HI)]).await;
    drop(ann);
    let world = world.restart().await;
    // No tokens any more: everybody may.
    let (status, made) = tell(&world, &format!("{base}/versions"), "", r#"{"label": "x"}"#).await;
    assert_eq!(status, 201, "{made}");
    let body = r#"{"user": "ann", "from_ms": 0, "until_ms": 9999999999999}"#;
    let (status, done) = tell(&world, &format!("{base}/revert"), "", body).await;
    assert_eq!((status, &done["deleted"]), (200, &2.into()), "{done}");
    let body = format!(r#"{{"version": {}}}"#, made["id"]);
    let (status, done) = tell(&world, &format!("{base}/restore"), "", &body).await;
    assert_eq!(status, 200, "{done}");
    let (_, now) = ask(&world, &format!("{base}/versions/now"), "").await;
    assert_eq!(now["roots"]["t"]["delta"][0]["insert"], "hi");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_origins_may_ask_only_where_sockets_may() {
    let world = start_with(|settings| {
        settings.tokens = vec![token("look", Access::ReadOnly, "")];
        settings.origins = vec!["https://portal.example".into()];
    })
    .await;
    let path = "/api/v1/documents/x/blame";
    let bearer = "authorization: Bearer look\r\n";
    let good = format!("{bearer}origin: https://portal.example\r\n");
    let answer = world.get(path, &good).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(
        answer.contains("access-control-allow-origin: https://portal.example"),
        "{answer}"
    );
    let bad = format!("{bearer}origin: https://evil.example\r\n");
    let answer = world.get(path, &bad).await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    let answer = world.get(path, "").await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
}
