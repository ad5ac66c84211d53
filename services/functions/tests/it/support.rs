//! A server of functions for one test, and how to call it.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use functions::Functions;
use functions::settings::{FolderFunction, Settings};
use host::Host;
use http::{Method, Request};
use identity::Caller;
use serde_json::Value;
use targets::lambda::{Invocation, InvocationKind, InvokeError, Invoked, Lambda};
use tempfile::TempDir;
use wire::body::Body;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

pub(crate) const ACCOUNT: &str = "000000000000";
pub(crate) const ROLE: &str = "arn:aws:iam::000000000000:role/r";

pub(crate) struct World {
    pub(crate) functions: Arc<Functions>,
    pub(crate) home: TempDir,
    folder: Vec<FolderFunction>,
}

pub(crate) fn settings(home: &Path) -> Settings {
    let mut settings = Settings::new(home.join("data"), Host::real());
    settings.supervisor = vec![env!("CARGO_BIN_EXE_functions-host").into(), "__supervise".into()];
    settings
}

impl World {
    pub(crate) async fn new() -> World {
        World::with(|_| {}).await
    }

    pub(crate) async fn with(adjust: impl FnOnce(&mut Settings)) -> World {
        let home = tempfile::tempdir().unwrap();
        let mut settings = settings(home.path());
        adjust(&mut settings);
        let functions = Functions::open(settings).await.unwrap();
        World { functions, home, folder: Vec::new() }
    }

    pub(crate) fn of(functions: Arc<Functions>) -> World {
        World { functions, home: tempfile::tempdir().unwrap(), folder: Vec::new() }
    }

    /// A function of one file.
    pub(crate) fn add(&mut self, name: &str, runtime: &str, file: &str, source: &str) {
        let dir = self.write(name, file, source);
        self.folder.retain(|known| known.name != name);
        self.folder.push(FolderFunction {
            name: name.to_owned(),
            dir,
            runtime: runtime.to_owned(),
            handler: "app.handler".to_owned(),
            timeout: 10,
            memory: 512,
            environment: BTreeMap::new(),
        });
        self.set();
    }

    pub(crate) fn python(&mut self, name: &str, source: &str) {
        self.add(name, "python3.12", "app.py", source);
    }

    pub(crate) fn adjust(&mut self, name: &str, adjust: impl FnOnce(&mut FolderFunction)) {
        adjust(self.folder.iter_mut().find(|known| known.name == name).unwrap());
        self.set();
    }

    fn set(&self) {
        let errors = self.functions.set_folder(self.folder.clone());
        assert!(errors.is_empty(), "{errors:?}");
    }

    pub(crate) fn write(&self, name: &str, file: &str, source: &str) -> PathBuf {
        let dir = self.home.path().join("src").join(name);
        std::fs::create_dir_all(&dir).unwrap();
        let path = dir.join(file);
        std::fs::write(&path, source).unwrap();
        if file == "bootstrap" {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        dir
    }

    pub(crate) async fn call(&self, name: &str, payload: &str) -> Invoked {
        self.invoke(invocation(name, payload)).await.unwrap()
    }

    pub(crate) async fn invoke(&self, invocation: Invocation) -> Result<Invoked, InvokeError> {
        self.functions.invoke(invocation).await
    }

    /// The answer's payload; the call must have succeeded.
    pub(crate) async fn value(&self, name: &str, payload: &str) -> Value {
        let invoked = self.call(name, payload).await;
        assert_eq!(invoked.function_error, None, "{}", text(&invoked.payload));
        serde_json::from_slice(&invoked.payload).unwrap()
    }

    /// A failure's payload, with the request id replaced.
    pub(crate) async fn failure(&self, name: &str, payload: &str) -> String {
        let invoked = self.call(name, payload).await;
        assert_eq!(invoked.status, 200);
        assert_eq!(invoked.function_error.as_deref(), Some("Unhandled"));
        text(&invoked.payload).replace(&invoked.request_id, "R")
    }

    /// What the function wrote into a file of its folder.
    pub(crate) fn read(&self, name: &str, file: &str) -> Option<String> {
        std::fs::read_to_string(self.home.path().join("src").join(name).join(file)).ok()
    }

    /// The same through the door.
    pub(crate) async fn http(&self, method: Method, path: &str, body: &Value) -> Reply {
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        self.request(Request::builder().method(method).uri(path).body(body).unwrap()).await
    }

    pub(crate) async fn request(&self, request: Request<Bytes>) -> Reply {
        let reply = self.functions.door().handle(Some(caller()), request).await;
        let (parts, body) = reply.into_parts();
        let Body::Whole(body) = body else { panic!("a whole body") };
        Reply { status: parts.status.as_u16(), headers: parts.headers, body }
    }
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status, code and message of an error.
    pub(crate) fn error(&self) -> String {
        let document = self.json();
        let message = document.get("Message").or_else(|| document.get("message"));
        let message = message.and_then(Value::as_str).unwrap_or_default();
        format!("{} {}: {message}", self.status, self.header("x-amzn-errortype"))
    }
}

pub(crate) fn caller() -> Caller {
    Caller {
        account: ACCOUNT.into(),
        region: "us-east-1".into(),
        access_key_id: "test".into(),
        request_id: "caller".into(),
        trace_id: None,
    }
}

pub(crate) fn invocation(name: &str, payload: &str) -> Invocation {
    Invocation {
        caller: caller(),
        function_name: name.to_owned(),
        qualifier: None,
        kind: InvocationKind::RequestResponse,
        payload: Bytes::copy_from_slice(payload.as_bytes()),
        client_context: None,
        tail_log: true,
        idempotency_key: None,
        wait_max: None,
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

pub(crate) fn archive(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer.start_file(*name, SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Waits for something that is about to be so.
pub(crate) async fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(15), "not so in 15 seconds: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) fn is_running(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    stat.is_ok_and(|stat| !stat.rsplit(") ").next().unwrap().starts_with('Z'))
}
