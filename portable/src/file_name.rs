//! File names for documents whose names nobody vouches for.
//!
//! A file name says a little of the document's name and is told apart by a hash of all of it. It
//! holds only `[a-z0-9-]`, so that it is the same on every file system; the manifest says which
//! document it is of.

/// The longest part that is taken from the document's name.
const READABLE_CHARS_MAX: usize = 40;
/// Bits of the hash: two documents of one export never meet.
const HASH_BYTES: usize = 10;

/// The name of a document's files, without what comes after the dot.
pub fn stem(name: &str) -> String {
    let hash = blake3::hash(name.as_bytes());
    let hash: String = hash
        .as_bytes()
        .iter()
        .take(HASH_BYTES)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    match readable(name).as_str() {
        "" => hash,
        readable => format!("{readable}-{hash}"),
    }
}

fn readable(name: &str) -> String {
    let mut text = String::new();
    for character in name.chars().flat_map(char::to_lowercase) {
        if text.len() >= READABLE_CHARS_MAX {
            break;
        }
        match without_accent(character) {
            letter if letter.is_ascii_alphanumeric() => text.push(letter),
            _ if !text.is_empty() && !text.ends_with('-') => text.push('-'),
            _ => {}
        }
    }
    text.trim_end_matches('-').to_owned()
}

/// The letter below the accents of western European languages, so that names stay readable.
fn without_accent(letter: char) -> char {
    match letter {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'æ' => 'a',
        'ç' => 'c',
        'è' | 'é' | 'ê' | 'ë' => 'e',
        'ì' | 'í' | 'î' | 'ï' => 'i',
        'ñ' => 'n',
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'œ' => 'o',
        'ß' => 's',
        'ù' | 'ú' | 'û' | 'ü' => 'u',
        'ý' | 'ÿ' => 'y',
        other => other,
    }
}

/// Whether a path of a manifest stays below its folder and is one that [`stem`] could have made:
/// names of the safe letters, parted by `/`, none beginning with a dot.
pub fn is_safe(path: &str) -> bool {
    let safe = |letter: u8| {
        letter.is_ascii_lowercase() || letter.is_ascii_digit() || b"-._".contains(&letter)
    };
    let part_is_safe = |part: &str| {
        !part.is_empty() && part.len() <= 128 && !part.starts_with('.') && part.bytes().all(safe)
    };
    path.split('/').all(part_is_safe) && path.split('/').count() <= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: [&str; 14] = [
        "../../etc/passwd",
        "/etc/passwd",
        "C:\\Windows\\x",
        "con",
        "NUL",
        ".hidden",
        "a/b/../c",
        "-rf",
        "Menu",
        "menu",
        "menu ",
        "日本語",
        "e\u{301}té",
        "%2e%2e%2f",
    ];

    #[test]
    fn hostile_names_give_safe_and_different_file_names() {
        let long = "x".repeat(4096);
        let names = HOSTILE
            .iter()
            .copied()
            .chain([long.as_str(), "\u{202e}gpj.exe"]);
        let stems: Vec<String> = names.map(stem).collect();
        for stem in &stems {
            assert!(is_safe(stem), "{stem}");
            assert!(stem.len() <= 64 && !stem.contains('.'), "{stem}");
        }
        let mut lower: Vec<_> = stems.iter().map(|stem| stem.to_lowercase()).collect();
        lower.sort();
        lower.dedup();
        assert_eq!(lower.len(), stems.len());
    }

    #[test]
    fn a_name_stays_recognisable() {
        assert!(stem("Menu de l'été / Août").starts_with("menu-de-l-ete-aout-"));
    }

    #[test]
    fn paths_that_leave_the_folder_are_not_safe() {
        for path in [
            "../x",
            "a/../../x",
            "/x",
            "a//b",
            "",
            "a\\b",
            "a/b/c/d",
            ".x",
            "A",
        ] {
            assert!(!is_safe(path), "{path}");
        }
        assert!(is_safe("documents/menu-0123.yjs"));
    }
}
