package io.moe4j.app.supervise;

import io.moe4j.api.Shown;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** All processes of one start of a job, until the last one has ended. Closing it kills those that still run. */
final class Attempt implements AutoCloseable {
    private final RankOutput output;
    private final Patience patience;
    private final List<RankProcess> running = new ArrayList<>();
    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();

    /** The events that an attempt waits for. */
    private sealed interface Event {
        /** A process has ended. */
        record Ended(RankProcess process) implements Event {}

        /** All processes are asked to end. */
        record Stop() implements Event {}
    }

    private Attempt(RankOutput output, Patience patience) {
        this.output = output;
        this.patience = patience;
    }

    /** Starts all processes. If one cannot be started, those that were started are killed. */
    static Attempt start(List<Child> children, RankOutput output, Patience patience) {
        Attempt attempt = new Attempt(output, patience);
        try {
            for (Child child : children) {
                RankProcess process = RankProcess.start(child, output);
                synchronized (attempt.running) {
                    attempt.running.add(process);
                }
                process.onExit(() -> attempt.events.add(new Event.Ended(process)));
            }
            return attempt;
        } catch (RuntimeException | Error e) {
            attempt.close();
            throw e;
        }
    }

    /** Asks all processes to end. May be called by any thread. */
    void stop() {
        events.add(new Event.Stop());
    }

    /** Kills all processes. May be called by any thread. */
    void kill() {
        running().forEach(RankProcess::kill);
    }

    /** Waits until all processes have ended. When one fails, the others have a few seconds to end by themselves. */
    AttemptEnd await() throws InterruptedException {
        List<ProcessEnd> ends = new ArrayList<>();
        Optional<Limit> limit = Optional.empty();
        while (!running().isEmpty()) {
            Event event = next(limit);
            if (event instanceof Event.Ended(RankProcess process)) {
                remove(process);
                ProcessEnd end = process.end();
                ends.add(end);
                if (end.isFailure() && limit.isEmpty()) {
                    limit = Optional.of(Limit.after(patience.failed(), Shown.ranks(end.ranks()) + " had failed"));
                }
            } else if (event instanceof Event.Stop) {
                running().forEach(RankProcess::stop);
                limit = limit.or(() -> Optional.of(Limit.after(patience.asked(), "being asked to")));
            } else {
                tellKilled(limit.orElseThrow());
                kill();
                limit = limit.map(Limit::passed);
            }
        }
        return new AttemptEnd(ends);
    }

    private void tellKilled(Limit limit) {
        List<Integer> ranks = running().stream().flatMap(each -> each.ranks().stream()).toList();
        output.tell(Shown.ranks(ranks) + (ranks.size() == 1 ? " has" : " have") + " not ended within "
                + limit.time.toSeconds() + " s after " + limit.since + ", and " + (ranks.size() == 1 ? "is" : "are")
                + " killed");
    }

    private @Nullable Event next(Optional<Limit> limit) throws InterruptedException {
        if (limit.isEmpty() || limit.get().isPassed) {
            return events.take();
        }
        return events.poll(Math.max(0, limit.get().deadlineNanos - System.nanoTime()), TimeUnit.NANOSECONDS);
    }

    /**
     * A limit of time for processes that should end.
     *
     * @param time how long they have
     * @param since what happened when that time began, for messages
     * @param deadlineNanos the end of that time, in {@link System#nanoTime()}
     * @param isPassed whether the time is over, and the processes were killed
     */
    private record Limit(Duration time, String since, long deadlineNanos, boolean isPassed) {

        static Limit after(Duration time, String since) {
            return new Limit(time, since, System.nanoTime() + time.toNanos(), false);
        }

        Limit passed() {
            return new Limit(time, since, deadlineNanos, true);
        }
    }

    private List<RankProcess> running() {
        synchronized (running) {
            return List.copyOf(running);
        }
    }

    private void remove(RankProcess process) {
        synchronized (running) {
            running.remove(process);
        }
    }

    @Override
    public void close() {
        kill();
    }
}
