//! Definitions made of bytes: every byte a decision, so that nearly all of them are valid.

use serde_json::{Map, Value, json};

use crate::input::Choices;

/// The input that the paths below look into.
pub(super) const INPUT: &str = r#"{"a": {"b": [1, 2, {"c": "x"}], "t": "2024-01-01T00:00:00Z"}, "n": 2, "s": "text", "f": false,
        "items": [1, "two", {"three": 3}], "object": {"k": 1, "l": [2]}}"#;

/// Deepest nesting of Parallel and Map.
const DEPTH_MAX: usize = 3;
/// States of one machine.
const STATES_MAX: usize = 4;

const PATHS: [&str; 20] = [
    "$",
    "$.a",
    "$.a.b",
    "$.a.b[0]",
    "$.a.b[2].c",
    "$.n",
    "$.s",
    "$.f",
    "$.items",
    "$.object",
    "$.missing",
    "$.items[9]",
    "$['a']['t']",
    "$$.State.Name",
    "$$.Execution.Input",
    "$v",
    "$v.w[0]",
    "$$.Map.Item.Value",
    "$.a.b[?(@ > 1)]",
    "$..c",
];
const REFERENCES: [&str; 8] =
    ["$", "$.a", "$.r", "$.a.b[0]", "$.new.deep", "$.items", "$.object.k", "$.n"];
const INTRINSICS: [&str; 14] = [
    "States.Format('{}-{}', $.s, $.n)",
    "States.Array($.a, 1, null)",
    "States.ArrayPartition($.items, 2)",
    "States.ArrayContains($.items, 1)",
    "States.ArrayRange(1, 5, $.n)",
    "States.ArrayGetItem($.items, $.n)",
    "States.ArrayLength($.items)",
    "States.JsonToString($.a)",
    "States.StringToJson($.s)",
    "States.JsonMerge($.a, $.object, false)",
    "States.MathAdd($.n, 1)",
    "States.StringSplit($.s, 'e')",
    "States.Base64Encode($.s)",
    "States.UUID()",
];
const EXPRESSIONS: [&str; 22] = [
    "$states.input",
    "$states.input.a",
    "$states.input.n + 1",
    "$states.input.missing",
    "$states.result",
    "$states.context.State.Name",
    "$states.errorOutput",
    "$v",
    "$v.w",
    "[1..$states.input.n]",
    "{'r': $states.input}",
    "$sum($states.input.a.b)",
    "$states.input.n > 1",
    "$exists($states.input.f)",
    "$uuid()",
    "$now()",
    "$random()",
    "$map($states.input.items, function($i) { $i })",
    "$states.context.Map.Item.Value",
    "$string($states.input)",
    "$error('no')",
    "function($x) { $x }",
];
const ERRORS: [&str; 7] = [
    "States.ALL",
    "States.TaskFailed",
    "States.Timeout",
    "Error",
    "States.Runtime",
    "States.DataLimitExceeded",
    "Custom.Error",
];
const RESOURCES: [&str; 8] = [
    "arn:aws:lambda:us-east-1:111111111111:function:f",
    "arn:aws:states:us-east-1:111111111111:activity:a",
    "arn:aws:states:us-east-1:111111111111:activity:gone",
    "arn:aws:states:::lambda:invoke",
    "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
    "arn:aws:states:::states:startExecution.sync:2",
    "arn:aws:states:::aws-sdk:dynamodb:getItem",
    "arn:aws:states:::lambda:invoke.waitForTaskToken",
];
const TESTS: [&str; 12] = [
    "StringEquals",
    "StringMatches",
    "NumericEquals",
    "NumericGreaterThan",
    "BooleanEquals",
    "TimestampLessThan",
    "IsNull",
    "IsPresent",
    "IsString",
    "IsNumeric",
    "NumericEqualsPath",
    "StringLessThanPath",
];

type Members = Map<String, Value>;

/// A whole definition.
pub(super) fn definition(choices: &mut Choices<'_>) -> Value {
    let jsonata = choices.one_in(2);
    let mut machine = machine(choices, jsonata, 0);
    if jsonata {
        machine.insert("QueryLanguage".into(), json!("JSONata"));
    }
    if choices.one_in(6) {
        machine.insert("TimeoutSeconds".into(), json!(choices.below(100) + 1));
    }
    Value::Object(machine)
}

