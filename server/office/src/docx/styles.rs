//! How a document looks in Word: sober, with the names that Word itself knows.

use std::fmt::Write as _;

use super::{INDENT, LEVELS, properties::CODE_STYLE, write::Numbering};
use crate::xml::escaped;

const NAMESPACE: &str = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"";
/// Sizes of headings, in half points.
const HEADINGS: [u32; 6] = [36, 30, 26, 24, 22, 22];

/// `word/styles.xml`.
pub(super) fn styles(language: &str, languages: &[String]) -> String {
    let mut xml = format!(
        "<w:styles {NAMESPACE}><w:docDefaults><w:rPrDefault><w:rPr>\
         <w:rFonts w:ascii=\"Calibri\" w:hAnsi=\"Calibri\" w:cs=\"Calibri\"/><w:sz w:val=\"22\"/>\
         <w:lang w:val=\"{}\"/></w:rPr></w:rPrDefault><w:pPrDefault><w:pPr>\
         <w:spacing w:after=\"120\" w:line=\"264\" w:lineRule=\"auto\"/></w:pPr></w:pPrDefault>\
         </w:docDefaults><w:style w:type=\"paragraph\" w:default=\"1\" w:styleId=\"Normal\">\
         <w:name w:val=\"Normal\"/></w:style>",
        escaped(language)
    );
    for (at, size) in HEADINGS.iter().enumerate() {
        let level = at + 1;
        let _ = write!(
            xml,
            "<w:style w:type=\"paragraph\" w:styleId=\"Heading{level}\">\
             <w:name w:val=\"heading {level}\"/><w:basedOn w:val=\"Normal\"/><w:next w:val=\"Normal\"/>\
             <w:pPr><w:keepNext/><w:spacing w:before=\"240\"/><w:outlineLvl w:val=\"{at}\"/></w:pPr>\
             <w:rPr><w:b/><w:sz w:val=\"{size}\"/></w:rPr></w:style>"
        );
    }
    let mut paragraph = |id: &str, name: &str, based_on: &str, properties: &str, run: &str| {
        let _ = write!(
            xml,
            "<w:style w:type=\"paragraph\" w:customStyle=\"1\" w:styleId=\"{id}\">\
             <w:name w:val=\"{}\"/><w:basedOn w:val=\"{based_on}\"/><w:pPr>{properties}</w:pPr>\
             <w:rPr>{run}</w:rPr></w:style>",
            escaped(name)
        );
    };
    let bar =
        "<w:pBdr><w:left w:val=\"single\" w:sz=\"12\" w:space=\"8\" w:color=\"999999\"/></w:pBdr>";
    paragraph(
        "Quote",
        "Quote",
        "Normal",
        &format!("{bar}<w:ind w:left=\"360\"/>"),
        "",
    );
    let shade = "<w:shd w:val=\"clear\" w:color=\"auto\" w:fill=\"F2F2F2\"/>";
    let mono = "<w:rFonts w:ascii=\"Consolas\" w:hAnsi=\"Consolas\" w:cs=\"Consolas\"/><w:noProof/>\
                <w:sz w:val=\"20\"/>";
    paragraph("CodeBlock", "Code Block", "Normal", shade, mono);
    for (at, language) in languages.iter().enumerate() {
        let id = format!("CodeBlock{}", at + 1);
        paragraph(&id, &format!("{CODE_STYLE}{language}"), "CodeBlock", "", "");
    }
    let line =
        "<w:pBdr><w:bottom w:val=\"single\" w:sz=\"6\" w:space=\"1\" w:color=\"999999\"/></w:pBdr>";
    paragraph("HorizontalRule", "Horizontal Rule", "Normal", line, "");
    let small = "<w:spacing w:before=\"0\" w:after=\"0\" w:line=\"120\" w:lineRule=\"exact\"/>";
    paragraph("Gap", "Gap", "Normal", small, "<w:sz w:val=\"8\"/>");
    let _ = write!(
        xml,
        "<w:style w:type=\"character\" w:styleId=\"Hyperlink\"><w:name w:val=\"Hyperlink\"/><w:rPr>\
         <w:color w:val=\"0563C1\"/><w:u w:val=\"single\"/></w:rPr></w:style>\
         <w:style w:type=\"character\" w:customStyle=\"1\" w:styleId=\"CodeText\">\
         <w:name w:val=\"Code Text\"/><w:rPr>{mono}</w:rPr></w:style>\
         <w:style w:type=\"table\" w:styleId=\"TableGrid\"><w:name w:val=\"Table Grid\"/><w:tblPr>\
         <w:tblBorders>{}</w:tblBorders><w:tblCellMar><w:left w:w=\"100\" w:type=\"dxa\"/>\
         <w:right w:w=\"100\" w:type=\"dxa\"/></w:tblCellMar></w:tblPr></w:style></w:styles>",
        ["top", "left", "bottom", "right", "insideH", "insideV"]
            .map(|side| format!(
                "<w:{side} w:val=\"single\" w:sz=\"4\" w:space=\"0\" w:color=\"999999\"/>"
            ))
            .concat()
    );
    xml
}

/// `word/numbering.xml`: what each list rests on is its own, or Word would count on from one to the
/// next.
pub(super) fn numbering(lists: &[Numbering]) -> String {
    let mut xml = format!("<w:numbering {NAMESPACE}>");
    for (at, list) in lists.iter().enumerate() {
        let (form, start) = match list {
            Numbering::Bullets => ("bullet", 1),
            Numbering::Numbers(start) => ("decimal", *start),
            Numbering::Tasks => ("none", 1),
        };
        let _ = write!(
            xml,
            "<w:abstractNum w:abstractNumId=\"{at}\"><w:multiLevelType w:val=\"hybridMultilevel\"/>"
        );
        for level in 0..LEVELS {
            let text = match form {
                "bullet" => ["\u{2022}", "\u{25e6}", "\u{25aa}"][level % 3].to_owned(),
                "decimal" => format!("%{}.", level + 1),
                _ => String::new(),
            };
            let (left, hanging) = ((level + 1) * INDENT, INDENT / 2);
            let _ = write!(
                xml,
                "<w:lvl w:ilvl=\"{level}\"><w:start w:val=\"{start}\"/><w:numFmt w:val=\"{form}\"/>\
                 <w:suff w:val=\"{}\"/><w:lvlText w:val=\"{text}\"/><w:lvlJc w:val=\"left\"/>\
                 <w:pPr><w:ind w:left=\"{left}\" w:hanging=\"{hanging}\"/></w:pPr></w:lvl>",
                if form == "none" { "nothing" } else { "tab" }
            );
        }
        xml.push_str("</w:abstractNum>");
    }
    for at in 0..lists.len() {
        let number = at + 1;
        let _ = write!(
            xml,
            "<w:num w:numId=\"{number}\"><w:abstractNumId w:val=\"{at}\"/></w:num>"
        );
    }
    xml.push_str("</w:numbering>");
    xml
}
