//! Numbers that fall anyhow, and fall the same again for the same seed.

/// SplitMix64, as its authors published it.
pub(crate) struct Dice(u64);

impl Dice {
    /// Dice of a seed of this moment, which is printed for whoever wants the same run: `STANDFAST_SEED`.
    pub(crate) fn new() -> Self {
        let now = u64::from(std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos());
        let seed = std::env::var("STANDFAST_SEED").map_or(now, |seed| seed.parse().unwrap());
        eprintln!("STANDFAST_SEED={seed}");
        Self(seed)
    }

    /// A number below this one.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// A number that whoever runs the tests may set; `otherwise` if nobody did.
pub(crate) fn asked(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name} must be a number: {text}")))
}
