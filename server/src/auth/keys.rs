//! Keys that sign tokens, each for one algorithm only.
//!
//! A token names its algorithm itself, so nothing that it says is believed: the algorithm is the
//! key's, and a token of another one is not even tried with it.

use aws_lc_rs::signature::{self, ParsedPublicKey, VerificationAlgorithm};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header,
    errors::ErrorKind,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::claims::Refused;

/// The longest token. Browsers and proxies refuse longer headers.
pub(crate) const TOKEN_BYTES_MAX: usize = 8 << 10;
/// A shorter secret can be guessed from one token (RFC 7518, 3.2).
const SECRET_BYTES_MIN: usize = 32;
/// 2,048 bits in base64. Shorter keys check nothing: the library refuses their signatures.
const MODULUS_LETTERS_MIN: usize = 342;
/// How many keys are known at a time. A token that names no key is tried with each of its
/// algorithm.
pub(crate) const KEYS_MAX: usize = 64;

/// The algorithms that tokens may be signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Signing {
    /// A secret that the portal shares with this server.
    HS256,
    /// RSA, PKCS #1 v1.5, at least 2,048 bits.
    RS256,
    /// The curve P-256.
    ES256,
    /// Ed25519.
    EdDSA,
}

impl Signing {
    fn algorithm(self) -> Algorithm {
        match self {
            Self::HS256 => Algorithm::HS256,
            Self::RS256 => Algorithm::RS256,
            Self::ES256 => Algorithm::ES256,
            Self::EdDSA => Algorithm::EdDSA,
        }
    }
}

/// A key: it checks tokens, and signs them where it may.
#[derive(Clone)]
pub struct Key {
    id: Option<String>,
    signing: Signing,
    checks: DecodingKey,
    signs: Option<EncodingKey>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let signs = if self.signs.is_some() { ", signs" } else { "" };
        let id = self.id.as_deref().unwrap_or("no id");
        write!(f, "Key({:?}, {id}{signs})", self.signing)
    }
}

impl Key {
    /// A shared secret.
    pub fn of_secret(id: Option<String>, secret: &[u8]) -> Result<Self, String> {
        if secret.starts_with(b"-----BEGIN") {
            return Err("a PEM file is no secret: say which algorithm it is for".into());
        }
        if secret.len() < SECRET_BYTES_MIN {
            return Err(format!("a secret has at least {SECRET_BYTES_MIN} bytes"));
        }
        Ok(Self {
            id,
            signing: Signing::HS256,
            checks: DecodingKey::from_secret(secret),
            signs: Some(EncodingKey::from_secret(secret)),
        })
    }

    /// A public key in PEM form (SPKI).
    pub fn of_public(id: Option<String>, signing: Signing, pem: &[u8]) -> Result<Self, String> {
        let key = match signing {
            Signing::HS256 => return Err("HS256 has a secret, not a public key".into()),
            Signing::RS256 => DecodingKey::from_rsa_pem(pem),
            Signing::ES256 => DecodingKey::from_ec_pem(pem),
            Signing::EdDSA => DecodingKey::from_ed_pem(pem),
        };
        Self::tried(Self {
            id,
            signing,
            checks: key.map_err(|error| format!("not a {signing:?} public key in PEM: {error}"))?,
            signs: None,
        })
    }

    /// A private key in PEM form (PKCS #8): it signs, too.
    pub fn of_private(id: Option<String>, signing: Signing, pem: &[u8]) -> Result<Self, String> {
        let key = match signing {
            Signing::HS256 => return Err("HS256 has a secret, not a private key".into()),
            Signing::RS256 => EncodingKey::from_rsa_pem(pem),
            Signing::ES256 => EncodingKey::from_ec_pem(pem),
            Signing::EdDSA => EncodingKey::from_ed_pem(pem),
        };
        let wrong = |error| format!("not a {signing:?} private key in PEM (PKCS #8): {error}");
        let signs = key.map_err(wrong)?;
        let public = Jwk::from_encoding_key(&signs, signing.algorithm()).map_err(wrong)?;
        Self::tried(Self {
            id,
            signing,
            checks: DecodingKey::from_jwk(&public).map_err(wrong)?,
            signs: Some(signs),
        })
    }

    /// Keys of a published set. Those that sign nothing here are left out; symmetric ones too,
    /// because what is published is no secret.
    pub(crate) fn of_set(set: &JwkSet) -> Vec<Self> {
        set.keys
            .iter()
            .filter_map(Self::of_jwk)
            .take(KEYS_MAX)
            .collect()
    }

