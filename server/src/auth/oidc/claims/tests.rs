//! Which claims count, and which do not.

use serde_json::json;

use super::*;

const NOW_S: u64 = 1_800_000_000;

fn settings(more: &str) -> OidcSettings {
    let toml = format!(
        "[auth.oidc]\nissuer = \"https://id.example.org\"\nclient_id = \"wiki\"\n\
         public_url = \"https://wiki.example.org\"\n{more}"
    );
    let dir = tempfile::tempdir().expect("a folder");
    let config = dir.path().join("unisson.toml");
    std::fs::write(&config, toml).expect("written");
    let options = crate::settings::Options {
        config: Some(config),
        ..Default::default()
    };
    crate::Settings::gather(options)
        .expect("fine")
        .auth
        .oidc
        .expect("there")
}

fn changed(base: Value, changes: &Value) -> Value {
    let mut base = base;
    let all = base.as_object_mut().expect("an object");
    for (key, value) in changes.as_object().expect("an object") {
        match value.is_null() {
            true => drop(all.remove(key)),
            false => drop(all.insert(key.clone(), value.clone())),
        }
    }
    base
}

fn id_token(changes: &Value) -> IdToken {
    let base = json!({
        "iss": "https://id.example.org", "sub": "ann", "aud": "wiki", "nonce": "n",
        "exp": NOW_S + 60, "iat": NOW_S, "acr": "eidas1", "name": "Ann",
    });
    serde_json::from_value(changed(base, changes)).expect("an id token")
}

#[test]
fn the_answer_to_what_was_asked_counts() {
    for fine in [
        json!({}),
        json!({"aud": ["wiki"]}),
        json!({"aud": ["wiki", "other"], "azp": "wiki"}),
        json!({"exp": NOW_S - 30}),
        json!({"iat": NOW_S + 30}),
    ] {
        assert_eq!(
            id_token(&fine).check(&settings(""), "n", NOW_S),
            Ok(()),
            "{fine}"
        );
    }
}

#[test]
fn nothing_else_does() {
    for wrong in [
        json!({"iss": "https://evil.example"}),
        json!({"iss": "https://id.example.org/"}),
        json!({"aud": "other"}),
        json!({"aud": ["wiki", "other"]}),
        json!({"aud": ["wiki", "other"], "azp": "other"}),
        json!({"azp": "other"}),
        json!({"nonce": "other"}),
        json!({"nonce": null}),
        json!({"exp": NOW_S - 61}),
        json!({"iat": NOW_S + 120}),
    ] {
        let outcome = id_token(&wrong).check(&settings(""), "n", NOW_S);
        assert!(
            matches!(outcome, Err(SignInError::Rejected(_))),
            "{wrong} {outcome:?}"
        );
    }
}

#[test]
fn a_weaker_sign_in_than_is_accepted_is_denied() {
    let strict = settings("acr_accepted = [\"eidas2\"]");
    let outcome = id_token(&json!({})).check(&strict, "n", NOW_S);
    assert!(
        matches!(outcome, Err(SignInError::Denied(_))),
        "{outcome:?}"
    );
    let strong = id_token(&json!({"acr": "eidas2"}));
    assert_eq!(strong.check(&strict, "n", NOW_S), Ok(()));
}

#[test]
fn userinfo_of_another_person_is_not_taken() {
    let token = id_token(&json!({}));
    let with = |userinfo: Value| token.with(serde_json::from_value(userinfo).expect("an object"));
    assert!(with(json!({"sub": "bob", "name": "Bob"})).is_err());
    assert!(with(json!({"name": "Bob"})).is_err());
    let all = with(json!({"sub": "ann", "email": "ann@example.org", "name": "Other"}));
    let all = all.expect("fine");
    assert_eq!(
        (&all["email"], &all["name"]),
        (&json!("ann@example.org"), &json!("Ann"))
    );
    assert!(with(json!({})).is_ok(), "there need be none");
}

#[test]
fn a_name_is_found_in_the_usual_places() {
    let name = |claims: Value| {
        let claims = serde_json::from_value(changed(json!({"sub": "ann"}), &claims));
        person(&claims.expect("an object"), &settings(""))
            .expect("a person")
            .name
    };
    assert_eq!(name(json!({"name": " Ann Martin "})), "Ann Martin");
    assert_eq!(
        name(json!({"given_name": "Ann", "usual_name": "Martin"})),
        "Ann Martin"
    );
    assert_eq!(
        name(json!({"given_name": "Ann", "family_name": "Roy"})),
        "Ann Roy"
    );
    assert_eq!(name(json!({"email": "ann@example.org"})), "ann@example.org");
    assert_eq!(name(json!({})), "ann");
    assert_eq!(name(json!({"name": "a\u{0}b"})), "ann");
}

#[test]
fn groups_are_texts_and_bounded() {
    let claims = json!({"sub": "ann", "groups": ["a", 5, "", "b", "x".repeat(300)]});
    let claims = serde_json::from_value(claims).expect("an object");
    let found = person(&claims, &settings("")).expect("a person");
    assert_eq!(found.groups, ["a", "b"]);
    let many: Vec<String> = (0..500).map(|n| n.to_string()).collect();
    assert_eq!(groups(Some(&json!(many))).len(), GROUPS_MAX);
    assert_eq!(groups(Some(&json!("one"))), ["one"]);
}

#[test]
fn a_person_without_the_claim_that_is_the_id_is_denied() {
    let claims = serde_json::from_value(json!({"sub": "ann"})).expect("an object");
    let outcome = person(&claims, &settings("id_claim = \"email\""));
    assert!(matches!(outcome, Err(SignInError::Denied(_))));
}

#[test]
fn only_a_logout_token_signs_people_out() {
    let event = "http://schemas.openid.net/event/backchannel-logout";
    let base = json!({
        "iss": "https://id.example.org", "aud": "wiki", "iat": NOW_S, "jti": "1",
        "sid": "s", "events": { event: {} },
    });
    let check = |changes: Value| {
        let token: LogoutToken =
            serde_json::from_value(changed(base.clone(), &changes)).expect("a token");
        token.check(&settings(""), NOW_S)
    };
    assert_eq!(check(json!({})), Ok(()));
    assert_eq!(check(json!({"sid": null, "sub": "ann"})), Ok(()));
    for wrong in [
        json!({"iss": "https://evil.example"}),
        json!({"aud": "other"}),
        json!({"iat": NOW_S - 600}),
        json!({"events": {}}),
        json!({"nonce": "n"}),
        json!({"sid": null}),
    ] {
        assert!(check(wrong.clone()).is_err(), "{wrong}");
    }
}
