//! Numbers in questions: whole ones that every client counts exactly, as the description says.

use std::num::NonZeroUsize;

use serde::Deserialize;
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};

/// The largest whole number that JavaScript and every other client counts exactly.
const NUMBER_MAX: u64 = (1 << 53) - 1;

/// How many somebody asks for. What is more than an answer holds is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
pub(crate) struct Count(NonZeroUsize);

impl Count {
    pub(crate) const fn get(self) -> usize {
        self.0.get()
    }
}

impl TryFrom<u64> for Count {
    type Error = String;
    fn try_from(number: u64) -> Result<Self, String> {
        let count = usize::try_from(number).ok().and_then(NonZeroUsize::new);
        count
            .filter(|_| number <= NUMBER_MAX)
            .map(Self)
            .ok_or_else(|| format!("a count is between 1 and {NUMBER_MAX}"))
    }
}

/// A moment, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
pub(crate) struct Moment(u64);

impl Moment {
    pub(crate) const fn ms(self) -> u64 {
        self.0
    }
}

impl TryFrom<u64> for Moment {
    type Error = String;
    fn try_from(ms: u64) -> Result<Self, String> {
        match ms <= NUMBER_MAX {
            true => Ok(Self(ms)),
            false => Err(format!("a moment is at most {NUMBER_MAX}")),
        }
    }
}

/// How a [`Count`] is described.
pub(crate) fn count() -> Object {
    number(Type::Integer, 1)
}

/// How a [`Moment`] is described.
pub(crate) fn moment() -> Object {
    number(Type::Integer, 0)
}

/// How a [`Moment`] of a body is described that may be left out.
pub(crate) fn moment_or_null() -> Object {
    number(SchemaType::from_iter([Type::Integer, Type::Null]), 0)
}

fn number(kind: impl Into<SchemaType>, from: u64) -> Object {
    ObjectBuilder::new()
        .schema_type(kind)
        .minimum(Some(from))
        .maximum(Some(NUMBER_MAX))
        .build()
}

#[cfg(test)]
mod tests {
    use axum::extract::Query;

    use super::*;

    #[test]
    fn numbers_are_those_that_the_description_names() {
        let count = |text: &str| {
            let uri = format!("/?{text}").parse().expect("an address");
            Query::<Vec<(String, Count)>>::try_from_uri(&uri)
        };
        let moment = |text: &str| serde_json::from_str::<Moment>(text);
        assert_eq!(count("n=1").expect("a count")[0].1.get(), 1);
        let largest = NUMBER_MAX.to_string();
        assert_eq!(moment(&largest).expect("a moment").ms(), NUMBER_MAX);
        assert!(count(&format!("n={largest}")).is_ok());
        for text in ["0", "-1", "9007199254740992", "1e3", "36893488147419103232"] {
            assert!(count(&format!("n={text}")).is_err(), "{text}");
        }
        for text in ["-1", "9007199254740992", "36893488147419103232", "1.5"] {
            assert!(moment(text).is_err(), "{text}");
        }
    }
}
