//! Which route a request takes. Templates are those of `google.api.http`: literals, `{field}`, `{a.b}` and a verb after a colon.
use std::collections::HashMap;

use http::Method;

use crate::text::percent_decoded;

/// A template that cannot be routed; found at the start, never while serving.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RouteError {
    #[error("{0}: not a path template")]
    Template(String),
    #[error("{0} {1} is declared twice")]
    Twice(Method, String),
}

/// All routes of the gateway with what each leads to.
pub struct Routes<T> {
    root: Node<T>,
}

struct Node<T> {
    literals: HashMap<String, Node<T>>,
    variable: Option<Box<Node<T>>>,
    leaves: Vec<Leaf<T>>,
}

struct Leaf<T> {
    method: Method,
    verb: Option<String>,
    variables: Vec<String>,
    target: T,
}

/// What a path and a method lead to.
pub enum Found<'a, T> {
    Route {
        target: &'a T,
        /// Field paths with the values the path gives them.
        values: Vec<(&'a str, String)>,
    },
    /// The path exists, for these methods.
    Methods(Vec<&'a Method>),
    Nothing,
}

impl<T> Default for Node<T> {
    fn default() -> Self {
        Self { literals: HashMap::new(), variable: None, leaves: Vec::new() }
    }
}

impl<T> Default for Routes<T> {
    fn default() -> Self {
        Self { root: Node::default() }
    }
}

impl<T> Routes<T> {
    /// Adds a route; the same method and shape of path may be there once.
    pub fn add(&mut self, method: Method, template: &str, target: T) -> Result<(), RouteError> {
        let wrong = || RouteError::Template(template.to_owned());
        let (path, verb) = split_template(template).ok_or_else(wrong)?;
        let mut variables = Vec::new();
        let mut node = &mut self.root;
        for segment in path.split('/') {
            node = match segment.strip_prefix('{') {
                Some(rest) => {
                    let name = rest.strip_suffix('}').map(|name| name.strip_suffix("=*").unwrap_or(name));
                    let name =
                        name.filter(|name| !name.is_empty() && !name.contains(['{', '=', '*'])).ok_or_else(wrong)?;
                    variables.push(name.to_owned());
                    node.variable.get_or_insert_default()
                }
                None if segment.contains(['{', '}', '*']) => return Err(wrong()),
                None => node.literals.entry(segment.to_owned()).or_default(),
            };
        }
        if node.leaves.iter().any(|leaf| leaf.method == method && leaf.verb.as_deref() == verb) {
            return Err(RouteError::Twice(method, template.to_owned()));
        }
        node.leaves.push(Leaf { method, verb: verb.map(str::to_owned), variables, target });
        Ok(())
    }

    /// Finds a route. A literal wins over a variable, a verb over a value with a colon in it; HEAD goes where GET goes.
    pub fn find(&self, method: &Method, path: &str) -> Found<'_, T> {
        let Some(path) = path.strip_prefix('/') else { return Found::Nothing };
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let with_verb = path.rsplit_once(':').filter(|(_, verb)| !verb.contains('/'));
        let attempts = with_verb.map(|(path, verb)| (path, Some(verb))).into_iter().chain([(path, None)]);
        let mut methods = Vec::new();
        for (path, verb) in attempts {
            let segments: Vec<&str> = path.split('/').collect();
            let mut values = Vec::new();
            let Some(node) = self.root.descend(&segments, verb, &mut values) else { continue };
            for leaf in node.leaves.iter().filter(|leaf| leaf.verb.as_deref() == verb) {
                if leaf.method == *method {
                    let Some(decoded) = values.iter().map(|value| percent_decoded(value)).collect::<Option<Vec<_>>>()
                    else {
                        return Found::Nothing;
                    };
                    let values = leaf.variables.iter().map(String::as_str).zip(decoded).collect();
                    return Found::Route { target: &leaf.target, values };
                }
                methods.push(&leaf.method);
            }
        }
        if methods.is_empty() { Found::Nothing } else { Found::Methods(methods) }
    }
}

impl<T> Node<T> {
    fn descend<'p>(&self, segments: &[&'p str], verb: Option<&str>, values: &mut Vec<&'p str>) -> Option<&Self> {
        let Some((first, rest)) = segments.split_first() else {
            return self.leaves.iter().any(|leaf| leaf.verb.as_deref() == verb).then_some(self);
        };
        if let Some(found) = self.literals.get(*first).and_then(|node| node.descend(rest, verb, values)) {
            return Some(found);
        }
        let variable = self.variable.as_ref().filter(|_| !first.is_empty())?;
        values.push(first);
        let found = variable.descend(rest, verb, values);
        if found.is_none() {
            values.pop();
        }
        found
    }
}

/// The path without its first slash, and the verb behind the last segment.
fn split_template(template: &str) -> Option<(&str, Option<&str>)> {
    let path = template.strip_prefix('/')?;
    let last = path.rfind('/').map_or(0, |slash| slash + 1);
    let after = path[last..].find('}').map_or(last, |brace| last + brace);
    let Some(colon) = path[after..].find(':').map(|colon| after + colon) else { return Some((path, None)) };
    let (path, verb) = (&path[..colon], &path[colon + 1..]);
    (!path.is_empty() && !verb.is_empty()).then_some((path, Some(verb)))
}

#[cfg(test)]
mod tests;
