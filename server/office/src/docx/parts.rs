//! The parts of the file around its text.

use std::fmt::Write as _;

use super::{styles, write::Writer};
use crate::{Document, Format, xml::escaped};

/// Relations that every document has, before its links and pictures.
pub(super) const OWN_RELATIONS: usize = 2;
const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
/// The language where the document does not say.
const LANGUAGE: &str = "fr-FR";

/// Every part by its name.
pub(super) fn parts(document: &Document, writer: &Writer<'_>) -> Vec<(String, Vec<u8>)> {
    let language = document.language.as_deref().unwrap_or(LANGUAGE);
    let parts = [
        ("[Content_Types].xml", content_types()),
        ("_rels/.rels", package_relations()),
        ("docProps/core.xml", core(document)),
        ("word/document.xml", body(&writer.body)),
        ("word/_rels/document.xml.rels", relations(&writer.relations)),
        (
            "word/styles.xml",
            styles::styles(language, &writer.languages),
        ),
        ("word/numbering.xml", styles::numbering(&writer.lists)),
    ];
    let parts = parts.into_iter();
    parts
        .map(|(name, xml)| (name.to_owned(), format!("{HEAD}{xml}").into_bytes()))
        .collect()
}

fn content_types() -> String {
    let mut xml = format!("<Types xmlns=\"{PACKAGE}/content-types\">");
    for (extension, kind) in [
        (
            "rels",
            "application/vnd.openxmlformats-package.relationships+xml",
        ),
        ("xml", "application/xml"),
        ("png", "image/png"),
        ("jpg", "image/jpeg"),
        ("gif", "image/gif"),
        ("webp", "image/webp"),
    ] {
        let _ = write!(
            xml,
            "<Default Extension=\"{extension}\" ContentType=\"{kind}\"/>"
        );
    }
    let word = "application/vnd.openxmlformats-officedocument.wordprocessingml";
    for (part, kind) in [
        (
            "/word/document.xml",
            format!("{}.main+xml", Format::Docx.media_type()),
        ),
        ("/word/styles.xml", format!("{word}.styles+xml")),
        ("/word/numbering.xml", format!("{word}.numbering+xml")),
        (
            "/docProps/core.xml",
            "application/vnd.openxmlformats-package.core-properties+xml".to_owned(),
        ),
    ] {
        let _ = write!(
            xml,
            "<Override PartName=\"{part}\" ContentType=\"{kind}\"/>"
        );
    }
    xml.push_str("</Types>");
    xml
}

fn package_relations() -> String {
    format!(
        "<Relationships xmlns=\"{PACKAGE}/relationships\">\
         <Relationship Id=\"rId1\" Type=\"{OFFICE}/officeDocument\" Target=\"word/document.xml\"/>\
         <Relationship Id=\"rId2\" Type=\"{PACKAGE}/relationships/metadata/core-properties\" \
         Target=\"docProps/core.xml\"/></Relationships>"
    )
}

fn core(document: &Document) -> String {
    let mut xml = format!(
        "<cp:coreProperties xmlns:cp=\"{PACKAGE}/metadata/core-properties\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\">"
    );
    for (tag, value) in [("title", &document.title), ("language", &document.language)] {
        if let Some(value) = value {
            let _ = write!(xml, "<dc:{tag}>{}</dc:{tag}>", escaped(value));
        }
    }
    xml.push_str("</cp:coreProperties>");
    xml
}

fn body(body: &str) -> String {
    format!(
        "<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" \
         xmlns:r=\"{OFFICE}\" xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" \
         xmlns:pic=\"http://schemas.openxmlformats.org/drawingml/2006/picture\" \
         xmlns:wp=\"http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing\" \
         xmlns:mc=\"http://schemas.openxmlformats.org/markup-compatibility/2006\" \
         xmlns:w14=\"http://schemas.microsoft.com/office/word/2010/wordml\" \
         xmlns:w15=\"http://schemas.microsoft.com/office/word/2012/wordml\" mc:Ignorable=\"w14 w15\">\
         <w:body>{body}<w:sectPr><w:pgSz w:w=\"11906\" w:h=\"16838\"/>\
         <w:pgMar w:top=\"1418\" w:right=\"1418\" w:bottom=\"1418\" w:left=\"1418\" w:header=\"709\" \
         w:footer=\"709\" w:gutter=\"0\"/></w:sectPr></w:body></w:document>"
    )
}

fn relations(relations: &[(&'static str, String, bool)]) -> String {
    let mut xml = format!(
        "<Relationships xmlns=\"{PACKAGE}/relationships\">\
         <Relationship Id=\"rId1\" Type=\"{OFFICE}/styles\" Target=\"styles.xml\"/>\
         <Relationship Id=\"rId2\" Type=\"{OFFICE}/numbering\" Target=\"numbering.xml\"/>"
    );
    for (at, (kind, target, is_outside)) in relations.iter().enumerate() {
        let id = OWN_RELATIONS + at + 1;
        let mode = if *is_outside {
            " TargetMode=\"External\""
        } else {
            ""
        };
        let _ = write!(
            xml,
            "<Relationship Id=\"rId{id}\" Type=\"{OFFICE}/{kind}\" Target=\"{}\"{mode}/>",
            escaped(target)
        );
    }
    xml.push_str("</Relationships>");
    xml
}
