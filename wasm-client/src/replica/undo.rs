//! Undo of the edits of chosen origins, in chosen types.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use yrs::{MapRef, UndoManager, undo::Options};

use super::{Replica, ReplicaError, node::resolve};

/// Undo managers of one document, at most: each sees every transaction.
const MANAGERS_MAX: usize = 64;

#[derive(Default)]
pub(super) struct UndoManagers {
    managers: BTreeMap<u32, UndoManager>,
    next: u32,
}

/// How much can be undone and redone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UndoSizes {
    /// Steps that can be undone.
    pub undo: u32,
    /// Steps that can be redone.
    pub redo: u32,
}

impl Replica {
    /// The time of all that follows. While it stands still, everything is one step of undo.
    pub fn set_time(&self, now_ms: u64) {
        // Zero means "nothing yet" to yrs.
        self.now.store(now_ms.max(1), Ordering::Relaxed);
    }

    /// A new undo manager for these types and origins (without any: edits without an origin), which
    /// joins edits that come within `capture_ms` of each other.
    pub fn undo_manager(
        &mut self,
        ids: &[String],
        origins: &[String],
        capture_ms: u64,
    ) -> Result<u32, ReplicaError> {
        if self.undo.managers.len() >= MANAGERS_MAX {
            return Err(ReplicaError::NoUndo);
        }
        let now: Arc<AtomicU64> = Arc::clone(&self.now);
        let mut manager = UndoManager::with_options(Options {
            capture_timeout_millis: capture_ms,
            tracked_origins: origins
                .iter()
                .map(|origin| origin.as_str().into())
                .collect(),
            capture_transaction: None,
            timestamp: Arc::new(move || now.load(Ordering::Relaxed)),
            init_undo_stack: Vec::new(),
            init_redo_stack: Vec::new(),
        });
        for id in ids {
            let shared: MapRef =
                self.read(|transaction| Ok(resolve(transaction, id, |_| true)?))?;
            manager.expand_scope(self.doc(), &shared);
        }
        let number = self.undo.next;
        self.undo.next += 1;
        self.undo.managers.insert(number, manager);
        Ok(number)
    }

    /// Undoes, or redoes, one step; says whether there was anything to do.
    pub fn undo(&mut self, manager: u32, redo: bool) -> Result<bool, ReplicaError> {
        let manager = self.manager(manager)?;
        Ok(match redo {
            true => manager.redo_blocking(),
            false => manager.undo_blocking(),
        })
    }

    /// The next edit begins a step of its own.
    pub fn undo_stop(&mut self, manager: u32) -> Result<(), ReplicaError> {
        self.manager(manager)?.reset();
        Ok(())
    }

    /// Forgets all steps.
    pub fn undo_clear(&mut self, manager: u32) -> Result<(), ReplicaError> {
        self.manager(manager)?.clear_all();
        Ok(())
    }

    /// How much can be undone and redone.
    pub fn undo_sizes(&mut self, manager: u32) -> Result<UndoSizes, ReplicaError> {
        let manager = self.manager(manager)?;
        Ok(UndoSizes {
            undo: manager.undo_stack().len() as u32,
            redo: manager.redo_stack().len() as u32,
        })
    }

    /// Ends an undo manager.
    pub fn undo_drop(&mut self, manager: u32) {
        self.undo.managers.remove(&manager);
    }

    fn manager(&mut self, number: u32) -> Result<&mut UndoManager, ReplicaError> {
        self.undo
            .managers
            .get_mut(&number)
            .ok_or(ReplicaError::NoUndo)
    }
}
