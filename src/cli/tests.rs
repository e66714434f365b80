use clap::CommandFactory;

use super::*;

/// Lines of one screen.
const SCREEN_LINES_MAX: usize = 40;

/// Lines of the list of all commands, a line each.
const CONTENTS_LINES_MAX: usize = 50;

fn walk(command: &clap::Command, path: &str, visit: &mut dyn FnMut(&str, &clap::Command)) {
    visit(path, command);
    for inner in command
        .get_subcommands()
        .filter(|inner| inner.get_name() != "help")
    {
        walk(inner, &format!("{path} {}", inner.get_name()), visit);
    }
}

#[test]
fn the_declaration_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn help_fits_one_screen_on_every_level_and_shows_an_example() {
    let mut command = Cli::command();
    command.build();
    let mut levels = 0;
    walk(&command, "muster", &mut |path, command| {
        levels += 1;
        let help = command.clone().render_help().to_string();
        let lines = help.lines().count();
        let lines_max = if path == "muster" {
            CONTENTS_LINES_MAX
        } else {
            SCREEN_LINES_MAX
        };
        assert!(lines <= lines_max, "`{path} -h` has {lines} lines:\n{help}");
        for help in [help, command.clone().render_long_help().to_string()] {
            let narrow = help.lines().all(|line| line.chars().count() <= 100);
            assert!(narrow, "{path}:\n{help}");
            assert!(
                help.contains("muster ") && help.contains("Example"),
                "{path}"
            );
        }
    });
    assert!(levels > 20, "{levels}");
}

#[test]
fn every_read_command_prints_json() {
    let reads = [
        "board",
        "why",
        "preview",
        "grant",
        "watch",
        "check",
        "health",
        "top",
        "doctor",
        "config print",
        "token issue",
        "import officers",
        "attendance show",
        "notes list",
        "messages list",
        "orders show",
        "shifts",
        "log verify",
        "log dump",
        "log stats",
        "log tail",
        "log replay",
    ];
    let mut command = Cli::command();
    command.build();
    let mut seen = Vec::new();
    walk(&command, "", &mut |path, command| {
        if command
            .get_arguments()
            .any(|argument| argument.get_id() == "json")
        {
            seen.push(path.trim().to_owned());
        }
    });
    for read in reads {
        assert!(seen.iter().any(|path| path == read), "{read}: {seen:?}");
    }
}

#[test]
fn an_agency_is_required_of_every_role_but_operator() {
    let issue = |role: &str, agency: &[&str]| {
        let mut words = vec!["muster", "token", "issue", "--subject", "x", "--role", role];
        words.extend(agency);
        Cli::try_parse_from(words)
            .map(|_| ())
            .map_err(|error| error.exit_code())
    };
    assert_eq!(issue("operator", &[]), Ok(()));
    for role in ["officer", "coordinator", "read-only"] {
        assert_eq!(issue(role, &[]), Err(2), "{role}");
        assert_eq!(issue(role, &["--agency", "mesa"]), Ok(()), "{role}");
    }
}

#[test]
fn slots_and_ranks_exclude_each_other() {
    let words = "muster post --lead a --site b --start 2026-11-23T07:00 --end 15:00 --slots 2 \
                 --rank officer";
    assert!(Cli::try_parse_from(words.split_whitespace()).is_err());
}

#[test]
fn what_is_asked_of_the_past_may_stand_before_or_after_the_moment() {
    let words = [
        "muster log replay d --until 7 holders --json",
        "muster log replay d holders --until 7 --json",
        "muster log replay d --json --until 7 holders",
    ];
    for words in words {
        let cli = Cli::try_parse_from(words.split_whitespace()).unwrap();
        let Command::Log(LogCommand {
            what: LogWhat::Replay(args),
        }) = cli.command
        else {
            panic!("{words}");
        };
        assert_eq!(
            (args.until, args.json),
            (Some(Until::Record(7)), true),
            "{words}"
        );
        assert!(matches!(
            args.question,
            Some(ReplayQuestion::Holders { vacancy: None })
        ));
    }
}
