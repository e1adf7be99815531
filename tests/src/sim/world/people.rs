//! What clients do, and what happens to their sockets.

use bytes::Bytes;
use unisson_session::{Access, Input, PeerId, PeerMessage};

use super::{Event, World};
use crate::sim::clocks::Content;
use crate::sim::link::{Frame, Link};

/// y-websocket and Hocuspocus give a silent socket up after so long.
const SILENCE_MS: u64 = 30_000;
/// The shell gives a silent socket up after so long.
const SERVER_PATIENCE_MS: u64 = 45_000;

impl World {
    /// One random action of a client, and the next one's moment.
    pub(super) fn act(&mut self, client: usize) {
        if self.calm {
            return;
        }
        let pause = if self.rng.chance(80) {
            self.rng.between(5, 300)
        } else {
            1_500
        };
        self.after(pause, Event::Act(client));
        if self.up && self.rng.chance(self.scenario.crash) && self.rng.chance(50) {
            self.crash();
        }
        let loses = self.rng.chance(self.scenario.loss);
        match self.clients[client].link {
            Some(link) if loses => self.sever(link),
            Some(_) if self.clients[client].hostile => self.act_hostile(client),
            _ => self.act_honest(client),
        }
    }

    fn act_honest(&mut self, client: usize) {
        let now = self.now;
        let message = match self.rng.below(10) {
            0 => {
                let state = self
                    .rng
                    .chance(85)
                    .then(|| format!("{{\"at\":{}}}", self.rng.below(99)));
                Some(self.clients[client].show(state, now))
            }
            1 => Some(PeerMessage::QueryAwareness),
            _ if self.clients[client].access == Access::ReadOnly => None,
            _ => self.clients[client].edit(&mut self.rng),
        };
        if let Some(message) = message {
            self.send(client, message);
        }
    }

    fn act_hostile(&mut self, client: usize) {
        let victim = self.rng.index(self.clients.len());
        let id = self.clients[victim].id;
        let victim = (id, self.clients[victim].presence.clock(id));
        let limit = self.scenario.limits.update_bytes_max;
        let message = self.clients[client].mischief(victim, limit, &mut self.rng);
        // What is not sent leaves a hole.
        if self.rng.chance(75) {
            self.send(client, message);
        }
    }

    /// A client's own clockwork.
    pub(super) fn tick(&mut self, client: usize) {
        self.after(3_000, Event::Tick(client));
        if self.clients[client].hostile {
            return;
        }
        if let Some(link) = self.clients[client].link {
            // The shell's keepalive comes through a socket that lives.
            if !self.links[link].severed {
                self.clients[client].heard = self.now;
            }
            if self.now >= self.clients[client].heard + SILENCE_MS {
                self.links[link].severed = true;
                self.client_notices(link);
            }
        }
        let (renewal, silent) = self.clients[client].presence.tick(self.now);
        let returned = if self.clients[client].returns_presence {
            silent
        } else {
            Vec::new()
        };
        let entries: Vec<_> = renewal.into_iter().chain(returned).collect();
        if !entries.is_empty() {
            self.send(
                client,
                PeerMessage::Awareness(crate::sim::presence::encode(&entries)),
            );
        }
    }

    /// A client tries to connect.
    pub(super) fn connect(&mut self, client: usize) {
        let over = self.calm && self.clients[client].hostile;
        if self.clients[client].link.is_some() || over {
            return;
        }
        if !self.up {
            let backoff = self.rng.between(100, 2_500);
            self.after(backoff, Event::Connect(client));
            return;
        }
        let index = self.links.len();
        let reading_ms = if self.calm {
            1
        } else {
            self.clients[client].reading_ms
        };
        let mut link = Link::new(client, reading_ms, self.scenario.outbox_bytes_max);
        link.arrival = self.now + self.delay();
        let written = Content::of_doc(&self.clients[client].replica.doc).inserts;
        link.before = written.of_client(self.clients[client].id);
        self.at(link.arrival, Event::Opened(index));
        self.links.push(link);
        self.clients[client].link = Some(index);
        for message in self.clients[client].opened(self.now, &mut self.rng) {
            self.send(client, message);
        }
    }

    /// Puts a message onto a client's socket, in order.
    pub(super) fn send(&mut self, client: usize, message: PeerMessage) {
        let Some(index) = self.clients[client].link else {
            return;
        };
        let delay = self.delay();
        let link = &mut self.links[index];
        link.arrival = (link.arrival + 1).max(self.now + delay);
        let arrival = link.arrival;
        if !link.severed {
            self.at(arrival, Event::Arrived(index, message));
        }
    }

