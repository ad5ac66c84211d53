//! JSON: the items of an array, or the members of an object, at the end of a pointer, found byte
//! by byte without keeping what is around them (SFN-READER-5, SFN-READER-6).

use std::collections::VecDeque;

use workflow::history::Failure;

use super::{ITEM_BYTES_MAX, Parsed, failed};

const NOT_ITERABLE: &str = "Attempting to map over non-iterable node.";
/// Deepest nesting of what is around the items.
const DEPTH_MAX: usize = 1_000;

pub(super) struct Json {
    pointer: Vec<String>,
    /// Containers around the place where we are.
    open: Vec<Container>,
    expects: Expects,
    /// The text of a key or an item.
    text: Vec<u8>,
    /// An item is being kept; its own nesting, and whether we are in one of its texts.
    item: Option<Within>,
    found: bool,
}

struct Container {
    array: bool,
    index: usize,
    key: String,
    /// Whether the pointer leads through it; it is the one with the items when nothing is left.
    on_path: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expects {
    Value,
    /// A value or the end of the array that has just begun.
    FirstValue,
    Key,
    /// A key or the end of the object that has just begun.
    FirstKey,
    Colon,
    CommaOrEnd,
    /// Within a text: of a key, or of a value of no interest.
    Text {
        key: bool,
        escaped: bool,
    },
    /// Within a number or a word of no interest.
    Scalar,
    Nothing,
}

#[derive(Clone, Copy, Default)]
struct Within {
    depth: usize,
    text: bool,
    escaped: bool,
    /// A number or a word, which ends before something else.
    scalar: bool,
}

impl Json {
    pub(super) fn new(pointer: &str) -> Json {
        let steps = pointer.split('/').skip(1);
        let pointer = steps.map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
        Json {
            pointer,
            open: Vec::new(),
            expects: Expects::Value,
            text: Vec::new(),
            item: None,
            found: false,
        }
    }

    pub(super) fn push(
        &mut self,
        piece: &[u8],
        parsed: &mut VecDeque<Parsed>,
    ) -> Result<(), Failure> {
        for byte in piece {
            if !self.keep(*byte, parsed)? {
                self.byte(*byte, parsed)?;
            }
        }
        Ok(())
    }

    /// The object is over: then the value is, and there were items.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        let over = self.open.is_empty()
            && self.item.is_none()
            && matches!(self.expects, Expects::Nothing | Expects::Scalar);
        match (over, self.found) {
            (true, true) => Ok(()),
            (true, false) => Err(failed(NOT_ITERABLE)),
            (false, _) => Err(malformed(&"it ends too early")),
        }
    }

    /// Adds a byte to the item that is being kept. False when it does not belong to it.
    fn keep(&mut self, byte: u8, parsed: &mut VecDeque<Parsed>) -> Result<bool, Failure> {
        let Some(within) = &mut self.item else { return Ok(false) };
        if within.scalar {
            if matches!(byte, b',' | b']' | b'}') || byte.is_ascii_whitespace() {
                self.end_item(parsed)?;
                return Ok(false);
            }
        } else if within.text {
            match (within.escaped, byte) {
                (true, _) => within.escaped = false,
                (false, b'\\') => within.escaped = true,
                (false, b'"') => within.text = false,
                (false, _) => {}
            }
        } else {
            match byte {
                b'"' => within.text = true,
                b'[' | b'{' => within.depth += 1,
                b']' | b'}' => within.depth = within.depth.saturating_sub(1),
                _ => {}
            }
        }
        let over = !within.scalar && !within.text && within.depth == 0;
        self.text.push(byte);
        if self.text.len() > ITEM_BYTES_MAX {
            return Err(failed(format!("An item is longer than {ITEM_BYTES_MAX} bytes")));
        }
        if over {
            self.end_item(parsed)?;
        }
        Ok(true)
    }

    fn end_item(&mut self, parsed: &mut VecDeque<Parsed>) -> Result<(), Failure> {
        let value = serde_json::from_slice(&self.text).map_err(|error| malformed(&error))?;
        let container = self.open.last();
        let key = container.filter(|container| !container.array);
        parsed.push_back((key.map(|container| container.key.clone()), value));
        self.text.clear();
        self.item = None;
        self.expects = Expects::CommaOrEnd;
        Ok(())
    }

    fn byte(&mut self, byte: u8, parsed: &mut VecDeque<Parsed>) -> Result<(), Failure> {
        match self.expects {
            Expects::Text { key, escaped } => return self.in_text(byte, key, escaped),
            Expects::Scalar if !matches!(byte, b',' | b']' | b'}') => {
                if byte.is_ascii_whitespace() {
                    self.value_over();
                }
                return Ok(());
            }
            Expects::Scalar => self.value_over(),
            _ => {}
        }
        if byte.is_ascii_whitespace() {
            return Ok(());
        }
        match (self.expects, byte) {
            (Expects::FirstValue, b']')
            | (Expects::FirstKey, b'}')
            | (Expects::CommaOrEnd, b']' | b'}') => self.end_container(byte == b']'),
            (Expects::Value | Expects::FirstValue, _) => self.begin_value(byte, parsed),
            (Expects::Key | Expects::FirstKey, b'"') => {
                self.text.clear();
                self.expects = Expects::Text { key: true, escaped: false };
                Ok(())
            }
            (Expects::Colon, b':') => {
                self.expects = Expects::Value;
                Ok(())
            }
            (Expects::CommaOrEnd, b',') => {
                let Some(container) = self.open.last_mut() else { return Err(malformed(&"comma")) };
                container.index += 1;
                self.expects = if container.array { Expects::Value } else { Expects::Key };
                Ok(())
            }
            _ => Err(malformed(&format!("unexpected '{}'", char::from(byte).escape_default()))),
        }
    }

