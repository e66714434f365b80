//! What goes wrong on a simulated disk: faults, planted bugs, and how often each thing happened.

/// Small deterministic random numbers (SplitMix64).
#[derive(Debug, Clone)]
pub(crate) struct Rng(pub u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// What goes wrong in a run, besides the power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Nothing,
    /// The n-th write fails and leaves nothing.
    FailWrite(u64),
    /// The n-th write fails and leaves a part.
    ShortWrite(u64),
    /// The n-th sync fails; its pages count as clean from then on.
    FailSync(u64),
    /// The n-th sync of the folder fails.
    FailFolderSync(u64),
    /// The n-th write leaves a part and reports that space ran out.
    FullWrite(u64),
    /// Files may not occupy more than this in all, in bytes.
    Space(usize),
    /// The disk is so slow that marks and spares never get their turn.
    Slow,
}

/// So many syncs do what they say, where later ones do nothing.
pub(crate) const HONEST_SYNCS: u64 = 20;

/// So many syncs are forgotten at a power cut by a disk that forgets its last ones.
pub(crate) const FORGOTTEN_SYNCS: usize = 6;

/// A bug planted to see whether the checks can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    None,
    /// Records count as acknowledged before they are committed.
    AckFirst,
    /// A sync does nothing.
    LieAboutSync,
    /// A sync does nothing, but for the first [`HONEST_SYNCS`].
    LieAboutLateSyncs,
    /// A disk that loses its power is as it was [`FORGOTTEN_SYNCS`] before, whole: nothing shows
    /// but that what was acknowledged is gone.
    ForgetLastSyncs,
    /// A sync of the folder does nothing.
    LieAboutNames,
    /// A failed write counts as done.
    SwallowFailedWrite,
    /// A short write counts as done, so that the next batch goes behind half a frame.
    SwallowShortWrite,
    /// A write without space counts as done.
    SwallowFullWrite,
    /// A file without space counts as made, and is shorter than it was asked for.
    SwallowFullCreate,
    /// A failed sync is called again and then succeeds.
    RetrySync,
    /// A failed sync of the folder is called again and then succeeds.
    RetryFolderSync,
    /// A start takes the mark for the end of the log.
    TrustMark,
}

/// How often each thing happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fired {
    /// Power cuts.
    pub crashes: u64,
    /// Processes that ended between two operations.
    pub kills: u64,
    /// Processes that ended in the middle of an operation.
    pub kills_midway: u64,
    pub sectors_lost: u64,
    pub sectors_torn: u64,
    pub sectors_zeroed: u64,
    /// Sectors that reached the disk although an earlier one of the same write did not.
    pub reordered: u64,
    pub names_lost: u64,
    pub failed_writes: u64,
    pub short_writes: u64,
    pub failed_syncs: u64,
    pub failed_folder_syncs: u64,
    pub full_writes: u64,
    pub full_creates: u64,
}

impl Fired {
    /// Every kind by name.
    pub(crate) fn kinds(&self) -> [(&'static str, u64); 14] {
        [
            ("power cuts", self.crashes),
            ("kills", self.kills),
            ("kills in an operation", self.kills_midway),
            ("sectors lost", self.sectors_lost),
            ("sectors torn", self.sectors_torn),
            ("sectors zeroed", self.sectors_zeroed),
            ("sectors reordered within a write", self.reordered),
            ("names lost", self.names_lost),
            ("failed writes", self.failed_writes),
            ("short writes", self.short_writes),
            ("failed syncs", self.failed_syncs),
            ("failed folder syncs", self.failed_folder_syncs),
            ("writes without space", self.full_writes),
            ("files without space", self.full_creates),
        ]
    }

    pub(crate) fn add(&mut self, other: &Fired) {
        self.crashes += other.crashes;
        self.kills += other.kills;
        self.kills_midway += other.kills_midway;
        self.sectors_lost += other.sectors_lost;
        self.sectors_torn += other.sectors_torn;
        self.sectors_zeroed += other.sectors_zeroed;
        self.reordered += other.reordered;
        self.names_lost += other.names_lost;
        self.failed_writes += other.failed_writes;
        self.short_writes += other.short_writes;
        self.failed_syncs += other.failed_syncs;
        self.failed_folder_syncs += other.failed_folder_syncs;
        self.full_writes += other.full_writes;
        self.full_creates += other.full_creates;
    }
}
