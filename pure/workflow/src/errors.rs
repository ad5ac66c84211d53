//! What goes wrong in a state, which retriers and catchers it meets (language.md §11), and how
//! long a retry waits.

use asl::model::{Catcher, Retrier};
use moment::Random;
use serde_json::{Value, json};

use crate::history::Failure;
use crate::payload::NESTING_MAX;

pub(crate) const ALL: &str = "States.ALL";
pub(crate) const DATA_LIMIT: &str = "States.DataLimitExceeded";
const HEARTBEAT: &str = "States.HeartbeatTimeout";
const QUERY: &str = "States.QueryEvaluationError";
const RESULT_PATH: &str = "States.ResultPathMatchFailure";
pub(crate) const RUNTIME: &str = "States.Runtime";
pub(crate) const TASK_FAILED: &str = "States.TaskFailed";
pub(crate) const TIMEOUT: &str = "States.Timeout";

/// An error that the interpreter itself raises, before the prefix that names the state.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Raised {
    /// `States.Runtime`: ends the execution.
    Runtime(String),
    /// A JSONata expression failed in the field `location` (SFN-HIST-50).
    Query { cause: String, location: Option<String> },
    /// `ResultPath` leads through a value that is no object (SFN-PATH-9).
    ResultPath(String),
    /// A payload is too long (SFN-IO-6); the state or task that gave it.
    TooLong { of: String },
    /// A payload is nested too deep to be read again; the state or task that gave it.
    TooDeep { of: String },
}

/// A state's failure on its way through retriers, catchers and enclosing states.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failed {
    pub(crate) failure: Failure,
    nature: Nature,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nature {
    /// Known by its name alone.
    Plain,
    /// The clock of a task ran out.
    Timeout,
    /// A heartbeat was missed: told as a timeout, also matched by its own name (SFN-TASK-3).
    Heartbeat,
    /// Wildcards do not match it (SFN-ERRN-2).
    Unmatched,
}

impl Failed {
    /// What a task, a Fail state or a caller reported.
    pub(crate) fn reported(failure: Failure) -> Failed {
        Failed { failure, nature: Nature::Plain }
    }

    pub(crate) fn timeout(heartbeat: bool) -> Failed {
        let nature = if heartbeat { Nature::Heartbeat } else { Nature::Timeout };
        Failed { failure: Failure { error: Some(TIMEOUT.into()), cause: None }, nature }
    }

    /// A task's result is refused; unlike a state's output it is matched by wildcards.
    pub(crate) fn result_refused(raised: Raised) -> Failed {
        Failed { nature: Nature::Plain, ..Failed::raised(raised, "") }
    }

    fn too_long(of: &str) -> Failed {
        let cause = format!(
            "The state/task '{of}' returned a result with a size exceeding the maximum number of \
             bytes service limit."
        );
        named(DATA_LIMIT, cause, Nature::Unmatched)
    }

    fn too_deep(of: &str) -> Failed {
        let cause = format!(
            "The state/task '{of}' returned a result that is nested deeper than {NESTING_MAX} \
             levels."
        );
        named(DATA_LIMIT, cause, Nature::Unmatched)
    }

    /// A raised error with its prefix, which a payload's length does without (SFN-ERRN-3).
    pub(crate) fn raised(raised: Raised, prefix: &str) -> Failed {
        match raised {
            Raised::Runtime(cause) => named(RUNTIME, format!("{prefix}{cause}"), Nature::Plain),
            Raised::Query { cause, .. } => named(QUERY, format!("{prefix}{cause}"), Nature::Plain),
            Raised::ResultPath(cause) => {
                named(RESULT_PATH, format!("{prefix}{cause}"), Nature::Plain)
            }
            Raised::TooLong { of } => Failed::too_long(&of),
            Raised::TooDeep { of } => Failed::too_deep(&of),
        }
    }

    /// `States.Runtime` passes every retrier and catcher (SFN-PAR-3, SFN-CATCH-4).
    pub(crate) fn ends_execution(&self) -> bool {
        self.failure.error.as_deref() == Some(RUNTIME)
    }

    /// The error output of a catcher (SFN-ERRN-1).
    pub(crate) fn output(&self) -> Value {
        let timed_out = matches!(self.nature, Nature::Timeout | Nature::Heartbeat);
        let cause = match &self.failure.cause {
            None if timed_out => Some(""),
            cause => cause.as_deref(),
        };
        json!({"Error": self.failure.error, "Cause": cause})
    }

    fn matches(&self, names: &[String]) -> bool {
        !self.ends_execution() && names.iter().any(|name| self.matches_name(name))
    }

