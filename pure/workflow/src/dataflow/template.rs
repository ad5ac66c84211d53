//! Payload templates of JSONPath states (SFN-TMPL-1…6).

use asl::model::Template;
use intrinsics::Scope;
use jsonpath::{Missing, Path};
use serde_json::{Map, Value};

use super::eyes::Eyes;
use super::order::sort_as_hashed;
use super::quoted;
use crate::errors::Raised;

impl Eyes<'_> {
    /// Fills a template; `document` is what `$` stands for.
    pub(super) fn fill(&self, template: &Template, document: &Value) -> Result<Value, Raised> {
        self.hold_nothing();
        self.fill_member(template, document, "")
    }

    fn fill_member(
        &self,
        template: &Template,
        document: &Value,
        key: &str,
    ) -> Result<Value, Raised> {
        match template {
            Template::Literal(value) => Ok(value.clone()),
            Template::Object(members) => self.fill_object(members, document),
            Template::Array(items) => {
                let filled = items.iter().map(|item| self.fill_member(item, document, key));
                filled.collect::<Result<Vec<Value>, Raised>>().map(Value::Array)
            }
            Template::Path(path) => {
                let value = self.template_path(path, document, &format!("{key}.$"))?;
                self.hold(&value).map(|()| value)
            }
            Template::Intrinsic(call) => {
                let value = self.call(call, document)?;
                self.hold(&value).map(|()| value)
            }
            // A JSONPath state holds no expressions; its own language would have compiled them.
            Template::Jsonata(expression) => Ok(expression.text().into()),
        }
    }

    /// Literal members keep their places; computed ones follow, as AWS has them.
    fn fill_object(
        &self,
        members: &[(String, Template)],
        document: &Value,
    ) -> Result<Value, Raised> {
        let computed = |part: &Template| matches!(part, Template::Path(_) | Template::Intrinsic(_));
        let (mut late, early): (Vec<_>, Vec<_>) =
            members.iter().partition(|(_, part)| computed(part));
        sort_as_hashed(&mut late, |(key, _)| key);
        let mut filled = Map::with_capacity(members.len());
        for (key, part) in early.into_iter().chain(late) {
            filled.insert(key.clone(), self.fill_member(part, document, key)?);
        }
        Ok(Value::Object(filled))
    }

    /// The value of a path in a template; `field` is named when there is none (SFN-TMPL-5).
    pub(super) fn template_path(
        &self,
        path: &Path,
        document: &Value,
        field: &str,
    ) -> Result<Value, Raised> {
        match self.select(path, document) {
            Ok(selection) => Ok(selection.into_value()),
            Err(lost) if lost.missing.past_end => Ok(Value::Null),
            Err(lost) => Err(Raised::Runtime(format!(
                "The JSONPath '{}' specified for the field '{field}' could not be found in the \
                 input '{}'",
                path.text(),
                quoted(lost.searched)
            ))),
        }
    }

    pub(super) fn call(&self, call: &intrinsics::Call, document: &Value) -> Result<Value, Raised> {
        let scope = Searched { eyes: self, document };
        let mut random = self.run.random.borrow_mut();
        call.evaluate(&scope, &mut random).map_err(|failure| Raised::Runtime(failure.cause))
    }
}

/// What the path arguments of an intrinsic call are looked up in.
struct Searched<'e, 'r> {
    eyes: &'e Eyes<'r>,
    document: &'e Value,
}

impl Scope for Searched<'_, '_> {
    fn resolve(&self, path: &Path) -> Result<Value, (Missing, String)> {
        match self.eyes.select(path, self.document) {
            Ok(selection) => Ok(selection.into_value()),
            Err(lost) => Err((lost.missing, quoted(lost.searched))),
        }
    }
}
