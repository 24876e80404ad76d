//! First run, settings, status.

use crate::{Console, coded, contract::*, refused};
use paydesk_desk::{
    KeyError, SKEW_LIMIT_MS,
    shop::{Preferences, Shop, zone},
};
use paydesk_domain::{BusinessDay, Currency, FeeRate, Mode};

/// Names and shop names longer than this do not fit a receipt.
const NAME_MAX: usize = 40;

/// People who can be picked.
const OPERATORS_MAX: usize = 30;

/// The longest past of a demo shop, in days: what the channels still have bills for.
const PAST_MAX: u8 = 60;

impl Console {
    pub(crate) async fn app_status(&self, _: NoArgs) -> Result<AppStatus, CommandError> {
        let counts = self
            .desk
            .ports()
            .store
            .counts()
            .await
            .map_err(crate::store_error)?;
        let shop = self.desk.shop();
        let stage = if shop.is_some() {
            Stage::Ready
        } else {
            Stage::FirstRun
        };
        let locale = shop.as_ref().map(|s| locale_of(&s.preferences.locale));
        let pc_time_zone = self.surroundings.time_zone();
        let shop = shop.unwrap_or_else(|| blank(&pc_time_zone));
        let channels = self.channels(&shop);
        let connected = || {
            channels
                .iter()
                .filter(|c| c.state != ChannelHealth::NotConnected)
        };
        let offline =
            connected().count() > 0 && connected().all(|c| c.state == ChannelHealth::Offline);
        let skew = channels
            .iter()
            .filter_map(|c| c.clock_skew_ms)
            .max_by_key(|s| s.abs());
        let preferences = &shop.preferences;
        Ok(AppStatus {
            stage,
            mode: if shop.mode == Mode::Demo {
                ModeView::Demo
            } else {
                ModeView::Real
            },
            store_name: shop.store_name.clone(),
            locale,
            theme: theme_of(&preferences.theme),
            time_zone: shop.time_zone.clone(),
            cutoff_hour: shop.cutoff_hour,
            currency: shop.currency.code().to_owned(),
            exponent: shop.currency.exponent(),
            currencies: crate::currencies::views(&shop),
            operator: self.desk.operator(),
            operators: shop.operators.clone(),
            sound: Sound {
                muted: preferences.muted,
                volume: preferences.volume,
            },
            amount_entry: if preferences.amount_entry == "with_point" {
                AmountEntry::WithPoint
            } else {
                AmountEntry::FromTheRight
            },
            keypad: if preferences.keypad == "seven_on_top" {
                Keypad::SevenOnTop
            } else {
                Keypad::OneOnTop
            },
            scanner_gap_ms: preferences.scanner_gap_ms,
            channels,
            offline,
            clock_skew_ms: skew.filter(|s| s.abs() > SKEW_LIMIT_MS),
            open_doubts: counts.open_doubts,
            attention: counts.attention,
            keys: self.keys_view().state,
            older_copy: self.desk.is_older_copy(),
            damaged: self.desk.is_damaged(),
            device: self.desk.ports().store.device().id,
            version: self.surroundings.version().to_owned(),
            business_day: self
                .desk
                .day_of(self.desk.now())
                .unwrap_or(BusinessDay(0))
                .to_string(),
            pc_time_zone,
        })
    }

