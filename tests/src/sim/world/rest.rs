//! The oracle: what must hold when the world has come to rest.

use std::collections::BTreeMap;

use bytes::Bytes;
use unisson_session::{
    Access, DocName, Effect, Input, Millis, Peer, PeerId, PeerMessage, ServerMessage, Session, load,
};
use yrs::updates::decoder::Decode;
use yrs::{Transact, Update};

use super::{Event, World};
use crate::sim::client::Kind;
use crate::sim::clocks::Content;
use crate::sim::edit::Replica;

impl World {
    /// The misfortunes end; the hostile go; everybody may come to rest.
    pub(super) fn calm_down(&mut self) {
        self.trace.note(self.now, format_args!("all is calm"));
        self.calm = true;
        self.up = true;
        for index in 0..self.links.len() {
            self.links[index].reading_ms = 1;
            if self.clients[self.links[index].client].hostile {
                self.links[index].severed = true;
                self.after(1, Event::ServerNotices(index));
                self.after(1, Event::ClientNotices(index));
            }
        }
    }

    /// Those whose edits were refused connect again, as their users would.
    pub(super) fn retry(&mut self) {
        for client in 0..self.clients.len() {
            let refused = self.clients[client].refused;
            // A reader may have seen an edit that a crash took and whose author never came back:
            // only loading the page again rids it of that.
            if refused && self.clients[client].access == Access::ReadOnly {
                self.clients[client].replica = Replica::new(self.clients[client].id);
                self.clients[client].waiting.clear();
            }
            if let Some(link) = self.clients[client].link.filter(|_| refused) {
                self.links[link].severed = true;
                self.after(1, Event::ServerNotices(link));
                self.after(2, Event::ClientNotices(link));
            }
        }
    }

    /// All replicas, all presence and the store must agree now.
    pub(super) fn rested(&mut self) {
        self.check_clients();
        self.check_equal();
        self.check_presence();
        self.check_store("at rest", true);
        for client in 0..self.clients.len() {
            if let Some(link) = self.clients[client].link.take() {
                self.links[link].severed = true;
                self.server_notices(link);
            }
            // Nobody comes back.
            self.clients[client].link = Some(usize::MAX);
        }
        self.events
            .retain(|_, event| !matches!(event, Event::Tick(_) | Event::Connect(_)));
    }

    /// An abandoned session has stopped, and the store alone has everything.
    pub(super) fn ended(&mut self) {
        if self.session.is_some() {
            self.broken("the abandoned session has not stopped".into());
        }
        self.check_store("at the end", true);
    }

    fn check_clients(&mut self) {
        for index in 0..self.clients.len() {
            let client = &self.clients[index];
            if client.hostile {
                continue;
            }
            let Some(link) = client.link.map(|link| &self.links[link]) else {
                self.broken(format!("client {index} is not connected at rest"));
                return;
            };
            let writes = client.access == Access::ReadWrite;
            let counts = client.kind == Kind::Hocuspocus;
            let promise = if !client.waiting.is_empty() || client.replica.has_pending() {
                Some("was sent updates with holes".to_owned())
            } else if counts && !link.unanswered.is_empty() {
                Some(format!(
                    "has {} frames without an answer",
                    link.unanswered.len()
                ))
            } else if counts && writes && client.unsynced != 0 {
                Some(format!("counts {} unsynced changes", client.unsynced))
            } else if !counts && writes && !client.unconfirmed.is_empty() {
                Some(format!(
                    "never got its edits echoed: {:?}",
                    client.unconfirmed
                ))
            } else {
                None
            };
            if let Some(promise) = promise {
                self.broken(format!("client {index} ({:?}) {promise}", client.kind));
                return;
            }
        }
    }

    fn check_equal(&mut self) {
        let honest: Vec<usize> = (0..self.clients.len())
            .filter(|index| !self.clients[*index].hostile)
            .collect();
        let Some((last, rest)) = honest.split_last() else {
            return;
        };
        // The late joiner has nothing but what the server gave it.
        let server = Content::of_doc(&self.clients[*last].replica.doc);
        let rendered = self.clients[*last].replica.rendered();
        for index in rest {
            let content = Content::of_doc(&self.clients[*index].replica.doc);
            if content != server {
                let text = format!("client {index} has {content:?}, the server {server:?}");
                self.broken(text);
                return;
            }
            let seen = self.clients[*index].replica.rendered();
            if seen != rendered {
                self.broken(format!("client {index} sees {seen}\nthe server {rendered}"));
                return;
            }
        }
    }

    fn check_presence(&mut self) {
        let honest = || self.clients.iter().filter(|client| !client.hostile);
        let here: BTreeMap<u64, String> = honest()
            .filter_map(|client| client.presence.states().get_key_value(&client.id))
            .map(|(id, state)| (*id, state.clone()))
            .collect();
        let wrong = honest().find(|client| *client.presence.states() != here);
        if let Some(client) = wrong {
            let seen = client.presence.states();
            self.broken(format!(
                "client {} sees {seen:?}, but here are {here:?}",
                client.id
            ));
        }
    }

    /// Opens a document from the store alone: it must have everything that was acknowledged, and
    /// at rest be equal to everybody's.
    pub(super) fn check_store(&mut self, when: &str, at_rest: bool) {
        let replica = match self.restored() {
            Ok(replica) => replica,
            Err(error) => return self.broken(format!("{when}: {error}")),
        };
        let content = Content::of_doc(&replica.doc);
        if !content.covers(&self.acknowledged) {
            let (acknowledged, seed) = (&self.acknowledged, self.seed);
            let text = format!("{when}, seed {seed}: the store lost acknowledged edits: ");
            self.broken(format!("{text}{acknowledged:?} of {content:?}"));
        }
        let late = self.clients.last().map(|client| &client.replica);
        if let Some(late) = late.filter(|_| at_rest) {
            let same = Content::of_doc(&late.doc) == content;
            if !same || late.rendered() != replica.rendered() {
                self.broken(format!("{when}: the store and the replicas differ"));
            }
        }
    }

    /// What a fresh process would serve.
    pub(super) fn restored(&self) -> Result<Replica, String> {
        let limits = &self.scenario.limits;
        let document = load(&self.store.read().0, limits).map_err(|e| e.to_string())?;
        let name = DocName::new("restored").map_err(|e| e.to_string())?;
        let mut session = Session::new(Millis(0), name, limits.clone(), 1);
        let peer = PeerId(1);
        let access = Access::ReadOnly;
        let reader = Peer {
            access,
            user: None,
            display_name: None,
            color: None,
            wants_echo: false,
            greets: false,
        };
        let asks = PeerMessage::SyncStep1(Bytes::from_static(&[0]));
        let replica = Replica::new(1);
        let inputs = [
            Input::Joined(peer, reader),
            Input::Loaded(Ok(document)),
            Input::Received(peer, asks),
        ];
        let mut answered = false;
        for input in inputs {
            for effect in session.handle(Millis(0), input) {
                if let Effect::Send {
                    message: ServerMessage::SyncStep2(update),
                    ..
                } = effect
                {
                    let update = Update::decode_v1(&update).map_err(|e| e.to_string())?;
                    let mut txn = replica.doc.transact_mut();
                    txn.apply_update(update).map_err(|e| e.to_string())?;
                    answered = true;
                }
            }
        }
        answered
            .then_some(replica)
            .ok_or_else(|| "a fresh session gave no document".into())
    }
}
