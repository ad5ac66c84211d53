//! A case's definition as text. The data is always an object: `v` is a number, `x` the index of
//! an iteration, `items` numbers, `r` the last result of a task, `p` of a group, `e` an error.

use serde_json::{Map, Value, json};

use super::plan::{Case, Kind, Node, Rescue, Rule, Task};
use crate::world::HEAD;

pub(super) const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

pub(super) const CHILD_SECONDS: i64 = 2;

pub(super) fn input(case: &Case) -> Value {
    json!({ "v": case.input.0, "x": -1, "items": items(case.input.1) })
}

fn items(count: u8) -> Value {
    (0..count).map(|item| item * 3).collect()
}

/// Of the machine whose executions are jobs of the case's.
pub(super) fn child() -> Value {
    json!({ "StartAt": "Wait", "States": {
        "Wait": { "Type": "Wait", "Seconds": CHILD_SECONDS, "Next": "Answer" },
        "Answer": { "Type": "Pass", "Result": { "n": 3, "s": "child" }, "End": true } } })
}

pub(super) fn definition(case: &Case) -> Value {
    let mut writer = Writer { jsonata: case.jsonata, names: 0, depth: 0 };
    let mut machine = writer.machine(&case.nodes);
    if case.jsonata {
        machine["QueryLanguage"] = "JSONata".into();
    }
    if let Some(seconds) = case.timeout {
        machine["TimeoutSeconds"] = seconds.into();
    }
    machine
}

struct Writer {
    jsonata: bool,
    names: usize,
    /// Of scopes of variables.
    depth: usize,
}

type States = Map<String, Value>;

impl Writer {
    fn name(&mut self, what: &str) -> String {
        self.names += 1;
        format!("{what}{}", self.names)
    }

    fn variable(&self) -> String {
        format!("a{}", self.depth)
    }

    /// A state in its language; `jsonata` is what it wishes in a machine of paths.
    fn state(&self, kind: &str, jsonata: bool, next: Option<&str>) -> Value {
        let mut state = json!({ "Type": kind });
        if jsonata && !self.jsonata {
            state["QueryLanguage"] = "JSONata".into();
        }
        match (kind, next) {
            ("Choice" | "Fail" | "Succeed", _) => {}
            (_, Some(next)) => state["Next"] = next.into(),
            (_, None) => state["End"] = true.into(),
        }
        state
    }

    /// States with a scope of their own.
    fn machine(&mut self, nodes: &[Node]) -> Value {
        let mut states = States::new();
        let first = self.nodes(nodes, &mut states, None);
        let name = self.name("Begin");
        let mut begin = self.state("Pass", false, Some(&first));
        begin["Assign"] = json!({ self.variable(): 1 });
        states.insert(name.clone(), begin);
        json!({ "StartAt": name, "States": states })
    }

    fn inner(&mut self, nodes: &[Node]) -> Value {
        self.depth += 1;
        let machine = self.machine(nodes);
        self.depth -= 1;
        machine
    }

    /// One after the other; the name of the first.
    fn nodes(&mut self, nodes: &[Node], states: &mut States, next: Option<&str>) -> String {
        let mut next = next.map(str::to_owned);
        for node in nodes.iter().rev() {
            next = Some(self.node(node, states, next.as_deref()));
        }
        match next {
            Some(first) => first,
            None => self.join(states, None),
        }
    }

    /// Where ways come together.
    fn join(&mut self, states: &mut States, next: Option<&str>) -> String {
        if let Some(next) = next {
            return next.to_owned();
        }
        let name = self.name("Join");
        states.insert(name.clone(), self.state("Pass", false, None));
        name
    }

