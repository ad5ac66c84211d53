//! How many failures a run tolerates (SFN-DMAP-10, SFN-SEM-61).

use crate::records::{Counts, MapRunLimits};

/// Whether failed and timed out items are too many. A limit that is not given does not count
/// when the other one is.
pub(super) fn exceeds(limits: &MapRunLimits, items: &Counts, total: Option<u64>) -> bool {
    let failed = items.failed + items.timed_out;
    if failed == 0 {
        return false;
    }
    let by_share = limits.tolerated_failure_percentage.is_some_and(|share| match total {
        Some(total) => failed as f64 * 100.0 > share * total as f64,
        None => share == 0.0,
    });
    let by_count = match (limits.tolerated_failure_count, limits.tolerated_failure_percentage) {
        (Some(count), _) => failed > count,
        (None, None) => true,
        (None, Some(_)) => false,
    };
    by_count || by_share
}

#[cfg(test)]
mod tests {
    use super::*;

    // SFN-DMAP-10, SFN-SEM-61
    #[test]
    fn either_limit_decides() {
        let limits = |count, share| MapRunLimits {
            max_concurrency: 0,
            tolerated_failure_count: count,
            tolerated_failure_percentage: share,
        };
        let failed =
            |failed, timed_out| Counts { failed, timed_out, aborted: 9, ..Counts::default() };
        let rows = [
            (limits(None, None), failed(0, 0), Some(10), false),
            (limits(None, None), failed(1, 0), Some(10), true),
            (limits(Some(2), None), failed(1, 1), Some(10), false),
            (limits(Some(2), None), failed(2, 1), Some(10), true),
            (limits(None, Some(20.0)), failed(2, 0), Some(10), false),
            (limits(None, Some(20.0)), failed(3, 0), Some(10), true),
            (limits(None, Some(20.0)), failed(3, 0), None, false),
            (limits(Some(5), Some(0.0)), failed(1, 0), None, true),
            (limits(Some(0), Some(100.0)), failed(1, 0), Some(1), true),
        ];
        for (limits, items, total, expected) in rows {
            assert_eq!(exceeds(&limits, &items, total), expected, "{limits:?} {items:?}");
        }
    }
}
