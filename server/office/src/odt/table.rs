//! Tables: cells that reach over others leave covered ones there.

use std::{collections::BTreeSet, fmt::Write as _};

use serde_json::Value;
use unisson_content::{Element, Node, kind_of, tree::paragraph};

use super::{HEADER_CELL, write::Writer};
use crate::xml::Tag;

/// As many columns and rows as a cell may reach over, and as many as are repeated.
const SPAN_MAX: usize = 1_000;

fn span(cell: &Element, key: &str) -> usize {
    let span = cell.attributes.get(key).and_then(Value::as_u64);
    usize::try_from(span.unwrap_or(1))
        .unwrap_or(1)
        .clamp(1, SPAN_MAX)
}

fn elements(nodes: &[Node]) -> impl Iterator<Item = &Element> {
    nodes.iter().filter_map(|node| match node {
        Node::Element(element) => Some(element),
        Node::Text(_) => None,
    })
}

pub(super) fn write(writer: &mut Writer<'_>, table: &Element, number: usize) {
    let rows: Vec<&Element> = elements(&table.children).collect();
    let width = |row: &&Element| {
        elements(&row.children)
            .map(|cell| span(cell, "colspan"))
            .sum::<usize>()
    };
    let columns: usize = rows.iter().map(width).max().unwrap_or(0).max(1);
    let _ = write!(
        writer.body,
        "<table:table table:name=\"Table{number}\" table:style-name=\"Table\">\
         <table:table-column table:number-columns-repeated=\"{columns}\"/>"
    );
    let mut covered: BTreeSet<(usize, usize)> = BTreeSet::new();
    for (at, row) in rows.iter().enumerate() {
        let mut cells = elements(&row.children).peekable();
        let all_headers = elements(&row.children).all(|cell| kind_of(cell) == "tableheader");
        let is_header = at == 0 && all_headers && cells.peek().is_some();
        if is_header {
            writer.body.push_str("<table:table-header-rows>");
        }
        writer.body.push_str("<table:table-row>");
        let mut column = 0;
        loop {
            if covered.remove(&(at, column)) {
                writer.body.push_str("<table:covered-table-cell/>");
                column += 1;
                continue;
            }
            let Some(cell) = cells.next() else { break };
            let height = span(cell, "rowspan");
            let mut width = span(cell, "colspan");
            // It ends where another one reaches into the row.
            if let Some((_, reached)) = covered.range((at, column)..(at + 1, 0)).next() {
                width = width.min(reached - column);
            }
            for row in at..at + height {
                for column in column..column + width {
                    covered.insert((row, column));
                }
            }
            covered.remove(&(at, column));
            column += 1;
            write_cell(writer, cell, (width, height));
        }
        // What reaches further to the right stays behind an end of the row.
        let rest = covered.split_off(&(at, 0));
        let (rest, later): (BTreeSet<_>, BTreeSet<_>) =
            rest.into_iter().partition(|(row, _)| *row == at);
        covered = later;
        for _ in rest {
            writer.body.push_str("<table:covered-table-cell/>");
        }
        if column == 0 {
            writer
                .body
                .push_str("<table:table-cell><text:p/></table:table-cell>");
        }
        writer.body.push_str("</table:table-row>");
        if is_header {
            writer.body.push_str("</table:table-header-rows>");
        }
    }
    writer.body.push_str("</table:table>");
}

fn write_cell(writer: &mut Writer<'_>, cell: &Element, (width, height): (usize, usize)) {
    let style = match kind_of(cell).as_str() {
        "tableheader" => HEADER_CELL,
        _ => "Cell",
    };
    let _ = write!(
        writer.body,
        "<table:table-cell table:style-name=\"{style}\" office:value-type=\"string\""
    );
    if width > 1 {
        let _ = write!(writer.body, " table:number-columns-spanned=\"{width}\"");
    }
    if height > 1 {
        let _ = write!(writer.body, " table:number-rows-spanned=\"{height}\"");
    }
    writer.body.push('>');
    if cell.children.is_empty() {
        writer.body.push_str("<text:p/>");
    }
    writer.blocks(&cell.children);
    writer.body.push_str("</table:table-cell>");
}

/// Reads a table; `blocks` reads what is in a cell.
pub(super) fn read(
    tag: &Tag,
    is_header_style: impl Fn(&str) -> bool,
    mut blocks: impl FnMut(&Tag) -> Vec<Node>,
) -> Option<Node> {
    let mut found: Vec<(&Tag, bool)> = Vec::new();
    for child in tag.tags() {
        match child.name.as_str() {
            "table-row" => found.push((child, false)),
            "table-header-rows" => found.extend(child.tags().map(|row| (row, true))),
            "table-rows" | "table-row-group" => {
                found.extend(child.tags().map(|row| (row, false)));
            }
            _ => {}
        }
    }
    let found = found.into_iter().filter(|(row, _)| row.name == "table-row");
    let mut rows: Vec<Node> = Vec::new();
    for (row, is_header_row) in found {
        let mut cells: Vec<Node> = Vec::new();
        for cell in row.tags().filter(|cell| cell.name == "table-cell") {
            let number = |name| {
                let number = cell
                    .get(name)
                    .and_then(|number| number.parse::<usize>().ok());
                number.unwrap_or(1).clamp(1, SPAN_MAX)
            };
            let is_header = is_header_row || cell.get("style-name").is_some_and(&is_header_style);
            let name = if is_header {
                "tableHeader"
            } else {
                "tableCell"
            };
            let mut children = blocks(cell);
            if children.is_empty() {
                children.push(paragraph(""));
            }
            let mut element = Element::new(name, children);
            for (key, span) in [
                ("colspan", number("number-columns-spanned")),
                ("rowspan", number("number-rows-spanned")),
            ] {
                if span > 1 {
                    element = element.with(key, span);
                }
            }
            let repeated = number("number-columns-repeated");
            // Sheets end in thousands of cells with nothing in them.
            let repeated = if repeated > 64 { 1 } else { repeated };
            cells.extend(std::iter::repeat_n(Node::Element(element), repeated));
        }
        rows.push(Element::new("tableRow", cells).into());
    }
    (!rows.is_empty()).then(|| Element::new("table", rows).into())
}