    fn node(&mut self, node: &Node, states: &mut States, next: Option<&str>) -> String {
        match node {
            Node::Pass { jsonata, form } => self.pass(*jsonata, *form, states, next),
            Node::Wait { jsonata, form, seconds } => {
                self.wait(*jsonata, (*form, *seconds), states, next)
            }
            Node::Task(task) => self.task(task, states, next),
            Node::Choice { jsonata, rules, otherwise } => {
                self.choice(*jsonata, (rules, otherwise), states, next)
            }
            Node::Parallel { jsonata, branches, rescue } => {
                let branches: Vec<Value> =
                    branches.iter().map(|branch| self.inner(branch)).collect();
                let mut state = self.state("Parallel", *jsonata, next);
                state["Branches"] = branches.into();
                self.group(*jsonata, state, rescue, states, next)
            }
            Node::Map { jsonata, items: count, concurrency, body, rescue } => {
                let mut state = self.state("Map", *jsonata, next);
                state["ItemProcessor"] = self.inner(body);
                state["MaxConcurrency"] = (*concurrency).into();
                if self.speaks(*jsonata) {
                    state["Items"] = match count {
                        0 => "{% $states.input.items %}".into(),
                        count => items(*count),
                    };
                    state["ItemSelector"] = json!({
                        "v": "{% $states.context.Map.Item.Value %}",
                        "x": "{% $states.context.Map.Item.Index %}", "items": [1, 2] });
                } else {
                    state["ItemsPath"] = "$.items".into();
                    state["ItemSelector"] = json!({ "v.$": "$$.Map.Item.Value",
                        "x.$": "$$.Map.Item.Index", "items": [1, 2] });
                }
                self.group(*jsonata, state, rescue, states, next)
            }
            Node::Loop { times, body } => self.again(*times, body, states, next),
            Node::Fail { jsonata } => {
                let name = self.name("Fail");
                let mut state = self.state("Fail", *jsonata, None);
                state["Error"] = "E1".into();
                match self.speaks(*jsonata) {
                    true => state["Cause"] = "{% 'v is ' & $string($states.input.v) %}".into(),
                    false => state["CausePath"] = "States.Format('v is {}', $.v)".into(),
                }
                states.insert(name.clone(), state);
                name
            }
            Node::Succeed => {
                let name = self.name("Succeed");
                states.insert(name.clone(), self.state("Succeed", false, None));
                name
            }
        }
    }

    fn speaks(&self, jsonata: bool) -> bool {
        jsonata || self.jsonata
    }

    fn pass(&mut self, jsonata: bool, form: u8, states: &mut States, next: Option<&str>) -> String {
        let (name, variable) = (self.name("Pass"), self.variable());
        let mut state = self.state("Pass", jsonata, next);
        match (self.speaks(jsonata), form) {
            (false, 1) => {
                state["Result"] = json!({ "z": 1 });
                state["ResultPath"] = "$.z".into();
            }
            (true, 1) => state["Output"] = "{% $merge([$states.input, {'z': 1}]) %}".into(),
            (false, 2) => {
                state["Parameters"] = json!({ "v.$": "States.MathAdd($.v, 1)", "x.$": "$.x",
                    "items.$": "$.items" });
            }
            (true, 2) => {
                state["Output"] = json!({ "v": "{% $states.input.v + 1 %}",
                    "x": "{% $states.input.x %}", "items": "{% $states.input.items %}" });
            }
            (false, 3) => {
                state["Assign"] =
                    json!({ format!("{variable}.$"): format!("States.MathAdd(${variable}, 1)") });
            }
            (true, 3) => {
                state["Assign"] = json!({ &*variable: format!("{{% ${variable} + 1 %}}") });
            }
            _ => {}
        }
        states.insert(name.clone(), state);
        name
    }

    fn wait(
        &mut self,
        jsonata: bool,
        (form, seconds): (u8, u8),
        states: &mut States,
        next: Option<&str>,
    ) -> String {
        let name = self.name("Wait");
        let mut state = self.state("Wait", jsonata, next);
        match (self.speaks(jsonata), form) {
            (_, 0) => state["Seconds"] = seconds.into(),
            (_, 1) => state["Timestamp"] = format!("2024-01-01T00:00:{:02}Z", seconds * 4).into(),
            (true, _) => state["Seconds"] = "{% $states.input.v %}".into(),
            (false, _) => state["SecondsPath"] = "$.v".into(),
        }
        states.insert(name.clone(), state);
        name
    }

