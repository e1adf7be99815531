//! Every scenario once, small, against Unisson itself, in both dialects.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use unisson::{Server, Settings};
use unisson_loadtest::{
    Plan, Programs, Raise, Report, Scenario, ServerKind, Started, Target, compare, comparison_html,
    find_highest, report_html, run,
};
use unisson_protocol::dialect::Dialect;

const DIALECTS: [(Dialect, &str); 2] = [
    (Dialect::YWebsocket, "/ws/"),
    (Dialect::Hocuspocus, "/hocuspocus"),
];

/// A scenario in a second or two.
fn small(scenario: Scenario, target: &str, dialect: Dialect) -> Plan {
    let plan = Plan::new(scenario, target, dialect, 42);
    let (documents, clients, writers) = match scenario {
        Scenario::F2 => (1, 6, 2),
        Scenario::D20 => (3, 1, 0),
        Scenario::J1 | Scenario::J20 => (1, 5, 0),
        Scenario::C1 | Scenario::K1 => (1, 1, 1),
        Scenario::W1 => (1, 1, 0),
        Scenario::P1 => (1, 5, 5),
        Scenario::A1 => (1, 3, 2),
        Scenario::I1 | Scenario::R1 => (3, 4, 0),
        Scenario::F1 | Scenario::F3 | Scenario::PD => (3, 4, 2),
    };
    Plan {
        documents,
        clients,
        writers,
        rate: if scenario == Scenario::C1 { 50.0 } else { 10.0 },
        page_readers: plan.page_readers.min(5),
        duration: Duration::from_secs(2),
        phone_stays: Duration::from_millis(500),
        document_bytes: plan.document_bytes.min(40_000),
        jitter: Duration::from_millis(300),
        ..plan
    }
}

