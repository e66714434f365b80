use std::fs;

use miette::Diagnostic;

use super::*;

fn resolve(
    file: Option<PathBuf>,
    environment: &[(&str, &str)],
    flags: &[(&str, &str, &str)],
) -> Result<Settings, ConfigError> {
    let look_up = |name: &str| {
        let found = environment.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let owned = |(flag, path, value): &(&str, &str, &str)| {
        ((*flag).to_owned(), (*path).to_owned(), (*value).to_owned())
    };
    let flags = flags.iter().map(owned).collect();
    Settings::resolve(&Sources {
        file,
        environment: &look_up,
        flags,
    })
}

fn key(path: &str) -> &'static Key {
    keys::find(path).unwrap()
}

fn read(text: &str) -> Result<Config, Vec<Located>> {
    let mut config = Config::default();
    match file::read("muster.toml", text, Path::new(""), &mut config) {
        Ok(_) => Ok(config),
        Err(ConfigError::File(problems)) => Err(problems.problems),
        Err(other) => panic!("{other:?}"),
    }
}

fn said(text: &str) -> (usize, String, Option<String>) {
    let problems = read(text).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    let Located {
        line, said, help, ..
    } = problems.into_iter().next().unwrap();
    (line, said, help)
}

/// Sets one key through its environment variable and shows what holds then.
fn through_environment(name: &str, path: &str, value: &str) -> String {
    let settings = resolve(None, &[(name, value)], &[]).unwrap();
    assert_eq!(
        settings.origin(key(path)),
        &Origin::Environment(name.to_owned())
    );
    (key(path).show)(&settings.config)
}

#[test]
fn without_sources_the_defaults_hold() {
    let settings = resolve(None, &[], &[]).unwrap();
    assert_eq!(settings.config, Config::default());
    assert!(
        KEYS.iter()
            .all(|key| settings.origin(key) == &Origin::Default)
    );
    assert_eq!(settings.config.listen.to_string(), "127.0.0.1:7710");
}

#[test]
fn environment_data_dir() {
    assert_eq!(
        through_environment("MUSTER_DATA_DIR", "data_dir", "here"),
        "\"here\""
    );
}

#[test]
fn environment_listen() {
    let shown = through_environment("MUSTER_LISTEN", "listen", "[::1]:9000");
    assert_eq!(shown, "\"[::1]:9000\"");
}

#[test]
fn environment_log_format() {
    assert_eq!(
        through_environment("MUSTER_LOG_FORMAT", "log_format", "json"),
        "\"json\""
    );
}

#[test]
fn environment_tls_certificate() {
    let shown = through_environment("MUSTER_TLS_CERTIFICATE", "tls.certificate", "c.pem");
    assert_eq!(shown, "\"c.pem\"");
}

#[test]
fn environment_tls_key() {
    assert_eq!(
        through_environment("MUSTER_TLS_KEY", "tls.key", "c.key"),
        "\"c.key\""
    );
}

#[test]
fn environment_web_origins() {
    let origins = "https://desk.example, http://127.0.0.1:8080";
    let shown = through_environment("MUSTER_WEB_ORIGINS", "web.origins", origins);
    assert_eq!(shown, format!("{origins:?}"));
}

#[test]
fn an_origin_with_a_star_is_refused() {
    let (line, said, _) = said("[web]\norigins = \"https://*.example\"\n");
    assert_eq!(line, 2);
    assert!(said.contains("is no origin"), "{said}");
}

#[test]
fn environment_tokens_key() {
    assert_eq!(
        through_environment("MUSTER_TOKENS_KEY", "tokens.key", "t.key"),
        "\"t.key\""
    );
}

#[test]
fn environment_log_segment_mib() {
    assert_eq!(
        through_environment("MUSTER_LOG_SEGMENT_MIB", "log.segment_mib", "8"),
        "8"
    );
}

#[test]
fn environment_log_snapshot_every_records() {
    let name = "MUSTER_LOG_SNAPSHOT_EVERY_RECORDS";
    assert_eq!(
        through_environment(name, "log.snapshot_every_records", "5000"),
        "5000"
    );
}

#[test]
fn environment_log_priority() {
    let name = "MUSTER_LOG_PRIORITY";
    assert_eq!(
        through_environment(name, "log.priority", "realtime"),
        "\"realtime\""
    );
}

#[test]
fn environment_limits_sessions_max() {
    let name = "MUSTER_LIMITS_SESSIONS_MAX";
    assert_eq!(through_environment(name, "limits.sessions_max", "10"), "10");
}

#[test]
fn environment_limits_connections_per_minute() {
    let name = "MUSTER_LIMITS_CONNECTIONS_PER_MINUTE";
    let shown = through_environment(name, "limits.connections_per_minute", "600");
    assert_eq!(shown, "600");
}

#[test]
fn environment_limits_shards() {
    let name = "MUSTER_LIMITS_SHARDS";
    assert_eq!(through_environment(name, "limits.shards", "2"), "2");
}

