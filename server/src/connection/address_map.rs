//! A map from addresses, made for the usual one entry and good for a thousand.

use unisson_protocol::dialect::hocuspocus::Address;

/// Sorted by address. One entry takes the room of one, where a tree would take that of eleven.
#[derive(Debug)]
pub(crate) struct AddressMap<T> {
    entries: Vec<(Address, T)>,
}

impl<T> Default for AddressMap<T> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
        }
    }
}

impl<T> AddressMap<T> {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn get(&self, address: &Address) -> Option<&T> {
        let place = self.place(address).ok()?;
        Some(&self.entries[place].1)
    }

    pub(crate) fn get_mut(&mut self, address: &Address) -> Option<&mut T> {
        let place = self.place(address).ok()?;
        Some(&mut self.entries[place].1)
    }

    /// Puts a value in, and hands out the one that it replaces.
    pub(crate) fn insert(&mut self, address: Address, value: T) -> Option<T> {
        match self.place(&address) {
            Ok(place) => Some(std::mem::replace(&mut self.entries[place].1, value)),
            Err(place) => {
                if self.entries.is_empty() {
                    self.entries.reserve_exact(1);
                }
                self.entries.insert(place, (address, value));
                None
            }
        }
    }

    pub(crate) fn remove(&mut self, address: &Address) -> Option<T> {
        let place = self.place(address).ok()?;
        Some(self.entries.remove(place).1)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&Address, &mut T)> {
        self.entries
            .iter_mut()
            .map(|(address, value)| (&*address, value))
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().map(|(_, value)| value)
    }

    /// Takes everything out.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = T> {
        std::mem::take(&mut self.entries)
            .into_iter()
            .map(|(_, value)| value)
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.entries.retain(|(_, value)| keep(value));
    }

    fn place(&self, address: &Address) -> Result<usize, usize> {
        self.entries
            .binary_search_by(|(other, _)| other.cmp(address))
    }
}
