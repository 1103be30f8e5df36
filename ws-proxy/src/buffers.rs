//! Buffers that are used again, but not for ever at the size of their largest use.

/// What a session keeps of each buffer between stanzas: nearly all are smaller.
pub(crate) const KEPT_BYTES: usize = 4 * 1024;

/// A growable buffer.
pub(crate) trait Buffer: Default {
    fn capacity(&self) -> usize;
    fn clear(&mut self);
}

impl Buffer for Vec<u8> {
    fn capacity(&self) -> usize {
        self.capacity()
    }

    fn clear(&mut self) {
        self.clear();
    }
}

impl Buffer for String {
    fn capacity(&self) -> usize {
        self.capacity()
    }

    fn clear(&mut self) {
        self.clear();
    }
}

/// Empties `buffer`. One that grew large is dropped and not shrunk: shrunk ones
/// leave holes in the heap that the next large one doesn't fit into.
pub(crate) fn recycle(buffer: &mut impl Buffer) {
    if buffer.capacity() > KEPT_BYTES {
        *buffer = Default::default();
    } else {
        buffer.clear();
    }
}
