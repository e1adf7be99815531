//! Settings about keys, right and wrong.

use super::*;
use crate::settings::{Options, Settings};

const SECRET: &str = "a secret of more than thirty-two bytes";

fn gather(toml: &str, auth: AuthOptions) -> Result<Settings, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("unisson.toml");
    let key = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/keys");
    std::fs::write(&config, toml.replace("KEYS", key)).expect("written");
    let settings = Settings::gather(Options {
        config: Some(config),
        auth,
        ..Options::default()
    });
    settings.map_err(|error| error.to_string())
}

fn of_file(toml: &str) -> Result<Settings, String> {
    gather(toml, AuthOptions::default())
}

#[test]
fn keys_come_from_the_file_or_from_files_that_it_names() {
    let settings = of_file(&format!(
        "[auth]\nsecret = \"{SECRET}\"\n\
         [[auth.keys]]\nid = \"a\"\nalgorithm = \"RS256\"\npublic_key_file = \"KEYS/rsa.public.pem\"\n\
         [[auth.keys]]\nalgorithm = \"EdDSA\"\nprivate_key_file = \"KEYS/ed25519.private.pem\"\n"
    ));
    let settings = settings.expect("fine");
    assert_eq!(settings.auth.keys.len(), 3);
    assert!(!settings.is_open());
    assert!(!format!("{settings:?}").contains("thirty-two"));
}

#[test]
fn a_secret_file_may_end_with_a_line_feed() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), format!("{SECRET}\n")).expect("written");
    let auth = AuthOptions {
        auth_secret_file: Some(file.path().into()),
        ..AuthOptions::default()
    };
    let with_file = gather("", auth).expect("fine").auth.keys;
    let order = |keys: &[Key]| {
        let claims = serde_json::json!({"sub": "a", "role": "reader", "exp": 1});
        keys[0].sign(&claims).expect("signs").expect("signed")
    };
    let inline = of_file(&format!("[auth]\nsecret = \"{SECRET}\"\n"));
    assert_eq!(order(&with_file), order(&inline.expect("fine").auth.keys));
}

#[test]
fn wrong_settings_say_what_is_wrong() {
    for (toml, word) in [
        ("[auth]\nsecret = \"short\"", "32 bytes"),
        ("[auth]\nsecret = \"x\"\nsecret_file = \"y\"", "secret"),
        (
            "[auth]\nsecret_file = \"/nowhere/at/all\"",
            "/nowhere/at/all",
        ),
        ("[auth]\nleeway_s = 301", "leeway_s"),
        ("[auth]\ntoken_life_max_s = 0", "token_life_max_s"),
        ("[auth]\njwks_pause_s = 0", "jwks_pause_s"),
        ("[auth]\njwks_url = \"http://portal.example/keys\"", "https"),
        ("[auth]\njwks_url = \"file:///keys\"", "jwks_url"),
        (
            "[auth]\ncallback = \"http://portal.example/who\"",
            "auth.callback",
        ),
        (
            "[auth]\ncallback = \"https://a.example/\"\ncallback_recheck_s = 1",
            "callback_recheck_s",
        ),
        ("[auth]\njwks_url = \"https://a:b@c.example/\"", "password"),
        ("[auth]\njwks_url = \"keys\"", "jwks_url"),
        (
            "[[auth.keys]]\nalgorithm = \"none\"\nsecret = \"x\"",
            "none",
        ),
        ("[[auth.keys]]\nalgorithm = \"HS256\"", "one of"),
        (
            "[[auth.keys]]\nalgorithm = \"RS256\"\nsecret = \"x\"",
            "one of",
        ),
        (
            "[[auth.keys]]\nalgorithm = \"RS256\"\npublic_key_file = \"KEYS/p256.public.pem\"",
            "RS256",
        ),
    ] {
        let error = of_file(toml).expect_err("refused");
        assert!(error.contains(word), "{toml}: {error}");
    }
}

#[test]
fn plain_http_is_for_this_machine_or_for_who_says_so() {
    let url = |url: &str, insecure: &str| {
        of_file(&format!(
            "insecure = {insecure}\n[auth]\njwks_url = \"{url}\"\n"
        ))
        .is_ok()
    };
    assert!(url("http://127.0.0.1:9/keys", "false"));
    assert!(url("https://portal.example/keys", "false"));
    assert!(!url("http://portal.example/keys", "false"));
    assert!(url("http://portal.example/keys", "true"));
}

#[test]
fn signed_tokens_are_reason_enough_to_listen_to_everybody() {
    let listen = "listen = \"0.0.0.0:0\"\n";
    assert!(of_file(listen).is_err());
    let with_keys = format!("{listen}[auth]\nsecret = \"{SECRET}\"\n");
    assert!(of_file(&with_keys).is_ok());
}
