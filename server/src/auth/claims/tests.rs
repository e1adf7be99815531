//! What claims come to, rule by rule.

use serde_json::{Value, json};

use super::*;

const NOW_S: u64 = 1_800_000_000;

fn claims(changes: &Value) -> Result<Claims, String> {
    let mut claims = json!({
        "sub": "ann", "document": "notes", "role": "editor", "exp": NOW_S + 60,
    });
    let all = claims.as_object_mut().expect("an object");
    for (key, value) in changes.as_object().expect("an object") {
        match value {
            Value::Null => drop(all.remove(key)),
            value => drop(all.insert(key.clone(), value.clone())),
        }
    }
    serde_json::from_value(claims).map_err(|error| error.to_string())
}

fn check(changes: &Value, rules: &Rules) -> Result<(), Refused> {
    claims(changes).expect("claims").check(NOW_S, rules)
}

#[test]
fn a_token_is_good_until_its_time_and_the_leeway_are_over() {
    let rules = Rules::default();
    let at = |exp: u64| check(&json!({"exp": exp}), &rules);
    assert_eq!(at(NOW_S + 1), Ok(()));
    assert_eq!(at(NOW_S - 9), Ok(()));
    assert_eq!(at(NOW_S - 10), Err(Refused::Expired));
    assert_eq!(at(0), Err(Refused::Expired));
    assert_eq!(at(NOW_S + rules.life_max_s), Ok(()));
    assert_eq!(at(NOW_S + rules.life_max_s + 11), Err(Refused::TooLong));
    assert_eq!(at(u64::MAX), Err(Refused::TooLong));
    let fraction = json!({"exp": NOW_S as f64 + 0.5});
    assert_eq!(check(&fraction, &rules), Ok(()));
}

#[test]
fn a_token_without_an_end_a_subject_or_a_role_is_none() {
    for key in ["exp", "sub"] {
        let error = claims(&json!({key: null})).expect_err("refused");
        assert!(error.contains(key), "{error}");
    }
    let error = check(&json!({"role": null}), &Rules::default()).expect_err("refused");
    assert!(error.to_string().contains("role"), "{error}");
    for exp in [json!("1800000060"), json!(-1), json!(1e300), json!([1])] {
        assert!(claims(&json!({"exp": exp})).is_err(), "{exp}");
    }
    assert!(claims(&json!({"role": "root"})).is_err());
}

#[test]
fn a_token_for_later_is_not_good_yet() {
    let rules = Rules::default();
    let at = |nbf: u64| check(&json!({"nbf": nbf}), &rules);
    assert_eq!(at(NOW_S + 10), Ok(()));
    assert_eq!(at(NOW_S + 11), Err(Refused::TooEarly));
}

#[test]
fn issuer_and_audience_count_where_they_are_asked_for() {
    let rules = Rules {
        issuer: Some("portal".into()),
        audience: Some("unisson".into()),
        ..Rules::default()
    };
    let with = |iss: Value, aud: Value| check(&json!({"iss": iss, "aud": aud}), &rules);
    assert_eq!(with(json!("portal"), json!(["a", "unisson"])), Ok(()));
    assert_eq!(with(json!("portal"), json!("a")), Err(Refused::Audience));
    assert_eq!(with(json!("portal"), Value::Null), Err(Refused::Audience));
    assert_eq!(with(json!("x"), json!("unisson")), Err(Refused::Issuer));
    assert_eq!(with(Value::Null, json!("unisson")), Err(Refused::Issuer));
    let elsewhere = check(&json!({"aud": "elsewhere"}), &Rules::default());
    assert_eq!(elsewhere, Err(Refused::Audience));
}