    fn task(&mut self, task: &Task, states: &mut States, next: Option<&str>) -> String {
        let name = self.name("Task");
        let speaks = self.speaks(task.jsonata);
        let mut state = self.state("Task", task.jsonata, next);
        state["Resource"] = match task.kind {
            Kind::Function => FUNCTION.into(),
            Kind::Invoke => "arn:aws:states:::lambda:invoke".into(),
            Kind::Callback => "arn:aws:states:::lambda:invoke.waitForTaskToken".into(),
            Kind::Activity => format!("{HEAD}activity:a").into(),
            Kind::Child => "arn:aws:states:::states:startExecution.sync:2".into(),
        };
        let asked = self.payload(&name, task, speaks);
        let asked = match task.kind {
            Kind::Invoke | Kind::Callback => json!({ "FunctionName": "f", "Payload": asked }),
            Kind::Child => {
                json!({ "StateMachineArn": format!("{HEAD}stateMachine:C"), "Input": asked })
            }
            Kind::Function | Kind::Activity => asked,
        };
        let wrapped = match task.kind {
            Kind::Invoke => Some("Payload"),
            Kind::Child => Some("Output"),
            Kind::Function | Kind::Callback | Kind::Activity => None,
        };
        if speaks {
            state["Arguments"] = asked;
            let result = match wrapped {
                Some(member) => format!("$states.result.{member}"),
                None => "$states.result".to_owned(),
            };
            state["Output"] = format!("{{% $merge([$states.input, {{'r': {result}}}]) %}}").into();
        } else {
            state["Parameters"] = asked;
            state["ResultPath"] = "$.r".into();
            if let Some(member) = wrapped {
                state["ResultSelector"] =
                    json!({ "n.$": format!("$.{member}.n"), "s.$": format!("$.{member}.s") });
            }
        }
        if task.assigns {
            state["Assign"] = match speaks {
                true => json!({ self.variable(): "{% $states.context.State.RetryCount %}" }),
                false => json!({ format!("{}.$", self.variable()): "$$.State.RetryCount" }),
            };
        }
        if let Some(seconds) = task.timeout {
            state["TimeoutSeconds"] = seconds.into();
        }
        if task.heartbeat {
            state["HeartbeatSeconds"] = 1.into();
        }
        self.rescue(task.jsonata, &mut state, &task.rescue, states, next);
        states.insert(name.clone(), state);
        name
    }

    /// What a task is asked: it says who asks and for which attempt.
    fn payload(&self, name: &str, task: &Task, speaks: bool) -> Value {
        let variable = self.variable();
        let mut payload = match speaks {
            true => json!({ "s": name, "n": "{% $states.context.State.RetryCount %}",
                "v": "{% $states.input.v %}", "x": "{% $states.input.x %}",
                "a": format!("{{% ${variable} %}}") }),
            false => json!({ "s": name, "n.$": "$$.State.RetryCount", "v.$": "$.v", "x.$": "$.x",
                "a.$": format!("${variable}") }),
        };
        if task.timeout.is_some() {
            payload["t"] = true.into();
        }
        match (task.kind, speaks) {
            (Kind::Callback, true) => payload["k"] = "{% $states.context.Task.Token %}".into(),
            (Kind::Callback, false) => payload["k.$"] = "$$.Task.Token".into(),
            _ => {}
        }
        payload
    }

    fn choice(
        &mut self,
        jsonata: bool,
        (rules, otherwise): (&[Rule], &[Node]),
        states: &mut States,
        next: Option<&str>,
    ) -> String {
        let join = self.join(states, next);
        let name = self.name("Choice");
        let speaks = self.speaks(jsonata);
        let mut state = self.state("Choice", jsonata, None);
        let mut choices = Vec::new();
        for (condition, assigns, nodes) in rules {
            let mut rule = condition_of(*condition, &self.variable(), speaks);
            rule["Next"] = self.nodes(nodes, states, Some(&join)).into();
            if *assigns {
                rule["Assign"] = json!({ self.variable(): condition });
            }
            choices.push(rule);
        }
        state["Choices"] = choices.into();
        state["Default"] = self.nodes(otherwise, states, Some(&join)).into();
        states.insert(name.clone(), state);
        name
    }