    fn in_text(&mut self, byte: u8, key: bool, escaped: bool) -> Result<(), Failure> {
        if !escaped && byte == b'"' {
            if key {
                let quoted = [b"\"", self.text.as_slice(), b"\""].concat();
                let name = serde_json::from_slice(&quoted).map_err(|error| malformed(&error))?;
                if let Some(container) = self.open.last_mut() {
                    container.key = name;
                }
                self.text.clear();
                self.expects = Expects::Colon;
            } else {
                self.value_over();
            }
            return Ok(());
        }
        if key {
            self.text.push(byte);
            if self.text.len() > ITEM_BYTES_MAX {
                return Err(failed(format!("A key is longer than {ITEM_BYTES_MAX} bytes")));
            }
        }
        self.expects = Expects::Text { key, escaped: !escaped && byte == b'\\' };
        Ok(())
    }

    fn begin_value(&mut self, byte: u8, parsed: &mut VecDeque<Parsed>) -> Result<(), Failure> {
        let depth = self.open.len();
        if self.open.last().is_some_and(|parent| parent.on_path && depth > self.pointer.len()) {
            let scalar = !matches!(byte, b'"' | b'[' | b'{');
            self.item = Some(Within { scalar, ..Within::default() });
            self.text.clear();
            return self.keep(byte, parsed).map(|_| ());
        }
        let on_path = match self.open.last() {
            None => true,
            Some(parent) => parent.on_path && self.leads_on(parent),
        };
        let wanted = on_path && depth == self.pointer.len();
        match byte {
            b'[' | b'{' => {
                if depth >= DEPTH_MAX {
                    return Err(malformed(&"it is nested too deep"));
                }
                self.found |= wanted;
                let array = byte == b'[';
                self.open.push(Container { array, index: 0, key: String::new(), on_path });
                self.expects = if array { Expects::FirstValue } else { Expects::FirstKey };
            }
            b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n' if wanted => {
                return Err(failed(NOT_ITERABLE));
            }
            b'"' => self.expects = Expects::Text { key: false, escaped: false },
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => self.expects = Expects::Scalar,
            _ => {
                let told = char::from(byte).escape_default();
                return Err(malformed(&format!("unexpected '{told}'")));
            }
        }
        Ok(())
    }

    /// Whether the pointer goes through the child that is next in `parent`.
    fn leads_on(&self, parent: &Container) -> bool {
        let step = self.pointer.get(self.open.len() - 1);
        step.is_some_and(|step| match parent.array {
            true => *step == parent.index.to_string(),
            false => *step == parent.key,
        })
    }

    fn end_container(&mut self, array: bool) -> Result<(), Failure> {
        match self.open.pop() {
            Some(container) if container.array == array => {
                self.value_over();
                Ok(())
            }
            _ => Err(malformed(&"an end without its beginning")),
        }
    }

    fn value_over(&mut self) {
        let outermost = self.open.is_empty();
        self.expects = if outermost { Expects::Nothing } else { Expects::CommaOrEnd };
    }
}

fn malformed(reason: &dyn std::fmt::Display) -> Failure {
    failed(format!("The file is not valid JSON: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(pointer: &str, text: &str) -> Result<String, String> {
        let mut told = None;
        for cut in 0..text.len() {
            let (mut json, mut parsed) = (Json::new(pointer), VecDeque::new());
            let outcome = json
                .push(&text.as_bytes()[..cut], &mut parsed)
                .and_then(|()| json.push(&text.as_bytes()[cut..], &mut parsed))
                .and_then(|()| json.finish());
            let values = parsed.iter().map(|(key, value)| match key {
                Some(key) => format!("{key}={value}"),
                None => value.to_string(),
            });
            let values = values.collect::<Vec<_>>().join(" ");
            let now = outcome.map(|()| values).map_err(|failure| failure.cause.unwrap());
            assert_eq!(told.get_or_insert(now.clone()), &now, "{text} cut at {cut}");
        }
        told.unwrap()
    }

    // SFN-READER-5, SFN-READER-6
    #[test]
    fn items_are_found() {
        let rows = [
            ("", "[1, \"a,]\\\"\", {\"b\":[2,{}]} ,null,[ ]]", r#"1 "a,]\"" {"b":[2,{}]} null []"#),
            ("", " [ ] ", ""),
            ("", r#"{"a":1,"b\n":[2]}"#, "a=1 b\n=[2]"),
            (
                "/a/1/x~1y",
                r#"{"b":[[9]],"a":["]",{"x/y":[1,2],"z":[3]},{"x/y":[4]}],"c":{}}"#,
                "1 2",
            ),
            ("/a", r#"{"x":{"a":[0]},"a":[7],"n":-1.5e3}"#, "7"),
        ];
        for (pointer, text, expected) in rows {
            assert_eq!(items(pointer, text).as_deref(), Ok(expected), "{pointer} {text}");
        }
    }

    // SFN-READER-5
    #[test]
    fn what_is_no_list_is_refused() {
        for (pointer, text) in
            [("", "7"), ("", "\"x\""), ("/a", r#"{"a":1}"#), ("/a", r#"{"b":[]}"#)]
        {
            assert_eq!(items(pointer, text), Err(NOT_ITERABLE.to_owned()), "{pointer} {text}");
        }
        for text in ["[1", "[1,]x", "[1] x", "{\"a\" 1}", "[nul]", "[1}", "]", "[[1}]"] {
            let cause = items("", text).unwrap_err();
            assert!(cause.starts_with("The file is not valid JSON"), "{text}: {cause}");
        }
    }
}
