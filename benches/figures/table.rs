//! What was measured, as a table for people and as lines for programs.

use serde_json::json;

/// One measured figure.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    /// What was measured: a row.
    pub(crate) what: String,
    /// The figure.
    pub(crate) value: f64,
    /// Its unit.
    pub(crate) unit: Unit,
    /// What it must not exceed, or must reach if more is better.
    pub(crate) budget: Option<f64>,
    /// What Flux needs for the same.
    pub(crate) flux: Option<&'static str>,
    /// How it came about, in a few words.
    pub(crate) note: String,
}

/// How a figure is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Bytes on a wire, in thousands.
    Bytes,
    /// Bytes in memory or in a file, in units of 1024.
    Memory,
    /// Seconds.
    Seconds,
    /// How many.
    Count,
    /// Objects in a second; more is better.
    PerSecond,
    /// Parts of a hundred; more is better.
    Percent,
}

/// Where figures go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// A table.
    Human,
    /// A JSON object a line.
    Json,
}

/// One part's figures, printed when they are there.
#[derive(Debug)]
pub(crate) struct Section {
    name: &'static str,
    figures: Vec<Figure>,
}

impl Figure {
    /// A figure without a budget.
    pub(crate) fn new(what: impl Into<String>, value: f64, unit: Unit) -> Self {
        Self { what: what.into(), value, unit, budget: None, flux: None, note: String::new() }
    }

    /// What it is held against.
    pub(crate) fn budget(mut self, budget: f64) -> Self {
        self.budget = Some(budget);
        self
    }

    /// What Flux 1.9 needs, measured on a machine of the same kind.
    pub(crate) fn flux(mut self, flux: &'static str) -> Self {
        self.flux = Some(flux);
        self
    }

    /// How it came about.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// Whether it keeps its budget; without one it does.
    pub(crate) fn is_kept(&self) -> bool {
        self.budget.is_none_or(|budget| match self.unit {
            Unit::PerSecond | Unit::Percent => self.value >= budget,
            _ => self.value <= budget,
        })
    }
}

impl Unit {
    /// A figure of this unit, with three digits that matter.
    pub(crate) fn show(self, value: f64) -> String {
        match self {
            Self::Bytes if value >= 1_000_000.0 => format!("{:.2} MB", value / 1e6),
            Self::Bytes if value >= 10_000.0 => format!("{:.1} kB", value / 1e3),
            Self::Bytes => format!("{value:.0} B"),
            Self::Memory => format!("{:.1} MiB", value / 1_048_576.0),
            Self::Seconds if value < 1.0 => format!("{:.0} ms", value * 1e3),
            Self::Seconds => format!("{value:.2} s"),
            Self::Count => format!("{value:.0}"),
            Self::PerSecond => format!("{value:.0}/s"),
            Self::Percent => format!("{value:.0} %"),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Bytes | Self::Memory => "bytes",
            Self::Seconds => "seconds",
            Self::Count => "count",
            Self::PerSecond => "per second",
            Self::Percent => "percent",
        }
    }
}

impl Section {
    /// An empty section.
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, figures: Vec::new() }
    }

    /// Adds a figure.
    pub(crate) fn add(&mut self, figure: Figure) {
        self.figures.push(figure);
    }

    /// Prints all of it.
    pub(crate) fn print(&self, format: Format) {
        match format {
            Format::Json => self.figures.iter().for_each(|figure| println!("{}", self.line(figure))),
            Format::Human => self.table(),
        }
    }

    /// The figures that exceed their budget.
    pub(crate) fn exceeded(&self) -> Vec<&Figure> {
        self.figures.iter().filter(|figure| !figure.is_kept()).collect()
    }

    fn line(&self, figure: &Figure) -> serde_json::Value {
        json!({
            "section": self.name, "what": figure.what, "value": figure.value, "unit": figure.unit.name(),
            "budget": figure.budget, "kept": figure.is_kept(), "flux": figure.flux, "note": figure.note,
        })
    }

    fn table(&self) {
        let head = [self.name, "here", "budget", "Flux 1.9", "note"].map(str::to_owned);
        let rows = self.figures.iter().map(|figure| {
            let budget = figure.budget.map(|budget| figure.unit.show(budget)).unwrap_or_default();
            let mark = if figure.is_kept() { "" } else { " !" };
            let flux = figure.flux.unwrap_or_default().to_owned();
            [figure.what.clone(), figure.unit.show(figure.value) + mark, budget, flux, figure.note.clone()]
        });
        let rows: Vec<[String; 5]> = std::iter::once(head).chain(rows).collect();
        let mut widths = [0; 5];
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        println!();
        for (at, row) in rows.iter().enumerate() {
            let [what, here, budget, flux, note] = row;
            let [w, h, b, f, _] = widths;
            println!("| {what:<w$} | {here:>h$} | {budget:>b$} | {flux:<f$} | {note} |");
            if at == 0 {
                println!("|{:-<1$}|", "", widths.iter().map(|width| width + 3).sum::<usize>() - 1);
            }
        }
    }
}

/// The middle of the values; of an even number the lower of the two in the middle.
///
/// # Panics
/// If there are none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[(sorted.len() - 1) / 2]
}
