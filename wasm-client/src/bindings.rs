//! The surface for JavaScript: [`Replica`] with numbers, text and bytes. No callback runs from inside
//! Rust; the caller fetches what happened after each call.

use wasm_bindgen::{JsError, prelude::wasm_bindgen};

use crate::{Change, Kind, Replica, content_numbers, merge};

type Result<T> = std::result::Result<T, JsError>;

/// One document. Kinds are the numbers of Yjs, values are encoded as lib0 encodes `any`.
#[wasm_bindgen]
pub struct WasmDocument {
    replica: Replica,
}

/// One change of a document.
#[wasm_bindgen]
pub struct WasmChange {
    change: Change,
}

#[wasm_bindgen]
impl WasmChange {
    /// The update, format v1.
    pub fn update(&self) -> Vec<u8> {
        self.change.update.clone()
    }

    /// Flat ranges, see `content_numbers`.
    pub fn content(&self) -> Vec<f64> {
        self.change.content()
    }

    /// What the transaction was marked with.
    pub fn origin(&self) -> Option<String> {
        self.change.origin.clone()
    }
}

/// What one observer saw.
#[wasm_bindgen]
pub struct WasmEvent {
    event: crate::Event,
}

#[wasm_bindgen]
impl WasmEvent {
    /// The observer's number.
    pub fn observer(&self) -> u32 {
        self.event.observer
    }

    /// The encoded list of what happened.
    pub fn bytes(&self) -> Vec<u8> {
        self.event.bytes.clone()
    }
}

/// See [`content_numbers`].
#[wasm_bindgen]
pub fn content(update: &[u8]) -> Result<Vec<f64>> {
    Ok(content_numbers(update)?)
}

/// Two updates as one.
#[wasm_bindgen]
pub fn merged(first: Vec<u8>, second: Vec<u8>) -> Result<Vec<u8>> {
    Ok(merge(&[first, second])?)
}

fn kind(code: u32) -> Result<Kind> {
    Kind::from_code(code).ok_or_else(|| JsError::new("no such kind of type"))
}

fn lines(list: &str) -> Vec<String> {
    list.lines().map(str::to_owned).collect()
}

#[wasm_bindgen]
impl WasmDocument {
    /// `client_id` is an integer below 2^53 that no other client uses.
    #[wasm_bindgen(constructor)]
    pub fn new(client_id: f64, keeps_deleted: bool) -> Result<WasmDocument> {
        if !(0.0..9_007_199_254_740_992.0).contains(&client_id) || client_id.fract() != 0.0 {
            return Err(JsError::new("client id out of range"));
        }
        let client_id = client_id as u64;
        let replica = match keeps_deleted {
            true => Replica::keeping_deleted(client_id)?,
            false => Replica::new(client_id)?,
        };
        Ok(Self { replica })
    }

    /// The changes since the last call.
    pub fn take_changes(&mut self) -> Vec<WasmChange> {
        let changes = self.replica.take_changes().into_iter();
        changes.map(|change| WasmChange { change }).collect()
    }

    /// What observers saw since the last call.
    pub fn take_events(&mut self) -> Vec<WasmEvent> {
        let events = self.replica.take_events().into_iter();
        events.map(|event| WasmEvent { event }).collect()
    }

    /// The state vector, format v1.
    pub fn state_vector(&self) -> Vec<u8> {
        self.replica.state_vector()
    }

    /// What a copy with this state vector misses.
    pub fn diff(&self, state_vector: &[u8]) -> Result<Vec<u8>> {
        Ok(self.replica.diff(state_vector)?)
    }

    /// The same in format v2.
    pub fn diff_v2(&self, state_vector: &[u8]) -> Result<Vec<u8>> {
        Ok(self.replica.diff_v2(state_vector)?)
    }

    /// Takes an update in; false where something before it is missing.
    pub fn apply(&mut self, update: &[u8], origin: &str) -> Result<bool> {
        Ok(self.replica.apply(update, origin)?)
    }

    /// The same for format v2.
    pub fn apply_v2(&mut self, update: &[u8], origin: &str) -> Result<bool> {
        Ok(self.replica.apply_v2(update, origin)?)
    }

    /// The id of a root type.
    pub fn root(&mut self, code: u32, name: &str) -> Result<String> {
        Ok(self.replica.root(kind(code)?, name)?)
    }

