//! Results as JUnit XML, which build servers read.

use std::fmt::Write;

use super::{Group, Verdict};
use crate::ui::text;

pub(super) fn document(groups: &[Group]) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for group in groups {
        suite(&mut xml, group);
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn suite(xml: &mut String, group: &Group) {
    let name = escaped(&text::short(&group.file));
    let failures = group.verdicts.iter().filter(|verdict| !verdict.lines.is_empty()).count();
    let errors = usize::from(group.mistake.is_some());
    let tests = group.verdicts.len() + errors;
    let time: f64 = group.verdicts.iter().map(|verdict| verdict.took.as_secs_f64()).sum();
    let _ = writeln!(
        xml,
        "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" \
         errors=\"{errors}\" time=\"{time:.3}\">"
    );
    if let Some(mistake) = &group.mistake {
        let message = escaped(mistake);
        let _ = writeln!(
            xml,
            "    <testcase classname=\"{name}\" name=\"(the file)\" time=\"0\">\n      \
             <error message=\"{message}\"/>\n    </testcase>"
        );
    }
    for verdict in &group.verdicts {
        case(xml, &name, verdict);
    }
    xml.push_str("  </testsuite>\n");
}

fn case(xml: &mut String, class: &str, verdict: &Verdict) {
    let name = escaped(&verdict.name);
    let time = verdict.took.as_secs_f64();
    let _ = write!(xml, "    <testcase classname=\"{class}\" name=\"{name}\" time=\"{time:.3}\"");
    let Some(first) = verdict.lines.first() else {
        xml.push_str("/>\n");
        return;
    };
    let message = escaped(first);
    let body = escaped(&verdict.lines.join("\n"));
    let _ =
        writeln!(xml, ">\n      <failure message=\"{message}\">{body}</failure>\n    </testcase>");
}

/// XML has no place for most control characters, escaped or not.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            _ if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => {
                escaped.push('\u{fffd}');
            }
            _ => escaped.push(letter),
        }
    }
    escaped
}
