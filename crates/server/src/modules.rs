//! Names every module that has server functions. A crate that no code names is not linked, and its functions would be
//! missing without a word; a test compares the registered paths with a snapshot.

use auth as _;
use calls as _;
use queue as _;
