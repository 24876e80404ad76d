//! The contract as TypeScript, for `ui/src/lib/api/contract.ts`.

use super::*;
use std::{
    any::TypeId,
    collections::{BTreeMap, HashSet},
};
use ts_rs::{Config, TypeVisitor};

/// Gathers the declaration of every type a command touches.
struct Declarations {
    config: Config,
    seen: HashSet<TypeId>,
    texts: BTreeMap<String, String>,
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        // Only our own types have a file of their own; built-in ones need no declaration.
        if T::output_path().is_some() {
            let docs = T::docs().unwrap_or_default();
            self.texts.insert(
                T::ident(&self.config),
                format!("{docs}export {}\n", T::decl(&self.config)),
            );
        }
        T::visit_dependencies(self);
    }
}

/// Everything the UI needs to know, in a stable order.
#[must_use]
pub fn typescript() -> String {
    let mut all = Declarations {
        config: Config::new().with_large_int("number"),
        seen: HashSet::new(),
        texts: BTreeMap::new(),
    };
    let mut commands = String::new();
    macro_rules! gather {
        ($($(#[doc = $doc:literal])* $name:ident: $args:ty => $answer:ty,)+) => {
            $(
                all.visit::<$args>();
                all.visit::<$answer>();
                $(commands.push_str(&format!("  /**{} */\n", $doc));)*
                commands.push_str(&format!(
                    "  {}: {{ args: {}; answer: {} }};\n",
                    stringify!($name),
                    <$args as TS>::name(&all.config),
                    <$answer as TS>::name(&all.config),
                ));
            )+
        };
    }
    crate::with_commands!(gather);
    all.visit::<CommandError>();
    all.visit::<Event>();
    let types: String = all.texts.into_values().collect::<Vec<_>>().join("\n");
    format!(
        "// Written by `cargo xtask gen` from the contract in src-tauri/crates/console. Do not edit.\n\n{types}\n/** Every command with its arguments and answer. */\nexport interface Commands {{\n{commands}}}\n"
    )
}
