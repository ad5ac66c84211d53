//! The library: a line for each function, with its signature and the number of arguments that it
//! takes where it is called for each item.

mod added;
mod dates;
mod gather;
mod higher;
mod matches;
mod members;
mod numbers;
mod strings;
mod truths;
mod urls;

use std::sync::OnceLock;

use crate::run::{Outcome, Run};
use crate::signature::Signature;
use crate::value::Val;

pub(crate) struct Builtin {
    pub(crate) name: &'static str,
    signature: &'static str,
    parsed: OnceLock<Option<Signature>>,
    pub(crate) arity: usize,
    pub(crate) call: Call,
}

type Call = for<'r, 'a, 'v> fn(&'r mut Run<'v>, &'a [Val<'v>]) -> Outcome<'v>;

impl std::fmt::Debug for Builtin {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "${}", self.name)
    }
}

const fn line(name: &'static str, signature: &'static str, arity: usize, call: Call) -> Builtin {
    Builtin { name, signature, parsed: OnceLock::new(), arity, call }
}

/// Sorted by name. Step Functions has no `$eval`; it adds `$hash`, `$parse`, `$partition`,
/// `$range`, `$uuid` and a seed of `$random` (SFN-JA-10).
static FUNCTIONS: [Builtin; 69] = [
    line("abs", "<n-:n>", 1, numbers::abs),
    line("append", "<xx:a>", 2, members::append),
    line("assert", "<bs?:x>", 2, truths::assert),
    line("average", "<a<n>:n>", 1, gather::average),
    line("base64decode", "<s-:s>", 1, urls::base64_decode),
    line("base64encode", "<s-:s>", 1, urls::base64_encode),
    line("boolean", "<x-:b>", 1, truths::boolean),
    line("ceil", "<n-:n>", 1, numbers::ceil),
    line("clone", "<(oa)-:o>", 1, truths::clone),
    line("contains", "<s-(sf):b>", 2, matches::contains),
    line("count", "<a:n>", 1, gather::count),
    line("decodeUrl", "<s-:s>", 1, urls::decode_url),
    line("decodeUrlComponent", "<s-:s>", 1, urls::decode_component),
    line("distinct", "<x:x>", 1, gather::distinct),
    line("each", "<o-f:a>", 2, higher::each),
    line("encodeUrl", "<s-:s>", 1, urls::encode_url),
    line("encodeUrlComponent", "<s-:s>", 1, urls::encode_component),
    line("error", "<s?:x>", 1, truths::error),
    line("exists", "<x:b>", 1, truths::exists),
    line("filter", "<af>", 2, higher::filter),
    line("floor", "<n-:n>", 1, numbers::floor),
    line("formatBase", "<n-n?:s>", 2, numbers::format_base),
    line("formatInteger", "<n-s:s>", 2, numbers::format_integer),
    line("formatNumber", "<n-so?:s>", 3, numbers::format_number),
    line("fromMillis", "<n-s?s?:s>", 3, dates::from_millis),
    line("hash", "<x?s?:s>", 2, added::hash),
    line("join", "<a<s>s?:s>", 2, strings::join),
    line("keys", "<x-:a<s>>", 1, members::keys),
    line("length", "<s-:n>", 1, strings::length),
    line("lookup", "<x-s:x>", 2, members::lookup),
    line("lowercase", "<s-:s>", 1, strings::lowercase),
    line("map", "<af>", 2, higher::map),
    line("match", "<s-f<s:o>n?:a<o>>", 3, matches::matches),
    line("max", "<a<n>:n>", 1, gather::max),
    line("merge", "<a<o>:o>", 1, members::merge),
    line("millis", "<:n>", 0, dates::millis),
    line("min", "<a<n>:n>", 1, gather::min),
    line("not", "<x-:b>", 1, truths::not),
    line("now", "<s?s?:s>", 2, dates::now),
    line("number", "<(nsb)-:n>", 1, numbers::number),
    line("pad", "<s-ns?:s>", 3, strings::pad),
    line("parse", "<s?:x>", 1, added::parse),
    line("parseInteger", "<s-s:n>", 2, numbers::parse_integer),
    line("partition", "<a?n?:a>", 2, added::partition),
    line("power", "<n-n:n>", 2, numbers::power),
    line("random", "<n?:n>", 1, added::random),
    line("range", "<n?n?n?:a>", 3, added::range),
    line("reduce", "<afj?:j>", 3, higher::reduce),
    line("replace", "<s-(sf)(sf)n?:s>", 4, matches::replace),
    line("reverse", "<a:a>", 1, gather::reverse),
    line("round", "<n-n?:n>", 2, numbers::round),
    line("shuffle", "<a:a>", 1, gather::shuffle),
    line("sift", "<o-f?:o>", 2, higher::sift),
    line("single", "<af?>", 2, higher::single),
    line("sort", "<af?:a>", 2, gather::sort),
    line("split", "<s-(sf)n?:a<s>>", 3, matches::split),
    line("spread", "<x-:a<o>>", 1, members::spread),
    line("sqrt", "<n-:n>", 1, numbers::sqrt),
    line("string", "<x-b?:s>", 1, strings::string),
    line("substring", "<s-nn?:s>", 3, strings::substring),
    line("substringAfter", "<s-s:s>", 2, strings::substring_after),
    line("substringBefore", "<s-s:s>", 2, strings::substring_before),
    line("sum", "<a<n>:n>", 1, gather::sum),
    line("toMillis", "<s-s?:n>", 2, dates::to_millis),
    line("trim", "<s-:s>", 1, strings::trim),
    line("type", "<x:s>", 1, truths::kind),
    line("uppercase", "<s-:s>", 1, strings::uppercase),
    line("uuid", "<:s>", 0, added::uuid),
    line("zip", "<a+>", 1, gather::zip),
];

/// The library's function by that name.
pub(crate) fn find(name: &str) -> Option<&'static Builtin> {
    let place = FUNCTIONS.binary_search_by(|line| line.name.cmp(name)).ok()?;
    FUNCTIONS.get(place)
}

impl Builtin {
    pub(crate) fn signature(&self) -> Option<&Signature> {
        self.parsed.get_or_init(|| Signature::parse(self.signature).ok()).as_ref()
    }
}

/// Argument `place`, counted from zero.
fn arg<'a, 'v>(args: &'a [Val<'v>], place: usize) -> &'a Val<'v> {
    args.get(place).unwrap_or(&Val::Undefined)
}
