//! The world that simulated effects act on: it keeps what was done, and says what it likes.

use std::collections::BTreeMap;

use tenure_model::{Ending, RefusalClass, RunId};

use super::chance::Chance;
use crate::perform::Order;

/// What one intended effect came to in the world.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deed {
    /// How many different keys had it done: more than one means that it was doubled.
    pub keys: Vec<String>,
    /// How often it was asked for.
    pub asked: u32,
}

/// What was done, and in which order.
#[derive(Debug, Default)]
pub struct World {
    /// By run, node and whether it is a taking back.
    pub deeds: BTreeMap<(RunId, String, bool), Deed>,
    /// In the order in which they first had effect.
    pub history: Vec<(RunId, String, bool)>,
}

/// How a simulated effect goes.
#[derive(Debug, Clone, PartialEq)]
pub enum Turnout {
    /// The engine hears this.
    Heard(Ending),
    /// It hears nothing: the worker died with the answer in its hands.
    Unheard,
}

impl World {
    /// Carries out an order as a target with keys would: the same key again has no new effect.
    pub fn carry_out(&mut self, order: &Order, chance: &mut Chance) -> Turnout {
        let name = (order.run, order.task.node.clone(), order.task.undo);
        let deed = self.deeds.entry(name.clone()).or_default();
        deed.asked += 1;
        let how = chance.below(100);
        // Refused before anything happened.
        match how {
            0..8 => return Turnout::Heard(refused(RefusalClass::Transient, "busy")),
            8 if !order.task.undo => return Turnout::Heard(refused(RefusalClass::Permanent, "no such thing")),
            9..12 => return Turnout::Heard(unknown()),
            _ => {}
        }
        let key = order.key.as_str().to_owned();
        if !deed.keys.contains(&key) {
            if deed.keys.is_empty() {
                self.history.push(name);
            }
            deed.keys.push(key);
        }
        match how {
            12..16 => Turnout::Heard(unknown()),
            16..20 => Turnout::Unheard,
            _ => Turnout::Heard(Ending::Done { outcome: "done".to_owned(), output: serde_json::Value::Null }),
        }
    }
}

fn refused(class: RefusalClass, message: &str) -> Ending {
    Ending::Refused { class, message: message.to_owned(), retry_after_ms: None }
}

fn unknown() -> Ending {
    Ending::Unknown { message: "no answer".to_owned() }
}
