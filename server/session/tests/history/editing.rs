//! Several people at work on texts, XML, maps and arrays, and what came of it.

use bytes::Bytes;
use serde_json::{Value, json};
use unisson_history::{Archive, Author, Lens, View, json as tree_json, tree};
use unisson_session::{Chronicle, EditId, Effect, Input, Peer, StoredParts, chronicle, compact};
use yrs::{
    Any, Array, Doc, GetString, Map, MapPrelim, Out, ReadTxn, Text, Transact, Xml,
    XmlElementPrelim, XmlFragment, XmlOut, XmlTextPrelim,
    types::{Attrs, ToJson, text::YChange},
};

use crate::support::{Editor, HOCUSPOCUS, World};

/// Each person types one letter, so that text shows who wrote it.
pub(crate) const PEOPLE: [(&str, &str); 3] = [("ann", "a"), ("bob", "b"), ("cy", "c")];
const KEYS: [&str; 3] = ["k", "l", "m"];

/// Small, fast, repeatable.
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    pub(crate) fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 16) % u64::from(end.max(1))) as u32
    }
}

/// People, the session that they talk to, and a document that has everything.
pub(crate) struct Team {
    pub(crate) world: World,
    pub(crate) editors: Vec<Editor>,
    pub(crate) all: Editor,
    updates: Vec<Bytes>,
    seen: Vec<usize>,
    snapshots: Vec<Bytes>,
    compacted: usize,
    edits: u64,
    pub(crate) rng: Rng,
}

pub(crate) fn person(user: &str) -> Peer {
    Peer {
        user: Some(user.into()),
        ..HOCUSPOCUS
    }
}

