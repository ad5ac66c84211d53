//! What clients may expect of machines, versions, aliases and executions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::act::{Act, LAST, MAP, Routes, Target, fails, machine_arn, waits_ms};

#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) machines: BTreeMap<u8, Machine>,
    /// In the order of their starts; those of machines that are gone stay here, unseen.
    pub(super) executions: Vec<Execution>,
    lives: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Machine {
    life: u64,
    current: Revision,
    revisions: u64,
    published_at_creation: bool,
    last_version: u64,
    versions: BTreeMap<u64, (Revision, Option<String>)>,
    aliases: BTreeMap<u8, (Routes, Option<String>)>,
    tags: BTreeMap<u8, u8>,
    deleting: bool,
}

#[derive(Clone, Debug, PartialEq)]
struct Revision {
    number: u64,
    definition: u8,
    role: u8,
}

#[derive(Clone, Debug)]
pub(super) struct Execution {
    pub(super) arn: String,
    machine: u8,
    life: u64,
    definition: u8,
    version: Option<u64>,
    alias: Option<u8>,
    name: Option<u8>,
    number: u8,
    status: &'static str,
    redrives: u64,
    /// When its Wait is over.
    due_ms: i64,
}

/// An answer as far as the model tells: a code for a refusal.
pub(super) type Expected = Result<(), &'static str>;

