//! Bugs on purpose, planted one at a time: whoever watches over the product is alive as long as it finds each of them.
//!
//! The list stands in the lowest room, so that every room can ask. Without the feature the answer is the constant
//! "no" and nothing of a bug is built. It must never hold anything that a product needs.

#[cfg(all(feature = "mutants", not(debug_assertions)))]
compile_error!("planted bugs are never part of a release build");

macro_rules! mutants {
    ($($name:ident $text:literal, $question:literal, $promises:literal: $wrong:literal;)*) => {
        /// One bug.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum Mutant { $(#[doc = $wrong] $name,)* }

        #[cfg(feature = "mutants")]
        impl Mutant {
            /// All of them.
            pub const ALL: &'static [Mutant] = &[$(Mutant::$name,)*];

            /// Its name on a command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Mutant::$name => $text,)* }
            }

            /// The ambiguous answers it mistreats, as `Q3`; none where it is about something else.
            #[must_use]
            pub const fn questions(self) -> &'static str {
                match self { $(Mutant::$name => $question,)* }
            }

            /// The promises it breaks, as `INV8`; each must be seen broken.
            #[must_use]
            pub const fn promises(self) -> &'static str {
                match self { $(Mutant::$name => $promises,)* }
            }

            /// What is wrong, in a sentence.
            #[must_use]
            pub const fn wrong(self) -> &'static str {
                match self { $(Mutant::$name => $wrong,)* }
            }

            /// The bug with this name.
            #[must_use]
            pub fn by_name(name: &str) -> Option<Mutant> {
                Mutant::ALL.iter().copied().find(|mutant| mutant.name() == name)
            }
        }
    };
}

