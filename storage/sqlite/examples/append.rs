//! How much of a bare append the store keeps: 64 committers of 600-byte rows through the store,
//! against groups of the same rows appended to the engine directly.
//!
//! `cargo run --release -p sqlite --example append [seconds a run]`

use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use sqlite::Sqlite;
use store::engine::{Engine, Family, Layout, Sealed};
use store::{Options, Store};

const COMMITTERS: u64 = 64;
const ROW_BYTES: usize = 600;
/// Different rows, made before anything is measured.
const VALUES: u64 = 8192;

type Values = Arc<[Bytes]>;

fn main() -> Result<(), Box<dyn Error>> {
    let seconds = std::env::args().nth(1).map_or(Ok(3), |text| text.parse())?;
    let period = Duration::from_secs(seconds);
    let mut out = std::io::stdout().lock();
    let values: Values = (0..VALUES).map(|number| Bytes::from(value(number))).collect();
    for partitions in [1, 8, 64] {
        let bare = bare(period, partitions, &values)?;
        writeln!(out, "bare,  {partitions:>2} records a group: {bare:.0} rows/s")?;
        let run = through_store(period, partitions, &values)?;
        writeln!(
            out,
            "store, {partitions:>2} partitions: {:.0} rows/s, ratio {:.2}, {:.1} rows a group, \
             p50 {} us, p99 {} us, {} log bytes a row",
            run.rows_per_second,
            run.rows_per_second / bare,
            run.rows_per_group,
            run.p50_us,
            run.p99_us,
            run.log_bytes_per_row,
        )?;
    }
    Ok(())
}

/// The same bytes, with nothing around them.
fn bare(period: Duration, partitions: u16, values: &Values) -> Result<f64, Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let engine = Sqlite::open(dir.path())?;
    engine.layout(Layout { cluster: 1, partitions })?;
    let all: Vec<_> = (0..partitions).map(|partition| (partition, 0)).collect();
    engine.claim(&all, "bench")?;
    let (begin, mut seq) = (Instant::now(), 0);
    while begin.elapsed() < period {
        seq += 1;
        let record = |partition| {
            let share = COMMITTERS / u64::from(partitions);
            let rows: Vec<Bytes> = (0..share).map(|n| pick(values, seq * COMMITTERS + n)).collect();
            let body = Bytes::from(rows.concat());
            Sealed { partition, epoch: 1, seq, batch_id: seq.into(), body }
        };
        engine.append(&(0..partitions).map(record).collect::<Vec<_>>())?;
        if seq % 1000 == 0 {
            engine.tend()?;
        }
    }
    Ok((seq * COMMITTERS) as f64 / begin.elapsed().as_secs_f64())
}

struct Run {
    rows_per_second: f64,
    rows_per_group: f64,
    p50_us: u128,
    p99_us: u128,
    log_bytes_per_row: u64,
}

fn through_store(
    period: Duration,
    partitions: u16,
    values: &Values,
) -> Result<Run, Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let options = Options { partitions, ..Options::default() };
    let store = Store::open(Arc::new(Sqlite::open(dir.path())?), host::Host::real(), options)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let numbers = Arc::new(AtomicU64::new(0));
    let begin = Instant::now();
    let committers: Vec<_> = (0..COMMITTERS)
        .map(|_| {
            runtime.spawn(commit_until(
                begin + period,
                store.clone(),
                numbers.clone(),
                values.clone(),
            ))
        })
        .collect();
    let mut latencies = Vec::new();
    for committer in committers {
        latencies.extend(runtime.block_on(committer)??);
    }
    let elapsed = begin.elapsed().as_secs_f64();
    let statistics = store.statistics();
    store.shutdown();
    latencies.sort_unstable();
    let at =
        |share: usize| latencies.get(latencies.len() * share / 100).map_or(0, Duration::as_micros);
    Ok(Run {
        rows_per_second: latencies.len() as f64 / elapsed,
        rows_per_group: latencies.len() as f64 / statistics.groups as f64,
        p50_us: at(50),
        p99_us: at(99),
        log_bytes_per_row: statistics.record_bytes / statistics.rows.max(1),
    })
}

async fn commit_until(
    end: Instant,
    store: Store,
    numbers: Arc<AtomicU64>,
    values: Values,
) -> Result<Vec<Duration>, store::error::Unavailable> {
    let family = Family::from("open");
    let mut latencies = Vec::new();
    while Instant::now() < end {
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        let slot = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 54;
        let partition = store.partition_of(u16::try_from(slot).unwrap_or_default());
        let begin = Instant::now();
        // One row in four is new; the others change one of the last.
        let key = Bytes::copy_from_slice(&(number / 4).to_be_bytes());
        let value = pick(&values, number);
        store.commit(partition, |stage| stage.put(&family, key, value)).await?;
        latencies.push(begin.elapsed());
    }
    Ok(latencies)
}

fn pick(values: &Values, number: u64) -> Bytes {
    let at = usize::try_from(number % VALUES).unwrap_or_default();
    values.get(at).cloned().unwrap_or_default()
}

/// A row as states are: text, with a part that never repeats.
fn value(number: u64) -> Vec<u8> {
    let mut text = String::with_capacity(ROW_BYTES + 64);
    let mut noise = number;
    while text.len() < ROW_BYTES {
        noise =
            noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text += &format!(
            "{{\"orderId\":\"{noise:016x}\",\"quantity\":{},\"state\":\"Charge\"}},",
            noise >> 56
        );
    }
    text.truncate(ROW_BYTES);
    text.into_bytes()
}
