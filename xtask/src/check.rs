//! All the gates one after another, without stopping at the first red one.

use crate::machine::{self, Workspace};
use crate::trouble::{Result, Trouble};
use crate::{deny, generated, tidy, walls};

/// Runs every gate and says at the end which were red.
pub fn run(workspace: &Workspace) -> Result<()> {
    let gates: [(&str, &dyn Fn() -> Result<()>); 6] = [
        ("format", &|| machine::run(&mut workspace.cargo(["fmt", "--all", "--check"]))),
        ("walls", &|| walls::run(workspace, true)),
        ("tidy", &|| tidy::run(workspace)),
        ("deny", &|| deny::run(workspace)),
        ("clippy", &|| clippy(workspace)),
        ("gen", &|| generated::run(workspace, true)),
    ];
    let mut red = Vec::new();
    for (name, gate) in gates {
        machine::say(&format!("── {name}"));
        if let Err(trouble) = gate() {
            machine::complain(&format!("{name}: {}", trouble.chain()));
            red.push(name);
        }
    }
    if red.is_empty() { Ok(()) } else { Err(Trouble::new(format!("check: {}", red.join(", ")))) }
}

fn clippy(workspace: &Workspace) -> Result<()> {
    machine::run(&mut workspace.cargo(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))
}
