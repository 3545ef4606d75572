//! Decisions, taken from bytes: whoever changes the bytes changes the decisions.

/// Bytes that are not used up yet. Once they are, every decision is the first.
pub(super) struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether nothing is left to decide with.
    pub(super) fn spent(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        first
    }

    /// A number below `end`; 0 where `end` is 0. Takes no more bytes than `end` needs.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let mut number = usize::from(self.byte());
        let mut reach = 256;
        while reach < end {
            number = number << 8 | usize::from(self.byte());
            reach <<= 8;
        }
        number.checked_rem(end).unwrap_or(0)
    }

    pub(super) fn pick<'i, T>(&mut self, items: &'i [T]) -> &'i T {
        &items[self.below(items.len())]
    }

    /// True about `part` times of 256.
    pub(super) fn chance(&mut self, part: u8) -> bool {
        self.byte() < part
    }
}
