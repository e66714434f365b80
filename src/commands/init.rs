//! `muster init`: everything a server needs, in one folder.

use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use miette::Diagnostic;
use protocol::token::SigningKey;

use crate::cli::InitArgs;
use crate::config::{Config, FILE_NAME, template};
use crate::identity::{CERTIFICATE_DAYS, make_certificate};
use crate::private_file;
use crate::stop::Stop;

#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{} is there already; nothing was written", path.display())]
#[diagnostic(help(
    "choose another folder: `muster init DIR`; or replace everything, keys included, with --force"
))]
struct AlreadyThere {
    path: PathBuf,
}

/// Writes the configuration, the certificate and the signing key, or nothing.
pub(super) fn run(args: &InitArgs, out: &mut dyn Write) -> Result<(), Stop> {
    // Joined to nothing, names of the present folder stay as short as people write them.
    let here = args.folder == Path::new(".");
    let folder = if here {
        Path::new("")
    } else {
        args.folder.as_path()
    };
    let file = folder.join(FILE_NAME);
    let defaults = Config::default();
    let config = Config {
        data_dir: folder.join(&defaults.data_dir),
        ..defaults
    };
    let (certificate, key) = (config.certificate_path(), config.certificate_key_path());
    let token_key = config.token_key_path();
    if !args.force {
        let written = [&file, &certificate, &key, &token_key];
        if let Some(path) = written
            .into_iter()
            .find(|path| path.symlink_metadata().is_ok())
        {
            return Err(Stop::failed(AlreadyThere { path: path.clone() }));
        }
    }

    private_file::make_folder(&config.data_dir)?;
    let made = make_certificate(Timestamp::now())?;
    made.write(&certificate, &key)?;
    private_file::write(&token_key, &SigningKey::generate().to_text())?;
    // The configuration comes last: where it is, everything is.
    private_file::write_public(&file, &template())?;

    let shown = |path: &PathBuf| path.display().to_string();
    writeln!(out, "wrote {}", shown(&file))?;
    writeln!(
        out,
        "wrote {} ({CERTIFICATE_DAYS} days; sha-256 {})",
        shown(&certificate),
        made.hash
    )?;
    writeln!(out, "wrote {} (private)", shown(&key))?;
    writeln!(
        out,
        "wrote {} (private: whoever reads it can be anybody)",
        shown(&token_key)
    )?;
    let serve = if here {
        String::new()
    } else {
        format!(" -c {}", shown(&file))
    };
    writeln!(
        out,
        "\nnext, and in another terminal while the server runs:"
    )?;
    writeln!(out, "  muster serve{serve}")?;
    writeln!(out, "  muster import agencies --example > agencies.csv")?;
    writeln!(
        out,
        "  muster import agencies agencies.csv     then sites, pacts, officers"
    )?;
    writeln!(out, "  muster watch")?;
    Ok(writeln!(
        out,
        "  muster token issue --role coordinator --subject desk --agency tucson"
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::CertificateHash;
    use crate::identity::Identity;
    use crate::reach::settings;
    use crate::scratch::Scratch;

    fn init(scratch: &Scratch, force: bool) -> Result<String, Stop> {
        let mut out = Vec::new();
        run(
            &InitArgs {
                folder: scratch.path().join("new"),
                force,
            },
            &mut out,
        )?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn what_is_written_can_be_served() {
        let scratch = Scratch::new();
        let printed = init(&scratch, false).unwrap();
        assert!(printed.contains("muster serve -c "), "{printed}");
        let file = scratch.path().join("new/muster.toml");
        let config = settings(Some(&file)).unwrap().config;
        assert_eq!(config.data_dir, scratch.path().join("new/muster-data"));
        let before = std::fs::read_to_string(config.certificate_path()).unwrap();
        let identity = Identity::load_or_make(&config, Timestamp::now()).unwrap();
        assert_eq!(identity.certificate_pem, before);
        let hash = CertificateHash::of(&identity.chain[0]).to_string();
        assert!(printed.contains(&hash), "{printed}");
    }

    #[test]
    fn nothing_is_replaced_unless_it_is_forced() {
        let scratch = Scratch::new();
        init(&scratch, false).unwrap();
        let key = scratch.path().join("new/muster-data/token.key");
        let before = std::fs::read_to_string(&key).unwrap();
        assert_eq!(init(&scratch, false).unwrap_err().code(), 1);
        assert_eq!(std::fs::read_to_string(&key).unwrap(), before);
        std::fs::remove_file(scratch.path().join("new/muster.toml")).unwrap();
        assert!(init(&scratch, false).is_err(), "the keys are still there");
        init(&scratch, true).unwrap();
        assert_ne!(std::fs::read_to_string(&key).unwrap(), before);
    }
}
