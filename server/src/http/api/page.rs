//! The description as a page: plain HTML, without a script, made of the same value that programs
//! read.

use std::fmt::Write as _;

use serde_json::Value;
use unisson_history::escaped;

const METHODS: [&str; 6] = ["get", "head", "post", "put", "patch", "delete"];
/// Schemas refer to schemas; a page goes so deep.
const DEPTH_MAX: usize = 6;

/// Words of the page itself; what calls do is said in the language of the code.
struct Words {
    language: &'static str,
    title: &'static str,
    for_programs: &'static str,
    parameters: &'static str,
    body: &'static str,
    answers: &'static str,
    codes: &'static str,
    required: &'static str,
    contents: &'static str,
    no_token: &'static str,
}

const ENGLISH: Words = Words {
    language: "en",
    title: "The HTTP API",
    for_programs: "The same for programs (OpenAPI 3.1)",
    parameters: "Parameters",
    body: "Body",
    answers: "Answers",
    codes: "Codes of refusals",
    required: "required",
    contents: "Calls",
    no_token: "needs no token",
};

const FRENCH: Words = Words {
    language: "fr",
    title: "L’API HTTP",
    for_programs: "La même pour les programmes (OpenAPI 3.1)",
    parameters: "Paramètres",
    body: "Corps",
    answers: "Réponses",
    codes: "Codes de refus",
    required: "obligatoire",
    contents: "Appels",
    no_token: "sans jeton",
};

/// The page.
pub(super) fn page(description: &Value, french: bool) -> String {
    let words = if french { &FRENCH } else { &ENGLISH };
    let mut calls = String::new();
    let mut contents = String::new();
    for tag in array(&description["tags"]) {
        let name = text(&tag["name"]);
        let mut section = String::new();
        let mut links = String::new();
        for (path, item) in object(&description["paths"]) {
            for method in METHODS {
                let call = &item[method];
                if array(&call["tags"]).iter().any(|tag| tag == name) {
                    let id = escaped(text(&call["operationId"]));
                    let summary = escaped(text(&call["summary"]));
                    let _ = write!(links, "<li><a href=\"#{id}\">{summary}</a></li>");
                    push_call(description, (method, path), call, words, &mut section);
                }
            }
        }
        if !section.is_empty() {
            let about = escaped(text(&tag["description"]));
            let _ = write!(
                calls,
                "<h2 id=\"tag-{0}\">{0}</h2><p>{about}</p>{section}",
                escaped(name)
            );
            let _ = write!(
                contents,
                "<li><a href=\"#tag-{0}\">{0}</a><ul>{links}</ul></li>",
                escaped(name)
            );
        }
    }
    let info = &description["info"];
    let problem = &description["components"]["schemas"]["Problem"]["description"];
    format!(
        "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Unisson {} – {title}</title><style>{STYLE}</style></head><body>\
         <header><h1>{title}</h1><p class=\"soft\">Unisson {}</p><p>{}</p>\
         <p><a href=\"v1/openapi.json\">{}</a></p></header>\
         <nav aria-label=\"{contents_title}\"><ul>{contents}</ul></nav><main>{calls}\
         <h2 id=\"codes\">{}</h2>{}</main></body></html>",
        words.language,
        escaped(text(&info["version"])),
        escaped(text(&info["version"])),
        prose(text(&info["description"])),
        words.for_programs,
        words.codes,
        list_of_lines(text(problem)),
        title = words.title,
        contents_title = words.contents,
    )
}

fn push_call(
    description: &Value,
    (method, path): (&str, &str),
    call: &Value,
    words: &Words,
    page: &mut String,
) {
    let _ = write!(
        page,
        "<section aria-labelledby=\"{id}\"><h3 id=\"{id}\">{}</h3>\
         <p class=\"call\"><b class=\"{method}\">{}</b> <code>{}</code></p>",
        escaped(text(&call["summary"])),
        method.to_uppercase(),
        escaped(path),
        id = escaped(text(&call["operationId"])),
    );
    let about = text(&call["description"]);
    if !about.is_empty() {
        let _ = write!(page, "<p>{}</p>", prose(about));
    }
    if array(&call["security"])
        .iter()
        .any(|way| way == &serde_json::json!({}))
    {
        let _ = write!(page, "<p class=\"soft\">{}</p>", words.no_token);
    }
    push_parameters(call, words, page);
    let contents = &call["requestBody"]["content"];
    if !object(contents).is_empty() {
        let _ = write!(page, "<h4>{}</h4><dl>", words.body);
        for (kind, content) in object(contents) {
            push_schema(description, kind, &content["schema"], page);
        }
        page.push_str("</dl>");
    }
    let _ = write!(page, "<h4>{}</h4><dl>", words.answers);
    for (status, answer) in object(&call["responses"]) {
        let answer = resolve(description, answer);
        let _ = write!(
            page,
            "<dt><code>{}</code></dt><dd>{}</dd>",
            escaped(status),
            prose(text(&answer["description"]))
        );
        if status != "default" {
            for (kind, content) in object(&answer["content"]) {
                push_schema(description, kind, &content["schema"], page);
            }
        }
    }
    page.push_str("</dl></section>");
}

