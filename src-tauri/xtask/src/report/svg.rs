//! Charts as inline SVG: no script, no font of their own, colours by the page's variables, so that light, dark and paper
//! show the same.

use super::block::{Chart, Grid, Point, Spread, grouped};
use super::html::escaped;
use std::collections::BTreeSet;

const WIDTH: f64 = 880.0;
const LABEL: f64 = 290.0;

fn open(height: f64, title: &str) -> String {
    let title = escaped(title);
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" aria-label=\"{title}\"><title>{title}</title>"
    )
}

/// Draws a chart.
pub(super) fn drawn(title: &str, chart: &Chart) -> String {
    match chart {
        Chart::Bars(rows) => bars(title, rows),
        Chart::Heat {
            rows,
            columns,
            grid,
            beyond,
        } => heat(title, rows, columns, grid, beyond),
        Chart::Line { points, across, up } => line(title, points, across, up),
        Chart::Points { points, across } => dots(title, points, across),
        Chart::Spreads(spreads) => ranges(title, spreads),
    }
}

/// So much of a text fits beside a bar.
fn short(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    let kept: String = text.chars().take(letters.saturating_sub(1)).collect();
    kept + "…"
}

fn text(svg: &mut String, x: f64, y: f64, class: &str, words: &str) {
    svg.push_str(&format!(
        "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\">{}</text>",
        escaped(words)
    ));
}

fn rule(svg: &mut String, from: (f64, f64), to: (f64, f64), class: &str) {
    svg.push_str(&format!(
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" class=\"{class}\"/>",
        from.0, from.1, to.0, to.1
    ));
}

fn bars(title: &str, rows: &[(String, f64)]) -> String {
    let most = rows.iter().map(|(_, count)| *count).fold(1.0, f64::max);
    let step = 22.0;
    let height = step * paydesk_tally::number(rows.len()) + 8.0;
    let mut svg = open(height, title);
    let room = WIDTH - LABEL - 110.0;
    let mut y = 4.0;
    for (name, count) in rows {
        text(&mut svg, LABEL - 10.0, y + 15.0, "end", &short(name, 40));
        let width = (room * count / most).max(if *count > 0.0 { 1.5 } else { 0.0 });
        svg.push_str(&format!("<rect x=\"{LABEL}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"14\" rx=\"2\" class=\"bar\"><title>{}: {}</title></rect>",
            y + 3.5,
            escaped(name),
            grouped(*count)
        ));
        text(
            &mut svg,
            LABEL + width + 8.0,
            y + 15.0,
            "value",
            &grouped(*count),
        );
        y += step;
    }
    svg + "</svg>"
}

/// Between nothing and the most, as tenfold steps are seen.
fn depth(count: f64, most: f64) -> f64 {
    if count <= 0.0 {
        return 0.0;
    }
    0.14 + 0.86 * (count + 1.0).ln() / (most + 1.0).ln().max(f64::EPSILON)
}

fn heat(title: &str, across: &str, down: &str, grid: &Grid, beyond: &[(String, String)]) -> String {
    let columns: BTreeSet<&String> = grid.values().flat_map(|row| row.keys()).collect();
    let cells = grid.values().flat_map(|row| row.values());
    let most = cells.copied().fold(1.0, f64::max);
    let (left, top, tall) = (210.0, 168.0, 24.0);
    let wide = ((WIDTH - left - 96.0) / paydesk_tally::number(columns.len()).max(1.0)).min(56.0);
    let height = top + tall * paydesk_tally::number(grid.len()) + 10.0;
    let mut svg = open(height, title);
    let mut x = left;
    for column in &columns {
        let (at, base) = (x + wide / 2.0 + 4.0, top - 8.0);
        svg.push_str(&format!("<text x=\"{at:.1}\" y=\"{base:.1}\" transform=\"rotate(-55 {at:.1} {base:.1})\" class=\"start\">{}</text>",
            escaped(&short(column, 30))
        ));
        x += wide;
    }
    text(
        &mut svg,
        8.0,
        top - 10.0,
        "axis",
        &format!("{across} ↓   {down} →"),
    );
    let mut y = top;
    for (name, row) in grid {
        text(&mut svg, left - 10.0, y + 16.0, "end", &short(name, 32));
        let mut x = left;
        for column in &columns {
            let is_beyond = beyond
                .iter()
                .any(|(its, other)| its == name && other == *column);
            let count = row.get(*column).copied();
            let (class, depth, said) = match count {
                Some(count) if count > 0.0 => ("cell", depth(count, most), grouped(count)),
                _ if is_beyond => ("beyond", 1.0, "cannot be reached".to_owned()),
                Some(_) => ("missed", 1.0, "never".to_owned()),
                None => ("empty", 1.0, "none".to_owned()),
            };
            svg.push_str(&format!("<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"2\" class=\"{class}\" style=\"opacity:{depth:.2}\"><title>{} × {}: {said}</title></rect>",
                x + 1.0,
                y + 1.0,
                wide - 2.0,
                tall - 2.0,
                escaped(name),
                escaped(column)
            ));
            if let Some(count) = count.filter(|count| *count > 0.0) {
                let class = if depth > 0.55 { "on" } else { "in" };
                text(&mut svg, x + wide / 2.0, y + 16.0, class, &compact(count));
            }
            x += wide;
        }
        y += tall;
    }
    svg + "</svg>"
}

