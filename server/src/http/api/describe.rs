//! Adds what all calls have in common to what their modules say: who may ask, how refusals look,
//! which document an address is about.

use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

use crate::http::codes::CODES;

/// How a document is named in a path.
const DOCUMENT: &str = "{document}";
const METHODS: [&str; 6] = ["get", "head", "post", "put", "patch", "delete"];

/// The whole description.
pub(super) fn describe(of_code: OpenApi) -> Value {
    let mut description = serde_json::to_value(of_code).unwrap_or_default();
    let Some(whole) = description.as_object_mut() else {
        return description;
    };
    whole.insert("info".into(), info());
    whole.insert(
        "security".into(),
        json!([{ "token": [] }, { "token_in_query": [] }]),
    );
    whole.insert("tags".into(), tags());
    let components = whole.entry("components").or_insert_with(|| json!({}));
    if let Some(components) = components.as_object_mut() {
        components.insert("securitySchemes".into(), schemes());
        components.insert("responses".into(), json!({ "Refusal": refusal() }));
        let schemas = components.entry("schemas").or_insert_with(|| json!({}));
        if let Some(schemas) = schemas.as_object_mut() {
            schemas.insert("Problem".into(), problem());
        }
    }
    let paths = whole.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        let item = item.as_object_mut().into_iter().flatten();
        let calls = item.filter(|(method, _)| METHODS.contains(&method.as_str()));
        for (_, call) in calls {
            if let Some(call) = call.as_object_mut() {
                complete(path, call);
            }
        }
    }
    description
}

fn complete(path: &str, call: &mut Map<String, Value>) {
    if path.contains(DOCUMENT) {
        let parameters = call.entry("parameters").or_insert_with(|| json!([]));
        if let Some(parameters) = parameters.as_array_mut()
            && !parameters.iter().any(|known| known["name"] == "document")
        {
            parameters.insert(0, document());
        }
    }
    let responses = call.entry("responses").or_insert_with(|| json!({}));
    if let Some(responses) = responses.as_object_mut() {
        let refusal = || json!({ "$ref": "#/components/responses/Refusal" });
        responses.entry("default").or_insert_with(refusal);
    }
}

fn document() -> Value {
    json!({
        "name": "document",
        "in": "path",
        "required": true,
        "description": "The document's name, percent-encoded: a `/` in it is written `%2F`",
        "schema": {
            "type": "string",
            "minLength": 1,
            "maxLength": unisson_protocol::DocName::BYTES_MAX,
            // No control characters, and not blank.
            "pattern": r"^[^\u0000-\u001f\u007f-\u009f]*[^\u0000-\u0020\u007f-\u00a0][^\u0000-\u001f\u007f-\u009f]*$",
        },
        "example": "team/monday-meeting",
    })
}

fn info() -> Value {
    json!({
        "title": "Unisson",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Documents that many people write at once",
        "description": "Each change is an edit like anybody's: people who have the document open see \
            it at once, it clobbers nothing, and its author stands in the history. An answer is given \
            once the change is durable.",
        "license": { "name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE") },
    })
}

fn tags() -> Value {
    json!([
        { "name": "documents", "description": "Documents: their names, their trash, who is there" },
        { "name": "content", "description": "What a document says, in the forms that programs read and write" },
        { "name": "attachments", "description": "Files of a document: added in one piece or in several, read, deleted and brought back" },
        { "name": "history", "description": "Versions, differences, authors, and bringing back what was" },
        { "name": "comments", "description": "What people say about a document, or about a place in it" },
        { "name": "search", "description": "Finding pages by what they say, what links where, tasks, and what has happened" },
        { "name": "spaces", "description": "Spaces: who belongs to them as what, their pages, their links" },
        { "name": "me", "description": "What is your own: favourites, what you have read, what you have ticked. Nobody else can ask for it" },
        { "name": "tokens", "description": "Tokens made here" },
        { "name": "webhooks", "description": "Whom events are told, how that is going, sending again. For operators (a static token with `access = \"admin\"` and no prefix in the header, or a sign-in in a group of `[admin]`), and for the facilitators and owners of a space after its own" },
        { "name": "audit", "description": "Who did what. For operators, as above" },
        { "name": "administration", "description": "How the server is doing, who is connected, whom to keep out, the banner. For operators, as above" },
        { "name": "about", "description": "This description" },
    ])
}

fn schemes() -> Value {
    json!({
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token of the settings, one that the portal has signed, or one made by \
                `POST /api/v1/tokens`",
        },
        "token_in_query": {
            "type": "apiKey",
            "in": "query",
            "name": "token",
            "description": "The same in the address. Addresses stay in logs and histories: prefer the header",
        },
    })
}

fn refusal() -> Value {
    json!({
        "description": "Refused, and nothing was changed unless `detail` says so",
        "content": {
            "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } },
        },
    })
}

fn problem() -> Value {
    let codes: Vec<&str> = CODES.iter().map(|code| code.code).collect();
    let lines = CODES
        .iter()
        .map(|code| format!("- `{}` ({}): {}", code.code, code.status, code.meaning));
    json!({
        "type": "object",
        "description": format!(
            "Why a request is refused (RFC 9457). Programs look at `code`:\n\n{}",
            lines.collect::<Vec<_>>().join("\n")
        ),
        "required": ["type", "title", "status", "code", "detail"],
        "properties": {
            "type": { "type": "string", "const": "about:blank" },
            "title": { "type": "string", "description": "The status in words" },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "code": { "type": "string", "enum": codes },
            "detail": { "type": "string", "description": "A sentence for people" },
        },
    })
}
