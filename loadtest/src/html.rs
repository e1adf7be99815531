//! Reports as one page each: tables and plots, without a script.

use crate::{
    compare::{Comparison, Row, bases, lines},
    plot::{Curve, bars, curves, escaped},
    report::{Better, Report, number},
    watch::Sample,
};

const STYLE: &str = "body{font:14px/1.4 system-ui,sans-serif;margin:2rem auto;max-width:1000px;\
padding:0 1rem;color:#222}table{border-collapse:collapse;margin:1rem 0}td,th{padding:.2rem .6rem;\
border-bottom:1px solid #ddd;text-align:right}td:first-child,th:first-child{text-align:left}\
svg{display:block;margin:1rem 0 0;font:12px system-ui,sans-serif;max-width:100%}\
.legend{margin:0 0 1rem;color:#555}.bad{color:#b00020}.good{color:#1b5e20}.small{color:#555}";

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title>\
         <style>{STYLE}</style></head><body><h1>{0}</h1>{body}</body></html>\n",
        escaped(title)
    )
}

/// One or several runs, with their plots over time.
pub fn report_html(reports: &[Report]) -> String {
    let body: String = reports.iter().map(section).collect();
    page("Load test", &body)
}

fn section(report: &Report) -> String {
    let mut html = format!("<h2>{}</h2>", escaped(&report.title()));
    html.push_str(&verdict(report.correct, &report.errors));
    if !report.latencies.is_empty() {
        html.push_str(
            "<table><tr><th>latency, ms</th><th>count</th><th>p50</th><th>p99</th>\
             <th>p99.9</th><th>max</th></tr>",
        );
        for latency in &report.latencies {
            html.push_str(&format!(
                "<tr><td>{}</td><td>{}</td><td>{:.2}</td><td>{:.2}</td><td>{:.2}</td>\
                 <td>{:.2}</td></tr>",
                latency.name,
                latency.count,
                latency.p50_ms,
                latency.p99_ms,
                latency.p999_ms,
                latency.max_ms
            ));
        }
        html.push_str("</table>");
    }
    html.push_str("<table>");
    for figure in &report.figures {
        html.push_str(&format!(
            "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
            figure.name,
            number(figure.value),
            figure.unit
        ));
    }
    html.push_str("</table>");
    html.push_str(&plots(&report.samples));
    html
}

fn verdict(is_correct: bool, errors: &[String]) -> String {
    let (class, text) = match is_correct {
        true => ("good", "correct: nothing lost, nothing diverged"),
        false => ("bad", "FAILED"),
    };
    let mut html = format!("<p class=\"{class}\">{text}</p>");
    for error in errors {
        html.push_str(&format!("<p class=\"bad\">{}</p>", escaped(error)));
    }
    html
}

fn curve(samples: &[Sample], name: &str, value: impl Fn(&Sample) -> Option<f64>) -> Curve {
    Curve {
        name: name.to_owned(),
        points: samples
            .iter()
            .map(|sample| (sample.at_seconds, value(sample)))
            .collect(),
    }
}

fn plots(samples: &[Sample]) -> String {
    let mut html = String::new();
    for kind in ["edit to seen", "edit to saved", "join to synced"] {
        let find = |sample: &Sample, at: fn(&crate::Latency) -> f64| {
            let mut latencies = sample.latencies.iter();
            latencies.find(|latency| latency.name == kind).map(at)
        };
        html.push_str(&curves(
            &format!("{kind}, ms"),
            &[
                curve(samples, "p50", |sample| {
                    find(sample, |latency| latency.p50_ms)
                }),
                curve(samples, "p99", |sample| {
                    find(sample, |latency| latency.p99_ms)
                }),
            ],
        ));
    }
    html.push_str(&curves(
        "processor, cores",
        &[
            curve(samples, "server", |sample| sample.server_cores),
            curve(samples, "generator", |sample| Some(sample.own_cores)),
        ],
    ));
    html.push_str(&curves(
        "server memory, MB",
        &[curve(samples, "resident", |sample| {
            sample.server_bytes.map(|bytes| bytes as f64 / 1e6)
        })],
    ));
    html.push_str(&curves(
        "bytes per second, MB",
        &[
            curve(samples, "to clients", |sample| {
                Some(sample.received_bytes as f64 / 1e6)
            }),
            curve(samples, "from clients", |sample| {
                Some(sample.sent_bytes as f64 / 1e6)
            }),
        ],
    ));
    html.push_str(&curves(
        "clients in sync",
        &[curve(samples, "clients", |sample| {
            Some(sample.synced as f64)
        })],
    ));
    html
}

/// A comparison: bars for each figure, and the whole table.
pub fn comparison_html(comparison: &Comparison) -> String {
    let body: String = comparison
        .loads()
        .iter()
        .map(|(scenario, rows)| load(scenario, rows))
        .collect();
    page("Servers side by side", &body)
}

fn load(scenario: &str, rows: &[&Row]) -> String {
    let rounds = rows.iter().map(|row| row.reports.len()).max().unwrap_or(0);
    let mut html = format!("<h2>{scenario}</h2><p class=\"small\">Median of {rounds}.</p>");
    let lines = lines(rows);
    for line in lines.iter().filter(|line| line.better != Better::Neither) {
        let values: Vec<(String, Option<f64>)> = rows
            .iter()
            .map(|row| row.label())
            .zip(line.values.iter().copied())
            .collect();
        let direction = match line.better {
            Better::More => "more is better",
            _ => "less is better",
        };
        html.push_str(&bars(&format!("{} ({direction})", line.name), &values));
    }
    html.push_str("<table><tr><th></th>");
    for row in rows {
        html.push_str(&format!("<th>{}</th>", escaped(&row.label())));
    }
    html.push_str("<th>relay</th><th>best peer</th></tr>");
    for line in &lines {
        html.push_str(&format!("<tr><td>{}</td>", escaped(&line.name)));
        let [relay, peer] = bases(line, rows).map(|(_, value)| value);
        for value in line.values.iter().copied().chain([relay, peer]) {
            let text = value.map_or("-".to_owned(), number);
            html.push_str(&format!("<td>{text}</td>"));
        }
        html.push_str("</tr>");
    }
    html.push_str("</table>");
    for row in rows {
        let errors = row.reports.iter().flat_map(|report| &report.errors);
        for text in row.failures.iter().chain(errors).take(5) {
            let label = escaped(&row.label());
            html.push_str(&format!("<p class=\"bad\">{label}: {}</p>", escaped(text)));
        }
    }
    html
}
