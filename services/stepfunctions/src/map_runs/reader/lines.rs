//! JSON Lines: an item a line that is not empty (SFN-READER-7).

use std::collections::VecDeque;

use workflow::history::Failure;

use super::{ITEM_BYTES_MAX, Parsed, failed};

#[derive(Default)]
pub(super) struct Lines {
    line: Vec<u8>,
    number: u64,
}

impl Lines {
    pub(super) fn push(
        &mut self,
        piece: &[u8],
        parsed: &mut VecDeque<Parsed>,
    ) -> Result<(), Failure> {
        let mut rest = piece;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = rest.split_at(end);
            self.line.extend_from_slice(line);
            self.end_line(parsed)?;
            rest = after.get(1..).unwrap_or_default();
        }
        self.line.extend_from_slice(rest);
        if self.line.len() > ITEM_BYTES_MAX {
            return Err(failed(format!("A line is longer than {ITEM_BYTES_MAX} bytes")));
        }
        Ok(())
    }

    pub(super) fn finish(&mut self, parsed: &mut VecDeque<Parsed>) -> Result<(), Failure> {
        self.end_line(parsed)
    }

    fn end_line(&mut self, parsed: &mut VecDeque<Parsed>) -> Result<(), Failure> {
        self.number += 1;
        let line = self.line.trim_ascii();
        if !line.is_empty() {
            let value = serde_json::from_slice(line).map_err(|error| {
                failed(format!("Line {} is not valid JSON: {error}", self.number))
            })?;
            parsed.push_back((None, value));
        }
        self.line.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    // SFN-READER-7: however the pieces are cut.
    #[test]
    fn an_item_a_line() {
        let text = b"{\"a\":1}\n\n  [2]\r\n\"x\"";
        for cut in 0..text.len() {
            let (mut lines, mut parsed) = (Lines::default(), VecDeque::new());
            lines.push(&text[..cut], &mut parsed).unwrap();
            lines.push(&text[cut..], &mut parsed).unwrap();
            lines.finish(&mut parsed).unwrap();
            let values: Vec<_> = parsed.into_iter().map(|(_, value)| value).collect();
            assert_eq!(values, [json!({"a": 1}), json!([2]), json!("x")]);
        }
        let mut lines = Lines::default();
        let failure = lines.push(b"{}\nnonsense\n", &mut VecDeque::new()).unwrap_err();
        assert!(failure.cause.unwrap().starts_with("Line 2 is not valid JSON"));
    }
}
