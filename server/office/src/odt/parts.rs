//! The parts of the file around its text.

use std::fmt::Write as _;

use super::{styles, write::Writer};
use crate::{Document, Format, xml::escaped};

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
/// The language where the document does not say.
const LANGUAGE: &str = "fr-FR";

/// Every part by its name.
pub(super) fn parts(document: &Document, writer: &Writer<'_>) -> Vec<(String, Vec<u8>)> {
    let language = document.language.as_deref().unwrap_or(LANGUAGE);
    let (language, country) = language.split_once('-').unwrap_or((language, "none"));
    let content = format!(
        "{HEAD}<office:document-content {}><office:automatic-styles>{}</office:automatic-styles>\
         <office:body><office:text>{}</office:text></office:body></office:document-content>",
        namespaces(),
        styles::automatic(),
        writer.body
    );
    let common = format!(
        "{HEAD}<office:document-styles {}><office:styles>{}</office:styles><office:automatic-styles>\
         <style:page-layout style:name=\"Page\"><style:page-layout-properties fo:page-width=\"21cm\" \
         fo:page-height=\"29.7cm\" fo:margin=\"2.5cm\"/></style:page-layout></office:automatic-styles>\
         <office:master-styles><style:master-page style:name=\"Standard\" style:page-layout-name=\"Page\"/>\
         </office:master-styles></office:document-styles>",
        namespaces(),
        styles::common((language, country), &writer.languages)
    );
    let parts = [
        ("mimetype", Format::Odt.media_type().to_owned()),
        ("content.xml", content),
        ("styles.xml", common),
        ("meta.xml", meta(document)),
        ("META-INF/manifest.xml", manifest(writer)),
    ];
    let parts = parts.into_iter();
    parts
        .map(|(name, text)| (name.to_owned(), text.into_bytes()))
        .collect()
}

fn namespaces() -> String {
    let oasis = "urn:oasis:names:tc:opendocument:xmlns";
    let mut text =
        String::from("office:version=\"1.3\" xmlns:xlink=\"http://www.w3.org/1999/xlink\"");
    for (prefix, name) in [
        ("office", "office:1.0"),
        ("text", "text:1.0"),
        ("table", "table:1.0"),
        ("draw", "drawing:1.0"),
        ("style", "style:1.0"),
        ("fo", "xsl-fo-compatible:1.0"),
        ("svg", "svg-compatible:1.0"),
    ] {
        let _ = write!(text, " xmlns:{prefix}=\"{oasis}:{name}\"");
    }
    text
}

fn meta(document: &Document) -> String {
    let mut said = String::new();
    for (tag, value) in [("title", &document.title), ("language", &document.language)] {
        if let Some(value) = value {
            let _ = write!(said, "<dc:{tag}>{}</dc:{tag}>", escaped(value));
        }
    }
    format!(
        "{HEAD}<office:document-meta {} xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><office:meta>{said}\
         </office:meta></office:document-meta>",
        namespaces()
    )
}

fn manifest(writer: &Writer<'_>) -> String {
    let name = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0";
    let mut xml = format!(
        "{HEAD}<manifest:manifest xmlns:manifest=\"{name}\" manifest:version=\"1.3\">\
         <manifest:file-entry manifest:full-path=\"/\" manifest:media-type=\"{}\"/>",
        Format::Odt.media_type()
    );
    let own = ["content.xml", "styles.xml", "meta.xml"].map(|part| (part, "text/xml"));
    let pictures = writer.media.iter().map(|(part, bytes)| {
        let kind = crate::picture::kind_of(bytes);
        (part.as_str(), kind.map_or("", |kind| kind.media_type))
    });
    for (part, kind) in own.into_iter().chain(pictures) {
        let _ = write!(
            xml,
            "<manifest:file-entry manifest:full-path=\"{part}\" manifest:media-type=\"{kind}\"/>"
        );
    }
    xml.push_str("</manifest:manifest>");
    xml
}

/// Whether an address is relative to where the text is.
fn is_relative(address: &str) -> bool {
    let scheme = address.split(['/', '?', '#']).next().unwrap_or_default();
    !address.is_empty() && !address.starts_with(['/', '#', '?']) && !scheme.contains(':')
}

/// An address as it stands in the file, which is itself a folder: relative ones lead out of it.
pub(super) fn outside(address: &str) -> String {
    match is_relative(address) {
        true => format!("../{address}"),
        false => address.to_owned(),
    }
}

/// The address of one that stands in a file.
pub(super) fn inside(address: &str) -> String {
    address.strip_prefix("../").unwrap_or(address).to_owned()
}
