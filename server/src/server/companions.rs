//! What works beside the documents: the audit log, webhooks, sign-in.

use std::sync::Arc;

use unisson_storage::Store;

use super::StartError;
use crate::{
    Settings,
    audit::Audit,
    auth::{Authenticator, oidc::Oidc},
    events::Events,
    registry::Shared,
    webhooks::{Webhooks, book::Book, secrets::Secrets},
};

/// Starts them, each with what an earlier process left.
pub(super) async fn start(
    settings: Settings,
    store: Store,
    authenticator: Authenticator,
) -> Result<Shared, StartError> {
    let audit = Audit::start(&settings.audit, store.journal("audit")).await;
    let audit = audit.map_err(StartError::Companion)?;
    let oidc = match &settings.auth.oidc {
        None => None,
        Some(settings) => {
            let oidc = Oidc::start(settings, store.journal("sessions")).await;
            Some(oidc.map_err(StartError::Authentication)?)
        }
    };
    let authenticator = authenticator.with_oidc(oidc);
    let mut shared = Shared::new(settings, store, authenticator);
    shared.audit = audit;
    let (events, news) = Events::heard(shared.settings.events);
    let journal = shared.store.journal("webhooks");
    let settings = &shared.settings;
    let secrets = Secrets::new(&settings.hook_keys.0).map_err(StartError::Companion)?;
    let networks = settings.hook_networks.clone();
    let book = Book::open(&shared.records, &shared.store, networks, secrets).await;
    let book = book.map_err(|error| StartError::Companion(error.to_string()))?;
    let webhooks = &settings.webhooks;
    let webhooks = Webhooks::start(webhooks, book, journal, Arc::clone(&events), news).await;
    let webhooks = webhooks.map_err(StartError::Companion)?;
    shared.events = events;
    let opened = shared
        .administration
        .open(&shared.records, &shared.store)
        .await;
    opened.map_err(|error| StartError::Companion(error.to_string()))?;
    let opened = shared.forgetting.open(&shared.records, &shared.store).await;
    opened.map_err(|error| StartError::Companion(error.to_string()))?;
    // Nobody else has it yet.
    let _ = shared.webhooks.set(webhooks);
    Ok(shared)
}

/// Ends them, with all that they know kept. Documents tell nothing more by now.
pub(super) async fn stop(shared: &Shared) {
    if let Some(webhooks) = shared.webhooks.get() {
        webhooks.stop().await;
    }
    shared.audit.stop().await;
}
