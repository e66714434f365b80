//! All mutants of a file in one text: the body of each function is there once for each of them,
//! and a number chooses which one runs.

use std::fmt::Write;
use std::ops::Range;

use crate::list::{Mutant, Place};

/// A mutant under the number that chooses it.
pub(crate) type Numbered<'a> = (usize, &'a Mutant);

/// What became of a file.
#[derive(Debug, Default)]
pub(crate) struct Woven {
    pub(crate) text: String,
    pub(crate) arms: Vec<Arm>,
    /// Who cannot be chosen when the program runs, and why.
    pub(crate) left_out: Vec<(usize, &'static str)>,
}

/// Where the changed bodies of one function are.
#[derive(Debug, Default)]
pub(crate) struct Arm {
    /// All lines of the function's bodies.
    pub(crate) lines: Range<usize>,
    /// The lines of each.
    pub(crate) each: Vec<(usize, Range<usize>)>,
}

/// What is appended to the crate's root.
///
/// `at` says which mutant runs, and records once which functions a run has entered: each under the
/// number of its first mutant.
pub(crate) const CHOICE: &str = r#"
/// Which mutant runs.
#[allow(missing_docs, clippy::all)]
pub(crate) mod woven {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicBool, Ordering};

    static CHOSEN: LazyLock<usize> = LazyLock::new(|| {
        let chosen = std::env::var("MUTANT").ok();
        chosen.map_or(usize::MAX, |number| number.parse().expect("MUTANT is a number"))
    });
    static TRACE: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("MUTANT_TRACE").ok());
    static SEEN: [AtomicBool; 16_384] = [const { AtomicBool::new(false) }; 16_384];

    pub(crate) fn at(first: usize) -> usize {
        if let Some(path) = &*TRACE {
            if !SEEN[first].swap(true, Ordering::Relaxed) {
                use std::io::Write;
                let mut file = std::fs::OpenOptions::new();
                let mut file = file.append(true).create(true).open(path).expect("a trace");
                writeln!(file, "{first}").expect("a trace");
            }
        }
        *CHOSEN
    }
}
"#;