fn push_parameters(call: &Value, words: &Words, page: &mut String) {
    let parameters = array(&call["parameters"]);
    if parameters.is_empty() {
        return;
    }
    let _ = write!(page, "<h4>{}</h4><dl>", words.parameters);
    for parameter in parameters {
        let required = match parameter["required"] == true {
            true => format!(", {}", words.required),
            false => String::new(),
        };
        let _ = write!(
            page,
            "<dt><code>{}</code> <span class=\"soft\">{}{required}</span></dt><dd>{}</dd>",
            escaped(text(&parameter["name"])),
            escaped(text(&parameter["in"])),
            prose(text(&parameter["description"])),
        );
    }
    page.push_str("</dl>");
}

fn push_schema(description: &Value, kind: &str, schema: &Value, page: &mut String) {
    let mut shape = String::new();
    push_shape(description, schema, 0, &mut shape);
    let _ = write!(page, "<dt><code>{}</code></dt><dd>", escaped(kind));
    if !shape.is_empty() {
        let _ = write!(
            page,
            "<pre tabindex=\"0\"><code>{}</code></pre>",
            escaped(&shape)
        );
    }
    page.push_str("</dd>");
}

/// A schema as people write types.
fn push_shape(description: &Value, schema: &Value, depth: usize, shape: &mut String) {
    let schema = resolve(description, schema);
    let indent = "  ".repeat(depth + 1);
    let variants = [&schema["oneOf"], &schema["anyOf"]]
        .into_iter()
        .flat_map(array);
    let variants: Vec<&Value> = variants.filter(|one| one["type"] != "null").collect();
    if depth > DEPTH_MAX {
        shape.push('…');
    } else if !variants.is_empty() {
        for (at, variant) in variants.into_iter().enumerate() {
            shape.push_str(if at > 0 { " | " } else { "" });
            push_shape(description, variant, depth, shape);
        }
    } else if !array(&schema["enum"]).is_empty() {
        let values = array(&schema["enum"]).iter().map(Value::to_string);
        shape.push_str(&values.collect::<Vec<_>>().join(" | "));
    } else if !object(&schema["properties"]).is_empty() {
        shape.push_str("{\n");
        for (name, property) in object(&schema["properties"]) {
            let required = array(&schema["required"]).iter().any(|known| known == name);
            let _ = write!(shape, "{indent}{name}{}: ", if required { "" } else { "?" });
            push_shape(description, property, depth + 1, shape);
            let about = text(&property["description"])
                .lines()
                .next()
                .unwrap_or_default();
            if !about.is_empty() {
                let _ = write!(shape, "  // {about}");
            }
            shape.push('\n');
        }
        let _ = write!(shape, "{}}}", "  ".repeat(depth));
    } else if schema["type"] == "array" {
        push_shape(description, &schema["items"], depth, shape);
        shape.push_str("[]");
    } else {
        shape.push_str(&kind_of(schema));
    }
}

fn kind_of(schema: &Value) -> String {
    match &schema["type"] {
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => {
            let kinds = kinds.iter().filter_map(Value::as_str);
            kinds.collect::<Vec<_>>().join(" | ")
        }
        _ => "any".to_owned(),
    }
}

fn resolve<'a>(description: &'a Value, value: &'a Value) -> &'a Value {
    let pointer = value["$ref"].as_str().and_then(|to| to.strip_prefix('#'));
    let pointed = pointer.and_then(|pointer| description.pointer(pointer));
    pointed.unwrap_or(value)
}

/// Text with `code` in it.
fn prose(text: &str) -> String {
    let mut html = String::new();
    for (at, part) in text.split('`').enumerate() {
        match at % 2 {
            0 => html.push_str(&escaped(part)),
            _ => {
                let _ = write!(html, "<code>{}</code>", escaped(part));
            }
        }
    }
    html
}

fn list_of_lines(text: &str) -> String {
    let items = text.lines().filter_map(|line| line.strip_prefix("- "));
    let items: Vec<String> = items
        .map(|item| format!("<li>{}</li>", prose(item)))
        .collect();
    format!("<ul>{}</ul>", items.concat())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn object(value: &Value) -> Vec<(&String, &Value)> {
    value.as_object().into_iter().flatten().collect()
}

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#161616;--soft:#5f5f5f;--paper:#fff;--box:#f4f4f8;--accent:#000091}\
@media (prefers-color-scheme:dark){:root{--ink:#f0f0f0;--soft:#b0b0b0;--paper:#161616;--box:#24242c;--accent:#a5a5ff}}\
body{font:1rem/1.6 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:56rem;margin:0 auto;padding:2rem 1rem}\
h1,h2{color:var(--accent)}h2{margin-top:3rem;border-bottom:1px solid var(--soft)}h3{margin:2rem 0 0}h4{margin:1rem 0 0}\
.soft{color:var(--soft)}.call code{font-size:1.05rem}.call b{color:var(--accent)}\
dt{margin-top:.4rem}dd{margin:0 0 0 1.5rem}pre{background:var(--box);padding:.6rem 1rem;overflow-x:auto;border-radius:.4rem;margin:.2rem 0}\
a{color:var(--accent)}a:focus-visible,pre:focus-visible{outline:3px solid var(--accent);outline-offset:2px}";
