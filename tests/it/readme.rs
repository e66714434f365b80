//! The front page's walk through a server of one's own, as it is printed there.

use std::path::PathBuf;
use std::process::Command;

#[test]
fn the_walk_on_the_front_page_can_be_walked() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).expect("a front page");
    let (_, section) = readme
        .split_once("## A server of your own")
        .expect("the section");
    let (_, block) = section.split_once("```sh\n").expect("a block of commands");
    let (script, _) = block.split_once("```").expect("the end of the block");
    assert!(script.contains("muster serve"), "the block is the walk");

    let folder =
        std::env::temp_dir().join(format!("muster-walk-{}", uuid::Uuid::now_v7().simple()));
    std::fs::create_dir(&folder).expect("a new folder");
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let port = socket.local_addr().expect("a bound socket").port();
    drop(socket);
    let programs = PathBuf::from(env!("CARGO_BIN_EXE_muster"));
    let programs = programs
        .parent()
        .expect("a program stands in a folder")
        .display()
        .to_string();
    let path = std::env::var("PATH").unwrap_or_default();
    // Files, not pipes: a server left behind by a failed walk would hold a pipe open for ever.
    let (said, complained) = (folder.join("stdout"), folder.join("stderr"));
    let file = |path: &PathBuf| std::fs::File::create(path).expect("a new file");
    let status = Command::new("timeout")
        .args(["--kill-after=5", "60", "bash", "-euo", "pipefail", "-c"])
        .arg(format!(
            "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{script}"
        ))
        .current_dir(&folder)
        .env("PATH", format!("{programs}:{path}"))
        .env("MUSTER_LISTEN", format!("127.0.0.1:{port}"))
        .env("MUSTER_CONFIG", "muster.toml")
        .env("XDG_RUNTIME_DIR", &folder)
        .stdin(std::process::Stdio::null())
        .stdout(file(&said))
        .stderr(file(&complained))
        .status()
        .expect("a shell");
    let read = |path: &PathBuf| std::fs::read_to_string(path).expect("text");
    let (said, complained) = (read(&said), read(&complained));
    assert!(status.success(), "{said}\n{complained}");
    for expected in [
        "imported 2 officers",
        "tucson-001",
        "eligible",
        "\"standing\"",
        "ok: ",
    ] {
        assert!(
            said.contains(expected),
            "`{expected}` is missing in:\n{said}\n{complained}"
        );
    }
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}
