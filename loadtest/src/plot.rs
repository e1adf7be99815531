//! Plots as inline SVG: nothing to load, nothing to run.

use std::fmt::Write;

use crate::report::number;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 200.0;
/// Room for the numbers at the left, and around.
const LEFT: f64 = 64.0;
const MARGIN: f64 = 24.0;
const BAR: f64 = 22.0;
/// Room for the names of bars.
const NAMES: f64 = 130.0;
const COLOURS: [&str; 6] = [
    "#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf",
];

/// A line of a plot; a gap where there is no value.
pub(crate) struct Curve {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, Option<f64>)>,
}

/// Text that is safe inside of HTML.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            letter => safe.push(letter),
        }
    }
    safe
}

/// Curves over time, from zero to their highest value.
pub(crate) fn curves(title: &str, curves: &[Curve]) -> String {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let highest = points().filter_map(|(_, y)| *y).fold(0.0, f64::max);
    let end = points().map(|(x, _)| *x).fold(0.0, f64::max);
    if highest <= 0.0 || end <= 0.0 {
        return String::new();
    }
    let x = |seconds: f64| LEFT + seconds / end * (WIDTH - LEFT - MARGIN);
    let y = |value: f64| HEIGHT - MARGIN - value / highest * (HEIGHT - 2.0 * MARGIN);
    let mut svg = head(title, HEIGHT);
    for part in [0.0, 0.5, 1.0] {
        let value = highest * part;
        let at = y(value);
        line(&mut svg, (LEFT, at), (WIDTH - MARGIN, at), "#ddd");
        label(&mut svg, (LEFT - 6.0, at + 4.0), "end", &number(value));
        let seconds = end * part;
        label(
            &mut svg,
            (x(seconds), HEIGHT - 6.0),
            "middle",
            &format!("{} s", number(seconds)),
        );
    }
    for (curve, colour) in curves.iter().zip(COLOURS.iter().cycle()) {
        let mut path = String::new();
        let mut is_drawing = false;
        for (seconds, value) in &curve.points {
            let Some(value) = value else {
                is_drawing = false;
                continue;
            };
            let command = if is_drawing { 'L' } else { 'M' };
            append(
                &mut path,
                format_args!("{command}{:.1},{:.1}", x(*seconds), y(*value)),
            );
            is_drawing = true;
        }
        append(
            &mut svg,
            format_args!(
                "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>"
            ),
        );
    }
    svg.push_str("</svg>");
    legend(&mut svg, curves);
    svg
}

/// One bar for each name.
pub(crate) fn bars(title: &str, values: &[(String, Option<f64>)]) -> String {
    let highest = values
        .iter()
        .filter_map(|(_, value)| *value)
        .fold(0.0, f64::max);
    if highest <= 0.0 {
        return String::new();
    }
    let mut svg = head(title, MARGIN + BAR * values.len() as f64);
    for (row, ((name, value), colour)) in values.iter().zip(COLOURS.iter().cycle()).enumerate() {
        let top = BAR * row as f64 + MARGIN - 4.0;
        let text = top + BAR * 0.6;
        label(&mut svg, (NAMES - 6.0, text), "end", name);
        let Some(value) = value else {
            label(&mut svg, (NAMES, text), "start", "no result");
            continue;
        };
        let width = value / highest * (WIDTH - NAMES - 90.0);
        append(
            &mut svg,
            format_args!(
                "<rect x=\"{NAMES}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{:.1}\" fill=\"{colour}\"/>",
                BAR - 6.0
            ),
        );
        label(
            &mut svg,
            (NAMES + width + 6.0, text),
            "start",
            &number(*value),
        );
    }
    svg.push_str("</svg>");
    svg
}

fn head(title: &str, height: f64) -> String {
    format!(
        "<svg role=\"img\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\">\
         <text x=\"4\" y=\"13\" font-weight=\"bold\">{}</text>",
        escaped(title)
    )
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64), colour: &str) {
    append(
        svg,
        format_args!(
            "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\"/>",
            from.0, from.1, to.0, to.1
        ),
    );
}

fn label(svg: &mut String, at: (f64, f64), anchor: &str, text: &str) {
    append(
        svg,
        format_args!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
            at.0,
            at.1,
            escaped(text)
        ),
    );
}

fn legend(html: &mut String, curves: &[Curve]) {
    html.push_str("<p class=\"legend\">");
    for (curve, colour) in curves.iter().zip(COLOURS.iter().cycle()) {
        append(
            html,
            format_args!(
                "<span style=\"color:{colour}\">&#9632;</span> {} &nbsp; ",
                escaped(&curve.name)
            ),
        );
    }
    html.push_str("</p>");
}

fn append(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("a String takes all text");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_part_a_curve_and_names_are_escaped() {
        let curve = Curve {
            name: "<a>".to_owned(),
            points: vec![(0.0, Some(1.0)), (1.0, None), (2.0, Some(2.0))],
        };
        let svg = curves("p99 & p50", &[curve]);
        assert_eq!(svg.matches("<path").count(), 1);
        assert!(svg.contains("M64.0,100.0M616.0,24.0"), "{svg}");
        assert!(svg.contains("p99 &amp; p50") && svg.contains("&lt;a&gt;"));
        assert_eq!(curves("nothing", &[]), "");
    }

    #[test]
    fn who_has_no_result_is_named() {
        let svg = bars(
            "speed",
            &[("a".to_owned(), Some(2.0)), ("b".to_owned(), None)],
        );
        assert!(svg.contains("no result"));
        assert_eq!(svg.matches("<rect").count(), 1);
    }
}
