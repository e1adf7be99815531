//! Tables: cells that reach over rows stand in each of them.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::Value;
use unisson_content::{Element, Node, kind_of, tree::paragraph};

use super::write::{Context, Writer};
use crate::xml::Tag;

/// The text's width, in twentieths of a point.
const WIDTH: usize = 9_070;
/// As many columns and rows as a cell may reach over.
const SPAN_MAX: u64 = 1_000;
/// As many columns as Word has.
const COLUMNS_MAX: usize = 63;

/// A cell at its place, or what reaches there from above.
enum Slot<'a> {
    Cell(&'a Element, usize, usize),
    /// Of a cell that is so many columns wide.
    Reached(usize),
}

pub(super) fn write(writer: &mut Writer<'_>, table: &Element, context: Context) {
    // Two tables that follow one another would be one.
    writer.end(false);
    let rows = slots(table);
    let columns = rows
        .iter()
        .map(|row| row.iter().map(Slot::width).sum::<usize>());
    let columns: usize = columns.max().unwrap_or(0).max(1);
    let _ = write!(
        writer.body,
        "<w:tbl><w:tblPr><w:tblStyle w:val=\"TableGrid\"/><w:tblW w:w=\"5000\" w:type=\"pct\"/>\
         <w:tblLook w:val=\"04A0\"/></w:tblPr><w:tblGrid>"
    );
    for _ in 0..columns {
        let _ = write!(writer.body, "<w:gridCol w:w=\"{}\"/>", WIDTH / columns);
    }
    writer.body.push_str("</w:tblGrid>");
    for (at, row) in rows.iter().enumerate() {
        writer.body.push_str("<w:tr>");
        let is_header = |slot: &Slot<'_>| matches!(slot, Slot::Cell(cell, ..) if kind_of(cell) == "tableheader");
        if at == 0 && !row.is_empty() && row.iter().all(is_header) {
            writer.body.push_str("<w:trPr><w:tblHeader/></w:trPr>");
        }
        for slot in row {
            cell(writer, slot, context);
        }
        if row.is_empty() {
            cell(writer, &Slot::Reached(0), context);
        }
        writer.body.push_str("</w:tr>");
    }
    writer.body.push_str("</w:tbl>");
}

fn cell(writer: &mut Writer<'_>, slot: &Slot<'_>, context: Context) {
    writer.body.push_str("<w:tc><w:tcPr>");
    let width = slot.width();
    let is_header = matches!(slot, Slot::Cell(cell, ..) if kind_of(cell) == "tableheader");
    if is_header {
        writer.body.push_str("<w:cnfStyle w:firstRow=\"1\"/>");
    }
    if width > 1 {
        let _ = write!(writer.body, "<w:gridSpan w:val=\"{width}\"/>");
    }
    match slot {
        Slot::Cell(_, _, height) if *height > 1 => {
            writer.body.push_str("<w:vMerge w:val=\"restart\"/>");
        }
        Slot::Cell(..) | Slot::Reached(0) => {}
        Slot::Reached(_) => writer.body.push_str("<w:vMerge/>"),
    }
    if is_header {
        writer
            .body
            .push_str("<w:shd w:val=\"clear\" w:color=\"auto\" w:fill=\"EEEEEE\"/>");
    }
    writer.body.push_str("</w:tcPr>");
    let before = std::mem::take(&mut writer.body);
    if let Slot::Cell(cell, ..) = slot {
        let context = Context {
            items: 0,
            ..context
        };
        writer.blocks(&cell.children, context);
    }
    writer.end(true);
    let inside = std::mem::replace(&mut writer.body, before);
    writer.body.push_str(&inside);
    writer.body.push_str("</w:tc>");
}

impl Slot<'_> {
    fn width(&self) -> usize {
        match self {
            Self::Cell(_, width, _) | Self::Reached(width) => *width,
        }
    }
}

