//! The addresses that stand in a text: of pictures and of links.

use serde_json::Value;

use crate::{Insert, Node, markdown::kind_of};

/// What an address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addressed {
    /// A picture that is shown.
    Image,
    /// Something that is followed.
    Link,
}

/// Puts other addresses into a text: `map` says what one becomes, `None` leaves it as it is.
pub fn map_addresses(nodes: &mut [Node], map: &mut dyn FnMut(Addressed, &str) -> Option<String>) {
    for node in nodes {
        match node {
            Node::Element(element) => {
                if kind_of(element) == "image" {
                    for key in ["src", "url"] {
                        if let Some(Value::String(address)) = element.attributes.get_mut(key) {
                            put(address, Addressed::Image, map);
                        }
                    }
                }
                map_addresses(&mut element.children, map);
            }
            Node::Text(runs) => {
                for run in runs {
                    for (name, value) in &mut run.marks {
                        let name = name
                            .split_once("--")
                            .map_or(name.as_str(), |(name, _)| name);
                        if !matches!(name.to_lowercase().as_str(), "link" | "a") {
                            continue;
                        }
                        match value {
                            Value::String(address) => put(address, Addressed::Link, map),
                            Value::Object(link) => {
                                if let Some(Value::String(address)) = link.get_mut("href") {
                                    put(address, Addressed::Link, map);
                                }
                            }
                            _ => {}
                        }
                    }
                    if let Insert::Node(node) = &mut run.insert {
                        map_addresses(std::slice::from_mut(node), map);
                    }
                }
            }
        }
    }
}

fn put(
    address: &mut String,
    kind: Addressed,
    map: &mut dyn FnMut(Addressed, &str) -> Option<String>,
) {
    if let Some(other) = map(kind, address) {
        *address = other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Form;

    #[test]
    fn pictures_and_links_get_other_addresses_wherever_they_are() {
        let text = "- [a](one) **[b](two)**\n\n> ![c](three)\n";
        let mut nodes = Form::Markdown.parse(text).expect("reads");
        let mut seen = Vec::new();
        map_addresses(&mut nodes, &mut |kind, address| {
            seen.push((kind, address.to_owned()));
            (address != "two").then(|| format!("x/{address}"))
        });
        let links = [
            (Addressed::Link, "one"),
            (Addressed::Link, "two"),
            (Addressed::Image, "three"),
        ];
        assert_eq!(
            seen,
            links.map(|(kind, address)| (kind, address.to_owned()))
        );
        let text = Form::Markdown.render(&nodes);
        assert_eq!(text, "- [a](x/one) [**b**](two)\n\n> ![c](x/three)\n");
    }
}
