//! What a page is made of, before it is Markdown or HTML: both are written from the same blocks, so that neither can say
//! what the other does not.

use std::collections::BTreeMap;

/// A number by two names.
pub(super) type Grid = BTreeMap<String, BTreeMap<String, f64>>;

/// How a figure is meant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Tone {
    /// As it must be.
    Good,
    /// Not as it must be.
    Bad,
    /// A count.
    Plain,
}

/// One large figure.
#[derive(Clone, Debug)]
pub(super) struct Card {
    pub(super) figure: String,
    pub(super) label: String,
    pub(super) tone: Tone,
}

/// A line of a chart of spreads.
#[derive(Clone, Debug)]
pub(super) struct Spread {
    pub(super) name: String,
    /// Half, 95 and 99 of 100, and the most.
    pub(super) marks: [f64; 4],
}

/// One point of a chart of points.
#[derive(Clone, Debug)]
pub(super) struct Point {
    pub(super) name: String,
    pub(super) at: f64,
}

/// A picture of numbers.
#[derive(Clone, Debug)]
pub(super) enum Chart {
    /// Numbers by name, longest first.
    Bars(Vec<(String, f64)>),
    /// Numbers by two names. Cells of `beyond` cannot be reached.
    Heat {
        rows: String,
        columns: String,
        grid: Grid,
        beyond: Vec<(String, String)>,
    },
    /// A number over time.
    Line {
        points: Vec<(f64, f64)>,
        across: String,
        up: String,
    },
    /// Points on a scale that grows tenfold.
    Points { points: Vec<Point>, across: String },
    /// How long something takes.
    Spreads(Vec<Spread>),
}

/// A part of the page.
#[derive(Clone, Debug)]
pub(super) enum Block {
    Cards(Vec<Card>),
    Chart {
        title: String,
        chart: Chart,
    },
    Code(Vec<String>),
    Heading(String),
    /// A part that nobody ran.
    NotRun(String),
    Table {
        head: Vec<String>,
        rows: Vec<Vec<String>>,
    },
    Text(String),
}

/// A whole page.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) title: String,
    pub(super) lead: String,
    pub(super) blocks: Vec<Block>,
}

/// A count with its thousands apart; a part of one with two places.
pub(super) fn grouped(figure: f64) -> String {
    if figure.fract() != 0.0 {
        return format!("{figure:.2}");
    }
    let digits = format!("{:.0}", figure.abs());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if figure < 0.0 {
        format!("−{text}")
    } else {
        text
    }
}

/// Seconds for people.
pub(super) fn duration(seconds: f64) -> String {
    if seconds < 120.0 {
        format!("{seconds:.0} s")
    } else if seconds < 7_200.0 {
        format!("{:.0} min", seconds / 60.0)
    } else {
        format!("{:.1} h", seconds / 3_600.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_for_people() {
        for (figure, text) in [
            (0.0, "0"),
            (999.0, "999"),
            (1_000.0, "1,000"),
            (1_234_567.0, "1,234,567"),
            (1.5, "1.50"),
        ] {
            assert_eq!(grouped(figure), text);
        }
        assert_eq!(duration(600.0), "10 min");
    }
}
