//! Which addresses may stand in a document: none that runs code. The same rules as in the editor.

const LINK_SCHEMES: [&str; 6] = ["http", "https", "mailto", "tel", "ftp", "sms"];
const IMAGE_KINDS: [&str; 5] = ["png", "jpeg", "gif", "webp", "avif"];

/// Browsers skip white space and control characters inside a scheme.
fn scheme(address: &str) -> Option<String> {
    let bare: String = address
        .chars()
        .filter(|character| !character.is_control() && !character.is_whitespace())
        .collect();
    let (scheme, _) = bare.split_once(':')?;
    let mut letters = scheme.chars();
    let is_scheme = letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|letter| letter.is_ascii_alphanumeric() || "+.-".contains(letter));
    is_scheme.then(|| scheme.to_ascii_lowercase())
}

fn trimmed(address: &str) -> Option<String> {
    let address = address.trim();
    (!address.is_empty()).then(|| address.to_owned())
}

/// The address where it may be followed.
pub(crate) fn safe_link(address: &str) -> Option<String> {
    match scheme(address) {
        Some(scheme) if !LINK_SCHEMES.contains(&scheme.as_str()) => None,
        _ => trimmed(address),
    }
}

/// The address where it may be loaded as an image.
pub(crate) fn safe_image(address: &str) -> Option<String> {
    match scheme(address).as_deref() {
        None | Some("http" | "https") => trimmed(address),
        Some("data") => {
            let kind = address.trim().get(..11)?.to_ascii_lowercase();
            let rest = address.trim().get(11..)?.to_ascii_lowercase();
            let known = IMAGE_KINDS.iter().any(|known| {
                rest.strip_prefix(known)
                    .is_some_and(|rest| rest.starts_with(';'))
            });
            (kind == "data:image/" && known).then(|| address.trim().to_owned())
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_run_code_are_none() {
        for bad in [
            "javascript:alert(1)",
            " JaVaScRiPt:alert(1)",
            "java\nscript:alert(1)",
            "\u{1}javascript:alert(1)",
            "vbscript:x",
            "data:text/html,<script>",
            "",
        ] {
            assert_eq!(safe_link(bad), None, "{bad:?}");
            assert_eq!(safe_image(bad), None, "{bad:?}");
        }
        assert_eq!(safe_image("data:image/svg+xml;base64,x"), None);
        assert!(safe_image("data:image/png;base64,x").is_some());
        assert!(safe_link("mailto:a@example.org").is_some());
        assert!(safe_link("/relative?a=b:c").is_some());
        assert!(safe_link("#part").is_some());
    }
}
