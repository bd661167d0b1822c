//! The doors from outside: a real port, real HTTP and TLS, hostile callers.

mod doors;
mod edges;
mod house;
mod logs;
mod telemetry;
mod tls;
