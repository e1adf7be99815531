//! What goes out comes back; what others wrote is read; what is hostile is refused.

use proptest::{collection::vec, prelude::*};
use unisson_content::{Element, Form, Node, tree::paragraph};

use crate::{
    Document, Format, OfficeError, Pictures,
    build::list_of,
    inline::{self, Link, Look, Piece},
    package::pack,
    read, write,
};

const FORMATS: [Format; 2] = [Format::Docx, Format::Odt];
/// A picture of 16 by 32 pixels, as far as anybody here looks.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x20\x08";

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zé <&>\"'\t]{1,12}",
        "[ ]{1,4}",
        "[\u{20}-\u{7e}\u{a1}-\u{2fff}]{1,8}".prop_filter("a box is a task", |text| {
            !text.contains(['\u{2610}', '\u{2611}', '\u{2612}'])
        }),
    ]
}

fn look() -> impl Strategy<Value = Look> {
    any::<[bool; 5]>().prop_map(|[bold, italic, underline, strike, code]| Look {
        bold,
        italic,
        underline,
        strike,
        code,
    })
}

fn link() -> impl Strategy<Value = Option<Link>> {
    let target = prop_oneof![
        Just("https://example.org/a?b=c&d".to_owned()),
        Just("mailto:a@example.org".to_owned()),
        Just("attachments/0a/plan%20b.pdf".to_owned()),
        Just("#part".to_owned()),
        Just("/s/space/page".to_owned()),
    ];
    proptest::option::weighted(
        0.2,
        (target, "[a-z\"]{0,4}").prop_map(|(target, title)| Link { target, title }),
    )
}

fn line() -> impl Strategy<Value = Vec<Node>> {
    let piece = prop_oneof![
        6 => (text(), look(), link()).prop_map(|(text, look, link)| Piece::Text(text, look, link)),
        1 => Just(Piece::Break),
    ];
    vec(piece, 0..4).prop_map(|pieces| inline::nodes(&pieces))
}

fn plain() -> impl Strategy<Value = Node> {
    line().prop_map(|line| Element::new("paragraph", line).into())
}

fn code() -> impl Strategy<Value = Node> {
    let language = prop_oneof![Just(""), Just("rust"), Just("C++")];
    ("[a-z <&\n]{0,20}", language).prop_map(|(text, language)| {
        let line = [Piece::Text(text, Look::default(), None)];
        let code = Element::new("codeBlock", inline::nodes(&line));
        match language {
            "" => code.into(),
            language => code.with("language", language).into(),
        }
    })
}

fn image() -> impl Strategy<Value = Node> {
    ("[a-zé\"]{0,6}", "[a-z]{0,4}", any::<bool>()).prop_map(|(alt, title, is_sized)| {
        let mut image = Element::new("image", Vec::new()).with("src", "pictures/1.png");
        for (key, value) in [("alt", alt), ("title", title)] {
            if !value.is_empty() {
                image = image.with(key, value);
            }
        }
        match is_sized {
            true => image.with("width", 100).with("height", 50).into(),
            false => image.into(),
        }
    })
}

fn table(block: impl Strategy<Value = Node> + Clone + 'static) -> impl Strategy<Value = Node> {
    let cell = (vec(block, 1..3), 0..4_u8);
    (vec(vec(cell, 2), 1..4), any::<bool>()).prop_map(|(rows, is_merged)| {
        let count = rows.len();
        let rows = rows.into_iter().enumerate().map(|(at, cells)| {
            let cells = cells
                .into_iter()
                .enumerate()
                .map(|(column, (children, header))| {
                    // A row of nothing but headers is one of headers for everybody.
                    let name = if header == 0 {
                        "tableHeader"
                    } else {
                        "tableCell"
                    };
                    let cell = Element::new(name, children);
                    match (at, column) {
                        (0, 1) if is_merged && count > 1 => cell.with("rowspan", 2),
                        _ => cell,
                    }
                });
            let mut cells: Vec<Element> = cells.collect();
            if is_merged && at == 1 {
                cells.pop();
            }
            if is_merged && at == 2 {
                cells.truncate(1);
                cells = cells
                    .into_iter()
                    .map(|cell| cell.with("colspan", 2))
                    .collect();
            }
            Element::new("tableRow", cells.into_iter().map(Node::Element).collect()).into()
        });
        Element::new("table", rows.collect()).into()
    })
}

fn block() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        4 => plain(),
        2 => (line(), 1..7_u64).prop_map(|(line, level)| {
            Node::Element(Element::new("heading", line).with("level", level))
        }),
        1 => code(),
        1 => Just(Node::Element(Element::new("horizontalRule", Vec::new()))),
        1 => image(),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let item = (plain(), vec(inner.clone(), 0..3), any::<bool>());
        let items = vec(item, 1..4);
        let list = (items, 0..3_u8, 1..5_u64).prop_map(|(items, kind, start)| {
            let items = items.into_iter().map(|(first, rest, checked)| {
                let blocks = std::iter::once(first).chain(rest).collect();
                (blocks, Some(checked))
            });
            list_of(items.collect(), kind == 0, (kind == 1).then_some(start))
        });
        prop_oneof![
            2 => list,
            1 => vec(inner.clone(), 1..4).prop_map(|blocks| {
                Node::Element(Element::new("blockquote", blocks))
            }),
            1 => table(inner.boxed()),
        ]
    })
}

fn shown(nodes: &[Node]) -> String {
    Form::ProseMirror.render(nodes)
}

