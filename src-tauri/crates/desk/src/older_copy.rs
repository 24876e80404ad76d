//! An older copy of the folder that was put back (Q24): noticed by the mark in the keyring, read only until
//! everything it holds open was asked about, then a new epoch of order numbers.

use crate::{
    Desk, DeskError,
    ports::{CustodyError, Mark},
};
use paydesk_domain::{MerchantRef, Timestamp};
use paydesk_signing::mutants::{Mutant, planted};
use std::collections::BTreeMap;

/// What must be asked about first: how often each was asked about when the copy was noticed.
#[derive(Clone, Debug)]
pub(crate) struct OlderCopy {
    /// The epoch that begins when it has caught up.
    epoch: u8,
    since: Timestamp,
    open: BTreeMap<MerchantRef, u32>,
}

impl Desk {
    /// Whether this folder is an older copy and read only for now.
    #[must_use]
    pub fn is_older_copy(&self) -> bool {
        self.older_copy.read().is_ok_and(|copy| copy.is_some())
    }

    /// The vault is open, or was tried: everything that waited for it goes on.
    ///
    /// # Errors
    /// The store's, the vault's.
    pub async fn unlocked(&self) -> Result<(), DeskError> {
        if self.ports.vault.is_locked() {
            self.tell_status();
            return Ok(());
        }
        self.compare_with_mark().await?;
        self.ports.store.plan_anew(self.now()).await?;
        self.wake.notify_one();
        self.tell_status();
        Ok(())
    }

    /// Compares the folder's past with the mark, once the vault is open. When that cannot be done the vault
    /// is locked again: an older copy must not charge unnoticed.
    ///
    /// # Errors
    /// The store's, the vault's.
    pub async fn compare_with_mark(&self) -> Result<(), DeskError> {
        if self.is_older_copy() {
            return Ok(());
        }
        let compared = self.notice_older_copy().await;
        if let Err(error) = &compared {
            tracing::error!(%error, "how far the folder's past goes could not be compared; the keys are locked");
            self.ports.custody.lock();
        }
        compared
    }

    async fn notice_older_copy(&self) -> Result<(), DeskError> {
        let mark = self.ports.custody.mark().await?;
        let ours = self.own_mark().await?;
        if (mark.epoch, mark.events) <= (ours.epoch, ours.events)
            || planted(Mutant::MarkNotCompared)
        {
            return Ok(());
        }
        tracing::warn!(
            marked = mark.events,
            found = ours.events,
            "this folder is an older copy: read only until its open payments are asked about"
        );
        // The keyring keeps it noticed across restarts, whatever is appended to the log meanwhile.
        // An epoch that was marked and has begun nowhere yet is this one's; one that has begun drew numbers.
        let is_ours_to_begin = mark.epoch > ours.epoch && mark.events == 0;
        let epoch = if is_ours_to_begin {
            mark.epoch
        } else {
            mark.epoch.saturating_add(1)
        };
        let mut open = BTreeMap::new();
        for reference in self.ports.store.open_work().await? {
            let asked = self.ports.store.times_asked(&reference).await?;
            open.insert(reference, asked);
        }
        if let Ok(mut copy) = self.older_copy.write() {
            *copy = Some(OlderCopy {
                epoch,
                since: self.now(),
                open,
            });
        }
        self.tell_status();
        let noticed = Mark { epoch, events: 0 };
        Ok(self.ports.custody.set_mark(noticed).await?)
    }

    /// Marks how far the folder's past goes; called now and then, and at the end.
    ///
    /// # Errors
    /// The store's, the vault's.
    pub async fn mark_past(&self) -> Result<(), DeskError> {
        if self.is_older_copy() {
            return Ok(());
        }
        let mark = self.own_mark().await?;
        Ok(self.ports.custody.set_mark(mark).await?)
    }

    pub(crate) fn not_older_copy(&self) -> Result<(), DeskError> {
        if self.is_older_copy() {
            return Err(DeskError::OlderCopy);
        }
        Ok(())
    }

    /// Begins a new epoch as soon as everything that was open has been asked about.
    pub(crate) async fn leave_older_copy(&self) {
        let copy = self.older_copy.read().ok().and_then(|copy| copy.clone());
        let Some(copy) = copy else { return };
        if let Err(error) = self.try_to_leave(copy).await {
            tracing::error!(%error, "the older copy could not be brought up to date; trying again");
        }
    }

    async fn try_to_leave(&self, copy: OlderCopy) -> Result<(), DeskError> {
        let still_open = self.ports.store.open_work().await?;
        for (reference, before) in &copy.open {
            let asked = self.ports.store.times_asked(reference).await?;
            // Asked in vain is not asked: the channel must have answered since.
            let answered = self.answered_since(reference, copy.since).await?;
            if still_open.contains(reference) && (asked <= *before || !answered) {
                return Ok(());
            }
        }
        let epoch = copy.epoch;
        // Marked as begun first: the same copy put back once more must not begin it again.
        let begun = Mark { epoch, events: 1 };
        self.ports.custody.set_mark(begun).await?;
        self.ports.store.begin_epoch(epoch).await?;
        let mark = self.own_mark().await?;
        self.ports.custody.set_mark(mark).await?;
        if let Ok(mut copy) = self.older_copy.write() {
            *copy = None;
        }
        tracing::warn!(epoch, "the older copy was asked about; a new epoch begins");
        self.tell_status();
        Ok(())
    }

    async fn answered_since(
        &self,
        reference: &MerchantRef,
        since: Timestamp,
    ) -> Result<bool, DeskError> {
        let order = self.ports.store.load(&reference.order()).await?;
        let payment = order.as_ref().and_then(|o| o.payment(&reference.payment()));
        let health = payment.map(|payment| self.health(&payment.plan().channel));
        Ok(health.is_some_and(|health| health.last_success.is_some_and(|at| at >= since)))
    }

    async fn own_mark(&self) -> Result<Mark, CustodyError> {
        let events = self.ports.store.data_version().await;
        let events = events.map_err(|error| CustodyError::Failed(error.to_string()))?;
        Ok(Mark {
            epoch: self.ports.store.device().epoch,
            events,
        })
    }
}