fn machine(choices: &mut Choices<'_>, jsonata: bool, depth: usize) -> Members {
    // Names differ between machines of one definition.
    let tag = usize::from(choices.byte());
    let count = choices.below(STATES_MAX) + 1;
    let mut maker = Maker { choices, jsonata, depth, count, tag };
    let states: Members =
        (0..count).map(|place| (maker.name(place), Value::Object(maker.state(place)))).collect();
    let mut machine = Members::new();
    machine.insert("StartAt".into(), json!(maker.name(0)));
    machine.insert("States".into(), Value::Object(states));
    machine
}

struct Maker<'c, 'b> {
    choices: &'c mut Choices<'b>,
    jsonata: bool,
    depth: usize,
    count: usize,
    tag: usize,
}

impl Maker<'_, '_> {
    fn name(&self, place: usize) -> String {
        format!("S{}_{}_{place}", self.depth, self.tag)
    }

    fn state(&mut self, place: usize) -> Members {
        let nests = self.depth < DEPTH_MAX;
        let (kind, mut state) = match self.choices.below(12) {
            0 | 1 => ("Pass", self.pass()),
            2 | 3 => ("Task", self.task()),
            4 => ("Choice", self.choice()),
            5 => ("Wait", self.wait()),
            6 => ("Succeed", Members::new()),
            7 => ("Fail", self.fail()),
            8 | 9 if nests => ("Parallel", self.parallel()),
            10 | 11 if nests => ("Map", self.map()),
            _ => ("Pass", self.pass()),
        };
        state.insert("Type".into(), json!(kind));
        if !matches!(kind, "Choice" | "Succeed" | "Fail") {
            self.transition(place, &mut state);
        }
        self.data(kind, &mut state);
        if matches!(kind, "Task" | "Parallel" | "Map") {
            self.errors(kind, &mut state);
        }
        state
    }

    /// Mostly on to the next state, sometimes to any, even an earlier one.
    fn transition(&mut self, place: usize, state: &mut Members) {
        let next = match self.choices.below(6) {
            5 => Some(self.choices.below(self.count)),
            _ => (place + 1 < self.count).then_some(place + 1),
        };
        match next {
            Some(next) => state.insert("Next".into(), json!(self.name(next))),
            None => state.insert("End".into(), json!(true)),
        };
    }

    fn any_name(&mut self) -> Value {
        let place = self.choices.below(self.count);
        json!(self.name(place))
    }

    fn pass(&mut self) -> Members {
        let mut state = Members::new();
        if !self.jsonata && self.choices.one_in(3) {
            state.insert("Result".into(), json!({"r": [1, {"b": 2}], "n": 3}));
        }
        state
    }

    fn task(&mut self) -> Members {
        let mut state = Members::new();
        let resource = self.choices.of(&RESOURCES).unwrap_or_default();
        state.insert("Resource".into(), json!(resource));
        let template = match resource {
            resource if resource.contains("sqs") => json!({"QueueUrl": "q", "MessageBody": "m"}),
            resource if resource.contains("lambda:invoke") => json!({"FunctionName": "f"}),
            resource if resource.contains("startExecution") => {
                json!({"StateMachineArn": "arn:aws:states:us-east-1:111111111111:stateMachine:m"})
            }
            resource if resource.contains("dynamodb") => json!({"TableName": "t", "Key": {}}),
            _ => self.template(0),
        };
        let name = if self.jsonata { "Arguments" } else { "Parameters" };
        state.insert(name.into(), template);
        if self.choices.one_in(3) {
            self.number("TimeoutSeconds", 60, &mut state);
        }
        if self.choices.one_in(3) {
            state.insert("HeartbeatSeconds".into(), json!(self.choices.below(5) + 1));
        }
        state
    }

    /// A number, a path to one or an expression for one.
    fn number(&mut self, name: &str, number: usize, state: &mut Members) {
        match (self.choices.below(3), self.jsonata) {
            (2, true) => state.insert(name.into(), self.expression()),
            (2, false) => state.insert(format!("{name}Path"), self.path()),
            _ => state.insert(name.into(), json!(number)),
        };
    }

    fn choice(&mut self) -> Members {
        let rules: Vec<Value> = (0..=self.choices.below(3)).map(|_| self.rule()).collect();
        let mut state = Members::new();
        state.insert("Choices".into(), Value::Array(rules));
        if !self.choices.one_in(4) {
            state.insert("Default".into(), self.any_name());
        }
        state
    }