async fn check(scenario: Scenario) -> Vec<Report> {
    let data = tempfile::tempdir().expect("a folder");
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let settings = Settings::new(listen, data.path().to_owned());
    let server = Server::start(settings).await.expect("the server starts");
    let mut reports = Vec::new();
    for (dialect, path) in DIALECTS {
        let target = format!("ws://{}{path}", server.address());
        let mut plan = small(scenario, &target, dialect);
        plan.seed += reports.len() as u64;
        let report = run(plan, Target::Process(std::process::id()))
            .await
            .expect("a run");
        assert!(report.correct, "{report}");
        reports.push(report);
    }
    server.stop().await.expect("a clean stop");
    reports
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typing_loses_nothing() {
    for scenario in [Scenario::F1, Scenario::F2, Scenario::F3] {
        for report in check(scenario).await {
            let edits = report.edits_made;
            assert_eq!(edits, report.edits_planned, "{report}");
            let others = (report.sockets / report.documents - 1) as u64;
            let seen = report.latency("edit to seen").expect("edits were seen");
            assert_eq!(seen.count, edits * others, "{report}");
            let saved = report.latency("edit to saved").expect("edits were saved");
            assert_eq!(saved.count, edits, "{report}");
            assert_eq!(report.reconnects, 0, "{report}");
            assert!(
                report
                    .figure("syncs of the log")
                    .is_some_and(|syncs| syncs > 0.0)
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_sockets_and_quiet_documents_are_weighed() {
    for report in check(Scenario::I1).await {
        assert!(
            report.figure("server memory per socket").is_some(),
            "{report}"
        );
    }
    for report in check(Scenario::D20).await {
        assert!(
            report.figure("server memory per document").is_some(),
            "{report}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn joins_bring_the_whole_document() {
    for scenario in [Scenario::J1, Scenario::J20] {
        for report in check(scenario).await {
            let joined = report.latency("join to synced").expect("joins");
            assert_eq!(joined.count, 5, "{report}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybodys_last_move_is_seen_by_everybody() {
    for report in check(Scenario::P1).await {
        let seen = report.latency("edit to seen").expect("moves were seen");
        assert_eq!(seen.count, 20 * 5 * 4, "{report}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_come_back_after_a_cut() {
    for report in check(Scenario::R1).await {
        let joined = report.latency("join to synced").expect("returns");
        assert_eq!(joined.count, 12, "{report}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_and_typists_write_side_by_side() {
    for report in check(Scenario::A1).await {
        assert!(
            report.figure("all updates saved after").is_some(),
            "{report}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn phones_come_and_go_in_a_portals_day() {
    for report in check(Scenario::PD).await {
        let page = small(Scenario::PD, "ws://127.0.0.1:1/", Dialect::YWebsocket);
        assert_eq!(report.sockets, page.sockets(), "{report}");
    }
}

/// The server and the tool as processes: the example `serve`, and this package's binary.
fn programs() -> Programs {
    let own = std::env::current_exe().expect("the test's path");
    let built = own.ancestors().nth(2).expect("the folder of builds");
    Programs {
        tool: PathBuf::from(env!("CARGO_BIN_EXE_unisson-loadtest")),
        unisson: built.join("examples/serve"),
        peers: PathBuf::from("no-peers-here"),
        unisson_arguments: Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_outlives_a_kill() {
    for (dialect, _) in DIALECTS {
        for scenario in [Scenario::K1, Scenario::PD] {
            let mut server = Started::start(ServerKind::Unisson, &programs())
                .await
                .expect("a server");
            let mut plan = small(scenario, &server.target(dialect), dialect);
            if scenario == Scenario::PD {
                plan.kill_at = Some(Duration::from_secs(1));
            }
            let report = run(plan, Target::Started(&mut server))
                .await
                .expect("a run");
            assert!(report.correct, "{report}");
            let figure = match scenario {
                Scenario::K1 => "killed when acknowledged: found",
                _ => "everybody back after kill -9",
            };
            let value = report.figure(figure);
            assert!(value.is_some(), "{report}");
            if scenario == Scenario::K1 {
                assert_eq!(value, Some(2_000.0), "{report}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_history_is_pushed_and_opened_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let history = folder.path().join("history.json");
    let recorded = r#"{"startContent":"","endContent":"hexxo","txns":[
        {"patches":[[0,0,"hello"]]},{"patches":[[2,2,""],[2,0,"xx"]]}]}"#;
    std::fs::write(&history, recorded).expect("a file");
    for (dialect, _) in DIALECTS {
        let mut server = Started::start(ServerKind::Unisson, &programs())
            .await
            .expect("a server");
        let mut plan = small(Scenario::C1, &server.target(dialect), dialect);
        plan.history = Some(history.clone());
        let report = run(plan, Target::Started(&mut server))
            .await
            .expect("a run");
        assert!(report.correct, "{report}");
        assert_eq!(report.figure("updates pushed"), Some(3.0), "{report}");
        assert!(report.figure("open after restart").is_some(), "{report}");
        assert!(report_html(&[report]).contains("open after restart"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prose_is_typed_and_weighed_at_rest() {
    let folder = tempfile::tempdir().expect("a folder");
    let history = folder.path().join("history.json");
    let words = "many people write the same page at once and nothing is lost ".repeat(20);
    let recorded = format!(r#"{{"startContent":"","endContent":"{words}","txns":[]}}"#);
    std::fs::write(&history, recorded).expect("a file");
    let dialect = Dialect::YWebsocket;
    let mut server = Started::start(ServerKind::Unisson, &programs())
        .await
        .expect("a server");
    let mut plan = small(Scenario::W1, &server.target(dialect), dialect);
    plan.document_bytes = 5_000;
    plan.history = Some(history);
    let report = run(plan, Target::Started(&mut server))
        .await
        .expect("a run");
    assert!(report.correct, "{report}");
    let text = report.figure("text").expect("a size");
    let rest = report.figure("document at rest").expect("a size");
    assert!(rest > 0.0 && rest < text, "{report}");
    assert!(report.figure("open after restart").is_some(), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_are_compared_and_missing_ones_named() {
    let servers = [ServerKind::Unisson, ServerKind::Relay, ServerKind::YSweet];
    let shrink = |plan: &mut Plan| {
        let target = plan.target.clone();
        let seed = plan.seed;
        *plan = small(plan.scenario, &target, plan.dialect);
        plan.seed = seed;
        Ok(())
    };
    let compared = compare(
        &[Scenario::F1],
        &servers,
        None,
        2,
        &programs(),
        shrink,
        |_| {},
    )
    .await
    .expect("a comparison");
    assert!(compared.unisson_is_correct(), "{compared}");
    let table = compared.to_string();
    assert!(table.contains("times as good as relay"), "{table}");
    assert!(table.contains("y-sweet is not installed"), "{table}");
    let page = comparison_html(&compared);
    assert!(page.contains("<svg") && page.contains("y-sweet is not installed"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ramp_ends_at_a_rate_that_held() {
    let mut server = Started::start(ServerKind::Unisson, &programs())
        .await
        .expect("a server");
    let target = server.target(Dialect::YWebsocket);
    let plan = Plan {
        documents: 1,
        clients: 2,
        writers: 1,
        rate: 500.0,
        duration: Duration::from_secs(1),
        ..Plan::new(Scenario::F1, &target, Dialect::YWebsocket, 42)
    };
    let reports = find_highest(
        &plan,
        Raise::Rate,
        Target::Started(&mut server),
        60_000.0,
        |_| {},
    )
    .await
    .expect("a ramp");
    let rates: Vec<f64> = reports.iter().map(|report| report.rate).collect();
    assert_eq!(rates, [500.0, 1_000.0]);
    let bound = find_highest(
        &plan,
        Raise::Rate,
        Target::Started(&mut server),
        0.000_1,
        |_| {},
    )
    .await;
    assert!(bound.is_err(), "no rate holds such a bound");
}
