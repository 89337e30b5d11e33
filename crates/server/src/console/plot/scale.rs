//! A scale that begins at zero and has round numbers.

/// Most steps of a scale.
const STEPS: i64 = 4;

/// The numbers of a scale that has room for `most`, from zero up: at least two, at most five.
pub(super) fn ticks(most: i64) -> Vec<i64> {
    let most = most.max(1);
    let step = steps().find(|step| step.saturating_mul(STEPS) >= most).unwrap_or(i64::MAX / STEPS);
    let count = most.saturating_add(step - 1) / step;
    (0..=count).map(|n| n.saturating_mul(step)).collect()
}

/// 1, 2, 5, 10, 20, 50, …
fn steps() -> impl Iterator<Item = i64> {
    (0..18).flat_map(|zeros| [1, 2, 5].map(|digit| digit * 10_i64.pow(zeros)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_round_and_hold_the_largest_number() {
        for (most, expected) in [
            (0, vec![0, 1]),
            (1, vec![0, 1]),
            (3, vec![0, 1, 2, 3]),
            (5, vec![0, 2, 4, 6]),
            (9, vec![0, 5, 10]),
            (40, vec![0, 10, 20, 30, 40]),
            (41, vec![0, 20, 40, 60]),
            (1234, vec![0, 500, 1000, 1500]),
        ] {
            assert_eq!(ticks(most), expected, "{most}");
        }
        for most in [i64::MIN, -1, i64::MAX - 1, i64::MAX] {
            let ticks = ticks(most);
            assert!((2..=5).contains(&ticks.len()) && ticks.is_sorted(), "{most}: {ticks:?}");
        }
    }
}