/// Every mutant of `mutants`, which are of one file and in groups by function, in `text`.
pub(crate) fn weave(text: &str, mutants: &[Numbered<'_>]) -> Woven {
    let mut woven = Woven::default();
    let mut groups: Vec<(Place, Vec<Numbered<'_>>)> = Vec::new();
    for (number, mutant) in mutants {
        let Some(function) = &mutant.function else {
            woven.left_out.push((*number, "it is in no function"));
            continue;
        };
        let start = function.span.start;
        match groups.iter_mut().find(|(place, _)| *place == start) {
            Some((_, group)) => group.push((*number, mutant)),
            None => groups.push((start, vec![(*number, mutant)])),
        }
    }
    groups.sort_by_key(|(start, _)| *start);
    let mut done = 0;
    for (_, group) in &groups {
        let Some(body) = body(text, group[0].1) else {
            let numbers = group
                .iter()
                .map(|(number, _)| (*number, "a constant function"));
            woven.left_out.extend(numbers);
            continue;
        };
        // A function inside a function is a part of its bodies already.
        if body.start < done {
            let numbers = group
                .iter()
                .map(|(number, _)| (*number, "inside a function"));
            woven.left_out.extend(numbers);
            continue;
        }
        woven.text.push_str(&text[done..body.start]);
        woven.bodies(text, body.clone(), group);
        done = body.end;
    }
    woven.text.push_str(&text[done..]);
    woven
}

impl Woven {
    /// The bodies of one function, each from a line of its own on.
    fn bodies(&mut self, text: &str, body: Range<usize>, group: &[Numbered<'_>]) {
        let (first, of) = group[0];
        let returned = of.function.as_ref().map_or("", |of| &of.return_type);
        let (open, close) = wrapping(returned);
        let mut arm = Arm::default();
        let begun = self.line();
        writeln!(self.text, "match crate::woven::at({first}) {{").expect("a string grows");
        for (number, mutant) in group {
            let from = self.line();
            let (start, end) = (mutant.span.start.offset(text), mutant.span.end.offset(text));
            let (before, after) = (&text[body.start..start], &text[end..body.end]);
            let changed = format!("{before}{}{after}", mutant.replacement);
            writeln!(self.text, "{number} => {open}{{{changed}\n}}{close},")
                .expect("a string grows");
            arm.each.push((*number, from..self.line()));
        }
        let whole = &text[body];
        write!(self.text, "_ => {open}{{{whole}}}{close}\n}}").expect("a string grows");
        arm.lines = begun..self.line() + 1;
        self.arms.push(arm);
    }

    /// The line that is being written, from 1 on.
    fn line(&self) -> usize {
        self.text.matches('\n').count() + 1
    }
}

/// What stands around each body: where a function returns some iterator, each body has its own, and
/// collecting what it gives makes one type of them.
fn wrapping(returned: &str) -> (&'static str, &'static str) {
    match returned.starts_with("-> impl Iterator") {
        true => ("(", ").collect::<Vec<_>>().into_iter()"),
        false => ("", ""),
    }
}

/// The bytes between the braces of the function of `mutant`; none if it is evaluated when it is
/// compiled, where nothing can be chosen.
fn body(text: &str, mutant: &Mutant) -> Option<Range<usize>> {
    let function = mutant.function.as_ref()?;
    let (start, end) = (
        function.span.start.offset(text),
        function.span.end.offset(text),
    );
    let name = function.name.rsplit("::").next()?;
    let named = start + text[start..end].find(&format!("fn {name}"))?;
    if text[start..named].ends_with("const ") {
        return None;
    }
    let open = named + text[named..end].find('{')?;
    Some(open + 1..end - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::{Function, Span};

    const TEXT: &str = "\
const HALF: u8 = 1 + 1;

/// Whether `one` {comes} first.
fn is_first(one: u8, other: u8) -> bool {
    one < other && other > 0
}

fn odd() -> impl Iterator<Item = u8> {
    (1..9).step_by(2)
}
";

    fn span(start: (usize, usize), end: (usize, usize)) -> Span {
        let place = |(line, column)| Place { line, column };
        let (start, end) = (place(start), place(end));
        Span { start, end }
    }

    fn mutant(function: Option<(&str, &str, Span)>, span: Span, replacement: &str) -> Mutant {
        let function = function.map(|(name, returned, span)| Function {
            name: name.into(),
            return_type: returned.into(),
            span,
        });
        Mutant {
            file: "a.rs".into(),
            function,
            name: format!("a.rs:{}:{}: replace", span.start.line, span.start.column),
            replacement: replacement.into(),
            span,
        }
    }

    fn is_first() -> Option<(&'static str, &'static str, Span)> {
        Some(("is_first", "-> bool", span((4, 1), (6, 2))))
    }

    #[test]
    fn each_body_is_there_once_for_each_change_and_once_as_it_was() {
        let (less, and) = (span((5, 9), (5, 10)), span((5, 17), (5, 19)));
        let mutants = [
            mutant(is_first(), less, "<="),
            mutant(is_first(), and, "||"),
        ];
        let numbered: Vec<Numbered<'_>> = (7..).zip(&mutants).collect();
        let woven = weave(TEXT, &numbered);
        let bodies = "fn is_first(one: u8, other: u8) -> bool {match crate::woven::at(7) {
7 => {
    one <= other && other > 0

},
8 => {
    one < other || other > 0

},
_ => {
    one < other && other > 0
}
}}
";
        assert!(woven.text.contains(bodies), "{}", woven.text);
        assert!(woven.left_out.is_empty());
        assert_eq!(woven.arms.len(), 1);
        assert_eq!(woven.arms[0].each, [(7, 5..9), (8, 9..13)]);
        assert!(woven.arms[0].lines.contains(&4) && woven.arms[0].lines.contains(&15));
    }

    #[test]
    fn iterators_of_different_types_become_one() {
        let odd = Some(("odd", "-> impl Iterator<Item = u8>", span((8, 1), (10, 2))));
        let whole = mutant(odd, span((9, 5), (9, 22)), "::std::iter::empty()");
        let woven = weave(TEXT, &[(0, &whole)]).text;
        for part in [
            "{match crate::woven::at(0) {",
            "0 => ({\n    ::std::iter::empty()\n\n}).collect::<Vec<_>>().into_iter(),",
            "_ => ({\n    (1..9).step_by(2)\n}).collect::<Vec<_>>().into_iter()\n}}",
        ] {
            assert!(woven.contains(part), "{part} in {woven}");
        }
    }

    #[test]
    fn what_cannot_be_chosen_at_run_time_is_left_out_and_said() {
        let constant = mutant(None, span((1, 20), (1, 21)), "-");
        let woven = weave(TEXT, &[(3, &constant)]);
        assert_eq!(woven.text, TEXT);
        assert_eq!(woven.left_out, [(3, "it is in no function")]);
    }

    #[test]
    fn a_mutant_has_its_key_wherever_its_function_is() {
        let less = mutant(is_first(), span((5, 9), (5, 10)), "<=");
        let key = less.key(TEXT);
        let (start, end) = (span((6, 9), (6, 10)), span((5, 1), (7, 2)));
        let lower = mutant(Some(("is_first", "-> bool", end)), start, "<=");
        assert_eq!(lower.key(&format!("\n{TEXT}")), key);
        let otherwise = TEXT.replace("other > 0", "other > 1");
        assert_ne!(less.key(&otherwise), key);
    }
}
