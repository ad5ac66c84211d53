//! The conformance suite on SQLite, and what only a directory and a file can do wrong.

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use store::engine::{Engine, Layout, Sealed, Slice};
use store::error::{OpenError as StoreError, Unavailable};
use store::{Options, Store, suite};

use crate::{FILE_NAME, OpenError, Sqlite};

fn engine(path: &Path) -> Arc<Sqlite> {
    Arc::new(Sqlite::open_with(path, 0).unwrap())
}

fn store(engine: Arc<Sqlite>) -> Store {
    let options = Options { partitions: 2, ..Options::default() };
    Store::open(engine, host::Host::real(), options).unwrap()
}

/// A second connection, as a tool or a fault would have it.
fn raw(path: &Path) -> Connection {
    Connection::open(path.join(FILE_NAME)).unwrap()
}

async fn put(store: &Store, key: &'static str) -> Result<(), Unavailable> {
    store.commit(0, |stage| stage.put(&"open".into(), key, vec![b'v'; 600])).await
}

#[test]
fn sqlite_passes_the_suite() {
    for (name, case) in suite::CASES {
        println!("{name}");
        let dir = tempfile::tempdir().unwrap();
        case(&mut || engine(dir.path()));
    }
}

#[test]
fn sqlite_shows_damage() {
    let dir = tempfile::tempdir().unwrap();
    suite::damage_is_found(&mut || engine(dir.path()), &mut |partition, seq| {
        let raw = raw(dir.path());
        let select = "SELECT body FROM log WHERE part = ?1 AND seq = ?2";
        let mut body: Vec<u8> = raw.query_row(select, (partition, seq), |row| row.get(0)).unwrap();
        let at = body.len() / 2;
        body[at] ^= 4;
        let update = "UPDATE log SET body = ?3 WHERE part = ?1 AND seq = ?2";
        assert_eq!(raw.execute(update, (partition, seq, body)).unwrap(), 1);
    });
}

/// §7: the file was replaced by an older, intact copy of itself.
#[tokio::test]
async fn the_witness_sees_that_acknowledged_work_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let first = store(engine(dir.path()));
    put(&first, "a").await.unwrap();
    drop(first);
    let file = dir.path().join(FILE_NAME);
    raw(dir.path()).query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(())).unwrap();
    let copy = std::fs::read(&file).unwrap();

    let second = store(engine(dir.path()));
    put(&second, "b").await.unwrap();
    put(&second, "c").await.unwrap();
    drop(second);
    raw(dir.path()).query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(())).unwrap();
    std::fs::write(&file, copy).unwrap();

    let third = store(engine(dir.path()));
    let broken = third.broken();
    let Some((0, Unavailable::Broken { evidence, .. })) = broken.first() else {
        panic!("partition 0 is broken: {broken:?}");
    };
    assert!(evidence.contains("acknowledged records are missing"), "{evidence}");
    assert!(evidence.contains("witness"), "{evidence}");
    drop(third);

    // The way out that the message names.
    std::fs::remove_file(dir.path().join("witness")).unwrap();
    assert_eq!(store(engine(dir.path())).broken(), []);
}

#[tokio::test]
async fn a_witness_of_other_data_stops_the_opening() {
    let dir = tempfile::tempdir().unwrap();
    let first = store(engine(dir.path()));
    put(&first, "a").await.unwrap();
    drop(first);
    for name in [FILE_NAME, "rung.db-wal", "rung.db-shm"] {
        std::fs::remove_file(dir.path().join(name)).ok();
    }
    let opened = Store::open(engine(dir.path()), host::Host::real(), Options::default());
    assert!(matches!(opened.err(), Some(StoreError::Witness(_))));
}

#[tokio::test]
async fn a_full_file_refuses_and_resumes() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Arc::new(Sqlite::open_with(dir.path(), 1 << 20).unwrap());
    let ballast = dir.path().join("ballast");
    assert!(ballast.exists());
    let watch_interval = std::time::Duration::from_millis(5);
    let options = Options { partitions: 1, watch_interval, ..Options::default() };
    let store = Store::open(engine.clone(), host::Host::real(), options).unwrap();
    put(&store, "a").await.unwrap();
    let pages = |count: i64| {
        let writer = engine.writer.lock();
        writer
            .connection()
            .pragma_update_and_check(None, "max_page_count", count, |_| Ok(()))
            .unwrap();
    };
    pages(1);
    let noise: Vec<u8> =
        (0..100_000_u64).map(|i| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect();
    let refused = store.commit(0, |stage| stage.put(&"open".into(), "big", noise)).await;
    assert_eq!(refused, Err(Unavailable::DiskFull));
    assert_eq!(store.get(0, "open", b"big").unwrap(), None);
    pages(1 << 30);
    // The real disk has space: work goes on by itself.
    while put(&store, "b").await.is_err() {
        tokio::time::sleep(watch_interval).await;
    }
    assert!(store.get(0, "open", b"a").unwrap().is_some());
    while !ballast.exists() {
        tokio::time::sleep(watch_interval).await;
    }
}

