//! A JSON object that is put together as text, so that a case may write what no serializer would.

/// Members in their order; values are raw JSON.
#[derive(Clone)]
pub(crate) struct Content(Vec<(String, String)>);

impl Content {
    pub(crate) fn of(members: &[(&str, &str)]) -> Content {
        let members = members.iter();
        Content(
            members
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        )
    }

    /// Changes a member, or adds it.
    pub(crate) fn set(mut self, name: &str, raw: &str) -> Content {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, value)) => raw.clone_into(value),
            None => return self.and(name, raw),
        }
        self
    }

    /// Changes a text member.
    pub(crate) fn say(self, name: &str, text: &str) -> Content {
        self.set(name, &format!("\"{text}\""))
    }

    /// Adds a member, whether or not it is there.
    pub(crate) fn and(mut self, name: &str, raw: &str) -> Content {
        self.0.push((name.to_owned(), raw.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Content {
        self.0.retain(|(known, _)| known != name);
        self
    }

    pub(crate) fn text(&self) -> String {
        let members: Vec<String> = self
            .0
            .iter()
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        format!("{{{}}}", members.join(","))
    }
}
