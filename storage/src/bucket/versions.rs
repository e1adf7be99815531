//! S3's list of object versions, the one call that the client library lacks. The request is signed
//! and sent by that library.

use std::{sync::Arc, time::Duration};

use chrono::DateTime;
use object_store::{
    aws::{AmazonS3, AmazonS3ConfigKey, AwsAuthorizer},
    client::{HttpClient, HttpConnector as _, HttpRequest, HttpRequestBody, ReqwestConnector},
};
use serde::Deserialize;

use super::BucketObject;
use crate::{
    place::{Place, PlaceError, RemoteOptions, client},
    retry::backoff,
};

/// Attempts for one page before the store is said to be down.
const TRIES_MAX: u32 = 4;
/// Where nobody names a region, S3 means this one.
const REGION: &str = "us-east-1";
/// The longest answer: a page has at most a thousand names of a kilobyte each.
const ANSWER_BYTES_MAX: usize = 8 << 20;

/// Asks one bucket.
#[derive(Debug)]
pub(super) struct Lister {
    store: Arc<AmazonS3>,
    client: HttpClient,
    /// The bucket's own address.
    bucket: String,
    region: String,
}

/// Which page is wanted.
#[derive(Debug)]
pub(super) struct Asked {
    prefix: String,
    key: Option<String>,
    version: Option<String>,
}

/// One page.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) versions: Vec<BucketObject>,
    pub(super) next: Option<Asked>,
}

impl Lister {
    pub(super) fn new(
        place: &Place,
        options: &RemoteOptions,
        store: Arc<AmazonS3>,
    ) -> Result<Self, PlaceError> {
        let region = place
            .s3(options)?
            .get_config_value(&AmazonS3ConfigKey::Region)
            .unwrap_or_else(|| REGION.to_owned());
        let bucket = match options.endpoint() {
            None => format!("https://{}.s3.{region}.amazonaws.com", place.host),
            Some(endpoint) => {
                let endpoint = endpoint.trim_end_matches('/');
                match options.is_path_style.unwrap_or(true) {
                    true => format!("{endpoint}/{}", place.host),
                    false => endpoint.to_owned(),
                }
            }
        };
        Ok(Self {
            store,
            client: ReqwestConnector::default().connect(&client(options)?)?,
            bucket,
            region,
        })
    }

    pub(super) fn first_page(&self, prefix: &str) -> Option<Asked> {
        let slash = if prefix.is_empty() { "" } else { "/" };
        Some(Asked {
            prefix: format!("{prefix}{slash}"),
            key: None,
            version: None,
        })
    }

    pub(super) async fn page(&self, asked: &Asked) -> Result<Page, String> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.try_page(asked).await {
                Err((problem, true)) if tries < TRIES_MAX => {
                    tracing::warn!(problem, "listing versions failed; once more");
                    let wait: Duration = backoff(tries, 0);
                    tokio::time::sleep(wait).await;
                }
                Err((problem, _)) => return Err(problem),
                Ok(page) => return Ok(page),
            }
        }
    }

    /// With an error comes whether another attempt may help.
    async fn try_page(&self, asked: &Asked) -> Result<Page, (String, bool)> {
        let url = self.address(asked);
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        let malformed = |error: &dyn std::fmt::Display| (format!("{url}: {error}"), false);
        *request.uri_mut() = url.parse().map_err(|error| malformed(&error))?;
        let credential = self.store.credentials().get_credential().await;
        let credential = credential.map_err(|error| (error.to_string(), true))?;
        AwsAuthorizer::new(&credential, "s3", &self.region)
            .try_authorize(&mut request, None)
            .map_err(|error| (error.to_string(), false))?;
        let response = self.client.execute(request).await;
        let response = response.map_err(|error| (error.to_string(), true))?;
        let status = response.status();
        let body = response.into_body().bytes().await;
        let body = body.map_err(|error| (error.to_string(), true))?;
        if !status.is_success() {
            let text = String::from_utf8_lossy(body.get(..500.min(body.len())).unwrap_or_default());
            let problem = format!("the store answers {status} to a list of versions: {text}");
            return Err((problem, status.is_server_error()));
        }
        if body.len() > ANSWER_BYTES_MAX {
            return Err(("the list of versions is absurdly long".to_owned(), false));
        }
        let text = std::str::from_utf8(&body).map_err(|error| malformed(&error))?;
        parse(text, &asked.prefix).map_err(|problem| (problem, false))
    }

    fn address(&self, asked: &Asked) -> String {
        let mut url = format!("{}?versions=&encoding-type=url", self.bucket);
        let mut add = |name: &str, value: &str| {
            url.push('&');
            url.push_str(name);
            url.push('=');
            url.push_str(&encoded(value));
        };
        add("prefix", &asked.prefix);
        if let Some(key) = &asked.key {
            add("key-marker", key);
        }
        if let Some(version) = &asked.version {
            add("version-id-marker", version);
        }
        url
    }
}

