//! Files that go where their document goes.

use unisson_history::Author;
use unisson_protocol::DocName;

use super::{File, FileError, Room, entry, list, open};
use crate::registry::Registry;

/// Gives a document the files of another one, one after the other, under the same ids: addresses in
/// its text are relative to it. Deleted ones stay where they are.
pub(crate) async fn carry(
    registry: &Registry,
    from: &DocName,
    to: &DocName,
    author: &Author,
) -> Result<(), FileError> {
    let shared = registry.shared();
    let files = list(shared, from).await?;
    let mut entries = Vec::new();
    let allowance = shared.quotas.allowance(to);
    for (id, file) in files {
        let (None, Some(blob)) = (file.deleted_ms, file.blob()) else {
            continue;
        };
        let mut room = Room::default();
        if !shared.attachments.make_room(&mut room, file.bytes as usize) {
            let busy = "too many files come in now: try again".to_owned();
            return Err(unisson_storage::StoreError::Unavailable(busy).into());
        }
        let Some(body) = shared.store.blob(from.as_str(), &blob).await? else {
            // Nobody could have seen it any more, here or there.
            tracing::error!(document = %from, file = id, "an attached file is lost");
            continue;
        };
        let blob = shared.store.put_blob(to.as_str(), body).await?;
        allowance.written(file.bytes as usize);
        let file = File {
            blob: blob.to_string(),
            ..file
        };
        entries.push(entry(&id, &file)?);
    }
    if entries.is_empty() {
        return Ok(());
    }
    let record = open(shared, to).await?;
    let change = |_: &unisson_session::Entries| Ok::<_, FileError>((entries, ()));
    Ok(record.change(registry, author.clone(), change).await?)
}