impl Model {
    fn machine(&mut self, machine: u8) -> Result<&mut Machine, &'static str> {
        self.machines.get_mut(&machine).ok_or("StateMachineDoesNotExist")
    }

    fn live(&mut self, machine: u8) -> Result<&mut Machine, &'static str> {
        let found = self.machine(machine)?;
        if found.deleting { Err("StateMachineDeleting") } else { Ok(found) }
    }

    /// Whether clients see an execution: it goes with its machine.
    fn seen(&self, execution: &Execution) -> bool {
        let machine = self.machines.get(&execution.machine);
        machine.is_some_and(|machine| machine.life == execution.life)
    }

    /// Takes up an act that was answered with `answer`; what it should have been answered.
    pub(super) fn take(
        &mut self,
        act: &Act,
        number: usize,
        answer: &Result<Value, String>,
        now_ms: i64,
    ) -> Expected {
        let expected = self.take_in(act, number, answer, now_ms);
        self.finish_deletions();
        expected
    }

    fn take_in(
        &mut self,
        act: &Act,
        number: usize,
        answer: &Result<Value, String>,
        now_ms: i64,
    ) -> Expected {
        match act {
            Act::Create { machine, definition, publish } => {
                self.create(*machine, *definition, *publish)
            }
            Act::Update { definition: None, role: None, publish: false, .. } => {
                Err("MissingRequiredParameter")
            }
            Act::Update { machine, definition, role, publish } => {
                let found = self.live(*machine)?;
                let next = Revision {
                    number: found.current.number,
                    definition: definition.unwrap_or(found.current.definition),
                    role: role.unwrap_or(found.current.role),
                };
                if next != found.current {
                    found.revisions += 1;
                    found.current = Revision { number: found.revisions, ..next };
                }
                if *publish {
                    found.publish(None);
                }
                Ok(())
            }
            Act::Publish { machine, described, stale } => {
                let found = self.live(*machine)?;
                if *stale {
                    return Err("ConflictException");
                }
                found.publish(described.then(|| format!("version of {number}")));
                Ok(())
            }
            Act::DeleteVersion { machine, version } => {
                let Some(found) = self.machines.get_mut(machine) else { return Ok(()) };
                let routes = |(routes, _): &(Routes, _)| routes.iter().any(|(to, _)| to == version);
                if found.aliases.values().any(routes) {
                    return Err("ConflictException");
                }
                found.versions.remove(version);
                Ok(())
            }
            Act::CreateAlias { machine, alias, routes } => {
                let found = self.routed(*machine, routes)?;
                if let Some((known, description)) = found.aliases.get(alias) {
                    let same = known == routes && description.is_none();
                    return if same { Ok(()) } else { Err("ConflictException") };
                }
                found.aliases.insert(*alias, (routes.clone(), None));
                Ok(())
            }
            Act::UpdateAlias { machine, alias, routes, described } => {
                let found = self.routed(*machine, routes.as_deref().unwrap_or_default())?;
                let known = found.aliases.get_mut(alias).ok_or("ResourceNotFound")?;
                if let Some(routes) = routes {
                    known.0.clone_from(routes);
                }
                if *described {
                    known.1 = Some(format!("alias of {number}"));
                }
                Ok(())
            }
            Act::DeleteAlias { machine, alias } => {
                if let Some(found) = self.machines.get_mut(machine) {
                    found.aliases.remove(alias);
                }
                Ok(())
            }
            Act::Start { machine, target, name, number } => {
                self.start((*machine, target), (*name, *number), answer, now_ms)
            }
            Act::Stop { execution } => {
                let found = self.execution(*execution)?;
                if found.status == "RUNNING" {
                    found.status = "ABORTED";
                }
                Ok(())
            }
            Act::Redrive { execution, .. } => self.redrive(*execution, now_ms),
            Act::Tag { machine, key, value } => {
                let found = self.machines.get_mut(machine).ok_or("ResourceNotFound")?;
                found.tags.insert(*key, *value);
                Ok(())
            }
            Act::Untag { machine, key } => {
                let found = self.machines.get_mut(machine).ok_or("ResourceNotFound")?;
                found.tags.remove(key);
                Ok(())
            }
            Act::DeleteMachine { machine } => {
                if let Some(found) = self.machines.get_mut(machine) {
                    found.deleting = true;
                }
                Ok(())
            }
            Act::UpdateMapRun { execution, .. } => match self.execution(*execution) {
                Ok(found) if found.status == "RUNNING" => Ok(()),
                Ok(_) => Err("ValidationException"),
                Err(_) => Err("ResourceNotFound"),
            },
            Act::Pass { .. } => {
                self.pass(now_ms);
                Ok(())
            }
        }
    }

    fn create(&mut self, machine: u8, definition: u8, publish: bool) -> Expected {
        if let Some(found) = self.machines.get(&machine) {
            let same =
                found.current.definition == definition && found.published_at_creation == publish;
            return match found.deleting {
                true => Err("StateMachineDeleting"),
                false if same => Ok(()),
                false => Err("StateMachineAlreadyExists"),
            };
        }
        self.lives += 1;
        let mut made = Machine {
            life: self.lives,
            current: Revision { number: 0, definition, role: 0 },
            revisions: 0,
            published_at_creation: publish,
            last_version: 0,
            versions: BTreeMap::new(),
            aliases: BTreeMap::new(),
            tags: BTreeMap::new(),
            deleting: false,
        };
        if publish {
            made.publish(None);
        }
        self.machines.insert(machine, made);
        Ok(())
    }

    /// A machine that has all the versions that are led to.
    fn routed(&mut self, machine: u8, routes: &[(u64, u64)]) -> Result<&mut Machine, &'static str> {
        let found = self.machines.get_mut(&machine).ok_or("ResourceNotFound")?;
        if found.deleting {
            return Err("StateMachineDeleting");
        }
        if routes.iter().any(|(version, _)| !found.versions.contains_key(version)) {
            return Err("ResourceNotFound");
        }
        Ok(found)
    }

    fn start(
        &mut self,
        (machine, target): (u8, &Target),
        (name, number): (Option<u8>, u8),
        answer: &Result<Value, String>,
        now_ms: i64,
    ) -> Expected {
        let found = self.live(machine)?;
        let life = found.life;
        let absent = "StateMachineDoesNotExist";
        let (revision, version, alias) = match target {
            Target::Machine => (found.current.clone(), None, None),
            Target::Version(version) => {
                let (revision, _) = found.versions.get(version).ok_or(absent)?;
                (revision.clone(), Some(*version), None)
            }
            Target::Alias(alias) => {
                let (routes, _) = found.aliases.get(alias).ok_or(absent)?;
                let ways = routes.iter().filter(|(_, weight)| *weight > 0).count();
                // Chance decides; the model hears of it from the execution.
                let version = if ways == 1 { routes[0].0 } else { 0 };
                let revision = match version {
                    0 => found.current.clone(),
                    version => found.versions[&version].0.clone(),
                };
                (revision, Some(version), Some(*alias))
            }
        };
        let taken = self.executions.iter().find(|one| {
            name.is_some() && one.machine == machine && one.life == life && one.name == name
        });
        if let Some(taken) = taken {
            let same = taken.status == "RUNNING" && taken.number == number;
            return if same { Ok(()) } else { Err("ExecutionAlreadyExists") };
        }
        let Ok(answer) = answer else { return Ok(()) };
        let mut started = Execution {
            arn: answer["executionArn"].as_str().unwrap().to_owned(),
            machine,
            life,
            definition: revision.definition,
            version,
            alias,
            name,
            number,
            status: "RUNNING",
            redrives: 0,
            due_ms: now_ms + waits_ms(revision.definition),
        };
        if version != Some(0) {
            started.move_on(now_ms);
        }
        self.executions.push(started);
        Ok(())
    }

    fn execution(&mut self, at: u8) -> Result<&mut Execution, &'static str> {
        let at = if at == LAST { self.executions.len().wrapping_sub(1) } else { usize::from(at) };
        let seen = self.executions.get(at).is_some_and(|found| self.seen(found));
        let found = self.executions.get_mut(at).filter(|_| seen);
        found.ok_or("ExecutionDoesNotExist")
    }

    fn redrive(&mut self, at: u8, now_ms: i64) -> Expected {
        let machine = self.execution(at)?.machine;
        let deleting = self.machines[&machine].deleting;
        let found = self.execution(at)?;
        if deleting || matches!(found.status, "RUNNING" | "SUCCEEDED") {
            return Err("ExecutionNotRedrivable");
        }
        let aborted = found.status == "ABORTED";
        found.redrives += 1;
        found.status = "RUNNING";
        if aborted {
            // It was stopped in its first state, and does that state again.
            found.due_ms = now_ms + waits_ms(found.definition);
        }
        found.move_on(now_ms);
        Ok(())
    }

    fn pass(&mut self, now_ms: i64) {
        for execution in &mut self.executions {
            let machine = self.machines.get(&execution.machine);
            let doomed =
                machine.is_some_and(|machine| machine.deleting && machine.life == execution.life);
            let ran = execution.status == "RUNNING";
            execution.move_on(now_ms);
            // Its next transition was its last (SFN-SEM-74).
            if ran && doomed && execution.status != "RUNNING" {
                execution.status = "FAILED";
            }
        }
    }

    fn finish_deletions(&mut self) {
        let executions = &self.executions;
        self.machines.retain(|_, machine| {
            let runs = |one: &Execution| one.life == machine.life && one.status == "RUNNING";
            !machine.deleting || executions.iter().any(runs)
        });
    }

    /// Takes over what the model cannot know: what chance chose, and how far a map run is.
    pub(super) fn hear(&mut self, told: &BTreeMap<String, Value>, now_ms: i64) {
        for execution in &mut self.executions {
            let Some(machine) = self.machines.get(&execution.machine) else { continue };
            if machine.life != execution.life {
                continue;
            }
            let seen = told.get(&execution.arn);
            if execution.version == Some(0) {
                let version = seen.unwrap()["version"].as_u64().unwrap();
                let (routes, _) = &machine.aliases[&execution.alias.unwrap()];
                assert!(routes.iter().any(|(to, weight)| *to == version && *weight > 0));
                let definition = machine.versions[&version].0.definition;
                execution.version = Some(version);
                execution.definition = definition;
                execution.due_ms = now_ms + waits_ms(definition);
                execution.move_on(now_ms);
            }
            if execution.definition == MAP && execution.status == "RUNNING" {
                execution.status = match seen.map(|seen| &seen["status"]) {
                    None if machine.deleting => "FAILED",
                    Some(status) if status == "FAILED" && machine.deleting => "FAILED",
                    Some(status) if status == "SUCCEEDED" && execution.due_ms <= now_ms => {
                        "SUCCEEDED"
                    }
                    _ => "RUNNING",
                };
            }
        }
        self.finish_deletions();
    }

    /// What everything that can be seen should tell; see `observe`.
    pub(super) fn expected(&self) -> BTreeMap<String, Value> {
        let mut told = BTreeMap::new();
        for (machine, found) in &self.machines {
            told.insert(machine_arn(*machine), found.expected());
        }
        for execution in self.executions.iter().filter(|one| self.seen(one)) {
            told.insert(execution.arn.clone(), execution.expected());
        }
        told
    }
}

