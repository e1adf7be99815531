//! What a type is inside of.

use yrs::{
    Array, BranchID, Map, Out, ReadTxn, Text, XmlFragment, XmlFragmentRef, branch::Branch,
    types::text::YChange,
};

use super::{
    Replica, ReplicaError,
    node::{branch_of, resolve},
    value,
};

impl Replica {
    /// The type that this one is inside of, as an encoded value; nothing for a root.
    pub fn parent(&self, id: &str) -> Result<Option<Vec<u8>>, ReplicaError> {
        self.read(|transaction| {
            let shared: XmlFragmentRef = resolve(transaction, id, |_| true)?;
            let wanted = AsRef::<Branch>::as_ref(&shared).id();
            if matches!(wanted, BranchID::Root(_)) {
                return Ok(None);
            }
            if let Some(parent) = shared.parent() {
                return Ok(Some(value::encode(&value::out(&parent.into()))));
            }
            // yrs says it of XML only: the rest is looked for.
            Ok(find(transaction, &wanted).map(|parent| value::encode(&value::out(&parent))))
        })
    }
}

/// Looks through everything that can hold a type by position or by name.
fn find(transaction: &impl ReadTxn, wanted: &BranchID) -> Option<Out> {
    let mut waiting: Vec<Out> = transaction.root_refs().map(|(_, root)| root).collect();
    while let Some(holder) = waiting.pop() {
        for inner in inside(transaction, &holder) {
            match branch_of(&inner).map(Branch::id) {
                Some(id) if id == *wanted => return Some(holder),
                Some(_) => waiting.push(inner),
                None => {}
            }
        }
    }
    None
}

fn inside(transaction: &impl ReadTxn, holder: &Out) -> Vec<Out> {
    match holder {
        Out::YArray(array) => array.iter(transaction).collect(),
        Out::YMap(map) => map.iter(transaction).map(|(_, value)| value).collect(),
        Out::YText(text) => text
            .diff(transaction, YChange::identity)
            .into_iter()
            .map(|part| part.insert)
            .collect(),
        Out::YXmlText(text) => text
            .diff(transaction, YChange::identity)
            .into_iter()
            .map(|part| part.insert)
            .collect(),
        Out::YXmlElement(element) => element.children(transaction).map(Out::from).collect(),
        Out::YXmlFragment(fragment) => fragment.children(transaction).map(Out::from).collect(),
        Out::Any(_) | Out::YDoc(_) | Out::UndefinedRef(_) => Vec::new(),
    }
}
