//! What is wrong with a configuration, said so that it can be put right.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::PathBuf;

use miette::{Diagnostic, LabeledSpan, SourceCode};

use super::KEYS;
use crate::suggest;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    #[diagnostic(help(
        "`muster init` writes one; `muster config print` shows what holds without a file"
    ))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// The file holds something unknown or malformed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    File(#[from] Box<FileProblems>),
    /// An environment variable or a flag is malformed.
    #[error("{by} is `{value}`, expected {expected}")]
    #[diagnostic(help("`muster config print --origin` shows every key, its value and who set it"))]
    Value {
        /// The variable or the flag.
        by: String,
        /// What it says.
        value: String,
        /// What it should say.
        expected: String,
    },
    /// A flag names no key.
    #[error("{by}: there is no key `{path}`")]
    #[diagnostic(help("{}", suggestion(path)))]
    UnknownKey {
        /// The flag.
        by: String,
        /// What it names.
        path: String,
    },
}

impl ConfigError {
    pub(super) fn unknown(by: &str, path: &str) -> ConfigError {
        ConfigError::UnknownKey {
            by: by.to_owned(),
            path: path.to_owned(),
        }
    }
}

/// Everything that is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub struct FileProblems {
    /// The file's name, as it was given.
    pub file: String,
    /// The problems, in the order of the file; never empty.
    pub problems: Vec<Located>,
    text: miette::NamedSource<String>,
}

/// One problem and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// Bytes of the file that are wrong.
    pub span: Range<usize>,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub said: String,
    /// What to do.
    pub help: Option<String>,
}

impl FileProblems {
    pub(super) fn new(file: &str, text: &str, problems: Vec<Located>) -> FileProblems {
        let named = miette::NamedSource::new(file, text.to_owned());
        FileProblems {
            file: file.to_owned(),
            problems,
            text: named,
        }
    }
}

impl fmt::Display for FileProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.problems.first().map_or(1, |problem| problem.line);
        match self.problems.len() {
            1 => write!(f, "{}:{first} is not a valid configuration", self.file),
            n => write!(
                f,
                "{}:{first} is not a valid configuration ({n} problems)",
                self.file
            ),
        }
    }
}

impl Diagnostic for FileProblems {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let mut helps: Vec<&str> = Vec::new();
        for help in self
            .problems
            .iter()
            .filter_map(|problem| problem.help.as_deref())
        {
            if !helps.contains(&help) {
                helps.push(help);
            }
        }
        helps.push("`muster config print` shows every key");
        Some(Box::new(helps.join("\n")))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.text)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.problems.iter().map(|problem| {
            LabeledSpan::new_with_span(Some(problem.said.clone()), problem.span.clone())
        })))
    }
}

/// What to do about a key that does not exist.
pub(super) fn suggestion(path: &str) -> String {
    let all = || KEYS.iter().map(|key| key.path);
    if let Some(near) = suggest::nearest(path, all()) {
        return format!("did you mean `{near}`?");
    }
    // The right name in the wrong table, or outside of any.
    let name = path.rsplit('.').next().unwrap_or(path);
    let same_name = KEYS.iter().find(|key| {
        let (_, known) = key.table_and_name();
        suggest::nearest(name, [known]).is_some()
    });
    match same_name {
        Some(key) => format!("did you mean `{}`?", key.path),
        None => format!("the keys are {}", all().collect::<Vec<_>>().join(", ")),
    }
}
