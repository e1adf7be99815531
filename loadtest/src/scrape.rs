//! What a Unisson server counts itself, from its `/metrics`.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use anyhow::{Context, Result, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// How long an answer may take, and how long it may be.
const ANSWER_MAX: Duration = Duration::from_secs(5);
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;

/// Counters by name; those of one name with different labels are added up.
pub(crate) type Counters = BTreeMap<String, f64>;

/// Asks once.
pub(crate) async fn scrape(address: SocketAddr) -> Result<Counters> {
    let text = timeout(ANSWER_MAX, get(address, "/metrics")).await??;
    let (head, body) = text.split_once("\r\n\r\n").context("no HTTP answer")?;
    ensure!(head.contains(" 200 "), "no metrics here");
    let counters = parse(body);
    ensure!(
        counters.keys().any(|name| name.starts_with("unisson_")),
        "not the metrics of Unisson"
    );
    Ok(counters)
}

/// Whether the server answers this address with 200.
pub(crate) async fn is_ok(address: SocketAddr, path: &str) -> bool {
    let answer = timeout(ANSWER_MAX, get(address, path)).await;
    matches!(answer, Ok(Ok(text)) if text.starts_with("HTTP/1.1 200"))
}

async fn get(address: SocketAddr, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream
        .take(ANSWER_BYTES_MAX)
        .read_to_end(&mut answer)
        .await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn parse(text: &str) -> Counters {
    let mut counters = Counters::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((name, value)) = line.rsplit_once(' ') else {
            continue;
        };
        if name.contains("_bucket{") {
            continue;
        }
        let name = name.split_once('{').map_or(name, |(name, _)| name);
        if let Ok(value) = value.parse::<f64>() {
            *counters.entry(name.to_owned()).or_default() += value;
        }
    }
    counters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_added_up_and_buckets_left_out() {
        let text = "# TYPE unisson_sockets gauge\nunisson_sockets{dialect=\"a\"} 3\n\
                    unisson_sockets{dialect=\"b\"} 4\nunisson_x_bucket{le=\"1\"} 9\n\
                    unisson_store_sync_seconds_count 12\n# EOF\n";
        let counters = parse(text);
        assert_eq!(counters["unisson_sockets"], 7.0);
        assert_eq!(counters["unisson_store_sync_seconds_count"], 12.0);
        assert_eq!(counters.len(), 2);
    }
}
