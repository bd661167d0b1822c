//! What is reached through others: programs of theirs, and humans.

#[cfg(test)]
mod manual;
#[cfg(test)]
mod process;
#[cfg(test)]
mod ssh;