    /// See [`Replica::observe`].
    pub fn observe(&mut self, id: &str, observer: u32) -> Result<()> {
        Ok(self.replica.observe(id, observer)?)
    }

    /// See [`Replica::unobserve`].
    pub fn unobserve(&mut self, id: &str, observer: u32) -> Result<()> {
        Ok(self.replica.unobserve(id, observer)?)
    }

    /// See [`Replica::text_len`].
    pub fn text_len(&self, id: &str) -> Result<u32> {
        Ok(self.replica.text_len(id)?)
    }

    /// See [`Replica::text_string`].
    pub fn text_string(&self, id: &str) -> Result<String> {
        Ok(self.replica.text_string(id)?)
    }

    /// See [`Replica::text_delta`].
    pub fn text_delta(&self, id: &str) -> Result<Vec<u8>> {
        Ok(self.replica.text_delta(id)?)
    }

    /// See [`Replica::text_insert`].
    pub fn text_insert(
        &mut self,
        origin: Option<String>,
        id: &str,
        index: u32,
        chunk: &str,
        attributes: &[u8],
    ) -> Result<()> {
        let replica = &mut self.replica;
        Ok(replica.text_insert(origin.as_deref(), id, index, chunk, attributes)?)
    }

    /// See [`Replica::text_embed`].
    pub fn text_embed(
        &mut self,
        origin: Option<String>,
        id: &str,
        index: u32,
        value: &[u8],
        attributes: &[u8],
    ) -> Result<()> {
        let replica = &mut self.replica;
        Ok(replica.text_embed(origin.as_deref(), id, index, value, attributes)?)
    }

    /// See [`Replica::text_delete`].
    pub fn text_delete(
        &mut self,
        origin: Option<String>,
        id: &str,
        index: u32,
        len: u32,
    ) -> Result<()> {
        Ok(self
            .replica
            .text_delete(origin.as_deref(), id, index, len)?)
    }

    /// See [`Replica::text_format`].
    pub fn text_format(
        &mut self,
        origin: Option<String>,
        id: &str,
        index: u32,
        len: u32,
        attributes: &[u8],
    ) -> Result<()> {
        let replica = &mut self.replica;
        Ok(replica.text_format(origin.as_deref(), id, index, len, attributes)?)
    }

    /// See [`Replica::text_apply_delta`].
    pub fn text_apply_delta(
        &mut self,
        origin: Option<String>,
        id: &str,
        delta: &[u8],
    ) -> Result<()> {
        Ok(self
            .replica
            .text_apply_delta(origin.as_deref(), id, delta)?)
    }

    /// See [`Replica::sequence_len`].
    pub fn sequence_len(&self, id: &str) -> Result<u32> {
        Ok(self.replica.sequence_len(id)?)
    }

    /// See [`Replica::sequence_values`].
    pub fn sequence_values(&self, id: &str) -> Result<Vec<u8>> {
        Ok(self.replica.sequence_values(id)?)
    }

    /// See [`Replica::sequence_get`].
    pub fn sequence_get(&self, id: &str, index: u32) -> Result<Option<Vec<u8>>> {
        Ok(self.replica.sequence_get(id, index)?)
    }

    /// See [`Replica::sequence_insert`].
    pub fn sequence_insert(
        &mut self,
        origin: Option<String>,
        id: &str,
        index: u32,
        values: &[u8],
    ) -> Result<()> {
        Ok(self
            .replica
            .sequence_insert(origin.as_deref(), id, index, values)?)
    }

    /// See [`Replica::sequence_insert_type`].
    pub fn sequence_insert_type(
        &mut self,
        origin: Option<String>,
        id: &str,
        index: u32,
        code: u32,
        tag: &str,
    ) -> Result<Vec<u8>> {
        let replica = &mut self.replica;
        Ok(replica.sequence_insert_type(origin.as_deref(), id, index, kind(code)?, tag)?)
    }

    /// See [`Replica::sequence_delete`].
    pub fn sequence_delete(
        &mut self,
        origin: Option<String>,
        id: &str,
        index: u32,
        len: u32,
    ) -> Result<()> {
        Ok(self
            .replica
            .sequence_delete(origin.as_deref(), id, index, len)?)
    }

