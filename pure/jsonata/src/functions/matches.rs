//! Looking for texts and patterns in texts. A pattern may also be a function that gives the next
//! match, as the patterns themselves are when called.

use std::rc::Rc;

use super::arg;
use super::strings::text;
use crate::VALUE_BYTES_MAX;
use crate::fault::{self, Fault, thrown};
use crate::function::Function;
use crate::pattern::Pattern;
use crate::run::{Args, Outcome, Run};
use crate::value::{Key, Val};

/// A match: where it is in the text in bytes, and what its groups are.
struct Match<'v> {
    start: usize,
    end: usize,
    text: Val<'v>,
    index: Val<'v>,
    groups: Vec<Val<'v>>,
}

/// Goes through the matches in a text, one by one.
struct Matches<'a, 'v> {
    text: &'a str,
    from: Source<'v>,
    /// Up to where the text is gone through, in bytes and in the units that places are counted in.
    at: usize,
    units: usize,
}

enum Source<'v> {
    Pattern(&'v Pattern),
    Next(Val<'v>),
    Done,
}

impl<'a, 'v> Matches<'a, 'v> {
    fn new(text: &'a str, by: &Val<'v>) -> Matches<'a, 'v> {
        let from = match by {
            Val::Pattern(pattern) => Source::Pattern(pattern),
            other => Source::Next(other.clone()),
        };
        Matches { text, from, at: 0, units: 0 }
    }

    fn next(&mut self, run: &mut Run<'v>) -> Result<Option<Match<'v>>, Fault> {
        match &self.from {
            Source::Done => Ok(None),
            Source::Pattern(pattern) => {
                let found = search(run, pattern, self.text, self.at)?;
                let Some(mut found) = found else {
                    self.from = Source::Done;
                    return Ok(None);
                };
                self.units += units(self.text, self.at, found.start);
                found.index = Val::Number(self.units as f64);
                self.units += units(self.text, found.start, found.end);
                self.at = found.end;
                Ok(Some(found))
            }
            Source::Next(function) => {
                let function = function.clone();
                self.called(run, &function)
            }
        }
    }

    /// The next match of a function.
    fn called(
        &mut self,
        run: &mut Run<'v>,
        function: &Val<'v>,
    ) -> Result<Option<Match<'v>>, Fault> {
        let text = Val::text(self.text);
        let object = run.apply(function, Args::from_iter([text]), &Val::Undefined)?;
        if object.is_undefined() {
            self.from = Source::Done;
            return Ok(None);
        }
        let next = object.member("next");
        let (start, end) = (object.member("start"), object.member("end"));
        let is_match = start.number().is_some() || end.number().is_some();
        if !is_match || !object.member("groups").is_array() || !next.is_function() {
            return Err(fault::matcher());
        }
        self.from = Source::Next(next);
        run.take_bytes(self.text.len())?;
        let matched = object.member("match");
        let from = byte_at(self.text, start.number().unwrap_or(0.0));
        let to = from + matched.str().unwrap_or("").len();
        Ok(Some(Match {
            start: from.max(self.at),
            end: to.max(self.at).min(self.text.len()),
            text: matched,
            index: start,
            groups: object.member("groups").items().collect(),
        }))
    }
}

/// UTF-16 units between two places, by which the reference counts.
fn units(text: &str, from: usize, to: usize) -> usize {
    text.get(from..to).unwrap_or("").chars().map(char::len_utf16).sum()
}

/// Where in bytes the place `units` is.
fn byte_at(text: &str, units: f64) -> usize {
    let mut count = 0.0;
    for (at, letter) in text.char_indices() {
        if count >= units {
            return at;
        }
        count += letter.len_utf16() as f64;
    }
    text.len()
}

fn search<'v>(
    run: &mut Run<'v>,
    pattern: &'v Pattern,
    text: &str,
    at: usize,
) -> Result<Option<Match<'v>>, Fault> {
    let left = text.len() - at;
    let has_groups = pattern.regex.captures_len() > 1;
    let mut groups = Vec::new();
    let found = match has_groups {
        true => pattern.regex.captures_at(text, at).and_then(|captures| {
            let given = captures.iter().skip(1);
            let given =
                given.map(|group| group.map_or(Val::Str(""), |group| Val::text(group.as_str())));
            groups = given.collect();
            captures.get(0)
        }),
        false => pattern.regex.find_at(text, at),
    };
    let Some(found) = found else {
        run.take(pattern.steps(left, 0))?;
        return Ok(None);
    };
    run.take(pattern.steps(found.end() - at, left) + groups.len() as u64)?;
    if found.is_empty() {
        return Err(thrown("D1004", "Regular expression matches zero length string"));
    }
    let (start, end) = (found.start(), found.end());
    let matched = run.text(found.as_str().to_owned())?;
    Ok(Some(Match { start, end, text: matched, index: Val::Undefined, groups }))
}

