//! Every algorithm as a portal would use it, and the known attacks on tokens.

use jsonwebtoken::jwk::Jwk;
use serde_json::{Value, json};

use super::*;
use crate::auth::claims::Claims;

const RSA: [&[u8]; 2] = [
    include_bytes!("../../../fixtures/keys/rsa.private.pem"),
    include_bytes!("../../../fixtures/keys/rsa.public.pem"),
];
const P256: [&[u8]; 2] = [
    include_bytes!("../../../fixtures/keys/p256.private.pem"),
    include_bytes!("../../../fixtures/keys/p256.public.pem"),
];
const ED25519: [&[u8]; 2] = [
    include_bytes!("../../../fixtures/keys/ed25519.private.pem"),
    include_bytes!("../../../fixtures/keys/ed25519.public.pem"),
];
const P384_PUBLIC: &[u8] = include_bytes!("../../../fixtures/keys/p384.public.pem");
const RSA_1024_PUBLIC: &[u8] = include_bytes!("../../../fixtures/keys/rsa1024.public.pem");
const SECRET: &[u8] = b"a secret of more than thirty-two bytes";

fn claims() -> Claims {
    let claims = json!({"sub": "ann", "document": "notes", "role": "editor", "exp": 1});
    serde_json::from_value(claims).expect("claims")
}

/// All pairs of a key that signs and the key that a server has for it.
fn pairs() -> Vec<(Key, Key)> {
    let mut pairs = vec![(Key::of_secret(None, SECRET), Key::of_secret(None, SECRET))];
    for (signing, [private, public]) in [
        (Signing::RS256, RSA),
        (Signing::ES256, P256),
        (Signing::EdDSA, ED25519),
    ] {
        let signs = Key::of_private(None, signing, private);
        pairs.push((signs, Key::of_public(None, signing, public)));
    }
    let both = |(signs, checks): (Result<Key, String>, Result<Key, String>)| {
        (signs.expect("a key"), checks.expect("a key"))
    };
    pairs.into_iter().map(both).collect()
}

fn signed(key: &Key) -> String {
    key.sign(&claims()).expect("it signs").expect("signed")
}

fn open_with(keys: &[Key], token: &str) -> Result<Claims, Refused> {
    open(keys, &Head::of(token)?, token)
}

/// A token with another header over the same claims, signed by `sign`.
fn forged(header: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let part = |value: &[u8]| base64(value);
    let claims = serde_json::to_vec(&claims()).expect("JSON");
    let message = format!("{}.{}", part(header.to_string().as_bytes()), part(&claims));
    let signature = part(&sign(message.as_bytes()));
    format!("{message}.{signature}")
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .fold(0u32, |word, byte| word << 8 | u32::from(*byte));
        let word = word << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            let letter = word >> (18 - 6 * place) & 63;
            text.push(char::from(LETTERS[letter as usize]));
        }
    }
    text
}

fn hmac(secret: &[u8], message: &[u8]) -> Vec<u8> {
    use aws_lc_rs::hmac;
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::sign(&key, message).as_ref().to_vec()
}

#[test]
fn each_algorithm_opens_what_its_own_key_signed() {
    let pairs = pairs();
    for (place, (signs, _)) in pairs.iter().enumerate() {
        let token = signed(signs);
        for (other, (_, checks)) in pairs.iter().enumerate() {
            let opened = open_with(std::slice::from_ref(checks), &token);
            match place == other {
                true => assert_eq!(opened, Ok(claims()), "{checks:?}"),
                false => assert_eq!(opened, Err(Refused::UnknownKey), "{checks:?}"),
            }
        }
        let all: Vec<Key> = pairs.iter().map(|(_, checks)| checks.clone()).collect();
        assert_eq!(open_with(&all, &token), Ok(claims()));
    }
}

