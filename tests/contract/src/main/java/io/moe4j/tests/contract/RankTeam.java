package io.moe4j.tests.contract;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.MemoryOverrunException;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.group.RankFailedException;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.group.ThreadRendezvous;
import io.moe4j.api.memory.MemoryStack;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream.Builder;
import org.jspecify.annotations.Nullable;

/** The ranks of a world as threads over one device, as the trainer runs them: each has a stream and planned memory of its own. */
final class RankTeam implements AutoCloseable {
    private static final Duration GRACE = Duration.ofSeconds(60);

    private final Rendezvous rendezvous;
    private final Duration limit;
    private final List<ExecutorService> threads;
    private final Map<Integer, Thread> started = new ConcurrentHashMap<>();
    private final List<RankContext> ranks = new ArrayList<>();
    private final List<Memory> memories = new ArrayList<>();
    private final List<StackGuards> guards = new ArrayList<>();
    private boolean left;

    private RankTeam(Device device, int size, long stackBytes) {
        Duration timeout = device.config().timeout();
        rendezvous = ThreadRendezvous.of(size, timeout);
        limit = timeout.plus(GRACE);
        threads = IntStream.range(0, size).mapToObj(rank -> Executors.newSingleThreadExecutor(work -> {
            Thread thread = Thread.ofPlatform().daemon().name("contract rank " + rank).unstarted(work);
            started.put(rank, thread);
            return thread;
        })).toList();
        List<Integer> all = IntStream.range(0, size).boxed().toList();
        for (int rank = 0; rank < size; rank++) {
            Memory memory = device.allocate(stackBytes, "temporaries");
            memories.add(memory);
            Stream stream = device.openStream("rank " + rank);
            StackGuards guard = new StackGuards(device, stream);
            guards.add(guard);
            ranks.add(new RankContext(new Group("world", all, rank), device, stream, new MemoryStack(memory, guard),
                    rendezvous));
        }
    }

    /** The work of a rank. */
    @FunctionalInterface
    interface Work<T> {
        T on(RankContext rank) throws Exception;
    }

    /**
     * How a rank's work ended.
     *
     * @param value the result, if it succeeded
     * @param error the error, if it failed
     */
    record Outcome<T>(Optional<T> value, Optional<Throwable> error) {}

    static RankTeam open(Device device, int size, long stackBytes) {
        return new RankTeam(device, size, stackBytes);
    }

    int size() {
        return ranks.size();
    }

    /** The stack memory that the rank with this number has in use. */
    StackGuards guards(int rank) {
        return guards.get(rank);
    }

    /**
     * Runs {@code work} on every rank's thread, to the end; fails with the first error that a rank made itself. It is an assertion error if a check has
     * failed, or memory was overrun, and another error if the plug-in failed by itself.
     */
    <T> List<T> run(Work<T> work) {
        List<Outcome<T>> outcomes = attempt(work);
        Optional<Throwable> first = errors(outcomes).filter(RankTeam::isAssertion)
                .findFirst()
                .or(() -> errors(outcomes).filter(error -> !(error instanceof RankFailedException)).findFirst())
                .or(() -> errors(outcomes).findFirst());
        if (first.isEmpty()) {
            attempt(rank -> {
                rank.stream().synchronize();
                return true;
            });
        }
        List<String> damages = guards.stream().flatMap(guard -> guard.damages().stream()).toList();
        if (!damages.isEmpty()) {
            throw new AssertionError(String.join("\n", damages), first.orElse(null));
        }
        if (first.isPresent()) {
            if (isAssertion(first.get())) {
                throw new AssertionError("a rank failed: " + first.get(), first.get());
            }
            throw new IllegalStateException("a rank failed: rank " + rankOf(first.get(), outcomes) + ": " + first.get(),
                    first.get());
        }
        return outcomes.stream().map(outcome -> outcome.value().orElseThrow()).toList();
    }

    private static <T> int rankOf(Throwable error, List<Outcome<T>> outcomes) {
        return IntStream.range(0, outcomes.size())
                .filter(rank -> outcomes.get(rank).error().filter(error::equals).isPresent()).findFirst().orElse(-1);
    }

    private static boolean isAssertion(Throwable error) {
        return java.util.stream.Stream.iterate(error, cause -> cause != null, Throwable::getCause)
                .anyMatch(cause -> cause instanceof AssertionError || cause instanceof MemoryOverrunException);
    }

    /** Runs {@code work} on every rank's thread, and says how each ended. One that throws reports it to the others, as the trainer does. */
    <T> List<Outcome<T>> attempt(Work<T> work) {
        List<Future<Outcome<T>>> running = new ArrayList<>();
        for (RankContext rank : ranks) {
            running.add(threads.get(rank.rank()).submit(() -> outcome(rank, work)));
        }
        List<Outcome<T>> outcomes = new ArrayList<>();
        for (int rank = 0; rank < ranks.size(); rank++) {
            outcomes.add(end(rank, running.get(rank)));
        }
        return outcomes;
    }

    private <T> Outcome<T> outcome(RankContext rank, Work<T> work) {
        try {
            return new Outcome<>(Optional.of(work.on(rank)), Optional.empty());
        } catch (Throwable error) {
            rendezvous.fail(new RankFailure(rank.rank(), "contract", String.valueOf(error)));
            return new Outcome<>(Optional.empty(), Optional.of(error));
        }
    }

    private <T> Outcome<T> end(int rank, Future<Outcome<T>> running) {
        try {
            return running.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            left = true;
            throw new AssertionError("rank " + rank + " still waits after " + limit.toSeconds()
                    + " s, though the device's time limit has passed: every wait must end by it. It is in "
                    + place(rank), e);
        } catch (ExecutionException | InterruptedException e) {
            throw new AssertionError("rank " + rank + " could not be waited for", e);
        }
    }

    /** The calls that a rank's thread is in, the innermost first, up to the one that the kit has made. */
    private String place(int rank) {
        Thread thread = started.get(rank);
        return thread == null ? "no call"
                : java.util.stream.Stream.of(thread.getStackTrace())
                        .takeWhile(call -> !call.getClassName().startsWith(RankTeam.class.getPackageName() + "."))
                        .map(StackTraceElement::toString).collect(Collectors.joining(", called by "));
    }

    static <T> java.util.stream.Stream<Throwable> errors(List<Outcome<T>> outcomes) {
        Builder<Throwable> errors = java.util.stream.Stream.builder();
        outcomes.forEach(outcome -> outcome.error().ifPresent(errors));
        return errors.build();
    }

    /**
     * Closes streams and memory. A stream whose rank failed may throw again here; that is no new error. Where a rank still waits, for ever perhaps, everything
     * is left as it is: it may use all of it.
     */
    @Override
    public void close() {
        if (left) {
            return;
        }
        @Nullable RuntimeException failure = null;
        for (RankContext rank : ranks.reversed()) {
            try {
                threads.get(rank.rank()).submit(rank.stream()::close).get();
            } catch (ExecutionException | InterruptedException e) {
                failure = new IllegalStateException("closing the stream of rank " + rank.rank(), e);
            }
        }
        guards.forEach(StackGuards::close);
        try {
            memories.reversed().forEach(Memory::close);
        } catch (MemoryOverrunException e) {
            throw new AssertionError(e.getMessage(), e);
        }
        threads.forEach(ExecutorService::shutdown);
        if (failure != null && rendezvous.failure().isEmpty()) {
            throw failure;
        }
    }
}
