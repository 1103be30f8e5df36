//! What is shipped: the Debian package and the image, built as far as that goes without
//! installing anything, unpacked and run.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Output;

use couplet_tests::until;
use tokio::process::{Child, Command};

use crate::ask;
use crate::process::free_address;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

async fn run(command: &mut Command) {
    let Output {
        status,
        stdout,
        stderr,
    } = command
        .output()
        .await
        .unwrap_or_else(|error| panic!("{command:?}: {error}. Install it: cargo xtask setup"));
    let said = [stdout, stderr].concat();
    assert!(status.success(), "{}", String::from_utf8_lossy(&said));
}

/// A command line whose files are below another root, as somebody else's process.
struct Running {
    _process: Child,
    public: SocketAddr,
    admin: SocketAddr,
}

impl Running {
    fn start(command_line: &[String], below: &Path) -> Self {
        let words = command_line.iter().map(|word| {
            word.strip_prefix('/')
                .map_or(PathBuf::from(word), |path| below.join(path))
        });
        let words: Vec<_> = words.collect();
        let (public, admin) = (free_address(), free_address());
        let process = Command::new(&words[0])
            .args(&words[1..])
            .env_clear()
            .env("WS_PROXY_LISTEN", public.to_string())
            .env("WS_PROXY_ADMIN_LISTEN", admin.to_string())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self {
            _process: process,
            public,
            admin,
        }
    }

    async fn serves_the_web_client(&self) {
        until("the proxy listens", || async {
            Ok(tokio::net::TcpStream::connect(self.admin).await.ok())
        })
        .await
        .unwrap();
        assert_eq!(ask(self.admin, "/healthz").await.0, 200);
        let (status, page) = ask(self.public, "/").await;
        assert_eq!(status, 200);
        assert!(page.contains(".wasm"), "{page}");
    }
}

#[tokio::test]
async fn the_debian_package_runs_as_its_unit_says() {
    let directory = tempfile::tempdir().unwrap();
    let (package, unpacked) = (
        directory.path().join("ws-proxy.deb"),
        directory.path().join("root"),
    );
    let mut build = Command::new("cargo");
    build.args(["deb", "--no-build", "--no-strip", "--package", "ws-proxy"]);
    run(build.arg("--output").arg(&package).current_dir(root())).await;
    let mut unpack = Command::new("dpkg-deb");
    run(unpack.arg("--extract").args([&package, &unpacked])).await;

    let shipped = unpacked.join("usr/lib/systemd/system/ws-proxy.service");
    let unit = read(&root().join("packaging/systemd/ws-proxy.service"));
    assert_eq!(read(&shipped), unit);
    let start = unit
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart="));
    let words: Vec<_> = start.unwrap().split(' ').map(str::to_owned).collect();
    let running = Running::start(&words, &unpacked);
    running.serves_the_web_client().await;
}

/// The arguments of the lines that begin with `instruction`.
fn instructions(dockerfile: &str, instruction: &str) -> Vec<String> {
    dockerfile
        .lines()
        .filter_map(|line| line.strip_prefix(instruction))
        .map(|line| line.trim().to_owned())
        .collect()
}

/// What is installed and built in the image is installed and built here already.
const DONE: [&str; 3] = ["apt-get ", "rustup ", "cargo xtask build"];

#[tokio::test]
async fn the_images_commands_make_what_the_image_runs() {
    let dockerfile = read(&root().join("packaging/Dockerfile"));
    let directory = tempfile::tempdir().unwrap();
    let (source, image) = (
        directory.path().join("source"),
        directory.path().join("image"),
    );
    std::fs::create_dir(&source).unwrap();
    std::os::unix::fs::symlink(
        root().join("target").canonicalize().unwrap(),
        source.join("target"),
    )
    .unwrap();
    for command in instructions(&dockerfile, "RUN") {
        if DONE.iter().any(|done| command.starts_with(done)) {
            continue;
        }
        let command = command.replace("/image", image.to_str().unwrap());
        let mut shell = Command::new("sh");
        run(shell.args(["-euc", &command]).current_dir(&source)).await;
    }
    let copied = instructions(&dockerfile, "COPY");
    assert!(copied.contains(&"--from=build /image /".to_owned()));
    // Who has no authorities trusts no server.
    let authorities = " /etc/ssl/certs/ca-certificates.crt";
    assert!(copied.iter().any(|line| line.ends_with(authorities)));

    // There is nothing else in the image that it could need.
    let ldd = Command::new("ldd").arg(image.join("ws-proxy")).output();
    let said = String::from_utf8(ldd.await.unwrap().stdout).unwrap();
    assert!(said.contains("statically linked"), "{said}");

    // A volume or a ConfigMap brings it.
    let config = image.join("etc/ws-proxy/config.toml");
    std::fs::create_dir_all(config.parent().unwrap()).unwrap();
    std::fs::copy(root().join("ws-proxy/example.toml"), config).unwrap();
    let words = ["ENTRYPOINT", "CMD"].map(|instruction| {
        let list = instructions(&dockerfile, instruction).concat();
        serde_json::from_str::<Vec<String>>(&list).unwrap()
    });
    let running = Running::start(&words.concat(), &image);
    running.serves_the_web_client().await;
}
