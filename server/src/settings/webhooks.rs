//! Settings about events and about whom they are sent to.

use std::{path::PathBuf, time::Duration};

use axum::http::Uri;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ipnet::IpNet;
use serde::Deserialize;

use super::{
    Secret, SettingsError,
    auth::{self, read},
    zone::Zone,
};
use crate::events::KINDS;

/// How many webhooks there may be: each has a queue in memory.
const WEBHOOKS_MAX: usize = 32;
/// Bytes of a secret, as the specification has them.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// A key that seals secrets is no password.
const KEY_BYTES_MIN: usize = 32;
/// One in use, and those before it.
const KEYS_MAX: usize = 4;
/// The specification's example: ten attempts within three days.
const RETRIES_S: [u64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// More attempts than anybody would want.
const RETRIES_MAX: usize = 30;
/// The longest wait between two attempts: a week.
const RETRY_MS_MAX: u64 = 7 * 24 * 60 * 60 * 1_000;
/// The longest pause that is waited for, and the longest time between two events of a document.
const PACE_MS_MAX: u64 = 24 * 60 * 60 * 1_000;

/// The table `[events]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct EventsFile {
    quiet_ms: Option<u64>,
    every_ms: Option<u64>,
    digest_hour: Option<u8>,
    digest_timezone: Option<String>,
    #[serde(default)]
    allow_networks: Vec<String>,
    #[serde(default)]
    space_allow_networks: Vec<String>,
    secrets_key: Option<Secret>,
    secrets_key_file: Option<PathBuf>,
    #[serde(default)]
    secrets_keys_before: Vec<Secret>,
}

/// One `[[webhooks]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookFile {
    id: String,
    url: String,
    secret: Option<Secret>,
    secret_file: Option<PathBuf>,
    #[serde(default)]
    secrets_before: Vec<Secret>,
    #[serde(default)]
    events: Vec<String>,
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    allow_networks: Vec<String>,
    timeout_ms: Option<u64>,
    retries_ms: Option<Vec<u64>>,
    disable_after_ms: Option<u64>,
}

/// When changes of documents are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventSettings {
    /// After nobody has edited for so long.
    pub quiet_ms: u64,
    /// At least so often while people edit.
    pub every_ms: u64,
    /// From which hour on a day's digest is told.
    pub digest_hour: u8,
    /// Where it is that hour.
    pub digest_zone: Zone,
}

/// Networks that are not public, and that webhooks made by calls may reach all the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HookNetworks {
    /// Webhooks of operators.
    pub operators: Vec<IpNet>,
    /// Webhooks of the facilitators of a space.
    pub spaces: Vec<IpNet>,
}

/// What seals the secrets of webhooks that calls make: the key in use, then those before it. Without
/// any they are kept as they are.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct HookKeys(pub Vec<Vec<u8>>);

impl std::fmt::Debug for HookKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HookKeys({})", self.0.len())
    }
}

impl EventSettings {
    /// What counts where the settings say nothing.
    pub const DEFAULT: Self = Self {
        quiet_ms: 30_000,
        every_ms: 300_000,
        digest_hour: 7,
        digest_zone: Zone::PARIS,
    };
}

impl Default for EventSettings {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Whom events are sent to; complete and checked.
#[derive(Clone)]
pub struct WebhookSettings {
    /// Its name in calls, metrics and the log.
    pub id: String,
    /// Where to.
    pub url: Uri,
    /// What messages are signed with: the one in use, then those that receivers may still have.
    pub secrets: Vec<Vec<u8>>,
    /// When those that receivers may still have do not count any more; none: for as long as they
    /// stand in the settings.
    pub secrets_before_until_ms: Option<u64>,
    /// Which kinds; empty: all.
    pub events: Vec<String>,
    /// Of documents whose names begin so.
    pub prefix: String,
    /// Networks that are not public, and that this webhook may reach all the same.
    pub allow_networks: Vec<IpNet>,
    /// How long an answer may take.
    pub timeout: Duration,
    /// The waits between attempts; after the last one a message is given up.
    pub retries_ms: Vec<u64>,
    /// After failing for so long without a success it is switched off.
    pub disable_after_ms: u64,
    /// Nothing is sent for now.
    pub is_paused: bool,
    /// Why no attempt can succeed, where an operator has to help.
    pub problem: Option<String>,
}

impl WebhookSettings {
    /// Whether it asks for a kind. A digest is no event: whoever wants it says so.
    pub(crate) fn wants(&self, kind: &str) -> bool {
        let is_named = self.events.iter().any(|named| named == kind);
        is_named || (self.events.is_empty() && kind != crate::digests::KIND)
    }

