//! Signatures as Standard Webhooks has them: `v1,` and HMAC-SHA256 over id, time and body.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The value of `webhook-signature`: one signature for each secret.
pub(super) fn sign(secrets: &[Vec<u8>], id: &str, timestamp_s: u64, body: &str) -> String {
    let signed = format!("{id}.{timestamp_s}.{body}");
    let signatures = secrets.iter().map(|secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let tag = hmac::sign(&key, signed.as_bytes());
        format!("v1,{}", STANDARD.encode(tag.as_ref()))
    });
    signatures.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the reference libraries.
    #[test]
    fn a_signature_is_the_one_of_the_reference() {
        let secret = STANDARD
            .decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
            .expect("base64");
        let body = r#"{"test": 2432232314}"#;
        let signature = sign(
            &[secret],
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            body,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn while_secrets_change_there_is_one_signature_for_each() {
        let signature = sign(&[vec![1; 24], vec![2; 24]], "msg_1", 1, "{}");
        assert_eq!(signature.split(' ').count(), 2);
    }
}