#[test]
fn a_public_key_is_no_secret_to_sign_with() {
    let checks = Key::of_public(None, Signing::RS256, RSA[1]).expect("a key");
    let header = json!({"alg": "HS256", "typ": "JWT"});
    let der = checks.checks.try_get_as_bytes().expect("bytes").to_vec();
    for secret in [RSA[1], RSA[1].trim_ascii_end(), &der] {
        let token = forged(&header, |message| hmac(secret, message));
        let opened = open_with(std::slice::from_ref(&checks), &token);
        assert_eq!(opened, Err(Refused::UnknownKey));
    }
    assert!(
        Key::of_secret(None, RSA[1]).is_err(),
        "nor is it taken for one"
    );
}

#[test]
fn the_algorithm_none_and_others_that_no_key_has_are_refused() {
    let secret = Key::of_secret(None, SECRET).expect("a key");
    for algorithm in [
        "none", "None", "nOnE", "HS384", "HS512", "PS256", "ES384", "",
    ] {
        let header = json!({"alg": algorithm, "typ": "JWT"});
        for token in [
            forged(&header, |_| Vec::new()),
            forged(&header, |message| hmac(SECRET, message)),
        ] {
            let opened = open_with(std::slice::from_ref(&secret), &token);
            assert!(
                matches!(opened, Err(Refused::Malformed(_))),
                "{algorithm}: {opened:?}"
            );
        }
    }
    let good = forged(&json!({"alg": "HS256"}), |message| hmac(SECRET, message));
    assert_eq!(
        open_with(&[secret], &good),
        Ok(claims()),
        "the forger can sign"
    );
}

#[test]
fn a_key_that_a_token_brings_along_counts_for_nothing() {
    let checks = Key::of_public(None, Signing::RS256, RSA[1]).expect("a key");
    let own = Key::of_private(None, Signing::ES256, P256[0]).expect("a key");
    let private = own.signs.as_ref().expect("signs");
    let jwk = Jwk::from_encoding_key(private, Algorithm::ES256).expect("a jwk");
    let mut header = Header::new(Algorithm::ES256);
    header.jwk = Some(jwk);
    header.jku = Some("http://127.0.0.1:1/keys".into());
    let token = jsonwebtoken::encode(&header, &claims(), private).expect("signed");
    assert_eq!(open_with(&[checks], &token), Err(Refused::UnknownKey));
}

#[test]
fn a_changed_token_is_refused_wherever_it_is_changed() {
    for (signs, checks) in pairs() {
        let token = signed(&signs);
        for place in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).expect("ASCII");
            let opened = open_with(std::slice::from_ref(&checks), &changed);
            assert!(opened.is_err(), "{signs:?} at {place}");
        }
        let unsigned = token.rsplit_once('.').expect("parts").0;
        for wrong in [
            format!("{unsigned}."),
            unsigned.to_owned(),
            format!("{token}.x"),
        ] {
            assert!(open_with(std::slice::from_ref(&checks), &wrong).is_err());
        }
    }
}

#[test]
fn a_key_with_an_id_takes_only_tokens_of_that_id_or_of_none() {
    let key = |id: Option<&str>| Key::of_secret(id.map(Into::into), SECRET).expect("a key");
    let opened = |signs: Option<&str>, checks: Option<&str>| {
        open_with(&[key(checks)], &signed(&key(signs))).is_ok()
    };
    assert!(opened(Some("2026"), Some("2026")));
    assert!(opened(None, Some("2026")));
    assert!(opened(Some("2026"), None));
    assert!(!opened(Some("2025"), Some("2026")));
}

#[test]
fn of_two_keys_with_one_id_either_may_have_signed() {
    let other = Key::of_secret(None, b"another secret of thirty-two bytes!!").expect("a key");
    let own = Key::of_secret(None, SECRET).expect("a key");
    let token = signed(&own);
    assert_eq!(open_with(&[other.clone(), own], &token), Ok(claims()));
    assert_eq!(open_with(&[other], &token), Err(Refused::Signature));
}