#[test]
fn names_and_colours_that_would_harm_a_page_are_refused() {
    let rules = Rules::default();
    for (key, value) in [
        ("sub", " "),
        ("name", ""),
        ("name", "Ann\u{0}"),
        ("color", "red;background:url(x)"),
        ("color", "#12345g"),
    ] {
        let refused = check(&json!({key: value}), &rules);
        assert!(matches!(refused, Err(Refused::Claim(_))), "{key} {value:?}");
    }
    assert_eq!(check(&json!({"color": "#30bced"}), &rules), Ok(()));
    let long = "x".repeat(257);
    assert!(check(&json!({"name": long}), &rules).is_err());
}

#[test]
fn a_token_opens_what_it_names_and_nothing_else() {
    let opens = |changes: Value, document: &str| {
        let name = DocName::new(document).expect("a name");
        claims(&changes).expect("claims").role_for(&name).is_some()
    };
    assert!(opens(json!({}), "notes"));
    assert!(!opens(json!({}), "notes/2"));
    assert!(!opens(json!({"document": null}), "notes"));
    let team = json!({"document": null, "prefix": ["team/", "shared/"]});
    for (document, may) in [
        ("team/a", true),
        ("shared/a/b", true),
        ("team", false),
        ("teamwork", false),
        ("team/../private", false),
        ("team/./a", false),
        ("team/..\\private", false),
        ("team/..", false),
        ("team/a..b", true),
    ] {
        assert_eq!(opens(team.clone(), document), may, "{document}");
    }
    assert!(opens(json!({"prefix": ""}), "anything/../at all"));
}

#[test]
fn no_token_opens_what_only_the_server_writes() {
    for places in [
        json!({"prefix": ""}),
        json!({"document": ".unisson/spaces/a"}),
    ] {
        let name = DocName::new(".unisson/spaces/a").expect("a name");
        assert_eq!(claims(&places).expect("claims").role_for(&name), None);
    }
}

#[test]
fn a_token_may_say_who_it_is_and_name_no_place() {
    let identity = json!({"document": null, "role": null, "groups": ["hr", "it"]});
    assert_eq!(check(&identity, &Rules::default()), Ok(()));
    let claims = claims(&identity).expect("claims");
    assert_eq!(claims.groups().collect::<Vec<_>>(), ["hr", "it"]);
    assert!(claims.spaces);
    let many: Vec<String> = (0..257).map(|group| group.to_string()).collect();
    let refused = check(&json!({"groups": many}), &Rules::default());
    assert!(matches!(refused, Err(Refused::Claim(_))), "{refused:?}");
}

#[test]
fn a_token_for_a_whole_space_counts_for_the_space_itself() {
    let within = |places: Value| claims(&places).expect("claims").role_within("spaces/a/");
    let prefix = |prefix: &str| json!({"document": null, "prefix": prefix});
    assert_eq!(within(prefix("spaces/a/")), Some(Role::Editor));
    assert_eq!(within(prefix("spaces/")), Some(Role::Editor));
    assert_eq!(within(prefix("spaces/a/x")), None);
    assert_eq!(within(json!({"document": "spaces/a/"})), None);
}

#[test]
fn a_token_is_not_widened_by_having_others_made() {
    let places = |value: Value| serde_json::from_value::<Places>(value).expect("places");
    let own = places(json!({"document": "notes", "prefix": "team/"}));
    for (other, within) in [
        (json!({"document": "notes"}), true),
        (
            json!({"document": ["notes", "team/x"], "prefix": "team/x/"}),
            true,
        ),
        (json!({"document": "other"}), false),
        (json!({"prefix": "tea"}), false),
        (json!({"prefix": ""}), false),
        (json!({"prefix": "notes"}), false),
    ] {
        assert_eq!(own.cover_all(&places(other.clone())), within, "{other}");
    }
}

#[test]
fn roles_come_to_reading_or_writing() {
    assert!(Role::Reader < Role::Commenter && Role::Editor < Role::Owner);
    assert_eq!(access_of(Role::Guest), None);
    assert_eq!(access_of(Role::Commenter), Some(Access::ReadOnly));
    assert_eq!(access_of(Role::Editor), Some(Access::ReadWrite));
}
