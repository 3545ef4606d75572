//! A cache of fixed size: each key has one place in it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// What is kept: a part of a file, by the file and where it begins.
pub(super) type Key = (usize, u64);

type Kept = Option<(Key, Arc<[u8]>)>;

/// Places for byte strings. A list in the order of use would keep better, and would be one lock for all readers.
pub(super) struct Cache {
    places: Vec<Mutex<Kept>>,
}

impl Cache {
    pub(super) fn new(places: usize) -> Self {
        let places = (0..places.max(1)).map(|_| Mutex::default()).collect();
        Self { places }
    }

    /// What is kept under `key`, made where it is not there. `number` chooses the place: neighbours should differ by 1.
    pub(super) fn get(
        &self,
        key: Key,
        number: u64,
        make: impl FnOnce() -> io::Result<Vec<u8>>,
    ) -> io::Result<Arc<[u8]>> {
        let place = (number % self.places.len() as u64) as usize;
        let Some(place) = self.places.get(place) else {
            return make().map(Arc::from);
        };
        // Held while it is made, so that two readers do not make the same.
        let mut kept = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, bytes)) = kept.as_ref().filter(|(there, _)| *there == key) {
            return Ok(Arc::clone(bytes));
        }
        let bytes: Arc<[u8]> = make()?.into();
        *kept = Some((key, Arc::clone(&bytes)));
        Ok(bytes)
    }
}
