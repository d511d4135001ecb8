//! Choices that come out the same for the same seed, on every machine and in every release (SplitMix64).

/// A row of choices.
#[derive(Clone)]
pub struct Dice(u64);

impl Dice {
    /// The row that belongs to these numbers.
    pub fn of(parts: &[u64]) -> Self {
        let mut state = 0x5eed_u64;
        for part in parts {
            state = mix(state ^ part.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        }
        Self(state)
    }

    /// Sixty-four bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// From 0 to `most - 1`; 0 when there is nothing to choose from.
    pub fn below(&mut self, most: u64) -> u64 {
        // The multiplication keeps the high bits, which are the better ones.
        ((u128::from(self.bits()) * u128::from(most.max(1))) >> 64) as u64
    }

    /// From `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1).max(1) as u64) as i64
    }

    /// True in so many of a hundred cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u64) as usize]
    }

    /// The place of one of these weights.
    pub fn weighted(&mut self, weights: &[u32]) -> usize {
        let mut left = self.below(weights.iter().map(|weight| u64::from(*weight)).sum());
        weights
            .iter()
            .position(|weight| {
                let weight = u64::from(*weight);
                let here = left < weight;
                left = left.saturating_sub(weight);
                here
            })
            .unwrap_or(0)
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_numbers_give_the_same_choices_and_others_do_not() {
        let row = |parts: &[u64]| (0..8).scan(Dice::of(parts), |dice, _| Some(dice.bits())).collect::<Vec<_>>();
        assert_eq!(row(&[1, 2]), row(&[1, 2]));
        assert_ne!(row(&[1, 2]), row(&[2, 1]));
        assert_eq!(row(&[7])[0], Dice::of(&[7]).bits());
    }

    #[test]
    fn weights_are_kept_roughly_and_nought_is_never_chosen() {
        let mut dice = Dice::of(&[3]);
        let mut counts = [0; 3];
        for _ in 0..10_000 {
            counts[dice.weighted(&[70, 0, 30])] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((6_500..7_500).contains(&counts[0]), "{counts:?}");
    }
}
