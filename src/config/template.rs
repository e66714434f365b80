//! The file that `muster init` writes.

use super::{Config, KEYS};

const HEAD: &str = "\
# muster.toml: every key with its default. Take the `#` away from a key to change it.
#
# A flag wins over an environment variable, that over this file, that over the default. The
# variable of a key is MUSTER_ and its name: MUSTER_LISTEN, MUSTER_LOG_SEGMENT_MIB.
#
#   muster check muster.toml          says whether this file is right
#   muster config print --origin      says what holds, and who set it
";

/// A file with every key and its default, each commented out and explained.
pub fn template() -> String {
    let defaults = Config::default();
    let mut text = HEAD.to_owned();
    let mut within = None;
    for key in KEYS {
        let (table, name) = key.table_and_name();
        text.push('\n');
        if table != within {
            within = table;
            text.push_str(
                &table
                    .map(|table| format!("[{table}]\n"))
                    .unwrap_or_default(),
            );
        }
        for line in key.about {
            text.push_str(&format!("# {line}\n"));
        }
        text.push_str(&format!("#{name} = {}\n", (key.show)(&defaults)));
    }
    text
}