    fn group(
        &mut self,
        jsonata: bool,
        mut state: Value,
        rescue: &Rescue,
        states: &mut States,
        next: Option<&str>,
    ) -> String {
        let name = self.name("Group");
        match self.speaks(jsonata) {
            true => {
                state["Output"] = "{% $merge([$states.input, {'p': $states.result}]) %}".into();
            }
            false => state["ResultPath"] = "$.p".into(),
        }
        self.rescue(jsonata, &mut state, rescue, states, next);
        states.insert(name.clone(), state);
        name
    }

    fn rescue(
        &mut self,
        jsonata: bool,
        state: &mut Value,
        rescue: &Rescue,
        states: &mut States,
        next: Option<&str>,
    ) {
        if let Some(retry) = &rescue.retry {
            let errors = match retry.errors {
                0 => json!(["E1"]),
                1 => json!(["States.TaskFailed"]),
                2 => json!(["States.Timeout"]),
                3 => json!(["E2", "States.Timeout"]),
                _ => json!(["States.ALL"]),
            };
            state["Retry"] = json!([{ "ErrorEquals": errors, "IntervalSeconds": retry.interval,
                "MaxAttempts": retry.max, "BackoffRate": if retry.doubles { 2.0 } else { 1.0 } }]);
        }
        if let Some(nodes) = &rescue.catch {
            let join = self.join(states, next);
            if next.is_none() {
                state.as_object_mut().unwrap().remove("End");
                state["Next"] = join.clone().into();
            }
            let handler = self.nodes(nodes, states, Some(&join));
            let mut catch = json!({ "ErrorEquals": ["States.ALL"], "Next": handler });
            match self.speaks(jsonata) {
                true => {
                    catch["Output"] =
                        "{% $merge([$states.input, {'e': $states.errorOutput}]) %}".into();
                }
                false => catch["ResultPath"] = "$.e".into(),
            }
            catch["Assign"] = json!({ self.variable(): 7 });
            state["Catch"] = json!([catch]);
        }
    }

    fn again(
        &mut self,
        times: u8,
        body: &[Node],
        states: &mut States,
        next: Option<&str>,
    ) -> String {
        let join = self.join(states, next);
        let (begin, more, check) = (self.name("Loop"), self.name("More"), self.name("Check"));
        let first = self.nodes(body, states, Some(&more));
        let variable = format!("l{begin}");
        let mut state = self.state("Pass", false, Some(&first));
        state["Assign"] = json!({ &*variable: 0 });
        states.insert(begin.clone(), state);
        let mut state = self.state("Pass", false, Some(&check));
        state["Assign"] = match self.jsonata {
            true => json!({ &*variable: format!("{{% ${variable} + 1 %}}") }),
            false => {
                json!({ format!("{variable}.$"): format!("States.MathAdd(${variable}, 1)") })
            }
        };
        states.insert(more, state);
        let mut state = self.state("Choice", false, None);
        let mut rule = match self.jsonata {
            true => json!({ "Condition": format!("{{% ${variable} < {times} %}}") }),
            false => json!({ "Variable": format!("${variable}"), "NumericLessThan": times }),
        };
        rule["Next"] = first.into();
        state["Choices"] = json!([rule]);
        state["Default"] = join.into();
        states.insert(check, state);
        begin
    }
}

fn condition_of(condition: u8, variable: &str, speaks: bool) -> Value {
    if speaks {
        let text = match condition {
            0 => "$states.input.v > 5".to_owned(),
            1 => "$exists($states.input.e)".to_owned(),
            2 => "$exists($states.input.r) and $states.input.r.n < 5".to_owned(),
            3 => format!("${variable} != 1"),
            _ => "$states.input.x = 1".to_owned(),
        };
        return json!({ "Condition": format!("{{% {text} %}}") });
    }
    match condition {
        0 => json!({ "Variable": "$.v", "NumericGreaterThan": 5 }),
        1 => json!({ "Variable": "$.e", "IsPresent": true }),
        2 => json!({ "And": [{ "Variable": "$.r", "IsPresent": true },
            { "Variable": "$.r.n", "NumericLessThan": 5 }] }),
        3 => json!({ "Not": { "Variable": format!("${variable}"), "NumericEquals": 1 } }),
        _ => json!({ "Variable": "$.x", "NumericEquals": 1 }),
    }
}
