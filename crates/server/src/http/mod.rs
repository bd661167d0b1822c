//! The HTTP doors: which operations are mounted, who may call them, what surrounds every request.

pub mod access;
pub mod body;
mod cursor;
mod edge;
pub mod gate;
pub mod metrics;
mod pages;
pub mod place;
pub mod refusal;
pub mod refuse;
pub mod routes;
pub mod system;
pub mod v1;

pub use body::{Form, Json, Raw};
pub use edge::{Edge, EdgeLimits, RequestTag};
pub use gate::{Caller, Gate, GateUnavailable, Known};
pub use place::{Place, Query};
pub use refusal::Refusal;
pub use routes::{MountError, Routes};
