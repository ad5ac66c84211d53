//! Offsets to lines and columns, all in one sweep over the text.

use crate::compile::Raw;
use crate::finding::{Finding, Position};
use crate::read::tree::Span;

/// Gives every finding its line and column.
pub(crate) fn findings(text: &str, raw: Vec<Raw>) -> Vec<Finding> {
    let spans: Vec<_> = raw.iter().map(|raw| raw.span).collect();
    let positions = positions(text, &spans);
    let with_position = |(raw, position): (Raw, Option<Position>)| Finding {
        severity: raw.severity,
        code: raw.code,
        message: raw.message,
        location: raw.location,
        position,
    };
    raw.into_iter().zip(positions).map(with_position).collect()
}

/// The position of one span.
pub(crate) fn position(text: &str, span: Span) -> Option<Position> {
    positions(text, &[Some(span)]).pop().flatten()
}

fn positions(text: &str, spans: &[Option<Span>]) -> Vec<Option<Position>> {
    let mut order: Vec<(Span, usize)> =
        spans.iter().enumerate().filter_map(|(index, span)| Some(((*span)?, index))).collect();
    order.sort_by_key(|(span, _)| span.start);
    let mut positions = vec![None; spans.len()];
    let mut sweep = Sweep { line: 1, column: 1, offset: 0 };
    for (span, index) in order {
        sweep.advance(text, span.start);
        let Sweep { line, column, offset } = sweep;
        if let Some(slot) = positions.get_mut(index) {
            *slot = Some(Position { line, column, offset, length: span.length });
        }
    }
    positions
}

#[derive(Clone, Copy)]
struct Sweep {
    line: usize,
    column: usize,
    offset: usize,
}

impl Sweep {
    fn advance(&mut self, text: &str, offset: usize) {
        for character in text.get(self.offset..offset).unwrap_or("").chars() {
            match character {
                '\n' => (self.line, self.column) = (self.line + 1, 1),
                _ => self.column += 1,
            }
        }
        self.offset = offset;
    }
}
