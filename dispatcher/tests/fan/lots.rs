//! Lotteries, which the dispatcher draws by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use dispatcher::Lots;
use engine::Health;
use engine::io::{
    Clock, FileInfo, FolderLock, IoError, Memory, Operation, Storage, StoredFile, SystemClock,
};
use engine::model::{AwardRule, Collect, Criterion, Term};
use protocol::{Ask, News, Outcome, VacancyKey};

use crate::house::{House, badge};
use crate::phone::Phone;
use crate::until;

/// How long bids are taken.
const BIDS_MS: u64 = 1_500;
/// More writes than there are in a test.
const PLENTY: i64 = i64::MAX / 2;

#[tokio::test]
async fn a_lottery_is_drawn_though_the_disk_was_full_for_a_moment() {
    let left = Arc::new(AtomicI64::new(PLENTY));
    let storage = Filling {
        memory: Memory::new(),
        left: Arc::clone(&left),
    };
    let house = House::open_stored(Arc::new(storage)).await;
    let mut phone = Phone::call(&house, &badge(0)).await;
    let closes = SystemClock.now().plus_ms(BIDS_MS);
    let promise = Lots::new(&[7; 32]).promise(engine::model::VacancyKey(1));
    let rule = AwardRule {
        collect: Collect::Until(closes),
        ranked_by: vec![Criterion::Lottery {
            promise,
            reveal_within_ms: 600_000,
        }],
    };
    house.publish_with(1, "", vec![Term::Award(Box::new(rule))]);
    assert_eq!(phone.offered().await.1, 1);
    let vacancy = VacancyKey(1);
    phone.ask(7, Ask::Accept { vacancy, round: 1 }).await;
    let (_, bid) = phone.answer().await;
    assert!(matches!(bid, Outcome::Bid { .. }), "{bid:?}");
    // That the bids are closed still fits, and nothing after it.
    left.store(1, Ordering::SeqCst);
    until(|| house.health() == Health::ReadOnly).await;
    left.store(PLENTY, Ordering::SeqCst);
    loop {
        if let (_, News::Assigned(_)) = phone.news().await {
            break;
        }
    }
    house.stop().await;
}

/// A disk in memory that is full after so many more writes to the log.
struct Filling {
    memory: Memory,
    left: Arc<AtomicI64>,
}

/// A file on it.
struct Part {
    name: String,
    inner: Box<dyn StoredFile>,
    left: Arc<AtomicI64>,
}

impl Filling {
    fn part(&self, name: &str, inner: Box<dyn StoredFile>) -> Box<dyn StoredFile> {
        let (name, left) = (name.to_owned(), Arc::clone(&self.left));
        Box::new(Part { name, inner, left })
    }
}

fn full(file: &str) -> IoError {
    let kind = std::io::ErrorKind::StorageFull;
    IoError::new(Operation::Write, file, kind.into())
}

impl Storage for Filling {
    fn folder(&self) -> String {
        self.memory.folder()
    }

    fn lock(&self) -> Result<FolderLock, IoError> {
        self.memory.lock()
    }

    fn list(&self) -> Result<Vec<FileInfo>, IoError> {
        self.memory.list()
    }

    fn create(&self, file: &str, bytes: u64) -> Result<Box<dyn StoredFile>, IoError> {
        match self.left.load(Ordering::SeqCst) {
            ..=0 => Err(full(file)),
            _ => Ok(self.part(file, self.memory.create(file, bytes)?)),
        }
    }

    fn open(&self, file: &str) -> Result<Box<dyn StoredFile>, IoError> {
        Ok(self.part(file, self.memory.open(file)?))
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), IoError> {
        self.memory.rename(from, to)
    }

    fn remove(&self, file: &str) -> Result<(), IoError> {
        self.memory.remove(file)
    }

    fn sync_folder(&self) -> Result<(), IoError> {
        self.memory.sync_folder()
    }
}

impl StoredFile for Part {
    fn bytes(&self) -> Result<u64, IoError> {
        self.inner.bytes()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, IoError> {
        self.inner.read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), IoError> {
        let takes = self.name.starts_with("log-");
        if takes && self.left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            return Err(full(&self.name));
        }
        self.inner.write_at(offset, bytes)
    }

    fn sync(&self) -> Result<(), IoError> {
        self.inner.sync()
    }
}
