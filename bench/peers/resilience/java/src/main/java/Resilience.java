// SPDX-License-Identifier: BSL-1.0
// Rate limiters, breakers and pipelines of Java, one JSON object a line; see the README beside.
import io.github.bucket4j.Bucket;
import io.github.bucket4j.TimeMeter;
import io.github.resilience4j.bulkhead.Bulkhead;
import io.github.resilience4j.circuitbreaker.CallNotPermittedException;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import io.github.resilience4j.ratelimiter.RateLimiter;
import io.github.resilience4j.ratelimiter.RateLimiterConfig;
import io.github.resilience4j.retry.Retry;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import java.util.stream.IntStream;

public final class Resilience {
  static final int CALLS = 500_000;
  static final int WARM_UP = 3;
  static final int REPETITIONS = 5;
  static final int KEYS = 1000;
  static final long PER_SECOND = 1_000_000_000;

  static final com.sun.management.ThreadMXBean THREADS =
      (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** Whether call number i of a thread went as it should. */
  interface Work {
    boolean call(int thread, int i);
  }

  record Library(String name, String version) {
    Library(String name, Class<?> of) {
      this(name, versionOf(of));
    }

    // From the name of the jar: not every manifest says it.
    private static String versionOf(Class<?> type) {
      String jar = type.getProtectionDomain().getCodeSource().getLocation().getPath();
      return jar.replaceAll(".*-([0-9][^/]*)\\.jar$", "$1");
    }
  }

  static final Library RESILIENCE4J = new Library("resilience4j", CircuitBreaker.class);
  static final Library BUCKET4J = new Library("Bucket4j", Bucket.class);

  static void loop(String what, int thread, Work work) {
    for (int i = 0; i < CALLS; ++i) {
      if (!work.call(thread, i)) {
        System.err.printf("%s: call %d went the other way%n", what, i);
        System.exit(1);
      }
    }
  }

  /**
   * CPU ns, wall ns and bytes of a call, of one repetition. The collector's and the compiler's
   * threads are not counted: the process's own time comes in steps of 10 ms only.
   */
  static double[] once(String what, int threads, Work work) throws InterruptedException {
    LongAdder cpu = new LongAdder();
    LongAdder bytes = new LongAdder();
    Thread[] all = new Thread[threads];
    long began = System.nanoTime();
    for (int t = 0; t < threads; ++t) {
      int thread = t;
      all[t] = new Thread(() -> {
        long allocated = THREADS.getCurrentThreadAllocatedBytes();
        long used = THREADS.getCurrentThreadCpuTime();
        loop(what, thread, work);
        cpu.add(THREADS.getCurrentThreadCpuTime() - used);
        bytes.add(THREADS.getCurrentThreadAllocatedBytes() - allocated);
      });
      all[t].start();
    }
    for (Thread t : all) {
      t.join();
    }
    double calls = (double) CALLS * threads;
    return new double[] {
      cpu.sum() / calls,
      (System.nanoTime() - began) / calls,
      bytes.sum() / calls
    };
  }

  static void measure(Library library, String what, String how, int threads, Work work)
      throws InterruptedException {
    for (int i = 0; i < WARM_UP; ++i) {
      once(what, threads, work);
    }
    double[][] samples = new double[REPETITIONS][];
    for (int i = 0; i < REPETITIONS; ++i) {
      samples[i] = once(what, threads, work);
    }
    double[] medians = IntStream.range(0, 3)
        .mapToDouble(column ->
            Arrays.stream(samples).mapToDouble(s -> s[column]).sorted().toArray()[REPETITIONS / 2])
        .toArray();
    System.out.printf(
        Locale.ROOT,
        "{\"peer\":\"%s\",\"version\":\"%s\",\"what\":\"%s\",\"how\":\"%s\",\"threads\":%d,"
            + "\"ns_per_op\":%.1f,\"wall_ns_per_op\":%.1f,\"bytes_per_op\":%.1f}%n",
        library.name, library.version, what, how, threads, medians[0], medians[1], medians[2]);
  }

  static final class GivenTime implements TimeMeter {
    @Override
    public long currentTimeNanos() {
      return 1_000_000_000L;
    }

    @Override
    public boolean isWallClockBased() {
      return false;
    }
  }

  static Bucket bucket(TimeMeter time) {
    return Bucket.builder()
        .addLimit(limit -> limit
            .capacity(PER_SECOND)
            .refillGreedy(PER_SECOND, Duration.ofSeconds(1)))
        .withCustomTimePrecision(time)
        .build();
  }

  static void bucket4j() throws InterruptedException {
    String[] names = new String[KEYS];
    ConcurrentHashMap<String, Bucket> byKey = new ConcurrentHashMap<>();
    for (int i = 0; i < KEYS; ++i) {
      names[i] = "user-" + i;
      byKey.put(names[i], bucket(new GivenTime()));
    }
    for (int threads = 1; threads <= 2; ++threads) {
      Bucket own = bucket(TimeMeter.SYSTEM_NANOTIME);
      measure(BUCKET4J, "limiter", "tryConsume", threads, (t, i) -> own.tryConsume(1));
      Bucket given = bucket(new GivenTime());
      measure(BUCKET4J, "limiter, time given", "tryConsume, TimeMeter", threads,
          (t, i) -> given.tryConsume(1));
      measure(BUCKET4J, "limiter, 1,000 keys", "tryConsume, ConcurrentHashMap", threads,
          (t, i) -> byKey.get(names[(i + t * KEYS / 2) % KEYS]).tryConsume(1));
    }
    Bucket empty = Bucket.builder()
        .addLimit(limit -> limit.capacity(1).refillGreedy(1, Duration.ofHours(1)))
        .withCustomTimePrecision(new GivenTime())
        .build();
    empty.tryConsume(1);
    measure(BUCKET4J, "limiter, refused", "tryConsume", 1, (t, i) -> !empty.tryConsume(1));
  }

  static RateLimiter limiter() {
    return RateLimiter.of("plenty", RateLimiterConfig.custom()
        .limitForPeriod((int) PER_SECOND)
        .limitRefreshPeriod(Duration.ofSeconds(1))
        .timeoutDuration(Duration.ZERO)
        .build());
  }

  static CircuitBreaker breaker(SlidingWindowType type, int size) {
    return CircuitBreaker.of("closed", CircuitBreakerConfig.custom()
        .slidingWindowType(type)
        .slidingWindowSize(size)
        .build());
  }

  static void rules() throws InterruptedException {
    RateLimiter empty = RateLimiter.of("empty", RateLimiterConfig.custom()
        .limitForPeriod(1)
        .limitRefreshPeriod(Duration.ofHours(1))
        .timeoutDuration(Duration.ZERO)
        .build());
    empty.acquirePermission();
    measure(RESILIENCE4J, "limiter, refused", "acquirePermission", 1,
        (t, i) -> !empty.acquirePermission());
    for (int threads = 1; threads <= 2; ++threads) {
      RateLimiter limiter = limiter();
      measure(RESILIENCE4J, "limiter", "acquirePermission", threads,
          (t, i) -> limiter.acquirePermission());
      CircuitBreaker byCalls = breaker(SlidingWindowType.COUNT_BASED, 100);
      measure(RESILIENCE4J, "breaker closed, by calls", "window of 100", threads,
          (t, i) -> byCalls.executeSupplier(() -> 42) == 42);
      CircuitBreaker byTime = breaker(SlidingWindowType.TIME_BASED, 60);
      measure(RESILIENCE4J, "breaker closed, by time", "window of 60 s", threads,
          (t, i) -> byTime.executeSupplier(() -> 42) == 42);
      Retry retry = Retry.ofDefaults("retry");
      measure(RESILIENCE4J, "retry, first attempt", "no budget", threads,
          (t, i) -> retry.executeSupplier(() -> 42) == 42);
      Bulkhead places = Bulkhead.ofDefaults("places");
      measure(RESILIENCE4J, "bulkhead, free", "executeSupplier", threads,
          (t, i) -> places.executeSupplier(() -> 42) == 42);
    }
    CircuitBreaker open = breaker(SlidingWindowType.COUNT_BASED, 100);
    open.transitionToForcedOpenState();
    measure(RESILIENCE4J, "breaker open", "executeSupplier", 1, (t, i) -> {
      try {
        return open.executeSupplier(() -> 42) == 0;
      } catch (CallNotPermittedException refused) {
        return true;
      }
    });
  }

  static void pipeline() throws InterruptedException {
    for (int threads = 1; threads <= 2; ++threads) {
      Supplier<Integer> call = () -> 42;
      call = Bulkhead.decorateSupplier(Bulkhead.ofDefaults("places"), call);
      call = RateLimiter.decorateSupplier(limiter(), call);
      call = CircuitBreaker.decorateSupplier(breaker(SlidingWindowType.TIME_BASED, 60), call);
      Supplier<Integer> whole = Retry.decorateSupplier(Retry.ofDefaults("retry"), call);
      measure(RESILIENCE4J, "pipeline", "retry, breaker, limiter, bulkhead", threads,
          (t, i) -> whole.get() == 42);
    }
  }

  public static void main(String[] arguments) throws InterruptedException {
    bucket4j();
    rules();
    pipeline();
  }
}
