//! Decisions are sealed into blocks, and the chain of blocks is verified.

use chrono::{DateTime, Months, NaiveDate, Utc};
use kernel::{DecisionId, Moment, UserId, machine_now};
use uuid::Uuid;

use super::{Queue, QueueFailure};
use crate::block::{Block, ChainFault, Seal};
use crate::decision::check_row;
use crate::merkle;
use crate::store::{self, Searched};

/// Decisions that a block may have. One that is full is followed at once by the next.
const BLOCK_LIMIT: usize = 4_096;

/// Blocks read at a time.
const BLOCKS: i64 = 500;
/// Records read at a time, a few kilobytes each.
const RECORDS: i64 = 500;
/// Personal facts deleted at a time.
const FORGOTTEN_AT_ONCE: i64 = 5_000;
/// Ids looked at, at a time.
const IDS: i64 = 10_000;

/// The head of the chain at the end of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The day in London on which it was sealed.
    pub day: NaiveDate,
    /// The block's number.
    pub number: i64,
    /// Its hash, in hexadecimal.
    pub hash: String,
}

/// What was verified, all of it whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many blocks.
    pub blocks: i64,
    /// How many decisions are in them.
    pub decisions: i64,
    /// How many wait to be sealed.
    pub waiting: i64,
    /// The newest block; none when nothing was ever sealed.
    pub head: Option<Head>,
}

