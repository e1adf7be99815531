//! The database of Hocuspocus' SQLite extension: table `documents(name, data)`, each row a whole
//! document in format v1.

use std::path::Path;

use bytes::Bytes;
use rusqlite::{Connection, OpenFlags, types::ValueRef};

use super::{At, FILE_BYTES_MAX, Item, ReadItem, SourceError, Updates, to_v1};

struct Database(Connection);

pub(super) fn open(path: &Path) -> Result<(Vec<Item>, Box<dyn ReadItem>), SourceError> {
    let failed = |error: rusqlite::Error| SourceError::new(path.display(), error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    // A database that somebody made up must not run anything that its schema names.
    connection
        .execute_batch("PRAGMA trusted_schema = OFF")
        .map_err(failed)?;
    let mut items = Vec::new();
    {
        let query = r#"SELECT name FROM "documents""#;
        let mut statement = connection.prepare(query).map_err(|error| match error {
            rusqlite::Error::SqliteFailure(_, Some(text)) if text.contains("no such table") => {
                SourceError::new(path.display(), "it has no table \"documents\"")
            }
            other => failed(other),
        })?;
        let names = statement
            .query_map([], |row| row.get::<_, String>(0))
            .map_err(failed)?;
        for name in names {
            let name = name.map_err(failed)?;
            items.push(Item {
                origin: format!("{}, row {name:?}", path.display()),
                at: At::Row(name.clone()),
                name,
            });
        }
    }
    Ok((items, Box::new(Database(connection))))
}

impl ReadItem for Database {
    fn read(&self, item: &Item) -> Result<Updates, SourceError> {
        let At::Row(name) = &item.at else {
            return Err(SourceError::new(&item.origin, "not of this database"));
        };
        let query = r#"SELECT data FROM "documents" WHERE name = ?1"#;
        let data = self.0.query_row(query, [name], |row| {
            Ok(match row.get_ref(0)? {
                ValueRef::Blob(data) if data.len() as u64 <= FILE_BYTES_MAX => {
                    Some(Bytes::copy_from_slice(data))
                }
                _ => None,
            })
        });
        let data = data.map_err(|error| SourceError::new(&item.origin, error))?;
        let data = data.ok_or_else(|| SourceError::new(&item.origin, "its data is not bytes"))?;
        let update = to_v1(data, &item.origin)?;
        Ok(Updates {
            updates: vec![update],
            notes: Vec::new(),
        })
    }
}
