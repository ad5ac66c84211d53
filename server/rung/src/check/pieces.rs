//! The way back: from a text that was made of another to the places it was made of.

use asl::document::Span;

use super::end;

/// Pieces of a made text, in order and without gaps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pieces {
    list: Vec<Piece>,
    length: usize,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    at: usize,
    from: Span,
    /// Byte for byte the same; otherwise the piece stands for its source as a whole.
    copied: bool,
}

impl Pieces {
    /// The next `length` bytes of the made text are those at `from`.
    pub(crate) fn copied(&mut self, from: usize, length: usize) {
        self.push(Span { start: from, length }, length, true);
    }

    /// The next `length` bytes stand for what is at `from`.
    pub(crate) fn made(&mut self, from: Span, length: usize) {
        self.push(from, length, false);
    }

    fn push(&mut self, from: Span, length: usize, copied: bool) {
        if length > 0 {
            self.list.push(Piece { at: self.length, from, copied });
            self.length += length;
        }
    }

    /// The source of a stretch of the made text.
    pub(crate) fn source(&self, span: Span) -> Option<Span> {
        let first = self.piece(span.start)?;
        let start = if first.copied {
            first.from.start + (span.start - first.at)
        } else {
            first.from.start
        };
        let last_byte = end(span).saturating_sub(1).max(span.start);
        let last = self.piece(last_byte)?;
        let stop =
            if last.copied { last.from.start + (last_byte - last.at) + 1 } else { end(last.from) };
        let length = if span.length == 0 { 0 } else { stop.saturating_sub(start) };
        Some(Span { start, length })
    }

    fn piece(&self, offset: usize) -> Option<&Piece> {
        let after = self.list.partition_point(|piece| piece.at <= offset);
        self.list.get(after.checked_sub(1)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_go_back() {
        let mut pieces = Pieces::default();
        pieces.copied(10, 5);
        pieces.made(Span { start: 20, length: 2 }, 7);
        pieces.copied(30, 4);
        let back = |start, length| {
            let span = pieces.source(Span { start, length }).expect("inside");
            (span.start, span.length)
        };
        assert_eq!(back(1, 3), (11, 3));
        assert_eq!(back(6, 2), (20, 2));
        assert_eq!(back(4, 10), (14, 18));
        assert_eq!(back(12, 4), (30, 4));
        assert!(Pieces::default().source(Span { start: 0, length: 1 }).is_none());
    }
}