impl<'v> Run<'v> {
    /// What a pattern gives when it is called: the first match from there on, and how to go on.
    pub(crate) fn match_from(
        &mut self,
        pattern: &'v Pattern,
        text: &Key<'v>,
        from: usize,
    ) -> Outcome<'v> {
        let written = text.as_str();
        self.take_bytes(written.len())?;
        let Some(found) = search(self, pattern, written, from)? else { return Ok(Val::Undefined) };
        let start = units(written, 0, found.start);
        let end = start + units(written, found.start, found.end);
        let groups = self.list(found.groups)?;
        let next = Function::Next { pattern, text: text.clone(), from: found.end };
        self.record_of([
            ("match", found.text),
            ("start", Val::Number(start as f64)),
            ("end", Val::Number(end as f64)),
            ("groups", groups),
            ("next", Val::Function(Rc::new(next))),
        ])
    }
}

pub(super) fn contains<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let text = text!(run, args, 0);
    let by = arg(args, 1);
    Ok(Val::Bool(match (by.str(), by) {
        (Some(mark), _) => text.contains(mark),
        (None, Val::Pattern(pattern)) => {
            run.take(pattern.steps(text.len(), 0))?;
            match pattern.regex.find(text) {
                Some(found) if found.is_empty() => {
                    return Err(thrown("D1004", "Regular expression matches zero length string"));
                }
                found => found.is_some(),
            }
        }
        (None, Val::Undefined) => return Ok(Val::Undefined),
        (None, by) => Matches::new(text, by).next(run)?.is_some(),
    }))
}

/// How many at most.
fn limit<'v>(
    args: &[Val<'v>],
    place: usize,
    code: &'static str,
    message: &'static str,
) -> Result<usize, Fault> {
    match arg(args, place).number() {
        None => Ok(usize::MAX),
        Some(limit) if limit < 0.0 => Err(thrown(code, message)),
        Some(limit) => Ok(limit.ceil() as usize),
    }
}

pub(super) fn matches<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let text = text!(run, args, 0);
    let limit = limit(
        args,
        2,
        "D3040",
        "Third argument of match function must evaluate to a positive number",
    )?;
    let mut matches = Matches::new(text, arg(args, 1));
    let mut found = Vec::new();
    while found.len() < limit
        && let Some(one) = matches.next(run)?
    {
        let groups = run.list(one.groups)?;
        found.push(run.record_of([
            ("match", one.text),
            ("index", one.index),
            ("groups", groups),
        ])?);
    }
    run.rows(found)
}

pub(super) fn split<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let text = text!(run, args, 0);
    let limit = limit(
        args,
        2,
        "D3020",
        "Third argument of split function must evaluate to a positive number",
    )?;
    // Between patterns a fraction counts as one more, between texts as none.
    let whole = arg(args, 2).number().map_or(usize::MAX, |limit| limit as usize);
    let by = arg(args, 1);
    let mut pieces = Vec::new();
    match by.str() {
        Some("") => {
            for letter in text.chars().take(whole) {
                pieces.push(run.text(letter.to_string())?);
            }
        }
        Some(mark) => {
            for piece in text.split(mark).take(whole) {
                pieces.push(run.text(piece.to_owned())?);
                run.take(2)?;
            }
        }
        None => {
            let mut matches = Matches::new(text, by);
            let mut from = 0;
            while pieces.len() < limit {
                let Some(found) = matches.next(run)? else {
                    pieces.push(run.text(text.get(from..).unwrap_or("").to_owned())?);
                    break;
                };
                pieces.push(run.text(text.get(from..found.start).unwrap_or("").to_owned())?);
                from = found.end;
            }
        }
    }
    run.list(pieces)
}

