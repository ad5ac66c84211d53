//! A server that runs functions and nothing else, for tests that kill it; and the supervisor of
//! the functions of all tests.
//!
//! `functions-host FOLDER DATA` calls the function in `FOLDER`, which never answers.

use std::ffi::OsString;
use std::process::ExitCode;

use functions::Functions;
use functions::settings::{FolderFunction, Settings};
use functions::supervise::supervise_main;
use host::Host;
use targets::lambda::{Invocation, InvocationKind, Lambda};

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match arguments.as_slice() {
        [command, rest @ ..] if command == "__supervise" => supervise_main(rest.iter().cloned()),
        [folder, data] => serve(folder.clone(), data.clone()),
        _ => ExitCode::from(2),
    }
}

#[tokio::main]
async fn serve(folder: OsString, data: OsString) -> ExitCode {
    let functions = Functions::open(Settings::new(data, Host::real())).await.expect("it opens");
    let runtimes = [("py", "python3.12", "app.handler"), ("sh", "provided", "")];
    let all = runtimes.map(|(name, runtime, handler)| FolderFunction {
        name: name.to_owned(),
        dir: folder.clone().into(),
        runtime: runtime.to_owned(),
        handler: handler.to_owned(),
        timeout: 900,
        memory: 512,
        environment: [("FOLDER".to_owned(), folder.to_string_lossy().into_owned())].into(),
    });
    let errors = functions.set_folder(all.into());
    assert!(errors.is_empty(), "{errors:?}");
    let calls = ["py", "sh"].map(|name| {
        functions.invoke(Invocation {
            caller: identity::Caller {
                account: "000000000000".into(),
                region: "us-east-1".into(),
                access_key_id: "test".into(),
                request_id: "r".into(),
                trace_id: None,
            },
            function_name: name.to_owned(),
            qualifier: None,
            kind: InvocationKind::RequestResponse,
            payload: "{}".into(),
            client_context: None,
            tail_log: false,
            idempotency_key: None,
            wait_max: None,
        })
    });
    let [one, two] = calls;
    let _ = tokio::join!(one, two);
    ExitCode::SUCCESS
}