mutants! {
    NormalSync "normal-sync", "Q1 Q2", "INV2 INV4":
        "`synchronous=NORMAL`: a commit is told before it is on the disk.";
    NoSync "no-sync", "Q1", "INV17":
        "`synchronous=OFF`: the disk writes in any order it likes.";
    UnsyncedReads "unsynced-reads", "Q1", "INV17":
        "What a killed process left unsynced is read before it is durable.";
    SendBeforeCommit "send-before-commit", "Q1", "INV8":
        "A refund is sent before it is durable.";
    ResolverSkipsRows "resolver-skips-rows", "Q2", "INV7":
        "The resolver passes over every order with an even check digit.";
    ClaimForgets "claim-forgets", "Q2", "INV7":
        "What is being looked at is taken off the list, so a crash in the middle forgets it.";
    TimeoutIsFailure "timeout-is-failure", "Q3", "INV14":
        "No answer is taken for \"nothing was sent\".";
    NewNumberAfterTimeout "new-number-after-timeout", "Q3", "INV16":
        "After a time-out the charge goes out again under a new number.";
    FaultIsRefusal "fault-is-refusal", "Q4", "INV14":
        "The channel's own \"system error\" is taken for a no.";
    GatewayIsFailure "gateway-is-failure", "Q4", "INV14":
        "A gateway's 502 is taken for \"nothing was sent\".";
    WaitingIsRefusal "waiting-is-refusal", "Q5", "INV14":
        "A payer who still types the password counts as refused.";
    PatienceNeverEnds "patience-never-ends", "Q5", "INV7":
        "A payment that nobody pays is never ended.";
    UnreadableIsFailure "unreadable-is-failure", "Q6", "INV14":
        "An answer that cannot be read is taken for \"nothing was sent\".";
    UnsignedBelieved "unsigned-believed", "Q7", "INV15":
        "An answer without any signature is acted on.";
    WrongSignatureBelieved "wrong-signature-believed", "Q7", "INV3 INV15":
        "A signature that does not fit is good enough.";
    UnknownKeyBelieved "unknown-key-believed", "Q7", "INV15":
        "A key that nobody knows signs as well as any.";
    NumberNotCompared "number-not-compared", "Q8", "INV15":
        "A genuine answer about another payment is taken for this one's.";
    MerchantNotCompared "merchant-not-compared", "Q8", "INV15":
        "A genuine answer to another merchant is taken for ours.";
    DuplicateIsRefusal "duplicate-is-refusal", "Q9", "INV14":
        "\"This number is paid already\" is taken for a no, although it was our own send.";
    UnsignedRefusalIsFailure "unsigned-refusal-is-failure", "Q10", "INV14":
        "A refusal that nobody signed ends the payment.";
    NotFoundIsFinal "not-found-is-final", "Q11", "INV14":
        "\"Not found\" ends a payment whose request is still on its way.";
    EndingSentOnce "ending-sent-once", "Q12", "INV7":
        "A reversal without an answer is not repeated.";
    EndRefusedIsClosed "end-refused-is-closed", "Q12", "INV14":
        "A refused reversal counts as a reversal.";
    NoWatch "no-watch", "Q13", "INV11 INV14":
        "After a reversal that found nothing nobody looks again.";
    WatchTooShort "watch-too-short", "Q13", "INV14":
        "After an ending one second is watched instead of the channel's margin.";
    PaidAfterEndIsPaid "paid-after-end-is-paid", "Q14", "INV11":
        "Money that came after the ending counts as paid, and nobody is asked.";
    LateMoneyIgnored "late-money-ignored", "Q14", "INV14":
        "Money that comes during the watch is not believed.";
    OwnClosingNotWatched "own-closing-not-watched", "Q15", "INV14":
        "A code that the channel closed by itself is not watched, so an old picture of it is paid unseen.";
    RefundTimeoutIsFailure "refund-timeout-is-failure", "Q16", "INV6":
        "A refund without an answer counts as not sent.";
    NewRefundNumber "new-refund-number", "Q16", "INV8":
        "A refund goes out again under a new number.";
    RefundNotFoundIsFinal "refund-not-found-is-final", "Q16", "INV6":
        "\"No such refund\" ends a refund whose request is still on its way.";
    RefundContentChanges "refund-content-changes", "Q16", "INV9":
        "A refund sent again says something else.";
    RemainderIgnoresRunning "remainder-ignores-running", "Q16", "INV5":
        "What is left to refund does not count refunds that are running.";
    AcceptedIsDone "accepted-is-done", "Q17", "INV6":
        "A refund that was taken in counts as given back.";
    FailedFreesAmount "failed-frees-amount", "Q17", "INV5":
        "A failed refund that goes out again under its number frees its amount.";
    DoneRefundNotAsked "done-refund-not-asked", "Q17", "INV6":
        "A refund that was done is not asked about again, so nobody learns that its money came back.";
    WatchByOwnClock "watch-by-own-clock", "Q18", "INV14":
        "Watches go by this machine's clock, so a jump ends them.";
    VersionCheckOff "version-check-off", "Q19", "INV11":
        "A commit does not look whether another was faster.";
    UnknownNoticeDropped "unknown-notice-dropped", "Q20", "INV2":
        "A notice about a number that is none of ours is thrown away.";
    ForeignNoticeBelieved "foreign-notice-believed", "Q20", "INV15":
        "A notice to another merchant is taken for one to us.";
    StoreFaultIsFailure "store-fault-is-failure", "Q21", "INV14":
        "An answer that could not be recorded is taken for \"nothing was sent\".";
    MarkNotCompared "mark-not-compared", "Q24", "INV10":
        "An older copy of the folder that was put back is not noticed.";
    EpochNotBegun "epoch-not-begun", "Q24", "INV10":
        "After an older copy no new epoch of numbers begins.";
    DeviceIsTheSame "device-is-the-same", "", "INV10":
        "Every till has the same device id.";
    RoundedUp "rounded-up", "", "INV1":
        "A charge is rounded up to whole yuan.";
    PartsNotCounted "parts-not-counted", "", "INV1":
        "What is left to pay does not count the parts that are paid.";
    EvidenceCut "evidence-cut", "", "INV3":
        "Only the beginning of an answer is kept as its proof.";
    VersionStands "version-stands", "", "INV11":
        "A commit does not raise the version.";
    HashWithoutEvidence "hash-without-evidence", "", "INV13":
        "The log's chain leaves the evidence out.";
    EventsApart "events-apart", "", "INV13":
        "A change and its event are two transactions.";
    CodeInNote "code-in-note", "", "INV18":
        "The payer's code is kept as a note.";
    NonceFromSystem "nonce-from-system", "", "INV19":
        "Seals take their nonce from the system and not from the port.";
}

#[cfg(feature = "mutants")]
mod at_work {
    use super::Mutant;
    use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

    /// Its place in the list and one; none is zero.
    static PLANTED: AtomicUsize = AtomicUsize::new(0);
    static REACHED: AtomicU64 = AtomicU64::new(0);

    fn number(mutant: Mutant) -> usize {
        let place = Mutant::ALL.iter().position(|it| *it == mutant);
        place.map_or(0, |place| place + 1)
    }

    /// Plants one bug in this process, or none. Nothing has reached it yet.
    pub fn plant(mutant: Option<Mutant>) {
        PLANTED.store(mutant.map_or(0, number), Ordering::Relaxed);
        REACHED.store(0, Ordering::Relaxed);
    }

    /// Whether this bug is planted; being asked is being reached.
    #[must_use]
    pub fn planted(mutant: Mutant) -> bool {
        let planted = PLANTED.load(Ordering::Relaxed);
        if planted == 0 || planted != number(mutant) {
            return false;
        }
        REACHED.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// How often the planted bug was reached.
    #[must_use]
    pub fn reached() -> u64 {
        REACHED.load(Ordering::Relaxed)
    }
}

#[cfg(feature = "mutants")]
pub use at_work::{plant, planted, reached};

/// Whether this bug is planted: never.
#[cfg(not(feature = "mutants"))]
#[inline(always)]
#[must_use]
pub const fn planted(_mutant: Mutant) -> bool {
    false
}
