//! Asking the portal who somebody is and what they may do, by what they have shown.
//!
//! 200 says who it is. 401 and 403 are final. Anything else (no answer, an answer of another kind)
//! means that nobody knows: the client tries again later and is never told that it may not.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::http::{HeaderValue, Request, StatusCode, header};
use bytes::Bytes;
use http_body_util::Full;
use serde::Deserialize;
use tokio::{
    sync::{OnceCell, Semaphore},
    time::Instant,
};
use unisson_protocol::{CloseReason, DocName};

use super::{
    Credential,
    claims::{Claims, Places, Role, Rules, Texts, prefix_covers},
    fetch::{Fetcher, shown},
    unix_now_s,
};
use crate::settings::CallbackSettings;

/// The largest answer: it is about one person.
const BYTES_MAX: usize = 64 << 10;
/// How many questions are open at a time; others wait their turn. A portal that takes 100 ms then
/// lets 640 people in each second.
const QUESTIONS_MAX: usize = 64;
/// How many answers are remembered: about 200 bytes each.
const ANSWERS_MAX: usize = 20_000;
/// How many answers for more than one document are remembered of one credential.
const WIDE_MAX: usize = 64;
/// After a failure the same question is not asked again for so long.
const FAILURE_KEPT: Duration = Duration::from_secs(1);

/// Whose question about which document. A digest: what people show is not kept as it is.
type Question = blake3::Hash;

/// What the portal has said, or that it could not be asked.
#[derive(Debug, Clone)]
struct Answer {
    verdict: Result<Arc<Claims>, CloseReason>,
    until: Instant,
}

/// One question, asked once for all who wait for it.
#[derive(Debug, Clone, Default)]
struct Slot(Arc<OnceCell<Answer>>);

impl Slot {
    fn is_over(&self, now: Instant) -> bool {
        self.0.get().is_some_and(|answer| answer.until <= now)
    }
}

/// The portal's end.
#[derive(Debug)]
pub(crate) struct Callback {
    settings: CallbackSettings,
    fetcher: Fetcher,
    slots: Mutex<HashMap<Question, Slot>>,
    /// Answers that were for more than the document that was asked about, by who asked.
    wide: Mutex<HashMap<Question, Vec<(String, Answer)>>>,
    questions: Semaphore,
}

/// The body of a 200.
#[derive(Deserialize)]
struct Body {
    sub: String,
    name: Option<String>,
    color: Option<String>,
    role: Option<Role>,
    /// The answer is the same for all documents whose names begin so.
    prefix: Option<String>,
    groups: Option<Texts>,
    exp: Option<u64>,
}

impl Callback {
    pub(crate) fn new(settings: &CallbackSettings) -> Result<Self, String> {
        Ok(Self {
            fetcher: Fetcher::new(&settings.url, settings.timeout, BYTES_MAX)?,
            settings: settings.clone(),
            slots: Mutex::default(),
            wide: Mutex::default(),
            questions: Semaphore::new(QUESTIONS_MAX),
        })
    }

    /// Who it is, for this document.
    pub(crate) async fn ask(
        &self,
        credential: &Credential,
        document: &DocName,
    ) -> Result<Arc<Claims>, CloseReason> {
        if let Some(answer) = self.known(credential, document) {
            return answer.verdict;
        }
        let slot = self.slot(question(credential, document.as_str()));
        let answer = slot.0.get_or_init(|| async {
            let verdict = self.answer(credential, document).await;
            let kept = match verdict {
                Err(CloseReason::Undecided) => FAILURE_KEPT,
                _ => self.settings.cache,
            };
            let answer = Answer {
                verdict,
                until: Instant::now() + kept,
            };
            self.remember(credential, document, &answer);
            answer
        });
        answer.await.verdict.clone()
    }

    /// What the portal has said of all documents whose names begin like this one's.
    fn known(&self, credential: &Credential, document: &DocName) -> Option<Answer> {
        let now = Instant::now();
        let wide = self.wide.lock().unwrap_or_else(PoisonError::into_inner);
        let answers = wide.get(&question(credential, ""))?;
        let covers = |prefix: &str| prefix_covers(prefix, document.as_str());
        let known = answers
            .iter()
            .find(|(prefix, answer)| now < answer.until && covers(prefix));
        known.map(|(_, answer)| answer.clone())
    }

    fn remember(&self, credential: &Credential, document: &DocName, answer: &Answer) {
        let Ok(claims) = &answer.verdict else { return };
        let prefixes = claims.places.prefix.iter().flat_map(Texts::iter);
        // A portal that answers for something else has not answered for this document.
        let prefixes = prefixes.filter(|prefix| prefix_covers(prefix, document.as_str()));
        let now = Instant::now();
        let mut wide = self.wide.lock().unwrap_or_else(PoisonError::into_inner);
        for prefix in prefixes {
            if wide.len() >= ANSWERS_MAX {
                wide.clear();
            }
            let answers = wide.entry(question(credential, "")).or_default();
            answers.retain(|(other, answer)| now < answer.until && other != prefix);
            if answers.len() < WIDE_MAX {
                answers.push((prefix.to_owned(), answer.clone()));
            }
        }
    }