#[test]
fn flag_wins_over_environment_over_file_over_default() {
    let folder = std::env::temp_dir().join(format!("muster-precedence-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("muster.toml");
    fs::write(
        &file,
        "# one\nlisten = \"127.0.0.1:1\"\n[log]\nsegment_mib = 1\n",
    )
    .unwrap();
    let environment = [("MUSTER_LISTEN", "127.0.0.1:2")];
    let flags = [("--listen", "listen", "127.0.0.1:3")];

    let from_file = resolve(Some(file.clone()), &[], &[]).unwrap();
    assert_eq!(from_file.config.listen.port(), 1);
    let origin = Origin::File {
        path: file.clone(),
        line: 2,
    };
    assert_eq!(from_file.origin(key("listen")), &origin);
    assert_eq!(from_file.origin(key("log_format")), &Origin::Default);

    let from_environment = resolve(Some(file.clone()), &environment, &[]).unwrap();
    assert_eq!(from_environment.config.listen.port(), 2);

    let from_flag = resolve(Some(file), &environment, &flags).unwrap();
    assert_eq!(from_flag.config.listen.port(), 3);
    assert_eq!(
        from_flag.origin(key("listen")),
        &Origin::Flag("--listen".to_owned())
    );
    assert_eq!(from_flag.config.log.segment_mib, 1);
    assert_eq!(from_flag.config.data_dir, folder.join("muster-data"));
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn paths_of_a_file_begin_at_its_folder_and_key_files_follow_the_data_folder() {
    let mut config = Config::default();
    file::read(
        "m",
        "data_dir = \"state\"",
        Path::new("/etc/muster"),
        &mut config,
    )
    .unwrap();
    assert_eq!(config.data_dir, Path::new("/etc/muster/state"));
    assert_eq!(
        config.token_key_path(),
        Path::new("/etc/muster/state/token.key")
    );
}

#[test]
fn an_unknown_key_points_at_its_line_and_suggests_the_right_one() {
    let (line, said, help) = said("listen = \"127.0.0.1:7710\"\ndatadir = \"x\"\n");
    assert_eq!((line, said.as_str()), (2, "unknown key `datadir`"));
    assert_eq!(help.as_deref(), Some("did you mean `data_dir`?"));
}

#[test]
fn a_key_in_the_wrong_table_is_led_to_the_right_one() {
    let (_, _, help) = said("segment_mib = 8\n");
    assert_eq!(help.as_deref(), Some("did you mean `log.segment_mib`?"));
    let (line, said, help) = said("[logs]\nsegment_mib = 8\n");
    assert_eq!((line, said.as_str()), (1, "unknown table `[logs]`"));
    assert_eq!(help.as_deref(), Some("did you mean `[log]`?"));
}

#[test]
fn a_wrong_type_points_at_the_value() {
    let text = "[log]\nsegment_mib = \"64\"\n";
    let problems = read(text).unwrap_err();
    assert_eq!(problems[0].line, 2);
    assert_eq!(&text[problems[0].span.clone()], "\"64\"");
    assert_eq!(problems[0].said, "string where a whole number belongs");
    let (_, said, _) = said("listen = 7710\n");
    assert_eq!(said, "integer where text in quotes belongs");
}

#[test]
fn a_value_out_of_range_says_the_range() {
    for value in [
        "0",
        "1_025",
        "99999999999999999999999999999999999999999",
        "-1",
    ] {
        let (_, said, _) = said(&format!("log.segment_mib = {value}"));
        assert_eq!(said, "expected a whole number from 1 to 1024", "{value}");
    }
    assert_eq!(read("log.segment_mib = 0x10").unwrap().log.segment_mib, 16);
}

#[test]
fn all_problems_are_reported_together() {
    let problems = read("listn = \"x\"\nlog_format = \"xml\"\n[limits]\nsesions_max = 3\n");
    let lines: Vec<usize> = problems
        .unwrap_err()
        .iter()
        .map(|problem| problem.line)
        .collect();
    assert_eq!(lines, [1, 2, 4]);
}

#[test]
fn text_that_is_not_toml_points_at_the_place() {
    let (line, _, _) = said("listen = \"127.0.0.1:7710\"\nlog_format = \n");
    assert_eq!(line, 2);
}

#[test]
fn a_malformed_variable_or_flag_names_itself() {
    let error = resolve(None, &[("MUSTER_LISTEN", "7710")], &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "MUSTER_LISTEN is `7710`, expected an address with a port, such as 127.0.0.1:7710"
    );
    let error = resolve(None, &[], &[("--set", "limits.session_max", "3")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "--set: there is no key `limits.session_max`"
    );
    assert_eq!(
        error.help().unwrap().to_string(),
        "did you mean `limits.sessions_max`?"
    );
}

#[test]
fn a_missing_file_is_an_error_that_says_how_to_make_one() {
    let error = resolve(Some(PathBuf::from("no/such/muster.toml")), &[], &[]).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("cannot read no/such/muster.toml: "),
        "{error}"
    );
    assert!(error.help().unwrap().to_string().contains("muster init"));
}

#[test]
fn the_template_holds_every_key_with_its_default() {
    let template = template();
    assert_eq!(read(&template), Ok(Config::default()));
    let active: String = template
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.is_empty() && !rest.starts_with(' ') => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let mut config = Config::default();
    let lines = file::read("t", &active, Path::new(""), &mut config).unwrap();
    assert_eq!(lines.len(), KEYS.len());
    for key in KEYS {
        assert_eq!(
            (key.show)(&config),
            (key.show)(&Config::default()),
            "{}",
            key.path
        );
    }
    assert!(template.lines().all(|line| line.len() <= 100));
}
