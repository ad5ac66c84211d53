//! `rung key new`: makes an access key for `rung serve`.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::config::ACCOUNT_DEFAULT;
use crate::keys;
use crate::ui::screen;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, clap::Subcommand)]
enum Act {
    /// Make a key, add it to the file and print it.
    New {
        /// The file that `rung serve` reads.
        #[arg(long, env = "RUNG_KEYS", default_value = keys::FILE_NAME)]
        file: PathBuf,
        /// The account that the key belongs to, twelve digits.
        #[arg(long, default_value = ACCOUNT_DEFAULT, value_parser = account)]
        account: String,
    },
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Act::New { file, account } = &arguments.act;
    let (id, secret) = keys::add(file, account)?;
    screen::result(&format!(
        "# account {account}, kept in {}; a running server reads it at its next start\n\
         export AWS_ACCESS_KEY_ID={id}\nexport AWS_SECRET_ACCESS_KEY={secret}",
        file.display()
    ));
    Ok(ExitCode::SUCCESS)
}

fn account(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("an account is twelve digits".to_owned())
    }
}
