//! The arithmetic of plans.

use super::*;

fn plan() -> Plan {
    Plan::new(
        Scenario::F1,
        "ws://127.0.0.1:1/ws/",
        Dialect::YWebsocket,
        0xabc,
    )
}

#[test]
fn the_schedule_is_spread_and_ends_in_time() {
    let plan = plan();
    assert_eq!(plan.edits(), 5_000);
    assert_eq!(
        plan.due(0, 0, 5) - plan.due(0, 0, 0),
        Duration::from_secs(1)
    );
    assert!(plan.due(49, 1, plan.edits_each() - 1) < plan.duration);
    assert_ne!(plan.due(3, 0, 0), plan.due(4, 0, 0));
}

#[test]
fn endless_runs_are_refused() {
    assert!(plan().validate().is_ok());
    let refused = [
        Plan {
            documents: usize::MAX,
            ..plan()
        },
        Plan {
            writers: 11,
            ..plan()
        },
        Plan {
            rate: f64::NAN,
            ..plan()
        },
        Plan {
            duration: Duration::from_secs(1 << 40),
            ..plan()
        },
        Plan {
            scenario: Scenario::I1,
            ..plan()
        },
        Plan {
            document_bytes: 1 << 40,
            ..plan()
        },
        Plan {
            kill_at: Some(Duration::from_secs(1)),
            ..plan()
        },
    ];
    for plan in refused {
        assert!(plan.validate().is_err(), "{plan:?}");
    }
    assert!(plan().scale(0.0).is_err());
}

#[test]
fn every_scenario_is_a_plan_and_scales() {
    for scenario in <Scenario as clap::ValueEnum>::value_variants() {
        let mut plan = Plan::new(*scenario, "ws://127.0.0.1:1/", Dialect::YWebsocket, 1);
        plan.validate().expect("a plan");
        plan.scale(0.01).expect("a scale");
        plan.validate().expect("a small plan");
    }
}

#[test]
fn a_portals_day_has_its_people() {
    let plan = Plan::new(Scenario::PD, "ws://127.0.0.1:1/", Dialect::YWebsocket, 1);
    assert_eq!(plan.sockets(), 15_000);
    let mut seen = vec![false; plan.sockets()];
    let mut phones = 0;
    for document in 0..plan.documents {
        for client in 0..plan.clients_of(document) {
            assert!(!std::mem::replace(
                &mut seen[plan.index(document, client)],
                true
            ));
            phones += usize::from(plan.is_phone(document, client));
        }
    }
    assert!((4_200..4_800).contains(&phones), "{phones} of 15,000");
}

#[test]
fn an_edit_is_known_by_its_client_id() {
    let plan = plan();
    assert_eq!(plan.writer_of(plan.client_id(1)), Some(1));
    assert_eq!(plan.writer_of(plan.client_id(2)), None);
    assert_eq!(plan.writer_of(0), None);
}

#[test]
fn each_dialect_has_its_address() {
    assert_eq!(
        plan().url(7).expect("a URL"),
        "ws://127.0.0.1:1/ws/load-abc-7"
    );
    let with_place = Plan {
        target: "ws://127.0.0.1:1/d/{document}/ws/{document}".to_owned(),
        token: "t".to_owned(),
        ..plan()
    };
    assert_eq!(
        with_place.url(7).expect("a URL"),
        "ws://127.0.0.1:1/d/load-abc-7/ws/load-abc-7?token=t"
    );
    let hocuspocus = Plan {
        dialect: Dialect::Hocuspocus,
        ..plan()
    };
    assert_eq!(hocuspocus.url(7).expect("a URL"), "ws://127.0.0.1:1/ws/");
}
