//! Flaws of the model, for the comparison to find.

/// Something that is wrong with the model on purpose: whatever compares it with the engine must
/// find it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    None,
    /// Back-to-back shifts overlap.
    ClosedIntervals,
    /// A pact is read in both directions.
    PactsBothWays,
    /// A back-up is covered by the lead, whatever its own agreement.
    CoverOfTheLead,
    /// Who gave a slot back may take it again.
    ForgetsReturned,
    /// A late answer to a closed round can win a slot of the next one.
    LateAnswersWin,
    /// A certificate has to hold at the accept, and not through the end.
    CertifiedAtAcceptOnly,
    /// An approval is looked at when the work is offered, and not again.
    ApprovalNotCheckedAgain,
    /// Any rank takes any slot.
    AnyRankFits,
    /// Declared windows are read in UTC.
    AvailabilityInUtc,
    /// Exceptions to the ordinary week are ignored.
    ExceptionsIgnored,
    /// When all have declined, nobody else is asked.
    DeclinedByAllStops,
    /// The window of a tier never elapses.
    WindowNeverElapses,
    /// A suspension takes the officer's slots away.
    SuspensionReopens,
    /// Answers are remembered for ever.
    NothingForgotten,
    /// A change that fails leaves those before it done.
    HalfARoster,
    /// A cancelled vacancy keeps the officers' time.
    CancelKeepsTime,
    /// Nobody is told when an assignment loses its ground.
    NothingFlagged,
    /// A reduction takes the slot that has been there for longest.
    OldestSlotGoes,
    /// Who has clocked in can be recorded as absent.
    NoShowAlthoughClockedIn,
    /// Time around the work is free.
    BuffersIgnored,
    /// Days of a limit are those of UTC.
    HoursInUtc,
    /// A tier waits for those who prefer other work.
    PreferencesAreWaitedFor,
    /// An award beyond a limit that was lifted, or that warns, is told to nobody.
    BeyondUnflagged,
    /// Whoever becomes eligible after the publication hears nothing.
    NobodyHearsLater,
    /// A tier waits for those who took other work at that time.
    OverlapsAreWaitedFor,
    /// Whoever takes other work, or another slot, is waited for until something else happens.
    TakenWorkIsWaitedFor,
    /// Of many vacancies, those before a bad one are published.
    HalfAPublication,
    /// A higher rank fills no lower slot, whoever says so.
    HigherRankNeverFills,
    /// Whoever fills a lower slot takes the first, though one of their own rank is open.
    LowerSlotFirst,
    /// Where only a number of slots is said, all are officers'.
    LadderIgnored,
    /// Fewer supervisors than the ladder asks for are published.
    BelowLadderPublished,
    /// Only sessions end: what a denied officer sent before is still done.
    DeniedInLineIsHeard,
    /// A denial has no end, whatever end it was given.
    DeniedForEver,
}

impl Flaw {
    pub(crate) const PLANTED: [Flaw; 33] = [
        Flaw::ClosedIntervals,
        Flaw::PactsBothWays,
        Flaw::CoverOfTheLead,
        Flaw::ForgetsReturned,
        Flaw::LateAnswersWin,
        Flaw::CertifiedAtAcceptOnly,
        Flaw::ApprovalNotCheckedAgain,
        Flaw::AnyRankFits,
        Flaw::AvailabilityInUtc,
        Flaw::ExceptionsIgnored,
        Flaw::DeclinedByAllStops,
        Flaw::WindowNeverElapses,
        Flaw::SuspensionReopens,
        Flaw::NothingForgotten,
        Flaw::HalfARoster,
        Flaw::CancelKeepsTime,
        Flaw::NothingFlagged,
        Flaw::OldestSlotGoes,
        Flaw::NoShowAlthoughClockedIn,
        Flaw::BuffersIgnored,
        Flaw::HoursInUtc,
        Flaw::PreferencesAreWaitedFor,
        Flaw::BeyondUnflagged,
        Flaw::NobodyHearsLater,
        Flaw::OverlapsAreWaitedFor,
        Flaw::TakenWorkIsWaitedFor,
        Flaw::HalfAPublication,
        Flaw::HigherRankNeverFills,
        Flaw::LowerSlotFirst,
        Flaw::LadderIgnored,
        Flaw::BelowLadderPublished,
        Flaw::DeniedInLineIsHeard,
        Flaw::DeniedForEver,
    ];
}
