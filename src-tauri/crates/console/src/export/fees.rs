//! The findings of a fee audit as a file: each passes from the audit to the file, none is kept.

use super::{About, PAGES_WAITING, Part, Target, day::LISTS, drain, span};
use crate::{Console, coded, contract::*, fees::fee_totals, refused};
use paydesk_desk::{
    DeskError, FeeFinding, FeeReview,
    reports::{FeeFindingList, Heading},
};
use paydesk_domain::AccountId;
use paydesk_texts::text;
use std::sync::Arc;
use tokio::sync::mpsc;

impl Console {
    /// When the audit comes to other figures than the screen said, there is no file.
    pub(crate) async fn export_fees(&self, args: ExportFees) -> Result<ExportedFile, CommandError> {
        let target = Target::checked(args.file, args.replace, args.format, "fee_audit", &LISTS)?;
        let (from, to) = span(&args.from, &args.to)?;
        let account = AccountId(args.account_id);
        let heading = Heading {
            account: self.account_name(&account),
            days: from.date().zip(to.date()),
            filter: vec![("account".to_owned(), account.0.clone())],
            ..Heading::default()
        };
        let (shop, mut setting) = self.list_setting(target.list_format(), heading)?;
        let channel = shop.account(&account).map(|it| it.channel.0.clone());
        let channel = channel.ok_or_else(|| refused(ErrorCode::AccountNotFound))?;
        setting.heading.title = text(setting.language, "export_list_fees", &[]);
        let turn = self.exporting.begin();
        let turn = turn.ok_or_else(|| refused(ErrorCode::NotNow))?;
        let about = About::of(&setting);
        let surroundings = Arc::clone(&self.surroundings);
        let (pages, mut parts) = mpsc::channel(PAGES_WAITING);
        let said = about.clone();
        let writing = tokio::task::spawn_blocking(move || {
            let written = target.write(&*surroundings, &said, |file| {
                let mut list = FeeFindingList::begin(file, setting, &channel)?;
                drain(&mut parts, |found: FeeFinding| {
                    list.row(found.day, &found.line, found.contract, found.more)
                })?;
                Ok(list.finish()?)
            });
            (target, written)
        });
        let mut review = self
            .desk
            .review_fees(&account, from, to)
            .await
            .map_err(coded)?;
        let read = self.read_findings(&mut review, &pages).await;
        drop(pages);
        let is_stopped = turn.0.is_stopped();
        let (target, written) = writing.await.map_err(|e| crate::internal(&e.to_string()))?;
        read.map_err(coded)?;
        let written = written.map_err(|stopped| stopped.coded(&target, is_stopped))?;
        let found = review.audit.lines_over + review.audit.lines_under;
        let is_other = args.seen.is_some_and(|seen| seen != fee_totals(&review));
        if written.exported.rows != found || is_other {
            return Err(refused(ErrorCode::ExportTotalsDiffer));
        }
        self.keep_files(target, &about, written).await
    }

    async fn read_findings(
        &self,
        review: &mut FeeReview,
        pages: &mpsc::Sender<Part<FeeFinding>>,
    ) -> Result<(), DeskError> {
        while let Some(found) = self.desk.review_more(review).await? {
            if self.exporting.is_stopped() {
                return Ok(());
            }
            self.exporting.went_on(found.len());
            if pages.send(Part::Rows(found)).await.is_err() {
                return Ok(());
            }
        }
        // The writer ends by itself; one that failed says why.
        drop(pages.send(Part::End).await);
        Ok(())
    }
}
