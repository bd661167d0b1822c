//! brakes