    fn matches_name(&self, name: &str) -> bool {
        let error = self.failure.error.as_deref();
        match name {
            ALL => self.nature != Nature::Unmatched,
            TASK_FAILED => self.nature != Nature::Unmatched && error != Some(TIMEOUT),
            HEARTBEAT if self.nature == Nature::Heartbeat => true,
            _ => error == Some(name),
        }
    }
}

fn named(error: &str, cause: String, nature: Nature) -> Failed {
    Failed { failure: Failure::bounded(Some(error.into()), Some(cause)), nature }
}

/// The first retrier that matches, whether it has attempts left or not (SFN-RETRY-2).
pub(crate) fn matching(retriers: &[Retrier], failed: &Failed) -> Option<usize> {
    retriers.iter().position(|retrier| failed.matches(&retrier.error_equals))
}

/// The first retrier that matches, when it has attempts left: its number (SFN-RETRY-2, -4).
pub(crate) fn retrier(retriers: &[Retrier], used: &[u64], failed: &Failed) -> Option<usize> {
    let number = matching(retriers, failed)?;
    let attempts = used.get(number).copied().unwrap_or(0);
    (attempts < retriers.get(number)?.max_attempts).then_some(number)
}

/// The first catcher that matches: its number and itself (SFN-CATCH-1).
pub(crate) fn catcher<'a>(
    catchers: &'a [Catcher],
    failed: &Failed,
) -> Option<(usize, &'a Catcher)> {
    catchers.iter().enumerate().find(|(_, catcher)| failed.matches(&catcher.error_equals))
}

/// Longest delay of a retry: a year, the longest that an execution lasts.
const DELAY_SECONDS_MAX: f64 = 31_622_400.0;

/// The delay before retry number `used` of this retrier, counted from 0 (SFN-RETRY-3).
pub(crate) fn delay_ms(retrier: &Retrier, used: u64, random: &mut Random) -> u64 {
    let exponent = i32::try_from(used).unwrap_or(i32::MAX);
    let grown = retrier.interval_seconds as f64 * retrier.backoff_rate.powi(exponent);
    let capped = match retrier.max_delay_seconds {
        Some(most) => grown.min(most as f64),
        None => grown,
    };
    // Between 0 and the bound, so the conversion keeps the value.
    let delay_ms = (capped.clamp(0.0, DELAY_SECONDS_MAX) * 1000.0).round() as u64;
    if retrier.full_jitter { random.below(delay_ms + 1) } else { delay_ms }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retrier(backoff_rate: f64, max_delay_seconds: Option<u64>, full_jitter: bool) -> Retrier {
        Retrier {
            error_equals: vec![ALL.into()],
            interval_seconds: 2,
            max_attempts: 3,
            backoff_rate,
            max_delay_seconds,
            full_jitter,
        }
    }

    // SFN-RETRY-3, SFN-SEM-91
    #[test]
    fn delays_grow_and_are_capped() {
        let mut random = Random::new(1);
        let plain = retrier(3.0, Some(20), false);
        let delays: Vec<u64> = (0..4).map(|k| delay_ms(&plain, k, &mut random)).collect();
        assert_eq!(delays, [2_000, 6_000, 18_000, 20_000]);
        let jittered = retrier(2.0, None, true);
        assert!((0..100).all(|_| delay_ms(&jittered, 1, &mut random) <= 4_000));
        assert_eq!(delay_ms(&retrier(1e300, None, false), u64::MAX, &mut random), 31_622_400_000);
    }

    // SFN-RETRY-5, SFN-ERRN-2, SFN-TASK-3
    #[test]
    fn names_match() {
        let reported = |error: Option<&str>| {
            Failed::reported(Failure { error: error.map(String::from), cause: None })
        };
        let rows = [
            (reported(Some("Mine")), vec!["Mine", TASK_FAILED, ALL]),
            (reported(None), vec![TASK_FAILED, ALL]),
            (Failed::timeout(false), vec![TIMEOUT, ALL]),
            (Failed::timeout(true), vec![TIMEOUT, HEARTBEAT, ALL]),
            (Failed::too_long("S"), vec![DATA_LIMIT]),
            (
                Failed::result_refused(Raised::TooLong { of: "S".into() }),
                vec![DATA_LIMIT, TASK_FAILED, ALL],
            ),
            (Failed::raised(Raised::Runtime("x".into()), ""), vec![]),
        ];
        let names = ["Mine", TASK_FAILED, TIMEOUT, HEARTBEAT, DATA_LIMIT, RUNTIME, ALL];
        for (failed, expected) in rows {
            let matching =
                names.iter().filter(|name| failed.matches(&[String::from(**name)])).copied();
            let mut matching: Vec<&str> = matching.collect();
            let mut expected = expected;
            matching.sort_unstable();
            expected.sort_unstable();
            assert_eq!(matching, expected, "{failed:?}");
        }
    }
}