#[test]
fn a_directory_is_held_by_one() {
    let dir = tempfile::tempdir().unwrap();
    let first = engine(dir.path());
    let second = Sqlite::open(dir.path()).err().unwrap();
    assert!(
        matches!(second, OpenError::Locked { pid: Some(pid), .. } if pid == std::process::id())
    );
    let told = second.to_string();
    assert!(told.contains("in use by the process"), "{told}");
    drop(first);
    engine(dir.path());
}

#[test]
fn a_newer_format_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    assert!(Sqlite::inspect(dir.path()).is_ok());
    drop(engine(dir.path()));
    assert!(Sqlite::inspect(dir.path()).is_ok());
    raw(dir.path()).execute("UPDATE cluster SET v = x'3939' WHERE k = 'format'", ()).unwrap();
    let error = Sqlite::inspect(dir.path()).unwrap_err().to_string();
    assert!(error.contains("format 99"), "{error}");
    let error = Sqlite::open(dir.path()).err().unwrap().to_string();
    assert!(error.contains("format 99") && error.contains("up to 1"), "{error}");
}

#[test]
fn foreign_files_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(FILE_NAME);
    let content = [b"not a database, ".as_slice(); 20].concat();
    std::fs::write(&file, &content).unwrap();
    assert!(matches!(Sqlite::open(dir.path()).err(), Some(OpenError::Foreign { .. })));
    assert_eq!(std::fs::read(&file).unwrap(), content);
    std::fs::remove_file(&file).unwrap();
    raw(dir.path()).execute("CREATE TABLE theirs (x)", ()).unwrap();
    assert!(matches!(Sqlite::open(dir.path()).err(), Some(OpenError::Foreign { .. })));
}

#[test]
fn an_unusable_directory_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    std::fs::write(&path, "").unwrap();
    let error = Sqlite::open(&path).err().unwrap().to_string();
    assert!(error.contains(&path.display().to_string()), "{error}");
    assert!(Sqlite::open(&path.join("below")).is_err());
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new").join("data");
    let store = store(Arc::new(Sqlite::open_with(&path, 1 << 20).unwrap()));
    put(&store, "a").await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&path).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(mode(&entry.path()), 0o600, "{:?}", entry.path());
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["ballast", "lock", "rung.db", "rung.db-shm", "rung.db-wal", "witness"]);
}

/// Earlier versions can lose a WAL when two connections reset it at once.
#[test]
fn the_bundled_version_is_new_enough() {
    assert!(rusqlite::version_number() >= 3_051_003, "{}", rusqlite::version());
}

#[test]
fn checkpoints_keep_the_log_small() {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine(dir.path());
    let store = store(engine.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let noise: Vec<u8> =
        (0..1_000_000_u64).map(|i| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect();
    for n in 0..120_u32 {
        let value = noise.clone();
        let key = n.to_string();
        runtime.block_on(store.commit(0, |stage| stage.put(&"open".into(), key, value))).unwrap();
    }
    store.flush().unwrap();
    engine.tend().unwrap();
    let wal = std::fs::metadata(dir.path().join("rung.db-wal")).unwrap().len();
    assert!(wal < 150 << 20, "{wal}");
    assert!(store.get(0, "open", b"7").unwrap().is_some());
}

/// One partition, held under the epoch 1.
fn claimed(path: &Path) -> Arc<Sqlite> {
    let engine = engine(path);
    engine.layout(Layout { cluster: 1, partitions: 1 }).unwrap();
    engine.claim(&[(0, 0)], "node").unwrap();
    engine
}

fn append(engine: &Sqlite, seq: u64, bytes: usize) {
    let body = vec![7; bytes].into();
    let batch = Sealed { partition: 0, epoch: 1, seq, batch_id: u128::from(seq), body };
    assert_eq!(engine.append(&[batch]).unwrap(), [0]);
}

/// What is acknowledged waits for the disk; what only moves does not.
#[test]
fn a_flush_is_on_the_disk_with_the_next_commit() {
    let dir = tempfile::tempdir().unwrap();
    let engine = claimed(dir.path());
    let synchronous = || -> i64 {
        let writer = engine.writer.lock();
        writer.connection().pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap()
    };
    append(&engine, 1, 1);
    assert_eq!(synchronous(), 2);
    let slice = Slice { partition: 0, epoch: 1, rows: Vec::new(), applied: None };
    assert_eq!(engine.flush(&[slice]).unwrap(), [0]);
    assert_eq!(synchronous(), 1);
    append(&engine, 2, 1);
    assert_eq!(synchronous(), 2);
}

/// SQLite's log begins anew while it is written to all the time.
#[test]
fn the_log_of_sqlite_stays_small_under_load() {
    let dir = tempfile::tempdir().unwrap();
    let engine = claimed(dir.path());
    let over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(std::sync::atomic::Ordering::Relaxed) {
                engine.tend().unwrap();
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        });
        for seq in 1..=2000 {
            append(&engine, seq, 60_000);
        }
        over.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    let wal = dir.path().join(format!("{FILE_NAME}-wal"));
    let bytes = std::fs::metadata(wal).unwrap().len();
    assert!(bytes < 70 << 20, "{bytes} bytes after writing 120 MB");
}