impl Machine {
    fn publish(&mut self, description: Option<String>) {
        if self.versions.values().any(|(revision, _)| *revision == self.current) {
            return;
        }
        self.last_version += 1;
        self.versions.insert(self.last_version, (self.current.clone(), description));
    }

    fn expected(&self) -> Value {
        let versions: BTreeMap<String, Value> = self
            .versions
            .iter()
            .map(|(number, (revision, description))| {
                let told = json!([revision.definition, revision.role, description]);
                (number.to_string(), told)
            })
            .collect();
        let aliases: BTreeMap<String, Value> = self
            .aliases
            .iter()
            .map(|(alias, told)| (format!("alias{alias}"), json!(told)))
            .collect();
        let tags: Vec<String> =
            self.tags.iter().map(|(key, value)| format!("k{key}=v{value}")).collect();
        json!({
            "status": if self.deleting { "DELETING" } else { "ACTIVE" },
            "current": [self.current.definition, self.current.role],
            "versions": versions,
            "aliases": aliases,
            "tags": tags,
        })
    }
}

impl Execution {
    /// Goes on when its Wait is over; a map run's end is heard of.
    fn move_on(&mut self, now_ms: i64) {
        if self.status == "RUNNING" && self.definition != MAP && self.due_ms <= now_ms {
            self.status = if fails(self.definition) { "FAILED" } else { "SUCCEEDED" };
        }
    }

    fn expected(&self) -> Value {
        json!({
            "status": self.status,
            "definition": self.definition,
            "version": self.version,
            "alias": self.alias.map(|alias| format!("alias{alias}")),
            "redrives": self.redrives,
            "number": self.number,
        })
    }
}