    pub(super) fn opened(&mut self, link: usize) {
        if self.links[link].severed || !self.up {
            return;
        }
        self.links[link].joined = true;
        let peer = self.clients[self.links[link].client].peer();
        self.tell(Input::Joined(PeerId(link as u64), peer));
    }

    pub(super) fn arrived(&mut self, link: usize, message: PeerMessage) {
        if self.links[link].severed || !self.links[link].joined {
            return;
        }
        if let PeerMessage::SyncStep2(update) | PeerMessage::Update(update) = &message {
            let edits = matches!(message, PeerMessage::Update(_));
            self.note_frame(link, update, edits);
        }
        self.tell(Input::Received(PeerId(link as u64), message));
    }

    /// Remembers what a frame says, and that it waits for an answer.
    fn note_frame(&mut self, link: usize, update: &Bytes, edits: bool) {
        let small = update.len() <= self.scenario.limits.update_bytes_max;
        let content = Content::of_update(update).filter(|_| small);
        let client = &self.clients[self.links[link].client];
        let (id, hostile) = (client.id, client.hostile);
        let link = &mut self.links[link];
        if let Some(content) = &content {
            link.said.merge(content);
            if edits {
                link.sent.merge(&content.inserts.of_client(id));
                link.sent.remove(&link.before);
            }
        }
        // Providers count the answer to the first question only.
        if edits || hostile || !link.synced {
            link.unanswered.push_back(Frame { content });
        }
        link.synced |= !edits;
    }

    /// The client reads one message.
    pub(super) fn deliver(&mut self, index: usize) {
        let link = &mut self.links[index];
        link.delivering = false;
        if link.severed {
            return;
        }
        let Some(message) = link.pop() else { return };
        let (client, reading_ms) = (link.client, link.reading_ms);
        let empty = link.outbox.is_empty();
        if !empty {
            link.delivering = true;
            self.after(reading_ms, Event::Deliver(index));
        }
        self.trace
            .note(self.now, format_args!("client {client} hears {message:?}"));
        match self.clients[client].hear(message, self.now) {
            Ok(answers) => {
                for answer in answers {
                    self.send(client, answer);
                }
            }
            Err(promise) => self.broken(format!("client {client}: {promise}")),
        }
        if empty && self.links[index].told_lagging && self.links[index].joined {
            self.links[index].lagging = false;
            self.links[index].told_lagging = false;
            self.tell(Input::Drained(PeerId(index as u64)));
        }
    }

    /// A socket is lost; both ends notice sooner or later.
    pub(super) fn sever(&mut self, link: usize) {
        self.links[link].severed = true;
        if self.rng.chance(self.scenario.half_open) {
            self.after(SERVER_PATIENCE_MS, Event::ServerNotices(link));
            return;
        }
        let (one, other) = (self.delay(), self.delay());
        self.after(one, Event::ServerNotices(link));
        self.after(other, Event::ClientNotices(link));
    }

    pub(super) fn server_notices(&mut self, link: usize) {
        if self.links[link].joined {
            self.links[link].joined = false;
            self.tell(Input::Left(PeerId(link as u64)));
        }
    }

    pub(super) fn client_notices(&mut self, link: usize) {
        let client = self.links[link].client;
        if self.clients[client].link == Some(link) {
            self.clients[client].closed();
            if self.links[link].joined {
                self.after(SERVER_PATIENCE_MS, Event::ServerNotices(link));
            }
            let backoff = self.rng.between(100, 2_500);
            self.after(backoff, Event::Connect(client));
        }
    }

    /// The process dies at once; what it had in memory is gone.
    fn crash(&mut self) {
        self.trace
            .note(self.now, format_args!("the process is killed"));
        self.summary.crashes += 1;
        self.forget_session();
        self.up = false;
        self.store.crash(&mut self.rng);
        for index in 0..self.links.len() {
            let link = &mut self.links[index];
            let was_open = !link.severed;
            link.joined = false;
            link.severed = true;
            if was_open && !self.rng.chance(self.scenario.half_open) {
                let delay = self.delay();
                self.after(delay, Event::ClientNotices(index));
            }
        }
        self.check_store("after a crash", false);
        let pause = self.rng.between(50, 3_000);
        self.after(pause, Event::Restart);
    }
}
