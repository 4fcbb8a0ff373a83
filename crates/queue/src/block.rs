//! A block of sealed decisions, its hash, and what can be wrong with a chain of blocks. Pure.
//!
//! The hash is SHA-256 over these lines of UTF-8, each ended by a line feed, so that anybody can compute it with `sha256sum`:
//!
//! ```text
//! dialler block 1
//! number 42
//! previous 5f0c…            hash of the block before, 64 digits; zeros in the first
//! root 9e41…                Merkle root over the content hashes of its decisions, in their order
//! decisions 17
//! sealed_at 2026-11-24T10:30:00.123456Z
//! ```

use chrono::{DateTime, SubsecRound as _, Utc};
use kernel::DecisionId;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::decision::{hex, rfc3339};
use crate::merkle::{self, Hash};

/// What the first block has for the hash of the one before.
const NOTHING_BEFORE: Hash = [0; 32];

/// A block as it is stored. Hashes are bytes of whatever length was found: a stored one may have been tampered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// 1, 2, 3 … without gaps.
    pub number: i64,
    /// The hash of the block before.
    pub previous_hash: Vec<u8>,
    /// The Merkle root over the content hashes of its decisions.
    pub merkle_root: Vec<u8>,
    /// How many decisions it has; at least one.
    pub decision_count: i32,
    /// When it was sealed; never before the block before it.
    pub sealed_at: DateTime<Utc>,
    /// Its own hash.
    pub hash: Vec<u8>,
}

impl Block {
    /// The block after `last` (the first when there is none) of decisions with these content hashes.
    pub(crate) fn after<E: AsRef<[u8]>>(last: Option<&Self>, contents: &[E], now: DateTime<Utc>) -> Self {
        // Clocks of several servers differ a little; and the database keeps microseconds.
        let sealed_at = now.trunc_subsecs(6).max(last.map_or(DateTime::UNIX_EPOCH, |last| last.sealed_at));
        let mut block = Self {
            number: last.map_or(1, |last| last.number + 1),
            previous_hash: last.map_or(NOTHING_BEFORE.to_vec(), |last| last.hash.clone()),
            merkle_root: merkle::root(contents).to_vec(),
            decision_count: i32::try_from(contents.len()).unwrap_or(i32::MAX),
            sealed_at,
            hash: Vec::new(),
        };
        block.hash = block.computed_hash().to_vec();
        block
    }

    /// The hash that its contents have, whatever is stored.
    pub(crate) fn computed_hash(&self) -> Hash {
        Sha256::digest(format!(
            "dialler block 1\nnumber {}\nprevious {}\nroot {}\ndecisions {}\nsealed_at {}\n",
            self.number,
            hex(&self.previous_hash),
            hex(&self.merkle_root),
            self.decision_count,
            rfc3339(self.sealed_at),
        ))
        .into()
    }

    /// Checks that it is what it says and follows `last`. What its decisions are is another question.
    pub(crate) fn check(&self, last: Option<&Self>) -> Result<(), ChainFault> {
        let number = last.map_or(1, |last| last.number + 1);
        if self.number != number {
            return Err(ChainFault::BlockMissing { number });
        }
        if self.computed_hash()[..] != self.hash {
            return Err(ChainFault::BlockChanged { number });
        }
        if last.map_or(&NOTHING_BEFORE[..], |last| &last.hash) != self.previous_hash {
            return Err(ChainFault::LinkBroken { number });
        }
        Ok(())
    }

    /// Its own hash in hexadecimal, as it is printed.
    pub fn hash_in_hex(&self) -> String {
        hex(&self.hash)
    }
}

/// The first thing found wrong with the chain, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    /// The numbers have a gap, or the first is not 1.
    #[error("block {number} is missing")]
    BlockMissing {
        /// The number that should have come.
        number: i64,
    },
    /// Its hash is not that of its contents.
    #[error("block {number} was changed: its hash is not that of its contents")]
    BlockChanged {
        /// Which.
        number: i64,
    },
    /// It names another predecessor.
    #[error("block {number} does not follow the one before it: it names another hash")]
    LinkBroken {
        /// Which.
        number: i64,
    },
    /// The contents' hashes do not make the root.
    #[error("block {number} has other decisions, or in another order, than were sealed: they do not make its Merkle root")]
    OtherDecisions {
        /// Which block.
        number: i64,
    },
    /// A sealed record is gone.
    #[error("the record of decision {id}, sealed in block {number}, is gone")]
    RecordMissing {
        /// Which decision.
        id: DecisionId,
        /// In which block.
        number: i64,
    },
    /// The bytes are not those that were hashed.
    #[error("the record of decision {id}, sealed in block {number}, was changed: its hash is not that of its bytes")]
    RecordChanged {
        /// Which decision.
        id: DecisionId,
        /// In which block.
        number: i64,
    },
    /// A column beside the record says something else.
    #[error("the row of decision {id}, sealed in block {number}, says something else than its record: {column}")]
    RowChanged {
        /// Which decision.
        id: DecisionId,
        /// In which block.
        number: i64,
        /// The first column that differs.
        column: &'static str,
    },
    /// The personal facts are not those committed to.
    #[error("the personal facts of decision {id}, sealed in block {number}, are not those that its record commits to")]
    PersonalChanged {
        /// Which decision.
        id: DecisionId,
        /// In which block.
        number: i64,
    },
    /// A record is where the sealer has already been, and in no block.
    #[error("the record of decision {id} is in no block, though later ones are: it was put in, or out of its block, afterwards")]
    NotSealed {
        /// Which decision.
        id: DecisionId,
    },
    /// A head that was kept elsewhere is not that of the block.
    #[error("block {number} is not the one whose hash was kept: it has another hash, or is gone")]
    OtherHead {
        /// Which block.
        number: i64,
    },
}

