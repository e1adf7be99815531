//! Which files are let in: by the end of their name, if their bytes do not say otherwise.
//!
//! A browser is told the type of this table and never one that somebody made up; only pictures that
//! hold no program are shown in place, everything else is offered to be saved.

/// A kind of file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    /// How its names end.
    extensions: &'static [&'static str],
    pub(crate) media_type: &'static str,
    /// What its first bytes may be taken for; empty: text, in which nothing else is recognised.
    looks: &'static [&'static str],
    /// Browsers show it where it stands.
    pub(crate) is_shown: bool,
}

/// Why a file is not let in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KindError {
    #[error("files of this kind are not let in: {}", extensions())]
    Unknown,
    #[error("the name says {said}, and the file is something else{}", .is.map(|is| format!(" ({is})")).unwrap_or_default())]
    Lies {
        said: &'static str,
        is: Option<&'static str>,
    },
    #[error("the name says {of_name}, and Content-Type says {of_header}")]
    Disagree {
        of_name: &'static str,
        of_header: String,
    },
    #[error("the file is empty")]
    Empty,
}

const fn shown(
    extensions: &'static [&'static str],
    media_type: &'static str,
    looks: &'static [&'static str],
) -> Kind {
    Kind {
        extensions,
        media_type,
        looks,
        is_shown: true,
    }
}

const fn saved(
    extensions: &'static [&'static str],
    media_type: &'static str,
    looks: &'static [&'static str],
) -> Kind {
    Kind {
        extensions,
        media_type,
        looks,
        is_shown: false,
    }
}

const ZIP: &str = "application/zip";
const OLE: &str = "application/x-ole-storage";
const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const PPTX: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";
const ODT: &str = "application/vnd.oasis.opendocument.text";
const ODS: &str = "application/vnd.oasis.opendocument.spreadsheet";
const ODP: &str = "application/vnd.oasis.opendocument.presentation";
const EPUB: &str = "application/epub+zip";

/// Every kind. Programs, pages and macros are not among them.
const KINDS: &[Kind] = &[
    shown(&["png"], "image/png", &["image/png"]),
    shown(&["jpg", "jpeg"], "image/jpeg", &["image/jpeg"]),
    shown(&["gif"], "image/gif", &["image/gif"]),
    shown(&["webp"], "image/webp", &["image/webp"]),
    shown(&["avif"], "image/avif", &["image/avif"]),
    saved(&["svg"], "image/svg+xml", &[]),
    saved(&["heic", "heif"], "image/heif", &["image/heif"]),
    saved(&["pdf"], "application/pdf", &["application/pdf"]),
    saved(&["docx"], DOCX, &[DOCX, ZIP]),
    saved(&["xlsx"], XLSX, &[XLSX, ZIP]),
    saved(&["pptx"], PPTX, &[PPTX, ZIP]),
    saved(&["odt"], ODT, &[ODT, ZIP]),
    saved(&["ods"], ODS, &[ODS, ZIP]),
    saved(&["odp"], ODP, &[ODP, ZIP]),
    saved(
        &["odg"],
        "application/vnd.oasis.opendocument.graphics",
        &[ZIP],
    ),
    saved(&["doc"], "application/msword", &["application/msword", OLE]),
    saved(
        &["xls"],
        "application/vnd.ms-excel",
        &["application/vnd.ms-excel", OLE],
    ),
    saved(
        &["ppt"],
        "application/vnd.ms-powerpoint",
        &["application/vnd.ms-powerpoint", OLE],
    ),
    saved(&["epub"], EPUB, &[EPUB, ZIP]),
    saved(&["zip"], ZIP, &[ZIP, DOCX, XLSX, PPTX, ODT, ODS, ODP, EPUB]),
    saved(&["mp3"], "audio/mpeg", &["audio/mpeg"]),
    saved(&["m4a"], "audio/mp4", &["audio/m4a", "video/mp4"]),
    saved(
        &["ogg", "oga", "opus"],
        "audio/ogg",
        &["audio/ogg", "audio/opus"],
    ),
    saved(&["wav"], "audio/wav", &["audio/x-wav"]),
    saved(&["mp4", "m4v"], "video/mp4", &["video/mp4", "video/x-m4v"]),
    saved(&["webm"], "video/webm", &["video/webm", "video/x-matroska"]),
    saved(
        &["mov"],
        "video/quicktime",
        &["video/quicktime", "video/mp4"],
    ),
    saved(&["txt", "log"], "text/plain", &[]),
    saved(&["md", "markdown"], "text/markdown", &[]),
    saved(&["csv"], "text/csv", &[]),
    saved(&["tsv"], "text/tab-separated-values", &[]),
    saved(&["json", "geojson"], "application/json", &[]),
    saved(&["yaml", "yml"], "application/yaml", &[]),
    saved(&["ics"], "text/calendar", &[]),
    saved(&["vcf"], "text/vcard", &[]),
];

