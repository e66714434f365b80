//! What is stamped: on an award its cover, on a vacancy since when it is filled.

use std::fmt::Write;

use super::super::words::Words;
use super::Stage;
use super::say::{line, phoenix};

impl Stage {
    /// The agreement stamped on each award that stands: `v1 gil-07=chandler-msa`.
    pub(super) fn covers(&self, words: &Words<'_>, output: &mut String) {
        let row = self.state().vacancy(self.vacancy(words.word(1)));
        let row = row.expect("the vacancy was published");
        output.push_str(words.word(1));
        for holder in row.holders() {
            let cover = self.state().roster().agreements.find(holder.cover);
            let cover = cover.map_or("?", |cover| cover.code.as_str());
            let _ = write!(output, " {}={cover}", self.badge(holder.officer));
        }
        output.push('\n');
    }

    /// Since when a vacancy is filled, as whoever came too late hears it.
    pub(super) fn filled(&self, words: &Words<'_>, output: &mut String) {
        let row = self.state().vacancy(self.vacancy(words.word(1)));
        let row = row.expect("the vacancy was published");
        let since = row.filled_at.map_or_else(|| "never".to_owned(), phoenix);
        line(
            output,
            format_args!("{} filled since={since}", words.word(1)),
        );
    }
}