    fn channels(&self, shop: &Shop) -> Vec<ChannelView> {
        paydesk_desk::channels()
            .iter()
            .map(|channel| {
                let id = paydesk_domain::ChannelId(channel.profile().id.to_owned());
                let account = shop.account_for(&id);
                let health = self.desk.health(&id);
                let keys = account.map(|it| self.desk.ports().vault.keys(&it.id).map(drop));
                let state = match (account, health.failing_since, health.unreachable) {
                    (None, _, _) => ChannelHealth::NotConnected,
                    // A locked vault is told of the whole folder.
                    _ if matches!(keys, Some(Err(error)) if error != KeyError::Locked) => {
                        ChannelHealth::NoKeys
                    }
                    (Some(_), Some(_), true) => ChannelHealth::Offline,
                    (Some(_), Some(_), false) => ChannelHealth::Degraded,
                    (Some(_), None, _) => ChannelHealth::Ok,
                };
                ChannelView {
                    id: id.0,
                    state,
                    last_success_at: health.last_success.map(|t| t.0),
                    clock_skew_ms: health.skew_ms,
                    rate_millionths: account.and_then(|a| a.rate).map(FeeRate::millionths),
                    currencies: shop
                        .all_currencies()
                        .filter(|currency| channel.profile().takes(*currency))
                        .map(|currency| currency.code().to_owned())
                        .collect(),
                    shows_code: channel.profile().shows_code,
                    has_page: channel.pages().is_some(),
                    has_readers: channel.card_readers().is_some(),
                    reader: account.and_then(crate::readers::chosen),
                    account_id: account.map(|account| account.id.0.clone()),
                    sandbox: account.is_some_and(|account| account.sandbox),
                }
            })
            .collect()
    }

    pub(crate) async fn set_up(&self, args: SetUp) -> Result<AppStatus, CommandError> {
        let _one_at_a_time = self.setting_up.lock().await;
        if self.desk.shop().is_some() {
            return Err(refused(ErrorCode::AlreadySetUp));
        }
        if zone(&args.time_zone).is_none() {
            return Err(refused(ErrorCode::UnknownTimeZone));
        }
        if args.cutoff_hour > 23 {
            return Err(crate::invalid("cutoff_hour"));
        }
        let currency = args.currency.as_deref().map(crate::currencies::named);
        let currency = currency.transpose()?.unwrap_or(Currency::CNY);
        let mode = if args.mode == ModeView::Demo {
            Mode::Demo
        } else {
            Mode::Real
        };
        let mut accounts = Vec::new();
        if mode == Mode::Demo {
            accounts = self.surroundings.connect_demo().await?;
        } else {
            self.go_real(args.passphrase.as_ref()).await?;
        }
        let operators = match args.locale {
            Locale::En => ["Cashier 1", "Cashier 2", "Supervisor"],
            Locale::ZhCn => ["收银员 1", "收银员 2", "主管"],
        };
        let operators: Vec<String> = operators.iter().map(|s| (*s).to_owned()).collect();
        let operator = operators.first().cloned();
        let shop = Shop {
            mode,
            store_name: name(&args.store_name)?,
            time_zone: args.time_zone,
            cutoff_hour: args.cutoff_hour,
            currency,
            other_currencies: Vec::new(),
            operators,
            operator: operator.clone(),
            accounts,
            preferences: Preferences {
                locale: locale_tag(args.locale).to_owned(),
                ..Preferences::default()
            },
            bills_by_themselves: None,
            bank_templates: Vec::new(),
            bank_days: None,
            ledger_accounts: None,
            write_off_max: None,
            interface: None,
        };
        if let Some(operator) = operator {
            self.desk.act_as(&operator);
        }
        // The past first: a desk that knew the shop already would take its open payments for old doubts.
        if mode == Mode::Demo && args.past_days > 0 {
            self.surroundings
                .play_past(shop.clone(), args.past_days.min(PAST_MAX))
                .await?;
        }
        self.desk.change_shop(shop).await.map_err(coded)?;
        if mode == Mode::Real {
            self.surroundings.became_real()?;
        }
        self.app_status(NoArgs {}).await
    }

