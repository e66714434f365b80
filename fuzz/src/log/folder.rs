//! A folder in memory that notices when a reader runs away or believes a length.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use engine::io::{FileInfo, FolderLock, IoError, Memory, Storage, StoredFile};

/// The files of a folder.
pub type Files = BTreeMap<String, Vec<u8>>;

/// How many operations reading a small folder in every way may take. Sound ones take a few
/// hundred.
pub const OPERATIONS_MAX: usize = 20_000;

/// How much longer than its file a buffer to read into may be, in bytes: short reads are how the
/// end of a file is found.
const SLACK_BYTES: usize = 8_192;

/// How long a file may be made, in bytes, where no length was believed that is not there.
pub const CREATE_BYTES_MAX: u64 = 1 << 20;

/// A folder in memory.
///
/// # Panics
/// Its operations panic beyond [`OPERATIONS_MAX`], when a read asks for much more than there is,
/// and when a file longer than [`CREATE_BYTES_MAX`] is made.
#[derive(Debug, Default)]
pub struct Watched {
    memory: Memory,
    operations: Arc<AtomicUsize>,
}

impl Watched {
    /// A folder that holds `files`.
    pub fn of(files: &Files) -> Watched {
        let watched = Watched::default();
        for (name, bytes) in files {
            let file = watched.memory.create(name, bytes.len() as u64);
            let written = file.and_then(|file| file.write_at(0, bytes));
            written.expect("memory takes files");
        }
        watched
    }

    fn count(&self) {
        count(&self.operations);
    }

    fn watch(&self, file: Box<dyn StoredFile>) -> Box<dyn StoredFile> {
        let operations = Arc::clone(&self.operations);
        Box::new(WatchedFile { file, operations })
    }
}

/// What a folder holds.
pub fn files(storage: &dyn Storage) -> Files {
    let contents = |info: FileInfo| {
        let mut bytes = vec![0; info.bytes as usize];
        let file = storage.open(&info.name).expect("a listed file opens");
        file.read_at(0, &mut bytes).expect("memory reads");
        (info.name, bytes)
    };
    let listed = storage.list().expect("memory lists");
    listed.into_iter().map(contents).collect()
}

impl Storage for Watched {
    fn folder(&self) -> String {
        self.memory.folder()
    }

    fn lock(&self) -> Result<FolderLock, IoError> {
        self.memory.lock()
    }

    fn list(&self) -> Result<Vec<FileInfo>, IoError> {
        self.count();
        self.memory.list()
    }

    fn create(&self, file: &str, bytes: u64) -> Result<Box<dyn StoredFile>, IoError> {
        self.count();
        assert!(
            bytes <= CREATE_BYTES_MAX,
            "{file} is made {bytes} bytes long"
        );
        Ok(self.watch(self.memory.create(file, bytes)?))
    }

    fn open(&self, file: &str) -> Result<Box<dyn StoredFile>, IoError> {
        self.count();
        Ok(self.watch(self.memory.open(file)?))
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), IoError> {
        self.count();
        self.memory.rename(from, to)
    }

    fn remove(&self, file: &str) -> Result<(), IoError> {
        self.count();
        self.memory.remove(file)
    }

    fn sync_folder(&self) -> Result<(), IoError> {
        self.count();
        self.memory.sync_folder()
    }
}

struct WatchedFile {
    file: Box<dyn StoredFile>,
    operations: Arc<AtomicUsize>,
}

impl StoredFile for WatchedFile {
    fn bytes(&self) -> Result<u64, IoError> {
        count(&self.operations);
        self.file.bytes()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, IoError> {
        count(&self.operations);
        let (wanted, there) = (buffer.len(), self.file.bytes()? as usize);
        assert!(
            wanted <= there + SLACK_BYTES,
            "{wanted} bytes are read of a file of {there}"
        );
        self.file.read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), IoError> {
        count(&self.operations);
        self.file.write_at(offset, bytes)
    }

    fn sync(&self) -> Result<(), IoError> {
        count(&self.operations);
        self.file.sync()
    }
}

fn count(operations: &AtomicUsize) {
    let before = operations.fetch_add(1, Ordering::Relaxed);
    assert!(before < OPERATIONS_MAX, "a reader of this folder runs away");
}
