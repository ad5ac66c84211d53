//! Numbers in English words, cardinal and ordinal.

/// Cardinal and ordinal of the numbers below twenty.
const UNITS: [(&str, &str); 20] = [
    ("Zero", "Zeroth"),
    ("One", "First"),
    ("Two", "Second"),
    ("Three", "Third"),
    ("Four", "Fourth"),
    ("Five", "Fifth"),
    ("Six", "Sixth"),
    ("Seven", "Seventh"),
    ("Eight", "Eighth"),
    ("Nine", "Ninth"),
    ("Ten", "Tenth"),
    ("Eleven", "Eleventh"),
    ("Twelve", "Twelfth"),
    ("Thirteen", "Thirteenth"),
    ("Fourteen", "Fourteenth"),
    ("Fifteen", "Fifteenth"),
    ("Sixteen", "Sixteenth"),
    ("Seventeen", "Seventeenth"),
    ("Eighteen", "Eighteenth"),
    ("Nineteen", "Nineteenth"),
];

/// Cardinal and ordinal of the tens, from twenty on.
const TENS: [(&str, &str); 8] = [
    ("Twenty", "Twentieth"),
    ("Thirty", "Thirtieth"),
    ("Forty", "Fortieth"),
    ("Fifty", "Fiftieth"),
    ("Sixty", "Sixtieth"),
    ("Seventy", "Seventieth"),
    ("Eighty", "Eightieth"),
    ("Ninety", "Ninetieth"),
];

const HUNDRED: &str = "Hundred";
const TRILLION: &str = "Trillion";

/// Greater ones first; their ordinals end in `th`.
const SCALES: [(u64, &str); 3] =
    [(1_000_000_000, "Billion"), (1_000_000, "Million"), (1_000, "Thousand")];

/// Digits that stand before a trillion.
const TRILLION_DIGITS: usize = 12;

/// Words with capitals for the number with these digits, of which none but a lone one is a
/// leading zero.
pub(super) fn spell(digits: &[u8], ordinal: bool) -> String {
    let mut words = Words { text: String::new(), round: false };
    let head = match digits.len() % TRILLION_DIGITS {
        0 => TRILLION_DIGITS.min(digits.len()),
        count => count,
    };
    let (first, rest) = digits.split_at_checked(head).unwrap_or((digits, &[]));
    let last = rest.is_empty();
    words.below_trillion(number(first), ordinal && last);
    let mut chunks = rest.chunks(TRILLION_DIGITS).peekable();
    while let Some(chunk) = chunks.next() {
        words.scale(TRILLION);
        let ordinal = ordinal && chunks.peek().is_none();
        words.below_trillion(number(chunk), ordinal);
    }
    if words.text.is_empty() {
        let (cardinal, nth) = UNITS[0];
        return if ordinal { nth } else { cardinal }.to_owned();
    }
    if ordinal && words.round {
        words.text.push_str("th");
    }
    words.text
}

fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |value, digit| value * 10 + u64::from(*digit))
}

struct Words {
    text: String,
    /// Ends in a hundred, a thousand or more.
    round: bool,
}

impl Words {
    fn scale(&mut self, name: &str) {
        self.text.push(' ');
        self.text.push_str(name);
        self.round = true;
    }

    fn below_trillion(&mut self, mut value: u64, ordinal: bool) {
        for (scale, name) in SCALES {
            if value >= scale {
                self.join(", ");
                self.below_thousand(value / scale, false, "");
                self.scale(name);
                value %= scale;
            }
        }
        if value > 0 {
            let joint = if value < 100 { " and " } else { ", " };
            self.below_thousand(value, ordinal, joint);
        }
    }

    fn below_thousand(&mut self, value: u64, ordinal: bool, joint: &str) {
        self.join(joint);
        let rest = value % 100;
        if value >= 100 {
            self.text.push_str(entry(&UNITS, value / 100).0);
            self.scale(HUNDRED);
            if rest == 0 {
                return;
            }
            self.join(" and ");
        }
        let pick = |pair: (&'static str, &'static str)| if ordinal { pair.1 } else { pair.0 };
        if rest < 20 {
            self.text.push_str(pick(entry(&UNITS, rest)));
        } else if rest.is_multiple_of(10) {
            self.text.push_str(pick(entry(&TENS, rest / 10 - 2)));
        } else {
            self.text.push_str(entry(&TENS, rest / 10 - 2).0);
            self.text.push('-');
            self.text.push_str(pick(entry(&UNITS, rest % 10)));
        }
        self.round = false;
    }

    fn join(&mut self, joint: &str) {
        if !self.text.is_empty() {
            self.text.push_str(joint);
        }
    }
}

fn entry(table: &[(&'static str, &'static str)], index: u64) -> (&'static str, &'static str) {
    usize::try_from(index).ok().and_then(|index| table.get(index)).copied().unwrap_or(("", ""))
}

/// The number that the words say, cardinal or ordinal; none when one is not known.
pub(super) fn value(text: &str) -> Option<f64> {
    let (mut sum, mut part, mut any) = (0.0, 0.0, false);
    for word in text.split([' ', ',', '-']).filter(|word| !word.is_empty()) {
        if word.eq_ignore_ascii_case(AND) {
            continue;
        }
        let worth = word_value(word)?;
        any = true;
        if worth >= 100.0 {
            part *= worth;
            continue;
        }
        // A thousand or more is finished once something is added to it.
        if part >= 1000.0 {
            sum += part;
            part = 0.0;
        }
        part += worth;
    }
    any.then_some(sum + part)
}

/// What joins words and has no value.
pub(super) const AND: &str = "and";

fn word_value(word: &str) -> Option<f64> {
    vocabulary().find_map(|(name, ending, value)| {
        let (start, end) = word.split_at_checked(name.len())?;
        let known = start.eq_ignore_ascii_case(name) && end.eq_ignore_ascii_case(ending);
        known.then_some(value)
    })
}

/// The lengths of all words of numbers that `text` begins with.
pub(super) fn beginnings(text: &str) -> impl Iterator<Item = usize> {
    vocabulary().filter_map(|(name, ending, _)| {
        let length = name.len() + ending.len();
        let (start, end) = text.get(..length)?.split_at_checked(name.len())?;
        let begins = start.eq_ignore_ascii_case(name) && end.eq_ignore_ascii_case(ending);
        begins.then_some(length)
    })
}

/// Every word in two parts, with its value.
fn vocabulary() -> impl Iterator<Item = (&'static str, &'static str, f64)> {
    let units = (0..).zip(UNITS).map(|(place, pair)| (pair, f64::from(place)));
    let tens = (2..).zip(TENS).map(|(place, pair)| (pair, f64::from(place) * 10.0));
    let scales = SCALES.into_iter().map(|(scale, name)| (name, scale as f64));
    let round = scales.chain([(HUNDRED, 100.0), (TRILLION, 1_000_000_000_000.0)]);
    units
        .chain(tens)
        .flat_map(|((cardinal, ordinal), value)| [(cardinal, "", value), (ordinal, "", value)])
        .chain(round.flat_map(|(name, value)| [(name, "", value), (name, "th", value)]))
}
