//! Secrets of webhooks that calls make, as they stand in the store: sealed with a key of the
//! settings where there is one, else as they are.
//!
//! Messages are signed with a secret, so it cannot be kept as a hash. The key stands outside of the
//! store: whoever has the store or a backup of it alone signs nothing. Each secret is sealed for its
//! own webhook; moved to another one it does not open. One that was written before there was a key
//! is read as it is.

use aws_lc_rs::rand;
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::auth::oidc::seal::Seals;

const PLAIN: &str = "whsec_";
const SEALED: &str = "sealed:";

/// How secrets are kept and read.
#[derive(Debug)]
pub(crate) struct Secrets(Option<Seals>);

impl Secrets {
    /// With the key in use, then those before it; without any, secrets are kept as they are.
    pub(crate) fn new(keys: &[Vec<u8>]) -> Result<Self, String> {
        if keys.is_empty() {
            return Ok(Self(None));
        }
        let seals = Seals::within("unisson 2026-11 sealed secrets of webhooks", keys);
        seals.map(|seals| Self(Some(seals)))
    }

    /// A secret as it is kept for a webhook; `None` where the system has no randomness.
    pub(super) fn keep(&self, id: &str, secret: &str) -> Option<String> {
        match &self.0 {
            Some(seals) => Some(format!("{SEALED}{}", seals.seal(id, &secret)?)),
            None => Some(secret.to_owned()),
        }
    }

    /// The bytes that sign, of what is kept for a webhook.
    pub(super) fn open(&self, id: &str, kept: &str) -> Result<Vec<u8>, String> {
        let opened = match (kept.strip_prefix(SEALED), &self.0) {
            (None, _) => Some(kept.to_owned()),
            (Some(_), None) => {
                return Err(
                    "its secret is sealed, and the settings have no events.secrets_key".into(),
                );
            }
            (Some(sealed), Some(seals)) => seals.open::<String>(id, sealed),
        };
        let secret = opened.ok_or(
            "its secret is sealed with a key that the settings do not have: give that key in \
             events.secrets_keys_before, or renew the secret",
        )?;
        let bytes = STANDARD.decode(secret.strip_prefix(PLAIN).unwrap_or_default());
        let bytes = bytes.ok().filter(|bytes| !bytes.is_empty());
        bytes.ok_or_else(|| "its secret is damaged: renew it".into())
    }
}

/// A new secret, as the specification has it.
pub(super) fn draw_secret() -> Option<String> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).ok()?;
    Some(format!("{PLAIN}{}", STANDARD.encode(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(keys: &[u8]) -> Secrets {
        let keys: Vec<_> = keys.iter().map(|key| vec![*key; 32]).collect();
        Secrets::new(&keys).expect("keys")
    }

    #[test]
    fn a_sealed_secret_opens_for_its_webhook_with_its_key_alone() {
        let plain = draw_secret().expect("randomness");
        let bytes = secrets(&[]).open("made-1", &plain).expect("bytes");
        assert_eq!(bytes.len(), 32);
        let kept = secrets(&[1]).keep("made-1", &plain).expect("sealed");
        assert!(
            !kept.contains(PLAIN) && !kept.contains(&plain[8..]),
            "{kept}"
        );
        assert_eq!(secrets(&[1]).open("made-1", &kept), Ok(bytes.clone()));
        assert_eq!(secrets(&[2, 1]).open("made-1", &kept), Ok(bytes.clone()));
        let told = |keys: &[u8], id: &str| secrets(keys).open(id, &kept).expect_err("sealed");
        assert!(told(&[2], "made-1").contains("events.secrets_keys_before"));
        assert!(told(&[], "made-1").contains("events.secrets_key"));
        assert!(told(&[1], "made-2").contains("renew"));
        // Those from before there was a key.
        assert_eq!(secrets(&[1]).open("made-1", &plain), Ok(bytes));
    }

    #[test]
    fn what_is_no_secret_signs_nothing() {
        for kept in [
            "",
            "whsec_",
            "whsec_%",
            "C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            "sealed:",
            "sealed:1.AA",
        ] {
            assert!(secrets(&[1]).open("made-1", kept).is_err(), "{kept:?}");
        }
    }
}
