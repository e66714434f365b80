//! One chart: lines or sticks over two axes, linear or logarithmic.

use std::fmt::{self, Write};

use super::Text;

/// A chart.
pub(super) struct Chart<'a> {
    pub(super) title: &'a str,
    /// What the axes show, as one sentence.
    pub(super) note: &'a str,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) series: Vec<Series<'a>>,
}

/// How values lie along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    /// From zero.
    Linear,
    /// In powers of ten; what is not above zero is left out.
    Log,
    /// As [`Axis::Log`], of the inverse of what is left of 1, and told as percentiles.
    Percentile,
}

/// Values of one name.
pub(super) struct Series<'a> {
    pub(super) name: &'a str,
    pub(super) shape: Shape,
}

/// How values are drawn.
pub(super) enum Shape {
    /// Joined points.
    Line(Vec<(f64, f64)>),
    /// From one value to another, at each place.
    Sticks(Vec<(f64, f64, f64)>),
}

const WIDTH: f64 = 920.0;
const HEIGHT: f64 = 250.0;
/// Room for the labels of the axes.
const LEFT: f64 = 62.0;
const BOTTOM: f64 = 24.0;
const TOP: f64 = 8.0;
const RIGHT: f64 = 12.0;

impl Chart<'_> {
    /// Draws it, unless there is nothing to see.
    pub(super) fn write(&self, page: &mut String) -> fmt::Result {
        let xs = Scale::of(self.x, self.points().map(|(x, _)| x), LEFT, WIDTH - RIGHT);
        let ys = Scale::of(self.y, self.points().map(|(_, y)| y), HEIGHT - BOTTOM, TOP);
        let (Some(xs), Some(ys)) = (xs, ys) else {
            return Ok(());
        };
        write!(
            page,
            "<h2>{}</h2>\n<p class=\"note\">{}",
            self.title, self.note
        )?;
        for (series, colour) in self.series.iter().zip(0..) {
            write!(
                page,
                "<span class=\"key k{colour}\"></span>{}",
                Text(series.name)
            )?;
        }
        write!(
            page,
            "</p>\n<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             role=\"img\" aria-label=\"{}\">\n",
            self.title
        )?;
        for (value, label) in ys.ticks() {
            let y = ys.place(value);
            writeln!(
                page,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                y + 4.0
            )?;
        }
        for (value, label) in xs.ticks() {
            writeln!(
                page,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
                xs.place(value),
                HEIGHT - 6.0
            )?;
        }
        for (series, colour) in self.series.iter().zip(0..) {
            write!(page, "<path class=\"plot s{colour}\" d=\"")?;
            write_path(page, &series.shape, &xs, &ys)?;
            page.push_str("\"/>\n");
        }
        page.push_str("</svg>\n");
        Ok(())
    }

    /// Every value that must find its place.
    fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        self.series.iter().flat_map(|series| match &series.shape {
            Shape::Line(points) => points.clone(),
            Shape::Sticks(sticks) => {
                let ends = sticks
                    .iter()
                    .flat_map(|(x, from, to)| [(*x, *from), (*x, *to)]);
                ends.collect()
            }
        })
    }
}

fn write_path(page: &mut String, shape: &Shape, xs: &Scale, ys: &Scale) -> fmt::Result {
    match shape {
        Shape::Line(points) => {
            let shown = points.iter().filter(|(x, y)| xs.shows(*x) && ys.shows(*y));
            for (place, (x, y)) in shown.enumerate() {
                let step = if place == 0 { 'M' } else { 'L' };
                write!(page, "{step}{:.1} {:.1}", xs.place(*x), ys.place(*y))?;
            }
        }
        Shape::Sticks(sticks) => {
            for (x, from, to) in sticks.iter().filter(|(x, ..)| xs.shows(*x)) {
                let (x, from, to) = (xs.place(*x), ys.place(*from), ys.place(*to));
                write!(page, "M{x:.1} {from:.1}V{to:.1}")?;
            }
        }
    }
    Ok(())
}

