//! The Merkle tree of a block, after RFC 6962 (section 2.1). Pure.
//!
//! A leaf is `SHA-256(0x00 ‖ entry)`, a node `SHA-256(0x01 ‖ left ‖ right)`, so that no node can be passed off as a leaf. A tree of
//! *n* > 1 leaves has the greatest power of two below *n* on its left. The entries are the content hashes of decisions.

use sha2::{Digest as _, Sha256};

/// A SHA-256.
pub(crate) type Hash = [u8; 32];

fn leaf(entry: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(entry).finalize().into()
}

fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// How many of `length` > 1 leaves are on the left.
const fn split(length: usize) -> usize {
    1 << (length - 1).ilog2()
}

/// The root over `entries` in their order; of none it is the SHA-256 of nothing.
pub(crate) fn root<E: AsRef<[u8]>>(entries: &[E]) -> Hash {
    match entries {
        [] => Sha256::digest([]).into(),
        [one] => leaf(one.as_ref()),
        several => {
            let (left, right) = several.split_at(split(several.len()));
            node(&root(left), &root(right))
        }
    }
}

/// What else is needed to compute the root from the entry at `index`: the sibling at each level, from the leaf upwards. None when
/// there is no such entry.
pub(crate) fn proof<E: AsRef<[u8]>>(entries: &[E], index: usize) -> Option<Vec<Hash>> {
    if index >= entries.len() {
        return None;
    }
    let (mut rest, mut index, mut siblings) = (entries, index, Vec::new());
    while rest.len() > 1 {
        let (left, right) = rest.split_at(split(rest.len()));
        if index < left.len() {
            siblings.push(root(right));
            rest = left;
        } else {
            siblings.push(root(left));
            index -= left.len();
            rest = right;
        }
    }
    siblings.reverse();
    Some(siblings)
}

/// Whether `proof` leads from `entry`, at `index` of `length`, to `root`. Needs nothing else (RFC 9162, section 2.1.3.2).
pub(crate) fn is_included(entry: &[u8], index: usize, length: usize, proof: &[Hash], wanted: &[u8]) -> bool {
    if index >= length {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, length - 1, leaf(entry));
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            hash = node(sibling, &hash);
            while at.is_multiple_of(2) && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node(&hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == wanted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::decision::hex;

    /// The test vectors of the Certificate Transparency project for RFC 6962.
    #[test]
    fn roots_are_those_of_the_standard() {
        let entries: [&[u8]; 8] = [
            &[],
            &[0x00],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
        ];
        for (length, wanted) in [
            (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
            (2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
            (3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
            (7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
            (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
        ] {
            assert_eq!(hex(&root(&entries[..length])), wanted, "{length} entries");
        }
    }

    #[test]
    fn two_leaves_are_not_the_leaf_of_their_node() {
        let (a, b) = (leaf(b"a"), leaf(b"b"));
        assert_ne!(root(&[b"a", b"b"]), root(&[[a, b].concat()]));
    }

    fn trees() -> impl Strategy<Value = Vec<Hash>> {
        prop::collection::vec(any::<Hash>(), 1..40)
    }

    proptest! {
        #[test]
        fn every_entry_has_a_proof_that_holds(entries in trees()) {
            let root = root(&entries);
            for (index, entry) in entries.iter().enumerate() {
                let proof = proof(&entries, index).unwrap();
                prop_assert!(is_included(entry, index, entries.len(), &proof, &root));
            }
            prop_assert_eq!(proof(&entries, entries.len()), None);
        }

        #[test]
        fn a_proof_holds_for_nothing_else(entries in trees(), pick: prop::sample::Index, other: Hash, flip: prop::sample::Index) {
            let (root, index) = (root(&entries), pick.index(entries.len()));
            let proof = proof(&entries, index).unwrap();
            prop_assume!(!entries.contains(&other));
            prop_assert!(!is_included(&other, index, entries.len(), &proof, &root), "another entry");
            prop_assert!(!is_included(&entries[index], index, entries.len(), &proof, &other), "another root");
            prop_assert!(!is_included(&entries[index], entries.len(), entries.len(), &proof, &root), "beyond the end");
            let longer = [proof.clone(), vec![other]].concat();
            prop_assert!(!is_included(&entries[index], index, entries.len(), &longer, &root), "a hash too many");
            if !proof.is_empty() {
                prop_assert!(!is_included(&entries[index], index, entries.len(), &proof[1..], &root), "a hash too few");
                let mut changed = proof.clone();
                changed[flip.index(proof.len())][0] ^= 1;
                prop_assert!(!is_included(&entries[index], index, entries.len(), &changed, &root), "a changed hash");
            }
        }

        #[test]
        fn the_root_tells_order_number_and_every_entry(entries in trees(), a: prop::sample::Index, b: prop::sample::Index, other: Hash) {
            let (was, a, b) = (root(&entries), a.index(entries.len()), b.index(entries.len()));
            let mut swapped = entries.clone();
            swapped.swap(a, b);
            prop_assert_eq!(root(&swapped) == was, swapped == entries);
            prop_assert_ne!(root(&entries[1..]), was);
            let mut changed = entries.clone();
            changed[a] = other;
            prop_assert_eq!(root(&changed) == was, changed == entries);
        }
    }
}