pub(super) fn replace<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let text = text!(run, args, 0);
    let (by, with) = (arg(args, 1), arg(args, 2));
    if by.is_undefined() || with.is_undefined() {
        return Ok(Val::Undefined);
    }
    if by.str() == Some("") {
        return Err(thrown(
            "D3010",
            "Second argument of replace function cannot be an empty string",
        ));
    }
    let limit = limit(
        args,
        3,
        "D3011",
        "Fourth argument of replace function must evaluate to a positive number",
    )?;
    let mut out = Replaced { out: String::new() };
    let mut from = 0;
    match by.str() {
        Some(mark) => {
            for (at, _) in text.match_indices(mark).take(limit) {
                run.take(1)?;
                out.push(run, text.get(from..at).unwrap_or(""))?;
                match with.str() {
                    Some(with) => out.push(run, with)?,
                    None => {
                        let given = Args::from_iter([Val::text(mark)]);
                        let piece = run.apply(with, given, &Val::Undefined)?;
                        out.push(run, replacement(&piece)?)?;
                    }
                }
                from = at + mark.len();
            }
        }
        None => {
            let mut matches = Matches::new(text, by);
            let mut count = 0;
            while count < limit
                && let Some(found) = matches.next(run)?
            {
                count += 1;
                out.push(run, text.get(from..found.start).unwrap_or(""))?;
                from = found.end;
                match with.str() {
                    Some(with) => substitute(run, &mut out, with, &found)?,
                    None => {
                        let object = match_object(run, found)?;
                        let piece = run.apply(with, Args::from_iter([object]), &Val::Undefined)?;
                        out.push(run, replacement(&piece)?)?;
                    }
                }
            }
        }
    }
    out.push(run, text.get(from..).unwrap_or(""))?;
    run.text(out.out)
}

fn replacement<'a>(piece: &'a Val<'_>) -> Result<&'a str, Fault> {
    piece.str().ok_or_else(|| {
        thrown("D3012", "Attempted to replace a matched string with a non-string value")
    })
}

fn match_object<'v>(run: &mut Run<'v>, found: Match<'v>) -> Outcome<'v> {
    let groups = run.list(found.groups)?;
    let length = found.text.str().map_or(0, |text| units(text, 0, text.len()));
    let end =
        found.index.number().map_or(Val::Undefined, |index| Val::Number(index + length as f64));
    run.record_of([("match", found.text), ("start", found.index), ("end", end), ("groups", groups)])
}

struct Replaced {
    out: String,
}

impl Replaced {
    fn push(&mut self, run: &mut Run<'_>, piece: &str) -> Result<(), Fault> {
        if self.out.len() + piece.len() > VALUE_BYTES_MAX {
            return Err(fault::memory());
        }
        run.take_bytes(piece.len())?;
        self.out.push_str(piece);
        Ok(())
    }
}

/// `$1` stands for a group, `$0` for the whole match, `$$` for the sign.
fn substitute<'v>(
    run: &mut Run<'v>,
    out: &mut Replaced,
    with: &str,
    found: &Match<'v>,
) -> Result<(), Fault> {
    let count = found.groups.len();
    let digits_max = if count == 0 { 1 } else { count.ilog10() as usize + 1 };
    let mut rest = with;
    while let Some(at) = rest.find('$') {
        out.push(run, rest.get(..at).unwrap_or(""))?;
        rest = rest.get(at + 1..).unwrap_or("");
        if let Some(after) = rest.strip_prefix('$') {
            out.push(run, "$")?;
            rest = after;
            continue;
        }
        if let Some(after) = rest.strip_prefix('0') {
            out.push(run, found.text.str().unwrap_or(""))?;
            rest = after;
            continue;
        }
        let digits = rest.bytes().take(digits_max).take_while(u8::is_ascii_digit).count();
        let read = |digits: usize| rest.get(..digits).and_then(|text| text.parse::<usize>().ok());
        let (mut digits, mut group) = (digits, read(digits));
        if digits > 1 && group.is_some_and(|group| group > count) {
            digits -= 1;
            group = read(digits);
        }
        match group {
            Some(group) => {
                let text = group.checked_sub(1).and_then(|place| found.groups.get(place));
                out.push(run, text.and_then(Val::str).unwrap_or(""))?;
                rest = rest.get(digits..).unwrap_or("");
            }
            None => out.push(run, "$")?,
        }
    }
    out.push(run, rest)
}
