//! Facts about named entries, and how two sets of them differ.

use std::collections::BTreeMap;
use std::fmt;

use kmip_codec::version::{PUBLISHED, Version};

/// Entries by name; each has facts by name. What cannot be compared is left open, with the reason.
#[derive(Default)]
pub struct Facts {
    entries: BTreeMap<String, BTreeMap<&'static str, String>>,
    open: BTreeMap<(String, &'static str), &'static str>,
}

/// The value of a fact, or why it is left open.
pub type Stated<T> = Result<T, &'static str>;

impl Facts {
    /// Names an entry that has no facts of its own.
    pub fn name(&mut self, entry: &str) {
        self.entries.entry(entry.to_owned()).or_default();
    }

    /// Leaves a fact about an entry open: whatever the other side says is no difference.
    pub fn leave_open(&mut self, entry: &str, fact: &'static str, reason: &'static str) {
        self.open.insert((entry.to_owned(), fact), reason);
    }

    /// Leaves open what other facts leave open.
    pub fn leave_open_all(&mut self, other: Facts) {
        self.open.extend(other.open);
    }

    /// States a fact, or leaves it open.
    pub fn state_or_open(&mut self, entry: &str, fact: &'static str, value: Stated<impl fmt::Display>) {
        match value {
            Ok(value) => self.state(entry, fact, value),
            Err(reason) => self.leave_open(entry, fact, reason),
        }
    }

    /// States a fact about an entry. Stating it twice with different values keeps both, so that the clash is seen.
    pub fn state(&mut self, entry: &str, fact: &'static str, value: impl fmt::Display) {
        let facts = self.entries.entry(entry.to_owned()).or_default();
        let value = value.to_string();
        match facts.get_mut(fact) {
            Some(known) if *known != value => *known = format!("{known} and {value}"),
            Some(_) => {}
            None => {
                facts.insert(fact, value);
            }
        }
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }
}

/// One difference between the data and the code.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    /// The entry's name.
    pub entry: String,
    /// What differs: `existence`, or the name of a fact.
    pub fact: &'static str,
    /// What the data says; nothing if the data does not have it.
    pub data: Option<String>,
    /// What the code says; nothing if the code does not have it.
    pub code: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.fact, &self.data, &self.code) {
            ("existence", Some(_), _) => write!(f, "{}: missing in the code", self.entry),
            ("existence", None, _) => write!(f, "{}: not in the data", self.entry),
            (fact, data, code) => {
                let text = |side: &Option<String>| side.clone().unwrap_or_else(|| "nothing".to_owned());
                write!(f, "{}: {fact} is {} in the data, {} in the code", self.entry, text(data), text(code))
            }
        }
    }
}

/// Every difference, in both directions.
pub fn differences(data: &Facts, code: &Facts) -> Vec<Difference> {
    let mut found = Vec::new();
    for (entry, expected) in &data.entries {
        match code.entries.get(entry) {
            None => found.push(existence(entry, true)),
            Some(stated) => compare(entry, expected, stated, &mut found),
        }
    }
    let invented = code.entries.keys().filter(|entry| !data.entries.contains_key(*entry));
    found.extend(invented.map(|entry| existence(entry, false)));
    let open = |difference: &Difference| {
        let key = (difference.entry.clone(), difference.fact);
        data.open.contains_key(&key) || code.open.contains_key(&key)
    };
    found.retain(|difference| !open(difference));
    found
}

/// How many facts are left open by either side, by reason.
pub fn left_open(data: &Facts, code: &Facts) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    let of_code = code.open.iter().filter(|(key, _)| !data.open.contains_key(*key));
    for (_, reason) in data.open.iter().chain(of_code) {
        *counts.entry(*reason).or_default() += 1;
    }
    counts
}

fn existence(entry: &str, in_data: bool) -> Difference {
    let side = |present: bool| present.then(String::new);
    Difference { entry: entry.to_owned(), fact: "existence", data: side(in_data), code: side(!in_data) }
}

