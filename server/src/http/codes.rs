//! The codes of refused requests: stable, and all of them here, for whoever writes a client.

/// A code, its status, and when it is met.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Code {
    pub(crate) code: &'static str,
    pub(crate) status: u16,
    pub(crate) meaning: &'static str,
}

const fn code(code: &'static str, status: u16, meaning: &'static str) -> Code {
    Code {
        code,
        status,
        meaning,
    }
}

/// Every code of the API, in alphabetical order. A test compares it with the sources.
pub(crate) const CODES: &[Code] = &[
    code(
        "anchor",
        422,
        "not a place for a comment; the text says why",
    ),
    code(
        "attachment-deleted",
        410,
        "the file was deleted, and can be brought back for a while",
    ),
    code("attachment-name", 400, "not a name for a file"),
    code(
        "attachment-type",
        415,
        "files of this kind are not let in, or the file is not what its name says",
    ),
    code(
        "attachments-full",
        422,
        "the document has as many files as it may",
    ),
    code("banner", 400, "not a banner"),
    code(
        "beyond-own-rights",
        403,
        "the order asks for more than one may hand on",
    ),
    code(
        "body",
        400,
        "the body does not read; 413 where it is too large, 415 where it is of another kind",
    ),
    code(
        "body-too-large",
        413,
        "the body is larger than any address takes",
    ),
    code("body-too-slow", 408, "the body did not come in time"),
    code("busy", 503, "too much is asked for now: try again"),
    code("comment", 422, "not a comment; the text says why"),
    code(
        "comments-full",
        422,
        "a limit of the document's comments is reached",
    ),
    code(
        "content",
        422,
        "the content does not read in this form; the text says where",
    ),
    code(
        "content-encoding",
        415,
        "send the body as it is, not compressed",
    ),
    code(
        "cross-site",
        403,
        "a page of another site asks for a change without saying which",
    ),
    code(
        "damaged",
        500,
        "an object of the store is damaged; an operator can help",
    ),
    code("document-name", 400, "the address holds no document's name"),
    code(
        "erased",
        410,
        "the document was erased, and its name is not free yet",
    ),
    code("exists", 409, "there is one of this name or id already"),
    code(
        "field",
        422,
        "which field of the document is meant is not clear, or it is of another kind",
    ),
    code("forbidden", 403, "the token is for something else"),
    code("format", 400, "the content is not to be had in this form"),
    code("guest-name", 400, "not a name for a guest"),
    code(
        "in-trash",
        410,
        "the document was deleted and is in the trash",
    ),
    code("label", 400, "not a label"),
    code("last-owner", 409, "a space needs an owner"),
    code("link-ended", 410, "the link's time is over"),
    code(
        "mark",
        422,
        "not a page, a space or an item of which something can be kept",
    ),
    code(
        "marks-full",
        422,
        "a person has as many favourites or ticks as they may",
    ),
    code("media-type", 415, "the form of the content is not known"),
    code("members", 400, "give between 1 and 1,000 members in a call"),
    code(
        "method",
        405,
        "the address knows other methods: see `Allow`",
    ),
    code("model", 400, "the space has too many pages to be a model"),
    code("no-audit-log", 404, "the audit log is switched off"),
    code(
        "no-index",
        503,
        "searching is switched off, or the index is not open: try again",
    ),
    code(
        "no-signing-key",
        501,
        "the server has no key to sign tokens with",
    ),
    code(
        "no-such-attachment",
        404,
        "the document has no such file or upload",
    ),
    code("no-such-comment", 404, "the thread has no such comment"),
    code("no-such-document", 404, "there is no document of this name"),
    code("no-such-heading", 422, "no heading reads so"),
    code(
        "no-such-link",
        404,
        "there is no such link, or it was revoked",
    ),
    code(
        "no-such-message",
        404,
        "no message of this id is remembered",
    ),
    code(
        "no-such-socket",
        404,
        "no socket of this id is open on this server",
    ),
    code(
        "no-such-space",
        404,
        "there is no such space, or you may not know of it",
    ),
    code("no-such-text", 422, "the text does not stand there"),
    code(
        "no-such-thread",
        404,
        "the document has no such thread of comments",
    ),
    code("no-such-version", 404, "the document has no such version"),
    code("no-such-webhook", 404, "there is no webhook of this id"),
    code("not-found", 404, "there is nothing at this address"),
    code(
        "not-in-space",
        404,
        "the space has no such member, group, page, grant or link",
    ),
    code("not-in-trash", 409, "the document is not in the trash"),
    code("not-kept-out", 404, "nobody of this id is kept out"),
    code(
        "only-this-machine",
        403,
        "nobody is asked who they are here, so only this machine is let in",
    ),
    code(
        "open-role",
        400,
        "whoever is no member is reader, commenter or editor",
    ),
    code(
        "operations",
        422,
        "the operations do not read, or are too many",
    ),
    code("origin", 403, "pages of this web origin may not ask"),
    code(
        "outcome-unknown",
        503,
        "the change may be made and is not known to be durable: look before trying again",
    ),
    code("page-id", 400, "not an id for a page"),
    code(
        "page-place",
        422,
        "the page does not go there; the text says why",
    ),
    code("pages", 400, "more pages than one call may ask about"),
    code("password", 400, "not a password for a link"),
    code("password-needed", 401, "the link has a password"),
    code("password-wrong", 403, "the link has another password"),
    code("person", 400, "not an id of a person or a group"),
    code("position", 400, "not a position among pages"),
    code(
        "precondition",
        412,
        "the document or the space is not as `If-Match` says",
    ),
    code("query", 400, "the address's query does not read"),
    code(
        "quota",
        507,
        "there is no room left here: nothing can be written",
    ),
    code("range", 416, "the file is not so long"),
    code(
        "read-only",
        403,
        "the token may read the document and not change it",
    ),
    code(
        "refused",
        409,
        "the document does not take the change; the text says why",
    ),
    code("role", 403, "your role here does not allow it"),
    code(
        "same-name",
        422,
        "a document cannot be copied or moved to itself",
    ),
    code(
        "sign-in-unavailable",
        503,
        "the token cannot be checked now: try again",
    ),
    code("signing", 500, "the token could not be signed"),
    code("space-full", 422, "a limit of the space is reached"),
    code("space-id", 400, "not an id for a space"),
    code("times", 400, "the times are not in order"),
    code("title", 400, "not a title, a name or a label"),
    code(
        "token-order",
        422,
        "the order of a token makes no sense; 4xx as for `body` where it does not read",
    ),
    code("too-deep", 422, "the content is nested too deeply"),
    code("too-large", 413, "the content is too large"),
    code(
        "too-many-forgotten",
        422,
        "as many people are being forgotten as may be",
    ),
    code(
        "too-many-kept-out",
        422,
        "as many people are kept out as may be",
    ),
    code(
        "too-many-passwords",
        429,
        "too many wrong passwords: see `Retry-After`",
    ),
    code(
        "too-many-requests",
        429,
        "over a rate: try again after `Retry-After`",
    ),
    code(
        "too-many-webhooks",
        422,
        "there are as many webhooks as there may be",
    ),
    code("tus-version", 412, "say `Tus-Resumable: 1.0.0`"),
    code(
        "unauthorized",
        401,
        "a token is needed, or this one is not good",
    ),
    code("unavailable", 503, "the store does not answer: try again"),
    code(
        "upload-headers",
        400,
        "a header of the upload does not read",
    ),
    code(
        "upload-offset",
        409,
        "so much has not come, or more has: ask how far it is",
    ),
    code("upload-pieces", 422, "the pieces are too small"),
    code("user", 400, "not a user"),
    code("version-id", 400, "not an id of a version"),
    code(
        "webhook-of-settings",
        409,
        "the webhook stands in the settings, and changes there",
    ),
    code(
        "webhook-order",
        422,
        "the order of a webhook makes no sense; the text says why",
    ),
    code(
        "webhook-target",
        422,
        "messages may not go to this address; the text says why",
    ),
];

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::CODES;

    /// Codes of addresses that are no part of the API.
    const ELSEWHERE: [&str; 13] = [
        "bad-name",
        "draining",
        "logout-token",
        "malformed",
        "no-address",
        "no-socket",
        "no-such-asset",
        "randomness",
        "slow",
        "sockets",
        "store-full",
        "store-stopped",
        "websocket",
    ];

    fn sources(folder: &Path, all: &mut String) {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                sources(&path, all);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let text = fs::read_to_string(&path).expect("a source");
                // Tests, this one too, have codes of their own.
                let code = text.split("#[cfg(test)]").next();
                all.push_str(code.unwrap_or_default());
            }
        }
    }

    /// What stands in quotes right after each of these.
    fn quoted_after(text: &str, marks: &[&str]) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for mark in marks {
            for (at, _) in text.match_indices(mark) {
                let rest = text[at + mark.len()..].trim_start();
                if let Some(rest) = rest.strip_prefix('"')
                    && let Some(end) = rest.find('"')
                {
                    found.insert(rest[..end].to_owned());
                }
            }
        }
        found
    }

    #[test]
    fn every_code_that_a_handler_gives_is_listed_and_no_other() {
        let mut all = String::new();
        sources(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http"),
            &mut all,
        );
        let marks = [
            "code: ",
            "bad_request(",
            "unready(",
            "unusable(",
            "StatusCode::UNAUTHORIZED, ",
            "StatusCode::SERVICE_UNAVAILABLE,",
            "StatusCode::FORBIDDEN, ",
            "StatusCode::GONE, ",
            "StatusCode::NOT_FOUND, ",
            "StatusCode::CONFLICT, ",
            "StatusCode::NOT_IMPLEMENTED, ",
            "StatusCode::UNPROCESSABLE_ENTITY, ",
            "StatusCode::INTERNAL_SERVER_ERROR, ",
            "StatusCode::PAYLOAD_TOO_LARGE, ",
            "StatusCode::PRECONDITION_FAILED, ",
            "StatusCode::BAD_REQUEST, ",
            "StatusCode::TOO_MANY_REQUESTS, ",
            "StatusCode::REQUEST_TIMEOUT, ",
            "StatusCode::INSUFFICIENT_STORAGE, ",
        ];
        let given = quoted_after(&all, &marks);
        let listed: BTreeSet<String> = CODES.iter().map(|code| code.code.to_owned()).collect();
        let unlisted: Vec<_> = given
            .iter()
            .filter(|code| !listed.contains(*code) && !ELSEWHERE.contains(&code.as_str()))
            .collect();
        assert!(unlisted.is_empty(), "not in CODES: {unlisted:?}");
        let unused: Vec<_> = listed
            .iter()
            .filter(|code| !given.contains(*code))
            .collect();
        assert!(unused.is_empty(), "nobody gives {unused:?}");
    }

    #[test]
    fn codes_are_in_order_and_once() {
        assert!(CODES.windows(2).all(|pair| pair[0].code < pair[1].code));
    }
}