    fn slot(&self, question: Question) -> Slot {
        let now = Instant::now();
        let mut slots = self.slots();
        if slots.len() >= ANSWERS_MAX && !slots.contains_key(&question) {
            slots.retain(|_, slot| !slot.is_over(now));
            if slots.len() >= ANSWERS_MAX {
                // Forgetting costs the portal a question, and nobody a wrong answer.
                slots.clear();
            }
        }
        let slot = slots.entry(question).or_default();
        if slot.is_over(now) {
            *slot = Slot::default();
        }
        slot.clone()
    }

    async fn answer(
        &self,
        credential: &Credential,
        document: &DocName,
    ) -> Result<Arc<Claims>, CloseReason> {
        let undecided = |problem: String| {
            let url = shown(&self.settings.url);
            tracing::warn!(url, problem, "the portal does not say who it is");
            CloseReason::Undecided
        };
        let request = self.request(credential, document).map_err(undecided)?;
        // Never closed, so an error cannot come; were it to, nobody would be let in by it.
        let turn = self.questions.acquire().await;
        let _turn = turn.map_err(|error| undecided(error.to_string()))?;
        let answer = self.fetcher.ask(request).await;
        let (status, body) = answer.map_err(|error| undecided(error.to_string()))?;
        match status {
            StatusCode::OK => self.read(&body, document).map(Arc::new).map_err(undecided),
            StatusCode::UNAUTHORIZED => Err(CloseReason::Unauthorized),
            StatusCode::FORBIDDEN => Err(CloseReason::Forbidden),
            other => Err(undecided(format!("it answers {other}"))),
        }
    }

    fn request(
        &self,
        credential: &Credential,
        document: &DocName,
    ) -> Result<Request<Full<Bytes>>, String> {
        let body = serde_json::json!({ "document": document.as_str() }).to_string();
        let mut request = Request::post(&self.settings.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json");
        if !credential.token.is_empty() {
            request = request.header(header::AUTHORIZATION, bearer(&credential.token)?);
        }
        if let Some(cookies) = &credential.cookies {
            let cookies = HeaderValue::from_str(cookies).map_err(|_| "a cookie has odd letters")?;
            request = request.header(header::COOKIE, secret(cookies));
        }
        let request = request.body(Full::from(body));
        request.map_err(|error| error.to_string())
    }

    fn read(&self, body: &[u8], document: &DocName) -> Result<Claims, String> {
        let problem = |error: serde_json::Error| {
            let kind = if error.is_data() {
                "a field is missing or of the wrong kind"
            } else {
                "not JSON"
            };
            format!("its answer cannot be read: {kind}")
        };
        let body: Body = serde_json::from_slice(body).map_err(problem)?;
        let now_s = unix_now_s();
        // The portal is asked again in time, so that its decisions reach open documents.
        let recheck_s = now_s.saturating_add(self.settings.recheck.as_secs());
        let claims = Claims {
            sub: body.sub,
            name: body.name,
            color: body.color,
            // Without a role it only says who it is: spaces say what they may.
            places: Places {
                document: body.role.map(|_| Texts::One(document.as_str().to_owned())),
                prefix: body.role.and(body.prefix).map(Texts::One),
            },
            role: body.role,
            groups: body.groups,
            spaces: true,
            exp: body.exp.map_or(recheck_s, |exp| exp.min(recheck_s)),
            nbf: None,
            iss: None,
            aud: None,
            mint: false,
        };
        let rules = Rules {
            issuer: None,
            audience: None,
            ..Rules::default()
        };
        let checked = claims.check(now_s, &rules);
        checked.map_err(|refused| format!("its answer makes no sense: {refused}"))?;
        Ok(claims)
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<Question, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Parts with their lengths, so that no two questions look the same.
fn question(credential: &Credential, document: &str) -> Question {
    let mut hasher = blake3::Hasher::new();
    let cookies = credential.cookies.as_deref().unwrap_or_default();
    for part in [&*credential.token, cookies, document] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize()
}

fn bearer(token: &str) -> Result<HeaderValue, String> {
    let value = HeaderValue::from_str(&format!("Bearer {token}"));
    value
        .map(secret)
        .map_err(|_| "the token has odd letters".into())
}

/// Not shown where headers are.
fn secret(mut value: HeaderValue) -> HeaderValue {
    value.set_sensitive(true);
    value
}
