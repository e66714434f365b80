//! `muster health`: does a running server take sessions?

use std::io::Write;

use serde::Serialize;

use super::print_json_line;
use crate::cli::HealthArgs;
use crate::http::page;
use crate::reach;
use crate::stop::{FAILED, Stop};

/// What the server said.
#[derive(Debug, Serialize)]
struct Said<'a> {
    /// Whether it is well.
    ok: bool,
    /// In its words.
    says: &'a str,
}

/// Asks the server, and ends with what it said.
pub(super) fn run(args: &HealthArgs, out: &mut dyn Write) -> Result<(), Stop> {
    let path = if args.alive { "/healthz" } else { "/readyz" };
    let page = page(reach::http(&args.http)?, path)?;
    let (ok, says) = (page.status == 200, page.text.trim());
    match args.json {
        true => print_json_line(out, &Said { ok, says })?,
        false => writeln!(out, "{says}")?,
    }
    if ok { Ok(()) } else { Err(Stop::Said(FAILED)) }
}