/// The proof that a decision is in a block.
#[derive(Debug, Serialize)]
pub struct Seal {
    /// The block's number.
    pub block: i64,
    /// Which of its decisions, from 1.
    pub place: usize,
    /// How many it has.
    pub of: usize,
    /// When it was sealed.
    pub sealed_at: DateTime<Utc>,
    /// The Merkle root, in hexadecimal.
    pub merkle_root: String,
    /// The siblings from the leaf upwards, in hexadecimal.
    pub proof: Vec<String>,
    /// The proof leads from the content hash to the root.
    pub is_proof_intact: bool,
    /// The block's hash, in hexadecimal.
    pub block_hash: String,
    /// It is that of the block's contents.
    pub is_block_intact: bool,
    /// The newest block's number.
    pub head: i64,
    /// Its hash, in hexadecimal.
    pub head_hash: String,
}

impl Seal {
    /// Of the decision at `index` of `block`, whose decisions have `contents` in order.
    pub(crate) fn new(block: &Block, index: usize, content_hash: &[u8], contents: &[Vec<u8>], head: &Block) -> Self {
        let of = usize::try_from(block.decision_count).unwrap_or_default();
        let proof = if contents.len() == of { merkle::proof(contents, index) } else { None };
        Self {
            block: block.number,
            place: index + 1,
            of,
            sealed_at: block.sealed_at,
            merkle_root: hex(&block.merkle_root),
            is_proof_intact: proof.as_ref().is_some_and(|proof| merkle::is_included(content_hash, index, of, proof, &block.merkle_root)),
            proof: proof.unwrap_or_default().iter().map(|hash| hex(hash)).collect(),
            block_hash: hex(&block.hash),
            is_block_intact: block.computed_hash()[..] == block.hash,
            head: head.number,
            head_hash: hex(&head.hash),
        }
    }

    /// Proof and block hold.
    pub const fn is_intact(&self) -> bool {
        self.is_proof_intact && self.is_block_intact
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain() -> [Block; 3] {
        let now = "2026-11-24T10:30:00.123456789Z".parse().unwrap();
        let first = Block::after(None, &[[1; 32]], now);
        let second = Block::after(Some(&first), &[[2; 32], [3; 32]], now);
        let third = Block::after(Some(&second), &[[4; 32]], now);
        [first, second, third]
    }

    #[test]
    fn a_block_is_hashed_as_its_documentation_says() {
        let block = &chain()[1];
        let text = format!(
            "dialler block 1\nnumber 2\nprevious {}\nroot {}\ndecisions 2\nsealed_at 2026-11-24T10:30:00.123456Z\n",
            hex(&chain()[0].hash),
            hex(&block.merkle_root),
        );
        assert_eq!(block.hash, Sha256::digest(text).to_vec());
    }

    #[test]
    fn a_chain_is_whole_until_any_part_of_a_block_is_changed() {
        let [first, second, third] = chain();
        assert_eq!(first.check(None), Ok(()));
        assert_eq!(second.check(Some(&first)), Ok(()));
        assert_eq!(third.check(Some(&second)), Ok(()));

        assert_eq!(third.check(Some(&first)), Err(ChainFault::BlockMissing { number: 2 }));
        assert_eq!(second.check(None), Err(ChainFault::BlockMissing { number: 1 }));
        let tamperings: [fn(&mut Block); 5] = [
            |block| block.previous_hash[0] ^= 1,
            |block| block.merkle_root[31] ^= 1,
            |block| block.decision_count += 1,
            |block| block.sealed_at += chrono::TimeDelta::microseconds(1),
            |block| block.hash[7] ^= 1,
        ];
        for (at, change) in tamperings.iter().enumerate() {
            let mut changed = second.clone();
            change(&mut changed);
            assert_eq!(changed.check(Some(&first)), Err(ChainFault::BlockChanged { number: 2 }), "change {at}");
            // Whoever writes the hash anew, too, breaks the link to the next one.
            changed.hash = changed.computed_hash().to_vec();
            if changed != second {
                assert!(changed.check(Some(&first)).is_err() || third.check(Some(&changed)) == Err(ChainFault::LinkBroken { number: 3 }));
            }
        }
    }

    #[test]
    fn time_never_runs_backwards_along_the_chain() {
        let [first, ..] = chain();
        let next = Block::after(Some(&first), &[[2; 32]], first.sealed_at - chrono::TimeDelta::seconds(1));
        assert_eq!(next.sealed_at, first.sealed_at);
    }
}
