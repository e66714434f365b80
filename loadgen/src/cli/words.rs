//! Words of the command line that are more than numbers.

use std::fs;
use std::time::Duration;

use crate::pacer::{Pacer, Rate};

/// A time, such as `500ms`, `5s`, `2m` or `1h`.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a time: write for example 500ms, 5s or 2m");
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let seconds = match unit {
        "ms" => number / 1_000.0,
        "s" => number,
        "m" => number * 60.0,
        "h" => number * 3_600.0,
        _ => return Err(wrong()),
    };
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
}

/// A rate, such as `40/s`, `2400/m` or `40`.
pub(super) fn rate(text: &str) -> Result<Rate, String> {
    let wrong = || format!("`{text}` is not a rate: write for example 40/s or 2400/m");
    let (number, unit) = text.split_once('/').unwrap_or((text, "s"));
    let number: f64 = number.trim().parse().map_err(|_| wrong())?;
    let per_second = match unit {
        "s" => number,
        "m" => number / 60.0,
        "h" => number / 3_600.0,
        _ => return Err(wrong()),
    };
    Rate::per_second(per_second).ok_or_else(wrong)
}

/// A schedule: `constant:40/s`, `poisson:40/s`, `ramp:10/s..80/s:20s`, `burst` or `file:PATH`, a
/// file of instants in seconds, ascending, one a line.
pub(super) fn schedule(text: &str) -> Result<Pacer, String> {
    let wrong = || {
        format!(
            "`{text}` is not a schedule: write constant:40/s, poisson:40/s, ramp:10/s..80/s:20s, \
             burst or file:PATH"
        )
    };
    let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
    match kind {
        "constant" => Ok(Pacer::Constant(rate(rest)?)),
        // The seed of the run takes the place of this one.
        "poisson" => Ok(Pacer::Poisson {
            rate: rate(rest)?,
            seed: 0,
        }),
        "ramp" => {
            let (rates, over) = rest.split_once(':').ok_or_else(wrong)?;
            let (from, to) = rates.split_once("..").ok_or_else(wrong)?;
            let over = time(over)?;
            match over.is_zero() {
                true => Err(wrong()),
                false => Ok(Pacer::Ramp {
                    from: rate(from)?,
                    to: rate(to)?,
                    over,
                }),
            }
        }
        "burst" if rest.is_empty() => Ok(Pacer::Burst { hits: u64::MAX }),
        "file" if !rest.is_empty() => recorded(rest),
        _ => Err(wrong()),
    }
}

/// A share, such as `20%` or `0.2`, as a fraction of one.
pub(super) fn share(text: &str) -> Result<f64, String> {
    let wrong = || format!("`{text}` is not a share: write for example 20% or 0.2");
    let (number, scale) = match text.strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (text, 1.0),
    };
    let number: f64 = number.trim().parse().map_err(|_| wrong())?;
    let share = number / scale;
    (share.is_finite() && share >= 0.0)
        .then_some(share)
        .ok_or_else(wrong)
}

/// A speed, such as `10x` or `0.5`.
pub(super) fn speed(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('x').unwrap_or(text).trim().parse().ok();
    number
        .filter(|speed: &f64| speed.is_finite() && *speed > 0.0)
        .ok_or_else(|| format!("`{text}` is not a speed: write for example 10x or 0.5x"))
}

fn recorded(path: &str) -> Result<Pacer, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let mut instants: Vec<Duration> = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let seconds = line.trim().parse().ok();
        let at = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let ascends = |at: &Duration| instants.last().is_none_or(|last| last <= at);
        match at.filter(ascends) {
            Some(at) => instants.push(at),
            None => {
                return Err(format!(
                    "{path}, line {number}: `{line}` is not an instant in seconds at or after the \
                     one before it"
                ));
            }
        }
    }
    match instants.is_empty() {
        true => Err(format!(
            "{path} holds no instants: write one a line, in seconds"
        )),
        false => Ok(Pacer::Replay(instants)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_read_as_they_are_told() {
        for text in ["constant:40/s", "poisson:12.5/s", "ramp:10/s..80/s:20s"] {
            assert_eq!(schedule(text).unwrap().to_string(), text);
        }
        assert_eq!(schedule("burst"), Ok(Pacer::Burst { hits: u64::MAX }));
        let twice_a_second = schedule("constant:120/m").unwrap();
        assert_eq!(twice_a_second.to_string(), "constant:2/s");
    }

    #[test]
    fn a_recorded_schedule_is_a_list_of_instants() {
        let name = format!("loadgen-schedule-{}.txt", std::process::id());
        let path = std::env::temp_dir().join(name);
        let told = format!("file:{}", path.display());
        fs::write(&path, "0\n0.25\n0.25\n1.5\n").unwrap();
        let ms = Duration::from_millis;
        let expected = vec![ms(0), ms(250), ms(250), ms(1_500)];
        assert_eq!(schedule(&told), Ok(Pacer::Replay(expected)));
        for (text, words) in [
            ("0\n1\n0.5\n", "line 3"),
            ("x\n", "line 1"),
            ("", "no instants"),
        ] {
            fs::write(&path, text).unwrap();
            assert!(schedule(&told).unwrap_err().contains(words), "{text:?}");
        }
        fs::remove_file(&path).unwrap();
        assert!(schedule(&told).is_err());
    }

    #[test]
    fn nonsense_says_what_would_do() {
        for text in [
            "",
            "constant",
            "ramp:1/s..2/s",
            "ramp:1/s..2/s:0s",
            "burst:3",
            "steady:1/s",
        ] {
            let said = schedule(text).unwrap_err();
            assert!(said.contains("40/s"), "{text} said {said}");
        }
        assert_eq!(share("20%"), Ok(0.2));
        assert_eq!(share("0.2"), Ok(0.2));
        assert!(share("-1%").is_err() && share("all").is_err());
        assert_eq!(speed("10x"), Ok(10.0));
        assert!(speed("0x").is_err() && speed("fast").is_err());
    }
}
