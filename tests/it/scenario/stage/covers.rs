//! What protects the holders of a vacancy.

use std::fmt::Write;

use super::super::words::Words;
use super::Stage;

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
}
