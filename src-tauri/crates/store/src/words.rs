//! Words of notes and names, cut for the full-text index: pairs of neighbouring characters for scripts
//! without blanks, whole words for the others. Decides nothing about orders.

use crate::errors::fault;
use paydesk_desk::ports::StoreError;
use sqlx::{Row, SqliteConnection};

/// A stretch of text that one rule cuts.
enum Run {
    /// Characters that are words by themselves: Chinese, Japanese, Korean.
    Ideographs(Vec<char>),
    /// Letters and digits up to the next blank or mark.
    Word(String),
}

fn is_ideograph(character: char) -> bool {
    matches!(u32::from(character), 0x2E80..=0x9FFF | 0xAC00..=0xD7AF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}

fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut is_open = false;
    for character in text.chars().flat_map(char::to_lowercase) {
        if !character.is_alphanumeric() {
            is_open = false;
            continue;
        }
        match (runs.last_mut().filter(|_| is_open), is_ideograph(character)) {
            (Some(Run::Ideographs(run)), true) => run.push(character),
            (Some(Run::Word(run)), false) => run.push(character),
            (_, true) => runs.push(Run::Ideographs(vec![character])),
            (_, false) => runs.push(Run::Word(character.to_string())),
        }
        is_open = true;
    }
    runs
}

/// The text as the index keeps it.
pub(crate) fn cut(text: &str) -> String {
    let mut tokens = Vec::new();
    for run in runs(text) {
        match run {
            Run::Word(word) => tokens.push(word),
            Run::Ideographs(characters) => {
                tokens.extend(characters.windows(2).map(|pair| pair.iter().collect()));
                // The last one begins no pair, and may be looked for alone.
                tokens.extend(characters.last().map(char::to_string));
            }
        }
    }
    tokens.join(" ")
}

/// The question for what was typed; `None` when it holds no letter or digit.
pub(crate) fn question(typed: &str) -> Option<String> {
    let mut terms = Vec::new();
    for run in runs(typed) {
        match run {
            Run::Word(word) => terms.push(format!("\"{word}\"*")),
            Run::Ideographs(characters) if characters.len() == 1 => {
                terms.extend(characters.iter().map(|c| format!("\"{c}\"*")));
            }
            Run::Ideographs(characters) => terms.extend(
                characters
                    .windows(2)
                    .map(|pair| format!("\"{}\"", pair.iter().collect::<String>())),
            ),
        }
    }
    (!terms.is_empty()).then(|| terms.join(" "))
}

/// Puts an order's name and notes into the index, in place of what stood there.
pub(crate) async fn index(
    connection: &mut SqliteConnection,
    number: &str,
) -> Result<(), StoreError> {
    let row = sqlx::query(
        "SELECT o.id, o.by_name || ' ' || coalesce((SELECT group_concat(n.text, ' ') FROM notes n WHERE n.number = o.number), '') FROM orders o WHERE o.number = $1",
    )
    .bind(number.to_owned())
    .fetch_one(&mut *connection)
    .await
    .map_err(fault)?;
    let (id, text): (i64, String) = (
        row.try_get(0).map_err(fault)?,
        row.try_get(1).map_err(fault)?,
    );
    sqlx::query("INSERT OR REPLACE INTO words(rowid, text) VALUES ($1, $2)")
        .bind(id)
        .bind(cut(&text))
        .execute(connection)
        .await
        .map_err(fault)?;
    Ok(())
}

/// Fills the index of a database that had none.
pub(crate) async fn fill(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let mut last = String::new();
    loop {
        let numbers: Vec<String> =
            sqlx::query("SELECT number FROM orders WHERE number > $1 ORDER BY number LIMIT 1000")
                .bind(last.clone())
                .fetch_all(&mut *connection)
                .await
                .map_err(fault)?
                .iter()
                .map(|row| row.try_get(0).map_err(fault))
                .collect::<Result<_, _>>()?;
        let Some(end) = numbers.last().cloned() else {
            return Ok(());
        };
        for number in &numbers {
            index(connection, number).await?;
        }
        last = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, kept: &str, asked: Option<&str>) {
        assert_eq!(cut(text), kept, "{text}");
        assert_eq!(question(text).as_deref(), asked, "{text}");
    }

    #[test]
    fn ideographs_are_cut_into_pairs_and_words_stay_whole() {
        check("张三丰", "张三 三丰 丰", Some("\"张三\" \"三丰\""));
        check("丰", "丰", Some("\"丰\"*"));
        check(
            "Tisch A-12",
            "tisch a 12",
            Some("\"tisch\"* \"a\"* \"12\"*"),
        );
        check("桌A12号", "桌 a12 号", Some("\"桌\"* \"a12\"* \"号\"*"));
        check("\"*'--", "", None);
    }
}
