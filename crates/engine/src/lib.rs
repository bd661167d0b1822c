//! A durable runner that knows nothing of identity.
//!
//! It takes processes and inputs and makes sure that every step of every run happens, in order,
//! once in effect, whatever dies. It never sees SQL ([`journal`] says what it asks of a
//! database), never knows what an effect does ([`perform`]), and never runs a decision twice:
//! recovery folds what was written. Start at [`core`].

mod arrival;
pub mod core;
mod handle;
pub mod journal;
pub mod limits;
pub mod message;
pub mod perform;
pub mod process;
pub mod runner;
pub mod sim;
mod turn;

pub use arrival::{Arrival, Begin};
pub use core::{Core, Plant, TurnError, Turned};
pub use handle::{BeginError, Engine, Gauges};
pub use message::{Busy, Start};
pub use perform::{Ended, OperationKey, Order, Performer};
pub use process::{Decided, Process, Summary};
pub use runner::{Parts, loops, start};
