//! Versions of the estate: which one is in force, what it says, and how the next one gets there.

pub mod follow;
pub mod list;
pub mod show;
pub mod take;

use sha2::{Digest as _, Sha256};
use tenure_store::estates::EstateFile;

use crate::estate::hex;

/// A file of documents, with the hash of what it says.
pub fn file(path: String, text: String) -> EstateFile {
    let hash = hex(&Sha256::digest(text.as_bytes()));
    EstateFile { path, text, hash }
}

/// The hash of an estate: of every path and what stands there, in the order of the paths.
pub fn hash(files: &[EstateFile]) -> String {
    let mut sorted: Vec<&EstateFile> = files.iter().collect();
    sorted.sort();
    let mut hash = Sha256::new();
    for file in sorted {
        // The length keeps the end of a path and the beginning of a hash apart.
        hash.update((file.path.len() as u64).to_be_bytes());
        hash.update(file.path.as_bytes());
        hash.update(file.hash.as_bytes());
    }
    hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_of_what_stands_where_and_not_of_the_order() {
        let file = |path: &str, text: &str| file(path.to_owned(), text.to_owned());
        let one = hash(&[file("a", "x"), file("b", "y")]);
        assert_eq!(one, hash(&[file("b", "y"), file("a", "x")]));
        for other in [
            vec![file("a", "x")],
            vec![file("a", "y"), file("b", "x")],
            vec![file("a", "x"), file("c", "y")],
            vec![file("a", "x"), file("b", "y "), file("c", "")],
        ] {
            assert_ne!(one, hash(&other), "{other:?}");
        }
    }
}