    pub(crate) async fn change_settings(
        &self,
        args: ChangeSettings,
    ) -> Result<AppStatus, CommandError> {
        let mut shop = self
            .desk
            .shop()
            .ok_or_else(|| refused(ErrorCode::NotSetUp))?;
        let preferences = &mut shop.preferences;
        if let Some(locale) = args.locale {
            preferences.locale = locale_tag(locale).to_owned();
        }
        if let Some(theme) = args.theme {
            preferences.theme = match theme {
                Theme::Dark => "dark",
                Theme::Light => "light",
                Theme::System => "system",
            }
            .to_owned();
        }
        if let Some(sound) = args.sound {
            preferences.muted = sound.muted;
            preferences.volume = sound.volume.min(100);
        }
        if let Some(entry) = args.amount_entry {
            preferences.amount_entry = if entry == AmountEntry::WithPoint {
                "with_point"
            } else {
                "from_the_right"
            }
            .to_owned();
        }
        if let Some(keypad) = args.keypad {
            preferences.keypad = if keypad == Keypad::SevenOnTop {
                "seven_on_top"
            } else {
                "one_on_top"
            }
            .to_owned();
        }
        if let Some(gap) = args.scanner_gap_ms {
            preferences.scanner_gap_ms = gap.clamp(15, 100);
        }
        if let Some(by_themselves) = args.bills_by_themselves {
            shop.bills_by_themselves = Some(by_themselves);
        }
        if let Some(codes) = &args.currencies {
            shop.other_currencies = crate::currencies::others(shop.currency, codes)?;
        }
        if let Some(store_name) = &args.store_name {
            shop.store_name = name(store_name)?;
        }
        if let Some(operators) = &args.operators {
            shop.operators = operators
                .iter()
                .take(OPERATORS_MAX)
                .map(|o| name(o))
                .collect::<Result<_, _>>()?;
        }
        if let Some(rate) = args.rate {
            let millionths = rate.rate_millionths.map(|m| {
                FeeRate::from_millionths(m).ok_or_else(|| crate::invalid("rate_millionths"))
            });
            let millionths = millionths.transpose()?;
            for account in shop
                .accounts
                .iter_mut()
                .filter(|a| a.channel.0 == rate.channel)
            {
                account.rate = millionths;
            }
        }
        self.desk.change_shop(shop).await.map_err(coded)?;
        self.app_status(NoArgs {}).await
    }

    pub(crate) async fn pick_operator(
        &self,
        args: PickOperator,
    ) -> Result<AppStatus, CommandError> {
        let mut shop = self
            .desk
            .shop()
            .ok_or_else(|| refused(ErrorCode::NotSetUp))?;
        let picked = name(&args.name)?;
        if !shop.operators.contains(&picked) && shop.operators.len() < OPERATORS_MAX {
            shop.operators.push(picked.clone());
        }
        shop.operator = Some(picked.clone());
        self.desk.act_as(&picked);
        self.desk.change_shop(shop).await.map_err(coded)?;
        self.app_status(NoArgs {}).await
    }

    pub(crate) async fn quit_check(&self, _: NoArgs) -> Result<QuitCheck, CommandError> {
        let counts = self
            .desk
            .ports()
            .store
            .counts()
            .await
            .map_err(crate::store_error)?;
        Ok(QuitCheck {
            open_doubts: counts.open_doubts,
        })
    }
}

/// What the first-run screen starts from.
fn blank(pc_time_zone: &str) -> Shop {
    Shop {
        mode: Mode::Demo,
        store_name: String::new(),
        time_zone: pc_time_zone.to_owned(),
        cutoff_hour: 0,
        currency: Currency::CNY,
        other_currencies: Vec::new(),
        operators: Vec::new(),
        operator: None,
        accounts: Vec::new(),
        preferences: Preferences::default(),
        bills_by_themselves: None,
        bank_templates: Vec::new(),
        bank_days: None,
        ledger_accounts: None,
        write_off_max: None,
        interface: None,
    }
}

fn name(text: &str) -> Result<String, CommandError> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > NAME_MAX || text.chars().any(char::is_control) {
        return Err(crate::refused_with(
            ErrorCode::TextTooLong,
            &[("max", NAME_MAX.to_string())],
        ));
    }
    Ok(text.to_owned())
}

fn locale_of(tag: &str) -> Locale {
    if tag == "en" {
        Locale::En
    } else {
        Locale::ZhCn
    }
}

fn locale_tag(locale: Locale) -> &'static str {
    match locale {
        Locale::En => "en",
        Locale::ZhCn => "zh-CN",
    }
}

fn theme_of(name: &str) -> Theme {
    match name {
        "dark" => Theme::Dark,
        "light" => Theme::Light,
        _ => Theme::System,
    }
}