/// Why the chain could not be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyFailure {
    /// It is not whole.
    #[error(transparent)]
    Fault(#[from] ChainFault),
    /// It could not be read.
    #[error("the chain could not be read")]
    Queue(#[from] QueueFailure),
}

impl From<sqlx::Error> for VerifyFailure {
    fn from(error: sqlx::Error) -> Self {
        Self::Queue(error.into())
    }
}

impl Queue {
    /// Puts every decision into a block that is older than all transactions still running; how many. Nothing while another one seals,
    /// here or on another server. Waits for no writer, and none waits for it.
    pub async fn seal(&self) -> Result<u64, QueueFailure> {
        self.seal_in_blocks(BLOCK_LIMIT).await
    }

    /// The same with another limit for a block.
    pub async fn seal_in_blocks(&self, limit: usize) -> Result<u64, QueueFailure> {
        let mut sealed = 0;
        loop {
            let count = self.seal_block(limit).await?;
            sealed += count as u64;
            if count < limit {
                return Ok(sealed);
            }
        }
    }

    async fn seal_block(&self, limit: usize) -> Result<usize, QueueFailure> {
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        if !store::try_lock_sealing(&mut transaction).await? {
            return Ok(0);
        }
        // The lock is ours, so this is the newest block also to whoever comes after us.
        let last = store::find_last_block(&mut *transaction).await?;
        let searched = match &last {
            Some(last) => store::find_searched(&mut *transaction, last.number).await?,
            None => nothing_searched(),
        };
        let rows_limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = if searched.is_of_this_cluster {
            store::list_sealable(&mut transaction, &searched, rows_limit).await?
        } else {
            store::list_sealable_after_a_move(&mut transaction, rows_limit).await?
        };
        let Some(end) = rows.last() else { return Ok(0) };
        let searched = match (rows.len() < limit, searched.is_of_this_cluster) {
            // All there were: the next one looks from what was still running.
            (true, _) => Searched { xid: end.eldest_running.clone(), id: Uuid::nil(), is_of_this_cluster: true },
            (false, true) => Searched { xid: end.written_by.clone(), id: end.id, is_of_this_cluster: true },
            (false, false) => searched,
        };
        let contents: Vec<&[u8]> = rows.iter().map(|row| &row.content_hash[..]).collect();
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let block = Block::after(last.as_ref(), &contents, self.shared.clock.now());
        store::insert_block(&mut transaction, &block, &ids, &searched).await?;
        transaction.commit().await?;

        if let Some(last) = last.map(head).filter(|last| last.day != head(block.clone()).day) {
            // The log leaves this machine, and with it what proves the chain up to that day.
            tracing::info!(block.day = %last.day, block.number = last.number, block.hash = %last.hash, "the head of a day's decisions");
        }
        tracing::debug!(block.number = block.number, block.decisions = block.decision_count, "decisions were sealed");
        Ok(rows.len())
    }

    /// Walks the whole chain from the first block, every record and every id, in pages; ends at the first fault. `kept` are heads that
    /// were kept elsewhere: without them, a chain that was cut short or written anew from some block on cannot be told from a whole one.
    pub async fn verify(&self, kept: &[Head]) -> Result<Verified, VerifyFailure> {
        let pool = &self.shared.pool;
        let newest = store::find_last_block(pool).await?;
        let through = newest.as_ref().map_or(0, |newest| newest.number);
        let (mut last, mut decisions) = (None::<Block>, 0);
        while last.as_ref().map_or(0, |last| last.number) < through {
            let page = store::list_blocks(pool, last.as_ref().map_or(0, |last| last.number), through, BLOCKS).await?;
            if page.is_empty() {
                return Err(ChainFault::BlockMissing { number: last.map_or(1, |last| last.number + 1) }.into());
            }
            for block in page {
                block.check(last.as_ref())?;
                self.verify_decisions(&block).await?;
                decisions += i64::from(block.decision_count);
                last = Some(block);
            }
        }
        if let Some(number) = store::find_named_block_that_is_gone(pool, through).await? {
            return Err(ChainFault::BlockMissing { number }.into());
        }
        for head in kept {
            if store::find_block_hash(pool, head.number).await?.is_none_or(|hash| crate::decision::hex(&hash) != head.hash) {
                return Err(ChainFault::OtherHead { number: head.number }.into());
            }
        }
        let searched = match &newest {
            Some(newest) => store::find_searched(pool, newest.number).await?,
            None => nothing_searched(),
        };
        // After a move to another cluster nobody knows yet how far the sealer has been.
        let searched = if searched.is_of_this_cluster { searched } else { nothing_searched() };
        self.verify_none_was_passed_over(&searched).await?;
        let waiting = store::count_unsealed(pool, &searched).await?;
        Ok(Verified { blocks: through, decisions, waiting, head: newest.map(head) })
    }

    /// Every record of a block, and that they make its root.
    async fn verify_decisions(&self, block: &Block) -> Result<(), VerifyFailure> {
        let number = block.number;
        let (mut after, mut contents) = (-1, Vec::new());
        loop {
            let page = store::list_sealed(&self.shared.pool, number, after, RECORDS).await?;
            let Some(end) = page.last() else { break };
            after = end.position;
            for row in &page {
                contents.push(check_row(row, number)?);
            }
            // More than it counts are not its own; and memory has an end.
            if contents.len() > usize::try_from(block.decision_count).unwrap_or_default() {
                break;
            }
        }
        let is_all = i32::try_from(contents.len()).is_ok_and(|count| count == block.decision_count);
        if !is_all || merkle::root(&contents)[..] != block.merkle_root {
            return Err(ChainFault::OtherDecisions { number }.into());
        }
        Ok(())
    }

    /// Whatever is older than where the sealer has been is in a block.
    async fn verify_none_was_passed_over(&self, searched: &Searched) -> Result<(), VerifyFailure> {
        let (mut xid, mut id) = ("0".to_owned(), Uuid::nil());
        loop {
            let page = store::find_page(&self.shared.pool, (&xid, id), searched, IDS).await?;
            if let Some(id) = page.unsealed {
                return Err(ChainFault::NotSealed { id }.into());
            }
            match page.last_xid.zip(page.last_id) {
                Some(last) => (xid, id) = last,
                None => return Ok(()),
            }
        }
    }

    /// The last block of every day in London on which anything was sealed, in order.
    pub async fn heads(&self) -> Result<Vec<Head>, QueueFailure> {
        let mut heads = Vec::new();
        let mut next = store::find_last_block(&self.shared.pool).await?;
        while let Some(block) = next {
            next = store::find_block_before(&self.shared.pool, Moment::new(block.sealed_at).midnight).await?;
            heads.push(head(block));
        }
        heads.reverse();
        Ok(heads)
    }

    /// Deletes the personal facts of every decision about somebody; how many there were. The records stay, and so does their proof: it
    /// rests on the commitment, which says nothing without the salt that goes too.
    pub async fn erase_person(&self, user: UserId) -> Result<u64, QueueFailure> {
        let erased = store::delete_personal(&self.shared.pool, user).await?;
        tracing::info!(user.id = %user, decisions.erased = erased, "personal facts of decisions were erased");
        Ok(erased)
    }

    /// Deletes the personal facts of decisions that are older than the settings keep them; how many. The records and their proof stay.
    pub async fn forget_old_personal_facts(&self) -> Result<u64, QueueFailure> {
        let months = Months::new(self.settings().settings.personal_facts_months);
        // Ids tell the machines' time, whatever the business clock says.
        let Some(before) = machine_now().checked_sub_months(months) else { return Ok(0) };
        let mut forgotten = 0;
        loop {
            let some = store::delete_personal_before(&self.shared.pool, first_id_of(before), FORGOTTEN_AT_ONCE).await?;
            forgotten += some;
            if some < FORGOTTEN_AT_ONCE.unsigned_abs() {
                break;
            }
        }
        if forgotten > 0 {
            tracing::info!(decisions.erased = forgotten, "personal facts of old decisions were deleted");
        }
        Ok(forgotten)
    }

    /// Where the decision is sealed; none while it is not.
    pub(crate) async fn seal_of(&self, id: DecisionId, content_hash: &[u8]) -> Result<Option<Seal>, QueueFailure> {
        let pool = &self.shared.pool;
        let Some((block, position)) = store::find_place(pool, id).await? else { return Ok(None) };
        let contents = store::list_contents(pool, block.number).await?;
        let newest = store::find_last_block(pool).await?;
        let index = usize::try_from(position).unwrap_or(usize::MAX);
        Ok(Some(Seal::new(&block, index, content_hash, &contents, newest.as_ref().unwrap_or(&block))))
    }
}

/// The least id (UUID version 7) that can have been made at an instant.
fn first_id_of(at: DateTime<Utc>) -> Uuid {
    Uuid::from_u128(u128::from(at.timestamp_millis().unsigned_abs()) << 80)
}

/// Where the first block begins: before everything that was ever written.
fn nothing_searched() -> Searched {
    Searched { xid: "0".to_owned(), id: Uuid::nil(), is_of_this_cluster: true }
}

fn head(block: Block) -> Head {
    Head { day: Moment::new(block.sealed_at).london.date(), number: block.number, hash: block.hash_in_hex() }
}