fn update_of(editor: &Editor, edit: impl FnOnce(&mut yrs::TransactionMut<'_>, &Roots)) -> Bytes {
    let roots = Roots {
        text: editor.0.get_or_insert_text("t"),
        xml: editor.0.get_or_insert_xml_fragment("x"),
        map: editor.0.get_or_insert_map("m"),
        array: editor.0.get_or_insert_array("a"),
    };
    let mut txn = editor.0.transact_mut();
    edit(&mut txn, &roots);
    Bytes::from(txn.encode_update_v1())
}

struct Roots {
    text: yrs::TextRef,
    xml: yrs::XmlFragmentRef,
    map: yrs::MapRef,
    array: yrs::ArrayRef,
}

/// A random edit: what to do, where, and with which letter.
struct Edit {
    what: u32,
    n: u32,
    place: u32,
    letter: &'static str,
}

impl Edit {
    fn count(&self) -> u32 {
        1 + self.n % 4
    }

    fn word(&self) -> String {
        self.letter.repeat(self.count() as usize)
    }

    fn text(&self, txn: &mut yrs::TransactionMut<'_>, roots: &Roots) {
        let len = roots.text.len(txn);
        if self.what < 3 {
            return roots.text.insert(txn, self.place % (len + 1), &self.word());
        }
        if len == 0 {
            return;
        }
        let at = self.place % len;
        let count = self.count().min(len - at);
        if self.what == 3 {
            return roots.text.remove_range(txn, at, count);
        }
        let value = match self.n % 3 {
            0 => Any::Null,
            _ => Any::from(true),
        };
        let bold = Attrs::from([("bold".into(), value)]);
        roots.text.format(txn, at, count, bold);
    }

    fn xml(&self, txn: &mut yrs::TransactionMut<'_>, roots: &Roots) {
        let blocks = roots.xml.len(txn);
        if self.what < 7 {
            let block = XmlElementPrelim::empty("paragraph");
            let block = roots.xml.insert(txn, self.place % (blocks + 1), block);
            block.insert_attribute(txn, "level", self.n.to_string());
            block.insert(txn, 0, XmlTextPrelim::new(self.word()));
            return;
        }
        if self.what == 7 {
            if blocks > 1 {
                roots.xml.remove_range(txn, self.place % blocks, 1);
            }
            return;
        }
        let block = roots.xml.get(txn, self.place % blocks.max(1));
        let Some(XmlOut::Element(block)) = block else {
            return;
        };
        block.insert_attribute(txn, "level", self.n.to_string());
        if let Some(XmlOut::Text(text)) = block.get(txn, 0) {
            let len = text.len(txn);
            match self.n % 3 {
                0 => text.remove_range(txn, 0, self.count().min(len)),
                _ => text.insert(txn, self.n % (len + 1), &self.word()),
            }
        }
    }

    fn map(&self, txn: &mut yrs::TransactionMut<'_>, roots: &Roots) {
        let key = KEYS[self.n as usize % KEYS.len()];
        match (self.n % 4, roots.map.get(txn, key)) {
            (0, _) => {
                roots.map.remove(txn, key);
            }
            (1, _) => {
                let inner = MapPrelim::from([("who", Any::from(self.letter))]);
                roots.map.insert(txn, key, inner);
            }
            (_, Some(Out::YMap(inner))) => {
                inner.insert(txn, key, f64::from(self.n));
            }
            _ => {
                roots.map.insert(txn, key, self.word());
            }
        }
    }

    fn array(&self, txn: &mut yrs::TransactionMut<'_>, roots: &Roots) {
        let len = roots.array.len(txn);
        if self.what == 10 {
            let values = [i64::from(self.n), i64::from(self.place)];
            roots
                .array
                .insert_range(txn, self.place % (len + 1), values);
        } else if len > 0 {
            let at = self.place % len;
            roots
                .array
                .remove_range(txn, at, self.count().min(len - at));
        }
    }
}

impl Team {
    pub(crate) fn new(seed: u64) -> Self {
        let mut world = World::new();
        world.session = world.session.with_unix_zero_ms(1_764_000_000_000);
        let editors = (0..PEOPLE.len()).map(|at| Editor::new(100 + at as u64));
        for (at, (user, _)) in PEOPLE.iter().enumerate() {
            world.join(at as u64, person(user));
        }
        Self {
            world,
            editors: editors.collect(),
            all: Editor::new(99),
            updates: Vec::new(),
            seen: vec![0; PEOPLE.len()],
            snapshots: Vec::new(),
            compacted: 0,
            edits: 0,
            rng: Rng::new(seed),
        }
    }

    /// Somebody hears of what the others did.
    pub(crate) fn hears(&mut self, who: usize) {
        for update in &self.updates[self.seen[who]..] {
            self.editors[who].applies(update);
        }
        self.seen[who] = self.updates.len();
    }

    pub(crate) fn all_hear(&mut self) {
        (0..PEOPLE.len()).for_each(|who| self.hears(who));
    }

    /// Somebody's edit reaches everybody in time.
    pub(crate) fn says(&mut self, who: usize, update: Bytes) {
        // Nothing at all.
        if update[..] == [0, 0] {
            return;
        }
        self.world.update(who as u64, &update);
        self.all.applies(&update);
        self.updates.push(update);
    }

    pub(crate) fn types(&mut self, who: usize, index: u32, text: &str) {
        let update = update_of(&self.editors[who], |txn, roots| {
            roots.text.insert(txn, index, text);
        });
        self.says(who, update);
    }

    pub(crate) fn deletes(&mut self, who: usize, index: u32, len: u32) {
        let update = update_of(&self.editors[who], |txn, roots| {
            roots.text.remove_range(txn, index, len);
        });
        self.says(who, update);
    }

    /// Somebody does something anywhere.
    pub(crate) fn edits(&mut self, who: usize) {
        let letter = PEOPLE[who].1;
        let edit = Edit {
            what: self.rng.below(12),
            n: self.rng.below(1_000),
            place: self.rng.below(1_000),
            letter,
        };
        let update = update_of(&self.editors[who], |txn, roots| match edit.what {
            0..=4 => edit.text(txn, roots),
            5..=8 => edit.xml(txn, roots),
            9 => edit.map(txn, roots),
            _ => edit.array(txn, roots),
        });
        self.says(who, update);
    }

    /// Time and edits go by; now and then somebody hears of the others, and the log is compacted.
    pub(crate) fn works(&mut self, steps: u32) {
        for _ in 0..steps {
            let who = self.rng.below(PEOPLE.len() as u32) as usize;
            if self.rng.below(3) > 0 {
                self.hears(who);
            }
            self.edits(who);
            if self.rng.below(10) == 0 {
                self.world.now = self.world.now + u64::from(self.rng.below(200_000));
            }
            if self.rng.below(25) == 0 {
                self.compacts();
            }
        }
    }

    pub(crate) fn stored(&self) -> StoredParts {
        let log = self.world.stored().updates;
        StoredParts {
            snapshots: self.snapshots.clone(),
            updates: log[self.compacted..].to_vec(),
        }
    }

    pub(crate) fn compacts(&mut self) {
        self.snapshots = vec![compact(&self.stored()).expect("compacts")];
        self.compacted = self.world.log.len();
    }

    pub(crate) fn chronicle(&self) -> Chronicle {
        chronicle(&self.stored(), None).expect("reads")
    }

    /// The server edits; everybody who is here is told, and whoever asked when it is durable.
    pub(crate) fn server_edits(&mut self, update: &Bytes) {
        self.edits += 1;
        let id = EditId(self.edits);
        let author = Author {
            user: Some("server".into()),
            name: None,
        };
        let effects = self.world.tell(Input::Edit(id, author, update.clone()));
        assert!(
            !effects.contains(&Effect::Edited(id, Ok(()))),
            "not durable yet"
        );
        let effects = self.world.durable();
        assert!(effects.contains(&Effect::Edited(id, Ok(()))), "{effects:?}");
        self.all.applies(update);
        self.updates.push(update.clone());
    }

    pub(crate) fn text(&self) -> String {
        let root = self.all.0.get_or_insert_text("t");
        root.get_string(&self.all.0.transact())
    }
}

/// The document as the library itself shows it.
pub(crate) fn expected(doc: &Doc) -> Value {
    let text = doc.get_or_insert_text("t");
    let xml = doc.get_or_insert_xml_fragment("x");
    let map = doc.get_or_insert_map("m");
    let array = doc.get_or_insert_array("a");
    let txn = doc.transact();
    json!({
        "t": runs(&text, &txn),
        "x": xml.children(&txn).map(|node| xml_of(&node, &txn)).collect::<Value>(),
        "m": plain(&map.to_json(&txn)),
        "a": plain(&array.to_json(&txn)),
    })
}

fn plain(any: &Any) -> Value {
    let mut text = String::new();
    any.to_json(&mut text);
    numbers(serde_json::from_str(&text).expect("JSON"))
}

/// Whole numbers are whole, however they are written.
fn numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if float.fract() == 0.0 => json!(float as i64),
            _ => Value::Number(number),
        },
        Value::Array(items) => items.into_iter().map(numbers).collect(),
        Value::Object(object) => {
            let pairs = object.into_iter();
            Value::Object(pairs.map(|(key, value)| (key, numbers(value))).collect())
        }
        other => other,
    }
}

