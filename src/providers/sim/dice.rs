//! Chance that can be repeated: a small generator of our own (SplitMix64), because `rand` may change its streams between
//! releases and a seed must give the same calls for ever.

/// A stream of choices decided by what it was made of.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    /// The stream of this seed and these words.
    pub(super) fn of(seed: u64, words: &[&str]) -> Dice {
        // FNV-1a; the separator keeps ("ab", "c") apart from ("a", "bc").
        let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for byte in words.iter().flat_map(|word| word.bytes().chain([0x1f])) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Dice(hash)
    }

    /// Any number.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// At least `low`, below `high`.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * ((self.next() >> 11) as f64 / (1_u64 << 53) as f64)
    }

    /// True with this probability.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.between(0.0, 1.0) < probability
    }

    /// At least 0, below `end`; 0 when there is nothing to choose from.
    pub(super) fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { (self.next() % end as u64) as usize }
    }

    /// The items in another order.
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn the_same_words_give_the_same_stream_and_others_another() {
        let stream = |words: &[&str]| {
            let mut dice = Dice::of(7, words);
            [dice.next(), dice.next(), dice.next()]
        };
        assert_eq!(stream(&["+33612345678", "fr"]), stream(&["+33612345678", "fr"]));
        assert_ne!(stream(&["ab", "c"]), stream(&["a", "bc"]));
    }

    #[test]
    fn the_stream_of_a_seed_never_changes() {
        assert_eq!(Dice::of(1, &["zencall"]).next(), Dice::of(1, &["zencall"]).next());
        let mut dice = Dice(0);
        assert_eq!(dice.next(), 0xe220_a839_7b1d_cdaf, "SplitMix64 reference value");
    }
}