    fn of_jwk(jwk: &Jwk) -> Option<Self> {
        let for_signatures = matches!(
            jwk.common.public_key_use,
            None | Some(PublicKeyUse::Signature)
        );
        let (signing, name) = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => (Signing::RS256, KeyAlgorithm::RS256),
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
                (Signing::ES256, KeyAlgorithm::ES256)
            }
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
                (Signing::EdDSA, KeyAlgorithm::EdDSA)
            }
            _ => return None,
        };
        let of_this_algorithm = jwk.common.key_algorithm.is_none_or(|named| named == name);
        if !for_signatures || !of_this_algorithm {
            return None;
        }
        let key = Self {
            id: jwk.common.key_id.clone(),
            signing,
            checks: DecodingKey::from_jwk(jwk).ok()?,
            signs: None,
        };
        Self::tried(key).ok()
    }

    /// A key that cannot check anything (a point on another curve, too short a modulus) is found
    /// at once and not at the first sign-in.
    fn tried(key: Self) -> Result<Self, String> {
        let algorithm: &'static dyn VerificationAlgorithm = match key.signing {
            Signing::HS256 => return Ok(key),
            Signing::RS256 => return Self::tried_rsa(key),
            Signing::ES256 => &signature::ECDSA_P256_SHA256_FIXED,
            Signing::EdDSA => &signature::ED25519,
        };
        let bytes = key.checks.try_get_as_bytes();
        let bytes = bytes.map_err(|error| format!("not a key: {error}"))?;
        match ParsedPublicKey::new(algorithm, bytes) {
            Ok(_) => Ok(key),
            Err(error) => Err(format!("not a key for {:?}: {error}", key.signing)),
        }
    }

    fn tried_rsa(key: Self) -> Result<Self, String> {
        let jwk = Jwk::from_decoding_key(&key.checks, None);
        let jwk = jwk.map_err(|error| format!("not a key for RS256: {error}"))?;
        match jwk.algorithm {
            AlgorithmParameters::RSA(numbers) if numbers.n.len() >= MODULUS_LETTERS_MIN => Ok(key),
            _ => Err("an RSA key has at least 2,048 bits".into()),
        }
    }

    /// Whether a token that names these may be this key's.
    fn may_have_signed(&self, head: &Head) -> bool {
        self.signing == head.signing
            && match (&self.id, &head.key_id) {
                (Some(own), Some(named)) => own == named,
                _ => true,
            }
    }

    fn open<C: DeserializeOwned>(&self, token: &str) -> Result<C, Refused> {
        let mut validation = Validation::new(self.signing.algorithm());
        // The claims are judged by `Claims::check`, against a clock that tests can set.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        match decode::<C>(token, &self.checks, &validation) {
            Ok(opened) => Ok(opened.claims),
            Err(error) => Err(match error.kind() {
                // The text of serde names claims and types, and quotes values of wrong type.
                ErrorKind::Json(error) if error.is_data() => Refused::Claim(claim_problem(error)),
                ErrorKind::Json(_) => Refused::Malformed("the claims are not JSON"),
                _ => Refused::Signature,
            }),
        }
    }

    /// Signs claims, where this key may.
    pub(crate) fn sign<C: Serialize>(&self, claims: &C) -> Option<Result<String, String>> {
        let key = self.signs.as_ref()?;
        let mut header = Header::new(self.signing.algorithm());
        header.kid.clone_from(&self.id);
        Some(jsonwebtoken::encode(&header, claims, key).map_err(|error| error.to_string()))
    }

    pub(crate) fn signs(&self) -> bool {
        self.signs.is_some()
    }
}

/// Which claim is wrong, without its value.
fn claim_problem(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let missing = text.strip_prefix("missing field ");
    missing.map_or_else(
        || "a claim is not of its kind: see the guide".to_owned(),
        |rest| {
            let name = rest.split('`').nth(1).unwrap_or("?");
            format!("the claim {name} is missing")
        },
    )
}

/// What a token says of its signature. Nothing of it is true until a key says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    signing: Signing,
    key_id: Option<String>,
}

impl Head {
    pub(crate) fn of(token: &str) -> Result<Self, Refused> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Refused::Malformed("it is too long"));
        }
        let wrong = |_| Refused::Malformed("its header cannot be read");
        let header = decode_header(token).map_err(wrong)?;
        if header.crit.is_some() {
            return Err(Refused::Malformed("its header has critical extensions"));
        }
        let signing = match header.alg {
            Algorithm::HS256 => Signing::HS256,
            Algorithm::RS256 => Signing::RS256,
            Algorithm::ES256 => Signing::ES256,
            Algorithm::EdDSA => Signing::EdDSA,
            _ => return Err(Refused::Malformed("its algorithm is none of those allowed")),
        };
        Ok(Self {
            signing,
            key_id: header.kid,
        })
    }
}

/// Whether a text has the form of a token: three parts, the first of which is JSON in base64.
pub(crate) fn looks_like_a_token(text: &str) -> bool {
    text.starts_with("ey") && text.bytes().filter(|byte| *byte == b'.').count() == 2
}

/// Whether any of these keys may have signed it.
pub(crate) fn any_may_have_signed(keys: &[Key], head: &Head) -> bool {
    keys.iter().any(|key| key.may_have_signed(head))
}

/// What a token says, where one of these keys has signed it.
pub(crate) fn open<C: DeserializeOwned>(
    keys: &[Key],
    head: &Head,
    token: &str,
) -> Result<C, Refused> {
    let mut outcome = Err(Refused::UnknownKey);
    for key in keys.iter().filter(|key| key.may_have_signed(head)) {
        outcome = key.open(token);
        if !matches!(outcome, Err(Refused::Signature)) {
            break;
        }
    }
    outcome
}

#[cfg(test)]
mod tests;
