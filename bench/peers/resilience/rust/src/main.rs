// SPDX-License-Identifier: BSL-1.0
// The rate limiter of Rust, one JSON object a line; see ../README.md.
use governor::clock::{Clock, DefaultClock, FakeRelativeClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

const CALLS: usize = 1_000_000;
const REPETITIONS: usize = 5;
const KEYS: usize = 1000;

/// As Cargo.lock says.
fn version() -> &'static str {
    let lock = include_str!("../Cargo.lock");
    let entry = lock.split("name = \"governor\"\nversion = \"").nth(1);
    entry
        .and_then(|rest| rest.split('"').next())
        .unwrap_or("unknown")
}

fn cpu() -> Duration {
    // SAFETY: clock_gettime fills the structure it is given.
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    assert_eq!(0, unsafe {
        libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time)
    });
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// `work` says whether call number i of a thread went as it should.
fn measure(what: &str, how: &str, threads: usize, work: impl Fn(usize, usize) -> bool + Sync) {
    let (mut cpus, mut walls) = (vec![], vec![]);
    for _ in 0..REPETITIONS {
        let (began, used) = (Instant::now(), cpu());
        std::thread::scope(|all| {
            for t in 0..threads {
                let work = &work;
                all.spawn(move || (0..CALLS).for_each(|i| assert!(work(t, i), "call {i}")));
            }
        });
        let calls = (CALLS * threads) as f64;
        cpus.push((cpu() - used).as_nanos() as f64 / calls);
        walls.push(began.elapsed().as_nanos() as f64 / calls);
    }
    println!(
        "{{\"peer\":\"governor\",\"version\":\"{}\",\"what\":\"{what}\",\"how\":\"{how}\",\
         \"threads\":{threads},\"ns_per_op\":{:.1},\"wall_ns_per_op\":{:.1}}}",
        version(),
        median(cpus),
        median(walls)
    );
}

fn plenty() -> Quota {
    Quota::per_second(NonZeroU32::new(1_000_000_000).unwrap())
        .allow_burst(NonZeroU32::new(1 << 30).unwrap())
}

type Direct<C> = RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<<C as Clock>::Instant>>;

fn direct<C: Clock>(quota: Quota, clock: C) -> Direct<C> {
    RateLimiter::direct_with_clock(quota, clock)
}

fn main() {
    let names: Vec<String> = (0..KEYS).map(|i| format!("user-{i}")).collect();
    let keyed = RateLimiter::keyed(plenty());
    for threads in 1..=2 {
        let own = direct(plenty(), DefaultClock::default());
        measure("limiter", "check, quanta", threads, |_, _| {
            own.check().is_ok()
        });
        let given = direct(plenty(), FakeRelativeClock::default());
        measure(
            "limiter, time given",
            "check, fake clock",
            threads,
            |_, _| given.check().is_ok(),
        );
        measure(
            "limiter, 1,000 keys",
            "check_key, DashMap, quanta",
            threads,
            |t, i| keyed.check_key(&names[(i + t * KEYS / 2) % KEYS]).is_ok(),
        );
    }
    let hourly = Quota::with_period(Duration::from_secs(3600)).unwrap();
    let empty = direct(hourly, FakeRelativeClock::default());
    assert!(empty.check().is_ok());
    measure("limiter, refused", "check, fake clock", 1, |_, _| {
        empty.check().is_err()
    });
}