/// Three digits at most.
fn compact(count: f64) -> String {
    match count {
        _ if count >= 1e9 => format!("{:.1}G", count / 1e9),
        _ if count >= 1e8 => format!("{:.0}M", count / 1e6),
        _ if count >= 1e6 => format!("{:.1}M", count / 1e6),
        _ if count >= 1e4 => format!("{:.0}k", count / 1e3),
        _ if count >= 1e3 => format!("{:.1}k", count / 1e3),
        _ => format!("{count:.0}"),
    }
}

fn line(title: &str, points: &[(f64, f64)], across: &str, up: &str) -> String {
    let (left, top, bottom, height) = (60.0, 16.0, 210.0, 246.0);
    let far = points.iter().map(|(x, _)| *x).fold(1.0, f64::max);
    let high = 1.2 * points.iter().map(|(_, y)| *y).fold(1.0, f64::max);
    let place = |(x, y): (f64, f64)| {
        (
            left + (WIDTH - left - 16.0) * x / far,
            bottom - (bottom - top) * y / high,
        )
    };
    let mut svg = open(height, title);
    for part in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let (_, y) = place((0.0, high * part));
        rule(&mut svg, (left, y), (WIDTH - 16.0, y), "grid");
        text(
            &mut svg,
            left - 8.0,
            y + 4.0,
            "end",
            &format!("{:.0}", high * part),
        );
    }
    for part in [0.0, 0.2, 0.4, 0.6, 0.8, 1.0] {
        let (x, _) = place((far * part, 0.0));
        text(
            &mut svg,
            x,
            bottom + 18.0,
            "mid",
            &format!("{:.1}", far * part),
        );
    }
    let path: Vec<String> = points
        .iter()
        .map(|point| place(*point))
        .map(|(x, y)| format!("{x:.1},{y:.1}"))
        .collect();
    svg.push_str(&format!(
        "<polyline points=\"{}\" class=\"line\"/>",
        path.join(" ")
    ));
    text(
        &mut svg,
        left,
        height - 2.0,
        "axis",
        &format!("{up}, by {across}"),
    );
    svg + "</svg>"
}

/// A scale whose marks are tenfold steps from below the least to above the most.
struct Tenfold {
    from: f64,
    to: f64,
}

impl Tenfold {
    fn over(figures: impl Iterator<Item = f64>) -> Self {
        let logs = figures.map(|it| it.max(1e-3).log10());
        let (from, to) = logs.fold((f64::MAX, f64::MIN), |(low, high), it| {
            (low.min(it.floor()), high.max(it.ceil()))
        });
        Self {
            from,
            to: to.max(from + 1.0),
        }
    }

    fn place(&self, figure: f64, left: f64) -> f64 {
        let part = (figure.max(1e-3).log10() - self.from) / (self.to - self.from);
        left + (WIDTH - left - 90.0) * part
    }

    fn marks(&self) -> Vec<f64> {
        let mut marks = Vec::new();
        let mut at = self.from;
        while at <= self.to {
            marks.push(10_f64.powf(at));
            at += 1.0;
        }
        marks
    }
}

