//! How data flows in JSONPath states: paths, templates, variables, the context object.

use expect_test::expect;
use workflow::execution::Status;

use crate::harness::{World, run, succeeded};

/// The output of a machine whose first state is `A`, or its error and cause.
fn outcome(states: &str, input: &str) -> String {
    let world = run(&format!(r#"{{"StartAt": "A", "States": {{{states}}}}}"#), input);
    told(&world)
}

fn told(world: &World) -> String {
    let head = &world.execution.head;
    match &head.output {
        Some(output) => output.text().to_string(),
        None => format!(
            "{}: {}",
            head.error.as_deref().unwrap_or("-"),
            head.cause.as_deref().unwrap_or("-")
        ),
    }
}

fn pass(fields: &str, input: &str) -> String {
    outcome(&format!(r#""A": {{"Type": "Pass", {fields} "End": true}}"#), input)
}

const PREFIX: &str = "States.Runtime: An error occurred while executing the state 'A' (entered at \
                      the event id #2). ";

// SFN-ASL-6, SFN-IO-1…5, SFN-PASS-1, SFN-PATH-7, SFN-PATH-8, SFN-TMPL-2, SFN-EXEC-37
#[test]
fn passes() {
    let rows = [
        ("", r#"{"a":  [1, 2]}"#, r#"{"a":  [1, 2]}"#),
        (r#""InputPath": "$","#, "[1, 2]", "[1, 2]"),
        (r#""InputPath": "$.a","#, r#"{"a": [1, 2]}"#, "[1,2]"),
        (r#""InputPath": null,"#, "[1, 2]", "{}"),
        (r#""OutputPath": null,"#, "[1, 2]", "{}"),
        (r#""ResultPath": null, "Result": 1,"#, "[1, 2]", "[1, 2]"),
        (r#""ResultPath": "$.r.s", "Result": 1,"#, r#"{"a": 1}"#, r#"{"a":1,"r":{"s":1}}"#),
        (r#""ResultPath": "$.a", "Result": 1,"#, r#"{"a": {"b": 2}}"#, r#"{"a":1}"#),
        (r#""Result": {"z": [1, 2], "a": null},"#, "{}", r#"{"z":[1,2],"a":null}"#),
        (r#""Result": {"x.$": "$.no"}, "InputPath": "$.no","#, "{}", r#"{"x.$":"$.no"}"#),
        (r#""InputPath": "$.a", "ResultPath": "$.b","#, r#"{"a": 1}"#, r#"{"a":1,"b":1}"#),
        (r#""OutputPath": "$.a[*].b","#, r#"{"a": [{"b": 1}, {}]}"#, "[1]"),
        (r#""OutputPath": "$$.State.Name","#, "{}", r#""A""#),
    ];
    for (fields, input, expected) in rows {
        assert_eq!(pass(fields, input), expected, "{fields}");
    }
}

// SFN-TMPL-1, SFN-TMPL-6, SFN-PATH-5, SFN-PATH-6; computed members follow the literal ones in the
// order of a Java hash table, as recorded.
#[test]
fn templates() {
    let rows = [
        (
            r#"{"Question.$": "$.q", "Answer.$": "$.a", "c": 1}"#,
            r#"{"c":1,"Answer":2,"Question":1}"#,
        ),
        (
            r#"{"n": {"x.$": "$.q"}, "l": [{"y.$": "$.a"}, "$.q"]}"#,
            r#"{"n":{"x":1},"l":[{"y":2},"$.q"]}"#,
        ),
        (r#"{"x.$": "$.l[7]"}"#, r#"{"x":null}"#),
        (r#"{"x.$": "$.l[?(@ > 5)]"}"#, r#"{"x":[]}"#),
        (r#"{"x.$": "States.Format('{}-{}', $.q, $$.Execution.Name)"}"#, r#"{"x":"1-e"}"#),
    ];
    for (template, expected) in rows {
        let fields = format!(r#""Parameters": {template},"#);
        assert_eq!(pass(&fields, r#"{"q": 1, "a": 2, "l": [1]}"#), expected, "{template}");
    }
}

// language.md §13, SFN-VAR-11, SFN-TMPL-5, SFN-INTR-3, SFN-INTR-4
#[test]
fn messages() {
    let rows = [
        (r#""InputPath": "$.no","#, "Invalid path '$.no' : No results for path: $['no']"),
        (r#""OutputPath": "$.no.x","#, "Invalid path '$.no.x' : Missing property in path $['no']"),
        (
            r#""Parameters": {"k.$": "$.no"},"#,
            "The JSONPath '$.no' specified for the field 'k.$' could not be found in \
             the input '{\"a\":1}'",
        ),
        (
            r#""Parameters": {"k.$": "$none"},"#,
            "The JSONPath '$none' specified for the field 'k.$' could not be found in \
             the input '{\"a\":1}'",
        ),
        (r#""InputPath": "$none","#, "Invalid path '$none' : No results for path: $none"),
        (r#""OutputPath": "$none.a","#, "Invalid path '$none.a' : No results for path: $none.a"),
        (
            r#""Parameters": {"k.$": "$$.Execution.No"},"#,
            "The JSONPath '$$.Execution.No' specified for the field 'k.$' could not be found in \
             the input '{\"Execution\":…",
        ),
        (
            r#""Assign": {"v.$": "$.no"},"#,
            "The JSONPath '$.no' specified for the field 'v.$' could not be found in \
             the input '{\"a\":1}'",
        ),
        (
            r#""Parameters": {"k.$": "States.MathAdd('a', 1)"},"#,
            "There was an error while evaluating the intrinsic function: \
             States.MathAdd('a', 1). Invalid arguments in States.MathAdd",
        ),
        (
            r#""Parameters": {"k.$": "States.Array($.no)"},"#,
            "The function 'States.Array($.no)' had the following error: The JsonPath \
             argument for the field '$.no' could not be found in the input '{\"a\":1}'",
        ),
    ];
    for (fields, told) in rows {
        let found = pass(fields, r#"{"a": 1}"#);
        match told.strip_suffix('…') {
            Some(begin) => assert!(found.starts_with(&format!("{PREFIX}{begin}")), "{found}"),
            None => assert_eq!(found, format!("{PREFIX}{told}")),
        }
    }
    let told = pass(r#""Result": 1, "ResultPath": "$.a.b","#, r#"{"a": 1}"#);
    assert!(told.starts_with("States.ResultPathMatchFailure: An error occurred"), "{told}");
}

#[test]
fn passing_through_copies_nothing() {
    let text = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"},
        "B": {"Type": "Wait", "Seconds": 1, "Next": "C"},
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": true, "Next": "D"}]},
        "D": {"Type": "Succeed"}}}"#;
    let world = run(text, r#"{"x": 1}"#);
    let input = &world.execution.head.about.input;
    assert!(world.execution.head.output.as_ref().unwrap().same(input));
}

// NOTES: arrays around texts keep the texts.
#[test]
fn parallel_keeps_the_text_of_its_branches() {
    let branch = r#"{"StartAt": "X", "States": {"X": {"Type": "Pass", "End": true}}}"#;
    let told = outcome(
        &format!(r#""A": {{"Type": "Parallel", "Branches": [{branch}], "End": true}}"#),
        "[1, 2]",
    );
    assert_eq!(told, "[[1, 2]]");
}

// SFN-MAP-2…4, SFN-MAP-6, SFN-CTX-4
#[test]
fn maps() {
    let map = |fields: &str, input: &str| {
        outcome(
            &format!(
                r#""A": {{"Type": "Map", {fields} "End": true, "ItemProcessor":
                   {{"StartAt": "X", "States": {{"X": {{"Type": "Pass", "End": true}}}}}}}}"#
            ),
            input,
        )
    };
    let item = r#""ItemSelector": {"all.$": "$.s", "item.$": "$$.Map.Item"},"#;
    let rows = [
        (
            format!(r#""ItemsPath": "$.i", {item}"#),
            r#"{"i": [7], "s": 1}"#,
            r#"[{"all":1,"item":{"Index":0,"Value":7,"Source":"STATE_DATA"}}]"#.into(),
        ),
        (
            format!(r#""ItemsPath": "$.i", {item}"#),
            r#"{"i": {"k": 7}, "s": 1}"#,
            r#"[{"all":1,"item":{"Index":0,"Value":7,"Key":"k","Source":"STATE_DATA"}}]"#.into(),
        ),
        (r#""ItemsPath": "$.i","#.into(), r#"{"i": []}"#, "[]".into()),
        (r#""ItemsPath": "$.i","#.into(), r#"{"i": {}}"#, "[]".into()),
        (
            r#""ItemsPath": "$$.Execution.Input.i","#.into(),
            r#"{"i": [1]}"#,
            "[1]".into(),
        ),
        (
            r#""ItemsPath": "$.no","#.into(),
            r#"{"i": 1}"#,
            format!("{PREFIX}Invalid path '$.no' : No results for path: $['no']"),
        ),
        (
            String::new(),
            "null",
            format!(r#"{PREFIX}Reference path "$" must point to array."#),
        ),
        (r#""ItemsPath": "$.i","#.into(), r#"{"i": [[1, 2], "x"]}"#, r#"[[1,2],"x"]"#.into()),
        (
            r#""ItemsPath": "$.i","#.into(),
            r#"{"i": 1}"#,
            format!(r#"{PREFIX}Reference path "$.i" must point to array."#),
        ),
        (
            r#""ItemsPath": "$.i", "ResultSelector": {"n.$": "States.ArrayLength($)"}, "ResultPath": "$.r","#.into(),
            r#"{"i": [1, 2]}"#,
            r#"{"i":[1,2],"r":{"n":2}}"#.into(),
        ),
    ];
    for (fields, input, expected) in rows {
        assert_eq!(map(&fields, input), expected, "{fields}");
    }
}

// SFN-CTX-1, SFN-CTX-2, SFN-CTX-6
#[test]
fn context_object() {
    expect![[r#"{"Execution":{"Id":"arn:aws:states:us-east-1:111111111111:execution:M:e","Input":{"in":1},"Name":"e","RoleArn":"arn:aws:iam::111111111111:role/r","StartTime":"2024-01-01T00:00:00.000Z","RedriveCount":0},"StateMachine":{"Id":"arn:aws:states:us-east-1:111111111111:stateMachine:M","Name":"M"},"State":{"Name":"A","EnteredTime":"2024-01-01T00:00:00.000Z"}}"#]].assert_eq(&pass(r#""OutputPath": "$$","#, r#"{"in": 1}"#));
}

// SFN-CTX-3
#[test]
fn retries_are_counted_in_the_context() {
    let text = r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "End": true,
        "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f",
        "Parameters": {"n.$": "$$.State.RetryCount"},
        "Retry": [{"ErrorEquals": ["X"]}, {"ErrorEquals": ["Y"]}]}}}"#;
    let mut world = World::started(text, "{}");
    for (attempt, error) in [(1, "X"), (2, "Y"), (3, "X")] {
        world.feed(crate::harness::failed(0, attempt, error));
        world.fire_next();
    }
    let chain = world.chain();
    let scheduled = chain.lines().filter(|line| line.contains("Scheduled"));
    let inputs: Vec<bool> = (0..)
        .zip(scheduled)
        .map(|(count, line)| line.contains(&format!(r#""input":"{{\"n\":{count}}}""#)))
        .collect();
    assert_eq!(inputs, [true; 4], "{chain}");
}

// SFN-VAR-1…8
#[test]
fn variables() {
    // Values at entry: swapping works; they take effect at the next state.
    let swap = outcome(
        r#""A": {"Type": "Pass", "Assign": {"x": 1, "y": {"k.$": "$.a"}}, "Next": "B"},
           "B": {"Type": "Pass", "Assign": {"x.$": "$y.k", "y.$": "$x"}, "Next": "C"},
           "C": {"Type": "Pass", "Parameters": {"x.$": "$x", "y.$": "$y"}, "End": true}"#,
        r#"{"a": 2}"#,
    );
    assert_eq!(swap, r#"{"x":2,"y":1}"#);
    // Inner scopes read outer variables; theirs are gone at their end.
    let scopes = outcome(
        r#""A": {"Type": "Pass", "Assign": {"outer": 1}, "Next": "B"},
           "B": {"Type": "Parallel", "Next": "C", "Branches": [
             {"StartAt": "X", "States": {
                "X": {"Type": "Pass", "Assign": {"inner.$": "$outer"}, "Next": "Y"},
                "Y": {"Type": "Pass", "Parameters": {"i.$": "$inner"}, "End": true}}}]},
           "C": {"Type": "Pass", "Parameters": {"i.$": "$inner"}, "End": true}"#,
        "{}",
    );
    assert!(scopes.contains("The JSONPath '$inner' specified for the field 'i.$'"), "{scopes}");
    // What `$` is: the raw result of a Task.
    let text = r#"{"StartAt": "A", "States": {
        "A": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f",
            "ResultSelector": {"s.$": "$.r"}, "Assign": {"v.$": "$.r"}, "Next": "B"},
        "B": {"Type": "Pass", "Parameters": {"v.$": "$v", "s.$": "$.s"}, "End": true}}}"#;
    let mut world = World::started(text, "{}");
    world.feed(succeeded(0, 1, r#"{"r": 5}"#));
    assert_eq!(told(&world), r#"{"s":5,"v":5}"#);
}

// SFN-VAR-2, SFN-VAR-3: names in any script, with marks.
#[test]
fn variables_are_read_by_any_name() {
    for name in ["x", "_x1", "é", "हिन्दी", "名前"] {
        let assign = format!(r#""Type": "Pass", "Assign": {{"{name}": [1, {{"k": 2}}]}}"#);
        let paths =
            format!(r#"{{"a.$": "${name}[1].k", "b.$": "States.Format('{{}}', ${name}[0])"}}"#);
        let told = outcome(
            &format!(
                r#""A": {{{assign}, "Next": "B"}},
                   "B": {{"Type": "Pass", "Parameters": {paths}, "End": true}}"#
            ),
            "{}",
        );
        assert_eq!(told, r#"{"a":2,"b":"1"}"#, "{name}");
        let told = outcome(
            &format!(
                r#""A": {{{assign}, "Next": "B"}},
                   "B": {{"Type": "Succeed", "QueryLanguage": "JSONata",
                       "Output": "{{% ${name}[0] %}}"}}"#
            ),
            "{}",
        );
        assert_eq!(told, "1", "{name}");
    }
}

// SFN-VAR-9: one Assign together, then all that is stored.
#[test]
fn variables_have_limits() {
    let input = format!("\"{}\"", "x".repeat(200_000));
    let found = pass(r#""Assign": {"a.$": "$", "b.$": "$"},"#, &input);
    let begin = format!("{PREFIX}The variables assigned by the state 'A'");
    assert!(found.starts_with(&begin), "{found}");
    let assign = |count: usize| {
        let states: Vec<String> = (0..count)
            .map(|number| {
                let next = match number + 1 == count {
                    true => r#""End": true"#.to_owned(),
                    false => format!(r#""Next": "S{}""#, number + 1),
                };
                format!(
                    r#""S{number}": {{"Type": "Pass", "Assign": {{"v{number}.$": "$"}}, {next}}}"#
                )
            })
            .collect();
        let text = format!(r#"{{"StartAt": "S0", "States": {{{}}}}}"#, states.join(","));
        told(&run(&text, &input))
    };
    // Ten MiB hold 52 values of 200,002 bytes.
    assert_eq!(assign(52), input);
    assert!(assign(53).contains("The variables assigned by the state 'S52' exceed"), "no limit");
}

// SFN-IO-6, SFN-PASS-1: also what ResultPath throws away.
#[test]
fn payloads_have_a_limit() {
    let input = format!(r#"{{"x": "{}"}}"#, "y".repeat(200_000));
    let twice = r#"{"a.$": "$.x", "b.$": "$.x"}"#;
    let limit = "States.DataLimitExceeded: The state/task 'A' returned a result with a size \
                 exceeding the maximum number of bytes service limit.";
    assert_eq!(pass(&format!(r#""Parameters": {twice},"#), &input), limit);
    assert_eq!(pass(&format!(r#""Parameters": {twice}, "ResultPath": null,"#), &input), limit);
    assert_eq!(pass(r#""ResultPath": "$.x2", "InputPath": "$.x","#, &input), limit);
    // Exactly at the limit is not over it.
    let whole = format!("\"{}\"", "y".repeat(262_142));
    assert_eq!(pass("", &whole), whole);
}

// SFN-VAR-10: a state that fails assigns nothing; of a retried one the last attempt does.
#[test]
fn failures_assign_nothing() {
    let text = |catch: &str| {
        format!(
            r#"{{"StartAt": "A", "States": {{
                "A": {{"Type": "Pass", "Assign": {{"v": "before"}}, "Next": "B"}},
                "B": {{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f",
                    "Assign": {{"v.$": "$.r"}}, "ResultPath": null, "Next": "C",
                    "Retry": [{{"ErrorEquals": ["R"]}}],
                    "Catch": [{{"ErrorEquals": ["E"], {catch} "ResultPath": null, "Next": "C"}}]}},
                "C": {{"Type": "Pass", "Parameters": {{"v.$": "$v"}}, "End": true}}}}}}"#
        )
    };
    for (catch, expected) in
        [("", r#"{"v":"before"}"#), (r#""Assign": {"v.$": "$.Error"},"#, r#"{"v":"E"}"#)]
    {
        let mut world = World::started(&text(catch), "{}");
        world.feed(crate::harness::failed(0, 1, "E"));
        assert_eq!(told(&world), expected);
    }
    let mut world = World::started(&text(""), "{}");
    world.feed(crate::harness::failed(0, 1, "R"));
    world.fire_next();
    world.feed(succeeded(0, 2, r#"{"r": "second"}"#));
    assert_eq!(told(&world), r#"{"v":"second"}"#);
}

// SFN-VAR-8: what `$` is where a state assigns.
#[test]
fn documents_of_assign() {
    let after = r#""Z": {"Type": "Pass", "Parameters": {"v.$": "$v"}, "End": true}"#;
    let assign = r#""Assign": {"v.$": "$"}, "Next": "Z""#;
    let branch = r#"{"StartAt": "X", "States": {"X": {"Type": "Pass", "Result": 5, "End": true}}}"#;
    let rows = [
        (format!(r#""Type": "Pass", "InputPath": "$.a", "Parameters": {{"p.$": "$.b"}}, {assign}"#), r#"{"p":1}"#),
        (format!(r#""Type": "Pass", "InputPath": "$.a", "Result": 7, "ResultPath": null, {assign}"#), "7"),
        (format!(r#""Type": "Wait", "Seconds": 0, "InputPath": "$.a", "OutputPath": "$.b", {assign}"#), r#"{"b":1}"#),
        (
            format!(r#""Type": "Parallel", "Branches": [{branch}], "ResultSelector": {{"x": 1}}, {assign}"#),
            "[5]",
        ),
        (
            format!(r#""Type": "Map", "ItemsPath": "$.i", "ItemProcessor": {branch}, "ResultPath": "$.r", {assign}"#),
            "[5,5]",
        ),
        (
            r#""Type": "Choice", "InputPath": "$.a", "Default": "Z", "Assign": {"v": 0},
               "Choices": [{"Variable": "$.b", "IsPresent": true, "Assign": {"v.$": "$"}, "Next": "Z"}]"#
                .into(),
            r#"{"b":1}"#,
        ),
    ];
    for (state, expected) in rows {
        let states = format!(r#""A": {{{state}}}, {after}"#);
        let found = outcome(&states, r#"{"a": {"b": 1}, "i": [1, 2]}"#);
        assert_eq!(found, format!(r#"{{"v":{expected}}}"#), "{state}");
    }
}

// SFN-CHOICE-2, SFN-JA-33: a rule's Assign stands in for the state's.
#[test]
fn choice_assigns() {
    let states = r#""A": {"Type": "Choice", "Assign": {"v": "default"}, "Default": "B",
            "Choices": [{"Variable": "$.x", "IsPresent": true, "Assign": {"v.$": "$.x"}, "Next": "B"}]},
        "B": {"Type": "Pass", "Parameters": {"v.$": "$v"}, "End": true}"#;
    assert_eq!(outcome(states, r#"{"x": 1}"#), r#"{"v":1}"#);
    assert_eq!(outcome(states, "{}"), r#"{"v":"default"}"#);
}

// SFN-FAIL-1, SFN-FAIL-2, SFN-FAIL-4
#[test]
fn fails() {
    let fail =
        |fields: &str| outcome(&format!(r#""A": {{"Type": "Fail", {fields}}}"#), r#"{"e": "E"}"#);
    assert_eq!(fail(r#""Error": "X", "Cause": "c""#), "X: c");
    assert_eq!(fail(r#""Comment": """#), "-: -");
    assert_eq!(fail(r#""ErrorPath": "$.e", "CausePath": "States.Format('{}!', $.e)""#), "E: E!");
    assert_eq!(
        fail(r#""ErrorPath": "$.no""#),
        format!(
            "{PREFIX}The JSONPath '$.no' specified for the field 'ErrorPath' could not be found in \
             the input '{{\"e\":\"E\"}}'"
        )
    );
}

// SFN-HIST-6, SFN-TASK-5
#[test]
fn credentials() {
    let text = r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "End": true,
        "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f",
        "Credentials": {"RoleArn.$": "States.Format('arn:aws:iam::{}:role/x', $.a)"}}}}"#;
    let world = World::started(text, r#"{"a": "111111111111"}"#);
    assert_eq!(world.execution.head.status, Status::Running);
    let shown = workflow::history::event_to_json(&world.history[2], true);
    let role = &shown["lambdaFunctionScheduledEventDetails"]["taskCredentials"]["roleArn"];
    assert_eq!(*role, "arn:aws:iam::111111111111:role/x");
}

// What is stored as text must be read again.
#[test]
fn endless_nesting_fails() {
    const LOOP: &str = r#""B": {"Type": "Choice", "Default": "A",
        "Choices": [{"Variable": "$.end", "IsPresent": true, "Next": "C"}]},
        "C": {"Type": "Succeed"}"#;
    let nests = |fields: &str| {
        let states = format!(r#""A": {{"Type": "Pass", "Next": "B", {fields}}}, {LOOP}"#);
        outcome(&states, r#"{"x": 1}"#)
    };
    let result = "States.DataLimitExceeded: The state/task 'A' returned a result that is nested \
                  deeper than 127 levels.";
    assert_eq!(nests(r#""Parameters": {"x.$": "$"}"#), result);
    assert_eq!(nests(r#""ResultPath": "$.y""#), result);
    let states = format!(
        r#""S": {{"Type": "Pass", "Assign": {{"v.$": "$"}}, "Next": "A"}},
           "A": {{"Type": "Pass", "Assign": {{"v": {{"v.$": "$v"}}}}, "Next": "B"}}, {LOOP}"#
    );
    let told = told(&run(&format!(r#"{{"StartAt": "S", "States": {{{states}}}}}"#), "{}"));
    let cause = "The variable 'v' assigned by the state 'A' is nested deeper than 127 levels.";
    assert!(told.starts_with("States.Runtime: ") && told.ends_with(cause), "{told}");
}
