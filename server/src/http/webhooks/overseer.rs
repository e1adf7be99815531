//! Who may look after a webhook: operators after all, facilitators after those of their space.

use std::{net::IpAddr, sync::Arc};

use axum::http::StatusCode;
use unisson_history::Author;
use unisson_rights::{Action, Place};

use super::unknown;
use crate::{
    audit::{self, Entry},
    events::Actor,
    http::{AppState, admin::Admin, admission::Asked, error::Problem, spaces::identify},
    settings::WebhookSettings,
    spaces::prefix_of,
    webhooks::{Webhooks, book::Made},
};

/// Somebody who may look after the webhooks that are asked about.
#[derive(Debug)]
pub(super) struct Overseer {
    author: Author,
    address: Option<IpAddr>,
}

impl Overseer {
    /// Whether somebody may look after all webhooks, or those of this space.
    pub(super) async fn of(
        state: &AppState,
        asked: &Asked,
        space: Option<&str>,
    ) -> Result<Self, Problem> {
        let not_admin = match Admin::of(&asked.headers, asked.address, state) {
            Ok(admin) => {
                return Ok(Self {
                    author: admin.author(),
                    address: admin.address,
                });
            }
            Err(problem) => problem,
        };
        let Some(space) = space else {
            return Err(not_admin);
        };
        let shown = (&asked.headers, asked.query.as_deref());
        let who = identify(shown, state, &prefix_of(space)).await?;
        let held = state.registry.shared().spaces.find(space).await?;
        // Whoever may not know of a space is told nothing of it.
        let held = held.ok_or(not_admin.clone())?;
        let found = held.space()?.ok_or(not_admin.clone())?;
        let rights = held.rights(&found, Place::Space, &who);
        if rights.role.is_none() {
            return Err(not_admin);
        }
        // Events tell who the members are and who edits: whoever looks after them may know.
        if !rights.may(Action::ManageMembers) {
            return Err(Problem {
                status: StatusCode::FORBIDDEN,
                code: "role",
                detail: "webhooks of a space are its facilitators' and owners'".into(),
            });
        }
        Ok(Self {
            author: Author {
                user: who.person.user.clone(),
                name: who.person.display_name.clone(),
            },
            address: asked.address,
        })
    }

    /// As whom they change the record.
    pub(super) fn author(&self) -> Author {
        self.author.clone()
    }

    /// Writes down what they did.
    pub(super) fn record(&self, state: &AppState, id: &str, what: &str) {
        let entry = Entry::new(audit::Action::WebhookChanged)
            .by(Actor::of(&self.author))
            .from(self.address);
        let entry = entry.detail("webhook", id).detail("what", what);
        state.registry.shared().audit.record(entry);
    }
}

/// A webhook of the settings, or one that was made by a call.
#[derive(Debug)]
pub(super) struct Hook {
    pub(super) settings: Arc<WebhookSettings>,
    pub(super) made: Option<Made>,
}

/// One webhook, for somebody who may look after it.
pub(super) async fn one<'a>(
    state: &'a AppState,
    asked: &Asked,
    id: &str,
) -> Result<(&'a Webhooks, Hook, Overseer), Problem> {
    let webhooks = state.registry.shared().webhooks.get().ok_or_else(unknown)?;
    let made = webhooks.book.one(id);
    let space = made.as_ref().and_then(|made| made.space.clone());
    let overseer = Overseer::of(state, asked, space.as_deref()).await?;
    let settings = webhooks.settings(id).ok_or_else(unknown)?;
    Ok((webhooks, Hook { settings, made }, overseer))
}
