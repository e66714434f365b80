//! Transcripts that a coordinator can read: commands, `----`, and everything that then happened.
//!
//! Commands of one block are put in line together and settled in one step, so a block with two
//! accepts is a race. `tests/scenarios/README.md` lists the commands.

mod stage;
mod words;

use stage::Stage;

/// What `text` turns into when it is run: the commands as they stand, and what really happens.
pub(crate) fn run(text: &str) -> String {
    let mut stage = Stage::new();
    let mut output = String::new();
    for block in text.split("\n\n") {
        let commands: Vec<&str> = block.lines().take_while(|line| *line != "----").collect();
        for line in &commands {
            output.push_str(line);
            output.push('\n');
        }
        let is_comment = |line: &&str| line.trim().is_empty() || line.starts_with('#');
        let spoken: Vec<&str> = commands
            .iter()
            .copied()
            .filter(|line| !is_comment(line))
            .collect();
        if !spoken.is_empty() {
            let happened = stage.play(&spoken);
            if !happened.is_empty() {
                output.push_str("----\n");
                output.push_str(&happened);
            }
        }
        output.push('\n');
    }
    stage.check();
    let trimmed = output.trim_end().len();
    output.truncate(trimmed);
    output.push('\n');
    output
}
