//! The demo: faults, customers, the customer's phone, sample codes.

use crate::{Console, contract::*, refused};
use base64::{Engine, engine::general_purpose::STANDARD};
use paydesk_domain::Mode;

impl Console {
    fn need_demo(&self) -> Result<(), CommandError> {
        match self.desk.shop() {
            Some(shop) if shop.mode == Mode::Demo => Ok(()),
            Some(_) => Err(refused(ErrorCode::DemoOnly)),
            None => Err(refused(ErrorCode::NotSetUp)),
        }
    }

    pub(crate) async fn sandbox_status(&self, _: NoArgs) -> Result<SandboxStatus, CommandError> {
        self.need_demo()?;
        self.surroundings.sandbox_status().await
    }

    pub(crate) async fn sandbox_set_fault(
        &self,
        args: SetFault,
    ) -> Result<SandboxStatus, CommandError> {
        self.need_demo()?;
        self.surroundings.set_fault(&args.name, args.on).await?;
        self.surroundings.sandbox_status().await
    }

    pub(crate) async fn sandbox_end_day(&self, _: NoArgs) -> Result<SandboxStatus, CommandError> {
        self.need_demo()?;
        self.surroundings.end_day().await?;
        self.surroundings.sandbox_status().await
    }

    pub(crate) async fn sandbox_bank_statement(
        &self,
        args: DemoStatementOf,
    ) -> Result<DemoStatement, CommandError> {
        self.need_demo()?;
        let (name, bytes) = self.surroundings.bank_statement(&args).await?;
        Ok(DemoStatement {
            name,
            file: STANDARD.encode(bytes),
        })
    }

    pub(crate) async fn sandbox_phone(&self, args: PhoneAct) -> Result<PhoneScreen, CommandError> {
        self.need_demo()?;
        self.surroundings.phone(&args.qr, args.act).await
    }

    pub(crate) async fn sandbox_reader(
        &self,
        args: ReaderAct,
    ) -> Result<ReaderScreen, CommandError> {
        self.need_demo()?;
        let shop = self.desk.shop();
        let accounts = shop.as_ref().map_or(&[][..], |shop| &shop.accounts);
        let chosen = accounts.iter().find_map(crate::readers::chosen);
        let reader = chosen.as_ref().map(|chosen| chosen.id.as_str());
        self.surroundings.card_reader(reader, args.act).await
    }

    pub(crate) async fn sample_codes(&self, _: NoArgs) -> Result<SampleCodes, CommandError> {
        self.need_demo()?;
        let mut codes = self.surroundings.sample_codes().await?;
        for code in &mut codes {
            code.svg = paydesk_desk::barcode(&code.code).unwrap_or_default();
        }
        Ok(SampleCodes { codes })
    }
}