fn pictures() -> Pictures {
    Pictures::from([("pictures/1.png".to_owned(), PNG.to_vec())])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_the_editor_makes_comes_back_as_it_was(nodes in vec(block(), 1..5)) {
        for format in FORMATS {
            let document = Document { nodes: nodes.clone(), ..Document::default() };
            let bytes = write(format, &document, &pictures()).expect("written");
            let (back, _) = read(format, &bytes).expect("reads");
            // Each picture of the text is one of its own.
            let back = shown(&back.nodes);
            let back = (2..30).fold(back, |back, number| {
                back.replace(&format!("pictures/{number}.png"), "pictures/1.png")
            });
            prop_assert_eq!(shown(&nodes), back, "{:?}", format);
        }
    }

    #[test]
    fn broken_files_are_errors_and_nothing_else(at in any::<prop::sample::Index>(), byte: u8) {
        for format in FORMATS {
            let document = Document { nodes: vec![paragraph("text")], ..Document::default() };
            let mut bytes = write(format, &document, &Pictures::new()).expect("written");
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = read(format, &bytes);
            bytes.truncate(at);
            let _ = read(format, &bytes);
        }
    }
}

#[test]
fn title_language_and_the_picture_itself_come_back() {
    for format in FORMATS {
        let image = Element::new("image", Vec::new()).with("src", "attachments/0a/x.png");
        let document = Document {
            title: Some("Cellule de crise <1>".into()),
            language: Some("en-GB".into()),
            nodes: vec![image.into()],
        };
        let pictures = Pictures::from([("attachments/0a/x.png".to_owned(), PNG.to_vec())]);
        let bytes = write(format, &document, &pictures).expect("written");
        assert_eq!(bytes, write(format, &document, &pictures).expect("written"));
        let (back, pictures) = read(format, &bytes).expect("reads");
        assert_eq!(
            (&back.title, &back.language),
            (&document.title, &document.language)
        );
        assert_eq!(pictures.get("pictures/1.png").map(Vec::as_slice), Some(PNG));
    }
}

#[test]
fn a_picture_that_is_elsewhere_is_a_link() {
    for format in FORMATS {
        let image = Element::new("image", Vec::new())
            .with("src", "https://example.org/x.png")
            .with("alt", "a plan");
        let document = Document {
            nodes: vec![image.into()],
            ..Document::default()
        };
        let bytes = write(format, &document, &Pictures::new()).expect("written");
        let back = shown(&read(format, &bytes).expect("reads").0.nodes);
        assert!(
            back.contains("a plan") && back.contains("https://example.org/x.png"),
            "{back}"
        );
    }
}

#[test]
fn what_nobody_here_knows_leaves_its_text() {
    let text = |text: &str| {
        let line = [Piece::Text(text.into(), Look::default(), None)];
        inline::nodes(&line)
    };
    let mention = Element::new("mention", Vec::new()).with("label", "Awa");
    let nodes = vec![
        Element::new(
            "fancyCard",
            vec![Element::new("paragraph", text("inside")).into()],
        )
        .into(),
        Element::new("strange", text("bare")).into(),
        Element::new("paragraph", vec![mention.into()]).into(),
    ];
    for format in FORMATS {
        let document = Document {
            nodes: nodes.clone(),
            ..Document::default()
        };
        let bytes = write(format, &document, &Pictures::new()).expect("written");
        let back = Form::Text.render(&read(format, &bytes).expect("reads").0.nodes);
        assert_eq!(back.trim(), "inside\n\nbare\n\nAwa");
    }
}

fn packed(name: &str, text: &str) -> Vec<u8> {
    let parts = [(name.to_owned(), text.as_bytes().to_vec())];
    pack(&parts, 0, &Pictures::new()).expect("packed")
}

#[test]
fn word_paragraphs_are_read_by_what_their_styles_say() {
    let body = r#"<w:document xmlns:w="w"><w:body>
        <w:p><w:pPr><w:outlineLvl w:val="1"/></w:pPr><w:r><w:t>Part</w:t></w:r></w:p>
        <w:p><w:r><w:rPr><w:b w:val="0"/><w:i/></w:rPr><w:t>two</w:t></w:r>
        <w:ins><w:r><w:t xml:space="preserve"> three</w:t></w:r></w:ins>
        <w:del><w:r><w:delText>gone</w:delText></w:r></w:del></w:p>
        <w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="7"/></w:numPr></w:pPr>
        <w:r><w:t>&#x2611; done</w:t></w:r></w:p>
        </w:body></w:document>"#;
    let (document, _) = read(Format::Docx, &packed("word/document.xml", body)).expect("reads");
    assert_eq!(
        Form::Markdown.render(&document.nodes),
        "## Part\n\n*two* three\n\n- [x] done\n"
    );
}

#[test]
fn bombs_and_other_files_are_refused() {
    for format in FORMATS {
        assert!(matches!(
            read(format, b"not a zip"),
            Err(OfficeError::Malformed(_))
        ));
        assert!(matches!(
            read(format, &packed("x", "y")),
            Err(OfficeError::Malformed(_))
        ));
    }
    let long = format!("<a>{}</a>", " ".repeat(40 << 20));
    let bomb = packed("content.xml", &long);
    assert!(bomb.len() < 100_000);
    assert!(matches!(
        read(Format::Odt, &bomb),
        Err(OfficeError::TooLarge(_))
    ));
    let deep = "<w:sdt><w:sdtContent>".repeat(200);
    let text = format!("<w:document><w:body>{deep}");
    let read = read(Format::Docx, &packed("word/document.xml", &text));
    assert_eq!(read.err(), Some(OfficeError::TooDeep));
}
