//! The OpenMetrics text format, as far as it is needed: families of counters, gauges, info and histograms.

use std::fmt::{self, Display, Write as _};

/// A page under construction. What it is given is put in order by family, each named once, as the format wants it.
#[derive(Debug, Default)]
pub(super) struct Text(String);

/// One family, to which samples are added.
pub(super) struct Family<'a> {
    text: &'a mut String,
    name: &'static str,
    suffix: &'static str,
}

/// A label's value, with what the format gives a meaning escaped.
struct Escaped<'a>(&'a str);

impl Text {
    /// Something that only grows. The name goes without its `_total`.
    pub(super) fn counter(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "counter", "_total", help)
    }

    /// Something that goes up and down.
    pub(super) fn gauge(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "gauge", "", help)
    }

    /// Something that labels tell. The name goes without its `_info`.
    pub(super) fn info(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "info", "_info", help)
    }

    /// How often something took how long. Samples go by [`Family::part`].
    pub(super) fn histogram(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "histogram", "", help)
    }

    /// The whole page.
    pub(super) fn end(mut self) -> String {
        self.0.push_str("# EOF\n");
        self.0
    }

    fn family(&mut self, name: &'static str, kind: &str, suffix: &'static str, help: &str) -> Family<'_> {
        // The format's rule: a name that ends with a unit has that unit.
        let unit = ["seconds", "bytes"].into_iter().find(|unit| name.ends_with(&format!("_{unit}")));
        let unit = unit.map(|unit| format!("# UNIT {name} {unit}\n")).unwrap_or_default();
        let text = &mut self.0;
        // A `String` takes everything.
        let _ = write!(text, "# TYPE {name} {kind}\n{unit}# HELP {name} {}\n", Escaped(help));
        Family { text, name, suffix }
    }
}

impl Family<'_> {
    /// One value.
    pub(super) fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) {
        self.part(self.suffix, labels, value);
    }

    /// One value of a part that has a name of its own: `_bucket`, `_sum`, `_count`.
    pub(super) fn part(&mut self, suffix: &str, labels: &[(&str, &str)], value: impl Display) {
        let text = &mut *self.text;
        text.push_str(self.name);
        text.push_str(suffix);
        for (at, (name, value)) in labels.iter().enumerate() {
            let start = if at == 0 { '{' } else { ',' };
            let _ = write!(text, "{start}{name}=\"{}\"", Escaped(value));
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(text, "{end} {value}");
    }
}

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '\\' => f.write_str("\\\\"),
            '"' => f.write_str("\\\""),
            '\n' => f.write_str("\\n"),
            c => f.write_char(c),
        })
    }
}
