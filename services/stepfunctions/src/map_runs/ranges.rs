//! A set of numbers that mostly follow one another, kept as ranges.

use serde::{Deserialize, Serialize};

/// Ranges from the first number to before the last, in order, none touching the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ranges(Vec<(u64, u64)>);

impl Ranges {
    /// Adds a number. False when it was there.
    pub(crate) fn insert(&mut self, number: u64) -> bool {
        let at = self.0.partition_point(|range| range.1 < number);
        match self.0.get_mut(at) {
            Some(range) if (range.0..range.1).contains(&number) => return false,
            Some(range) if range.1 == number => {
                range.1 += 1;
                self.join(at);
            }
            Some(range) if range.0 == number + 1 => range.0 = number,
            _ => self.0.insert(at, (number, number + 1)),
        }
        true
    }

    /// One that has grown up to the next becomes one with it.
    fn join(&mut self, at: usize) {
        let (Some(this), Some(next)) = (self.0.get(at), self.0.get(at + 1)) else { return };
        if this.1 == next.0 {
            let end = next.1;
            self.0.remove(at + 1);
            if let Some(this) = self.0.get_mut(at) {
                this.1 = end;
            }
        }
    }

    pub(crate) fn contains(&self, number: u64) -> bool {
        let at = self.0.partition_point(|range| range.1 <= number);
        self.0.get(at).is_some_and(|range| range.0 <= number)
    }

    /// The numbers in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u64> {
        self.0.iter().flat_map(|range| range.0..range.1)
    }

    /// The numbers below `end` that are not there.
    pub(crate) fn missing(&self, end: u64) -> impl Iterator<Item = u64> {
        let starts = std::iter::once(0).chain(self.0.iter().map(|range| range.1));
        let ends = self.0.iter().map(|range| range.0).chain(std::iter::once(end));
        starts.zip(ends).flat_map(move |(from, to)| from..to.min(end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn behaves_as_a_set() {
        let mut random = moment::Random::new(7);
        for _ in 0..200 {
            let (mut ranges, mut set) = (Ranges::default(), BTreeSet::new());
            for _ in 0..60 {
                let number = random.below(40);
                assert_eq!(ranges.insert(number), set.insert(number));
                assert!(ranges.0.windows(2).all(|pair| pair[0].1 < pair[1].0), "{ranges:?}");
            }
            assert!((0..45).all(|number| ranges.contains(number) == set.contains(&number)));
            assert!(ranges.iter().eq(set.iter().copied()));
            let missing: Vec<u64> = (0..30).filter(|number| !set.contains(number)).collect();
            assert_eq!(ranges.missing(30).collect::<Vec<_>>(), missing);
        }
    }
}