fn extensions() -> String {
    let all: Vec<&str> = KINDS
        .iter()
        .flat_map(|kind| kind.extensions.iter().copied())
        .collect();
    format!("names end in {}", all.join(", "))
}

/// The kind of a file by its name; `declared` is what its sender says of it, if anything.
pub(crate) fn kind_of(name: &str, declared: Option<&str>) -> Result<&'static Kind, KindError> {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    let extension = extension.unwrap_or_default().to_ascii_lowercase();
    let known = KINDS
        .iter()
        .find(|kind| kind.extensions.contains(&extension.as_str()));
    let kind = known.ok_or(KindError::Unknown)?;
    let declared = declared.and_then(|declared| declared.split(';').next());
    let declared = declared.unwrap_or_default().trim().to_ascii_lowercase();
    // Systems call one kind of file many names (a table of text is Excel's to some): what counts is
    // that nothing else comes in as a picture that is shown, and no picture as something else.
    let other = KINDS.iter().find(|kind| kind.media_type == declared);
    match other {
        Some(other) if other != kind && (other.is_shown || kind.is_shown) => {
            Err(KindError::Disagree {
                of_name: kind.media_type,
                of_header: declared,
            })
        }
        _ => Ok(kind),
    }
}

/// The kind whose type this is: of what was let in before.
pub(crate) fn is_shown(media_type: &str) -> bool {
    let kind = KINDS.iter().find(|kind| kind.media_type == media_type);
    kind.is_some_and(|kind| kind.is_shown)
}

impl Kind {
    /// An error where the bytes are something else.
    pub(crate) fn check(&self, body: &[u8]) -> Result<(), KindError> {
        if body.is_empty() {
            return Err(KindError::Empty);
        }
        let is = infer::get(body).map(|found| found.mime_type());
        let lies = KindError::Lies {
            said: self.media_type,
            is,
        };
        let fits = match (is, self.looks.is_empty()) {
            (Some(is), false) => self.looks.contains(&is),
            (None, false) => false,
            // A text may begin like a page or a script, which is no harm: it is shown as text.
            (Some(is), true) => is.starts_with("text/"),
            (None, true) => std::str::from_utf8(body).is_ok() || is_latin(body),
        };
        if fits { Ok(()) } else { Err(lies) }
    }
}

/// Old spreadsheets write tables of text in one byte a letter.
fn is_latin(body: &[u8]) -> bool {
    !body
        .iter()
        .any(|byte| *byte < 0x09 || (0x0e..0x20).contains(byte) || *byte == 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    #[test]
    fn a_file_is_what_its_name_says_if_its_bytes_agree() {
        let png = kind_of("Plan É.PNG", Some("image/png")).expect("a picture");
        assert_eq!(png.media_type, "image/png");
        assert_eq!(png.check(PNG), Ok(()));
        assert!(matches!(
            png.check(b"<script>"),
            Err(KindError::Lies { .. })
        ));
        let text = kind_of("notes.txt", None).expect("a text");
        assert_eq!(text.check("é\n".as_bytes()), Ok(()));
        assert_eq!(text.check(b"caf\xe9\n"), Ok(()));
        assert!(text.check(PNG).is_err());
        assert_eq!(text.check(b""), Err(KindError::Empty));
    }

    #[test]
    fn programs_and_pages_are_not_let_in_under_any_name() {
        for name in [
            "run.exe",
            "page.html",
            "x.svgz",
            "no-end",
            "doc.docm",
            ".png.js",
            "",
        ] {
            assert_eq!(kind_of(name, None), Err(KindError::Unknown), "{name}");
        }
        let program = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff";
        let named = kind_of("holiday.jpg", None).expect("a picture");
        assert!(named.check(program).is_err());
    }

    #[test]
    fn the_header_may_say_nothing_or_the_same() {
        assert!(kind_of("a.png", Some("application/octet-stream")).is_ok());
        assert!(kind_of("a.csv", Some("application/vnd.ms-excel; charset=utf-8")).is_ok());
        assert!(kind_of("a.txt", Some("image/png")).is_err());
        let both = kind_of("a.png", Some("text/plain"));
        assert!(matches!(both, Err(KindError::Disagree { .. })));
    }

    #[test]
    fn nothing_that_can_run_is_shown_in_place() {
        assert!(is_shown("image/png"));
        assert!(!is_shown("image/svg+xml"));
        assert!(!is_shown("application/pdf"));
        assert!(!is_shown("text/html"));
    }
}