    /// Nowhere, with all defaults.
    pub(crate) fn defaults() -> Self {
        Self {
            id: String::new(),
            url: Uri::default(),
            secrets: Vec::new(),
            secrets_before_until_ms: None,
            events: Vec::new(),
            prefix: String::new(),
            allow_networks: Vec::new(),
            timeout: Duration::from_secs(15),
            retries_ms: RETRIES_S.iter().map(|seconds| seconds * 1_000).collect(),
            // A long weekend and a day more.
            disable_after_ms: 5 * 24 * 60 * 60 * 1_000,
            is_paused: false,
            problem: None,
        }
    }
}

impl std::fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let url = crate::auth::shown(&self.url);
        write!(
            f,
            "Webhook({}, {url}, prefix {:?}, events {:?})",
            self.id, self.prefix, self.events
        )
    }
}

fn wrong(problem: String) -> SettingsError {
    SettingsError::Value {
        key: "webhooks",
        problem,
    }
}

/// When changes are told.
pub(super) fn events(file: &EventsFile) -> Result<EventSettings, SettingsError> {
    let default = EventSettings::default();
    let zone = file.digest_timezone.as_deref().map(|text| {
        Zone::parse(text).map_err(|problem| SettingsError::Value {
            key: "events",
            problem: format!("digest_timezone: {problem}"),
        })
    });
    let pace = EventSettings {
        quiet_ms: file.quiet_ms.unwrap_or(default.quiet_ms),
        every_ms: file.every_ms.unwrap_or(default.every_ms),
        digest_hour: file.digest_hour.unwrap_or(default.digest_hour),
        digest_zone: zone.transpose()?.unwrap_or(default.digest_zone),
    };
    if pace.digest_hour > 23 {
        return Err(SettingsError::Value {
            key: "events",
            problem: "digest_hour is between 0 and 23".into(),
        });
    }
    if !(1_000..=PACE_MS_MAX).contains(&pace.quiet_ms)
        || !(pace.quiet_ms..=PACE_MS_MAX).contains(&pace.every_ms)
    {
        return Err(SettingsError::Value {
            key: "events",
            problem: format!("1000 <= quiet_ms <= every_ms <= {PACE_MS_MAX} does not hold"),
        });
    }
    Ok(pace)
}

/// Where webhooks that calls make may go.
pub(super) fn hook_networks(file: &EventsFile) -> Result<HookNetworks, SettingsError> {
    Ok(HookNetworks {
        operators: networks(&file.allow_networks)?,
        spaces: networks(&file.space_allow_networks)?,
    })
}

/// The keys, of the settings.
pub(super) fn hook_keys(file: &mut EventsFile) -> Result<HookKeys, SettingsError> {
    const KEY: &str = "events.secrets_key";
    let wrong = |problem: &str| SettingsError::Value {
        key: KEY,
        problem: problem.to_owned(),
    };
    let key = auth::secret_bytes(KEY, file.secrets_key.take(), file.secrets_key_file.take())?;
    let before = std::mem::take(&mut file.secrets_keys_before);
    if key.is_none() && !before.is_empty() {
        return Err(wrong("is missing beside events.secrets_keys_before"));
    }
    let before = before.into_iter().map(|key| key.0.into_bytes());
    let keys: Vec<Vec<u8>> = key.into_iter().chain(before).collect();
    if keys.len() > KEYS_MAX {
        return Err(wrong("has too many before it: four keys in all"));
    }
    match keys.iter().all(|key| key.len() >= KEY_BYTES_MIN) {
        true => Ok(HookKeys(keys)),
        false => Err(wrong("has at least 32 bytes: `openssl rand -base64 32`")),
    }
}

