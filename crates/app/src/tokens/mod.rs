//! Tokens of the API. The secret is made and hashed at the door; only the hash comes here.

pub mod create;
pub mod list;
pub mod recognise;
pub mod revoke;
