//! Shared types by id: a root is `'` and its name, any other `client:clock`.

use std::sync::Arc;

use yrs::{
    ArrayPrelim, BranchID, Hook, ID, In, MapPrelim, Out, ReadTxn, SharedRef, WriteTxn,
    XmlElementPrelim, XmlFragmentPrelim, XmlTextPrelim,
    block::ClientID,
    branch::Branch,
    types::{TypeRef, text::DeltaPrelim},
};

use super::{Replica, ReplicaError};

/// What a shared type is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `Y.Array`
    Array,
    /// `Y.Map`
    Map,
    /// `Y.Text`
    Text,
    /// `Y.XmlElement`
    XmlElement,
    /// `Y.XmlFragment`
    XmlFragment,
    /// `Y.XmlText`
    XmlText,
}

/// Why a type cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// It was deleted, or has not come yet.
    #[error("the type is not in the document: it was deleted, or has not arrived")]
    Gone,
    /// The call is for other kinds of types.
    #[error("the type is of another kind")]
    OtherKind,
    /// Not an id of a type.
    #[error("not the id of a type")]
    BadId,
}

impl Kind {
    /// The number of Yjs for it.
    pub fn code(self) -> u32 {
        match self {
            Self::Array => 0,
            Self::Map => 1,
            Self::Text => 2,
            Self::XmlElement => 3,
            Self::XmlFragment => 4,
            Self::XmlText => 6,
        }
    }

    /// The kind of a number.
    pub fn from_code(code: u32) -> Option<Self> {
        [
            Self::Array,
            Self::Map,
            Self::Text,
            Self::XmlElement,
            Self::XmlFragment,
            Self::XmlText,
        ]
        .into_iter()
        .find(|kind| kind.code() == code)
    }

    /// Whether it holds text.
    pub(super) fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::XmlText)
    }

    /// Whether it holds a list of values or of children.
    pub(super) fn is_sequence(self) -> bool {
        matches!(self, Self::Array | Self::XmlElement | Self::XmlFragment)
    }

    /// Whether it holds values or attributes by name.
    pub(super) fn is_map(self) -> bool {
        matches!(self, Self::Map | Self::XmlElement | Self::XmlText)
    }

    fn of(branch: &Branch) -> Option<Self> {
        Some(match branch.type_ref() {
            TypeRef::Array => Self::Array,
            TypeRef::Map => Self::Map,
            TypeRef::Text => Self::Text,
            TypeRef::XmlElement(_) => Self::XmlElement,
            TypeRef::XmlFragment => Self::XmlFragment,
            TypeRef::XmlText => Self::XmlText,
            _ => return None,
        })
    }

    /// An empty one; the tag is for elements.
    pub(super) fn new_empty(self, tag: &str) -> In {
        match self {
            Self::Array => In::Array(ArrayPrelim::default()),
            Self::Map => In::Map(MapPrelim::default()),
            Self::Text => In::Text(DeltaPrelim::default()),
            Self::XmlElement => In::XmlElement(XmlElementPrelim::empty(tag)),
            Self::XmlFragment => In::XmlFragment(XmlFragmentPrelim::default()),
            Self::XmlText => XmlTextPrelim::new("").into(),
        }
    }
}

impl Replica {
    /// The id of the root type of this name, which is there from now on. Elements and `XmlText` are
    /// no roots.
    pub fn root(&mut self, kind: Kind, name: &str) -> Result<String, ReplicaError> {
        self.edit(None, |transaction| {
            let found = match kind {
                Kind::Array => Kind::of(transaction.get_or_insert_array(name).as_ref()),
                Kind::Map => Kind::of(transaction.get_or_insert_map(name).as_ref()),
                Kind::Text => Kind::of(transaction.get_or_insert_text(name).as_ref()),
                Kind::XmlFragment => {
                    Kind::of(transaction.get_or_insert_xml_fragment(name).as_ref())
                }
                Kind::XmlElement | Kind::XmlText => None,
            };
            match found {
                Some(found) if found == kind => Ok(format!("'{name}")),
                _ => Err(NodeError::OtherKind.into()),
            }
        })
    }
}

/// The type of an id, as `S`, which must fit what `fits` lets through.
pub(super) fn resolve<S: SharedRef + AsRef<Branch>>(
    transaction: &impl ReadTxn,
    id: &str,
    fits: impl Fn(Kind) -> bool,
) -> Result<S, NodeError> {
    let shared = Hook::<S>::from(parse(id)?)
        .get(transaction)
        .ok_or(NodeError::Gone)?;
    match Kind::of(shared.as_ref()) {
        Some(kind) if fits(kind) => Ok(shared),
        _ => Err(NodeError::OtherKind),
    }
}

fn parse(id: &str) -> Result<BranchID, NodeError> {
    if let Some(name) = id.strip_prefix('\'') {
        return Ok(BranchID::Root(Arc::from(name)));
    }
    let (client, clock) = id.split_once(':').ok_or(NodeError::BadId)?;
    let client: u64 = client.parse().map_err(|_| NodeError::BadId)?;
    let clock = clock.parse().map_err(|_| NodeError::BadId)?;
    if client >= 1 << 53 {
        return Err(NodeError::BadId);
    }
    Ok(BranchID::Nested(ID::new(ClientID::new(client), clock)))
}

/// Kind, id and tag of a type.
pub(super) fn describe(shared: &Out) -> Option<(Kind, String, String)> {
    describe_branch(branch_of(shared)?)
}

/// The type inside a value, if it is one that can be described.
pub(super) fn branch_of(shared: &Out) -> Option<&Branch> {
    Some(match shared {
        Out::YText(shared) => shared.as_ref(),
        Out::YArray(shared) => shared.as_ref(),
        Out::YMap(shared) => shared.as_ref(),
        Out::YXmlElement(shared) => shared.as_ref(),
        Out::YXmlFragment(shared) => shared.as_ref(),
        Out::YXmlText(shared) => shared.as_ref(),
        Out::Any(_) | Out::YDoc(_) | Out::UndefinedRef(_) => return None,
    })
}

pub(super) fn describe_branch(branch: &Branch) -> Option<(Kind, String, String)> {
    let kind = Kind::of(branch)?;
    let tag = match branch.type_ref() {
        TypeRef::XmlElement(tag) => tag.to_string(),
        _ => String::new(),
    };
    let id = match branch.id() {
        BranchID::Root(name) => format!("'{name}"),
        BranchID::Nested(id) => format!("{}:{}", id.client.get(), id.clock),
    };
    Some((kind, id, tag))
}
