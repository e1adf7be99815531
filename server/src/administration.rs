//! What operators decide about the whole server: the banner, and whom they keep out for a while.
//!
//! It is a record of the server's own, so every server of the store follows it and it outlives a
//! restart. Whoever is kept out is refused at each door, and the documents that they have open let
//! go of them on every server that hears of it: here at once, elsewhere within some seconds.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use unisson_history::Author;
use unisson_session::{Entries, Record};
use unisson_storage::Store;
use utoipa::ToSchema;

use crate::{
    doc_task::DocMessage,
    records::{self, ChangeError, RecordError, RecordHandle, Records},
    registry::Registry,
    versions::unix_now_ms,
};

const RECORD: &str = ".unisson/administration";
const BANNER: &str = "banner";
const KEPT_OUT: &str = "out:";
/// How many people may be kept out at a time. More is the work of who may come in at all.
const KEPT_OUT_MAX: usize = 1_000;
/// How long a busy document is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// How much a banner matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    Info,
    Warning,
    Danger,
}

impl Level {
    /// As it stands in answers and on pages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Danger => "danger",
        }
    }
}

/// A banner's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BannerText {
    /// In French
    #[schema(
        min_length = 1,
        max_length = 500,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
    )]
    pub(crate) fr: String,
    /// In English
    #[schema(
        min_length = 1,
        max_length = 500,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
    )]
    pub(crate) en: String,
}

/// A line above every page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Banner {
    pub(crate) level: Level,
    pub(crate) text: BannerText,
    /// It is shown until then, in milliseconds since 1970; `null`: until somebody takes it away
    pub(crate) until_ms: Option<u64>,
    pub(crate) set_ms: u64,
}

/// Somebody who is kept out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptOut {
    pub(crate) until_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<String>,
}

/// What is decided, read once for each state of the record.
#[derive(Debug, Clone, Default)]
struct Orders {
    banner: Option<Banner>,
    kept_out: BTreeMap<String, KeptOut>,
}

impl Orders {
    /// A damaged entry is said in the log and stands in nobody's way.
    fn read(entries: &Entries) -> Self {
        let mut orders = Self::default();
        for (key, text) in entries {
            let read = match key.strip_prefix(KEPT_OUT) {
                Some(user) => serde_json::from_str(text)
                    .map(|kept_out| drop(orders.kept_out.insert(user.to_owned(), kept_out))),
                None if key == BANNER => {
                    serde_json::from_str(text).map(|banner| orders.banner = Some(banner))
                }
                None => Ok(()),
            };
            if let Err(error) = read {
                tracing::error!(%error, "an entry of the administration is damaged");
            }
        }
        orders
    }
}

/// Why an order is not given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OrderRefusal {
    /// Too many are kept out.
    #[error("{KEPT_OUT_MAX} people are kept out already: let some in, or change who may come")]
    Full,
    /// Nobody of this name is kept out.
    #[error("nobody of this id is kept out")]
    Missing,
}

/// The orders, and who reads them.
#[derive(Debug, Default)]
pub(crate) struct Administration {
    record: OnceLock<RecordHandle>,
    read: Mutex<(Arc<Record>, Arc<Orders>)>,
}

impl Administration {
    /// Reads the record; before that nothing is decided.
    pub(crate) async fn open(&self, records: &Records, store: &Store) -> Result<(), RecordError> {
        let name = records::name_of(RECORD)?;
        let record = records.open(store, &name).await?;
        // Opened once.
        let _ = self.record.set(record);
        Ok(())
    }