fn span(cell: &Element, key: &str) -> usize {
    let span = cell.attributes.get(key).and_then(Value::as_u64);
    usize::try_from(span.unwrap_or(1).clamp(1, SPAN_MAX)).unwrap_or(1)
}

/// What stands in each row, with what reaches into it from above.
fn slots(table: &Element) -> Vec<Vec<Slot<'_>>> {
    // Column → how many rows are still reached, and how wide it is.
    let mut reached: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    let rows = table.children.iter().filter_map(|row| match row {
        Node::Element(row) => Some(row),
        Node::Text(_) => None,
    });
    let mut out = Vec::new();
    for row in rows {
        let (mut slots, mut column) = (Vec::new(), 0);
        let mut cells = row.children.iter().filter_map(|cell| match cell {
            Node::Element(cell) => Some(cell),
            Node::Text(_) => None,
        });
        let mut next = BTreeMap::new();
        loop {
            if let Some((left, width)) = reached.remove(&column) {
                slots.push(Slot::Reached(width));
                if left > 1 {
                    next.insert(column, (left - 1, width));
                }
                column += width;
                continue;
            }
            let Some(cell) = cells.next() else {
                // What reaches further to the right stays behind an end of the row.
                let Some((&further, _)) = reached.iter().find(|(at, _)| **at > column) else {
                    break;
                };
                column = further;
                continue;
            };
            let (mut width, height) = (span(cell, "colspan"), span(cell, "rowspan"));
            // It ends where another one reaches into the row.
            if let Some((at, _)) = reached.range(column..).next() {
                width = width.min(at - column);
            }
            width = width.min(COLUMNS_MAX.saturating_sub(column).max(1));
            slots.push(Slot::Cell(cell, width, height));
            if height > 1 {
                next.insert(column, (height - 1, width));
            }
            column += width;
        }
        reached = next;
        out.push(slots);
    }
    out
}

/// Reads a table; `blocks` reads what is in a cell.
pub(super) fn read(tag: &Tag, mut blocks: impl FnMut(&Tag) -> Vec<Node>) -> Option<Node> {
    let mut rows: Vec<Vec<Element>> = Vec::new();
    // Column → row and place of the cell that reaches down there.
    let mut reaching: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    for row in tag.tags().filter(|tag| tag.name == "tr") {
        let is_header_row = row
            .child("trPr")
            .and_then(|properties| properties.child("tblHeader"))
            .is_some_and(super::properties::is_on);
        let (mut cells, mut column) = (Vec::new(), 0);
        for cell in row.tags().filter(|tag| tag.name == "tc") {
            let properties = cell.child("tcPr");
            let property = |name| properties.and_then(|properties| properties.child(name));
            let width = property("gridSpan").and_then(|span| span.get("val")?.parse().ok());
            let width = width.unwrap_or(1_u64).clamp(1, SPAN_MAX);
            let merge = property("vMerge").map(|merge| merge.get("val").unwrap_or("continue"));
            if merge == Some("continue")
                && let Some((row, place)) = reaching.get(&column)
                && let Some(above) = rows.get_mut(*row).and_then(|row| row.get_mut(*place))
            {
                let height = span(above, "rowspan") as u64;
                above
                    .attributes
                    .insert("rowspan".into(), (height + 1).into());
                column += width as usize;
                continue;
            }
            let is_header = is_header_row
                || property("cnfStyle").is_some_and(|style| style.get("firstRow") == Some("1"));
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
            if width > 1 {
                element = element.with("colspan", width);
            }
            match merge {
                Some("restart") => reaching.insert(column, (rows.len(), cells.len())),
                _ => reaching.remove(&column),
            };
            cells.push(element);
            column += width as usize;
        }
        rows.push(cells);
    }
    let rows: Vec<Node> = rows
        .into_iter()
        .map(|cells| {
            let cells = cells.into_iter().map(Node::Element).collect();
            Element::new("tableRow", cells).into()
        })
        .collect();
    (!rows.is_empty()).then(|| Element::new("table", rows).into())
}
