//! The closing table, and what broke.

use super::run::Outcome;

pub(super) fn print(outcomes: &[Outcome]) {
    println!(
        "\n{:<12} {:>7} {:>12} {:>9} {:>8} {:>7} {:>7}",
        "target", "time", "executions", "per s", "places", "inputs", "broken"
    );
    for outcome in outcomes {
        let seconds = outcome.time.as_secs_f64();
        println!(
            "{:<12} {:>5.0} s {:>12} {:>9.0} {:>8} {:>7} {:>7}",
            outcome.name,
            seconds,
            outcome.executions,
            outcome.executions as f64 / seconds.max(0.001),
            outcome.coverage,
            outcome.corpus,
            outcome.crashes.len()
        );
    }
    for crash in outcomes.iter().flat_map(|outcome| &outcome.crashes) {
        println!("\n{}\n  {}", crash.file.display(), crash.message);
    }
}
