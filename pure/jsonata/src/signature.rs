//! Signatures of functions: `<s-nn?:s>`. Arguments are checked against them, a missing one is taken
//! from the context, a single value where an array is wanted becomes one.

/// The kinds of values, a bit each.
pub(crate) mod mask {
    pub(crate) const STRING: u16 = 1;
    pub(crate) const NUMBER: u16 = 1 << 1;
    pub(crate) const BOOLEAN: u16 = 1 << 2;
    pub(crate) const NULL: u16 = 1 << 3;
    pub(crate) const ARRAY: u16 = 1 << 4;
    pub(crate) const OBJECT: u16 = 1 << 5;
    pub(crate) const FUNCTION: u16 = 1 << 6;
    pub(crate) const MISSING: u16 = 1 << 7;
    pub(crate) const JSON: u16 = STRING | NUMBER | BOOLEAN | NULL | ARRAY | OBJECT;
    pub(crate) const ANY: u16 = JSON | FUNCTION;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) params: Vec<Param>,
    /// Whether one of them takes any number of arguments.
    pub(crate) repeats: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Param {
    pub(crate) kinds: u16,
    /// Whether it may be missing.
    pub(crate) is_optional: bool,
    /// Whether the context is taken for it then.
    pub(crate) is_context: bool,
    pub(crate) repeats: bool,
    /// An array: a single value is wrapped.
    pub(crate) is_array: bool,
    /// What its items must be.
    pub(crate) items: Option<u16>,
}

fn kinds(letter: char) -> Option<u16> {
    Some(match letter {
        's' => mask::STRING,
        'n' => mask::NUMBER,
        'b' => mask::BOOLEAN,
        'l' => mask::NULL,
        'o' => mask::OBJECT,
        'f' => mask::FUNCTION,
        'a' | 'x' => mask::ANY,
        'j' => mask::JSON,
        _ => return None,
    })
}

/// The word for what an array is to hold.
pub(crate) fn plural(kinds: u16) -> &'static str {
    match kinds {
        mask::STRING => "strings",
        mask::NUMBER => "numbers",
        mask::BOOLEAN => "booleans",
        mask::ARRAY => "arrays",
        mask::OBJECT => "objects",
        mask::FUNCTION => "functions",
        _ => "values",
    }
}

impl Signature {
    /// `text` is in its angle brackets.
    pub(crate) fn parse(text: &str) -> Result<Signature, String> {
        let inside = text.strip_prefix('<').unwrap_or(text);
        let mut rest = inside.chars().peekable();
        let mut params: Vec<Param> = Vec::new();
        while let Some(letter) = rest.next() {
            match letter {
                ':' => break,
                '?' => last(&mut params, |param| param.is_optional = true),
                '-' => last(&mut params, |param| {
                    param.is_optional = true;
                    param.is_context = true;
                }),
                '+' => last(&mut params, |param| param.repeats = true),
                '<' => {
                    let inner = nested(&mut rest);
                    let Some(param) = params.last_mut() else { continue };
                    match param.kinds {
                        mask::FUNCTION => {}
                        _ if param.is_array => {
                            let first = inner.chars().next().and_then(item_kinds);
                            param.items = first.filter(|items| *items != mask::ANY);
                        }
                        _ => {
                            return Err("Type parameters can only be applied to functions and \
                                        arrays"
                                .to_owned());
                        }
                    }
                }
                '(' => {
                    let mut choice = 0;
                    for letter in rest.by_ref() {
                        match letter {
                            ')' => break,
                            '<' => {
                                return Err("Choice groups containing parameterized types are \
                                            not supported"
                                    .to_owned());
                            }
                            'a' => choice |= mask::ARRAY,
                            letter => choice |= kinds(letter).unwrap_or(0),
                        }
                    }
                    params.push(Param::new(choice, false));
                }
                letter => {
                    if let Some(kinds) = kinds(letter) {
                        params.push(Param::new(kinds, letter == 'a'));
                    }
                }
            }
        }
        let repeats = params.iter().any(|param| param.repeats);
        Ok(Signature { params, repeats })
    }
}

fn item_kinds(letter: char) -> Option<u16> {
    if letter == 'a' { Some(mask::ARRAY) } else { kinds(letter) }
}

fn last(params: &mut [Param], change: impl FnOnce(&mut Param)) {
    if let Some(param) = params.last_mut() {
        change(param);
    }
}

/// What stands between the bracket just read and its partner.
fn nested(rest: &mut impl Iterator<Item = char>) -> String {
    let (mut inner, mut depth) = (String::new(), 1);
    for letter in rest {
        match letter {
            '<' => depth += 1,
            '>' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        inner.push(letter);
    }
    inner
}

impl Param {
    fn new(kinds: u16, is_array: bool) -> Param {
        Param {
            kinds,
            is_optional: false,
            is_context: false,
            repeats: false,
            is_array,
            items: None,
        }
    }

    fn takes(&self, kind: u16) -> bool {
        (self.kinds | mask::MISSING) & kind != 0
    }
}

/// How many arguments each parameter takes, as greedily as a regular expression would; or the
/// place of the first argument that fits nowhere.
pub(crate) fn assign(params: &[Param], args: &[u16]) -> Result<Vec<usize>, usize> {
    let mut failed = vec![false; (params.len() + 1) * (args.len() + 1)];
    let mut counts = Vec::with_capacity(params.len());
    if fit(params, args, 0, true, &mut failed, &mut counts) {
        counts.reverse();
        return Ok(counts);
    }
    // The longest beginning of the parameters that fits says where it went wrong.
    let mut good = 0;
    for count in 1..=params.len() {
        let Some(some) = params.get(..count) else { break };
        failed.clear();
        failed.resize((some.len() + 1) * (args.len() + 1), false);
        counts.clear();
        if !fit(some, args, 0, false, &mut failed, &mut counts) {
            break;
        }
        good = counts.iter().sum();
    }
    Err(good)
}

/// Whether `params` match the arguments from `at` on; to the end, if `all`.
fn fit(
    params: &[Param],
    args: &[u16],
    at: usize,
    all: bool,
    failed: &mut [bool],
    counts: &mut Vec<usize>,
) -> bool {
    let Some((param, rest)) = params.split_first() else { return !all || at == args.len() };
    let place = params.len() * (args.len() + 1) + at;
    if failed.get(place) == Some(&true) {
        return false;
    }
    let most = match param.repeats {
        true => args.len() - at,
        false => 1,
    };
    let here = args.get(at..).unwrap_or(&[]);
    let matching = here.iter().take(most).take_while(|kind| param.takes(**kind)).count();
    let least = usize::from(!param.is_optional);
    for count in (least..=matching).rev() {
        if fit(rest, args, at + count, all, failed, counts) {
            counts.push(count);
            return true;
        }
    }
    if let Some(place) = failed.get_mut(place) {
        *place = true;
    }
    false
}