/// All webhooks.
pub(super) fn webhooks(files: Vec<WebhookFile>) -> Result<Vec<WebhookSettings>, SettingsError> {
    if files.len() > WEBHOOKS_MAX {
        return Err(wrong(format!("at most {WEBHOOKS_MAX}")));
    }
    let mut webhooks: Vec<WebhookSettings> = Vec::new();
    for file in files {
        let id = file.id.clone();
        let webhook = webhook(file).map_err(|error| match error {
            SettingsError::Value { key, problem } => SettingsError::Value {
                key,
                problem: format!("{id}: {problem}"),
            },
            other => other,
        })?;
        if webhooks.iter().any(|other| other.id == webhook.id) {
            return Err(wrong(format!("{id}: there is another one of this id")));
        }
        webhooks.push(webhook);
    }
    Ok(webhooks)
}

fn webhook(file: WebhookFile) -> Result<WebhookSettings, SettingsError> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if file.id.is_empty() || file.id.len() > 40 || !file.id.bytes().all(allowed) {
        return Err(wrong("an id is 1 to 40 of a-z, 0-9 and -".into()));
    }
    if let Some(unknown) = file
        .events
        .iter()
        .find(|kind| !KINDS.contains(&kind.as_str()))
    {
        return Err(wrong(format!(
            "{unknown:?} is none of the events: {}",
            KINDS.join(", ")
        )));
    }
    let default = WebhookSettings::defaults();
    let timeout = file.timeout_ms.map(Duration::from_millis);
    let timeout_ms = timeout.unwrap_or(default.timeout).as_millis();
    let retries_ms = file.retries_ms.unwrap_or(default.retries_ms.clone());
    if !(100..=60_000).contains(&timeout_ms) {
        return Err(wrong("timeout_ms is between 100 and 60000".into()));
    }
    if retries_ms.len() > RETRIES_MAX
        || retries_ms
            .iter()
            .any(|wait| !(1..=RETRY_MS_MAX).contains(wait))
    {
        return Err(wrong(format!(
            "retries_ms is a list of at most {RETRIES_MAX} waits between 1 and {RETRY_MS_MAX}"
        )));
    }
    let allow_networks = networks(&file.allow_networks)?;
    Ok(WebhookSettings {
        url: webhook_url(&file.url, &allow_networks)
            .map_err(|problem| wrong(format!("url: {problem}")))?,
        secrets: secrets(file.secret, file.secret_file, file.secrets_before)?,
        id: file.id,
        events: file.events,
        prefix: file.prefix,
        allow_networks,
        timeout: timeout.unwrap_or(default.timeout),
        retries_ms,
        disable_after_ms: file.disable_after_ms.unwrap_or(default.disable_after_ms),
        ..default
    })
}

fn networks(texts: &[String]) -> Result<Vec<IpNet>, SettingsError> {
    let networks = texts.iter().map(|network| {
        let parsed = network.parse::<IpNet>();
        let problem = |_| {
            wrong(format!(
                "allow_networks: {network:?} is not like 10.0.0.0/8"
            ))
        };
        parsed.map_err(problem)
    });
    networks.collect()
}

/// An address that messages may go to, or what is wrong with it.
pub(crate) fn webhook_url(text: &str, allow_networks: &[IpNet]) -> Result<Uri, String> {
    let url: Uri = text.parse().map_err(|_| "not an address".to_owned())?;
    let authority = url.authority().ok_or("not a whole address")?;
    if authority.as_str().contains('@') {
        return Err("must have no name or password in it".into());
    }
    match url.scheme_str() {
        Some("https") => Ok(url),
        // Where it really goes is checked at each attempt.
        Some("http") if !allow_networks.is_empty() => Ok(url),
        Some("http") => {
            Err("must be https, unless allow_networks names the network that it is in".into())
        }
        _ => Err("must begin with https://".into()),
    }
}

