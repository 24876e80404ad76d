//! The page as Markdown: every chart is a table of the same numbers.

use super::block::{Block, Chart, Page, grouped};

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn table(head: &[String], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|it| cell(it)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let rule = vec!["---".to_owned(); head.len()];
    let rows: String = rows.iter().map(|row| line(row)).collect();
    format!("{}{}{rows}", line(head), line(&rule))
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn charted(chart: &Chart) -> String {
    match chart {
        Chart::Bars(rows) => {
            let rows: Vec<_> = rows
                .iter()
                .map(|(name, count)| vec![name.clone(), grouped(*count)])
                .collect();
            table(&owned(&["", "count"]), &rows)
        }
        Chart::Heat {
            rows,
            grid,
            beyond,
            columns,
        } => {
            let mut names: Vec<&String> = grid.values().flat_map(|row| row.keys()).collect();
            names.sort();
            names.dedup();
            let mut head = vec![format!("{rows} ↓ {columns} →")];
            head.extend(names.iter().map(|name| (*name).clone()));
            let lines: Vec<Vec<String>> = grid
                .iter()
                .map(|(name, row)| {
                    let mut line = vec![name.clone()];
                    line.extend(names.iter().map(|column| {
                        let is_beyond = beyond
                            .iter()
                            .any(|(its, other)| its == name && other == *column);
                        match row.get(*column) {
                            Some(count) if *count > 0.0 => grouped(*count),
                            _ if is_beyond => "·".to_owned(),
                            Some(_) => "**0**".to_owned(),
                            None => String::new(),
                        }
                    }));
                    line
                })
                .collect();
            table(&head, &lines)
        }
        Chart::Line { points, across, up } => {
            let least = points.iter().map(|(_, y)| *y).fold(f64::MAX, f64::min);
            let most = points.iter().map(|(_, y)| *y).fold(f64::MIN, f64::max);
            format!(
                "{} measurements of {up} by {across}: from {least:.1} to {most:.1}; the curve is in reliability.html.\n",
                points.len()
            )
        }
        Chart::Points { points, across } => {
            let rows: Vec<_> = points
                .iter()
                .map(|point| vec![point.name.clone(), grouped(point.at)])
                .collect();
            table(&[String::new(), across.clone()], &rows)
        }
        Chart::Spreads(spreads) => {
            let rows: Vec<_> = spreads
                .iter()
                .map(|spread| {
                    let mut row = vec![spread.name.clone()];
                    row.extend(spread.marks.iter().map(|mark| format!("{mark:.2}")));
                    row
                })
                .collect();
            let head = ["milliseconds", "half", "95 of 100", "99 of 100", "slowest"];
            table(&owned(&head), &rows)
        }
    }
}

/// Writes the page.
pub(super) fn written(page: &Page) -> String {
    let mut text = format!("# {}\n\n{}\n", page.title, page.lead);
    for block in &page.blocks {
        text.push('\n');
        text.push_str(&match block {
            Block::Cards(cards) => {
                let cards: Vec<_> = cards
                    .iter()
                    .map(|card| vec![card.label.clone(), format!("**{}**", card.figure)])
                    .collect();
                table(&owned(&["", ""]), &cards)
            }
            Block::Chart { title, chart } => format!("**{title}**\n\n{}", charted(chart)),
            Block::Code(lines) => format!("```sh\n{}\n```\n", lines.join("\n")),
            Block::Heading(words) => format!("## {words}\n"),
            Block::NotRun(words) => format!("_Not run: {words}_\n"),
            Block::Table { head, rows } => table(head, rows),
            Block::Text(words) => format!("{words}\n"),
        });
    }
    text
}
