//! What a save changes: definitions, functions, workers, the configuration.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::Dev;
use crate::config;
use crate::deploy;
use crate::folder::{self, Code, FunctionSource};
use crate::ui::text;
use crate::watch::Watch;

impl Dev {
    /// Takes every save in; ends only with an error that nobody can mend by saving again.
    pub(super) async fn follow_changes<T>(&mut self, mut watch: Watch) -> anyhow::Result<T> {
        while let Some(paths) = watch.next().await {
            self.take_in(&paths).await;
        }
        anyhow::bail!("the folder can no longer be watched")
    }

    async fn take_in(&mut self, paths: &BTreeSet<PathBuf>) {
        let began = Instant::now();
        let project = match folder::read(&self.project.root) {
            Ok(project) => project,
            Err(trouble) => {
                self.screen.line(format!("  {} {trouble}", text::bad()));
                if let Some(next) = trouble.next() {
                    self.screen.line(format!("    {next}"));
                }
                self.screen.line("  everything stays as it was");
                return;
            }
        };
        let before = std::mem::replace(&mut self.project, project);
        self.tell_what_needs_a_restart(&before.config);
        let mut changed = self.change_functions(&before.functions, paths);
        if self.project.config.activities != before.config.activities {
            changed = true;
            if let Err(error) = deploy::activities(&*self.api, &self.project).await {
                self.screen.line(format!("  {} activities: {error}", text::bad()));
            }
        }
        let names = self.names();
        for source in &self.project.machines {
            if paths.contains(&source.file) || !before.machines.contains(source) {
                changed = true;
                self.deploy(source, &names, true).await;
            }
        }
        for gone in before
            .machines
            .iter()
            .filter(|old| !self.project.machines.iter().any(|machine| machine.name == old.name))
        {
            let name = &gone.name;
            self.screen.line(format!(
                "  {} {name} has no file any more; it stays until DeleteStateMachine",
                text::warning()
            ));
        }
        self.change_workers(&before.config, paths).await;
        if changed {
            tracing::info!(took_ms = began.elapsed().as_millis(), "took the save in");
        }
    }

    /// What the running server cannot take in.
    fn tell_what_needs_a_restart(&self, before: &config::Config) {
        let after = &self.project.config;
        let differs = before.port != after.port
            || before.data != after.data
            || before.region != after.region
            || before.account != after.account
            || before.limits != after.limits;
        if differs {
            self.screen.line(format!(
                "  {} port, data, region, account and limits change at the next start",
                text::warning()
            ));
        }
    }

    fn change_functions(&mut self, before: &[FunctionSource], paths: &BTreeSet<PathBuf>) -> bool {
        let touched: Vec<String> = self
            .project
            .functions
            .iter()
            .filter(|function| !before.contains(function) || holds_any(function, paths))
            .map(|function| function.name.clone())
            .collect();
        let is_other_set = before != self.project.functions.as_slice();
        if is_other_set && let Err(error) = self.put_functions() {
            self.screen.line(format!("  {} functions: {error:#}", text::bad()));
            return true;
        }
        for name in &touched {
            self.server.reload_function(name);
            self.screen.line(format!("  {} function {name} loaded", text::good()));
        }
        let is_left = |old: &&FunctionSource| {
            !self.project.functions.iter().any(|function| function.name == old.name)
        };
        for gone in before.iter().filter(is_left) {
            self.screen.line(format!("  {} function {} is gone", text::warning(), gone.name));
        }
        is_other_set || !touched.is_empty()
    }

    async fn change_workers(&mut self, before: &config::Config, paths: &BTreeSet<PathBuf>) {
        let is_other =
            format!("{:?}", before.workers) != format!("{:?}", self.project.config.workers);
        if is_other {
            self.workers.clear();
            self.start_workers().await;
            for name in self.workers.keys() {
                self.screen.line(format!("  {} worker {name} started anew", text::good()));
            }
            return;
        }
        for (name, worker) in &self.project.config.workers {
            let folders = worker_folders(&self.project.root, &worker.command);
            let is_touched =
                paths.iter().any(|path| folders.iter().any(|folder| path.starts_with(folder)));
            if is_touched && let Some(running) = self.workers.get(name) {
                running.restart();
            }
        }
    }
}

fn holds_any(function: &FunctionSource, paths: &BTreeSet<PathBuf>) -> bool {
    match &function.code {
        Code::Folder { dir, .. } => paths.iter().any(|path| path.starts_with(dir)),
        Code::Url(_) => false,
    }
}

/// Folders below the root that hold a file named in the command; a file in the root itself.
fn worker_folders(root: &Path, command: &[String]) -> Vec<PathBuf> {
    command
        .iter()
        .map(|word| root.join(word))
        .filter(|path| path.is_file())
        .filter_map(|path| match path.parent() {
            Some(parent) if parent == root => Some(path),
            Some(parent) if parent.starts_with(root) => Some(parent.to_owned()),
            _ => None,
        })
        .collect()
}