fn secrets(
    secret: Option<Secret>,
    file: Option<PathBuf>,
    before: Vec<Secret>,
) -> Result<Vec<Vec<u8>>, SettingsError> {
    let secret = match (secret, file) {
        (Some(secret), None) => secret.0,
        (None, Some(path)) => {
            let text = String::from_utf8(read(path)?);
            text.map_err(|_| wrong("secret_file: not text".into()))?
                .trim()
                .to_owned()
        }
        _ => return Err(wrong("give secret or secret_file".into())),
    };
    let all = std::iter::once(secret).chain(before.into_iter().map(|secret| secret.0));
    all.take(4).map(|text| secret_bytes(&text)).collect()
}

fn secret_bytes(text: &str) -> Result<Vec<u8>, SettingsError> {
    let problem = || {
        wrong("a secret is whsec_ and 24 to 64 bytes in base64: `openssl rand -base64 32`".into())
    };
    let encoded = text.strip_prefix("whsec_").ok_or_else(problem)?;
    let bytes = STANDARD.decode(encoded).map_err(|_| problem())?;
    if SECRET_BYTES.contains(&bytes.len()) {
        Ok(bytes)
    } else {
        Err(problem())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        id = "portal"
        url = "https://portal.example.org/hook"
        secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
    "#;

    fn read(toml: &str) -> Result<Vec<WebhookSettings>, String> {
        let file: WebhookFile = toml::from_str(toml).map_err(|error| error.to_string())?;
        webhooks(vec![file]).map_err(|error| error.to_string())
    }

    #[test]
    fn keys_that_seal_secrets_are_long_and_in_their_order() {
        let keys = |toml: &str| {
            let mut file: EventsFile = toml::from_str(toml).expect("TOML");
            let keys = hook_keys(&mut file).map(|keys| keys.0);
            keys.map_err(|error| error.to_string())
        };
        let (one, two) = ("1".repeat(32), "2".repeat(32));
        let both = format!("secrets_key = \"{one}\"\nsecrets_keys_before = [\"{two}\"]");
        assert_eq!(
            keys(&both),
            Ok(vec![one.into_bytes(), two.clone().into_bytes()])
        );
        assert_eq!(keys(""), Ok(Vec::new()));
        let short = keys("secrets_key = \"short\"").expect_err("too short");
        assert!(
            short.contains("events.secrets_key") && !short.contains("short"),
            "{short}"
        );
        assert!(keys(&format!("secrets_keys_before = [\"{two}\"]")).is_err());
    }

    #[test]
    fn a_webhook_needs_an_id_an_address_and_a_secret() {
        let webhook = read(GOOD).expect("fine").remove(0);
        assert_eq!(webhook.secrets[0].len(), 24);
        assert_eq!(webhook.retries_ms.len(), 9);
        assert!(!format!("{webhook:?}").contains("C2FV"));
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        for (change, to, word) in [
            (
                "https://portal.example.org",
                "http://portal.example.org",
                "https",
            ),
            ("https://portal", "https://me:pass@portal", "password"),
            ("whsec_C2FV", "whsec_!", "whsec_"),
            ("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "whsec_aaaa", "24"),
            ("id = \"portal\"", "id = \"Portal/x\"", "id"),
            (
                "id = \"portal\"",
                "id = \"portal\"\nevents = [\"document.chnaged\"]",
                "chnaged",
            ),
            (
                "id = \"portal\"",
                "id = \"portal\"\ntimeout_ms = 1",
                "timeout_ms",
            ),
            (
                "id = \"portal\"",
                "id = \"portal\"\nretries_ms = [0]",
                "retries_ms",
            ),
        ] {
            let error = read(&GOOD.replace(change, to)).expect_err("refused");
            assert!(error.contains(word), "{to}: {error}");
        }
        let inside = GOOD.replace("https://portal.example.org", "http://10.1.2.3");
        assert!(read(&format!("{inside}\nallow_networks = [\"10.0.0.0/8\"]")).is_ok());
    }
}
