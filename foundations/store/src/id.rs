//! Slots, partitions and ids: `id = slot:10 | ms since 2024:42 | counter:12`.

use crate::engine::PartitionId;

/// Number of slots, for ever.
pub const SLOTS: u16 = 1024;

const SLOT_MASK: u16 = SLOTS - 1;
const COUNTER_BITS: u32 = 12;
const STAMP_BITS: u32 = 54;
/// 2024-01-01T00:00:00Z.
const BEGIN_MS: i64 = 1_704_067_200_000;

/// True for the numbers of partitions that divide the slots evenly.
pub(crate) fn is_partition_count(count: u16) -> bool {
    count.is_power_of_two() && count <= SLOTS
}

/// Partitions own contiguous ranges of slots.
pub(crate) fn partition_of(slot: u16, partitions: u16) -> PartitionId {
    (slot & SLOT_MASK) / (SLOTS / partitions)
}

/// The next id of a slot. `mark` is the partition's high-water mark (milliseconds and counter as
/// one number): it only rises, so ids are never given out twice, whatever the clock does.
pub(crate) fn next_id(mark: &mut u64, slot: u16, now_ms: i64) -> u64 {
    let ms = u64::try_from(now_ms.saturating_sub(BEGIN_MS)).unwrap_or(0);
    let now = (ms << COUNTER_BITS) & ((1 << STAMP_BITS) - 1);
    *mark = now.max(*mark + 1);
    (u64::from(slot & SLOT_MASK) << STAMP_BITS) | *mark
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_though_the_clock_falls() {
        let mut mark = 0;
        let mut last = 0;
        for now_ms in [BEGIN_MS + 5, BEGIN_MS + 5, BEGIN_MS + 4, 0, BEGIN_MS + 9] {
            let id = next_id(&mut mark, 1023, now_ms);
            assert!(id > last);
            assert_eq!(id >> STAMP_BITS, 1023);
            last = id;
        }
        assert_eq!((last >> COUNTER_BITS) & ((1 << 42) - 1), 9);
    }

    #[test]
    fn partitions_share_the_slots_evenly() {
        for partitions in [1, 2, 64, 1024] {
            let mut counts = vec![0; usize::from(partitions)];
            for slot in 0..SLOTS {
                counts[usize::from(partition_of(slot, partitions))] += 1;
            }
            assert!(counts.iter().all(|&n| n == SLOTS / partitions));
        }
    }
}
