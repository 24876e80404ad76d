//! The columns of a bank's table, kept for its next file. They are settings: every change of them is in the log.

use crate::{Desk, DeskError};
use paydesk_bank::Template;
use serde::{Deserialize, Serialize};

/// More banks than a shop has.
const TEMPLATES_MAX: usize = 50;

/// A name, not a story.
const NAME_CHARACTERS_MAX: usize = 60;

/// The columns of one bank's table.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SavedTemplate {
    /// The bank or the account, as a person calls it.
    pub name: String,
    /// What tells its account apart, where the bank's file does not say; empty: the name does.
    #[serde(default)]
    pub account: String,
    /// Which column is which.
    pub columns: Template,
}

impl Desk {
    /// Keeps the columns of a bank's table; those of the same name are replaced.
    ///
    /// # Errors
    /// `ReasonRequired` without a name, `TextTooLong`, and the store's.
    pub async fn save_template(&self, mut template: SavedTemplate) -> Result<(), DeskError> {
        template.name = template.name.trim().to_owned();
        let is_long = |text: &str| text.chars().count() > NAME_CHARACTERS_MAX;
        if template.name.is_empty() {
            return Err(DeskError::TemplateNotFound(String::new()));
        }
        if is_long(&template.name) || is_long(&template.account) {
            return Err(DeskError::TextTooLong(NAME_CHARACTERS_MAX));
        }
        let mut shop = self.need_shop()?;
        shop.bank_templates.retain(|it| it.name != template.name);
        shop.bank_templates.insert(0, template);
        shop.bank_templates.truncate(TEMPLATES_MAX);
        self.change_shop(shop).await
    }

    /// Forgets the columns of this name.
    ///
    /// # Errors
    /// `TemplateNotFound`, and the store's.
    pub async fn remove_template(&self, name: &str) -> Result<(), DeskError> {
        let mut shop = self.need_shop()?;
        let before = shop.bank_templates.len();
        shop.bank_templates.retain(|it| it.name != name);
        if shop.bank_templates.len() == before {
            return Err(DeskError::TemplateNotFound(name.to_owned()));
        }
        self.change_shop(shop).await
    }
}
