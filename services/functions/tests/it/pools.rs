//! Several processes at a time, kept warm, replaced when the function changes.

use std::time::{Duration, Instant};

use targets::lambda::InvokeError;

use crate::support::{World, eventually, invocation, is_running};

const COUNTER: &str = "import os\n\
                       count = 0\n\
                       def handler(event, context):\n\
                       \x20   global count\n\
                       \x20   count += 1\n\
                       \x20   return [os.getpid(), count]\n";

#[tokio::test]
async fn warm_processes_are_used_again() {
    let mut world = World::new().await;
    world.python("counts", COUNTER);
    let first = world.value("counts", "{}").await;
    for count in 2..30 {
        let next = world.value("counts", "{}").await;
        assert_eq!(next[0], first[0]);
        assert_eq!(next[1], count);
    }
}

#[tokio::test]
async fn idle_processes_end() {
    let mut world = World::with(|settings| settings.idle_max = Duration::from_millis(50)).await;
    world.python("counts", COUNTER);
    let pid = world.value("counts", "{}").await[0].to_string();
    eventually("the process is gone", || !is_running(&pid)).await;
    assert_eq!(world.value("counts", "{}").await[1], 1);
}

#[tokio::test]
async fn a_process_that_ended_while_idle_is_replaced_unseen() {
    let mut world = World::new().await;
    world.python(
        "dies",
        "import os, threading, time\n\
         def die():\n\
         \x20   time.sleep(0.05)\n\
         \x20   os._exit(1)\n\
         def handler(event, context):\n\
         \x20   threading.Thread(target=die).start()\n\
         \x20   return os.getpid()\n",
    );
    let pid = world.value("dies", "{}").await.to_string();
    eventually("the process is gone", || !is_running(&pid)).await;
    assert_ne!(world.value("dies", "{}").await.to_string(), pid);
}

#[tokio::test]
async fn calls_run_side_by_side_up_to_the_limit() {
    let mut world = World::with(|settings| {
        settings.processes_per_function_max = 3;
        settings.waiting_per_function_max = 3;
    })
    .await;
    world.python(
        "sleeps",
        "import os, time\ndef handler(e, c):\n    time.sleep(e)\n    return os.getpid()\n",
    );
    let begin = Instant::now();
    let calls = (0..6).map(|_| world.value("sleeps", "0.5"));
    let mut pids: Vec<String> =
        futures_util::future::join_all(calls).await.iter().map(ToString::to_string).collect();
    assert!(begin.elapsed() >= Duration::from_secs(1));
    pids.sort();
    pids.dedup();
    assert_eq!(pids.len(), 3);

    // Three run, three wait, the seventh is refused.
    let calls = (0..7).map(|_| world.invoke(invocation("sleeps", "0.3")));
    let results = futures_util::future::join_all(calls).await;
    let refused: Vec<&InvokeError> = results.iter().filter_map(|r| r.as_ref().err()).collect();
    assert_eq!(refused.len(), 1);
    let InvokeError::Service { code, status, message, .. } = refused[0] else { panic!("refused") };
    assert_eq!((code.as_str(), *status), ("TooManyRequestsException", 429));
    assert_eq!(message, "Rate Exceeded.");
}

#[tokio::test]
async fn processes_of_all_functions_have_a_limit() {
    let mut world = World::with(|settings| settings.processes_max = 1).await;
    world.python("one", COUNTER);
    world.python("two", COUNTER);
    let pid = world.value("one", "{}").await[0].to_string();
    // The warm process of the first makes room for the second.
    world.value("two", "{}").await;
    eventually("the process is gone", || !is_running(&pid)).await;
}

#[tokio::test]
async fn a_change_takes_effect_with_the_next_call() {
    let mut world = World::new().await;
    let source =
        |n: u32| format!("import time\ndef handler(e, c):\n    time.sleep(e)\n    return {n}\n");
    world.python("changes", &source(1));
    assert_eq!(world.value("changes", "0").await, 1);
    let running = world.value("changes", "2.5");
    let change = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        world.write("changes", "app.py", &source(2));
        assert!(world.functions.reload("changes"));
        let begin = Instant::now();
        assert_eq!(world.value("changes", "0").await, 2);
        assert!(begin.elapsed() < Duration::from_secs(2), "it does not wait for the old one");
    };
    let (old, ()) = tokio::join!(running, change);
    assert_eq!(old, 1);
    for _ in 0..3 {
        assert_eq!(world.value("changes", "0").await, 2);
    }
    assert!(!world.functions.reload("unknown"));
    // Another configuration is a change, too.
    world.adjust("changes", |function| function.memory = 256);
    assert_eq!(world.value("changes", "0").await, 2);
}

#[tokio::test]
async fn callers_wait_no_longer_than_they_want_and_the_work_goes_on() {
    let mut world = World::new().await;
    world.python(
        "works",
        "import os, time\n\
         def handler(event, context):\n\
         \x20   time.sleep(0.3)\n\
         \x20   open(os.environ['LAMBDA_TASK_ROOT'] + '/done', 'w').close()\n",
    );
    let mut call = invocation("works", "{}");
    call.wait_max = Some(Duration::from_millis(100));
    let error = world.invoke(call).await.unwrap_err();
    let reason = "no answer came within 0.1 seconds".to_owned();
    assert_eq!(error, InvokeError::Transport { reason });
    eventually("the work is done", || world.read("works", "done").is_some()).await;
}

#[tokio::test]
async fn wrong_folder_functions_are_named_and_the_others_run() {
    let mut world = World::new().await;
    world.python("good", "def handler(e, c):\n    return 1\n");
    let good = functions::settings::FolderFunction {
        name: "good".to_owned(),
        dir: world.home.path().join("src/good"),
        runtime: "python3.12".to_owned(),
        handler: "app.handler".to_owned(),
        timeout: 3,
        memory: 128,
        environment: std::collections::BTreeMap::new(),
    };
    let mut wrong = vec![good.clone()];
    let mut add = |name: &str, change: &dyn Fn(&mut functions::settings::FolderFunction)| {
        let mut function = good.clone();
        function.name = name.to_owned();
        change(&mut function);
        wrong.push(function);
    };
    add("good", &|_| {});
    add("a b", &|_| {});
    add("runtime", &|function| function.runtime = "java21".to_owned());
    add("timeout", &|function| function.timeout = 901);
    add("memory", &|function| function.memory = 64);
    add("handler", &|function| function.handler = String::new());
    add("nowhere", &|function| function.dir = "/nowhere".into());
    add("reserved", &|function| {
        function.environment.insert("_HANDLER".to_owned(), "x".to_owned());
    });
    add("large", &|function| {
        function.environment.insert("X".to_owned(), "x".repeat(4096));
    });
    let errors = world.functions.set_folder(wrong);
    let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    expect_test::expect![[r#"
        function `good`: the name is given to two functions
        function `a b`: a name is 1 to 64 letters, digits, `-` and `_`
        function `runtime`: runtime `java21` is none of `python3.x`, `nodejsN.x`, `provided.al2023`
        function `timeout`: timeout 901 is not between 1 and 900 seconds
        function `memory`: memory 64 is not between 128 and 10240 MiB
        function `handler`: a handler is missing
        function `nowhere`: `/nowhere` is not a folder
        function `reserved`: variable `_HANDLER` is set by the runtime and cannot be changed
        function `large`: variables are over 4096 bytes"#]]
    .assert_eq(&errors.join("\n"));
    assert_eq!(world.value("good", "{}").await, 1);
}