    fn rule(&mut self) -> Value {
        let mut rule = match self.jsonata {
            true => json!({"Condition": self.expression()}),
            false => self.condition(0),
        };
        let next = self.any_name();
        if let Some(rule) = rule.as_object_mut() {
            rule.insert("Next".into(), next);
        }
        rule
    }

    fn condition(&mut self, depth: usize) -> Value {
        match self.choices.below(8) {
            5 if depth < 2 => json!({"Not": self.condition(depth + 1)}),
            6 if depth < 2 => json!({"And": [self.condition(depth + 1), self.condition(2)]}),
            7 if depth < 2 => json!({"Or": [self.condition(depth + 1), self.condition(2)]}),
            _ => {
                let test = self.choices.of(&TESTS).unwrap_or("IsPresent");
                let operand = match test {
                    "StringEquals" => json!("text"),
                    "StringMatches" => json!("t*\\*"),
                    "TimestampLessThan" => json!("2024-06-01T00:00:00Z"),
                    test if test.ends_with("Path") => self.path(),
                    test if test.starts_with("Numeric") => json!(self.choices.below(4)),
                    _ => json!(self.choices.one_in(2)),
                };
                json!({"Variable": self.path(), test: operand})
            }
        }
    }

    fn wait(&mut self) -> Members {
        let mut state = Members::new();
        match (self.choices.below(4), self.jsonata) {
            (1, true) => state.insert("Seconds".into(), self.expression()),
            (1, false) => state.insert("SecondsPath".into(), self.path()),
            (2, true) => state.insert("Timestamp".into(), self.expression()),
            (2, false) => state.insert("TimestampPath".into(), self.path()),
            (3, _) => state.insert("Timestamp".into(), json!("2024-01-01T00:00:09Z")),
            _ => state.insert("Seconds".into(), json!(self.choices.below(9))),
        };
        state
    }

    fn fail(&mut self) -> Members {
        let mut state = Members::new();
        match (self.choices.below(3), self.jsonata) {
            (1, true) => state.insert("Error".into(), self.expression()),
            (1, false) => state.insert("ErrorPath".into(), self.path()),
            (2, _) => None,
            _ => state.insert("Error".into(), json!("Custom.Error")),
        };
        state
    }

    fn parallel(&mut self) -> Members {
        let branches: Vec<Value> = (0..=self.choices.below(3)).map(|_| self.inner()).collect();
        let mut state = Members::new();
        state.insert("Branches".into(), Value::Array(branches));
        state
    }

    fn inner(&mut self) -> Value {
        Value::Object(machine(self.choices, self.jsonata, self.depth + 1))
    }

    fn map(&mut self) -> Members {
        let mut state = Members::new();
        let mut processor = self.inner();
        if self.choices.one_in(4) {
            let config = json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"});
            if let Some(processor) = processor.as_object_mut() {
                processor.insert("ProcessorConfig".into(), config);
            }
            self.distributed(&mut state);
        }
        state.insert("ItemProcessor".into(), processor);
        match (self.choices.below(3), self.jsonata) {
            (0, _) => None,
            (1, true) => state.insert("Items".into(), json!([1, {"x": "{% $states.input.n %}"}])),
            (_, true) => state.insert("Items".into(), self.expression()),
            (1, false) => state.insert("ItemsPath".into(), json!("$.items")),
            (_, false) => state.insert("ItemsPath".into(), self.path()),
        };
        if self.choices.one_in(3) {
            state.insert("ItemSelector".into(), self.object(0));
        }
        if self.choices.one_in(2) {
            self.number("MaxConcurrency", 1, &mut state);
        }
        state
    }

    fn distributed(&mut self, state: &mut Members) {
        if self.choices.one_in(2) {
            let parameters = if self.jsonata { "Arguments" } else { "Parameters" };
            let reader = json!({
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
                parameters: {"Bucket": "b", "Key": "k"},
            });
            state.insert("ItemReader".into(), reader);
        }
        if self.choices.one_in(3) {
            let mut batcher = Members::new();
            self.number("MaxItemsPerBatch", 2, &mut batcher);
            batcher.insert("BatchInput".into(), self.object(0));
            state.insert("ItemBatcher".into(), Value::Object(batcher));
        }
        if self.choices.one_in(3) {
            self.number("ToleratedFailureCount", 1, state);
        }
        if self.choices.one_in(3) {
            self.number("ToleratedFailurePercentage", 50, state);
        }
    }

