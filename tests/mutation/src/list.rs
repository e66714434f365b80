//! The mutants as `cargo mutants --list --json` names them.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;

/// A change of one place in one file.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Mutant {
    /// Relative to the workspace.
    pub(crate) file: String,
    /// The function that is changed; a constant has none.
    pub(crate) function: Option<Function>,
    /// `FILE:LINE:COLUMN: CHANGE`.
    pub(crate) name: String,
    pub(crate) replacement: String,
    pub(crate) span: Span,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Function {
    #[serde(rename = "function_name")]
    pub(crate) name: String,
    /// With its arrow; empty if nothing is returned.
    pub(crate) return_type: String,
    /// From the first attribute to the closing brace.
    pub(crate) span: Span,
}

/// From a place until before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Span {
    pub(crate) start: Place,
    pub(crate) end: Place,
}

/// Both count from 1; columns are characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Mutant {
    /// The change without its place: `replace < with <= in tier_of`.
    pub(crate) fn change(&self) -> &str {
        self.name.splitn(4, ':').last().unwrap_or_default().trim()
    }

    /// The same for the same change of the same function, wherever in the file the function is.
    pub(crate) fn key(&self, text: &str) -> String {
        let whole = self.function.as_ref().map_or(self.span, |of| of.span);
        let start = whole.start.offset(text);
        let line = self.span.start.line - whole.start.line;
        let column = self.span.start.column;
        let hash = fnv1a(&text[start..whole.end.offset(text)]);
        format!(
            "{} {hash:016x}+{line}:{column} {}",
            self.file,
            self.change()
        )
    }
}

impl Place {
    /// The byte of `text` at this place.
    pub(crate) fn offset(self, text: &str) -> usize {
        let lines = text.split_inclusive('\n').take(self.line - 1);
        let before: usize = lines.map(str::len).sum();
        let mut columns = text[before..].char_indices();
        let column = columns.nth(self.column - 1);
        column.map_or(text.len(), |(column, _)| before + column)
    }
}

/// FNV-1a: short, and the same on every machine and any day.
fn fnv1a(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

/// What cargo-mutants would try in the files of `root` that match one of `globs`.
pub(crate) fn mutants(root: &Path, globs: &[String]) -> Result<Vec<Mutant>, String> {
    let mut command = Command::new("cargo");
    command.args(["mutants", "--workspace", "--list", "--json", "--no-config"]);
    for glob in globs {
        command.args(["-f", glob]);
    }
    let made = command.current_dir(root).output();
    let made = made.map_err(|error| format!("cargo cannot be started: {error}"))?;
    if !made.status.success() {
        let why = String::from_utf8_lossy(&made.stderr);
        return Err(format!(
            "`cargo mutants` fails, install it with `cargo install cargo-mutants --locked`: {why}"
        ));
    }
    serde_json::from_slice(&made.stdout)
        .map_err(|error| format!("cargo-mutants lists what is not understood: {error}"))
}
