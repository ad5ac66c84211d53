//! A bounded run: some seeds without a violation, the same twice, and every deliberate mistake
//! caught.

/// Seeds that must pass; `cargo xtask simulate` runs more.
const SEEDS: u64 = 15;
/// Seeds within which a mistake must be caught, unless it is rare.
const SEEDS_OF_MUTANT: u64 = 20;

/// Mistakes that need more seeds than the others.
const RARE: &[(&str, u64)] = &[("ids-reused", 40), ("replaced-is-landed", 40)];

#[test]
fn seeds_pass_and_reach_every_place() {
    let mut reached = std::collections::BTreeSet::new();
    for seed in 1..=SEEDS {
        let report = simulator::run(seed, None).unwrap();
        assert!(
            report.violations.is_empty(),
            "{:#?}\nagain: cargo xtask simulate --seed {seed} --seeds 1 --trace",
            report.violations
        );
        reached.extend(report.reached.into_keys());
    }
    for place in simulator::PLACES {
        assert!(reached.contains(place), "never reached: {place}");
    }
}

#[test]
fn a_seed_is_one_run() {
    for seed in [1, 2, 77] {
        let once = simulator::run(seed, None).unwrap();
        let again = simulator::run(seed, None).unwrap();
        let differs = once.trace.iter().zip(&again.trace).find(|(one, two)| one != two);
        assert_eq!(once.digest, again.digest, "seed {seed}: {differs:?}");
    }
}

#[test]
fn every_mutant_is_caught() {
    let mut missed = Vec::new();
    for mutant in simulator::MUTANTS {
        let rare = RARE.iter().find(|(name, _)| *name == mutant.name);
        let seeds = rare.map_or(SEEDS_OF_MUTANT, |(_, seeds)| *seeds);
        let caught = (1..=seeds)
            .find(|seed| !simulator::run(*seed, Some(mutant.name)).unwrap().violations.is_empty());
        if caught.is_none() {
            missed.push(mutant.name);
        }
    }
    assert!(missed.is_empty(), "not caught: {missed:?}");
}
