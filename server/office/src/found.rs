//! The pictures of a document on its way in, each part once.

use std::collections::BTreeMap;

use unisson_content::{Element, Node};

use crate::{OfficeError, Pictures, package::Package, picture};

/// Pictures by their new addresses.
#[derive(Default)]
pub(crate) struct Found {
    /// Addresses by parts; none for what browsers do not show.
    known: BTreeMap<String, Option<String>>,
    pub(crate) pictures: Pictures,
}

impl Found {
    /// The address of the picture in a part; none where there is none that browsers show.
    pub(crate) fn address(
        &mut self,
        package: &mut Package<'_>,
        part: String,
    ) -> Result<Option<String>, OfficeError> {
        if let Some(known) = self.known.get(&part) {
            return Ok(known.clone());
        }
        let bytes = package.picture(&part)?;
        let address = bytes.and_then(|bytes| {
            let kind = picture::kind_of(&bytes)?;
            let address = format!("pictures/{}.{}", self.pictures.len() + 1, kind.extension);
            self.pictures.insert(address.clone(), bytes);
            Some(address)
        });
        self.known.insert(part, address.clone());
        Ok(address)
    }

    /// The node of a picture: with what is said of it, and its size where that is not the picture's own.
    pub(crate) fn node(
        &self,
        address: String,
        (alternative, title): (String, String),
        size: Option<(u64, u64)>,
    ) -> Node {
        let bytes = self.pictures.get(&address);
        let natural = bytes.map(|bytes| picture::natural_size(bytes));
        let mut image = Element::new("image", Vec::new()).with("src", address);
        for (key, value) in [("alt", alternative), ("title", title)] {
            if !value.is_empty() {
                image = image.with(key, value);
            }
        }
        if let Some((width, height)) = size.filter(|size| Some(*size) != natural) {
            image = image.with("width", width).with("height", height);
        }
        image.into()
    }
}