/// Where values lie on the page.
struct Scale {
    axis: Axis,
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// A scale on which all these values fit; nothing if there are none, or all are zero.
    fn of(axis: Axis, values: impl Iterator<Item = f64>, from: f64, to: f64) -> Option<Scale> {
        let (mut low, mut high) = (f64::INFINITY, 0.0f64);
        for value in values.filter(|value| value.is_finite() && *value > 0.0) {
            (low, high) = (low.min(value), high.max(value));
        }
        if high <= 0.0 {
            return None;
        }
        let (low, high) = match axis {
            Axis::Linear => (0.0, high),
            Axis::Log => (
                10f64.powf(low.log10().floor()),
                10f64.powf(high.log10().ceil()).max(low * 10.0),
            ),
            Axis::Percentile => (1.0, high.max(10.0)),
        };
        Some(Scale {
            axis,
            low,
            high,
            from,
            to,
        })
    }

    fn shows(&self, value: f64) -> bool {
        value.is_finite() && value >= self.low && value <= self.high
    }

    fn place(&self, value: f64) -> f64 {
        let value = value.clamp(self.low, self.high);
        let share = match self.axis {
            Axis::Linear => (value - self.low) / (self.high - self.low),
            Axis::Log | Axis::Percentile => (value / self.low).ln() / (self.high / self.low).ln(),
        };
        self.from + share * (self.to - self.from)
    }

    /// The values that are labelled.
    fn ticks(&self) -> Vec<(f64, String)> {
        match self.axis {
            Axis::Linear => {
                let step = nice(self.high / 5.0);
                let steps = (self.high / step).floor() as u64;
                (0..=steps)
                    .map(|place| place as f64 * step)
                    .map(|value| (value, short(value)))
                    .collect()
            }
            Axis::Log => self.decades().map(|value| (value, short(value))).collect(),
            Axis::Percentile => self
                .decades()
                .map(|value| (value, format!("{}%", short(100.0 - 100.0 / value))))
                .collect(),
        }
    }

    fn decades(&self) -> impl Iterator<Item = f64> {
        let (low, high) = (
            self.low.log10().ceil() as i32,
            self.high.log10().floor() as i32,
        );
        (low..=high).map(|power| 10f64.powi(power))
    }
}

/// The smallest of 1, 2, 5, 10, 20, … that is not below `step`.
fn nice(step: f64) -> f64 {
    let decade = 10f64.powf(step.log10().floor());
    let fits = [1.0, 2.0, 5.0].into_iter().find(|one| one * decade >= step);
    fits.unwrap_or(10.0) * decade
}

/// A number with as many digits as it needs, in thousands and millions where it is large.
fn short(value: f64) -> String {
    let (value, unit) = match value {
        1e6.. => (value / 1e6, "M"),
        1e4.. => (value / 1e3, "k"),
        _ => (value, ""),
    };
    let text = format!("{value:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_lie_where_they_belong() {
        let values = [0.0, 3.0, 40.0];
        let linear = Scale::of(Axis::Linear, values.into_iter(), 0.0, 100.0).unwrap();
        assert_eq!(linear.place(20.0), 50.0);
        let log = Scale::of(Axis::Log, values.into_iter(), 0.0, 100.0).unwrap();
        assert_eq!((log.low, log.high), (1.0, 100.0));
        assert!((log.place(10.0) - 50.0).abs() < 1e-9);
        assert!(!log.shows(0.0));
        assert!(Scale::of(Axis::Log, [0.0].into_iter(), 0.0, 1.0).is_none());
        let flat = Scale::of(Axis::Log, [10.0].into_iter(), 0.0, 1.0).unwrap();
        assert!(flat.place(10.0).is_finite());
    }

    #[test]
    fn labels_can_be_read() {
        for (value, label) in [
            (0.0, "0"),
            (0.1, "0.1"),
            (1_500.0, "1500"),
            (20_000.0, "20k"),
            (2_500_000.0, "2.5M"),
            (99.9, "99.9"),
        ] {
            assert_eq!(short(value), label);
        }
        assert_eq!(nice(3.0), 5.0);
        assert_eq!(nice(0.07), 0.1);
        let scale = Scale::of(Axis::Percentile, [1_000.0].into_iter(), 0.0, 1.0).unwrap();
        let labels: Vec<String> = scale.ticks().into_iter().map(|(_, label)| label).collect();
        assert_eq!(labels, ["0%", "90%", "99%", "99.9%"]);
    }
}
