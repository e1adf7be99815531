//! Undo of the edits of chosen origins, in chosen types.

use std::{
    collections::BTreeMap,
    mem,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use yrs::{
    MapRef,
    undo::{Options, UndoManager},
};

use super::{Replica, ReplicaError, node::resolve};

/// Undo managers of one document, at most: each sees every transaction.
const MANAGERS_MAX: usize = 64;

#[derive(Default)]
pub(super) struct UndoManagers {
    managers: BTreeMap<u32, Manager>,
    next: u32,
}

struct Manager {
    /// Each step carries its number.
    yrs: UndoManager<u32>,
    steps: SharedSteps,
}

#[derive(Debug, Default)]
struct Steps {
    next: u32,
    happened: Vec<UndoStep>,
}

type SharedSteps = Arc<Mutex<Steps>>;

/// What happened to a step of undo. Steps are told apart by their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UndoStep {
    /// There is one more that can be undone, or, after an undo, redone.
    Added(u32),
    /// It was undone or redone.
    Taken(u32),
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
        let steps = watch(&mut manager);
        let number = self.undo.next;
        self.undo.next += 1;
        let manager = Manager {
            yrs: manager,
            steps,
        };
        self.undo.managers.insert(number, manager);
        Ok(number)
    }

    /// What happened to the steps since this was last called, in order. The caller calls it after
    /// each transaction: nothing else empties it.
    pub fn undo_steps(&mut self, manager: u32) -> Result<Vec<UndoStep>, ReplicaError> {
        let steps = Arc::clone(&self.managed(manager)?.steps);
        Ok(mem::take(&mut locked(&steps).happened))
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

    fn manager(&mut self, number: u32) -> Result<&mut UndoManager<u32>, ReplicaError> {
        Ok(&mut self.managed(number)?.yrs)
    }

    fn managed(&mut self, number: u32) -> Result<&mut Manager, ReplicaError> {
        self.undo
            .managers
            .get_mut(&number)
            .ok_or(ReplicaError::NoUndo)
    }
}

/// Numbers the steps of a manager, and writes down what happens to them.
fn watch(manager: &mut UndoManager<u32>) -> SharedSteps {
    let steps = SharedSteps::default();
    let added = Arc::clone(&steps);
    manager.observe_item_added("steps", move |_, event| {
        let mut steps = locked(&added);
        steps.next += 1;
        *event.meta_mut() = steps.next;
        let step = UndoStep::Added(steps.next);
        steps.happened.push(step);
    });
    let taken = Arc::clone(&steps);
    manager.observe_item_popped("steps", move |_, event| {
        locked(&taken).happened.push(UndoStep::Taken(*event.meta()));
    });
    steps
}

/// A list that a panic has interrupted is still a list.
fn locked(steps: &SharedSteps) -> std::sync::MutexGuard<'_, Steps> {
    steps.lock().unwrap_or_else(PoisonError::into_inner)
}
