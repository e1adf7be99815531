//! Somebody else's bucket: what is in it, with the earlier versions that the store itself has kept.
//! Only read.

mod versions;

use std::{fmt, sync::Arc};

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use object_store::{GetOptions, ObjectStore, aws::AmazonS3, path::Path};

use self::versions::Lister;
use crate::{
    RemoteStore,
    place::{Place, PlaceError, RemoteOptions, Scheme},
};

/// The most objects that are listed: their names are held in memory.
const OBJECTS_MAX: usize = 10_000_000;

/// An object, or an earlier version of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketObject {
    /// Its name below the address that was opened.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// When it was written, in milliseconds since 1970.
    pub modified_ms: u64,
    /// Which version of it, where that is not the newest.
    pub earlier: Option<String>,
}

/// Why a bucket cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct BucketError {
    /// Which bucket or object.
    pub place: String,
    /// What is wrong.
    pub problem: String,
}

impl BucketError {
    fn new(place: &str, problem: impl fmt::Display) -> Self {
        Self {
            place: place.to_owned(),
            problem: problem.to_string(),
        }
    }
}

/// A bucket to read from.
#[derive(Debug)]
pub struct Bucket {
    store: Arc<dyn ObjectStore>,
    /// What stands before all names.
    prefix: Path,
    name: String,
    lister: Option<Lister>,
}

impl Bucket {
    /// Makes a client. Nothing is sent yet.
    pub fn open(options: &RemoteOptions) -> Result<Self, PlaceError> {
        let place = Place::parse(&options.url)?;
        options.check(&place)?;
        let name = options.url.trim_end_matches('/').to_owned();
        if place.scheme != Scheme::S3 {
            return Ok(Self {
                store: RemoteStore::connect(options)?.store,
                prefix: Path::default(),
                name,
                lister: None,
            });
        }
        let store: Arc<AmazonS3> = Arc::new(place.s3(options)?.build()?);
        let prefix = Path::parse(&place.path).map_err(|error| PlaceError::Option {
            option: "store",
            problem: error.to_string(),
        })?;
        let lister = Lister::new(&place, options, store.clone())?;
        Ok(Self {
            store,
            prefix,
            name,
            lister: Some(lister),
        })
    }

    /// Every object as it is now.
    pub async fn list(&self) -> Result<Vec<BucketObject>, BucketError> {
        let failed = |error: object_store::Error| BucketError::new(&self.name, error);
        let mut listed = self.store.list(Some(&self.prefix));
        let mut found = Vec::new();
        while let Some(meta) = listed.try_next().await.map_err(failed)? {
            let Some(path) = self.below(meta.location.as_ref()) else {
                continue;
            };
            self.push(
                &mut found,
                BucketObject {
                    path,
                    bytes: meta.size,
                    modified_ms: u64::try_from(meta.last_modified.timestamp_millis()).unwrap_or(0),
                    earlier: None,
                },
            )?;
        }
        Ok(found)
    }

    /// The same with all earlier versions, newest first for each name. What was deleted is left
    /// out with all of its versions. S3 alone has them.
    pub async fn list_versions(&self) -> Result<Vec<BucketObject>, BucketError> {
        let Some(lister) = &self.lister else {
            return self.list().await;
        };
        let failed = |problem: String| BucketError::new(&self.name, problem);
        let mut found = Vec::new();
        let mut page = lister.first_page(self.prefix.as_ref());
        while let Some(asked) = page {
            let answer = lister.page(&asked).await.map_err(failed)?;
            for version in answer.versions {
                if let Some(path) = self.below(&version.path) {
                    self.push(&mut found, BucketObject { path, ..version })?;
                }
            }
            page = answer.next;
        }
        // A name whose newest version is a deletion has no newest object here.
        let mut alive = false;
        let mut last = String::new();
        found.retain(|object| {
            if object.path != last {
                last.clone_from(&object.path);
                alive = object.earlier.is_none();
            }
            alive
        });
        Ok(found)
    }

    /// Reads one whole.
    pub async fn read(&self, object: &BucketObject) -> Result<Bytes, BucketError> {
        let path = self
            .prefix
            .parts()
            .chain(Path::from(object.path.as_str()).parts())
            .collect();
        let options = GetOptions {
            version: object.earlier.clone(),
            ..GetOptions::default()
        };
        let failed = |error| BucketError::new(&object.path, error);
        let got = self.store.get_opts(&path, options).await.map_err(failed)?;
        got.bytes().await.map_err(failed)
    }

    /// For messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn below(&self, location: &str) -> Option<String> {
        let rest = location.strip_prefix(self.prefix.as_ref())?;
        let rest = match self.prefix.as_ref() {
            "" => rest,
            _ => rest.strip_prefix('/')?,
        };
        (!rest.is_empty()).then(|| rest.to_owned())
    }

    fn push(&self, found: &mut Vec<BucketObject>, object: BucketObject) -> Result<(), BucketError> {
        if found.len() == OBJECTS_MAX {
            let problem = format!("more than {OBJECTS_MAX} objects: import a prefix at a time");
            return Err(BucketError::new(&self.name, problem));
        }
        found.push(object);
        Ok(())
    }
}