fn compare(
    entry: &str,
    expected: &BTreeMap<&'static str, String>,
    stated: &BTreeMap<&'static str, String>,
    found: &mut Vec<Difference>,
) {
    let mut names: Vec<_> = expected.keys().chain(stated.keys()).copied().collect();
    names.sort_unstable();
    names.dedup();
    for fact in names {
        let (data, code) = (expected.get(fact).cloned(), stated.get(fact).cloned());
        if data != code {
            found.push(Difference { entry: entry.to_owned(), fact, data, code });
        }
    }
}

/// A name that may change with the version, in one canonical form: `1.1: old; 2.0: new`.
pub fn by_version(first: Version, last: Version, name_in: impl Fn(Version) -> String) -> String {
    let mut text: Vec<String> = Vec::new();
    let mut current = None;
    for version in PUBLISHED.into_iter().filter(|version| first <= *version && *version <= last) {
        let name = name_in(version);
        if current.as_ref() != Some(&name) {
            text.push(format!("{version}: {name}"));
            current = Some(name);
        }
    }
    text.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmip_codec::version::{V1_1, V2_0, V3_0};

    fn facts(entries: &[(&str, &'static str, &str)]) -> Facts {
        let mut facts = Facts::default();
        for (entry, fact, value) in entries {
            facts.state(entry, fact, value);
        }
        facts
    }

    fn check(data: &[(&str, &'static str, &str)], code: &[(&str, &'static str, &str)], expected: &[&str]) {
        let found: Vec<String> = differences(&facts(data), &facts(code)).iter().map(ToString::to_string).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn equal_sides_do_not_differ() {
        check(&[("a", "name", "x")], &[("a", "name", "x")], &[]);
    }

    #[test]
    fn both_directions_are_told() {
        check(&[("a", "name", "x")], &[], &["a: missing in the code"]);
        check(&[], &[("a", "name", "x")], &["a: not in the data"]);
    }

    #[test]
    fn a_fact_that_differs_or_is_missing_is_told() {
        let data = [("a", "first", "1.0"), ("a", "name", "x")];
        check(&data, &[("a", "first", "1.0"), ("a", "name", "y")], &["a: name is x in the data, y in the code"]);
        check(&data, &[("a", "name", "x")], &["a: first is 1.0 in the data, nothing in the code"]);
    }

    #[test]
    fn a_fact_that_is_left_open_is_counted_and_no_difference() {
        let (mut data, mut code) = (facts(&[("a", "name", "x")]), facts(&[("a", "name", "y"), ("a", "first", "1.0")]));
        data.state_or_open("a", "first", Err::<&str, _>("not printed"));
        code.leave_open("a", "first", "any");
        code.leave_open("a", "last", "any");
        let found: Vec<String> = differences(&data, &code).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["a: name is x in the data, y in the code"]);
        assert_eq!(left_open(&data, &code), BTreeMap::from([("any", 1), ("not printed", 1)]));
    }

    #[test]
    fn an_entry_that_is_left_open_may_be_on_either_side() {
        let (mut data, code) = (Facts::default(), facts(&[("a", "name", "x")]));
        data.leave_open("a", "existence", "read by hand");
        assert_eq!(differences(&data, &code), []);
        assert_eq!(differences(&code, &data), []);
    }

    #[test]
    fn a_fact_stated_twice_clashes() {
        check(
            &[("a", "name", "x")],
            &[("a", "name", "x"), ("a", "name", "y")],
            &["a: name is x in the data, x and y in the code"],
        );
    }

    #[test]
    fn names_by_version_have_one_form() {
        let name = |version| if version < V2_0 { "old".to_owned() } else { "new".to_owned() };
        assert_eq!(by_version(V1_1, V3_0, name), "1.1: old; 2.0: new");
        assert_eq!(by_version(V2_0, V3_0, name), "2.0: new");
    }
}