    /// What every state may have for its data.
    fn data(&mut self, kind: &str, state: &mut Members) {
        if kind == "Fail" {
            return;
        }
        if kind != "Succeed" && self.choices.one_in(4) {
            state.insert("Assign".into(), self.assign());
        }
        if self.jsonata {
            if self.choices.one_in(3) {
                state.insert("Output".into(), self.template(0));
            }
            return;
        }
        if self.choices.one_in(5) {
            state.insert("InputPath".into(), self.path());
        }
        if self.choices.one_in(5) {
            state.insert("OutputPath".into(), self.path());
        }
        if matches!(kind, "Pass" | "Task" | "Parallel" | "Map") && self.choices.one_in(3) {
            state.insert("ResultPath".into(), self.reference());
        }
        if matches!(kind, "Pass" | "Parallel") && self.choices.one_in(4) {
            state.insert("Parameters".into(), self.object(0));
        }
        if matches!(kind, "Task" | "Parallel" | "Map") && self.choices.one_in(4) {
            state.insert("ResultSelector".into(), self.object(0));
        }
    }

    fn errors(&mut self, kind: &str, state: &mut Members) {
        if self.choices.one_in(3) {
            let mut retrier = json!({
                "ErrorEquals": [self.choices.of(&ERRORS)],
                "MaxAttempts": self.choices.below(4),
                "IntervalSeconds": self.choices.below(3) + 1,
            });
            if self.choices.one_in(3)
                && let Some(retrier) = retrier.as_object_mut()
            {
                retrier.insert("JitterStrategy".into(), json!("FULL"));
                retrier.insert("MaxDelaySeconds".into(), json!(5));
            }
            state.insert("Retry".into(), json!([retrier]));
        }
        if self.choices.one_in(if kind == "Task" { 2 } else { 3 }) {
            let mut catcher = Members::new();
            catcher.insert("ErrorEquals".into(), json!([self.choices.of(&ERRORS)]));
            catcher.insert("Next".into(), self.any_name());
            if self.choices.one_in(3) {
                catcher.insert("Assign".into(), self.assign());
            }
            match self.jsonata {
                true if self.choices.one_in(3) => {
                    catcher.insert("Output".into(), self.template(0));
                }
                false if self.choices.one_in(3) => {
                    catcher.insert("ResultPath".into(), self.reference());
                }
                _ => {}
            }
            state.insert("Catch".into(), json!([catcher]));
        }
    }

    fn assign(&mut self) -> Value {
        let mut assign = Members::new();
        let value = self.template(0);
        match (self.jsonata, self.choices.below(2)) {
            (false, 1) => assign.insert("v.$".into(), self.computed()),
            _ => assign.insert("v".into(), value),
        };
        Value::Object(assign)
    }

    fn path(&mut self) -> Value {
        json!(self.choices.of(&PATHS))
    }

    fn reference(&mut self) -> Value {
        match self.choices.below(9) {
            8 => Value::Null,
            _ => json!(self.choices.of(&REFERENCES)),
        }
    }

    fn expression(&mut self) -> Value {
        let expression = self.choices.of(&EXPRESSIONS).unwrap_or_default();
        json!(format!("{{% {expression} %}}"))
    }

    fn computed(&mut self) -> Value {
        match self.choices.one_in(2) {
            true => json!(self.choices.of(&INTRINSICS)),
            false => self.path(),
        }
    }

    fn template(&mut self, depth: usize) -> Value {
        match self.choices.below(6) {
            0 | 1 if self.jsonata => self.expression(),
            2 if depth < 3 => json!([self.template(depth + 1), 1]),
            3 => json!("text"),
            4 => json!(null),
            _ => self.object(depth),
        }
    }

    fn object(&mut self, depth: usize) -> Value {
        let mut members = Members::new();
        for name in ["w", "x"].iter().take(self.choices.below(2) + 1) {
            match self.jsonata {
                true if depth < 3 => members.insert((*name).into(), self.template(depth + 1)),
                true => members.insert((*name).into(), json!(1)),
                false => members.insert(format!("{name}.$"), self.computed()),
            };
        }
        if !self.jsonata && depth < 3 && self.choices.one_in(3) {
            members.insert("y".into(), self.template(depth + 1));
        }
        Value::Object(members)
    }
}
