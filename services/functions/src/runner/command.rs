//! The command line and the environment of a function's process. Nothing of the server's own
//! environment gets in but `PATH`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use crate::runner::launch::{Code, Launch};
use crate::runner::sandbox::Spawner;
use crate::runtimes::Language;
use crate::settings::Settings;

/// Variables that a function's configuration may not set.
pub(crate) const RESERVED: [&str; 18] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
];

/// Part of a function's memory that JavaScript objects may take; the rest is the interpreter's.
const NODE_HEAP_PERCENT: u32 = 90;

/// The command that runs our supervisor.
pub(crate) fn supervisor(settings: &Settings) -> Vec<OsString> {
    if !settings.supervisor.is_empty() {
        return settings.supervisor.clone();
    }
    // On Linux this is the running binary even when its file has been replaced since.
    let this = if cfg!(target_os = "linux") {
        OsString::from("/proc/self/exe")
    } else {
        std::env::current_exe().unwrap_or_default().into_os_string()
    };
    vec![this, OsString::from("__supervise")]
}

/// The program and its arguments; the error says why there is none.
pub(crate) async fn arguments(
    spawner: &Spawner,
    launch: &Launch,
    root: &Path,
) -> Result<Vec<OsString>, String> {
    if launch.language == Language::Provided {
        return provided(root).map(|program| vec![program]);
    }
    let interpreter = spawner.interpreters.find(launch.language, &launch.runtime).await?;
    let mut arguments = vec![interpreter.into_os_string()];
    match launch.language {
        Language::Python => {
            arguments.push("-u".into());
            // Compiled files are told from outdated ones by the second only, which is too coarse
            // for code that is being edited.
            if matches!(launch.code, Code::Folder(_)) {
                arguments.push("-B".into());
            }
            arguments.push(spawner.runtime_dir.join("bootstrap.py").into_os_string());
        }
        _ => {
            let heap_mib = launch.memory_mib * NODE_HEAP_PERCENT / 100;
            arguments.push(format!("--max-old-space-size={heap_mib}").into());
            arguments.push(spawner.runtime_dir.join("bootstrap.mjs").into_os_string());
        }
    }
    Ok(arguments)
}

fn provided(root: &Path) -> Result<OsString, String> {
    use std::os::unix::fs::PermissionsExt;
    let path = root.join("bootstrap");
    let entry = |reason: &str| format!("fork/exec /var/task/bootstrap: {reason}");
    let metadata = std::fs::metadata(&path).map_err(|_| entry("no such file or directory"))?;
    if !metadata.is_file() || metadata.permissions().mode() & 0o111 == 0 {
        return Err(entry("permission denied"));
    }
    Ok(path.into_os_string())
}

/// Every variable of the process.
pub(crate) fn environment(
    spawner: &Spawner,
    launch: &Launch,
    root: &Path,
    place: &Place,
) -> BTreeMap<OsString, OsString> {
    let mut all: BTreeMap<OsString, OsString> = BTreeMap::new();
    let mut set = |name: &str, value: OsString| {
        all.insert(OsString::from(name), value);
    };
    set("PATH", std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into()));
    set("LANG", "en_US.UTF-8".into());
    set("TZ", ":UTC".into());
    set("AWS_REGION", launch.region.clone().into());
    set("AWS_DEFAULT_REGION", launch.region.clone().into());
    let (access_key, secret_key, token) = match &spawner.credentials {
        Some(given) => (
            given.access_key_id.clone(),
            given.secret_access_key.clone(),
            given.session_token.clone(),
        ),
        None => (launch.account.clone(), "test".to_owned(), Some("test".to_owned())),
    };
    set("AWS_ACCESS_KEY_ID", access_key.into());
    set("AWS_SECRET_ACCESS_KEY", secret_key.into());
    if let Some(token) = token {
        set("AWS_SESSION_TOKEN", token.into());
    }
    if let Some(url) = &spawner.endpoint_url {
        set("AWS_ENDPOINT_URL", url.clone().into());
    }
    for (name, value) in &launch.environment {
        set(name, value.clone().into());
    }
    set("_HANDLER", launch.handler.clone().into());
    set("LAMBDA_TASK_ROOT", root.into());
    set("LAMBDA_RUNTIME_DIR", spawner.runtime_dir.clone().into());
    set("AWS_LAMBDA_RUNTIME_API", place.runtime_api.clone().into());
    set("AWS_EXECUTION_ENV", format!("AWS_Lambda_{}", launch.runtime).into());
    set("AWS_LAMBDA_FUNCTION_NAME", launch.name.clone().into());
    set("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".into());
    set("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", launch.memory_mib.to_string().into());
    set("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".into());
    set("AWS_LAMBDA_LOG_GROUP_NAME", launch.log_group.clone().into());
    set("AWS_LAMBDA_LOG_STREAM_NAME", place.log_stream.clone().into());
    all
}

/// What differs between two processes of the same function.
pub(crate) struct Place {
    /// `127.0.0.1:PORT`.
    pub(crate) runtime_api: String,
    pub(crate) log_stream: String,
}
