//! What the system tells about running processes. Only Linux tells it in files; elsewhere there are
//! no descendants to see and no memory to measure.

use std::fs;

/// Processes looked at in one tree; a function that has more is over any memory limit anyway.
const TREE_PROCESSES_MAX: usize = 4096;

/// Children of a process, their children, and so on.
pub(crate) fn descendants(root: u32) -> Vec<u32> {
    let mut found: Vec<u32> = Vec::new();
    let mut next = vec![root];
    while let Some(pid) = next.pop() {
        for child in children(pid) {
            if found.len() >= TREE_PROCESSES_MAX {
                return found;
            }
            found.push(child);
            next.push(child);
        }
    }
    found
}

fn children(pid: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    threads
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|list| list.split_whitespace().flat_map(str::parse).collect::<Vec<u32>>())
        .collect()
}

/// Whether a process has ended and only waits to be collected.
pub(crate) fn is_ended(pid: u32) -> bool {
    match fs::read_to_string(format!("/proc/{pid}/stat")) {
        // The name is in parentheses and may hold some itself; the state follows the last one.
        Ok(stat) => stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with(['Z', 'X'])),
        Err(_) => true,
    }
}

/// Memory that the tree below a process holds, in bytes; the process itself not counted.
pub(crate) fn tree_memory(root: u32) -> u64 {
    descendants(root).into_iter().map(resident).sum()
}

fn resident(pid: u32) -> u64 {
    let pages = fs::read_to_string(format!("/proc/{pid}/statm")).ok().and_then(|statm| {
        let mut fields = statm.split(' ').flat_map(str::parse::<u64>);
        let (resident, shared) = (fields.nth(1)?, fields.next()?);
        Some(resident.saturating_sub(shared))
    });
    pages.unwrap_or(0).saturating_mul(rustix::param::page_size() as u64)
}

/// The most memory that the tree below a process has held, in bytes: the sum of the peaks.
pub(crate) fn tree_memory_peak(root: u32) -> u64 {
    descendants(root).into_iter().map(peak).sum()
}

fn peak(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0).saturating_mul(1024)
}
