//! Which volumes of a disk are open: two editors of one would not see each other's changes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The place of an open volume on its disk. No other volume has it until this is dropped.
pub(super) struct Place {
    start: u64,
    /// Where the disk's open volumes begin.
    taken: Arc<Mutex<Vec<u64>>>,
}

impl Place {
    /// Of the first volume of a disk, which begins at this byte.
    pub(super) fn first(start: u64) -> Self {
        let taken = Arc::new(Mutex::new(vec![start]));
        Self { start, taken }
    }

    /// Of another volume of the disk; `None` while that is open.
    pub(super) fn beside(&self, start: u64) -> Option<Self> {
        let mut taken = self.lock();
        if taken.contains(&start) {
            return None;
        }
        taken.push(start);
        drop(taken);
        let taken = Arc::clone(&self.taken);
        Some(Self { start, taken })
    }

    pub(super) fn start(&self) -> u64 {
        self.start
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u64>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let start = self.start;
        self.lock().retain(|taken| *taken != start);
    }
}
