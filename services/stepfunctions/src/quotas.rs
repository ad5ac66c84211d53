//! AWS's quotas on what an account has in a region, or on what there is of one machine or activity
//! (api.md §13). Quotas of single executions are [`workflow::Limits`].

use wire::limits::JSON_BODY_BYTES_MAX;

/// The quotas; the default is AWS's (SFN-QUOTA-1).
#[derive(Clone, Debug)]
pub struct Quotas {
    /// Standard executions that run in a region of an account (SFN-EXEC-9). The children of map
    /// runs are bounded by those instead.
    pub open_executions_max: u64,
    /// State machines in a region of an account.
    pub state_machines_max: u64,
    /// Activities in a region of an account.
    pub activities_max: u64,
    /// Map runs in a region of an account that start children; others wait.
    pub open_map_runs_max: usize,
    /// Children of one map run at once, whatever is asked for (SFN-DMAP-3).
    pub map_run_children_max: u64,
    /// Pollers parked on one activity (SFN-ACT-21).
    pub pollers_max: usize,
    /// Versions of one machine (SFN-VER-6).
    pub versions_max: usize,
    /// Aliases of one machine.
    pub aliases_max: usize,
    /// Longest body of a request.
    pub request_bytes_max: usize,
}

impl Default for Quotas {
    fn default() -> Quotas {
        Quotas {
            open_executions_max: 1_000_000,
            state_machines_max: 100_000,
            activities_max: 100_000,
            open_map_runs_max: 1_000,
            map_run_children_max: 10_000,
            pollers_max: 1_000,
            versions_max: 1_000,
            aliases_max: 100,
            request_bytes_max: JSON_BODY_BYTES_MAX,
        }
    }
}