fn runs(text: &impl Text, txn: &impl ReadTxn) -> Value {
    let mut units = Vec::new();
    for run in text.diff(txn, YChange::identity) {
        let attributes = run.attributes.unwrap_or_default();
        let attributes = attributes
            .iter()
            .map(|(key, value)| (key.to_string(), plain(value)));
        let attributes = Value::Object(attributes.collect());
        if let Out::Any(Any::String(text)) = run.insert {
            units.extend(text.chars().map(|c| json!([c.to_string(), attributes])));
        }
    }
    Value::Array(units)
}

fn xml_of(node: &XmlOut, txn: &impl ReadTxn) -> Value {
    match node {
        XmlOut::Element(element) => {
            let attributes = element.attributes(txn).map(|(key, value)| match value {
                Out::Any(value) => (key.to_string(), plain(&value)),
                other => panic!("an attribute is {other:?}"),
            });
            json!({
                "name": element.tag().to_string(),
                "attributes": Value::Object(attributes.collect()),
                "children": element.children(txn).map(|node| xml_of(&node, txn)).collect::<Value>(),
            })
        }
        XmlOut::Text(text) => runs(text, txn),
        XmlOut::Fragment(_) => panic!("a fragment inside"),
    }
}

/// The same out of an archive's view.
pub(crate) fn shown(archive: &Archive, view: &View) -> Value {
    let tree = tree(archive, Lens::Content(view)).expect("not deep");
    let roots = tree_json(&tree, None)["roots"].clone();
    let list = |node: &Value, name: &str, of: fn(&Value) -> Value| -> Value {
        node[name]
            .as_array()
            .into_iter()
            .flatten()
            .map(of)
            .collect()
    };
    json!({
        "t": units(&roots["t"]),
        "x": list(&roots["x"], "children", xml_shown),
        "m": plain_shown(&roots["m"], "map"),
        "a": plain_shown(&roots["a"], "array"),
    })
}

fn units(node: &Value) -> Value {
    let delta = node["delta"].as_array().into_iter().flatten();
    let units = delta.flat_map(|run| {
        let attributes = run.get("attributes").cloned().unwrap_or(json!({}));
        let text = run["insert"].as_str().unwrap_or_default().to_owned();
        let chars: Vec<char> = text.chars().collect();
        let units = chars.into_iter();
        units.map(move |c| json!([c.to_string(), attributes]))
    });
    units.collect()
}

fn xml_shown(node: &Value) -> Value {
    if node["type"] == "xmlText" {
        return units(node);
    }
    let children = node["children"].as_array().into_iter().flatten();
    json!({
        "name": node["name"],
        "attributes": node.get("attributes").cloned().unwrap_or(json!({})),
        "children": children.map(xml_shown).collect::<Value>(),
    })
}

fn plain_shown(node: &Value, otherwise: &str) -> Value {
    if let Some(value) = node.get("value") {
        return value.clone();
    }
    match node["type"].as_str().unwrap_or(otherwise) {
        "map" => {
            let entries = node["entries"].as_object().into_iter().flatten();
            let entries = entries.map(|(key, value)| (key.clone(), plain_shown(value, "map")));
            Value::Object(entries.collect())
        }
        _ => {
            let items = node["items"].as_array().into_iter().flatten();
            items.map(|item| plain_shown(item, "map")).collect()
        }
    }
}

/// A document of its own with a state.
pub(crate) fn doc_of(state: &[u8]) -> Doc {
    let editor = Editor::new(98);
    editor.applies(state);
    editor.0
}