    fn orders(&self) -> Arc<Orders> {
        let Some(record) = self.record.get() else {
            return Arc::default();
        };
        let record = record.read();
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&read.0, &record) {
            *read = (record.clone(), Arc::new(Orders::read(record.entries())));
        }
        read.1.clone()
    }

    /// What is to be shown now.
    pub(crate) fn banner(&self) -> Option<Banner> {
        let banner = self.orders().banner.clone()?;
        let lasts = banner
            .until_ms
            .is_none_or(|until_ms| unix_now_ms() < until_ms);
        lasts.then_some(banner)
    }

    /// Whether somebody is kept out now.
    pub(crate) fn keeps_out(&self, user: &str) -> bool {
        let orders = self.orders();
        let kept_out = orders.kept_out.get(user);
        kept_out.is_some_and(|kept_out| unix_now_ms() < kept_out.until_ms)
    }

    /// Everybody who is kept out now, by id.
    pub(crate) fn kept_out(&self) -> BTreeMap<String, KeptOut> {
        let now_ms = unix_now_ms();
        let mut all = self.orders().kept_out.clone();
        all.retain(|_, kept_out| now_ms < kept_out.until_ms);
        all
    }

    /// Shows a banner, or none.
    pub(crate) async fn set_banner(
        &self,
        registry: &Registry,
        author: Author,
        banner: Option<&Banner>,
    ) -> Result<(), ChangeError<OrderRefusal>> {
        let text = banner.and_then(|banner| serde_json::to_string(banner).ok());
        let decide = |_: &Entries| Ok((vec![(BANNER.to_owned(), text)], ()));
        self.handle()?.change(registry, author, decide).await
    }

    /// Keeps somebody out for a while. Documents that they have open here have let go of them when
    /// this returns.
    pub(crate) async fn keep_out(
        &self,
        registry: &Registry,
        author: Author,
        (user, until_ms): (&str, u64),
    ) -> Result<(), ChangeError<OrderRefusal>> {
        let now_ms = unix_now_ms();
        let entry = KeptOut {
            until_ms,
            by: author.user.as_deref().map(str::to_owned),
        };
        let text = serde_json::to_string(&entry).ok();
        let decide = |entries: &Entries| {
            let orders = Orders::read(entries);
            // Those whose time is over are tidied away on the way.
            let over = orders
                .kept_out
                .iter()
                .filter(|(_, out)| out.until_ms <= now_ms);
            let over: BTreeSet<&String> = over.map(|(user, _)| user).collect();
            if orders.kept_out.len() - over.len() >= KEPT_OUT_MAX {
                return Err(OrderRefusal::Full);
            }
            let over = over.iter().filter(|over| over.as_str() != user);
            let over = over.map(|user| (format!("{KEPT_OUT}{user}"), None));
            let new = (format!("{KEPT_OUT}{user}"), text);
            Ok((over.chain([new]).collect(), ()))
        };
        self.handle()?.change(registry, author, decide).await?;
        dismiss(registry, &user.into()).await;
        Ok(())
    }

    /// Lets somebody in again.
    pub(crate) async fn let_in(
        &self,
        registry: &Registry,
        author: Author,
        user: &str,
    ) -> Result<(), ChangeError<OrderRefusal>> {
        let key = format!("{KEPT_OUT}{user}");
        let decide = |entries: &Entries| match entries.contains_key(&key) {
            true => Ok((vec![(key.clone(), None)], ())),
            false => Err(OrderRefusal::Missing),
        };
        self.handle()?.change(registry, author, decide).await
    }

    fn handle(&self) -> Result<&RecordHandle, RecordError> {
        let closed = || RecordError::Unavailable("the server is still starting".into());
        self.record.get().ok_or_else(closed)
    }

    /// Sends those away whom another server was told to keep out. Never ends.
    pub(crate) async fn follow(&self, registry: &Registry) {
        let Some(record) = self.record.get() else {
            return;
        };
        let mut changes = record.subscribe();
        let mut known = self.kept_out();
        while changes.changed().await.is_ok() {
            let now = self.kept_out();
            for (user, kept_out) in &now {
                if known.get(user) != Some(kept_out) {
                    dismiss(registry, &user.as_str().into()).await;
                }
            }
            known = now;
        }
    }
}

/// Takes every document away from somebody who has it open.
async fn dismiss(registry: &Registry, user: &Arc<str>) {
    for name in registry.names() {
        let Some(inbox) = registry.open_document(&name) else {
            continue;
        };
        let told = inbox.send(DocMessage::Dismiss(user.clone()));
        // One that has ended has nobody any more.
        if tokio::time::timeout(PATIENCE, told).await.is_err() {
            tracing::error!(document = %name, "a document is too busy to send somebody away");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read_and_a_damaged_one_hides_no_other() {
        let entries = Entries::from([
            (
                BANNER.to_owned(),
                r#"{"level":"warning","text":{"fr":"Ce soir","en":"Tonight"},"until_ms":null,"set_ms":1}"#.to_owned(),
            ),
            ("out:bob".to_owned(), r#"{"until_ms":7}"#.to_owned()),
            ("out:eve".to_owned(), "{".to_owned()),
            ("later".to_owned(), "x".to_owned()),
        ]);
        let orders = Orders::read(&entries);
        assert_eq!(
            orders.banner.map(|banner| banner.level),
            Some(Level::Warning)
        );
        assert_eq!(orders.kept_out.keys().collect::<Vec<_>>(), ["bob"]);
    }
}