fn scale(svg: &mut String, tenfold: &Tenfold, left: f64, top: f64, bottom: f64) {
    for mark in tenfold.marks() {
        let x = tenfold.place(mark, left);
        rule(svg, (x, top), (x, bottom), "grid");
        let said = if mark < 1.0 {
            format!("{mark}")
        } else {
            grouped(mark)
        };
        text(svg, x, bottom + 16.0, "mid", &said);
    }
}

fn dots(title: &str, points: &[Point], across: &str) -> String {
    let step = 17.0;
    let bottom = step * paydesk_tally::number(points.len()) + 6.0;
    let mut svg = open(bottom + 40.0, title);
    let tenfold = Tenfold::over(points.iter().map(|point| point.at));
    scale(&mut svg, &tenfold, LABEL, 2.0, bottom);
    let mut y = 14.0;
    for point in points {
        let x = tenfold.place(point.at, LABEL);
        text(
            &mut svg,
            LABEL - 10.0,
            y + 4.0,
            "end small",
            &short(&point.name, 48),
        );
        rule(&mut svg, (LABEL, y), (x, y), "stem");
        svg.push_str(&format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" class=\"dot\"><title>{}: {}</title></circle>",
            escaped(&point.name),
            grouped(point.at)
        ));
        text(
            &mut svg,
            x + 9.0,
            y + 4.0,
            "value small",
            &grouped(point.at),
        );
        y += step;
    }
    text(&mut svg, LABEL, bottom + 36.0, "axis", across);
    svg + "</svg>"
}

fn ranges(title: &str, spreads: &[Spread]) -> String {
    let step = 40.0;
    let bottom = step * paydesk_tally::number(spreads.len()) + 6.0;
    let mut svg = open(bottom + 40.0, title);
    let tenfold = Tenfold::over(spreads.iter().flat_map(|spread| spread.marks));
    scale(&mut svg, &tenfold, LABEL, 2.0, bottom);
    let mut y = 22.0;
    for Spread { name, marks } in spreads {
        let [half, most, nearly, slowest] = marks.map(|mark| tenfold.place(mark, LABEL));
        text(&mut svg, LABEL - 10.0, y + 4.0, "end", &short(name, 40));
        rule(&mut svg, (half, y), (slowest, y), "thin");
        rule(&mut svg, (half, y), (nearly, y), "thick");
        for (x, mark, word) in [
            (half, marks.first(), "half"),
            (most, marks.get(1), "95 of 100"),
            (nearly, marks.get(2), "99 of 100"),
            (slowest, marks.get(3), "slowest"),
        ] {
            let mark = mark.copied().unwrap_or(0.0);
            svg.push_str(&format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\" class=\"dot\"><title>{word}: {mark:.2} ms</title></circle>"
            ));
        }
        let said = marks.map(|mark| format!("{mark:.1}")).join(" · ");
        text(&mut svg, half, y + 18.0, "value small", &said);
        y += step;
    }
    let words = "milliseconds: half · 95 · 99 of 100 · slowest";
    text(&mut svg, LABEL, bottom + 36.0, "axis", words);
    svg + "</svg>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_place() {
        let drawn = bars("<a>", &[("<script>\"&".to_owned(), 3.0)]);
        assert!(!drawn.contains("<script>") && drawn.contains("&lt;script&gt;&quot;&amp;"));
    }

    #[test]
    fn a_cell_that_was_never_hit_is_seen() {
        let row = |count| [("paid".to_owned(), count)].into_iter().collect();
        let grid: Grid = [("a".to_owned(), row(9.0)), ("b".to_owned(), row(0.0))].into();
        let beyond = vec![("b".to_owned(), "paid".to_owned())];
        assert_eq!(
            heat("t", "s", "e", &grid, &[])
                .matches("\"missed\"")
                .count(),
            1
        );
        assert_eq!(
            heat("t", "s", "e", &grid, &beyond)
                .matches("\"beyond\"")
                .count(),
            1
        );
    }

    #[test]
    fn counts_fit_a_cell() {
        for count in [0.0, 7.0, 999.0, 1_234.0, 99_999.0, 1.2e6, 3.4e8, 5.6e9] {
            assert!(compact(count).len() <= 5, "{}", compact(count));
        }
    }
}
