// SPDX-License-Identifier: BSL-1.0
// Rate limiters, breakers and pipelines of Go, one JSON object a line; see ../README.md.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sort"
	"sync"
	"syscall"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/ratelimiter"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"github.com/sony/gobreaker/v2"
	"golang.org/x/time/rate"
)

const (
	calls       = 500_000
	repetitions = 5
	keys        = 1000
	perSecond   = 1_000_000_000
	burst       = 1 << 30
)

type figure struct {
	Peer    string  `json:"peer"`
	Version string  `json:"version"`
	What    string  `json:"what"`
	How     string  `json:"how"`
	Threads int     `json:"threads"`
	CPU     float64 `json:"ns_per_op"`
	Wall    float64 `json:"wall_ns_per_op"`
	Bytes   float64 `json:"bytes_per_op"`
}

// One library's module path and what it is called by.
type library struct{ module, name string }

var (
	xtime     = library{"golang.org/x/time", "Go x/time/rate"}
	breaker   = library{"github.com/sony/gobreaker/v2", "gobreaker"}
	failsafes = library{"github.com/failsafe-go/failsafe-go", "failsafe-go"}
)

func (l library) version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, module := range info.Deps {
		if module.Path == l.module {
			return module.Version
		}
	}
	return "unknown"
}

func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func median(values []float64) float64 {
	sort.Float64s(values)
	return values[len(values)/2]
}

// Runs the work, which says whether call number i of a thread went as it should, and prints it.
func (l library) measure(what, how string, threads int, work func(thread, i int) bool) {
	runtime.GOMAXPROCS(threads)
	var cpus, walls, bytes []float64
	for range repetitions {
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began, used := time.Now(), cpu()
		var all sync.WaitGroup
		for t := range threads {
			all.Go(func() {
				for i := range calls {
					if !work(t, i) {
						fmt.Fprintf(os.Stderr, "%s: %s: call %d went the other way\n", l.name, what, i)
						os.Exit(1)
					}
				}
			})
		}
		all.Wait()
		n := float64(calls * threads)
		cpus = append(cpus, float64(cpu()-used)/n)
		walls = append(walls, float64(time.Since(began))/n)
		runtime.ReadMemStats(&after)
		bytes = append(bytes, float64(after.TotalAlloc-before.TotalAlloc)/n)
	}
	err := json.NewEncoder(os.Stdout).Encode(
		figure{l.name, l.version(), what, how, threads, median(cpus), median(walls), median(bytes)})
	if err != nil {
		panic(err)
	}
}

func limiters() {
	now := time.Now()
	for threads := 1; threads <= 2; threads++ {
		limiter := rate.NewLimiter(perSecond, burst)
		xtime.measure("limiter", "Allow", threads, func(int, int) bool { return limiter.Allow() })
		given := rate.NewLimiter(perSecond, burst)
		xtime.measure("limiter, time given", "AllowN", threads, func(_, i int) bool {
			return given.AllowN(now.Add(time.Duration(2*i)), 1)
		})
		var byKey sync.Map
		names := make([]string, keys)
		for i := range names {
			names[i] = fmt.Sprintf("user-%d", i)
			byKey.Store(names[i], rate.NewLimiter(perSecond, burst))
		}
		xtime.measure("limiter, 1,000 keys", "AllowN, sync.Map", threads, func(t, i int) bool {
			found, _ := byKey.Load(names[(i+t*keys/2)%keys])
			return found.(*rate.Limiter).AllowN(now.Add(time.Duration(2*i)), 1)
		})
	}
	empty := rate.NewLimiter(rate.Every(time.Hour), 1)
	empty.AllowN(now, 1)
	xtime.measure("limiter, refused", "AllowN", 1, func(int, int) bool { return !empty.AllowN(now, 1) })
}

func answer() (int, error) { return 42, nil }

func breakers() {
	for threads := 1; threads <= 2; threads++ {
		closed := gobreaker.NewCircuitBreaker[int](gobreaker.Settings{})
		breaker.measure("breaker closed, by calls", "counts, no window", threads, func(int, int) bool {
			_, err := closed.Execute(answer)
			return err == nil
		})
		rolling := gobreaker.NewCircuitBreaker[int](
			gobreaker.Settings{Interval: 10 * time.Second, BucketPeriod: time.Second})
		breaker.measure("breaker closed, by time", "window of 10 s", threads, func(int, int) bool {
			_, err := rolling.Execute(answer)
			return err == nil
		})
	}
	open := gobreaker.NewCircuitBreaker[int](gobreaker.Settings{
		Timeout:     time.Hour,
		ReadyToTrip: func(gobreaker.Counts) bool { return true },
	})
	_, _ = open.Execute(func() (int, error) { return 0, errors.New("down") })
	breaker.measure("breaker open", "Execute", 1, func(int, int) bool {
		_, err := open.Execute(answer)
		return errors.Is(err, gobreaker.ErrOpenState)
	})
}

func pipelines() {
	retry := retrypolicy.NewWithDefaults[int]()
	closed := circuitbreaker.NewBuilder[int]().WithFailureRateThreshold(0.5, 100, time.Minute).Build()
	limiter := ratelimiter.NewBursty[int](perSecond, time.Second)
	places := bulkhead.New[int](100)
	for threads := 1; threads <= 2; threads++ {
		for _, c := range []struct {
			what, how string
			executor  failsafe.Executor[int]
		}{
			{"breaker closed, by time", "window of 60 s", failsafe.With(closed)},
			{"retry, first attempt", "no budget", failsafe.With(retry)},
			{"bulkhead, free", "Get", failsafe.With(places)},
			{"pipeline", "retry, breaker, limiter, bulkhead", failsafe.With[int](retry, closed, limiter, places)},
		} {
			failsafes.measure(c.what, c.how, threads, func(int, int) bool {
				_, err := c.executor.Get(answer)
				return err == nil
			})
		}
	}
}

func main() {
	limiters()
	breakers()
	pipelines()
}
