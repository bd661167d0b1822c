//! The connectors against real servers. One binary for all of them.

#[cfg(test)]
mod ad;
#[cfg(test)]
mod file;
#[cfg(test)]
mod ldap;
#[cfg(test)]
mod lossy;
#[cfg(test)]
mod slow;