#[test]
fn critical_extensions_and_endless_tokens_are_refused() {
    let header = json!({"alg": "HS256", "crit": ["b64"], "b64": false});
    let token = forged(&header, |message| hmac(SECRET, message));
    assert!(matches!(Head::of(&token), Err(Refused::Malformed(_))));
    let long = format!("eyJ.{}.x", "A".repeat(TOKEN_BYTES_MAX));
    assert_eq!(Head::of(&long), Err(Refused::Malformed("it is too long")));
}

#[test]
fn keys_that_cannot_check_anything_are_found_when_they_are_read() {
    assert!(Key::of_secret(None, b"short").is_err());
    for (signing, pem) in [
        (Signing::RS256, P256[1]),
        (Signing::RS256, RSA_1024_PUBLIC),
        (Signing::ES256, P384_PUBLIC),
        (Signing::ES256, RSA[1]),
        (Signing::EdDSA, P256[1]),
        (Signing::HS256, RSA[1]),
        (Signing::RS256, b"no key".as_slice()),
    ] {
        assert!(Key::of_public(None, signing, pem).is_err(), "{signing:?}");
    }
    assert!(Key::of_private(None, Signing::RS256, RSA[1]).is_err());
}

#[test]
fn of_a_published_set_only_keys_that_check_signatures_are_taken() {
    let public = |signing: Signing, [private, _]: [&[u8]; 2]| {
        let key = Key::of_private(None, signing, private).expect("a key");
        let jwk = Jwk::from_encoding_key(key.signs.as_ref().expect("signs"), signing.algorithm());
        serde_json::to_value(jwk.expect("a jwk")).expect("JSON")
    };
    let with = |mut key: Value, changes: Value| {
        let all = key.as_object_mut().expect("an object");
        all.extend(changes.as_object().expect("an object").clone());
        key
    };
    let rsa = public(Signing::RS256, RSA);
    let keys = json!({"keys": [
        with(rsa.clone(), json!({"kid": "rsa", "use": "sig"})),
        with(public(Signing::ES256, P256), json!({"kid": "ec"})),
        with(public(Signing::EdDSA, ED25519), json!({"kid": "ed"})),
        with(rsa.clone(), json!({"kid": "encryption", "use": "enc"})),
        with(rsa, json!({"kid": "other algorithm", "alg": "PS256"})),
        {"kty": "oct", "k": "AAAA", "kid": "symmetric", "alg": "HS256"},
        {"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA", "kid": "on no curve"},
    ]});
    let keys = Key::of_set(&serde_json::from_value(keys).expect("a set"));
    let ids: Vec<_> = keys
        .iter()
        .map(|key| key.id.as_deref().unwrap_or(""))
        .collect();
    assert_eq!(ids, ["rsa", "ec", "ed"]);
    for (signing, [private, _]) in [(Signing::RS256, RSA), (Signing::ES256, P256)] {
        let signs = Key::of_private(None, signing, private).expect("a key");
        assert_eq!(open_with(&keys, &signed(&signs)), Ok(claims()));
    }
}

#[test]
fn claims_that_are_missing_or_of_the_wrong_kind_are_named_and_never_quoted() {
    let key = Key::of_secret(None, SECRET).expect("a key");
    let refused = |claims: Value| {
        let signs = key.signs.as_ref().expect("signs");
        let token = jsonwebtoken::encode(&Header::default(), &claims, signs).expect("signed");
        let text = open_with(std::slice::from_ref(&key), &token).expect_err("refused");
        text.to_string()
    };
    let missing = refused(json!({"sub": "s3cret", "document": "a", "role": "editor"}));
    assert!(missing.contains("exp"), "{missing}");
    assert!(!missing.contains("s3cret"), "{missing}");
    let wrong = refused(json!({"sub": "s", "role": "s3cret", "exp": 1}));
    assert!(!wrong.contains("s3cret"), "{wrong}");
}