    /// See [`Replica::map_get`].
    pub fn map_get(&self, id: &str, key: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.replica.map_get(id, key)?)
    }

    /// See [`Replica::map_entries`].
    pub fn map_entries(&self, id: &str) -> Result<Vec<u8>> {
        Ok(self.replica.map_entries(id)?)
    }

    /// See [`Replica::map_set`].
    pub fn map_set(
        &mut self,
        origin: Option<String>,
        id: &str,
        key: &str,
        value: &[u8],
    ) -> Result<()> {
        Ok(self.replica.map_set(origin.as_deref(), id, key, value)?)
    }

    /// See [`Replica::map_set_type`].
    pub fn map_set_type(
        &mut self,
        origin: Option<String>,
        id: &str,
        key: &str,
        code: u32,
        tag: &str,
    ) -> Result<Vec<u8>> {
        let replica = &mut self.replica;
        Ok(replica.map_set_type(origin.as_deref(), id, key, kind(code)?, tag)?)
    }

    /// See [`Replica::map_delete`].
    pub fn map_delete(&mut self, origin: Option<String>, id: &str, key: &str) -> Result<bool> {
        Ok(self.replica.map_delete(origin.as_deref(), id, key)?)
    }

    /// See [`Replica::json`].
    pub fn json(&self, id: &str) -> Result<Vec<u8>> {
        Ok(self.replica.json(id)?)
    }

    /// See [`Replica::xml_string`].
    pub fn xml_string(&self, id: &str) -> Result<String> {
        Ok(self.replica.xml_string(id)?.to_string())
    }

    /// See [`Replica::position`].
    pub fn position(&self, id: &str, index: u32, after: bool) -> Result<Vec<u8>> {
        Ok(self.replica.position(id, index, after)?)
    }

    /// See [`Replica::resolve_position`].
    pub fn resolve_position(&self, position: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.replica.resolve_position(position)?)
    }

    /// See [`Replica::parent`].
    pub fn parent(&self, id: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.replica.parent(id)?)
    }

    /// See [`Replica::snapshot`].
    pub fn snapshot(&self) -> Result<Vec<u8>> {
        Ok(self.replica.snapshot()?)
    }

    /// See [`Replica::state_at`].
    pub fn state_at(&self, snapshot: &[u8]) -> Result<Vec<u8>> {
        Ok(self.replica.state_at(snapshot)?)
    }

    /// See [`Replica::set_time`].
    pub fn set_time(&self, now_ms: f64) {
        self.replica.set_time(now_ms as u64);
    }

    /// See [`Replica::undo_manager`]; ids and origins one a line.
    pub fn undo_manager(&mut self, ids: &str, origins: &str, capture_ms: u32) -> Result<u32> {
        let (ids, origins) = (lines(ids), lines(origins));
        Ok(self
            .replica
            .undo_manager(&ids, &origins, capture_ms.into())?)
    }

    /// See [`Replica::undo`].
    pub fn undo(&mut self, manager: u32, redo: bool) -> Result<bool> {
        Ok(self.replica.undo(manager, redo)?)
    }

    /// See [`Replica::undo_stop`].
    pub fn undo_stop(&mut self, manager: u32) -> Result<()> {
        Ok(self.replica.undo_stop(manager)?)
    }

    /// See [`Replica::undo_clear`].
    pub fn undo_clear(&mut self, manager: u32) -> Result<()> {
        Ok(self.replica.undo_clear(manager)?)
    }

    /// How much can be undone, and redone.
    pub fn undo_sizes(&mut self, manager: u32) -> Result<Vec<u32>> {
        let sizes = self.replica.undo_sizes(manager).map_err(JsError::from)?;
        Ok(vec![sizes.undo, sizes.redo])
    }

    /// What happened to the steps: pairs of 1 for added or 2 for taken, and the step's number.
    pub fn undo_steps(&mut self, manager: u32) -> Result<Vec<u32>> {
        let steps = self.replica.undo_steps(manager)?.into_iter();
        let pair = |step| match step {
            crate::UndoStep::Added(number) => [1, number],
            crate::UndoStep::Taken(number) => [2, number],
        };
        Ok(steps.flat_map(pair).collect())
    }

    /// See [`Replica::undo_drop`].
    pub fn undo_drop(&mut self, manager: u32) {
        self.replica.undo_drop(manager);
    }
}