/// A value as S3's signature wants it in an address.
fn encoded(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The answer, as far as it is of use.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    /// Every list has it; an error page of somebody in between has not.
    #[expect(dead_code, reason = "must be there")]
    name: String,
    #[serde(default)]
    is_truncated: bool,
    encoding_type: Option<String>,
    next_key_marker: Option<String>,
    next_version_id_marker: Option<String>,
    #[serde(default, rename = "$value")]
    entries: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
enum Entry {
    Version(Version),
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    key: String,
    version_id: String,
    is_latest: bool,
    last_modified: String,
    size: u64,
}

fn parse(text: &str, prefix: &str) -> Result<Page, String> {
    let answer: Answer = quick_xml::de::from_str(text)
        .map_err(|error| format!("the list of versions cannot be read: {error}"))?;
    let decoded = |text: &str| match answer.encoding_type.as_deref() {
        Some("url") => percent_decoded(text),
        _ => Ok(text.to_owned()),
    };
    let mut versions = Vec::new();
    for entry in &answer.entries {
        let Entry::Version(version) = entry else {
            continue;
        };
        let modified = DateTime::parse_from_rfc3339(&version.last_modified)
            .map_err(|error| format!("{}: {error}", version.last_modified))?;
        versions.push(BucketObject {
            path: decoded(&version.key)?,
            bytes: version.size,
            modified_ms: u64::try_from(modified.timestamp_millis()).unwrap_or(0),
            earlier: (!version.is_latest).then(|| version.version_id.clone()),
        });
    }
    let next = match (answer.is_truncated, &answer.next_key_marker) {
        (false, _) => None,
        (true, None) => return Err("the list of versions ends in the middle".to_owned()),
        (true, Some(key)) => Some(Asked {
            prefix: prefix.to_owned(),
            key: Some(decoded(key)?),
            version: answer.next_version_id_marker,
        }),
    };
    Ok(Page { versions, next })
}

/// Names come as in a form: `+` is a space.
fn percent_decoded(text: &str) -> Result<String, String> {
    let malformed = || format!("{text}: not the name of an object");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let pair = digit(rest.next()).zip(digit(rest.next()));
                let (high, low) = pair.ok_or_else(malformed)?;
                (high * 16 + low) as u8
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| malformed())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_page_has_versions_and_where_the_next_one_begins() {
        let text = r#"<?xml version="1.0"?>
            <ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
              <Name>b</Name><Prefix>p%2F</Prefix><KeyMarker/><MaxKeys>2</MaxKeys>
              <EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
              <NextKeyMarker>p%2Fa+b</NextKeyMarker><NextVersionIdMarker>v1</NextVersionIdMarker>
              <Version><Key>p%2Fa+b</Key><VersionId>v2</VersionId><IsLatest>true</IsLatest>
                <LastModified>2026-01-02T10:00:00.000Z</LastModified><Size>3</Size></Version>
              <DeleteMarker><Key>p%2Fa+b</Key><VersionId>d</VersionId><IsLatest>false</IsLatest>
                <LastModified>2026-01-01T12:00:00.000Z</LastModified></DeleteMarker>
              <Version><Key>p%2Fa+b</Key><VersionId>v1</VersionId><IsLatest>false</IsLatest>
                <LastModified>2026-01-01T10:00:00.000Z</LastModified><Size>2</Size></Version>
            </ListVersionsResult>"#;
        let page = parse(text, "p/").unwrap();
        let told: Vec<_> = page
            .versions
            .iter()
            .map(|version| (version.path.as_str(), version.earlier.as_deref()))
            .collect();
        assert_eq!(told, [("p/a b", None), ("p/a b", Some("v1"))]);
        assert_eq!(page.versions[0].modified_ms, 1_767_348_000_000);
        let next = page.next.unwrap();
        assert_eq!(next.key.as_deref(), Some("p/a b"));
        assert_eq!(next.version.as_deref(), Some("v1"));
    }

    #[test]
    fn what_is_no_list_is_an_error() {
        assert!(parse("<html></html>", "").is_err());
        assert!(parse("404", "").is_err());
        assert!(parse("<L><Name>b</Name><IsTruncated>true</IsTruncated></L>", "").is_err());
        assert!(percent_decoded("%2").is_err());
        assert_eq!(encoded("a b/é"), "a%20b%2F%C3%A9");
    }
}
